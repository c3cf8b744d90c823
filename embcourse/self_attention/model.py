"""The attention of a trained BERT: what its heads do, and what is left without one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from embcourse.arguments import require_text, require_tokens, require_whole
from embcourse.data import minilm
from embcourse.self_attention.reference import MultiHeadWeights

LAYERS, HEADS = 6, 12
"""Of all-MiniLM-L6-v2."""


class AttentionRecord(NamedTuple):
    """What the attention of MiniLM did with one text.

    tokens : n word pieces, "[CLS]" first and "[SEP]" last.
    weights: (layers, heads, n, n) float32; rows are queries and sum to one.
    hidden : (layers, n, d_model) float32, what goes into each layer.
    outputs: (layers, n, d_model) float32, what its attention gives, before the residual connection
             and the LayerNorm.
    """

    tokens: tuple[str, ...]
    weights: NDArray[np.float32]
    hidden: NDArray[np.float32]
    outputs: NDArray[np.float32]


def minilm_attention(text: str) -> AttentionRecord:
    """Runs all-MiniLM-L6-v2 on a text through transformers, and keeps what its attention did.

    text   : at most 510 word pieces.
    returns: `AttentionRecord` with 6 layers of 12 heads.
    raises : TypeError for what is no string, ValueError for a longer text.

    >>> record = minilm_attention("The cat sat.")
    >>> record.tokens, record.weights.shape
    (('[CLS]', 'the', 'cat', 'sat', '.', '[SEP]'), (6, 12, 6, 6))
    """
    tokenizer, model = _bert()
    ids = tokenizer(require_text("minilm_attention", "text", text), verbose=False)["input_ids"]
    longest = model.config.max_position_embeddings
    if len(ids) > longest:
        raise ValueError(
            f"minilm_attention: text must be at most {longest} word pieces with its two marks, got"
            f" {len(ids)}"
        )
    outputs: list[torch.Tensor] = []
    hooks = [
        layer.attention.output.dense.register_forward_hook(
            lambda module, given, found: outputs.append(found[0])
        )
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
    """The parameters of one attention layer of all-MiniLM-L6-v2, for `multi_head_attention` with 12
    heads.

    The file stores (outputs, inputs), as torch does; they are turned round here.

    layer  : 0 to 5.
    returns: float64.
    raises : ValueError for a layer that does not exist.

    >>> minilm_weights(0).w_query.shape
    (384, 384)
    """
    layer = require_whole("minilm_weights", "layer", layer, least=0, most=LAYERS - 1)
    arrays, place = minilm().weights, f"encoder.layer.{layer}.attention"
    parts = [
        f"{place}.self.query",
        f"{place}.self.key",
        f"{place}.self.value",
        f"{place}.output.dense",
    ]
    return MultiHeadWeights(
        *(arrays[f"{part}.weight"].T.astype(np.float64) for part in parts),
        *(arrays[f"{part}.bias"].astype(np.float64) for part in parts),
    )


VERBS = frozenset(
    "built broke brought called carried cast chose covered cried destroyed divided drew drank ate"
    " filled found gathered gave hated held kept killed knew laid led left lifted lost loved"
    " made offered opened pitched planted possessed praised prepared pursued reared received"
    " rejoiced rent saw sent served set shewed slew smote sold sought spread stole stretched"
    " struck taught took tore turned wrote".split()
)
"""Verbs in the past that take an object, in the King James Version."""
DETERMINERS = frozenset("the a an his her their my thy our your its".split())
ADJECTIVES = frozenset(
    "great good evil holy new old young strong wise fat little small high black white red fair"
    " precious false golden brasen molten whole goodly mighty burnt unclean clean wicked righteous"
    " first second third two three seven ten twelve fenced own".split()
)
AFTER_A_NOUN = frozenset(
    "of in on to from for with unto upon into and that which before by out at after over as but"
    " through against when because among according".split()
)


class VerbObject(NamedTuple):
    """A verb and the noun that it acts on.

    text       : the verse, lower-cased.
    verb, noun : places of the two among the words of the verse.
    """

    text: str
    verb: int
    noun: int


def verb_objects(verses: Iterable[str]) -> list[VerbObject]:
    """Verbs whose object can be told from the words around it.

    The pattern is: a verb of `VERBS`, a determiner, any adjectives of `ADJECTIVES`, a noun; then
    a mark, the end, or a word that can't go on a noun phrase. It misses most objects and makes few
    mistakes, as a measurement needs.

    verses : texts.
    returns: one entry for each verb found, in the order of the verses.

    >>> verb_objects(["And God made the two great lights: the greater light"])
    [VerbObject(text='and god made the two great lights: the greater light', verb=2, noun=6)]
    """
    found = []
    for verse in require_tokens("verb_objects", "verses", list(verses)):
        text = verse.lower()
        words = re.findall(r"[a-z]+|[^\sa-z]", text)  # as the model's tokeniser
        for i, word in enumerate(words):
            if word not in VERBS or i + 2 >= len(words) or words[i + 1] not in DETERMINERS:
                continue
            j = i + 2
            while j < len(words) and words[j] in ADJECTIVES:
                j += 1
            if j >= len(words) or not words[j].isalpha() or words[j] in DETERMINERS | AFTER_A_NOUN:
                continue
            after = words[j + 1] if j + 1 < len(words) else "."
            if after in AFTER_A_NOUN or not (after.isalpha() or after == "'"):
                found.append(VerbObject(text, i, j))
    return found


def words_of_pieces(tokens: Sequence[str]) -> list[list[int]]:
    """The places of each word's pieces; the marks "[CLS]" and "[SEP]" are no words.

    >>> words_of_pieces(("[CLS]", "be", "##gat", "sons", "[SEP]"))
    [[1, 2], [3]]
    """
    words: list[list[int]] = []
    for place, token in enumerate(require_tokens("words_of_pieces", "tokens", tokens)):
        if token.startswith("##") and words:
            words[-1].append(place)
        elif token not in ("[CLS]", "[SEP]"):
            words.append([place])
    return words


@torch.inference_mode()
def minilm_embeddings(
    texts: Sequence[str], cut: Sequence[tuple[int, int]] = (), batch: int = 32
) -> NDArray[np.float32]:
    """Sentence vectors of all-MiniLM-L6-v2, without some of its heads if asked for.

    A head is cut out by leaving out what it found: its rows of W_O count as 0.

    cut    : (layer, head) of each head that is left out.
    batch  : texts at once.
    returns: (texts, 384) float32 of length 1: the mean over all tokens of the last layer.

    >>> whole, without = (minilm_embeddings(["The cat sat."], cut) for cut in ((), [(0, 3)]))
    >>> 0.5 < float((whole * without).sum()) < 1
    True
    """
    texts = require_tokens("minilm_embeddings", "texts", texts)
    tokenizer, model = _bert()
    kept = torch.ones(LAYERS, HEADS, 1)
    for layer, head in cut:
        layer = require_whole("minilm_embeddings", "layer", layer, least=0, most=LAYERS - 1)
        head = require_whole("minilm_embeddings", "head", head, least=0, most=HEADS - 1)
        kept[layer, head] = 0

    def silence(module: Any, given: tuple[torch.Tensor, ...], own: torch.Tensor) -> Any:
        heads = given[0].unflatten(-1, (HEADS, -1)) * own
        return (heads.flatten(-2),)

    hooks = [
        layer.attention.output.dense.register_forward_pre_hook(partial(silence, own=own))
        for layer, own in zip(model.encoder.layer, kept, strict=True)
    ]
    vectors = np.empty((len(texts), model.config.hidden_size), np.float32)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    try:
        for first in range(0, len(order), batch):
            places = order[first : first + batch]
            given = tokenizer([texts[i] for i in places], padding=True, return_tensors="pt")
            states = model(**given).last_hidden_state
            mask = given["attention_mask"].unsqueeze(-1)
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
            vectors[places] = torch.nn.functional.normalize(mean, dim=-1).numpy()
    finally:
        for hook in hooks:
            hook.remove()
    return vectors


@cache
def _bert() -> tuple[Any, Any]:
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
