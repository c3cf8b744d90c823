"""What one pair costs under the full softmax, against the size of the vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import measure

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
PAIRS = 256
DIM = 100


def measure_softmax_cost(
    rounds: int, sizes: tuple[int, ...] = SIZES, pairs: int = PAIRS, dim: int = DIM
) -> list[dict[str, Any]]:
    """Microseconds a pair for loss and both gradients, in batches, on one thread of torch."""
    import torch

    from embcourse.word2vec.fast import softmax_loss

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        measured = measure.in_turn(
            {f"{size}": _cell(torch, softmax_loss, size, pairs, dim) for size in sizes}, rounds
        )
    finally:
        torch.set_num_threads(threads)
    return [
        {
            "words": int(size),
            "dim": dim,
            "batch": pairs,
            "microseconds": [round(x, 3) for x in values],
            "median": round(float(np.median(values)), 3),
        }
        for size, values in measured.items()
    ]


def _cell(torch: Any, softmax_loss: Any, size: int, pairs: int, dim: int) -> Any:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(pairs, dim, generator=generator).requires_grad_()
    outputs = (0.1 * torch.randn(size, dim, generator=generator)).requires_grad_()
    targets = torch.randint(size, (pairs,), generator=generator)

    def step() -> None:
        hidden.grad = outputs.grad = None
        softmax_loss(hidden, outputs, targets).backward()

    step()  # allocated and warmed up before the clock runs
    return lambda: 1e6 * measure.seconds(step) / pairs
