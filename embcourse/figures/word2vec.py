"""The figures of the word2vec chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import LINE_STYLES, MARKERS, PALETTE, groups, label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.8  # inches: a phone then shows letters at three quarters of their size, not at half


def expectations(panels: Mapping[str, Sequence[tuple[str, float]]], *, title: str) -> Figure:
    """What a model expects around a word: for each centre, some words and how much likelier they
    are there, as bars.

    panels: {centre: [(word, factor), ...]}, the largest first. One below the other, on one scale.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 0.5 + 1.45 * len(panels)))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    rows = np.ravel(figure.subplots(len(panels), 1, sharex=True))
    for axes, (centre, found) in zip(rows, panels.items(), strict=True):
        words, factors = zip(*found, strict=True)
        axes.barh(range(len(words)), factors, color=PALETTE["blue"])
        axes.set_yticks(range(len(words)), words)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_title(f"near {centre}", fontsize=10.5, pad=4)
    rows[-1].set_xlabel("times as probable as near an average word")
    return figure


# ----------------------------------------------------------------------------------- the two models


def skipgram_schematic(words: Sequence[str], centre: int, window: int) -> Figure:
    """Skip-gram as boxes and arrows, from the text at the bottom to the loss at the top.

    words : some five short words of text.
    centre: position of the word that predicts.
    window: how many words to each side are to be predicted.
    raises: ValueError if the window holds no word, or centre is no position of words.
    """
    inside = _inside("skipgram_schematic", words, centre, window)
    return _schematic(
        words,
        [centre],
        inside,
        ("look up one row of $E$", "$v_c = E_c$", "$(d,)$"),
        ("score every word with $U$", "$s_w = u_w \\cdot v_c$ for all $w$", "$(V,)$"),
        ("softmax", "$P(w\\,|\\,c)$ for all $w$", "$(V,)$"),
        ("loss of the pair $(c, o)$", "$-\\ln P(o\\,|\\,c)$", "one number"),
        reads="$c$, the centre",
        truth="$o$, each in turn",
    )


def cbow_schematic(words: Sequence[str], centre: int, window: int) -> Figure:
    """CBOW as boxes and arrows, from the text at the bottom to the loss at the top.

    words, centre, window: as in `skipgram_schematic`; here the words around the centre predict it.
    raises: ValueError as `skipgram_schematic`.
    """
    inside = _inside("cbow_schematic", words, centre, window)
    return _schematic(
        words,
        inside,
        [centre],
        (
            f"average {len(inside)} rows of $E$",
            "$h = (v_{o_0} + \\dots + v_{o_{m-1}})\\,/\\,m$",
            "$(d,)$",
        ),
        ("score every word with $U$", "$s_w = u_w \\cdot h$ for all $w$", "$(V,)$"),
        ("softmax", "$P(w\\,|\\,h)$ for all $w$", "$(V,)$"),
        ("loss of the window", "$-\\ln P(c\\,|\\,h)$", "one number"),
        reads="$o_0, \\dots, o_{m-1}$, the context",
        truth="$c$",
    )


def _inside(where: str, words: Sequence[str], centre: int, window: int) -> list[int]:
    inside = [i for i in range(len(words)) if 0 < abs(i - centre) <= window]
    if not inside or not 0 <= centre < len(words):
        raise ValueError(
            f"{where}: centre must be one of {len(words)} words, with others in its window; got"
            f" {centre}"
        )
    return inside


