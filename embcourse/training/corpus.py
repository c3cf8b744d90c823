"""A corpus to train on: token ids on the disk, read in chunks, however it came.

The text is read once. Words get provisional numbers in the order in which they appear, and the
numbers go to a temporary file, 4 bytes a token. When all words are counted, the vocabulary is
known, and the file is rewritten in place with the final ids. So a generator will do, and memory
holds the vocabulary, never the text.
"""

from __future__ import annotations

import tempfile
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from embcourse.arguments import (
    require_ids,
    require_instance,
    require_offsets,
    require_series,
    require_tokens,
    require_whole,
)
from embcourse.text import Encoded, Vocabulary
from embcourse.training.files import corpus_files, is_paths, read_all

Corpus = Iterable[Sequence[str]] | str | Path | Sequence[Path] | Encoded
"""What every trainer reads: token lists, one or several files, or ids with their vocabulary."""

_BLOCK = 1 << 20  # tokens or sentences that are handled at once


class TrainingCorpus:
    """Sentences as ids, in memory or mapped from a temporary file, cut into chunks of whole
    sentences.

    Made by `open_corpus`. Attributes: `vocabulary` (with counts), `ids` ((tokens,) int32),
    `offsets` ((sentences + 1,) int64); read-only. The temporary file vanishes with the object, and
    with the process however that ends.

    >>> corpus = open_corpus([["a", "b"], ["a"], ["b", "a", "c"]], min_count=2)
    >>> corpus.vocabulary.tokens, corpus.ids.tolist(), corpus.offsets.tolist()
    (('a', 'b'), [0, 1, 0, 1, 0], [0, 2, 3, 5])
    """

    def __init__(self, vocabulary: Vocabulary, ids: np.ndarray, offsets: np.ndarray) -> None:
        self.vocabulary = vocabulary
        self.ids = ids
        self.offsets = offsets

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each word of the vocabulary occurs."""
        assert self.vocabulary.counts is not None  # open_corpus sees to it
        return self.vocabulary.counts

    @property
    def tokens(self) -> int:
        """Tokens of the vocabulary in the corpus."""
        return len(self.ids)

    def borders(self, chunk_tokens: int) -> np.ndarray:
        """Where to cut the sentences into chunks of about so many tokens: (chunks + 1,) int64, from
        0 to sentences.

        The cuts depend on the corpus only, never on threads or time.

        >>> open_corpus([["a", "b"], ["a"], ["b", "a", "c"]], min_count=1).borders(3)
        array([0, 2, 3])
        """
        wanted = np.arange(chunk_tokens, self.tokens, chunk_tokens)
        cuts = np.searchsorted(self.offsets, wanted)
        return np.unique(np.concatenate([[0], cuts, [len(self.offsets) - 1]])).astype(np.int64)

    def chunk(self, start: int, end: int) -> Encoded:
        """Sentences start to end - 1 with offsets from 0; the ids are a view."""
        offsets = np.asarray(self.offsets[start : end + 1])
        return Encoded(self.ids[offsets[0] : offsets[-1]], offsets - offsets[0])

    def fingerprint(self) -> str:
        """A short text that differs if ids, sentences, vocabulary or its counts differ."""
        sums = []
        for values in (self.ids, self.offsets):
            sum_so_far = 0
            for start in range(0, len(values), _BLOCK):
                sum_so_far = zlib.crc32(
                    np.ascontiguousarray(values[start : start + _BLOCK]).data, sum_so_far
                )
            sums.append(f"{sum_so_far:08x}")
        words = zlib.crc32("\0".join(self.vocabulary.tokens).encode(), zlib.crc32(self.counts.data))
        return f"{self.tokens}-{sums[0]}-{sums[1]}-{words:08x}"


def open_corpus(
    corpus: Corpus,
    *,
    vocabulary: Vocabulary | None = None,
    min_count: int = 5,
    max_size: int | None = None,
    max_sentence: int = 10_000,
    encoding: str = "utf-8",
    where: str = "open_corpus",
) -> TrainingCorpus:
    """Any corpus, made ready for training. Words outside the vocabulary are dropped before windows
    are laid.

    corpus      : token lists (a generator will do: they are read once); or text with one sentence a
                  line and blanks between tokens: the path of a file, a folder, a pattern such as
                  "news/*.txt.gz", or several `Path`s (see `corpus_files` and `read_sentences`); or
                  `Encoded` ids, with their vocabulary.
    vocabulary  : the words to train; None to count them. Its counts are used if it has any, else
                  the corpus's.
    min_count   : without a vocabulary: words that occur fewer times are dropped.
    max_size    : without a vocabulary: at most so many words.
    max_sentence: longer sentences are cut into pieces of so many tokens. Nothing is lost but pairs
                  across the cuts.
    encoding    : of text in files.
    where       : the public name to put in front of an error.
    returns     : TrainingCorpus.
    raises      : TypeError for a sentence or corpus that is a str but no file (FileNotFoundError if
                  it looks like a path), or tokens that are not strings; ValueError if there is no
                  token, if no word is left, if a token is no valid Unicode, if a file is not in
                  that encoding, or ids lie outside the vocabulary; KeyError for an unknown word if
                  the vocabulary's policy is "raise".

    >>> open_corpus(iter([["x", "y", "x"]]), min_count=2).vocabulary.tokens
    ('x',)
    """
    max_sentence = require_whole(where, "max_sentence", max_sentence, least=1)
    min_count = require_whole(where, "min_count", min_count, least=1)
    if max_size is not None:
        max_size = require_whole(where, "max_size", max_size, least=1)
    if vocabulary is not None:
        require_instance(where, "vocabulary", vocabulary, Vocabulary, "a Vocabulary")
        if vocabulary.counts is not None and not vocabulary.counts.any():
            raise ValueError(f"{where}: vocabulary must have a count above 0, got none")
    if isinstance(corpus, Encoded):
        return _from_encoded(corpus, vocabulary, max_sentence, where)
    if is_paths(corpus):
        corpus = read_all(corpus_files(corpus, where), encoding=encoding, max_tokens=max_sentence)
    require_instance(where, "corpus", corpus, Iterable, "token lists, a path or Encoded ids")

    tokens, ids, offsets, counts = _spool(corpus, max_sentence, where)
    if not len(ids):
        raise ValueError(f"{where}: corpus holds no token")
    if vocabulary is None:
        vocabulary = Vocabulary.from_counts(
            dict(zip(tokens, counts.tolist(), strict=True)),
            min_count=min_count,
            max_size=max_size,
            unknown="drop",
        )
        if not len(vocabulary):
            raise ValueError(
                f"{where}: no word is left: none of {len(tokens)} words occurs"
                f" min_count={min_count} times or more"
            )
    final = _final_ids(tokens, vocabulary, where)
    ids, offsets = _renumber(ids, offsets, final)
    if not len(ids):
        raise ValueError(f"{where}: none of the corpus's {len(tokens)} words is in the vocabulary")
    return TrainingCorpus(_with_counts(vocabulary, ids), ids, offsets)


def _from_encoded(
    corpus: Encoded, vocabulary: Vocabulary | None, max_sentence: int, where: str
) -> TrainingCorpus:
    if vocabulary is None:
        raise ValueError(f"{where}: an Encoded corpus needs its vocabulary")
    ids = np.ascontiguousarray(
        require_ids(where, "ids", corpus.ids, len(vocabulary), dtype=np.int32)
    )
    if not ids.size:
        raise ValueError(f"{where}: corpus holds no token")
    offsets = require_offsets(where, corpus.offsets, ids.size)
    if (np.diff(offsets) > max_sentence).any():
        pieces = [np.arange(start, end, max_sentence) for start, end in pairwise(offsets)]
        offsets = np.concatenate([*pieces, offsets[-1:]])
    return TrainingCorpus(_with_counts(vocabulary, ids), ids, offsets)


def _spool(
    sentences: Iterable[Sequence[str]], max_sentence: int, where: str
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """The text on the disk in provisional ids: words in order of appearance, ids, offsets, counts
    of the words."""
    index: defaultdict[str, int] = defaultdict(count().__next__)
    buffer, ends = array("i"), array("q", [0])
    total = 0
    with tempfile.TemporaryFile() as id_file, tempfile.TemporaryFile() as end_file:
        for number, sentence in enumerate(
            require_series(where, "corpus", sentences, "token lists")
        ):
            if not isinstance(sentence, list):
                sentence = require_tokens(where, f"sentence {number}", sentence)
            before = len(buffer)
            try:
                buffer.extend(map(index.__getitem__, sentence))
            except TypeError:
                raise TypeError(
                    f"{where}: sentence {number} must be a list of strings, got {sentence!r:.60}"
                ) from None
            length = len(buffer) - before
            ends.extend(range(total + max_sentence, total + length, max_sentence))
            total += length
            ends.append(total)
            if len(buffer) >= _BLOCK or len(ends) >= _BLOCK:
                buffer = _flush(buffer, id_file)
                ends = _flush(ends, end_file)
        _flush(buffer, id_file)
        _flush(ends, end_file)
        for wrong in (token for token in index if not isinstance(token, str)):
            raise TypeError(
                f"{where}: tokens must be strings, got {wrong!r} ({type(wrong).__name__})"
            )
        lone = next((token for token in index if not _is_unicode(token)), None)
        if lone is not None:
            raise ValueError(
                f"{where}: tokens must be valid Unicode, got {lone!r}, which no file can hold"
            )
        ids, offsets = _mapped(id_file, np.int32), _mapped(end_file, np.int64)
    counts = np.zeros(len(index), np.int64)
    for start in range(0, len(ids), _BLOCK):
        counts += np.bincount(ids[start : start + _BLOCK], minlength=len(index))
    return list(index), ids, offsets, counts


def _is_unicode(token: str) -> bool:
    """Whether the token can be written as UTF-8: half a surrogate pair can't."""
    try:
        token.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flush(buffer: array[int], file: BinaryIO) -> array[int]:
    buffer.tofile(file)
    return array(buffer.typecode)


