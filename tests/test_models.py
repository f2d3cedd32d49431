"""lib.models: every published count, and every layer of ours against torch or a loop written out."""

import inspect
import math
import re
from itertools import product

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from lib import models
from lib.cost import layer_table
from lib.models import ARTICLES, AlexNet, AlexNet2012, LeNet5, LeNet5Original, LeNet1989, PooledAlexNet, article_network
from lib.models.between import BetweenNet
from lib.models.codes import digit_codes
from lib.models.layers import ColumnwiseLRN, PartialConv2d, RBFOutput, ScaledTanh, Subsampling, UnsharedBias, map_loss
from lib.models.lenet import C3_TABLE, H2_TABLE
from lib.models.network import initialize_by_variance


def parameters(model: nn.Module) -> int:
    return sum(weights.numel() for weights in model.parameters())


def on_paper(make, *arguments, **options) -> nn.Module:
    """Return a network that has shapes but no memory for its weights."""
    with torch.device("meta"):
        return make(*arguments, **options)


def weighted(model: nn.Module, shape: tuple) -> list[tuple]:
    """Return (parameters, connections) of the layers that have either."""
    return [(layer.parameters, layer.connections) for layer in layer_table(model, shape).layers if layer.connections]


# --- published counts -----------------------------------------------------------------------------------------------


def test_the_network_of_1989_has_9_760_parameters_and_64_660_connections_layer_by_layer():
    rows = weighted(LeNet1989(), (1, 16, 16))
    kernels_h1, biases_h1, kernels_h2, biases_h2, h3, output = rows
    assert kernels_h1[0] + biases_h1[0] == 1_068 == 300 + 768
    assert kernels_h1[1] + biases_h1[1] == 19_968
    assert kernels_h2[0] + biases_h2[0] == 2_592 == 2_400 + 192
    assert kernels_h2[1] + biases_h2[1] == 38_592
    assert h3 == (5_790, 5_790)
    assert output == (310, 310)
    assert sum(count for count, _ in rows) == 9_760
    assert sum(links for _, links in rows) == 64_660
    assert 16 * 16 + 768 + 192 + 30 + 10 == 1_256  # units, the inputs among them


def test_lenet_5_of_1998_has_60_000_parameters_and_340_908_connections_layer_by_layer():
    assert weighted(LeNet5Original(), (1, 28, 28)) == [
        (156, 122_304),  # C1
        (12, 5_880),  # S2
        (1_516, 151_600),  # C3
        (32, 2_000),  # S4
        (48_120, 48_120),  # C5
        (10_164, 10_164),  # F6
        (0, 840),  # the distances to fixed codes
    ]
    table = layer_table(LeNet5Original(), (1, 28, 28))
    assert table.parameters == 60_000
    assert table.total("connections") == 340_908
    assert table.macs == 326_520


def test_the_connection_table_of_c3_has_60_pairs_and_uses_every_map_ten_times():
    assert sum(map(len, C3_TABLE)) == 60
    assert [sum(i in maps for maps in C3_TABLE) for i in range(6)] == [10] * 6
    assert len(set(C3_TABLE)) == 16  # no two maps read the same: symmetry is broken
    assert [len(maps) for maps in C3_TABLE] == [3] * 6 + [4] * 9 + [6]


def test_every_map_of_h2_reads_8_of_the_12_maps_of_h1():
    assert [len(set(maps)) for maps in H2_TABLE] == [8] * 12
    assert [sum(i in maps for maps in H2_TABLE) for i in range(12)] == [8] * 12


def test_the_textbook_lenet_differs_from_1998_by_three_changes():
    assert parameters(LeNet5()) == 156 + 2_416 + 48_120 + 10_164 + 850 == 61_706
    assert parameters(LeNet5(nn.ReLU, nn.MaxPool2d)) == 61_706
    dense_c3, linear_output, no_coefficients = 2_416 - 1_516, 850, -(12 + 32)
    assert 60_000 + dense_c3 + linear_output + no_coefficients == 61_706


