"""To and from gensim's KeyedVectors."""

from typing import TYPE_CHECKING

import numpy as np

from embcourse.text import Vocabulary

if TYPE_CHECKING:
    from gensim.models import KeyedVectors


def to_keyed_vectors(vocabulary: Vocabulary, matrix: np.ndarray) -> "KeyedVectors":
    """A new KeyedVectors with copies of the vectors and, where known, the counts."""
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(matrix.shape[1], dtype=matrix.dtype)
    vectors.add_vectors(list(vocabulary.tokens), matrix)
    if vocabulary.counts is not None:
        for token, count in zip(vocabulary.tokens, vocabulary.counts.tolist(), strict=True):
            vectors.set_vecattr(token, "count", count)
    return vectors


def from_keyed_vectors(vectors: "KeyedVectors") -> tuple[Vocabulary, np.ndarray]:
    """Vocabulary and a copy of the matrix: gensim's own may change, or be mapped from a file that
    goes away."""
    from gensim.models import KeyedVectors

    if not isinstance(vectors, KeyedVectors):
        raise TypeError(
            f"Embeddings.from_gensim: vectors must be KeyedVectors, got {type(vectors).__name__};"
            " of a model pass .wv"
        )
    counts = vectors.expandos.get("count")
    matrix = np.array(vectors.vectors, order="C")
    matrix.flags.writeable = False  # ours alone: no second copy
    return Vocabulary(vectors.index_to_key, counts), matrix
