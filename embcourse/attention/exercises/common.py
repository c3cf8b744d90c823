"""What several exercises of this chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Tolerance

# Scores are sums of at most 16 products of numbers up to 4, a softmax sums at most 9 powers, and a
# gradient sums as many products again: fewer than 128 roundings of numbers below 64.
ORDINARY = Tolerance(operations=128, scale=64.0)
# A weight is exp of a difference of scores. Scores of size S are right to S eps, and so are their
# differences; the weight, at most 1, then has a relative error of S eps.
LARGE = Tolerance(operations=32, scale=4e4)


def powers_over_sum(scores: np.ndarray, axis: int | None = -1) -> np.ndarray:
    """The softmax of a textbook, for scores that are not too large."""
    powers = np.exp(scores)
    return powers / powers.sum(axis=axis, keepdims=True)


def sizes(rng: np.random.Generator, low: int, high: int, count: int) -> list[int]:
    """Different sizes from low to high, so that axes can't be taken for each other."""
    return [int(size) for size in rng.choice(np.arange(low, high + 1), count, replace=False)]


def halves(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Halves from -2 to 2 without 0, for cases that can be followed with a pencil."""
    return rng.choice([-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0], shape)


def sequences(
    rng: np.random.Generator, *front: int, queries: int, keys: int, d: int, d_v: int = 3
) -> tuple:
    """q (..., queries, d), k (..., keys, d), v (..., keys, d_v)."""
    return tuple(
        rng.normal(size=(*front, *shape)) for shape in ((queries, d), (keys, d), (keys, d_v))
    )


def near(
    rng: np.random.Generator, large: float, *, queries: int, keys: int, d: int, d_v: int = 3
) -> tuple:
    """q, k, v whose scores lie near +large and -large by turns, and differ by little: no weight is
    near 0 or 1."""
    q, k, v = sequences(rng, queries=queries, keys=keys, d=d, d_v=d_v)
    base = rng.choice([-1.0, 1.0], d)
    reach = np.sqrt(large / np.sqrt(d))  # (reach base) . (reach base) / sqrt(d) = large
    signs = np.where(np.arange(queries) % 2, -1.0, 1.0)[:, None]
    return q / reach + reach * signs * base, k / reach + reach * base, v


def some_mask(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Every row has a True and a False."""
    mask = rng.random(shape) < 0.5
    for row in mask.reshape(-1, shape[-1]):
        one, other = rng.choice(shape[-1], 2, replace=False)
        row[one], row[other] = True, False
    return mask
