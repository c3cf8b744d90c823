"""The exercises of the chapter on positions: from sines and cosines to a cache of turned keys."""

from embcourse.positions.exercises.rotate import ROTATE
from embcourse.positions.exercises.shift_matrix import SHIFT_MATRIX
from embcourse.positions.exercises.sinusoidal import SINUSOIDAL

EXERCISES = (SINUSOIDAL, SHIFT_MATRIX, ROTATE)
