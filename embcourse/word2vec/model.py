"""Word vectors by the exact objective: skip-gram and CBOW with the softmax over the whole
vocabulary."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embcourse.arguments import require_number, require_whole
from embcourse.text import Encoded, context_pairs, keep_probabilities
from embcourse.training import (
    Corpus,
    LocalSettings,
    Reporter,
    Trainer,
    first_vectors,
    largest_allowed,
    require_stable,
    require_trained,
    setting,
    takes,
)
from embcourse.vectors import Embeddings
from embcourse.word2vec.reference import draw_radii

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK_TOKENS = 100_000  # examples are shuffled among so many tokens, and held in memory
_REPORT_TOKENS = 10_000  # about how often the callback hears something
# beta_1, beta_2 and epsilon of Adam, as its authors set them
_MOMENTUM, _FORGETTING, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrainingSettings(LocalSettings):
    """The keywords of `train` and `Training`, which say what they mean.

    >>> TrainingSettings(batch_size=0)
    Traceback (most recent call last):
    ValueError: Settings: batch_size must be at least 1, got 0
    """

    batch_size: int = setting(1024, require_whole, least=1)
    learning_rate: float = setting(0.03, require_number, least=0)


class Training(Trainer):
    """A training that can be looked at, stopped and continued. `train` is the short way.

    The arguments are those of `train`. Reading the corpus, counting words and drawing the first
    vectors happen here, and so do all complaints about arguments.

    Attributes: `vocabulary`; `inputs` and `outputs`, copies of the tables as they stand, (words,
                dim) float32;
    `finished`.

    >>> sentences = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 5
    >>> training = Training(sentences, dim=4, min_count=1, epochs=2)
    >>> training.run(until=1).finished, training.run().finished
    (False, True)
    >>> training.outputs.shape
    (6, 4)
    """

    settings: TrainingSettings

    @takes(TrainingSettings)
    def __init__(self, corpus: Corpus, settings: TrainingSettings) -> None:
        self._prepare(corpus, settings)

    def _prepare(self, corpus: Corpus, settings: TrainingSettings) -> None:
        import torch

        self._open(corpus, settings, _CHUNK_TOKENS)
        self._keep = keep_probabilities(self._corpus.counts, settings.sample, variant="code")
        inputs = first_vectors(
            settings.where, settings.start, self.vocabulary, settings.dim, settings.seed
        )
        self._tables = [
            torch.from_numpy(table).to(settings.device) for table in (inputs, np.zeros_like(inputs))
        ]
        self._limit = largest_allowed(inputs)
        self._means = [torch.zeros_like(table) for table in self._tables]
        self._squares = [torch.zeros_like(table) for table in self._tables]
        self._steps = 0

    @property
    def inputs(self) -> np.ndarray:
        """The input table as it stands: row w predicts the neighbours of word w. A copy."""
        return self._tables[0].cpu().numpy().copy()

    @property
    def outputs(self) -> np.ndarray:
        """The output table as it stands: row w is word w as something to be predicted. A copy."""
        return self._tables[1].cpu().numpy().copy()

    def run(self, until: int | None = None) -> Training:
        """Train to the end, or to the end of epoch `until`; call it again to go on.

        Two runs give what one gives. After Ctrl-C or an error in the callback the tables stand as
        the last step left them, and `run` would repeat the chunk (100,000 tokens) that was cut
        short.

        returns: the training itself.
        raises : ValueError if until lies outside 1 ... epochs; `training.Diverged` as soon
                 as the tables or the loss explode.
        """
        last = self._last_chunk(until)
        with self._reporter() as reporter:
            while self._position < last:
                self._train_chunk(*divmod(self._position, self._chunks_of_epoch), reporter)
                self._position += 1
        if self.finished:
            require_trained(self._called("run"), self._steps > 0, sample=self.settings.sample)
        return self

    def output_embeddings(self) -> Embeddings:
        """The output table as it stands, with its vocabulary."""
        return Embeddings(self.vocabulary, self.outputs)

    def _train_chunk(self, epoch: int, number: int, reporter: Reporter) -> None:
        first, last = int(self._borders[number]), int(self._borders[number + 1])
        encoded = self._corpus.chunk(first, last)
        tokens = len(encoded.ids)
        before = self._tokens_before(self._position)

        def rate_at(done: int) -> float:
            """The learning rate when so many batches of the chunk are done: 0 at the very end."""
            passed = before + tokens * done / max(len(batches), 1)
            return self.settings.learning_rate * (1 - passed / self._total_tokens)

        # Every draw depends on the place in the corpus only, not on what was trained or reported
        # before.
        batches = list(
            self._batches(encoded, np.random.default_rng([self.settings.seed, epoch, number]))
        )
        reports = max(round(tokens / _REPORT_TOKENS), 1)
        reported, loss_sum, loss_terms = 0, 0.0, 0
        for i, (contexts, targets) in enumerate(batches, start=1):
            rate = rate_at(i - 1)
            loss_sum = loss_sum + self._step(contexts, targets, rate) * len(targets)
            loss_terms += len(targets)
            if i * reports // len(batches) > (i - 1) * reports // len(batches):
                passed = tokens * i // len(batches) - reported
                self._report(reporter, passed, float(loss_sum), loss_terms, rate)
                reported, loss_sum, loss_terms = reported + passed, 0.0, 0
        if not batches:  # subsampling has left nothing to predict
            self._report(reporter, tokens, 0.0, 0, rate_at(0))

    def _report(
        self, reporter: Reporter, tokens: int, loss_sum: float, terms: int, rate: float
    ) -> None:
        require_stable(
            self._called("run"),
            [np.array([float(table.min()), float(table.max())]) for table in self._tables],
            loss=loss_sum / terms if terms else None,
            learning_rate=rate,
            limit=self._limit,
        )
        reporter.passed(tokens, loss_sum=loss_sum, loss_terms=terms, learning_rate=rate)

    def _batches(
        self, encoded: Encoded, rng: np.random.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled minibatches of (input rows, targets); for CBOW the rows are (B, 2 window),
        filled up with -1."""
        import torch

        skipgram, window = self.settings.model == "skipgram", self.settings.window
        kept = rng.random(len(encoded.ids)) < self._keep[encoded.ids]
        ids = encoded.ids[kept]
        offsets = np.concatenate([[0], np.cumsum(kept)])[encoded.offsets]
        centres, contexts = _pairs_of_positions(draw_radii(len(ids), window, rng), window, offsets)
        if skipgram:
            inputs, targets = ids[centres], ids[contexts]
        else:
            predicted, first, sizes = np.unique(centres, return_index=True, return_counts=True)
            inputs = np.full((len(predicted), 2 * window), -1, ids.dtype)
            group = np.repeat(np.arange(len(predicted)), sizes)
            inputs[group, np.arange(len(centres)) - first[group]] = ids[contexts]
            targets = ids[predicted]
        order = rng.permutation(len(targets))
        inputs = torch.from_numpy(inputs[order]).to(self.settings.device)
        targets = torch.from_numpy(targets[order].astype(np.int64)).to(self.settings.device)
        # Batches of equal size: a short last one would weigh its few examples more.
        count = -(-len(targets) // self.settings.batch_size)
        return (
            zip(inputs.tensor_split(count), targets.tensor_split(count), strict=True)
            if count
            else iter(())
        )

    def _step(self, contexts: Tensor, targets: Tensor, rate: float) -> Tensor:
        """One step of Adam on a minibatch; returns its mean loss before the step."""
        import torch
        from torch.nn.functional import embedding

        if self.settings.device == "cpu":
            from embcourse.word2vec.fast import softmax_loss
        else:
            from embcourse.word2vec.gpu import softmax_loss

        skipgram = self.settings.model == "skipgram"
        tables = [table.requires_grad_() for table in self._tables]
        with torch.enable_grad():
            if skipgram:
                hidden = embedding(contexts, tables[0])
            else:
                there = (contexts >= 0).unsqueeze(2)
                hidden = (embedding(contexts.clamp(min=0), tables[0]) * there).sum(dim=1)
                if self.settings.cbow_mean:
                    hidden = hidden / there.sum(dim=1)
            loss = softmax_loss(hidden, tables[1], targets)
            gradients = torch.autograd.grad(loss, tables)
        self._steps += 1
        # `torch.optim.Adam` does the same, but loading it loads torch's compiler, which takes
        # longer than a small training.
        size = rate * math.sqrt(1 - _FORGETTING**self._steps) / (1 - _MOMENTUM**self._steps)
        tiny = _TINY * math.sqrt(1 - _FORGETTING**self._steps)
        for table, gradient, mean, square in zip(
            tables, gradients, self._means, self._squares, strict=True
        ):
            table.requires_grad_(False)
            mean.lerp_(gradient, 1 - _MOMENTUM)
            square.mul_(_FORGETTING).addcmul_(gradient, gradient, value=1 - _FORGETTING)
            table.addcdiv_(mean, square.sqrt().add_(tiny), value=-size)
        return loss.detach()


@takes(TrainingSettings)
def train(corpus: Corpus, settings: TrainingSettings) -> Embeddings:
    """Word vectors by word2vec's exact objective, the softmax over the whole vocabulary.

    Every example costs one product with the whole output table. That suits some thousand words on a
    CPU, and 100,000 on a GPU; `embcourse.negative_sampling.train` is for the rest. On a CPU the
    same arguments give the same vectors, to the last bit, on the same machine with as many threads.

    Minibatches are trained with Adam. Plain gradient descent is slow here: a rare word's rows get a
    gradient in few batches, and a frequent word's in all, so a rate that moves the one lets the
    other diverge.

    corpus       : token lists (a generator will do); text with one sentence a line, as the path of
                   a file (.gz, .bz2 and .xz too), a folder, a pattern or several `Path`s; or
                   `Encoded` ids with their vocabulary.
    model        : "skipgram" predicts every word of the window from the centre, "cbow" the centre
                   from the window.
    dim          : length of a vector.
    window       : most tokens to each side; the reach of each window is drawn from 1 ... window.
    sample       : threshold of subsampling, a share of the corpus; 0 keeps everything.
    cbow_mean    : CBOW predicts from the mean of the context vectors; False: from their sum.
    epochs       : passes through the corpus.
    min_count    : rarer words get no vector, and are gone before windows are laid.
    max_size     : at most so many words, the most frequent ones.
    batch_size   : most examples in a step (pairs for skip-gram, windows for CBOW), of which the
                   mean loss is minimised.
    learning_rate: of Adam; it falls in a straight line to 0.
    vocabulary   : the words, instead of counting them; counts are taken from it if it has any.
    encoding     : of text in files.
    start        : vectors to begin with: a (words, dim) array of finite floats in the order of the
                   vocabulary, or Embeddings, whose words keep their vectors while new words get
                   random ones.
    seed         : of first vectors and of all draws.
    device       : "cpu", or "cuda" for a GPU.
    progress     : show a bar with words per second and the loss.
    callback     : called with a `Progress` after about every 10,000 tokens. If it raises, training
                   stops.
    returns      : Embeddings, the most frequent word first: the input table.
    raises       : TypeError or ValueError for an argument that is no good, among them an empty
                   corpus, no word above min_count, no word with a context, vectors to start with
                   that hold NaN, or "cuda" without a GPU; FileNotFoundError for a path without a
                   file; `training.Diverged` if the training diverges.

    >>> sentences = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 20
    >>> vectors = train(sentences, dim=4, window=1, sample=0, epochs=20, batch_size=32)
    >>> vectors.neighbours("apple", k=1)[0].token
    'cherry'

    Mikolov, Chen, Corrado & Dean (2013) for the models; Kingma & Ba (2015) for Adam.
    """
    return Training._of(corpus, settings).run().embeddings()


def _pairs_of_positions(
    radii: np.ndarray, window: int, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`reference.sampled_pairs` of positions instead of ids, without its loops; no radius is above
    the window.

    >>> centres, contexts = _pairs_of_positions(np.array([2, 1, 1, 2]), 2, np.array([0, 3, 4]))
    >>> centres.tolist(), contexts.tolist()
    ([0, 0, 1, 1, 2], [1, 2, 0, 2, 1])
    """
    centres, contexts = context_pairs(np.arange(len(radii)), window, offsets)
    near = np.abs(centres - contexts) <= radii[centres]
    return centres[near], contexts[near]
