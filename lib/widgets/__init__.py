"""The book's widgets: pages that are alive without a kernel. Each is a class here and a module of JavaScript beside it."""

from lib.widgets.c3_table import C3Table
from lib.widgets.shape_bench import ShapeBench

__all__ = ["C3Table", "ShapeBench"]
