"""MNIST and Fashion-MNIST as bytes on the device of your choice, checked before they are used.

`load` looks in `$BOOK_DATA` (default: `data/` beside this package), then downloads through torchvision,
and where neither works returns a small stand-in that says so wherever it is shown.
Sources: Yann LeCun and Corinna Cortes (MNIST); Xiao, Rasul and Vollgraf, arXiv:1708.07747 (Fashion-MNIST).
"""

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from lib import standins
from lib.files import FILES, SOURCES, DataError, Source, check_sum, download, is_present, read_idx


@dataclass(frozen=True)
class Split:
    """Images (N x 1 x 28 x 28, bytes) and labels (N, integers) on one device."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, count: int) -> "Split":
        """Return the first `count` examples; the whole split where it has fewer."""
        return Split(self.images[:count], self.labels[:count])


@dataclass(frozen=True)
class Dataset:
    """One dataset in three parts. `validation` was held out of the training images; `test` is for the final claim."""

    title: str
    classes: tuple[str, ...]
    mean: float
    std: float
    train: Split
    validation: Split
    test: Split
    stand_in: str = ""  # says what the images really are; empty for the real data

    def __str__(self) -> str:
        sizes = f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"
        return f"{self.title}: {sizes} · {self.stand_in or 'real data, checksums verified'}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        kind = "stand-in" if self.stand_in else "data-notice"
        warning = "<strong>Not the real data.</strong> " if self.stand_in else ""
        return f'<div class="{kind}">{warning}{self}</div>'


def data_folder() -> Path:
    """Return `$BOOK_DATA`, else the folder `data` beside the package in a checkout, else `data` where you are."""
    if chosen := os.environ.get("BOOK_DATA"):
        return Path(chosen).expanduser()
    checkout = Path(__file__).resolve().parent.parent
    return (checkout if (checkout / "_toc.yml").exists() else Path.cwd()) / "data"


def load(name: str, device: torch.device | str = "cpu", folder: Path | str | None = None) -> Dataset:
    """Return the dataset `name` ("mnist" or "fashion-mnist") on `device`.

    Raises ValueError for another name, DataError for a file that is damaged, and OSError with a
    remedy for a folder that cannot be written. BOOK_OFFLINE=1 keeps it from trying the network.
    """
    if name not in SOURCES:
        raise ValueError(f"unknown dataset {name!r}: choose one of {', '.join(SOURCES)}")
    source, root = SOURCES[name], Path(folder) if folder else data_folder()
    if not is_present(source, root) and (reason := download(source, root)):
        stand_in = standins.make(name)
        note = f"{stand_in.note} ({reason}; set BOOK_DATA to a folder with the real files)"
        warnings.warn(f"{source.title} is not at hand: using {note}", stacklevel=2)
        return _assemble(source, stand_in.arrays, device, note)
    raw = root / source.folder / "raw"
    return _assemble(source, tuple(read_idx(raw / file) for file in FILES), device, verify=raw)


def _assemble(source: Source, arrays, device, stand_in: str = "", verify: Path | None = None) -> Dataset:
    """Return the Dataset of the four arrays in the order of FILES, checked against the files' sums."""
    for at in (0, 2):
        if len(arrays[at]) != len(arrays[at + 1]):
            names = f"{FILES[at]} has {len(arrays[at]):,} images, {FILES[at + 1]} has {len(arrays[at + 1]):,} labels"
            raise DataError(f"in {verify}, {names}: they are not a pair; replace both")
    if verify:
        for file, expected in zip(FILES, source.sha256, strict=True):
            check_sum(verify / file, expected, source)
    train_images, train_labels, test_images, test_labels = (torch.from_numpy(array.copy()).to(device) for array in arrays)
    everything = Split(train_images[:, None], train_labels.long())
    train, validation = hold_out(everything, len(everything) // 12)
    test = Split(test_images[:, None], test_labels.long())
    return Dataset(source.title, source.classes, source.mean, source.std, train, validation, test, stand_in)


def hold_out(split: Split, count: int) -> tuple[Split, Split]:
    """Return (train, validation): `count` examples drawn once and for all, the rest in their stored order."""
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(0))
    kept, held = (part.sort().values.to(split.labels.device) for part in (order[count:], order[:count]))
    return Split(split.images[kept], split.labels[kept]), Split(split.images[held], split.labels[held])


def subset(data: Dataset, count: int) -> Dataset:
    """Return `data` with only the first `count` training images; validation and test stay whole."""
    return replace(data, train=data.train.take(count))


def draw(data: Dataset, count: int, seed: int) -> Dataset:
    """Return `data` with only `count` training images, drawn by `seed`; validation and test stay whole."""
    chosen = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))[:count].to(data.train.labels.device)
    return replace(data, train=Split(data.train.images[chosen], data.train.labels[chosen]))
