"""Words from the words around them: skip-gram and CBOW with the full softmax."""

from embcourse.word2vec.model import Training, TrainingSettings, train
from embcourse.word2vec.reference import (
    cbow_gradients,
    cbow_hidden,
    cbow_loss,
    draw_radii,
    log_softmax,
    sampled_pairs,
    sgd_step,
    skipgram_gradients,
    skipgram_loss,
    train_skipgram,
)

__all__ = [
    "Training",
    "TrainingSettings",
    "cbow_gradients",
    "cbow_hidden",
    "cbow_loss",
    "draw_radii",
    "log_softmax",
    "sampled_pairs",
    "sgd_step",
    "skipgram_gradients",
    "skipgram_loss",
    "train",
    "train_skipgram",
]
