"""The base of every network here: a table of layers that can be cut into parts."""

from torch import nn


class Network(nn.Sequential):
    """Layers in order. `network[:3]` is the part up to the third layer, sharing its weights."""

    def __getitem__(self, at):
        layers = list(self)[at]
        return nn.Sequential(*layers) if isinstance(at, slice) else layers
