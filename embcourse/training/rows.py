"""Tables whose rows start on cache lines."""

from __future__ import annotations

import numpy as np

LANES = 16
"""How many float32 numbers a cache line of 64 bytes holds."""


def padded_rows(rows: int, dim: int) -> np.ndarray:
    """Zeros, each row filled up to whole cache lines and starting on one.

    A vector instruction that reads or writes across two lines takes about twice as long, and two
    threads that work on neighbouring rows do not disturb each other when the rows share no line.

    returns: (rows, width) float32, C-contiguous; width is dim rounded up to a multiple of 16.

    >>> table = padded_rows(3, 100)
    >>> table.shape, table.ctypes.data % 64
    ((3, 112), 0)
    """
    width = -(-dim // LANES) * LANES
    memory = np.zeros(rows * width + LANES, np.float32)
    start = -memory.ctypes.data % 64 // memory.itemsize
    return memory[start : start + rows * width].reshape(rows, width)


def compact_rows(padded: np.ndarray, dim: int) -> np.ndarray:
    """The first dim columns as one block, moved together within the same memory: `padded` is used
    up.

    padded : (rows, width) C-contiguous.
    returns: (rows, dim), C-contiguous.

    >>> compact_rows(np.arange(8.0).reshape(2, 4), 3)
    array([[0., 1., 2.],
           [4., 5., 6.]])
    """
    rows, width = padded.shape
    if dim == width:
        return padded
    compact = padded.reshape(-1)[: rows * dim].reshape(rows, dim)
    step = 4096  # a copy of so many rows at a time; none is overwritten before it moved
    for begin in range(0, rows, step):
        compact[begin : begin + step] = padded[begin : begin + step, :dim].copy()
    return compact
