"""Every exercise of every chapter: right answers pass, wrong ones fail, and each known mistake is
named.

A chapter that adds an exercise adds nothing here: the table is made from the registry.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import nbformat
import numpy as np
import pytest

from embcourse.checking import Case, Exercise, Misconception, exercises, judge, slugs
from embcourse.checking.diagnosis import alike
from embcourse.checking.guard import Outcome, run
from embcourse.checking.plain import fresh, plain
from embcourse.checking.probes import PROBES
from embcourse.checking.trial import (
    attempt,
    difference,
    expect,
    mistaken,
    parameter_names,
    same,
    signature_names,
)
from tests.notebooks import ROOT, check_cells, solution_cells

SEEDS = (1, 2, 3)
INPUTS = 1000  # on so many the reference is compared with a second implementation
# No accepted error is larger than this part of the largest value compared. Where that is 0, or the
# noise of rounding, none is above ABSOLUTE.
RELATIVE, ABSOLUTE = 1e-5, 1e-9
EVERY = [exercise for slug in slugs() for exercise in exercises(slug)]
BY_ID = {exercise.id: exercise for exercise in EVERY}


def each(name: str) -> list:
    """A parameter for every member of that name of every exercise."""
    return [
        pytest.param(
            exercise, member, id=f"{exercise.id}-{getattr(member, 'name', None) or member.__name__}"
        )
        for exercise in EVERY
        for member in getattr(exercise, name)
    ]


@cache
def draw(exercise: Exercise, seed: int | None = None) -> list[Case]:
    """The cases of a seed, the public ones where there is none. Tests share them, because a case
    keeps what the exercise's own functions did on it."""
    return exercise.public_cases() if seed is None else exercise.drawn_cases(seed)


@pytest.fixture(params=EVERY, ids=lambda exercise: exercise.id)
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return request.param


def test_exercise_is_complete(exercise: Exercise) -> None:
    assert len(exercise.misconceptions) >= 3
    assert len(exercise.alternatives) >= 2
    assert len(exercise.hints) >= 3
    names = [misconception.name for misconception in exercise.misconceptions]
    assert len(set(names)) == len(names)
    assert len({case.aspect for case in draw(exercise)}) >= 2, "partial credit needs two aspects"


def test_public_cases_are_the_same_every_time(exercise: Exercise) -> None:
    first, second = exercise.public_cases(), exercise.public_cases()
    assert [case.label for case in first] == [case.label for case in second]
    assert all(
        same(one.args, other.args) and same(one.steps, other.steps)
        for one, other in zip(first, second)
    )


@pytest.mark.parametrize("seed", [None, *SEEDS])
def test_reference_earns_all_points(exercise: Exercise, seed: int | None) -> None:
    cases = draw(exercise, seed)
    verdict = judge(exercise, exercise.reference, cases)
    assert verdict.points == exercise.points, verdict


@pytest.mark.parametrize(("exercise", "alternative"), each("alternatives"))
def test_right_answer_written_differently_earns_all_points(
    exercise: Exercise, alternative: Callable
) -> None:
    for cases in [draw(exercise, seed) for seed in (None, *SEEDS)]:
        verdict = judge(exercise, alternative, cases)
        assert verdict.points == exercise.points, verdict


@pytest.mark.parametrize(("exercise", "misconception"), each("misconceptions"))
def test_mistake_loses_points_and_is_named(
    exercise: Exercise, misconception: Misconception
) -> None:
    for cases in [draw(exercise, seed) for seed in (None, *SEEDS)]:
        verdict = judge(exercise, exercise.mistake(misconception), cases)
        assert verdict.points < exercise.points
        assert verdict.misconceptions == (misconception,), [
            one.name for one in verdict.misconceptions
        ]


def test_two_mistakes_differ_on_some_case_of_every_draw(exercise: Exercise) -> None:
    """Else one would be called by the name of the other."""
    for seed in SEEDS:
        cases = draw(exercise, seed)
        behaviours = {
            one.name: [mistaken(exercise, case, one) for case in cases]
            for one in exercise.misconceptions
        }
        for name, seen in behaviours.items():
            assert not all(right for _, right in seen), f"{name} is right on seed {seed}"
        for (name, seen), (other, others) in itertools.combinations(behaviours.items(), 2):
            assert any(
                right != too or (not right and not alike(exercise, case, one, another))
                for case, (one, right), (another, too) in zip(cases, seen, others)
            ), f"{name} and {other} do the same on seed {seed}"