@pytest.mark.parametrize(
    ("make", "count", "macs"),
    [
        (AlexNet2012, 60_965_224, 724_406_816),
        (AlexNet, 62_378_344, 1_135_256_096),
        (lambda: AlexNet(1, 10), 58_299_082, 1_060_924_256),
        (lambda: AlexNet(1, 10, width=0.5), 14_590_314, 274_025_904),
        (lambda: AlexNet(maps=(64, 192, 384, 256, 256)), 61_100_840, 714_188_480),
        (lambda: article_network("half"), 16_630_440, 311_191_824),
        (lambda: article_network("half, ten classes"), 14_601_930, 309_164_304),
        (lambda: article_network("pooled"), 5_303_498, 1_007_935_328),
        (lambda: article_network("unpadded"), 46_764_746, 938_146_176),
        (lambda: article_network("padded by one"), 46_764_746, 938_146_176),
    ],
)
def test_each_alexnet_has_its_published_parameters_and_multiply_accumulates(make, count, macs):
    model = on_paper(make)
    table = layer_table(model, model.input_shape)
    assert (table.parameters, table.macs) == (count, macs)


def test_the_eight_weight_layers_of_2012_have_the_counts_of_the_paper_layer_by_layer():
    layers = [layer for layer in layer_table(on_paper(AlexNet2012), (3, 224, 224)).layers if layer.parameters]
    assert [layer.parameters for layer in layers] == [
        *(34_944, 307_456, 885_120, 663_936, 442_624),
        *(37_752_832, 16_781_312, 4_097_000),
    ]
    convolutions, dense = layers[:5], layers[5:]
    assert round(100 * sum(layer.parameters for layer in convolutions) / 60_965_224, 1) == 3.8
    assert round(100 * sum(layer.macs for layer in convolutions) / 724_406_816, 1) == 91.9
    assert round(100 * sum(layer.parameters for layer in dense) / 60_965_224, 1) == 96.2


def test_the_maps_of_2012_have_sides_55_27_13_and_6():
    layers = layer_table(on_paper(AlexNet2012), (3, 224, 224)).layers
    sides = [layer.output[1] for layer in layers if layer.kind in {"Conv2d", "MaxPool2d"}]
    assert sides == [55, 27, 27, 13, 13, 13, 13, 6]


def test_every_network_states_its_parameters_in_its_docstring():
    for name in models.__all__:
        network = getattr(models, name)
        if isinstance(network, type):
            stated = int(re.search(r"(\d{1,3}(?:,\d{3})+) parameters", network.__doc__).group(1).replace(",", ""))
            assert stated == parameters(on_paper(network)), name


@pytest.mark.parametrize("network", [LeNet1989, LeNet5Original, LeNet5, AlexNet, AlexNet2012])
def test_the_shape_after_every_line_of_a_table_is_the_shape_that_comes_out(network):
    commented = re.findall(r"# N x (\d+(?: x \d+)*)", inspect.getsource(network.__init__))
    model = on_paper(network)
    silent = {"ReLU", "Tanh", "ScaledTanh", "Dropout", "UnsharedBias", "ColumnwiseLRN"}
    outputs = [layer.output for layer in layer_table(model, model.input_shape).layers if layer.kind not in silent]
    assert [" x ".join(map(str, output)) for output in outputs] == commented


# --- the articles' traces ---------------------------------------------------------------------------------------------


def trace(name: str) -> list[tuple[str, tuple]]:
    model = on_paper(article_network, name)
    return [(layer.kind, layer.output) for layer in layer_table(model, model.input_shape).layers]


