"""The exercise `tfidf.sklearn_tfidf`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import random_counts
from embcourse.tfidf.exercises.term_frequency import tf_guarded


def sklearn_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1], [1, 0]]),), label="two documents")
    yield Case((random_counts(rng, 8, 12),), label="eight documents")
    yield Case((random_counts(rng, 10, 6)[:, ::2],), label="a view with gaps")
    yield Case((np.array([[0, 0], [1, 3]]),), "edge", "an empty document")
    yield Case((np.array([[1, 0], [2, 0]]),), "edge", "a term in no document")
    yield Case((np.array([[2, 2], [1, 1]]),), "edge", "every term in every document")


def unit_rows(weights):
    lengths = np.sqrt((weights ** 2).sum(axis=1, keepdims=True))
    return weights / np.where(lengths == 0, 1, lengths)


def sklearn_unnormalised(counts):
    df = np.count_nonzero(counts, axis=0)
    return counts * (np.log((1 + len(counts)) / (1 + df)) + 1)


def sklearn_no_outer_one(counts):
    df = np.count_nonzero(counts, axis=0)
    return unit_rows(counts * np.log((1 + len(counts)) / (1 + df)))


def sklearn_half_smoothed(counts):
    df = np.count_nonzero(counts, axis=0)
    return unit_rows(counts * (np.log(len(counts) / (1 + df)) + 1))


def sklearn_unsmoothed(counts):
    df = np.maximum(np.count_nonzero(counts, axis=0), 1)
    return unit_rows(counts * (np.log(len(counts) / df) + 1))


def sklearn_l1(counts):
    weights = sklearn_unnormalised(counts)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)


def sklearn_columns(counts):
    return unit_rows(sklearn_unnormalised(counts).T).T


def sklearn_by_library(counts):
    from sklearn.feature_extraction.text import TfidfTransformer
    return TfidfTransformer().fit_transform(counts)


def sklearn_relative_first(counts):
    """Dividing a row by its sum before it is scaled to length 1 changes nothing."""
    df = (counts > 0).sum(axis=0)
    return unit_rows(tf_guarded(counts) * (1 + np.log1p(len(counts)) - np.log1p(df)))


SKLEARN_TFIDF = Exercise(
    id="tfidf.sklearn_tfidf", points=2,
    reference=lambda counts: reference.tfidf(counts, "scikit-learn"),
    cases=sklearn_cases,
    misconceptions=[
        Misconception("leaves the rows at their own length", sklearn_unnormalised,
                      "scikit-learn divides every row by its Euclidean length as the last step."),
        Misconception("leaves out the 1 after the logarithm", sklearn_no_outer_one,
                      "ln(...) + 1: without the 1, a word in every document would weigh nothing."),
        Misconception("adds 1 to df only", sklearn_half_smoothed,
                      "The extra document is counted on both sides of the fraction: 1 + N above, 1 + df below."),
        Misconception("does not smooth", sklearn_unsmoothed,
                      "The default is smooth_idf=True: ln((1 + N) / (1 + df)) + 1."),
        Misconception("makes rows sum to 1", sklearn_l1,
                      "norm=\"l2\" divides by the square root of the sum of squares, not by the sum."),
        Misconception("normalises columns", sklearn_columns,
                      "Documents are rows, and documents are what gets length 1."),
    ],
    alternatives=[sklearn_by_library, sklearn_relative_first],
    hints=["Three steps: raw counts, times a smoothed idf, rows to length 1.",
           "The smoothed idf is ln((1 + N) / (1 + df)) + 1, finite for every term.",
           "Divide each row by np.linalg.norm(weights, axis=1, keepdims=True), and leave rows of zeros alone."],
)
