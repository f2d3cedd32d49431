"""Grade many submissions of one set, kill the grader half way, start it again, and compare every row with what was foretold.

    python benchmarks/grading.py [--set reading-digits] [--count 200] [--jobs 2] [--record]

Of the submissions half are right; of the others some mix right answers with the set's typical wrong ones, some are all wrong,
and one in twelve is hostile in its last task. Prints minutes, seconds and peak memory of a submission, and every row that
differs; exits with 1 if any does. With --record the figures become runs/grading-cpu.
"""

import argparse
import collections
import copy
import csv
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from mutation import wrong_answers

from exercises.grading import assignments
from exercises.grading.preprocessors import label
from lib.runs import write_measurement

ROOT = assignments.COURSE.parent
HOSTILE = {  # an answer, and the status that has to come of it
    "while True:\n    pass": "graded",
    "import os\nos._exit(0)": "crashed",
    "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass": "stopped",
    "x = []\nwhile True:\n    x.append(b'x' * 50_000_000)": "graded",  # its process has no more to give: MemoryError
    "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass": "stopped",
}


def kinds(count: int) -> list[str]:
    """Return the kind of each of `count` submissions."""
    pattern = ["right", "partly", "right", "wrong", "right", "partly", "right", "partly", "right", "wrong", "right", "hostile"]
    return [pattern[number % len(pattern)] for number in range(count)]


def write_submissions(folder: Path, name: str, course: Path, count: int, draw: random.Random) -> dict[str, tuple]:
    """Write `count` submissions of the set `name`; return status and points by task foretold for each file."""
    source = assignments.read_source(name, course)
    tasks = [task for task in assignments.tasks(source) if not task.by_hand]
    solutions = {label(cell): cell.source for cell in source.cells}
    wrong, student = wrong_answers(name, course), assignments.student_version(source)
    hostile, foretold = list(HOSTILE.items()), {}
    for number, kind in enumerate(kinds(count)):
        right = {task.name: kind in ("right", "hostile") or (kind == "partly" and draw.random() < 0.5) for task in tasks}
        answers = {name: solutions[name] if right[name] else draw.choice(wrong[name]) for name in right}
        status = "graded"
        if kind == "hostile":
            answers[tasks[-1].name], status = hostile[number // 12 % len(hostile)]
            right[tasks[-1].name] = False
        notebook = copy.deepcopy(student)
        for cell in notebook.cells:
            cell.source = answers.get(label(cell), cell.source)
        file = f"student-{number:03}-{kind}.ipynb"
        nbformat.write(notebook, folder / file)
        foretold[file] = status, {task.name: f"{task.points if right[task.name] else 0:g}" for task in tasks}
    return foretold


def start(words: list[str]) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "exercises.grading.grade", *words], cwd=ROOT)


def grade_twice(words: list[str], results: Path, half: int) -> tuple[float, int]:
    """Grade, kill the grader when `half` of the results are there, and grade again; return seconds and results kept."""
    begin = time.perf_counter()
    first = start(words)
    while first.poll() is None and len(list(results.glob("*.json"))) < half:
        time.sleep(0.2)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = len(list(results.glob("*.json")))
    start(words).wait()
    return time.perf_counter() - begin, kept


def compare(table: Path, foretold: dict[str, tuple]) -> list[str]:
    """Return a line for every row that is not as foretold, missing or too many."""
    with open(table, newline="", encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    wrong = [f"{name}: no row, or one that was not foretold" for name in rows.keys() ^ foretold.keys()]
    for name in rows.keys() & foretold.keys():
        status, points = foretold[name]
        found = rows[name]["status"], {task: rows[name][task] for task in points}
        if found != (status, points):
            wrong.append(f"{name}: foretold {status} {points}, found {found} ({rows[name]['reason']})")
    return sorted(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="reading-digits")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--course", type=Path, default=assignments.COURSE)
    parser.add_argument("--record", action="store_true", help="write runs/grading-cpu")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, out = Path(scratch, "submissions"), Path(scratch, "grades.csv")
        folder.mkdir()
        foretold = write_submissions(folder, arguments.set, arguments.course, arguments.count, random.Random(0))
        assignments.answers(arguments.set, course=arguments.course)
        words = [
            arguments.set,
            str(folder),
            "--course",
            str(arguments.course),
            "--out",
            str(out),
            "--jobs",
            str(arguments.jobs),
        ]
        load = os.getloadavg()[0]
        seconds, kept = grade_twice(words, Path(scratch, "grades", "results"), arguments.count // 2)
        wrong = compare(out, foretold)
        results = [json.loads(path.read_text()) for path in Path(scratch, "grades", "results").glob("*.json")]
    # what a bomb reaches before it is stopped says nothing of an ordinary submission
    bombs = {answer.strip() for answer in HOSTILE}
    peaks = [result["peak_mb"] for result in results if bombs.isdisjoint(task["answer"].strip() for task in result["tasks"])]
    values = {
        "set": arguments.set,
        "submissions": arguments.count,
        "kinds": collections.Counter(kinds(arguments.count)),
        "jobs": arguments.jobs,
        "load_before": round(load, 1),
        "minutes": round(seconds / 60, 2),
        "seconds_median": statistics.median(result["seconds"] for result in results),
        "seconds_longest": max(result["seconds"] for result in results),
        "peak_mb_median": statistics.median(peaks),
        "peak_mb_largest": max(peaks),
        "finished_when_killed": kept,
        "as_foretold": arguments.count - len(wrong),
    }
    print(*wrong, json.dumps(values, indent=1), sep="\n")
    if arguments.record:
        print(write_measurement("grading-cpu", values, torch.device("cpu")))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
