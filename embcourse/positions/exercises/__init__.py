"""The exercises of the chapter on positions: from sines and cosines to a cache of turned keys."""

from embcourse.positions.exercises.alibi_bias import ALIBI_BIAS
from embcourse.positions.exercises.cached_attention import CACHED_ATTENTION
from embcourse.positions.exercises.interpolated_scores import INTERPOLATED_SCORES
from embcourse.positions.exercises.rotate import ROTATE
from embcourse.positions.exercises.shaw_scores import SHAW_SCORES
from embcourse.positions.exercises.shift_matrix import SHIFT_MATRIX
from embcourse.positions.exercises.sinusoidal import SINUSOIDAL
from embcourse.positions.exercises.t5_buckets import T5_BUCKETS
from embcourse.positions.exercises.to_halves import TO_HALVES

EXERCISES = (
    SINUSOIDAL,
    SHIFT_MATRIX,
    SHAW_SCORES,
    T5_BUCKETS,
    ALIBI_BIAS,
    ROTATE,
    INTERPOLATED_SCORES,
    TO_HALVES,
    CACHED_ATTENTION,
)
