"""The layers of a Transformer in torch: normalisation, feed-forward, encoder and decoder layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, relu, silu

from embcourse.arguments import require_choice, require_flag, require_number, require_whole
from embcourse.self_attention.fast import MultiHeadAttention

Activation = Literal["relu", "gelu", "swiglu"]
Norm = Literal["layer", "rms", "none"]


class FeedForward(nn.Module):
    """Two linear layers with a bend between them, for every position on its own.

    relu, gelu: outer(act(inner(x))). gelu is the exact one, x Phi(x).
    swiglu    : outer(silu(gate(x)) * inner(x)): three matrices; for as many numbers as the others
                have, take two thirds of their hidden width.

    >>> FeedForward(8, 32, activation="swiglu")(torch.zeros(2, 5, 8)).shape
    torch.Size([2, 5, 8])

    Vaswani et al. (2017), section 3.3; Hendrycks and Gimpel (2016); Shazeer (2020).
    """

    def __init__(self, d_model: int, hidden: int, *, activation: Activation = "relu") -> None:
        super().__init__()
        require_choice("FeedForward", "activation", activation, Activation)
        hidden = require_whole("FeedForward", "hidden", hidden, least=1)
        self.activation = activation
        self.inner = nn.Linear(d_model, hidden)
        self.outer = nn.Linear(hidden, d_model)
        self.gate = nn.Linear(d_model, hidden) if activation == "swiglu" else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        if self.gate is not None:
            bent = silu(self.gate(x)) * self.inner(x)
        else:
            bent = (relu if self.activation == "relu" else gelu)(self.inner(x))
        return self.outer(bent)


class Sublayers(nn.Module):
    """Blocks one after the other, each with a residual around it and a norm; what both kinds of
    layer share.

    Post-norm, as in the paper: x <- norm(x + block(x)). Pre-norm: x <- x + block(norm(x)), and the
    stack needs one more norm at its end.

    Vaswani et al. (2017), section 3.1; Xiong et al. (2020).
    """

    blocks: ClassVar[int]

    def __init__(
        self,
        d_model: int,
        heads: int,
        hidden: int,
        *,
        dropout: float = 0.1,
        norm_first: bool = False,
        activation: Activation = "relu",
        norm: Norm = "layer",
        residual: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.residual = require_flag(type(self).__name__, "residual", residual)
        self.norm_first = require_flag(type(self).__name__, "norm_first", norm_first)
        self.attention = MultiHeadAttention(d_model, heads)
        self.feed_forward = FeedForward(d_model, hidden, activation=activation)
        self.norms = nn.ModuleList(norm_of(norm, d_model, eps) for _ in range(self.blocks))
        self.dropout = nn.Dropout(
            require_number(type(self).__name__, "dropout", dropout, least=0, below=1)
        )

    def around(self, i: int, x: Tensor, block: Callable[[Tensor], Tensor]) -> Tensor:
        """Block i between its residual connection and its norm."""
        norm, past = self.norms[i], x if self.residual else 0.0
        if self.norm_first:
            return past + self.dropout(block(norm(x)))
        return norm(past + self.dropout(block(x)))


class EncoderLayer(Sublayers):
    """Self-attention, then a feed-forward block. With the same weights it computes what
    `torch.nn.TransformerEncoderLayer` does.

    d_model, heads, hidden: widths; heads must divide d_model.
    dropout               : share of what each block gives that is set to 0 in training, before
                            it is added. torch's layers do so inside the blocks as well.
    norm_first            : pre-norm.
    activation            : "relu", "gelu" or "swiglu".
    norm                  : "layer", "rms", or "none" for an ablation.
    residual              : whether x goes past each block; False for an ablation.
    eps                   : what the norms add to the variance.

    >>> EncoderLayer(8, 2, 32)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    blocks = 2

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(..., n, d_model) for x (..., n, d_model).

        mask: boolean, True where a position may attend, broadcasting to (..., n, n).
        """
        x = self.around(0, x, lambda given: self.attention(given, mask=mask))
        return self.around(1, x, self.feed_forward)


class DecoderLayer(Sublayers):
    """Causal self-attention, attention to the encoder's output, feed-forward. With the same weights
    it computes what `torch.nn.TransformerDecoderLayer` does. Arguments as of `EncoderLayer`.

    >>> layer = DecoderLayer(8, 2, 32)
    >>> layer(torch.zeros(3, 5, 8), torch.zeros(3, 7, 8)).shape
    torch.Size([3, 5, 8])
    """

    blocks = 3

    def __init__(self, d_model: int, heads: int, hidden: int, **options: Any) -> None:
        super().__init__(d_model, heads, hidden, **options)
        self.cross = MultiHeadAttention(d_model, heads)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        """(..., n, d_model) for x (..., n, d_model) and memory (..., m, d_model).

        mask       : True where a position of x may attend to one of x; None for causal.
        memory_mask: True where a position of x may attend to one of memory.
        """
        x = self.around(
            0, x, lambda given: self.attention(given, mask=mask, is_causal=mask is None)
        )
        x = self.around(1, x, lambda given: self.cross(given, memory, memory_mask))
        return self.around(2, x, self.feed_forward)

    def step(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        place: int,
        memory_keys: Tensor,
        memory_values: Tensor,
        memory_mask: Tensor | None,
    ) -> Tensor:
        """One more position for each of several texts, beside what a cache holds.

        x            : (sources, texts, d_model): the same number of texts for each source.
        keys, values : (sources * texts, heads, longest, d_head), the cache of this layer. Those of
                       this position are written at `place`, and those after it are not read.
        memory_...   : (sources, heads, m, d_head) of the encoder's output; texts of one source
                       share them: here each text is a query.
        memory_mask  : (sources, 1, m) or None.
        returns      : (sources, texts, d_model).
        """

        def attend(given: Tensor) -> Tensor:
            q, k, v = self.attention.project(given.flatten(0, 1).unsqueeze(1))
            keys[:, :, place], values[:, :, place] = k[:, :, 0], v[:, :, 0]
            seen = slice(0, place + 1)
            found = self.attention.attend(q, keys[:, :, seen], values[:, :, seen])
            return found.view_as(given)

        def look(given: Tensor) -> Tensor:
            q = self.cross.queries(given)
            return self.cross.attend(q, memory_keys, memory_values, memory_mask)

        x = self.around(0, x, attend)
        x = self.around(1, x, look)
        return self.around(2, x, self.feed_forward)


def norm_of(norm: Norm, d_model: int, eps: float = 1e-5) -> nn.Module:
    """A normalisation of the last axis: LayerNorm, RMSNorm, or none.

    Ba et al. (2016); Zhang and Sennrich (2019).
    """
    require_choice("norm_of", "norm", norm, Norm)
    if norm == "none":
        return nn.Identity()
    return nn.LayerNorm(d_model, eps) if norm == "layer" else nn.RMSNorm(d_model, eps)


def lengths_to_mask(lengths: Tensor, longest: int) -> Tensor:
    """(batch, 1, longest): True at the tokens of each text, False at what fills the batch up.

    >>> lengths_to_mask(torch.tensor([1, 2]), 2).tolist()
    [[[True, False]], [[True, True]]]
    """
    return (torch.arange(longest) < lengths[:, None]).unsqueeze(1)
