"""The cost of one package more, against the size of the channel, as a picture for the docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "channelsmith"  # equal figures, equal bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """CPU seconds for one package into a channel of `size`; None where that was not measured."""

    size: int
    ours: float
    theirs: float | None = None


def plotted(points: Sequence[Point], path: Path) -> None:
    """Write the picture, both axes logarithmic."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (after the choice of what draws)

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    compared = [point for point in points if point.theirs is not None]
    axes.plot([p.size for p in compared], [p.theirs for p in compared], "s--", color="0.45", label="rattler index_s3")
    axes.plot([p.size for p in points], [p.ours for p in points], "o-", color="#1a6f8f", label="channel publish")
    axes.set(xscale="log", yscale="log", xlabel="packages in the channel", ylabel="CPU seconds for one package more")
    axes.set_xticks([p.size for p in points], [f"{p.size:,}" for p in points])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
