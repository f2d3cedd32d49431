"""How fast does this machine multiply, copy and train, and what keeps it from being faster?

    python benchmarks/hardware.py [--device D] [--record]

In one process, on the device it finds: the rate of multiplying matrices by their size and of a convolution by its
channels, the rate of copying memory by the size of the array, the images a second of a training step by batch size, in
32 and 16 bits and in two orders of memory, the time of every layer in a forward pass beside its operations and bytes, and
the share of a training step by kind of operation (torch.profiler). Matrices and copies are bounds, so their fastest round
counts; of the training steps every round is kept; all else are medians. fp32 means 32 bits in every product: a GPU's
shortcut for convolutions (TF32) is off. --record stores it under runs/hardware-cpu or runs/hardware-cuda.
"""

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from lib.cost import LayerTable, layer_table
from lib.device import choose_device, device_name, finish, rounds_of, seconds_by_operation, seconds_of
from lib.models import AlexNet, LeNet5
from lib.runs import write_measurement

NETWORKS = {
    "LeNet-5": LeNet5,
    "AlexNet, half width": partial(AlexNet, channels=1, classes=10, width=0.5),  # that of the book's recipe
    "AlexNet": AlexNet,  # one column, for 1,000 classes of color photographs
}
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
VARIANTS = {  # of a training step: bf16 by autocast, channels_last
    "fp32": (False, False),
    "fp32, channels_last": (False, True),
    "bf16": (True, False),
    "bf16, channels_last": (True, True),
}
SHORT = {"rounds": 30, "least": 0.002}  # of a bound the fastest round counts, short enough to fall between other work
PROFILED = ("fp32", "bf16, channels_last")
KINDS = (  # the first that has a word in the name of an operation of torch
    ("optimizer", ("Optimizer", "sgd")),
    ("convolution, backward", ("convolution_backward", "conv2d_backward")),
    ("convolution, forward", ("convolution", "conv2d")),
    ("dense layers", ("aten::addmm", "aten::mm")),
    ("pooling", ("pool",)),
    ("activation", ("tanh", "relu", "clamp_min", "threshold")),
    ("copying and converting", ("copy", "contiguous", "clone", "fill", "zero")),
    ("other operations", ("",)),
)
WAITING = "outside torch"  # Python on a CPU; on a GPU all that it does not wait for


@dataclass(frozen=True)
class Plan:
    """How large the measured things are."""

    matrices: tuple[int, ...]  # sides
    channels: tuple[int, ...]  # in and out of a convolution
    maps: tuple[int, int]  # images of a batch, side of their maps
    arrays: tuple[int, ...]  # bytes
    batches: dict[str, tuple[int, ...]]  # of a training step, by network
    forward: tuple[int, ...]  # batches of the pass that is timed layer by layer
    rounds: int = 5


PLANS = {
    "cpu": Plan(
        matrices=(16, 32, 64, 128, 256, 512, 1024, 2048),
        channels=(1, 4, 16, 64, 256),
        maps=(32, 27),
        arrays=tuple(1 << power for power in range(14, 29, 2)),
        batches={"LeNet-5": (1, 4, 16, 64, 256, 1024), "AlexNet, half width": (1, 4, 16, 64, 128), "AlexNet": (1, 8, 64)},
        forward=(1, 128),
        rounds=3,
    ),
    "gpu": Plan(
        matrices=(64, 128, 256, 512, 1024, 2048, 4096, 8192),
        channels=(1, 4, 16, 64, 256, 1024),
        maps=(128, 27),
        arrays=tuple(1 << power for power in range(14, 31, 2)),
        batches={
            "LeNet-5": (1, 8, 64, 512, 4096, 32768),
            "AlexNet, half width": (1, 8, 64, 256, 1024),
            "AlexNet": (1, 8, 64, 256, 1024),
        },
        forward=(1, 128),
    ),
}


def matrix_rate(precision: str, size: int, device: torch.device) -> float:
    """Return the operations a second of multiplying two `size` x `size` matrices: 2 `size`**3 for each product."""
    one, other = torch.randn(2, size, size, device=device, dtype=PRECISIONS[precision])
    return 2 * size**3 / min(rounds_of(lambda: one @ other, device, **SHORT))


