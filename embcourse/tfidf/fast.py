"""TF-IDF and BM25 on real text: sparse matrices from raw strings, and ranking through an inverted
index.

Counting has two ways in. `count_terms` takes the lists of any tokeniser and looks every token up
once in a dictionary that hands out ids as it grows, all in C (`map`, `chain`, `fromiter`).
`count_words` knows what a word is (a run of word characters, as for scikit-learn) and reads the
text itself: one compiled pass over the code points finds each word and its id in a hash table, and
a Python string is made once per distinct word, not once per occurrence.

Ranking: a query scores all documents at once by walking the postings of its terms, the list of
documents that hold the term, and adding into one array of scores. That array is reused, so memory
stays at one float per document and thread, however many queries there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from embcourse.arguments import require_ids, require_offsets, require_whole
from embcourse.compiling import cached_njit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# one task reuses one array of scores; many small tasks keep all threads busy to the end
_QUERIES_PER_TASK = 64
_SCAN = 128  # documents that top-k selection may skip at once


# ----------------------------------------------------------------------------------------- counting


class TermCounts(NamedTuple):
    """The names of the columns, sorted by code point, and the count matrix."""

    terms: list[str]
    counts: csr_array


def count_terms(token_lists: Iterable[Sequence[str]]) -> TermCounts:
    """Count matrix and sorted vocabulary from tokenised documents, in one pass.

    token_lists: one list of tokens per document; an iterator will do.
    returns    : terms, sorted by code point, and counts, (documents, terms) CSR float64 with sorted
                 column indices.
    raises     : TypeError if a document is a string.

    >>> terms, counts = count_terms([["the", "cat", "the"], [], ["a", "cat"]])
    >>> terms
    ['a', 'cat', 'the']
    >>> counts.toarray()
    array([[0., 1., 2.],
           [0., 0., 0.],
           [1., 1., 0.]])
    """
    token_lists = list(token_lists)
    for row, tokens in enumerate(token_lists):
        if isinstance(tokens, str):
            raise TypeError(
                f"count_terms: document {row} must be a list of tokens, got the string"
                f" {tokens[:40]!r}"
            )
    offsets = np.zeros(len(token_lists) + 1, dtype=np.int64)
    np.cumsum(
        np.fromiter(map(len, token_lists), dtype=np.int64, count=len(token_lists)), out=offsets[1:]
    )
    found: defaultdict[str, int] = defaultdict()
    # a new token gets the next free id, without a Python-level branch
    found.default_factory = found.__len__
    ids = np.fromiter(
        map(found.__getitem__, chain.from_iterable(token_lists)),
        dtype=np.int32,
        count=int(offsets[-1]),
    )
    terms = sorted(found)
    column = np.empty(len(terms), dtype=np.int32)
    column[[found[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
    return TermCounts(terms, counts_from_ids(column[ids], offsets, len(terms)))


def count_words(texts: Sequence[str], minimum_length: int = 2) -> TermCounts:
    """Count matrix straight from strings: what `CountVectorizer()` gives, several times faster.

    A word is a longest run of word characters (letters, digits, underscore: what `\\w` matches) in
    the lower-cased text.

    texts         : one string per document.
    minimum_length: shorter words are left out. At 2 the words are those of
                    `reference.scikit_learn_tokens`.
    returns       : terms, sorted by code point, and counts, (documents, terms) CSR float64 with
                    sorted column indices.
    raises        : TypeError if texts is one string or holds something else than strings;
                    ValueError for minimum_length < 1.

    >>> terms, counts = count_words(["I am a man's man", "", "Am I?"])
    >>> terms
    ['am', 'man']
    >>> counts.toarray()
    array([[1., 2.],
           [0., 0.],
           [1., 0.]])
    """
    minimum_length = require_whole("count_words", "minimum_length", minimum_length, least=1)
    if isinstance(texts, str):
        raise TypeError("count_words: texts must be a sequence of strings, got one str")
    texts = list(texts)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"count_words: document {row} must be a str, got {type(text).__name__}")
    lowered = [text.lower() for text in texts]
    joined = "\n".join(lowered)  # the line feed ends a word that ends a document
    ends = np.cumsum(np.fromiter(map(len, lowered), np.int64, len(lowered)) + 1)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ids, offsets, starts, lengths = _intern_words(
        codes, _word_characters(codes), ends, minimum_length
    )
    words = [
        joined[start : start + length]
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]
    order = sorted(range(len(words)), key=words.__getitem__)
    column = np.empty(len(words), dtype=np.int32)
    column[order] = np.arange(len(words), dtype=np.int32)
    return TermCounts([words[i] for i in order], counts_from_ids(column[ids], offsets, len(words)))


def _word_characters(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """For every code point up to the largest in the text, whether `\\w` matches it."""
    present = np.flatnonzero(np.bincount(codes))
    table = np.zeros(present.max(initial=0) + 1, dtype=np.bool_)
    table[[code for code in present.tolist() if chr(code).isalnum() or chr(code) == "_"]] = True
    return table


@cached_njit(nogil=True)
def _intern_words(codes, is_word, ends, minimum_length):
    """Ids of all words in order of appearance, where each document's ids begin, and where each new
    word stands."""
    # a word and the sign that ends it
    ids = np.empty(len(codes) // (minimum_length + 1) + 1, dtype=np.int32)
    offsets = np.zeros(len(ends) + 1, dtype=np.int64)
    slots = np.full(1 << 12, -1, dtype=np.int32)  # open addressing, linear probing
    room = 1 << 10
    starts = np.empty(room, dtype=np.int64)
    lengths = np.empty(room, dtype=np.int64)
    hashes = np.empty(room, dtype=np.uint64)
    found = 0
    tokens = 0
    position = 0
    for document in range(len(ends)):
        end = ends[document] - 1
        while position < end:
            if not is_word[codes[position]]:
                position += 1
                continue
            start = position
            code_hash = np.uint64(14695981039346656037)
            while position < end and is_word[codes[position]]:
                code_hash = (code_hash ^ np.uint64(codes[position])) * np.uint64(1099511628211)
                position += 1
            length = position - start
            if length < minimum_length:
                continue
            # FNV-1a leaves its best bits on top; fold them down to where the mask looks.
            slot = (code_hash ^ (code_hash >> np.uint64(32))) & np.uint64(len(slots) - 1)
            while slots[slot] >= 0:
                word = slots[slot]
                if hashes[word] == code_hash and lengths[word] == length:
                    i = 0
                    while i < length and codes[starts[word] + i] == codes[start + i]:
                        i += 1
                    if i == length:  # equal hashes alone prove nothing
                        break
                slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
            if slots[slot] < 0:
                if found == room:
                    room *= 2
                    starts = np.append(starts, np.empty_like(starts))
                    lengths = np.append(lengths, np.empty_like(lengths))
                    hashes = np.append(hashes, np.empty_like(hashes))
                starts[found] = start
                lengths[found] = length
                hashes[found] = code_hash
                slots[slot] = found
                found += 1
                ids[tokens] = found - 1
                if 2 * found > len(slots):
                    slots = np.full(4 * len(slots), -1, dtype=np.int32)
                    for word in range(found):
                        slot = (hashes[word] ^ (hashes[word] >> np.uint64(32))) & np.uint64(
                            len(slots) - 1
                        )
                        while slots[slot] >= 0:
                            slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
                        slots[slot] = word
            else:
                ids[tokens] = slots[slot]
            tokens += 1
        position = end + 1
        offsets[document + 1] = tokens
    return ids[:tokens], offsets, starts[:found], lengths[:found]


def counts_from_ids(ids: ArrayLike, offsets: ArrayLike, terms: int) -> csr_array:
    """Count matrix from documents that are already ids.

    ids    : (tokens,) integers from 0 to terms - 1, all documents one after the other.
    offsets: (documents + 1,) integers; document i is ids[offsets[i]:offsets[i + 1]].
    terms  : number of columns.
    returns: (documents, terms) CSR float64 with sorted column indices.
    raises : ValueError for an id outside the range, or offsets that do not run from 0 to the number
             of tokens.

    >>> counts_from_ids([1, 0, 1, 1], [0, 3, 3, 4], terms=2).toarray()
    array([[1., 2.],
           [0., 0.],
           [0., 1.]])
    """
    terms = require_whole("counts_from_ids", "terms", terms, least=0)
    ids = require_ids("counts_from_ids", "ids", ids, terms, dtype=np.int32).copy()  # scipy sorts it
    offsets = require_offsets("counts_from_ids", offsets, ids.size).copy()
    counts = csr_array((np.ones(ids.size), ids, offsets), shape=(offsets.size - 1, terms))
    counts.sum_duplicates()
    return counts


# ---------------------------------------------------------------------------------------- weighting


def document_frequency(counts: csr_array) -> IntArray:
    """Number of documents that hold each term.

    counts : (documents, terms) CSR without stored zeros.
    returns: (terms,) int64.

    >>> document_frequency(csr_array([[2, 1], [1, 0]]))
    array([2, 1])
    """
    return np.bincount(counts.indices, minlength=counts.shape[1]).astype(np.int64)


def scale_columns(matrix: csr_array, factors: FloatArray) -> csr_array:
    """Every stored value times the factor of its column. Values that become 0 are dropped.

    matrix : (rows, columns) CSR.
    factors: (columns,) float64. A column without stored values may have any factor, inf too.
    returns: (rows, columns) CSR float64.

    >>> scale_columns(csr_array([[2.0, 1.0, 0.0]]), np.array([0.5, 0.0, np.inf])).toarray()
    array([[1., 0., 0.]])
    """
    scaled = csr_array(
        (matrix.data * factors[matrix.indices], matrix.indices, matrix.indptr),
        matrix.shape,
        copy=True,
    )
    scaled.eliminate_zeros()
    return scaled


def scale_rows(matrix: csr_array, factors: FloatArray) -> csr_array:
    """Every stored value times the factor of its row.

    matrix : (rows, columns) CSR.
    factors: (rows,) float64.
    returns: (rows, columns) CSR float64.

    >>> scale_rows(csr_array([[2.0, 1.0], [0.0, 4.0]]), np.array([0.5, 2.0])).toarray()
    array([[1. , 0.5],
           [0. , 8. ]])
    """
    values = matrix.data * np.repeat(factors, np.diff(matrix.indptr))
    return csr_array((values, matrix.indices, matrix.indptr), matrix.shape, copy=True)


def l2_normalise(matrix: csr_array) -> csr_array:
    """Every row scaled to Euclidean length 1; an empty row stays empty. Sparse twin of
    `reference.l2_normalise`.

    >>> l2_normalise(csr_array([[3.0, 4.0], [0.0, 0.0]])).toarray()
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    length = np.sqrt(np.bincount(_rows(matrix), weights=matrix.data**2, minlength=matrix.shape[0]))
    return scale_rows(matrix, np.divide(1.0, length, out=np.zeros_like(length), where=length > 0))


