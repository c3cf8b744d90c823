"""The exercise `word2vec.skipgram_loss`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
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
    small_tables,
    tables,
)


def skipgram_cases(rng: np.random.Generator) -> Iterator[Case]:
    a, b, c = rng.permutation(3)
    yield Case(
        (*small_tables(rng), np.array([a, b]), np.array([b, c])),
        label="two pairs",
        tolerance=ORDINARY,
    )
    words = int(rng.integers(6, 10))
    pairs = words + int(rng.integers(2, 5))  # more than words, so that words repeat
    yield Case(
        (
            *tables(rng, words, int(rng.integers(3, 6))),
            rng.integers(0, words, pairs),
            rng.integers(0, words, pairs),
        ),
        label="many pairs",
        tolerance=ORDINARY,
    )
    yield Case(
        (*gappy_tables(rng), gapped(rng.permutation(7)[:4]), gapped(rng.permutation(7)[:4])),
        label="views with gaps",
        tolerance=ORDINARY,
    )
    a, b, c, d = rng.permutation(5)[:4]
    yield Case(
        (*tables(rng, 5, 4), np.array([a, a, a, b]), np.array([c, c, d, d])),
        label="the same words again",
        tolerance=ORDINARY,
    )
    a, b = rng.permutation(6)[:2]
    yield Case((*tables(rng), np.array([a]), np.array([b])), "edge", "one pair", tolerance=ORDINARY)
    a, b, c = rng.permutation(6)[:3]
    yield Case(
        (*tables(rng), np.array([a, b]), np.array([a, c])),
        "edge",
        "a word beside itself",
        tolerance=ORDINARY,
    )
    yield Case(
        (*tables(rng, 1, 2), np.array([0, 0]), np.array([0, 0])),
        "edge",
        "a vocabulary of one word",
        tolerance=ORDINARY,
    )
    words = int(rng.integers(6, 9))
    yield Case(
        (*tables(rng, words, 1), rng.permutation(words)[:3], rng.permutation(words)[:3]),
        "edge",
        "one dimension",
        tolerance=ORDINARY,
    )


def large_pairs(rng: np.random.Generator, tolerance: Tolerance) -> Case:
    """Logits of thousands: the softmax is all but a yes or no. One context, the centre itself, has
    a large logit."""
    inputs, outputs, order = large_tables(rng)
    contexts = order[[0, 3, 4]]
    return Case(
        (inputs, outputs, order[:3], contexts),
        "stability",
        "logits of thousands",
        tolerance=tolerance,
    )


def loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from skipgram_cases(rng)
    words, dim = (int(size) for size in rng.integers(3, 9, 2))
    yield Case(
        (np.zeros((words, dim)), np.zeros((words, dim)), *rng.integers(0, words, (2, 3))),
        "edge",
        "all vectors 0",
        tolerance=ORDINARY,
    )
    yield large_pairs(rng, LARGE)
    none = np.zeros(0, int)
    yield Case(
        (*tables(rng, int(rng.integers(2, 7))), none, none), "errors", "no pairs", raises=ValueError
    )


def stable(logits):
    return reference.log_softmax(logits)


def naive(logits):
    with np.errstate(all="ignore"):
        return np.log(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))


def naive_difference(logits):
    with np.errstate(all="ignore"):
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def saved_by_epsilon(logits):
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.log(shifted / shifted.sum(axis=-1, keepdims=True) + 1e-12)


def over_pairs(logits):
    return reference.log_softmax(logits.T).T


def without_the_context(logits, contexts):
    """The sum runs over the other words."""
    others = logits.copy()
    others[np.arange(len(contexts)), contexts] = -np.inf
    with np.errstate(all="ignore"):
        return logits - np.logaddexp.reduce(others, axis=1, keepdims=True)


def own(log_p, contexts):
    return log_p[np.arange(len(contexts)), contexts]


def refuse():
    raise ValueError("no pairs")


def divide_by_zero():
    return 0 / 0


def minus_mean(values):
    return -values.mean()


def loss_with(
    *,
    read=lambda inputs, outputs: (inputs, outputs),
    pair=lambda centres, contexts: (centres, contexts),
    log_p=lambda logits, contexts: stable(logits),
    pick=own,
    join=minus_mean,
    empty=refuse,
):
    """The skip-gram loss with one part replaced."""

    def solve(inputs, outputs, centres, contexts):
        if len(centres) == 0:
            return empty()
        inputs, outputs = read(inputs, outputs)
        centres, contexts = pair(centres, contexts)
        logits = inputs[centres] @ outputs.T
        with np.errstate(all="ignore"):
            return float(join(pick(log_p(logits, contexts), contexts)))

    return solve


def loss_by_logaddexp(inputs, outputs, centres, contexts):
    if centres.size == 0:
        raise ValueError("there must be at least one pair")
    every = np.logaddexp.reduce(inputs @ outputs.T, axis=1)
    return np.mean(every[centres] - np.einsum("nd,nd->n", inputs[centres], outputs[contexts]))


def loss_by_pairs(inputs, outputs, centres, contexts):
    if not len(centres):
        raise ValueError("there must be at least one pair")
    total = 0.0
    for c, o in zip(centres.tolist(), contexts.tolist()):
        logits = [math.fsum(a * b for a, b in zip(u, inputs[c].tolist())) for u in outputs.tolist()]
        top = max(logits)
        total += top + math.log(math.fsum(math.exp(x - top) for x in logits)) - logits[o]
    return total / len(centres)


SKIPGRAM_LOSS = Exercise(
    id="word2vec.skipgram_loss",
    points=2,
    reference=reference.skipgram_loss,
    cases=loss_cases,
    variant=loss_with,
    misconceptions=[
        Misconception(
            "uses one table for both roles",
            {"read": lambda inputs, outputs: (inputs, inputs)},
            "A word has two vectors. The centre's is a row of `inputs`, those of the words that are"
            " predicted are rows of `outputs`.",
        ),
        Misconception(
            "uses the output table for both roles",
            {"read": lambda inputs, outputs: (outputs, outputs)},
            "A word has two vectors. The centre's is a row of `inputs`, not of `outputs`.",
        ),
        Misconception(
            "swaps the two tables",
            {"read": lambda inputs, outputs: (outputs, inputs)},
            "The centre is read in `inputs`; what is predicted stands in `outputs`.",
        ),
        Misconception(
            "predicts the centre from the context",
            {"pair": lambda centres, contexts: (contexts, centres)},
            "Skip-gram predicts the context from the centre: v belongs to the centre, the target is"
            " the context.",
        ),
        Misconception(
            "adds up where the mean is asked",
            {"join": lambda values: -values.sum()},
            "Divide by the number of pairs: the loss is a mean.",
        ),
        Misconception(
            "exponentiates large logits as they are",
            {"log_p": lambda logits, contexts: naive(logits)},
            "exp overflows above 709, and a quotient of two infinities is no number. Use your"
            " log_softmax.",
        ),
        Misconception(
            "takes the logarithm of a sum that overflows",
            {"log_p": lambda logits, contexts: naive_difference(logits)},
            "exp overflows above 709. Use your log_softmax, which takes the maximum off first.",
        ),
        Misconception(
            "adds a small number to save the logarithm",
            {"log_p": lambda logits, contexts: saved_by_epsilon(logits)},
            "A small number inside the logarithm changes every small probability: ln 1e-12 is only"
            " -27.6. Use your log_softmax.",
        ),
        Misconception(
            "leaves the context out of the sum",
            {"log_p": without_the_context},
            "The sum in the denominator runs over the whole vocabulary, the context included.",
        ),
        Misconception(
            "normalises over the pairs",
            {"log_p": lambda logits, contexts: over_pairs(logits)},
            "Each pair has a softmax of its own, over the words of the vocabulary: the last axis of"
            " inputs[centres] @ outputs.T.",
        ),
        Misconception(
            "takes the probability, not its logarithm",
            {"pick": lambda log_p, contexts: np.exp(own(log_p, contexts))},
            "The loss of a pair is minus the logarithm of the probability of its context.",
        ),
        Misconception(
            "takes another base",
            {"pick": lambda log_p, contexts: own(log_p, contexts) / np.log(2)},
            "The logarithm is the natural one: the loss is in nats, not in bits.",
        ),
        Misconception(
            "takes the logarithm of the mean probability",
            {"join": lambda values: -np.log(np.exp(values).mean())},
            "First the logarithm of each pair's probability, then the mean. The two do not change"
            " places.",
        ),
        Misconception(
            "looks up every context for every centre",
            {"pick": lambda log_p, contexts: log_p[:, contexts]},
            "Pair i is row i with its own context. A slice beside an array of ids picks all those"
            " columns in every row.",
        ),
        Misconception(
            "averages over the whole vocabulary",
            {"pick": lambda log_p, contexts: log_p},
            "Of each row only the log-probability of the pair's context counts.",
        ),
        Misconception(
            "has the wrong sign",
            {"join": lambda values: values.mean()},
            "The loss is minus the log-probability; it is never negative.",
        ),
        Misconception(
            "divides by zero for no pairs",
            {"empty": divide_by_zero},
            "There is no mean of nothing. Look first, and raise a ValueError when there is no"
            " pair.",
        ),
        Misconception(
            "returns 0 for no pairs",
            {"empty": lambda: 0.0},
            "A loss of 0 looks like a perfect model. Raise a ValueError when there is no pair.",
        ),
        Misconception(
            "returns nan for no pairs",
            {"empty": lambda: float("nan")},
            "The mean of nothing is not a number. Raise a ValueError when there is no pair.",
        ),
        Misconception(
            "takes a sigmoid for the softmax",
            {"log_p": lambda logits, contexts: np.log(1 / (1 + np.exp(-logits)))},
            "That is the loss of negative sampling. Here the probabilities of all words add up to"
            " 1: take the softmax.",
        ),
        Misconception(
            "divides by the vocabulary",
            {"log_p": lambda logits, contexts: stable(logits) * len(logits) / logits.shape[1]},
            "The loss is a mean over the pairs: divide by how many pairs there are, not words.",
        ),
        Misconception(
            "takes the softmax twice",
            {"log_p": lambda logits, contexts: stable(np.exp(stable(logits)))},
            "A log-softmax starts from the logits, not from probabilities: one softmax is enough.",
        ),
        Misconception(
            "cuts small probabilities off",
            {"log_p": lambda logits, contexts: np.log(np.maximum(np.exp(stable(logits)), 1e-12))},
            "The loss of a small probability can be far above 27.6. Do not form the probability:"
            " use your log_softmax.",
        ),
    ],
    alternatives=[loss_by_logaddexp, loss_by_pairs, loss_with()],
    hints=[
        "For each pair, the logits are the products of v_c with all V output rows.",
        (
            "inputs[centres] @ outputs.T has shape (n, V). Its log-softmax at the contexts is what"
            " you need."
        ),
        (
            "`log_softmax(inputs[centres] @ outputs.T)[np.arange(len(centres)), contexts]`,"
            " averaged, with a minus."
        ),
    ],
)
