"""The exercise `self_attention.layer_cost`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.self_attention import reference


def layer_cost_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, heads, d_head = (int(number) for number in rng.choice(np.arange(3, 60), 3, replace=False))
    yield Case((int(rng.integers(5, 40)), 384, 12), label="a sentence in MiniLM")
    yield Case((int(rng.integers(300, 512)), 768, 12), label="a long text in BERT base")
    yield Case((n, heads * d_head, heads), label="another layer")
    yield Case((n, heads * d_head, 1), label="the same width in one head")
    yield Case((1, 2 * d_head, 2), "edge", "one position")
    yield Case(
        (int(rng.integers(90_000, 200_000)), 4096, 32), "edge", "a long text: more than 32 bits"
    )
    yield Case((n, heads * d_head + 1, heads), "errors", "a width to remain", raises=ValueError)


def layer_cost_with(
    *,
    biases: int = 4,
    squares: int = 4,
    per_product: int = 2,
    products: int = 2,
    width: Callable = lambda d_model, heads: d_model,
    times: Callable = lambda heads: 1,
    check: bool = True,
) -> Callable:
    """(parameters, FLOPs of projections, FLOPs of attention) with parts replaced."""

    def solve(n, d_model, heads):
        if check and d_model % heads:
            raise ValueError("heads must divide d_model")
        return (
            times(heads) * (squares * d_model**2 + biases * d_model),
            times(heads) * per_product * squares * n * d_model**2,
            times(heads) * per_product * products * n * n * width(d_model, heads),
        )

    return solve


def cost_head_by_head(n, d_model, heads):
    if d_model % heads:
        raise ValueError("heads must divide d_model")
    d_head = d_model // heads
    parameters, projections, attended = d_model, 0, 0  # the bias of W_O is there once
    for _ in range(heads):
        parameters += 3 * (d_model * d_head + d_head) + d_head * d_model
        projections += 3 * 2 * n * d_model * d_head + 2 * n * d_head * d_model
        attended += 2 * n * d_head * n + 2 * n * n * d_head
    return parameters, projections, attended


def cost_of_reference(n, d_model, heads):
    found = reference.flops(n, n, d_model, heads)
    parameters = reference.parameter_count(d_model, heads)
    return parameters, found["projections"], found["attention"]


LAYER_COST = Exercise(
    id="self_attention.layer_cost",
    points=2,
    reference=cost_of_reference,
    cases=layer_cost_cases,
    variant=layer_cost_with,
    returns=("parameters", "projections", "attention"),
    misconceptions=[
        Misconception(
            "multiplies by the number of heads",
            {"times": lambda heads: heads},
            "Each head is d_model / h wide. h of them cost as much as one of full width.",
        ),
        Misconception(
            "counts attention for one head",
            {"width": lambda d_model, heads: d_model // heads},
            "d_head is the width of one head, and there are h of them.",
        ),
        Misconception(
            "forgets W^O",
            {"squares": 3, "biases": 3},
            "Four matrices: queries, keys, values and the output.",
        ),
        Misconception(
            "forgets the biases", {"biases": 0}, "Each of the four layers has d_model biases."
        ),
        Misconception(
            "counts multiplications only",
            {"per_product": 1},
            "A multiplication and an addition are two operations.",
        ),
        Misconception(
            "counts the scores but not the weighted sum",
            {"products": 1},
            "Two products are n by n: Q Kᵀ and P V.",
        ),
        Misconception(
            "takes any number of heads",
            {"check": False},
            "Heads that do not divide d_model are an error: raise ValueError.",
        ),
    ],
    alternatives=[cost_head_by_head, layer_cost_with()],
    hints=[
        "An (a, b) times (b, c) product has a c results, each b multiplications and b additions.",
        "Four matrices d_model by d_model with a bias each; n rows pass through each. Attention: Q"
        " Kᵀ and P V.",
        "4 d² + 4 d parameters; 8 n d² for projections; 4 n² d for attention, whatever the heads.",
    ],
)
