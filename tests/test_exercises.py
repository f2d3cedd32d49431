"""The exercises: complete, solvable, not solved by typical wrong answers, and shown without what has to stay hidden."""

import ast
import html
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import mutation
import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from exercises.grading import assignments
from exercises.grading.preprocessors import label
from lib import widgets
from lib.runs import read_measurement, read_record

ROOT = Path(__file__).parent.parent
SETS = {  # and the chapters that a set belongs to
    "reading-digits": {"01-reading-digits"},
    "missing-ingredients": {"02-lean-years", "03-data", "04-hardware", "05-training-tricks"},
    "alexnet": {"06-alexnet"},
    "fashion-mnist": {"07-fashion-mnist"},
}
FEWEST, FEWEST_OF_A_SET, FEWEST_WRONG = 40, 10, 3
COMMON = {  # lines of solutions that the checks or the functions to be repaired have, too
    "for epoch in range(epochs):",
    "for gradient, rate in zip(gradients, rates):",
    "for layer in network if isinstance(layer, nn.MaxPool2d)]",
    "for start in range(0, len(images), batch_size):",
    "optimizer = torch.optim.SGD(model.parameters(), lr=rate)",
    "part = slice(start, start + batch_size)",
    "rate, score = report(validation, test)",
    'with torch.device("meta"):',
    "with torch.inference_mode():",
}
TELLING = 24  # letters from which on a line of a solution or of a hidden check could stand somewhere only by a leak
each_set = pytest.mark.parametrize("name", SETS)


@cache
def cells(name: str) -> dict[str, nbformat.NotebookNode]:
    return {label(cell): cell for cell in assignments.read_source(name).cells if label(cell)}


@cache
def tasks(name: str) -> list[assignments.Task]:
    return assignments.tasks(assignments.read_source(name))


def checked(name: str) -> list[str]:
    """The names of the tasks of a set that a hidden check grades."""
    return [task.name for task in tasks(name) if not task.by_hand]


@cache
def survey(name: str) -> dict[str, list]:
    command = [sys.executable, str(ROOT / "tests" / "mutation.py"), name]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=900).stdout)


# --- the sources -------------------------------------------------------------------------------


def test_there_are_enough_tasks_in_the_four_sets():
    assert set(assignments.sets()) == set(SETS)
    assert sum(len(tasks(name)) for name in SETS) >= FEWEST
    for name in SETS:
        assert len(tasks(name)) >= FEWEST_OF_A_SET, name
        assert any(task.by_hand for task in tasks(name)), f"{name} has no open question"


def test_a_label_stands_once_in_the_book():
    names = [task.name for name in SETS for task in tasks(name)]
    assert len(set(names)) == len(names)


@each_set
def test_a_task_has_a_hint_a_goal_a_duration_and_a_chapter(name):
    for task in tasks(name):
        text = cells(name)[f"{task.name}-text"]
        assert f"\n:label: ex-{task.name}\n" in text.source, task.name
        assert re.search(r"<details><summary>Hint</summary>\n\n.{20,}\n\n</details>\n", text.source, re.S), task.name
        assert re.fullmatch(r"[A-Z].{20,}\.", task.goal), task.name
        assert 5 <= task.minutes <= 60, task.name
        assert text.metadata.exercise.chapter in SETS[name], task.name


@each_set
def test_the_cells_of_a_task_stand_in_order(name):
    order = list(cells(name))
    for task in tasks(name):
        parts = [f"{task.name}-text", task.name] + ([] if task.by_hand else [f"{task.name}-visible", f"{task.name}-hidden"])
        places = [order.index(part) for part in parts]
        assert places == sorted(places), task.name


@each_set
def test_every_visible_check_says_what_is_wrong(name):
    for task in checked(name):
        asserts = [node for node in ast.walk(ast.parse(cells(name)[f"{task}-visible"].source)) if isinstance(node, ast.Assert)]
        assert len(asserts) >= 2, task
        assert all(node.msg is not None for node in asserts), task


@each_set
def test_a_source_needs_no_package_that_colab_lacks(name):
    allowed = {"torch", "numpy", "matplotlib", "sklearn", *sys.stdlib_module_names}
    for cell in cells(name).values():
        for node in ast.walk(ast.parse(cell.source if cell.cell_type == "code" else "")):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {each.split(".")[0] for each in found} <= allowed, label(cell)


def test_the_learning_curve_to_be_read_is_a_recorded_one():
    names: dict = {}
    exec(cells("missing-ingredients")["reading-given"].source, names)
    history = read_record("dropout-1000-off").runs[0].history
    assert names["validation_loss"] == [round(epoch.validation_loss, 2) for epoch in history]
    assert names["validation_accuracy"] == [round(100 * epoch.validation_accuracy, 1) for epoch in history]
    assert names["training_accuracy"] == [round(100 * epoch.train_accuracy, 1) for epoch in history]


