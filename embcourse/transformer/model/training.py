"""Training a Transformer to translate: batches, the paper's schedule, checkpoints."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from embcourse.arguments import require_flag, require_number, require_whole
from embcourse.transformer.fast.layers import lengths_to_mask
from embcourse.transformer.fast.network import Shape, Transformer
from embcourse.transformer.model.verses import BEGIN, END, PAD
from embcourse.transformer.reference.schedule import warmup_rate
from embcourse.vectors.atomic import atomic_write

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a Transformer is trained.

    batch    : target tokens of a batch, at most, counted with what fills it up.
    warmup   : steps in which the learning rate rises.
    smoothing: label smoothing: the share of the target's mass that is spread over all tokens.
    clip     : the largest norm of all gradients together.
    seed     : of the weights, the dropout and the order of the batches.
    bfloat16 : whether products are made in half precision; the weights stay float32.
    raises   : TypeError or ValueError for a value that is no good.
    """

    batch: int = 3000
    warmup: int = 2000
    smoothing: float = 0.1
    clip: float = 1.0
    seed: int = 0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        require_whole("TrainingSettings", "batch", self.batch, least=1)
        require_whole("TrainingSettings", "warmup", self.warmup, least=1)
        require_number("TrainingSettings", "smoothing", self.smoothing, least=0, below=1)
        require_number("TrainingSettings", "clip", self.clip, above=0)
        require_whole("TrainingSettings", "seed", self.seed, least=0)
        require_flag("TrainingSettings", "bfloat16", self.bfloat16)


