"""Multi-head attention: queries, keys and values from one sequence, several heads side by side.

Shapes: a sequence x is (..., n, d_model). h heads of width d_head = d_model / h. Linear layers are y = x W + b with W of
shape (inputs, outputs); torch stores its transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.attention import attention, attention_gradients

Array = NDArray[np.float64]


class MultiHeadWeights(NamedTuple):
    """The parameters of a multi-head attention layer.

    w_query, w_key, w_value: (d_model, d_model); columns i d_head ... (i + 1) d_head - 1 belong to head i.
    w_output               : (d_model, d_model); rows i d_head ... (i + 1) d_head - 1 take what head i found.
    b_...                  : (d_model,), zeros for a layer without biases.
    """

    w_query: Array
    w_key: Array
    w_value: Array
    w_output: Array
    b_query: Array
    b_key: Array
    b_value: Array
    b_output: Array


def init_weights(d_model: int, rng: np.random.Generator) -> MultiHeadWeights:
    """Glorot's uniform weights and zero biases, the usual beginning: variance is about kept from layer to layer.

    >>> [array.shape for array in init_weights(4, np.random.default_rng(0))[3:5]]
    [(4, 4), (4,)]

    Glorot and Bengio (2010).
    """
    limit = np.sqrt(6 / (2 * d_model))
    matrices = [rng.uniform(-limit, limit, (d_model, d_model)) for _ in range(4)]
    return MultiHeadWeights(*matrices, *(np.zeros(d_model) for _ in range(4)))


def split_heads(x: ArrayLike, heads: int) -> NDArray:
    """Cuts the last axis into heads, and puts the heads before the positions.

    Two steps: (..., n, d_model) is seen as (..., n, heads, d_head), then the axes of positions and heads change places.
    Reshaping straight to (..., heads, n, d_head) has the right shape and the wrong numbers: it mixes positions.

    x      : (..., n, d_model).
    returns: (..., heads, n, d_head), a view where numpy can give one.
    raises : ValueError if heads does not divide d_model.

    >>> split_heads([[1, 2, 3, 4], [5, 6, 7, 8]], heads=2).tolist()
    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"split_heads: x must be (..., n, d_model), got {x.shape}")
    if heads < 1 or x.shape[-1] % heads:
        raise ValueError(f"split_heads: heads must divide d_model={x.shape[-1]}, got {heads}")
    return np.swapaxes(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -3, -2)


