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
    return _file(figure, dpi, "png")


def webp(figure: Figure, dpi: int = 110) -> bytes:
    """Return `figure` as the bytes of a WebP file, pixel for pixel that of `png` and smaller."""
    return _file(figure, dpi, "webp", lossless=True)


def _file(figure: Figure, dpi: int, format: str, **options) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=format, dpi=dpi, pil_kwargs=options)
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
    room = (0, 0)  # pixels of height that a page keeps free until the widget runs: usually, and on a phone
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
        picture = png(self.picture())
        width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))  # where a PNG file says so
        wide, narrow = self.room
        model = f' data-model="{self.model_id}" style="--room: {wide}px; --room-phone: {narrow}px"' if live else ""
        image = (
            f'<img class="widget-still" alt="{html.escape(self.description())}" width="{width}" height="{height}" '
            f'src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        )
        note = "" if live else f"<p>{INSTALL}</p>"
        return f'<div class="book-widget" id="widget-{self.key}"{model}>{image}{note}</div>'
