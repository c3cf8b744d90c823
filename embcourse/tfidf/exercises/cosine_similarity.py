"""The exercise `tfidf.cosine_similarity`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.sklearn_tfidf import unit_rows


def cosine_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[3.0, 4.0]]), np.array([[4.0, 3.0], [-3.0, -4.0]])), label="small rows")
    a, b = rng.normal(size=(5, 9)), rng.normal(size=(7, 9))
    yield Case((a, b), label="random rows", tolerance=Tolerance(operations=32, scale=1.0))
    yield Case((a[:, ::2], b[:, ::2]), label="a view with gaps", tolerance=Tolerance(operations=32, scale=1.0))
    yield Case((np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 0.0]])), "edge", "a row of zeros")
    yield Case((np.zeros((0, 3)), np.ones((2, 3))), "edge", "no rows")
    yield Case((np.array([[2.0]]), np.array([[-5.0]])), "edge", "one dimension")
    yield Case((np.array([[3e200, 4e200]]), np.array([[4e-200, 3e-200]])), "stability", "entries of 1e200 and 1e-200")


def scaled(rows):
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    return rows / np.where(largest == 0, 1, largest)


def cosine_dot(a, b):
    return a @ b.T


def cosine_one_side(a, b):
    return unit_rows(scaled(a)) @ b.T


def cosine_squared_lengths(a, b):
    a, b = scaled(a), scaled(b)
    below = (a ** 2).sum(axis=1)[:, None] * (b ** 2).sum(axis=1)[None, :]
    return a @ b.T / np.where(below == 0, 1, below)


def cosine_undefined(a, b):
    a, b = scaled(a), scaled(b)
    return a @ b.T / (np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :])


def cosine_overflowing(a, b):
    return unit_rows(a) @ unit_rows(b).T


def cosine_by_pairs(a, b):
    result = np.zeros((len(a), len(b)))
    for i, row in enumerate(scaled(a)):
        for j, other in enumerate(scaled(b)):
            below = np.sqrt(row @ row) * np.sqrt(other @ other)
            result[i, j] = row @ other / below if below else 0.0
    return result


def cosine_by_einsum(a, b):
    return np.einsum("id,jd->ij", unit_rows(scaled(a)), unit_rows(scaled(b)))


COSINE_SIMILARITY = Exercise(
    id="tfidf.cosine_similarity", points=2,
    reference=reference.cosine_similarity,
    cases=cosine_cases,
    misconceptions=[
        Misconception("stops at the dot product", cosine_dot,
                      "The dot product grows with the length of both rows. Divide by both lengths."),
        Misconception("scales one side only", cosine_one_side,
                      "Both rows must have length 1. Scaling one leaves the ranking for one query right and the "
                      "numbers wrong."),
        Misconception("divides by squared lengths", cosine_squared_lengths,
                      "The sum of squares is the length squared: take its root."),
        Misconception("divides by the length of a zero row", cosine_undefined,
                      "A row of zeros has no direction; define its cosine as 0 instead of NaN."),
        Misconception("squares before scaling", cosine_overflowing,
                      "(1e200)² does not fit into a float64, and (1e-200)² is 0. Divide each row by its largest "
                      "absolute entry first: its direction stays the same."),
    ],
    alternatives=[cosine_by_pairs, cosine_by_einsum],
    hints=["Make every row of both matrices a unit vector; what is then left to do?",
           "Rows of zeros need a divisor other than 0. Very large entries must be made smaller before they are "
           "squared.",
           "For each matrix: divide rows by their largest absolute entry (or 1), then by their norm (or 1). Then "
           "return a @ b.T."],
)
