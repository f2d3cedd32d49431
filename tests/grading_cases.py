"""A tiny set of exercises, and everything that can be wrong with what is handed in for it."""

import copy
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def labelled(cell, name: str, **flags):
    """Return `cell` with the label `name` in nbgrader's format."""
    flags = {"grade": False, "solution": False, "locked": True, "task": False} | flags
    cell.metadata["nbgrader"] = {"grade_id": name, "schema_version": 3, **flags}
    cell.id = name[:60]
    return cell


def text(name: str, title: str, body: str, goal: str, rubric=()):
    source = f"```{{exercise-start}} {title}\n:label: ex-{name}\n```\n\n{body}\n\n```{{exercise-end}}\n```"
    cell = labelled(new_markdown_cell(source), f"{name}-text")
    cell.metadata["exercise"] = {"goal": goal, "minutes": 5, **({"rubric": rubric} if rubric else {})}
    return cell


def coded(name: str, points: int, solution: str, visible: str, hidden: str):
    """Return the three cells of a task after its text: answer, visible check, hidden check."""
    return [
        labelled(new_code_cell(solution), name, solution=True, locked=False),
        labelled(new_code_cell(visible), f"{name}-visible", grade=True, points=0),
        labelled(
            new_code_cell(f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"),
            f"{name}-hidden",
            grade=True,
            points=points,
        ),
    ]


def source():
    """Return the set: two tasks that grade themselves (3 and 4 points) and one that is graded by hand (2 points)."""
    cells = [
        labelled(new_markdown_cell("# Tiny exercises"), "title"),
        text("area", "Area of a frame", "Write `area(side, hole)`.", "Subtract areas."),
        *coded(
            "area",
            3,
            "def area(side, hole):\n    ### BEGIN SOLUTION\n    return side * side - hole * hole\n    ### END SOLUTION",
            "assert area(3, 1) == 8, 'a frame of side 3 with a hole of side 1 covers 8'",
            "import random\nSEED = 0\ndraw = random.Random(SEED)\n"
            "[area(draw.randrange(50, 90), draw.randrange(1, 40)) for _ in range(8)]",
        ),
        text("order", "Order by length", "Write `order(words)`.", "Sort by a key."),
        *coded(
            "order",
            4,
            "def order(words):\n    ### BEGIN SOLUTION\n    return sorted(words, key=lambda word: (len(word), word))\n"
            "    ### END SOLUTION",
            "assert order(['bb', 'a']) == ['a', 'bb'], 'short words come first'",
            "[order(['pear', 'fig', 'apple', 'kiwi', 'date']), order(['x', 'zz', 'yy', ''])]",
        ),
        text(
            "why", "Say why", "Why is sorting by length stable?", "Explain.", [[1, "names stability"], [1, "gives an example"]]
        ),
        labelled(new_markdown_cell("Equal keys keep their order."), "why", grade=True, solution=True, locked=False, points=2),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write_course(folder: Path) -> Path:
    """Write the set `tiny` below `folder` and return the folder."""
    path = folder / "source" / "tiny" / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source(), path)
    return folder


AREA = "def area(side, hole):\n    return side * side - hole * hole"
ORDER = "def order(words):\n    return sorted(words, key=lambda word: (len(word), word))"
MOST = {"area": 3, "order": 4}
LIMITS = {
    **{"cell": 4, "notebook": 25, "wall": 60, "cpu": 40, "memory": 700, "address": 1500},
    **{"files": 8, "processes": 40, "sockets": 20, "message": 5},
}


@dataclass(frozen=True)
class World:
    """What a hostile submission is told about the machine it runs on, so that its failure means something."""

    student: NotebookNode  # the student's notebook
    places: dict[str, str]  # words of a case that stand for a path or a number here


@dataclass(frozen=True)
class Case:
    """One entry of a folder of submissions and what has to come of it; `make` writes it to a path."""

    name: str  # of the entry
    make: Callable[[Path, World], None]
    status: str = "graded"
    area: int = 3
    order: int = 4
    reason: str = "^$"  # a pattern
    shows: str = ""  # what the feedback has to contain

    @property
    def student(self) -> str:
        return self.name.removesuffix(".ipynb")


def handed_in(change: Callable | None = None, **answers: str) -> Callable[[Path, World], None]:
    """Return what writes the student's notebook with `answers` in it, then changed by `change`."""

    def make(path: Path, world: World) -> None:
        notebook = copy.deepcopy(world.student)
        for cell in notebook.cells:
            name = cell.metadata.nbgrader.grade_id
            if name in (given := {"area": AREA, "order": ORDER} | answers):
                cell.source = given[name]
                for word, place in world.places.items():
                    cell.source = cell.source.replace(word, place)
        changed = change(notebook) if change else None
        path.write_text(changed if isinstance(changed, str) else nbformat.writes(notebook), encoding="utf-8")

    return make


def content(data: bytes) -> Callable[[Path, World], None]:
    return lambda path, world: path.write_bytes(data) and None


def find(notebook, name: str):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def position(notebook, name: str) -> int:
    return notebook.cells.index(find(notebook, name))


# --- what ordinary students do ---------------------------------------------------------------------------------------


def no_labels(notebook):
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)


