"""Wrong answers to the tasks of this set, each the whole answer cell: every one must lose the points of its task alone."""

MUTANTS = {
    "templates": [
        """
def nearest_template(known, labels, images, classes=10):  # subtracts bytes
    rows = known.flatten(1)
    templates = torch.stack([rows[labels == kind].float().mean(0).byte() for kind in range(classes)])
    return ((images.flatten(1)[:, None] - templates) ** 2).float().sum(2).argmin(1)
""",
        """
def nearest_template(known, labels, images, classes=10):  # the nearest picture instead of the nearest mean
    return labels[torch.cdist(images.flatten(1).float(), known.flatten(1).float()).argmin(1)]
""",
        """
def nearest_template(known, labels, images, classes=10):  # the farthest
    rows = known.flatten(1).float()
    templates = torch.stack([rows[labels == kind].mean(0) for kind in range(classes)])
    return torch.cdist(images.flatten(1).float(), templates).argmax(1)
""",
        """
def nearest_template(known, labels, images, classes=10):  # highest product: bright templates win
    rows = known.flatten(1).float()
    templates = torch.stack([rows[labels == kind].mean(0) for kind in range(classes)])
    return (images.flatten(1).float() @ templates.T).argmax(1)
""",
    ],
    "read-idx": [
        """
def read_idx(data):  # least significant byte first
    if data[:3] != bytes([0, 0, 8]):
        raise ValueError("not an IDX file of bytes")
    start = 4 + 4 * data[3]
    shape = [int.from_bytes(data[at : at + 4], "little") for at in range(4, start, 4)]
    if len(data) - start != math.prod(shape):
        raise ValueError("the wrong number of numbers")
    return torch.tensor(list(data[start:]), dtype=torch.uint8).reshape(shape)
""",
        """
def read_idx(data):  # believes every file
    start = 4 + 4 * data[3]
    shape = [int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4)]
    count = math.prod(shape)
    return torch.tensor(list(data[start : start + count]) + [0] * (count - len(data) + start), dtype=torch.uint8).reshape(shape)
""",
        """
def read_idx(data):  # takes every file for pictures
    if data[:3] != bytes([0, 0, 8]):
        raise ValueError("not an IDX file of bytes")
    shape = [int.from_bytes(data[at : at + 4], "big") for at in (4, 8, 12)]
    if len(data) - 16 != math.prod(shape):
        raise ValueError("the wrong number of numbers")
    return torch.tensor(list(data[16:]), dtype=torch.uint8).reshape(shape)
""",
        """
def read_idx(data):  # does not mind what comes after
    if data[:3] != bytes([0, 0, 8]):
        raise ValueError("not an IDX file of bytes")
    start = 4 + 4 * data[3]
    shape = [int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4)]
    if len(data) - start < math.prod(shape):
        raise ValueError("too few numbers")
    return torch.tensor(list(data[start : start + math.prod(shape)]), dtype=torch.uint8).reshape(shape)
""",
    ],
    "leaked": [
        """
def leaked(train, test):  # compares sums of pixels
    known = set(train.flatten(1).sum(1).tolist())
    return [at for at, total in enumerate(test.flatten(1).sum(1).tolist()) if total in known]
""",
        """
def leaked(train, test):  # positions in the training part
    known = {image.tobytes() for image in test.numpy()}
    return [at for at, image in enumerate(train.numpy()) if image.tobytes() in known]
""",
        """
def leaked(train, test):  # each training picture leaks once
    known = {image.tobytes() for image in train.numpy()}
    found = []
    for at, image in enumerate(test.numpy()):
        if image.tobytes() in known:
            found.append(at)
            known.remove(image.tobytes())
    return found
""",
        """
def leaked(train, test):  # compares pictures at the same position only
    shorter = min(len(train), len(test))
    return (train[:shorter] == test[:shorter]).flatten(1).all(1).nonzero().flatten().tolist()
""",
    ],
    "hold-out": [
        """
def hold_out(images, labels, count, generator):  # mean and deviation of all pictures
    order = torch.randperm(len(images), generator=generator)
    images = (images - images.mean()) / images.std()
    held, kept = order[:count], order[count:]
    return images[kept], labels[kept], images[held], labels[held]
""",
        """
def hold_out(images, labels, count, generator):  # labels shuffled apart
    order, other = (torch.randperm(len(images), generator=generator) for _ in range(2))
    held, kept = order[:count], order[count:]
    images = (images - images[kept].mean()) / images[kept].std()
    return images[kept], labels[other[count:]], images[held], labels[other[:count]]
""",
        """
def hold_out(images, labels, count, generator):  # pictures in both parts
    order = torch.randperm(len(images), generator=generator)
    held, kept = order[:count], order[:-count]
    images = (images - images[kept].mean()) / images[kept].std()
    return images[kept], labels[kept], images[held], labels[held]
""",
        """
def hold_out(images, labels, count, generator):  # each part by its own mean
    order = torch.randperm(len(images), generator=generator)
    held, kept = order[:count], order[count:]
    one, other = ((part - part.mean()) / part.std() for part in (images[kept], images[held]))
    return one, labels[kept], other, labels[held]
""",
    ],
    "one-cycle": [
        """
def one_cycle(step, steps, peak):  # down in a straight line
    progress = step / steps
    return peak * progress / 0.3 if progress < 0.3 else peak * (1 - progress) / 0.7
""",
        """
def one_cycle(step, steps, peak):  # the cosine runs over all steps
    progress = step / steps
    return peak * progress / 0.3 if progress < 0.3 else peak * (1 + math.cos(math.pi * progress)) / 2
""",
        """
def one_cycle(step, steps, peak):  # a whole cosine
    progress = step / steps
    if progress < 0.3:
        return peak * progress / 0.3
    return peak * (1 + math.cos(2 * math.pi * (progress - 0.3) / 0.7)) / 2
""",
        """
def one_cycle(step, steps, peak):  # a quarter of a cosine
    progress = step / steps
    return peak * progress / 0.3 if progress < 0.3 else peak * math.cos(math.pi / 2 * (progress - 0.3) / 0.7)
""",
    ],
    "mirror": [
        """
def mirror(images, chosen):  # upside down
    return torch.where(chosen[:, None, None, None], images.flip(-2), images)
""",
        """
def mirror(images, chosen):  # all or none
    return images.flip(-1) if chosen.any() else images
""",
        """
def mirror(images, chosen):  # changes what it was given
    images[chosen] = images[chosen].flip(-1)
    return images
""",
        """
def mirror(images, chosen):  # mirrors the others
    return torch.where(chosen[:, None, None, None], images, images.flip(-1))
""",
    ],
    "shrink": [
        """
def shrink(bigger, side):  # interpolates back
    return F.interpolate(bigger[None, None], size=side, mode="bilinear")[0, 0]
""",
        """
def shrink(bigger, side):  # averages back
    return F.adaptive_avg_pool2d(bigger[None], side)[0]
""",
        """
def shrink(bigger, side):  # takes every so many pixels
    at = torch.linspace(0, len(bigger) - 1, side).round().long()
    return bigger[at][:, at]
""",
        """
def shrink(bigger, side):  # swaps rows and columns
    rows = torch.eye(side, dtype=torch.float64)[None]
    undo = torch.linalg.pinv(F.interpolate(rows, size=len(bigger), mode="linear")[0].T)
    return (undo @ bigger @ undo.T).T
""",
    ],
    "calibration": [
        """
def calibration_error(probabilities, labels, bins=10):  # all bins weigh the same
    sure, answers = probabilities.double().max(1)
    right, which = (answers == labels).double(), (sure * bins).long().clamp(max=bins - 1)
    filled = [which == at for at in range(bins) if (which == at).any()]
    return sum((sure[at].mean() - right[at].mean()).abs() for at in filled).item() / len(filled)
""",
        """
def calibration_error(probabilities, labels, bins=10):  # answer by answer
    sure, answers = probabilities.double().max(1)
    return (sure - (answers == labels).double()).abs().mean().item()
""",
        """
def calibration_error(probabilities, labels, bins=10):  # probability of the label instead of the answer
    answers = probabilities.argmax(1)
    sure = probabilities.double()[torch.arange(len(labels)), labels]
    right, which = (answers == labels).double(), (sure * bins).long().clamp(max=bins - 1)
    return sum((sure - right)[which == at].sum().abs() for at in range(bins)).item() / len(labels)
""",
        """
def calibration_error(probabilities, labels, bins=10):  # a single bin
    sure, answers = probabilities.double().max(1)
    return (sure.mean() - (answers == labels).double().mean()).abs().item()
""",
    ],
    "temperature": [
        """
def temperature(logits, labels, candidates):  # multiplies
    best = min(candidates, key=lambda t: F.cross_entropy(logits * t, labels).item())
    return best, int(((logits * best).argmax(1) != logits.argmax(1)).sum())
""",
        """
def temperature(logits, labels, candidates):  # chooses by accuracy, which does not change
    best = max(candidates, key=lambda t: ((logits / t).argmax(1) == labels).float().mean().item())
    return best, 0
""",
        """
def temperature(logits, labels, candidates):  # takes a softmax before the loss
    best = min(candidates, key=lambda t: F.cross_entropy((logits / t).softmax(1), labels).item())
    return best, 0
""",
        """
def temperature(logits, labels, candidates):  # asks its own answers instead of the labels
    best = min(candidates, key=lambda t: F.cross_entropy(logits / t, logits.argmax(1)).item())
    return best, 0
""",
    ],
    "confused": [
        """
def confused(answers, labels, classes=10):  # rows and columns swapped
    counts = torch.bincount(answers * classes + labels, minlength=classes**2).reshape(classes, classes)
    counts.fill_diagonal_(0)
    worst = int((counts == counts.max()).flatten().nonzero()[0])
    return worst // classes, worst % classes, int(counts.max())
""",
        """
def confused(answers, labels, classes=10):  # forgets the diagonal
    counts = torch.bincount(labels * classes + answers, minlength=classes**2)
    worst = int((counts == counts.max()).nonzero()[0])
    return worst // classes, worst % classes, int(counts.max())
""",
        """
def confused(answers, labels, classes=10):  # adds both directions up
    counts = torch.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)
    counts = (counts + counts.T).fill_diagonal_(0)
    worst = int((counts == counts.max()).flatten().nonzero()[0])
    return worst // classes, worst % classes, int(counts.max())
""",
        """
def confused(answers, labels, classes=10):  # the commonest mistake of the class with most mistakes
    counts = torch.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)
    counts.fill_diagonal_(0)
    a = int(counts.sum(0).argmax())
    return a, int(counts[a].argmax()), int(counts[a].max())
""",
    ],
    "budget": [
        """
def learn(images, labels):  # a linear network is not enough
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(20):
        for part in torch.randperm(len(images)).split(25):
            optimizer.zero_grad()
            F.cross_entropy(network(images[part]), labels[part]).backward()
            optimizer.step()
    return network
""",
        """
def learn(images, labels):  # over the budget
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for _ in range(12):
        for part in torch.randperm(len(images)).split(25):
            optimizer.zero_grad()
            F.cross_entropy(network(images[part]), labels[part]).backward()
            optimizer.step()
    return network
""",
        """
class Nearest(nn.Module):  # learns by heart: too many numbers, and no training
    def __init__(self, images, labels):
        super().__init__()
        self.register_buffer("images", images.flatten(1))
        self.register_buffer("labels", labels)

    def forward(self, x):
        return F.one_hot(self.labels[torch.cdist(x.flatten(1), self.images).argmin(1)], 10).float()

def learn(images, labels):
    return Nearest(images, labels)
""",
        """
def learn(images, labels):  # a good network, trained with far too small a rate
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001)
    for _ in range(10):
        for part in torch.randperm(len(images)).split(25):
            optimizer.zero_grad()
            F.cross_entropy(network(images[part]), labels[part]).backward()
            optimizer.step()
    return network
""",
    ],
}