def relative_frequency(counts: csr_array) -> csr_array:
    """Count / number of tokens in the document. Sparse twin of `reference.term_frequency`.

    >>> relative_frequency(csr_array([[3.0, 1.0], [0.0, 0.0]])).toarray()
    array([[0.75, 0.25],
           [0.  , 0.  ]])
    """
    length = np.asarray(counts.sum(axis=1), dtype=np.float64)
    return scale_rows(counts, np.divide(1.0, length, out=np.zeros_like(length), where=length > 0))


def bm25_weights(
    counts: csr_array, idf: FloatArray, mean_length: float, k1: float, b: float
) -> csr_array:
    """BM25 weight of every term in every document. Sparse twin of `reference.bm25_weights`.

    counts     : (documents, terms) CSR float64.
    idf        : (terms,) float64 of the indexed collection.
    mean_length: mean number of tokens in a document of that collection, above 0.
    returns    : (documents, terms) CSR float64.

    >>> counts = csr_array([[2.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    >>> idf = np.array([0.1823, 0.6931, 1.7918])
    >>> bm25_weights(counts, idf, mean_length=2.0, k1=1.2, b=0.75).toarray().round(3)
    array([[0.22 , 0.575, 0.   ],
           [0.229, 0.   , 0.   ]])
    """
    length = np.asarray(counts.sum(axis=1), dtype=np.float64)
    damping = k1 * (1 - b + b * length / mean_length)
    saturated = counts.data * (k1 + 1) / (counts.data + np.repeat(damping, np.diff(counts.indptr)))
    return scale_columns(csr_array((saturated, counts.indices, counts.indptr), counts.shape), idf)