def test_the_trace_of_the_half_network_has_the_21_lines_that_its_article_prints():
    expected = """Conv2d 48 55 55 | ReLU 48 55 55 | MaxPool2d 48 27 27 | Conv2d 128 27 27 | ReLU 128 27 27 | MaxPool2d 128 13 13
        | Conv2d 192 13 13 | ReLU 192 13 13 | Conv2d 192 13 13 | ReLU 192 13 13 | Conv2d 128 13 13 | ReLU 128 13 13
        | MaxPool2d 128 6 6 | Flatten 4608 | Linear 2048 | ReLU 2048 | Dropout 2048 | Linear 2048 | ReLU 2048
        | Dropout 2048 | Linear 1000"""
    lines = [line.split() for line in expected.split("|")]
    assert len(lines) == 21
    assert trace("half") == [(kind, tuple(map(int, shape))) for kind, *shape in lines]


@pytest.mark.parametrize("name", ["unpadded", "padded by one"])
def test_the_traces_of_the_tutorials_go_54_26_12_5(name):
    outputs = [shape for kind, shape in trace(name) if kind in {"Conv2d", "MaxPool2d", "Flatten", "Linear"}]
    assert outputs == [
        *((96, 54, 54), (96, 26, 26), (256, 26, 26), (256, 12, 12), (384, 12, 12), (384, 12, 12), (256, 12, 12)),
        *((256, 5, 5), (6_400,), (4_096,), (4_096,), (10,)),
    ]


def test_the_trace_of_the_half_network_reads_as_torch_prints_it():
    lines = [f"{kind} {torch.Size((1, *shape))}" for kind, shape in trace("half")]
    assert lines[0] == "Conv2d torch.Size([1, 48, 55, 55])"
    assert lines[12:14] == ["MaxPool2d torch.Size([1, 128, 6, 6])", "Flatten torch.Size([1, 4608])"]
    assert lines[-1] == "Linear torch.Size([1, 1000])"


def test_the_trace_padded_by_one_reads_as_a_flax_summary_does():
    """Flax keeps the channels last and prints relu as custom_jvp and a lambda as function."""
    names = {"Conv2d": "Conv", "ReLU": "custom_jvp", "MaxPool2d": "function", "Flatten": "function", "Linear": "Dense"}
    shapes = [
        (names.get(kind, kind), (1, *shape[1:], *shape[:1]) if len(shape) == 3 else (1, *shape))
        for kind, shape in trace("padded by one")
    ]
    lines = [f"{name} output shape: {shape}" for name, shape in shapes]
    assert lines[:6] == [
        "Conv output shape: (1, 54, 54, 96)",
        "custom_jvp output shape: (1, 54, 54, 96)",
        "function output shape: (1, 26, 26, 96)",
        "Conv output shape: (1, 26, 26, 256)",
        "custom_jvp output shape: (1, 26, 26, 256)",
        "function output shape: (1, 12, 12, 256)",
    ]
    assert lines[-6:] == [
        "custom_jvp output shape: (1, 4096)",
        "Dropout output shape: (1, 4096)",
        "Dense output shape: (1, 4096)",
        "custom_jvp output shape: (1, 4096)",
        "Dropout output shape: (1, 4096)",
        "Dense output shape: (1, 10)",
    ]


def test_the_circulating_sum_is_off_by_the_slip_in_the_first_dense_layer():
    right = 256 * 5 * 5 * 4096 + 4096
    assert right == 26_218_496
    assert 27_140_096 - right == 47_686_346 - 46_764_746 == 921_600


# --- our layers against torch and against loops -------------------------------------------------------------------------


def test_scaled_tanh_maps_plus_and_minus_one_onto_themselves():
    assert ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0])).tolist() == pytest.approx([-1, 0, 1], abs=1e-4)


def test_subsampling_is_a_sum_times_a_coefficient_plus_a_bias():
    layer, x = Subsampling(3), torch.randn(2, 3, 4, 6)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    weight, bias, pixels = (tensor.detach().numpy() for tensor in (layer.weight, layer.bias, x))
    expected = np.zeros((2, 3, 2, 3))
    for n, m, i, j in product(range(2), range(3), range(2), range(3)):
        expected[n, m, i, j] = pixels[n, m, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].sum() * weight[m] + bias[m]
    assert np.allclose(layer(x).detach().numpy(), expected, atol=1e-5)
    assert torch.allclose(Subsampling(3)(x), F.avg_pool2d(x, 2), atol=1e-6)  # a coefficient of 1/4 is the average


