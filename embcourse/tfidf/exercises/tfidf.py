"""The exercise `tfidf.tfidf`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import (
    documents_with,
    random_counts,
    relative,
    unit_rows,
    with_gaps,
)


def tfidf(counts):
    """The reference."""
    return reference.tfidf(counts, "textbook")


def tfidf_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((random_counts(rng, 3, 4),), label="three documents")
    yield Case(
        (random_counts(rng, rng.integers(8, 11), rng.integers(12, 16)),), label="more documents"
    )
    yield Case(
        (with_gaps(rng, random_counts(rng, rng.integers(5, 8), 4)),), label="a view with gaps"
    )
    yield Case((random_counts(rng, 4, 3, empty=1),), "edge", "an empty document")
    yield Case(
        (random_counts(rng, 4, rng.integers(5, 8), absent=2),), "edge", "terms in no document"
    )
    yield Case(
        (random_counts(rng, 3, rng.integers(4, 7), everywhere=1),),
        "edge",
        "a term in every document",
    )
    yield Case((random_counts(rng, 1, rng.integers(3, 6)),), "edge", "one document")


def finite_idf(counts):
    return np.log(len(counts) / np.maximum(documents_with(counts), 1))


def tfidf_with(
    tf: Callable = relative,
    idf: Callable = finite_idf,
    combine: Callable = np.multiply,
    finish: Callable = lambda weights: weights,
):
    """tf times idf with one part replaced."""

    def solve(counts):
        counts = np.asarray(counts)
        return finish(combine(tf(counts), idf(counts)))

    return solve


def where_present(counts):
    counts = np.asarray(counts, dtype=float)
    weights = np.zeros_like(counts)
    for row, column in np.argwhere(counts > 0):
        df = sum(1 for count in counts[:, column] if count)
        weights[row, column] = (
            counts[row, column] / counts[row].sum() * (np.log(len(counts)) - np.log(df))
        )
    return weights


def logarithmic(counts):
    return np.where(counts > 0, 1 + np.log(np.where(counts > 0, counts, 1)), 0.0)


def idf_of_rows(counts):
    return finite_idf(counts)[:, None]


TFIDF = Exercise(
    id="tfidf.tfidf",
    points=2,
    reference=tfidf,
    cases=tfidf_cases,
    variant=tfidf_with,
    misconceptions=[
        Misconception(
            "takes raw counts for tf",
            {"tf": lambda counts: counts},
            "Here tf is relative: count divided by the length of the document.",
        ),
        Misconception(
            "takes logarithms of the counts for tf",
            {"tf": logarithmic},
            "Here tf is relative: count divided by the length of the document, without a"
            " logarithm.",
        ),
        Misconception(
            "counts only whether a term stands there",
            {"tf": lambda counts: (counts > 0) / np.maximum(counts.sum(axis=1, keepdims=True), 1)},
            "Repeats count: a term that stands twice has twice the tf.",
        ),
        Misconception(
            "forgets the idf",
            {"idf": lambda counts: np.ones(counts.shape[1])},
            "A word that stands in every document must get weight 0, however often it occurs.",
        ),
        Misconception(
            "forgets the tf",
            {"tf": lambda counts: (counts > 0).astype(float)},
            "How often a term stands in the document counts too, as a share of the document's"
            " length.",
        ),
        Misconception(
            "divides by the largest count",
            {
                "tf": lambda counts: (
                    counts / np.maximum(counts.max(axis=1, keepdims=True, initial=0), 1)
                )
            },
            "Relative tf divides by the length of the document, the sum of its row.",
        ),
        Misconception(
            "smooths the idf without adding 1 afterwards",
            {"idf": lambda counts: np.log((1 + len(counts)) / (1 + documents_with(counts)))},
            "Here the idf is the plain ln(N / df).",
        ),
        Misconception(
            "divides by the size of the whole corpus",
            {"tf": lambda counts: counts / counts.sum()},
            "Each document is measured against its own length.",
        ),
        Misconception(
            "multiplies zero by infinity",
            {"idf": lambda counts: np.log(len(counts) / documents_with(counts))},
            "A term in no document has tf 0 and idf inf. 0 × inf is NaN; an absent term weighs 0.",
        ),
        Misconception(
            "divides zero by zero for an empty document",
            {"tf": lambda counts: counts / counts.sum(axis=1, keepdims=True)},
            "A document without tokens has length 0. Its weights are 0.",
        ),
        Misconception(
            "adds instead of multiplying",
            {"combine": lambda tf, idf: np.where(tf > 0, tf + idf, 0.0)},
            "A word with idf 0 must get weight 0 however often it occurs: only a product does"
            " that.",
        ),
        Misconception(
            "counts occurrences in the idf",
            {"idf": lambda counts: np.log(len(counts) / np.maximum(counts.sum(axis=0), 1))},
            "df counts documents. Use the idf that you wrote before.",
        ),
        Misconception(
            "adds 1 to the idf",
            {"idf": lambda counts: finite_idf(counts) + 1},
            "scikit-learn adds 1. With the textbook's idf a word in every document weighs 0.",
        ),
        Misconception(
            "smooths the idf as scikit-learn does",
            {"idf": lambda counts: np.log((1 + len(counts)) / (1 + documents_with(counts))) + 1},
            "That is the next exercise. Here the idf is ln(N / df).",
        ),
        Misconception(
            "adds one to df",
            {"idf": lambda counts: np.log(len(counts) / (1 + documents_with(counts)))},
            "That makes the weight of a word in every document negative. Here the idf is ln(N /"
            " df).",
        ),
        Misconception(
            "takes the number of terms for N",
            {"idf": lambda counts: np.log(counts.shape[1] / np.maximum(documents_with(counts), 1))},
            "N is the number of documents: rows, not columns.",
        ),
        Misconception(
            "takes the logarithm to base 10",
            {"idf": lambda counts: finite_idf(counts) / np.log(10)},
            "ln is the natural logarithm. Base 10 scales every weight by 0.434.",
        ),
        Misconception(
            "takes the logarithm to base 2",
            {"idf": lambda counts: finite_idf(counts) / np.log(2)},
            "ln is the natural logarithm. Base 2 scales every weight by 1.443.",
        ),
        Misconception(
            "lets the idf run down the documents",
            {"idf": idf_of_rows},
            "The idf has one number a term: it runs along the columns.",
        ),
        Misconception(
            "scales every row to length 1",
            {"finish": unit_rows},
            "That is what scikit-learn does afterwards. The textbook weight is the bare product.",
        ),
        Misconception(
            "takes the square of the idf",
            {"combine": lambda tf, idf: tf * idf**2},
            "The idf enters a weight once.",
        ),
    ],
    alternatives=[where_present, tfidf_with()],
    hints=[
        "Two functions that you have already written give the two factors.",
        (
            "Broadcasting multiplies every row of tf by idf. Which entries become NaN, and what"
            " should they be?"
        ),
        (
            "idf is inf only for a column that is all zeros. Set those products to 0, e.g. with"
            " np.where(tf > 0, ..., 0)."
        ),
    ],
)
