"""What every test run needs, also one of a single notebook: `pytest --nbval book/counting/tfidf.ipynb`."""

import importlib.util
import os
import shutil

from embcourse.publishing.execution import KERNEL_ENVIRONMENT

# Kernels that nbval starts inherit this, so outputs are checked in the environment that made them.
os.environ.update(KERNEL_ENVIRONMENT)

# Without a GPU, Triton's kernels run in its interpreter; it looks at this once, when it is first imported.
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Doctests import every module, and triton exists for Linux only.
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["embcourse/*/gpu.py"]
