"""One kernel slid over one image by hand: what chapter 1 computes with `convolve`, window by window."""

from collections.abc import Mapping

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from lib import plots
from lib.widgets.widget import Widget, source

# Sobel's operator, Prewitt's over five rows, the mean and a weighted mean of neighbors, and what leaves an image as it is.
KERNELS = {
    "Sobel, horizontal edges": (1.0, 2, 1, 0, 0, 0, -1, -2, -1),
    "Sobel, vertical edges": (1.0, 0, -1, 2, 0, -2, 1, 0, -1),
    "blur": (0.1,) * 4 + (0.2,) + (0.1,) * 4,
    "corners (Laplace)": (0.0, -1, 0, -1, 4, -1, 0, -1, 0),
    "nothing changed": (0.0,) * 4 + (1.0,) + (0.0,) * 4,
    "horizontal edges, 5 × 5": tuple(weight / 10 for weight in (1, 1, 0, -1, -1) for _ in range(5)),
}


class Convolution(Widget):
    """A kernel of 3 x 3 or 5 x 5 over one of a few square images, named by the keys of `images`: bytes of ink, 0 is white.

    `learned` are further kernels to choose from, by name.
    """

    _esm = source("kit.js", "convolution.js")
    room = (350, 600)
    key = traitlets.Unicode("conv").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["image", "kernel", "row", "column"]).tag(sync=True)
    images = traitlets.Bytes().tag(sync=True)
    sides = traitlets.List(traitlets.Int()).tag(sync=True)  # pixels
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    kernels = traitlets.Dict().tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    kernel = traitlets.List(traitlets.Float()).tag(sync=True)
    row = traitlets.Int(12).tag(sync=True)
    column = traitlets.Int(10).tag(sync=True)

    def __init__(self, images: Mapping[str, Tensor], learned: Mapping[str, Tensor] | None = None, **options):
        squares = [_square(name, image) for name, image in images.items()]
        data = {"images": b"".join(each.numpy().tobytes() for each in squares), "sides": list(map(len, squares))}
        more = {name: [round(weight, 3) for weight in kernel.flatten().tolist()] for name, kernel in (learned or {}).items()}
        kernels = {name: list(kernel) for name, kernel in KERNELS.items()} | more
        start = {"kernel": kernels["Sobel, horizontal edges"], **options}
        super().__init__(**data, names=list(images), kernels=kernels, **start)

    def shown(self) -> Tensor:
        """Return the chosen image, its pixels from 0 (white) to 1."""
        pixels = torch.frombuffer(bytearray(self.images), dtype=torch.uint8).split([side**2 for side in self.sides])
        return pixels[self.image].reshape(self.sides[self.image], -1) / 255

    def answers(self) -> Tensor:
        """Return what the kernel answers at every place of the chosen image."""
        size = round(len(self.kernel) ** 0.5)
        return F.conv2d(self.shown()[None, None], torch.tensor(self.kernel).reshape(1, 1, size, size))[0, 0]

    def description(self) -> str:
        return (
            f"An image, {self.names[self.image]}, beside the answers of a kernel of {len(self.kernel)} weights at every place: "
            "red where they are positive, blue where negative."
        )

    def picture(self) -> Figure:
        answers = self.answers()
        reach, most = answers.abs().max(), max(map(abs, self.kernel))
        size = round(len(self.kernel) ** 0.5)
        figure, axes = plots.blank(1, 3, (6.6, 2.3))
        axes[0].imshow(self.shown(), cmap="gray_r", vmin=0, vmax=1)
        axes[1].imshow(np.array(self.kernel).reshape(size, size), cmap="RdBu_r", vmin=-most, vmax=most)
        axes[2].imshow(answers, cmap="RdBu_r", vmin=-reach, vmax=reach)
        for axis, title in zip(axes, (self.names[self.image], "kernel", "answers"), strict=True):
            axis.set(title=title, xticks=[], yticks=[])
        return figure


def _square(name: str, image: Tensor) -> Tensor:
    """Return `image` (side x side, with or without a channel) as bytes."""
    plain = image.cpu().squeeze()
    if plain.ndim != 2 or len(set(plain.shape)) > 1 or plain.dtype != torch.uint8:
        raise ValueError(f"{name} is {tuple(image.shape)} of {image.dtype}: give a square of bytes, side x side")
    return plain.contiguous()
