"""The exercise `attention.additive_scores`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY
from embcourse.checking import Case, Exercise, Misconception


def additive_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0]]), np.array([[0.0], [1.0]]), np.array([[1.0]]), np.array([[0.5]]), np.array([2.0])),
               label="one query, two keys", tolerance=ORDINARY)
    for label, front, queries, keys, d_q, d_k, hidden in (
        ("widths of 3 and 3", (), 2, 3, 3, 3, 4), ("widths of 2 and 5", (), 3, 4, 2, 5, 3), ("a batch", (2,), 3, 2, 4, 3, 2),
    ):
        yield Case((rng.normal(size=(*front, queries, d_q)), rng.normal(size=(*front, keys, d_k)),
                    rng.normal(size=(d_q, hidden)), rng.normal(size=(d_k, hidden)), rng.normal(size=hidden)),
                   label=label, tolerance=ORDINARY)
    yield Case((rng.normal(size=(1, 2)), rng.normal(size=(1, 2)), rng.normal(size=(2, 1)), rng.normal(size=(2, 1)),
                rng.normal(size=1)), "edge", "one query, one key, one hidden number", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 2)), np.zeros((0, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3)),
                rng.normal(size=3)), "edge", "no key")


def additive_with(inside=np.tanh, *, apart=False, outside=False, key_in=True):
    """Additive scores with one part replaced."""
    def solve(q, k, w_query, w_key, v):
        a, b = (q @ w_query)[..., :, None, :], (k @ w_key)[..., None, :, :]
        b = b if key_in else 0 * b
        if apart:
            return (inside(a) + inside(b)) @ v
        return inside((a + b) @ v) if outside else inside(a + b) @ v
    return solve


def additive_transposed(q, k, w_query, w_key, v):
    return np.swapaxes(additive_with()(q, k, w_query, w_key, v), -1, -2)


def additive_one_by_one(q, k, w_query, w_key, v):
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for front in np.ndindex(q.shape[:-2]):
        for i in range(q.shape[-2]):
            for j in range(k.shape[-2]):
                scores[front][i, j] = v @ np.tanh(w_query.T @ q[front][i] + w_key.T @ k[front][j])
    return scores


def additive_by_joining(q, k, w_query, w_key, v):
    """[q; k] times the two matrices on top of each other is the same sum."""
    n, m = q.shape[-2], k.shape[-2]
    both = np.concatenate([np.repeat(q, m, axis=-2), np.concatenate([k] * n, axis=-2)], axis=-1)
    scores = np.tanh(both @ np.concatenate([w_query, w_key])) @ v
    return scores.reshape(*q.shape[:-1], m)


ADDITIVE_SCORES = Exercise(
    id="attention.additive_scores", points=2,
    reference=reference.additive_scores,
    cases=additive_cases,
    misconceptions=[
        Misconception("leaves out the tanh", additive_with(lambda x: x),
                      "Without it the score is a sum of a term for the query and one for the key, and the softmax "
                      "cancels the query's: all queries would get the same weights."),
        Misconception("squashes query and key apart", additive_with(apart=True),
                      "tanh goes around the sum. Squashed apart, the query's term is the same for all keys, and the "
                      "softmax cancels it."),
        Misconception("squashes the score", additive_with(outside=True),
                      "tanh works on the hidden vector, before v weighs its entries."),
        Misconception("uses a sigmoid", additive_with(lambda x: 1 / (1 + np.exp(-x))),
                      "The hidden layer's function is tanh."),
        Misconception("leaves out the key", additive_with(key_in=False),
                      "A query's scores must differ from key to key."),
        Misconception("puts the keys in the rows", additive_transposed,
                      "A row is a query, a column a key."),
    ],
    alternatives=[additive_with(), additive_one_by_one, additive_by_joining],
    hints=[
        "Every query meets every key: two axes, one for each, broadcast against each other.",
        "(q @ w_query)[..., :, None, :] is (..., n, 1, hidden); give k @ w_key an axis of 1 before the keys.",
        "np.tanh((q @ w_query)[..., :, None, :] + (k @ w_key)[..., None, :, :]) @ v",
    ],
)
