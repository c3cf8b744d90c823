"""The exercise `word2vec.cbow_gradients`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.cbow_loss import cbow_cases, cbow_large, cbow_with
from embcourse.word2vec.exercises.common import LARGE_GRADIENT, probabilities


def cbow_gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from cbow_cases(rng)
    yield cbow_large(rng, LARGE_GRADIENT)


def cbow_gradients_by_matrix(inputs, outputs, targets, contexts, mean):
    """h = A X, with A the shares of the words in the contexts: the gradient of X is A' times that of h."""
    used = [i for i, context in enumerate(contexts) if len(context)]
    shares = np.zeros((len(used), len(inputs)))
    for row, i in enumerate(used):
        for word in contexts[i]:
            shares[row, word] += 1 / len(contexts[i]) if mean else 1
    hidden = shares @ inputs
    error = probabilities(hidden @ outputs.T)
    error[np.arange(len(used)), targets[used]] -= 1
    error /= len(used)
    return shares.T @ (error @ outputs), error.T @ hidden


def cbow_gradients_by_loop(inputs, outputs, targets, contexts, mean):
    pairs = [(target, context) for target, context in zip(targets, contexts) if len(context)]
    of_inputs, of_outputs = np.zeros_like(inputs), np.zeros_like(outputs)
    for target, context in pairs:
        share = 1 / len(context) if mean else 1
        hidden = share * sum(inputs[word] for word in context)
        p = probabilities(outputs @ hidden)
        for word in context:
            of_inputs[word] += share * (p @ outputs - outputs[target]) / len(pairs)
        for word in range(len(outputs)):
            of_outputs[word] += (p[word] - (word == target)) * hidden / len(pairs)
    return of_inputs, of_outputs


def cbow_gradient_with(**changes):
    return cbow_with(what="gradients", **changes)


CBOW_GRADIENTS = Exercise(
    id="word2vec.cbow_gradients", points=2,
    reference=lambda *args: reference.cbow_gradients(*args)[1:],
    cases=cbow_gradient_cases,
    misconceptions=[
        Misconception("gives every context word the whole gradient of the mean", cbow_gradient_with(share="never"),
                      "With mean=True each of the m context words has only 1/m of h, so it gets 1/m of h's gradient. "
                      "(The released program leaves out the 1/m; the gradient has it.)"),
        Misconception("divides by m where h is a sum", cbow_gradient_with(share="always"),
                      "With mean=False each context word counts in full, and gets all of h's gradient."),
        Misconception("adds up the context where the mean is meant", cbow_gradient_with(always=False),
                      "With mean=True, h is the mean of the context's rows; its gradient has the 1/m as well."),
        Misconception("keeps one occurrence of a repeated word", cbow_gradient_with(duplicates="one"),
                      "`grad[context] += ...` writes each row once. A word that stands there twice gets twice as much: "
                      "use np.add.at, or a loop."),
        Misconception("forgets the truth", cbow_gradient_with(truth=False),
                      "The error is P(w | context) minus 1 for the target, and P(w | context) for all others."),
        Misconception("moves only the target's output row", cbow_gradient_with(rows="target"),
                      "Every word stands in the denominator, so every row of `outputs` has a gradient."),
        Misconception("counts targets without a context", cbow_gradient_with(counted="all"),
                      "A target without a context is left out of the number you divide by."),
        Misconception("forgets to divide by the number of targets", cbow_gradient_with(average=False),
                      "The loss is a mean over the targets, so each contributes its share of the gradient."),
        Misconception("exponentiates large logits as they are", cbow_gradient_with(naive=True),
                      "exp overflows above 709. Use your log_softmax, and np.exp of that."),
    ],
    alternatives=[cbow_gradients_by_matrix, cbow_gradients_by_loop],
    hints=["As for skip-gram, with h in the place of v_c. Then: how much of h is each context word?",
           "The gradient of h is error @ outputs. Each context word gets 1/m of it for a mean, all of it for a sum.",
           "`np.add.at(grad_inputs, context, grad_hidden / len(context))` for a mean; count only targets with a "
           "context."],
)
