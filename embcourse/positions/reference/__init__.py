"""Where a token stands: an encoding that is added, and what makes scores see offsets instead.

sinusoids: sines and cosines of the position, and the matrix that moves them
relative : vectors or numbers for offsets: Shaw, T5, ALiBi
rotary   : queries and keys turned by their position
"""

from embcourse.positions.reference.relative import (
    alibi_bias,
    alibi_slopes,
    relative_offsets,
    shaw_scores,
    t5_buckets,
)
from embcourse.positions.reference.rotary import (
    halves_order,
    interpolated,
    rotate,
    rotate_gradient,
    stretched_base,
    to_halves,
)
from embcourse.positions.reference.sinusoids import BASE, frequencies, shift_matrix, sinusoidal

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
