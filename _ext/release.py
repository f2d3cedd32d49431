"""Sphinx extension: what a page offers to take away. Launch buttons that lead somewhere, and notebooks with outputs.

While `_config.yml` names the example address, pages carry no button to a repository, since none would lead anywhere.
"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

EXAMPLE_OWNER = "example-org"
BUTTONS = ("use_repository_button", "use_issues_button", "use_edit_page_button")
LARGEST = 6_000_000  # bytes of a notebook to download; without the saved state of its widgets where it would be more


def is_example(address: str) -> bool:
    """Whether `address` is the one that stands in the sources until the book has a repository of its own."""
    return f"/{EXAMPLE_OWNER}/" in address


def drop_dead_buttons(app, config) -> None:
    """Take away the buttons to the repository and to places that would fetch it, while there is none."""
    options = config.html_theme_options
    if is_example(options.get("repository_url", "")):
        options["launch_buttons"] = {}
        options.update(dict.fromkeys(BUTTONS, False))


def to_download(notebook: str) -> str:
    """Return the executed `notebook` (JSON) as readers download it: with its outputs, and its widgets if they are light."""
    if len(notebook.encode()) <= LARGEST:
        return notebook
    content = json.loads(notebook)
    content["metadata"].pop("widgets", None)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def is_run_of(executed: str, source: str) -> bool:
    """Whether `executed` is a run of the notebook `source`; a page of exercises is made from another than it hands out."""
    both = [[cell["source"] for cell in nbformat.reads(text, as_version=4).cells] for text in (executed, source)]
    return both[0] == both[1]


def put_outputs_in(app, exception) -> None:
    """Put each executed notebook where the button "Download this page" leads, in place of its source without outputs."""
    if exception is not None or app.builder.format != "html":
        return
    sources, runs = Path(app.outdir) / "_sources", Path(app.env.mystnb_config.output_folder)
    for path in sorted(sources.rglob("*.ipynb")):
        run = runs / path.relative_to(sources)
        if run.exists() and is_run_of(executed := run.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")):
            path.write_text(to_download(executed), encoding="utf-8")


def setup(app):
    app.connect("config-inited", drop_dead_buttons)
    app.connect("build-finished", put_outputs_in)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
