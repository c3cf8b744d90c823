"""The exercise `attention.attention`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import (
    LARGE,
    ORDINARY,
    halves,
    near,
    sequences,
    sizes,
    some_mask,
)
from embcourse.attention.exercises.masked_softmax import (
    equal_where_nothing_counts,
    masked_afterwards,
    masked_with,
)
from embcourse.checking import Case, Exercise, Misconception


def attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, m, d, d_v, front = sizes(rng, 2, 7, 5)
    yield Case(
        (halves(rng, 1, 4), halves(rng, 2, 4), 10 * halves(rng, 2, 1), None),
        label="one query, two keys",
        tolerance=ORDINARY,
    )
    yield Case(
        (*sequences(rng, queries=m, keys=m, d=d, d_v=d_v), np.tri(m, dtype=bool)),
        label="causal",
        tolerance=ORDINARY,
    )
    yield Case(
        (*sequences(rng, queries=n, keys=m, d=d, d_v=d), some_mask(rng, n, m)),
        label="a mask for each query",
        tolerance=ORDINARY,
    )
    yield Case(
        (*sequences(rng, front, queries=n, keys=m, d=d, d_v=d_v), some_mask(rng, front, 1, m)),
        label="a padded batch",
        tolerance=ORDINARY,
    )
    yield Case(
        (*sequences(rng, 2, front, queries=m, keys=n, d=d, d_v=d_v), some_mask(rng, m, n)),
        label="heads in a batch, one mask",
        tolerance=ORDINARY,
    )
    wide = sequences(rng, queries=2 * n, keys=2 * m, d=2 * d, d_v=2 * d_v)
    yield Case(
        (*(array[::2, ::2] for array in wide), None), label="views with gaps", tolerance=ORDINARY
    )
    mask = some_mask(rng, n, m)
    mask[rng.integers(0, n)] = False
    yield Case(
        (*sequences(rng, queries=n, keys=m, d=d, d_v=d_v), mask),
        "edge",
        "a query that may attend to nothing",
        tolerance=ORDINARY,
    )
    yield Case(
        (*sequences(rng, queries=n, keys=1, d=d, d_v=d_v), None),
        "edge",
        "one key",
        tolerance=ORDINARY,
    )
    yield Case(
        (*near(rng, 1.5e4, queries=n, keys=m, d=d, d_v=d_v), None),
        "stability",
        "scores near 15,000 and near -15,000",
        tolerance=LARGE,
    )
    mask = some_mask(rng, n, m)
    yield Case(
        (*near(rng, 1.5e4, queries=n, keys=m, d=d, d_v=d_v), mask),
        "stability",
        "such scores under a mask",
        tolerance=LARGE,
    )


def attention_with(
    *,
    scale: Callable = lambda q, k: q.shape[-1] ** -0.5,
    weigh: Callable = masked_with(),
    if_none: bool = True,
    turn: Callable = lambda k: np.swapaxes(k, -1, -2),
    values: Callable = lambda k, v: v,
    result: Callable = lambda outputs, weights: (outputs, weights),
    late: Callable = lambda q: 1.0,
) -> Callable:
    """Attention with parts replaced; gives (outputs, weights)."""

    def solve(q, k, v, mask):
        scores = scale(q, k) * (q @ turn(k))
        weights = weigh(scores, if_none if mask is None else mask) * late(q)
        return result(weights @ values(k, v), weights)

    return solve


def attention_query_by_query(q, k, v, mask):
    weights = np.zeros((*q.shape[:-1], k.shape[-2]))
    outputs = np.zeros((*q.shape[:-1], v.shape[-1]))
    allowed = np.ones(weights.shape, bool) if mask is None else np.broadcast_to(mask, weights.shape)
    for place in np.ndindex(q.shape[:-2]):
        for i, query in enumerate(q[place]):
            seen = np.flatnonzero(allowed[place][i])
            if seen.size == 0:
                continue
            scores = k[place][seen] @ query / np.sqrt(len(query))
            powers = np.exp(scores - scores.max())
            weights[place][i, seen] = powers / powers.sum()
            outputs[place][i] = weights[place][i] @ v[place]
    return outputs, weights


ATTENTION = Exercise(
    id="attention.attention",
    points=3,
    reference=lambda q, k, v, mask: reference.attention(q, k, v, mask),
    cases=attention_cases,
    variant=attention_with,
    returns=("outputs", "weights"),
    misconceptions=[
        Misconception(
            "does not scale",
            {"scale": lambda q, k: 1.0},
            "Divide the scores by sqrt(d) before the softmax, or large vectors make it all or"
            " nothing.",
        ),
        Misconception(
            "divides by d",
            {"scale": lambda q, k: 1 / q.shape[-1]},
            "The spread of a dot product grows with the square root of d.",
        ),
        Misconception(
            "divides by the root of the number of keys",
            {"scale": lambda q, k: k.shape[-2] ** -0.5},
            "The dot product sums over the d entries of one key. How many keys there are does not"
            " change it.",
        ),
        Misconception(
            "scales after the softmax",
            {"scale": lambda q, k: 1.0, "late": lambda q: q.shape[-1] ** -0.5},
            "Scaled afterwards, the weights no longer sum to one, and the softmax has been as sharp"
            " as without a scale. Divide the scores.",
        ),
        Misconception(
            "normalises over the queries",
            {"weigh": masked_with(axis=-2)},
            "Each query shares out one unit of attention among the keys: rows sum to one, not"
            " columns.",
        ),
        Misconception(
            "masks after the softmax",
            {"weigh": masked_afterwards},
            "Then the rows no longer sum to one. Mask the scores before the softmax.",
        ),
        Misconception(
            "forgets the mask",
            {"weigh": lambda scores, mask: reference.softmax(scores)},
            "Where the mask is False, the weight must be 0.",
        ),
        Misconception(
            "reads the mask the wrong way round",
            {"weigh": masked_with(inverted=True), "if_none": False},
            "True means: this key counts.",
        ),
        Misconception(
            "takes no mask for one that hides all",
            {"if_none": False},
            "mask may be None: then every key counts.",
        ),
        Misconception(
            "multiplies the scores by the mask",
            {"weigh": masked_with(product=True)},
            "A score of 0 is not a weight of 0: exp(0) = 1. Masked scores become -inf.",
        ),
        Misconception(
            "adds the mask to the scores",
            {"weigh": lambda scores, mask: reference.softmax(scores + mask)},
            "True counts as 1 when it is added: the scores that count rise a little, the others"
            " stay. Masked scores become -inf.",
        ),
        Misconception(
            "masks with -10,000",
            {"weigh": masked_with(fill=-1e4)},
            "Scores may be lower than that: then the masked key is the one that is seen.",
        ),
        Misconception(
            "gives NaN where nothing counts",
            {"weigh": masked_with(empty=None)},
            "A query that may attend to nothing gets weights 0 and output 0.",
        ),
        Misconception(
            "gives the mean of all values where nothing counts",
            {"weigh": equal_where_nothing_counts},
            "A query that may attend to nothing gets weights 0 and output 0, not equal weights.",
        ),
        Misconception(
            "does not take off the maximum",
            {"weigh": masked_with(maximum=None)},
            "exp overflows above 709, and far below zero all powers vanish. Your softmax of"
            " exercise 2 takes care of that.",
        ),
        Misconception(
            "turns round all axes of the keys",
            {"turn": lambda k: k.T},
            "k.T turns round every axis, the ones in front too. Only the last two of k change"
            " places.",
        ),
        Misconception(
            "takes the mean of the keys",
            {"values": lambda k, v: k},
            "Keys are for finding. What comes out is a mean of the values.",
        ),
        Misconception(
            "returns the weights first",
            {"result": lambda outputs, weights: (weights, outputs)},
            "Asked for are (outputs, weights), in this order.",
        ),
    ],
    alternatives=[attention_query_by_query, attention_with()],
    hints=[
        (
            "You have written all the parts: scores, masked softmax, and a weighted mean is a"
            " matrix product."
        ),
        "mask may be None: then every key counts.",
        "weights = masked_softmax(attention_scores(q, k), mask); the outputs are weights @ v.",
    ],
)
