"""From LeNet-5 as PyTorch starts it to a network in the style of 2012, one change a rung.

20,000 pictures of Fashion-MNIST, drawn anew for each seed, six times over. Each rung has the learning rate that did best
on the validation images (scripts/choose_rates.py): a change must not look bad for a rate that suited its predecessor.
"""

from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from lib.configs import Config
from lib.models import BetweenNet
from lib.recipes.recipe import Recipe


@dataclass(frozen=True)
class Rung:
    """One change: of the network's arguments, of the recipe or of the configuration; and the rate that then did best."""

    lr: float
    network: dict | None = None
    recipe: dict | None = None
    config: dict | None = None


RUNGS = {
    "lenet-5": Rung(0.4),
    "initialization": Rung(0.1, recipe={"gain": 1}),
    "relu": Rung(0.2, network={"activation": nn.ReLU}, recipe={"gain": 2}),
    "max-pooling": Rung(0.2, network={"pooling": nn.MaxPool2d}),
    "overlapping": Rung(0.025, network={"overlapping": True}),
    "width": Rung(0.025, network={"width": 2}),
    "depth": Rung(0.05, network={"deep": True}),
    "momentum": Rung(0.025, config={"momentum": 0.9}),
    "weight-decay": Rung(0.025, config={"weight_decay": 5e-4}),
    "schedule": Rung(0.0125, config={"schedule": "step"}),
    "shift": Rung(0.025, config={"shift": 1}),
    "flip": Rung(0.025, config={"flip": True}),
    "dropout": Rung(0.0125, network={"dropout": 0.5}),
    "lrn": Rung(0.0125, network={"lrn": True}),
}
START = Recipe(
    network=BetweenNet,
    dataset="fashion-mnist",
    config=Config(
        epochs=6, batch_size=64, schedule="constant", momentum=0, nesterov=False, weight_decay=0, bf16=True, channels_last=True
    ),
    seeds=5,
    images=20_000,
)


def _climb() -> dict[str, Recipe]:
    """Return one recipe a rung, each the one before it with one change."""
    recipe, arguments, found = START, {}, {}
    for name, rung in RUNGS.items():
        arguments = arguments | (rung.network or {})
        config = replace(recipe.config, lr=rung.lr, **(rung.config or {}))
        network = partial(BetweenNet, **arguments)
        recipe = replace(recipe, network=network, config=config, **(rung.recipe or {}))
        found[f"ladder-{name}"] = recipe
    return found


LADDER = _climb()
