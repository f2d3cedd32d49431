"""The built site: every page whole, readable for everyone, and loading nothing from elsewhere.

The first half reads the files of _build/html; the second opens each page in the system's Chromium,
in light, in dark and as narrow as a phone, with every request to another host blocked and noted.
"""

import base64
import gzip
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urldefrag, urlsplit

import numpy as np
import pytest
import site_checks
import torch
from conftest import skip_or_fail
from site_checks import EXECUTED, ROOT, SITE, later_scripts, notebooks, parsed, prose_words, served, toc
from sklearn.metrics import confusion_matrix
from torch import nn
from torch.nn import functional as F

from lib.batches import to_input
from lib.cost import layer_table
from lib.models import AlexNet, AlexNet2012
from lib.models.layers import PartialConv2d
from lib.models.lenet import C3_TABLE
from lib.runs import read_record
from lib.widgets import memory_wall
from lib.widgets.augmentation import light
from lib.widgets.lenet import unpacked

PAGES = toc()
CHAPTERS = notebooks()
LEAST_WORDS = 1200
LEAST_ALT = 15
# the theme's scripts, styles and MathJax come to about 0.6 MB; the rest is for the page itself
MOST_BYTES = 900_000
VIEWS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (360, "light")}
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

every_page = pytest.mark.parametrize("page", PAGES)
every_chapter = pytest.mark.parametrize("page", CHAPTERS)


@pytest.fixture(autouse=True, scope="module")
def built_site() -> None:
    if not (SITE / "index.html").exists():
        skip_or_fail("There is no site in _build/html: run make book")


# --- the files ---------------------------------------------------------------------------------


def test_the_contents_list_every_chapter_file():
    listed = set(PAGES)
    files = [*(ROOT / "chapters").iterdir(), *(ROOT / "chapters" / "exercises").iterdir()]
    there = {str(file.relative_to(ROOT).with_suffix("")) for file in files if file.suffix in {".md", ".ipynb"}}
    assert there == listed, f"not in _toc.yml: {there - listed}; not in chapters: {listed - there}"


@every_page
def test_every_page_of_the_contents_was_built(page):
    assert (SITE / f"{page}.html").exists(), f"{page}.html is missing"
    headings = [each.get_text() for each in parsed(page).find_all("h1")]
    assert len(headings) == 1, f"{page} has these headings of level 1, not one: {headings}"


@every_chapter
def test_a_chapter_is_long_enough_to_read(page):
    words = prose_words(page)
    assert words >= LEAST_WORDS, f"{page} has {words} words of prose, fewer than {LEAST_WORDS}"


@every_chapter
def test_a_chapter_shows_a_figure(page):
    assert parsed(page).select("article figure img, article figure svg"), f"{page} has no figure"


def internal_targets(page: str) -> list[tuple[str, Path, str]]:
    """Every address on the site that a page links to or loads: (as written, file, anchor)."""
    here = SITE / f"{page}.html"
    tags = parsed(page).find_all(["a", "img", "link", "script", "source"])
    addresses = [tag.get("href") or tag.get("src") for tag in tags if tag.get("href") or tag.get("src")]
    targets = [(script.name, script, "") for script in later_scripts(page)]
    for address in addresses:
        if re.match(r"[a-z]+:|//", address):
            continue
        path, anchor = urldefrag(address)
        file = (here.parent / unquote(path.split("?")[0])).resolve() if path else here
        targets.append((address, file, unquote(anchor)))
    return targets


@pytest.mark.parametrize("page", [*PAGES, "search", "genindex"])
def test_every_link_and_anchor_leads_somewhere(page):
    for address, file, anchor in internal_targets(page):
        assert file.exists(), f"{page} links to {address}, and there is no such file"
        if anchor and file.suffix == ".html":
            target = parsed(str(file.relative_to(SITE).with_suffix("")))
            assert target.find(id=anchor), f"{page} links to {address}, and there is no such anchor"


@every_page
def test_no_id_stands_twice_on_a_page(page):
    ids = [tag["id"] for tag in parsed(page).find_all(id=True)]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    assert not twice, f"{page} has these ids more than once: {twice}"


@every_page
def test_every_image_has_a_description(page):
    for image in parsed(page).select("article img"):
        alt = image.get("alt", "")
        assert len(alt) >= LEAST_ALT, f"{page}: the alternative text of {image.get('src')} is {alt!r}"


@every_page
def test_no_page_names_an_asset_of_another_host(page):
    text = (SITE / f"{page}.html").read_text(encoding="utf-8")
    asset = re.compile(r"""<(?!a\b)\w+\b[^>]*\b(?:src|srcset|href|poster|data)\s*=\s*["'](?:https?:)?//[^"']*""", re.I)
    assert not (found := asset.findall(text)), f"{page} would load {found}"


def test_no_stylesheet_names_an_asset_of_another_host():
    for sheet in SITE.rglob("*.css"):
        found = re.findall(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^"')]+""", sheet.read_text(encoding="utf-8"))
        assert not found, f"{sheet.relative_to(SITE)} would load {found}"


@every_page
def test_no_page_shows_an_error_or_a_warning_of_a_cell(page):
    shown = parsed(page).select(".output.traceback, .output.stderr")
    assert not shown, f"{page} shows: {shown[0].get_text()[:300]}"


