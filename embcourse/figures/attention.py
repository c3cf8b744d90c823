"""The figures of the attention chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.drawing import DARK, GREY, WIDTH, arrow, box, canvas, grid, percentages
from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# ------------------------------------------------------------------------------------- the reverser


def accuracy_by_length(
    lengths: Sequence[int], shares: Mapping[str, Sequence[Sequence[float]]], *, longest: int
) -> Figure:
    """The share of right tokens against the length of the source: a line for the mean, a band from
    worst to best seed.

    shares : {model: (seeds, lengths)}, each between 0 and 1.
    longest: the longest source of the training; marked.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.5))
    axes = figure.add_subplot()
    _bands(axes, lengths, shares)
    axes.axvline(longest, color=GREY, linestyle=":", linewidth=1)
    axes.text(longest + 0.4, 3, "longer than any\nseen in training", fontsize=9.5, color="#444444")
    axes.set(xlabel="tokens in the source", ylabel="tokens right, %", ylim=(0, 104))
    axes.legend(loc="lower left")
    return figure


def accuracy_by_training(
    steps: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
) -> Figure:
    """The share of right tokens against the steps of the training, a panel for each length of the
    source.

    panels: {title: {model: (seeds of each number of steps)}}; each training has its own seeds, and
            their number may differ from one number of steps to the next.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.0 + 1.7 * len(panels)))
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, shares) in zip(all_axes, panels.items(), strict=True):
        for (name, held), marker in zip(shares.items(), MARKERS, strict=False):
            (line,) = axes.plot(
                steps, [100 * np.mean(seeds) for seeds in held], marker=marker, label=name
            )
            worst, best = ([100 * limit(seeds) for seeds in held] for limit in (np.min, np.max))
            axes.fill_between(steps, worst, best, color=line.get_color(), alpha=0.2, linewidth=0)
        axes.set(title=title, ylim=(0, 104), ylabel="right, %")
        axes.set_xscale("log", base=2)
        axes.set_xticks(steps, [f"{count:,}" for count in steps])
        axes.minorticks_off()
    all_axes[-1].set_xlabel("steps of training")
    all_axes[0].legend(loc="lower right")
    return figure


def _bands(
    axes: Axes, places: Sequence[float], shares: Mapping[str, Sequence[Sequence[float]]]
) -> None:
    for (name, seeds), marker in zip(shares.items(), MARKERS, strict=False):
        percent = 100 * np.asarray(seeds)
        (line,) = axes.plot(places, percent.mean(axis=0), marker=marker, label=name)
        axes.fill_between(
            places,
            percent.min(axis=0),
            percent.max(axis=0),
            color=line.get_color(),
            alpha=0.2,
            linewidth=0,
        )


def alignment(weights: ArrayLike, source: Sequence[str], written: Sequence[str]) -> Figure:
    """Attention weights of one output sequence: a row for each token written, a column for each
    token read.

    weights: (written, source).
    """
    from matplotlib.figure import Figure

    weights = np.asarray(weights)
    figure = Figure(figsize=(0.42 * len(source) + 0.8, 0.36 * len(written) + 0.9))
    axes = figure.add_subplot()
    axes.imshow(weights, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(source)), source)
    axes.set_yticks(range(len(written)), written)
    axes.set(xlabel="read", ylabel="written")
    axes.grid(visible=False)
    percentages(axes, weights, least=0.2)
    return figure


# ----------------------------------------------------------------------------------- the schematics


def encoder_decoder() -> Figure:
    """One step of a decoder with attention, Luong's order: its state asks, the weighted mean joins
    it before it writes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 4.9))
    axes = canvas(figure, 10.0, 9.8)
    states = {0.9: "$h_1$", 2.5: "$h_2$", 4.9: "$h_m$"}
    for x, label in states.items():
        box(axes, x, 2.3, label, width=1.1, colour=PALETTE["blue"])
    for x, label in ((0.9, "$x_1$"), (2.5, "$x_2$"), (4.9, "$x_m$"), (9.1, "$y_{i-1}$")):
        axes.text(x, 0.85, label, ha="center", va="center")
        arrow(axes, (x, 1.15), (x, 1.8))
    for x in (3.7, 7.7):
        axes.text(x, 2.3, "…", ha="center", va="center", fontsize=13)
    arrow(axes, (1.45, 2.3), (1.95, 2.3), style="<->")
    arrow(axes, (3.05, 2.3), (3.45, 2.3), style="<->")
    arrow(axes, (3.95, 2.3), (4.35, 2.3), style="<->")
    for x, label in ((6.6, "$s_0$"), (9.1, "$s_i$")):
        box(axes, x, 2.3, label, width=1.1, colour=PALETTE["orange"])
    arrow(axes, (7.15, 2.3), (7.45, 2.3))
    arrow(axes, (7.95, 2.3), (8.55, 2.3))
    arrow(axes, (5.45, 2.3), (6.05, 2.3), colour=PALETTE["vermilion"], thick=2.6)
    axes.text(
        7.0,
        1.65,
        "all that a decoder\nwithout attention\nlearns of the source",
        ha="center",
        va="top",
        fontsize=9,
        color=PALETTE["vermilion"],
        linespacing=1.15,
    )
    axes.text(
        2.9,
        0.15,
        "encoder: $H$ is $(m, w)$",
        ha="center",
        va="center",
        fontsize=9.5,
        color="#444444",
    )
    axes.text(
        8.0,
        0.15,
        "decoder: $s_i$ is $(w,)$",
        ha="center",
        va="center",
        fontsize=9.5,
        color="#444444",
    )
    for x, label in ((0.9, "$P_{i1}$"), (2.5, "$P_{i2}$"), (4.9, "$P_{im}$")):
        box(axes, x, 4.6, label, width=1.1, height=0.8, colour=PALETTE["green"], round_=0.4)
        arrow(axes, (x, 2.8), (x, 4.15))
        arrow(axes, (x, 5.05), (2.5 + 0.25 * np.sign(x - 2.5), 6.05))
    axes.text(3.7, 4.6, "…", ha="center", va="center", fontsize=13)
    arrow(axes, (8.75, 2.85), (5.55, 4.5), colour=PALETTE["purple"], dashed=True)
    axes.text(
        6.0,
        4.5,
        "$s_i$ asks every $h_j$:\nscores, softmax",
        fontsize=9.5,
        ha="left",
        va="center",
        color=DARK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )
    box(
        axes,
        2.5,
        6.55,
        r"$c_i = \sum_j P_{ij}\, h_j$   $(w,)$",
        width=4.4,
        height=0.95,
        colour=PALETTE["green"],
    )
    box(
        axes,
        6.9,
        8.25,
        r"$[\,s_i\,;\,c_i\,]$   $(2w,)$",
        width=4.2,
        height=0.95,
        colour=PALETTE["black"],
    )
    arrow(axes, (2.5, 7.05), (4.75, 8.15), bend=-0.25)
    arrow(axes, (9.3, 2.85), (8.85, 7.75), bend=0.12)
    arrow(axes, (6.9, 8.75), (6.9, 9.2))
    axes.text(6.9, 9.5, r"scores of all tokens for $y_i$", ha="center", va="center")
    return figure


