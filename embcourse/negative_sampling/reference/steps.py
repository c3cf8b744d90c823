"""One step of training with negatives: for a pair, for a window, for CBOW."""

import numpy as np
from numpy.typing import ArrayLike

from embcourse.negative_sampling.reference.checks import (
    FloatArray,
    IntArray,
    require_rate,
    require_tables,
    require_word_ids,
)
from embcourse.negative_sampling.reference.logistic import log_sigmoid, sigmoid


def pair_step(
    inputs: ArrayLike,
    outputs: ArrayLike,
    input: int,
    target: int,
    negatives: ArrayLike,
    learning_rate: float,
) -> tuple[float, FloatArray, FloatArray]:
    """One pair, as the released program trains it, question after question.

    For each word q of target and negatives, in the order drawn, with label 1
    for the target and 0 otherwise: g = (label - sigma(u_q · v)) learning_rate;
    error += g u_q;  u_q += g v. Then v += error, where v is row `input`. So
    every logit and every output row sees the old v, and `error` sees each u_q
    before its own update. A negative that equals the target is skipped. One
    that is drawn twice is trained twice, the second time with its new row.

    inputs, outputs: (V, d) tables.
    input, target  : ids. In the released program the input is the context word
                     and the target the centre of the window: the paper's
                     roles reversed. With fixed windows both give the same pairs
                     over a text.
    negatives      : (K,) ids, K at least 0.
    returns        : (loss of the pair before each update in nats, new inputs,
                     new outputs).
    raises         : ValueError or TypeError as `negative_sampling_loss`, and
                     for a learning rate that is negative or not finite.

    >>> inputs = np.array([[1.0, 0.0], [0.0, 0.0]])
    >>> outputs = np.array([[0.0, 0.0], [0.0, 2.0]])
    >>> loss, inputs, outputs = pair_step(inputs, outputs, 0, 1, [0, 1], 0.1)
    >>> inputs[0], outputs[1]
    (array([1. , 0.1]), array([0.05, 2.  ]))
    >>> outputs[0]
    array([-0.05,  0.  ])

    TrainModelThread in word2vec.c; gensim does the same. Distinct negatives: it
    is a step of gradient descent on `negative_sampling_loss`.
    """
    inputs, outputs = require_tables("pair_step", inputs, outputs)
    input, target = (
        word.item()
        for word in require_word_ids("pair_step", len(inputs), 0, input=input, target=target)
    )
    (negatives,) = require_word_ids("pair_step", len(outputs), negatives=negatives)
    require_rate("pair_step", learning_rate)
    loss, error, outputs = ask(inputs[input], outputs, target, negatives, learning_rate)
    inputs = inputs.copy()
    inputs[input] += error
    return loss, inputs, outputs


def window_step(
    inputs: ArrayLike,
    outputs: ArrayLike,
    context_ids: ArrayLike,
    target: int,
    negatives: ArrayLike,
    learning_rate: float,
) -> tuple[float, FloatArray, FloatArray]:
    """One window: m context words, one target, the same K negatives for all.

    The m input rows A (m, d) and the 1 + K output rows B (1 + K, d) are read
    once. Then, with label 1 in the target's column, the matrix
    G = (labels - sigma(A B^T)) learning_rate is (m, 1 + K), the input rows gain
    G B, the output rows G^T A. These are three small matrix products, and an
    output row is written once a window instead of m times.

    Negatives that equal the target are skipped. A word that stands twice in the
    window, or is drawn twice, has two rows in the block, both read from the old
    table, and gains both updates.

    inputs, outputs: (V, d) tables.
    context_ids    : (m,) ids; without any, nothing changes and the loss is 0.
    target         : id. negatives: (K,) ids.
    returns        : (loss, the sum over the block before the update, in nats;
                     new inputs; new outputs).
    raises         : as `pair_step`.

    >>> inputs, outputs = np.eye(3), np.ones((3, 3))
    >>> loss, inputs, outputs = window_step(inputs, outputs, [0, 1], 2, [0, 2], learning_rate=0.1)
    >>> outputs.round(3)
    array([[0.927, 0.927, 1.   ],
           [1.   , 1.   , 1.   ],
           [1.027, 1.027, 1.   ]])

    pWord2Vec: Ji, Satish, Li & Dubey (2016). It is a step of gradient descent
    on the sum of the block's losses.
    """
    inputs, outputs = require_tables("window_step", inputs, outputs)
    (target,) = require_word_ids("window_step", len(outputs), 0, target=target)
    context_ids, negatives = require_word_ids(
        "window_step", len(inputs), context_ids=context_ids, negatives=negatives
    )
    require_rate("window_step", learning_rate)
    words = np.concatenate([[target], negatives[negatives != target]])
    labels = np.zeros(len(words))
    labels[0] = 1.0

    a, b = inputs[context_ids], outputs[words]
    logits = a @ b.T  # (m, 1 + K)
    loss = -log_sigmoid(np.where(labels, logits, -logits)).sum()
    step = (labels - sigmoid(logits)) * learning_rate
    inputs, outputs = inputs.copy(), outputs.copy()
    np.add.at(inputs, context_ids, step @ b)
    np.add.at(outputs, words, step.T @ a)
    return float(loss), inputs, outputs


