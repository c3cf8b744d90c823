"""The attention of a trained BERT, layer by layer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embcourse.data import minilm
from embcourse.self_attention.reference import MultiHeadWeights

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase


class AttentionRecord(NamedTuple):
    """What one forward pass of MiniLM did.

    tokens : n word pieces, "[CLS]" first and "[SEP]" last.
    weights: (layers, heads, n, n) float32; rows are queries and sum to one.
    hidden : (layers, n, d_model) float32, what goes into each layer.
    outputs: (layers, n, d_model) float32, what its attention gives, before the residual and the LayerNorm.
    """

    tokens: tuple[str, ...]
    weights: NDArray[np.float32]
    hidden: NDArray[np.float32]
    outputs: NDArray[np.float32]


def minilm_attention(text: str) -> AttentionRecord:
    """Runs all-MiniLM-L6-v2 on a text through transformers, and keeps what its attention layers did.

    text   : one text of at most 510 word pieces.
    returns: `AttentionRecord` with 6 layers of 12 heads.
    raises : ValueError for a longer text.

    >>> record = minilm_attention("The cat sat.")
    >>> record.tokens, record.weights.shape
    (('[CLS]', 'the', 'cat', 'sat', '.', '[SEP]'), (6, 12, 6, 6))
    """
    import torch

    tokenizer, model = _bert()
    ids = tokenizer(text, verbose=False)["input_ids"]
    longest = model.config.max_position_embeddings
    if len(ids) > longest:
        raise ValueError(f"minilm_attention: text must be at most {longest} word pieces with its two marks, "
                         f"got {len(ids)}")
    outputs: list[torch.Tensor] = []
    hooks = [
        layer.attention.output.dense.register_forward_hook(lambda module, given, found: outputs.append(found[0]))
        for layer in model.encoder.layer
    ]
    try:
        with torch.inference_mode():
            found = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    finally:
        for hook in hooks:
            hook.remove()
    return AttentionRecord(
        tuple(tokenizer.convert_ids_to_tokens(ids)),
        torch.cat(found.attentions).numpy(),
        torch.cat(found.hidden_states[:-1]).numpy(),
        torch.stack(outputs).numpy(),
    )


def minilm_weights(layer: int) -> MultiHeadWeights:
    """The parameters of one attention layer of all-MiniLM-L6-v2, for `multi_head_attention` with 12 heads.

    The file stores (outputs, inputs), as torch does; they are turned round here.

    layer  : 0 ... 5.
    returns: float64.
    raises : KeyError for a layer that does not exist.

    >>> minilm_weights(0).w_query.shape
    (384, 384)
    """
    arrays, place = minilm().weights, f"encoder.layer.{layer}.attention"
    parts = [f"{place}.self.query", f"{place}.self.key", f"{place}.self.value", f"{place}.output.dense"]
    return MultiHeadWeights(
        *(arrays[f"{part}.weight"].T.astype(np.float64) for part in parts),
        *(arrays[f"{part}.bias"].astype(np.float64) for part in parts),
    )


@cache
def _bert() -> tuple[PreTrainedTokenizerBase, BertModel]:
    """The tokeniser and the model. Eager attention: the fused kernels never form the weights."""
    from transformers import AutoTokenizer, BertModel
    from transformers.utils import logging

    folder = minilm().folder
    logging.disable_progress_bar()
    try:
        model = BertModel.from_pretrained(folder, attn_implementation="eager")
    finally:
        logging.enable_progress_bar()
    return AutoTokenizer.from_pretrained(folder), model.eval()
