"""A gray square over an image: how the answer of a trained LeNet-5 hangs on each part of what it sees.

The method is that of Zeiler and Fergus, "Visualizing and understanding convolutional networks", arXiv:1311.2901.
"""

from collections.abc import Mapping, Sequence

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor, nn

from lib import plots
from lib.batches import to_input
from lib.data import Dataset
from lib.widgets.lenet import pack_weights, unpacked
from lib.widgets.widget import Widget, image_bytes, images_of, source

GRAY, STEP = 128, 2  # the byte of the square; pixels between the places of the map


class OcclusionProbe(Widget):
    """`model` looks at one of a few images (named by the keys) behind a square of `size` pixels."""

    _esm = source("kit.js", "lenet_forward.js", "occlusion.js")
    room = (415, 630)
    key = traitlets.Unicode("probe").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["image", "row", "column", "size", "map"]).tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    images = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    mean = traitlets.Float().tag(sync=True)
    std = traitlets.Float().tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    row = traitlets.Int(10).tag(sync=True)
    column = traitlets.Int(10).tag(sync=True)
    size = traitlets.Int(7, min=3, max=14).tag(sync=True)
    map = traitlets.Bool(False).tag(sync=True)

    def __init__(self, model: nn.Module, data: Dataset, images: Mapping[str, Tensor], **options):
        packed = {"weights": pack_weights(model), "images": image_bytes(images.values()), "names": list(images)}
        super().__init__(**packed, classes=[str(name) for name in data.classes], mean=data.mean, std=data.std, **options)

    def probabilities(self, places: Sequence[tuple[int, int] | None]) -> Tensor:
        """Return the probabilities (places x classes) for the image with the square at each corner; None is no square."""
        shown = images_of(self.images)[self.image, None]
        copies = shown.repeat(len(places), 1, 1, 1)
        for copy, place in zip(copies, places, strict=True):
            if place:
                copy[0, place[0] : place[0] + self.size, place[1] : place[1] + self.size] = GRAY
        with torch.inference_mode():
            return unpacked(self.weights)(to_input(copies, self.mean, self.std)).softmax(1)

    def description(self) -> str:
        free = self.probabilities([None])[0]
        return (
            f"An image, {self.names[self.image]}, beside a map of where a gray square of {self.size} by {self.size} pixels "
            f"lowers the probability of the answer {self.classes[free.argmax()]}: dark where it hides what the network needs."
        )

    def picture(self) -> Figure:
        corners = range(0, 28 - self.size + 1, STEP)
        best = self.probabilities([None])[0].argmax()
        map = self.probabilities([(row, column) for row in corners for column in corners])[:, best].reshape(len(corners), -1)
        figure, axes = plots.blank(1, 2, (5, 2.5))
        axes[0].imshow(images_of(self.images)[self.image], cmap="gray_r")
        axes[1].imshow(1 - map, cmap="gray_r", vmin=0, vmax=1)
        for axis, title in zip(axes, (self.names[self.image], f"loss of “{self.classes[best]}”"), strict=True):
            axis.set(title=title, xticks=[], yticks=[])
        return figure
