"""Finds exercises by id. A chapter's exercises load when one of them is asked for."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from functools import cache

import embcourse
from embcourse.checking.exercise import Exercise


@cache
def slugs() -> tuple[str, ...]:
    """The chapters that have exercises, in alphabetical order.

    >>> "tfidf" in slugs()
    True
    """
    rooms = (module.name for module in pkgutil.iter_modules(embcourse.__path__) if module.ispkg)
    return tuple(
        sorted(room for room in rooms if importlib.util.find_spec(f"embcourse.{room}.exercises"))
    )


@cache
def exercises(slug: str) -> tuple[Exercise, ...]:
    """The exercises of a chapter, in the order that `exercises/__init__.py` gives.

    raises : KeyError if no chapter of that name has exercises.

    >>> exercises("tfidf")[0].id
    'tfidf.term_frequency'
    """
    if slug not in slugs():
        raise KeyError(f"no chapter {slug!r}; there are {', '.join(slugs())}")
    return tuple(importlib.import_module(f"embcourse.{slug}.exercises").EXERCISES)


def find(id: str) -> Exercise:
    """The exercise of that id, e.g. "tfidf.idf".

    raises : KeyError naming the closest id if there is none.
    """
    slug = str(id).split(".")[0]
    known = [
        exercise
        for name in ([slug] if slug in slugs() else slugs())
        for exercise in exercises(name)
    ]
    for exercise in known:
        if exercise.id == id:
            return exercise
    ids = [exercise.id for exercise in known]
    close = difflib.get_close_matches(str(id), ids, n=1)
    advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(ids)}"
    raise KeyError(f"no exercise {id!r}; {advice}")
