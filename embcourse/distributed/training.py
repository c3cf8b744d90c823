"""Word2vec on a cluster: copies of the tables are trained on the shards, and what they changed is
put together at intervals."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from embcourse.arguments import require_choice, require_whole
from embcourse.distributed.reduction import kept, reduced
from embcourse.distributed.shards import shard_files
from embcourse.distributed.vocabulary import build_vocabulary
from embcourse.negative_sampling import SampledSettings, learning_rate
from embcourse.text import Encoded, Vocabulary
from embcourse.training import (
    Reporter,
    first_vectors,
    interrupts_held,
    largest_allowed,
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

    from embcourse.negative_sampling.fast import Tables


COPIES = 4
# The next three were found by trying, with 4 copies, on the Wikipedia extract and on the Bible's
# translations: `python -m benchmarks cluster` measures what they give.
# Of a round, all copies together. In rounds of 64,000 they learn more slowly than one machine.
TOKENS = 16_000
# How many times larger a copy's steps are. Four times cost skip-gram analogies.
LARGER = 2
# Of a row's step in a round. Rows of frequent words end about 3 long with skip-gram, 12 with CBOW.
LONGEST = 0.8
SAVES = 8  # checkpoints in an epoch, and at least so many rounds


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
    averages: int | None = setting(None, require_whole, least=1)


@takes(ClusterSettings)
def train(
    shards: str | Path | Sequence[str | Path], client: Client, settings: ClusterSettings
) -> Embeddings:
    """Word vectors from a corpus in shards, by training copies of the tables side by side.

    The shards are dealt to the copies. A round goes like this: every copy gets the same two tables
    and trains on the next part of its shards; then what the copies have changed is put together. A
    round is made of pure tasks: if a worker is lost, its work is done again elsewhere and gives the
    same tables, and what came of the rounds before is safe in the client. So the result depends on
    the shards, on `copies` and on `averages`, not on the cluster.

    How are changes put together? Their mean moves about as far as one copy, from a text that is n
    times as long: n copies would learn as from n times fewer epochs. Their sum moves as far as one
    machine, but all copies pull the row of a frequent word to the same place, and together they go
    n times too far; the next round has to come back, and the training diverges. So the copies take
    steps twice as large as one machine, and half of the sum is added: a row goes as far as all
    copies together. But no row goes further than 0.8 in a round, unless their mean does. See
    `put_together`.

    A row must not change much between two rounds, and that is what the copies cost: rounds are
    short, 16,000 tokens together or as many as there are words, and the tables travel every time.
    It pays where a round takes longer to train than to send: on fast networks, or in longer rounds.
    With a few million tokens one machine is many times faster. `python -m benchmarks cluster`
    compares the result with one machine.

    shards    : files with one sentence a line, or a folder or a pattern of them, readable under the
                same path by every worker; .gz, .bz2 and .xz are read through; see `write_shards`.
    client    : a `dask.distributed.Client`.
    copies    : how many are trained side by side, from 1 to the number of shards; None for 4, or as
                many as there are shards. More workers than copies are idle.
    averages  : how often in an epoch the changes are put together, at least 1; None for rounds of
                16,000 tokens, or of as many tokens as there are words if that is more, and for 8 if
                the corpus is short. Fewer rounds need less network, and learn more slowly.
    epochs, min_count, max_size, encoding, seed: as in `embcourse.negative_sampling.train`.
    progress, callback: as there, once a round.
    checkpoint: a file to save the state in, eight times an epoch, or after every round if an epoch
                has fewer. If it exists, training goes on from there, with the result of an unbroken
                run.
    the rest  : model, loss, dim, window, negative, negatives, sample, noise_power, cbow_mean,
                learning_rate (of one machine), min_learning_rate and start are those of
                `embcourse.negative_sampling.train`; loss is not "softmax". Each task trains on one
                thread.
    returns   : Embeddings, the most frequent word first.
    raises    : TypeError or ValueError for an argument that is no good or unknown, or if no pair
                was trained; FileNotFoundError for a shard that is not there; `training.Diverged` as
                soon as the tables explode; `dask.distributed.KilledWorker` if one task is on four
                workers that die, one after the other.

    Zinkevich, Weimer, Smola & Li (2010), with averages in between; Goyal et al. (2017) for the
    larger steps; Pascanu, Mikolov & Bengio (2013) for the bound.
    """
    from embcourse.negative_sampling import fast

    paths = shard_files(shards, "train")
    copies = min(COPIES, len(paths)) if settings.copies is None else settings.copies
    if copies > len(paths):
        raise ValueError(
            f"train: copies must not be more than the shards, got {copies} for {len(paths)} shards"
        )
    checkpoint = settings.checkpoint
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
    limit = largest_allowed(inputs)
    larger = times_larger(copies)
    # What a task needs to know: no vectors and no callback travel with it.
    sent_settings = replace(settings, start=None, callback=None)

    shared = kept(client, vocabulary)
    texts = [
        client.submit(encode_shard, path, shared, settings.encoding, pure=False) for path in paths
    ]
    assert vocabulary.counts is not None  # the shards have been counted
    tokens = int(vocabulary.counts.sum())
    averages = settings.averages or max(SAVES, round(tokens / max(TOKENS, words)))
    saved_settings = settings.as_dict() | {
        "copies": copies,
        "averages": averages,
        "shards": len(paths),
        "learning_rate": settings.highest_rate,
        "corpus": client.gather([client.submit(fingerprint, text) for text in texts]),
    }
    drawn = fast.make_tables(
        vocabulary.counts,
        sample=settings.sample,
        power=settings.noise_power,
        hierarchical=settings.loss == "hierarchical",
    )
    words_drawn = kept(client, drawn)
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
            rates = tuple(
                larger
                * learning_rate(
                    done / rounds,
                    settings.highest_rate,
                    settings.min_learning_rate,
                )
                for done in (number, number + 1)
            )
            sent = kept(client, tables)
            changes = []
            for copy in range(copies):
                state = sent
                mine = range(copy, len(paths), copies)
                for shard, part, passed in parts(mine, number % averages, averages):
                    state = client.submit(
                        train_part,
                        texts[shard],
                        words_drawn,
                        state,
                        part,
                        tuple(rates[0] + (rates[1] - rates[0]) * share for share in passed),
                        settings.seed * 1_000_003 + number * len(paths) + shard,
                        sent_settings,
                        pure=False,
                    )
                changes.append(client.submit(change, state, sent, pure=False))
            total = reduced(client, changes, added)
            tables = (
                tables[0] + put_together(total.inputs, copies),
                tables[1] + put_together(total.outputs, copies),
            )
            mean = total.loss_sum / total.loss_terms if total.loss_terms else None
            require_stable(
                "train",
                tables,
                loss=mean,
                learning_rate=rates[1],
                limit=limit,
                checkpoint=checkpoint,
            )
            due = (number + 1) * SAVES // averages > number * SAVES // averages
            if checkpoint is not None and due:
                with interrupts_held():
                    save_checkpoint(
                        checkpoint,
                        {"inputs": tables[0], "outputs": tables[1]},
                        number + 1,
                        saved_settings,
                    )
            reporter.passed(
                (number + 1) * tokens // averages - number * tokens // averages,
                loss_sum=total.loss_sum,
                loss_terms=total.loss_terms,
                learning_rate=rates[1],
            )
    require_trained("train", bool(tables[1].any()), sample=settings.sample)
    return Embeddings(vocabulary, tables[0])


class Copy(NamedTuple):
    """A copy of the tables on its way through a round, or the changes of some copies together.

    inputs, outputs         : the two tables.
    loss_sum, loss_terms    : of the predictions whose loss was taken.
    """

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
        np.ascontiguousarray(text.ids).data, zlib.crc32(np.ascontiguousarray(text.offsets).data)
    )


def parts(
    shards: Sequence[int], number: int, rounds: int
) -> Iterator[tuple[int, tuple[float, float], tuple[float, float]]]:
    """What a copy trains in one of the rounds of an epoch: one shard after the other, in order.

    returns: for each shard that it meets, the shard, from which share of it to which, and from
             which share of the round to which.

    >>> list(parts([2, 6, 10], 0, 2))
    [(2, (0.0, 1.0), (0.0, 0.6666666666666666)), (6, (0.0, 0.5), (0.6666666666666666, 1.0))]
    """
    first, last = (Fraction(len(shards) * (number + end), rounds) for end in (0, 1))
    place = first
    while place < last:
        whole = floor(place)
        end = min(Fraction(whole + 1), last)
        passed, after = (float((at - first) / (last - first)) for at in (place, end))
        yield shards[whole], (float(place - whole), float(end - whole)), (passed, after)
        place = end


def train_part(
    text: Encoded,
    words: Tables,
    tables: Copy | tuple[np.ndarray, np.ndarray],
    part: tuple[float, float],
    rates: tuple[float, float],
    seed: int,
    settings: SampledSettings,
) -> Copy:
    """One shard's share of a round: trains copies of the tables on a part of the shard.

    tables  : those that the round begins with, or a copy that has been through another shard.
    part    : from which share of the shard's sentences to which, such as (0.25, 0.5).
    rates   : the learning rate at the beginning and at the end.
    settings: of the training.
    """
    from embcourse.negative_sampling import fast

    before = tables if isinstance(tables, Copy) else Copy(*tables)
    first, last = (round(share * (len(text.offsets) - 1)) for share in part)
    offsets = text.offsets[first : last + 1]
    ids = text.ids[offsets[0] : offsets[-1]]
    if not len(ids):
        return before
    dim = before.inputs.shape[1]
    inputs, outputs = (padded_rows(*table.shape) for table in (before.inputs, before.outputs))
    inputs[:, :dim], outputs[:, :dim] = before.inputs, before.outputs
    assert settings.loss != "softmax"  # ClusterSettings has no such choice
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
        inputs[:, :dim],
        outputs[:, :dim],
        before.loss_sum + loss_sum,
        before.loss_terms + loss_terms,
    )


def change(
    state: Copy | tuple[np.ndarray, np.ndarray], before: tuple[np.ndarray, np.ndarray]
) -> Copy:
    """How far a copy has moved from the tables that its round began with."""
    if not isinstance(state, Copy):
        return Copy(np.zeros_like(before[0]), np.zeros_like(before[1]))
    return state._replace(inputs=state.inputs - before[0], outputs=state.outputs - before[1])


def added(one: Copy, other: Copy) -> Copy:
    """The changes of two copies, or more, as one: everything added."""
    return Copy(
        one.inputs + other.inputs,
        one.outputs + other.outputs,
        one.loss_sum + other.loss_sum,
        one.loss_terms + other.loss_terms,
    )


def times_larger(copies: int) -> int:
    """How many times larger than one machine's the steps of so many copies are."""
    return min(copies, LARGER)


def put_together(moved: np.ndarray, copies: int) -> np.ndarray:
    """The change of a table, from the sum of what its copies have changed.

    The copies' steps were `times_larger(copies)` times one machine's, so that share of the sum goes
    as far as one machine. A row that it would take further than `LONGEST` goes as far as that, or
    as the mean, whichever is further.

    moved  : (rows, dim), the sum of the copies' changes.
    copies : how many, at least 1.
    returns: (rows, dim), as `moved`.

    >>> put_together(np.array([[0.4], [2.0], [8.0]]), copies=4).ravel()
    array([0.2, 0.8, 2. ])
    """
    larger = times_larger(copies)
    steps = moved / larger
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    allowed = LONGEST / np.maximum(lengths, LONGEST)
    return steps * np.maximum(allowed, larger / copies)
