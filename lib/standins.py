"""What the book runs on where the real data cannot be had: small, honest, and labeled everywhere.

For MNIST the real 8x8 digits that scikit-learn ships, enlarged; for Fashion-MNIST ten silhouettes drawn by code.
"""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.path import Path as Outline
from torch.nn import functional as F

# The right half of each silhouette, (x, y) from the axis outwards with y downwards; (level, outline) later covers earlier.
SLEEVES_SHORT = [(0, 3), (4, 3), (12, 8), (10, 12), (7, 10), (7, 25), (0, 25)]
SLEEVES_LONG = [(0, 3), (4, 3), (9, 6), (12, 23), (9, 24), (7, 11), (7, 25), (0, 25)]
SYMMETRIC = {
    0: [(0.8, SLEEVES_SHORT)],
    1: [(0.8, [(0, 2), (5, 2), (7, 26), (2, 26), (0, 8)])],
    2: [(0.8, SLEEVES_LONG)],
    3: [(0.8, [(0, 2), (3, 2), (3, 10), (8, 26), (0, 26)])],
    4: [
        (0.9, [(0, 2), (5, 2), (10, 6), (13, 25), (10, 25), (8, 12), (9, 27), (0, 27)]),
        (0.2, [(0, 2), (1.5, 2), (1, 27), (0, 27)]),
    ],
    6: [(0.6, SLEEVES_LONG), (0.1, [(0, 3), (3, 3), (0, 9)]), (1.0, [(0, 10), (1, 10), (1, 24), (0, 24)])],
    8: [(0.8, [(0, 12), (11, 12), (12, 25), (0, 25)]), (0.8, [(0, 4), (6, 6), (8, 12), (6, 12), (5, 8), (0, 6)])],
}
# The shoes, whole, toe to the left, (x, y) from 0 to 28.
SHOES = {
    5: [
        (0.8, [(2, 21), (26, 15), (26, 23), (2, 24)]),
        (0.8, [(7, 20), (12, 11), (14, 11), (10, 20)]),
        (0.8, [(20, 17), (24, 7), (26, 7), (23, 17)]),
    ],
    7: [
        (0.8, [(1, 18), (10, 15), (15, 10), (26, 11), (27, 21), (1, 21)]),
        (0.3, [(1, 20), (27, 20), (27, 22), (1, 22)]),
    ],
    9: [(0.8, [(1, 18), (10, 15), (13, 3), (25, 3), (26, 24), (1, 24)])],
}
COUNTS = (12_000, 2_000)  # training and test images of the drawn stand-in


class StandIn(NamedTuple):
    """Four arrays (train images, train labels, test images, test labels) and what they are, in words."""

    arrays: tuple[np.ndarray, ...]
    note: str


def make(name: str) -> StandIn:
    """Return the stand-in for the dataset `name`: bytes in the layout of the real files, always the same."""
    if name == "mnist":
        return StandIn(_enlarged_digits(), "a stand-in: the 1,797 real 8x8 digits that scikit-learn ships, enlarged")
    train, test = (_silhouettes(count, seed) for seed, count in enumerate(COUNTS))
    return StandIn((*train, *test), "a stand-in: ten silhouettes drawn by code")


def _enlarged_digits() -> tuple[np.ndarray, ...]:
    """Return scikit-learn's digits, enlarged to the 20 x 20 box of MNIST inside 28 x 28; every sixth is for testing."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = torch.from_numpy(digits.images).float()[:, None] * (255 / 16)
    large = F.pad(F.interpolate(small, size=20, mode="bilinear"), (4, 4, 4, 4))[:, 0].byte().numpy()
    labels, testing = digits.target.astype(np.uint8), np.arange(len(large)) % 6 == 0
    return large[~testing], labels[~testing], large[testing], labels[testing]


def _silhouettes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` silhouettes (count x 28 x 28) and labels, balanced: each moved, scaled, tilted, dimmed, with noise."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    labels = torch.arange(count) % 10
    labels = labels[torch.randperm(count, generator=generator)]
    templates = torch.from_numpy(np.stack([_template(kind) for kind in range(10)])).float()
    across, down, tilt, shear = draw(0.9, 1.4, count), draw(0.9, 1.3, count), draw(-0.15, 0.15, count), draw(-0.15, 0.15, count)
    maps = torch.stack(
        [torch.stack([across, tilt, draw(-0.2, 0.2, count)], 1), torch.stack([shear, down, draw(-0.2, 0.2, count)], 1)], 1
    )
    grid = F.affine_grid(maps, [count, 1, 28, 28], align_corners=False)
    images = F.grid_sample(templates[labels][:, None], grid, align_corners=False)
    images = images * draw(0.4, 1.0, count, 1, 1, 1) * draw(0.7, 1.0, count, 1, 28, 28)
    return (images[:, 0] * 255).byte().numpy(), labels.to(torch.uint8).numpy()


def _template(kind: int, scale: int = 4) -> np.ndarray:
    """Return the silhouette of class `kind`, 28 * scale pixels square, levels from 0 to 1."""
    at = (np.arange(28 * scale) + 0.5) / scale
    x, y = np.meshgrid(at, at)
    points = np.stack([np.abs(x - 14) if kind in SYMMETRIC else x, y], -1).reshape(-1, 2)
    image = np.zeros(x.size)
    for level, outline in (SYMMETRIC | SHOES)[kind]:
        image[Outline([*outline, outline[0]]).contains_points(points)] = level
    return image.reshape(x.shape)
