"""The exercise `cooccurrence.window_counts`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import itertools
from collections import Counter
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


def text_of(
    rng: np.random.Generator, documents: list[list[int]]
) -> tuple[np.ndarray, np.ndarray, int]:
    """ids, offsets and size of documents that are given by patterns: equal numbers become equal
    ids, any ids."""
    words = sorted({word for document in documents for word in document})
    size = len(words) + int(rng.integers(1, 3))
    names = dict(zip(words, rng.choice(size, len(words), replace=False).tolist()))
    ids = np.array([names[word] for document in documents for word in document], dtype=int)
    return ids, np.cumsum([0, *map(len, documents)]), size


def empty_documents(rng: np.random.Generator) -> list[list[int]]:
    """Documents with empty ones at the beginning, in between and at the end."""
    one, other = rng.integers(2, 4, 2)
    return [[], list(range(one)), [], [], list(range(1, 1 + other)), []]


def window_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*text_of(rng, [[0, 1, 2, 1, 3]]), 2), label="one document")
    ids, offsets = random_text(rng, tuple(rng.permutation([9, 14, 6])), 6)
    yield Case((ids, offsets, 6, int(rng.integers(3, 5))), label="three documents")
    ids, _ = random_text(rng, (24,), 5)
    border = int(rng.integers(4, 9))
    yield Case(
        (ids[::2], np.array([0, border, 12]), 5, 1), label="a window of 1 on a view with gaps"
    )
    yield Case(
        (*text_of(rng, [[0, 1], [2, 3, 0]]), int(rng.integers(4, 9))),
        label="a border inside the window",
    )
    yield Case((*text_of(rng, [[0, 0, 0, 1]]), 2), "edge", "a word beside itself")
    yield Case(
        (*text_of(rng, [[0, 1, 2]]), int(rng.integers(7, 30))),
        "edge",
        "a window longer than the text",
    )
    yield Case((*text_of(rng, empty_documents(rng)), 2), "edge", "empty documents")
    yield Case(
        (*text_of(rng, [[0], [1], [0, 2], [1]]), int(rng.integers(2, 5))),
        "edge",
        "documents of one word",
    )
    yield Case(
        (*text_of(rng, [[0, 1] * int(rng.integers(140, 180))]), 1),
        "edge",
        "a pair that meets hundreds of times",
    )
    yield Case((np.zeros(0, int), np.zeros(1, int), int(rng.integers(2, 9)), 2), "edge", "no text")
    yield Case((*text_of(rng, [[0, 1, 0, 2]]), 0), "errors", "a window of 0", raises=ValueError)
    yield Case(
        (*text_of(rng, [[0, 1, 2], [1, 0]]), -int(rng.integers(1, 4))),
        "errors",
        "a negative window",
        raises=ValueError,
    )


def window_counts(ids, offsets, size, window):
    """The reference: cell (w, c) says how often c stands within `window` positions of w, in the
    same document."""
    return reference.cooccurrence_counts(ids, size, window, offsets=offsets)


def flat(distance, window):
    return 1.0


def whole_window(window):
    return window


def counted_with(
    *,
    weight=flat,
    before=whole_window,
    after=whole_window,
    borders=lambda offsets, tokens: offsets.tolist(),
    centre=False,
    same_word=True,
    every=True,
    finish=lambda counts: counts,
    refused=lambda window: window < 1,
    tail=0,
):
    """Window counting with parts replaced: how far it reaches, what a pair adds, what is left
    out."""

    def solve(ids, offsets, size, window):
        if refused(window):
            raise ValueError("window must be at least 1")
        counts = np.zeros((size, size))
        ends = borders(offsets, len(ids))
        for start, end in itertools.pairwise(ends):
            end -= tail
            for i in range(start, end):
                seen = set()
                for j in range(max(start, i - before(window)), min(end, i + after(window) + 1)):
                    if (j == i and not centre) or (i != j and ids[i] == ids[j] and not same_word):
                        continue
                    if every or ids[j] not in seen:
                        counts[ids[i], ids[j]] += weight(abs(i - j), window)
                    seen.add(ids[j])
        return finish(counts)

    return solve


def windows_from_the_end(ids, offsets, size, window):
    """document[i - window:i] with a negative start counts from the end of the document."""
    if window < 1:
        raise ValueError("window must be at least 1")
    counts = np.zeros((size, size))
    for start, end in itertools.pairwise(offsets):
        document = ids[start:end].tolist()
        for i, word in enumerate(document):
            for other in document[i - window : i] + document[i + 1 : i + 1 + window]:
                counts[word, other] += 1
    return counts


def windows_by_shifts(ids, offsets, size, window, harmonic=False, add=np.add.at):
    """One shifted copy of the text for each distance."""
    if window < 1:
        raise ValueError("window must be at least 1")
    document = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    counts = np.zeros((size, size))
    for distance in range(1, min(window, len(ids)) + 1):
        together = document[:-distance] == document[distance:]
        weight = 1 / distance if harmonic else 1
        add(counts, (ids[:-distance][together], ids[distance:][together]), weight)
    return counts + counts.T


def add_once(counts, pairs, weight):
    """numpy's counts[pairs] += weight: of equal pairs only one is added."""
    counts[pairs] += weight