def test_a_partial_convolution_sums_over_the_pairs_of_its_table_only():
    layer, x = PartialConv2d(C3_TABLE, 6, kernel_size=5), torch.randn(2, 6, 14, 14)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    expected = torch.zeros(2, 16, 10, 10)
    pair = 0
    for output, inputs in enumerate(C3_TABLE):
        expected[:, output] += layer.bias[output]
        for i in inputs:
            expected[:, output] += F.conv2d(x[:, i : i + 1], layer.weight[pair][None, None])[:, 0]
            pair += 1
    assert torch.allclose(layer(x), expected, atol=1e-4)


def test_a_partial_convolution_with_a_full_table_is_an_ordinary_one():
    layer, ordinary = PartialConv2d([(0, 1, 2)] * 4, 3, kernel_size=3, stride=2), nn.Conv2d(3, 4, 3, stride=2)
    layer.weight.data, layer.bias.data = ordinary.weight.data.reshape(12, 3, 3), ordinary.bias.data
    x = torch.randn(2, 3, 9, 9)
    assert torch.allclose(layer(x), ordinary(x), atol=1e-6)


@pytest.mark.parametrize("maps", [(), (0, 0), (0, 6), (-1,)])
def test_a_table_that_names_a_map_twice_or_none_is_refused(maps):
    with pytest.raises(ValueError, match=r"the table reads maps \(.*\): each must be named once, from 0 to 5"):
        PartialConv2d([(0, 1), maps], 6, kernel_size=3)


def test_the_rbf_units_give_minus_the_squared_distance_to_each_code():
    codes, x = torch.randn(10, 84), torch.randn(3, 84)
    expected = [[-sum((a - b) ** 2 for a, b in zip(row, code, strict=True)) for code in codes.tolist()] for row in x.tolist()]
    assert torch.allclose(RBFOutput(codes)(x), torch.tensor(expected), atol=1e-3)


def test_the_loss_of_1998_is_the_one_of_equation_9():
    distances, labels, j = torch.rand(4, 10) * 5, torch.tensor([3, 1, 4, 1]), 0.7
    expected = [
        row[y] + math.log(math.exp(-j) + sum(math.exp(-d) for d in row))
        for row, y in zip(distances.tolist(), labels, strict=True)
    ]
    assert map_loss(-distances, labels, j).item() == pytest.approx(sum(expected) / 4, rel=1e-5)


def test_the_loss_of_1998_still_pulls_when_every_code_is_far():
    """Ten equal distances: cross-entropy alone would not shrink them, the constant term does."""
    distances = torch.full((1, 10), 80.0, requires_grad=True)
    map_loss(-distances, torch.tensor([2])).backward()
    assert distances.grad[0, 2] > 0.99


def test_the_digit_codes_are_ten_different_pictures_of_plus_and_minus_one():
    codes = digit_codes()
    assert codes.shape == (10, 7 * 12)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    apart = [(codes[a] != codes[b]).sum().item() for a in range(10) for b in range(a)]
    assert min(apart) >= 5


