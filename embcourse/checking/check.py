"""What a student calls: `check` and `hint`."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import Any

from embcourse.checking.exercise import Exercise
from embcourse.checking.guard import Interrupted, ipython_shell
from embcourse.checking.registry import find
from embcourse.checking.report import Report
from embcourse.checking.verdict import NOT_WRITTEN, judge

LOOK_UP = object()


class CheckFailed(AssertionError):
    """The answer earned nothing, or there was nothing to check. The report above it says why."""

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows: the sentence, without the frames of the checker."""
        return [f"CheckFailed: {self}"]


def check(id: str, function: Any = LOOK_UP) -> float:
    """Checks an answer, shows the report and returns the points it earned.

    id       : the exercise, e.g. "tfidf.idf".
    function : the student's function or class. Left out, the one of the exercise's name in the
               caller's notebook.
    returns  : points, above 0. nbgrader reads the number as partial credit.
    raises   : CheckFailed if nothing was earned, or there is no such exercise. Whatever the
               function does (raise, print, loop, exit, change its inputs) ends up in the report.

    >>> from embcourse.tfidf import idf
    >>> check("tfidf.idf", idf)
    tfidf.idf ...2 of 2 points
      values        ✓  three documents, ...
      edge cases    ✓  one document, a term in every document, ...
      bad input     ✓  no documents, a negative count, a large negative count
      inputs        ✓  left unchanged
    2.0
    """
    exercise = find_or_fail(id)
    if function is LOOK_UP:
        function = sys._getframe(1).f_globals.get(exercise.name)
    outdated = old_definition(exercise.name, function)
    if outdated:
        raise CheckFailed(f"{id}: {outdated}: 0 of {exercise.points:g} points")
    try:
        verdict = judge(exercise, function)
    except Interrupted:
        raise CheckFailed(f"{id}: stopped before it was done") from None
    except Exception as error:
        raise CheckFailed(
            f"{id}: the checker itself failed, which is no fault of yours: please report it"
        ) from error
    if verdict.note == NOT_WRITTEN:
        raise CheckFailed(f"{id} is {NOT_WRITTEN}: 0 of {exercise.points:g} points")
    show(Report(verdict))
    if verdict.points == 0:
        raise CheckFailed(
            f"{id} earned 0 of {exercise.points:g} points; the report above says why"
        ) from None
    return verdict.points


def hint(id: str, level: int = 1) -> None:
    """Prints a hint: level 1 is a nudge, the last is nearly the answer.

    raises : CheckFailed if there is no such exercise or level.

    >>> hint("tfidf.idf", 1)
    Hint 1 of 3: Which axis of `counts` runs over documents? Count along it.
    """
    exercise = find_or_fail(id)
    if level not in range(1, len(exercise.hints) + 1):
        raise CheckFailed(f"{id} has hints 1 to {len(exercise.hints)}; got {level!r}")
    print(f"Hint {level} of {len(exercise.hints)}: {exercise.hints[level - 1]}")


def old_definition(name: str, function: Any) -> str:
    """Why what came is not what the notebook's last cell that defines `name` says; empty where it
    is, or can't be told.

    A cell that does not compile, or fails before it comes to the definition, leaves the old one in
    place.
    """
    shell = ipython_shell()
    if shell is None or function is None:
        return ""
    definition = re.compile(rf"^[ \t]*(?:def|class)[ \t]+{re.escape(name)}\b", re.MULTILINE)
    cell = next(
        (cell for cell in reversed(shell.user_ns.get("In", [])) if definition.search(cell)), None
    )
    if cell is None:
        return ""
    cell = shell.transform_cell(cell)
    try:
        ast.parse(cell)
    except SyntaxError as error:
        return f"the cell that defines {name} does not compile (line {error.lineno}: {error.msg})"
    try:
        source = inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError):
        return ""
    if definition.search(source) and source.strip() not in cell:
        return f"the cell that defines {name} stopped before its definition; run it to its end"
    return ""


def find_or_fail(id: str) -> Exercise:
    """The exercise of that id; CheckFailed, with what there is, if there is none."""
    try:
        return find(id)
    except KeyError as error:
        raise CheckFailed(error.args[0]) from None


def show(report: Report) -> None:
    """In a notebook as HTML, anywhere else as text."""
    shell = ipython_shell()
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import display

        display(report)
    else:
        print(report)
