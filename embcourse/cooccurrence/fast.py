"""Co-occurrence, PPMI and truncated SVD on real text: the functions of `reference`, with sparse
matrices.

Counting goes row by row, as a sparse matrix product does. For one word, walk through its
occurrences and add their right-hand contexts into one array as long as the vocabulary; then copy
out the entries that were touched. That gives R, the counts of what follows; what precedes is its
transpose, so X = R + R^T. Memory is one array per thread plus the result, never words x words and
never a list of all pairs. Each row is summed by one thread in the order of the text, so the result
does not depend on the number of threads, to the last bit.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from embcourse.compiling import cached_njit
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.reference import FloatArray, Weighting

# blocks of rows hold equal numbers of tokens; several keep all threads busy to the end
_BLOCKS_PER_THREAD = 4


def cooccurrence_counts(
    ids: ArrayLike,
    size: int,
    window: int,
    *,
    offsets: ArrayLike | None = None,
    weighting: Weighting = "flat",
) -> csr_array:
    """Co-occurrence matrix of a text, sparse. Arguments, numbers and errors are those of
    `reference`.

    returns: (size, size) CSR float64, symmetric, with sorted column indices and no stored zero.

    >>> cooccurrence_counts([0, 1, 2, 1], 3, window=2).toarray()
    array([[0., 1., 1.],
           [1., 2., 2.],
           [1., 2., 0.]])
    """
    ids, window, offsets = reference.require_corpus(
        "cooccurrence_counts", ids, size, window, offsets
    )
    reference.require_weighting("cooccurrence_counts", weighting)
    lengths = np.diff(offsets)
    # no context is further away than that
    window = min(window, max(int(lengths.max(initial=0)) - 1, 0))
    distances = np.arange(1, window + 1)
    weights = np.ones(window) if weighting == "flat" else 1.0 / distances
    ids = ids.astype(np.int32 if size <= np.iinfo(np.int32).max else np.int64)
    ends = np.repeat(offsets[1:], lengths)  # where the document of each token ends
    starts, positions = _group_by_word(ids, size)

    threads = numba.get_num_threads()
    borders = np.searchsorted(starts, np.linspace(0, len(ids), threads * _BLOCKS_PER_THREAD + 1))
    indptr = np.zeros(size + 1, dtype=np.int64)
    with ThreadPoolExecutor(threads) as pool:
        list(
            pool.map(
                lambda first, last: _row_sizes(
                    first, last, starts, positions, ids, ends, window, indptr[1:]
                ),
                borders[:-1],
                borders[1:],
            )
        )
        np.cumsum(indptr, out=indptr)
        columns = np.empty(indptr[-1], dtype=ids.dtype)
        values = np.empty(indptr[-1])
        list(
            pool.map(
                lambda first, last: _fill_rows(
                    first, last, starts, positions, ids, ends, weights, indptr, columns, values
                ),
                borders[:-1],
                borders[1:],
            )
        )
    following = csr_array((values, columns, indptr), shape=(size, size))
    preceding = following.T.tocsr()  # converting also sorts the columns
    return preceding.T.tocsr() + preceding


def ppmi(counts: csr_array, *, smoothing: float = 1.0, shift: float = 1.0) -> csr_array:
    """Positive PMI of a sparse matrix of counts. Arguments, numbers and errors are those of
    `reference`.

    counts : (words, contexts) SciPy sparse matrix or array, of any format; left unchanged.
    returns: (words, contexts) CSR float64, in nats, with no stored zero.
    raises : TypeError for a dense array (`reference.ppmi` takes those), and what `reference.ppmi`
             raises.

    >>> ppmi(csr_array([[4, 0], [2, 2]])).toarray().round(3)
    array([[0.288, 0.   ],
           [0.   , 0.693]])
    """
    counts = _require_sparse("ppmi", "counts", counts)
    reference.require_smoothing("ppmi", smoothing)
    reference.require_shift("ppmi", shift)
    wrong = np.flatnonzero(~(np.isfinite(counts.data) & (counts.data >= 0)))
    if len(wrong):
        row = np.searchsorted(counts.indptr, wrong[0], side="right") - 1
        raise ValueError(
            f"ppmi: counts must be finite and not negative, got {counts.data[wrong[0]]} in row"
            f" {row}, column {counts.indices[wrong[0]]}"
        )
    counts.eliminate_zeros()
    if counts.nnz == 0:
        return counts
    counts.data /= counts.data.sum()
    word = counts.sum(axis=1)
    context = counts.sum(axis=0) ** smoothing
    context /= context.sum()
    counts.data /= np.repeat(word, np.diff(counts.indptr)) * context[counts.indices]
    counts.data = np.maximum(np.log(counts.data) - np.log(shift), 0.0)
    counts.eliminate_zeros()
    return counts


def truncated_svd(
    matrix: csr_array, dim: int, *, eigenvalue_power: float = 1.0, seed: int = 0
) -> FloatArray:
    """Word vectors U_d S_d^p of a sparse matrix, by ARPACK's Lanczos iteration to full precision.

    Arguments, numbers, signs and errors are those of `reference`. The matrix is only ever
    multiplied with vectors.

    matrix : (words, contexts) SciPy sparse matrix or array, of any format; left unchanged.
    seed   : of the vector that the iteration starts from; it moves the result by rounding only.
    returns: (words, dim) float64.
    raises : TypeError for a dense array (`reference.truncated_svd` takes those), and what
             `reference.truncated_svd` raises.

    >>> truncated_svd(csr_array([[1.0, 1.0], [1.0, 1.0]]), 1).round(3)
    array([[1.414],
           [1.414]])

    Lehoucq, Sorensen & Yang (1998). `sklearn.utils.extmath.randomized_svd` is faster with few
    iterations, but PPMI's singular values fall slowly, and then its trailing directions are not the
    singular vectors.
    """
    matrix = _require_sparse("truncated_svd", "matrix", matrix)
    if not np.isfinite(matrix.data).all():
        raise ValueError(
            "truncated_svd: matrix must be finite; PMI holds -inf for pairs that never met, PPMI"
            " does not"
        )
    reference.require_dim("truncated_svd", dim, matrix.shape)
    reference.require_power("truncated_svd", eigenvalue_power)
    if dim == min(matrix.shape):
        # ARPACK finds fewer than all singular values. The result is as large as the matrix, so
        # dense costs no more.
        return reference.truncated_svd(matrix.toarray(), dim, eigenvalue_power=eigenvalue_power)
    if not matrix.data.any():
        return np.zeros((matrix.shape[0], dim))  # nothing to iterate on
    start = np.random.default_rng(seed).uniform(-1.0, 1.0, min(matrix.shape))
    # A second BLAS thread gains little on these thin products, and its busy waiting costs dearly on
    # shared cores.
    with threadpool_limits(1, user_api="blas"):
        left, singular, _ = svds(matrix, k=dim, v0=start)
    matrix.eliminate_zeros()
    left[np.diff(matrix.indptr) == 0] = 0.0  # a word without contexts: not rounding
    order = np.argsort(singular)[::-1]
    return reference.scale(left[:, order], singular[order], matrix.shape, eigenvalue_power)


def _require_sparse(function: str, name: str, matrix: csr_array) -> csr_array:
    """A float64 CSR copy with sorted, distinct column indices."""
    if not issparse(matrix):
        raise TypeError(
            f"{function}: {name} must be a SciPy sparse matrix, got {type(matrix).__name__}; "
            f"reference.{function} takes a dense one"
        )
    copy = csr_array(matrix, dtype=np.float64, copy=True)
    copy.sum_duplicates()
    return copy


# These release the interpreter's lock, so the pool's threads run them side by side.


@cached_njit(nogil=True)
def _group_by_word(ids: np.ndarray, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counting sort: word w occurs at positions[starts[w]:starts[w + 1]], in the order of the
    text."""
    starts = np.zeros(size + 1, dtype=np.int64)
    for word in ids:
        starts[word + 1] += 1
    starts = np.cumsum(starts)
    free = starts[:-1].copy()
    positions = np.empty(len(ids), dtype=np.int64)
    for position, word in enumerate(ids):
        positions[free[word]] = position
        free[word] += 1
    return starts, positions