def states() -> list[tuple[str, dict]]:
    """Every link to a state of a widget, on the page for instructors and in the tasks: its page, and what it asks for."""
    texts = [cell.source for name in SETS for cell in cells(name).values() if cell.cell_type == "markdown"]
    texts.append((ROOT / "chapters" / "instructors.md").read_text(encoding="utf-8"))
    links = [html.unescape(each) for text in texts for each in re.findall(r'<a href="([^"]+\?[^"]+)">', text)]
    return [(urlsplit(each).path.split("/")[-1], dict(parse_qsl(urlsplit(each).query))) for each in links]


def test_the_states_of_widgets_that_are_asked_about_exist():
    known = {kind.class_traits()["key"].default_value: kind for kind in vars(widgets).values() if isinstance(kind, type)}
    assert len(states()) >= 6
    for page, asked in states():
        assert (ROOT / "chapters" / page).with_suffix(".ipynb").exists(), page
        for each, value in asked.items():
            key, trait = each.split(".")
            assert trait in known[key].class_traits()["linked"].default_args[0], each
            if key == "c3":
                bits = [int(word) for word in value.split(",")]
                assert len(bits) == 16
                assert all(0 < word < 64 for word in bits)
            if key == "bench":
                assert value == widgets.ShapeBench().network.replace("e3", ""), value


# --- the checks are checked --------------------------------------------------------------------


@each_set
def test_every_solution_earns_all_points(name):
    assert survey(name)[""] == []


@each_set
def test_there_are_wrong_answers_to_every_checked_task_and_to_no_other(name):
    wrong = mutation.wrong_answers(name)
    assert set(wrong) == set(checked(name))
    for task, answers in wrong.items():
        assert len(set(answers)) == len(answers) >= FEWEST_WRONG, task


@each_set
def test_a_wrong_answer_loses_the_points_of_its_task_and_of_no_other(name):
    found = {task: lost for task, lost in survey(name).items() if task}
    assert found == {task: [[task]] * len(answers) for task, answers in mutation.wrong_answers(name).items()}


@each_set
def test_an_untouched_copy_earns_no_point(name):
    empty = assignments.template(assignments.read_source(name))
    assert mutation.survey(empty, {}, assignments.answers(name))[""] == checked(name)


# --- what students get -------------------------------------------------------------------------


def student_file(name: str) -> Path:
    return ROOT / "chapters" / "exercises" / f"{name}.ipynb"


@each_set
def test_the_students_notebook_is_the_one_that_the_source_gives(name):
    text = nbformat.writes(assignments.student_version(assignments.read_source(name))).rstrip("\n") + "\n"
    assert student_file(name).read_bytes() == text.encode(), "run make assignments"
    assert student_file(name).stat().st_size < 100_000


def between(text: str, what: str) -> list[str]:
    """The lines of a cell between its markers, without margins."""
    parts = re.findall(rf"### BEGIN {what}\n(.*?)\n[ \t]*### END {what}", text, re.S)
    return [line.strip() for part in parts for line in part.split("\n")]


