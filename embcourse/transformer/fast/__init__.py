"""A Transformer in torch. Read the files from the parts to the whole:

layers  : normalisation, feed-forward block, encoder and decoder layer
network : stacks of them, embeddings, the cache
encoding: many texts of different lengths, those of like length together
decoding: greedy and beam search for many texts at once, with the cache
"""

from embcourse.transformer.fast.decoding import Found, beam_search, greedy
from embcourse.transformer.fast.encoding import encode_in_buckets
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
    "encode_in_buckets",
    "greedy",
    "norm_of",
]
