"""Judges an answer: runs every case and says what it earned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embcourse.checking.compare import shorten
from embcourse.checking.diagnosis import diagnose, explains, resembles
from embcourse.checking.exercise import ASPECTS, Case, Exercise, Misconception
from embcourse.checking.guard import OutOfTime
from embcourse.checking.observation import observation
from embcourse.checking.trial import Trial, attempt

NOT_WRITTEN = "not written yet"


@dataclass(frozen=True)
class Row:
    """One line of the report: an aspect, whether all of its cases passed, and what to show."""

    aspect: str
    passed: bool
    labels: tuple[str, ...]
    failure: Trial | None = None
    misconceptions: tuple[Misconception, ...] = ()
    # what all wrong results of the row have in common, where it is plain to see
    observation: str = ""
    # what the answer looks like on ordinary cases, though no name fits all
    resembles: tuple[Misconception, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What an answer earned, and why."""

    exercise: Exercise
    rows: tuple[Row, ...]
    points: float
    note: str = ""

    @property
    def misconceptions(self) -> tuple[Misconception, ...]:
        """The mistakes recognised by name: none, one, or two that explain the answer together."""
        return tuple(dict.fromkeys(one for row in self.rows for one in row.misconceptions))


def judge(exercise: Exercise, function: Any, cases: Iterable[Case] | None = None) -> Verdict:
    """Runs an answer on the cases (the public ones unless given) and says what it earned.

    Points are shared among the aspects by weight. An aspect earns its share only if all of its
    cases pass, and nothing is earned unless some ordinary case passes: an empty list for empty
    input is no partial solution.

    raises : guard.Interrupted if a person presses stop. Whatever the answer does otherwise ends up
             in the verdict.

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
        # the remaining cases would take as long
        if isinstance(trials[-1].outcome.error, OutOfTime):
            break
    if isinstance(trials[0].outcome.error, NotImplementedError):
        return Verdict(exercise, (), 0.0, NOT_WRITTEN)
    rows = tuple(rows_of(exercise, cases, trials))
    note = "" if len(trials) == len(cases) else "The cases after that were not run."
    return Verdict(exercise, rows, earned(exercise, rows, trials), note)


def nothing_to_run(exercise: Exercise, function: Any) -> Verdict:
    """The verdict where no function came."""
    kind = "class" if exercise.probe == "construct_then_call" else "function"
    what = (
        "There is none"
        if function is None
        else f"What came is {shorten(function, 60)} ({type(function).__name__})"
    )
    note = f"Expected a {kind} called {exercise.name}. {what}; run the cell that defines it."
    return Verdict(exercise, (), 0.0, note)


def rows_of(exercise: Exercise, cases: Sequence[Case], trials: Sequence[Trial]) -> Iterable[Row]:
    """A row per aspect in use, in the order of ASPECTS, and one for the inputs."""
    complete = len(trials) == len(cases) and not all(trial.passed for trial in trials)
    named = diagnose(exercise, trials) if complete else ()
    similar = resembles(exercise, trials) if complete and not named else ()
    for aspect in ASPECTS:
        planned = [case for case in cases if case.aspect == aspect]
        if not planned:
            continue
        tried = [trial for trial in trials if trial.case.aspect == aspect]
        failures = sorted(
            (trial for trial in tried if not trial.passed), key=lambda trial: input_size(trial.case)
        )
        labels = tuple(dict.fromkeys(case.label for case in planned if case.label))
        if failures:
            mine = tuple(one for one in named if explains(exercise, one, failures[0]))
            seen = "" if named else observation(exercise, failures)
            like = similar if aspect in ("values", "gradient", "edge") else ()
            yield Row(aspect, False, labels, failures[0], mine or named, seen, like)
        else:
            yield Row(aspect, len(tried) == len(planned), labels)
    touched = [trial for trial in trials if trial.changed or trial.aliased]
    if any(trial.outcome.error is None for trial in trials):
        yield Row("inputs", not touched, ("left unchanged",), touched[0] if touched else None)


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


def earned(exercise: Exercise, rows: Sequence[Row], trials: Sequence[Trial]) -> float:
    """The points: the weights of the aspects passed, over the weights of all."""
    ordinary = [
        trial for trial in trials if trial.case.aspect in ("values", "gradient") and trial.passed
    ]
    if not ordinary:
        return 0.0
    weights = {row.aspect: exercise.weight(row.aspect) for row in rows}
    share = sum(weights[row.aspect] for row in rows if row.passed) / sum(weights.values())
    return float(exercise.points) if share == 1 else round(exercise.points * share, 2)
