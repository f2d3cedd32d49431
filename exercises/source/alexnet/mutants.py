"""Wrong answers to the tasks of this set, each the whole answer cell: every one must lose the points of its task alone."""

MUTANTS = {
    "output-side": [
        """
def output_side(size, kernel, stride=1, padding=0, up=False):  # padding on one side
    room = size + padding - kernel
    return (math.ceil(room / stride) if up else room // stride) + 1
""",
        """
def output_side(size, kernel, stride=1, padding=0, up=False):  # counts steps, not windows
    room = size + 2 * padding - kernel
    return math.ceil(room / stride) if up else room // stride
""",
        """
def output_side(size, kernel, stride=1, padding=0, up=False):  # always rounds down
    return (size + 2 * padding - kernel) // stride + 1
""",
        """
def output_side(size, kernel, stride=1, padding=0, up=False):  # adds a window even where none is left over
    return (size + 2 * padding - kernel) // stride + 1 + int(up)
""",
    ],
    "fitting": [
        """
def fitting(sides, last):  # no padding
    def end(side):
        side = (side - 11) // 4 + 1
        for _ in range(3):
            side = (side - 3) // 2 + 1
        return side
    return [side for side in sides if end(side) == last]
""",
        """
def fitting(sides, last):  # pools over 2 x 2
    def end(side):
        return ((side + 4 - 11) // 4 + 1) // 8
    return [side for side in sides if end(side) == last]
""",
        """
def fitting(sides, last):  # only where nothing is left over
    def fits(side):
        for size, kernel, stride in ((side + 4, 11, 4), (0, 3, 2), (0, 3, 2), (0, 3, 2)):
            size = size or side
            if (size - kernel) % stride:
                return False
            side = (size - kernel) // stride + 1
        return side == last
    return [side for side in sides if fits(side)]
""",
        """
def fitting(sides, last):  # forgets the first window in the first layer
    def end(side):
        side = (side + 4 - 11) // 4
        for _ in range(3):
            side = (side - 3) // 2 + 1
        return side
    return [side for side in sides if end(side) == last]
""",
    ],
    "grouped": [
        """
def grouped(inputs, outputs, kernel, side, groups=1):  # halves the outputs, too
    weights = (outputs // groups) * (inputs // groups) * kernel * kernel
    return weights + outputs, weights * side * side
""",
        """
def grouped(inputs, outputs, kernel, side, groups=1):  # divides everything
    weights = outputs * inputs * kernel * kernel
    return (weights + outputs) // groups, weights * side * side // groups
""",
        """
def grouped(inputs, outputs, kernel, side, groups=1):  # counts biases as work
    weights = outputs * (inputs // groups) * kernel * kernel
    return weights + outputs, (weights + outputs) * side * side
""",
        """
def grouped(inputs, outputs, kernel, side, groups=1):  # ignores the groups
    weights = outputs * inputs * kernel * kernel
    return weights + outputs, weights * side * side
""",
    ],
    "two-columns": [
        """
def two_columns(maps, weight, bias, padding=0):  # every second map belongs to card 1
    cards = zip((maps[:, ::2], maps[:, 1::2]), weight.chunk(2), bias.chunk(2))
    return torch.cat([F.conv2d(*card, padding=padding) for card in cards], 1)
""",
        """
def two_columns(maps, weight, bias, padding=0):  # both cards read the maps of card 1
    half = maps.chunk(2, 1)[0]
    return F.conv2d(half, weight, bias, padding=padding)
""",
        """
def two_columns(maps, weight, bias, padding=0):  # adds the cards up
    return sum(F.conv2d(half, weight, bias, padding=padding) for half in maps.chunk(2, 1))
""",
        """
def two_columns(maps, weight, bias, padding=0):  # card 2 comes first
    cards = zip(maps.chunk(2, 1), weight.chunk(2), bias.chunk(2))
    return torch.cat([F.conv2d(*card, padding=padding) for card in cards][::-1], 1)
""",
    ],
    "network-of-2012": [
        """
def network_of_2012(classes=1000):  # pools over 2 x 2, which gives the same sides
    norm = lambda: nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2)
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(2, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(2, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, classes))
""",
        """
def network_of_2012(classes=1000):  # silences inputs of the dense layers, as torchvision does
    norm = lambda: nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2)
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, classes))
""",
        """
def network_of_2012(classes=1000):  # one column
    norm = lambda: nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2)
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, classes))
""",
        """
def network_of_2012(classes=1000):  # the third convolution in two columns as well
    norm = lambda: nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2)
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1, groups=2), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, classes))
""",
    ],
    "normalize": [
        """
def normalize(maps, as_coded):  # the same alpha both times
    squares = F.pad(maps**2, (0, 0, 0, 0, 2, 2))
    sums = sum(squares[:, first : first + maps.shape[1]] for first in range(5))
    return maps / (2 + 1e-4 / 5 * sums) ** 0.75
""",
        """
def normalize(maps, as_coded):  # walks around the end of the maps
    sums = sum((maps**2).roll(shift, 1) for shift in range(-2, 3))
    return maps / (2 + (1e-4 / 5 if as_coded else 1e-4) * sums) ** 0.75
""",
        """
def normalize(maps, as_coded):  # leaves the map itself out
    squares = F.pad(maps**2, (0, 0, 0, 0, 2, 2))
    sums = sum(squares[:, first : first + maps.shape[1]] for first in (0, 1, 3, 4))
    return maps / (2 + (1e-4 / 5 if as_coded else 1e-4) * sums) ** 0.75
""",
        """
def normalize(maps, as_coded):  # neighbors in the map instead of neighboring maps
    squares = F.pad(maps**2, (2, 2))
    sums = sum(squares[..., first : first + maps.shape[3]] for first in range(5))
    return maps / (2 + (1e-4 / 5 if as_coded else 1e-4) * sums) ** 0.75
""",
    ],
    "least-loss": [
        """
def least_loss(classes):  # counts the right class twice
    return math.log(math.e + classes) - 1
""",
        """
def least_loss(classes):  # what knowing nothing costs
    return math.log(classes)
""",
        """
def least_loss(classes):  # logarithm to base ten
    return -math.log10(math.e / (math.e + classes - 1))
""",
        """
def least_loss(classes):  # as if there were one softmax
    return 0.0
""",
    ],
    "light": [
        """
def light(picture, variances, directions, alphas):  # the text of the paper
    return picture + (directions @ (alphas * variances))[:, None, None]
""",
        """
def light(picture, variances, directions, alphas):  # takes rows for directions
    return picture + (directions.T @ (alphas * variances.sqrt()))[:, None, None]
""",
        """
def light(picture, variances, directions, alphas):  # a color for each channel by itself
    return picture + (alphas * variances.sqrt())[:, None, None]
""",
        """
def light(picture, variances, directions, alphas):  # scales the picture
    return picture * (1 + directions @ (alphas * variances.sqrt()))[:, None, None]
""",
    ],
    "spreads": [
        """
def spreads(start, sigmas, inputs):  # half of the spread instead of half of the power
    found = []
    for at, (sigma, count) in enumerate(zip(sigmas, inputs)):
        start = start * sigma * math.sqrt(count) / (2 if at else 1)
        found.append(start)
    return found
""",
        """
def spreads(start, sigmas, inputs):  # a ReLU before the first layer, too
    found = []
    for sigma, count in zip(sigmas, inputs):
        start = start * sigma * math.sqrt(count / 2)
        found.append(start)
    return found
""",
        """
def spreads(start, sigmas, inputs):  # forgets ReLU
    found = []
    for sigma, count in zip(sigmas, inputs):
        start = start * sigma * math.sqrt(count)
        found.append(start)
    return found
""",
        """
def spreads(start, sigmas, inputs):  # each layer for itself
    return [sigma * math.sqrt(count / (2 if at else 1)) for at, (sigma, count) in enumerate(zip(sigmas, inputs))]
""",
    ],
    "top-five": [
        """
def top_five_error(votes, labels):  # averages scores
    guesses = votes.mean(0).topk(5).indices
    return 1 - (guesses == labels[:, None]).any(1).float().mean().item()
""",
        """
def top_five_error(votes, labels):  # one guess
    return (votes.softmax(-1).mean(0).argmax(-1) != labels).float().mean().item()
""",
        """
def top_five_error(votes, labels):  # the share of right answers
    guesses = votes.softmax(-1).mean(0).topk(5).indices
    return (guesses == labels[:, None]).any(1).float().mean().item()
""",
        """
def top_five_error(votes, labels):  # softmax over the pictures
    guesses = votes.softmax(1).mean(0).topk(5).indices
    return 1 - (guesses == labels[:, None]).any(1).float().mean().item()
""",
    ],
}
