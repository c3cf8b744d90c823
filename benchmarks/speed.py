"""Words a second beside gensim, memory, growth, and how long the first update takes: `make
bench`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure, results, steps
from benchmarks.corpora import repeated, tokens_of, wikipedia_documents, zipfian
from benchmarks.intervals import mean_interval, ratio_interval
from benchmarks.quality import score
from benchmarks.softmax_cost import measure_softmax_cost
from benchmarks.systems import PEER, SETTINGS, SYSTEMS, Documents, prepare
from embcourse.negative_sampling import Training
from embcourse.text import Encoded, Vocabulary

EPOCHS = 3  # of a timed training: some seconds for the slowest
THREADS = (1, 2)
GROWTH_TOKENS = (1, 10, 110)  # times the extract of 0.48 M tokens: 0.5 M, 4.8 M, 53 M
GROWTH_WORDS = (10_000, 100_000, 1_000_000)
ZIPF_TOKENS = 4_000_000
GROWTH_ROUNDS = 3  # the longest of these runs take half a minute
MEMORY_WORDS = 1_000_000


def run(rounds: int = 5, folder: Path = results.FOLDER) -> Path:
    """Measure everything and write it after every part; returns the file's path."""
    begin = time.perf_counter()
    result = (
        {"kind": "speed"} | results.describe_machine() | {"settings": SETTINGS, "rounds": rounds}
    )
    documents = wikipedia_documents()
    vocabulary = Vocabulary.build(documents, min_count=SETTINGS["min_count"], unknown="drop")
    encoded = vocabulary.encode_documents(documents)
    parts: dict[str, Callable[[], Any]] = {
        "throughput": lambda: throughput(documents, rounds),
        "steps": lambda: steps.measure_steps(encoded, vocabulary, rounds),
        "first_update": lambda: first_update(rounds),
        "memory": lambda: memory(MEMORY_WORDS, SETTINGS["dim"]),
        "growth_words": lambda: growth_words(GROWTH_WORDS, ZIPF_TOKENS, min(rounds, GROWTH_ROUNDS)),
        "growth_tokens": lambda: growth_tokens(
            encoded, vocabulary, GROWTH_TOKENS, min(rounds, GROWTH_ROUNDS)
        ),
        "softmax_cost": lambda: measure_softmax_cost(rounds),
    }
    for name, part in parts.items():
        print(f"measuring {name}", flush=True)
        result[name] = part()
        result["seconds"] = round(time.perf_counter() - begin, 1)
        path = results.write("speed", result, folder)
    return path


def throughput(documents: Documents, rounds: int, epochs: int = EPOCHS) -> list[dict[str, Any]]:
    """Corpus words (before subsampling) a second of every program, on one thread and two; quality
    of the last run.

    Only the training is timed: counting words and allocating tables come before.
    """
    words = tokens_of(documents) * epochs
    vectors: dict[tuple[str, int], Any] = {}

    def cell(system: str, threads: int) -> float:
        train, vectors[system, threads] = prepare(system, documents, threads=threads, epochs=epochs)
        return words / measure.seconds(train)

    for system in SYSTEMS:  # compiled before the clock runs
        prepare(system, documents[:2], epochs=1, min_count=1)[0]()
    pairs = [(system, threads) for threads in THREADS for system in SYSTEMS]
    measured = measure.in_turn(
        {f"{system}/{threads}": partial(cell, system, threads) for system, threads in pairs},
        rounds,
    )
    rows = []
    for system, threads in pairs:
        own = measured[f"{system}/{threads}"]
        row = {
            "system": system,
            "threads": threads,
            "epochs": epochs,
            "words_per_second": [round(x) for x in own],
            "median": round(float(np.median(own))),
            "quality": score(vectors[system, threads]()),
        }
        if system in PEER:
            row |= {
                "peer": PEER[system],
                "ratio": ratio_interval(own, measured[f"{PEER[system]}/{threads}"]),
            }
        rows.append(row)
    return rows


