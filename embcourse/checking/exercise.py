"""What an exercise is: one object that teaches, checks, hints, grades and tests itself."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from embcourse.checking.probes import PROBES, Steps
from embcourse.checking.tolerance import Tolerance

# What the student reads for an aspect. An exercise may use any of these; "inputs" is added to every
# exercise.
ASPECTS = {
    "values": "values",
    "edge": "edge cases",
    "stability": "stability",
    "gradient": "gradient",
    "errors": "bad input",
    "inputs": "inputs",
}


@dataclass(frozen=True, eq=False)
class Case:
    """One input, and the aspect of the answer that it looks at.

    args, kwargs : what the function gets: arrays, numbers, strings, lists, dicts. Each call gets
                   its own copy.
    aspect       : a key of ASPECTS, except "inputs", which every case looks at.
    label        : a few words for the report, e.g. "a term in every document".
    raises       : the exception that bad input must raise; None where a result is expected.
    tolerance    : how far a float may be off.
    steps        : for the probe "construct_then_call": (method, args) pairs called in turn.
    seen         : what an exercise's own functions did on it, filled as they run: none runs twice.
    """

    args: tuple[Any, ...]
    aspect: str = "values"
    label: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    raises: type[Exception] | None = None
    tolerance: Tolerance = Tolerance()
    steps: Steps = ()
    seen: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.aspect not in ASPECTS or self.aspect == "inputs":
            allowed = [name for name in ASPECTS if name != "inputs"]
            raise ValueError(f"Case: aspect must be one of {allowed}; got {self.aspect!r}")
        if not isinstance(self.args, tuple):
            raise TypeError(f"Case: args must be a tuple; got {type(self.args).__name__}")


@dataclass(frozen=True, eq=False)
class Misconception:
    """A mistake that people make.

    name  : the mistake in a few words, e.g. "counts occurrences, not documents".
    wrong : a function that makes the mistake, called like the student's; or the parts of the
            exercise's `variant` that it replaces, e.g. {"idf": textbook_idf}. Its output identifies
            the mistake.
    hint  : what the student reads: what happened, and what is right, without the code.
    """

    name: str
    wrong: Callable[..., Any] | Mapping[str, Any]
    hint: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """An exercise: how it is called, what is right, what people get wrong, and how it is graded.

    id             : "<slug>.<name>", e.g. "tfidf.idf". The student's function is called <name>.
    points         : what a right answer earns, above 0.
    reference      : the definition; what it returns is right. Its parameters are named as the
                     student's.
    cases          : (rng) -> the cases. `rng` is a numpy Generator: public cases come from a fixed
                     seed, secret ones from another. Every input must be valid for the reference.
                     All are drawn, and each draw is a full
                     examination: it holds whatever some mistake needs to be seen.
    misconceptions : wrong on purpose; each must lose points and be recognised by name, on every
                     draw.
    alternatives   : right, but written differently; each must earn full points.
    hints          : from a nudge to nearly the answer; shown by `hint(id, level)`.
    variant        : (**parts) -> an answer with these parts replaced, a right one without any:
                     misconceptions then say which parts they replace, and two made at once are
                     recognised as two.
    returns        : the names of the parts, where the result is a tuple, e.g. ("outputs",
                     "weights").
    probe          : how the function is exercised: a key of PROBES.
    weights        : shares of the points by aspect. Values count double, everything else once,
                     unless said here.
    seconds        : time limit of one case, on the wall clock: generous, because a grading machine
                     may be busy.

    raises : ValueError for a malformed id, no points, no hints, an unknown probe, or an unknown
             aspect in weights; TypeError for a misconception of parts where there is no variant.
    """

    id: str
    points: float
    reference: Callable[..., Any]
    cases: Callable[[np.random.Generator], Iterable[Case]]
    misconceptions: Sequence[Misconception]
    alternatives: Sequence[Callable[..., Any]]
    hints: Sequence[str]
    variant: Callable[..., Callable[..., Any]] | None = None
    returns: tuple[str, ...] = ()
    probe: str = "call"
    weights: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*", self.id):
            raise ValueError(f"Exercise: id must look like 'tfidf.idf'; got {self.id!r}")
        if not self.points > 0:
            raise ValueError(f"Exercise {self.id}: points must be above 0; got {self.points}")
        if not self.hints:
            raise ValueError(f"Exercise {self.id}: at least one hint is needed")
        if self.probe not in PROBES:
            raise ValueError(
                f"Exercise {self.id}: probe must be one of {sorted(PROBES)}; got {self.probe!r}"
            )
        unknown = set(self.weights) - set(ASPECTS)
        if unknown:
            raise ValueError(f"Exercise {self.id}: weights name unknown aspects {sorted(unknown)}")
        for misconception in self.misconceptions:
            if self.variant is None and not callable(misconception.wrong):
                raise TypeError(
                    f"Exercise {self.id}: {misconception.name!r} replaces parts, but there is no"
                    " variant"
                )

    @property
    def slug(self) -> str:
        """The chapter: the part of the id before the dot."""
        return self.id.split(".")[0]

    @property
    def name(self) -> str:
        """What the student's function or class is called: the part of the id after the dot."""
        return self.id.split(".")[1]

    def public_cases(self) -> list[Case]:
        """The cases that `check` shows: the same on every machine and every day."""
        return self.drawn_cases(zlib.crc32(self.id.encode()))

    def drawn_cases(self, seed: int) -> list[Case]:
        """The cases drawn from another seed.

        raises : ValueError if there is no ordinary case: an answer must earn something for values.
        """
        cases = list(self.cases(np.random.default_rng(seed)))
        if not any(case.aspect in ("values", "gradient") for case in cases):
            raise ValueError(
                f"Exercise {self.id}: at least one case must have the aspect 'values' or 'gradient'"
            )
        return cases

    def mistake(self, *misconceptions: Misconception) -> Callable[..., Any] | None:
        """An answer that makes these mistakes at once; None if they can't be put together."""
        if len(misconceptions) == 1 and callable(misconceptions[0].wrong):
            return misconceptions[0].wrong
        parts: dict[str, Any] = {}
        for misconception in misconceptions:
            if callable(misconception.wrong) or parts.keys() & misconception.wrong.keys():
                return None
            parts |= misconception.wrong
        assert self.variant is not None  # __post_init__ asks for it where parts are replaced
        return self.variant(**parts)

    def weight(self, aspect: str) -> float:
        """The share of the points that an aspect carries, before dividing by the sum over the
        aspects in use."""
        return self.weights.get(aspect, 2.0 if aspect == "values" else 1.0)
