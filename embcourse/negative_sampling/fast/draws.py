"""What is drawn: which tokens survive, how far each window reaches, and the negatives."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embcourse.compiling import cached_njit
from embcourse.negative_sampling.fast.compiled import inlined
from embcourse.negative_sampling.fast.lanes import choose, prefetch
from embcourse.training import LANES


class Windows(NamedTuple):
    """A chunk as it is trained: centre i is words[i], its contexts are words[lefts[i]:rights[i]]
    without words[i]."""

    words: NDArray[np.int32]
    positions: NDArray[np.int64]
    radii: NDArray[np.int32]
    lefts: NDArray[np.int32]
    rights: NDArray[np.int32]


@cached_njit(nogil=True)
def lay_windows(ids, offsets, keep, window, key):
    """Subsampling, then a radius for each survivor: token t uses draw t for both, its upper and its
    lower bits."""
    words, positions = np.empty(len(ids), np.int32), np.empty(len(ids), np.int64)
    radii, lefts, rights = (
        np.empty(len(ids), np.int32),
        np.empty(len(ids), np.int32),
        np.empty(len(ids), np.int32),
    )
    kept = 0
    for sentence in range(len(offsets) - 1):
        start = kept
        for t in range(offsets[sentence], offsets[sentence + 1]):
            bits = random_bits(key, t)
            if _coin(bits) < keep[ids[t]]:
                words[kept] = ids[t]
                positions[kept] = t
                radii[kept] = 1 + _below(window, bits)
                kept += 1
        for i in range(start, kept):
            lefts[i] = max(start, i - radii[i])
            rights[i] = min(kept, i + radii[i] + 1)
    return Windows(words[:kept], positions[:kept], radii[:kept], lefts[:kept], rights[:kept])


@inlined
def find_contexts(windows, centre, contexts):
    """Input rows of a window, from left to right. Returns how many."""
    count = 0
    for i in range(windows.lefts[centre], windows.rights[centre]):
        if i != centre:
            contexts[count] = windows.words[i]
            count += 1
    return count


@inlined
def take_targets(word, ahead, half, negative, targets):
    """Target rows: the centre and its negatives, without those that are the centre. Returns how
    many."""
    targets[0] = word
    count = 1
    for j in range(negative):
        drawn = ahead[half, j]
        if drawn != word:
            targets[count] = drawn
            count += 1
    return count


@inlined
def draw_ahead(table, tables, negative, key, draw, ahead, half):
    """Draws the negatives of the next step, and asks for their rows."""
    for j in range(negative):
        word = draw_noise(tables.accept, tables.alias, key, draw + j)
        ahead[half, j] = word
        _prefetch_row(table, word)


@inlined
def draw_noise(accept, alias, key, draw):
    """One word of the noise: a column of the alias table, then its coin."""
    bits = random_bits(key, draw)
    column = _below(len(accept), bits)
    stays = _coin(bits) < accept[column]
    return choose(stays, np.int32(column), alias[column])


@cached_njit(nogil=True)
def draw_all(accept, alias, key, first, count):
    """Draws first, first + 1, ... of the noise: what training takes one by one."""
    drawn = np.empty(count, np.int32)
    for i in range(count):
        drawn[i] = draw_noise(accept, alias, key, first + i)
    return drawn


@cached_njit(nogil=True)
def random_bits(key, n):
    """Draw n of the stream `key`: 64 random bits; none needs the one before.

    SplitMix64: Steele, Lea & Flood (2014).
    """
    bits = key + np.uint64(n + 1) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@inlined
def _below(size, bits):
    """A whole number in 0 ... size - 1 from the lower 32 bits."""
    return np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(size)) >> np.uint64(32))


@inlined
def _coin(bits):
    """31 bits, the upper ones."""
    return np.uint32(bits >> np.uint64(33))


@inlined
def _prefetch_row(table, row):
    for k in range(0, table.shape[1], LANES):
        prefetch(table, row, k)
