"""The exercise `tfidf.idf`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import random_counts


def idf_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1], [1, 0]]),), label="two documents")
    yield Case((random_counts(rng, 10, 13),), label="ten documents")
    yield Case((random_counts(rng, 12, 9)[::2, ::2],), label="a view with gaps")
    yield Case((np.array([[3, 0, 1]]),), "edge", "one document")
    yield Case((np.array([[1, 4], [2, 0], [9, 0]]),), "edge", "a term in every document")
    yield Case((np.array([[1, 0], [2, 0]]),), "edge", "a term in none")
    yield Case((np.zeros((4, 0), int),), "edge", "no terms")
    yield Case((np.zeros((0, 2), int),), "errors", "no documents", raises=ValueError)
    yield Case((np.array([[1, -1], [2, 0]]),), "errors", "a negative count", raises=ValueError)


def require_documents(counts):
    counts = np.asarray(counts)
    if len(counts) == 0 or (counts < 0).any():
        raise ValueError("counts must hold a document and no negative number")
    return counts


def idf_occurrences(counts):
    counts = require_documents(counts)
    return np.log(len(counts) / counts.sum(axis=0))


def idf_upside_down(counts):
    counts = require_documents(counts)
    return np.log((counts > 0).sum(axis=0) / len(counts))


def idf_decimal(counts):
    counts = require_documents(counts)
    return np.log10(len(counts) / (counts > 0).sum(axis=0))


def idf_binary(counts):
    counts = require_documents(counts)
    return np.log2(len(counts) / (counts > 0).sum(axis=0))


def idf_no_logarithm(counts):
    counts = require_documents(counts)
    return len(counts) / (counts > 0).sum(axis=0)


def idf_plus_one(counts):
    counts = require_documents(counts)
    return np.log(len(counts) / (1 + (counts > 0).sum(axis=0)))


def idf_documents_of_rows(counts):
    counts = require_documents(counts)
    return np.log(counts.shape[1] / (counts > 0).sum(axis=0))


def idf_unchecked(counts):
    return np.log(len(counts) / (np.asarray(counts) > 0).sum(axis=0))


def idf_difference_of_logs(counts):
    counts = require_documents(counts)
    return np.log(len(counts)) - np.log(np.count_nonzero(counts, axis=0))


def idf_column_by_column(counts):
    counts = require_documents(counts)
    values = []
    for column in counts.T:
        containing = sum(1 for count in column if count > 0)
        values.append(float(np.log(len(counts) / containing)) if containing else float("inf"))
    return np.array(values)


IDF = Exercise(
    id="tfidf.idf", points=2,
    reference=reference.idf,
    cases=idf_cases,
    misconceptions=[
        Misconception("counts occurrences, not documents", idf_occurrences,
                      "df counts documents: however often a word stands in one document, that document counts once."),
        Misconception("turns the fraction upside down", idf_upside_down,
                      "A rare word must weigh more, and no weight is negative: N goes above df."),
        Misconception("takes the logarithm to base 10", idf_decimal,
                      "ln is the natural logarithm, np.log. Base 10 scales every weight by 0.434."),
        Misconception("takes the logarithm to base 2", idf_binary,
                      "ln is the natural logarithm, np.log. Base 2 scales every weight by 1.443."),
        Misconception("leaves out the logarithm", idf_no_logarithm,
                      "N / df grows without measure for rare words. Its logarithm is asked for."),
        Misconception("adds one to df", idf_plus_one,
                      "This guards against df = 0 but makes the weight of a word in every document negative. Here a "
                      "word in no document has weight inf."),
        Misconception("takes the number of terms for N", idf_documents_of_rows,
                      "N is the number of documents: rows, not columns."),
        Misconception("accepts impossible input", idf_unchecked,
                      "Without documents there is no idf, and no word occurs -1 times: raise ValueError."),
    ],
    alternatives=[idf_difference_of_logs, idf_column_by_column],
    hints=["Which axis of `counts` runs over documents? Count along it.",
           "`counts > 0` is True where a document contains a term. Sum it over documents to get df.",
           "Check the input, then return np.log(N / df). numpy's division by zero gives the inf that is asked for; "
           "np.errstate(divide=\"ignore\") keeps it quiet."],
)
