"""The exercise `tfidf.term_frequency`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import random_counts


def term_frequency_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1, 1], [0, 3, 1]]),), label="two documents")
    yield Case((random_counts(rng, 7, 11),), label="seven documents")
    yield Case((random_counts(rng, 6, 10)[::2, ::2],), label="a view with gaps")
    yield Case((np.array([[0, 0], [1, 3]]),), "edge", "an empty document")
    yield Case((np.array([[5]]),), "edge", "one document, one term")
    yield Case((np.zeros((0, 3), int),), "edge", "no documents")


def tf_corpus_total(counts):
    return counts / max(counts.sum(), 1)


def tf_column_total(counts):
    return counts / np.maximum(counts.sum(axis=0), 1)


def tf_largest(counts):
    return counts / np.maximum(counts.max(axis=1, keepdims=True, initial=0), 1)


def tf_distinct(counts):
    return counts / np.maximum((counts > 0).sum(axis=1, keepdims=True), 1)


def tf_undefined(counts):
    return counts / counts.sum(axis=1, keepdims=True)


def tf_by_rows(counts):
    rows = []
    for row in np.asarray(counts):
        total = int(row.sum())
        rows.append([count / total if total else 0.0 for count in row])
    return np.array(rows).reshape(np.shape(counts))


def tf_guarded(counts):
    lengths = counts.sum(axis=1, keepdims=True)
    return np.nan_to_num(counts / np.where(lengths == 0, 1, lengths))


TERM_FREQUENCY = Exercise(
    id="tfidf.term_frequency", points=1,
    reference=lambda counts: reference.term_frequency(counts, "relative"),
    cases=term_frequency_cases,
    misconceptions=[
        Misconception("divides by the size of the whole corpus", tf_corpus_total,
                      "Each document is measured against its own length: every non-empty row must sum to 1."),
        Misconception("divides by the column's total", tf_column_total,
                      "Rows are documents. Sum along a row to get the length of that document."),
        Misconception("divides by the largest count", tf_largest,
                      "That is close to the augmented variant. Relative term frequency divides by the number of "
                      "tokens."),
        Misconception("divides by the number of distinct terms", tf_distinct,
                      "The length of a document counts every token, repeats included."),
        Misconception("divides zero by zero for an empty document", tf_undefined,
                      "A document without tokens has length 0. Its term frequencies are defined as 0."),
    ],
    alternatives=[tf_by_rows, tf_guarded],
    hints=["What must every row sum to?",
           "Divide each row by its own sum; `keepdims=True` keeps the shape right for broadcasting.",
           "Let `lengths = counts.sum(axis=1, keepdims=True)`; where it is 0 divide by 1 instead, as 0 / 1 is 0."],
)