def executed(page: str) -> list[dict]:
    """The code cells of a chapter as the build ran them."""
    notebook = json.loads((EXECUTED / f"{page}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@every_chapter
def test_every_cell_of_a_chapter_was_executed(page):
    for cell in executed(page):
        source = "".join(cell["source"])
        if source.strip() and "skip-execution" not in cell["metadata"].get("tags", []):
            assert cell["execution_count"], f"{page}: this cell was not run:\n{source}"


@every_page
def test_every_page_describes_itself_to_search_engines(page):
    found = parsed(page).find_all("meta", attrs={"name": "description"})
    assert len(found) == 1, f"{page} has {len(found)} descriptions"
    assert 40 <= len(found[0]["content"]) <= 160, f"{page} describes itself as {found[0]['content']!r}"


@every_page
def test_a_banner_stands_exactly_on_the_pages_made_from_stand_ins(page):
    cells = executed(page) if (EXECUTED / f"{page}.ipynb").exists() else []
    outputs = json.dumps([cell["outputs"] for cell in cells])
    notice = re.search(r"class=[\\\"']+[^\"']*\bstand-in\b", outputs) is not None
    banners = parsed(page).select("article .stand-in-banner")
    assert len(banners) == notice, f"{page}: {len(banners)} banner(s), stand-in data: {notice}"
    assert all(len(banner.get_text()) > 20 for banner in banners), f"{page}: the banner says nothing"


# --- in a browser ------------------------------------------------------------------------------


@dataclass
class Visit:
    """What was seen when a page was opened once."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    bytes: int = 0
    theme: str = ""
    too_wide: list[str] = field(default_factory=list)
    broken_formulas: list[str] = field(default_factory=list)
    boxed_images: list[str] = field(default_factory=list)
    stretched_images: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


# elements that stick out of the page and are not cut or scrolled by one around them
TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const clipped = (e) => e && (getComputedStyle(e).overflowX !== "visible" || clipped(e.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > wide + 1 && !clipped(e.parentElement))
    .map((e) => e.outerHTML.slice(0, 120));
}"""
BROKEN_FORMULAS = """async () => {
  await window.MathJax?.startup?.promise;
  const unset = [...document.querySelectorAll(".math")].filter((e) => !e.querySelector("mjx-container"));
  return [...unset, ...document.querySelectorAll("mjx-merror")].map((e) => e.outerHTML.slice(0, 120));
}"""
BOXED_IMAGES = """() => [...document.querySelectorAll("article img, article .text_html")]
  .filter((e) => getComputedStyle(e).backgroundColor !== "rgba(0, 0, 0, 0)" || getComputedStyle(e).filter !== "none")
  .map((e) => e.outerHTML.slice(0, 120))"""

WIDGETS_STARTED = """() => document.documentElement.dataset.widgets === "ready"
  || !document.querySelector(".book-widget[data-model]")"""

# those that would wait for a reader to come near; the pictures beneath live widgets are not shown
EVERY_IMAGE = """async () => {
  const waiting = [...document.querySelectorAll("img[loading=lazy]")].filter((e) => e.offsetParent);
  for (const image of waiting) image.loading = "eager";
  await Promise.all(waiting.map((e) => e.decode()));
}"""

STRETCHED_IMAGES = """() => [...document.querySelectorAll("article img")]
  .filter((e) => e.naturalWidth && e.offsetHeight)
  .filter((e) => Math.abs((e.offsetWidth * e.naturalHeight) / (e.offsetHeight * e.naturalWidth) - 1) > 0.05)
  .map((e) => e.outerHTML.slice(0, 120))"""


def axe_violations(page) -> list[str]:
    """Every accessibility rule that an open page breaks, with the elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}, "preload": False})
    return [
        f"{rule['id']} ({rule['help']}): " + " | ".join(node["html"][:160] for node in rule["nodes"])
        for rule in result.response["violations"]
    ]


def told(message) -> str:
    """A console message with the address that it is about."""
    return f"{message.text} ({message.location['url']})"


def open_page(browser, address: str, page: str, view: str) -> Visit:
    """Open a page in one view and note everything that the tests ask about."""
    visit, requests = Visit(), []
    width, scheme = VIEWS[view]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)

    def guard(route):
        if route.request.url.startswith(address):
            route.continue_()
        else:
            visit.foreign.append(route.request.url)
            route.abort()

    context.route(re.compile("^(?!data:|blob:)"), guard)
    tab = context.new_page()
    tab.on("console", lambda message: message.type == "error" and visit.errors.append(told(message)))
    tab.on("pageerror", lambda error: visit.errors.append(str(error)))
    tab.on("requestfinished", lambda request: requests.append(request))
    tab.goto(f"{address}/{page}.html", wait_until="networkidle")
    tab.wait_for_function(WIDGETS_STARTED)
    visit.broken_formulas = tab.evaluate(BROKEN_FORMULAS)
    visit.bytes = sum(each.sizes()["responseBodySize"] for each in requests if each.resource_type != "image")
    tab.evaluate(EVERY_IMAGE)
    visit.theme = tab.evaluate("() => document.documentElement.dataset.theme")
    visit.too_wide = tab.evaluate(TOO_WIDE)
    visit.boxed_images = tab.evaluate(BOXED_IMAGES)
    visit.stretched_images = tab.evaluate(STRETCHED_IMAGES)
    visit.violations = axe_violations(tab)
    context.close()
    return visit


@pytest.fixture(scope="module")
def address():
    with served(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def visited(browser, address):
    """A function that opens a page in a view, the first time that it is asked for it."""
    visits = {}

    def visit(page: str, view: str) -> Visit:
        if (page, view) not in visits:
            visits[page, view] = open_page(browser, address, page, view)
        return visits[page, view]

    return visit


opened_pages = pytest.mark.parametrize("page", [*PAGES, "search"])
every_view = pytest.mark.parametrize("view", VIEWS)


@every_view
@opened_pages
def test_opening_a_page_asks_no_other_host(visited, page, view):
    assert not (found := visited(page, view).foreign), f"{page} ({view}) asked for {found}"


@every_view
@opened_pages
def test_opening_a_page_raises_no_error_in_the_console(visited, page, view):
    assert not (found := visited(page, view).errors), f"{page} ({view}): {found}"


@every_view
@opened_pages
def test_no_page_breaks_a_rule_of_accessibility(visited, page, view):
    assert not (found := visited(page, view).violations), f"{page} ({view}):\n" + "\n".join(found)


@every_view
@every_page
def test_every_formula_is_set(visited, page, view):
    assert not (found := visited(page, view).broken_formulas), f"{page} ({view}): {found}"


@every_view
@opened_pages
def test_no_page_scrolls_sideways(visited, page, view):
    assert not (found := visited(page, view).too_wide), f"{page} ({view}): wider than the window: {found}"


@every_view
@every_page
def test_every_image_keeps_its_proportions(visited, page, view):
    assert not (found := visited(page, view).stretched_images), f"{page} ({view}): {found}"


def drawn_bytes(page: str) -> int:
    """The bytes, once packed, of the pictures (PNG, WebP) among the data of a page's widgets."""
    size = 0
    for file in widget_data(page):
        data = file.read_bytes()
        size += len(gzip.compress(data, 6)) - len(gzip.compress(re.sub(rb"(?:iVBORw0KGgo|UklGR)[A-Za-z0-9+/=]+", b"", data), 6))
    return size


@opened_pages
def test_the_first_view_of_a_page_is_light_enough(visited, page):
    size = visited(page, "light").bytes - drawn_bytes(page)
    assert size <= MOST_BYTES, f"{page} loads {size:,} bytes besides its images, more than {MOST_BYTES:,}"


@opened_pages
def test_a_page_follows_the_color_scheme_of_the_system(visited, page):
    assert [visited(page, view).theme for view in ("light", "dark")] == ["light", "dark"], page


@every_chapter
def test_figures_below_the_first_wait_in_a_room_of_their_size(visited, page):
    _, *others = parsed(page).select("article figure img[src*='_images/'], article div.cell_output img[src*='_images/']")
    drawn = [image for image in others if image["src"].endswith(".png")]
    assert drawn
    for image in drawn:
        assert image.get("loading") == "lazy", image["src"]
        assert int(image["width"]) > 0 < int(image["height"]), image["src"]


@every_page
def test_the_dark_theme_puts_no_box_or_filter_behind_figures(visited, page):
    assert not (found := visited(page, "dark").boxed_images), f"{page}: {found}"


def test_the_search_finds_a_word_of_the_book(browser, address):
    tab = browser.new_page()
    tab.goto(f"{address}/search.html?q=network", wait_until="networkidle")
    tab.wait_for_selector("#search-results li a", timeout=5000)
    tab.close()


def test_a_page_is_readable_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}/{PAGES[0]}.html")
    style = tab.evaluate("() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }")
    context.close()
    assert style == ["rgb(31, 35, 40)", "rgb(255, 254, 252)"], f"ink and paper of book.css are not used: {style}"


def test_a_request_to_another_host_would_be_noticed(browser, tmp_path):
    page = '<html lang="en"><title>x</title><h1>x</h1><script src="http://elsewhere.invalid/x.js"></script></html>'
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    with site_checks.served(tmp_path) as address:
        visit = open_page(browser, address, "page", "light")
    assert visit.foreign == ["http://elsewhere.invalid/x.js"]
    assert visit.errors, "a blocked request stands in the console"


# --- the widgets -------------------------------------------------------------------------------

WIDGETS = {  # key: the page that holds it
    **dict.fromkeys(("c3", "conv", "lenet", "probe"), "chapters/01-reading-digits"),
    "wall": "chapters/04-hardware",
    **dict.fromkeys(("lab", "board", "variants", "drop"), "chapters/05-training-tricks"),
    "bench": "chapters/06-alexnet",
    "replay": "chapters/07-fashion-mnist",
}
FRAMED = ("chapters/03-data",)  # sliders over pictures drawn beforehand
MOST_DATA = 200_000  # bytes of one widget's own data
MOST_WAIT = 100  # milliseconds
every_widget = pytest.mark.parametrize("key", WIDGETS)


def widget_data(page: str) -> list[Path]:
    """The script that gives the page what its widgets hold, if it has any."""
    return [script for script in later_scripts(page) if script.parent.name == "widgets"]


def saved(page: str) -> dict[str, dict]:
    """What the widgets of a page hold, by their keys, bytes as bytes."""
    (file,) = widget_data(page)
    text = file.read_text(encoding="utf-8")
    stored = json.loads(text.removeprefix("window.bookWidgets = ").removesuffix(";\n"))

    def whole(value):
        return stored["shared"][value["$shared"]] if isinstance(value, dict) and "$shared" in value else value

    found = {}
    for entry in stored["state"].values():
        values = {name: whole(value) for name, value in entry["state"].items()}
        for buffer in entry.get("buffers", []):
            *outside, last = buffer["path"]  # of a list of bytes: its name, then the place in it
            holder = values[outside[0]] if outside else values
            holder[last] = base64.b64decode(whole(buffer["data"]))
        found[values["key"]] = values
    return found


def weight(value: object) -> int:
    """The bytes of a value that a widget holds, or of the JSON that it is written in."""
    if isinstance(value, bytes):
        return len(value)
    return sum(map(weight, value)) if isinstance(value, list) else len(json.dumps(value))


class Opened:
    """One widget on its page, in a browser that reaches no other host."""

    def __init__(self, browser, address: str, key: str, query: str = ""):
        self.errors: list[str] = []
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000})
        self.context.route(re.compile("^(?!data:|blob:)"), self.guard)
        self.address, self.key = address, key
        self.tab = self.context.new_page()
        self.tab.on("console", lambda message: message.type == "error" and self.errors.append(told(message)))
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.goto(f"{address}/{WIDGETS[key]}.html{query}", wait_until="networkidle")
        self.tab.wait_for_function(WIDGETS_STARTED)
        self.box = self.tab.locator(f"#widget-{key}")
        self.box.scroll_into_view_if_needed()

    def guard(self, route) -> None:
        if route.request.url.startswith(self.address):
            route.continue_()
        else:
            self.errors.append(route.request.url)
            route.abort()

    def told(self) -> str:
        """The widget's sentences."""
        return " ".join(self.box.locator(".w-told").all_text_contents())

    def outputs(self) -> list[str]:
        return self.box.locator(".w-readout output").all_text_contents()

    def asked(self) -> dict[str, str]:
        """What the address says once it has caught up."""
        self.tab.wait_for_timeout(400)
        return dict(parse_qsl(urlsplit(self.tab.url).query))


