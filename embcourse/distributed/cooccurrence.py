"""Counting what stands beside what, on a cluster."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embcourse import cooccurrence
from embcourse.cooccurrence.reference import Weighting
from embcourse.distributed.reduction import kept, reduced
from embcourse.distributed.shards import shard_files
from embcourse.text import Vocabulary
from embcourse.training import read_sentences

if TYPE_CHECKING:
    from dask.distributed import Client
    from scipy.sparse import csr_array


def cooccurrence_counts(
    shards: str | Path | Sequence[str | Path],
    vocabulary: Vocabulary,
    client: Client,
    *,
    window: int = 5,
    weighting: Weighting = "flat",
    encoding: str = "utf-8",
) -> csr_array:
    """Co-occurrence matrix of a corpus in shards: equal to `embcourse.cooccurrence.count` on all of
    it.

    Windows end with the sentence, so every pair lies inside one shard, and the matrices of the
    shards add up. With weighting "harmonic" the order of the sum may differ, and with it the last
    bits.

    shards    : files with one sentence a line, or a folder or a pattern of them, readable under the
                same path by every worker; .gz, .bz2 and .xz are read through. Lines of more than
                10,000 tokens are cut.
    vocabulary: gives rows and columns their order, and decides about unknown words.
    client    : a `dask.distributed.Client`.
    encoding  : of the text.
    returns   : (words, words) CSR float64, symmetric.
    raises    : as `embcourse.cooccurrence.count`, and TypeError, ValueError or FileNotFoundError
                for shards that are no files, or not in that encoding.
    """
    paths = shard_files(shards, "cooccurrence_counts")
    if not isinstance(vocabulary, Vocabulary):
        raise TypeError(
            f"cooccurrence_counts: vocabulary must be a Vocabulary, got {type(vocabulary).__name__}"
        )
    shared = kept(client, vocabulary)
    counts = [
        client.submit(count_shard, path, shared, window, weighting, encoding, pure=False)
        for path in paths
    ]
    return reduced(client, counts, operator.add).tocsr()


def count_shard(
    path: str, vocabulary: Vocabulary, window: int, weighting: Weighting, encoding: str
) -> csr_array:
    """The co-occurrence matrix of one shard."""
    sentences = read_sentences(path, encoding=encoding)
    return cooccurrence.count(sentences, vocabulary, window=window, weighting=weighting)
