"""One widget of every kind, small and made of drawn data, what a reader does with it, and a page that holds some."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.figure import Figure
from site_checks import ROOT

from lib import plots, standins, widgets
from lib.data import Dataset, Split
from lib.models import LeNet5

if TYPE_CHECKING:
    from lib.widgets.widget import Widget

KINDS = [getattr(widgets, name) for name in widgets.__all__ if isinstance(getattr(widgets, name), type)]
RUNS = ("lenet5-modern", "half-alexnet", "ladder-lenet-5", "ladder-relu", "ladder-momentum")
# What a reader does with each: the control, and the key that is pressed on it, or none for a click.
ACTS = {
    "Augmentation": ("button", ""),
    "C3Table": (".c3-cell", ""),
    "Convolution": ("button", ""),
    "Dropout": (".w-row > button", ""),
    "Frames": ("input", "ArrowRight"),
    "LeNetReader": ("button[aria-label='Move the digit up']", ""),
    "MemoryWall": ("input[type=checkbox]", ""),
    "OcclusionProbe": ("button", ""),
    "Replay": (".replay-count[tabindex='-1']", ""),
    "SaturationLab": (".w-row > button", ""),
    "ShapeBench": ("tbody button[aria-pressed=false]", ""),
    "Switchboard": (".board-runs button:nth-child(2)", ""),
}
# All that a reader sees of a widget, aside from what is hidden, names that it draws by lot, and what says nothing.
SEEN = """(box) => {
  const shown = box.cloneNode(true);
  shown.querySelectorAll("[hidden]").forEach((part) => part.remove());
  return [shown.innerHTML.replace(/ (name|src)="[^"]*"| (class|style)=""/g, ""),
    ...[...box.querySelectorAll("canvas")].filter((canvas) => canvas.offsetParent).map((canvas) => canvas.toDataURL()),
    ...[...box.querySelectorAll("input, select")].map(({ value, checked }) => `${value} ${checked}`)].join(" | ");
}"""


def drawn() -> Dataset:
    """Thirty silhouettes in three parts."""
    images, labels = map(torch.from_numpy, standins._silhouettes(30, seed=1))
    parts = [Split(images[at : at + 10, None], labels[at : at + 10].long()) for at in (0, 10, 20)]
    return Dataset("Shapes", tuple("ABCDEFGHIJ"), 0.3, 0.3, *parts, "drawn for the tests")


def bars(height: int) -> Figure:
    """A picture for the widget that chooses among pictures."""
    figure, axis = plots.blank(size=(2, 1))
    axis.bar([0], [height])
    return figure


def examples(suffix: str = "") -> list[Widget]:
    """One widget of every kind; `suffix` ends their keys, so that two lists can stand on one page."""
    torch.manual_seed(0)
    model, data = LeNet5(), drawn()
    few, images = data.test.take(3), {"one": data.test.images[0], "another": data.test.images[1]}
    large = {"large": torch.arange(40 * 40).remainder(251).byte().reshape(40, 40)}
    ramp = np.linspace(0, 255, 128)[:, None, None] * np.ones((128, 128, 3)) * [1, 0.8, 0.6]
    made = [
        widgets.Augmentation(ramp.astype(np.uint8)),
        widgets.C3Table(),
        widgets.Convolution(large | images, {"drawn": torch.randn(5, 5)}),
        widgets.Dropout(model, data, data.test.images[0]),
        widgets.frames(bars, "A bar of some height.", height=[1, 2, 3]),
        widgets.LeNetReader(model, data, few),
        widgets.MemoryWall(cards=2, batch=512),  # too much for 3 GB: it shows its color of alarm
        widgets.OcclusionProbe(model, data, images),
        widgets.Replay({name: f"replay-lenet5-{name}" for name in ("modern", "constant")}, data),
        widgets.SaturationLab(),
        widgets.ShapeBench(),
        widgets.Switchboard({name: name for name in RUNS}),
    ]
    for each in made:
        each.key += suffix
    return made


def act(box, kind: str) -> None:
    """Do in the widget `box`, a locator of Playwright, what ACTS says for its kind."""
    control, key = ACTS[kind]
    if key:
        box.locator(control).first.press(key)
    else:
        box.locator(control).first.click()


def write_page(file, shown: list[Widget]) -> None:
    """Write a page of widgets as the build does: their pictures, their state, and the script that runs them."""
    import ipywidgets

    sys.path.insert(0, str(ROOT / "_ext"))
    from light_pages import state_script

    boxes = "".join(each._repr_mimebundle_()[0]["text/html"] for each in shown)
    state = state_script(json.dumps(ipywidgets.Widget.get_manager_state(widgets=shown))).replace("</", "<\\/")
    host = (ROOT / "assets" / "widget-host.js").read_text(encoding="utf-8")
    text = f"{boxes}<script>{state}</script><script>{host}</script>"
    file.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>widgets</title>{text}', encoding="utf-8")
