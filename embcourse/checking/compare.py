"""Is the answer the reference's answer? Shape, kind and NaN are looked at before values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from embcourse.checking.tolerance import Tolerance

KINDS = {
    "b": "booleans",
    "i": "integers",
    "u": "integers",
    "f": "floats",
    "c": "complex numbers",
    "U": "strings",
    "S": "bytes",
}


@dataclass(frozen=True)
class Mismatch:
    """The first difference found: what kind, and one sentence for the student."""

    kind: str
    message: str


@dataclass(frozen=True)
class Rule:
    """How two values are compared: the tolerance, whether single precision may do, the names of a
    tuple's parts."""

    tolerance: Tolerance = Tolerance()
    single: bool = True
    parts: tuple[str, ...] = ()


def compare(expected: Any, got: Any, rule: Rule = Rule(), where: str = "") -> Mismatch | None:
    """None if `got` is a right answer, else the first mismatch. Both are plain data (see `plain`).

    A list may stand for an array and an array for a list, if the shapes agree. Integers may stand
    for floats; floats for integers may not, because ids and counts index arrays. float16 is
    refused: it can't hold the answer.

    >>> compare(np.array([0.0, 0.693]), np.array([0.0, 0.693])) is None
    True
    >>> compare(np.array([1, 2]), np.array([1.0, 2.0])).message
    'expected integers, yours are floats (float64)'
    >>> compare([1, 2], [1, 2, 3]).message
    'expected shape (2,), yours is (3,)'
    >>> compare([1.0, 2.0], [1.0, 2.5], Rule(parts=("loss", "accuracy"))).message
    'accuracy: expected 2, yours is 2.5, off by 0.5'
    """
    prefix = f"{where}: " if where else ""
    if expected is None or isinstance(expected, str):
        if type(got) is type(expected) and got == expected:
            return None
        return Mismatch("value", f"{prefix}expected {expected!r}, yours is {shorten(got)}")
    if got is None:
        return Mismatch(
            "none", f"{prefix}the function returned None; does every path end in a return?"
        )
    if rule.parts:
        return compare_parts(expected, got, rule, prefix)
    if isinstance(expected, dict):
        return compare_dicts(expected, got, rule, prefix, where)
    if isinstance(expected, list) and not is_array_like(expected):
        return compare_lists(expected, got, rule, prefix, where)
    return compare_arrays(expected, got, rule, prefix)


def compare_parts(expected: list[Any], got: Any, rule: Rule, prefix: str) -> Mismatch | None:
    """A result of several named parts, such as (weights, values): each right, in the order of the
    names."""
    if isinstance(got, np.ndarray) and got.ndim and len(got) == len(rule.parts):
        got = list(got)
    if not isinstance(got, list) or len(got) != len(rule.parts):
        return Mismatch(
            "type",
            f"{prefix}expected {len(rule.parts)} results, ({', '.join(rule.parts)}); "
            f"yours is {describe(got)}",
        )
    for name, one, other in zip(rule.parts, expected, got):
        mismatch = compare(one, other, replace(rule, parts=()), name)
        if mismatch:
            return mismatch
    return None


def compare_dicts(
    expected: dict[Any, Any], got: Any, rule: Rule, prefix: str, where: str
) -> Mismatch | None:
    """The same keys, in any order, with right values."""
    if not isinstance(got, dict):
        return Mismatch("type", f"{prefix}expected a dict, yours is {describe(got)}")
    missing = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    if missing or extra:
        parts = [
            f"{word} {shorten(keys)}"
            for word, keys in (("missing", missing), ("not expected", extra))
            if keys
        ]
        return Mismatch("keys", f"{prefix}the keys differ: {'; '.join(parts)}")
    for key, value in expected.items():
        mismatch = compare(value, got[key], rule, f"{where}[{key!r}]")
        if mismatch:
            return mismatch
    return None


def compare_lists(
    expected: list[Any], got: Any, rule: Rule, prefix: str, where: str
) -> Mismatch | None:
    """As many items, each right, where the list is no rectangular array."""
    if isinstance(got, np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, list):
        return Mismatch("type", f"{prefix}expected {describe(expected)}, yours is {describe(got)}")
    if len(got) != len(expected):
        return Mismatch("shape", f"{prefix}expected {describe(expected)}, yours is {describe(got)}")
    for index, (one, other) in enumerate(zip(expected, got)):
        mismatch = compare(one, other, rule, f"{where}[{index}]")
        if mismatch:
            return mismatch
    return None


