"""Search a collection of texts: learn the weights from the documents, then rank them for a
query."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_ids, require_series, require_tokens, require_whole
from embcourse.text import Vocabulary, tokenize
from embcourse.tfidf.reference import (
    K1,
    B,
    require_bm25_parameters,
    require_variant,
    scikit_learn_tokens,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from embcourse.tfidf.fast import Postings

Tokenizer = Callable[[str], list[str]]
Texts = Sequence[str] | Sequence[Sequence[str]]  # token lists where there is no tokenizer


class _Index(ABC):
    """What both indexes share. A subclass says how counts become weights, and what a query looks
    like."""

    vocabulary_: Vocabulary
    idf_: NDArray[np.float64]
    matrix_: csr_array
    _counted: csr_array
    _postings: Postings

    def __init__(self, tokenizer: Tokenizer | None) -> None:
        self.tokenizer = tokenizer

    def fit(self, documents: Texts) -> Self:
        """Learn vocabulary and weights from the documents, and index them.

        documents: one string per document; token lists where tokenizer is None.
        raises   : ValueError for a bad parameter, no document, or no token in any; TypeError if
                   documents is one string or holds something else than strings.
        """
        self._check_parameters()
        documents = self._require_documents("fit", documents)
        if not documents:
            raise ValueError(
                f"{type(self).__name__}.fit: documents must hold at least one document, got none"
            )
        terms, counts = self._count(documents)
        if not terms:
            raise ValueError(
                f"{type(self).__name__}.fit: no token in any of the {len(documents)} documents"
            )
        return self._index(terms, counts)

    def add(self, documents: Texts) -> Self:
        """More documents, behind those that are there. The index is that of all of them, as if
        `fit` had seen them together: vocabulary and weights are learned anew, from the counts that
        the index keeps, and no document is read twice.

        documents: as in `fit`; none at all change nothing.
        raises   : NotFittedError before `fit`; TypeError as there.

        >>> index = Bm25Index().fit(["the cat sat", "the dog barked"]).add(["a cat and a dog"])
        >>> index.search(["and"], k=1)[0]
        array([[2]])
        """
        from scipy.sparse import csr_array, vstack

        self._require_fitted("add")
        self._check_parameters()
        documents = self._require_documents("add", documents)
        if not documents:
            return self
        terms, counts = self._count(documents)
        union = sorted({*self.vocabulary_.tokens, *terms})
        column = {term: number for number, term in enumerate(union)}
        blocks = []
        for words, matrix in ((self.vocabulary_.tokens, self._counted), (terms, counts)):
            columns = np.array([column[word] for word in words], dtype=matrix.indices.dtype)
            blocks.append(
                csr_array(
                    (matrix.data, columns[matrix.indices], matrix.indptr),
                    shape=(matrix.shape[0], len(union)),
                )
            )
        return self._index(union, vstack(blocks, format="csr"))

    def transform(self, documents: Texts) -> csr_array:
        """Weights of the terms in other documents, by what `fit` has learned. Words it has not seen
        are left out first.

        returns: (documents, terms) CSR float64; column j is `vocabulary_.tokens[j]`.
        raises : NotFittedError before `fit`; TypeError as in `fit`.
        """
        return self._weigh(self._counts("transform", documents))

    def fit_transform(self, documents: Texts) -> csr_array:
        """`fit`, then the weights of the same documents: `matrix_`."""
        return self.fit(documents).matrix_

    def search(self, queries: Texts, k: int = 10) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The k best documents for every query. Of equal scores the lower index comes first.

        queries: one string per query; token lists where tokenizer is None.
        k      : at least 1; fewer come back if there are no more documents.
        returns: document indices (queries, k) and scores (queries, k), best first. A query without
                 a known word scores 0 everywhere.
        raises : NotFittedError before `fit`; ValueError for k below 1; TypeError as in `fit`, and
                 for k that is no integer.
        """
        from embcourse.tfidf import fast

        k = require_whole(f"{type(self).__name__}.search", "k", k, least=1)
        counts = self._counts("search", queries)
        return fast.top_k(self._queries(counts), self._postings, min(k, self.matrix_.shape[0]))

    def ranks(self, queries: Texts, targets: ArrayLike) -> NDArray[np.int64]:
        """Position, from 1, at which every query's one right document comes out among all
        documents.

        queries: one string per query.
        targets: (queries,) integers, index of the document that the query should find.
        returns: (queries,) int64. (1 / ranks).mean() is the mean reciprocal rank, (ranks <=
                 k).mean() recall at k.
        raises : NotFittedError before `fit`; ValueError for targets of a wrong shape or out of
                 range.
        """
        from embcourse.tfidf import fast

        where = f"{type(self).__name__}.ranks"
        self._require_fitted("ranks")
        queries = self._require_documents("ranks", queries)
        targets = require_ids(where, "targets", targets, self.matrix_.shape[0])
        if len(targets) != len(queries):
            raise ValueError(
                f"{where}: targets must name a document for each of the {len(queries)} queries,"
                f" got {len(targets)}"
            )
        return fast.target_ranks(
            self._queries(self._counts("ranks", queries)), self._postings, targets
        )

    def top_terms(self, rows: int | Sequence[int], k: int = 10) -> list[tuple[str, float]]:
        """The k terms of largest mean weight in some of the indexed documents: words that name the
        set.

        rows   : index of a document, or of several.
        k      : at most so many terms, at least 1; terms of weight 0 are not listed. Ties go by
                 code point.
        returns: (term, mean weight), largest first.
        raises : NotFittedError before `fit`; ValueError for k < 1, no row, or a row that is not a
                 document.
        """
        self._require_fitted("top_terms")
        where = f"{type(self).__name__}.top_terms"
        several = [rows] if isinstance(rows, Integral) else rows
        chosen = require_ids(where, "rows", several, self.matrix_.shape[0])
        if not chosen.size:
            raise ValueError(f"{where}: rows must name at least one document, got {rows!r}")
        k = require_whole(where, "k", k, least=1)
        mean = np.asarray(self.matrix_[chosen].sum(axis=0)).ravel() / chosen.size
        order = np.argsort(-mean, kind="stable")[:k]
        return [
            (self.vocabulary_.tokens[term], float(mean[term])) for term in order if mean[term] > 0
        ]

    def _counts(self, method: str, documents: Texts) -> csr_array:
        from embcourse.tfidf import fast

        self._require_fitted(method)
        documents = self._require_documents(method, documents)
        encoded = self.vocabulary_.encode_documents(self._tokens(documents))
        return fast.counts_from_ids(encoded.ids, encoded.offsets, len(self.vocabulary_))

    def _count(self, documents: Sequence[Any]) -> tuple[list[str], csr_array]:
        """The terms of documents, by code point, and how often each document holds them."""
        from embcourse.tfidf import fast

        if self.tokenizer is scikit_learn_tokens:  # the compiled pass gives the same words
            return fast.count_words(documents)
        return fast.count_terms(self._tokens(documents))

    def _index(self, terms: Sequence[str], counts: csr_array) -> Self:
        """Learns the weights of counted documents, and makes them ready for queries."""
        from embcourse.tfidf import fast

        occurrences = np.bincount(counts.indices, weights=counts.data, minlength=len(terms)).astype(
            np.int64
        )
        self.vocabulary_ = Vocabulary(terms, occurrences, unknown="drop")
        self._counted = counts
        self._learn(counts)
        self.matrix_ = self._weigh(counts)
        self._postings = fast.postings(self._documents(self.matrix_))
        return self

    def _tokens(self, documents: Sequence[Any]) -> Iterable[Sequence[str]]:
        return documents if self.tokenizer is None else map(self.tokenizer, documents)

    def _require_documents(self, method: str, documents: Texts) -> Sequence[Any]:
        where = f"{type(self).__name__}.{method}"
        if isinstance(documents, str):
            raise TypeError(
                f"{where}: expected a list of documents, got one string; write [text] for a"
                " single one"
            )
        documents = list(require_series(where, "documents", documents, "documents"))
        if self.tokenizer is None:
            return [require_tokens(where, f"document {i}", row) for i, row in enumerate(documents)]
        for row, document in enumerate(documents):
            if not isinstance(document, str):
                raise TypeError(
                    f"{where}: document {row} must be a string, got a {type(document).__name__}"
                )
        return documents

    def _require_fitted(self, method: str) -> None:
        if not hasattr(self, "matrix_"):
            from sklearn.exceptions import NotFittedError

            name = type(self).__name__
            raise NotFittedError(
                f"{name}.{method}: this {name} has not seen any documents; call fit(documents)"
                " first"
            )

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise ValueError for a parameter that makes no sense: at `fit`, as scikit-learn's
        estimators do."""

    @abstractmethod
    def _learn(self, counts: csr_array) -> None:
        """Keep what the weights need to know about the whole collection."""

    @abstractmethod
    def _weigh(self, counts: csr_array) -> csr_array:
        """Weights of the terms in the documents."""

    @abstractmethod
    def _documents(self, weights: csr_array) -> csr_array:
        """The document's factor in the score."""

    @abstractmethod
    def _queries(self, counts: csr_array) -> csr_array:
        """The query's factor in the score."""


