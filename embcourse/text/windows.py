"""The words around a word."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_integers, require_offsets, require_whole


def context_windows(
    ids: ArrayLike, window: int, offsets: ArrayLike | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Every token with the at most `window` tokens to its left and to its right, in the same
    document.

    ids    : (tokens,) integers.
    window : tokens on either side, at least 1.
    offsets: (documents + 1,) integers as in `Encoded`; None for one document.
    yields : (centre id, (contexts,) array of ids, left to right). Alone in its document, a token
             has no contexts.
    raises : TypeError or ValueError for ids that are not a 1-D array of integers, a window below 1,
             or offsets that do not run from 0 to len(ids).

    >>> for centre, contexts in context_windows([7, 8, 9], window=1):
    ...     print(centre, contexts)
    7 [8]
    8 [7 9]
    9 [8]
    """
    ids, window, offsets = require_stream("context_windows", ids, window, offsets)
    return _windows(ids, window, offsets)


def context_pairs(
    ids: ArrayLike, window: int, offsets: ArrayLike | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """All (centre, context) pairs of `context_windows`, flat: what skip-gram trains on and what
    co-occurrence counts.

    Ordered by the centre's position, then by the context's. A pair of words within the window
    occurs in both directions. Windows never reach into another document.

    returns: (centres, contexts), each (pairs,) int32.
    raises : as `context_windows`, and ValueError if an id does not fit into int32.

    >>> centres, contexts = context_pairs([7, 8, 9, 5], window=1, offsets=[0, 3, 4])
    >>> centres.tolist(), contexts.tolist()
    ([7, 8, 8, 9], [8, 7, 9, 8])

    Mikolov et al. (2013a). word2vec and gensim draw the window's width from 1..window anew for
    every centre, which weights near contexts more; here every context counts once.
    """
    ids, window, offsets = require_stream("context_pairs", ids, window, offsets)
    ids = require_integers("context_pairs", "ids", ids, dtype=np.int32)
    position = np.arange(ids.size)
    lengths = np.diff(offsets)
    left = np.minimum(position - np.repeat(offsets[:-1], lengths), window)
    right = np.minimum(np.repeat(offsets[1:], lengths) - 1 - position, window)
    pairs = left + right
    centre = np.cumsum(pairs) - right  # where, among the pairs, the left contexts end

    contexts = np.empty(int(pairs.sum()), np.int32)
    # One pass per distance keeps the temporaries at the size of the text, not of the pairs.
    for distance in range(1, min(window, int(lengths.max(initial=0)) - 1) + 1):
        has = np.flatnonzero(left >= distance)
        contexts[centre[has] - distance] = ids[has - distance]
        has = np.flatnonzero(right >= distance)
        contexts[centre[has] + distance - 1] = ids[has + distance]
    return np.repeat(ids, pairs), contexts


def _windows(ids: np.ndarray, window: int, offsets: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        for i in range(start, end):
            left = ids[max(start, i - window) : i]
            right = ids[i + 1 : min(end, i + 1 + window)]
            yield int(ids[i]), np.concatenate([left, right])


def require_stream(
    where: str, ids: ArrayLike, window: int, offsets: ArrayLike | None
) -> tuple[np.ndarray, int, NDArray[np.int64]]:
    """Checks what every function over windows takes; without offsets the whole stream is one
    document.

    where  : the function to name in the message.
    returns: ids, window and offsets, the offsets as (documents + 1,) int64.
    raises : TypeError for anything but integers, ValueError for a window below 1 or offsets that do
             not cover the ids.

    >>> require_stream("example", [4, 2], 1, None)
    (array([4, 2]), 1, array([0, 2]))
    """
    ids = require_integers(where, "ids", ids, dtype=None)
    window = require_whole(where, "window", window, least=1)
    return (
        ids,
        window,
        require_offsets(where, [0, ids.size] if offsets is None else offsets, ids.size),
    )
