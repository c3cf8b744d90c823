"""What several exercises of the cooccurrence chapter share."""

from __future__ import annotations

import numpy as np


def random_text(
    rng: np.random.Generator, lengths: tuple[int, ...], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Word ids and document borders; low ids are frequent, as in text."""
    chances = 1 / np.arange(1, size + 1)
    ids = rng.choice(size, sum(lengths), p=chances / chances.sum())
    return ids, np.cumsum([0, *lengths])


def random_counts(rng: np.random.Generator, words: int, contexts: int) -> np.ndarray:
    """Counts like those of text, some of them 0, every row and every column used, no row like
    another."""
    counts = rng.poisson(rng.uniform(0.2, 3.0, (words, 1)) * rng.uniform(0.2, 2.0, contexts))
    counts[np.arange(words), rng.integers(0, contexts, words)] += rng.integers(1, 4, words)
    counts[rng.integers(0, words, contexts), np.arange(contexts)] += rng.integers(1, 4, contexts)
    counts[0, :2] = 7 + rng.integers(1, 9), 0  # a pair that never met, a word that met one often
    counts[1:3, 1] += [1, 2]
    return counts


def billions(rng: np.random.Generator) -> np.ndarray:
    """Counts so large that the product of two has no place in 64 bits; each word has a context that
    it prefers."""
    counts = rng.integers(2 * 10**9, 6 * 10**9, (3, 3))
    return counts * np.where(np.eye(3, dtype=bool)[rng.permutation(3)], 7, 1)


def with_unseen(rng: np.random.Generator, counts: np.ndarray) -> np.ndarray:
    """The counts with a row and a column of zeros put in, anywhere."""
    counts = np.insert(counts, rng.integers(0, len(counts) + 1), 0, axis=0)
    return np.insert(counts, rng.integers(0, counts.shape[1] + 1), 0, axis=1)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def random_vectors(rng: np.random.Generator, words: int, dim: int) -> np.ndarray:
    """Vectors of very different lengths, in all directions."""
    return rng.normal(size=(words, dim)) * rng.uniform(0.2, 5.0, (words, 1))


def stable_order(scores: np.ndarray) -> np.ndarray:
    """Ids, best score first; of equal scores the lower id first."""
    return np.argsort(-scores, kind="stable")


def reversed_order(scores: np.ndarray) -> np.ndarray:
    return np.argsort(scores, kind="stable")[::-1]


def worst_first(scores: np.ndarray) -> np.ndarray:
    return np.argsort(scores, kind="stable")


def nine(scores: np.ndarray) -> np.ndarray:
    """To 9 decimals."""
    return scores.round(9)


def unrounded(scores: np.ndarray) -> np.ndarray:
    return scores


def undefined_units(vectors: np.ndarray) -> np.ndarray:
    """A row of zeros divided by its length: NaN."""
    with np.errstate(invalid="ignore"):
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def tied_vectors(rng: np.random.Generator, words: int) -> np.ndarray:
    """Vectors of three directions, in any order, each of any length: many cosines are equal up to
    rounding."""
    directions = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]])
    which = rng.permutation(np.arange(words) % 3)
    return directions[which] * rng.choice([0.5, 1.0, 2.0, 4.0], (words, 1))


# How far cosines lie below 1: the first in the ninth decimal, the rest behind it, two of them in
# the tenth.
DROPS = np.array([2e-9, 2e-10, 1.7e-10, 5e-12, 1e-12, 5e-13])


def nearly_tied_vectors(rng: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """Vectors whose cosines with `centre` rise with the id, but for the first are equal to 9
    decimals."""
    centre = centre / np.linalg.norm(centre)
    across = rng.normal(size=len(centre))
    across -= across @ centre * centre
    across /= np.linalg.norm(across)
    angles = np.sqrt(2 * DROPS)[:, None]  # the cosine is 1 - angle^2 / 2
    return (np.cos(angles) * centre + np.sin(angles) * across) * rng.uniform(
        0.5, 3.0, (len(DROPS), 1)
    )