@cached_njit(nogil=True)
def _row_sizes(first, last, starts, positions, ids, ends, window, sizes):
    """Number of distinct words that follow each of the words first ... last - 1."""
    seen_by = np.full(len(starts) - 1, -1, dtype=np.int64)
    for word in range(first, last):
        distinct = 0
        for position in positions[starts[word] : starts[word + 1]]:
            for other in ids[position + 1 : min(position + 1 + window, ends[position])]:
                if seen_by[other] != word:
                    seen_by[other] = word
                    distinct += 1
        sizes[word] = distinct


@cached_njit(nogil=True)
def _fill_rows(first, last, starts, positions, ids, ends, weights, indptr, columns, values):
    """Which words follow the words first ... last - 1, and with what total weight."""
    total = np.zeros(len(starts) - 1)
    for word in range(first, last):
        free = indptr[word]
        for position in positions[starts[word] : starts[word + 1]]:
            end = min(position + 1 + len(weights), ends[position])
            for distance, other in enumerate(ids[position + 1 : end]):
                if total[other] == 0.0:  # weights are positive: 0 means not met yet
                    columns[free] = other
                    free += 1
                total[other] += weights[distance]
        for i in range(indptr[word], free):
            values[i] = total[columns[i]]
            total[columns[i]] = 0.0
