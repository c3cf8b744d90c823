"""The exercise `negative_sampling.code_lengths`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.negative_sampling import reference


def untied_counts(rng: np.random.Generator, size: int) -> np.ndarray:
    """Counts for which every join is between the only two smallest, so that the lengths are unique."""
    while True:
        counts = np.ceil(rng.integers(1, 40, size) * rng.pareto(0.8, size) + 1).astype(int)
        heap = sorted(counts.tolist())
        untied = True
        while len(heap) > 1 and untied:
            untied = len(set(heap[:4])) == len(heap[:4])
            heap = sorted([heap[0] + heap[1], *heap[2:]])
        # More spread than a full tree, so that the mistakes show.
        lengths = [len(code) for code in reference.huffman(counts)[0]]
        if untied and max(lengths) - min(lengths) >= 3 and max(lengths) < size - 1:
            return counts


def length_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([40, 6, 5, 3, 1]),), label="five words")
    yield Case((untied_counts(rng, 8),), label="eight words")
    yield Case((untied_counts(rng, 13),), label="thirteen words")
    yield Case((np.array([60, 7, 50, 7, 40, 7, 30, 7])[::2],), label="a view with gaps")
    yield Case((np.array([3, 3, 3, 3]),), "edge", "all alike")
    yield Case((np.array([1, 9]),), "edge", "two words")
    yield Case((np.array([4]),), "edge", "one word")
    yield Case((np.zeros(0, int),), "edge", "no word")


def lengths_by(choose, extra=0):
    """Joins two groups of words until one is left; every join adds 1 to the length of each word in it."""
    def solve(counts):
        groups = [(int(count), [word]) for word, count in enumerate(counts)]
        lengths = [extra] * len(groups)
        while len(groups) > 1:
            one, other = choose(groups)
            groups = [group for group in groups if group is not one and group is not other]
            for word in one[1] + other[1]:
                lengths[word] += 1
            groups.append((one[0] + other[0], one[1] + other[1]))
        return lengths
    return solve


def two_smallest(groups):
    return sorted(groups, key=lambda group: group[0])[:2]


def two_largest(groups):
    return sorted(groups, key=lambda group: group[0])[-2:]


def lengths_of_a_chain(counts):
    """Sorts once and hangs one word after the other onto the tree."""
    order = sorted(range(len(counts)), key=lambda word: int(counts[word]))
    lengths = [0] * len(counts)
    for depth, word in enumerate(reversed(order), start=1):
        lengths[word] = min(depth, len(counts) - 1)
    return lengths


def lengths_by_heap(counts):
    heap = [(int(count), word, None) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    made = len(heap)
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (one[0] + other[0], made, (one, other)))
        made += 1
    lengths = np.zeros(len(counts), dtype=int)
    stack = [(heap[0], 0)] if heap else []
    while stack:
        (_, word, children), depth = stack.pop()
        if children is None:
            lengths[word] = depth
        else:
            stack += [(child, depth + 1) for child in children]
    return lengths


CODE_LENGTHS = Exercise(
    id="negative_sampling.code_lengths", points=2,
    reference=lambda counts: [len(code) for code in reference.huffman(counts)[0]],
    cases=length_cases,
    misconceptions=[
        Misconception("joins the two largest", lengths_by(two_largest),
                      "Join the two trees with the smallest sums. Words that are joined first end up deepest, and "
                      "those should be the rare ones."),
        Misconception("hangs word after word onto one chain", lengths_of_a_chain,
                      "A joined tree goes back among the others with its sum, and two others may be smaller now. Look "
                      "for the two smallest anew each time."),
        Misconception("gives all words the same length",
                      lambda counts: [math.ceil(math.log2(len(counts))) if len(counts) else 0] * len(counts),
                      "That is a full tree. In Huffman's tree frequent words have shorter paths."),
        Misconception("rounds -log2 of the frequency up",
                      lambda counts: [math.ceil(-math.log2(count / counts.sum())) for count in counts],
                      "Those are Shannon's lengths. They make a code, but rarely the shortest: build the tree."),
        Misconception("counts the root as a turn", lengths_by(two_smallest, extra=1),
                      "The length of a path is its number of turns. A single word needs none."),
        Misconception("joins the first two", lengths_by(lambda groups: groups[:2]),
                      "Which two trees are joined depends on their sums, not on their order."),
    ],
    alternatives=[lengths_by_heap, lengths_by(two_smallest)],
    hints=["Start with one tree for each word. Which two are joined first, and what is the sum of the new one?",
           "Keep for each tree its sum and the words in it. Every join makes the path of all its words one turn "
           "longer.",
           "heapq with (sum, number, words): pop two, add 1 to the length of each of their words, push the joined "
           "tree. The number in the middle keeps heapq from comparing lists."],
)
