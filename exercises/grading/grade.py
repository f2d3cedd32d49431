"""Grade a folder of submissions.

    python -m exercises.grading.grade SET FOLDER [--out grades.csv] [--seed 0]     (make grade)

Takes STUDENT.ipynb or STUDENT/notebook.ipynb, and never changes the folder. Writes grades.csv with a line for every entry,
and beside it grades/: feedback/STUDENT.html, by-hand.csv, canvas.csv, moodle.csv. When called again it keeps what is finished,
and takes over the points that were filled in by hand.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, fields
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

from exercises.grading import assignments, feedback, reports, worker
from exercises.grading.sandbox_kernel import MB, SOCKETS, Limits, trouble
from exercises.grading.submissions import Entry, Unusable, entries, read

GRACE = 20  # seconds to put down a result after the sandbox was stopped
PACE = 0.2  # seconds between two looks at a submission
FEW = 10  # processes whose memory is found out exactly; an ordinary submission has four
MOST_SOCKET_FILES = 1000
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["exercises.grading.worker"])


class Interrupted(Exception):
    """The grader was asked to stop."""


def prepare(name: str, seed: int, course: Path) -> worker.Assignment:
    """Return the assignment of the set `name` with hidden inputs drawn from `seed`."""
    source = assignments.read_source(name, course)
    answers = assignments.answers(name, seed, course)
    template = nbformat.writes(assignments.seeded(assignments.template(source), seed))
    key = hashlib.sha256(json.dumps([template, answers]).encode()).hexdigest()
    return worker.Assignment(name, feedback.heading(source), tuple(assignments.tasks(source)), template, answers, key)


def used(process: psutil.Process, *, exactly: bool) -> int:
    """Return the bytes that `process` uses; exactly: only its part of what it shares, which takes longer to find out."""
    try:
        return process.memory_full_info().pss if exactly else process.memory_info().rss
    except (psutil.AccessDenied, AttributeError):
        return process.memory_info().rss


def measure(root: psutil.Process, folder: Path) -> tuple[list[psutil.Process], int, int, int]:
    """Return the processes below `root`, the memory of all in bytes, and bytes and number of files among the sockets."""
    try:
        tree = root.children(recursive=True)
    except psutil.Error:
        tree = []
    memory = 0
    for process in [root, *tree]:
        try:
            memory += used(process, exactly=len(tree) < FEW)
        except psutil.Error:
            continue
    size = number = 0
    for place, _, files in os.walk(folder / SOCKETS):
        number += len(files)
        for file in files[:MOST_SOCKET_FILES]:
            try:
                size += os.lstat(os.path.join(place, file)).st_size
            except OSError:
                continue
    return tree, memory, size, number


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:  # the sandbox's first one first: all others inside end with it
        try:
            process.kill()
        except psutil.Error:
            continue


def watch(process, limits: Limits, folder: Path, stop: threading.Event) -> tuple[str, int]:
    """Wait for `process`; past a limit end its sandbox, and after a grace itself. Return the limit's name and peak memory."""
    try:
        root = psutil.Process(process.pid)
    except psutil.NoSuchProcess:
        process.join()
        return "", 0
    end, past, peak, tree = time.monotonic() + limits.wall, "", 0, []
    while process.exitcode is None:
        process.join(PACE)
        tree, memory, size, number = measure(root, folder)
        peak = max(peak, memory)
        now = time.monotonic()
        if stop.is_set():
            past, end = "interrupted", now
        elif not past and now > end:
            past, end = "time", now + GRACE
        elif not past and memory > limits.memory * MB:
            past, end = "memory", now + GRACE
        elif not past and len(tree) > limits.processes:
            past, end = "processes", now + GRACE
        elif not past and (size > limits.sockets * MB or number > MOST_SOCKET_FILES):
            past, end = "disk", now + GRACE
        if past:
            kill(tree)
        if past and now >= end:
            kill([root])
            process.join()
    kill(tree)
    return past, peak


def scratch() -> str:
    """Return the folder for temporary ones: the path of a socket in them ends at 107 characters."""
    temporary = tempfile.gettempdir()
    return temporary if len(temporary) < 50 else "/tmp"


def sweep(temporary: Path) -> None:
    """Remove what graders that were killed left in `temporary`."""
    for folder in temporary.glob("g*-*"):
        owner = re.fullmatch(r"g(\d+)-\w{8}", folder.name)
        if owner and not psutil.pid_exists(int(owner[1])) and folder.lstat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)


