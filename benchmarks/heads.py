"""The self-attention chapter's: what is left of MiniLM when heads are cut out, one by one.

Verses of the Bible in Basic English look for the same verse in the King James Version, among those
that BM25 takes for it. Among verses drawn at random even a model without any attention finds it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import results
from benchmarks.intervals import mean_interval

VERSES, RIVALS, SEED = 80, 8, 0


def run(folder: Path = results.FOLDER, verses: int = VERSES) -> Path:
    """Cut out every head alone, then more and more of them; returns the file's path.

    Heads are cut in the order of what each costs alone, measured on one half of the verses; what is
    reported is measured on the other half.
    """
    import torch

    from embcourse.data import aligned_verses
    from embcourse.self_attention.model import HEADS, LAYERS, minilm_embeddings
    from embcourse.tfidf import Bm25Index

    torch.set_num_threads(results.cores())
    kjv, bbe = aligned_verses("kjv", "bbe").texts
    rows = np.random.default_rng(SEED).choice(len(kjv), 2 * verses, replace=False)
    halves = [rows[:verses], rows[verses:]]
    nearest, _ = Bm25Index().fit(list(kjv)).search([bbe[i] for i in rows], RIVALS)
    pools = [
        np.union1d(half, near)
        for half, near in zip(halves, (nearest[:verses], nearest[verses:]), strict=True)
    ]

    def ranks(half: int, cut: Sequence[tuple[int, int]]) -> np.ndarray:
        stored = minilm_embeddings([kjv[i] for i in pools[half]], cut)
        asking = minilm_embeddings([bbe[i] for i in halves[half]], cut)
        scores = asking @ stored.T
        right = np.searchsorted(pools[half], halves[half])
        own = scores[np.arange(verses), right]
        return (scores > own[:, None]).sum(axis=1) + 1

    def reciprocal(half: int, cut: Sequence[tuple[int, int]]) -> dict[str, float | int | None]:
        return mean_interval(list(1 / ranks(half, cut)))

    begin = time.perf_counter()
    heads = [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
    alone: list[dict[str, Any]] = []
    found: dict[tuple[int, int], float] = {}
    for head in heads:
        found[head] = float(np.mean(1 / ranks(0, (head,))))
        alone.append({"layer": head[0], "head": head[1], "reciprocal": reciprocal(1, (head,))})
        print(f"{len(alone)} of {len(heads)}, {time.perf_counter() - begin:.0f} s", flush=True)
    order = sorted(heads, key=lambda head: -found[head])
    more = [
        {"cut": count, "reciprocal": reciprocal(1, order[:count])}
        for count in (4, 8, 16, 24, 32, 40, 48, 56, 64, 72)
    ]
    layers = [
        {"layer": layer, "reciprocal": reciprocal(1, [(layer, head) for head in range(HEADS)])}
        for layer in range(LAYERS)
    ]
    result: dict[str, Any] = {
        "kind": "heads",
        **results.describe_machine(),
        "settings": {"verses": verses, "pool": len(pools[1]), "rivals": RIVALS, "seed": SEED},
        "whole": reciprocal(1, ()),
        "alone": alone,
        "order": [list(head) for head in order],
        "more": more,
        "layers": layers,
    }
    return results.write("heads", result, folder)
