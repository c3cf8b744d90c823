"""The figures of the one_hot chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from embcourse.text import Vocabulary


def token_map(
    panels: Mapping[str, ArrayLike], vocabulary: Vocabulary, *, named: Sequence[str]
) -> Figure:
    """Texts as one-hot matrices, turned on their side: a column for each token, a dot for its 1.
    One below the other.

    panels    : ids of each text, in order, by title.
    vocabulary: the most frequent word first; its size is the height of the picture.
    named     : words whose rows get their name.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    figure = Figure(figsize=(5.4, 6.4))
    figure.set_layout_engine("constrained")
    longest = max(len(np.asarray(ids)) for ids in panels.values())
    all_axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for axes, (title, ids) in zip(all_axes, panels.items(), strict=True):
        rank = np.asarray(ids) + 1  # a logarithmic axis has no 0
        colours = np.where(
            np.isin(ids, [vocabulary[word] for word in named]),
            PALETTE["vermilion"],
            PALETTE["blue"],
        )
        axes.scatter(np.arange(len(rank)), rank, s=3, c=colours, linewidths=0)
        axes.set_yscale("log")
        axes.set(
            title=title,
            ylabel="id of the word",
            xlim=(-10, longest + 10),
            ylim=(len(vocabulary) * 1.15, 0.8),
        )
        axes.grid(axis="x", visible=False)
        axes.yaxis.set_major_locator(FixedLocator([10**power + 1 for power in range(5)]))
        axes.yaxis.set_major_formatter(FixedFormatter([f"{10**power:,}" for power in range(5)]))
        axes.yaxis.set_minor_locator(NullLocator())
        names = axes.secondary_yaxis("right")
        names.yaxis.set_major_locator(FixedLocator([vocabulary[word] + 1 for word in named]))
        names.yaxis.set_major_formatter(FixedFormatter(list(named)))
        names.yaxis.set_minor_locator(NullLocator())
        names.tick_params(colors=PALETTE["vermilion"], length=2, pad=2)
    all_axes[-1].set_xlabel("token")
    return figure


