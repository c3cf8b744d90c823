"""The exercise `positions.to_halves`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.positions import reference


def halves_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        d_model: int,
        heads: int,
        kv_heads: int,
        d_head: int,
        label: str,
        aspect: str = "values",
        gaps: bool = False,
    ) -> Case:
        step = 2 if gaps else 1
        weights = tuple(
            rng.normal(size=(d_model, step * columns * d_head))[:, ::step]
            for columns in (heads, kv_heads, kv_heads)
        )
        return Case((*weights, heads, kv_heads), aspect, label)

    # d_head is a multiple of twice the heads of a group, so that even the keys of all groups can
    # be split by the queries' heads, as one mistake does
    small, large = sizes(rng, 3, 7, 2)
    kv_heads = int(rng.integers(2, 4))
    yield case(2, 1, 1, 6, "one head of three pairs")
    yield case(small, large, large, 6, "a head of keys for each head of queries")
    yield case(large, 2 * kv_heads, kv_heads, 8, "two heads of queries share one of keys")
    yield case(small, 3 * kv_heads, kv_heads, 12, "three heads of queries share one of keys")
    yield case(large, small, 1, 4 * small, "one head of keys for all")
    yield case(16 * kv_heads, 2 * kv_heads, kv_heads, 8, "as many rows as columns")
    yield case(small, 4, 2, 12, "views with gaps", gaps=True)
    yield case(small, large, large, 2, "heads of one pair", "edge")
    yield case(1, 2 * kv_heads, kv_heads, 8, "one row", "edge")
    yield case(0, 2, 1, 8, "no row", "edge")


def to_the_halves(d: int) -> np.ndarray:
    return np.concatenate([np.arange(0, d, 2), np.arange(1, d, 2)])


def to_neighbours(d: int) -> np.ndarray:
    return np.argsort(to_the_halves(d))


def second_ones_first(d: int) -> np.ndarray:
    return np.concatenate([np.arange(1, d, 2), np.arange(0, d, 2)])


def columns_by(order: np.ndarray, weights: np.ndarray, heads: int) -> np.ndarray:
    split = weights.reshape(len(weights), heads, len(order))
    return split[..., order].reshape(weights.shape)


def rows_by(order: np.ndarray, weights: np.ndarray, heads: int) -> np.ndarray:
    """As for weights whose rows are outputs, as torch keeps them."""
    split = weights.reshape(heads, len(order), len(weights))
    return split[:, order].reshape(weights.shape)


def halves_with(
    *,
    order: Callable = to_the_halves,
    reorder: Callable = columns_by,
    split_keys_by: Callable = lambda heads, kv_heads: kv_heads,
    together: bool = False,
    turns: tuple = ("q", "k"),
) -> Callable:
    """The change of layout with parts replaced."""

    def solve(w_q, w_k, w_v, heads, kv_heads):
        def change(name: str, weights: np.ndarray, count: int) -> np.ndarray:
            count = 1 if together else count
            if name not in turns:
                return weights.copy()
            return reorder(order(weights.shape[1] // count), weights, count)

        for_keys = split_keys_by(heads, kv_heads)
        return change("q", w_q, heads), change("k", w_k, for_keys), change("v", w_v, kv_heads)

    return solve


def halves_one_by_one(w_q, w_k, w_v, heads, kv_heads):
    def changed(weights: np.ndarray, count: int) -> np.ndarray:
        d_head = weights.shape[1] // count
        result = np.zeros(weights.shape)
        for head in range(count):
            for i in range(d_head // 2):
                for second in (0, 1):
                    old = head * d_head + 2 * i + second
                    result[:, head * d_head + i + second * d_head // 2] = weights[:, old]
        return result

    return changed(w_q, heads), changed(w_k, kv_heads), w_v.copy()


def halves_by_exchanging_axes(w_q, w_k, w_v, heads, kv_heads):
    """(pair, which of the two) becomes (which of the two, pair)."""

    def changed(weights: np.ndarray, count: int) -> np.ndarray:
        pairs = weights.reshape(len(weights), count, weights.shape[1] // count // 2, 2)
        return pairs.swapaxes(-1, -2).reshape(weights.shape)

    return changed(w_q, heads), changed(w_k, kv_heads), w_v


def halves_by_the_reference(w_q, w_k, w_v, heads, kv_heads):
    return reference.to_halves(w_q, heads), reference.to_halves(w_k, kv_heads), w_v


TO_HALVES = Exercise(
    id="positions.to_halves",
    points=3,
    reference=halves_by_the_reference,
    cases=halves_cases,
    variant=halves_with,
    returns=("w_q", "w_k", "w_v"),
    misconceptions=[
        Misconception(
            "changes the values, too",
            {"turns": ("q", "k", "v")},
            "Values are never turned, so they have no pairs. What comes out of attention would"
            " stand in another order than the output matrix expects.",
        ),
        Misconception(
            "changes across the heads",
            {"together": True},
            "Each head is turned by itself, so each head has halves of its own. Change the order"
            " within d_head columns, for each head alike.",
        ),
        Misconception(
            "splits the keys by the heads of the queries",
            {"split_keys_by": lambda heads, kv_heads: heads},
            "With grouped heads there are fewer heads of keys, kv_heads, each as wide as one of"
            " the queries.",
        ),
        Misconception(
            "goes back from halves to neighbours",
            {"order": to_neighbours},
            "This is the way back. Here pair i stands at 2i and 2i + 1, and goes to i and"
            " i + d_head / 2.",
        ),
        Misconception(
            "puts the second numbers first",
            {"order": second_ones_first},
            "The first number of each pair goes to the first half. Exchanged, every pair would be"
            " turned the other way.",
        ),
        Misconception(
            "changes the rows",
            {"reorder": rows_by},
            "The heads are in the columns here, since q = x W_Q. torch.nn.Linear keeps the"
            " transpose, where they are in the rows.",
        ),
        Misconception(
            "changes the queries only",
            {"turns": ("q",)},
            "The dot product of query and key stays as it was only if both change their order.",
        ),
        Misconception(
            "changes the keys only",
            {"turns": ("k",)},
            "The dot product of query and key stays as it was only if both change their order.",
        ),
        Misconception(
            "changes nothing",
            {"turns": ()},
            "Code that turns halves would pair numbers that were trained with other partners.",
        ),
    ],
    alternatives=[halves_one_by_one, halves_by_exchanging_axes, halves_with()],
    hints=[
        (
            "Within a head the order of the columns becomes 0, 2, 4, ..., 1, 3, 5, ...: what stood"
            " there goes to 0, 1, 2, and so on."
        ),
        (
            "weights.reshape(rows, heads, d_head) has a head's columns on the last axis. An index"
            " array there changes the order in all heads at once; then reshape back."
        ),
        (
            "order = np.concatenate([np.arange(0, d_head, 2), np.arange(1, d_head, 2)]);"
            " weights.reshape(len(weights), heads, d_head)[..., order].reshape(weights.shape), with"
            " kv_heads for w_k. w_v stays as it is."
        ),
    ],
)
