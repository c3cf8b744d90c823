"""The exercise `one_hot.lookup_gradient`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.one_hot import one_hot_by_comparison, require_range


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2, 0, 2]), np.array([[1.0, 1.0], [5.0, 5.0], [10.0, 30.0]]), 4), "gradient", "a word twice")
    yield Case((rng.permutation(7)[:4], rng.normal(size=(4, 3)), 8), "gradient", "every word at most once")
    near = Tolerance(operations=24, scale=8.0)                      # a sum of up to 24 terms of size about 1
    yield Case((rng.integers(0, 5, 24), rng.normal(size=(24, 3)), 7), "gradient", "many repeats", tolerance=near)
    yield Case((rng.integers(0, 4, 16)[::2], rng.normal(size=(8, 6))[:, ::2], 6), "gradient", "a view with gaps",
               tolerance=near)
    yield Case((np.zeros(0, int), np.zeros((0, 3)), 4), "edge", "no tokens")
    yield Case((np.array([1, 1, 0, 1, 1]), np.arange(10.0).reshape(5, 2), 3), "edge", "one word four times")
    yield Case((np.array([0]), np.array([[2.5]]), 1), "edge", "a table of one number")
    yield Case((np.array([0, -1]), np.ones((2, 2)), 3), "errors", "a negative id", raises=ValueError)
    yield Case((np.array([0, 3]), np.ones((2, 2)), 3), "errors", "an id that is too large", raises=ValueError)
    yield Case((np.array([0, 1]), np.ones((1, 2)), 3), "errors", "fewer gradients than tokens", raises=ValueError)


def require_gradient(ids, upstream, rows):
    ids, upstream = require_range(ids, rows), np.asarray(upstream, dtype=float)
    if len(ids) != len(upstream):
        raise ValueError("one upstream row per token")
    return ids, upstream


def gradient_overwritten(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    gradient = np.zeros((rows, upstream.shape[1]))
    gradient[ids] += upstream
    return gradient


def gradient_first_only(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    gradient = np.zeros((rows, upstream.shape[1]))
    gradient[ids[::-1]] = upstream[::-1]
    return gradient


def gradient_mean(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, upstream, rows) / np.maximum(np.bincount(ids, minlength=rows), 1)[:, None]


def gradient_over_tokens(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, upstream, rows) / max(len(ids), 1)


def gradient_of_rows(ids, upstream, rows):
    return require_gradient(ids, upstream, rows)[1].copy()


def gradient_of_seen(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, upstream, rows)[: int(ids.max(initial=-1)) + 1]


def gradient_counts(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, np.ones_like(upstream), rows)


def gradient_everywhere(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return np.tile(upstream.sum(axis=0), (rows, 1))


def gradient_unchecked(ids, upstream, rows):
    gradient = np.zeros((rows, np.shape(upstream)[1]))
    np.add.at(gradient, ids, upstream)
    return gradient


def gradient_by_sum(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return np.array([upstream[ids == word].sum(axis=0) for word in range(rows)]).reshape(rows, upstream.shape[1])


def gradient_by_product(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return one_hot_by_comparison(ids, rows).T @ upstream


def gradient_by_differences(ids, upstream, rows):
    """The loss is linear in the table, so a step of 1 from a table of zeros gives the derivative without error."""
    ids, upstream = require_gradient(ids, upstream, rows)
    gradient = np.zeros((rows, upstream.shape[1]))
    for entry in np.ndindex(gradient.shape):
        table = np.zeros(gradient.shape)
        table[entry] = 1.0
        gradient[entry] = (table[ids] * upstream).sum()
    return gradient


LOOKUP_GRADIENT = Exercise(
    id="one_hot.lookup_gradient", points=3,
    reference=reference.lookup_gradient,
    cases=gradient_cases,
    weights={"gradient": 3},
    misconceptions=[
        Misconception("lets the last occurrence win", gradient_overwritten,
                      "gradient[ids] += upstream reads each row once and writes it once, so of a repeated id only "
                      "the last addition survives. Every occurrence must be added."),
        Misconception("lets the first occurrence win", gradient_first_only,
                      "A word that occurs twice was used twice: both rows of upstream belong to it, added up."),
        Misconception("averages over the occurrences", gradient_mean,
                      "The chain rule adds the contributions of all the places where a word was used. Nothing "
                      "divides by their number."),
        Misconception("divides by the number of tokens", gradient_over_tokens,
                      "If the loss is a mean over tokens, upstream holds that factor already."),
        Misconception("returns one row per token", gradient_of_rows,
                      "A gradient has the shape of what it is taken with respect to: the table, (rows, d)."),
        Misconception("stops at the largest id", gradient_of_seen,
                      "The table has `rows` rows. Words that do not occur have gradient 0, also the last ones."),
        Misconception("counts instead of adding upstream", gradient_counts,
                      "How often a word occurs is only half of it: each occurrence brings its own row of upstream."),
        Misconception("gives every row the whole sum", gradient_everywhere,
                      "Row w collects only from the positions where ids equals w."),
        Misconception("accepts impossible input", gradient_unchecked,
                      "A negative id would add to the last rows, and one row of upstream would be used for every "
                      "token. Raise ValueError for ids outside the table, or if ids and upstream differ in length."),
    ],
    alternatives=[gradient_by_sum, gradient_by_product, gradient_by_differences],
    hints=["A word's vector was used at every position that holds the word. What does the chain rule do with several "
           "uses of one number?",
           "Start from zeros of the table's shape. Go through the positions and add that row of upstream to the row "
           "of that word.",
           "np.add.at(gradient, ids, upstream) adds for every occurrence; one_hot(ids, rows).T @ upstream does the "
           "same. Check ids and lengths first."],
)
