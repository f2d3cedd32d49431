"""Where readers run the chapters themselves: JupyterLab by `make lab`, and Binder."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import yaml
from conftest import skip_or_fail
from packaging.requirements import Requirement
from site_checks import ROOT

from lib import colab

BINDER = ROOT / ".binder"
ELSEWHERE = {"torch": "pytorch-cpu"}  # names that differ there
PATIENCE = 120  # seconds


@pytest.fixture
def lab(tmp_path):
    """(process, its output so far, the address it printed) of `make lab`, in the environment that runs the tests."""
    if importlib.util.find_spec("jupyterlab") is None:
        skip_or_fail("JupyterLab is not installed: make lab installs it")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    command = ["make", "lab", f"PORT={port}", f"RUN={sys.executable}", "--old-file=.venv/.installed"]
    environment = os.environ | {"BROWSER": "true", "JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file, process_group=0)
    started, found = time.monotonic(), None
    while found is None and process.poll() is None and time.monotonic() < started + PATIENCE:
        time.sleep(0.2)
        found = re.search(rf"http://127\.0\.0\.1:{port}/\S*\?token=\w+", log.read_text(encoding="utf-8"))
    try:
        assert found, log.read_text(encoding="utf-8")
        yield process, found.group(0)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_make_lab_prints_where_the_first_chapter_is_open_and_ctrl_c_ends_it(lab):
    process, address = lab
    assert "/lab/tree/chapters/01-" in address
    with urllib.request.urlopen(address, timeout=60) as answer:
        assert answer.status == 200
        assert "JupyterLab" in answer.read().decode()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    process.wait(20)
    with pytest.raises(OSError, match=r"refused|reset"):
        urllib.request.urlopen(address, timeout=5)


def test_binder_installs_what_the_chapters_need_in_the_same_ranges():
    listed = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python, *packages = listed
    wanted = {ELSEWHERE.get(each.name, each.name): each.specifier for each in colab.requirements()}
    assert {each.name: each.specifier for each in map(Requirement, packages)} == wanted
    lowest = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")).group(1)
    assert int(re.fullmatch(r"python=3\.(\d+)", python).group(1)) >= int(lowest)


def test_what_binder_runs_at_last_is_a_script_that_calls_what_is_there():
    script = BINDER / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    for path in re.findall(r"python (scripts/\S+)", script.read_text(encoding="utf-8")):
        assert (ROOT / path).exists()
