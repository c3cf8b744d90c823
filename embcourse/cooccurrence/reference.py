"""Words by the company they keep: window counts, PMI, PPMI and truncated SVD, in NumPy and float64.

Each function takes what the one before it returns: ids to counts, counts to PPMI, PPMI to word
vectors.
"""

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import (
    require_choice,
    require_floats,
    require_ids,
    require_number,
    require_whole,
)
from embcourse.text.windows import require_stream

FloatArray = NDArray[np.float64]
Weighting = Literal["flat", "harmonic"]


# ----------------------------------------------------------------------------------------- counting


def cooccurrence_dict(
    ids: ArrayLike, window: int, *, offsets: ArrayLike | None = None, weighting: Weighting = "flat"
) -> dict[tuple[int, int], float]:
    """How often each word stands within `window` tokens of each other word.

    Two tokens of one document at distance 1 <= d <= window are each other's
    context: both (centre, context) pairs get the weight of d, 1 for "flat" and
    1 / d for "harmonic". A token is not its own context, but another occurrence
    of the same word is. No pair crosses from one document into the next.

    ids      : (tokens,) integers.
    window   : tokens on either side, at least 1.
    offsets  : (documents + 1,) integers, document i is
               ids[offsets[i]:offsets[i + 1]]; None for one document.
    weighting: "flat" or "harmonic".
    returns  : {(centre, context): weight} of the pairs that occur, floats above
               0; (a, b) and (b, a) have the same weight.
    raises   : TypeError or ValueError for ids that are not a 1-D array of
               integers, a window below 1, offsets that do not rise from 0 to
               the number of tokens, or an unknown weighting.

    >>> found = cooccurrence_dict([0, 1, 2, 1], window=2, offsets=[0, 3, 4])
    >>> found[0, 1], found[0, 2], found[1, 2], (1, 1) in found
    (1.0, 1.0, 1.0, False)

    Lund & Burgess (1996), who weight by window - d + 1, as word2vec does on
    average. Harmonic: Pennington, Socher & Manning (2014), section 4.2.
    """
    ids, window, offsets = require_stream("cooccurrence_dict", ids, window, offsets)
    require_weighting("cooccurrence_dict", weighting)
    counts: dict[tuple[int, int], float] = {}
    for start, end in pairwise(offsets.tolist()):
        document = ids[start:end].tolist()
        for position, word in enumerate(document):
            # Looking right is enough: the pair is entered in both directions.
            following = document[position + 1 : position + 1 + window]
            for distance, other in enumerate(following, start=1):
                weight = 1.0 if weighting == "flat" else 1.0 / distance
                for pair in ((word, other), (other, word)):
                    counts[pair] = counts.get(pair, 0.0) + weight
    return counts


def cooccurrence_counts(
    ids: ArrayLike,
    size: int,
    window: int,
    *,
    offsets: ArrayLike | None = None,
    weighting: Weighting = "flat",
) -> FloatArray:
    """Co-occurrence matrix C of a text: C[i, j] says how often word j stands within `window` tokens
    of word i.

    Row i is word i as a centre, column j is word j as a context; the window is the same on both
    sides, so C is symmetric. A document of n tokens adds 2 (n - d) weight(d) to its sum, for each d
    from 1 to min(window, n - 1).

    ids      : (tokens,) integers from 0 to size - 1.
    size     : words in the vocabulary.
    window   : tokens on either side, at least 1.
    offsets  : (documents + 1,) integers, document i is ids[offsets[i]:offsets[i + 1]]; None for one
               document.
    weighting: "flat" counts each pair as 1 (whole numbers); "harmonic" as 1 / distance.
    returns  : (size, size) float64, dense. `fast.cooccurrence_counts` gives the same numbers in a
               sparse matrix.
    raises   : as `cooccurrence_dict`, and ValueError for an id outside 0 ... size - 1.

    >>> cooccurrence_counts([0, 1, 2, 1], 3, window=2)
    array([[0., 1., 1.],
           [1., 2., 2.],
           [1., 2., 0.]])
    >>> cooccurrence_counts([0, 1, 2, 1], 3, window=2, weighting="harmonic")
    array([[0. , 1. , 0.5],
           [1. , 1. , 2. ],
           [0.5, 2. , 0. ]])
    """
    ids, window, offsets = require_corpus("cooccurrence_counts", ids, size, window, offsets)
    require_weighting("cooccurrence_counts", weighting)
    matrix = np.zeros((size, size))
    for (word, context), weight in cooccurrence_dict(
        ids, window, offsets=offsets, weighting=weighting
    ).items():
        matrix[word, context] = weight
    return matrix


# ---------------------------------------------------------------------------------------- weighting


