"""What several tests need to know about the repository's files and its assignment notebooks."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]


def check_cells(path: Path) -> dict[str, NotebookNode]:
    """The graded cells of a notebook by the id of the exercise that they check, in order."""
    cells = {}
    for cell in nbformat.read(path, 4).cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            match = re.fullmatch(r'check\("([\w.]+)", (\w+)\)', cell.source.strip())
            assert match, (
                f"{path}: a graded cell holds one check and nothing else, got {cell.source!r}"
            )
            assert match[1].split(".")[1] == match[2]
            cells[match[1]] = cell
    return cells


def committed_files() -> list[Path]:
    """What is in the repository, or would be with `git add`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = (
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        .stdout.decode()
        .split("\0")
    )
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def solution_cells(slug: str) -> dict[str, tuple[list[str], str]]:
    """By the name of each exercise: the code cells before its solution, and the cell that holds the
    solution."""
    cells, before = {}, []
    for cell in nbformat.read(ROOT / "solutions" / slug / f"{slug}.ipynb", 4).cells:
        graded = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or graded.get("grade"):
            continue
        if graded.get("solution"):
            for name in re.findall(r"^(?:def|class) (\w+)", cell.source, re.MULTILINE):
                cells[name] = (list(before), cell.source)
        before.append(cell.source)
    return cells
