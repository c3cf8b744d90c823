"""Multi-head attention: queries, keys and values from one sequence, several heads side by side.

Shapes: a sequence x is (..., n, d_model). There are h heads of width d_head = d_model / h. A linear
layer is y = x W + b with W of shape (inputs, outputs); torch stores its transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_whole
from embcourse.attention import attention, attention_gradients

Array = NDArray[np.float64]


class MultiHeadWeights(NamedTuple):
    """The parameters of a multi-head attention layer.

    w_query       : (d_model, d_model); columns i d_head to (i + 1) d_head - 1
                    belong to head i.
    w_key, w_value: the same, or with grouped queries (d_model, g d_head) for g
                    heads of keys and values.
    w_output      : (d_model, d_model); rows i d_head to (i + 1) d_head - 1
                    take what head i found.
    b_...         : as wide as the columns of their matrix; zeros for a layer
                    without biases.
    """

    w_query: Array
    w_key: Array
    w_value: Array
    w_output: Array
    b_query: Array
    b_key: Array
    b_value: Array
    b_output: Array


def init_weights(
    d_model: int, rng: np.random.Generator, heads: int = 1, kv_heads: int | None = None
) -> MultiHeadWeights:
    """Glorot's uniform weights and zero biases, the usual beginning: the variance is about kept
    from layer to layer.

    heads, kv_heads: how many, where keys and values have fewer heads than
                     the queries.
    raises         : ValueError if they do not divide.

    >>> [array.shape for array in init_weights(4, np.random.default_rng(0))[3:5]]
    [(4, 4), (4,)]

    Glorot and Bengio (2010).
    """
    d_model = require_whole("init_weights", "d_model", d_model, least=1)
    heads = require_heads("init_weights", "heads", heads, d_model)
    fewer = (
        heads if kv_heads is None else require_heads("init_weights", "kv_heads", kv_heads, heads)
    )
    narrow = fewer * (d_model // heads)
    widths = (d_model, narrow, narrow, d_model)
    return MultiHeadWeights(
        *(
            rng.uniform(-1, 1, (d_model, width)) * np.sqrt(6 / (d_model + width))
            for width in widths
        ),
        *(np.zeros(width) for width in widths),
    )


def split_heads(x: ArrayLike, heads: int) -> NDArray[Any]:
    """Cuts the last axis into heads, and puts these before the positions.

    Two steps: (..., n, d_model) is seen as (..., n, heads, d_head), then the
    axes of positions and heads change places. Reshaping straight to (...,
    heads, n, d_head) has the right shape and the wrong numbers: it mixes
    positions.

    x      : (..., n, d_model).
    returns: (..., heads, n, d_head), a view where numpy can give one.
    raises : ValueError if heads does not divide d_model.

    >>> split_heads([[1, 2, 3, 4], [5, 6, 7, 8]], heads=2).tolist()
    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"split_heads: x must be (..., n, d_model), got {x.shape}")
    heads = require_heads("split_heads", "heads", heads, x.shape[-1])
    x = x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)
    return np.swapaxes(x, -3, -2)


def merge_heads(x: ArrayLike) -> NDArray[Any]:
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
    """Project, split into heads, attend in each, merge, project back.

    x      : (..., n, d_model); asks. Without memory it also answers:
             self-attention.
    memory : (..., m, d_model); answers, for cross-attention.
    mask   : booleans that broadcast to (..., n, m), True where a position may
             attend; the same for all heads.
    returns: (outputs (..., n, d_model), weights (..., heads, n, m)), float64.
    raises : ValueError if shapes do not fit together or heads does not divide
             d_model.

    >>> weights = init_weights(4, np.random.default_rng(0))
    >>> outputs, attended = multi_head_attention(np.ones((3, 4)), weights, heads=2)
    >>> outputs.shape, attended.shape
    ((3, 4), (2, 3, 3))

    Vaswani et al. (2017), section 3.2.2; with fewer heads of keys and values
    Shazeer (2019), Ainslie et al. (2023).
    """
    x, memory = _sequences("multi_head_attention", x, memory, weights)
    q, k, v = _projected("multi_head_attention", x, memory, weights, heads)
    k, v = repeat_heads(k, heads), repeat_heads(v, heads)
    found, attended = attention(q, k, v, _for_heads(mask))
    return merge_heads(found) @ weights.w_output + weights.b_output, attended


