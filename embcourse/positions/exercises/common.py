"""What several exercises of this chapter share: sizes, and the mistakes that people make with the
angles of pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from embcourse.checking import Tolerance

# Scores are sums of at most 16 products of two terms each, of numbers up to 4, over sqrt(d): fewer
# than 64 roundings of numbers below 64.
ORDINARY = Tolerance(operations=64, scale=64.0)


def to_angles(largest: float) -> Tolerance:
    """For sines and cosines of positions up to `largest` times a frequency.

    A frequency is base^-e with e up to 1: e is right to an eps, which ln(base) < 16 multiplies. So
    the angle, at most the position, is off by 16 eps of it, and its sine by no more.
    """
    return Tolerance(operations=16, scale=max(largest, 1.0))


def turned_scores(largest: float) -> Tolerance:
    """For scores of vectors that were turned: an angle that is off by 16 eps times the position
    turns a sum of at most 16 products, each below 16, over sqrt(d), by as much."""
    return Tolerance(operations=16, scale=64.0 * max(largest, 1.0))


def some_base(rng: np.random.Generator) -> float:
    """No base that anybody would write by habit."""
    return float(np.round(rng.uniform(20.0, 2000.0), 2))


# Exponents of the pairs: the right ones are the negative 2i / d.


def by_pair(d: int) -> np.ndarray:
    return -np.arange(0, d, 2) / d


def half_of_it(d: int) -> np.ndarray:
    return -np.arange(d // 2) / d


def twice_of_it(d: int) -> np.ndarray:
    return -2 * np.arange(0, d, 2) / d


def up_to_one(d: int) -> np.ndarray:
    return -np.arange(d // 2) / max(d // 2 - 1, 1)


def upwards(d: int) -> np.ndarray:
    return np.arange(0, d, 2) / d


def all_the_same(d: int) -> np.ndarray:
    return np.zeros(d // 2)


# Where the first and the second number of each pair stand.


def neighbours(d: int) -> tuple[slice, slice]:
    return slice(0, None, 2), slice(1, None, 2)


def in_halves(d: int) -> tuple[slice, slice]:
    return slice(0, d // 2), slice(d // 2, None)


def turned(
    x: np.ndarray,
    positions: np.ndarray,
    base: float,
    *,
    exponents: Callable = by_pair,
    layout: Callable = neighbours,
    sign: float = 1.0,
) -> np.ndarray:
    """x with each pair turned by its position, parts replaced."""
    d = x.shape[-1]
    angles = sign * np.asarray(positions, float)[..., None] * base ** exponents(d)
    first, second = layout(d)
    result = np.empty(x.shape)
    result[..., first] = x[..., first] * np.cos(angles) - x[..., second] * np.sin(angles)
    result[..., second] = x[..., first] * np.sin(angles) + x[..., second] * np.cos(angles)
    return result


def turned_by_complex(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    """A pair is a complex number, and a turn a product with one of length 1."""
    d = x.shape[-1]
    frequencies = np.exp(-np.log(base) * 2 * np.arange(d // 2) / d)
    numbers = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(
        1j * np.asarray(positions, float)[..., None] * frequencies
    )
    return np.stack([numbers.real, numbers.imag], axis=-1).reshape(x.shape)
