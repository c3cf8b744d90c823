"""Runs one case on the reference and on an answer, and says what is wrong with what the answer
did."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from embcourse.checking.compare import Mismatch, Rule, compare, shorten
from embcourse.checking.exercise import Case, Exercise, Misconception
from embcourse.checking.guard import Outcome, OutOfTime, run
from embcourse.checking.plain import NotPlainData, arrays_in, fresh, plain
from embcourse.checking.probes import PROBES, step_name


@dataclass(frozen=True)
class Trial:
    """One case, run: what was expected, what the answer did, and what is wrong with it (None if
    nothing)."""

    case: Case
    expected: Any
    outcome: Outcome
    mismatch: Mismatch | None
    changed: str = ""  # the names of the inputs that the call changed
    aliased: bool = False  # the result is a window onto an input

    @property
    def passed(self) -> bool:
        """Whether the answer was right on this case."""
        return self.mismatch is None


def attempt(exercise: Exercise, function: Callable[..., Any], case: Case) -> Trial:
    """Runs one case on the answer, with its own copy of the input, and compares with the
    reference."""
    expected, may_alias = expect(exercise, case)
    outcome, changed, aliased = observe(exercise, function, case, exercise.seconds)
    mismatch = difference(exercise, case, expected.value, outcome)
    return Trial(case, expected.value, outcome, mismatch, changed, aliased and not may_alias)


def expect(exercise: Exercise, case: Case) -> tuple[Outcome, bool]:
    """What the reference does on a case, and whether its result is a view of an input. It runs
    once."""
    key = (exercise,)
    if key not in case.seen:
        outcome, _, aliased = observe(exercise, exercise.reference, case, seconds=600.0)
        case.seen[key] = outcome, aliased
    outcome, aliased = case.seen[key]
    if case.raises is None and outcome.error is not None:
        raise AssertionError(
            f"{exercise.id}: the reference fails on {case.label!r}: {outcome.error!r}"
        )
    return outcome, aliased


def mistaken(exercise: Exercise, case: Case, *mistakes: Misconception) -> tuple[Outcome, bool]:
    """What an answer that makes these mistakes at once does on a case, and whether that is right.
    It runs once."""
    key = (exercise, *mistakes)
    if key not in case.seen:
        wrong = exercise.mistake(*mistakes)
        assert wrong is not None  # the caller has made sure that they can be put together
        outcome, _, _ = observe(exercise, wrong, case, exercise.seconds)
        right = difference(exercise, case, expect(exercise, case)[0].value, outcome) is None
        case.seen[key] = outcome, right
    return case.seen[key]


def observe(
    exercise: Exercise, function: Callable[..., Any], case: Case, seconds: float
) -> tuple[Outcome, str, bool]:
    """Calls by the exercise's probe: the outcome as plain data, the inputs changed, whether the
    result is a view."""
    args, kwargs, steps = fresh((case.args, dict(case.kwargs), case.steps))
    shares: list[bool] = []

    def body() -> Any:
        value = plain(PROBES[exercise.probe](function, args, kwargs, steps))
        inputs = arrays_in([list(args), kwargs, list(steps)])
        shares.append(
            any(np.may_share_memory(one, other) for one in arrays_in(value) for other in inputs)
        )
        return value

    outcome = run(body, seconds)
    before = [
        *case.args,
        *case.kwargs.values(),
        *(argument for _, given in case.steps for argument in given),
    ]
    after = [*args, *kwargs.values(), *(argument for _, given in steps for argument in given)]
    touched = [not same(one, other) for one, other in zip(before, after)]
    names = parameter_names(exercise, case) if any(touched) else []
    changed = ", ".join(name for name, is_touched in zip(names, touched) if is_touched)
    return outcome, changed, bool(shares and shares[0])


def same(one: Any, other: Any) -> bool:
    """Exactly equal, NaN included; unlike ==, for nested arrays too."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        )
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and list(one) == list(other)
            and all(same(one[key], other[key]) for key in one)
        )
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def difference(exercise: Exercise, case: Case, expected: Any, outcome: Outcome) -> Mismatch | None:
    """What is wrong with the outcome of a case; None if nothing is."""
    error = outcome.error
    if case.raises is not None:
        wanted = case.raises.__name__
        if error is None or isinstance(error, NotPlainData):
            returned = shorten(outcome.value) if error is None else str(error)
            return Mismatch("raises", f"expected {wanted}, yours returned {returned}")
        if isinstance(error, case.raises):
            return None
        return Mismatch("raises", f"expected {wanted}, {describe_error(error)}")
    if isinstance(error, OutOfTime):
        return Mismatch("time", f"not done after {exercise.seconds:g} s; does a loop never end?")
    if isinstance(error, NotPlainData):
        return Mismatch("type", f"the function returned {error}; expected {shorten(expected)}")
    if error is not None:
        return Mismatch(
            "error", f"{describe_error(error)}{' at ' + outcome.line if outcome.line else ''}"
        )
    return compare_results(exercise, case, expected, outcome.value)


def rule_of(exercise: Exercise, case: Case) -> Rule:
    """How results of a case are compared. Where stability is looked at, single precision is not
    enough."""
    return Rule(case.tolerance, single=case.aspect != "stability", parts=exercise.returns)


def compare_results(exercise: Exercise, case: Case, expected: Any, got: Any) -> Mismatch | None:
    """The first mismatch between two results of a case: of calls made in turn, the first call that
    differs."""
    rule = rule_of(exercise, case)
    if not case.steps:
        return compare(expected, got, rule)
    for position, (method, _) in enumerate(case.steps):
        mismatch = compare(
            expected[position], got[position], rule, step_name(position, method, len(case.steps))
        )
        if mismatch:
            return mismatch
    return None


def describe_error(error: BaseException) -> str:
    """What the answer did instead of returning."""
    if isinstance(error, RecursionError):
        return "your function called itself for ever"
    if isinstance(error, SystemExit):
        return "your function called exit"
    try:
        text = str(error).splitlines()[0][:200] if str(error) else ""
    except Exception as broken:  # a student's own exception with a broken __str__
        text = f"its message can't be shown: {type(broken).__name__}"
    where = "".join(
        f" {note}" for note in getattr(error, "__notes__", ()) if isinstance(note, str)
    )[:100]
    return f"yours raised {type(error).__name__}{where}" + (f": {text}" if text else "")


def parameter_names(exercise: Exercise, case: Case) -> list[str]:
    """A name for every input, in the order args, kwargs, arguments of steps."""
    names = signature_names(exercise.reference, len(case.args)) + list(case.kwargs)
    for method, given in case.steps:
        # without self
        own = signature_names(getattr(exercise.reference, method, None), len(given) + 1)[1:]
        names += [f"{method}'s {name}" for name in own]
    return names


def signature_names(function: Any, count: int) -> list[str]:
    """The names of the first `count` positional parameters."""
    parameters: Iterable[inspect.Parameter]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    names = [
        one.name
        for one in parameters
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ][:count]
    return names + [f"argument {position + 1}" for position in range(len(names), count)]
