"""The positions chapter's: what each kind of position loses beyond the length it was trained on.

Every training is one cell: a kind, a seed. A finished cell is written at once, so an interrupted
run continues where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.cells import in_processes, run_cells

SEEDS = 3
KINDS = ("none", "sinusoidal", "learned", "shaw", "t5", "rope", "alibi")
SETTINGS: dict[str, Any] = {
    "steps": 800,
    "trained": 128,
    "ranges": [64, 128, 192, 256, 512, 1024],
    "batch": 32,
    "windows": 48,
    "learning_rate": 2e-3,
    "d_model": 128,
    "heads": 4,
    "layers": 2,
}


def cells(seeds: int = SEEDS) -> Iterator[dict[str, Any]]:
    """Everything to train, seed by seed."""
    for seed in range(seeds):
        for kind in KINDS:
            yield {"kind": kind, "seed": seed}


def measure(cell: dict[str, Any], settings: dict[str, Any] = SETTINGS) -> dict[str, Any]:
    """Train one cell; returns it with the loss in each stretch of long windows."""
    import torch

    from embcourse.positions.model import trial

    torch.set_num_threads(1)
    return {
        name: [round(loss, 4) for loss in value] if isinstance(value, list) else value
        for name, value in trial(**cell, **settings).items()
    }


def run(
    wanted: list[dict[str, Any]], folder: Path = results.FOLDER, workers: int | None = None
) -> Path:
    """Train the cells that the newest file of this machine lacks; returns the file's path."""
    return run_cells(
        "positions", wanted, in_processes(measure, workers), _identity, SETTINGS, folder=folder
    )


def _identity(cell: dict[str, Any]) -> str:
    return f"{cell['kind']}, seed {cell['seed']}"
