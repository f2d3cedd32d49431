"""Grade one submission, in a process of its own. It reads, starts the sandbox and judges; it writes one file, its result."""

import ctypes
import json
import os
import platform
import re
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader import utils

from exercises.grading.assignments import Task
from exercises.grading.preprocessors import BoundedExecute, CompareHidden, label
from exercises.grading.sandbox_kernel import Limits
from exercises.grading.submissions import Unusable, assemble, clean, parse

SHOWN = 2000  # characters of an output or a message
PICTURES = 3
LARGEST_PICTURE = 300_000  # characters
INTERRUPTIONS = ("CellTimeoutError", "KeyboardInterrupt")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True)
class Assignment:
    """What submissions are compared with; `template` is a notebook as text, its hidden checks seeded."""

    name: str
    title: str
    tasks: tuple[Task, ...]
    template: str
    answers: dict[str, str]
    key: str  # differs where a result would


def grade(content: bytes, assignment: Assignment, limits: Limits, folder: Path) -> dict:
    """Return status, reason and tasks of the submission whose file holds `content`; `folder` is private, its path short."""
    template = nbformat.reads(assignment.template, as_version=4)
    try:
        notebook, notes = assemble(template, parse(content))
    except Unusable as problem:
        return {"status": problem.status, "reason": problem.reason, "tasks": []}
    status, trouble = execute(notebook, limits, folder)
    executed = {label(cell) for cell in notebook.cells if cell.cell_type == "code" and cell.get("execution_count")}
    notebook, _ = CompareHidden(answers=assignment.answers).preprocess(notebook, {})
    if any(is_interrupted(cell) for cell in notebook.cells):
        notes.append("a cell ran too long, or wrote too much, and was interrupted")
    cells = {label(cell): cell for cell in notebook.cells}
    stubs = {label(cell): cell.source for cell in template.cells}
    tasks = [about(task, cells, stubs[task.name], executed) for task in assignment.tasks]
    return {"status": status, "reason": "; ".join([trouble] * bool(trouble) + notes), "tasks": tasks}


def execute(notebook, limits: Limits, folder: Path) -> tuple[str, str]:
    """Run `notebook` in place, as far as it goes; return a status and what stopped it, if anything did."""
    try:
        BoundedExecute(limits=limits, folder=str(folder)).preprocess(notebook, {})
    except CellTimeoutError as error:
        if "the notebook ran longer" in str(error):
            return "stopped", f"{error}; what came before counts"
        if "IOPub" in str(error):  # a message above the limit ends the connection
            return "stopped", "a cell wrote too much at once; what came before counts"
        return "stopped", "a cell ran too long and could not be interrupted; what came before counts"
    except DeadKernelError:
        return "crashed", "the code ended its own Python process; what came before counts"
    except Exception as error:  # messages that are none, from a kernel in the student's hands
        if any(cell.get("execution_count") for cell in notebook.cells):
            return "crashed", f"the code disturbed its own Python process ({type(error).__name__}); what came before counts"
        raise
    return "graded", ""


def is_interrupted(cell) -> bool:
    return any(output.output_type == "error" and output.ename in INTERRUPTIONS for output in cell.get("outputs", ()))


def about(task: Task, cells: dict, stub: str, executed: set[str]) -> dict:
    """Return what the feedback and the table say of one task; its points are None where they are given by hand."""
    cell = cells[task.name]
    graded = cell if task.by_hand else cells[f"{task.name}-hidden"]
    untouched = "".join(cell.source.split()) == "".join(stub.split())
    ran = task.by_hand or f"{task.name}-hidden" in executed
    points = utils.determine_grade(graded)[0] if ran else 0
    messages = [] if task.by_hand or untouched else _errors(cell) or _errors(cells[f"{task.name}-visible"])
    return {
        "name": task.name,
        "title": task.title,
        "goal": task.goal,
        "most": task.points,
        "points": points,
        "by_hand": task.by_hand,
        "verdict": _verdict(task, points, untouched, ran, messages, graded),
        "messages": [message[:SHOWN] for message in messages],
        "answer": clean(cell.source),
        "outputs": _texts(cell),
        "pictures": _pictures(cell),
        "rubric": task.rubric,
        "comment": "",
    }


def _verdict(task: Task, points: float | None, untouched: bool, ran: bool, messages: list, graded) -> str:
    if untouched:
        return "Not answered."
    if task.by_hand:
        return "Graded by hand."
    if points == task.points:
        return "Right: the hidden check agrees."
    if not ran:
        return "Not graded: the notebook was stopped before its hidden check."
    if messages:
        return "The hidden check fails, and these cells say why:"
    name = next((output.ename for output in graded.outputs if output.output_type == "error"), "")
    if name == "WrongAnswer":
        return "The visible check passes, but the hidden check, with other inputs, finds another answer."
    if name == "NoAnswer":
        return "The hidden check did not come to its end."
    return f"The visible check passes, but with other inputs the code raises {clean(str(name))[:60]}."


def _errors(cell) -> list[str]:
    errors = [output for output in cell.get("outputs", ()) if output.output_type == "error"]
    return [clean(f"{error.ename}: {error.evalue}".removesuffix(": "))[:SHOWN] for error in errors]


def _texts(cell) -> list[str]:
    texts = []
    for output in cell.get("outputs", ()):
        text = output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
        if isinstance(text, str) and text.strip():
            texts.append(clean(text[:SHOWN]) + (" (and more, not shown)" if len(text) > SHOWN else ""))
    return texts[:PICTURES]


def _pictures(cell) -> list[str]:
    found = [output.get("data", {}).get("image/png") for output in cell.get("outputs", ())]
    whole = [data for data in found if isinstance(data, str) and len(data) < LARGEST_PICTURE and BASE64.fullmatch(data)]
    return whole[:PICTURES]


def main(content: bytes, assignment: Assignment, limits: Limits, folder: str) -> None:
    """Grade and leave folder/result.json; folder/log holds what was printed."""
    os.setsid()
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing goes on when the grader is killed
    log = os.open(Path(folder, "log"), os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
    sys.setrecursionlimit(2000)
    result = grade(content, assignment, limits, Path(folder))
    part = Path(folder, "part.json")
    part.write_text(json.dumps(result), encoding="utf-8")
    part.rename(Path(folder, "result.json"))