def _rows(matrix: csr_array) -> IntArray:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


# ------------------------------------------------------------------------------------------ ranking


class Postings(NamedTuple):
    """An inverted index: for every term the documents that hold it, ascending, and its weight
    there.

    Term t has documents[offsets[t]:offsets[t + 1]] and the weights beside them.
    """

    offsets: NDArray[np.int64]
    documents: NDArray[np.int32]
    weights: FloatArray
    n_documents: int


def postings(weights: csr_array) -> Postings:
    """Turn a document matrix into an inverted index: the same numbers, sorted by term.

    weights: (documents, terms) CSR.

    >>> index = postings(csr_array([[0.0, 2.0], [3.0, 1.0]]))
    >>> index.documents, index.weights
    (array([1, 0, 1], dtype=int32), array([3., 2., 1.]))
    """
    by_term = weights.tocsc()
    by_term.sort_indices()
    return Postings(
        by_term.indptr.astype(np.int64),
        by_term.indices.astype(np.int32),
        by_term.data.astype(np.float64),
        weights.shape[0],
    )


def top_k(queries: csr_array, index: Postings, k: int) -> tuple[IntArray, FloatArray]:
    """The k best documents of every query, by dot product. Of equal scores the lower document index
    comes first.

    Terms are added in the order in which the query stores them, so two documents with the same
    weights tie exactly.

    queries: (queries, terms) CSR.
    index  : from `postings`, with the same terms.
    k      : from 1 to the number of documents. Work per query grows with k: meant for tens, not
             thousands.
    returns: document indices (queries, k) int64 and their scores (queries, k) float64, best first.
    raises : ValueError if k is out of range or the number of terms differs.

    >>> documents = csr_array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> top_k(csr_array([[1.0, 0.0], [2.0, 3.0]]), postings(documents), k=2)
    (array([[0, 2],
           [2, 1]]), array([[1., 1.],
           [5., 3.]]))
    """
    query_arrays = _query_arrays("top_k", queries, index)
    k = require_whole("top_k", "k", k, least=1, most=index.n_documents)
    documents = np.empty((queries.shape[0], k), dtype=np.int64)
    scores = np.empty((queries.shape[0], k), dtype=np.float64)
    _top_k(*query_arrays, *index, documents, scores)
    return documents, scores


