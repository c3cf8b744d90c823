"""Count-based word vectors from documents: count, weight with PPMI, factor."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from embcourse.arguments import require_flag, require_series, require_tokens, require_whole
from embcourse.cooccurrence.reference import (
    Weighting,
    require_power,
    require_shift,
    require_smoothing,
    require_weighting,
)
from embcourse.text import Encoded, Vocabulary
from embcourse.training.files import corpus_files, is_paths, read_all
from embcourse.vectors import Embeddings

_LONGEST = 2**31 - 1  # tokens of a document: none is cut

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def count(
    documents: Iterable[Iterable[str]] | Encoded,
    vocabulary: Vocabulary,
    *,
    window: int = 5,
    weighting: Weighting = "flat",
) -> csr_array:
    """Co-occurrence matrix of documents, sparse: entry [i, j] for word j within `window` tokens of
    word i.

    Under the vocabulary's policy "drop", unknown tokens are gone before the windows are laid, so a
    window reaches over the gap they leave, as in word2vec. Under "replace" they hold their place
    and are counted as one word.

    documents : token lists, or what `vocabulary.encode_documents` made of them.
    vocabulary: gives rows and columns their order, and decides about unknown tokens.
    window    : tokens on either side, at least 1.
    weighting : "flat" counts each pair as 1, "harmonic" as 1 / distance.
    returns   : (words, words) CSR float64, symmetric.
    raises    : TypeError if vocabulary is not a `Vocabulary` or a document is a string (tokenise it
                first); KeyError for an unknown token under the policy "raise"; ValueError for a
                window below 1, an unknown weighting, or encoded ids that lie outside the
                vocabulary.

    >>> vocabulary = Vocabulary(["the", "cat", "dog"])
    >>> count([["the", "cat"], ["the", "dog"]], vocabulary, window=2).toarray()
    array([[0., 1., 1.],
           [1., 0., 0.],
           [1., 0., 0.]])
    """
    from embcourse.cooccurrence import fast

    if not isinstance(vocabulary, Vocabulary):
        raise TypeError(f"count: vocabulary must be a Vocabulary, got {type(vocabulary).__name__}")
    if isinstance(documents, Encoded):
        encoded = documents
    else:
        series = require_series("count", "documents", documents, "token lists")
        encoded = vocabulary.encode_documents(
            require_tokens("count", f"document {i}", document) for i, document in enumerate(series)
        )
    return fast.cooccurrence_counts(
        encoded.ids, len(vocabulary), window, offsets=encoded.offsets, weighting=weighting
    )


def train(
    documents: Iterable[Iterable[str]] | Path,
    *,
    dim: int = 100,
    window: int = 5,
    min_count: int = 5,
    max_size: int | None = None,
    weighting: Weighting = "flat",
    smoothing: float = 0.75,
    shift: float = 1.0,
    eigenvalue_power: float = 0.5,
    seed: int = 0,
    progress: bool = False,
) -> Embeddings:
    """Word vectors without prediction: window counts, PPMI, truncated SVD.

    The same documents and arguments give the same vectors. Rarer words are dropped before the
    windows are laid.

    documents       : token lists; an iterator will do. Or text with one document a line: the `Path`
                      of a file, a folder, a pattern, or several.
    dim             : length of a vector, smaller than the vocabulary.
    window          : tokens on either side, at least 1.
    min_count       : words that occur fewer times get no vector.
    max_size        : at most so many words, the most frequent ones; None for no limit.
    weighting       : "flat" counts each pair as 1, "harmonic" as 1 / distance.
    smoothing       : exponent on the contexts' frequencies in PPMI, above 0 and at most 1; 1 for
                      none.
    shift           : k, at least 1: ln k is taken off PMI before the negative part is cut; 1 for
                      none.
    eigenvalue_power: exponent p of the singular values in U S^p, at least 0.
    seed            : of the solver's starting vector; it moves the result by rounding only.
    progress        : show a progress bar with one step each for vocabulary, counts, PPMI and SVD.
    returns         : Embeddings, the most frequent word first.
    raises          : TypeError if a document is a string; ValueError for an argument out of range,
                      if there is no token, if no word is left above min_count, if no two words
                      stand in one document, if dim is not smaller than the vocabulary, or if the
                      shift leaves nothing above 0.

    >>> documents = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 5
    >>> embeddings = train(documents, dim=2, window=1)
    >>> embeddings.vocabulary.tokens
    ('blue', 'red', 'apple', 'cherry', 'sea', 'sky')
    >>> round(float(embeddings.similarity("apple", "cherry")), 3)
    1.0

    Levy, Goldberg & Dagan (2015), who recommend the defaults for smoothing and eigenvalue_power.
    """
    from embcourse.cooccurrence import fast

    # What can be refused without reading the corpus is refused first.
    dim = require_whole("train", "dim", dim, least=1)
    window = require_whole("train", "window", window, least=1)
    min_count = require_whole("train", "min_count", min_count, least=1)
    if max_size is not None:
        max_size = require_whole("train", "max_size", max_size, least=1)
    seed = require_whole("train", "seed", seed, least=0)
    progress = require_flag("train", "progress", progress)
    require_weighting("train", weighting)
    require_smoothing("train", smoothing)
    require_shift("train", shift)
    require_power("train", eigenvalue_power)
    if isinstance(documents, Path) or (isinstance(documents, list | tuple) and is_paths(documents)):
        documents = read_all(
            corpus_files(documents, "train"), encoding="utf-8", max_tokens=_LONGEST
        )
    # Documents are read twice, and an iterator is empty the second time.
    documents = [
        require_tokens("train", f"document {i}", document)
        for i, document in enumerate(require_series("train", "documents", documents, "token lists"))
    ]

    with tqdm(total=4, disable=not progress) as bar:
        bar.set_description("vocabulary")
        vocabulary = Vocabulary.build(
            documents, min_count=min_count, max_size=max_size, unknown="drop"
        )
        encoded = vocabulary.encode_documents(documents)
        if len(vocabulary) == 0:
            if any(documents):
                raise ValueError(f"train: no word occurs min_count={min_count} times or more")
            raise ValueError("train: documents hold no token")
        if dim >= len(vocabulary):
            raise ValueError(
                f"train: dim must be smaller than the vocabulary, got dim={dim} for"
                f" {len(vocabulary)} words (min_count={min_count}, max_size={max_size})"
            )
        bar.update()

        bar.set_description("counts")
        counts = fast.cooccurrence_counts(
            encoded.ids, len(vocabulary), window, offsets=encoded.offsets, weighting=weighting
        )
        if counts.nnz == 0:
            raise ValueError(
                "train: no document holds two words of the vocabulary, so nothing occurs together"
            )
        bar.update()

        bar.set_description("PPMI")
        weights = fast.ppmi(counts, smoothing=smoothing, shift=shift)
        if weights.nnz == 0:
            raise ValueError(
                f"train: no pair of words has a PMI above ln(shift) with shift={shift}; nothing to"
                " factor"
            )
        bar.update()

        bar.set_description("SVD")
        vectors = fast.truncated_svd(weights, dim, eigenvalue_power=eigenvalue_power, seed=seed)
        bar.update()
    return Embeddings(vocabulary, vectors)
