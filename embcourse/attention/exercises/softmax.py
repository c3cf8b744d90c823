"""The exercise `attention.softmax`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import LARGE, ORDINARY, halves, powers_over_sum, sizes
from embcourse.checking import Case, Exercise, Misconception


def softmax_cases(rng: np.random.Generator) -> Iterator[Case]:
    a, b, c, d = sizes(rng, 2, 6, 4)
    yield Case((halves(rng, 2, 3),), label="two rows of three", tolerance=ORDINARY)
    yield Case((rng.normal(size=(a, a)),), label="as many rows as columns", tolerance=ORDINARY)
    yield Case((rng.normal(size=(b, c)),), label="another number of rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(a, b, c)),), label="a batch", tolerance=ORDINARY)
    yield Case((rng.normal(size=(d, a, b, c)),), label="heads in a batch", tolerance=ORDINARY)
    yield Case((rng.normal(size=(b, 2 * c))[:, ::2],), label="a view with gaps", tolerance=ORDINARY)
    yield Case((rng.normal(size=d + 1),), label="one row without a batch", tolerance=ORDINARY)
    yield Case((rng.normal(size=(b, 1)),), "edge", "one score a row", tolerance=ORDINARY)
    yield Case((np.full((2, c), rng.normal()),), "edge", "all scores equal", tolerance=ORDINARY)
    gone = rng.normal(size=(3, 4))
    gone[np.arange(2), rng.integers(0, 4, 2)] = -np.inf
    yield Case((gone,), "edge", "scores of -inf", tolerance=ORDINARY)
    yield Case((np.zeros((0, c)),), "edge", "no row")
    large = rng.uniform(8e3, 1e4)
    yield Case(
        (large + rng.normal(size=(2, d)),), "stability", "scores near 10,000", tolerance=LARGE
    )
    yield Case(
        (-large + rng.normal(size=(3, 4)),), "stability", "scores near -10,000", tolerance=LARGE
    )
    signs = rng.permutation([1.0, -1.0, 1.0])[:, None]
    yield Case(
        (large * signs + rng.normal(size=(3, 4)),),
        "stability",
        "rows near 10,000 and near -10,000",
        tolerance=LARGE,
    )
    mixed = rng.normal(size=(2, 5))
    mixed[0, rng.choice(5, 2, replace=False)] += large
    mixed[1, rng.choice(5, 3, replace=False)] -= large
    yield Case((mixed,), "stability", "far apart in one row", tolerance=LARGE)


def softmax_over(axis: int | None) -> Callable:
    def solve(scores):
        scores = scores - scores.max(axis=axis, keepdims=True) if scores.size else scores
        return powers_over_sum(scores, axis)

    return solve


def softmax_of(change: Callable) -> Callable:
    """Powers over their sum, of scores that were changed in some way first."""

    def solve(scores):
        with np.errstate(all="ignore"):
            return powers_over_sum(change(scores)) if scores.size else scores.copy()

    return solve


def nan_replaced(scores):
    return np.nan_to_num(softmax_of(lambda s: s)(scores))


def shares_of_scores(scores):
    with np.errstate(all="ignore"):
        return scores / scores.sum(axis=-1, keepdims=True)


def logarithms(scores):
    with np.errstate(all="ignore"):
        return np.log(reference.softmax(scores))


def powers_only(scores):
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


def maximum_without_its_axis(scores):
    with np.errstate(all="ignore"):
        powers = np.exp(scores - scores.max(axis=-1))
        return powers / powers.sum(axis=-1)


def sum_without_its_axis(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1)


def sigmoids(scores):
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-scores))


def softmax_by_logarithms(scores):
    """exp(score - log-sum-exp)."""
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


def softmax_row_by_row(scores):
    rows = []
    for row in scores.reshape(-1, scores.shape[-1]).tolist():
        powers = [math.exp(score - max(row)) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return np.array(rows).reshape(scores.shape)


SOFTMAX = Exercise(
    id="attention.softmax",
    points=2,
    reference=lambda scores: reference.softmax(scores),
    cases=softmax_cases,
    misconceptions=[
        Misconception(
            "does not take off the maximum",
            softmax_of(lambda scores: scores),
            "exp overflows above 709, and inf / inf is NaN; far below zero all powers vanish and 0"
            " / 0 is NaN. Take the row's largest score off first: the weights stay the same.",
        ),
        Misconception(
            "takes off the maximum of all rows",
            softmax_of(lambda scores: scores - scores.max()),
            "A row far below the largest score of another row loses all its powers. Each row has"
            " its own maximum.",
        ),
        Misconception(
            "takes off the mean",
            softmax_of(lambda scores: scores - scores.mean(axis=-1, keepdims=True)),
            "A score may be far above the mean of its row, and exp still overflows. Only the"
            " largest score leaves nothing above 0.",
        ),
        Misconception(
            "clips large scores",
            softmax_of(lambda scores: np.clip(scores, -500, 500)),
            "Scores beyond the limit become equal, and so do their weights. Take off the row's"
            " maximum instead: differences stay as they are.",
        ),
        Misconception(
            "turns NaN into 0",
            nan_replaced,
            "NaN came from inf / inf. The weights of that row are not 0: they sum to one like all"
            " others. Prevent the overflow by taking off the row's maximum.",
        ),
        Misconception(
            "normalises over the queries",
            softmax_over(-2),
            "Each row is one query, and its weights sum to one. That is the last axis.",
        ),
        Misconception(
            "normalises over axis 0",
            softmax_over(0),
            "The last axis is the one that sums to one, whatever stands in front.",
        ),
        Misconception(
            "normalises over axis 1",
            softmax_over(1),
            "Axis 1 is the last one only in a matrix. With a batch in front it is another.",
        ),
        Misconception(
            "normalises over everything",
            softmax_over(None),
            "Each row sums to one by itself, not all rows together.",
        ),
        Misconception(
            "the maximum and the sum lose their axis",
            maximum_without_its_axis,
            "max and sum over the last axis drop it, and what is left lines up with the wrong axis"
            " of the scores. Keep the axis, with size 1.",
        ),
        Misconception(
            "the sum loses its axis",
            sum_without_its_axis,
            "The sum over the last axis drops it, and what is left lines up with the wrong axis of"
            " the powers. Keep the axis, with size 1.",
        ),
        Misconception(
            "does not divide by the sum",
            powers_only,
            "These are the powers. Divided by their sum they are weights that sum to one.",
        ),
        Misconception(
            "gives logarithms",
            logarithms,
            "These are the logarithms of the weights. Asked for are the weights.",
        ),
        Misconception(
            "takes a sigmoid",
            sigmoids,
            "A sigmoid looks at one score alone. Softmax weights of a row depend on all its scores"
            " and sum to one.",
        ),
        Misconception(
            "divides the scores by their sum",
            shares_of_scores,
            "Scores may be negative. exp makes them positive first.",
        ),
    ],
    alternatives=[softmax_by_logarithms, softmax_row_by_row, softmax_over(-1)],
    hints=[
        "Three steps along the last axis: take off the maximum, exponentiate, divide by the sum.",
        (
            "scores.max(axis=-1, keepdims=True) has a shape that broadcasts against scores; so has"
            " the sum."
        ),
        (
            "powers = np.exp(scores - scores.max(axis=-1, keepdims=True)), then powers /"
            " powers.sum(axis=-1, keepdims=True)."
        ),
    ],
)
