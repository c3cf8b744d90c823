"""The figures of the self-attention chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.drawing import DARK, GREY, WIDTH, arrow, box, canvas, grid, percentages
from embcourse.figures.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def multi_head_schematic() -> Figure:
    """From x to the outputs with two heads, every matrix as a grid of its shape: n = 3, d_model =
    4."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 6.6))
    axes = canvas(figure, 20.0, 27.0)
    colours = (PALETTE["blue"], PALETTE["vermilion"])
    grid(axes, 8.0, 23.0, 3, 4, PALETTE["black"])
    axes.text(12.6, 24.5, "$x$: $n \\times d_{model}$", va="center", fontsize=10, color=DARK)
    for x, name in ((1.0, "Q"), (8.0, "K"), (15.0, "V")):
        arrow(axes, (10.0, 22.8), (x + 2.0, 20.4), colour=GREY)
        for head, colour in enumerate(colours):
            grid(axes, x + 2 * head, 17.0, 3, 2, colour)
        axes.text(x - 0.5, 18.5, f"${name}$", ha="right", va="center", fontsize=11, color=DARK)
    axes.text(4.2, 21.8, "$W^Q$", ha="center", fontsize=10, color=DARK)
    axes.text(9.3, 21.2, "$W^K$", ha="right", fontsize=10, color=DARK)
    axes.text(15.8, 21.8, "$W^V$", ha="center", fontsize=10, color=DARK)
    for head, (x, colour) in enumerate(zip((5.0, 15.0), colours, strict=True)):
        for start in (1.0, 8.0, 15.0):
            arrow(axes, (start + 2 * head + 1, 16.8), (x, 14.4), colour=colour)
        label = f"attention of head {head + 1}"
        box(axes, x, 13.4, label, width=8.4, height=1.9, colour=colour)
        arrow(axes, (x, 12.3), (x, 11.4), colour=colour)
        grid(axes, x - 1, 8.2, 3, 2, colour)
        arrow(axes, (x, 8.0), (9.0 + 2 * head, 6.4), colour=colour)
    axes.text(10.0, 9.7, "$n \\times d_{head}$\neach", ha="center", va="center", fontsize=10)
    for head, colour in enumerate(colours):
        grid(axes, 8.0 + 2 * head, 3.2, 3, 2, colour)
    axes.text(7.5, 4.7, "side by side", ha="right", va="center", fontsize=10, color=DARK)
    arrow(axes, (12.2, 4.7), (15.2, 4.7), colour=GREY)
    axes.text(13.7, 5.2, "$W^O$", ha="center", fontsize=10, color=DARK)
    grid(axes, 15.5, 3.2, 3, 4, PALETTE["black"])
    axes.text(17.5, 2.6, "outputs", ha="center", va="top", fontsize=10, color=DARK)
    return figure


def score_maps(panels: Mapping[str, ArrayLike], tokens: Sequence[str]) -> Figure:
    """Scores of a sequence with itself, one heat map below the other; rows ask.

    panels: {title: (n, n) scores}.
    """
    from matplotlib.figure import Figure

    size = 0.42 * len(tokens) + 1.0
    figure = Figure(figsize=(size, len(panels) * (size - 0.2)))
    all_axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, (title, scores) in zip(all_axes, panels.items(), strict=True):
        scores = np.asarray(scores)
        most = np.abs(scores).max()
        axes.imshow(scores, vmin=-most, vmax=most, cmap="PuOr")
        axes.set_xticks(range(len(tokens)), tokens, rotation=45, ha="right")
        axes.set_yticks(range(len(tokens)), tokens)
        axes.grid(visible=False)
        axes.set_title(title)
        for i, j in np.ndindex(scores.shape):
            dark = abs(scores[i, j]) > 0.6 * most
            axes.text(
                j,
                i,
                f"{scores[i, j]:.1f}",
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if dark else DARK,
            )
    return figure


def head_maps(shares: Mapping[str, ArrayLike]) -> Figure:
    """For each role a map of all heads: rows are layers, columns heads; the strongest is named.

    shares: {role: (layers, heads), from 0 to 1}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.9 * len(shares)))
    all_axes = figure.subplots(len(shares), 1, squeeze=False)[:, 0]
    all_axes[-1].set_xlabel("head")
    for axes, (role, values) in zip(all_axes, shares.items(), strict=True):
        _head_map(axes, np.asarray(values), title=role, vmax=1.0)
        for layer, head in zip(*np.nonzero(np.asarray(values) >= 0.1), strict=True):
            value = np.asarray(values)[layer, head]
            axes.text(
                head,
                layer,
                f"{100 * value:.0f}",
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if value > 0.6 else DARK,
            )
    return figure


def cut_heads(
    losses: ArrayLike, counts: Sequence[int], means: Sequence[float], spans: ArrayLike
) -> Figure:
    """Above: what each head costs when it is cut out alone. Below: what is left when more and more
    are cut.

    losses: (layers, heads) points of MRR lost, in hundredths.
    counts: how many heads are cut; means, and spans (counts, 2), of MRR.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5.4))
    upper, lower = figure.subplots(2, 1, height_ratios=(1, 1.2))
    losses = np.asarray(losses)
    upper.set_xlabel("head")
    _head_map(upper, losses, title="lost without this head alone, hundredths", vmax=losses.max())
    for layer, head in np.ndindex(losses.shape):
        if abs(losses[layer, head]) >= 0.95:
            upper.text(
                head,
                layer,
                f"{losses[layer, head]:.0f}",
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if losses[layer, head] > 0.6 * losses.max() else DARK,
            )
    below, above = (np.abs(np.asarray(spans)[:, i] - means) for i in (0, 1))
    lower.errorbar(counts, means, yerr=[below, above], marker="o", capsize=3)
    lower.set(xlabel="heads cut, the cheapest first", ylim=(0, 1), title="reciprocal rank")
    lower.set_xticks([0, 12, 24, 36, 48, 60, 72])
    return figure


def _head_map(axes: Axes, values: np.ndarray, *, title: str, vmax: float) -> None:
    layers, heads = values.shape
    axes.imshow(values, vmin=0, vmax=vmax, aspect="auto")
    axes.set_xticks(range(heads), [str(head + 1) for head in range(heads)])
    axes.set_yticks(range(layers), [str(layer + 1) for layer in range(layers)])
    axes.grid(visible=False)
    axes.set(title=title, ylabel="layer")


def two_readings(looks: Mapping[str, tuple[Sequence[str], ArrayLike]]) -> Figure:
    """How one word shares out its attention in two sentences, side by side.

    looks: {name of the reading: (tokens, their weights)}.
    """
    from matplotlib.figure import Figure

    longest = max(len(tokens) for tokens, _ in looks.values())
    figure = Figure(figsize=(WIDTH, 0.3 * longest + 0.7))
    for axes, (name, (tokens, weights)) in zip(
        figure.subplots(1, len(looks)), looks.items(), strict=True
    ):
        column = np.asarray(weights)[:, None]
        axes.imshow(column, vmin=0, vmax=max(0.5, float(column.max())), aspect="auto")
        axes.set_xticks([])
        axes.set_yticks(range(len(tokens)), tokens)
        axes.set_title(name)
        axes.grid(visible=False)
        percentages(axes, column, least=0.01)
    return figure
