"""Photograph pages of the built site: light, dark, and as wide as a phone.

    python scripts/screenshots.py FOLDER [PAGE ...] [--height PIXELS]

A PAGE is named as in _toc.yml (chapters/intro); without one, all of them are taken. Each picture
shows the full page, or with --height a numbered series of slices of that height.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from site_checks import BROWSER_FLAGS, SITE, browser_path, served, toc

VIEWS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (390, "light")}


def slices(page: Page, height: int | None) -> list[dict]:
    """The clip of each picture of an open page: one with the full page, or slices of `height`."""
    size = page.evaluate("() => [document.body.clientWidth, document.documentElement.scrollHeight]")
    step = height or size[1]
    tops = range(0, size[1], step)
    return [{"x": 0, "y": top, "width": size[0], "height": min(step, size[1] - top)} for top in tops]


def photograph(browser: Browser, address: str, name: str, view: str, args: argparse.Namespace) -> None:
    """Write the picture or pictures of one page in one view, and print their names."""
    width, scheme = VIEWS[view]
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(f"{address}/{name}.html", wait_until="networkidle")
    for number, clip in enumerate(slices(page, args.height)):
        suffix = f"-{number:02}" if args.height else ""
        file = args.folder / f"{name.replace('/', '-')}-{view}{suffix}.png"
        page.screenshot(path=file, full_page=True, clip=clip, animations="disabled")
        print(file)
    page.close()


def main() -> str | None:
    """Take all pictures; what comes back is a sentence on what is missing, or None."""
    parser = argparse.ArgumentParser(description="Photograph pages of the built site.")
    parser.add_argument("folder", type=Path, help="where the PNG files go; made where missing")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="as in _toc.yml; default: all")
    parser.add_argument("--height", type=int, help="cut the page into slices of this many pixels")
    args = parser.parse_args()
    pages = args.pages or toc()
    missing = [page for page in pages if not (SITE / f"{page}.html").exists()]
    if missing:
        return f"The site has no page {', '.join(missing)}; build it with `make book`."
    if browser_path() is None:
        return "No Chromium or Chrome was found; install one, or name it in $BROWSER_PATH."
    args.folder.mkdir(parents=True, exist_ok=True)
    with served(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_FLAGS)
        for page in pages:
            for view in VIEWS:
                photograph(browser, address, page, view, args)
    return None


if __name__ == "__main__":
    sys.exit(main())
