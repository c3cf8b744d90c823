"""The exercise `tfidf.reciprocal_ranks`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference


def reciprocal_ranks(scores, targets):
    """1 / rank of every query's target document, equal scores in index order."""
    return np.array([reference.reciprocal_rank(ranking, {target})
                     for ranking, target in zip(reference.rank(scores), targets)]).reshape(len(targets))


def reciprocal_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.1, 0.9, 0.5]]), np.array([2])), label="one query")
    yield Case((rng.permuted(np.tile(np.arange(9.0), (6, 1)), axis=1), rng.integers(0, 9, 6)), label="six queries")
    yield Case((rng.normal(size=(5, 12))[:, ::2], rng.integers(0, 6, 5)), label="a view with gaps")
    yield Case((np.array([[0.5, 0.5, 0.5], [0.0, 0.0, 1.0]]), np.array([1, 1])), "edge", "equal scores")
    yield Case((rng.integers(0, 3, (8, 10)).astype(float), rng.integers(0, 10, 8)), "edge", "many equal scores")
    yield Case((np.array([[-3.0]]), np.array([0])), "edge", "one document")
    yield Case((np.zeros((0, 4)), np.zeros(0, int)), "edge", "no queries")


def ranks_by(order):
    def solve(scores, targets):
        ranks = [int(np.flatnonzero(order(row) == target)[0]) + 1 for row, target in zip(scores, targets)]
        return 1 / np.array(ranks, dtype=float)
    return solve


def rr_zero_based(scores, targets):
    return 1 / (1 / reciprocal_ranks(scores, targets) - 1)


def rr_plain_rank(scores, targets):
    return np.round(1 / reciprocal_ranks(scores, targets))


def rr_first_hit_only(scores, targets):
    return (reciprocal_ranks(scores, targets) == 1).astype(float)


def rr_optimistic(scores, targets):
    own = scores[np.arange(len(targets)), targets][:, None]
    return 1 / (1.0 + (scores > own).sum(axis=1))


def rr_mean(scores, targets):
    return float(np.mean(reciprocal_ranks(scores, targets)))


def rr_counting(scores, targets):
    own = scores[np.arange(len(targets)), targets][:, None]
    before = np.arange(scores.shape[1])[None, :] < np.asarray(targets)[:, None]
    return 1 / (1.0 + (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1))


def rr_sorting(scores, targets):
    results = []
    for row, target in zip(scores.tolist(), targets.tolist()):
        order = sorted(range(len(row)), key=lambda document: (-row[document], document))
        results.append(1 / (order.index(target) + 1))
    return np.array(results)


RECIPROCAL_RANKS = Exercise(
    id="tfidf.reciprocal_ranks", points=2,
    reference=reciprocal_ranks,
    cases=reciprocal_cases,
    misconceptions=[
        Misconception("counts ranks from 0", rr_zero_based,
                      "The best document has rank 1, so the best reciprocal rank is 1."),
        Misconception("returns the rank itself", rr_plain_rank,
                      "The reciprocal is asked for: rank 4 gives 0.25."),
        Misconception("sorts the worst first", ranks_by(np.argsort),
                      "np.argsort sorts ascending. The highest score must come first."),
        Misconception("reverses an ascending sort", ranks_by(lambda row: np.argsort(row, kind="stable")[::-1]),
                      "Reversing puts equal scores in reverse order too. Sort the negated scores with "
                      "kind=\"stable\"."),
        Misconception("lets the target win every tie", rr_optimistic,
                      "Of equal scores the lower index comes first. A method that gives every document the same "
                      "score would otherwise look perfect."),
        Misconception("counts only first places", rr_first_hit_only,
                      "That is Recall@1. A target at rank 2 still earns 1/2."),
        Misconception("returns the mean", rr_mean,
                      "One number per query is asked for. Their mean is MRR; keep the parts for the confidence "
                      "interval."),
    ],
    alternatives=[rr_counting, rr_sorting],
    hints=["How many documents come before the target? Its rank is one more.",
           "A document comes before the target if it scores higher, or scores the same and has a lower index.",
           "order = np.argsort(-scores, axis=1, kind=\"stable\"); then find the column where order equals the target."],
)
