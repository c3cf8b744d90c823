"""What several exercises of the attention chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Tolerance

# Scores are sums of at most 16 products of numbers up to 4, a softmax sums at most 9 powers, and a gradient sums as many
# products again: fewer than 128 roundings of numbers below 64.
ORDINARY = Tolerance(operations=128, scale=64.0)
# A weight is exp of a difference of scores. Scores of size S are right to S eps, and so are their differences; the
# weight, at most 1, then has a relative error of S eps.
LARGE = Tolerance(operations=32, scale=4e4)


def powers_over_sum(scores: np.ndarray, axis: int | None = -1) -> np.ndarray:
    """The softmax of a textbook, for scores that are not too large."""
    powers = np.exp(scores)
    return powers / powers.sum(axis=axis, keepdims=True)


def sequences(rng: np.random.Generator, *front: int, queries: int, keys: int, d: int, d_v: int = 3) -> tuple:
    """q (..., queries, d), k (..., keys, d), v (..., keys, d_v)."""
    return tuple(rng.normal(size=(*front, *shape)) for shape in ((queries, d), (keys, d), (keys, d_v)))
