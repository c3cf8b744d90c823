"""Absolute positions as sines and cosines, and the linear map that moves them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embcourse.arguments import require_number, require_whole

Array = NDArray[np.float64]
BASE = 10000.0
"""What the wavelengths of sinusoids and rotations are built from."""


def frequencies(d: int, base: float = BASE) -> Array:
    """Angles per position of the d / 2 pairs: base^(-2i / d), from 1 nearly down to 1 / base.

    raises: ValueError if d is odd or not positive, or base is not above 1.

    >>> frequencies(4)
    array([1.  , 0.01])

    Vaswani et al. (2017), section 3.5; Su et al. (2024).
    """
    d = require_even("frequencies", "d", d)
    base = require_number("frequencies", "base", base, above=1)
    return base ** (-np.arange(0, d, 2) / d)


def sinusoidal(n: int, d: int, base: float = BASE) -> Array:
    """Sines in the even columns, cosines in the odd ones.

    returns: (n, d) float64; row p is the encoding of position p, from 0.
             Column 2i is sin(p w_i), column 2i + 1 is cos(p w_i), with
             w_i = base^(-2i / d).
    raises : ValueError if d is odd or not positive.

    >>> sinusoidal(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]])

    Vaswani et al. (2017), section 3.5. tensor2tensor, and much code after it,
    puts all sines first, and divides the exponent by d / 2 - 1.
    """
    n = require_whole("sinusoidal", "n", n, least=0)
    d = require_even("sinusoidal", "d", d)
    angles = np.arange(n)[:, None] * frequencies(d, base)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(n, d)


def shift_matrix(offset: int, d: int, base: float = BASE) -> Array:
    """The matrix M with sinusoidal(n, d)[p + offset] = M @ sinusoidal(n, d)[p] for every p.

    One block of 2 x 2 for each pair, a turn by offset times frequency:
    sin(a + b) = cos(b) sin(a) + sin(b) cos(a), and
    cos(a + b) = -sin(b) sin(a) + cos(b) cos(a).

    returns: (d, d) float64, orthogonal.
    raises : as `sinusoidal`.

    >>> shift_matrix(1, 2).round(3)
    array([[ 0.54 ,  0.841],
           [-0.841,  0.54 ]])
    """
    offset = require_whole("shift_matrix", "offset", offset)
    d = require_even("shift_matrix", "d", d)
    matrix = np.zeros((d, d))
    for i, angle in enumerate(offset * frequencies(d, base)):
        sine, cosine = np.sin(angle), np.cos(angle)
        pair = slice(2 * i, 2 * i + 2)
        matrix[pair, pair] = [[cosine, sine], [-sine, cosine]]
    return matrix


def require_even(where: str, name: str, value: object) -> int:
    """An even integer of at least 2.

    >>> require_even("sinusoidal", "d", 3)
    Traceback (most recent call last):
    ValueError: sinusoidal: d must be even, got 3
    """
    whole = require_whole(where, name, value, least=2)
    if whole % 2:
        raise ValueError(f"{where}: {name} must be even, got {whole}")
    return whole
