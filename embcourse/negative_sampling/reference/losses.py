"""The loss over pairs, its gradients, and what it is on average over a corpus."""

import numpy as np
from numpy.typing import ArrayLike

from embcourse.arguments import require_floats, require_whole
from embcourse.negative_sampling.reference.checks import (
    FloatArray,
    IntArray,
    require_counts,
    require_pairs,
    require_tables,
)
from embcourse.negative_sampling.reference.logistic import log_sigmoid, sigmoid


def negative_sampling_loss(
    inputs: ArrayLike,
    outputs: ArrayLike,
    centres: ArrayLike,
    contexts: ArrayLike,
    negatives: ArrayLike,
) -> float:
    """Mean over n pairs of -ln sigma(u_o · v_c) - sum over k of ln sigma(-u_k · v_c), sigma the
    sigmoid.

    c is the centre and o the context of the pair, k runs over its negatives. A negative that equals
    the pair's context is left out, as the released program does: the same word can't be the right
    answer and a wrong one.

    inputs, outputs  : (V, d) tables.
    centres, contexts: (n,) ids, n at least 1.
    negatives        : (n, K) ids, K at least 0.
    returns          : the loss in nats, a mean over pairs and a sum over the questions of a pair.
    raises           : ValueError or TypeError for tables that are not finite or do not match, ids
                       that are no integers or out of range, shapes that do not match, or no pair at
                       all.

    >>> inputs, outputs = np.zeros((3, 2)), np.zeros((3, 2))
    >>> round(
    ...     negative_sampling_loss(inputs, outputs, [0, 2], [1, 1], [[0, 2], [2, 1]]), 3
    ... )  # 2.5 ln 2
    1.733

    Mikolov et al. (2013b), eq. 4, with the K negatives that were drawn in place of the expectation.
    """
    inputs, outputs = require_tables("negative_sampling_loss", inputs, outputs)
    centres, contexts, negatives = require_pairs(
        "negative_sampling_loss", centres, contexts, negatives, len(inputs)
    )
    positive, noise = pair_logits(inputs, outputs, centres, contexts, negatives)
    asked = negatives != contexts[:, None]
    return float(-(log_sigmoid(positive).sum() + log_sigmoid(-noise)[asked].sum()) / len(centres))


def negative_sampling_gradients(
    inputs: ArrayLike,
    outputs: ArrayLike,
    centres: ArrayLike,
    contexts: ArrayLike,
    negatives: ArrayLike,
) -> tuple[float, FloatArray, FloatArray]:
    """The loss and its gradients for both tables.

    With g_o = sigma(u_o · v_c) - 1 for the context and g_k = sigma(u_k · v_c)
    for a negative, a pair adds g_o u_o + sum g_k u_k to row c of the gradient
    of `inputs`, g_o v_c to row o and g_k v_c to row k of that of `outputs`,
    each over n. A row that comes up several times receives the sum.

    The arguments and errors are those of `negative_sampling_loss`.
    returns: (loss, gradient of inputs (V, d), gradient of outputs (V, d)).

    >>> inputs, outputs = np.array([[1.0, 0.0], [0.0, 2.0]]), np.zeros((2, 2))
    >>> loss, grad_inputs, grad_outputs = negative_sampling_gradients(
    ...     inputs, outputs, [0], [1], [[0]]
    ... )
    >>> grad_outputs
    array([[ 0.5,  0. ],
           [-0.5,  0. ]])

    Rong (2014), section 3.2, for one pair.
    """
    inputs, outputs = require_tables("negative_sampling_gradients", inputs, outputs)
    centres, contexts, negatives = require_pairs(
        "negative_sampling_gradients", centres, contexts, negatives, len(inputs)
    )
    pairs = len(centres)
    positive, noise = pair_logits(inputs, outputs, centres, contexts, negatives)
    asked = negatives != contexts[:, None]
    loss = -log_sigmoid(positive).sum() - log_sigmoid(-noise)[asked].sum()

    # sigma(x) - 1 = -sigma(-x), without the cancellation.
    pull = -sigmoid(-positive) / pairs  # (n,)
    push = np.where(asked, sigmoid(noise), 0.0) / pairs  # (n, K)
    v, u_o, u_k = inputs[centres], outputs[contexts], outputs[negatives]
    grad_inputs = np.zeros(inputs.shape)
    grad_outputs = np.zeros(outputs.shape)
    # grad[ids] += rows would keep one row of each id; np.add.at adds all.
    error = pull[:, None] * u_o + np.einsum("nk,nkd->nd", push, u_k)
    np.add.at(grad_inputs, centres, error)
    np.add.at(grad_outputs, contexts, pull[:, None] * v)
    np.add.at(grad_outputs, negatives, push[:, :, None] * v[:, None, :])
    return float(loss / pairs), grad_inputs, grad_outputs


