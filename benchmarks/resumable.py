"""Long measurements in cells: a finished cell is written at once, so an interrupted run continues
where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import results
from embcourse.data.results import Kind

Cell = dict[str, Any]


def run(
    kind: Kind,
    wanted: Iterable[Cell],
    measured: Callable[[list[Cell]], Iterator[Cell]],
    *,
    name: Callable[[Cell], str],
    common: dict[str, Any],
    summarise: Callable[[list[Cell]], Any] | None = None,
    folder: Path = results.FOLDER,
) -> Path:
    """Measure the cells that the newest file of this machine and these versions lacks; returns the
    file's path.

    wanted   : the cells, the most important first.
    measured : takes cells, and yields each, with what was measured, as soon as it is finished.
    name     : tells a cell from all others, before and after it is measured.
    common   : entries of the file that hold for all cells; a file with others is left alone.
    summarise: makes the file's summary of everything that is finished.
    """
    result = _begun(kind, common, folder)
    done = {name(finished) for finished in result["runs"]}
    left = [cell for cell in wanted if name(cell) not in done]

    def write() -> Path:
        if summarise is not None:
            result["summary"] = summarise(result["runs"])
        return results.write(kind, result, folder)

    path = write()
    for count, finished in enumerate(measured(left), start=1):
        result["runs"] = sorted([*result["runs"], finished], key=name)
        write()
        print(f"{count} of {len(left)}: {name(finished)}", flush=True)
    return path


def in_processes(
    measure: Callable[[Cell], Cell], workers: int | None = None
) -> Callable[[list[Cell]], Iterator[Cell]]:
    """Measure cells side by side: `measured` of `run`.

    measure: measures one cell; a function of a module, so that another process finds it.
    workers: processes; None for one a core.
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


def _begun(kind: Kind, common: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The newest file of the same machine with the same versions and entries, or a new result."""
    fresh = {"kind": kind} | results.describe_machine() | common
    same = ("machine", "processor", "versions", *common)
    for path in sorted(
        folder.glob(f"{fresh['machine']}-*{results.SUFFIX[kind]}.json"), reverse=True
    ):
        held = json.loads(path.read_text(encoding="utf-8"))
        if all(held.get(name) == fresh[name] for name in same):
            return held
    return fresh | {"runs": []}
