"""Try learning rates for recipes and store what the validation images say.

    python scripts/choose_rates.py NAME... [--seeds N]

Each recipe is trained at its own rate, at half and at twice that; while the best stands at an end, the search goes on there.
With one seed, unless --seeds asks for more: then the mean counts, and nothing where the loss of any of them ran away.
Everything tried is kept under runs/learning-rates, and the best is printed: it belongs into the recipe.
"""

import argparse
import sys
from dataclasses import replace

from lib.device import choose_device
from lib.recipes import Recipe, build, data_of, describe, find
from lib.runs import RUNS, RecordError, read_measurement, write_measurement
from lib.training import train

STORED = "learning-rates"


def without_rate(recipe: Recipe) -> dict:
    """Return the description of `recipe`, its learning rate aside: what the search was made for."""
    words = describe(recipe)
    return words | {"config": {name: value for name, value in words["config"].items() if name != "lr"}}


def accuracy(recipe: Recipe, lr: float, seeds: int = 1) -> float:
    """Return the mean accuracy on the validation images after training `recipe` at `lr`; 0 where the loss ran away."""
    found = []
    for seed in range(seeds):
        config = replace(recipe.config, lr=lr, seed=seed)
        try:
            run = train(build(recipe, seed), data_of(recipe, seed=seed), config, loss=recipe.loss)
        except FloatingPointError:
            return 0.0
        found.append(run.last.validation_accuracy)
    return sum(found) / seeds


def search(recipe: Recipe, seeds: int = 1) -> dict[float, float]:
    """Return the accuracy at each rate tried; the best has a worse one on either side."""
    tried = {}
    waiting = [recipe.config.lr, recipe.config.lr / 2, recipe.config.lr * 2]
    while waiting:
        for lr in waiting:
            tried[lr] = accuracy(recipe, lr, seeds)
            print(f"  {lr:g}: {100 * tried[lr]:.2f} %", flush=True)
        best = max(tried, key=tried.get)
        waiting = [lr for lr in (best / 2, best * 2) if lr not in tried]
    return dict(sorted(tried.items()))


def stored() -> dict:
    """Return what earlier searches found, by recipe."""
    try:
        return read_measurement(STORED)["values"]
    except RecordError:
        return {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="recipes of networks")
    parser.add_argument("--seeds", type=int, default=1, help="how many to train at each rate")
    arguments = parser.parse_args()
    try:
        recipes = {name: find(name) for name in arguments.names}
        if baselines := [name for name, recipe in recipes.items() if not isinstance(recipe, Recipe)]:
            raise ValueError(f"{', '.join(baselines)} trains no network and has no learning rate")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, recipe in recipes.items():
        print(name)
        found = search(recipe, arguments.seeds)
        best = max(found, key=found.get)
        print(f"  best: {best:g}" + ("" if best == recipe.config.lr else f", where the recipe has {recipe.config.lr:g}"))
        accuracies = {f"{lr:g}": accuracy for lr, accuracy in found.items()}
        entry = {"recipe": without_rate(recipe), "seeds": arguments.seeds, "accuracies": accuracies}
        write_measurement(STORED, stored() | {name: entry}, choose_device("cpu"), RUNS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
