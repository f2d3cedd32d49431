"""A trained LeNet-5 inside the page: what it sees in a digit, map by map and unit by unit."""

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from lib import plots
from lib.batches import to_input
from lib.data import Dataset, Split
from lib.models import LeNet5
from lib.widgets.widget import Widget, image_bytes, images_of, source


def pack_weights(model: nn.Module) -> bytes:
    """Return the 61,706 weights of a `LeNet5` as numbers of 16 bits, in the order of its state.

    Raises ValueError for another network: the module in the page knows tanh, averages, one channel and ten classes.
    """
    kinds, usual = [type(layer) for layer in model], [type(layer) for layer in LeNet5()]
    weights = torch.cat([each.detach().flatten().cpu() for each in model.state_dict().values()])
    if kinds != usual or len(weights) != 61_706:
        raise ValueError(f"the page runs LeNet5() with tanh and averages, 61,706 parameters; this one has {len(weights):,}")
    return weights.half().numpy().tobytes()


def unpacked(weights: bytes) -> LeNet5:
    """Return the network that `pack_weights` made `weights` of, with its weights as rounded."""
    numbers = torch.from_numpy(np.frombuffer(weights, np.float16).astype(np.float32))
    model = LeNet5()
    nn.utils.vector_to_parameters(numbers, model.parameters())
    return model.eval()


class LeNetReader(Widget):
    """`model` reads the digits of `split`, and whatever the reader draws; `unit` ("C3.5.4.4") is opened."""

    _esm = source("kit.js", "lenet_forward.js", "drawing.js", "lenet.js")
    room = (890, 1510)
    key = traitlets.Unicode("lenet").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["image", "drawing", "unit"]).tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    images = traitlets.Bytes().tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    mean = traitlets.Float().tag(sync=True)
    std = traitlets.Float().tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    drawing = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode("C3.0.4.4").tag(sync=True)

    def __init__(self, model: nn.Module, data: Dataset, split: Split, **options):
        packed = {"weights": pack_weights(model), "images": image_bytes(split.images), "labels": split.labels.tolist()}
        super().__init__(**packed, mean=data.mean, std=data.std, **options)

    def _values(self) -> list[torch.Tensor]:
        """Return the chosen image and what each layer of the network makes of it."""
        shown = images_of(self.images)[self.image, None, None]
        values = [to_input(shown, self.mean, self.std)]
        with torch.inference_mode():
            for layer in unpacked(self.weights):
                values.append(layer(values[-1]))
        return values

    def description(self) -> str:
        chances = self._values()[-1].softmax(1)[0]
        return (
            f"A handwritten {self.labels[self.image]}, the six maps of C1 and the sixteen of C3 that the network makes of it, "
            f"and its answer: {chances.argmax()} with {100 * chances.max():.1f} percent."
        )

    def picture(self) -> Figure:
        values = self._values()
        figure, axes = plots.blank(3, 8, (6.6, 2.7))
        maps = [(values[0][0, 0], "gray_r"), *((map, "RdBu_r") for map in (*values[2][0], *values[5][0]))]
        for axis in axes.flat:
            axis.axis("off")
        for axis, (map, colors) in zip([axes[0, 0], *axes[0, 1:7], *axes[1:].flat], maps, strict=True):
            axis.imshow(map, cmap=colors, **({} if colors == "gray_r" else {"vmin": -1, "vmax": 1}))
        return figure
