"""Counting words on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embcourse.distributed.reduction import reduced
from embcourse.distributed.shards import shard_files
from embcourse.text import Vocabulary
from embcourse.training import read_sentences

if TYPE_CHECKING:
    from dask.distributed import Client


def build_vocabulary(
    shards: str | Path | Sequence[str | Path],
    client: Client,
    *,
    min_count: int = 5,
    max_size: int | None = None,
    encoding: str = "utf-8",
) -> Vocabulary:
    """The vocabulary of a corpus in shards: equal to `Vocabulary.build` on all of it, unknown words
    dropped.

    Each shard is counted where it lies, and the counts are added in pairs, so nobody ever holds all
    of them but the last.

    shards   : files with one sentence a line, or a folder or a pattern of them, readable under the
               same path by every worker; .gz, .bz2 and .xz are read through.
    client   : a `dask.distributed.Client`.
    min_count: words that occur fewer times in the whole corpus are cut; at least 1.
    max_size : at most so many words; None for no limit.
    encoding : of the text.
    raises   : as `Vocabulary.build`, and TypeError, ValueError or FileNotFoundError for shards that
               are no files, or not in that encoding.
    """
    paths = shard_files(shards, "build_vocabulary")
    counts = reduced(
        client,
        [client.submit(count_words, path, encoding, pure=False) for path in paths],
        add_counts,
    )
    return Vocabulary.from_counts(counts, min_count=min_count, max_size=max_size, unknown="drop")


def count_words(path: str, encoding: str = "utf-8") -> Counter[str]:
    """How often each word occurs in one shard."""
    counts: Counter[str] = Counter()
    for sentence in read_sentences(path, encoding=encoding):
        counts.update(sentence)
    return counts


def add_counts(one: Counter[str], other: Counter[str]) -> Counter[str]:
    """The counts of two shards together."""
    return one + other