class TfidfIndex(_Index):
    """TF-IDF vectors of a collection, searched by cosine.

    variant  : "textbook" (count / length times ln(N / df)) or "scikit-learn" (count times smooth
               idf, unit rows).
    tokenizer: function from a string to its tokens; None if documents and queries come as token
               lists. With `scikit_learn_tokens` the documents are counted by one compiled pass.

    Attributes after `fit`: `vocabulary_` (terms by code point), `idf_` (terms,), `matrix_`
    (documents, terms) CSR.

    >>> index = TfidfIndex().fit(["the cat sat", "the dog barked", "a cat and a dog"])
    >>> documents, scores = index.search(["a barking dog and a cat"], k=2)
    >>> documents, scores.round(3)
    (array([[2, 0]]), array([[1.   , 0.053]]))
    >>> [(term, round(weight, 3)) for term, weight in index.top_terms(0, k=2)]
    [('sat', 0.366), ('cat', 0.135)]

    Salton & Buckley (1988). scikit-learn: `TfidfVectorizer` and a sparse product.
    """

    def __init__(self, variant: str = "textbook", tokenizer: Tokenizer | None = tokenize) -> None:
        super().__init__(tokenizer)
        self.variant = variant

    def _check_parameters(self) -> None:
        require_variant("TfidfIndex", self.variant)

    def _learn(self, counts: csr_array) -> None:
        from embcourse.tfidf import fast

        documents, containing = counts.shape[0], fast.document_frequency(counts)
        if self.variant == "textbook":
            self.idf_ = np.log(documents / containing)
        else:
            self.idf_ = np.log((1 + documents) / (1 + containing)) + 1

    def _weigh(self, counts: csr_array) -> csr_array:
        from embcourse.tfidf import fast

        if self.variant == "textbook":
            return fast.scale_columns(fast.relative_frequency(counts), self.idf_)
        return fast.l2_normalise(fast.scale_columns(counts, self.idf_))

    def _documents(self, weights: csr_array) -> csr_array:
        from embcourse.tfidf import fast

        return fast.l2_normalise(weights)

    def _queries(self, counts: csr_array) -> csr_array:
        return self._documents(self._weigh(counts))


