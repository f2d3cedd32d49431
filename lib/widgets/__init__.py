"""The book's widgets: pages that are alive without a kernel. Each is a class here and a module of JavaScript beside it."""

from lib.widgets.augmentation import Augmentation
from lib.widgets.c3_table import C3Table
from lib.widgets.convolution import Convolution
from lib.widgets.dropout import Dropout
from lib.widgets.frames import Frames, frames
from lib.widgets.lenet import LeNetReader
from lib.widgets.memory_wall import MemoryWall
from lib.widgets.occlusion import OcclusionProbe
from lib.widgets.replay import Replay
from lib.widgets.saturation import SaturationLab
from lib.widgets.shape_bench import ShapeBench
from lib.widgets.switchboard import Switchboard

__all__ = [
    "Augmentation",
    "C3Table",
    "Convolution",
    "Dropout",
    "Frames",
    "LeNetReader",
    "MemoryWall",
    "OcclusionProbe",
    "Replay",
    "SaturationLab",
    "ShapeBench",
    "Switchboard",
    "frames",
]
