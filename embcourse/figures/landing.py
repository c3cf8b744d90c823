"""The picture on the first page: one word on its way from running text to a place on a map."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.figures.style import PALETTE, groups, label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from embcourse.text import Vocabulary

GROUPS: dict[str, tuple[str, ...]] = {
    "food": ("bread", "wine", "oil", "meat", "honey", "milk", "flour", "cakes"),
    "family": ("father", "mother", "son", "daughter", "brother", "sister", "wife", "husband"),
    "animals": ("sheep", "ox", "goat", "ass", "camels", "lamb", "horses", "lion", "bear"),
    "metals": ("gold", "silver", "brass", "iron"),
    "numbers": ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve"),
    "places": ("egypt", "jerusalem", "babylon", "samaria", "tyre"),
    "body": ("hand", "foot", "eye", "ear", "mouth", "head", "heart", "tongue"),
}
"""What the map shows, chosen before the vectors were computed: everyday words of seven kinds."""

QUIET = "#6b6b6b"
CENTRE = 0.52  # where the word stands in the concordance, as a share of its width


def word_to_map(
    lines: Sequence[str],
    word: str,
    vocabulary: Vocabulary,
    counts: ArrayLike,
    ppmi: ArrayLike,
    vectors: ArrayLike,
    *,
    window: int,
    show: int = 8,
) -> Figure:
    """Four steps, top to bottom: the word in text, its neighbours counted, weighed, and its place
    among other words.

    lines     : sentences that contain the word.
    word      : the word whose way is shown; it must be one of the words on the map.
    vocabulary: names the columns of counts and ppmi and the rows of vectors.
    counts    : (V,) co-occurrence counts of the word.
    ppmi      : (V,) positive pointwise mutual information of the word, in nats.
    vectors   : (V, d) word vectors.
    window    : how many words to each side were counted.
    show      : how many neighbours to show.
    raises    : ValueError if the word is not on the map, a line lacks it, or the sizes do not fit
                the vocabulary.
    """
    from matplotlib.figure import Figure

    if word not in chain.from_iterable(GROUPS.values()):
        raise ValueError(f"word_to_map: word must be one of the words in GROUPS, got {word!r}")
    counts, ppmi, vectors = (np.asarray(array) for array in (counts, ppmi, vectors))
    for name, array in (("counts", counts), ("ppmi", ppmi), ("vectors", vectors)):
        if array.shape[:1] != (len(vocabulary),):
            raise ValueError(
                f"word_to_map: {name} must have {len(vocabulary)} rows, got shape {array.shape}"
            )

    figure = Figure(figsize=(5.6, 9.4))  # narrow: it must be readable at the width of a phone
    figure.set_layout_engine("none")  # the boxes below say where everything goes
    question = f"The {window} words on each side of “{word}” are its context."
    text = _panel(figure, (0.02, 0.835, 0.96, 0.11), 0.02, "1  Read", question)
    _concordance(text, lines, word, window)
    left = _panel(
        figure, (0.19, 0.555, 0.25, 0.195), 0.02, "2  Count", "What stands there most often?"
    )
    _bars(left, vocabulary, counts, show, PALETTE["blue"], "{:,.0f}")
    right = _panel(figure, (0.7, 0.555, 0.22, 0.195), 0.53, "3  Weigh", "What beats chance?")
    _bars(right, vocabulary, ppmi, show, PALETTE["vermilion"], "{:.1f}")
    question = "Words that keep the same company land close together."
    place = _panel(figure, (0.02, 0.02, 0.96, 0.45), 0.02, "4  Place", question)
    _map(place, word, vocabulary, vectors)
    return figure


def project(vectors: ArrayLike) -> NDArray[np.float64]:
    """The two directions in which a few vectors differ most: principal components of the vectors at
    length 1.

    vectors: (n, d) array of word vectors.
    returns: (n, 2) float64. The signs, which the definition leaves open, put the first vector up
             and right.

    >>> project([[5, 0, 0], [4, 3, 0], [0, 0, 2]])[2].round(2)
    array([-0.92,  0.  ])
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    left, scale, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    points = left[:, :2] * scale[:2]
    return points * np.where(points[0] < 0, -1.0, 1.0)


def _panel(
    figure: Figure, box: tuple[float, float, float, float], x: float, title: str, question: str
) -> Axes:
    """Axes without a frame, with a heading above them that begins at x. All numbers are shares of
    the figure."""
    axes = figure.add_axes(box)
    axes.set_axis_off()
    top = box[1] + box[3]
    figure.text(x, top + 0.035, title, fontsize=13, fontweight="bold", va="bottom")
    figure.text(x, top + 0.014, question, fontsize=9.5, color=QUIET, va="bottom")
    return axes


