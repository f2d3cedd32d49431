"""Sphinx extension of the book: pages that load nothing from another host.

It brings MathJax into the site, makes pages clean for screen readers, marks those that were built from
stand-in data, and fails the build when anything would be loaded from elsewhere. What the theme lets a
template decide stands in templates/; no built page is edited.
"""

from __future__ import annotations

import html
import importlib.metadata
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import sphinxcontrib.bibtex.plugin
from bs4 import BeautifulSoup
from docutils import nodes
from myst_nb.core.execute.base import ExecutionError
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sphinx.errors import ExtensionError
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TEMPLATES = Path(__file__).parent / "templates"

# What a page with formulas may ask for, 2 of the package's 24 MB: the component that
# mathjax_path names, its fonts, and the TeX extensions that it loads when a formula needs them.
MATHJAX_PACKAGE = "sphinx-mathjax-offline"
MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")

# Copied by the theme, asked for by no page of this book (templates/ leaves the script out).
UNUSED = ("*.map", "*-macros.html", "fontawesome.js", "fontawesome.js.LICENSE.txt")

ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
STYLE_URL = re.compile(r"""(?:@import\s+|url\()\s*["']?([^"')\s]+)""", re.IGNORECASE)
LOADING_TAGS = "audio embed iframe image img input link object script source track use video".split()
LOADING_ATTRIBUTES = "src poster data href xlink:href".split()
LOADING_RELS = set("icon manifest modulepreload preconnect prefetch preload dns-prefetch stylesheet".split())
COLOR_CODE = re.compile(r"\x1b\[[0-9;]*m")
DESCRIPTION_LENGTH = 155


# --- nothing from another host ---------------------------------------------------------------


def loaded_addresses(page: BeautifulSoup) -> list[str]:
    """Every address that a page loads by itself; links to click are none."""
    found = []
    for tag in page.find_all(LOADING_TAGS):
        if tag.name == "link" and LOADING_RELS.isdisjoint(tag.get_attribute_list("rel")):
            continue
        found += [tag[name] for name in LOADING_ATTRIBUTES if tag.get(name)]
        found += [part.strip() for part in tag.get("srcset", "").split(",")]
    styles = [tag["style"] for tag in page.find_all(style=True)]
    styles += [tag.get_text() for tag in page.find_all("style")]
    return found + [address for style in styles for address in STYLE_URL.findall(style)]


def foreign_assets(site: Path) -> list[str]:
    """Every asset of another host that a page or stylesheet of `site` loads, as "file: address"."""
    found = []
    for page in sorted(site.rglob("*.html")):
        addresses = loaded_addresses(BeautifulSoup(page.read_bytes(), "html.parser"))
        found += [f"{page.relative_to(site)}: {each}" for each in addresses if ELSEWHERE.match(each)]
    for sheet in sorted(site.rglob("*.css")):
        addresses = STYLE_URL.findall(sheet.read_text(encoding="utf-8"))
        found += [f"{sheet.relative_to(site)}: {each}" for each in addresses if ELSEWHERE.match(each)]
    return found


def copy_mathjax(static: Path) -> None:
    """Put the needed part of MathJax 3 and its license below `static`."""
    package = importlib.metadata.distribution(MATHJAX_PACKAGE)
    source = Path(package.locate_file(f"{MATHJAX_PACKAGE}/static/mathjax"))
    target = static / "mathjax"
    for part in MATHJAX_PARTS:
        if not (source / part).exists():
            raise ExtensionError(f"The package {MATHJAX_PACKAGE} no longer has {part}.")
        copy = shutil.copytree if (source / part).is_dir() else shutil.copyfile
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if not (target / part).exists():
            copy(source / part, target / part)


def report(site: Path, name: str, text: str) -> None:
    """Write an error to reports/, where myst-nb puts those of cells; the Makefile shows it last."""
    file = site / "reports" / f"{name}.err.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(COLOR_CODE.sub("", text) + "\n", encoding="utf-8")


