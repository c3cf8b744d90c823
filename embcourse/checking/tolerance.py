"""How far a right answer may be from the reference: derived from rounding, never guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A chain of n rounded operations has relative error at most about n * eps (Higham 2002, section 3.1); two correct
# programs may err in opposite directions, and log and exp are good to a few units in the last place.
SAFETY = 8.0


@dataclass(frozen=True)
class Tolerance:
    """The largest error that rounding explains.

    |got - expected| <= SAFETY * operations * eps * max(|expected|, scale)

    operations : the longest chain of floating-point operations behind one number; n for a sum of n terms.
    scale      : size of the largest intermediate number, where large numbers cancel to a small result.
                 scale / |expected| is the condition number of the last subtraction.

    eps belongs to the dtype of the answer: a float32 answer is held to float32's rounding.

    >>> Tolerance(operations=10).bound(np.array([1.0, 100.0]), np.dtype("float64"))
    array([1.77635684e-14, 1.77635684e-12])
    >>> Tolerance(operations=1, scale=1e4).bound(np.array([0.0]), np.dtype("float64"))
    array([1.77635684e-11])

    raises : ValueError if operations is below 1, or scale is negative or not finite.
    Higham (2002), Accuracy and Stability of Numerical Algorithms.
    """

    operations: float = 32
    scale: float = 0.0

    def __post_init__(self) -> None:
        if not self.operations >= 1:
            raise ValueError(f"Tolerance: operations must be at least 1; got {self.operations}")
        if not (self.scale >= 0 and np.isfinite(self.scale)):
            raise ValueError(f"Tolerance: scale must be finite and not negative; got {self.scale}")

    def bound(self, expected: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """The allowed absolute error of every element, as a float64 array of the shape of `expected`."""
        eps = np.finfo(dtype).eps if np.issubdtype(dtype, np.inexact) else np.finfo(np.float64).eps
        size = np.maximum(np.abs(np.where(np.isfinite(expected), expected, 0.0)), self.scale)
        return SAFETY * self.operations * float(eps) * size
