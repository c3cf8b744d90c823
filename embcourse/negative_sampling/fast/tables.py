"""What is known of the words before training: who survives subsampling, whom the noise draws, and
the Huffman tree."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_number
from embcourse.compiling import cached_njit
from embcourse.text import keep_probabilities

_ALWAYS = 2**31  # probabilities are stored as multiples of 2^-31: a coin is 31 random bits


class Tables(NamedTuple):
    """What training needs to know about the words, 4 bytes a number; made by `make_tables`.

    keep  : (words,) uint32; the probability that an occurrence survives subsampling, times 2^31.
    accept: (words,) uint32; the alias table of the noise distribution: the chance to stay in a
            column, times 2^31.
    alias : (words,) int32; where a draw goes that does not stay.
    up    : (2 words - 1,) int32, or empty; the Huffman tree from leaf to root. Node w < words is
            word w, node words + i is inner node i. up[node] is 2 x (inner node above) + (code of
            this branch); the root is the last node.
    depth : the longest path from a word to the root, in branches.
    """

    keep: NDArray[np.uint32]
    accept: NDArray[np.uint32]
    alias: NDArray[np.int32]
    up: NDArray[np.int32]
    depth: int


def make_tables(
    counts: ArrayLike, *, sample: float = 1e-3, power: float = 0.75, hierarchical: bool = False
) -> Tables:
    """Precomputes from the words' counts what `train_chunk` draws with.

    counts      : (words,) integers, how often each word occurs. One that never occurs is never
                  drawn.
    sample      : threshold of subsampling, a fraction of all tokens; 0 switches it off.
                  `text.keep_probabilities`.
    power       : exponent of the noise distribution, P_n(w) proportional to counts[w] ** power.
    hierarchical: make the Huffman tree too. It is the released C code's: words by falling count,
                  the inner node first in a tie, code 1 for the larger of two.
    returns     : `Tables`, 12 bytes a word, 20 with the tree.
    raises      : ValueError if counts is empty, not 1-D, negative or all zero, or if sample or
                  power is out of range.

    GPU twin: `gpu.to_device`.

    >>> tables = make_tables([4, 2, 1], hierarchical=True)
    >>> (
    ...     tables.up.tolist(),
    ...     tables.depth,
    ... )  # inner node 0 joins words 2 and 1; the root is inner node 1
    ([3, 1, 0, 2, 0], 2)
    """
    counts = np.asarray(counts)
    require_floats("make_tables", "counts", counts, "(words,)", least=0, filled=True)
    if not counts.any():
        raise ValueError("make_tables: counts must hold a number above 0")
    power = require_number("make_tables", "power", power)
    keep = np.round(keep_probabilities(counts, sample, variant="code") * _ALWAYS).astype(np.uint32)
    noise = np.where(counts > 0, np.maximum(counts, 1e-300).astype(np.float64) ** power, 0.0)
    accept, alias = _alias_table(noise / noise.sum())
    up, depth = np.empty(0, np.int32), 0
    if hierarchical:
        order = np.argsort(-counts.astype(np.float64), kind="stable").astype(np.int32)
        up, depth = _huffman_tree(counts[order].astype(np.float64), order)
    return Tables(keep, accept, alias, up, depth)


@cached_njit(nogil=True)
def _alias_table(probabilities):
    """Vose's alias table, in multiples of 2^-31: O(words) to build, one column and one coin a draw.
    Vose (1991)."""
    words = len(probabilities)
    accept, alias = np.full(words, np.uint32(_ALWAYS), np.uint32), np.arange(words).astype(np.int32)
    share = probabilities * words  # 1 is a column's worth
    small, large = np.empty(words, np.int32), np.empty(words, np.int32)
    smalls = larges = 0
    for word in range(words):
        if share[word] < 1.0:
            small[smalls] = word
            smalls += 1
        else:
            large[larges] = word
            larges += 1
    while smalls and larges:
        smalls -= 1
        low, high = small[smalls], large[larges - 1]
        accept[low] = np.uint32(round(share[low] * _ALWAYS))
        alias[low] = high
        share[high] -= 1.0 - share[low]
        if share[high] < 1.0:
            larges -= 1
            small[smalls] = high
            smalls += 1
    return accept, alias


@cached_njit(nogil=True)
def _huffman_tree(counts, order):
    """Huffman's tree of words with falling counts; order[i] is the id of word i. Returns
    `Tables.up` and `.depth`."""
    words = len(counts)
    totals = np.empty(2 * words - 1)
    totals[:words] = counts
    up = np.zeros(2 * words - 1, np.int32)
    leaf, inner = words - 1, words  # the smallest word, the oldest inner node
    for new in range(words, 2 * words - 1):
        total = 0.0
        for code in range(2):
            if leaf >= 0 and (inner == new or totals[leaf] < totals[inner]):
                node = np.int64(order[leaf])
                total += totals[leaf]
                leaf -= 1
            else:
                node = inner
                total += totals[inner]
                inner += 1
            up[node] = 2 * (new - words) + code
        totals[new] = total
    depths = np.zeros(2 * words - 1, np.int32)
    for node in range(2 * words - 3, -1, -1):  # an inner node comes after what hangs below it
        depths[node] = depths[words + (up[node] >> 1)] + 1
    return up, depths.max()
