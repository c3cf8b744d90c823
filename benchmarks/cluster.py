"""Training on a cluster against training on one machine: the quality that it costs.

Every training is one cell: a corpus, a model, a number of shards, a seed. Who runs the tasks
changes no bit of the result, so they need not travel: with no workers they run here, one after the
other. With workers, which share this machine's cores, the seconds say what the machinery costs,
not what several machines gain.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks import results
from benchmarks.cells import over_seeds, run_cells
from benchmarks.corpora import CORPORA
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


def measured(workers: int, cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Train cells one after the other.

    workers: processes of the cluster; 0 for no cluster, all tasks in this process.
    """
    with tempfile.TemporaryDirectory() as scratch, _client(workers) as client:
        for cell in cells:
            yield measure(cell, client, Path(scratch))


@contextmanager
def _client(workers: int) -> Iterator[Client | Here]:
    """Whoever runs the tasks."""
    if not workers:
        yield Here()
        return
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


class Done:
    """A task that has been run."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def result(self) -> Any:
        """What it returned."""
        return self.value


class Here:
    """Runs tasks where they are submitted: what `distributed.train` needs of a Dask client.

    >>> here = Here()
    >>> here.gather([here.submit(max, here.submit(abs, -3), 2, pure=False)])
    [3]
    """

    def submit(self, function: Callable[..., Any], *arguments: Any, pure: bool = True) -> Done:
        """Call a function with the results of earlier tasks among its arguments."""
        return Done(function(*(one.value if isinstance(one, Done) else one for one in arguments)))

    def gather(self, tasks: list[Done]) -> list[Any]:
        """The results of several tasks."""
        return [task.result() for task in tasks]


def measure(cell: dict[str, Any], client: Client | Here, folder: Path) -> dict[str, Any]:
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
        # Here has of a Client what `train` needs
        vectors = distributed.train(sorted(shards.iterdir()), cast("Client", client), **chosen)
    else:
        vectors = train(texts, threads=1, **chosen)
    return cell | {"seconds": round(time.perf_counter() - begin, 1)} | score(vectors)


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean, standard error and interval over the seeds, for every corpus, model and number of
    shards."""
    rows = over_seeds(runs, VALUES, (*MEASURES, "seconds"))
    return sorted(rows, key=lambda row: [row[name] for name in VALUES])


def run(
    wanted: list[dict[str, Any]], folder: Path = results.FOLDER, workers: int = WORKERS
) -> Path:
    """Train the cells that are not finished; returns the file's path."""
    return run_cells(
        "cluster",
        wanted,
        partial(measured, workers),
        _identity,
        SETTINGS | {"workers": workers},
        folder=folder,
        derived=lambda runs: {"summary": summarise(runs)},
    )


def _identity(cell: dict[str, Any]) -> str:
    return json.dumps([cell[name] for name in (*VALUES, "seed")])