class Training:
    """A Transformer while it is trained, step by step, with the paper's optimiser and schedule.

    A training that was saved and loaded goes on to the same bits as one that was not, with one
    thread.

    shape   : of the network.
    settings: of the training.

    >>> training = Training(Shape(tokens=9, d_model=8, heads=2, layers=1), TrainingSettings())
    >>> pairs = [([4, 5], [5, 4]), ([6], [6])]
    >>> losses = [training.step(batch) for batch in training.batches(pairs)]
    >>> training.steps, len(losses)
    (1, 1)

    Vaswani et al. (2017), section 5.
    """

    def __init__(self, shape: Shape, settings: TrainingSettings) -> None:
        self.settings = settings
        torch.manual_seed(settings.seed)
        self.network = Transformer(shape)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9
        )
        self.steps = 0
        self.epoch = 0
        self.batches_done = 0
        """Batches of this epoch that are done."""

    def step(self, batch: Sequence[Pair]) -> float:
        """One update; returns the loss before it, in nats a token, smoothed."""
        self.network.train()
        self.steps += 1
        rate = warmup_rate(self.steps, self.network.shape.d_model, self.settings.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        loss = self.loss(batch, self.settings.smoothing)
        loss.backward()
        clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self.optimiser.step()
        value = loss.item()
        if not np.isfinite(value):
            raise FloatingPointError(
                f"Training.step: the loss is {value} at step {self.steps}; a longer warm-up lowers"
                " the learning rate"
            )
        return value

    def loss(self, batch: Sequence[Pair], smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy of a batch's target tokens, in nats a token."""
        source, source_mask, before, after = tensors(batch)
        half = torch.autocast("cpu", torch.bfloat16, enabled=self.settings.bfloat16)
        # Of torch 2.13's ways to attend on a CPU the plain one has the fastest gradients.
        with half, sdpa_kernel(SDPBackend.MATH):
            logits = self.network(source, before, source_mask)
        return cross_entropy(
            logits.float().flatten(0, 1),
            after.flatten(),
            ignore_index=PAD,
            label_smoothing=smoothing,
        )

    @torch.inference_mode()
    def evaluate(self, pairs: Sequence[Pair]) -> float:
        """The cross-entropy of held-out pairs, in nats a token, without smoothing or dropout."""
        self.network.eval()
        total, tokens = 0.0, 0
        for batch in batches(pairs, self.settings.batch, None):
            count = sum(len(target) + 1 for _, target in batch)
            total += self.loss(batch).item() * count
            tokens += count
        return total / tokens

    def batches(self, pairs: Sequence[Pair]) -> list[list[Pair]]:
        """This epoch's batches that are left, in an order of its own for each epoch."""
        order = np.random.default_rng((self.settings.seed, self.epoch))
        return batches(pairs, self.settings.batch, order)[self.batches_done :]

    def run_epoch(
        self,
        pairs: Sequence[Pair],
        *,
        checkpoint: Path | None = None,
        every: float = 300.0,
        watch: Callable[[float], None] = lambda loss: None,
    ) -> float:
        """The rest of this epoch; returns the mean loss of its steps.

        checkpoint: where to save every so many seconds, and at the end.
        watch     : called with the loss of every step.
        """
        losses, saved = [], time.monotonic()
        for batch in self.batches(pairs):
            losses.append(self.step(batch))
            self.batches_done += 1
            watch(losses[-1])
            if checkpoint is not None and time.monotonic() - saved > every:
                self.save(checkpoint)
                saved = time.monotonic()
        self.epoch, self.batches_done = self.epoch + 1, 0
        if checkpoint is not None:
            self.save(checkpoint)
        return float(np.mean(losses)) if losses else float("nan")

    def save(self, path: Path) -> None:
        """All that goes on depends on, in one file, whole or not at all."""
        state = {
            "shape": asdict(self.network.shape),
            "settings": asdict(self.settings),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "counts": (self.steps, self.epoch, self.batches_done),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            torch.save(state, file)

    @classmethod
    def load(cls, path: Path) -> Training:
        """The training that `save` wrote. It holds tensors and plain values; nothing in it is
        executed."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        training = cls(Shape(**state["shape"]), TrainingSettings(**state["settings"]))
        training.network.load_state_dict(state["network"])
        training.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"])
        training.steps, training.epoch, training.batches_done = state["counts"]
        return training


def batches(
    pairs: Sequence[Pair], tokens: int, order: np.random.Generator | None
) -> list[list[Pair]]:
    """Pairs of like lengths together, so that little fills a batch up.

    tokens: the longest target of a batch times its pairs, at most; so for the sources.
    order : shuffles pairs of equal length, and the batches; None leaves both as they are.

    >>> lengths = [
    ...     [len(source) for source, _ in batch]
    ...     for batch in batches([([1] * n, [1] * n) for n in (9, 2, 3, 8)], 20, None)
    ... ]
    >>> lengths
    [[2, 3], [8, 9]]
    """
    places = np.arange(len(pairs)) if order is None else order.permutation(len(pairs))
    lengths = [(len(pairs[i][1]) + 1, len(pairs[i][0])) for i in places]
    found: list[list[Pair]] = []
    longest = 0
    for place in sorted(range(len(places)), key=lambda place: lengths[place]):
        longest_with = max(longest, *lengths[place])
        if not found or longest_with * (len(found[-1]) + 1) > tokens:
            found.append([])
            longest_with = max(lengths[place])
        found[-1].append(pairs[places[place]])
        longest = longest_with
    if order is not None:
        random.Random(int(order.integers(2**32))).shuffle(found)
    return found


def tensors(batch: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Source, its mask, and the target twice: moved one to the right after the mark that begins it,
    which goes in, and with the mark that ends it, which should come out.

    returns: (pairs, m), (pairs, 1, m), (pairs, n), (pairs, n).

    >>> source, _, before, after = tensors([([7, 8], [9]), ([7], [8, 9])])
    >>> before.tolist(), after.tolist()
    ([[1, 9, 0], [1, 8, 9]], [[9, 2, 0], [8, 9, 2]])
    """
    source, source_mask = filled(source for source, _ in batch)
    before, _ = filled([BEGIN, *target] for _, target in batch)
    after, _ = filled([*target, END] for _, target in batch)
    return source, source_mask, before, after


def filled(texts: Iterator[list[int]] | Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Texts as one array, the shorter ones filled up, and the mask of what is text.

    returns: (texts, longest) ids and (texts, 1, longest) booleans.
    """
    rows = list(texts)
    lengths = torch.tensor([len(row) for row in rows])
    longest = int(lengths.max())
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    return ids, lengths_to_mask(lengths, longest)
