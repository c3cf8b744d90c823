"""The exercise `positions.alibi_bias`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.positions import reference


def alibi_cases(rng: np.random.Generator) -> Iterator[Case]:
    few, middle, many = sorted(sizes(rng, 3, 40, 3))
    power = int(rng.choice([4, 16, 32]))
    yield Case((2, 3 + int(rng.integers(0, 30)), 2), label="two queries with two heads")
    yield Case((few, middle, power), label="fewer queries than keys and a power of two")
    # at least two heads beyond the power, and at least two short of the next
    power = int(rng.choice([4, 8, 16]))
    heads = power + int(rng.integers(2, power - 1))
    yield Case((many, many, heads), label="as many queries as keys and another number of heads")
    yield Case((few, many, 12), label="twelve heads")
    yield Case((1, few, 3), "edge", "one query with three heads")
    yield Case((few, middle, 1), "edge", "one head")
    yield Case((0, many, power), "edge", "no query")


def series(n: int, start: int = 1, eight: float = 8.0) -> np.ndarray:
    return 2.0 ** (-eight * (start + np.arange(n)) / n)


def below(heads: int) -> int:
    return int(2 ** math.floor(math.log2(heads)))


def in_two_parts(heads: int, start: int, eight: float, between: Callable) -> np.ndarray:
    power = below(heads)
    rest = between(series(2 * power, start, eight), heads - power)
    return np.concatenate([series(power, start, eight), rest])


def aligned(queries: int, keys: int) -> np.ndarray:
    return np.arange(keys) - (np.arange(queries)[:, None] + keys - queries)


def alibi_with(
    *,
    start: int = 1,
    eight: float = 8.0,
    between: Callable = lambda more, count: more[::2][:count],
    slopes_of: Callable = in_two_parts,
    offsets_of: Callable = aligned,
    measure: Callable = np.abs,
    sign: float = -1.0,
    arrange: Callable = lambda bias: bias,
) -> Callable:
    """ALiBi with parts replaced."""

    def solve(queries, keys, heads):
        slopes = slopes_of(heads, start, eight, between)
        distances = measure(offsets_of(queries, keys))
        return arrange(sign * slopes[:, None, None] * distances)

    return solve


def future_hidden(offsets: np.ndarray) -> np.ndarray:
    return np.where(offsets > 0, np.inf, np.abs(offsets))


def alibi_one_by_one(queries, keys, heads):
    power = 1
    while 2 * power <= heads:
        power *= 2
    slopes = [math.pow(2, -8 * h / power) for h in range(1, power + 1)]
    h = 1
    while len(slopes) < heads:
        slopes.append(math.pow(2, -8 * h / (2 * power)))
        h += 2
    bias = np.zeros((heads, queries, keys))
    for head in range(heads):
        for i in range(queries):
            for j in range(keys):
                bias[head, i, j] = -slopes[head] * abs(j - (keys - queries + i))
    return bias


def alibi_by_calling_itself(queries, keys, heads):
    """As in the authors' code: the slopes of twice the power come from the same function."""

    def slopes(n: int) -> list[float]:
        if n & (n - 1) == 0:
            ratio = 2 ** (-8 / n)
            return [ratio**h for h in range(1, n + 1)]
        power = 1 << (n.bit_length() - 1)
        return slopes(power) + slopes(2 * power)[0::2][: n - power]

    positions = np.arange(keys - queries, keys)
    distances = np.abs(np.subtract.outer(positions, np.arange(keys)))
    return -np.multiply.outer(np.array(slopes(heads)), distances)


ALIBI_BIAS = Exercise(
    id="positions.alibi_bias",
    points=3,
    reference=reference.alibi_bias,
    cases=alibi_cases,
    variant=alibi_with,
    misconceptions=[
        Misconception(
            "rewards distance",
            {"sign": 1.0},
            "The bias is minus slope times distance: far keys lose, and nothing is above 0.",
        ),
        Misconception(
            "begins the slopes at 1",
            {"start": 0},
            "h counts from 1: the first slope of n heads is 2^(-8 / n), the last is 2^-8.",
        ),
        Misconception(
            "leaves out the 8",
            {"eight": 1.0},
            "The slopes go down to 2^-8, whatever the number of heads.",
        ),
        Misconception(
            "halves from head to head",
            {"slopes_of": lambda heads, *_: 0.5 ** np.arange(1, heads + 1)},
            "1/2, 1/4, and so on are the slopes of eight heads. With n heads the ratio is"
            " 2^(-8 / n), so that the last is always 2^-8.",
        ),
        Misconception(
            "uses the formula for any number of heads",
            {"slopes_of": lambda heads, start, eight, between: series(heads, start, eight)},
            "2^(-8 h / n) is for powers of two. Other numbers take the slopes of the power below,"
            " then every second one of twice that power.",
        ),
        Misconception(
            "takes the first slopes of the power above",
            {
                "slopes_of": lambda heads, start, eight, between: (
                    series(heads, start, eight)
                    if below(heads) == heads
                    else series(2 * below(heads), start, eight)[:heads]
                )
            },
            "The slopes of the power below come first, all of them. From the power above come only"
            " those that are still missing, every second one.",
        ),
        Misconception(
            "fills up with the first slopes, not with every second one",
            {"between": lambda more, count: more[:count]},
            "Of the power above, the first, third, fifth slope and so on are taken: the second,"
            " fourth and so on are there already.",
        ),
        Misconception(
            "fills up with slopes that are there already",
            {"between": lambda more, count: more[1::2][:count]},
            "The second, fourth, sixth slope of the power above are the slopes of the power below."
            " Take the first, third, fifth.",
        ),
        Misconception(
            "sorts the slopes",
            {
                "slopes_of": lambda heads, start, eight, between: np.sort(
                    in_two_parts(heads, start, eight, between)
                )[::-1]
            },
            "The slopes that fill up come last, as they are: a model's heads were trained in that"
            " order.",
        ),
        Misconception(
            "lets the queries begin with the first key",
            {"offsets_of": lambda n, m: np.arange(m) - np.arange(n)[:, None]},
            "The queries are the last of the positions: the last query stands where the last key"
            " stands.",
        ),
        Misconception(
            "rewards keys after the query",
            {"measure": lambda offsets: -offsets},
            "A distance is never negative: it counts on both sides.",
        ),
        Misconception(
            "leaves keys after the query alone",
            {"measure": lambda offsets: np.maximum(-offsets, 0)},
            "Here the distance counts on both sides, before and after.",
        ),
        Misconception(
            "hides keys after the query",
            {"measure": future_hidden},
            "Asked for is the bias only. A mask is another matter, and an encoder has none.",
        ),
        Misconception(
            "puts the heads last",
            {"arrange": lambda bias: np.moveaxis(bias, 0, -1)},
            "The result is added to scores of shape (heads, queries, keys).",
        ),
        Misconception(
            "puts the keys in the rows",
            {"arrange": lambda bias: np.swapaxes(bias, 1, 2)},
            "A row is a query, a column a key.",
        ),
    ],
    alternatives=[alibi_one_by_one, alibi_by_calling_itself, alibi_with()],
    hints=[
        "Two things, then their product: a slope for each head, a distance for each query and key.",
        (
            "1 << (heads.bit_length() - 1) is the largest power of two up to heads. [::2] of the"
            " slopes of twice that power are the ones between, of which the first are needed."
        ),
        (
            "distances = np.abs(np.arange(keys) - (np.arange(queries)[:, None] + keys - queries));"
            " then -slopes[:, None, None] * distances"
        ),
    ],
)
