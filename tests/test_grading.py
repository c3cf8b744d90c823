"""The whole way through stock nbgrader: release, submit, autograde, feedback, export."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log

from embcourse.checking import exercises, slugs
from embcourse.grading.release import ReleaseFailed, course_config, release
from tests.notebooks import ROOT

# nbgrader's own way with its gradebook.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
# The chapter that is graded by nbgrader's command line, with a student who is half right.
TYPED = "tfidf"
# What a student who has understood about half might hand in for tfidf, and what it is worth: (code,
# points). Exercises that are not here stay as they were released, and earn nothing.
HALF_RIGHT = {
    "term_frequency": (
        "def term_frequency(counts):\n    return counts / counts.sum(axis=1, keepdims=True)",
        0.75,
    ),
    "idf": (
        (
            "def idf(counts):\n    if len(counts) == 0 or (counts < 0).any():\n        raise"
            " ValueError('counts')\n    return np.log(len(counts) / counts.sum(axis=0))"
        ),
        0,
    ),
    "tfidf": (
        (
            "import warnings\nwarnings.warn('noise')\nprint('noise')\n"
            "def tfidf(counts):\n    print('noise')\n    warnings.warn('noise')\n    return None"
        ),
        0,
    ),
    "sklearn_tfidf": (
        (
            "from sklearn.feature_extraction.text import TfidfTransformer\n"
            "def sklearn_tfidf(counts):\n    return TfidfTransformer().fit_transform(counts)"
        ),
        2,
    ),
    "cosine_similarity": ("def cosine_similarity(a, b):\n    while True:\n        pass", 0),
    "reciprocal_ranks": ("def reciprocal_ranks(scores, targets):\n    exit()", 0),
    "bm25": ("def bm25(counts, query_counts, k1, b:\n    this is no Python", 0),
    "search_engine": ("", 0),
}


def nbgrader(course: Path, *arguments: str) -> str:
    """One nbgrader command, as an instructor types it."""
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def solved(slug: str) -> NotebookNode:
    """The released notebook with every task filled in from the solutions."""
    notebook = nbformat.read(ROOT / "book" / "assignments" / slug / f"{slug}.ipynb", 4)
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in nbformat.read(ROOT / "solutions" / slug / f"{slug}.ipynb", 4).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    return answered(notebook, answers)


def answered(notebook: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    for cell in notebook.cells:
        task = cell.metadata.get("nbgrader", {})
        if task.get("solution") and task.grade_id in answers:
            cell.source = answers[task.grade_id]
    return notebook


def convert(course: Path, converter: type[BaseConverter], slug: str) -> None:
    """What the command of that name does, in this process: it starts in no time."""
    config = course_config(course)
    directory = CourseDirectory(config=config)
    directory.assignment_id = slug
    done = capture_log(converter(coursedir=directory, config=config))
    assert done["success"], done


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook without a grade. nbgrader starts a program of seconds to make one."""
    course_config(ROOT)  # puts that program on the PATH
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    Gradebook(f"sqlite:///{path}", "counts-to-context").close()
    return path


@pytest.fixture(scope="module")
def course(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, slug: str
) -> Path:
    """A class of two or three in one chapter: one solved everything, one handed in what was
    released, one half. One chapter goes through the command line, as an instructor types it."""
    course = tmp_path_factory.mktemp(slug)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copytree(ROOT / "solutions" / slug, course / "solutions" / slug)
    if slug == TYPED:
        nbgrader(course, "generate_assignment", slug)
    else:
        shutil.copy(request.getfixturevalue("empty_gradebook"), course)
        convert(course, GenerateAssignment, slug)
    released = course / "book" / "assignments" / slug / f"{slug}.ipynb"
    students = {"right": solved(slug), "untouched": nbformat.read(released, 4)}
    if slug == TYPED:
        answers = {task: code for task, (code, _) in HALF_RIGHT.items()}
        students["half"] = answered(nbformat.read(released, 4), answers)
    for student, notebook in students.items():
        path = course / "submitted" / student / slug / f"{slug}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    if slug == TYPED:
        nbgrader(course, "autograde", slug)
    else:
        convert(course, Autograde, slug)
    return course


@pytest.fixture(scope="module")
def gradebook(course: Path) -> Iterator[Gradebook]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        yield gradebook


each_slug = pytest.mark.parametrize("slug", slugs(), scope="module")
typed = pytest.mark.parametrize("slug", [TYPED], scope="module")


@each_slug
def test_committed_assignment_is_what_nbgrader_generates(course: Path, slug: str) -> None:
    committed = sorted(
        path.name for path in (ROOT / "book" / "assignments" / slug).iterdir() if path.suffix
    )
    assert committed == [f"{slug}.ipynb"]
    notebook = Path("book", "assignments", slug, f"{slug}.ipynb")
    assert (ROOT / notebook).read_text() == (course / notebook).read_text(), (
        "run `make assignments`"
    )


