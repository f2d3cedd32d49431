"""The library stays small, imports one way, and does nothing when it is imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each module may import only modules that stand before it.
ORDER = (
    *("device", "files", "standins", "data", "batches", "baselines", "models", "cost", "evaluation", "configs", "training"),
    *("checkpoints", "runs", "minutes", "recipes", "plots", "drawing", "pages", "widgets", "colab"),
)
FILES = sorted((ROOT / "lib").rglob("*.py"))
LONGEST = 45  # lines of a function: a loop may reach it so that it reads from top to bottom
ALLOWED_AT_TOP = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module(path: Path) -> str:
    """Return the first-level name below lib: "models" for lib/models/lenet.py."""
    return path.relative_to(ROOT / "lib").with_suffix("").parts[0]


def test_every_module_has_its_place_in_the_order():
    assert {module(path) for path in FILES} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("lib"):
            continue
        parts = node.module.split(".")
        targets = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        for target in targets:
            inside = target == module(path)  # one file of a package imports another
            assert inside or ORDER.index(target) < ORDER.index(module(path)), f"{path.name} imports {target}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_stay_short_and_public_ones_say_what_comes_back(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < LONGEST, f"{path.name}: {node.name} is too long"
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"
    assert ast.get_docstring(tree(path)), f"{path.name} does not say what it is for"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_only_defines_and_no_function_hides_errors(path):
    for node in tree(path).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert docstring or isinstance(node, ALLOWED_AT_TOP), f"{path.name}:{node.lineno} runs at import"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert getattr(node.type, "id", "") not in {"Exception", "BaseException"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_never_picks_a_device_by_itself(path):
    calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    names = {function.attr for function in calls if isinstance(function, ast.Attribute)}
    assert "cuda" not in names
    if module(path) != "device":
        assert "is_available" not in names


def test_import_is_silent_writes_nothing_and_the_package_itself_loads_nothing(tmp_path):
    """How many seconds it takes is measured in benchmarks/data_and_import.py."""
    script = "import sys; before = set(sys.modules); import lib; print(sorted(set(sys.modules) - before))"
    answer = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['lib']"
    everything = "; ".join(f"import lib.{name}" for name in ORDER)
    answer = subprocess.run([sys.executable, "-c", everything], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout == answer.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_library_imports_with_torch_numpy_matplotlib_and_safetensors_alone(tmp_path):
    """What a GPU machine or Colab lacks is hidden: the rest must still import (IPython aside, which displays there)."""
    hidden = ["sklearn", "skimage", "torchvision", "PIL", "nbformat", "jupyter_book", "tqdm", "myst_nb"]
    names = [name for name in ORDER if name not in {"pages", "widgets"}]
    script = f"""
import sys
for name in {hidden}:
    sys.modules[name] = None
import matplotlib  # needs PIL itself, for reading and writing pictures
""".replace("'PIL', ", "")
    script += "\n".join(f"import lib.{name}" for name in names)
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
