"""A tiny set of exercises, and everything that can be wrong with what is handed in for it."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def labelled(cell, name: str, **flags):
    """Return `cell` with the label `name` in nbgrader's format."""
    flags = {"grade": False, "solution": False, "locked": True, "task": False} | flags
    cell.metadata["nbgrader"] = {"grade_id": name, "schema_version": 3, **flags}
    cell.id = name[:60]
    return cell


def text(name: str, title: str, body: str, goal: str, rubric=()):
    source = f"```{{exercise-start}} {title}\n:label: ex-{name}\n```\n\n{body}\n\n```{{exercise-end}}\n```"
    cell = labelled(new_markdown_cell(source), f"{name}-text")
    cell.metadata["exercise"] = {"goal": goal, "minutes": 5, **({"rubric": rubric} if rubric else {})}
    return cell


def coded(name: str, points: int, solution: str, visible: str, hidden: str):
    """Return the three cells of a task after its text: answer, visible check, hidden check."""
    return [
        labelled(new_code_cell(solution), name, solution=True, locked=False),
        labelled(new_code_cell(visible), f"{name}-visible", grade=True, points=0),
        labelled(
            new_code_cell(f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"),
            f"{name}-hidden",
            grade=True,
            points=points,
        ),
    ]


def source():
    """Return the set: two tasks that grade themselves (3 and 4 points) and one that is graded by hand (2 points)."""
    cells = [
        labelled(new_markdown_cell("# Tiny exercises"), "title"),
        text("area", "Area of a frame", "Write `area(side, hole)`.", "Subtract areas."),
        *coded(
            "area",
            3,
            "def area(side, hole):\n    ### BEGIN SOLUTION\n    return side * side - hole * hole\n    ### END SOLUTION",
            "assert area(3, 1) == 8, 'a frame of side 3 with a hole of side 1 covers 8'",
            "import random\nSEED = 0\ndraw = random.Random(SEED)\n"
            "[area(draw.randrange(50, 90), draw.randrange(1, 40)) for _ in range(8)]",
        ),
        text("order", "Order by length", "Write `order(words)`.", "Sort by a key."),
        *coded(
            "order",
            4,
            "def order(words):\n    ### BEGIN SOLUTION\n    return sorted(words, key=lambda word: (len(word), word))\n"
            "    ### END SOLUTION",
            "assert order(['bb', 'a']) == ['a', 'bb'], 'short words come first'",
            "[order(['pear', 'fig', 'apple', 'kiwi', 'date']), order(['x', 'zz', 'yy', ''])]",
        ),
        text(
            "why", "Say why", "Why is sorting by length stable?", "Explain.", [[1, "names stability"], [1, "gives an example"]]
        ),
        labelled(new_markdown_cell("Equal keys keep their order."), "why", grade=True, solution=True, locked=False, points=2),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write_course(folder: Path) -> Path:
    """Write the set `tiny` below `folder` and return the folder."""
    path = folder / "source" / "tiny" / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source(), path)
    return folder