def nce_loss(
    inputs: ArrayLike,
    outputs: ArrayLike,
    centres: ArrayLike,
    contexts: ArrayLike,
    negatives: ArrayLike,
    noise: ArrayLike,
) -> float:
    """Noise-contrastive estimation: negative sampling with ln(K P_n(w)) taken off every logit.

    Mean over pairs of -ln sigma(u_o · v_c - ln(K P_n(o))) - sum over k of ln sigma(ln(K P_n(k)) -
    u_k · v_c). The correction makes the logits estimate ln P(o | c) itself, normalised without a
    sum over V; negative sampling leaves it out, and its logits estimate ln(P(o | c) / (K P_n(o)))
    instead. A negative that equals the context counts: the noise may say the truth, and the theory
    needs that it does as often as P_n says.

    inputs, outputs, centres, contexts, negatives: as in `negative_sampling_loss`, with K at least
                                                   1.
    noise  : (V,) the noise distribution, above 0 for every word that occurs here.
    returns: the loss in nats.
    raises : as `negative_sampling_loss`, and ValueError if there is no negative, or noise does not
             fit or is 0 for a word that occurs.

    >>> tables = np.zeros((2, 1)), np.zeros((2, 1))
    >>> round(nce_loss(*tables, [0], [1], [[0]], [0.5, 0.5]), 3)  # P = 1 against 1 x 0.5
    1.504

    Gutmann & Hyvärinen (2010); for language models, with the normaliser fixed at 1: Mnih & Teh
    (2012).
    """
    inputs, outputs = require_tables("nce_loss", inputs, outputs)
    centres, contexts, negatives = require_pairs(
        "nce_loss", centres, contexts, negatives, len(inputs)
    )
    noise = require_counts("nce_loss", noise, "noise")
    if len(noise) != len(inputs):
        raise ValueError(
            f"nce_loss: noise must have a number for each of {len(inputs)} words, got {len(noise)}"
        )
    if negatives.shape[1] == 0:
        raise ValueError("nce_loss: negatives must have at least one column")
    if not (noise[contexts].all() and noise[negatives].all()):
        raise ValueError("nce_loss: noise must be above 0 for every word in contexts and negatives")
    positive, drawn = pair_logits(inputs, outputs, centres, contexts, negatives)
    expected = negatives.shape[1] * noise
    positive, drawn = positive - np.log(expected[contexts]), drawn - np.log(expected[negatives])
    return float(-(log_sigmoid(positive).sum() + log_sigmoid(-drawn).sum()) / len(centres))


def expected_loss(
    scores: ArrayLike, counts: ArrayLike, noise: ArrayLike, negative: int, skip: bool = False
) -> tuple[float, FloatArray]:
    """What the loss of negative sampling is on average over a whole corpus, as a function of all
    logits at once.

    For scores S[c, o] = u_o · v_c and X[c, o] pairs of centre c and context o, with K negatives a
    pair: L = -1/N sum over c, o of ( X[c, o] ln sigma(S[c, o]) + K P_n(o) X[c] ln sigma(-S[c, o])
          ), X[c] the sum of row c,
    N of X. It is least at S[c, o] = ln( X[c, o] / (K P_n(o) X[c]) ): with P_n the words'
    frequencies, PMI(c, o) - ln K. With skip=True a negative that equals the context is left out, as
    in the released program and all steps here: then a draw counts in X[c] - X[c, o] pairs instead
    of X[c], and the optimum is higher by -ln(1 - X[c, o] / X[c]).

    scores  : (V, V') numbers, counts: (V, V') non-negative numbers, noise: (V',) the noise
              distribution.
    negative: K, at least 1.
    skip    : whether negatives that equal the context are left out.
    returns : (loss in nats, its gradient with respect to scores, (V, V')).
    raises  : ValueError for shapes that do not match, counts without anything above 0, or K below
              1.

    >>> X = np.array([[4.0, 0.0], [2.0, 2.0]])
    >>> loss, gradient = expected_loss(
    ...     np.log([[4 / 3, 1e-9], [2 / 3, 2.0]]), X, [0.75, 0.25], negative=1
    ... )
    >>> bool(abs(gradient).max() < 1e-8)
    True

    Levy & Goldberg (2014), section 3.1, without the skipping.
    """
    scores = require_floats("expected_loss", "scores", scores, "(centres, contexts)", finite=False)
    counts = require_floats("expected_loss", "counts", counts, "(centres, contexts)", least=0)
    noise = require_counts("expected_loss", noise, "noise")
    if scores.shape != counts.shape or scores.shape[1] != len(noise):
        raise ValueError(
            "expected_loss: scores and counts must have one shape (centres, contexts), noise"
            f" (contexts,); got {scores.shape}, {counts.shape}, {noise.shape}"
        )
    if not counts.any():
        raise ValueError("expected_loss: counts must hold a number above 0")
    negative = require_whole("expected_loss", "negative", negative, least=1)
    right = counts / counts.sum()
    asked = right.sum(axis=1, keepdims=True) - (right if skip else 0.0)
    wrong = negative * asked * noise
    loss = -(right * log_sigmoid(scores) + wrong * log_sigmoid(-scores)).sum()
    return float(loss), wrong * sigmoid(scores) - right * sigmoid(-scores)


def pair_logits(
    inputs: FloatArray,
    outputs: FloatArray,
    centres: IntArray,
    contexts: IntArray,
    negatives: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """u_o · v_c for every pair, (n,), and u_k · v_c for every negative of every pair, (n, K).

    >>> pair_logits(
    ...     np.array([[2.0]]), np.array([[3.0]]), np.array([0]), np.array([0]), np.array([[0, 0]])
    ... )
    (array([6.]), array([[6., 6.]]))
    """
    rows = inputs[centres]
    return np.einsum("nd,nd->n", rows, outputs[contexts]), np.einsum(
        "nd,nkd->nk", rows, outputs[negatives]
    )