def windows_by_buffered_shifts(ids, offsets, size, window):
    return windows_by_shifts(ids, offsets, size, window, add=add_once)


def windows_by_buffered_documents(ids, offsets, size, window, weight=flat):
    """The same, one document after the other."""
    if window < 1:
        raise ValueError("window must be at least 1")
    counts = np.zeros((size, size))
    for start, end in itertools.pairwise(offsets):
        document = ids[start:end]
        for distance in range(1, window + 1):
            counts[document[:-distance], document[distance:]] += weight(distance, window)
    return counts + counts.T


def windows_round_first_places(ids, offsets, size, window, weight=flat):
    """document.index(word) is the place of the word's first occurrence, each time."""
    if window < 1:
        raise ValueError("window must be at least 1")
    counts = np.zeros((size, size))
    for start, end in itertools.pairwise(offsets):
        document = ids[start:end].tolist()
        for word in document:
            i = document.index(word)
            for j in range(max(0, i - window), min(len(document), i + window + 1)):
                if j != i:
                    counts[word, document[j]] += weight(abs(i - j), window)
    return counts


def up_to_largest_id(ids, offsets, size, window):
    return counted_with()(ids, offsets, max(ids.tolist(), default=-1) + 1, window)


def windows_by_counter(ids, offsets, size, window):
    """A dictionary of pairs first, the matrix last."""
    if window <= 0:
        raise ValueError("window must be at least 1")
    pairs: Counter[tuple[int, int]] = Counter()
    for start, end in itertools.pairwise(offsets):
        document = [int(word) for word in ids[start:end]]
        for position, word in enumerate(document):
            before, after = (
                document[max(0, position - window) : position],
                document[position + 1 : position + 1 + window],
            )
            pairs.update((word, other) for other in before + after)
    counts = np.zeros((size, size), dtype=int)
    for pair, count in pairs.items():
        counts[pair] = count
    return counts


def half_diagonal(counts):
    return counts - np.diag(np.diag(counts)) / 2


