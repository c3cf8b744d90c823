"""One layer of the encoder and one of the decoder, forward and backward.

Shapes: x is (..., n, d_model), the encoder's output `memory` (..., m, d_model). A mask is boolean,
True where a position may attend, and broadcasts to (..., n, m).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_flag, require_floats
from embcourse.attention import causal_mask
from embcourse.self_attention import (
    MultiHeadWeights,
    init_weights,
    multi_head_attention,
    multi_head_gradients,
)
from embcourse.transformer.reference.feed_forward import (
    Activation,
    FeedForwardWeights,
    feed_forward,
    feed_forward_gradients,
)
from embcourse.transformer.reference.normalise import layer_norm, layer_norm_gradients

Array = NDArray[np.float64]
EPS = 1e-5
"""What the LayerNorms of these layers add to the variance."""


class NormWeights(NamedTuple):
    """The parameters of a LayerNorm: gain and bias, (d_model,) each."""

    gain: Array
    bias: Array


class EncoderLayerWeights(NamedTuple):
    """The parameters of an encoder layer.

    attention   : of the self-attention.
    feed_forward: of the feed-forward block.
    norms       : of the LayerNorm of each of the two blocks, in that order.
    """

    attention: MultiHeadWeights
    feed_forward: FeedForwardWeights
    norms: tuple[NormWeights, ...]


class DecoderLayerWeights(NamedTuple):
    """The parameters of a decoder layer.

    attention   : of the causal self-attention.
    cross       : of the attention to the encoder's output.
    feed_forward: of the feed-forward block.
    norms       : of the LayerNorm of each of the three blocks, in that order.
    """

    attention: MultiHeadWeights
    cross: MultiHeadWeights
    feed_forward: FeedForwardWeights
    norms: tuple[NormWeights, ...]


def init_encoder_layer(d_model: int, hidden: int, rng: np.random.Generator) -> EncoderLayerWeights:
    """Glorot's uniform matrices, zero biases, norms that change nothing yet.

    >>> init_encoder_layer(4, 8, np.random.default_rng(0)).feed_forward.w_inner.shape
    (4, 8)
    """
    attention = init_weights(d_model, rng)
    return EncoderLayerWeights(attention, _init_block(d_model, hidden, rng), _norms(2, d_model))


def init_decoder_layer(d_model: int, hidden: int, rng: np.random.Generator) -> DecoderLayerWeights:
    """As `init_encoder_layer`, with a second attention and a third norm."""
    attention, cross = init_weights(d_model, rng), init_weights(d_model, rng)
    block = _init_block(d_model, hidden, rng)
    return DecoderLayerWeights(attention, cross, block, _norms(3, d_model))


def encoder_layer(
    x: ArrayLike,
    weights: EncoderLayerWeights,
    heads: int,
    mask: ArrayLike | None = None,
    *,
    norm_first: bool = False,
    activation: Activation = "relu",
) -> Array:
    """Self-attention, then feed-forward, each inside a residual connection.

    Post-norm, as in the paper: x <- LayerNorm(x + block(x)).
    Pre-norm                  : x <- x + block(LayerNorm(x)).

    returns: (..., n, d_model) float64.
    raises : ValueError if shapes do not fit together.

    >>> weights = init_encoder_layer(4, 8, np.random.default_rng(0))
    >>> encoder_layer(np.eye(3, 4), weights, heads=2).std(axis=1).round(3)
    array([1., 1., 1.])

    Vaswani et al. (2017), section 3.1; Xiong et al. (2020) for pre-norm.
    """
    x = require_floats("encoder_layer", "x", x, "(..., n, d_model)", finite=False)
    blocks = [
        lambda given: multi_head_attention(given, weights.attention, heads, mask=mask)[0],
        lambda given: feed_forward(given, weights.feed_forward, activation),
    ]
    return _through(x, blocks, weights.norms, norm_first)[-1]


def encoder_layer_gradients(
    x: ArrayLike,
    weights: EncoderLayerWeights,
    heads: int,
    grad_outputs: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    norm_first: bool = False,
    activation: Activation = "relu",
) -> tuple[Array, EncoderLayerWeights]:
    """Gradients for x and all parameters, given that for `encoder_layer`'s result.

    returns: (grad_x (..., n, d_model), gradients as `EncoderLayerWeights`).
    raises : as `encoder_layer`.

    >>> weights = init_encoder_layer(4, 8, np.random.default_rng(0))
    >>> x = np.eye(3, 4)
    >>> grad_x, _ = encoder_layer_gradients(x, weights, 2, np.ones((3, 4)))
    >>> np.abs(grad_x).max().round(6)  # the norm's mean is 0, whatever x is
    np.float64(0.0)
    """
    x = require_floats("encoder_layer_gradients", "x", x, "(..., n, d_model)", finite=False)
    found: dict[str, Any] = {}

    def attention_back(given: Array, grad: Array) -> Array:
        back = multi_head_gradients(given, weights.attention, heads, grad, mask=mask)
        found["attention"] = back[2]
        return back[0]

    def feed_forward_back(given: Array, grad: Array) -> Array:
        grad_given, found["feed_forward"] = feed_forward_gradients(
            given, weights.feed_forward, grad, activation
        )
        return grad_given

    blocks = [
        lambda given: multi_head_attention(given, weights.attention, heads, mask=mask)[0],
        lambda given: feed_forward(given, weights.feed_forward, activation),
    ]
    states = _through(x, blocks, weights.norms, norm_first)
    grad = _gradient_like("encoder_layer_gradients", grad_outputs, states[-1])
    backs = [attention_back, feed_forward_back]
    grad_x, norms = _back(grad, states, blocks, backs, weights.norms, norm_first)
    return grad_x, EncoderLayerWeights(found["attention"], found["feed_forward"], norms)


def decoder_layer(
    x: ArrayLike,
    memory: ArrayLike,
    weights: DecoderLayerWeights,
    heads: int,
    mask: ArrayLike | None = None,
    memory_mask: ArrayLike | None = None,
    *,
    norm_first: bool = False,
    activation: Activation = "relu",
) -> Array:
    """Causal self-attention, attention to the encoder's output, feed-forward.

    mask       : of the self-attention, beside the causal one, which always holds.
    memory_mask: True where a position of x may attend to one of memory.
    returns    : (..., n, d_model) float64.
    raises     : ValueError if shapes do not fit together.

    >>> weights = init_decoder_layer(4, 8, np.random.default_rng(0))
    >>> x, memory = np.eye(3, 4), np.ones((5, 4))
    >>> whole = decoder_layer(x, memory, weights, heads=2)
    >>> np.allclose(decoder_layer(x[:2], memory, weights, heads=2), whole[:2])  # no future
    True

    Vaswani et al. (2017), section 3.1.
    """
    x = require_floats("decoder_layer", "x", x, "(..., n, d_model)", finite=False)
    blocks = _decoder_blocks(x, memory, weights, heads, mask, memory_mask, activation)
    return _through(x, blocks, weights.norms, norm_first)[-1]


def decoder_layer_gradients(
    x: ArrayLike,
    memory: ArrayLike,
    weights: DecoderLayerWeights,
    heads: int,
    grad_outputs: ArrayLike,
    mask: ArrayLike | None = None,
    memory_mask: ArrayLike | None = None,
    *,
    norm_first: bool = False,
    activation: Activation = "relu",
) -> tuple[Array, Array, DecoderLayerWeights]:
    """Gradients for x, memory and all parameters, given that for `decoder_layer`'s result.

    returns: (grad_x, grad_memory, gradients as `DecoderLayerWeights`).
    raises : as `decoder_layer`.

    >>> weights = init_decoder_layer(4, 8, np.random.default_rng(0))
    >>> back = decoder_layer_gradients(np.eye(3, 4), np.ones((5, 4)), weights, 2, np.eye(3, 4))
    >>> back[0].shape, back[1].shape
    ((3, 4), (5, 4))
    """
    x = require_floats("decoder_layer_gradients", "x", x, "(..., n, d_model)", finite=False)
    found: dict[str, Any] = {}
    seen = _causal(x, mask)

    def attention_back(given: Array, grad: Array) -> Array:
        back = multi_head_gradients(given, weights.attention, heads, grad, mask=seen)
        found["attention"] = back[2]
        return back[0]

    def cross_back(given: Array, grad: Array) -> Array:
        grad_given, found["memory"], found["cross"] = multi_head_gradients(
            given, weights.cross, heads, grad, memory, memory_mask
        )
        return grad_given

    def feed_forward_back(given: Array, grad: Array) -> Array:
        grad_given, found["feed_forward"] = feed_forward_gradients(
            given, weights.feed_forward, grad, activation
        )
        return grad_given

    blocks = _decoder_blocks(x, memory, weights, heads, mask, memory_mask, activation)
    states = _through(x, blocks, weights.norms, norm_first)
    grad = _gradient_like("decoder_layer_gradients", grad_outputs, states[-1])
    backs = [attention_back, cross_back, feed_forward_back]
    grad_x, norms = _back(grad, states, blocks, backs, weights.norms, norm_first)
    grads = DecoderLayerWeights(found["attention"], found["cross"], found["feed_forward"], norms)
    return grad_x, found["memory"], grads


Block = Callable[[Array], Array]
BackwardBlock = Callable[[Array, Array], Array]


def _decoder_blocks(
    x: Array,
    memory: ArrayLike,
    weights: DecoderLayerWeights,
    heads: int,
    mask: ArrayLike | None,
    memory_mask: ArrayLike | None,
    activation: Activation,
) -> list[Block]:
    seen = _causal(x, mask)
    return [
        lambda given: multi_head_attention(given, weights.attention, heads, mask=seen)[0],
        lambda given: multi_head_attention(given, weights.cross, heads, memory, memory_mask)[0],
        lambda given: feed_forward(given, weights.feed_forward, activation),
    ]


def _through(
    x: Array, blocks: Sequence[Block], norms: tuple[NormWeights, ...], norm_first: bool
) -> list[Array]:
    """What goes into each block's residual connection, and what comes out of the last."""
    require_flag("encoder_layer", "norm_first", norm_first)
    states = [x]
    for block, norm in zip(blocks, norms, strict=True):
        x = states[-1]
        if norm_first:
            states.append(x + block(layer_norm(x, *norm, EPS)))
        else:
            states.append(layer_norm(x + block(x), *norm, EPS))
    return states


