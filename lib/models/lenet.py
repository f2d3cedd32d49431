"""LeNet three times: the zip-code network of 1989, LeNet-5 of 1998, and LeNet-5 as textbooks draw it today.

LeCun et al. 1989, Neural Computation 1(4); LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86(11), section II.B.
"""

from torch import nn

from lib.models.codes import digit_codes
from lib.models.layers import PartialConv2d, RBFOutput, ScaledTanh, Subsampling, UnsharedBias
from lib.models.network import Network, check_classes, initialize_by_fan_in

# Which maps of H1 each map of H2 reads: 8 of 12. The counts of the paper fix how many; which ones is our choice.
H2_TABLE = (*(tuple(range(8)),) * 4, *(tuple(range(4, 12)),) * 4, *((0, 1, 2, 3, 8, 9, 10, 11),) * 4)

# Table I of 1998: which maps of S2 each of the 16 maps of C3 reads.
C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),  # three neighbors
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),  # four neighbors
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),  # four, with a gap
    (0, 1, 2, 3, 4, 5),
)


class LeNet1989(Network):
    """The zip-code network of 1989: 9,760 parameters, 64,660 connections.

    A kernel is shared by its map, a bias belongs to one unit. Returns ten values in about -1.7 to 1.7 (N x 10) for
    images (N x 1 x 16 x 16) with pixels from -1 to 1; the paper trains them towards +1 and -1 by squared error.
    """

    input_shape = (1, 16, 16)
    sides = range(15, 17)

    def __init__(self):
        super().__init__(
            nn.ConstantPad2d(2, -1),  # N x 1 x 20 x 20    background
            nn.Conv2d(1, 12, kernel_size=5, stride=2, bias=False),  # N x 12 x 8 x 8     H1
            UnsharedBias(12, 8),
            ScaledTanh(),
            nn.ConstantPad2d(2, -1),  # N x 12 x 12 x 12
            PartialConv2d(H2_TABLE, 12, kernel_size=5, stride=2, bias=False),  # N x 12 x 4 x 4     H2
            UnsharedBias(12, 4),
            ScaledTanh(),
            nn.Flatten(),  # N x 192
            nn.Linear(12 * 4 * 4, 30),  # N x 30             H3
            ScaledTanh(),
            nn.Linear(30, 10),  # N x 10             output
            ScaledTanh(),
        )
        initialize_by_fan_in(self)


class LeNet5Original(Network):
    """LeNet-5 of 1998: 60,000 parameters, 340,908 connections.

    Returns minus the squared distances to the ten codes (N x 10) for images (N x 1 x 28 x 28) whose background is
    -0.1 and whose ink is 1.175. Train it with `map_loss`.
    """

    input_shape = (1, 28, 28)

    def __init__(self):
        super().__init__(
            nn.ConstantPad2d(2, -0.1),  # N x 1 x 32 x 32    background
            nn.Conv2d(1, 6, kernel_size=5),  # N x 6 x 28 x 28    C1
            ScaledTanh(),
            Subsampling(6),  # N x 6 x 14 x 14    S2
            ScaledTanh(),
            PartialConv2d(C3_TABLE, 6, kernel_size=5),  # N x 16 x 10 x 10   C3
            ScaledTanh(),
            Subsampling(16),  # N x 16 x 5 x 5     S4
            ScaledTanh(),
            nn.Conv2d(16, 120, kernel_size=5),  # N x 120 x 1 x 1    C5
            ScaledTanh(),
            nn.Flatten(),  # N x 120
            nn.Linear(120, 84),  # N x 84             F6
            ScaledTanh(),
            RBFOutput(digit_codes()),  # N x 10             output
        )
        initialize_by_fan_in(self)


class LeNet5(Network):
    """The textbook LeNet-5: 61,706 parameters, 416,520 multiply-accumulates an image.

    The network of 1998 with its three unusual parts made plain: pooling without weights, every C3 kernel reading
    all six maps, a linear output. `activation` and `pooling` are module classes: Tanh and AvgPool2d are nearest to
    1998, ReLU and MaxPool2d to 2012. Returns logits (N x `classes`) for images (N x `channels` x 28 x 28).
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
            nn.Linear(84, check_classes(classes)),  # N x 10             logits
        )
        self.input_shape = (channels, 28, 28)
