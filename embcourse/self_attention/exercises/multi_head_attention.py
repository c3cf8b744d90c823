"""The exercise `self_attention.multi_head_attention`: its cases, the mistakes that people make,
right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import attention
from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.self_attention import merge_heads, multi_head_attention, split_heads
from embcourse.self_attention.exercises.common import (
    LARGE,
    ORDINARY,
    Part,
    blind_row,
    layer,
    merge_backwards,
    merge_in_turn,
    merge_untransposed,
    some_mask,
    split_in_turn,
    split_untransposed,
    squares,
    turned,
    weigh,
    weigh_late,
    weigh_over_queries,
)


def multi_head_attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    heads, d_head = sizes(rng, 2, 3, 2)
    n, other = sizes(rng, 4, 6, 2)
    d_model = heads * d_head

    def case(
        x: np.ndarray,
        count: int,
        mask: np.ndarray,
        aspect: str,
        label: str,
        tolerance: Tolerance = ORDINARY,
    ) -> Case:
        return Case(
            (x, *squares(rng, x.shape[-1]), count, mask), aspect, label, tolerance=tolerance
        )

    mask = some_mask(rng, n, n)
    yield case(rng.normal(size=(n, d_model)), heads, mask, "values", "a mask for each query")
    # As many sequences as heads: a mask that lies on the wrong axis fits.
    masks = some_mask(rng, heads, n, n)
    masks[0, 1], masks[1, 1] = np.eye(n, dtype=bool)[rng.choice(n, 2, replace=False)]
    x = rng.normal(size=(heads, n, d_model))
    yield case(x, heads, masks, "values", "as many sequences as heads")
    lengths = np.append(n, rng.integers(1, n, size=other - 1))
    padding = (np.arange(n) < lengths[:, None])[:, None, :]
    x = rng.normal(size=(other, n, d_model))
    yield case(x, heads, padding, "values", "sequences of different lengths")
    x = rng.normal(size=(other, 2, n, d_model))
    yield case(x, heads, np.tri(n, dtype=bool)[None, None], "values", "two axes in front, causal")
    x = rng.normal(size=(2 * n, 2 * d_model))[::2, ::2]
    yield case(x, heads, some_mask(rng, n, n), "values", "a view with gaps")
    x = rng.normal(size=(n, d_model))
    yield case(x, 1, some_mask(rng, n, n), "edge", "one head")
    yield case(x, d_model, some_mask(rng, n, n), "edge", "heads of one number")
    yield case(rng.normal(size=(1, d_model)), heads, np.ones((1, 1), bool), "edge", "one position")
    yield case(x, heads, blind_row(rng, mask), "edge", "a position that sees nothing")
    yield case(
        40 * x, heads, some_mask(rng, n, n), "stability", "scores in the thousands", tolerance=LARGE
    )


def multi_head_attention_with(
    *,
    split: Part = split_heads,
    merge: Part = merge_heads,
    scale: Callable = lambda x, q: q.shape[-1] ** -0.5,
    key_matrix: Callable = lambda w_query, w_key: w_key,
    weights: Part = weigh,
    mask_of: Part = lambda mask, scores: mask[..., None, :, :],
    output: Callable = lambda found, w_output: found @ w_output,
) -> Callable:
    """Multi-head self-attention with parts replaced."""

    def solve(x, w_query, w_key, w_value, w_output, heads, mask):
        matrices = w_query, key_matrix(w_query, w_key), w_value
        q, k, v = (split(x @ matrix, heads) for matrix in matrices)
        scores = scale(x, q) * (q @ np.swapaxes(k, -1, -2))
        found = merge(weights(scores, mask_of(mask, scores)) @ v)
        return output(found, w_output)

    return solve


def head_by_head(x, w_query, w_key, w_value, w_output, heads, mask):
    """Each head with its own columns of W_Q, W_K, W_V and its own rows of W_O; the parts add up."""
    d_head = x.shape[-1] // heads
    outputs = np.zeros(x.shape)
    for head in range(heads):
        own = slice(head * d_head, (head + 1) * d_head)
        q, k, v = x @ w_query[:, own], x @ w_key[:, own], x @ w_value[:, own]
        outputs += attention(q, k, v, mask)[0] @ w_output[own]
    return outputs


def mask_on_heads(mask: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The mask as it came; where it does not fit the scores, as it should be."""
    try:
        return np.broadcast_to(mask, scores.shape)
    except ValueError:
        return mask[..., None, :, :]


MULTI_HEAD_ATTENTION = Exercise(
    id="self_attention.multi_head_attention",
    points=4,
    reference=lambda x, w_query, w_key, w_value, w_output, heads, mask: multi_head_attention(
        x, layer(w_query, w_key, w_value, w_output), heads, mask=mask
    )[0],
    cases=multi_head_attention_cases,
    variant=multi_head_attention_with,
    misconceptions=[
        Misconception(
            "splits by a reshape without a transpose",
            {"split": split_untransposed},
            "The shapes fit, but positions and heads are mixed: a causal model would see the"
            " future. Cut the last axis, then swap heads and positions.",
        ),
        Misconception(
            "deals the numbers out to the heads in turn",
            {"split": split_in_turn},
            "Head 0 takes the first d_head numbers, head 1 the next.",
        ),
        Misconception(
            "merges by a reshape without a transpose",
            {"merge": merge_untransposed},
            "Bring the heads back behind the positions before you join them.",
        ),
        Misconception(
            "interleaves the heads",
            {"merge": merge_in_turn},
            "All numbers of head 0 come first: row 0 of W^O belongs to its first number, row 1 to"
            " its second.",
        ),
        Misconception(
            "joins the heads in the wrong order",
            {"merge": merge_backwards},
            "Head 0 comes first: row 0 of W^O belongs to its first number.",
        ),
        Misconception(
            "leaves out W^O",
            {"output": lambda found, w_output: found},
            "Without the last product what a head found stays in its own columns.",
        ),
        Misconception(
            "takes the keys from the queries' matrix",
            {"key_matrix": lambda w_query, w_key: w_query},
            "Three projections of x, each by its own matrix.",
        ),
        Misconception(
            "divides by the root of d_model",
            {"scale": lambda x, q: x.shape[-1] ** -0.5},
            "A score is a sum of d_head products, so its size is the root of d_head = d_model /"
            " heads.",
        ),
        Misconception(
            "normalises over the queries",
            {"weights": weigh_over_queries},
            "The weights of each query sum to one: the last axis.",
        ),
        Misconception(
            "masks after the softmax",
            {"weights": weigh_late},
            "The masked keys have taken their share already. Mask the scores.",
        ),
        Misconception(
            "lays the mask's batch on the heads",
            {"mask_of": mask_on_heads},
            "The mask is (batch, queries, keys), the scores are (batch, heads, queries, keys): give"
            " the mask an axis for the heads. With as many sequences as heads the mistake raises no"
            " error.",
        ),
        Misconception(
            "turns the mask round",
            {
                "mask_of": lambda mask, scores: turned(
                    np.broadcast_to(mask[..., None, :, :], scores.shape)
                )
            },
            "mask[..., i, j] says whether query i may attend to key j. Padding hides keys, not"
            " queries.",
        ),
    ],
    alternatives=[head_by_head, multi_head_attention_with()],
    hints=[
        "Project, split, attend, merge, project. You have written four of the five.",
        "After split_heads the scores are (..., heads, n, n): the mask needs an axis there,"
        " mask[..., None, :, :].",
        "Scores over sqrt(d_head), -inf where masked, softmax, times v, merge_heads, and at last @"
        " w_output.",
    ],
)
