"""The benchmarks: what they stored adds up, and climbing the ladder works."""

import subprocess
import sys

import pytest
import torch

from lib.data import load, subset
from lib.runs import RUNS, read_measurement

sys.path.insert(0, str(RUNS.parent / "benchmarks"))
import hardware
import memory
import speed_ladder

LADDERS = sorted(path.parent.name for path in RUNS.glob("speed-ladder-*/measurement.json"))
MACHINES = sorted(path.parent.name for path in RUNS.glob("hardware-*/measurement.json"))
WIDTHS = list(speed_ladder.NETWORKS)


def test_there_is_a_recorded_ladder_of_a_cpu():
    assert "speed-ladder-cpu" in LADDERS


@pytest.mark.parametrize("name", LADDERS)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_recorded_ladder_adds_up(name, width):
    """Ratios and shares follow from the speeds, the arithmetic from the network as it is now."""
    values = read_measurement(name)["values"]
    found, rungs = values[width], values[width]["rungs"]
    fastest = max(values["matrix_rates"].values())
    operations = speed_ladder.operations(speed_ladder.NETWORKS[width])
    assert [rung["rung"] for rung in rungs] == [rung.name for rung in speed_ladder.ladder()]
    assert found["operations_per_image"] == operations
    assert found["floor_images_per_second"] == pytest.approx(fastest / operations, abs=0.1)
    for rung in rungs:
        assert rung["ratio"] == pytest.approx(rung["images_per_second"] / rungs[0]["images_per_second"], abs=0.01)
        assert rung["share_of_matrix_rate"] == pytest.approx(rung["images_per_second"] * operations / fastest, abs=0.002)
        assert abs(rung["loss"] / rungs[0]["loss"] - 1) < speed_ladder.BAND
        assert rung["same_loss"]
    for shares in found["profiles"].values():
        assert sum(shares.values()) == pytest.approx(1, abs=0.01)


def test_training_the_full_network_on_a_cpu_stays_under_6_gb():
    peaks = read_measurement("memory-cpu")["values"]["full width"]
    assert list(map(int, peaks)) == list(memory.BATCHES)
    assert list(peaks.values()) == sorted(peaks.values())
    assert max(peaks.values()) < 6e9


def test_every_rung_adds_one_switch_to_the_one_before():
    before, *rest = [tuple(vars(rung).values())[1:] for rung in speed_ladder.ladder()]
    assert not any(before)
    for switches in rest:
        assert sum(switches) == sum(before) + 1
        before = switches
    assert all(before)


@pytest.mark.parametrize("rung", speed_ladder.ladder()[:-1], ids=lambda rung: rung.name)  # compiling takes a minute
def test_every_rung_trains_to_the_loss_of_the_first(rung, monkeypatch):
    """Small: an eighth of the width, 16 images a batch, four steps. With 4 a batch chance moved the loss by 16 %."""
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    data = subset(load("fashion-mnist"), 80)
    losses = []
    for each in (speed_ladder.ladder()[0], rung):
        trainer = speed_ladder.Trainer(each, 0.125, data, 16, torch.device("cpu"))
        assert trainer.seconds(4) > 0
        losses.append(trainer.evaluate())
    assert losses[1] == pytest.approx(losses[0], rel=speed_ladder.BAND)


def test_there_is_a_measured_cpu():
    assert "hardware-cpu" in MACHINES


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("network", hardware.NETWORKS)
def test_what_was_counted_of_a_measured_machine_follows_from_the_networks_as_they_are(name, network):
    values = read_measurement(name)["values"]
    assert values["training_operations"][network] == hardware.table_of(network).training_operations
    for precision, batches in values["forward"][network].items():
        for batch, layers in batches.items():
            costs = hardware.forward_costs(network, int(batch), hardware.PRECISIONS[precision].itemsize)
            assert [{key: layer[key] for key in costs[0]} for layer in layers] == costs


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("network", hardware.NETWORKS)
def test_no_layer_of_a_measured_machine_is_above_the_roof(name, network):
    """The slope is that of the best copy of any size: small layers live in the cache. The margin of 1.5 is for a busy
    machine, which slows some measurements and not others, and for layers that mostly read: copying also writes."""
    values = read_measurement(name)["values"]
    fastest_copy = max(values["copy"].values())
    for precision, batches in values["forward"][network].items():
        fastest_product = max(values["matrix"][precision].values())
        for layers in batches.values():
            for layer in layers:
                roof = min(fastest_product, fastest_copy * layer["operations"] / layer["bytes"])
                assert layer["operations"] / layer["seconds"] <= 1.5 * roof