@pytest.fixture
def opened(browser, address):
    """A function that opens a widget; afterwards there must have been no error and no foreign request."""
    opens = []

    def open_widget(key: str, query: str = "") -> Opened:
        opens.append(Opened(browser, address, key, query))
        return opens[-1]

    yield open_widget
    for each in opens:
        each.context.close()
        assert not each.errors


@every_widget
def test_a_widget_takes_the_place_of_its_picture(opened, key):
    widget = opened(key)
    assert widget.box.locator(".widget-live").is_visible()
    assert not widget.box.locator(".widget-still").is_visible()
    widget.tab.emulate_media(media="print")
    assert widget.box.locator(".widget-still").is_visible()
    assert not widget.box.locator(".widget-live").is_visible()


@pytest.mark.parametrize("page", sorted(set(WIDGETS.values())))
def test_printing_a_page_brings_the_pictures_that_had_not_been_loaded(browser, address, page):
    tab = browser.new_page()
    tab.goto(f"{address}/{page}.html", wait_until="networkidle")
    tab.wait_for_function(WIDGETS_STARTED)
    widths = "() => [...document.querySelectorAll('article img')].map((image) => image.naturalWidth)"
    assert 0 in tab.evaluate(widths)
    tab.pdf()
    assert 0 not in tab.evaluate(widths)
    tab.close()


