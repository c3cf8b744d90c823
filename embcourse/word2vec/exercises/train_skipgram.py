"""The exercise `word2vec.train_skipgram`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import ORDINARY, tables
from embcourse.word2vec.exercises.sgd_step import stepped_with


def train_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), np.array([0, 1, 4]), np.array([2, 5, 3]), np.array([2, 0, 1]), 0.8),
               label="three steps", tolerance=ORDINARY)
    yield Case((*tables(rng, 5, 4), np.array([3, 0]), np.array([1, 2]), np.array([1, 0, 0, 1, 1, 0]), 1.0),
               label="three epochs of two pairs", tolerance=ORDINARY)
    inputs, outputs = tables(rng, 7, 6)
    yield Case((inputs[:, ::2], outputs[:, ::2], rng.integers(0, 7, 10)[::2], rng.integers(0, 7, 10)[::2],
                np.array([4, 0, 1, 0, 3, 0, 0, 0])[::2], 0.6), label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 2]), np.array([4, 2]), np.array([0, 1, 0, 0]), 0.9), "edge",
               "the same pair again", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([1]), np.array([3]), np.array([0]), 0.7), "edge", "one step",
               tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([1]), np.array([3]), np.zeros(0, int), 0.7), "edge", "no step")


def trained_reference(inputs, outputs, centres, contexts, order, learning_rate):
    losses = np.zeros(len(order))
    inputs, outputs = inputs.copy(), outputs.copy()
    for k, pair in enumerate(order):
        rate = learning_rate * (1 - k / len(order))
        losses[k], inputs, outputs = reference.sgd_step(inputs, outputs, centres[pair], contexts[pair], rate)
    return inputs, outputs, losses


def trained_with(*, decay="right", ordered=True, batch=False, loss_when="before", step=None, swapped=False,
                 one_epoch=False):
    """The trainer with one part replaced."""
    step = step or stepped_with()

    def solve(inputs, outputs, centres, contexts, order, learning_rate):
        first_inputs, first_outputs = inputs, outputs
        inputs, outputs, losses = inputs.copy(), outputs.copy(), []
        if one_epoch:
            order = order[:len(centres)]
        if swapped:
            centres, contexts = contexts, centres
        steps = len(order)
        for k, pair in enumerate(order):
            pair = pair if ordered else k % len(centres)
            c, o = centres[pair], contexts[pair]
            rate = learning_rate * {"right": 1 - k / steps, "none": 1.0, "early": 1 - (k + 1) / steps,
                                    "to zero": 1 - k / max(steps - 1, 1), "twice": (1 - k / steps) ** 2}[decay]
            old = (first_inputs, first_outputs) if batch else (inputs, outputs)
            new = step(*old, c, o, rate)
            losses.append(-reference.log_softmax((new if loss_when == "after" else old)[1]
                                                 @ (new if loss_when == "after" else old)[0][c])[o])
            inputs, outputs = (inputs + new[0] - old[0], outputs + new[1] - old[1]) if batch else new
        losses = np.array(losses, dtype=float)
        return inputs, outputs, np.cumsum(losses) / np.arange(1, steps + 1) if loss_when == "mean" else losses
    return solve


def train_in_place(inputs, outputs, centres, contexts, order, learning_rate):
    """Rows moved where they stand, in copies of the tables."""
    v, u = inputs.copy(), outputs.copy()
    losses = np.empty(len(order))
    for k in range(len(order)):
        c, o = centres[order[k]], contexts[order[k]]
        log_p = reference.log_softmax(u @ v[c])
        losses[k] = -log_p[o]
        error = np.exp(log_p)
        error[o] -= 1
        error *= learning_rate * (len(order) - k) / len(order)
        pull = error @ u
        u -= np.outer(error, v[c])
        v[c] -= pull
    return v, u, losses


TRAIN_SKIPGRAM = Exercise(
    id="word2vec.train_skipgram", points=3,
    reference=trained_reference,
    cases=train_cases,
    misconceptions=[
        Misconception("keeps the learning rate", trained_with(decay="none"),
                      "The rate falls: step k of N, counted from 0, has learning_rate (1 - k / N)."),
        Misconception("lets the rate fall a step too early", trained_with(decay="early"),
                      "Steps count from 0: the first one has the full rate, and the last one still moves."),
        Misconception("reaches rate 0 at the last step", trained_with(decay="to zero"),
                      "Divide by the number of steps, N, not N - 1: the last step has learning_rate / N."),
        Misconception("lets the rate fall on a curve", trained_with(decay="twice"),
                      "The rate falls on a straight line: multiply the first rate by 1 - k / N, once."),
        Misconception("ignores the order", trained_with(ordered=False),
                      "Step k trains pair order[k], not pair k."),
        Misconception("takes every gradient from the first tables", trained_with(batch=True),
                      "Each step starts from the tables that the step before it left."),
        Misconception("notes the loss after the step", trained_with(loss_when="after"),
                      "The loss of a step is the pair's loss just before the tables move."),
        Misconception("notes a running mean of the losses", trained_with(loss_when="mean"),
                      "losses[k] is the loss of step k alone."),
        Misconception("stops after one epoch", trained_with(one_epoch=True),
                      "`order` may be longer than the list of pairs: it holds all steps of all epochs."),
        Misconception("predicts the centre from the context", trained_with(swapped=True),
                      "The input row is the centre's; what is predicted is the context."),
        Misconception("moves the outputs by the new input row", trained_with(step=stepped_with(first="inputs")),
                      "Both gradients of a step belong to the values from before the step."),
        Misconception("steps uphill", trained_with(step=stepped_with(sign=1.0)),
                      "The gradient points to where the loss grows. Subtract it."),
    ],
    alternatives=[trained_with(), train_in_place],
    hints=["Go through `order`. For each number k and pair order[k]: the rate, the loss, one step.",
           "The loss comes from skipgram_loss with arrays of one pair, before the step; the tables from sgd_step.",
           "`rate = learning_rate * (1 - k / len(order))`, `inputs, outputs = sgd_step(inputs, outputs, c, o, rate)`. "
           "Begin with copies, so that no step at all returns copies too."],
)
