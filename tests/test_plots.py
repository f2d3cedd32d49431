"""lib.plots: arrays in, a Figure of the book's style out."""

import io

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lib import plots
from lib.data import subset
from lib.models import LeNet5
from lib.training import Config, train


@pytest.fixture(scope="module")
def runs(shapes):
    return [train(LeNet5(), subset(shapes, 64), Config(epochs=2, seed=seed)) for seed in (0, 1)]


def picture(figure: Figure) -> np.ndarray:
    """Return the pixels (height x width x 4) that a page would show."""
    from matplotlib.image import imread

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    buffer.seek(0)
    return imread(buffer)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2 between two colors."""
    levels = []
    for color in (one, other):
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        levels.append(0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2])
    return (max(levels) + 0.05) / (min(levels) + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#14181e"])
def test_lines_and_text_stand_out_on_light_and_dark_pages(ground):
    assert contrast(plots.INK, ground) > 4
    assert all(contrast(color, ground) > 3 for color in plots.COLORS.values())


def test_every_figure_is_transparent_and_fits_the_page(runs, shapes):
    logits = torch.eye(10).repeat(6, 1)
    images, labels = shapes.test.images, shapes.test.labels
    figures = [
        plots.learning_curves({"LeNet-5": runs[0]}),
        plots.live_over_recorded({"LeNet-5": runs[0]}, {"LeNet-5": runs}),
        plots.image_grid(images[:20]),
        plots.gallery(images[:12], logits[:12], labels[:12], shapes.classes),
        plots.confusion_matrix(logits, labels, shapes.classes),
        plots.filters(torch.randn(6, 1, 5, 5), columns=6),
        plots.feature_maps(torch.randn(6, 28, 28), columns=6),
    ]
    for figure in figures:
        assert isinstance(figure, Figure)
        assert figure.get_size_inches()[0] <= 7.01
        assert picture(figure)[0, 0, 3] == 0


def test_the_curves_of_several_seeds_get_a_band_and_a_single_run_none(runs):
    assert not plots.learning_curves({"one": runs[0]}).axes[0].collections
    assert len(plots.learning_curves({"both": runs}).axes[0].collections) == 2


def test_the_curves_show_the_numbers_of_the_run(runs):
    dashed, solid = plots.learning_curves({"LeNet-5": runs[0]}).axes[1].lines
    assert dashed.get_ydata().tolist() == [epoch.train_accuracy for epoch in runs[0].history]
    assert solid.get_ydata().tolist() == [epoch.validation_accuracy for epoch in runs[0].history]


def test_a_live_run_lies_over_the_recorded_ones_where_there_are_any(runs):
    figure = plots.live_over_recorded({"LeNet-5": runs[0], "AlexNet": runs[1]}, {"LeNet-5": runs})
    with_records, without = figure.axes
    mean, live = with_records.lines
    assert mean.get_ydata().tolist() == pytest.approx(
        [sum(run.history[at].validation_accuracy for run in runs) / 2 for at in (0, 1)]
    )
    assert live.get_ydata().tolist() == [epoch.validation_accuracy for epoch in runs[0].history]
    assert live.get_xdata().tolist() == [64, 128]
    assert len(with_records.collections) == len(without.lines) == 1


def test_the_gallery_names_the_mistakes(shapes):
    logits = torch.eye(10)[[3, 4]] * 10
    figure = plots.gallery(shapes.test.images[:2], logits, torch.tensor([3, 5]), shapes.classes)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[0].startswith("Dress 100 %")
    assert titles[1] == "Coat 100 %\nnot Sandal"


def test_a_grid_with_a_last_partial_row_draws_every_image(shapes):
    figure = plots.image_grid(shapes.test.images[:7], columns=5)
    assert sum(bool(axis.images) for axis in figure.axes) == 7


def test_an_untrained_class_does_not_break_the_confusion_matrix(shapes):
    figure = plots.confusion_matrix(torch.eye(10)[:2], torch.tensor([0, 0]), shapes.classes)
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "1"]