# what reaches beyond the contents of a widget's box, and is not cut or scrolled by something around it
STICKS_OUT = """(box) => {
  const cut = (e) => e !== box && (getComputedStyle(e).overflowX !== "visible" || cut(e.parentElement));
  const right = box.querySelector(".widget-live").getBoundingClientRect().right;
  return [...box.querySelectorAll(".widget-live *")]
    .filter((e) => e.getBoundingClientRect().right > right + 1 && !cut(e.parentElement))
    .map((e) => e.outerHTML.slice(0, 120));
}"""


@every_widget
def test_nothing_sticks_out_of_a_widget_on_a_phone(opened, key):
    widget = opened(key)
    widget.tab.set_viewport_size({"width": 360, "height": 800})
    assert not (found := widget.box.evaluate(STICKS_OUT)), found


@every_widget
def test_without_scripts_the_picture_of_a_widget_and_its_words_stand_there(browser, address, key):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}/{WIDGETS[key]}.html")
    still = tab.locator(f"#widget-{key} > .widget-still")
    assert still.is_visible()
    assert len(still.get_attribute("alt")) >= 40
    assert tab.locator(".widget-live, .widget-bar").count() == 0
    context.close()


@pytest.mark.parametrize("page", sorted({*WIDGETS.values(), *FRAMED}))
def test_the_data_of_widgets_is_light_and_waits_for_the_text(page):
    assert len(widget_data(page)) == 1
    text = (SITE / f"{page}.html").read_text(encoding="utf-8")
    assert "base64," not in text
    assert "widget-state" not in text
    for key, values in saved(page).items():
        code = {"_esm", "_css"}
        assert sum(weight(value) for name, value in values.items() if name not in code) < MOST_DATA, key


def test_only_pages_with_a_widget_load_the_script_that_runs_them():
    for page in PAGES:
        loads = "widget-host.js" in [script.name for script in later_scripts(page)]
        assert loads == (page in WIDGETS.values() or page in FRAMED), page


def test_the_connection_table_by_mouse_and_by_keyboard(opened):
    widget = opened("c3")
    assert widget.outputs() == ["60", "1,516", "151,600"]
    widget.box.get_by_label("C3 map 0 reads S2 map 3").click()
    assert widget.outputs() == ["61", "1,541", "154,100"]
    widget.box.get_by_label("C3 map 0 reads S2 map 0", exact=True).focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Space"):  # to map 2 of C3, which reads no map 1
        widget.tab.keyboard.press(key)
    assert widget.outputs() == ["62", "1,566", "156,600"]
    table = [list(maps) for maps in C3_TABLE]
    table[0].append(3)
    table[2].insert(0, 1)
    bits = [sum(1 << map for map in maps) for maps in table]
    assert widget.asked() == {"c3.reads": ",".join(map(str, bits))}
    counted = layer_table(nn.Sequential(PartialConv2d(table, 6, 5)), (6, 14, 14))
    assert widget.outputs()[1:] == [f"{counted.parameters:,}", f"{counted.total('connections'):,}"]


