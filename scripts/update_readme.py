"""Write the README's table of chapters, with the seconds each took in the last `make book`.

python scripts/update_readme.py [--device "2 CPU cores"]
"""

import argparse
import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- chapters: written by scripts/update_readme.py -->", "<!-- end of chapters -->"


def title(page: str) -> str:
    """Return the first heading of the page: a chapter's notebook or Markdown file."""
    notebook = ROOT / f"{page}.ipynb"
    if notebook.exists():
        text = "\n".join("".join(cell["source"]) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    else:
        text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    return re.search(r"^# (.+)$", text, re.M).group(1)


def table(seconds: dict[str, float], device: str) -> str:
    """Return the Markdown table of all pages of the table of contents; a page without cells has no time."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    rows = [f"| Part | Chapter | Runs in, on {device} |", "| --- | --- | ---: |"]
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            page = chapter["file"]
            if page in seconds:
                rows.append(f"| {part['caption']} | [{title(page)}]({page}.ipynb) | {seconds[page]:.0f} s |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="2 CPU cores")
    seconds = json.loads((ROOT / "_build" / "execution.json").read_text(encoding="utf-8"))
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}\n\n{table(seconds, parser.parse_args().device)}\n\n{END}{after}"
    readme.write_text(text, encoding="utf-8")
    print(readme)


if __name__ == "__main__":
    main()
