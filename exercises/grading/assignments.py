"""From the source of a set of exercises: the student's notebook, and the answers that its hidden checks compare with.

    python -m exercises.grading.assignments [SET ...]     (make assignments)

A task T is made of cells labelled T-text, T, T-visible and T-hidden; one that is graded by hand of T-text and T.
README.md beside this folder describes them.
"""

import argparse
import ast
import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbgrader import utils
from nbgrader.preprocessors import CheckCellMetadata, ClearHiddenTests, ClearOutput, ClearSolutions, ComputeChecksums, LockCells

from exercises.grading.preprocessors import LONGEST_ANSWER, PlainMarkdown, answer, label

COURSE = Path(__file__).resolve().parents[1]
STUDENTS = COURSE.parent / "chapters" / "exercises"
SEED = re.compile(r"^SEED = 0\b.*$", re.M)  # the line of a hidden check that a secret seed replaces
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "{exercise-", "{solution-")
FEW = ast.Constant, ast.List, ast.Tuple, ast.Load, ast.Expression


class SourceError(ValueError):
    """A source that cannot become an assignment; the message names the cell and the remedy."""


@dataclass(frozen=True)
class Task:
    """One task of a set, as its source describes it."""

    name: str
    title: str
    goal: str
    minutes: int
    points: float
    rubric: tuple[tuple[float, str], ...] = ()  # of a task that is graded by hand: points, and for what

    @property
    def by_hand(self) -> bool:
        return bool(self.rubric)


def sets(course: Path = COURSE) -> list[str]:
    """Return the names of the sets in `course`."""
    return sorted(path.name for path in course.glob("source/*") if (path / f"{path.name}.ipynb").is_file())


def read_source(name: str, course: Path = COURSE):
    """Return the source notebook of the set `name`. Raises SourceError if there is none."""
    if name not in sets(course):
        raise SourceError(f"there is no set {name!r} in {course / 'source'}: choose one of {', '.join(sets(course))}")
    return nbformat.read(course / "source" / name / f"{name}.ipynb", as_version=4)


def tasks(source) -> list[Task]:
    """Return the tasks of a source in their order. Raises SourceError where a part of one is missing or misplaced."""
    cells = {}
    for cell in source.cells:
        if name := label(cell):
            if name in cells:
                raise SourceError(f"two cells are labelled {name}: a label has to be unique")
            cells[name] = cell
    found = [_task(name, cells) for name, cell in cells.items() if utils.is_solution(cell)]
    known = {f"{task.name}{part}" for task in found for part in ("", "-visible", "-hidden")}
    for name, cell in cells.items():
        if utils.is_grade(cell) and name not in known:
            raise SourceError(f"the check {name} belongs to no task: call it TASK-visible or TASK-hidden")
    return found


def _task(name: str, cells: dict) -> Task:
    parts = [f"{name}-text", name]
    if not utils.is_grade(cells[name]):
        parts += [f"{name}-visible", f"{name}-hidden"]
    for part in parts:
        if part not in cells:
            raise SourceError(f"task {name}: no cell is labelled {part}")
    text = cells[parts[0]]
    about, start = text.metadata.get("exercise", {}), re.search(r"\{exercise-start\}\s*(.+)", text.source)
    if not start or not about.get("goal") or not about.get("minutes"):
        raise SourceError(f"{name}-text needs an {{exercise-start}} with a title, and goal and minutes in metadata.exercise")
    worth = cells[parts[-1]].metadata.nbgrader.get("points", 0)
    rubric = tuple((points, reason) for points, reason in about.get("rubric", ()))
    if len(parts) == 2 and (not rubric or sum(points for points, _ in rubric) != worth):
        raise SourceError(f"{name} is graded by hand: metadata.exercise.rubric of its text has to sum to {worth:g} points")
    if len(parts) == 4:
        _check_checks(name, cells, worth)
    return Task(name, start[1].strip(), about.goal, about.minutes, worth, rubric)


def _check_checks(name: str, cells: dict, worth: float) -> None:
    visible, hidden = cells[f"{name}-visible"], cells[f"{name}-hidden"]
    if visible.metadata.nbgrader.get("points"):
        raise SourceError(f"{name}-visible has points: a student can forge what a visible check says, so it has to have 0")
    if not worth:
        raise SourceError(f"{name}-hidden has no points")
    lines = [line for line in hidden.source.split("\n") if line.strip() and not line.startswith("### ")]
    if not isinstance(ast.parse("\n".join(lines)).body[-1], ast.Expr):
        raise SourceError(f"{name}-hidden has to end in an expression: its value is what is compared")


