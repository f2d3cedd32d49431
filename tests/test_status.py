"""The status page: each table says what the build, the data and the records themselves say."""

import hashlib
import importlib.metadata
import json
import platform
import statistics

import pytest
from bs4 import Tag
from conftest import skip_or_fail
from site_checks import EXECUTED, ROOT, SITE, notebooks, parsed

from lib import minutes
from lib.data import data_folder
from lib.device import choose_device
from lib.files import FILES, SOURCES

PAGE = "chapters/status"


@pytest.fixture(autouse=True, scope="module")
def built_page() -> None:
    if not (SITE / f"{PAGE}.html").exists():
        skip_or_fail("There is no status page in _build/html: run make book")


def table(name: str) -> Tag:
    return parsed(PAGE).find("table", id=f"status-{name}")


def rows(name: str) -> list[list[str]]:
    """Return the texts of the cells below the head."""
    return [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in table(name).select("tbody tr")]


def notices(page: str) -> str:
    """Return what the outputs of a chapter say of its data, as one text."""
    cells = json.loads((EXECUTED / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = ["".join(output.get("data", {}).get("text/html", "")) for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(text for text in shown if 'class="data-notice"' in text or 'class="stand-in"' in text)


@pytest.mark.parametrize("name", ["chapters", "machine", "data", "runs"])
def test_a_table_is_one_for_a_screen_reader_too(name):
    assert len(table(name).caption.get_text()) > 15
    heads = table(name).select("thead th")
    assert all(head.get_text(strip=True) for head in heads)
    assert {len(row) for row in rows(name)} == {len(heads)}


def test_every_chapter_stands_there_with_the_seconds_of_this_build():
    seconds = json.loads((SITE.parent / "execution.json").read_text(encoding="utf-8"))
    links = [link["href"] for link in table("chapters").select("td:first-child a")]
    assert [f"chapters/{link.removesuffix('.html')}" for link in links] == list(seconds)
    assert set(seconds) <= set(notebooks())
    found = {f"chapters/{link.removesuffix('.html')}": row for link, row in zip(links, rows("chapters"), strict=True)}
    record = minutes.recorded(choose_device().type)
    for page, (title, duration, before, result, _) in found.items():
        assert title == parsed(page).h1.find(string=True).strip()
        assert float(duration) == seconds[page]
        chapter = page.rpartition("/")[2]
        assert before == (f"{record['values']['chapters'][chapter]['seconds']:.1f}" if record else "not recorded")
        assert result == "passed"


def test_the_data_of_a_chapter_are_those_that_its_own_outputs_name():
    links = [link["href"] for link in table("chapters").select("td:first-child a")]
    for link, row in zip(links, rows("chapters"), strict=True):
        page = f"chapters/{link.removesuffix('.html')}"
        said = notices(page)
        for source in SOURCES.values():
            if f">{source.title}: " in said or f"> {source.title}: " in said:
                kind = "stand-in" if 'class="stand-in"' in said else "real"
                assert f"{source.title} ({kind})" in row[4], (page, row[4])


def test_the_checksums_are_those_of_the_files():
    shown = {name: (found, verdict) for name, verdict, found in rows("data")}
    for source in SOURCES.values():
        raw = data_folder() / source.folder / "raw"
        if not raw.exists():
            assert shown[source.title][1] == "stand-in"
            continue
        for file, published in zip(FILES, source.sha256, strict=True):
            found = hashlib.sha256((raw / file).read_bytes()).hexdigest()
            assert shown[f"{source.title}: {file}"] == (found, "as published")
            assert found == published


def test_the_versions_are_those_that_are_installed():
    shown = dict(rows("machine"))
    assert shown["Python"] == platform.python_version()
    for package in ("torch", "torchvision", "numpy", "jupyter-book", "Sphinx"):
        assert shown[package] == importlib.metadata.version(package)
    assert shown["Device"]
    assert shown["Size of the experiments"] in {"test", "page", "full"}


def test_every_recorded_run_stands_there_with_its_device_and_date():
    shown = {row[0]: row[1:] for row in rows("runs")}
    folders = {folder.name: folder for folder in (ROOT / "runs").glob("[!.]*")}
    assert set(shown) == set(folders)
    for name, folder in folders.items():
        what, seeds, accuracy, device, day = shown[name]
        (file,) = folder.glob("*.json")
        record = json.loads(file.read_text(encoding="utf-8"))
        assert day == record["recorded"]
        if file.stem == "measurement":
            assert (what, seeds, accuracy, device) == ("measurement", "", "", record["device"])
            continue
        recipe = record["recipe"]
        assert what == f"{recipe.get('network', recipe.get('method')).split('(')[0]}, {SOURCES[recipe['dataset']].title}"
        assert int(seeds) == len(record["accuracies"])
        assert float(accuracy) == pytest.approx(100 * statistics.mean(record["accuracies"]), abs=0.0051)
        assert set(device.split(", ")) >= {part for run in record["runs"] for part in run["device"].split(", ")}
