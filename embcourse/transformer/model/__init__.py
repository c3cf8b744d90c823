"""The Transformer at work: `verses` to learn from, and their `training`."""

from embcourse.transformer.fast.network import Shape
from embcourse.transformer.model.training import Training, TrainingSettings
from embcourse.transformer.model.verses import Pieces, Splits, Verses, verse_splits

__all__ = [
    "Pieces",
    "Shape",
    "Splits",
    "Training",
    "TrainingSettings",
    "Verses",
    "verse_splits",
]
