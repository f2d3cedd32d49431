"""Make an EPUB of the built site with pandoc, formulas as MathML: `make epub` calls it.

python scripts/paper/make_epub.py [FILE]
"""

import argparse
import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import pypandoc
from bs4 import BeautifulSoup
from printable import ROOT, SITE, About, Chapter, NothingToPrint, about, read_chapters

TARGET = ROOT / "_build" / "paper" / "from-lenet-to-alexnet.epub"
STYLE = Path(__file__).with_name("epub.css")
READER = "html+tex_math_single_backslash"
LOSES_ITS_MARK = ["li", "dt", "p", "table"]
OPTIONS = ["--mathml", "--toc", "--toc-depth=2", "--split-level=1", "--fail-if-warnings", f"--css={STYLE}"]


def for_pandoc(chapter: Chapter) -> str:
    """Return a chapter as HTML in the words that pandoc's reader knows: headings on top, marks where it keeps them."""
    body = chapter.body
    for section in body.select("section"):
        section.unwrap()
    for aside in body.select("aside"):
        aside.name = "div"
    for marked in body.find_all(LOSES_ITS_MARK, id=True):
        marked.insert(0, BeautifulSoup(f'<span id="{marked.attrs.pop("id")}"></span>', "html.parser"))
    for figure in body.select("figure[id]"):
        figure.wrap(BeautifulSoup("", "html.parser").new_tag("div", id=figure.attrs.pop("id")))
    body.h1["id"] = chapter.anchor
    for cell in body.select(".text-right, .layer-table td:not(:first-child), .layer-table th:not(:first-child)"):
        cell["style"] = "text-align: right"
    for block in body.select("div.highlight-ipython3 pre"):
        block["class"] = "python"
    return body.decode_contents()


def metadata(about: About) -> dict:
    """Return what a library lists the book by."""
    return {
        "title": [{"type": "main", "text": about.title}, {"type": "subtitle", "text": about.subtitle}],
        "creator": [{"role": "author", "text": about.author}],
        "identifier": [{"text": f"{about.address}/releases/{about.version}"}],
        "date": about.released,
        "lang": "en-US",
        "description": about.abstract,
        "rights": "Text and figures: CC BY 4.0. Code: BSD-3-Clause.",
    }


def write_epub(chapters: list[Chapter], about: About, file: Path) -> None:
    """Let pandoc write the book as an EPUB 3 file; equal books are equal files. Raises NothingToPrint where it cannot."""
    noon = datetime.fromisoformat(f"{about.released}T12:00:00+00:00")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(noon.timestamp()))
    text = "\n".join(for_pandoc(chapter) for chapter in chapters)
    with tempfile.TemporaryDirectory() as scratch:
        described = Path(scratch, "metadata.json")
        described.write_text(json.dumps(metadata(about)), encoding="utf-8")
        options = [*OPTIONS, f"--metadata-file={described}", f"--resource-path={SITE / 'chapters'}"]
        try:
            pypandoc.convert_text(text, "epub3", READER, outputfile=str(file), extra_args=options)
        except (OSError, RuntimeError) as error:
            raise NothingToPrint(f"pandoc could not write {file}: {error}") from error


def main() -> str | None:
    """Write the EPUB; what comes back is a sentence on what is missing, or None."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=TARGET)
    file = parser.parse_args().file
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        chapters = read_chapters()
        print(f"Converting {len(chapters)} chapters ...", flush=True)
        write_epub(chapters, about(), file)
    except NothingToPrint as error:
        return str(error)
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
    return None


if __name__ == "__main__":
    sys.exit(main())
