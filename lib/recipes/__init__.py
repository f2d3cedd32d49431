"""The recorded experiments of the book, by name.

Those of the device "cpu" can be recorded on two processor cores; those of "cuda" are there for a GPU.
"""

from lib.recipes.articles import ARTICLES
from lib.recipes.baselines import BASELINES
from lib.recipes.book import BOOK
from lib.recipes.dial import DIAL
from lib.recipes.experiments import EXPERIMENTS
from lib.recipes.ladder import LADDER
from lib.recipes.recipe import Baseline, Recipe, build, data_of, describe

RECIPES: dict[str, Recipe | Baseline] = BOOK | ARTICLES | BASELINES | LADDER | EXPERIMENTS | DIAL

__all__ = ["RECIPES", "Baseline", "Recipe", "build", "data_of", "describe", "find"]


def find(name: str) -> Recipe | Baseline:
    """Return the recipe `name`. Raises ValueError for an unknown one."""
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}: choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