def target_ranks(queries: csr_array, index: Postings, targets: ArrayLike) -> IntArray:
    """Position, from 1, at which every query's one right document comes out: exact, over all
    documents.

    rank = 1 + documents that score higher + documents of the same score with a lower index.

    queries: (queries, terms) CSR.
    index  : from `postings`, with the same terms.
    targets: (queries,) integers, the document that each query should find.
    returns: (queries,) int64, from 1 to the number of documents. MRR is (1 / ranks).mean(),
             Recall@k is (ranks <= k).mean().
    raises : ValueError for a differing number of terms or queries, or a target that is not a
             document; TypeError for targets that are no integers.

    >>> documents = csr_array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> target_ranks(csr_array([[1.0, 0.0], [2.0, 3.0]]), postings(documents), [2, 0])
    array([2, 3])
    """
    query_arrays = _query_arrays("target_ranks", queries, index)
    targets = require_ids("target_ranks", "targets", targets, index.n_documents)
    if targets.shape != (queries.shape[0],):
        raise ValueError(
            f"target_ranks: targets must have shape ({queries.shape[0]},), got {targets.shape}"
        )
    ranks = np.empty(queries.shape[0], dtype=np.int64)
    _target_ranks(*query_arrays, *index, targets, ranks)
    return ranks


