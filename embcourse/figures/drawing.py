"""What schematics are drawn with: boxes, matrices as grids, arrows, numbers in a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.0
"""Inches. On a phone, 358 pixels wide, a label of 10 points is then still 10 pixels high."""
GREY, DARK = "#777777", "#222222"


def canvas(figure: Figure, width: float, height: float) -> Axes:
    """Axes without frame, in units of its own, on which a schematic is drawn."""
    axes = figure.add_subplot()
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return axes


def box(
    axes: Axes,
    x: float,
    y: float,
    label: str,
    *,
    width: float,
    colour: str,
    height: float = 1.0,
    round_: float = 0.12,
) -> None:
    """A box with round corners and a label, its middle at (x, y)."""
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={round_}",
            facecolor=pale(colour),
            edgecolor=colour,
            linewidth=1.4,
        )
    )
    axes.text(x, y, label, ha="center", va="center", fontsize=11, color=DARK)


def grid(
    axes: Axes, x: float, y: float, rows: int, columns: int, colour: str, row: int | None = None
) -> None:
    """A matrix as unit cells with its lower left corner at (x, y); one row, counted from the top,
    is darker."""
    from matplotlib.patches import Rectangle

    for i, j in np.ndindex(rows, columns):
        chosen = i == row
        axes.add_patch(
            Rectangle(
                (x + j, y + rows - 1 - i),
                1,
                1,
                facecolor=pale(colour, 0.6 if chosen else 0.15),
                edgecolor=colour,
                linewidth=0.9,
            )
        )


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    colour: str = "#555555",
    thick: float = 1.2,
    dashed: bool = False,
    style: str = "-|>",
    bend: float = 0.0,
) -> None:
    """An arrow from one point to another."""
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": style,
            "color": colour,
            "linewidth": thick,
            "linestyle": "--" if dashed else "-",
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 11,
            "connectionstyle": f"arc3,rad={bend}",
        },
    )


def pale(colour: str, share: float = 0.15) -> tuple[float, ...]:
    """The colour mixed with white: opaque, as transparent faces would let lines behind them
    through."""
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - channel) for channel in to_rgb(colour))


def percentages(axes: Axes, weights: np.ndarray, *, least: float) -> None:
    """Writes the weights of a heat map into its cells, in per cent, those below `least` left
    out."""
    for row, column in zip(*np.nonzero(weights >= least), strict=True):
        colour = "white" if weights[row, column] > 0.6 else DARK
        axes.text(
            column,
            row,
            f"{100 * weights[row, column]:.0f}",
            ha="center",
            va="center",
            fontsize=9,
            color=colour,
        )
