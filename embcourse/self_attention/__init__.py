"""Multi-head self-attention and cross-attention."""

from embcourse.self_attention.reference import (
    MultiHeadWeights,
    flops,
    head_roles,
    init_weights,
    merge_heads,
    multi_head_attention,
    multi_head_gradients,
    parameter_count,
    split_heads,
)

__all__ = [
    "MultiHeadWeights",
    "flops",
    "head_roles",
    "init_weights",
    "merge_heads",
    "multi_head_attention",
    "multi_head_gradients",
    "parameter_count",
    "split_heads",
]
