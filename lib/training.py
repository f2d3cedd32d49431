"""One loop for every network of the book: from bytes on a device to a recorded `Run`.

`train` touches neither screen nor disk. The host never waits for a number inside an epoch: losses and hits
stay on the device and are read once, after the last batch.
"""

import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from lib.batches import batches, flip, shift, to_input
from lib.data import Dataset
from lib.device import device_name
from lib.evaluation import accuracy, predict

SCHEDULES = ("constant", "one-cycle", "step")
WARM_UP = 0.3  # of a one-cycle schedule is the way up
DROPS = (0.5, 0.75)  # of a step schedule: where the rate is divided by 10


@dataclass(frozen=True)
class Config:
    """Everything that decides a training run, the network and the data aside."""

    epochs: int = 5
    batch_size: int = 128  # images; Krizhevsky et al. 2012, section 5
    lr: float = 0.05  # the highest learning rate of the schedule
    schedule: str = "one-cycle"
    momentum: float = 0.9  # section 5 again
    nesterov: bool = True
    weight_decay: float = 5e-4  # section 5 again
    size: int = 28  # pixels a side after up-sampling
    flip: bool = False  # mirror half of the images
    shift: int = 0  # pixels of the original image, in all directions
    bf16: bool = False  # autocast to bfloat16
    channels_last: bool = False
    compile: bool = False
    seed: int = 0  # of the order, the augmentation and the dropout masks

    def __post_init__(self):
        if self.schedule not in SCHEDULES:
            raise ValueError(f"unknown schedule {self.schedule!r}: choose one of {', '.join(SCHEDULES)}")
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs ({self.epochs}) and batch_size ({self.batch_size}) must be 1 or more")


@dataclass(frozen=True)
class Epoch:
    """One line of a history."""

    epoch: int  # from 1
    train_loss: float  # mean over the epoch, while the weights moved
    train_accuracy: float
    validation_loss: float  # after the epoch
    validation_accuracy: float
    seconds: float  # of training, validation aside
    images_per_second: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch:2}   train {self.train_loss:.4f} {100 * self.train_accuracy:5.2f} %   "
            f"validation {self.validation_loss:.4f} {100 * self.validation_accuracy:5.2f} %   "
            f"{self.images_per_second:,.0f} images/s"
        )


@dataclass(frozen=True)
class Run:
    """A finished training: what was asked, what happened, and on what."""

    config: Config
    history: tuple[Epoch, ...]
    device: str
    versions: dict[str, str]

    @property
    def seed(self) -> int:
        return self.config.seed

    @property
    def seconds(self) -> float:
        return sum(epoch.seconds for epoch in self.history)

    @property
    def last(self) -> Epoch:
        return self.history[-1]


def learning_rate(config: Config, progress: float) -> float:
    """Return the learning rate after the share `progress` (0 to 1) of all steps."""
    if config.schedule == "one-cycle":  # straight up, then down half a cosine
        if progress < WARM_UP:
            return config.lr * progress / WARM_UP
        return config.lr * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2
    if config.schedule == "step":
        return config.lr * 0.1 ** sum(progress >= drop for drop in DROPS)
    return config.lr


def train(
    model: nn.Module,
    data: Dataset,
    config: Config,
    on_epoch: Callable[[Epoch], object] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> Run:
    """Train `model` in place on `data.train`, on the device where the data lies, and return the Run.

    `on_epoch` is called with each finished Epoch (pass `print` to watch); `loss` takes logits (N x classes) and
    labels. Raises FloatingPointError when the loss is no longer a number, MemoryError when a batch does not fit; both
    say what to change.
    """
    device = data.train.images.device
    model.to(device, memory_format=torch.channels_last if config.channels_last else torch.preserve_format)
    forward = torch.compile(model) if config.compile else model
    steps = config.epochs * math.ceil(len(data.train) / config.batch_size)
    optimizer, schedule = make_optimizer(model, config, steps)
    generator = Generator().manual_seed(config.seed)
    history = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)  # for dropout, which draws from the global generator
        for number in range(1, config.epochs + 1):
            started = time.perf_counter()
            losses, hits = _train_epoch(forward, loss, data, config, optimizer, schedule, generator)
            _check(losses, number, config)
            seconds = time.perf_counter() - started
            logits = predict(model, data, data.validation, config.size, config.bf16)
            labels = data.validation.labels.cpu()
            epoch = Epoch(
                epoch=number,
                train_loss=losses.mean().item(),
                train_accuracy=hits / len(data.train),
                validation_loss=loss(logits, labels).item(),
                validation_accuracy=accuracy(logits, labels).value,
                seconds=seconds,
                images_per_second=len(data.train) / seconds,
            )
            history.append(epoch)
            if on_epoch:
                on_epoch(epoch)
    return Run(config, tuple(history), device_name(device), {"python": platform.python_version(), "torch": torch.__version__})


def make_optimizer(model: nn.Module, config: Config, steps: int):
    """Return SGD as `config` asks, and the schedule to step after each of `steps` batches."""
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.nesterov,
        weight_decay=config.weight_decay,
        fused=True,  # one kernel for all weights: a fifth faster for the half-width AlexNet on 2 CPU threads
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate(config, (step + 1) / (steps + 1)) / config.lr
    )
    return optimizer, schedule


def _train_epoch(forward, loss, data: Dataset, config: Config, optimizer, schedule, generator: Generator) -> tuple[Tensor, int]:
    """Take one step per batch; return the loss of every step, still on the device, and the number of hits."""
    forward.train()
    device = data.train.images.device
    losses, hits = [], torch.zeros((), dtype=torch.long, device=device)
    for images, labels in batches(data.train, config.batch_size, generator):
        try:
            inputs = to_input(augment(images, config, generator), data.mean, data.std, config.size)
            with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
                logits = forward(inputs)
                batch_loss = loss(logits.float(), labels)
            optimizer.zero_grad()
            batch_loss.backward()
            optimizer.step()
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            batch = f"{len(labels)} images of {config.size} x {config.size}"
            remedy = f"try batch_size={max(1, len(labels) // 2)}"
            raise MemoryError(f"{batch} do not fit in the memory of {device}: {remedy}") from error
        schedule.step()
        losses.append(batch_loss.detach())
        hits += (logits.argmax(1) == labels).sum()
    return torch.stack(losses), hits.item()


def augment(images: Tensor, config: Config, generator: Generator) -> Tensor:
    """Return the batch of bytes shifted and mirrored as `config` asks."""
    if config.shift:
        images = shift(images, config.shift, generator)
    return flip(images, generator) if config.flip else images


def _check(losses: Tensor, epoch: int, config: Config) -> None:
    """Raise FloatingPointError naming the first step whose loss is infinite or not a number."""
    wrong = (~losses.isfinite()).nonzero()
    if len(wrong):
        step = wrong[0].item()
        before = f"the last good loss was {losses[step - 1].item():.4g}" if step else "it was the first step"
        raise FloatingPointError(
            f"the loss became {losses[step].item()} at step {step + 1} of epoch {epoch} ({before}): lower lr from {config.lr:g}"
        )