def merge_heads(x: ArrayLike) -> NDArray:
    """Undoes `split_heads`: what the heads found, side by side, head 0 first.

    x      : (..., heads, n, d_head).
    returns: (..., n, heads * d_head).
    raises : ValueError for fewer than three axes.

    >>> merge_heads([[[1, 2], [5, 6]], [[3, 4], [7, 8]]]).tolist()
    [[1, 2, 3, 4], [5, 6, 7, 8]]
    """
    x = np.asarray(x)
    if x.ndim < 3:
        raise ValueError(f"merge_heads: x must be (..., heads, n, d_head), got {x.shape}")
    x = np.swapaxes(x, -3, -2)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def multi_head_attention(
    x: ArrayLike,
    weights: MultiHeadWeights,
    heads: int,
    memory: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Project, split into heads, attend in each, put side by side, project back.

    x      : (..., n, d_model); asks. Without memory it also answers: self-attention.
    memory : (..., m, d_model); answers, for cross-attention.
    mask   : booleans that broadcast to (..., n, m), True where a position may attend; the same for all heads. With axes
             in front, the mask has them too or 1 in their place.
    returns: (outputs (..., n, d_model), attention weights (..., heads, n, m)), float64.
    raises : ValueError if shapes do not fit together or heads does not divide d_model.

    >>> weights = init_weights(4, np.random.default_rng(0))
    >>> outputs, attended = multi_head_attention(np.ones((3, 4)), weights, heads=2)
    >>> outputs.shape, attended.shape
    ((3, 4), (2, 3, 3))

    Vaswani et al. (2017), section 3.2.2.
    """
    q, k, v = _projected(x, weights, heads, memory)
    found, attended = attention(q, k, v, _for_heads(mask))
    return merge_heads(found) @ weights.w_output + weights.b_output, attended


def multi_head_gradients(
    x: ArrayLike,
    weights: MultiHeadWeights,
    heads: int,
    grad_outputs: ArrayLike,
    memory: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> tuple[Array, Array | None, MultiHeadWeights]:
    """Gradients of a loss for the sequence, the memory and all parameters.

    grad_outputs: (..., n, d_model), the gradient for the outputs of `multi_head_attention`.
    returns     : (grad_x, grad_memory, grad_weights); grad_memory is None without a memory, where all goes to x.
    raises      : as `multi_head_attention`, and ValueError if grad_outputs has not the outputs' shape.

    >>> weights = init_weights(4, np.random.default_rng(0))
    >>> grad_x, _, grads = multi_head_gradients(np.ones((3, 4)), weights, 2, np.ones((3, 4)))
    >>> grad_x.shape, grads.b_output.tolist()
    ((3, 4), [3.0, 3.0, 3.0, 3.0])
    """
    x = np.asarray(x, np.float64)
    source = x if memory is None else np.asarray(memory, np.float64)
    q, k, v = _projected(x, weights, heads, memory)
    found, _ = attention(q, k, v, _for_heads(mask))
    found, grad_outputs = merge_heads(found), np.asarray(grad_outputs, np.float64)
    if grad_outputs.shape != found.shape:
        raise ValueError(
            f"multi_head_gradients: grad_outputs must have the outputs' shape {found.shape}, got {grad_outputs.shape}"
        )
    grads = attention_gradients(q, k, v, split_heads(grad_outputs @ weights.w_output.T, heads), _for_heads(mask))
    grad_q, grad_k, grad_v = (merge_heads(grad) for grad in grads)
    grad_x = grad_q @ weights.w_query.T
    grad_source = grad_k @ weights.w_key.T + grad_v @ weights.w_value.T
    grad_weights = MultiHeadWeights(
        _outer(x, grad_q), _outer(source, grad_k), _outer(source, grad_v), _outer(found, grad_outputs),
        *(_rows(grad).sum(axis=0) for grad in (grad_q, grad_k, grad_v, grad_outputs)),
    )
    return (grad_x + grad_source, None, grad_weights) if memory is None else (grad_x, grad_source, grad_weights)


def parameter_count(d_model: int, heads: int, bias: bool = True) -> int:
    """Numbers in a multi-head layer: four square matrices and four biases. The number of heads does not matter.

    >>> parameter_count(512, heads=8), parameter_count(512, heads=1, bias=False)
    (1050624, 1048576)
    """
    if heads < 1 or d_model % heads:
        raise ValueError(f"parameter_count: heads must divide d_model={d_model}, got {heads}")
    return 4 * d_model**2 + bias * 4 * d_model


def flops(n: int, m: int, d_model: int, heads: int) -> dict[str, int]:
    """Multiplications and additions of one layer, without biases and softmax: 2 a b c for an (a, b) times (b, c) product.

    n, m   : positions that ask and positions that answer.
    returns: "projections" grows with n and m, "attention" with n m. Heads do not matter: h products of width d_model / h.

    >>> flops(10, 10, 384, heads=12)
    {'projections': 11796480, 'attention': 153600}
    """
    if heads < 1 or d_model % heads:
        raise ValueError(f"flops: heads must divide d_model={d_model}, got {heads}")
    return {"projections": 2 * (2 * n + 2 * m) * d_model**2, "attention": 2 * 2 * n * m * d_model}


def head_roles(weights: ArrayLike, tokens: Sequence[str]) -> Array:
    """How far each head looks at the previous token, at [SEP], and at the same word elsewhere.

    Three shares of attention, each a mean over the queries for which the question makes sense:

    - previous: the weight on the token just before; all queries but the first.
    - [SEP]   : the weight on all tokens "[SEP]" together; all queries that are not "[SEP]" themselves.
    - same    : the weight on the other occurrences of the query's own token; queries whose token occurs more than once.

    weights: (..., n, n); rows are queries.
    tokens : n strings.
    returns: (..., 3); 0 where no query counts.
    raises : ValueError if weights is not (..., n, n) for n tokens.

    >>> head_roles([[1, 0, 0], [0.5, 0, 0.5], [0, 0.25, 0.75]], ["a", "b", "[SEP]"]).tolist()
    [0.375, 0.25, 0.0]
    """
    weights, n = np.asarray(weights, np.float64), len(tokens)
    if weights.ndim < 2 or weights.shape[-2:] != (n, n):
        raise ValueError(f"head_roles: weights must be (..., {n}, {n}) for {n} tokens, got {weights.shape}")
    position, token = np.arange(n), np.array(tokens, dtype=str)
    separator = token == "[SEP]"
    pairs = (
        position[:, None] == position + 1,
        ~separator[:, None] & separator,
        (token[:, None] == token) & (position[:, None] != position),
    )
    shares = [(weights * pair).sum(axis=(-2, -1)) / max(pair.any(axis=-1).sum(), 1) for pair in pairs]
    return np.stack(shares, axis=-1)


def _projected(
    x: ArrayLike, weights: MultiHeadWeights, heads: int, memory: ArrayLike | None
) -> tuple[NDArray, NDArray, NDArray]:
    x = np.asarray(x, np.float64)
    source = x if memory is None else np.asarray(memory, np.float64)
    for name, sequence in (("x", x), ("memory", source)):
        if sequence.ndim < 2 or sequence.shape[-1] != weights.w_query.shape[0]:
            raise ValueError(
                f"multi_head_attention: {name} must be (..., positions, d_model={weights.w_query.shape[0]}), "
                f"got {sequence.shape}"
            )
    return (
        split_heads(x @ weights.w_query + weights.b_query, heads),
        split_heads(source @ weights.w_key + weights.b_key, heads),
        split_heads(source @ weights.w_value + weights.b_value, heads),
    )


def _for_heads(mask: ArrayLike | None) -> NDArray | None:
    """The mask with an axis for the heads before queries and keys."""
    if mask is None:
        return None
    mask = np.asarray(mask)
    return mask if mask.ndim < 2 else mask[..., None, :, :]


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def _outer(x: Array, gradient: Array) -> Array:
    """The gradient of W in y = x W, summed over all positions of all sequences."""
    return _rows(x).T @ _rows(gradient)