def as_colab_saves(notebook):
    text = json.loads(nbformat.writes(notebook))
    text |= {"nbformat": 4, "nbformat_minor": 0}
    text["metadata"]["colab"] = {"provenance": []}
    for number, cell in enumerate(text["cells"]):
        del cell["id"]
        cell["metadata"] |= {"id": f"cell{number}", "colab": {"base_uri": "https://localhost:8080/"}}
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    return json.dumps(text)


def format_3(notebook):
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code = {"input": cell.source, "language": "python", "collapsed": False, "outputs": [], "prompt_number": 1}
            cells.append({"cell_type": "code", "metadata": cell.metadata, **code})
        else:
            cells.append({"cell_type": "markdown", "metadata": cell.metadata, "source": cell.source})
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})


def without(*names):
    def change(notebook):
        notebook.cells = [cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id not in names]

    return change


def edited_checks(notebook):
    for name in ("area-visible", "order-visible"):
        find(notebook, name).source = "print('all is well')"


def own_points(notebook):
    for cell in notebook.cells:
        cell.metadata.nbgrader |= {"points": 1000, "grade": True}


def copied(notebook):
    place = position(notebook, "area")
    notebook.cells.insert(place, copy.deepcopy(notebook.cells[place]))
    notebook.cells[place].source = "def area(side, hole):\n    return 0"


def split(notebook):
    place = position(notebook, "order")
    second = copy.deepcopy(notebook.cells[place])
    notebook.cells[place].source = "def key(word):\n    return len(word), word"
    second.source = "def order(words):\n    return sorted(words, key=key)"
    notebook.cells.insert(place + 1, second)


def retyped(notebook):
    for name, kind in (("area", "markdown"), ("order-visible", "raw")):
        cell = find(notebook, name)
        cell.cell_type = kind
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def shuffled(notebook):
    notebook.cells.reverse()


def helpers_in_own_cells(notebook):
    notebook.cells.insert(0, new_code_cell("def square(side):\n    return side * side"))


def halves_of_characters(notebook):
    return nbformat.writes(notebook).replace("return side", r"return '\ud800' and side")


