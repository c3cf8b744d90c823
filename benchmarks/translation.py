"""The translation model of the transformer chapter: King James verses into Basic English.

`train` goes on where it was interrupted, in the middle of an epoch, too. It keeps the weights of
each epoch's end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import results
from embcourse.vectors.atomic import atomic_write

WORK = results.FOLDER.parents[1] / "_build" / "translation"
"""Where checkpoints and weights lie, some hundred megabytes; not in git."""
PIECES = 4000
EPOCHS = 20
SHAPE: dict[str, Any] = {"dropout": 0.15}
TRAINING: dict[str, Any] = {"warmup": 1000, "bfloat16": True}
STATE, PIECES_FILE, CURVE, MODEL = "training.pt", "pieces.model", "curve.json", "translator.pt"
AVERAGED = 5
"""How many of the last epochs' weights are averaged, as in the paper."""
ALPHAS = (0.0, 0.6, 1.0, 1.4)
BOOTSTRAP = 1000
PACKAGES = (*results.PACKAGES, "sentencepiece", "sacrebleu")


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


def evaluate(work: Path = WORK, folder: Path = results.FOLDER, threads: int | None = None) -> Path:
    """Judge the mean of the last epochs' weights on the test books; returns the file's path.

    Beside it stand two baselines that need no training: the source itself, since half of the words
    are the same, and the translation of the training verse whose source is nearest by BM25. The
    strength of the length penalty is chosen on the validation books.
    """
    import torch

    from embcourse.transformer.fast import Transformer
    from embcourse.transformer.model import Pieces, Shape, Translator, averaged, verse_splits

    torch.set_num_threads(threads or results.cores())
    splits = verse_splits()
    pieces = Pieces((work / PIECES_FILE).read_bytes())
    curve = json.loads((work / CURVE).read_text())
    shape = Shape(tokens=len(pieces), **SHAPE)

    def translator(epochs: list[int]) -> Translator:
        network = Transformer(shape)
        states = [torch.load(work / weights_file(epoch), weights_only=True) for epoch in epochs]
        network.load_state_dict(averaged(states))
        return Translator(network, pieces)

    last = curve[-1]["epoch"]
    for row in curve:
        found = translator([row["epoch"]]).translate(splits.validation.sources, search="greedy")
        row["chrf"] = round(_chrf(found, splits.validation.targets), 2)
        print(row, flush=True)
    mean = list(range(max(1, last - AVERAGED + 1), last + 1))
    model = translator(mean)
    model.save(work / MODEL)
    tuned = {
        alpha: round(
            _chrf(
                model.translate(splits.validation.sources, alpha=alpha), splits.validation.targets
            ),
            2,
        )
        for alpha in ALPHAS
    }
    alpha = max(tuned, key=lambda value: tuned[value])
    print(f"length penalty: {tuned}", flush=True)
    test = splits.test
    begin = time.perf_counter()
    beam = model.translate(test.sources, alpha=alpha)
    seconds = time.perf_counter() - begin
    systems = {
        "copy": list(test.sources),
        "nearest": _nearest(splits.train.sources, splits.train.targets, test.sources),
        "greedy": model.translate(test.sources, search="greedy"),
        "beam": beam,
    }
    order = _by_chrf(beam, test.targets)
    few = len(order) // 2
    chosen = {
        "good": order[: -len(order) // 8 : -len(order) // 40][:4],
        "middle": order[few - 2 : few + 2],
        "bad": order[:4],
    }
    result: dict[str, Any] = {
        "kind": "translation",
        **results.describe_machine(PACKAGES),
        "settings": {
            "shape": shape.as_dict(),
            "training": TRAINING,
            "averaged": mean,
            "beam": 4,
            "alpha": alpha,
        },
        "parameters": sum(parameter.numel() for parameter in model.network.parameters()),
        "verses": {name: len(part.sources) for name, part in splits._asdict().items()},
        "curve": curve,
        "alphas": [{"alpha": value, "chrf": score} for value, score in tuned.items()],
        "seconds": round(seconds, 1),
        "scores": [
            {"system": name, **_scores(found, test.targets)} for name, found in systems.items()
        ],
        "above_copying": _above(systems["beam"], systems["copy"], test.targets),
        "samples": [
            {
                "kind": kind,
                "place": str(test.references[i]),
                "source": test.sources[i],
                "target": test.targets[i],
                "found": beam[i],
                "chrf": round(_chrf([beam[i]], [test.targets[i]]), 1),
            }
            for kind, places in chosen.items()
            for i in places
        ],
        "alignments": _alignments(model, test.sources, beam),
    }
    return results.write("translation", result, folder)


def _chrf(found: Sequence[str], wanted: Sequence[str]) -> float:
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().corpus_score(list(found), [list(wanted)]).score)


def _by_chrf(found: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The places of the texts, the worst translated first."""
    from sacrebleu.metrics.chrf import CHRF

    each = [
        CHRF().sentence_score(one, [other]).score for one, other in zip(found, wanted, strict=True)
    ]
    return sorted(range(len(each)), key=lambda i: each[i])


def _scores(found: list[str], wanted: Sequence[str]) -> dict[str, Any]:
    """chrF and BLEU of a system, with 95 % bootstrap intervals over verses."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    scores: dict[str, Any] = {}
    for name, metric in (("chrf", CHRF()), ("bleu", BLEU())):
        score = metric.corpus_score(found, [list(wanted)], n_bootstrap=BOOTSTRAP)
        scores[name] = {
            "value": round(float(score.score), 2),
            "low": round(float(score._mean - score._ci), 2),
            "high": round(float(score._mean + score._ci), 2),
        }
        scores[f"{name}_signature"] = str(metric.get_signature())
    return scores


def _above(found: list[str], baseline: list[str], wanted: Sequence[str]) -> dict[str, Any]:
    """How much higher a system scores than a baseline, with a paired bootstrap over verses."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(wanted), (BOOTSTRAP // 5, len(wanted)))
    above: dict[str, Any] = {}
    for name, metric in (("chrf", CHRF()), ("bleu", BLEU())):

        def difference(rows: Iterable[int], metric: Any = metric) -> float:
            rows = list(rows)
            targets = [[wanted[i] for i in rows]]
            one, other = (
                metric.corpus_score([texts[i] for i in rows], targets).score
                for texts in (found, baseline)
            )
            return float(one - other)

        low, high = np.quantile([difference(draw) for draw in draws], [0.025, 0.975])
        above[name] = {
            "value": round(difference(range(len(wanted))), 2),
            "low": round(float(low), 2),
            "high": round(float(high), 2),
        }
    return above


def _nearest(sources: Sequence[str], targets: Sequence[str], asking: Sequence[str]) -> list[str]:
    """For each text the translation of the training text that is nearest to it by BM25."""
    from embcourse.tfidf import Bm25Index

    places, _ = Bm25Index().fit(list(sources)).search(list(asking), 1)
    return [targets[int(place)] for place in places[:, 0]]


def _alignments(model: Any, sources: Sequence[str], found: Sequence[str]) -> list[dict[str, Any]]:
    """The attention of the last layer, its heads averaged, for some short verses."""
    short = [i for i, text in enumerate(sources) if 8 <= len(text.split()) <= 11][::30][:3]
    shown = []
    for i in short:
        source, target, weights = model.align(sources[i], found[i])
        mean = weights.mean(axis=1)  # (layers, target, source)
        shown.append({"source": source, "target": target, "weights": np.round(mean, 3).tolist()})
    return shown
