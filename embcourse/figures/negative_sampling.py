"""The figures of the negative_sampling chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float]


def learned_against_counted(
    counted: Mapping[str, ArrayLike], learned: Mapping[str, ArrayLike], *, title: str, most: int = 1200
) -> Figure:
    """Dot products after training against the logarithm that counting gives; one panel for each group of pairs.

    counted: {group: (pairs,) numbers}, the horizontal axis.
    learned: {group: (pairs,) numbers}, the vertical axis, in the same order.
    most   : points to draw per group; a fixed random choice if there are more.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.7 * len(counted), 3.7))
    panels = figure.subplots(1, len(counted), sharex=True, sharey=True, squeeze=False)[0]
    colours = [PALETTE[name] for name in ("blue", "green", "vermilion")]
    for axes, name, colour, marker in zip(panels, counted, colours, MARKERS, strict=False):
        x, y = np.asarray(counted[name], float), np.asarray(learned[name], float)
        if len(x) > most:
            chosen = np.random.default_rng(0).choice(len(x), most, replace=False)
            x, y = x[chosen], y[chosen]
        axes.scatter(x, y, s=7, color=colour, marker=marker, alpha=0.35, linewidths=0)
        axes.set_title(name)
        axes.set_xlabel("from counts, in nats")
    panels[0].set_ylabel("u · v, learned")
    low = min(min(axes.get_xlim()[0], axes.get_ylim()[0]) for axes in panels)
    high = max(max(axes.get_xlim()[1], axes.get_ylim()[1]) for axes in panels)
    for axes in panels:
        axes.plot([low, high], [low, high], color="#222222", linestyle="--", linewidth=1.1)
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure


def noise_by_rank(shares: Mapping[str, ArrayLike]) -> Figure:
    """Left, the probability to be drawn against the rank of the word; right, over the probability to occur.

    shares: {name: (words,) probabilities}, most frequent word first; the first entry is the words' own frequency.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.5))
    left, right = figure.subplots(1, 2)
    own = np.asarray(next(iter(shares.values())), float)
    rank = np.arange(1, len(own) + 1)
    at = np.unique(np.geomspace(1, len(own), 90).astype(int)) - 1                  # enough for a smooth line
    for name, values in shares.items():
        values = np.asarray(values, float)
        left.loglog(rank[at], values[at], label=name)
        right.loglog(rank[at], values[at] / own[at], label=name)
    left.set_title("Chance to be drawn")
    left.set_ylabel("probability (logarithmic)")
    left.legend()
    right.set_title("… over the chance to occur")
    right.set_ylabel("ratio (logarithmic)")
    for axes in (left, right):
        axes.set_xlabel("rank of the word (logarithmic)")
    return figure


def alias_columns(words: Sequence[str], accept: ArrayLike, alias: ArrayLike) -> Figure:
    """An alias table as columns of equal height: who gives which part.

    words : (V,) names. accept: (V,) shares that stay. alias: (V,) ids of who takes the rest.
    """
    from matplotlib.figure import Figure

    accept, alias = np.asarray(accept, float), np.asarray(alias, int)
    colours = list(PALETTE.values())
    figure = Figure(figsize=(1.15 * len(words) + 1.0, 2.9))
    axes = figure.add_subplot()
    for column, (share, other) in enumerate(zip(accept, alias, strict=True)):
        for bottom, height, owner in ((0.0, share, column), (share, 1.0 - share, other)):
            if height > 1e-9:
                axes.bar(column, height, bottom=bottom, width=0.86, color=colours[owner], alpha=0.35,
                         edgecolor="#444444", hatch="" if owner == column else "///", linewidth=0.8)
                axes.text(column, bottom + height / 2, words[owner], ha="center", va="center", fontsize=9.5,
                          color="#222222", bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.2})
    axes.set_xticks(range(len(words)), [f"column {i}" for i in range(len(words))])
    axes.set_ylabel("coin, from 0 to 1")
    axes.grid(visible=False)
    axes.set_title("Every column holds at most two words")
    return figure


def kept(
    ratios: ArrayLike, curves: Mapping[str, ArrayLike], bands: Sequence[str], before: ArrayLike, after: ArrayLike
) -> Figure:
    """Left, the probability to survive subsampling; right, what bands of words make up of all pairs, before and after.

    ratios: (n,) frequency over the threshold. curves: {name: (n,) probabilities}.
    bands : names of the bands. before, after: (bands,) shares of all pairs.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.8, 3.5))
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    for name, values in curves.items():
        left.semilogx(ratios, values, label=name)
    left.axvline(1, color="#666666", linestyle=":", linewidth=1.1)
    left.set_ylim(0, 1.05)
    left.set_xlabel("frequency / threshold (logarithmic)")
    left.set_ylabel("chance to be kept")
    left.set_title("Two formulas")
    left.legend()
    place = np.arange(len(bands))
    right.barh(place - 0.2, 100 * np.asarray(before, float), height=0.38, color=PALETTE["blue"], label="all tokens")
    right.barh(place + 0.2, 100 * np.asarray(after, float), height=0.38, color=PALETTE["orange"], hatch="///",
               edgecolor="#444444", linewidth=0.5, label="subsampled")
    right.set_yticks(place, bands)
    right.invert_yaxis()
    right.grid(axis="y", visible=False)
    right.set_xlabel("share of all pairs, in %")
    right.set_xlim(0, 160 * max(np.max(before), np.max(after)))
    right.set_title("Who the contexts are")
    right.legend(loc="upper right")
    return figure


