"""The exercise `tfidf.tfidf`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import random_counts
from embcourse.tfidf.exercises.term_frequency import tf_guarded


def tfidf_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1, 1], [2, 0]]),), label="two documents")
    yield Case((random_counts(rng, 9, 14),), label="nine documents")
    yield Case((random_counts(rng, 8, 12)[::2, ::3],), label="a view with gaps")
    yield Case((np.array([[0, 0], [1, 3]]),), "edge", "an empty document")
    yield Case((np.array([[1, 0], [2, 0], [0, 0]]),), "edge", "a term in no document")
    yield Case((np.array([[4, 1]]),), "edge", "one document")


def tfidf_raw(counts):
    return np.nan_to_num(np.asarray(counts) * finite_idf(counts))


def finite_idf(counts):
    df = (np.asarray(counts) > 0).sum(axis=0)
    return np.log(len(counts) / np.maximum(df, 1))


def tfidf_nan(counts):
    return tf_guarded(np.asarray(counts)) * np.log(len(counts) / (np.asarray(counts) > 0).sum(axis=0))


def tfidf_sum(counts):
    tf = tf_guarded(np.asarray(counts))
    return np.where(tf > 0, tf + finite_idf(counts), 0.0)


def tfidf_idf_by_occurrence(counts):
    counts = np.asarray(counts)
    return tf_guarded(counts) * np.log(len(counts) / np.maximum(counts.sum(axis=0), 1))


def tfidf_normalised(counts):
    weights = tf_guarded(np.asarray(counts)) * finite_idf(counts)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths == 0, 1, lengths)


def tfidf_where_present(counts):
    counts = np.asarray(counts, dtype=float)
    weights = np.zeros_like(counts)
    for row, column in np.argwhere(counts > 0):
        df = np.count_nonzero(counts[:, column])
        weights[row, column] = counts[row, column] / counts[row].sum() * np.log(len(counts) / df)
    return weights


def tfidf_two_factors(counts):
    return tf_guarded(np.asarray(counts)) * finite_idf(counts)


TFIDF = Exercise(
    id="tfidf.tfidf", points=2,
    reference=lambda counts: reference.tfidf(counts, "textbook"),
    cases=tfidf_cases,
    misconceptions=[
        Misconception("takes raw counts for tf", tfidf_raw,
                      "Here tf is relative: count divided by the length of the document."),
        Misconception("multiplies zero by infinity", tfidf_nan,
                      "A term in no document has tf 0 and idf inf. 0 × inf is NaN; the weight of an absent term is 0."),
        Misconception("adds instead of multiplying", tfidf_sum,
                      "A word with idf 0 must get weight 0 however often it occurs: only a product does that."),
        Misconception("counts occurrences in the idf", tfidf_idf_by_occurrence,
                      "df counts documents. Use the idf that you wrote before."),
        Misconception("scales every row to length 1", tfidf_normalised,
                      "That is what scikit-learn does afterwards. The textbook weight is the bare product."),
    ],
    alternatives=[tfidf_where_present, tfidf_two_factors],
    hints=["Two functions that you have already written give the two factors.",
           "Broadcasting multiplies every row of tf by idf. Which entries become NaN, and what should they be?",
           "idf is inf only for a column that is all zeros. Set those products to 0, e.g. with np.where(tf > 0, ..., "
           "0)."],
)
