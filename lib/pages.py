"""Numbers that the prose of a chapter quotes: glued from a run, never typed."""

import re
import time

import torch
from IPython.display import display

from lib.device import budget, device_name
from lib.minutes import one_chapter


def glue(name: str, value: object) -> None:
    """Store the text of `value` under `name` in the notebook, for the role {glue:text} of the built page.

    A number, its spread and its sign stay on one line there.
    Does what `myst_nb.glue` does, for machines where the site's tools are not installed (Colab).
    """
    record = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
    text = re.sub(" [%×]| ± ", lambda sign: sign.group().replace(" ", "\N{NO-BREAK SPACE}"), str(value))
    # the role evaluates what is stored as a Python literal: bare, "55,000" would be shown as (55, 0)
    display({"application/papermill.record/text/plain": repr(text)}, metadata=record, raw=True)


def glue_run(chapter: str, started: float, device: torch.device) -> None:
    """Glue what the top of `chapter` ("01-reading-digits") says of its run, which began at `started` on the clock.

    "ch01-expected" is the recorded time; "ch01-seconds", "ch01-device" and "ch01-budget" are those of this run.
    """
    number = f"ch{chapter[:2]}"
    glue(f"{number}-expected", one_chapter(chapter))
    glue(f"{number}-seconds", f"{time.perf_counter() - started:.0f}")
    glue(f"{number}-device", device_name(device))
    glue(f"{number}-budget", budget(device))