def huffman_tree(
    words: Sequence[str], counts: Sequence[int], codes: Sequence[ArrayLike], points: Sequence[ArrayLike]
) -> Figure:
    """Huffman's tree, root on top, with the turn on each branch; a word's code is read from the top down.

    words, counts: (V,). codes, points: from `embcourse.negative_sampling.huffman`.
    """
    from matplotlib.figure import Figure

    order = sorted(range(len(words)), key=lambda word: "".join(map(str, codes[word])))
    across = {("word", word): float(place) for place, word in enumerate(order)}
    down, above = {}, {}
    for word in order:
        path = [("node", int(node)) for node in points[word]] + [("word", word)]
        for depth, node in enumerate(path):
            down[node] = depth
            if depth:
                above[node] = (path[depth - 1], int(codes[word][depth - 1]))
    for node in sorted((node for node in down if node[0] == "node"), key=lambda node: -down[node]):
        across[node] = float(np.mean([across[child] for child, (parent, _) in above.items() if parent == node]))

    figure = Figure(figsize=(0.95 * len(words) + 0.6, 0.72 * max(down.values()) + 0.9))
    axes = figure.add_subplot()
    for child, (parent, code) in above.items():
        x, y = (across[parent], across[child]), (-down[parent], -down[child])
        axes.plot(x, y, color=PALETTE["vermilion" if code else "blue"], linestyle="--" if code else "-", zorder=1)
        axes.text(np.mean(x), np.mean(y), str(code), ha="center", va="center", fontsize=9,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})
    for node in down:
        if node[0] == "node":
            axes.scatter(across[node], -down[node], s=210, color="white", edgecolors="#444444", zorder=2)
            axes.text(across[node], -down[node], str(node[1]), ha="center", va="center", fontsize=9, zorder=3)
        else:
            axes.text(across[node], -down[node] - 0.12, f"{words[node[1]]}\n{counts[node[1]]}", ha="center", va="top",
                      fontsize=9)
    axes.set_ylim(-max(down.values()) - 0.85, 0.35)
    axes.margins(x=0.06)
    axes.axis("off")
    return figure


def path_lengths(sizes: ArrayLike, mean: ArrayLike, longest: ArrayLike) -> Figure:
    """Nodes on a path of Huffman's tree, and dot products of the full softmax, against the size of the vocabulary."""
    from matplotlib.figure import Figure

    sizes = np.asarray(sizes, float)
    figure = Figure(figsize=(6.6, 3.5))
    axes = figure.add_subplot()
    for name, values, marker in (
        ("full softmax: V", sizes, "o"),
        ("Huffman, longest path", longest, "s"),
        ("log₂ V", np.log2(sizes), "^"),
        ("Huffman, mean over tokens", mean, "D"),
    ):
        axes.loglog(sizes, values, marker=marker, label=name)
    axes.set_xlabel("words in the vocabulary, V (logarithmic)")
    axes.set_ylabel("dot products a pair (logarithmic)")
    axes.set_title("The cost of one prediction")
    axes.legend()
    return figure


