"""Negative sampling and hierarchical softmax: losses, gradients and single training steps, in NumPy
and float64.

Two tables: row v_w of `inputs` is a word as an input, row u_w of `outputs` a word as something to
predict. The steps are those of the released word2vec program, but with exact sigmoids in float64.
The program has float32 and a table of 1,000 sigmoids for logits from -6 to 6. Beyond, it takes the
sigmoid of negative sampling as 0 or 1, and skips a node of hierarchical softmax; gensim skips both.

Each step returns new tables and leaves the old ones as they were.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# ------------------------------------------------------------------------------------------ sigmoid


def sigmoid(x: ArrayLike) -> FloatArray:
    """The logistic function, 1 / (1 + e^-x), without overflow.

    x      : any shape.
    returns: float64 of the same shape, from 0 to 1. 1 - sigmoid(x) loses digits for large x;
             sigmoid(-x) does not.

    >>> sigmoid([-1e4, 0.0, 2.0, 1e4]).round(3)
    array([0.   , 0.5  , 0.881, 1.   ])
    """
    x = np.asarray(x, dtype=np.float64)
    small = np.exp(-np.abs(x))  # at most 1, whatever the sign
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def log_sigmoid(x: ArrayLike) -> FloatArray:
    """ln(1 / (1 + e^-x)) = -ln(1 + e^-x), without overflow, and without the ln 0 of a sigmoid that
    has rounded to 0.

    x      : any shape.
    returns: float64 of the same shape, at most 0; close to x where x is far below 0.

    >>> [round(float(y), 3) for y in log_sigmoid([-1e4, -1.0, 0.0, 2.0])]
    [-10000.0, -1.313, -0.693, -0.127]
    """
    return -np.logaddexp(0.0, -np.asarray(x, dtype=np.float64))


# -------------------------------------------------------------------------------- drawing negatives


def noise_distribution(counts: ArrayLike, power: float = 0.75) -> FloatArray:
    """P_n(w) = count(w)^power / sum of count(w')^power, for negatives.

    The power comes first, the division last. 1 gives the words' frequencies, 0
    the uniform distribution over the words that occur, a number below 0 favours
    rare words. A word that never occurs gets 0, whatever the power.

    counts : (V,) non-negative numbers.
    power  : the exponent, finite.
    returns: (V,) float64, sums to 1.
    raises : ValueError if counts is not 1-D, holds a negative or non-finite
             number or nothing above 0, or power is not finite.

    >>> noise_distribution([81, 16, 1, 0]).round(3)
    array([0.75 , 0.222, 0.028, 0.   ])

    Mikolov et al. (2013b), section 2.2. Other exponents: Caselles-Dupré et al.
    (2018).
    """
    counts = require_counts("noise_distribution", counts)
    if not np.isfinite(power):
        raise ValueError(f"noise_distribution: power must be finite, got {power!r}")
    if not counts.any():
        raise ValueError("noise_distribution: counts must hold a number above 0")
    seen = counts > 0
    weights = np.zeros(counts.shape)
    # Over the largest count, for numbers of ordinary size: it drops out below.
    weights[seen] = (counts[seen] / counts.max()) ** power
    return weights / weights.sum()


def unigram_table(counts: ArrayLike, size: int, power: float = 0.75) -> IntArray:
    """The released program's table of word ids: a uniform draw from it is a draw from the noise
    distribution, roughly.

    Word after word fills slots until the share of the table that is filled exceeds the words' total
    probability. The program's table has 100 million slots. Rounding favours words late in the list:
    the counter moves at most one word a slot, so a word whose probability is below 1 / size still
    gets a slot. If slots run out, the last words get none.

    counts : (V,) non-negative numbers.
    size   : slots, at least 1.
    power  : as in `noise_distribution`.
    returns: (size,) ids, never falling.
    raises : ValueError as `noise_distribution`, and for a size below 1.

    >>> unigram_table([81, 16, 1], 12)
    array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])

    InitUnigramTable in word2vec.c. When it draws id 0, the end of a sentence there, the program
    draws again, uniformly from the other words. gensim keeps cumulative sums and searches them by
    bisection.
    """
    if size < 1:
        raise ValueError(f"unigram_table: size must be at least 1, got {size}")
    shares = noise_distribution(counts, power)
    table = np.zeros(size, dtype=np.int64)
    word, filled = 0, shares[0]
    for slot in range(size):
        table[slot] = word
        if slot / size > filled and word < len(shares) - 1:
            word += 1
            filled += shares[word]
    return table


def alias_table(probabilities: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Walker's alias table: exact draws with one column and one coin.

    Column i holds at most two words, i and alias[i]: choose a column uniformly,
    then i with probability accept[i], else alias[i]. Built by filling up each
    column that has too little with the surplus of one that has too much.

    probabilities: (V,) non-negative numbers; divided by their sum.
    returns      : accept (V,) float64 from 0 to 1, alias (V,) ids. A word of
                   probability 0 has accept 0.
    raises       : ValueError if probabilities is not 1-D, holds a negative or
                   non-finite number, or nothing above 0.

    >>> accept, alias = alias_table([0.5, 0.25, 0.25])
    >>> accept, alias
    (array([1.  , 0.75, 0.75]), array([0, 0, 0]))

    Walker (1977); in O(V) steps: Vose (1991).
    """
    probabilities = require_counts("alias_table", probabilities, "probabilities")
    if not probabilities.any():
        raise ValueError("alias_table: probabilities must hold a number above 0")
    size = len(probabilities)
    # 1 is the height of a column.
    accept = probabilities / probabilities.sum() * size
    alias = np.arange(size)
    low = [i for i in range(size) if accept[i] < 1]
    high = [i for i in range(size) if accept[i] >= 1]
    while low and high:
        poor, rich = low.pop(), high[-1]
        alias[poor] = rich
        accept[rich] -= 1 - accept[poor]
        if accept[rich] < 1:
            low.append(high.pop())
    accept[low + high] = 1.0  # full columns, but for rounding
    return accept, alias


