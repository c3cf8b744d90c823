"""The exercise `word2vec.skipgram_gradients`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import LARGE_GRADIENT, probabilities
from embcourse.word2vec.exercises.skipgram_loss import large_pairs, skipgram_cases


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from skipgram_cases(rng)
    yield large_pairs(rng, LARGE_GRADIENT)


def gradients_with(*, average=True, truth=True, duplicates="added", rows="all", sign=1.0, naive=False, seen="all",
                   swapped=False):
    """Both gradients of the skip-gram loss, with one part replaced."""
    def solve(inputs, outputs, centres, contexts):
        pairs = np.arange(len(centres))
        logits = inputs[centres] @ outputs.T
        with np.errstate(all="ignore"):
            error = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) if naive else probabilities(logits)
        if truth:
            error[pairs, contexts] -= 1.0
        error *= sign / (len(centres) if average else 1)
        target = np.zeros_like(error)
        target[pairs, contexts] = error[pairs, contexts]
        of_inputs = (target if seen == "target" else error) @ outputs
        grad_inputs = np.zeros_like(inputs)
        if duplicates == "added":
            np.add.at(grad_inputs, centres, of_inputs)
        else:
            grad_inputs[centres] += of_inputs
        grad_outputs = (target if rows == "target" else error).T @ inputs[centres]
        return (grad_outputs, grad_inputs) if swapped else (grad_inputs, grad_outputs)
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


SKIPGRAM_GRADIENTS = Exercise(
    id="word2vec.skipgram_gradients", points=3,
    reference=lambda *args: reference.skipgram_gradients(*args)[1:],
    cases=gradient_cases,
    misconceptions=[
        Misconception("keeps one pair of a word that stands in several", gradients_with(duplicates="one"),
                      "`grad[centres] += ...` writes each row once, even where a word stands in `centres` several "
                      "times. Use np.add.at, or a loop."),
        Misconception("forgets the truth", gradients_with(truth=False),
                      "The error is P(w | c) minus 1 for the context, and P(w | c) for all others. Subtract the 1."),
        Misconception("moves only the context's output row", gradients_with(rows="target"),
                      "Every word stands in the denominator, so every row of `outputs` has a gradient: P(w | c) v_c "
                      "for the words that are not the context."),
        Misconception("lets only the context pull at the centre", gradients_with(seen="target"),
                      "The centre's gradient sums over the whole vocabulary: e_w u_w for every word w."),
        Misconception("forgets to divide by the number of pairs", gradients_with(average=False),
                      "The loss is a mean over n pairs, so each pair contributes 1/n of its gradient."),
        Misconception("has the wrong sign", gradients_with(sign=-1.0),
                      "The error is the prediction minus the truth. Yours points downhill; the gradient uphill."),
        Misconception("swaps the two gradients", gradients_with(swapped=True),
                      "The gradient of `inputs` comes first."),
        Misconception("exponentiates large logits as they are", gradients_with(naive=True),
                      "exp overflows above 709. Use your log_softmax, and np.exp of that."),
    ],
    alternatives=[gradients_by_pairs, gradients_by_one_hot],
    hints=["Do it for one pair first: the error e (V numbers) is P(w | c), minus 1 at the context.",
           "One pair: v_c gets e @ outputs, u_w gets e[w] v_c for every w. Divide by n, and add up over the pairs.",
           "`error` has shape (n, V). `np.add.at(grad_inputs, centres, error @ outputs)` and "
           "`grad_outputs = error.T @ inputs[centres]`."],
)
