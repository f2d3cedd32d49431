"""lib.models: published counts, shapes as the comments say, and what a slice of a network is."""

import inspect
import re

import pytest
import torch
from torch import nn

from lib import models
from lib.cost import layer_table
from lib.models import AlexNet, LeNet5


def parameters(model: nn.Module) -> int:
    return sum(weights.numel() for weights in model.parameters())


def test_the_textbook_lenet_has_61_706_parameters_whatever_its_activation_and_pooling():
    assert parameters(LeNet5()) == 156 + 2_416 + 48_120 + 10_164 + 850 == 61_706
    assert parameters(LeNet5(nn.ReLU, nn.MaxPool2d)) == 61_706


@pytest.mark.parametrize(
    ("arguments", "count", "side"),
    [
        ({}, 62_378_344, 6),
        ({"channels": 1, "classes": 10}, 58_299_082, 6),
        ({"width": 0.5}, 16_630_440, 6),
        ({"width": 0.5, "classes": 10}, 14_601_930, 6),
        ({"channels": 1, "classes": 10, "padding": 1}, 46_764_746, 5),
        ({"channels": 1, "classes": 10, "padding": 0}, 46_764_746, 5),
    ],
)
def test_each_alexnet_has_its_published_parameters_and_last_map(arguments, count, side):
    with torch.device("meta"):  # shapes without memory
        model = AlexNet(**arguments)
        maps = model[:14](torch.zeros(2, arguments.get("channels", 3), 224, 224))
    assert parameters(model) == count
    assert maps.shape == (2, model[-7].in_features)
    assert model[-7].in_features == model[10].out_channels * side * side


@pytest.mark.parametrize(("network", "shape"), [(LeNet5, (1, 28, 28)), (AlexNet, (3, 224, 224))])
def test_the_shape_after_every_line_of_a_table_is_the_shape_that_comes_out(network, shape):
    source = inspect.getsource(network.__init__)
    commented = re.findall(r"# N x (\d+(?: x \d+)*)", source)
    with torch.device("meta"):
        layers = layer_table(network(), shape).layers
    outputs = [layer.output for layer in layers if layer.kind not in {"ReLU", "Tanh", "Dropout"}]
    assert [" x ".join(map(str, output)) for output in outputs] == commented


def test_dropout_stands_on_the_outputs_of_the_two_hidden_dense_layers_and_nowhere_else():
    with torch.device("meta"):
        kinds = [type(layer).__name__ for layer in AlexNet()]
    assert kinds[-8:] == ["Flatten", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"][-8:]
    assert kinds.count("Dropout") == 2


def test_a_slice_of_a_network_is_that_part_with_the_same_weights():
    model = LeNet5()
    images = torch.rand(2, 1, 28, 28)
    part = model[:3]
    assert part(images).shape == (2, 6, 14, 14)
    assert part[0].weight is model[0].weight
    assert torch.equal(model[3:](part(images)), model(images))


def test_the_weights_follow_the_seed():
    def first(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return LeNet5()[0].weight

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_a_logit_comes_out_for_every_class():
    assert LeNet5(channels=3, classes=7)(torch.rand(2, 3, 28, 28)).shape == (2, 7)


def test_every_network_states_its_parameters_in_its_docstring():
    for name in models.__all__:
        assert re.search(r"\d{1,3}(,\d{3})+ parameters", getattr(models, name).__doc__)
