"""The exercise `word2vec.train_skipgram`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import ORDINARY, gapped, gappy_tables, small_tables, tables
from embcourse.word2vec.exercises.sgd_step import a_rate, stepped_with


def train_cases(rng: np.random.Generator) -> Iterator[Case]:
    # Never the order 0, 1, 2 ...: the last pair comes first.
    centres, contexts = rng.permutation(3), rng.permutation(3)
    yield Case(
        (*small_tables(rng), centres, contexts, np.array([2, *rng.permutation(2)]), a_rate(rng)),
        label="three steps",
        tolerance=ORDINARY,
    )
    for label in ("epochs of three pairs", "a pair that is never trained"):
        order = np.concatenate([[2, *rng.permutation(2)] for _ in range(int(rng.integers(2, 4)))])
        order = order[order != 1] if label.startswith("a pair") else order
        yield Case(
            (
                *tables(rng, 6, 4),
                rng.permutation(6)[:3],
                rng.permutation(6)[:3],
                order,
                a_rate(rng),
            ),
            label=label,
            tolerance=ORDINARY,
        )
    order = np.array([4, *rng.integers(0, 5, int(rng.integers(3, 6)))])
    yield Case(
        (
            *gappy_tables(rng),
            gapped(rng.permutation(7)[:5]),
            gapped(rng.permutation(7)[:5]),
            gapped(order),
            a_rate(rng),
        ),
        label="views with gaps",
        tolerance=ORDINARY,
    )
    a, b = rng.permutation(6)[:2]
    yield Case(
        (
            *tables(rng),
            np.array([a, a]),
            np.array([b, a]),
            np.array([1, *rng.permutation([0, 0, 1])]),
            a_rate(rng),
        ),
        "edge",
        "the same pair again",
        tolerance=ORDINARY,
    )
    yield Case(
        (*tables(rng), np.array([a]), np.array([b]), np.array([0]), a_rate(rng)),
        "edge",
        "one step",
        tolerance=ORDINARY,
    )
    yield Case(
        (*tables(rng), np.array([a, b]), np.array([b, a]), np.zeros(0, int), a_rate(rng)),
        "edge",
        "no step",
    )


def train_skipgram(inputs, outputs, centres, contexts, order, learning_rate):
    losses = np.zeros(len(order))
    inputs, outputs = inputs.copy(), outputs.copy()
    for k, pair in enumerate(order):
        rate = learning_rate * (1 - k / len(order))
        losses[k], inputs, outputs = reference.sgd_step(
            inputs, outputs, centres[pair], contexts[pair], rate
        )
    return inputs, outputs, losses


def line(k, steps, pairs):
    return 1 - k / steps


def loss_of(tables, c, o):
    return -reference.log_softmax(tables[1] @ tables[0][c])[o]


def trained_with(
    *,
    decay=line,
    pair_of=lambda order, k, pairs: order[k],
    steps_of=lambda order, pairs: order,
    start_of=lambda first, now: now,
    noted="before",
    step=stepped_with(),
    pair=lambda centres, contexts: (centres, contexts),
    note=lambda losses: losses,
    finish=lambda inputs, outputs, losses: (inputs, outputs, losses),
):
    """The trainer with one part replaced."""

    def solve(inputs, outputs, centres, contexts, order, learning_rate):
        first = now = inputs.copy(), outputs.copy()
        losses = []
        centres, contexts = pair(centres, contexts)
        order = steps_of(order, len(centres))
        for k in range(len(order)):
            row = pair_of(order, k, len(centres))
            c, o = centres[row], contexts[row]
            old = start_of(first, now)
            new = step(*old, c, o, learning_rate * decay(k, len(order), len(centres)))
            losses.append(loss_of({"before": old, "after": new, "first": first}[noted], c, o))
            now = tuple(one + after - before for one, after, before in zip(now, new, old))
        return finish(*now, note(np.array(losses, dtype=float)))

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


def running_mean(losses):
    return np.cumsum(losses) / np.arange(1, len(losses) + 1)


TRAIN_SKIPGRAM = Exercise(
    id="word2vec.train_skipgram",
    points=3,
    reference=train_skipgram,
    cases=train_cases,
    variant=trained_with,
    returns=("new inputs", "new outputs", "losses"),
    misconceptions=[
        Misconception(
            "keeps the learning rate",
            {"decay": lambda k, steps, pairs: 1.0},
            "The rate falls: step k of N, counted from 0, has learning_rate (1 - k / N).",
        ),
        Misconception(
            "lets the rate fall a step too early",
            {"decay": lambda k, steps, pairs: 1 - (k + 1) / steps},
            "Steps count from 0: the first one has the full rate, and the last one still moves.",
        ),
        Misconception(
            "reaches rate 0 at the last step",
            {"decay": lambda k, steps, pairs: 1 - k / max(steps - 1, 1)},
            "Divide by the number of steps, N, not N - 1: the last step has learning_rate / N.",
        ),
        Misconception(
            "lets the rate fall on a curve",
            {"decay": lambda k, steps, pairs: (1 - k / steps) ** 2},
            "The rate falls on a straight line: multiply the first rate by 1 - k / N, once.",
        ),
        Misconception(
            "starts the rate anew with each round of the pairs",
            {"decay": lambda k, steps, pairs: 1 - k % pairs / pairs},
            "There is one line over all steps: N is the length of `order`, not the number of"
            " pairs.",
        ),
        Misconception(
            "takes the number of pairs for the number of steps",
            {"decay": lambda k, steps, pairs: 1 - k / pairs},
            "N is the number of steps, the length of `order`, which may list a pair often or never."
            " With the number of pairs the rate can fall below 0.",
        ),
        Misconception(
            "ignores the order",
            {"pair_of": lambda order, k, pairs: k % pairs},
            "Step k trains pair order[k], not pair k.",
        ),
        Misconception(
            "stops after one epoch",
            {"steps_of": lambda order, pairs: order[:pairs]},
            "`order` may be longer than the list of pairs: it holds all steps of all epochs.",
        ),
        Misconception(
            "trains each pair once",
            {"steps_of": lambda order, pairs: np.unique(order)},
            "`order` says how often, and when, each pair is trained.",
        ),
        Misconception(
            "takes every gradient from the first tables",
            {"start_of": lambda first, now: first},
            "Each step starts from the tables that the step before it left.",
        ),
        Misconception(
            "notes the loss after the step",
            {"noted": "after"},
            "The loss of a step is the pair's loss just before the tables move.",
        ),
        Misconception(
            "notes a running mean of the losses",
            {"note": running_mean},
            "losses[k] is the loss of step k alone.",
        ),
        Misconception(
            "adds up the losses",
            {"note": np.cumsum},
            "losses[k] is the loss of step k alone, not of all steps so far.",
        ),
        Misconception(
            "predicts the centre from the context",
            {"pair": lambda centres, contexts: (contexts, centres)},
            "The input row is the centre's; what is predicted is the context.",
        ),
        Misconception(
            "hands centre and context to the step the wrong way round",
            {
                "step": lambda inputs, outputs, c, o, rate: stepped_with()(
                    inputs, outputs, o, c, rate
                )
            },
            "The losses are of the right pairs, but the steps move the context's input row. The"
            " centre comes first.",
        ),
        Misconception(
            "moves the outputs by the new input row",
            {"step": stepped_with(first="inputs")},
            "Both gradients of a step belong to the tables from before the step.",
        ),
        Misconception(
            "moves the input row by the new outputs",
            {"step": stepped_with(first="outputs")},
            "Both gradients of a step belong to the tables from before the step.",
        ),
        Misconception(
            "steps uphill",
            {"step": stepped_with(sign=1.0)},
            "The gradient points to where the loss grows. Subtract it.",
        ),
        Misconception(
            "swaps the two tables",
            {"finish": lambda inputs, outputs, losses: (outputs, inputs, losses)},
            "The new `inputs` come first.",
        ),
        Misconception(
            "takes all losses from the first tables",
            {"noted": "first"},
            "The loss of a step is that of the tables that the step before it left.",
        ),
        Misconception(
            "lowers the lowered rate again",
            {"decay": lambda k, steps, pairs: np.prod(1 - np.arange(k + 1) / steps)},
            "The factor 1 - k / N belongs to the first rate, not to the rate of the step before.",
        ),
        Misconception(
            "divides the rate by the number of the step",
            {"decay": lambda k, steps, pairs: 1 / (1 + k)},
            "The rate falls on a straight line: multiply the first rate by 1 - k / N.",
        ),
        Misconception(
            "divides by one step too many",
            {"decay": lambda k, steps, pairs: 1 - k / (steps + 1)},
            "Divide by the number of steps, N: the length of `order`.",
        ),
    ],
    alternatives=[train_in_place, trained_with()],
    hints=[
        "Go through `order`. For each number k and pair order[k]: the rate, the loss, one step.",
        (
            "The loss comes from skipgram_loss with arrays of one pair, before the step; the tables"
            " from sgd_step."
        ),
        (
            "`rate = learning_rate * (1 - k / len(order))`, `inputs, outputs = sgd_step(inputs,"
            " outputs, c, o, rate)`. Begin with copies, so that no step at all returns copies too."
        ),
    ],
)
