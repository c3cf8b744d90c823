"""The exercise `positions.sinusoidal`: its cases, the mistakes that people make, right answers."""

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
    some_base,
    to_angles,
    twice_of_it,
    up_to_one,
    upwards,
)


def sinusoidal_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, base: float, label: str, aspect: str = "values") -> Case:
        return Case((n, d, base), aspect, label, tolerance=to_angles(n))

    # the second frequency is one over the root of the base
    yield case(3, 4, float(rng.integers(4, 300)) ** 2, "two pairs")
    d = 2 * int(rng.integers(3, 6))
    yield case(d + int(rng.integers(1, 8)), d, some_base(rng), "more positions than numbers")
    d = 2 * int(rng.integers(5, 10))
    yield case(int(rng.integers(4, 9)), d, some_base(rng), "more numbers than positions")
    d = 2 * int(rng.integers(3, 9))
    yield case(d, d, some_base(rng), "as many positions as numbers")
    yield case(int(rng.integers(20, 200)), 12, 1e4, "the usual base")
    n = int(rng.integers(2, 9))
    yield case(n, 2, some_base(rng), "one pair", "edge")
    yield case(1, 2 * int(rng.integers(2, 9)), some_base(rng), "one position", "edge")
    yield case(0, 2 * int(rng.integers(2, 9)), some_base(rng), "no position", "edge")
    n = int(rng.integers(2000, 3000))
    yield case(n, 6, some_base(rng), "thousands of positions", "stability")


def sinusoidal_with(
    *,
    exponents: Callable = by_pair,
    positions: Callable = lambda n: np.arange(n),
    even: Callable = np.sin,
    odd: Callable = np.cos,
    halves: bool = False,
    base_of: Callable = lambda base: base,
    turned: bool = False,
) -> Callable:
    """The table with parts replaced."""

    def solve(n, d, base):
        angles = positions(n)[:, None] * base_of(base) ** exponents(d)
        first, second = even(angles), odd(angles)
        if halves:
            table = np.concatenate([first, second], axis=1)
        else:
            table = np.stack([first, second], axis=-1).reshape(n, d)
        return table.T if turned else table

    return solve


def a_frequency_for_each_column(n, d, base):
    angles = np.arange(n)[:, None] * base ** (-np.arange(d) / d)
    table = np.empty((n, d))
    table[:, 0::2] = np.sin(angles[:, 0::2])
    table[:, 1::2] = np.cos(angles[:, 1::2])
    return table


def sinusoidal_one_by_one(n, d, base):
    table = np.zeros((n, d))
    for position in range(n):
        for i in range(d // 2):
            angle = position / math.pow(base, 2 * i / d)
            table[position, 2 * i : 2 * i + 2] = math.sin(angle), math.cos(angle)
    return table


def sinusoidal_by_complex(n, d, base):
    """Real part and imaginary part of a turning pointer."""
    frequencies = np.exp(np.arange(0, d, 2) * (-np.log(base) / d))
    pointers = np.exp(1j * np.outer(np.arange(n), frequencies))
    return np.stack([pointers.imag, pointers.real], axis=2).reshape(n, d)


def sinusoidal_by_a_shift(n, d, base):
    """A cosine is a sine a quarter turn later."""
    columns = np.arange(d)
    angles = np.arange(n)[:, None] / base ** ((columns - columns % 2) / d)
    return np.sin(angles + np.pi / 2 * (columns % 2))


SINUSOIDAL = Exercise(
    id="positions.sinusoidal",
    points=2,
    reference=reference.sinusoidal,
    cases=sinusoidal_cases,
    variant=sinusoidal_with,
    misconceptions=[
        Misconception(
            "puts all sines first",
            {"halves": True},
            "Sine and cosine of one frequency stand side by side: even columns are sines, odd ones"
            " cosines. All sines first is another layout, which much code uses.",
        ),
        Misconception(
            "exchanges sines and cosines",
            {"even": np.cos, "odd": np.sin},
            "Even columns are sines: row 0 is 0, 1, 0, 1, and so on.",
        ),
        Misconception(
            "halves the exponent",
            {"exponents": half_of_it},
            "The exponent of pair i is -2i / d, where i counts pairs. With -i / d the slowest pair"
            " turns about the root of the base times too fast.",
        ),
        Misconception(
            "doubles the exponent",
            {"exponents": twice_of_it},
            "i counts pairs, from 0 to d / 2 - 1. The even columns 0, 2, 4 are 2i already.",
        ),
        Misconception(
            "divides the exponent by one pair less",
            {"exponents": up_to_one},
            "The exponent is -2i / d, so that the slowest pair does not quite reach 1 / base."
            " Divided by d / 2 - 1 it does, as in tensor2tensor, but not in the paper.",
        ),
        Misconception(
            "gives each column a frequency of its own",
            a_frequency_for_each_column,
            "Two columns share a frequency: the sine and the cosine of one angle.",
        ),
        Misconception(
            "gives all pairs one frequency",
            {"exponents": all_the_same},
            "Each pair has a frequency of its own, slower and slower to the right.",
        ),
        Misconception(
            "turns faster to the right",
            {"exponents": upwards},
            "The angle is divided by base^(2i / d): later pairs turn more slowly.",
        ),
        Misconception(
            "counts positions from 1",
            {"positions": lambda n: np.arange(1, n + 1)},
            "The first row is position 0: its sines are 0 and its cosines 1.",
        ),
        Misconception(
            "always uses 10,000",
            {"base_of": lambda base: 1e4},
            "The base is an argument; 10,000 is only what the paper chose.",
        ),
        Misconception(
            "takes sines only",
            {"odd": np.sin},
            "Odd columns are cosines. A sine alone does not say where on the circle it stands.",
        ),
        Misconception(
            "counts angles in whole turns",
            {"even": lambda a: np.sin(2 * np.pi * a), "odd": lambda a: np.cos(2 * np.pi * a)},
            "The angle is position times frequency, in radians, without 2 pi.",
        ),
        Misconception(
            "puts the positions in the columns",
            {"turned": True},
            "A row is a position, a column one of its d numbers.",
        ),
    ],
    alternatives=[
        sinusoidal_one_by_one,
        sinusoidal_by_complex,
        sinusoidal_by_a_shift,
        sinusoidal_with(),
    ],
    hints=[
        "One angle for each position and each of the d / 2 pairs: a table of shape (n, d / 2).",
        (
            "base ** (-np.arange(0, d, 2) / d) are the frequencies. table[:, 0::2] are the even"
            " columns of an array, table[:, 1::2] the odd ones."
        ),
        (
            "angles = np.arange(n)[:, None] * frequencies; then table[:, 0::2] = np.sin(angles)"
            " and table[:, 1::2] = np.cos(angles)."
        ),
    ],
)