def test_reference_agrees_with_a_second_implementation_on_a_thousand_inputs(
    exercise: Exercise,
) -> None:
    done, seed = 0, 1000
    while done < INPUTS:
        for case in exercise.drawn_cases(seed):
            trial = attempt(exercise, exercise.alternatives[0], case)
            assert trial.passed, f"seed {seed}, {case.label}: {trial.mismatch.message}"
            done += 1
        seed += 1


def test_no_accepted_error_is_more_than_a_small_part_of_the_values(exercise: Exercise) -> None:
    for case in [case for seed in SEEDS for case in draw(exercise, seed) if case.raises is None]:
        if case.tolerance.decimals is not None:
            assert case.tolerance.decimals >= 6
            continue
        expected = expect(exercise, case)[0].value
        for array in numbers_in(expected):
            largest = np.abs(array[np.isfinite(array)]).max(initial=0.0)
            bound = case.tolerance.bound(array).max(initial=0.0)
            assert bound <= max(RELATIVE * largest, ABSOLUTE), (
                f"{case.label}: {bound:.1e} of {largest:.1e}"
            )


def numbers_in(value: Any) -> Iterator[np.ndarray]:
    """Every array and number of a plain value, as floats."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (int, float, np.ndarray)) and np.asarray(value).dtype.kind in "iuf":
        yield np.asarray(value, float)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in(item)


def test_an_answer_that_memorises_the_public_cases_earns_nothing_on_another_draw(
    exercise: Exercise,
) -> None:
    known = [(case, expect(exercise, case)[0]) for case in draw(exercise)]

    def recall(*inputs: Any) -> Outcome | None:
        return next(
            (
                outcome
                for case, outcome in known
                if same((case.args, dict(case.kwargs)), (inputs[0], inputs[1]))
                and (len(inputs) == 2 or same(case.steps, inputs[2]))
            ),
            None,
        )

    for seed in SEEDS:
        trials = []
        for case in draw(exercise, seed):
            outcome = recall(case.args, dict(case.kwargs), case.steps) or Outcome(
                error=LookupError("never seen")
            )
            trials.append(
                (
                    case,
                    difference(
                        exercise,
                        case,
                        expect(exercise, case)[0].value,
                        outcome,
                    )
                    is None,
                )
            )
        for aspect in {case.aspect for case, _ in trials}:
            passed = [case.label for case, right in trials if right and case.aspect == aspect]
            rows = [case.label for case, _ in trials if case.aspect == aspect]
            assert len(passed) < len(rows), (
                f"seed {seed}: all of {aspect!r} is as in the public cases: {rows}"
            )
            if aspect in ("values", "gradient"):
                assert passed == [], f"seed {seed}: {aspect!r} has cases that never vary: {passed}"


def test_inputs_are_called_what_the_statement_calls_them(exercise: Exercise) -> None:
    _before, source = solution_cells(exercise.slug)[exercise.name]
    for case in draw(exercise):
        names = [name for name in parameter_names(exercise, case) if name not in case.kwargs]
        assert not any(name.startswith("argument") for name in names), names
    definition = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == exercise.name
    )
    if isinstance(definition, ast.ClassDef):
        methods = {node.name: node for node in definition.body if isinstance(node, ast.FunctionDef)}
        shown = {
            method: [arg.arg for arg in node.args.args][1:] for method, node in methods.items()
        }
        for case in draw(exercise):
            assert (
                signature_names(exercise.reference, len(case.args))
                == shown["__init__"][: len(case.args)]
            )
            for method, given in case.steps:
                own = signature_names(getattr(exercise.reference, method), len(given) + 1)[1:]
                assert own == shown[method][: len(given)]
    else:
        shown = [arg.arg for arg in definition.args.args]
        for case in draw(exercise):
            assert signature_names(exercise.reference, len(case.args)) == shown[: len(case.args)]


# --------------------------------------------- wrong answers that nobody thought of for an exercise


def leaves(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Applies a change to every array and number inside a plain value."""

    def apply(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: apply(item) for key, item in value.items()}
        if isinstance(value, list):
            return [apply(item) for item in value]
        return value if value is None or isinstance(value, str) else change(value)

    return apply


def nan_like(value: Any) -> Any:
    return np.full(np.shape(value), np.nan)[()]


def other_kind(value: Any) -> Any:
    """Floats and booleans become strings, integers floats: never a kind that may stand for the
    right one."""
    array = np.asarray(value)
    return array.astype(float)[()] if array.dtype.kind in "iu" else array.astype(str)[()]


def rolled(value: Any) -> Any:
    return np.roll(value, 1, axis=0) if np.ndim(value) else value + 1


