"""The figures of the cooccurrence chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import MARKERS, PALETTE, groups, label_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from embcourse.vectors import Embeddings


def word_map(embeddings: Embeddings, words: Mapping[str, Sequence[str]], *, title: str) -> Figure:
    """Groups of words in the plane, with the distances between their vectors kept as well as two dimensions allow.

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
    figure = Figure(figsize=(7.0, 5.2))
    axes = figure.add_subplot()
    styles = groups(list(words))
    start = 0
    for name, group in words.items():
        end = start + len(group)
        axes.scatter(*points[start:end].T, s=34, label=name, **styles[name])
        start = end
    axes.margins(x=0.13, y=0.07)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=len(words), columnspacing=1.0, handletextpad=0.3)
    figure.draw_without_rendering()
    label_points(axes, points, chosen, fontsize=9)
    return figure


def counts_and_weights(
    words: Sequence[str], contexts: Sequence[str], counts: ArrayLike, weights: ArrayLike
) -> Figure:
    """The same cells twice: as counts, coloured on a logarithmic scale, and as PPMI.

    counts : (words, contexts) whole numbers.
    weights: (words, contexts) PPMI.
    """
    from matplotlib.figure import Figure

    counts, weights = np.asarray(counts, float), np.asarray(weights, float)
    figure = Figure(figsize=(7.6, 4.4))
    panels = figure.subplots(1, 2, sharey=True)
    shades = (np.log1p(counts) / np.log1p(counts).max(), weights / weights.max())
    short = np.vectorize(lambda count: f"{count:.0f}" if count < 1000 else f"{count / 1000:.1f}k", otypes=[str])
    labels = (short(counts), np.char.mod("%.1f", weights))
    for axes, shade, label, title in zip(panels, shades, labels, ("Counts", "PPMI"), strict=True):
        axes.pcolormesh(shade, edgecolors="white", linewidth=0.5)
        for row, column in np.ndindex(shade.shape):
            text = "·" if shade[row, column] == 0 else label[row, column]
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7.5,
                      color="white" if shade[row, column] > 0.55 else "#222222")
        axes.set_xticks(np.arange(len(contexts)) + 0.5, contexts, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(np.arange(len(words)) + 0.5, words)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.set_title(title)
        axes.set_xlabel("context")
    panels[0].invert_yaxis()                                      # shared: once is enough
    panels[0].set_ylabel("word")
    return figure


def smoothing_effect(
    word: str, contexts: Sequence[str], frequencies: ArrayLike, plain: ArrayLike, smoothed: ArrayLike, *, label: int
) -> Figure:
    """Every context of one word: PMI against the context's frequency, before and after smoothing.

    frequencies: (contexts,) how often the context word occurs.
    plain      : (contexts,) PMI.
    smoothed   : (contexts,) PMI with smoothing.
    label      : how many of the largest to name in each panel.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 4.0))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    frequencies = np.asarray(frequencies, float)
    values = [np.asarray(plain, float), np.asarray(smoothed, float)]
    panels[0].set_xscale("log")
    panels[0].set_ylim(min(map(np.min, values)) - 0.3, max(map(np.max, values)) + 0.6)
    panels[0].set_xlim(frequencies.min() * 0.6, frequencies.max() * 2)
    best = [np.argsort(-value, kind="stable")[:label] for value in values]
    for axes, value, top, title in zip(panels, values, best, ("no smoothing", "α = 0.75"), strict=True):
        rest = np.setdiff1d(np.arange(len(value)), top)
        axes.scatter(frequencies[rest], value[rest], s=9, color="#8a8a8a", linewidths=0)
        axes.scatter(frequencies[top], value[top], s=30, color=PALETTE["vermilion"], marker="D")
        axes.axhline(0, color=PALETTE["blue"], linestyle=":", linewidth=1.2)
        axes.set_title(f"PMI of “{word}”, {title}")
        axes.set_xlabel("frequency of the context word")
    panels[0].set_ylabel("PMI in nats; 0 is chance")
    figure.draw_without_rendering()
    for axes, value, top in zip(panels, values, best, strict=True):
        label_points(axes, np.column_stack([frequencies[top], value[top]]), [contexts[i] for i in top], fontsize=8.5)
    return figure


def spectrum(singular: ArrayLike, total: float) -> Figure:
    """Left, the singular values; right, the share of the squared entries that the first d of them keep.

    singular: (d,) largest first.
    total   : sum of the squares of all entries of the matrix, which is that of all its singular values.
    """
    from matplotlib.figure import Figure

    singular = np.asarray(singular, float)
    number = np.arange(1, len(singular) + 1)
    figure = Figure(figsize=(7.2, 3.2))
    left, right = figure.subplots(1, 2)
    left.loglog(number, singular)
    left.set_xlabel("number (logarithmic)")
    left.set_ylabel("singular value (logarithmic)")
    left.set_title("A long tail")
    right.plot(number, 100 * np.cumsum(singular**2) / total)
    right.set_ylim(0, 100)
    right.set_xlabel("dimensions kept, d")
    right.set_ylabel("share of squared entries, in %")
    right.set_title("What d dimensions keep")
    return figure


def correlation_by_window(
    rows: Mapping[str, Sequence[tuple[int, float, tuple[float, float]]]], *, title: str
) -> Figure:
    """Spearman correlation with people's judgements against the window, with intervals; one line a benchmark.

    rows: {benchmark: [(window, correlation, (low, high)), ...]}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.6))
    axes = figure.add_subplot()
    shift = 0.97
    for (name, points), marker in zip(rows.items(), MARKERS, strict=False):
        windows = np.array([window for window, *_ in points]) * shift          # side by side, so that bars stay apart
        values = np.array([value for _, value, _ in points])
        low, high = np.array([interval for *_, interval in points]).T
        axes.errorbar(windows, values, yerr=[values - low, high - values], marker=marker, capsize=3, label=name)
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

    figure = Figure(figsize=(6.8, 0.5 * len(ranks) + 1.4))
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
