"""Scaled dot-product attention and what came before it: the formulas made runnable.

Shapes: n queries, m keys, any axes in front (batch, heads) that broadcast. q is (..., n, d), k is
(..., m, d), v is (..., m, d_v). Scores and weights are (..., n, m): a row is a query. A mask is
boolean, True where a query may attend to a key, and broadcasts to (..., n, m). A query that may
attend to nothing gets weights 0 and output 0. What no query may attend to reaches no result, not
even NaN or infinity; where a query attends to either, it is an error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_integers, require_whole

Array = NDArray[np.float64]


def softmax(scores: ArrayLike, axis: int = -1, mask: ArrayLike | None = None) -> Array:
    """Weights exp(s) / sum of exp(s) along an axis; they sum to one.

    The largest score is taken off first. That changes no weight, since
    numerator and denominator change by the same factor, and exp never sees
    a number above 0: no overflow, and at least one term of the sum is 1.

    scores : array of floats; -inf gives weight 0.
    mask   : booleans that broadcast to scores, True where a score counts;
             a masked score counts as -inf.
    returns: float64, shape of scores; all 0 where nothing counts.
    raises : ValueError if scores that count hold NaN or +inf, or the mask
             is not boolean or does not broadcast to them.

    >>> softmax([0.0, np.log(3.0)])
    array([0.25, 0.75])
    >>> softmax([[1e4, 1e4], [0, 1]], mask=[[True, True], [False, False]])
    array([[0.5, 0.5],
           [0. , 0. ]])
    """
    scores = _floats("softmax", "scores", scores)
    if not -scores.ndim <= axis < scores.ndim:
        raise ValueError(f"softmax: scores have no axis {axis}, got shape {scores.shape}")
    if mask is not None:
        mask = require_mask("softmax", mask, scores.shape)
        scores = np.where(mask, scores, -np.inf)
    if np.isnan(scores).any() or np.isposinf(scores).any():
        raise ValueError("softmax: scores must not hold NaN or +inf")
    if scores.size == 0:
        return np.zeros(scores.shape)
    largest = scores.max(axis=axis, keepdims=True)
    nothing = np.isneginf(largest)  # no score counts
    largest = np.where(nothing, 0.0, largest)
    powers = np.exp(scores - largest)
    total = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(total == 0, 1.0, total)


def softmax_gradient(weights: ArrayLike, grad_weights: ArrayLike) -> Array:
    """The gradient for the scores, row by row: P * (dP - sum of P * dP).

    From dp_i / ds_j = p_i ([i = j] - p_j). The subtraction says that only
    differences matter: the same gradient for every weight moves nothing, since
    the weights always sum to one.

    weights     : (..., m) of `softmax`.
    grad_weights: same shape.
    returns     : (..., m) float64.
    raises      : ValueError if the shapes differ.

    >>> softmax_gradient([0.25, 0.75], [1.0, 0.0])
    array([ 0.1875, -0.1875])
    """
    weights = _floats("softmax_gradient", "weights", weights)
    grad_weights = _floats("softmax_gradient", "grad_weights", grad_weights)
    if weights.shape != grad_weights.shape:
        raise ValueError(
            "softmax_gradient: weights and grad_weights must share a shape, "
            f"got {weights.shape}, {grad_weights.shape}"
        )
    mean = (weights * grad_weights).sum(axis=-1, keepdims=True)
    return weights * (grad_weights - mean)


def causal_mask(queries: int, keys: int) -> NDArray[np.bool_]:
    """True where a query sees no future: j <= i + (keys - queries).

    The last query sees all keys. With fewer queries than keys the queries are
    the last positions of the sequence, as when a text goes on; flash-attn
    (since 2.1) does the same. torch's `is_causal=True` aligns the first query
    with the first key instead, which differs unless both numbers are equal.

    returns: (queries, keys) boolean.
    raises : TypeError for what is no integer, ValueError for a negative one.

    >>> causal_mask(2, 3)
    array([[ True,  True, False],
           [ True,  True,  True]])
    """
    queries = require_whole("causal_mask", "queries", queries, least=0)
    keys = require_whole("causal_mask", "keys", keys, least=0)
    return np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries)


def padding_mask(lengths: ArrayLike, keys: int) -> NDArray[np.bool_]:
    """True at the first `lengths[b]` keys of sequence b: what follows only fills the batch up.

    lengths: (batch,) integers from 0 to keys.
    returns: (batch, 1, keys) boolean; the middle axis broadcasts over the queries.
    raises : TypeError for what is no integer, ValueError if a length is out of range.

    >>> padding_mask([1, 3], 3)[:, 0]
    array([[ True, False, False],
           [ True,  True,  True]])
    """
    keys = require_whole("padding_mask", "keys", keys, least=0)
    lengths = require_integers("padding_mask", "lengths", lengths, least=0, most=keys)
    return np.arange(keys) < lengths[:, None, None]


def attention_scores(q: ArrayLike, k: ArrayLike, scale: float | None = None) -> Array:
    """Scaled dot products S = scale * Q Kᵀ of all queries with all keys.

    q, k   : (..., n, d) and (..., m, d).
    scale  : 1 / sqrt(d) if None, so that scores of independent entries
             with mean 0 and variance 1 have variance 1.
    returns: (..., n, m) float64.
    raises : ValueError if q and k have fewer than two axes, another d,
             d = 0 without a scale, or axes in front that do not broadcast.

    >>> attention_scores([[1, 0, 2, 0]], [[1, 1, 1, 1], [0, 5, 0, 5]])
    array([[1.5, 0. ]])

    Vaswani et al. (2017), section 3.2.1; unscaled, Luong et al. (2015).
    """
    q, k = _floats("attention", "q", q), _floats("attention", "k", k)
    _require_common("attention", q, k)
    return _scale(q, scale) * (q @ np.swapaxes(k, -1, -2))


def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    mask: ArrayLike | None = None,
    scale: float | None = None,
) -> tuple[Array, Array]:
    """softmax(Q Kᵀ / sqrt(d)) V: for each query a mean of the values.

    q, k, v: (..., n, d), (..., m, d), (..., m, d_v).
    mask   : booleans that broadcast to (..., n, m), True where a query may
             attend; applied before the softmax.
    scale  : 1 / sqrt(d) if None.
    returns: (outputs (..., n, d_v), weights (..., n, m)), float64.
    raises : ValueError if shapes do not fit together, the mask is not
             boolean, or a query attends to a key or value with NaN or
             infinity. Where no query may attend, they do no harm.

    >>> attention([[0.0]], [[1.0], [2.0]], [[10.0], [30.0]])
    (array([[20.]]), array([[0.5, 0.5]]))

    Vaswani et al. (2017), equation 1.
    """
    q, k, v, mask = _attended("attention", q, k, v, mask)
    scores = attention_scores(q, k, scale)
    weights = softmax(scores, mask=mask)
    return weights @ v, weights


def attention_gradients(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    grad_outputs: ArrayLike,
    mask: ArrayLike | None = None,
    scale: float | None = None,
) -> tuple[Array, Array, Array]:
    """Gradients for q, k and v, given that for the outputs of `attention`.

    dV = Pᵀ dO,  dP = dO Vᵀ,  dS = P * (dP - rowsum(P * dP)),
    dQ = scale dS K,  dK = scale dSᵀ Q.

    grad_outputs: (..., n, d_v).
    returns     : (grad_q, grad_k, grad_v), float64, of the shapes of q, k
                  and v: axes that were broadcast are summed over.
    raises      : as `attention`, and ValueError if grad_outputs has not
                  the outputs' shape.

    >>> q, k, v = [[1.0]], [[1.0], [1.0]], [[0.0], [2.0]]
    >>> grads = attention_gradients(q, k, v, grad_outputs=[[1.0]])
    >>> [grad.ravel().tolist() for grad in grads]
    [[0.0], [-0.5, 0.5], [0.5, 0.5]]
    """
    shapes = [np.shape(array) for array in (q, k, v)]
    q, k, v, mask = _attended("attention_gradients", q, k, v, mask)
    outputs, weights = attention(q, k, v, mask, scale)
    grad_outputs = _floats("attention_gradients", "grad_outputs", grad_outputs)
    if grad_outputs.shape != outputs.shape:
        raise ValueError(
            "attention_gradients: grad_outputs must have the outputs' "
            f"shape {outputs.shape}, got {grad_outputs.shape}"
        )
    grad_v = np.swapaxes(weights, -1, -2) @ grad_outputs
    grad_weights = grad_outputs @ np.swapaxes(v, -1, -2)
    grad_scores = softmax_gradient(weights, grad_weights)
    grad_scores = _scale(q, scale) * grad_scores  # for both below
    grad_q = grad_scores @ k
    grad_k = np.swapaxes(grad_scores, -1, -2) @ q
    return (
        _summed_to(grad_q, shapes[0]),
        _summed_to(grad_k, shapes[1]),
        _summed_to(grad_v, shapes[2]),
    )


def additive_scores(
    q: ArrayLike, k: ArrayLike, w_query: ArrayLike, w_key: ArrayLike, u: ArrayLike
) -> Array:
    """Bahdanau's scores: S_ij = u · tanh(q_i W_q + k_j W_k).

    A small network of one hidden layer looks at query and key together.

    q, k          : (..., n, d_q) and (..., m, d_k); d_q and d_k may differ.
    w_query, w_key: (d_q, hidden) and (d_k, hidden).
    u             : (hidden,).
    returns       : (..., n, m) float64.
    raises        : ValueError if shapes do not fit together.

    >>> additive_scores([[0.0]], [[0.0], [9.0]], [[1.0]], [[1.0]], [2.0]).round(3)
    array([[0., 2.]])

    Bahdanau et al. (2015), appendix A.1.2.
    """
    names = {"q": q, "k": k, "w_query": w_query, "w_key": w_key, "u": u}
    q, k, w_query, w_key, u = (
        _floats("additive_scores", name, array) for name, array in names.items()
    )
    shapes = (
        f"got q {q.shape}, k {k.shape}, w_query {w_query.shape}, w_key {w_key.shape}, u {u.shape}"
    )
    if min(q.ndim, k.ndim) < 2 or w_query.ndim != 2 or w_key.ndim != 2 or u.ndim != 1:
        raise ValueError(
            "additive_scores: q and k need two axes or more, w_query and w_key two, u one;"
            f" {shapes}"
        )
    if (
        q.shape[-1] != w_query.shape[0]
        or k.shape[-1] != w_key.shape[0]
        or not (w_query.shape[1] == w_key.shape[1] == u.shape[0])
    ):
        raise ValueError(
            "additive_scores: w_query must be (d_q, hidden), w_key (d_k, hidden), u (hidden,);"
            f" {shapes}"
        )
    _broadcast_front("additive_scores", q=q, k=k)
    queries = (q @ w_query)[..., :, None, :]  # (..., n, 1, hidden)
    keys = (k @ w_key)[..., None, :, :]  # (..., 1, m, hidden)
    return np.tanh(queries + keys) @ u


def general_scores(q: ArrayLike, k: ArrayLike, w: ArrayLike) -> Array:
    """Luong's "general" scores: s_ij = q_i W k_jᵀ, a dot product after a learned map from queries
    to keys.

    q, k, w: (..., n, d_q), (..., m, d_k), (d_q, d_k).
    returns: (..., n, m) float64.
    raises : ValueError if shapes do not fit together.

    >>> general_scores([[1.0, 2.0]], [[3.0], [4.0]], [[1.0], [10.0]])
    array([[63., 84.]])

    Luong et al. (2015), section 3.1.
    """
    q, k, w = (
        _floats("general_scores", name, array) for name, array in (("q", q), ("k", k), ("w", w))
    )
    if min(q.ndim, k.ndim) < 2 or w.shape != (q.shape[-1], k.shape[-1]):
        raise ValueError(
            "general_scores: w must be (d_q, d_k) for q (..., n, d_q) and k (..., m, d_k); "
            f"got q {q.shape}, k {k.shape}, w {w.shape}"
        )
    _broadcast_front("general_scores", q=q, k=k)
    return q @ w @ np.swapaxes(k, -1, -2)


def kernel_regression(
    queries: ArrayLike, keys: ArrayLike, values: ArrayLike, bandwidth: float
) -> tuple[Array, Array]:
    """Nadaraya-Watson regression with a Gaussian kernel: attention whose scores are -distance² / (2
    bandwidth²).

    queries  : (n, d) where to predict.
    keys     : (m, d) where something was seen; at least one.
    values   : (m, d_v) what was seen there.
    bandwidth: width of the kernel, positive; the smaller, the more the nearest key decides.
    returns  : (predictions (n, d_v), weights (n, m)), float64.
    raises   : ValueError if shapes do not fit together, there is no key, or bandwidth is not
               positive.

    >>> predictions, weights = kernel_regression([[0.5]], [[0.0], [1.0]], [[2.0], [4.0]], 0.3)
    >>> predictions
    array([[3.]])

    Nadaraya (1964); Watson (1964).
    """
    names = {"queries": queries, "keys": keys, "values": values}
    queries, keys, values = (
        _floats("kernel_regression", name, array) for name, array in names.items()
    )
    if not (queries.ndim == keys.ndim == values.ndim == 2) or queries.shape[1] != keys.shape[1]:
        raise ValueError(
            "kernel_regression: queries (n, d), keys (m, d), values (m, d_v) expected; "
            f"got {queries.shape}, {keys.shape}, {values.shape}"
        )
    if len(keys) == 0 or len(values) != len(keys):
        raise ValueError(
            f"kernel_regression: one value per key, and one key or more; got {len(values)},"
            f" {len(keys)}"
        )
    if not bandwidth > 0:
        raise ValueError(f"kernel_regression: bandwidth must be positive, got {bandwidth!r}")
    distances = ((queries[:, None, :] - keys[None, :, :]) ** 2).sum(axis=-1)
    weights = softmax(-distances / (2 * bandwidth**2))
    return weights @ values, weights


def require_mask(function: str, mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask, broadcast to the shape of the scores; ValueError if it is not boolean or does not
    fit.

    >>> require_mask("attention", [True, False], (2, 2))
    array([[ True, False],
           [ True, False]])
    """
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        raise ValueError(
            f"{function}: mask must be boolean, True where a query may attend; got {mask.dtype}"
        )
    try:
        return np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(
            f"{function}: mask must broadcast to {shape}, (..., queries, keys); got {mask.shape}"
        ) from None


