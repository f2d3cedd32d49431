""" "Download this page" gives the chapter as a notebook that has been run: with its outputs and its widgets."""

import json
import re
import sys

import nbformat
import pytest
from conftest import skip_or_fail
from site_checks import EXECUTED, ROOT, SITE, notebooks, parsed

sys.path.insert(0, str(ROOT / "_ext"))

import release

STATE = "application/vnd.jupyter.widget-state+json"
CHAPTERS = [page for page in notebooks() if re.match(r"chapters/\d\d-", page)]
every_chapter = pytest.mark.parametrize("page", CHAPTERS)


@pytest.fixture(autouse=True, scope="module")
def built():
    if not (SITE / "index.html").exists():
        skip_or_fail("there is no site yet: run make book")


def download(page: str) -> nbformat.NotebookNode:
    """Return the notebook to which the button of the built page leads."""
    (link,) = {tag["href"] for tag in parsed(page).select("a.btn-download-source-button")}
    path = ((SITE / f"{page}.html").parent / link).resolve()
    assert path.stat().st_size <= release.LARGEST
    return nbformat.read(path, as_version=4)


@every_chapter
def test_the_downloaded_notebook_is_the_chapter_with_what_its_cells_gave(page):
    found, source = download(page), nbformat.read(ROOT / f"{page}.ipynb", as_version=4)
    nbformat.validate(found)
    assert [cell.source for cell in found.cells] == [cell.source for cell in source.cells]
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code if cell.source.strip())
    pictures = sum("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    assert pictures >= len(parsed(page).select("article figure img[src*=_images]:not(.widget-still)")) > 0


@every_chapter
def test_the_downloaded_notebook_brings_its_widgets(page):
    state = download(page).metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    for model in {tag["data-model"] for tag in parsed(page).select(".book-widget[data-model]")}:
        assert "_esm" in state[model]["state"]


def test_a_notebook_that_would_be_too_large_goes_without_the_state_of_its_widgets(monkeypatch):
    (page, *_) = (page for page in CHAPTERS if (EXECUTED / f"{page}.ipynb").exists())
    text = (EXECUTED / f"{page}.ipynb").read_text(encoding="utf-8")
    assert release.to_download(text) == text
    monkeypatch.setattr(release, "LARGEST", 1000)
    light = json.loads(release.to_download(text))
    assert "widgets" not in light["metadata"]
    assert light["cells"] == json.loads(text)["cells"]


def test_students_are_never_handed_the_run_of_another_notebook():
    """A page of exercises is made from the source with the solutions, and its button gives what students get."""

    def notebook(*sources: str) -> str:
        return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]))

    assert release.is_run_of(notebook("a = 1", "a"), notebook("a = 1", "a"))
    assert not release.is_run_of(notebook("a = 1", "a"), notebook("raise NotImplementedError()", "a"))
