"""One-hot at the size of a real vocabulary: sparse rows, lookup by index, gradient by a sparse
product."""

from collections.abc import Iterable
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from embcourse.arguments import require_ids, require_integers, require_tokens, require_whole
from embcourse.one_hot.reference import hashed_ids as _hashed_ids


def one_hot(ids: ArrayLike, size: int, dtype: np.dtype | type = np.float64) -> csr_array:
    """One-hot rows as CSR: one stored number per token. Sparse twin of `reference.one_hot`.

    ids    : (tokens,) integers from 0 to size - 1.
    size   : number of words in the vocabulary.
    returns: (tokens, size) CSR of `dtype`.
    raises : ValueError for an id outside the vocabulary, a wrong shape, or size < 0; TypeError for
             ids that are not integers.

    >>> one_hot([2, 0], size=3).toarray()
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    size = require_whole("one_hot", "size", size, least=0)
    ids = require_ids("one_hot", "ids", ids, size)
    return _unit_rows(ids, size, np.dtype(dtype))


def lookup(ids: ArrayLike, table: np.ndarray) -> np.ndarray:
    """Rows of the table: the same as the one-hot product, without a multiplication.

    ids    : (tokens,) integers from 0 to size - 1.
    table  : (size, d) array of any dtype.
    returns: (tokens, d) array of the table's dtype; a copy.
    raises : ValueError for an id outside the table or a wrong shape; TypeError for ids that are not
             integers.

    >>> lookup([2, 0, 2], np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]]))
    array([[20., 21.],
           [ 0.,  1.],
           [20., 21.]])
    """
    table = np.asarray(table)
    if table.ndim != 2:
        raise ValueError(f"lookup: table must have shape (size, d), got shape {table.shape}")
    return table[require_ids("lookup", "ids", ids, len(table))]


def lookup_gradient(ids: ArrayLike, upstream: np.ndarray, rows: int) -> np.ndarray:
    """Gradient with respect to the whole table, as the sparse product onehot.T @ upstream.

    ids     : (tokens,) integers from 0 to rows - 1.
    upstream: (tokens, d) float array.
    rows    : number of rows of the table.
    returns : (rows, d) array of upstream's dtype, in which it also adds up.
    raises  : ValueError for an id outside the table, or shapes that do not fit; TypeError for ids
              that are not integers or upstream that is not floating point.

    >>> lookup_gradient([2, 0, 2], np.array([[1.0, 1.0], [5.0, 5.0], [10.0, 10.0]]), rows=3)
    array([[ 5.,  5.],
           [ 0.,  0.],
           [11., 11.]])

    The product adds up repeats in SciPy's compiled loop. `np.add.at` gives the same.
    """
    ids = require_ids("lookup_gradient", "ids", ids, rows)
    upstream = _require_upstream("lookup_gradient", upstream, ids.size)
    return _unit_rows(ids, rows, upstream.dtype).T @ upstream


def lookup_gradient_rows(
    ids: ArrayLike, upstream: np.ndarray
) -> tuple[NDArray[np.int64], np.ndarray]:
    """The same gradient without its rows of zeros: the words that occur, and their rows.

    A batch touches few rows of a large table. Handing over only those keeps the step's cost at the
    size of the batch.

    ids     : (tokens,) integers, at least 0.
    upstream: (tokens, d) float array.
    returns : words (distinct,) int64, ascending, and gradient (distinct, d) of upstream's dtype.
    raises  : as `lookup_gradient`.

    >>> lookup_gradient_rows([2, 0, 2], np.array([[1.0, 1.0], [5.0, 5.0], [10.0, 10.0]]))
    (array([0, 2]), array([[ 5.,  5.],
           [11., 11.]]))

    torch: `torch.nn.Embedding(..., sparse=True)`.
    """
    ids = require_integers("lookup_gradient_rows", "ids", ids, least=0)
    upstream = _require_upstream("lookup_gradient_rows", upstream, ids.size)
    words, place = np.unique(ids, return_inverse=True)
    return words, _unit_rows(place, words.size, upstream.dtype).T @ upstream


@overload
def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: Literal[False] = False
) -> NDArray[np.int64]: ...


@overload
def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: Literal[True]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...


@overload
def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: bool
) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float64]]: ...


def hashed_ids(
    tokens: Iterable[str], buckets: int, seed: int = 0, *, signed: bool = False
) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float64]]:
    """As `reference.hashed_ids`, hashing every distinct token once.

    >>> hashed_ids(["the", "cat", "the"], buckets=8)
    array([5, 2, 5])
    """
    tokens = require_tokens("hashed_ids", "tokens", tokens)
    place: dict[str, int] = {}
    where = np.fromiter(
        (place.setdefault(token, len(place)) for token in tokens), np.int64, len(tokens)
    )
    if signed:
        ids, signs = _hashed_ids(list(place), buckets, seed, signed=True)
        return ids[where], signs[where]
    return _hashed_ids(list(place), buckets, seed)[where]


def _unit_rows(ids: NDArray[np.int64], size: int, dtype: np.dtype) -> csr_array:
    index = np.int32 if max(size, ids.size) <= np.iinfo(np.int32).max else np.int64
    return csr_array(
        (np.ones(ids.size, dtype), ids.astype(index), np.arange(ids.size + 1, dtype=index)),
        shape=(ids.size, size),
    )


def _require_upstream(function: str, upstream: np.ndarray, tokens: int) -> np.ndarray:
    upstream = np.asarray(upstream)
    if upstream.ndim != 2 or len(upstream) != tokens:
        raise ValueError(
            f"{function}: upstream must have shape (tokens, d) with tokens = {tokens}, got shape"
            f" {upstream.shape}"
        )
    if upstream.dtype.kind != "f":
        raise TypeError(f"{function}: upstream must be floating point, got dtype {upstream.dtype}")
    return upstream
