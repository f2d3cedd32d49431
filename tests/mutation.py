"""Replace each answer of a set by typical wrong ones, and see which tasks lose their points.

    python tests/mutation.py SET     prints {"TASK": [[tasks lost by its first wrong answer], ...], "": [lost by the solutions]}

What is simulated: cells run here, in one process, not in a kernel in the sandbox. The state before each answer is made once;
a fork of the process goes on from there with the wrong answer, through the last check that can notice it: its own, or a
later one that uses a name which depends on it. Answers are judged by the grader's own comparison.
"""

import ast
import contextlib
import functools
import importlib.util
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from IPython.lib.pretty import pretty

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from exercises.grading import assignments
from exercises.grading.preprocessors import label, same

SECONDS = 60  # of processor time for what follows one wrong answer; ten times that by the clock, as others may be busy


def wrong_answers(name: str, course: Path = assignments.COURSE) -> dict[str, list[str]]:
    """Return the wrong answers of the set `name`, by task, as its mutants.py lists them."""
    path = course / "source" / name / "mutants.py"
    spec = importlib.util.spec_from_file_location(f"mutants_{name.replace('-', '_')}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MUTANTS


def value(source: str, names: dict) -> str | None:
    """Run a cell and return the text of its last expression, None where it has none or fails."""
    try:
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), names)
        result = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
        return None if result is None else pretty(result)
    except (Exception, SystemExit):  # a wrong answer may fail in any way
        return None


def used_and_bound(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell reads before it binds them, and those that it leaves bound."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return set(), set()
    used, bound = set(), set()
    for statement in statements:
        inner = own_names(statement)
        named = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        used |= {node.id for node in named if isinstance(node.ctx, ast.Load)} - bound - inner
        bound |= {node.id for node in named if isinstance(node.ctx, ast.Store)}
        bound |= {statement.name} if isinstance(statement, ast.FunctionDef | ast.ClassDef) else set()
    return used, bound


def own_names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds for its own inside: of loops, of comprehensions, of functions."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.For | ast.comprehension):
            found |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.Lambda):
            found |= {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
        if isinstance(node, ast.FunctionDef):
            found |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return found


def last_to_notice(cells: list[tuple[str, str]], start: int, wrong: str) -> int:
    """Return the position of the last hidden check that the answer at `start`, or `wrong` in its place, can change."""
    touched = used_and_bound(cells[start][1])[1] | used_and_bound(wrong)[1]
    last = start
    for position, (name, source) in enumerate(cells[start + 1 :], start + 1):
        used, bound = used_and_bound(source)
        own = name.startswith(f"{cells[start][0]}-")
        if own or used & touched:
            touched |= bound
            last = position if name.endswith("-hidden") else last
    return last


def lost(cells: list[tuple[str, str]], answers: dict[str, str], names: dict) -> list[str]:
    """Run `cells` and return the tasks whose hidden checks disagree."""
    failed = []
    for name, source in cells:
        given = value(source, names)
        if name in answers and not (given is not None and same(given, answers[name])):
            failed.append(name.removesuffix("-hidden"))
    return failed


def in_forks(works: list) -> list[list[str]]:
    """Return what each of `works` returns in a fork of its own, ["..."] where that dies or takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        files, children = [Path(folder, str(number)) for number in range(len(works))], []
        for work, file in zip(works, files, strict=True):
            if not (child := os.fork()):
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                signal.alarm(10 * SECONDS)
                file.write_text(json.dumps(work()))
                os._exit(0)
            children.append(child)
        died = [os.waitpid(child, 0)[1] != 0 for child in children]
        return [["..."] if dead else json.loads(file.read_text()) for dead, file in zip(died, files, strict=True)]


def survey(source, mutants: dict[str, list[str]], answers: dict[str, str]) -> dict[str, list]:
    """Return the tasks lost by each wrong answer, by task, and under "" those lost by the solutions themselves."""
    cells = [(label(cell), cell.source) for cell in source.cells if cell.cell_type == "code"]
    names, found, own = {"__name__": "__main__"}, {}, []
    for position, (name, text) in enumerate(cells):
        works = []
        for wrong in mutants.get(name, ()):
            rest = cells[position + 1 : last_to_notice(cells, position, wrong) + 1]
            works.append(functools.partial(lost, [(name, wrong), *rest], answers, names))
        if works:
            found[name] = in_forks(works)
        own += lost([(name, text)], answers, names)
    return found | {"": own}


def main() -> None:
    name, course = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else assignments.COURSE
    source, answers = assignments.read_source(name, course), assignments.answers(name, course=course)
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
        found = survey(source, wrong_answers(name, course), answers)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
