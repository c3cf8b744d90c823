"""Dropout: numbers set to 0 at random while training, and the others made larger for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_number


def dropout(x: ArrayLike, rate: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Each number is set to 0 with probability `rate`, else divided by 1 - rate.

    The mean stays as it was: (1 - rate) x / (1 - rate) = x. So a network that
    is trained with it needs no change when it is used without.

    x      : any shape.
    rate   : from 0 to below 1.
    returns: float64, shape of x.
    raises : ValueError for a rate out of range.

    >>> dropout(np.ones(6), 0.75, np.random.default_rng(0))
    array([0., 0., 0., 0., 4., 4.])

    Srivastava et al. (2014), who shrink at test time instead.
    """
    x = require_floats("dropout", "x", x, "(...,)")
    rate = require_number("dropout", "rate", rate, least=0, below=1)
    kept = rng.random(x.shape) >= rate
    return np.where(kept, x / (1 - rate), 0.0)
