"""The exercise `negative_sampling.gradients`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma
from embcourse.negative_sampling.exercises.loss import pair_cases

# Sums of at most 30 terms of size up to 4, and a sigmoid each.
GRADIENT = Tolerance(operations=128, scale=4.0)
LARGE_GRADIENT = Tolerance(operations=128, scale=200.0)


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from pair_cases(rng, GRADIENT, LARGE_GRADIENT)


def gradients_with(
    *, skip=True, accumulate=True, per_pair=True, sign=1.0, label=1.0, noise_label=0.0, swapped=False, cross=False,
    negatives_once=False,
):
    """Both gradients pair by pair, with one part replaced."""
    def solve(inputs, outputs, centres, contexts, negatives):
        grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)

        def enter(table, word, row):
            table[word] = table[word] + row if accumulate else row

        scale = sign / (len(centres) if per_pair else 1)
        for centre, context, drawn in zip(centres, contexts, negatives):
            v = inputs[centre]
            g = (sigma(v @ outputs[context]) - label) * scale
            total = g * outputs[context]
            enter(grad_outputs, context, g * (outputs[context] if cross else v))
            for word in (sorted(set(drawn.tolist())) if negatives_once else drawn):
                if word == context and skip:
                    continue
                g = (sigma(v @ outputs[word]) - noise_label) * scale
                total = total + g * outputs[word]
                enter(grad_outputs, word, g * (outputs[word] if cross else v))
            enter(grad_inputs, centre, total)
        return (grad_outputs, grad_inputs) if swapped else (grad_inputs, grad_outputs)
    return solve


def gradients_overwritten(inputs, outputs, centres, contexts, negatives):
    """NumPy's indexed += : of several rows for one id, the last one stays."""
    grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
    v, n = inputs[centres], len(centres)
    right = (sigma((v * outputs[contexts]).sum(axis=1)) - 1) / n
    wrong = sigma((v[:, None] * outputs[negatives]).sum(axis=2)) * (negatives != contexts[:, None]) / n
    grad_inputs[centres] += right[:, None] * outputs[contexts] + (wrong[:, :, None] * outputs[negatives]).sum(axis=1)
    grad_outputs[contexts] += right[:, None] * v
    grad_outputs[negatives] += wrong[:, :, None] * v[:, None]
    return grad_inputs, grad_outputs


def gradients_by_matrices(inputs, outputs, centres, contexts, negatives):
    """A (V, V) matrix of the errors of all pairs of words; the gradients are two matrix products."""
    errors = np.zeros((len(inputs), len(outputs)))
    logits = inputs @ outputs.T
    for centre, context, drawn in zip(centres, contexts, negatives):
        errors[centre, context] += sigma(logits[centre, context]) - 1
        for word in drawn[drawn != context]:
            errors[centre, word] += sigma(logits[centre, word])
    errors /= len(centres)
    return [errors @ outputs, errors.T @ inputs]


GRADIENTS = Exercise(
    id="negative_sampling.gradients", points=3,
    reference=lambda inputs, outputs, centres, contexts, negatives: reference.negative_sampling_gradients(
        inputs, outputs, centres, contexts, negatives)[1:],
    cases=gradient_cases,
    misconceptions=[
        Misconception("overwrites where an id comes up again", gradients_overwritten,
                      "grad[ids] += rows keeps one row for each id. Use np.add.at(grad, ids, rows), or a loop: "
                      "repeated ids must add up."),
        Misconception("counts a target that was drawn as a negative twice", gradients_with(skip=False),
                      "A negative that equals the context is left out. With it, the same row is pulled and pushed."),
        Misconception("forgets to divide by the number of pairs", gradients_with(per_pair=False),
                      "The loss is a mean over n pairs, so each gradient carries 1 / n."),
        Misconception("returns the step, not the gradient", gradients_with(sign=-1.0),
                      "The gradient is sigma(x) - label: it points uphill. A step of training goes the other way."),
        Misconception("treats the context like a negative", gradients_with(label=0.0),
                      "The label of the true context is 1: its error is sigma(x) - 1."),
        Misconception("treats negatives like the context", gradients_with(noise_label=1.0),
                      "The label of a negative is 0: its error is sigma(x)."),
        Misconception("returns the gradients in the wrong order", gradients_with(swapped=True),
                      "First the gradient of `inputs`, then that of `outputs`."),
        Misconception("gives an output row its own vector", gradients_with(cross=True),
                      "The logit is u . v. Its derivative with respect to u is v, the input vector."),
        Misconception("counts a negative that is drawn twice once", gradients_with(negatives_once=True),
                      "Draws are with replacement. A word that is drawn twice for one pair counts twice."),
    ],
    alternatives=[gradients_with(), gradients_by_matrices],
    hints=["Each question has an error: sigma(x) - 1 for the context, sigma(x) for a negative, both divided by n.",
           "The error times u goes to the centre's row of grad_inputs; the error times v goes to the row of that u.",
           "Two loops, over pairs and over their negatives, are fine: grad_outputs[word] += error * v. Skip a negative "
           "that equals the context."],
)
