"""The feed-forward block: two linear layers with a bend between them, and the bends in use.

Shapes: x is (..., d); every position goes through on its own. W_inner is (d, hidden), W_outer
(hidden, d).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_choice, require_flag, require_floats

Array = NDArray[np.float64]
Activation = Literal["relu", "gelu", "swiglu"]


class FeedForwardWeights(NamedTuple):
    """The parameters of a feed-forward block.

    w_inner, b_inner: (d, hidden), (hidden,).
    w_outer, b_outer: (hidden, d), (d,).
    w_gate, b_gate  : (d, hidden), (hidden,) of swiglu; else None.
    """

    w_inner: Array
    b_inner: Array
    w_outer: Array
    b_outer: Array
    w_gate: Array | None = None
    b_gate: Array | None = None


def relu(x: ArrayLike) -> Array:
    """x where it is positive, else 0.

    >>> relu([-2.0, 3.0])
    array([0., 3.])
    """
    return np.maximum(require_floats("relu", "x", x, "(...,)"), 0.0)


def gelu(x: ArrayLike, *, tanh: bool = False) -> Array:
    """x times the share of a standard normal below x: a ReLU with a soft corner.

    tanh: the approximation 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))),
          off by at most 0.0005. BERT's and GPT-2's first code used it; torch
          and this function take the exact one unless asked.

    >>> gelu([-1.0, 0.0, 1.0]).round(4)
    array([-0.1587,  0.    ,  0.8413])

    Hendrycks and Gimpel (2016).
    """
    x = require_floats("gelu", "x", x, "(...,)")
    if require_flag("gelu", "tanh", tanh):
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * _normal_share(x)


def silu(x: ArrayLike) -> Array:
    """x times sigmoid(x), also called swish.

    >>> silu([0.0, 100.0])
    array([  0., 100.])
    """
    x = require_floats("silu", "x", x, "(...,)")
    return x * _sigmoid(x)


def feed_forward(
    x: ArrayLike, weights: FeedForwardWeights, activation: Activation = "relu"
) -> Array:
    """act(x W_inner + b_inner) W_outer + b_outer.

    activation: "relu"; "gelu", the exact one; "swiglu", where
                silu(x W_gate + b_gate) * (x W_inner + b_inner) stands in place
                of act.
    returns   : (..., d) float64.
    raises    : ValueError for another activation, a gate that is missing, or
                shapes that do not fit.

    >>> weights = FeedForwardWeights(
    ...     np.array([[1.0, -1.0]]), np.zeros(2), np.array([[1.0], [1.0]]), np.zeros(1)
    ... )
    >>> feed_forward([[-3.0], [2.0]], weights)  # the absolute value
    array([[3.],
           [2.]])

    Vaswani et al. (2017), section 3.3; Shazeer (2020) for swiglu.
    """
    x = _checked("feed_forward", x, weights, activation)
    return _hidden(x, weights, activation) @ weights.w_outer + weights.b_outer


def feed_forward_gradients(
    x: ArrayLike,
    weights: FeedForwardWeights,
    grad_outputs: ArrayLike,
    activation: Activation = "relu",
) -> tuple[Array, FeedForwardWeights]:
    """Gradients for x and all parameters, given that for `feed_forward`'s result.

    returns: (grad_x (..., d), gradients as `FeedForwardWeights`).
    raises : as `feed_forward`.

    >>> weights = FeedForwardWeights(np.eye(2), np.zeros(2), np.eye(2), np.zeros(2))
    >>> feed_forward_gradients([[-3.0, 2.0]], weights, [[1.0, 1.0]])[0]
    array([[0., 1.]])
    """
    x = _checked("feed_forward_gradients", x, weights, activation)
    grad_outputs = require_floats(
        "feed_forward_gradients", "grad_outputs", grad_outputs, "(..., d)"
    )
    inner = x @ weights.w_inner + weights.b_inner
    grad_hidden = grad_outputs @ weights.w_outer.T
    if weights.w_gate is None or weights.b_gate is None:
        grad_inner = grad_hidden * SLOPES[activation](inner)
        grad_x = grad_inner @ weights.w_inner.T
        gate = (None, None)
    else:
        gated = x @ weights.w_gate + weights.b_gate
        grad_inner = grad_hidden * silu(gated)
        grad_gated = grad_hidden * inner * SLOPES["swiglu"](gated)
        grad_x = grad_inner @ weights.w_inner.T + grad_gated @ weights.w_gate.T
        gate = (_outer(x, grad_gated), _summed(grad_gated))
    hidden = _hidden(x, weights, activation)
    return grad_x, FeedForwardWeights(
        _outer(x, grad_inner),
        _summed(grad_inner),
        _outer(hidden, grad_outputs),
        _summed(grad_outputs),
        *gate,
    )


def _relu_slope(x: Array) -> Array:
    return (x > 0).astype(np.float64)


def _gelu_slope(x: Array) -> Array:
    return _normal_share(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def _silu_slope(x: Array) -> Array:
    share = _sigmoid(x)
    return share * (1 + x * (1 - share))


SLOPES: dict[str, Callable[[Array], Array]] = {
    "relu": _relu_slope,
    "gelu": _gelu_slope,
    "swiglu": _silu_slope,
}
"""The derivative of each bend; swiglu's is that of silu, through which its gate goes."""


def _hidden(x: Array, weights: FeedForwardWeights, activation: Activation) -> Array:
    inner = x @ weights.w_inner + weights.b_inner
    if weights.w_gate is not None and weights.b_gate is not None:
        return silu(x @ weights.w_gate + weights.b_gate) * inner
    return relu(inner) if activation == "relu" else gelu(inner)


def _checked(
    where: str, x: ArrayLike, weights: FeedForwardWeights, activation: Activation
) -> Array:
    require_choice(where, "activation", activation, Activation)
    gate = weights.w_gate is not None and weights.b_gate is not None
    if gate != (activation == "swiglu"):
        raise ValueError(
            f"{where}: swiglu has a gate and the others have none; got activation {activation!r}"
            f" {'with' if gate else 'without'} w_gate and b_gate"
        )
    x = require_floats(where, "x", x, "(..., d)")
    if x.shape[-1] != len(weights.w_inner):
        raise ValueError(
            f"{where}: x must have {len(weights.w_inner)} columns, as w_inner has rows,"
            f" got shape {x.shape}"
        )
    return x


def _normal_share(x: Array) -> Array:
    """The share of a standard normal below x."""
    below = [0.5 * math.erfc(-value / math.sqrt(2)) for value in x.ravel()]
    return np.array(below).reshape(x.shape)


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _outer(x: Array, gradient: Array) -> Array:
    """The gradient of W in y = x W, summed over all positions."""
    return x.reshape(-1, x.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])


def _summed(gradient: Array) -> Array:
    return gradient.reshape(-1, gradient.shape[-1]).sum(axis=0)
