"""How good the vectors are: programs beside each other, threads, and one setting at a time. Long,
and resumable.

Every training is one cell: a corpus, a program, its settings, a seed. Cells run one to a core; a
finished cell is written at once, so an interrupted run continues where it was, and a part of the
table is usable.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.cells import in_processes, over_seeds, run_cells
from benchmarks.corpora import CORPORA
from benchmarks.systems import SETTINGS, SYSTEMS, prepare
from embcourse.data import google_analogies, simlex999, wordsim353
from embcourse.vectors import Embeddings

SEEDS = 5
EPOCHS = 20
MEASURES = ("wordsim353", "simlex999", "analogies")
SKIPGRAM = ("gensim skip-gram", "skip-gram per_pair", "skip-gram per_window")
SWEEPS: dict[str, tuple[float, ...]] = {
    "epochs": (1, 2, 5, 10, 20, 40),
    "negative": (1, 2, 5, 10, 20),
    "window": (1, 2, 5, 10, 20),
    "dim": (10, 25, 50, 100, 200, 300),
    "sample": (1.0, 1e-2, 1e-3, 1e-4, 1e-5),
    "noise_power": (0.0, 0.25, 0.5, 0.75, 1.0),
}
THREADS = (1, 2, 4)


def cells(seeds: int = SEEDS, epochs: int = EPOCHS) -> Iterator[dict[str, Any]]:
    """Everything to train, the most important first, seed by seed."""
    for corpus, systems in (("wikipedia", tuple(SYSTEMS)), ("translations", SKIPGRAM)):
        for seed in range(seeds):
            for system in systems:
                yield _cell("systems", corpus, system, seed, {"epochs": epochs})
    for seed in range(seeds):
        for system in SKIPGRAM[1:]:
            for threads in THREADS:
                yield _cell(
                    "threads", "wikipedia", system, seed, {"epochs": epochs, "threads": threads}
                )
        for name, values in SWEEPS.items():
            for value in values:
                yield _cell(
                    name, "wikipedia", "skip-gram per_window", seed, {"epochs": epochs, name: value}
                )


def _cell(
    experiment: str, corpus: str, system: str, seed: int, changed: dict[str, Any]
) -> dict[str, Any]:
    return {
        "experiment": experiment,
        "value": changed.get(experiment),
        "corpus": corpus,
        "system": system,
        "settings": {"threads": 1} | changed,
        "seed": seed,
    }


def measure(cell: dict[str, Any]) -> dict[str, Any]:
    """Train one cell and score its vectors; returns the cell with scores and seconds."""
    begin = time.perf_counter()
    train, vectors = prepare(
        cell["system"], documents(cell["corpus"]), seed=cell["seed"], **cell["settings"]
    )
    train()
    return cell | score(vectors()) | {"seconds": round(time.perf_counter() - begin, 1)}


@cache
def documents(corpus: str) -> list[list[str]]:
    """A corpus, read once in each process."""
    return CORPORA[corpus]()


def score(vectors: Embeddings) -> dict[str, Any]:
    """Spearman's correlation with two lists of judged pairs, and the share of analogies right
    (inputs excluded).

    `used` says how many pairs and questions had all their words in the vocabulary.
    """
    questions = [
        (a.lower(), b.lower(), c.lower(), expected.lower())
        for a, b, c, expected in chain(*google_analogies().values())
    ]
    wordsim, simlex, analogies = (
        vectors.rank_correlation([(a.lower(), b.lower(), score) for a, b, score in wordsim353()]),
        vectors.rank_correlation([(a.lower(), b.lower(), score) for a, b, score in simlex999()]),
        vectors.analogy_accuracy(questions),
    )
    return {
        "wordsim353": round(float(wordsim.spearman), 4),
        "simlex999": round(float(simlex.spearman), 4),
        "analogies": round(float(analogies.accuracy), 4),
        "used": {"wordsim353": wordsim.used, "simlex999": simlex.used, "analogies": analogies.used},
    }


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean, standard error and interval over the seeds, for every experiment, corpus, program and
    value."""
    return over_seeds(runs, ("experiment", "corpus", "system", "value"), MEASURES, kept=("used",))


def run(
    wanted: list[dict[str, Any]], folder: Path = results.FOLDER, workers: int | None = None
) -> Path:
    """Train the cells that the newest file of this machine lacks; returns the file's path."""

    def derived(runs: list[dict[str, Any]]) -> dict[str, Any]:
        return {"epochs": EPOCHS, "summary": summarise(runs)}

    return run_cells(
        "quality",
        wanted,
        in_processes(measure, workers),
        _identity,
        SETTINGS,
        folder=folder,
        derived=derived,
    )


def _identity(cell: dict[str, Any]) -> str:
    return json.dumps(
        [cell[name] for name in ("experiment", "corpus", "system", "settings", "seed")],
        sort_keys=True,
    )