def test_the_bench_by_mouse_and_by_keyboard(opened):
    widget = opened("bench")
    with torch.device("meta"):
        paper, one_column = (layer_table(model, (3, 224, 224)) for model in (AlexNet2012(), AlexNet()))
    assert widget.outputs()[:2] == [f"{paper.parameters:,}", f"{paper.macs:,}"]
    widget.box.get_by_label("zeros at the end").fill("0")
    assert widget.outputs()[0] == f"{paper.parameters - 256 * (36 - 25) * 4096:,}"
    assert "96×54×54" in widget.box.locator("tbody").text_content()
    assert widget.box.locator(".bench-rest").count() == 4
    widget.box.get_by_label("network").focus()
    widget.tab.keyboard.type("AlexNet in one")
    assert widget.outputs()[:2] == [f"{one_column.parameters:,}", f"{one_column.macs:,}"]
    widget.box.locator("tbody button").nth(2).focus()
    widget.tab.keyboard.press("Enter")
    widget.box.get_by_label("groups").focus()
    widget.tab.keyboard.press("ArrowUp")
    assert widget.outputs()[0] == f"{one_column.parameters - 256 * 48 * 25:,}"
    widget.tab.keyboard.press("ArrowUp")
    assert widget.outputs()[0] == "–"
    assert "3 groups do not divide 96 maps into 256." in widget.told()


def test_the_convolution_by_mouse_and_by_keyboard(opened):
    widget, values = opened("conv"), saved(WIDGETS["conv"])["conv"]
    image = torch.tensor(list(values["images"][:784])).reshape(28, 28) / 255
    answers = F.conv2d(image[None, None], torch.tensor(values["kernel"]).reshape(1, 1, 3, 3))[0, 0]
    board = widget.box.locator(".w-map").first
    size = board.bounding_box()["width"]
    board.click(position={"x": 12.5 * size / 28, "y": 9.5 * size / 28})
    assert f"Row 8, column 11: the 9 products add up to {answers[8, 11]:.3f}".replace("-", "−") in widget.told()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        widget.tab.keyboard.press(key)
    assert f"Row 10, column 10: the 9 products add up to {answers[10, 10]:.3f}".replace("-", "−") in widget.told()
    widget.box.get_by_label("weight, row 2, column 2").fill("0.5")
    changed = answers[10, 10] + image[11, 11] / 2
    assert f"add up to {changed:.3f}".replace("-", "−") in widget.told()
    assert widget.asked()["conv.kernel"] == "1,2,1,0,0.5,0,-1,-2,-1"


def chances_of(values: dict, pixels: list[int]) -> torch.Tensor:
    """What PyTorch's LeNet-5 with the weights of the page says of 784 bytes."""
    image = torch.tensor(pixels, dtype=torch.uint8).reshape(1, 1, 28, 28)
    with torch.inference_mode():
        return unpacked(values["weights"])(to_input(image, values["mean"], values["std"])).softmax(1)[0]


def shown_chances(widget: Opened) -> torch.Tensor:
    texts = widget.box.locator(".lenet-score > span:last-child").all_text_contents()
    return torch.tensor([float(text.removesuffix(" %")) / 100 for text in texts])


def test_lenet_reads_by_mouse_and_by_keyboard(opened):
    widget, values = opened("lenet"), saved(WIDGETS["lenet"])["lenet"]
    assert (shown_chances(widget) - chances_of(values, list(values["images"][:784]))).abs().max() < 6e-4
    widget.box.locator("select").first.focus()
    widget.tab.keyboard.press("ArrowDown")
    assert (shown_chances(widget) - chances_of(values, list(values["images"][784:1568]))).abs().max() < 6e-4
    widget.box.get_by_label("Clear the board").click()
    board = widget.box.get_by_role("application")
    place = board.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 4
    widget.tab.mouse.move(x, y)
    widget.tab.mouse.down()
    widget.tab.mouse.move(x - 8, y + place["height"] / 2, steps=12)
    widget.tab.mouse.up()
    board.focus()
    for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
        widget.tab.keyboard.press(key)
    drawing = widget.asked()["lenet.drawing"]
    letters = "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
    bits = [letters.index(each) << 6 | letters.index(other) for each, other in zip(drawing[::2], drawing[1::2], strict=True)]
    pixels = [17 * (each >> step & 15) for each in bits for step in (8, 4, 0)][:784]
    assert sum(pixels) > 20 * 255
    assert pixels[14 * 28 + 14] > 200
    assert (shown_chances(widget) - chances_of(values, pixels)).abs().max() < 6e-4


