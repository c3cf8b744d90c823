"""What several exercises of the negative_sampling chapter share."""

from __future__ import annotations

import numpy as np


def tables(rng: np.random.Generator, size: int = 6, dim: int = 3, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, all entries different."""
    return scale * rng.standard_normal((size, dim)), scale * rng.standard_normal((size, dim))


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))
