"""The exercise `word2vec.analogy`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception


def analogy_vectors(rng: np.random.Generator, words: int, dim: int, a: int, b: int, c: int) -> np.ndarray:
    """Vectors of very different lengths, whose scores for the question are far apart for rounding."""
    while True:
        vectors = rng.normal(size=(words, dim)) * rng.uniform(0.2, 5.0, (words, 1))
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        query = units[b] - units[a] + units[c]
        if np.diff(np.sort(units @ query)).min() > 1e-6 and np.linalg.norm(query) > 0.1:
            return vectors


def analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((analogy_vectors(rng, 8, 3, 0, 1, 2), 0, 1, 2, 5), label="all the others")
    yield Case((analogy_vectors(rng, 20, 4, 7, 3, 11), 7, 3, 11, 6), label="six of twenty")
    wide = np.repeat(analogy_vectors(rng, 12, 3, 5, 0, 9), 2, axis=1)
    wide[:, 1::2] = rng.normal(size=(12, 3))
    yield Case((wide[:, ::2], 5, 0, 9, 4), label="a view with gaps")
    yield Case((analogy_vectors(rng, 10, 2, 4, 8, 1), 4, 8, 1, 1), label="the best one")
    # Unit vectors along the axes: the scores are -1, 0 and 1 exactly, so these ties are no matter of rounding.
    axes = np.concatenate([np.eye(3), 2 * np.eye(3), -4 * np.eye(3)])
    yield Case((axes, 0, 1, 2, 6), "edge", "ties: the smaller id first")
    yield Case((analogy_vectors(rng, 7, 3, 2, 2, 5), 2, 2, 5, 4), "edge", "a = b: the neighbours of c")
    yield Case((analogy_vectors(rng, 6, 3, 0, 4, 5), 0, 4, 5, 50), "edge", "more asked than there are")
    yield Case((analogy_vectors(rng, 3, 3, 0, 1, 2), 0, 1, 2, 2), "edge", "no other word")


def answered_with(*, excluded="abc", rows=True, query_units=True, swapped=False, sign=1.0, last_first=False,
                  without_c=False):
    """An analogy with one part replaced."""
    def solve(vectors, a, b, c, k):
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        x = units if query_units else vectors
        query = x[a] - x[b] + x[c] if swapped else x[b] - x[a] + (0 if without_c else x[c])
        scores = sign * ((units if rows else vectors) @ query)
        left_out = {"a": a, "b": b, "c": c}
        out = {left_out[name] for name in excluded}
        order = np.argsort(scores, kind="stable")[::-1] if last_first else np.argsort(-scores, kind="stable")
        return np.array([w for w in order.tolist() if w not in out][:k], dtype=int)
    return solve


def analogy_by_sorting(vectors, a, b, c, k):
    units = [row / math.sqrt(row @ row) for row in vectors]
    query = units[b] - units[a] + units[c]
    others = [w for w in range(len(vectors)) if w not in (a, b, c)]
    return sorted(others, key=lambda w: (-float(units[w] @ query), w))[:k]


def analogy_by_cosines(vectors, a, b, c, k):
    """The sum of three cosines, without the vector in between."""
    gram = vectors @ vectors.T
    lengths = np.sqrt(np.diag(gram))
    cosines = gram / lengths / lengths[:, None]
    scores = cosines[b] - cosines[a] + cosines[c]
    scores[[a, b, c]] = -np.inf
    return np.argsort(-scores, kind="stable")[:min(k, len(vectors) - len({a, b, c}))]


ANALOGY = Exercise(
    id="word2vec.analogy", points=2,
    reference=answered_with(),
    cases=analogy_cases,
    misconceptions=[
        Misconception("leaves the question's words among the answers", answered_with(excluded=""),
                      "The nearest word to b - a + c is mostly c or b itself. By custom a, b and c are left out: that "
                      "is part of the method, and of every score that it is reported with."),
        Misconception("leaves out c only", answered_with(excluded="c"),
                      "All three words of the question are left out: a and b as well."),
        Misconception("ranks by products with rows of any length", answered_with(rows=False),
                      "A long row wins by its length. Divide every row by its length before you compare."),
        Misconception("adds up vectors of any length", answered_with(query_units=False),
                      "In b - a + c the longest of the three counts most. Use the rows of length 1 there too."),
        Misconception("swaps a and b", answered_with(swapped=True),
                      "a is to b as c is to the answer: b - a is the step that is taken from c."),
        Misconception("ranks the farthest first", answered_with(sign=-1.0),
                      "The best answer has the largest cosine. Sort downwards."),
        Misconception("puts the larger id first in a tie", answered_with(last_first=True),
                      "Reversing a sort reverses the ties as well. Sort the negative scores with kind=\"stable\"."),
        Misconception("forgets to start from c", answered_with(without_c=True),
                      "b - a is only the step. Take it from c."),
    ],
    alternatives=[analogy_by_sorting, analogy_by_cosines],
    hints=["Divide every row by its length. Then the cosine is a product.",
           "The scores are units @ (units[b] - units[a] + units[c]). Sort downwards, and drop a, b and c.",
           "`order = np.argsort(-scores, kind=\"stable\")`, then `[w for w in order if w not in (a, b, c)][:k]`."],
)
