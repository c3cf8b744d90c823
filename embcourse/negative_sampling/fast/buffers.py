"""One thread's workspace: small enough to stay in the first-level cache."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embcourse.negative_sampling.fast.lanes import BLOCK
from embcourse.training import LANES, padded_rows


class Buffers(NamedTuple):
    """One thread's workspace. Rows are as wide as those of the tables."""

    inputs: NDArray[np.float32]  # (contexts, width) copies of input rows
    outputs: NDArray[np.float32]  # (targets, width) copies of output rows
    before: NDArray[np.float32]  # (targets, width) output rows before this window
    errors: NDArray[np.float32]  # (contexts, width) change of each input row
    products: NDArray[np.float32]  # (pairs, LANES) partial sums of the dot products
    logits: NDArray[np.float32]  # (1, pairs) dot products, pair (i, j) at i x targets + j
    gradients: NDArray[np.float32]  # (1, pairs) learning rate x (label - sigmoid(logit))
    labels: NDArray[np.float32]  # (1, pairs)
    firsts: NDArray[np.float32]  # (BLOCK + 1, LANES) row n is 1 in its first n lanes
    contexts: NDArray[np.int32]  # (contexts,) input rows of this step
    targets: NDArray[np.int32]  # (targets,) output rows of this step
    drawn: NDArray[np.int32]  # (targets,) the centre and its negatives, as drawn
    ahead: NDArray[np.int32]  # (2, targets) negatives of this step and of the next one
    in_order: NDArray[np.int32]  # (targets,) 0, 1, 2, ...


def make_buffers(width: int, contexts: int, targets: int) -> Buffers:
    """Buffers for steps of at most so many contexts and targets, on rows of that width."""
    targets = -(-targets // BLOCK) * BLOCK
    pairs = -(-contexts * targets // LANES) * LANES + LANES  # a vector may start at the last pair
    return Buffers(
        padded_rows(contexts, width),
        padded_rows(targets, width),
        padded_rows(targets, width),
        padded_rows(contexts, width),
        padded_rows(pairs, LANES),
        padded_rows(1, pairs),
        padded_rows(1, pairs),
        padded_rows(1, pairs),
        np.tri(BLOCK + 1, LANES, -1, dtype=np.float32),
        np.zeros(contexts, np.int32),
        np.zeros(targets, np.int32),
        np.zeros(targets, np.int32),
        np.zeros((2, targets), np.int32),
        np.arange(targets, dtype=np.int32),
    )
