"""Encoder, decoder, and the Transformer that translates with both."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from embcourse.arguments import require_choice, require_flag, require_number, require_whole
from embcourse.positions import sinusoidal
from embcourse.self_attention.reference import require_heads
from embcourse.transformer.fast.layers import (
    Activation,
    DecoderLayer,
    EncoderLayer,
    Norm,
    norm_of,
)

Positions = Literal["sinusoidal", "learned", "none"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a Transformer is made of; all but `tokens` has the defaults of the small model of the
    book.

    tokens    : size of the vocabulary that source and target share.
    d_model   : width of a position's vector.
    heads     : heads of each attention; a divisor of d_model.
    layers    : layers of the encoder, and of the decoder.
    hidden    : width inside the feed-forward block.
    dropout   : share set to 0 in training.
    norm_first: pre-norm, else the paper's post-norm.
    activation: "relu", "gelu" or "swiglu".
    norm      : "layer", "rms" or "none".
    residual  : whether x goes past each block; False for an ablation.
    positions : "sinusoidal", "learned" or "none".
    tied      : one matrix for both embeddings and the output layer, as in the paper.
    longest   : positions that a text may have.
    raises    : TypeError or ValueError for a value that is no good.

    >>> Shape(tokens=100, heads=3)
    Traceback (most recent call last):
    ValueError: Shape: heads must divide 256, got 3
    """

    tokens: int
    d_model: int = 256
    heads: int = 8
    layers: int = 3
    hidden: int = 1024
    dropout: float = 0.1
    norm_first: bool = True
    activation: Activation = "relu"
    norm: Norm = "layer"
    residual: bool = True
    positions: Positions = "sinusoidal"
    tied: bool = True
    longest: int = 256

    def __post_init__(self) -> None:
        for name in ("tokens", "d_model", "layers", "hidden", "longest"):
            object.__setattr__(
                self, name, require_whole("Shape", name, getattr(self, name), least=1)
            )
        object.__setattr__(self, "heads", require_heads("Shape", "heads", self.heads, self.d_model))
        require_number("Shape", "dropout", self.dropout, least=0, below=1)
        require_flag("Shape", "norm_first", self.norm_first)
        require_flag("Shape", "residual", self.residual)
        require_flag("Shape", "tied", self.tied)
        require_choice("Shape", "activation", self.activation, Activation)
        require_choice("Shape", "norm", self.norm, Norm)
        require_choice("Shape", "positions", self.positions, Positions)

    def of_a_layer(self) -> dict[str, Any]:
        """The keywords of `EncoderLayer` and `DecoderLayer`."""
        names = (
            "d_model",
            "heads",
            "hidden",
            "dropout",
            "norm_first",
            "activation",
            "norm",
            "residual",
        )
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, from which `Shape(**values)` makes it again."""
        return asdict(self)


class Cache(NamedTuple):
    """What a decoder has computed of several texts and needs again, layer by layer.

    keys, values              : (layers, sources * texts, heads, longest, d_head), filled up to
                                the position that was written last.
    memory_keys, memory_values: (layers, sources, heads, m, d_head) of the encoder's output.
    memory_mask               : (sources, 1, m), True at the source's tokens, or None.
    """

    keys: Tensor
    values: Tensor
    memory_keys: Tensor
    memory_values: Tensor
    memory_mask: Tensor | None

    def reorder(self, texts: Tensor, place: int) -> None:
        """Puts the texts (sources * texts,) in another order, as beam search goes on with them;
        what stands from `place` on is not read, and not moved."""
        for held in (self.keys, self.values):
            held[:, :, :, :place] = held[:, texts, :, :place]

    def only(self, sources: Tensor) -> Cache:
        """The texts of these sources: the others are done.

        sources: (left,) numbers of sources.
        """
        count = self.memory_keys.shape[1]
        texts = torch.arange(self.keys.shape[1]).view(count, -1)[sources].flatten()
        return Cache(
            self.keys[:, texts],
            self.values[:, texts],
            self.memory_keys[:, sources],
            self.memory_values[:, sources],
            None if self.memory_mask is None else self.memory_mask[sources],
        )


class Encoder(nn.Module):
    """A stack of `EncoderLayer`s, with one norm at its end where the layers are pre-norm.

    >>> Encoder(Shape(tokens=10, d_model=8, heads=2))(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(**shape.of_a_layer()) for _ in range(shape.layers))
        self.norm = norm_of(shape.norm if shape.norm_first else "none", shape.d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(..., n, d_model) for x (..., n, d_model); mask as of `EncoderLayer`."""
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x)


class Decoder(nn.Module):
    """A stack of `DecoderLayer`s, with one norm at its end where the layers are pre-norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(**shape.of_a_layer()) for _ in range(shape.layers))
        self.norm = norm_of(shape.norm if shape.norm_first else "none", shape.d_model)

    def each(self) -> Iterable[DecoderLayer]:
        """The layers, the first first."""
        return cast(Iterable[DecoderLayer], self.layers)

    def forward(self, x: Tensor, memory: Tensor, memory_mask: Tensor | None = None) -> Tensor:
        """(..., n, d_model), causal, for x (..., n, d_model) and memory (..., m, d_model)."""
        for layer in self.layers:
            x = layer(x, memory, memory_mask=memory_mask)
        return self.norm(x)


