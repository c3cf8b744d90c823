"""What turns notebooks into the published book: execute, normalise, build, serve.

    python -m embcourse.publishing execute book/counting/tfidf.ipynb     # run it, then normalise it
    python -m embcourse.publishing normalise book solutions              # only normalise
    python -m embcourse.publishing normalise --check book solutions      # write nothing, fail if
    one is not ready python -m embcourse.publishing html                                  # build
    the book, if an input has changed python -m embcourse.publishing serve --port 8000
          # build it and show it on localhost python -m embcourse.publishing launch CHECKOUT
                        # its notebooks install the course in Colab

Writing a chapter as text is jupytext's job. Both formats keep cell tags, `mystnb` and `nbgrader`
metadata:

    jupytext --to md:myst book/counting/tfidf.ipynb -o tfidf.md            # or: --to py:percent -o
    tfidf.py jupytext --to ipynb --update tfidf.md -o book/counting/tfidf.ipynb     # keeps ids and
    outputs of unchanged cells

`--update` matters: without it every cell gets a new random id, and the next commit shows them all.
"""

from embcourse.publishing.address import Address, find_address
from embcourse.publishing.execution import KERNEL_ENVIRONMENT, NotebookFailed, execute
from embcourse.publishing.notebooks import (
    normalise,
    notebook_paths,
    problems,
    read_notebook,
    write_notebook,
)
from embcourse.publishing.site import BuildFailed, build, is_current, serving

__all__ = [
    "KERNEL_ENVIRONMENT",
    "Address",
    "BuildFailed",
    "NotebookFailed",
    "build",
    "execute",
    "find_address",
    "is_current",
    "normalise",
    "notebook_paths",
    "problems",
    "read_notebook",
    "serving",
    "write_notebook",
]
