"""The exercises of the chapter on the Transformer: from a normalised row to a text."""

from embcourse.transformer.exercises.beam_search import BEAM_SEARCH
from embcourse.transformer.exercises.cached_decoding import CACHED_DECODING
from embcourse.transformer.exercises.decoder_batch import DECODER_BATCH
from embcourse.transformer.exercises.encoder_stack import ENCODER_STACK
from embcourse.transformer.exercises.layer_norm import LAYER_NORM
from embcourse.transformer.exercises.sampling_probabilities import SAMPLING_PROBABILITIES
from embcourse.transformer.exercises.smoothed_loss import SMOOTHED_LOSS
from embcourse.transformer.exercises.warmup_rate import WARMUP_RATE

EXERCISES = (
    LAYER_NORM,
    ENCODER_STACK,
    WARMUP_RATE,
    SMOOTHED_LOSS,
    DECODER_BATCH,
    SAMPLING_PROBABILITIES,
    BEAM_SEARCH,
    CACHED_DECODING,
)