def _query_arrays(
    function: str, queries: csr_array, index: Postings
) -> tuple[IntArray, NDArray[np.int32], FloatArray]:
    terms = len(index.offsets) - 1
    if queries.shape[1] != terms:
        raise ValueError(
            f"{function}: queries have {queries.shape[1]} terms but the index has {terms}"
        )
    return (
        queries.indptr.astype(np.int64),
        queries.indices.astype(np.int32),
        queries.data.astype(np.float64),
    )


@cached_njit(nogil=True)
def _score_all(terms, weights, offsets, documents, document_weights, scores):
    scores[:] = 0.0
    for i in range(len(terms)):
        weight = weights[i]
        for posting in range(offsets[terms[i]], offsets[terms[i] + 1]):
            scores[documents[posting]] += weight * document_weights[posting]


@cached_njit(nogil=True)
def _select(scores, best, best_scores):
    k = len(best)
    filled = 0
    for start in range(0, len(scores), _SCAN):
        stop = min(start + _SCAN, len(scores))
        if filled == k:
            worst = best_scores[k - 1]
            promising = 0
            # without a branch, so it runs as vector instructions
            for document in range(start, stop):
                promising += scores[document] > worst
            if promising == 0:
                continue
        for document in range(start, stop):
            score = scores[document]
            # an equal score comes later in the order, so it stays out
            if filled == k and score <= best_scores[k - 1]:
                continue
            place = filled if filled < k else k - 1
            while place > 0 and best_scores[place - 1] < score:
                best[place] = best[place - 1]
                best_scores[place] = best_scores[place - 1]
                place -= 1
            best[place] = document
            best_scores[place] = score
            filled = min(filled + 1, k)


@cached_njit(parallel=True, nogil=True)
def _top_k(
    query_offsets,
    query_terms,
    query_weights,
    offsets,
    documents,
    document_weights,
    n_documents,
    best,
    best_scores,
):
    queries = len(query_offsets) - 1
    for task in numba.prange((queries + _QUERIES_PER_TASK - 1) // _QUERIES_PER_TASK):
        scores = np.empty(n_documents)
        for query in range(task * _QUERIES_PER_TASK, min(queries, (task + 1) * _QUERIES_PER_TASK)):
            row = slice(query_offsets[query], query_offsets[query + 1])
            _score_all(
                query_terms[row], query_weights[row], offsets, documents, document_weights, scores
            )
            _select(scores, best[query], best_scores[query])


@cached_njit(parallel=True, nogil=True)
def _target_ranks(
    query_offsets,
    query_terms,
    query_weights,
    offsets,
    documents,
    document_weights,
    n_documents,
    targets,
    ranks,
):
    queries = len(query_offsets) - 1
    for task in numba.prange((queries + _QUERIES_PER_TASK - 1) // _QUERIES_PER_TASK):
        scores = np.empty(n_documents)
        for query in range(task * _QUERIES_PER_TASK, min(queries, (task + 1) * _QUERIES_PER_TASK)):
            row = slice(query_offsets[query], query_offsets[query + 1])
            _score_all(
                query_terms[row], query_weights[row], offsets, documents, document_weights, scores
            )
            target = targets[query]
            right = scores[target]
            ahead = 0
            for document in range(n_documents):
                ahead += scores[document] > right or (
                    scores[document] == right and document < target
                )
            ranks[query] = 1 + ahead
