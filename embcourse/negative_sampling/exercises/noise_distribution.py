"""The exercise `negative_sampling.noise_distribution`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference

# A power, a sum of at most 12 numbers and a division; all positive, so nothing cancels. The power multiplies the
# relative error of its base by at most 2.
SHARES = Tolerance(operations=32)


def noise_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([81, 16, 1]), 0.75), label="three words", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 8), 0.75), label="eight words", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 6), 0.5), label="another power", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 6), -0.5), label="a power below 0", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 12)[::2], 0.75), label="a view with gaps", tolerance=SHARES)
    yield Case((np.array([7, 0, 2, 0]), 0.75), "edge", "words that never occur", tolerance=SHARES)
    yield Case((np.array([7, 0, 2]), 0.0), "edge", "power 0, a word that never occurs", tolerance=SHARES)
    yield Case((np.array([5]), 0.75), "edge", "one word", tolerance=SHARES)


def noise_with(weights, total=np.sum):
    """Shares of some weights; words that never occur get 0."""
    def solve(counts, power):
        counts = np.asarray(counts, dtype=float)
        result = np.zeros(counts.shape)
        seen = counts > 0
        found = weights(counts[seen], power)
        result[seen] = found / total(found)
        return result
    return solve


def noise_after_normalising(counts, power):
    shares = counts / counts.sum()
    return np.where(counts > 0, np.where(counts > 0, shares, 1.0) ** power, 0.0)


def noise_unseen_too(counts, power):
    weights = np.where(counts > 0, counts, 1.0) ** power * ((counts > 0) | (power == 0))
    return weights / weights.sum()


def noise_by_dictionary(counts, power):
    weights = {word: float(count) ** power for word, count in enumerate(counts) if count}
    total = math.fsum(weights.values())
    return [weights.get(word, 0.0) / total for word in range(len(counts))]


NOISE_DISTRIBUTION = Exercise(
    id="negative_sampling.noise_distribution", points=1,
    reference=reference.noise_distribution,
    cases=noise_cases,
    misconceptions=[
        Misconception("applies the power after normalising", noise_after_normalising,
                      "Probabilities raised to 3/4 no longer sum to 1. Raise the counts, then divide by the sum of "
                      "what came out."),
        Misconception("divides by the sum of the counts",
                      lambda counts, power: np.where(counts > 0, np.where(counts > 0, counts, 1.0) ** power, 0.0)
                      / counts.sum(),
                      "Divide by the sum of the powers: only then do the shares sum to 1."),
        Misconception("leaves out the power", noise_with(lambda counts, power: counts),
                      "These are the plain frequencies, power 1. Raise each count to `power` first."),
        Misconception("multiplies by the power", noise_with(lambda counts, power: counts * power, total=lambda w: 1.0),
                      "3/4 is an exponent: counts ** power. And the result must sum to 1."),
        Misconception("puts the power above e", noise_with(lambda counts, power: np.exp(power * counts / counts.max())),
                      "This is a softmax. The weight of a word is its count to the power, not an exponential of it."),
        Misconception("draws words that never occur when the power is 0", noise_unseen_too,
                      "0 ** 0 is 1 in Python. A word that was never seen gets probability 0, whatever the power."),
    ],
    alternatives=[noise_by_dictionary, noise_with(lambda counts, power: np.exp(power * np.log(counts))),
                  noise_with(lambda counts, power: (counts / counts.sum()) ** power)],
    hints=["Three steps: which words were seen, their weights, the division.",
           "The weights are counts ** power, and they must be divided by their own sum.",
           "0 ** 0 is 1 and 0 ** -0.5 is infinite, so compute the powers of the counts above 0 only, and leave 0 "
           "elsewhere."],
)
