"""What a training tells about itself while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from tqdm import tqdm


class Progress(NamedTuple):
    """One report of a running training; callbacks get one after every chunk.

    epoch           : the pass through the corpus that is going on, from 1.
    epochs          : how many there will be.
    tokens          : tokens of the corpus passed so far, over all epochs.
    total_tokens    : tokens at the end.
    loss            : the mean loss since the last report, in nats, from a sample of the steps; NaN
                      if none was sampled.
    learning_rate   : where it stands.
    seconds         : since this run began.
    words_per_second: tokens passed in this run over `seconds`.
    """

    epoch: int
    epochs: int
    tokens: int
    total_tokens: int
    loss: float
    learning_rate: float
    seconds: float
    words_per_second: float


class Reporter:
    """Turns finished chunks into `Progress`, for a callback and a bar.

    epochs, epoch_tokens: how long the training is.
    done                : tokens that an earlier run has passed.
    progress            : show a bar.
    callback            : called with a `Progress`; what it raises ends the training.

    >>> with Reporter(
    ...     epochs=2, epoch_tokens=10, callback=lambda report: print(report.epoch, report.loss)
    ... ) as reporter:
    ...     reporter.passed(10, loss_sum=6.0, loss_terms=2, learning_rate=0.02)
    ...     reporter.passed(5, loss_sum=4.0, loss_terms=2, learning_rate=0.01)
    1 3.0
    2 2.0
    """

    def __init__(
        self,
        *,
        epochs: int,
        epoch_tokens: int,
        done: int = 0,
        progress: bool = False,
        callback: Callable[[Progress], object] | None = None,
    ) -> None:
        self.epochs = epochs
        self.epoch_tokens = epoch_tokens
        self.done = done
        self.callback = callback
        self._before = done
        self._bar = tqdm(
            total=epochs * epoch_tokens,
            initial=done,
            disable=not progress,
            unit="word",
            unit_scale=True,
            mininterval=0.5,
        )

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def passed(
        self, tokens: int, *, loss_sum: float, loss_terms: int, learning_rate: float
    ) -> None:
        """Notes that so many more tokens were passed, with the sum of the sampled losses and their
        number."""
        self.done += tokens
        self._bar.update(tokens)
        loss = loss_sum / loss_terms if loss_terms else float("nan")
        if loss_terms:
            self._bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
        if self.callback is not None:
            seconds = time.perf_counter() - self._start
            epoch = min((self.done - 1) // self.epoch_tokens + 1, self.epochs)
            speed = (self.done - self._before) / seconds if seconds > 0 else float("nan")
            total = self.epochs * self.epoch_tokens
            self.callback(
                Progress(epoch, self.epochs, self.done, total, loss, learning_rate, seconds, speed)
            )