ORDINARY = [
    Case("right.ipynb", handed_in()),
    Case("right-by-hand.ipynb", handed_in(why="Equal keys *stay*.")),
    Case("untouched.ipynb", lambda path, world: nbformat.write(world.student, path), area=0, order=0, shows="Not answered."),
    Case("wrong.ipynb", handed_in(area=AREA.replace("-", "+")), area=0, shows="a frame of side 3 with a hole"),
    Case("wrong-only-when-hidden.ipynb", handed_in(area="def area(*sides):\n    return 8"), area=0, shows="with other inputs"),
    Case("raises-only-when-hidden.ipynb", handed_in(area="def area(a, b):\n    return {3: 8}[a]"), area=0, shows="KeyError"),
    Case("syntax-error.ipynb", handed_in(area="def area(side, hole:"), area=0, shows="SyntaxError"),
    Case("warns.ipynb", handed_in(area=AREA.replace("    ret", "    import warnings; warnings.warn('slow')\n    ret"))),
    Case("asks.ipynb", handed_in(order="input('your name?')"), order=0, shows="StdinNotImplementedError"),
    Case("folder", lambda path, world: path.mkdir() or handed_in()(path / "homework.ipynb", world)),
    Case("no-labels.ipynb", handed_in(no_labels, why="They *stay*."), reason="^labels restored: area, order, why$"),
    Case("colab.ipynb", handed_in(as_colab_saves)),
    Case("format-3.ipynb", handed_in(format_3)),
    Case("no-checks.ipynb", handed_in(without("area-visible", "order-visible", "area-text"))),
    Case("no-order.ipynb", handed_in(without("order")), order=0, reason="^answers missing: order$"),
    Case("edited-checks.ipynb", handed_in(edited_checks, area=AREA.replace("-", "+")), area=0, shows="a frame of side 3"),
    Case("copied-cell.ipynb", handed_in(copied)),
    Case("split-cell.ipynb", handed_in(split)),
    Case("retyped-cell.ipynb", handed_in(retyped)),
    Case("shuffled.ipynb", handed_in(shuffled)),
    Case("own-cells.ipynb", handed_in(helpers_in_own_cells, area="def area(a, b):\n    return square(a) - square(b)")),
    Case("half-characters.ipynb", handed_in(halves_of_characters)),
    Case("zero-bytes.ipynb", handed_in(area=AREA + "\n# \0"), area=0),
    Case("byte-order-mark.ipynb", handed_in(lambda notebook: "\ufeff" + nbformat.writes(notebook))),
    Case(
        "other.ipynb",
        lambda path, world: nbformat.write(new_notebook(cells=[new_code_cell("x = 1")]), path),
        "other",
        0,
        0,
        "another",
    ),
]

# --- what arrives damaged ----------------------------------------------------------------------------------------------


def pipe(path: Path, world: World) -> None:
    os.mkfifo(path)


def link(path: Path, world: World) -> None:
    path.symlink_to(world.places["SECRET"])


def linked_folder(path: Path, world: World) -> None:
    path.symlink_to(Path(world.places["SECRET"]).parent)


def folder_with_link(path: Path, world: World) -> None:
    path.mkdir()
    (path / "a.ipynb").symlink_to(world.places["SECRET"])


def two_notebooks(path: Path, world: World) -> None:
    path.mkdir()
    for name in ("first", "second"):
        handed_in()(path / f"{name}.ipynb", world)


def many_files(path: Path, world: World) -> None:
    path.mkdir()
    for number in range(1200):
        (path / f"{number}.txt").touch()


def many_cells(notebook):
    notebook.cells += [new_code_cell("1") for _ in range(10_000)]


def both_forms(path: Path, world: World) -> None:
    path.mkdir()
    handed_in()(path / "homework.ipynb", world)
    handed_in()(path.with_name("twice.ipynb"), world)


def cut(path: Path, world: World) -> None:
    handed_in()(path, world)
    path.write_bytes(path.read_bytes()[:900])


