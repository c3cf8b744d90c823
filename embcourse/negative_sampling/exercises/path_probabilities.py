"""The exercise `negative_sampling.path_probabilities`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma

# Sums of 3 products below about 12, a sigmoid, and products of at most 8 factors below 1.
PATHS = Tolerance(operations=128, scale=1.0)


def tree_for(rng: np.random.Generator, size: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return reference.huffman(rng.integers(1, 60, size))


def probability_cases(rng: np.random.Generator) -> Iterator[Case]:
    four = reference.huffman([5, 3, 1, 1])
    yield Case((np.array([1.0, -0.5]), np.array([[0.5, 1.0], [-1.0, 0.3], [0.8, -0.7]]), *four), label="four words",
               tolerance=PATHS)
    yield Case((rng.standard_normal(3), rng.standard_normal((7, 3)), *tree_for(rng, 8)), label="eight words",
               tolerance=PATHS)
    yield Case((rng.standard_normal(12)[::2], rng.standard_normal((10, 12))[:, ::2], *tree_for(rng, 11)),
               label="views with gaps", tolerance=PATHS)
    yield Case((np.zeros(2), np.ones((3, 2)), *four), "edge", "every turn a coin", tolerance=PATHS)
    yield Case((np.array([2.0]), np.array([[0.7]]), *reference.huffman([2, 1])), "edge", "two words", tolerance=PATHS)
    yield Case((np.ones(2), np.zeros((0, 2)), *reference.huffman([3])), "edge", "one word", tolerance=PATHS)
    yield Case((np.array([100.0]), np.array([[100.0], [-100.0], [1.0]]), *four), "stability", "logits up to 10,000",
               tolerance=PATHS)


def probabilities_with(turn=lambda x, code: sigma(x if code == 0 else -x), combine=np.prod, first=0, last=None):
    """The product along each path, with one part replaced."""
    def solve(hidden, nodes, codes, points):
        result = []
        for code, path in zip(codes, points):
            result.append(combine([turn(nodes[node] @ hidden, bit) for bit, node in zip(code, path)][first:last]))
        return np.array(result, dtype=float)
    return solve


def probabilities_of_a_softmax(hidden, nodes, codes, points):
    logits = np.array([sum(float(nodes[node] @ hidden) for node in path) for path in points])
    logits = np.exp(logits - logits.max())
    return logits / logits.sum()


def probabilities_down_the_tree(hidden, nodes, codes, points):
    """Each node passes its probability on to its two branches."""
    yes = sigma(nodes @ hidden)
    result = np.ones(len(codes))
    for word, (code, path) in enumerate(zip(codes, points)):
        for bit, node in zip(code, path):
            result[word] *= 1 - yes[node] if bit else yes[node]
    return result


def probabilities_by_logs(hidden, nodes, codes, points):
    logits = nodes @ hidden
    return [float(np.exp(-np.logaddexp(0, -logits[path] * (1 - 2 * code)).sum())) for code, path in zip(codes, points)]


PATH_PROBABILITIES = Exercise(
    id="negative_sampling.path_probabilities", points=2,
    reference=reference.hierarchical_probabilities,
    cases=probability_cases,
    misconceptions=[
        Misconception("swaps the codes", probabilities_with(lambda x, code: sigma(x if code == 1 else -x)),
                      "In word2vec turn 0 has label 1: its probability is sigma(+x), and that of turn 1 is sigma(-x). "
                      "Your probabilities sum to 1 as well, but they belong to the mirrored tree."),
        Misconception("ignores the codes", probabilities_with(lambda x, code: sigma(x)),
                      "Left and right share the same node. If both had probability sigma(x), they would not sum to 1: "
                      "turn 1 has sigma(-x)."),
        Misconception("takes the mean of the turns",
                      probabilities_with(combine=lambda turns: np.mean(turns) if turns else 1.0),
                      "To reach a word every turn on its path must be taken: multiply."),
        Misconception("stops before the last turn", probabilities_with(last=-1),
                      "The path has one turn for each code; the last one leads to the word itself."),
        Misconception("leaves out the root", probabilities_with(first=1),
                      "The first turn is taken at the root, and it counts."),
        Misconception("returns logarithms",
                      probabilities_with(combine=lambda turns: np.log(np.prod(turns))),
                      "The probabilities themselves are asked for: they sum to 1."),
        Misconception("takes a softmax over the words", probabilities_of_a_softmax,
                      "The tree needs no softmax: it is normalised at each node."),
    ],
    alternatives=[probabilities_down_the_tree, probabilities_by_logs],
    hints=["At each node of a word's path, one of the two turns is taken. What is its probability?",
           "sigma(n . h) for code 0, sigma(-n . h) = 1 - sigma(n . h) for code 1. Multiply along the path.",
           "signs = 1 - 2 * code turns 0 into +1 and 1 into -1: np.prod(sigmoid(signs * (nodes[path] @ hidden))). The "
           "product over nothing is 1."],
)