def pmi(counts: ArrayLike, *, smoothing: float = 1.0) -> FloatArray:
    """Pointwise mutual information of every word with every context.

    PMI(w, c) = ln( P(w, c) / (P(w) P(c)) ), with P(w, c) = C[w, c] / sum of C,
    P(w) and P(c) the sums of its rows and columns. It is 0 where the pair meets
    as often as chance would have it.

    With smoothing a < 1, P(c) becomes (sum of column c)^a, divided by the sum
    of these powers over all columns. Rare contexts get a larger share than
    they have, so their PMI falls; the PMI of the most frequent ones rises.
    Only the context is smoothed, so the result is not symmetric even where C
    is.

    counts   : (words, contexts) non-negative numbers, usually a co-occurrence
               matrix.
    smoothing: the exponent a, above 0 and at most 1; 1 for none. Levy et al.
               advise 0.75.
    returns  : (words, contexts) float64, in nats. A pair that never met gets
               -inf. A row or column that was never seen gets 0: nothing was
               observed, so nothing speaks for or against.
    raises   : ValueError if counts is not 2-D or holds a negative or non-finite
               number, or smoothing is out of range.

    >>> pmi([[4, 0], [2, 2]]).round(3)
    array([[ 0.288,   -inf],
           [-0.405,  0.693]])
    >>> pmi([[4, 0], [2, 2]], smoothing=0.5).round(3)
    array([[ 0.456,   -inf],
           [-0.237,  0.312]])

    Church & Hanks (1990), in bits. Smoothing: Levy, Goldberg & Dagan (2015),
    eq. 3.
    """
    counts = require_counts("pmi", counts)
    require_smoothing("pmi", smoothing)
    # Dividing by zero is harmless here: it happens in rows and columns that
    # are overwritten below, and in ln 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        joint = counts / counts.sum()
        word = joint.sum(axis=1)
        context = joint.sum(axis=0) ** smoothing
        context /= context.sum()
        information = np.log(joint / np.outer(word, context))
    information[counts.sum(axis=1) == 0, :] = 0.0
    information[:, counts.sum(axis=0) == 0] = 0.0
    return information


def ppmi(counts: ArrayLike, *, smoothing: float = 1.0, shift: float = 1.0) -> FloatArray:
    """Positive PMI: what is left of PMI - ln(shift) above 0.

    PPMI(w, c) = max(0, PMI(w, c) - ln k). Pairs that never met go from -inf to
    0, so the matrix is as sparse as the counts or sparser. PMI - ln k, before
    the cut, is the matrix that skip-gram with k negative samples factors when
    its dimension is large enough.

    counts   : (words, contexts) non-negative numbers.
    smoothing: exponent on the contexts' frequencies, above 0 and at most 1, as
               in `pmi`.
    shift    : k, at least 1 (below, pairs that chance explains would come out
               positive); 1 for none.
    returns  : (words, contexts) float64, in nats, non-negative. Rows and
               columns never seen are 0.
    raises   : ValueError as `pmi`, and for a shift below 1.

    >>> ppmi([[4, 0], [2, 2]]).round(3)
    array([[0.288, 0.   ],
           [0.   , 0.693]])
    >>> ppmi([[4, 0], [2, 2]], shift=1.5).round(3)
    array([[0.   , 0.   ],
           [0.   , 0.288]])

    Bullinaria & Levy (2007); Turney & Pantel (2010), section 4.2; shift: Levy &
    Goldberg (2014), section 3.3.
    """
    counts = require_counts("ppmi", counts)
    require_smoothing("ppmi", smoothing)
    require_shift("ppmi", shift)
    information = pmi(counts, smoothing=smoothing)
    return np.maximum(information - np.log(shift), 0.0)


# ---------------------------------------------------------------------------------------- factoring


