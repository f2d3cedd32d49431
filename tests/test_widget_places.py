"""The widgets wherever they stand: two of a kind on a page, under fingers, in an address, with the packages of Colab."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import skip_or_fail
from site_checks import ROOT, SITE, served
from test_site import WIDGETS, WIDGETS_STARTED
from widget_examples import KINDS, SEEN, act, examples, write_page

NAMES = sorted(kind.__name__ for kind in KINDS)
every_kind = pytest.mark.parametrize("kind", NAMES)

# --- two of every kind on one page ------------------------------------------------------------------


@pytest.fixture(scope="module")
def twins(browser, tmp_path_factory):
    """A function that opens a page with two widgets of every kind; their keys, by kind."""
    folder, shown = tmp_path_factory.mktemp("twins"), [*examples(), *examples("-twin")]
    write_page(folder / "page.html", shown)
    keys = {kind: [each.key for each in shown if type(each).__name__ == kind] for kind in NAMES}
    context = browser.new_context()
    with served(folder) as address:

        def visit(query: str = ""):
            tab = context.new_page()
            tab.on("pageerror", lambda error: pytest.fail(str(error)))
            tab.goto(f"{address}/page.html{query}")
            tab.wait_for_function("() => document.documentElement.dataset.widgets === 'ready'")
            return tab

        yield SimpleNamespace(visit=visit, keys=keys, tab=visit())
    context.close()


def pair(tab, keys: list[str]) -> list:
    return [tab.locator(f"#widget-{key} .widget-live") for key in keys]


def settled(box) -> str:
    """What a widget shows once it stands still."""
    last = ""
    for _ in range(50):
        if last == (last := box.evaluate(SEEN)):
            return last
        box.page.wait_for_timeout(60)
    return pytest.fail("it never stands still")


@every_kind
def test_what_a_reader_does_in_one_widget_leaves_its_twin_alone(twins, kind):
    one, other = pair(twins.tab, twins.keys[kind])
    for box, twin in ((one, other), (other, one)):
        before, untouched = settled(box), settled(twin)
        act(box, kind)
        assert settled(box) != before
        assert settled(twin) == untouched


@pytest.fixture(scope="module")
def again(twins):
    """Two tabs: one in which all widgets were used, and one opened at the address of the first."""
    tab = twins.visit()
    for kind in NAMES:
        one, other = pair(tab, twins.keys[kind])
        act(one, kind)
        act(other, kind)
        act(other, kind)
    tab.wait_for_timeout(400)
    return tab, twins.visit(tab.url[tab.url.index("?") :])


@every_kind
def test_the_address_brings_back_both_widgets_of_a_kind(again, twins, kind):
    left, brought = (pair(tab, twins.keys[kind]) for tab in again)
    assert f"{twins.keys[kind][0]}." in again[0].url
    for box, same in zip(left, brought, strict=True):
        assert settled(same) == settled(box)


# --- under fingers ----------------------------------------------------------------------------------

TAPS = {  # what a finger taps, and what it drags; a widget without the latter must let the page scroll
    "c3": (".c3-cell", None),
    "conv": ("button", ".w-map[tabindex]"),
    "lenet": ("button[aria-label='Move the digit up']", "[role=application]"),
    "probe": ("button", "[role=application]"),
    "wall": ("input[type=radio][value='2']", "input[type=range]"),
    "lab": (".w-row > button", "input[type=range]"),
    "board": (".board-runs button:nth-child(2)", None),
    "variants": ("button", ".w-map[tabindex]"),
    "drop": (".w-row > button", "input[type=range]"),
    "bench": ("tbody tr:nth-child(2) button", None),
}


@pytest.fixture(scope="module")
def phone(browser):
    """A function that gives the tab of a phone with a page of the site; each page is opened once."""
    if not (SITE / "index.html").exists():
        skip_or_fail("There is no site in _build/html: run make book")
    context, tabs = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True), {}
    with served(SITE) as address:

        def visit(page: str):
            if page not in tabs:
                tabs[page] = context.new_page()
                tabs[page].goto(f"{address}/{page}.html", wait_until="networkidle")
                tabs[page].wait_for_function(WIDGETS_STARTED)
            return tabs[page]

        yield visit
    context.close()


def drag(tab, control) -> None:
    """A finger put on the middle of a control and moved to the right and down."""
    control.scroll_into_view_if_needed()
    place = control.bounding_box()
    x, y, far = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2, place["width"] / 4
    session = tab.context.new_cdp_session(tab)
    for step in range(9):
        at = [{"x": x + far * step / 8, "y": y + far * step / 8}]
        session.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": at})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_every_widget_of_the_site_is_tried_by_finger():
    assert set(TAPS) == set(WIDGETS)


@pytest.mark.parametrize("key", TAPS)
def test_a_widget_answers_to_a_tap(phone, key):
    tab = phone(WIDGETS[key])
    box = tab.locator(f"#widget-{key} .widget-live")
    before = settled(box)
    box.locator(TAPS[key][0]).first.tap()
    assert settled(box) != before


@pytest.mark.parametrize("key", [key for key, (_, dragged) in TAPS.items() if dragged])
def test_a_widget_follows_a_finger_and_the_page_stands_still(phone, key):
    tab = phone(WIDGETS[key])
    box = tab.locator(f"#widget-{key} .widget-live")
    control = box.locator(TAPS[key][1]).first
    control.scroll_into_view_if_needed()
    before, top = settled(box), tab.evaluate("scrollY")
    drag(tab, control)
    assert settled(box) != before
    assert tab.evaluate("scrollY") == top


# --- what is below does not jump --------------------------------------------------------------------

SHIFTS = """() => new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.shifted += value;
}).observe({ type: "layout-shift", buffered: false })"""
MOST_SHIFT = 0.1  # what web.dev calls good


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        skip_or_fail("There is no site in _build/html: run make book")
    with served(SITE) as address:
        yield address


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("key", WIDGETS)
def test_nothing_jumps_when_a_widget_comes_alive(browser, site, key, width):
    """The script that runs widgets comes last here, when the page stands still and the widget's picture is in view."""
    tab = browser.new_page(viewport={"width": width, "height": 850})
    tab.route("**/widget-host.js*", lambda route: route.abort())
    tab.goto(f"{site}/{WIDGETS[key]}.html", wait_until="networkidle")
    tab.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready; }")
    tab.locator(f"#widget-{key}").evaluate("(box) => scrollTo(0, box.getBoundingClientRect().top + scrollY - 200)")
    tab.wait_for_timeout(300)
    tab.evaluate(f"() => {{ globalThis.shifted = 0; ({SHIFTS})(); }}")
    tab.unroute("**/widget-host.js*")
    tab.add_script_tag(url=f"{site}/_static/widget-host.js")
    tab.wait_for_function(WIDGETS_STARTED)
    tab.wait_for_timeout(200)
    shifted = tab.evaluate("globalThis.shifted")
    assert tab.locator(f"#widget-{key} .widget-live").is_visible()
    tab.close()
    assert shifted < MOST_SHIFT


