"""lib.evaluation against scikit-learn and against counts done by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics
from sklearn.calibration import calibration_curve
from torch import nn

from lib.evaluation import accuracy, as_logits, calibration, confident_mistakes, confusion, per_class_accuracy, predict


@pytest.fixture
def guesses() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(200, 10, generator=generator), torch.randint(10, (200,), generator=generator)


def test_accuracy_and_confusion_equal_those_of_scikit_learn(guesses):
    logits, labels = guesses
    predicted = logits.argmax(1)
    assert accuracy(logits, labels).value == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert confusion(logits, labels).tolist() == metrics.confusion_matrix(labels, predicted, labels=range(10)).tolist()
    recall = metrics.recall_score(labels, predicted, average=None)
    assert per_class_accuracy(logits, labels).tolist() == pytest.approx(recall.tolist())


def test_the_standard_error_is_the_binomial_one():
    logits = torch.eye(2).repeat(50, 1)  # predicts 0, 1, 0, 1, ...
    labels = torch.tensor([0, 1] * 45 + [1, 0] * 5)
    score = accuracy(logits, labels)
    assert score.value == 0.9
    assert score.error == pytest.approx(math.sqrt(0.9 * 0.1 / 100))
    assert str(score) == "90.00 ± 3.00 %"


def test_the_most_confident_mistakes_come_first_and_are_mistakes(guesses):
    logits, labels = guesses
    worst = confident_mistakes(logits, labels, 12)
    chances = logits.softmax(1).max(1).values
    assert (logits.argmax(1)[worst] != labels[worst]).all()
    assert chances[worst].tolist() == sorted(chances[worst].tolist(), reverse=True)
    others = [at for at in range(200) if logits[at].argmax() != labels[at] and at not in worst.tolist()]
    assert chances[others].max() <= chances[worst].min()


def test_calibration_puts_every_prediction_into_the_bin_of_its_probability():
    logits = torch.tensor([[0.9, 0.1], [0.95, 0.05], [0.3, 0.7], [1.0, 0.0]]).log()
    found = calibration(logits, torch.tensor([0, 1, 1, 0]), bins=5)
    assert found.count.tolist() == [0, 0, 0, 1, 3]
    assert found.probability[3:].tolist() == pytest.approx([0.7, 0.95], abs=1e-6)
    assert found.accuracy[3:].tolist() == pytest.approx([1, 2 / 3])
    assert found.accuracy[:3].isnan().all()
    assert found.error == pytest.approx((1 * 0.3 + 3 * (0.95 - 2 / 3)) / 4)


def test_who_is_as_often_right_as_announced_has_no_calibration_error():
    logits = torch.tensor([0.8, 0.2]).log().repeat(100, 1)
    labels = torch.tensor([0] * 80 + [1] * 20)
    assert calibration(logits, labels).error == pytest.approx(0, abs=1e-6)


def test_calibration_agrees_with_scikit_learn(guesses):
    logits, labels = guesses
    probability, predicted = logits.softmax(1).max(1)
    found = calibration(logits, labels)
    accuracies, means = calibration_curve(predicted == labels, probability, n_bins=10)
    filled = found.count > 0
    assert found.accuracy[filled].tolist() == pytest.approx(accuracies.tolist())
    assert found.probability[filled].tolist() == pytest.approx(means.tolist())


def test_recorded_predictions_become_logits_with_the_same_class_and_probability():
    predictions = np.array([[3, 0], [9, 1]], np.uint8)
    confidences = np.array([[255, 128], [60, 200]], np.uint8)
    probability, predicted = as_logits(predictions, confidences).softmax(-1).max(-1)
    assert predicted.tolist() == predictions.tolist()
    assert probability.flatten().tolist() == pytest.approx((confidences / 255).flatten().tolist())


def test_predictions_count_the_last_partial_batch_and_come_in_stored_order(shapes):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    together = predict(model, shapes, shapes.test)
    assert together.shape == (60, 10)
    assert torch.allclose(predict(model, shapes, shapes.test, batch_size=7), together, atol=1e-5)


def test_prediction_switches_dropout_off_and_restores_the_mode(shapes):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(784, 10)).train()
    assert torch.equal(predict(model, shapes, shapes.test), predict(model, shapes, shapes.test))
    assert model.training
    predict(model.eval(), shapes, shapes.test)
    assert not model.training
