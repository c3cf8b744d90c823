"""The exercise `one_hot.pairwise_distances`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception


def pairwise_distances(rows):
    """Euclidean distance of every row to every row, (n, n) float64."""
    rows = np.asarray(rows, dtype=np.float64)
    return np.sqrt(((rows[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2))


# legs of triangles whose hypotenuse is whole
TRIPLES = ((3, 4), (5, 12), (8, 15), (7, 24), (20, 21))


def distance_cases(rng: np.random.Generator) -> Iterator[Case]:
    start = rng.integers(-9, 10, 2).astype(float)
    legs = np.array(TRIPLES[rng.integers(len(TRIPLES))]) * rng.choice([-1, 1], 2)
    yield Case((np.array([start, start + legs]),), label="two points")
    words = rng.integers(0, 6, 4)
    words[3] = words[0]
    yield Case((np.eye(6)[words],), label="one-hot rows")
    # Quarters: their squares and sums are exact, so that nothing but far points asks for care.
    yield Case((rng.integers(-40, 41, (6, 5)) / 4,), label="six points")
    yield Case((rng.integers(-40, 41, (4, 12))[:, ::2] / 4,), label="four points in six dimensions")
    yield Case(((rng.integers(-40, 41, (5, 8)) / 4)[:, ::2],), label="a view with gaps")
    yield Case(
        (rng.integers(-9, 10, (1, int(rng.integers(2, 5)))).astype(float),), "edge", "one row"
    )
    yield Case((np.zeros((0, int(rng.integers(1, 9)))),), "edge", "no rows")
    yield Case((rng.integers(-40, 41, (int(rng.integers(3, 6)), 1)) / 4,), "edge", "one column")
    twice = rng.integers(-40, 41, (3, 3)) / 4
    twice[2] = twice[0]
    yield Case((twice,), "edge", "equal rows")
    # The squares of such numbers need more than 53 bits, whatever the order of the operations, so
    # that the expanded square comes out as 0 in any program. Their differences are exact.
    far = rng.choice([-1.0, 1.0]) * 2.0 ** int(rng.integers(40, 45))
    near = np.sign(far) * rng.integers(100, 1000, (4, 2)).cumsum(axis=0)
    yield Case((far + near,), "stability", "close together but far from 0")
    # Here the squares are exact in float64, but float32 has steps of 4.
    rest = rng.permutation([1, 2, 3])  # float32 rounds one of them down and one up
    yield Case(
        ((2.0**25 + 4 * rng.integers(10, 99, 3).cumsum() + rest)[:, None],),
        "stability",
        "whole numbers near 33 million",
    )


def distances_with(
    difference=np.subtract,
    combine=lambda gaps: np.sqrt((gaps**2).sum(axis=2)),
    finish=lambda result: result,
):
    """Distances with one part replaced."""

    def solve(rows):
        return finish(combine(difference(rows[:, None, :], rows[None, :, :])))

    return solve


def cosine_distances(rows):
    lengths = np.linalg.norm(rows, axis=1)
    product = lengths[:, None] * lengths[None, :]
    return 1 - rows @ rows.T / np.where(product == 0, 1, product)


def expanded(rows):
    squares = (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0))


def expanded_without_two(rows):
    squares = (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - rows @ rows.T, 0))


def in_single_precision(rows):
    return pairwise_distances(rows.astype(np.float32)).astype(np.float32)


def scaled_to_length_one(rows):
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return pairwise_distances(rows / np.where(lengths == 0, 1, lengths))


def each_pair_once(rows):
    return pairwise_distances(rows)[np.triu_indices(len(rows), 1)]


def to_the_first(rows):
    return np.linalg.norm(rows - rows[:1], axis=1)


def distances_by_loops(rows):
    points = np.asarray(rows).tolist()
    return np.array([[math.dist(one, other) for other in points] for one in points]).reshape(
        len(points), len(points)
    )


def distances_by_scipy(rows):
    from scipy.spatial.distance import cdist

    return cdist(rows, rows)


def distances_by_columns(rows):
    """A column at a time, so that no array has three axes."""
    total = np.zeros((len(rows), len(rows)))
    for column in np.asarray(rows).T:
        total = np.hypot(total, column[:, None] - column[None, :])
    return total


PAIRWISE_DISTANCES = Exercise(
    id="one_hot.pairwise_distances",
    points=2,
    reference=pairwise_distances,
    cases=distance_cases,
    variant=distances_with,
    misconceptions=[
        Misconception(
            "leaves out the square root",
            {"combine": lambda gaps: (gaps**2).sum(axis=2)},
            "The sum of squares is the distance squared. For one-hot rows it is 2, the distance"
            " is √2.",
        ),
        Misconception(
            "adds absolute differences",
            {"combine": lambda gaps: np.abs(gaps).sum(axis=2)},
            "That is the city-block distance. Euclid squares the differences, adds them and takes"
            " one root of the sum.",
        ),
        Misconception(
            "averages absolute differences",
            {"combine": lambda gaps: np.abs(gaps).mean(axis=2)},
            "Square the differences, add them up over the columns, then take one root.",
        ),
        Misconception(
            "takes the largest difference",
            {"combine": lambda gaps: np.abs(gaps).max(axis=2, initial=0)},
            "That is the Chebyshev distance. Euclid adds the squares of all differences and takes"
            " the root.",
        ),
        Misconception(
            "averages the squares",
            {"combine": lambda gaps: np.sqrt((gaps**2).mean(axis=2))},
            "Add the squares; nothing divides by the number of columns.",
        ),
        Misconception(
            "forgets to square",
            {"combine": lambda gaps: np.sqrt(np.abs(gaps.sum(axis=2)))},
            "Differences of opposite signs cancel unless they are squared before they are added.",
        ),
        Misconception(
            "counts the places that differ",
            {"combine": lambda gaps: (gaps != 0).sum(axis=2).astype(float)},
            "That is the Hamming distance, 2 for any two one-hot rows. How far the entries are"
            " apart counts too.",
        ),
        Misconception(
            "adds over the rows",
            {"combine": lambda gaps: np.sqrt((gaps**2).sum(axis=0))},
            "The differences have shape (n, n, d). The last axis goes through the columns: add over"
            " that.",
        ),
        Misconception(
            "adds everything up",
            {"combine": lambda gaps: np.sqrt((gaps**2).sum())},
            "One number for each pair is asked for: add over the columns only, the last axis.",
        ),
        Misconception(
            "compares the columns",
            lambda rows: pairwise_distances(rows.T),
            "The points are the rows: the result is (n, n) for n rows.",
        ),
        Misconception(
            "scales the rows to length 1",
            scaled_to_length_one,
            "The distance looks at where the points are, so their lengths count. Leave the rows as"
            " they are.",
        ),
        Misconception(
            "adds the rows", {"difference": np.add}, "A distance is made of differences: subtract."
        ),
        Misconception(
            "fills one half only",
            {"finish": np.triu},
            "The distance from x to y is that from y to x: both halves of the matrix hold it.",
        ),
        Misconception(
            "lists each pair once",
            each_pair_once,
            "An (n, n) matrix is asked for, with 0 on the diagonal and each distance in two"
            " places.",
        ),
        Misconception(
            "measures from the first row only",
            to_the_first,
            "Every row is compared with every row: the result is (n, n).",
        ),
        Misconception(
            "computes 1 − cosine",
            cosine_distances,
            "The cosine looks at directions only. The distance looks at where the points are.",
        ),
        Misconception(
            "multiplies the rows",
            lambda rows: rows @ rows.T,
            "Inner products say how alike two rows are; they are 1 and 0 for one-hot rows."
            " Distances are asked for.",
        ),
        Misconception(
            "expands the square",
            expanded,
            "|x|² + |y|² − 2 x·y is right on paper. For close points far from 0 it subtracts huge"
            " equal numbers and the digits that matter are gone. Subtract the rows first, then"
            " square.",
        ),
        Misconception(
            "expands the square without the 2",
            expanded_without_two,
            "(x − y)² is x² − 2xy + y². And subtract the rows first: the expanded square loses its"
            " digits for close points far from 0.",
        ),
        Misconception(
            "computes in single precision",
            in_single_precision,
            "A float32 holds seven digits. Stay in float64, in which the rows came.",
        ),
        Misconception(
            "returns single precision",
            {"finish": lambda result: result.astype(np.float32)},
            "The result is rounded to float32, which holds seven digits. Leave it in float64.",
        ),
    ],
    alternatives=[distances_by_loops, distances_by_scipy, distances_by_columns, distances_with()],
    hints=[
        "First all the differences between two rows, then one number for each pair.",
        (
            "rows[:, None, :] has shape (n, 1, d), rows[None, :, :] has (1, n, d). What is the"
            " shape of their difference?"
        ),
        (
            "Square the (n, n, d) array of differences, sum over the last axis, take np.sqrt of the"
            " (n, n) result."
        ),
    ],
)
