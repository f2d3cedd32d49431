"""Sphinx extension of the book: a page's text paints before anything else is loaded.

Scripts come after the first paint, figures below the first when a reader comes near them, and what widgets
hold (their pictures and their saved state) stands in files beside the page instead of in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.builders.html._assets import _JavaScript

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WORTH_SHARING = 1000  # letters
THEME_SCRIPTS = ("_static/scripts/bootstrap.js", "_static/scripts/pydata-sphinx-theme.js")
AT_ONCE = "documentation_options.js"  # scripts in the page speak of what it holds
WITH_THE_TEXT = ("togglebutton.js", "design-tabs.js")  # they decide what is seen: nothing is to move later
# a frame is painted after its own callbacks and before any timer; scripts added like this run in their order
LATER = """<script>
requestAnimationFrame(() => setTimeout(() => {
  for (const src of %s) document.body.append(Object.assign(document.createElement("script"), { src, async: false }));
}));
</script>"""
SOURCE = re.compile(r'src="([^"]+)"')
STILL = re.compile(r'src="data:image/png;base64,([^"]+)"')
FIGURE = re.compile(r'(<img [^>]*?)style="width: (\d+)px; height: (\d+)px;"')


def shared_once(saved: str) -> str:
    """The saved state of a page's widgets (JSON), less what no widget reads; a long text that repeats stands once."""
    state = json.loads(saved)["state"]
    state = {model: entry for model, entry in state.items() if "_esm" in entry["state"]}
    holders = [(entry["state"], name) for entry in state.values() for name in entry["state"]]
    holders += [(buffer, "data") for entry in state.values() for buffer in entry.get("buffers", [])]
    long = [(holder, name) for holder, name in holders if isinstance(holder[name], str) and len(holder[name]) > WORTH_SHARING]
    shared = list(dict.fromkeys(holder[name] for holder, name in long))
    for holder, name in long:
        holder[name] = {"$shared": shared.index(holder[name])}
    return json.dumps({"state": state, "shared": shared}, separators=(",", ":"))


def state_script(saved: str) -> str:
    """The script that gives a page the saved state of its widgets. No JSON file: a page opened from a disk may read none."""
    return f"window.bookWidgets = {shared_once(saved)};\n"


def beside(site: Path, folder: str, content: bytes, suffix: str) -> str:
    """Write `content` into a folder of `site` under a name that says what it holds; return its path there."""
    path = f"{folder}/{hashlib.sha256(content).hexdigest()[:32]}{suffix}"
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_bytes(content)
    return path


def figures_when_near(body: str) -> str:
    """The page's text, whose figures after the first load when a reader comes near; their room is kept meanwhile."""
    first = FIGURE.search(body)
    if first is None:
        return body
    waiting = FIGURE.sub(r'\1style="width: \2px; height: \3px;" width="\2" height="\3" loading="lazy"', body[first.end() :])
    return body[: first.end()] + waiting


def lighten(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Take out of a page what its text need not wait for."""
    site, pathto, tag = Path(app.outdir), context["pathto"], context["js_tag"]
    at_once, later = [], [pathto(script, 1) for script in THEME_SCRIPTS]
    for script in sorted(context["script_files"], key=lambda script: script.priority):
        if script.attributes.get("type") == WIDGET_STATE:
            later.append(pathto(beside(site, "_static/widgets", state_script(script.attributes["body"]).encode(), ".js"), 1))
        elif not script.filename or str(script.filename).endswith(AT_ONCE) or pagename == "search":
            at_once.append(script)  # the scripts of the search page call the others while it is read
        elif str(script.filename).endswith(WITH_THE_TEXT):
            at_once.append(_JavaScript(script.filename, priority=script.priority, defer="defer", **script.attributes))
        else:
            later.append(SOURCE.search(tag(script))[1])
    context["script_files"] = at_once
    context["later"] = LATER % json.dumps(later)
    if doctree is None:
        return

    def picture(still: re.Match) -> str:
        file = beside(site, "_images", base64.b64decode(still[1]), ".png")
        return f'src="{pathto(file, 1)}" loading="lazy"'

    context["body"] = figures_when_near(STILL.sub(picture, context["body"]))


def setup(app: Sphinx) -> dict:
    """Connect the hook; what comes back tells Sphinx that parallel builds are safe."""
    app.connect("html-page-context", lighten, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
