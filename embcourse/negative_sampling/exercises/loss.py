"""The exercise `negative_sampling.loss`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma, tables

# Logits are sums of 3 products below about 12 in size; the loss is a sum of at most 30 logarithms, over n.
LOSS = Tolerance(operations=128, scale=12.0)
LARGE = Tolerance(operations=128, scale=2e4)


def pair_cases(rng: np.random.Generator, tolerance: Tolerance, large: Tolerance) -> Iterator[Case]:
    inputs, outputs = tables(rng)
    yield Case((inputs, outputs, np.array([0]), np.array([1]), np.array([[2, 3]])), label="one pair",
               tolerance=tolerance)
    # No centre twice, no word twice in outputs: right even where repeated ids go wrong.
    yield Case((inputs, outputs, np.array([3, 1]), np.array([4, 0]), np.array([[1, 2], [3, 5]])), label="two pairs",
               tolerance=tolerance)
    ids = rng.integers(0, 6, (6, 5))
    ids[:, 2:] = np.where(ids[:, 2:] == ids[:, 1:2], (ids[:, 2:] + 1) % 6, ids[:, 2:])
    yield Case((inputs, outputs, ids[:, 0], ids[:, 1], ids[:, 2:]), label="six pairs, words come up again",
               tolerance=tolerance)
    yield Case((*tables(rng, dim=6), np.array([2, 5]), np.array([0, 4]), np.array([[5, 3, 1, 2], [2, 1, 5, 3]])),
               label="two pairs with four negatives", tolerance=tolerance)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([1, 4]), np.array([5, 0]), np.array([[2], [3]])),
               label="views with gaps", tolerance=tolerance)
    yield Case((inputs, outputs, np.array([2]), np.array([1]), np.array([[1, 4]])), "edge",
               "a negative that is the context", tolerance=tolerance)
    yield Case((inputs, outputs, np.array([2, 2]), np.array([1, 3]), np.array([[1, 4], [3, 3]])), "edge",
               "negatives that are the context, twice", tolerance=tolerance)
    yield Case((inputs, outputs, np.array([4, 0]), np.array([4, 1]), np.zeros((2, 0), int)), "edge", "no negatives",
               tolerance=tolerance)
    big = np.array([[100.0, 0.0], [0.0, 100.0], [-100.0, 0.0]])
    yield Case((big, big, np.array([0, 0, 1]), np.array([2, 0, 2]), np.array([[0, 1], [2, 1], [0, 1]])), "stability",
               "logits up to 10,000", tolerance=large)


def loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from pair_cases(rng, LOSS, LARGE)


def loss_with(
    *, right=lambda x: reference.log_sigmoid(x), wrong=lambda x: reference.log_sigmoid(-x), skip=True, one_table=False,
    over_pairs=np.mean, over_negatives=np.sum,
):
    """The loss pair by pair with one part replaced."""
    def solve(inputs, outputs, centres, contexts, negatives):
        losses = []
        second = inputs if one_table else outputs
        for centre, context, drawn in zip(centres, contexts, negatives):
            asked = [word for word in drawn if word != context or not skip]
            loss = -right(inputs[centre] @ second[context])
            if asked:
                loss = loss - over_negatives(wrong(second[asked] @ inputs[centre]))
            losses.append(loss)
        return float(over_pairs(losses))
    return solve


def loss_by_softplus(inputs, outputs, centres, contexts, negatives):
    """-ln s(x) = ln(1 + e^-x), on all pairs at once."""
    logits = inputs @ outputs.T
    positive = np.logaddexp(0, -logits[centres, contexts])
    negative = np.logaddexp(0, logits[centres[:, None], negatives]) * (negatives != contexts[:, None])
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
    id="negative_sampling.loss", points=2,
    reference=reference.negative_sampling_loss,
    cases=loss_cases,
    misconceptions=[
        Misconception("puts sigma of the wrong sign on negatives", loss_with(wrong=reference.log_sigmoid),
                      "For a negative the right answer is no, and its probability is sigma(-x). You reward the model "
                      "for saying yes to noise."),
        Misconception("puts sigma of the wrong sign on the context",
                      loss_with(right=lambda x: reference.log_sigmoid(-x)),
                      "For the true context the right answer is yes: sigma(+x)."),
        Misconception("subtracts the negatives' loss", loss_with(wrong=lambda x: -reference.log_sigmoid(-x)),
                      "Every question adds to the loss: minus the logarithm of the probability of the right answer."),
        Misconception("counts a positive that was drawn as a negative", loss_with(skip=False),
                      "A negative that equals the context of its pair is left out: it can't be the right answer and a "
                      "wrong one."),
        Misconception("takes the mean over the negatives", loss_with(over_negatives=np.mean),
                      "The negatives of a pair are summed; only over the pairs is it a mean. K negatives weigh K times "
                      "as much as one."),
        Misconception("sums over the pairs", loss_with(over_pairs=np.sum),
                      "The loss is the mean over the n pairs: divide by n."),
        Misconception("uses one table for both roles", loss_with(one_table=True),
                      "The centre's vector comes from `inputs`, the context's and the negatives' from `outputs`."),
        Misconception("takes the logarithm of a sigmoid that has rounded to 0",
                      loss_with(right=lambda x: np.log(sigma(x)), wrong=lambda x: np.log(sigma(-x))),
                      "sigma(-1000) is 0 in floating point and its logarithm is -inf. ln sigma(x) = -ln(1 + e^-x) can "
                      "be computed directly: -np.logaddexp(0, -x)."),
        Misconception("leaves out the logarithm", loss_with(right=sigma, wrong=lambda x: sigma(-x)),
                      "The loss is minus the logarithm of the probabilities, so that a sure mistake costs much."),
    ],
    alternatives=[loss_by_softplus, loss_by_plain_python],
    hints=["Each pair asks 1 + K questions with answer yes or no; add minus the log-probability of the right answers.",
           "-ln sigma(x) is np.logaddexp(0, -x), which never overflows. For a negative it is np.logaddexp(0, x).",
           "`negatives != contexts[:, None]` is True where a negative counts. Multiply, sum, divide by len(centres)."],
)
