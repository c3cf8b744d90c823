"""The texts that the benchmarks train on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embcourse.data import bible, wikipedia
from embcourse.text import Encoded, Vocabulary, tokenize

DOCUMENT_TOKENS = 1000  # gensim drops what exceeds 10,000 tokens of a sentence
TRANSLATIONS = ("kjv", "asv", "web", "bbe")


def wikipedia_documents() -> list[list[str]]:
    """The Wikipedia extract, lower-case, in documents of 1,000 tokens."""
    documents = []
    for article in wikipedia():
        tokens = tokenize(article.text)
        documents += [
            tokens[i : i + DOCUMENT_TOKENS] for i in range(0, len(tokens), DOCUMENT_TOKENS)
        ]
    return documents


def bible_verses() -> list[list[str]]:
    """The verses of the four translations, lower-case, one document each, in one random order.

    In the order of the translations, words of the older ones would be unlearned while the later
    ones are read.
    """
    verses = [tokenize(verse) for name in TRANSLATIONS for verse in bible(name).verses]
    return [verses[i] for i in np.random.default_rng(0).permutation(len(verses))]


CORPORA = {"wikipedia": wikipedia_documents, "translations": bible_verses}


def repeated(encoded: Encoded, times: int, seed: int) -> Encoded:
    """Every document `times` times, all in one random order."""
    lengths = np.diff(encoded.offsets)
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(lengths)), times))
    offsets = np.concatenate([[0], np.cumsum(lengths[order])])
    ids = np.concatenate([encoded.ids[encoded.offsets[i] : encoded.offsets[i + 1]] for i in order])
    return Encoded(ids, offsets)


def zipfian(words: int, tokens: int, seed: int) -> tuple[Encoded, Vocabulary]:
    """Random documents whose word of rank r has probability proportional to 1/r; every word occurs.

    >>> encoded, vocabulary = zipfian(50, 3000, seed=0)
    >>> len(vocabulary), len(encoded.ids), bool(vocabulary.counts.min() > 0)
    (50, 3000, True)
    """
    if tokens < words:
        raise ValueError(
            f"zipfian: tokens must be at least words, got {tokens} tokens for {words} words"
        )
    rng = np.random.default_rng(seed)
    cumulative = np.cumsum(1 / np.arange(1, words + 1))
    drawn = np.searchsorted(cumulative, rng.random(tokens - words) * cumulative[-1])
    ids = rng.permutation(np.concatenate([np.arange(words), drawn])).astype(np.int32)
    offsets = np.append(np.arange(0, tokens, DOCUMENT_TOKENS), tokens)
    return Encoded(ids, offsets), Vocabulary(
        [f"w{i}" for i in range(words)], counts=np.bincount(ids, minlength=words)
    )


def tokens_of(documents: Sequence[Sequence[str]]) -> int:
    """Number of tokens in all documents."""
    return sum(map(len, documents))
