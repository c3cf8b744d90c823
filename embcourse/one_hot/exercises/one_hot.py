"""The exercise `one_hot.one_hot`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.common import (
    FAILS_ON_AN_EMPTY_TEXT,
    RAISES_INDEX_ERROR,
    STOPS_WITH_AN_ASSERTION,
    check_largest,
    check_nothing,
    check_range,
    check_smallest,
    check_up_to_size,
    draw_ids,
    impossible_ids,
)


def one_hot_cases(rng: np.random.Generator) -> Iterator[Case]:
    size = int(rng.integers(5, 9))
    yield Case((draw_ids(rng, 4, size), size), label="four tokens")
    size = int(rng.integers(9, 14))
    yield Case((draw_ids(rng, 8, size), size), label="eight tokens")  # the last word never occurs
    yield Case((draw_ids(rng, 15, size)[::2], size), label="a view with gaps")
    yield Case((np.zeros(0, int), int(rng.integers(2, 30))), "edge", "no tokens")
    size = int(rng.integers(4, 30))
    yield Case((rng.integers(1, size, 1), size), "edge", "one token")
    yield Case((np.zeros(int(rng.integers(2, 9)), int), 1), "edge", "a vocabulary of one word")
    size = int(rng.integers(3, 7))
    for label, ids in impossible_ids(rng, size):
        yield Case((ids, size), "errors", label, raises=ValueError)


def one_hot_with(
    check: Callable = check_range,
    tokens: Callable = np.asarray,
    width: Callable = lambda ids, size: size,
    column: Callable = lambda ids, size: ids,
    fill: Callable | None = None,
    finish: Callable = lambda rows: rows,
):
    """One-hot rows with one part replaced."""

    def solve(ids, size):
        check(ids, size)
        ids = tokens(ids)
        rows = np.zeros((len(ids), width(ids, size)))
        (fill or set_ones)(rows, column(ids, size))
        return finish(rows)

    return solve


def set_ones(rows, columns):
    rows[np.arange(len(rows)), columns] = 1


def set_whole_columns(rows, columns):
    rows[:, columns] = 1


def compare_with_columns(rows, columns):
    """An impossible id is equal to no column, and leaves zeros."""
    rows[:] = columns[:, None] == np.arange(rows.shape[1])


def columns_in_use(ids):
    return np.unique(ids, return_inverse=True)[1]


def one_hot_by_comparison(ids, size):
    check_range(ids, size)
    return (ids[:, None] == np.arange(size)).astype(float)


def one_hot_by_rows(ids, size):
    for word in ids:
        if word not in range(size):
            raise ValueError(word)
    rows = [[1 if column == word else 0 for column in range(size)] for word in ids]
    return np.array(rows, dtype=int).reshape(len(ids), size)


ONE_HOT = Exercise(
    id="one_hot.one_hot",
    points=1,
    reference=reference.one_hot,
    cases=one_hot_cases,
    variant=one_hot_with,
    misconceptions=[
        Misconception(
            "puts the words in rows",
            {"finish": np.transpose},
            "A row is a token of the text, a column is a word of the vocabulary: shape (tokens,"
            " size).",
        ),
        Misconception(
            "adds all tokens up in one vector",
            {"finish": lambda rows: rows.sum(axis=0)},
            "That is a bag of words. One-hot keeps a row for every token, in the order of the"
            " text.",
        ),
        Misconception(
            "marks all words in one vector",
            {"finish": lambda rows: rows.max(axis=0, initial=0)},
            "One vector for the whole text says which words occur in it. One-hot keeps a row for"
            " every token.",
        ),
        Misconception(
            "gives a repeated word one row only",
            {"tokens": np.unique},
            "Every token gets a row, also when the same word came before. Rows keep the order of"
            " the text.",
        ),
        Misconception(
            "sets whole columns",
            {"fill": set_whole_columns},
            "rows[:, ids] means every row: each token gets the ones of all tokens. Each row needs"
            " its own column: pair the row numbers with the ids.",
        ),
        Misconception(
            "counts ids from 1",
            {"column": lambda ids, size: ids - 1},
            "Id 0 is the first word, so it sets column 0.",
        ),
        Misconception(
            "takes the size from the largest id",
            {"width": lambda ids, size: int(ids.max(initial=-1)) + 1},
            "The vocabulary has `size` words, whether or not the last of them occur in this text.",
        ),
        Misconception(
            "makes columns only for words that occur",
            {
                "column": lambda ids, size: columns_in_use(ids),
                "width": lambda ids, size: len(np.unique(ids)),
            },
            "The column is the id itself. Words that this text lacks have a column too, so that two"
            " texts can be compared.",
        ),
        Misconception(
            "returns True and False",
            {"finish": lambda rows: rows == 1},
            "Numbers are asked for, 1 and 0: turn the comparison into floats.",
        ),
        Misconception(
            "loses the width of an empty text",
            {"finish": lambda rows: rows if len(rows) else np.zeros(0)},
            "An array made of no rows has shape (0,). Without tokens the shape is (0, size).",
        ),
        FAILS_ON_AN_EMPTY_TEXT,
        Misconception(
            "checks nothing",
            {"check": check_nothing},
            "NumPy takes -1 for the last column, and raises IndexError for an id that is too large."
            " Raise ValueError in both cases before you index.",
        ),
        Misconception(
            "lets a negative id count from the end",
            {"check": check_largest},
            "NumPy reads index -1 as the last column. No word has a negative id: raise ValueError"
            " before you index.",
        ),
        Misconception(
            "checks for negative ids only",
            {"check": check_smallest},
            "An id that is not below size is out of range too: ValueError, before NumPy raises"
            " IndexError.",
        ),
        Misconception(
            "takes size for a valid id",
            {"check": check_up_to_size},
            "Ids run from 0 to size - 1. The id `size` is one past the last column.",
        ),
        STOPS_WITH_AN_ASSERTION,
        RAISES_INDEX_ERROR,
        Misconception(
            "leaves the row of an impossible id empty",
            {"check": check_nothing, "fill": compare_with_columns},
            "A comparison finds no column for such an id and leaves zeros, without a sound. Raise"
            " ValueError first.",
        ),
    ],
    alternatives=[one_hot_by_comparison, one_hot_by_rows, one_hot_with()],
    hints=[
        "How many rows, how many columns, and what does each row sum to?",
        (
            "Start from np.zeros((tokens, size)). Then one 1 per row has to be placed. Before that,"
            " check every id."
        ),
        (
            "rows[np.arange(len(ids)), ids] = 1 sets one column in every row. Raise ValueError if"
            " any id is below 0 or not below size."
        ),
    ],
)