def compare_arrays(expected: Any, got: Any, rule: Rule, prefix: str) -> Mismatch | None:
    """Shape, kind, NaN and infinities, then values within the tolerance."""
    if isinstance(got, dict) or (isinstance(got, list) and got and not is_array_like(got)):
        return Mismatch("type", f"{prefix}expected {describe(expected)}, yours is {describe(got)}")
    if isinstance(expected, list) and not expected and np.size(got) == 0:
        return None  # no results: a (0, 2) array says so too
    expected, got = np.asarray(expected), np.asarray(got)
    if got.shape != expected.shape:
        yours = str(got.shape) if got.ndim else f"one value, {shorten(got[()])}"
        wanted = f"shape {expected.shape}" if expected.ndim else "one value"
        return Mismatch(
            "shape",
            f"{prefix}expected {wanted}, yours is {yours if expected.ndim else describe(got)}",
        )
    if not expected.size:
        return None
    if not kinds_agree(expected.dtype, got.dtype):
        wanted = (
            "floats of 32 bits or more" if got.dtype == np.float16 else KINDS[expected.dtype.kind]
        )
        return Mismatch(
            "dtype", f"{prefix}expected {wanted}, yours are {KINDS[got.dtype.kind]} ({got.dtype})"
        )
    if expected.dtype.kind not in "fc":
        wrong, cause = expected != got, ""
    else:
        for test, name in ((np.isnan, "NaN"), (np.isposinf, "inf"), (np.isneginf, "-inf")):
            odd = test(expected) != test(got)
            if odd.any():
                return Mismatch(
                    "nonfinite", f"{prefix}{first_difference(expected, got, odd)} ({name})"
                )
        wrong = too_far(expected, got, rule)
        cause = likely_cause(expected, got, wrong, rule) if wrong.any() else ""
    if wrong.any():
        return Mismatch(
            "value", f"{prefix}{first_difference(expected, got, wrong)}{cause and '. ' + cause}"
        )
    return None


def too_far(expected: np.ndarray, got: np.ndarray, rule: Rule) -> np.ndarray:
    """Where an answer of the right shape, NaN and infinities is further off than rounding
    explains."""
    single = rule.single and got.dtype.kind == "f" and is_single(got)
    got = np.asarray(got, np.result_type(got.dtype, np.float64))
    finite = np.isfinite(expected)
    error = np.abs(np.where(finite, got, 0.0) - np.where(finite, expected, 0.0))
    wrong = error > rule.tolerance.bound(expected, single)
    if rule.tolerance.decimals is not None:
        wrong |= finite & (np.round(got, rule.tolerance.decimals) != got)
    return wrong


def is_single(array: np.ndarray) -> bool:
    """Whether an array is in single precision: float32, or numbers that were float32 before they
    were converted.

    Numbers of few binary digits, such as 0.5 or 100,000, fit into float32 without having been
    there.

    >>> (
    ...     is_single(np.array([np.float64(np.float32(0.1))])),
    ...     is_single(np.array([0.1])),
    ...     is_single(np.array([100000.0])),
    ... )
    (True, False, False)
    """
    if array.dtype == np.float32:
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        fits = np.array_equal(array.astype(np.float32).astype(array.dtype), array, equal_nan=True)
        mantissas = np.frexp(array[np.isfinite(array)])[0] * 2.0**16
    return array.dtype.kind == "f" and fits and bool((mantissas != np.round(mantissas)).any())


def likely_cause(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray, rule: Rule) -> str:
    """Why numbers that agree in their first digits differ in the later ones; empty where they
    differ at once."""
    right, other = expected[wrong].astype(float), got[wrong].astype(float)
    if rule.tolerance.decimals is not None:
        if np.abs(right - other).max() < 10.0**-rule.tolerance.decimals:
            return f"Round to {rule.tolerance.decimals} decimals"
        return ""
    with np.errstate(over="ignore"):
        relative = np.abs(other - right) / np.maximum(np.abs(right), 1e-300)
    if relative.max() > 1e-4:
        return ""
    for decimals in range(12):
        if np.array_equal(np.round(right, decimals), other):
            return f"This is the right number rounded to {decimals} decimals: return it unrounded"
    if is_single(got):
        return "This is in single precision: compute in float64"
    if relative.max() > 1e-6:  # a small term of the formula may be wrong
        return ""
    return (
        "So small a difference may come of a constant such as 1e-8 added somewhere, or of a step in"
        " single precision"
    )


def kinds_agree(expected: np.dtype, got: np.dtype) -> bool:
    """Whether an answer of one dtype may stand for the other."""
    if expected.kind in "iu":
        return got.kind in "iu"
    if expected.kind == "f":
        return got.kind in "iu" or (got.kind == "f" and got.itemsize >= 4)
    return expected.kind == got.kind


def is_array_like(value: list[Any]) -> bool:
    """Whether a list is one rectangular array of numbers, booleans or strings."""
    if not value:
        return True
    try:
        return np.asarray(value).dtype.kind in "biufcUS" and not has_mixed_kinds(value)
    except ValueError:  # ragged
        return False


