"""Write the first code cell of every chapter, which fetches this release of the book where it is not installed.

python scripts/first_cells.py [--check]

The address comes from _config.yml, the release from pyproject.toml; the cell is the same in all chapters.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
# Short, since it stands in every chapter; what can wait until the book is there stands in lib/colab.py.
# An empty answer to git's question for a password makes a wrong address an error instead of a wait.
CELL = """\
import importlib.util, os, subprocess, sys, tempfile  # where `lib` is missing (Colab), fetch the book
if importlib.util.find_spec("lib") is None:
    book = os.path.join(os.getcwd() if os.access(".", os.W_OK) else tempfile.mkdtemp(), "book-{tag}")
    get = "git -c core.askPass=true clone -q --depth=1 --branch={tag} {url}".split()
    if not os.path.isdir(book) and (done := subprocess.run([*get, book], capture_output=True, text=True)).returncode:
        raise RuntimeError(f"The book could not be fetched ({{' '.join(done.stderr.split())}}): check the network")
    sys.path.insert(0, book)
    from lib.colab import prepare
    prepare()"""


def first_cell(root: Path = ROOT) -> str:
    """Return the code of the first cell for the address and the version of the book in `root`."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return CELL.format(url=config["repository"]["url"], tag=f"v{project['project']['version']}")


def with_first_cell(notebook: str, code: str) -> str:
    """Return `notebook` (JSON) with `code` in its first code cell, and every other byte as it was."""
    content = json.loads(notebook)
    first = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    first["source"] = code.splitlines(keepends=True)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; say which chapters differ")
    check, differing = parser.parse_args().check, []
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        before = path.read_text(encoding="utf-8")
        after = with_first_cell(before, first_cell())
        if after != before:
            differing.append(path.name)
            if not check:
                path.write_text(after, encoding="utf-8")
    print(f"{'Differing' if check else 'Written'}: {', '.join(differing) or 'none'}")
    sys.exit(bool(check and differing))


if __name__ == "__main__":
    main()
