"""The exercise `one_hot.lookup`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.common import (
    CHECKS_FOR_NEGATIVE_IDS_ONLY,
    FAILS_ON_AN_EMPTY_TEXT,
    RAISES_INDEX_ERROR,
    STOPS_WITH_AN_ASSERTION,
    check_largest,
    check_nothing,
    check_range,
    check_up_to_size,
    draw_ids,
    impossible_ids,
)


def lookup_cases(rng: np.random.Generator) -> Iterator[Case]:
    words = int(rng.integers(4, 6))
    table = rng.permutation(np.arange(-20.0, 21.0))[: 2 * words].reshape(words, 2)
    yield Case((draw_ids(rng, 3, words), table), label="three tokens")
    yield Case((draw_ids(rng, 9, 6), rng.normal(size=(6, 6))), label="a square table")
    yield Case(
        (draw_ids(rng, 10, 5)[::2], rng.normal(size=(5, 8))[:, ::2]), label="a view with gaps"
    )
    yield Case(
        (np.zeros(0, int), rng.normal(size=(4, int(rng.integers(2, 6))))), "edge", "no tokens"
    )
    yield Case((rng.integers(1, 4, 1), rng.normal(size=(4, 3))), "edge", "one token")
    yield Case((rng.permutation(5), rng.normal(size=(5, 1))), "edge", "vectors of one number")
    yield Case((np.zeros(1, int), rng.normal(size=(1, 1))), "edge", "a table of one number")
    scales = 10.0 ** (300 * np.array([[1, -1], [-1, 1], [1, 1]]))[rng.permutation(3)]
    yield Case(
        (rng.permutation(3), rng.normal(size=(3, 2)) * scales), "stability", "huge and tiny numbers"
    )
    words = int(rng.integers(3, 7))
    for label, ids in impossible_ids(rng, words):
        yield Case((ids, rng.normal(size=(words, 2))), "errors", label, raises=ValueError)


def lookup_with(
    check: Callable = check_range,
    tokens: Callable = np.asarray,
    pick: Callable = lambda ids, table: table[ids],
    finish: Callable = lambda rows: rows,
):
    """A lookup with one part replaced."""

    def solve(ids, table):
        check(ids, len(table))
        return finish(pick(tokens(ids), table))

    return solve


def mean_of_rows(rows):
    return rows.mean(axis=0) if len(rows) else np.full(rows.shape[1], np.nan)


def lookup_in_single_precision(ids, table):
    check_range(ids, len(table))
    with np.errstate(over="ignore"):
        return table.astype(np.float32)[ids]


def lookup_clipped(ids, table):
    return np.take(table, ids, axis=0, mode="clip")


def lookup_wrapped(ids, table):
    return np.take(table, ids, axis=0, mode="wrap")


def lookup_zero(ids, table):
    return (ids[:, None] == np.arange(len(table))).astype(float) @ table


def lookup_by_product(ids, table):
    check_range(ids, len(table))
    return lookup_zero(ids, table)


def lookup_by_take(ids, table):
    check_range(ids, len(table))
    return np.take(table, ids, axis=0, mode="raise")


def lookup_by_loops(ids, table):
    result = np.empty((len(ids), table.shape[1]))
    for position, word in enumerate(ids):
        if not 0 <= word < len(table):
            raise ValueError(word)
        for column in range(table.shape[1]):
            result[position, column] = table[word, column]
    return result


LOOKUP = Exercise(
    id="one_hot.lookup",
    points=1,
    reference=reference.lookup,
    cases=lookup_cases,
    variant=lookup_with,
    misconceptions=[
        Misconception(
            "takes columns",
            {"pick": lambda ids, table: table[:, ids]},
            "A word's vector is a row of the table: the id is the first index.",
        ),
        Misconception(
            "takes columns, one per token",
            {"pick": lambda ids, table: table.T[ids]},
            "The transposed table has a row for each dimension. A word's vector is a row of the"
            " table itself.",
        ),
        Misconception(
            "adds the rows up",
            {"finish": lambda rows: rows.sum(axis=0)},
            "One row per token is asked for. Adding or averaging them comes later, if at all.",
        ),
        Misconception(
            "averages the rows",
            {"finish": mean_of_rows},
            "One row per token is asked for. Adding or averaging them comes later, if at all.",
        ),
        Misconception(
            "loses the width of an empty text",
            {"finish": lambda rows: rows if len(rows) else np.zeros(0)},
            "An array made of no rows has shape (0,). Without tokens the shape is (0, d).",
        ),
        Misconception(
            "turns the result round",
            {"finish": np.transpose},
            "A row of the result is a token: shape (tokens, d).",
        ),
        Misconception(
            "gives a repeated word one row only",
            {"tokens": np.unique},
            "Every token gets its row, in the order of the text, however often the word occurs.",
        ),
        Misconception(
            "sorts the tokens", {"tokens": np.sort}, "The rows keep the order of the text."
        ),
        Misconception(
            "looks up the first token only",
            {"finish": lambda rows: rows[:1]},
            "Every token gets its row.",
        ),
        Misconception(
            "counts ids from 1",
            {"pick": lambda ids, table: table[ids - 1]},
            "Id 0 is row 0 of the table.",
        ),
        Misconception(
            "loses axes of size 1",
            {"finish": np.squeeze},
            "The result has two axes, (tokens, d), also for one token and for vectors of one"
            " number.",
        ),
        Misconception(
            "returns single precision",
            lookup_in_single_precision,
            "The vectors come in float64, and float32 can hold neither its largest nor its smallest"
            " numbers. Return what stands in the table.",
        ),
        FAILS_ON_AN_EMPTY_TEXT,
        Misconception(
            "checks nothing",
            {"check": check_nothing},
            "table[-1] is the last row, without a sound, and an id that is too large gives"
            " IndexError. Raise ValueError in both cases before you look anything up.",
        ),
        Misconception(
            "lets a negative id count from the end",
            {"check": check_largest},
            "table[-1] is the last row: no error, but a wrong vector. Check the ids and raise"
            " ValueError.",
        ),
        CHECKS_FOR_NEGATIVE_IDS_ONLY,
        Misconception(
            "takes the number of rows for a valid id",
            {"check": check_up_to_size},
            "Ids run from 0 to len(table) - 1: the number of rows is one too many.",
        ),
        STOPS_WITH_AN_ASSERTION,
        RAISES_INDEX_ERROR,
        Misconception(
            "takes the nearest row for an impossible id",
            lookup_clipped,
            "Clipping an id gives the vector of another word, without a sound. Raise ValueError.",
        ),
        Misconception(
            "wraps impossible ids round",
            lookup_wrapped,
            "A remainder gives the vector of another word, without a sound. Raise ValueError.",
        ),
        Misconception(
            "gives an impossible id zeros",
            lookup_zero,
            "A comparison finds no word for such an id and the product is 0, without a sound. Raise"
            " ValueError.",
        ),
    ],
    alternatives=[lookup_by_loops, lookup_by_product, lookup_by_take, lookup_with()],
    hints=[
        "What does a row with a single 1 pick out of a matrix that it is multiplied with?",
        (
            "one_hot(ids, len(table)) @ table is right; so is indexing, without a multiplication."
            " Both need valid ids."
        ),
        (
            "Check that every id is at least 0 and below len(table), then return table[ids]."
            " Indexing with an array copies, so the table is safe."
        ),
    ],
)
