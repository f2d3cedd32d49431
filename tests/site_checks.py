"""What the tests of the site and scripts/screenshots.py share: the pages, a server, a browser."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import json
import os
import re
import shutil
import threading
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
EXECUTED = ROOT / "_build" / "jupyter_execute"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PACKED = (".html", ".css", ".js", ".json", ".svg", ".txt")


@cache
def toc() -> tuple[str, ...]:
    """The pages of _toc.yml in order, without suffix: "chapters/intro", ..."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [each["file"] for part in contents["parts"] for each in part["chapters"]]
    return (contents["root"], *(file.removesuffix(".md").removesuffix(".ipynb") for file in files))


def notebooks() -> tuple[str, ...]:
    """The chapters of _toc.yml that are notebooks, which the build runs; pages of exercises it does not."""
    return tuple(page for page in toc() if Path(page).parent.name == "chapters" and (ROOT / f"{page}.ipynb").exists())


@cache
def parsed(page: str) -> BeautifulSoup:
    """The built page "chapters/intro" as a tree; do not change it."""
    return BeautifulSoup((SITE / f"{page}.html").read_bytes(), "html.parser")


def later_scripts(page: str, site: Path = SITE) -> list[Path]:
    """The scripts that the built page adds after its first paint, in their order."""
    (addresses,) = re.findall(r"for \(const src of (\[.*?\])\)", (site / f"{page}.html").read_text(encoding="utf-8"))
    return [((site / page).parent / address.split("?")[0]).resolve() for address in json.loads(addresses)]


def prose_words(page: str) -> int:
    """The number of words of a page outside code, outputs, tables and formulas."""
    article = BeautifulSoup(str(parsed(page).article), "html.parser")
    for other in article.select(".cell, pre, table, script, style, .math"):
        other.decompose()
    return len(article.get_text(" ").split())


class PackingHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files as usual hosts do: text packed with gzip."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if file.is_dir() or not file.exists() or file.suffix not in PACKED:
            super().do_GET()
            return
        body = gzip.compress(file.read_bytes(), compresslevel=6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address, for as long as the `with` block runs, under which `folder` is served."""
    handler = partial(PackingHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:  # after an error too: on a closed socket the thread would spin to the end of the tests
            server.shutdown()


def browser_path() -> str | None:
    """The system's Chromium or Chrome: $BROWSER_PATH, or the first one found, or None."""
    named = os.environ.get("BROWSER_PATH")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)
