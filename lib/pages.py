"""Numbers that the prose of a chapter quotes: glued from a run, never typed."""

from IPython.display import display


def glue(name: str, value: object) -> None:
    """Store the text of `value` under `name` in the notebook, for the role {glue:text} of the built page.

    Does what `myst_nb.glue` does, for machines where the site's tools are not installed (Colab).
    """
    record = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
    # the role evaluates what is stored as a Python literal: bare, "55,000" would be shown as (55, 0)
    display({"application/papermill.record/text/plain": repr(str(value))}, metadata=record, raw=True)
