"""One place for the address of the repository: everywhere else a script writes it, and buttons follow it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from test_build import HEADER, build

ROOT = Path(__file__).parent.parent
for folder in ("scripts", "_ext"):
    sys.path.insert(0, str(ROOT / folder))

import release  # noqa: E402
import set_repository  # noqa: E402

ADDRESS = set_repository.current(ROOT)
OWNER, NAME = set_repository.parts(ADDRESS)
TOOLS = {".git", "_build", "data", "__pycache__", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", "node_modules"}
NEW = "https://github.com/Some-School/the-book.2"
PAGE = HEADER + "# A page\n\nThis paragraph is long enough to describe the page to a search engine, and so on.\n"
CELLS = "\n```{code-cell} ipython3\n:tags: [nbval-ignore-output]\n1 + 1\n```\n"


@pytest.fixture(scope="module")
def moved(tmp_path_factory) -> Path:
    """A copy of the book's text, whose address was changed by the script."""
    folder = tmp_path_factory.mktemp("moved")
    for path in set_repository.text_files(ROOT):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    workflow = folder / ".github" / "workflows" / set_repository.WORKFLOW
    workflow.parent.mkdir(parents=True, exist_ok=True)
    workflow.write_text(f"# https://{OWNER}.github.io/{NAME}/ is where the pages go\n", encoding="utf-8")
    set_repository.rewrite(folder, NEW)
    return folder


def files_below(folder: Path) -> list[Path]:
    """Return every file below `folder`, tools' own folders and what they made aside."""
    found = []
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in TOOLS and not path.name.startswith(".venv"):
            found += files_below(path)
        elif path.is_file():
            found.append(path)
    return found


def test_no_file_that_names_the_address_is_unknown_to_the_script():
    """Whatever its suffix and its folder: a place that is added later must not be forgotten."""
    pattern = re.compile(rf"{OWNER}(?:\.github\.io)?/{NAME}".encode())
    named = {path for path in files_below(ROOT) if pattern.search(path.read_bytes())}
    assert {ROOT / "_config.yml", ROOT / "CITATION.cff"} <= named
    assert named <= set(set_repository.text_files(ROOT))


def test_after_the_script_the_old_address_stands_nowhere_and_the_new_one_in_all_its_places(moved):
    left = [str(path) for path in set_repository.text_files(moved) if re.search(rf"\b{OWNER}[/.]", path.read_text("utf-8"))]
    assert left == []
    assert set_repository.current(moved) == NEW
    assert yaml.safe_load((moved / "CITATION.cff").read_text("utf-8"))["repository-code"] == NEW
    for chapter in (moved / "chapters").glob("*.ipynb"):
        assert chapter.read_text("utf-8").count(f'{NEW}\\".split()') == 1, chapter.name
    assert "https://some-school.github.io/the-book.2/" in (moved / ".github/workflows" / set_repository.WORKFLOW).read_text(
        "utf-8"
    )


def test_the_first_cells_are_those_of_the_new_address(moved):
    import first_cells

    (code,) = {first_cells.first_cell(moved)}
    assert NEW in code
    for chapter in (moved / "chapters").glob("*.ipynb"):
        text = chapter.read_text("utf-8")
        assert first_cells.with_first_cell(text, code) == text


def test_the_badges_lead_to_the_repository_and_to_a_release_and_are_written_once(moved):
    readme = (moved / "README.md").read_text("utf-8")
    tag = yaml.safe_load((moved / "_config.yml").read_text("utf-8"))["repository"]["branch"]
    assert (
        f"https://colab.research.google.com/github/Some-School/the-book.2/blob/{tag}/chapters/01-reading-digits.ipynb" in readme
    )
    assert f"https://mybinder.org/v2/gh/Some-School/the-book.2/{tag}" in readme
    assert f"{NEW}/actions/workflows/{set_repository.WORKFLOW}" in readme
    assert "Tests" not in set_repository.badges("a", "b", tag, tested=False)
    assert set_repository.rewrite(moved, NEW) == [], "a second run changes nothing"
    back = set_repository.rewrite(moved, "https://github.com/another/one")
    assert Path("README.md") in back
    assert (moved / "README.md").read_text("utf-8").count("colab-badge.svg") == 1
    assert "Some-School" not in (moved / "README.md").read_text("utf-8")
    set_repository.rewrite(moved, NEW)


def test_while_the_address_is_the_example_the_readme_has_no_badge_that_leads_nowhere():
    shown = (ROOT / "README.md").read_text("utf-8").partition(set_repository.BEGIN)[2].partition(set_repository.END)[0]
    assert bool(shown.strip()) is not release.is_example(ADDRESS)


@pytest.mark.parametrize("address", ["", "example", "https://gitlab.com/a/b", "https://github.com/a", "git@github.com:a/b.git"])
def test_what_is_no_repository_on_github_is_refused_in_one_line_and_changes_nothing(address):
    command = [sys.executable, str(ROOT / "scripts" / "set_repository.py"), address]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert re.fullmatch(r"error: '.*' is not https://github\.com/OWNER/NAME, and Colab opens .*\n", answer.stderr)
    assert set_repository.current(ROOT) == ADDRESS


def test_an_address_as_a_browser_shows_it_is_the_same_repository():
    assert set_repository.parts("https://github.com/a/b.git") == set_repository.parts("https://github.com/a/b/") == ("a", "b")


def buttons(folder: Path) -> list[str]:
    """Return where the buttons at the top of the built page lead."""
    page = BeautifulSoup((folder / "_build" / "html" / "chapters" / "intro.html").read_bytes(), "html.parser")
    return [link["href"] for link in page.select(".article-header-buttons a[href]")]


def test_while_the_address_is_the_example_no_page_shows_a_button_that_leads_nowhere(tmp_path):
    result = build(tmp_path, PAGE + CELLS)
    assert result.returncode == 0, result.stdout + result.stderr
    assert all(not link.startswith("http") for link in buttons(tmp_path)) is release.is_example(ADDRESS)


def test_with_a_real_address_a_chapter_opens_in_colab_in_binder_and_in_its_repository(tmp_path, monkeypatch, moved):
    tag = yaml.safe_load((moved / "_config.yml").read_text("utf-8"))["repository"]["branch"]
    shutil.copytree(ROOT / "_ext", moved / "_ext", dirs_exist_ok=True)
    shutil.copytree(ROOT / "assets", moved / "assets", dirs_exist_ok=True)
    monkeypatch.setattr("test_build.ROOT", moved)
    result = build(tmp_path, PAGE + CELLS)
    assert result.returncode == 0, result.stdout + result.stderr
    links = buttons(tmp_path)
    assert NEW in links
    assert any(
        link.startswith(f"https://colab.research.google.com/github/Some-School/the-book.2/blob/{tag}/") for link in links
    )
    assert any(link.startswith(f"https://mybinder.org/v2/gh/Some-School/the-book.2/{tag}?urlpath=lab") for link in links)