def _mapped(file: BinaryIO, dtype: type) -> np.ndarray:
    """The file as an array. The map keeps the nameless file alive after it is closed."""
    file.flush()
    size = file.tell() // np.dtype(dtype).itemsize
    return np.memmap(file, dtype, mode="r+", shape=(size,)) if size else np.empty(0, dtype)


def _final_ids(tokens: list[str], vocabulary: Vocabulary, where: str) -> np.ndarray:
    """The id in the vocabulary of each provisional id; -1 for a word to drop."""
    if vocabulary.unknown == "replace":
        return vocabulary.encode(tokens)
    final = np.fromiter(
        (vocabulary[token] if token in vocabulary else -1 for token in tokens),
        np.int32,
        len(tokens),
    )
    if vocabulary.unknown == "raise" and (final < 0).any():
        token = tokens[int(np.argmin(final))]
        raise KeyError(f"{where}: token {token!r} is not among the {len(vocabulary)} of vocabulary")
    return final


def _renumber(
    ids: np.ndarray, offsets: np.ndarray, final: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Final ids in place of provisional ones, dropped words squeezed out, sentences moved up
    accordingly."""
    kept = 0
    sentence = 1  # the next entry of offsets to move
    for start in range(0, len(ids), _BLOCK):
        block = final[ids[start : start + _BLOCK]]
        stays = block >= 0
        # How many tokens before each position of the block, and after its end, have stayed.
        before = np.concatenate([[0], np.cumsum(stays)])
        last = int(np.searchsorted(offsets, start + len(block), side="right"))
        offsets[sentence:last] = kept + before[offsets[sentence:last] - start]
        sentence = max(sentence, last)
        new = block[stays]
        ids[kept : kept + len(new)] = new
        kept += len(new)
    return ids[:kept], offsets


def _with_counts(vocabulary: Vocabulary, ids: np.ndarray) -> Vocabulary:
    if vocabulary.counts is not None:
        return vocabulary
    counts = np.zeros(len(vocabulary), np.int64)
    for start in range(0, len(ids), _BLOCK):
        counts += np.bincount(ids[start : start + _BLOCK], minlength=len(vocabulary))
    return Vocabulary(
        vocabulary.tokens,
        counts,
        unknown=vocabulary.unknown,
        unknown_token=vocabulary.unknown_token,
    )
