"""Notebooks that run in Colab: copies with a first cell that installs the course there.

The notebooks of the repository name no address, so on a bare machine they cannot say where the
course comes from. The workflow `book` calls `python -m embcourse.publishing launch` on a checkout
and pushes the result to the branch that the book's launch buttons lead to.
"""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from embcourse.publishing.address import Address
from embcourse.publishing.notebooks import notebook_paths, read_notebook, write_notebook

__all__ = ["add_install_cell", "prepare_launch"]

INSTALL_ID = "install-in-colab"
INSTALL = """\
# In Colab: fetch the course and its texts (some minutes). Elsewhere this cell does nothing.
import sys

if "google.colab" in sys.modules:
    !test -d /content/course || git clone --quiet --depth 1 {url} /content/course
    %pip install --quiet "/content/course[data,chapters]"
    sys.path.insert(0, "/content/course")
"""


def add_install_cell(notebook: NotebookNode, address: Address) -> NotebookNode:
    """Puts the cell that installs the course before the first code cell; replaces one that is
    there. Returns `notebook`.

    >>> from nbformat import v4
    >>> notebook = v4.new_notebook(
    ...     cells=[v4.new_markdown_cell("# Title"), v4.new_code_cell("import embcourse")]
    ... )
    >>> cell = add_install_cell(notebook, Address("github.com", "someone", "embcourse")).cells[1]
    >>> "git clone --quiet --depth 1 https://github.com/someone/embcourse" in cell.source
    True
    """
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != INSTALL_ID]
    kinds = [cell.cell_type for cell in notebook.cells]
    first = kinds.index("code") if "code" in kinds else len(kinds)
    notebook.cells.insert(
        first, new_code_cell(INSTALL.format(url=address.url).rstrip(), id=INSTALL_ID)
    )
    return notebook


def prepare_launch(root: Path, address: Address) -> list[Path]:
    """Adds the cell to every notebook of the book below `root`, in place; returns their paths."""
    folders = [
        root / "book",
        root / "solutions",
        *sorted((root / "book" / "assignments").glob("*")),
    ]
    paths = notebook_paths(folder for folder in folders if folder.is_dir())
    for path in paths:
        write_notebook(path, add_install_cell(read_notebook(path), address))
    return paths
