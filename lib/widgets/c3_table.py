"""The connection table of LeNet-5's third layer, to be filled by hand (LeCun et al. 1998, Table I)."""

from collections.abc import Sequence

import traitlets
from matplotlib.figure import Figure

from lib import plots
from lib.models.lenet import C3_TABLE
from lib.widgets.widget import Widget, source


class C3Table(Widget):
    """Which maps of S2 each of the 16 maps of C3 reads, and what that costs; `table` is what the reader made of it."""

    _esm = source("kit.js", "c3_table.js")
    room = (470, 840)
    key = traitlets.Unicode("c3").tag(sync=True)
    linked = traitlets.List(traitlets.Unicode(), ["reads"]).tag(sync=True)
    reads = traitlets.List(traitlets.Int(min=0, max=63), minlen=16, maxlen=16).tag(sync=True)

    def __init__(self, table: Sequence[Sequence[int]] = C3_TABLE, **options):
        super().__init__(reads=[sum(1 << map for map in maps) for maps in table], **options)

    @property
    def table(self) -> tuple[tuple[int, ...], ...]:
        """The table as `lib.models.layers.PartialConv2d` takes it."""
        return tuple(tuple(map for map in range(6) if bits >> map & 1) for bits in self.reads)

    def description(self) -> str:
        kernels = sum(map(len, self.table))
        return (
            f"A table of 6 rows, the maps of S2, and 16 columns, the maps of C3, with {kernels} of its 96 cells filled: "
            f"{kernels} kernels, {25 * kernels + 16:,} parameters, {100 * (25 * kernels + 16):,} connections."
        )

    def picture(self) -> Figure:
        figure, axis = plots.blank(size=(6.6, 2.8))
        for output, maps in enumerate(self.table):
            axis.scatter([output] * len(maps), maps, s=190, marker="s", color=plots.COLORS["lenet"])
        axis.set(xlabel="map of C3", ylabel="map of S2", xticks=range(16), yticks=range(6), xlim=(-0.6, 15.6), ylim=(5.6, -0.6))
        axis.set_aspect("equal")
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        return figure
