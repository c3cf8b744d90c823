"""What several exercises of the word2vec chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Misconception, Tolerance
from embcourse.word2vec import reference

# A logit is a sum of d <= 6 products of numbers up to 1, a softmax sums V <= 9 powers; then come a
# mean over at most 14 examples and, in gradients, products with rows. That makes fewer than 128
# roundings of numbers below 8.
ORDINARY = Tolerance(operations=128, scale=8.0)
# Logits near 3e4 are right to 3e4 eps, and so is the logarithm of a probability.
LARGE = Tolerance(operations=128, scale=3e4)
# A probability then errs by as much, and is multiplied with vectors of entries up to 60.
LARGE_GRADIENT = Tolerance(operations=128, scale=1.8e6)


def tables(
    rng: np.random.Generator, words: int = 6, dim: int = 3, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, of entries between -scale and scale."""
    return rng.uniform(-scale, scale, (words, dim)), rng.uniform(-scale, scale, (words, dim))


def small_tables(
    rng: np.random.Generator, words: int = 3, dim: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Tables for a pencil: tenths, all different in size, none 0."""
    tenths = (
        rng.permutation(np.arange(1, 2 * words * dim + 1))
        / 10
        * rng.choice([-1, 1], 2 * words * dim)
    )
    return tuple(tenths.reshape(2, words, dim))


def gappy_tables(
    rng: np.random.Generator, words: int = 7, dim: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Tables whose rows are views with gaps."""
    inputs, outputs = tables(rng, words, 2 * dim)
    return inputs[:, ::2], outputs[:, ::2]


def large_tables(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tables (6, 4) with logits up to 14,400: u_w . v_w is above 5,700 for every word, and above
    709 exp overflows.

    The third result lists the words in an order by chance: rows of the first two point into the
    same orthant, so that their mean and their sum are long as well.
    """
    inputs = rng.uniform(40, 60, (6, 4)) * rng.choice([-1, 1], (6, 4))
    order = rng.permutation(6)
    inputs[order[1]] = np.copysign(inputs[order[1]], inputs[order[0]])
    return inputs, inputs * rng.uniform(0.9, 1.0, (6, 4)), order


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def gapped(array: np.ndarray) -> np.ndarray:
    """The same numbers as a view with gaps; what lies between them belongs to nobody."""
    return np.repeat(array, 2)[::2]


def naive_softmax(logits):
    with np.errstate(all="ignore"):
        return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


# ------------------------------------------------------------------------- mistakes of several

TAKES_LOGARITHMS_FOR_PROBABILITIES = Misconception(
    "takes logarithms for probabilities",
    {"softmax": reference.log_softmax},
    "The error is made of probabilities: take np.exp of the log-softmax before you subtract the 1.",
)

HAS_THE_WRONG_SIGN = Misconception(
    "has the wrong sign",
    {"finish": lambda of_inputs, of_outputs: (-of_inputs, -of_outputs)},
    "The error is the prediction minus the truth. Yours points downhill; the gradient uphill.",
)

SWAPS_THE_TWO_GRADIENTS = Misconception(
    "swaps the two gradients",
    {"finish": lambda of_inputs, of_outputs: (of_outputs, of_inputs)},
    "The gradient of `inputs` comes first.",
)

EXPONENTIATES_LARGE_LOGITS_AS_THEY_ARE = Misconception(
    "exponentiates large logits as they are",
    {"softmax": naive_softmax},
    "exp overflows above 709. Use your log_softmax, and np.exp of that.",
)
