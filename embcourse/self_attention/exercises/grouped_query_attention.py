"""The exercise `self_attention.grouped_query_attention`: its cases, the mistakes that people make,
right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import attention
from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.self_attention import repeat_heads
from embcourse.self_attention.exercises.common import (
    LARGE,
    ORDINARY,
    Part,
    some_mask,
    weigh,
    weigh_late,
)


def grouped_query_attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, m, d, d_v, front = sizes(rng, 2, 7, 5)

    def case(
        before: tuple[int, ...],
        heads: int,
        groups: int,
        aspect: str,
        label: str,
        size: float = 1.0,
        tolerance: Tolerance = ORDINARY,
    ) -> Case:
        q = size * rng.normal(size=(*before, heads, n, d))
        k = size * rng.normal(size=(*before, groups, m, d))
        v = rng.normal(size=(*before, groups, m, d_v))
        return Case((q, k, v, some_mask(rng, n, m)), aspect, label, tolerance=tolerance)

    yield case((), 4, 2, "values", "four heads share two")
    yield case((), 6, 3, "values", "six heads share three")
    yield case((), 6, 2, "values", "six heads share two")
    yield case((front,), 4, 2, "values", "a batch")
    yield case((2, front), 6, 2, "values", "two axes in front")
    yield case((), 5, 1, "edge", "one head of keys and values for all")
    yield case((), 3, 3, "edge", "a head of keys and values for each")
    whole = case((), 4, 2, "values", "views with gaps").args
    gaps = tuple(np.repeat(array, 2, axis=-1)[..., ::2] for array in whole[:3])
    yield Case((*gaps, whole[3]), "values", "views with gaps", tolerance=ORDINARY)
    yield case((), 6, 2, "stability", "scores in the thousands", size=50.0, tolerance=LARGE)
    for heads, groups, label in (
        (4, 3, "four heads and three of keys"),
        (1, 2, "one head and two"),
    ):
        q, k = rng.normal(size=(heads, n, d)), rng.normal(size=(groups, m, d))
        v = rng.normal(size=(groups, m, d_v))
        yield Case((q, k, v, some_mask(rng, n, m)), "errors", label, raises=ValueError)


def grouped_query_attention_with(
    *,
    key_heads: Part = lambda k, heads: np.repeat(k, heads // k.shape[-3], axis=-3),
    value_heads: Part = lambda v, heads: np.repeat(v, heads // v.shape[-3], axis=-3),
    scale: Callable = lambda q, k: q.shape[-1] ** -0.5,
    weights: Part = weigh,
    check: bool = True,
) -> Callable:
    """Attention with fewer heads of keys and values, with parts replaced."""

    def solve(q, k, v, mask):
        heads, groups = q.shape[-3], k.shape[-3]
        if heads % groups:
            if check:
                raise ValueError("the heads of the keys must divide those of the queries")
            q = q[..., : heads // groups * groups, :, :]
            heads = q.shape[-3]
        scores = scale(q, k) * (q @ np.swapaxes(key_heads(k, heads), -1, -2))
        return weights(scores, mask) @ value_heads(v, heads)

    return solve


def tiled(x: np.ndarray, heads: int) -> np.ndarray:
    """0, 1, 0, 1 where 0, 0, 1, 1 is asked."""
    return np.concatenate([x] * (heads // x.shape[-3]), axis=-3)


def first_of(x: np.ndarray, heads: int) -> np.ndarray:
    """The first head for all."""
    return np.repeat(x[..., :1, :, :], heads, axis=-3)


def head_by_head(q, k, v, mask):
    heads, groups = q.shape[-3], k.shape[-3]
    if heads % groups:
        raise ValueError("the heads of the keys must divide those of the queries")
    run = heads // groups
    found = [
        attention(q[..., h, :, :], k[..., h // run, :, :], v[..., h // run, :, :], mask)[0]
        for h in range(heads)
    ]
    return np.stack(found, axis=-3)


def by_reference(q, k, v, mask):
    heads = q.shape[-3]
    return attention(q, repeat_heads(k, heads), repeat_heads(v, heads), mask)[0]


GROUPED_QUERY_ATTENTION = Exercise(
    id="self_attention.grouped_query_attention",
    points=2,
    reference=by_reference,
    cases=grouped_query_attention_cases,
    variant=grouped_query_attention_with,
    misconceptions=[
        Misconception(
            "tiles the heads of keys and values",
            {"key_heads": tiled, "value_heads": tiled},
            "Query heads next to each other share: 0, 0, 1, 1, not 0, 1, 0, 1.",
        ),
        Misconception(
            "tiles the keys and repeats the values",
            {"key_heads": tiled},
            "Keys and values of a head belong together: repeat both the same way.",
        ),
        Misconception(
            "gives the first head of keys and values to all",
            {"key_heads": first_of, "value_heads": first_of},
            "That is multi-query attention. Here each run of query heads has a head of its own.",
        ),
        Misconception(
            "does not scale",
            {"scale": lambda q, k: 1.0},
            "Divide the scores by the root of d_head, as ever.",
        ),
        Misconception(
            "masks after the softmax",
            {"weights": weigh_late},
            "The masked keys have taken their share already. Mask the scores.",
        ),
        Misconception(
            "drops the heads that do not divide",
            {"check": False},
            "Heads of keys that do not divide those of the queries are an error: raise ValueError.",
        ),
    ],
    alternatives=[head_by_head, grouped_query_attention_with()],
    hints=[
        "Give each query head the keys and values it uses; the rest is attention.",
        "With 6 query heads and 2 of keys, heads 0, 1, 2 use the first, and 3, 4, 5 the second.",
        "np.repeat(k, heads // groups, axis=-3), and v the same way.",
    ],
)