def _attended(
    function: str, q: ArrayLike, k: ArrayLike, v: ArrayLike, mask: ArrayLike | None
) -> tuple[Array, Array, Array, NDArray[np.bool_] | None]:
    """q, k, v with 0 where no query attends, as 0 * NaN is NaN, and the mask in full shape."""
    q, k, v = (_floats(function, name, array) for name, array in (("q", q), ("k", k), ("v", v)))
    _require_common(function, q, k)
    if v.ndim < 2 or v.shape[-2] != k.shape[-2]:
        raise ValueError(
            f"{function}: v must be (..., keys, d_v) with as many keys as k, {k.shape[-2]};"
            f" got {v.shape}"
        )
    _broadcast_front(function, q=q, k=k, v=v)
    if mask is not None:
        front = _broadcast_front(function, q=q, k=k)
        mask = require_mask(function, mask, (*front, q.shape[-2], k.shape[-2]))
        asks = mask.any(axis=-1, keepdims=True)
        answers = np.swapaxes(mask, -1, -2).any(axis=-1, keepdims=True)
        q, k, v = np.where(asks, q, 0.0), np.where(answers, k, 0.0), np.where(answers, v, 0.0)
    for name, array in (("q", q), ("k", k), ("v", v)):
        if not np.isfinite(array).all():
            raise ValueError(f"{function}: {name} must be finite where a query attends")
    return q, k, v, mask


