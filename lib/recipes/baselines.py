"""What the networks had to beat, on all the training pictures of Fashion-MNIST."""

from lib.recipes.recipe import Baseline

BASELINES = {
    "baseline-nearest": Baseline("nearest neighbor", "fashion-mnist"),
    "baseline-linear": Baseline("linear", "fashion-mnist"),
    "baseline-hog-linear-svm": Baseline("hog-linear-svm", "fashion-mnist"),
    "baseline-hog-rbf-svm": Baseline("hog-rbf-svm", "fashion-mnist"),
}
