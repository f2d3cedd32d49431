"""From the loop of the articles to the book's, one change at a time: how many images a second does each rung train?

    python benchmarks/speed_ladder.py [--device D] [--batch 128] [--record]

In one process, on the device it finds, for AlexNet at half and at full width, 224 pixels, one channel, ten classes.
Every rung starts from the same weights, sees the same images in the same order, and has to come to the loss of the first
rung within BAND, on one batch in evaluation mode, after as many steps: it is faster, not different. The floor is the
counted arithmetic over the measured rate of multiplying matrices. Then: where the time of the first and of the fastest
rung goes (torch.profiler). --record stores all of it under runs/speed-ladder-cpu or runs/speed-ladder-cuda.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import v2
from tqdm import tqdm

from lib.batches import batches, to_input
from lib.cost import layer_table
from lib.data import Dataset, Split, load
from lib.device import choose_device, device_name, matrix_rate, seconds_by_operation
from lib.models import AlexNet
from lib.models.network import initialize_by_variance
from lib.runs import write_measurement

SIZE = 224
LR = 0.005  # at the book's 0.02, without its slow start, rounding alone moved the loss by a third within four steps
BLOCKS = 3  # of steps that are timed; their median counts
BAND = 0.05  # of the first rung's loss: rounding to 8 bits moves it by a percent or so, as do a compiler's dropout masks
NETWORKS = {"half width": 0.5, "full width": 1.0}


@dataclass(frozen=True)
class Rung:
    """One way to train; each switch is off in the articles' loop."""

    name: str
    on_device: bool = False  # images stay on the device as bytes and are enlarged there, a batch at a time
    no_wait: bool = False  # losses and hits are read once, at the end
    fused: bool = False  # one kernel moves all weights
    channels_last: bool = False
    bf16: bool = False
    compile: bool = False


def ladder() -> list[Rung]:
    """Return the rungs, each the one before it with one switch more."""
    changes = {
        "images on the device": "on_device",
        "no waiting for numbers": "no_wait",
        "fused optimizer": "fused",
        "channels last": "channels_last",
        "bfloat16": "bf16",
        "torch.compile": "compile",
    }
    rungs = [Rung("the articles' loop")]
    for name, switch in changes.items():
        rungs.append(replace(rungs[-1], name=name, **{switch: True}))
    return rungs


class OneByOne(TorchDataset):
    """Images as the articles load them: each becomes a PIL picture, is resized, and becomes a tensor."""

    def __init__(self, split: Split, data: Dataset):
        self.split = split
        steps = [v2.ToPILImage(), v2.Resize(SIZE), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
        self.convert = v2.Compose([*steps, v2.Normalize([data.mean], [data.std])])

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor]:
        return self.convert(self.split.images[at]), self.split.labels[at]