def cbow_step(
    inputs: ArrayLike,
    outputs: ArrayLike,
    context_ids: ArrayLike,
    target: int,
    negatives: ArrayLike,
    learning_rate: float,
    mean: bool = True,
) -> tuple[float, FloatArray, FloatArray]:
    """One window of CBOW: the context words together predict the target.

    The hidden vector h is the mean of the m context rows, or their sum. It is trained like the
    input row of `pair_step`, which gives an error e, the gradient step for h. What each context row
    gains is a convention:

          true gradient   released program   gensim   here
    mean  e / m           e                  e        e
    sum   e               has no sum         e / m    e

    So with the mean, input rows learn m times as fast as the gradient says. With gensim's sum, m
    times as slowly.

    inputs, outputs: (V, d) tables.
    context_ids    : (m,) ids; without any, nothing changes and the loss is 0. A word that stands
                     twice counts twice.
    target         : id. negatives: (K,) ids; one that equals the target is skipped.
    mean           : whether h is the mean of the rows or their sum.
    returns        : (loss before each update, in nats; new inputs; new outputs).
    raises         : as `pair_step`.

    >>> inputs, outputs = np.array([[2.0], [0.0], [0.0]]), np.ones((3, 1))
    >>> loss, inputs, outputs = cbow_step(inputs, outputs, [0, 1], 2, [], learning_rate=1.0)
    >>> inputs.ravel().round(3), outputs.ravel().round(3)
    (array([2.269, 0.269, 0.   ]), array([1.   , 1.   , 1.269]))

    TrainModelThread in word2vec.c; gensim's `w2v_fast_sentence_cbow_neg`.
    """
    inputs, outputs = require_tables("cbow_step", inputs, outputs)
    target = require_word_ids("cbow_step", len(outputs), 0, target=target)[0].item()
    context_ids, negatives = require_word_ids(
        "cbow_step", len(inputs), context_ids=context_ids, negatives=negatives
    )
    require_rate("cbow_step", learning_rate)
    if not len(context_ids):
        return 0.0, inputs.copy(), outputs.copy()
    rows = inputs[context_ids]
    hidden = rows.mean(axis=0) if mean else rows.sum(axis=0)
    loss, error, outputs = ask(hidden, outputs, target, negatives, learning_rate)
    inputs = inputs.copy()
    np.add.at(inputs, context_ids, error)  # not error / m, even for the mean
    return loss, inputs, outputs


def ask(
    hidden: FloatArray, outputs: FloatArray, target: int, negatives: IntArray, learning_rate: float
) -> tuple[float, FloatArray, FloatArray]:
    """The questions of one step, asked one after the other: is it this word?

    returns: (loss in nats, what the hidden vector is to gain, new outputs).

    >>> hidden, outputs = np.array([2.0]), np.array([[0.0], [0.0]])
    >>> ask(hidden, outputs, 0, np.array([1]), learning_rate=1.0)[2]
    array([[ 1.],
           [-1.]])
    """
    outputs, error, loss = outputs.copy(), np.zeros(hidden.shape), 0.0
    questions = [(target, 1.0)]
    questions += [(word, 0.0) for word in negatives if word != target]
    for word, label in questions:
        logit = hidden @ outputs[word]
        loss -= log_sigmoid(logit if label else -logit)
        gradient = (label - sigmoid(logit)) * learning_rate
        error += gradient * outputs[word]  # before the row moves
        outputs[word] += gradient * hidden
    return float(loss), error, outputs
