"""The exercise `word2vec.cbow_gradients`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.cbow_loss import cbow_cases, cbow_large, mean_or_sum
from embcourse.word2vec.exercises.common import (
    EXPONENTIATES_LARGE_LOGITS_AS_THEY_ARE,
    HAS_THE_WRONG_SIGN,
    LARGE_GRADIENT,
    SWAPS_THE_TWO_GRADIENTS,
    TAKES_LOGARITHMS_FOR_PROBABILITIES,
    probabilities,
)
from embcourse.word2vec.exercises.skipgram_gradients import add_up, keep_last


def cbow_gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from cbow_cases(rng)
    yield from cbow_large(rng, LARGE_GRADIENT)


def right_share(m, mean):
    return 1 / m if mean else 1.0


def all_rows(error, target):
    return error


def overwrite(table, ids, rows):
    table[ids] = rows


def target_only(error, target):
    only = np.zeros_like(error)
    only[target] = error[target]
    return only


def gradients_with(
    *,
    asked=lambda mean: mean,
    words=lambda context: context,
    softmax=probabilities,
    truth=1.0,
    count=lambda used, targets: used,
    share=right_share,
    spread=add_up,
    row=lambda target, context: context,
    moved=all_rows,
    seen=all_rows,
    pulls=lambda inputs, outputs: outputs,
    finish=lambda of_inputs, of_outputs: (of_inputs, of_outputs),
):
    """Both gradients of CBOW's loss, with one part replaced."""

    def solve(inputs, outputs, targets, contexts, mean):
        of_inputs, of_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
        mean = asked(mean)
        used = [
            (target, words(context)) for target, context in zip(targets, contexts) if len(context)
        ]
        for target, context in used:
            hidden = mean_or_sum(inputs[context], mean)
            error = softmax(outputs @ hidden)
            error[target] -= truth
            error /= count(len(used), len(targets))
            of_outputs += np.outer(moved(error, target), hidden)
            change = seen(error, target) @ pulls(inputs, outputs)
            spread(of_inputs, row(target, context), change * share(len(context), mean))
        return finish(of_inputs, of_outputs)

    return solve


def cbow_gradients_by_matrix(inputs, outputs, targets, contexts, mean):
    """h = A X, with A the shares of the words in the contexts: the gradient of X is A' times that
    of h."""
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


def cbow_gradients(inputs, outputs, targets, contexts, mean):
    return reference.cbow_gradients(inputs, outputs, targets, contexts, mean)[1:]


CBOW_GRADIENTS = Exercise(
    id="word2vec.cbow_gradients",
    points=2,
    reference=cbow_gradients,
    cases=cbow_gradient_cases,
    variant=gradients_with,
    returns=("gradient of inputs", "gradient of outputs"),
    misconceptions=[
        Misconception(
            "gives every context word the whole gradient of the mean",
            {"share": lambda m, mean: 1.0},
            "With mean=True each of the m context words has only 1/m of h, so it gets 1/m of h's"
            " gradient. (The released program leaves out the 1/m; the gradient has it.)",
        ),
        Misconception(
            "divides by m where h is a sum",
            {"share": lambda m, mean: 1 / m},
            "With mean=False each context word counts in full, and gets all of h's gradient.",
        ),
        Misconception(
            "divides by m where h is a sum, and not where it is a mean",
            {"share": lambda m, mean: 1.0 if mean else 1 / m},
            "It is the other way round: a word has 1/m of a mean, and all of a sum.",
        ),
        Misconception(
            "adds up the context where the mean is meant",
            {"asked": lambda mean: False},
            "With mean=True, h is the mean of the context's rows; its gradient has the 1/m as"
            " well.",
        ),
        Misconception(
            "averages the context where the sum is meant",
            {"asked": lambda mean: True},
            "With mean=False, h is the sum of the context's rows, and each row gets all of h's"
            " gradient.",
        ),
        Misconception(
            "keeps one occurrence of a repeated word",
            {"spread": keep_last},
            "`grad[context] += ...` writes each row once. A word that stands there twice gets twice"
            " as much: use np.add.at, or a loop.",
        ),
        Misconception(
            "counts a repeated word once",
            {"words": np.unique},
            "A word that stands in the context twice counts as two in h, and gets two shares.",
        ),
        TAKES_LOGARITHMS_FOR_PROBABILITIES,
        Misconception(
            "adds the truth",
            {"truth": -1.0},
            "The error is the prediction minus the truth: P(w | h) minus 1 at the target.",
        ),
        Misconception(
            "forgets the truth",
            {"truth": 0.0},
            "The error is P(w | h) minus 1 for the target, and P(w | h) for all others.",
        ),
        Misconception(
            "moves only the target's output row",
            {"moved": target_only},
            "Every word stands in the denominator, so every row of `outputs` has a gradient.",
        ),
        Misconception(
            "lets only the target pull at the context",
            {"seen": target_only},
            "The gradient of h sums over the whole vocabulary: the error of w times u_w, for"
            " every w.",
        ),
        Misconception(
            "pulls at the context with input rows",
            {"pulls": lambda inputs, outputs: inputs},
            "The score of w is u_w . h, so its derivative for h is u_w, a row of `outputs`.",
        ),
        Misconception(
            "counts targets without a context",
            {"count": lambda used, targets: targets},
            "A target without a context is left out of the number you divide by.",
        ),
        Misconception(
            "forgets to divide by the number of targets",
            {"count": lambda used, targets: 1},
            "The loss is a mean over the targets, so each contributes its share of the gradient.",
        ),
        HAS_THE_WRONG_SIGN,
        SWAPS_THE_TWO_GRADIENTS,
        EXPONENTIATES_LARGE_LOGITS_AS_THEY_ARE,
        Misconception(
            "overwrites the gradient of another target",
            {"spread": overwrite},
            "A word may stand in several contexts: its shares add up. Use np.add.at, or a loop.",
        ),
        Misconception(
            "moves the target's input row",
            {"row": lambda target, context: target},
            "h was made of the context's rows of `inputs`: they share its gradient, not the"
            " target's row.",
        ),
    ],
    alternatives=[cbow_gradients_by_matrix, cbow_gradients_by_loop, gradients_with()],
    hints=[
        "As for skip-gram, with h in the place of v_c. Then: how much of h is each context word?",
        (
            "The gradient of h is error @ outputs. Each context word gets 1/m of it for a mean, all"
            " of it for a sum."
        ),
        (
            "`np.add.at(grad_inputs, context, grad_hidden / len(context))` for a mean; count only"
            " targets with a context."
        ),
    ],
)
