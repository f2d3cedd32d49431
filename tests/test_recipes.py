"""lib.recipes: the ladder climbs by single changes, at learning rates that did best of those tried."""

import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lib.recipes import RECIPES, describe, find
from lib.recipes.dial import DIAL, EPOCHS
from lib.recipes.experiments import RELU_TANH
from lib.recipes.ladder import LADDER
from lib.runs import RUNS, read_measurement

sys.path.insert(0, str(RUNS.parent / "scripts"))
import choose_rates


@pytest.mark.parametrize("name", [*LADDER, *RELU_TANH])
def test_a_learning_rate_did_best_on_the_validation_images_of_all_that_were_tried(name):
    searched, recipe = read_measurement(choose_rates.STORED)["values"][name], find(name)
    tried = {float(lr): accuracy for lr, accuracy in searched["accuracies"].items()}
    best = max(tried, key=tried.get)
    assert searched["recipe"] == choose_rates.without_rate(recipe)
    assert best == recipe.config.lr
    assert min(tried) < best < max(tried)


def test_a_search_goes_on_until_the_best_rate_has_a_worse_one_on_either_side(monkeypatch):
    monkeypatch.setattr(choose_rates, "accuracy", lambda recipe, lr, seeds: 0.9 - abs(np.log2(lr / 0.8)) / 100)
    tried = choose_rates.search(find("ladder-relu"))
    best = max(tried, key=tried.get)
    assert min(tried) < best < max(tried)
    assert best / 0.8 == pytest.approx(1, abs=0.5)
    assert list(tried) == sorted(tried)


@pytest.mark.parametrize(("before", "after"), pairwise(LADDER))
def test_a_rung_of_the_ladder_changes_one_thing_and_the_learning_rate(before, after):
    old, new = describe(find(before)), describe(find(after))
    changes = [name for name in new["config"] if name != "lr" and new["config"][name] != old["config"][name]]
    changes += ["network"] * (new["network"] != old["network"])
    if after != "ladder-relu":  # where the spread of the first weights changes along, to suit the unit
        changes += ["gain"] * (new.get("gain") != old.get("gain"))
    assert len(changes) == 1
    assert (new["dataset"], new["images"]) == (old["dataset"], old["images"])


def test_the_dial_has_at_least_eight_sizes_and_four_ways_to_classify():
    assert len(EPOCHS) >= 8
    assert min(EPOCHS) == 100
    ways = {name.split("-")[1] for name in DIAL}
    assert ways == {"linear", "hog", "lenet", "alexnet"}
    assert all(recipe.seeds == 5 for recipe in DIAL.values())


def test_a_baseline_has_no_learning_rate_to_choose(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["choose_rates.py", "baseline-linear"])
    assert choose_rates.main() == 1
    assert "baseline-linear trains no network" in capsys.readouterr().err


def test_a_replay_is_a_plain_recipe_that_is_watched_and_the_other_one_keeps_its_rate():
    replays = [name for name in RECIPES if name.startswith("replay-")]
    assert replays == [name for name, recipe in RECIPES.items() if getattr(recipe, "replay", False)]
    plain, watched, constant = map(find, ("lenet5-modern", "replay-lenet5-modern", "replay-lenet5-constant"))
    assert replace(watched, replay=False, seeds=plain.seeds) == plain
    assert describe(watched) == describe(plain) | {"replay": True}
    assert replace(constant, config=replace(constant.config, schedule=plain.config.schedule)) == watched


def test_every_recipe_has_a_name_of_small_letters_digits_points_and_hyphens():
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") for name in RECIPES)
