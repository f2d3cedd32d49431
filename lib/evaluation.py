"""What a trained network gets right and wrong, as arrays."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lib.batches import batches, to_input
from lib.data import Dataset, Split


class Score(NamedTuple):
    """An accuracy and its standard error: the spread that the finite test set alone would cause."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{100 * self.value:.2f} ± {100 * self.error:.2f} %"


class Calibration(NamedTuple):
    """Predictions in bins of equal width by their probability: what was said and what was right, bin by bin."""

    probability: Tensor  # mean of the bin; nan for an empty one
    accuracy: Tensor  # share of the bin that is right; nan for an empty one
    count: Tensor

    @property
    def error(self) -> float:
        """The expected calibration error: the gap between probability and accuracy, averaged over the predictions."""
        gaps = (self.probability - self.accuracy).abs() * self.count
        return (gaps.nansum() / self.count.sum()).item()


def predict(model: nn.Module, data: Dataset, split: Split, size: int = 28, bf16: bool = False, batch_size: int = 250) -> Tensor:
    """Return the logits (N x classes, float32, on the CPU) for `split` of `data`, its images enlarged to `size` pixels.

    The model is read in evaluation mode and left in the mode it was in.
    """
    was_training = model.training
    device = split.images.device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        model.eval()
        logits = [model(to_input(images, data.mean, data.std, size)).float() for images, _ in batches(split, batch_size)]
    model.train(was_training)
    return torch.cat(logits).cpu()


def accuracy(logits: Tensor, labels: Tensor) -> Score:
    """Return the share of correct classes among N predictions, with the standard error sqrt(p (1 - p) / N)."""
    share = (logits.argmax(1) == labels.to(logits.device)).double().mean().item()
    return Score(share, math.sqrt(share * (1 - share) / len(labels)))


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the counts (classes x classes): row = true class, column = predicted class."""
    classes = logits.shape[1]
    pairs = labels.to(logits.device) * classes + logits.argmax(1)
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def per_class_accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return for each class the share of its images that were recognized; nan for a class without images."""
    counts = confusion(logits, labels)
    return counts.diagonal() / counts.sum(1)


def confident_mistakes(logits: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the indices of the `count` wrong predictions with the highest probability, the surest first."""
    probability, predicted = logits.softmax(1).max(1)
    wrong = (predicted != labels.to(logits.device)).nonzero()[:, 0]
    return wrong[probability[wrong].argsort(descending=True)][:count]


def calibration(logits: Tensor, labels: Tensor, bins: int = 10) -> Calibration:
    """Return how probable the predictions were said to be and how many were right, in `bins` bins from 0 to 1."""
    probability, predicted = logits.double().softmax(1).max(1)
    right = (predicted == labels.to(logits.device)).double()
    which = (probability * bins).long().clamp(max=bins - 1)  # a probability of 1 belongs to the last bin
    count = torch.bincount(which, minlength=bins)
    means = [torch.bincount(which, weights=values, minlength=bins) / count for values in (probability, right)]
    return Calibration(*means, count)


def as_logits(predictions: np.ndarray, confidences: np.ndarray, classes: int = 10) -> Tensor:
    """Return logits (... x classes) that give the recorded class its recorded probability (`confidences`, in 255ths).

    The other classes share the rest evenly, for a record does not say how it was spread.
    """
    chosen = torch.from_numpy(predictions).long()[..., None]
    probability = torch.from_numpy(confidences).float()[..., None] / 255
    rest = ((1 - probability) / (classes - 1)).expand(*chosen.shape[:-1], classes)
    return rest.scatter(-1, chosen, probability).log()
