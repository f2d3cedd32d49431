"""The chapters as files: small, stripped, alike at the start, described, and really checked by nbval."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from lib import widgets

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
CHECKED, KEPT = "nbval-check-output", "keep_output"
FEWEST_CHECKED = 6
LONGEST_CELL = 20  # lines
LARGEST = 100_000  # bytes

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def shows_widget(cell: nbformat.NotebookNode) -> bool:
    """Whether the last line of a cell makes a widget; its picture says in words what it shows."""
    last = cell.source.strip().splitlines()[-1] if cell.source.strip() else ""
    return re.match(rf"({'|'.join(widgets.__all__)})\(", last) is not None


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def test_there_is_a_notebook_for_every_chapter_of_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    assert {f"chapters/{path.stem}" for path in CHAPTERS} == {name for name in listed if re.search(r"/\d\d-", name)}


@each_chapter
def test_a_chapter_is_small_valid_and_says_which_kernel_it_needs(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert path.stat().st_size < LARGEST
    assert notebook.metadata.kernelspec.name == "python3"


@each_chapter
def test_only_checked_cells_store_an_output_and_all_of_them_do(path):
    for at, cell in enumerate(code_cells(path)):
        if CHECKED in tags(cell):
            assert cell.outputs, f"cell {at} is to be checked but stores nothing: run scripts/refresh_outputs.py"
            assert KEPT in tags(cell), f"cell {at}: nbstripout would remove its output"
            assert all("text/plain" in output.get("data", {}) or "text" in output for output in cell.outputs)
        else:
            assert not cell.outputs, f"cell {at} stores an output: run scripts/refresh_outputs.py"
            assert cell.execution_count is None


@each_chapter
def test_nbstripout_would_change_nothing(path):
    """With --keep-count, because nbval refuses a stored output whose execution count was removed."""
    command = [sys.executable, "-m", "nbstripout", "--keep-count", "--keep-id", "--textconv", str(path)]
    stripped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert nbformat.reads(stripped, 4) == read(path)


@each_chapter
def test_enough_cells_of_a_chapter_are_checked(path):
    assert sum(CHECKED in tags(cell) for cell in code_cells(path)) >= FEWEST_CHECKED


@each_chapter
def test_cells_are_short(path):
    for at, cell in enumerate(code_cells(path)):
        assert len(cell.source.splitlines()) <= LONGEST_CELL, f"cell {at}"


def test_the_first_cell_is_the_same_in_all_chapters_and_fetches_the_book_from_its_address():
    first = {code_cells(path)[0].source for path in CHAPTERS}
    assert len(first) == 1
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["repository"]["url"] in first.pop()
    assert all("remove-cell" in tags(code_cells(path)[0]) for path in CHAPTERS)


@each_chapter
def test_no_cell_installs_hides_warnings_or_moves_paths_but_the_first(path):
    for at, cell in enumerate(code_cells(path)[1:], 1):
        for word in ("pip install", "sys.path", "filterwarnings", "%pip", "%%", "!git", "os.system"):
            assert word not in cell.source, f"cell {at}: {word}"


@each_chapter
def test_every_figure_has_a_caption_a_name_and_alternative_text(path):
    for at, cell in enumerate(code_cells(path)):
        last = cell.source.strip().splitlines()[-1] if cell.source.strip() else ""
        described = cell.metadata.get("mystnb", {})
        draws = re.match(r"(plots\.(?!use_style|blank)\w+\(|figure\b)", last)
        if draws or described or shows_widget(cell):
            assert shows_widget(cell) or len(described["image"]["alt"]) >= 40, f"cell {at}"
            assert len(described["figure"]["caption"]) >= 30, f"cell {at}"
            assert described["figure"]["name"].startswith("fig-"), f"cell {at}"


@each_chapter
def test_the_code_of_a_widget_is_folded_and_a_question_and_a_reading_stand_around_it(path):
    cells = read(path).cells
    for at, cell in enumerate(cells):
        if cell.cell_type == "code" and shows_widget(cell):
            assert "hide-input" in tags(cell), f"cell {at}"
            name = cell.metadata["mystnb"]["figure"]["name"]
            for other in (cells[at - 1], cells[at + 1]):
                assert other.cell_type == "markdown", f"cell {at}"
                assert f"{{numref}}`{name}`" in other.source, f"cell {at}"


def test_the_names_of_figures_and_of_glued_numbers_are_unique_in_the_book():
    figures, glued = [], []
    for path in CHAPTERS:
        for cell in code_cells(path):
            figures += [described["name"] for described in [cell.metadata.get("mystnb", {}).get("figure")] if described]
            glued += {(path.stem, name) for name in re.findall(r"glue\(\s*f?[\"']([\w-]+)[\"']", cell.source)}
    assert len(figures) == len(set(figures))
    names = [name for _, name in set(glued)]
    assert len(names) == len(set(names))


@each_chapter
def test_every_figure_is_announced_in_the_text(path):
    names = [
        cell.metadata["mystnb"]["figure"]["name"] for cell in code_cells(path) if "figure" in cell.metadata.get("mystnb", {})
    ]
    text = prose(path)
    assert [name for name in names if name not in text] == []
    assert len(names) >= 6


@each_chapter
def test_no_percentage_that_a_run_made_is_typed_into_the_text(path):
    """A percentage with decimals is glued, or stands in a paragraph with a citation, or in a table of such."""
    for paragraph in re.split(r"\n\s*\n", prose(path)):
        if re.search(r"(?<![\w{`])\d{1,2}\.\d+ ?%", paragraph):
            assert "{cite" in paragraph, paragraph[:200]


def test_no_percentage_at_all_is_typed_into_the_chapter_of_recorded_runs():
    """Outside paragraphs with a citation: what stands in a glued number or in code does not count."""
    for paragraph in re.split(r"\n\s*\n", prose(ROOT / "chapters" / "07-fashion-mnist.ipynb")):
        typed = re.sub(r"\{glue:text\}`[^`]*`", "", paragraph)
        if re.search(r"\d\s?%", typed):
            assert "{cite" in paragraph, paragraph[:200]


@each_chapter
def test_what_is_cited_stands_in_the_bibliography(path):
    known = set(re.findall(r"^@\w+\{([^,\s]+),", (ROOT / "chapters" / "references.bib").read_text(encoding="utf-8"), re.M))
    cited = {key.strip() for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", prose(path)) for key in keys.split(",")}
    assert cited - known == set()
    assert len(cited) >= 6


def test_the_bibliography_holds_only_what_is_cited_somewhere():
    pages = [prose(path) for path in CHAPTERS] + [(ROOT / "chapters" / "intro.md").read_text(encoding="utf-8")]
    cited = {
        key.strip() for page in pages for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", page) for key in keys.split(",")
    }
    known = set(re.findall(r"^@\w+\{([^,\s]+),", (ROOT / "chapters" / "references.bib").read_text(encoding="utf-8"), re.M))
    assert known - cited == set()


@each_chapter
def test_the_code_of_a_chapter_parses_and_imports_only_what_the_book_installs(path):
    allowed = {"torch", "torchvision", "numpy", "matplotlib", "lib", "sklearn", "skimage", *sys.stdlib_module_names}
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed


def run_nbval(path: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env", path.name]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=300)


def test_a_wrong_number_planted_in_a_checked_output_turns_the_suite_red(tmp_path):
    """Take the checked cell that prints LeNet-5's table with what it needs, and plant one wrong digit."""
    cell = nbformat.v4.new_code_cell(
        "from lib.cost import layer_table\nfrom lib.models import LeNet5\nprint(layer_table(LeNet5(), (1, 28, 28)))",
        metadata={"tags": [CHECKED, KEPT]},
        execution_count=1,
    )
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    path = tmp_path / "planted.ipynb"
    nbformat.write(notebook, path)
    subprocess.run([sys.executable, str(ROOT / "scripts" / "refresh_outputs.py"), str(path)], check=True, capture_output=True)
    assert run_nbval(path).returncode == 0
    text = path.read_text(encoding="utf-8")
    assert "61,706" in text
    path.write_text(text.replace("61,706", "61,707"), encoding="utf-8")
    answer = run_nbval(path)
    assert answer.returncode == 1
    assert "61,707" in answer.stdout