def test_a_unit_of_lenet_opens_by_mouse_and_by_keyboard(opened):
    widget = opened("lenet", "?lenet.unit=S2.1.3.4")
    assert "S2, map 1, row 3, column 4 reads C1 and sees 6 × 6 pixels. The average of 4 numbers" in widget.told()
    layer = widget.box.locator(".lenet-layer").first
    size = layer.bounding_box()["width"]
    layer.click(position={"x": 30.5 * size / 173, "y": 2.5 * size / 173})
    assert "C1, map 1, row 2, column 1 reads image and sees 5 × 5 pixels. 25 products" in widget.told()
    widget.box.get_by_label("open unit: layer").focus()
    widget.tab.keyboard.press("ArrowDown")
    widget.tab.keyboard.press("ArrowDown")
    assert "C3, map 0, row 0, column 0 reads S2 and sees 14 × 14 pixels. 150 products" in widget.told()
    widget.box.get_by_label("row", exact=True).focus()
    widget.tab.keyboard.press("ArrowUp")
    assert widget.asked()["lenet.unit"] == "C3.0.1.0"


def test_the_probe_by_mouse_and_by_keyboard(opened):
    widget, values = opened("probe"), saved(WIDGETS["probe"])["probe"]

    def covered(row: int, column: int) -> torch.Tensor:
        image = torch.tensor(list(values["images"][:784])).reshape(28, 28)
        image[row : row + 7, column : column + 7] = 128
        return chances_of(values, image.flatten().tolist())

    board = widget.box.get_by_role("application")
    size = board.bounding_box()["width"]
    board.click(position={"x": 15.5 * size / 28, "y": 7.5 * size / 28})
    assert (shown_chances(widget) - covered(4, 12)).abs().max() < 6e-4
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        widget.tab.keyboard.press(key)
    assert (shown_chances(widget) - covered(6, 13)).abs().max() < 6e-4
    widget.box.get_by_text("Whole map").press("Enter")
    widget.tab.wait_for_selector("#widget-probe [data-places='121']", timeout=5000)
    assert widget.asked() == {"probe.row": "6", "probe.column": "13", "probe.map": "1"}


def test_the_lab_by_mouse_and_by_keyboard(opened):
    widget = opened("lab")

    def factors() -> list[float]:
        return [float(each) for each in re.findall(r"× ([\d.]+) a layer", widget.told())]

    assert factors() == pytest.approx([0.15, 0.15], abs=0.02)  # a quarter of the gain: the slope of a sigmoid at 0
    widget.box.get_by_label("gain of the weights").focus()
    widget.tab.keyboard.press("PageUp")
    assert float(widget.asked()["lab.gain"]) > 0.6
    widget.box.get_by_label("ReLU").click()
    grown = float(widget.asked()["lab.gain"]) / 2**0.5
    assert factors() == pytest.approx([grown, grown], rel=0.15)
    widget.box.get_by_label("layers").press("End")
    assert widget.box.locator("svg").first.locator("circle").count() == 21


def test_the_wall_by_mouse_and_by_keyboard(opened):
    widget, rows = opened("wall"), memory_wall.layers()

    def needed(**state) -> str:
        return f"{sum(memory_wall.memory(rows, **state)[0].values()) / 2**30:.2f} GB"

    assert f"The card needs {needed(cards=1)} for 128 pictures" in widget.told()
    widget.box.get_by_label("two", exact=True).click()
    assert f"Each card needs {needed(cards=2)} for 128 pictures" in widget.told()
    widget.box.get_by_label("conv 4").focus()
    widget.tab.keyboard.press("Space")
    assert widget.outputs()[0] == f"{60_965_224 + 1_327_488 - 663_936:,}"
    widget.box.get_by_label("pictures at once").focus()
    widget.tab.keyboard.press("End")
    assert f"{needed(cards=2, batch=512, talk=[3])} for 512 pictures" in widget.told()
    assert widget.asked() == {"wall.batch": "512", "wall.cards": "2", "wall.talk": "3"}


def test_the_board_by_mouse_and_by_keyboard(opened):
    widget, runs = opened("board"), saved(WIDGETS["board"])["board"]["runs"]

    def told(one: int, other: int) -> str:
        points = 100 * (torch.tensor(runs[other]["test"]) - torch.tensor(runs[one]["test"]))
        error = points.std() / len(points) ** 0.5
        return f"{points.mean().abs():.1f} ± {error:.1f} points {'below' if points.mean() < 0 else 'above'}"

    last = len(runs) - 1
    assert told(0, last) in widget.told()
    buttons = widget.box.locator(".board-runs button")
    buttons.nth(0).click()
    buttons.nth(3).focus()
    widget.tab.keyboard.press("Enter")
    assert told(3, last) in widget.told()
    assert widget.asked() == {"board.shown": f"3,{last}"}
    shown = widget.box.locator("tbody tr td:nth-child(2)").all_text_contents()
    expected = torch.tensor([runs[at]["test"] for at in (3, last)])
    assert shown == [f"{100 * row.mean():.2f} ± {100 * row.std():.2f} %" for row in expected]
    widget.box.get_by_label("training loss").press("Space")
    assert widget.asked()["board.quantity"] == "loss"


def test_the_variants_by_mouse_and_by_keyboard(opened):
    widget, values = opened("variants"), saved(WIDGETS["variants"])["variants"]

    def told(alphas: list[float], reading: str) -> str:
        shift = light(alphas, reading, np.array(values["values"]), np.array(values["directions"]))
        return "move by " + ", ".join(f"{'−' if each < 0 else '+'}{abs(each):,.0f}" for each in shift)

    assert told(values["alphas"], "code") in widget.told()
    widget.box.get_by_label("scale of the light").select_option("text")
    assert told(values["alphas"], "text") in widget.told()
    widget.box.get_by_text("Mirror").click()
    board = widget.box.locator(".w-map[tabindex]")
    board.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        widget.tab.keyboard.press(key)
    widget.box.get_by_label("draw 1").focus()
    widget.tab.keyboard.press("Home")
    assert told([-0.3, *values["alphas"][1:]], "text") in widget.told()
    asked = widget.asked()
    place = (int(asked["variants.row"]), int(asked["variants.column"]))
    assert place == (values["row"] + 1, values["column"] + 2)
    assert asked["variants.mirror"] == str(int(not values["mirror"]))
    assert "end at 0 or 255" in widget.told()


