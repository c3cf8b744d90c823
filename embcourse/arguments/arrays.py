"""Arrays: tables of numbers, ids, offsets.

Each function takes the name to put in front of an error, as those of `values` do, and refuses what
would become something else in a cast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from embcourse.arguments.values import bounds, shown


def require_floats(
    where: str,
    name: str,
    values: ArrayLike,
    shape: str,
    *,
    least: float | None = None,
    filled: bool = False,
    finite: bool = True,
) -> NDArray[np.float64]:
    """Real numbers as float64: the caller's own array where it is that already.

    values: booleans count as 0 and 1. Strings, complex numbers and None are no real numbers.
    shape : the names of the axes for the message, such as "(words, dim)"; as many as they are, so
            many axes are expected. "(..., words)" is one or more.
    least : the smallest number allowed; None for any.
    filled: refuse an array without numbers.
    finite: refuse NaN and infinity.
    raises: TypeError for what holds no real numbers, ValueError for another shape or a number that
            is not allowed, with its place.

    >>> require_floats("idf", "counts", [[1, -2]], "(documents, terms)", least=0)
    Traceback (most recent call last):
    ValueError: idf: counts must be finite and not negative, got -2.0 in row 0, column 1
    >>> require_floats("idf", "counts", [1, 2], "(documents, terms)")
    Traceback (most recent call last):
    ValueError: idf: counts must have shape (documents, terms), got shape (2,)
    """
    array = _array(where, name, values, "real numbers")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{where}: {name} must be real numbers, got {array.dtype}")
    axes = len(shape.strip("(),").split(","))
    fits = array.ndim >= axes - 1 if shape.startswith("(...") else array.ndim == axes
    if not fits:
        raise ValueError(f"{where}: {name} must have shape {shape}, got shape {array.shape}")
    if filled and not array.size:
        raise ValueError(f"{where}: {name} must not be empty, got shape {array.shape}")
    array = np.asarray(array, dtype=np.float64)
    if finite:
        right = np.isfinite(array) if least is None else np.isfinite(array) & (array >= least)
    else:
        right = np.ones(1, bool) if least is None else ~(array < least)
    if not right.all():
        place = np.unravel_index(int(np.argmin(right)), array.shape)
        raise ValueError(
            f"{where}: {name} must {bounds(least=least, finite=finite)},"
            f" got {array[place]}{_place(place)}"
        )
    return array


def require_integers(
    where: str,
    name: str,
    values: ArrayLike,
    *,
    ndim: int = 1,
    least: int | None = None,
    most: int | None = None,
    dtype: DTypeLike | None = np.int64,
) -> NDArray[Any]:
    """Integers in a type of their own, looked at before the cast, in which 2**32 would become 0.

    values     : integers of any numpy type; booleans are none, an empty list is.
    ndim       : number of axes.
    least, most: the range, both ends included; None for what the type holds.
    dtype      : of the result: the caller's own array where it is that already; None for the type
                 it came in.
    raises     : TypeError for what is no integer, ValueError for another shape or a number outside
                 the range, with its place.

    >>> require_integers("sampled_pairs", "radii", [1, 0], least=1)
    Traceback (most recent call last):
    ValueError: sampled_pairs: radii must be at least 1, got 0 at position 1
    """
    array = _array(where, name, values, "integers")
    if array.size and array.dtype.kind not in "iu":  # NumPy takes [] for float64
        raise TypeError(f"{where}: {name} must be integers, got {array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{where}: {name} must be {ndim}-D, got shape {array.shape}")
    if dtype is None:
        dtype = array.dtype if array.size else np.int64
    if array.size:
        held = np.iinfo(dtype)
        lowest, highest = int(array.min()), int(array.max())
        low = int(held.min) if least is None else least
        high = int(held.max) if most is None else most
        if lowest < low or highest > high:
            place = np.unravel_index(int(np.argmax((array < low) | (array > high))), array.shape)
            beyond = (least is None and lowest < low) or (most is None and highest > high)
            wanted = f"fit into {held.dtype}" if beyond else bounds(least=least, most=most)
            raise ValueError(f"{where}: {name} must {wanted}, got {array[place]}{_place(place)}")
    return array.astype(dtype, copy=False)


def require_ids(
    where: str,
    name: str,
    ids: ArrayLike,
    size: int,
    *,
    ndim: int = 1,
    dtype: DTypeLike | None = np.int64,
) -> NDArray[Any]:
    """Integers from 0 to size - 1. A negative one would count from the end, silently.

    ids, ndim, dtype: as in `require_integers`.
    size            : how many rows the ids may name.
    raises          : as `require_integers`.

    >>> require_ids("lookup", "ids", [2, -1], 3)
    Traceback (most recent call last):
    ValueError: lookup: ids must lie between 0 and 2, got -1 at position 1
    """
    if size == 0 and np.size(ids):
        raise ValueError(
            f"{where}: {name} must be empty where there is nothing to name, got {shown(ids)}"
        )
    return require_integers(where, name, ids, ndim=ndim, least=0, most=size - 1, dtype=dtype)


def require_offsets(
    where: str, offsets: ArrayLike, total: int, *, name: str = "offsets", of: str = "tokens"
) -> NDArray[np.int64]:
    """Where each document begins in a stream of tokens, and where the last one ends.

    offsets: (documents + 1,) integers that rise, or stay, from 0 to the total.
    of     : what is counted, for the message.
    raises : TypeError for what is no integer, ValueError for offsets that do not cover the tokens.

    >>> require_offsets("context_pairs", [0, 2, 4], 4)
    array([0, 2, 4])
    >>> require_offsets("context_pairs", [0, 3, 2, 4], 4)
    Traceback (most recent call last):
    ValueError: context_pairs: offsets must rise from 0 to the number of tokens, 4; got 2 after 3
    """
    array = require_integers(where, name, offsets)
    falls = np.flatnonzero(array[1:] < array[:-1])
    if falls.size:
        got = f"{array[falls[0] + 1]} after {array[falls[0]]}"
    elif not array.size:
        got = "none"
    elif array[0] != 0 or array[-1] != total:
        got = f"{array[0]} to {array[-1]}"
    else:
        return array
    raise ValueError(f"{where}: {name} must rise from 0 to the number of {of}, {total}; got {got}")


def _array(where: str, name: str, values: ArrayLike, kind: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(
            f"{where}: {name} must be an array of {kind}, got {shown(values)}"
        ) from error


def _place(place: tuple[np.intp, ...]) -> str:
    """
    >>> _place((3,)), _place((0, 1)), _place((0, 1, 2)), _place(())
    (' at position 3', ' in row 0, column 1', ' at [0, 1, 2]', '')
    """
    if not place:
        return ""
    if len(place) == 1:
        return f" at position {place[0]}"
    if len(place) == 2:
        return f" in row {place[0]}, column {place[1]}"
    return f" at [{', '.join(map(str, place))}]"
