"""The small library behind *From LeNet to AlexNet*: networks, data, training, pictures.

The chapters import from its modules one at a time; importing the package itself does nothing.
"""
