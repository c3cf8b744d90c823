"""The exercise `self_attention.merge_heads`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.self_attention import reference
from embcourse.self_attention.exercises.common import (
    Part,
    merge_backwards,
    merge_in_turn,
    merge_untransposed,
)


def merge_heads_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, heads, d_head, front = sizes(rng, 2, 6, 4)
    yield Case(
        (rng.permutation(np.arange(4.0 * n)).reshape(2, n, 2),), label="two heads of two numbers"
    )
    yield Case((rng.normal(size=(heads, n, d_head)),), label="more of everything")
    yield Case((rng.normal(size=(front, heads, n, d_head)),), label="a batch")
    yield Case((rng.normal(size=(2, front, heads, n, d_head)),), label="two axes in front")
    yield Case((rng.normal(size=(heads, n, 2 * d_head))[..., ::2],), label="a view with gaps")
    yield Case((rng.normal(size=(1, n, d_head)),), "edge", "one head")
    yield Case((rng.normal(size=(heads, 1, d_head)),), "edge", "one position")
    yield Case((rng.normal(size=(heads, n, 1)),), "edge", "heads of one number")
    yield Case((np.zeros((heads, 0, d_head)),), "edge", "no position")


def merge_heads_with(
    *, join: Part = lambda x: np.concatenate(list(np.moveaxis(x, -3, 0)), axis=-1)
) -> Callable:
    """Putting heads side by side with its one part replaced."""
    return lambda x: join(x)


MERGE_HEADS = Exercise(
    id="self_attention.merge_heads",
    points=2,
    reference=reference.merge_heads,
    cases=merge_heads_cases,
    variant=merge_heads_with,
    misconceptions=[
        Misconception(
            "reshapes without a transpose",
            {"join": merge_untransposed},
            "In memory the positions of one head follow each other. Bring the heads' axis next to"
            " d_head before you join the two.",
        ),
        Misconception(
            "interleaves the heads",
            {"join": merge_in_turn},
            "All numbers of head 0 come first, then all of head 1: the rows of W^O expect that"
            " order.",
        ),
        Misconception("puts the last head first", {"join": merge_backwards}, "Head 0 comes first."),
        Misconception(
            "adds the heads up",
            {"join": lambda x: x.sum(axis=-3)},
            "The heads stand side by side; W^O decides how they are added.",
        ),
    ],
    alternatives=[
        merge_heads_with(),
        lambda x: np.moveaxis(x, -3, -2).reshape(
            *x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1]
        ),
    ],
    hints=[
        "Undo the two steps of split_heads, in the opposite order.",
        "Swap axes -3 and -2: (..., n, heads, d_head). Now the last two can be joined.",
        "x = np.swapaxes(x, -3, -2), then x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])",
    ],
)
