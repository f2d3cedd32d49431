"""Record how long the chapters took in the last `make book`, for the line at the top of each of them.

python scripts/record_seconds.py

Writes runs/chapters-cpu/measurement.json, or -cuda or -mps after the device of the build. Build with nothing else
running on the machine: readers plan by these numbers. `tests/test_minutes.py` compares every later build with them.
"""

import json
import re
import sys
from pathlib import Path

from lib.device import choose_device, device_name
from lib.minutes import record_name
from lib.runs import write_measurement

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"


def chapters(build: Path = BUILD) -> dict[str, float]:
    """Return {page: seconds by the clock} of the chapters that the build ran; other pages are not timed for readers."""
    pages = json.loads((build / "execution.json").read_text(encoding="utf-8"))
    return {page: seconds for page, seconds in pages.items() if re.match(r"chapters/\d\d-", page)}


def glued(page: str, build: Path = BUILD) -> dict[str, str]:
    """Return what the built chapter `page` ("chapters/01-...") glued, by the part of the name after the chapter's number."""
    stored = json.loads((build / "jupyter_execute" / f"{page}.glue.json").read_text(encoding="utf-8"))
    return {name.partition("-")[2]: str(output["data"].get("text/plain", "")).strip("'\"") for name, output in stored.items()}


def measured(build: Path = BUILD) -> dict[str, dict[str, float]]:
    """Return {chapter: {"seconds": by the clock}} of the build."""
    return {Path(page).name: {"seconds": seconds} for page, seconds in chapters(build).items()}


def made_on(build: Path = BUILD) -> tuple[str, str]:
    """Return the device and the budget that the chapters of the build name. Raises ValueError where they differ."""
    devices, budgets = ({glued(page, build).get(name) for page in chapters(build)} - {None} for name in ("device", "budget"))
    if len(devices) != 1 or len(budgets) != 1:
        raise ValueError(f"the chapters were not built alike ({devices}, {budgets}): run make clean book")
    return devices.pop(), budgets.pop()


def processor_name() -> str:
    """Return the model of this machine's processor as Linux names it, "" elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def main() -> None:
    if not (BUILD / "execution.json").exists():
        sys.exit("error: there is no build to record: run make book first")
    device = choose_device()
    expected = (device_name(device), "full" if device.type == "cuda" else "page")
    try:
        found = made_on()
    except ValueError as error:
        sys.exit(f"error: {error}")
    if found != expected:
        sys.exit(f"error: the build was made with {found}, a reader here has {expected}: run make clean book without settings")
    values = {"processor": processor_name(), "chapters": measured()}
    print("stored in", write_measurement(record_name(device.type), values, device))


if __name__ == "__main__":
    main()
