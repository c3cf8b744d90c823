"""The exercise `transformer.layer_norm`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer import reference
from embcourse.transformer.exercises.common import ORDINARY, sizes, some_eps

# The mean of numbers near 1e6 is off by some eps of them, and so is each difference from it; the
# spread that divides it is about 1.
SHIFTED = Tolerance(operations=32, scale=1e6)


def layer_norm_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, d, batch, other = sizes(rng, 3, 8, 4)

    def case(x: np.ndarray, aspect: str, label: str, tolerance: Tolerance = ORDINARY) -> Case:
        d = x.shape[-1]
        gain, bias = rng.uniform(0.5, 2.0, d), rng.uniform(0.5, 2.0, d)
        return Case((x, gain, bias, some_eps(rng)), aspect, label, tolerance=tolerance)

    yield case(rng.permutation(np.arange(4.0)) + rng.integers(1, 9), "values", "one position")
    yield case(rng.normal(1.0, 2.0, (n, d)), "values", "a sequence")
    yield case(rng.normal(1.0, 2.0, (batch, n, d)), "values", "a batch")
    yield case(rng.normal(1.0, 2.0, (2 * n, 2 * other))[::2, ::2], "values", "a view with gaps")
    x = rng.normal(1.0, 2.0, (n, d))
    x[rng.integers(n)] = rng.integers(1, 9)
    yield case(x, "edge", "a position of equal numbers")
    yield case(rng.normal(1.0, 2.0, (n, 1)), "edge", "positions of one number")
    yield case(np.zeros((0, d)), "edge", "no position")
    yield case(1e6 + rng.normal(size=(n, d)), "stability", "a mean of a million", SHIFTED)


def last_axis(x: np.ndarray) -> int | None:
    return -1


def two_passes(x: np.ndarray, axis: int | None) -> np.ndarray:
    return ((x - x.mean(axis, keepdims=True)) ** 2).mean(axis, keepdims=True)


def unbiased(x: np.ndarray, axis: int | None) -> np.ndarray:
    return ((x - x.mean(axis, keepdims=True)) ** 2).sum(axis, keepdims=True) / (
        np.float64(x.shape[-1] - 1)
    )


def of_squares(x: np.ndarray, axis: int | None) -> np.ndarray:
    return (x**2).mean(axis, keepdims=True) - x.mean(axis, keepdims=True) ** 2


def layer_norm_with(
    *,
    axis_of: Callable = last_axis,
    variance: Callable = two_passes,
    spread: Callable = lambda variance, eps: np.sqrt(variance + eps),
    centre: Callable = lambda x, mean: x - mean,
    finish: Callable = lambda normal, gain, bias: gain * normal + bias,
) -> Callable[..., Any]:
    """LayerNorm with parts replaced."""

    def solve(x, gain, bias, eps):
        with np.errstate(all="ignore"):
            if x.size == 0:
                return np.zeros(x.shape)
            axis = axis_of(x)
            mean = x.mean(axis, keepdims=True)
            normal = centre(x, mean) / spread(variance(x, axis), eps)
            return finish(normal, gain, bias)

    return solve


def row_by_row(x, gain, bias, eps):
    """One position after the other, with Python's sums."""
    result = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        row = [float(number) for number in x[place]]
        mean = sum(row) / len(row)
        size = (sum((number - mean) ** 2 for number in row) / len(row) + eps) ** 0.5
        result[place] = [(number - mean) / size for number in row] * gain + bias
    return result


LAYER_NORM = Exercise(
    id="transformer.layer_norm",
    points=2,
    reference=lambda x, gain, bias, eps: reference.layer_norm(x, gain, bias, eps),
    cases=layer_norm_cases,
    variant=layer_norm_with,
    misconceptions=[
        Misconception(
            "divides the variance by d - 1",
            {"variance": unbiased},
            "The d numbers are all there are, not a sample: divide their squares' sum by d.",
        ),
        Misconception(
            "adds eps outside the root",
            {"spread": lambda variance, eps: np.sqrt(variance) + eps},
            "Add eps to the variance, then take the root.",
        ),
        Misconception(
            "leaves out eps",
            {"spread": lambda variance, eps: np.sqrt(variance)},
            "A position of equal numbers has variance 0: without eps it becomes 0 / 0.",
        ),
        Misconception(
            "divides by the variance",
            {"spread": lambda variance, eps: variance + eps},
            "Divide by the root of variance + eps.",
        ),
        Misconception(
            "normalises over the positions",
            {"axis_of": lambda x: -min(2, x.ndim)},
            "Each position is normalised on its own: over the last axis.",
        ),
        Misconception(
            "normalises the whole array at once",
            {"axis_of": lambda x: None},
            "Each position has its own mean and variance: the last axis, with keepdims.",
        ),
        Misconception(
            "does not take the mean off",
            {"centre": lambda x, mean: x},
            "The mean is taken off before the division. RMSNorm does without, and does not take"
            " it off in its mean square either.",
        ),
        Misconception(
            "adds the bias before the gain",
            {"finish": lambda normal, gain, bias: gain * (normal + bias)},
            "First times the gain, then plus the bias.",
        ),
        Misconception(
            "leaves out the bias",
            {"finish": lambda normal, gain, bias: gain * normal},
            "At the end the bias is added.",
        ),
        Misconception(
            "takes the variance from the mean of squares",
            {"variance": of_squares},
            "Mean of squares minus square of the mean cancels where the mean is large. Take the"
            " mean off first, then square.",
        ),
    ],
    alternatives=[row_by_row, layer_norm_with()],
    hints=[
        "Mean and variance of each position, over the last axis, with keepdims=True.",
        "np.var divides by d as it is. eps goes to it, inside the root.",
        "gain * (x - mean) / np.sqrt(x.var(axis=-1, keepdims=True) + eps) + bias",
    ],
)
