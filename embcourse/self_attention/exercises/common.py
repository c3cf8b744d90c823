"""What several exercises of this chapter share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from embcourse.attention import softmax
from embcourse.checking import Tolerance
from embcourse.self_attention import MultiHeadWeights

# Four products one after the other, each a sum of at most 16 terms, and a softmax of at most 8
# powers, of numbers that stay below 64. Gradients go through the same products once more.
ORDINARY = Tolerance(operations=256, scale=64.0)
# Scores of size S are right to S eps times the operations; the weights, at most 1, then have that
# relative error.
LARGE = Tolerance(operations=256, scale=4e5)


def matrices(rng: np.random.Generator, *shapes: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Matrices that about keep the size of a vector."""
    return tuple(rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes)


def squares(rng: np.random.Generator, d_model: int, count: int = 4) -> tuple[np.ndarray, ...]:
    return matrices(rng, *[(d_model, d_model)] * count)


def some_mask(rng: np.random.Generator, *shape: int, least: int = 1) -> np.ndarray:
    """Every row has a False and at least so many True; the mask is not its own transpose.

    With one key in sight a weight is 1, whatever the scores are: gradients need two.
    """
    mask = rng.random(shape) < 0.5
    for place in np.ndindex(shape[:-1]):
        row, i = mask[place], place[-1]
        first, last = i == 0, i == shape[-2] - 1
        free = [j for j in range(shape[-1]) if not (first and j == shape[-1] - 1)]
        free = [j for j in free if not (last and j == 0)]
        picked = rng.permutation(free)
        row[picked[: least - first]] = True
        if not last:
            row[picked[-1]] = False
    mask[..., 0, -1], mask[..., -1, 0] = True, False
    return mask


def blind_row(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """The mask with one query that may see nothing."""
    mask = mask.copy()
    mask[..., int(rng.integers(0, mask.shape[-2])), :] = False
    return mask


def layer(*four: np.ndarray) -> MultiHeadWeights:
    """The reference's parameters without biases."""
    return MultiHeadWeights(*four, *(np.zeros(matrix.shape[1]) for matrix in four))


def weigh(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The softmax of each row under its mask."""
    return softmax(scores, mask=np.broadcast_to(mask, scores.shape))


def weigh_late(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Masked after the softmax: what is hidden has taken its share already."""
    return softmax(scores) * mask


def weigh_over_queries(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return softmax(scores, axis=-2, mask=np.broadcast_to(mask, scores.shape))


def split_untransposed(x: np.ndarray, heads: int) -> np.ndarray:
    """Right shape, wrong numbers: positions and heads are mixed."""
    return x.reshape(*x.shape[:-2], heads, x.shape[-2], x.shape[-1] // heads)


def split_in_turn(x: np.ndarray, heads: int) -> np.ndarray:
    """Head i takes the numbers i, i + heads, i + 2 heads, ..."""
    return np.stack([x[..., head::heads] for head in range(heads)], axis=-3)


def merged_shape(x: np.ndarray) -> tuple[int, ...]:
    return (*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


def merge_untransposed(x: np.ndarray) -> np.ndarray:
    return x.reshape(merged_shape(x))


def merge_in_turn(x: np.ndarray) -> np.ndarray:
    """The first number of every head, then the second of every head."""
    return np.moveaxis(x, -3, -1).reshape(merged_shape(x))


def merge_backwards(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x[..., head, :, :] for head in reversed(range(x.shape[-3]))], axis=-1)


def turned(mask: np.ndarray) -> np.ndarray:
    return np.swapaxes(mask, -1, -2)


Part = Callable[..., np.ndarray]
