"""From whatever a student returns to plain data: numpy arrays, Python numbers, strings, None, lists
and dicts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

MAX_ELEMENTS = 50_000_000
MAX_DEPTH = 20
SCALARS: tuple[type[Any], ...] = (bool, int, float, complex, str)


class NotPlainData(TypeError):
    """The answer holds something that can't be compared: a generator, a function, an array of
    objects ..."""


def plain(value: Any, depth: int = 0) -> Any:
    """The same value as plain data.

    Tensors and sparse matrices become arrays; tuples become lists; numpy scalars become Python
    numbers, except floats of another precision than float64, which stay what they are: arrays
    without axes.

    >>> plain((np.float64(0.5), {"a": np.array([1, 2])}))
    [0.5, {'a': array([1, 2])}]

    raises : NotPlainData for anything else, for an array of objects, for an integer that does not
             fit into 64 bits and for anything nested deeper than 20.
    """
    if depth > MAX_DEPTH:
        raise NotPlainData(f"a value nested more than {MAX_DEPTH} deep")
    if type(value) is int and value.bit_length() > 64:
        raise NotPlainData(f"an integer of {value.bit_length():,} bits")
    if value is None or type(value) in SCALARS:
        return value
    if isinstance(value, np.generic):
        array = plain_array(np.asarray(value))
        return array if array.dtype.kind == "f" and array.dtype != np.float64 else array[()].item()
    if isinstance(value, np.ndarray):
        return plain_array(value)
    if hasattr(value, "detach") and hasattr(value, "numpy"):  # a torch tensor
        return plain_array(value.detach().cpu().numpy())
    if hasattr(value, "toarray") and hasattr(value, "nnz"):  # a scipy sparse matrix
        return plain_array(value.toarray())
    if isinstance(value, dict):
        return {plain_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    for base in SCALARS:
        if isinstance(value, base):  # a subclass: keep the value, drop the class
            return plain(base(value), depth)
    raise NotPlainData(f"a value of type {type(value).__name__}")


def plain_key(key: Any) -> Any:
    """A key of a dict: a string, a number, None, or a tuple of those."""
    if isinstance(key, tuple):
        return tuple(plain_key(part) for part in key)
    if isinstance(key, np.generic):
        return key.item()
    if key is None or isinstance(key, (bool, int, float, str)):
        return key
    raise NotPlainData(f"a dict with a key of type {type(key).__name__}")


def plain_array(array: np.ndarray) -> np.ndarray:
    """The array itself as a base-class ndarray, if it holds booleans, numbers or strings."""
    array = np.asarray(array)
    if array.dtype.kind not in "biufcUS":
        raise NotPlainData(f"an array of dtype {array.dtype}")
    if array.size > MAX_ELEMENTS:
        raise NotPlainData(f"an array of {array.size:,} elements")
    return array


def fresh(value: Any) -> Any:
    """A deep copy that keeps the memory layout: a view with gaps stays a view with gaps.

    >>> fresh(np.arange(6)[::2]).flags.c_contiguous
    False
    """
    if isinstance(value, np.ndarray):
        if value.flags.c_contiguous or value.flags.f_contiguous:
            return value.copy(order="K")
        spread = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
        spread[..., ::2] = value
        return spread[..., ::2]
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(fresh(item) for item in value)
    return copy.deepcopy(value)


def arrays_in(value: Any) -> list[np.ndarray]:
    """Every array inside nested lists, tuples and dicts.

    >>> [a.size for a in arrays_in({"x": [np.zeros(2), (np.ones(3),)]})]
    [2, 3]
    """
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in arrays_in(item)]
    return []
