"""The exercise `attention.attention_gradients`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import (
    ORDINARY,
    halves,
    near,
    powers_over_sum,
    sequences,
    sizes,
)
from embcourse.attention.exercises.softmax_gradient import diagonal_only
from embcourse.checking import Case, Exercise, Misconception, Tolerance

# Scores near 1e4 are right to 1e4 eps, and so are the weights relatively; keys and queries, which
# they are multiplied with, are about 100.
FAR = Tolerance(operations=32, scale=4e6)


def backward_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, m, d, d_v, front = sizes(rng, 2, 6, 5)
    yield Case(
        (halves(rng, 1, 4), halves(rng, 2, 4), halves(rng, 2, 1), halves(rng, 1, 1)),
        "gradient",
        "one query, two keys",
        tolerance=ORDINARY,
    )
    for label, axes, queries, keys, width in (
        ("more of each", (), n, m, d_v),
        ("as many keys as queries", (), m, m, d_v),
        ("all of one length", (), d, d, d),
        ("a batch", (front,), n, m, d_v),
        ("heads in a batch", (2, front), m, n, d_v),
    ):
        q, k, v = sequences(rng, *axes, queries=queries, keys=keys, d=d, d_v=width)
        yield Case(
            (q, k, v, rng.normal(size=(*axes, queries, width))),
            "gradient",
            label,
            tolerance=ORDINARY,
        )
    q, k, v = sequences(rng, queries=2 * n, keys=2 * m, d=2 * d, d_v=2 * d_v)
    yield Case(
        (q[::2, ::2], k[::2, ::2], v[::2, ::2], rng.normal(size=(n, d_v))),
        "gradient",
        "views with gaps",
        tolerance=ORDINARY,
    )
    q, k, v = sequences(rng, queries=n, keys=m, d=1, d_v=1)
    yield Case(
        (q, k, v, rng.normal(size=(n, 1))), "edge", "vectors of one number", tolerance=ORDINARY
    )
    q, k, v = sequences(rng, queries=n, keys=1, d=d, d_v=d_v)
    yield Case((q, k, v, rng.normal(size=(n, d_v))), "edge", "one key", tolerance=ORDINARY)
    yield Case(
        (
            *near(rng, rng.uniform(8e3, 1e4), queries=n, keys=m, d=d, d_v=d_v),
            rng.normal(size=(n, d_v)),
        ),
        "stability",
        "scores near 10,000 and near -10,000",
        tolerance=FAR,
    )


def turned(array: np.ndarray) -> np.ndarray:
    return np.swapaxes(array, -1, -2)


def backward_with(
    *,
    scale_in: Callable = lambda d: d**-0.5,
    scale_q: Callable = lambda d: d**-0.5,
    scale_k: Callable = lambda d: d**-0.5,
    soft: Callable = reference.softmax,
    through: Callable = reference.softmax_gradient,
    turn: Callable = turned,
    turn_p: Callable = turned,
    turn_s: Callable = turned,
    for_v: Callable = lambda p, g: p,
    result: Callable = lambda grad_q, grad_k, grad_v: (grad_q, grad_k, grad_v),
) -> Callable:
    """All gradients of attention with parts replaced."""

    def solve(q, k, v, grad_outputs):
        d = q.shape[-1]
        weights = soft(scale_in(d) * (q @ turn(k)))
        grad_weights = grad_outputs @ turn(v)
        grad_scores = through(weights, grad_weights)
        grad_v = turn_p(for_v(weights, grad_scores)) @ grad_outputs
        grad_q = scale_q(d) * (grad_scores @ k)
        grad_k = scale_k(d) * (turn_s(grad_scores) @ q)
        return result(grad_q, grad_k, grad_v)

    return solve


def sums_over_everything(weights, grad_weights):
    return weights * (grad_weights - (weights * grad_weights).sum())


def plain_softmax(scores):
    with np.errstate(all="ignore"):
        return powers_over_sum(scores)


def backward_by_outputs(q, k, v, grad_outputs):
    """The row sums of P * dP are those of dO * O."""
    scale = 1 / math.sqrt(q.shape[-1])
    scores = scale * np.einsum("...nd,...md->...nm", q, k)
    weights = np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))
    outputs = np.einsum("...nm,...me->...ne", weights, v)
    grad_weights = np.einsum("...ne,...me->...nm", grad_outputs, v)
    grad_scores = (
        weights * (grad_weights - (grad_outputs * outputs).sum(axis=-1, keepdims=True)) * scale
    )
    return (
        np.einsum("...nm,...md->...nd", grad_scores, k),
        np.einsum("...nm,...nd->...md", grad_scores, q),
        np.einsum("...nm,...ne->...me", weights, grad_outputs),
    )


ATTENTION_GRADIENTS = Exercise(
    id="attention.attention_gradients",
    points=4,
    reference=lambda q, k, v, grad_outputs: reference.attention_gradients(q, k, v, grad_outputs),
    cases=backward_cases,
    variant=backward_with,
    returns=("grad_q", "grad_k", "grad_v"),
    misconceptions=[
        Misconception(
            "leaves the scale out of dQ",
            {"scale_q": lambda d: 1.0},
            "S = Q Kᵀ / sqrt(d), so dQ has the factor 1 / sqrt(d) as well.",
        ),
        Misconception(
            "leaves the scale out of dK",
            {"scale_k": lambda d: 1.0},
            "S = Q Kᵀ / sqrt(d), so dK has the factor 1 / sqrt(d) as well.",
        ),
        Misconception(
            "leaves the scale out of dQ and dK",
            {"scale_q": lambda d: 1.0, "scale_k": lambda d: 1.0},
            "The scale stands between Q Kᵀ and the softmax, so the gradient passes it on its way"
            " back.",
        ),
        Misconception(
            "scales dQ and dK twice",
            {"scale_q": lambda d: 1 / d, "scale_k": lambda d: 1 / d},
            "The gradient passes the scale once on its way back, so its factor is 1 / sqrt(d), not"
            " 1 / d.",
        ),
        Misconception(
            "does not scale the scores on the way forward",
            {"scale_in": lambda d: 1.0},
            "The weights are those of scaled scores, as in exercise 5.",
        ),
        Misconception(
            "leaves out the row sums",
            {"through": lambda p, g: p * g},
            "dS = P * (dP - row sums of P * dP): the softmax couples all weights of a row.",
        ),
        Misconception(
            "takes the sum of everything for the row sums",
            {"through": sums_over_everything},
            "Each query has a sum of its own: the softmax couples the weights of one row.",
        ),
        Misconception(
            "keeps the diagonal only",
            {"through": diagonal_only},
            "P (1 - P) is how a weight moves with its own score. Each weight moves with every score"
            " of its row.",
        ),
        Misconception(
            "passes the softmax unchanged",
            {"through": lambda p, g: g},
            "dP is the gradient for the weights. Through the softmax it becomes dS.",
        ),
        Misconception(
            "does not turn the weights round for dV",
            {"turn_p": lambda p: p},
            "Value j gets something from every query that attends to it: that is column j of the"
            " weights.",
        ),
        Misconception(
            "does not turn dS round for dK",
            {"turn_s": lambda s: s},
            "Key j gets something from every query that meets it: that is column j of dS.",
        ),
        Misconception(
            "turns round all axes",
            {"turn": lambda a: a.T, "turn_p": lambda a: a.T, "turn_s": lambda a: a.T},
            ".T turns round every axis, the ones in front too. Only the last two change places.",
        ),
        Misconception(
            "takes dS for the weights in dV",
            {"for_v": lambda p, g: g},
            "O = P V, so dV has the weights P in it, not their gradient.",
        ),
        Misconception(
            "does not take off the maximum",
            {"soft": plain_softmax},
            "The weights must survive large scores here, too: call your attention of exercise 5.",
        ),
        Misconception(
            "returns dV first",
            {"result": lambda grad_q, grad_k, grad_v: (grad_v, grad_k, grad_q)},
            "Asked for are the gradients for Q, K and V, in this order.",
        ),
        Misconception(
            "returns dK before dQ",
            {"result": lambda grad_q, grad_k, grad_v: (grad_k, grad_q, grad_v)},
            "Asked for are the gradients for Q, K and V, in this order.",
        ),
    ],
    alternatives=[backward_by_outputs, backward_with()],
    hints=[
        (
            "Go back along the chain O = P V, P = softmax(S), S = Q Kᵀ / sqrt(d), one product at a"
            " time."
        ),
        (
            "For C = A B, dA = dC Bᵀ and dB = Aᵀ dC. You have written the step through the softmax"
            " already."
        ),
        (
            "dV = Pᵀ dO; dP = dO Vᵀ; dS = softmax_gradient(P, dP); dQ = dS K / sqrt(d); dK = dSᵀ Q"
            " / sqrt(d)."
        ),
    ],
)
