"""Dropout on the last hidden layer of a LeNet-5: masks, the rescaling, and what the average over masks comes to."""

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor, nn

from lib import plots
from lib.batches import to_input
from lib.data import Dataset
from lib.widgets.widget import Widget, source

SCALES = {"training": "1 / (1 − p) in training, as PyTorch", "none": "not at all"}


class Dropout(Widget):
    """The 84 units of a LeNet-5's last hidden layer for one image (1 x 28 x 28 bytes), dropped at random."""

    _esm = source("kit.js", "dropout.js")
    room = (530, 890)
    key = traitlets.Unicode("drop").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["p", "masks", "scale", "seed"]).tag(sync=True)
    units = traitlets.List(traitlets.Float()).tag(sync=True)
    weights = traitlets.List().tag(sync=True)  # classes x units
    bias = traitlets.List(traitlets.Float()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    p = traitlets.Float(0.5, min=0, max=0.9).tag(sync=True)
    masks = traitlets.Int(1, min=1, max=1000).tag(sync=True)
    scale = traitlets.Enum(list(SCALES), "training").tag(sync=True)
    seed = traitlets.Int(1, min=1, max=999).tag(sync=True)
    scales = traitlets.Dict(SCALES).tag(sync=True)

    def __init__(self, model: nn.Sequential, data: Dataset, image: Tensor, **options):
        with torch.inference_mode():
            units = model[:-1].eval()(to_input(image[None].cpu(), data.mean, data.std))[0]
        last = model[-1]
        packed = {name: _rounded(values) for name, values in (("units", units), ("weights", last.weight), ("bias", last.bias))}
        super().__init__(**packed, classes=[str(name) for name in data.classes], **options)

    def scores(self) -> Tensor:
        """Return the logits in use, with all units speaking."""
        return torch.tensor(self.weights) @ torch.tensor(self.units) + torch.tensor(self.bias)

    def description(self) -> str:
        best = self.classes[int(self.scores().argmax())]
        what = f"The {len(self.units)} hidden units of a LeNet-5 for one image as a grid, and its scores"
        return f"{what}; the largest is that of {best}."

    def picture(self) -> Figure:
        figure, axes = plots.blank(1, 2, (6.6, 2.6))
        reach = max(map(abs, self.units))
        axes[0].imshow(torch.tensor(self.units).reshape(7, -1), cmap="RdBu_r", vmin=-reach, vmax=reach)
        axes[0].set(title=f"{len(self.units)} units in use", xticks=[], yticks=[])
        axes[1].barh(self.classes, self.scores(), color=plots.COLORS["lenet"])
        axes[1].set(title="scores in use")
        axes[1].invert_yaxis()
        return figure


def _rounded(values: Tensor) -> list:
    return (values.detach().cpu().double() * 1e4).round().div(1e4).tolist()
