"""The exercise `attention.attention_gradients`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import ORDINARY, sequences
from embcourse.checking import Case, Exercise, Misconception, Tolerance


def backward_cases(rng: np.random.Generator) -> Iterator[Case]:
    for label, front, queries, keys, d, d_v in (
        ("two queries, three keys", (), 2, 3, 4, 3), ("as many keys as queries", (), 3, 3, 2, 2),
        ("a batch of heads", (2, 2), 3, 4, 5, 3),
    ):
        yield Case((*sequences(rng, *front, queries=queries, keys=keys, d=d, d_v=d_v),
                    rng.normal(size=(*front, queries, d_v))), "gradient", label, tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=4, keys=6, d=8, d_v=6)
    yield Case((q[::2, ::2], k[::2, ::2], v[::2, ::2], rng.normal(size=(2, 3))), "gradient", "views with gaps",
               tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=1, keys=2, d=1, d_v=1)
    yield Case((q, k, v, rng.normal(size=(1, 1))), "edge", "one query, vectors of one number", tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=2, keys=3, d=16)
    yield Case((q * 60, k * 60, v, rng.normal(size=(2, 3))), "stability", "large queries and keys",
               tolerance=Tolerance(operations=128, scale=4e6))


def backward_with(*, scale_q=True, scale_k=True, delta=True, softmax=True, turn=True, swapped=False, of_scores=False):
    """All gradients of attention with one part replaced."""
    def solve(q, k, v, grad_outputs):
        scale = q.shape[-1] ** -0.5
        weights = reference.softmax(scale * q @ np.swapaxes(k, -1, -2))
        grad_v = (np.swapaxes(weights, -1, -2) if turn else weights) @ grad_outputs
        grad_weights = grad_outputs @ np.swapaxes(v, -1, -2)
        if not softmax:
            grad_scores = grad_weights
        elif delta:
            grad_scores = reference.softmax_gradient(weights, grad_weights)
        else:
            grad_scores = weights * grad_weights
        grad_q = (scale if scale_q else 1.0) * grad_scores @ k
        grad_k = (scale if scale_k else 1.0) * np.swapaxes(grad_scores, -1, -2) @ q
        return (grad_k, grad_q, grad_v) if swapped else (grad_q, grad_k, grad_v)
    return solve


def backward_without_turning(q, k, v, grad_outputs):
    """dV = P dO has the right shape only with as many queries as keys; elsewhere it can't be computed."""
    if q.shape[-2] != k.shape[-2]:
        raise ValueError("matmul: the shapes do not fit")
    return backward_with(turn=False)(q, k, v, grad_outputs)


def backward_by_outputs(q, k, v, grad_outputs):
    """The row sums of P * dP are those of dO * O."""
    scale = 1 / math.sqrt(q.shape[-1])
    weights = reference.softmax(scale * np.einsum("...nd,...md->...nm", q, k))
    outputs = weights @ v
    grad_weights = np.einsum("...ne,...me->...nm", grad_outputs, v)
    grad_scores = weights * (grad_weights - (grad_outputs * outputs).sum(axis=-1, keepdims=True)) * scale
    return (
        np.einsum("...nm,...md->...nd", grad_scores, k), np.einsum("...nm,...nd->...md", grad_scores, q),
        np.einsum("...nm,...ne->...me", weights, grad_outputs),
    )


ATTENTION_GRADIENTS = Exercise(
    id="attention.attention_gradients", points=4,
    reference=lambda q, k, v, grad_outputs: reference.attention_gradients(q, k, v, grad_outputs),
    cases=backward_cases,
    misconceptions=[
        Misconception("leaves the scale out of dQ", backward_with(scale_q=False),
                      "S = Q Kᵀ / sqrt(d_k), so dQ = dS K / sqrt(d_k)."),
        Misconception("leaves the scale out of dK", backward_with(scale_k=False),
                      "S = Q Kᵀ / sqrt(d_k), so dK = dSᵀ Q / sqrt(d_k)."),
        Misconception("leaves the scale out of dQ and dK", backward_with(scale_q=False, scale_k=False),
                      "The scale stands between Q Kᵀ and the softmax, so the gradient passes it on its way back."),
        Misconception("leaves out the row sums", backward_with(delta=False),
                      "dS = P * (dP - row sums of P * dP): the softmax couples all weights of a row."),
        Misconception("passes the softmax unchanged", backward_with(softmax=False),
                      "dP is the gradient for the weights. Through the softmax it becomes dS."),
        Misconception("does not turn the weights round for dV", backward_without_turning,
                      "Value j gets something from every query that attends to it: dV = Pᵀ dO."),
    ],
    alternatives=[backward_with(), backward_by_outputs],
    hints=[
        "Go back along the chain O = P V, P = softmax(S), S = Q Kᵀ / sqrt(d_k), one product at a time.",
        "For C = A B, dA = dC Bᵀ and dB = Aᵀ dC. You have written the step through the softmax already.",
        "dV = Pᵀ dO; dP = dO Vᵀ; dS = softmax_gradient(P, dP); dQ = dS K / sqrt(d_k); dK = dSᵀ Q / sqrt(d_k).",
    ],
)
