"""The exercise `positions.rotate`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import halves, sizes
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.positions import reference
from embcourse.positions.exercises.common import (
    all_the_same,
    by_pair,
    half_of_it,
    in_halves,
    neighbours,
    some_base,
    turned_by_complex,
    twice_of_it,
    up_to_one,
    upwards,
)


def rotate_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, front, heads = sizes(rng, 2, 7, 3)
    d = 2 * int(rng.integers(4, 7))  # above all other sizes

    def case(
        shape: tuple, places: np.ndarray, label: str, aspect: str = "values", base: float = 0
    ) -> Case:
        # An angle is off by 16 eps of the position, as for the sines, and turns numbers below 4.
        tolerance = Tolerance(operations=32, scale=4.0 * np.abs(places).max(initial=1.0))
        x = rng.normal(size=shape)
        return Case((x, places, base or some_base(rng)), aspect, label, tolerance=tolerance)

    def places(*shape: int, most: int = 40) -> np.ndarray:
        """In no order, and none the number of its row."""
        drawn = rng.integers(8, most, shape)
        return drawn.astype(float)

    yield Case(
        (halves(rng, 1, 4), places(1, most=12), float(rng.integers(4, 300)) ** 2),
        label="one row of two pairs",
        tolerance=Tolerance(operations=32, scale=64.0),
    )
    yield case((n, d), places(n), "positions in any order")
    yield case((n, d), np.arange(n) + float(rng.integers(3, 30)), "a text that goes on")
    yield case((n, d), rng.uniform(0.1, 9.0, n), "positions between the integers")
    yield case((front, n, d), places(front, n), "a batch whose rows have positions of their own")
    yield case((front, heads, n, d), places(n), "heads in a batch")
    yield case(
        (front, heads, n, d), places(front, 1, n), "a batch of heads with positions by batch"
    )
    yield case((n, 8), places(n, most=300), "the usual base", base=1e4)
    wide = rng.normal(size=(2 * n, 2 * d))[::2, ::2]
    yield Case(
        (wide, places(n), some_base(rng)),
        label="a view with gaps",
        tolerance=Tolerance(operations=32, scale=4.0 * 40),
    )
    yield case((n, 2), places(n), "one pair", "edge")
    yield case((n, d), np.zeros(n), "all at position 0", "edge")
    yield case((0, d), np.zeros(0), "no row", "edge")
    yield case((n, d), -places(n), "positions below 0", "edge")
    yield case((n, d), places(n, most=10_000) + 1e5, "positions above 100,000", "stability")


def rotate_with(
    *,
    exponents: Callable = by_pair,
    layout: Callable = neighbours,
    places_of: Callable = lambda places, x: places,
    turn: Callable = lambda a, b, s, c: (a * c - b * s, a * s + b * c),
    base_of: Callable = lambda base: base,
) -> Callable:
    """The rotation with parts replaced."""

    def solve(x, positions, base):
        d = x.shape[-1]
        angles = places_of(positions, x)[..., None] * base_of(base) ** exponents(d)
        first, second = layout(d)
        result = np.empty(x.shape)
        result[..., first], result[..., second] = turn(
            x[..., first], x[..., second], np.sin(angles), np.cos(angles)
        )
        return result

    return solve


def written_over(a, b, s, c):
    a = a * c - b * s
    return a, a * s + b * c


def rotate_pair_by_pair(x, positions, base):
    result = np.zeros(x.shape)
    places = np.broadcast_to(positions, x.shape[:-1])
    d = x.shape[-1]
    for row in np.ndindex(x.shape[:-1]):
        for i in range(d // 2):
            angle = float(places[row]) / math.pow(base, 2 * i / d)
            matrix = np.array(
                [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
            )
            result[row][2 * i : 2 * i + 2] = matrix @ x[row][2 * i : 2 * i + 2]
    return result


def rotate_by_partners(x, positions, base):
    """x times the cosines, and its partners with their signs times the sines."""
    d = x.shape[-1]
    columns = np.arange(d)
    angles = np.asarray(positions)[..., None] / base ** ((columns - columns % 2) / d)
    partners = x[..., columns + 1 - 2 * (columns % 2)] * np.where(columns % 2, 1.0, -1.0)
    return x * np.cos(angles) + partners * np.sin(angles)


ROTATE = Exercise(
    id="positions.rotate",
    points=3,
    reference=lambda x, positions, base: reference.rotate(x, positions, base),
    cases=rotate_cases,
    variant=rotate_with,
    misconceptions=[
        Misconception(
            "pairs the halves",
            {"layout": in_halves},
            "Pairs are neighbours here: numbers 2i and 2i + 1. Number i and number i + d / 2 are"
            " the other layout; weights trained with one do not fit the other.",
        ),
        Misconception(
            "turns the wrong way",
            {"places_of": lambda places, x: -places},
            "A turn by the angle t takes (a, b) to (a cos t - b sin t, a sin t + b cos t): the"
            " minus stands in the first line.",
        ),
        Misconception(
            "numbers the rows itself",
            {"places_of": lambda places, x: np.arange(x.shape[-2], dtype=float)},
            "The positions are given, one for each row. They need not begin at 0, nor be in order.",
        ),
        Misconception(
            "counts on from the first position",
            {"places_of": lambda places, x: places[..., :1] + np.arange(x.shape[-2])},
            "Every row has a position of its own, which need not be one more than the last.",
        ),
        Misconception(
            "adds 1 to the positions",
            {"places_of": lambda places, x: places + 1},
            "Positions count from 0, and are used as they come: a row at position 0 does not turn.",
        ),
        Misconception(
            "cuts positions to integers",
            {"places_of": lambda places, x: np.trunc(places)},
            "Positions need not be integers: half a step is half the angle.",
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
            "Each pair turns by position times its own frequency.",
        ),
        Misconception(
            "always uses 10,000", {"base_of": lambda base: 1e4}, "The base is an argument."
        ),
        Misconception(
            "gives both sines a plus",
            {"turn": lambda a, b, s, c: (a * c + b * s, a * s + b * c)},
            "One of the two sines has a minus. Without it, lengths change.",
        ),
        Misconception(
            "leaves the partner out",
            {"turn": lambda a, b, s, c: (a * c, b * s)},
            "Both numbers of a pair go into each of the new ones.",
        ),
        Misconception(
            "uses the new first number for the second",
            {"turn": written_over},
            "The second line of the turn needs the first number as it was. Compute both, then"
            " write them.",
        ),
        Misconception(
            "adds sines and cosines",
            {"turn": lambda a, b, s, c: (a + s, b + c)},
            "Nothing is added to the vector: each pair of it is turned, and keeps its length.",
        ),
    ],
    alternatives=[rotate_pair_by_pair, turned_by_complex, rotate_by_partners, rotate_with()],
    hints=[
        "x[..., 0::2] are the first numbers of all pairs, x[..., 1::2] the second ones.",
        (
            "positions[..., None] * frequencies has an angle for each row and pair, and lines up"
            " with x[..., 0::2] from the right, whatever axes are in front."
        ),
        (
            "With a and b the first and second numbers: a * cos - b * sin goes to [..., 0::2] of a"
            " new array, a * sin + b * cos to [..., 1::2]."
        ),
    ],
)
