"""The recorded experiments of the book, by name: a network, a dataset, a configuration, a number of seeds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data import Dataset, load
from lib.models import LeNet5Original
from lib.models.layers import map_loss
from lib.training import Config

# LeNet-5's pixels: the background is -0.1 and the ink 1.175 (LeCun et al. 1998, section II.B).
PAPER, INK = -0.1, 1.175


@dataclass(frozen=True)
class Recipe:
    """One experiment. `scale` gives the values of the darkest and lightest pixel where they are not standardized."""

    network: Callable[[], nn.Module]
    dataset: str
    config: Config
    seeds: int = 3
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    scale: tuple[float, float] | None = None


_1998 = Recipe(
    network=LeNet5Original,
    dataset="mnist",
    config=Config(epochs=20, batch_size=64, lr=0.005, weight_decay=0),
    loss=map_loss,
    scale=(PAPER, INK),
)
RECIPES = {
    "lenet5-1998": _1998,
    "lenet5-1998-shifted": replace(_1998, config=replace(_1998.config, shift=1)),
}


def find(name: str) -> Recipe:
    """Return the recipe `name`. Raises ValueError for an unknown one."""
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}: choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def describe(recipe: Recipe) -> dict:
    """Return the recipe in words and numbers, as a record stores it."""
    return {
        "network": getattr(recipe.network, "__name__", "network"),
        "dataset": recipe.dataset,
        "config": asdict(recipe.config),
        "loss": recipe.loss.__name__,
        "scale": list(recipe.scale) if recipe.scale else None,
    }


def build(recipe: Recipe, seed: int) -> nn.Module:
    """Return the network with the initial weights of `seed`; the global random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return recipe.network()


def data_of(recipe: Recipe, device: torch.device | str = "cpu") -> Dataset:
    """Return the recipe's dataset on `device`, its pixels scaled as the recipe asks."""
    data = load(recipe.dataset, device)
    if recipe.scale is None:
        return data
    low, high = recipe.scale
    std = 1 / (high - low)
    return replace(data, mean=-low * std, std=std)
