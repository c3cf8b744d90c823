"""The exercise `cooccurrence.harmonic_counts`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import random_text
from embcourse.cooccurrence.exercises.window_counts import counted_with, windows_by_shifts


def harmonic_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0, 1, 2, 1, 3]), np.array([0, 5]), 4, 3), label="one document")
    ids, offsets = random_text(rng, (11, 7, 16), 6)
    yield Case((ids, offsets, 6, 4), label="three documents")
    yield Case((random_text(rng, (16, 8), 5)[0][::2], np.array([0, 8, 12]), 5, 3), label="a view with gaps")
    yield Case((np.array([1, 1, 1, 0]), np.array([0, 4]), 2, 3), "edge", "a word beside itself")
    yield Case((np.array([2, 0, 1]), np.array([0, 3]), 3, 10), "edge", "a window longer than the text")
    yield Case((np.array([0, 1, 2, 0]), np.array([0, 1, 1, 4]), 3, 2), "edge", "an empty document")
    yield Case((np.zeros(0, int), np.array([0]), 2, 2), "edge", "no text")


HARMONIC_COUNTS = Exercise(
    id="cooccurrence.harmonic_counts", points=1,
    reference=lambda ids, offsets, size, window: reference.cooccurrence_counts(
        ids, size, window, offsets=offsets, weighting="harmonic"),
    cases=harmonic_cases,
    misconceptions=[
        Misconception("gives every distance the same weight", counted_with(),
                      "That is the flat window. Here a pair at distance d adds 1 / d."),
        Misconception("lets the weight fall in a straight line",
                      counted_with(lambda d, window: (window - d + 1) / window),
                      "That is what word2vec does on average: 1, then (window - 1) / window, and so on. The harmonic "
                      "weight is 1 / d and does not depend on the window."),
        Misconception("counts distance from 0", counted_with(lambda d, window: 1 / (d + 1)),
                      "The next word is at distance 1 and adds 1 in full."),
        Misconception("divides by the window", counted_with(lambda d, window: 1 / window),
                      "Divide by the distance of this pair, not by the size of the window."),
        Misconception("crosses the border of a document", counted_with(lambda d, window: 1 / d, borders=False),
                      "Stop at the borders that `offsets` gives."),
    ],
    alternatives=[lambda ids, offsets, size, window: windows_by_shifts(ids, offsets, size, window, harmonic=True),
                  counted_with(lambda d, window: d ** -1.0)],
    hints=["One line of your last function changes.",
           "The distance of the positions i and j is abs(i - j).",
           "Add 1 / abs(i - j) where you added 1; the array must hold floats."],
)
