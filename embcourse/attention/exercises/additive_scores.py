"""The exercise `attention.additive_scores`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY, halves, sizes
from embcourse.checking import Case, Exercise, Misconception


def drawn(
    rng: np.random.Generator, *front: int, n: int, m: int, d_q: int, d_k: int, hidden: int
) -> tuple:
    """q, k, w_query, w_key, u."""
    shapes = (*front, n, d_q), (*front, m, d_k), (d_q, hidden), (d_k, hidden), (hidden,)
    return tuple(rng.normal(size=shape) for shape in shapes)


def additive_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, m, d_q, d_k, hidden, front = sizes(rng, 2, 7, 6)
    yield Case(
        (
            halves(rng, 1, 1),
            halves(rng, 2, 1),
            halves(rng, 1, 2),
            halves(rng, 1, 2),
            halves(rng, 2),
        ),
        label="one query, two keys",
        tolerance=ORDINARY,
    )
    yield Case(
        drawn(rng, n=n, m=m, d_q=d_q, d_k=d_k, hidden=hidden),
        label="queries and keys of different length",
        tolerance=ORDINARY,
    )
    yield Case(
        drawn(rng, n=m, m=m, d_q=d_q, d_k=d_q, hidden=d_q),
        label="as many keys as queries, all of one length",
        tolerance=ORDINARY,
    )
    yield Case(
        drawn(rng, front, n=n, m=m, d_q=d_q, d_k=d_k, hidden=hidden),
        label="a batch",
        tolerance=ORDINARY,
    )
    yield Case(
        drawn(rng, 2, front, n=n, m=n, d_q=d_q, d_k=d_k, hidden=hidden),
        label="heads in a batch",
        tolerance=ORDINARY,
    )
    wide = drawn(rng, n=2 * n, m=2 * m, d_q=2 * d_q, d_k=2 * d_k, hidden=2 * hidden)
    yield Case(
        (*(array[::2, ::2] for array in wide[:4]), wide[4][::2]),
        label="views with gaps",
        tolerance=ORDINARY,
    )
    yield Case(
        drawn(rng, n=1, m=1, d_q=2, d_k=2, hidden=1),
        "edge",
        "one query, one key, one hidden number",
        tolerance=ORDINARY,
    )
    q, k, *network = drawn(rng, n=n, m=m, d_q=d_q, d_k=d_k, hidden=hidden)
    yield Case((q, k[:0], *network), "edge", "no key")
    yield Case((q[:0], k, *network), "edge", "no query")


def additive_with(
    *,
    inside: Callable = np.tanh,
    apart: bool = False,
    outside: bool = False,
    key: float = 1.0,
    query: float = 1.0,
    weigh: Callable = lambda hidden, u: hidden @ u,
    turned: bool = False,
    axes: Callable = lambda a, b: (a[..., :, None, :], b[..., None, :, :]),
    crossed: bool = False,
) -> Callable:
    """Additive scores with parts replaced."""

    def solve(q, k, w_query, w_key, u):
        if crossed:
            w_query, w_key = w_key, w_query
        a, b = axes(query * (q @ w_query), key * (k @ w_key))
        if apart:
            scores = weigh(inside(a) + inside(b), u)
        else:
            scores = inside(weigh(a + b, u)) if outside else weigh(inside(a + b), u)
        return np.swapaxes(scores, -1, -2) if turned else scores

    return solve


def additive_one_by_one(q, k, w_query, w_key, u):
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for front in np.ndindex(q.shape[:-2]):
        for i in range(q.shape[-2]):
            for j in range(k.shape[-2]):
                scores[front][i, j] = u @ np.tanh(w_query.T @ q[front][i] + w_key.T @ k[front][j])
    return scores


def additive_by_joining(q, k, w_query, w_key, u):
    """[q; k] times the two matrices on top of each other is the same sum."""
    n, m = q.shape[-2], k.shape[-2]
    if n == 0:
        return np.zeros((*q.shape[:-2], 0, m))
    both = np.concatenate([np.repeat(q, m, axis=-2), np.concatenate([k] * n, axis=-2)], axis=-1)
    scores = np.tanh(both @ np.concatenate([w_query, w_key])) @ u
    return scores.reshape(*q.shape[:-1], m)


ADDITIVE_SCORES = Exercise(
    id="attention.additive_scores",
    points=2,
    reference=reference.additive_scores,
    cases=additive_cases,
    variant=additive_with,
    misconceptions=[
        Misconception(
            "leaves out the tanh",
            {"inside": lambda x: x},
            "Without it the score is a sum of a term for the query and one for the key, and the"
            " softmax cancels the query's: all queries would get the same weights.",
        ),
        Misconception(
            "squashes query and key apart",
            {"apart": True},
            "tanh goes around the sum. Squashed apart, the query's term is the same for all keys,"
            " and the softmax cancels it.",
        ),
        Misconception(
            "squashes the score",
            {"outside": True},
            "tanh works on the hidden vector, before u weighs its entries.",
        ),
        Misconception(
            "uses a sigmoid",
            {"inside": lambda x: 1 / (1 + np.exp(-x))},
            "The hidden layer's function is tanh.",
        ),
        Misconception(
            "uses a ReLU",
            {"inside": lambda x: np.maximum(x, 0)},
            "The hidden layer's function is tanh.",
        ),
        Misconception(
            "leaves out the key", {"key": 0.0}, "A query's scores must differ from key to key."
        ),
        Misconception(
            "leaves out the query",
            {"query": 0.0},
            "Different queries must give different scores for the same key.",
        ),
        Misconception("takes one away from the other", {"key": -1.0}, "The two terms are added."),
        Misconception(
            "sums the hidden numbers",
            {"weigh": lambda hidden, u: hidden.sum(axis=-1)},
            "u weighs the hidden numbers before they are added.",
        ),
        Misconception(
            "divides by the root of the hidden size",
            {"weigh": lambda hidden, u: hidden @ u / np.sqrt(len(u))},
            "Only the dot product is scaled. The additive score is not.",
        ),
        Misconception(
            "exchanges the two matrices",
            {"crossed": True},
            "Queries go through w_query and keys through w_key.",
        ),
        Misconception(
            "puts the keys in the rows", {"turned": True}, "A row is a query, a column a key."
        ),
        Misconception(
            "pairs query i with key i only",
            {"axes": lambda a, b: (a, b)},
            "Every query meets every key: the result has a number for each pair.",
        ),
        Misconception(
            "puts the new axes at fixed places",
            {"axes": lambda a, b: (a[:, None], b[None])},
            "Right for matrices. With axes in front, the new axis must be counted from the end.",
        ),
    ],
    alternatives=[additive_one_by_one, additive_by_joining, additive_with()],
    hints=[
        "Every query meets every key: two axes, one for each, broadcast against each other.",
        (
            "(q @ w_query)[..., :, None, :] is (..., n, 1, hidden); give k @ w_key an axis of 1"
            " before the keys."
        ),
        "np.tanh((q @ w_query)[..., :, None, :] + (k @ w_key)[..., None, :, :]) @ u",
    ],
)
