"""What all widgets share: a module of JavaScript that holds the behavior, and a picture for where none can run.

A widget is an anywidget. JupyterLab and Colab run its module; so does the built page, without a kernel
(assets/widget-host.js). A printed page, a browser without JavaScript and a notebook without anywidget show the picture.
"""

import base64
import html
import importlib.util
import io
from collections.abc import Iterable
from pathlib import Path

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

FOLDER = Path(__file__).parent
INSTALL = "Install the package anywidget and restart the kernel to make this picture live."


def source(*names: str) -> str:
    """Return the files `names` of this folder as one module, since a widget's module can import no neighbor."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def _base() -> type:
    """Return anywidget's class; where it is not installed (Colab), one that holds the same values and shows a picture."""
    if importlib.util.find_spec("anywidget") is None:
        return traitlets.HasTraits
    from anywidget import AnyWidget

    return AnyWidget


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return `figure` as the bytes of a PNG file with a transparent ground."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def image_bytes(images: Iterable[Tensor]) -> bytes:
    """Return `images` (28 x 28 bytes each, with or without a channel) one after the other, for a trait of bytes."""
    return b"".join(image.cpu().reshape(28, 28).numpy().tobytes() for image in images)


def images_of(packed: bytes) -> Tensor:
    """Return the images (N x 28 x 28 bytes) that `image_bytes` made `packed` of."""
    return torch.frombuffer(bytearray(packed), dtype=torch.uint8).reshape(-1, 28, 28)


class Widget(_base()):
    """The base of the book's widgets. `key` names one on its page and in the address, so that no two clash there.

    The traits that `linked` names are what a reader can change, and what the address of the page keeps.
    """

    _ipython_display_ = None  # that of ipywidgets 7 (Colab) would come first, and leave the picture out
    _css = source("widgets.css")
    key = traitlets.Unicode().tag(sync=True)
    linked = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def picture(self) -> Figure:
        """Return what a reader sees where no JavaScript runs."""
        raise NotImplementedError

    def description(self) -> str:
        """Return the picture in words, for those who cannot see it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _repr_mimebundle_(self, **options) -> tuple[dict, dict]:
        live = hasattr(super(), "_repr_mimebundle_")
        bundle, metadata = super()._repr_mimebundle_(**options) if live else ({"text/plain": repr(self)}, {})
        return {**bundle, "text/html": self._still(live)}, metadata

    def _still(self, live: bool) -> str:
        """Return the picture as HTML, in the box that the built page turns into the live widget."""
        picture = base64.b64encode(png(self.picture())).decode()
        model = f' data-model="{self.model_id}"' if live else ""
        image = f'<img class="widget-still" alt="{html.escape(self.description())}" src="data:image/png;base64,{picture}">'
        note = "" if live else f"<p>{INSTALL}</p>"
        return f'<div class="book-widget" id="widget-{self.key}"{model}>{image}{note}</div>'
