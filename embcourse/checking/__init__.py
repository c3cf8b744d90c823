"""Exercises, comparison and feedback: what `check` is made of."""

from embcourse.checking.check import CheckFailed, check, hint
from embcourse.checking.exercise import Case, Exercise, Misconception
from embcourse.checking.registry import exercises, find, slugs
from embcourse.checking.tolerance import Tolerance
from embcourse.checking.verdict import Verdict, judge

__all__ = [
    "Case",
    "CheckFailed",
    "Exercise",
    "Misconception",
    "Tolerance",
    "Verdict",
    "check",
    "exercises",
    "find",
    "hint",
    "judge",
    "slugs",
]
