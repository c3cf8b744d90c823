"""The exercise `negative_sampling.pair_step`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import (
    CUTS_THE_SIGMOID_AT_6,
    DIVIDES_EXP_BY_ONE_PLUS_EXP,
    RATES,
    RETURNS_THE_TABLES_IN_THE_WRONG_ORDER,
    sigma,
    small_tables,
    sure_tables,
    tables,
)

# At most 8 questions in turn: each a dot product of up to 6, a sigmoid, two updates; entries stay
# below 4.
STEP = Tolerance(operations=256, scale=4.0)
# Rows of a logit of 1,500 are up to 1,500 in size.
SURE_STEP = Tolerance(operations=256, scale=2000.0)
TABLES = ("new inputs", "new outputs")


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    def rate() -> float:
        return float(rng.choice(RATES))

    input, target, *negatives = rng.permutation(4).tolist()
    yield Case(
        (*small_tables(rng), input, target, np.array(negatives), rate()),
        label="a pair, two negatives",
        tolerance=STEP,
    )
    input, target, *others = rng.permutation(8).tolist()
    yield Case(
        (*tables(rng, 8, 5), input, target, rng.permutation([input, *others[:4]]), rate()),
        label="five negatives, one of them the input",
        tolerance=STEP,
    )
    input, target, other = rng.choice(6, 3, replace=False).tolist()
    yield Case(
        (*tables(rng), input, target, np.array([other]), float(rng.integers(11, 20) / 10)),
        label="one negative, a rate above 1",
        tolerance=STEP,
    )
    inputs, outputs = tables(rng, dim=6)
    word, *others = rng.permutation(6).tolist()
    yield Case(
        (inputs[:, ::2], outputs[:, ::2], word, word, np.repeat(others[:2], 2)[::2], rate()),
        label="views with gaps, a word beside itself",
        tolerance=STEP,
    )
    input, target, twice, once = rng.choice(6, 4, replace=False).tolist()
    yield Case(
        (*tables(rng), input, target, rng.permutation([twice, twice, once]), rate()),
        label="a negative drawn twice",
        tolerance=STEP,
    )
    input, target, first, last = rng.permutation(4).tolist()
    yield Case(
        (*small_tables(rng), input, target, np.array([first, target, last]), rate()),
        "edge",
        "a negative that is the target",
        tolerance=STEP,
    )
    input, target = rng.choice(6, 2, replace=False).tolist()
    yield Case(
        (*tables(rng), input, target, np.full(rng.integers(2, 4), target), rate()),
        "edge",
        "every negative is the target",
        tolerance=STEP,
    )
    yield Case(
        (*tables(rng), input, target, np.zeros(0, int), rate()),
        "edge",
        "no negatives",
        tolerance=STEP,
    )
    yield Case(
        (*tables(rng), input, target, np.array([input]), 0.0), "edge", "rate 0", tolerance=STEP
    )
    for label, low, high in (("logits of 7 to 9", 7, 9), ("logits of 800 to 1,500", 800, 1500)):
        input, target, one, other, *_ = rng.permutation(6).tolist()
        logits = dict(
            zip([target, one, other], rng.uniform(low, high, 3) * [rng.choice([-1, 1]), 1, -1])
        )
        yield Case(
            (
                *sure_tables(rng, input, logits),
                input,
                target,
                rng.permutation([one, other]),
                rate(),
            ),
            "stability",
            label,
            tolerance=STEP if high < 10 else SURE_STEP,
        )


def stepped_with(
    *,
    skip=lambda word, target, input: word == target,
    stop=False,
    once=False,
    sigmoid=sigma,
    sign=1.0,
    labels=(1.0, 0.0),
    rate=lambda rate, questions: rate,
    error_rows="old",
    input_inside=False,
    logits_from="present",
    output_sees="old",
    keep_error="sum",
    roles=lambda input, target: (input, target),
    move=("inputs", "outputs"),
    finish=lambda inputs, outputs: (inputs, outputs),
):
    """One pair in the order of the released program, with one part replaced."""

    def solve(inputs, outputs, input, target, negatives, learning_rate):
        input, target = roles(input, target)
        inputs, outputs = inputs.copy(), outputs.copy()
        start = outputs.copy()
        v = inputs[input] if input_inside else inputs[input].copy()
        error = np.zeros(inputs.shape[1])
        asked = [(target, labels[0])]
        for word in dict.fromkeys(negatives.tolist()) if once else negatives:
            if skip(word, target, input):
                if stop:
                    break
                continue
            asked.append((word, labels[1]))
        eta, steps = rate(learning_rate, len(asked)), []
        for word, label in asked:
            row = start[word] if logits_from == "start" else outputs[word].copy()
            g = (label - sigmoid(v @ row)) * eta * sign
            steps.append((word, g))
            change = g * (row + g * v if error_rows == "new" else row)
            if input_inside == "first":
                inputs[input] += change
                outputs[word] += g * v
            elif input_inside:
                outputs[word] += g * v
                inputs[input] += change
            if input_inside:
                continue
            error = change if keep_error == "last" else error + change
            if output_sees == "old" and "outputs" in move:
                outputs[word] += g * v
        if "inputs" in move and not input_inside:
            inputs[input] += error
        if output_sees == "new":
            for word, g in steps:
                outputs[word] += g * inputs[input]
        return finish(inputs, outputs)

    return solve


def stepped_beyond_six_skipped(inputs, outputs, input, target, negatives, learning_rate):
    """gensim's way: a question with a logit beyond 6 is left out."""
    v = inputs[input]
    sure = np.abs(outputs @ v) > 6
    inputs, outputs = inputs.copy(), outputs.copy()
    error = np.zeros(len(v))
    for k, word in enumerate([target, *negatives]):
        if not (k and word == target) and not sure[word]:
            g = ((k == 0) - sigma(v @ outputs[word])) * learning_rate
            error += g * outputs[word]
            outputs[word] += g * v
    inputs[input] += error
    return inputs, outputs


