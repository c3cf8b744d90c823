"""The exercise `negative_sampling.code_lengths`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.negative_sampling import reference


def is_untied(counts: np.ndarray) -> bool:
    """Whether every join is between the only two smallest trees, so that the lengths are unique."""
    heap = sorted(counts.tolist())
    while len(heap) > 2:
        if heap[1] == heap[2]:
            return False
        heap = sorted([heap[0] + heap[1], *heap[2:]])
    return True


def spread_counts(rng: np.random.Generator, size: int) -> np.ndarray:
    """Counts between an even tree and a chain, for which the tree is neither what simpler rules
    make of them."""
    simpler = [
        lengths_of_shannon_and_fano,
        lengths_of_a_queue,
        lengths_with(join=larger_count),
        lengths_with(back=first_in_line),
    ]
    if size > 10:
        simpler.append(lambda counts: lengths_by_two_queues(counts, front=-1).tolist())
    while True:
        counts = np.ceil(rng.integers(1, 40, size) * (rng.pareto(0.8, size) + 0.2)).astype(int)
        if is_untied(counts):
            lengths = [len(code) for code in reference.huffman(counts)[0]]
            uneven = max(lengths) - min(lengths) >= 2 and max(lengths) < size - 1
            if (
                uneven
                and counts.max() < 5000
                and all(list(rule(counts)) != lengths for rule in simpler)
            ):
                return counts


def chain_counts(rng: np.random.Generator, size: int) -> np.ndarray:
    """Each count is larger than the sum of all before it: Huffman's tree is a chain, the deepest
    there is."""
    counts = [int(rng.integers(1, 4))]
    for _ in range(size - 1):
        counts.append(sum(counts) + int(rng.integers(1, 4)))
    return rng.permutation(counts)


def even_counts(rng: np.random.Generator, size: int) -> np.ndarray:
    """Counts so close together that the tree is as even as can be, though no two are the same."""
    while True:
        counts = rng.permutation(int(rng.integers(100, 900)) + rng.choice(40, size, replace=False))
        if is_untied(counts):
            return counts


def length_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((spread_counts(rng, 5),), label="five words")
    yield Case((spread_counts(rng, 8),), label="eight words")
    yield Case((spread_counts(rng, 13),), label="thirteen words")
    yield Case((np.repeat(spread_counts(rng, 7), 2)[::2],), label="a view with gaps")
    yield Case((chain_counts(rng, int(rng.integers(5, 8))),), "edge", "a chain")
    yield Case((even_counts(rng, int(rng.choice([5, 6, 7]))),), "edge", "counts close together")
    yield Case((np.full(int(rng.choice([4, 8])), rng.integers(1, 50)),), "edge", "all alike")
    yield Case(
        (rng.permutation([int(rng.integers(1, 9)), int(rng.integers(10, 99))]),),
        "edge",
        "two words",
    )
    yield Case((rng.integers(1, 99, 1),), "edge", "one word")
    yield Case((np.zeros(0, int),), "edge", "no word")


def two_smallest(groups):
    return sorted(groups, key=lambda group: group[0])[:2]


def last_in_line(groups, joined):
    return [*groups, joined]


def first_in_line(groups, joined):
    """The joined tree is taken up again at once."""
    return [(-1, joined[1]), *groups]


def sum_of_counts(one, other):
    return one[0] + other[0], one[1] + other[1]


def larger_count(one, other):
    return max(one[0], other[0]), one[1] + other[1]


def lengths_with(
    *,
    choose=two_smallest,
    join=sum_of_counts,
    back=last_in_line,
    lengthened=lambda one, other: one[1] + other[1],
    extra=0,
    finish=lambda lengths, counts: lengths,
):
    """Joins two groups of words until one is left; every join adds 1 to the length of each word in
    it."""

    def solve(counts):
        groups = [(int(count), [word]) for word, count in enumerate(counts)]
        lengths = [extra] * len(groups)
        while len(groups) > 1:
            one, other = choose(groups)
            groups = [group for group in groups if group is not one and group is not other]
            for word in lengthened(one, other):
                lengths[word] += 1
            groups = back(groups, join(one, other))
        return finish(lengths, counts)

    return solve


def lengths_of_a_queue(counts):
    """Sorts once and puts joined trees at the end of the line, whatever their counts."""
    groups = [[word] for word in sorted(range(len(counts)), key=lambda word: int(counts[word]))]
    lengths = [0] * len(counts)
    while len(groups) > 1:
        joined = groups[0] + groups[1]
        for word in joined:
            lengths[word] += 1
        groups = [*groups[2:], joined]
    return lengths


def lengths_of_shannon_and_fano(counts):
    """From the top: cuts the sorted words where both sides weigh most nearly the same."""
    lengths = [0] * len(counts)

    def cut(words):
        if len(words) > 1:
            sums = np.cumsum([int(counts[word]) for word in words])
            place = 1 + int(np.argmin(np.abs(2 * sums[:-1] - sums[-1])))
            for word in words:
                lengths[word] += 1
            cut(words[:place])
            cut(words[place:])

    cut(sorted(range(len(counts)), key=lambda word: -int(counts[word])))
    return lengths


def lengths_by_two_queues(counts, front=0):
    """Sorts once; joined trees come in rising order, so that the smallest is at the front of one of
    two queues.

    front : which of the joined trees a word is compared with: right only for the first.
    """
    order = sorted(range(len(counts)), key=lambda word: int(counts[word]))
    Tree = tuple[int, tuple[int, ...]]  # its count and its words
    leaves: list[Tree] = [(int(counts[word]), (word,)) for word in order]
    joined: list[Tree] = []
    lengths = np.zeros(len(counts), dtype=int)

    def smallest():
        return (
            leaves.pop(0)
            if not joined or (leaves and leaves[0][0] <= joined[front][0])
            else joined.pop(0)
        )

    while len(leaves) + len(joined) > 1:
        one, other = smallest(), smallest()
        words = one[1] + other[1]
        lengths[list(words)] += 1
        joined.append((one[0] + other[0], words))
    return lengths


def lengths_by_heap(counts):
    heap: list[tuple[int, int, Any]] = [
        (int(count), word, None) for word, count in enumerate(counts)
    ]
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
    id="negative_sampling.code_lengths",
    points=2,
    reference=lambda counts: [len(code) for code in reference.huffman(counts)[0]],
    cases=length_cases,
    variant=lengths_with,
    misconceptions=[
        Misconception(
            "joins the two largest",
            {"choose": lambda groups: sorted(groups, key=lambda group: group[0])[-2:]},
            "Join the two trees with the smallest counts. Words that are joined first end up"
            " deepest, and those should be the rare ones.",
        ),
        Misconception(
            "joins the smallest and the largest",
            {
                "choose": lambda groups: [
                    min(groups, key=lambda group: group[0]),
                    max(reversed(groups), key=lambda group: group[0]),
                ]
            },
            "Both trees of a join are the smallest there are: the smallest and the second"
            " smallest.",
        ),
        Misconception(
            "joins the first two",
            {"choose": lambda groups: groups[:2]},
            "Which two trees are joined depends on their counts, not on their order.",
        ),
        Misconception(
            "hangs word after word onto one chain",
            {"back": first_in_line},
            "A joined tree goes back among the others with its count, and two others may be smaller"
            " now. Look for the two smallest anew each time.",
        ),
        Misconception(
            "puts joined trees at the end of the line",
            lengths_of_a_queue,
            "A joined tree goes back among the others according to its count: it may be one of the"
            " two smallest long before the last word is joined.",
        ),
        Misconception(
            "gives a joined tree the count of one of its two",
            {"join": larger_count},
            "The count of a joined tree is the sum of both: it stands for all of its words.",
        ),
        Misconception(
            "lengthens the words of one tree only",
            {"lengthened": lambda one, other: other[1]},
            "At the new node one turn leads to the first tree and one to the second: the words of"
            " both get one turn more.",
        ),
        Misconception(
            "lengthens only words, not the words inside joined trees",
            {
                "lengthened": lambda one, other: [
                    word for _, words in (one, other) for word in words if len(words) == 1
                ]
            },
            "Each join puts one more turn above all words of both trees, also above those that were"
            " joined before.",
        ),
        Misconception(
            "counts nodes instead of turns",
            {"extra": 1},
            "The length of a code is the number of turns from the root to the word. A single word"
            " needs none.",
        ),
        Misconception(
            "returns lengths in the order of the counts",
            {
                "finish": lambda lengths, counts: [
                    lengths[word] for word in np.argsort(-np.asarray(counts), kind="stable")
                ]
            },
            "The first length belongs to the first word of `counts`: the order stays.",
        ),
        Misconception(
            "returns code length times count",
            {
                "finish": lambda lengths, counts: [
                    int(count) * length for count, length in zip(counts, lengths)
                ]
            },
            "The length of each word's code is asked for, not what the word adds to the mean.",
        ),
        Misconception(
            "gives all words the same length",
            lambda counts: [math.ceil(math.log2(len(counts))) if len(counts) else 0] * len(counts),
            "That is a full tree. In Huffman's tree frequent words have shorter paths.",
        ),
        Misconception(
            "rounds -log2 of the frequency up",
            lambda counts: [math.ceil(-math.log2(count / counts.sum())) for count in counts],
            "Those are Shannon's lengths. They make a code, but rarely the shortest: build the"
            " tree.",
        ),
        Misconception(
            "rounds -log2 of the frequency",
            lambda counts: [round(-math.log2(count / counts.sum())) for count in counts],
            "The best length is near -log2 of the frequency, but no tree need have these lengths:"
            " build it.",
        ),
        Misconception(
            "cuts from the top",
            lengths_of_shannon_and_fano,
            "That is the tree of Shannon and Fano: cut into two halves, and each half again. It can"
            " be longer than Huffman's, which joins from the bottom.",
        ),
    ],
    alternatives=[lengths_by_two_queues, lengths_by_heap, lengths_with()],
    hints=[
        (
            "Start with one tree for each word. Which two are joined first, and what is the count"
            " of the new one?"
        ),
        (
            "Keep for each tree its count and the words in it. Every join makes the path of all its"
            " words one turn longer."
        ),
        (
            "heapq with (count, number, words): pop two, add 1 to the length of each of their"
            " words, push the joined tree. The number in the middle keeps heapq from comparing"
            " lists."
        ),
    ],
)
