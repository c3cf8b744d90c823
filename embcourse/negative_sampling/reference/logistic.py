"""The logistic function and its logarithm, for logits of any size."""

import numpy as np
from numpy.typing import ArrayLike

from embcourse.negative_sampling.reference.checks import FloatArray


def sigmoid(x: ArrayLike) -> FloatArray:
    """The logistic function, 1 / (1 + e^-x), without overflow.

    x      : any shape.
    returns: float64 of the same shape, from 0 to 1. 1 - sigmoid(x) loses digits for large x;
             sigmoid(-x) does not.

    >>> sigmoid([-1e4, 0.0, 2.0, 1e4]).round(3)
    array([0.   , 0.5  , 0.881, 1.   ])
    """
    x = np.asarray(x, dtype=np.float64)
    small = np.exp(-np.abs(x))  # at most 1, whatever the sign
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def log_sigmoid(x: ArrayLike) -> FloatArray:
    """ln(1 / (1 + e^-x)) = -ln(1 + e^-x), without overflow, and without the ln 0 of a sigmoid that
    has rounded to 0.

    x      : any shape.
    returns: float64 of the same shape, at most 0; close to x where x is far below 0.

    >>> [round(float(y), 3) for y in log_sigmoid([-1e4, -1.0, 0.0, 2.0])]
    [-10000.0, -1.313, -0.693, -0.127]
    """
    return -np.logaddexp(0.0, -np.asarray(x, dtype=np.float64))
