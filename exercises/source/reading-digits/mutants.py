"""Wrong answers to the tasks of this set, each the whole answer cell: every one must lose the points of its task alone."""

MUTANTS = {
    "convolve": [
        """
def convolve(image, kernel, stride=1):  # turns the kernel
    return F.conv2d(image[None, None], kernel.flip(0, 1)[None, None], stride=stride)[0, 0]
""",
        """
def convolve(image, kernel, stride=1):  # one place too few
    height, width = kernel.shape
    rows, columns = range(0, image.shape[0] - height, stride), range(0, image.shape[1] - width, stride)
    return torch.stack([torch.stack([(image[r : r + height, c : c + width] * kernel).sum() for c in columns]) for r in rows])
""",
        """
def convolve(image, kernel, stride=1):  # forgets the stride to the right
    height, width = kernel.shape
    rows, columns = range(0, image.shape[0] - height + 1, stride), range(image.shape[1] - width + 1)
    return torch.stack([torch.stack([(image[r : r + height, c : c + width] * kernel).sum() for c in columns]) for r in rows])
""",
        """
def convolve(image, kernel, stride=1):  # takes the kernel for square
    size = len(kernel)
    rows, columns = range(0, image.shape[0] - size + 1, stride), range(0, image.shape[1] - size + 1, stride)
    return torch.stack([torch.stack([(image[r : r + size, c : c + size] * kernel).sum() for c in columns]) for r in rows])
""",
    ],
    "compose": [
        """
def compose(first, second):  # turns the second kernel
    size, more = len(first), len(second)
    both = torch.zeros(size + more - 1, size + more - 1)
    for row in range(more):
        for column in range(more):
            both[row : row + size, column : column + size] += second[more - 1 - row, more - 1 - column] * first
    return both
""",
        """
def compose(first, second):  # lays one kernel on the other
    size = max(len(first), len(second))
    both = torch.zeros(2, size, size)
    both[0, : len(first), : len(first)], both[1, : len(second), : len(second)] = first, second
    return both.prod(0)
""",
        """
def compose(first, second):  # swaps rows and columns of the second kernel
    size, more = len(first), len(second)
    both = torch.zeros(size + more - 1, size + more - 1)
    for row in range(more):
        for column in range(more):
            both[row : row + size, column : column + size] += second[column, row] * first
    return both
""",
        """
def compose(first, second):  # adds them up instead
    size = len(first) + len(second) - 1
    both = torch.zeros(size, size)
    both[: len(first), : len(first)] += first
    both[-len(second) :, -len(second) :] += second
    return both
""",
    ],
    "seen": [
        """
def seen(layers, at):  # starts at the wrong end
    first = last = at
    for kernel, stride, padding in layers:
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return first, last
""",
        """
def seen(layers, at):  # forgets the padding
    first = last = at
    for kernel, stride, padding in reversed(layers):
        first, last = first * stride, last * stride + kernel - 1
    return first, last
""",
        """
def seen(layers, at):  # names the row after the last
    first = last = at
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel
    return first, last
""",
        """
def seen(layers, at):  # forgets that the last unit of a range reads further down
    first = at
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
    return first, first + sum(kernel - 1 for kernel, _, _ in layers)
""",
    ],
    "moves_along": [
        """
def moves_along(layer, images, pixels):  # expects the output to move as far as the input
    return torch.allclose(layer(images).roll(pixels, -1), layer(images.roll(pixels, -1)), atol=1e-5)
""",
        """
def moves_along(layer, images, pixels):  # takes every layer for a pooling of 2
    return torch.allclose(layer(images).roll(pixels // 2, -1), layer(images.roll(pixels, -1)), atol=1e-5)
""",
        """
def moves_along(layer, images, pixels):  # moves down instead of to the right
    still, moved = layer(images), layer(images.roll(pixels, -2))
    return any(torch.allclose(still.roll(rows, -2), moved, atol=1e-5) for rows in range(still.shape[-2]))
""",
        """
def moves_along(layer, images, pixels):  # compares sums, which hide where things are
    return torch.allclose(layer(images).sum(), layer(images.roll(pixels, -1)).sum(), atol=1e-5)
""",
    ],
    "counts": [
        """
def counts(reads, kernel, side):  # one bias for all maps
    parameters = kernel * kernel * sum(reads) + 1
    return parameters, parameters * side * side
""",
        """
def counts(reads, kernel, side):  # biases are no links
    weights = kernel * kernel * sum(reads)
    return weights + len(reads), weights * side * side
""",
        """
def counts(reads, kernel, side):  # every map reads one map
    parameters = (kernel * kernel + 1) * len(reads)
    return parameters, parameters * side * side
""",
        """
def counts(reads, kernel, side):  # a kernel has as many weights as its side
    parameters = sum(kernel * maps + 1 for maps in reads)
    return parameters, parameters * side * side
""",
    ],
    "c3_table": [
        """
def c3_table():  # stops at the end instead of going around
    steps = [3] * 6 + [4] * 6
    rows = [list(range(at % 6, min(at % 6 + count, 6))) for at, count in enumerate(steps)]
    return rows + [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]
""",
        """
def c3_table():  # leaves out two in the gap
    steps = [(0, 1, 2)] * 6 + [(0, 1, 2, 3)] * 6 + [(0, 1, 2, 4)] * 3 + [range(6)]
    starts = [*range(6), *range(6), *range(3), 0]
    return [sorted((start + step) % 6 for step in walk) for start, walk in zip(starts, steps)]
""",
        """
def c3_table():  # counts the starts on from the rows before
    steps = [(0, 1, 2)] * 6 + [(0, 1, 2, 3)] * 6 + [(0, 1, 3, 4)] * 3 + [range(6)]
    starts = [*range(6), *range(1, 7), *range(1, 4), 0]
    return [sorted((start + step) % 6 for step in walk) for start, walk in zip(starts, steps)]
""",
        """
def c3_table():  # the dense table of the textbooks
    return [list(range(6)) for _ in range(16)]
""",
    ],
    "read_by_table": [
        """
def read_by_table(maps, weight, bias, table):  # leaves out what the table names
    mask = torch.ones_like(weight)
    for output, inputs in enumerate(table):
        mask[output, list(inputs)] = 0
    return F.conv2d(maps, weight * mask, bias)
""",
        """
def read_by_table(maps, weight, bias, table):  # changes the weights in place
    for output, inputs in enumerate(table):
        others = [map for map in range(weight.shape[1]) if map not in inputs]
        weight[output, others] = 0
    return F.conv2d(maps, weight, bias)
""",
        """
def read_by_table(maps, weight, bias, table):  # forgets the bias
    mask = torch.zeros_like(weight)
    for output, inputs in enumerate(table):
        mask[output, list(inputs)] = 1
    return F.conv2d(maps, weight * mask)
""",
        """
def read_by_table(maps, weight, bias, table):  # ignores the table
    return F.conv2d(maps, weight, bias)
""",
    ],
    "subsample": [
        """
def subsample(maps, coefficients, biases):  # averages
    a = F.avg_pool2d(maps, 2) * coefficients[:, None, None] + biases[:, None, None]
    return 1.7159 * torch.tanh(2 * a / 3)
""",
        """
def subsample(maps, coefficients, biases):  # plain tanh
    return torch.tanh(4 * F.avg_pool2d(maps, 2) * coefficients[:, None, None] + biases[:, None, None])
""",
        """
def subsample(maps, coefficients, biases):  # the bias gets the coefficient, too
    a = (4 * F.avg_pool2d(maps, 2) + biases[:, None, None]) * coefficients[:, None, None]
    return 1.7159 * torch.tanh(2 * a / 3)
""",
        """
def subsample(maps, coefficients, biases):  # adds the bias to each of the four
    sums = 4 * F.avg_pool2d(maps * coefficients[:, None, None] + biases[:, None, None], 2)
    return 1.7159 * torch.tanh(2 * sums / 3)
""",
    ],
    "as_convolution": [
        """
def as_convolution(linear, maps, side):  # reads the maps as if they came last
    layer = nn.Conv2d(maps, linear.out_features, side)
    with torch.no_grad():
        layer.weight.copy_(linear.weight.reshape(-1, side, side, maps).permute(0, 3, 1, 2))
        layer.bias.copy_(linear.bias)
    return layer
""",
        """
def as_convolution(linear, maps, side):  # forgets the biases
    layer = nn.Conv2d(maps, linear.out_features, side)
    with torch.no_grad():
        layer.weight.copy_(linear.weight.reshape(layer.weight.shape))
        layer.bias.zero_()
    return layer
""",
        """
def as_convolution(linear, maps, side):  # swaps rows and columns
    layer = nn.Conv2d(maps, linear.out_features, side)
    with torch.no_grad():
        layer.weight.copy_(linear.weight.reshape(layer.weight.shape).transpose(2, 3))
        layer.bias.copy_(linear.bias)
    return layer
""",
        """
def as_convolution(linear, maps, side):  # leaves the random weights in
    torch.manual_seed(5)
    return nn.Conv2d(maps, linear.out_features, side)
""",
    ],
    "reject": [
        """
def reject(sure, right, most):  # counts errors among the answered digits only
    order = sure.argsort(descending=True)
    wrong = (~right[order]).long().cumsum(0)
    fine = (wrong / torch.arange(1, len(right) + 1) <= most).nonzero()
    answered = int(fine.max()) + 1 if len(fine) else 0
    mistakes = int(wrong[answered - 1]) if answered else 0
    return (answered - mistakes) / len(right), mistakes / len(right), 1 - answered / len(right)
""",
        """
def reject(sure, right, most):  # stays strictly below the limit
    order = sure.argsort(descending=True)
    wrong = (~right[order]).long().cumsum(0)
    answered = int((wrong / len(right) < most).sum())
    mistakes = int(wrong[answered - 1]) if answered else 0
    return (answered - mistakes) / len(right), mistakes / len(right), 1 - answered / len(right)
""",
        """
def reject(sure, right, most):  # answers those of which it is least sure
    order = sure.argsort()
    wrong = (~right[order]).long().cumsum(0)
    answered = int((wrong / len(right) <= most).sum())
    mistakes = int(wrong[answered - 1]) if answered else 0
    return (answered - mistakes) / len(right), mistakes / len(right), 1 - answered / len(right)
""",
        """
def reject(sure, right, most):  # shares of the answered digits
    order = sure.argsort(descending=True)
    wrong = (~right[order]).long().cumsum(0)
    answered = int((wrong / len(right) <= most).sum())
    mistakes = int(wrong[answered - 1]) if answered else 0
    return (answered - mistakes) / max(answered, 1), mistakes / max(answered, 1), 1 - answered / len(right)
""",
    ],
}
