"""nbgrader's settings. Solutions are the source; students' notebooks are released into the book."""

import os
import sys

# nbgrader starts `alembic` by name: find it although nobody has activated the environment.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "counts-to-context"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = os.path.join("book", "assignments")

# The released notebooks are in the repository, so releasing always means releasing again.
c.GenerateAssignment.force = True
c.ClearSolutions.code_stub = {"python": "# Your code here\nraise NotImplementedError"}

# A check stops each of its cases after some seconds; this only catches cells that are not checks.
c.Execute.timeout = 120
