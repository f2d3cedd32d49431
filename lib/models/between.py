"""Every network between a LeNet-5 and an AlexNet for 28 pixels: each argument is one step of the way."""

from functools import partial

from torch import nn

from lib.models.layers import ColumnwiseLRN
from lib.models.network import Network, check_classes


class BetweenNet(Network):
    """LeNet-5 as called without arguments (61,706 parameters); an AlexNet of 1/5 of the maps with all of them.

    `overlapping` pools squares of 3 at steps of 2 instead of 2 at 2; `width` multiplies all maps and hidden units; `deep`
    puts three more convolutions before the dense layers, as AlexNet has; `dropout` acts after the hidden dense layers and
    `lrn` after the first two activations. The shapes beside the layers are those of width 1.
    Returns logits (N x `classes`) for images (N x `channels` x 28 x 28).
    """

    sides = range(28, 29)

    def __init__(
        self,
        activation: type[nn.Module] = nn.Tanh,
        pooling: type[nn.Module] = nn.AvgPool2d,
        overlapping: bool = False,
        width: int = 1,
        deep: bool = False,
        dropout: float = 0.0,
        lrn: bool = False,
        channels: int = 1,
        classes: int = 10,
    ):
        a, b, c, d, e = (width * count for count in (6, 16, 24, 120, 84))
        pool = partial(pooling, kernel_size=3 if overlapping else 2, stride=2, ceil_mode=True)
        norm = [ColumnwiseLRN(columns=1)] if lrn else []
        drop = [nn.Dropout(dropout)] if dropout else []
        convolutions = [
            nn.Conv2d(b, c, kernel_size=3, padding=1),  # N x 24 x 5 x 5
            activation(),
            nn.Conv2d(c, c, kernel_size=3, padding=1),  # N x 24 x 5 x 5
            activation(),
            nn.Conv2d(c, b, kernel_size=3, padding=1),  # N x 16 x 5 x 5
            activation(),
        ]
        super().__init__(
            nn.Conv2d(channels, a, kernel_size=5, padding=2),  # N x 6 x 28 x 28
            activation(),
            *norm,
            pool(),  # N x 6 x 14 x 14
            nn.Conv2d(a, b, kernel_size=5),  # N x 16 x 10 x 10
            activation(),
            *norm,
            pool(),  # N x 16 x 5 x 5
            *(convolutions if deep else []),
            nn.Flatten(),  # N x 400
            nn.Linear(b * 5 * 5, d),  # N x 120
            activation(),
            *drop,
            nn.Linear(d, e),  # N x 84
            activation(),
            *drop,
            nn.Linear(e, check_classes(classes)),  # N x 10    logits
        )
        self.input_shape = (channels, 28, 28)
