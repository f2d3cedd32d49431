"""Every chapter runs in Colab, tried without Colab.

A new environment holds what Colab has (linked from this one, so that nothing is downloaded), a stub of `google.colab`,
and neither the book nor anywidget. In an empty folder the chapter runs from its first cell, which asks git for the
book's address; git is told to take a local copy of this checkout instead, with the release's tag. pip is told to take
what it adds from wheels packed from this environment: the suite needs no package index, and the versions are those
that all other tests use.
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml
from conftest import skip_or_fail
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from packaging.requirements import Requirement

from lib import colab as lib_colab

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import first_cells  # noqa: E402

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
BOOK = f"book-{CONFIG['repository']['branch']}"  # the folder that the first cell makes
# What the book needs and Colab has, with all that these need; in Colab they are there before the first cell.
COLAB_HAS = (
    *("torch", "torchvision", "numpy", "matplotlib", "scikit-learn", "scikit-image", "tqdm", "ipykernel", "ipywidgets"),
    *("packaging", "pip"),
)
COLAB_LACKS = ("anywidget", "psygnal", "safetensors")
STUB = """
class _widgets:
    _installed_url = None

def enable_custom_widget_manager():
    _widgets._installed_url = "asked for"
"""
IPYWIDGETS = "import ipywidgets; print(ipywidgets.__version__)"
PROBE = """
import json, lib, torch
from pathlib import Path
from google.colab import output
print(json.dumps([lib.__file__, torch.__file__, output._widgets._installed_url, sorted(map(str, Path().iterdir()))]))
"""


def needed_by(names: tuple[str, ...]) -> dict[str, importlib.metadata.Distribution]:
    """Return the distributions `names` of this environment with everything that they need, by name."""
    found, waiting = {}, list(names)
    while waiting:
        name = waiting.pop()
        package = importlib.metadata.distribution(name)
        if package.metadata["Name"] not in found:
            found[package.metadata["Name"]] = package
            wanted = [Requirement(line) for line in package.requires or []]
            waiting += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def link(package: importlib.metadata.Distribution, folder: Path) -> None:
    """Let `folder` hold links to the files of `package`."""
    tops = {file.parts[0] for file in package.files if len(file.parts) > 1 or file.suffix == ".py"} - {"..", "__pycache__"}
    for top in tops:
        if not (folder / top).exists():
            (folder / top).symlink_to(package.locate_file(top))


def pack(package: importlib.metadata.Distribution, folder: Path) -> None:
    """Put `package` into `folder` as the wheel that it was installed from."""
    tag = next(line[5:] for line in package.read_text("WHEEL").splitlines() if line.startswith("Tag: "))
    name = package.metadata["Name"].replace("-", "_")
    with zipfile.ZipFile(folder / f"{name}-{package.version}-{tag}.whl", "w") as wheel:
        for file in package.files:
            if file.parts[0] != ".." and file.suffix != ".pyc" and file.name not in ("INSTALLER", "REQUESTED"):
                wheel.write(package.locate_file(file), str(file))


@dataclass(frozen=True)
class Colab:
    """What all runs share: folders with a bare repository, wheels, and the packages that are there before."""

    repository: Path
    wheels: Path
    before: Path


@pytest.fixture(scope="module")
def colab(tmp_path_factory) -> Colab:
    """A bare copy of this checkout with the release's tag, wheels of what Colab lacks, links to what it has."""
    folder = tmp_path_factory.mktemp("colab")
    made = Colab(folder / "book.git", folder / "wheels", folder / "before")
    git = ["git", "-c", "core.bare=false", "-c", "user.name=A", "-c", "user.email=a@b.invalid"]
    git += [f"--git-dir={made.repository}", f"--work-tree={ROOT}"]
    subprocess.run(["git", "init", "--quiet", "--bare", made.repository], check=True)
    for command in (["add", "--all", "."], ["commit", "--quiet", "--message=release"], ["tag", CONFIG["repository"]["branch"]]):
        subprocess.run([*git, *command], cwd=ROOT, check=True)
    for each in (made.wheels, made.before, made.before / "google" / "colab"):
        each.mkdir(parents=True)
    for package in needed_by(COLAB_HAS).values():
        link(package, made.before)
    for name in COLAB_LACKS:
        pack(importlib.metadata.distribution(name), made.wheels)
    (made.before / "google" / "colab" / "__init__.py").write_text("", encoding="utf-8")
    (made.before / "google" / "colab" / "output.py").write_text(STUB, encoding="utf-8")
    return made


