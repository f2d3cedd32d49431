"""lib.runs and lib.recipes: a record is whole or absent, says what it says, and can be recomputed."""

import shutil
import subprocess
import sys
import warnings
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import skip_or_fail
from torch import nn
from torch.nn import functional as F

from lib.baselines import BASELINES
from lib.checkpoints import CheckpointError, load_checkpoint
from lib.configs import Config, Epoch, Run
from lib.data import load, subset
from lib.evaluation import predict
from lib.files import FILES, SOURCES
from lib.models import LeNet5, LeNet5Original
from lib.recipes import RECIPES, Baseline, Recipe, build, data_of, describe, find
from lib.runs import (
    LARGEST,
    REPLAYED,
    RUNS,
    Record,
    RecordError,
    read_measurement,
    read_record,
    write_measurement,
    write_record,
)

sys.path.insert(0, str(RUNS.parent / "scripts"))
import record as record_script
from record import outcome, train_seed

MEASURED = sorted(path.parent.name for path in RUNS.glob("*/measurement.json"))
RECORDED = sorted(path.name for path in RUNS.glob("[!.]*") if path.name not in MEASURED)


@pytest.fixture
def record() -> Record:
    epoch = Epoch(1, 0.5, 0.8, 0.4, 0.9, 12.0, 5_000.0)
    runs = tuple(Run(Config(epochs=1, seed=seed), (epoch,), "CPU, 2 threads", {"torch": "2"}) for seed in range(2))
    predictions = np.arange(20, dtype=np.uint8).reshape(2, 10) % 10
    return Record(
        {"network": "LeNet5"},
        61_706,
        runs,
        (0.9, 0.92),
        predictions,
        {"file": "00"},
        "2026-01-01",
        filters=np.ones((6, 1, 5, 5)),
    )


def test_a_record_comes_back_as_it_was_written(record, tmp_path):
    write_record(record, tmp_path / "some")
    back = read_record("some", tmp_path)
    assert {k: v for k, v in asdict(back).items() if k not in ("predictions", "filters")} == {
        k: v for k, v in asdict(record).items() if k not in ("predictions", "filters")
    }
    assert np.array_equal(back.predictions, record.predictions)
    assert np.array_equal(back.filters, record.filters)
    assert [path.name for path in tmp_path.iterdir()] == ["some"]


def test_a_record_knows_its_mean_its_spread_and_its_seconds(record):
    assert record.mean == pytest.approx(0.91)
    assert record.spread == pytest.approx(np.std([0.9, 0.92], ddof=1))
    assert record.seconds == 12
    assert replace(record, accuracies=(0.9,)).spread == 0


def test_a_new_record_replaces_the_old_one_and_one_that_is_too_large_does_not(record, tmp_path):
    write_record(record, tmp_path / "some")
    write_record(replace(record, parameters=7), tmp_path / "some")
    assert read_record("some", tmp_path).parameters == 7
    noise = np.random.default_rng(0).integers(0, 256, (1_000, 1_000), np.uint8)
    with pytest.raises(RecordError, match=f"more than {LARGEST:,}: store less"):
        write_record(replace(record, predictions=noise), tmp_path / "some")
    assert read_record("some", tmp_path).parameters == 7
    assert [path.name for path in tmp_path.iterdir()] == ["some"]


def test_an_interruption_between_the_two_renames_keeps_the_old_record(record, tmp_path, monkeypatch):
    write_record(record, tmp_path / "some")
    rename = Path.rename

    def interrupted(path, target):
        if path.name == "new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_record(replace(record, parameters=7), tmp_path / "some")
    assert read_record("some", tmp_path).parameters == record.parameters
    assert [path.name for path in tmp_path.iterdir()] == ["some"]


def test_a_half_written_folder_is_never_taken_for_a_record(record, tmp_path):
    write_record(record, tmp_path / "some")
    (tmp_path / "some" / "predictions.npz").unlink()
    with pytest.raises(RecordError, match=r"lacks predictions.npz: record it with `python scripts/record.py some`"):
        read_record("some", tmp_path)
    with pytest.raises(RecordError, match=r"lacks record.json and predictions.npz"):
        read_record("other", tmp_path)


@pytest.mark.parametrize("file", ["record.json", "predictions.npz"])
def test_a_damaged_file_is_never_taken_for_a_record(record, tmp_path, file):
    write_record(record, tmp_path / "some")
    path = tmp_path / "some" / file
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordError, match=r"some is damaged .*: restore it, or record it again"):
        read_record("some", tmp_path)


