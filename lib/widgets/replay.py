"""Recorded runs, epoch by epoch: accuracy, first filters, and which test pictures were taken for what."""

from collections.abc import Mapping

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from lib import plots
from lib.data import Dataset
from lib.evaluation import confusion
from lib.runs import Record, read_record
from lib.widgets.switchboard import pack_filters
from lib.widgets.widget import Widget, source

PICTURES = 160  # that a page carries


def pack_answers(predictions: np.ndarray) -> bytes:
    """Return predictions (moments x images) as one byte for each change of an answer, image by image.

    A byte is 16 times the moments since the byte before, plus the class; an image begins with 0 moments. After 15 moments
    without a change the answer is said again, since half a byte counts no further. Raises ValueError for a class above 15.
    """
    if predictions.max() > 15:
        raise ValueError(f"half a byte holds no class {predictions.max()}: the largest is 15")
    packed = bytearray()
    for answers in predictions.T.tolist():
        said = 0
        for moment, kind in enumerate(answers):
            if moment == 0 or kind != answers[moment - 1] or moment - said == 15:
                packed.append(16 * (moment - said) + kind)
                said = moment
    return bytes(packed)


def pack_pictures(images: Tensor) -> bytes:
    """Return `images` (N x 1 x 28 x 28 bytes) in 16 shades, two pixels a byte: what stands left in the upper half."""
    shades = (images.flatten().cpu().int() + 8) // 17
    return (16 * shades[0::2] + shades[1::2]).to(torch.uint8).numpy().tobytes()


def telling(predictions: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the indices, in order, of `count` images that together show most cells of the confusion matrices of all moments.

    Each choice takes the image whose cells, moment by moment, have the fewest images chosen before.
    """
    kinds = max(labels.max(), predictions.max()) + 1
    moments, cells = np.arange(len(predictions))[:, None], labels.astype(int) * kinds + predictions
    shown, chosen = np.zeros((len(predictions), kinds**2)), []
    for _ in range(min(count, len(labels))):
        gains = (1 / (1 + shown))[moments, cells].sum(0)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        shown[moments[:, 0], cells[:, chosen[-1]]] += 1
    return np.sort(chosen)


def confusions(record: Record) -> np.ndarray:
    """Return the counts (moments x classes x classes) of a replay: row = true class, column = predicted class."""
    labels, answers = (torch.from_numpy(values).long() for values in (record.labels, record.predictions_by_epoch))
    return np.stack([confusion(F.one_hot(each, 10), labels).numpy() for each in answers])


def entry(words: str, record: Record) -> dict:
    """Return what the page has to know of a replay besides its bytes."""
    run = record.runs[0]
    return {
        "words": words,
        "training": [epoch.train_accuracy for epoch in run.history],  # rounded once, where it is shown
        "kernels": [*record.filters.shape[-2:], record.filters[:, 0].size],
        "bytes": len(pack_answers(record.predictions_by_epoch)),
    }


class Replay(Widget):
    """Replays of recorded runs on one dataset. `records` maps words to names of recipes with `replay=True`.

    `data` gives the pictures; where it is a stand-in there are none, since the runs have seen the real ones.
    """

    _esm = source("kit.js", "replay_counts.js", "replay.js")
    room = (800, 1370)
    key = traitlets.Unicode("replay").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["run", "epoch", "cell"]).tag(sync=True)
    runs = traitlets.List().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)
    answers = traitlets.Bytes().tag(sync=True)
    filters = traitlets.Bytes().tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    images = traitlets.Bytes().tag(sync=True)
    run = traitlets.Int(0).tag(sync=True)
    epoch = traitlets.Int(0).tag(sync=True)
    cell = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, records: Mapping[str, str], data: Dataset, pictures: int = PICTURES, **options):
        self.records = [read_record(name) for name in records.values()]
        replays, labels = [record.predictions_by_epoch for record in self.records], self.records[0].labels
        chosen = [] if data.stand_in else telling(np.concatenate(replays), labels, pictures).tolist()
        super().__init__(
            runs=[entry(*each) for each in zip(records, self.records, strict=True)],
            classes=[str(name) for name in data.classes],
            labels=labels.tobytes(),
            answers=b"".join(map(pack_answers, replays)),
            filters=b"".join(pack_filters(record.filters_by_epoch) for record in self.records),
            chosen=chosen,
            images=pack_pictures(data.test.images[torch.tensor(chosen, dtype=torch.long)]),
            **options,
        )

    def description(self) -> str:
        counts = confusions(self.records[self.run])
        before, first, last = (100 * np.trace(counts[at]) / counts[at].sum() for at in (0, 1, -1))
        mixed = counts[-1] * (1 - np.eye(10, dtype=int))
        row, column = np.unravel_index(mixed.argmax(), mixed.shape)
        return (
            f"A recorded run: {before:.1f} % of the test pictures right before training, {first:.1f} % after one epoch, "
            f"{last:.1f} % after {len(counts) - 1}; first kernels at the start and at the end; confusion matrices after the "
            f"first and the last epoch. At the end {self.classes[row]} is most often taken for {self.classes[column]}, "
            f"{mixed.max()} times."
        )

    def picture(self) -> Figure:
        record, counts = self.records[self.run], confusions(self.records[self.run])
        figure, axes = plots.blank(2, 2, (6.6, 5.4))
        draw_curves(axes[0, 0], record, counts)
        draw_kernels(axes[0, 1], record.filters_by_epoch)
        for axis, at in zip(axes[1], (1, len(counts) - 1), strict=True):
            draw_counts(axis, counts[at], f"after epoch {at}")
        axes[1, 0].set_yticks(range(10), self.classes, fontsize=8)
        return figure


def draw_curves(axis, record: Record, counts: np.ndarray) -> None:
    """Draw the accuracy by epoch on the training pictures (dashed) and on the test pictures."""
    epochs = range(1, len(counts))
    for values, line, label in (
        ([epoch.train_accuracy for epoch in record.runs[0].history], "--", "training"),
        ([np.trace(each) / each.sum() for each in counts[1:]], "-", "test"),
    ):
        axis.plot(epochs, 100 * np.array(values), line, color=plots.COLORS["lenet"], label=label)
    axis.set(xlabel="epoch", ylabel="accuracy (%)")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(labelcolor=plots.INK)


def draw_kernels(axis, filters: np.ndarray) -> None:
    """Draw the first kernels: at the start above, at the end below; blue is negative, red positive."""
    rows = [np.hstack([np.pad(kernel, 1, constant_values=np.nan) for kernel in each[:, 0]]) for each in filters[[0, -1]]]
    limit = np.abs(filters).max()
    axis.imshow(np.vstack(rows).astype(float), cmap="RdBu_r", vmin=-limit, vmax=limit)
    axis.set(title="first kernels: start, end")
    axis.axis("off")


def draw_counts(axis, counts: np.ndarray, title: str) -> None:
    """Draw a confusion matrix: the darker, the more of its row; mistakes in numbers."""
    axis.imshow(np.sqrt(counts / counts.sum(1, keepdims=True)), cmap="Blues", vmin=0, vmax=1.6)
    for row, column in np.argwhere(counts):
        axis.text(column, row, counts[row, column], ha="center", va="center", fontsize=6, color="#333333")
    axis.set(title=title, xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
