"""A stack of random layers before any training: which units and weights let a signal through."""

import math

import torch
import traitlets
from matplotlib.figure import Figure

from lib import plots
from lib.widgets.widget import Widget, source

UNITS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "ReLU": torch.relu}


def signals(
    unit: str, gain: float, inputs: torch.Tensor, goal: torch.Tensor, weights: list[torch.Tensor]
) -> tuple[list[float], ...]:
    """Return by layer how much a unit's value differs from input to input, and the spread of the gradient.

    `weights` are drawn with spread 1 / sqrt(inputs of a unit); `goal` is the gradient that arrives at the top.
    """
    values = [inputs.requires_grad_()]
    for each in weights:
        values.append(UNITS[unit](gain * (values[-1] @ each)))
    gradients = torch.autograd.grad((values[-1] * goal).sum(), values)
    return [value.std(0).mean().item() for value in values], [gradient.std().item() for gradient in gradients]


class SaturationLab(Widget):
    """Signal and gradient by layer for a kind of unit, a gain of the weights, a depth; computed in the page."""

    _esm = source("kit.js", "saturation.js")
    room = (515, 830)
    key = traitlets.Unicode("lab").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["unit", "gain", "depth", "seed"]).tag(sync=True)
    unit = traitlets.Enum(list(UNITS), "sigmoid").tag(sync=True)
    gain = traitlets.Float(0.6, min=0.1, max=5).tag(sync=True)
    depth = traitlets.Int(8, min=2, max=20).tag(sync=True)
    seed = traitlets.Int(1, min=1, max=999).tag(sync=True)

    def description(self) -> str:
        return (
            f"Two lines by layer, 0 to {self.depth}, on logarithmic axes, for {self.unit} units and weights of gain "
            f"{self.gain:g}: how much values differ from input to input, and the gradient that comes down from the top."
        )

    def picture(self) -> Figure:
        draw = torch.Generator().manual_seed(self.seed)
        inputs, goal = torch.randn(2, 64, 64, generator=draw)
        weights = [torch.randn(64, 64, generator=draw) / math.sqrt(64) for _ in range(self.depth)]
        figure, axes = plots.blank(1, 2, (6.6, 2.4))
        titles = ("differences between inputs", "gradient")
        for axis, values, title in zip(axes, signals(self.unit, self.gain, inputs, goal, weights), titles, strict=True):
            axis.plot(values, marker="o", markersize=4, color=plots.COLORS["lenet" if title == titles[0] else "alexnet"])
            axis.set(yscale="log", title=title, xlabel="layer")
        return figure
