"""Relative positions: learned vectors for offsets (Shaw), learned numbers for buckets of them (T5),
and numbers that nobody learns (ALiBi).

Offsets are (n, m): key's position - query's. With fewer queries than keys the queries are the last
positions of the sequence, as in `attention.causal_mask`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_flag, require_floats, require_integers, require_whole

Array = NDArray[np.float64]


def relative_offsets(queries: int, keys: int) -> NDArray[np.int64]:
    """Key's position - query's, for queries that are the last of the positions.

    returns: (queries, keys) int64; negative in the past, 0 on itself.

    >>> relative_offsets(2, 3)
    array([[-1,  0,  1],
           [-2, -1,  0]])
    """
    queries = require_whole("relative_offsets", "queries", queries, least=0)
    keys = require_whole("relative_offsets", "keys", keys, least=0)
    return np.arange(keys) - (np.arange(queries)[:, None] + keys - queries)


def shaw_scores(q: ArrayLike, k: ArrayLike, table: ArrayLike) -> Array:
    """Scores with a learned vector for each offset, clipped: q_i . (k_j + a_(j - i)) / sqrt(d).

    q, k   : (..., n, d) and (..., m, d).
    table  : (2 K + 1, d); row K + offset is the vector of an offset, and all
             beyond K share that of K.
    returns: (..., n, m) float64.
    raises : ValueError if widths differ, or the table has an even number of
             rows.

    >>> table = [[-1.0], [0.0], [1.0]]
    >>> shaw_scores([[1.0], [1.0]], [[5.0], [5.0]], table)
    array([[5., 6.],
           [4., 5.]])

    Shaw et al. (2018), equation 4.
    """
    q = require_floats("shaw_scores", "q", q, "(..., queries, d)")
    k = require_floats("shaw_scores", "k", k, "(..., keys, d)")
    table = require_floats("shaw_scores", "table", table, "(offsets, d)")
    if not q.shape[-1] == k.shape[-1] == table.shape[1] or q.shape[-1] == 0:
        raise ValueError(
            "shaw_scores: q, k and table must share a width d;"
            f" got {q.shape}, {k.shape}, {table.shape}"
        )
    if len(table) % 2 == 0:
        raise ValueError(
            f"shaw_scores: table must have 2 K + 1 rows, an odd number, got {len(table)}"
        )
    most = len(table) // 2
    offsets = relative_offsets(q.shape[-2], k.shape[-2]).clip(-most, most)
    content = q @ np.swapaxes(k, -1, -2)
    # row i of the query against the vector of each of its m offsets
    place = np.einsum("...nd,nmd->...nm", q, table[offsets + most])
    return (content + place) / np.sqrt(q.shape[-1])


def t5_buckets(
    offsets: ArrayLike, buckets: int = 32, longest: int = 128, *, causal: bool = False
) -> NDArray[np.int64]:
    """The bucket of each offset: narrow ones near by, wide ones far off.

    Not causal, one half of the buckets is for keys before the query and for
    itself, the other for keys after it. Of the n buckets of a side, distances
    below n / 2 have one each; the others share the rest by their logarithm,
    and the last one takes all that is left.

    offsets: integers, key's position - query's.
    longest: the distance where the logarithm would reach bucket n; the last
             bucket begins earlier, as the logarithm is cut to an integer.
    causal : the past only; keys after the query count as distance 0.
    returns: int64, shape of offsets, from 0 to buckets - 1.
    raises : ValueError for too few buckets, or longest not above n / 2.

    >>> t5_buckets([0, -1, -5, 1, 5, -500]).tolist()
    [0, 1, 5, 17, 21, 15]
    >>> t5_buckets([-15, -16, -112, -113, 3], causal=True).tolist()
    [15, 16, 30, 31, 0]

    Raffel et al. (2020); the rule is that of the code of T5.
    """
    offsets = require_integers("t5_buckets", "offsets", offsets, ndim=np.ndim(offsets))
    causal = require_flag("t5_buckets", "causal", causal)
    buckets = require_whole("t5_buckets", "buckets", buckets, least=2 if causal else 4)
    side = buckets if causal else buckets // 2
    exact = side // 2
    longest = require_whole("t5_buckets", "longest", longest, least=exact + 1)
    distances = np.maximum(-offsets, 0) if causal else np.abs(offsets)
    far = np.maximum(distances, exact)  # those below take the other branch
    steps = np.log(far / exact) / np.log(longest / exact) * (side - exact)
    found = np.where(
        distances < exact, distances, np.minimum(exact + np.floor(steps), side - 1)
    ).astype(np.int64)
    return found if causal else found + side * (offsets > 0)


def alibi_slopes(heads: int) -> Array:
    """How fast each head forgets: 2^(-8 h / n) for h = 1 to n, if n is a power of two.

    Otherwise the slopes of the power below, then every second one of the power
    above.

    >>> alibi_slopes(4).tolist()
    [0.25, 0.0625, 0.015625, 0.00390625]
    >>> alibi_slopes(3).tolist()
    [0.0625, 0.00390625, 0.25]

    Press et al. (2022); for other numbers of heads their code.
    """
    heads = require_whole("alibi_slopes", "heads", heads, least=1)
    power = 1 << (heads.bit_length() - 1)  # the largest power of two up to heads
    slopes = 2.0 ** (-8 * np.arange(1, power + 1) / power)
    between = 2.0 ** (-4 * np.arange(1, 2 * (heads - power), 2) / power)
    return np.concatenate([slopes, between])


def alibi_bias(queries: int, keys: int, heads: int) -> Array:
    """What ALiBi adds to the scores before the softmax: -slope times distance.

    returns: (heads, queries, keys) float64, 0 on the query itself.

    >>> alibi_bias(1, 3, heads=1)[0]
    array([[-0.0078125 , -0.00390625,  0.        ]])

    Press et al. (2022). For keys after the query the paper says nothing, as
    they are masked; here the distance counts on both sides.
    """
    distances = np.abs(relative_offsets(queries, keys))
    return alibi_slopes(heads)[:, None, None] * (0.0 - distances)
