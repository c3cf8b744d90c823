"""The exercise `negative_sampling.noise_distribution`: its cases, the mistakes that people make,
right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference

# A power, a sum of at most 12 numbers and a division; all positive, so nothing cancels. The power
# multiplies the relative error of its base by at most 2.
SHARES = Tolerance(operations=32)


def noise_cases(rng: np.random.Generator) -> Iterator[Case]:
    def counts(words: int, most: int = 1000) -> np.ndarray:
        """Different counts, one of them 1."""
        return rng.permutation([1, *(2 + rng.choice(most - 2, words - 1, replace=False))])

    def zeros_among(counts: np.ndarray, zeros: int) -> np.ndarray:
        return rng.permutation(np.concatenate([counts, np.zeros(zeros, int)]))

    def power(low: float, high: float) -> float:
        return float(np.round(rng.uniform(low, high), 2))

    # Fourth powers, so that a pencil can raise them to 1/4, 1/2 or 3/4.
    fourth = rng.permutation([1, *(rng.choice(np.arange(2, 8), 2, replace=False) ** 4)])
    yield Case(
        (fourth, float(rng.choice([0.25, 0.5, 0.75]))), label="three words", tolerance=SHARES
    )
    yield Case((counts(8), power(0.55, 0.95)), label="eight words", tolerance=SHARES)
    yield Case((counts(6), power(1.2, 2.5)), label="a power above 1", tolerance=SHARES)
    yield Case((counts(6), power(-0.9, -0.2)), label="a power below 0", tolerance=SHARES)
    yield Case(
        (counts(5), -int(rng.integers(1, 3))), label="a whole number below 0", tolerance=SHARES
    )
    yield Case(
        (np.repeat(counts(6), 2)[::2], power(0.2, 0.8)), label="a view with gaps", tolerance=SHARES
    )
    yield Case(
        (zeros_among(counts(3, 20), 2), power(0.2, 0.9)),
        "edge",
        "words that never occur",
        tolerance=SHARES,
    )
    yield Case(
        (zeros_among(counts(3, 20), int(rng.integers(1, 4))), float(0)),
        "edge",
        "power 0, words that never occur",
        tolerance=SHARES,
    )
    yield Case(
        (zeros_among(counts(3, 20), int(rng.integers(1, 4))), power(-1.5, -0.2)),
        "edge",
        "a power below 0, words that never occur",
        tolerance=SHARES,
    )
    yield Case((rng.integers(2, 50, 1), power(0.2, 0.9)), "edge", "one word", tolerance=SHARES)
    # The square of the largest, about 1.5e19, wraps round to a number below 0 where integers have
    # 64 bits.
    yield Case(
        (rng.permutation([int(rng.integers(31, 42)) * 10**8, *rng.integers(10**6, 10**8, 3)]), 2),
        "stability",
        "counts of billions, squared",
        tolerance=SHARES,
    )


def noise_with(
    *,
    prepare=lambda counts: np.asarray(counts, dtype=float),
    seen=lambda counts, power: counts > 0,
    exponent=lambda power: power,
    weigh=lambda counts, power: counts**power,
    first=lambda weights: weights,
    total=lambda weights, counts: weights.sum(),
):
    """Shares of the powers of the counts, with one part replaced; words that are not seen get 0."""

    def solve(counts, power):
        counts = prepare(counts)
        result = np.zeros(counts.shape)
        those = seen(counts, power)
        found = weigh(first(counts)[those], exponent(power))
        result[those] = found / total(found, counts)
        return result

    return solve


def noise_by_dictionary(counts, power):
    weights = {word: float(count) ** power for word, count in enumerate(counts) if count}
    total = math.fsum(weights.values())
    return [weights.get(word, 0.0) / total for word in range(len(counts))]


NOISE_DISTRIBUTION = Exercise(
    id="negative_sampling.noise_distribution",
    points=1,
    reference=reference.noise_distribution,
    cases=noise_cases,
    variant=noise_with,
    misconceptions=[
        Misconception(
            "applies the power after normalising",
            {"first": lambda counts: counts / counts.sum(), "total": lambda weights, counts: 1.0},
            "Probabilities raised to 3/4 no longer sum to 1. Raise the counts, then divide by the"
            " sum of what came out.",
        ),
        Misconception(
            "divides by the sum of the counts",
            {"total": lambda weights, counts: counts.sum()},
            "Divide by the sum of the powers: only then do the shares sum to 1.",
        ),
        Misconception(
            "does not divide",
            {"total": lambda weights, counts: 1.0},
            "The powers of the counts are weights. Divided by their sum they are probabilities.",
        ),
        Misconception(
            "divides by the largest",
            {"total": lambda weights, counts: weights.max()},
            "Probabilities sum to 1: divide by the sum of the weights, not by the largest.",
        ),
        Misconception(
            "leaves out the power",
            {"weigh": lambda counts, power: counts},
            "These are the plain frequencies, power 1. Raise each count to `power` first.",
        ),
        Misconception(
            "always takes the power 3/4",
            {"exponent": lambda power: 0.75},
            "3/4 is word2vec's choice. Here the power is the argument `power`.",
        ),
        Misconception(
            "drops the sign of the power",
            {"exponent": abs},
            "A power below 0 is allowed: it gives rare words the larger share.",
        ),
        Misconception(
            "takes a root instead of the power",
            {"exponent": lambda power: 1 / power if power else math.inf},
            "3/4 is the exponent itself, not the root: counts ** power.",
        ),
        Misconception(
            "multiplies by the power",
            {"weigh": lambda counts, power: counts * power, "total": lambda weights, counts: 1.0},
            "3/4 is an exponent: counts ** power. And the result must sum to 1.",
        ),
        Misconception(
            "puts the power above e",
            {"weigh": lambda counts, power: np.exp(power * counts / counts.max())},
            "This is a softmax. The weight of a word is its count to the power, not an exponential"
            " of it.",
        ),
        Misconception(
            "takes the logarithm of the counts",
            {"weigh": lambda counts, power: np.log(counts) * power},
            "ln(count^a) is a ln(count), but the weights are the powers themselves.",
        ),
        Misconception(
            "adds 1 to every count",
            {"prepare": lambda counts: np.asarray(counts, dtype=float) + 1},
            "Nothing is smoothed here: a word that never occurs gets probability 0.",
        ),
        Misconception(
            "draws words that never occur when the power is 0",
            {"seen": lambda counts, power: (counts > 0) | (power == 0)},
            "0 ** 0 is 1 in Python. A word that was never seen gets probability 0, whatever the"
            " power.",
        ),
        Misconception(
            "raises zeros to the power too",
            {"seen": lambda counts, power: np.ones(counts.shape, bool)},
            "0 ** 0 is 1, and 0 to a power below 0 is infinite. A word that was never seen gets"
            " probability 0: raise only counts above 0.",
        ),
        Misconception(
            "raises whole numbers to the power",
            {"prepare": lambda counts: np.asarray(counts).astype(np.int64)},
            "NumPy raises no whole number to a whole number below 0, and the square of some"
            " billions does not fit into 64 bits. Turn the counts into floats first.",
        ),
    ],
    alternatives=[
        noise_by_dictionary,
        noise_with(weigh=lambda counts, power: np.exp(power * np.log(counts))),
        noise_with(first=lambda counts: counts / counts.sum()),
        noise_with(),
    ],
    hints=[
        "Three steps: which words were seen, their weights, the division.",
        "The weights are counts ** power, and they must be divided by their own sum.",
        (
            "0 ** 0 is 1 and 0 ** -0.5 is infinite, so compute the powers of the counts above 0"
            " only, as floats, and leave 0 elsewhere."
        ),
    ],
)
