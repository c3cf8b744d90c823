"""A Transformer that learns to translate verses.

verses    : what it learns from, and the pieces that words are cut into
training  : batches, optimiser, checkpoints
translator: a trained network with its pieces
"""

from embcourse.transformer.fast.network import Shape
from embcourse.transformer.model.training import Training, TrainingSettings
from embcourse.transformer.model.translator import Translator, averaged
from embcourse.transformer.model.verses import Pieces, Splits, Verses, verse_splits

__all__ = [
    "Pieces",
    "Shape",
    "Splits",
    "Training",
    "TrainingSettings",
    "Translator",
    "Verses",
    "averaged",
    "verse_splits",
]
