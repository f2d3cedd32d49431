"""lib.drawing: blocks to scale, and the book's first picture drawn from the networks as they are."""

import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lib.cost import layer_table
from lib.drawing import MAP, PIXEL, blocks, network_svg, svg
from lib.models import LeNet5

ROOT = Path(__file__).parent.parent


@pytest.fixture
def lenet():
    return blocks(layer_table(LeNet5(), (1, 28, 28)), (1, 28, 28))


def test_the_blocks_are_the_input_the_convolutions_the_poolings_and_the_dense_layers(lenet):
    assert [block.label for block in lenet] == ["1 × 28²", "6 × 28²", "6 × 14²", "16 × 10²", "16 × 5²", "120", "84", "10"]


def test_the_volume_of_a_block_is_its_number_of_units(lenet):
    for block, units in zip(lenet[3:], (1_600, 400), strict=False):
        assert block.width / MAP * (block.height / PIXEL) ** 2 == pytest.approx(units)
    for block, units in zip(lenet[5:], (120, 84, 10), strict=True):
        assert (block.height / PIXEL) ** 2 == pytest.approx(units)


def test_the_drawing_is_valid_svg_with_a_name_for_itself_and_each_block(lenet):
    content, end = network_svg(lenet, "#0072B2", 0, 100, labels=True, gap=5)
    names = [
        element.text for element in ET.fromstring(svg(content, end, 120, "LeNet-5")).iter() if element.tag.endswith("title")
    ]
    assert names[:3] == ["LeNet-5", "input, output 1 x 28 x 28", "Conv2d, output 6 x 28 x 28, 156 parameters"]
    assert len(names) == 9


def test_the_pictures_of_the_landing_page_are_drawn_from_the_library_as_it_is():
    """Renew them with `python scripts/draw_pictures.py`."""
    drawn = runpy.run_path(str(ROOT / "scripts" / "draw_pictures.py"))["pictures"]()
    for name, content in drawn.items():
        assert (ROOT / "chapters" / "images" / name).read_text(encoding="utf-8") == content, name
