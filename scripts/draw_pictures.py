"""Draw the pictures of the landing page into chapters/images, from the networks and silhouettes as the library has them.

python scripts/draw_pictures.py [FOLDER]
"""

import argparse
from pathlib import Path

import torch

from lib.cost import layer_table
from lib.drawing import blocks, network_svg, svg
from lib.models import AlexNet, LeNet5
from lib.plots import COLORS
from lib.standins import SHOES, SYMMETRIC

FOLDER = Path(__file__).parent.parent / "chapters" / "images"
CARD = (240, 120)  # points
# Images to train on, by year: MNIST, and the training set of the ILSVRC 2012 challenge.
DATASETS = (("MNIST, 1998", 60_000), ("ILSVRC, 2012", 1_281_167))
NETWORKS = {
    "lenet": ("LeNet-5", "1998", LeNet5, (1, 28, 28)),
    "alexnet": ("AlexNet", "2012", AlexNet, (3, 224, 224)),
}


def table_of(key: str):
    """Return the layer table of the network `key`, computed without memory for its weights."""
    *_, network, shape = NETWORKS[key]
    with torch.device("meta"):
        return layer_table(network(), shape)


def networks() -> str:
    """Return the book's first picture: LeNet-5 in blue on top, AlexNet in vermilion below, one scale."""
    parts, heading = [], []
    for key, left, ground, labels, gap in (("lenet", 140, 70, False, 5), ("alexnet", 8, 285, True, 9)):
        name, year, _, shape = NETWORKS[key]
        table = table_of(key)
        drawn, end = network_svg(blocks(table, shape), COLORS[key], left, ground, labels, gap)
        cost = f"{table.parameters:,} parameters · {table.macs:,} multiply-accumulates"
        heading.append(f"{name}, {year}: {cost} an image")
        x, y = (end + 18, ground) if key == "lenet" else (140, 160)
        parts.append(
            f'{drawn}<text x="{x:.0f}" y="{y - 16:.0f}" font-size="14" font-weight="600" fill="{COLORS[key]}">'
            f"{name}, {year}</text>"
            f'<text x="{x:.0f}" y="{y:.0f}" font-size="12">{cost}</text>'
        )
    return svg("".join(parts), 800, 320, f"Two networks at one scale. {'. '.join(heading)}.")


def card_of_network(key: str, scale: float, gap: float) -> str:
    """Return the network `key` alone on a card, `scale` times as large as in the first picture."""
    name, year, _, shape = NETWORKS[key]
    drawn, _ = network_svg(blocks(table_of(key), shape), COLORS[key], 0, 0, False, gap)
    content = f'<g transform="translate(10 {CARD[1] - 14}) scale({scale})">{drawn}</g>'
    return svg(content, *CARD, f"{name} of {year} drawn as a row of blocks")


def card_of_datasets() -> str:
    """Return one square per dataset, its area the number of training images."""
    parts, x = [], 14.0
    for (name, count), color in zip(DATASETS, COLORS.values(), strict=False):
        side = 92 * (count / DATASETS[-1][1]) ** 0.5
        parts.append(
            f'<rect x="{x:.1f}" y="{104 - side:.1f}" width="{side:.1f}" height="{side:.1f}" fill="{color}" fill-opacity="0.8"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="116">{name}</text>')
        x += max(side, 70) + 14
    return svg(
        "".join(parts), *CARD, "Two squares whose areas are the training images of MNIST and of the ILSVRC 2012 challenge"
    )


def card_of_silhouettes() -> str:
    """Return the ten silhouettes of the stand-in data in two rows, as outlines filled with the book's colors."""
    parts = []
    for kind in range(10):
        x, y = 16 + 42 * (kind % 5), 10 + 52 * (kind // 5)
        color = list(COLORS.values())[kind % 3]
        for level, outline in (SYMMETRIC | SHOES)[kind]:
            whole = [(14 + across, down) for across, down in outline] + [
                (14 - across, down) for across, down in reversed(outline)
            ]
            points = " ".join(f"{px:g},{py:g}" for px, py in (whole if kind in SYMMETRIC else outline))
            parts.append(
                f'<polygon transform="translate({x} {y}) scale(1.4)" points="{points}" fill="{color}" fill-opacity="{level}"/>'
            )
    return svg("".join(parts), *CARD, "Ten silhouettes: shirts, trousers, a dress, a coat, shoes, a bag and a boot")


def pictures() -> dict[str, str]:
    """Return every picture as SVG text by file name."""
    return {
        "networks.svg": networks(),
        "card-digits.svg": card_of_network("lenet", 2.4, 7),
        "card-ingredients.svg": card_of_datasets(),
        "card-alexnet.svg": card_of_network("alexnet", 0.32, 9),
        "card-fashion.svg": card_of_silhouettes(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pictures().items():
        (folder / name).write_text(content, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
