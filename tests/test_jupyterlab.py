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


PALE = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return (numbers(color)[3] ?? 1) > 0 ? color : ground(element.parentElement);
  };
  const contrast = (element) => {
    const [low, high] = [light(getComputedStyle(element).color), light(ground(element))].sort((one, other) => one - other);
    return (high + 0.05) / (low + 0.05);
  };
  return [...document.querySelectorAll(".w-root :is(.w-told, .w-soft, .w-wrong, output, label)")]
    .filter((element) => element.textContent && contrast(element) < 4.5)
    .map((element) => `${contrast(element).toFixed(1)}: ${element.textContent.slice(0, 80)}`);
}"""


def test_what_a_widget_says_is_legible_in_jupyterlab(themed):
    assert themed.evaluate(PALE) == []


def test_every_control_of_a_widget_has_a_name_in_jupyterlab(themed):
    from axe_playwright_python.sync_playwright import Axe

    rules = ["label", "button-name", "select-name", "aria-input-field-name"]
    result = Axe().run(themed, context=".jp-OutputArea", options={"runOnly": {"type": "rule", "values": rules}})
    assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in result.response["violations"]] == []


def test_jupyterlab_leaves_the_arrow_keys_to_a_widget(lab):
    slider = lab.locator(".w-root").nth(NAMES.index("SaturationLab")).get_by_label("layers")
    lab.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    before = int(slider.input_value())
    slider.press("ArrowUp")
    slider.press("ArrowRight")
    assert int(slider.input_value()) == before + 2
    assert lab.evaluate("() => jupyterapp.shell.currentWidget.content.activeCellIndex") == 0


def test_every_kind_is_among_those_that_are_tried():
    assert sorted(ACTS) == NAMES
