"""Where a token stands: absolute encodings, relative ones, rotations and linear biases.

Shapes: d numbers for each of n positions, counted from 0. Scores of attention are (..., n, m): a row
is a query. Offsets are key's position - query's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embcourse.arguments import require_number, require_whole

Array = NDArray[np.float64]
BASE = 10000.0
"""What the wavelengths of sinusoids and rotations are built from."""


def frequencies(d: int, base: float = BASE) -> Array:
    """Angles per position of the d / 2 pairs: base^(-2i / d), from 1 down to nearly 1 / base.

    raises: ValueError if d is odd or not positive, or base is not above 1.

    >>> frequencies(4)
    array([1.  , 0.01])

    Vaswani et al. (2017), section 3.5; Su et al. (2021).
    """
    d = _require_even("frequencies", d)
    base = require_number("frequencies", "base", base, above=1)
    return base ** (-np.arange(0, d, 2) / d)


def sinusoidal(n: int, d: int, base: float = BASE) -> Array:
    """Sines in the even columns, cosines in the odd ones, of position times frequency.

    returns: (n, d) float64; row p is the encoding of position p. Column 2i is
             sin(p w_i), column 2i + 1 is cos(p w_i), w_i = base^(-2i / d).
    raises : ValueError if d is odd or not positive.

    >>> sinusoidal(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]])

    Vaswani et al. (2017), section 3.5. tensor2tensor, and much code after it,
    puts all sines first, and divides the exponent by d / 2 - 1.
    """
    n = require_whole("sinusoidal", "n", n, least=0)
    d = _require_even("sinusoidal", d)
    angles = np.arange(n)[:, None] * frequencies(d, base)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(n, d)


def _require_even(where: str, d: int) -> int:
    d = require_whole(where, "d", d, least=2)
    if d % 2:
        raise ValueError(f"{where}: d must be even, got {d}")
    return d
