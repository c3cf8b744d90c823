"""The figures of the tfidf chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE, label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER, INK = "#eef3f8", "#444444"


def word_plane(
    terms: Sequence[str], tf: ArrayLike, idf: ArrayLike, *, label: int, common: int, title: str
) -> Figure:
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
    figure = Figure(figsize=(5.4, 4.8))
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
        axes.plot(
            x[inside], curve[inside], color=PALETTE["blue"], linestyle=":", linewidth=1, zorder=0
        )
    axes.set_xlabel("tf: share of the book's words (logarithmic)")
    axes.set_ylabel("idf: ln(N / df), in nats")
    axes.set_title(title)
    figure.draw_without_rendering()
    chosen = [*best, *frequent]
    label_points(
        axes, np.column_stack([tf[chosen], idf[chosen]]), [terms[i] for i in chosen], fontsize=9
    )
    return figure


def weighting() -> Figure:
    """Schematic: from tokens to weighted rows, for documents and for a query, and from rows to a
    ranking."""
    figure, axes = _canvas(5.2, 6.6, across=10.4, down=13.2)
    left, middle, right = 2.3, 5.2, 8.1
    _box(axes, left, 0.8, "documents\nN lists of tokens", plain=True)
    _box(axes, right, 0.8, "query\none list of tokens", plain=True)
    _box(axes, left, 3.1, "counts $X$\n(N, V)")
    _box(axes, right, 3.1, "counts $q$\n(V,)")
    _box(axes, 1.75, 5.7, "tf = $X_{d,t}\\,/\\,\\ell_d$\n(N, V)", width=3.1)
    _box(axes, middle, 5.7, "idf = ln(N / df)\n(V,)", width=3.1, marked=True)
    _box(axes, 8.65, 5.7, "tf of the query\n(V,)", width=3.1)
    _box(axes, left, 8.4, "weights $W$ = tf · idf\n(N, V)", width=3.9)
    _box(axes, right, 8.4, "its row $y$ = tf · idf\n(V,)", width=3.9)
    _box(axes, middle, 10.6, "cosine of $y$ with every row of $W$\nscores (N,)", width=6.4)
    _box(axes, middle, 12.4, "ranking: best first (N,)", width=6.4, height=0.9, plain=True)
    for start, end in (
        ((left, 1.4), (left, 2.5)),
        ((right, 1.4), (right, 2.5)),
        ((1.75, 3.7), (1.75, 5.1)),
        ((3.3, 3.7), (4.6, 5.1)),
        ((8.65, 3.7), (8.65, 5.1)),
        ((1.75, 6.3), (1.75, 7.8)),
        ((8.65, 6.3), (8.65, 7.8)),
        ((left, 9.0), (3.4, 10.0)),
        ((right, 9.0), (7.0, 10.0)),
        ((middle, 11.2), (middle, 11.95)),
    ):
        _arrow(axes, start, end)
    for end in ((3.6, 7.8), (6.8, 7.8)):
        _arrow(axes, (4.6 if end[0] < middle else 5.8, 6.3), end, marked=True)
    axes.text(1.6, 4.4, "by row", ha="right", va="center", fontsize=9, color=INK)
    axes.text(4.25, 4.35, "by column", ha="left", va="center", fontsize=9, color=INK)
    axes.text(
        middle,
        7.35,
        "same idf\nfor both",
        ha="center",
        va="center",
        fontsize=9,
        color=PALETTE["vermilion"],
    )
    return figure


def inverted_index(terms: Sequence[str], query: ArrayLike, weights: ArrayLike) -> Figure:
    """Schematic: a query walks the lists of its terms and adds what it finds there into one array
    of scores.

    terms  : the V terms.
    query  : (V,) how often each stands in the query.
    weights: (N, V) what one occurrence in the query adds to the score of each document.
    """
    query, weights = np.asarray(query), np.asarray(weights, float)
    documents = len(weights)
    figure, axes = _canvas(5.2, 0.52 * len(terms) + 2.3, across=10.4, down=1.04 * len(terms) + 4.6)
    axes.text(2.0, 0.45, "term", ha="right", va="center", fontsize=9.5, color=INK)
    axes.text(
        2.4, 0.45, "its list: document and weight", ha="left", va="center", fontsize=9.5, color=INK
    )
    for row, (term, count, column) in enumerate(zip(terms, query, weights.T, strict=True)):
        y, asked = 1.25 + 1.04 * row, count > 0
        label = f"{count:g} × {term}" if asked else term
        axes.text(
            2.0,
            y,
            label,
            ha="right",
            va="center",
            fontsize=10.5,
            fontweight="bold" if asked else "normal",
            color="#222222" if asked else "#6b6b6b",
        )
        for place, document in enumerate(np.flatnonzero(column)):
            _box(
                axes,
                3.55 + 2.55 * place,
                y,
                f"{document}:  {column[document]:.3f}",
                width=2.3,
                height=0.8,
                marked=asked,
                plain=not asked,
            )
    y = 1.04 * len(terms) + 3.1
    axes.text(2.0, y, "scores (N,)", ha="right", va="center", fontsize=10.5)
    for document, score in enumerate(weights @ query):
        _box(axes, 3.55 + 2.55 * document, y, f"{score:.3f}", width=2.3, height=0.8)
        axes.text(
            3.55 + 2.55 * document,
            y + 0.8,
            f"document {document}",
            ha="center",
            va="center",
            fontsize=9.5,
        )
    middle = 3.55 + 2.55 * (documents - 1) / 2
    _arrow(axes, (middle, y - 1.5), (middle, y - 0.5), marked=True)
    axes.text(
        middle + 0.2,
        y - 1.05,
        "add count × weight at each document",
        ha="left",
        va="center",
        fontsize=9.5,
        color=PALETTE["vermilion"],
    )
    return figure


def frequency_and_idf(documents: int) -> Figure:
    """Above, what a count is worth; below, what a document frequency is worth, in the variants
    people meet."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 6.6))
    upper, lower = figure.subplots(2, 1, gridspec_kw={"hspace": 0.08})
    count = np.linspace(0, 12, 200)
    drawn = count[count >= 1]
    upper.plot(count, count, label="raw")
    upper.plot(drawn, 1 + np.log(drawn), label="log: 1 + ln c")
    for k1 in (1.2, 0.5):
        upper.plot(count, count * (k1 + 1) / (count + k1), label=f"BM25, k₁ = {k1}")
    upper.set_ylim(0, 6)
    upper.set_xlabel("count c in a document of mean length")
    upper.set_title("What a count is worth")
    upper.legend()
    df = np.geomspace(1, documents, 200)
    lower.plot(df, np.log(documents / df), label="ln(N / df)")
    lower.plot(df, np.log((1 + documents) / (1 + df)) + 1, label="scikit-learn")
    lower.plot(df, np.log1p((documents - df + 0.5) / (df + 0.5)), label="BM25")
    lower.set_xscale("log")
    lower.set_xlabel(f"document frequency, N = {documents:,}")
    lower.set_title("What rarity is worth")
    lower.legend()
    return figure


