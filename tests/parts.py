"""Which part of the suite a test belongs to, what stays together on one worker, what goes first.

Continuous integration runs each part on a machine of its own: `pytest --nbval --part core`. Every
test is in exactly one part, because its part follows from where it stands.
"""

from __future__ import annotations

import re
from functools import cache

from tests.notebooks import ROOT

GRADING = "grading-and-browser"
CORE = "core"


@cache
def folders() -> dict[str, str]:
    """For each slug the part of the book that its chapter is in: {"tfidf": "counting", ...}."""
    slugs = {path.name for path in (ROOT / "solutions").iterdir() if path.is_dir()}
    chapters = [path for path in (ROOT / "book").glob("*/*.ipynb") if path.stem in slugs]
    return {path.stem: path.parent.name for path in chapters}


def parts() -> list[str]:
    """The parts of the suite: what all chapters share, then the parts of the book."""
    books = list(dict.fromkeys(folders().values()))
    return [
        CORE,
        GRADING,
        *(f"{kind}-{book}" for kind in ("methods", "notebooks") for book in books),
    ]


def part_of(nodeid: str) -> str:
    """The part that a test belongs to.

    >>> part_of("tests/test_tfidf.py::test_idf"), part_of("embcourse/tfidf/fast.py::doctest")
    ('methods-counting', 'methods-counting')
    >>> part_of("book/counting/tfidf.ipynb::Cell 3"), part_of("solutions/tfidf/tfidf.ipynb::Cell 3")
    ('notebooks-counting', 'notebooks-counting')
    >>> part_of("tests/test_text.py::test_tokens"), part_of("tests/test_grading.py::test_x[tfidf]")
    ('core', 'grading-and-browser')
    """
    path = nodeid.split("::")[0]
    if re.match(r"tests/test_(api|grading|book|pages|viewer)\.py", path):
        return GRADING
    page = re.match(r"book/(\w+)/\w+\.ipynb", path)
    if page and page[1] in folders().values():
        return f"notebooks-{page[1]}"
    slug = slug_of(nodeid)
    kind = "notebooks" if path.startswith("solutions/") else "methods"
    return f"{kind}-{folders()[slug]}" if slug else CORE


def slug_of(nodeid: str) -> str | None:
    """The chapter that a test is about, by its file or its parameter; None if it is about all."""
    found = re.match(
        r"(?:embcourse|solutions)/(?:figures/)?(\w+)"
        r"|tests/test_(?:exercises|mutants)\.py::\w+\[(\w+)"
        r"|tests/test_(\w+)\.py",
        nodeid,
    )
    name = found[found.lastindex] if found else ""
    slugs = [slug for slug in folders() if name == slug or name.startswith(f"{slug}_")]
    return max(slugs, key=len, default=None)


def scope_of(nodeid: str) -> str | None:
    """What stays with one worker, where it is less than a file: a class is graded chapter by
    chapter, and the tests of an exercise share its cases.

    >>> scope_of("tests/test_exercises.py::test_exercise_is_complete[tfidf.idf]")
    'tfidf.idf'
    """
    found = re.match(
        r"tests/test_grading\.py::\w+\[(\w+)"
        r"|tests/test_(?:exercises|mutants)\.py::\w+\[([a-z]\w*\.\w+)",
        nodeid,
    )
    return found[found.lastindex] if found else None


# So that no worker is left alone with something long at the end. The first of them builds the book.
LONGEST_FIRST = (
    r"tests/test_pages\.py",
    r"book/",
    r"tests/test_grading\.py",
    r"tests/(?!test_(exercises|mutants)\.py)",
    r"solutions/",
    r"tests/",
)


def rank_of(nodeid: str) -> int:
    """The place of a test in the order in which workers take them."""
    ranks = (rank for rank, start in enumerate(LONGEST_FIRST) if re.match(start, nodeid))
    return next(ranks, len(LONGEST_FIRST))
