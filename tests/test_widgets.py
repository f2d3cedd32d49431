"""The widgets: each agrees with Python, is light, and leaves a picture where it cannot run.

Their modules run in the system's Chromium; what a reader does with them on the pages is in test_site.py.
"""

import gzip
import random
import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from lib import widgets
from lib.cost import layer_table
from lib.models.layers import PartialConv2d
from lib.models.lenet import C3_TABLE
from lib.widgets.shape_bench import ShapeBench, describe, networks
from lib.widgets.widget import FOLDER, Widget, source

MOST_CODE = 30_000  # bytes of a widget's module and style, packed
LONGEST = 165  # lines of a module
IMPORT = """async (code) => {
  globalThis.m = await import(URL.createObjectURL(new Blob([code], {type: "text/javascript"})));
}"""
KINDS = [getattr(widgets, name) for name in widgets.__all__ if isinstance(getattr(widgets, name), type)]


@pytest.fixture(scope="module")
def module(browser):
    """A function that loads files of lib/widgets as one module and returns a function that evaluates with it as `m`."""
    page = browser.new_page()

    def load(*names: str):
        page.evaluate(IMPORT, source("kit.js", *names))
        return lambda script, argument=None: page.evaluate(script, argument)

    yield load
    page.close()


# --- what all share ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_code_of_a_widget_is_light_and_loads_nothing(kind):
    code = str(kind._esm) + str(kind._css)
    assert len(gzip.compress(code.encode())) < MOST_CODE
    assert not re.search(r"https?:|\bimport\b|\bfetch\b|innerHTML", code.replace("http://www.w3.org", ""))


