"""The exercise `cooccurrence.neighbours`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence.exercises.common import unit_rows
from embcourse.tfidf.reference import cosine_similarity, rank


def neighbour_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0, 0.0], [4.0, 3.0], [3.0, 4.0], [0.0, 2.0]]), 0, 2), label="four words")
    vectors = rng.normal(size=(12, 5)) * rng.uniform(0.2, 5.0, (12, 1))
    yield Case((vectors, 7, 5), label="twelve words")
    spread = rng.normal(size=(9, 8)) * rng.uniform(0.2, 5.0, (9, 1))
    yield Case((spread[:, ::2], 2, 4), label="a view with gaps")
    yield Case((np.array([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0], [1.0, 2.0]]), 2, 3), "edge", "equal vectors")
    yield Case((np.array([[2.0, 0.0], [0.0, 3.0], [0.0, -1.0], [0.0, 4.0], [1.0, 0.1]]), 0, 4), "edge", "equal cosines")
    yield Case((np.array([[2.0, 1.0], [0.0, 0.0], [-1.0, 0.0], [1.0, 1.0]]), 0, 3), "edge", "a vector of zeros")
    yield Case((np.array([[2.0, 1.0], [1.0, 1.0]]), 1, 5), "edge", "fewer words than asked for")
    yield Case((np.array([[2.0, 1.0]]), 0, 3), "edge", "one word")


def neighbours(vectors, word, k):
    """The reference: ids of the k nearest words, ties by id, the word itself left out."""
    order = rank(cosine_similarity(vectors[[word]], vectors).round(9))[0]
    return [int(other) for other in order if other != word][:k]


def neighbours_by(scores, *, drop=lambda order, word: order[order != word],
                  sort=lambda s: np.argsort(-s, kind="stable")):
    """Neighbours with one part replaced."""
    def solve(vectors, word, k):
        return drop(sort(scores(vectors, word)), word)[:k].tolist()
    return solve


def cosines(vectors, word):
    return (unit_rows(vectors) @ unit_rows(vectors)[word]).round(9)


def undefined_cosines(vectors, word):
    lengths = np.linalg.norm(vectors, axis=1)
    with np.errstate(invalid="ignore"):
        return (vectors @ vectors[word] / (lengths * lengths[word])).round(9)


def neighbours_by_sorted(vectors, word, k):
    def cosine(other):
        lengths = float(np.sqrt(vectors[other] @ vectors[other])) * float(np.sqrt(vectors[word] @ vectors[word]))
        return round(float(vectors[other] @ vectors[word]) / lengths, 9) if lengths else 0.0
    others = [other for other in range(len(vectors)) if other != word]
    return sorted(others, key=lambda other: (-cosine(other), other))[:k]


def neighbours_by_lexsort(vectors, word, k):
    scores = cosines(vectors, word)
    scores[word] = -np.inf
    return np.lexsort((np.arange(len(scores)), -scores))[:min(k, len(scores) - 1)]


NEIGHBOURS = Exercise(
    id="cooccurrence.neighbours", points=2,
    reference=neighbours,
    cases=neighbour_cases,
    misconceptions=[
        Misconception("returns the word itself", neighbours_by(cosines, drop=lambda order, word: order),
                      "Every word is its own best match. Leave it out."),
        Misconception("drops the first result instead of the word",
                      neighbours_by(cosines, drop=lambda order, word: order[1:]),
                      "Another word may have the same direction and a lower id; then it stands first. Leave out the "
                      "word by its id."),
        Misconception("ranks by dot product", neighbours_by(lambda v, w: (v @ v[w]).round(9)),
                      "Long vectors, those of frequent words, win every dot product. Divide by both lengths."),
        Misconception("ranks by distance", neighbours_by(lambda v, w: -np.linalg.norm(v - v[w], axis=1).round(9)),
                      "Euclidean distance punishes a vector for its length. The cosine looks at directions only."),
        Misconception("puts the farthest first", neighbours_by(cosines, sort=lambda s: np.argsort(s, kind="stable")),
                      "np.argsort sorts ascending. The highest cosine must come first."),
        Misconception("reverses an ascending sort",
                      neighbours_by(cosines, sort=lambda s: np.argsort(s, kind="stable")[::-1]),
                      "Reversing puts equal cosines in reverse order too. Sort the negated cosines with "
                      "kind=\"stable\"."),
        Misconception("divides by the length of a zero vector", neighbours_by(undefined_cosines),
                      "A vector of zeros has no direction; its cosine with everything is 0, not NaN."),
    ],
    alternatives=[neighbours_by_sorted, neighbours_by_lexsort],
    hints=["Make every row a unit vector; then one matrix product gives all cosines.",
           "Round the cosines to 9 decimals, sort their negatives with kind=\"stable\", and leave out the word's own "
           "id.",
           "order = np.argsort(-cosines, kind=\"stable\"); return order[order != word][:k]. For a row of zeros "
           "divide by 1."],
)
