"""AlexNet in one column (Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.5, without its two GPUs).

One table serves every width and every padding of the first layer that books and tutorials use.
"""

from torch import nn

from lib.models.network import Network


class AlexNet(Network):
    """AlexNet without groups and without response normalization; 62,378,344 parameters as called without arguments.

    `width` scales every hidden layer (0.5 is one of the two columns of 2012). `padding` is that of the first
    layer: 2 gives the 55, 27, 13, 6 of 2012 from 224 pixels, 0 and 1 give the 54, 26, 12, 5 of many
    tutorials. Returns logits (N x `classes`) for images (N x `channels` x 224 x 224).
    """

    def __init__(self, channels: int = 3, classes: int = 1000, width: float = 1, padding: int = 2, dropout: float = 0.5):
        a, b, c, d = (int(width * maps) for maps in (96, 256, 384, 4096))
        side = 6 if padding == 2 else 5  # of the last maps, for 224 pixels
        super().__init__(
            nn.Conv2d(channels, a, kernel_size=11, stride=4, padding=padding),  # N x 96 x 55 x 55
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 96 x 27 x 27
            nn.Conv2d(a, b, kernel_size=5, padding=2),  # N x 256 x 27 x 27
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 256 x 13 x 13
            nn.Conv2d(b, c, kernel_size=3, padding=1),  # N x 384 x 13 x 13
            nn.ReLU(),
            nn.Conv2d(c, c, kernel_size=3, padding=1),  # N x 384 x 13 x 13
            nn.ReLU(),
            nn.Conv2d(c, b, kernel_size=3, padding=1),  # N x 256 x 13 x 13
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # N x 256 x 6 x 6
            nn.Flatten(),  # N x 9216
            nn.Linear(b * side * side, d),  # N x 4096
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(d, d),  # N x 4096
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(d, classes),  # N x 1000    logits
        )
