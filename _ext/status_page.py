"""Sphinx extension: the directive `{build-status}` writes a table of what this build did, or of what was recorded before it.

Nothing is stored between builds: the tables are made when the page is written, after every chapter has run.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from execution_times import chapters_run
from sphinx.util.docutils import SphinxDirective

from lib import minutes
from lib.data import data_folder
from lib.device import budget, choose_device, device_name
from lib.files import FILES, SOURCES, Source, checksums, is_present
from lib.runs import RUNS, commit

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "matplotlib",
    "scikit-learn",
    "scikit-image",
    "anywidget",
    "jupyter-book",
    "Sphinx",
)
LOADS = re.compile(r"\bload\(\"(" + "|".join(SOURCES) + r")\"")


@dataclass(frozen=True)
class Table:
    """A caption, the heads of the columns, and rows of as many texts; a text (page, title) is a link to that page."""

    caption: str
    head: tuple[str, ...]
    rows: list[tuple]
    numeric: tuple[int, ...] = ()  # columns aligned right


# --- what the build knows ----------------------------------------------------------------------


def origin(name: str) -> str:
    """Return "real" where the files of the dataset are at hand, else "stand-in": what `load` gives."""
    return "real" if is_present(SOURCES[name], data_folder()) else "stand-in"


def data_of(env, page: str) -> str:
    """Return the datasets that a chapter's code loads, each with its origin."""
    executed = Path(env.mystnb_config.output_folder) / f"{page}.ipynb"
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    names = dict.fromkeys(LOADS.findall(code))
    return ", ".join(f"{SOURCES[name].title} ({origin(name)})" for name in names) or "none"


def chapters_table(env) -> Table:
    """Return each chapter with the seconds it ran, those that its top promises, how that ended, and its data."""
    record, rows = minutes.recorded(choose_device().type), []
    promised = record["values"]["chapters"] if record else {}
    for page, run in chapters_run(env).items():
        result = "passed" if run["succeeded"] else "failed"
        before = promised.get(page.rpartition("/")[2])
        seconds = f"{run['runtime']:.1f}", f"{before['seconds']:.1f}" if before else "not recorded"
        rows.append(((page, env.titles[page].astext()), *seconds, result, data_of(env, page)))
    head = ("Chapter", "Seconds", "Recorded", "Result", "Data")
    return Table("The chapters, as this build ran them", head, rows, numeric=(1, 2))


def machine_table(env) -> Table:
    """Return what ran the chapters: day, commit, device, system, versions."""
    ends = [run["mtime"] for run in chapters_run(env).values()]
    day = datetime.fromtimestamp(max(ends), UTC).date().isoformat() if ends else "no chapter was run"
    device = choose_device()
    rows = [
        ("Last chapter run on", day),
        ("Commit", commit() or "outside a git checkout"),
        ("Device", device_name(device)),
        ("Size of the experiments", budget(device)),
        ("System", f"{platform.system()} {platform.machine()}"),
        ("Python", platform.python_version()),
        *((package, importlib.metadata.version(package)) for package in PACKAGES),
    ]
    return Table("What ran the chapters", ("What", "Value"), rows)


def files_of(source: Source) -> list[tuple[str, str, str]]:
    """Return (dataset and file, whether it is the published one, SHA-256) of each file, or one row on the stand-in."""
    if not is_present(source, data_folder()):
        return [(source.title, "stand-in", "no file: drawn or enlarged by code")]
    sums = checksums(source, data_folder())
    verdicts = ["as published" if sums[file] == known else "altered" for file, known in zip(FILES, source.sha256, strict=True)]
    return [(f"{source.title}: {file}", verdict, sums[file]) for file, verdict in zip(FILES, verdicts, strict=True)]


def data_table(env) -> Table:
    """Return the checksum of each data file that the chapters read."""
    rows = [row for source in SOURCES.values() for row in files_of(source)]
    return Table("The data files that this build read", ("File", "Verdict", "SHA-256"), rows)


def recorded(folder: Path) -> tuple[str, ...]:
    """Return the row of one recorded run."""
    if (measurement := folder / "measurement.json").exists():
        about = json.loads(measurement.read_text(encoding="utf-8"))
        return (folder.name, "measurement", "", "", about["device"], about["recorded"])
    about = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    accuracy = 100 * sum(about["accuracies"]) / len(about["accuracies"])
    recipe = about["recipe"]
    network = recipe.get("network", "").partition("(")[0]  # without its settings, which would fill the table
    what = f"{network or recipe['method']}, {SOURCES[recipe['dataset']].title}"
    devices = ", ".join(dict.fromkeys(run["device"] for run in about["runs"]))
    return (folder.name, what, str(len(about["runs"])), f"{accuracy:.2f}", devices, about["recorded"])


def runs_table(env) -> Table:
    """Return every recorded run with its device and date."""
    rows = [recorded(folder) for folder in sorted(RUNS.glob("[!.]*"))]
    head = ("Run", "Network or method, data", "Seeds", "Mean test accuracy (%)", "Device", "Date")
    return Table(f"The {len(rows)} recorded runs", head, rows, numeric=(2, 3))


TABLES = {"chapters": chapters_table, "machine": machine_table, "data": data_table, "runs": runs_table}


# --- the tables as parts of the page -----------------------------------------------------------


def cell(app, docname: str, content: str | tuple[str, str], right: bool) -> nodes.entry:
    """Return one cell: a text, or a link to a page."""
    paragraph = nodes.paragraph()
    if isinstance(content, tuple):
        page, title = content
        address = app.builder.get_relative_uri(docname, page)
        paragraph += nodes.reference("", title, refuri=address, internal=True)
    else:
        paragraph += nodes.Text(content)
    return nodes.entry("", paragraph, classes=["text-right"] if right else [])


def width(column: tuple) -> int:
    """Return the room that a column asks for: its longest text, which may break where it is very long."""
    return min(24, max(len(each[1] if isinstance(each, tuple) else each) for each in column))


def drawn(app, docname: str, name: str, table: Table) -> nodes.table:
    """Return `table` as docutils has it, with caption and head, so that a screen reader can tell them."""

    def row(contents: tuple) -> nodes.row:
        return nodes.row("", *(cell(app, docname, each, at in table.numeric) for at, each in enumerate(contents)))

    columns = [nodes.colspec(colwidth=width(texts)) for texts in zip(table.head, *table.rows, strict=True)]
    body = nodes.tbody("", *map(row, table.rows))
    group = nodes.tgroup("", *columns, nodes.thead("", row(table.head)), body, cols=len(columns))
    title = nodes.title(table.caption, table.caption)
    return nodes.table("", title, group, ids=[f"status-{name}"], classes=["status-table"])


class Place(nodes.General, nodes.Element):
    """Where a table will stand; `table` is its name."""


class BuildStatus(SphinxDirective):
    """The directive: its argument names the table."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [Place(table=directives.choice(self.arguments[0], tuple(TABLES)))]


def fill(app, doctree: nodes.document, docname: str) -> None:
    """Put the tables in their places, now that every chapter has run."""
    for place in list(doctree.findall(Place)):
        name = place["table"]
        place.replace_self(drawn(app, docname, name, TABLES[name](app.env)))


def setup(app) -> dict:
    """Add the directive; what comes back tells Sphinx that parallel builds are safe."""
    app.add_directive("build-status", BuildStatus)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
