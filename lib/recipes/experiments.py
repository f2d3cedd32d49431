"""Experiments on one ingredient at a time: the plateau, ReLU against tanh, dropout, augmentation."""

from dataclasses import replace
from functools import partial

from torch import nn

from lib.configs import Config
from lib.models import BetweenNet, LeNet5
from lib.recipes.recipe import Recipe

_PLAIN = Config(epochs=5, batch_size=32, schedule="constant", momentum=0, nesterov=False, weight_decay=0)

# The plateau: for each unit PyTorch's own start, and one whose spread keeps a signal's size near zero, where the slopes of
# the units are 1/4, 1 and (on average, squared) 1/2.
UNITS = {"sigmoid": (nn.Sigmoid, 16), "tanh": (nn.Tanh, 1), "relu": (nn.ReLU, 2)}
RATES = {"sigmoid": (0.05, 0.5), "tanh": (0.05, 0.5), "relu": (0.05, 0.1)}  # at 0.5 the loss of ReLU ran away
PLATEAU = {
    f"plateau-{unit}-{start}-{lr:g}": Recipe(
        network=partial(LeNet5, activation=activation),
        dataset="fashion-mnist",
        config=replace(_PLAIN, lr=lr),
        seeds=20,
        gain=gain if start == "scaled" else None,
        images=5_000,
    )
    for unit, (activation, gain) in UNITS.items()
    for start in ("default", "scaled")
    for lr in RATES[unit]
}

# Figure 1 of Krizhevsky et al. 2012, at the size of a laptop; the rates did best (scripts/choose_rates.py).
RELU_TANH = {
    f"figure1-{unit}": Recipe(
        network=partial(BetweenNet, activation=UNITS[unit][0], pooling=nn.MaxPool2d),
        dataset="fashion-mnist",
        config=replace(_PLAIN, epochs=30, lr=lr),
        seeds=5,
        gain=UNITS[unit][1],
        images=2_000,
    )
    for unit, lr in {"tanh": 0.4, "relu": 0.05}.items()
}

ALEXNET_28 = partial(BetweenNet, activation=nn.ReLU, pooling=nn.MaxPool2d, overlapping=True, deep=True)
_FAST = Config(batch_size=64, bf16=True, channels_last=True)
DROPOUT = {
    f"dropout-{images}-{'on' if rate else 'off'}": Recipe(
        network=partial(ALEXNET_28, width=3, dropout=rate),
        dataset="fashion-mnist",
        config=replace(_FAST, epochs=epochs, lr=lr),
        seeds=5 if images < 10_000 else 3,
        gain=2,
        images=images,
    )
    for images, epochs, lr in ((1_000, 30, 0.02), (20_000, 8, 0.05))  # from 1,000 pictures 0.05 ran away with dropout
    for rate in (0.0, 0.5)
}

CHANGES = {"none": {}, "flip": {"flip": True}, "shift": {"shift": 1}, "both": {"flip": True, "shift": 1}}
AUGMENTATION = {
    f"augment-{dataset}-{images}-{change}": Recipe(
        network=partial(LeNet5, activation=nn.ReLU, pooling=nn.MaxPool2d),
        dataset=dataset,
        config=Config(epochs=epochs, batch_size=64, **options),
        seeds=5 if images < 10_000 else 3,
        gain=2,
        images=images,
    )
    for dataset, images, epochs in (("fashion-mnist", 2_000, 40), ("fashion-mnist", 55_000, 4), ("mnist", 2_000, 40))
    for change, options in CHANGES.items()
}
EXPERIMENTS = PLATEAU | RELU_TANH | DROPOUT | AUGMENTATION
