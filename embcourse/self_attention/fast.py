"""Multi-head attention in torch: one product for queries, keys and values, and the fused kernel
`scaled_dot_product_attention`."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

from embcourse.arguments import require_whole
from embcourse.self_attention.reference import require_heads


class MultiHeadAttention(nn.Module):
    """Queries from x, keys and values from x or a memory, in several heads.

    `inputs` is one linear layer whose rows are those of W_Q, W_K and W_V, one
    below the other, as in `torch.nn.MultiheadAttention`; a weight is (outputs,
    inputs), the transpose of what `MultiHeadWeights` holds. With fewer
    `kv_heads` than heads, each head of keys and values serves a run of query
    heads next to each other (grouped queries; one of them: multi-query).

    d_model : width; a multiple of heads.
    heads   : how many.
    kv_heads: heads of keys and values, a divisor of heads; None for as many.
    bias    : whether the layers have biases.
    raises  : TypeError or ValueError for what is no good, or does not divide.

    >>> import torch
    >>> layer = MultiHeadAttention(8, heads=2)
    >>> layer(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])

    Vaswani et al. (2017), section 3.2.2; Shazeer (2019); Ainslie et al. (2023).
    """

    def __init__(
        self,
        d_model: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        d_model = require_whole("MultiHeadAttention", "d_model", d_model, least=1)
        self.heads = require_heads("MultiHeadAttention", "heads", heads, d_model)
        self.kv_heads = self.heads
        if kv_heads is not None:
            self.kv_heads = require_heads("MultiHeadAttention", "kv_heads", kv_heads, self.heads)
        self.d_head = d_model // self.heads
        rows = (self.heads + 2 * self.kv_heads) * self.d_head
        self.inputs = nn.Linear(d_model, rows, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)
        nn.init.xavier_uniform_(self.inputs.weight)
        if bias:
            nn.init.zeros_(self.inputs.bias)
            nn.init.zeros_(self.output.bias)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        mask: Tensor | None = None,
        *,
        is_causal: bool = False,
    ) -> Tensor:
        """Outputs (..., n, d_model) for x (..., n, d_model).

        memory   : (..., m, d_model) to attend to; x itself if None.
        mask     : boolean, True where a position may attend, broadcasting to
                   (..., n, m); the same for all heads.
        is_causal: position i sees positions 0 to i; not together with a mask.
        """
        if memory is None:
            q, k, v = self.project(x)
        else:
            q, (k, v) = self.queries(x), self.keys_and_values(memory)
        return self.attend(q, k, v, mask, is_causal=is_causal)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (..., heads, n, d_head), keys and values (..., kv_heads, n,
        d_head) of one sequence, by one product."""
        heads = self.inputs(x).unflatten(-1, (-1, self.d_head)).transpose(-3, -2)
        q, k, v = heads.split([self.heads, self.kv_heads, self.kv_heads], dim=-3)
        return q, k, v

    def queries(self, x: Tensor) -> Tensor:
        """(..., heads, n, d_head) of the sequence that asks."""
        return self._rows(x, slice(0, self.heads * self.d_head))

    def keys_and_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """(..., kv_heads, m, d_head) each, of the sequence that answers."""
        both = self._rows(memory, slice(self.heads * self.d_head, None))
        k, v = both.split(self.kv_heads, dim=-3)
        return k, v

    def attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None = None,
        *,
        is_causal: bool = False,
    ) -> Tensor:
        """Outputs (..., n, d_model): attention in heads, merged, projected."""
        if mask is not None and mask.dim() > 1:
            mask = mask.unsqueeze(-3)
        found = scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            is_causal=is_causal,
            enable_gqa=self.kv_heads != self.heads,
        )
        return self.output(found.transpose(-3, -2).flatten(-2))

    def _rows(self, x: Tensor, rows: slice) -> Tensor:
        bias = None if self.inputs.bias is None else self.inputs.bias[rows]
        found = linear(x, self.inputs.weight[rows], bias)
        return found.unflatten(-1, (-1, self.d_head)).transpose(-3, -2)