def alias_draw(
    accept: ArrayLike, alias: ArrayLike, columns: ArrayLike, coins: ArrayLike
) -> IntArray:
    """Draws from an alias table: `columns` where the coin falls below accept[columns],
    alias[columns] elsewhere.

    accept, alias: (V,) from `alias_table`.
    columns      : uniform ids from 0 to V - 1, of any shape.
    coins        : uniform numbers in [0, 1), of the same shape.
    returns      : ids of the same shape.
    raises       : ValueError if columns and coins differ in shape.

    >>> accept, alias = alias_table([0.5, 0.25, 0.25])
    >>> alias_draw(accept, alias, [0, 1, 1, 2], [0.9, 0.7, 0.8, 0.1])
    array([0, 1, 0, 2])
    """
    columns, coins = np.asarray(columns), np.asarray(coins)
    if columns.shape != coins.shape:
        raise ValueError(
            f"alias_draw: columns and coins must have one shape, got {columns.shape} and"
            f" {coins.shape}"
        )
    return np.where(coins < np.asarray(accept)[columns], columns, np.asarray(alias)[columns])


# ------------------------------------------------------------------------------ the loss over pairs


def negative_sampling_loss(
    inputs: ArrayLike,
    outputs: ArrayLike,
    centres: ArrayLike,
    contexts: ArrayLike,
    negatives: ArrayLike,
) -> float:
    """Mean over n pairs of -ln sigma(u_o . v_c) - sum over k of ln sigma(-u_k . v_c), sigma the
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

    With g_o = sigma(u_o . v_c) - 1 for the context and g_k = sigma(u_k . v_c)
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

    Mean over pairs of -ln sigma(u_o . v_c - ln(K P_n(o))) - sum over k of ln sigma(ln(K P_n(k)) -
    u_k . v_c). The correction makes the logits estimate ln P(o | c) itself, normalised without a
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

    For scores S[c, o] = u_o . v_c and X[c, o] pairs of centre c and context o, with K negatives a
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
    scores, counts = np.asarray(scores, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    noise = require_counts("expected_loss", noise, "noise")
    if scores.ndim != 2 or scores.shape != counts.shape or scores.shape[1] != len(noise):
        raise ValueError(
            "expected_loss: scores and counts must have one shape (centres, contexts), noise"
            f" (contexts,); got {scores.shape}, {counts.shape}, {noise.shape}"
        )
    if not (np.isfinite(counts) & (counts >= 0)).all() or not counts.any():
        raise ValueError("expected_loss: counts must be finite, not negative, and not all zero")
    if negative < 1:
        raise ValueError(f"expected_loss: negative must be at least 1, got {negative}")
    right = counts / counts.sum()
    asked = right.sum(axis=1, keepdims=True) - (right if skip else 0.0)
    wrong = negative * asked * noise
    loss = -(right * log_sigmoid(scores) + wrong * log_sigmoid(-scores)).sum()
    return float(loss), wrong * sigmoid(scores) - right * sigmoid(-scores)


# ----------------------------------------------------------------------------- one step of training


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
    for the target and 0 otherwise: g = (label - sigma(u_q . v)) learning_rate;
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
        word.item() for word in require_ids("pair_step", len(inputs), 0, input=input, target=target)
    )
    (negatives,) = require_ids("pair_step", len(outputs), negatives=negatives)
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
    (target,) = require_ids("window_step", len(outputs), 0, target=target)
    context_ids, negatives = require_ids(
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
    target = require_ids("cbow_step", len(outputs), 0, target=target)[0].item()
    context_ids, negatives = require_ids(
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


# ----------------------------------------------------------------------------- hierarchical softmax


def huffman(counts: ArrayLike) -> tuple[list[IntArray], list[IntArray]]:
    """Huffman's tree over the words: each word's path from the root, as turns (codes) and the nodes
    they are taken at.

    The two trees of the smallest counts are joined until one is left: V words, V - 1 inner nodes.
    The smaller of the two becomes branch 0, the larger branch 1. Frequent words end up near the
    root: no tree has a shorter mean path.

    The order is that of the released program, so ties are broken as there: words by falling count
    (earlier ids first), and of equal counts an inner node before a word, an older node before a
    newer, a later word before an earlier. gensim builds its tree with a heap: other ties, the same
    mean length.

    counts : (V,) non-negative numbers.
    returns: (codes, points), lists of V arrays. codes[w] (L_w,) of 0 and 1; points[w] (L_w,) ids of
             inner nodes, from 0 to V - 2 in the order they were made; the root is V - 2. Turn
             codes[w][j] is taken at node points[w][j]. A single word has an empty path.
    raises : ValueError if counts is not 1-D or holds a negative or non-finite number.

    >>> codes, points = huffman([5, 2, 1, 1])
    >>> [code.tolist() for code in codes]
    [[1], [0, 1], [0, 0, 1], [0, 0, 0]]
    >>> [path.tolist() for path in points]
    [[2], [2, 1], [2, 1, 0], [2, 1, 0]]

    Huffman (1952); CreateBinaryTree in word2vec.c.
    """
    counts = require_counts("huffman", counts)
    size = len(counts)
    # word of rank r; the program's words are sorted
    order = np.argsort(-counts, kind="stable").tolist()
    weight = [float(counts[word]) for word in order]
    parent, branch = [0] * (2 * size - 1), [0] * (2 * size - 1)
    rank, node = size - 1, size  # the lightest word and the lightest node left
    for made in range(size, 2 * size - 1):
        joined = []
        for _ in range(2):
            # Nodes are made in order of weight, so the front of each of the two queues is its
            # lightest.
            if rank >= 0 and (node >= made or weight[rank] < weight[node]):
                joined.append(rank)
                rank -= 1
            else:
                joined.append(node)
                node += 1
        weight.append(weight[joined[0]] + weight[joined[1]])
        parent[joined[0]] = parent[joined[1]] = made
        branch[joined[1]] = 1

    codes: list[IntArray] = [np.zeros(0, np.int64)] * size
    points: list[IntArray] = [np.zeros(0, np.int64)] * size
    for rank, word in enumerate(order):
        code, path, node = [], [], rank
        while node != 2 * size - 2:  # up to the root
            code.append(branch[node])
            node = parent[node]
            path.append(node - size)
        codes[word], points[word] = np.array(code[::-1], np.int64), np.array(path[::-1], np.int64)
    return codes, points


def hierarchical_probabilities(
    hidden: ArrayLike, nodes: ArrayLike, codes: list[IntArray], points: list[IntArray]
) -> FloatArray:
    """P(w | h) of every word: the product over its path of sigma(+-n . h).

    The sign is + for turn 0 and - for turn 1. At each inner node both turns
    together have probability 1, so the words' probabilities sum to 1, whatever
    the tables hold.

    hidden : (d,) the input vector h.
    nodes  : (V - 1, d) a row for each inner node.
    codes, points: from `huffman`.
    returns: (V,) float64, sums to 1.
    raises : ValueError if shapes do not match.

    >>> codes, points = huffman([5, 2, 1, 1])
    >>> hierarchical_probabilities([1.0], np.zeros((3, 1)), codes, points)
    array([0.5  , 0.25 , 0.125, 0.125])

    Morin & Bengio (2005); the sign of a turn as in word2vec.c, where turn 0 has
    label 1.
    """
    hidden = np.asarray(hidden, dtype=np.float64)
    nodes = np.asarray(nodes, dtype=np.float64)
    require_path_shapes(hidden, nodes, codes, points)
    logits = nodes @ hidden
    return np.array(
        [
            np.exp(log_sigmoid(signs(code) * logits[path]).sum())
            for code, path in zip(codes, points, strict=True)
        ]
    )


def hierarchical_loss(
    inputs: ArrayLike,
    nodes: ArrayLike,
    centres: ArrayLike,
    contexts: ArrayLike,
    codes: list[IntArray],
    points: list[IntArray],
) -> float:
    """Mean over n pairs of -ln P(o | c): a sum over the path of word o of -ln sigma(+-n . v_c), +
    for turn 0.

    inputs           : (V, d) table. nodes: (V - 1, d), a row for each inner node.
    centres, contexts: (n,) ids, n at least 1.
    codes, points    : from `huffman`.
    returns          : the loss in nats; with all nodes 0, ln 2 times the mean length of the paths.
    raises           : ValueError or TypeError for shapes that do not match, ids out of range, or no
                       pair at all.

    >>> codes, points = huffman([5, 2, 1, 1])
    >>> round(
    ...     hierarchical_loss(np.ones((4, 1)), np.zeros((3, 1)), [0, 1], [1, 2], codes, points), 3
    ... )  # 2.5 ln 2
    1.733
    """
    return hierarchical_gradients(inputs, nodes, centres, contexts, codes, points)[0]


def hierarchical_gradients(
    inputs: ArrayLike,
    nodes: ArrayLike,
    centres: ArrayLike,
    contexts: ArrayLike,
    codes: list[IntArray],
    points: list[IntArray],
) -> tuple[float, FloatArray, FloatArray]:
    """The loss and its gradients for both tables.

    With g_j = sigma(n_j . v_c) - (1 - code_j) at node n_j of the path of o, a pair adds sum g_j n_j
    to row c of the gradient of `inputs` and g_j v_c to row j of that of `nodes`, each over n.

    The arguments and errors are those of `hierarchical_loss`.
    returns: (loss, gradient of inputs (V, d), gradient of nodes (V - 1, d)).

    >>> codes, points = huffman([2, 1])
    >>> hierarchical_gradients([[2.0], [0.0]], [[0.0]], [0], [0], codes, points)[2]
    array([[1.]])
    """
    inputs, nodes = require_tree("hierarchical_gradients", inputs, nodes, codes, points)
    centres, contexts = require_ids(
        "hierarchical_gradients", len(inputs), centres=centres, contexts=contexts
    )
    require_same_length("hierarchical_gradients", centres, contexts)
    loss, grad_inputs, grad_nodes = 0.0, np.zeros(inputs.shape), np.zeros(nodes.shape)
    for centre, context in zip(centres, contexts, strict=True):
        path, sign = points[context], signs(codes[context])
        logits = nodes[path] @ inputs[centre]
        loss -= log_sigmoid(sign * logits).sum()
        gradient = -sign * sigmoid(-sign * logits)
        grad_inputs[centre] += gradient @ nodes[path]
        grad_nodes[path] += np.outer(gradient, inputs[centre])  # no node stands twice on a path
    return float(loss / len(centres)), grad_inputs / len(centres), grad_nodes / len(centres)


def hierarchical_step(
    inputs: ArrayLike,
    nodes: ArrayLike,
    input: int,
    code: ArrayLike,
    path: ArrayLike,
    learning_rate: float,
) -> tuple[float, FloatArray, FloatArray]:
    """One pair of words, as the released program trains it: every turn on the target's path, then
    the input row.

    For each node n_j of the path: g = (1 - code_j - sigma(n_j . v)) learning_rate;  error += g n_j;
     n_j += g v. Then v += error, where v is row `input`. As all nodes of a path differ, it is a
     step of gradient descent.

    inputs : (V, d) table. nodes: (V - 1, d).
    input  : id of the input word. code, path: codes[target] and points[target] from `huffman`.
    returns: (loss before the update in nats, new inputs, new nodes).
    raises : ValueError or TypeError for shapes that do not match, ids out of range, codes other
             than 0 and 1, or a learning rate that is negative or not finite.

    >>> codes, points = huffman([2, 1])
    >>> hierarchical_step([[2.0], [0.0]], [[0.0]], 0, codes[0], points[0], learning_rate=0.1)[2]
    array([[-0.1]])

    TrainModelThread in word2vec.c, option -hs 1; gensim does the same.
    """
    inputs, nodes = require_tables("hierarchical_step", inputs, nodes, rows=1)
    input = require_ids("hierarchical_step", len(inputs), 0, input=input)[0].item()
    code, path = require_path("hierarchical_step", code, path, len(nodes))
    require_rate("hierarchical_step", learning_rate)
    loss, error, nodes = turn(inputs[input], nodes, code, path, learning_rate)
    inputs = inputs.copy()
    inputs[input] += error
    return loss, inputs, nodes


def cbow_hierarchical_step(
    inputs: ArrayLike,
    nodes: ArrayLike,
    context_ids: ArrayLike,
    code: ArrayLike,
    path: ArrayLike,
    learning_rate: float,
    mean: bool = True,
) -> tuple[float, FloatArray, FloatArray]:
    """One window of CBOW with hierarchical softmax: `hierarchical_step` for the mean or the sum of
    the context rows.

    As in `cbow_step`, each context row gains the whole error, with the mean as with the sum.
    Without a context nothing changes and the loss is 0.

    >>> codes, points = huffman([2, 1, 1])
    >>> inputs = [[2.0], [0.0], [0.0]]
    >>> cbow_hierarchical_step(inputs, np.ones((2, 1)), [0, 1], codes[0], points[0], 1.0)[
    ...     1
    ... ].ravel().round(3)
    array([ 1.269, -0.731,  0.   ])
    """
    inputs, nodes = require_tables("cbow_hierarchical_step", inputs, nodes, rows=1)
    (context_ids,) = require_ids("cbow_hierarchical_step", len(inputs), context_ids=context_ids)
    code, path = require_path("cbow_hierarchical_step", code, path, len(nodes))
    require_rate("cbow_hierarchical_step", learning_rate)
    if not len(context_ids):
        return 0.0, inputs.copy(), nodes.copy()
    rows = inputs[context_ids]
    hidden = rows.mean(axis=0) if mean else rows.sum(axis=0)
    loss, error, nodes = turn(hidden, nodes, code, path, learning_rate)
    inputs = inputs.copy()
    np.add.at(inputs, context_ids, error)  # not error / m, even for the mean
    return loss, inputs, nodes


def turn(
    hidden: FloatArray, nodes: FloatArray, code: IntArray, path: IntArray, learning_rate: float
) -> tuple[float, FloatArray, FloatArray]:
    """The turns of one path, all at once.

    returns: (loss in nats, what the hidden vector is to gain, new nodes).

    >>> turn(np.array([2.0]), np.array([[0.0]]), np.array([1]), np.array([0]), learning_rate=1.0)[2]
    array([[-1.]])
    """
    rows = nodes[path]
    logits = rows @ hidden
    loss = -log_sigmoid(signs(code) * logits).sum()
    gradient = (1 - code - sigmoid(logits)) * learning_rate
    nodes = nodes.copy()
    nodes[path] += np.outer(gradient, hidden)
    return float(loss), gradient @ rows, nodes


def signs(code: ArrayLike) -> FloatArray:
    """+1 for turn 0, -1 for turn 1.

    >>> signs([0, 1, 1])
    array([ 1., -1., -1.])
    """
    return 1.0 - 2.0 * np.asarray(code, dtype=np.float64)


# --------------------------------------------------------------------------------- a whole training


def learning_rate(progress: float, start: float = 0.025, end: float = 2.5e-6) -> float:
    """The learning rate when a share `progress` of the tokens has been read.

    max(end, start (1 - progress)): it falls in a straight line towards 0 and
    stops at `end`. Tokens that subsampling leaves out count as read.

    progress: from 0 to 1, over all epochs.
    start   : above 0. The program starts skip-gram at 0.025 and CBOW at 0.05.
    end     : from 0 to start. The program's is start / 10,000.
    returns : float.
    raises  : ValueError if one of them is out of range.

    >>> [learning_rate(progress, 0.025, 0.0001) for progress in (0, 0.5, 1)]
    [0.025, 0.0125, 0.0001]

    word2vec.c, which computes it anew every 10,000 tokens. gensim's line ends
    at `end`: start - (start - end) progress.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"learning_rate: progress must lie from 0 to 1, got {progress!r}")
    if not (0 < start < np.inf and 0 <= end <= start):
        raise ValueError(
            "learning_rate: start must be above 0 and end from 0 to start, "
            f"got {start!r} and {end!r}"
        )
    return max(float(end), float(start) * (1.0 - float(progress)))


