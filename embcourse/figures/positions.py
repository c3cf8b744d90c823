"""The figures of the chapter on positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.drawing import DARK, GREY, WIDTH
from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def encoding_table(table: ArrayLike) -> Figure:
    """A table of encodings as a picture: a row for each position, a column for each number."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.6))
    axes = figure.add_subplot()
    image = axes.imshow(np.asarray(table), vmin=-1, vmax=1, cmap="PuOr", aspect="auto")
    axes.set(xlabel="number in the vector", ylabel="position")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, ticks=[-1, 0, 1])
    return figure


def products_by_offset(offsets: ArrayLike, curves: Mapping[str, ArrayLike]) -> Figure:
    """Dot products against the offset, a line for each place where the first of the two stands."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.0))
    axes = figure.add_subplot()
    for (name, values), line in zip(curves.items(), LINE_STYLES, strict=False):
        axes.plot(offsets, values, linestyle=line, label=name)
    axes.set(xlabel="offset", ylabel="dot product")
    axes.legend()
    return figure


def turning_pairs(angles: Mapping[str, float], positions: Sequence[int]) -> Figure:
    """Where one arrow points at some positions, for a fast and a slow pair."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 2.8))
    for axes, (name, angle) in zip(figure.subplots(1, len(angles)), angles.items(), strict=True):
        circle = np.linspace(0, 2 * np.pi, 200)
        axes.plot(np.cos(circle), np.sin(circle), color=GREY, linestyle=":", linewidth=1)
        for position, marker in zip(positions, MARKERS, strict=False):
            x, y = np.cos(position * angle), np.sin(position * angle)
            axes.plot([0, x], [0, y], color=PALETTE["blue"], linestyle="-", linewidth=1.2)
            axes.plot([x], [y], marker=marker, color=PALETTE["vermilion"])
            axes.text(1.24 * x, 1.24 * y, str(position), ha="center", va="center", color=DARK)
        axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", title=name)
        axes.axis("off")
    return figure


def biases_by_distance(
    distances: ArrayLike, buckets: ArrayLike, biases: Mapping[str, ArrayLike]
) -> Figure:
    """Above: the bucket of each distance. Below: what ALiBi adds to the scores, by head."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 4.6))
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.step(distances, buckets, where="mid")
    upper.set_title("T5: bucket of a distance")
    for (name, values), line in zip(biases.items(), LINE_STYLES, strict=False):
        lower.plot(distances, values, linestyle=line, label=name)
    lower.set_title("ALiBi: added to the score")
    lower.set(xlabel="distance back", ylim=(-20, 1))
    lower.legend(loc="lower left")
    return figure


def losses_by_place(
    ends: Sequence[int], losses: Mapping[str, ArrayLike], *, trained: int, ylim: tuple[float, float]
) -> Figure:
    """Loss in each stretch of a long text: a line for the mean, a band from best to worst seed.

    losses : {kind: (seeds, stretches)}, in nats a character.
    trained: the length of the training's texts; marked.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 4.2))
    axes = figure.add_subplot()
    begins = [0, *ends[:-1]]
    places = [(a + b) / 2 for a, b in zip(begins, ends, strict=True)]
    for (name, seeds), marker in zip(losses.items(), MARKERS, strict=False):
        values = np.asarray(seeds)
        (line,) = axes.plot(places, values.mean(axis=0), marker=marker, label=name)
        axes.fill_between(
            places,
            values.min(axis=0),
            values.max(axis=0),
            color=line.get_color(),
            alpha=0.2,
            linewidth=0,
        )
    axes.axvline(trained, color=GREY, linestyle=":", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xticks([32, 64, 128, 256, 512, 1024], ["32", "64", "128", "256", "512", "1024"])
    axes.minorticks_off()
    axes.set(xlabel="position in the text", ylabel="nats a character", ylim=ylim)
    axes.legend(ncols=2)
    return figure
