"""The exercise `transformer.warmup_rate`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer import reference

# Three powers, each good to some eps, and two products.
POWERS = Tolerance(operations=16)


def warmup_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(step: int, warmup: int, label: str, aspect: str = "values") -> Case:
        d_model = int(rng.integers(20, 1500))
        return Case((step, d_model, warmup), aspect, label, tolerance=POWERS)

    warmup = int(rng.integers(200, 8000))
    yield case(int(rng.integers(2, warmup - 50)), warmup, "while the rate rises")
    yield case(warmup + int(rng.integers(50, 90_000)), warmup, "while the rate falls")
    yield case(warmup, warmup, "at the end of the warm-up", "edge")
    yield case(1, warmup, "the first step", "edge")
    yield case(int(rng.integers(2, 900)), 1, "a warm-up of one step", "edge")


def warmup_with(
    *,
    width: Callable = lambda d_model: d_model**-0.5,
    rising: Callable = lambda step, warmup: step * warmup**-1.5,
    falling: Callable = lambda step, warmup: step**-0.5,
    choose: Callable = min,
    count: Callable = lambda step: step,
) -> Callable[..., Any]:
    """The learning rate with parts replaced."""

    def solve(step, d_model, warmup):
        step = count(step)
        return float(width(d_model) * choose(falling(step, warmup), rising(step, warmup)))

    return solve


def in_two_branches(step, d_model, warmup):
    """The largest rate, times how far up or down the step is."""
    largest = 1 / math.sqrt(d_model * warmup)
    return largest * step / warmup if step < warmup else largest * math.sqrt(warmup / step)


WARMUP_RATE = Exercise(
    id="transformer.warmup_rate",
    points=1,
    reference=lambda step, d_model, warmup: reference.warmup_rate(step, d_model, warmup),
    cases=warmup_cases,
    variant=warmup_with,
    misconceptions=[
        Misconception(
            "takes the larger of the two",
            {"choose": max},
            "The smaller one counts: it is the line before the warm-up's end, the root after it.",
        ),
        Misconception(
            "leaves out the width",
            {"width": lambda d_model: 1.0},
            "The rate is divided by the root of d_model: wide models learn more slowly.",
        ),
        Misconception(
            "multiplies by the root of the width",
            {"width": lambda d_model: d_model**0.5},
            "The exponent is -0.5: divide by the root of d_model.",
        ),
        Misconception(
            "rises by step / warmup",
            {"rising": lambda step, warmup: step / warmup},
            "Both must meet at step = warmup, at warmup^-0.5. So the line is step warmup^-1.5.",
        ),
        Misconception(
            "falls with the step itself",
            {"falling": lambda step, warmup: 1 / step},
            "It falls with the root of the step: four times the steps halve the rate.",
        ),
        Misconception(
            "stays at the largest rate",
            {"falling": lambda step, warmup: warmup**-0.5},
            "After the warm-up the rate falls with the root of the step.",
        ),
        Misconception(
            "counts steps from 0",
            {"count": lambda step: step + 1},
            "The first step is 1 already; add nothing.",
        ),
    ],
    alternatives=[in_two_branches, warmup_with()],
    hints=[
        "Two curves: one rises in a line, the other falls. The smaller one counts.",
        "At step = warmup both are warmup^-0.5.",
        "d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)",
    ],
)
