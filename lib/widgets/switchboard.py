"""Recorded runs to be laid over each other: curves with their spread, what they cost, the filters they learned."""

from collections.abc import Mapping

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from lib import plots
from lib.cost import layer_table
from lib.recipes import build, find
from lib.runs import Record, read_record
from lib.widgets.widget import Widget, source

MOST = 4  # runs at once
QUANTITIES = {
    "validation": "validation_accuracy",
    "training": "train_accuracy",
    "loss": "train_loss",
}


def entry(words: str, name: str, record: Record) -> dict:
    """Return what the page has to know of the record of the recipe `name`, its filters aside; curves are seeds x epochs."""
    with torch.device("meta"):
        network = build(find(name), 0)
    return {
        "words": words,
        "curves": {
            label: [[round(getattr(epoch, quantity), 4) for epoch in run.history] for run in record.runs]
            for label, quantity in QUANTITIES.items()
        },
        "test": list(record.accuracies),
        "parameters": record.parameters,
        "macs": layer_table(network, network.input_shape).macs,
        "seconds": round(record.seconds, 1),
        "filters": [*record.filters.shape[-2:], record.filters[:, 0].size],
    }


def pack_filters(filters: np.ndarray) -> bytes:
    """Return the first layer's kernels (N x 1 x H x W) as signed bytes, the largest weight as 127."""
    scaled = filters.astype(np.float32) / np.abs(filters.astype(np.float32)).max()
    return np.round(127 * scaled).astype(np.int8).tobytes()


class Switchboard(Widget):
    """Up to four recorded runs over each other. `records` maps words to names of recipes of networks for one channel."""

    _esm = source("kit.js", "switchboard.js")
    room = (690, 650)
    key = traitlets.Unicode("board").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["shown", "quantity"]).tag(sync=True)
    runs = traitlets.List().tag(sync=True)
    filters = traitlets.Bytes().tag(sync=True)
    shown = traitlets.List(traitlets.Int()).tag(sync=True)
    quantity = traitlets.Enum(list(QUANTITIES), "validation").tag(sync=True)

    def __init__(self, records: Mapping[str, str], **options):
        found = {name: read_record(name) for name in records.values()}
        runs = [entry(words, name, found[name]) for words, name in records.items()]
        filters = b"".join(pack_filters(found[name].filters) for name in records.values())
        start = {"shown": [0, len(runs) - 1], **options}
        super().__init__(runs=runs, filters=filters, **start)

    def description(self) -> str:
        chosen = [self.runs[at] for at in self.shown]
        scores = ", ".join(f"{run['words']} {100 * np.mean(run['test']):.1f} %" for run in chosen)
        return f"Accuracy by epoch of {len(chosen)} recorded runs, means over seeds with bands. On the test images: {scores}."

    def picture(self) -> Figure:
        figure, axis = plots.blank(size=(6.6, 2.8))
        for at in self.shown:
            curves = 100 * np.array(self.runs[at]["curves"]["validation"])
            epochs, mean, spread = range(1, curves.shape[1] + 1), curves.mean(0), curves.std(0, ddof=1)
            (line,) = axis.plot(epochs, mean, marker="o", markersize=4, label=self.runs[at]["words"])
            axis.fill_between(epochs, mean - spread, mean + spread, color=line.get_color(), alpha=0.2, linewidth=0)
        axis.set(xlabel="epoch", ylabel="validation accuracy, %")
        figure.legend(loc="outside lower center", ncols=2, labelcolor=plots.INK)
        return figure
