"""The figures of the negative_sampling chapter and of its further page on the trainer.

All are at most 5.8 inches wide, so that their letters can be read on a phone, where 5.8 inches
become 358 pixels.
"""

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
    counted: Mapping[str, ArrayLike],
    learned: Mapping[str, ArrayLike],
    *,
    title: str,
    most: int = 1200,
) -> Figure:
    """Dot products after training against the logarithm that counting gives; one panel for each
    group of pairs.

    counted: {group: (pairs,) numbers}, the horizontal axis.
    learned: {group: (pairs,) numbers}, the vertical axis, in the same order.
    most   : points to draw per group; a fixed random choice if there are more.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.8 * len(counted), 3.2))
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
    """Above, the probability to be drawn against the rank of the word; below, over the probability
    to occur.

    shares: {name: (words,) probabilities}, most frequent word first; the first entry is the words'
            own frequency.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.8))
    above, below = figure.subplots(2, 1, sharex=True)
    own = np.asarray(next(iter(shares.values())), float)
    rank = np.arange(1, len(own) + 1)
    at = np.unique(np.geomspace(1, len(own), 90).astype(int)) - 1  # enough for a smooth line
    for name, values in shares.items():
        values = np.asarray(values, float)
        above.loglog(rank[at], values[at], label=name)
        below.loglog(rank[at], values[at] / own[at], label=name)
    above.set_title("Chance to be drawn")
    above.set_ylabel("probability (logarithmic)")
    above.legend()
    below.set_title("… over the chance to occur")
    below.set_ylabel("ratio (logarithmic)")
    below.set_xlabel("rank of the word (logarithmic)")
    return figure


def alias_columns(words: Sequence[str], accept: ArrayLike, alias: ArrayLike) -> Figure:
    """An alias table as columns of equal height: who gives which part.

    words : (V,) names. accept: (V,) shares that stay. alias: (V,) ids of who takes the rest.
    """
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    accept, alias = np.asarray(accept, float), np.asarray(alias, int)
    colours = list(PALETTE.values())
    figure = Figure(figsize=(0.96 * len(words) + 0.8, 2.9))
    axes = figure.add_subplot()
    for column, (share, other) in enumerate(zip(accept, alias, strict=True)):
        for bottom, height, owner in ((0.0, share, column), (share, 1.0 - share, other)):
            if height > 1e-9:
                axes.bar(
                    column,
                    height,
                    bottom=bottom,
                    width=0.86,
                    color=(*to_rgb(colours[owner]), 0.35),
                    edgecolor="#444444",
                    hatch="" if owner == column else "//",
                    linewidth=0.8,
                )
                axes.text(
                    column,
                    bottom + height / 2,
                    words[owner],
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    color="#222222",
                    bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.2},
                )
    axes.set_xticks(range(len(words)), [f"column {i}" for i in range(len(words))])
    axes.set_ylabel("coin, from 0 to 1")
    axes.grid(visible=False)
    axes.set_title("Every column holds at most two words")
    return figure


