"""How a build ends, tried on a tiny book with the real configuration and the real extension."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from site_checks import ROOT, later_scripts

BIBLIOGRAPHY = "@book{one, author={Writer, Ann}, title={A Book}, publisher={House}, year={1998}}\n"
HEADER = """---
file_format: mystnb
kernelspec: {name: python3}
---
"""
WHOLE_PAGE = (
    HEADER
    + """# A tiny book

This paragraph is long enough to describe the page to a search engine, and cites {cite:p}`one`.

```{code-cell} ipython3
:tags: [hide-input]
1 + 1
```

```{code-cell} ipython3
:tags: [remove-cell]
from IPython.display import HTML
HTML('<p class="stand-in">These are <b>stand-ins</b> & no result.</p>')
```

The area is $a^2$.

```{bibliography}
```
"""
)


def build(folder: Path, page: str) -> subprocess.CompletedProcess:
    """Build a book of one page in `folder` by the command line of the Makefile."""
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "_ext", folder / "_ext")
    shutil.copytree(ROOT / "assets", folder / "assets")
    (folder / "chapters").mkdir()
    (folder / "chapters" / "intro.md").write_text(page, encoding="utf-8")
    (folder / "chapters" / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: chapters/intro\n", encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (arguments,) = re.findall(r"/jupyter-book (build .*?)\s*\|\|", makefile)
    start = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, *arguments.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def tiny_book(tmp_path_factory) -> Path:
    """The built site of a tiny book that has a little of everything."""
    folder = tmp_path_factory.mktemp("tiny book")  # with a space, as a reader's folder may have
    result = build(folder, WHOLE_PAGE)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "_build" / "html"


@pytest.fixture
def page(tiny_book) -> BeautifulSoup:
    return BeautifulSoup((tiny_book / "chapters" / "intro.html").read_bytes(), "html.parser")


def test_a_cell_that_raises_stops_the_build_and_says_why(tmp_path):
    result = build(tmp_path, HEADER + "# A page\n\n```{code-cell} ipython3\nraise ValueError('42 is not 43')\n```\n")
    assert result.returncode != 0
    report = (tmp_path / "_build" / "html" / "reports" / "intro.err.log").read_text(encoding="utf-8")
    assert report.rstrip().endswith("ValueError: 42 is not 43")


@pytest.mark.parametrize(
    ("markup", "address"),
    [
        ('<script src="https://elsewhere.invalid/a.js"></script>', "https://elsewhere.invalid/a.js"),
        ('<p style="background: url(//elsewhere.invalid/b.png)">b</p>', "//elsewhere.invalid/b.png"),
    ],
)
def test_an_asset_of_another_host_stops_the_build_and_is_named(tmp_path, markup, address):
    result = build(tmp_path, f"# A page\n\nHere is something from elsewhere.\n\n{markup}\n")
    assert result.returncode != 0
    assert f"chapters/intro.html: {address}" in result.stdout + result.stderr
    assert (tmp_path / "_build" / "html" / "reports" / "foreign-assets.err.log").exists()


def test_a_link_to_another_host_is_no_asset(tmp_path):
    result = build(tmp_path, "# A page\n\nA link [elsewhere](https://elsewhere.invalid/) loads nothing.\n")
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_warning_stops_the_build(tmp_path):
    result = build(tmp_path, "# A page\n\nThis [link](nowhere.md) leads nowhere.\n")
    assert result.returncode != 0
    assert "nowhere.md" in result.stdout + result.stderr


def test_mathjax_comes_with_the_site_and_its_license(tiny_book):
    (file,) = [script for script in later_scripts("chapters/intro", tiny_book) if script.parent.name == "mathjax"]
    assert "3.2" in file.read_text(encoding="utf-8")
    assert list((tiny_book / "_static" / "mathjax" / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"))
    assert "Apache License" in (tiny_book / "_static" / "licenses" / "MathJax.txt").read_text(encoding="utf-8")
    assert sum(each.stat().st_size for each in (tiny_book / "_static" / "mathjax").rglob("*.*")) < 3e6


def test_the_banner_says_what_a_hidden_cell_said_of_its_data(page):
    assert page.select_one("article > .stand-in-banner").get_text() == "These are stand-ins & no result."


def test_the_description_is_the_first_paragraph(page):
    content = page.find("meta", attrs={"name": "description"})["content"]
    assert content == "This paragraph is long enough to describe the page to a search engine, and cites (Writer, 1998)."


# Each of these depends on a part of the theme that may change with its next version.


def test_the_theme_still_leaves_out_its_second_drawing_of_the_icons(page, tiny_book):
    assert not page.find("script", src=re.compile("fontawesome"))
    assert not list(tiny_book.rglob("fontawesome.js"))


def test_one_stylesheet_holds_the_rules_of_all_that_a_page_can_show(page, tiny_book):
    sheets = page.find_all("link", rel="stylesheet")
    assert [sheet["href"] for sheet in sheets] == ["../_static/style.css"]
    assert sorted(file.name for file in tiny_book.rglob("*.css")) == ["pygments.css", "style.css"]
    css = (tiny_book / "_static" / "style.css").read_text(encoding="utf-8")
    wanted = (".bd-sidebar-primary{", "--lenet:", ".highlight .k{", "details.hide", "#pst-search-dialog")
    assert [each for each in wanted if each not in css] == []
    assert ".modal-backdrop" in css, "only a script ever puts this one on a page"
    assert [each for each in (".table-warning", ".fa-anchor", "@import", "woff2") if each in css] == []
    assert len(css) < 200_000
    for address in re.findall(r"url\(([^)]+)\)", css):
        assert address.startswith(("data:", "'data:", '"data:')) or (tiny_book / "_static" / address).is_file(), address


def test_the_icon_fonts_hold_the_icons_of_the_stylesheet_and_few_others(tiny_book):
    css = (tiny_book / "_static" / "style.css").read_text(encoding="utf-8")
    icons = {ord(letter) for letter in css if 0xE000 <= ord(letter) <= 0xF8FF}
    (solid,) = tiny_book.rglob("fa-solid-900.woff")
    drawn = TTFont(solid).getBestCmap().keys()
    assert {0xF002, 0xF185} <= icons & drawn, "the magnifying glass and the sun"
    assert sum(icon >= 0xE000 for icon in drawn) < 60
    assert solid.stat().st_size < 10_000


def test_the_theme_still_lets_the_title_stand_once(page):
    assert len(page.find_all("h1")) == 1
    assert page.find(id="jb-print-docs-body") is None


def test_scripts_come_after_the_first_paint_in_their_order(page, tiny_book):
    loaded = {Path(tag["src"].split("?")[0]).name: tag for tag in page.find_all("script", src=True)}
    assert loaded.keys() == {"documentation_options.js", "togglebutton.js", "design-tabs.js"}
    assert [name for name, tag in loaded.items() if not tag.has_attr("defer")] == ["documentation_options.js"]
    later = later_scripts("chapters/intro", tiny_book)
    assert all(script.is_file() for script in later)
    names = [script.name for script in later]
    assert {"doctools.js", "copybutton.js", "sphinx-book-theme.js", "tex-chtml.js", "book.js"} <= set(names)
    for first, second in (("bootstrap", "pydata-sphinx-theme"), ("clipboard.min", "copybutton"), ("tex-chtml", "book")):
        assert names.index(f"{first}.js") < names.index(f"{second}.js")


def test_the_search_page_reads_its_scripts_at_once(tiny_book):
    search = BeautifulSoup((tiny_book / "search.html").read_bytes(), "html.parser")
    names = {Path(tag["src"].split("?")[0]).name for tag in search.find_all("script", src=True)}
    assert {"searchtools.js", "language_data.js", "searchindex.js", "doctools.js"} <= names


def test_the_sidebar_still_is_a_landmark_with_the_links_in_it(page):
    assert page.select_one('#pst-primary-sidebar > .book-sidebar[role="complementary"] nav a')


def test_the_search_button_is_still_named_by_its_own_words(page):
    (button,) = page.select("button.search-button-field")
    assert not button.has_attr("aria-label")


def test_the_line_that_opens_hidden_code_is_still_named_by_its_own_words(page):
    (summary,) = page.select("details.hide > summary")
    assert not summary.has_attr("aria-label")
    assert "Show code cell source" in summary.get_text()


def test_the_bibliography_still_is_a_list(page):
    (entry,) = page.select("ul.citation-list > li.citation")
    assert "Ann Writer" in entry.get_text()
    assert not entry.find(class_="label")


def test_make_help_names_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.M).group(1).split()
    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == targets
