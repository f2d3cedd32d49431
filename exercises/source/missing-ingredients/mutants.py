"""Wrong answers to the tasks of this set, each the whole answer cell: every one must lose the points of its task alone."""

MUTANTS = {
    "soft_votes": [
        """
def soft_votes(strength, angle):  # takes the edges of the bins for their centers
    place = angle / 20
    lower = np.floor(place).astype(int)
    bins = np.zeros(9)
    np.add.at(bins, lower % 9, strength * (1 - place + lower))
    np.add.at(bins, (lower + 1) % 9, strength * (place - lower))
    return bins
""",
        """
def soft_votes(strength, angle):  # loses votes for the same bin
    place = (angle - 10) / 20
    lower = np.floor(place).astype(int)
    bins = np.zeros(9)
    bins[lower % 9] += strength * (1 - place + lower)
    bins[(lower + 1) % 9] += strength * (place - lower)
    return bins
""",
        """
def soft_votes(strength, angle):  # does not close the circle
    place = np.clip((angle - 10) / 20, 0, 8)
    lower = np.minimum(np.floor(place).astype(int), 7)
    bins = np.zeros(9)
    np.add.at(bins, lower, strength * (1 - place + lower))
    np.add.at(bins, lower + 1, strength * (place - lower))
    return bins
""",
        """
def soft_votes(strength, angle):  # the whole vote to one bin
    bins = np.zeros(9)
    np.add.at(bins, (angle // 20).astype(int), strength)
    return bins
""",
    ],
    "margin": [
        """
def margin(weights, bias, points, labels):  # forgets the root
    own = labels * (points @ weights + bias)
    return 1 / (weights**2).sum(), int((own <= 1).sum()), int((own < 0).sum())
""",
        """
def margin(weights, bias, points, labels):  # counts only points between the margins
    values = points @ weights + bias
    return 1 / np.linalg.norm(weights), int((np.abs(values) <= 1).sum()), int((labels * values < 0).sum())
""",
        """
def margin(weights, bias, points, labels):  # leaves out the points at the margin
    own = labels * (points @ weights + bias)
    return 1 / np.linalg.norm(weights), int((own < 1).sum()), int((own < 0).sum())
""",
        """
def margin(weights, bias, points, labels):  # ignores the labels
    values = points @ weights + bias
    return 1 / np.linalg.norm(weights), int((values <= 1).sum()), int((values < 0).sum())
""",
    ],
    "test_pictures": [
        """
def test_pictures(accuracy, wanted):  # rounds down
    return int(accuracy * (1 - accuracy) / wanted**2)
""",
        """
def test_pictures(accuracy, wanted):  # forgets the square
    return math.ceil(accuracy * (1 - accuracy) / wanted)
""",
        """
def test_pictures(accuracy, wanted):  # forgets the share of errors
    return math.ceil(accuracy / wanted**2)
""",
        """
def test_pictures(accuracy, wanted):  # one picture too many
    return int(accuracy * (1 - accuracy) / wanted**2) + 2
""",
    ],
    "pictures_needed": [
        """
def pictures_needed(sizes, errors, goal):  # only one axis is logarithmic
    slope, start = np.polyfit(np.log(sizes), errors, 1)
    return float(np.exp((goal - start) / slope))
""",
        """
def pictures_needed(sizes, errors, goal):  # through the first and the last point only
    slope = np.log(errors[-1] / errors[0]) / np.log(sizes[-1] / sizes[0])
    return float(sizes[-1] * (goal / errors[-1]) ** (1 / slope))
""",
        """
def pictures_needed(sizes, errors, goal):  # mixes two logarithms
    slope, start = np.polyfit(np.log10(sizes), np.log10(errors), 1)
    return float(np.exp((np.log10(goal) - start) / slope))
""",
        """
def pictures_needed(sizes, errors, goal):  # fits the inverse: least squares in the other direction
    slope, start = np.polyfit(np.log(errors), np.log(sizes), 1)
    return float(np.exp(slope * np.log(goal) + start))
""",
    ],
    "training_days": [
        """
def training_days(macs, images, passes, rate):  # forward only
    return 2 * macs * images * passes / rate / 86400
""",
        """
def training_days(macs, images, passes, rate):  # one operation for a multiply-accumulate
    return 3 * macs * images * passes / rate / 86400
""",
        """
def training_days(macs, images, passes, rate):  # hours
    return 6 * macs * images * passes / rate / 3600
""",
    ],
    "filling_batch": [
        """
def filling_batch(inputs, outputs, peak, memory):  # one operation for a multiplication and an addition
    ridge = peak / memory
    gained = inputs * outputs - 4 * ridge * (inputs + outputs)
    return None if gained <= 0 else math.ceil(4 * ridge * (inputs * outputs + outputs) / gained)
""",
        """
def filling_batch(inputs, outputs, peak, memory):  # counts numbers instead of bytes
    ridge = peak / memory
    gained = 2 * inputs * outputs - ridge * (inputs + outputs)
    return None if gained <= 0 else math.ceil(ridge * (inputs * outputs + outputs) / gained)
""",
        """
def filling_batch(inputs, outputs, peak, memory):  # moves the weights only
    return math.ceil(4 * peak / memory * (inputs + 1) / (2 * inputs))
""",
        """
def filling_batch(inputs, outputs, peak, memory):  # rounds down
    ridge = peak / memory
    gained = 2 * inputs * outputs - 4 * ridge * (inputs + outputs)
    return None if gained <= 0 else int(4 * ridge * (inputs * outputs + outputs) / gained)
""",
    ],
    "paper_descent": [
        """
def paper_descent(weight, gradients, rates):  # PyTorch's rule
    velocity, weights = 0.0, []
    for gradient, rate in zip(gradients, rates):
        velocity = 0.9 * velocity + 0.0005 * weight + gradient
        weight = weight - rate * velocity
        weights.append(weight)
    return weights
""",
        """
def paper_descent(weight, gradients, rates):  # decay away from zero
    velocity, weights = 0.0, []
    for gradient, rate in zip(gradients, rates):
        velocity = 0.9 * velocity + 0.0005 * rate * weight - rate * gradient
        weight = weight + velocity
        weights.append(weight)
    return weights
""",
        """
def paper_descent(weight, gradients, rates):  # decay without the rate
    velocity, weights = 0.0, []
    for gradient, rate in zip(gradients, rates):
        velocity = 0.9 * velocity - 0.0005 * weight - rate * gradient
        weight = weight + velocity
        weights.append(weight)
    return weights
""",
        """
def paper_descent(weight, gradients, rates):  # moves first, with the old velocity
    velocity, weights = 0.0, []
    for gradient, rate in zip(gradients, rates):
        weight = weight + velocity
        velocity = 0.9 * velocity - 0.0005 * rate * weight - rate * gradient
        weights.append(weight)
    return weights
""",
    ],
    "silence": [
        """
class Silence(nn.Module):  # PyTorch's way
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return F.dropout(x, self.p, self.training)
""",
        """
class Silence(nn.Module):  # multiplies by the probability of silence
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return torch.where(torch.rand_like(x) < self.p, 0.0, x) if self.training else self.p * x
""",
        """
class Silence(nn.Module):  # does not rescale at all
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return torch.where(torch.rand_like(x) < self.p, 0.0, x) if self.training else x
""",
        """
class Silence(nn.Module):  # one mask for the whole batch
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return torch.where(torch.rand_like(x[0]) < self.p, 0.0, x) if self.training else (1 - self.p) * x
""",
    ],
    "accuracy": [
        """
def accuracy(model, images, labels, batch_size=100):  # asks a model that trains
    was_training, right = model.training, 0
    model.train()
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            right += (model(images[part]).argmax(1) == labels[part]).sum().item()
    model.train(was_training)
    return right / len(images)
""",
        """
def accuracy(model, images, labels, batch_size=100):  # averages the batches
    was_training, shares = model.training, []
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            shares.append((model(images[part]).argmax(1) == labels[part]).float().mean().item())
    model.train(was_training)
    return sum(shares) / len(shares)
""",
        """
def accuracy(model, images, labels, batch_size=100):  # leaves the model in use
    model.eval()
    with torch.inference_mode():
        return (model(images).argmax(1) == labels).float().mean().item()
""",
        """
def accuracy(model, images, labels, batch_size=100):  # leaves the last batch out
    was_training, right = model.training, 0
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(images) - batch_size + 1, batch_size):
            part = slice(start, start + batch_size)
            right += (model(images[part]).argmax(1) == labels[part]).sum().item()
    model.train(was_training)
    return right / len(images)
""",
    ],
    "train": [
        """
def train(model, images, labels, epochs, batch_size, rate, generator):  # gradients pile up
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for epoch in range(epochs):
        for part in torch.randperm(len(images), generator=generator).split(batch_size):
            F.cross_entropy(model(images[part]), labels[part]).backward()
            optimizer.step()
""",
        """
def train(model, images, labels, epochs, batch_size, rate, generator):  # labels shuffled apart
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for epoch in range(epochs):
        order, other = (torch.randperm(len(images), generator=generator).split(batch_size) for _ in range(2))
        for part, names in zip(order, other):
            optimizer.zero_grad()
            F.cross_entropy(model(images[part]), labels[names]).backward()
            optimizer.step()
""",
        """
def train(model, images, labels, epochs, batch_size, rate, generator):  # leaves the last batch out
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for epoch in range(epochs):
        order = torch.randperm(len(images), generator=generator)
        for start in range(0, len(images) - batch_size, batch_size):
            part = order[start : start + batch_size]
            optimizer.zero_grad()
            F.cross_entropy(model(images[part]), labels[part]).backward()
            optimizer.step()
""",
        """
def train(model, images, labels, epochs, batch_size, rate, generator):  # one order for all epochs
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    order = torch.randperm(len(images), generator=generator)
    for epoch in range(epochs):
        for part in order.split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(images[part]), labels[part]).backward()
            optimizer.step()
""",
    ],
    "report": [
        """
def report(validation, test):  # the test set chooses
    rate = max(test, key=lambda rate: np.mean(test[rate]))
    return rate, float(np.mean(test[rate]))
""",
        """
def report(validation, test):  # one lucky seed chooses
    rate = max(validation, key=lambda rate: max(validation[rate]))
    return rate, float(np.mean(test[rate]))
""",
        """
def report(validation, test):  # reports what it chose by
    rate = max(validation, key=lambda rate: np.mean(validation[rate]))
    return rate, float(np.mean(validation[rate]))
""",
        """
def report(validation, test):  # reports the best seed
    rate = max(validation, key=lambda rate: np.mean(validation[rate]))
    return rate, max(test[rate])
""",
    ],
    "stop": [
        """
def stop(losses, patience):  # counts from 0
    best = 0
    for epoch, loss in enumerate(losses):
        best = epoch if loss < losses[best] else best
        if epoch - best == patience:
            break
    return best, epoch
""",
        """
def stop(losses, patience):  # an equal loss is a new one
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        best = epoch if loss <= losses[best - 1] else best
        if epoch - best == patience:
            break
    return best, epoch
""",
        """
def stop(losses, patience):  # never starts to count again
    best, bad = 1, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1] or epoch == 1:
            best = epoch
        else:
            bad += 1
        if bad == patience:
            break
    return best, epoch
""",
        """
def stop(losses, patience):  # waits an epoch longer
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        best = epoch if loss < losses[best - 1] else best
        if epoch - best > patience:
            break
    return best, epoch
""",
        """
def stop(losses, patience):  # looks into the future
    return losses.index(min(losses)) + 1, len(losses)
""",
    ],
    "reading": [
        """
lowest = int(np.argmin(validation_loss))  # counts from 0
reading = {"lowest": lowest, "then": validation_accuracy[lowest], "end": validation_accuracy[-1], "why": "b"}
""",
        """
lowest = int(np.argmin(validation_loss))  # takes a larger loss for more mistakes
reading = {"lowest": lowest + 1, "then": validation_accuracy[lowest], "end": validation_accuracy[-1], "why": "a"}
""",
        """
lowest = int(np.argmin(validation_loss))  # reads the training accuracy
reading = {"lowest": lowest + 1, "then": training_accuracy[lowest], "end": training_accuracy[-1], "why": "b"}
""",
        """
best = int(np.argmax(validation_accuracy))  # looks for the highest accuracy
reading = {"lowest": best + 1, "then": validation_accuracy[best], "end": validation_accuracy[-1], "why": "c"}
""",
    ],
}
