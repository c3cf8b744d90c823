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
from embcourse.text import Encoded, Vocabulary, keep_probabilities
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
AVERAGES = 8
# The share of the way that a row goes at one token of its word, as a multiple of the learning rate:
# found by trying 0.25, 0.5, 1 and 4 on the Wikipedia extract. With too little, rows overshoot; with
# too much, the copies learn slowly.
FORGETTING = 0.5
# The largest learning rate that was found to do no harm. CBOW moves all words of a window by the
# whole gradient, and loses analogies when it takes larger steps than on one machine.
STEEPEST = {"skipgram": 0.1, "cbow": 0.05}


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
    averages: int = setting(AVERAGES, require_whole, least=1)


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
    times as long: n copies would learn as from n times fewer epochs. Two things mend that. The
    copies take larger steps than one machine, up to n times, as long as the learning rate stays at
    0.1 for skip-gram and at 0.05 for CBOW. For what is missing, each row has a weight between mean
    and sum, which follows from how often its word was seen in the round: see `held_back`. So by
    default, with 4 copies, skip-gram takes the mean after steps 4 times as large. CBOW takes steps
    as on one machine, and adds the changes of rare words and averages those of frequent ones.

    `python -m benchmarks cluster` compares the result with one machine. It is not everywhere as
    good: after few epochs skip-gram loses about a tenth of the analogies, and CBOW loses a third on
    the Bible's translations, somewhat less with 50 averages an epoch.

    What else was tried, with 4 copies on the Wikipedia extract and one to six seeds. CBOW: the mean
    after steps 4 times as large costs about a fifth of the analogies; the sum diverges; the
    adaptive sum of Maleki et al. (2021), which takes the weights from the angle between two
    changes, is as good. Skip-gram: the adaptive sum falls short on WordSim-353, and weights with
    steps as on one machine learn as from fewer epochs. With as many times larger steps, 16 copies
    diverge. A parameter server was not tried.

    shards    : files with one sentence a line, or a folder or a pattern of them, readable under the
                same path by every worker; .gz, .bz2 and .xz are read through; see `write_shards`.
    client    : a `dask.distributed.Client`.
    copies    : how many are trained side by side, from 1 to the number of shards; None for 4, or as
                many as there are shards. More workers than copies are idle.
    averages  : how often in an epoch the changes are put together, at least 1. The more often, the
                more it is like one machine, and the more tables travel.
    epochs, min_count, max_size, encoding, seed: as in `embcourse.negative_sampling.train`.
    progress, callback: as there, once a round.
    checkpoint: a file to save the state in after every round. If it exists, training goes on from
                there, with the result of an unbroken run.
    the rest  : model, loss, dim, window, negative, negatives, sample, noise_power, cbow_mean,
                learning_rate (of one machine), min_learning_rate and start are those of
                `embcourse.negative_sampling.train`; loss is not "softmax". Each task trains on one
                thread.
    returns   : Embeddings, the most frequent word first.
    raises    : TypeError or ValueError for an argument that is no good or unknown, or if no pair
                was trained; FileNotFoundError for a shard that is not there; `training.Diverged` as
                soon as the tables explode; `dask.distributed.KilledWorker` if one task is on four
                workers that die, one after the other.

    Zinkevich, Weimer, Smola & Li (2010), with averages in between and a weight for each row; Goyal
    et al. (2017) for the larger steps.
    """
    from embcourse.negative_sampling import fast

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
    limit = largest_allowed(inputs)
    larger = max(1.0, min(copies, STEEPEST[settings.model] / settings.highest_rate))
    # What a task needs to know: no vectors and no callback travel with it.
    sent_settings = replace(settings, start=None, callback=None)

    shared = kept(client, vocabulary)
    texts = [
        client.submit(encode_shard, path, shared, settings.encoding, pure=False) for path in paths
    ]
    saved_settings = settings.as_dict() | {
        "copies": copies,
        "shards": len(paths),
        "learning_rate": settings.highest_rate,
        "corpus": client.gather([client.submit(fingerprint, text) for text in texts]),
    }
    assert vocabulary.counts is not None  # the shards have been counted, or it was asked for
    drawn = fast.make_tables(
        vocabulary.counts,
        sample=settings.sample,
        power=settings.noise_power,
        hierarchical=settings.loss == "hierarchical",
    )
    words_drawn, trained = kept(client, drawn), times_trained(vocabulary, drawn, settings)
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
            seen = np.array(total.tokens) / tokens
            tables = tuple(
                table + held_back(moved, FORGETTING * rates[0] / larger * times, seen, larger)
                for table, moved, times in zip(
                    tables, (total.inputs, total.outputs), trained, strict=True
                )
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
            if checkpoint is not None:
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

    tokens                  : trained so far in this round, for each copy.
    inputs, outputs         : the two tables.
    loss_sum, loss_terms    : of the predictions whose loss was taken.
    """

    tokens: tuple[int, ...]
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

    before = tables if isinstance(tables, Copy) else Copy((0,), *tables)
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
        (before.tokens[0] + len(ids),),
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
        return Copy((0,), np.zeros_like(before[0]), np.zeros_like(before[1]))
    return state._replace(inputs=state.inputs - before[0], outputs=state.outputs - before[1])


