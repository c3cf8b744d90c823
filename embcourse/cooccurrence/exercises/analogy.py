"""The exercise `cooccurrence.analogy`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence.exercises.common import unit_rows
from embcourse.tfidf.reference import cosine_similarity, rank


def analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    kings = np.array([[1.0, 0.2, 0.1], [1.0, 1.1, 0.1], [1.0, 0.2, 2.0], [1.0, 1.5, 2.0], [0.3, -1.0, 1.0]])
    yield Case((kings, 0, 1, 2, 2), label="man, woman, king")
    vectors = rng.normal(size=(15, 6)) * rng.uniform(0.2, 5.0, (15, 1))
    yield Case((vectors, 3, 8, 11, 5), label="fifteen words")
    spread = rng.normal(size=(10, 10)) * rng.uniform(0.2, 5.0, (10, 1))
    yield Case((spread[:, ::2], 1, 0, 7, 4), label="a view with gaps")
    yield Case((np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [0.0, 3.0], [0.0, 2.0]]), 0, 1, 2, 2), "edge",
               "equal cosines")
    yield Case((np.array([[1.0, 0.5], [0.5, 1.0], [0.0, 1.0], [0.0, 0.0], [-1.0, -2.0]]), 0, 1, 2, 2), "edge",
               "a vector of zeros")
    yield Case((np.array([[1.0, 0.5], [0.5, 1.0], [0.0, 1.0], [1.0, 2.0]]), 0, 1, 2, 9), "edge",
               "fewer words than asked for")


def analogy(vectors, a, b, c, k):
    """The reference: 3CosAdd on unit vectors, the three inputs left out, ties by id."""
    units = unit_rows(vectors)
    order = rank(cosine_similarity((units[b] - units[a] + units[c])[None, :], units).round(9))[0]
    return [int(word) for word in order if word not in (a, b, c)][:k]


def analogy_with(prepare=unit_rows, combine=lambda a, b, c: b - a + c, *, compare=unit_rows, without=("a", "b", "c"),
                 best_first=True):
    """3CosAdd with one part replaced."""
    def solve(vectors, a, b, c, k):
        rows = prepare(vectors)
        target = combine(rows[a], rows[b], rows[c])
        scores = (compare(vectors) @ (target / np.linalg.norm(target))).round(9)
        order = np.argsort(-scores if best_first else scores, kind="stable").tolist()
        barred = [{"a": a, "b": b, "c": c}[name] for name in without]
        return [word for word in order if word not in barred][:k]
    return solve


def analogy_by_sum_of_cosines(vectors, a, b, c, k):
    """cos(d, b) - cos(d, a) + cos(d, c), over the length of the sum: no target vector is formed."""
    units = unit_rows(vectors)
    between = units @ units.T
    squared = (3 - 2 * between[a, b] - 2 * between[a, c] + 2 * between[b, c])
    scores = ((between[b] - between[a] + between[c]) / np.sqrt(squared)).round(9)
    scores[[a, b, c]] = -np.inf
    return np.argsort(-scores, kind="stable")[:min(k, len(vectors) - 3)].tolist()


def analogy_by_gensim_order(vectors, a, b, c, k):
    """A mean of signed unit vectors, as gensim's most_similar; its length plays no role."""
    units = unit_rows(np.asarray(vectors))
    target = np.mean([units[b], units[c], -units[a]], axis=0)
    cosine = np.round(units @ (target / np.sqrt(target @ target)), 9)
    return [word for word in sorted(range(len(units)), key=lambda w: (-cosine[w], w)) if word not in {a, b, c}][:k]


ANALOGY = Exercise(
    id="cooccurrence.analogy", points=2,
    reference=analogy,
    cases=analogy_cases,
    misconceptions=[
        Misconception("lets the inputs answer", analogy_with(without=()),
                      "b - a + c is nearly always closest to b or c themselves. The three inputs are left out by "
                      "definition; the chapter shows what happens if they are not."),
        Misconception("leaves out c only", analogy_with(without=("c",)),
                      "All three inputs are left out: a, b and c."),
        Misconception("adds vectors of different lengths", analogy_with(prepare=lambda v: v),
                      "A frequent word has a long vector and would decide the sum. Scale all vectors to length 1 "
                      "first."),
        Misconception("subtracts the wrong word", analogy_with(combine=lambda a, b, c: a - b + c),
                      "\"a is to b as c is to ?\" means: go from a to b, then take the same step from c: c + (b - a)."),
        Misconception("adds all three", analogy_with(combine=lambda a, b, c: a + b + c),
                      "The word a is taken away: b - a + c."),
        Misconception("ranks by dot product", analogy_with(compare=lambda v: v),
                      "The candidates are compared by cosine: they need length 1 too."),
        Misconception("puts the worst first", analogy_with(best_first=False),
                      "The highest cosine comes first."),
    ],
    alternatives=[analogy_by_sum_of_cosines, analogy_by_gensim_order],
    hints=["Which step leads from a to b? Take it from c.",
           "Unit vectors first, then target = b - a + c, then cosines as in the last exercise. Which words are left "
           "out?",
           "order = np.argsort(-cosines, kind=\"stable\"), cosines rounded to 9 decimals; keep the ids that are not "
           "in (a, b, c), and the first k of those."],
)
