"""The exercise `transformer.smoothed_loss`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer import reference
from embcourse.transformer.exercises.common import ORDINARY, plain_softmax, sizes, softmax

# Logarithms are differences of logits up to 4000, each off by an eps of them, and a sum of as many
# as there are tokens.
LARGE = Tolerance(operations=32, scale=4000.0)


def smoothed_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, tokens, other, many = sizes(rng, 3, 9, 4)

    def case(
        logits: np.ndarray,
        label: str,
        aspect: str = "values",
        tolerance: Tolerance = ORDINARY,
        smoothing: float | None = None,
    ) -> Case:
        ids = rng.integers(0, logits.shape[1], len(logits))
        e = float(np.round(rng.uniform(0.1, 0.4), 3)) if smoothing is None else smoothing
        return Case((logits, ids, e), aspect, label, tolerance=tolerance)

    yield case(np.log(rng.integers(1, 9, (2, 3))), "two tokens of three")
    yield case(rng.normal(size=(n, tokens)), "several tokens")
    yield case(rng.normal(size=(2 * other, 2 * many))[::2, ::2], "a view with gaps")
    yield case(rng.normal(size=(n, tokens)), "no smoothing", "edge", smoothing=0.0)
    yield case(rng.normal(size=(1, tokens)), "one token", "edge")
    yield case(rng.normal(size=(n, 2)), "a vocabulary of two", "edge")
    logits = rng.uniform(1000.0, 2000.0, (n, tokens)) * rng.choice([-1, 1], (n, tokens))
    logits[0, :2] = -1000.0, 1500.0
    yield case(logits, "logits in the thousands", "stability", LARGE)


def over_all(ids: np.ndarray, tokens: int, e: float) -> np.ndarray:
    return (1 - e) * np.eye(tokens)[ids] + e / tokens


def over_the_wrong(ids: np.ndarray, tokens: int, e: float) -> np.ndarray:
    right = np.eye(tokens)[ids]
    return (1 - e) * right + e / (tokens - 1) * (1 - right)


def without_its_share(ids: np.ndarray, tokens: int, e: float) -> np.ndarray:
    right = np.eye(tokens)[ids]
    return (1 - e) * right + e / tokens * (1 - right)


def stable_logs(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def logs_of_softmax(logits: np.ndarray) -> np.ndarray:
    return np.log(softmax(logits))


def plain_logs(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def smoothed_with(
    *,
    targets_of: Callable = over_all,
    gradient_targets: Callable | None = None,
    logs: Callable = stable_logs,
    weights: Callable = softmax,
    mean: Callable = lambda losses: losses.mean(),
    share: Callable = lambda n: n,
    sign: int = 1,
) -> Callable[..., Any]:
    """The smoothed loss and its gradient with parts replaced."""

    def solve(logits, ids, smoothing):
        with np.errstate(all="ignore"):
            n, tokens = logits.shape
            targets = targets_of(ids, tokens, smoothing)
            known = (gradient_targets or targets_of)(ids, tokens, smoothing)
            loss = mean(-(targets * logs(logits)).sum(axis=1))
            return float(loss), sign * (weights(logits) - known) / share(n)

    return solve


def token_by_token(logits, ids, smoothing):
    """A weighted mean of two losses: the right token's, and the mean of all tokens'."""
    n, tokens = logits.shape
    loss, gradient = 0.0, np.zeros((n, tokens))
    for row, right in enumerate(ids):
        largest = max(float(logit) for logit in logits[row])
        total = sum(math.exp(logit - largest) for logit in logits[row])
        losses = [largest - float(logit) + math.log(total) for logit in logits[row]]
        loss += (1 - smoothing) * losses[right] + smoothing * sum(losses) / tokens
        for token in range(tokens):
            wanted = smoothing / tokens + (1 - smoothing if token == right else 0)
            gradient[row, token] = (math.exp(-losses[token]) - wanted) / n
    return loss / n, gradient


SMOOTHED_LOSS = Exercise(
    id="transformer.smoothed_loss",
    points=3,
    reference=lambda logits, ids, smoothing: reference.smoothed_loss(logits, ids, smoothing),
    cases=smoothed_cases,
    variant=smoothed_with,
    returns=("loss", "gradient"),
    misconceptions=[
        Misconception(
            "spreads over the V - 1 wrong tokens",
            {"targets_of": over_the_wrong},
            "Here the right token gets its e / V, too: e is spread over all V tokens.",
        ),
        Misconception(
            "takes mass from the right token and spreads none",
            {"targets_of": lambda ids, tokens, e: (1 - e) * np.eye(tokens)[ids]},
            "A target is a distribution: the e taken from the right token goes to all V tokens.",
        ),
        Misconception(
            "gives the right token 1 - e only",
            {"targets_of": without_its_share},
            "The target must sum to one: the right token has 1 - e, and e / V like all others.",
        ),
        Misconception(
            "does not smooth",
            {"targets_of": lambda ids, tokens, e: np.eye(tokens)[ids]},
            "The target is (1 - e) on the right token plus e / V on every token.",
        ),
        Misconception(
            "smooths the loss but not the gradient",
            {"gradient_targets": lambda ids, tokens, e: np.eye(tokens)[ids]},
            "The gradient is softmax minus the same target that the loss has.",
        ),
        Misconception(
            "turns the gradient round",
            {"sign": -1},
            "The gradient is softmax minus target: the loss falls as the right logit rises.",
        ),
        Misconception(
            "does not divide the gradient by n",
            {"share": lambda n: 1},
            "The loss is a mean over n rows; so the gradient has a 1 / n.",
        ),
        Misconception(
            "adds the losses up",
            {"mean": lambda losses: losses.sum()},
            "The loss is the mean over the rows.",
        ),
        Misconception(
            "takes the logarithm of the softmax",
            {"logs": logs_of_softmax},
            "A weight that underflows to 0 has the logarithm -inf, and a smoothed target asks for"
            " all of them. Take logit - max - log(sum(exp(logit - max))).",
        ),
        Misconception(
            "does not take the largest logit off",
            {"logs": plain_logs, "weights": plain_softmax},
            "exp of a large logit overflows. Take the largest of the row off before.",
        ),
    ],
    alternatives=[token_by_token, smoothed_with()],
    hints=[
        "First the targets: rows that sum to one. Then the loss as a sum over all tokens.",
        "targets = np.full((n, V), e / V), and 1 - e more on the right token of each row.",
        "logs = logits - max - log(sum(exp(logits - max))); loss = -(targets * logs).sum(axis=1)"
        ".mean(); gradient = (np.exp(logs) - targets) / n",
    ],
)
