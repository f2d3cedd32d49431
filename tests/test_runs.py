"""lib.runs and lib.recipes: a record is whole or absent, says what it says, and can be recomputed."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from lib.data import load
from lib.files import FILES, SOURCES
from lib.recipes import RECIPES, build, data_of, describe, find
from lib.runs import LARGEST, RUNS, Record, RecordError, read_record, write_record
from lib.training import Config, Epoch, Run

RECORDED = sorted(path.name for path in RUNS.glob("[!.]*")) if RUNS.exists() else []


@pytest.fixture
def record() -> Record:
    epoch = Epoch(1, 0.5, 0.8, 0.4, 0.9, 12.0, 5_000.0)
    runs = tuple(Run(Config(epochs=1, seed=seed), (epoch,), "CPU, 2 threads", {"torch": "2"}) for seed in range(2))
    predictions = np.arange(20, dtype=np.uint8).reshape(2, 10) % 10
    return Record(
        {"network": "LeNet5"}, 61_706, runs, (0.9, 0.92), predictions, np.ones((6, 1, 5, 5)), {"file": "00"}, "2026-01-01"
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


def test_there_is_a_record_for_every_recipe_and_a_recipe_for_every_record():
    assert sorted(RECIPES) == RECORDED


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_was_made_by_the_recipe_of_its_name_with_the_network_it_names(name):
    record, recipe = read_record(name), find(name)
    assert record.recipe == describe(recipe)
    assert record.parameters == sum(weights.numel() for weights in build(recipe, 0).parameters())
    assert len(record.runs) >= recipe.seeds
    for seed, run in enumerate(record.runs):
        assert run.config == replace(recipe.config, seed=seed)
        assert len(run.history) == run.config.epochs
        assert run.device
        assert run.versions["torch"]
    assert sum(file.stat().st_size for file in (RUNS / name).iterdir()) < LARGEST
    assert record.sha256 == dict(zip(FILES, SOURCES[recipe.dataset].sha256, strict=True))


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_accuracy_is_recomputed_from_the_stored_predictions(name, real):
    record = read_record(name)
    if SOURCES[record.recipe["dataset"]].title != real.title:
        return
    labels = load(record.recipe["dataset"]).test.labels.numpy()
    assert record.predictions.shape == (len(record.runs), len(labels))
    assert [float((each == labels).mean()) for each in record.predictions] == list(record.accuracies)


@pytest.mark.parametrize("name", RECORDED)
def test_no_record_tells_where_it_was_made(name):
    text = (Path(RUNS) / name / "record.json").read_text(encoding="utf-8")
    assert "/home/" not in text
    assert "/root/" not in text
