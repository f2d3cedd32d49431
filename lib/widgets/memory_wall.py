"""What training the network of 2012 keeps in memory, on one card or on two, against the 3 GB of those cards."""

from collections.abc import Iterable

import torch
import traitlets
from matplotlib.figure import Figure

from lib import plots
from lib.cost import LayerTable, layer_table
from lib.models import AlexNet, AlexNet2012
from lib.widgets.widget import Widget, source

CARD = 3 * 2**30  # bytes of memory of each GTX 580 (Krizhevsky et al. 2012, section 5)
PICTURE = 3 * 224 * 224  # values
PARTS = {  # name: color
    "weights": "#0072B2",
    "their gradients": "#56B4E9",
    "momentum": "#009E73",
    "outputs": "#D55E00",
    "gradients of outputs": "#E69F00",
    "copies from the other card": "#CC79A7",
    "pictures": "#7b7b7b",
}
IN_PLACE = ("ReLU", "Dropout", "Flatten", "ZeroPad2d")  # can overwrite what they read


def layers() -> list[dict]:
    """Return the eight layers with weights: values that each keeps a picture, its pooling and normalization included,
    values that it reads, and its parameters, reading its own column and reading both.
    """
    with torch.device("meta"):
        apart, together = (layer_table(network, (3, 224, 224)) for network in (AlexNet2012(), AlexNet()))
    rows, reads = [], PICTURE
    for layer in apart.layers:
        size = layer.memory // 4
        if layer.parameters:
            kind = "conv" if len(layer.output) == 3 else "dense"
            rows.append({"name": f"{kind} {len(rows) + 1}", "reads": reads, "keeps": 0, "parameters": layer.parameters})
        if rows and layer.kind not in IN_PLACE:
            rows[-1]["keeps"] += size
        reads = size
    return [row | {"both": both} for row, both in zip(rows, _parameters(together), strict=True)]


def _parameters(table: LayerTable) -> list[int]:
    return [layer.parameters for layer in table.layers if layer.parameters]


def memory(
    rows: list[dict], batch: int = 128, bits: int = 32, cards: int = 2, kept: bool = True, talk: Iterable[int] = ()
) -> tuple[dict[str, float], float]:
    """Return the bytes of each part on one card, and the bytes that cross between two cards on the way up.

    `talk` are the layers, counted from 0, that read both cards although the paper's read their own; `kept` says that the
    gradients of all outputs are kept until the step is done.
    """
    talk, size = set(talk), bits // 8
    reading = [at for at, row in enumerate(rows) if at and (at in talk or row["both"] == row["parameters"])]  # both cards
    weights = size * sum(row["both" if at in talk else "parameters"] for at, row in enumerate(rows)) / cards
    outputs = size * batch * sum(row["keeps"] for row in rows) / cards
    crossing = size * batch * sum(rows[at]["reads"] for at in reading) if cards == 2 else 0
    values = (weights, weights, weights, outputs, outputs if kept else 0, crossing / 2, size * batch * PICTURE)
    return dict(zip(PARTS, values, strict=True)), crossing


class MemoryWall(Widget):
    """Memory of a training step against the 3 GB of a card of 2012; pictures, precision, cards and who talks are chosen."""

    _esm = source("kit.js", "memory_wall.js")
    room = (430, 715)
    key = traitlets.Unicode("wall").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["batch", "bits", "cards", "kept", "talk"]).tag(sync=True)
    batch = traitlets.Int(128, min=1, max=512).tag(sync=True)
    bits = traitlets.Enum([32, 16], 32).tag(sync=True)
    cards = traitlets.Enum([1, 2], 1).tag(sync=True)
    kept = traitlets.Enum(["yes", "no"], "yes").tag(sync=True)
    talk = traitlets.List(traitlets.Int()).tag(sync=True)
    layers = traitlets.List().tag(sync=True)
    parts = traitlets.Dict(PARTS).tag(sync=True)
    card = traitlets.Int(CARD).tag(sync=True)

    def __init__(self, **options):
        super().__init__(layers=layers(), **options)

    def description(self) -> str:
        parts, _ = memory(self.layers, self.batch, self.bits, self.cards, self.kept == "yes", self.talk)
        listed = ", ".join(f"{name} {size / 2**30:.2f} GB" for name, size in parts.items() if size)
        return f"Memory of each card for {self.batch} pictures, {self.cards} card(s): {listed}. A card of 2012 had 3 GB."

    def picture(self) -> Figure:
        figure, axis = plots.blank(size=(6.6, 1.9))
        for row, cards in enumerate((1, 2)):
            parts, _ = memory(self.layers, self.batch, self.bits, cards, self.kept == "yes", self.talk)
            left = 0
            for name, size in parts.items():
                axis.barh(row, size / 2**30, left=left, color=PARTS[name], height=0.55, label=name if not row else None)
                left += size / 2**30
        axis.axvline(CARD / 2**30, color=plots.INK, linestyle="--")
        axis.set(xlabel=f"GB on each card, {self.batch} pictures, {self.bits} bits")
        axis.set_yticks([0, 1], ["one card", "two cards"])
        axis.invert_yaxis()
        figure.legend(loc="outside right center", labelcolor=plots.INK, fontsize=8)
        return figure