def grade_entry(content: bytes, assignment: worker.Assignment, limits: Limits, stop: threading.Event) -> dict:
    """Return the result of one submission, whatever happens to the process that grades it."""
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"g{os.getpid()}-", dir=scratch()))
    try:
        process = FORK.Process(target=worker.main, args=(content, assignment, limits, str(folder)), daemon=True)
        process.start()
        past, peak = watch(process, limits, folder, stop)
        if past == "interrupted":
            raise Interrupted
        file = folder / "result.json"
        log = folder / "log"
        result = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"tasks": []}
        if past:
            result |= {"status": "stopped", "reason": _reason(past, limits, bool(result["tasks"]))}
        elif not result["tasks"] and "status" not in result:
            last = log.read_text(errors="replace").strip().split("\n")[-1][:200] if log.is_file() else ""
            result |= {"status": "error", "reason": f"the grader failed: {last or 'it ended without a word'}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result | {"seconds": round(time.monotonic() - begin, 1), "peak_mb": round(peak / MB)}


def _reason(past: str, limits: Limits, partly: bool) -> str:
    what = {
        "time": f"took longer than {limits.wall} s",
        "memory": f"took more than {limits.memory} MB of memory",
        "processes": f"started more than {limits.processes} processes",
        "disk": "wrote too many or too large files",
    }[past]
    return f"{what}; what came before counts" if partly else what


def grade_all(found: list[Entry], assignment: worker.Assignment, limits: Limits, store: Path, jobs: int) -> list[dict]:
    """Return a result for each entry; those in `store` of the same content are kept, new ones are put there at once."""
    results, waiting = {}, {}
    for entry in found:
        who = {"student": entry.student, "file": entry.name}
        try:
            if not entry.notebook:
                raise Unusable(entry.status, entry.reason)
            content = read(entry.notebook)
        except Unusable as problem:
            results[entry.name] = who | {"status": problem.status, "reason": problem.reason, "tasks": []}
            continue
        parts = [entry.name.encode(), content, assignment.key.encode(), json.dumps(asdict(limits)).encode()]
        key = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
        if (file := store / f"{key}.json").is_file():
            results[entry.name] = who | json.loads(file.read_text(encoding="utf-8"))
        else:
            waiting[entry.name] = who, content, file
    if kept := sum(bool(result["tasks"]) for result in results.values()):
        print(f"{kept} of {len(found)} were finished before and are kept.", file=sys.stderr)
    stop = threading.Event()
    bar = tqdm(total=len(found), initial=len(results), unit="submission", disable=None)
    with ThreadPoolExecutor(jobs) as pool, bar:
        futures = {}
        for name, (_, content, _) in waiting.items():
            futures[pool.submit(grade_entry, content, assignment, limits, stop)] = name
        try:
            for future in as_completed(futures):
                who, _, file = waiting[name := futures[future]]
                result = future.result()
                if result["status"] != "error":
                    _store(file, result)
                results[name] = who | result
                bar.update()
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [results[entry.name] for entry in found]


def _store(file: Path, result: dict) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(result), encoding="utf-8")
    part.replace(file)


def add_hands(results: list[dict], given: dict) -> None:
    """Put points and comments that were given by hand in their places."""
    for result in results:
        for task in result["tasks"]:
            place = (reports.safe(result["student"]), task["name"])
            if task["by_hand"] and place in given:
                points, task["comment"] = given[place]
                task["points"] = task["points"] if points is None else points


def write_all(results: list[dict], assignment: worker.Assignment, out: Path, folder: Path, given: dict) -> None:
    """Write the tables and the pages."""
    tasks = list(assignment.tasks)
    most = sum(task.points for task in tasks)
    reports.write(out, reports.grades(results, tasks))
    reports.write(folder / "by-hand.csv", reports.by_hand(results, given))
    reports.write(folder / "canvas.csv", reports.canvas(results, assignment.title, most))
    reports.write(folder / "moodle.csv", reports.moodle(results, most))
    pages = folder / "feedback"
    pages.mkdir(exist_ok=True)
    for result in sorted(results, key=lambda result: bool(result["tasks"])):
        text = feedback.page(assignment.title, result["student"], result["reason"], result["tasks"])
        (pages / page_name(result["student"])).write_text(text, encoding="utf-8")


def page_name(student: str) -> str:
    """Return the file name of a student's page; a name that leaves no room for the ending is shortened."""
    if len(student.encode()) <= 240:
        return f"{student}.html"
    return f"{student.encode()[:200].decode(errors='ignore')}-{hashlib.sha256(student.encode()).hexdigest()[:8]}.html"


def arguments_of(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("grades.csv"))
    parser.add_argument("--seed", type=int, default=0, help="a secret of the course: hidden inputs are drawn from it")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    parser.add_argument("--course", type=Path, default=assignments.COURSE, help="folder that holds source/")
    for field in fields(Limits):
        parser.add_argument(f"--{field.name}", type=int, default=field.default, help=f"limit; default {field.default}")
    return parser.parse_args(words)


def refusal(folder: Path, out: Path) -> str | None:
    """Return why nothing can be graded, or None."""
    if problem := trouble():
        return problem
    if not folder.is_dir():
        return f"{folder} is no folder: give the one that holds the submissions."
    if out.suffix != ".csv":
        return f"{out} has to end in .csv: the other results go into a folder of that name without the ending."
    if folder.resolve() in out.resolve().parents:
        return f"{out} lies in {folder}, which is never changed: write the grades elsewhere."
    return None


def main(words: list[str] | None = None) -> int:
    arguments = arguments_of(words)
    out, folder = arguments.out, arguments.out.with_suffix("")
    limits = Limits(**{field.name: getattr(arguments, field.name) for field in fields(Limits)})
    if problem := refusal(arguments.folder, out):
        print(problem, file=sys.stderr)
        return 2
    try:
        assignment = prepare(arguments.set, arguments.seed, arguments.course)
        given = reports.read_by_hand(folder / "by-hand.csv", list(assignment.tasks))
    except (assignments.SourceError, reports.HandError) as problem:
        print(problem, file=sys.stderr)
        return 2
    sweep(Path(scratch()))
    store = folder / "results"
    store.mkdir(parents=True, exist_ok=True)
    try:
        results = grade_all(entries(arguments.folder), assignment, limits, store, max(1, arguments.jobs))
    except (KeyboardInterrupt, Interrupted):
        print("Stopped. What is finished is kept: the same command goes on from there.", file=sys.stderr)
        return 130
    add_hands(results, given)
    write_all(results, assignment, out, folder, given)
    graded = sum(result["status"] == "graded" for result in results)
    print(f"{len(results)} entries, {graded} graded to their end: {out}; pages for students, and tables, in {folder}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