def test_dropout_by_mouse_and_by_keyboard(opened):
    widget, values = opened("drop"), saved(WIDGETS["drop"])["drop"]
    network = [torch.tensor(values[name], dtype=torch.double) for name in ("weights", "units", "bias")]
    used = network[0] @ network[1] + network[2]

    def gap() -> float:
        return float(re.search(r"by at most (\d+\.\d+)", widget.told()).group(1))

    def shown() -> torch.Tensor:
        texts = widget.box.locator(".lenet-score > span:last-child").all_text_contents()
        return torch.tensor([float(text.replace("−", "-")) for text in texts], dtype=torch.double)

    one = gap()
    widget.box.get_by_label("1,000").click()
    assert gap() < one
    assert (shown() - used).abs().max() == pytest.approx(gap(), abs=0.06)
    widget.box.get_by_label("not at all").click()
    half = network[0] @ (0.5 * network[1]) + network[2]
    assert (shown() - half).abs().max() < 0.15 * (used - network[2]).abs().max()
    widget.box.get_by_label("share dropped").focus()
    widget.tab.keyboard.press("Home")
    assert gap() == 0
    assert widget.asked() == {"drop.p": "0", "drop.masks": "1000", "drop.scale": "none"}


def moment_of(record, moment: int) -> str:
    """How the replay has to begin its sentence on a moment, from the record."""
    right = record.predictions_by_epoch == record.labels
    share = f"{100 * right[moment].mean():.1f} % of 10,000 test pictures right"
    if moment == 0:
        return f"Before training: {share}."
    learned, lost = (~right[moment - 1] & right[moment]).sum(), (right[moment - 1] & ~right[moment]).sum()
    training = f"{100 * record.runs[0].history[moment - 1].train_accuracy:.1f} %"
    since = f"Since {f'epoch {moment - 1}' if moment > 1 else 'the start'}, {learned:,} became right and {lost:,} became wrong"
    return f"After epoch {moment}: {share} (training: {training}). {since}"


def in_cell(record, values: dict, moment: int, row: int, column: int) -> tuple[int, int]:
    """How many test pictures are in a cell of the matrix, and how many of them the page shows."""
    there = ((record.labels == row) & (record.predictions_by_epoch[moment] == column)).nonzero()[0]
    return len(there), min(16, len(set(there) & set(values["chosen"])))


def test_the_replay_by_mouse_and_by_keyboard(opened):
    widget, values, record = opened("replay"), saved(WIDGETS["replay"])["replay"], read_record("replay-lenet5-modern")
    names, last = values["classes"], len(record.runs[0].history)
    slider = widget.box.get_by_label("epoch", exact=True)
    slider.focus()
    for moment, key in ((last, "End"), (last - 1, "ArrowLeft"), (0, "Home"), (1, "ArrowRight"), (2, "ArrowRight")):
        widget.tab.keyboard.press(key)
        assert widget.told().startswith(moment_of(record, moment))
    widget.box.get_by_role("gridcell", name=f"{names[6]} taken for {names[0]}").click()
    for keys, row, column in ((["ArrowDown", "ArrowRight", "Enter"], 7, 1), (["Home", "ArrowUp", "ArrowUp", "Space"], 5, 0)):
        for key in keys:
            widget.tab.keyboard.press(key)
        count, shown = in_cell(record, values, 2, row, column)
        assert f"{names[row]} taken for {names[column]}: {count or 'no'} picture" in widget.told()
        assert widget.box.locator(".replay-shelf canvas").count() == shown
    widget.tab.keyboard.press("End")
    focused = widget.tab.evaluate("() => document.activeElement.getAttribute('aria-label')")
    assert focused == f"{names[5]} taken for {names[9]}: {in_cell(record, values, 2, 5, 9)[0]}"
    assert widget.asked() == {"replay.epoch": "2", "replay.cell": "5,0"}
    counts = confusion_matrix(record.labels, record.predictions_by_epoch[2])
    assert [int(text or 0) for text in widget.box.get_by_role("gridcell").all_text_contents()] == counts.ravel().tolist()


def test_a_cell_of_the_replay_shows_the_pictures_that_are_in_it_and_they_leave_with_the_epoch(opened):
    values, record = saved(WIDGETS["replay"])["replay"], read_record("replay-lenet5-modern")
    widget = opened("replay", "?replay.epoch=2&replay.cell=6,0")
    told = widget.box.locator(".w-told").nth(1)
    shelf = widget.box.locator(".replay-shelf > *")
    for moment in (2, 3, 4):
        count, shown = in_cell(record, values, moment, 6, 0)
        end = f"{shown} of them shown." if values["chosen"] else "not at hand, since this page was built without the real data."
        assert f"Shirt taken for T-shirt/top: {count:,} pictures, {end}" in told.text_content()
        assert shelf.count() == shown
        right = record.predictions_by_epoch == record.labels
        for label in [shelf.nth(at).get_attribute("aria-label") for at in range(shown)]:
            number, seen = map(int, re.match(r"Test picture ([\d,]+): recognized at (\d+) of", label.replace(",", "")).groups())
            assert record.predictions_by_epoch[moment, number - 1] == 0
            assert record.labels[number - 1] == 6
            assert seen == right[:, number - 1].sum()
        widget.box.get_by_label("epoch", exact=True).press("ArrowRight")


