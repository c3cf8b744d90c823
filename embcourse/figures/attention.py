"""The figures of the attention chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def accuracy_by_length(lengths: Sequence[int], accuracies: Mapping[str, Sequence[float]], *, longest: int) -> Figure:
    """The share of right tokens against the length of the source, one line a model.

    longest: the longest source of the training; marked.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.5))
    axes = figure.add_subplot()
    for (name, shares), marker in zip(accuracies.items(), MARKERS, strict=False):
        axes.plot(lengths, [100 * share for share in shares], marker=marker, label=name)
    axes.axvline(longest, color="#666666", linestyle=":", linewidth=1)
    axes.text(longest + 0.3, 3, "longer than any\nseen in training", fontsize=8.5, color="#444444")
    axes.set(xlabel="tokens in the source", ylabel="tokens right, %", ylim=(0, 104))
    axes.legend(loc="lower left")
    return figure


def alignment(weights: ArrayLike, source: Sequence[str], written: Sequence[str]) -> Figure:
    """Attention weights of one output sequence: a row for each token written, a column for each token read.

    weights: (written, source).
    """
    from matplotlib.figure import Figure

    weights = np.asarray(weights)
    figure = Figure(figsize=(0.42 * len(source) + 1.6, 0.36 * len(written) + 1.0))
    axes = figure.add_subplot()
    axes.imshow(weights, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(source)), source)
    axes.set_yticks(range(len(written)), written)
    axes.set(xlabel="read", ylabel="written")
    axes.grid(visible=False)
    for row, column in zip(*np.nonzero(weights >= 0.2), strict=True):
        light = weights[row, column] > 0.6
        axes.text(column, row, f"{100 * weights[row, column]:.0f}", ha="center", va="center", fontsize=7.5,
                  color="white" if light else "#222222")
    return figure


def spread_and_saturation(
    widths: Sequence[int], spreads: Mapping[str, Sequence[float]], gradients: Mapping[str, Sequence[float]]
) -> Figure:
    """Left: the standard deviation of scores against d. Right: the mean of p (1 - p), the softmax's own slope."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.1))
    left, right = figure.subplots(1, 2)
    for axes, curves, title in ((left, spreads, "spread of the scores"), (right, gradients, "mean of p (1 − p)")):
        for (name, values), marker in zip(curves.items(), MARKERS, strict=False):
            axes.plot(widths, values, marker=marker, label=name)
        axes.set_xscale("log", base=2)
        axes.set_xticks(widths, [str(width) for width in widths])
        axes.minorticks_off()
        axes.set(xlabel="d", title=title)
    left.set_yscale("log", base=2)
    left.legend()
    right.set_ylim(bottom=0)
    return figure


def answering_words(panels: Mapping[str, tuple[Sequence[str], ArrayLike]]) -> Figure:
    """For each query word, how its attention is shared out among the words of a text, as bars.

    panels: {query: (words, weights)}, the same words in every panel.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.4))
    for axes, (query, (words, weights)) in zip(
        figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True
    ):
        axes.barh(range(len(words)), 100 * np.asarray(weights), color=PALETTE["blue"])
        axes.set_yticks(range(len(words)), words)
        axes.grid(axis="y", visible=False)
        axes.set(title=f"“{query}”", xlabel="%")
    figure.axes[0].invert_yaxis()
    return figure


def regressions(
    points: tuple[ArrayLike, ArrayLike], queries: ArrayLike, curves: Mapping[str, ArrayLike]
) -> Figure:
    """Points, and what kernel regression makes of them at some bandwidths."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.4))
    axes = figure.add_subplot()
    axes.scatter(*points, s=5, color="#999999", linewidths=0, label="a verse", rasterized=True)
    colours = (PALETTE["vermilion"], PALETTE["blue"], PALETTE["black"])
    for (name, curve), line, colour in zip(curves.items(), LINE_STYLES, colours, strict=False):
        axes.plot(queries, curve, linestyle=line, color=colour, label=name)
    axes.set(xlabel="words in the King James verse", ylabel="words in Basic English")
    axes.legend(loc="upper left")
    return figure
