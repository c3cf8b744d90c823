"""Word vectors by prediction: skip-gram and CBOW, with negative sampling or hierarchical softmax,
on many threads."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from embcourse.text import Encoded, Vocabulary
from embcourse.training import (
    LARGEST,
    Diverged,
    Progress,
    Reporter,
    compact_rows,
    first_vectors,
    interrupts_held,
    load_checkpoint,
    open_corpus,
    padded_rows,
    require_choice,
    require_number,
    require_pairs,
    require_stable,
    require_trained,
    require_whole,
    require_writable,
    save_checkpoint,
)
from embcourse.vectors import Embeddings

Model = Literal["skipgram", "cbow"]
Loss = Literal["negative", "hierarchical", "softmax"]
Negatives = Literal["per_window", "per_pair"]
Device = Literal["cpu", "cuda"]
Corpus = Iterable[Sequence[str]] | str | Path | Sequence[Path] | Encoded

CHUNK_TOKENS = 10_000  # what a thread trains between two looks at the clock: some milliseconds
GPU_CHUNK_TOKENS = 1_000_000  # what keeps a large GPU busy
# seconds between two looks at all numbers of the tables, or longer, so that looking
LOOK_EVERY = 0.5
LOOKING = 0.01  # takes no more than this share of the time


class Chunk(NamedTuple):
    """One piece of work: sentences start to end - 1 of an epoch, and where it stands in the whole
    training."""

    epoch: int
    start: int
    end: int
    first_token: int  # tokens passed before it, over all epochs
    tokens: int
    seed: int


class Training:
    """A training that can be looked at, stopped, saved and resumed. `train` is the short way.

    The arguments are those of `train`. Reading the corpus, counting words and drawing the first
    vectors happen here, and so do all complaints about arguments.

    Attributes: `vocabulary`; `inputs` and `outputs`, (words, dim) float32, the tables as they stand
                (for hierarchical
    softmax the outputs are the (words - 1, dim) inner nodes of the tree); `settings`, a dict of
    everything but the corpus that the result depends on; `finished`.

    >>> sentences = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 5
    >>> training = Training(
    ...     sentences, dim=4, negative=2, sample=0, min_count=1, epochs=2, threads=1
    ... )
    >>> training.run(until=1).finished, training.run().finished
    (False, True)
    >>> training.embeddings()
    Embeddings(6 words x 4, float32)
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        model: Model = "skipgram",
        loss: Loss = "negative",
        dim: int = 100,
        window: int = 5,
        negative: int = 5,
        negatives: Negatives = "per_pair",
        sample: float = 1e-3,
        noise_power: float = 0.75,
        cbow_mean: bool = True,
        epochs: int = 5,
        min_count: int = 5,
        max_size: int | None = None,
        learning_rate: float | None = None,
        min_learning_rate: float = 1e-4,
        vocabulary: Vocabulary | None = None,
        encoding: str = "utf-8",
        start: Embeddings | np.ndarray | None = None,
        seed: int = 0,
        threads: int | None = None,
        device: Device = "cpu",
        progress: bool = False,
        callback: Callable[[Progress], object] | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 60.0,
    ) -> None:
        # What can be refused without reading the corpus is refused first.
        require_choice("model", model, Model)
        if loss == "softmax":
            raise ValueError("train: loss='softmax' is embcourse.word2vec.Training")
        require_choice("loss", loss, Loss)
        require_choice("negatives", negatives, Negatives)
        for name, value in (
            ("dim", dim),
            ("window", window),
            ("negative", negative),
            ("epochs", epochs),
        ):
            require_whole(name, value)
        require_whole("seed", seed, least=0)
        threads = (os.cpu_count() or 1) if threads is None else threads
        require_whole("threads", threads)
        if learning_rate is None:
            # the defaults of the released code
            learning_rate = 0.025 if model == "skipgram" else 0.05
        require_number("sample", sample, most=1.0)
        require_number("noise_power", noise_power)
        require_number("learning_rate", learning_rate)
        require_number("min_learning_rate", min_learning_rate, most=float(learning_rate))
        require_number("checkpoint_every", checkpoint_every)
        require_choice("device", device, Device)
        if device == "cuda":
            _require_gpu(model, loss, negatives, dim)
        if checkpoint is not None:
            require_writable(checkpoint)

        self._corpus = open_corpus(
            corpus, vocabulary=vocabulary, min_count=min_count, max_size=max_size, encoding=encoding
        )
        self.vocabulary = self._corpus.vocabulary
        require_pairs(self._corpus, min_count=min_count, max_size=max_size)
        words = len(self.vocabulary)
        if loss == "negative" and negative >= words:
            raise ValueError(
                f"train: negative must be smaller than the vocabulary, got negative={negative} for"
                f" {words} words"
            )
        if loss == "hierarchical" and words < 2:
            raise ValueError("train: hierarchical softmax needs at least two words, got one")

        from embcourse.negative_sampling import fast

        self._tables = fast.make_tables(
            self.vocabulary.counts,
            sample=sample,
            power=noise_power,
            hierarchical=loss == "hierarchical",
        )
        self._method = {
            "model": model,
            "loss": loss,
            "negatives": negatives,
            "cbow_mean": bool(cbow_mean),
        }
        self._window, self._negative = int(window), int(negative)
        self._epochs, self._seed, self._threads = int(epochs), int(seed), int(threads)
        self._learning_rate, self._min_learning_rate = (
            float(learning_rate),
            float(min_learning_rate),
        )
        self._progress, self._callback = progress, callback
        self._checkpoint, self._checkpoint_every = checkpoint, checkpoint_every
        self._borders = self._corpus.borders(CHUNK_TOKENS if device == "cpu" else GPU_CHUNK_TOKENS)
        self._position = 0  # chunks done, over all epochs
        self._counting = threading.Lock()
        self._broken = False
        # Threads are not among the settings: a checkpoint may be taken up with more of them.
        self.settings: dict[str, Any] = {
            **self._method,
            "dim": int(dim),
            "window": self._window,
            "negative": self._negative,
            "sample": float(sample),
            "noise_power": float(noise_power),
            "epochs": self._epochs,
            "learning_rate": self._learning_rate,
            "min_learning_rate": self._min_learning_rate,
            "seed": self._seed,
        }
        self._dim = int(dim)
        tables: list[Any] = [
            padded_rows(words, self._dim),
            padded_rows(words - (loss == "hierarchical"), self._dim),
        ]
        if checkpoint is not None and Path(checkpoint).exists():
            settings = {**self.settings, "corpus": self._corpus_fingerprint}
            arrays, self._position = load_checkpoint(checkpoint, settings)
            for table, name in zip(tables, ("inputs", "outputs"), strict=True):
                table[:, : self._dim] = arrays[name]
        else:
            tables[0][:, : self._dim] = first_vectors(start, self.vocabulary, self._dim, self._seed)
        self._limit = LARGEST * max(1.0, float(max(tables[0].max(), -tables[0].min())))
        self._on_gpu = device == "cuda"
        if self._on_gpu:
            import torch

            from embcourse.negative_sampling import gpu

            self._threads = 1
            self._tables = gpu.to_device(self._tables, "cuda")
            tables = [
                torch.from_numpy(table[:, : self._dim]).contiguous().cuda() for table in tables
            ]
        self._pair = tuple(tables)  # padded arrays, or tensors on the GPU

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
        return (
            self._pair[which].cpu().numpy() if self._on_gpu else self._pair[which][:, : self._dim]
        )

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done."""
        return self._position == self._epochs * (len(self._borders) - 1)

    def run(self, until: int | None = None) -> Training:
        """Train to the end, or to the end of epoch `until`; call it again to go on.

        Ctrl-C or an error in the callback stops it between two chunks, and the checkpoint, if there
        is one, is written, however often Ctrl-C is pressed.

        returns: the training itself.
        raises : ValueError if until lies outside 1 ... epochs, or no pair was trained;
                 `training.Diverged` as soon as the tables explode; the checkpoint then stays as it
                 was.
        """
        if until is not None and not 1 <= until <= self._epochs:
            raise ValueError(
                f"Training.run: until must lie between 1 and {self._epochs}, got {until!r}"
            )
        last = (until or self._epochs) * (len(self._borders) - 1)
        reporter = Reporter(
            epochs=self._epochs,
            epoch_tokens=self._corpus.tokens,
            done=self._tokens_before(self._position),
            progress=self._progress,
            callback=self._callback,
        )
        pool = ThreadPoolExecutor(self._threads)
        try:
            with reporter:
                self._train_chunks(last, reporter, pool)
                self._require_stable(None, last)
        finally:
            with interrupts_held():
                pool.shutdown()  # a chunk that is being trained is trained to its end
                if self._checkpoint is not None and not self._broken:
                    self.save(self._checkpoint)
        if self.finished:
            require_trained(
                self._on_gpu or bool(self.outputs.any()), sample=self.settings["sample"]
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
                tables,
                loss=loss,
                learning_rate=self._rate_at(self._tokens_before(position)),
                limit=self._limit,
                checkpoint=self._checkpoint,
            )
        except Diverged:
            self._broken = True
            raise

    def embeddings(self) -> Embeddings:
        """The input table as it stands, with its vocabulary: the word vectors that people use. A
        copy."""
        return Embeddings(self.vocabulary, self.inputs)

    def output_embeddings(self) -> Embeddings:
        """The output table, a vector per word as something to be predicted. A copy.

        raises: ValueError after hierarchical softmax, where the rows of that table are no words.
        """
        if self._method["loss"] == "hierarchical":
            raise ValueError(
                "Training.output_embeddings: with hierarchical softmax the output rows are inner"
                " nodes"
            )
        return Embeddings(self.vocabulary, self.outputs)

    def _give_up_inputs(self) -> np.ndarray:
        """The input table, read-only and without a copy: nothing can be trained any more."""
        table = self.inputs if self._on_gpu else compact_rows(self._pair[0], self._dim)
        self._pair = ()
        table.setflags(write=False)
        return table

    def save(self, path: str | Path) -> None:
        """Write a checkpoint; `train` or `Training` with the same arguments and checkpoint=path
        goes on from there."""
        settings = {**self.settings, "corpus": self._corpus_fingerprint}
        save_checkpoint(
            path, {"inputs": self.inputs, "outputs": self.outputs}, self._position, settings
        )

    @cached_property
    def _corpus_fingerprint(self) -> str:
        return self._corpus.fingerprint()

    def _tokens_before(self, position: int) -> int:
        epoch, chunk = divmod(position, len(self._borders) - 1)
        return epoch * self._corpus.tokens + int(self._corpus.offsets[self._borders[chunk]])

    def _chunks(self, last: int) -> Iterator[Chunk]:
        for position in range(self._position, last):
            epoch, number = divmod(position, len(self._borders) - 1)
            start, end = int(self._borders[number]), int(self._borders[number + 1])
            tokens = int(self._corpus.offsets[end] - self._corpus.offsets[start])
            yield Chunk(
                epoch,
                start,
                end,
                self._tokens_before(position),
                tokens,
                _mixed(self._seed, epoch, number),
            )

    def _rate_at(self, tokens: int) -> float:
        """The learning rate after so many tokens: a straight line down, with a floor, as in the
        released code."""
        passed = tokens / (self._epochs * self._corpus.tokens)
        return max(self._learning_rate * (1 - passed), self._min_learning_rate)

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
        method = self._method
        rates = self._rate_at(chunk.first_token), self._rate_at(chunk.first_token + chunk.tokens)
        work = (
            *self._pair,
            ids,
            offsets,
            self._tables,
            self._window,
            self._negative,
            *rates,
            chunk.seed,
        )
        if self._on_gpu:
            from embcourse.negative_sampling import gpu

            result = gpu.train_chunk(
                method["model"], method["loss"], *work, cbow_mean=method["cbow_mean"]
            )
        else:
            from embcourse.negative_sampling import fast

            kind = (method["model"], method["loss"], method["negatives"])
            result = fast.train_chunk(*kind, *work, cbow_mean=method["cbow_mean"])
        return result[:2]

    def _train_chunks(self, last: int, reporter: Reporter, pool: ThreadPoolExecutor) -> None:
        """All chunks up to `last`. Whatever interrupts, those handed out are finished and
        counted."""
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
            if self._checkpoint is not None and time.monotonic() - saved >= self._checkpoint_every:
                settle(at_most=0)
                self._require_stable(None, self._position)
                self.save(self._checkpoint)
                saved = time.monotonic()
        settle(at_most=0)


def train(
    corpus: Corpus,
    *,
    model: Model = "skipgram",
    loss: Loss = "negative",
    dim: int = 100,
    window: int = 5,
    negative: int = 5,
    negatives: Negatives = "per_pair",
    sample: float = 1e-3,
    noise_power: float = 0.75,
    cbow_mean: bool = True,
    epochs: int = 5,
    min_count: int = 5,
    max_size: int | None = None,
    learning_rate: float | None = None,
    min_learning_rate: float = 1e-4,
    vocabulary: Vocabulary | None = None,
    encoding: str = "utf-8",
    start: Embeddings | np.ndarray | None = None,
    seed: int = 0,
    threads: int | None = None,
    device: Device = "cpu",
    progress: bool = False,
    callback: Callable[[Progress], object] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 60.0,
) -> Embeddings:
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
    arguments = {
        name: value for name, value in locals().items() if name not in ("corpus", "loss", "device")
    }
    require_choice("loss", loss, Loss)
    require_choice("device", device, Device)
    if loss == "softmax":
        return _train_softmax(corpus, device, arguments)
    training = Training(corpus, loss=loss, device=device, **arguments).run()
    return Embeddings(training.vocabulary, training._give_up_inputs())


def _train_softmax(corpus: Corpus, device: Device, arguments: dict[str, Any]) -> Embeddings:
    """The exact objective, with the arguments that have a meaning there."""
    from embcourse import word2vec

    if arguments["checkpoint"] is not None:
        raise ValueError("train: loss='softmax' writes no checkpoint; leave out checkpoint")
    names = (
        "model dim window sample cbow_mean epochs min_count max_size vocabulary encoding start seed"
        " progress callback".split()
    )
    chosen = {name: arguments[name] for name in names}
    if arguments["learning_rate"] is not None:
        chosen["learning_rate"] = arguments["learning_rate"]
    return word2vec.train(corpus, device=device, **chosen)


def _require_gpu(model: Model, loss: Loss, negatives: Negatives, dim: int) -> None:
    import torch

    if not torch.cuda.is_available():
        raise ValueError(
            "train: device='cuda' needs a GPU for torch; torch.cuda.is_available() is False"
        )
    if (model, loss, negatives) == ("skipgram", "negative", "per_pair"):
        raise ValueError("train: on a GPU negatives must be 'per_window', got 'per_pair'")
    if dim > 512:
        raise ValueError(f"train: on a GPU dim must be at most 512, got {dim}")


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
