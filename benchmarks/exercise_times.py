"""Run each set of exercises as a student with right answers would, and time every cell.

    python benchmarks/exercise_times.py [--record]

Prints for each set the seconds of the whole notebook, of its slowest visible check, and of its slowest answer. With --record
the figures become runs/exercises-cpu.
"""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.grading import assignments
from exercises.grading.preprocessors import label
from lib.runs import write_measurement

ROOT = assignments.COURSE.parent


def answered(name: str) -> nbformat.NotebookNode:
    """Return the student's notebook of the set `name` with the solutions in it."""
    source = assignments.read_source(name)
    solutions = {label(cell): cell.source for cell in source.cells if label(cell)}
    notebook = assignments.student_version(source)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = solutions[label(cell)]
    return notebook


def seconds(cell: nbformat.NotebookNode) -> float:
    """Return how long a cell ran, as the kernel's messages say."""
    times = cell.metadata["execution"]
    begin, end = (datetime.fromisoformat(times[name]) for name in ("iopub.status.busy", "iopub.status.idle"))
    return (end - begin).total_seconds()


def measure(name: str) -> dict[str, float]:
    """Run the set `name`; return the seconds of all its cells together and of the slowest of each kind."""
    notebook = answered(name)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    cells = {label(cell): seconds(cell) for cell in notebook.cells if cell.cell_type == "code"}
    checks = {cell: took for cell, took in cells.items() if cell.endswith("-visible")}
    tasks = {task.name for task in assignments.tasks(assignments.read_source(name))}
    return {
        "seconds": round(sum(cells.values()), 2),
        "slowest_visible_check": round(max(checks.values()), 2),
        "slowest_answer": round(max(took for cell, took in cells.items() if cell in tasks), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write runs/exercises-cpu")
    record = parser.parse_args().record
    values = {}
    for name in assignments.sets():
        values[name] = measure(name)
        print(name, json.dumps(values[name]), flush=True)
    if record:
        print(write_measurement("exercises-cpu", values, torch.device("cpu")))


if __name__ == "__main__":
    main()
