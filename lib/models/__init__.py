"""The networks of the book, each a table of layers with the shape after every line."""

from lib.models.alexnet import AlexNet
from lib.models.lenet import LeNet5

__all__ = ["AlexNet", "LeNet5"]
