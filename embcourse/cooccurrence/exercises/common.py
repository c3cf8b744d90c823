"""What several exercises of the cooccurrence chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Misconception


def random_text(
    rng: np.random.Generator, lengths: tuple[int, ...], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Word ids and document borders; low ids are frequent, as in text."""
    chances = 1 / np.arange(1, size + 1)
    ids = rng.choice(size, sum(lengths), p=chances / chances.sum())
    return ids, np.cumsum([0, *lengths])


def random_counts(rng: np.random.Generator, words: int, contexts: int) -> np.ndarray:
    """Counts like those of text, some of them 0, every row and every column used, no row like
    another."""
    counts = rng.poisson(rng.uniform(0.2, 3.0, (words, 1)) * rng.uniform(0.2, 2.0, contexts))
    counts[np.arange(words), rng.integers(0, contexts, words)] += rng.integers(1, 4, words)
    counts[rng.integers(0, words, contexts), np.arange(contexts)] += rng.integers(1, 4, contexts)
    counts[0, :2] = 7 + rng.integers(1, 9), 0  # a pair that never met, a word that met one often
    counts[1:3, 1] += [1, 2]
    return counts


def billions(rng: np.random.Generator) -> np.ndarray:
    """Counts so large that the product of two has no place in 64 bits; each word has a context that
    it prefers."""
    counts = rng.integers(2 * 10**9, 6 * 10**9, (3, 3))
    return counts * np.where(np.eye(3, dtype=bool)[rng.permutation(3)], 7, 1)


def with_unseen(rng: np.random.Generator, counts: np.ndarray) -> np.ndarray:
    """The counts with a row and a column of zeros put in, anywhere."""
    counts = np.insert(counts, rng.integers(0, len(counts) + 1), 0, axis=0)
    return np.insert(counts, rng.integers(0, counts.shape[1] + 1), 0, axis=1)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def random_vectors(rng: np.random.Generator, words: int, dim: int) -> np.ndarray:
    """Vectors of very different lengths, in all directions."""
    return rng.normal(size=(words, dim)) * rng.uniform(0.2, 5.0, (words, 1))


def stable_order(scores: np.ndarray) -> np.ndarray:
    """Ids, best score first; of equal scores the lower id first."""
    return np.argsort(-scores, kind="stable")


def reversed_order(scores: np.ndarray) -> np.ndarray:
    return np.argsort(scores, kind="stable")[::-1]


def worst_first(scores: np.ndarray) -> np.ndarray:
    return np.argsort(scores, kind="stable")


def nine(scores: np.ndarray) -> np.ndarray:
    """To 9 decimals."""
    return scores.round(9)


def unrounded(scores: np.ndarray) -> np.ndarray:
    return scores


def undefined_units(vectors: np.ndarray) -> np.ndarray:
    """A row of zeros divided by its length: NaN."""
    with np.errstate(invalid="ignore"):
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def tied_vectors(rng: np.random.Generator, words: int) -> np.ndarray:
    """Vectors of three directions, in any order, each of any length: many cosines are equal up to
    rounding."""
    directions = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]])
    which = rng.permutation(np.arange(words) % 3)
    return directions[which] * rng.choice([0.5, 1.0, 2.0, 4.0], (words, 1))


# How far cosines lie below 1: the first in the ninth decimal, the rest behind it, two of them in
# the tenth.
DROPS = np.array([2e-9, 2e-10, 1.7e-10, 5e-12, 1e-12, 5e-13])


def nearly_tied_vectors(rng: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """Vectors whose cosines with `centre` rise with the id, but for the first are equal to 9
    decimals."""
    centre = centre / np.linalg.norm(centre)
    across = rng.normal(size=len(centre))
    across -= across @ centre * centre
    across /= np.linalg.norm(across)
    angles = np.sqrt(2 * DROPS)[:, None]  # the cosine is 1 - angle^2 / 2
    return (np.cos(angles) * centre + np.sin(angles) * across) * rng.uniform(
        0.5, 3.0, (len(DROPS), 1)
    )


def one_less(window):
    return window - 1


def one_more(window):
    return window + 1


def upper_triangle(counts):
    """Each pair under its smaller id."""
    return np.triu(counts) + np.tril(counts, -1).T


# ------------------------------------------------------------------------- mistakes of several

REVERSES_AN_ASCENDING_SORT = Misconception(
    "reverses an ascending sort",
    {"sort": reversed_order},
    "Reversing puts equal cosines in reverse order too. Sort the negated cosines with "
    'kind="stable".',
)

SORTS_WITHOUT_KEEPING_TIES_IN_ORDER = Misconception(
    "sorts without keeping ties in order",
    {"sort": lambda scores: np.argsort(-scores)},
    'np.argsort\'s default keeps equal values in no particular order. kind="stable" keeps'
    " them in the order of their ids.",
)

ROUNDS_TO_6_DECIMALS = Misconception(
    "rounds to 6 decimals",
    {"round_to": lambda scores: scores.round(6)},
    "Cosines that differ in the seventh to ninth decimal are not equal here: round to 9.",
)

DOES_NOT_ROUND_THE_COSINES = Misconception(
    "does not round the cosines",
    {"round_to": unrounded},
    "Cosines that are equal may differ in their last digits, and then rounding errors"
    " decide the order. Round to 9 decimals before sorting.",
)

MAKES_THE_WINDOW_ONE_TOO_LONG = Misconception(
    "makes the window one too long",
    {"before": one_more, "after": one_more},
    "Words at distance window are inside, words at distance window + 1 are not.",
)

LEAVES_OUT_THE_LAST_POSITION_ON_THE_RIGHT = Misconception(
    "leaves out the last position on the right",
    {"after": one_less},
    "Python's range and slices leave out their end. Position i + window belongs to the window.",
)

LEAVES_OUT_THE_FIRST_POSITION_ON_THE_LEFT = Misconception(
    "leaves out the first position on the left",
    {"before": one_less},
    "Position i - window belongs to the window.",
)

LEAVES_OUT_THE_FIRST_DOCUMENT = Misconception(
    "leaves out the first document",
    {"borders": lambda offsets, tokens: offsets.tolist()[1:]},
    "offsets begins with 0, where the first document begins.",
)

KEEPS_ONE_HALF_OF_THE_MATRIX = Misconception(
    "keeps one half of the matrix",
    {"finish": np.triu},
    "Each of the two words is a word with the other as its context: the matrix is symmetric.",
)

LOOKS_TO_THE_LEFT_ONLY = Misconception(
    "looks to the left only",
    {"after": lambda window: 0},
    "The window reaches as far to the right as to the left, so the matrix is symmetric.",
)

LOOKS_TO_THE_RIGHT_ONLY = Misconception(
    "looks to the right only",
    {"before": lambda window: 0},
    "The window reaches as far to the left as to the right, so the matrix is symmetric.",
)

ENTERS_A_PAIR_UNDER_ONE_WORD_ONLY = Misconception(
    "enters a pair under one of its words only",
    {"finish": upper_triangle},
    "Each of the two words is a word with the other as its context: (w, c) and (c, w) both count.",
)
