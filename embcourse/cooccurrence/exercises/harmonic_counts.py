"""The exercise `cooccurrence.harmonic_counts`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import (
    ENTERS_A_PAIR_UNDER_ONE_WORD_ONLY,
    KEEPS_ONE_HALF_OF_THE_MATRIX,
    LEAVES_OUT_THE_FIRST_DOCUMENT,
    LEAVES_OUT_THE_FIRST_POSITION_ON_THE_LEFT,
    LEAVES_OUT_THE_LAST_POSITION_ON_THE_RIGHT,
    LOOKS_TO_THE_LEFT_ONLY,
    LOOKS_TO_THE_RIGHT_ONLY,
    MAKES_THE_WINDOW_ONE_TOO_LONG,
    one_less,
    random_text,
)
from embcourse.cooccurrence.exercises.window_counts import (
    counted_with,
    empty_documents,
    flat,
    half_diagonal,
    text_of,
    windows_by_buffered_documents,
    windows_by_shifts,
    windows_round_first_places,
)


def harmonic_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*text_of(rng, [[0, 1, 2, 1, 3]]), 3), label="one document")
    ids, offsets = random_text(rng, tuple(rng.permutation([11, 7, 16])), 6)
    yield Case((ids, offsets, 6, int(rng.integers(4, 7))), label="three documents")
    ids, _ = random_text(rng, (24,), 5)
    yield Case(
        (ids[::2], np.array([0, int(rng.integers(6, 9)), 12]), 5, 3), label="a view with gaps"
    )
    yield Case((*text_of(rng, [[0, 1, 2, 0]]), 1), label="a window of 1")
    yield Case((*text_of(rng, [[0, 0, 0, 1]]), 3), "edge", "a word beside itself")
    yield Case(
        (*text_of(rng, [[0, 1, 2]]), int(rng.integers(7, 30))),
        "edge",
        "a window longer than the text",
    )
    yield Case((*text_of(rng, empty_documents(rng)), 2), "edge", "empty documents")
    yield Case((np.zeros(0, int), np.zeros(1, int), int(rng.integers(2, 9)), 2), "edge", "no text")


def harmonic_counts(ids, offsets, size, window):
    """The reference: window counts in which a pair at distance d adds 1 / d."""
    return reference.cooccurrence_counts(ids, size, window, offsets=offsets, weighting="harmonic")


def inverse(distance, window):
    return 1 / distance


def harmonic_with(*, weight=inverse, **parts):
    """Harmonic counts with parts replaced."""
    return counted_with(weight=weight, **parts)


def buffered_harmonic(ids, offsets, size, window):
    return windows_by_buffered_documents(ids, offsets, size, window, weight=inverse)


def harmonic_round_first_places(ids, offsets, size, window):
    return windows_round_first_places(ids, offsets, size, window, weight=inverse)


def harmonic_by_shifts(ids, offsets, size, window):
    return windows_by_shifts(ids, offsets, size, window, harmonic=True)


HARMONIC_COUNTS = Exercise(
    id="cooccurrence.harmonic_counts",
    points=1,
    reference=harmonic_counts,
    cases=harmonic_cases,
    variant=harmonic_with,
    misconceptions=[
        Misconception(
            "gives every distance the same weight",
            {"weight": flat},
            "That is the flat window. Here a pair at distance d adds 1 / d.",
        ),
        Misconception(
            "lets the weight fall in a straight line",
            {"weight": lambda distance, window: (window - distance + 1) / window},
            "That is what word2vec does on average: 1, then (window - 1) / window, and so on. The"
            " harmonic weight is 1 / d and does not depend on the window.",
        ),
        Misconception(
            "counts distance from 0",
            {"weight": lambda distance, window: 1 / (distance + 1)},
            "The next word is at distance 1 and adds 1 in full.",
        ),
        Misconception(
            "divides by the window",
            {"weight": lambda distance, window: 1 / window},
            "Divide by the distance of this pair, not by the size of the window.",
        ),
        Misconception(
            "divides by the square of the distance",
            {"weight": lambda distance, window: distance**-2.0},
            "The weight is 1 / d, the distance itself.",
        ),
        Misconception(
            "multiplies by the distance",
            {"weight": lambda distance, window: float(distance)},
            "Nearer counts more: divide by the distance.",
        ),
        Misconception(
            "loses the fractions",
            {"weight": lambda distance, window: float(1 // distance)},
            "An array of integers can't hold a half: what stands behind the point is cut off, so"
            " only words side by side count. Let the array hold floats, and divide with /.",
        ),
        Misconception(
            "crosses the border of a document",
            {"borders": lambda offsets, tokens: [0, tokens]},
            "Stop at the borders that `offsets` gives.",
        ),
        Misconception(
            "makes the window one too short",
            {"before": one_less, "after": one_less},
            "Words at distance window are inside, and add 1 / window.",
        ),
        MAKES_THE_WINDOW_ONE_TOO_LONG,
        LEAVES_OUT_THE_LAST_POSITION_ON_THE_RIGHT,
        LEAVES_OUT_THE_FIRST_POSITION_ON_THE_LEFT,
        Misconception(
            "takes the window for its whole width",
            {"before": lambda window: window // 2, "after": lambda window: window // 2},
            "The window counts positions to each side.",
        ),
        Misconception(
            "leaves out the last document",
            {"borders": lambda offsets, tokens: offsets.tolist()[:-1]},
            "offsets holds one number more than there are documents.",
        ),
        LEAVES_OUT_THE_FIRST_DOCUMENT,
        Misconception(
            "leaves out the last word of each document",
            {"tail": 1},
            "offsets[i + 1] is the first position after document i. Don't subtract 1.",
        ),
        Misconception(
            "looks a position up by its word",
            harmonic_round_first_places,
            "A list's index() finds the first occurrence of a word, whichever one is meant. Loop"
            " over positions.",
        ),
        Misconception(
            "loses repeated pairs in one numpy step",
            buffered_harmonic,
            "Where an index stands twice, numpy's counts[rows, columns] += 1 / d adds only once."
            " np.add.at adds every time.",
        ),
        Misconception(
            "lets the weight fall exponentially",
            {"weight": lambda distance, window: float(np.exp(1 - distance))},
            "The weight is 1 / d: 1, then a half, a third, a quarter.",
        ),
        KEEPS_ONE_HALF_OF_THE_MATRIX,
        LOOKS_TO_THE_LEFT_ONLY,
        LOOKS_TO_THE_RIGHT_ONLY,
        ENTERS_A_PAIR_UNDER_ONE_WORD_ONLY,
        Misconception(
            "counts a word beside itself once",
            {"finish": half_diagonal},
            "Each of the two occurrences has the other as its context, so two equal words at"
            " distance d add 2 / d to their cell.",
        ),
        Misconception(
            "leaves out a word's other occurrences",
            {"same_word": False},
            "Leave out the centre's position, not its word.",
        ),
    ],
    alternatives=[
        harmonic_by_shifts,
        harmonic_with(weight=lambda distance, window: distance**-1.0),
    ],
    hints=[
        "One line of your last function changes.",
        "The distance of the positions i and j is abs(i - j).",
        "Add 1 / abs(i - j) where you added 1; the array must hold floats.",
    ],
)
