"""Names the mistake in a wrong answer, where nothing that the answer did contradicts the name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from embcourse.checking.compare import Rule, compare
from embcourse.checking.exercise import Case, Exercise, Misconception
from embcourse.checking.guard import Outcome
from embcourse.checking.tolerance import Tolerance
from embcourse.checking.trial import Trial, mistaken, rule_of

MOST_MISTAKES = 3


def diagnose(exercise: Exercise, trials: Sequence[Trial]) -> tuple[Misconception, ...]:
    """The misconception that behaves like the answer on every case, or the few that do together;
    else nothing.

    trials : every case of the examination, run on the answer.

    The answer must be right wherever the misconception is right, and wrong in the same way wherever
    it is wrong. Two or three explain an answer together if on each case it does what one of them
    does wrong, and is right where all are right; two also if it does what both made at once do.
    """
    return explanation(exercise, trials, MOST_MISTAKES)


def resembles(exercise: Exercise, trials: Sequence[Trial]) -> tuple[Misconception, ...]:
    """One or two misconceptions that behave like the answer on all ordinary cases, where none do on
    every case.

    An answer that is also naive about huge numbers or bad input contradicts the name there, so it
    is no diagnosis: only something that looks like it. Ordinary are the cases of values, gradients
    and edges, right ones included. Where two single misconceptions do the same on all of those,
    neither is offered.
    """
    ordinary = [trial for trial in trials if trial.case.aspect in ("values", "gradient", "edge")]
    if all(trial.passed for trial in ordinary):
        return ()
    single = [
        one
        for one in exercise.misconceptions
        if Behaviour(exercise, (one,), ordinary).agrees_everywhere()
    ]
    return (
        (single[0],) if len(single) == 1 else () if single else explanation(exercise, ordinary, 2)
    )


def explanation(
    exercise: Exercise, trials: Sequence[Trial], most: int
) -> tuple[Misconception, ...]:
    """The fewest misconceptions, up to `most`, that explain what an answer did on these cases."""
    behaviours = [Behaviour(exercise, (one,), trials) for one in exercise.misconceptions]
    for one, behaviour in zip(exercise.misconceptions, behaviours):
        if behaviour.agrees_everywhere():
            return (one,)
    for count in range(2, most + 1):
        for chosen in itertools.combinations(range(len(behaviours)), count):
            if explain_together([behaviours[i] for i in chosen]):
                return tuple(exercise.misconceptions[i] for i in chosen)
        if count == 2:
            for one, other in itertools.combinations(exercise.misconceptions, 2):
                if exercise.mistake(one, other) is None:
                    continue
                if Behaviour(exercise, (one, other), trials).agrees_everywhere():
                    return one, other
    return ()


def explain_together(behaviours: Sequence[Behaviour]) -> bool:
    """Whether the answer is wrong exactly where one of several is, and there does the same as one
    that is wrong."""
    for position in behaviours[0].wrong_first():
        seen = [behaviour.on(position) for behaviour in behaviours]
        if all(right for right, _ in seen):
            if not seen[0][1]:
                return False
        elif not any(same and not right for right, same in seen):
            return False
    return True


class Behaviour:
    """What an answer with these mistakes does on the cases, beside what the answer did. A case runs
    when it is first asked for."""

    def __init__(
        self, exercise: Exercise, mistakes: tuple[Misconception, ...], trials: Sequence[Trial]
    ) -> None:
        self.exercise, self.mistakes, self.trials = exercise, mistakes, trials
        self.seen: dict[int, tuple[bool, bool]] = {}

    def on(self, position: int) -> tuple[bool, bool]:
        """Whether the mistakes are right on that case, and whether the answer does the same."""
        if position not in self.seen:
            trial = self.trials[position]
            outcome, right = mistaken(self.exercise, trial.case, *self.mistakes)
            same = (
                trial.passed
                if right
                else not trial.passed and alike(self.exercise, trial.case, outcome, trial.outcome)
            )
            self.seen[position] = right, same
        return self.seen[position]

    def wrong_first(self) -> list[int]:
        """The cases, first those that the answer gets wrong: there most names fall away, at the
        price of one run."""
        return sorted(range(len(self.trials)), key=lambda position: self.trials[position].passed)

    def agrees_everywhere(self) -> bool:
        """Whether the answer does the same on every case."""
        return all(self.on(position)[1] for position in self.wrong_first())


def alike(exercise: Exercise, case: Case, one: Outcome, other: Outcome) -> bool:
    """Whether two wrong outcomes of a case are the same: the same value, or an error of the same
    kind and place."""
    mine, theirs = one.error, other.error
    if mine is not None or theirs is not None:
        if mine is None or theirs is None or type(mine) is not type(theirs):
            return False
        if isinstance(mine, NotImplementedError):
            return False
        if case.raises is not None:  # the wrong error for bad input: its words are free
            return True
        return error_place(mine) == error_place(theirs)
    if case.raises is not None:  # an error was due, and both returned something
        return compare(one.value, other.value) is None
    rule = rule_of(exercise, case)
    if not case.steps:
        return same_mistake(one.value, other.value, rule)
    return all(same_mistake(mine, theirs, rule) for mine, theirs in zip(one.value, other.value))


def same_mistake(one: Any, other: Any, rule: Rule) -> bool:
    """Whether two wrong values are the same; two that are both unrounded need not be rounded as an
    answer must be."""
    return (
        compare(one, other, rule) is None
        or compare(one, other, replace(rule, tolerance=Tolerance())) is None
    )


def error_place(error: BaseException) -> tuple[str, ...]:
    """Where an error arose, as far as two programs can share it: its words without names and
    numbers, and the call.

    >>> error_place(ValueError("matmul: size 3 is different from 4"))
    ('matmul: size # is different from #',)
    >>> error_place(ValueError("min() arg is an empty sequence")) == error_place(
    ...     ValueError("max() arg is an empty sequence")
    ... )
    True
    """
    words = re.sub(r"(['\"]).*?\1|[-+]?\d[\d.e+-]*|\([^()]*\)", "#", str(error).split("\n")[0])
    if isinstance(
        error,
        (AssertionError, KeyError, IndexError, ZeroDivisionError, OverflowError, RecursionError),
    ):
        words = ""  # lists, dicts and arrays say the same in other words
    if re.search(
        r"^zero-size array to reduction|is an empty sequence$|iterable argument is empty$", words
    ):
        # of NumPy or Python, whichever end was asked first
        words = "the smallest or largest of nothing"
    return (words, *(note for note in getattr(error, "__notes__", ()) if isinstance(note, str)))


def explains(exercise: Exercise, misconception: Misconception, trial: Trial) -> bool:
    """Whether one of several mistakes is enough to explain what the answer did on that case."""
    return Behaviour(exercise, (misconception,), [trial]).agrees_everywhere()
