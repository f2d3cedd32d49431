"""The benchmarks: what they stored adds up, and climbing the ladder works."""

import subprocess
import sys

import pytest
import torch

from lib.data import load, subset
from lib.runs import RUNS, read_measurement

sys.path.insert(0, str(RUNS.parent / "benchmarks"))
import memory
import speed_ladder

LADDERS = sorted(path.parent.name for path in RUNS.glob("speed-ladder-*/measurement.json"))
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


@pytest.mark.parametrize("script", ["benchmarks/speed_ladder.py", "benchmarks/memory.py", "scripts/record.py"])
def test_a_device_that_is_not_here_is_named_in_one_line(script):
    command = [sys.executable, str(RUNS.parent / script), "--device", "cuda:99"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode in (1, 2)
    assert "device 'cuda:99' is not on this machine: choose one of" in answer.stderr
    assert "Traceback" not in answer.stderr
