"""AlexNet (Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.5): in one column, and in the two of 2012."""

from torch import nn

from lib.models.layers import ColumnwiseLRN
from lib.models.network import Network, check_classes

# Heights and widths that give the last maps the right side, by the padding of the first layer.
SIDES = {0: range(195, 227), 1: range(193, 225), 2: range(223, 255)}


class AlexNet(Network):
    """AlexNet in one column, without response normalization: 62,378,344 parameters as called without arguments.

    `width` scales every hidden layer (0.5 is one of the two columns of 2012); `maps` gives the five convolutions other
    widths. `padding` is that of the first layer: 2 gives the 55, 27, 13, 6 of 2012 from 224 pixels, 0 and 1 give
    the 54, 26, 12, 5 of many tutorials. Returns logits (N x `classes`) for images (N x `channels` x 224 x 224).
    """

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1,
        padding: int = 2,
        dropout: float = 0.5,
        maps: tuple[int, ...] = (96, 256, 384, 384, 256),
    ):
        if padding not in SIDES:
            raise ValueError(f"padding of the first layer is {padding}: choose one of {', '.join(map(str, SIDES))}")
        a, b, c, d, e, f = (int(width * count) for count in (*maps, 4096))
        side = 6 if padding == 2 else 5  # of the last maps
        super().__init__(
            nn.Conv2d(channels, a, kernel_size=11, stride=4, padding=padding),  # N x 96 x 55 x 55
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 96 x 27 x 27
            nn.Conv2d(a, b, kernel_size=5, padding=2),  # N x 256 x 27 x 27
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 256 x 13 x 13
            nn.Conv2d(b, c, kernel_size=3, padding=1),  # N x 384 x 13 x 13
            nn.ReLU(),
            nn.Conv2d(c, d, kernel_size=3, padding=1),  # N x 384 x 13 x 13
            nn.ReLU(),
            nn.Conv2d(d, e, kernel_size=3, padding=1),  # N x 256 x 13 x 13
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 256 x 6 x 6
            nn.Flatten(),  # N x 9216
            nn.Linear(e * side * side, f),  # N x 4096
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(f, f),  # N x 4096
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(f, check_classes(classes)),  # N x 1000    logits
        )
        self.input_shape = (channels, 224, 224)
        self.sides = SIDES[padding]


class AlexNet2012(Network):
    """AlexNet as published: 60,965,224 parameters, 724,406,816 multiply-accumulates an image.

    Two columns, one per graphics card: `groups=2` keeps a convolution inside its column, so the columns meet only in the
    third convolution and in the dense layers. The first layer reads 3 zeros beyond the right and lower edge, which
    is what the original's rounding up to 55 maps amounts to. Weights start as in section 5: spread 0.01, biases 1
    after the second, fourth and fifth convolution and in the hidden dense layers, else 0.
    Returns logits (N x `classes`) for images (N x `channels` x 224 x 224).
    """

    sides = range(224, 225)

    def __init__(self, channels: int = 3, classes: int = 1000):
        super().__init__(
            nn.ZeroPad2d((0, 3, 0, 3)),  # N x 3 x 227 x 227
            nn.Conv2d(channels, 96, kernel_size=11, stride=4),  # N x 96 x 55 x 55
            nn.ReLU(),
            ColumnwiseLRN(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 96 x 27 x 27
            nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=2),  # N x 256 x 27 x 27
            nn.ReLU(),
            ColumnwiseLRN(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 256 x 13 x 13
            nn.Conv2d(256, 384, kernel_size=3, padding=1),  # N x 384 x 13 x 13    both columns
            nn.ReLU(),
            nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=2),  # N x 384 x 13 x 13
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=2),  # N x 256 x 13 x 13
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 256 x 6 x 6
            nn.Flatten(),  # N x 9216
            nn.Linear(256 * 6 * 6, 4096),  # N x 4096
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),  # N x 4096
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, check_classes(classes)),  # N x 1000    logits
        )
        self.input_shape = (channels, 224, 224)
        initialize_as_in_2012(self)


def initialize_as_in_2012(network: nn.Module) -> None:
    """Draw all weights with spread 0.01; set biases to 1 in the 2nd, 4th, 5th convolution and hidden dense layers, else 0."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for number, layer in enumerate(layers, 1):
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.constant_(layer.bias, 1 if number in {2, 4, 5, 6, 7} else 0)
