"""What several exercises of the negative_sampling chapter share."""

from __future__ import annotations

import numpy as np

# No rate is 1 / n for a small n: with such a rate, a step with the rate twice is a step divided by
# n.
RATES = (0.3, 0.4, 0.6, 0.7)


def tables(
    rng: np.random.Generator, size: int = 6, dim: int = 3, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, all entries different."""
    return scale * rng.standard_normal((size, dim)), scale * rng.standard_normal((size, dim))


def tenths(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers for a pencil: one decimal, from -1.5 to 1.5, never 0."""
    return rng.integers(1, 16, shape) * rng.choice([-1, 1], shape) / 10


def small_tables(
    rng: np.random.Generator, size: int = 4, dim: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors for a pencil."""
    return tenths(rng, size, dim), tenths(rng, size, dim)


def sure_tables(
    rng: np.random.Generator, input: int, logits: dict[int, float], size: int = 6, dim: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Tables where the output rows of some words have the given logits with the row `input`."""
    inputs, outputs = tables(rng, size, dim)
    inputs[input] *= 1.5 / np.linalg.norm(inputs[input])
    v = inputs[input]
    for word, logit in logits.items():
        outputs[word] = logit * v / (v @ v)
    return inputs, outputs


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))


def sigma_of_exp(x):
    """exp(x) / (1 + exp(x)): NaN where exp(x) overflows."""
    large = np.exp(np.asarray(x, dtype=float))
    return large / (1 + large)


def sigma_to_six(x):
    """The released program's sigmoid: 0 below a logit of -6, 1 above 6."""
    x = np.asarray(x, dtype=float)
    return np.where(x > 6, 1.0, np.where(x < -6, 0.0, sigma(x)))