def template(source):
    """Return what is graded: the source with empty answers, exercises as plain Markdown, hidden checks in place."""
    notebook, resources = copy.deepcopy(source), {}
    for step in (ClearSolutions, ClearOutput, PlainMarkdown, ComputeChecksums, CheckCellMetadata):
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


def student_version(source):
    """Return what students get: the template without its hidden checks."""
    notebook, resources = template(source), {}
    for step in (LockCells, ClearHiddenTests, ComputeChecksums, CheckCellMetadata):
        notebook, resources = step().preprocess(notebook, resources)
    notebook.cells = [cell for cell in notebook.cells if not label(cell).endswith("-hidden")]
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    text = nbformat.writes(notebook)
    for marker in MARKERS:
        if marker in text:
            raise SourceError(f"{marker} is left in the student's version: look at the markers of the source")
    return notebook


def seeded(notebook, seed: int):
    """Return a copy whose hidden checks draw their inputs from `seed`."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if label(cell).endswith("-hidden"):
            cell.source = SEED.sub(f"SEED = {seed}", cell.source)
    return notebook


def run(source):
    """Return an executed copy of a source, which is trusted. Raises SourceError where a cell fails."""
    notebook = copy.deepcopy(source)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(COURSE.parent)}})
    try:
        # the sandbox gives one thread, too: sums of numbers have to come out alike
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(COURSE.parent)}
        client.execute(env=environment, stderr=subprocess.DEVNULL)  # the kernel's own remarks; those of cells are outputs
    except CellExecutionError as error:
        raise SourceError(f"a cell of the source fails:\n{error}") from error
    return notebook


def record(source, seed: int = 0) -> dict[str, str]:
    """Return the right answer of every hidden check, drawn from `seed`. Raises SourceError for one that tells nothing."""
    found = {label(cell): answer(cell) for cell in run(seeded(source, seed)).cells if label(cell).endswith("-hidden")}
    for name, text in found.items():
        if text is None:
            raise SourceError(f"{name} has no value: its last line has to be an expression")
        if len(text) > LONGEST_ANSWER or "..." in text:
            raise SourceError(f"the value of {name} is too long to be compared whole: let it be a short list or text")
        if " at 0x" in text:
            raise SourceError(f"the value of {name} holds an address, different in every run: {text[:80]}")
        if guessable(text):
            raise SourceError(f"the value of {name} is {text}, which a student could guess: let it be numbers or text")
    return found


def guessable(text: str) -> bool:
    """Say whether an answer consists of nothing but True, False and None."""
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except SyntaxError:
        return False
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return all(isinstance(node, FEW) for node in nodes) and all(value is None or isinstance(value, bool) for value in values)


def answers(name: str, seed: int = 0, course: Path = COURSE, *, anew: bool = False) -> dict[str, str]:
    """Return the right answers of the set `name` for `seed`: those stored for this very source, or recorded now."""
    source = read_source(name, course)
    key = hashlib.sha256(nbformat.writes(source).encode()).hexdigest()
    path = course / "answers" / f"{name}-{seed}.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and not anew else {}
    if stored.get("source") != key:
        stored = {"source": key, "answers": record(source, seed)}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return stored["answers"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", help="default: all")
    parser.add_argument("--course", type=Path, default=COURSE, help="folder that holds source/")
    parser.add_argument("--students", type=Path, default=STUDENTS, help="folder for the students' notebooks")
    arguments = parser.parse_args()
    for name in arguments.sets or sets(arguments.course):
        try:
            source = read_source(name, arguments.course)
            found = tasks(source)
            answers(name, course=arguments.course, anew=True)
            student = student_version(source)
        except SourceError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        arguments.students.mkdir(parents=True, exist_ok=True)
        path = arguments.students / f"{name}.ipynb"
        path.write_text(nbformat.writes(student).rstrip("\n") + "\n", encoding="utf-8")
        points = sum(task.points for task in found)
        print(f"{name}: {len(found)} tasks, {points:g} points, the source passes; the student's notebook is {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