class Bm25Index(_Index):
    """BM25 over a collection. A query counts: a term asked for twice adds its weight twice.

    k1       : how soon repeats in a document stop helping, at least 0.
    b        : how much a document pays for its length, from 0 to 1.
    tokenizer: as in `TfidfIndex`.

    Attributes after `fit`: `vocabulary_`, `idf_` (terms,), `mean_length_` (tokens), `matrix_`
    (documents, terms) CSR: the weight that one occurrence of the term in a query adds.

    >>> index = Bm25Index().fit(["the cat sat", "the dog barked", "a cat and a dog"])
    >>> documents, scores = index.search(["dog", "the the dog"], k=2)
    >>> documents
    array([[1, 2],
           [1, 0]])
    >>> scores.round(3)
    array([[0.508, 0.409],
           [1.523, 1.016]])

    Robertson & Zaragoza (2009): see `bm25_weights`.
    """

    def __init__(
        self, k1: float = K1, b: float = B, tokenizer: Tokenizer | None = tokenize
    ) -> None:
        super().__init__(tokenizer)
        self.k1 = k1
        self.b = b

    def _check_parameters(self) -> None:
        require_bm25_parameters("Bm25Index", self.k1, self.b)

    def _learn(self, counts: csr_array) -> None:
        from embcourse.tfidf import fast

        documents, containing = counts.shape[0], fast.document_frequency(counts)
        self.idf_ = np.log1p((documents - containing + 0.5) / (containing + 0.5))
        self.mean_length_ = float(counts.sum()) / documents

    def _weigh(self, counts: csr_array) -> csr_array:
        from embcourse.tfidf import fast

        return fast.bm25_weights(counts, self.idf_, self.mean_length_, self.k1, self.b)

    def _documents(self, weights: csr_array) -> csr_array:
        return weights

    def _queries(self, counts: csr_array) -> csr_array:
        return counts
