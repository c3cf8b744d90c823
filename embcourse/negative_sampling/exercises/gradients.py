"""The exercise `negative_sampling.gradients`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import (
    LEAVES_OUT_NEGATIVES_THAT_ARE_ANY_PAIRS_CONTEXT,
    LEAVES_OUT_NEGATIVES_THAT_ARE_THE_CENTRE,
    SWAPS_THE_TWO_TABLES,
    USES_INPUTS_FOR_BOTH_ROLES,
    sigma,
    sigma_of_exp,
    sigma_to_six,
)
from embcourse.negative_sampling.exercises.loss import differs, pair_cases

# Sums of at most 30 terms of size up to 4, and a sigmoid each.
GRADIENT = Tolerance(operations=128, scale=4.0)
LARGE_GRADIENT = Tolerance(operations=128, scale=200.0)


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from pair_cases(rng, GRADIENT, LARGE_GRADIENT)


def add(table, word, row):
    table[word] += row


def overwrite(table, word, row):
    table[word] = row


def ignore(table, word, row):
    pass


def gradients_with(
    *,
    counts=differs,
    once=False,
    enter_inputs=add,
    enter_outputs=add,
    divisor=lambda n, k: n,
    sign=1.0,
    label=1.0,
    noise_label=0.0,
    error=lambda x, label: sigma(x) - label,
    cross=False,
    negatives_only=False,
    context_only=False,
    rows=lambda inputs, outputs: (inputs, outputs),
    finish=lambda grad_inputs, grad_outputs: (grad_inputs, grad_outputs),
):
    """Both gradients pair by pair, with one part replaced."""

    def solve(inputs, outputs, centres, contexts, negatives):
        first, second = rows(inputs, outputs)
        grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
        scale = sign / divisor(*negatives.shape)
        for centre, context, drawn in zip(centres, contexts, negatives):
            v, total = first[centre], np.zeros(inputs.shape[1])
            drawn = list(dict.fromkeys(drawn.tolist())) if once else drawn.tolist()
            questions = [] if negatives_only else [(context, label)]
            if not context_only:
                questions += [
                    (word, noise_label) for word in drawn if counts(word, context, centre, contexts)
                ]
            for word, wanted in questions:
                g = error(second[word] @ v, wanted) * scale
                total = total + g * second[word]
                enter_outputs(grad_outputs, word, g * (second[word] if cross else v))
            enter_inputs(grad_inputs, centre, total)
        return finish(grad_inputs, grad_outputs)

    return solve


def gradients_overwritten(inputs, outputs, centres, contexts, negatives):
    """NumPy's indexed += : of several rows for one id, the last one stays."""
    grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
    v, n = inputs[centres], len(centres)
    right = (sigma((v * outputs[contexts]).sum(axis=1)) - 1) / n
    wrong = (
        sigma((v[:, None] * outputs[negatives]).sum(axis=2)) * (negatives != contexts[:, None]) / n
    )
    grad_inputs[centres] += right[:, None] * outputs[contexts] + (
        wrong[:, :, None] * outputs[negatives]
    ).sum(axis=1)
    grad_outputs[contexts] += right[:, None] * v
    grad_outputs[negatives] += wrong[:, :, None] * v[:, None]
    return grad_inputs, grad_outputs


def gradients_by_matrices(inputs, outputs, centres, contexts, negatives):
    """A (V, V) matrix of the errors of all pairs of words; the gradients are two matrix
    products."""

    def stable(x):
        small = np.exp(-abs(x))
        return (1.0 if x >= 0 else small) / (1.0 + small)

    errors = np.zeros((len(inputs), len(outputs)))
    logits = inputs @ outputs.T
    for centre, context, drawn in zip(centres, contexts, negatives):
        errors[centre, context] -= stable(-logits[centre, context])
        for word in drawn[drawn != context]:
            errors[centre, word] += stable(logits[centre, word])
    errors /= len(centres)
    return [errors @ outputs, errors.T @ inputs]


