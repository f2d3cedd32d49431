"""The machinery that checks the checks, on a set whose outcome is known."""

from grading_cases import AREA, ORDER, coded, source, text
from mutation import last_to_notice, survey

ANSWERS = {"area-hidden": "[4747, 2415, 5700, 5225, 5871, 7373, 6643, 4543]"}
ANSWERS |= {"order-hidden": "[['fig', 'date', 'kiwi', 'pear', 'apple'], ['', 'x', 'yy', 'zz']]"}


def test_a_wrong_answer_loses_its_task_and_a_right_one_none():
    mutants = {
        "area": [AREA.replace("-", "+"), AREA, "def area(", "import os\nos._exit(1)", "raise SystemExit"],
        "order": [ORDER.replace("len(word), word", "len(word)")],
    }
    found = survey(source(), mutants, ANSWERS)
    assert found == {"": [], "area": [["area"], [], ["area"], ["..."], ["area"]], "order": [["order"]]}


def test_a_wrong_answer_that_also_breaks_a_later_task_is_seen():
    notebook = source()
    later = coded("both", 1, "def both(side):\n    return area(side, 0)", "both(1)", "both(5)")
    notebook.cells += [text("both", "Both", "Use it.", "Use it."), *later]
    found = survey(notebook, {"area": [AREA.replace("side * side", "side")]}, ANSWERS | {"both-hidden": "25"})
    assert found == {"": [], "area": [["area", "both"]]}


def test_cells_that_cannot_notice_a_wrong_answer_are_not_run_again():
    cells = [("a", "a = 1"), ("a-visible", "a"), ("a-hidden", "a"), ("b", "b = 2"), ("b-hidden", "b"), ("c", "c = a + b")]
    assert last_to_notice(cells, 0, "a = 2") == 2
    assert last_to_notice([*cells, ("c-hidden", "c")], 0, "a = 2") == 6
    assert last_to_notice(cells, 0, "b = a = 2") == 4