def _schematic(
    words: Sequence[str],
    read: Sequence[int],
    true: Sequence[int],
    *steps: tuple[str, str, str],
    reads: str,
    truth: str,
) -> Figure:
    """The text, and above it a column of steps: what is done, the result, its shape.

    Words that are read go up into the first step, words that are true go round into the last one.
    The tables stand beside the steps that use them. Units are inches.
    """
    from matplotlib.figure import Figure

    height = 1.35 + 1.05 * len(steps)
    figure = Figure(figsize=(WIDTH, height), layout="none")  # type: ignore[arg-type]  # missing in Matplotlib's stub
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, height))
    axes.set_axis_off()
    middle, wide, text, edge = 2.04, 3.0, 0.98, 0.14
    slot = (WIDTH - 0.24) / len(words)
    places = [0.22 + (i + 0.5) * slot for i in range(len(words))]
    for i, (x, word) in enumerate(zip(places, words, strict=True)):
        colour, line = "#999999", ":"
        if i in read:
            colour, line = PALETTE["blue"], "-"
        elif i in true:
            colour, line = PALETTE["orange"], "--"
        _box(axes, x, text, slot - 0.12, 0.4, colour, line)
        axes.text(x, text, word, ha="center", va="center", fontsize=10)
    bottoms = [1.62 + 1.05 * k for k in range(len(steps))]
    for i in read:
        tip = middle + 0.5 * (places[i] - places[len(words) // 2])
        _arrow(axes, (places[i], text + 0.2), (tip, bottoms[0]), PALETTE["blue"])
    for k, ((done, result, shape), y) in enumerate(zip(steps, bottoms, strict=True)):
        _box(axes, middle, y + 0.32, wide, 0.64, "#444444", "-")
        axes.text(middle, y + 0.46, done, ha="center", va="center", fontsize=9)
        axes.text(middle - wide / 2 + 0.1, y + 0.18, result, ha="left", va="center", fontsize=10)
        axes.text(
            middle + wide / 2 - 0.1,
            y + 0.18,
            shape,
            ha="right",
            va="center",
            fontsize=9.5,
            color="#444444",
        )
        if k:
            _arrow(axes, (middle, y - 0.41), (middle, y), "#444444")
        if k < 2:  # the first two steps read a table
            _box(axes, 4.26, y + 0.32, 0.9, 0.64, PALETTE["green"], "-")
            axes.text(
                4.26, y + 0.46, "EU"[k], ha="center", va="center", fontsize=11, style="italic"
            )
            axes.text(
                4.26, y + 0.18, "$(V, d)$", ha="center", va="center", fontsize=9.5, color="#444444"
            )
            _arrow(axes, (3.81, y + 0.32), (middle + wide / 2, y + 0.32), PALETTE["green"])
    dashed: dict[str, Any] = {"color": PALETTE["orange"], "linewidth": 1.6, "linestyle": "--"}
    for i in true:
        axes.plot([places[i]] * 2, [text - 0.2, text - 0.34], **dashed)
    top = bottoms[-1] + 0.32
    axes.plot([max(places[i] for i in true), edge, edge], [text - 0.34, text - 0.34, top], **dashed)
    _arrow(axes, (edge, top), (middle - wide / 2, top), PALETTE["orange"])
    axes.text(0.3, text - 0.56, f"solid: read, {reads}", va="center", fontsize=9)
    axes.text(0.3, text - 0.8, f"dashed: to predict, {truth}", va="center", fontsize=9)
    return figure


def _box(axes: Axes, x: float, y: float, wide: float, high: float, colour: str, line: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (x - wide / 2, y - high / 2),
            wide,
            high,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="white",
            edgecolor=colour,
            linewidth=1.6,
            linestyle=line,
        )
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            shrinkA=0,
            shrinkB=0,
            color=colour,
            linewidth=1.6,
        )
    )


# -------------------------------------------------------------------------------- what was measured


