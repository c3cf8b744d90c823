"""The exercise `attention.softmax`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import LARGE, ORDINARY, powers_over_sum
from embcourse.checking import Case, Exercise, Misconception


def softmax_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 0.0], [0.0, np.log(3.0)]]),), label="two rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(3, 5)),), label="three rows of five", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 3, 4)),), label="two batches of three rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(4, 8))[:, ::2],), label="a view with gaps", tolerance=ORDINARY)
    yield Case((rng.normal(size=6),), label="one row without a batch", tolerance=ORDINARY)
    yield Case((rng.normal(size=(3, 1)),), "edge", "one score a row", tolerance=ORDINARY)
    yield Case((np.full((2, 3), 5.0),), "edge", "ties", tolerance=ORDINARY)
    yield Case((np.array([[0.0, -np.inf, 1.0]]),), "edge", "a score of -inf", tolerance=ORDINARY)
    yield Case((np.zeros((0, 3)),), "edge", "no row")
    large = 1e4 + rng.normal(size=(2, 4))
    yield Case((large,), "stability", "scores near 10,000", tolerance=LARGE)
    yield Case((-large,), "stability", "scores near -10,000", tolerance=LARGE)
    apart = rng.normal(size=(2, 3)) + np.array([[1e4], [-1e4]])
    yield Case((apart,), "stability", "one row near 10,000, the other near -10,000", tolerance=LARGE)


def softmax_without_maximum(scores):
    with np.errstate(all="ignore"):
        return powers_over_sum(scores)


def softmax_over(axis):
    def solve(scores):
        scores = scores - scores.max(axis=axis, keepdims=True) if scores.size else scores
        return powers_over_sum(scores, axis)
    return solve


def softmax_with_one_maximum(scores):
    with np.errstate(all="ignore"):
        return powers_over_sum(scores - scores.max()) if scores.size else scores.copy()


def shares_of_scores(scores):
    with np.errstate(all="ignore"):
        return scores / scores.sum(axis=-1, keepdims=True)


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
    id="attention.softmax", points=2,
    reference=lambda scores: reference.softmax(scores),
    cases=softmax_cases,
    misconceptions=[
        Misconception("does not take off the maximum", softmax_without_maximum,
                      "exp overflows above 709, and inf / inf is NaN; far below zero all powers vanish and 0 / 0 is NaN. "
                      "Take the row's largest score off first: the weights stay the same."),
        Misconception("normalises over the queries", softmax_over(-2),
                      "Each row is one query, and its weights sum to one. That is the last axis."),
        Misconception("normalises over everything", softmax_over(None),
                      "Each row sums to one by itself, not all rows together."),
        Misconception("takes off the maximum of all rows", softmax_with_one_maximum,
                      "A row far below the largest score of another row loses all its powers. Each row has its own "
                      "maximum: keepdims=True keeps the axis, so that it broadcasts."),
        Misconception("divides the scores by their sum", shares_of_scores,
                      "Scores may be negative. exp makes them positive first."),
    ],
    alternatives=[softmax_by_logarithms, softmax_row_by_row, softmax_over(-1)],
    hints=[
        "Three steps along the last axis: take off the maximum, exponentiate, divide by the sum.",
        "scores.max(axis=-1, keepdims=True) has a shape that broadcasts against scores; so has the sum.",
        "powers = np.exp(scores - scores.max(axis=-1, keepdims=True)), then powers / powers.sum(axis=-1, keepdims=True).",
    ],
)