GENERIC: dict[str, Callable[[Any], Any]] = {
    "zeros": leaves(lambda value: np.zeros_like(value)[()]),
    "None": lambda value: None,
    "NaN": leaves(nan_like),
    "transposed": leaves(lambda value: np.transpose(value)),
    "wrong dtype": leaves(other_kind),
    "off by one row": leaves(rolled),
    "empty": lambda value: [],
}
WORTHLESS = {"None", "NaN"}  # these must not earn even a part


@pytest.mark.parametrize("kind", GENERIC)
def test_generic_wrong_answer_fails(exercise: Exercise, kind: str) -> None:
    """The right answer, spoiled. Where spoiling changes nothing in any case (a symmetric matrix
    transposed), it is no
    wrong answer, and must earn all points."""
    change, cases = GENERIC[kind], draw(exercise)
    spoiled, changed = {}, False
    for position, case in enumerate(cases):
        outcome = run(
            lambda: plain(
                PROBES[exercise.probe](exercise.reference, case.args, case.kwargs, case.steps)
            ),
            60,
        )
        spoiled[position] = (change(outcome.value), outcome.error)
        changed |= outcome.error is None and not same(
            np_free(spoiled[position][0]), np_free(outcome.value)
        )
    verdict = judge(exercise, replay(exercise, spoiled), cases)
    assert (verdict.points < exercise.points) == changed
    if kind in WORTHLESS and changed:
        assert verdict.points == 0


def np_free(value: Any) -> Any:
    """Nested lists and Python numbers, so that an array and the list that stands for it are the
    same."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, dict):
        return {key: np_free(item) for key, item in value.items()}
    return [np_free(item) for item in value] if isinstance(value, list) else value


def replay(exercise: Exercise, answers: dict[int, tuple[Any, BaseException | None]]) -> Callable:
    """A function, or a class, that gives the prepared answers in the order of the cases."""
    turn = iter(range(len(answers)))

    def answer() -> Any:
        value, error = answers[next(turn)]
        if error is not None:
            raise error
        return value

    if exercise.probe == "call":
        return lambda *args, **kwargs: answer()

    class Replayed:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            value = answer()
            self.results = iter(value if isinstance(value, list) and value else [None] * 100)

        def __getattr__(self, method: str) -> Callable:
            return lambda *args: next(self.results, None)

    return Replayed


def test_the_input_itself_is_no_answer(exercise: Exercise) -> None:
    if exercise.probe == "call":
        answer = lambda *args, **kwargs: args[0] if args else next(iter(kwargs.values()))
    else:

        class Echo:
            def __init__(self, *args: Any, **kwargs: Any) -> None: ...

            def __getattr__(self, method: str) -> Callable:
                return lambda *args: args[0] if args else self

        answer = Echo
    assert judge(exercise, answer).points < exercise.points


def test_changing_the_inputs_costs_points(exercise: Exercise) -> None:
    def spoil(value: Any) -> None:
        if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "iuf":
            value.flat[0] += 1
        elif isinstance(value, list) and value:
            value.append(value[0])

    def wrap(reference: Callable) -> Callable:
        def answer(*args: Any, **kwargs: Any) -> Any:
            result = reference(*fresh(args), **kwargs)
            for argument in args:
                spoil(argument)
            return result

        return answer

    if any(
        isinstance(argument, (np.ndarray, list))
        for case in draw(exercise)
        for argument in case.args
    ):
        verdict = judge(exercise, wrap(exercise.reference))
        assert verdict.points < exercise.points
        assert [row.aspect for row in verdict.rows if not row.passed] == ["inputs"]


# ----------------------------------------------------------------------------- notebooks and points


@pytest.mark.parametrize("slug", slugs())
def test_solutions_earn_full_marks(slug: str) -> None:
    """nbval runs the solutions and compares their outputs, so that the committed points are the
    true ones."""
    cells = check_cells(ROOT / "solutions" / slug / f"{slug}.ipynb")
    assert list(cells) == [exercise.id for exercise in exercises(slug)], (
        "every exercise is asked, in order"
    )
    assert len(cells) >= 5
    for id, cell in cells.items():
        results = [output for output in cell.outputs if output.output_type == "execute_result"]
        assert cell.metadata.nbgrader.points == BY_ID[id].points
        assert [float(result.data["text/plain"]) for result in results] == [BY_ID[id].points]


@pytest.mark.parametrize("slug", slugs())
def test_every_task_says_what_to_call_it(slug: str) -> None:
    notebook = nbformat.read(ROOT / "solutions" / slug / f"{slug}.ipynb", 4)
    source = "\n".join(
        cell.source for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")
    )
    for exercise in exercises(slug):
        assert f"def {exercise.name}(" in source or f"class {exercise.name}" in source
