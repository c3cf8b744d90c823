"""Word vectors by prediction: skip-gram and CBOW, with negative sampling or hierarchical softmax,
on many threads."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from embcourse.arguments import require_choice, require_instance, require_number, require_whole
from embcourse.negative_sampling.reference import learning_rate
from embcourse.training import (
    Corpus,
    Diverged,
    LocalSettings,
    Reporter,
    Settings,
    Trainer,
    compact_rows,
    first_vectors,
    interrupts_held,
    largest_allowed,
    load_checkpoint,
    padded_rows,
    require_stable,
    require_trained,
    require_writable,
    save_checkpoint,
    setting,
    takes,
)
from embcourse.vectors import Embeddings

Loss = Literal["negative", "hierarchical", "softmax"]
Negatives = Literal["per_window", "per_pair"]

CHUNK_TOKENS = 10_000  # what a thread trains between two looks at the clock: some milliseconds
GPU_CHUNK_TOKENS = 1_000_000  # what keeps a large GPU busy
LOOK_EVERY = 0.5  # seconds between two looks at all numbers of the tables, or longer, so that
LOOKING = 0.01  # looking takes no more than this share of the time


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SampledSettings(Settings):
    """What skip-gram and CBOW with sampled or hierarchical losses add, on one machine or many.

    >>> SampledSettings(loss="hinge")
    Traceback (most recent call last):
    ValueError: Settings: loss must be 'negative', 'hierarchical' or 'softmax', got 'hinge'
    """

    loss: Loss = setting("negative", require_choice, choices=Loss)
    negative: int = setting(5, require_whole, least=1)
    negatives: Negatives = setting("per_pair", require_choice, choices=Negatives)
    noise_power: float = setting(0.75, require_number, least=0)
    learning_rate: float | None = setting(None, require_number, above=0)
    min_learning_rate: float = setting(1e-4, require_number, least=0)
    checkpoint: str | Path | None = setting(
        None, require_instance, kind=(str, os.PathLike), expected="a path", counts=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        most = self.highest_rate
        require_number(self.where, "min_learning_rate", self.min_learning_rate, least=0, most=most)

    @property
    def highest_rate(self) -> float:
        """The learning rate that one machine begins with: without a word the released code's."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 0.025 if self.model == "skipgram" else 0.05

    def as_dict(self) -> dict[str, Any]:
        """What the result depends on, with the learning rate as a number."""
        return super().as_dict() | {"learning_rate": self.highest_rate}

    def require_words(self, words: int) -> None:
        """Refuses settings that a vocabulary of so many words is too small for.

        >>> SampledSettings(negative=3).require_words(3)
        Traceback (most recent call last):
        ValueError: Settings: negative must be smaller than the vocabulary, ...
        """
        if self.loss == "negative" and self.negative >= words:
            raise ValueError(
                f"{self.where}: negative must be smaller than the vocabulary, got"
                f" negative={self.negative} for {words} words"
            )
        if self.loss == "hierarchical" and words < 2:
            raise ValueError(
                f"{self.where}: hierarchical softmax needs at least two words, got one"
            )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrainingSettings(SampledSettings, LocalSettings):
    """The keywords of `train` and `Training`, which say what they mean.

    >>> TrainingSettings(threads=0)
    Traceback (most recent call last):
    ValueError: Settings: threads must be at least 1, got 0
    """

    # A checkpoint may be taken up with more threads.
    threads: int | None = setting(None, require_whole, least=1, counts=False)
    checkpoint_every: float = setting(60.0, require_number, least=0, counts=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.device == "cuda" and self.loss != "softmax":
            if (self.model, self.loss, self.negatives) == ("skipgram", "negative", "per_pair"):
                raise ValueError(
                    f"{self.where}: on a GPU negatives must be 'per_window', got 'per_pair'"
                )
            if self.dim > 512:
                raise ValueError(f"{self.where}: on a GPU dim must be at most 512, got {self.dim}")


class Chunk(NamedTuple):
    """One piece of work: sentences start to end - 1 of an epoch, and where it stands in the whole
    training."""

    epoch: int
    start: int
    end: int
    first_token: int  # tokens passed before it, over all epochs
    tokens: int
    seed: int


class Training(Trainer):
    """A training that can be looked at, stopped, saved and resumed. `train` is the short way.

    The arguments are those of `train`. Reading the corpus, counting words and drawing the first
    vectors happen here, and so do all complaints about arguments.

    Attributes: `settings`, a frozen `TrainingSettings`; `vocabulary`; `inputs` and `outputs`,
    (words, dim) float32, the tables as they stand (for hierarchical softmax the outputs are the
    (words - 1, dim) inner nodes of the tree); `finished`.

    >>> sentences = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 5
    >>> training = Training(
    ...     sentences, dim=4, negative=2, sample=0, min_count=1, epochs=2, threads=1
    ... )
    >>> training.run(until=1).finished, training.run().finished
    (False, True)
    >>> training.embeddings()
    Embeddings(6 words x 4, float32)
    >>> training
    Training(6 words, 80 of 80 tokens, model='skipgram', dim=4, window=5, sample=0.0, ...)
    """

    settings: TrainingSettings

    @takes(TrainingSettings)
    def __init__(self, corpus: Corpus, settings: TrainingSettings) -> None:
        self._prepare(corpus, settings)

    def _prepare(self, corpus: Corpus, settings: TrainingSettings) -> None:
        # What can be refused without reading the corpus is refused first.
        where = settings.where
        if settings.loss == "softmax":
            raise ValueError(f"{where}: loss='softmax' is embcourse.word2vec.Training")
        if settings.checkpoint is not None:
            require_writable(where, settings.checkpoint)
        self._on_gpu = settings.device == "cuda"
        self._open(corpus, settings, GPU_CHUNK_TOKENS if self._on_gpu else CHUNK_TOKENS)
        words = len(self.vocabulary)
        settings.require_words(words)

        from embcourse.negative_sampling import fast

        tree = settings.loss == "hierarchical"
        self._tables: Any = fast.make_tables(
            self._corpus.counts,
            sample=settings.sample,
            power=settings.noise_power,
            hierarchical=tree,
        )
        self._threads = 1 if self._on_gpu else settings.threads or os.cpu_count() or 1
        self._counting = threading.Lock()
        self._broken = False
        dim = settings.dim
        tables: list[Any] = [padded_rows(words, dim), padded_rows(words - tree, dim)]
        if settings.checkpoint is not None and Path(settings.checkpoint).exists():
            arrays, self._position = load_checkpoint(
                settings.checkpoint, self._saved_settings, where=where
            )
            for table, name in zip(tables, ("inputs", "outputs"), strict=True):
                table[:, :dim] = arrays[name]
        else:
            tables[0][:, :dim] = first_vectors(
                where, settings.start, self.vocabulary, dim, settings.seed
            )
        self._limit = largest_allowed(tables[0])
        if self._on_gpu:
            import torch

            from embcourse.negative_sampling import gpu

            self._tables = gpu.to_device(self._tables, "cuda")
            tables = [torch.from_numpy(table[:, :dim]).contiguous().cuda() for table in tables]
        self._pair: tuple[Any, ...] = tuple(tables)  # padded arrays, or tensors on the GPU

    @property
    def inputs(self) -> np.ndarray:
        """The input table as it stands: the array that is being trained, or a copy of what is on
        the GPU."""
        return self._table(0)

    @property
    def outputs(self) -> np.ndarray:
        """The output table as it stands, as `inputs`."""
        return self._table(1)

    def _table(self, which: int) -> np.ndarray:
        table = self._pair[which]
        return table.cpu().numpy() if self._on_gpu else table[:, : self.settings.dim]

    def run(self, until: int | None = None) -> Training:
        """Train to the end, or to the end of epoch `until`; call it again to go on.

        Ctrl-C or an error in the callback stops it between two chunks, and the checkpoint, if there
        is one, is written, however often Ctrl-C is pressed.

        returns: the training itself.
        raises : ValueError if until lies outside 1 ... epochs, or no pair was trained;
                 `training.Diverged` as soon as the tables explode; the checkpoint then stays as it
                 was.
        """
        last, checkpoint = self._last_chunk(until), self.settings.checkpoint
        pool = ThreadPoolExecutor(self._threads)
        try:
            with self._reporter() as reporter:
                self._train_chunks(last, reporter, pool)
                self._require_stable(None, last)
        finally:
            with interrupts_held():
                pool.shutdown()  # a chunk that is being trained is trained to its end
                if checkpoint is not None and not self._broken:
                    self.save(checkpoint)
        if self.finished:
            require_trained(
                self._called("run"),
                self._on_gpu or bool(self.outputs.any()),
                sample=self.settings.sample,
            )
        return self

    def _require_stable(self, loss: float | None, position: int) -> None:
        """Stops where the tables have exploded; what has is not saved."""
        tables = (
            [table.abs().amax(0).cpu().numpy() for table in self._pair]
            if self._on_gpu
            else self._pair
        )
        try:
            require_stable(
                self._called("run"),
                tables,
                loss=loss,
                learning_rate=self._rate_at(self._tokens_before(position)),
                limit=self._limit,
                checkpoint=self.settings.checkpoint,
            )
        except Diverged:
            self._broken = True
            raise

    def output_embeddings(self) -> Embeddings:
        """The output table, a vector per word as something to be predicted. A copy.

        raises: ValueError after hierarchical softmax, where the rows of that table are no words.
        """
        if self.settings.loss == "hierarchical":
            raise ValueError(
                "Training.output_embeddings: with hierarchical softmax the output rows are inner"
                " nodes"
            )
        return Embeddings(self.vocabulary, self.outputs)

    def _give_up_inputs(self) -> np.ndarray:
        """The input table, read-only and without a copy: nothing can be trained any more."""
        table = self.inputs if self._on_gpu else compact_rows(self._pair[0], self.settings.dim)
        self._pair = ()
        table.setflags(write=False)
        return table

    def save(self, path: str | Path) -> None:
        """Write a checkpoint; `train` or `Training` with the same arguments and checkpoint=path
        goes on from there."""
        tables = {"inputs": self.inputs, "outputs": self.outputs}
        save_checkpoint(path, tables, self._position, self._saved_settings)

    @cached_property
    def _saved_settings(self) -> Mapping[str, Any]:
        """What a checkpoint must belong to: the settings and the corpus."""
        return self.settings.as_dict() | {"corpus": self._corpus.fingerprint()}

    def _chunks(self, last: int) -> Iterator[Chunk]:
        for position in range(self._position, last):
            epoch, number = divmod(position, self._chunks_of_epoch)
            start, end = int(self._borders[number]), int(self._borders[number + 1])
            tokens = int(self._corpus.offsets[end] - self._corpus.offsets[start])
            yield Chunk(
                epoch,
                start,
                end,
                self._tokens_before(position),
                tokens,
                _mixed(self.settings.seed, epoch, number),
            )

    def _rate_at(self, tokens: int) -> float:
        """The learning rate after so many tokens, over all epochs."""
        settings = self.settings
        return learning_rate(
            tokens / self._total_tokens, settings.highest_rate, settings.min_learning_rate
        )

    def _work(self, chunk: Chunk) -> tuple[float, int]:
        """Train a chunk and count it, in a thread of the pool: there no Ctrl-C can come in
        between."""
        try:
            loss_sum, loss_terms = self._train_chunk(chunk)
        except BaseException:
            self._broken = True  # some chunk before others is missing
            raise
        with self._counting:
            self._position += 1
        return loss_sum, loss_terms

    def _train_chunk(self, chunk: Chunk) -> tuple[float, int]:
        ids, offsets = self._corpus.chunk(chunk.start, chunk.end)
        settings = self.settings
        rates = self._rate_at(chunk.first_token), self._rate_at(chunk.first_token + chunk.tokens)
        assert settings.loss != "softmax"  # which `word2vec` trains
        work: Any = (
            *self._pair,
            ids,
            offsets,
            self._tables,
            settings.window,
            settings.negative,
            *rates,
            chunk.seed,
            settings.cbow_mean,
        )
        if self._on_gpu:
            from embcourse.negative_sampling import gpu

            return gpu.train_chunk(settings.model, settings.loss, *work)[:2]
        from embcourse.negative_sampling import fast

        return fast.train_chunk(settings.model, settings.loss, settings.negatives, *work)[:2]

    def _train_chunks(self, last: int, reporter: Reporter, pool: ThreadPoolExecutor) -> None:
        """All chunks up to `last`. Whatever interrupts, those handed out are finished and
        counted."""
        checkpoint, every = self.settings.checkpoint, self.settings.checkpoint_every
        saved = looked = time.monotonic()
        pause = LOOK_EVERY
        waiting: deque[tuple[Chunk, Future[tuple[float, int]]]] = deque()

        def settle(at_most: int) -> None:
            while len(waiting) > at_most:
                chunk, future = waiting.popleft()
                loss_sum, loss_terms = future.result()
                rate = self._rate_at(chunk.first_token + chunk.tokens)
                look(loss_sum / loss_terms if loss_terms else None)
                reporter.passed(
                    chunk.tokens, loss_sum=loss_sum, loss_terms=loss_terms, learning_rate=rate
                )

        def look(loss: float | None) -> None:
            nonlocal looked, pause
            began = time.monotonic()
            if began - looked >= pause or (loss is not None and not loss < self._limit):
                self._require_stable(loss, self._position)
                looked = time.monotonic()
                pause = max(LOOK_EVERY, (looked - began) / LOOKING)

        for chunk in self._chunks(last):
            # else a thread may start that `pool.shutdown` does not wait for
            with interrupts_held():
                waiting.append((chunk, pool.submit(self._work, chunk)))
            settle(at_most=4 * self._threads)  # enough to keep everyone busy
            if checkpoint is not None and time.monotonic() - saved >= every:
                settle(at_most=0)
                self._require_stable(None, self._position)
                self.save(checkpoint)
                saved = time.monotonic()
        settle(at_most=0)


@takes(TrainingSettings)
def train(corpus: Corpus, settings: TrainingSettings) -> Embeddings:
    """Word vectors by word2vec.

    With threads=1 the same arguments give the same vectors, to the last bit. More threads share the
    tables without locks, so their vectors differ a little from run to run (Hogwild).

    corpus      : token lists (a generator will do); text with one sentence a line, as the path of a
                  file (.gz, .bz2 and .xz too), a folder, a pattern or several `Path`s; or `Encoded`
                  ids with their vocabulary. Files of any size and lines of any length: memory holds
                  tables and vocabulary, not the text.
    model       : "skipgram" predicts each word of the window from the centre's company, "cbow" the
                  centre from all.
    loss        : "negative" for negative sampling, "hierarchical" for a Huffman tree, "softmax" for
                  the exact objective (`embcourse.word2vec.train`: for small vocabularies, or a
                  GPU).
    dim         : length of a vector.
    window      : most tokens to each side; the reach of each window is drawn from 1 ... window.
    negative    : negative samples, fewer than there are words.
    negatives   : "per_pair" draws new ones for every pair, as the released code does; "per_window"
                  shares them among the pairs of one window, which is about twice as fast. CBOW has
                  one pair a window, so there they are the same.
    sample      : threshold of subsampling, a share of the corpus; 0 keeps everything.
    noise_power : exponent on the counts in the noise distribution.
    cbow_mean   : CBOW predicts from the mean of the context vectors; False: from their sum.
    epochs      : passes through the corpus.
    min_count   : rarer words get no vector, and are gone before windows are laid.
    max_size    : at most so many words, the most frequent ones.
    learning_rate, min_learning_rate: it falls in a straight line from the one to the other; None
                  starts at 0.025 for skip-gram and 0.05 for CBOW.
    vocabulary  : the words, instead of counting them; counts are taken from it if it has any. It
                  may hold words that the corpus lacks; they keep their first vectors.
    encoding    : of text in files.
    start       : vectors to begin with: a (words, dim) array of finite floats in the order of the
                  vocabulary, or Embeddings, whose words keep their vectors while new words get
                  random ones.
    seed        : of first vectors and of all draws.
    threads     : on the CPU; None for all cores.
    device      : "cpu", or "cuda" for a GPU, with negatives per window and dim up to 512. There
                  even one seed gives vectors that differ a little from run to run.
    progress    : show a bar with words per second and the loss.
    callback    : called with a `Progress` after every chunk of about 10,000 tokens. If it raises,
                  training stops.
    checkpoint  : a file to save the state in, every `checkpoint_every` seconds, at an interruption
                  and at the end. If it exists, training goes on from there; with threads=1 the
                  result is the one of an unbroken run. Not with "softmax".
    returns     : Embeddings, the most frequent word first: the input table.
    raises      : TypeError or ValueError for an argument that is no good, among them an empty
                  corpus, no word above min_count, vectors to start with that hold NaN, negative not
                  below the number of words, a checkpoint of another training, no pair of words to
                  train, or "cuda" where there is none; FileNotFoundError for a path without a file,
                  or a checkpoint's folder that is not there; `training.Diverged`, an
                  ArithmeticError, as soon as the tables explode.

    >>> sentences = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 50
    >>> vectors = train(
    ...     sentences,
    ...     dim=8,
    ...     window=1,
    ...     negative=3,
    ...     sample=0,
    ...     epochs=20,
    ...     learning_rate=0.2,
    ...     threads=1,
    ... )
    >>> vectors.neighbours("apple", k=1)[0].token
    'cherry'

    Mikolov, Chen, Corrado & Dean (2013); Mikolov, Sutskever, Chen, Corrado & Dean (2013).
    """
    if settings.loss == "softmax":
        return _train_softmax(corpus, settings)
    training = Training._of(corpus, settings).run()
    return Embeddings(training.vocabulary, training._give_up_inputs())


def _train_softmax(corpus: Corpus, settings: TrainingSettings) -> Embeddings:
    """The exact objective, with the settings that have a meaning there."""
    from embcourse import word2vec

    known = {one.name for one in fields(word2vec.TrainingSettings)}
    chosen = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name in known:
            chosen[one.name] = value
        elif one.name != "loss" and value != one.default:
            raise ValueError(
                f"{settings.where}: loss='softmax' has no {one.name}; leave it out, got {value!r}"
            )
    if settings.learning_rate is None:
        del chosen["learning_rate"]
    exact = word2vec.TrainingSettings.of(settings.where, chosen)
    return word2vec.Training._of(corpus, exact).run().embeddings()


def _mixed(*numbers: int) -> int:
    """One 64-bit seed from several numbers, such that neighbours have nothing in common: the
    finaliser of SplitMix64.

    >>> _mixed(0, 0, 1) != _mixed(0, 1, 0)
    True
    """
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) & (2**64 - 1)
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        state ^= state >> 31
    return state
