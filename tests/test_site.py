"""The built site: every page whole, readable for everyone, and loading nothing from elsewhere.

The first half reads the files of _build/html; the second opens each page in the system's Chromium,
in light, in dark and as narrow as a phone, with every request to another host blocked and noted.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import site_checks
from conftest import skip_or_fail
from site_checks import EXECUTED, ROOT, SITE, notebooks, parsed, prose_words, served, toc

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
    listed = {Path(page).name for page in PAGES}
    there = {file.stem for file in (ROOT / "chapters").iterdir() if file.suffix in {".md", ".ipynb"}}
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
    targets = []
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
    visit.broken_formulas = tab.evaluate(BROKEN_FORMULAS)
    visit.bytes = sum(each.sizes()["responseBodySize"] for each in requests if each.resource_type != "image")
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


@opened_pages
def test_the_first_view_of_a_page_is_light_enough(visited, page):
    size = visited(page, "light").bytes
    assert size <= MOST_BYTES, f"{page} loads {size:,} bytes besides its images, more than {MOST_BYTES:,}"


@opened_pages
def test_a_page_follows_the_color_scheme_of_the_system(visited, page):
    assert [visited(page, view).theme for view in ("light", "dark")] == ["light", "dark"], page


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
