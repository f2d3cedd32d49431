"""The chapters of the built site as parts of one document: what the PDF and the EPUB are made of.

Whatever paper cannot do is left out here (buttons, code that the site folds away), and every address that led to
another page of the site leads to another place of the document.
"""

import html
import posixpath
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag

import yaml
from bs4 import BeautifulSoup, Tag

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from site_checks import ROOT, SITE

# Folded code draws the figure below it; who wants to read it opens the notebook.
LEFT_OUT = ".headerlink, .copybtn, .toctree-wrapper, button, details.hide, script, style"
WIDGET_NOTE = "A picture of what can be moved, clicked and changed on the site."
ELSEWHERE = re.compile(r"[a-z]+:|//")


class NothingToPrint(ValueError):
    """The site, or something that turns it into a book, is not at hand; the message says what to do."""


@dataclass(frozen=True)
class Chapter:
    """One page of the site: its name ("chapters/intro"), the part it stands in, its title, and what it says."""

    page: str
    part: str
    title: str
    body: Tag

    @property
    def anchor(self) -> str:
        return self.page.rpartition("/")[2]

    def sections(self) -> list[tuple[str, str]]:
        """Return (anchor, title) of each heading of the second level."""
        return [(heading["id"], heading.get_text(" ", strip=True)) for heading in self.body.select("h2[id]")]


@dataclass(frozen=True)
class About:
    """What stands on the cover and in the file's properties."""

    title: str
    subtitle: str
    author: str
    version: str
    released: str  # date
    abstract: str
    address: str


def about() -> About:
    """Return title, author and version as CITATION.cff has them, and the address of the repository."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    title, _, subtitle = citation["title"].partition(": ")
    author = ", ".join(each["name"] for each in citation["authors"])
    fields = citation["version"], str(citation["date-released"]), citation["abstract"].strip(), config["repository"]["url"]
    return About(title, subtitle.capitalize(), author, *fields)


def contents() -> list[tuple[str, str]]:
    """Return (page, caption of its part) for each page of _toc.yml, in order; the first page stands in no part."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(each["file"], part["caption"]) for part in toc["parts"] for each in part["chapters"]]
    return [(page.removesuffix(".md").removesuffix(".ipynb"), part) for page, part in [(toc["root"], ""), *listed]]


def read_chapters(site: Path = SITE) -> list[Chapter]:
    """Return all chapters of the built site, made ready for one document. Raises NothingToPrint where one is not built."""
    pages = contents()
    if missing := [page for page, _ in pages if not (site / f"{page}.html").exists()]:
        raise NothingToPrint(f"The site has no page {', '.join(missing)}: run make book first.")
    names = {page.rpartition("/")[2] for page, _ in pages}
    return [read_chapter(site, page, part, names) for page, part in pages]


def read_chapter(site: Path, page: str, part: str, names: set[str]) -> Chapter:
    """Return one chapter; `names` are those of all pages, to which its links may lead."""
    body = BeautifulSoup((site / f"{page}.html").read_bytes(), "html.parser").select_one("article.bd-article")
    body.name, body.attrs = "section", {"class": ["chapter"]}
    name = page.rpartition("/")[2]
    for each in body.select(LEFT_OUT):
        each.decompose()
    unfold(body)
    join_addresses(body, name, names)
    for image in body.select("img[src]"):
        image.attrs.pop("loading", None)  # all of them are printed
        if not ELSEWHERE.match(image["src"]):
            image["src"] = posixpath.relpath(posixpath.join(posixpath.dirname(page), image["src"]), "chapters")
    for widget in body.select(".book-widget"):
        note = BeautifulSoup(f'<p class="widget-note">{WIDGET_NOTE}</p>', "html.parser")
        widget.append(note)
    heading = body.h1
    body["id"] = name
    return Chapter(page, part, heading.get_text(" ", strip=True), body)


def unfold(body: Tag) -> None:
    """Open everything that a reader of the site opens by a click, such as solutions; drop cells that folding emptied."""
    for folded in body.select("details"):
        folded.name = "div"
        if summary := folded.summary:
            summary.name, summary["class"] = "p", ["unfolded"]
    for each in body.select(".toggle-hidden, .dropdown, .toggle"):
        each["class"] = [name for name in each["class"] if name not in {"toggle-hidden", "dropdown", "toggle"}]
    for cell in body.select("div.cell"):
        if not cell.get_text(strip=True) and not cell.find(["img", "svg"]):
            cell.decompose()


def join_addresses(body: Tag, name: str, names: set[str]) -> None:
    """Let ids begin with the page's name, and links within the site lead to them."""
    for each in body.find_all(id=True):
        each["id"] = f"{name}--{each['id']}"
        # the heading is what a reader sees and what the contents name; its section carries the id
        if each.name == "section" and (heading := each.find(re.compile("^h[1-6]$"), recursive=False)):
            heading["id"] = each["id"]
            del each["id"]
    for link in body.select("a[href]"):
        if ELSEWHERE.match(link["href"]):
            continue
        path, anchor = urldefrag(link["href"])
        target = Path(path).stem if path else name
        if target in names and Path(path or "x.html").suffix == ".html":
            link["href"] = f"#{target}--{anchor}" if anchor else f"#{target}"
        else:
            link.unwrap()  # a picture in its full size, a file of the site


def cover(about: About) -> str:
    """Return the first page as HTML."""
    foot = "".join(f"<p>{html.escape(line)}</p>" for line in (about.author, f"Version {about.version}, {about.released}"))
    return f"""<section class="cover"><p class="cover-title">{html.escape(about.title)}</p>
<p class="cover-subtitle">{html.escape(about.subtitle)}</p>
<img src="../_images/networks.svg" alt="LeNet-5 and AlexNet drawn at one scale">
<div class="cover-foot">{foot}</div></section>"""
