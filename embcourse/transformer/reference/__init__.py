"""A Transformer's definition in NumPy. Read the files from the parts to the whole:

normalise   : LayerNorm and RMSNorm
feed_forward: the block of two linear layers, and the bends in use
dropout     : numbers set to 0 while training
layers      : an encoder layer and a decoder layer, made of these and attention
smoothing   : what a target is while training
schedule    : the learning rate of each step
decoding    : greedy, beam search, sampling
"""

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
