"""What decides a training run, and what comes out of it: plain records, no computation but the schedule."""

import math
from dataclasses import dataclass, field

from torch import Tensor

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


@dataclass
class State:
    """What a run needs, besides the weights, to go on after its last finished epoch: hand both to `train` again.

    `tensors` holds the momentum of every weight and the states of the random generators.
    """

    config: Config | None = None
    history: list[Epoch] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
