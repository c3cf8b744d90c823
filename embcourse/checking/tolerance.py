"""How far a right answer may be from the reference: derived from rounding, never guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A chain of n rounded operations has relative error at most about n * eps (Higham 2002, section
# 3.1); two correct programs may err in opposite directions, and log and exp are good to a few units
# in the last place.
SAFETY = 8.0
# However long the chain and however large what cancels: no error above this fraction of the largest
# value passes.
LARGEST_FRACTION = 1e-5
# A float32 answer is right to float32's precision of the value itself: so many roundings, whatever
# cancelled before.
SINGLE_OPERATIONS = 32
EPS = float(np.finfo(np.float64).eps)
SINGLE_EPS = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Tolerance:
    """The largest error that rounding explains.

    |got - expected| <= SAFETY * operations * eps * max(|expected|, scale), but never more than
    LARGEST_FRACTION of the largest expected value, where that is above the noise of one rounding at
    `scale`.

    operations : the longest chain of floating-point operations behind one number; n for a sum of n
                 terms.
    scale      : size of the largest intermediate number, where large numbers cancel to a small
                 result. scale / |expected| is the condition number of the last subtraction.
    decimals   : where the statement asks for numbers rounded to so many decimals: the answer must
                 be rounded so, and may be off by one unit in the last place.

    eps is float64's, for a longdouble answer too. A float32 answer may be off by float32's rounding
    of the value
    itself: scale does not count there, or anything would pass where large numbers cancel.

    >>> Tolerance(operations=10).bound(np.array([1.0, 100.0]))
    array([1.77635684e-14, 1.77635684e-12])
    >>> Tolerance(operations=1, scale=1e4).bound(np.array([0.0]))
    array([1.77635684e-11])
    >>> Tolerance(operations=1).bound(np.array([1.0]), single=True)
    array([9.53674316e-07])
    >>> Tolerance(decimals=3).bound(np.array([0.125]))
    array([0.00101])

    raises : ValueError if operations is below 1, scale is negative or not finite, or decimals is
             negative.
    Higham (2002), Accuracy and Stability of Numerical Algorithms.
    """

    operations: float = 32
    scale: float = 0.0
    decimals: int | None = None

    def __post_init__(self) -> None:
        if not self.operations >= 1:
            raise ValueError(f"Tolerance: operations must be at least 1; got {self.operations}")
        if not (self.scale >= 0 and np.isfinite(self.scale)):
            raise ValueError(f"Tolerance: scale must be finite and not negative; got {self.scale}")
        if self.decimals is not None and self.decimals < 0:
            raise ValueError(f"Tolerance: decimals must not be negative; got {self.decimals}")

    def bound(self, expected: np.ndarray, single: bool = False) -> np.ndarray:
        """The allowed absolute error of every element, as a float64 array of the shape of
        `expected`.

        single : the answer is in single precision, and may be.
        """
        size = np.abs(np.where(np.isfinite(expected), expected, 0.0)).astype(np.float64)
        if self.decimals is not None:
            return np.full(size.shape, 1.01 * 10.0**-self.decimals)
        allowed = SAFETY * self.operations * EPS * np.maximum(size, self.scale)
        largest = size.max(initial=0.0)
        if largest > 0:
            # A single rounding of the largest intermediate number is noise that no right answer can
            # avoid.
            allowed = np.minimum(
                allowed, max(LARGEST_FRACTION * largest, SAFETY * EPS * self.scale)
            )
        if single:
            rounding = SAFETY * min(self.operations, SINGLE_OPERATIONS) * SINGLE_EPS * size
            allowed = np.maximum(allowed, rounding)
        return allowed
