"""TF-IDF and BM25: the definitions, in NumPy and float64.

A document is a row of counts. Weighting changes the numbers in the row, ranking compares rows, and
evaluation asks where the right row came out. The functions below follow that order.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from numbers import Integral
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import (
    require_choice,
    require_floats,
    require_ids,
    require_number,
    require_series,
    require_text,
    require_tokens,
    require_whole,
)
from embcourse.text import Vocabulary

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TERM_FREQUENCIES = ("relative", "raw", "log", "augmented")
VARIANTS = ("textbook", "scikit-learn")
K1, B = 1.2, 0.75  # of BM25, where nobody says otherwise

_SCIKIT_LEARN_TOKEN = re.compile(r"(?u)\b\w\w+\b")


# ----------------------------------------------------------------------------------------- counting


def scikit_learn_tokens(text: str) -> list[str]:
    r"""Tokens as `TfidfVectorizer` cuts them by default: lower case, runs of at least two word
    characters.

    text   : any string.
    returns: list of strings, in order.

    >>> scikit_learn_tokens("I am a man's man")
    ['am', 'man', 'man']

    scikit-learn: `token_pattern=r"(?u)\b\w\w+\b"`. `embcourse.text.tokenize` keeps "i", "a" and
    "man's".
    """
    return _SCIKIT_LEARN_TOKEN.findall(require_text("scikit_learn_tokens", "text", text).lower())


@overload
def count_matrix(
    documents: Iterable[Sequence[str]], vocabulary: Vocabulary | Sequence[str]
) -> IntArray: ...


@overload
def count_matrix(documents: Iterable[Sequence[int]], vocabulary: int) -> IntArray: ...


def count_matrix(
    documents: Iterable[Sequence[Any]], vocabulary: Vocabulary | Sequence[str] | int
) -> IntArray:
    """How often every term stands in every document.

    documents : token lists; or, where `vocabulary` is a number, lists of term ids.
    vocabulary: a `Vocabulary` (its policy decides what happens to an unknown token), the list of
                tokens that name the columns (an unknown token raises), or the number of terms.
    returns   : (documents, terms) int64. Order inside a document is lost: this is the bag of words.
    raises    : TypeError if a document is a string (tokenise it first) or ids are not integers;
                ValueError for an id outside 0 ... terms - 1; KeyError, from the vocabulary, for an
                unknown token.

    >>> count_matrix([["the", "cat", "the"], [], ["cat"]], ["the", "cat"])
    array([[2, 1],
           [0, 0],
           [0, 1]])
    >>> count_matrix([[0, 1, 0], [], [1]], 2)
    array([[2, 1],
           [0, 0],
           [0, 1]])

    Salton, Wong & Yang (1975). scikit-learn: `CountVectorizer`.
    """
    if isinstance(vocabulary, Integral):
        vocabulary = require_whole("count_matrix", "vocabulary", vocabulary, least=0)
    elif not isinstance(vocabulary, Vocabulary):
        vocabulary = Vocabulary(require_tokens("count_matrix", "vocabulary", vocabulary))
    terms = len(vocabulary) if isinstance(vocabulary, Vocabulary) else vocabulary
    documents = list(require_series("count_matrix", "documents", documents, "documents"))
    counts = np.zeros((len(documents), terms), dtype=np.int64)
    for row, document in enumerate(documents):
        name = f"document {row}"
        if isinstance(vocabulary, Vocabulary):
            ids = vocabulary.encode(require_tokens("count_matrix", name, document))
        else:
            ids = require_ids("count_matrix", name, document, terms)
        for term in ids:
            counts[row, term] += 1
    return counts


def require_counts(function: str, counts: ArrayLike, *, documents: int = 0) -> FloatArray:
    """`counts` as a float64 matrix, or an error that begins with the name of the function that
    needs it.

    counts   : (documents, terms) array of non-negative, finite numbers.
    documents: the least number of rows that make sense to the caller.
    returns  : (documents, terms) float64; never the caller's own array.
    raises   : ValueError if counts is not 2-D, has too few rows, or holds a negative or non-finite
               number.

    >>> require_counts("idf", [[1, -2]])
    Traceback (most recent call last):
    ValueError: idf: counts must be finite and not negative, got -2.0 in row 0, column 1
    """
    shape = "(documents, terms)"
    matrix = require_floats(function, "counts", counts, shape, least=0).copy()
    if len(matrix) < documents:
        raise ValueError(
            f"{function}: counts must hold at least {documents} document, got shape {matrix.shape}"
        )
    return matrix


def require_variant(function: str, variant: str) -> None:
    """Raise ValueError unless `variant` is one of `VARIANTS`; the message begins with the name of
    the function.

    >>> require_variant("tfidf", "sklearn")
    Traceback (most recent call last):
    ValueError: tfidf: variant must be 'textbook' or 'scikit-learn', got 'sklearn'
    """
    require_choice(function, "variant", variant, VARIANTS)


def require_bm25_parameters(function: str, k1: float, b: float) -> None:
    """Raise ValueError unless k1 is finite and at least 0, and b lies in [0, 1].

    >>> require_bm25_parameters("Bm25Index", 1.2, 75)
    Traceback (most recent call last):
    ValueError: Bm25Index: b must lie between 0 and 1, got 75
    """
    require_number(function, "k1", k1, least=0)
    require_number(function, "b", b, least=0, most=1)


# ---------------------------------------------------------------------------------------- weighting


def term_frequency(counts: ArrayLike, variant: str = "relative") -> FloatArray:
    """Weight of a term inside its own document.

    "relative" : count / number of tokens in the document. An empty document gets zeros.
    "raw"      : count.
    "log"      : 1 + ln(count) for a count above 0. Ten occurrences are not ten times as telling as
    one. "augmented": 0.5 + 0.5 count / (largest count in the document) for a count above 0.

    In every variant an absent term weighs 0, so the matrix stays as sparse as the counts. (Some
    texts print 0.5 for an absent term in "augmented"; with that reading every row is full.)

    counts : (documents, terms) array of non-negative counts.
    returns: (documents, terms) float64.
    raises : ValueError for a bad matrix or an unknown variant.

    >>> term_frequency([[3, 1, 0], [0, 0, 0]])
    array([[0.75, 0.25, 0.  ],
           [0.  , 0.  , 0.  ]])
    >>> term_frequency([[3, 1, 0]], "log").round(3)
    array([[2.099, 1.   , 0.   ]])
    >>> term_frequency([[3, 1, 0]], "augmented").round(3)
    array([[1.   , 0.667, 0.   ]])

    Salton & Buckley (1988), table 1, has "raw" and "augmented"; Manning, Raghavan & Schütze (2008),
    figure 6.15, has "log" as well. scikit-learn counts raw, and `sublinear_tf=True` is "log".
    """
    counts = require_counts("term_frequency", counts)
    require_choice("term_frequency", "variant", variant, TERM_FREQUENCIES)
    present = counts > 0
    if variant == "raw":
        return counts
    if variant == "relative":
        length = counts.sum(axis=1, keepdims=True)
        return np.divide(counts, length, out=np.zeros_like(counts), where=length > 0)
    if variant == "log":
        return np.where(present, 1 + np.log(counts, out=np.zeros_like(counts), where=present), 0.0)
    largest = counts.max(axis=1, keepdims=True, initial=0)
    return np.where(present, 0.5 + 0.5 * counts / np.where(largest > 0, largest, 1.0), 0.0)


def idf(counts: ArrayLike) -> FloatArray:
    """Inverse document frequency of every term.

    idf(t) = ln(N / df(t)), where df(t) is the number of documents that
    contain t at least once.

    counts : (documents, terms) array of non-negative counts.
    returns: (terms,) float64, in nats. A term in every document gets 0; a term
             in none gets inf.
    raises : ValueError if counts is not 2-D, has no document, or holds a
             negative or non-finite number.

    >>> idf([[2, 1, 0], [1, 0, 0]]).round(3)
    array([0.   , 0.693,   inf])

    The idea is that of Spärck Jones (1972), who took the logarithm to base 2,
    rounded up, and added 1; Robertson (2004) traces the form used here.
    scikit-learn smooths and adds 1: see `smooth_idf`.
    """
    counts = require_counts("idf", counts, documents=1)
    documents = counts.shape[0]
    containing = (counts > 0).sum(axis=0)  # documents, not occurrences
    with np.errstate(divide="ignore"):
        return np.log(documents / containing)


def smooth_idf(counts: ArrayLike) -> FloatArray:
    """Inverse document frequency as scikit-learn computes it.

    idf(t) = ln((1 + N) / (1 + df(t))) + 1. The ones inside act like one more document that contains
    every term, so nothing is infinite. The one outside keeps a term that stands in every document
    at weight 1 instead of 0.

    counts : (documents, terms) array of non-negative counts.
    returns: (terms,) float64, in nats, at least 1.
    raises : ValueError if counts is not 2-D, has no document, or holds a negative or non-finite
             number.

    >>> smooth_idf([[2, 1, 0], [1, 0, 0]]).round(3)
    array([1.   , 1.405, 2.099])

    scikit-learn: `TfidfTransformer(smooth_idf=True)`, its default.
    """
    counts = require_counts("smooth_idf", counts, documents=1)
    documents = counts.shape[0]
    containing = (counts > 0).sum(axis=0)
    return np.log((1 + documents) / (1 + containing)) + 1


def tfidf(counts: ArrayLike, variant: str = "textbook") -> FloatArray:
    """Term frequency times inverse document frequency.

    "textbook"    : relative term frequency times `idf`. A term in no document
                    has tf 0 and idf inf; its weight is 0.
    "scikit-learn": raw count times `smooth_idf`, then every row scaled to
                    length 1.

    counts : (documents, terms) array of non-negative counts.
    returns: (documents, terms) float64.
    raises : ValueError for a bad matrix, no document, or an unknown variant.

    >>> counts = [[2, 1, 0], [1, 0, 0]]
    >>> tfidf(counts).round(3)
    array([[0.   , 0.231, 0.   ],
           [0.   , 0.   , 0.   ]])
    >>> tfidf(counts, "scikit-learn").round(3)
    array([[0.818, 0.575, 0.   ],
           [1.   , 0.   , 0.   ]])

    Salton & Buckley (1988) for the product. scikit-learn: `TfidfTransformer`,
    to 1e-12.
    """
    require_variant("tfidf", variant)
    counts = require_counts("tfidf", counts, documents=1)
    if variant == "scikit-learn":
        return l2_normalise(counts * smooth_idf(counts))
    tf = term_frequency(counts, "relative")
    # where tf is 0 the weight is 0, also where idf is inf
    return np.multiply(tf, idf(counts), out=np.zeros_like(tf), where=tf > 0)


def l2_normalise(rows: ArrayLike) -> FloatArray:
    """Every row scaled to Euclidean length 1; a row of zeros stays zero.

    rows   : (rows, columns) array of finite numbers.
    returns: (rows, columns) float64.
    raises : ValueError if rows is not 2-D or holds a non-finite number.

    >>> l2_normalise([[3, 4], [0, 0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    rows = require_floats("l2_normalise", "rows", rows, "(rows, columns)")
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    # squares neither over- nor underflow
    rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def cosine_similarity(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Cosine of the angle between every row of a and every row of b.

    a      : (m, d) array of finite numbers.
    b      : (n, d) array of finite numbers.
    returns: (m, n) float64 in [-1, 1] up to rounding. A row of zeros has no direction; its cosines
             are 0.
    raises : ValueError if a or b is not 2-D, holds a non-finite number, or d differs.

    >>> cosine_similarity([[1, 0], [1, 1]], [[2, 0], [0, 0]]).round(3)
    array([[1.   , 0.   ],
           [0.707, 0.   ]])
    """
    a = require_floats("cosine_similarity", "a", a, "(rows, columns)")
    b = require_floats("cosine_similarity", "b", b, "(rows, columns)")
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"cosine_similarity: rows of a have {a.shape[1]} columns but rows of b have"
            f" {b.shape[1]}. Got a {a.shape}, b {b.shape}"
        )
    return l2_normalise(a) @ l2_normalise(b).T


# --------------------------------------------------------------------------------------------- BM25


def bm25_idf(counts: ArrayLike) -> FloatArray:
    """The inverse document frequency inside BM25.

    idf(t) = ln(1 + (N - df(t) + 0.5) / (df(t) + 0.5)). The fraction is the Robertson-Spärck Jones
    weight without relevance information: the odds that a document lacks t. The 1 before it is
    Lucene's: without it the logarithm turns negative for a term in more than half of the documents,
    and a document would lose by containing it.

    counts : (documents, terms) array of non-negative counts.
    returns: (terms,) float64, in nats, above 0.
    raises : ValueError if counts is not 2-D, has no document, or holds a negative or non-finite
             number.

    >>> bm25_idf([[2, 1, 0], [1, 0, 0]]).round(3)
    array([0.182, 0.693, 1.792])

    Robertson & Zaragoza (2009); the 1 is in Lucene's `BM25Similarity`.
    """
    counts = require_counts("bm25_idf", counts, documents=1)
    documents = counts.shape[0]
    containing = (counts > 0).sum(axis=0)
    return np.log1p((documents - containing + 0.5) / (containing + 0.5))


def bm25_weights(counts: ArrayLike, k1: float = K1, b: float = B) -> FloatArray:
    """What a term of the query adds to the score of a document, each time.

    weight(d, t) = idf(t) * tf (k1 + 1) / (tf + k1 * norm(d)), with `bm25_idf`,
    norm(d) = 1 - b + b * length(d) / mean length, and tf the count of t in d.

    k1 sets how soon repeats stop helping: at 0 the second occurrence adds
    nothing, for k1 -> inf the weight grows in proportion to tf. b sets how much
    a long document pays for its length: not at all at 0, in full at 1.

    counts : (documents, terms) array of non-negative counts.
    returns: (documents, terms) float64, 0 wherever the count is 0.
    raises : ValueError for a bad matrix, no document, k1 < 0, or b outside
             [0, 1].

    >>> bm25_weights([[2, 1, 0], [1, 0, 0]]).round(3)
    array([[0.22 , 0.575, 0.   ],
           [0.229, 0.   , 0.   ]])

    Robertson et al. (1994); Robertson & Zaragoza (2009). The factor k1 + 1,
    which makes the weight idf(t) for a term that stands once in a document of
    mean length, changes no ranking; Lucene leaves it out since version 8.
    """
    require_bm25_parameters("bm25_weights", k1, b)
    counts = require_counts("bm25_weights", counts, documents=1)
    length = counts.sum(axis=1, keepdims=True)
    mean_length = length.mean() or 1.0  # 0 if all documents are empty
    below = counts + k1 * (1 - b + b * length / mean_length)
    saturated = np.zeros_like(counts)  # an absent term adds nothing
    np.divide(counts * (k1 + 1), below, out=saturated, where=counts > 0)
    return bm25_idf(counts) * saturated


def bm25(counts: ArrayLike, query_counts: ArrayLike, k1: float = K1, b: float = B) -> FloatArray:
    """BM25 score of every document for a query, or for several.

    score(q, d) = sum over terms t of count(t in q) * weight(d, t), with `bm25_weights`.

    counts      : (documents, terms) array of non-negative counts.
    query_counts: (terms,) or (queries, terms) array of non-negative counts.
    returns     : (documents,) or (queries, documents) float64. Not bounded by 1, and not comparable
                  across queries.
    raises      : ValueError for a bad matrix, no document, k1 < 0, b outside [0, 1], or a differing
                  number of terms.

    >>> bm25([[2, 1, 0], [1, 0, 0]], [1, 1, 0]).round(3)
    array([0.795, 0.229])

    Robertson & Zaragoza (2009). A query term that is asked for twice counts twice, as in Lucene.
    """
    weights = bm25_weights(counts, k1, b)
    query = require_floats("bm25", "query_counts", query_counts, "(..., terms)", least=0)
    if query.ndim not in (1, 2) or query.shape[-1] != weights.shape[1]:
        raise ValueError(
            "bm25: query_counts must have shape (terms,) or (queries, terms) with terms ="
            f" {weights.shape[1]}, as in counts {weights.shape}, got shape {query.shape}"
        )
    return query @ weights.T


# --------------------------------------------------------------------------------------- evaluation


def rank(scores: ArrayLike) -> IntArray:
    """Document indices, best score first. Of equal scores the lower index comes first.

    scores : (documents,) or (queries, documents) array without NaN.
    returns: the same shape, int64.
    raises : ValueError if scores is a scalar or holds NaN.

    >>> rank([0.2, 0.9, 0.2, 0.5])
    array([1, 3, 0, 2])
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim == 0:
        raise ValueError(
            "rank: scores must have shape (documents,) or (queries, documents), got a scalar"
        )
    if np.isnan(scores).any():
        raise ValueError("rank: scores must not hold NaN, which has no place in an order")
    # reversing an ascending order would reverse ties too
    return np.argsort(-scores, axis=-1, kind="stable")


def reciprocal_rank(ranking: Sequence[int], relevant: Collection[int]) -> float:
    """1 / position of the first relevant document, counting from 1; 0 if the ranking holds none.

    ranking : document indices, best first.
    relevant: indices of the relevant documents, at least one.
    raises  : ValueError if nothing is relevant: no ranking could find it.

    >>> reciprocal_rank([7, 3, 5], {5, 3})
    0.5
    >>> reciprocal_rank([7, 3, 5], {1})
    0.0
    """
    relevant = _require_relevant("reciprocal_rank", relevant)
    for position, document in enumerate(ranking, start=1):
        if int(document) in relevant:
            return 1 / position
    return 0.0


def mean_reciprocal_rank(
    rankings: Sequence[Sequence[int]], relevant: Sequence[Collection[int]]
) -> float:
    """Mean of `reciprocal_rank` over the queries (MRR).

    rankings: one ranking per query.
    relevant: the relevant documents of each query.
    raises  : ValueError without a query, for differing lengths, or for a query without a relevant
              document.

    >>> mean_reciprocal_rank([[7, 3], [3, 7]], [{7}, {7}])
    0.75

    Voorhees (1999).
    """
    if len(rankings) == 0:
        raise ValueError("mean_reciprocal_rank: rankings must hold at least one query, got none")
    if len(rankings) != len(relevant):
        raise ValueError(
            "mean_reciprocal_rank: rankings and relevant must have one entry per query, "
            f"got {len(rankings)} and {len(relevant)}"
        )
    return float(np.mean([reciprocal_rank(*pair) for pair in zip(rankings, relevant, strict=True)]))


def recall_at_k(ranking: Sequence[int], relevant: Collection[int], k: int) -> float:
    """Share of the relevant documents that stand among the first k.

    ranking : document indices, best first.
    relevant: indices of the relevant documents, at least one.
    k       : how far down the reader looks, at least 1.
    returns : a number in [0, 1]. With one relevant document it is 1 or 0: found, or not.
    raises  : ValueError if nothing is relevant or k < 1.

    >>> recall_at_k([7, 3, 5, 1], {5, 3, 9, 8}, k=3)
    0.5
    """
    relevant = _require_relevant("recall_at_k", relevant)
    k = require_whole("recall_at_k", "k", k, least=1)
    found = relevant.intersection(int(document) for document in ranking[:k])
    return len(found) / len(relevant)


def _require_relevant(function: str, relevant: Collection[int]) -> set[int]:
    relevant = {int(document) for document in relevant}
    if not relevant:
        raise ValueError(f"{function}: relevant must name at least one document, got none")
    return relevant


def bootstrap_interval(
    values: ArrayLike, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean: how far it would move with other queries from the
    same source.

    Draw as many values as there are, with replacement, and take the mean; repeat; cut off the same
    share at both ends.

    values   : (n,) finite numbers, one per query: reciprocal ranks, or zeros and ones.
    level    : share of the resampled means inside the interval, between 0 and 1.
    resamples: number of resampled means.
    seed     : of `numpy.random.default_rng`.
    returns  : (low, high).
    raises   : ValueError for no value, a wrong shape, a non-finite value, a level outside (0, 1),
               or resamples < 1.

    >>> low, high = bootstrap_interval([0, 1, 1, 1] * 25)
    >>> round(low, 2), round(high, 2)
    (0.66, 0.83)

    Efron (1979). `scipy.stats.bootstrap(..., method="percentile")` is the general tool.
    """
    values = require_floats("bootstrap_interval", "values", values, "(n,)", filled=True)
    level = require_number("bootstrap_interval", "level", level, above=0, below=1)
    resamples = require_whole("bootstrap_interval", "resamples", resamples, least=1)
    rng = np.random.default_rng(seed)
    # one resample in memory at a time
    means = [rng.choice(values, size=values.size).mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
