"""The exercise `self_attention.layer_gradients`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention.exercises.common import sizes
from embcourse.checking import Case, Exercise, Misconception
from embcourse.self_attention import merge_heads, multi_head_gradients, split_heads
from embcourse.self_attention.exercises.common import (
    ORDINARY,
    Part,
    layer,
    some_mask,
    split_untransposed,
    squares,
    turned,
    weigh,
)


def layer_gradients_cases(rng: np.random.Generator) -> Iterator[Case]:
    heads, d_head = sizes(rng, 2, 3, 2)
    n, front = sizes(rng, 4, 6, 2)
    d_model = heads * d_head

    def case(x: np.ndarray, count: int, aspect: str, label: str) -> Case:
        n = x.shape[-2]
        mask = some_mask(rng, n, n, least=2) if n > 1 else np.ones((1, 1), bool)
        grad_outputs = rng.normal(size=x.shape)
        return Case(
            (x, *squares(rng, x.shape[-1]), count, mask, grad_outputs),
            aspect,
            label,
            tolerance=ORDINARY,
        )

    yield case(rng.normal(size=(n, d_model)), heads, "gradient", "one sequence")
    yield case(rng.normal(size=(front, n, d_model)), heads, "gradient", "a batch")
    yield case(rng.normal(size=(2, front, n, d_model)), heads, "gradient", "two axes in front")
    gaps = rng.normal(size=(2 * n, 2 * d_model))[::2, ::2]
    yield case(gaps, heads, "gradient", "a view with gaps")
    yield case(rng.normal(size=(1, d_model)), heads, "edge", "one position")
    yield case(rng.normal(size=(n, d_model)), 1, "edge", "one head")


def layer_gradients_with(
    *,
    paths: tuple[int, int, int] = (1, 1, 1),
    scale: Callable = lambda q: q.shape[-1] ** -0.5,
    back: Callable = lambda grad_outputs, w_output: grad_outputs @ w_output.T,
    split: Part = split_heads,
    into_output: Callable = lambda found, x: found,
    centred: bool = True,
    mask_of: Part = lambda mask: mask,
) -> Callable:
    """Gradients of multi-head self-attention for x and the four matrices, with parts replaced."""

    def solve(x, w_query, w_key, w_value, w_output, heads, mask, grad_outputs):
        q, k, v = (split_heads(x @ matrix, heads) for matrix in (w_query, w_key, w_value))
        weights = weigh(q @ np.swapaxes(k, -1, -2) * q.shape[-1] ** -0.5, mask_of(mask))
        found = merge_heads(weights @ v)
        grad_found = split(back(grad_outputs, w_output), heads)
        grad_weights = grad_found @ np.swapaxes(v, -1, -2)
        if centred:
            mean = (weights * grad_weights).sum(axis=-1, keepdims=True)
            grad_weights = grad_weights - mean
        grad_scores = scale(q) * weights * grad_weights
        grads = [
            merge_heads(grad)
            for grad in (
                grad_scores @ k,
                np.swapaxes(grad_scores, -1, -2) @ q,
                np.swapaxes(weights, -1, -2) @ grad_found,
            )
        ]
        three = zip(paths, grads, (w_query, w_key, w_value), strict=True)
        grad_x = sum(path * (grad @ matrix.T) for path, grad, matrix in three)
        pairs = [(x, grad) for grad in grads] + [(into_output(found, x), grad_outputs)]
        return grad_x, *(outer(given, grad) for given, grad in pairs)

    return solve


def outer(x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """xᵀ gradient, summed over all positions of all sequences."""
    return x.reshape(-1, x.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])


def gradients_head_by_head(x, w_query, w_key, w_value, w_output, heads, mask, grad_outputs):
    """One head, one query and one sequence at a time."""
    d_head = x.shape[-1] // heads
    grad_x = np.zeros(x.shape)
    grads = [np.zeros(w_query.shape) for _ in range(4)]
    for front in np.ndindex(x.shape[:-2]):
        for head in range(heads):
            own = slice(head * d_head, (head + 1) * d_head)
            q, k, v = (x[front] @ w[:, own] for w in (w_query, w_key, w_value))
            for i, grad in enumerate(grad_outputs[front]):
                seen = np.flatnonzero(mask[i])
                if seen.size == 0:
                    continue
                powers = np.exp((k[seen] @ q[i]) / np.sqrt(d_head))
                share = powers / powers.sum()
                found = share @ v[seen]
                grads[3][own] += np.outer(found, grad)
                grad_found = w_output[own] @ grad
                grad_share = v[seen] @ grad_found
                grad_scores = share * (grad_share - share @ grad_share) / np.sqrt(d_head)
                grad_q = grad_scores @ k[seen]
                grad_k = np.outer(grad_scores, q[i])
                grad_v = np.outer(share, grad_found)
                grads[0][:, own] += np.outer(x[front][i], grad_q)
                grads[1][:, own] += x[front][seen].T @ grad_k
                grads[2][:, own] += x[front][seen].T @ grad_v
                grad_x[front][i] += w_query[:, own] @ grad_q
                grad_x[front][seen] += grad_k @ w_key[:, own].T + grad_v @ w_value[:, own].T
    return grad_x, *grads


def gradients_of_reference(x, w_query, w_key, w_value, w_output, heads, mask, grad_outputs):
    grad_x, _, grads = multi_head_gradients(
        x, layer(w_query, w_key, w_value, w_output), heads, grad_outputs, mask=mask
    )
    return grad_x, *grads[:4]


LAYER_GRADIENTS = Exercise(
    id="self_attention.layer_gradients",
    points=4,
    reference=gradients_of_reference,
    cases=layer_gradients_cases,
    variant=layer_gradients_with,
    returns=("grad_x", "grad_w_query", "grad_w_key", "grad_w_value", "grad_w_output"),
    misconceptions=[
        Misconception(
            "sends the gradient of x through the queries only",
            {"paths": (1, 0, 0)},
            "x makes queries, keys and values: its gradient is the sum of three.",
        ),
        Misconception(
            "sends the gradient of x through the values only",
            {"paths": (0, 0, 1)},
            "x makes queries, keys and values: its gradient is the sum of three.",
        ),
        Misconception(
            "leaves out the keys' part of the gradient of x",
            {"paths": (1, 0, 1)},
            "Each position also answers as a key: add dK W_Kᵀ.",
        ),
        Misconception(
            "leaves out the scale",
            {"scale": lambda q: 1.0},
            "The scores are divided by sqrt(d_head); so are dQ and dK.",
        ),
        Misconception(
            "does not go back through W^O",
            {"back": lambda grad_outputs, w_output: grad_outputs},
            "What the heads found was multiplied by W^O: its gradient is dY W^Oᵀ.",
        ),
        Misconception(
            "does not transpose W^O",
            {"back": lambda grad_outputs, w_output: grad_outputs @ w_output},
            "Y = F W^O, so dF = dY W^Oᵀ. With a square matrix the mistake fits.",
        ),
        Misconception(
            "splits the gradient without a transpose",
            {"split": split_untransposed},
            "The gradient is cut into heads as the queries were: cut the last axis, then swap.",
        ),
        Misconception(
            "takes the gradient of W^O from x",
            {"into_output": lambda found, x: x},
            "W^O multiplies what the heads found, so dW^O = foundᵀ dY.",
        ),
        Misconception(
            "forgets that the weights of a row sum to one",
            {"centred": False},
            "The softmax's way back is P * (dP - rowsum(P * dP)): the row's mean is taken off.",
        ),
        Misconception(
            "turns the mask round",
            {"mask_of": turned},
            "mask[i, j] says whether query i may attend to key j: rows are queries.",
        ),
    ],
    alternatives=[gradients_head_by_head, layer_gradients_with()],
    hints=[
        "Go back: through W^O, split, through attention in each head, merge, through the three"
        " projections.",
        "For Y = X W: dX = dY Wᵀ, and dW = Xᵀ dY summed over all positions of all sequences.",
        "dF = split(dY W^Oᵀ); dQ, dK, dV per head as in the last chapter; dx = dQ W_Qᵀ + dK W_Kᵀ +"
        " dV W_Vᵀ.",
    ],
)
