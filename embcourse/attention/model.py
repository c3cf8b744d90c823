"""A small GRU encoder-decoder in torch, with and without attention, and a task that tells them
apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from embcourse.arguments import require_choice, require_whole

Scores = Literal["additive", "dot"]
SYMBOLS, LONGEST = 21, 20  # of the chapter's task; one symbol is the mark that begins a target
LENGTHS = (2, 5, 10, 15, 20, 25, 30)


class Seq2Seq(nn.Module):
    """A bidirectional GRU reads the source, another GRU writes the target, one token a step.

    Without attention the writer knows of the source only the state that it starts from: `width`
    numbers, however long the source is. With attention every state of the writer is a query; keys
    and values are the states of the reader, one per source token; and the next token is guessed
    from the writer's state and the weighted mean together. This is Luong's order of things, without
    his tanh layer between the two and the logits. Bahdanau asks with the state *before* the step,
    and the mean enters the writer's next state. Scores are not scaled: Luong's dot products are
    not.

    tokens   : size of the vocabulary; token 0 begins every target and is never a part of one.
    width    : numbers in a state; even.
    attention: None, "additive" (Bahdanau's score) or "dot" (Luong's).
    raises   : ValueError for an unknown attention or an odd width.

    >>> Seq2Seq(10, width=8)(
    ...     torch.ones(3, 5, dtype=torch.long), torch.ones(3, 4, dtype=torch.long)
    ... ).shape
    torch.Size([3, 4, 10])

    Sutskever et al. (2014); Cho et al. (2014); Bahdanau et al. (2015); Luong et al. (2015).
    """

    def __init__(self, tokens: int, width: int = 64, attention: Scores | None = None) -> None:
        super().__init__()
        require_choice("Seq2Seq", "attention", attention, (*get_args(Scores), None))
        tokens = require_whole("Seq2Seq", "tokens", tokens, least=1)
        width = require_whole("Seq2Seq", "width", width)
        if width < 2 or width % 2:
            raise ValueError(f"Seq2Seq: width must be even and positive, got {width}")
        self.attention = attention
        self.embedding = nn.Embedding(tokens, width)
        self.reader = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.writer = nn.GRU(width, width, batch_first=True)
        self.output = nn.Linear(width if attention is None else 2 * width, tokens)
        if attention == "additive":
            self.for_query, self.for_key = (
                nn.Linear(width, width, bias=False),
                nn.Linear(width, width, bias=False),
            )
            self.weigh = nn.Linear(width, 1, bias=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits (batch, target, tokens) of every target token, given the true ones before it.

        source, target: (batch, tokens of each) integers; all sequences of a batch are equally long.
        """
        keys, state = self.read(source)
        begin = torch.zeros_like(target[:, :1])
        logits, _, _ = self.write(torch.cat([begin, target[:, :-1]], dim=1), keys, state)
        return logits

    def read(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """The reader's states (batch, source, width), and the state (1, batch, width) that the
        writer starts from."""
        keys, last = self.reader(self.embedding(source))
        # end of the one way, end of the other
        return keys, torch.cat([last[0], last[1]], dim=-1)[None]

    def write(
        self, before: Tensor, keys: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """What follows each token of `before`: logits, state, weights.

        before : (batch, target) tokens already written.
        keys   : (batch, source, width), the reader's states, which are the
                 values, too.
        state  : (1, batch, width), the writer's before it reads `before`.
        returns: logits (batch, target, tokens), state (1, batch, width),
                 weights (batch, target, source) or None if no attention.
        """
        states, state = self.writer(self.embedding(before), state)
        if self.attention is None:
            return self.output(states), state, None
        if self.attention == "dot":
            scores = states @ keys.transpose(1, 2)
        else:
            queries = self.for_query(states)[:, :, None]
            hidden = torch.tanh(queries + self.for_key(keys)[:, None])
            scores = self.weigh(hidden)[..., 0]
        weights = scores.softmax(dim=-1)
        context = weights @ keys  # one row for each token written
        both = torch.cat([states, context], dim=-1)
        return self.output(both), state, weights

    @torch.no_grad()
    def generate(self, source: Tensor, length: int) -> tuple[Tensor, Tensor | None]:
        """`length` tokens, each the likeliest after those before it; and the weights (batch,
        length, source), if any."""
        keys, state = self.read(source)
        token = torch.zeros(len(source), 1, dtype=torch.long)
        tokens, weights = [], []
        for _ in range(length):
            logits, state, attended = self.write(token, keys, state)
            token = logits.argmax(dim=-1)
            tokens.append(token)
            if attended is not None:
                weights.append(attended)
        return torch.cat(tokens, dim=1), torch.cat(weights, dim=1) if weights else None


def random_sources(count: int, length: int, tokens: int, rng: np.random.Generator) -> Tensor:
    """(count, length) tokens from 1 to tokens - 1, independent: nothing in them can be guessed, all
    must be carried."""
    return torch.from_numpy(rng.integers(1, tokens, (count, length)))


def train_to_reverse(
    model: Seq2Seq,
    tokens: int,
    *,
    longest: int = 16,
    steps: int = 400,
    batch: int = 64,
    learning_rate: float = 3e-3,
    seed: int = 0,
) -> list[float]:
    """Teaches a model to write its source backwards; every batch has another length, from 1 to
    `longest`.

    returns: the loss of every step, in nats a token.
    """
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=steps)
    losses = []
    for _ in range(steps):
        source = random_sources(batch, int(rng.integers(1, longest + 1)), tokens, rng)
        target = source.flip(1)
        loss = cross_entropy(model(source, target).flatten(0, 1), target.flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def accuracy_by_length(
    model: Seq2Seq, tokens: int, lengths: list[int], *, count: int = 200, seed: int = 1
) -> list[float]:
    """The share of tokens that the model writes rightly, for new sources of each length."""
    rng = np.random.default_rng(seed)
    shares = []
    for length in lengths:
        source = random_sources(count, length, tokens, rng)
        written, _ = model.generate(source, length)
        shares.append((written == source.flip(1)).double().mean().item())
    return shares


def trial(
    attention: Scores | None,
    *,
    steps: int,
    seed: int,
    symbols: int = SYMBOLS,
    width: int = 64,
    longest: int = LONGEST,
    batch: int = 64,
    learning_rate: float = 5e-3,
    lengths: Sequence[int] = LENGTHS,
    rows: int = 200,
) -> dict[str, Any]:
    """Trains one reverser and measures it: the share of tokens that it writes rightly at each
    length, on new rows.

    returns: attention, steps and seed as given; `right`, a share for each of the lengths; `loss`,
             in nats a token, the mean of the last tenth of the training.

    >>> sorted(trial("dot", steps=2, seed=0, width=8, batch=2, rows=3))
    ['attention', 'loss', 'right', 'seed', 'steps']
    """
    torch.manual_seed(seed)
    model = Seq2Seq(symbols, width, attention)
    losses = train_to_reverse(
        model,
        symbols,
        longest=longest,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        seed=seed,
    )
    # Rows that no training has drawn: their seed is none of the trainings'.
    right = accuracy_by_length(model, symbols, list(lengths), count=rows, seed=1_000_000 + seed)
    loss = float(np.mean(losses[-max(1, steps // 10) :]))
    return {"attention": attention, "steps": steps, "seed": seed, "right": right, "loss": loss}
