"""LeNet-5 as today's textbooks draw it.

The network of 1998 (LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86(11), section II.B) with its three
unusual parts made plain: averaging without weights, every C3 kernel reading all six maps, a linear output.
"""

from torch import nn

from lib.models.network import Network


class LeNet5(Network):
    """The textbook LeNet-5 for 28 x 28 images: 61,706 parameters, 416,520 multiply-accumulates an image.

    `activation` and `pooling` are module classes: Tanh and AvgPool2d are nearest to 1998, ReLU and
    MaxPool2d to 2012. Returns logits (N x `classes`) for images (N x `channels` x 28 x 28).
    """

    def __init__(
        self,
        activation: type[nn.Module] = nn.Tanh,
        pooling: type[nn.Module] = nn.AvgPool2d,
        channels: int = 1,
        classes: int = 10,
    ):
        super().__init__(
            nn.Conv2d(channels, 6, kernel_size=5, padding=2),  # N x 6 x 28 x 28    C1
            activation(),
            pooling(kernel_size=2, stride=2),  # N x 6 x 14 x 14    S2
            nn.Conv2d(6, 16, kernel_size=5),  # N x 16 x 10 x 10   C3
            activation(),
            pooling(kernel_size=2, stride=2),  # N x 16 x 5 x 5     S4
            nn.Flatten(),  # N x 400
            nn.Linear(16 * 5 * 5, 120),  # N x 120            C5
            activation(),
            nn.Linear(120, 84),  # N x 84             F6
            activation(),
            nn.Linear(84, classes),  # N x 10             logits
        )
