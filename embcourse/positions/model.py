"""A small language model whose positions can be exchanged, and what becomes of each kind beyond the
length it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from embcourse.arguments import require_choice, require_number, require_whole
from embcourse.data import bible
from embcourse.positions import reference
from embcourse.positions.fast import rotary_tables, rotate
from embcourse.self_attention.fast import MultiHeadAttention

Kind = Literal["none", "sinusoidal", "learned", "shaw", "t5", "rope", "alibi"]
CLIP = 16
"""Beyond this offset Shaw's vectors are shared."""


class LanguageModel(nn.Module):
    """A decoder of a Transformer on its own: guesses the next token from those before it.

    All kinds have the same layers, pre-norm, and differ in where a token's position comes in: added
    to the embeddings (sinusoidal, learned), in the scores (shaw, t5, alibi), in queries and keys
    (rope), or nowhere.

    tokens        : size of the vocabulary.
    kind          : of positions.
    d_model, heads: width and heads; heads must divide d_model.
    layers        : how many.
    longest       : rows of the table of learned positions; the other kinds have no limit.
    raises        : ValueError for another kind, or what does not divide.

    >>> LanguageModel(10, "rope", d_model=8, heads=2)(torch.ones(3, 5, dtype=torch.long)).shape
    torch.Size([3, 5, 10])
    """

    def __init__(
        self,
        tokens: int,
        kind: Kind,
        *,
        d_model: int = 128,
        heads: int = 4,
        layers: int = 2,
        longest: int = 1024,
    ) -> None:
        super().__init__()
        require_choice("LanguageModel", "kind", kind, Kind)
        self.kind = kind
        self.embedding = nn.Embedding(tokens, d_model)
        self.attentions = nn.ModuleList(MultiHeadAttention(d_model, heads) for _ in range(layers))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(d_model),
                nn.Linear(d_model, 4 * d_model),
                nn.ReLU(),
                nn.Linear(4 * d_model, d_model),
            )
            for _ in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(layers))
        self.norm = nn.LayerNorm(d_model)
        self.output = nn.Linear(d_model, tokens)
        self.heads, self.d_head = heads, d_model // heads
        if kind == "learned":
            self.places = nn.Parameter(torch.randn(longest, d_model) * 0.02)
        elif kind == "shaw":
            self.table = nn.Parameter(torch.randn(2 * CLIP + 1, self.d_head) * self.d_head**-0.5)
        elif kind == "t5":
            self.bias = nn.Parameter(torch.zeros(heads, 32))

    def forward(self, ids: Tensor, squeeze: float = 1.0, base: float = reference.BASE) -> Tensor:
        """Logits (batch, n, tokens) of what follows each of n tokens.

        ids          : (batch, n).
        squeeze, base: of rope only: positions times `squeeze`, and the base of its frequencies.
        raises       : ValueError for more tokens than learned positions.
        """
        n = ids.shape[1]
        x = self.embedding(ids)
        if self.kind == "sinusoidal":
            x = x + torch.tensor(reference.sinusoidal(n, x.shape[-1]), dtype=x.dtype)
        elif self.kind == "learned":
            if n > len(self.places):
                raise ValueError(
                    f"LanguageModel.forward: ids have {n} tokens, the table of learned positions"
                    f" {len(self.places)} rows"
                )
            x = x + self.places[:n]
        tables = None
        if self.kind == "rope":
            tables = rotary_tables(torch.arange(n) * squeeze, self.d_head, base)
        offsets = torch.from_numpy(reference.relative_offsets(n, n))
        bias = self._bias(offsets)
        for norm, attention, block in zip(self.norms, self.attentions, self.blocks, strict=True):
            attention = cast(MultiHeadAttention, attention)
            x = x + self._attend(attention, norm(x), offsets, bias, tables)
            x = x + block(x)
        return self.output(self.norm(x))

    def _bias(self, offsets: Tensor) -> Tensor:
        """What is added to the scores, (heads or 1, n, n): -inf for the future, and the bias of the
        kind."""
        bias = torch.zeros(1, *offsets.shape)
        if self.kind == "t5":
            buckets = reference.t5_buckets(offsets.numpy(), causal=True)
            bias = self.bias[:, torch.from_numpy(buckets)]
        elif self.kind == "alibi":
            slopes = torch.tensor(reference.alibi_slopes(self.heads), dtype=torch.float32)
            bias = slopes[:, None, None] * offsets
        return bias.masked_fill(offsets > 0, -torch.inf)

    def _attend(
        self,
        attention: MultiHeadAttention,
        x: Tensor,
        offsets: Tensor,
        bias: Tensor,
        tables: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        q, k, v = attention.project(x)
        if tables is not None:
            q, k = rotate(q, *tables), rotate(k, *tables)
        if self.kind == "shaw":
            by_offset = q @ self.table.T  # (batch, heads, n, 2 K + 1): with every vector once
            place = (offsets.clamp(-CLIP, CLIP) + CLIP).expand(*q.shape[:2], -1, -1)
            bias = bias + by_offset.gather(-1, place) / self.d_head**0.5
        found = scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return attention.output(found.transpose(-3, -2).flatten(-2))


class Characters(NamedTuple):
    """The King James Version as characters, whole books held out.

    symbols       : the characters, by id.
    train, test   : ids of all verses, one a line.
    """

    symbols: str
    train: NDArray[np.int64]
    test: NDArray[np.int64]


@cache
def characters() -> Characters:
    """Every eighth book is held out.

    >>> text = characters()
    >>> len(text.symbols), len(text.train), len(text.test)
    (66, 3690627, 447903)
    """
    held = bible("kjv")
    parts: tuple[list[str], list[str]] = ([], [])
    for verse, reference_ in zip(held.verses, held.references, strict=True):
        parts[held.books.index(reference_.book) % 8 == 7].append(verse)
    texts = ["\n".join(part) for part in parts]
    symbols = "".join(sorted(set("".join(texts))))
    ids = {symbol: i for i, symbol in enumerate(symbols)}
    return Characters(symbols, *(np.array([ids[symbol] for symbol in text]) for text in texts))


def trial(
    kind: Kind,
    *,
    seed: int,
    steps: int = 800,
    trained: int = 128,
    ranges: Sequence[int] = (64, 128, 192, 256, 512, 1024),
    batch: int = 32,
    windows: int = 48,
    learning_rate: float = 2e-3,
    d_model: int = 128,
    heads: int = 4,
    layers: int = 2,
) -> dict[str, Any]:
    """Trains one language model on short windows, and measures it on long ones.

    trained: characters of a training window.
    ranges : ends of the stretches of a long window whose losses are measured apart; the last is its
             length.
    windows: long windows of held-out text.
    returns: kind and seed; `loss`, nats a character in each stretch, from the end of the one before
             it; for rope also `interpolated` and `stretched`, the same with squeezed positions and
             with another base, never trained.

    >>> sorted(trial("rope", seed=0, steps=1, trained=8, ranges=(8, 16), batch=2, windows=1))
    ['interpolated', 'kind', 'loss', 'seed', 'stretched']
    """
    require_choice("trial", "kind", kind, Kind)
    steps = require_whole("trial", "steps", steps, least=1)
    rate = require_number("trial", "learning_rate", learning_rate, above=0)
    text = characters()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = LanguageModel(
        len(text.symbols),
        kind,
        d_model=d_model,
        heads=heads,
        layers=layers,
        longest=max(ranges),
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(steps):
        starts = rng.integers(0, len(text.train) - trained, batch)
        ids = torch.from_numpy(text.train[starts[:, None] + np.arange(trained + 1)])
        with sdpa_kernel(SDPBackend.MATH):  # of torch 2.13's on a CPU, it has the fastest gradients
            logits = model(ids[:, :-1])
        loss = cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    # The same windows for every kind and seed.
    longest = max(ranges)
    starts = np.linspace(0, len(text.test) - longest - 1, windows).astype(int)
    ids = torch.from_numpy(text.test[starts[:, None] + np.arange(longest + 1)])
    measured: dict[str, Any] = {"kind": kind, "seed": seed, "loss": _losses(model, ids, ranges)}
    if kind == "rope":
        factor = longest / trained
        measured["interpolated"] = _losses(model, ids, ranges, squeeze=1 / factor)
        base = reference.stretched_base(model.d_head, factor)
        measured["stretched"] = _losses(model, ids, ranges, base=base)
    return measured


@torch.inference_mode()
def _losses(
    model: LanguageModel, ids: Tensor, ranges: Sequence[int], **options: float
) -> list[float]:
    """Nats a character in each stretch of the windows."""
    losses = torch.stack(
        [
            cross_entropy(model(row[None, :-1], **options)[0], row[1:], reduction="none")
            for row in ids
        ]
    )
    begins = [0, *ranges[:-1]]
    return [losses[:, a:b].mean().item() for a, b in zip(begins, ranges, strict=True)]
