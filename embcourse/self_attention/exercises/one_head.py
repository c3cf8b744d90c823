"""The exercise `self_attention.one_head`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import attention, softmax
from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.self_attention.exercises.common import (
    LARGE,
    ORDINARY,
    Part,
    blind_row,
    matrices,
    some_mask,
    turned,
    weigh,
    weigh_late,
    weigh_over_queries,
)


def one_head_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, d_model, d_head, d_value, front = sizes(rng, 3, 8, 5)
    wide = [(d_model, d_head), (d_model, d_head), (d_model, d_value)]

    def case(
        x: np.ndarray, mask: np.ndarray, aspect: str, label: str, tolerance: Tolerance = ORDINARY
    ) -> Case:
        return Case((x, *matrices(rng, *wide), mask), aspect, label, tolerance=tolerance)

    mask = some_mask(rng, n, n)
    yield case(rng.normal(size=(n, d_model)), mask, "values", "a mask for each query")
    yield case(
        rng.normal(size=(front, n, d_model)), np.tri(n, dtype=bool), "values", "a causal batch"
    )
    x = rng.normal(size=(2 * n, 2 * d_model))[::2, ::2]
    yield case(x, some_mask(rng, n, n), "values", "a view with gaps")
    square = [(d_model, d_model)] * 3
    yield Case(
        (rng.normal(size=(n, d_model)), *matrices(rng, *square), some_mask(rng, n, n)),
        label="a head as wide as the sequence",
        tolerance=ORDINARY,
    )
    yield case(
        rng.normal(size=(n, d_model)), blind_row(rng, mask), "edge", "a position that sees nothing"
    )
    yield case(rng.normal(size=(1, d_model)), np.ones((1, 1), bool), "edge", "one position")
    large = 60 * rng.normal(size=(n, d_model))
    yield case(large, some_mask(rng, n, n), "stability", "scores in the thousands", tolerance=LARGE)


def one_head_with(
    *,
    scale: Callable = lambda x, q: q.shape[-1] ** -0.5,
    key_matrix: Callable = lambda w_query, w_key: w_key,
    values: Callable = lambda x, w_value: x @ w_value,
    own_mask: Part = lambda mask: mask,
    weights: Part = weigh,
) -> Callable:
    """Self-attention of one head with parts replaced."""

    def solve(x, w_query, w_key, w_value, mask):
        q, k = x @ w_query, x @ key_matrix(w_query, w_key)
        scores = scale(x, q) * (q @ np.swapaxes(k, -1, -2))
        return weights(scores, own_mask(mask)) @ values(x, w_value)

    return solve


def unprojected(x, w_value):
    """x itself; where the values are of another width, its first columns, or zeros behind it."""
    found = np.zeros((*x.shape[:-1], w_value.shape[1]))
    width = min(x.shape[-1], w_value.shape[1])
    found[..., :width] = x[..., :width]
    return found


def one_head_by_one_matrix(x, w_query, w_key, w_value, mask):
    """The scores are a bilinear form: x (W_Q W_Kᵀ) xᵀ."""
    combined = w_query @ w_key.T / np.sqrt(w_query.shape[1])
    return softmax(x @ combined @ np.swapaxes(x, -1, -2), mask=mask) @ (x @ w_value)


def one_head_position_by_position(x, w_query, w_key, w_value, mask):
    outputs = np.zeros((*x.shape[:-1], w_value.shape[1]))
    for front in np.ndindex(x.shape[:-2]):
        for i, row in enumerate(x[front]):
            seen = x[front][mask[i]]
            if len(seen) == 0:
                continue
            scores = (seen @ w_key) @ (row @ w_query) / np.sqrt(w_query.shape[1])
            powers = np.exp(scores - scores.max())
            outputs[front][i] = powers / powers.sum() @ seen @ w_value
    return outputs


ONE_HEAD = Exercise(
    id="self_attention.one_head",
    points=2,
    reference=lambda x, w_query, w_key, w_value, mask: attention(
        x @ w_query, x @ w_key, x @ w_value, mask
    )[0],
    cases=one_head_cases,
    variant=one_head_with,
    misconceptions=[
        Misconception(
            "takes the keys from the queries' matrix",
            {"key_matrix": lambda w_query, w_key: w_query},
            "Queries and keys come from the same x through different matrices. With one for both,"
            " the scores are symmetrical: a word could not look for something other than itself.",
        ),
        Misconception(
            "does not project the values",
            {"values": unprojected},
            "What a position gives is x W_V, not x itself.",
        ),
        Misconception(
            "does not scale",
            {"scale": lambda x, q: 1.0},
            "Divide the scores by the root of the length of a query.",
        ),
        Misconception(
            "divides by the root of the sequence's width",
            {"scale": lambda x, q: x.shape[-1] ** -0.5},
            "A score sums over the numbers of a query, d_head of them. How wide x is does not"
            " matter.",
        ),
        Misconception(
            "divides by the length of a query",
            {"scale": lambda x, q: 1 / q.shape[-1]},
            "The root of d_head, not d_head.",
        ),
        Misconception(
            "turns the mask round",
            {"own_mask": turned},
            "mask[i, j] says whether query i may attend to key j: rows are queries, as in the"
            " scores.",
        ),
        Misconception(
            "masks after the softmax",
            {"weights": weigh_late},
            "The masked keys have taken their share already. Mask the scores.",
        ),
        Misconception(
            "normalises over the queries",
            {"weights": weigh_over_queries},
            "The weights of each query sum to one: the last axis.",
        ),
    ],
    alternatives=[one_head_position_by_position, one_head_by_one_matrix, one_head_with()],
    hints=[
        "Three products make queries, keys and values from x. The rest is attention as in the last"
        " chapter.",
        "q, k, v = x @ w_query, x @ w_key, x @ w_value. d_head is the number of columns of"
        " w_query.",
        "Scores q kᵀ / sqrt(d_head), -inf where masked, softmax over the last axis (weights 0 where"
        " all is masked), times v.",
    ],
)
