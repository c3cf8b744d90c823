"""Rotary positions: queries and keys are turned by their position, so that scores see the offset.

A vector of d numbers is d / 2 pairs, each a point of a plane. Pair i of the vector at position p is
turned by p w_i, w_i = base^(-2i / d). Two layouts are in use: a pair is two neighbours, 2i and
2i + 1, as in the paper, or i and i + d / 2, one of each half, as in GPT-NeoX and transformers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_flag, require_floats, require_number, require_whole
from embcourse.positions.reference.sinusoids import BASE, frequencies, require_even
from embcourse.self_attention.reference import require_heads

Array = NDArray[np.float64]


def rotate(
    x: ArrayLike, positions: ArrayLike, base: float = BASE, *, interleaved: bool = True
) -> Array:
    """Turns each pair of x by position times frequency.

    (a, b) becomes (a cos - b sin, a sin + b cos).

    x          : (..., n, d) queries or keys, d even.
    positions  : (n,), or what broadcasts to (..., n), of each row; a row of a
                 cache keeps the position that it was made at. They need not
                 be integers.
    interleaved: pairs are neighbours; False for halves.
    returns    : (..., n, d) float64; every row keeps its length.
    raises     : ValueError if d is odd, or positions do not fit.

    >>> rotate([[1.0, 0.0], [1.0, 0.0]], positions=[0, 1]).round(3)
    array([[1.   , 0.   ],
           [0.54 , 0.841]])
    >>> rotate([[1.0, 2, 3, 4]], [np.pi], base=1.0001).round(2)
    array([[-1., -2., -3., -4.]])

    Su et al. (2024), equation 34.
    """
    x = require_floats("rotate", "x", x, "(..., n, d)")
    d = require_even("rotate", "x's last axis", x.shape[-1])
    places = require_floats("rotate", "positions", positions, "(..., n)")
    interleaved = require_flag("rotate", "interleaved", interleaved)
    try:
        places = np.broadcast_to(places, x.shape[:-1])
    except ValueError:
        raise ValueError(
            f"rotate: positions must broadcast to {x.shape[:-1]},"
            f" one for each row of x; got {places.shape}"
        ) from None
    angles = places[..., None] * frequencies(d, base)
    cosines, sines = np.cos(angles), np.sin(angles)
    first, second = _pairs(x, interleaved)
    turned = np.empty_like(x)
    a, b = _pairs(turned, interleaved)
    a[...] = first * cosines - second * sines
    b[...] = first * sines + second * cosines
    return turned


def rotate_gradient(
    grad_rotated: ArrayLike,
    positions: ArrayLike,
    base: float = BASE,
    *,
    interleaved: bool = True,
) -> Array:
    """The gradient for x, given that for `rotate`'s result: turned back, since a rotation's
    transpose is its inverse.

    >>> rotate_gradient(rotate([[3.0, 4.0]], [7]), [7]).round(12)
    array([[3., 4.]])
    """
    places = require_floats("rotate_gradient", "positions", positions, "(..., n)")
    return rotate(grad_rotated, -places, base, interleaved=interleaved)


def halves_order(d: int) -> NDArray[np.int64]:
    """Where the numbers of a vector go when its layout changes from neighbours to halves.

    returns: (d,); x[..., order] has pair i at (i, i + d / 2) where x has it at
             (2i, 2i + 1).

    >>> halves_order(6).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    d = require_even("halves_order", "d", d)
    return np.concatenate([np.arange(0, d, 2), np.arange(1, d, 2)])


def to_halves(weights: ArrayLike, heads: int) -> Array:
    """W_Q or W_K of a model that turns neighbours, for code that turns halves.

    The columns of each head change their order; the same for queries and keys,
    so that their dot products stay as they were. Values are not turned: W_V
    and W_O stay.

    weights: (d_model, heads * d_head), or a bias (heads * d_head,).
    heads  : heads that the columns are: with grouped queries those of the keys,
             for W_K.
    raises : ValueError if heads does not divide the columns, or d_head is odd.

    >>> to_halves([[0.0, 1, 2, 3, 10, 11, 12, 13]], heads=2)
    array([[ 0.,  2.,  1.,  3., 10., 12., 11., 13.]])
    """
    weights = require_floats("to_halves", "weights", weights, "(..., columns)")
    heads = require_heads("to_halves", "heads", heads, weights.shape[-1])
    d_head = require_even("to_halves", "d_head", weights.shape[-1] // heads)
    split = weights.reshape(*weights.shape[:-1], heads, d_head)
    return split[..., halves_order(d_head)].reshape(weights.shape)


def interpolated(positions: ArrayLike, trained: int, wanted: int) -> Array:
    """Positions squeezed, so that the last of `wanted` falls inside what was trained.

    raises: ValueError if wanted is below trained, which needs no squeezing.

    >>> interpolated([0, 1, 2, 3], trained=2, wanted=4)
    array([0. , 0.5, 1. , 1.5])

    Chen et al. (2023).
    """
    places = require_floats("interpolated", "positions", positions, "(..., n)")
    trained = require_whole("interpolated", "trained", trained, least=1)
    wanted = require_whole("interpolated", "wanted", wanted, least=trained)
    return places * (trained / wanted)


def stretched_base(d: int, factor: float, base: float = BASE) -> float:
    """The base with which the slowest pair turns `factor` times more slowly, and the fastest as
    before: base * factor^(d / (d - 2)).

    raises: ValueError if d is odd or below 4, or factor is below 1.

    >>> slower = frequencies(64) / frequencies(64, stretched_base(64, factor=8))
    >>> slower[[0, -1]].round(9).tolist()
    [1.0, 8.0]

    Known as NTK-aware scaling; Peng et al. (2024).
    """
    d = require_even("stretched_base", "d", d)
    if d < 4:
        raise ValueError(f"stretched_base: d must be at least 4, got {d}")
    factor = require_number("stretched_base", "factor", factor, least=1)
    return require_number("stretched_base", "base", base, above=1) * factor ** (d / (d - 2))


def _pairs(x: Array, interleaved: bool) -> tuple[Array, Array]:
    """Views of the first and the second number of every pair."""
    if interleaved:
        return x[..., 0::2], x[..., 1::2]
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]
