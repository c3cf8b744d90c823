"""The exercise `one_hot.lookup`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.one_hot import one_hot_by_comparison, require_range


def lookup_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2, 0, 2]), np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]])), label="three tokens")
    yield Case((rng.integers(0, 6, 9), rng.normal(size=(6, 6))), label="nine tokens")
    yield Case((rng.integers(0, 5, 10)[::2], rng.normal(size=(5, 8))[:, ::2]), label="a view with gaps")
    yield Case((np.zeros(0, int), rng.normal(size=(4, 3))), "edge", "no tokens")
    yield Case((np.array([0]), np.array([[-7.5]])), "edge", "a table of one number")
    yield Case((np.arange(4), rng.normal(size=(4, 2))), "edge", "every word once")
    yield Case((np.array([1, 0]), np.array([[1e300, -1e-300], [1e-300, 1e300]])), "stability", "huge and tiny numbers")
    yield Case((np.array([1, -1]), np.ones((3, 2))), "errors", "a negative id", raises=ValueError)
    yield Case((np.array([3]), np.ones((3, 2))), "errors", "an id that is too large", raises=ValueError)


def lookup_columns(ids, table):
    return table.T[require_range(ids, len(table)) % table.shape[1]]


def lookup_sum(ids, table):
    return table[require_range(ids, len(table))].sum(axis=0)


def lookup_distinct(ids, table):
    return table[np.unique(require_range(ids, len(table)))]


def lookup_from_one(ids, table):
    return table[require_range(ids, len(table)) - 1]


def lookup_unchecked(ids, table):
    return table[ids]


def lookup_by_product(ids, table):
    return one_hot_by_comparison(ids, len(table)) @ table


def lookup_by_take(ids, table):
    return np.take(table, require_range(ids, len(table)), axis=0, mode="raise")


LOOKUP = Exercise(
    id="one_hot.lookup", points=1,
    reference=reference.lookup,
    cases=lookup_cases,
    misconceptions=[
        Misconception("takes columns", lookup_columns,
                      "A word's vector is a row of the table: the id is the first index."),
        Misconception("adds the rows up", lookup_sum,
                      "One row per token is asked for. Adding or averaging them comes later, if at all."),
        Misconception("gives a repeated word one row only", lookup_distinct,
                      "Every token gets its row, in the order of the text, however often the word occurs."),
        Misconception("counts ids from 1", lookup_from_one, "Id 0 is row 0 of the table."),
        Misconception("lets a negative id count from the end", lookup_unchecked,
                      "table[-1] is the last row: no error, but a wrong vector. Check the ids and raise ValueError."),
    ],
    alternatives=[lookup_by_product, lookup_by_take],
    hints=["What does a row with a single 1 pick out of a matrix that it is multiplied with?",
           "one_hot(ids, len(table)) @ table is right; so is indexing, without a multiplication. Both need valid ids.",
           "Check that every id is at least 0 and below len(table), then return table[ids]. Indexing with an array "
           "copies, so the table is safe."],
)
