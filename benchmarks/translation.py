"""The translation model of the transformer chapter: King James verses into Basic English.

`train` goes on where it was interrupted, in the middle of an epoch, too. It keeps the weights of
each epoch's end.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from benchmarks import results
from embcourse.vectors.atomic import atomic_write

WORK = results.FOLDER.parents[1] / "_build" / "translation"
"""Where checkpoints and weights lie, some hundred megabytes; not in git."""
PIECES = 4000
EPOCHS = 20
SHAPE: dict[str, Any] = {"dropout": 0.15}
TRAINING: dict[str, Any] = {"warmup": 1000, "bfloat16": True}
STATE, PIECES_FILE, CURVE = "training.pt", "pieces.model", "curve.json"


def train(epochs: int = EPOCHS, work: Path = WORK, threads: int | None = None) -> None:
    """Train up to so many epochs; after each the weights are kept, and the curve goes on."""
    import torch
    from tqdm import tqdm

    from embcourse.transformer.model import Pieces, Shape, Training, TrainingSettings, verse_splits

    torch.set_num_threads(threads or results.cores())
    splits = verse_splits()
    work.mkdir(parents=True, exist_ok=True)
    if not (work / PIECES_FILE).exists():
        learned = Pieces.learn([*splits.train.sources, *splits.train.targets], PIECES)
        with atomic_write(work / PIECES_FILE) as file:
            file.write(learned.model)
    pieces = Pieces((work / PIECES_FILE).read_bytes())
    pairs, held_out = (
        [
            (pieces.encode(source), pieces.encode(target))
            for source, target in zip(verses.sources, verses.targets, strict=True)
        ]
        for verses in (splits.train, splits.validation)
    )
    shape, settings = Shape(tokens=len(pieces), **SHAPE), TrainingSettings(**TRAINING)
    state = work / STATE
    training = Training.load(state) if state.exists() else Training(shape, settings)
    if (training.network.shape, training.settings) != (shape, settings):
        raise SystemExit(f"{state} was trained with other settings: move it away to begin anew")
    curve = json.loads((work / CURVE).read_text()) if (work / CURVE).exists() else []
    while training.epoch < epochs:
        begin = time.perf_counter()
        left = training.batches(pairs)
        with tqdm(total=len(left), desc=f"epoch {training.epoch + 1} of {epochs}") as bar:

            def watch(loss: float, bar: Any = bar) -> None:
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                bar.update()

            training_loss = training.run_epoch(pairs, checkpoint=state, watch=watch)
        with atomic_write(work / weights_file(training.epoch)) as file:
            torch.save(training.network.state_dict(), file)
        row = {
            "epoch": training.epoch,
            "steps": training.steps,
            "training": round(training_loss, 4),
            "validation": round(training.evaluate(held_out), 4),
            "seconds": round(time.perf_counter() - begin),
        }
        curve = [held for held in curve if held["epoch"] < training.epoch] + [row]
        with atomic_write(work / CURVE) as file:
            file.write(json.dumps(curve, indent=1).encode())
        print(row, flush=True)


def weights_file(epoch: int) -> str:
    """The name of the file of an epoch's weights."""
    return f"epoch-{epoch:03d}.pt"


if __name__ == "__main__":
    train(threads=1)
