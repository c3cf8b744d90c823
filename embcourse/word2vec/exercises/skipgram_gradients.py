"""The exercise `word2vec.skipgram_gradients`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import (
    EXPONENTIATES_LARGE_LOGITS_AS_THEY_ARE,
    HAS_THE_WRONG_SIGN,
    LARGE_GRADIENT,
    SWAPS_THE_TWO_GRADIENTS,
    TAKES_LOGARITHMS_FOR_PROBABILITIES,
    probabilities,
)
from embcourse.word2vec.exercises.skipgram_loss import large_pairs, skipgram_cases


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from skipgram_cases(rng)
    yield large_pairs(rng, LARGE_GRADIENT)


def minus_truth(p, centres, contexts):
    p[np.arange(len(contexts)), contexts] -= 1.0
    return p


def plus_truth(p, centres, contexts):
    p[np.arange(len(contexts)), contexts] += 1.0
    return p


def minus_truth_at_the_centre(p, centres, contexts):
    p[np.arange(len(centres)), centres] -= 1.0
    return p


def minus_truth_everywhere(p, centres, contexts):
    p[:, contexts] -= 1.0
    return p


def contexts_only(error, contexts):
    """The errors of the pairs' own contexts, 0 elsewhere."""
    only = np.zeros_like(error)
    pairs = np.arange(len(contexts))
    only[pairs, contexts] = error[pairs, contexts]
    return only


def softmax_over_pairs(logits):
    return probabilities(logits.T).T


def sigmoid(logits):
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-logits))


def add_up(table, ids, rows):
    np.add.at(table, ids, rows)


def keep_last(table, ids, rows):
    table[ids] += rows


def gradients_with(
    *,
    softmax=probabilities,
    compare=minus_truth,
    count=lambda centres, inputs: len(centres),
    seen=lambda error, contexts: error,
    pulls=lambda error, inputs, outputs: error @ outputs,
    spread=add_up,
    row=lambda centres, contexts: centres,
    moved=lambda error, contexts: error,
    pushes=lambda inputs, outputs, centres, contexts: inputs[centres],
    finish=lambda of_inputs, of_outputs: (of_inputs, of_outputs),
):
    """Both gradients of the skip-gram loss, with one part replaced."""

    def solve(inputs, outputs, centres, contexts):
        error = compare(softmax(inputs[centres] @ outputs.T), centres, contexts) / count(
            centres, inputs
        )
        of_inputs = np.zeros(inputs.shape)
        spread(of_inputs, row(centres, contexts), pulls(seen(error, contexts), inputs, outputs))
        return finish(
            of_inputs, moved(error, contexts).T @ pushes(inputs, outputs, centres, contexts)
        )

    return solve


def gradients_by_pairs(inputs, outputs, centres, contexts):
    grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
    for c, o in zip(centres, contexts):
        p = probabilities(outputs @ inputs[c])
        grad_inputs[c] += (p @ outputs - outputs[o]) / len(centres)
        grad_outputs += np.outer(p, inputs[c]) / len(centres)
        grad_outputs[o] -= inputs[c] / len(centres)
    return grad_inputs, grad_outputs


def gradients_by_one_hot(inputs, outputs, centres, contexts):
    """Rows picked and gradients spread by matrices of ones and zeros."""
    words = np.eye(len(inputs))
    centre, context = words[centres], words[contexts]
    error = (probabilities(centre @ inputs @ outputs.T) - context) / len(centres)
    return centre.T @ error @ outputs, error.T @ centre @ inputs


def skipgram_gradients(inputs, outputs, centres, contexts):
    return reference.skipgram_gradients(inputs, outputs, centres, contexts)[1:]


