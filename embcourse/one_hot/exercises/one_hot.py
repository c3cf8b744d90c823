"""The exercise `one_hot.one_hot`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference


def one_hot_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2, 0, 2]), 3), label="three tokens")
    size = int(rng.integers(9, 14))
    yield Case((rng.integers(0, size - 1, 8), size), label="eight tokens")       # the last word never occurs
    yield Case((rng.integers(0, size, 12)[::2], size), label="a view with gaps")
    yield Case((np.zeros(0, int), 4), "edge", "no tokens")
    yield Case((np.array([0, 0]), 1), "edge", "a vocabulary of one word")
    yield Case((np.array([0, 3]), 3), "errors", "an id that is too large", raises=ValueError)
    yield Case((np.array([1, -1]), 3), "errors", "a negative id", raises=ValueError)


def require_range(ids, size):
    ids = np.asarray(ids, dtype=int)
    if ids.size and not (0 <= ids.min() and ids.max() < size):
        raise ValueError(f"ids must lie in 0 ... {size - 1}")
    return ids


def one_hot_transposed(ids, size):
    return reference.one_hot(ids, size).T


def one_hot_bag(ids, size):
    return reference.one_hot(ids, size).sum(axis=0)


def one_hot_distinct(ids, size):
    return reference.one_hot(np.unique(require_range(ids, size)), size)


def one_hot_from_one(ids, size):
    return reference.one_hot((require_range(ids, size) - 1) % size, size)


def one_hot_guessed_size(ids, size):
    ids = require_range(ids, size)
    return reference.one_hot(ids, int(ids.max(initial=-1)) + 1)


def one_hot_unchecked(ids, size):
    return np.eye(size)[np.asarray(ids, dtype=int)]


def one_hot_by_comparison(ids, size):
    return (require_range(ids, size)[:, None] == np.arange(size)).astype(float)


def one_hot_by_rows(ids, size):
    rows = [[1 if column == word else 0 for column in range(size)] for word in require_range(ids, size)]
    return np.array(rows, dtype=int).reshape(len(ids), size)


ONE_HOT = Exercise(
    id="one_hot.one_hot", points=1,
    reference=reference.one_hot,
    cases=one_hot_cases,
    misconceptions=[
        Misconception("puts the words in rows", one_hot_transposed,
                      "A row is a token of the text, a column is a word of the vocabulary: shape (tokens, size)."),
        Misconception("adds all tokens up in one vector", one_hot_bag,
                      "That is a bag of words. One-hot keeps a row for every token, in the order of the text."),
        Misconception("gives a repeated word one row only", one_hot_distinct,
                      "Every token gets a row, also when the same word came before. Rows keep the order of the text."),
        Misconception("counts ids from 1", one_hot_from_one,
                      "Id 0 is the first word, so it sets column 0."),
        Misconception("takes the size from the largest id", one_hot_guessed_size,
                      "The vocabulary has `size` words, whether or not the last of them occur in this text."),
        Misconception("lets a negative id count from the end", one_hot_unchecked,
                      "NumPy reads index -1 as the last column. No word has a negative id: raise ValueError before "
                      "you index."),
    ],
    alternatives=[one_hot_by_comparison, one_hot_by_rows],
    hints=["How many rows, how many columns, and what does each row sum to?",
           "Start from np.zeros((tokens, size)). Then one 1 per row has to be placed. Before that, check every id.",
           "rows[np.arange(len(ids)), ids] = 1 sets one column in every row. Raise ValueError if any id is below 0 "
           "or not below size."],
)
