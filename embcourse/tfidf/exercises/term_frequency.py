"""The exercise `tfidf.term_frequency`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import random_counts, with_gaps


def term_frequency(counts):
    """The reference."""
    return reference.term_frequency(counts, "relative")


def term_frequency_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((random_counts(rng, 2, 3),), label="two documents")
    yield Case(
        (random_counts(rng, rng.integers(6, 9), rng.integers(10, 14)),), label="more documents"
    )
    size = int(rng.integers(4, 7))
    yield Case((random_counts(rng, size, size),), label="as many documents as terms")
    yield Case((with_gaps(rng, random_counts(rng, 3, 5)),), label="a view with gaps")
    yield Case((random_counts(rng, 3, 4, empty=1),), "edge", "an empty document")
    yield Case(
        (random_counts(rng, rng.integers(5, 8), 8, empty=3),), "edge", "several empty documents"
    )
    yield Case((np.array([[rng.integers(2, 50)]]),), "edge", "one document, one term")
    yield Case((np.zeros((0, rng.integers(2, 30)), int),), "edge", "no documents")


def length_of_rows(counts):
    return counts.sum(axis=1, keepdims=True)


def term_frequency_with(
    count: Callable = lambda counts: counts,
    length: Callable = length_of_rows,
    guard: Callable = lambda lengths: np.where(lengths == 0, 1, lengths),
    divide: Callable = np.divide,
    finish: Callable = lambda tf: tf,
):
    """Count / length with one part replaced."""

    def solve(counts):
        return finish(divide(count(counts), guard(length(counts))))

    return solve


def by_rows(counts):
    rows = []
    for row in np.asarray(counts):
        total = int(row.sum())
        rows.append([int(count) / total if total else 0.0 for count in row])
    return np.array(rows, float).reshape(np.shape(counts))


def by_library(counts):
    from sklearn.preprocessing import normalize

    return (
        normalize(np.asarray(counts, float), norm="l1")
        if len(counts)
        else np.zeros(np.shape(counts))
    )


def logarithmic(counts):
    return np.where(counts > 0, 1 + np.log(np.where(counts > 0, counts, 1)), 0.0)


TERM_FREQUENCY = Exercise(
    id="tfidf.term_frequency",
    points=1,
    reference=term_frequency,
    cases=term_frequency_cases,
    variant=term_frequency_with,
    misconceptions=[
        Misconception(
            "divides by the size of the whole corpus",
            {"length": lambda counts: counts.sum()},
            "Each document is measured against its own length: every non-empty row must sum to 1.",
        ),
        Misconception(
            "divides by the column's total",
            {"length": lambda counts: counts.sum(axis=0)},
            "Rows are documents. Sum along a row to get the length of that document.",
        ),
        Misconception(
            "divides by the largest count",
            {"length": lambda counts: counts.max(axis=1, keepdims=True, initial=0)},
            "That is close to the augmented variant. Relative term frequency divides by the number"
            " of tokens.",
        ),
        Misconception(
            "divides by the number of distinct terms",
            {"length": lambda counts: (counts > 0).sum(axis=1, keepdims=True)},
            "The length of a document counts every token, repeats included.",
        ),
        Misconception(
            "divides by the number of terms in the vocabulary",
            {"length": lambda counts: np.full((len(counts), 1), counts.shape[1])},
            "The length of a document is the number of its tokens, not the number of columns.",
        ),
        Misconception(
            "divides zero by zero for an empty document",
            {"guard": lambda lengths: lengths},
            "A document without tokens has length 0. Its term frequencies are defined as 0.",
        ),
        Misconception(
            "lets the lengths run along the wrong axis",
            {"length": lambda counts: counts.sum(axis=1)},
            "The lengths have shape (documents,), and broadcasting lays them along the terms. They"
            " must run down the documents: shape (documents, 1).",
        ),
        Misconception(
            "adds 1 to every length",
            {"guard": lambda lengths: lengths + 1},
            "That avoids 0 / 0, but now no row sums to 1. Only an empty document needs another"
            " divisor.",
        ),
        Misconception(
            "adds a small constant to every length",
            {"guard": lambda lengths: lengths + 1e-9},
            "That avoids 0 / 0, but changes every other number a little. Only an empty document"
            " needs another divisor.",
        ),
        Misconception(
            "divides whole numbers and drops the rest",
            {"divide": np.floor_divide},
            "A share is a fraction: `//` rounds it down to 0.",
        ),
        Misconception(
            "counts only whether a term stands there",
            {"count": lambda counts: counts > 0},
            "Repeats count: a term that stands twice fills twice the share.",
        ),
        Misconception(
            "takes logarithms of the counts",
            {"count": logarithmic},
            "Here tf is the plain share: count divided by length. The logarithm belongs to another"
            " variant.",
        ),
        Misconception(
            "gives percentages",
            {"finish": lambda tf: 100 * tf},
            "A share of the whole is asked for: every non-empty row sums to 1, not to 100.",
        ),
    ],
    alternatives=[by_rows, term_frequency_with(), by_library],
    hints=[
        "What must every row sum to?",
        "Divide each row by its own sum; `keepdims=True` keeps the shape right for broadcasting.",
        (
            "Let `lengths = counts.sum(axis=1, keepdims=True)`; where it is 0 divide by 1 instead,"
            " as 0 / 1 is 0."
        ),
    ],
)
