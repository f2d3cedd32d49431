"""Sphinx extension: writes how long each chapter took to run to `_build/execution.json`."""

from __future__ import annotations

import json
import re
from pathlib import Path


def _write(app, exception) -> None:
    """Write {page: seconds} of the chapters that this build ran; nothing after a failed build."""
    if exception is not None:
        return
    metadata = getattr(app.env, "nb_metadata", {})
    chapters = {page: data for page, data in metadata.items() if re.fullmatch(r"chapters/[^/]+", page)}
    seconds = {page: round(data["exec_data"]["runtime"], 1) for page, data in chapters.items() if data.get("exec_data")}
    target = Path(app.outdir).parent / "execution.json"
    target.write_text(json.dumps(seconds, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def setup(app):
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
