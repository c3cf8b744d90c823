"""Word2vec on a cluster: copies of the tables are trained on the shards, and averaged at
intervals."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from embcourse.arguments import require_choice, require_whole
from embcourse.distributed.reduction import kept
from embcourse.distributed.shards import shard_files
from embcourse.distributed.vocabulary import build_vocabulary
from embcourse.negative_sampling import SampledSettings, learning_rate
from embcourse.text import Encoded, Vocabulary
from embcourse.training import (
    LARGEST,
    Reporter,
    first_vectors,
    interrupts_held,
    load_checkpoint,
    padded_rows,
    read_sentences,
    require_stable,
    require_trained,
    require_writable,
    save_checkpoint,
    setting,
    takes,
)
from embcourse.vectors import Embeddings

if TYPE_CHECKING:
    from dask.distributed import Client


COPIES = 4  # with the rate of so many, averaging once an epoch costs nothing; with 16 it diverges


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClusterSettings(SampledSettings):
    """The keywords of `train`, which says what they mean.

    >>> ClusterSettings(averages=0)
    Traceback (most recent call last):
    ValueError: Settings: averages must be at least 1, got 0
    """

    loss: Literal["negative", "hierarchical"] = setting(
        "negative", require_choice, choices=("negative", "hierarchical")
    )
    copies: int | None = setting(None, require_whole, least=1)
    averages: int = setting(1, require_whole, least=1)


@takes(ClusterSettings)
def train(
    shards: str | Path | Sequence[str | Path], client: Client, settings: ClusterSettings
) -> Embeddings:
    """Word vectors from a corpus in shards, by training copies of the tables side by side and
    averaging them.

    The shards are dealt to the copies. A round goes like this: every copy gets the same two tables,
    trains on a part of each of its shards in turn, and sends both back; the client averages them,
    each weighted by the tokens it has seen. The learning rate falls over all rounds as on one
    machine. A round is made of pure tasks: if a worker is lost, its work is done again elsewhere
    and gives the same tables, and the averages of the rounds before are safe in the client. So the
    result depends on the shards and on `copies`, not on the cluster.

    The mean of n copies has moved about as far as one of them, from a text that is n times as long.
    So each copy takes steps n times as large, unless you say otherwise: the learning rate is that
    of one machine times the number of copies. With the rate of one machine the result would be that
    of n times fewer epochs. Steps can't grow without end: the rate of 16 copies lets them diverge.
    So there are at most 4 copies, however many shards, unless you ask for more; then take more
    averages, and look at the loss.

    shards    : files with one sentence a line, or a folder or a pattern of them, readable under the
                same path by every worker; .gz, .bz2 and .xz are read through; see `write_shards`.
    client    : a `dask.distributed.Client`.
    copies    : how many are trained side by side, from 1 to the number of shards; None for 4, or as
                many as there are shards. More workers than copies are idle.
    averages  : how often in an epoch the copies are averaged, at least 1. A part of a shard must be
                long enough to hold the frequent words many times.
    epochs, min_count, max_size, encoding, seed: as in `embcourse.negative_sampling.train`.
    progress, callback: as there, once a round.
    checkpoint: a file to save the state in after every round. If it exists, training goes on from
                there, with the result of an unbroken run.
    the rest  : model, loss, dim, window, negative, negatives, sample, noise_power, cbow_mean,
                learning_rate (for one copy), min_learning_rate and start are those of
                `embcourse.negative_sampling.train`; loss is not "softmax". Each task trains on one
                thread.
    returns   : Embeddings, the most frequent word first.
    raises    : TypeError or ValueError for an argument that is no good or unknown, or if no pair
                was trained; FileNotFoundError for a shard that is not there; `training.Diverged` as
                soon as the averaged tables explode; `dask.distributed.KilledWorker` if one task is
                on four workers that die, one after the other.

    Zinkevich, Weimer, Smola & Li (2010), with averages in between; Goyal et al. (2017) for the
    learning rate.
    """
    paths = shard_files(shards, "train")
    copies = min(COPIES, len(paths)) if settings.copies is None else settings.copies
    if copies > len(paths):
        raise ValueError(
            f"train: copies must not be more than the shards, got {copies} for {len(paths)} shards"
        )
    checkpoint, averages = settings.checkpoint, settings.averages
    if checkpoint is not None:
        require_writable("train", checkpoint)
    min_count, max_size = settings.min_count, settings.max_size
    vocabulary = build_vocabulary(
        paths, client, min_count=min_count, max_size=max_size, encoding=settings.encoding
    )
    words = len(vocabulary)
    if words < 2:
        raise ValueError(
            f"train: two words or more are needed, got {words} of the corpus"
            f" (min_count={min_count}, max_size={max_size})"
        )
    settings.require_words(words)
    inputs = first_vectors("train", settings.start, vocabulary, settings.dim, settings.seed)
    tables = (
        inputs,
        np.zeros((words - (settings.loss == "hierarchical"), settings.dim), np.float32),
    )
    limit = LARGEST * max(1.0, float(np.abs(inputs).max()))
    highest = settings.highest_rate * (1 if settings.learning_rate is not None else copies)
    # What a task needs to know: no vectors and no callback travel with it.
    sent_settings = replace(settings, start=None, callback=None)

    shared = kept(client, vocabulary)
    texts = [
        client.submit(encode_shard, path, shared, settings.encoding, pure=False) for path in paths
    ]
    saved_settings = settings.as_dict() | {
        "copies": copies,
        "shards": len(paths),
        "learning_rate": highest,
        "corpus": client.gather([client.submit(fingerprint, text) for text in texts]),
    }
    tokens = int(vocabulary.counts.sum())
    rounds, first = settings.epochs * averages, 0
    if checkpoint is not None and Path(checkpoint).exists():
        arrays, first = load_checkpoint(checkpoint, saved_settings, where="train")
        tables = (arrays["inputs"], arrays["outputs"])

    with Reporter(
        epochs=settings.epochs,
        epoch_tokens=tokens,
        done=first * tokens // averages,
        progress=settings.progress,
        callback=settings.callback,
    ) as reporter:
        for number in range(first, rounds):
            part = (number % averages / averages, (number % averages + 1) / averages)
            rates = tuple(
                learning_rate(done / rounds, highest, settings.min_learning_rate)
                for done in (number, number + 1)
            )
            sent = kept(client, tables)
            trained = []
            for copy in range(copies):
                mine = range(copy, len(paths), copies)
                state = sent
                for step, shard in enumerate(mine):
                    falling = tuple(
                        rates[0] + (rates[1] - rates[0]) * (step + end) / len(mine)
                        for end in (0, 1)
                    )
                    state = client.submit(
                        train_part,
                        texts[shard],
                        shared,
                        state,
                        part,
                        falling,
                        settings.seed * 1_000_003 + number * len(paths) + shard,
                        sent_settings,
                        pure=False,
                    )
                trained.append(state)
            results = client.gather(trained)
            tables = weighted_mean(results, tables)
            loss_sum, loss_terms = (
                sum(getattr(result, name) for result in results)
                for name in ("loss_sum", "loss_terms")
            )
            mean = loss_sum / loss_terms if loss_terms else None
            require_stable(
                "train",
                tables,
                loss=mean,
                learning_rate=rates[1],
                limit=limit,
                checkpoint=checkpoint,
            )
            if checkpoint is not None:
                with interrupts_held():
                    save_checkpoint(
                        checkpoint,
                        {"inputs": tables[0], "outputs": tables[1]},
                        number + 1,
                        saved_settings,
                    )
            passed = (number + 1) * tokens // averages - number * tokens // averages
            reporter.passed(
                passed, loss_sum=loss_sum, loss_terms=loss_terms, learning_rate=rates[1]
            )
    require_trained("train", bool(tables[1].any()), sample=settings.sample)
    return Embeddings(vocabulary, tables[0])


class Copy(NamedTuple):
    """A copy of the tables on its way through the shards of a round.

    tokens                  : trained so far in this round.
    inputs, outputs         : the two tables.
    loss_sum, loss_terms    : of the predictions whose loss was taken.
    """

    tokens: int
    inputs: np.ndarray
    outputs: np.ndarray
    loss_sum: float = 0.0
    loss_terms: int = 0


def encode_shard(path: str, vocabulary: Vocabulary, encoding: str = "utf-8") -> Encoded:
    """The ids of one shard."""
    return vocabulary.encode_documents(read_sentences(path, encoding=encoding))


def fingerprint(text: Encoded) -> int:
    """A number that differs if the ids or the sentences of a shard differ."""
    return zlib.crc32(
        np.ascontiguousarray(text.ids), zlib.crc32(np.ascontiguousarray(text.offsets))
    )


def train_part(
    text: Encoded,
    vocabulary: Vocabulary,
    tables: Copy | tuple[np.ndarray, np.ndarray],
    part: tuple[float, float],
    rates: tuple[float, float],
    seed: int,
    settings: SampledSettings,
) -> Copy:
    """One shard's share of a round: trains copies of the tables on a part of the shard.

    tables  : the averaged tables of the round before, or a copy that has been through another
              shard.
    part    : from which share of the shard's sentences to which, such as (0.25, 0.5).
    rates   : the learning rate at the beginning and at the end.
    settings: of the training.
    """
    from embcourse.negative_sampling import fast

    before = tables if isinstance(tables, Copy) else Copy(0, *tables)
    first, last = (round(share * (len(text.offsets) - 1)) for share in part)
    offsets = text.offsets[first : last + 1]
    ids = text.ids[offsets[0] : offsets[-1]]
    if not len(ids):
        return before
    dim = before.inputs.shape[1]
    inputs, outputs = (padded_rows(*table.shape) for table in (before.inputs, before.outputs))
    inputs[:, :dim], outputs[:, :dim] = before.inputs, before.outputs
    words = fast.make_tables(
        vocabulary.counts,
        sample=settings.sample,
        power=settings.noise_power,
        hierarchical=settings.loss == "hierarchical",
    )
    loss_sum, loss_terms, _ = fast.train_chunk(
        settings.model,
        settings.loss,
        settings.negatives,
        inputs,
        outputs,
        ids,
        offsets - offsets[0],
        words,
        settings.window,
        settings.negative,
        *rates,
        seed,
        cbow_mean=settings.cbow_mean,
    )
    return Copy(
        before.tokens + len(ids),
        inputs[:, :dim],
        outputs[:, :dim],
        before.loss_sum + loss_sum,
        before.loss_terms + loss_terms,
    )


def weighted_mean(
    copies: Sequence[Copy], before: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the copies' tables, each weighted by its tokens; summed in float64.

    before: what stays if no copy has seen a token.

    >>> one, other = np.full((1, 1), 2, np.float32), np.full((1, 1), 6, np.float32)
    >>> weighted_mean([Copy(3, one, one), Copy(1, other, other)], (one, one))[0]
    array([[3.]], dtype=float32)
    """
    weights = np.array([copy.tokens for copy in copies], dtype=np.float64)
    if not weights.any():
        return before
    weights /= weights.sum()
    means = []
    for tables in ([copy.inputs for copy in copies], [copy.outputs for copy in copies]):
        mean = sum(weight * table for weight, table in zip(weights, tables, strict=True))
        means.append(mean.astype(np.float32))
    return means[0], means[1]
