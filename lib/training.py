"""One loop for every network of the book: from bytes on a device to a recorded `Run`.

`train` touches neither screen nor disk. The host never waits for a number inside an epoch: losses and hits
stay on the device and are read once, after the last batch.
"""

import math
import platform
import time
import traceback
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from lib.batches import batches, flip, shift, to_input
from lib.configs import Config, Epoch, Run, State, learning_rate
from lib.data import Dataset
from lib.device import device_name
from lib.evaluation import accuracy, predict


def train(
    model: nn.Module,
    data: Dataset,
    config: Config,
    on_epoch: Callable[[Epoch], object] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    state: State | None = None,
    on_step: Callable[[], object] | None = None,
) -> Run:
    """Train `model` in place on `data.train`, on the device where the data lies, and return the Run.

    `on_epoch` is called with each finished Epoch (pass `print` to watch), `on_step` after each batch; `loss` takes
    logits (N x classes) and labels. `state` is brought up to date before each `on_epoch`; one that an interrupted run
    left, with that run's weights in `model`, makes `train` go on there, to the same numbers on a CPU.
    Raises FloatingPointError when the loss is no longer a number, MemoryError when a batch does not fit, ValueError for
    the state of another configuration; each says what to change.
    """
    state = state or State()
    if state.config not in (None, config):
        raise ValueError(f"this run was begun with {state.config}, not {config}: go on with that one, or start again")
    state.config = config
    device = data.train.images.device
    model.to(device, memory_format=torch.channels_last if config.channels_last else torch.preserve_format)
    forward = torch.compile(model) if config.compile else model
    optimizer = make_optimizer(model, config)
    generator = Generator().manual_seed(config.seed)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)  # for dropout, which draws from the global generator
        _restore(state, optimizer, generator, device)
        for number in range(len(state.history) + 1, config.epochs + 1):
            started = time.perf_counter()
            losses, hits = _train_epoch(forward, loss, data, config, optimizer, generator, number, on_step)
            seconds = time.perf_counter() - started
            state.history.append(_epoch(model, loss, data, config, number, losses, hits, seconds))
            state.tensors = _snapshot(optimizer, generator, device)
            if on_epoch:
                on_epoch(state.history[-1])
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return Run(config, tuple(state.history), device_name(device), versions)


def make_optimizer(model: nn.Module, config: Config) -> torch.optim.SGD:
    """Return SGD with the momentum and weight decay of `config`; its learning rate is set before every step."""
    return torch.optim.SGD(
        model.parameters(),
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.nesterov,
        weight_decay=config.weight_decay,
        fused=True,  # one kernel for all weights: a fifth faster for the half-width AlexNet on 2 CPU threads
    )


def _train_epoch(forward, loss, data: Dataset, config: Config, optimizer, generator, number, on_step) -> tuple[Tensor, int]:
    """Take one step per batch of epoch `number`; return the loss of every step, on the device, and the number of hits."""
    forward.train()
    device = data.train.images.device
    steps = math.ceil(len(data.train) / config.batch_size)  # of one epoch
    losses, hits = [], torch.zeros((), dtype=torch.long, device=device)
    for done, (images, labels) in enumerate(batches(data.train, config.batch_size, generator), (number - 1) * steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, done / (config.epochs * steps + 1))
        images = augment(images, config, generator)
        try:
            batch_loss, logits = _losses(forward, loss, images, labels, data, config)
            optimizer.zero_grad()
            batch_loss.backward()
            losses.append(batch_loss.detach())
            if device.type == "cpu" and not batch_loss.isfinite():
                break  # looking costs nothing here; on a GPU the host would have to wait, so there the epoch runs out
            optimizer.step()
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            traceback.clear_frames(error.__traceback__)  # which hold what did fit of this batch
            raise MemoryError(_remedy(forward, loss, images, labels, data, config)) from error
        hits += (logits.argmax(1) == labels).sum()
        if on_step:
            on_step()
    _check(torch.stack(losses), number, config)
    return torch.stack(losses), hits.item()


def _losses(forward, loss, images: Tensor, labels: Tensor, data: Dataset, config: Config) -> tuple[Tensor, Tensor]:
    """Return the loss of one batch of bytes, and its logits."""
    inputs = to_input(images, data.mean, data.std, config.size)
    with torch.autocast(images.device.type, torch.bfloat16, enabled=config.bf16):
        logits = forward(inputs)
        return loss(logits.float(), labels), logits


def _remedy(forward, loss, images: Tensor, labels: Tensor, data: Dataset, config: Config) -> str:
    """Return what to say about a batch that does not fit: how many of its images do, found by halving."""
    count = len(labels)
    problem = f"{count} images of {config.size} x {config.size} do not fit in the memory of {images.device}"
    while count := count // 2:
        try:
            _losses(forward, loss, images[:count], labels[:count], data, config)[0].backward()
            return f"{problem}, {count} do: use batch_size={count}"
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            traceback.clear_frames(error.__traceback__)
    return f"{problem}, nor does a single one: use a smaller size or network"


def _epoch(model, loss, data: Dataset, config: Config, number: int, losses: Tensor, hits: int, seconds: float) -> Epoch:
    """Return the line of the history, with the validation images predicted by the network as it stands."""
    logits = predict(model, data, data.validation, config.size, config.bf16, config.batch_size)
    labels = data.validation.labels.cpu()
    return Epoch(
        epoch=number,
        train_loss=losses.mean().item(),
        train_accuracy=hits / len(data.train),
        validation_loss=loss(logits, labels).item(),
        validation_accuracy=accuracy(logits, labels).value,
        seconds=seconds,
        images_per_second=len(data.train) / seconds,
    )


def _snapshot(optimizer, generator: Generator, device: torch.device) -> dict[str, Tensor]:
    """Return the optimizer's momentum and the random states, by name."""
    momentum = [entry.get("momentum_buffer") for entry in optimizer.state.values()]
    tensors = {f"momentum.{at}": buffer for at, buffer in enumerate(momentum) if buffer is not None}
    tensors |= {"random.order": generator.get_state(), "random.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(device)
    return tensors


def _restore(state: State, optimizer, generator: Generator, device: torch.device) -> None:
    """Put back what `_snapshot` took; an empty state changes nothing."""
    if not state.tensors:
        return
    generator.set_state(state.tensors["random.order"].cpu())
    torch.set_rng_state(state.tensors["random.cpu"].cpu())
    if "random.cuda" in state.tensors and device.type == "cuda":
        torch.cuda.set_rng_state(state.tensors["random.cuda"].cpu(), device)
    for at, weights in enumerate(optimizer.param_groups[0]["params"]):
        if f"momentum.{at}" in state.tensors:
            buffer = torch.empty_like(weights).copy_(state.tensors[f"momentum.{at}"])  # in the memory format of the weights
            optimizer.state[weights]["momentum_buffer"] = buffer


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
