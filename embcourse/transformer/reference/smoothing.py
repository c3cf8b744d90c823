"""Label smoothing: a target that is not quite certain."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_ids, require_number
from embcourse.attention import softmax

Array = NDArray[np.float64]


def smoothed_targets(ids: ArrayLike, tokens: int, smoothing: float) -> Array:
    """1 - e on the right token, plus e / V on each of the V tokens, the right one included.

    ids      : (n,) right tokens, below `tokens`.
    smoothing: e, from 0 to below 1.
    returns  : (n, tokens) float64; rows sum to one.
    raises   : ValueError for an id or a smoothing out of range.

    >>> smoothed_targets([1], 4, 0.2).round(2)
    array([[0.05, 0.85, 0.05, 0.05]])

    Szegedy et al. (2016), as torch does. tensor2tensor spreads e over the V - 1
    wrong tokens instead.
    """
    smoothing = require_number("smoothed_targets", "smoothing", smoothing, least=0, below=1)
    ids = require_ids("smoothed_targets", "ids", ids, tokens)
    targets = np.full((len(ids), tokens), smoothing / tokens)
    targets[np.arange(len(ids)), ids] += 1 - smoothing
    return targets


def smoothed_loss(logits: ArrayLike, ids: ArrayLike, smoothing: float) -> tuple[float, Array]:
    """Mean cross-entropy against smoothed targets, and its gradient for the logits.

    logits : (n, tokens), n at least 1.
    ids    : (n,).
    returns: (nats a token, (n, tokens) gradient: (softmax - target) / n).
    raises : as `smoothed_targets`, and ValueError if shapes do not fit.

    >>> loss, gradient = smoothed_loss([[0.0, 0.0]], [0], 0.0)
    >>> round(loss, 3), gradient
    (0.693, array([[-0.5,  0.5]]))
    """
    logits = require_floats("smoothed_loss", "logits", logits, "(n, tokens)", filled=True)
    targets = smoothed_targets(ids, logits.shape[1], smoothing)
    if len(targets) != len(logits):
        raise ValueError(
            f"smoothed_loss: ids must be one for each row of logits, {len(logits)},"
            f" got {len(targets)}"
        )
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -(targets * logs).sum(axis=1).mean()
    return float(loss), (softmax(logits) - targets) / len(logits)