def test_an_unknown_recipe_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown recipe 'lenet': choose one of lenet5-1998"):
        find("lenet")


def test_a_recipe_builds_the_same_network_for_the_same_seed():
    recipe = find("lenet5-1998")
    one, same, other = (next(build(recipe, seed).parameters()) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_the_pixels_of_1998_run_from_minus_0_1_to_1_175(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_DATA", str(tmp_path))
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    with pytest.warns(UserWarning, match="stand-in"):
        data = data_of(find("lenet5-1998"))
    assert (0 - data.mean) / data.std == pytest.approx(-0.1)
    assert (1 - data.mean) / data.std == pytest.approx(1.175)


def test_there_is_a_record_for_every_recipe_of_a_cpu_and_a_recipe_for_every_record():
    assert {name for name, recipe in RECIPES.items() if recipe.device == "cpu"} <= set(RECORDED) <= set(RECIPES)


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_was_made_by_the_recipe_of_its_name_with_the_network_it_names(name):
    record, recipe = read_record(name), find(name)
    assert record.recipe == describe(recipe)
    assert record.recipe["config"] == asdict(recipe.config)
    if isinstance(recipe, Recipe):
        assert record.parameters == sum(weights.numel() for weights in build(recipe, 0).parameters())
        assert record.filters.shape == next(weights for weights in build(recipe, 0).parameters() if weights.ndim == 4).shape
    else:
        assert recipe.method in BASELINES
    assert len(record.runs) >= recipe.seeds
    for seed, run in enumerate(record.runs):
        assert run.config == replace(recipe.config, seed=seed)
        assert len(run.history) == run.config.epochs
        assert run.device
        assert run.versions["torch"]
    assert sum(file.stat().st_size for file in (RUNS / name).iterdir()) < LARGEST
    assert record.sha256 == dict(zip(FILES, SOURCES[recipe.dataset].sha256, strict=True))


def recomputed(record: Record) -> list[float]:
    """Return the accuracy of each seed, from its stored predictions and the real labels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = load(record.recipe["dataset"])
    if data.stand_in:
        skip_or_fail(f"the real {data.title} is not at hand: set BOOK_DATA")
    labels = data.test.labels.numpy()
    assert record.predictions.shape == (len(record.runs), len(labels))
    return [float((each == labels).mean()) for each in record.predictions]


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_accuracy_is_recomputed_from_the_stored_predictions(name):
    record = read_record(name)
    assert recomputed(record) == list(record.accuracies)
    if record.confidences is not None:  # the probability of the likeliest of ten classes, in 255ths
        assert record.confidences.shape == record.predictions.shape
        assert record.confidences.min() >= 25


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_altered_by_one_digit_is_found_out(name, tmp_path):
    shutil.copytree(RUNS / name, tmp_path / name)
    path = tmp_path / name / "record.json"
    text = path.read_text(encoding="utf-8")
    digits = repr(read_record(name).accuracies[0])
    altered = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert digits in text
    path.write_text(text.replace(digits, altered), encoding="utf-8")
    record = read_record(name, tmp_path)
    assert recomputed(record) != list(record.accuracies)


def test_a_recording_killed_at_a_random_step_and_resumed_equals_one_left_alone():
    """Once here, with a step drawn anew each time; twenty times by default in the benchmark itself."""
    script = RUNS.parent / "benchmarks" / "kill_and_resume.py"
    seed = np.random.SeedSequence().entropy % 1_000_000
    command = [sys.executable, "-W", "ignore", str(script), "--times", "1", "--seed", str(seed)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, (seed, answer.stdout, answer.stderr)
    assert "True; equal when resumed: True" in answer.stdout


def test_a_recording_refuses_what_is_not_its_own(tmp_path, shapes):
    """The state of another configuration, or the weights of another network, in the folder of an interrupted run."""
    recipe = Recipe(LeNet5, "mnist", Config(epochs=1, batch_size=32))
    few = subset(shapes, 64)
    train_seed(recipe, few, 0, tmp_path)
    with pytest.raises(ValueError, match="was begun with Config"):
        train_seed(replace(recipe, config=Config(epochs=2, batch_size=32)), few, 0, tmp_path)
    with pytest.raises(CheckpointError, match="holds a LeNet5 of 61,706 numbers, not this LeNet5Original of"):
        train_seed(replace(recipe, network=LeNet5Original), few, 0, tmp_path)
    file = tmp_path / "seed-0.safetensors"
    file.write_bytes(file.read_bytes()[:1_000])
    with pytest.raises(CheckpointError, match=r"cannot read .*seed-0.safetensors .*truncated"):
        train_seed(recipe, few, 0, tmp_path)


def test_a_recording_that_loses_its_numbers_says_which_weights_it_kept(tmp_path, shapes):
    recipe = Recipe(LeNet5, "mnist", Config(epochs=2, batch_size=16, lr=1e30, schedule="constant"))
    with pytest.raises(FloatingPointError, match="no epoch was finished"):
        train_seed(recipe, subset(shapes, 160), 0, tmp_path)
    good = replace(recipe, config=Config(epochs=2, batch_size=32, schedule="constant"))
    calls = []

    def loss(logits, labels):
        calls.append(logits.requires_grad)
        return F.cross_entropy(logits, labels) * (float("nan") if calls.count(True) > 2 and calls[-1] else 1)

    with pytest.raises(FloatingPointError, match=r"at step 1 of epoch 2 .*the weights after epoch 1 are in .*seed-0"):
        train_seed(replace(good, loss=loss), subset(shapes, 64), 0, tmp_path)
    assert len(load_checkpoint(LeNet5(), tmp_path / "seed-0.safetensors").history) == 1


def dropping() -> nn.Module:
    """A LeNet-5 with dropout: whoever watches it must leave the random states alone."""
    return nn.Sequential(*LeNet5()[:-1], nn.Dropout(0.5), LeNet5()[-1])


REPLAY = Recipe(dropping, "mnist", Config(epochs=3, batch_size=32, flip=True), seeds=1, replay=True)


def test_watching_a_run_changes_nothing_in_it(tmp_path, shapes):
    """The test images are read after each epoch; the weights, and so the answers at the end, are those of a plain run."""
    few = subset(shapes, 160)
    watched, arrays, _ = outcome(REPLAY, few, 0, tmp_path / "watched")
    plain, expected, _ = outcome(replace(REPLAY, replay=False), few, 0, tmp_path / "plain")
    assert [epoch.train_loss for epoch in watched.history] == [epoch.train_loss for epoch in plain.history]
    for name, array in expected.items():
        assert np.array_equal(arrays[name], array), name
    assert np.array_equal(arrays["predictions_by_epoch"][-1], expected["predictions"])
    assert np.array_equal(arrays["filters_by_epoch"][-1], expected["filters"])
    assert np.array_equal(arrays["labels"], shapes.test.labels.numpy())
    assert not set(REPLAYED) & set(expected)


def test_a_replay_holds_the_start_and_what_a_run_ended_after_each_epoch_would_say(tmp_path, shapes):
    few = subset(shapes, 160)
    recipe = replace(REPLAY, config=replace(REPLAY.config, schedule="constant"))  # one that does not know when it will end
    _, arrays, _ = outcome(recipe, few, 0, tmp_path / "whole")
    first = build(recipe, 0)
    assert np.array_equal(arrays["filters_by_epoch"][0], first[0].weight.detach().half().numpy())
    assert np.array_equal(arrays["predictions_by_epoch"][0], predict(first, few, few.test).argmax(1).numpy())
    for epochs in (1, 2):
        short = replace(recipe, config=replace(recipe.config, epochs=epochs))
        _, expected, _ = outcome(short, few, 0, tmp_path / str(epochs))
        assert np.array_equal(arrays["predictions_by_epoch"][epochs], expected["predictions"])
        assert np.array_equal(arrays["filters_by_epoch"][epochs], expected["filters"])
    assert len(arrays["predictions_by_epoch"]) == recipe.config.epochs + 1


def test_a_replay_that_is_interrupted_goes_on_with_the_frames_that_it_has(tmp_path, shapes, monkeypatch):
    few = subset(shapes, 160)
    _, expected, _ = outcome(REPLAY, few, 0, tmp_path / "alone")
    save = record_script.save_checkpoint

    def interrupted(model, path, state):
        if len(state.history) == 2:  # the frame of this epoch is there, its checkpoint is not
            raise KeyboardInterrupt
        save(model, path, state)

    monkeypatch.setattr(record_script, "save_checkpoint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        outcome(REPLAY, few, 0, tmp_path / "part")
    monkeypatch.undo()
    assert sorted(path.name for path in (tmp_path / "part").glob("*.npz")) == [f"epoch-{epoch}.npz" for epoch in range(3)]
    _, arrays, _ = outcome(REPLAY, few, 0, tmp_path / "part")
    for name, array in expected.items():
        assert np.array_equal(arrays[name], array), name
    (tmp_path / "part" / "epoch-1.npz").write_bytes(b"half")
    with pytest.raises(RecordError, match=r"cannot read .*epoch-1.npz .*: remove .*part and record again"):
        outcome(REPLAY, few, 0, tmp_path / "part")


REPLAYS = [name for name in RECORDED if getattr(find(name), "replay", False)]


def test_the_run_that_was_watched_ended_as_the_plain_one_of_its_recipe():
    watched, plain = read_record("replay-lenet5-modern"), read_record("lenet5-modern")
    assert watched.runs[0].config == plain.runs[0].config
    assert np.array_equal(watched.predictions[0], plain.predictions[0])
    assert np.array_equal(watched.filters, plain.filters)
    for name in ("train_loss", "validation_accuracy"):
        assert [getattr(epoch, name) for epoch in watched.runs[0].history] == [
            getattr(epoch, name) for epoch in plain.runs[0].history
        ]


@pytest.mark.parametrize("name", REPLAYS)
def test_a_replay_goes_from_the_start_of_its_recipe_to_the_end_of_its_record_with_the_real_labels(name):
    replayed = read_record(name)
    assert len(replayed.predictions_by_epoch) == len(replayed.filters_by_epoch) == replayed.runs[0].config.epochs + 1
    assert np.array_equal(replayed.predictions_by_epoch[-1], replayed.predictions[0])
    assert np.array_equal(replayed.filters_by_epoch[-1], replayed.filters)
    first = next(weights for weights in build(find(name), 0).parameters() if weights.ndim == 4)
    assert np.array_equal(replayed.filters_by_epoch[0], first.detach().half().numpy())
    assert recomputed(replayed)[0] == float((replayed.predictions_by_epoch[-1] == replayed.labels).mean())
    assert np.array_equal(replayed.labels, data_of(find(name)).test.labels.numpy())


def test_a_baseline_is_recorded_like_a_network_with_the_share_of_errors_for_a_loss(shapes, tmp_path):
    few = subset(shapes, 200)
    run, arrays, parameters = outcome(Baseline("linear", "fashion-mnist"), few, 3, tmp_path)
    assert run.seed == 3
    assert run.last.validation_loss == pytest.approx(1 - run.last.validation_accuracy)
    assert run.last.train_accuracy > 0.9
    assert run.versions["scikit-learn"]
    assert list(arrays) == ["predictions"]
    assert arrays["predictions"].shape == (len(shapes.test),)
    assert parameters == 784 * len(shapes.classes) + len(shapes.classes)
    assert list(tmp_path.iterdir()) == []


def test_the_recipes_are_listed_with_their_cost_and_records():
    command = [sys.executable, "-W", "ignore", str(RUNS.parent / "scripts" / "record.py"), "--list", "--device", "cpu"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    lines = answer.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[::2]] == list(RECIPES)
    assert all("about " in line and " min for " in line for line in lines[1::2])


def test_an_unknown_recipe_is_one_line_in_a_terminal():
    command = [sys.executable, str(RUNS.parent / "scripts" / "record.py"), "lenet"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: unknown recipe 'lenet': choose one of lenet5-1998, ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("name", MEASURED)
def test_a_measurement_names_its_device_its_versions_and_its_day(name):
    found = read_measurement(name)
    assert found["device"]
    assert found["versions"]["torch"]
    assert date.fromisoformat(found["recorded"])
    assert found["values"]
    assert [file.name for file in (RUNS / name).iterdir()] == ["measurement.json"]


def test_a_measurement_comes_back_as_it_was_written_and_a_missing_one_is_named(tmp_path):
    write_measurement("some", {"speed": 1.5}, torch.device("cpu"), tmp_path)
    assert read_measurement("some", tmp_path)["values"] == {"speed": 1.5}
    assert read_measurement("some", tmp_path)["device"].startswith("CPU")
    with pytest.raises(RecordError, match=r"other.measurement.json is missing: the benchmark"):
        read_measurement("other", tmp_path)


@pytest.mark.parametrize("name", RECORDED + MEASURED)
def test_no_record_tells_where_it_was_made(name):
    text = "".join(path.read_text(encoding="utf-8") for path in (RUNS / name).glob("*.json"))
    assert "/home/" not in text
    assert "/root/" not in text
