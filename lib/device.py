"""Where a chapter computes, and how much it may compute there.

Both are decided once, by the caller: the library follows the device of the tensors it is given.
"""

import math
import os
import statistics
import time
from collections.abc import Callable

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

BUDGETS = ("test", "page", "full")


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called `name`; without a name the fastest one here: CUDA, then MPS, then CPU.

    Raises ValueError when the named device does not exist on this machine.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name is None:
        return torch.device(next(kind for kind, available in here.items() if available))
    kind, _, index = name.partition(":")
    found = here.get(kind, False) and (not index or kind != "cuda" or int(index) < torch.cuda.device_count())
    if not found:
        choices = ", ".join(kind for kind, available in here.items() if available)
        raise ValueError(f"device {name!r} is not on this machine: choose one of {choices}, or name none")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """Return the words for `device` that stand beside a speed, e.g. "NVIDIA H200" or "CPU, 2 threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU (MPS)"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def budget(device: torch.device) -> str:
    """Return "test" (seconds), "page" (at most two minutes a chapter on two cores) or "full" (everything).

    A GPU gets "full", everything else "page"; the environment variable BOOK_BUDGET overrides both.
    """
    chosen = os.environ.get("BOOK_BUDGET") or ("full" if device.type == "cuda" else "page")
    if chosen not in BUDGETS:
        raise ValueError(f"BOOK_BUDGET is {chosen!r}: it must be one of {', '.join(BUDGETS)}")
    return chosen


def matrix_rate(device: torch.device, dtype: torch.dtype, size: int = 512, repeats: int = 20) -> float:
    """Return the operations a second of multiplying two `size` x `size` matrices, the best of three rounds.

    A multiplication counts as 2 `size`**3 operations: one multiplication and one addition for each term.
    """
    matrix = torch.ones(size, size, device=device, dtype=dtype)
    best = math.inf
    for _ in range(4):  # the first round warms up
        started = time.perf_counter()
        for _ in range(repeats):
            product = matrix @ matrix
        product[0, 0].item()  # waits for a GPU
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 * repeats / best


def seconds_of(
    work: Callable[[], object],
    device: torch.device,
    rounds: int = 5,
    least: float = 0.02,
) -> float:
    """Return the seconds of one call of `work`: the median of some rounds."""
    return statistics.median(rounds_of(work, device, rounds, least))


def rounds_of(
    work: Callable[[], object],
    device: torch.device,
    rounds: int = 5,
    least: float = 0.02,
) -> list[float]:
    """Return the seconds of one call of `work` in each of some rounds.

    A round lasts about `least` seconds, or one call if that takes longer.
    """

    def one_round(calls: int) -> float:
        started = time.perf_counter()
        for _ in range(calls):
            work()
        finish(device)
        return (time.perf_counter() - started) / calls

    one_round(1)  # warms up
    calls = max(1, round(least / one_round(1)))
    return [one_round(calls) for _ in range(rounds)]


def seconds_by_operation(work: Callable[[], object], device: torch.device) -> tuple[dict[str, float], float]:
    """Return the seconds of `work` in each operation of torch, as its profiler has them, and the seconds of all of it.

    On a GPU the first are those of its kernels. The profiler slows what it watches, short operations most.
    """
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    with profile(activities=activities) as profiler:
        started = time.perf_counter()
        work()
        finish(device)
        seconds = time.perf_counter() - started
    clock = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    events = (event for event in profiler.key_averages() if event.device_type == DeviceType.CPU)  # not their kernels again
    return {event.key: getattr(event, clock) / 1e6 for event in events}, seconds


def finish(device: torch.device) -> None:
    """Return when `device` has done all that it was given: a GPU answers before it has worked."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def bf16_is_faster(device: torch.device) -> bool:
    """Return whether `device` multiplies matrices faster in bfloat16 than in float32, by trying it (a few ms)."""
    try:
        return matrix_rate(device, torch.bfloat16) > 1.4 * matrix_rate(device, torch.float32)
    except (RuntimeError, TypeError):  # an Apple GPU before macOS 14 does not know these numbers
        return False
