"""What networks had to beat: nearest neighbor, a linear classifier, and support vector machines on HOG.

The features are made by hand and only the last step learns. HOG: Dalal and Triggs 2005; support vector machines: Boser,
Guyon and Vapnik 1992, Cortes and Vapnik 1995. scikit-image and scikit-learn are imported where they are used.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from torch import Tensor

from lib.data import Split

ORIENTATIONS = 9  # bins of a cell's histogram, for angles from 0 to 180 degrees
BLOCK = 2  # cells a side of the block within which contrast is evened out
DIRECTIONS = 200  # of largest spread that the RBF kernel reads: a twentieth of the time of all 3,060, at the same accuracy


class Classifier(Protocol):
    """What `fit` returns: takes bytes (N x 1 x 28 x 28, an array) and predicts N classes, as scikit-learn's do."""

    def fit(self, images: np.ndarray, labels: np.ndarray) -> "Classifier": ...

    def predict(self, images: np.ndarray) -> np.ndarray: ...


def pixels(images: Tensor | np.ndarray) -> np.ndarray:
    """Return bytes (N x 1 x 28 x 28) as rows of numbers from 0 to 1 (N x 784, float32)."""
    images = _as_array(images)
    return images.reshape(len(images), -1).astype(np.float32) / 255


def hog_features(images: Tensor | np.ndarray, cell: int = 4) -> np.ndarray:
    """Return the histograms of oriented gradients of bytes (N x 1 x 28 x 28): N x 1,296 float32 for cells of 4 pixels.

    Dalal and Triggs 2005: 9 orientations, blocks of 2 x 2 cells, L2-Hys. 28 / 4 = 7 cells and so 6 blocks a side,
    each of 2 x 2 x 9 numbers. scikit-image does the work, without the paper's interpolation between neighboring cells.
    """
    from skimage.feature import hog

    images = _as_array(images)
    cells = images.shape[-1] // cell if cell > 0 else 0
    if cells < BLOCK:
        raise ValueError(f"cells of {cell} pixels do not fit: choose 1 to {images.shape[-1] // BLOCK}, so that a block does")
    features = np.empty((len(images), (cells - BLOCK + 1) ** 2 * BLOCK**2 * ORIENTATIONS), np.float32)
    for at, image in enumerate(images[:, 0]):
        features[at] = hog(image / 255, ORIENTATIONS, (cell, cell), (BLOCK, BLOCK), "L2-Hys")
    return features


def two_grids(images: Tensor | np.ndarray, cell: int = 4) -> np.ndarray:
    """Return the HOG of bytes (N x 1 x 28 x 28) on two grids of cells, the second half a cell off: N x 3,060 float32.

    What the border of a cell cuts in one grid lies inside a cell of the other, which stands in for the interpolation.
    The frame that the second grid needs repeats the outermost pixels, and so has no edge of its own.
    """
    images = _as_array(images)
    margin = cell // 2
    framed = np.pad(images, ((0, 0), (0, 0), (margin, margin), (margin, margin)), mode="edge")
    return np.concatenate([hog_features(images, cell), hog_features(framed, cell)], axis=1)


# The settings below were chosen on the validation images. A linear machine that learned from 10,000 images had 87.0 % right
# with one grid (86.4 with 12 orientations, 87.0 with 6, 83.1 with cells of 7 pixels, 87.1 with blocks of 3 x 3 cells, 87.3 with
# square roots of the pixels) and 88.4 with two; a third of larger cells, four grids, or a machine for each pair of classes
# gave at most 0.3 more. C from 0.01 to 0.3 made less than a point of difference. With an RBF kernel 200 and 400 directions,
# C from 3 to 10 and gamma from 0.0125 to 0.05 all lay between 89.1 and 89.8 %. From all training images: linear 90.3 %.
# The linear classifier on pixels, from all training images: 84.9, 85.6 and 85.2 % with C of 0.01, 0.1 and 1.


def nearest_neighbor(seed: int) -> Classifier:
    """Return the classifier that remembers every picture and answers with the label of the nearest (no choices, no seed)."""
    from sklearn.neighbors import KNeighborsClassifier

    return _after(pixels, KNeighborsClassifier(n_neighbors=1, algorithm="brute"))


def linear(seed: int) -> Classifier:
    """Return logistic regression on pixels: 784 weights and a bias for each class."""
    from sklearn.linear_model import LogisticRegression

    return _after(pixels, LogisticRegression(C=0.1, max_iter=1000, random_state=seed))


def hog_linear_svm(seed: int) -> Classifier:
    """Return HOG on two grids with a linear support vector machine: 3,060 weights and a bias for each class."""
    from sklearn.svm import LinearSVC

    return _after(two_grids, LinearSVC(C=0.03, random_state=seed))


def hog_rbf_svm(seed: int) -> Classifier:
    """Return HOG on two grids, its 200 directions of largest spread, and a support vector machine with an RBF kernel."""
    from sklearn.decomposition import PCA
    from sklearn.svm import SVC

    directions = PCA(DIRECTIONS, svd_solver="randomized", random_state=seed)
    return _after(two_grids, directions, SVC(kernel="rbf", C=3, gamma=0.05, cache_size=1000))


BASELINES: dict[str, Callable[[int], Classifier]] = {
    "nearest neighbor": nearest_neighbor,
    "linear": linear,
    "hog-linear-svm": hog_linear_svm,
    "hog-rbf-svm": hog_rbf_svm,
}


def fit(name: str, split: Split, seed: int = 0) -> Classifier:
    """Return the baseline `name`, fitted to `split`. Raises ValueError for an unknown name or too few examples."""
    if name not in BASELINES:
        raise ValueError(f"unknown baseline {name!r}: choose one of {', '.join(BASELINES)}")
    if len(split) == 0:
        raise ValueError(f"{name!r} cannot learn from a split without examples: take more than 0")
    if name == "hog-rbf-svm" and len(split) < DIRECTIONS:
        raise ValueError(f"{name!r} looks for {DIRECTIONS} directions: give it {DIRECTIONS} examples or more, not {len(split)}")
    return BASELINES[name](seed).fit(_as_array(split.images), split.labels.cpu().numpy())


def predict_classes(classifier: Classifier, split: Split) -> np.ndarray:
    """Return the predicted class of every image of `split` (N, uint8), in stored order."""
    return classifier.predict(_as_array(split.images)).astype(np.uint8)


def numbers(classifier: Classifier) -> int:
    """Return how many numbers a fitted classifier keeps: weights, directions, support vectors or remembered pictures."""
    kept = ("coef_", "intercept_", "components_", "mean_", "support_vectors_", "dual_coef_", "_fit_X")
    return sum(getattr(step, name).size for _, step in classifier.steps for name in kept if hasattr(step, name))


def _after(features: Callable, *steps) -> Classifier:
    """Return the pipeline that turns bytes into `features` and goes on with `steps` of scikit-learn."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(FunctionTransformer(features), *steps)


def _as_array(images: Tensor | np.ndarray) -> np.ndarray:
    """Return `images` as an array in main memory. Raises ValueError where they are not bytes of N x 1 x side x side."""
    images = images.cpu().numpy() if isinstance(images, Tensor) else images
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 1 or images.shape[2] != images.shape[3]:
        shape = " x ".join(map(str, images.shape))
        raise ValueError(f"baselines take bytes of N x 1 x side x side, not {images.dtype} of {shape}: take a split's images")
    return images
