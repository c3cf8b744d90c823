"""The exercise `positions.cached_attention`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import halves, sizes
from embcourse.attention.reference import attention, causal_mask
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.positions import reference
from embcourse.positions.exercises.common import (
    by_pair,
    half_of_it,
    in_halves,
    neighbours,
    some_base,
    turned,
    turned_by_complex,
)


def rounding(positions: float, scores: float) -> Tolerance:
    """Angles are off by 16 eps of the position, scores by as much of their own size, and weights,
    which are at most 1, by what their scores are off; outputs are means of numbers below 4."""
    return Tolerance(operations=32, scale=4.0 * max(positions, 8.0) * scores)


def cached_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        front: tuple,
        n: int,
        held: int,
        first: int,
        d: int,
        d_v: int,
        label: str,
        aspect: str = "values",
        *,
        base: float = 0,
        large: float = 1.0,
        gaps: int = 1,
    ) -> Case:
        """The cache holds the turned keys of the `held` positions before `first`."""

        def drawn(rows: int, width: int) -> np.ndarray:
            return rng.normal(size=(*front, gaps * rows, gaps * width))[..., ::gaps, ::gaps]

        base = base or some_base(rng)
        q, k, v = large * drawn(n, d), large * drawn(n, d), drawn(n, d_v)
        old = large * drawn(held, d)
        keys = turned(old, np.arange(first - held, first), base)
        args = (q, k, v, keys, drawn(held, d_v), first, base)
        return Case(args, aspect, label, tolerance=rounding(first + n, 16.0 * large**2))

    n, held, batch, heads = sizes(rng, 3, 7, 4)
    d, d_v = (2 * int(size) for size in rng.choice(np.arange(4, 8), 2, replace=False))
    base = float(rng.integers(4, 300)) ** 2
    yield Case(
        (
            halves(rng, 1, 4),
            halves(rng, 1, 4),
            halves(rng, 1, 2),
            turned(halves(rng, 2, 4), np.arange(2), base),
            halves(rng, 2, 2),
            2,
            base,
        ),
        label="one new token and two in the cache",
        tolerance=rounding(3, 16.0),
    )
    yield case((), n, held, held, d, d_v, "several new tokens")
    yield case((), held, n, n, d, d, "values as long as keys with the usual base", base=1e4)
    yield case((batch,), n, held, held, d, d_v, "a batch")
    yield case((batch, heads), n, held, held, d, d_v, "heads in a batch")
    first = held + int(rng.integers(5, 60))
    yield case((), n, held, first, d, d_v, "a cache that has dropped its oldest keys")
    yield case((), n, held, held, d, d_v, "views with gaps", gaps=2)
    yield case((), n, 0, 0, d, d_v, "an empty cache at the beginning", "edge")
    first = int(rng.integers(5, 60))
    yield case((heads,), n, 0, first, d, d_v, "an empty cache later on", "edge")
    yield case((), 1, held, held, d, d_v, "one new token", "edge")
    yield case((), n, held, held, 2, 2, "one pair", "edge")
    yield case((), 0, held, held, d, d_v, "no new token", "edge")
    yield case((), n, held, held, d, d_v, "scores in the thousands", "stability", large=60.0)
    first = int(rng.integers(100_000, 200_000))
    yield case((), n, held, first, d, d_v, "positions above 100,000", "stability")


def new_ones_up_to_itself(n: int, held: int) -> np.ndarray:
    return np.tri(n, held + n, held, dtype=bool)


def safe_softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=-1, keepdims=True)


def plain_softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def counted_on(first: int, n: int, held: int) -> np.ndarray:
    return first + np.arange(n)


def after(cache: np.ndarray, n: int) -> np.ndarray:
    """The last n rows."""
    return cache[..., cache.shape[-2] - n :, :].copy()


def cached_with(
    *,
    places: Callable = counted_on,
    turn_queries: bool = True,
    turn_keys: bool = True,
    turn_values: bool = False,
    again: bool = False,
    sign: float = 1.0,
    exponents: Callable = by_pair,
    layout: Callable = neighbours,
    mask: Callable = new_ones_up_to_itself,
    join: Callable = lambda cached, new: np.concatenate([cached, new], axis=-2),
    softmax: Callable = safe_softmax,
    scale: Callable = lambda d: np.sqrt(d),
    back: Callable = lambda keys, unturned, values, n: (keys, values),
) -> Callable:
    """Attention under a cache with parts replaced."""

    def solve(q, k, v, cached_k, cached_v, first, base):
        n, held = q.shape[-2], cached_k.shape[-2]
        positions = places(first, n, held)

        def turn(x: np.ndarray, where: np.ndarray = positions) -> np.ndarray:
            return turned(x, where, base, exponents=exponents, layout=layout, sign=sign)

        if turn_queries:
            q = turn(q)
        if again:
            cached_k = turn(cached_k, first - held + np.arange(held))
        if turn_values:
            v = turn(v)
        keys = join(cached_k, turn(k) if turn_keys else k)
        values = join(cached_v, v)
        scores = q @ np.swapaxes(keys, -1, -2) / scale(q.shape[-1])
        weights = softmax(np.where(mask(n, held), scores, -np.inf))
        return weights @ values, *back(keys, join(cached_k, k), values, n)

    return solve


def cached_token_by_token(q, k, v, cached_k, cached_v, first, base):
    """One token after the other: then nothing needs to be masked."""
    d = q.shape[-1]
    outputs = np.zeros((*q.shape[:-1], v.shape[-1]))
    keys, values = cached_k, cached_v
    for i in range(q.shape[-2]):
        at = np.array([first + i])
        new = slice(i, i + 1)
        keys = np.concatenate([keys, turned_by_complex(k[..., new, :], at, base)], axis=-2)
        values = np.concatenate([values, v[..., new, :]], axis=-2)
        query = turned_by_complex(q[..., new, :], at, base)
        scores = np.einsum("...nd,...md->...nm", query, keys) * d**-0.5
        powers = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
        outputs[..., new, :] = np.einsum("...nm,...md->...nd", powers, values)
        outputs[..., new, :] /= np.sum(powers, axis=-1)[..., None]
    return outputs, keys.copy(), values.copy()


def cached_by_the_reference(q, k, v, cached_k, cached_v, first, base):
    n = q.shape[-2]
    positions = first + np.arange(n)
    keys = np.concatenate([cached_k, reference.rotate(k, positions, base)], axis=-2)
    values = np.concatenate([cached_v, v], axis=-2)
    mask = causal_mask(n, keys.shape[-2])
    outputs, _ = attention(reference.rotate(q, positions, base), keys, values, mask)
    return outputs, keys, values


CACHED_ATTENTION = Exercise(
    id="positions.cached_attention",
    points=4,
    reference=cached_by_the_reference,
    cases=cached_cases,
    variant=cached_with,
    returns=("outputs", "keys", "values"),
    misconceptions=[
        Misconception(
            "begins again at position 0",
            {"places": lambda first, n, held: np.arange(n)},
            "The new tokens go on after what was read: the first of them stands at `first`.",
        ),
        Misconception(
            "takes the number of cached keys for the position",
            {"places": lambda first, n, held: held + np.arange(n)},
            "A cache may have dropped its oldest keys. The others keep their positions, and the"
            " new tokens theirs: the first of them stands at `first`.",
        ),
        Misconception(
            "counts positions from 1",
            {"places": lambda first, n, held: first + 1 + np.arange(n)},
            "`first` is the position of the first new token, not of the last cached one.",
        ),
        Misconception(
            "puts all new tokens at one position",
            {"places": lambda first, n, held: first + np.zeros(n)},
            "Of several new tokens each stands one further than the one before it.",
        ),
        Misconception(
            "turns the cached keys a second time",
            {"again": True},
            "The keys in the cache were turned when they were made. A position does not change"
            " afterwards: only new keys are turned.",
        ),
        Misconception(
            "turns the values, too",
            {"turn_values": True},
            "Only queries and keys are turned, since only scores need to know positions. A turned"
            " value would change what is read, not who reads it.",
        ),
        Misconception(
            "does not turn the queries",
            {"turn_queries": False},
            "A score sees the offset only if query and key are both turned.",
        ),
        Misconception(
            "does not turn the new keys",
            {"turn_keys": False},
            "The new keys are turned by their positions before they go into the cache.",
        ),
        Misconception(
            "puts keys into the cache that were not turned",
            {"back": lambda keys, unturned, values, n: (unturned, values)},
            "The next call expects a cache of turned keys, as this one got.",
        ),
        Misconception(
            "turns the wrong way",
            {"sign": -1.0},
            "Among the new tokens nobody would notice, but the cached keys were turned forwards.",
        ),
        Misconception(
            "pairs the halves",
            {"layout": in_halves},
            "Pairs are neighbours here, 2i and 2i + 1, in the cached keys, too.",
        ),
        Misconception(
            "halves the exponent",
            {"exponents": half_of_it},
            "The exponent of pair i is -2i / d, where i counts pairs.",
        ),
        Misconception(
            "lets new tokens see the ones after them",
            {"mask": lambda n, held: np.ones((n, held + n), bool)},
            "Each new token sees the whole cache, and of the new ones those up to itself.",
        ),
        Misconception(
            "aligns the first new token with the first key",
            {"mask": lambda n, held: np.tri(n, held + n, dtype=bool)},
            "All cached keys came before the first new token, which sees them all. The mask's"
            " diagonal begins after them.",
        ),
        Misconception(
            "hides a token from itself",
            {"mask": lambda n, held: np.tri(n, held + n, held - 1, dtype=bool)},
            "A token sees itself. At the beginning, with an empty cache, there is nothing else.",
        ),
        Misconception(
            "puts new ones in front",
            {"join": lambda cached, new: np.concatenate([new, cached], axis=-2)},
            "New keys and values go to the end of the cache, in the order of their positions.",
        ),
        Misconception(
            "gives back only what is new",
            {"back": lambda keys, unturned, values, n: (after(keys, n), after(values, n))},
            "Asked for is the whole cache: what was in it, and what is new.",
        ),
        Misconception(
            "does not scale",
            {"scale": lambda d: 1.0},
            "Divide the scores by sqrt(d), as for all dot products of attention.",
        ),
        Misconception(
            "does not take the largest score off",
            {"softmax": plain_softmax},
            "exp of a large score overflows. Take the largest of the row off before: the weights"
            " stay the same.",
        ),
    ],
    alternatives=[cached_token_by_token, cached_with()],
    hints=[
        (
            "Turn q and k by first, first + 1, and so on, and put the new keys and values at the"
            " end of what the cache holds. What follows is ordinary attention under a mask."
        ),
        (
            "With c cached keys, new query i sees the keys 0 to c + i of the joined ones:"
            " np.tri(n, c + n, c, dtype=bool)."
        ),
        (
            "positions = first + np.arange(n); keys = np.concatenate([cached_k, rotate(k,"
            " positions, base)], axis=-2); values alike, without the turn. Then the scores of"
            " rotate(q, positions, base), -inf where the mask is False, a softmax, and the"
            " values."
        ),
    ],
)
