"""The exercise `positions.shaw_scores`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import halves, sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.positions import reference
from embcourse.positions.exercises.common import ORDINARY


def shaw_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        front: tuple, n: int, m: int, d: int, most: int, label: str, aspect: str = "values"
    ) -> Case:
        q, k = rng.normal(size=(*front, n, d)), rng.normal(size=(*front, m, d))
        table = rng.normal(size=(2 * most + 1, d))
        return Case((q, k, table), aspect, label, tolerance=ORDINARY)

    # at least two offsets beyond the table on either side, wherever the table ends
    n, batch, d = sizes(rng, 5, 8, 3)
    m = n + int(rng.integers(2, 5))
    yield Case(
        (halves(rng, 2, 4), halves(rng, 3, 4), 10 * halves(rng, 3, 4)),
        label="two queries, three keys",
        tolerance=ORDINARY,
    )
    yield case((), n, m, d, 2, "fewer queries than keys")
    yield case((), m, m, d, 2, "as many queries as keys")
    yield case((), n, m, d, m + int(rng.integers(1, 4)), "a table beyond all offsets")
    yield case((batch,), n, m, d, 3, "a batch")
    yield case((2, batch), n, m, d, 1, "heads in a batch")
    wide = [rng.normal(size=(2 * rows, 2 * d)) for rows in (n, m, 5)]
    yield Case(
        tuple(array[::2, ::2] for array in wide), label="views with gaps", tolerance=ORDINARY
    )
    yield case((), n, m, d, 0, "one vector for all offsets", "edge")
    yield case((), 1, m, d, 2, "one query", "edge")
    yield case((), n, n, 1, 2, "vectors of one number", "edge")
    yield case((), 0, m, d, 2, "no query", "edge")


def aligned(n: int, m: int) -> np.ndarray:
    return np.arange(m) - (np.arange(n)[:, None] + m - n)


def clipped(table: np.ndarray, offsets: np.ndarray, middle: int) -> np.ndarray:
    return table[offsets.clip(-middle, middle) + middle]


def nothing_beyond(table: np.ndarray, offsets: np.ndarray, middle: int) -> np.ndarray:
    inside = np.abs(offsets) <= middle
    return clipped(table, offsets, middle) * inside[..., None]


def in_two_terms(q: np.ndarray, k: np.ndarray, vectors: np.ndarray) -> tuple:
    """Query by key, and query by the vector of the offset."""
    return q @ np.swapaxes(k, -1, -2), np.einsum("...nd,nmd->...nm", q, vectors)


def key_by_place(q: np.ndarray, k: np.ndarray, vectors: np.ndarray) -> tuple:
    return q @ np.swapaxes(k, -1, -2), np.einsum("...md,nmd->...nm", k, vectors)


def shaw_with(
    *,
    offsets_of: Callable = aligned,
    sign: int = 1,
    look_up: Callable = clipped,
    terms: Callable = in_two_terms,
    total: Callable = lambda content, place, d: (content + place) / np.sqrt(d),
) -> Callable:
    """Shaw's scores with parts replaced."""

    def solve(q, k, table):
        offsets = sign * offsets_of(q.shape[-2], k.shape[-2])
        vectors = look_up(table, offsets, len(table) // 2)
        return total(*terms(q, k, vectors), q.shape[-1])

    return solve


def shaw_one_by_one(q, k, table):
    n, m, d = q.shape[-2], k.shape[-2], q.shape[-1]
    most = (len(table) - 1) // 2
    scores = np.zeros((*q.shape[:-1], m))
    for front in np.ndindex(q.shape[:-2]):
        for i in range(n):
            for j in range(m):
                row = most + max(-most, min(most, j - i - (m - n)))
                scores[front][i, j] = sum(q[front][i] * (k[front][j] + table[row])) / math.sqrt(d)
    return scores


def shaw_by_picking(q, k, table):
    """All products of queries with the table, from which each pair of places picks one."""
    n, m = q.shape[-2], k.shape[-2]
    most = len(table) // 2
    rows = np.minimum(np.maximum(np.arange(m) + n - m - np.arange(n)[:, None], -most), most) + most
    products = q @ table.T
    place = np.take_along_axis(products, np.broadcast_to(rows, (*q.shape[:-1], m)), axis=-1)
    return (q @ np.swapaxes(k, -1, -2) + place) * q.shape[-1] ** -0.5


SHAW_SCORES = Exercise(
    id="positions.shaw_scores",
    points=3,
    reference=reference.shaw_scores,
    cases=shaw_cases,
    variant=shaw_with,
    misconceptions=[
        Misconception(
            "turns the sign of the offset",
            {"sign": -1},
            "An offset is the key's position minus the query's: negative for what came before.",
        ),
        Misconception(
            "lets the queries begin with the first key",
            {"offsets_of": lambda n, m: np.arange(m) - np.arange(n)[:, None]},
            "The n queries are the last of the m positions: the last query stands where the last"
            " key stands.",
        ),
        Misconception(
            "does not clip",
            {"look_up": lambda table, offsets, middle: table[offsets + middle]},
            "Offsets beyond K have no row of their own: they share the one of K or of -K. Without"
            " the clip, a negative row number silently counts from the end of the table.",
        ),
        Misconception(
            "wraps offsets round",
            {"look_up": lambda table, offsets, middle: table[(offsets + middle) % len(table)]},
            "Offsets beyond K share the row of K or of -K. They don't begin again at the other"
            " end.",
        ),
        Misconception(
            "gives offsets beyond K nothing",
            {"look_up": nothing_beyond},
            "Offsets beyond K share the vector of K or of -K.",
        ),
        Misconception(
            "takes row 0 for offset 0",
            {"look_up": lambda table, offsets, middle: table[offsets.clip(-middle, middle)]},
            "Row K, in the middle, is offset 0; row 0 is offset -K. A negative row number silently"
            " counts from the end.",
        ),
        Misconception(
            "takes the distance for the offset",
            {"look_up": lambda table, offsets, middle: clipped(table, np.abs(offsets), middle)},
            "Before and after are not the same: the offset has a sign, and the table has a row for"
            " each.",
        ),
        Misconception(
            "multiplies the vector by the key",
            {"terms": key_by_place},
            "The vector is added to the key, so it is the query that meets it: q (k + a).",
        ),
        Misconception(
            "leaves the offsets out",
            {"total": lambda content, place, d: content / np.sqrt(d)},
            "To the product of query and key comes that of the query and the offset's vector.",
        ),
        Misconception(
            "leaves the keys out",
            {"total": lambda content, place, d: place / np.sqrt(d)},
            "The offset's vector is added to the key, not put in its place.",
        ),
        Misconception(
            "scales the product with the key only",
            {"total": lambda content, place, d: content / np.sqrt(d) + place},
            "Both products are sums of d terms: the whole is divided by sqrt(d).",
        ),
        Misconception(
            "does not scale",
            {"total": lambda content, place, d: content + place},
            "Divide by sqrt(d), as for all dot products of attention.",
        ),
        Misconception(
            "divides by d",
            {"total": lambda content, place, d: (content + place) / d},
            "The size of a sum of d independent products is the square root of d.",
        ),
        Misconception(
            "takes the vector away",
            {"total": lambda content, place, d: (content - place) / np.sqrt(d)},
            "The vector is added to the key.",
        ),
    ],
    alternatives=[shaw_one_by_one, shaw_by_picking, shaw_with()],
    hints=[
        (
            "Make the (n, m) table of offsets first: positions of the keys in a row, those of the"
            " queries in a column, and their difference."
        ),
        (
            "Query i stands at position i + m - n. np.clip keeps the offsets between -K and K, and"
            " K more is the row of the table."
        ),
        (
            "With rows of shape (n, m), table[rows] is (n, m, d):"
            ' np.einsum("...nd,nmd->...nm", q, table[rows]) is what the offsets add before the'
            " division by sqrt(d)."
        ),
    ],
)
