"""The exercise `cooccurrence.neighbours`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence.exercises.common import (
    DOES_NOT_ROUND_THE_COSINES,
    REVERSES_AN_ASCENDING_SORT,
    ROUNDS_TO_6_DECIMALS,
    SORTS_WITHOUT_KEEPING_TIES_IN_ORDER,
    nearly_tied_vectors,
    nine,
    random_vectors,
    stable_order,
    tied_vectors,
    undefined_units,
    unit_rows,
    worst_first,
)
from embcourse.tfidf.reference import cosine_similarity, rank


def telling_inputs(rng: np.random.Generator) -> tuple:
    """Random vectors for which neither lengths nor signs may be ignored."""
    while True:
        words = int(rng.integers(12, 18))
        inputs = (random_vectors(rng, words, 5), int(rng.integers(words)), int(rng.integers(4, 8)))
        scores = (
            lambda vectors, word: vectors @ vectors[word],
            by_squared_length,
            distance,
            unsigned,
            by_columns,
        )
        if neighbours(*inputs) not in [neighbours_with(score=score)(*inputs) for score in scores]:
            return inputs


def neighbour_cases(rng: np.random.Generator) -> Iterator[Case]:
    four = np.array([[1.0, 0.0], [4.0, 3.0], [3.0, 4.0], [0.0, 2.0]])[rng.permutation(4)]
    yield Case((four * rng.integers(1, 4, (4, 1)), int(rng.integers(4)), 2), label="four words")
    yield Case(telling_inputs(rng), label="more words")
    yield Case(
        (random_vectors(rng, 9, 8)[:, ::2], int(rng.integers(9)), 4), label="a view with gaps"
    )

    # Two twins of the word before it and one after it, in the same direction.
    twin = rng.integers(1, 4, 2).astype(float)
    others = np.array([[1.0, -1.0], [5.0, 1.0]]) * rng.integers(1, 4, (2, 1))
    equal = np.vstack([2 * twin, others[:1], twin, 3 * twin, twin, others[1:]])
    yield Case((equal, int(rng.choice([3, 4])), 4), "edge", "vectors in the same direction")
    words = int(rng.integers(40, 60))
    yield Case(
        (tied_vectors(rng, words), int(rng.integers(words)), words - 5),
        "edge",
        "many equal cosines",
    )
    centre = rng.normal(size=3)
    close = nearly_tied_vectors(rng, centre)
    place = int(rng.integers(7))
    yield Case(
        (np.insert(close, place, centre, axis=0), place, 6),
        "edge",
        "cosines that are equal to 9 decimals",
    )
    zeros = random_vectors(rng, 7, 3)
    # one on either side of the zeros in the ranking
    zeros[:2] = [[1.0, 0.5, 2.0], [-2.0, 0.3, -1.0]]
    zeros = np.vstack([np.zeros((1, 3)), zeros, np.zeros((1, 3))])
    zeros[4] = [1.0, 1.0, 1.0]
    # nearer than the zeros, not by distance
    zeros[5] = rng.permutation([1.0, -1.0, 0.0]) + rng.uniform(0.1, 0.3)
    yield Case((zeros, 4, 8), "edge", "vectors of zeros")
    few = random_vectors(rng, 3, 2)
    yield Case(
        (few, int(rng.integers(3)), int(rng.integers(5, 9))), "edge", "fewer words than asked for"
    )
    yield Case((random_vectors(rng, 1, 2), 0, int(rng.integers(2, 5))), "edge", "one word")


def neighbours(vectors, word, k):
    """The reference: ids of the k nearest words, ties by id, the word itself left out."""
    order = rank(cosine_similarity(vectors[[word]], vectors).round(9))[0]
    return [int(other) for other in order if other != word][:k]


def cosines_of(vectors, word):
    return unit_rows(vectors) @ unit_rows(vectors)[word]


def with_constant(constant):
    """Cosines, with a constant added to each length."""

    def score(vectors, word):
        units = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + constant)
        return units @ units[word]

    return score


def leave_out(order, scores, word, k):
    return order[order != word][:k]


def neighbours_with(*, score=cosines_of, round_to=nine, sort=stable_order, choose=leave_out):
    """Neighbours with parts replaced. choose takes the order, the scores, the word and k."""

    def solve(vectors, word, k):
        scores = round_to(score(vectors, word))
        return choose(sort(scores), scores, word, k).tolist()

    return solve


def neighbours_by_sorted(vectors, word, k):
    def cosine(other):
        lengths = float(np.sqrt(vectors[other] @ vectors[other])) * float(
            np.sqrt(vectors[word] @ vectors[word])
        )
        return round(float(vectors[other] @ vectors[word]) / lengths, 9) if lengths else 0.0

    others = [other for other in range(len(vectors)) if other != word]
    return sorted(others, key=lambda other: (-cosine(other), other))[:k]


def neighbours_by_lexsort(vectors, word, k):
    scores = cosines_of(vectors, word).round(9)
    scores[word] = -np.inf
    return np.lexsort((np.arange(len(scores)), -scores))[: min(k, len(scores) - 1)]


def distance(vectors, word):
    return -np.linalg.norm(vectors - vectors[word], axis=1)


def unit_distance(vectors, word):
    return -np.linalg.norm(unit_rows(vectors) - unit_rows(vectors)[word], axis=1)


def renumbered(order, scores, word, k):
    """Ids in the list that remains once the word is deleted."""
    rest = order[order != word]
    return (rest - (rest > word))[:k]


def one_each(order, scores, word, k):
    """A dictionary from cosine to id keeps the last of several equal ones."""
    last = {float(scores[other]): other for other in range(len(scores)) if other != word}
    return np.array([last[score] for score in sorted(last, reverse=True)][:k], dtype=int)


def without_zeros(vectors, word, k):
    every = neighbours(vectors, word, len(vectors))
    return [other for other in every if vectors[other].any()][:k]


def unsigned(vectors, word):
    return np.abs(cosines_of(vectors, word))


def by_columns(vectors, word):
    return unit_rows(vectors.T).T @ unit_rows(vectors.T).T[word]


def by_squared_length(vectors, word):
    squares = (vectors**2).sum(axis=1)
    return vectors @ vectors[word] / np.where(squares == 0, 1, squares)


NEIGHBOURS = Exercise(
    id="cooccurrence.neighbours",
    points=2,
    reference=neighbours,
    cases=neighbour_cases,
    variant=neighbours_with,
    misconceptions=[
        Misconception(
            "returns the word itself",
            {"choose": lambda order, scores, word, k: order[:k]},
            "Every word is its own best match. Leave it out.",
        ),
        Misconception(
            "drops the first result instead of the word",
            {"choose": lambda order, scores, word, k: order[1 : k + 1]},
            "Another word may have the same direction and a lower id; then it stands first. Leave"
            " out the word by its id.",
        ),
        Misconception(
            "leaves out every word with cosine 1",
            {"choose": lambda order, scores, word, k: order[scores[order] < 1][:k]},
            "Another word may have the same direction. It is a neighbour; leave out the word by"
            " its id.",
        ),
        Misconception(
            "cuts to k before it leaves the word out",
            {"choose": lambda order, scores, word, k: order[:k][order[:k] != word]},
            "Then one neighbour is missing. Leave the word out first, then take k.",
        ),
        Misconception(
            "ranks by dot product",
            {"score": lambda vectors, word: vectors @ vectors[word]},
            "Long vectors, those of frequent words, win every dot product. Divide by both lengths.",
        ),
        Misconception(
            "divides by the squared length",
            {"score": by_squared_length},
            "Divide by the lengths: the square root of the sum of squares.",
        ),
        *(
            Misconception(
                f"adds {constant:.0e} to the lengths",
                {"score": with_constant(constant)},
                "Then a short vector loses more than a long one, and equal cosines are no longer"
                " equal. Only a length of 0 needs care.",
            )
            for constant in (1e-9, 1e-8)
        ),
        Misconception(
            "ranks by distance",
            {"score": distance},
            "Euclidean distance punishes a vector for its length. The cosine looks at directions"
            " only.",
        ),
        Misconception(
            "ranks by the distance of unit vectors",
            {"score": unit_distance},
            "That is the order of the cosines, except for a vector of zeros: its cosine is 0, and"
            " its distance to a unit vector is 1, like that of a cosine of 1/2.",
        ),
        Misconception(
            "numbers the words anew",
            {"choose": renumbered},
            "Once the word is deleted from the list, everything behind it moves up by one. Return"
            " the ids of the full list.",
        ),
        Misconception(
            "keeps one word for each cosine",
            {"choose": one_each},
            "A dictionary has room for one word under a key. Words with equal cosines are all"
            " neighbours.",
        ),
        Misconception(
            "leaves out vectors of zeros",
            without_zeros,
            "A vector of zeros has cosine 0 with everything and has its place in the ranking.",
        ),
        Misconception(
            "leaves out negative cosines",
            {
                "choose": lambda order, scores, word, k: order[
                    (order != word) & (scores[order] > 0)
                ][:k]
            },
            "Every other word may be a neighbour, also one that points elsewhere: if `k` reaches"
            " that far, it is returned.",
        ),
        Misconception(
            "ignores the sign",
            {"score": unsigned},
            "A cosine of -1 is the opposite direction, farther than any other. Don't take absolute"
            " values.",
        ),
        Misconception(
            "scales columns instead of rows",
            {"score": by_columns},
            "A word's vector is a row: the length is taken along axis 1, one for every row.",
        ),
        Misconception(
            "puts the farthest first",
            {"sort": worst_first},
            "np.argsort sorts ascending. The highest cosine must come first.",
        ),
        REVERSES_AN_ASCENDING_SORT,
        SORTS_WITHOUT_KEEPING_TIES_IN_ORDER,
        ROUNDS_TO_6_DECIMALS,
        DOES_NOT_ROUND_THE_COSINES,
        Misconception(
            "divides by the length of a zero vector",
            {
                "score": (
                    lambda vectors, word: undefined_units(vectors) @ undefined_units(vectors)[word]
                )
            },
            "A vector of zeros has no direction; its cosine with everything is 0, not NaN.",
        ),
    ],
    alternatives=[neighbours_by_sorted, neighbours_by_lexsort, neighbours_with()],
    hints=[
        "Make every row a unit vector; then one matrix product gives all cosines.",
        (
            'Round the cosines to 9 decimals, sort their negatives with kind="stable", and leave'
            " out the word's own id."
        ),
        (
            'order = np.argsort(-cosines, kind="stable"); return order[order != word][:k]. For a'
            " row of zeros divide by 1."
        ),
    ],
)
