"""Pictures instead of `ipywidgets.interact`: one drawn beforehand for each setting, so that sliders move without Python."""

from collections.abc import Callable, Iterable
from itertools import product

import traitlets
from matplotlib.figure import Figure

from lib.widgets.widget import Widget, source, webp

MOST = 50  # pictures: more would weigh too much on a page


class Frames(Widget):
    """The pictures that `frames` drew, and sliders that choose among them."""

    _esm = source("kit.js", "frames.js")
    key = traitlets.Unicode("frames").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["at"]).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    values = traitlets.List(traitlets.List()).tag(sync=True)
    pictures = traitlets.List(traitlets.Bytes()).tag(sync=True)
    at = traitlets.List(traitlets.Int()).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    first: Figure

    def description(self) -> str:
        setting = [f"{name} = {values[0]}" for name, values in zip(self.names, self.values, strict=True)]
        return f"{self.alt} Here {', '.join(setting)}."

    def picture(self) -> Figure:
        return self.first


def frames(draw: Callable[..., Figure], alt: str, key: str = "frames", dpi: int = 80, **values: Iterable) -> Frames:
    """Return the widget that shows `draw(name=value, ...)` for every combination of `values`, as `interact` would.

    `alt` is a sentence on what is drawn, for those who cannot see it. Raises ValueError for more than 50 pictures.
    """
    lists = {name: list(each) for name, each in values.items()}
    settings = [dict(zip(lists, chosen, strict=True)) for chosen in product(*lists.values())]
    if not 0 < len(settings) <= MOST:
        raise ValueError(f"{len(settings)} pictures: a page carries 1 to {MOST}; give fewer values")
    figures = [draw(**setting) for setting in settings]
    widget = Frames(
        key=key,
        names=list(lists),
        values=list(lists.values()),
        pictures=[webp(figure, dpi) for figure in figures],
        at=[0] * len(lists),
        alt=alt,
    )
    widget.first = figures[0]
    return widget