# --- with the packages of Colab ----------------------------------------------------------------------

COLAB = """
import json, sys, types
calls, output = [], types.ModuleType("google.colab.output")
output.enable_custom_widget_manager = lambda: calls.append("enabled")
output._widgets = types.SimpleNamespace(_installed_url="https://manager.invalid/manager.js")
stubs = {"google": types.ModuleType("google"), "google.colab": types.ModuleType("google.colab"), output.__name__: output}
sys.modules.update(stubs)
import ipywidgets
from IPython.core.formatters import DisplayFormatter
from ipywidgets.widgets.widget import _remove_buffers
from widget_examples import examples
told = {"version": ipywidgets.__version__, "widgets": {}}
for widget in examples():
    data, metadata = DisplayFormatter().format(widget)
    state, paths, buffers = _remove_buffers(widget.get_state())
    told["widgets"][type(widget).__name__] = {
        "data": data, "metadata": metadata, "state": state, "buffers": [len(each) for each in buffers]}
print(json.dumps(told | {"calls": calls}))
"""


@pytest.fixture(scope="module")
def in_colab(tmp_path_factory) -> dict:
    """What a Python with ipywidgets 7.7, as Colab's, tells of every widget."""
    folder = tmp_path_factory.mktemp("colab")
    packages = ("ipywidgets==7.7.1", "widgetsnbextension<4", "jupyterlab-widgets<3", "ipython-genutils")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *packages]
    if (answer := subprocess.run(install, capture_output=True, text=True)).returncode:
        skip_or_fail(f"ipywidgets 7.7 cannot be had: {answer.stderr.strip()[-200:]}")
    paths = os.pathsep.join(map(str, (folder, ROOT, ROOT / "tests")))
    told = subprocess.run(
        [sys.executable, "-c", COLAB], env=os.environ | {"PYTHONPATH": paths}, cwd=folder, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)


VIEW = "application/vnd.jupyter.widget-view+json"


@every_kind
def test_with_the_widgets_of_colab_a_widget_is_shown_by_its_manager(in_colab, kind):
    shown = in_colab["widgets"][kind]
    assert shown["data"][VIEW]["version_major"] == 2
    assert "widget-still" in shown["data"]["text/html"]
    assert shown["metadata"][VIEW] == {"colab": {"custom_widget_manager": {"url": "https://manager.invalid/manager.js"}}}


@every_kind
def test_what_a_widget_holds_needs_no_more_than_json_and_bytes_in_colab(in_colab, kind):
    shown = in_colab["widgets"][kind]
    state = shown["state"]  # came through JSON
    assert (state["_model_module"], state["_model_name"], state["_view_name"]) == ("anywidget", "AnyModel", "AnyView")
    assert set(state["linked"]) | {"key", "_esm", "_css"} <= set(state)
    assert bool(shown["buffers"]) == (kind not in {"C3Table", "Dropout", "MemoryWall", "SaturationLab", "ShapeBench"})


def test_colab_is_asked_once_to_let_widgets_in(in_colab):
    assert in_colab["version"].startswith("7.7")
    assert in_colab["calls"] == ["enabled"]
