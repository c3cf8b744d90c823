"""Word vectors: neighbours, analogies, evaluation, and the files that other programs read."""

from embcourse.vectors.analogies import Accuracy
from embcourse.vectors.embeddings import Embeddings
from embcourse.vectors.neighbours import Neighbour
from embcourse.vectors.similarity import Correlation

__all__ = ["Accuracy", "Correlation", "Embeddings", "Neighbour"]
