"""The widgets wherever they stand: two of a kind on a page, under fingers, in an address, with the packages of Colab."""

import base64
import json
import math
import os
import subprocess
import sys
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest
import torch
from conftest import skip_or_fail
from site_checks import ROOT, SITE, served
from test_site import WIDGETS, WIDGETS_STARTED
from torch.nn import functional as F
from widget_examples import KINDS, SEEN, act, examples, write_page

from lib.widgets import memory_wall

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

        yield SimpleNamespace(
            visit=visit, keys=keys, tab=visit(), shown={type(each).__name__: each for each in shown[: len(NAMES)]}
        )
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


@every_kind
def test_an_address_reaches_no_trait_but_those_that_are_linked(twins, kind):
    widget = twins.shown[kind]
    hidden = [name for name in widget.trait_names(sync=True) if name not in widget.linked and not name.startswith("_")]
    asked = twins.visit("?" + "&".join(f"{widget.key}.{name}=1" for name in hidden))
    fresh = twins.visit()
    boxes = [pair(tab, twins.keys[kind])[0] for tab in (asked, fresh)]
    assert settled(boxes[0]) == settled(boxes[1])
    for tab in (asked, fresh):
        tab.close()


# --- what is drawn is what was computed ---------------------------------------------------------------

PIXEL = "(canvas, [column, row]) => [...canvas.getContext('2d').getImageData(column, row, 1, 1).data].slice(0, 3)"


@pytest.fixture(scope="module")
def fresh(twins):
    """A function that gives the first widget of a kind, in a tab where nobody has used any, and its object."""
    tab = twins.visit()
    return lambda kind: (tab.locator(f"#widget-{twins.keys[kind][0]} .widget-live"), twins.shown[kind])


def signed(share: float) -> list[int]:
    """The color of a signed picture: blue, white, red."""
    end = (33, 102, 172) if share < 0 else (178, 24, 43)
    return pytest.approx([255 + (ink - 255) * min(1, abs(share)) for ink in end], abs=1)


def gray(share: float) -> list[int]:
    """The color of a picture of ink: white to nearly black."""
    return pytest.approx([255 - 235 * share] * 3, abs=1)


def test_a_convolution_draws_its_image_its_answers_and_its_window_and_steps_onward(fresh):
    box, widget = fresh("Convolution")
    image, answer = box.locator("canvas").all()
    pixels = torch.frombuffer(bytearray(widget.images), dtype=torch.uint8).split([40 * 40, 28 * 28, 28 * 28])
    for name, flat, side in (("another", pixels[2], 28), ("large", pixels[0], 40)):
        box.locator("select").first.select_option(name)
        shown = flat.reshape(1, 1, side, side) / 255
        answers = F.conv2d(shown, torch.tensor(widget.kernel).reshape(1, 1, 3, 3))[0, 0]
        for row, column in ((0, 0), (13, 17), (25, 20)):
            assert image.evaluate(PIXEL, [column, row]) == gray(float(shown[0, 0, row, column]))
            assert answer.evaluate(PIXEL, [column, row]) == signed(float(answers[row, column] / answers.abs().max()))
    for button, place in (("Step", "Row 12, column 11:"), ("Back", "Row 12, column 10:")):
        box.get_by_text(button, exact=True).click()
        assert place in box.locator(".w-told").text_content()
    read = "(all) => all.map(({ style }) => [style.top, style.left, style.width].map(parseFloat))"
    window, mark = box.locator(".w-frame").evaluate_all(read)
    assert window == pytest.approx([30, 25, 7.5], abs=0.01)
    assert mark == pytest.approx([1200 / 38, 1000 / 38, 100 / 38], abs=0.01)


