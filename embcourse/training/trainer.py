"""What the trainers of word vectors on one machine have in common: settings, a corpus in chunks,
and how far they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from embcourse.arguments import require_whole
from embcourse.text import Vocabulary
from embcourse.training.corpus import Corpus, TrainingCorpus, open_corpus
from embcourse.training.progress import Reporter
from embcourse.training.settings import LocalSettings
from embcourse.training.stability import require_pairs
from embcourse.vectors import Embeddings


class Trainer(ABC):
    """A training that can be looked at, stopped and continued: the base of every `Training`.

    Attributes: `settings`; `vocabulary`; `inputs`, (words, dim) float32; `finished`.
    """

    settings: Any  # of the subclass's own kind
    vocabulary: Vocabulary
    _corpus: TrainingCorpus
    _borders: np.ndarray
    _position: int  # chunks done, over all epochs

    @classmethod
    def _of(cls, corpus: Corpus, settings: LocalSettings) -> Self:
        """A training with settings that are checked already."""
        training = cls.__new__(cls)
        training._prepare(corpus, settings)
        return training

    @abstractmethod
    def _prepare(self, corpus: Corpus, settings: Any) -> None:
        """Read the corpus and make the tables."""

    @property
    @abstractmethod
    def inputs(self) -> np.ndarray:
        """The input table as it stands."""

    def _open(self, corpus: Corpus, settings: LocalSettings, chunk_tokens: int) -> None:
        """Read the corpus and cut it into chunks."""
        self.settings = settings
        self._corpus = open_corpus(
            corpus,
            vocabulary=settings.vocabulary,
            min_count=settings.min_count,
            max_size=settings.max_size,
            encoding=settings.encoding,
            where=settings.where,
        )
        self.vocabulary = self._corpus.vocabulary
        require_pairs(
            settings.where,
            self._corpus,
            min_count=settings.min_count,
            max_size=settings.max_size,
        )
        self._borders = self._corpus.borders(chunk_tokens)
        self._position = 0

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done."""
        return self._position == self.settings.epochs * self._chunks_of_epoch

    def embeddings(self) -> Embeddings:
        """The input table as it stands, with its vocabulary: the word vectors that people use. A
        copy."""
        return Embeddings(self.vocabulary, self.inputs)

    @property
    def _chunks_of_epoch(self) -> int:
        return len(self._borders) - 1

    @property
    def _total_tokens(self) -> int:
        return self.settings.epochs * self._corpus.tokens

    def _tokens_before(self, position: int) -> int:
        """Tokens passed, over all epochs, where so many chunks are done."""
        epoch, chunk = divmod(position, self._chunks_of_epoch)
        return epoch * self._corpus.tokens + int(self._corpus.offsets[self._borders[chunk]])

    def _last_chunk(self, until: int | None) -> int:
        """How many chunks are done at the end of epoch `until`, None for the last."""
        epochs = self.settings.epochs
        if until is not None:
            epochs = require_whole("Training.run", "until", until, least=1, most=epochs)
        return epochs * self._chunks_of_epoch

    def _reporter(self) -> Reporter:
        return Reporter(
            epochs=self.settings.epochs,
            epoch_tokens=self._corpus.tokens,
            done=self._tokens_before(self._position),
            progress=self.settings.progress,
            callback=self.settings.callback,
        )

    def _called(self, method: str) -> str:
        """The public name in front of an error of a method: `train`, if that made this object."""
        where = self.settings.where
        return f"Training.{method}" if where == "Training" else where

    def __repr__(self) -> str:
        passed = f"{self._tokens_before(self._position)} of {self._total_tokens} tokens"
        listed = ", ".join(f"{name}={value!r}" for name, value in self.settings.as_dict().items())
        return f"Training({len(self.vocabulary)} words, {passed}, {listed})"
