"""The figures of the cooccurrence chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import MARKERS, PALETTE, groups, label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from embcourse.vectors import Embeddings


def word_map(embeddings: Embeddings, words: Mapping[str, Sequence[str]], *, title: str) -> Figure:
    """Groups of words in the plane, with the distances between their vectors kept as well as two
    dimensions allow.

    embeddings: where the vectors come from; they are scaled to length 1.
    words     : {group: words}, at most eight groups; each gets a colour and a marker.

    Multidimensional scaling, Kruskal (1964).
    """
    from matplotlib.figure import Figure
    from sklearn.manifold import smacof

    chosen = [word for group in words.values() for word in group]
    rows = np.array([embeddings[word] for word in chosen], dtype=np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    distances = np.linalg.norm(rows[:, None] - rows, axis=2)
    start = np.random.default_rng(0).normal(size=(len(rows), 2))
    points, _ = smacof(distances, n_components=2, init=start, n_init=1, normalized_stress=False)
    figure = Figure(figsize=(5.2, 5.6))
    axes = figure.add_subplot()
    styles = groups(list(words))
    start = 0
    for name, group in words.items():
        end = start + len(group)
        x, y = points[start:end].T
        axes.scatter(x, y, s=34, label=name, **styles[name])
        start = end
    axes.margins(x=0.15, y=0.07)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.01),
        ncols=3,
        columnspacing=1.2,
        handletextpad=0.3,
    )
    figure.draw_without_rendering()
    label_points(axes, points, chosen, fontsize=9)
    return figure


def pipeline() -> Figure:
    """Schematic of the method: text, counts C, weights M, their truncated SVD, word vectors E; with
    every shape.

    One word is followed from its occurrence in the text to its row in each array.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 6.2), layout="none")  # type: ignore[arg-type]  # missing in Matplotlib's stub
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 104), ylim=(124, 0))  # twentieths of an inch, y downwards
    axes.axis("off")
    axes.text(2, 4, "From text to word vectors", fontsize=11.5, fontweight="bold", va="center")
    _tokens(axes, "she poured the veshk into two cups".split(), centre=3, window=2)
    _step(axes, (31, 24), (31, 37), (34, 30), "1  count pairs within $W$ positions")
    _array(axes, (16, 42), (30, 30), "$C$, counts", "(V, V)", word="veshk")
    _step(axes, (48, 57), (66, 57), (57, 50), "2  weigh:\nPPMI", ha="center")
    _array(axes, (68, 42), (30, 30), "$M$, weights", "(V, V)")
    _step(axes, (83, 77.5), (71, 86), (75, 81), "3  squeeze: truncated SVD", ha="right")
    _array(axes, (16, 89), (8, 30), "$U_d$", "(V, d)", word="veshk")
    _array(axes, (32, 89), (8, 8), r"$\Sigma_d$", "(d, d)", row=False)
    _array(axes, (48, 89), (30, 8), r"$Q_d^\top$", "(d, V)", row=False)
    _step(
        axes,
        (27, 107),
        (84, 107),
        (55.5, 111.5),
        r"4  keep $U_d$ and a power $p$ of $\Sigma_d$",
        ha="center",
    )
    _array(axes, (87, 89), (8, 30), r"$E = U_d\Sigma_d^p$", "(V, d)")
    return figure


