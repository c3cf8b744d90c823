"""One-hot vectors, the lookup they stand for, and the hashing trick: the definitions, in NumPy and
float64."""

from collections.abc import Iterable
from math import expm1, log1p
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import (
    require_choice,
    require_floats,
    require_ids,
    require_text,
    require_tokens,
    require_whole,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LAYOUTS = ("dense", "csr", "indices")

_64_BITS = (1 << 64) - 1


def one_hot(ids: ArrayLike, size: int) -> FloatArray:
    """One row per token: 1 in the column of its id, 0 elsewhere.

    Rows of different words are orthogonal: cosine 0, distance sqrt(2), for
    every pair. So the encoding tells words apart and says nothing about which
    of them are alike.

    ids    : (tokens,) integers from 0 to size - 1.
    size   : number of words in the vocabulary.
    returns: (tokens, size) float64.
    raises : ValueError for an id outside the vocabulary, a wrong shape, or
             size < 0; TypeError for ids that are not integers.

    >>> one_hot([2, 0, 2], size=3)
    array([[0., 0., 1.],
           [1., 0., 0.],
           [0., 0., 1.]])
    """
    size = require_whole("one_hot", "size", size, least=0)
    ids = require_ids("one_hot", "ids", ids, size)
    rows = np.zeros((ids.size, size))
    rows[np.arange(ids.size), ids] = 1.0
    return rows


def lookup(ids: ArrayLike, table: ArrayLike) -> FloatArray:
    """Embedding lookup as what it is: the one-hot matrix times the table.

    Row i of the product is the sum over words w of onehot[i, w] * table[w].
    One term of that sum is left, so the result equals table[ids], at
    tokens * size * d multiplications instead of none. So libraries index.

    ids    : (tokens,) integers from 0 to size - 1.
    table  : (size, d) array of finite numbers, one row per word.
    returns: (tokens, d) float64.
    raises : ValueError for an id outside the table, a wrong shape, or NaN or
             inf in the table: 0 * inf is NaN, so the product would spoil every
             row, where indexing spoils one. TypeError for ids that are not
             integers.

    >>> table = np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]])
    >>> lookup([2, 0, 2], table)
    array([[20., 21.],
           [ 0.,  1.],
           [20., 21.]])
    >>> np.array_equal(lookup([2, 0, 2], table), table[[2, 0, 2]])
    True

    torch: `torch.nn.Embedding`.
    """
    table = require_floats("lookup", "table", table, "(size, d)")
    ids = require_ids("lookup", "ids", ids, len(table))
    return one_hot(ids, len(table)) @ table


def lookup_gradient(ids: ArrayLike, upstream: ArrayLike, rows: int) -> FloatArray:
    """Gradient of the loss with respect to the table, from that of its rows.

    From Y = onehot @ table follows dL/dtable = onehot.T @ dL/dY: row w collects
    the upstream rows of all positions that hold w. A word that occurs twice
    gets the sum of both; a word that does not occur gets zeros.

    ids     : (tokens,) integers from 0 to rows - 1.
    upstream: (tokens, d) array, dL/dY.
    rows    : number of rows of the table.
    returns : (rows, d) float64.
    raises  : ValueError for an id outside the table, or shapes that do not fit;
              TypeError for ids that are not integers.

    >>> lookup_gradient([2, 0, 2], [[1.0, 1.0], [5.0, 5.0], [10.0, 10.0]], rows=3)
    array([[ 5.,  5.],
           [ 0.,  0.],
           [11., 11.]])

    `gradient[ids] += upstream` is wrong: each position adds to the row as it
    was before, so of a repeated id only the last one counts.
    torch: the gradient of `torch.nn.Embedding`.
    """
    ids = require_ids("lookup_gradient", "ids", ids, rows)
    upstream = require_floats("lookup_gradient", "upstream", upstream, "(tokens, d)", finite=False)
    if len(upstream) != ids.size:
        raise ValueError(
            "lookup_gradient: upstream must have shape (tokens, d) with "
            f"tokens = {ids.size}, got shape {upstream.shape}"
        )
    gradient = np.zeros((rows, upstream.shape[1]))
    for position, word in enumerate(ids):
        gradient[word] += upstream[position]
    return gradient


def memory_bytes(
    tokens: int,
    vocabulary: int,
    layout: str = "dense",
    *,
    value_bytes: int = 8,
    index_bytes: int = 4,
) -> int:
    """Bytes that the one-hot encoding of a text takes.

    "dense"  : tokens * vocabulary values, nearly all of them 0.
    "csr"    : one value and one column index per token, and tokens + 1 row pointers.
    "indices": the ids alone. They say the same.

    tokens, vocabulary: sizes, at least 0.
    value_bytes       : 8 for float64, 4 for float32.
    index_bytes       : 4 for int32, which scipy picks while it suffices.
    raises            : ValueError for a negative size or an unknown layout.

    >>> [memory_bytes(1_000, 10_000, layout) for layout in ("dense", "csr", "indices")]
    [80000000, 16004, 4000]
    """
    tokens = require_whole("memory_bytes", "tokens", tokens, least=0)
    vocabulary = require_whole("memory_bytes", "vocabulary", vocabulary, least=0)
    require_choice("memory_bytes", "layout", layout, LAYOUTS)
    if layout == "dense":
        return tokens * vocabulary * value_bytes
    if layout == "csr":
        return tokens * (value_bytes + index_bytes) + (tokens + 1) * index_bytes
    return tokens * index_bytes


# -------------------------------------------------------------------------------- the hashing trick


def fnv1a(token: str) -> int:
    """64-bit FNV-1a hash of the token's UTF-8 bytes: the same number in every process, on every
    machine.

    Python's own `hash` of a string is salted: it changes with every start of the interpreter.

    returns: 0 ... 2**64 - 1.

    >>> hex(fnv1a("a"))
    '0xaf63dc4c8601ec8c'

    Fowler, Noll & Vo, http://www.isthe.com/chongo/tech/comp/fnv/
    """
    require_text("fnv1a", "token", token)
    value = 0xCBF29CE484222325
    for byte in token.encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * 0x100000001B3) & _64_BITS
    return value


