"""The exercise `negative_sampling.loss`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import (
    LEAVES_OUT_NEGATIVES_THAT_ARE_ANY_PAIRS_CONTEXT,
    LEAVES_OUT_NEGATIVES_THAT_ARE_THE_CENTRE,
    SWAPS_THE_TWO_TABLES,
    USES_INPUTS_FOR_BOTH_ROLES,
    sigma,
    sigma_of_exp,
    small_tables,
    tables,
)

# Logits are sums of 3 products below about 12 in size; the loss is a sum of at most 30 logarithms,
# over n.
LOSS = Tolerance(operations=128, scale=12.0)
LARGE = Tolerance(operations=128, scale=2e4)


def sure_pairs(rng: np.random.Generator, low: float, high: float) -> tuple:
    """Three pairs with two negatives each, all logits between low and high in size.

    Each pair is a word beside itself and has output rows of its own. The context is wrong in two of
    them, a negative in each.
    """
    ids = rng.permutation(9).reshape(3, 3)
    inputs, outputs = tables(rng, 9, 2)
    signs = rng.permutation([[1, -1, 1], [-1, -1, 1], [-1, 1, -1]])
    for (context, *drawn), centre, sign in zip(ids, ids[:, 0], signs):
        inputs[centre] *= math.sqrt(high) / np.linalg.norm(inputs[centre])
        v = inputs[centre]
        for word, logit in zip((context, *drawn), sign * rng.uniform(low, high, 3)):
            outputs[word] = logit * v / (v @ v)
    return inputs, outputs, ids[:, 0], ids[:, 0].copy(), ids[:, 1:]


def repeated_ids(rng: np.random.Generator) -> np.ndarray:
    """Five pairs of 7 words, each with a centre, a context and three negatives other than its
    context.

    Some centre and some context come twice, some pair has a negative twice, and some negative is
    another's context.
    """
    while True:
        ids = rng.integers(0, 7, (5, 5))
        centres, contexts, negatives = ids[:, 0], ids[:, 1], ids[:, 2:]
        if (
            (negatives != contexts[:, None]).all()
            and len(set(centres)) < 5
            and len(set(contexts)) < 5
            and any(len(set(row)) < 3 for row in negatives)
            and np.isin(negatives, contexts).any()
        ):
            return ids


def pair_cases(rng: np.random.Generator, tolerance: Tolerance, large: Tolerance) -> Iterator[Case]:
    def words(count: int, size: int = 6) -> list[int]:
        return rng.choice(size, count, replace=False).tolist()

    centre, context, one, other = words(4, 4)
    yield Case(
        (*small_tables(rng), np.array([centre]), np.array([context]), np.array([[one, other]])),
        label="one pair",
        tolerance=tolerance,
    )
    # No centre twice, no word twice in outputs: right even where repeated ids go wrong.
    centres, contexts, drawn = words(2), *np.split(rng.permutation(6), [2])
    yield Case(
        (*tables(rng), np.array(centres), contexts, drawn.reshape(2, 2)),
        label="two pairs",
        tolerance=tolerance,
    )
    ids = repeated_ids(rng)
    yield Case(
        (*tables(rng, 7), ids[:, 0], ids[:, 1], ids[:, 2:]),
        label="five pairs, words come up again",
        tolerance=tolerance,
    )
    centre, context, *rest = words(5)
    yield Case(
        (
            *tables(rng),
            np.array([centre, context]),
            np.array([context, rest[0]]),
            rng.permuted([[centre, *rest], [context, centre, rest[1], centre]], axis=1),
        ),
        label="two pairs with four negatives, the centre among them",
        tolerance=tolerance,
    )
    inputs, outputs = tables(rng, dim=6)
    one, other, third, fourth = words(4)
    spread = [np.repeat(ids, 2)[::2] for ids in ([one, other], [other, third])]
    yield Case(
        (
            inputs[:, ::2],
            outputs[:, ::2],
            *spread,
            np.repeat([[third], [fourth]], 2, axis=1)[:, ::2],
        ),
        label="views with gaps",
        tolerance=tolerance,
    )
    centre, context, one = words(3, 3)
    yield Case(
        (
            *small_tables(rng, 3),
            np.array([centre]),
            np.array([context]),
            rng.permuted([[context, one]], axis=1),
        ),
        "edge",
        "a negative that is the context",
        tolerance=tolerance,
    )
    one, other, third, fourth = words(4)
    yield Case(
        (
            *tables(rng),
            np.array([one, one]),
            np.array([other, third]),
            np.array([rng.permutation([other, fourth, third]), [third, third, third]]),
        ),
        "edge",
        "negatives that are the context, some or all",
        tolerance=tolerance,
    )
    yield Case(
        (
            *tables(rng),
            np.array([one, other, one]),
            np.array([one, third, fourth]),
            np.zeros((3, 0), int),
        ),
        "edge",
        "no negatives",
        tolerance=tolerance,
    )
    yield Case(sure_pairs(rng, 18, 30), "stability", "logits of 18 to 30", tolerance=tolerance)
    yield Case(
        sure_pairs(rng, 5000, 10_000), "stability", "logits of 5,000 to 10,000", tolerance=large
    )


def loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from pair_cases(rng, LOSS, LARGE)


def loss_of_yes(x):
    return np.logaddexp(0, -x)  # of the answer yes, at logit x


def differs(word, context, centre, contexts):
    return word != context


def loss_with(
    *,
    right=loss_of_yes,
    wrong=lambda x: loss_of_yes(-x),
    counts=differs,
    once=False,
    left_out=0.0,
    logit=lambda x: x,
    rows=lambda inputs, outputs: (inputs, outputs),
    over_pairs=np.mean,
    over_negatives=sum,
    sign=1.0,
    of_pair=lambda positive, negatives: positive + negatives,
):
    """The loss pair by pair with one part replaced."""

    def solve(inputs, outputs, centres, contexts, negatives):
        losses = []
        first, second = rows(inputs, outputs)
        for centre, context, drawn in zip(centres, contexts, negatives):
            drawn = list(dict.fromkeys(drawn.tolist())) if once else drawn.tolist()
            terms = [
                (
                    wrong(logit(second[word] @ first[centre]))
                    if counts(word, context, centre, contexts)
                    else left_out
                )
                for word in drawn
            ]
            losses.append(
                of_pair(
                    right(logit(second[context] @ first[centre])),
                    over_negatives(terms) if terms else 0,
                )
            )
        return sign * float(over_pairs(losses))

    return solve


def loss_of_softmax(inputs, outputs, centres, contexts, negatives):
    losses = []
    for centre, context, drawn in zip(centres, contexts, negatives):
        logits = outputs[[context, *(word for word in drawn if word != context)]] @ inputs[centre]
        losses.append(np.logaddexp.reduce(logits) - logits[0])
    return float(np.mean(losses))


def loss_over_questions(inputs, outputs, centres, contexts, negatives):
    return loss_with()(inputs, outputs, centres, contexts, negatives) / (1 + negatives.shape[1])


def loss_by_softplus(inputs, outputs, centres, contexts, negatives):
    """-ln s(x) = ln(1 + e^-x), on all pairs at once."""
    logits = inputs @ outputs.T
    positive = np.logaddexp(0, -logits[centres, contexts])
    negative = np.logaddexp(0, logits[centres[:, None], negatives]) * (
        negatives != contexts[:, None]
    )
    return (positive.sum() + negative.sum()) / len(centres)


def loss_by_plain_python(inputs, outputs, centres, contexts, negatives):
    def softplus(x):
        return max(x, 0.0) + math.log1p(math.exp(-abs(x)))

    total = 0.0
    for i in range(len(centres)):
        v = inputs[centres[i]]
        total += softplus(-float(np.dot(v, outputs[contexts[i]])))
        for word in negatives[i]:
            if word != contexts[i]:
                total += softplus(float(np.dot(v, outputs[word])))
    return total / len(centres)


PAIR_LOSS = Exercise(
    id="negative_sampling.loss",
    points=2,
    reference=reference.negative_sampling_loss,
    cases=loss_cases,
    variant=loss_with,
    misconceptions=[
        Misconception(
            "puts sigma of the wrong sign on negatives",
            {"wrong": loss_of_yes},
            "For a negative the right answer is no, and its probability is sigma(-x). You reward"
            " the model for saying yes to noise.",
        ),
        Misconception(
            "puts sigma of the wrong sign on the context",
            {"right": lambda x: loss_of_yes(-x)},
            "For the true context the right answer is yes: sigma(+x).",
        ),
        Misconception(
            "subtracts the negatives' loss",
            {"of_pair": lambda positive, negatives: positive - negatives},
            "Every question adds to the loss: minus the logarithm of the probability of the right"
            " answer.",
        ),
        Misconception(
            "leaves out the negatives",
            {"of_pair": lambda positive, negatives: positive},
            "The loss has a term for each negative too: -ln sigma(-x).",
        ),
        Misconception(
            "leaves out the context",
            {"of_pair": lambda positive, negatives: negatives},
            "The loss has a term for the true context too: -ln sigma(x).",
        ),
        Misconception(
            "returns the logarithm of the probability",
            {"sign": -1.0},
            "The loss is minus that logarithm: it is never negative.",
        ),
        Misconception(
            "counts a negative that is the context",
            {"counts": lambda word, context, centre, contexts: True},
            "A negative that equals the context of its pair is left out: it can't be the right"
            " answer and a wrong one.",
        ),
        Misconception(
            "sets the logit of a negative that is the context to 0",
            {"left_out": math.log(2)},
            "A logit of 0 still costs ln 2. A negative that equals the context adds nothing: leave"
            " its logarithm out of the sum.",
        ),
        LEAVES_OUT_NEGATIVES_THAT_ARE_THE_CENTRE,
        LEAVES_OUT_NEGATIVES_THAT_ARE_ANY_PAIRS_CONTEXT,
        Misconception(
            "counts a negative that is drawn twice once",
            {"once": True},
            "Draws are with replacement: a word that is drawn twice for one pair counts twice.",
        ),
        Misconception(
            "takes the mean over the negatives",
            {"over_negatives": lambda terms: sum(terms) / max(int(np.count_nonzero(terms)), 1)},
            "The negatives of a pair are summed; only over the pairs is it a mean. K negatives"
            " weigh K times as much as one.",
        ),
        Misconception(
            "divides the negatives' sum by K",
            {"over_negatives": np.mean},
            "The negatives of a pair are summed; only over the pairs is it a mean. K negatives"
            " weigh K times as much as one.",
        ),
        Misconception(
            "takes the mean over all questions",
            loss_over_questions,
            "The loss is a mean over the pairs, and a sum over the 1 + K questions of a pair.",
        ),
        Misconception(
            "sums over the pairs",
            {"over_pairs": np.sum},
            "The loss is the mean over the n pairs: divide by n.",
        ),
        USES_INPUTS_FOR_BOTH_ROLES,
        SWAPS_THE_TWO_TABLES,
        Misconception(
            "is infinite for a sure mistake",
            {"right": lambda x: -np.log(sigma(x)), "wrong": lambda x: -np.log(sigma(-x))},
            "At a logit of -1000, e^1000 overflows and the sigmoid is 0: the logarithm of either is"
            " infinite. ln sigma(x) = -ln(1 + e^-x) can be computed without both: -np.logaddexp(0,"
            " -x).",
        ),
        Misconception(
            "takes the logarithm of 1 - sigma(x)",
            {"right": lambda x: -np.log(sigma(x)), "wrong": lambda x: -np.log(1 - sigma(x))},
            "1 - sigma(30) has lost nearly all its digits, and 1 - sigma(40) is 0. sigma(-x) is the"
            " same number without the loss, and np.logaddexp(0, x) its logarithm.",
        ),
        Misconception(
            "computes exp(x) / (1 + exp(x))",
            {
                "right": lambda x: -np.log(sigma_of_exp(x)),
                "wrong": lambda x: -np.log(sigma_of_exp(-x)),
            },
            "exp(x) overflows for logits above 709, and infinite / infinite is NaN. -ln sigma(x) is"
            " np.logaddexp(0, -x), which never overflows.",
        ),
        Misconception(
            "adds a small number inside the logarithm",
            {
                "right": lambda x: -np.log(sigma(x) + 1e-10),
                "wrong": lambda x: -np.log(sigma(-x) + 1e-10),
            },
            "With 1e-10 added, no mistake costs more than 23, however sure. The loss at a logit of"
            " -10,000 is 10,000: np.logaddexp(0, 10000).",
        ),
        Misconception(
            "cuts logits at 6",
            {"logit": lambda x: np.clip(x, -6, 6)},
            "The released program's table of sigmoids ends at 6. Here the loss is exact: a sure"
            " mistake costs as much as its logit is large.",
        ),
        Misconception(
            "leaves out the logarithm",
            {"right": lambda x: -sigma(x), "wrong": lambda x: -sigma(-x)},
            "The loss is minus the logarithm of the probabilities, so that a sure mistake costs"
            " much.",
        ),
        Misconception(
            "takes the logarithm to base 2",
            {
                "right": lambda x: loss_of_yes(x) / math.log(2),
                "wrong": lambda x: loss_of_yes(-x) / math.log(2),
            },
            "ln is the natural logarithm, np.log.",
        ),
        Misconception(
            "takes a softmax over context and negatives",
            loss_of_softmax,
            "Negative sampling asks 1 + K separate questions, each answered with a sigmoid. The"
            " answers need not sum to 1.",
        ),
    ],
    alternatives=[loss_by_softplus, loss_by_plain_python, loss_with()],
    hints=[
        (
            "Each pair asks 1 + K questions with answer yes or no; add minus the log-probability of"
            " the right answers."
        ),
        (
            "-ln sigma(x) is np.logaddexp(0, -x), which never overflows. For a negative it is"
            " np.logaddexp(0, x)."
        ),
        (
            "`negatives != contexts[:, None]` is True where a negative counts. Multiply, sum,"
            " divide by len(centres)."
        ),
    ],
)
