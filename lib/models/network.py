"""The base of every network here: a table of layers that can be cut into parts, and knows which images it takes."""

import math

import torch
from torch import Tensor, nn


class Network(nn.Sequential):
    """Layers in order. `network[:3]` is the part up to the third layer, sharing its weights.

    Calling it raises ValueError for images of a shape that it does not take.
    """

    input_shape: tuple[int, int, int]  # channels, height, width of the images it is meant for
    sides = range(28, 32)  # heights and widths that come out in the right shape

    def __getitem__(self, at):
        layers = list(self)[at]
        return nn.Sequential(*layers) if isinstance(at, slice) else layers

    def forward(self, images: Tensor) -> Tensor:
        channels, *sides = images.shape[1:] if images.ndim == 4 else (0, 0)
        if channels != self.input_shape[0] or not all(side in self.sides for side in sides):
            takes = f"N x {self.input_shape[0]} x side x side with a side of {self.sides[0]} to {self.sides[-1]} pixels"
            raise ValueError(f"{type(self).__name__} takes images of {takes}, not {' x '.join(map(str, images.shape))}")
        return super().forward(images)


def check_classes(classes: int) -> int:
    """Return `classes`. Raises ValueError for fewer than two."""
    if classes < 2:
        raise ValueError(f"classes is {classes}: a classifier needs 2 or more")
    return classes


def initialize_by_fan_in(network: nn.Module) -> None:
    """Draw every kernel and dense weight uniformly within 2.4 / (number of inputs of a unit), biases 0 (1998, appendix A)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.uniform_(module.weight, -2.4 / module.weight[0].numel(), 2.4 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif hasattr(module, "pairs"):  # the kernels of a partial convolution, whose units differ in their number of inputs
            for output, maps in enumerate(module.table):
                limit = 2.4 / (len(maps) * math.prod(module.weight.shape[1:]))
                with torch.no_grad():
                    module.weight[module.pairs[:, 0] == output] = torch.empty(len(maps), *module.weight.shape[1:]).uniform_(
                        -limit, limit
                    )


def initialize_by_variance(network: nn.Module, gain: float = 2) -> nn.Module:
    """Draw the weights of a layer of n inputs with spread sqrt(gain / n), those of the last with sqrt(1 / n), biases 0.

    A gain of 2 keeps a signal's size through layers that end in ReLU (He et al. 2015, section 2.2). Returns `network`.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        inputs = layer.weight[0].numel()
        nn.init.normal_(layer.weight, std=math.sqrt((1 if layer is layers[-1] else gain) / inputs))
        nn.init.zeros_(layer.bias)
    return network
