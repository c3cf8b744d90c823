"""A training that can't go on, or had nothing to do, is an error: it never ends in vectors that
mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from embcourse.training.corpus import TrainingCorpus

LARGEST = 1e3
"""A table with a larger number has exploded. A trained number is rarely above 10."""


def largest_allowed(start: np.ndarray) -> float:
    """The largest number that is no explosion of a training that begins with these vectors.

    >>> largest_allowed(np.array([[0.1, -5.0]]))
    5000.0
    """
    return LARGEST * max(1.0, _largest(start))


def _largest(table: np.ndarray) -> float:
    """The largest absolute value, NaN if there is one. No copy of the table is made: it may fill
    half of the memory."""
    return float(np.maximum(table.max(), -table.min()))


class Diverged(FloatingPointError):
    """A table is not finite any more, or its numbers explode."""


def require_stable(
    where: str,
    tables: Sequence[np.ndarray],
    *,
    loss: float | None,
    learning_rate: float,
    limit: float = LARGEST,
    checkpoint: str | Path | None = None,
) -> None:
    """Stops a training whose tables or loss are not finite, or above a limit.

    where        : the public name to put in front of an error.
    tables       : what is trained, arrays of floats.
    loss         : the mean loss of late; None if none was sampled.
    learning_rate: where it stands, for the message.
    limit        : the largest number that is no explosion.
    checkpoint   : where the last good state lies, for the message.
    raises       : Diverged, naming the likely cause and the checkpoint.

    >>> require_stable("train", [np.ones(3)], loss=0.7, learning_rate=0.025)
    >>> require_stable("train", [np.full(3, 1e8)], loss=0.7, learning_rate=0.5)
    Traceback (most recent call last):
    embcourse.training.stability.Diverged: train: the training diverges: ...; try a lower ...
    """
    largest = float(np.max([_largest(table) for table in tables]))  # NaN is the largest of all
    if largest <= limit and (loss is None or loss <= limit):
        return
    kept = Path(checkpoint) if checkpoint is not None and Path(checkpoint).exists() else None
    advice = f"; {kept} holds the last good state" if kept else ""
    told = "" if loss is None else f", the loss is {loss:.3g}"
    raise Diverged(
        f"{where}: the training diverges: a table holds {largest:.3g}{told} at learning rate"
        f" {learning_rate:.3g}; try a lower learning_rate{advice}"
    )


def require_pairs(
    where: str, corpus: TrainingCorpus, *, min_count: int, max_size: int | None
) -> None:
    """Refuses a corpus without two words of the vocabulary in one sentence: nothing has a context
    there.

    raises: ValueError naming what emptied it.

    >>> from embcourse.training import open_corpus
    >>> corpus = open_corpus([["a"], ["b"]], min_count=1)
    >>> require_pairs("train", corpus, min_count=1, max_size=None)
    Traceback (most recent call last):
    ValueError: train: no sentence holds two words of the vocabulary, ... (2 words, ...)
    """
    if np.diff(corpus.offsets).max(initial=0) < 2:
        raise ValueError(
            f"{where}: no sentence holds two words of the vocabulary, so no word has a context "
            f"({len(corpus.vocabulary)} words, min_count={min_count}, max_size={max_size})"
        )


def require_trained(where: str, trained: bool, *, sample: float) -> None:
    """Refuses to return vectors that no pair has changed: subsampling left no two words beside each
    other.

    raises: ValueError naming sample.

    >>> require_trained("train", True, sample=1e-3)
    """
    if not trained:
        raise ValueError(
            f"{where}: no pair was trained: with sample={sample:g} hardly a word is left in any"
            " sentence; take a larger sample, or 0 to keep all"
        )
