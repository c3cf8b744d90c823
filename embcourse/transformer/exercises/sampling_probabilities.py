"""The exercise `transformer.sampling_probabilities`: its cases, the mistakes that people make,
right answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer import reference
from embcourse.transformer.exercises.common import plain_softmax, softmax

# exp of a difference of logits below 64, two sums of at most 16 terms.
SHARES = Tolerance(operations=64, scale=1.0)
# Logits in the thousands: exp turns their rounding, an eps of them, into a relative error.
LARGE = Tolerance(operations=16, scale=4000.0)


def midway(logits: np.ndarray, temperature: float, top_k: int | None, count: int) -> float:
    """A p that exactly `count` tokens are needed for, far from what rounding decides."""
    shares = np.sort(softmax(logits / temperature))[::-1][:top_k]
    sums = np.cumsum(shares / shares.sum())
    return float((sums[count - 2] if count > 1 else 0.0) + sums[count - 1]) / 2


def sampling_cases(rng: np.random.Generator) -> Iterator[Case]:
    def some_logits(tokens: int) -> np.ndarray:
        """Differences of 0.25 to 0.5 between neighbours, in a random order."""
        return rng.permutation(np.cumsum(rng.uniform(0.25, 0.5, tokens)) - rng.uniform(0, 2))

    def cold() -> float:
        return float(np.round(rng.uniform(0.4, 0.6), 2))

    def hot() -> float:
        return float(np.round(rng.uniform(2.0, 3.0), 2))

    def case(
        logits: np.ndarray,
        temperature: float,
        top_k: int | None,
        top_p: float | None,
        label: str,
        aspect: str = "values",
        tolerance: Tolerance = SHARES,
    ) -> Case:
        return Case((logits, temperature, top_k, top_p), aspect, label, tolerance=tolerance)

    tokens = int(rng.integers(9, 14))
    yield case(some_logits(tokens), cold(), None, None, "colder")
    yield case(some_logits(tokens), hot(), None, None, "hotter")
    yield case(some_logits(tokens), hot(), int(rng.integers(3, 6)), None, "top-k")
    for temperature, name in ((cold(), "top-p and colder"), (hot(), "top-p and hotter")):
        logits = some_logits(tokens)
        count = int(rng.integers(3, 5))
        yield case(logits, temperature, None, midway(logits, temperature, None, count), name)
    logits, temperature = some_logits(tokens), hot()
    top_p = midway(logits, temperature, 6, 4)
    yield case(logits, temperature, 6, top_p, "top-k and top-p")
    logits = some_logits(2 * tokens)[::2]
    yield case(logits, 1.0, 4, midway(logits, 1.0, 4, 3), "a view with gaps")
    logits = np.repeat(rng.uniform(-1.0, 1.0), 7)
    logits[[1, 4]] += 1.0
    yield case(logits, hot(), 4, None, "equal logits at the cut", "edge")
    yield case(some_logits(5), hot(), int(rng.integers(6, 20)), None, "k above all", "edge")
    yield case(some_logits(tokens), hot(), 1, None, "k of 1", "edge")
    yield case(some_logits(tokens), hot(), None, 0.01, "a p below every share", "edge")
    yield case(some_logits(tokens), hot(), None, 1.0, "a p of 1", "edge")
    logits = some_logits(tokens)
    logits[rng.choice(tokens, 3, replace=False)] = -np.inf
    yield case(logits, hot(), None, None, "tokens that can't be", "edge")
    logits = some_logits(tokens) + rng.integers(2000, 3000)
    yield case(logits, hot(), 5, None, "logits in the thousands", "stability", LARGE)
    yield case(-2 * logits, 1.0, None, None, "far below 0", "stability", LARGE)


def up_to_the_one_that_reaches(sums: np.ndarray, shares: np.ndarray, p: float) -> int:
    return int((sums - shares < p).sum())


def in_order(probabilities: np.ndarray) -> np.ndarray:
    return np.argsort(-probabilities, kind="stable")


def whole_again(shares: np.ndarray) -> np.ndarray:
    return shares / shares.sum()


def sampling_with(
    *,
    heat: Callable = lambda logits, temperature: logits / temperature,
    weights: Callable = softmax,
    order_of: Callable = in_order,
    reach: Callable = up_to_the_one_that_reaches,
    cut_whole: bool = True,
    cut_cold: bool = False,
    ties: bool = False,
    finish: Callable = whole_again,
) -> Callable[..., Any]:
    """Temperature, top-k and top-p with parts replaced."""

    def solve(logits, temperature, top_k, top_p):
        with np.errstate(all="ignore"):
            heated = weights(heat(logits, temperature))
            probabilities = weights(logits) if cut_cold else heated
            order = order_of(probabilities)
            kept = len(order) if top_k is None else min(top_k, len(order))
            if top_p is not None:
                mass = probabilities[order[:kept]]
                if cut_whole:
                    mass = mass / mass.sum()
                kept = min(kept, max(1, reach(np.cumsum(mass), mass, top_p)))
            keep = np.zeros(len(order), bool)
            keep[order[:kept]] = True
            if ties:
                keep |= probabilities == probabilities[order[kept - 1]]
            return finish(np.where(keep, heated, 0.0))

    return solve


def token_after_token(logits, temperature, top_k, top_p):
    """Takes the likeliest token that is left, until there are enough."""
    largest = max(float(logit) for logit in logits)
    powers = [math.exp((float(logit) - largest) / temperature) for logit in logits]
    order = sorted(range(len(powers)), key=lambda token: -powers[token])
    if top_k is not None:
        order = order[:top_k]
    total = sum(powers[token] for token in order)
    chosen: list[int] = []
    reached = 0.0
    for token in order:
        if top_p is not None and chosen and reached >= top_p * total:
            break
        chosen.append(token)
        reached += powers[token]
    result = np.zeros(len(powers))
    for token in chosen:
        result[token] = powers[token] / reached
    return result


SAMPLING_PROBABILITIES = Exercise(
    id="transformer.sampling_probabilities",
    points=3,
    reference=lambda logits, temperature, top_k, top_p: reference.sampling_probabilities(
        logits, temperature, top_k, top_p
    ),
    cases=sampling_cases,
    variant=sampling_with,
    misconceptions=[
        Misconception(
            "drops the token that reaches p",
            {"reach": lambda sums, shares, p: int((sums <= p).sum())},
            "The kept tokens must reach p together: the one that crosses it belongs to them.",
        ),
        Misconception(
            "keeps one token too many",
            {"reach": lambda sums, shares, p: int((sums - shares < p).sum()) + 1},
            "Stop as soon as p is reached: the fewest tokens that do.",
        ),
        Misconception(
            "cuts before the temperature",
            {"cut_cold": True},
            "The temperature comes first: top-p looks at the probabilities that it makes.",
        ),
        Misconception(
            "measures p on what was there before top-k",
            {"cut_whole": False},
            "After top-k the probabilities are made whole again, and p counts those.",
        ),
        Misconception(
            "does not make the rest whole again",
            {"finish": lambda shares: shares},
            "What is left must sum to one: divide by its sum.",
        ),
        Misconception(
            "multiplies by the temperature",
            {"heat": lambda logits, temperature: logits * temperature},
            "Logits are divided by it: above 1 the distribution becomes flatter.",
        ),
        Misconception(
            "leaves out the temperature",
            {"heat": lambda logits, temperature: logits},
            "Divide the logits by the temperature before the softmax.",
        ),
        Misconception(
            "keeps all equals of the k-th token",
            {"ties": True},
            "k tokens are kept: of equal ones the first.",
        ),
        Misconception(
            "keeps the least likely",
            {"order_of": lambda probabilities: np.argsort(probabilities, kind="stable")},
            "The order is falling: the likeliest first.",
        ),
        Misconception(
            "does not take the largest logit off",
            {"weights": plain_softmax},
            "exp of a large logit overflows. Take the largest off before.",
        ),
    ],
    alternatives=[token_after_token, sampling_with()],
    hints=[
        "Temperature, softmax, order, cut, divide by the sum: in this order.",
        "np.argsort(-probabilities, kind='stable') gives the likeliest first, of equals the first."
        " A token is kept by top_p if what comes before it is below p.",
        "mass = probabilities[order[:k]]; mass = mass / mass.sum(); kept = (np.cumsum(mass) - mass"
        " < top_p).sum(), at least 1.",
    ],
)
