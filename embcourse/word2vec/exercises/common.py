"""What several exercises of the word2vec chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Tolerance


def tables(rng: np.random.Generator, words: int = 6, dim: int = 3, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, of entries between -scale and scale."""
    return rng.uniform(-scale, scale, (words, dim)), rng.uniform(-scale, scale, (words, dim))


def large_tables(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tables (6, 4) with logits up to 14,400: u_w . v_w is above 5,700 for every word, and above 709 exp overflows."""
    inputs = rng.uniform(40, 60, (6, 4)) * rng.choice([-1, 1], (6, 4))
    inputs[5] = np.copysign(inputs[5], inputs[2])              # the mean of rows 2 and 5 is long as well
    return inputs, inputs * rng.uniform(0.9, 1.0, (6, 4))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# A logit is a sum of d <= 6 products of numbers up to 1, a softmax sums V <= 9 powers; then come a mean over at most 12
# examples and, in gradients, products with rows. That makes fewer than 128 roundings of numbers below 8.
ORDINARY = Tolerance(operations=128, scale=8.0)
# Logits near 1e4 are right to 1e4 eps, and so is the logarithm of a probability.
LARGE = Tolerance(operations=128, scale=2e4)
# A probability then errs by as much, and is multiplied with vectors of entries up to 60.
LARGE_GRADIENT = Tolerance(operations=128, scale=1.2e6)
