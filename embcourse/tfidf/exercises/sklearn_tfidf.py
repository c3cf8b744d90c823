"""The exercise `tfidf.sklearn_tfidf`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import (
    TAKES_THE_NUMBER_OF_TERMS_FOR_N,
    documents_with,
    random_counts,
    unit_rows,
    with_gaps,
)


def sklearn_tfidf(counts):
    """The reference."""
    return reference.tfidf(counts, "scikit-learn")


def sklearn_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((random_counts(rng, 3, 4),), label="three documents")
    yield Case(
        (random_counts(rng, rng.integers(7, 10), rng.integers(11, 15)),), label="more documents"
    )
    yield Case(
        (with_gaps(rng, random_counts(rng, rng.integers(5, 8), 4)),), label="a view with gaps"
    )
    yield Case((random_counts(rng, 4, 3, empty=1),), "edge", "an empty document")
    yield Case(
        (random_counts(rng, 4, rng.integers(5, 8), absent=2),), "edge", "terms in no document"
    )
    yield Case(
        (rng.integers(1, 4, (2, 2)) + np.array([[0, 3], [0, 0]]),),
        "edge",
        "every term in every document",
    )


def sklearn_with(
    count: Callable = lambda counts: counts,
    documents: Callable = len,
    containing: Callable = documents_with,
    smooth: Callable = lambda documents, df: (1 + documents) / (1 + df),
    weigh: Callable = lambda ratio: np.log(ratio) + 1,
    finish: Callable = unit_rows,
):
    """scikit-learn's tf-idf with one part replaced."""

    def solve(counts):
        counts = np.asarray(counts)
        weights = weigh(smooth(documents(counts), containing(counts)))
        return finish(count(counts) * weights)

    return solve


def by_library(counts):
    from sklearn.feature_extraction.text import TfidfTransformer

    return TfidfTransformer().fit_transform(counts)


def relative_first(counts):
    """Dividing a row by its sum before it is scaled to length 1 changes nothing."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return unit_rows(shares * (1 + np.log1p(len(counts)) - np.log1p(documents_with(counts))))


def logarithmic(counts):
    return np.where(counts > 0, 1 + np.log(np.where(counts > 0, counts, 1)), 0.0)


def divided_by(length: Callable):
    """Rows divided by something else than their length, where it is not 0."""

    def finish(weights):
        below = length(weights)
        return weights / np.where(below == 0, 1, below)

    return finish


SKLEARN_TFIDF = Exercise(
    id="tfidf.sklearn_tfidf",
    points=2,
    reference=sklearn_tfidf,
    cases=sklearn_cases,
    variant=sklearn_with,
    misconceptions=[
        Misconception(
            "leaves the rows at their own length",
            {"finish": lambda weights: weights},
            "scikit-learn divides every row by its Euclidean length as the last step.",
        ),
        Misconception(
            "leaves out the 1 after the logarithm",
            {"weigh": np.log},
            "ln(...) + 1: without the 1, a word in every document would weigh nothing.",
        ),
        Misconception(
            "adds the 1 inside the logarithm",
            {"weigh": np.log1p},
            "The 1 is added after the logarithm: ln(...) + 1.",
        ),
        Misconception(
            "adds 1 to df only",
            {"smooth": lambda documents, df: documents / (1 + df)},
            "The extra document is counted on both sides of the fraction: 1 + N above, 1 + df"
            " below.",
        ),
        Misconception(
            "adds 1 to N only",
            {"smooth": lambda documents, df: (1 + documents) / np.maximum(df, 1)},
            "The extra document is counted on both sides of the fraction: 1 + N above, 1 + df"
            " below.",
        ),
        Misconception(
            "does not smooth",
            {"smooth": lambda documents, df: documents / np.maximum(df, 1)},
            "The default is smooth_idf=True: ln((1 + N) / (1 + df)) + 1.",
        ),
        Misconception(
            "uses the textbook's idf",
            {"smooth": lambda documents, df: documents / np.maximum(df, 1), "weigh": np.log},
            "scikit-learn's default is ln((1 + N) / (1 + df)) + 1, with both 1s inside and the one"
            " after.",
        ),
        Misconception(
            "takes the logarithm to base 10",
            {"weigh": lambda ratio: np.log10(ratio) + 1},
            "ln is the natural logarithm. With the 1 added to it, the base changes more than the"
            " scale.",
        ),
        Misconception(
            "takes the logarithm to base 2",
            {"weigh": lambda ratio: np.log2(ratio) + 1},
            "ln is the natural logarithm. With the 1 added to it, the base changes more than the"
            " scale.",
        ),
        Misconception(
            "counts occurrences in the idf",
            {"containing": lambda counts: counts.sum(axis=0)},
            "df counts documents: however often a word stands in one document, that document counts"
            " once.",
        ),
        TAKES_THE_NUMBER_OF_TERMS_FOR_N,
        Misconception(
            "takes logarithms of the counts",
            {"count": logarithmic},
            "That is sublinear_tf=True. The default takes the raw count.",
        ),
        Misconception(
            "counts only whether a term stands there",
            {"count": lambda counts: counts > 0},
            "That is binary=True. The default takes the raw count.",
        ),
        Misconception(
            "makes rows sum to 1",
            {"finish": divided_by(lambda weights: weights.sum(axis=1, keepdims=True))},
            'norm="l2" divides by the square root of the sum of squares, not by the sum.',
        ),
        Misconception(
            "divides by the sum of squares",
            {"finish": divided_by(lambda weights: (weights**2).sum(axis=1, keepdims=True))},
            "The sum of squares is the length squared: take its root.",
        ),
        Misconception(
            "divides by the largest weight",
            {"finish": divided_by(lambda weights: weights.max(axis=1, keepdims=True))},
            "The Euclidean length is asked for: the square root of the sum of squares.",
        ),
        Misconception(
            "divides everything by the length of the whole matrix",
            {"finish": divided_by(np.linalg.norm)},
            "Each row gets a length of its own: norm along axis 1.",
        ),
        Misconception(
            "normalises columns",
            {"finish": lambda weights: unit_rows(weights.T).T},
            "Documents are rows, and documents are what gets length 1.",
        ),
        Misconception(
            "scales rows before the idf is multiplied in",
            {"count": unit_rows, "finish": lambda rows: rows},
            "Weigh first, then scale: the rows that are returned must have length 1.",
        ),
        Misconception(
            "divides zero by zero for an empty document",
            {"finish": lambda weights: weights / np.linalg.norm(weights, axis=1, keepdims=True)},
            "A row of zeros has length 0. It stays zero.",
        ),
    ],
    alternatives=[by_library, sklearn_with(), relative_first],
    hints=[
        "Three steps: raw counts, times a smoothed idf, rows to length 1.",
        "The smoothed idf is ln((1 + N) / (1 + df)) + 1, finite for every term.",
        (
            "Divide each row by np.linalg.norm(weights, axis=1, keepdims=True), and leave rows of"
            " zeros alone."
        ),
    ],
)