@pytest.mark.parametrize("name", MACHINES)
def test_every_training_step_of_a_measured_machine_has_its_rounds_the_slowest_first(name):
    values = read_measurement(name)["values"]
    for variants in values["throughput"].values():
        for batches in variants.values():
            for rounds in batches.values():
                assert rounds == sorted(rounds)
                assert len(rounds) == values["rounds"] >= 3


@pytest.mark.parametrize("name", MACHINES)
def test_the_shares_of_a_step_of_a_measured_machine_sum_to_1(name):
    for profiles in read_measurement(name)["values"]["profile"].values():
        for shares in profiles.values():
            assert list(shares) == [*(kind for kind, _ in hardware.KINDS), hardware.WAITING]
            assert sum(shares.values()) == pytest.approx(1, abs=0.001)


def test_bytes_and_operations_of_a_layer_by_hand():
    """LeNet-5's first layer: 28 x 28 pixels, 6 kernels of 25 weights and a bias, 6 maps of 28 x 28."""
    first = hardware.forward_costs("LeNet-5", batch=10, bytes_each=4)[0]
    assert first["operations"] == 10 * 2 * 6 * 28 * 28 * 25
    assert first["bytes"] == 4 * (6 * 26 + 10 * (28 * 28 + 6 * 28 * 28))


def test_operations_of_torch_fall_into_their_kinds():
    kinds = {
        "aten::convolution_backward": "convolution, backward",
        "aten::mkldnn_convolution": "convolution, forward",
        "aten::cudnn_convolution": "convolution, forward",
        "aten::addmm": "dense layers",
        "aten::mm": "dense layers",
        "aten::max_pool2d_with_indices_backward": "pooling",
        "aten::threshold_backward": "activation",
        "aten::copy_": "copying and converting",
        "aten::_fused_sgd_": "optimizer",
        "Optimizer.step#SGD.step": "optimizer",
        "aten::_log_softmax": "other operations",
        "autograd::engine::evaluate_function: ConvolutionBackward0": "other operations",
    }
    assert {operation: hardware.kind_of(operation) for operation in kinds} == kinds


def test_everything_about_a_machine_can_be_measured(monkeypatch):
    """Small: LeNet-5 alone, one size of each thing, one round."""
    monkeypatch.setattr(hardware, "NETWORKS", {"LeNet-5": hardware.NETWORKS["LeNet-5"]})
    plan = hardware.Plan((16,), (2,), (2, 5), (1 << 12,), {"LeNet-5": (2,)}, forward=(1,), rounds=1)
    found = hardware.measure(plan, torch.device("cpu"))
    assert found["matrix"].keys() == hardware.PRECISIONS.keys()
    assert found["convolution"].keys() == found["throughput"]["LeNet-5"].keys() == hardware.VARIANTS.keys()
    rates = [*found["matrix"].values(), *found["convolution"].values(), found["copy"]]
    assert all(rate > 0 for sizes in rates for rate in sizes.values())
    assert all(rounds[0] > 0 for batches in found["throughput"]["LeNet-5"].values() for rounds in batches.values())
    assert all(layer["seconds"] > 0 for layer in found["forward"]["LeNet-5"]["fp32"]["1"])
    assert [sum(shares.values()) for shares in found["profile"]["LeNet-5"].values()] == pytest.approx([1, 1], abs=0.001)


@pytest.mark.parametrize(
    "script", ["benchmarks/hardware.py", "benchmarks/speed_ladder.py", "benchmarks/memory.py", "scripts/record.py"]
)
def test_a_device_that_is_not_here_is_named_in_one_line(script):
    command = [sys.executable, str(RUNS.parent / script), "--device", "cuda:99"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode in (1, 2)
    assert "device 'cuda:99' is not on this machine: choose one of" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_two_hundred_submissions_were_graded_as_foretold_after_the_grader_was_killed():
    values = read_measurement("grading-cpu")["values"]
    assert values["as_foretold"] == values["submissions"] == sum(values["kinds"].values()) == 200
    assert set(values["kinds"]) == {"right", "partly", "wrong", "hostile"}
    assert values["submissions"] / 2 <= values["finished_when_killed"] < values["submissions"]
    assert values["minutes"] <= 10
    assert values["peak_mb_largest"] <= 600


def test_every_set_of_exercises_was_timed_and_answers_in_time():
    values = read_measurement("exercises-cpu")["values"]
    assert set(values) == {path.stem for path in RUNS.parent.glob("exercises/source/*/*.ipynb")}
    assert max(found["seconds"] for found in values.values()) < 120
    assert max(found["slowest_visible_check"] for found in values.values()) < 5
