"""Grading: one folder with everything that can be wrong is graded once, and each entry looked at."""

import csv
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from conftest import skip_or_fail
from grading_cases import CASES, DAMAGED, HOSTILE, LIMITS, MOST, World, handed_in, source, write_course

from exercises.grading import assignments, feedback, grade, preprocessors, reports, sandbox_kernel, submissions

ROOT = Path(__file__).parent.parent


def grader(*words, **named) -> subprocess.Popen:
    command = [sys.executable, "-m", "exercises.grading.grade", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **named)


def options(limits: dict) -> list[str]:
    return [f"--{name}={value}" for name, value in limits.items()]


def snapshot(folder: Path) -> dict[str, tuple]:
    """Return kind, rights, time and content of everything below `folder`."""
    found = {}
    for place, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            path = os.path.join(place, name)
            about = os.lstat(path)
            regular = about.st_mode & 0o170000 == 0o100000
            text = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest() if regular else ""
            found[path] = about.st_mode, about.st_mtime_ns, about.st_size, text
    return found


def rows(table: Path) -> list[dict[str, str]]:
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Outcome:
    """What grading all cases left behind."""

    output: str
    rows: dict[str, dict]  # by the name of the entry
    pages: Path
    folder: Path  # of the submissions
    before: dict
    after: dict
    mark: str  # in the command line of processes that a case leaves behind
    temporary: Path
    connections: int  # to a server outside
    out: Path
    world: World


@pytest.fixture(scope="session")
def sandbox():
    if problem := sandbox_kernel.trouble():
        skip_or_fail(problem)


@pytest.fixture(scope="session")
def course(tmp_path_factory) -> Path:
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def student():
    return assignments.student_version(source())


@pytest.fixture(scope="session")
def graded(sandbox, course, student, tmp_path_factory):
    """Everything graded once, side by side."""
    base = tmp_path_factory.mktemp("grading")
    (base / "elsewhere").mkdir()
    (base / "elsewhere" / "secret.txt").write_text("the answers")
    temporary, mark = Path(tempfile.mkdtemp(prefix="gt", dir="/tmp")), f"9{uuid.uuid4().int % 10**9}"
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    places = {"SECRETNAME": "secret", "SECRET": base / "elsewhere" / "secret.txt", "COURSE": course, "ROOT": ROOT}
    places |= {"HOMEDIR": Path.home(), "PORT": server.getsockname()[1], "MARK": mark, "TEMPORARY": temporary}
    world = World(student, {word: str(place) for word, place in places.items()})
    folder = base / "submissions"
    folder.mkdir()
    for case in CASES:
        case.make(folder / case.name, world)
    before = snapshot(folder) | snapshot(base / "elsewhere") | snapshot(course / "source")
    out = base / "grades.csv"
    words = ["tiny", folder, "--course", course, "--out", out, *options(LIMITS)]
    output = grader(*words, env=os.environ | {"TMPDIR": str(temporary)}).communicate(timeout=580)[0]
    connections = 0
    with server:
        try:
            server.accept()
            connections = 1
        except BlockingIOError:
            pass
    after = snapshot(folder) | snapshot(base / "elsewhere") | snapshot(course / "source")
    found = {row["file"]: row for row in rows(out)}
    pages = out.with_suffix("") / "feedback"
    yield Outcome(output, found, pages, folder, before, after, mark, temporary, connections, out, world)
    shutil.rmtree(temporary)


def shown(name: str) -> str:
    """Return the name of an entry as it stands in the table."""
    return reports.safe(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: shown(case.name)[:40])
def test_an_entry_gets_its_status_its_points_and_a_reason(graded, case):
    row = graded.rows[shown(case.name)]
    assert (row["status"], row["area"], row["order"]) == (case.status, str(case.area), str(case.order)), row["reason"]
    assert row["score"] == str(case.area + case.order)
    assert row["max_score"] == "9"
    assert re.search(case.reason, row["reason"]), row["reason"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: shown(case.name)[:40])
