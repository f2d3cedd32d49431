"""What a network costs, layer by layer, counted while one image of zeros runs through it."""

import html
import math
from dataclasses import dataclass, replace

import torch
from torch import nn

from lib.models.layers import PartialConv2d, RBFOutput, Subsampling, UnsharedBias

COLUMNS = {  # attribute of a Layer: heading
    "output": "output",
    "parameters": "parameters",
    "connections": "connections",
    "macs": "multiply-accumulates",
    "memory": "activation bytes",
    "receptive_field": "receptive field",
    "stride": "stride",
}
SUMMED = ("parameters", "connections", "macs", "memory")


@dataclass(frozen=True)
class Layer:
    """One layer: what it is, the shape it returns for one image, and its cost for one image."""

    kind: str  # the class name: "Conv2d"
    detail: str  # "11x11, stride 4, padding 2"
    output: tuple[int, ...]
    parameters: int  # trainable
    connections: int  # links of its units to inputs and biases, as the papers of 1989 and 1998 count them
    macs: int  # multiply-accumulates of weights with inputs, biases left out
    memory: int  # bytes of its output in float32
    receptive_field: int  # side of the square of the input that one unit sees, in pixels
    stride: int  # pixels of the input between the squares of neighboring units


@dataclass(frozen=True)
class LayerTable:
    """The layers of a network in order; shows itself as an HTML table on a page and as text in a terminal."""

    layers: tuple[Layer, ...]
    columns: tuple[str, ...] = ("output", "parameters", "macs")

    def total(self, column: str) -> int:
        """Return the sum of "parameters", "connections", "macs" or "memory" over all layers."""
        return sum(getattr(layer, column) for layer in self.layers)

    @property
    def parameters(self) -> int:
        return self.total("parameters")

    @property
    def macs(self) -> int:
        return self.total("macs")

    @property
    def training_operations(self) -> int:
        """Return the operations of training on one image, two for each multiply-accumulate: one pass forward and two
        back, to the weights and to the inputs, but nothing asks for the gradient of the pixels.
        """
        first = next((layer.macs for layer in self.layers if layer.macs), 0)
        return 2 * (3 * self.macs - first)

    def show(self, *columns: str) -> "LayerTable":
        """Return the same table with other columns. Raises ValueError for a name that is none of COLUMNS."""
        if unknown := set(columns) - set(COLUMNS):
            raise ValueError(f"unknown column {sorted(unknown)[0]!r}: choose among {', '.join(COLUMNS)}")
        return replace(self, columns=columns)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells as text, a line per layer and the totals last."""
        lines = [
            (f"{layer.kind} {layer.detail}".strip(), *(_cell(layer, column) for column in self.columns))
            for layer in self.layers
        ]
        return [*lines, ("total", *(f"{self.total(column):,}" if column in SUMMED else "" for column in self.columns))]

    def __str__(self) -> str:
        table = [("layer", *(COLUMNS[column] for column in self.columns)), *self.rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        aligned = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table]
        return "\n".join("  ".join(row).rstrip() for row in aligned)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], kind: str = "") -> str:
            return f"<tr{kind}>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"

        *layers, total = self.rows()
        head = "".join(
            f'<th scope="col">{heading}</th>' for heading in ("layer", *(COLUMNS[column] for column in self.columns))
        )
        body = "".join(map(row, layers)) + row(total, ' class="total"')
        return f'<table class="layer-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(layer: Layer, column: str) -> str:
    """Return one cell: shapes as 6 x 28 x 28, numbers with separators, nothing for a zero."""
    value = getattr(layer, column)
    return " x ".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}" if value else ""


def layer_table(model: nn.Module, input_shape: tuple[int, ...]) -> LayerTable:
    """Return the cost of every layer of `model` for one image of `input_shape` (channels, height, width)."""
    layers: list[Layer] = []

    def record(module: nn.Module, _inputs, output) -> None:
        kernel, step = _window(module)
        field, stride = (layers[-1].receptive_field, layers[-1].stride) if layers else (1, 1)
        shape = tuple(output.shape[1:])
        layers.append(
            Layer(
                kind=type(module).__name__,
                detail=_detail(module),
                output=shape,
                parameters=sum(weights.numel() for weights in module.parameters(recurse=False)),
                connections=_connections(module, shape),
                macs=_macs(module, shape),
                memory=4 * math.prod(shape),
                receptive_field=input_shape[-1] if len(shape) == 1 else field + (kernel - 1) * stride,
                stride=stride * step,
            )
        )

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


def _macs(module: nn.Module, output: tuple[int, ...]) -> int:
    """Return the multiply-accumulates of `module`: for each unit of its output, one per weight that it reads."""
    if isinstance(module, PartialConv2d):
        return module.weight.numel() * math.prod(output[1:])
    if isinstance(module, nn.Conv2d | nn.Linear):
        return math.prod(output) * module.weight[0].numel()
    return module.codes.numel() if isinstance(module, RBFOutput) else 0


def _connections(module: nn.Module, output: tuple[int, ...]) -> int:
    """Return the links of the units of `module`: to their inputs, and one to the bias where there is one."""
    units = math.prod(output)
    if isinstance(module, Subsampling):
        return units * (4 + 1)
    if isinstance(module, UnsharedBias):
        return units
    return _macs(module, output) + (units if getattr(module, "bias", None) is not None else 0)


def _window(module: nn.Module) -> tuple[int, int]:
    """Return (side, step) of the square that a unit of `module` reads; (1, 1) for a layer that works unit by unit."""
    if isinstance(module, Subsampling):
        return 2, 2
    if isinstance(module, PartialConv2d | nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        sides = (value[0] if isinstance(value, tuple) else value for value in (module.kernel_size, module.stride))
        return tuple(sides)
    return 1, 1


def _detail(module: nn.Module) -> str:
    """Return the settings that a reader compares with the paper, e.g. "11x11, stride 4, padding 2"."""
    if isinstance(module, nn.Dropout):
        return f"{module.p:g}"
    kernel, step = _window(module)
    if kernel == step == 1:
        return ""
    padding = getattr(module, "padding", 0)
    padding = padding[0] if isinstance(padding, tuple) else padding
    settings = [f"{kernel}x{kernel}"]
    settings += [f"stride {step}"] if step > 1 else []
    settings += [f"padding {padding}"] if padding else []
    settings += [f"groups {module.groups}"] if getattr(module, "groups", 1) > 1 else []
    return ", ".join(settings)
