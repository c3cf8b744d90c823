"""Run notebooks from top to bottom in a fresh kernel, as a reader or `pytest --nbval` would."""

from __future__ import annotations

import os
from pathlib import Path

from nbformat import NotebookNode

from embcourse.publishing.notebooks import normalise, problems, read_notebook, write_notebook

__all__ = ["KERNEL_ENVIRONMENT", "NotebookFailed", "execute"]

KERNEL_ENVIRONMENT = {
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VECLIB_MAXIMUM_THREADS": "1",
}
"""Environment of every kernel that makes or checks outputs.

One thread for linear algebra: sums come in the same order on any number of cores, so that rounded
outputs agree, and two notebooks that run side by side do not fight over the cores. Numba's own
threads are left alone.
"""


class NotebookFailed(RuntimeError):
    """A notebook raised, ran out of time, killed its kernel, or holds something that may not be
    published."""


def execute(path: str | Path, *, timeout: float = 300.0) -> NotebookNode:
    """Run the notebook at `path` in a fresh kernel, normalise it and write it back. Returns what
    was written.

    The working directory is the notebook's folder. A file is only written if every cell ran and
    `problems` finds nothing.

    timeout: seconds allowed for one cell.
    raises : NotebookFailed, naming notebook, cell and error; the file is unchanged.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError
    from traitlets.config import Config

    path = Path(path)
    notebook = read_notebook(path)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        # Talk to the kernel encrypted where both sides can; a kernel that listens in clear says so
        # for each notebook.
        config=Config(KernelManager={"transport_encryption": "auto"}),
        resources={"metadata": {"path": str(path.parent.resolve())}},
    )
    try:
        client.execute(env={**os.environ, **KERNEL_ENVIRONMENT})
    except (CellControlSignal, DeadKernelError) as error:
        raise NotebookFailed(f"{path}: {error}") from error
    notebook = normalise(notebook)
    if found := problems(notebook):
        raise NotebookFailed("\n".join(f"{path}: {problem}" for problem in found))
    write_notebook(path, notebook)
    return notebook
