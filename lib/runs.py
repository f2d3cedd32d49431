"""Recorded runs: one small folder per recipe, and everything needed to check it again.

    runs/NAME/record.json      recipe, history per seed, device, versions, seconds, checksums of the data
    runs/NAME/predictions.npz  the predicted class of every test image and its probability, per seed; the first
                               layer's weights of seed 0

A folder is put in place whole or not at all, so one that exists is a complete record.
"""

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lib.configs import Config, Epoch, Run

LARGEST = 200_000  # bytes of a record
ARRAYS = ("predictions", "filters", "confidences")  # of a record, in predictions.npz
RUNS = Path(__file__).resolve().parent.parent / "runs"


class RecordError(ValueError):
    """A record that is missing, incomplete or altered; the message names the folder and the remedy."""


@dataclass(frozen=True)
class Record:
    """What was recorded: one Run per seed, and what each predicted for the test images (seeds x images)."""

    recipe: dict  # as recipes.describe gives it
    parameters: int
    runs: tuple[Run, ...]
    accuracies: tuple[float, ...]  # of the test images, one per seed
    predictions: np.ndarray
    filters: np.ndarray  # first layer of the first seed
    sha256: dict[str, str]  # of the data files
    recorded: str  # date
    commit: str = ""  # of the code that made it
    confidences: np.ndarray | None = None  # probabilities of the predictions, in 255ths (seeds x images)

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
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = scratch / "new", scratch / "old"
    try:
        new.mkdir()
        text = {name: value for name, value in asdict(record).items() if name not in ARRAYS}
        (new / "record.json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        np.savez_compressed(
            new / "predictions.npz", **{name: value for name in ARRAYS if (value := getattr(record, name)) is not None}
        )
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
    """Return the record of the recipe `name`. Raises RecordError where there is none or part of it is missing."""
    folder = runs / name
    missing = [file for file in ("record.json", "predictions.npz") if not (folder / file).is_file()]
    if missing:
        raise RecordError(f"{folder} lacks {' and '.join(missing)}: record it with `python scripts/record.py {name}`")
    text = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    with np.load(folder / "predictions.npz") as arrays:
        text |= {name: arrays[name] for name in ARRAYS if name in arrays}
    text |= {"runs": tuple(map(parse_run, text["runs"])), "accuracies": tuple(text["accuracies"])}
    return Record(**text)
