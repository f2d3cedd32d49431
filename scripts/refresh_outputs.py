"""Run chapters and store the outputs that the tests compare: those of cells tagged `nbval-check-output`.

    python scripts/refresh_outputs.py chapters/01-reading-digits.ipynb ...

Every other output is removed, as it must be before a commit.
"""

import argparse
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

CHECKED = "nbval-check-output"


def strip(cell: nbformat.NotebookNode) -> None:
    """Remove what a run left in `cell`; a checked cell keeps its output and gets the tag that protects it."""
    cell.metadata.pop("execution", None)
    tags = cell.metadata.get("tags", [])
    if CHECKED in tags:
        cell.metadata["tags"] = tags if "keep_output" in tags else [*tags, "keep_output"]
    else:
        cell.outputs, cell.execution_count = [], None


def refresh(path: Path) -> int:
    """Execute the notebook `path` in its own folder and store it; return the number of checked cells."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(path.parent)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        strip(cell)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)
    return sum(CHECKED in cell.metadata.get("tags", []) for cell in code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="+", type=Path)
    os.environ.setdefault("BOOK_BUDGET", "test")  # checked outputs are the same under every budget
    for path in parser.parse_args().chapters:
        print(f"{path}: running", flush=True)
        print(f"{path}: {refresh(path)} checked cells")


if __name__ == "__main__":
    main()
