"""Positions: what tells a Transformer where a token stands."""

from embcourse.positions.reference import (
    BASE,
    alibi_bias,
    alibi_slopes,
    frequencies,
    halves_order,
    interpolated,
    relative_offsets,
    rotate,
    rotate_gradient,
    shaw_scores,
    shift_matrix,
    sinusoidal,
    stretched_base,
    t5_buckets,
    to_halves,
)

__all__ = [
    "BASE",
    "alibi_bias",
    "alibi_slopes",
    "frequencies",
    "halves_order",
    "interpolated",
    "relative_offsets",
    "rotate",
    "rotate_gradient",
    "shaw_scores",
    "shift_matrix",
    "sinusoidal",
    "stretched_base",
    "t5_buckets",
    "to_halves",
]