def test_a_page_tells_the_student_and_runs_nothing(graded, case):
    text = (graded.pages / grade_page(case)).read_text(encoding="utf-8")
    assert case.shows in text
    assert "\x1b" not in text
    page = BeautifulSoup(text, "html.parser")
    assert "default-src 'none'" in page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert page.find_all(["script", "iframe", "object", "embed", "form", "svg", "link", "base"]) == []
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on") or name in ("srcdoc", "style")]
        assert re.match(r"#|data:image/png;base64,[A-Za-z0-9+/=]+$", tag.get("href") or tag.get("src") or "#")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "words", ["Right: the hidden check agrees", "The hidden check fails", "Not answered", "Graded by hand"]
)
def test_a_page_breaks_no_rule_of_accessibility(graded, browser, words, scheme):
    pages = [path for path in sorted(graded.pages.glob("*.html")) if words in path.read_text(encoding="utf-8")]
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    tab.goto(pages[0].as_uri())
    found = Axe().run(tab).response["violations"]
    assert not [(rule["id"], [node["html"][:100] for node in rule["nodes"]]) for rule in found]
    context.close()


def grade_page(case) -> str:
    return grade.page_name(case.student.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def test_there_are_at_least_32_kinds_of_hostile_and_damaged_submissions():
    assert len(HOSTILE) + len(DAMAGED) >= 32


def test_every_entry_has_a_row_and_no_other_has(graded):
    assert set(graded.rows) == {shown(name) for name in os.listdir(graded.folder)}
    assert len(rows(graded.out)) == len(os.listdir(graded.folder))


def test_nothing_outside_is_changed_or_added(graded):
    assert graded.before == graded.after
    course, secret = (Path(graded.world.places[name]) for name in ("COURSE", "SECRET"))
    for folder in (ROOT, ROOT / "lib", Path("/"), Path("/usr"), Path("/dev"), Path.home(), course, secret.parent):
        assert not (folder / "stolen").exists()


def test_no_process_and_no_file_of_a_submission_is_left(graded):
    left = [process for process in psutil.process_iter(["cmdline"]) if is_ours(process, graded)]
    assert left == []
    assert [path for path in graded.temporary.iterdir() if path.name.startswith("g")] == []


def is_ours(process, graded) -> bool:
    words = " ".join(process.info["cmdline"] or ())
    return graded.mark in words or f"{graded.temporary}/" in words


def test_no_connection_reaches_a_server_outside(graded):
    assert graded.connections == 0


def test_points_by_hand_are_left_open_for_the_answered_only(graded):
    assert graded.rows["right-by-hand.ipynb"]["to_grade_by_hand"] == "why (2)"
    assert graded.rows["right-by-hand.ipynb"]["why"] == ""
    assert graded.rows["right.ipynb"]["why"] == "0"
    students = [row["student"] for row in rows(graded.out.with_suffix("") / "by-hand.csv")]
    assert students == sorted(["right-by-hand", "no-labels", "page"])


def test_points_by_hand_are_taken_over_when_grading_again(graded, course, tmp_path):
    folder, out = tmp_path / "submissions", tmp_path / "grades.csv"
    folder.mkdir()
    handed_in(why="Equal keys *stay*.")(folder / "ada.ipynb", graded.world)
    words = ["tiny", folder, "--course", course, "--out", out, *options(LIMITS)]
    grader(*words).communicate()
    table = tmp_path / "grades" / "by-hand.csv"
    table.write_text(table.read_text().replace("ada,why,2,,", "ada,why,2,1.5,Well said"))
    output = grader(*words).communicate()[0]
    assert "1 of 1 were finished before and are kept." in output
    row = rows(out)[0]
    assert (row["score"], row["why"], row["to_grade_by_hand"]) == ("8.5", "1.5", "")
    assert "Comment: Well said" in (tmp_path / "grades" / "feedback" / "ada.html").read_text()
    table.write_text(table.read_text().replace("1.5", "3"))
    again = grader(*words)
    assert "points have to be a number from 0 to 2, not '3'" in again.communicate()[0]
    assert again.returncode == 2


def test_a_killed_grader_keeps_what_is_finished_and_leaves_no_process(sandbox, course, student, tmp_path):
    folder, out = tmp_path / "submissions", tmp_path / "grades.csv"
    folder.mkdir()
    world = World(student, {})
    for name in "abcd":
        handed_in()(folder / f"{name}.ipynb", world)
    handed_in(order="import time\ntime.sleep(600)")(folder / "slow.ipynb", world)
    temporary = Path(tempfile.mkdtemp(prefix="gk", dir="/tmp"))
    words = ["tiny", folder, "--course", course, "--out", out, "--jobs", 2, *options(LIMITS | {"cell": 50, "notebook": 55})]
    elsewhere = os.environ | {"TMPDIR": str(temporary)}
    first = grader(*words, env=elsewhere)
    results = tmp_path / "grades" / "results"
    wait(lambda: results.is_dir() and len(list(results.glob("*.json"))) == 4 and running(temporary))
    times = {path: path.stat().st_mtime_ns for path in results.glob("*.json")}
    first.send_signal(signal.SIGKILL)
    first.wait()
    wait(lambda: not running(temporary))
    assert not out.exists()
    assert list(temporary.glob("g*-*"))  # what the killed one could not remove, the next one does
    handed_in()(folder / "slow.ipynb", world)  # it was replaced meanwhile; the others are not graded again
    output = grader(*words, env=elsewhere).communicate()[0]
    assert not list(temporary.glob("g*-*"))
    assert "4 of 5 were finished before and are kept." in output
    assert [row["score"] for row in rows(out)] == ["7"] * 5
    assert times.items() <= {path: path.stat().st_mtime_ns for path in results.glob("*.json")}.items()
    shutil.rmtree(temporary)


def running(temporary: Path) -> bool:
    return any(f"{temporary}/" in " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


def wait(what, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def test_a_secret_seed_draws_other_inputs_and_the_right_answer_still_counts(sandbox, course, student, tmp_path):
    """One answer is right, one knows the answers of the public seed by heart."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    known = assignments.answers("tiny", 0, course)["area-hidden"]
    by_heart = f"known = iter({known})\ndef area(side, hole):\n    return 8 if side == 3 else next(known)"
    for name, answer in (("right", {}), ("by-heart", {"area": by_heart})):
        handed_in(**answer)(folder / f"{name}.ipynb", World(student, {}))
    found = {}
    for seed in (0, 4711):
        out = tmp_path / f"{seed}.csv"
        grader("tiny", folder, "--course", course, "--out", out, "--seed", seed, *options(LIMITS)).communicate()
        found[seed] = {row["student"]: row["area"] for row in rows(out)}
    assert found == {0: {"by-heart": "3", "right": "3"}, 4711: {"by-heart": "0", "right": "3"}}
    assert assignments.answers("tiny", 4711, course)["area-hidden"] != known


# --- without a sandbox, or with wrong words --------------------------------------------------------------------------


@pytest.fixture
def refused(capsys):
    def call(*words) -> str:
        assert grade.main([*map(str, words)]) == 2
        return capsys.readouterr().err

    return call


def test_without_bubblewrap_nothing_is_graded(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    output = refused("tiny", tmp_path, "--out", tmp_path / "grades.csv")
    assert "bubblewrap is missing, and submissions are never run without it: install it (Debian" in output
    assert not (tmp_path / "grades.csv").exists()


def test_where_the_system_forbids_the_sandbox_nothing_is_graded_and_the_remedy_is_named(refused, tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    output = refused("tiny", tmp_path)
    assert "setting up uid map: Permission denied" in output
    assert "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in output


def test_on_another_system_nothing_is_graded(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert "Grading needs Linux" in sandbox_kernel.trouble()


def test_wrong_words_are_answered_in_one_sentence(sandbox, refused, course, tmp_path):
    (tmp_path / "submissions").mkdir()
    assert "choose one of tiny" in refused(
        "no-such-set", tmp_path / "submissions", "--course", course, "--out", tmp_path / "g.csv"
    )
    assert "is no folder" in refused("tiny", tmp_path / "nowhere", "--course", course)
    assert "has to end in .csv" in refused("tiny", tmp_path, "--course", course, "--out", tmp_path / "grades")
    assert "which is never changed" in refused("tiny", tmp_path, "--course", course, "--out", tmp_path / "x" / "grades.csv")


def test_an_empty_folder_gives_an_empty_table(sandbox, course, tmp_path, capsys):
    (tmp_path / "submissions").mkdir()
    words = ["tiny", tmp_path / "submissions", "--course", course, "--out", tmp_path / "grades.csv"]
    assert grade.main([*map(str, words)]) == 0
    assert capsys.readouterr().out.startswith("0 entries")
    assert rows(tmp_path / "grades.csv") == []


# --- the sandbox ---------------------------------------------------------------------------------------------------------


def inside(code: str) -> str:
    """Return what `code` prints in the sandbox."""
    command = [*sandbox_kernel.jail(None, 8), sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_of_the_repository_only_lib_is_inside(sandbox):
    seen = inside(f"import os; print(sorted(os.listdir({str(ROOT)!r})))")
    assert set(eval(seen)) <= {"lib", ".venv"}
    assert inside("import lib.models; print('it imports')") == "it imports"


def test_inside_there_is_no_environment_no_other_process_and_no_network(sandbox, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "4711")
    assert "4711" not in inside("import os; print(dict(os.environ))")
    assert int(inside("import os; print(sum(name.isdigit() for name in os.listdir('/proc')))")) <= 2
    assert inside("import socket; print(socket.if_nameindex())") == "[(1, 'lo')]"


@pytest.mark.parametrize("folder", ["/tmp", "/sandbox", "/dev/shm"])
def test_a_folder_that_can_be_written_is_small(sandbox, folder):
    code = f"import os; about = os.statvfs({folder!r}); print(about.f_blocks * about.f_frsize)"
    assert int(inside(code)) == 8 * sandbox_kernel.MB


# --- judging ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "right", "verdict"),
    [
        ("[1, 2]", "[1, 2]", True),
        ("[1.00001, 2]", "[1, 2.0]", True),
        ("[1.001, 2]", "[1, 2]", False),
        ("(1, 2)", "[1, 2]", True),
        ("[1, 2, 3]", "[1, 2]", False),
        ("True", "1", False),
        ("1", "True", False),
        ("'1'", "1", False),
        ("{'a': 1.0}", "{'a': 1}", True),
        ("{'a': 1, 'b': 2}", "{'a': 1}", False),
        ("nan", "nan", True),
        ("nan", "1.0", False),
        ("1e999", "1.0", False),
        ("9" * 4000, "1.0", False),
        ("[" * 5000, "[1]", False),
        ("{[]: 1}", "{1: 1}", False),
        ("anything", "1", False),
        ("-" * 19_999 + "1", "1", False),
    ],
)
def test_answers_agree_as_values(given, right, verdict):
    assert preprocessors.same(given, right) is verdict


@pytest.mark.parametrize(("text", "verdict"), [("[True, (False, None)]", True), ("[True, 3]", False), ("'True'", False)])
def test_an_answer_of_yes_and_no_alone_could_be_guessed(text, verdict):
    assert assignments.guessable(text) is verdict


# --- what an author can get wrong ----------------------------------------------------------------------------------------


def spoil(name: str, **changes):
    notebook = source()
    cell = next(cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id == name)
    for what, value in changes.items():
        if what == "source":
            cell.source = value
        elif what == "exercise":
            cell.metadata["exercise"] = value
        else:
            cell.metadata.nbgrader[what] = value
    return notebook


@pytest.mark.parametrize(
    ("notebook", "message"),
    [
        (spoil("area-visible", points=1), "area-visible has points"),
        (spoil("area-hidden", points=0), "area-hidden has no points"),
        (spoil("area-hidden", source="### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS"), "has to end in an expression"),
        (spoil("area-visible", grade_id="area-seen"), "no cell is labelled area-visible"),
        (spoil("area-hidden", grade_id="order-hidden"), "two cells are labelled order-hidden"),
        (spoil("area-text", exercise={"goal": "Subtract."}), "goal and minutes"),
        (spoil("why-text", exercise={"goal": "Say.", "minutes": 1, "rubric": [[1, "half"]]}), "has to sum to 2 points"),
    ],
)
def test_a_faulty_source_is_refused_with_the_cell_and_the_remedy(notebook, message):
    with pytest.raises(assignments.SourceError, match=message):
        assignments.tasks(notebook)


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        ("[area(3, 1) == 8]", "a student could guess"),
        ("object()", "an address"),
        ("list(range(2000))", "too long"),
        ("None", "no value"),
    ],
)
def test_a_hidden_check_whose_value_tells_nothing_is_refused(hidden, message):
    notebook = spoil("area-hidden", source=f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS")
    with pytest.raises(assignments.SourceError, match=message):
        assignments.record(notebook)


def test_the_students_notebook_is_the_same_whenever_it_is_made_and_holds_no_answer(student):
    text = nbformat.writes(student)
    assert text == nbformat.writes(assignments.student_version(source()))
    for secret in ("return side * side", "sorted(", "randrange", "kiwi", "Equal keys", "HIDDEN", "stability", "-hidden"):
        assert secret not in text
    assert student.cells[1].source.startswith(
        "## Area of a frame\n\n*3 points, about 5 min.* **Goal:** Subtract areas.\n\nWrite"
    )


# --- tables ----------------------------------------------------------------------------------------------------------------


def result(student: str, points: float = 3, status: str = "graded", file: str = "") -> dict:
    task = {"name": "area", "points": points, "most": 3, "by_hand": False}
    return {"student": student, "file": file or student, "status": status, "reason": "", "tasks": [task]}


def test_canvas_gets_the_id_that_it_put_into_the_file_name_or_a_login():
    results = [
        result("lovelaceada_LATE_123_456_a", file="lovelaceada_LATE_123_456_a.ipynb"),
        result("grace"),
        result("x", 0, "link"),
    ]
    table = reports.canvas(results, "Reading digits", 3)
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Reading digits"]
    assert table[1][0] == "Points Possible"
    assert [row[1:] for row in table[2:]] == [["123", "", "", "", "3"], ["", "", "grace", "", "3"]]


def test_moodle_gets_the_participant_that_it_put_into_the_name_of_the_folder():
    table = reports.moodle([result("Ada Lovelace_77_assignsubmission_file_")], 3)
    assert table[1][:4] == ["Participant 77", "Ada Lovelace", "3", "3"]
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(table[0])


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x"])
def test_no_name_becomes_a_formula(name):
    assert reports.safe(name) == f"'{name}"


def test_the_pages_policy_holds_in_a_browser(browser, tmp_path):
    """Even if something slipped through the escaping, it would neither run nor load."""
    text = feedback.page("Title", "Ada", "", []).replace(
        "</body>", "<script>window.evil = 1</script><img src='http://e.org/x'></body>"
    )
    (tmp_path / "page.html").write_text(text)
    page, requests = browser.new_page(), []
    page.on("requestfinished", lambda request: requests.append(request.url))
    page.on("requestfailed", lambda request: requests.append(request.failure))
    page.goto(f"file://{tmp_path}/page.html")
    assert page.evaluate("window.evil") is None
    assert [request for request in requests if request.startswith("http")] == []
    page.close()


def test_names_bound_by_an_answer_are_found():
    assert submissions._names("import x\nclass A:\n    b = 1\ndef f(): pass\nc = 1\nd: int = 2\ne == 3\n") == {
        "A",
        "f",
        "c",
        "d",
    }


def test_the_most_points_are_those_of_the_source():
    assert {task.name: task.points for task in assignments.tasks(source())} == MOST | {"why": 2}
