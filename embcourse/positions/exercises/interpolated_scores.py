"""The exercise `positions.interpolated_scores`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import halves, sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.positions import reference
from embcourse.positions.exercises.common import (
    by_pair,
    half_of_it,
    in_halves,
    neighbours,
    some_base,
    turned,
    turned_scores,
    up_to_one,
)


def interpolated_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        front: tuple,
        n: int,
        m: int,
        d: int,
        trained: int,
        label: str,
        aspect: str = "values",
        base: float = 0,
    ) -> Case:
        q, k = rng.normal(size=(*front, n, d)), rng.normal(size=(*front, m, d))
        return Case(
            (q, k, trained, base or some_base(rng)), aspect, label, tolerance=turned_scores(m)
        )

    n, batch = sizes(rng, 3, 5, 2)
    m = n + int(rng.integers(3, 6))
    d = 2 * int(rng.integers(4, 7))
    # no multiple of what was trained, so that positions fall between the integers; and more keys
    # than it, but fewer queries
    trained = m - int(rng.integers(1, 3))
    yield Case(
        (halves(rng, 1, 4), halves(rng, 4, 4), 2, float(rng.integers(4, 300)) ** 2),
        label="one query and four keys where two positions were trained",
        tolerance=turned_scores(4),
    )
    yield case((), n, m, d, trained, "fewer queries than were trained but more keys")
    yield case((), m, m, d, 3, "as many queries as keys and far too many")
    yield case((batch,), n, m, d, trained, "a batch")
    yield case((2, batch), n, m, d, 2, "heads in a batch with the usual base", base=1e4)
    yield case((), n, m, d, m + int(rng.integers(2, 9)), "fewer keys than were trained")
    wide = [rng.normal(size=(2 * rows, 2 * d))[::2, ::2] for rows in (n, m)]
    yield Case(
        (*wide, trained, some_base(rng)), label="views with gaps", tolerance=turned_scores(m)
    )
    yield case((), n, m, d, m, "as many keys as were trained", "edge")
    yield case((), n, m, 2, trained, "one pair", "edge")
    yield case((), n, m, d, 1, "one position trained", "edge")
    yield case((), 0, m, d, trained, "no query", "edge")
    yield case((), 1, m, d, trained, "one query", "edge")


def squeezed(positions: np.ndarray, trained: int, m: int) -> np.ndarray:
    return positions * min(trained / m, 1.0)


def interpolated_with(
    *,
    squeeze: Callable = squeezed,
    for_queries: bool = True,
    for_keys: bool = True,
    first: Callable = lambda n, m: m - n,
    longest: Callable = lambda n, m: m,
    turn_back_keys: bool = False,
    base_of: Callable = lambda base, trained, m, d: base,
    exponents: Callable = by_pair,
    layout: Callable = neighbours,
    scale: Callable = lambda d: np.sqrt(d),
) -> Callable:
    """Scores at squeezed positions with parts replaced."""

    def solve(q, k, trained, base):
        n, m, d = q.shape[-2], k.shape[-2], q.shape[-1]
        whole = longest(n, m)
        of_queries, of_keys = first(n, m) + np.arange(n, dtype=float), np.arange(m, dtype=float)
        base = base_of(base, trained, m, d)
        if for_queries:
            of_queries = squeeze(of_queries, trained, whole)
        if for_keys:
            of_keys = squeeze(of_keys, trained, whole)
        sign = -1.0 if turn_back_keys else 1.0
        q = turned(q, of_queries, base, exponents=exponents, layout=layout)
        k = turned(k, of_keys, base, exponents=exponents, layout=layout, sign=sign)
        return q @ np.swapaxes(k, -1, -2) / scale(d)

    return solve


def stretched(base: float, trained: int, m: int, d: int) -> float:
    """The base at which the slowest pair turns as slowly as if positions were squeezed."""
    return base * max(m / trained, 1.0) ** (d / max(d - 2, 2))


def by_offsets(q, k, trained, base):
    """Two turns are one, by the offset: pair by pair a dot product and a cross product."""
    n, m, d = q.shape[-2], k.shape[-2], q.shape[-1]
    factor = 1.0 if m <= trained else trained / m
    scores = np.zeros((*q.shape[:-1], m))
    for i in range(n):
        for j in range(m):
            for pair in range(d // 2):
                angle = (j - (i + m - n)) * factor * base ** (-2 * pair / d)
                a, b = q[..., i, 2 * pair], q[..., i, 2 * pair + 1]
                c, e = k[..., j, 2 * pair], k[..., j, 2 * pair + 1]
                scores[..., i, j] += (a * c + b * e) * np.cos(angle)
                scores[..., i, j] += (b * c - a * e) * np.sin(angle)
    return scores / np.sqrt(d)


def by_complex(q, k, trained, base):
    """Positions that count back from the last key: only offsets matter."""
    n, m, d = q.shape[-2], k.shape[-2], q.shape[-1]
    frequencies = base ** (-np.arange(0, d, 2) / d) * min(1.0, trained / m)

    def pointers(x: np.ndarray, count: int) -> np.ndarray:
        back = np.arange(count)[::-1, None]
        return (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(-1j * back * frequencies)

    products = pointers(q, n) @ np.conj(np.swapaxes(pointers(k, m), -1, -2))
    return products.real / np.sqrt(d)


def by_the_reference(q, k, trained, base):
    n, m = q.shape[-2], k.shape[-2]
    positions = np.arange(m)
    if m > trained:
        positions = reference.interpolated(positions, trained, m)
    q = reference.rotate(q, positions[m - n :], base)
    k = reference.rotate(k, positions, base)
    return q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])


INTERPOLATED_SCORES = Exercise(
    id="positions.interpolated_scores",
    points=3,
    reference=by_the_reference,
    cases=interpolated_cases,
    variant=interpolated_with,
    misconceptions=[
        Misconception(
            "never squeezes",
            {"squeeze": lambda positions, trained, m: positions},
            "With more keys than were trained, positions are squeezed into what was trained.",
        ),
        Misconception(
            "stretches short texts",
            {"squeeze": lambda positions, trained, m: positions * trained / m},
            "A text that fits keeps its positions: only a longer one is squeezed.",
        ),
        Misconception(
            "stretches long texts",
            {"squeeze": lambda positions, trained, m: positions * max(m / trained, 1.0)},
            "Squeezed positions are smaller: trained / m is below 1.",
        ),
        Misconception(
            "squeezes the queries only",
            {"for_keys": False},
            "A score sees the offset only if query and key are measured with one measure.",
        ),
        Misconception(
            "squeezes the keys only",
            {"for_queries": False},
            "A score sees the offset only if query and key are measured with one measure.",
        ),
        Misconception(
            "cuts squeezed positions to integers",
            {
                "squeeze": lambda positions, trained, m: (
                    np.floor(positions * trained / m) if m > trained else positions
                )
            },
            "Positions may fall between the integers: that is the trick. Cut off, neighbours would"
            " stand at the same place.",
        ),
        Misconception(
            "holds positions at the last one trained",
            {"squeeze": lambda positions, trained, m: np.minimum(positions, trained - 1)},
            "All positions are squeezed alike; none is cut off.",
        ),
        Misconception(
            "begins again at 0",
            {"squeeze": lambda positions, trained, m: positions % trained},
            "All positions are squeezed alike. Counted from 0 again, two places would be one.",
        ),
        Misconception(
            "puts the last key at the last position trained",
            {
                "squeeze": lambda positions, trained, m: (
                    positions * (trained - 1) / (m - 1) if m > trained else positions
                )
            },
            "The factor is trained / m, a ratio of lengths, not of last positions.",
        ),
        Misconception(
            "takes the length from the queries",
            {"longest": lambda n, m: max(n, 1)},
            "The text is as long as there are keys. The queries may be its last few positions"
            " only.",
        ),
        Misconception(
            "lets the queries begin at position 0",
            {"first": lambda n, m: 0},
            "The queries are the last of the positions: the last query stands where the last key"
            " stands.",
        ),
        Misconception(
            "stretches the base instead",
            {"squeeze": lambda positions, trained, m: positions, "base_of": stretched},
            "A larger base slows the slow pairs only. Here all pairs are slowed alike, by squeezing"
            " the positions.",
        ),
        Misconception(
            "turns the keys back",
            {"turn_back_keys": True},
            "Query and key are turned the same way; in the dot product the difference remains."
            " Turned apart, the sum of the positions would.",
        ),
        Misconception(
            "pairs the halves", {"layout": in_halves}, "Pairs are neighbours here, 2i and 2i + 1."
        ),
        Misconception(
            "halves the exponent",
            {"exponents": half_of_it},
            "The exponent of pair i is -2i / d, where i counts pairs.",
        ),
        Misconception(
            "divides the exponent by one pair less",
            {"exponents": up_to_one},
            "The exponent is -2i / d. Dividing by d / 2 - 1 belongs to another table.",
        ),
        Misconception(
            "does not scale",
            {"scale": lambda d: 1.0},
            "Divide by sqrt(d), as for all dot products of attention.",
        ),
    ],
    alternatives=[by_offsets, by_complex, interpolated_with()],
    hints=[
        "Find the positions first. The rest is turning q and k, and a scaled matrix product.",
        (
            "positions = np.arange(m) for the keys; the last n of them are the queries'. If m is"
            " above trained, multiply all by trained / m."
        ),
        (
            "rotate(q, positions[m - n:], base) @ np.swapaxes(rotate(k, positions, base), -1, -2)"
            " / np.sqrt(d)"
        ),
    ],
)
