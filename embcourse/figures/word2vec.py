"""The figures of the word2vec chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.figures.style import LINE_STYLES, PALETTE, groups, label_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def expectations(panels: Mapping[str, Sequence[tuple[str, float]]], *, title: str) -> Figure:
    """What a model expects around a word: for each centre, some words and their probabilities, as bars.

    panels: {centre: [(word, probability), ...]}, the likeliest first.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 2.9))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    for axes, (centre, found) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        words, shares = zip(*found, strict=True)
        axes.barh(range(len(words)), [100 * share for share in shares], color=PALETTE["blue"])
        axes.set_yticks(range(len(words)), words)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_title(f"near {centre}", fontsize=10.5)
        axes.set_xlabel("%")
    return figure


def distance_weights(counts: ArrayLike, window: int) -> Figure:
    """How often pairs at each distance are trained when the radius is drawn, beside the straight line that is expected.

    counts: (window,) pairs found at distances 1 ... window, as a share of those at distance 1.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.0))
    axes = figure.add_subplot()
    distances = np.arange(1, window + 1)
    axes.bar(distances, counts, color=PALETTE["sky"], edgecolor="#444444", linewidth=0.6, label="pairs drawn")
    axes.plot(distances, (window - distances + 1) / window, "o--", color=PALETTE["black"], label="(W − δ + 1) / W")
    axes.set_xlabel("distance δ")
    axes.set_ylabel("share of the centres")
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
    figure = Figure(figsize=(7.0, 2.6 * (len(snapshots) // 2)))
    panels = figure.subplots(len(snapshots) // 2, 2, sharex=True, sharey=True).ravel()
    styles = groups(list(words))
    for axes, (epoch, points) in zip(panels, snapshots.items(), strict=True):
        points = np.asarray(points)
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), title=f"after {epoch} epochs")
        start = 0
        for group, members in words.items():
            part = points[start : start + len(members)]
            axes.scatter(*part.T, s=30, label=group, **styles[group])
            start += len(members)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(words), columnspacing=1.2
    )
    figure.draw_without_rendering()
    for axes, points in zip(panels[1:], list(snapshots.values())[1:], strict=True):     # at first they lie on one spot
        label_points(axes, np.asarray(points), names, fontsize=8.5)
    return figure


def losses(curves: Mapping[str, ArrayLike], *, floor: float | None = None) -> Figure:
    """Loss by epoch, a line each.

    floor: the smallest loss that any model can reach, drawn as a thin line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 3.0))
    axes = figure.add_subplot()
    for number, (name, values) in enumerate(curves.items()):
        # The later line is thinner, so that both show where they lie on each other.
        axes.plot(np.arange(1, len(values) + 1), values, label=name, linewidth=4.5 - 3 * number,
                  linestyle=LINE_STYLES[number])
    if floor is not None:
        axes.axhline(floor, color="#666666", linewidth=1, linestyle=":", label="entropy of the pairs")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss, nats a pair")
    axes.legend()
    return figure


def logit_sizes(sizes: ArrayLike, spread: Mapping[str, ArrayLike]) -> Figure:
    """Spread of CBOW's logits by the number of context words, a line for each way to join them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.0))
    axes = figure.add_subplot()
    for (name, values), marker in zip(spread.items(), "os", strict=True):
        axes.plot(sizes, values, marker=marker, label=name)
    axes.set_xlabel("context words")
    axes.set_ylabel("standard deviation of the logits")
    axes.legend()
    return figure


def cost_by_vocabulary(sizes: ArrayLike, microseconds: ArrayLike) -> Figure:
    """Time of the exact softmax for one pair against the size of the vocabulary, both on logarithmic axes."""
    from matplotlib.figure import Figure

    sizes, microseconds = np.asarray(sizes), np.asarray(microseconds)
    figure = Figure(figsize=(6.0, 3.2))
    axes = figure.add_subplot()
    axes.loglog(sizes, microseconds, "o-", label="measured")
    axes.loglog(sizes, microseconds[-1] * sizes / sizes[-1], ":", color=PALETTE["black"], label="in proportion to V")
    axes.set_xlabel("words in the vocabulary")
    axes.set_ylabel("microseconds a pair")
    axes.legend()
    return figure
