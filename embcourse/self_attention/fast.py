"""Multi-head attention in torch, through `scaled_dot_product_attention`."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class MultiHeadAttention(nn.Module):
    """Queries from x, keys and values from x or a memory, `heads` heads side by side.

    The layers `query`, `key`, `value` and `output` are `nn.Linear`, so their weights are (outputs, inputs): the
    transposes of `reference.MultiHeadWeights`.

    d_model: width; a multiple of heads.
    heads  : how many.
    bias   : whether the four layers have biases.
    raises : ValueError if heads does not divide d_model.

    >>> layer = MultiHeadAttention(8, heads=2)
    >>> layer(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])

    Vaswani et al. (2017), section 3.2.2.
    """

    def __init__(self, d_model: int, heads: int, bias: bool = True) -> None:
        super().__init__()
        if heads < 1 or d_model % heads:
            raise ValueError(f"MultiHeadAttention: heads must divide d_model={d_model}, got {heads}")
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(d_model, d_model, bias=bias) for _ in range(4))

    def forward(
        self, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """Outputs (..., n, d_model) for x (..., n, d_model).

        memory   : (..., m, d_model) to attend to; x itself if None.
        mask     : boolean, True where a position may attend, broadcasting to (..., n, m); the same for all heads.
        is_causal: position i sees positions 0 ... i only; not together with a mask.
        """
        source = x if memory is None else memory
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        if mask is not None and mask.dim() > 1:
            mask = mask.unsqueeze(-3)
        found = scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=is_causal)
        return self.output(found.transpose(-3, -2).flatten(-2))

    def split(self, x: Tensor) -> Tensor:
        """(..., n, d_model) -> (..., heads, n, d_head)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(-3, -2)
