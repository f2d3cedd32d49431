"""lib.device: where to compute, and how much."""

import ast
import json
from pathlib import Path

import pytest
import torch

from lib.device import bf16_is_faster, budget, choose_device, device_name, matrix_rate, seconds_of
from lib.files import SOURCES

PLACES = {"to", "device", "choose_device", "load", "data_of", "to_empty"}  # what takes a device, or its name


def test_the_cpu_can_always_be_chosen_and_the_default_is_a_device_that_works():
    assert choose_device("cpu") == torch.device("cpu")
    assert torch.ones(2, device=choose_device()).sum() == 2


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_fastest_kind_that_is_there_is_chosen_and_any_other_that_is_there_can_be_named(monkeypatch, cuda, mps, chosen):
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.cuda.device_count", lambda: int(cuda))
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert choose_device() == torch.device(chosen)
    for kind, there in (("cuda", cuda), ("mps", mps), ("cpu", True)):
        if there:
            assert choose_device(kind).type == kind
        else:
            with pytest.raises(ValueError, match=f"'{kind}' is not on this machine"):
                choose_device(kind)


def test_every_kind_of_device_has_a_name_for_readers_and_a_budget(monkeypatch):
    monkeypatch.delenv("BOOK_BUDGET", raising=False)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Tesla T4")
    named = {kind: (device_name(torch.device(kind)), budget(torch.device(kind))) for kind in ("cuda", "mps")}
    assert named == {"cuda": ("Tesla T4", "full"), "mps": ("Apple GPU (MPS)", "page")}


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "gpu"])
def test_a_device_that_is_not_there_is_refused_by_name_with_the_ones_that_are(name):
    with pytest.raises(ValueError, match=f"'{name}' is not on this machine: choose one of .*cpu"):
        choose_device(name)


def test_the_budget_follows_the_device_and_the_environment_overrides_it(monkeypatch):
    monkeypatch.delenv("BOOK_BUDGET", raising=False)
    assert budget(torch.device("cpu")) == "page"
    assert budget(torch.device("cuda")) == "full"
    monkeypatch.setenv("BOOK_BUDGET", "test")
    assert budget(torch.device("cuda")) == "test"


def test_an_unknown_budget_is_refused_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("BOOK_BUDGET", "huge")
    with pytest.raises(ValueError, match="'huge': it must be one of test, page, full"):
        budget(torch.device("cpu"))


def test_the_name_of_a_cpu_says_how_many_threads_it_uses():
    assert device_name(torch.device("cpu")) in {"CPU, 1 thread", f"CPU, {torch.get_num_threads()} threads"}


def test_the_rate_of_multiplying_matrices_counts_two_operations_a_term(monkeypatch):
    """With a clock that moves one second a call, 3 products of 64 x 64 take one second."""
    ticks = iter(range(100))
    monkeypatch.setattr("lib.device.time.perf_counter", lambda: next(ticks))
    assert matrix_rate(torch.device("cpu"), torch.float32, size=64, repeats=3) == 2 * 64**3 * 3


def test_the_seconds_of_a_call_are_the_median_of_rounds_that_are_long_enough(monkeypatch):
    """With a clock that only the work moves: two calls to warm up, then rounds of four calls, one of them slow."""
    now, calls = [0.0], [0]

    def work():
        calls[0] += 1
        now[0] += 100 if calls[0] == 4 else 0.25

    monkeypatch.setattr("lib.device.time.perf_counter", lambda: now[0])
    assert seconds_of(work, torch.device("cpu"), rounds=3, least=1) == 0.25
    assert calls[0] == 2 + 3 * 4


def test_bf16_is_used_where_it_is_clearly_faster(monkeypatch):
    for ratio, answer in ((2.0, True), (1.1, False)):
        monkeypatch.setattr("lib.device.matrix_rate", lambda device, dtype, r=ratio: r if dtype == torch.bfloat16 else 1.0)
        assert bf16_is_faster(torch.device("cpu")) is answer


@pytest.mark.parametrize("error", [RuntimeError, TypeError])
def test_bf16_is_not_used_where_the_device_does_not_know_it(monkeypatch, error):
    def rate(device, dtype):
        if dtype == torch.bfloat16:
            raise error("BFloat16 is not supported on MPS")
        return 1.0

    monkeypatch.setattr("lib.device.matrix_rate", rate)
    assert bf16_is_faster(torch.device("mps")) is False


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parent.parent / "chapters").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_a_chapter_asks_for_its_device_and_assumes_none(path):
    """It names a kind of device only to compare with it; "meta" has shapes and no numbers, and is everywhere."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert "device = choose_device()" in code
    tree = ast.parse(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert {getattr(call.func, "attr", "") for call in calls}.isdisjoint({"cuda", "mps", "is_available"})
    places = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in PLACES]
    handed = [argument for call in places for argument in call.args]
    handed += [word.value for call in calls for word in call.keywords if word.arg == "device"]
    assert {argument.value for argument in handed if isinstance(argument, ast.Constant)} <= {"meta", "cpu", *SOURCES}
