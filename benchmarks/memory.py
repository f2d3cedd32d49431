"""How much memory does training AlexNet take, by batch size?

    python benchmarks/memory.py [--device D] [--record]

Two steps of `lib.training.train` in a process of its own for each size, bfloat16 and channels_last, at half and at full
width: the peak of a GPU's allocations, or of the whole process on a CPU, Python and PyTorch included. --record stores
it under runs/memory-cpu or runs/memory-cuda.
"""

import argparse
import re
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from lib.configs import Config
from lib.data import load
from lib.device import choose_device, device_name
from lib.models import AlexNet
from lib.runs import write_measurement
from lib.training import train

WIDTHS = {"half width": 0.5, "full width": 1.0}
BATCHES = (1, 32, 64, 128, 256, 512)


def peak(width: float, batch: int, device: torch.device) -> int:
    """Return the peak of two steps in bytes: of the GPU's memory, or of this process on a CPU."""
    data = load("fashion-mnist", device)
    few = replace(data, train=data.train.take(2 * batch), validation=data.validation.take(batch))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    config = Config(epochs=1, batch_size=batch, lr=0.001, size=224, bf16=True, channels_last=True)
    train(AlexNet(channels=1, classes=10, width=width), few, config)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, where getrusage would begin with the peak of the process that started this one
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8")).group(1))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peak_elsewhere(width: float, batch: int, device: torch.device) -> int:
    """Return `peak` as measured in a process of its own."""
    command = [sys.executable, __file__, "--width", str(width), "--batch", str(batch), "--device", str(device)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--width", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        device = choose_device(arguments.device)
    except ValueError as error:
        parser.error(str(error))
    if arguments.width:
        print(peak(arguments.width, arguments.batch, device))
        return 0
    print(f"{device_name(device)}, torch {torch.__version__}")
    wanted = [(name, batch) for name in WIDTHS for batch in BATCHES]
    found = {name: {} for name in WIDTHS}
    for name, batch in tqdm(wanted, unit="size"):
        found[name][batch] = peak_elsewhere(WIDTHS[name], batch, device)
    for name, sizes in found.items():
        print(f"{name}: " + ", ".join(f"batch {batch} {size / 1e9:.2f} GB" for batch, size in sizes.items()))
    if arguments.record:
        print("stored in", write_measurement(f"memory-{device.type}", found, device))
    return 0


if __name__ == "__main__":
    sys.exit(main())