def train_with_draws(
    ids: ArrayLike,
    offsets: ArrayLike,
    keep: ArrayLike,
    coins: ArrayLike,
    radii: ArrayLike,
    negatives: ArrayLike,
    inputs: ArrayLike,
    outputs: ArrayLike,
    start: float,
    end: float,
) -> tuple[list[float], FloatArray, FloatArray]:
    """One pass of skip-gram with shared negatives over a text, with everything that is usually
    drawn given as data.

    1. Position i stays if coins[i] < keep[ids[i]]. What stays of a sentence moves together: windows
       reach over gaps.
    2. Each position that stays is a target in turn. Its contexts are the words that stayed up to
       radii[i] places to its left and right, in the same sentence. Without any, nothing happens.
    3. `window_step` with these contexts, negatives[i] and the learning rate at progress i / tokens.

    ids      : (tokens,) word ids. offsets: (sentences + 1,), sentence s is ids[offsets[s]:offsets[s
               + 1]].
    keep     : (V,) keep probabilities, such as `text.keep_probabilities` gives.
    coins    : (tokens,) uniform numbers in [0, 1). radii: (tokens,) integers, at least 1.
    negatives: (tokens, K) ids. inputs, outputs: (V, d) tables.
    start, end: learning rates, see `learning_rate`.
    returns  : (loss of each step per context word, in nats; new inputs; new outputs).
    raises   : ValueError or TypeError as `window_step` and `learning_rate`, and for lengths that do
               not match.

    >>> losses, inputs, outputs = train_with_draws(
    ...     ids=[0, 1, 2],
    ...     offsets=[0, 2, 3],
    ...     keep=[1, 1, 1],
    ...     coins=[0.5, 0.5, 0.5],
    ...     radii=[2, 2, 2],
    ...     negatives=[[2], [2], [0]],
    ...     inputs=np.eye(3),
    ...     outputs=np.zeros((3, 3)),
    ...     start=0.2,
    ...     end=0.1,
    ... )
    >>> outputs.round(3)
    array([[ 0.   ,  0.1  ,  0.   ],
           [ 0.067,  0.   ,  0.   ],
           [-0.067, -0.1  ,  0.   ]])

    The order of work of TrainModelThread in word2vec.c, with the negatives shared in each window.
    """
    inputs, outputs = require_tables("train_with_draws", inputs, outputs)
    (ids,) = require_ids("train_with_draws", len(inputs), ids=ids)
    keep, coins, radii = (
        np.asarray(keep, np.float64),
        np.asarray(coins, np.float64),
        np.asarray(radii),
    )
    negatives, offsets = np.asarray(negatives), np.asarray(offsets, dtype=np.int64)
    if (
        coins.shape != ids.shape
        or radii.shape != ids.shape
        or negatives.shape[:1] != ids.shape
        or negatives.ndim != 2
    ):
        raise ValueError(
            f"train_with_draws: coins and radii must be ({len(ids)},), negatives ({len(ids)}, K),"
            f" one for each token; got {coins.shape}, {radii.shape}, {negatives.shape}"
        )
    if keep.shape != (len(inputs),):
        raise ValueError(
            f"train_with_draws: keep must be ({len(inputs)},), one for each word; got {keep.shape}"
        )
    if (
        not len(offsets)
        or offsets[0] != 0
        or offsets[-1] != len(ids)
        or (np.diff(offsets) < 0).any()
    ):
        raise ValueError(
            f"train_with_draws: offsets must rise from 0 to the number of tokens, {len(ids)}; got"
            f" {offsets.tolist()}"
        )
    if (radii < 1).any():
        raise ValueError(f"train_with_draws: radii must be at least 1, got {radii.min()}")

    losses = []
    for first, last in pairwise(offsets.tolist()):
        stayed = [i for i in range(first, last) if coins[i] < keep[ids[i]]]
        for place, i in enumerate(stayed):
            near = (
                stayed[max(0, place - radii[i]) : place] + stayed[place + 1 : place + 1 + radii[i]]
            )
            if near:
                rate = learning_rate(i / len(ids), start, end)
                loss, inputs, outputs = window_step(
                    inputs, outputs, ids[near], ids[i], negatives[i], rate
                )
                losses.append(loss / len(near))
    return losses, inputs.copy(), outputs.copy()


