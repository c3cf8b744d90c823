"""Word2vec on a cluster: every shard trains a copy of the tables, and the copies are averaged at intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embcourse.distributed.reduction import kept
from embcourse.distributed.shards import read_shard, require_shards
from embcourse.distributed.vocabulary import build_vocabulary
from embcourse.negative_sampling import Training, learning_rate
from embcourse.text import Encoded, Vocabulary
from embcourse.training import padded_rows
from embcourse.vectors import Embeddings

if TYPE_CHECKING:
    from dask.distributed import Client


def train(
    shards: Sequence[str | Path],
    client: Client,
    *,
    averages: int = 1,
    epochs: int = 5,
    min_count: int = 5,
    max_size: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Embeddings:
    """Word vectors from a corpus in shards, by training a copy of the tables on each shard and averaging the copies.

    A round goes like this: every shard gets the same two tables, trains on its part of the text, and sends both back;
    the client averages them, each copy weighted by the tokens it has seen. The learning rate falls over all rounds as on
    one machine. A round is made of pure tasks: if a worker is lost, its shards are read and trained again elsewhere and
    give the same tables, and the averages of the rounds before are safe in the client. So the result depends on the
    shards, not on which worker did what.

    The mean of n copies has moved about as far as one of them, from a text that is n times as long. So each copy takes
    steps n times as large, unless you say otherwise: the learning rate is that of one machine times the number of
    shards. With the rate of one machine the result would be that of n times fewer epochs.

    shards    : files with one sentence a line, readable under the same path by every worker; see `write_shards`.
    client    : a `dask.distributed.Client`.
    averages  : how often in an epoch the copies are averaged, at least 1. A part of a shard must be long enough to hold
                the frequent words many times.
    epochs, min_count, max_size, seed: as in `embcourse.negative_sampling.train`.
    options   : model, loss, dim, window, negative, negatives, sample, noise_power, cbow_mean, learning_rate (for one copy) and
                min_learning_rate of `embcourse.negative_sampling.train`. Each task trains on one thread.
    returns   : Embeddings, the most frequent word first.
    raises    : TypeError or ValueError for an argument that is no good; FileNotFoundError for a shard that is not there;
                `dask.distributed.KilledWorker` if one task is on four workers that die, one after the other.

    Zinkevich, Weimer, Smola & Li (2010), with averages in between; Goyal et al. (2017) for the learning rate.
    """
    paths = require_shards(shards, "train")
    for name, value in (("averages", averages), ("epochs", epochs)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"train: {name} must be an integer, got {value!r}")
        if value < 1:
            raise ValueError(f"train: {name} must be at least 1, got {value}")
    vocabulary = build_vocabulary(paths, client, min_count=min_count, max_size=max_size)
    # The training object of the client checks the arguments, draws the first vectors, and never trains.
    one_of_each = Encoded(np.arange(len(vocabulary), dtype=np.int32), np.array([0, len(vocabulary)]))
    model = Training(one_of_each, vocabulary=vocabulary, epochs=epochs, seed=seed, threads=1, **options)
    tables = (model.inputs, model.outputs)
    highest = model.settings["learning_rate"] * (1 if options.get("learning_rate") is not None else len(paths))

    shared = kept(client, vocabulary)
    texts = [client.submit(encode_shard, path, shared, pure=False) for path in paths]
    rounds = epochs * averages
    for number in range(rounds):
        part = (number % averages / averages, (number % averages + 1) / averages)
        rates = tuple(
            learning_rate(done / rounds, highest, model.settings["min_learning_rate"])
            for done in (number, number + 1)
        )
        sent = kept(client, tables)
        copies = [
            client.submit(
                train_part, text, shared, sent, part, rates, seed * 1_000_003 + number * len(paths) + shard,
                model.settings, pure=False,
            )
            for shard, text in enumerate(texts)
        ]
        tables = weighted_mean(client.gather(copies))
    return Embeddings(vocabulary, tables[0])


def encode_shard(path: str, vocabulary: Vocabulary) -> Encoded:
    """The ids of one shard."""
    return vocabulary.encode_documents(read_shard(path))


def train_part(
    text: Encoded,
    vocabulary: Vocabulary,
    tables: tuple[np.ndarray, np.ndarray],
    part: tuple[float, float],
    rates: tuple[float, float],
    seed: int,
    settings: dict[str, Any],
) -> tuple[int, np.ndarray, np.ndarray]:
    """One shard's share of a round: trains copies of the tables on a part of the shard.

    part    : from which share of the shard's sentences to which, such as (0.25, 0.5).
    rates   : the learning rate at the beginning and at the end.
    settings: of `Training`.
    returns : (tokens trained, inputs, outputs).
    """
    from embcourse.negative_sampling import fast

    first, last = (round(share * (len(text.offsets) - 1)) for share in part)
    offsets = text.offsets[first : last + 1]
    ids = text.ids[offsets[0] : offsets[-1]]
    if not len(ids):
        return 0, *tables
    inputs, outputs = (padded_rows(*table.shape) for table in tables)
    for table, start in zip((inputs, outputs), tables, strict=True):
        table[:, : start.shape[1]] = start
    words = fast.make_tables(
        vocabulary.counts, sample=settings["sample"], power=settings["noise_power"],
        hierarchical=settings["loss"] == "hierarchical",
    )
    fast.train_chunk(
        settings["model"], settings["loss"], settings["negatives"], inputs, outputs, ids, offsets - offsets[0], words,
        settings["window"], settings["negative"], *rates, seed, cbow_mean=settings["cbow_mean"],
    )
    return len(ids), *(table[:, : start.shape[1]] for table, start in zip((inputs, outputs), tables, strict=True))


def weighted_mean(copies: Sequence[tuple[int, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the copies' tables, each weighted by its tokens; summed in float64.

    >>> one, other = np.full((1, 1), 2, np.float32), np.full((1, 1), 6, np.float32)
    >>> weighted_mean([(3, one, one), (1, other, other)])[0]
    array([[3.]], dtype=float32)
    """
    weights = np.array([tokens for tokens, _, _ in copies], dtype=np.float64)
    weights /= weights.sum()
    means = []
    for tables in zip(*(copy[1:] for copy in copies), strict=True):
        mean = sum(weight * table for weight, table in zip(weights, tables, strict=True))
        means.append(mean.astype(np.float32))
    return means[0], means[1]