WINDOW_COUNTS = Exercise(
    id="cooccurrence.window_counts",
    points=2,
    reference=window_counts,
    cases=window_cases,
    variant=counted_with,
    misconceptions=[
        Misconception(
            "makes the window one too short",
            {"before": one_less, "after": one_less},
            "A window of 1 reaches the words next to the centre; one of 2 reaches one further.",
        ),
        LEAVES_OUT_THE_LAST_POSITION_ON_THE_RIGHT,
        LEAVES_OUT_THE_FIRST_POSITION_ON_THE_LEFT,
        Misconception(
            "counts a negative start from the end",
            windows_from_the_end,
            "Near the beginning i - window is negative, and Python reads a negative index from the"
            " end. Start at 0 there, or at the beginning of the document.",
        ),
        MAKES_THE_WINDOW_ONE_TOO_LONG,
        Misconception(
            "takes the window for its whole width",
            {"before": lambda window: window // 2, "after": lambda window: window // 2},
            "The window counts positions to each side, so 2 * window words can be contexts.",
        ),
        Misconception(
            "crosses the border of a document",
            {"borders": lambda offsets, tokens: [0, tokens]},
            "The last word of one document and the first of the next stand side by side in `ids` by"
            " chance. Stop at the borders that `offsets` gives.",
        ),
        Misconception(
            "leaves out the last document",
            {"borders": lambda offsets, tokens: offsets.tolist()[:-1]},
            "offsets holds one number more than there are documents: the last pair of neighbours in"
            " it is a document, too.",
        ),
        LEAVES_OUT_THE_FIRST_DOCUMENT,
        Misconception(
            "leaves out the last word of each document",
            {"tail": 1},
            "offsets[i + 1] is the first position after document i, and Python's range leaves it"
            " out by itself. Don't subtract 1.",
        ),
        Misconception(
            "looks a position up by its word",
            windows_round_first_places,
            "A list's index() finds the first occurrence of a word, whichever one is meant. Loop"
            " over positions.",
        ),
        Misconception(
            "takes the largest id for the number of words",
            up_to_largest_id,
            "Words that don't occur in this text have rows and columns, too: the shape is (size,"
            " size).",
        ),
        KEEPS_ONE_HALF_OF_THE_MATRIX,
        Misconception(
            "counts the centre as its own context",
            {"centre": True},
            "The position in the middle is the word whose company is counted. Leave out that"
            " position.",
        ),
        LOOKS_TO_THE_RIGHT_ONLY,
        LOOKS_TO_THE_LEFT_ONLY,
        ENTERS_A_PAIR_UNDER_ONE_WORD_ONLY,
        Misconception(
            "counts a word beside itself once",
            {"finish": half_diagonal},
            "Each of the two occurrences has the other as its context, so two equal words side by"
            " side add 2 to their cell.",
        ),
        Misconception(
            "leaves out a word's other occurrences",
            {"same_word": False},
            'Leave out the centre\'s position, not its word: "very very good" has very beside very,'
            " twice.",
        ),
        Misconception(
            "notes presence instead of counting",
            {"finish": lambda counts: np.minimum(counts, 1)},
            "A pair that meets three times counts 3.",
        ),
        Misconception(
            "counts a context once in a window",
            {"every": False},
            "Every position in the window counts, also when the same word stands in two of them.",
        ),
        Misconception(
            "loses repeated pairs in one numpy step",
            windows_by_buffered_shifts,
            "Where an index stands twice, numpy's counts[rows, columns] += 1 adds only once."
            " np.add.at adds every time.",
        ),
        Misconception(
            "loses repeated pairs in one numpy step, document by document",
            windows_by_buffered_documents,
            "Where an index stands twice, numpy's counts[rows, columns] += 1 adds only once."
            " np.add.at adds every time.",
        ),
        Misconception(
            "refuses negative windows only",
            {"refused": lambda window: window < 0},
            "A window of 0 holds no context either: raise ValueError for a window below 1.",
        ),
        Misconception(
            "accepts a window of 0",
            {"refused": lambda window: False},
            "Without context there is nothing to count: raise ValueError for a window below 1.",
        ),
    ],
    alternatives=[windows_by_shifts, windows_by_counter, counted_with()],
    hints=[
        "Which positions lie within `window` of position i, and in the same document?",
        (
            "Loop over documents, then over the positions of one document. For a centre at i,"
            " contexts are the positions from i - window to i + window that lie inside the"
            " document, without i."
        ),
        (
            "for j in range(max(start, i - window), min(end, i + window + 1)): if j != i, add 1 to"
            " counts[ids[i], ids[j]]."
        ),
    ],
)