def secrets(name: str) -> set[str]:
    """What has to stay out of sight: lines of solutions and hidden checks, right answers, rubrics; of telling length."""
    found = set()
    for cell in cells(name).values():
        found |= {*between(cell.source, "SOLUTION"), *between(cell.source, "HIDDEN TESTS")}
    found |= set(assignments.answers(name).values())
    found |= {reason for task in tasks(name) for _, reason in task.rubric}
    return {squeezed(each) for each in found - COMMON if len(each) >= TELLING}


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def leaks(path: Path, hidden: set[str]) -> list[str]:
    """The secrets that stand in a file: as they are, as the text of a page, or as strings of JSON."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    forms = [text, text.encode().decode("unicode_escape", errors="replace")] if path.suffix == ".ipynb" else [text]
    if path.suffix == ".ipynb":
        forms.append("\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"]))
    if path.suffix == ".html":
        forms.append(BeautifulSoup(text, "html.parser").get_text())
    forms = [squeezed(form) for form in forms]
    return [each for each in hidden if any(each in form for form in forms)]


@each_set
def test_the_students_notebook_holds_no_answer_and_no_hidden_check(name):
    assert len(secrets(name)) > 50
    assert leaks(student_file(name), secrets(name)) == []


# --- the pages ---------------------------------------------------------------------------------

BOOK = "# Exercises of the book\n\nThis page lists all of them, and is long enough to describe itself.\n\n"


def build(folder: Path, solutions: str) -> Path:
    """Build a book of the pages of exercises alone, by the command line of the Makefile; return its site."""
    for each in ("_config.yml", "_ext", "assets", "exercises/source", "chapters/exercises", "chapters/references.bib"):
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
        copy(ROOT / each, folder / each)
    lists = "\n\n".join(f"```{{tasks}} {name}\n```" for name in SETS)
    (folder / "chapters" / "intro.md").write_text(BOOK + lists + "\n", encoding="utf-8")
    config = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8"))
    for other in ("release", "status_page"):  # they speak of pages that are not here
        if other in config["sphinx"]["config"]["extensions"]:
            config["sphinx"]["config"]["extensions"].remove(other)
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    pages = [{"file": f"chapters/exercises/{name}"} for name in SETS]
    toc = {"format": "jb-book", "root": "chapters/intro", "chapters": pages}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (arguments,) = re.findall(r"/jupyter-book (build .*?)\s*\|\|", (ROOT / "Makefile").read_text(encoding="utf-8"))
    start = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, *arguments.split()]
    environment = os.environ | {"SOLUTIONS": solutions}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def solved(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("solved"), "1")


@pytest.fixture(scope="module")
def unsolved(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("unsolved"), "0")


def page(site: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((site / "chapters" / "exercises" / f"{name}.html").read_bytes(), "html.parser")


@each_set
def test_a_page_shows_every_task_with_its_solution_in_a_dropdown(solved, name):
    boxes = page(solved, name).select(".exercise.admonition")
    assert [box["id"] for box in boxes] == [f"ex-{task.name}" for task in tasks(name)]
    assert all("min." in box.get_text() and box.select_one("details > summary") for box in boxes)
    solutions = page(solved, name).select(".solution.dropdown.admonition")
    assert len(solutions) == len(boxes)
    inside = squeezed(" ".join(box.get_text() for box in solutions))
    for task in checked(name):
        (line, *_) = between(cells(name)[task].source, "SOLUTION")
        assert squeezed(line) in inside, task
    assert "BEGIN SOLUTION" not in str(page(solved, name))


@each_set
def test_without_solutions_a_page_shows_empty_answers(unsolved, name):
    assert len(page(unsolved, name).select(".exercise.admonition")) == len(tasks(name))
    assert not page(unsolved, name).select(".solution")
    assert page(unsolved, name).get_text().count("raise NotImplementedError()") >= len(checked(name))


def test_a_site_without_solutions_holds_no_answer_and_no_hidden_check_in_any_file(unsolved):
    hidden = set().union(*(secrets(name) for name in SETS))
    files = [path for path in unsolved.rglob("*") if path.is_file() and path.suffix not in {".woff", ".woff2", ".png", ".ttf"}]
    assert len(files) > 30
    assert {str(path.relative_to(unsolved)): found for path in files if (found := leaks(path, hidden))} == {}


def test_no_site_holds_a_hidden_check(solved):
    lines = {
        squeezed(line)
        for name in SETS
        for cell in cells(name).values()
        for line in between(cell.source, "HIDDEN TESTS")
        if len(line) >= TELLING
        and line not in COMMON
        and line not in "\n".join(other.source for other in cells(name).values() if other is not cell)
    }
    for path in solved.rglob("*"):
        if path.suffix in {".html", ".ipynb", ".js", ".json"}:
            assert leaks(path, lines) == [], path


@pytest.mark.parametrize("site", ["solved", "unsolved"])
def test_a_picture_that_a_task_gives_stands_on_its_page_and_no_answer_was_run(site, request):
    folder = request.getfixturevalue(site)
    (image,) = page(folder, "missing-ingredients").select("figure#fig-ex-curve img")
    assert (folder / "chapters" / "exercises" / image["src"]).resolve().is_file()
    for name in SETS:
        notebook = nbformat.read(folder.parent / "jupyter_execute" / "chapters" / "exercises" / f"{name}.ipynb", as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        ran = {label(cell) for cell in code if cell.get("execution_count")}
        given = {label(cell) for cell in code if label(cell) == "imports" or label(cell).endswith(("-given", "-picture"))}
        assert ran == (given if name == "missing-ingredients" else set()), name


@each_set
def test_the_download_button_hands_out_the_students_notebook(solved, name):
    given = solved / "_sources" / "chapters" / "exercises" / f"{name}.ipynb"
    assert given.read_bytes() == student_file(name).read_bytes()


def test_the_list_of_tasks_leads_to_all_of_them(solved):
    found = BeautifulSoup((solved / "chapters" / "intro.html").read_bytes(), "html.parser")
    links = [link["href"].partition("#")[2] for link in found.select("article li a.reference")]
    assert links == [f"ex-{task.name}" for name in SETS for task in tasks(name)]


@pytest.mark.parametrize(("name", "chapter"), [(name, chapter) for name, all in SETS.items() for chapter in sorted(all)])
def test_a_chapter_ends_with_the_list_of_its_tasks(name, chapter):
    notebook = nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert f"```{{tasks}} {name}\n```" in text.partition("## Exercises\n")[2]
    assert any(cells(name)[f"{task.name}-text"].metadata.exercise.chapter == chapter for task in tasks(name))


@each_set
def test_the_page_for_instructors_gives_the_points_of_a_set(name):
    text = (ROOT / "chapters" / "instructors.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"\{{doc\}}`exercises/{name}` \| (\d+) \| (\d+) \|", text)
    by_hand = sum(task.points for task in tasks(name) if task.by_hand)
    assert tuple(map(int, row)) == (sum(task.points for task in tasks(name)), by_hand)


def test_the_page_for_instructors_gives_the_recorded_time_of_grading():
    values = read_measurement("grading-cpu")["values"]
    page = " ".join((ROOT / "chapters" / "instructors.md").read_text(encoding="utf-8").split())
    assert (values["submissions"], values["set"], values["jobs"]) == (200, "reading-digits", 2)
    assert f"Two hundred notebooks of this set took {values['minutes']:.1f} minutes on two cores" in page
