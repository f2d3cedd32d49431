"""Sphinx extension: writes how long each chapter took to run to `_build/execution.json`."""

from __future__ import annotations

import json
import re
from pathlib import Path


def chapters_run(env) -> dict[str, dict]:
    """Return what myst-nb keeps of each chapter's run ("runtime" and more), if this build ran it; exercises are no chapters."""
    found = {page: about.get("exec_data") for page, about in sorted(getattr(env, "nb_metadata", {}).items())}
    return {page: run for page, run in found.items() if run and re.fullmatch(r"chapters/[^/]+", page)}


def _write(app, exception) -> None:
    """Write {page: seconds} of the chapters that this build ran; nothing after a failed build."""
    if exception is not None:
        return
    seconds = {page: round(run["runtime"], 1) for page, run in chapters_run(app.env).items()}
    target = Path(app.outdir).parent / "execution.json"
    target.write_text(json.dumps(seconds, indent=1) + "\n", encoding="utf-8")


def setup(app):
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