SKIPGRAM_GRADIENTS = Exercise(
    id="word2vec.skipgram_gradients",
    points=3,
    reference=skipgram_gradients,
    cases=gradient_cases,
    variant=gradients_with,
    returns=("gradient of inputs", "gradient of outputs"),
    misconceptions=[
        Misconception(
            "keeps one pair of a word that stands in several",
            {"spread": keep_last},
            "`grad[centres] += ...` writes each row once, even where a word stands in `centres`"
            " several times. Use np.add.at, or a loop.",
        ),
        TAKES_LOGARITHMS_FOR_PROBABILITIES,
        Misconception(
            "forgets the truth",
            {"compare": lambda p, centres, contexts: p},
            "The error is P(w | c) minus 1 for the context, and P(w | c) for all others. Subtract"
            " the 1.",
        ),
        Misconception(
            "adds the truth",
            {"compare": plus_truth},
            "The error is the prediction minus the truth: P(w | c) minus 1 at the context.",
        ),
        Misconception(
            "subtracts the 1 at the centre",
            {"compare": minus_truth_at_the_centre},
            "What came is the context: the 1 is subtracted in its column, not in the centre's.",
        ),
        Misconception(
            "subtracts the 1 of all contexts in every row",
            {"compare": minus_truth_everywhere},
            "Pair i has one context: subtract the 1 in row i at that word. A slice beside an array"
            " of ids picks those columns in every row.",
        ),
        Misconception(
            "moves only the contexts' output rows",
            {"moved": contexts_only},
            "Every word stands in the denominator, so every row of `outputs` has a gradient: e_w"
            " v_c.",
        ),
        Misconception(
            "lets only the context pull at the centre",
            {"seen": contexts_only},
            "The centre's gradient sums over the whole vocabulary: the error of w times u_w, for"
            " every w.",
        ),
        Misconception(
            "pulls at the centre with input rows",
            {"pulls": lambda error, inputs, outputs: error @ inputs},
            "The score of w is u_w . v_c, so its derivative for v_c is u_w, a row of `outputs`.",
        ),
        Misconception(
            "pushes the outputs with output rows",
            {"pushes": lambda inputs, outputs, centres, contexts: outputs[centres]},
            "The score of w is u_w . v_c, so its derivative for u_w is v_c, a row of `inputs`.",
        ),
        Misconception(
            "pushes the outputs with the contexts' rows",
            {"pushes": lambda inputs, outputs, centres, contexts: inputs[contexts]},
            "The vector that predicted is the centre's: the gradient of every u_w is a multiple of"
            " v_c.",
        ),
        Misconception(
            "forgets to divide by the number of pairs",
            {"count": lambda centres, inputs: 1},
            "The loss is a mean over n pairs, so each pair contributes 1/n of its gradient.",
        ),
        Misconception(
            "divides by the vocabulary",
            {"count": lambda centres, inputs: len(inputs)},
            "The loss is a mean over the pairs: divide by how many pairs there are, not words.",
        ),
        HAS_THE_WRONG_SIGN,
        SWAPS_THE_TWO_GRADIENTS,
        EXPONENTIATES_LARGE_LOGITS_AS_THEY_ARE,
        Misconception(
            "moves the context in the input table",
            {"row": lambda centres, contexts: contexts},
            "The input row that took part is the centre's: add its gradient in that row.",
        ),
        Misconception(
            "normalises over the pairs",
            {"softmax": softmax_over_pairs},
            "Each pair has a softmax of its own, over the words of the vocabulary: the last axis.",
        ),
        Misconception(
            "takes a sigmoid for the softmax",
            {"softmax": sigmoid},
            "That is the error of negative sampling. Here the probabilities of all words add up to"
            " 1: take the softmax.",
        ),
        Misconception(
            "takes logits for probabilities",
            {"softmax": np.copy},
            "The error is made of probabilities: the softmax of the products, minus 1 at the"
            " context.",
        ),
    ],
    alternatives=[gradients_by_one_hot, gradients_by_pairs, gradients_with()],
    hints=[
        "Do it for one pair first: the error (V numbers) is P(w | c), minus 1 at the context.",
        (
            "One pair: v_c gets error @ outputs, u_w gets error[w] v_c for every w. Divide by n,"
            " and add up over the pairs."
        ),
        (
            "`error` has shape (n, V). `np.add.at(grad_inputs, centres, error @ outputs)` and "
            "`grad_outputs = error.T @ inputs[centres]`."
        ),
    ],
)
