"""The exercise `cooccurrence.window_counts`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import random_text


def window_cases(rng: np.random.Generator) -> Iterator[Case]:
    one = np.array([0, 5])
    yield Case((np.array([0, 1, 2, 1, 3]), one, 4, 2), label="one document")
    ids, offsets = random_text(rng, (9, 14, 6), 6)
    yield Case((ids, offsets, 6, 3), label="three documents")
    yield Case((random_text(rng, (12, 8), 5)[0][::2], np.array([0, 6, 10]), 5, 1), label="a view with gaps")
    yield Case((np.array([0, 1, 2, 3, 0]), np.array([0, 2, 5]), 4, 4), label="a border inside the window")
    yield Case((np.array([1, 1, 1, 0]), np.array([0, 4]), 2, 2), "edge", "a word beside itself")
    yield Case((np.array([2, 0, 1]), np.array([0, 3]), 3, 10), "edge", "a window longer than the text")
    yield Case((np.array([0, 1, 2]), np.array([0, 1, 1, 3]), 3, 2), "edge", "an empty document")
    yield Case((np.zeros(0, int), np.array([0]), 2, 2), "edge", "no text")
    yield Case((np.array([0, 2, 0]), np.array([0, 3]), 4, 1), "edge", "words that never occur")
    yield Case((np.array([0, 1]), np.array([0, 2]), 2, 0), "errors", "a window of 0", raises=ValueError)


def counted_with(
    weight=lambda distance, window: 1.0, *, nearest=1, before=0, after=0, borders=True, left=True, same_word=True,
    once=False, checked=True,
):
    """Window counting with one part replaced."""
    def solve(ids, offsets, size, window):
        if checked and window < 1:
            raise ValueError("window must be at least 1")
        counts = np.zeros((size, size))
        ends = offsets.tolist() if borders else [0, len(ids)]
        for start, end in zip(ends[:-1], ends[1:]):
            for i in range(start, end):
                for j in range(max(start, i - window - before), min(end, i + window + after + 1)):
                    distance = abs(i - j)
                    if distance < nearest or (j < i and not left) or (i != j and ids[i] == ids[j] and not same_word):
                        continue
                    counts[ids[i], ids[j]] += weight(distance, window)
        return np.minimum(counts, 1) if once else counts
    return solve


def windows_from_the_end(ids, offsets, size, window):
    """document[i - window:i] with a negative start counts from the end of the document."""
    if window < 1:
        raise ValueError("window must be at least 1")
    counts = np.zeros((size, size))
    for start, end in zip(offsets[:-1], offsets[1:]):
        document = ids[start:end].tolist()
        for i, word in enumerate(document):
            for other in document[i - window:i] + document[i + 1:i + 1 + window]:
                counts[word, other] += 1
    return counts


def windows_by_shifts(ids, offsets, size, window, harmonic=False):
    """One shifted copy of the text for each distance."""
    if window < 1:
        raise ValueError("window must be at least 1")
    document = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    counts = np.zeros((size, size))
    for distance in range(1, min(window, len(ids)) + 1):
        together = document[:-distance] == document[distance:]
        weight = 1 / distance if harmonic else 1
        np.add.at(counts, (ids[:-distance][together], ids[distance:][together]), weight)
    return counts + counts.T


def windows_by_counter(ids, offsets, size, window):
    """A dictionary of pairs first, the matrix last."""
    if window <= 0:
        raise ValueError("window must be at least 1")
    pairs = Counter()
    for start, end in zip(offsets[:-1], offsets[1:]):
        document = [int(word) for word in ids[start:end]]
        for position, word in enumerate(document):
            before, after = document[max(0, position - window):position], document[position + 1:position + 1 + window]
            pairs.update((word, other) for other in before + after)
    counts = np.zeros((size, size), dtype=int)
    for pair, count in pairs.items():
        counts[pair] = count
    return counts


WINDOW_COUNTS = Exercise(
    id="cooccurrence.window_counts", points=2,
    reference=lambda ids, offsets, size, window: reference.cooccurrence_counts(ids, size, window, offsets=offsets),
    cases=window_cases,
    misconceptions=[
        Misconception("makes the window one too short", counted_with(before=-1, after=-1),
                      "A window of 1 reaches the words next to the centre; one of 2 reaches one further."),
        Misconception("leaves out the last position on the right", counted_with(after=-1),
                      "Python's range and slices leave out their end. To include position i + window, end at i + "
                      "window + 1."),
        Misconception("counts a negative start from the end", windows_from_the_end,
                      "Near the beginning i - window is negative, and Python reads a negative index from the end. "
                      "Start at 0 there, or at the beginning of the document."),
        Misconception("makes the window one too long", counted_with(before=1, after=1),
                      "Words at distance window are inside, words at distance window + 1 are not."),
        Misconception("crosses the border of a document", counted_with(borders=False),
                      "The last word of one document and the first of the next stand side by side in `ids` by "
                      "chance. Stop at the borders that `offsets` gives."),
        Misconception("counts the centre as its own context", counted_with(nearest=0),
                      "The position in the middle is the word whose company is counted. Leave out that position."),
        Misconception("looks to the right only", counted_with(left=False),
                      "The window reaches as far to the left as to the right, so the matrix is symmetric."),
        Misconception("leaves out a word's other occurrences", counted_with(same_word=False),
                      "Leave out the centre's position, not its word: \"very very good\" has very beside very, twice."),
        Misconception("notes presence instead of counting", counted_with(once=True),
                      "A pair that meets three times counts 3."),
        Misconception("accepts a window of 0", counted_with(checked=False),
                      "Without context there is nothing to count: raise ValueError for a window below 1."),
    ],
    alternatives=[windows_by_shifts, windows_by_counter],
    hints=["Which positions lie within `window` of position i, and in the same document?",
           "Loop over documents, then over the positions of one document. For a centre at i, contexts are the "
           "positions from i - window to i + window that lie inside the document, without i.",
           "for j in range(max(start, i - window), min(end, i + window + 1)): if j != i, add 1 to counts[ids[i], "
           "ids[j]]."],
)
