"""Sphinx extension: what a page offers to take away. Launch buttons that lead somewhere, and notebooks with outputs.

While `_config.yml` names the example address, pages carry no button to a repository, since none would lead anywhere.
"""

from __future__ import annotations

import json
from pathlib import Path

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


def put_outputs_in(app, exception) -> None:
    """Put each executed notebook where the button "Download this page" leads, in place of its source without outputs."""
    if exception is not None or app.builder.format != "html":
        return
    executed = Path(app.env.mystnb_config.output_folder)
    for source in sorted((Path(app.outdir) / "_sources").rglob("*.ipynb")):
        notebook = executed / source.relative_to(Path(app.outdir) / "_sources")
        if notebook.exists():
            source.write_text(to_download(notebook.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app):
    app.connect("config-inited", drop_dead_buttons)
    app.connect("build-finished", put_outputs_in)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
