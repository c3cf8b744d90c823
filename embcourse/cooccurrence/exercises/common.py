"""What several exercises of the cooccurrence chapter share."""

from __future__ import annotations

import numpy as np


def random_text(rng: np.random.Generator, lengths: tuple[int, ...], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Word ids and document borders; low ids are frequent, as in text."""
    chances = 1 / np.arange(1, size + 1)
    ids = rng.choice(size, sum(lengths), p=chances / chances.sum())
    return ids, np.cumsum([0, *lengths])


def random_counts(rng: np.random.Generator, words: int, contexts: int) -> np.ndarray:
    """Counts like those of text, some of them 0, every row and every column used, no row like another."""
    counts = rng.poisson(rng.uniform(0.2, 3.0, (words, 1)) * rng.uniform(0.2, 2.0, contexts))
    counts[np.arange(words), rng.integers(0, contexts, words)] += rng.integers(1, 4, words)
    counts[rng.integers(0, words, contexts), np.arange(contexts)] += rng.integers(1, 4, contexts)
    return counts


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)
