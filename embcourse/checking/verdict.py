"""Judges an answer: runs every case, compares, and names the mistake where it is a known one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embcourse.checking.compare import Mismatch, compare, shorten
from embcourse.checking.exercise import ASPECTS, Case, Exercise, Misconception
from embcourse.checking.guard import Outcome, OutOfTime, run
from embcourse.checking.plain import NotPlainData, arrays_in, fresh, plain
from embcourse.checking.probes import PROBES


@dataclass(frozen=True)
class Trial:
    """One case, run: what was expected, what the answer did, and what is wrong with it (None if nothing)."""

    case: Case
    expected: Any
    outcome: Outcome
    mismatch: Mismatch | None
    changed: str = ""             # the names of the inputs that the call changed
    aliased: bool = False         # the result is a window onto an input

    @property
    def passed(self) -> bool:
        """Whether the answer was right on this case."""
        return self.mismatch is None


@dataclass(frozen=True)
class Row:
    """One line of the report: an aspect, whether all of its cases passed, and what to show."""

    aspect: str
    passed: bool
    labels: tuple[str, ...]
    failure: Trial | None = None
    misconception: Misconception | None = None


@dataclass(frozen=True)
class Verdict:
    """What an answer earned, and why."""

    exercise: Exercise
    rows: tuple[Row, ...]
    points: float
    note: str = ""

    @property
    def misconception(self) -> Misconception | None:
        """The first mistake recognised by name, if any."""
        return next((row.misconception for row in self.rows if row.misconception), None)


def judge(exercise: Exercise, function: Any, cases: Iterable[Case] | None = None) -> Verdict:
    """Runs an answer on the cases (the public ones unless given) and says what it earned.

    Points are shared among the aspects by weight. An aspect earns its share only if all of its cases pass, and
    nothing is earned unless some ordinary case passes: an empty list for empty input is no partial solution.

    raises : guard.Interrupted if a person presses stop. Whatever the answer does otherwise ends up in the verdict.

    >>> from embcourse.checking.registry import find
    >>> judge(find("tfidf.idf"), lambda counts: None).points
    0.0
    """
    cases = exercise.public_cases() if cases is None else list(cases)
    if not callable(function):
        return nothing_to_run(exercise, function)
    trials: list[Trial] = []
    for case in cases:
        trials.append(attempt(exercise, function, case))
        if isinstance(trials[-1].outcome.error, OutOfTime):       # the remaining cases would take as long
            break
    if isinstance(trials[0].outcome.error, NotImplementedError):
        return Verdict(exercise, (), 0.0, "Not written yet.")
    rows = tuple(rows_of(exercise, cases, trials))
    note = "" if len(trials) == len(cases) else "The cases after that were not run."
    return Verdict(exercise, rows, earned(exercise, rows, trials), note)


def nothing_to_run(exercise: Exercise, function: Any) -> Verdict:
    """The verdict where no function came."""
    kind = "class" if exercise.probe == "construct_then_call" else "function"
    what = "There is none" if function is None else f"What came is {shorten(function, 60)} ({type(function).__name__})"
    note = f"Expected a {kind} called {exercise.name}. {what}; run the cell that defines it."
    return Verdict(exercise, (), 0.0, note)


def attempt(exercise: Exercise, function: Callable, case: Case) -> Trial:
    """Runs one case on the reference and on the answer, each with its own copy of the input."""
    expected, _, may_alias = observe(exercise, exercise.reference, case, seconds=600.0)
    if case.raises is None and expected.error is not None:
        raise AssertionError(f"{exercise.id}: the reference fails on {case.label!r}: {expected.error!r}")
    outcome, changed, aliased = observe(exercise, function, case, exercise.seconds)
    mismatch = difference(case, expected.value, outcome, exercise.seconds)
    return Trial(case, expected.value, outcome, mismatch, changed, aliased and not may_alias)


def observe(exercise: Exercise, function: Callable, case: Case, seconds: float) -> tuple[Outcome, str, bool]:
    """Calls by the exercise's probe: the outcome as plain data, the inputs changed, whether the result is a view."""
    args, kwargs, steps = fresh((case.args, dict(case.kwargs), case.steps))
    shares: list[bool] = []

    def body() -> Any:
        value = plain(PROBES[exercise.probe](function, args, kwargs, steps))
        inputs = arrays_in([list(args), kwargs, list(steps)])
        shares.append(any(np.may_share_memory(one, other) for one in arrays_in(value) for other in inputs))
        return value

    outcome = run(body, seconds)
    names = parameter_names(exercise, case)
    before = [*case.args, *case.kwargs.values(), *(argument for _, given in case.steps for argument in given)]
    after = [*args, *kwargs.values(), *(argument for _, given in steps for argument in given)]
    changed = ", ".join(name for name, one, other in zip(names, before, after) if not same(one, other))
    return outcome, changed, bool(shares and shares[0])


