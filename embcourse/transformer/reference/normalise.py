"""Normalisation of each position on its own: LayerNorm and RMSNorm, with their gradients.

Shapes: x is (..., d), and a position is a row of d numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_number

Array = NDArray[np.float64]


def layer_norm(x: ArrayLike, gain: ArrayLike, bias: ArrayLike, eps: float = 1e-5) -> Array:
    """gain * (x - mean) / sqrt(variance + eps) + bias, over the last axis.

    The variance is that of the d numbers themselves, divided by d, not by
    d - 1; eps stands inside the root.

    x         : (..., d), d at least 1.
    gain, bias: (d,).
    eps       : not negative; keeps a row of equal numbers from 0 / 0.
    returns   : (..., d) float64.
    raises    : ValueError if shapes do not fit, or eps is negative.

    >>> layer_norm([1.0, 3.0], [1.0, 1.0], [0.0, 10.0], eps=0.0)
    array([-1., 11.])

    Ba et al. (2016).
    """
    x, gain = _rows("layer_norm", x, gain)
    bias = require_floats("layer_norm", "bias", bias, "(d,)")
    _require_width("layer_norm", x, bias=bias)
    normal, _ = _standardised(x, _require_eps("layer_norm", eps))
    return gain * normal + bias


def layer_norm_gradients(
    x: ArrayLike, gain: ArrayLike, grad_outputs: ArrayLike, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradients for x, gain and bias, given that for `layer_norm`'s result.

    With n = (x - mean) / s, s = sqrt(variance + eps), and g = gain * grad:
    dx = (g - mean(g) - n mean(g n)) / s. Two means are taken off, since adding
    the same to a whole row, or making it longer, hardly changes n.

    grad_outputs: (..., d).
    returns     : (grad_x (..., d), grad_gain (d,), grad_bias (d,)).
    raises      : as `layer_norm`, and ValueError for grad_outputs of another
                  shape than x.

    >>> grad_x, _, grad_bias = layer_norm_gradients([[1.0, 3.0]], [1.0, 1.0], [[1.0, 1.0]])
    >>> grad_x, grad_bias
    (array([[0., 0.]]), array([1., 1.]))
    """
    x, gain = _rows("layer_norm_gradients", x, gain)
    grad_outputs = _like("layer_norm_gradients", grad_outputs, x)
    normal, spread = _standardised(x, _require_eps("layer_norm_gradients", eps))
    g = gain * grad_outputs
    along = (g * normal).mean(axis=-1, keepdims=True)
    grad_x = (g - g.mean(axis=-1, keepdims=True) - normal * along) / spread
    every = tuple(range(x.ndim - 1))
    return grad_x, (grad_outputs * normal).sum(axis=every), grad_outputs.sum(axis=every)


def rms_norm(x: ArrayLike, gain: ArrayLike, eps: float = 1e-6) -> Array:
    """gain * x / sqrt(mean of x^2 + eps): no mean is taken off, no bias added.

    x      : (..., d).
    gain   : (d,).
    returns: (..., d) float64.
    raises : ValueError if shapes do not fit, or eps is negative.

    >>> rms_norm([1.0, 7.0], [1.0, 1.0], eps=0.0)
    array([0.2, 1.4])

    Zhang and Sennrich (2019); torch and the LLaMA models put eps inside the
    root, as here, the authors' code outside.
    """
    x, gain = _rows("rms_norm", x, gain)
    return gain * x / _root_mean_square(x, _require_eps("rms_norm", eps))


def rms_norm_gradients(
    x: ArrayLike, gain: ArrayLike, grad_outputs: ArrayLike, eps: float = 1e-6
) -> tuple[Array, Array]:
    """Gradients for x and gain: with n = x / r, dx = (g - n mean(g n)) / r.

    returns: (grad_x (..., d), grad_gain (d,)).
    raises : as `rms_norm`, and ValueError for grad_outputs of another shape
             than x.

    >>> rms_norm_gradients([[1.0, 7.0]], [1.0, 1.0], [[1.0, 7.0]], eps=0.0)[0].round(12)
    array([[0., 0.]])
    """
    x, gain = _rows("rms_norm_gradients", x, gain)
    grad_outputs = _like("rms_norm_gradients", grad_outputs, x)
    size = _root_mean_square(x, _require_eps("rms_norm_gradients", eps))
    normal, g = x / size, gain * grad_outputs
    grad_x = (g - normal * (g * normal).mean(axis=-1, keepdims=True)) / size
    return grad_x, (grad_outputs * normal).sum(axis=tuple(range(x.ndim - 1)))


def _standardised(x: Array, eps: float) -> tuple[Array, Array]:
    """Each row with mean 0 and about variance 1, and what it was divided by."""
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    return np.divide(centred, spread, out=np.zeros_like(x), where=spread > 0), spread


def _root_mean_square(x: Array, eps: float) -> Array:
    size = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    return np.where(size > 0, size, 1.0)  # a row of zeros stays one


def _rows(where: str, x: ArrayLike, gain: ArrayLike) -> tuple[Array, Array]:
    x = require_floats(where, "x", x, "(..., d)")
    gain = require_floats(where, "gain", gain, "(d,)")
    if x.shape[-1] == 0:
        raise ValueError(f"{where}: x must have a number in each row, got shape {x.shape}")
    _require_width(where, x, gain=gain)
    return x, gain


def _require_width(where: str, x: Array, **arrays: Array) -> None:
    for name, array in arrays.items():
        if array.shape != x.shape[-1:]:
            raise ValueError(
                f"{where}: {name} must be as wide as x, ({x.shape[-1]},), got {array.shape}"
            )


def _require_eps(where: str, eps: float) -> float:
    return require_number(where, "eps", eps, least=0)


def _like(where: str, grad_outputs: ArrayLike, x: Array) -> Array:
    grad_outputs = require_floats(where, "grad_outputs", grad_outputs, "(..., d)")
    if grad_outputs.shape != x.shape:
        raise ValueError(
            f"{where}: grad_outputs must have the shape of x, {x.shape}, got {grad_outputs.shape}"
        )
    return grad_outputs
