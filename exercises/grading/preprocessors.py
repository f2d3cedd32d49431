"""Three plug-ins for nbgrader: plain Markdown for students, bounded execution, answers judged outside the sandbox."""

import ast
import asyncio
import json
import math
import re
import time
from pathlib import Path
from queue import Empty

import zmq.asyncio
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Dict, Instance, Unicode

from exercises.grading.sandbox_kernel import MB, SOCKETS, Limits, kernel_spec

LONGEST_ANSWER = 20_000  # characters
PATIENCE = 10  # seconds for a kernel to answer an interrupt, and for the end of a cell's output
FLOOD = 10  # times the output that is kept; a cell that writes more is interrupted
MESSAGES = {"status", "execute_input", "stream", "display_data", "execute_result", "error"}
FORMS = ("text/plain", "image/png")  # of an output; nothing that a browser would run
START = re.compile(r"^(`{3,}|:{3,})\{exercise-start\}\s*(.*)$")
GATE = re.compile(r"^(`{3,}|:{3,})\{(exercise-start|exercise-end|solution-start|solution-end)\}")


def label(cell) -> str:
    """Return the label of a cell, empty if it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def plain(text: str, facts: str) -> str:
    """Return Markdown without the book's gates around exercises: the start becomes a heading with `facts` below."""
    lines, fence = [], None
    for line in text.split("\n"):
        if fence:
            fence = None if line.strip() == fence else fence
        elif gate := GATE.match(line):
            fence = gate[1]
            if start := START.match(line):
                lines += [f"## {start[2]}", "", facts]
        else:
            lines.append(line)
    return "\n".join(lines).strip()


class PlainMarkdown(NbGraderPreprocessor):
    """The student's version: headings instead of gates, with points, minutes and goal; no tags, no metadata of the book."""

    def preprocess(self, nb, resources):
        points = {label(cell): cell.metadata.nbgrader.points for cell in nb.cells if utils.is_grade(cell)}
        for cell in nb.cells:
            about = cell.metadata.pop("exercise", None)
            cell.metadata.pop("tags", None)
            if cell.cell_type != "markdown" or utils.is_solution(cell):
                continue
            facts = ""
            if about:
                task = label(cell).removesuffix("-text")
                worth = points.get(f"{task}-hidden", points.get(task))
                facts = f"*{worth:g} point{'s' * (worth != 1)}, about {about.minutes} min.* **Goal:** {about.goal}"
            cell.source = plain(cell.source, facts)
        nb.cells = [cell for cell in nb.cells if cell.source.strip()]
        return nb, resources


class Manager(AsyncKernelManager):
    """A kernel's manager whose clients share its context, and with it the limit to a message."""

    def client(self, **named):
        return super().client(context=self.context, **named)


class BoundedExecute(Execute):
    """Run a notebook in the sandbox, within a time for each cell and one for all, and keep little and harmless output."""

    limits = Instance(Limits, ())
    folder = Unicode(help="a private folder with a short path")

    def create_kernel_manager(self):
        spec = Path(self.folder, "kernels", "grading-sandbox", "kernel.json")
        spec.parent.mkdir(parents=True)
        spec.write_text(json.dumps(kernel_spec(self.limits)), encoding="utf-8")
        sockets = Path(self.folder, SOCKETS)
        sockets.mkdir()
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, self.limits.message * MB)
        self.km = Manager(
            kernel_name="grading-sandbox",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(spec.parents[1])], ensure_native_kernel=False),
            transport="ipc",  # there is no network inside
            connection_file=str(sockets / "k.json"),
            context=context,
        )
        return self.km

    def preprocess(self, nb, resources, km=None):
        self.shutdown_kernel, self.store_widget_state, self.record_timing = "immediate", False, False
        self.startup_timeout, self.iopub_timeout = 60, PATIENCE
        self.deadline, self.written = None, {}
        return super().preprocess(nb, resources, km)

    def preprocess_cell(self, cell, resources, index):
        now = time.monotonic()
        self.deadline = self.deadline or now + self.limits.notebook  # the kernel has started only now
        if now > self.deadline:
            raise CellTimeoutError(f"the notebook ran longer than {self.limits.notebook} s")
        return super().preprocess_cell(cell, resources, index)

    def _get_timeout(self, cell):
        left = (self.deadline or math.inf) - time.monotonic()
        return max(1, min(self.limits.cell, left))

    async def _async_handle_timeout(self, timeout, cell=None):
        reply = await super()._async_handle_timeout(timeout, cell)  # interrupts the kernel
        try:
            await self.kc.shell_channel.get_msg(timeout=PATIENCE)
        except Empty:
            raise CellTimeoutError("the interrupt was ignored") from None
        return reply

    def process_message(self, msg, cell, cell_index):
        return super().process_message(msg, cell, cell_index) if msg["msg_type"] in MESSAGES else None

    def output(self, outs, msg, display_id, cell_index):
        content = msg["content"]
        before = self.written.get(cell_index, 0)
        self.written[cell_index] = written = before + len(str(content))
        if before <= FLOOD * self.limits.output < written:
            self.interruption = asyncio.ensure_future(self.km.interrupt_kernel())
        if written > self.limits.output:
            return None
        if "data" in content:
            content["data"] = {form: value for form, value in content["data"].items() if form in FORMS}
        return super().output(outs, msg, display_id, cell_index)


def answer(cell) -> str | None:
    """Return the value of a cell's last expression as text, None where it gave none."""
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    return str(results[0].data.get("text/plain", ""))[: LONGEST_ANSWER + 1] if results else None


def same(given: str, right: str) -> bool:
    """Say whether two answers agree: as text, or as Python values with numbers within 1e-4 of each other."""
    if given == right:
        return True
    if len(given) > LONGEST_ANSWER:
        return False
    try:
        return close(ast.literal_eval(given), ast.literal_eval(right))
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        return False  # no value, or none that can be compared


def close(given, right) -> bool:
    if isinstance(given, bool) or isinstance(right, bool):
        return given is right
    if isinstance(right, (int, float)) and isinstance(given, (int, float)):
        return math.isclose(given, right, rel_tol=1e-4, abs_tol=1e-6)
    if isinstance(right, (list, tuple)) and isinstance(given, (list, tuple)):
        return len(given) == len(right) and all(map(close, given, right))
    if isinstance(right, dict) and isinstance(given, dict):
        return given.keys() == right.keys() and all(close(given[key], right[key]) for key in right)
    return type(given) is type(right) and given == right


class CompareHidden(NbGraderPreprocessor):
    """Judge the hidden checks here, where the student's code does not run: what differs becomes an error, worth 0 points."""

    answers = Dict(help="the right answers, by the label of the check")

    def preprocess_cell(self, cell, resources, index):
        if (name := label(cell)) in self.answers:
            given, errors = answer(cell), [output for output in cell.outputs if output.output_type == "error"]
            if errors:
                cell.outputs = errors
            elif given is None:
                cell.outputs = [new_output("error", ename="NoAnswer", evalue="the check did not come to its end")]
            elif not same(given, self.answers[name]):
                cell.outputs = [new_output("error", ename="WrongAnswer", evalue="the answer differs from the right one")]
            else:
                cell.outputs = []  # warnings on stderr would cost the points
        return cell, resources