def lookup(
    tokens: Sequence[str], words: Sequence[str], table: ArrayLike, upstream: ArrayLike
) -> Figure:
    """Schematic: above, ids pick rows of a table; below, gradients go back to the rows that they
    came from.

    tokens  : n words of a text.
    words   : the V words of the vocabulary, in the order of their ids.
    table   : (V, d) the table E.
    upstream: (n, d) the gradient G of the looked-up rows.
    """
    from matplotlib.figure import Figure

    from embcourse import one_hot as method

    ids = [list(words).index(token) for token in tokens]
    hot = method.one_hot(ids, len(words))
    gradient = method.lookup_gradient(ids, upstream, len(words))
    colours = dict(zip(words, ("#0072b2", "#666666", "#d55e00"), strict=False))
    dashes = dict(zip(words, ("--", ":", "-"), strict=False))
    figure = Figure(figsize=(5.2, 4.5))
    figure.set_layout_engine("constrained")
    names = [f"{i} {word}" for i, word in enumerate(words)]
    for above, axes in zip((True, False), figure.subplots(2, 1), strict=True):
        one, many = (hot, tokens) if above else (hot.T, words)
        _matrix(axes, 1.55, one, [colours[word] for word in many], ones=True)
        _matrix(axes, 6.75, table if above else gradient, [colours[word] for word in words])
        _matrix(
            axes,
            10.9,
            method.lookup(ids, table) if above else upstream,
            [colours[token] for token in tokens],
        )
        for row, label in enumerate(
            [f"{token} {i}" for token, i in zip(tokens, ids, strict=True)] if above else names
        ):
            axes.text(1.35, row + 0.5, label, ha="right", va="center", fontsize=10)
        for row, label in enumerate(names):
            axes.text(6.55, row + 0.5, label, ha="right", va="center", fontsize=10)
        for position, (token, i) in enumerate(zip(tokens, ids, strict=True)):
            ends = (8.85, i + 0.5), (10.8, position + 0.5)
            axes.annotate(
                "",
                *(ends[::-1] if above else ends),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": colours[token],
                    "linestyle": dashes[token],
                    "linewidth": 1.6,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
        labels = (
            (
                (0.6, "ids\n(n,)"),
                (3.05, "O\n(n, V)"),
                (7.75, "E\n(V, d)"),
                (11.9, "Y = O E\n(n, d)"),
            )
            if above
            else ((3.05, "Oᵀ\n(V, n)"), (7.75, "∂L/∂E = Oᵀ G\n(V, d)"), (11.9, "G = ∂L/∂Y\n(n, d)"))
        )
        for x, label in labels:
            axes.text(x, 3.25, label, ha="center", va="top", fontsize=10, linespacing=1.4)
        axes.set_title(
            "Lookup: each id fetches its row"
            if above
            else "Gradient: each row goes back, repeats add up"
        )
        axes.set(xlim=(-0.9, 13.3), ylim=(4.55, -0.15), aspect="equal")
        axes.set_axis_off()
    return figure


def buckets(
    words: Sequence[str], counts: ArrayLike, ids: ArrayLike, signs: ArrayLike, size: int
) -> Figure:
    """Schematic of the hashing trick: each word's count goes to one bucket, with a sign, and
    buckets add up.

    words : n different words.
    counts: (n,) how often each occurs.
    ids   : (n,) the bucket of each.
    signs : (n,) 1 or -1.
    size  : number of buckets.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(5.2, 3.6))
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    ids, signs, counts = np.asarray(ids), np.asarray(signs), np.asarray(counts)
    sums = np.bincount(ids, signs * counts, minlength=size)
    gap = len(words) / size  # both columns are equally high
    for row, (word, count, bucket, sign) in enumerate(zip(words, counts, ids, signs, strict=True)):
        axes.text(0.8, row + 0.5, word, ha="right", va="center", fontsize=10.5)
        axes.add_patch(Rectangle((1, row + 0.1), 1, 0.8, facecolor="#eef3f8", edgecolor="#444444"))
        axes.text(1.5, row + 0.5, f"{count:g}", ha="center", va="center", fontsize=10.5)
        colour = PALETTE["blue" if sign > 0 else "vermilion"]
        arrow = {
            "arrowstyle": "-|>",
            "color": colour,
            "linestyle": "-" if sign > 0 else "--",
            "linewidth": 1.6,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        axes.annotate("", (6.9, (bucket + 0.5) * gap), (2.9, row + 0.5), arrowprops=arrow)
        axes.text(
            2.5,
            row + 0.5,
            "+1" if sign > 0 else "−1",
            ha="center",
            va="center",
            fontsize=10.5,
            color=colour,
        )
    for bucket, total in enumerate(sums):
        axes.add_patch(
            Rectangle(
                (7, (bucket + 0.5) * gap - 0.4), 1, 0.8, facecolor="#eef3f8", edgecolor="#444444"
            )
        )
        axes.text(
            7.5,
            (bucket + 0.5) * gap,
            f"{total:g}".replace("-", "−"),
            ha="center",
            va="center",
            fontsize=10.5,
        )
        axes.text(8.2, (bucket + 0.5) * gap, f"bucket {bucket}", va="center", fontsize=10.5)
    low = len(words) + 0.2
    for x, label in (
        (1.5, "counts x\n(V,)"),
        (4.75, "sign s, bucket h\nof each word"),
        (7.5, "hashed ϕ(x)\n(m,)"),
    ):
        axes.text(x, low, label, ha="center", va="top", fontsize=10, linespacing=1.4)
    axes.set(xlim=(-0.9, 10.2), ylim=(low + 1.1, 0))
    axes.set_axis_off()
    return figure


def cosine_table(
    words: Sequence[str], above: ArrayLike, below: ArrayLike, *, names: tuple[str, str]
) -> Figure:
    """Two tables of cosines in one, since cosines are symmetric: one above the diagonal, the other
    below it.

    words       : n words, in the order of rows and columns.
    above, below: (n, n) cosines; of each, one half is shown.
    names       : what stands above and what below.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.2))
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    cosines = np.triu(above) + np.tril(below, -1)
    axes.imshow(cosines, vmin=-0.2, vmax=1.0)
    axes.grid(visible=False)
    axes.set_xticks(range(len(words)), words, rotation=90)
    axes.set_yticks(range(len(words)), words)
    axes.set_title(
        f"above the diagonal {names[0]}, below it {names[1]}", fontweight="normal", fontsize=10.5
    )
    for row, column in np.ndindex(cosines.shape):
        value = cosines[row, column]
        text = "1" if row == column else f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=8,
            color="white" if value > 0.45 else "#222222",
        )
    axes.plot(
        [-0.5, len(words) - 0.5],
        [-0.5, len(words) - 0.5],
        color="#444444",
        linewidth=0.8,
        linestyle="-",
    )
    return figure


def rank_frequency(counts: Mapping[str, ArrayLike], *, line: str) -> Figure:
    """How often each word occurs, against its rank, both logarithmic, with the straight line of
    Zipf's law.

    counts: the counts of each corpus, descending, by name.
    line  : the corpus whose count at rank 10 the line goes through.
    """
    figure, axes = _plot((5.4, 4.0))
    for (name, values), style in zip(counts.items(), LINE_STYLES, strict=False):
        values = np.asarray(values)
        # 80 ranks are enough to draw a smooth curve; the file would otherwise hold every word.
        rank = np.unique(np.geomspace(1, len(values), 80).round().astype(int))
        axes.plot(rank, values[rank - 1], linestyle=style, label=name)
    tenth = 10 * np.asarray(counts[line])[9]
    ends = np.array([1, max(len(np.asarray(values)) for values in counts.values())])
    axes.plot(
        ends, tenth / ends, color="#999999", linestyle="-", linewidth=1, label="count ∝ 1 / rank"
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="rank of the word",
        ylabel="how often it occurs",
        ylim=(0.7, None),
    )
    axes.legend()
    return figure