def _floats(function: str, name: str, array: ArrayLike) -> Array:
    array = np.asarray(array)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{function}: {name} must be real numbers, got {array.dtype}")
    return array.astype(np.float64)


def _scale(q: Array, scale: float | None) -> float:
    if scale is not None:
        return float(scale)
    if q.shape[-1] == 0:
        raise ValueError("attention: d is 0, so 1 / sqrt(d) does not exist; give a scale")
    return 1.0 / np.sqrt(q.shape[-1])


def _require_common(function: str, q: Array, k: Array) -> None:
    if q.ndim < 2 or k.ndim < 2:
        raise ValueError(
            f"{function}: q (..., queries, d) and k (..., keys, d) expected; got q {q.shape}, k"
            f" {k.shape}"
        )
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"{function}: keys have d={k.shape[-1]} but queries have d={q.shape[-1]}; q (...,"
            f" queries, d) and k (..., keys, d) must share d. Got q {q.shape}, k {k.shape}"
        )
    _broadcast_front(function, q=q, k=k)


def _broadcast_front(function: str, **arrays: Array) -> tuple[int, ...]:
    """The shape of the axes in front of the last two, to which all arrays broadcast."""
    try:
        return np.broadcast_shapes(*(array.shape[:-2] for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(
            f"{function}: the axes in front of the last two must broadcast; got {shapes}"
        ) from None


def _summed_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Adds up the axes along which an array of this shape was broadcast: it was used once for each
    place there."""
    extra = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(extra)))
    wide = tuple(axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] != 1)
    return gradient.sum(axis=wide, keepdims=True)
