"""The vectors that a training begins with."""

from __future__ import annotations

import numpy as np

from embcourse.text import Vocabulary
from embcourse.vectors import Embeddings


def require_start(where: str, name: str, value: object) -> Embeddings | np.ndarray:
    """Vectors to begin with: Embeddings, or an array of floats, whatever its shape.

    raises: TypeError for something else.

    >>> require_start("train", "start", [[1, 2]])
    Traceback (most recent call last):
    TypeError: train: start must be Embeddings or floats, got int64
    """
    if isinstance(value, Embeddings):
        return value
    array = np.asarray(value)
    if array.dtype.kind != "f":
        raise TypeError(f"{where}: {name} must be Embeddings or floats, got {array.dtype}")
    return array


def first_vectors(
    where: str, start: Embeddings | np.ndarray | None, vocabulary: Vocabulary, dim: int, seed: int
) -> np.ndarray:
    """Uniform in (-0.5, 0.5) / dim as in the released word2vec, or what the user wants.

    where  : the public name to put in front of an error.
    start  : None; a (words, dim) array of finite floats in the order of the vocabulary; or
             Embeddings, whose words keep their vectors while new words get random ones.
    returns: (words, dim) float32, a fresh array, made without a float64 one.
    raises : TypeError for an array that holds no floats; ValueError for a wrong shape, NaN or
             infinity.

    >>> first_vectors("train", None, Vocabulary(["a", "b"]), 4, seed=0).shape
    (2, 4)
    """
    shape = (len(vocabulary), dim)
    start = None if start is None else require_start(where, "start", start)
    if isinstance(start, np.ndarray):
        if start.shape != shape:
            raise ValueError(
                f"{where}: start must have shape (words, dim) = {shape}, got {start.shape}"
            )
        finite = np.isfinite(start).all(axis=1)
        if not finite.all():
            word = vocabulary.tokens[int(np.argmin(finite))]
            raise ValueError(
                f"{where}: start must be finite, but the vector of {word!r} holds NaN or infinity"
            )
        return np.array(start, dtype=np.float32, order="C")
    vectors = np.random.default_rng(seed).random(shape, dtype=np.float32)
    vectors -= 0.5
    vectors /= dim
    if start is not None:
        if start.dim != dim:
            raise ValueError(
                f"{where}: start must have dim={dim}, got Embeddings of dim={start.dim}"
            )
        for row, token in enumerate(vocabulary.tokens):
            if token in start:
                vectors[row] = start[token]
    return vectors
