"""Kill a recording at random steps, resume it, and compare with one that was left alone.

    python benchmarks/kill_and_resume.py [--times 20] [--seed 0]

Every recording runs in a process of its own on the CPU, is killed (SIGKILL: no chance to tidy up) at a step drawn at
random, and started again. All weights, the momentum, the random states and the history, seconds aside, have to be equal
to the last bit. Prints one line a kill and the count; exits with 1 if any differs.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
import record  # scripts/record.py: the code under test

from lib.configs import Config
from lib.data import load, subset
from lib.models import LeNet5
from lib.recipes import Recipe

IMAGES, BATCH, EPOCHS = 600, 50, 4
STEPS = EPOCHS * IMAGES // BATCH


def network() -> nn.Module:
    """Return a LeNet-5 with dropout: a resumed run has to draw the same masks."""
    return nn.Sequential(*LeNet5()[:-1], nn.Dropout(0.5), LeNet5()[-1])


RECIPE = Recipe(network, "fashion-mnist", Config(epochs=EPOCHS, batch_size=BATCH, flip=True, shift=2))


def work(folder: Path, kill_at: int | None) -> None:
    """Record one seed in `folder`; die at step `kill_at` of this process."""

    class Bar(record.tqdm):
        taken = 0

        def update(self, n=1):
            Bar.taken += 1
            if Bar.taken == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().update(n)

    record.tqdm = Bar
    torch.set_num_threads(1)
    data = subset(load("fashion-mnist"), IMAGES)
    record.train_seed(RECIPE, replace(data, validation=data.validation.take(100)), 0, folder)


def start(folder: Path, kill_at: int = 0) -> int:
    """Run `work` in another process and return its exit status."""
    command = [sys.executable, __file__, "--work", str(folder), "--kill-at", str(kill_at)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def outcome(folder: Path) -> tuple[dict[str, torch.Tensor], list[dict]]:
    """Return all tensors and the history, without its clock, that the recording left in `folder`."""
    with safe_open(str(folder / "seed-0.safetensors"), "pt") as file:
        history = json.loads(file.metadata()["state"])["history"]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    clock = ("seconds", "images_per_second")
    return tensors, [{name: value for name, value in epoch.items() if name not in clock} for epoch in history]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the steps at which recordings are killed")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kill-at", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.kill_at)
        return 0
    draw = random.Random(arguments.seed)
    equal = 0
    with tempfile.TemporaryDirectory() as scratch:
        start(Path(scratch) / "alone")
        tensors, history = outcome(Path(scratch) / "alone")
        for number in range(arguments.times):
            folder, step = Path(scratch) / str(number), draw.randrange(1, STEPS)
            killed = start(folder, step) == -signal.SIGKILL
            start(folder)
            found, story = outcome(folder)
            same = found.keys() == tensors.keys() and all(torch.equal(found[name], tensors[name]) for name in tensors)
            equal += killed and same and story == history
            print(f"killed at step {step} of {STEPS}: {killed}; equal when resumed: {same and story == history}", flush=True)
    print(f"{equal} of {arguments.times} killed and resumed recordings equal the one left alone")
    return 0 if equal == arguments.times else 1


if __name__ == "__main__":
    sys.exit(main())
