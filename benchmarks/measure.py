"""Cells of a comparison: measured in turn, round after round, so that a slow minute of the machine
hits all alike."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def seconds(train: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    begin = time.perf_counter()
    train()
    return time.perf_counter() - begin


def in_turn(cells: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Call every cell once a round; returns what each gave, round by round.

    >>> in_turn({"a": lambda: 1.0, "b": lambda: 2.0}, rounds=2)
    {'a': [1.0, 1.0], 'b': [2.0, 2.0]}
    """
    measured: dict[str, list[float]] = {name: [] for name in cells}
    for _ in range(rounds):
        for name, cell in cells.items():
            measured[name].append(cell())
    return measured


def in_subprocess(code: str, environment: Mapping[str, str] | None = None) -> str:
    """Run code in a fresh Python; returns what it printed.

    raises: subprocess.CalledProcessError if it fails, with its messages on stderr.

    >>> in_subprocess("print(6 * 7)")
    '42'
    """
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **(environment or {})},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout.strip()
