"""Recorded runs: one small folder per recipe, and everything needed to check it again.

    runs/NAME/record.json      recipe, history per seed, device, versions, seconds, checksums of the data
    runs/NAME/predictions.npz  the predicted class of every test image and its probability, per seed; the first
                               layer's weights of seed 0; of a replay both at the start and after each epoch

    runs/NAME/measurement.json instead of both: what a benchmark found, with device and versions

A folder is put in place whole or not at all, so one that exists is a complete record.
"""

import json
import platform
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import torch

from lib.configs import Config, Epoch, Run
from lib.device import device_name

LARGEST = 200_000  # bytes of a record
REPLAYED = ("labels", "predictions_by_epoch", "filters_by_epoch")
ARRAYS = ("predictions", "filters", "confidences", *REPLAYED)  # of a record, in predictions.npz
RUNS = Path(__file__).resolve().parent.parent / "runs"


class RecordError(ValueError):
    """A record that is missing, incomplete or altered; the message names the folder and the remedy."""


@dataclass(frozen=True)
class Record:
    """What was recorded: one Run per seed, and what each predicted for the test images (seeds x images)."""

    recipe: dict  # as recipes.describe gives it
    parameters: int  # numbers that were learned
    runs: tuple[Run, ...]
    accuracies: tuple[float, ...]  # of the test images, one per seed
    predictions: np.ndarray
    sha256: dict[str, str]  # of the data files
    recorded: str  # date
    commit: str = ""  # of the code that made it
    filters: np.ndarray | None = None  # first layer of the first seed, where there is one
    confidences: np.ndarray | None = None  # probabilities of the predictions, in 255ths (seeds x images)
    # Of a replay, for seed 0: to be watched, never to choose by. Labels, so that it can be shown without the pictures.
    labels: np.ndarray | None = None  # of the test images
    predictions_by_epoch: np.ndarray | None = None  # (epochs + 1) x images, the first before any training
    filters_by_epoch: np.ndarray | None = None  # (epochs + 1) x the shape of `filters`

    @property
    def mean(self) -> float:
        return float(np.mean(self.accuracies))

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds (n - 1 in the denominator); 0 for a single one."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else 0.0

    @property
    def seconds(self) -> float:
        """Seconds of training of one seed, on average."""
        return sum(run.seconds for run in self.runs) / len(self.runs)


def parse_run(text: dict) -> Run:
    """Return the Run whose `asdict` is `text`, as it stands in a JSON file."""
    return Run(Config(**text["config"]), tuple(Epoch(**epoch) for epoch in text["history"]), text["device"], text["versions"])


def write_record(record: Record, folder: Path) -> None:
    """Write `record` as the folder `folder`, replacing an older one only when the new one is complete."""
    text = {name: value for name, value in asdict(record).items() if name not in ARRAYS}
    arrays = {name: array for name in ARRAYS if (array := getattr(record, name)) is not None}

    def fill(new: Path) -> None:
        (new / "record.json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        np.savez_compressed(new / "predictions.npz", **arrays)

    _put(folder, fill)


def write_measurement(name: str, values: dict, device: torch.device, runs: Path = RUNS) -> Path:
    """Write what a benchmark found on `device` as the record `name`, and return its folder."""
    about = {
        "device": device_name(device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "recorded": date.today().isoformat(),
        "commit": commit(),
    }

    def fill(new: Path) -> None:
        (new / "measurement.json").write_text(json.dumps(about | {"values": values}, indent=1) + "\n", encoding="utf-8")

    _put(runs / name, fill)
    return runs / name


def commit() -> str:
    """Return the commit of the code, with a plus sign where the files differ from it; empty outside a git checkout."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(command, cwd=RUNS.parent, capture_output=True, text=True, check=False).stdout.strip()


def _put(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a new folder and put it in the place of `folder`, whose older self stays until all is written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = scratch / "new", scratch / "old"
    try:
        new.mkdir()
        fill(new)
        if (size := sum(file.stat().st_size for file in new.iterdir())) > LARGEST:
            raise RecordError(f"the record {folder.name} would take {size:,} bytes, more than {LARGEST:,}: store less of it")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        if old.exists() and not folder.exists():  # interrupted between the two renames
            old.rename(folder)
        shutil.rmtree(scratch)


def read_record(name: str, runs: Path = RUNS) -> Record:
    """Return the record of the recipe `name`. Raises RecordError where there is none, or part of it is missing or damaged."""
    folder = runs / name
    missing = [file for file in ("record.json", "predictions.npz") if not (folder / file).is_file()]
    if missing:
        raise RecordError(f"{folder} lacks {' and '.join(missing)}: record it with `python scripts/record.py {name}`")
    try:
        text = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        with np.load(folder / "predictions.npz") as arrays:
            text |= {name: arrays[name] for name in ARRAYS if name in arrays}
        return Record(**text | {"runs": tuple(map(parse_run, text["runs"])), "accuracies": tuple(text["accuracies"])})
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RecordError(f"{folder} is damaged ({error}): restore it, or record it again") from error


def read_measurement(name: str, runs: Path = RUNS) -> dict:
    """Return "device", "versions", "recorded", "commit" and "values" of a benchmark. Raises RecordError where there is none."""
    path = runs / name / "measurement.json"
    if not path.is_file():
        raise RecordError(f"{path} is missing: the benchmark of that name writes it when called with --record")
    return json.loads(path.read_text(encoding="utf-8"))
