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
    gappy_tables,
    large_tables,
    naive_softmax,
    probabilities,
    small_tables,
    tables,
)
from embcourse.word2vec.exercises.skipgram_gradients import gradients_by_one_hot


def a_rate(rng: np.random.Generator) -> float:
    """A learning rate that is not 1, nor near a half."""
    return float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]))


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    a, b, _ = (int(word) for word in rng.permutation(3))
    yield Case((*small_tables(rng), a, b, a_rate(rng)), label="three words", tolerance=ORDINARY)
    words = int(rng.integers(6, 10))
    a, b, *_ = (int(word) for word in rng.permutation(words))
    yield Case(
        (*tables(rng, words, int(rng.integers(3, 6))), a, b, a_rate(rng)),
        label="more words",
        tolerance=ORDINARY,
    )
    a, b, *_ = (int(word) for word in rng.permutation(7))
    yield Case(
        (*gappy_tables(rng), a, b, 1.0 + a_rate(rng)), label="views with gaps", tolerance=ORDINARY
    )
    a, b, *_ = (int(word) for word in rng.permutation(6))
    yield Case(
        (*tables(rng), a, a, a_rate(rng)), "edge", "a word beside itself", tolerance=ORDINARY
    )
    yield Case((*tables(rng), a, b, 0.0), "edge", "rate 0", tolerance=ORDINARY)
    yield Case(
        (*tables(rng, 1, 3), 0, 0, a_rate(rng)),
        "edge",
        "a vocabulary of one word",
        tolerance=ORDINARY,
    )
    inputs, outputs, order = large_tables(rng)
    yield Case(
        (inputs, outputs, int(order[0]), int(order[2]), a_rate(rng)),
        "stability",
        "logits of thousands",
        tolerance=LARGE_GRADIENT,
    )


def stepped_with(
    *,
    softmax=probabilities,
    truth=1.0,
    first="neither",
    rate=lambda rate: rate,
    sign=-1.0,
    rows="all",
    again=False,
    pair=lambda centre, context: (centre, context),
    inputs_too=True,
    outputs_too=True,
    moved="centre",
    finish=lambda old, new: new,
):
    """One step with one part replaced; first: the table that moves before the other's gradient is
    taken; again:
    with a new forward pass.
    """

    def solve(inputs, outputs, centre, context, learning_rate):
        new_inputs, new_outputs = inputs.copy(), outputs.copy()
        centre, context = pair(centre, context)

        def error_of(inputs, outputs):
            error = softmax(outputs @ inputs[centre])
            error[context] -= truth
            return error

        error = error_of(inputs, outputs)
        size = sign * rate(learning_rate)
        change_inputs = size * (error @ outputs)
        change_outputs = size * np.outer(error, inputs[centre])
        if first == "inputs":
            old = inputs.copy()
            old[centre] += change_inputs
            change_outputs = size * np.outer(
                error_of(old, outputs) if again else error, old[centre]
            )
        if first == "outputs":
            old = outputs + change_outputs
            change_inputs = size * ((error_of(inputs, old) if again else error) @ old)
        if inputs_too:
            new_inputs[centre if moved == "centre" else context] += change_inputs
        if outputs_too:
            if rows == "all":
                new_outputs += change_outputs
            else:
                new_outputs[context] += change_outputs[context]
        return finish((inputs, outputs), (new_inputs, new_outputs))

    return solve


def step_by_gradients(inputs, outputs, centre, context, learning_rate):
    of_inputs, of_outputs = gradients_by_one_hot(
        inputs, outputs, np.array([centre]), np.array([context])
    )
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


def sgd_step(inputs, outputs, centre, context, learning_rate):
    return reference.sgd_step(inputs, outputs, centre, context, learning_rate)[1:]


SGD_STEP = Exercise(
    id="word2vec.sgd_step",
    points=2,
    reference=sgd_step,
    cases=step_cases,
    variant=stepped_with,
    returns=("new inputs", "new outputs"),
    misconceptions=[
        Misconception(
            "moves the outputs by the new input row",
            {"first": "inputs"},
            "Both gradients belong to the tables from before the step. Compute both, then move"
            " both.",
        ),
        Misconception(
            "moves the input row by the new outputs",
            {"first": "outputs"},
            "Both gradients belong to the tables from before the step. Compute both, then move"
            " both.",
        ),
        Misconception(
            "steps uphill",
            {"sign": 1.0},
            "The gradient points to where the loss grows. Subtract it.",
        ),
        Misconception(
            "ignores the learning rate",
            {"rate": lambda rate: 1.0},
            "Subtract learning_rate times the gradient, not the gradient.",
        ),
        Misconception(
            "divides by the learning rate",
            {"rate": lambda rate: 1.0 / rate if rate else 0.0},
            "Subtract learning_rate times the gradient: a smaller rate makes a smaller step.",
        ),
        Misconception(
            "forgets the truth",
            {"truth": 0.0},
            "The error is P(w | c) minus 1 for the context, and P(w | c) for all others. Subtract"
            " the 1.",
        ),
        Misconception(
            "moves only the context's output row",
            {"rows": "target"},
            "With the full softmax every row of `outputs` moves, each by its own error.",
        ),
        Misconception(
            "leaves the input row alone",
            {"inputs_too": False},
            "Both tables learn: the centre's row of `inputs` moves too.",
        ),
        Misconception(
            "leaves the output rows alone",
            {"outputs_too": False},
            "Both tables learn: the rows of `outputs` move too.",
        ),
        Misconception(
            "moves the context's input row",
            {"moved": "context"},
            "The input row that took part is the centre's.",
        ),
        Misconception(
            "returns the changes, not the tables",
            {"finish": lambda old, new: (new[0] - old[0], new[1] - old[1])},
            "Asked are the tables after the step: the old ones plus the change.",
        ),
        Misconception(
            "swaps the two tables",
            {"finish": lambda old, new: (new[1], new[0])},
            "The new `inputs` come first.",
        ),
        Misconception(
            "exponentiates large logits as they are",
            {"softmax": naive_softmax},
            "exp overflows above 709. Use your gradients from above, or your log_softmax.",
        ),
        Misconception(
            "runs forward again after the inputs have moved",
            {"first": "inputs", "again": True},
            "Both gradients belong to the tables from before the step. Take both from one call,"
            " then move both.",
        ),
        Misconception(
            "runs forward again after the outputs have moved",
            {"first": "outputs", "again": True},
            "Both gradients belong to the tables from before the step. Take both from one call,"
            " then move both.",
        ),
        Misconception(
            "returns the gradients",
            {
                "sign": 1.0,
                "rate": lambda rate: 1.0,
                "finish": lambda old, new: (new[0] - old[0], new[1] - old[1]),
            },
            "Asked are the tables after the step: the old ones minus learning_rate times the "
            "gradients.",
        ),
        Misconception(
            "predicts the centre from the context",
            {"pair": lambda centre, context: (context, centre)},
            "The input row is the centre's; what is predicted is the context.",
        ),
    ],
    alternatives=[step_by_gradients, step_by_lists, stepped_with()],
    hints=[
        "A single pair is a batch of one: your gradients from the exercise before will do.",
        "Take both gradients first, from the tables as they came. Then make the new tables.",
        (
            "`grad_inputs, grad_outputs = skipgram_gradients(inputs, outputs, np.array([centre]),"
            " np.array([context]))`, and return each table minus learning_rate times its gradient."
        ),
    ],
)
