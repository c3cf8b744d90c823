"""The report that a student reads: one short table, as plain text and as HTML."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass

from embcourse.checking.compare import number, shorten, shorten_both
from embcourse.checking.exercise import ASPECTS
from embcourse.checking.probes import step_name
from embcourse.checking.trial import Trial, parameter_names
from embcourse.checking.verdict import Row, Verdict

WIDTH = 100
NAME_COLUMN = 14
# In the tags, because nbgrader's feedback pages and Colab load no stylesheet of ours.
CELL = (
    "text-align: left; vertical-align: top; padding: 0.3em 1em 0.3em 0; "
    "border-top: 1px solid rgba(128, 128, 128, 0.4)"
)
FIXED = "font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere"


class Data(str):
    """A line of numbers or code: HTML shows it in a font of fixed width."""


@dataclass(frozen=True)
class Report:
    """A verdict to look at. Jupyter shows the HTML, everything else the text; neither varies from
    run to run."""

    verdict: Verdict

    @property
    def headline(self) -> str:
        """The points, e.g. "1.5 of 2 points"."""
        exercise = self.verdict.exercise
        return f"{number(self.verdict.points)} of {number(float(exercise.points))} points"

    def __str__(self) -> str:
        lines = [f"{self.verdict.exercise.id:<{WIDTH - 25}}{self.headline:>25}"]
        for row in self.verdict.rows:
            mark = "✓" if row.passed else "✗"
            body = [part for line in details(row, self.verdict) for part in wrap(line)] or [""]
            lines.append(f"  {ASPECTS[row.aspect]:<{NAME_COLUMN}}{mark}  {body[0]}".rstrip())
            lines += [" " * (NAME_COLUMN + 5) + line for line in body[1:]]
        lines += ["  " + line for line in self.closing()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(html_row(row, self.verdict) for row in self.verdict.rows)
        closing = "".join(f"<p>{html.escape(line)}</p>" for line in self.closing())
        title = html.escape(f"{self.verdict.exercise.id}: {self.headline}")
        heads = "".join(
            f'<th style="{CELL}">{name}</th>' for name in ("aspect", "passed", "what was seen")
        )
        return (
            '<div class="embcourse-report"><table style="border-collapse: collapse">'
            f'<caption style="text-align: left"><b>{title}</b></caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{closing}</div>"
        )

    def closing(self) -> list[str]:
        """What comes after the table: a note, and where to get a hint."""
        exercise = self.verdict.exercise
        lines = [self.verdict.note] if self.verdict.note else []
        if self.verdict.points < exercise.points:
            lines.append(
                f'Stuck? hint("{exercise.id}", 1) is a nudge; {len(exercise.hints)} is nearly the'
                " answer."
            )
        return lines


def details(row: Row, verdict: Verdict) -> list[str]:
    """The lines that explain a row."""
    trial = row.failure
    if trial is None:
        return [", ".join(row.labels)] if row.passed else ["not all of its cases were run"]
    if row.aspect == "inputs":
        return [
            (
                f"your function changes {trial.changed}; work on a copy"
                if trial.changed
                else (
                    "your result is a view of an input: whoever writes to it changes the input;"
                    " return a copy"
                )
            )
        ]
    lines = inputs(verdict, trial)
    mismatch = trial.mismatch
    assert mismatch is not None  # a row of any other aspect fails by a mismatch
    if mismatch.kind in ("value", "nonfinite", "shape", "dtype") and trial.case.raises is None:
        expected, yours = shorten_both(trial.expected, trial.outcome.value, 75)
        lines += [Data(f"expected {expected}"), Data(f"yours    {yours}")]
    if (
        mismatch.message
        != f"expected {shorten(trial.expected)}, yours is {shorten(trial.outcome.value)}"
    ):
        lines.append(mismatch.message)
    if trial.outcome.printed:
        lines.append(f"(what it printed, {trial.outcome.printed:,} characters, is not shown)")
    for misconception in row.misconceptions:
        sentence = f"{misconception.name[0].upper()}{misconception.name[1:]}."
        told = (
            next(other for other in verdict.rows if misconception in other.misconceptions)
            is not row
        )
        lines.append(sentence if told else f"{sentence} {misconception.hint}")
    if row.observation:
        lines.append(row.observation)
    if row.resembles and next(other for other in verdict.rows if other.resembles) is row:
        looks = " ".join(
            f"{one.name[0].upper()}{one.name[1:]}. {one.hint}" for one in row.resembles
        )
        lines.append(f"What it looks like, though some case speaks against it: {looks}")
    return lines


def inputs(verdict: Verdict, trial: Trial) -> list[str]:
    """The failing input, an argument a line."""
    case = trial.case
    names = parameter_names(verdict.exercise, case)
    lines = [case.label] if case.label else []
    lines += [
        Data(f"{name} = {shorten(value, 75)}")
        for name, value in zip(names, [*case.args, *case.kwargs.values()])
    ]
    for position, (method, given) in enumerate(case.steps):
        name = step_name(position, method, len(case.steps))
        lines.append(Data(f"{name}({', '.join(shorten(argument, 60) for argument in given)})"))
    return lines


def wrap(line: str) -> list[str]:
    """The line cut into pieces that fit beside the name column."""
    return textwrap.wrap(line, WIDTH - NAME_COLUMN - 5, break_on_hyphens=False) or [""]


def html_row(row: Row, verdict: Verdict) -> str:
    """One row of the HTML table. Passed and failed differ in a sign and a word, not only in
    colour."""
    mark = "✓ yes" if row.passed else "✗ no"
    body = ""
    for line in details(row, verdict):
        style = f' style="{FIXED}"' if isinstance(line, Data) else ""
        body += f"<div{style}>{html.escape(line)}</div>"
    return (
        f'<tr class="{"passed" if row.passed else "failed"}">'
        f'<th scope="row" style="{CELL}">{ASPECTS[row.aspect]}</th>'
        f'<td style="{CELL}; white-space: nowrap">{mark}</td><td style="{CELL}">{body}</td></tr>'
    )