def repeat_heads(x: Array, heads: int) -> Array:
    """Gives each head of keys or values to a run of query heads next to each other: 0, 0, 0, 1, 1,
    1 for six heads that share two.

    x      : (..., g, m, d_head) with a g that divides heads.
    returns: (..., heads, m, d_head).

    >>> repeat_heads(np.array([[[1.0]], [[2.0]]]), 4).ravel()
    array([1., 1., 2., 2.])
    """
    heads = require_whole("repeat_heads", "heads", heads, least=1)
    groups = require_heads("repeat_heads", "x's heads", x.shape[-3], heads)
    return np.repeat(x, heads // groups, axis=-3)


def multi_head_gradients(
    x: ArrayLike,
    weights: MultiHeadWeights,
    heads: int,
    grad_outputs: ArrayLike,
    memory: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> tuple[Array, Array | None, MultiHeadWeights]:
    """Gradients of a loss for the sequence, the memory and all parameters.

    grad_outputs: (..., n, d_model), the gradient for the outputs of
                  `multi_head_attention`.
    returns     : (grad_x, grad_memory, grad_weights); grad_memory is None
                  without a memory, where all goes to x.
    raises      : as `multi_head_attention`, and ValueError if grad_outputs
                  has not the outputs' shape.

    >>> weights = init_weights(4, np.random.default_rng(0))
    >>> x = np.ones((3, 4))
    >>> grad_x, _, grads = multi_head_gradients(x, weights, 2, np.ones((3, 4)))
    >>> grad_x.shape, grads.b_output.tolist()
    ((3, 4), [3.0, 3.0, 3.0, 3.0])
    """
    x, source = _sequences("multi_head_gradients", x, memory, weights)
    q, k, v = _projected("multi_head_gradients", x, source, weights, heads)
    groups, all_k, all_v = k.shape[-3], repeat_heads(k, heads), repeat_heads(v, heads)
    found = merge_heads(attention(q, all_k, all_v, _for_heads(mask))[0])
    grad_outputs = require_floats(
        "multi_head_gradients", "grad_outputs", grad_outputs, "(..., n, d_model)"
    )
    if grad_outputs.shape != found.shape:
        raise ValueError(
            "multi_head_gradients: grad_outputs must have the outputs' "
            f"shape {found.shape}, got {grad_outputs.shape}"
        )
    grad_found = split_heads(grad_outputs @ weights.w_output.T, heads)
    grads = attention_gradients(q, all_k, all_v, grad_found, _for_heads(mask))
    grad_q = merge_heads(grads[0])
    grad_k, grad_v = (merge_heads(_summed_groups(grad, groups)) for grad in grads[1:])
    grad_x = grad_q @ weights.w_query.T
    grad_source = grad_k @ weights.w_key.T + grad_v @ weights.w_value.T
    grad_weights = MultiHeadWeights(
        _outer(x, grad_q),
        _outer(source, grad_k),
        _outer(source, grad_v),
        _outer(found, grad_outputs),
        *(_rows(grad).sum(axis=0) for grad in (grad_q, grad_k, grad_v, grad_outputs)),
    )
    if memory is None:
        return grad_x + grad_source, None, grad_weights
    return grad_x, grad_source, grad_weights


def parameter_count(
    d_model: int, heads: int, *, kv_heads: int | None = None, bias: bool = True
) -> int:
    """Numbers in a multi-head layer: four matrices and four biases.

    How many heads there are does not matter, but for keys and values: with
    fewer heads than the queries, their two matrices are narrower.

    >>> parameter_count(512, heads=8), parameter_count(512, heads=1, bias=False)
    (1050624, 1048576)
    >>> parameter_count(512, heads=8, kv_heads=2, bias=False)
    655360
    """
    heads, narrow = _widths("parameter_count", d_model, heads, kv_heads)
    return (2 * d_model + 2 * narrow) * (d_model + bias)


def flops(
    n: int, m: int, d_model: int, heads: int, *, kv_heads: int | None = None
) -> dict[str, int]:
    """Multiplications and additions of one layer, without biases and softmax.

    A product of (a, b) and (b, c) counts 2 a b c.

    n, m   : positions that ask and positions that answer.
    returns: "projections" grows with n and m, "attention" with n m. How many
             heads ask does not matter: h products of width d_model / h.

    >>> flops(10, 10, 384, heads=12)
    {'projections': 11796480, 'attention': 153600}
    """
    n = require_whole("flops", "n", n, least=0)
    m = require_whole("flops", "m", m, least=0)
    heads, narrow = _widths("flops", d_model, heads, kv_heads)
    projections = 2 * d_model * (2 * n * d_model + 2 * m * narrow)
    return {"projections": projections, "attention": 2 * 2 * n * m * d_model}


ROLES = ("previous", "next", "[SEP]", "same word")
"""What `head_roles` measures, in the order of its last axis."""


def head_roles(weights: ArrayLike, tokens: Sequence[str]) -> Array:
    """How much of its attention a head puts on the token before, on the one after, on the mark at
    the end, and on the same word elsewhere.

    Each is a mean over the queries for which the question makes sense:
    previous : all but the first; next: all but the last.
    [SEP]    : all that are not "[SEP]" themselves.
    same word: those whose token stands elsewhere, too; all its other places
               together.

    weights: (..., n, n); rows are queries.
    tokens : n strings.
    returns: (..., 4) in the order of `ROLES`; NaN where no query counts.
    raises : ValueError if weights is not (..., n, n) for n tokens.

    >>> weights = [[0, 1, 0], [0.5, 0, 0.5], [0, 0.25, 0.75]]
    >>> head_roles(weights, ["a", "b", "[SEP]"]).tolist()
    [0.375, 0.75, 0.25, nan]
    """
    n = len(tokens)
    weights = require_floats("head_roles", "weights", weights, "(..., queries, keys)")
    if weights.shape[-2:] != (n, n):
        raise ValueError(
            f"head_roles: weights must be (..., {n}, {n}) for {n} tokens, got {weights.shape}"
        )
    place, token = np.arange(n), np.array(tokens, dtype=str)
    mark = token == "[SEP]"
    pairs = (
        place[:, None] == place + 1,
        place[:, None] == place - 1,
        ~mark[:, None] & mark,
        (token[:, None] == token) & (place[:, None] != place),
    )
    shares = []
    for pair in pairs:
        asking = pair.any(axis=-1).sum()
        total = (weights * pair).sum(axis=(-2, -1))
        shares.append(total / asking if asking else np.full(total.shape, np.nan))
    return np.stack(shares, axis=-1)


def require_heads(where: str, name: str, heads: object, whole: int) -> int:
    """How many heads, which must divide `whole`: the width, or the number of heads that share them.

    raises: TypeError for what is no integer, ValueError if it does not divide.

    >>> require_heads("split_heads", "heads", 3, 8)
    Traceback (most recent call last):
    ValueError: split_heads: heads must divide 8, got 3
    """
    count = require_whole(where, name, heads, least=1)
    if whole % count:
        raise ValueError(f"{where}: {name} must divide {whole}, got {count}")
    return count


def _widths(where: str, d_model: int, heads: int, kv_heads: int | None) -> tuple[int, int]:
    """The number of heads, and how wide keys and values are, all their heads together."""
    d_model = require_whole(where, "d_model", d_model, least=1)
    heads = require_heads(where, "heads", heads, d_model)
    fewer = heads if kv_heads is None else require_heads(where, "kv_heads", kv_heads, heads)
    return heads, fewer * (d_model // heads)


def _sequences(
    where: str, x: ArrayLike, memory: ArrayLike | None, weights: MultiHeadWeights
) -> tuple[Array, Array]:
    """Who asks and who answers, checked."""
    d_model = weights.w_query.shape[0]
    shape = "(..., positions, d_model)"
    x = require_floats(where, "x", x, shape, finite=False)
    source = x
    if memory is not None:
        source = require_floats(where, "memory", memory, shape, finite=False)
    for name, sequence in (("x", x), ("memory", source)):
        if sequence.shape[-1] != d_model:
            raise ValueError(
                f"{where}: {name} must have d_model={d_model} columns, got shape {sequence.shape}"
            )
    return x, source


def _projected(
    where: str, x: Array, source: Array, weights: MultiHeadWeights, heads: int
) -> tuple[Array, Array, Array]:
    """Queries in heads, keys and values in as many heads as their matrices have columns for."""
    heads = require_heads(where, "heads", heads, weights.w_query.shape[1])
    d_head = weights.w_query.shape[1] // heads
    groups = weights.w_key.shape[1] // d_head
    return (
        split_heads(x @ weights.w_query + weights.b_query, heads),
        split_heads(source @ weights.w_key + weights.b_key, groups),
        split_heads(source @ weights.w_value + weights.b_value, groups),
    )


def _summed_groups(gradient: Array, groups: int) -> Array:
    """A key head that serves several query heads gets the sum of their gradients."""
    if gradient.shape[-3] == groups:
        return gradient
    runs = gradient.reshape(*gradient.shape[:-3], groups, -1, *gradient.shape[-2:])
    return runs.sum(axis=-3)


def _for_heads(mask: ArrayLike | None) -> NDArray[np.bool_] | None:
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
