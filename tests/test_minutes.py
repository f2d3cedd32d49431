"""How long the chapters take: what their tops and Colab say is what a quiet build took, and no chapter outgrows that."""

import json
import re
import subprocess
import sys

import nbformat
import pytest
from conftest import skip_or_fail
from site_checks import ROOT, SITE, notebooks, parsed

from lib import minutes
from lib.device import choose_device
from lib.runs import write_measurement

sys.path.insert(0, str(ROOT / "scripts"))

import record_seconds

KIND = choose_device().type
MOST = 2.0  # how many times its share of the build a chapter may take, or save
SLACK = 20  # seconds that a short chapter may be off besides
CHAPTERS = [page.removeprefix("chapters/") for page in notebooks() if re.match(r"chapters/\d\d-", page)]
TOOK = {"01-a": {"seconds": 17.8}, "02-b": {"seconds": 250.0}}


@pytest.fixture
def records(tmp_path, monkeypatch):
    """A folder of records with one of a CPU."""
    write_measurement("chapters-cpu", {"processor": "Some", "chapters": TOOK}, choose_device("cpu"), tmp_path)
    monkeypatch.setattr(minutes, "RUNS", tmp_path)
    monkeypatch.setattr(minutes.read_measurement, "__defaults__", (tmp_path,))
    return tmp_path


def test_a_chapter_says_how_long_it_takes_on_each_device_and_where_that_is_not_known(records):
    sentence = minutes.one_chapter("01-a")
    assert re.fullmatch(r"about 20 seconds \(CPU, \d+ threads?\); not recorded yet: NVIDIA GPU, Apple GPU", sentence)
    assert minutes.one_chapter("02-b").startswith("about 4 minutes (CPU")
    write_measurement(
        "chapters-cuda", {"processor": "", "chapters": {"01-a": {"seconds": 100.0}}}, choose_device("cpu"), records
    )
    assert re.search(r"\); about 100 seconds \(.*\); not recorded yet: Apple GPU$", minutes.one_chapter("01-a"))
    assert minutes.one_chapter("03-c") == "not recorded yet: CPU, NVIDIA GPU, Apple GPU"


def test_colab_names_the_minutes_of_every_chapter_or_says_that_none_were_recorded(records):
    assert re.fullmatch(
        r"Minutes by chapter, recorded on CPU, \d+ threads?: 01: 0\.3, 02: 4\.2\.", minutes.every_chapter("cpu")
    )
    assert minutes.every_chapter("cuda").startswith("Not recorded yet: NVIDIA GPU. Minutes by chapter, recorded on CPU")
    (records / "chapters-cpu" / "measurement.json").unlink()
    (records / "chapters-cpu").rmdir()
    assert minutes.every_chapter("mps").endswith("How long a chapter takes was not recorded.")


def test_round_words_are_at_most_a_fifth_off():
    for tenths in range(100, 12_000):
        number, unit = minutes.duration(tenths / 10).split()
        assert abs(int(number) * {"seconds": 1, "minutes": 60}[unit] / (tenths / 10) - 1) <= 0.2 + 1e-9


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_the_top_of_a_chapter_shows_its_recorded_time(path):
    cells = nbformat.read(path, as_version=4).cells
    number = path.stem[:2]
    top = next(cell.source for cell in cells if cell.cell_type == "markdown")
    assert f"{{glue:text}}`ch{number}-expected`" in top
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert f'glue_run("{path.stem}", started, device)' in code
    assert path.stem in minutes.recorded("cpu")["values"]["chapters"]


# --- the build -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built() -> dict[str, dict[str, float]]:
    """What the last build measured, by chapter."""
    if not (SITE / "index.html").exists():
        skip_or_fail("there is no site yet: run make book")
    return record_seconds.measured()


def test_the_built_pages_show_the_recorded_time(built):
    for chapter in CHAPTERS:
        assert minutes.one_chapter(chapter) in " ".join(parsed(f"chapters/{chapter}").article.get_text().split())