def recall_curves(ranks: Mapping[str, Mapping[str, ArrayLike]], *, deepest: int = 1000) -> Figure:
    """Share of queries whose target is among the first k, against k: a panel a translation, a line
    a method."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 2.9 * len(ranks) + 0.4))
    panels = figure.subplots(len(ranks), 1, sharex=True, sharey=True, gridspec_kw={"hspace": 0.08})
    k = np.unique(np.geomspace(1, deepest, 60).astype(int))
    for axes, (translation, methods) in zip(panels, ranks.items(), strict=True):
        for method, found in methods.items():
            axes.plot(k, [(np.asarray(found) <= limit).mean() for limit in k], label=method)
        axes.set_xscale("log")
        axes.set_ylabel("recall at k")
        axes.set_title(f"Queries from {translation}")
    panels[-1].set_xlabel("k (logarithmic)")
    panels[-1].legend(loc="lower right")
    return figure


def interval_bars(
    rows: Sequence[tuple[str, str, float, tuple[float, float]]], *, label: str
) -> Figure:
    """A dot with its confidence interval for every (group, method, value, (low, high)); groups
    share a marker."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 0.42 * len(rows) + 1.0))
    axes = figure.add_subplot()
    groups = list(dict.fromkeys(group for group, *_ in rows))
    colours = list(PALETTE.values())
    for position, (group, _, value, (low, high)) in enumerate(rows):
        index = groups.index(group)
        axes.errorbar(
            value,
            position,
            xerr=[[value - low], [high - value]],
            capsize=3,
            color=colours[index],
            marker=MARKERS[index],
            linestyle=LINE_STYLES[0],
        )
        axes.annotate(
            f"{value:.3f}",
            (high, position),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_yticks(range(len(rows)), [f"{method}, {group}" for group, method, *_ in rows])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label)
    return figure


def _canvas(width: float, height: float, *, across: float, down: float) -> tuple[Figure, Axes]:
    """An empty figure of that many inches, in units of which `across` fit its width; y grows
    downwards."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    axes.set(xlim=(0, across), ylim=(down, 0), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def _box(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    width: float = 3.4,
    height: float = 1.2,
    marked: bool = False,
    plain: bool = False,
) -> None:
    """Text in a box around (x, y): `marked` with a thick edge in colour, `plain` on white."""
    from matplotlib.patches import FancyBboxPatch

    edge = PALETTE["vermilion"] if marked else INK
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.15",
            facecolor="white" if plain else PAPER,
            edgecolor=edge,
            linewidth=1.8 if marked else 1.0,
        )
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=9.5, linespacing=1.35)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], *, marked: bool = False
) -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": PALETTE["vermilion"] if marked else INK,
            "linewidth": 1.6 if marked else 1.1,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
