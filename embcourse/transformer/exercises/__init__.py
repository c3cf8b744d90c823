"""The exercises of the chapter on the Transformer: from a normalised row to a text."""

from embcourse.transformer.exercises.layer_norm import LAYER_NORM
from embcourse.transformer.exercises.smoothed_loss import SMOOTHED_LOSS
from embcourse.transformer.exercises.warmup_rate import WARMUP_RATE

EXERCISES = (
    LAYER_NORM,
    WARMUP_RATE,
    SMOOTHED_LOSS,
)