class Runtime:
    """A new environment in `folder` as Colab gives one, with an empty folder to work in."""

    def __init__(self, colab: Colab, folder: Path, before: Path | None = None, git: Path | None = None, **environment: str):
        self.work, self.prefix = folder / "content", folder / "env"
        self.work.mkdir(parents=True)
        venv.create(self.prefix, with_pip=False)
        (site,) = self.prefix.glob("lib/python*/site-packages")
        # Not inside the environment, where pip could replace them: the links lead to the packages of this one.
        (site / "colab.pth").write_text(str(before or colab.before), encoding="utf-8")
        startup = folder / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "colab.py").write_text("import google.colab.output\n", encoding="utf-8")
        self.environment = {
            "PYTHONPATH": "",
            "IPYTHONDIR": str(folder / "ipython"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{git or colab.repository}.insteadOf",
            "GIT_CONFIG_VALUE_0": CONFIG["repository"]["url"],
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(colab.wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "BOOK_BUDGET": "test",
            **environment,
        }

    def freeze(self) -> set[str]:
        """Return the lines of `pip freeze`."""
        command = [self.prefix / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "freeze"]
        environment = os.environ | self.environment
        return set(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split("\n"))

    def run(self, cells: list[nbformat.NotebookNode], prefix: tuple[str, ...] = ()) -> list[nbformat.NotebookNode]:
        """Return `cells` with the outputs of a new kernel; `prefix` stands before the command that starts it."""
        argv = [*prefix, str(self.prefix / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = self.prefix / "kernels" / "colab"
        spec.mkdir(parents=True, exist_ok=True)
        about = {"argv": argv, "display_name": "Colab", "language": "python", "env": self.environment}
        (spec / "kernel.json").write_text(json.dumps(about), encoding="utf-8")
        manager = AsyncKernelManager(
            kernel_name="colab", kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(self.prefix / "kernels")])
        )
        notebook = nbformat.v4.new_notebook(cells=[nbformat.from_dict(cell) for cell in cells])
        client = NotebookClient(notebook, km=manager, timeout=300, resources={"metadata": {"path": str(self.work)}})
        return client.execute(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).cells


def code(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source)


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def chapter_cells(path: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(path, as_version=4).cells


def first_cell() -> nbformat.NotebookNode:
    return code(first_cells.first_cell())


@dataclass(frozen=True)
class Executed:
    """A chapter's cells with a probe after them, and `pip freeze` before and after."""

    cells: list[nbformat.NotebookNode]
    before: set[str]
    after: set[str]
    work: Path


@pytest.fixture(scope="module")
def chapters(colab, tmp_path_factory, request):
    """{chapter: what its run gives}: two at a time, one on each core of a small machine, each in its own runtime."""

    def execute(path: Path) -> Executed:
        runtime = Runtime(colab, tmp_path_factory.mktemp(path.stem), OMP_NUM_THREADS="1")
        before = runtime.freeze()
        cells = runtime.run([*chapter_cells(path), code(PROBE)])
        return Executed(cells, before, runtime.freeze(), runtime.work)

    chosen = [item.callspec.params.get("path") for item in request.session.items if hasattr(item, "callspec")]
    with ThreadPoolExecutor(2) as pool:
        runs = {path.stem: pool.submit(execute, path) for path in CHAPTERS if path in chosen}
        yield runs
        for run in runs.values():
            run.cancel()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_runs_in_colab_from_its_first_cell_and_changes_no_package_that_was_there(chapters, path):
    run = chapters[path.stem].result()
    library, torch, manager, left = json.loads(printed(run.cells[-1]))
    assert Path(library) == run.work / BOOK / "lib" / "__init__.py"
    assert str(run.work) not in torch
    assert run.before <= run.after, "a package that was there was changed"
    assert {line.split("==")[0] for line in run.after - run.before} == set(COLAB_LACKS)
    assert left == [BOOK], "a chapter leaves nothing behind but the book"
    said = printed(run.cells[0])
    assert said.startswith("Adding safetensors, anywidget; what is here stays as it is.\n")
    assert "Computing on CPU, 1 thread, with the budget 'test'." in said
    assert re.search(rf"Minutes by chapter, recorded on CPU, \d+ threads?:.* {path.stem[:2]}: \d", said)
    live = [output for cell in run.cells for output in cell.get("outputs", []) if "data-model=" in str(output.get("data", ""))]
    assert manager == ("asked for" if live else None), "Colab shows widgets of others only when asked to"


def test_the_first_cell_is_the_one_that_the_script_writes_short_and_hidden_from_the_page():
    for path in CHAPTERS:
        first = next(cell for cell in chapter_cells(path) if cell.cell_type == "code")
        assert first.source == first_cells.first_cell(), f"{path.name}: run scripts/first_cells.py"
        assert "remove-cell" in first.metadata.tags
    assert len(first_cells.first_cell().splitlines()) <= 12
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert CONFIG["repository"]["branch"] == f"v{version}", "the launch buttons open the release that the first cells fetch"


def test_the_script_changes_nothing_but_the_first_cell():
    for path in CHAPTERS:
        text = path.read_text(encoding="utf-8")
        changed = first_cells.with_first_cell(text, "import this")
        assert first_cells.with_first_cell(changed, first_cells.first_cell()) == text
        before, after = json.loads(text)["cells"], json.loads(changed)["cells"]
        assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_where_the_library_is_at_hand_the_first_cell_does_nothing(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": ""}
    command = [sys.executable, "-c", first_cells.first_cell()]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""
    assert list(tmp_path.iterdir()) == []


# --- what may go wrong -------------------------------------------------------------------------


def test_without_a_network_one_sentence_says_so(colab, tmp_path):
    runtime = Runtime(colab, tmp_path, git=tmp_path / "nowhere")
    with pytest.raises(CellExecutionError) as caught:
        runtime.run([first_cell()])
    assert re.fullmatch(r"The book could not be fetched \(fatal: .*\): check the network", caught.value.evalue)
    assert list(runtime.work.iterdir()) == []


def test_a_release_that_is_not_there_is_named(colab, tmp_path):
    cell = first_cell()
    cell.source = cell.source.replace(CONFIG["repository"]["branch"], "v99")
    with pytest.raises(CellExecutionError) as caught:
        Runtime(colab, tmp_path).run([cell])
    assert "Remote branch v99 not found" in caught.value.evalue


def test_the_book_is_fetched_once_even_when_the_network_goes_away_and_the_kernel_starts_again(colab, tmp_path):
    once = Runtime(colab, tmp_path / "once")
    once.run([first_cell(), first_cell(), code("import lib.device")])
    again = Runtime(colab, tmp_path / "again", git=tmp_path / "nowhere")
    once.environment = again.environment
    first, second = once.run([first_cell(), first_cell()])
    assert "Adding" not in printed(first), "what was added the first time is there"
    assert printed(second) == ""


def test_in_a_folder_that_cannot_be_written_the_book_goes_to_a_temporary_one(colab, tmp_path):
    runtime = Runtime(colab, tmp_path, BOOK_DATA="", BOOK_OFFLINE="1")
    runtime.work.chmod(0o555)
    # root may write anywhere, unless it gives that right away
    prefix = ("setpriv", "--bounding-set=-dac_override") if os.getuid() == 0 else ()
    load = code("from lib.data import load; print(load('mnist'), Path(lib.__file__).parent.parent)")
    *_, last = runtime.run([first_cell(), code("import lib; from pathlib import Path"), load], prefix)
    assert "stand-in" not in printed(last).splitlines()[-1]
    assert "8x8 digits" in printed(last)
    assert list(runtime.work.iterdir()) == []


def without(colab: Colab, name: str, folder: Path) -> Path:
    """Return `folder`, filled with what Colab has but for the links to the package `name`."""
    folder.mkdir()
    for path in colab.before.iterdir():
        if path.name != name and not re.fullmatch(rf"{name}-[\d.]+\S*\.dist-info", path.name):
            (folder / path.name).symlink_to(path)
    return folder


def test_widgets_are_live_with_the_old_ipywidgets_that_colab_has(colab, tmp_path):
    """Colab has had 7.7.1 for years, whose kernel side differs; this one test asks the package index for it.

    It does not fit with what else is here, as in Colab not everything fits: pip alone would add nothing.
    """
    before = without(colab, "ipywidgets", tmp_path / "before")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += [f"--target={before}", "ipywidgets==7.7.1", "ipython_genutils==0.2.0"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        skip_or_fail("no package index has ipywidgets 7.7.1 here")
    shown = code("from lib.widgets import C3Table; C3Table()")
    *_, table, version = Runtime(colab, tmp_path / "runtime", before).run([first_cell(), shown, code(IPYWIDGETS)])
    assert printed(version) == "7.7.1\n"
    (output,) = (each for each in table.outputs if "data" in each)
    assert "application/vnd.jupyter.widget-view+json" in output.data
    assert "custom_widget_manager" in str(output.metadata)
    assert 'class="widget-still"' in output.data["text/html"]


def test_an_old_torch_is_named_and_the_chapter_goes_on(colab, tmp_path):
    before = without(colab, "torch", tmp_path / "before")
    (before / "torch").symlink_to(colab.before / "torch")
    about = before / "torch-2.4.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.4.1\n", encoding="utf-8")
    runtime = Runtime(colab, tmp_path / "runtime", before)
    first, last = runtime.run([first_cell(), code("from lib.models import LeNet5; print(type(LeNet5()).__name__)")])
    sentence = "This book needs torch>=2.6, and here is torch 2.4.1: choose a newer runtime, or some cells may stop."
    assert printed(first).splitlines().count(sentence) == 1
    assert printed(last) == "LeNet5\n"


def test_without_a_package_index_widgets_stay_pictures_and_the_chapter_runs_to_its_end(colab, tmp_path):
    """Chapter 04 needs nothing else that Colab lacks."""
    runtime = Runtime(colab, tmp_path, PIP_FIND_LINKS="", OMP_NUM_THREADS="1")
    before = runtime.freeze()
    (path,) = (path for path in CHAPTERS if path.stem.startswith("04-"))
    cells = runtime.run(chapter_cells(path))
    sentence = r"safetensors, anywidget could not be added \(No matching distribution .*\): widgets stay pictures"
    assert re.search(sentence, printed(cells[0]))
    shown = [str(output.get("data", "")) for cell in cells for output in cell.get("outputs", [])]
    assert any('class="widget-still"' in text and "data-model=" not in text for text in shown)
    assert runtime.freeze() == before


def test_a_package_that_would_need_another_version_of_what_is_there_is_not_added(colab, tmp_path):
    """A wheel that asks for a newer numpy stands for a future package: pip refuses it, and numpy stays."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for number, name, needs in (("1", "greedy", "numpy>=99"), ("99", "numpy", "")):
        about = f"{name}-{number}.dist-info"
        with zipfile.ZipFile(wheels / f"{name}-{number}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(
                f"{about}/METADATA",
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n" + f"Requires-Dist: {needs}\n" * bool(needs),
            )
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
    runtime = Runtime(colab, tmp_path / "runtime", PIP_FIND_LINKS=f"{wheels} {colab.wheels}")
    before = runtime.freeze()
    script = "from lib import colab; from packaging.requirements import Requirement; print(colab.add([Requirement('greedy')]))"
    _, last = runtime.run([first_cell(), code(script)])
    assert re.fullmatch(r"greedy needs numpy>=99, and here is \S+\n", printed(last))
    assert before <= runtime.freeze()
    assert not any(line.startswith("greedy") for line in runtime.freeze())


def test_the_sentences_say_what_a_missing_package_was_for():
    needed = [Requirement(line) for line in ("anywidget>=0.9", "scikit-image>=0.22")]
    assert lib_colab.shortfall(needed[:1], "no index") == (
        "anywidget could not be added (no index): widgets stay pictures; all else runs."
    )
    assert lib_colab.shortfall(needed, "no index").endswith(
        "widgets stay pictures, and cells that need scikit-image will stop; all else runs."
    )


def test_what_the_chapters_need_is_the_first_part_of_the_requirements():
    names = {each.name for each in lib_colab.requirements()}
    assert {"torch", "numpy", "anywidget"} <= names
    assert "jupyter-book" not in names
    assert lib_colab.missing(lib_colab.requirements()) == []
    assert lib_colab.too_old(lib_colab.requirements()) == []
