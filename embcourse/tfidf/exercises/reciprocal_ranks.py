"""The exercise `tfidf.reciprocal_ranks`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference


def reciprocal_ranks(scores, targets):
    """The reference: 1 / rank of every query's target document, equal scores in index order."""
    return np.array(
        [
            reference.reciprocal_rank(ranking, {target})
            for ranking, target in zip(reference.rank(scores), targets)
        ]
    ).reshape(len(targets))


def ranked(
    rng: np.random.Generator, documents: int, ranks: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Different scores, and a target of each rank that is asked for (from 1)."""
    scores = np.sort(rng.normal(size=(len(ranks), documents)).round(2), axis=1)[:, ::-1]
    scores = scores - np.arange(documents)  # no two are equal
    order = rng.permuted(np.tile(np.arange(documents), (len(ranks), 1)), axis=1)
    shuffled = np.empty_like(scores)
    np.put_along_axis(shuffled, order, scores, axis=1)
    return shuffled, order[np.arange(len(ranks)), np.array(ranks) - 1]


def reciprocal_cases(rng: np.random.Generator) -> Iterator[Case]:
    documents = int(rng.integers(4, 7))
    yield Case(ranked(rng, documents, [2]), label="one query")
    documents = int(rng.integers(14, 19))
    yield Case(
        ranked(rng, documents, rng.permutation([1, 2, 3, 5, 11, 12, documents]).tolist()),
        label="seven queries",
    )
    size = int(rng.integers(5, 8))
    ranks = rng.permutation(np.arange(1, size + 1)).tolist()
    yield Case(ranked(rng, size, ranks), label="as many queries as documents")
    scores, targets = ranked(rng, 6, rng.permutation([1, 3, 4, 5]).tolist())
    spread = np.repeat(scores, 2, axis=1)
    yield Case((spread[:, ::2], targets), label="a view with gaps")
    documents = int(rng.integers(4, 7))
    scores = np.full((2, documents), rng.integers(1, 9) / 4)
    scores[1, rng.integers(documents - 1)] += 1
    yield Case((scores, np.array([documents - 2, documents - 1])), "edge", "equal scores")
    few = rng.integers(0, 3, (8, 12)).astype(float)
    yield Case((few, rng.permutation(12)[:8]), "edge", "many equal scores")
    many = np.tile(rng.permutation(np.repeat([0.25, 0.5, 0.75], 40)), (40, 1))
    yield Case((many, rng.permutation(120)[:40]), "edge", "scores that forty documents share")
    close = np.array([0.5, 0.5 + 4e-12, 0.5 + 2e-12, 0.5 - 2e-12])
    close = rng.permutation(close)
    close = close if (np.diff(close) > 0).any() else close[::-1]  # not sorted already
    yield Case((np.tile(close, (4, 1)), rng.permutation(4)), "edge", "scores that are nearly equal")
    yield Case((-rng.random((1, 1)), np.array([0])), "edge", "one document")
    yield Case((np.zeros((0, rng.integers(2, 9))), np.zeros(0, int)), "edge", "no queries")


def own_of(scores, targets):
    """Each query's score of its target, as a column."""
    return scores[np.arange(len(targets)), targets][:, None]


def indices(scores):
    return np.arange(scores.shape[1])


def ranks_with(
    own: Callable = own_of,
    ahead: Callable = lambda scores, own: scores > own,
    tied: Callable = lambda scores, own, targets: (
        (scores == own) & (indices(scores) < targets[:, None])
    ),
    first: float = 1,
    finish: Callable = lambda ranks: 1 / ranks,
):
    """1 / (1 + documents before the target) with one part replaced."""

    def solve(scores, targets):
        targets = np.asarray(targets)
        right = own(scores, targets)
        return finish(
            first + ahead(scores, right).sum(axis=1) + tied(scores, right, targets).sum(axis=1)
        )

    return solve


def ranks_by(order: Callable):
    """The target looked up in a sorted row."""

    def solve(scores, targets):
        ranks = [
            int(np.flatnonzero(order(row) == target)[0]) + 1 for row, target in zip(scores, targets)
        ]
        return 1 / np.array(ranks, dtype=float)

    return solve


def order_for_rank(scores, targets):
    order = np.argsort(-scores, axis=1, kind="stable")
    return 1 / (1 + order[np.arange(len(targets)), targets])


def different_scores(scores, targets):
    own = own_of(scores, np.asarray(targets))
    return np.array([1 / (1 + len(set(row[row > right]))) for row, right in zip(scores, own)])


def by_sorting(scores, targets):
    results = []
    for row, target in zip(scores.tolist(), targets.tolist()):
        order = sorted(range(len(row)), key=lambda document: (-row[document], document))
        results.append(1 / (order.index(target) + 1))
    return np.array(results)


def nothing(scores, own, targets):
    return np.zeros_like(scores)


RECIPROCAL_RANKS = Exercise(
    id="tfidf.reciprocal_ranks",
    points=2,
    reference=reciprocal_ranks,
    cases=reciprocal_cases,
    variant=ranks_with,
    misconceptions=[
        Misconception(
            "counts ranks from 0",
            {"first": 0},
            "The best document has rank 1, so the best reciprocal rank is 1.",
        ),
        Misconception(
            "counts one rank too many",
            {"first": 2},
            "The target itself is not before the target: a target that scores highest has rank 1.",
        ),
        Misconception(
            "returns the rank itself",
            {"finish": lambda ranks: ranks},
            "The reciprocal is asked for: rank 4 gives 0.25.",
        ),
        Misconception(
            "sorts the worst first",
            {"ahead": lambda scores, own: scores < own},
            "The highest score comes first. np.argsort sorts ascending.",
        ),
        Misconception(
            "reverses an ascending sort",
            ranks_by(lambda row: np.argsort(row, kind="stable")[::-1]),
            "Reversing puts equal scores in reverse order too. Sort the negated scores with "
            'kind="stable".',
        ),
        Misconception(
            "sorts in a way that shuffles equal scores",
            ranks_by(lambda row: np.argsort(-row)),
            'np.argsort may put equal scores in any order, unless kind="stable" is asked for.',
        ),
        Misconception(
            "reverses a sort that shuffles equal scores",
            ranks_by(lambda row: np.argsort(row)[::-1]),
            "np.argsort may put equal scores in any order, and reversing does not mend it. Sort the"
            ' negated scores with kind="stable".',
        ),
        Misconception(
            "lets the target win every tie",
            {"tied": nothing},
            "Of equal scores the lower index comes first. A method that gives every document the"
            " same score would otherwise look perfect.",
        ),
        Misconception(
            "lets the target lose every tie",
            {
                "tied": lambda scores, own, targets: (
                    (scores == own) & (indices(scores) != targets[:, None])
                )
            },
            "Of equal scores the lower index comes first: only those before the target count.",
        ),
        Misconception(
            "gives equal scores the mean of their ranks",
            {
                "tied": lambda scores, own, targets: (
                    ((scores == own).sum(axis=1, keepdims=True) - 1) / 2
                )
            },
            "Of equal scores the lower index comes first; each document has a rank of its own.",
        ),
        Misconception(
            "counts different scores, not documents",
            different_scores,
            "Every document with a higher score is one before the target, also where several share"
            " a score.",
        ),
        Misconception(
            "takes nearly equal scores for equal",
            {
                "ahead": lambda scores, own: (scores > own) & ~np.isclose(scores, own),
                "tied": lambda scores, own, targets: (
                    np.isclose(scores, own) & (indices(scores) < targets[:, None])
                ),
            },
            "Only scores that are exactly equal tie: the higher comes first, however little higher"
            " it is.",
        ),
        Misconception(
            "takes the order for the rank",
            order_for_rank,
            "np.argsort says which document stands at a place. The rank is the place at which the"
            " target stands.",
        ),
        Misconception(
            "looks at the first query only",
            {"own": lambda scores, targets: scores[:1, targets].T},
            "Each query has scores of its own: row i belongs to target i.",
        ),
        Misconception(
            "counts only first places",
            {"finish": lambda ranks: (ranks == 1).astype(float)},
            "That is Recall@1. A target at rank 2 still earns 1/2.",
        ),
        Misconception(
            "gives up after rank 10",
            {"finish": lambda ranks: np.where(ranks <= 10, 1 / ranks, 0.0)},
            "That is MRR@10. Here every rank counts, however far down.",
        ),
        Misconception(
            "returns the mean",
            lambda scores, targets: float(np.mean(reciprocal_ranks(scores, targets))),
            "One number per query is asked for. Their mean is MRR; keep the parts for the"
            " confidence interval.",
        ),
    ],
    alternatives=[by_sorting, ranks_with(), ranks_by(lambda row: np.argsort(-row, kind="stable"))],
    hints=[
        "How many documents come before the target? Its rank is one more.",
        (
            "A document comes before the target if it scores higher, or scores the same and has a"
            " lower index."
        ),
        (
            'order = np.argsort(-scores, axis=1, kind="stable"); then find the column where order'
            " equals the target."
        ),
    ],
)