def unknown_shares(sizes: ArrayLike, shares: Mapping[str, ArrayLike]) -> Figure:
    """The share of tokens without an id, against the size of the vocabulary.

    sizes : numbers of words kept, ascending.
    shares: for each text the share of its tokens that are not among them.
    """
    figure, axes = _plot((5.4, 3.9))
    sizes = np.asarray(sizes)
    for (name, values), style, marker in zip(shares.items(), LINE_STYLES, MARKERS, strict=False):
        values = 100 * np.asarray(values)
        axes.plot(
            sizes, values, linestyle=style, marker=marker, markersize=4, markevery=4, label=name
        )
    axes.set(
        xscale="log", xlabel="words in the vocabulary", ylabel="unknown tokens, %", ylim=(0, None)
    )
    handles, names = axes.get_legend_handles_labels()
    # as the lines end: top to bottom
    order = np.argsort([-np.asarray(values)[-1] for values in shares.values()])
    axes.legend(
        [handles[i] for i in order],
        [names[i] for i in order],
        loc="upper right",
        bbox_to_anchor=(1, 0.53),
    )
    return figure


def hashing(
    buckets: ArrayLike,
    used: Mapping[str, ArrayLike],
    expected: ArrayLike,
    errors: Mapping[str, ArrayLike],
) -> Figure:
    """Above, how many ids are left of so many words; below, how far off a hashed inner product is.

    buckets : (b,) numbers of buckets.
    used    : buckets in use as a share of the words, for each hash function, (b,).
    expected: (b,) the same, by the formula.
    errors  : (b, seeds) errors of the inner product, by kind of hashing.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 6.6))
    figure.set_layout_engine("constrained")
    upper, lower = figure.subplots(2, 1)
    upper.plot(
        buckets,
        100 * np.asarray(expected),
        color="#777777",
        linestyle="-",
        label="expected",
        zorder=1,
    )
    for (name, values), marker, size, colour in zip(
        used.items(), "ox", (5, 7), ("blue", "vermilion"), strict=False
    ):
        upper.plot(
            buckets,
            100 * np.asarray(values),
            linestyle="none",
            marker=marker,
            markersize=size,
            label=name,
            color=PALETTE[colour],
            fillstyle="none",
        )
    upper.set(xscale="log", xlabel="buckets", ylabel="ids in use, % of words", ylim=(0, 104))
    upper.set_title("Collisions")
    upper.legend(loc="lower right")
    for (name, values), marker, colour, shift in zip(
        errors.items(), "sD", ("vermilion", "blue"), (0.94, 1.06), strict=False
    ):
        values = np.asarray(values)
        lower.errorbar(
            np.asarray(buckets)[: len(values)] * shift,
            values.mean(axis=1),
            values.std(axis=1),
            label=name,
            marker=marker,
            color=PALETTE[colour],
            linestyle="none",
            capsize=3,
        )
    lower.axhline(0, color="#777777", linewidth=1)
    lower.set(xscale="log", xlabel="buckets", ylabel="error of the inner product")
    lower.set_title("Signs take the bias away")
    lower.legend()
    return figure


def _matrix(
    axes: Axes, x: float, values: ArrayLike, colours: Sequence[str], *, ones: bool = False
) -> None:
    """A grid of numbers whose left edge is at x, each row outlined in its colour; with `ones`, only
    ones stand out."""
    from matplotlib.patches import Rectangle

    for (row, column), value in np.ndenumerate(np.asarray(values)):
        strong = not ones or value == 1
        axes.add_patch(
            Rectangle(
                (x + column, row),
                1,
                1,
                facecolor="#eef3f8" if strong else "white",
                edgecolor="#999999",
                linewidth=0.7,
            )
        )
        axes.text(
            x + column + 0.5,
            row + 0.5,
            f"{value:g}",
            ha="center",
            va="center",
            fontsize=9.5,
            color="#222222" if strong else "#777777",
            fontweight="bold" if ones and strong else "normal",
        )
    if not ones:
        for row, colour in enumerate(colours):
            axes.add_patch(
                Rectangle(
                    (x, row + 0.06),
                    np.shape(values)[1],
                    0.88,
                    fill=False,
                    edgecolor=colour,
                    linewidth=1.6,
                )
            )


def _plot(size: tuple[float, float]) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    figure.set_layout_engine("constrained")
    return figure, figure.add_subplot()
