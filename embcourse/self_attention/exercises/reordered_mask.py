"""The exercise `self_attention.reordered_mask`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.self_attention.exercises.common import some_mask


def an_order(rng: np.random.Generator, n: int) -> np.ndarray:
    """An order that differs from the one that undoes it."""
    order = rng.permutation(n)
    while np.array_equal(order, np.argsort(order)):
        order = rng.permutation(n)
    return order


def reordered_mask_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, m, front = sizes(rng, 3, 7, 3)
    yield Case((np.tri(n, dtype=bool), an_order(rng, n)), label="causal")
    yield Case((some_mask(rng, m, m), an_order(rng, m)), label="any mask")
    yield Case((some_mask(rng, front, n, n), an_order(rng, n)), label="a mask for each sequence")
    wide = some_mask(rng, 2 * m, 2 * m)[::2, ::2]
    wide[0, -1], wide[-1, 0] = True, False
    yield Case((wide, an_order(rng, m)), label="a view with gaps")
    seen = np.arange(m) < rng.integers(1, m)
    yield Case((np.broadcast_to(seen, (m, m)).copy(), an_order(rng, m)), "edge", "padding")
    yield Case((np.array([[True]]), np.array([0])), "edge", "one position")
    yield Case((np.zeros((0, 0), bool), np.zeros(0, np.int64)), "edge", "nothing")


def reordered_mask_with(
    *,
    order_of: Callable = lambda order: order,
    queries: bool = True,
    keys: bool = True,
) -> Callable:
    """The moved mask with parts replaced."""

    def solve(mask, order):
        own = order_of(order)
        moved = mask.copy()
        if queries:
            moved = moved[..., own, :]
        return moved[..., own] if keys else moved

    return solve


def reordered_by_matrix(mask, order):
    """Π M Πᵀ, with a one in row i, column order[i]."""
    n = len(order)
    permutation = np.zeros((n, n), np.int64)
    permutation[np.arange(n), order] = 1
    return (permutation @ mask.astype(np.int64) @ permutation.T).astype(bool)


def reordered_one_by_one(mask, order):
    found = np.zeros(mask.shape, bool)
    for i, from_i in enumerate(order):
        for j, from_j in enumerate(order):
            found[..., i, j] = mask[..., from_i, from_j]
    return found


REORDERED_MASK = Exercise(
    id="self_attention.reordered_mask",
    points=2,
    reference=lambda mask, order: mask[..., order, :][..., order],
    cases=reordered_mask_cases,
    variant=reordered_mask_with,
    misconceptions=[
        Misconception(
            "moves the queries only",
            {"keys": False},
            "The positions are queries and keys at once: both axes of the mask move.",
        ),
        Misconception(
            "moves the keys only",
            {"queries": False},
            "The positions are queries and keys at once: both axes of the mask move.",
        ),
        Misconception(
            "keeps the mask",
            {"queries": False, "keys": False},
            "mask[i, j] speaks of positions i and j. When tokens move, what they may see moves with"
            " them.",
        ),
        Misconception(
            "moves the other way",
            {"order_of": np.argsort},
            "x[order] takes row order[i] to place i. The mask moves the same way, not back.",
        ),
    ],
    alternatives=[reordered_one_by_one, reordered_by_matrix, reordered_mask_with()],
    hints=[
        "Row i of the new sequence was row order[i] of the old one. Whom could that one see?",
        "New mask at (i, j) = old mask at (order[i], order[j]).",
        "mask[..., order, :] moves the rows; do the same to the last axis.",
    ],
)
