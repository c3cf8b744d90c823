"""What several exercises of this chapter share: sizes, tolerances, parts."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Tolerance

# Sums of at most 32 terms of numbers below 16, one root and one division.
ORDINARY = Tolerance(operations=64, scale=16.0)


def sizes(rng: np.random.Generator, low: int, high: int, count: int) -> list[int]:
    """Different sizes from low to high, so that axes can't be taken for each other."""
    return [int(size) for size in rng.choice(np.arange(low, high + 1), count, replace=False)]


def some_eps(rng: np.random.Generator) -> float:
    """Large enough that its place is seen."""
    return float(np.round(rng.uniform(0.05, 0.5), 3))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def plain_softmax(logits: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        powers = np.exp(logits)
        return powers / powers.sum(axis=-1, keepdims=True)
