"""What happens to a batch on its way into a network, all of it on the device where the images lie.

Nothing here loops over images, opens a file or waits for the processor: a batch is a slice of bytes,
moved, mirrored and enlarged as one tensor (compare the loaders that resize one picture at a time).
"""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from lib.data import Split


def batches(split: Split, size: int, generator: Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (images, labels) of `size` examples, in an order drawn from `generator`; without one as stored.

    Every example comes once; the last batch holds what is left.
    """
    count = len(split)
    order = torch.randperm(count, generator=generator).to(split.labels.device) if generator else None
    for start in range(0, count, size):
        chosen = slice(start, start + size) if order is None else order[start : start + size]
        yield split.images[chosen], split.labels[chosen]


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Return `images` (N x C x H x W) with about half of them mirrored left to right."""
    chosen = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(chosen.to(images.device)[:, None, None, None], images.flip(-1), images)


def crop(images: Tensor, size: int, generator: Generator) -> Tensor:
    """Return a window of `size` x `size` pixels out of each image, each at its own random place."""
    count, channels, height, width = images.shape
    if size > min(height, width):
        raise ValueError(f"cannot cut {size} x {size} pixels out of images of {height} x {width}: ask for a smaller size")
    top = torch.randint(height - size + 1, (count, 1), generator=generator)
    left = torch.randint(width - size + 1, (count, 1), generator=generator)
    rows = (top + torch.arange(size)).to(images.device)[:, None, :, None]  # N x 1 x size x 1
    columns = (left + torch.arange(size)).to(images.device)[:, None, None, :]  # N x 1 x 1 x size
    each = torch.arange(count, device=images.device)[:, None, None, None]
    return images[each, torch.arange(channels, device=images.device)[None, :, None, None], rows, columns]


def shift(images: Tensor, pixels: int, generator: Generator) -> Tensor:
    """Return `images`, each moved by its own offset of at most `pixels` along both axes; zeros move in."""
    return crop(F.pad(images, (pixels,) * 4), images.shape[-1], generator)


def upsample(images: Tensor, size: int) -> Tensor:
    """Return floating-point `images` enlarged to `size` x `size` pixels, bilinearly."""
    return F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)


def to_input(images: Tensor, mean: float, std: float, size: int = 28) -> Tensor:
    """Return bytes (N x 1 x 28 x 28) as the network's input: zero mean, unit spread, `size` pixels square."""
    inputs = (images.float() / 255 - mean) / std
    return inputs if size == images.shape[-1] else upsample(inputs, size)