def _mix(value: int) -> int:
    """Let every bit depend on every bit: the finaliser of SplitMix64 (Steele, Lea & Flood, 2014).

    FNV-1a needs it. Its prime is odd, so its last bit is only the parity of the bytes' last bits,
    the same for all anagrams; its first bits hardly move between "a" and "b".
    """
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return value ^ (value >> 31)


@overload
def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: Literal[False] = False
) -> IntArray: ...


@overload
def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: Literal[True]
) -> tuple[IntArray, FloatArray]: ...


@overload
def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: bool
) -> IntArray | tuple[IntArray, FloatArray]: ...


def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: bool = False
) -> IntArray | tuple[IntArray, FloatArray]:
    """Ids without a vocabulary: a token's hash modulo the number of buckets.

    Unequal tokens may share an id. With signed=True every token also gets a
    sign, the highest bit of its hash. Two tokens that share a bucket then add
    up or cancel with equal chance, and the inner product of two hashed texts is
    right on average. Without signs, collisions can only enlarge the inner
    product of counts.

    tokens : strings.
    buckets: number of ids, at least 1.
    seed   : another seed gives another hash function, with other collisions.
    signed : give signs too.
    returns: (tokens,) int64; with signed=True a pair, ids and (tokens,) float64
             signs, each 1 or -1.
    raises : ValueError for buckets < 1; TypeError if tokens is one string.

    >>> hashed_ids(["the", "cat", "the"], buckets=8)
    array([5, 2, 5])
    >>> hashed_ids(["the", "cat", "on"], buckets=8, signed=True)
    (array([5, 2, 5]), array([ 1.,  1., -1.]))

    Weinberger et al. (2009). scikit-learn: `FeatureHasher`, with MurmurHash3
    and signs by default.
    """
    buckets = require_whole("hashed_ids", "buckets", buckets, least=1)
    seed = require_whole("hashed_ids", "seed", seed)
    tokens = require_tokens("hashed_ids", "tokens", tokens)
    shift = seed * 0x9E3779B97F4A7C15
    hashes = [_mix((fnv1a(token) + shift) & _64_BITS) for token in tokens]
    ids = np.array([value % buckets for value in hashes], dtype=np.int64)
    if not signed:
        return ids
    return ids, np.array([1.0 if value >> 63 else -1.0 for value in hashes])


def expected_distinct(n: int, buckets: int) -> float:
    """How many buckets are expected to hold at least one of n distinct tokens, hashed at random.

    A bucket stays empty with probability (1 - 1/buckets)^n, so buckets * (1 - (1 - 1/buckets)^n)
    are not. Computed by log1p and expm1, since 1 - 1/buckets loses the digits that matter when
    there are many buckets.

    returns: float64, from 0 to min(n, buckets).
    raises : ValueError for n < 0 or buckets < 1.

    >>> round(expected_distinct(1_000, 1_000), 1)
    632.3
    """
    n = require_whole("expected_distinct", "n", n, least=0)
    buckets = require_whole("expected_distinct", "buckets", buckets, least=1)
    if buckets == 1:  # log1p(-1) is -inf
        return float(min(n, 1))
    return -buckets * expm1(n * log1p(-1 / buckets))
