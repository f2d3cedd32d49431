"""The tables: all grades, what is left to grade by hand, and files that Canvas and Moodle take.

A student chooses the name of the file that is handed in: no name becomes a formula of a spreadsheet or breaks a line.
"""

import csv
import re
from pathlib import Path

COUNTED = ("graded", "stopped", "crashed")  # the statuses whose score means something
FORMULA = ("=", "+", "-", "@")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
CANVAS = re.compile(r"^[^_]+(?:_LATE)?_(\d+)_\d+_")  # name_user_submission_file, as Canvas packs submissions
MOODLE = re.compile(r"^(.+)_(\d+)_assignsubmission_file")  # Full Name_participant_assignsubmission_file
HANDS = ["student", "task", "most", "points", "comment"]


class HandError(ValueError):
    """A table of points given by hand that cannot be read; the message names the line and the remedy."""


def safe(text: str) -> str:
    """Return `text` as one line that no spreadsheet takes for a formula."""
    line = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return f"'{line}" if line.startswith(FORMULA) else line


def number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def write(path: Path, rows: list[list[str]]) -> None:
    """Write a table whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with open(part, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    part.replace(path)


def grades(results: list[dict], tasks: list) -> list[list[str]]:
    """Return the table of all entries: student, score, points of each task, status, reason."""
    names = [task.name for task in tasks]
    rows = [["student", "score", "max_score", *names, "to_grade_by_hand", "status", "reason", "file"]]
    most = number(sum(task.points for task in tasks))
    for result in results:
        points = {task["name"]: task["points"] for task in result["tasks"]}
        left = [f"{task['name']} ({task['most']:g})" for task in result["tasks"] if task["points"] is None]
        cells = [number(points.get(name, 0)) for name in names]
        tail = [", ".join(left), result["status"], safe(result["reason"]), safe(result["file"])]
        rows.append([safe(result["student"]), number(score(result)), most, *cells, *tail])
    return rows


def score(result: dict) -> float:
    return sum(task["points"] or 0 for task in result["tasks"])


def by_hand(results: list[dict], given: dict) -> list[list[str]]:
    """Return a line for each answer that is graded by hand, with the points and the comment `given` so far."""
    rows = [HANDS]
    for result in results:
        for task in result["tasks"]:
            place = (safe(result["student"]), task["name"])
            if task["by_hand"] and (task["points"] is None or place in given):
                points, comment = given.get(place, (None, ""))
                rows.append([*place, number(task["most"]), number(points), safe(comment)])
    return rows


def read_by_hand(path: Path, tasks: list) -> dict[tuple[str, str], tuple[float | None, str]]:
    """Return points and comment by (student, task), as an instructor filled them in. Raises HandError."""
    if not path.is_file():
        return {}
    most, found = {task.name: task.points for task in tasks}, {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if list(table.fieldnames or ()) != HANDS:
            raise HandError(f"{path} has to have the columns {', '.join(HANDS)}, separated by commas")
        for row in table:
            text = (row["points"] or "").strip()
            try:
                points = float(text) if text else None
            except ValueError:
                points = -1.0
            if points is not None and not 0 <= points <= most.get(row["task"], points):
                raise HandError(
                    f"{path}, line {table.line_num}: points have to be a number from 0 to {row['most']}, not {text!r}"
                )
            found[row["student"], row["task"]] = points, row["comment"] or ""
    return found


def canvas(results: list[dict], title: str, most: float) -> list[list[str]]:
    """Return the scores in the columns of Canvas' gradebook: the ID where Canvas packed the submissions, the login else."""
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
        ["Points Possible", "", "", "", "", number(most)],
    ]
    for result in (each for each in results if each["status"] in COUNTED):
        packed = CANVAS.match(result["file"])
        name = safe(result["student"])
        rows.append([name, packed[1] if packed else "", "", "" if packed else name, "", number(score(result))])
    return rows


def moodle(results: list[dict], most: float) -> list[list[str]]:
    """Return the scores in the columns of Moodle's offline grading worksheet; the identifier from the folder's name."""
    rows = [["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments"]]
    for result in (each for each in results if each["status"] in COUNTED):
        packed = MOODLE.match(result["file"])
        who = [f"Participant {packed[2]}", safe(packed[1])] if packed else ["", safe(result["student"])]
        rows.append([*who, number(score(result)), number(most), "", safe(result["reason"])])
    return rows
