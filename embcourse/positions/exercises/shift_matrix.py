"""The exercise `positions.shift_matrix`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.positions import reference
from embcourse.positions.exercises.common import (
    all_the_same,
    by_pair,
    half_of_it,
    in_halves,
    neighbours,
    some_base,
    to_angles,
    twice_of_it,
    up_to_one,
    upwards,
)


def shift_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(offset: int, d: int, base: float, label: str, aspect: str = "values") -> Case:
        return Case((offset, d, base), aspect, label, tolerance=to_angles(abs(offset)))

    # the second frequency is one over the root of the base
    yield case(int(rng.integers(1, 4)), 4, float(rng.integers(4, 300)) ** 2, "two pairs")
    d = 2 * int(rng.integers(3, 7))
    yield case(int(rng.integers(2, 30)), d, some_base(rng), "forwards")
    d = 2 * int(rng.integers(3, 7))
    yield case(-int(rng.integers(2, 30)), d, some_base(rng), "backwards")
    yield case(int(rng.integers(5, 300)), 8, 1e4, "the usual base")
    yield case(int(rng.integers(2, 30)), 2, some_base(rng), "one pair", "edge")
    yield case(0, 2 * int(rng.integers(2, 7)), some_base(rng), "no shift", "edge")
    yield case(int(rng.integers(2000, 9000)), 6, some_base(rng), "a long way", "stability")


def shift_with(
    *,
    exponents: Callable = by_pair,
    layout: Callable = neighbours,
    block: Callable = lambda sine, cosine: ((cosine, sine), (-sine, cosine)),
    offset_of: Callable = lambda offset: offset,
    base_of: Callable = lambda base: base,
) -> Callable:
    """The matrix with parts replaced."""

    def solve(offset, d, base):
        angles = offset_of(offset) * base_of(base) ** exponents(d)
        places = [np.arange(d)[part] for part in layout(d)]
        matrix = np.zeros((d, d))
        entries = block(np.sin(angles), np.cos(angles))
        for row, rows in enumerate(places):
            for column, columns in enumerate(places):
                matrix[rows, columns] = entries[row][column]
        return matrix

    return solve


def shift_one_by_one(offset, d, base):
    matrix = [[0.0] * d for _ in range(d)]
    for i in range(d // 2):
        angle = offset / math.pow(base, 2 * i / d)
        matrix[2 * i][2 * i] = matrix[2 * i + 1][2 * i + 1] = math.cos(angle)
        matrix[2 * i][2 * i + 1] = math.sin(angle)
        matrix[2 * i + 1][2 * i] = -math.sin(angle)
    return np.array(matrix)


def shift_by_encodings(offset, d, base):
    """A column of M is where it takes a unit vector, which is the encoding of a quarter turn or of
    angle 0."""
    frequencies = np.exp(-np.log(base) * np.arange(0, d, 2) / d)
    matrix = np.zeros((d, d))
    for column in range(d):
        # the unit vector is sine and cosine of an angle that is 0 or a quarter turn
        angle = offset * frequencies[column // 2] + (np.pi / 2 if column % 2 == 0 else 0.0)
        pair = column - column % 2
        matrix[pair, column], matrix[pair + 1, column] = np.sin(angle), np.cos(angle)
    return matrix


SHIFT_MATRIX = Exercise(
    id="positions.shift_matrix",
    points=2,
    reference=reference.shift_matrix,
    cases=shift_cases,
    variant=shift_with,
    misconceptions=[
        Misconception(
            "turns the wrong way",
            {"offset_of": lambda offset: -offset},
            "This matrix moves back by the offset, and it is the transpose of the right one. In"
            " M @ e the encoding is a column, and in each pair the sine comes first.",
        ),
        Misconception(
            "moves forwards only",
            {"offset_of": abs},
            "The offset may be negative: then the matrix moves back.",
        ),
        Misconception(
            "gives both sines a plus",
            {"block": lambda sine, cosine: ((cosine, sine), (sine, cosine))},
            "sin(a + b) has a plus, but cos(a + b) = cos a cos b - sin a sin b has a minus.",
        ),
        Misconception(
            "mirrors",
            {"block": lambda sine, cosine: ((cosine, sine), (sine, -cosine))},
            "A turn has the same number twice on the diagonal, and two opposite ones beside it.",
        ),
        Misconception(
            "exchanges sines and cosines",
            {"block": lambda sine, cosine: ((sine, cosine), (-cosine, sine))},
            "For offset 0 nothing may change: the cosine, which is 1 then, stands on the diagonal.",
        ),
        Misconception(
            "pairs the halves",
            {"layout": in_halves},
            "A pair are the neighbours 2i and 2i + 1, so the matrix is a row of 2 x 2 blocks along"
            " the diagonal.",
        ),
        Misconception(
            "halves the exponent",
            {"exponents": half_of_it},
            "The exponent of pair i is -2i / d, where i counts pairs.",
        ),
        Misconception(
            "doubles the exponent",
            {"exponents": twice_of_it},
            "i counts pairs, from 0 to d / 2 - 1. The even numbers 0, 2, 4 are 2i already.",
        ),
        Misconception(
            "divides the exponent by one pair less",
            {"exponents": up_to_one},
            "The exponent is -2i / d. Dividing by d / 2 - 1 belongs to another table.",
        ),
        Misconception(
            "turns faster to the right",
            {"exponents": upwards},
            "The angle is divided by base^(2i / d): later pairs turn more slowly.",
        ),
        Misconception(
            "turns all pairs alike",
            {"exponents": all_the_same},
            "Each pair turns by offset times its own frequency.",
        ),
        Misconception(
            "always uses 10,000", {"base_of": lambda base: 1e4}, "The base is an argument."
        ),
    ],
    alternatives=[shift_one_by_one, shift_by_encodings, shift_with()],
    hints=[
        (
            "Write sin(a + b) and cos(a + b) by sin a and cos a, with b the offset times the"
            " frequency. The factors are the entries of a 2 x 2 block."
        ),
        (
            "For each pair: matrix[2i, 2i] and matrix[2i + 1, 2i + 1] are the cosine of b. The two"
            " others of the block are its sine and minus its sine; which is which?"
        ),
        "matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[cosine, sine], [-sine, cosine]]",
    ],
)