def losses(curves: Mapping[str, Sequence[tuple[float, float]]], *, title: str) -> Figure:
    """Loss against the tokens trained on.

    curves: {name: [(million tokens, loss in nats), ...]}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.4))
    axes = figure.add_subplot()
    for name, points in curves.items():
        axes.plot(*np.array(points).T, label=name)
    axes.set_xlabel("million tokens passed")
    axes.set_ylabel("loss of a pair, in nats")
    axes.set_title(title)
    axes.legend()
    return figure


def agreement(rows: Sequence[tuple[str, float, float]], *, title: str) -> Figure:
    """How many of ten nearest neighbours two trainings share: one bar for each pair of trainings.

    rows: (which trainings, neighbours in common, correlation with people's judgements).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 0.5 * len(rows) + 1.3))
    axes = figure.add_subplot()
    names, values, quality = zip(*rows, strict=True)
    axes.barh(range(len(rows)), values, color=PALETTE["blue"], height=0.6)
    for place, (value, correlation) in enumerate(zip(values, quality, strict=True)):
        axes.text(value + 0.1, place, f"{value:.1f}  ({correlation:.2f})", va="center", fontsize=9.5)
    axes.set_yticks(range(len(rows)), names)
    axes.set_xlim(0, 12)
    axes.set_xticks(range(0, 11, 2))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("neighbours of ten in common, on average")
    axes.set_title(title)
    return figure


def speeds(rows: Sequence[tuple[str, float, Interval]], *, title: str) -> Figure:
    """Speeds, one bar each, with the spread over the runs.

    rows: (name, thousand words per second, (lowest, highest)).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 0.38 * len(rows) + 1.3))
    axes = figure.add_subplot()
    names = [name for name, *_ in rows]
    values = np.array([value for _, value, _ in rows])
    low, high = np.array([spread for *_, spread in rows]).T
    ours = [not name.startswith("gensim") for name in names]
    colours = [PALETTE["blue"] if our else PALETTE["orange"] for our in ours]
    axes.barh(range(len(rows)), values, color=colours, height=0.62, xerr=[values - low, high - values],
              error_kw={"linewidth": 1.0, "ecolor": "#222222"})
    for place, (value, top) in enumerate(zip(values, high, strict=True)):
        label = f"{value:,.0f}" if value >= 10 else f"{value:.1g}"
        axes.text(max(value, top), place, f"  {label}", va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), names)
    axes.set_xlim(0, float(high.max()) * 1.17)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("thousand words a second")
    axes.set_title(title)
    return figure


def sweeps(panels: Mapping[str, Mapping[str, Sequence[tuple[float, float, Interval]]]], *, label: str) -> Figure:
    """Quality against one setting at a time, with confidence intervals; one panel a setting, one line a benchmark.

    panels: {setting: {benchmark: [(value, quality, (low, high)), ...]}}.
            Without any, the figure says that there are none.
    label : what the vertical axis shows.
    """
    from matplotlib.figure import Figure

    if not panels:
        figure = Figure(figsize=(6.6, 0.8))
        axes = figure.add_subplot()
        axes.axis("off")
        axes.text(0.5, 0.5, "No sweep among the measurements that are at hand here", ha="center", va="center")
        return figure
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(2.75 * columns + 0.6, 2.55 * rows + 0.4))
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, (setting, lines) in zip(grid.flat, panels.items(), strict=False):
        _draw_sweep(axes, lines)
        axes.set_title(setting, fontsize=10.5)
    for axes in grid.flat[len(panels):]:
        axes.axis("off")
    for axes in grid[:, 0]:
        axes.set_ylabel(label)
    handles, names = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def _draw_sweep(axes: Axes, lines: Mapping[str, Sequence[tuple[float, float, Interval]]]) -> None:
    """One panel: values side by side at equal distances, so that 0, 1e-5 and 1e-2 all have room."""
    settings = sorted({value for points in lines.values() for value, *_ in points})
    for (name, points), marker, shift in zip(lines.items(), MARKERS, np.linspace(-0.1, 0.1, len(lines)), strict=False):
        points = sorted(points)
        place = np.array([settings.index(value) for value, *_ in points]) + shift
        values = np.array([quality for _, quality, _ in points])
        low, high = np.array([interval for *_, interval in points]).T
        axes.errorbar(place, values, yerr=[values - low, high - values], marker=marker, capsize=2.5, label=name,
                      linewidth=1.3, markersize=4.5)
    axes.set_xticks(range(len(settings)), [f"{value:g}" for value in settings], fontsize=8.5)
