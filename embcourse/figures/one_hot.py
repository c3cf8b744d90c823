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


def token_map(panels: Mapping[str, ArrayLike], vocabulary: Vocabulary, *, named: Sequence[str]) -> Figure:
    """Texts as one-hot matrices, turned on their side: a dot for every 1.

    panels    : ids of each text, in order, by title.
    vocabulary: the most frequent word first; its size is the height of the picture.
    named     : words whose rows get their name.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    figure = Figure(figsize=(7.2, 4.6))
    figure.set_layout_engine("constrained")
    widths = [len(np.asarray(ids)) for ids in panels.values()]
    all_axes = np.atleast_1d(figure.subplots(1, len(panels), sharey=True, width_ratios=widths))
    for axes, (title, ids) in zip(all_axes, panels.items(), strict=True):
        rank = np.asarray(ids) + 1                                 # a logarithmic axis has no 0
        colours = np.where(np.isin(ids, [vocabulary[word] for word in named]), PALETTE["vermilion"], PALETTE["blue"])
        axes.scatter(np.arange(len(rank)), rank, s=3, c=colours, linewidths=0)
        axes.set_yscale("log")
        axes.set(title=title, xlabel="token", xlim=(-10, len(rank) + 10), ylim=(len(vocabulary) * 1.15, 0.8))
        axes.grid(axis="x", visible=False)
    all_axes[0].set_ylabel("id of the word (logarithmic)")
    all_axes[0].yaxis.set_major_locator(FixedLocator([10**power + 1 for power in range(5)]))
    all_axes[0].yaxis.set_major_formatter(FixedFormatter([f"{10**power:,}" for power in range(5)]))
    all_axes[0].yaxis.set_minor_locator(NullLocator())
    names = all_axes[-1].secondary_yaxis("right")
    names.yaxis.set_major_locator(FixedLocator([vocabulary[word] + 1 for word in named]))
    names.yaxis.set_major_formatter(FixedFormatter(list(named)))
    names.yaxis.set_minor_locator(NullLocator())
    names.tick_params(colors=PALETTE["vermilion"], length=2, pad=2)
    return figure


def cosine_tables(words: Sequence[str], tables: Mapping[str, ArrayLike]) -> Figure:
    """Tables of cosines between words side by side, each cell with its number.

    words : n words, in the order of rows and columns.
    tables: (n, n) cosines by title.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.3))
    figure.set_layout_engine("constrained")
    for axes, (title, cosines) in zip(np.atleast_1d(figure.subplots(1, len(tables))), tables.items(), strict=True):
        cosines = np.asarray(cosines)
        axes.imshow(cosines, vmin=-0.2, vmax=1.0)
        axes.grid(visible=False)
        axes.set_xticks(range(len(words)), words, rotation=90)
        axes.set_yticks(range(len(words)), words)
        axes.set_title(title)
        for row, column in np.ndindex(cosines.shape):
            value = cosines[row, column]
            text = "1" if row == column else f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5,
                      color="white" if value > 0.45 else "#222222")  # fmt: skip
    return figure


def rank_frequency(counts: Mapping[str, ArrayLike], *, line: str) -> Figure:
    """How often each word occurs, against its rank, both logarithmic, with the straight line of Zipf's law.

    counts: the counts of each corpus, descending, by name.
    line  : the corpus whose count at rank 10 the line goes through.
    """
    figure, axes = _plot((6.6, 4.2))
    for (name, values), style in zip(counts.items(), LINE_STYLES, strict=False):
        values = np.asarray(values)
        # 80 ranks are enough to draw a smooth curve; the file would otherwise hold every word.
        rank = np.unique(np.geomspace(1, len(values), 80).round().astype(int))
        axes.plot(rank, values[rank - 1], linestyle=style, label=name)
    tenth = 10 * np.asarray(counts[line])[9]
    ends = np.array([1, max(len(np.asarray(values)) for values in counts.values())])
    axes.plot(ends, tenth / ends, color="#777777", linestyle=(0, (1, 2)), label="count ∝ 1 / rank")
    axes.set(xscale="log", yscale="log", xlabel="rank of the word", ylabel="how often it occurs", ylim=(0.7, None))
    axes.legend()
    return figure


def unknown_shares(sizes: ArrayLike, shares: Mapping[str, ArrayLike]) -> Figure:
    """The share of tokens without an id, against the size of the vocabulary.

    sizes : numbers of words kept, ascending.
    shares: for each text the share of its tokens that are not among them.
    """
    figure, axes = _plot((6.6, 4.0))
    sizes = np.asarray(sizes)
    for (name, values), style, marker in zip(shares.items(), LINE_STYLES, MARKERS, strict=False):
        values = 100 * np.asarray(values)
        axes.plot(sizes, values, linestyle=style, marker=marker, markersize=4, markevery=4, label=name)
    axes.set(xscale="log", xlabel="words in the vocabulary", ylabel="unknown tokens, %", ylim=(0, None))
    handles, names = axes.get_legend_handles_labels()
    order = np.argsort([-np.asarray(values)[-1] for values in shares.values()])     # as the lines end: top to bottom
    axes.legend([handles[i] for i in order], [names[i] for i in order], loc="upper right", bbox_to_anchor=(1, 0.53))
    return figure


def hashing(
    buckets: ArrayLike, kept: Mapping[str, ArrayLike], expected: ArrayLike, errors: Mapping[str, ArrayLike]
) -> Figure:
    """Left, how many words keep a number of their own; right, how far off a hashed inner product is.

    buckets : (b,) numbers of buckets.
    kept    : buckets in use as a share of the words, for each hash function, (b,).
    expected: (b,) the same, by the formula.
    errors  : (b, seeds) errors of the inner product, by kind of hashing.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 3.8))
    figure.set_layout_engine("constrained")
    left, right = figure.subplots(1, 2)
    left.plot(buckets, 100 * np.asarray(expected), color="#777777", linestyle="-", label="expected", zorder=1)
    for (name, values), marker, size, colour in zip(kept.items(), "ox", (5, 7), ("blue", "vermilion"), strict=False):
        left.plot(buckets, 100 * np.asarray(values), linestyle="none", marker=marker, markersize=size, label=name,
                  color=PALETTE[colour], fillstyle="none")  # fmt: skip
    left.set(xscale="log", xlabel="buckets", ylabel="ids in use, % of words", ylim=(0, 104))
    left.set_title("Collisions")
    left.legend(loc="lower right")
    for (name, values), marker, colour, shift in zip(errors.items(), "sD", ("vermilion", "blue"), (0.94, 1.06),
                                                      strict=False):  # fmt: skip
        values = np.asarray(values)
        right.errorbar(np.asarray(buckets)[: len(values)] * shift, values.mean(axis=1), values.std(axis=1), label=name,
                       marker=marker, color=PALETTE[colour], linestyle="none", capsize=3)  # fmt: skip
    right.axhline(0, color="#777777", linewidth=1)
    right.set(xscale="log", xlabel="buckets", ylabel="error of the inner product")
    right.set_title("Signs take the bias away")
    right.legend()
    return figure


def _plot(size: tuple[float, float]) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    figure.set_layout_engine("constrained")
    return figure, figure.add_subplot()