def test_every_module_of_javascript_is_short():
    for file in FOLDER.glob("*.js"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST, file.name


def test_the_names_in_the_address_differ_from_widget_to_widget():
    keys = [kind.class_traits()["key"].default_value for kind in KINDS]
    assert len(set(keys)) == len(keys)
    assert all(keys)
    for kind in KINDS:
        linked = kind.class_traits()["linked"].default()
        assert set(linked) <= set(kind.class_traits())


def test_a_widget_is_shown_with_its_picture_and_the_same_words_at_every_run():
    shown, _ = widgets.C3Table()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == "C3Table()"
    assert re.search(r'id="widget-c3" data-model="\w+"><img class="widget-still" alt="[^"]{40,}', shown["text/html"])


def test_without_anywidget_the_picture_stands_alone_and_says_what_to_install(tmp_path):
    script = """
import sys
sys.modules["anywidget"] = None
from lib.widgets import C3Table
shown, _ = C3Table()._repr_mimebundle_()
print(sorted(shown), "Install the package anywidget" in shown["text/html"])
"""
    answer = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['text/html', 'text/plain'] True"


def test_a_widget_that_draws_or_says_nothing_is_not_finished():
    for missing in (Widget().picture, Widget().description):
        with pytest.raises(NotImplementedError):
            missing()


# --- the connection table of C3 ------------------------------------------------------------------


def tables() -> list[tuple[tuple[int, ...], ...]]:
    """Table I, the dense table, AlexNet's two columns, and twenty drawn ones in which every map reads something."""
    draw = random.Random(0)
    drawn = [tuple(tuple(sorted(draw.sample(range(6), draw.randint(1, 6)))) for _ in range(16)) for _ in range(20)]
    return [C3_TABLE, (tuple(range(6)),) * 16, ((0, 1, 2),) * 8 + ((3, 4, 5),) * 8, *drawn]


def test_a_connection_table_costs_what_the_library_counts(module):
    run = module("c3_table.js")
    for table in tables():
        counted = run("(reads) => m.countTable(reads)", list(widgets.C3Table(table).reads))
        layer = layer_table(nn.Sequential(PartialConv2d(table, 6, kernel_size=5)), (6, 14, 14)).layers[0]
        assert (counted["parameters"], counted["connections"]) == (layer.parameters, layer.connections)
        assert counted["kernels"] == sum(map(len, table))
        assert counted["each"] == list(map(len, table))
        assert counted["kinds"] == len(set(table))


def test_the_table_of_1998_has_60_kernels_1516_parameters_and_151600_connections(module):
    counted = module("c3_table.js")("(reads) => m.countTable(reads)", list(widgets.C3Table().reads))
    assert [counted[name] for name in ("kernels", "parameters", "connections")] == [60, 1_516, 151_600]
    assert counted["readers"] == [10] * 6


def test_a_table_goes_to_the_widget_and_back():
    for table in tables():
        assert widgets.C3Table(table).table == table


def test_the_words_under_a_table_tell_twins_and_idle_maps(module):
    tell = "(reads) => m.tellTable(m.countTable(reads))"
    run = module("c3_table.js")
    assert run(tell, list(widgets.C3Table().reads)) == "No two maps read the same."
    assert "All 16 maps read the same" in run(tell, [63] * 16)
    assert run(tell, [0, 0, *range(1, 15)]) == "16 maps, but only 15 different readings. 2 maps read nothing."
    assert "No map reads anything" in run(tell, [0] * 16)


# --- the bench ---------------------------------------------------------------------------------------


def rows_of(model: nn.Module, shape: tuple[int, int, int]) -> list[dict]:
    """What the bench should show, from the library's table: a bias of units belongs to the layer before it."""
    rows = []
    for layer in layer_table(model, shape).layers:
        if layer.kind == "UnsharedBias":
            rows[-1]["parameters"] += layer.parameters
        elif layer.parameters or layer.macs or "Pool" in layer.kind:
            output = list(layer.output)
            rows.append({"output": output, "parameters": layer.parameters, "macs": layer.macs, "bytes": layer.memory})
    return rows


@pytest.mark.parametrize("name", networks())
def test_the_bench_counts_every_network_of_the_book_as_the_library_does(module, name):
    model = networks()[name]
    shape = getattr(model, "input_shape", (3, 224, 224))
    found = module("shape_bench.js")("(line) => m.networkCost(m.parseNetwork(line))", describe(model, shape))
    expected = rows_of(model, shape)
    assert [{key: row[key] for key in expected[0]} for row in found["rows"]] == expected
    table = layer_table(model, shape)
    assert (found["parameters"], found["macs"]) == (table.parameters, table.macs)


def test_the_bench_counts_any_convolution_as_torch_does(module):
    draw, run = random.Random(1), module("shape_bench.js")
    for _ in range(40):
        groups, side, kernel = draw.choice([1, 2, 3]), draw.randint(11, 60), draw.randint(1, 11)
        maps, channels = groups * draw.randint(1, 5), groups * draw.randint(1, 4)
        layer = nn.Conv2d(channels, maps, kernel, draw.randint(1, 5), draw.randint(0, 3), groups=groups)
        model = nn.Sequential(layer)
        (row,) = layer_table(model, (channels, side, side)).layers
        found = run("(line) => m.networkCost(m.parseNetwork(line)).rows[0]", describe(model, (channels, side, side)))
        assert (tuple(found["output"]), found["parameters"], found["macs"]) == (row.output, row.parameters, row.macs)
        unread = torch.ones(1, channels, side, side, requires_grad=True)
        nn.init.ones_(layer.weight)
        layer(unread).sum().backward()
        if layer.padding[0] == 0 and layer.stride[0] <= kernel:
            assert found["rest"] == (unread.grad[0, 0, 0] == 0).sum()


def test_the_bench_says_what_cannot_work(module):
    tell = "(line) => { const n = m.parseNetwork(line); return m.tellBench(n, m.networkCost(n)); }"
    run = module("shape_bench.js")
    assert run(tell, "3x8x8 c6k11") == "Layer 1 cannot work. The window of 11 is larger than the 8 pixels that it reads."
    assert run(tell, "3x8x8 c6k3 c8k3g4 d9") == "Layer 2 cannot work. 4 groups do not divide 6 maps into 8."
    unwhole = run("(line) => m.networkCost(m.parseNetwork(line))", "3x8x8 c6k11 d9")
    assert not unwhole["whole"]
    assert unwhole["rows"][1] == {}


@pytest.mark.parametrize("line", ["", "3x8x8", "3x8x9 c6k3", "3x8x8 c0k3", "3x8x8 c6k0", "3x8x8 c6<b>", "3x8x8 x", "0x8x8 c6"])
def test_the_bench_takes_no_line_that_describes_no_network(module, line):
    assert module("shape_bench.js")("(line) => m.parseNetwork(line)", line) is None


def test_a_network_goes_to_the_bench_and_back(module):
    for line in ShapeBench().presets.values():
        assert module("shape_bench.js")("(line) => m.writeNetwork(m.parseNetwork(line))", line).split()[0] == line.split()[0]
        again = module("shape_bench.js")("(line) => m.writeNetwork(m.parseNetwork(line))", line)
        same = "([a, b]) => JSON.stringify(m.parseNetwork(a)) === JSON.stringify(m.parseNetwork(b))"
        assert module("shape_bench.js")(same, [line, again])
