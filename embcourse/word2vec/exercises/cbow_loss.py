"""The exercise `word2vec.cbow_loss`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import (
    LARGE,
    ORDINARY,
    gapped,
    gappy_tables,
    large_tables,
    naive_softmax,
    small_tables,
    tables,
)
from embcourse.word2vec.exercises.skipgram_loss import divide_by_zero


def cbow_cases(rng: np.random.Generator) -> Iterator[Case]:
    none = np.zeros(0, int)

    def contexts(*lengths, size=6):
        return [rng.permutation(size)[:length] for length in lengths]

    def targets(count, size=6):
        return rng.permutation(size)[:count]

    yield Case(
        (*small_tables(rng, 4, 2), targets(1, 4), contexts(3, size=4), True),
        label="the mean for one target",
        tolerance=ORDINARY,
    )
    yield Case(
        (
            *small_tables(rng, 4, 2),
            targets(2, 4),
            contexts(*rng.permutation([2, 3]), size=4),
            False,
        ),
        label="the sum for two targets",
        tolerance=ORDINARY,
    )
    words = int(rng.integers(7, 10))
    yield Case(
        (
            *tables(rng, words, int(rng.integers(3, 6))),
            rng.integers(0, words, 5),
            contexts(*rng.permutation([1, 2, 3, 4, 5]), size=words),
            True,
        ),
        label="the mean for five targets",
        tolerance=ORDINARY,
    )
    yield Case(
        (
            *gappy_tables(rng, 8, 3),
            gapped(targets(3, 8)),
            contexts(*rng.permutation([4, 2, 3]), size=8),
            bool(rng.integers(2)),
        ),
        label="views with gaps",
        tolerance=ORDINARY,
    )
    a, b, c = targets(3)
    yield Case(
        (*tables(rng), targets(2), [rng.permutation([a, a, a, b]), np.array([c, a])], True),
        label="a word three times",
        tolerance=ORDINARY,
    )
    a, b, c = targets(3)
    yield Case(
        (*tables(rng), targets(2), [np.array([a, a]), rng.permutation([b, a, c])], False),
        "edge",
        "the sum of a word twice",
        tolerance=ORDINARY,
    )
    for mean, label in (
        (True, "targets without a context"),
        (False, "the sum beside targets without one"),
    ):
        windows = [*contexts(2, 3), none, none]
        yield Case(
            (*tables(rng), targets(4), [windows[i] for i in rng.permutation(4)], mean),
            "edge",
            label,
            tolerance=ORDINARY,
        )
    a, b, c = targets(3)
    yield Case(
        (*tables(rng), np.array([a]), [rng.permutation([a, b])], bool(rng.integers(2))),
        "edge",
        "the target in its own context",
        tolerance=ORDINARY,
    )
    # Word 0: a context that holds it is not empty.
    yield Case(
        (*tables(rng), np.array([b]), [np.zeros(1, int)], bool(rng.integers(2))),
        "edge",
        "one word",
        tolerance=ORDINARY,
    )


def cbow_large(rng: np.random.Generator, tolerance: Tolerance) -> Iterator[Case]:
    """Logits of thousands. One target, its own context, has a large logit."""
    for mean, label in ((True, "logits of thousands"), (False, "their sum")):
        inputs, outputs, order = large_tables(rng)
        yield Case(
            (inputs, outputs, order[2:4], [order[2:3], order[:2]], mean),
            "stability",
            label,
            tolerance=tolerance,
        )


def cbow_loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from cbow_cases(rng)
    yield from cbow_large(rng, LARGE)
    count = int(rng.integers(1, 4))
    yield Case(
        (
            *tables(rng),
            rng.integers(0, 6, count),
            [np.zeros(0, int)] * count,
            bool(rng.integers(2)),
        ),
        "errors",
        "no target with a context",
        raises=ValueError,
    )


def mean_or_sum(rows, mean):
    return rows.mean(axis=0) if mean else rows.sum(axis=0)


def refuse():
    raise ValueError("no target with a context")


def minus_log(logits, target):
    return -reference.log_softmax(logits)[target]


def naive_minus_log(logits, target):
    with np.errstate(all="ignore"):
        return -np.log(naive_softmax(logits)[target])


def naive_difference(logits, target):
    with np.errstate(all="ignore"):
        return np.log(np.exp(logits).sum()) - logits[target]


def loss_with(
    *,
    read=lambda inputs, outputs: (inputs, outputs),
    asked=lambda mean: mean,
    words=lambda context: context,
    hidden=mean_or_sum,
    loss_of=minus_log,
    count=lambda used, targets: used,
    empty=refuse,
    skip=lambda context: len(context) == 0,
    pair=lambda target, context: target,
    line_up=lambda targets, contexts: zip(targets, contexts),
):
    """The loss of CBOW with one part replaced."""

    def solve(inputs, outputs, targets, contexts, mean):
        inputs, outputs = read(inputs, outputs)
        losses = []
        for target, context in line_up(targets, contexts):
            if not skip(context):
                h = (
                    hidden(inputs[words(context)], asked(mean))
                    if len(context)
                    else np.zeros(inputs.shape[1])
                )
                losses.append(loss_of(outputs @ h, pair(target, context)))
        if not any(len(context) for context in contexts):
            return empty()
        return sum(losses) / count(len(losses), len(targets))

    return solve


def one_word_at_a_time(inputs, outputs, targets, contexts, mean):
    """Skip-gram turned round: each context word predicts the target by itself."""
    losses = [
        np.mean([minus_log(outputs @ inputs[word], target) for word in context])
        for target, context in zip(targets, contexts)
        if len(context)
    ]
    return np.mean(losses) if losses else refuse()


def every_pair_alike(inputs, outputs, targets, contexts, mean):
    """Skip-gram turned round, and the mean over all pairs."""
    losses = [
        minus_log(outputs @ inputs[word], target)
        for target, context in zip(targets, contexts)
        for word in context
    ]
    return np.mean(losses) if losses else refuse()


def cbow_loss_by_matrix(inputs, outputs, targets, contexts, mean):
    """All hidden vectors from one matrix of counts."""
    counts = np.array(
        [np.bincount(np.asarray(c, dtype=int), minlength=len(inputs)) for c in contexts],
        dtype=float,
    )
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
    id="word2vec.cbow_loss",
    points=1,
    reference=reference.cbow_loss,
    cases=cbow_loss_cases,
    variant=loss_with,
    misconceptions=[
        Misconception(
            "adds up the context where the mean is meant",
            {"asked": lambda mean: False},
            "With mean=True, h is the mean of the context's rows, as your cbow_hidden returns it.",
        ),
        Misconception(
            "averages the context where the sum is meant",
            {"asked": lambda mean: True},
            "With mean=False, h is the sum. Pass `mean` on to cbow_hidden.",
        ),
        Misconception(
            "counts a repeated word once",
            {"words": np.unique},
            "A word that stands in the context twice is added twice, and counts as two in the"
            " mean.",
        ),
        Misconception(
            "counts targets without a context",
            {"count": lambda used, targets: targets},
            "A target without a context is left out: of the sum, and of the number you divide by.",
        ),
        Misconception(
            "predicts from zeros where there is no context",
            {"skip": lambda context: False},
            "A target without a context is left out altogether: nothing predicts it.",
        ),
        Misconception(
            "adds up the targets' losses",
            {"count": lambda used, targets: 1},
            "Divide by the number of targets that have a context: the loss is a mean.",
        ),
        Misconception(
            "swaps the two tables",
            {"read": lambda inputs, outputs: (outputs, inputs)},
            "The context is read in `inputs`; the target is predicted in `outputs`.",
        ),
        Misconception(
            "uses one table for both roles",
            {"read": lambda inputs, outputs: (inputs, inputs)},
            "The target and its rivals are rows of `outputs`.",
        ),
        Misconception(
            "predicts from one context word at a time",
            one_word_at_a_time,
            "That is skip-gram turned round. CBOW first joins the context to one vector h, then"
            " predicts once.",
        ),
        Misconception(
            "trains every context word as a pair of its own",
            every_pair_alike,
            "That is skip-gram turned round, and long contexts count more. CBOW joins the context"
            " to one vector h and predicts once for each target.",
        ),
        Misconception(
            "has the wrong sign",
            {"loss_of": lambda logits, target: reference.log_softmax(logits)[target]},
            "The loss is minus the log-probability; it is never negative.",
        ),
        Misconception(
            "takes the probability, not its logarithm",
            {"loss_of": lambda logits, target: -np.exp(reference.log_softmax(logits)[target])},
            "The loss of a target is minus the logarithm of its probability.",
        ),
        Misconception(
            "exponentiates large logits as they are",
            {"loss_of": naive_minus_log},
            "exp overflows above 709, and a quotient of two infinities is no number. Use your"
            " log_softmax.",
        ),
        Misconception(
            "takes the logarithm of a sum that overflows",
            {"loss_of": naive_difference},
            "exp overflows above 709. Use your log_softmax, which takes the maximum off first.",
        ),
        Misconception(
            "returns 0 where no target has a context",
            {"empty": lambda: 0.0},
            "A loss of 0 looks like a perfect model. Raise a ValueError.",
        ),
        Misconception(
            "divides by zero where no target has a context",
            {"empty": divide_by_zero},
            "There is no mean of nothing. Look first, and raise a ValueError when no target has a"
            " context.",
        ),
        Misconception(
            "returns nan where no target has a context",
            {"empty": lambda: float("nan")},
            "The mean of nothing is not a number. Raise a ValueError when no target has a context.",
        ),
        Misconception(
            "refuses where one target has no context",
            {"skip": lambda context: len(context) == 0 and refuse()},
            "A target without a context is left out. Raise the ValueError only where no target has "
            "one.",
        ),
        Misconception(
            "leaves out the context and not its target",
            {
                "line_up": lambda targets, contexts: zip(
                    targets, [one for one in contexts if len(one)]
                )
            },
            "Leave out the target together with its empty context: else all later contexts slip to "
            "the wrong target.",
        ),
        Misconception(
            "takes a context of word 0 for an empty one",
            {
                "skip": lambda context: not context.any(),
                "count": lambda used, targets: used or refuse(),
            },
            "Zero is the id of a word. Ask for the length of the context.",
        ),
    ],
    alternatives=[cbow_loss_by_matrix, cbow_loss_by_loop, loss_with()],
    hints=[
        "One target at a time: h from cbow_hidden, V logits, one log-probability.",
        "The logits are outputs @ h. Skip a target whose context is empty, and don't count it.",
        (
            "Collect `-log_softmax(outputs @ cbow_hidden(inputs, context, mean))[target]` in a"
            " list; raise if it stays empty; return its mean."
        ),
    ],
)