def finish_site(app: Sphinx, exception: Exception | None) -> None:
    """After the last page: add MathJax, drop what no page uses, refuse assets of other hosts."""
    site = Path(app.outdir)
    if isinstance(exception, ExecutionError):
        report(site, Path(str(exception)).stem, f"{exception}\n{exception.__cause__}")
    if exception is not None or app.builder.format != "html":
        return
    copy_mathjax(site / "_static")
    for pattern in UNUSED:
        for file in (site / "_static").rglob(pattern):
            file.unlink()
    if found := foreign_assets(site):
        message = "\n  ".join(["The site would load from other hosts; bring these along:", *found])
        report(site, "foreign-assets", message)
        raise ExtensionError(message)


# --- what a page says about itself -----------------------------------------------------------


def stand_in_notice(notebook: dict) -> str:
    """The text of the first stand-in notice among the outputs of an executed notebook, or ""."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            markup = "".join(output.get("data", {}).get("text/html", ""))
            if notice := BeautifulSoup(markup, "html.parser").select_one(".stand-in"):
                return " ".join(notice.get_text().split())
    return ""


def describe(doctree: nodes.document) -> str:
    """The page's first paragraph of some length outside boxes and margins, cut at a word, or ""."""
    boxes = (nodes.Admonition, nodes.sidebar, nodes.container)
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        parent = paragraph.parent
        while parent is not None and not isinstance(parent, boxes):
            parent = parent.parent
        if len(text) < 40 or parent is not None:
            continue
        if len(text) <= DESCRIPTION_LENGTH:
            return text
        return text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + " …"
    return ""


def finish_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Give a page its description and its stand-in banner."""
    if doctree is None:
        return
    metatags = context.get("metatags") or ""
    if 'name="description"' not in metatags and (text := describe(doctree)):
        context["metatags"] = f'{metatags}\n    <meta name="description" content="{html.escape(text)}" />'
    # the executed notebook, since a page may hide the cell that loads the data
    executed = Path(app.env.mystnb_config.output_folder) / f"{pagename}.ipynb"
    if executed.exists() and (notice := stand_in_notice(json.loads(executed.read_text(encoding="utf-8")))):
        banner = f'<aside class="stand-in stand-in-banner" aria-label="Warning">{html.escape(notice)}</aside>\n'
        context["body"] = banner + context["body"]


# --- clean for screen readers ----------------------------------------------------------------


def visit_hidden_code(self, node: HideCodeCellNode) -> None:
    """As myst-nb writes it, less a label that says other words than the summary shows."""
    self.body.append(f'<details class="admonition hide {" ".join(node["classes"])}">\n<summary>\n')
    for state, prompt in (("collapsed", node["prompt_show"]), ("expanded", node["prompt_hide"])):
        self.body.append(f'<p class="{state} admonition-title">{html.escape(prompt)}</p>\n')
    self.body.append("</summary>\n")


def visit_citation(self, node: nodes.citation) -> None:
    """A real list, where docutils writes roles that do not go together; the label is left out."""
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<ul class="citation-list">\n')
    node.children = [child for child in node.children if not isinstance(child, nodes.label)]
    self.body.append(self.starttag(node, "li", CLASS="citation"))


def depart_citation(self, node: nodes.citation) -> None:
    """Close the entry, and the list after the last one."""
    self.body.append("</li>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        self.body.append("</ul>\n")


# --- citations as (LeCun et al., 1998) -------------------------------------------------------


def round_brackets() -> BracketStyle:
    """Round brackets around a citation, where the package's default is square ones."""
    return BracketStyle(left="(", right=")")


@dataclass
class AuthorYearRound(AuthorYearReferenceStyle):
    """The package's author-year citations, in round brackets."""

    bracket_parenthetical: BracketStyle = field(default_factory=round_brackets)
    bracket_textual: BracketStyle = field(default_factory=round_brackets)
    bracket_author: BracketStyle = field(default_factory=round_brackets)
    bracket_label: BracketStyle = field(default_factory=round_brackets)
    bracket_year: BracketStyle = field(default_factory=round_brackets)


def setup(app: Sphinx) -> dict:
    """Connect the hooks; what comes back tells Sphinx that parallel builds are safe."""
    sphinxcontrib.bibtex.plugin.register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_round", AuthorYearRound)
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_HideCellInput))
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.connect("config-inited", lambda app, config: config.templates_path.insert(0, str(TEMPLATES)))
    app.connect("html-page-context", finish_page, priority=900)
    app.connect("build-finished", finish_site)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
