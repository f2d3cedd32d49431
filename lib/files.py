"""The files of MNIST and Fashion-MNIST: where they come from, and whether they are what they should be.

Nothing here deletes or overwrites a file that was there before.
"""

import hashlib
import math
import os
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PROBE_SECONDS = 4  # how long a server may take to answer before the stand-in is used
STALL_SECONDS = 8  # how long a download may stand still


class DataError(ValueError):
    """A data file that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Source:
    """Where a dataset lives under the data folder, and what its files must be."""

    title: str
    folder: str  # torchvision's name of the dataset class, and of its folder
    classes: tuple[str, ...]
    mean: float  # of the 60,000 training images, with pixels from 0 to 1
    std: float
    sha256: tuple[str, ...]  # of the unpacked FILES, in that order


SOURCES = {
    "mnist": Source(
        title="MNIST",
        folder="MNIST",
        classes=tuple("0123456789"),
        mean=0.1307,
        std=0.3081,
        sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion-mnist": Source(
        title="Fashion-MNIST",
        folder="FashionMNIST",
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        mean=0.2860,
        std=0.3530,
        sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
}


def is_present(source: Source, root: Path) -> bool:
    """Return whether the files lie under `root`. Raises DataError where only some of them do."""
    raw = root / source.folder / "raw"
    missing = [file for file in FILES if not (raw / file).is_file()]
    packed = [file for file in missing if (raw / f"{file}.gz").is_file()]
    if packed:
        raise DataError(f"{raw / packed[0]}.gz is still packed: unpack it with `gunzip --keep`")
    if 0 < len(missing) < len(FILES):
        raise DataError(f"{raw} lacks {', '.join(missing)}: copy what is missing, or move the folder away")
    return not missing


def read_idx(path: Path) -> np.ndarray:
    """Return the array of bytes stored in the IDX file `path`, in the shape its header announces."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        raise DataError(f"{path} is packed with gzip: unpack it with `gunzip`, or rename it to end in .gz")
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"{path} is not an IDX file of bytes (it begins {content[:4].hex(' ')}): replace it")
    rank = content[3]
    header = 4 + 4 * rank
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4))
    if len(content) != header + math.prod(shape):
        announced = f"its header announces {header + math.prod(shape):,}"
        raise DataError(f"{path} has {len(content):,} bytes, {announced}: it is truncated or damaged; replace it")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def checksums(source: Source, root: Path) -> dict[str, str]:
    """Return {file: SHA-256} of the files of `source` that lie under `root`, as they are."""
    raw = root / source.folder / "raw"
    return {file: hashlib.sha256((raw / file).read_bytes()).hexdigest() for file in FILES}


def check_sum(path: Path, expected: str, source: Source) -> None:
    """Raise DataError when `path` is not the published file: another dataset's, or altered."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found == expected:
        return
    for other in SOURCES.values():
        if found in other.sha256:
            raise DataError(f"{path} is a file of {other.title}, not of {source.title}: put the right one there")
    raise DataError(f"{path} is altered: its SHA-256 is {found[:12]}…, not {expected[:12]}…; replace it")


def download(source: Source, root: Path) -> str:
    """Fetch the files through torchvision (its checksums verified) into `root`; return why not, "" on success.

    Nothing is left behind by a download that fails. Raises OSError when `root` cannot be written.
    """
    if os.environ.get("BOOK_OFFLINE") == "1":
        return "BOOK_OFFLINE=1"
    import torchvision  # here, because a machine that has the data need not have it

    make = getattr(torchvision.datasets, source.folder)
    if not any_answers([f"{mirror}{make.resources[0][0]}" for mirror in make.mirrors]):
        return "no network"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as scratch:
            reason = _fetch(make, scratch)
            if not reason:
                target = root / source.folder / "raw"
                target.mkdir(parents=True, exist_ok=True)
                for file in FILES:
                    os.replace(Path(scratch, source.folder, "raw", file), target / file)
    except OSError as error:
        raise OSError(f"cannot write the data to {root} ({error.strerror}): free it or set BOOK_DATA elsewhere") from error
    return reason


def _fetch(make, scratch: str) -> str:
    """Let torchvision's dataset class `make` download into `scratch`; return why it could not, "" on success."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)  # torchvision itself would wait for ever
    try:
        make(scratch, download=True)
    except (RuntimeError, urllib.error.URLError, TimeoutError, ConnectionError) as error:
        return f"the download failed: {' '.join(str(error).split())}"
    finally:
        socket.setdefaulttimeout(before)
    return ""


def any_answers(addresses: list[str]) -> bool:
    """Return whether one of `addresses` answers within PROBE_SECONDS, name look-up included."""
    answered = threading.Event()

    def ask(address: str) -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=PROBE_SECONDS):
                answered.set()
        except OSError:
            return

    threads = [threading.Thread(target=ask, args=(address,), daemon=True) for address in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:  # a name look-up has no time limit of its own: leave it behind
        thread.join(0 if answered.is_set() else PROBE_SECONDS)
    return answered.is_set()
