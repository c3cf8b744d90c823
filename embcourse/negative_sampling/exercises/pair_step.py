"""The exercise `negative_sampling.pair_step`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma, tables

# At most 8 questions in turn: each a dot product of up to 6, a sigmoid, two updates; entries stay below 4.
STEP = Tolerance(operations=256, scale=4.0)


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), 0, 1, np.array([2, 3]), 0.5), label="a pair, two negatives", tolerance=STEP)
    yield Case((*tables(rng, 8, 5), 4, 7, rng.permutation(7)[:5], 0.1), label="five negatives", tolerance=STEP)
    yield Case((*tables(rng), 2, 5, np.array([3]), 1.0), label="one negative, rate 1", tolerance=STEP)
    inputs, outputs = tables(rng, dim=6)
    yield Case((inputs[:, ::2], outputs[:, ::2], 3, 3, np.array([0, 4]), 0.3), label="views with gaps",
               tolerance=STEP)
    yield Case((*tables(rng), 1, 4, np.array([2, 2, 0]), 0.8), label="a negative drawn twice", tolerance=STEP)
    yield Case((*tables(rng), 1, 4, np.array([4, 2]), 0.8), "edge", "a negative that is the target", tolerance=STEP)
    yield Case((*tables(rng), 5, 0, np.zeros(0, int), 0.8), "edge", "no negatives", tolerance=STEP)
    yield Case((*tables(rng), 0, 1, np.array([2]), 0.0), "edge", "rate 0", tolerance=STEP)
    yield Case((*tables(rng, scale=40.0), 0, 1, np.array([2, 3]), 0.5), "stability", "huge logits",
               tolerance=Tolerance(operations=256, scale=200.0))


def stepped_with(*, skip=True, error_after=False, error_only_new=False, input_inside=False, snapshot=False, sign=1.0,
                 inputs_too=True, output_sees_new_input=False, last_error=False):
    """One pair in the order of the released program, with one part replaced."""
    def solve(inputs, outputs, input, target, negatives, learning_rate):
        inputs, outputs = inputs.copy(), outputs.copy()
        old = outputs.copy()
        v = inputs[input] if input_inside else inputs[input].copy()
        error = np.zeros(inputs.shape[1])
        asked = [(target, 1)] + [(word, 0) for word in negatives if word != target or not skip]
        gradients = []
        for word, label in asked:
            row = old[word] if snapshot else outputs[word].copy()
            g = (label - sigma(v @ row)) * learning_rate * sign
            gradients.append((word, g))
            new = row + g * v
            if input_inside:
                outputs[word] += g * v
                inputs[input] += g * row
                continue
            if last_error:
                error = g * row
            else:
                error += g * (new if error_after else row)
            if not output_sees_new_input:
                outputs[word] += g * v
        if inputs_too and not input_inside:
            inputs[input] += error
        if output_sees_new_input:
            for word, g in gradients:
                outputs[word] += g * inputs[input]
        return inputs, outputs
    return solve


def step_by_lists(inputs, outputs, input, target, negatives, learning_rate):
    syn0, syn1 = inputs.tolist(), outputs.tolist()
    dim = range(len(syn0[0]))
    change = [0.0 for _ in dim]
    for k, word in enumerate([target, *negatives.tolist()]):
        if k > 0 and word == target:
            continue
        x = sum(syn0[input][c] * syn1[word][c] for c in dim)
        wrong = math.exp(-abs(x)) / (1 + math.exp(-abs(x)))                  # sigma(-|x|)
        yes = 1 - wrong if x >= 0 else wrong
        g = ((1 if k == 0 else 0) - yes) * learning_rate
        for c in dim:
            change[c] += g * syn1[word][c]
            syn1[word][c] += g * syn0[input][c]
    syn0[input] = [syn0[input][c] + change[c] for c in dim]
    return [syn0, syn1]


PAIR_STEP = Exercise(
    id="negative_sampling.pair_step", points=2,
    reference=lambda inputs, outputs, input, target, negatives, learning_rate: reference.pair_step(
        inputs, outputs, input, target, negatives, learning_rate)[1:],
    cases=step_cases,
    misconceptions=[
        Misconception("takes the input's error from rows that have already moved", stepped_with(error_after=True),
                      "Add g u to the error before you update u. The gradient belongs to the values from before the "
                      "step."),
        Misconception("moves the input row after every question", stepped_with(input_inside=True),
                      "The input row moves once, at the end. Until then every question sees the old v."),
        Misconception("moves output rows by the new input row", stepped_with(output_sees_new_input=True),
                      "u gains g times the old v; the input row moves last."),
        Misconception("trains the target as a negative too", stepped_with(skip=False),
                      "A negative that equals the target is skipped."),
        Misconception("takes every logit from the old output rows", stepped_with(snapshot=True),
                      "Here the output rows move one after the other: a word drawn twice is asked the second time with "
                      "the row that the first time left."),
        Misconception("steps uphill", stepped_with(sign=-1.0),
                      "g is (label - sigma(x)) times the learning rate, and it is added. You raise the loss."),
        Misconception("leaves the input row alone", stepped_with(inputs_too=False),
                      "Both tables learn: in the end add the error to row `input` of inputs."),
        Misconception("keeps only the last question's error", stepped_with(last_error=True),
                      "The input row gains the sum of g u over all questions."),
    ],
    alternatives=[step_by_lists, stepped_with()],
    hints=["Work on copies. Go through the target and then the negatives, in order, with label 1 and then 0.",
           "For each word: the logit from the old v and the present u; g; then error += g * u; then u += g * v.",
           "`v = inputs[input].copy()` before the loop, `inputs[input] += error` after it, and `continue` for a "
           "negative that equals the target."],
)