def _concordance(axes: Axes, lines: Sequence[str], word: str, window: int) -> None:
    """The lines one below the other, with the word in one column and its window in dark."""
    from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea

    def place(near: str, far: str, row: int, side: int) -> None:
        font = {"fontsize": 10, "fontfamily": "DejaVu Serif"}
        parts = [
            TextArea(near, textprops=font),
            TextArea(far, textprops=font | {"color": "#999999"}),
        ][::side]
        packed = HPacker(
            children=[part for part in parts if part.get_text()], pad=0, sep=3.5, align="baseline"
        )
        beside = (CENTRE + side * 0.055, row)
        alignment = (0.0, 0.5) if side > 0 else (1.0, 0.5)
        axes.add_artist(
            AnnotationBbox(packed, beside, beside, frameon=False, pad=0, box_alignment=alignment)
        )

    axes.set(xlim=(0, 1), ylim=(len(lines) - 0.4, -0.6))
    for row, line in enumerate(lines):
        words = line.split()
        places = [
            index for index, token in enumerate(words) if token.strip(".,:;?!()").lower() == word
        ]
        if not places:
            raise ValueError(f"word_to_map: lines must contain {word!r}, got {line!r}")
        at = places[0]
        before, after = words[:at], words[at + 1 :]
        place(" ".join(before[-window:]), _shorten(before[:-window], keep_end=True), row, -1)
        bold: dict[str, Any] = {
            "fontsize": 10,
            "fontweight": "bold",
            "family": "DejaVu Serif",
            "color": PALETTE["vermilion"],
        }
        axes.text(CENTRE, row, word, ha="center", va="center", **bold)
        place(" ".join(after[:window]), _shorten(after[window:], keep_end=False), row, 1)


def _shorten(words: Sequence[str], *, keep_end: bool, width: int = 8) -> str:
    """As many whole words as fit, from the end or from the beginning."""
    kept: list[str] = []
    for word in reversed(words) if keep_end else words:
        if len(" ".join([*kept, word])) > width:
            return " ".join(["…", *reversed(kept)] if keep_end else [*kept, "…"])
        kept.append(word)
    return " ".join(reversed(kept) if keep_end else kept)


def _bars(
    axes: Axes,
    vocabulary: Vocabulary,
    values: NDArray[np.float64],
    show: int,
    colour: str,
    form: str,
) -> None:
    best = np.argsort(-values, kind="stable")[:show]
    longest = values[best[0]]
    axes.barh(range(show), values[best], color=colour, height=0.66)
    axes.set(ylim=(show - 0.4, -0.6), xlim=(0, 1.18 * longest))
    for row, index in enumerate(best):
        value, token = values[index], vocabulary.tokens[index]
        axes.text(-0.035 * longest, row, token, ha="right", va="center", fontsize=10)
        axes.text(
            value + 0.025 * longest, row, form.format(value), va="center", fontsize=8.5, color=QUIET
        )


def _map(axes: Axes, word: str, vocabulary: Vocabulary, vectors: NDArray[np.float64]) -> None:
    words = list(chain.from_iterable(GROUPS.values()))
    points = dict(zip(words, project(vectors[[vocabulary[token] for token in words]]), strict=True))
    everything = np.array(list(points.values()))
    margin = 0.09 * np.ptp(everything, axis=0)
    axes.set_xlim(everything[:, 0].min() - margin[0], everything[:, 0].max() + margin[0])
    axes.set_ylim(everything[:, 1].min() - margin[1], everything[:, 1].max() + margin[1])
    styles = groups(list(GROUPS))
    for name, members in GROUPS.items():
        x, y = np.array([points[token] for token in members]).T
        axes.scatter(x, y, s=26, label=name, linewidths=0.6, edgecolors="#222222", **styles[name])
    x, y = points[word]
    axes.scatter(x, y, s=110, facecolors="none", edgecolors=PALETTE["vermilion"], linewidths=1.6)
    words.sort(key=lambda token: token != word)  # the first label has the choice of places
    label_points(axes, [points[token] for token in words], words, gap=6.5, fontsize=8.5)
    axes.texts[0].set(fontweight="bold", color=PALETTE["vermilion"])
    # the first word lies up and right
    axes.legend(loc="upper left", fontsize=9, handletextpad=0.1, borderaxespad=0)
