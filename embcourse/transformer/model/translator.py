"""A trained Transformer with its pieces: texts in, texts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embcourse.arguments import require_choice, require_text, require_tokens, require_whole
from embcourse.transformer.fast.decoding import Found, beam_search, greedy
from embcourse.transformer.fast.network import Shape, Transformer
from embcourse.transformer.model.training import filled
from embcourse.transformer.model.verses import BEGIN, END, Pieces
from embcourse.vectors.atomic import atomic_write

Search = Literal["beam", "greedy"]
EXTRA = 50
"""Pieces that a translation may be longer than its source, as in the paper."""


class Alignment(NamedTuple):
    """Where a translation looked while it was written.

    source : pieces of the source.
    target : pieces of the translation, and the mark that ends it.
    weights: (layers, heads, target, source) float32, the attention of each piece of the
             translation, before it is written, to the source; rows sum to one.
    """

    source: list[str]
    target: list[str]
    weights: NDArray[np.float32]


class Translator:
    """A network and the pieces that it reads and writes.

    >>> pieces = Pieces.learn(["in the beginning", "in the end"], size=23)
    >>> translator = Translator(Transformer(Shape(tokens=23, d_model=8, heads=2)), pieces)
    >>> len(translator.translate(["the end", "in the beginning"]))
    2
    """

    def __init__(self, network: Transformer, pieces: Pieces) -> None:
        if network.shape.tokens != len(pieces):
            raise ValueError(
                f"Translator: the network has {network.shape.tokens} tokens, but there are"
                f" {len(pieces)} pieces"
            )
        self.network, self.pieces = network.eval(), pieces

    def translate(
        self,
        texts: Sequence[str],
        *,
        search: Search = "beam",
        beam: int = 4,
        alpha: float = 0.6,
        batch: int = 32,
    ) -> list[str]:
        """The translation of each text.

        search     : "beam" or "greedy".
        beam, alpha: of `fast.beam_search`.
        batch      : texts at once, those of like length together. It changes no translation, but
                     where rounding decides between two.
        returns    : one for each text. A translation that has not ended is cut when it has 50
                     pieces more than the longest of the texts.
        raises     : ValueError for a text without a piece, or longer than the network's `longest`.
        """
        require_choice("Translator.translate", "search", search, Search)
        batch = require_whole("Translator.translate", "batch", batch, least=1)
        texts = require_tokens("Translator.translate", "texts", texts)
        ids = [self._encoded("Translator.translate", text) for text in texts]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        found: list[Found] = [Found([], 0.0)] * len(ids)
        longest = min(max(map(len, ids), default=0) + EXTRA, self.network.shape.longest)
        for first in range(0, len(order), batch):
            places = order[first : first + batch]
            source, mask = filled([ids[i] for i in places])
            if search == "greedy":
                texts_found = greedy(
                    self.network, source, mask, begin=BEGIN, end=END, longest=longest
                )
            else:
                texts_found = beam_search(
                    self.network,
                    source,
                    mask,
                    begin=BEGIN,
                    end=END,
                    longest=longest,
                    beam=beam,
                    alpha=alpha,
                )
            for i, text in zip(places, texts_found, strict=True):
                found[i] = text
        return [self.pieces.decode(text.ids) for text in found]

    @torch.inference_mode()
    def align(self, source: str, target: str) -> Alignment:
        """The attention to the source while this target is written."""
        ids = self._encoded("Translator.align", source)
        written = self._encoded("Translator.align", target)
        memory = self.network.encode(torch.tensor([ids]))
        x = self.network.embed(torch.tensor([[BEGIN, *written]]))
        weights = []
        for layer in self.network.decoder.each():
            weights.append(_cross_weights(layer, x, memory))
            x = layer(x, memory)
        return Alignment(
            self.pieces.strings(ids),
            self.pieces.strings([*written, END]),
            torch.cat(weights).numpy(),
        )

    def save(self, path: Path) -> None:
        """Network and pieces in one file, written whole or not at all."""
        state = {
            "shape": asdict(self.network.shape),
            "network": self.network.state_dict(),
            "pieces": self.pieces.model,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            torch.save(state, file)

    @classmethod
    def load(cls, path: Path) -> Translator:
        """What `save` wrote: tensors and plain values, nothing of which is executed."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        network = Transformer(Shape(**state["shape"]))
        network.load_state_dict(state["network"])
        return cls(network, Pieces(state["pieces"]))

    def _encoded(self, where: str, text: str) -> list[int]:
        ids = self.pieces.encode(require_text(where, "text", text).lower())
        longest = self.network.shape.longest
        if not 0 < len(ids) < longest:
            raise ValueError(f"{where}: a text must have 1 to {longest - 1} pieces, got {len(ids)}")
        return ids


def averaged(states: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several states of one network, number by number; the paper decodes with that of
    the last checkpoints.

    >>> averaged([{"w": torch.tensor([1.0])}, {"w": torch.tensor([3.0])}])
    {'w': tensor([2.])}
    """
    held = list(states)
    if not held:
        raise ValueError("averaged: states must not be empty")
    return {name: torch.stack([state[name] for state in held]).mean(dim=0) for name in held[0]}


def _cross_weights(layer: Any, x: Tensor, memory: Tensor) -> Tensor:
    """(1, heads, n, m): whom the queries of the second block look at; the fused kernel never forms
    them."""
    x = layer.around(0, x, lambda given: layer.attention(given, is_causal=True))
    given = layer.norms[1](x) if layer.norm_first else x
    q, (k, _) = layer.cross.queries(given), layer.cross.keys_and_values(memory)
    return cast(Tensor, (q @ k.transpose(-1, -2) / layer.cross.d_head**0.5).softmax(dim=-1))
