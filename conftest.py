"""What every test run needs, also one of a single notebook: `pytest --nbval
book/counting/tfidf.ipynb`."""

import importlib.util
import os
import shutil
from typing import Any

import pytest

from embcourse.publishing.execution import KERNEL_ENVIRONMENT
from tests.parts import part_of, parts, rank_of, scope_of

# Kernels that nbval starts inherit this, so outputs are checked in the environment that made them.
os.environ.update(KERNEL_ENVIRONMENT)

# Without a GPU, Triton's kernels run in its interpreter; it looks at this once, when it is first
# imported.
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Doctests import every module, and triton exists for Linux only.
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["embcourse/*/gpu.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=parts(), help="only the tests of this part of the suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("part")
    if wanted:
        others = [item for item in items if part_of(item.nodeid) != wanted]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if part_of(item.nodeid) == wanted]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file stays with one worker, unless it is known to be made of pieces that may part."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrPiece(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid) or super()._split_scope(nodeid)

    return ByFileOrPiece(config, log) if config.getvalue("dist") == "loadfile" else None
