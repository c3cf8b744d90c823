"""The exercise `word2vec.analogy`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception


def question(
    rng: np.random.Generator,
    words: int,
    dim: int,
    *,
    k: int | None = None,
    same: str = "",
    gaps: bool = False,
    **options,
) -> Case:
    """A question whose scores are far enough apart for rounding, with vectors of very different
    lengths.

    k   : how many answers are asked for; None for all.
    same: which of the three words are one, "ab" or "abc".
    """
    while True:
        vectors = rng.normal(size=(words, dim)) * rng.uniform(0.2, 5.0, (words, 1))
        a, b, c = (int(word) for word in rng.permutation(words)[:3])
        a = b if "a" in same else a
        c = b if "c" in same else c
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        query = units[b] - units[a] + units[c]
        if np.diff(np.sort(units @ query)).min() > 1e-6 and np.linalg.norm(query) > 0.1:
            break
    if gaps:
        vectors = np.repeat(vectors, 2, axis=1)[:, ::2]
    return Case((vectors, a, b, c, words - len({a, b, c}) if k is None else k), **options)


def analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield question(rng, 6, 2, label="all the others")
    words = int(rng.integers(18, 26))
    yield question(rng, words, 4, k=int(rng.integers(5, 9)), label="some of twenty")
    yield question(rng, words, 3, k=int(rng.integers(11, 14)), label="more than ten")
    yield question(rng, 12, 3, k=4, gaps=True, label="a view with gaps")
    yield question(rng, 10, 2, k=1, label="the best one")
    # Whole multiples of the axes have units of 0 and 1 exactly, so these ties are no matter of
    # rounding. Of more than 16 equal items an unstable sort changes the order.
    axes = rng.permutation(np.repeat([0, 1, 2], 20))
    signs = np.where(rng.random(60) < 0.2, -1, 1)
    a, b, c = (
        int(rng.choice(np.flatnonzero((axes == axis) & (signs > 0)))) for axis in rng.permutation(3)
    )
    vectors = np.eye(3)[axes] * (signs * rng.integers(1, 6, 60))[:, None]
    yield Case((vectors, a, b, c, int(rng.integers(30, 50))), "edge", "ties: the smaller id first")
    yield question(rng, 7, 3, k=4, same="ab", aspect="edge", label="a = b: the neighbours of c")
    yield question(
        rng, 7, 3, k=3, same="abc", aspect="edge", label="a = b = c: the neighbours of one word"
    )
    yield question(
        rng,
        7,
        3,
        k=int(rng.integers(20, 60)),
        same=str(rng.choice(["ab", "abc"])),
        aspect="edge",
        label="more asked than there are, of fewer than three words",
    )
    words = int(rng.integers(6, 9))
    yield question(
        rng, words, 3, k=int(rng.integers(20, 60)), aspect="edge", label="more asked than there are"
    )
    yield question(rng, 3, 3, k=int(rng.integers(1, 4)), aspect="edge", label="no other word")


def unit_rows(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def step_from_c(x, a, b, c):
    return x[b] - x[a] + x[c]


def downwards(scores):
    return np.argsort(-scores, kind="stable")


def drop_first(order, out, k):
    return [word for word in order if word not in out][:k]


def answered_with(
    *,
    out=lambda a, b, c: (a, b, c),
    rows=unit_rows,
    terms=unit_rows,
    query=step_from_c,
    sort=downwards,
    cut=drop_first,
):
    """An analogy with one part replaced."""

    def solve(vectors, a, b, c, k):
        scores = rows(vectors) @ query(terms(vectors), a, b, c)
        return np.array(cut(sort(scores).tolist(), out(a, b, c), k), dtype=int)

    return solve


def by_products(vectors, a, b, c, k):
    """3CosMul instead of the sum."""
    x = unit_rows(vectors)
    cosines = (x @ x[[a, b, c]].T + 1) / 2
    scores = cosines[:, 1] * cosines[:, 2] / (cosines[:, 0] + 0.001)
    return np.array(drop_first(downwards(scores).tolist(), (a, b, c), k), dtype=int)


def nearest_ends(vectors, a, b, c, k):
    """The smallest distance to b - a + c, with vectors as they are."""
    distances = np.linalg.norm(vectors - step_from_c(vectors, a, b, c), axis=1)
    return np.array(
        drop_first(np.argsort(distances, kind="stable").tolist(), (a, b, c), k), dtype=int
    )


def to_the_end(order, out, k):
    """The words of the question last, by their ids."""
    return ([word for word in order if word not in out] + sorted(set(out)))[:k]


def analogy_by_sorting(vectors, a, b, c, k):
    units = [row / math.sqrt(row @ row) for row in vectors]
    query = units[b] - units[a] + units[c]
    others = [w for w in range(len(vectors)) if w not in (a, b, c)]
    return sorted(others, key=lambda w: (-float(units[w] @ query), w))[:k]


def analogy_by_cosines(vectors, a, b, c, k):
    """The sum of three cosines, without the vector in between."""
    lengths = np.sqrt((vectors * vectors).sum(axis=1))
    cosines = vectors / lengths[:, None] @ (vectors[[a, b, c]] / lengths[[a, b, c], None]).T
    scores = cosines[:, 1] - cosines[:, 0] + cosines[:, 2]
    scores[[a, b, c]] = -np.inf
    return np.argsort(-scores, kind="stable")[: min(k, len(vectors) - len({a, b, c}))]


def analogy(vectors, a, b, c, k):
    return answered_with()(vectors, a, b, c, k)


ANALOGY = Exercise(
    id="word2vec.analogy",
    points=2,
    reference=analogy,
    cases=analogy_cases,
    variant=answered_with,
    misconceptions=[
        Misconception(
            "leaves the question's words among the answers",
            {"out": lambda a, b, c: ()},
            "The nearest word to b - a + c is mostly c or b itself. By custom a, b and c are left"
            " out: that is part of the method, and of every score that it is reported with.",
        ),
        Misconception(
            "leaves out c only",
            {"out": lambda a, b, c: (c,)},
            "All three words of the question are left out: a and b as well.",
        ),
        Misconception(
            "leaves out a and b only",
            {"out": lambda a, b, c: (a, b)},
            "All three words of the question are left out: c as well, which is mostly the nearest.",
        ),
        Misconception(
            "leaves out b and c only",
            {"out": lambda a, b, c: (b, c)},
            "All three words of the question are left out: a as well.",
        ),
        Misconception(
            "leaves the inputs out after the first k were taken",
            {"cut": lambda order, out, k: [word for word in order[:k] if word not in out]},
            "Then fewer than k answers are left. Drop a, b and c first, and take k of the rest.",
        ),
        Misconception(
            "ranks by products with rows of any length",
            {"rows": lambda vectors: vectors},
            "A long row wins by its length. Divide every row by its length before you compare.",
        ),
        Misconception(
            "adds up vectors of any length",
            {"terms": lambda vectors: vectors},
            "In b - a + c the longest of the three counts most. Use the rows of length 1 there"
            " too.",
        ),
        Misconception(
            "divides no row by its length",
            {"terms": lambda vectors: vectors, "rows": lambda vectors: vectors},
            "Divide every row by its length first, both in the sum and where you compare.",
        ),
        Misconception(
            "divides by the lengths of the columns",
            {
                "rows": lambda vectors: vectors / np.linalg.norm(vectors, axis=0),
                "terms": lambda vectors: vectors / np.linalg.norm(vectors, axis=0),
            },
            "A word is a row: take the length along axis 1, and keep that axis for the division.",
        ),
        Misconception(
            "swaps a and b",
            {"query": lambda x, a, b, c: x[a] - x[b] + x[c]},
            "a is to b as c is to the answer: b - a is the step that is taken from c.",
        ),
        Misconception(
            "takes the step from a",
            {"query": lambda x, a, b, c: x[b] - x[c] + x[a]},
            "a is to b as c is to the answer: the step b - a is taken from c.",
        ),
        Misconception(
            "adds a",
            {"query": lambda x, a, b, c: x[b] + x[a] + x[c]},
            "The step from a to b is b - a: subtract a.",
        ),
        Misconception(
            "leaves a out of the sum",
            {"query": lambda x, a, b, c: x[b] + x[c]},
            "The step from a to b is b - a: subtract a.",
        ),
        Misconception(
            "multiplies by the lengths",
            {
                "rows": lambda vectors: vectors * np.linalg.norm(vectors, axis=1, keepdims=True),
                "terms": lambda vectors: vectors * np.linalg.norm(vectors, axis=1, keepdims=True),
            },
            "Divide every row by its length; then it has length 1.",
        ),
        Misconception(
            "forgets to start from c",
            {"query": lambda x, a, b, c: x[b] - x[a]},
            "b - a is only the step. Take it from c.",
        ),
        Misconception(
            "looks for the neighbours of c",
            {"query": lambda x, a, b, c: x[c]},
            "That is the baseline. The step b - a is added to c before you compare.",
        ),
        Misconception(
            "multiplies cosines where they are added",
            by_products,
            "That is another objective, 3CosMul. Asked is the product with the sum x_b - x_a +"
            " x_c.",
        ),
        Misconception(
            "ranks the farthest first",
            {"sort": lambda scores: np.argsort(scores, kind="stable")},
            "The best answer has the largest cosine. Sort downwards.",
        ),
        Misconception(
            "puts the larger id first in a tie",
            {"sort": lambda scores: np.argsort(scores, kind="stable")[::-1]},
            "Reversing a sort reverses the ties as well. Sort the negative scores with"
            ' kind="stable".',
        ),
        Misconception(
            "leaves ties to an unstable sort",
            {"sort": lambda scores: np.argsort(-scores)},
            "Of words with the same score the smaller id comes first. argsort promises no order"
            ' among equals unless it is asked for: kind="stable".',
        ),
        Misconception(
            "reverses an unstable sort",
            {"sort": lambda scores: np.argsort(scores)[::-1]},
            "Of words with the same score the smaller id comes first. Sort the negative scores"
            ' instead of reversing, with kind="stable".',
        ),
        Misconception(
            "takes the smallest distance between rows of any length",
            nearest_ends,
            "Divide every row by its length first; then take the products with the sum.",
        ),
        Misconception(
            "fills up with the words of the question",
            {"cut": to_the_end},
            "A score of minus infinity only moves a, b and c to the end. If fewer than k words are "
            "left, return those.",
        ),
        Misconception(
            "counts on three different words",
            {"cut": lambda order, out, k: drop_first(order, out, min(k, max(len(order) - 3, 0)))},
            "a, b and c may be the same word: then more than V - 3 words are left.",
        ),
        Misconception(
            "takes the three best for the words of the question",
            {"cut": lambda order, out, k: order[3 : k + 3]},
            "a, b and c need not be the three best. Look at each word whether it is one of them.",
        ),
        Misconception(
            "forgets to cut after a, b and c were left out",
            {"cut": lambda order, out, k: [word for word in order[: k + 3] if word not in out]},
            "Where a, b or c are not among the first k + 3, too many are left. Cut to k at the"
            " end.",
        ),
    ],
    alternatives=[analogy_by_sorting, analogy_by_cosines, answered_with()],
    hints=[
        "Divide every row by its length. Then the cosine is a product.",
        (
            "The scores are units @ (units[b] - units[a] + units[c]). Sort downwards, and drop a, b"
            " and c."
        ),
        (
            '`order = np.argsort(-scores, kind="stable")`, then `[w for w in order if w not in (a,'
            " b, c)][:k]`."
        ),
    ],
)