def test_the_maps_of_lenet_are_drawn_in_their_places(fresh):
    box, widget = fresh("LeNetReader")
    values = widget._values()
    for layer, maps, columns in ((0, values[2][0], 6), (2, values[5][0], 8)):
        side = maps.shape[1]
        for map, row, column in ((0, 0, 0), (len(maps) - 1, 3, 7), (2, 8, 1)):
            at = [(map % columns) * (side + 1) + column, map // columns * (side + 1) + row]
            assert box.locator(".lenet-layer canvas").nth(layer).evaluate(PIXEL, at) == signed(float(maps[map, row, column]))


def test_the_map_of_the_probe_is_dark_where_the_answer_suffers(fresh):
    box, widget = fresh("OcclusionProbe")
    box.get_by_text("Whole map").click()
    box.locator("[data-places='121']").wait_for()
    best = widget.probabilities([None])[0].argmax()
    for row, column in ((0, 0), (4, 6), (10, 9)):
        chance = float(widget.probabilities([(2 * row, 2 * column)])[0, best])
        assert box.locator("canvas").nth(1).evaluate(PIXEL, [column, row]) == gray(1 - chance)


def scale(chart) -> tuple[float, float]:
    """Of a chart: what a unit of its axis is in height, and the height of zero, from the marks of its grid."""
    powers = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    read = "(all) => all.map((g) => [g.querySelector('text').textContent, Number(g.querySelector('line').getAttribute('y1'))])"
    marks = [
        (0.0 if text == "1" else float(text.translate(powers)[2:]) if text[:2] == "10" else float(text), height)
        for text, height in chart.locator("g:has(> text)").evaluate_all(read)
    ]
    (low, bottom), (high, top) = marks[0], marks[-1]
    slope = (top - bottom) / (high - low)
    assert slope < 0, "the chart stands on its head"
    return slope, bottom - low * slope


def test_the_dots_of_the_lab_stand_at_the_heights_of_their_values(fresh):
    box, _ = fresh("SaturationLab")
    for chart in box.locator("svg").all():
        values = [float(each) for each in chart.get_attribute("aria-label").split(": ")[1].split(", ")]
        slope, zero = scale(chart)
        heights = chart.locator("circle").evaluate_all("(all) => all.map((dot) => Number(dot.getAttribute('cy')))")
        assert heights == pytest.approx([zero + slope * math.log10(value) for value in values], abs=1)


def test_the_lines_of_the_board_and_its_first_filters_are_those_of_its_runs(fresh):
    box, widget = fresh("Switchboard")
    box.locator("input[value=loss]").check()
    slope, zero = scale(box.locator("svg"))
    lines = box.locator("polyline").evaluate_all("(all) => all.map((line) => line.getAttribute('points'))")
    starts = np.cumsum([0, *(run["filters"][2] for run in widget.runs)])
    for place, (line, at) in enumerate(zip(lines, widget.shown, strict=True)):
        heights = [float(point.split(",")[1]) for point in line.split()]
        curve = np.mean(widget.runs[at]["curves"]["loss"], 0)
        assert heights == pytest.approx([zero + slope * each for each in curve], abs=0.5)
        first = np.frombuffer(widget.filters, np.int8)[starts[at]] / 127
        assert box.locator(".board-filters canvas").nth(place).evaluate(PIXEL, [0, 0]) == signed(first)


def test_the_bars_of_the_wall_have_the_lengths_of_their_parts(fresh):
    box, widget = fresh("MemoryWall")
    parts, _ = memory_wall.memory(widget.layers, batch=512, cards=2)
    percent = "(all) => all.map(({ style }) => parseFloat(style.width || style.left))"
    *bars, line = box.locator(".wall-bar").first.locator("> span").evaluate_all(percent)
    assert bars == pytest.approx([line * size / memory_wall.CARD for size in parts.values()], abs=0.01)


def test_a_filled_cell_of_the_table_says_that_it_is_pressed(fresh):
    box, widget = fresh("C3Table")
    pressed = box.locator(".c3-cell").evaluate_all("(all) => all.map((cell) => cell.getAttribute('aria-pressed'))")
    assert pressed == [str(map in maps).lower() for map in range(6) for maps in widget.table]


def test_crosses_stand_on_the_silenced_units(fresh):
    box, widget = fresh("Dropout")
    silenced = int(box.locator(".drop-grid").get_attribute("aria-label").split()[0])
    assert box.locator(".drop-out").count() == silenced != len(widget.units) / 2


def test_the_words_of_a_drawn_picture_follow_its_slider(fresh):
    box, _ = fresh("Frames")
    box.locator("input").press("End")
    assert box.locator("img").get_attribute("alt") == "A bar of some height. Here height = 3."


@every_kind
def test_each_switch_of_a_widget_is_named_and_shows_what_holds(twins, kind):
    box, widget = pair(twins.tab, twins.keys[kind])[0], twins.shown[kind]
    for group in box.locator(".w-choice").all():
        assert group.locator("legend").text_content()
        (marked,) = group.locator("input:checked").all()
        assert marked.get_attribute("value") in {"pencil", *(str(getattr(widget, name)) for name in widget.linked)}


# --- the module by itself -------------------------------------------------------------------------------

ALONE = """async ([code, values]) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  for (const [name, value] of Object.entries(values)) {
    if (value?.bytes) values[name] = Array.isArray(value.bytes) ? value.bytes.map(bytes) : bytes(value.bytes);
  }
  const heard = new Set(), model = {
    get: (name) => values[name], set() {}, save_changes() {}, on: (name) => heard.add(name), off: (name) => heard.delete(name),
  };
  const clean = await widget.render({ model, el: document.createElement("div") }), listens = heard.size;
  clean();
  const taken = (name, value) => widget.valid?.[name]?.(value, model) ?? true;
  return { listens, after: heard.size, taken: values.wrong.filter(([name, value]) => taken(name, value)) };
}"""
WRONG = {  # what an address may not ask for
    "Augmentation": {"row": 17, "column": -1, "alphas": [0.1, 0.1], "reading": "none"},
    "C3Table": {"reads": [64] * 16},
    "Convolution": {"image": 3, "row": 40, "column": 0.5, "kernel": [1, 2, 3, 4]},
    "Dropout": {"p": 0.95, "masks": 7, "scale": "twice", "seed": 0},
    "Frames": {"at": [3]},
    "LeNetReader": {"image": 3, "unit": "C3.16.0.0", "drawing": "x"},
    "MemoryWall": {"batch": 513, "bits": 8, "cards": 3, "kept": "maybe", "talk": [2]},
    "OcclusionProbe": {"image": 2, "row": 28, "column": -1, "size": 2},
    "Replay": {"run": 2, "epoch": 31, "cell": [6, 10]},
    "SaturationLab": {"unit": "GELU", "gain": 6, "depth": 21, "seed": 1000},
    "ShapeBench": {"network": "3x8x8", "layer": -1},
    "Switchboard": {"shown": [0, 1, 2, 3, 4], "quantity": "luck"},
}


def packed(value: object) -> object:
    """A value of a widget as JSON."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return {"bytes": [packed(each)["bytes"] for each in value]}
    return value


@pytest.fixture(scope="module")
def alone(twins):
    """A function that runs the module of a kind with a model that only listens, and tells what it did."""

    def tell(kind: str) -> dict:
        widget = twins.shown[kind]
        own = set(widget.trait_names(sync=True)) - set(ipywidgets.DOMWidget.class_trait_names())
        values = {name: packed(getattr(widget, name)) for name in own if name[0] != "_"}
        return twins.tab.evaluate(ALONE, [str(widget._esm), values | {"wrong": list(WRONG[kind].items())}])

    return tell


@every_kind
def test_a_widget_that_is_taken_away_listens_no_longer(alone, kind):
    told = alone(kind)
    assert told["listens"] > 0
    assert told["after"] == 0


@every_kind
def test_an_address_may_ask_for_no_state_that_there_is_not(alone, twins, kind):
    assert set(WRONG[kind]) <= set(twins.shown[kind].linked)
    assert alone(kind)["taken"] == []


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
    "replay": (".replay-count[tabindex='-1']", "input[type=range]"),
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
