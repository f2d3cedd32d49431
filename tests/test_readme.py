"""The README and its neighbors: commands that exist, links that lead somewhere, one address everywhere."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from conftest import skip_or_fail

from lib.recipes import RECIPES

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "chapters/intro.md", "chapters/instructors.md"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """Return the `make` commands that a page tells its reader to type."""
    return re.findall(r"(?:^|`|\$ )(make(?: +[\w=./]+)+)", text(name), re.M)


def test_the_readme_tells_to_type_the_two_commands():
    assert {"make book", "make test", "make serve"} <= set(commands("README.md"))


@pytest.mark.parametrize("command", sorted({command for name in PAGES for command in commands(name)}))
def test_every_command_that_a_page_names_is_one_that_make_knows(command):
    subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, check=True, capture_output=True)


def test_every_script_that_the_readme_calls_takes_the_arguments_it_names():
    for script, arguments in re.findall(r"^\.venv/bin/python (\S+)(.*)$", text("README.md"), re.M):
        answer = subprocess.run(
            [sys.executable, str(ROOT / script), "--help"], capture_output=True, text=True, check=True, timeout=120
        )
        for word in arguments.split():
            assert word in answer.stdout if word.startswith("--") else word in RECIPES, (script, word)
    script = re.search(r"`(scripts/\w+\.sh)`", text("README.md")).group(1)
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("name", PAGES[:2])
def test_every_file_that_a_page_links_to_exists(name):
    for target in re.findall(r"\]\(([^)#\s]+)\)", text(name)):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_table_of_chapters_is_the_table_of_contents():
    toc = yaml.safe_load(text("_toc.yml"))
    listed = [
        chapter["file"]
        for part in toc["parts"]
        for chapter in part["chapters"]
        if (ROOT / f"{chapter['file']}.ipynb").exists() and "/exercises/" not in chapter["file"]
    ]
    assert re.findall(r"\]\((chapters/[\w-]+)\.ipynb\) \| \d+ s \|", text("README.md")) == listed


def test_one_address_and_one_version_stand_everywhere():
    address = yaml.safe_load(text("_config.yml"))["repository"]["url"]
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["repository-code"] == address
    version = re.search(r'^version = "(.+)"', text("pyproject.toml"), re.M).group(1)
    assert citation["version"] == version
    assert f"version {version}" in text("chapters/intro.md")


def test_the_bound_that_matters_is_in_the_requirements():
    assert "jupyter-book>=1.0.4,<2" in text("requirements.txt")


def test_serve_shows_the_site_on_this_machine_only():
    if not (ROOT / "_build" / "html" / "index.html").exists():
        skip_or_fail("there is no site yet: run make book")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["make", "serve", f"PORT={port}"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    try:
        assert "From LeNet to AlexNet" in fetch(f"http://127.0.0.1:{port}/chapters/intro.html")
    finally:
        subprocess.run(["kill", "--", f"-{server.pid}"], check=False)
        server.wait(10)


def fetch(address: str) -> str:
    """Return the page at `address`, waiting up to ten seconds for the server to start."""
    for _ in range(50):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError(f"{address} never answered")
