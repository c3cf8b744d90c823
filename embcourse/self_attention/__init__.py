"""Self-attention: queries, keys and values from one sequence, in several heads."""

from embcourse.self_attention.reference import (
    ROLES,
    MultiHeadWeights,
    flops,
    head_roles,
    init_weights,
    merge_heads,
    multi_head_attention,
    multi_head_gradients,
    parameter_count,
    repeat_heads,
    split_heads,
)

__all__ = [
    "ROLES",
    "MultiHeadWeights",
    "flops",
    "head_roles",
    "init_weights",
    "merge_heads",
    "multi_head_attention",
    "multi_head_gradients",
    "parameter_count",
    "repeat_heads",
    "split_heads",
]
