"""The exercise `word2vec.sgd_step`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import (
    LARGE_GRADIENT,
    ORDINARY,
    large_tables,
    probabilities,
    tables,
)
from embcourse.word2vec.exercises.skipgram_gradients import gradients_by_one_hot


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), 0, 1, 0.5), label="a pair", tolerance=ORDINARY)
    yield Case((*tables(rng, 8, 5), 6, 2, 1.0), label="rate 1", tolerance=ORDINARY)
    inputs, outputs = tables(rng, dim=6)
    yield Case((inputs[:, ::2], outputs[:, ::2], 4, 3, 0.8), label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng), 2, 2, 0.7), "edge", "a word beside itself", tolerance=ORDINARY)
    yield Case((*tables(rng), 5, 0, 0.0), "edge", "rate 0", tolerance=ORDINARY)
    yield Case((*tables(rng, 1, 3), 0, 0, 0.5), "edge", "a vocabulary of one word", tolerance=ORDINARY)
    yield Case((*large_tables(rng), 1, 4, 0.5), "stability", "logits of thousands",
               tolerance=LARGE_GRADIENT)


def stepped_with(*, first="none", sign=-1.0, rows="all", inputs_too=True, outputs_too=True, moved="centre",
                 naive=False):
    """One step with one part replaced; first: the table that moves before the other's gradient is taken."""
    def solve(inputs, outputs, centre, context, learning_rate):
        new_inputs, new_outputs = inputs.copy(), outputs.copy()
        logits = outputs @ inputs[centre]
        with np.errstate(all="ignore"):
            error = np.exp(logits) / np.exp(logits).sum() if naive else probabilities(logits)
        error[context] -= 1.0
        change_inputs = sign * learning_rate * (error @ outputs)
        change_outputs = sign * learning_rate * np.outer(error, inputs[centre])
        if first == "inputs":
            change_outputs = sign * learning_rate * np.outer(error, inputs[centre] + change_inputs)
        if first == "outputs":
            change_inputs = sign * learning_rate * (error @ (outputs + change_outputs))
        if inputs_too:
            new_inputs[centre if moved == "centre" else context] += change_inputs
        if outputs_too:
            if rows == "all":
                new_outputs += change_outputs
            else:
                new_outputs[context] += change_outputs[context]
        return new_inputs, new_outputs
    return solve


def step_by_gradients(inputs, outputs, centre, context, learning_rate):
    of_inputs, of_outputs = gradients_by_one_hot(inputs, outputs, np.array([centre]), np.array([context]))
    return inputs - learning_rate * of_inputs, outputs - learning_rate * of_outputs


def step_by_lists(inputs, outputs, centre, context, learning_rate):
    v, u = inputs.tolist(), outputs.tolist()
    old = list(v[centre])
    logits = [math.fsum(a * b for a, b in zip(row, old)) for row in u]
    top = max(logits)
    total = math.fsum(math.exp(x - top) for x in logits)
    for w, x in enumerate(logits):
        g = learning_rate * (float(w == context) - math.exp(x - top) / total)
        for k, a in enumerate(old):
            v[centre][k] += g * u[w][k]
            u[w][k] += g * a
    return v, u


SGD_STEP = Exercise(
    id="word2vec.sgd_step", points=2,
    reference=lambda *args: reference.sgd_step(*args)[1:],
    cases=step_cases,
    misconceptions=[
        Misconception("moves the outputs by the new input row", stepped_with(first="inputs"),
                      "Both gradients belong to the values from before the step. Compute both, then move both."),
        Misconception("moves the input row by the new outputs", stepped_with(first="outputs"),
                      "Both gradients belong to the values from before the step. Compute both, then move both."),
        Misconception("steps uphill", stepped_with(sign=1.0),
                      "The gradient points to where the loss grows. Subtract it."),
        Misconception("moves only the context's output row", stepped_with(rows="target"),
                      "With the full softmax every row of `outputs` moves, each by its own error."),
        Misconception("leaves the input row alone", stepped_with(inputs_too=False),
                      "Both tables learn: the centre's row of `inputs` moves too."),
        Misconception("leaves the output rows alone", stepped_with(outputs_too=False),
                      "Both tables learn: the rows of `outputs` move too."),
        Misconception("moves the context's input row", stepped_with(moved="context"),
                      "The input row that took part is the centre's."),
        Misconception("exponentiates large logits as they are", stepped_with(naive=True),
                      "exp overflows above 709. Use your gradients from above, or your log_softmax."),
    ],
    alternatives=[step_by_gradients, step_by_lists],
    hints=["A single pair is a batch of one: your gradients from the exercise before will do.",
           "Take both gradients first, from the tables as they came. Then make the new tables.",
           "`grad_inputs, grad_outputs = skipgram_gradients(inputs, outputs, np.array([centre]), np.array([context]))`"
           ", and return each table minus learning_rate times its gradient."],
)
