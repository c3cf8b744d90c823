"""The nearest vectors by cosine, a block of queries at a time."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

# Scores held at once: 64 MB in float32.
SCORES_PER_BLOCK = 2**24


class Neighbour(NamedTuple):
    """A token and its score.

    >>> Neighbour("queen", 0.71).token
    'queen'
    """

    token: str
    score: float


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Every row divided by its length, so that a dot product of two rows is their cosine.

    A row of zeros has no direction. It stays zero, so its cosine with every row is 0.

    matrix : (rows, dim) floating point, finite.
    returns: new (rows, dim) array, float64 for float64 and float32 for anything narrower.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    matrix = matrix.astype(np.promote_types(matrix.dtype, np.float32))
    # Dividing by the largest entry first keeps the squares from overflowing or vanishing.
    largest = np.maximum(matrix.max(axis=1, keepdims=True), -matrix.min(axis=1, keepdims=True))
    matrix /= np.where(largest == 0, 1, largest)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix /= np.where(lengths == 0, 1, lengths)
    return matrix


def blocks(queries: int, words: int) -> Iterator[slice]:
    """Slices of the queries, so that queries-in-slice x words stays within SCORES_PER_BLOCK (or is
    one query)."""
    step = max(1, SCORES_PER_BLOCK // words)
    for start in range(0, queries, step):
        yield slice(start, min(start + step, queries))


def nearest(
    units: np.ndarray, queries: np.ndarray, k: int, excluded: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The k rows of `units` with the highest cosine to each query.

    units   : (words, dim), rows of length 1 or 0.
    queries : (queries, dim), likewise.
    excluded: for each query the ids that must not be returned.
    yields  : (ids, cosines) per query, as `best` orders them.
    """
    for block in blocks(len(queries), len(units)):
        scores = np.clip(queries[block] @ units.T, -1, 1)
        for row, out in zip(scores, excluded[block], strict=True):
            row[out] = -np.inf
            yield best(row, k)


def best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids and values of the k highest scores, highest first, ties by id; -inf never counts.

    >>> best(np.array([1.0, 3.0, -np.inf, 3.0]), 5)
    (array([1, 3, 0]), array([3., 3., 1.]))
    """
    candidates = np.arange(scores.size)
    if k < scores.size:
        threshold = np.partition(scores, scores.size - k)[-k]
        # all ties at the border, so that the id decides
        candidates = np.flatnonzero(scores >= threshold)
    candidates = candidates[scores[candidates] > -np.inf]
    order = np.lexsort((candidates, -scores[candidates]))[:k]
    return candidates[order], scores[candidates[order]]
