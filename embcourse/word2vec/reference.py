"""Skip-gram and CBOW with the full softmax: pairs, losses, gradients and steps, in NumPy and
float64.

Two tables of the same shape: row v_w of `inputs` is a word as a centre or as part of a context that
is read, row u_w of `outputs` is a word as something to predict. Every probability runs over the
whole vocabulary, so each pair costs V dot products. `fast` and `gpu` hold the same loss for
training.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import (
    require_floats,
    require_ids,
    require_integers,
    require_number,
    require_whole,
)
from embcourse.text.windows import require_stream

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]

# -------------------------------------------------------------------------------------------- pairs


def sampled_pairs(
    ids: ArrayLike, radii: ArrayLike, offsets: ArrayLike | None = None
) -> tuple[IntArray, IntArray]:
    """The (centre, context) pairs of a text when each centre has a window of its own.

    Position t is paired with every other position of its document at most radii[t] away. The radius
    is the centre's: t may see s without s seeing t. With all radii equal to the window these are
    the pairs of `text.context_pairs`.

    ids    : (tokens,) integers.
    radii  : (tokens,) integers, 1 or more, e.g. from `draw_radii`.
    offsets: (documents + 1,) integers, document i is ids[offsets[i]:offsets[i + 1]]; None for one
             document.
    returns: (centres, contexts), each (pairs,) int32, ordered by the centre's position, then by the
             context's.
    raises : TypeError or ValueError for ids or radii that are not 1-D arrays of integers, radii of
             another length or below 1, or offsets that do not rise from 0 to the number of tokens.

    >>> centres, contexts = sampled_pairs([7, 8, 9, 5], radii=[2, 1, 1, 3], offsets=[0, 3, 4])
    >>> centres.tolist(), contexts.tolist()
    ([7, 7, 8, 8, 9], [8, 9, 7, 9, 8])

    Mikolov et al. (2013a), section 3.2, draw the radius for every centre.
    """
    ids, _, offsets = require_stream("sampled_pairs", ids, 1, offsets)
    radii = require_integers("sampled_pairs", "radii", radii, least=1)
    if radii.shape != ids.shape:
        raise ValueError(
            f"sampled_pairs: radii must have one number a token, {ids.size}; got {radii.size}"
        )
    centres, contexts = [], []
    for start, end in pairwise(offsets.tolist()):
        for t in range(start, end):
            for s in range(max(start, t - int(radii[t])), min(end, t + int(radii[t]) + 1)):
                if s != t:
                    centres.append(ids[t])
                    contexts.append(ids[s])
    return np.array(centres, dtype=np.int32), np.array(contexts, dtype=np.int32)


def draw_radii(tokens: int, window: int, rng: np.random.Generator) -> IntArray:
    """A radius for each position, uniform from 1 to window.

    A context at distance d is then used with probability (window - d + 1) / window: near words
    count more.

    tokens : how many, at least 0.
    window : the largest radius, at least 1.
    rng    : where the numbers come from.
    returns: (tokens,) int64.
    raises : ValueError for tokens below 0 or a window below 1.

    >>> radii = draw_radii(1000, 3, np.random.default_rng(0))
    >>> sorted(set(radii.tolist()))
    [1, 2, 3]

    Mikolov et al. (2013a), section 3.2; the released program and gensim do the same.
    """
    tokens = require_whole("draw_radii", "tokens", tokens, least=0)
    window = require_whole("draw_radii", "window", window, least=1)
    return rng.integers(1, window + 1, tokens)


# ---------------------------------------------------------------------------------------- skip-gram


def log_softmax(logits: ArrayLike) -> FloatArray:
    """Logarithms of the softmax over the last axis: x_i - ln sum_j exp(x_j), without overflow or ln
    0.

    The maximum is subtracted first. That changes no probability, and the largest exponent is then
    0.

    logits : (..., V), finite, V at least 1.
    returns: float64 of the same shape, at most 0; exp of a row sums to 1.
    raises : ValueError for logits without an axis, with V = 0, or not finite.

    >>> log_softmax([0.0, np.log(3)]).round(3)
    array([-1.386, -0.288])
    >>> log_softmax([1e4, 0.0])
    array([     0., -10000.])
    """
    logits = require_floats("log_softmax", "logits", logits, "(..., V)")
    if logits.shape[-1] == 0:
        raise ValueError(
            f"log_softmax: logits must have shape (..., V) with V at least 1, got {logits.shape}"
        )
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def skipgram_loss(
    inputs: ArrayLike, outputs: ArrayLike, centres: ArrayLike, contexts: ArrayLike
) -> float:
    """Mean of -ln P(o | c) over the pairs (c, o).

    P(o | c) = exp(u_o · v_c) / sum_w exp(u_w · v_c), summed over all V words.

    inputs, outputs  : (V, d), rows v_w and u_w.
    centres, contexts: (n,) word ids, n at least 1.
    returns          : nats a pair; ln V where all logits are equal.
    raises           : TypeError for ids that are not integers; ValueError for
                       tables of different shapes or not finite, ids outside
                       0 ... V - 1, different numbers of centres and contexts,
                       or no pair.

    >>> table = np.zeros((5, 2))
    >>> round(skipgram_loss(table, table, [0, 1], [1, 0]), 3)
    1.609

    Mikolov et al. (2013b), equations 1 and 2.
    """
    inputs, outputs = _require_tables("skipgram_loss", inputs, outputs)
    centres, contexts = _require_pairs("skipgram_loss", centres, contexts, len(inputs))
    log_p = log_softmax(inputs[centres] @ outputs.T)  # (n, V): ln P(w | c)
    return float(-log_p[np.arange(len(centres)), contexts].mean())


def skipgram_gradients(
    inputs: ArrayLike, outputs: ArrayLike, centres: ArrayLike, contexts: ArrayLike
) -> tuple[float, FloatArray, FloatArray]:
    """The loss of `skipgram_loss` and its gradients for both tables.

    For one pair (c, o), with error_w = P(w | c) - [w = o]: the gradient of v_c
    is sum_w error_w u_w, and that of every u_w is error_w v_c. Each pair
    contributes 1 / n of that; a word in several pairs gets the sum.

    inputs, outputs, centres, contexts: as in `skipgram_loss`.
    returns: (loss, grad_inputs (V, d), grad_outputs (V, d)). The rows of
             grad_outputs sum to 0.
    raises : as `skipgram_loss`.

    >>> inputs, outputs = [[1.0], [2.0]], [[0.0], [0.0]]
    >>> loss, dE, dU = skipgram_gradients(inputs, outputs, [0], [1])
    >>> round(loss, 3), dE.ravel().tolist(), dU.ravel().tolist()
    (0.693, [0.0, 0.0], [0.5, -0.5])

    Derived step by step in the chapter. Goldberg & Levy (2014) derive those of
    negative sampling.
    """
    inputs, outputs = _require_tables("skipgram_gradients", inputs, outputs)
    centres, contexts = _require_pairs("skipgram_gradients", centres, contexts, len(inputs))
    pairs = np.arange(len(centres))
    log_p = log_softmax(inputs[centres] @ outputs.T)
    error = np.exp(log_p)
    error[pairs, contexts] -= 1.0  # the prediction minus the truth
    error /= len(centres)
    grad_inputs = np.zeros_like(inputs)
    np.add.at(grad_inputs, centres, error @ outputs)  # += would keep one pair
    grad_outputs = error.T @ inputs[centres]
    return float(-log_p[pairs, contexts].mean()), grad_inputs, grad_outputs


def sgd_step(
    inputs: ArrayLike, outputs: ArrayLike, centre: int, context: int, learning_rate: float
) -> tuple[float, FloatArray, FloatArray]:
    """One step of gradient descent on one pair.

    Both gradients belong to the old tables. Every row of `outputs` moves, of
    `inputs` only the centre's.

    inputs, outputs: (V, d).
    centre, context: word ids; they may be the same word.
    learning_rate  : eta, finite and not negative.
    returns        : (loss before the step, new inputs, new outputs); the old
                     tables stay as they are.
    raises         : as `skipgram_loss`, and ValueError for a learning rate that
                     is negative or not finite.

    >>> inputs, outputs = [[1.0], [2.0]], [[0.0], [0.0]]
    >>> loss, E, U = sgd_step(inputs, outputs, 0, 1, learning_rate=0.1)
    >>> E.ravel().tolist(), U.ravel().tolist()
    ([1.0, 2.0], [-0.05, 0.05])
    """
    learning_rate = require_number("sgd_step", "learning_rate", learning_rate, least=0)
    loss, grad_inputs, grad_outputs = skipgram_gradients(inputs, outputs, [centre], [context])
    new_inputs = np.asarray(inputs) - learning_rate * grad_inputs
    new_outputs = np.asarray(outputs) - learning_rate * grad_outputs
    return loss, new_inputs, new_outputs


# --------------------------------------------------------------------------------------------- CBOW


def cbow_hidden(inputs: ArrayLike, contexts: ArrayLike, mean: bool = True) -> FloatArray:
    """The mean, or the sum, of the context words' input vectors.

    inputs  : (V, d).
    contexts: (m,) word ids, m at least 1; a word that stands there twice counts
              twice.
    mean    : divide the sum by m. Without, the logits grow with the window.
    returns : (d,), what CBOW predicts from.
    raises  : TypeError for ids that are not integers; ValueError for a table
              that is not 2-D or not finite, ids outside 0 ... V - 1, or no
              context.

    >>> table = [[1.0, 0.0], [0.0, 3.0]]
    >>> cbow_hidden(table, [0, 1, 1]), cbow_hidden(table, [0, 1, 1], mean=False)
    (array([0.33333333, 2.        ]), array([1., 6.]))

    Mikolov et al. (2013a), section 3.1, average.
    """
    inputs = require_floats("cbow_hidden", "inputs", inputs, "(V, d)", filled=True)
    contexts = require_ids("cbow_hidden", "contexts", contexts, len(inputs))
    if not contexts.size:
        raise ValueError("cbow_hidden: contexts must hold at least one word")
    total = inputs[contexts].sum(axis=0)
    return total / len(contexts) if mean else total


def cbow_loss(
    inputs: ArrayLike,
    outputs: ArrayLike,
    targets: ArrayLike,
    contexts: Sequence[ArrayLike],
    mean: bool = True,
) -> float:
    """Mean of -ln P(c | context) over the targets c, where P is the softmax of u_w · h and h is
    from `cbow_hidden`.

    inputs, outputs: (V, d); the context is read in `inputs`, the target predicted in `outputs`.
    targets        : (n,) word ids.
    contexts       : n arrays of word ids, of any lengths. A target without a context is skipped,
                     and not counted in the mean.
    mean           : as in `cbow_hidden`.
    returns        : the loss in nats a target.
    raises         : TypeError for ids that are not integers; ValueError for tables of different
                     shapes or not finite, ids outside 0 ... V - 1, another number of contexts than
                     of targets, or no target with a context.

    >>> round(cbow_loss(np.zeros((5, 2)), np.zeros((5, 2)), [0, 1], [[1, 2], []]), 3)
    1.609

    Mikolov et al. (2013a), section 3.1. Rong (2014) has the model with one context and with many.
    """
    return _cbow("cbow_loss", inputs, outputs, targets, contexts, mean)[0]


def cbow_gradients(
    inputs: ArrayLike,
    outputs: ArrayLike,
    targets: ArrayLike,
    contexts: Sequence[ArrayLike],
    mean: bool = True,
) -> tuple[float, FloatArray, FloatArray]:
    """The loss of `cbow_loss` and its gradients with respect to both tables.

    For one target c, with error_w = P(w | context) - [w = c]: the gradient of every u_w is error_w
    h, that of h is g = sum_w error_w u_w, and each of the m context words gets g / m where h is a
    mean, g where h is a sum.

    inputs, outputs, targets, contexts, mean: as in `cbow_loss`.
    returns: (loss, grad_inputs (V, d), grad_outputs (V, d)).
    raises : as `cbow_loss`.

    >>> loss, grad_inputs, grad_outputs = cbow_gradients(
    ...     [[0.0], [0.0], [0.0]], [[3.0], [0.0], [0.0]], [0], [[1, 2]]
    ... )
    >>> grad_inputs.ravel().round(3).tolist(), grad_outputs.ravel().tolist()
    ([0.0, -1.0, -1.0], [0.0, 0.0, 0.0])

    The released program, and gensim, add the whole g to every context word even where h is a mean
    (Irsoy, Benton & Stratos 2021).
    """
    return _cbow("cbow_gradients", inputs, outputs, targets, contexts, mean)


def _cbow(
    where: str,
    inputs: ArrayLike,
    outputs: ArrayLike,
    targets: ArrayLike,
    contexts: Sequence[ArrayLike],
    mean: bool,
) -> tuple[float, FloatArray, FloatArray]:
    inputs, outputs = _require_tables(where, inputs, outputs)
    targets = require_ids(where, "targets", targets, len(inputs))
    if len(contexts) != len(targets):
        raise ValueError(
            f"{where}: contexts must hold one array a target, {len(targets)}; got {len(contexts)}"
        )
    windows = [
        require_ids(where, f"contexts[{i}]", window, len(inputs))
        for i, window in enumerate(contexts)
    ]
    used = [
        (int(target), window)
        for target, window in zip(targets, windows, strict=True)
        if window.size
    ]
    if not used:
        raise ValueError(f"{where}: at least one target must have a context")
    loss, grad_inputs, grad_outputs = 0.0, np.zeros_like(inputs), np.zeros_like(outputs)
    for target, window in used:
        hidden = cbow_hidden(inputs, window, mean)
        log_p = log_softmax(outputs @ hidden)
        loss -= float(log_p[target]) / len(used)
        error = np.exp(log_p)
        error[target] -= 1.0
        error /= len(used)
        grad_outputs += np.outer(error, hidden)
        grad_hidden = error @ outputs
        np.add.at(grad_inputs, window, grad_hidden / len(window) if mean else grad_hidden)
    return loss, grad_inputs, grad_outputs


# ----------------------------------------------------------------------------------------- training


def train_skipgram(
    centres: ArrayLike,
    contexts: ArrayLike,
    size: int,
    dim: int,
    *,
    epochs: int,
    learning_rate: float,
    seed: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Word vectors by gradient descent, one pair after the other, from the full softmax.

    Starts as the released program does: inputs uniform from -0.5 / dim to 0.5 / dim, outputs 0, so
    the first loss is ln V. Each epoch goes through the pairs in a new random order. The learning
    rate falls on a straight line: step k of all N = epochs n steps, counted from 0, has
    learning_rate (1 - k / N).

    centres, contexts: (n,) word ids, n at least 1.
    size, dim        : V and d, at least 1.
    epochs           : times through the pairs, at least 1.
    learning_rate    : of the first step, finite and above 0.
    seed             : of the start and of the order.
    returns          : (inputs (V, d), outputs (V, d), losses (epochs,)): losses holds each epoch's
                       mean loss, every pair's taken just before its step.
    raises           : TypeError for ids that are not integers; ValueError for ids outside 0 ... V -
                       1, no pair, different numbers of centres and contexts, or an argument out of
                       range.

    >>> inputs, outputs, losses = train_skipgram(
    ...     [0, 1, 2, 3], [1, 0, 3, 2], size=4, dim=3, epochs=200, learning_rate=0.5, seed=0
    ... )
    >>> int((outputs @ inputs[2]).argmax())
    3
    >>> bool(losses[0] > 1.0 and losses[-1] < 0.2)
    True
    """
    for name, value in (("size", size), ("dim", dim), ("epochs", epochs)):
        require_whole("train_skipgram", name, value, least=1)
    require_number("train_skipgram", "learning_rate", learning_rate, above=0)
    centres, contexts = _require_pairs("train_skipgram", centres, contexts, size)
    rng = np.random.default_rng(seed)
    inputs, outputs = rng.uniform(-0.5, 0.5, (size, dim)) / dim, np.zeros((size, dim))
    losses, steps = np.zeros(epochs), epochs * len(centres)
    for epoch in range(epochs):
        for k, pair in enumerate(rng.permutation(len(centres)), start=epoch * len(centres)):
            rate = learning_rate * (1 - k / steps)
            loss, inputs, outputs = sgd_step(inputs, outputs, centres[pair], contexts[pair], rate)
            losses[epoch] += loss / len(centres)
    return inputs, outputs, losses


# ------------------------------------------------------------------------------------------- checks


def _require_tables(
    where: str, inputs: ArrayLike, outputs: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    inputs, outputs = (
        require_floats(where, "inputs", inputs, "(V, d)", filled=True),
        require_floats(where, "outputs", outputs, "(V, d)", filled=True),
    )
    if inputs.shape != outputs.shape:
        raise ValueError(
            f"{where}: inputs and outputs must share (V, d); got {inputs.shape} and {outputs.shape}"
        )
    return inputs, outputs


def _require_pairs(
    where: str, centres: ArrayLike, contexts: ArrayLike, size: int
) -> tuple[IntArray, IntArray]:
    centres = require_ids(where, "centres", centres, size)
    contexts = require_ids(where, "contexts", contexts, size)
    if centres.shape != contexts.shape:
        raise ValueError(
            f"{where}: centres and contexts must pair up; got {centres.size} and {contexts.size}"
        )
    if not centres.size:
        raise ValueError(f"{where}: there must be at least one pair")
    return centres, contexts
