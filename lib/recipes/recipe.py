"""What a recorded experiment is: a network or a classifier, a dataset, a configuration, a number of seeds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.configs import Config
from lib.data import Dataset, draw, load
from lib.models.network import initialize_by_variance

ONCE = Config(epochs=1)  # of a baseline, for which only the seed means something


@dataclass(frozen=True)
class Recipe:
    """One experiment. `scale` gives the values of the darkest and lightest pixel where they are not standardized."""

    network: Callable[[], nn.Module]
    dataset: str
    config: Config
    seeds: int = 3
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    scale: tuple[float, float] | None = None
    gain: float | None = None  # of initialize_by_variance; None keeps the network's own start
    images: int | None = None  # training images, drawn by the seed; None takes all
    device: str = "cpu"
    replay: bool = False  # record of seed 0 also how it read the test images at the start and after each epoch


@dataclass(frozen=True)
class Baseline:
    """One experiment with a classifier that is no network: `method` is one of lib.baselines.BASELINES."""

    method: str
    dataset: str
    seeds: int = 1
    images: int | None = None  # as in a Recipe
    config: Config = ONCE
    device: str = "cpu"
    scale = gain = None  # pixels go in as bytes, and nothing is initialized


def describe(recipe: Recipe | Baseline) -> dict:
    """Return the recipe in words and numbers, as a record stores it; what is left at its default is left out."""
    what = {"method": recipe.method} if isinstance(recipe, Baseline) else {"network": _call(recipe.network)}
    words = what | {"dataset": recipe.dataset, "config": asdict(recipe.config)}
    if isinstance(recipe, Recipe):
        words |= {"loss": recipe.loss.__name__, "scale": list(recipe.scale) if recipe.scale else None}
        words |= {"replay": True} if recipe.replay else {}
    return words | {name: value for name in ("gain", "images") if (value := getattr(recipe, name)) is not None}


def _call(network: Callable) -> str:
    """Return `network` as one would call it, without brackets where it takes no arguments: AlexNet(channels=1, width=0.5)."""
    if not isinstance(network, partial):
        return network.__name__
    words = {name: getattr(value, "__name__", value) for name, value in network.keywords.items()}
    return f"{network.func.__name__}({', '.join(f'{name}={value}' for name, value in words.items())})"


def build(recipe: Recipe, seed: int) -> nn.Module:
    """Return the network with the initial weights of `seed`; the global random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = recipe.network()
        return network if recipe.gain is None else initialize_by_variance(network, recipe.gain)


def data_of(recipe: Recipe | Baseline, device: torch.device | str = "cpu", seed: int = 0) -> Dataset:
    """Return the dataset on `device` for the run of `seed`, its pixels scaled as the recipe asks."""
    data = load(recipe.dataset, device)
    if recipe.images is not None:
        data = draw(data, recipe.images, seed)
    if recipe.scale is None:
        return data
    low, high = recipe.scale
    std = 1 / (high - low)
    return replace(data, mean=-low * std, std=std)
