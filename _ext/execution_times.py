"""Sphinx extension: writes how long each chapter took to run to `_build/execution.json`.

Beside it, `_build/processor.json` has the seconds that processors worked for each chapter. Other work on the machine
lengthens the first by any factor and the second only a little, so the second tells whether a chapter itself grew.
"""

from __future__ import annotations

import json
from pathlib import Path

try:
    import resource
except ImportError:  # Windows, which does not count this
    resource = None


def _worked() -> float:
    """Return the seconds that processors worked so far for processes that this one started and that have ended."""
    if resource is None:
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _begin(app, docname, source) -> None:
    """Note what was worked before the page `docname`, whose kernel is started and ended while the page is read."""
    app.env.temp_data["worked_before"] = _worked()


def _end(app, doctree) -> None:
    """Keep what was worked for the page that was just read, beside what myst-nb keeps of its run."""
    data = getattr(app.env, "nb_metadata", {}).get(app.env.docname, {}).get("exec_data")
    if data:
        data["worked"] = _worked() - app.env.temp_data.get("worked_before", 0.0)


def _write(app, exception) -> None:
    """Write {page: seconds} of the chapters that this build ran, by the clock and by processors; nothing if it failed."""
    if exception is not None:
        return
    metadata = getattr(app.env, "nb_metadata", {})
    ran = {page: data["exec_data"] for page, data in metadata.items() if data.get("exec_data")}
    for name, value in (("execution", "runtime"), ("processor", "worked")):
        seconds = {page: round(data[value], 1) for page, data in ran.items() if data.get(value)}
        target = Path(app.outdir).parent / f"{name}.json"
        target.write_text(json.dumps(seconds, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def setup(app):
    app.connect("source-read", _begin)
    app.connect("doctree-read", _end)
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