# -------------------------------------------------------------------------- what the inputs must be


def pair_logits(
    inputs: FloatArray,
    outputs: FloatArray,
    centres: IntArray,
    contexts: IntArray,
    negatives: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """u_o . v_c for every pair, (n,), and u_k . v_c for every negative of every pair, (n, K).

    >>> pair_logits(
    ...     np.array([[2.0]]), np.array([[3.0]]), np.array([0]), np.array([0]), np.array([[0, 0]])
    ... )
    (array([6.]), array([[6., 6.]]))
    """
    rows = inputs[centres]
    return np.einsum("nd,nd->n", rows, outputs[contexts]), np.einsum(
        "nd,nkd->nk", rows, outputs[negatives]
    )


def require_counts(function: str, counts: ArrayLike, name: str = "counts") -> FloatArray:
    """
    >>> require_counts("huffman", [3, -1])
    Traceback (most recent call last):
    ValueError: huffman: counts must be finite and not negative, got -1.0 at position 1
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1:
        raise ValueError(f"{function}: {name} must be 1-D, got shape {counts.shape}")
    wrong = np.flatnonzero(~(np.isfinite(counts) & (counts >= 0)))
    if len(wrong):
        raise ValueError(
            f"{function}: {name} must be finite and not negative, got {counts[wrong[0]]} at"
            f" position {wrong[0]}"
        )
    return counts


def require_tables(
    function: str, inputs: ArrayLike, outputs: ArrayLike, rows: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Two finite float64 tables of one width; the second has `rows` rows fewer (1 for the nodes of
    a tree).

    >>> require_tables("pair_step", np.zeros((3, 2)), np.zeros((3, 4)))
    Traceback (most recent call last):
    ValueError: pair_step: inputs (V, d) and outputs (V, d) must match, got (3, 2) and (3, 4)
    """
    inputs, outputs = np.asarray(inputs, dtype=np.float64), np.asarray(outputs, dtype=np.float64)
    name, shape = ("nodes", "(V - 1, d)") if rows else ("outputs", "(V, d)")
    if (
        inputs.ndim != 2
        or outputs.ndim != 2
        or outputs.shape != (max(len(inputs) - rows, 0), inputs.shape[1])
    ):
        raise ValueError(
            f"{function}: inputs (V, d) and {name} {shape} must match, got {inputs.shape} and"
            f" {outputs.shape}"
        )
    for table, called in ((inputs, "inputs"), (outputs, name)):
        if not np.isfinite(table).all():
            raise ValueError(
                f"{function}: {called} must be finite; a training that diverged gives NaN"
            )
    return inputs, outputs


def require_ids(function: str, size: int, ndim: int = 1, **arrays: ArrayLike) -> list[IntArray]:
    """Each named argument as an array of ids from 0 to size - 1, in order; ndim is 0 for a single
    id.

    >>> require_ids("pair_step", 3, negatives=[0, 3])
    Traceback (most recent call last):
    ValueError: pair_step: negatives must lie from 0 to 2, got 3
    """
    checked = []
    for name, values in arrays.items():
        values = np.asarray(values)
        if values.ndim != ndim:
            raise ValueError(f"{function}: {name} must be {ndim}-D, got shape {values.shape}")
        if values.size and values.dtype.kind not in "iu":
            raise TypeError(f"{function}: {name} must be integers, got {values.dtype}")
        outside = values[(values < 0) | (values >= size)]
        if outside.size:
            raise ValueError(f"{function}: {name} must lie from 0 to {size - 1}, got {outside[0]}")
        checked.append(values.astype(np.int64))
    return checked


def require_pairs(
    function: str, centres: ArrayLike, contexts: ArrayLike, negatives: ArrayLike, size: int
) -> tuple[IntArray, IntArray, IntArray]:
    """
    >>> require_pairs("negative_sampling_loss", [0, 1], [1, 0], [[1]], 2)
    Traceback (most recent call last):
    ValueError: negative_sampling_loss: negatives must be (2, K), a row for each pair; got (1, 1)
    """
    centres, contexts = require_ids(function, size, centres=centres, contexts=contexts)
    require_same_length(function, centres, contexts)
    negatives = np.asarray(negatives)
    if negatives.ndim != 2 or len(negatives) != len(centres):
        raise ValueError(
            f"{function}: negatives must be ({len(centres)}, K), a row for each pair; got"
            f" {negatives.shape}"
        )
    (flat,) = require_ids(function, size, negatives=negatives.ravel())
    return centres, contexts, flat.reshape(negatives.shape)


def require_same_length(function: str, centres: IntArray, contexts: IntArray) -> None:
    """
    >>> require_same_length("hierarchical_loss", np.array([1]), np.array([1, 2]))
    Traceback (most recent call last):
    ValueError: hierarchical_loss: centres and contexts must have one length, ...; got 1 and 2
    """
    if len(centres) != len(contexts) or not len(centres):
        raise ValueError(
            f"{function}: centres and contexts must have one length, at least 1; got {len(centres)}"
            f" and {len(contexts)}"
        )


def require_tree(
    function: str,
    inputs: ArrayLike,
    nodes: ArrayLike,
    codes: list[IntArray],
    points: list[IntArray],
) -> tuple[FloatArray, FloatArray]:
    """
    >>> require_tree("hierarchical_loss", np.zeros((3, 1)), np.zeros((2, 1)), [[0]], [[0]])
    Traceback (most recent call last):
    ValueError: hierarchical_loss: codes and points must have 3 entries, ...; got 1 and 1
    """
    inputs, nodes = require_tables(function, inputs, nodes, rows=1)
    if len(codes) != len(inputs) or len(points) != len(inputs):
        raise ValueError(
            f"{function}: codes and points must have {len(inputs)} entries, one for each word; "
            f"got {len(codes)} and {len(points)}"
        )
    return inputs, nodes


def require_path(
    function: str, code: ArrayLike, path: ArrayLike, nodes: int
) -> tuple[IntArray, IntArray]:
    """
    >>> require_path("hierarchical_step", [0, 2], [1, 0], 2)
    Traceback (most recent call last):
    ValueError: hierarchical_step: code must lie from 0 to 1, got 2
    """
    (code,) = require_ids(function, 2, code=code)
    (path,) = require_ids(function, nodes, path=path)
    if len(code) != len(path):
        raise ValueError(
            f"{function}: code and path must have one length, got {len(code)} and {len(path)}"
        )
    return code, path


def require_rate(function: str, rate: float) -> None:
    """
    >>> require_rate("pair_step", -0.1)
    Traceback (most recent call last):
    ValueError: pair_step: learning_rate must be finite and not negative, got -0.1
    """
    if not 0 <= rate < np.inf:
        raise ValueError(f"{function}: learning_rate must be finite and not negative, got {rate!r}")


def require_path_shapes(
    hidden: FloatArray, nodes: FloatArray, codes: list[IntArray], points: list[IntArray]
) -> None:
    """
    >>> require_path_shapes(np.zeros(2), np.zeros((1, 3)), [[0], [1]], [[0], [0]])
    Traceback (most recent call last):
    ValueError: hierarchical_probabilities: hidden (d,), ...: got (2,), (1, 3), 2 and 2
    """
    if (
        nodes.shape != (max(len(codes) - 1, 0), *hidden.shape)
        or hidden.ndim != 1
        or len(codes) != len(points)
    ):
        raise ValueError(
            "hierarchical_probabilities: hidden (d,), nodes (V - 1, d) and V codes and points: "
            f"got {hidden.shape}, {nodes.shape}, {len(codes)} and {len(points)}"
        )
