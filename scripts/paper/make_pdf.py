"""Print the built site as one PDF, through headless Chromium: `make pdf` calls it.

python scripts/paper/make_pdf.py [FILE]
"""

import argparse
import html
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
from playwright.sync_api import Browser, Page, sync_playwright
from printable import ROOT, SITE, About, Chapter, NothingToPrint, about, cover, read_chapters
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from site_checks import BROWSER_FLAGS, browser_path, served

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of how Chromium counts a file's objects
TARGET = ROOT / "_build" / "paper" / "from-lenet-to-alexnet.pdf"
STYLE = Path(__file__).with_name("pdf.css")
# Fonts that every installation of the book has: the PDF looks alike everywhere.
FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
MATHJAX = """<script>window.MathJax = {options: {enableMenu: false, ignoreHtmlClass: ".*", processHtmlClass: "math"}}</script>
<script src="../_static/mathjax/tex-chtml.js"></script>"""
# A chapter's own kind of page carries its title at the head.
PAGE_STYLE = (
    '@page chapter-{number} {{ @top-right {{ content: "{title}" }} }} [data-number="{number}"] {{ page: chapter-{number} }}'
)
FILL = """pages => document.querySelectorAll(".contents .page").forEach(
    each => { each.textContent = pages[each.dataset.target] ?? "" })"""
MOST_PASSES = 4


def contents_page(chapters: list[Chapter]) -> str:
    """Return the table of contents as HTML; the numbers of the pages are filled in after a first print."""

    def row(kind: str, anchor: str, title: str) -> str:
        number = f'<span class="page" data-target="{anchor}"></span>'
        return f'<li class="{kind}"><a href="#{anchor}"><span>{html.escape(title)}</span>{number}</a></li>'

    rows = []
    for part, members in groupby(chapters, key=lambda chapter: chapter.part):
        rows += [f'<li class="part">{html.escape(part)}</li>'] if part else []
        for chapter in members:
            rows.append(row("title", chapter.anchor, chapter.title))
            rows += [row("heading", anchor, title) for anchor, title in chapter.sections()]
    return f'<section class="contents"><h1>Contents</h1><ul>{"".join(rows)}</ul></section>'


def document(about: About, chapters: list[Chapter]) -> str:
    """Return the whole book as one HTML page, to be opened beside the site's own pages."""
    heads = "".join(
        PAGE_STYLE.format(number=number, title=chapter.title.replace('"', r"\"")) for number, chapter in enumerate(chapters)
    )
    body = "\n".join(f'<div data-number="{number}">{chapter.body}</div>' for number, chapter in enumerate(chapters))
    return f"""<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>{html.escape(about.title)}</title>
<link rel="stylesheet" href="../_static/pygments.css"><style>{STYLE.read_text(encoding="utf-8")}{heads}</style>
{MATHJAX}</head><body>{cover(about)}{contents_page(chapters)}{body}</body></html>"""


@contextmanager
def own_browser() -> Iterator[Browser]:
    """Start the system's browser; raises NothingToPrint where there is none."""
    if browser_path() is None:
        raise NothingToPrint("No Chromium or Chrome was found: install one, or name it in $BROWSER_PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, text: str, site: Path = SITE) -> Iterator[Page]:
    """Open `text` in `browser` as a page of the site."""
    with served(site) as address:
        page = browser.new_page(color_scheme="light")
        page.route("**/chapters/paper.html", lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
        page.route("**/fonts/*", lambda route: route.fulfill(path=FONTS / route.request.url.rpartition("/")[2]))
        page.goto(f"{address}/chapters/paper.html", wait_until="networkidle")
        page.evaluate("async () => { await MathJax.startup.promise; await document.fonts.ready; }")
        yield page
        page.close()


def page_numbers(printed: bytes) -> dict[str, int]:
    """Return the page, counted from 1, of each place of a PDF that a link leads to."""
    reader = PdfReader(io.BytesIO(printed))
    places = reader.named_destinations.items()
    return {name.removeprefix("/"): reader.get_destination_page_number(each) + 1 for name, each in places}


def print_book(page: Page) -> bytes:
    """Print until the contents name the pages that the chapters then stand on; return the PDF."""
    before = {}
    for _ in range(MOST_PASSES):
        printed = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        numbers = page_numbers(printed)
        if numbers == before:
            return printed
        page.evaluate(FILL, numbers)
        before = numbers
    raise NothingToPrint(f"The page numbers did not settle in {MOST_PASSES} prints: report this, with your browser's version.")


def entries(node: dict) -> Iterator[dict]:
    """Yield every entry of the outline below `node`, in order."""
    reference = node.get("/First")
    while reference is not None:
        entry = reference.get_object()
        yield entry
        yield from entries(entry)
        reference = entry.get("/Next")


def mend_outline(writer: PdfWriter) -> None:
    """Take back a repetition: Chromium names a heading twice where it first laid it out at the end of the page before."""
    for entry in entries(writer.root_object["/Outlines"]):
        title = entry["/Title"]
        if title[: len(title) // 2] * 2 == title:
            entry[NameObject("/Title")] = TextStringObject(title[: len(title) // 2])


def with_properties(printed: bytes, about: About) -> PdfWriter:
    """Return the PDF with author and subject in its properties, opening with its outline."""
    writer = PdfWriter(clone_from=io.BytesIO(printed))
    mend_outline(writer)
    writer.metadata = {"/Title": f"{about.title}: {about.subtitle}", "/Author": about.author, "/Subject": about.abstract}
    writer.page_mode = "/UseOutlines"
    writer.create_viewer_preferences().display_doctitle = True
    return writer


def main() -> str | None:
    """Write the PDF; what comes back is a sentence on what is missing, or None."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=TARGET)
    file = parser.parse_args().file
    try:
        chapters = read_chapters()
        print(f"Printing {len(chapters)} chapters ...", flush=True)
        with own_browser() as browser, opened(browser, document(about(), chapters)) as page:
            printed = print_book(page)
    except NothingToPrint as error:
        return str(error)
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = with_properties(printed, about())
    writer.write(file)
    print(f"{file}: {len(writer.pages)} pages, {file.stat().st_size / 1e6:.1f} MB")
    return None


if __name__ == "__main__":
    sys.exit(main())
