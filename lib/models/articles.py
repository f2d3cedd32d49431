"""The AlexNets of five articles that readers meet online, by the name of the trait that sets each apart.

None of them is the network of 2012; `lib.cost.layer_table` shows where each departs from it.
"""

from collections.abc import Callable

from torch import nn

from lib.models.alexnet import AlexNet
from lib.models.network import Network, check_classes


class PooledAlexNet(Network):
    """AlexNet's convolutions under a small head: 5,303,498 parameters for 1 channel and 10 classes.

    An adaptive average pooling fixes the last maps at 2 x 2, so every image of at least 63 pixels a side passes;
    dropout stands before the dense layers; `width` scales every hidden layer. Returns logits (N x `classes`).
    """

    sides = range(63, 10_000)

    def __init__(self, channels: int = 1, classes: int = 10, width: float = 1):
        convolutions = AlexNet(channels, width=width)[:13]  # N x 256 x 6 x 6
        e, f, g = (int(width * count) for count in (256, 1024, 512))
        super().__init__(
            *convolutions,
            nn.AdaptiveAvgPool2d((2, 2)),  # N x 256 x 2 x 2
            nn.Flatten(),  # N x 1024
            nn.Dropout(0.5),
            nn.Linear(e * 2 * 2, f),  # N x 1024
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(f, g),  # N x 512
            nn.ReLU(),
            nn.Linear(g, check_classes(classes)),  # N x 10    logits
        )
        self.input_shape = (channels, 224, 224)


ARTICLES: dict[str, Callable[[], Network]] = {
    "half": lambda: AlexNet(width=0.5),  # 16,630,440 parameters: one of the two columns
    "half, ten classes": lambda: AlexNet(classes=10, width=0.5),  # 14,601,930
    "pooled": PooledAlexNet,  # 5,303,498
    "unpadded": lambda: AlexNet(1, 10, padding=0),  # 46,764,746
    "padded by one": lambda: AlexNet(1, 10, padding=1),  # 46,764,746
}


def article_network(name: str) -> Network:
    """Return the network of an article, by name. Raises ValueError for a name that is none of ARTICLES."""
    if name not in ARTICLES:
        raise ValueError(f"unknown network {name!r}: choose one of {', '.join(map(repr, ARTICLES))}")
    return ARTICLES[name]()
