"""Generates the students' notebooks: `python -m embcourse.grading.release` in the folder of
nbgrader_config.py.

What `nbgrader generate_assignment` does for every folder of solutions, without touching the
gradebook: that is the instructor's.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from traitlets.config.loader import Config, PyFileConfigLoader


class ReleaseFailed(RuntimeError):
    """nbgrader could not make a student's notebook from a solution."""


def course_config(course: Path) -> Config:
    """The settings in a course folder's nbgrader_config.py.

    raises: FileNotFoundError if there is none.
    """
    if not (course / "nbgrader_config.py").exists():
        raise FileNotFoundError(f"release: no nbgrader_config.py in {course}")
    return PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()


def release(course: Path, into: Path | None = None) -> list[Path]:
    """Writes one student notebook per solution notebook and returns their paths.

    course : the folder of nbgrader_config.py.
    into   : where the assignments' folders go; the release directory of the configuration unless
             given.
    raises : ReleaseFailed with nbgrader's own words.
    """
    config = course_config(course)
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    if into is not None:
        config.CourseDirectory.release_directory = str(into.resolve())
    directory = CourseDirectory(config=config)
    written = []
    for name in sorted(
        path.parent.name
        for path in Path(directory.root, directory.source_directory).glob("*/*.ipynb")
    ):
        directory.assignment_id = name
        result = capture_log(GenerateAssignment(coursedir=directory, config=config))
        if not result["success"]:
            raise ReleaseFailed(f"{name}: {result.get('error') or result.get('log')}")
        written += sorted(
            Path(directory.format_path(directory.release_directory, ".", name)).glob("*.ipynb")
        )
    return written


def main() -> int:
    """Releases the course in the current folder; returns the exit status."""
    try:
        written = release(Path.cwd())
    except (ReleaseFailed, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(path.relative_to(Path.cwd()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
