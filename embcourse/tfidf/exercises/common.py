"""What several exercises of the tfidf chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Misconception


def random_counts(
    rng: np.random.Generator,
    documents: int | np.integer,
    terms: int | np.integer,
    *,
    empty: int = 0,
    absent: int = 0,
    everywhere: int = 0,
) -> np.ndarray:
    """Counts like those of text, mostly zeros, with what a mistake needs to be seen.

    Every document but `empty` ones holds at least two terms, in different numbers; every term but
    `absent` ones stands somewhere, `everywhere` of them in all documents that are not empty. One
    term stands in one document only, more than
    once: its documents are not its occurrences. Where in the matrix all of these are is drawn.
    """
    rows, columns = rng.permutation(documents), rng.permutation(terms)
    full, rare, used = rows[empty:], columns[absent], columns[absent + 1 :]
    counts = rng.poisson(rng.uniform(0.05, 1.2, terms), (documents, terms))
    counts[:, rare] = 0
    counts[full[0], rare] = rng.integers(2, 5)
    for column in used:
        counts[rng.choice(full), column] += rng.integers(1, 3)
    for column in used[:everywhere]:
        counts[full, column] = rng.integers(1, 4, len(full))
    for row in full:
        one, other = rng.choice(used, 2, replace=False)
        counts[row, one] += 1
        counts[row, other] += 1 + (counts[row, other] + 1 == counts[row, one])
    counts[rows[:empty]] = 0
    counts[:, columns[:absent]] = 0
    return counts


def with_gaps(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    """The same matrix as every second row and column of a larger one."""
    larger = rng.permuted(np.repeat(np.repeat(array, 2, axis=0), 2, axis=1), axis=1)
    larger[::2, ::2] = array
    return larger[::2, ::2]


def relative(counts: np.ndarray) -> np.ndarray:
    """Term frequencies, with 0 for empty documents."""
    lengths = counts.sum(axis=1, keepdims=True)
    return counts / np.where(lengths == 0, 1, lengths)


def documents_with(counts: np.ndarray) -> np.ndarray:
    """Document frequencies."""
    return (counts > 0).sum(axis=0)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows divided by their Euclidean length; rows of zeros stay."""
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return rows / np.where(lengths == 0, 1, lengths)


# ------------------------------------------------------------------------- mistakes of several

TAKES_THE_NUMBER_OF_TERMS_FOR_N = Misconception(
    "takes the number of terms for N",
    {"documents": lambda counts: counts.shape[1]},
    "N is the number of documents: rows, not columns.",
)
