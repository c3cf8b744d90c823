"""A sample of the mechanical mutants of each solution loses points. `make mutants` runs all of
them."""

from __future__ import annotations

import pytest

from embcourse.checking import Exercise, exercises, find, slugs
from tests.mutants import all_mutants, is_listed, listed, mutants_of, sample, survives

SAMPLE = 8
EVERY = [exercise for slug in slugs() for exercise in exercises(slug)]


@pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: exercise.id)
def test_mutants_of_the_solution_lose_points(exercise: Exercise) -> None:
    for mutant, before in sample(exercise, SAMPLE):
        if not is_listed(mutant):
            assert not survives(exercise, mutant, before), f"{mutant.before}\n->\n{mutant.after}"


def test_every_listed_survivor_is_a_mutant_that_survives() -> None:
    """A line that nobody needs any more goes from the list; and each has a reason."""
    assert all(len(reason.split()) >= 4 for reason in listed().values())
    by_exercise: dict[str, set] = {}
    for id, before, after in listed():
        by_exercise.setdefault(id, set()).add((id, before, after))
    for id, wanted in by_exercise.items():
        mutants, before = all_mutants(find(id))
        found = {mutant[:3]: mutant for mutant in mutants}
        assert wanted <= found.keys(), f"no such mutants: {wanted - found.keys()}"
        assert all(survives(find(id), found[one], before) for one in wanted)


def test_mutants_are_what_people_get_wrong() -> None:
    source = (
        "def f(x, k=2):\n    if len(x) < 1:\n        raise ValueError('none')\n"
        "    return np.round(np.exp(x - x.max(axis=1)), 9)[:k]\n"
    )
    after = {mutant.after for mutant in mutants_of("demo.f", source)}
    for line in (
        "return np.exp(x - x.max(axis=1))[:k]",  # not rounded
        "return np.round(np.exp(x), 9)[:k]",  # no maximum taken off
        "return np.round(np.exp(x - x.max(axis=0)), 9)[:k]",  # the other axis
        "return np.round(np.exp(x - x.max(axis=1)), 10)[:k]",  # a constant plus one
        "return np.round(np.exp(x - x.max(axis=1)), 9)[:k + 1]",  # one too many
        "pass",  # no guard
        "if len(x) <= 1:",  # a comparison
        "def f(x, k=3):",  # a default
    ):
        assert line in after, line
