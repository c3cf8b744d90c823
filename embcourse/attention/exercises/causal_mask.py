"""The exercise `attention.causal_mask`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.checking import Case, Exercise, Misconception


def causal_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((3, 3), label="three positions")
    yield Case((int(rng.integers(4, 8)),) * 2, label="a few positions")
    keys = int(rng.integers(6, 9))
    yield Case((keys - 3, keys), label="three keys came before the first query")
    yield Case((1, int(rng.integers(3, 7))), label="one new query")
    yield Case((1, 1), "edge", "one position")
    yield Case((5, 3), "edge", "more queries than keys")
    yield Case((0, 4), "edge", "no query")
    yield Case((2, 0), "edge", "no key")


def causal_with(shift=0, *, aligned="end", turned=False, number=False):
    """Causal mask with one part replaced."""
    def solve(queries, keys):
        offset = keys - queries if aligned == "end" else 0
        mask = np.arange(keys)[None, :] <= np.arange(queries)[:, None] + offset + shift
        if turned:
            mask = ~mask
        return np.where(mask, 0.0, -np.inf) if number else mask
    return solve


def causal_anti(queries, keys):
    return np.arange(keys)[None, :] >= np.arange(queries)[:, None] + keys - queries


def causal_by_tri(queries, keys):
    return np.tri(queries, keys, keys - queries, dtype=bool)


def causal_by_loops(queries, keys):
    return np.array([[keys - 1 - j >= queries - 1 - i for j in range(keys)] for i in range(queries)],
                    dtype=bool).reshape(queries, keys)


CAUSAL_MASK = Exercise(
    id="attention.causal_mask", points=2,
    reference=reference.causal_mask,
    cases=causal_cases,
    misconceptions=[
        Misconception("hides a position from itself", causal_with(-1),
                      "A position may attend to itself: it has been read already. Only what comes later is hidden."),
        Misconception("lets a position see the next one", causal_with(1),
                      "The next token is what a language model predicts. If it can be seen, there is nothing to learn."),
        Misconception("aligns the first query with the first key", causal_with(aligned="start"),
                      "The queries are the last positions: the last query sees all keys. With fewer queries than keys, "
                      "shift the diagonal by keys - queries."),
        Misconception("marks what is hidden", causal_with(turned=True),
                      "True means: may attend."),
        Misconception("hides the past", causal_anti,
                      "Row i is a query and looks back, to columns j with j <= i."),
        Misconception("returns numbers to add", causal_with(number=True),
                      "0 and -inf may be added to scores, but asked for are booleans."),
    ],
    alternatives=[causal_by_tri, causal_by_loops],
    hints=[
        "Query i stands at position i + (keys - queries) of the keys' sequence.",
        "Compare a row of key positions with a column of query positions; broadcasting makes the matrix.",
        "np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries)",
    ],
)
