"""What every trainer checks before it reads a corpus."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np


def require_choice(name: str, value: object, choices: Any) -> None:
    """Refuses a value that is not among those of a `Literal`.

    >>> from typing import Literal
    >>> require_choice("model", "bow", Literal["skipgram", "cbow"])
    Traceback (most recent call last):
    ValueError: train: model must be 'skipgram' or 'cbow', got 'bow'
    """
    if value not in get_args(choices):
        allowed = " or ".join(map(repr, get_args(choices)))
        raise ValueError(f"train: {name} must be {allowed}, got {value!r}")


def require_whole(name: str, value: object, least: int = 1) -> None:
    """Refuses what is no integer (TypeError) or is below `least` (ValueError).

    >>> require_whole("window", 0)
    Traceback (most recent call last):
    ValueError: train: window must be at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"train: {name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"train: {name} must be at least {least}, got {value}")


def require_number(name: str, value: object, most: float = math.inf) -> None:
    """Refuses what is no number (TypeError), is negative, not finite or above `most` (ValueError).

    >>> require_number("sample", 2.0, most=1.0)
    Traceback (most recent call last):
    ValueError: train: sample must be between 0 and 1, got 2.0
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"train: {name} must be a number, got {value!r}")
    if not 0 <= value <= most or math.isinf(value):
        limit = f"between 0 and {most:g}" if math.isfinite(most) else "finite and not negative"
        raise ValueError(f"train: {name} must be {limit}, got {value!r}")
