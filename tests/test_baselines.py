"""lib.baselines against a HOG written out with loops, an edge worked out on paper, and distances computed by PyTorch."""

import math

import numpy as np
import pytest
import torch

from lib.baselines import BASELINES, DIRECTIONS, fit, hog_features, numbers, pixels, predict_classes, two_grids
from lib.data import Split


def histogram(image: np.ndarray, top: int, left: int) -> np.ndarray:
    """Return the nine sums of one cell of 4 x 4 pixels of `image` (bytes), pixel by pixel."""
    sums = np.zeros(9)
    values = image.astype(float) / 255
    for row in range(top, top + 4):
        for column in range(left, left + 4):
            down = values[row + 1, column] - values[row - 1, column] if 0 < row < 27 else 0.0
            right = values[row, column + 1] - values[row, column - 1] if 0 < column < 27 else 0.0
            angle = math.degrees(math.atan2(down, right)) % 180
            sums[int(angle // 20)] += math.hypot(down, right)
    return sums / 16


def even_out(block: np.ndarray) -> np.ndarray:
    """Return the 36 numbers of a block at length 1, none above 0.2 before it is brought to length 1 again."""
    clipped = np.minimum(block / math.sqrt((block**2).sum() + 1e-10), 0.2)
    return clipped / math.sqrt((clipped**2).sum() + 1e-10)


def test_every_block_equals_the_one_computed_pixel_by_pixel(shapes):
    image = shapes.test.images[3:4]
    blocks = hog_features(image).reshape(6, 6, 36)
    cells = np.array([[histogram(image[0, 0].numpy(), 4 * row, 4 * column) for column in range(7)] for row in range(7)])
    for row in range(6):
        for column in range(6):
            expected = even_out(cells[row : row + 2, column : column + 2].ravel())
            assert blocks[row, column] == pytest.approx(expected, abs=1e-5)


def test_an_upright_edge_fills_the_first_bin_of_its_cells_alone():
    image = np.zeros((1, 1, 28, 28), np.uint8)
    image[..., 14:] = 255  # the two columns that see the step lie in the fourth column of cells
    blocks = hog_features(image).reshape(6, 6, 2, 2, 9)
    assert blocks[0, 2] == pytest.approx(
        np.eye(1, 36, 9).reshape(2, 2, 9) / math.sqrt(2) + np.eye(1, 36, 27).reshape(2, 2, 9) / math.sqrt(2)
    )
    assert not blocks[:, [0, 1, 4, 5]].any()
    assert not blocks[..., 1:].any()


@pytest.mark.parametrize(("cell", "count"), [(4, 1296), (7, 324), (14, 36)])
def test_the_length_of_the_descriptor_follows_from_the_cells(shapes, cell, count):
    features = hog_features(shapes.test.images[:5], cell)
    assert (features.shape, features.dtype) == ((5, count), np.float32)


def test_the_second_grid_is_the_hog_of_the_picture_in_a_frame_of_half_a_cell(shapes):
    images = shapes.test.images[:4]
    both = two_grids(images)
    assert both.shape == (4, 1296 + 1764)
    assert np.array_equal(both[:, :1296], hog_features(images))
    framed = torch.nn.functional.pad(images.float(), (2, 2, 2, 2), mode="replicate").byte()
    assert np.array_equal(both[:, 1296:], hog_features(framed))


def test_a_picture_and_its_negative_have_the_same_descriptor(shapes):
    images = shapes.test.images[:8]
    assert two_grids(255 - images) == pytest.approx(two_grids(images), abs=1e-5)


def test_pixels_are_rows_from_zero_to_one(shapes):
    rows = pixels(shapes.test.images)
    assert rows.shape == (60, 784)
    assert rows == pytest.approx(shapes.test.images.flatten(1).numpy() / 255)


@pytest.mark.parametrize("name", BASELINES)
def test_a_fitted_baseline_beats_chance_by_far_and_repeats_itself(shapes, name):
    """Chance is 10 %; the worst of the four has 85 % here, so that half leaves room for other versions."""
    few = shapes.train.take(300)
    first, again = (predict_classes(fit(name, few, seed=1), shapes.test) for _ in range(2))
    assert (first.shape, first.dtype) == ((60,), np.uint8)
    assert np.array_equal(first, again)
    assert (first == shapes.test.labels.numpy()).mean() > 0.5


def test_the_directions_that_the_rbf_kernel_reads_follow_from_the_seed(shapes):
    few = shapes.train.take(200)
    first, again, other = (fit("hog-rbf-svm", few, seed)[1].components_ for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_nearest_neighbor_is_the_one_that_pytorch_finds(shapes):
    distances = torch.cdist(shapes.test.images.flatten(1).float(), shapes.train.images.flatten(1).float())
    expected = shapes.train.labels[distances.argmin(1)].numpy()
    assert np.array_equal(predict_classes(fit("nearest neighbor", shapes.train), shapes.test), expected)


def test_predictions_come_in_stored_order_whatever_is_asked_with_them(shapes):
    classifier = fit("hog-linear-svm", shapes.train.take(200))
    backwards = Split(shapes.test.images.flip(0), shapes.test.labels.flip(0))
    assert np.array_equal(predict_classes(classifier, backwards)[::-1], predict_classes(classifier, shapes.test))


def test_what_a_caller_can_get_wrong_is_answered_in_a_sentence(shapes):
    with pytest.raises(ValueError, match=r"unknown baseline 'svm': choose one of nearest neighbor, linear"):
        fit("svm", shapes.train)
    with pytest.raises(ValueError, match=r"without examples"):
        fit("linear", shapes.train.take(0))
    with pytest.raises(ValueError, match=rf"{DIRECTIONS} directions: give it {DIRECTIONS} examples or more, not 50"):
        fit("hog-rbf-svm", shapes.train.take(50))
    with pytest.raises(ValueError, match=r"not float32 of 60 x 1 x 28 x 28"):
        hog_features(shapes.test.images.float())
    for images, shape in ((shapes.test.images[:, 0], "60 x 28 x 28"), (shapes.test.images[:, :, 0], "60 x 1 x 28")):
        with pytest.raises(ValueError, match=f"not uint8 of {shape}:"):
            hog_features(images)
    for cell in (0, 15):
        with pytest.raises(ValueError, match=rf"cells of {cell} pixels do not fit: choose 1 to 14"):
            hog_features(shapes.test.images, cell)


@pytest.mark.parametrize(
    ("name", "count"), [("nearest neighbor", 200 * 784), ("linear", 10 * 785), ("hog-linear-svm", 10 * 3061)]
)
def test_the_numbers_that_a_classifier_keeps_are_those_one_can_count(shapes, name, count):
    assert numbers(fit(name, shapes.train.take(200))) == count