def inputs_of(rung: Rung, data: Dataset, batch: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (inputs, labels) on `device` without end, the same for every rung."""
    here = Split(data.train.images.to(device), data.train.labels.to(device))
    while True:
        if rung.on_device:
            for images, labels in batches(here, batch):
                yield to_input(images, data.mean, data.std, SIZE), labels
        else:
            loader = DataLoader(OneByOne(data.train, data), batch_size=batch, generator=torch.Generator())
            for inputs, labels in loader:  # with a generator of its own it leaves the dropout masks alone
                yield inputs.to(device), labels.to(device)


class Trainer:
    """A network on its way up the ladder: `step` trains on one batch and keeps the loss."""

    def __init__(self, rung: Rung, width: float, data: Dataset, batch: int, device: torch.device):
        torch.manual_seed(0)
        network = initialize_by_variance(AlexNet(channels=1, classes=10, width=width))
        network.to(device, memory_format=torch.channels_last if rung.channels_last else torch.preserve_format)
        self.rung, self.device = rung, device
        self.forward = torch.compile(network) if rung.compile else network
        self.optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=0.9, fused=rung.fused)
        self.inputs = inputs_of(rung, data, batch, device)
        self.network, self.losses, self.hits = network, [], 0

    def step(self) -> None:
        inputs, labels = next(self.inputs)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.rung.bf16):
            logits = self.forward(inputs)
            loss = F.cross_entropy(logits.float(), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        right = (logits.argmax(1) == labels).sum()
        self.losses.append(loss.detach() if self.rung.no_wait else loss.item())
        self.hits += right if self.rung.no_wait else right.item()

    def evaluate(self) -> float:
        """Return the loss on the next batch, dropout off."""
        inputs, labels = next(self.inputs)
        self.network.eval()
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.rung.bf16):
            loss = F.cross_entropy(self.network(inputs).float(), labels).item()
        self.network.train()
        return loss

    def seconds(self, steps: int) -> float:
        """Return the seconds of `steps` steps, the last one finished."""
        started = time.perf_counter()
        for _ in range(steps):
            self.step()
        float(self.losses[-1])  # waits for a GPU
        return time.perf_counter() - started


def climb(width: float, data: Dataset, batch: int, device: torch.device, floor: float) -> list[dict]:
    """Return what each rung reached: images a second, ratio to the first, share of the floor's rate, loss."""
    per_block = 4 if device.type == "cpu" else 20
    found = []
    for rung in (bar := tqdm(ladder(), unit="rung")):
        bar.set_description(f"{rung.name:24}")
        trainer = Trainer(rung, width, data, batch, device)
        started = time.perf_counter()
        trainer.seconds(2)  # warms up, and compiles
        warm_up = time.perf_counter() - started
        times = [trainer.seconds(per_block)]
        loss = trainer.evaluate()  # early: with every further step roundings drive the rungs apart, as a seed would
        times += [trainer.seconds(per_block) for _ in range(BLOCKS - 1)]
        speed = batch * per_block / statistics.median(times)
        first = found[0] if found else {"images_per_second": speed, "loss": loss}
        found.append(
            {
                "rung": rung.name,
                "images_per_second": round(speed, 1),
                "ratio": round(speed / first["images_per_second"], 3),
                "share_of_matrix_rate": round(speed * floor, 3),
                "loss": round(loss, 4),
                "same_loss": abs(loss / first["loss"] - 1) < BAND,
                "warm_up_seconds": round(warm_up, 1),
            }
        )
        if rung.compile:
            torch.compiler.reset()
    return found


def operations(width: float) -> int:
    """Return the operations of training on one image, by the count of `lib.cost`."""
    with torch.device("meta"):
        return layer_table(AlexNet(channels=1, classes=10, width=width), (1, SIZE, SIZE)).training_operations


def where_the_time_goes(rung: Rung, width: float, data: Dataset, batch: int, device: torch.device) -> dict[str, float]:
    """Return the share of the time of two steps by operation, the largest first; "outside torch" is PIL and Python."""
    trainer = Trainer(rung, width, data, batch, device)
    trainer.seconds(2)
    operations, seconds = seconds_by_operation(lambda: trainer.seconds(2), device)
    shares = {operation: spent / seconds for operation, spent in operations.items()}
    largest = sorted(shares.items(), key=lambda share: -share[1])[:7]
    rest = {"other operations": sum(shares.values()) - sum(share for _, share in largest)}
    return {
        name: round(share, 3) for name, share in (dict(largest) | rest | {"outside torch": 1 - sum(shares.values())}).items()
    }


def measure(data: Dataset, batch: int, device: torch.device) -> dict:
    """Return everything this benchmark finds out, ready to be stored."""
    size = 2048 if device.type == "cpu" else 8192
    rates = {str(dtype): matrix_rate(device, dtype, size, 5) for dtype in (torch.float32, torch.bfloat16)}
    fastest = max(rates.values())
    result = {"batch": batch, "matrix_rates": {name.removeprefix("torch."): round(rate) for name, rate in rates.items()}}
    for name, width in NETWORKS.items():
        per_image = operations(width)
        rungs = climb(width, data, batch, device, per_image / fastest)
        best = max(range(len(rungs)), key=lambda at: rungs[at]["images_per_second"])
        result[name] = {
            "operations_per_image": per_image,
            "floor_images_per_second": round(fastest / per_image, 1),
            "rungs": rungs,
            "profiles": {ladder()[at].name: where_the_time_goes(ladder()[at], width, data, batch, device) for at in (0, best)},
        }
    return result


def show(result: dict) -> None:
    """Print the ladders as tables."""
    rates = ", ".join(f"{name} {rate / 1e9:,.0f}" for name, rate in result["matrix_rates"].items())
    print(f"matrix rate in billion operations a second: {rates}")
    for name in NETWORKS:
        found = result[name]
        billions = found["operations_per_image"] / 1e9
        print(f"\nAlexNet, {name}, batches of {result['batch']}: {billions:.2f} billion operations an image")
        for rung in found["rungs"]:
            print(
                f"  {rung['rung']:24} {rung['images_per_second']:9,.1f} images/s  {rung['ratio']:6.2f} x  "
                f"{rung['share_of_matrix_rate']:6.1%} of the matrix rate  loss {rung['loss']:.4f}"
                f"{'' if rung['same_loss'] else '  OUTSIDE THE BAND'}"
            )
        print(f"  {'floor':24} {found['floor_images_per_second']:9,.1f} images/s")
        for rung, shares in found["profiles"].items():
            print(f"  time of {rung}: " + ", ".join(f"{operation} {share:.1%}" for operation, share in shares.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    try:
        device = choose_device(arguments.device)
    except ValueError as error:
        parser.error(str(error))
    print(f"{device_name(device)}, torch {torch.__version__}")
    result = measure(load("fashion-mnist"), arguments.batch, device)
    show(result)
    if arguments.record:
        print("stored in", write_measurement(f"speed-ladder-{device.type}", result, device))
    return 0 if all(rung["same_loss"] for name in NETWORKS for rung in result[name]["rungs"]) else 1


if __name__ == "__main__":
    sys.exit(main())
