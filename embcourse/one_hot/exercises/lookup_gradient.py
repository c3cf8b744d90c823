"""The exercise `one_hot.lookup_gradient`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
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


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    upstream = rng.permutation(np.arange(1.0, 30.0))[:6].reshape(3, 2)
    rows = int(rng.integers(4, 7))
    yield Case((draw_ids(rng, 3, rows), upstream, rows), "gradient", "a word twice")
    yield Case(
        (rng.permutation(7)[:4], rng.normal(size=(4, 3)), 9), "gradient", "every word at most once"
    )
    near = Tolerance(operations=24, scale=8.0)  # a sum of up to 24 terms of size about 1
    ids = rng.integers(0, 5, 24)
    yield Case((ids, rng.normal(size=(24, 3)), 7), "gradient", "many repeats", tolerance=near)
    yield Case(
        (draw_ids(rng, 16, 6)[::2], rng.normal(size=(8, 6))[:, ::2], 6),
        "gradient",
        "a view with gaps",
        tolerance=near,
    )
    ids = rng.permutation([3, 0, 3, 1, 3])
    yield Case(
        (ids, rng.normal(size=(5, 4)), 4),
        "gradient",
        "the last word of the table three times",
        tolerance=near,
    )
    yield Case(
        (np.zeros(0, int), np.zeros((0, int(rng.integers(2, 6)))), int(rng.integers(2, 6))),
        "edge",
        "no tokens",
    )
    times = int(rng.integers(3, 6))
    yield Case(
        (np.full(times, 1), rng.integers(1, 9, (times, 2)) / 2, 3),
        "edge",
        "one word again and again",
    )
    yield Case(
        (draw_ids(rng, 4, 5), rng.integers(1, 20, (4, 1)) / 2, 5), "edge", "vectors of one number"
    )
    yield Case(
        (np.zeros(1, int), rng.integers(1, 99, (1, 1)) / 4, 1), "edge", "a table of one number"
    )
    rows = int(rng.integers(3, 7))
    for label, ids in impossible_ids(rng, rows):
        yield Case((ids, rng.normal(size=(4, 2)), rows), "errors", label, raises=ValueError)
    ids = rng.integers(0, rows, 4)
    for count, label in (
        (1, "one gradient for four tokens"),
        (3, "fewer gradients than tokens"),
        (int(rng.integers(5, 8)), "more gradients than tokens"),
    ):
        yield Case((ids, rng.normal(size=(count, 2)), rows), "errors", label, raises=ValueError)


def compare_lengths(ids, upstream):
    if len(ids) != len(upstream):
        raise ValueError("each id needs one row of upstream")


def add_at(gradient, ids, upstream):
    np.add.at(gradient, ids, upstream)


def add_once(gradient, ids, upstream):
    gradient[ids] += upstream


def first_only(gradient, ids, upstream):
    gradient[ids[::-1]] = upstream[::-1]


def average(gradient, ids, upstream):
    np.add.at(gradient, ids, upstream)
    gradient /= np.maximum(np.bincount(ids % len(gradient), minlength=len(gradient)), 1)[:, None]


def over_tokens(gradient, ids, upstream):
    np.add.at(gradient, ids, upstream / max(len(ids), 1))


def count_occurrences(gradient, ids, upstream):
    np.add.at(gradient, ids, np.ones_like(upstream))


def largest_only(gradient, ids, upstream):
    gradient[ids] = -np.inf
    np.maximum.at(gradient, ids, upstream)


def everywhere(gradient, ids, upstream):
    gradient += upstream.sum(axis=0)


def in_order_of_the_text(gradient, ids, upstream):
    gradient[np.arange(len(ids))] += upstream


def from_one(gradient, ids, upstream):
    np.add.at(gradient, ids - 1, upstream)


def by_pairs(gradient, ids, upstream):
    for word, row in zip(ids, upstream):
        gradient[word] += row


def by_position(gradient, ids, upstream):
    for position, word in enumerate(ids):
        gradient[word] += upstream[position]


def gradient_with(
    check: Callable = check_range,
    lengths: Callable = compare_lengths,
    add: Callable = add_at,
    finish: Callable = lambda gradient, ids, upstream: gradient,
):
    """The gradient with one part replaced."""

    def solve(ids, upstream, rows):
        check(ids, rows)
        lengths(ids, upstream)
        gradient = np.zeros((rows, upstream.shape[1]))
        add(gradient, ids, upstream)
        return finish(gradient, ids, upstream)

    return solve


def no_comparison(ids, upstream):
    """Leaves the lengths to what follows."""


def by_upstream(gradient, ids, upstream):
    for position in range(len(upstream)):
        gradient[ids[position]] += upstream[position]


def shaped_like_upstream(ids, upstream, rows):
    check_range(ids, rows)
    compare_lengths(ids, upstream)
    gradient = np.zeros_like(upstream)
    np.add.at(gradient, ids, upstream)
    return gradient


def not_transposed(ids, upstream, rows):
    check_range(ids, rows)
    compare_lengths(ids, upstream)
    return (ids[:, None] == np.arange(rows)).astype(float) @ upstream


def by_comparison(ids, upstream, rows):
    """An impossible id is equal to no row number, and vanishes."""
    compare_lengths(ids, upstream)
    return (ids[:, None] == np.arange(rows)).astype(float).T @ upstream


def gradient_by_sum(ids, upstream, rows):
    check_range(ids, rows)
    compare_lengths(ids, upstream)
    return np.array([upstream[ids == word].sum(axis=0) for word in range(rows)]).reshape(
        rows, upstream.shape[1]
    )


def gradient_by_product(ids, upstream, rows):
    check_range(ids, rows)
    return by_comparison(ids, upstream, rows)


def gradient_by_differences(ids, upstream, rows):
    """The loss is linear in the table, so a step of 1 from a table of zeros gives the derivative
    without error."""
    check_range(ids, rows)
    compare_lengths(ids, upstream)
    gradient = np.zeros((rows, upstream.shape[1]))
    for entry in np.ndindex(gradient.shape):
        table = np.zeros(gradient.shape)
        table[entry] = 1.0
        gradient[entry] = (table[ids] * upstream).sum()
    return gradient


LOOKUP_GRADIENT = Exercise(
    id="one_hot.lookup_gradient",
    points=3,
    reference=reference.lookup_gradient,
    cases=gradient_cases,
    weights={"gradient": 3},
    variant=gradient_with,
    misconceptions=[
        Misconception(
            "lets the last occurrence win",
            {"add": add_once},
            "gradient[ids] += upstream reads each row once and writes it once, so of a repeated id"
            " only the last addition survives. Every occurrence must be added.",
        ),
        Misconception(
            "lets the first occurrence win",
            {"add": first_only},
            "A word that occurs twice was used twice: both rows of upstream belong to it,"
            " added up.",
        ),
        Misconception(
            "lets the largest occurrence win",
            {"add": largest_only},
            "A word that occurs twice was used twice: both rows of upstream belong to it,"
            " added up.",
        ),
        Misconception(
            "averages over the occurrences",
            {"add": average},
            "The chain rule adds the contributions of all the places where a word was used. Nothing"
            " divides by their number.",
        ),
        Misconception(
            "divides by the number of tokens",
            {"add": over_tokens},
            "If the loss is a mean over tokens, upstream holds that factor already.",
        ),
        Misconception(
            "counts instead of adding upstream",
            {"add": count_occurrences},
            "How often a word occurs is only half of it: each occurrence brings its own row of"
            " upstream.",
        ),
        Misconception(
            "gives every row the whole sum",
            {"add": everywhere},
            "Row w collects only from the positions where ids equals w.",
        ),
        Misconception(
            "keeps upstream in the order of the text",
            {"add": in_order_of_the_text},
            "The gradient has a row for each word of the table, not for each position: the row of"
            " upstream goes where its id says.",
        ),
        Misconception("counts ids from 1", {"add": from_one}, "Id 0 is row 0 of the table."),
        Misconception(
            "takes the shape from upstream",
            shaped_like_upstream,
            "upstream has a row for each token. The gradient has the shape of the table,"
            " (rows, d).",
        ),
        Misconception(
            "forgets to transpose",
            not_transposed,
            "The chain rule gives Oᵀ G: the one-hot matrix is transposed, so that a row of the"
            " result is a word.",
        ),
        Misconception(
            "returns one row per token",
            {"finish": lambda gradient, ids, upstream: upstream.copy()},
            "A gradient has the shape of what it is taken with respect to: the table, (rows, d).",
        ),
        Misconception(
            "looks the gradient up again",
            {"finish": lambda gradient, ids, upstream: gradient[ids]},
            "A gradient has the shape of what it is taken with respect to: the table, (rows, d).",
        ),
        Misconception(
            "stops at the largest id",
            {"finish": lambda gradient, ids, upstream: gradient[: int(ids.max(initial=-1)) + 1]},
            "The table has `rows` rows. Words that do not occur have gradient 0, also the last"
            " ones.",
        ),
        Misconception(
            "returns the rows of the words that occur",
            {"finish": lambda gradient, ids, upstream: gradient[np.unique(ids)]},
            "The table has `rows` rows. Words that do not occur have gradient 0, and keep their"
            " place.",
        ),
        Misconception(
            "turns the result round",
            {"finish": lambda gradient, ids, upstream: gradient.T},
            "A gradient has the shape of what it is taken with respect to: the table, (rows, d).",
        ),
        Misconception(
            "returns the step, not the gradient",
            {"finish": lambda gradient, ids, upstream: -gradient},
            "Descent subtracts the gradient later. The gradient itself has the sign of upstream.",
        ),
        FAILS_ON_AN_EMPTY_TEXT,
        Misconception(
            "checks no id",
            {"check": check_nothing},
            "A negative id would add to the last rows, and one that is too large gives IndexError."
            " Raise ValueError for both.",
        ),
        Misconception(
            "lets a negative id count from the end",
            {"check": check_largest},
            "A negative id adds to the last rows, without a sound. Raise ValueError.",
        ),
        CHECKS_FOR_NEGATIVE_IDS_ONLY,
        Misconception(
            "takes the number of rows for a valid id",
            {"check": check_up_to_size},
            "Ids run from 0 to rows - 1: the number of rows is one too many.",
        ),
        STOPS_WITH_AN_ASSERTION,
        RAISES_INDEX_ERROR,
        Misconception(
            "lets impossible ids vanish",
            by_comparison,
            "A comparison finds no row for such an id and drops its gradient, without a sound."
            " Raise ValueError.",
        ),
        Misconception(
            "accepts one gradient for all tokens",
            {"lengths": no_comparison},
            "NumPy spreads a single row of upstream over all tokens. Compare the lengths of ids and"
            " upstream, and raise ValueError if they differ.",
        ),
        Misconception(
            "checks nothing",
            {"check": check_nothing, "lengths": no_comparison},
            "Two things go wrong in silence: a negative id adds to the last rows, and a single row"
            " of upstream is spread over all tokens. Raise ValueError for ids outside the table,"
            " and where the lengths differ.",
        ),
        Misconception(
            "loops over upstream",
            {"lengths": no_comparison, "add": by_upstream},
            "With too few rows of upstream the last ids are dropped, without a sound. Compare the"
            " lengths first, and raise ValueError if they differ.",
        ),
        Misconception(
            "drops what is left over",
            {"lengths": no_comparison, "add": by_pairs},
            "zip stops at the shorter of the two, without a sound. Compare the lengths of ids and"
            " upstream, and raise ValueError if they differ.",
        ),
        Misconception(
            "does not compare the lengths",
            {"lengths": no_comparison, "add": by_position},
            "With too few rows the loop runs past the end, with too many the last are dropped,"
            " without a sound. Compare the lengths first, and raise ValueError if they differ.",
        ),
    ],
    alternatives=[gradient_by_sum, gradient_by_product, gradient_by_differences, gradient_with()],
    hints=[
        (
            "A word's vector was used at every position that holds the word. What does the chain"
            " rule do with several uses of one number?"
        ),
        (
            "Start from zeros of the table's shape. Go through the positions and add that row of"
            " upstream to the row of that word."
        ),
        (
            "np.add.at(gradient, ids, upstream) adds for every occurrence; one_hot(ids, rows).T @"
            " upstream does the same. Check ids and lengths first."
        ),
    ],
)
