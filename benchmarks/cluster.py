"""Training on a cluster against training on one machine: the quality that averaging costs.

Every training is one cell: a corpus, a model, a number of shards, a seed. Four worker processes
share this machine's cores, so the seconds say what the machinery costs, not what four machines
gain.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import results
from benchmarks.cells import run_cells
from benchmarks.corpora import CORPORA
from benchmarks.intervals import mean_interval
from benchmarks.quality import MEASURES, SEEDS, documents, score
from benchmarks.systems import SETTINGS
from embcourse import distributed
from embcourse.negative_sampling import train

if TYPE_CHECKING:
    from dask.distributed import Client

WORKERS = 4
MODELS = ("skipgram", "cbow")
SHARDS = (0, 4, 16, 64)  # 0: one machine, one thread
EPOCHS = {"wikipedia": 10, "translations": 3}  # five million tokens, and ten
VALUES = ("corpus", "model", "epochs", "shards")


def cells(seeds: int = SEEDS, epochs: int | None = None) -> Iterator[dict[str, Any]]:
    """Everything to train, seed by seed.

    epochs: of every training; None for those of EPOCHS.
    """
    for seed in range(seeds):
        for corpus in CORPORA:
            for model in MODELS:
                for shards in SHARDS:
                    values = (corpus, model, epochs or EPOCHS[corpus], shards)
                    yield dict(zip(VALUES, values, strict=True)) | {"seed": seed}


def measured(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Train cells one after the other, on one local cluster."""
    from dask.distributed import Client, LocalCluster

    with (
        tempfile.TemporaryDirectory() as scratch,
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        for cell in cells:
            yield measure(cell, client, Path(scratch))


def measure(cell: dict[str, Any], client: Client, folder: Path) -> dict[str, Any]:
    """Train one cell and score its vectors; returns the cell with scores and seconds.

    folder: where shards are written, once for each corpus and number.
    """
    texts = documents(cell["corpus"])
    chosen = SETTINGS | {name: cell[name] for name in ("model", "epochs", "seed")}
    shards = folder / f"{cell['corpus']}-{cell['shards']}"
    if cell["shards"] and not shards.exists():
        distributed.write_shards(texts, shards, cell["shards"])
    begin = time.perf_counter()
    if cell["shards"]:
        vectors = distributed.train(sorted(shards.iterdir()), client, **chosen)
    else:
        vectors = train(texts, threads=1, **chosen)
    return cell | {"seconds": round(time.perf_counter() - begin, 1)} | score(vectors)


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean, standard error and interval over the seeds, for every corpus, model and number of
    shards."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(tuple(run[name] for name in VALUES), []).append(run)
    return [
        dict(zip(VALUES, values, strict=True))
        | {
            name: mean_interval([member[name] for member in groups[values]])
            for name in (*MEASURES, "seconds")
        }
        for values in sorted(groups)
    ]


def run(wanted: list[dict[str, Any]], folder: Path = results.FOLDER) -> Path:
    """Train the cells that are not finished; returns the file's path."""
    return run_cells(
        "cluster",
        wanted,
        measured,
        _identity,
        SETTINGS | {"workers": WORKERS},
        folder=folder,
        derived=lambda runs: {"summary": summarise(runs)},
    )


def _identity(cell: dict[str, Any]) -> str:
    return json.dumps([cell[name] for name in (*VALUES, "seed")])