def added(one: Copy, other: Copy) -> Copy:
    """The changes of two copies, or more, as one: everything added, the tokens side by side."""
    return Copy(
        one.tokens + other.tokens,
        one.inputs + other.inputs,
        one.outputs + other.outputs,
        one.loss_sum + other.loss_sum,
        one.loss_terms + other.loss_terms,
    )


def held_back(
    moved: np.ndarray, forgotten: np.ndarray, seen: np.ndarray, larger: float = 1.0
) -> np.ndarray:
    """The change of a table, from the sum of what its copies have changed.

    A row that goes a small share of the way to where it is pulled, again and again, has after all
    of them 1 - e^-a of the way behind it, where a is the sum of the shares. One machine would go
    1 - e^-(a + b), two copies go 1 - e^-a and 1 - e^-b, and what they have moved is added and
    multiplied by the ratio. It is 1 where they have seen little: nobody was where another has
    been. It is 1 / copies, and gives a mean, where each has arrived. Copies that take larger steps
    have gone 1 - e^-(larger a).

    moved    : (rows, dim), the sum of the copies' changes.
    forgotten: (rows,), a if a copy trained all of the text once.
    seen     : (copies,), how much of the text each has trained.
    larger   : how many times larger their steps were than those that `forgotten` belongs to.
    returns  : (rows, dim), as `moved`.

    >>> held_back(np.ones((3, 1)), np.array([0.0, 1.0, 1e6]), np.array([0.5, 0.5])).ravel().round(2)
    array([1. , 0.8, 0.5])
    """
    gone = np.outer(seen, forgotten)
    copies = -np.expm1(-larger * gone).sum(axis=0)
    ratio = np.divide(
        -np.expm1(-gone.sum(axis=0)), copies, out=np.full_like(copies, 1 / larger), where=copies > 0
    )
    return ratio.astype(moved.dtype)[:, None] * moved


def times_trained(
    vocabulary: Vocabulary, drawn: Tables, settings: SampledSettings
) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens of an epoch train each input row and each output row.

    Those that subsampling keeps. With the hierarchical softmax an output row is an inner node, and
    all words below it train it.
    """
    assert vocabulary.counts is not None
    tokens = vocabulary.counts * keep_probabilities(
        vocabulary.counts, settings.sample, variant="code"
    )
    if settings.loss != "hierarchical":
        return tokens, tokens
    words = len(tokens)
    nodes = np.zeros(len(drawn.up) - words)
    places, weights = np.arange(words), tokens
    while len(places):
        above = drawn.up[places] >> 1
        nodes += np.bincount(above, weights, minlength=len(nodes))
        inner = above < len(nodes) - 1  # the last is the root
        places, weights = words + above[inner], weights[inner]
    return tokens, nodes
