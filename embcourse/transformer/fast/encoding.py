"""Encoding many texts of different lengths without computing on what only fills up."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from embcourse.arguments import require_whole
from embcourse.transformer.fast.layers import lengths_to_mask
from embcourse.transformer.fast.network import Transformer


@torch.inference_mode()
def encode_in_buckets(
    network: Transformer, texts: Sequence[Sequence[int]], bucket: int = 8
) -> list[Tensor]:
    """The encoder's output for each text, computed for texts of like length together.

    texts  : ids of each, at least one.
    bucket : texts at once; the longest of a bucket sets its width.
    returns: (length, d_model) for each text, in the order given.
    raises : ValueError for a text without an id.

    >>> from embcourse.transformer.fast import Shape
    >>> network = Transformer(Shape(tokens=9, d_model=8, heads=2, layers=1))
    >>> [tuple(states.shape) for states in encode_in_buckets(network, [[4], [5, 6, 7]])]
    [(1, 8), (3, 8)]
    """
    bucket = require_whole("encode_in_buckets", "bucket", bucket, least=1)
    lengths = [len(text) for text in texts]
    if 0 in lengths:
        raise ValueError(f"encode_in_buckets: text {lengths.index(0)} must have an id")
    network.eval()
    order = sorted(range(len(texts)), key=lambda i: lengths[i])
    found: dict[int, Tensor] = {}
    for first in range(0, len(order), bucket):
        places = order[first : first + bucket]
        longest = lengths[places[-1]]
        ids = torch.zeros(len(places), longest, dtype=torch.long)
        for row, i in enumerate(places):
            ids[row, : lengths[i]] = torch.tensor(texts[i])
        own = torch.tensor([lengths[i] for i in places])
        mask = None if int(own.min()) == longest else lengths_to_mask(own, longest)
        states = network.encode(ids, mask)
        found |= {i: states[row, : lengths[i]] for row, i in enumerate(places)}
    return [found[i] for i in range(len(texts))]