def comparable() -> dict | None:
    """Return the recorded chapters if the build ran where they were recorded, on the same processor; else None."""
    found, (device, budget) = minutes.recorded(KIND), record_seconds.made_on()
    same = found and (found["device"], found["values"]["processor"]) == (device, record_seconds.processor_name())
    return found["values"]["chapters"] if same and budget == ("full" if KIND == "cuda" else "page") else None


def pace(built: dict[str, dict[str, float]], recorded: dict[str, dict[str, float]]) -> float:
    """Return how long the whole build took against the record: above 1 on a slower machine, or a busy one."""
    return sum(each["seconds"] for each in built.values()) / sum(recorded[chapter]["seconds"] for chapter in built)


def agree(here: float, recorded: float, pace: float) -> bool:
    """Return whether a chapter takes its recorded share of the build, as far as a test can tell.

    Most chapters of a quiet build agree with the record within 30 %, and the status page shows both. But processors of one
    name run at different speeds from day to day, the first chapter waits for a cold disk, and tests run on busy machines:
    there 60 % were seen.
    """
    expected = pace * recorded
    return expected / MOST - SLACK <= here <= expected * MOST + SLACK


def test_a_chapter_that_grew_is_found_out_and_a_slow_machine_is_none():
    assert agree(80.0, 50.0, pace=1.0)
    assert not agree(130.0, 50.0, pace=1.0), "more than twice as much to do"
    assert not agree(20.0, 100.0, pace=1.0), "the record is too long"
    assert agree(200.0, 50.0, pace=3.5), "all chapters took so long"
    assert not agree(60.0, 50.0, pace=3.5), "all the others took longer"
    assert pace({"a": {"seconds": 30.0}}, {"a": {"seconds": 20.0}, "b": {"seconds": 9.0}}) == 1.5


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_takes_its_recorded_share_of_the_build(built, chapter):
    """On another device, processor or budget nothing was recorded to compare with, and the page names the one it was."""
    recorded = comparable()
    if recorded is None:
        assert minutes.recorded("cpu")["device"] in minutes.one_chapter(chapter)
        return
    remedy = "build with nothing else running (make clean book), then run scripts/record_seconds.py"
    assert set(built) == set(recorded), remedy
    here, there, ratio = built[chapter]["seconds"], recorded[chapter]["seconds"], pace(built, recorded)
    assert agree(here, there, ratio), f"{here} s, recorded {there} s, the build took {ratio:.2f} times its time: {remedy}"


def test_a_build_with_another_budget_is_not_recorded(tmp_path):
    """Nor one whose chapters differ in device."""
    pages = {"chapters/01-a": ("CPU, 2 threads", "test"), "chapters/02-b": ("CPU, 2 threads", "test")}

    def build(pages: dict[str, tuple[str, str]]) -> None:
        (tmp_path / "execution.json").write_text(json.dumps(dict.fromkeys(pages, 1.0)), encoding="utf-8")
        for page, (device, budget) in pages.items():
            number = page[9:11]
            glued = {f"ch{number}-device": device, f"ch{number}-budget": budget}
            stored = {name: {"data": {"text/plain": repr(value)}} for name, value in glued.items()}
            file = tmp_path / "jupyter_execute" / f"{page}.glue.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(stored), encoding="utf-8")

    build(pages)
    assert record_seconds.made_on(tmp_path) == ("CPU, 2 threads", "test")
    build(pages | {"chapters/02-b": ("NVIDIA T4", "test")})
    with pytest.raises(ValueError, match="not built alike"):
        record_seconds.made_on(tmp_path)


def test_without_a_build_the_script_says_what_to_run(tmp_path):
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); import record_seconds as r; from pathlib import Path; "
    )
    script += f"r.BUILD = Path({str(tmp_path)!r}); r.main()"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (1, "error: there is no build to record: run make book first\n")
