"""lib.cost: the layer table against torch's own counter and against the book's sums."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lib.cost import layer_table
from lib.models import AlexNet, LeNet5

NETWORKS = {
    "LeNet-5": (LeNet5, (1, 28, 28), 61_706, 416_520),
    "AlexNet": (AlexNet, (3, 224, 224), 62_378_344, 1_135_256_096),
    "grouped": (lambda: nn.Sequential(nn.Conv2d(4, 6, 3, groups=2)), (4, 8, 8), 6 * 2 * 9 + 6, 6 * 36 * 2 * 9),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_totals_are_the_published_ones_and_torch_counts_the_same(name):
    make, shape, parameters, macs = NETWORKS[name]
    with torch.device("meta"):
        model = make()
        table = layer_table(model, shape)
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, *shape))
    assert table.parameters == parameters == sum(weights.numel() for weights in model.parameters())
    assert table.macs == macs
    assert counter.get_total_flops() == 2 * macs


@pytest.mark.parametrize("name", ["LeNet-5", "AlexNet"])  # of a grouped convolution torch counts the way back as if it had none
def test_the_operations_of_training_are_those_that_torch_counts_forward_and_back(name):
    make, shape, _, _ = NETWORKS[name]
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model = make()
        model(torch.zeros(1, *shape)).sum().backward()
    assert layer_table(model, shape).training_operations == counter.get_total_flops()


def test_each_row_names_the_layer_its_settings_its_shape_and_its_cost():
    rows = layer_table(LeNet5(), (1, 28, 28)).rows()
    assert rows[0] == ("Conv2d 5x5, padding 2", "6 x 28 x 28", "156", "117,600")
    assert rows[1] == ("Tanh", "6 x 28 x 28", "", "")
    assert rows[-1] == ("total", "", "61,706", "416,520")


def test_the_table_is_text_in_a_terminal_and_html_on_a_page():
    table = layer_table(LeNet5(), (1, 28, 28))
    assert str(table).splitlines()[-1].split() == ["total", "61,706", "416,520"]
    page = table._repr_html_()
    assert page.count("<tr>") == 13
    assert '<tr class="total"><td>total</td>' in page
    assert page.count("<th ") == 4


def test_the_network_is_left_as_it_was():
    model = LeNet5().train()
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    layer_table(model, (1, 28, 28))
    assert model.training
    assert not model[0]._forward_hooks
    assert all(torch.equal(weights, before[name]) for name, weights in model.state_dict().items())
