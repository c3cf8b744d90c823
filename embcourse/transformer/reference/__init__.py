"""A Transformer's definition in NumPy: `normalise`, `feed_forward` and `dropout` first, then the
`layers` made of them, what training adds (`smoothing`, `schedule`), and `decoding`."""

from embcourse.transformer.reference.decoding import (
    beam_search,
    greedy_search,
    length_penalty,
    log_softmax,
    sample,
    sampling_probabilities,
)
from embcourse.transformer.reference.dropout import dropout
from embcourse.transformer.reference.feed_forward import (
    FeedForwardWeights,
    feed_forward,
    feed_forward_gradients,
    gelu,
    relu,
    silu,
)
from embcourse.transformer.reference.layers import (
    DecoderLayerWeights,
    EncoderLayerWeights,
    NormWeights,
    decoder_layer,
    decoder_layer_gradients,
    encoder_layer,
    encoder_layer_gradients,
    init_decoder_layer,
    init_encoder_layer,
)
from embcourse.transformer.reference.normalise import (
    layer_norm,
    layer_norm_gradients,
    rms_norm,
    rms_norm_gradients,
)
from embcourse.transformer.reference.schedule import warmup_rate
from embcourse.transformer.reference.smoothing import smoothed_loss, smoothed_targets

__all__ = [
    "DecoderLayerWeights",
    "EncoderLayerWeights",
    "FeedForwardWeights",
    "NormWeights",
    "beam_search",
    "decoder_layer",
    "decoder_layer_gradients",
    "dropout",
    "encoder_layer",
    "encoder_layer_gradients",
    "feed_forward",
    "feed_forward_gradients",
    "gelu",
    "greedy_search",
    "init_decoder_layer",
    "init_encoder_layer",
    "layer_norm",
    "layer_norm_gradients",
    "length_penalty",
    "log_softmax",
    "relu",
    "rms_norm",
    "rms_norm_gradients",
    "sample",
    "sampling_probabilities",
    "silu",
    "smoothed_loss",
    "smoothed_targets",
    "warmup_rate",
]
