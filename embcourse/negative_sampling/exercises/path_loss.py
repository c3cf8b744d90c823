"""The exercise `negative_sampling.path_loss`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma
from embcourse.negative_sampling.exercises.path_probabilities import tree_for

# Sums of at most 8 logarithms of size up to 12.
PATH_LOSS_TOLERANCE = Tolerance(operations=128, scale=12.0)


def path_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1.0, -0.5]), np.array([[0.5, 1.0], [-1.0, 0.3], [0.8, -0.7]]), np.array([0, 1]),
                np.array([2, 0])), label="two turns", tolerance=PATH_LOSS_TOLERANCE)
    codes, points = tree_for(rng, 9)
    word = int(np.argmax([len(code) for code in codes]))
    yield Case((rng.standard_normal(4), rng.standard_normal((8, 4)), codes[word], points[word]), label="a long path",
               tolerance=PATH_LOSS_TOLERANCE)
    yield Case((rng.standard_normal(8)[::2], rng.standard_normal((5, 8))[:, ::2], np.array([1, 0, 0]),
                np.array([4, 3, 1])), label="views with gaps", tolerance=PATH_LOSS_TOLERANCE)
    yield Case((np.zeros(2), np.ones((3, 2)), np.array([1, 0, 1]), np.array([2, 1, 0])), "edge", "every turn a coin",
               tolerance=PATH_LOSS_TOLERANCE)
    yield Case((np.ones(2), np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int)), "edge", "a tree of one word",
               tolerance=PATH_LOSS_TOLERANCE)
    yield Case((np.array([100.0]), np.array([[100.0], [-100.0], [1.0]]), np.array([1, 0]), np.array([0, 1])),
               "stability", "a probability that rounds to 0", tolerance=Tolerance(operations=128, scale=2e4))


def path_loss_with(turn=lambda x, code: np.logaddexp(0, -x if code == 0 else x), combine=np.sum, every_node=False):
    def solve(hidden, nodes, code, path):
        turns = [turn(nodes[node] @ hidden, bit) for bit, node in zip(code, path)]
        if every_node:
            turns = [np.logaddexp(0, -(node @ hidden)) for node in nodes]
        return float(combine(turns)) if turns else 0.0
    return solve


def path_loss_in_two_parts(hidden, nodes, code, path):
    x = nodes[path] @ hidden * np.where(code == 0, 1.0, -1.0)
    return float((np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))).sum())


PATH_LOSS = Exercise(
    id="negative_sampling.path_loss", points=1,
    reference=lambda hidden, nodes, code, path: -float(
        reference.log_sigmoid(reference.signs(code) * (nodes[path] @ hidden)).sum()) + 0.0,
    cases=path_cases,
    misconceptions=[
        Misconception("takes the logarithm of a product that has rounded to 0",
                      lambda hidden, nodes, code, path: float(
                          -np.log(np.prod([sigma(nodes[n] @ hidden * (1 - 2 * c)) for c, n in zip(code, path)]))) + 0.0,
                      "The product of small probabilities is 0 in floating point. Add the logarithms instead: "
                      "ln sigma(x) = -np.logaddexp(0, -x)."),
        Misconception("swaps the codes", path_loss_with(lambda x, code: np.logaddexp(0, -x if code == 1 else x)),
                      "Turn 0 has probability sigma(+x), turn 1 has sigma(-x)."),
        Misconception("ignores the codes", path_loss_with(lambda x, code: np.logaddexp(0, -x)),
                      "At turn 1 the right answer is sigma(-x)."),
        Misconception("takes the mean over the turns", path_loss_with(combine=np.mean),
                      "The logarithm of a product is the sum of the logarithms: longer paths cost more."),
        Misconception("goes through every node", path_loss_with(every_node=True),
                      "Only the nodes on the word's own path count. That is why a step costs log V and not V."),
        Misconception("returns the log-probability", path_loss_with(combine=lambda turns: -np.sum(turns)),
                      "The loss is minus the logarithm of the probability: it is never negative."),
    ],
    alternatives=[path_loss_with(), path_loss_in_two_parts],
    hints=["The logarithm of a product is a sum.",
           "-ln sigma(x) is np.logaddexp(0, -x); for turn 1 put -x for x.",
           "np.logaddexp(0, -(1 - 2 * code) * (nodes[path] @ hidden)).sum()."],
)
