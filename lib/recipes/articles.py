"""What the articles do: pixels from 0 to 1, a constant rate, batches of 128, ten epochs. Nothing is said of seeds.

One change: bfloat16 and channels_last, which train to the same loss faster (benchmarks/speed_ladder.py). What a GPU
trains for ten epochs, a CPU begins: fewer epochs, and where the network is the full one, a quarter of its width.
"""

from dataclasses import replace
from functools import partial

from lib.models import AlexNet, PooledAlexNet
from lib.recipes.book import PIXELS_224
from lib.recipes.recipe import Recipe

_CONSTANT = replace(PIXELS_224, epochs=10, schedule="constant", nesterov=False)
_PLAIN = replace(_CONSTANT, momentum=0, weight_decay=0)

_HALF = Recipe(
    network=partial(AlexNet, channels=1, classes=10, width=0.5),
    dataset="fashion-mnist",
    config=replace(_CONSTANT, lr=0.01),
    scale=(0.0, 1.0),
    device="cuda",
)
_POOLED = replace(_HALF, network=PooledAlexNet)  # this article trains nothing: the recipe is that of the one before
_UNPADDED = replace(_HALF, network=partial(AlexNet, channels=1, classes=10, padding=0), config=replace(_PLAIN, lr=0.1))
_PADDED = replace(  # Flax starts its weights with spread sqrt(1 / n)
    _HALF, network=partial(AlexNet, channels=1, classes=10, padding=1), config=replace(_PLAIN, lr=0.01), gain=1
)


def _begun(recipe: Recipe, epochs: int, **changes) -> Recipe:
    """Return the first epochs of `recipe`, one seed, for a CPU; `changes` are other arguments of its network."""
    network = partial(recipe.network, **changes) if changes else recipe.network
    return replace(recipe, network=network, config=replace(recipe.config, epochs=epochs), seeds=1, device="cpu")


ARTICLES = {
    "article-half": _HALF,
    "article-pooled": _POOLED,
    "article-unpadded": _UNPADDED,
    "article-padded": _PADDED,
    "article-half-begun": _begun(_HALF, 1),
    "article-pooled-begun": _begun(_POOLED, 3, width=0.25),
    "article-unpadded-begun": _begun(_UNPADDED, 3, width=0.25),
    "article-padded-begun": _begun(_PADDED, 3, width=0.25),
}