def attention_schematic(queries: int = 3, keys: int = 5, d: int = 4, d_v: int = 2) -> Figure:
    """Attention as two matrix products: Q meets K transposed in S, the softmax of its rows meets V
    in O.

    One query's row is dark all the way. What is drawn are shapes; the shades mean nothing but this
    row.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5.5))
    axes = canvas(figure, 14.4, 15.9)
    left, middle, right = 0.3, 5.7, 12.0
    below, above = 1.2, 7.0  # the bottoms of P and O, and of Q and S
    top = above + queries + 0.9  # the bottom of K transposed
    grid(axes, left, above, queries, d, PALETTE["orange"], row=1)
    grid(axes, middle, top, d, keys, PALETTE["blue"])
    grid(axes, middle, above, queries, keys, PALETTE["green"], row=1)
    grid(axes, middle, below, queries, keys, PALETTE["green"], row=1)
    grid(axes, right, below + queries + 0.9, keys, d_v, PALETTE["blue"])
    grid(axes, right, below, queries, d_v, PALETTE["vermilion"], row=1)
    for x, y, label in (
        (left + d / 2, above + queries + 0.2, "$Q$  $(n, d)$"),
        (middle + keys / 2, top + d + 0.2, r"$K^\top$  $(d, m)$"),
        (right + d_v / 2, below + queries + keys + 1.1, "$V$  $(m, d_v)$"),
    ):
        axes.text(x, y, label, ha="center", va="bottom", fontsize=11)
    for x, y, label in (
        (middle + keys - 1.2, above - 0.2, "$S$  $(n, m)$"),
        (middle + keys / 2, below - 0.25, "$P$  $(n, m)$"),
        (right + d_v / 2, below - 0.25, "$O$  $(n, d_v)$"),
    ):
        axes.text(x, y, label, ha="center", va="top", fontsize=11)
    arrow(axes, (left + d + 0.15, above + queries / 2), (middle - 0.15, above + queries / 2))
    arrow(axes, (middle + 1.0, top - 0.1), (middle + 1.0, above + queries + 0.1))
    axes.text(
        middle + 1.3, top - 0.45, r"scaled by $1/\sqrt{d}$", ha="left", va="center", fontsize=9.5
    )
    arrow(axes, (middle + 1.0, above - 0.1), (middle + 1.0, below + queries + 0.1))
    axes.text(
        middle + 1.3,
        below + queries + 0.2,
        "mask, then\nsoftmax of\neach row",
        ha="left",
        va="bottom",
        fontsize=9.5,
        linespacing=1.15,
    )
    arrow(axes, (middle + keys + 0.15, below + queries / 2), (right - 0.15, below + queries / 2))
    arrow(axes, (right + d_v / 2, below + queries + 0.85), (right + d_v / 2, below + queries + 0.1))
    return figure


# --------------------------------------------------------------------------------- what it measures


def spread_and_saturation(
    widths: Sequence[int],
    spreads: Mapping[str, Sequence[float]],
    gradients: Mapping[str, Sequence[float]],
) -> Figure:
    """Above: the standard deviation of scores against d. Below: the mean of p (1 - p), the
    softmax's own slope."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 4.6))
    upper, lower = figure.subplots(2, 1, sharex=True)
    for axes, curves, title in (
        (upper, spreads, "spread of the scores"),
        (lower, gradients, "mean of p (1 − p)"),
    ):
        for (name, values), marker in zip(curves.items(), MARKERS, strict=False):
            axes.plot(widths, values, marker=marker, label=name)
        axes.set_xscale("log", base=2)
        axes.set_xticks(widths, [str(width) for width in widths])
        axes.minorticks_off()
        axes.set_title(title)
    upper.set_yscale("log", base=2)
    upper.set_yticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
    upper.legend()
    lower.set_xlabel("d")
    lower.set_ylim(bottom=0)
    return figure


