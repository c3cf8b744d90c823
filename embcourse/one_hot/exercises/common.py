"""What several exercises of the one_hot chapter share: ids inside and outside a range, checks of
them, texts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Misconception

# -------------------------------------------------------------------------------- ids, good and bad


def draw_ids(rng: np.random.Generator, tokens: int, size: int) -> np.ndarray:
    """Ids of a text in which the first word occurs, the last does not, and one word stands in two
    places."""
    ids = rng.integers(0, size - 1, tokens)
    ids[0] = ids[-1] = rng.integers(1, size - 1)
    ids[rng.integers(1, tokens - 1)] = 0
    return ids


def impossible_ids(rng: np.random.Generator, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Texts in which one id is outside 0 ... size - 1: just outside and further out, first and
    somewhere else."""
    far, below = size + int(rng.integers(1, 9)), -int(rng.integers(2, size + 1))
    for bad in (size, far, -1, below):
        for place in (
            (0, int(rng.integers(1, 4))) if bad in (size, -1) else (int(rng.integers(1, 4)),)
        ):
            ids = rng.integers(0, size, 4)
            ids[place] = bad
            yield "a negative id" if bad < 0 else "an id that is too large", ids


def check_range(ids, size):
    """As the statements ask: ValueError for an id that is negative or not below size."""
    if ((ids < 0) | (ids >= size)).any():
        raise ValueError(f"ids must lie in 0 ... {size - 1}")


def check_nothing(ids, size):
    """No check: NumPy counts a negative id from the end, and raises IndexError for one that is too
    large."""


def check_largest(ids, size):
    """Looks for ids that are too large only."""
    if (ids >= size).any():
        raise ValueError("an id is too large")


def check_smallest(ids, size):
    """Looks for negative ids only."""
    if (ids < 0).any():
        raise ValueError("an id is negative")


def check_up_to_size(ids, size):
    """Lets `size` itself pass."""
    if ((ids < 0) | (ids > size)).any():
        raise ValueError("an id is out of range")


def check_extremes(ids, size):
    """Takes the smallest and the largest id, which an empty text has not."""
    if ids.min() < 0 or ids.max() >= size:
        raise ValueError("an id is out of range")


def check_by_assertion(ids, size):
    """Raises another error than the one that was asked for, and none at all where Python runs with
    -O."""
    assert ((ids >= 0) & (ids < size)).all()


def check_with_index_error(ids, size):
    """Raises another error than the one that was asked for."""
    if ((ids < 0) | (ids >= size)).any():
        raise IndexError("an id is out of range")


# -------------------------------------------------------------------------------------------- texts

UNKNOWN = "<unk>"
TEXT_WORDS = "the and of lord said king queen sea gold wine Ruth ruth zeal ark Ärger".split()


def draw_text(rng: np.random.Generator, length: int) -> list[str]:
    """Tokens with frequencies like those of a text: a few words often, most of them rarely, many
    ties."""
    chances = 1 / np.arange(1, len(TEXT_WORDS) + 1)
    return [
        str(word)
        for word in rng.choice(rng.permutation(TEXT_WORDS), length, p=chances / chances.sum())
    ]


def draw_words(rng: np.random.Generator, count: int, least: int = 2, most: int = 5) -> list[str]:
    """Different words of small letters."""
    words: dict[str, None] = {}
    while len(words) < count:
        letters = rng.integers(97, 123, int(rng.integers(least, most + 1)))
        words["".join(map(chr, letters))] = None
    return list(words)


# ------------------------------------------------------------------------- mistakes of several

FAILS_ON_AN_EMPTY_TEXT = Misconception(
    "fails on an empty text",
    {"check": check_extremes},
    "An empty array has no smallest and no largest number. Ask whether any id is out of range.",
)

CHECKS_FOR_NEGATIVE_IDS_ONLY = Misconception(
    "checks for negative ids only",
    {"check": check_smallest},
    "An id past the last row is out of range too: ValueError, before NumPy raises IndexError.",
)

STOPS_WITH_AN_ASSERTION = Misconception(
    "stops with an assertion",
    {"check": check_by_assertion},
    "An assertion is for mistakes in one's own code, and python -O leaves it out. The"
    " statement asks for ValueError.",
)

RAISES_INDEX_ERROR = Misconception(
    "raises IndexError",
    {"check": check_with_index_error},
    "The check is right; the statement asks for ValueError.",
)
