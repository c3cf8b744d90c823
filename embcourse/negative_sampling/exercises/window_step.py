"""The exercise `negative_sampling.window_step`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma, tables
from embcourse.negative_sampling.exercises.pair_step import STEP


def window_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), np.array([0, 5]), 1, np.array([2, 3]), 0.5), label="two contexts", tolerance=STEP)
    yield Case((*tables(rng, 9, 4), np.array([0, 5, 8, 3]), 1, np.array([2, 7, 4]), 0.2), label="four contexts",
               tolerance=STEP)
    inputs, outputs = tables(rng, dim=6)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([4, 2, 0]), 3, np.array([1]), 0.4), label="views with gaps",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([4, 2, 4]), 1, np.array([3, 0]), 0.5), label="a word twice in the window",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([4, 2]), 1, np.array([3, 0, 3]), 0.5), label="a negative drawn twice",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([4, 2]), 1, np.array([1, 3]), 0.5), "edge", "a negative that is the target",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([3]), 1, np.zeros(0, int), 0.5), "edge", "one context, no negatives",
               tolerance=STEP)
    yield Case((*tables(rng), np.zeros(0, int), 1, np.array([2]), 0.5), "edge", "no context", tolerance=STEP)


def window_with(*, skip=True, accumulate=True, mean=False, second_sees_first=False, sign=1.0):
    """The block of a window, with one part replaced."""
    def solve(inputs, outputs, context_ids, target, negatives, learning_rate):
        inputs, outputs = inputs.copy(), outputs.copy()
        words = np.array([target] + [word for word in negatives if word != target or not skip], dtype=int)
        context_ids = np.asarray(context_ids, dtype=int)
        labels = (np.arange(len(words)) == 0).astype(float)
        a, b = inputs[context_ids], outputs[words]
        g = (labels - sigma(a @ b.T)) * learning_rate * sign
        if mean and len(context_ids):
            g /= len(context_ids)

        def enter(table, ids, rows):
            if accumulate:
                np.add.at(table, ids, rows)
            else:
                table[ids] += rows

        enter(inputs, context_ids, g @ b)
        enter(outputs, words, g.T @ (inputs[context_ids] if second_sees_first else a))
        return inputs, outputs
    return solve


def window_pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate):
    for word in context_ids:
        _, inputs, outputs = reference.pair_step(inputs, outputs, word, target, negatives, learning_rate)
    return inputs, outputs


def window_as_cbow(inputs, outputs, context_ids, target, negatives, learning_rate):
    return reference.cbow_step(inputs, outputs, context_ids, target, negatives, learning_rate)[1:]


def window_by_loops(inputs, outputs, context_ids, target, negatives, learning_rate):
    new_inputs, new_outputs = inputs.copy(), outputs.copy()
    for context in context_ids:
        for k, word in enumerate([target, *negatives]):
            if k and word == target:
                continue
            g = (float(k == 0) - sigma(np.dot(inputs[context], outputs[word]))) * learning_rate
            new_inputs[context] += g * outputs[word]
            new_outputs[word] += g * inputs[context]
    return new_inputs, new_outputs


WINDOW_STEP = Exercise(
    id="negative_sampling.window_step", points=2,
    reference=lambda inputs, outputs, context_ids, target, negatives, learning_rate: reference.window_step(
        inputs, outputs, context_ids, target, negatives, learning_rate)[1:],
    cases=window_cases,
    misconceptions=[
        Misconception("overwrites where a word comes up again", window_with(accumulate=False),
                      "table[ids] += rows keeps one row for each id. A word that stands twice in the window, or is "
                      "drawn twice, gains both: np.add.at."),
        Misconception("counts shared negatives that equal the target", window_with(skip=False),
                      "Leave out negatives that equal the target, for the whole window."),
        Misconception("trains pair after pair", window_pair_after_pair,
                      "In a window all logits come from the same old rows. Update the tables once, at the end."),
        Misconception("moves output rows by the new input rows", window_with(second_sees_first=True),
                      "Both updates use the rows from before the step. Keep them aside before you change a table."),
        Misconception("takes the mean over the window", window_with(mean=True),
                      "Each pair of the window counts in full, as if it were trained by itself: a sum, not a mean."),
        Misconception("steps uphill", window_with(sign=-1.0),
                      "G is (labels - sigma(logits)) times the learning rate, and its products are added."),
        Misconception("trains the mean of the context rows", window_as_cbow,
                      "That is CBOW. In skip-gram each context row answers the questions by itself."),
    ],
    alternatives=[window_by_loops, window_with()],
    hints=["Two small blocks of rows: A for the contexts, B for the target and the negatives that count.",
           "G = (labels - sigma(A B^T)) * learning_rate, with labels [1, 0, 0, ...] for the columns.",
           "np.add.at(inputs, context_ids, G @ B) and np.add.at(outputs, words, G.T @ A), on copies of the tables."],
)
