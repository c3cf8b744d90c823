"""The exercise `negative_sampling.window_step`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
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
from embcourse.negative_sampling.exercises.pair_step import STEP, SURE_STEP, TABLES


def window_cases(rng: np.random.Generator) -> Iterator[Case]:
    def rate() -> float:
        return float(rng.choice(RATES))

    def words(count: int, size: int = 6) -> list[int]:
        return rng.choice(size, count, replace=False).tolist()

    one, other, target, negative = words(4, 4)
    yield Case(
        (*small_tables(rng), np.array([one, other]), target, np.array([negative]), rate()),
        label="two contexts, one negative",
        tolerance=STEP,
    )
    one, other, third, fourth, target, *drawn = words(8, 9)
    yield Case(
        (
            *tables(rng, 9, 4),
            np.array([one, other, third, fourth]),
            target,
            rng.permutation([*drawn[:2], one]),
            rate(),
        ),
        label="four contexts, one of them a negative",
        tolerance=STEP,
    )
    inputs, outputs = tables(rng, dim=6)
    one, target, negative = words(3)
    yield Case(
        (
            inputs[:, ::2],
            outputs[:, ::2],
            np.repeat(rng.permutation([one, target]), 2)[::2],
            target,
            np.array([negative, negative])[::2],
            rate(),
        ),
        label="views with gaps, the target beside itself",
        tolerance=STEP,
    )
    twice, one, target, *drawn = words(5)
    yield Case(
        (*tables(rng), rng.permutation([twice, twice, one]), target, np.array(drawn), rate()),
        label="a word twice in the window",
        tolerance=STEP,
    )
    one, other, target, twice, once = words(5)
    yield Case(
        (
            *tables(rng),
            np.array([one, other]),
            target,
            rng.permutation([twice, twice, once]),
            rate(),
        ),
        label="a negative drawn twice",
        tolerance=STEP,
    )
    one, other, target, first, last = words(5)
    yield Case(
        (*tables(rng), np.array([one, other]), target, np.array([first, target, last]), rate()),
        "edge",
        "a negative that is the target",
        tolerance=STEP,
    )
    one, other, target, *_ = words(4)
    yield Case(
        (*tables(rng), np.array([one, other]), target, np.full(rng.integers(1, 4), target), rate()),
        "edge",
        "every negative is the target",
        tolerance=STEP,
    )
    yield Case(
        (*small_tables(rng, 2), np.array([target % 2]), 1 - target % 2, np.zeros(0, int), rate()),
        "edge",
        "one context, no negatives",
        tolerance=STEP,
    )
    yield Case(
        (*tables(rng), np.zeros(0, int), target, np.array([one, target]), rate()),
        "edge",
        "no context",
        tolerance=STEP,
    )
    for label, low, high in (("logits of 7 to 9", 7, 9), ("logits of 800 to 1,500", 800, 1500)):
        context, target, one, other, *_ = words(5)
        logits = dict(
            zip([target, one, other], rng.uniform(low, high, 3) * [rng.choice([-1, 1]), 1, -1])
        )
        yield Case(
            (
                *sure_tables(rng, context, logits),
                np.array([context]),
                target,
                rng.permutation([one, other]),
                rate(),
            ),
            "stability",
            label,
            tolerance=STEP if high < 10 else SURE_STEP,
        )


def add_all(table, ids, rows):
    np.add.at(table, ids, rows)


def keep_last(table, ids, rows):
    table[ids] += rows


def left_alone(table, ids, rows):
    pass


def asked_without_target(target, negatives, context_ids):
    return [target, *(word for word in negatives if word != target)]


def window_with(
    *,
    asked=asked_without_target,
    contexts=lambda context_ids: context_ids,
    sigmoid=sigma,
    first=1.0,
    others=0.0,
    rate=lambda rate, m, questions: rate,
    enter_inputs=add_all,
    enter_outputs=add_all,
    second_sees="old",
    order="both",
    swapped=False,
    finish=lambda inputs, outputs: (inputs, outputs),
):
    """The block of a window, with one part replaced."""

    def solve(inputs, outputs, context_ids, target, negatives, learning_rate):
        inputs, outputs = (
            (outputs.copy(), inputs.copy()) if swapped else (inputs.copy(), outputs.copy())
        )
        words = np.array(asked(target, negatives, context_ids), dtype=int)
        context_ids = np.asarray(contexts(context_ids), dtype=int)
        labels = np.where(np.arange(len(words)) == 0, first, others)
        a, b = inputs[context_ids], outputs[words]
        g = (labels - sigmoid(a @ b.T)) * rate(learning_rate, len(context_ids), len(words))
        if order == "outputs first":
            enter_outputs(outputs, words, g.T @ a)
            enter_inputs(inputs, context_ids, g @ outputs[words])
        else:
            enter_inputs(inputs, context_ids, g @ b)
            enter_outputs(
                outputs, words, g.T @ (inputs[context_ids] if second_sees == "new" else a)
            )
        return finish(outputs, inputs) if swapped else finish(inputs, outputs)

    return solve


def window_pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate):
    for word in context_ids:
        _, inputs, outputs = reference.pair_step(
            inputs, outputs, word, target, negatives, learning_rate
        )
    return inputs.copy(), outputs.copy()


def window_as_cbow(inputs, outputs, context_ids, target, negatives, learning_rate):
    return reference.cbow_step(inputs, outputs, context_ids, target, negatives, learning_rate)[1:]


def window_as_cbow_of_sums(inputs, outputs, context_ids, target, negatives, learning_rate):
    return reference.cbow_step(
        inputs, outputs, context_ids, target, negatives, learning_rate, mean=False
    )[1:]


def window_from_the_target(inputs, outputs, context_ids, target, negatives, learning_rate):
    """The paper's roles: the word in the middle is the input, and each context word is to be
    predicted."""
    new_inputs, new_outputs = inputs.copy(), outputs.copy()
    for word in context_ids:
        _, one, other = reference.window_step(
            inputs, outputs, [target], word, negatives, learning_rate
        )
        new_inputs += one - inputs
        new_outputs += other - outputs
    return new_inputs, new_outputs


def window_by_loops(inputs, outputs, context_ids, target, negatives, learning_rate):
    new_inputs, new_outputs = inputs.copy(), outputs.copy()
    for context in context_ids:
        for k, word in enumerate([target, *negatives]):
            if k and word == target:
                continue
            x = np.dot(inputs[context], outputs[word])
            small = np.exp(-abs(x))
            g = (float(k == 0) - (1.0 if x >= 0 else small) / (1.0 + small)) * learning_rate
            new_inputs[context] += g * outputs[word]
            new_outputs[word] += g * inputs[context]
    return new_inputs, new_outputs


WINDOW_STEP = Exercise(
    id="negative_sampling.window_step",
    points=2,
    reference=lambda inputs, outputs, context_ids, target, negatives, learning_rate: (
        reference.window_step(inputs, outputs, context_ids, target, negatives, learning_rate)[1:]
    ),
    cases=window_cases,
    variant=window_with,
    returns=TABLES,
    misconceptions=[
        Misconception(
            "overwrites input rows where a word comes up again",
            {"enter_inputs": keep_last},
            "table[ids] += rows keeps one row for each id. A word that stands twice in the window"
            " gains both updates: np.add.at, or a loop.",
        ),
        Misconception(
            "overwrites output rows where a word comes up again",
            {"enter_outputs": keep_last},
            "table[ids] += rows keeps one row for each id. A negative that is drawn twice gains"
            " both updates: np.add.at, or a loop.",
        ),
        Misconception(
            "counts a word that stands twice in the window once",
            {"contexts": lambda context_ids: list(dict.fromkeys(context_ids.tolist()))},
            "The block has a row for each place in the window: a word that stands there twice has"
            " two.",
        ),
        Misconception(
            "counts a negative that is drawn twice once",
            {
                "asked": lambda target, negatives, context_ids: list(
                    dict.fromkeys([target, *negatives])
                )
            },
            "Draws are with replacement: a word that is drawn twice has two rows in the block.",
        ),
        Misconception(
            "counts shared negatives that equal the target",
            {"asked": lambda target, negatives, context_ids: [target, *negatives]},
            "Leave out negatives that equal the target, for the whole window.",
        ),
        Misconception(
            "leaves out negatives that stand in the window",
            {
                "asked": lambda target, negatives, context_ids: [
                    target,
                    *(word for word in negatives if word != target and word not in context_ids),
                ]
            },
            "Only negatives that equal the target are left out. The contexts are inputs: as a"
            " negative such a word is another row, that of `outputs`.",
        ),
        Misconception(
            "leaves the target itself out",
            {
                "asked": lambda target, negatives, context_ids: [
                    word for word in [target, *negatives] if word != target
                ],
                "first": 0.0,
            },
            "Only negatives that equal the target are left out. The target is the first row of the"
            " block, with label 1.",
        ),
        Misconception(
            "trains pair after pair",
            window_pair_after_pair,
            "In a window all logits come from the same old rows. Update the tables once, at the"
            " end.",
        ),
        Misconception(
            "moves output rows by the new input rows",
            {"second_sees": "new"},
            "Both updates use the rows from before the step. Keep them aside before you change a"
            " table.",
        ),
        Misconception(
            "moves input rows by the new output rows",
            {"order": "outputs first"},
            "Both updates use the rows from before the step. Keep them aside before you change a"
            " table.",
        ),
        Misconception(
            "takes the mean over the window",
            {"rate": lambda rate, m, questions: rate / max(m, 1)},
            "Each pair of the window counts in full, as if it were trained by itself: a sum, not a"
            " mean.",
        ),
        Misconception(
            "takes the mean over the questions",
            {"rate": lambda rate, m, questions: rate / questions},
            "Every question counts in full: the updates are a sum, not a mean.",
        ),
        Misconception(
            "ignores the learning rate",
            {"rate": lambda rate, m, questions: 1.0},
            "G is (labels - sigma(logits)) times the learning rate.",
        ),
        Misconception(
            "multiplies by the learning rate twice",
            {"rate": lambda rate, m, questions: rate**2},
            "G holds the learning rate already: the products need no second one.",
        ),
        Misconception(
            "steps uphill",
            {"rate": lambda rate, m, questions: -rate},
            "G is (labels - sigma(logits)) times the learning rate, and its products are added.",
        ),
        Misconception(
            "gives every question the label 1",
            {"others": 1.0},
            "The labels are 1 for the target and 0 for each negative.",
        ),
        Misconception(
            "gives every question the label 0",
            {"first": 0.0},
            "The labels are 1 for the target and 0 for each negative.",
        ),
        Misconception(
            "leaves the input rows alone",
            {"enter_inputs": left_alone},
            "Both tables learn: the context rows of `inputs` gain G B.",
        ),
        Misconception(
            "leaves the output rows alone",
            {"enter_outputs": left_alone},
            "Both tables learn: the rows of the target and the negatives in `outputs` gain G^T A.",
        ),
        Misconception(
            "swaps the two tables",
            {"swapped": True},
            "The contexts' rows come from `inputs`, those of target and negatives from `outputs`.",
        ),
        Misconception(
            "swaps input and target",
            window_from_the_target,
            "Here the contexts are the inputs, and the word in the middle is the target for all of"
            " them.",
        ),
        Misconception(
            "trains the mean of the context rows",
            window_as_cbow,
            "That is CBOW. In skip-gram each context row answers the questions by itself.",
        ),
        Misconception(
            "trains the sum of the context rows",
            window_as_cbow_of_sums,
            "That is CBOW. In skip-gram each context row answers the questions by itself.",
        ),
        RETURNS_THE_TABLES_IN_THE_WRONG_ORDER,
        CUTS_THE_SIGMOID_AT_6,
        DIVIDES_EXP_BY_ONE_PLUS_EXP,
    ],
    alternatives=[window_by_loops, window_with()],
    hints=[
        (
            "Two small blocks of rows: A for the contexts, B for the target and the negatives that"
            " count."
        ),
        "G = (labels - sigma(A B^T)) * learning_rate, with labels [1, 0, 0, ...] for the columns.",
        (
            "np.add.at(inputs, context_ids, G @ B) and np.add.at(outputs, words, G.T @ A), on"
            " copies of the tables."
        ),
    ],
)
