"""The exercise `tfidf.cosine_similarity`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import with_gaps

NEAR = Tolerance(operations=32, scale=1.0)  # products of either sign may cancel


def whole_rows(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Rows of small whole numbers of either sign, none of them all zeros or of length 1, the
    largest negative."""
    values = rng.integers(-3, 4, (rows, columns)).astype(float)
    values[np.arange(rows), rng.integers(0, columns, rows)] = -rng.integers(4, 9, rows)
    return values


def cosine_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((whole_rows(rng, 1, 2), whole_rows(rng, 2, 2)), label="small rows", tolerance=NEAR)
    d = int(rng.integers(7, 12))
    a, b = rng.normal(size=(5, d)) + 0.5, rng.normal(size=(7, d)) - 0.5
    yield Case((a, b), label="random rows", tolerance=NEAR)
    yield Case(
        (rng.exponential(size=(4, d)), rng.exponential(size=(4, d))), label="as many rows as rows"
    )
    yield Case((with_gaps(rng, a), with_gaps(rng, b)), label="views with gaps", tolerance=NEAR)
    a, b = whole_rows(rng, 3, 4), whole_rows(rng, 4, 4)
    a[rng.integers(3)], b[rng.integers(4)] = 0, 0
    yield Case((a, b), "edge", "a row of zeros on each side", tolerance=NEAR)
    d = int(rng.integers(2, 9))
    yield Case((np.zeros((0, d)), whole_rows(rng, 2, d)), "edge", "no rows")
    yield Case((whole_rows(rng, 2, 1), -whole_rows(rng, 3, 1)), "edge", "one dimension")
    exponents = rng.permutation([-200, -100, 0, 100, 200])[:, None]
    a = whole_rows(rng, 5, 3) * 10.0**exponents
    b = whole_rows(rng, 2, 3) * 10.0 ** rng.permutation([-200, 0])[:, None]
    yield Case((a, b), "stability", "entries from 1e-200 to 1e200", tolerance=NEAR)
    b = whole_rows(rng, 3, 3) * 10.0 ** rng.permutation([-200, 0, 200])[:, None]
    yield Case(
        (rng.integers(1, 9, (2, 3)) * 1e200, b),
        "stability",
        "large entries against small",
        tolerance=NEAR,
    )


def scaled(rows):
    largest = np.abs(rows).max(axis=1, keepdims=True)
    return rows / np.where(largest == 0, 1, largest)


def lengths(rows):
    return np.sqrt((rows**2).sum(axis=1, keepdims=True))


def above_zero(below):
    return np.where(below == 0, 1, below)


def cosine_with(
    scale: Callable = scaled,
    length: Callable = lengths,
    of_b: Callable = lengths,
    guard: Callable = above_zero,
    join: Callable = lambda a, of_a, b, of_b, guard: (a / guard(of_a)) @ (b / guard(of_b)).T,
    finish: Callable = lambda cosines: cosines,
):
    """Cosines with one part replaced."""

    def solve(a, b):
        a, b = scale(a), scale(b)
        return finish(join(a, length(a), b, (length if of_b is lengths else of_b)(b), guard))

    return solve


def by_the_product(a, of_a, b, of_b, guard):
    """Dot products over the products of the lengths."""
    return a @ b.T / guard(of_a @ of_b.T)


def by_the_product_or_0(a, of_a, b, of_b, guard):
    below = of_a @ of_b.T
    return np.where(below > 0, a @ b.T / below, 0.0)


def by_pairs(a, b):
    result = np.zeros((len(a), len(b)))
    for i, row in enumerate(a.tolist()):
        for j, other in enumerate(b.tolist()):
            below = math.hypot(*row), math.hypot(*other)
            if all(below):
                result[i, j] = math.fsum(x / below[0] * (y / below[1]) for x, y in zip(row, other))
    return result


def by_einsum(a, b):
    a, b = scaled(a), scaled(b)
    return np.einsum(
        "id,jd,i,j->ij", a, b, 1 / above_zero(lengths(a)[:, 0]), 1 / above_zero(lengths(b)[:, 0])
    )


def row_by_row(a, b):
    """Only the pairs on the diagonal."""
    return cosine_with()(a, b)[np.arange(min(len(a), len(b))), np.arange(min(len(a), len(b)))]


