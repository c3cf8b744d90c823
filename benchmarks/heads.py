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

VERSES, RIVALS, SEED = 60, 5, 0


def run(folder: Path = results.FOLDER, verses: int = VERSES) -> Path:
    """Cut out every head alone, then more and more of them; returns the file's path.

    Heads are cut in the order of how little the vectors of other verses move without them.
    """
    import torch

    from embcourse.data import aligned_verses
    from embcourse.self_attention.model import HEADS, LAYERS, minilm_embeddings
    from embcourse.tfidf import Bm25Index

    torch.set_num_threads(results.cores())
    kjv, bbe = aligned_verses("kjv", "bbe").texts
    rows = np.random.default_rng(SEED).choice(len(kjv), 2 * verses, replace=False)
    asking, others = rows[:verses], [bbe[i] for i in rows[verses:]]
    rivals, _ = Bm25Index().fit(list(kjv)).search([bbe[i] for i in asking], RIVALS)
    pool = np.union1d(asking, rivals)
    right = np.searchsorted(pool, asking)

    def reciprocal(cut: Sequence[tuple[int, int]]) -> dict[str, float | int | None]:
        stored = minilm_embeddings([kjv[i] for i in pool], cut)
        scores = minilm_embeddings([bbe[i] for i in asking], cut) @ stored.T
        own = scores[np.arange(verses), right]
        ranks = (scores > own[:, None]).sum(axis=1) + 1
        return mean_interval(list(1 / ranks))

    begin = time.perf_counter()
    heads = [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
    whole, still = reciprocal(()), minilm_embeddings(others)
    alone: list[dict[str, Any]] = []
    for head in heads:
        moved = 1 - float((minilm_embeddings(others, [head]) * still).sum(axis=1).mean())
        alone.append(
            {
                "layer": head[0],
                "head": head[1],
                "moved": round(moved, 5),
                "reciprocal": reciprocal([head]),
            }
        )
        print(f"{len(alone)} of {len(heads)}, {time.perf_counter() - begin:.0f} s", flush=True)
    order = [heads[i] for i in np.argsort([run["moved"] for run in alone])]
    more = [
        {"cut": count, "reciprocal": reciprocal(order[:count])}
        for count in (6, 12, 24, 36, 48, 60, 72)
    ]
    layers = [
        {"layer": layer, "reciprocal": reciprocal([(layer, head) for head in range(HEADS)])}
        for layer in range(LAYERS)
    ]
    result: dict[str, Any] = {
        "kind": "heads",
        **results.describe_machine(),
        "settings": {"verses": verses, "pool": len(pool), "rivals": RIVALS, "seed": SEED},
        "whole": whole,
        "alone": alone,
        "more": more,
        "layers": layers,
    }
    return results.write("heads", result, folder)
