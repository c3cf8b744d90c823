"""The exercise `negative_sampling.path_probabilities`: its cases, the mistakes that people make,
right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma, sigma_of_exp, tenths

# Sums of 3 products below about 12, a sigmoid, and products of at most 8 factors below 1.
PATHS = Tolerance(operations=128, scale=1.0)


def tree_for(rng: np.random.Generator, size: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A tree whose shortest and longest paths differ by 2 or more, with a path of mixed turns that
    is no palindrome."""
    while True:
        codes, points = reference.huffman(np.ceil(rng.pareto(0.8, size) * 10))
        lengths = [len(code) for code in codes]
        if max(lengths) - min(lengths) >= min(2, size - 2) and any(
            code.tolist() != code[::-1].tolist() for code in codes
        ):
            return codes, points


def with_gaps(
    tree: tuple[list[np.ndarray], list[np.ndarray]],
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    codes, points = tree
    return [np.repeat(code, 2)[::2] for code in codes], [np.repeat(path, 2)[::2] for path in points]


def probability_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (tenths(rng, 2), tenths(rng, 2, 2), *tree_for(rng, 3)), label="three words", tolerance=PATHS
    )
    yield Case(
        (tenths(rng, 2), tenths(rng, 4, 2), *tree_for(rng, 5)), label="five words", tolerance=PATHS
    )
    yield Case(
        (rng.standard_normal(3), rng.standard_normal((8, 3)), *tree_for(rng, 9)),
        label="nine words",
        tolerance=PATHS,
    )
    yield Case(
        (
            rng.standard_normal(12)[::2],
            rng.standard_normal((10, 12))[:, ::2],
            *with_gaps(tree_for(rng, 11)),
        ),
        label="views with gaps",
        tolerance=PATHS,
    )
    yield Case(
        (np.zeros(2), tenths(rng, 5, 2), *tree_for(rng, 6)),
        "edge",
        "every turn a coin",
        tolerance=PATHS,
    )
    yield Case(
        (tenths(rng, 1), tenths(rng, 1, 1), *reference.huffman(rng.permutation([1, 2]))),
        "edge",
        "two words",
        tolerance=PATHS,
    )
    yield Case(
        (tenths(rng, 2), np.zeros((0, 2)), *reference.huffman(rng.integers(1, 9, 1))),
        "edge",
        "one word",
        tolerance=PATHS,
    )
    yield Case(
        (*sure_turns(rng, 6, 5000, 10_000), *tree_for(rng, 7)),
        "stability",
        "logits of 5,000 to 10,000",
        tolerance=PATHS,
    )


