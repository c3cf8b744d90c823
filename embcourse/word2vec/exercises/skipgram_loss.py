"""The exercise `word2vec.skipgram_loss`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import LARGE, ORDINARY, large_tables, tables


def skipgram_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), np.array([0, 1, 4]), np.array([2, 5, 3])), label="three pairs", tolerance=ORDINARY)
    yield Case((*tables(rng, 9, 5), rng.integers(0, 9, 12), rng.integers(0, 9, 12)), label="twelve pairs",
               tolerance=ORDINARY)
    inputs, outputs = tables(rng, 7, 6)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([5, 0, 1, 0, 2, 0])[::2], np.array([3, 0, 6, 0, 4, 0])[::2]),
               label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng, 5, 4), np.array([2, 2, 2, 0]), np.array([1, 1, 3, 3])), label="the same words again",
               tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([3]), np.array([1])), "edge", "one pair", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([3, 1]), np.array([3, 2])), "edge", "a word beside itself", tolerance=ORDINARY)
    yield Case((*tables(rng, 1, 2), np.array([0, 0]), np.array([0, 0])), "edge", "a vocabulary of one word",
               tolerance=ORDINARY)
    yield Case((*tables(rng, 8, 1), np.array([7, 0]), np.array([0, 6])), "edge", "one dimension", tolerance=ORDINARY)


def large_pairs(rng: np.random.Generator, tolerance: Tolerance) -> Case:
    """Logits of thousands: the softmax is all but a yes or no."""
    return Case((*large_tables(rng), np.array([0, 3, 5]), np.array([1, 2, 4])), "stability", "logits of thousands",
                tolerance=tolerance)


def loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from skipgram_cases(rng)
    yield Case((np.zeros((4, 2)), np.zeros((4, 2)), np.array([0, 1]), np.array([2, 3])), "edge", "all vectors 0",
               tolerance=ORDINARY)
    yield large_pairs(rng, LARGE)
    none = np.zeros(0, int)
    yield Case((*tables(rng), none, none), "errors", "no pairs", raises=ValueError)


def loss_with(*, table="two", average=True, swapped=False, naive=False, log=np.log, sign=-1.0, others=False,
              over_pairs=False, checked=True):
    """The skip-gram loss with one part replaced."""
    def solve(inputs, outputs, centres, contexts):
        if checked and len(centres) == 0:
            raise ValueError("no pairs")
        if table == "swapped":
            inputs, outputs = outputs, inputs
        elif table != "two":
            inputs = outputs = inputs if table == "inputs" else outputs
        if swapped:
            centres, contexts = contexts, centres
        logits = inputs[centres] @ outputs.T
        axis = 0 if over_pairs else -1
        pairs = np.arange(len(centres))
        with np.errstate(all="ignore"):
            top = 0.0 if naive else logits.max(axis=axis, keepdims=True)
            powers = np.exp(logits - top)
            if others:
                powers[pairs, contexts] = 0.0
            log_p = (logits - top - log(powers.sum(axis=axis, keepdims=True)))[pairs, contexts]
        return sign * float(log_p.mean() if average else log_p.sum())
    return solve


def loss_by_pairs(inputs, outputs, centres, contexts):
    if not len(centres):
        raise ValueError("there must be at least one pair")
    total = 0.0
    for c, o in zip(centres.tolist(), contexts.tolist()):
        logits = [math.fsum(a * b for a, b in zip(u, inputs[c].tolist())) for u in outputs.tolist()]
        top = max(logits)
        total += top + math.log(math.fsum(math.exp(x - top) for x in logits)) - logits[o]
    return total / len(centres)


def loss_by_logaddexp(inputs, outputs, centres, contexts):
    if centres.size == 0:
        raise ValueError("there must be at least one pair")
    every = np.logaddexp.reduce(inputs @ outputs.T, axis=1)
    return np.mean(every[centres] - np.einsum("nd,nd->n", inputs[centres], outputs[contexts]))


SKIPGRAM_LOSS = Exercise(
    id="word2vec.skipgram_loss", points=2,
    reference=reference.skipgram_loss,
    cases=loss_cases,
    misconceptions=[
        Misconception("uses one table for both roles", loss_with(table="inputs"),
                      "A word has two vectors. The centre's is a row of `inputs`, those of the words that are "
                      "predicted are rows of `outputs`."),
        Misconception("uses the output table for both roles", loss_with(table="outputs"),
                      "A word has two vectors. The centre's is a row of `inputs`, not of `outputs`."),
        Misconception("swaps the two tables", loss_with(table="swapped"),
                      "The centre is read in `inputs`; what is predicted stands in `outputs`."),
        Misconception("predicts the centre from the context", loss_with(swapped=True),
                      "Skip-gram predicts the context from the centre: v belongs to the centre, the target is the "
                      "context."),
        Misconception("adds up where the mean is asked", loss_with(average=False),
                      "Divide by the number of pairs: the loss is a mean."),
        Misconception("exponentiates large logits as they are", loss_with(naive=True),
                      "exp overflows above 709. Use your log_softmax."),
        Misconception("has the wrong sign", loss_with(sign=1.0),
                      "The loss is minus the log-probability; it is never negative."),
        Misconception("leaves the context out of the sum", loss_with(others=True),
                      "The sum in the denominator runs over the whole vocabulary, the context included."),
        Misconception("normalises over the pairs", loss_with(over_pairs=True),
                      "Each pair has a softmax of its own, over the words of the vocabulary: the last axis of "
                      "inputs[centres] @ outputs.T."),
        Misconception("returns nan for no pairs", loss_with(checked=False),
                      "The mean of nothing is not a number. Raise a ValueError when there is no pair."),
    ],
    alternatives=[loss_by_pairs, loss_by_logaddexp],
    hints=["For each pair, the logits are the products of v_c with all V output rows.",
           "inputs[centres] @ outputs.T has shape (n, V). Its log-softmax at the contexts is what you need.",
           "`log_softmax(inputs[centres] @ outputs.T)[np.arange(len(centres)), contexts]`, averaged, with a minus."],
)
