"""Turn tokens into one-hot rows and back: with a vocabulary, or with a hash function in its
place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from embcourse.arguments import require_tokens, require_whole
from embcourse.text import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class OneHotEncoder:
    """One-hot rows for the tokens of a text, by a vocabulary.

    vocabulary: a `Vocabulary`, or the tokens themselves (then an unknown token raises). What
                happens to an unknown token is the vocabulary's policy: "raise" is a KeyError;
                "replace" sets the 1 at the unknown token; "drop" gives a row of zeros, so that row
                i stays token i.
    raises    : as `Vocabulary`.

    >>> encoder = OneHotEncoder(["king", "queen", "man"])
    >>> encoder.transform(["queen", "king"]).toarray()
    array([[0., 1., 0.],
           [1., 0., 0.]])
    >>> encoder.inverse_transform([[0, 1, 0], [1, 0, 0]])
    ['queen', 'king']

    scikit-learn: `OneHotEncoder`; its handle_unknown="ignore" is our "drop".
    """

    def __init__(self, vocabulary: Vocabulary | Sequence[str]) -> None:
        self.vocabulary = (
            vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
        )

    def transform(self, tokens: Iterable[str]) -> csr_array:
        """One row per token.

        returns: (tokens, words) CSR float64.
        raises : TypeError if tokens is one string; KeyError for an unknown token where the policy
                 is "raise".
        """
        from scipy.sparse import csr_array

        tokens = require_tokens("OneHotEncoder.transform", "tokens", tokens)
        # One document per token: where a token was dropped, the document is empty, and so is the
        # row.
        ids, offsets = self.vocabulary.encode_documents([[token] for token in tokens])
        return csr_array(
            (np.ones(ids.size), ids, offsets), shape=(offsets.size - 1, len(self.vocabulary))
        )

    def inverse_transform(self, rows: ArrayLike | csr_array) -> list[str | None]:
        """Token of every row; None for a row of zeros.

        rows  : (tokens, words) dense or sparse; every row holds a single 1, or nothing.
        raises: ValueError for a wrong shape, or a row that is not one-hot.
        """
        from scipy.sparse import csr_array

        # put in order below, which must not reach the caller's matrix
        rows = csr_array(rows, copy=True)
        if rows.ndim != 2 or rows.shape[1] != len(self.vocabulary):
            raise ValueError(
                "OneHotEncoder.inverse_transform: rows must have shape "
                f"(tokens, {len(self.vocabulary)}), got {rows.shape}"
            )
        rows.sum_duplicates()
        rows.eliminate_zeros()
        stored = np.diff(rows.indptr)
        wrong = np.flatnonzero(stored > 1)
        if wrong.size or (rows.data != 1).any():
            bad = (
                wrong[0]
                if wrong.size
                else np.repeat(np.arange(len(stored)), stored)[rows.data != 1][0]
            )
            raise ValueError(
                f"OneHotEncoder.inverse_transform: row {bad} must hold a single 1, or only zeros"
            )
        words: list[str | None] = [None] * len(stored)
        for row, word in zip(
            np.flatnonzero(stored).tolist(), self.vocabulary.decode(rows.indices), strict=True
        ):
            words[row] = word
        return words


class HashingEncoder:
    """One-hot rows without a vocabulary: the column is the token's hash. No word is unknown, and no
    way leads back.

    buckets: number of columns, at least 1.
    seed   : chooses the hash function.
    signed : store 1 or -1, so that collisions cancel on average; see `hashed_ids`.
    raises : ValueError for buckets < 1.

    >>> rows = HashingEncoder(buckets=4).transform(["king", "queen", "king"])
    >>> rows.shape, rows.sum(axis=1)
    ((3, 4), array([1., 1., 1.]))

    Weinberger et al. (2009). The sum of the rows of a document is what scikit-learn's
    `HashingVectorizer` gives with norm=None, but for its hash.
    """

    def __init__(self, buckets: int, seed: int = 0, *, signed: bool = False) -> None:
        self.buckets = require_whole("HashingEncoder", "buckets", buckets, least=1)
        self.seed = require_whole("HashingEncoder", "seed", seed)
        self.signed = signed

    def transform(self, tokens: Iterable[str]) -> csr_array:
        """One row per token.

        returns: (tokens, buckets) CSR float64.
        raises : TypeError if tokens is one string.
        """
        from embcourse.one_hot import fast

        tokens = require_tokens("HashingEncoder.transform", "tokens", tokens)
        ids, signs = fast.hashed_ids(tokens, self.buckets, self.seed, signed=True)
        rows = fast.one_hot(ids, self.buckets)
        if self.signed:
            rows.data = signs
        return rows
