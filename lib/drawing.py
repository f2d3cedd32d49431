"""Networks drawn from their layer tables, to scale, as SVG.

Every block is the output of one layer. Its height and depth are the map's sides in pixels, its width the number
of maps; the units of a dense layer are laid out as a square. So the volume of a block is its number of units.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lib.cost import LayerTable
from lib.plots import INK

PIXEL = 0.8  # points per pixel of a map's side
MAP = 0.2  # points per map
SLANT = 0.35  # how far the third dimension is drawn to the right and up


@dataclass(frozen=True)
class Block:
    """One block: sides in points (width along the row, height) and what it says; it is as deep as it is high."""

    width: float
    height: float
    label: str
    title: str

    @property
    def slant(self) -> float:
        return self.height * SLANT


def blocks(table: LayerTable, input_shape: Sequence[int]) -> list[Block]:
    """Return the input and every layer that changes the shape of what it reads (activations and dropout do not)."""
    shapes = [("input", tuple(input_shape), 0), *((layer.kind, layer.output, layer.parameters) for layer in table.layers)]
    found = []
    for kind, shape, parameters in shapes:
        if kind != "input" and not parameters and "Pool" not in kind:
            continue
        maps, side = (shape[0], shape[1]) if len(shape) == 3 else (1, math.sqrt(shape[0]))
        label = f"{shape[0]}" if len(shape) == 1 else f"{maps} × {shape[1]}²"
        title = f"{kind}, output {' x '.join(map(str, shape))}" + (f", {parameters:,} parameters" if parameters else "")
        found.append(Block(max(maps * MAP, 1.2), side * PIXEL, label, title))
    return found


def network_svg(
    network: Sequence[Block], color: str, left: float, ground: float, labels: bool, gap: float
) -> tuple[str, float]:
    """Return the SVG of one row of blocks standing on the line y = `ground`, and the x where it ends."""
    parts, x = [], left
    for at, block in enumerate(network):
        shape = _block_svg(block, color, x, ground)
        parts.append(f"<g><title>{html.escape(block.title)}</title>{shape}")
        if labels:
            middle, y = x + (block.width + block.slant) / 2, ground + 14 + 12 * (at % 2)
            parts.append(f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle">{block.label}</text>')
        parts.append("</g>")
        x += block.width + block.slant + gap
    return "".join(parts), x - gap


def _block_svg(block: Block, color: str, x: float, ground: float) -> str:
    """Return the three visible faces of `block`: front, top, side; each a little darker than the last."""
    w, h, s = block.width, block.height, block.slant
    top = ground - h
    front = f"{x:.1f},{ground:.1f} {x + w:.1f},{ground:.1f} {x + w:.1f},{top:.1f} {x:.1f},{top:.1f}"
    roof = f"{x:.1f},{top:.1f} {x + w:.1f},{top:.1f} {x + w + s:.1f},{top - s:.1f} {x + s:.1f},{top - s:.1f}"
    side = f"{x + w:.1f},{ground:.1f} {x + w + s:.1f},{ground - s:.1f} {x + w + s:.1f},{top - s:.1f} {x + w:.1f},{top:.1f}"
    faces = ((front, 0.55), (roof, 0.35), (side, 0.85))
    return "".join(f'<polygon points="{points}" fill="{color}" fill-opacity="{opacity}"/>' for points, opacity in faces)


def svg(content: str, width: float, height: float, title: str) -> str:
    """Return a complete SVG document of `width` x `height` points whose accessible name is `title`."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="9.5" fill="{INK}"><title>{html.escape(title)}</title>{content}</svg>\n'
    )
