"""Counting words on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embcourse.distributed.reduction import reduced
from embcourse.distributed.shards import read_shard, require_shards
from embcourse.text import Vocabulary

if TYPE_CHECKING:
    from dask.distributed import Client


def build_vocabulary(
    shards: Sequence[str | Path], client: Client, *, min_count: int = 5, max_size: int | None = None
) -> Vocabulary:
    """The vocabulary of a corpus in shards: equal to `Vocabulary.build` on all of it, unknown words
    dropped.

    Each shard is counted where it lies, and the counts are added in pairs, so nobody ever holds all
    of them but the last.

    shards   : files with one sentence a line, readable under the same path by every worker.
    client   : a `dask.distributed.Client`.
    min_count: words that occur fewer times in the whole corpus are cut; at least 1.
    max_size : at most so many words; None for no limit.
    raises   : as `Vocabulary.build`, and TypeError, ValueError or FileNotFoundError for shards that
               are no list of files.
    """
    paths = require_shards(shards, "build_vocabulary")
    counts = reduced(
        client, [client.submit(count_words, path, pure=False) for path in paths], add_counts
    )
    return Vocabulary.from_counts(counts, min_count=min_count, max_size=max_size, unknown="drop")


def count_words(path: str) -> Counter[str]:
    """How often each word occurs in one shard."""
    counts: Counter[str] = Counter()
    for sentence in read_shard(path):
        counts.update(sentence)
    return counts


def add_counts(one: Counter[str], other: Counter[str]) -> Counter[str]:
    """The counts of two shards together."""
    return one + other
