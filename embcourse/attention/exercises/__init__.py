"""The exercises of the attention chapter: from a softmax that survives large scores to a network
that is trained."""

from embcourse.attention.exercises.additive_scores import ADDITIVE_SCORES
from embcourse.attention.exercises.attention import ATTENTION
from embcourse.attention.exercises.attention_gradients import ATTENTION_GRADIENTS
from embcourse.attention.exercises.attention_scores import ATTENTION_SCORES
from embcourse.attention.exercises.causal_mask import CAUSAL_MASK
from embcourse.attention.exercises.masked_softmax import MASKED_SOFTMAX
from embcourse.attention.exercises.softmax import SOFTMAX
from embcourse.attention.exercises.softmax_gradient import SOFTMAX_GRADIENT
from embcourse.attention.exercises.train_reverser import TRAIN_REVERSER

EXERCISES = (
    SOFTMAX,
    MASKED_SOFTMAX,
    ATTENTION_SCORES,
    CAUSAL_MASK,
    ATTENTION,
    SOFTMAX_GRADIENT,
    ATTENTION_GRADIENTS,
    ADDITIVE_SCORES,
    TRAIN_REVERSER,
)