GRADIENTS = Exercise(
    id="negative_sampling.gradients",
    points=3,
    reference=lambda inputs, outputs, centres, contexts, negatives: (
        reference.negative_sampling_gradients(inputs, outputs, centres, contexts, negatives)[1:]
    ),
    cases=gradient_cases,
    variant=gradients_with,
    returns=("gradient of inputs", "gradient of outputs"),
    misconceptions=[
        Misconception(
            "overwrites where an id comes up again",
            gradients_overwritten,
            "grad[ids] += rows keeps one row for each id. Use np.add.at(grad, ids, rows), or a"
            " loop: repeated ids must add up.",
        ),
        Misconception(
            "keeps a centre's last pair only",
            {"enter_inputs": overwrite},
            "A word that is the centre of several pairs receives the sum of all of them: +=,"
            " not =.",
        ),
        Misconception(
            "keeps an output row's last question only",
            {"enter_outputs": overwrite},
            "An output row that is asked several times receives the sum of all of them: +=, not =.",
        ),
        Misconception(
            "counts a negative that is the context",
            {"counts": lambda word, context, centre, contexts: True},
            "A negative that equals the context is left out. With it, the same row is pulled and"
            " pushed.",
        ),
        LEAVES_OUT_NEGATIVES_THAT_ARE_THE_CENTRE,
        LEAVES_OUT_NEGATIVES_THAT_ARE_ANY_PAIRS_CONTEXT,
        Misconception(
            "counts a negative that is drawn twice once",
            {"once": True},
            "Draws are with replacement. A word that is drawn twice for one pair counts twice.",
        ),
        Misconception(
            "forgets to divide by the number of pairs",
            {"divisor": lambda n, k: 1},
            "The loss is a mean over n pairs, so each gradient carries 1 / n.",
        ),
        Misconception(
            "divides by the number of questions",
            {"divisor": lambda n, k: n * (1 + k)},
            "The loss is a mean over n pairs and a sum over the questions of a pair: divide by n.",
        ),
        Misconception(
            "returns the step, not the gradient",
            {"sign": -1.0},
            "The gradient is sigma(x) - label: it points uphill. A step of training goes the other"
            " way.",
        ),
        Misconception(
            "treats the context like a negative",
            {"label": 0.0},
            "The label of the true context is 1: its error is sigma(x) - 1.",
        ),
        Misconception(
            "treats negatives like the context",
            {"noise_label": 1.0},
            "The label of a negative is 0: its error is sigma(x).",
        ),
        Misconception(
            "leaves out the negatives",
            {"context_only": True},
            "Each negative that counts adds its error to both gradients too.",
        ),
        Misconception(
            "leaves out the context",
            {"negatives_only": True},
            "The true context adds its error, sigma(x) - 1, to both gradients too.",
        ),
        Misconception(
            "takes the logit for its sigmoid",
            {"error": lambda x, label: x - label},
            "The error is sigma(x) minus the label, with the sigmoid.",
        ),
        Misconception(
            "multiplies by the derivative of the sigmoid",
            {"error": lambda x, label: (sigma(x) - label) * sigma(x) * (1 - sigma(x))},
            "That is the derivative of a squared error. With the logarithm the factor sigma(x) (1 -"
            " sigma(x)) cancels: sigma(x) - label is all.",
        ),
        Misconception(
            "gives an output row its own vector",
            {"cross": True},
            "The logit is u . v. Its derivative with respect to u is v, the input vector.",
        ),
        Misconception(
            "returns only the gradient of inputs",
            {"enter_outputs": ignore},
            "Both tables have a gradient: the error times v goes to the row of each word that is"
            " asked.",
        ),
        Misconception(
            "returns only the gradient of outputs",
            {"enter_inputs": ignore},
            "Both tables have a gradient: the error times u, summed over the questions, goes to the"
            " centre.",
        ),
        USES_INPUTS_FOR_BOTH_ROLES,
        SWAPS_THE_TWO_TABLES,
        Misconception(
            "returns the gradients in the wrong order",
            {"finish": lambda grad_inputs, grad_outputs: (grad_outputs, grad_inputs)},
            "First the gradient of `inputs`, then that of `outputs`.",
        ),
        Misconception(
            "takes the sigmoid as 0 or 1 beyond a logit of 6",
            {"error": lambda x, label: sigma_to_six(x) - label},
            "The released program does so, to save time. Here the sigmoid is exact: at a logit of"
            " 20 a right answer still has an error of 2e-9.",
        ),
        Misconception(
            "computes exp(x) / (1 + exp(x))",
            {"error": lambda x, label: sigma_of_exp(x) - label},
            "exp(x) overflows for logits above 709, and infinite / infinite is NaN. `sigmoid`, in"
            " the first cell, takes exp(-|x|) instead.",
        ),
    ],
    alternatives=[gradients_by_matrices, gradients_with()],
    hints=[
        (
            "Each question has an error: sigma(x) - 1 for the context, sigma(x) for a negative,"
            " both divided by n."
        ),
        (
            "The error times u goes to the centre's row of grad_inputs; the error times v goes to"
            " the row of that u."
        ),
        (
            "Two loops, over pairs and over their negatives, are fine: grad_outputs[word] += error"
            " * v. Skip a negative that equals the context."
        ),
    ],
)