WATCH_PLACE = """() => {
  const place = document.querySelector(".replay-drive label span");
  globalThis.places = [];
  new MutationObserver(() => globalThis.places.push(place.textContent)).observe(place, { childList: true });
}"""


def test_the_replay_plays_when_asked_and_stops_when_asked(opened):
    last = len(read_record("replay-lenet5-modern").runs[0].history)
    widget = opened("replay", f"?replay.epoch={last - 2}")
    place, status = widget.box.locator(".replay-drive label span"), widget.box.locator(".w-told").first
    widget.tab.wait_for_timeout(1200)
    assert place.text_content() == f"epoch {last - 2} of {last}"  # not by itself
    widget.tab.evaluate(WATCH_PLACE)
    assert status.get_attribute("aria-live") == "polite"
    widget.box.get_by_role("button", name="Play").press("Enter")
    assert status.get_attribute("aria-live") == "off"  # nobody can listen that fast
    widget.box.get_by_role("button", name="Play").wait_for()
    assert widget.tab.evaluate("() => places") == [f"epoch {last - 1} of {last}", f"epoch {last} of {last}"]
    assert status.get_attribute("aria-live") == "polite"
    widget.box.get_by_role("button", name="Play").click()  # from the end it begins anew
    widget.box.get_by_role("button", name="Pause").click()
    stopped = place.text_content()
    assert widget.tab.evaluate("() => places")[2:][-1] == stopped
    widget.tab.wait_for_timeout(1200)
    assert place.text_content() == stopped != f"epoch {last} of {last}"
    widget.tab.emulate_media(reduced_motion="reduce")
    widget.box.locator(".replay-play").wait_for(state="hidden")
    widget.box.get_by_label("epoch", exact=True).press("End")
    assert place.text_content() == f"epoch {last} of {last}"


@pytest.mark.parametrize(
    "asked", ["epoch=99", "epoch=-1", "epoch=1.5", "cell=6", "cell=6,10", "cell=6,0,0", "cell=a,b", "run=9"]
)
def test_an_address_that_asks_the_replay_for_what_there_is_not_is_passed_over(opened, asked):
    widget, values = opened("replay", f"?replay.{asked}"), saved(WIDGETS["replay"])["replay"]
    assert widget.told().startswith(moment_of(read_record("replay-lenet5-modern"), values["epoch"]))
    assert widget.asked() == {f"replay.{asked.split('=')[0]}": asked.split("=")[1]}  # the address waits for a choice


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_number_of_the_replay_is_legible_on_its_cell(browser, address, scheme):
    """A contrast of 4.5 or more, over the color that the browser mixes for each cell."""
    script = """() => [...document.querySelectorAll(".replay-count")].filter((cell) => cell.textContent).map((cell) => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const light = (color) => {
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((byte) => byte / 255)
          .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
      };
      const [one, other] = ["color", "backgroundColor"].map((name) => light(getComputedStyle(cell)[name]));
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    })"""
    tab = browser.new_page(color_scheme=scheme)
    tab.goto(f"{address}/{WIDGETS['replay']}.html?replay.epoch=1", wait_until="networkidle")
    tab.wait_for_function(WIDGETS_STARTED)
    contrasts = tab.evaluate(script)
    tab.close()
    assert len(contrasts) > 20
    assert min(contrasts) >= 4.5


def test_the_address_brings_a_state_back_for_each_widget_of_a_page(opened):
    query = "?c3.reads=" + ",".join(["63"] * 16) + "&conv.row=3&conv.column=99&lenet.unit=nonsense&bench.layer=2"
    widget = opened("c3", query)
    assert widget.outputs() == ["96", "2,416", "241,600"]
    assert "Row 3, column 10" in widget.tab.locator("#widget-conv .w-told").text_content()
    assert (
        widget.tab.locator("#widget-c3 .widget-bar a")
        .get_attribute("href")
        .endswith("01-reading-digits.html?c3.reads=" + ",".join(["63"] * 16) + "#widget-c3")
    )
    widget.box.get_by_text("Start again").click()
    assert widget.outputs() == ["60", "1,516", "151,600"]
    asked = widget.asked()
    assert "c3.reads" not in asked
    assert asked["conv.row"] == "3"


CLICKS = {
    "c3": ".c3-cell",
    "bench": "tbody button",
    "conv": "button",
    "lenet": "button[aria-label='Move the digit up']",
    "probe": "button",
    "lab": ".w-row > button",
    "wall": "input[type=checkbox]",
    "board": ".board-runs button:nth-child(2)",
    "variants": "button",
    "drop": ".w-row > button",
    "replay": ".replay-count[tabindex='-1']",
}


@every_widget
def test_a_widget_answers_within_a_tenth_of_a_second(opened, key):
    """The best of five, since the machine may be busy."""
    script = """(control) => Math.min(...[1, 2, 3, 4, 5].map(() => {
      const start = performance.now();
      control.click();
      return performance.now() - start;
    }))"""
    widget = opened(key)
    assert widget.box.locator(CLICKS[key]).first.evaluate(script) < MOST_WAIT
