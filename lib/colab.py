"""What a chapter's first cell does where the book was not installed (Colab): add what is missing, say what was found.

Nothing that is there is replaced: pip is held to the exact version of every package that it finds.
"""

import importlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

BOOK = Path(__file__).resolve().parent.parent
PATIENCE = ("--retries=1", "--timeout=10")  # of pip where there is no network
PART = "# the library and the chapters\n"  # of requirements.txt


def requirements() -> list[Requirement]:
    """Return what the library and the chapters need, each with its range: the first part of requirements.txt."""
    lines = (BOOK / "requirements.txt").read_text(encoding="utf-8").split(PART)[1].split("\n\n")[0].splitlines()
    return [Requirement(line) for line in lines]


def installed() -> dict[str, str]:
    """Return {name: version} of every package here whose version pip could be held to."""
    found = {}
    for package in metadata.distributions():
        try:
            found.setdefault(package.metadata["Name"], str(Version(package.version)))
        except (InvalidVersion, TypeError):  # what a system packaged for itself
            continue
    return found


def version(name: str) -> Version | None:
    """Return the version of the package `name` here, or None where it is missing."""
    try:
        return Version(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def missing(needed: Sequence[Requirement]) -> list[Requirement]:
    """Return those of `needed` of which no version is here."""
    return [each for each in needed if version(each.name) is None]


def unfit(needed: Sequence[Requirement]) -> list[tuple[Requirement, Version]]:
    """Return those of `needed` that are here in a version outside their range, with that version."""
    found = [(each, version(each.name)) for each in needed]
    return [(each, here) for each, here in found if here is not None and not each.specifier.contains(here, prereleases=True)]


def too_old(needed: Sequence[Requirement]) -> list[str]:
    """Return a sentence for each of `needed` that is here in a version outside its range."""
    return [
        f"This book needs {each}, and here is {each.name} {here}: choose a newer runtime, or some cells may stop."
        for each, here in unfit(needed)
    ]


def pip(*arguments: str) -> str:
    """Run pip; return why it failed, "" on success."""
    command = [sys.executable, "-m", "pip", "--quiet", "--no-color", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    said = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else (said or ["pip failed"])[-1]


def add(packages: Sequence[Requirement]) -> str:
    """Install `packages` beside all that is here, none of which pip may change; return why not, "" on success."""
    with tempfile.TemporaryDirectory() as scratch:
        held = Path(scratch, "held.txt")
        held.write_text("\n".join(f"{name}=={here}" for name, here in installed().items()), encoding="utf-8")
        failed = pip("install", *PATIENCE, f"--constraint={held}", *map(str, packages))
    return failed and add_one_by_one(packages)


def add_one_by_one(packages: Sequence[Requirement]) -> str:
    """Install `packages`, and what they lack, without asking whether all else here fits together; return why not, or "".

    Colab's own packages do not always fit, and then pip knows no answer that changes none of them.
    """
    added, waiting = [], list(packages)
    while waiting:
        each = waiting.pop()
        reason = pip("install", *PATIENCE, "--no-deps", str(each))
        needed = [] if reason else needs(each.name)
        added += [] if reason else [each.name]
        if reason or unfit(needed):
            if added:
                pip("uninstall", "--yes", *added)
            return reason or f"{each.name} needs {unfit(needed)[0][0]}, and here is {unfit(needed)[0][1]}"
        waiting += missing(needed)
    return ""


def needs(name: str) -> list[Requirement]:
    """Return what the package `name`, which is here, asks for itself."""
    lines = [Requirement(line) for line in metadata.requires(name) or []]
    return [each for each in lines if each.marker is None or each.marker.evaluate({"extra": ""})]


def shortfall(packages: Sequence[Requirement], reason: str) -> str:
    """Return the sentence that says what `packages` would have been for, after pip gave `reason`."""
    names = [each.name for each in packages]
    widgets = {"anywidget", "ipywidgets"}.intersection(names)
    rest = [name for name in names if name not in widgets]
    effects = ["widgets stay pictures"] if widgets else []
    effects += [f"cells that need {' or '.join(rest)} will stop"] if rest else []
    return f"{', '.join(names)} could not be added ({reason}): {', and '.join(effects)}; all else runs."


def where_and_how_long() -> str:
    """Return the line that names the device found here and the recorded seconds of the chapters on its kind."""
    from lib.device import budget, choose_device, device_name  # here: they need torch, which may just have been added
    from lib.minutes import every_chapter

    device = choose_device()
    return f"Computing on {device_name(device)}, with the budget {budget(device)!r}. {every_chapter(device.type)}"


def prepare() -> None:
    """Add what the chapters miss here, and print what was added, what is too old, the device and the minutes."""
    needed = requirements()
    if absent := missing(needed):
        print(f"Adding {', '.join(each.name for each in absent)}; what is here stays as it is.", flush=True)
        if reason := add(absent):
            print(shortfall(absent, reason))
    print("\n".join([*too_old(needed), where_and_how_long()]))
