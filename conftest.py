"""What every test run needs, also one of a single notebook: `pytest --nbval
book/counting/tfidf.ipynb`."""

import importlib.util
import os
import re
import shutil
from typing import Any

import pytest

from embcourse.publishing.execution import KERNEL_ENVIRONMENT

# Kernels that nbval starts inherit this, so outputs are checked in the environment that made them.
os.environ.update(KERNEL_ENVIRONMENT)

# Without a GPU, Triton's kernels run in its interpreter; it looks at this once, when it is first
# imported.
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Doctests import every module, and triton exists for Linux only.
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["embcourse/*/gpu.py"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file stays with one worker; but a class is graded for minutes, and each chapter's class by
    itself."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileAndClass(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            graded = re.match(r"tests/test_grading\.py::\w+\[(\w+)", nodeid)
            return graded[1] if graded else super()._split_scope(nodeid)

    return ByFileAndClass(config, log) if config.getvalue("dist") == "loadfile" else None