def truncated_svd(matrix: ArrayLike, dim: int, *, eigenvalue_power: float = 1.0) -> FloatArray:
    """Word vectors from the largest singular values: the rows of U_d S_d^p.

    The matrix is U S Q^T. Of all matrices of rank at most d, U_d S_d Q_d^T has
    the least squared error, the sum of the squared singular values left out
    (Eckart & Young). With p = 1 the dot products of the rows of U_d S_d are
    those of the rows of that best approximation. With p = 1/2 or 0 the leading
    directions weigh less; neither is optimal in the least-squares sense.

    Singular vectors are determined up to their sign. Here, in each column, the
    entry of largest magnitude is positive; see `fix_signs`. Columns whose
    singular value is 0 up to rounding are 0, whatever the power: they carry
    nothing. So are rows of a word without contexts. (Equal singular values
    leave more than the sign open: their columns may be rotated among
    themselves.)

    matrix          : (words, contexts) finite numbers.
    dim             : d, from 1 to the smaller side of the matrix.
    eigenvalue_power: p, at least 0.
    returns         : (words, dim) float64, largest singular value first. With
                      p = 1, column i has norm S_i.
    raises          : ValueError for a matrix that is not 2-D or not finite, a
                      dim or a power out of range; TypeError if dim is not an
                      integer.

    >>> truncated_svd([[3, 0], [0, -2]], 2)
    array([[3., 0.],
           [0., 2.]])
    >>> truncated_svd([[4, 0], [0, 9]], 1, eigenvalue_power=0.5)
    array([[0.],
           [3.]])

    Eckart & Young (1936); LSA: Deerwester et al. (1990); the power p: Caron
    (2001), Levy, Goldberg & Dagan (2015), section 3.3. scikit-learn's
    `TruncatedSVD` has p = 1 and another rule for the signs.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"truncated_svd: matrix must be 2-D, got shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(
            "truncated_svd: matrix must be finite; PMI holds -inf for pairs "
            "that never met, PPMI does not"
        )
    require_dim("truncated_svd", dim, matrix.shape)
    require_power("truncated_svd", eigenvalue_power)
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    left[~matrix.any(axis=1)] = 0.0  # where there is nothing: not rounding
    return scale(left[:, :dim], singular[:dim], matrix.shape, eigenvalue_power)


def scale(
    left: FloatArray, singular: FloatArray, shape: tuple[int, ...], eigenvalue_power: float
) -> FloatArray:
    """U_d S_d^p with the signs fixed, and 0 in the columns whose singular value is 0 up to
    rounding.

    left    : (words, dim) left singular vectors, singular: (dim,) singular values, largest first.
    shape   : the shape of the matrix they come from; rounding grows with it, as in
              `numpy.linalg.matrix_rank`.
    returns : (words, dim) float64.

    >>> scale(np.array([[-1.0, 0.0], [0.0, 1.0]]), np.array([4.0, 1e-20]), (2, 2), 0.5)
    array([[2., 0.],
           [0., 0.]])
    """
    tolerance = singular[0] * max(shape) * np.finfo(np.float64).eps
    weights = np.where(singular > tolerance, singular**eigenvalue_power, 0.0)
    return fix_signs(left) * weights + 0.0  # -0.0 becomes 0.0


def fix_signs(vectors: FloatArray) -> FloatArray:
    """Each column, or its negative: the one whose entry of largest magnitude is positive.

    Among entries of equal magnitude the first decides. Equal means within a millionth: a solver's
    rounding must not choose between x and -x.

    vectors: (rows, columns) floats.
    returns: an array of the same shape.

    >>> fix_signs(np.array([[0.6, -1.0], [-0.8, 1.0]]))
    array([[-0.6,  1. ],
           [ 0.8, -1. ]])
    """
    magnitude = np.abs(vectors)
    decisive = np.argmax(magnitude >= (1 - 1e-6) * magnitude.max(axis=0), axis=0)
    return vectors * np.where(vectors[decisive, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)


# -------------------------------------------------------------------------- what the inputs must be


def require_corpus(
    function: str, ids: ArrayLike, size: int, window: int, offsets: ArrayLike | None
) -> tuple[np.ndarray, int, np.ndarray]:
    """ids, window and offsets as checked arrays, or an error that begins with the name of the
    function.

    >>> require_corpus("count", [0, 7], 3, 2, None)
    Traceback (most recent call last):
    ValueError: count: ids must lie between 0 and 2, got 7 at position 1
    """
    ids, window, offsets = require_stream(function, ids, window, offsets)
    size = require_whole(function, "size", size, least=0)
    require_ids(function, "ids", ids, size, dtype=None)
    return ids, window, offsets


def require_weighting(function: str, weighting: str) -> None:
    """
    >>> require_weighting("count", "linear")
    Traceback (most recent call last):
    ValueError: count: weighting must be 'flat' or 'harmonic', got 'linear'
    """
    require_choice(function, "weighting", weighting, Weighting)


def require_counts(function: str, counts: ArrayLike) -> FloatArray:
    """
    >>> require_counts("pmi", [[1, -2]])
    Traceback (most recent call last):
    ValueError: pmi: counts must be finite and not negative, got -2.0 in row 0, column 1
    """
    return require_floats(function, "counts", counts, "(words, contexts)", least=0)


def require_smoothing(function: str, smoothing: float) -> None:
    """
    >>> require_smoothing("pmi", 0)
    Traceback (most recent call last):
    ValueError: pmi: smoothing must be above 0 and at most 1, got 0
    """
    require_number(function, "smoothing", smoothing, above=0, most=1)


def require_shift(function: str, shift: float) -> None:
    """
    >>> require_shift("ppmi", 0.5)
    Traceback (most recent call last):
    ValueError: ppmi: shift must be finite and at least 1, got 0.5
    """
    require_number(function, "shift", shift, least=1)


def require_dim(function: str, dim: int, shape: tuple[int, ...]) -> None:
    """
    >>> require_dim("truncated_svd", 4, (3, 5))
    Traceback (most recent call last):
    ValueError: truncated_svd: dim must lie from 1 to the smaller side of the matrix (3, 5), got 4
    """
    dim = require_whole(function, "dim", dim)
    if not 1 <= dim <= min(shape):
        raise ValueError(
            f"{function}: dim must lie from 1 to the smaller side of the matrix {shape}, got {dim}"
        )


def require_power(function: str, eigenvalue_power: float) -> None:
    """
    >>> require_power("truncated_svd", -1)
    Traceback (most recent call last):
    ValueError: truncated_svd: eigenvalue_power must be finite and not negative, got -1
    """
    require_number(function, "eigenvalue_power", eigenvalue_power, least=0)
