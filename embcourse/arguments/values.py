"""Single values: integers, numbers, choices.

Each function takes the name to put in front of an error, as the caller knows it: the public name
within its room, such as `train`, `Training.run` or `Embeddings.neighbours`.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np


def require_whole(
    where: str, name: str, value: object, *, least: int | None = None, most: int | None = None
) -> int:
    """An integer as Python's own: of a small numpy type it would overflow, of an unsigned one wrap.

    where, name: the caller's public name, and the argument's.
    value      : an integer of Python's or any numpy type. A bool is none, nor is 2.0.
    least, most: the range, both ends included; None for no end.
    raises     : TypeError for what is no integer, ValueError outside the range.

    >>> require_whole("Vocabulary", "max_size", np.uint8(7), least=1)
    7
    >>> require_whole("train", "window", 0, least=1)
    Traceback (most recent call last):
    ValueError: train: window must be at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{where}: {name} must be an integer, got {shown(value)}")
    whole = int(value)
    if not (-math.inf if least is None else least) <= whole <= (math.inf if most is None else most):
        raise ValueError(f"{where}: {name} must {bounds(least=least, most=most)}, got {whole}")
    return whole


def require_number(
    where: str,
    name: str,
    value: object,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """A finite number as a float.

    value       : a real number of Python's or any numpy type. A bool is none, nor is a string.
    least, most : ends of the range that belong to it; None for no end.
    above, below: ends that do not.
    raises      : TypeError for what is no number, ValueError outside the range, for NaN and for
                  infinity.

    >>> require_number("train", "sample", np.float32(0.5), least=0, most=1)
    0.5
    >>> require_number("ppmi", "smoothing", 0.0, above=0, most=1)
    Traceback (most recent call last):
    ValueError: ppmi: smoothing must be above 0 and at most 1, got 0.0
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{where}: {name} must be a number, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer of 400 digits
        number = math.inf
    inside = (
        math.isfinite(number)
        and (least is None or number >= least)
        and (most is None or number <= most)
        and (above is None or number > above)
        and (below is None or number < below)
    )
    if not inside:
        wanted = bounds(least=least, most=most, above=above, below=below, finite=True)
        raise ValueError(f"{where}: {name} must {wanted}, got {value}")
    return number


def require_choice(where: str, name: str, value: object, choices: Any) -> Any:
    """What is among the choices, unchanged.

    choices: a `Literal`, or the values themselves.
    raises : ValueError, with the choices.

    >>> require_choice("train", "model", "bow", ("skipgram", "cbow"))
    Traceback (most recent call last):
    ValueError: train: model must be 'skipgram' or 'cbow', got 'bow'
    """
    allowed = get_args(choices) or tuple(choices)
    # An array would compare with each of its elements.
    if not isinstance(value, str | None) or value not in allowed:
        raise ValueError(f"{where}: {name} must be {_listed(allowed)}, got {shown(value)}")
    return value


def require_flag(where: str, name: str, value: object) -> bool:
    """True or False, and nothing that merely counts as one, such as "no".

    raises: TypeError.

    >>> require_flag("train", "cbow_mean", "no")
    Traceback (most recent call last):
    TypeError: train: cbow_mean must be True or False, got 'no'
    """
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{where}: {name} must be True or False, got {shown(value)}")
    return bool(value)


def require_instance(where: str, name: str, value: object, kind: Any, expected: str) -> Any:
    """What is of a kind, unchanged.

    kind    : a class, or several, as `isinstance` takes them.
    expected: the kind in words.
    raises  : TypeError.

    >>> require_instance("train", "encoding", 8, str, "a string")
    Traceback (most recent call last):
    TypeError: train: encoding must be a string, got 8
    """
    if not isinstance(value, kind):
        raise TypeError(f"{where}: {name} must be {expected}, got {shown(value)}")
    return value


def bounds(
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    finite: bool = False,
) -> str:
    """A range in words, after "must".

    >>> bounds(least=0, finite=True), bounds(least=1, most=5)
    ('be finite and not negative', 'lie between 1 and 5')
    """
    if least is not None and most is not None:
        return f"lie between {least} and {most}"
    words = [
        "finite" if finite and most is None and below is None else "",
        "" if least is None else "not negative" if finite and least == 0 else f"at least {least}",
        "" if above is None else f"above {above}",
        "" if most is None else f"at most {most}",
        "" if below is None else f"below {below}",
    ]
    return "be " + " and ".join(filter(None, words))


def shown(value: object) -> str:
    """A value in an error: its repr, cut where it is long, and never made whole then.

    >>> shown("a" * 1000), shown(list(range(1000)))
    ("'aaaaaaaaaaaa...aaaaaaaaaaaaa'", '[0, 1, 2, 3, 4, 5, ...]')
    """
    return reprlib.repr(value)


def _listed(choices: Iterable[object]) -> str:
    """
    >>> _listed(["a", "b", None])
    "'a', 'b' or None"
    """
    *first, last = map(repr, choices)
    return f"{', '.join(first)} or {last}" if first else last
