"""A long measurement in cells: each is written when it is done, and never measured twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.intervals import mean_interval
from embcourse.data.results import SUFFIX, Kind

Cell = dict[str, Any]


def run_cells(
    kind: Kind,
    wanted: list[Cell],
    measured: Callable[[list[Cell]], Iterator[Cell]],
    identity: Callable[[Cell], str],
    settings: dict[str, Any],
    *,
    folder: Path = results.FOLDER,
    derived: Callable[[list[Cell]], dict[str, Any]] = lambda runs: {},
) -> Path:
    """Measure the cells that the newest file of this machine and these versions lacks.

    measured: yields each cell with what was measured, as soon as it is done; see `in_processes`.
    identity: the name of a cell, the same before and after it was measured; runs are sorted by it.
    settings: what holds for all cells. A file with other settings is not continued.
    derived : what else the file holds, computed from all runs so far.
    returns : the path of the file.
    """
    begin = time.perf_counter()
    result = _resumed(kind, settings, folder)
    done = {identity(finished) for finished in result["runs"]}
    left = [cell for cell in wanted if identity(cell) not in done]
    path = results.write(kind, result | derived(result["runs"]), folder)
    for count, finished in enumerate(measured(left), start=1):
        result["runs"].append(finished)
        result["runs"].sort(key=identity)
        results.write(kind, result | derived(result["runs"]), folder)
        seconds = time.perf_counter() - begin
        print(f"{count} of {len(left)}, {seconds:.0f} s: {identity(finished)}", flush=True)
    return path


def over_seeds(
    runs: list[Cell], by: Sequence[str], measures: Sequence[str], kept: Sequence[str] = ()
) -> list[Cell]:
    """Mean, standard error and interval of every measure, for the runs that differ in the seed.

    by  : the values that tell cells apart, but for the seed.
    kept: what all runs of a cell have in common, and the row keeps.
    """
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for run in runs:
        groups.setdefault(tuple(run[name] for name in by), []).append(run)
    return [
        {name: members[0][name] for name in (*by, *kept)}
        | {name: mean_interval([member[name] for member in members]) for name in measures}
        for members in groups.values()
    ]


def in_processes(
    measure: Callable[[Cell], Cell], workers: int | None = None
) -> Callable[[list[Cell]], Iterator[Cell]]:
    """Measure cells side by side, each in one of several processes.

    measure: returns its cell with what was measured; a function of a module.
    workers: how many processes; None for one a core.
    """

    def measured(cells: list[Cell]) -> Iterator[Cell]:
        with ProcessPoolExecutor(
            workers or results.cores(), mp_context=get_context("spawn")
        ) as pool:
            futures = [pool.submit(measure, cell) for cell in cells]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return measured


def _resumed(kind: Kind, settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The newest file of the same machine with the same versions and settings, or a new result."""
    fresh = {"kind": kind} | results.describe_machine() | {"settings": settings, "runs": []}
    same = ("machine", "processor", "versions", "settings")
    for path in sorted(folder.glob(f"{fresh['machine']}-*{SUFFIX[kind]}.json"), reverse=True):
        held = json.loads(path.read_text(encoding="utf-8"))
        if all(held[name] == fresh[name] for name in same):
            return held
    return fresh
