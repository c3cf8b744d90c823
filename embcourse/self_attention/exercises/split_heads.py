"""The exercise `self_attention.split_heads`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.self_attention import reference
from embcourse.self_attention.exercises.common import Part, split_in_turn, split_untransposed


def split_heads_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, heads, d_head, front = sizes(rng, 2, 6, 4)
    yield Case(
        (rng.permutation(np.arange(4.0 * n)).reshape(n, 4), 2), label="two heads of two numbers"
    )
    yield Case((rng.normal(size=(n, heads * d_head)), heads), label="more of everything")
    yield Case((rng.normal(size=(front, n, heads * d_head)), heads), label="a batch")
    yield Case((rng.normal(size=(2, front, n, heads * d_head)), heads), label="two axes in front")
    yield Case((rng.normal(size=(n, 2 * heads * d_head))[:, ::2], heads), label="a view with gaps")
    yield Case((rng.normal(size=(n, d_head)), 1), "edge", "one head")
    yield Case((rng.normal(size=(n, heads)), heads), "edge", "heads of one number")
    yield Case((rng.normal(size=(1, heads * d_head)), heads), "edge", "one position")
    yield Case((np.zeros((0, heads * d_head)), heads), "edge", "no position")
    yield Case(
        (rng.normal(size=(n, heads * d_head + 1)), heads),
        "errors",
        "a width that the heads can't share",
        raises=ValueError,
    )


def split_heads_with(
    *,
    cut: Part = lambda x, heads: np.stack(np.split(x, heads, axis=-1), axis=-3),
    check: bool = True,
) -> Callable:
    """Cutting into heads with parts replaced."""

    def solve(x, heads):
        if x.shape[-1] % heads:
            if check:
                raise ValueError("heads must divide d_model")
            x = x[..., : x.shape[-1] // heads * heads]
        return cut(x, heads)

    return solve


def split_by_moveaxis(x, heads):
    if x.shape[-1] % heads:
        raise ValueError("heads must divide d_model")
    return np.moveaxis(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -2, -3)


SPLIT_HEADS = Exercise(
    id="self_attention.split_heads",
    points=2,
    reference=reference.split_heads,
    cases=split_heads_cases,
    variant=split_heads_with,
    misconceptions=[
        Misconception(
            "reshapes without a transpose",
            {"cut": split_untransposed},
            "The shape is right and the numbers are not: a head must hold its slice of every"
            " position, not all of some positions. Cut the last axis first, then move the heads'"
            " axis.",
        ),
        Misconception(
            "leaves the heads after the positions",
            {"cut": lambda x, heads: x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)},
            "(..., n, heads, d_head) is half-way. Attention works on the last two axes, so the"
            " heads' axis goes in front of the positions.",
        ),
        Misconception(
            "deals the numbers out in turn",
            {"cut": split_in_turn},
            "Head 0 takes the first d_head numbers, head 1 the next: slices, not every h-th"
            " number.",
        ),
        Misconception(
            "numbers the heads from the end",
            {"cut": lambda x, heads: np.stack(np.split(x, heads, axis=-1)[::-1], axis=-3)},
            "Head 0 takes the first d_head numbers.",
        ),
        Misconception(
            "drops what does not divide",
            {"check": False},
            "A width that the heads can't share is an error: raise ValueError.",
        ),
    ],
    alternatives=[split_heads_with(), split_by_moveaxis],
    hints=[
        "Two steps: cut the last axis in two, then move one axis.",
        "x.reshape(*x.shape[:-1], heads, d_head) cuts; the heads are then at axis -2, and belong at"
        " -3.",
        "np.swapaxes(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -3, -2)",
    ],
)
