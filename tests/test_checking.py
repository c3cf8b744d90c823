"""`check` survives whatever a student writes, says what is wrong, and counts points fairly."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from embcourse.checking import (
    Case,
    CheckFailed,
    Exercise,
    Misconception,
    Tolerance,
    check,
    find,
    hint,
    judge,
)
from embcourse.checking import check as check_function
from embcourse.checking.compare import Rule, compare, shorten
from embcourse.checking.diagnosis import error_place
from embcourse.checking.guard import OutOfTime, run
from embcourse.checking.plain import NotPlainData, fresh, plain
from embcourse.checking.report import Report
from embcourse.tfidf import idf

ID = "tfidf.idf"


# ---------------------------------------------------------------------- whatever the student writes


def loops_for_ever(counts):
    while True:
        pass


def swallows_every_exception(counts):
    while True:
        try:
            time.sleep(0.01)
        except:  # noqa: E722
            pass


def recurses_for_ever(counts):
    return recurses_for_ever(counts)


def prints_megabytes(counts):
    print("x" * 5_000_000)
    sys.stderr.write("y" * 5_000_000)
    return np.zeros(counts.shape[1])


def exits(counts):
    sys.exit(0)


def raises_a_broken_exception(counts):
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError("no")

    raise Broken


def changes_the_recursion_limit(counts):
    sys.setrecursionlimit(50)
    raise ValueError


def not_written(counts):
    # Your code here
    raise NotImplementedError


class Pretender:
    """Claims to equal everything."""

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        raise SystemExit


WRONG = {
    "missing": None,
    "not a function": 3,
    "wrong signature": lambda: 1,
    "too many parameters": lambda a, b: 1,
    "returns None": lambda counts: None,
    "returns a generator": lambda counts: (x for x in counts),
    "returns a pretender": lambda counts: Pretender(),
    "returns objects": lambda counts: np.array([None] * counts.shape[1]),
    "returns a nested list": lambda counts: [[[[counts.tolist()]]]],
    "returns a ragged list": lambda counts: [[1], [2, 3]],
    "raises a number": lambda counts: 1 / 0,
    "interrupts": lambda counts: (_ for _ in ()).throw(KeyboardInterrupt),
    "exits": exits,
    "recurses": recurses_for_ever,
    "prints": prints_megabytes,
    "breaks its own exception": raises_a_broken_exception,
    "changes the recursion limit": changes_the_recursion_limit,
    "not written": not_written,
    "out of memory": lambda counts: np.zeros((10**9, 10**9)),
}


@pytest.mark.parametrize("kind", WRONG)
def test_check_raises_nothing_but_check_failed(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = sys.getrecursionlimit()
    with pytest.raises(CheckFailed):
        check(ID, WRONG[kind])
    captured = capsys.readouterr()
    assert len(captured.out) < 10_000
    assert captured.err == ""
    assert sys.getrecursionlimit() == limit
    assert sys.gettrace() is None or "coverage" in sys.modules


@pytest.mark.parametrize(
    ("function", "thread"),
    [(loops_for_ever, False), (swallows_every_exception, False), (loops_for_ever, True)],
)
def test_endless_loop_is_stopped(function, thread: bool) -> None:
    outcomes = []

    def target() -> None:
        outcomes.append(run(lambda: function(None), seconds=0.3))

    start = time.perf_counter()
    if thread:
        worker = threading.Thread(target=target)
        worker.start()
        worker.join(10)
    else:
        target()
    assert time.perf_counter() - start < 5
    assert isinstance(outcomes[0].error, OutOfTime)


def test_a_body_that_ends_at_its_limit_ends() -> None:
    """Within a fraction of a millisecond of the limit, in a thread: neither hangs nor loses where
    prints go."""
    limit, outcomes = 0.003, []

    def body(seconds: float) -> str:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        return "done"

    def target() -> None:
        for step in range(200):
            offset = (step % 20 - 10) * 5e-5
            outcomes.append(run(lambda offset=offset: body(limit + offset), seconds=limit))

    before = sys.stdout
    worker = threading.Thread(target=target, daemon=True)
    worker.start()
    worker.join(60)
    assert not worker.is_alive()
    assert sys.stdout is before
    assert len(outcomes) == 200
    assert all(
        outcome.value == "done" or isinstance(outcome.error, OutOfTime) for outcome in outcomes
    )


def test_sleeping_function_is_woken() -> None:
    start = time.perf_counter()
    assert isinstance(run(lambda: time.sleep(60), seconds=0.2).error, OutOfTime)
    assert time.perf_counter() - start < 2


def test_after_a_timeout_the_remaining_cases_are_not_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exercise = small_exercise(seconds=0.2)
    calls = []

    def answer(x):
        calls.append(x)
        time.sleep(60)

    verdict = judge(exercise, answer)
    assert len(calls) == 1
    assert verdict.points == 0
    assert "not done after 0.2 s" in str(Report(verdict))
    assert "not all of its cases were run" in str(Report(verdict))


def test_no_alarm_is_left_behind() -> None:
    run(lambda: 1, seconds=0.05)
    time.sleep(0.15)  # an alarm left behind would strike here


def test_warnings_and_prints_never_cost_points(capsys: pytest.CaptureFixture[str]) -> None:
    def noisy(counts):
        import warnings

        print("thinking")
        warnings.warn("careful")
        np.log(np.zeros(1))
        return idf(counts)

    assert check(ID, noisy) == 2.0
    assert capsys.readouterr().err == ""


def test_points_do_not_depend_on_the_students_random_stream() -> None:
    reports = []
    for seed in (0, 1):
        np.random.seed(seed)
        random.seed(seed)
        reports.append(str(Report(judge(find(ID), lambda counts: np.random.rand(counts.shape[1])))))
    assert reports[0].splitlines()[0] == reports[1].splitlines()[0]


# ------------------------------------------------------------------------------- points and reports


def small_exercise(**changes) -> Exercise:
    parts = dict(
        id="demo.double",
        points=4,
        reference=lambda x: 2.0 * x,
        cases=lambda rng: [
            Case((np.array([1.0, 3.0]),), label="two numbers"),
            Case((np.array([0.0]),), "edge", "zero"),
            Case((np.array([]),), "edge", "no numbers"),
        ],
        misconceptions=[
            Misconception("squares", lambda x: x**2, "Twice, not times itself."),
            Misconception("adds two", lambda x: x + 2, "Twice, not plus two."),
            Misconception("halves", lambda x: x / 2, "Twice, not half."),
        ],
        alternatives=[lambda x: x + x, lambda x: [2 * value for value in x.tolist()]],
        hints=["Add it to itself."],
    )
    return Exercise(**{**parts, **changes})


def test_partial_credit_goes_by_aspect() -> None:
    fails_on_zero = lambda x: 2 * x if x.all() else x + 1
    verdict = judge(small_exercise(), fails_on_zero)
    assert {row.aspect: row.passed for row in verdict.rows} == {
        "values": True,
        "edge": False,
        "inputs": True,
    }
    assert verdict.points == 3.0  # values 2, edge 1, inputs 1, of 4
    assert judge(small_exercise(weights={"edge": 5}), fails_on_zero).points == 1.5


def test_edge_cases_alone_earn_nothing() -> None:
    assert judge(small_exercise(), lambda x: np.zeros_like(x)).points == 0


def test_changed_and_shared_inputs_cost_their_share() -> None:
    def in_place(x):
        x *= 2
        return x.copy()

    changed = judge(small_exercise(), in_place)
    assert changed.points == 3.0
    assert "your function changes x" in str(Report(changed))
    identity = small_exercise(
        reference=lambda x: x + 0, alternatives=[lambda x: x.copy(), lambda x: x.tolist()]
    )
    shared = judge(identity, lambda x: x[:])
    assert shared.points == 3.0
    assert "view of an input" in str(Report(shared))


def test_report_shows_the_smallest_failing_input_and_names_the_mistake() -> None:
    many, few = (
        Case((np.arange(1.0, 50.0),), label="many"),
        Case((np.array([1.0, 3.0]),), label="few"),
    )
    report = str(Report(judge(small_exercise(cases=lambda rng: [many, few]), lambda x: x * x)))
    assert "few" in report
    assert "x = [1, 3]" in report
    assert "expected [2, 6]" in report
    assert "yours    [1, 9]" in report
    assert "Squares. Twice, not times itself." in report
    assert "many" not in report


def test_keyword_arguments_reach_the_function_and_the_report() -> None:
    exercise = small_exercise(
        reference=lambda x, *, times=2: times * x,
        cases=lambda rng: [
            Case((np.array([1.0]),), label="by default"),
            Case((np.array([1.0]),), "edge", "three times", kwargs={"times": 3}),
        ],
    )
    assert judge(exercise, lambda x, times=2: x * times).points == 4
    ignores = judge(exercise, lambda x, times=2: x * 2)
    assert ignores.points == 3
    assert "times = 3" in str(Report(ignores))


def test_report_says_that_prints_are_not_shown() -> None:
    def noisy(x):
        print("debug")
        return x

    assert "what it printed, 6 characters, is not shown" in str(
        Report(judge(small_exercise(), noisy))
    )


def test_report_does_not_vary_and_html_is_escaped() -> None:
    broken = lambda x: {}["<script>"]
    first, second = (Report(judge(small_exercise(), broken)) for _ in range(2))
    assert str(first) == str(second)
    assert first._repr_html_() == second._repr_html_()
    assert "<script>" not in first._repr_html_()
    assert "&lt;script&gt;" in first._repr_html_()


def test_error_names_the_students_own_line() -> None:
    def helper(x):
        return x["missing"]

    report = str(Report(judge(small_exercise(), lambda x: helper(x))))
    assert 'return x["missing"]' in report


def test_failed_check_shows_no_frames_in_a_notebook() -> None:
    with pytest.raises(CheckFailed) as caught:
        check(ID, None)
    shown = caught.value._render_traceback_()
    assert shown == ["CheckFailed: tfidf.idf earned 0 of 2 points; the report above says why"]


def test_function_is_looked_up_by_name_when_left_out() -> None:
    assert check(ID) == 2.0  # this module has a function called idf


def test_unknown_exercise_and_hint_level_say_what_there_is() -> None:
    with pytest.raises(CheckFailed, match="did you mean 'tfidf.idf'"):
        check("tfidf.idff", idf)
    with pytest.raises(CheckFailed, match="no exercise 'nonsense'"):
        hint("nonsense")
    with pytest.raises(CheckFailed, match="hints 1 to 3"):
        hint(ID, 4)


def test_a_broken_reference_is_the_courses_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = small_exercise(reference=lambda x: 1 / 0)
    monkeypatch.setattr(sys.modules[check_function.__module__], "find", lambda id: broken)
    with pytest.raises(CheckFailed, match="no fault of yours"):
        check("demo.double", lambda x: x)


def test_check_works_in_a_terminal() -> None:
    code = (
        "from embcourse.checking import check\nfrom embcourse.tfidf import"
        " idf\nprint(check('tfidf.idf', idf))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(r"values +✓", done.stdout)
    assert done.stdout.endswith("2.0\n")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(id="nodot"), "id must look like"),
        (dict(points=0), "points must be above 0"),
        (dict(hints=[]), "one hint"),
        (dict(probe="guess"), "probe must be one of"),
        (dict(weights={"beauty": 1}), "unknown aspects"),
    ],
)
def test_malformed_exercise_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_exercise(**change)


def test_exercise_without_an_ordinary_case_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        small_exercise(cases=lambda rng: [Case((np.zeros(1),), "edge")]).public_cases()


def test_case_with_an_unknown_aspect_is_refused() -> None:
    with pytest.raises(ValueError, match="aspect must be one of"):
        Case((1,), "inputs")
    with pytest.raises(TypeError, match="args must be a tuple"):
        Case([1])


# ---------------------------------------------------------------------------- the name of a mistake


def scaled(factor=2.0, shift=0.0, check=True):
    """The answer of the exercise below, with one part replaced."""

    def answer(x):
        if check and len(x) == 0:
            raise ValueError("x is empty")
        return factor * np.asarray(x) + shift

    return answer


def exercise_of_parts() -> Exercise:
    return small_exercise(
        variant=scaled,
        reference=scaled(),
        alternatives=[scaled(), lambda x: scaled()(x).tolist()],
        cases=lambda rng: [
            Case((rng.uniform(1, 9, 3),), label="three numbers"),
            Case((-rng.uniform(1, 9, 4),), label="negative numbers"),
            Case((np.zeros(0),), "errors", "no numbers", raises=ValueError),
        ],
        misconceptions=[
            Misconception("three times", {"factor": 3.0}, "Twice."),
            Misconception("adds one", {"shift": 1.0}, "Nothing is added."),
            Misconception("takes no numbers", {"check": False}, "Raise ValueError."),
            Misconception(
                "doubles the size", lambda x: 2 * np.abs(scaled(1.0)(x)), "The sign stays."
            ),
        ],
    )


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (scaled(3.0), ["three times"]),
        (
            scaled(3.0, 1.0),
            ["three times", "adds one"],
        ),  # both at once: their numbers are neither's
        (scaled(3.0, check=False), ["three times", "takes no numbers"]),
        (lambda x: 2 * np.abs(scaled(1.0)(x)), ["doubles the size"]),
        (scaled(3.0, 1.0, False), []),  # three mistakes
        (scaled(2.5), []),
    ],
)
def test_a_mistake_is_named_alone_or_with_another(answer, names: list[str]) -> None:
    assert [one.name for one in judge(exercise_of_parts(), answer).misconceptions] == names


def test_no_name_where_one_case_contradicts_it() -> None:
    """Three times, but only for positive numbers: the negative ones are right, which no three-times
    answer gets."""
    verdict = judge(exercise_of_parts(), lambda x: np.where(scaled(1.0)(x) > 0, 3.0, 2.0) * x)
    assert verdict.misconceptions == ()
    elsewhere = judge(exercise_of_parts(), lambda x: scaled(3.0)(x) if x[0] > 0 else scaled(7.0)(x))
    assert elsewhere.misconceptions == ()


def test_what_fits_all_ordinary_cases_but_not_the_others_is_offered_as_a_likeness() -> None:
    """Three times, and bad input is met with an error of another kind, which no misconception
    makes."""

    def answer(x):
        if len(x) == 0:
            raise KeyError("empty")
        return scaled(3.0)(x)

    verdict = judge(exercise_of_parts(), answer)
    assert verdict.misconceptions == ()
    values, errors = verdict.rows[:2]
    assert [one.name for one in values.resembles] == ["three times"] and errors.resembles == ()
    said = " ".join(str(Report(verdict)).split())
    assert (
        said.count("What it looks like, though some case speaks against it: Three times. Twice.")
        == 1
    )
    partly = judge(exercise_of_parts(), lambda x: np.where(answer(x) > 0, 3.0, 2.0) * x)
    assert all(row.resembles == () for row in partly.rows)


def test_an_error_is_the_same_only_of_the_same_kind_and_place() -> None:
    exercise = small_exercise(
        misconceptions=[
            Misconception(
                "multiplies matrices", lambda x: x @ np.ones((5, 5)), "No matrix is needed."
            ),
            Misconception("squares", lambda x: x**2, "Twice."),
            Misconception("halves", lambda x: x / 2, "Twice."),
        ]
    )
    assert (
        judge(exercise, lambda x: x @ np.ones((7, 7))).misconceptions[0].name
        == "multiplies matrices"
    )
    assert judge(exercise, lambda x: x.reshape(3, 7)).misconceptions == ()  # a ValueError, too
    assert judge(exercise, lambda x: x["a"]).misconceptions == ()


def test_an_answer_that_is_not_rounded_is_named_where_rounding_is_asked_for() -> None:
    exercise = Exercise(
        "tfidf.thirds",
        1,
        reference=lambda n: round(n / 3, 6),
        cases=lambda rng: [
            Case((1,), tolerance=Tolerance(decimals=6)),
            Case((2,), tolerance=Tolerance(decimals=6)),
        ],
        misconceptions=[
            Misconception("does not round", lambda n: n / 3, ""),
            Misconception("rounds up", lambda n: round(n / 3 + 0.01, 6), ""),
        ],
        alternatives=[],
        hints=["Divide."],
    )
    assert [one.name for one in judge(exercise, lambda n: n * (1 / 3)).misconceptions] == [
        "does not round"
    ]
    assert judge(exercise, lambda n: n / 3 + 1e-3).misconceptions == ()
    assert judge(exercise, lambda n: round(n / 3, 6)).points == 1


def test_an_error_of_the_wrong_kind_for_bad_input_is_the_same_whatever_its_words() -> None:
    def refuses(error: Exception):
        def answer(x):
            if len(x) == 0:
                raise error
            return scaled()(x)

        return answer

    exercise = small_exercise(
        reference=scaled(),
        alternatives=[],
        cases=lambda rng: [
            Case((rng.uniform(1, 9, 3),)),
            Case((np.zeros(0),), "errors", "no numbers", raises=ValueError),
        ],
        misconceptions=[
            Misconception("raises TypeError", refuses(TypeError("no numbers")), "ValueError.")
        ],
    )
    assert (
        judge(exercise, refuses(TypeError("x has length 0"))).misconceptions[0].name
        == "raises TypeError"
    )
    assert judge(exercise, refuses(KeyError("no numbers"))).misconceptions == ()


def test_the_extremes_of_nothing_are_one_mistake_in_numpy_and_in_python() -> None:
    places = set()
    for ask in (
        lambda: np.zeros(0).max(),
        lambda: np.zeros(0).min(),
        lambda: min([]),
        lambda: max(np.zeros(0)),
    ):
        with pytest.raises(ValueError) as caught:
            ask()
        places.add(error_place(caught.value))
    assert len(places) == 1
    assert error_place(ValueError("the sequence is empty")) not in places


def test_one_misconception_alone_is_never_made_of_parts_without_a_variant() -> None:
    with pytest.raises(TypeError, match="there is no variant"):
        small_exercise(misconceptions=[Misconception("replaces", {"factor": 3.0}, "No.")])


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda x: 5.0 * x, "Every number is 2.5 times what was expected."),
        (lambda x: -2.0 * x, "Every number has the wrong sign."),
        (lambda x: 2.0 * x + 0.5, "Every number is 0.5 too large."),
        (lambda x: 2.0 * x[::-1], "The order is reversed."),
        (lambda x: np.sort(2.0 * x), "These are the right numbers, sorted, smallest first."),
        (lambda x: np.cumsum(2.0 * x), "This is the running sum of what was expected."),
        (lambda x: float(np.mean(2.0 * x)), "This is the mean of what was expected."),
        (lambda x: 1 - 2.0 * x, "Every number is 1 minus what was expected."),
        (lambda x: 6.0 * x + 0.5, "Every number is 3 times what was expected, plus 0.5."),
        (lambda x: (2.0 * x) ** 2, "Every number is the square of what was expected."),
        (lambda x: np.log(2.0 * x), "Every number is the logarithm of what was expected."),
        (lambda x: 0.0 * x, "Every number is 0."),
        (lambda x: 2.0 * x + x**3, ""),
    ],
)
def test_what_is_plain_to_see_is_said(answer, sentence: str) -> None:
    cases = lambda rng: [Case((rng.uniform(1, 9, 4),)), Case((rng.uniform(1, 9, 5),))]
    verdict = judge(small_exercise(cases=cases), answer)
    assert verdict.rows[0].observation == sentence


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda x: (2.0 * x).T, "This is the transpose of what was expected."),
        (
            lambda x: 2.0 * x / x.sum(axis=1, keepdims=True),
            "Every row is what was expected times a number of its own",
        ),
        (
            lambda x: 2.0 * x / x.sum(axis=0),
            "Every column is what was expected times a number of its own",
        ),
        (lambda x: 2.0 * x + np.arange(x.shape[1]), ""),
    ],
)
def test_what_is_plain_to_see_in_a_matrix_is_said(answer, sentence: str) -> None:
    cases = lambda rng: [
        Case((rng.uniform(1, 9, (3, 4)),)),
        Case((rng.uniform(1, 9, (2, 5)),)),
    ]
    seen = judge(small_exercise(cases=cases), answer).rows[0].observation
    assert seen.startswith(sentence) and bool(seen) == bool(sentence)


def test_parts_of_a_result_are_called_by_name() -> None:
    exercise = small_exercise(
        reference=lambda x: (x + 1.0, 2.0 * x),
        returns=("sums", "products"),
        cases=lambda rng: [Case((rng.uniform(1, 9, 3),)), Case((np.zeros(0),), "edge")],
    )
    report = str(Report(judge(exercise, lambda x: (2.0 * x, x + 1.0))))
    assert "sums: at [0] expected" in report
    assert "The parts stand in another order: expected (sums, products)." in report
    report = str(Report(judge(exercise, lambda x: x + 1.0)))
    assert "expected 2 results, (sums, products); yours is an array of shape (3,)" in report


def test_calls_in_turn_are_told_apart() -> None:
    class Counter:
        def __init__(self, start):
            self.value = start

        def add(self, amount):
            self.value += amount
            return self.value

    class Forgets(Counter):
        def add(self, amount):
            return self.value + amount

    class Breaks(Counter):
        def add(self, amount):
            if self.value > 5:
                raise LookupError("too much")
            return super().add(amount)

    exercise = small_exercise(
        reference=Counter,
        probe="construct_then_call",
        alternatives=[],
        misconceptions=[],
        cases=lambda rng: [Case((5,), steps=(("add", (2,)), ("add", (3,))))],
    )
    report = str(Report(judge(exercise, Forgets)))
    assert "call 2, .add: expected 10, yours is 8" in report
    assert "start = 5" in report and "call 1, .add(2)" in report
    assert "yours raised LookupError in call 2, .add: too much" in str(
        Report(judge(exercise, Breaks))
    )


@pytest.mark.parametrize(
    ("expected", "got", "message"),
    [
        ([[1, 2], [3]], [[1, 2]], "expected a list of 2 lists, yours is a list of 1 list"),
        ([[1, 2], [3]], {"a": 1}, "expected a list of 2 lists, yours is a dict of 1 entry"),
        ([1, 2], 3, "expected shape (2,), yours is one value, 3"),
        (0.5, [1.0, 2.0], "expected one value, yours is an array of shape (2,)"),
        ([1, 2], [[1], [2, 3]], "expected a list of 2 numbers, yours is a list of 2 lists"),
        ({"a": 1}, [1], "expected a dict, yours is a list of 1 number"),
    ],
)
def test_lists_and_dicts_are_described_by_what_they_hold(expected, got, message: str) -> None:
    assert compare(plain(expected), plain(got)).message == message


def test_keys_of_a_dict_may_be_pairs() -> None:
    assert compare({(1, 2): 0.5}, plain({(np.int64(1), 2): 0.5})) is None
    with pytest.raises(NotPlainData, match="a dict with a key of type frozenset"):
        plain({frozenset([1]): 2})


# ------------------------------------------------------------------------------------ in a notebook


def run_in_ipython(*notebooks: tuple[str, ...]) -> list[str]:
    """What the cells of each notebook print, run one after the other in an IPython without the
    names and the history of the others; errors included, as in a notebook."""
    program = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="NoColor", history_length=0)
for cells in {list(notebooks)!r}:
    for cell in cells:
        shell.run_cell(cell, store_history=True)
    shell.reset(new_session=True)
    print(chr(0), end="")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(chr(0))[:-1]


SET_UP = "import numpy as np\nfrom embcourse.checking import check"
RIGHT = "def idf(counts):\n    from embcourse.tfidf import idf\n    return idf(counts)"
CHECK = 'check("tfidf.idf", idf)'


def test_an_old_definition_is_not_praised() -> None:
    decorated = "import functools\n@functools.cache\ndef cached(): return 1\n" + RIGHT
    right, broken, stopped, mended, imported, below = run_in_ipython(
        (SET_UP, RIGHT, CHECK),
        (SET_UP, RIGHT, "def idf(counts:\n    return 1", CHECK),
        (SET_UP, RIGHT, "1 / 0\ndef idf(counts):\n    return 1", CHECK),
        (SET_UP, "def idf(counts:\n    return 1", RIGHT, CHECK),
        (SET_UP, "from embcourse.tfidf import idf", CHECK),
        (SET_UP, decorated, CHECK),
    )
    assert "CheckFailed: tfidf.idf: the cell that defines idf does not compile" in broken
    assert "2 of 2" not in broken
    assert "stopped before its definition" in stopped
    for praised in (right, mended, imported, below):
        assert "2 of 2 points" in praised


def test_an_unwritten_exercise_says_so_in_one_line() -> None:
    (out,) = run_in_ipython(
        (SET_UP, "def idf(counts):\n    # Your code here\n    raise NotImplementedError", CHECK)
    )
    assert [line for line in out.splitlines() if line.strip()] == [
        "CheckFailed: tfidf.idf is not written yet: 0 of 2 points"
    ]


# --------------------------------------------------------------------------------------- comparison


FLOATS = hnp.arrays(
    np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6)
)


@given(FLOATS)
def test_an_answer_equals_itself_in_any_plain_form(array: np.ndarray) -> None:
    for form in (array.copy(), array.tolist(), tuple(array.tolist())):
        assert compare(array, plain(form)) is None


@given(FLOATS, st.data())
def test_one_changed_number_is_found(array: np.ndarray, data: st.DataObject) -> None:
    index = tuple(data.draw(st.integers(0, side - 1)) for side in array.shape)
    wrong = array.copy()
    wrong[index] += 1e-4 * max(1.0, abs(wrong[index]))  # more than float32 could explain
    mismatch = compare(array, wrong)
    assert mismatch is not None
    assert f"at {list(index)} expected" in mismatch.message


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=300), st.randoms())
def test_a_sum_in_any_order_is_right(terms: list[float], shuffle: random.Random) -> None:
    shuffled = terms[:]
    shuffle.shuffle(shuffled)
    tolerance = Tolerance(operations=len(terms), scale=sum(map(abs, terms)))
    assert compare(sum(terms), sum(shuffled), Rule(tolerance)) is None


@pytest.mark.parametrize(
    ("expected", "got", "kind"),
    [
        (np.zeros(2), np.zeros((2, 1)), "shape"),
        (np.array([1.0, np.inf]), np.array([1.0, np.nan]), "nonfinite"),
        (np.array([1.0, np.inf]), np.array([1.0, -np.inf]), "nonfinite"),
        (np.array([1, 2]), np.array([1.0, 2.0]), "dtype"),
        (np.array([1.0]), np.array([1.0], np.float16), "dtype"),
        (np.array([1.0]), np.array([1.0 + 0j]), "dtype"),
        (np.array([True]), np.array([1]), "dtype"),
        (3, 4, "value"),
        ("a", "b", "value"),
        (None, 0, "value"),
        (1.0, None, "none"),
        ({"a": 1}, {"b": 1}, "keys"),
        ({"a": 1}, [1], "type"),
        ({"a": [1, 2]}, {"a": [1, 3]}, "value"),
        ([1, "a"], [1, "b"], "value"),
        ([1, "a"], [1], "shape"),
        (np.zeros(1), {}, "type"),
        (np.array(["a", "b"]), ["a", "c"], "value"),
    ],
)
def test_mismatch_is_of_the_right_kind(expected, got, kind: str) -> None:
    assert compare(plain(expected), plain(got)).kind == kind


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (np.array([1.0, 2.0]), [1, 2]),
        (0.5, np.float32(0.5)),
        (np.array([0.1]), np.array([0.1], np.float32)),
        ([], np.zeros((0, 2))),
        (np.zeros((0, 2)), np.zeros((0, 2), int)),
        ([[0, 0.5]], [(0, 0.5)]),
        ({"a": np.array([1.0])}, {"a": [1.0]}),
        (["a", "b"], np.array(["a", "b"])),
        (np.array([np.nan, np.inf]), [float("nan"), float("inf")]),
    ],
)
def test_equivalent_forms_are_right(expected, got) -> None:
    assert compare(plain(expected), plain(got)) is None


def test_float32_answer_is_held_to_float32() -> None:
    expected = np.array([1.0])
    assert compare(expected, np.array([1 + 1e-6], np.float32)) is None
    assert compare(expected, np.array([1 + 1e-3], np.float32)) is not None
    assert compare(expected, np.array([1 + 1e-6])) is not None


@pytest.mark.parametrize(
    "got",
    [
        np.float32(0.1),
        np.array(0.1, np.float32),
        float(np.float32(0.1)),
        np.longdouble("0.1"),
        np.float64(0.1) + 1e-18,
    ],
)
def test_a_scalar_right_to_its_own_precision_is_right(got) -> None:
    assert compare(0.1, plain(got)) is None


@pytest.mark.parametrize(
    ("got", "cause"),
    [
        (np.float32(0.1), "single precision"),
        (0.1 + 1e-8, "a constant such as 1e-8"),
        (np.longdouble("0.1") + 1e-9, "1e-8"),
        (np.float16(0.1), "expected floats of 32 bits or more"),
    ],
)
def test_where_stability_counts_a_small_difference_is_wrong_and_explained(got, cause: str) -> None:
    assert cause in compare(0.1, plain(got), Rule(single=False)).message


def test_a_difference_that_a_wrong_term_can_make_is_not_put_down_to_precision() -> None:
    assert compare(0.1, 0.1 + 2e-6).message == "expected 0.1, yours is 0.100002, off by 2e-06"


def test_the_scale_never_excuses_single_precision() -> None:
    """With large numbers that cancel, float32's rounding of those would exceed the values
    compared."""
    rule = Rule(Tolerance(operations=512, scale=1e6))
    assert compare(np.array([0.3, 0.7]), np.array([0.31, 0.69], np.float32), rule) is not None
    assert compare(np.array([0.3, 0.7]), np.array([0.3, 0.7], np.float32), rule) is None


def test_rounding_that_is_asked_for_is_checked_and_rounding_that_is_not_is_named() -> None:
    rule = Rule(Tolerance(decimals=3))
    assert compare([0.333, 0.667], [0.333, 0.667], rule) is None
    # one unit: what rounding decides is not graded
    assert compare([0.333, 0.667], [0.333, 0.668], rule) is None
    assert compare([0.333, 0.667], [0.333, 0.669], rule) is not None
    assert "Round to 3 decimals" in compare([0.333, 0.667], [1 / 3, 2 / 3], rule).message
    assert "rounded to 6 decimals" in compare([1 / 3, 2 / 3], [0.333333, 0.666667]).message


def test_numbers_that_differ_look_different() -> None:
    message = compare(2.19056001, 2.19056002).message
    assert "expected 2.19056001, yours is 2.19056002, off by 1e-08" in message


def test_plain_takes_tensors_and_sparse_matrices() -> None:
    import scipy.sparse
    import torch

    assert plain(torch.ones(2, requires_grad=True)).tolist() == [1.0, 1.0]
    assert plain(scipy.sparse.csr_array([[0, 2]])).tolist() == [[0, 2]]


@pytest.mark.parametrize("value", [object(), np.array([object()]), lambda: 1, {1, 2}, iter([])])
def test_plain_refuses_what_it_cannot_compare(value) -> None:
    with pytest.raises(NotPlainData):
        plain(value)


def test_a_copy_keeps_a_view_with_gaps() -> None:
    view = np.arange(24).reshape(4, 6)[::2, ::3]
    copied = fresh((view, {"k": [view]}))
    assert np.array_equal(copied[0], view)
    assert not copied[0].flags.c_contiguous
    assert not np.shares_memory(copied[0], view)


LEAVES = st.integers() | st.floats() | st.text(max_size=5)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=30), max_leaves=50))
def test_shortened_text_is_short(value) -> None:
    assert len(shorten(value, 60)) <= 60