def same(one: Any, other: Any) -> bool:
    """Exactly equal, NaN included; unlike ==, for nested arrays too."""
    if isinstance(one, np.ndarray):
        return (isinstance(other, np.ndarray) and one.dtype == other.dtype and one.shape == other.shape
                and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def difference(case: Case, expected: Any, outcome: Outcome, seconds: float) -> Mismatch | None:
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
        return Mismatch("time", f"not done after {seconds:g} s; does a loop never end?")
    if isinstance(error, NotPlainData):
        return Mismatch("type", f"the function returned {error}; expected {shorten(expected)}")
    if error is not None:
        return Mismatch("error", f"{describe_error(error)}{' at ' + outcome.line if outcome.line else ''}")
    return compare(expected, outcome.value, case.tolerance)


def describe_error(error: BaseException) -> str:
    """What the answer did instead of returning."""
    if isinstance(error, RecursionError):
        return "your function called itself for ever"
    if isinstance(error, SystemExit):
        return "your function called exit"
    try:
        text = str(error).splitlines()[0][:200] if str(error) else ""
    except Exception as broken:                                   # a student's own exception with a broken __str__
        text = f"its message can't be shown: {type(broken).__name__}"
    return f"yours raised {type(error).__name__}" + (f": {text}" if text else "")


def rows_of(exercise: Exercise, cases: Sequence[Case], trials: Sequence[Trial]) -> Iterable[Row]:
    """A row per aspect in use, in the order of ASPECTS, and one for the inputs."""
    for aspect in ASPECTS:
        planned = [case for case in cases if case.aspect == aspect]
        if not planned:
            continue
        tried = [trial for trial in trials if trial.case.aspect == aspect]
        failures = sorted((trial for trial in tried if not trial.passed), key=lambda trial: input_size(trial.case))
        labels = tuple(dict.fromkeys(case.label for case in planned if case.label))
        if failures:
            yield Row(aspect, False, labels, failures[0], recognise(exercise, failures))
        else:
            yield Row(aspect, len(tried) == len(planned), labels)
    touched = [trial for trial in trials if trial.changed or trial.aliased]
    if any(trial.outcome.error is None for trial in trials):
        yield Row("inputs", not touched, ("left unchanged",), touched[0] if touched else None)


def recognise(exercise: Exercise, failures: Sequence[Trial]) -> Misconception | None:
    """The misconception whose output equals the answer's on the shown input, and on the most other failing inputs."""
    best, most = None, 0
    for misconception in exercise.misconceptions:
        matches = 0
        for position, trial in enumerate(failures):
            if behaves_alike(exercise, misconception, trial):
                matches += 1
            elif position == 0:
                break
        if matches > most:
            best, most = misconception, matches
    return best


def behaves_alike(exercise: Exercise, misconception: Misconception, trial: Trial) -> bool:
    """Whether a misconception gives the same wrong result, or the same kind of error, on that input."""
    outcome = observe(exercise, misconception.wrong, trial.case, exercise.seconds)[0]
    if outcome.error is not None or trial.outcome.error is not None:
        return type(outcome.error) is type(trial.outcome.error) and not isinstance(outcome.error, NotImplementedError)
    if difference(trial.case, trial.expected, outcome, exercise.seconds) is None:
        return False                                              # right on this input: it explains nothing
    return compare(outcome.value, trial.outcome.value, trial.case.tolerance) is None


def input_size(case: Case) -> int:
    """How much a person must read to follow the case."""
    def size(value: Any) -> int:
        if isinstance(value, np.ndarray):
            return value.size + 1
        if isinstance(value, dict):
            return 1 + sum(size(item) for item in value.values())
        if isinstance(value, (list, tuple)):
            return 1 + sum(map(size, value))
        return 1
    return size([case.args, dict(case.kwargs), case.steps])


def parameter_names(exercise: Exercise, case: Case) -> list[str]:
    """A name for every input, in the order args, kwargs, arguments of steps."""
    names = [name for name in inspect.signature(exercise.reference).parameters][: len(case.args)]
    names += [f"argument {position + 1}" for position in range(len(names), len(case.args))]
    steps = [f"{method}'s argument {position + 1}" for method, given in case.steps for position in range(len(given))]
    return [*names, *case.kwargs, *steps]


def earned(exercise: Exercise, rows: Sequence[Row], trials: Sequence[Trial]) -> float:
    """The points: the weights of the aspects passed, over the weights of all."""
    ordinary = [trial for trial in trials if trial.case.aspect in ("values", "gradient") and trial.passed]
    if not ordinary:
        return 0.0
    weights = {row.aspect: exercise.weight(row.aspect) for row in rows}
    share = sum(weights[row.aspect] for row in rows if row.passed) / sum(weights.values())
    return float(exercise.points) if share == 1 else round(exercise.points * share, 2)
