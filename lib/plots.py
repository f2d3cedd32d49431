"""Arrays in, a matplotlib Figure out: one style for the whole book.

The colors are Okabe and Ito's, which stay apart for the color-blind; the same thing has the same color
everywhere. The ground is transparent and the text mid-gray, so that one picture serves light and dark pages.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from lib.evaluation import confusion
from lib.training import Run

INK = "#7b7b7b"  # the gray with the same contrast, 4.2 to 1, against the site's light and dark ground
COLORS = {"lenet": "#0072B2", "alexnet": "#D55E00", "handmade": "#009E73", "other": INK}
STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "image.interpolation": "nearest",
    "axes.prop_cycle": mpl.cycler(color=[*COLORS.values(), "#CC79A7", "#56B4E9"]),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"), INK),
}


def use_style() -> None:
    """Give every figure that follows the book's look; in a notebook, also sharp pictures for high-density screens."""
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    mpl.rcParams.update(STYLE)
    set_matplotlib_formats("retina")


def blank(rows: int = 1, columns: int = 1, size: tuple[float, float] = (7, 3), **options):
    """Return (Figure, axes) of the book's style, `size` in inches; axes is one Axes or an array of them."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def learning_curves(runs: Mapping[str, Run | Sequence[Run]], colors: Mapping[str, str] | None = None) -> Figure:
    """Return loss (left) and accuracy (right) by epoch: dashed while training, solid on the validation images.

    `runs` maps a label to one Run or to several with different seeds, which give the mean and a band of
    one standard deviation. `colors` maps a label to a color.
    """
    figure, axes = blank(1, 2, (7, 2.9))
    cycle = [*COLORS.values(), "#CC79A7", "#56B4E9"]
    for at, (label, several) in enumerate(runs.items()):
        color = (colors or {}).get(label, cycle[at % len(cycle)])
        several = [several] if isinstance(several, Run) else several
        for axis, quantity in zip(axes, ("loss", "accuracy"), strict=True):
            for part, line in (("train", "--"), ("validation", "-")):
                values = np.array([[getattr(epoch, f"{part}_{quantity}") for epoch in run.history] for run in several])
                epochs, mean, spread = np.arange(1, values.shape[1] + 1), values.mean(0), values.std(0)
                axis.plot(epochs, mean, line, color=color, marker=".", label=f"{label}, {part}")
                if len(several) > 1:
                    axis.fill_between(epochs, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
    for axis, quantity in zip(axes, ("cross-entropy loss", "accuracy"), strict=True):
        axis.set(xlabel="epoch", title=quantity)
        axis.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, labelcolor=INK, handlelength=3.5)
    return figure


def live_over_recorded(
    live: Mapping[str, Run], recorded: Mapping[str, Sequence[Run]], colors: Mapping[str, str] | None = None
) -> Figure:
    """Return validation accuracy against images trained on, repeats included: a panel for each label of `live`.

    A live run is a solid line with dots; the recorded runs of the same label, where there are any, a dashed mean with a
    band of one standard deviation over the seeds.
    """
    figure, axes = blank(1, len(live), (7, 3), squeeze=False, sharey=True)
    for axis, (label, run) in zip(axes[0], live.items(), strict=True):
        color = (colors or {}).get(label, INK)
        several = recorded.get(label, ())
        if several:
            values = np.array([[epoch.validation_accuracy for epoch in each.history] for each in several])
            seen, mean, spread = images_seen(several[0]), values.mean(0), values.std(0)
            axis.plot(
                seen, mean, "--", color=color, marker="s", markersize=4, alpha=0.7, label=f"recorded, {len(several)} seeds"
            )
            axis.fill_between(seen, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
        accuracies = [epoch.validation_accuracy for epoch in run.history]
        axis.plot(images_seen(run), accuracies, color=color, marker="o", label="live, on this machine")
        axis.set(title=label, xlabel="images trained on, thousands", xscale="log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.xaxis.set_major_formatter(lambda images, _: f"{images / 1000:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.legend(loc="best", labelcolor=INK)
    axes[0, 0].set_ylabel("validation accuracy")
    return figure


def images_seen(run: Run) -> list[int]:
    """Return for each epoch of `run` how many images it had trained on at the end of it, repeats included."""
    counts = [round(epoch.seconds * epoch.images_per_second) for epoch in run.history]
    return np.cumsum(counts).tolist()


def image_grid(images, titles: Sequence[str] = (), columns: int = 10, size: float = 0.7, colors: Sequence[str] = ()) -> Figure:
    """Return `images` (N x H x W or N x 1 x H x W, light on dark as stored) drawn as ink on paper, `columns` to a row.

    Each takes `size` inches; `titles` stand above, in `colors` where given. Pixels stay sharp.
    """
    images = np.asarray(images)
    images = images[:, 0] if images.ndim == 4 else images
    rows = -(-len(images) // columns)
    heading = 0.32 * max((title.count("\n") + 1 for title in titles), default=0) * 0.6
    figure, axes = blank(rows, columns, (columns * size, rows * (size + heading)), squeeze=False)
    for at, axis in enumerate(axes.flat):
        axis.axis("off")
        if at < len(images):
            axis.imshow(images[at], cmap="gray_r")
        if at < len(titles):
            axis.set_title(titles[at], fontsize=9, color=colors[at] if colors else INK)
    return figure


def gallery(images, logits, labels, classes: Sequence[str], columns: int = 6) -> Figure:
    """Return images titled with the predicted class and its probability; mistakes in vermilion with the true class."""
    probability, predicted = logits.softmax(1).max(1)
    titles, colors = [], []
    for chance, guess, truth in zip(probability.tolist(), predicted.tolist(), labels.tolist(), strict=True):
        right = guess == truth
        titles.append(f"{classes[guess]} {100 * chance:.0f} %\n{'✓' if right else f'not {classes[truth]}'}")
        colors.append(INK if right else COLORS["alexnet"])
    return image_grid(images, titles, columns, size=1.15, colors=colors)


def confusion_matrix(logits, labels, classes: Sequence[str]) -> Figure:
    """Return the confusion matrix: rows are true classes, columns predictions, numbers are images; darker is more."""
    counts = confusion(logits, labels).numpy()
    figure, axis = blank(size=(5.6, 4.8))
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    axis.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            ink = "white" if shares[row, column] > 0.3 else "#333333"
            axis.text(column, row, counts[row, column], ha="center", va="center", fontsize=8, color=ink)
    ticks = range(len(classes))
    axis.set_xticks(ticks, classes, rotation=45, ha="right")
    axis.set_yticks(ticks, classes)
    axis.set(xlabel="predicted", ylabel="true")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


def filters(weights, columns: int = 8, size: float = 0.75, title: str = "") -> Figure:
    """Return kernels (N x H x W, or N x 1 x H x W) on one scale: blue is negative, white zero, red positive."""
    weights = np.asarray(weights)
    weights = weights[:, 0] if weights.ndim == 4 else weights
    rows = -(-len(weights) // columns)
    figure, axes = blank(rows, columns, (columns * size + 0.8, rows * size + (0.3 if title else 0)), squeeze=False)
    limit = np.abs(weights).max()
    for at, axis in enumerate(axes.flat):
        axis.axis("off")
        if at < len(weights):
            picture = axis.imshow(weights[at], cmap="RdBu_r", vmin=-limit, vmax=limit)
    figure.colorbar(picture, ax=axes, fraction=0.05, pad=0.02, label="weight").outline.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def feature_maps(maps, columns: int = 8, size: float = 0.8, title: str = "") -> Figure:
    """Return the maps of one image (C x H x W), each on its own scale: dark is high."""
    figure = image_grid(maps, columns=columns, size=size)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure
