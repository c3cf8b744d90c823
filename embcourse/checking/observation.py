"""What is plain to see in wrong results, where no misconception explains them: a factor, a
transpose, another order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from embcourse.checking.compare import compare, is_array_like, number
from embcourse.checking.exercise import Exercise
from embcourse.checking.trial import Trial

Pairs = Sequence[tuple[np.ndarray, np.ndarray]]  # expected and got, as floats

# What the whole of a result may be instead of what was expected.
REARRANGED: tuple[tuple[str, int, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("This is the transpose of what was expected.", 2, lambda array: np.swapaxes(array, -1, -2)),
    ("The order is reversed.", 1, lambda array: array[::-1]),
    ("Along the last axis the order is reversed.", 2, lambda array: array[..., ::-1]),
    (
        "These are the right numbers, sorted, smallest first.",
        1,
        lambda array: np.sort(array, axis=-1),
    ),
    (
        "These are the right numbers, sorted, largest first.",
        1,
        lambda array: -np.sort(-array, axis=-1),
    ),
    ("This is the running sum of what was expected.", 1, lambda array: np.cumsum(array, axis=0)),
    (
        "This is the sum over the last axis of what was expected.",
        1,
        lambda array: array.sum(axis=-1),
    ),
    (
        "This is the sum over the first axis of what was expected.",
        2,
        lambda array: array.sum(axis=0),
    ),
    ("This is the mean of what was expected.", 1, np.mean),
    ("This is the sum of what was expected.", 1, np.sum),
    (
        "This is the mean over the last axis of what was expected.",
        2,
        lambda array: array.mean(axis=-1),
    ),
)
# What every number may be instead of what was expected.
ELEMENTWISE: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("1 minus what was expected", lambda x: 1 - x),
    ("the absolute value of what was expected", np.abs),
    ("what was expected, with 0 for the negative ones", lambda x: np.maximum(x, 0)),
    ("the square of what was expected", np.square),
    ("the square root of what was expected", np.sqrt),
    ("1 divided by what was expected", lambda x: 1 / x),
    ("the logarithm of what was expected", np.log),
    ("minus the logarithm of what was expected", lambda x: -np.log(x)),
    ("the exponential of what was expected", np.exp),
    ("1 where the expected one is above 0, else 0", lambda x: (x > 0).astype(float)),
    ("the whole number below what was expected", np.floor),
)


def observation(exercise: Exercise, failures: Sequence[Trial]) -> str:
    """What all wrong results of several cases have in common, e.g. that they are twice what was
    expected.

    Only what holds of every number of every failure is said; it may have any cause. Empty where
    nothing is plain to see.
    """
    with np.errstate(all="ignore"):
        found = [pair for trial in failures for pair in results_of(exercise, trial)]
        results = [pair for pair in found if pair is not None]
        if not results or len(results) < len(found):
            return ""
        if exercise.returns:
            return exchanged_parts(exercise.returns, results) or one_wrong_part(exercise, results)
        return in_common(results)


def results_of(exercise: Exercise, trial: Trial) -> Iterator[tuple[Any, Any] | None]:
    """Expected and got of a trial, call by call, where they differ; None where there is nothing to
    compare."""
    if trial.outcome.error is not None or trial.case.raises is not None:
        yield None
    elif trial.case.steps:
        yield from (
            (one, other)
            for one, other in zip(trial.expected, trial.outcome.value)
            if not equal(one, other)
        )
    elif exercise.returns:
        got = trial.outcome.value
        fits = isinstance(got, list) and len(got) == len(exercise.returns)
        yield (trial.expected, got) if fits else None
    else:
        yield trial.expected, trial.outcome.value


def exchanged_parts(names: Sequence[str], results: Sequence[tuple[Any, Any]]) -> str:
    """A sentence, where the parts of a tuple stand in another order."""
    for order in itertools.permutations(range(len(names))):
        if list(order) != sorted(order) and all(
            equal([one[i] for i in order], other) for one, other in results
        ):
            return f"The parts stand in another order: expected ({', '.join(names)})."
    return ""


def one_wrong_part(exercise: Exercise, results: Sequence[tuple[Any, Any]]) -> str:
    """What is plain to see in the one part that is wrong, if it is one."""
    wrong = {
        i
        for one, other in results
        for i in range(len(exercise.returns))
        if not equal(one[i], other[i])
    }
    if len(wrong) != 1:
        return ""
    (i,) = wrong
    seen = in_common([(one[i], other[i]) for one, other in results if not equal(one[i], other[i])])
    return f"{exercise.returns[i]}: {seen}" if seen else ""


def in_common(results: Sequence[tuple[Any, Any]]) -> str:
    """The first sentence that is true of all results."""
    if all(is_boolean(one) and is_boolean(other) for one, other in results):
        exchanged = all(
            np.array_equal(np.asarray(one), ~np.asarray(other)) for one, other in results
        )
        return "True and False are exchanged." if exchanged else ""
    pairs = [(one, other) for one, other in map(arrays_of, results) if one.size or other.size]
    if not pairs:
        return ""
    for sentence, axes, change in REARRANGED:
        if all(
            one.ndim >= axes and one.size > 1 and equal(np.asarray(change(one)), other)
            for one, other in pairs
        ):
            return sentence
    if any(one.shape != other.shape for one, other in pairs):
        return ""
    return every_number(pairs) or every_row(pairs)


def every_number(pairs: Pairs) -> str:
    """A sentence, where every number is the same function of what was expected."""
    expected = np.concatenate([one.ravel() for one, _ in pairs])
    got = np.concatenate([other.ravel() for _, other in pairs])
    if len(np.unique(expected)) < 2 or not (np.isfinite(expected).all() and np.isfinite(got).all()):
        return ""
    if not got.any():
        return "Every number is 0."
    # The line through two of the points: does it go through all?
    low, high = expected.argmin(), expected.argmax()
    factor = (got[high] - got[low]) / (expected[high] - expected[low])
    shift = got[low] - factor * expected[low]
    if (close(factor * expected + shift, got) and len(np.unique(expected)) > 2) or close(
        factor * expected, got
    ):
        return line_in_words(factor, 0.0 if close(factor * expected, got) else shift)
    for words, change in ELEMENTWISE:
        if close(change(expected), got) and len(np.unique(got)) > 1:
            return f"Every number is {words}."
    return ""


def line_in_words(factor: float, shift: float) -> str:
    """got = factor * expected + shift, as a sentence.

    >>> line_in_words(2.0, 0.0)
    'Every number is 2 times what was expected.'
    >>> line_in_words(-1.0, 1.0), line_in_words(1.0, -0.5)
    ('Every number is 1 minus what was expected.', 'Every number is 0.5 too small.')
    """
    if abs(factor) < 1e-9 or (abs(factor - 1) < 1e-9 and abs(shift) < 1e-9):
        return ""
    if abs(factor - 1) < 1e-9:
        return f"Every number is {number(abs(shift), 4)} too {'large' if shift > 0 else 'small'}."
    if shift == 0.0:
        wrong_sign = abs(factor + 1) < 1e-9
        return (
            "Every number has the wrong sign."
            if wrong_sign
            else (f"Every number is {number(factor, 4)} times what was expected.")
        )
    if abs(factor + 1) < 1e-9:
        return f"Every number is {number(shift, 4)} minus what was expected."
    return (
        f"Every number is {number(factor, 4)} times what was expected,"
        f" {'plus' if shift > 0 else 'minus'} {number(abs(shift), 4)}."
    )


def every_row(pairs: Pairs) -> str:
    """A sentence, where every row, or every column, of a matrix is a multiple of what was
    expected."""
    for name, axis in (("row", -1), ("column", -2)):
        if all(one.ndim >= 2 for one, _ in pairs) and all(
            proportional(*pair, axis) for pair in pairs
        ):
            return (
                f"Every {name} is what was expected times a number of its own: a factor per {name}"
                " is missing, or too many."
            )
    return ""


def proportional(expected: np.ndarray, got: np.ndarray, axis: int) -> bool:
    """Whether the vectors along an axis are multiples of what was expected; two of them at least,
    and not trivially."""
    if (
        not (np.isfinite(expected).all() and np.isfinite(got).all())
        or (got[expected == 0] != 0).any()
    ):
        return False
    largest = np.take_along_axis(expected, np.abs(expected).argmax(axis=axis, keepdims=True), axis)
    there = np.take_along_axis(got, np.abs(expected).argmax(axis=axis, keepdims=True), axis)
    factors = np.where(largest == 0, 1.0, there / np.where(largest == 0, 1.0, largest))
    telling = ((expected != 0).sum(axis=axis) >= 2).sum() >= 2
    return (
        bool(telling)
        and close(factors * expected, got)
        and len(np.unique(np.round(factors, 9))) > 1
    )


def close(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether all numbers agree, to much more than a coincidence."""
    return bool(
        np.allclose(
            one, other, rtol=1e-9, atol=1e-12 * max(1.0, float(np.abs(other).max(initial=0.0)))
        )
    )


def arrays_of(pair: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of floats; empty ones where they hold no numbers."""
    arrays = []
    for value in pair:
        numeric = isinstance(value, (np.ndarray, int, float)) or (
            isinstance(value, list) and is_array_like(value)
        )
        array = np.asarray(value) if numeric else np.zeros(0)
        arrays.append(
            array.astype(float) if array.dtype.kind in "iuf" else np.full(array.shape, np.nan)
        )
    return arrays[0], arrays[1]


def is_boolean(value: Any) -> bool:
    """Whether a value is an array of booleans that is not empty."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "b" and value.size > 0


def equal(one: Any, other: Any) -> bool:
    """Whether two plain values are equal, to rounding."""
    return compare(one, other) is None