def step_by_lists(inputs, outputs, input, target, negatives, learning_rate):
    syn0, syn1 = inputs.tolist(), outputs.tolist()
    dim = range(len(syn0[0]))
    change = [0.0 for _ in dim]
    for k, word in enumerate([target, *negatives.tolist()]):
        if k > 0 and word == target:
            continue
        x = sum(syn0[input][c] * syn1[word][c] for c in dim)
        wrong = math.exp(-abs(x)) / (1 + math.exp(-abs(x)))  # sigma(-|x|)
        yes = 1 - wrong if x >= 0 else wrong
        g = ((1 if k == 0 else 0) - yes) * learning_rate
        for c in dim:
            change[c] += g * syn1[word][c]
            syn1[word][c] += g * syn0[input][c]
    syn0[input] = [syn0[input][c] + change[c] for c in dim]
    return [syn0, syn1]


PAIR_STEP = Exercise(
    id="negative_sampling.pair_step",
    points=2,
    reference=lambda inputs, outputs, input, target, negatives, learning_rate: reference.pair_step(
        inputs, outputs, input, target, negatives, learning_rate
    )[1:],
    cases=step_cases,
    variant=stepped_with,
    returns=TABLES,
    misconceptions=[
        Misconception(
            "takes the input's error from rows that have already moved",
            {"error_rows": "new"},
            "Add g u to the error before you update u. The gradient belongs to the values from"
            " before the step.",
        ),
        Misconception(
            "moves the input row after every question",
            {"input_inside": True},
            "The input row moves once, at the end. Until then every question sees the old v.",
        ),
        Misconception(
            "moves the input row in every question, before the output row",
            {"input_inside": "first"},
            "The input row moves once, at the end. Until then every question sees the old v, and"
            " every output row gains g times the old v. A row of an array changes with the array:"
            " take a copy of it.",
        ),
        Misconception(
            "moves output rows by the new input row",
            {"output_sees": "new"},
            "u gains g times the old v; the input row moves last.",
        ),
        Misconception(
            "trains the target as a negative too",
            {"skip": lambda word, target, input: False},
            "A negative that equals the target is skipped.",
        ),
        Misconception(
            "skips negatives that equal the input",
            {"skip": lambda word, target, input: word in (target, input)},
            "Only a negative that equals the target is skipped. The input word may be a negative:"
            " its output row is another row than v.",
        ),
        Misconception(
            "skips the input instead of the target",
            {"skip": lambda word, target, input: word == input},
            "The negative to be skipped is the one that equals the target: it can't be the right"
            " answer and a wrong one.",
        ),
        Misconception(
            "stops at a negative that is the target",
            {"stop": True},
            "Only that one negative is left out. The negatives after it are trained.",
        ),
        Misconception(
            "trains a negative that is drawn twice once",
            {"once": True},
            "Draws are with replacement: a word that is drawn twice is asked twice, the second time"
            " with its new row.",
        ),
        Misconception(
            "takes every logit from the old output rows",
            {"logits_from": "start"},
            "Here the output rows move one after the other: a word drawn twice is asked the second"
            " time with the row that the first time left.",
        ),
        Misconception(
            "steps uphill",
            {"sign": -1.0},
            "g is (label - sigma(x)) times the learning rate, and it is added. You raise the loss.",
        ),
        Misconception(
            "ignores the learning rate",
            {"rate": lambda rate, questions: 1.0},
            "g is (label - sigma(x)) times the learning rate.",
        ),
        Misconception(
            "multiplies by the learning rate twice",
            {"rate": lambda rate, questions: rate**2},
            "g holds the learning rate already: neither update multiplies by it again.",
        ),
        Misconception(
            "takes the mean over the questions",
            {"rate": lambda rate, questions: rate / questions},
            "Every question counts in full: the updates are a sum, not a mean.",
        ),
        Misconception(
            "gives negatives the label 1",
            {"labels": (1.0, 1.0)},
            "The right answer for a negative is no: its label is 0.",
        ),
        Misconception(
            "gives the target the label 0",
            {"labels": (0.0, 0.0)},
            "The right answer for the target is yes: its label is 1.",
        ),
        Misconception(
            "gives negatives the label -1",
            {"labels": (1.0, -1.0)},
            "The sigmoid lies between 0 and 1, and so do the labels: a negative has 0.",
        ),
        Misconception(
            "swaps the rows of input and target",
            {"roles": lambda input, target: (target, input)},
            "v is row `input` of `inputs`, and the first u is row `target` of `outputs`.",
        ),
        Misconception(
            "swaps the two tables",
            lambda inputs, outputs, input, target, negatives, learning_rate: stepped_with(
                finish=lambda one, other: (other, one)
            )(outputs, inputs, input, target, negatives, learning_rate),
            "v is a row of `inputs`; the target and the negatives have their rows in `outputs`.",
        ),
        Misconception(
            "leaves the input row alone",
            {"move": ("outputs",)},
            "Both tables learn: in the end add the error to row `input` of inputs.",
        ),
        Misconception(
            "leaves the output rows alone",
            {"move": ("inputs",)},
            "Both tables learn: each output row that is asked gains g v.",
        ),
        Misconception(
            "keeps only the last question's error",
            {"keep_error": "last"},
            "The input row gains the sum of g u over all questions.",
        ),
        RETURNS_THE_TABLES_IN_THE_WRONG_ORDER,
        CUTS_THE_SIGMOID_AT_6,
        Misconception(
            "leaves out questions with a logit beyond 6",
            stepped_beyond_six_skipped,
            "gensim does so. Here every question moves the rows, most of all a sure answer that is"
            " wrong.",
        ),
        DIVIDES_EXP_BY_ONE_PLUS_EXP,
    ],
    alternatives=[step_by_lists, stepped_with()],
    hints=[
        (
            "Work on copies. Go through the target and then the negatives, in order, with label 1"
            " and then 0."
        ),
        (
            "For each word: the logit from the old v and the present u; g; then error += g * u;"
            " then u += g * v."
        ),
        (
            "`v = inputs[input].copy()` before the loop, `inputs[input] += error` after it, and"
            " `continue` for a negative that equals the target."
        ),
    ],
)