def sure_turns(
    rng: np.random.Generator, nodes: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """A hidden vector and nodes whose logits lie between low and high in size, as many to the left
    as to the right."""
    hidden = tenths(rng, 2)
    signs = rng.permutation(np.resize([1, -1], nodes))
    return hidden, np.outer(signs * rng.uniform(low, high, nodes), hidden) / (hidden @ hidden)


def probabilities_with(
    *,
    turn=lambda x, code: sigma(x if code == 0 else -x),
    combine=np.prod,
    turns_of=lambda code, path: (code, path),
    empty=1.0,
    logits_of=lambda nodes, hidden: nodes @ hidden,
):
    """The product along each path, with one part replaced."""

    def solve(hidden, nodes, codes, points):
        logits, result = logits_of(nodes, hidden), []
        for code, path in zip(codes, points):
            turns = [turn(logits[node], bit) for bit, node in zip(*turns_of(code, path))]
            result.append(combine(turns) if turns else empty)
        return np.array(result, dtype=float)

    return solve


def probabilities_of_a_softmax(hidden, nodes, codes, points):
    logits = np.array([sum(float(nodes[node] @ hidden) for node in path) for path in points])
    logits = np.exp(logits - logits.max())
    return logits / logits.sum()


def probabilities_of_sums(hidden, nodes, codes, points):
    return np.array(
        [
            sigma(((1 - 2 * code) * (nodes[path] @ hidden)).sum()) if len(code) else 1.0
            for code, path in zip(codes, points)
        ]
    )


def probabilities_down_the_tree(hidden, nodes, codes, points):
    """Each node passes its probability on to its two branches."""
    small = np.exp(-np.abs(nodes @ hidden))
    yes = np.where(nodes @ hidden >= 0, 1.0, small) / (1.0 + small)
    result = np.ones(len(codes))
    for word, (code, path) in enumerate(zip(codes, points)):
        for bit, node in zip(code, path):
            result[word] *= 1 - yes[node] if bit else yes[node]
    return result


def probabilities_by_logs(hidden, nodes, codes, points):
    logits = nodes @ hidden
    return [
        float(np.exp(-np.logaddexp(0, -logits[path] * (1 - 2 * code)).sum()))
        for code, path in zip(codes, points)
    ]


PATH_PROBABILITIES = Exercise(
    id="negative_sampling.path_probabilities",
    points=2,
    reference=reference.hierarchical_probabilities,
    cases=probability_cases,
    variant=probabilities_with,
    misconceptions=[
        Misconception(
            "swaps the codes",
            {"turn": lambda x, code: sigma(x if code == 1 else -x)},
            "In word2vec turn 0 has label 1: its probability is sigma(+x), and that of turn 1 is"
            " sigma(-x). Your probabilities sum to 1 as well, but they belong to the mirrored"
            " tree.",
        ),
        Misconception(
            "ignores the codes",
            {"turn": lambda x, code: sigma(x)},
            "Left and right share the same node. If both had probability sigma(x), they would not"
            " sum to 1: turn 1 has sigma(-x).",
        ),
        Misconception(
            "multiplies the logit by the code",
            {"turn": lambda x, code: sigma(code * x)},
            "A code is 0 or 1, a sign is +1 or -1: turn 0 has sigma(+x), turn 1 has sigma(-x).",
        ),
        Misconception(
            "takes 1 - code for the sign",
            {"turn": lambda x, code: sigma((1 - code) * x)},
            "1 - code is 1 or 0, a sign is +1 or -1: turn 0 has sigma(+x), turn 1 has sigma(-x).",
        ),
        Misconception(
            "ignores the logits",
            {"turn": lambda x, code: 0.5},
            "A turn is a coin only where the logit is 0. Else it has probability sigma(+x) or"
            " sigma(-x), with x the dot product of node and hidden vector.",
        ),
        Misconception(
            "takes the mean of the turns",
            {"combine": np.mean},
            "To reach a word every turn on its path must be taken: multiply.",
        ),
        Misconception(
            "adds the turns",
            {"combine": np.sum},
            "To reach a word every turn on its path must be taken: multiply.",
        ),
        Misconception(
            "takes the sigmoid of the sum of the logits",
            probabilities_of_sums,
            "Each turn has a probability of its own, and they are multiplied. The sigmoid of a sum"
            " is not the product of the sigmoids.",
        ),
        Misconception(
            "stops before the last turn",
            {"turns_of": lambda code, path: (code[:-1], path[:-1])},
            "The path has one turn for each code; the last one leads to the word itself.",
        ),
        Misconception(
            "leaves out the root",
            {"turns_of": lambda code, path: (code[1:], path[1:])},
            "The first turn is taken at the root, and it counts.",
        ),
        Misconception(
            "takes the last turn only",
            {"turns_of": lambda code, path: (code[-1:], path[-1:])},
            "To reach a word every turn on its path must be taken, from the root on.",
        ),
        Misconception(
            "takes the first turn only",
            {"turns_of": lambda code, path: (code[:1], path[:1])},
            "To reach a word every turn on its path must be taken, down to the word itself.",
        ),
        Misconception(
            "reads the codes from the end",
            {"turns_of": lambda code, path: (code[::-1], path)},
            "Codes and points both begin at the root: turn codes[w][j] is taken at node"
            " points[w][j].",
        ),
        Misconception(
            "takes the first nodes instead of those on the path",
            {"turns_of": lambda code, path: (code, range(len(code)))},
            "The nodes of a word's path are in points[w]: rows of `nodes` in no particular order.",
        ),
        Misconception(
            "gives the empty path the probability 0",
            {"empty": 0.0},
            "A single word needs no turn: the product over nothing is 1.",
        ),
        Misconception(
            "returns logarithms",
            {"combine": lambda turns: np.log(np.prod(turns)), "empty": 0.0},
            "The probabilities themselves are asked for: they sum to 1.",
        ),
        Misconception(
            "takes a softmax over the words",
            probabilities_of_a_softmax,
            "The tree needs no softmax: it is normalised at each node.",
        ),
        Misconception(
            "computes exp(x) / (1 + exp(x))",
            {"turn": lambda x, code: sigma_of_exp(x if code == 0 else -x)},
            "exp(x) overflows for logits above 709, and infinite / infinite is NaN. `sigmoid`, in"
            " the first cell, takes exp(-|x|) instead.",
        ),
    ],
    alternatives=[probabilities_down_the_tree, probabilities_by_logs, probabilities_with()],
    hints=[
        "At each node of a word's path, one of the two turns is taken. What is its probability?",
        (
            "sigma(n . h) for code 0, sigma(-n . h) = 1 - sigma(n . h) for code 1. Multiply along"
            " the path."
        ),
        (
            "signs = 1 - 2 * code turns 0 into +1 and 1 into -1: np.prod(sigmoid(signs *"
            " (nodes[path] @ hidden))). The product over nothing is 1."
        ),
    ],
)
