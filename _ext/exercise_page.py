"""Sphinx extension of the book: pages of exercises, shown from their sources.

On disk `chapters/exercises/SET.ipynb` is what students get, so that is what the download button hands out. The page
shows `exercises/source/SET/SET.ipynb` instead: numbered exercises, each solution in a dropdown, no hidden check. With
SOLUTIONS=0 in the environment it shows empty answers. Neither these nor checks are run: empty answers raise errors, and
the tests run the others. Where a set gives a picture, the cells that it needs are run.
The directive `{tasks} SET` lists the tasks that a set has for the chapter in which it stands.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

PAGES = PurePosixPath("chapters/exercises")
MARKS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*\n?", re.M)
START = re.compile(r"`{3}\{exercise-start\}.*?\n`{3}\n", re.S)
CHECK_PROMPTS = {"code_prompt_show": "Show the visible checks", "code_prompt_hide": "Hide the visible checks"}
UNRUN = "skip-execution"
CONTENTS = {"exercise-content", "solution-content"}  # ids that sphinx-exercise gives to every box alike


def source_path(app: Sphinx, name: str) -> Path:
    """Where the source of the set `name` stands."""
    return Path(app.srcdir, "exercises", "source", name, f"{name}.ipynb")


def text_of(cell: dict) -> str:
    """The source of a cell as one string; files hold it as a list of lines."""
    return "".join(cell["source"])


def label(cell: dict) -> str:
    """The label that nbgrader knows a cell by; empty for the gates around solutions."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def view(source: dict, student: dict, solutions: bool) -> dict:
    """What the page shows: the cells of `source` without hidden checks; answers from `student` unless `solutions`."""
    given = {label(cell): text_of(cell) for cell in student["cells"]}
    cells = []
    for cell in source["cells"]:
        name, text = label(cell), text_of(cell)
        if name.endswith("-hidden") or (not name and not solutions):
            continue
        if name.endswith("-text"):
            start = START.match(text).end()
            text = f"{text[:start]}\n{facts(given[name])}\n{text[start:]}"
        elif name.endswith("-visible"):
            cell["metadata"] |= {"tags": ["hide-input", UNRUN], "mystnb": CHECK_PROMPTS}
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["metadata"]["tags"] = [UNRUN]
            text = MARKS.sub("", text + "\n").rstrip() + rubric(source, name) if solutions else given[name]
        cells.append(cell | {"source": text})
    return source | {"cells": cells}


def facts(text: str) -> str:
    """Points, minutes and goal: the paragraph below the heading of a task in the student's notebook."""
    return text.split("\n\n")[1]


def rubric(source: dict, name: str) -> str:
    """What a task that is graded by hand gives its points for, as Markdown; empty for all others."""
    about = next(cell["metadata"]["exercise"] for cell in source["cells"] if label(cell) == f"{name}-text")
    lines = [f"- {points:g} point{'s' * (points != 1)}: {reason}" for points, reason in about.get("rubric", ())]
    return "\n\n**Graded by hand:**\n\n" + "\n".join(lines) if lines else ""


def show_source(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put the view of the source in the place of the student's notebook."""
    path = source_path(app, PurePosixPath(docname).name)
    if PurePosixPath(docname).parent == PAGES and path.exists():
        app.env.note_dependency(str(path))
        shown = view(json.loads(path.read_text(encoding="utf-8")), json.loads(content[0]), app.config.exercise_solutions)
        content[0] = json.dumps(shown)


def run_pictures_only(app: Sphinx, config: Config) -> None:
    """Leave unexecuted the pages of exercises that give no picture."""
    sources = sorted(Path(app.srcdir).glob("exercises/source/*/*.ipynb"))
    idle = [path for path in sources if not any(map(draws, json.loads(path.read_text(encoding="utf-8"))["cells"]))]
    config.nb_execution_excludepatterns = [*config.nb_execution_excludepatterns, *(f"{PAGES}/{path.name}" for path in idle)]


def draws(cell: dict) -> bool:
    """Whether a cell gives the reader a picture."""
    return label(cell).endswith("-picture")


class Tasks(SphinxDirective):
    """`{tasks} SET`: the tasks of a set that belong to the chapter of this page (on other pages all), as links."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        path = source_path(self.env.app, self.arguments[0])
        if not path.exists():
            raise ExtensionError(f"{self.env.docname}: there is no set of exercises {self.arguments[0]!r}.")
        self.env.note_dependency(str(path))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        points = {label(cell): cell["metadata"]["nbgrader"]["points"] for cell in cells if points_of(cell)}
        page = PurePosixPath(self.env.docname).name
        chapters = {cell["metadata"]["exercise"]["chapter"] for cell in cells if "exercise" in cell["metadata"]}
        lines = []
        for cell in cells:
            about = cell["metadata"].get("exercise")
            if about and (page not in chapters or about["chapter"] == page):
                name = label(cell).removesuffix("-text")
                worth = points.get(f"{name}-hidden", points.get(name))
                facts = f"{worth:g} point{'s' * (worth != 1)}, about {about['minutes']} min"
                lines.append(f"- {{ref}}`ex-{name}`. {about['goal']} *{facts}*")
        box = nodes.container()
        self.state.nested_parse(StringList(lines, source=str(path)), 0, box)
        return box.children


def points_of(cell: dict) -> float:
    """The points of a cell, 0 for most."""
    return cell["metadata"].get("nbgrader", {}).get("points", 0)


def drop_repeated_ids(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Every box of sphinx-exercise has a section with one and the same id: an id has to be unique on a page."""
    for section in doctree.findall(nodes.section):
        if CONTENTS & set(section["ids"]):
            section["ids"] = [each for each in section["ids"] if each not in CONTENTS]


def setup(app: Sphinx) -> dict:
    app.add_config_value("exercise_solutions", os.environ.get("SOLUTIONS", "1") != "0", "env")
    app.add_directive("tasks", Tasks)
    app.connect("config-inited", run_pictures_only)
    app.connect("source-read", show_source)
    app.connect("doctree-resolved", drop_repeated_ids)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
