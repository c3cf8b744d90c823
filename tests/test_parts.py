"""The suite's parts hold every test once, and continuous integration runs all of them."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import yaml

from embcourse.checking import exercises, slugs
from tests.notebooks import ROOT, committed_files
from tests.parts import folders, part_of, parts, rank_of, scope_of, slug_of

WORKFLOW = ROOT / ".github" / "workflows" / "test.yml"


def test_every_chapter_is_in_a_part_of_the_book() -> None:
    assert folders().keys() == set(slugs())


def test_the_parts_are_those_that_the_tests_are_in(request: pytest.FixtureRequest) -> None:
    """Of all files that hold tests, and of all tests that are collected now."""
    names = [path.relative_to(ROOT).as_posix() for path in committed_files()]
    files = [name for name in names if re.match(r"(tests/test_|embcourse/)[\w/]+\.py$", name)]
    files += [
        name
        for name in names
        if re.match(r"(book|solutions)/.*\.ipynb$", name)
        and not name.startswith("book/assignments")
    ]
    shared = [
        f"tests/test_exercises.py::test_exercise_is_complete[{exercise.id}]"
        for slug in slugs()
        for exercise in exercises(slug)
    ]
    assert {part_of(name) for name in files + shared} == set(parts())
    assert {part_of(item.nodeid) for item in request.session.items} <= set(parts())


def test_the_tests_of_a_chapter_are_in_its_part() -> None:
    for slug, book in folders().items():
        id = exercises(slug)[0].id
        for name in (
            f"tests/test_{slug}.py::test_x",
            f"embcourse/{slug}/reference.py::embcourse.{slug}.reference.f",
            f"embcourse/figures/{slug}.py::embcourse.figures.{slug}.f",
            f"tests/test_exercises.py::test_exercise_is_complete[{id}]",
            f"tests/test_exercises.py::test_solutions_earn_full_marks[{slug}]",
            f"tests/test_mutants.py::test_mutants_of_the_solution_lose_points[{id}]",
        ):
            assert (slug_of(name), part_of(name)) == (slug, f"methods-{book}"), name
        assert part_of(f"book/{book}/{slug}.ipynb::Cell 1") == f"notebooks-{book}"
        assert part_of(f"solutions/{slug}/{slug}.ipynb::Cell 1") == f"notebooks-{book}"


def test_continuous_integration_runs_every_part_once_and_all_of_them_elsewhere() -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    commands = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert commands["part"][-1] == "make test PART=${{ matrix.part }}"
    assert sorted(jobs["part"]["strategy"]["matrix"]["part"]) == sorted(parts())
    assert commands["whole"][-1] == "make test"
    assert jobs.keys() == {"part", "whole"}


@pytest.mark.parametrize(
    ("asked", "command", "looks_at_style"),
    [
        ("", "pytest --nbval", True),
        ("PART=core", "pytest --nbval --part core", True),
        ("PART=methods-counting", "pytest --nbval --part methods-counting", False),
        ("SLUG=tfidf", "-k tfidf tests/test_exercises.py", False),
    ],
)
def test_make_runs_all_a_part_or_a_chapter(asked: str, command: str, looks_at_style: bool) -> None:
    asked_for = ["make", "--dry-run", "test", *asked.split()]
    # what the `make` that started these tests was asked for is of no concern
    others = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "PART", "SLUG"}
    env = {name: value for name, value in os.environ.items() if name not in others}
    done = subprocess.run(asked_for, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert command in done.stdout
    assert ("ruff check" in done.stdout) == looks_at_style


def test_our_own_integration_runs_everything_in_one_command() -> None:
    assert (
        (ROOT / ".ci" / "run")
        .read_text(encoding="utf-8")
        .splitlines()[-1]
        .startswith("make test <")
    )


def test_the_tests_of_one_exercise_stay_together_and_their_order_is_longest_first() -> None:
    complete, mutants = (
        f"tests/test_{name}[tfidf.idf]"
        for name in ("exercises.py::test_exercise_is_complete", "mutants.py::test_mutants_lose")
    )
    assert scope_of(complete) == scope_of(mutants) == "tfidf.idf"
    assert scope_of("tests/test_grading.py::test_x[tfidf]") == "tfidf"
    assert scope_of("tests/test_text.py::test_x[a.b]") is None
    order = [
        "tests/test_pages.py::x",
        "book/counting/tfidf.ipynb::Cell 0",
        "tests/test_grading.py::x",
    ]
    order += [
        "tests/test_text.py::x",
        "solutions/tfidf/tfidf.ipynb::Cell 0",
        complete,
        "embcourse/a.py::x",
    ]
    assert [rank_of(name) for name in order] == list(range(len(order)))
