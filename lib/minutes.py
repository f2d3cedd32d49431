"""How long the chapters take: seconds recorded from builds of the book, one record for each kind of device.

    runs/chapters-cpu/measurement.json    written by scripts/record_seconds.py

A kind of device on which nobody has built the book yet has no record, and is said to have none.
"""

from lib.runs import RUNS, read_measurement

KINDS = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}


def record_name(kind: str) -> str:
    """Return the name of the record for the devices called `kind` by torch: "cpu", "cuda" or "mps"."""
    return f"chapters-{kind}"


def recorded(kind: str) -> dict | None:
    """Return the measurement for devices of `kind`, None where there is none; its "values" are "processor" and "chapters"."""
    name = record_name(kind)
    return read_measurement(name) if (RUNS / name).exists() else None


def duration(seconds: float) -> str:
    """Return `seconds` in round words, at most a fifth off: "20 seconds", "110 seconds", "4 minutes"."""
    if seconds >= 180:
        return f"{round(seconds / 60)} minutes"
    step = 5 if seconds < 60 else 10
    return f"{max(step, round(seconds / step) * step)} seconds"


def one_chapter(chapter: str) -> str:
    """Return how long the cells of `chapter` ("01-reading-digits") take on each kind of device, as far as recorded."""
    found = {kind: recorded(kind) for kind in KINDS}
    known = [each for each in found.values() if each and chapter in each["values"]["chapters"]]
    unknown = [KINDS[kind] for kind, each in found.items() if each not in known]
    times = [f"about {duration(each['values']['chapters'][chapter]['seconds'])} ({each['device']})" for each in known]
    return "; ".join([*times, *([f"not recorded yet: {', '.join(unknown)}"] if unknown else [])])


def every_chapter(kind: str) -> str:
    """Return a sentence with the recorded minutes of each chapter on devices of `kind`, else on a CPU, and says which."""
    found, note = recorded(kind), ""
    if found is None:
        found, note = recorded("cpu"), f"Not recorded yet: {KINDS[kind]}. "
    if found is None:
        return f"{note}How long a chapter takes was not recorded."
    minutes = ", ".join(f"{name[:2]}: {each['seconds'] / 60:.1f}" for name, each in sorted(found["values"]["chapters"].items()))
    return f"{note}Minutes by chapter, recorded on {found['device']}: {minutes}."
