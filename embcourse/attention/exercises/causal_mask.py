"""The exercise `attention.causal_mask`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.checking import Case, Exercise, Misconception


def causal_cases(rng: np.random.Generator) -> Iterator[Case]:
    queries = int(rng.integers(2, 6))
    yield Case((queries, queries + int(rng.integers(1, 5))), label="a text that goes on")
    yield Case((int(rng.integers(6, 40)),) * 2, label="as many queries as keys")
    queries = int(rng.integers(3, 20))
    yield Case(
        (queries, queries + int(rng.integers(6, 20))), label="many keys came before the first query"
    )
    yield Case((1, int(rng.integers(10, 90))), label="one new query")
    yield Case((1, 1), "edge", "one position")
    keys = int(rng.integers(2, 9))
    yield Case((keys + int(rng.integers(2, 6)), keys), "edge", "more queries than keys")
    yield Case((0, int(rng.integers(2, 9))), "edge", "no query")
    yield Case((int(rng.integers(2, 9)), 0), "edge", "no key")


def causal_with(
    *,
    shift: int = 0,
    offset: Callable = lambda queries, keys: keys - queries,
    hidden: bool = False,
    numbers: str = "",
    turned: bool = False,
    back: bool = True,
) -> Callable:
    """Causal mask with parts replaced."""

    def solve(queries, keys):
        place = np.arange(queries)[:, None] + offset(queries, keys) + shift
        mask = np.arange(keys)[None, :] <= place if back else np.arange(keys)[None, :] >= place
        mask = ~mask if hidden else mask
        mask = mask.T if turned else mask
        if numbers == "to add":
            return np.where(mask, 0.0, -np.inf)
        return mask.astype(float) if numbers == "0 and 1" else mask

    return solve


def causal_by_tri(queries, keys):
    return np.tri(queries, keys, keys - queries, dtype=bool)


def causal_by_loops(queries, keys):
    return np.array(
        [[keys - 1 - j >= queries - 1 - i for j in range(keys)] for i in range(queries)], dtype=bool
    ).reshape(queries, keys)


CAUSAL_MASK = Exercise(
    id="attention.causal_mask",
    points=2,
    reference=reference.causal_mask,
    cases=causal_cases,
    variant=causal_with,
    misconceptions=[
        Misconception(
            "hides a position from itself",
            {"shift": -1},
            "A position may attend to itself: it has been read already. Only what comes later is"
            " hidden.",
        ),
        Misconception(
            "lets a position see the next one",
            {"shift": 1},
            "The next token is what a language model predicts. If it can be seen, there is nothing"
            " to learn.",
        ),
        Misconception(
            "aligns the first query with the first key",
            {"offset": lambda queries, keys: 0},
            "The queries are the last positions: the last query sees all keys. With fewer queries"
            " than keys, the diagonal moves to the right.",
        ),
        Misconception(
            "moves the diagonal the wrong way",
            {"offset": lambda queries, keys: queries - keys},
            "The queries are the last positions: the last query sees all keys. With fewer queries"
            " than keys, every query sees more, not less.",
        ),
        Misconception(
            "lets the first query see the first key even if there are more queries than keys",
            {"offset": lambda queries, keys: max(keys - queries, 0)},
            "The last query sees every key, the one before it all but the last, and so on upwards:"
            " with more queries than keys nothing is left for the first ones.",
        ),
        Misconception("marks what is hidden", {"hidden": True}, "True means: may attend."),
        Misconception(
            "hides the past",
            {"back": False},
            "Row i is a query and looks back, to keys at its own position and before.",
        ),
        Misconception(
            "puts the keys in the rows", {"turned": True}, "A row is a query, a column a key."
        ),
        Misconception(
            "returns numbers to add",
            {"numbers": "to add"},
            "0 and -inf may be added to scores, but asked for are booleans.",
        ),
        Misconception(
            "returns 0 and 1",
            {"numbers": "0 and 1"},
            "Asked for are booleans: True and False. np.ones and np.tri make floats if nothing else"
            " is said.",
        ),
    ],
    alternatives=[causal_by_tri, causal_by_loops, causal_with()],
    hints=[
        "Query i stands at position i + (keys - queries) of the keys' sequence.",
        (
            "Compare a row of key positions with a column of query positions; broadcasting makes"
            " the matrix."
        ),
        "np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries)",
    ],
)
