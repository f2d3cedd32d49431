"""The layers of 1989, 1998 and 2012 that torch does not have.

LeCun et al. 1989, Neural Computation 1(4); LeCun et al. 1998, Proc. IEEE 86(11), section II.B and appendix A;
Krizhevsky et al. 2012, section 3.3.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ScaledTanh(nn.Module):
    """1.7159 tanh(2a/3), of any shape: scaled so that 1 gives 1 and -1 gives -1 (1998, appendix A)."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2 / 3))


class Subsampling(nn.Module):
    """Sum of every 2 x 2 block, times one trainable coefficient per map, plus one trainable bias: halves the maps (S2, S4)."""

    def __init__(self, maps: int):
        super().__init__()
        self.weight = nn.Parameter(torch.full((maps,), 0.25))  # 1/4 starts as the average
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        total = 4 * F.avg_pool2d(x, 2)
        return total * self.weight[:, None, None] + self.bias[:, None, None]


class PartialConv2d(nn.Module):
    """A convolution whose output map o reads only the input maps `table[o]`: one k x k kernel for each such pair.

    Without a bias where `bias` is False. Raises ValueError for a table that names a map twice or none at all.
    """

    def __init__(self, table: Sequence[Sequence[int]], in_channels: int, kernel_size: int, stride: int = 1, bias: bool = True):
        super().__init__()
        for maps in table:
            if not maps or len(set(maps)) < len(maps) or not set(maps) <= set(range(in_channels)):
                raise ValueError(f"the table reads maps {tuple(maps)}: each must be named once, from 0 to {in_channels - 1}")
        pairs = torch.tensor([(o, i) for o, maps in enumerate(table) for i in maps])
        self.register_buffer("pairs", pairs, persistent=False)
        self.table, self.in_channels, self.kernel_size, self.stride = table, in_channels, kernel_size, stride
        self.weight = nn.Parameter(torch.empty(len(pairs), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(len(table))) if bias else None

    def dense_weight(self) -> Tensor:
        """Return the kernels as an ordinary convolution has them (out x in x k x k), zero where nothing is read."""
        shape = len(self.table), self.in_channels, self.kernel_size, self.kernel_size
        outputs, inputs = self.pairs.T
        return self.weight.new_zeros(shape).index_put((outputs, inputs), self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.dense_weight(), self.bias, self.stride)


class UnsharedBias(nn.Module):
    """Adds to every unit (maps x side x side) a trainable bias of its own, where its map shares one kernel (1989)."""

    def __init__(self, maps: int, side: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(maps, side, side))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias


class RBFOutput(nn.Module):
    """Minus the squared distance of each row (N x units) to each fixed code (classes x units): N x classes, 0 is best.

    The paper's output units give the distance itself; the sign makes the best class the largest, as logits have it.
    """

    def __init__(self, codes: Tensor):
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor) -> Tensor:
        return -(x[:, None, :] - self.codes).square().sum(2)


class ColumnwiseLRN(nn.Module):
    """Local response normalization over 5 neighboring maps (2012, section 3.3), each of two columns for itself.

    Each activation is divided by (2 + 1e-4 / 5 * sum of squares)^0.75, the sum going over its own map and two to
    either side. The division of alpha by 5 stands in the released code, not in the paper's formula.
    """

    def __init__(self, columns: int = 2):
        super().__init__()
        self.columns = columns

    def forward(self, x: Tensor) -> Tensor:
        count, maps, height, width = x.shape
        split = x.reshape(count * self.columns, maps // self.columns, height, width)
        return F.local_response_norm(split, size=5, alpha=1e-4, beta=0.75, k=2).reshape(x.shape)


def map_loss(logits: Tensor, labels: Tensor, rubbish: float = 1.0) -> Tensor:
    """Return the mean loss of LeNet-5 (1998, equation 9) for the logits of `RBFOutput` (N x classes).

    It is the cross-entropy with one class more, whose penalty is the constant `rubbish` (the paper's j, of which it
    gives no value): even when all codes are far, the right one is still pulled closer.
    """
    constant = logits.new_full((len(logits), 1), -rubbish)
    return F.cross_entropy(torch.cat([logits, constant], 1), labels)
