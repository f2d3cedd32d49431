"""Shapes and costs of any network between LeNet and AlexNet, to be changed by hand."""

import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from lib import plots
from lib.cost import LayerTable, layer_table
from lib.models import ARTICLES, AlexNet, AlexNet2012, LeNet5, LeNet5Original, LeNet1989
from lib.models.layers import PartialConv2d, RBFOutput, Subsampling, UnsharedBias
from lib.widgets.widget import Widget, source


def networks() -> dict[str, nn.Module]:
    """Return the networks of the book by the names that the widget offers, without numbers in their weights."""
    from torchvision.models import alexnet

    with torch.device("meta"):
        known = {
            "LeNet of 1989": LeNet1989(),
            "LeNet-5 of 1998": LeNet5Original(),
            "LeNet-5 of the textbooks": LeNet5(),
            "AlexNet of 2012, 224 pixels": AlexNet2012(),
            "AlexNet of 2012, 227 pixels": _cut_227(),
            "AlexNet in one column": AlexNet(),
            "AlexNet of torchvision": alexnet(weights=None),
        }
        return known | {f"article: {name}": build() for name, build in ARTICLES.items()}


def _cut_227() -> nn.Module:
    """Return AlexNet2012 without the zeros at its edge, for pictures of 227 pixels."""
    network = nn.Sequential(*list(AlexNet2012())[1:])
    network.input_shape = (3, 227, 227)
    return network


def describe(model: nn.Module, input_shape: tuple[int, int, int]) -> str:
    """Return the line of words for `model` that shape_bench.js reads, e.g. "1x28x28 c6k5p2 a2s2 ...". Layers that
    neither change a shape nor have weights are left out.
    """
    words, border = ["x".join(map(str, input_shape))], (0, 0)
    for layer in (module for module in model.modules() if not list(module.children())):
        if isinstance(layer, nn.ZeroPad2d | nn.ConstantPad2d):
            border = layer.padding[0], layer.padding[1] - layer.padding[0]  # before, and how much more after
        elif isinstance(layer, UnsharedBias):
            words[-1] += "u1"
        elif word := _word(layer, *border):
            words.append(word)
            border = (0, 0)
    return " ".join(words)


def _word(layer: nn.Module, before: int = 0, more: int = 0) -> str:
    """Return the word for one layer, or nothing for one that costs nothing; `before` and `more` are the zeros of a border."""
    if isinstance(layer, nn.Conv2d | PartialConv2d):
        maps = len(layer.table) if isinstance(layer, PartialConv2d) else layer.out_channels
        zeros = before if isinstance(layer, PartialConv2d) else before + layer.padding[0]
        first = {"k": _side(layer.kernel_size), "s": _side(layer.stride), "p": zeros, "e": more}
        last = {"g": getattr(layer, "groups", 1), "t": len(layer.pairs) if isinstance(layer, PartialConv2d) else 0}
        usual = {"k": 1, "s": 1, "p": 0, "e": 0, "g": 1, "t": 0}
        return f"c{maps}" + "".join(f"{name}{value}" for name, value in {**first, **last}.items() if value != usual[name])
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
        return f"{'m' if isinstance(layer, nn.MaxPool2d) else 'a'}{_side(layer.kernel_size)}s{_side(layer.stride)}"
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return f"q{_side(layer.output_size)}"
    if isinstance(layer, RBFOutput):
        return f"r{len(layer.codes)}"
    return f"d{layer.out_features}" if isinstance(layer, nn.Linear) else "w2s2" if isinstance(layer, Subsampling) else ""


def _side(size: int | tuple[int, int]) -> int:
    return size[0] if isinstance(size, tuple) else size


class ShapeBench(Widget):
    """A network's layers with shapes, parameters and work; the reader changes any layer. `network` is the line of words."""

    _esm = source("kit.js", "shape_bench.js")
    room = (750, 1050)
    key = traitlets.Unicode("bench").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["network", "layer"]).tag(sync=True)
    network = traitlets.Unicode().tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)

    def __init__(self, start: str = "AlexNet of 2012, 224 pixels", **options):
        known = networks()
        self._table: LayerTable = layer_table(known[start], _input_shape(known[start]))
        self._name = start
        presets = {name: describe(model, _input_shape(model)) for name, model in known.items()}
        super().__init__(presets=presets, network=presets[start], **options)

    def description(self) -> str:
        return (
            f"Bars for the layers of {self._name}, which has {self._table.parameters:,} parameters and needs "
            f"{self._table.macs:,} multiply-accumulates: on the left the parameters of each layer, on the right its work."
        )

    def picture(self) -> Figure:
        layers = [layer for layer in self._table.layers if layer.parameters]
        figure, axes = plots.blank(1, 2, (6.6, 0.32 * len(layers) + 0.8), sharey=True)
        names = [f"{layer.kind}, {' × '.join(map(str, layer.output))}" for layer in layers]
        for axis, quantity, title in zip(axes, ("parameters", "macs"), ("parameters", "multiply-accumulates"), strict=True):
            values = [getattr(layer, quantity) for layer in layers]
            bars = axis.barh(range(len(layers)), values, color=plots.COLORS["alexnet"], height=0.6)
            axis.bar_label(bars, [f"{value:,}" for value in values], padding=3, color=plots.INK, fontsize=8)
            axis.set(title=title, xlim=(0, 1.5 * max(values)), xticks=[])
            axis.set_yticks(range(len(layers)), names, fontsize=8)
            axis.spines[:].set_visible(False)
        axes[0].invert_yaxis()
        return figure


def _input_shape(model: nn.Module) -> tuple[int, int, int]:
    return getattr(model, "input_shape", (3, 224, 224))  # torchvision's network does not say
