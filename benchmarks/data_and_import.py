"""How long a pass over the device-resident images takes, and what importing the library costs beyond torch.

    python benchmarks/data_and_import.py [--device cpu]

Prints seconds (best of five) and, for the pass, the ratio to the loader that tutorials use: one image at a time
through PIL in a torch DataLoader, on the same images in the same run.
"""

import argparse
import subprocess
import sys
import time

import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from lib.batches import batches
from lib.data import Split
from lib.device import choose_device, device_name

COUNT = 60_000
TUTORIAL_COUNT = 6_000  # the slow loader is measured on a tenth of the images


class OneByOne(Dataset):
    """Images as tutorials load them: each becomes a PIL picture and then a tensor."""

    def __init__(self, images: torch.Tensor):
        self.images = images
        self.convert = v2.Compose([v2.ToPILImage(), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, at: int):
        return self.convert(self.images[at]), 0


def best(work, repeats: int = 5) -> float:
    """Return the seconds of the fastest of `repeats` calls of `work`."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def passing(split: Split) -> None:
    """Visit every batch once, in random order, and wait for the last."""
    for images, _ in batches(split, 128, torch.Generator()):
        last = images
    last.sum().item()


def import_seconds(code: str) -> float:
    """Return the seconds a fresh interpreter needs to run `code` after `import torch`."""
    script = f"import time, torch; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device")
    device = choose_device(parser.parse_args().device)
    images = torch.randint(256, (COUNT, 1, 28, 28), dtype=torch.uint8)
    split = Split(images.to(device), torch.zeros(COUNT, dtype=torch.long, device=device))
    ours = best(lambda: passing(split))
    loader = DataLoader(OneByOne(images[:TUTORIAL_COUNT]), batch_size=128, shuffle=True)
    theirs = best(lambda: [None for _ in loader], repeats=2) * COUNT / TUTORIAL_COUNT
    print(f"{device_name(device)}, torch {torch.__version__}")
    print(f"one pass over {COUNT:,} images: {ours:.3f} s")
    print(f"one image at a time through PIL: {theirs:.1f} s, {theirs / ours:.0f} times as long")
    modules = "import lib.training, lib.models, lib.cost, lib.plots, lib.checkpoints"
    for name, code in (("import lib", "import lib"), ("every module the chapters use", modules)):
        print(f"{name}: {min(import_seconds(code) for _ in range(5)):.3f} s beyond import torch")


if __name__ == "__main__":
    main()
