"""The exercise `one_hot.pairwise_distances`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception


def pairwise_distances(rows):
    """Euclidean distance of every row to every row, (n, n) float64."""
    rows = np.asarray(rows, dtype=np.float64)
    return np.sqrt(((rows[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2))


def distance_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 0.0], [3.0, 4.0]]),), label="two points")
    yield Case((np.eye(4),), label="one-hot rows")
    yield Case((rng.integers(-9, 10, (6, 5)).astype(float),), label="six points")
    yield Case((rng.integers(-9, 10, (5, 8)).astype(float)[:, ::2],), label="a view with gaps")
    yield Case((np.array([[7.0, -1.0, 2.0]]),), "edge", "one row")
    yield Case((np.zeros((0, 3)),), "edge", "no rows")
    yield Case((np.array([[0.5, -2.0], [0.5, -2.0]]),), "edge", "equal rows")
    # Whole numbers below 2**53, so differences are exact; but their squares, near 1e18, are not.
    yield Case((1e9 + rng.integers(100, 1000, (4, 3)).cumsum(axis=0),), "stability", "close together but far from 0")


def distances_squared(rows):
    return ((rows[:, None] - rows[None]) ** 2).sum(axis=2)


def distances_city_block(rows):
    return np.abs(rows[:, None] - rows[None]).sum(axis=2)


def distances_hamming(rows):
    return (rows[:, None] != rows[None]).sum(axis=2).astype(float)


def distances_cosine(rows):
    lengths = np.linalg.norm(rows, axis=1)
    product = lengths[:, None] * lengths[None, :]
    return 1 - rows @ rows.T / np.where(product == 0, 1, product)


def distances_root_of_sum(rows):
    """The root inside the sum: every term becomes an absolute difference, and the mean of them is taken."""
    return np.abs(rows[:, None] - rows[None]).mean(axis=2) if rows.size else np.zeros((len(rows), len(rows)))


def distances_expanded(rows):
    squares = (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0))


def distances_by_scipy(rows):
    from scipy.spatial.distance import cdist
    return cdist(rows, rows)


def distances_by_loops(rows):
    points = np.asarray(rows).tolist()
    return np.array([[math.dist(one, other) for other in points] for one in points]).reshape(len(points), len(points))


PAIRWISE_DISTANCES = Exercise(
    id="one_hot.pairwise_distances", points=2,
    reference=pairwise_distances,
    cases=distance_cases,
    misconceptions=[
        Misconception("leaves out the square root", distances_squared,
                      "The sum of squares is the distance squared. For one-hot rows it is 2, the distance is √2."),
        Misconception("adds absolute differences", distances_city_block,
                      "That is the city-block distance. Euclid squares the differences, adds them and takes the root."),
        Misconception("averages absolute differences", distances_root_of_sum,
                      "Square the differences, add them up over the columns, then take one root."),
        Misconception("counts the places that differ", distances_hamming,
                      "That is the Hamming distance, 2 for any two one-hot rows. How far the entries are apart "
                      "counts too."),
        Misconception("computes 1 − cosine", distances_cosine,
                      "The cosine looks at directions only. The distance looks at where the points are."),
        Misconception("expands the square", distances_expanded,
                      "|x|² + |y|² − 2 x·y is right on paper. For close points far from 0 it subtracts huge equal "
                      "numbers and the digits that matter are gone. Subtract the rows first, then square."),
    ],
    alternatives=[distances_by_scipy, distances_by_loops],
    hints=["First all the differences between two rows, then one number for each pair.",
           "rows[:, None, :] has shape (n, 1, d), rows[None, :, :] has (1, n, d). What is the shape of their "
           "difference?",
           "Square the (n, n, d) array of differences, sum over the last axis, take np.sqrt of the (n, n) result."],
)