def _tokens(axes: Axes, words: Sequence[str], *, centre: int, window: int) -> None:
    """A sentence in boxes, the words within `window` of the centre bracketed on either side."""
    gap, edges = 1.5, []
    widths = [1.75 * len(word) + 3.5 for word in words]
    left = (104 - sum(widths) - gap * (len(words) - 1)) / 2
    for position, (word, width) in enumerate(zip(words, widths, strict=True)):
        near = 0 < abs(position - centre) <= window
        colour = PALETTE["orange"] if position == centre else PALETTE["sky"] if near else "white"
        _box(axes, (left, 9), (width, 8), colour, hatch="////" if position == centre else None)
        axes.text(
            left + width / 2,
            13,
            word,
            ha="center",
            va="center",
            fontsize=9.5,
            bbox=(
                {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
                if position == centre
                else None
            ),
        )
        edges.append((left, left + width))
        left += width + gap
    for first, last in ((centre - window, centre - 1), (centre + 1, centre + window)):
        start, end = edges[first][0], edges[last][1]
        axes.plot(
            [start, start, end, end],
            [18, 19.5, 19.5, 18],
            color="#444444",
            linewidth=1,
            linestyle="-",
        )
        axes.text((start + end) / 2, 22.5, "$W$", ha="center", va="center", fontsize=10)


def _array(
    axes: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    name: str,
    shape: str,
    *,
    word: str = "",
    row: bool = True,
) -> None:
    """An array as a box, its name above, its shape below, one row marked, and beside the row its
    word."""
    (x, y), (width, height) = corner, size
    _box(axes, corner, size, PALETTE["sky"])
    axes.text(x + width / 2, y - 2.5, name, ha="center", va="center", fontsize=10)
    axes.text(
        x + width / 2,
        y + height + 2.5,
        shape,
        ha="center",
        va="center",
        fontsize=9.5,
        family="monospace",
    )
    if row:
        _box(axes, (x, y + 12), (width, 3), PALETTE["orange"], hatch="////")
    if word:
        axes.text(x - 1.5, y + 13.5, word, ha="right", va="center", fontsize=9.5)


def _box(
    axes: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    colour: str,
    hatch: str | None = None,
) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    face = colour if colour == "white" else to_rgba(colour, 0.65 if hatch else 0.3)
    axes.add_patch(
        Rectangle(corner, *size, facecolor=face, edgecolor="#444444", linewidth=1, hatch=hatch)
    )


def _step(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    at: tuple[float, float],
    text: str,
    *,
    ha: str = "left",
) -> None:
    """An arrow from one array to the next, and what happens on the way."""
    axes.annotate(
        "",
        end,
        start,
        arrowprops={"arrowstyle": "-|>", "color": "#444444", "shrinkA": 0, "shrinkB": 0},
    )
    axes.text(*at, text, ha=ha, va="center", fontsize=9.5)


def counts_and_weights(
    words: Sequence[str], contexts: Sequence[str], counts: ArrayLike, weights: ArrayLike
) -> Figure:
    """The same cells twice, one table above the other: counts, coloured on a logarithmic scale, and
    PPMI.

    counts : (words, contexts) whole numbers.
    weights: (words, contexts) PPMI.
    """
    from matplotlib.figure import Figure

    counts, weights = np.asarray(counts, float), np.asarray(weights, float)
    figure = Figure(figsize=(5.2, 6.6))
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    shades = (np.log1p(counts) / np.log1p(counts).max(), weights / weights.max())
    short = np.vectorize(
        lambda count: f"{count:.0f}" if count < 1000 else f"{count / 1000:.1f}k", otypes=[str]
    )
    labels = (short(counts), np.char.mod("%.1f", weights))
    for axes, shade, label, title in zip(panels, shades, labels, ("Counts", "PPMI"), strict=True):
        axes.pcolormesh(shade, edgecolors="white", linewidth=0.5)
        for row, column in np.ndindex(shade.shape):
            text = "·" if shade[row, column] == 0 else label[row, column]
            axes.text(
                column + 0.5,
                row + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=8,
                color="white" if shade[row, column] > 0.55 else "#222222",
            )
        axes.set_xticks(
            np.arange(len(contexts)) + 0.5,
            contexts,
            rotation=60,
            ha="right",
            rotation_mode="anchor",
        )
        axes.set_yticks(np.arange(len(words)) + 0.5, words)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.set_title(title)
        axes.set_ylabel("word")
    panels[0].invert_yaxis()  # shared: once is enough
    panels[1].set_xlabel("context")
    return figure


def smoothing_effect(
    word: str,
    contexts: Sequence[str],
    frequencies: ArrayLike,
    plain: ArrayLike,
    smoothed: ArrayLike,
    *,
    label: int,
) -> Figure:
    """Every context of one word: PMI against the context's frequency, before and after smoothing.

    frequencies: (contexts,) how often the context word occurs.
    plain      : (contexts,) PMI.
    smoothed   : (contexts,) PMI with smoothing.
    label      : how many of the largest to name in each panel.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 6.4))
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    frequencies = np.asarray(frequencies, float)
    values = [np.asarray(plain, float), np.asarray(smoothed, float)]
    panels[0].set_xscale("log")
    panels[0].set_ylim(min(map(np.min, values)) - 0.3, max(map(np.max, values)) + 0.6)
    # room for names on the left
    panels[0].set_xlim(frequencies.min() * 0.12, frequencies.max() * 2)
    best = [np.argsort(-value, kind="stable")[:label] for value in values]
    for axes, value, top, title in zip(
        panels, values, best, ("no smoothing", "α = 0.75"), strict=True
    ):
        rest = np.setdiff1d(np.arange(len(value)), top)
        axes.scatter(frequencies[rest], value[rest], s=9, color="#8a8a8a", linewidths=0)
        axes.scatter(frequencies[top], value[top], s=30, color=PALETTE["vermilion"], marker="D")
        axes.axhline(0, color=PALETTE["blue"], linestyle=":", linewidth=1.2)
        axes.set_title(f"PMI of “{word}”, {title}")
        axes.set_ylabel("PMI in nats; 0 is chance")
    panels[1].set_xlabel("frequency of the context word (logarithmic)")
    figure.draw_without_rendering()
    for axes, value, top in zip(panels, values, best, strict=True):
        label_points(
            axes,
            np.column_stack([frequencies[top], value[top]]),
            [contexts[i] for i in top],
            fontsize=8.5,
        )
    return figure


def spectrum(singular: ArrayLike, total: float) -> Figure:
    """Above, the singular values; below, the share of the squared entries that the first d of them
    keep.

    singular: (d,) largest first.
    total   : sum of the squares of all entries of the matrix, which is that of all its singular
              values.
    """
    from matplotlib.figure import Figure

    singular = np.asarray(singular, float)
    number = np.arange(1, len(singular) + 1)
    figure = Figure(figsize=(5.2, 5.2))
    above, below = figure.subplots(2, 1)
    above.loglog(number, singular)
    above.set_xlabel("number (logarithmic)")
    above.set_ylabel("singular value (log.)")
    above.set_title("A long tail")
    below.plot(number, 100 * np.cumsum(singular**2) / total)
    below.set_ylim(0, 100)
    below.set_xlabel("dimensions kept, d")
    below.set_ylabel("squares kept, in %")
    below.set_title("What d dimensions keep")
    return figure


def correlation_by_window(
    rows: Mapping[str, Sequence[tuple[int, float, tuple[float, float]]]], *, title: str
) -> Figure:
    """Spearman correlation with people's judgements against the window, with intervals; one line a
    benchmark.

    rows: {benchmark: [(window, correlation, (low, high)), ...]}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.6))
    axes = figure.add_subplot()
    shift = 0.97
    for (name, points), marker in zip(rows.items(), MARKERS, strict=False):
        # side by side, so that bars stay apart
        windows = np.array([window for window, *_ in points]) * shift
        values = np.array([value for _, value, _ in points])
        low, high = np.array([interval for *_, interval in points]).T
        axes.errorbar(
            windows,
            values,
            yerr=[values - low, high - values],
            marker=marker,
            capsize=3,
            label=name,
        )
        shift = 1 / shift
    axes.set_xscale("log")
    windows = [window for window, *_ in next(iter(rows.values()))]
    axes.set_xticks(windows, [str(window) for window in windows])
    axes.minorticks_off()
    axes.axhline(0, color="#666666", linewidth=0.8, linestyle="-")
    axes.set_xlabel("window: words to each side (logarithmic)")
    axes.set_ylabel("Spearman correlation")
    axes.set_title(title)
    axes.legend()
    return figure


def answer_ranks(ranks: Mapping[str, ArrayLike], *, title: str) -> Figure:
    """At which rank the expected answer stands: one dot a setting, one row a family of settings.

    ranks: {family: ranks from 1}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 0.5 * len(ranks) + 1.4))
    axes = figure.add_subplot()
    styles = groups(list(ranks))
    for position, (name, values) in enumerate(ranks.items()):
        values = np.sort(np.asarray(values))
        # Equal ranks stand above each other instead of hiding each other.
        repeats = np.array([np.sum(values[:i] == value) for i, value in enumerate(values)])
        axes.scatter(values, position + 0.16 * repeats, s=34, alpha=0.85, **styles[name])
    axes.axvline(1, color="#666666", linestyle=":", linewidth=1.2)
    axes.set_xscale("log")
    axes.set_xlim(0.8, max(float(np.max(values)) for values in ranks.values()) * 1.4)
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_yticks(range(len(ranks)), list(ranks))
    axes.set_ylim(-0.5, len(ranks) - 0.3)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("rank of the expected answer (logarithmic)")
    axes.set_title(title)
    return figure
