"""The exercise `attention.attention_scores`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY, sequences
from embcourse.checking import Case, Exercise, Misconception


def score_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0, 0.0, 2.0, 0.0]]), np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 5.0, 0.0, 5.0]])),
               label="one query, two keys", tolerance=ORDINARY)
    for label, front, queries, keys, d in (("three queries, five keys", (), 3, 5, 2), ("a batch of two", (2,), 4, 3, 6),
                                           ("heads in a batch", (2, 3), 2, 5, 8)):
        q, k, _ = sequences(rng, *front, queries=queries, keys=keys, d=d)
        yield Case((q, k), label=label, tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=4, keys=6, d=10)
    yield Case((q[::2, ::2], k[::3, ::2]), label="views with gaps", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=3, keys=2, d=1)
    yield Case((q, k), "edge", "vectors of one number", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=1, keys=1, d=7)
    yield Case((q, k), "edge", "one query and one key", tolerance=ORDINARY)
    yield Case((np.zeros((0, 3)), np.ones((2, 3))), "edge", "no query")
    q, k, _ = sequences(rng, queries=2, keys=3, d=4)
    yield Case((q, k[:, :3]), "errors", "keys that are too short", raises=ValueError)


def scores_divided_by(divisor):
    """Scores with another divisor; divisor(q, k)."""
    def solve(q, k):
        if q.shape[-1] != k.shape[-1]:
            raise ValueError("q and k must share d")
        return q @ np.swapaxes(k, -1, -2) / divisor(q, k)
    return solve


def scores_transposed(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")
    return k @ np.swapaxes(q, -1, -2) / np.sqrt(q.shape[-1])


def cosines(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")
    lengths = np.linalg.norm(q, axis=-1)[..., :, None] * np.linalg.norm(k, axis=-1)[..., None, :]
    return q @ np.swapaxes(k, -1, -2) / lengths


def scores_by_einsum(q, k):
    return np.einsum("...nd,...md->...nm", q, k) / math.sqrt(q.shape[-1])


def scores_one_by_one(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for front in np.ndindex(q.shape[:-2]):
        for i, query in enumerate(q[front]):
            for j, key in enumerate(k[front]):
                scores[front][i, j] = sum(query * key) * q.shape[-1] ** -0.5
    return scores


ATTENTION_SCORES = Exercise(
    id="attention.attention_scores", points=2,
    reference=lambda q, k: reference.attention_scores(q, k),
    cases=score_cases,
    misconceptions=[
        Misconception("does not scale", scores_divided_by(lambda q, k: 1.0),
                      "A sum of d products of independent numbers with variance 1 has variance d. Divide by its "
                      "standard deviation."),
        Misconception("divides by d", scores_divided_by(lambda q, k: q.shape[-1]),
                      "The variance of the sum is d; its size is the square root of that."),
        Misconception("divides by the root of the number of keys", scores_divided_by(lambda q, k: np.sqrt(k.shape[-2])),
                      "The dot product sums over the d entries of one key. How many keys there are does not change it."),
        Misconception("divides by the root of the number of queries",
                      scores_divided_by(lambda q, k: np.sqrt(max(q.shape[-2], 1))),
                      "q.shape[-2] is the number of queries. The length of a query is the last axis."),
        Misconception("puts the keys in the rows", scores_transposed,
                      "A row is a query, a column a key: Q Kᵀ, not K Qᵀ."),
        Misconception("takes cosines", cosines,
                      "A long query may ask loudly: the lengths stay in. Divide by sqrt(d) only."),
    ],
    alternatives=[scores_by_einsum, scores_one_by_one],
    hints=[
        "All dot products of rows of Q with rows of K are one matrix product.",
        "For arrays with axes in front, k.T turns all axes round; np.swapaxes(k, -1, -2) only the last two.",
        "q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])",
    ],
)
