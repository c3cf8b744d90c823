"""Negative sampling and hierarchical softmax: losses, gradients and single training steps, in NumPy
and float64.

Two tables: row v_w of `inputs` is a word as an input, row u_w of `outputs` a word as something to
predict. The steps are those of the released word2vec program, but with exact sigmoids in float64.
The program has float32 and a table of 1,000 sigmoids for logits from -6 to 6. Beyond, it takes the
sigmoid of negative sampling as 0 or 1, and skips a node of hierarchical softmax; gensim skips both.

Each step returns new tables and leaves the old ones as they were. Read the files in this order:

logistic: the sigmoid and its logarithm
steps   : one step of training with negatives
noise   : where negatives come from
losses  : the same as a loss over many pairs, with its gradients
tree    : hierarchical softmax
training: the learning rate, and a pass over a text
checks  : what the arguments must be
"""

from embcourse.negative_sampling.reference.logistic import log_sigmoid, sigmoid
from embcourse.negative_sampling.reference.losses import (
    expected_loss,
    nce_loss,
    negative_sampling_gradients,
    negative_sampling_loss,
    pair_logits,
)
from embcourse.negative_sampling.reference.noise import (
    alias_draw,
    alias_table,
    noise_distribution,
    unigram_table,
)
from embcourse.negative_sampling.reference.steps import ask, cbow_step, pair_step, window_step
from embcourse.negative_sampling.reference.training import learning_rate, train_with_draws
from embcourse.negative_sampling.reference.tree import (
    cbow_hierarchical_step,
    hierarchical_gradients,
    hierarchical_loss,
    hierarchical_probabilities,
    hierarchical_step,
    huffman,
    signs,
    turn,
)

__all__ = [
    "alias_draw",
    "alias_table",
    "ask",
    "cbow_hierarchical_step",
    "cbow_step",
    "expected_loss",
    "hierarchical_gradients",
    "hierarchical_loss",
    "hierarchical_probabilities",
    "hierarchical_step",
    "huffman",
    "learning_rate",
    "log_sigmoid",
    "nce_loss",
    "negative_sampling_gradients",
    "negative_sampling_loss",
    "noise_distribution",
    "pair_logits",
    "pair_step",
    "sigmoid",
    "signs",
    "train_with_draws",
    "turn",
    "unigram_table",
    "window_step",
]
