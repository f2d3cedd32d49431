"""What was handed in: the entries of a folder, what can be read of them, and a notebook to grade made of it.

Nothing of a submission is taken over but the text of its answers and of the cells that the student added. All else
(checks, points, labels, metadata, stored outputs) comes from the assignment itself.
"""

import copy
import os
import re
import stat
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell
from nbgrader import utils

from exercises.grading.preprocessors import label

LARGEST = 10_000_000  # bytes of a notebook
MOST_CELLS = 1000
MOST_FILES = 1000  # of a student's folder
NAMES = re.compile(r"^(?:def|class)\s+(\w+)|^(\w+)\s*(?::[^=\n]+)?=(?!=)", re.M)


class Unusable(ValueError):
    """A submission that cannot be graded: its status, and a sentence for student and instructor."""

    def __init__(self, status: str, reason: str):
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Entry:
    """One entry of the folder: who handed in, which notebook, or why there is none."""

    name: str  # of the file or folder
    student: str
    notebook: Path | None = None
    status: str = ""
    reason: str = ""


def entries(folder: Path) -> list[Entry]:
    """Return every entry of `folder`, whatever it is, by name."""
    found = [_entry(path) for path in sorted(folder.iterdir(), key=os.fsencode)]
    students = [entry.student for entry in found if entry.notebook]
    for position, entry in enumerate(found):
        if entry.notebook and students.count(entry.student) > 1:
            reason = f"several entries belong to {entry.student}: keep one of them"
            found[position] = Entry(entry.name, entry.student, None, "duplicate", reason)
    return found


def _entry(path: Path) -> Entry:
    name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    student = name.removesuffix(".ipynb") or name
    try:
        return Entry(name, student, _notebook(path))
    except Unusable as problem:
        return Entry(name, student, None, problem.status, problem.reason)
    except OSError as error:
        return Entry(name, student, None, "unreadable", f"cannot be opened: {error.strerror}")


def _notebook(path: Path) -> Path:
    """Return the one notebook that `path` is or holds."""
    if path.is_symlink():
        raise Unusable("link", "a symbolic link: hand in the file itself")
    if not path.is_dir():
        if path.suffix == ".ipynb":
            return path
        raise Unusable("no-notebook", "not a notebook: the name of one ends in .ipynb")
    found, seen = [], 0
    for place, folders, files in os.walk(path):
        folders[:] = sorted(folder for folder in folders if folder not in (".ipynb_checkpoints", "__MACOSX"))
        seen += len(files) + len(folders)
        if seen > MOST_FILES:
            raise Unusable("too-big", f"the folder holds more than {MOST_FILES} files")
        found += [Path(place, file) for file in sorted(files) if file.endswith(".ipynb") and not file.startswith("._")]
    if not found:
        raise Unusable("no-notebook", "the folder holds no notebook")
    if len(found) > 1:
        raise Unusable("several", f"the folder holds {len(found)} notebooks: hand in one")
    if found[0].is_symlink():
        raise Unusable("link", "the notebook is a symbolic link: hand in the file itself")
    return found[0]


def read(path: Path) -> bytes:
    """Return the bytes of a notebook. Raises Unusable for what is no ordinary file, or too large."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would block for ever
    except OSError as error:
        raise Unusable("unreadable", f"cannot be opened: {error.strerror}") from error
    with open(file, "rb") as opened:
        about = os.fstat(opened.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise Unusable("unreadable", "not an ordinary file")
        if about.st_size > LARGEST:
            raise Unusable("too-big", f"larger than {LARGEST // 1_000_000} MB: clear the outputs and hand in again")
        return opened.read(LARGEST)


def parse(content: bytes):
    """Return the notebook that `content` is, of any format since version 3. Raises Unusable where it is none."""
    if not content.strip():
        raise Unusable("unreadable", "the file is empty")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        notebook = nbformat.reads(text, as_version=4)
        for cell in notebook.cells:
            cell.source = clean(cell.source)
            cell.metadata.get("nbgrader", {}).get("grade_id")
    except Exception as error:  # whatever a damaged file makes the reader stumble over
        raise Unusable("unreadable", f"not a readable Jupyter notebook ({type(error).__name__})") from error
    if len(notebook.cells) > MOST_CELLS:
        raise Unusable("too-big", f"{len(notebook.cells)} cells, more than {MOST_CELLS}")
    return notebook


def clean(text: str) -> str:
    """Return `text` as it can be sent and written: half characters, which JSON allows, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def assemble(template, submitted) -> tuple:
    """Return the template with the answers and the added cells of `submitted`, and notes on what had to be mended.

    Raises Unusable where not one answer is found."""
    wanted = {label(cell): cell for cell in template.cells if label(cell)}
    open_answers = [name for name, cell in wanted.items() if utils.is_solution(cell)]
    relabelled = _relabel(template, submitted)
    given, added, last = defaultdict(list), defaultdict(list), ""
    for cell in submitted.cells:
        name = _label(cell)
        if name in open_answers:
            given[name].append(cell.source)
        if name in wanted:
            last = name
        elif cell.cell_type == "code":
            added[last].append(cell.source)
    if not given:
        raise Unusable("other", "none of this assignment's answers is in it: another assignment?")
    cells = [new_code_cell(source) for source in added[""]]
    for cell in copy.deepcopy(template.cells):
        name = label(cell)
        if given[name] and cell.cell_type == "code":
            *earlier, cell.source = given[name]  # a cell that was split or copied: all its parts run, in their order
            cells += [new_code_cell(source) for source in earlier]
        elif given[name]:
            cell.source = "\n\n".join(given[name])
        cells += [cell, *(new_code_cell(source) for source in (added[name] if name else []))]
    notes = [f"labels restored: {', '.join(relabelled)}"] if relabelled else []
    if lost := [name for name in open_answers if not given[name]]:
        notes.append(f"answers missing: {', '.join(lost)}")
    notebook = copy.deepcopy(template)
    notebook.cells = cells
    return notebook, notes


def _label(cell) -> str:
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    return name if isinstance(name, str) else ""


def _relabel(template, submitted) -> list[str]:
    """Give cells that lost their labels (pasted into a new notebook) these back; return the answers found so."""
    have = {_label(cell) for cell in submitted.cells}
    missing = {label(cell): cell for cell in template.cells if label(cell) and label(cell) not in have}
    order = [label(cell) for cell in template.cells if label(cell)]
    before = dict(zip(order[1:], order, strict=False))
    found, last = [], ""
    for cell in submitted.cells:
        if not (name := _label(cell)):
            name = next((name for name, wanted in missing.items() if _matches(cell, wanted, last == before.get(name))), "")
            if name:
                cell.metadata["nbgrader"] = dict(missing.pop(name).metadata.nbgrader)
                found += [name] if cell.metadata.nbgrader.get("solution") else []
        last = name or last
    return found


def _matches(cell, wanted, in_place: bool) -> bool:
    """Say whether `cell` is `wanted` without its label: the same text, the same names bound, or a text in its place."""
    if "".join(cell.source.split()) == "".join(wanted.source.split()):
        return True
    if not utils.is_solution(wanted) or cell.cell_type != wanted.cell_type:
        return False
    if cell.cell_type == "markdown":
        return in_place
    names = _names(wanted.source)
    return bool(names) and names <= _names(cell.source)


def _names(source: str) -> set[str]:
    return {first or second for first, second in NAMES.findall(source)}