COSINE_SIMILARITY = Exercise(
    id="tfidf.cosine_similarity",
    points=2,
    reference=reference.cosine_similarity,
    cases=cosine_cases,
    variant=cosine_with,
    misconceptions=[
        Misconception(
            "stops at the dot product",
            lambda a, b: a @ b.T,
            "The dot product grows with the length of both rows. Divide by both lengths.",
        ),
        Misconception(
            "scales one side only",
            {"of_b": lambda rows: np.ones((len(rows), 1)), "scale": lambda rows: rows},
            "Both rows must have length 1. Scaling one leaves the ranking for one query right and"
            " the numbers wrong.",
        ),
        Misconception(
            "divides by squared lengths",
            {"length": lambda rows: (rows**2).sum(axis=1, keepdims=True)},
            "The sum of squares is the length squared: take its root.",
        ),
        Misconception(
            "divides by the length of the whole matrix",
            {"length": lambda rows: np.full((len(rows), 1), np.linalg.norm(rows))},
            "Each row has a length of its own: sum the squares along the rows.",
        ),
        Misconception(
            "divides by the sum of the entries",
            {"length": lambda rows: np.abs(rows).sum(axis=1, keepdims=True)},
            "The length is Euclidean: the root of the sum of squares.",
        ),
        Misconception(
            "divides by the largest entry",
            {"length": lambda rows: np.ones((len(rows), 1))},
            "Taking out the largest entry keeps the direction, but the rows must still be brought"
            " to length 1.",
        ),
        Misconception(
            "divides by the length of a zero row",
            {"guard": lambda below: below},
            "A row of zeros has no direction; define its cosine as 0 instead of NaN.",
        ),
        Misconception(
            "squares before scaling",
            {"scale": lambda rows: rows},
            "(1e200)² does not fit into a float64, and (1e-200)² is 0. Divide each row by its"
            " largest absolute entry first: its direction stays the same.",
        ),
        Misconception(
            "multiplies the lengths before scaling",
            {"scale": lambda rows: rows, "join": by_the_product},
            "(1e200)² does not fit into a float64, nor does the product of two such lengths, and"
            " (1e-200)² is 0. Divide each row by its largest absolute entry first: its direction"
            " stays the same.",
        ),
        Misconception(
            "takes rows of tiny entries for rows of zeros",
            {"scale": lambda rows: rows, "join": by_the_product_or_0},
            "(1e-200)² is 0 in float64, and (1e200)² is inf, so that lengths come out as 0 and inf."
            " Divide each row by its largest absolute entry before you square anything.",
        ),
        Misconception(
            "scales by the largest entry of the whole matrix",
            {"scale": lambda rows: rows / above_zero(np.abs(rows).max(initial=0))},
            "One large row then turns the small ones to 0. Each row needs a largest entry of its"
            " own.",
        ),
        Misconception(
            "scales by the largest entry without its sign",
            {"scale": lambda rows: rows / above_zero(rows.max(axis=1, keepdims=True))},
            "Where the largest entry in size is negative, another is taken for it. Take absolute"
            " values first.",
        ),
        Misconception(
            "adds a small constant to the lengths",
            {"scale": lambda rows: rows, "guard": lambda below: below + 1e-12},
            "Where rows are tiny the constant is larger than their length. Only a row of zeros"
            " needs another divisor.",
        ),
        Misconception(
            "lets no length fall below a small constant",
            {"scale": lambda rows: rows, "guard": lambda below: np.maximum(below, 1e-12)},
            "Rows may be shorter than that and still have a direction. Only a row of zeros needs"
            " another divisor.",
        ),
        Misconception(
            "normalises columns",
            {"length": lambda rows: np.sqrt((rows**2).sum(axis=0, keepdims=True))},
            "Each row is a vector: sum its squares along the row.",
        ),
        Misconception(
            "cuts negative cosines off",
            {"finish": lambda cosines: np.maximum(cosines, 0)},
            "Rows that point apart have a negative cosine, down to -1.",
        ),
        Misconception(
            "drops the sign",
            {"finish": np.abs},
            "Rows that point apart have a negative cosine, down to -1.",
        ),
        Misconception(
            "gives the distance",
            {"finish": lambda cosines: 1 - cosines},
            "1 - cosine is the cosine distance: 0 for the same direction. The similarity is asked"
            " for.",
        ),
        Misconception(
            "gives the angle",
            {"finish": lambda cosines: np.arccos(np.clip(cosines, -1, 1))},
            "The cosine of the angle is asked for, not the angle.",
        ),
        Misconception(
            "compares b with a",
            {"finish": np.transpose},
            "Rows of the result belong to a, columns to b.",
        ),
        Misconception(
            "compares a with itself",
            lambda a, b: cosine_with()(a, a),
            "Every row of a is compared with every row of b.",
        ),
        Misconception(
            "compares only rows of the same number",
            row_by_row,
            "Every row of a is compared with every row of b: the result has shape (m, n).",
        ),
        Misconception(
            "takes the mean off each row first",
            {"scale": lambda rows: scaled(scaled(rows) - scaled(rows).mean(axis=1, keepdims=True))},
            "That is the correlation. The cosine takes the rows as they are.",
        ),
    ],
    alternatives=[by_pairs, cosine_with(), by_einsum],
    hints=[
        "Make every row of both matrices a unit vector; what is then left to do?",
        (
            "Rows of zeros need a divisor other than 0. Very large entries must be made smaller"
            " before they are squared."
        ),
        (
            "For each matrix: divide rows by their largest absolute entry (or 1), then by their"
            " norm (or 1). Then return a @ b.T."
        ),
    ],
)
