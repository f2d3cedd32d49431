"""What AlexNet's two augmentations do to a photograph: a window and a mirror, and a shift of the light."""

from collections.abc import Sequence

import numpy as np
import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib import plots
from lib.widgets.widget import Widget, source

SIDE, WINDOW = 128, 112  # pixels: the paper's 256 and 224, halved (Krizhevsky et al. 2012, section 4.1)
READINGS = {
    "code": "standard deviations, as the released code",
    "text": "eigenvalues, pixels from 0 to 255",
    "ports": "eigenvalues, pixels from 0 to 1",
}


def principal_colors(photograph: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues (3, largest first) of the covariance of the colors of a photograph (H x W x 3, bytes), in
    squared gray levels, and the directions of color (3 x 3, a row each).
    """
    values, directions = np.linalg.eigh(np.cov(photograph.reshape(-1, 3).T.astype(float)))
    return values[::-1], directions.T[::-1]


def light(alphas: Sequence[float], reading: str, values: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the shift of red, green and blue, in gray levels, for the draws `alphas` (spread 0.1 in the paper)."""
    scales = {"code": np.sqrt(values), "text": values, "ports": values / 255}[reading]
    return (np.asarray(alphas) * scales) @ directions


def augmented(photograph: np.ndarray, row: int, column: int, mirror: bool, alphas: Sequence[float], reading: str) -> np.ndarray:
    """Return the window at `row`, `column` of the photograph as the network sees it: mirrored, its light shifted."""
    window = photograph[row : row + WINDOW, column : column + WINDOW].astype(float)
    shifted = window + light(alphas, reading, *principal_colors(photograph))
    return np.clip(np.round(shifted[:, ::-1] if mirror else shifted), 0, 255).astype(np.uint8)


class Augmentation(Widget):
    """A photograph (128 x 128 x 3 bytes) and what training shows of it; the window, the mirror and the light are chosen."""

    _esm = source("kit.js", "augmentation.js")
    room = (575, 1090)
    key = traitlets.Unicode("variants").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["row", "column", "mirror", "alphas", "reading"]).tag(sync=True)
    photograph = traitlets.Bytes().tag(sync=True)
    values = traitlets.List(traitlets.Float()).tag(sync=True)
    directions = traitlets.List().tag(sync=True)
    readings = traitlets.Dict(READINGS).tag(sync=True)
    row = traitlets.Int(4).tag(sync=True)
    column = traitlets.Int(10).tag(sync=True)
    mirror = traitlets.Bool(True).tag(sync=True)
    alphas = traitlets.List(traitlets.Float(), [0.12, -0.08, 0.1]).tag(sync=True)
    reading = traitlets.Enum(list(READINGS), "code").tag(sync=True)

    def __init__(self, photograph: np.ndarray, **options):
        if photograph.shape != (SIDE, SIDE, 3):
            raise ValueError(f"the photograph has the shape {photograph.shape}: cut and shrink it to {SIDE} x {SIDE} x 3")
        values, directions = principal_colors(photograph)
        data = {
            "photograph": photograph.astype(np.uint8).tobytes(),
            "values": values.tolist(),
            "directions": directions.tolist(),
        }
        super().__init__(**data, **options)

    def description(self) -> str:
        mirror = "mirrored" if self.mirror else "not mirrored"
        window = f"the window of {WINDOW} x {WINDOW} pixels at row {self.row}, column {self.column}"
        return f"A photograph, and {window}, {mirror}, its light shifted under three readings of the paper."

    def picture(self) -> Figure:
        photograph = np.frombuffer(self.photograph, np.uint8).reshape(SIDE, SIDE, 3)
        figure, axes = plots.blank(1, 4, (7, 2))
        for axis in axes:
            axis.set(xticks=[], yticks=[])
        axes[0].imshow(photograph)
        axes[0].set_title("photograph", fontsize=9)
        box = Rectangle((self.column, self.row), WINDOW, WINDOW, fill=False, edgecolor=plots.COLORS["alexnet"], linewidth=2)
        axes[0].add_patch(box)
        for axis, (reading, words) in zip(axes[1:], READINGS.items(), strict=True):
            axis.imshow(augmented(photograph, self.row, self.column, self.mirror, self.alphas, reading))
            axis.set_title(words.replace(", ", ",\n"), fontsize=8)
        return figure