def kept(
    ratios: ArrayLike,
    curves: Mapping[str, ArrayLike],
    bands: Sequence[str],
    before: ArrayLike,
    after: ArrayLike,
) -> Figure:
    """Above, the probability to survive subsampling; below, what bands of words make up of all
    pairs, before and after.

    ratios: (n,) frequency over the threshold. curves: {name: (n,) probabilities}.
    bands : names of the bands. before, after: (bands,) shares of all pairs.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.6))
    above, below = figure.subplots(2, 1)
    for name, values in curves.items():
        above.semilogx(ratios, values, label=name)
    above.axvline(1, color="#666666", linestyle=":", linewidth=1.1)
    above.set_ylim(0, 1.05)
    above.set_xlabel("frequency / threshold (logarithmic)")
    above.set_ylabel("chance to be kept")
    above.set_title("Two formulas")
    above.legend()
    place = np.arange(len(bands))
    below.barh(
        place - 0.2,
        100 * np.asarray(before, float),
        height=0.38,
        color=PALETTE["blue"],
        label="all tokens",
    )
    below.barh(
        place + 0.2,
        100 * np.asarray(after, float),
        height=0.38,
        color=PALETTE["orange"],
        hatch="///",
        edgecolor="#444444",
        linewidth=0.5,
        label="subsampled",
    )
    below.set_yticks(place, bands)
    below.invert_yaxis()
    below.grid(axis="y", visible=False)
    below.set_xlabel("share of all pairs, in %")
    below.set_xlim(0, 160 * max(np.max(before), np.max(after)))
    below.set_title("Who the contexts are")
    below.legend(loc="lower right")
    return figure


def huffman_tree(
    words: Sequence[str],
    counts: Sequence[int],
    codes: Sequence[Sequence[int] | np.ndarray],
    points: Sequence[Sequence[int] | np.ndarray],
) -> Figure:
    """Huffman's tree, root on top, with the turn on each branch; a word's code is read from the top
    down.

    words, counts: (V,). codes, points: from `embcourse.negative_sampling.huffman`.
    """
    from matplotlib.figure import Figure

    order = sorted(range(len(words)), key=lambda word: "".join(map(str, codes[word])))
    across = {("word", word): float(place) for place, word in enumerate(order)}
    down: dict[tuple[str, int], int] = {}
    above: dict[tuple[str, int], tuple[tuple[str, int], int]] = {}
    for word in order:
        path = [("node", int(node)) for node in points[word]] + [("word", word)]
        for depth, node in enumerate(path):
            down[node] = depth
            if depth:
                above[node] = (path[depth - 1], int(codes[word][depth - 1]))
    for node in sorted((node for node in down if node[0] == "node"), key=lambda node: -down[node]):
        across[node] = float(
            np.mean([across[child] for child, (parent, _) in above.items() if parent == node])
        )

    figure = Figure(figsize=(0.66 * len(words) + 0.5, 0.62 * max(down.values()) + 0.9))
    axes = figure.add_subplot()
    for child, (parent, code) in above.items():
        x, y = (across[parent], across[child]), (-down[parent], -down[child])
        axes.plot(
            x,
            y,
            color=PALETTE["vermilion" if code else "blue"],
            linestyle="--" if code else "-",
            zorder=1,
        )
        axes.text(
            sum(x) / 2,
            sum(y) / 2,
            str(code),
            ha="center",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )
    for node in down:
        if node[0] == "node":
            axes.scatter(
                across[node], -down[node], s=210, color="white", edgecolors="#444444", zorder=2
            )
            axes.text(
                across[node],
                -down[node],
                str(node[1]),
                ha="center",
                va="center",
                fontsize=9,
                zorder=3,
            )
        else:
            axes.text(
                across[node],
                -down[node] - 0.12,
                f"{words[node[1]]}\n{counts[node[1]]}",
                ha="center",
                va="top",
                fontsize=9,
            )
    axes.set_ylim(-max(down.values()) - 0.85, 0.35)
    axes.margins(x=0.06)
    axes.axis("off")
    return figure


def path_lengths(sizes: ArrayLike, mean: ArrayLike, longest: ArrayLike) -> Figure:
    """Nodes on a path of Huffman's tree, and dot products of the full softmax, against the size of
    the vocabulary."""
    from matplotlib.figure import Figure

    sizes = np.asarray(sizes, float)
    figure = Figure(figsize=(5.6, 3.6))
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

    figure = Figure(figsize=(5.6, 3.4))
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

    figure = Figure(figsize=(5.8, 0.5 * len(rows) + 1.3))
    axes = figure.add_subplot()
    names, values, quality = zip(*rows, strict=True)
    axes.barh(range(len(rows)), values, color=PALETTE["blue"], height=0.6)
    for place, (value, correlation) in enumerate(zip(values, quality, strict=True)):
        axes.text(
            value + 0.1, place, f"{value:.1f}  ({correlation:.2f})", va="center", fontsize=9.5
        )
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

    figure = Figure(figsize=(5.8, 0.38 * len(rows) + 1.3))
    axes = figure.add_subplot()
    names = [name for name, *_ in rows]
    values = np.array([value for _, value, _ in rows])
    low, high = np.array([spread for *_, spread in rows]).T
    ours = [not name.startswith("gensim") for name in names]
    colours = [PALETTE["blue"] if our else PALETTE["orange"] for our in ours]
    axes.barh(
        range(len(rows)),
        values,
        color=colours,
        height=0.62,
        xerr=[values - low, high - values],
        error_kw={"linewidth": 1.0, "ecolor": "#222222"},
    )
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


def sweeps(
    panels: Mapping[str, Mapping[str, Sequence[tuple[float, float, Interval]]]], *, label: str
) -> Figure:
    """Quality against one setting at a time, with confidence intervals; one panel a setting, one
    line a benchmark.

    panels: {setting: {benchmark: [(value, quality, (low, high)), ...]}}.
            Without any, the figure says that there are none.
    label : what the vertical axis shows.
    """
    from matplotlib.figure import Figure

    if not panels:
        figure = Figure(figsize=(5.6, 0.8))
        axes = figure.add_subplot()
        axes.axis("off")
        axes.text(
            0.5,
            0.5,
            "No sweep among the measurements that are at hand here",
            ha="center",
            va="center",
        )
        return figure
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(2.6 * columns + 0.5, 2.3 * rows + 0.4))
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, (setting, lines) in zip(grid.flat, panels.items(), strict=False):
        _draw_sweep(axes, lines)
        axes.set_title(setting, fontsize=10.5)
    for axes in grid.flat[len(panels) :]:
        axes.axis("off")
    for axes in grid[:, 0]:
        axes.set_ylabel(label)
    handles, names = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def _draw_sweep(axes: Axes, lines: Mapping[str, Sequence[tuple[float, float, Interval]]]) -> None:
    """One panel: values side by side at equal distances, so that 0, 1e-5 and 1e-2 all have room."""
    settings = sorted({value for points in lines.values() for value, *_ in points})
    for (name, points), marker, shift in zip(
        lines.items(), MARKERS, np.linspace(-0.1, 0.1, len(lines)), strict=False
    ):
        points = sorted(points)
        place = np.array([settings.index(value) for value, *_ in points]) + shift
        values = np.array([quality for _, quality, _ in points])
        low, high = np.array([interval for *_, interval in points]).T
        axes.errorbar(
            place,
            values,
            yerr=[values - low, high - values],
            marker=marker,
            capsize=2.5,
            label=name,
            linewidth=1.3,
            markersize=4.5,
        )
    axes.set_xticks(range(len(settings)), [f"{value:g}" for value in settings], fontsize=8.5)


# --------------------------------------------------------------------------------------- schematics


def question_step(negatives: int = 3) -> Figure:
    """One step of skip-gram with negative sampling: the rows it takes, what it computes, the rows
    it changes.

    negatives: how many to draw; more would only make the picture longer.
    """
    figure, axes = _canvas(5.8, 5.3)
    _table(axes, 0.1, 3.0, 1.0, 1.9, 9, {3: ("c", "blue")}, "E  (V, d)", "inputs")
    rows = {1: ("o", "vermilion")} | {4 + 2 * i: (f"$k_{i + 1}$", "sky") for i in range(negatives)}
    _table(axes, 4.6, 2.6, 1.0, 2.3, 11, rows, "U  (V, d)", "outputs")
    _box(axes, 1.55, 4.1, 1.05, 0.55, "$v_c$\n(d,)", "blue")
    _box(axes, 3.1, 3.45, 1.05, 1.2, "$u_o$\n$u_{k_1}$ … $u_{k_K}$\n(1 + K, d)", "vermilion")
    _arrow(axes, (1.1, 4.28), (1.55, 4.35))
    _arrow(axes, (4.6, 4.1), (4.15, 4.1))
    _box(axes, 1.55, 2.55, 2.6, 0.5, "scores  $x_q = u_q \\cdot v_c$   (1 + K,)", None)
    _arrow(axes, (2.08, 4.1), (2.08, 3.05))
    _arrow(axes, (3.6, 3.45), (3.6, 3.05))
    _box(axes, 1.55, 1.7, 2.6, 0.5, "beliefs  $\\sigma(x_q)$   (1 + K,)", None)
    _arrow(axes, (2.85, 2.55), (2.85, 2.2))
    _box(axes, 1.55, 0.85, 2.6, 0.5, "errors  $g_q = \\sigma(x_q) - y_q$   (1 + K,)", "green")
    _arrow(axes, (2.85, 1.7), (2.85, 1.35))
    axes.text(2.95, 1.525, "labels y = (1, 0, …, 0)", fontsize=8.5, va="center")
    _box(
        axes, 0.1, 0.05, 2.45, 0.5, "$v_c \\leftarrow v_c - \\eta\\, \\Sigma_q\\, g_q u_q$", "blue"
    )
    _box(axes, 3.15, 0.05, 2.45, 0.5, "$u_q \\leftarrow u_q - \\eta\\, g_q v_c$", "vermilion")
    _arrow(axes, (2.2, 0.85), (1.6, 0.55))
    _arrow(axes, (3.5, 0.85), (4.1, 0.55))
    _arrow(axes, (0.6, 0.55), (0.6, 3.0), dashed=True)
    _arrow(axes, (5.1, 0.55), (5.1, 2.6), dashed=True)
    return figure


def tree_path(
    word: str, code: ArrayLike, path: ArrayLike, probabilities: ArrayLike, nodes: int
) -> Figure:
    """How hierarchical softmax gives one word its probability: a turn at each node of its path.

    code         : (L,) turns. path: (L,) inner nodes, root first.
    probabilities: (L,) of the turn that is taken at each node.
    nodes        : inner nodes of the tree.
    """
    code, path, probabilities = (
        np.asarray(code, int),
        np.asarray(path, int),
        np.asarray(probabilities, float),
    )
    steps = len(code)
    figure, axes = _canvas(5.8, 0.75 * steps + 1.55)
    top = 0.75 * steps + 1.25
    marked = {nodes - 1 - int(node): (str(node), "vermilion") for node in path}
    _table(axes, 0.1, top - 2.15, 0.95, 1.9, nodes, marked, "nodes  (V − 1, d)", "")
    _box(axes, 0.1, top - 3.1, 0.95, 0.55, "$h$\n(d,)", "blue")
    across = np.linspace(2.0, 2.6, steps + 1)
    for step in range(steps):
        x, y = across[step], top - 0.75 * step
        below = (across[step + 1], y - 0.75)
        axes.scatter(
            x, y, s=330, color="white", edgecolors=PALETTE["vermilion"], linewidths=1.5, zorder=3
        )
        axes.text(x, y, str(path[step]), ha="center", va="center", fontsize=10, zorder=4)
        end = (below[0], below[1] + (0.17 if step < steps - 1 else 0.1))
        _arrow(axes, (x + 0.03, y - 0.17), end)
        axes.plot(
            (x - 0.14, x - 0.42), (y - 0.1, y - 0.38), color="#888888", linestyle=":", linewidth=1.2
        )
        axes.text(
            x - 0.46,
            y - 0.44,
            f"turn {1 - code[step]}",
            ha="center",
            va="top",
            fontsize=8,
            color="#666666",
        )
        sign = "+" if code[step] == 0 else "-"
        taken = (
            f"turn {code[step]}:  $\\sigma({sign}n_{{{path[step]}}} \\cdot h)$ ="
            f" {probabilities[step]:.2f}"
        )
        axes.text(max(x, below[0]) + 0.28, y - 0.36, taken, va="center", fontsize=10)
    axes.text(
        across[-1],
        top - 0.75 * steps + 0.06,
        word,
        ha="center",
        va="top",
        fontsize=10.5,
        fontweight="bold",
    )
    product = " · ".join(f"{probability:.2f}" for probability in probabilities)
    _box(
        axes,
        1.55,
        0.05,
        4.1,
        0.5,
        f"P({word} | h) = {product} = {probabilities.prod():.3f}",
        "green",
    )
    return figure


def window_block() -> Figure:
    """One window with shared negatives as three small matrix products, with the shape of each
    block."""
    figure, axes = _canvas(5.8, 4.3)
    _box(axes, 1.75, 2.75, 1.5, 1.2, "$B^T$\n(d, 1 + K)", "vermilion")
    axes.text(
        2.5, 4.05, "output rows: true word, K negatives", ha="center", va="bottom", fontsize=9
    )
    _box(axes, 0.1, 1.45, 1.4, 1.1, "$A$\n(m, d)", "blue")
    axes.text(0.8, 2.62, "input rows", ha="center", va="bottom", fontsize=9)
    _box(axes, 1.75, 1.45, 1.5, 1.1, "$X = A B^T$\n(m, 1 + K)", None)
    _box(axes, 4.2, 1.45, 1.5, 1.1, "$G = \\eta\\,(Y - \\sigma(X))$\n(m, 1 + K)", "green")
    _arrow(axes, (1.5, 2.0), (1.75, 2.0))
    _arrow(axes, (2.5, 2.75), (2.5, 2.55))
    _arrow(axes, (3.25, 2.0), (4.2, 2.0))
    axes.text(3.72, 2.06, "sigmoid,\nlabels Y", ha="center", va="bottom", fontsize=8.5)
    _box(axes, 0.1, 0.1, 2.5, 0.75, "$A \\leftarrow A + G B$\n(m, d), from the old B", "blue")
    _box(
        axes,
        3.2,
        0.1,
        2.5,
        0.75,
        "$B \\leftarrow B + G^T A$\n(1 + K, d), from the old A",
        "vermilion",
    )
    _arrow(axes, (4.5, 1.45), (2.3, 0.85))
    _arrow(axes, (4.95, 1.45), (4.6, 0.85))
    return figure


def sharing() -> Figure:
    """Threads that share one pair of tables, above; machines with copies that are averaged,
    below."""
    figure, axes = _canvas(5.8, 5.2)
    axes.text(
        0.1,
        5.1,
        "One machine: threads write to the same rows",
        fontsize=10.5,
        fontweight="bold",
        va="top",
    )
    for i in range(3):
        x = 0.1 + 1.95 * i
        _box(axes, x, 4.1, 1.7, 0.6, f"thread {i + 1}\nits chunks of text", None)
        _arrow(axes, (x + 0.85, 4.1), (2.2 + 0.7 * i, 3.55), both=True)
    _box(axes, 1.6, 2.95, 2.6, 0.6, "E, U   (V, d) each\nno lock", "vermilion")
    axes.text(
        0.1, 2.6, "Several machines: copies, averaged", fontsize=10.5, fontweight="bold", va="top"
    )
    for i in range(3):
        x = 0.1 + 1.95 * i
        _box(
            axes,
            x,
            1.4,
            1.7,
            0.8,
            f"worker {i + 1}, its shard\n$E_{i + 1}, U_{i + 1}$  (V, d)",
            None,
        )
        _arrow(axes, (x + 0.75, 1.4), (2.1 + 0.7 * i, 0.7))
        _arrow(axes, (2.3 + 0.7 * i, 0.7), (x + 0.95, 1.4), dashed=True)
    _box(
        axes,
        1.35,
        0.05,
        3.1,
        0.65,
        "mean of the copies, by tokens\nE, U   (V, d), once an epoch or more often",
        "green",
    )
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty drawing, one unit an inch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return figure, axes


def _box(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str | None
) -> None:
    """A box with its text, tinted in a colour of the palette or white."""
    from matplotlib.patches import FancyBboxPatch

    face = (*_rgb(colour), 0.18) if colour else "white"
    edge = PALETTE[colour] if colour else "#444444"
    style = "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle=style, facecolor=face, edgecolor=edge, linewidth=1.2
        )
    )
    axes.text(
        x + width / 2,
        y + height / 2,
        text,
        ha="center",
        va="center",
        fontsize=9.5,
        linespacing=1.35,
    )


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    dashed: bool = False,
    both: bool = False,
) -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "<|-|>" if both else "-|>",
            "color": "#444444",
            "linewidth": 1.2,
            "linestyle": "--" if dashed else "-",
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def _table(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    rows: int,
    marked: Mapping[int, tuple[str, str]],
    shape: str,
    name: str,
) -> None:
    """A table of many rows, some of them marked: {row from above: (label, colour)}."""
    from matplotlib.patches import Rectangle

    each = height / rows
    for row in range(rows):
        label, colour = marked.get(row, ("", None))
        face = (*_rgb(colour), 0.55) if colour else "white"
        below = y + height - (row + 1) * each
        axes.add_patch(
            Rectangle((x, below), width, each, facecolor=face, edgecolor="#888888", linewidth=0.6)
        )
        if label:
            axes.text(
                x + width / 2, below + each / 2, label, ha="center", va="center", fontsize=8.5
            )
    axes.text(
        x + width / 2,
        y + height + 0.06,
        f"{name}\n{shape}".strip(),
        ha="center",
        va="bottom",
        fontsize=9.5,
    )


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(PALETTE[colour])
