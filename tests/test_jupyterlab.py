"""The widgets in JupyterLab: every kind is drawn there, answers, and tells Python; in its light theme and its dark one."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from conftest import skip_or_fail
from site_checks import ROOT
from widget_examples import ACTS, KINDS, SEEN, act

NAMES = sorted(kind.__name__ for kind in KINDS)
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CELL = f"""
import sys
sys.path[:0] = {[str(ROOT), str(ROOT / "tests")]}
from pathlib import Path
from IPython.display import display
from widget_examples import examples

def hear(change):
    with Path("heard.txt").open("a") as file:
        print(type(change.owner).__name__, file=file)

for each in examples():
    each.observe(hear, each.linked)
    display(each)
"""
KERNEL = "() => window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel"
FLAGS = (
    *("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token="),
    *("--LabApp.expose_app_in_browser=True", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An empty folder with one notebook, whose cell shows a widget of every kind."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL), nbformat.v4.new_markdown_cell("The end.")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "all.ipynb")
    return folder


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    """Where a JupyterLab answers that knows nobody's settings."""
    if importlib.util.find_spec("jupyterlab") is None:
        skip_or_fail("JupyterLab is not installed: make lab installs it")
    own = tmp_path_factory.mktemp("own")
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = os.environ | {place: str(own / place.lower()) for place in places}
    command = [sys.executable, "-m", "jupyterlab", *FLAGS, f"--ServerApp.root_dir={folder}"]
    with (own / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield found(own, server)
    finally:
        server.terminate()
        server.wait(20)


def found(own: Path, server: subprocess.Popen) -> str:
    """The address that the server writes down once it listens."""
    for _ in range(300):
        for file in own.glob("jupyter_runtime_dir/jpserver-*.json"):
            return json.loads(file.read_text())["url"]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    return pytest.fail((own / "log").read_text()[-2000:])


@pytest.fixture(scope="module")
def lab(browser, address):
    """A tab with the notebook, run; afterwards it must have asked no other host and raised no error."""
    context, wrong = browser.new_context(viewport={"width": 1280, "height": 1000}), []

    def guard(route):
        if route.request.url.startswith(address):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    context.route(re.compile("^(?!data:|blob:)"), guard)
    tab = context.new_page()
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(f"{address}lab/tree/all.ipynb")
    tab.wait_for_function(KERNEL, timeout=60_000)
    tab.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    tab.wait_for_function(f"() => document.querySelectorAll('.w-root:not(:empty)').length === {len(NAMES)}", timeout=60_000)
    yield tab
    context.close()
    assert not wrong


@pytest.fixture(params=THEMES)
def themed(lab, request):
    """The tab in one of JupyterLab's themes."""
    lab.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", THEMES[request.param])
    lab.wait_for_function("(theme) => document.body.dataset.jpThemeName === theme", arg=THEMES[request.param])
    lab.wait_for_timeout(300)
    return lab


@pytest.mark.parametrize("name", NAMES)
def test_a_widget_lives_in_jupyterlab_and_tells_python(themed, folder, name):
    box = themed.locator(".w-root").nth(NAMES.index(name))
    heard, before = folder / "heard.txt", box.evaluate(SEEN)
    already = heard.read_text().split().count(name) if heard.exists() else 0
    act(box, name)
    assert box.evaluate(SEEN) != before
    for _ in range(100):
        if heard.exists() and heard.read_text().split().count(name) > already:
            return
        time.sleep(0.05)
    pytest.fail("Python heard nothing of it")


def test_what_a_widget_says_is_legible_in_jupyterlab(themed):
    from axe_playwright_python.sync_playwright import Axe

    rules = ["color-contrast", "label", "button-name", "select-name", "aria-input-field-name"]
    broken = []
    for at, name in enumerate(NAMES):  # one by one, since what is out of sight cannot be judged
        box = themed.locator(".w-root").nth(at)
        box.evaluate("(box, at) => { box.dataset.at = at; box.scrollIntoView(); }", at)
        result = Axe().run(themed, context=f"[data-at='{at}']", options={"runOnly": {"type": "rule", "values": rules}})
        broken += [(name, each["id"], [node["html"][:160] for node in each["nodes"]]) for each in result.response["violations"]]
    assert broken == []


def test_jupyterlab_leaves_the_arrow_keys_to_a_widget(lab):
    cell = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    lab.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    lab.locator(".w-root .c3-cell").first.focus()
    lab.keyboard.press("ArrowDown")
    assert lab.evaluate("() => document.activeElement.dataset.place") == "1,0"
    assert lab.evaluate(cell) == 0


def test_every_kind_is_among_those_that_are_tried():
    assert sorted(ACTS) == NAMES
