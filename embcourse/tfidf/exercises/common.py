"""What several exercises of the tfidf chapter share."""

from __future__ import annotations

import numpy as np


def random_counts(rng: np.random.Generator, documents: int, terms: int) -> np.ndarray:
    """Counts like those of text: mostly zeros, every document and every term used at least once."""
    counts = rng.poisson(rng.uniform(0.05, 1.5, terms), (documents, terms))
    counts[np.arange(documents), rng.integers(0, terms, documents)] += 1
    counts[rng.integers(0, documents, terms), np.arange(terms)] += rng.integers(1, 3, terms)
    return counts