def distance_weights(counts: ArrayLike, window: int) -> Figure:
    """How often pairs at each distance are trained when the radius is drawn, beside the straight
    line that is expected.

    counts: (window,) pairs found at distances 1 ... window, as a share of those in a fixed window.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.0))
    axes = figure.add_subplot()
    distances = np.arange(1, window + 1)
    axes.bar(
        distances,
        counts,
        color=PALETTE["sky"],
        edgecolor="#444444",
        linewidth=0.6,
        label="pairs drawn",
    )
    axes.plot(
        distances,
        (window - distances + 1) / window,
        "o--",
        color=PALETTE["black"],
        label="(W − |δ| + 1) / W",
    )
    axes.set_xlabel("distance |δ|")
    axes.set_ylabel("share of the pairs that are kept")
    axes.legend()
    return figure


def moving_words(snapshots: Mapping[int, ArrayLike], words: Mapping[str, Sequence[str]]) -> Figure:
    """Two-dimensional input vectors at some moments of a training, side by side on the same axes.

    snapshots: {epoch: (words, 2)}, rows in the order in which `words` lists them.
    words    : {group: words}; a group has a colour and a marker.
    """
    from matplotlib.figure import Figure

    names = [word for group in words.values() for word in group]
    limit = 1.18 * max(float(np.abs(points).max()) for points in snapshots.values())
    figure = Figure(figsize=(WIDTH, 2.5 * (len(snapshots) // 2)))
    panels = figure.subplots(len(snapshots) // 2, 2, sharex=True, sharey=True).ravel()
    styles = groups(list(words))
    for axes, (epoch, points) in zip(panels, snapshots.items(), strict=True):
        points = np.asarray(points)
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), title=f"after {epoch} epochs")
        axes.title.set_fontsize(10.5)
        start = 0
        for group, members in words.items():
            part = points[start : start + len(members)]
            axes.scatter(*part.T, s=30, label=group, **styles[group])
            start += len(members)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(words),
        columnspacing=1.0,
        handletextpad=0.2,
    )
    figure.draw_without_rendering()
    # at first they lie on one spot
    for axes, points in zip(panels[1:], list(snapshots.values())[1:], strict=True):
        label_points(axes, np.asarray(points), names, fontsize=9)
    return figure


def losses(
    curves: Mapping[str, Sequence[float] | np.ndarray], *, floor: float | None = None
) -> Figure:
    """Loss by epoch, a line each.

    floor: the smallest loss that any model can reach, drawn as a thin line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.0))
    axes = figure.add_subplot()
    for number, (name, values) in enumerate(curves.items()):
        # The later line is thinner, so that both show where they lie on each other.
        axes.plot(
            np.arange(1, len(values) + 1),
            values,
            label=name,
            linewidth=4.5 - 3 * number,
            linestyle=LINE_STYLES[number],
        )
    if floor is not None:
        label = "entropy of the neighbours, given the word"
        axes.axhline(floor, color="#666666", linewidth=1, linestyle=":", label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss, nats a pair")
    axes.legend()
    return figure


def logit_sizes(sizes: ArrayLike, spread: Mapping[str, ArrayLike]) -> Figure:
    """Spread of CBOW's logits by the number of context words, a line for each way to join them, on
    logarithmic axes."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FormatStrFormatter, NullLocator

    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.add_subplot()
    for (name, values), marker in zip(spread.items(), MARKERS, strict=False):
        axes.loglog(sizes, values, marker=marker, label=name)
    axes.set_xlabel("context words")
    axes.set_ylabel("spread of the scores, one word = 1")
    for axis, ticks in ((axes.xaxis, sizes), (axes.yaxis, (0.25, 0.5, 1, 2, 4, 8))):
        axis.set_major_formatter(FormatStrFormatter("%g"))
        axis.set_minor_locator(NullLocator())
        axis.set_ticks(ticks)
    axes.legend()
    return figure


def cost_by_vocabulary(sizes: ArrayLike, microseconds: ArrayLike) -> Figure:
    """Time of the exact softmax for one pair against the size of the vocabulary, both on
    logarithmic axes."""
    from matplotlib.figure import Figure

    sizes, microseconds = np.asarray(sizes), np.asarray(microseconds)
    figure = Figure(figsize=(WIDTH, 3.2))
    axes = figure.add_subplot()
    axes.loglog(sizes, microseconds, "o-", label="measured")
    axes.loglog(
        sizes,
        microseconds[-1] * sizes / sizes[-1],
        ":",
        color=PALETTE["black"],
        label="in proportion to V",
    )
    axes.set_xlabel("words in the vocabulary")
    axes.set_ylabel("microseconds a pair")
    axes.legend()
    return figure