def answering_words(words: Sequence[str], answers: Mapping[str, ArrayLike]) -> Figure:
    """For each query word, how its attention is shared out among the words of a text: a column a
    query.

    answers: {query: (words,) weights}.
    """
    from matplotlib.figure import Figure

    weights = np.stack([np.asarray(answer) for answer in answers.values()], axis=1)
    figure = Figure(figsize=(4.2, 0.33 * len(words) + 0.7))
    axes = figure.add_subplot()
    axes.imshow(weights, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(answers)), [f"“{query}”" for query in answers])
    axes.set_yticks(range(len(words)), words)
    axes.xaxis.tick_top()
    axes.grid(visible=False)
    percentages(axes, weights, least=0.01)
    return figure


def regressions(
    points: tuple[ArrayLike, ArrayLike], queries: ArrayLike, curves: Mapping[str, ArrayLike]
) -> Figure:
    """Points, and what kernel regression makes of them at some bandwidths."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.5))
    axes = figure.add_subplot()
    axes.scatter(*points, s=5, color="#999999", linewidths=0, label="a verse", rasterized=True)
    colours = (PALETTE["vermilion"], PALETTE["blue"], PALETTE["black"])
    for (name, curve), line, colour in zip(curves.items(), LINE_STYLES, colours, strict=False):
        axes.plot(queries, curve, linestyle=line, color=colour, label=name)
    axes.set(xlabel="words in the King James verse", ylabel="words in Basic English")
    axes.legend(loc="upper left")
    return figure
