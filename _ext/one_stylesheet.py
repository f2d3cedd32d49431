"""Sphinx extension of the book: one stylesheet for the site, without the rules and the icons that no page uses.

The theme and the extensions bring twelve sheets and three fonts, 840 KB, and most of it is for things that this
book has not. No page can paint before its stylesheets are there, so what is left stands in one small file.
"""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import tinycss2
from fontTools import subset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docutils import nodes
    from sphinx.application import Sphinx

SHEET = "_static/style.css"
THEME_SHEETS = ("_static/styles/theme.css", "_static/styles/pydata-sphinx-theme.css")
PRINTED_WITH = "pygments.css"  # scripts/paper wants it by itself
SILENT = ("_static/widgets", "_static/mathjax", "searchindex.js")  # scripts that name no class of a stylesheet
IMPORT = re.compile(r"""@import\s+["']([^"']+)["'];""")
ADDRESS = re.compile(r"""url\(\s*["']?(?!data:|https?:|[/#])([^"')\s]+)["']?\s*\)""")
ICON_FONT = re.compile(r"src:url\(([^)]*/fa-[\w-]+)\.woff2\)[^;}]*")


def read_sheet(site: Path, sheet: str) -> str:
    """Return the text of a stylesheet with what it imports, its addresses as seen from SHEET."""
    folder = posixpath.dirname(sheet)
    here = posixpath.relpath(folder, posixpath.dirname(SHEET))
    text = (site / sheet).read_text(encoding="utf-8")
    text = ADDRESS.sub(lambda found: f"url({posixpath.normpath(posixpath.join(here, found[1]))})", text)
    return IMPORT.sub(lambda found: read_sheet(site, posixpath.normpath(posixpath.join(folder, found[1]))), text)


def words_used(site: Path) -> set[str]:
    """Return every word of the pages and of the scripts: no class that is among none of them can ever be on a page."""
    files = [file for kind in ("*.html", "*.js") for file in site.rglob(kind)]
    loud = [file for file in files if not file.relative_to(site).as_posix().startswith(SILENT)]
    return {word for file in loud for word in re.findall(r"[\w-]+", file.read_text(encoding="utf-8"))}


def alternatives(prelude: list) -> Iterator[list]:
    """Yield the selectors of a rule, which commas part."""
    one = []
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            yield one
            one = []
        else:
            one.append(token)
    yield one


def classes(selector: list) -> set[str]:
    """Return the classes that an element or those around it must have; what stands in brackets, as in :not(.a), is none."""
    return {second.value for first, second in pairwise(selector) if first == "." and second.type == "ident"}


def used_rules(rules: Iterable, words: set[str]) -> Iterator[str]:
    """Yield the rules of a stylesheet that can apply to anything, and comments with a license."""
    for rule in rules:
        if rule.type == "comment" and rule.value.startswith("!"):
            yield rule.serialize()
        elif rule.type == "qualified-rule":
            if selectors := [each for each in alternatives(rule.prelude) if classes(each) <= words]:
                heads = (tinycss2.serialize(each).strip() for each in selectors)
                yield f"{','.join(heads)}{{{bare(rule.content)}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in {"media", "supports"}:
            if inner := "".join(used_rules(tinycss2.parse_rule_list(rule.content, skip_whitespace=True), words)):
                yield f"@{rule.at_keyword} {tinycss2.serialize(rule.prelude).strip()}{{{inner}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            yield rule.serialize()


def bare(content: list) -> str:
    """Return the declarations of a rule without comments and without the space around them."""
    return tinycss2.serialize([token for token in content if token.type != "comment"]).strip()


def cut_icons(site: Path, css: str) -> str:
    """Cut the icon fonts down to the letters (icons are some) that stand in `css`; return it with the fonts' new names."""
    options = subset.Options(flavor="woff")
    for file in (site / "_static" / "vendor").rglob("fa-*.ttf"):
        font, cutter = subset.load_font(file, options), subset.Subsetter(options)
        cutter.populate(text=css)
        cutter.subset(font)
        subset.save_font(font, file.with_suffix(".woff"), options)
        file.unlink()
        file.with_suffix(".woff2").unlink()
    return ICON_FONT.sub(r'src:url(\1.woff) format("woff")', css)


def collect(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Note which sheets a page asks for. It gets the one of the site instead (templates/static/webpack-macros.html)."""
    own = [sheet for sheet in context["css_files"] if "//" not in str(sheet.filename)]
    context["css_files"] = [sheet for sheet in context["css_files"] if sheet not in own]  # selfcontained.py refuses those
    app.sheets |= dict.fromkeys(str(sheet.filename) for sheet in own)
    context["style_sheet"] = SHEET


def write_sheet(app: Sphinx, exception: Exception | None) -> None:
    """After the last page: write the stylesheet of the site, and take away those that it holds."""
    site = Path(app.outdir)
    if exception is not None or app.builder.format != "html":
        return
    rules = tinycss2.parse_stylesheet("\n".join(read_sheet(site, sheet) for sheet in app.sheets), skip_whitespace=True)
    css = '@charset "UTF-8";\n' + "\n".join(used_rules(rules, words_used(site)))
    (site / SHEET).write_text(cut_icons(site, css), encoding="utf-8")
    for sheet in [*app.sheets, "_static/basic.css"]:
        if Path(sheet).name != PRINTED_WITH:
            (site / sheet).unlink()


def setup(app: Sphinx) -> dict:
    """Connect the hooks; pages must be written in one process, which knows the sheets of all."""
    app.sheets = dict.fromkeys(THEME_SHEETS)
    app.connect("html-page-context", collect, priority=900)
    app.connect("build-finished", write_sheet, priority=600)  # when all extensions have brought their sheets
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
