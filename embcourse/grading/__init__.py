"""What connects the exercises to nbgrader."""
