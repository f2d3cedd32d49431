"""Numbers that the prose of a chapter quotes: glued from a run, never typed."""

import re

from IPython.display import display


def glue(name: str, value: object) -> None:
    """Store the text of `value` under `name` in the notebook, for the role {glue:text} of the built page.

    A number, its spread and its sign stay on one line there.
    Does what `myst_nb.glue` does, for machines where the site's tools are not installed (Colab).
    """
    record = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
    text = re.sub(" [%×]| ± ", lambda sign: sign.group().replace(" ", "\N{NO-BREAK SPACE}"), str(value))
    # the role evaluates what is stored as a Python literal: bare, "55,000" would be shown as (55, 0)
    display({"application/papermill.record/text/plain": repr(text)}, metadata=record, raw=True)
