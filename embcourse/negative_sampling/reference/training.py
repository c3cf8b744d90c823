"""A whole training: the learning rate, and a pass over a text."""

from itertools import pairwise

from numpy.typing import ArrayLike

from embcourse.arguments import require_floats, require_integers, require_number, require_offsets
from embcourse.negative_sampling.reference.checks import (
    FloatArray,
    require_tables,
    require_word_ids,
)
from embcourse.negative_sampling.reference.steps import window_step


def learning_rate(progress: float, start: float = 0.025, end: float = 2.5e-6) -> float:
    """The learning rate when a share `progress` of the tokens has been read.

    max(end, start (1 - progress)): it falls in a straight line towards 0 and
    stops at `end`. Tokens that subsampling leaves out count as read.

    progress: from 0 to 1, over all epochs.
    start   : above 0. The program starts skip-gram at 0.025 and CBOW at 0.05.
    end     : from 0 to start. The program's is start / 10,000.
    returns : float.
    raises  : ValueError if one of them is out of range.

    >>> [learning_rate(progress, 0.025, 0.0001) for progress in (0, 0.5, 1)]
    [0.025, 0.0125, 0.0001]

    word2vec.c, which computes it anew every 10,000 tokens. gensim's line ends
    at `end`: start - (start - end) progress.
    """
    progress = require_number("learning_rate", "progress", progress, least=0, most=1)
    start = require_number("learning_rate", "start", start, above=0)
    end = require_number("learning_rate", "end", end, least=0, most=start)
    return max(end, start * (1.0 - progress))


def train_with_draws(
    ids: ArrayLike,
    offsets: ArrayLike,
    keep: ArrayLike,
    coins: ArrayLike,
    radii: ArrayLike,
    negatives: ArrayLike,
    inputs: ArrayLike,
    outputs: ArrayLike,
    start: float,
    end: float,
) -> tuple[list[float], FloatArray, FloatArray]:
    """One pass of skip-gram with shared negatives over a text, with everything that is usually
    drawn given as data.

    1. Position i stays if coins[i] < keep[ids[i]]. What stays of a sentence moves together: windows
       reach over gaps.
    2. Each position that stays is a target in turn. Its contexts are the words that stayed up to
       radii[i] places to its left and right, in the same sentence. Without any, nothing happens.
    3. `window_step` with these contexts, negatives[i] and the learning rate at progress i / tokens.

    ids      : (tokens,) word ids. offsets: (sentences + 1,), sentence s is ids[offsets[s]:offsets[s
               + 1]].
    keep     : (V,) keep probabilities, such as `text.keep_probabilities` gives.
    coins    : (tokens,) uniform numbers in [0, 1). radii: (tokens,) integers, at least 1.
    negatives: (tokens, K) ids. inputs, outputs: (V, d) tables.
    start, end: learning rates, see `learning_rate`.
    returns  : (loss of each step per context word, in nats; new inputs; new outputs).
    raises   : ValueError or TypeError as `window_step` and `learning_rate`, and for lengths that do
               not match.

    >>> import numpy as np
    >>> losses, inputs, outputs = train_with_draws(
    ...     ids=[0, 1, 2],
    ...     offsets=[0, 2, 3],
    ...     keep=[1, 1, 1],
    ...     coins=[0.5, 0.5, 0.5],
    ...     radii=[2, 2, 2],
    ...     negatives=[[2], [2], [0]],
    ...     inputs=np.eye(3),
    ...     outputs=np.zeros((3, 3)),
    ...     start=0.2,
    ...     end=0.1,
    ... )
    >>> outputs.round(3)
    array([[ 0.   ,  0.1  ,  0.   ],
           [ 0.067,  0.   ,  0.   ],
           [-0.067, -0.1  ,  0.   ]])

    The order of work of TrainModelThread in word2vec.c, with the negatives shared in each window.
    """
    inputs, outputs = require_tables("train_with_draws", inputs, outputs)
    (ids,) = require_word_ids("train_with_draws", len(inputs), ids=ids)
    keep = require_floats("train_with_draws", "keep", keep, "(words,)")
    coins = require_floats("train_with_draws", "coins", coins, "(tokens,)")
    radii = require_integers("train_with_draws", "radii", radii, least=1)
    negatives = require_integers("train_with_draws", "negatives", negatives, ndim=2)
    offsets = require_offsets("train_with_draws", offsets, len(ids))
    if coins.shape != ids.shape or radii.shape != ids.shape or negatives.shape[:1] != ids.shape:
        raise ValueError(
            f"train_with_draws: coins and radii must be ({len(ids)},), negatives ({len(ids)}, K),"
            f" one for each token; got {coins.shape}, {radii.shape}, {negatives.shape}"
        )
    if keep.shape != (len(inputs),):
        raise ValueError(
            f"train_with_draws: keep must be ({len(inputs)},), one for each word; got {keep.shape}"
        )
    losses = []
    for first, last in pairwise(offsets.tolist()):
        stayed = [i for i in range(first, last) if coins[i] < keep[ids[i]]]
        for place, i in enumerate(stayed):
            near = (
                stayed[max(0, place - radii[i]) : place] + stayed[place + 1 : place + 1 + radii[i]]
            )
            if near:
                rate = learning_rate(i / len(ids), start, end)
                loss, inputs, outputs = window_step(
                    inputs, outputs, ids[near], ids[i], negatives[i], rate
                )
                losses.append(loss / len(near))
    return losses, inputs.copy(), outputs.copy()
