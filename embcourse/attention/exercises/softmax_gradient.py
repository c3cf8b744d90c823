"""The exercise `attention.softmax_gradient`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY, halves, powers_over_sum, sizes
from embcourse.checking import Case, Exercise, Misconception


def gradient_of_softmax_cases(rng: np.random.Generator) -> Iterator[Case]:
    a, b, c = sizes(rng, 3, 6, 3)
    quarters = rng.permutation([0.125, 0.25, 0.625])
    yield Case((quarters, halves(rng, 3)), "gradient", "three weights", tolerance=ORDINARY)
    for label, shape in (
        ("some rows", (a, b)),
        ("as many rows as columns", (c, c)),
        ("a batch", (a, b, c)),
        ("heads in a batch", (2, c, a, b)),
    ):
        yield Case(
            (powers_over_sum(rng.normal(size=shape)), rng.normal(size=shape)),
            "gradient",
            label,
            tolerance=ORDINARY,
        )
    wide = powers_over_sum(rng.normal(size=(2 * a, b))), rng.normal(size=(2 * a, b))
    yield Case((wide[0][::2], wide[1][::2]), "gradient", "views with gaps", tolerance=ORDINARY)
    yield Case(
        (powers_over_sum(rng.normal(size=(2, c))), np.full((2, c), rng.normal())),
        "edge",
        "the same gradient for every weight",
        tolerance=ORDINARY,
    )
    sure = np.zeros((2, c))
    sure[np.arange(2), rng.choice(c, 2, replace=False)] = 1.0
    yield Case((sure, rng.normal(size=(2, c))), "edge", "a saturated softmax", tolerance=ORDINARY)
    some = powers_over_sum(rng.normal(size=(a, b)))
    some[rng.integers(0, a)] = 0.0
    yield Case(
        (some, rng.normal(size=(a, b))), "edge", "a row where nothing counted", tolerance=ORDINARY
    )
    yield Case(
        (np.ones((a, 1)), rng.normal(size=(a, 1))), "edge", "one weight a row", tolerance=ORDINARY
    )
    yield Case((np.zeros((0, c)), np.zeros((0, c))), "edge", "no row")


def gradient_with(
    *,
    shared: Callable = lambda p, g: (p * g).sum(axis=-1, keepdims=True),
    sign: float = -1.0,
    front: Callable = lambda p, g: p,
    first: Callable = lambda p, g: g,
    all_signs: float = 1.0,
) -> Callable:
    """p * (g - shared) with parts replaced: front * (first + sign * shared) * all_signs."""

    def solve(weights, grad_weights):
        inner = first(weights, grad_weights) + sign * shared(weights, grad_weights)
        return all_signs * front(weights, grad_weights) * inner

    return solve


def diagonal_only(weights, grad_weights):
    return weights * (1 - weights) * grad_weights


def off_the_diagonal_only(weights, grad_weights):
    shared = (weights * grad_weights).sum(axis=-1, keepdims=True)
    return -weights * (shared - weights * grad_weights)


def softmax_once_more(weights, grad_weights):
    return reference.softmax_gradient(reference.softmax(weights), grad_weights)


def for_the_logarithm(weights, grad_weights):
    """The gradient if grad_weights were for the logarithms of the weights."""
    return grad_weights - weights * grad_weights.sum(axis=-1, keepdims=True)


def gradient_by_jacobian(weights, grad_weights):
    """The whole matrix of derivatives for every row."""
    jacobian = weights[..., :, None] * (np.eye(weights.shape[-1]) - weights[..., None, :])
    return np.einsum("...ij,...i->...j", jacobian, grad_weights)


def gradient_by_einsum(weights, grad_weights):
    product = weights * grad_weights
    return product - weights * np.einsum("...j->...", product)[..., None]


SOFTMAX_GRADIENT = Exercise(
    id="attention.softmax_gradient",
    points=2,
    reference=reference.softmax_gradient,
    cases=gradient_of_softmax_cases,
    variant=gradient_with,
    misconceptions=[
        Misconception(
            "keeps the diagonal only",
            diagonal_only,
            "p_i (1 - p_i) is how p_i moves with its own score. Each weight moves with every score"
            " of its row: the derivative of p_i by s_j is -p_i p_j.",
        ),
        Misconception(
            "leaves out the diagonal",
            off_the_diagonal_only,
            "Where i = j the derivative is p_i (1 - p_i): the score moves its own weight, too.",
        ),
        Misconception(
            "leaves out the sum",
            {"sign": 0.0},
            "A score that rises takes weight from the others. From dP subtract the mean of dP under"
            " the weights.",
        ),
        Misconception(
            "subtracts the plain mean",
            {"shared": lambda p, g: g.mean(axis=-1, keepdims=True)},
            "The mean must be weighted by the weights: sum of p_j dp_j.",
        ),
        Misconception(
            "sums without the weights",
            {"shared": lambda p, g: g.sum(axis=-1, keepdims=True)},
            "The mean must be weighted by the weights: sum of p_j dp_j.",
        ),
        Misconception(
            "sums over all rows",
            {"shared": lambda p, g: (p * g).sum()},
            "Rows do not share weight: sum along the last axis only, and keep the axis.",
        ),
        Misconception(
            "sums over the queries",
            {"shared": lambda p, g: (p * g).sum(axis=-2, keepdims=True)},
            "A row is one query, and its weights are coupled. Sum along the last axis.",
        ),
        Misconception(
            "sums over axis 0",
            {"shared": lambda p, g: (p * g).sum(axis=0, keepdims=True)},
            "A row is one query, and its weights are coupled. Sum along the last axis.",
        ),
        Misconception(
            "the sum loses its axis",
            {"shared": lambda p, g: (p * g).sum(axis=-1)},
            "The sum over the last axis drops it, and what is left lines up with the wrong axis."
            " Keep the axis, with size 1.",
        ),
        Misconception(
            "adds the sum",
            {"sign": 1.0},
            "The derivative of p_i by s_j is p_i ([i = j] - p_j), with a minus.",
        ),
        Misconception(
            "has the wrong sign",
            {"all_signs": -1.0},
            "If a weight's gradient is above the mean, so is its score's: the sign is that of dP"
            " minus the mean.",
        ),
        Misconception(
            "leaves out the weights in front",
            {"front": lambda p, g: 1.0},
            "A weight near 0 hardly moves with its score. The difference is multiplied by the"
            " weight.",
        ),
        Misconception(
            "takes the softmax once more",
            softmax_once_more,
            "What is given are the weights already, not the scores.",
        ),
        Misconception(
            "takes the gradient for that of log p",
            for_the_logarithm,
            "dP - P * sum(dP) is right for the logarithms of the weights, as in a cross-entropy."
            " Here the gradient is for the weights themselves.",
        ),
    ],
    alternatives=[gradient_by_jacobian, gradient_by_einsum, gradient_with()],
    hints=[
        "The derivative of p_i by s_j is p_i ([i = j] - p_j). Multiply by dp_i, and sum over i.",
        "One term is p_j dp_j. The other is p_j times a number that all keys of the row share.",
        "weights * (grad_weights - (weights * grad_weights).sum(axis=-1, keepdims=True))",
    ],
)