def has_mixed_kinds(value: list[Any]) -> bool:
    """Whether strings and numbers stand side by side: numpy would turn them all into strings."""
    kinds = set()
    stack = list(value)
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        else:
            kinds.add(
                isinstance(item, str) or (isinstance(item, np.ndarray) and item.dtype.kind in "US")
            )
    return len(kinds) > 1


def first_difference(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray) -> str:
    """The first place where `wrong` is True, with both values and how many more there are."""
    index = tuple(int(i) for i in np.argwhere(wrong)[0]) if expected.ndim else ()
    count = int(wrong.sum())
    place = f"at {list(index)} " if index else ""
    more = f"; {count} of {wrong.size} elements differ" if wrong.size > 1 else ""
    one, other, off = unlike(expected[index], got[index])
    return f"{place}expected {one}, yours is {other}{off}{more}"


def unlike(expected: Any, got: Any) -> tuple[str, str, str]:
    """Two different values so that they look different, and by how much numbers differ.

    >>> unlike(2.1905600001, 2.19056)
    ('2.1905600001', '2.19056', ', off by 1e-10')
    >>> unlike(0.5, float("nan"))
    ('0.5', 'nan', '')
    """
    for digits in range(6, 18):
        one, other = number(expected, digits), number(got, digits)
        if one != other:
            break
    inexact = (
        isinstance(expected, (float, np.floating)) and np.isfinite(expected) and np.isfinite(got)
    )
    return one, other, f", off by {abs(float(got) - float(expected)):.2g}" if inexact else ""


def number(value: Any, digits: int = 6) -> str:
    """A number in few digits: what a person compares.

    >>> number(0.1 + 0.2), number(3), number(1234567.0), number(np.str_("a"))
    ('0.3', '3', '1.23457e+06', "'a'")
    """
    value = (
        value.item() if isinstance(value, np.generic) and value.dtype != np.longdouble else value
    )
    return (
        f"{value:.{digits}g}" if isinstance(value, (float, complex, np.floating)) else repr(value)
    )


def describe(value: Any) -> str:
    """What a value is, for a sentence about its type.

    >>> describe([[1, 2], [3]]), describe(["a"]), describe({"a": 1}), describe(0.5)
    ('a list of 2 lists', 'a list of 1 string', 'a dict of 1 entry', '0.5 (float)')
    """
    if isinstance(value, np.ndarray):
        return (
            f"an array of shape {value.shape}"
            if value.ndim
            else f"{number(value[()])} ({value.dtype})"
        )
    if isinstance(value, list):
        return f"a list of {counted(len(value), *kinds_of(value))}" if value else "an empty list"
    if isinstance(value, dict):
        return f"a dict of {counted(len(value), 'entry', 'entries')}" if value else "an empty dict"
    return f"{shorten(value)} ({type(value).__name__})"


def kinds_of(items: list[Any]) -> tuple[str, str]:
    """What the items of a list are, in one word: one, and many."""
    words: set[tuple[type | tuple[type, ...], str]] = {
        (np.ndarray, "array"),
        (list, "list"),
        (dict, "dict"),
        (str, "string"),
        ((int, float, complex), "number"),
    }
    for kind, word in sorted(words, key=lambda pair: pair[1]):
        if all(isinstance(item, kind) for item in items):
            return word, word + "s"
    return "item", "items"


def counted(count: int, one: str, many: str) -> str:
    """A number and its noun."""
    return f"{count} {one if count == 1 else many}"


def shorten_both(expected: Any, got: Any, width: int) -> tuple[str, str]:
    """Both values in at most `width` characters each; with more digits where they would look the
    same.

    >>> shorten_both([0.1234567], [0.1234568], 40)
    ('[0.1234567]', '[0.1234568]')
    """
    for digits in range(6, 18):
        one, other = shorten(expected, width, digits), shorten(got, width, digits)
        if one != other:
            return one, other
    return shorten(expected, width), shorten(got, width)


def shorten(value: Any, width: int = 200, digits: int = 6) -> str:
    """The value in at most `width` characters, floats in few digits.

    >>> shorten(np.array([0.123456789, 2.0]))
    '[0.123457, 2]'
    >>> shorten(list(range(1000)), width=30)
    '[0, 1, 2, 3, 4, 5, 6, 7, 8, …]'
    """
    text = render(value, width, digits)
    if len(text) <= width:
        return text
    closing = text[0].translate(str.maketrans("[{(", "]})")) if text[0] in "[{(" else ""
    head = text[: width - 1 - len(closing)]
    if closing and "," in head:
        head = head[: head.rindex(",") + 2]
    return head + "…" + closing


def render(value: Any, budget: int, digits: int = 6) -> str:
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
            parts.append(render(item, budget - used, digits))
            used += len(parts[-1]) + 2
        return "[" + ", ".join(parts) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{key!r}: {render(item, budget, digits)}"
                for key, item in list(value.items())[:budget]
            )
            + "}"
        )
    return number(value, digits)
