"""The exercise `attention.softmax_gradient`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY, powers_over_sum
from embcourse.checking import Case, Exercise, Misconception


def gradient_of_softmax_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0.25, 0.75]), np.array([1.0, 0.0])), "gradient", "two weights", tolerance=ORDINARY)
    for label, shape in (("three rows", (3, 4)), ("a batch", (2, 3, 5))):
        yield Case((powers_over_sum(rng.normal(size=shape)), rng.normal(size=shape)), "gradient", label,
                   tolerance=ORDINARY)
    wide = powers_over_sum(rng.normal(size=(4, 3))), rng.normal(size=(4, 3))
    yield Case((wide[0][::2], wide[1][::2]), "gradient", "views with gaps", tolerance=ORDINARY)
    yield Case((powers_over_sum(rng.normal(size=(2, 3))), np.ones((2, 3))), "edge", "the same gradient for every weight",
               tolerance=ORDINARY)
    yield Case((np.array([[0.0, 1.0, 0.0]]), rng.normal(size=(1, 3))), "edge", "a saturated softmax",
               tolerance=ORDINARY)
    yield Case((np.zeros((1, 3)), rng.normal(size=(1, 3))), "edge", "a row where nothing counts", tolerance=ORDINARY)


def diagonal_only(weights, grad_weights):
    return weights * (1 - weights) * grad_weights


def without_the_sum(weights, grad_weights):
    return weights * grad_weights


def plain_mean_taken_off(weights, grad_weights):
    return weights * (grad_weights - grad_weights.mean(axis=-1, keepdims=True))


def summed_over_everything(weights, grad_weights):
    return weights * (grad_weights - (weights * grad_weights).sum())


def sum_added(weights, grad_weights):
    return weights * (grad_weights + (weights * grad_weights).sum(axis=-1, keepdims=True))


def gradient_by_jacobian(weights, grad_weights):
    """The whole matrix of derivatives for every row."""
    jacobian = weights[..., :, None] * (np.eye(weights.shape[-1]) - weights[..., None, :])
    return np.einsum("...ij,...i->...j", jacobian, grad_weights)


def gradient_by_einsum(weights, grad_weights):
    product = weights * grad_weights
    return product - weights * np.einsum("...j->...", product)[..., None]


SOFTMAX_GRADIENT = Exercise(
    id="attention.softmax_gradient", points=2,
    reference=reference.softmax_gradient,
    cases=gradient_of_softmax_cases,
    misconceptions=[
        Misconception("keeps the diagonal only", diagonal_only,
                      "p_i (1 - p_i) is how p_i moves with its own score. Each weight moves with every score of its row: "
                      "the derivative of p_i by s_j is -p_i p_j."),
        Misconception("leaves out the sum", without_the_sum,
                      "A score that rises takes weight from the others. From dP subtract the mean of dP under the "
                      "weights."),
        Misconception("subtracts the plain mean", plain_mean_taken_off,
                      "The mean must be weighted by the weights: sum of p_j dp_j."),
        Misconception("sums over all rows", summed_over_everything,
                      "Rows do not share weight: sum along the last axis only, with keepdims=True."),
        Misconception("adds the sum", sum_added,
                      "The derivative of p_i by s_j is p_i ([i = j] - p_j), with a minus."),
    ],
    alternatives=[gradient_by_jacobian, gradient_by_einsum],
    hints=[
        "The derivative of p_i by s_j is p_i ([i = j] - p_j). Multiply by dp_i, and sum over i.",
        "One term is p_j dp_j. The other is p_j times a number that all keys of the row share.",
        "weights * (grad_weights - (weights * grad_weights).sum(axis=-1, keepdims=True))",
    ],
)
