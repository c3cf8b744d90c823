"""The transformer chapter's: what each ingredient buys, on one small translator.

Every training is one cell: a variant that changes one thing, a seed. A finished cell is written at
once, so an interrupted run continues where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.cells import in_processes, run_cells

SEEDS = 3
STEPS = 600
BASE: dict[str, Any] = {
    "shape": {"d_model": 128, "heads": 4, "layers": 2, "hidden": 512, "longest": 160},
    "training": {"batch": 2000, "warmup": 200, "bfloat16": True},
}
SETTINGS: dict[str, Any] = BASE | {"steps": STEPS, "pieces": 2000}
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "post-norm": {"norm_first": False},
    "post-norm, no warm-up": {"norm_first": False, "warmup": 1},
    "no warm-up": {"warmup": 1},
    "RMSNorm": {"norm": "rms"},
    "no norm": {"norm": "none"},
    "no residuals": {"residual": False},
    "one head": {"heads": 1},
    "no positions": {"positions": "none"},
    "learned positions": {"positions": "learned"},
    "GELU": {"activation": "gelu"},
    "SwiGLU": {"activation": "swiglu", "hidden": 341},
    "narrow feed-forward": {"hidden": 128},
    "no label smoothing": {"smoothing": 0.0},
    "no dropout": {"dropout": 0.0},
    "untied": {"tied": False},
}
"""What each changes of `BASE`; a name is that of the shape or of the training. SwiGLU has three
matrices, so its hidden width is two thirds."""


def cells(seeds: int = SEEDS) -> Iterator[dict[str, Any]]:
    """Everything to train, seed by seed."""
    for seed in range(seeds):
        for variant in VARIANTS:
            yield {"variant": variant, "seed": seed}


def measure(cell: dict[str, Any], settings: dict[str, Any] = SETTINGS) -> dict[str, Any]:
    """Train one cell; returns it with its parameters and the loss on the validation books, in nats
    a piece, or None where the training broke off as its loss was no number."""
    import torch

    from embcourse.transformer.model import Shape, Training, TrainingSettings

    torch.set_num_threads(1)
    tokens, train, validation = _pairs(settings["pieces"], settings["shape"]["longest"])
    changes = VARIANTS[cell["variant"]]
    of_training = {"warmup", "smoothing"}
    shape = settings["shape"] | {k: v for k, v in changes.items() if k not in of_training}
    training_settings = settings["training"] | {
        k: v for k, v in changes.items() if k in of_training
    }
    training = Training(
        Shape(tokens=tokens, **shape), TrainingSettings(seed=cell["seed"], **training_settings)
    )
    loss: float | None = None
    try:
        while training.steps < settings["steps"]:
            left = settings["steps"] - training.steps
            for batch in training.batches(train)[:left]:
                training.step(batch)
            training.epoch += 1
        loss = round(training.evaluate(validation), 4)
    except FloatingPointError:
        pass
    parameters = sum(parameter.numel() for parameter in training.network.parameters())
    return cell | {"parameters": parameters, "loss": loss}


def run(
    wanted: list[dict[str, Any]], folder: Path = results.FOLDER, workers: int | None = None
) -> Path:
    """Train the cells that the newest file of this machine lacks; returns the file's path."""
    return run_cells(
        "ablation", wanted, in_processes(measure, workers), _identity, SETTINGS, folder=folder
    )


def _identity(cell: dict[str, Any]) -> str:
    return f"{cell['variant']}, seed {cell['seed']}"


@cache
def _pairs(size: int, longest: int) -> tuple[int, list[Any], list[Any]]:
    """The number of pieces, and pairs to train on and to judge by, those too long left out."""
    from embcourse.transformer.model import Pieces, verse_splits

    splits = verse_splits()
    pieces = Pieces.learn([*splits.train.sources, *splits.train.targets], size)
    found = []
    for verses in (splits.train, splits.validation):
        both = zip(verses.sources, verses.targets, strict=True)
        pairs = [(pieces.encode(source), pieces.encode(target)) for source, target in both]
        found.append([pair for pair in pairs if max(map(len, pair)) < longest])
    return len(pieces), found[0], found[1]
