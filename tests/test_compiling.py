"""The cache of compiled functions: it notices a changed source, and keeps an unchanged one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from embcourse.compiling import inlined_sources
from embcourse.compiling.cache import KEPT
from tests.notebooks import ROOT

# A package whose kernel inlines a function of another file, and a constant that a third hands on.
TINY = {
    "__init__.py": "",
    "numbers/__init__.py": "from tiny.numbers.constants import FACTOR\n",
    "numbers/constants.py": "FACTOR = 3\n",
    "numbers/other.py": "OTHER = 1\n",
    "callee.py": (
        "from numba import njit\nfrom tiny.numbers import FACTOR\n\n\n"
        "@njit\ndef scaled(x):\n    return FACTOR * x\n"
    ),
    "kernel.py": (
        "from embcourse.compiling import cached_njit\nfrom .callee import scaled\n\n\n"
        "@cached_njit(nogil=True)\ndef total(x):\n    return 10 + scaled(x)\n"
    ),
}
RUN_TINY = """
import json
from tiny.kernel import total
value = total(2)
hits, misses = (sum(counter.values()) for counter in total.stats[1:])
print(json.dumps([value, hits, misses, total.stats.cache_path]))
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """For a fresh Python that finds the packages of `folder` first."""
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    return kept | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])} | more


def run(folder: Path, program: str, **more: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(folder, **more),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    for name, source in TINY.items():
        path = tmp_path / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new))


def test_an_edited_callee_or_constant_gives_the_new_value_and_an_unchanged_one_is_not_compiled(
    tiny: Path,
) -> None:
    def value_hits_misses() -> list[int]:
        return run(tiny, RUN_TINY)[:3]

    at_once = [
        subprocess.Popen(
            [sys.executable, "-c", RUN_TINY],
            env=environment(tiny),
            cwd=tiny,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert [json.loads(process.communicate()[0])[0] for process in at_once] == [16] * 3
    assert value_hits_misses() == [16, 1, 0]
    edit(tiny / "tiny" / "callee.py", "FACTOR * x", "FACTOR * x + 1")
    assert value_hits_misses() == [17, 0, 1]
    edit(tiny / "tiny" / "numbers" / "constants.py", "3", "4")
    assert value_hits_misses() == [19, 0, 1]
    edit(tiny / "tiny" / "numbers" / "other.py", "1", "2")  # nothing that the kernel uses
    assert value_hits_misses() == [19, 1, 0]


DRAWS = """
import json
import numpy as np
from embcourse.negative_sampling.fast import make_tables, sample_chunk
from embcourse.negative_sampling.fast.draws import draw_all
ids, offsets = np.arange(4, dtype=np.int32), np.array([0, 4])
tables = make_tables([40, 3, 2, 1], sample=0)
sample = sample_chunk("skipgram", "negative", "per_window", ids, offsets, tables, 1, 8, seed=1)
hits, misses = (sum(counter.values()) for counter in draw_all.stats[1:])
print(json.dumps([sample.negatives.tolist(), hits, misses]))
"""


def test_the_negatives_change_when_the_choice_that_they_inline_is_edited(tmp_path: Path) -> None:
    """`draws.draw_all` inlines `draw_noise` of its own file, and that `lanes.choose` of another."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "embcourse", tmp_path / "embcourse", ignore=ignored)
    before = run(tmp_path, DRAWS)
    assert before[1:] == [0, 1]
    assert run(tmp_path, DRAWS) == [before[0], 1, 0]
    lanes = tmp_path / "embcourse" / "negative_sampling" / "fast" / "lanes.py"
    edit(
        lanes,
        "builder.select(args[0], args[1], args[2])",
        "builder.select(args[0], args[2], args[1])",
    )
    after = run(tmp_path, DRAWS)
    assert after[1:] == [0, 1]
    assert after[0] != before[0]


def test_where_the_package_can_not_be_written_the_users_folder_is_taken_and_else_nothing_is_kept(
    tiny: Path,
) -> None:
    (tiny / "tiny" / "__pycache__").write_text("no folder can be made here")
    mine = tiny / "mine"
    _, hits, misses, path = run(tiny, RUN_TINY, EMBCOURSE_DATA=str(mine))
    assert (hits, misses) == (0, 1)
    assert mine in Path(path).parents
    chosen = tiny / "chosen"
    assert chosen in Path(run(tiny, RUN_TINY, NUMBA_CACHE_DIR=str(chosen))[3]).parents
    (tiny / "file").write_text("no folder can be made here either")
    value, hits, _, path = run(tiny, RUN_TINY, EMBCOURSE_DATA=str(tiny / "file"))
    assert (value, hits, path) == (16, 0, None)


def test_code_of_old_sources_does_not_pile_up(tiny: Path) -> None:
    program = (
        "import json, tiny.callee_alone\n"
        "from embcourse.compiling.cache import cache_folder_of\n"
        "print(json.dumps(str(cache_folder_of('tiny.callee_alone'))))"
    )
    made = []
    for number in range(KEPT + 3):
        (tiny / "tiny" / "callee_alone.py").write_text(f"NUMBER = {number}\n")
        made.append(Path(run(tiny, program)))
        os.utime(made[-1], (number, number))  # used in this order, whatever the clock's steps
    assert len(set(made)) == KEPT + 3
    assert sorted(made[0].parent.glob("tiny.callee_alone-*")) == sorted(made[-KEPT:])


def test_the_sources_of_the_trainers_are_those_that_they_inline() -> None:
    own = {"trainers", "steps", "draws", "lanes", "compiled"}
    import embcourse.negative_sampling.fast  # noqa: F401

    assert set(inlined_sources("embcourse.negative_sampling.fast.trainers")) == {
        *(f"embcourse.negative_sampling.fast.{name}" for name in own),
        "embcourse.training.rows",
        "embcourse.compiling.cache",
        "embcourse.compiling.sources",
    }


@pytest.mark.parametrize(
    ("statement", "more"),
    [
        ("import several.one", {"one"}),
        ("from several.one import X", {"one"}),
        ("from .one import X as Y", {"one"}),
        ("from . import one", {"one"}),
        ("from several import one, two", {"one", "two"}),
        ("from several.inner import handed_on", {"inner.deep"}),
        ("from several.inner import deep", {"inner.deep"}),
        ("from several.inner import own", {"inner", "inner.deep", "one"}),
        ("from several.inner import *", {"inner", "inner.deep", "one"}),
        ("if True:\n    from several.one import X", {"one"}),
        (
            "try:\n    import several.one\nexcept ImportError:\n    import several.two",
            {"one", "two"},
        ),
        ("from several.chain import end", {"chain", "one"}),
        ("def inside():\n    from several.one import X", set()),
        ("import json, numpy", set()),
    ],
)
def test_every_way_to_import_is_followed(
    statement: str, more: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "__init__": "",
        "one": "X = 1",
        "two": "import several.module",  # a circle
        "chain": "from several.inner import X as end",
        "inner/__init__": "from several.inner.deep import handed_on\nfrom ..one import X\nown = 1",
        "inner/deep": "handed_on = 1",
        "module": statement,
    }
    for name, source in files.items():
        path = tmp_path / "several" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "several", raising=False)
    import several  # noqa: F401

    found = {name.removeprefix("several.") for name in inlined_sources("several.module")}
    monkeypatch.delitem(sys.modules, "several")
    assert found == more | {"module"}
