"""The exercise `word2vec.cbow_loss`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import LARGE, ORDINARY, large_tables, tables


def cbow_cases(rng: np.random.Generator) -> Iterator[Case]:
    def contexts(*lengths, size=6):
        return [rng.permutation(size)[:length] for length in lengths]

    yield Case((*tables(rng), np.array([0, 3]), contexts(3, 2), True), label="mean, two targets", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([1, 4, 2]), contexts(4, 2, 3), False), label="sum, three targets",
               tolerance=ORDINARY)
    inputs, outputs = tables(rng, 8, 6)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([5, 0, 7, 0, 5, 0])[::2], contexts(4, 1, 3, size=8), True),
               label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 5]), [np.array([1, 1, 3, 1]), np.array([0, 1])], True),
               label="a word three times", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 5]), [np.array([4, 4]), np.array([0, 4, 1])], False), "edge",
               "a word twice, summed", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 0, 5]), [np.array([1, 3]), np.zeros(0, int), np.array([4, 0, 2])], True),
               "edge", "a target without a context", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([3]), [np.array([3, 1])], True), "edge", "the target in its own context",
               tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([4]), [np.array([2])], True), "edge", "one word", tolerance=ORDINARY)


def cbow_large(rng: np.random.Generator, tolerance: Tolerance) -> Case:
    """Logits of thousands."""
    return Case((*large_tables(rng), np.array([0, 3]), [np.array([1]), np.array([2, 5])], True), "stability",
                "logits of thousands", tolerance=tolerance)


def cbow_loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from cbow_cases(rng)
    yield cbow_large(rng, LARGE)
    yield Case((*tables(rng), np.array([1]), [np.zeros(0, int)], True), "errors", "no target with a context",
               raises=ValueError)


def cbow_with(*, what="loss", always=None, distinct=False, counted="used", swapped=False, naive=False, one_by_one=False,
              share="right", truth=True, duplicates="added", rows="all", average=True, one_table=False):
    """Loss or gradients of CBOW with one part replaced."""
    def solve(inputs, outputs, targets, contexts, mean):
        if swapped:
            inputs, outputs = outputs, inputs
        if one_table:
            outputs = inputs
        mean = mean if always is None else always
        used = [(t, np.unique(c) if distinct else c) for t, c in zip(targets, contexts) if len(c)]
        if not used:
            raise ValueError("no target with a context")
        count = (len(used) if counted == "used" else len(targets)) if average else 1
        loss, grad_inputs, grad_outputs = 0.0, np.zeros(inputs.shape), np.zeros(outputs.shape)
        for target, context in used:
            hidden = inputs[context].mean(axis=0) if mean else inputs[context].sum(axis=0)
            if one_by_one:
                loss -= np.mean([reference.log_softmax(outputs @ inputs[c])[target] for c in context]) / count
                continue
            logits = outputs @ hidden
            with np.errstate(all="ignore"):
                top = 0.0 if naive else logits.max()
                total = np.exp(logits - top).sum()
                loss -= (logits[target] - top - np.log(total)) / count
                error = np.exp(logits - top) / total
            if truth:
                error[target] -= 1.0
            error /= count
            if rows == "target":
                grad_outputs[target] += error[target] * hidden
            else:
                grad_outputs += np.outer(error, hidden)
            change = error @ outputs
            divide = {"right": mean, "never": False, "always": True}[share]
            change = change / len(context) if divide else change
            if duplicates == "added":
                np.add.at(grad_inputs, context, change)
            else:
                grad_inputs[context] += change
        return float(loss) if what == "loss" else (grad_inputs, grad_outputs)
    return solve


def cbow_loss_by_matrix(inputs, outputs, targets, contexts, mean):
    """All hidden vectors from one matrix of counts."""
    counts = np.array([np.bincount(np.asarray(c, dtype=int), minlength=len(inputs)) for c in contexts], dtype=float)
    used = counts.sum(axis=1) > 0
    if not used.any():
        raise ValueError("at least one target needs a context")
    counts = counts[used]
    hidden = (counts / counts.sum(axis=1, keepdims=True) if mean else counts) @ inputs
    logits = hidden @ outputs.T
    right = logits[np.arange(len(logits)), targets[used]]
    return np.mean(np.logaddexp.reduce(logits, axis=1) - right)


def cbow_loss_by_loop(inputs, outputs, targets, contexts, mean):
    losses = []
    for target, context in zip(targets, contexts):
        if len(context) == 0:
            continue
        hidden = sum(inputs[word] for word in context) / (len(context) if mean else 1)
        losses.append(-reference.log_softmax(outputs @ hidden)[target])
    if not losses:
        raise ValueError("at least one target needs a context")
    return sum(losses) / len(losses)


CBOW_LOSS = Exercise(
    id="word2vec.cbow_loss", points=1,
    reference=reference.cbow_loss,
    cases=cbow_loss_cases,
    misconceptions=[
        Misconception("adds up the context where the mean is meant", cbow_with(always=False),
                      "With mean=True, h is the mean of the context's rows, as your cbow_hidden returns it."),
        Misconception("averages the context where the sum is meant", cbow_with(always=True),
                      "With mean=False, h is the sum. Pass `mean` on to cbow_hidden."),
        Misconception("counts a repeated word once", cbow_with(distinct=True),
                      "A word that stands in the context twice is added twice, and counts as two in the mean."),
        Misconception("counts targets without a context", cbow_with(counted="all"),
                      "A target without a context is left out: of the sum, and of the number you divide by."),
        Misconception("adds up the targets' losses", cbow_with(average=False),
                      "Divide by the number of targets that have a context: the loss is a mean."),
        Misconception("swaps the two tables", cbow_with(swapped=True),
                      "The context is read in `inputs`; the target is predicted in `outputs`."),
        Misconception("uses one table for both roles", cbow_with(one_table=True),
                      "The target and its rivals are rows of `outputs`."),
        Misconception("predicts from one context word at a time", cbow_with(one_by_one=True),
                      "That is skip-gram turned round. CBOW first joins the context to one vector h, then predicts "
                      "once."),
        Misconception("exponentiates large logits as they are", cbow_with(naive=True),
                      "exp overflows above 709. Use your log_softmax."),
    ],
    alternatives=[cbow_loss_by_matrix, cbow_loss_by_loop],
    hints=["One target at a time: h from cbow_hidden, V logits, one log-probability.",
           "The logits are outputs @ h. Skip a target whose context is empty, and don't count it.",
           "Collect `-log_softmax(outputs @ cbow_hidden(inputs, context, mean))[target]` in a list; raise if it stays "
           "empty; return its mean."],
)