def _back(
    grad: Array,
    states: list[Array],
    blocks: Sequence[Block],
    backs: Sequence[BackwardBlock],
    norms: tuple[NormWeights, ...],
    norm_first: bool,
) -> tuple[Array, tuple[NormWeights, ...]]:
    """From the last residual connection to the first: each adds what went past its block."""
    grad_norms: list[NormWeights] = []
    for x, block, back, norm in reversed(list(zip(states, blocks, backs, norms))):
        if norm_first:
            given = layer_norm(x, *norm, EPS)
            grad_given, *grad_norm = layer_norm_gradients(x, norm.gain, back(given, grad), EPS)
            grad = grad + grad_given
        else:
            grad, *grad_norm = layer_norm_gradients(x + block(x), norm.gain, grad, EPS)
            grad = grad + back(x, grad)
        grad_norms.insert(0, NormWeights(*grad_norm))
    return grad, tuple(grad_norms)


def _causal(x: Array, mask: ArrayLike | None) -> NDArray[np.bool_]:
    n = x.shape[-2]
    seen = causal_mask(n, n)
    return seen if mask is None else seen & np.asarray(mask)


def _gradient_like(where: str, grad_outputs: ArrayLike, outputs: Array) -> Array:
    grad = require_floats(where, "grad_outputs", grad_outputs, "(..., n, d_model)")
    if grad.shape != outputs.shape:
        raise ValueError(
            f"{where}: grad_outputs must have the outputs' shape {outputs.shape}, got {grad.shape}"
        )
    return grad


def _init_block(d_model: int, hidden: int, rng: np.random.Generator) -> FeedForwardWeights:
    limit = np.sqrt(6 / (d_model + hidden))
    w_inner = rng.uniform(-limit, limit, (d_model, hidden))
    w_outer = rng.uniform(-limit, limit, (hidden, d_model))
    return FeedForwardWeights(w_inner, np.zeros(hidden), w_outer, np.zeros(d_model))


def _norms(count: int, d_model: int) -> tuple[NormWeights, ...]:
    return tuple(NormWeights(np.ones(d_model), np.zeros(d_model)) for _ in range(count))
