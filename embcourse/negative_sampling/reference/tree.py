"""Hierarchical softmax: Huffman's tree, the loss along a path, and its steps."""

import numpy as np
from numpy.typing import ArrayLike

from embcourse.negative_sampling.reference.checks import (
    FloatArray,
    IntArray,
    require_counts,
    require_path,
    require_path_shapes,
    require_rate,
    require_same_length,
    require_tables,
    require_tree,
    require_word_ids,
)
from embcourse.negative_sampling.reference.logistic import log_sigmoid, sigmoid


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
    """P(w | h) of every word: the product over its path of sigma(+-n · h).

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
    """Mean over n pairs of -ln P(o | c): a sum over the path of word o of -ln sigma(+-n · v_c), +
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

    With g_j = sigma(n_j · v_c) - (1 - code_j) at node n_j of the path of o, a pair adds sum g_j n_j
    to row c of the gradient of `inputs` and g_j v_c to row j of that of `nodes`, each over n.

    The arguments and errors are those of `hierarchical_loss`.
    returns: (loss, gradient of inputs (V, d), gradient of nodes (V - 1, d)).

    >>> codes, points = huffman([2, 1])
    >>> hierarchical_gradients([[2.0], [0.0]], [[0.0]], [0], [0], codes, points)[2]
    array([[1.]])
    """
    inputs, nodes = require_tree("hierarchical_gradients", inputs, nodes, codes, points)
    centres, contexts = require_word_ids(
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

    For each node n_j of the path: g = (1 - code_j - sigma(n_j · v)) learning_rate;  error += g n_j;
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
    input = require_word_ids("hierarchical_step", len(inputs), 0, input=input)[0].item()
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
    (context_ids,) = require_word_ids(
        "cbow_hierarchical_step", len(inputs), context_ids=context_ids
    )
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