UNREADABLE = {"status": "unreadable", "area": 0, "order": 0}
DAMAGED = [
    Case("empty.ipynb", lambda path, world: path.touch(), reason="the file is empty", **UNREADABLE),
    Case("cut.ipynb", cut, reason="not a readable Jupyter notebook", **UNREADABLE),
    Case("binary.ipynb", content(bytes(range(256)) * 40), reason="not a readable", **UNREADABLE),
    Case("list.ipynb", content(b"[1, 2, 3]"), reason="not a readable", **UNREADABLE),
    Case("null.ipynb", content(b"null"), reason="not a readable", **UNREADABLE),
    Case("no-cells.ipynb", content(b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}'), reason="not a read", **UNREADABLE),
    Case(
        "odd-cells.ipynb",
        content(b'{"nbformat": 4, "metadata": {}, "cells": [7, {"source": 3}]}'),
        reason="not a",
        **UNREADABLE,
    ),
    Case("deep.ipynb", content(b"[" * 2_000_000), reason="not a readable", **UNREADABLE),
    Case("web-page.ipynb", content(b"<!DOCTYPE html><title>Sign in</title>"), reason="not a readable", **UNREADABLE),
    Case("huge.ipynb", content(b" " * 11_000_000), "too-big", 0, 0, "larger than 10 MB"),
    Case("many-cells.ipynb", handed_in(many_cells), "too-big", 0, 0, "more than 1000"),
    Case("many-files", many_files, "too-big", 0, 0, "more than 1000 files"),
    Case("report.pdf", content(b"%PDF-1.7"), "no-notebook", 0, 0, "not a notebook"),
    Case(".DS_Store", content(b"\0"), "no-notebook", 0, 0, "not a notebook"),
    Case("empty-folder", lambda path, world: path.mkdir(), "no-notebook", 0, 0, "no notebook"),
    Case("two-notebooks", two_notebooks, "several", 0, 0, "holds 2 notebooks"),
    Case("twice", both_forms, "duplicate", 0, 0, "several entries belong to twice"),
    Case("twice.ipynb", lambda path, world: None, "duplicate", 0, 0, "several entries belong to twice"),
    Case("link.ipynb", link, "link", 0, 0, "symbolic link"),
    Case("linked-folder", linked_folder, "link", 0, 0, "symbolic link"),
    Case("folder-with-link", folder_with_link, "link", 0, 0, "symbolic link"),
    Case("pipe.ipynb", pipe, reason="not an ordinary file", **UNREADABLE),
    Case("-rf.ipynb", handed_in()),
    Case("=1+1.ipynb", handed_in()),
    Case("two\nlines.ipynb", handed_in()),
    Case("漢字 ñ \u202e.ipynb", handed_in()),
    Case("n" * 249 + ".ipynb", handed_in()),
    Case("<script>alert(1)<%2fscript>.ipynb", handed_in()),
    Case(os.fsdecode(b"\xff\xfe.ipynb"), handed_in()),
]

# --- what is hostile -----------------------------------------------------------------------------------------------------

STUBBORN = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
CROWD = """
import os, time
for _ in range(30):
    if not os.fork():
        x = b'x' * 60_000_000
        time.sleep(60)
time.sleep(60)
"""
FORKS = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
LEFT = """
import os, subprocess
for _ in range(3):
    subprocess.Popen(["sleep", "MARK"], start_new_session=True)
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execvp("sleep", ["sleep", "MARK"])
    os._exit(0)
"""
WRITES = """
import os
wrote = []
paths = ["SECRET", "COURSE/stolen", "ROOT/stolen", "ROOT/lib/stolen", "/stolen", "/usr/stolen", "/dev/stolen", "HOMEDIR/stolen"]
for folder in [*paths, os.path.dirname("SECRET") + "/stolen"]:
    try:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        open(folder, "w").write("mine")
        wrote.append(folder)
    except OSError as error:
        pass
print("wrote", [path for path in wrote if not path.startswith("/tmp/")])
"""
FILLS = """
import os
wrote = []
for folder in ("/tmp", "/sandbox", "/dev/shm", "/dev", "/run", "/"):
    written = 0
    try:
        for number in range(100):
            with open(f"{folder}/{number}", "wb") as file:
                for _ in range(8):
                    file.write(b"x" * 1_000_000)
                    file.flush()
                    written += 1
    except OSError:
        pass
    if written > 9:
        wrote.append((folder, written))
print("wrote", wrote)
"""
SOCKETS = "import glob, os\nfolder = glob.glob('TEMPORARY/*/sockets')[0]\n"
FILLS_SOCKETS = (
    SOCKETS + "for n in range(100):\n    open(f'{folder}/{n}', 'wb').write(b'x' * 8_000_000)\nimport time; time.sleep(9)"
)
CROWDS_SOCKETS = SOCKETS + "for n in range(5000):\n    open(f'{folder}/{n}', 'wb')\nimport time; time.sleep(9)"
SNOOPS = """
import os, socket
found = [name for name, value in os.environ.items() if "BOOK" in name and name != "BOOK_OFFLINE" or "NBG" in value]
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if name not in ("usr", "proc", "sys", "lib", "site-packages")]
    found += [f"{folder}/{file}" for file in files if file.startswith(("tiny", "right", "SECRETNAME")) or file == "log"]
for process in os.listdir("/proc"):
    if process.isdigit() and b"grading.grade" in open(f"/proc/{process}/cmdline", "rb").read():
        found.append(process)
for address in (("127.0.0.1", PORT), ("1.1.1.1", 53)):
    try:
        socket.create_connection(address, timeout=1)
        found.append(str(address))
    except OSError:
        pass
try:
    open("SECRET").read()
    found.append("SECRET")
except OSError:
    pass
print("FOUND" if found else "nothing", found)
"""
HOOK = """
import builtins
def tell(result):
    print("SEEN", result.info.raw_cell)
get_ipython().events.register("post_run_cell", tell)
def area(side, hole):
    return 8
"""
LIAR = """
class Liar(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __repr__(self): return "anything"
def area(side, hole):
    return Liar(8)
"""
PATCHES = """
import builtins, json, math, random, sys
shell = get_ipython()
shell.display_formatter.format = lambda *given, **named: ({"text/plain": "True"}, {})
class Fixed:
    def __init__(self, *seed): pass
    def randrange(self, low, high): return {50: 3, 1: 1}[low]
random.Random = Fixed
sys.exit = exit = lambda *given: None
def area(side, hole):
    return 8
"""
BREAKS = AREA + "\nimport builtins\nbuiltins.isinstance = lambda *given: True"
SENDS = """
import json, os, pathlib
kernel = get_ipython().kernel
result = json.dumps({"status": "graded", "reason": "", "tasks": [{"name": "area", "points": 1000}]})
for folder in (".", "/tmp", os.path.dirname(kernel.config["IPKernelApp"]["connection_file"])):
    for name in ("result.json", "../result.json"):
        try:
            pathlib.Path(folder, name).write_text(result)
        except OSError:
            pass
def area(side, hole):
    parent = kernel.get_parent("shell")
    for text in ("[4747, 1]", "1000", "True"):
        data = {"data": {"text/plain": text}, "metadata": {}, "execution_count": 1}
        kernel.session.send(kernel.iopub_socket, "execute_result", data, parent=parent)
    reply = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    kernel.session.send(kernel.shell_stream, "execute_reply", reply, parent=parent)
    return 8
"""
PAGE = """
from IPython.display import HTML, Javascript, display
display(HTML("<script>alert('EVIL')</script>"), Javascript("alert('EVIL')"))
pictures = {"image/png": '"><script>EVIL</script>', "image/svg+xml": "<svg onload=EVIL>"}
display(pictures | {"text/html": "<img src=x onerror=EVIL>"}, raw=True)
print("</pre><script>alert('EVIL')</script><img src=http://example.org/EVIL.png>")
def area(side, hole):
    raise ValueError("</pre><script>alert('EVIL')</script>")
"""
MARKDOWN = (
    "<script>alert('EVIL')</script> [press](javascript:alert('EVIL')) ![see](http://example.org/EVIL.png) "
    "<img src=x onerror=alert('EVIL')>\n\n<iframe src='http://example.org'></iframe>"
)
COLORS = AREA + "\nprint('\\x1b[31m' * 50_000 + '\\x1b]0;title\\x07\\x1b[2J' + 'calm')"
NESTED = """
deep = []
for _ in range(900):
    deep = [deep]
from IPython.display import display
display({"application/json": deep, "text/plain": "x"}, raw=True)
kernel = get_ipython().kernel
for content in ({"text": 7}, {}, {"name": [], "text": None}, {"data": 3, "metadata": None}):
    for kind in ("stream", "display_data", "comm_open", "update_display_data", "clear_output", "no such kind"):
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent("shell"))
"""
CUT_OFF = "import os\nos.closerange(3, 1000)"
KILLS = """
import os
for number in (-1, 1, os.getppid()):
    try:
        os.kill(number, 9)
    except OSError:
        pass
"""

STOPPED = {"status": "stopped", "order": 0}
HOSTILE = [
    Case(
        "loop.ipynb", handed_in(area="def area(side, hole):\n    while True:\n        pass"), area=0, reason="was interrupted$"
    ),
    Case("sleep.ipynb", handed_in(order="import time\ntime.sleep(1e6)"), order=0, reason="was interrupted$"),
    Case("stubborn.ipynb", handed_in(order=STUBBORN), reason="could not be interrupted", **STOPPED),
    Case("fork-bomb.ipynb", handed_in(order=FORKS), reason="MB of memory|processes", **STOPPED),
    Case("memory.ipynb", handed_in(order="x = b'x' * (1 << 40)"), order=0, shows="MemoryError"),
    Case(
        "memory-slowly.ipynb",
        handed_in(order="x = []\nwhile True:\n    x.append(b'x' * 50_000_000)"),
        reason="700 MB",
        **STOPPED,
    ),
    Case("memory-by-many.ipynb", handed_in(order=CROWD), reason="took more than 700 MB", **STOPPED),
    Case("prints.ipynb", handed_in(order="while True:\n    print('again')"), order=0, reason="was interrupted$"),
    Case("prints-at-once.ipynb", handed_in(order=ORDER + "\nprint('x' * 30_000_000)"), reason="wrote too much", **STOPPED),
    Case(
        "huge-answer.ipynb",
        handed_in(order="def order(words):\n    return 'x' * 3_000_000"),
        reason="wrote too much",
        **STOPPED,
    ),
    Case("processes-left.ipynb", handed_in(order=ORDER + LEFT)),
    Case("writes.ipynb", handed_in(order=ORDER + WRITES), shows="wrote []"),
    Case("fills.ipynb", handed_in(order=ORDER + FILLS), shows="wrote []"),
    Case("fills-sockets.ipynb", handed_in(order=FILLS_SOCKETS), reason="wrote too many", **STOPPED),
    Case("crowds-sockets.ipynb", handed_in(order=CROWDS_SOCKETS), reason="wrote too many", **STOPPED),
    Case("snoops.ipynb", handed_in(order=ORDER + SNOOPS), shows="nothing []"),
    Case("exits.ipynb", handed_in(order="import os\nos._exit(0)"), "crashed", 3, 0, "ended its own Python process"),
    Case("kills.ipynb", handed_in(order=KILLS + ORDER)),
    Case("exits-politely.ipynb", handed_in(area="raise SystemExit"), area=0, shows="SystemExit"),
    Case("crashes.ipynb", handed_in(order="import ctypes\nctypes.string_at(0)"), "crashed", 3, 0, "ended its own"),
    Case("cuts-off.ipynb", handed_in(order=CUT_OFF), "crashed", 3, 0, "process"),
    Case("strips-asserts.ipynb", handed_in(edited_checks, area="area = print"), area=0),
    Case("own-points.ipynb", handed_in(own_points)),
    Case("liar.ipynb", handed_in(area=LIAR), area=0),
    Case("hooks.ipynb", handed_in(area=HOOK), area=0),
    Case("patches.ipynb", handed_in(area=PATCHES), area=0, order=0),
    Case("breaks-python.ipynb", handed_in(area=BREAKS), "stopped", 0, 0, "could not be interrupted"),
    Case("sends.ipynb", handed_in(area=SENDS), area=0),
    Case("page.ipynb", handed_in(area=PAGE, why=MARKDOWN), area=0, shows="ValueError"),
    Case("colors.ipynb", handed_in(area=COLORS), shows="calm"),
    Case("nested.ipynb", handed_in(order=NESTED), "crashed", 3, 0, "disturbed"),
]

CASES = [*ORDINARY, *DAMAGED, *HOSTILE]
