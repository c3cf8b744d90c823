"""The exercise `attention.attention`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import LARGE, ORDINARY, sequences
from embcourse.attention.exercises.common import some_mask
from embcourse.checking import Case, Exercise, Misconception


def attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*sequences(rng, queries=2, keys=3, d=4), None), label="two queries, three keys", tolerance=ORDINARY)
    yield Case((*sequences(rng, queries=3, keys=3, d=2), np.tri(3, dtype=bool)), label="causal", tolerance=ORDINARY)
    yield Case((*sequences(rng, 2, queries=4, keys=5, d=6), some_mask(rng, 2, 1, 5)), label="a padded batch",
               tolerance=ORDINARY)
    yield Case((*sequences(rng, 2, 3, queries=2, keys=4, d=8, d_v=5), some_mask(rng, 2, 4)),
               label="heads, values of another width", tolerance=ORDINARY)
    wide = sequences(rng, queries=4, keys=6, d=8, d_v=6)
    yield Case((wide[0][::2, ::2], wide[1][::2, ::2], wide[2][::2, ::2], None), label="views with gaps",
               tolerance=ORDINARY)
    mask = some_mask(rng, 3, 4)
    mask[0] = False
    yield Case((*sequences(rng, queries=3, keys=4, d=2), mask), "edge", "a query that may attend to nothing",
               tolerance=ORDINARY)
    yield Case((*sequences(rng, queries=2, keys=1, d=3), None), "edge", "one key", tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=2, keys=3, d=16)
    yield Case((q * 80, k * 80, v, None), "stability", "large queries and keys", tolerance=LARGE)


def attention_with(*, scale=None, axis=-1, values="v", mask_after=False, with_mask=True):
    """Attention with one part replaced; gives (outputs, weights)."""
    def solve(q, k, v, mask):
        scores = q @ np.swapaxes(k, -1, -2)
        scores = scores * (q.shape[-1] ** -0.5 if scale is None else scale(q, k))
        if axis == -1:
            weights = reference.softmax(scores, mask=None if mask_after or not with_mask else mask)
        else:
            with np.errstate(all="ignore"):
                filled = scores if mask is None else np.where(mask, scores, -np.inf)
                powers = np.exp(filled - filled.max(axis=axis, keepdims=True))
                weights = np.nan_to_num(powers / powers.sum(axis=axis, keepdims=True))
        if mask_after and mask is not None:
            weights = np.where(mask, weights, 0.0)
        return weights @ {"v": v, "k": k}[values], weights
    return solve


def attention_query_by_query(q, k, v, mask):
    front = q.shape[:-2]
    weights = np.zeros((*q.shape[:-1], k.shape[-2]))
    outputs = np.zeros((*q.shape[:-1], v.shape[-1]))
    allowed = np.ones(weights.shape, bool) if mask is None else np.broadcast_to(mask, weights.shape)
    for place in np.ndindex(front):
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
    id="attention.attention", points=3,
    reference=lambda q, k, v, mask: reference.attention(q, k, v, mask),
    cases=attention_cases,
    misconceptions=[
        Misconception("does not scale", attention_with(scale=lambda q, k: 1.0),
                      "Divide the scores by sqrt(d_k) before the softmax, or large vectors make it all or nothing."),
        Misconception("divides by d_k", attention_with(scale=lambda q, k: 1 / q.shape[-1]),
                      "The spread of a dot product grows with the square root of d_k."),
        Misconception("normalises over the queries", attention_with(axis=-2),
                      "Each query shares out one unit of attention among the keys: rows sum to one, not columns."),
        Misconception("masks after the softmax", attention_with(mask_after=True),
                      "Then the rows no longer sum to one. Mask the scores before the softmax."),
        Misconception("forgets the mask", attention_with(with_mask=False),
                      "Where the mask is False, the weight must be 0."),
    ],
    alternatives=[attention_with(), attention_query_by_query],
    hints=[
        "You have written all the parts: scores, masked softmax, and a weighted mean is a matrix product.",
        "mask may be None: then every key counts.",
        "weights = masked_softmax(attention_scores(q, k), mask); the outputs are weights @ v.",
    ],
)
