"""The reverser of the attention chapter: how much of a row comes back rightly, by training,
attention and length.

Every training is one cell: an attention (or none), a number of steps, a seed. A finished cell is
written at once, so an interrupted run continues where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.cells import in_processes, run_cells

SEEDS = 5
LONG_SEEDS = 3
STEPS = (150, 600, 2400, 9600)
ATTENTIONS = (None, "additive", "dot")
SETTINGS: dict[str, Any] = {
    "symbols": 21,
    "width": 64,
    "longest": 20,
    "batch": 64,
    "learning_rate": 5e-3,
    "lengths": [2, 5, 10, 15, 20, 25, 30],
    "rows": 200,
}


def cells(seeds: int = SEEDS, long_seeds: int = LONG_SEEDS) -> Iterator[dict[str, Any]]:
    """Everything to train, the short trainings first; the longest, most of all the work, with fewer
    seeds."""
    for seed in range(seeds):
        for count in STEPS[:-1]:
            for attention in ATTENTIONS:
                yield {"attention": attention, "steps": count, "seed": seed}
    for seed in range(min(seeds, long_seeds)):
        for attention in ATTENTIONS:
            yield {"attention": attention, "steps": STEPS[-1], "seed": seed}


def measure(cell: dict[str, Any], settings: dict[str, Any] = SETTINGS) -> dict[str, Any]:
    """Train one cell; returns it with the share of tokens written rightly at each length, on new
    rows."""
    import torch

    from embcourse.attention.model import trial

    torch.set_num_threads(1)
    measured = trial(**cell, **settings)
    return measured | {
        "right": [round(share, 4) for share in measured["right"]],
        "loss": round(measured["loss"], 4),
    }


def run(
    wanted: list[dict[str, Any]], folder: Path = results.FOLDER, workers: int | None = None
) -> Path:
    """Train the cells that the newest file of this machine lacks; returns the file's path."""
    return run_cells(
        "reverser", wanted, in_processes(measure, workers), _identity, SETTINGS, folder=folder
    )


def _identity(cell: dict[str, Any]) -> str:
    return f"{cell['attention'] or 'none'} {cell['steps']:6d} steps, seed {cell['seed']}"
