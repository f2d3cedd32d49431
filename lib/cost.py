"""What a network costs, layer by layer, counted while one image of zeros runs through it."""

import html
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Layer:
    """One layer: what it is, the shape it returns for one image, and its cost."""

    kind: str  # the class name: "Conv2d"
    detail: str  # "11x11, stride 4, padding 2"
    output: tuple[int, ...]
    parameters: int
    macs: int  # multiply-accumulates for one image, biases left out


@dataclass(frozen=True)
class LayerTable:
    """The layers of a network in order; shows itself as an HTML table on a page and as text in a terminal."""

    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    HEADINGS = ("layer", "output", "parameters", "multiply-accumulates")

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the cells as text, a line per layer and the total last."""
        cells = [
            (
                f"{layer.kind} {layer.detail}".strip(),
                " x ".join(map(str, layer.output)),
                f"{layer.parameters:,}" if layer.parameters else "",
                f"{layer.macs:,}" if layer.macs else "",
            )
            for layer in self.layers
        ]
        return [*cells, ("total", "", f"{self.parameters:,}", f"{self.macs:,}")]

    def __str__(self) -> str:
        table = [self.HEADINGS, *self.rows()]
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        aligned = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table]
        return "\n".join("  ".join(row).rstrip() for row in aligned)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], tag: str, kind: str = "") -> str:
            return f"<tr{kind}>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

        *layers, total = self.rows()
        head = "".join(f'<th scope="col">{heading}</th>' for heading in self.HEADINGS)
        body = "".join(row(cells, "td") for cells in layers) + row(total, "td", ' class="total"')
        return f'<table class="layer-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def layer_table(model: nn.Module, input_shape: tuple[int, ...]) -> LayerTable:
    """Return every layer's output shape, parameters and multiply-accumulates for one image of `input_shape` (C, H, W)."""
    layers: list[Layer] = []

    def record(module: nn.Module, _inputs, output) -> None:
        parameters = sum(weights.numel() for weights in module.parameters(recurse=False))
        macs = _macs(module, output[0].numel())
        layers.append(Layer(type(module).__name__, _detail(module), tuple(output.shape[1:]), parameters, macs))

    leaves = [module for module in model.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(record) for module in leaves]
    was_training, first = model.training, next(model.parameters())
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, *input_shape, device=first.device, dtype=first.dtype))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return LayerTable(tuple(layers))


def _macs(module: nn.Module, outputs: int) -> int:
    """Return the multiply-accumulates `module` needs for `outputs` numbers: one per weight that each of them reads."""
    if isinstance(module, nn.Conv2d):
        return outputs * module.weight[0].numel()
    if isinstance(module, nn.Linear):
        return outputs * module.in_features
    return 0


def _detail(module: nn.Module) -> str:
    """Return the settings that a reader compares with the paper, e.g. "11x11, stride 4, padding 2"."""
    if isinstance(module, nn.Dropout):
        return f"{module.p:g}"
    if not isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        return ""

    def pair(value) -> tuple:
        return value if isinstance(value, tuple) else (value, value)

    kernel, stride, padding = pair(module.kernel_size), pair(module.stride), pair(module.padding)
    settings = [f"{kernel[0]}x{kernel[1]}"]
    settings += [f"stride {stride[0]}"] if stride != (1, 1) else []
    settings += [f"padding {padding[0]}"] if padding != (0, 0) else []
    settings += [f"groups {module.groups}"] if getattr(module, "groups", 1) > 1 else []
    return ", ".join(settings)