@each_slug
def test_assignment_holds_no_solution(slug: str) -> None:
    released = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in nbformat.read(ROOT / "book" / "assignments" / slug / f"{slug}.ipynb", 4).cells
        if cell.metadata.get("nbgrader")
    }
    text = "\n".join(cell.source for cell in released.values())
    assert "SOLUTION" not in text
    assert all(not cell.get("outputs") for cell in released.values())
    for cell in nbformat.read(ROOT / "solutions" / slug / f"{slug}.ipynb", 4).cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            task = released[cell.metadata.nbgrader.grade_id]
            assert "raise NotImplementedError" in task.source
            kept = [line for line in cell.source.splitlines() if line in task.source.splitlines()]
            assert len(kept) < len(cell.source.splitlines()) - 2, "something was taken out"


@each_slug
def test_right_notebook_earns_all_and_untouched_none(gradebook: Gradebook, slug: str) -> None:
    total = sum(exercise.points for exercise in exercises(slug))
    assert gradebook.find_submission(slug, "right").score == total
    assert gradebook.find_submission(slug, "right").max_score == total
    assert gradebook.find_submission(slug, "untouched").score == 0


@typed
def test_partial_credit_reaches_the_gradebook(gradebook: Gradebook, slug: str) -> None:
    grades = gradebook.find_submission(slug, "half").notebooks[0].grades
    earned = {grade.name.removeprefix("check_"): grade.score for grade in grades}
    assert set(HALF_RIGHT) <= set(earned)
    assert earned == {task: HALF_RIGHT[task][1] if task in HALF_RIGHT else 0 for task in earned}


@typed
def test_feedback_shows_the_report(course: Path, slug: str) -> None:
    nbgrader(course, "generate_feedback", slug)
    feedback = (course / "feedback" / "half" / "tfidf" / "tfidf.html").read_text(encoding="utf-8")
    assert "embcourse-report" in feedback
    assert "Counts occurrences, not documents." in feedback
    assert "not done after 10 s; does a loop never end?" in feedback
    assert "your function called exit" in feedback


@typed
def test_export_lists_every_student(course: Path, slug: str) -> None:
    nbgrader(course, "export")
    with open(course / "grades.csv", newline="", encoding="utf-8") as file:
        rows = {
            (row["assignment"], row["student_id"]): float(row["score"])
            for row in csv.DictReader(file)
            if row["score"]
        }
    assert rows["tfidf", "half"] == sum(points for _, points in HALF_RIGHT.values())
    assert rows["tfidf", "right"] == sum(exercise.points for exercise in exercises("tfidf"))


# ------------------------------------------------------------------------- what students are handed


@typed
def test_restart_and_run_all_reaches_the_end_of_an_unsolved_assignment(slug: str) -> None:
    """One chapter shows it for all: that their cells carry the same tags is a test below."""
    notebook = nbformat.read(ROOT / "book" / "assignments" / slug / f"{slug}.ipynb", 4)
    # with the settings of whoever installs Jupyter; raises where it stops
    NotebookClient(notebook).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells if cell.source.strip())


@each_slug
def test_an_unsolved_assignment_runs_and_no_check_has_points(course: Path, slug: str) -> None:
    notebook = nbformat.read(course / "autograded" / "untouched" / slug / f"{slug}.ipynb", 4)
    setup = next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup"
    )
    assert not any(output.output_type == "error" for output in setup.outputs)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells if cell.source.strip())
    checks = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert len(checks) == len(exercises(slug))
    for cell in checks:
        assert not any(output.output_type == "execute_result" for output in cell.outputs), (
            "an unsolved check has points"
        )


@each_slug
def test_nothing_that_a_student_writes_stops_run_all(slug: str) -> None:
    for cell in nbformat.read(ROOT / "solutions" / slug / f"{slug}.ipynb", 4).cells:
        if (
            cell.cell_type == "code"
            and cell.metadata.get("nbgrader", {}).get("grade_id") != "setup"
        ):
            assert "raises-exception" in cell.metadata.get("tags", []), cell.source


NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty"
).split()


def number(text: str) -> float:
    """A number in words or digits."""
    return float(NUMBERS.index(text.lower())) if text.lower() in NUMBERS else float(text)


@each_slug
def test_the_assignment_counts_its_exercises_and_points(slug: str) -> None:
    cells = nbformat.read(ROOT / "solutions" / slug / f"{slug}.ipynb", 4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for counted, worth in re.findall(r"([\w-]+)\s+exercises,\s+([\w.-]+)\s+points", text):
        assert number(counted) == len(exercises(slug))
        assert number(worth) == sum(exercise.points for exercise in exercises(slug))
    headings = re.findall(r"^## (\d+)\. .*\(([\d.]+) points?\)", text, re.MULTILINE)
    points = [
        (str(place), exercise.points) for place, exercise in enumerate(exercises(slug), start=1)
    ]
    assert [(place, float(worth)) for place, worth in headings] == points


def test_release_says_why_it_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no nbgrader_config.py"):
        release(tmp_path)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "solutions" / "bad").mkdir(parents=True)
    (tmp_path / "solutions" / "bad" / "bad.ipynb").write_text("no notebook")
    with pytest.raises(ReleaseFailed, match="bad"):
        release(tmp_path)


def test_release_leaves_the_gradebook_alone(tmp_path: Path) -> None:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions" / "tfidf", tmp_path / "solutions" / "tfidf")
    written = release(tmp_path)
    assert written == [tmp_path / "book" / "assignments" / "tfidf" / "tfidf.ipynb"]
    assert not (tmp_path / "gradebook.db").exists()
