"""Training on a cluster against training on one machine: the quality that averaging costs, by
shards and epochs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.corpora import tokens_of, wikipedia_documents
from benchmarks.intervals import mean_interval
from benchmarks.quality import score
from embcourse import distributed
from embcourse.negative_sampling import train

WORKERS = 4


def run(seeds: int = 3, epochs: int = 20, folder: Path = results.FOLDER) -> Path:
    """Train on one machine and on a local cluster of four worker processes, and write what came
    out.

    The workers share this machine's cores, so the seconds say what the machinery costs, not what
    four machines gain.
    """
    from dask.distributed import Client, LocalCluster

    documents = wikipedia_documents()
    rows: list[dict[str, Any]] = []
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
        shards = distributed.write_shards(documents, scratch, WORKERS)
        ways = {
            "one machine": lambda seed: train(documents, epochs=epochs, seed=seed, threads=1),
            **{
                f"{WORKERS} workers, {averages} averages an epoch": (
                    lambda seed, averages=averages: distributed.train(
                        shards, client, epochs=epochs, averages=averages, seed=seed
                    )
                )
                for averages in (1, 4, 16)
            },
        }
        for way, make in ways.items():
            scores, seconds = [], []
            for seed in range(seeds):
                start = time.perf_counter()
                vectors = make(seed)
                seconds.append(time.perf_counter() - start)
                scores.append(score(vectors))
            row = {"way": way, "seconds": mean_interval(seconds)}
            row |= {
                name: mean_interval([one[name] for one in scores])
                for name in scores[0]
                if name != "used"
            }
            rows.append(row)
            print(row, flush=True)
    settings = {
        "workers": WORKERS,
        "epochs": epochs,
        "seeds": seeds,
        "tokens": tokens_of(documents),
    }
    return results.write(
        "cluster", results.describe_machine() | {"settings": settings, "rows": rows}, folder
    )
