"""The exercise `attention.attention_scores`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY, halves, sequences, sizes
from embcourse.checking import Case, Exercise, Misconception


def score_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, m, d, front = sizes(rng, 2, 7, 4)
    yield Case(
        (halves(rng, 1, 4), halves(rng, 2, 4)), label="one query, two keys", tolerance=ORDINARY
    )
    q, k, _ = sequences(rng, queries=n, keys=m, d=d)
    yield Case((q, k), label="more of each", tolerance=ORDINARY)
    q, k, _ = sequences(rng, front, queries=n, keys=m, d=d)
    yield Case((q, k), label="a batch", tolerance=ORDINARY)
    q, k, _ = sequences(rng, 2, front, queries=m, keys=n, d=d)
    yield Case((q, k), label="heads in a batch", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=4, keys=6, d=10)
    yield Case((q[::2, ::2], k[::2, ::2]), label="views with gaps", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=n, keys=m, d=1)
    yield Case((q, k), "edge", "vectors of one number", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=1, keys=1, d=d)
    yield Case((q, k), "edge", "one query and one key", tolerance=ORDINARY)
    yield Case((np.zeros((0, d)), rng.normal(size=(m, d))), "edge", "no query")
    yield Case((rng.normal(size=(n, d)), np.zeros((0, d))), "edge", "no key")
    q, k, _ = sequences(rng, queries=n, keys=m, d=d)
    yield Case((q, k[:, 1:]), "errors", "keys that are too short", raises=ValueError)
    yield Case((q[:, 1:], k), "errors", "queries that are too short", raises=ValueError)
    yield Case((q[:, :1], k), "errors", "queries of one number, keys of more", raises=ValueError)
    yield Case((q, k[:, :1]), "errors", "keys of one number, queries of more", raises=ValueError)


def require_common_d(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")


def scores_with(
    divisor: Callable = lambda q, k: np.sqrt(q.shape[-1]), *, turned: bool = False
) -> Callable:
    """Scores with another divisor, or queries and keys the other way round; divisor(q, k)."""

    def solve(q, k):
        require_common_d(q, k)
        one, other = (k, q) if turned else (q, k)
        with np.errstate(all="ignore"):
            return one @ np.swapaxes(other, -1, -2) / divisor(q, k)

    return solve


def all_axes_turned(q, k):
    require_common_d(q, k)
    return q @ k.T / np.sqrt(q.shape[-1])


def cosines(q, k):
    require_common_d(q, k)
    lengths = np.linalg.norm(q, axis=-1)[..., :, None] * np.linalg.norm(k, axis=-1)[..., None, :]
    return q @ np.swapaxes(k, -1, -2) / lengths


def distances(q, k):
    require_common_d(q, k)
    return np.linalg.norm(q[..., :, None, :] - k[..., None, :, :], axis=-1) / np.sqrt(q.shape[-1])


def softmax_too(q, k):
    return reference.softmax(reference.attention_scores(q, k))


def broadcast(q, k):
    return (q[..., :, None, :] * k[..., None, :, :]).sum(axis=-1) / np.sqrt(q.shape[-1])


def asserts(q, k):
    assert q.shape[-1] == k.shape[-1]
    return q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])


def scores_by_einsum(q, k):
    require_common_d(q, k)  # einsum would stretch an axis of size 1
    return np.einsum("...nd,...md->...nm", q, k) / math.sqrt(q.shape[-1])


def scores_one_by_one(q, k):
    require_common_d(q, k)
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for front in np.ndindex(q.shape[:-2]):
        for i, query in enumerate(q[front]):
            for j, key in enumerate(k[front]):
                scores[front][i, j] = sum(query * key) * q.shape[-1] ** -0.5
    return scores


ATTENTION_SCORES = Exercise(
    id="attention.attention_scores",
    points=2,
    reference=lambda q, k: reference.attention_scores(q, k),
    cases=score_cases,
    variant=scores_with,
    misconceptions=[
        Misconception(
            "does not scale",
            {"divisor": lambda q, k: 1.0},
            "A sum of d products of independent numbers with variance 1 has variance d. Divide by"
            " its standard deviation.",
        ),
        Misconception(
            "divides by d",
            {"divisor": lambda q, k: q.shape[-1]},
            "The variance of the sum is d; its size is the square root of that.",
        ),
        Misconception(
            "multiplies by the root of d",
            {"divisor": lambda q, k: q.shape[-1] ** -0.5},
            "The sum of d products is too large, not too small: divide.",
        ),
        Misconception(
            "divides by the root of the number of keys",
            {"divisor": lambda q, k: np.sqrt(k.shape[-2])},
            "The dot product sums over the d entries of one key. How many keys there are does not"
            " change it.",
        ),
        Misconception(
            "divides by the root of the number of queries",
            {"divisor": lambda q, k: np.sqrt(q.shape[-2])},
            "q.shape[-2] is the number of queries. The length of a query is the last axis.",
        ),
        Misconception(
            "takes d from axis 1",
            {"divisor": lambda q, k: np.sqrt(q.shape[1])},
            "Axis 1 is the last one only in a matrix. With axes in front, the length of a query is"
            " still the last.",
        ),
        Misconception(
            "puts the keys in the rows",
            {"turned": True},
            "A row is a query, a column a key: Q Kᵀ, not K Qᵀ.",
        ),
        Misconception(
            "turns round all axes",
            all_axes_turned,
            "k.T turns round every axis, the ones in front too. Only the last two of k change"
            " places.",
        ),
        Misconception(
            "lets axes of size 1 stretch",
            broadcast,
            "Queries of one number fit keys of any length, if they are multiplied entry by entry:"
            " NumPy stretches the axis. They do not share d, so this must raise ValueError.",
        ),
        Misconception(
            "raises AssertionError",
            asserts,
            "Asked for is ValueError. An assert raises AssertionError, and not at all under"
            " python -O.",
        ),
        Misconception(
            "takes cosines",
            cosines,
            "A long query may ask loudly: the lengths stay in. Divide by sqrt(d) only.",
        ),
        Misconception(
            "takes distances",
            distances,
            "The score is the dot product: large where query and key point the same way.",
        ),
        Misconception(
            "takes the softmax, too",
            softmax_too,
            "Asked for are the scores. The softmax comes later.",
        ),
    ],
    alternatives=[scores_by_einsum, scores_one_by_one, scores_with()],
    hints=[
        "All dot products of rows of Q with rows of K are one matrix product.",
        (
            "For arrays with axes in front, k.T turns all axes round; np.swapaxes(k, -1, -2) only"
            " the last two."
        ),
        "q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])",
    ],
)