@pytest.mark.parametrize(("alpha_in_code", "reading"), [(1e-4, "divided"), (5e-4, "literal")])
def test_the_two_readings_of_response_normalization_differ_by_the_division_by_n(alpha_in_code, reading):
    """The paper's formula multiplies the sum by alpha; the released code, torch and Caffe multiply the mean."""
    x, n, k, beta, alpha = torch.rand(1, 8, 2, 2) * 50, 5, 2, 0.75, 1e-4
    scale = alpha if reading == "literal" else alpha / n
    expected = torch.empty_like(x)
    for i in range(8):
        window = x[:, max(0, i - n // 2) : i + n // 2 + 1]
        expected[:, i] = x[:, i] / (k + scale * window.square().sum(1)) ** beta
    assert torch.allclose(F.local_response_norm(x, n, alpha_in_code, beta, k), expected, atol=1e-5)
    if reading == "divided":
        assert torch.allclose(ColumnwiseLRN(columns=1)(x), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (ScaledTanh(), (2, 3)),
        (Subsampling(2), (2, 2, 4, 4)),
        (PartialConv2d([(0, 1), (1, 2)], 3, kernel_size=2), (2, 3, 4, 4)),
        (UnsharedBias(2, 3), (2, 2, 3, 3)),
        (RBFOutput(torch.randn(4, 6)), (2, 6)),
        (ColumnwiseLRN(), (2, 4, 3, 3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_gradients_of_every_layer_of_ours_are_right(layer, shape):
    layer = layer.double()
    for weights in layer.parameters():
        nn.init.normal_(weights)
    assert torch.autograd.gradcheck(layer, torch.randn(shape, dtype=torch.double, requires_grad=True))
    for weights in layer.parameters():
        x = torch.randn(shape, dtype=torch.double)
        original = weights.detach().clone().requires_grad_()
        name = next(name for name, each in layer.named_parameters() if each is weights)
        assert torch.autograd.gradcheck(lambda w, name=name, x=x: torch.func.functional_call(layer, {name: w}, x), original)


# --- whole networks -------------------------------------------------------------------------------------------------------


def column(layers: list[nn.Module], x: torch.Tensor, at: int) -> torch.Tensor:
    """Run `x` through half `at` (0 or 1) of each layer, as one of the two graphics cards did."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            half = slice(at * layer.out_channels // 2, (at + 1) * layer.out_channels // 2)
            x = F.conv2d(x, layer.weight[half], layer.bias[half], layer.stride, layer.padding)
        else:
            x = F.local_response_norm(x, 5, 1e-4, 0.75, 2) if isinstance(layer, ColumnwiseLRN) else layer(x)
    return x


def test_the_network_of_2012_equals_two_halves_that_exchange_maps_only_where_the_paper_says():
    torch.manual_seed(0)
    model = AlexNet2012(classes=10).eval()
    for weights in model.parameters():  # large enough to see a difference
        nn.init.normal_(weights, std=0.05)
    images, layers = torch.rand(2, 3, 224, 224), list(model)
    first = [column(layers[:9], images, at) for at in (0, 1)]  # each card alone, up to the second pooling
    exchanged = torch.cat(first, 1)  # the third convolution reads both
    second = [column(layers[9:16], exchanged, at) for at in (0, 1)]  # and each goes on alone
    together = torch.cat(second, 1)
    assert torch.allclose(model[:16](images), together, atol=1e-4)
    assert torch.allclose(model(images), model[16:](together), rtol=1e-4, atol=1e-3)


def test_the_first_layer_of_2012_reads_three_zeros_beyond_the_right_and_lower_edge():
    """Rounding up: 1 + ceil((224 - 11) / 4) = 55 windows, the last reaching pixel 227."""
    assert 1 + math.ceil((224 - 11) / 4) == 55
    assert 4 * 54 + 11 == 227
    model, images = AlexNet2012(classes=2), torch.rand(1, 3, 224, 224)
    expected = F.conv2d(F.pad(images, (0, 3, 0, 3)), model[1].weight, model[1].bias, stride=4)
    assert torch.equal(model[:2](images), expected)


def test_the_weights_of_2012_start_with_spread_0_01_and_ones_where_the_paper_says():
    torch.manual_seed(0)
    layers = [layer for layer in AlexNet2012(classes=100) if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert [layer.bias.unique().tolist() for layer in layers] == [[0], [1], [0], [1], [1], [1], [1], [0]]
    assert all(abs(layer.weight.std().item() - 0.01) < 5e-4 for layer in layers)


def test_our_table_given_the_weights_of_torchvision_gives_the_logits_of_torchvision():
    torch.manual_seed(0)
    theirs = torchvision.models.alexnet(num_classes=10).eval()
    ours = AlexNet(3, 10, maps=(64, 192, 384, 256, 256)).eval()
    for mine, weights in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine.data.copy_(weights)
    images = torch.randn(2, 3, 224, 224)
    assert (ours(images) - theirs(images)).abs().max() < 1e-5


def test_dropout_stands_on_the_outputs_of_the_two_hidden_dense_layers_and_nowhere_else():
    for network in (AlexNet, AlexNet2012):
        kinds = [type(layer).__name__ for layer in on_paper(network)]
        assert kinds[-8:] == ["Flatten", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
        assert kinds.count("Dropout") == 2


def test_the_border_around_a_digit_is_background():
    def borders(model: nn.Module) -> list[float]:
        return [layer.value for layer in model if isinstance(layer, nn.ConstantPad2d)]

    assert borders(LeNet1989()) == [-1, -1]
    assert borders(LeNet5Original()) == [-0.1]
    assert borders(on_paper(AlexNet2012)) == [0]


def test_the_lenets_start_with_weights_within_2_4_over_the_fan_in_and_biases_of_zero():
    model = LeNet5Original()
    assert model[1].weight.abs().max() <= 2.4 / 25
    assert model[1].weight.abs().max() > 0.9 * 2.4 / 25
    c3 = model[5]
    for output, maps in enumerate(C3_TABLE):
        drawn = c3.weight[c3.pairs[:, 0] == output].abs().max()
        assert 0.8 * 2.4 / (25 * len(maps)) < drawn <= 2.4 / (25 * len(maps))
    assert all(not layer.bias.any() for layer in model if isinstance(layer, nn.Conv2d | nn.Linear))


def test_a_slice_of_a_network_is_that_part_with_the_same_weights():
    model = LeNet5()
    images = torch.rand(2, 1, 28, 28)
    part = model[:3]
    assert part(images).shape == (2, 6, 14, 14)
    assert part[0].weight is model[0].weight
    assert torch.equal(model[3:](part(images)), model(images))


def test_the_weights_follow_the_seed():
    for network, at in ((LeNet5, 0), (LeNet5Original, 5), (LeNet1989, 5)):

        def first(seed: int, network=network, at=at) -> torch.Tensor:
            torch.manual_seed(seed)
            return network()[at].weight

        assert torch.equal(first(1), first(1))
        assert not torch.equal(first(1), first(2))


# --- wrong arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "shape", "sentence"),
    [
        (
            PooledAlexNet,
            (2, 1, 62, 62),
            "PooledAlexNet takes images of N x 1 x side x side with a side of 63 to 9999 pixels, not 2 x 1 x 62 x 62",
        ),
        (AlexNet, (2, 1, 224, 224), "AlexNet takes images of N x 3 x .* side of 223 to 254 pixels, not 2 x 1 x 224 x 224"),
        (AlexNet, (2, 3, 28, 28), "side of 223 to 254 pixels, not 2 x 3 x 28 x 28"),
        (LeNet5, (1, 1, 32, 32), "LeNet5 takes .* side of 28 to 31 pixels, not 1 x 1 x 32 x 32"),
        (LeNet1989, (1, 1, 28, 28), "LeNet1989 takes .* side of 15 to 16 pixels, not 1 x 1 x 28 x 28"),
        (LeNet5, (28, 28), "LeNet5 takes images of N x 1 x .*, not 28 x 28"),
    ],
)
def test_images_of_a_wrong_shape_are_refused_with_the_shapes_that_work(make, shape, sentence):
    with pytest.raises(ValueError, match=sentence):
        on_paper(make)(torch.zeros(shape, device="meta"))


@pytest.mark.parametrize(
    "make",
    [LeNet1989, LeNet5Original, LeNet5, AlexNet, AlexNet2012, *(lambda name=name: article_network(name) for name in ARTICLES)],
)
def test_the_sides_a_network_names_are_those_that_work_and_their_neighbors_do_not(make):
    model = on_paper(make)
    channels = model.input_shape[0]

    def works(side: int) -> bool:
        try:
            return nn.Sequential(*model)(torch.zeros(1, channels, side, side, device="meta")).ndim == 2
        except RuntimeError:
            return False

    assert works(model.sides[0])
    assert works(min(model.sides[-1], 400))
    assert not works(model.sides[0] - 1)
    if model.sides[-1] < 400 and not isinstance(model, AlexNet2012):  # whose 227-pixel twin works too, unpadded
        assert not works(model.sides[-1] + 1)


def test_an_unknown_article_or_padding_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown network 'full': choose one of 'half', 'half, ten classes', 'pooled'"):
        article_network("full")
    with pytest.raises(ValueError, match="padding of the first layer is 3: choose one of 0, 1, 2"):
        AlexNet(padding=3)


def test_a_number_of_classes_below_two_is_refused():
    for network in (LeNet5, AlexNet, AlexNet2012):
        with pytest.raises(ValueError, match="classes is 1: a classifier needs 2 or more"):
            network(classes=1)


def test_between_net_is_lenet5_as_called_without_arguments():
    torch.manual_seed(0)
    ours, lenet = BetweenNet(), LeNet5()
    ours.load_state_dict(dict(zip(ours.state_dict(), lenet.state_dict().values(), strict=True)))
    images = torch.rand(3, 1, 28, 28)
    assert torch.equal(ours(images), lenet(images))


@pytest.mark.parametrize(
    ("change", "parameters"),
    [
        ({"activation": nn.ReLU}, 61_706),
        ({"pooling": nn.MaxPool2d, "overlapping": True}, 61_706),
        # 26 a, 25 a b + b, 25 b d + d, d e + e, 10 e + 10 with three times 6, 16, 120, 84
        ({"width": 3}, 26 * 18 + 25 * 18 * 48 + 48 + 25 * 48 * 360 + 360 + 360 * 252 + 252 + 10 * 252 + 10),
        ({"deep": True}, 61_706 + (9 * 16 * 24 + 24) + (9 * 24 * 24 + 24) + (9 * 24 * 16 + 16)),
        ({"dropout": 0.5}, 61_706),
        ({"lrn": True}, 61_706),
    ],
)
def test_each_step_between_lenet_and_alexnet_changes_what_it_says(change, parameters):
    torch.manual_seed(0)
    plain = BetweenNet()
    torch.manual_seed(0)
    network = BetweenNet(**change)
    assert sum(weights.numel() for weights in network.parameters()) == parameters
    images = torch.rand(3, 1, 28, 28)
    assert network(images).shape == (3, 10)
    assert not torch.equal(network(images), plain(images))  # in training mode, where dropout acts


def test_initialize_by_variance_draws_the_spread_it_says_and_keeps_the_signal_through_relus():
    torch.manual_seed(0)
    stack = nn.Sequential(*[layer for _ in range(8) for layer in (nn.Linear(500, 500), nn.ReLU())], nn.Linear(500, 500))
    assert initialize_by_variance(stack) is stack
    assert stack[0].weight.std().item() == pytest.approx(math.sqrt(2 / 500), rel=0.01)
    assert stack[-1].weight.std().item() == pytest.approx(math.sqrt(1 / 500), rel=0.01)
    assert not any(layer.bias.any() for layer in stack if isinstance(layer, nn.Linear))
    spread = stack[:-1](torch.randn(200, 500)).square().mean().item()
    assert 0.5 < spread < 2  # with gain 1 it would be 2**-8
    lost = initialize_by_variance(stack, gain=1)[:-1](torch.randn(200, 500)).square().mean().item()
    assert lost < 0.01