def convolution_rate(variant: str, channels: int, plan: Plan, device: torch.device) -> float:
    """Return the operations a second of a 3 x 3 convolution with as many maps in as out."""
    bf16, channels_last = VARIANTS[variant]
    images, side = plan.maps
    settings = {
        "dtype": torch.bfloat16 if bf16 else torch.float32,
        "memory_format": torch.channels_last if channels_last else torch.contiguous_format,
    }
    convolution = nn.Conv2d(channels, channels, kernel_size=3, padding=1).to(device, **settings)
    inputs = torch.randn(images, channels, side, side, device=device).to(**settings)
    with torch.inference_mode():
        seconds = seconds_of(lambda: convolution(inputs), device, plan.rounds)
    return 2 * images * side**2 * 9 * channels**2 / seconds


def copy_rate(size: int, device: torch.device) -> float:
    """Return the bytes a second of copying an array of `size` bytes: each is read once and written once."""
    source = torch.ones(size // 4, device=device)
    target = torch.zeros_like(source)
    return 2 * size / min(rounds_of(lambda: target.copy_(source), device, **SHORT))


def blueprint(name: str) -> nn.Module:
    """Return a network of NETWORKS that has shapes but no numbers."""
    with torch.device("meta"):
        return NETWORKS[name]()


def table_of(name: str) -> LayerTable:
    """Return what the layers of a network cost for one image."""
    network = blueprint(name)
    return layer_table(network, network.input_shape)


def forward_costs(name: str, batch: int, bytes_each: int) -> list[dict]:
    """Return for each layer its operations and the bytes of its weights, inputs and outputs, for a batch.

    Only the products of weights and inputs count as operations: pooling and activations have none.
    """
    inputs, costs = math.prod(blueprint(name).input_shape), []
    for layer in table_of(name).layers:
        outputs = math.prod(layer.output)
        moved = bytes_each * (layer.parameters + batch * (inputs + outputs))
        costs.append({"layer": f"{layer.kind} {layer.detail}".strip(), "operations": 2 * layer.macs * batch, "bytes": moved})
        inputs = outputs
    return costs


def forward(name: str, precision: str, batch: int, plan: Plan, device: torch.device) -> list[dict]:
    """Return `forward_costs` with the seconds of every layer in a pass through the network, each pass one round."""
    dtype = PRECISIONS[precision]
    network = NETWORKS[name]().to(device, dtype, memory_format=torch.channels_last).eval()
    images = torch.randn(batch, *network.input_shape, device=device, dtype=dtype).to(memory_format=torch.channels_last)

    def one_pass() -> list[float]:
        values, seconds = images, []
        for layer in network:
            finish(device)
            started = time.perf_counter()
            values = layer(values)
            finish(device)
            seconds.append(time.perf_counter() - started)
        return seconds

    with torch.inference_mode():
        one_pass()  # warms up
        passes = [one_pass() for _ in range(plan.rounds if batch > 1 else 5 * plan.rounds)]
    medians = map(statistics.median, zip(*passes, strict=True))
    costs = forward_costs(name, batch, dtype.itemsize)
    return [cost | {"seconds": shortened(seconds)} for cost, seconds in zip(costs, medians, strict=True)]


def training_step(name: str, variant: str, batch: int, device: torch.device) -> Callable[[], Tensor]:
    """Return a function that trains on one batch, always the same, and returns its loss."""
    bf16, channels_last = VARIANTS[variant]
    network = NETWORKS[name]().to(device, memory_format=torch.channels_last if channels_last else torch.contiguous_format)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4, fused=True)
    images = torch.randn(batch, *network.input_shape, device=device)
    labels = torch.arange(batch, device=device) % 10

    def step() -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(network(images).float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def images_per_second(name: str, variant: str, batch: int, plan: Plan, device: torch.device) -> list[float]:
    """Return how many images a second a training step takes in, slowest round first; loading images is left out."""
    rounds = rounds_of(training_step(name, variant, batch, device), device, plan.rounds)
    return [shortened(batch / seconds) for seconds in sorted(rounds, reverse=True)]


def kind_of(operation: str) -> str:
    """Return the kind, of KINDS, of an operation that the profiler names, e.g. "aten::convolution_backward"."""
    return next(kind for kind, words in KINDS if any(word in operation for word in words))


def where_the_time_goes(name: str, variant: str, batch: int, device: torch.device) -> dict[str, float]:
    """Return the share of each kind of operation in the time of some steps; they sum to 1."""
    step = training_step(name, variant, batch, device)
    steps = max(2, round(0.2 / seconds_of(step, device, rounds=1)))
    operations, seconds = seconds_by_operation(lambda: [step() for _ in range(steps)], device)
    spent = dict.fromkeys((*(kind for kind, _ in KINDS), WAITING), 0.0)
    for operation, each in operations.items():
        spent[kind_of(operation)] += each
    spent[WAITING] = max(0.0, seconds - sum(spent.values()))
    return {kind: round(share / sum(spent.values()), 4) for kind, share in spent.items()}


def shortened(value: float) -> float:
    """Return `value` with four digits, all that a measurement is good for."""
    return float(f"{value:.4g}")


def jobs(plan: Plan, device: torch.device) -> Iterator[tuple[tuple[str, ...], Callable[[], object]]]:
    """Yield for everything to be measured its place in the result and the function that measures it."""
    for precision in PRECISIONS:
        for size in plan.matrices:
            yield ("matrix", precision, str(size)), partial(matrix_rate, precision, size, device)
    for size in plan.arrays:
        yield ("copy", str(size)), partial(copy_rate, size, device)
    for variant in VARIANTS:
        for channels in plan.channels:
            yield ("convolution", variant, str(channels)), partial(convolution_rate, variant, channels, plan, device)
    for name in NETWORKS:
        batches = plan.batches[name]
        yield ("training_operations", name), partial(getattr, table_of(name), "training_operations")
        for batch in plan.forward:
            for precision in PRECISIONS:
                yield ("forward", name, precision, str(batch)), partial(forward, name, precision, batch, plan, device)
        for variant in VARIANTS:
            for batch in batches:
                yield ("throughput", name, variant, str(batch)), partial(images_per_second, name, variant, batch, plan, device)
        for variant in PROFILED:
            batch = min(128, batches[-1])
            yield ("profile", name, f"{variant}, {batch} images"), partial(where_the_time_goes, name, variant, batch, device)


def measure(plan: Plan, device: torch.device) -> dict:
    """Return everything this benchmark finds out, ready to be stored."""
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = False
    result: dict = {"rounds": plan.rounds, "convolution_maps": plan.maps}
    for place, job in (bar := tqdm(list(jobs(plan, device)), unit="measurement")):
        bar.set_description(f"{' '.join(place[:2]):32}")
        found, inner = job(), result
        for key in place[:-1]:
            inner = inner.setdefault(key, {})
        inner[place[-1]] = shortened(found) if isinstance(found, float) else found
    return result


def show(result: dict) -> None:
    """Print the result as short tables."""

    def line(title: str, values: dict[str, float], unit: float = 1) -> None:
        print(f"{title:34} " + "  ".join(f"{key}: {value / unit:,.1f}" for key, value in values.items()))

    print("billion operations or bytes a second")
    line("copying, by bytes", result["copy"], 1e9)
    for precision, rates in result["matrix"].items():
        line(f"matrices, by size, {precision}", rates, 1e9)
    for variant, rates in result["convolution"].items():
        line(f"channels, {variant}", rates, 1e9)
    for name in NETWORKS:
        print(f"\n{name}: {result['training_operations'][name] / 1e6:,.1f} million operations to train on an image")
        for variant, speeds in result["throughput"][name].items():
            line(f"images/s by batch, {variant}", {batch: statistics.median(rounds) for batch, rounds in speeds.items()})
        for variant, shares in result["profile"][name].items():
            line("% of a step, " + variant, shares, 0.01)
        for precision, batches in result["forward"][name].items():
            for batch, layers in batches.items():
                rates = {
                    f"{at}": layer["operations"] / layer["seconds"] for at, layer in enumerate(layers) if layer["operations"]
                }
                line(f"forward, {precision}, batch {batch}, by layer", rates, 1e9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    try:
        device = choose_device(arguments.device)
    except ValueError as error:
        parser.error(str(error))
    print(f"{device_name(device)}, torch {torch.__version__}")
    result = measure(PLANS["cpu" if device.type == "cpu" else "gpu"], device)
    show(result)
    if arguments.record:
        print("stored in", write_measurement(f"hardware-{device.type}", result, device))
    return 0


if __name__ == "__main__":
    sys.exit(main())
