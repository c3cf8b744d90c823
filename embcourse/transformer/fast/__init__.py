"""A Transformer in torch: `layers` first, then the `network` made of them, then `decoding`."""

from embcourse.transformer.fast.decoding import Found, beam_search, greedy
from embcourse.transformer.fast.layers import DecoderLayer, EncoderLayer, FeedForward, norm_of
from embcourse.transformer.fast.network import Cache, Decoder, Encoder, Shape, Transformer

__all__ = [
    "Cache",
    "Decoder",
    "DecoderLayer",
    "Encoder",
    "EncoderLayer",
    "FeedForward",
    "Found",
    "Shape",
    "Transformer",
    "beam_search",
    "greedy",
    "norm_of",
]