FIRST_UPDATE = """
import time
begin = time.perf_counter()
from embcourse.negative_sampling import train
imported = time.perf_counter()
train([["a", "b", "c", "d"]] * 9, dim=100, negative=2, sample=0, min_count=1, epochs=1, threads=1)
print(imported - begin, time.perf_counter() - begin)
"""


def first_update(rounds: int) -> dict[str, Any]:
    """Seconds from `import` to the first trained vectors, in new processes: nothing compiled yet,
    and from the cache."""
    cold: list[float] = []
    cached: list[float] = []
    imports: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for kept in (cold, cached):
                imported, whole = map(
                    float, measure.in_subprocess(FIRST_UPDATE, {"NUMBA_CACHE_DIR": folder}).split()
                )
                kept.append(round(whole, 3))
            imports.append(round(imported, 3))
    return {
        name: {"seconds": values, "median": float(np.median(values))}
        for name, values in (("cold", cold), ("cached", cached), ("import", imports))
    }


MEMORY = """
import re, sys
from pathlib import Path
from benchmarks.corpora import zipfian
from embcourse.negative_sampling import train
words, dim = {words}, {dim}
short = [["a", "b", "c", "d"]] * 9
train(short, dim=dim, negative=2, sample=0, min_count=1, epochs=1, threads=1)  # compiled
encoded, vocabulary = zipfian(words, 2 * words, seed=0)
def status(name):
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(name + r":\\s+(\\d+)", status).group(1))
Path("/proc/self/clear_refs").write_text("5")  # peak = now
before = status("VmRSS")
vectors = train(encoded, vocabulary=vocabulary, dim=dim, min_count=1, epochs=1, threads=2)
print(before, status("VmHWM"))
"""


def memory(words: int, dim: int) -> dict[str, Any] | None:
    """Peak memory of `train` beyond corpus, vocabulary and the two tables; None where /proc is
    missing."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    before, peak = map(int, measure.in_subprocess(MEMORY.format(words=words, dim=dim)).split())
    tables = 2 * words * dim * 4
    return {
        "words": words,
        "dim": dim,
        "tables_mb": tables / 1e6,
        "extra_mb": round((peak - before - tables) / 1e6, 1),
    }


def growth_tokens(
    encoded: Encoded, vocabulary: Vocabulary, times: tuple[int, ...], rounds: int, threads: int = 2
) -> list[dict[str, Any]]:
    """Words a second of one epoch over ever longer corpora: the same documents, repeated and
    shuffled."""
    corpora = {f"{len(encoded.ids) * n}": repeated(encoded, n, seed=n) for n in times}
    return _growth(
        "tokens",
        {name: (corpus, _counted(corpus, vocabulary)) for name, corpus in corpora.items()},
        rounds,
        threads,
    )


def growth_words(
    words: tuple[int, ...], tokens: int, rounds: int, threads: int = 2
) -> list[dict[str, Any]]:
    """Words a second with ever larger vocabularies, over equally many tokens that follow Zipf's
    law."""
    return _growth(
        "words", {f"{size}": zipfian(size, tokens, seed=0) for size in words}, rounds, threads
    )


def _growth(
    name: str, corpora: dict[str, tuple[Encoded, Vocabulary]], rounds: int, threads: int
) -> list[dict[str, Any]]:
    def cell(corpus: Encoded, vocabulary: Vocabulary) -> float:
        training = Training(
            corpus,
            vocabulary=vocabulary,
            negatives="per_window",
            epochs=1,
            min_count=1,
            threads=threads,
        )
        return len(corpus.ids) / measure.seconds(training.run)

    measured = measure.in_turn(
        {size: partial(cell, *corpus) for size, corpus in corpora.items()}, rounds
    )
    return [
        {
            name: int(size),
            "threads": threads,
            "words_per_second": [round(x) for x in values],
            "median": round(float(np.median(values))),
            "mean": mean_interval(values),
        }
        for size, values in measured.items()
    ]


def _counted(encoded: Encoded, vocabulary: Vocabulary) -> Vocabulary:
    return Vocabulary(list(vocabulary), counts=np.bincount(encoded.ids, minlength=len(vocabulary)))
