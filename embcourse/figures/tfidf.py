"""The figures of the tfidf chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE, label_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def word_plane(terms: Sequence[str], tf: ArrayLike, idf: ArrayLike, *, label: int, common: int, title: str) -> Figure:
    """Every word of a document in the plane of its two factors, with curves of equal product.

    terms : the words.
    tf    : (words,) relative frequencies, above 0.
    idf   : (words,) inverse document frequencies, in nats.
    label : how many words of largest product to name.
    common: how many of the most frequent other words to name.
    """
    from matplotlib.figure import Figure

    tf, idf = np.asarray(tf, float), np.asarray(idf, float)
    product = tf * idf
    best = np.argsort(-product, kind="stable")[:label]
    frequent = [i for i in np.argsort(-tf, kind="stable") if i not in set(best)][:common]
    figure = Figure(figsize=(6.6, 4.6))
    axes = figure.add_subplot()
    axes.set_xscale("log")
    others = np.setdiff1d(np.arange(len(tf)), best)
    axes.scatter(tf[others], idf[others], s=10, color="#9a9a9a", linewidths=0)
    axes.scatter(tf[best], idf[best], s=30, color=PALETTE["vermilion"], marker="D")
    axes.set_xlim(tf.min() * 0.8, tf.max() * 1.6)
    axes.set_ylim(-0.4, idf.max() * 1.08)
    x = np.geomspace(*axes.get_xlim(), 200)
    for level in product[best[[0, label // 3, label - 1]]]:
        curve = level / x
        inside = curve < axes.get_ylim()[1]
        axes.plot(x[inside], curve[inside], color=PALETTE["blue"], linestyle=":", linewidth=1, zorder=0)
    axes.set_xlabel("tf: share of the book's words (logarithmic)")
    axes.set_ylabel("idf: ln(N / df), in nats")
    axes.set_title(title)
    figure.draw_without_rendering()
    chosen = [*best, *frequent]
    label_points(axes, np.column_stack([tf[chosen], idf[chosen]]), [terms[i] for i in chosen], fontsize=9)
    return figure


def frequency_and_idf(documents: int) -> Figure:
    """Left, what a count is worth; right, what a document frequency is worth, in the variants people meet."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4))
    left, right = figure.subplots(1, 2)
    count = np.linspace(0, 12, 200)
    drawn = count[count >= 1]
    left.plot(count, count, label="raw")
    left.plot(drawn, 1 + np.log(drawn), label="log: 1 + ln c")
    for k1 in (1.2, 0.5):
        left.plot(count, count * (k1 + 1) / (count + k1), label=f"BM25, k₁ = {k1}")
    left.set_ylim(0, 6)
    left.set_xlabel("count c in a document of mean length")
    left.set_title("What a count is worth")
    left.legend()
    df = np.geomspace(1, documents, 200)
    right.plot(df, np.log(documents / df), label="ln(N / df)")
    right.plot(df, np.log((1 + documents) / (1 + df)) + 1, label="scikit-learn")
    right.plot(df, np.log1p((documents - df + 0.5) / (df + 0.5)), label="BM25")
    right.set_xscale("log")
    right.set_xlabel(f"document frequency, N = {documents:,}")
    right.set_title("What rarity is worth")
    right.legend()
    return figure


def recall_curves(ranks: Mapping[str, Mapping[str, ArrayLike]], *, deepest: int = 1000) -> Figure:
    """Share of queries whose target stands among the first k, against k: one panel a translation, one line a method."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.5))
    panels = figure.subplots(1, len(ranks), sharey=True)
    k = np.unique(np.geomspace(1, deepest, 60).astype(int))
    for axes, (translation, methods) in zip(panels, ranks.items(), strict=True):
        for method, found in methods.items():
            axes.plot(k, [(np.asarray(found) <= limit).mean() for limit in k], label=method)
        axes.set_xscale("log")
        axes.set_xlabel("k (logarithmic)")
        axes.set_title(f"Queries from {translation}")
    panels[0].set_ylabel("recall at k")
    panels[-1].legend(loc="lower right")
    return figure


def interval_bars(rows: Sequence[tuple[str, str, float, tuple[float, float]]], *, label: str) -> Figure:
    """A dot with its confidence interval for every (group, method, value, (low, high)); groups share a marker."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 0.42 * len(rows) + 1.0))
    axes = figure.add_subplot()
    groups = list(dict.fromkeys(group for group, *_ in rows))
    colours = list(PALETTE.values())
    for position, (group, _, value, (low, high)) in enumerate(rows):
        index = groups.index(group)
        axes.errorbar(value, position, xerr=[[value - low], [high - value]], capsize=3, color=colours[index],
                      marker=MARKERS[index], linestyle=LINE_STYLES[0])
        axes.annotate(f"{value:.3f}", (high, position), (6, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [f"{method}, {group}" for group, method, *_ in rows])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label)
    return figure
