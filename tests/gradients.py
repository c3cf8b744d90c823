"""Gradients by finite differences, to hold derived ones against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def by_differences(
    function: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """The gradient of a number for an array, one entry at a time: (f(x + h) - f(x - h)) / 2h."""
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        held = x[place]
        x[place] = held + step
        above = function(x)
        x[place] = held - step
        below = function(x)
        x[place] = held
        gradient[place] = (above - below) / (2 * step)
    return gradient
