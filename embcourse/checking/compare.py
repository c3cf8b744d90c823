"""Is the answer the reference's answer? Shape, kind and NaN are looked at before values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from embcourse.checking.tolerance import Tolerance

KINDS = {"b": "booleans", "i": "integers", "u": "integers", "f": "floats", "c": "complex numbers", "U": "strings",
         "S": "bytes"}


@dataclass(frozen=True)
class Mismatch:
    """The first difference found: what kind, and one sentence for the student."""

    kind: str
    message: str


def compare(expected: Any, got: Any, tolerance: Tolerance, where: str = "") -> Mismatch | None:
    """None if `got` is a right answer, else the first mismatch. Both are plain data (see `plain`).

    A list may stand for an array and an array for a list, if the shapes agree. Integers may stand for floats; floats
    for integers may not, because ids and counts index arrays. float16 is refused: it can't hold the answer.

    >>> compare(np.array([0.0, 0.693]), np.array([0.0, 0.693]), Tolerance()) is None
    True
    >>> compare(np.array([1, 2]), np.array([1.0, 2.0]), Tolerance()).message
    'expected integers, yours are floats (float64)'
    >>> compare([1, 2], [1, 2, 3], Tolerance()).message
    'expected shape (2,), yours is (3,)'
    """
    prefix = f"{where}: " if where else ""
    if expected is None or isinstance(expected, str):
        if type(got) is type(expected) and got == expected:
            return None
        return Mismatch("value", f"{prefix}expected {expected!r}, yours is {shorten(got)}")
    if got is None:
        return Mismatch("none", f"{prefix}the function returned None; does every path end in a return?")
    if isinstance(expected, dict):
        return compare_dicts(expected, got, tolerance, prefix, where)
    if isinstance(expected, list) and not is_array_like(expected):
        return compare_lists(expected, got, tolerance, prefix, where)
    return compare_arrays(expected, got, tolerance, prefix)


def compare_dicts(expected: dict, got: Any, tolerance: Tolerance, prefix: str, where: str) -> Mismatch | None:
    """The same keys, in any order, with right values."""
    if not isinstance(got, dict):
        return Mismatch("type", f"{prefix}expected a dict, yours is {describe(got)}")
    missing = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    if missing or extra:
        parts = [f"{word} {shorten(keys)}" for word, keys in (("missing", missing), ("not expected", extra)) if keys]
        return Mismatch("keys", f"{prefix}the keys differ: {'; '.join(parts)}")
    for key, value in expected.items():
        mismatch = compare(value, got[key], tolerance, f"{where}[{key!r}]")
        if mismatch:
            return mismatch
    return None


def compare_lists(expected: list, got: Any, tolerance: Tolerance, prefix: str, where: str) -> Mismatch | None:
    """As many items, each right, where the list is no rectangular array."""
    if isinstance(got, np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, list):
        return Mismatch("type", f"{prefix}expected {len(expected)} values, yours is {describe(got)}")
    if len(got) != len(expected):
        return Mismatch("shape", f"{prefix}expected {len(expected)} values, yours has {len(got)}")
    for index, (one, other) in enumerate(zip(expected, got)):
        mismatch = compare(one, other, tolerance, f"{where}[{index}]")
        if mismatch:
            return mismatch
    return None


def compare_arrays(expected: Any, got: Any, tolerance: Tolerance, prefix: str) -> Mismatch | None:
    """Shape, kind, NaN and infinities, then values within the tolerance."""
    if isinstance(got, dict) or (isinstance(got, list) and got and not is_array_like(got)):
        return Mismatch("type", f"{prefix}expected {describe(expected)}, yours is {describe(got)}")
    if isinstance(expected, list) and not expected and np.size(got) == 0:
        return None                                               # no results: a (0, 2) array says so too
    expected, got = np.asarray(expected), np.asarray(got)
    if got.shape != expected.shape:
        return Mismatch("shape", f"{prefix}expected shape {expected.shape}, yours is {got.shape}")
    if not expected.size:
        return None
    if not kinds_agree(expected.dtype, got.dtype):
        return Mismatch("dtype", f"{prefix}expected {KINDS[expected.dtype.kind]}, yours are "
                                 f"{KINDS[got.dtype.kind]} ({got.dtype})")
    if expected.dtype.kind not in "fc":
        wrong = expected != got
    else:
        for test, name in ((np.isnan, "NaN"), (np.isposinf, "inf"), (np.isneginf, "-inf")):
            odd = test(expected) != test(got)
            if odd.any():
                return Mismatch("nonfinite", f"{prefix}{first_difference(expected, got, odd)} ({name})")
        with np.errstate(invalid="ignore"):
            error = np.abs(np.where(np.isfinite(expected), got - expected, 0.0))
        wrong = error > tolerance.bound(expected, got.dtype)
    if wrong.any():
        return Mismatch("value", f"{prefix}{first_difference(expected, got, wrong)}")
    return None


def kinds_agree(expected: np.dtype, got: np.dtype) -> bool:
    """Whether an answer of one dtype may stand for the other."""
    if expected.kind in "iu":
        return got.kind in "iu"
    if expected.kind == "f":
        return got.kind in "iu" or (got.kind == "f" and got.itemsize >= 4)
    return expected.kind == got.kind


def is_array_like(value: list) -> bool:
    """Whether a list is one rectangular array of numbers, booleans or strings."""
    if not value:
        return True
    try:
        return np.asarray(value).dtype.kind in "biufcUS" and not has_mixed_kinds(value)
    except ValueError:                                            # ragged
        return False


def has_mixed_kinds(value: list) -> bool:
    """Whether strings and numbers stand side by side: numpy would turn them all into strings."""
    kinds = set()
    stack = list(value)
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        else:
            kinds.add(isinstance(item, str) or (isinstance(item, np.ndarray) and item.dtype.kind in "US"))
    return len(kinds) > 1


def first_difference(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray) -> str:
    """The first place where `wrong` is True, with both values and how many more there are."""
    if expected.ndim == 0:
        return f"expected {number(expected[()])}, yours is {number(got[()])}"
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    count = int(wrong.sum())
    more = f"; {count} of {wrong.size} elements differ" if wrong.size > 1 else ""
    return f"at {list(index)} expected {number(expected[index])}, yours is {number(got[index])}{more}"


def number(value: Any) -> str:
    """A number in few digits: what a person compares.

    >>> number(0.1 + 0.2), number(3), number(1234567.0), number(np.str_("a"))
    ('0.3', '3', '1.23457e+06', "'a'")
    """
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.6g}" if isinstance(value, (float, complex)) else repr(value)


def describe(value: Any) -> str:
    """What a value is, for a sentence about its type."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{shorten(value)} ({type(value).__name__})"


def shorten(value: Any, width: int = 200) -> str:
    """The value in at most `width` characters, floats in few digits.

    >>> shorten(np.array([0.123456789, 2.0]))
    '[0.123457, 2]'
    >>> shorten(list(range(1000)), width=30)
    '[0, 1, 2, 3, 4, 5, 6, 7, 8, …]'
    """
    text = render(value, width)
    if len(text) <= width:
        return text
    closing = text[0].translate(str.maketrans("[{(", "]})")) if text[0] in "[{(" else ""
    head = text[: width - 1 - len(closing)]
    if closing and "," in head:
        head = head[: head.rindex(",") + 2]
    return head + "…" + closing


def render(value: Any, budget: int) -> str:
    """The value as text; stops soon after `budget` characters."""
    if isinstance(value, np.ndarray):
        if not value.size:
            return f"empty, shape {value.shape}"
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        parts, used = [], 0
        for item in value:
            if used > budget:
                break
            parts.append(render(item, budget - used))
            used += len(parts[-1]) + 2
        return "[" + ", ".join(parts) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {render(item, budget)}" for key, item in list(value.items())[:budget]) + "}"
    return number(value)