class Transformer(nn.Module):
    """Encoder and decoder with embeddings and an output layer: reads a source, writes a target.

    >>> model = Transformer(Shape(tokens=10, d_model=8, heads=2))
    >>> source, target = torch.ones(3, 5, dtype=torch.long), torch.ones(3, 4, dtype=torch.long)
    >>> model(source, target).shape
    torch.Size([3, 4, 10])

    Vaswani et al. (2017).
    """

    place: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.tokens, shape.d_model)
        nn.init.normal_(self.embedding.weight, std=shape.d_model**-0.5)
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)
        self.output = None if shape.tied else nn.Linear(shape.d_model, shape.tokens, bias=False)
        self.dropout = nn.Dropout(shape.dropout)
        if shape.positions == "learned":
            self.learned = nn.Parameter(torch.randn(shape.longest, shape.d_model) * 0.02)
        elif shape.positions == "sinusoidal":
            table = torch.tensor(sinusoidal(shape.longest, shape.d_model), dtype=torch.float32)
            self.register_buffer("place", table, persistent=False)

    def forward(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Logits (batch, n, tokens) of what follows each of n target tokens.

        source     : (batch, m) ids.
        target     : (batch, n) ids, beginning with the mark that begins a text: the target moved
                     one to the right.
        source_mask: (batch, 1, m), True at the source's tokens.
        """
        memory = self.encode(source, source_mask)
        states = self.decoder(self.embed(target), memory, source_mask)
        return self.logits(states)

    def encode(self, source: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """The encoder's output (batch, m, d_model)."""
        return self.encoder(self.embed(source), source_mask)

    def embed(self, ids: Tensor, first: int = 0) -> Tensor:
        """Embeddings times the root of their width, plus positions counted from `first`."""
        x = self.embedding(ids) * math.sqrt(self.shape.d_model)
        places = slice(first, first + ids.shape[-1])
        if self.shape.positions == "learned":
            x = x + self.learned[places]
        elif self.shape.positions == "sinusoidal":
            x = x + self.place[places]
        return self.dropout(x)

    def logits(self, states: Tensor) -> Tensor:
        """(..., tokens) for the decoder's states (..., d_model)."""
        if self.output is not None:
            return self.output(states)
        return linear(states, self.embedding.weight)

    def start(self, memory: Tensor, source_mask: Tensor | None, texts: int, longest: int) -> Cache:
        """An empty cache for `texts` texts of each source, of at most `longest` tokens."""
        keys, values = zip(
            *(layer.cross.keys_and_values(memory) for layer in self.decoder.each()), strict=True
        )
        memory_keys, memory_values = torch.stack(keys), torch.stack(values)
        layers, sources, heads, _, width = memory_keys.shape
        held = [memory.new_empty(layers, sources * texts, heads, longest, width) for _ in range(2)]
        return Cache(held[0], held[1], memory_keys, memory_values, source_mask)

    def step(self, ids: Tensor, place: int, cache: Cache) -> Tensor:
        """Logits (sources, texts, tokens) after one more token of each text; the cache is filled.

        ids  : (sources, texts), the tokens at position `place`.
        place: from 0, one more at every call.
        """
        x = self.embed(ids.unsqueeze(-1), place).squeeze(-2)
        for i, layer in enumerate(self.decoder.each()):
            x = layer.step(
                x,
                cache.keys[i],
                cache.values[i],
                place,
                cache.memory_keys[i],
                cache.memory_values[i],
                cache.memory_mask,
            )
        return self.logits(self.decoder.norm(x))
