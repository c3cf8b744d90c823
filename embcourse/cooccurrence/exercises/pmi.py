"""The exercise `cooccurrence.pmi`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import random_counts

# ln(a / b) may also be written ln a - ln b, and both logarithms are below 16 in size here. Sums run over at most 100
# cells.
LOGARITHM = Tolerance(operations=128, scale=16.0)


def pmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[4, 0], [2, 2]]),), label="two words", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 6, 6),), label="six words", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 4, 7),), label="more contexts than words", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 5, 12)[:, ::2],), label="a view with gaps", tolerance=LOGARITHM)
    yield Case((np.array([[0.5, 1.0], [2.0, 0.25]]),), label="counts with fractions", tolerance=LOGARITHM)
    yield Case((np.array([[3, 1, 0], [0, 0, 0], [1, 2, 0]]),), "edge", "a word and a context never seen",
               tolerance=LOGARITHM)
    yield Case((np.array([[7]]),), "edge", "one word, one context", tolerance=LOGARITHM)
    yield Case((np.array([[1, 2], [2, 4]]),), "edge", "everything as chance would have it", tolerance=LOGARITHM)


def pmi_from(joint, word, context, total, *, log=np.log, unseen=0.0, never=-np.inf):
    """PMI with one part replaced: joint, word, context and total are functions of the counts."""
    def solve(counts):
        counts = np.asarray(counts, dtype=float)
        rows, columns = word(counts), context(counts)
        with np.errstate(divide="ignore", invalid="ignore"):
            information = log(joint(counts) * total(counts) / (rows[:, None] * columns[None, :]))
        if unseen is not None:
            information[counts.sum(axis=1) == 0, :] = unseen
            information[:, counts.sum(axis=0) == 0] = unseen
        seen = np.outer(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)
        information[(counts == 0) & seen] = never
        return information
    return solve


def cells(counts):
    return counts


def row_sums(counts):
    return counts.sum(axis=1)


def column_sums(counts):
    return counts.sum(axis=0)


def whole_sum(counts):
    return counts.sum()


def sums_swapped(counts):
    """Row sums along columns; where that does not fit, the sums that do."""
    return counts.sum(axis=1) if counts.shape[0] == counts.shape[1] else counts.sum(axis=0)


def sums_swapped_back(counts):
    return counts.sum(axis=0) if counts.shape[0] == counts.shape[1] else counts.sum(axis=1)


def pmi_by_probabilities(counts):
    joint = counts / counts.sum()
    expected = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    result = np.zeros(joint.shape)
    possible = expected > 0
    result[possible] = np.log(joint[possible] / expected[possible])
    return result


def pmi_by_loops(counts):
    words, contexts = counts.shape
    total = float(counts.sum())
    result = np.zeros((words, contexts))
    for w in range(words):
        for c in range(contexts):
            row, column = float(counts[w].sum()), float(counts[:, c].sum())
            if row and column:
                met = float(counts[w, c])
                result[w, c] = np.log(met) + np.log(total) - np.log(row) - np.log(column) if met else -np.inf
    return result


PMI = Exercise(
    id="cooccurrence.pmi", points=2,
    reference=reference.pmi,
    cases=pmi_cases,
    misconceptions=[
        Misconception("takes the logarithm to base 2", pmi_from(cells, row_sums, column_sums, whole_sum, log=np.log2),
                      "ln is the natural logarithm, np.log: the unit is the nat. Base 2 gives bits, 1.443 times as "
                      "many."),
        Misconception("leaves out the logarithm",
                      pmi_from(cells, row_sums, column_sums, whole_sum, log=lambda ratio: ratio, never=0.0),
                      "The ratio says how many times more often than by chance. PMI is its logarithm: 0 for chance."),
        Misconception("divides by the product of raw counts",
                      pmi_from(cells, row_sums, column_sums, lambda counts: 1.0),
                      "P(w, c), P(w) and P(c) are three shares of the same total N. Two of them stand below the "
                      "line, so one N is left over above it."),
        Misconception("leaves the joint counts unnormalised",
                      pmi_from(cells, row_sums, column_sums, lambda counts: counts.sum() ** 2),
                      "P(w, c) is a probability too: divide the count of the pair by the sum of all counts."),
        Misconception("takes the number of rows for the total",
                      pmi_from(cells, row_sums, column_sums, lambda counts: len(counts)),
                      "N is the sum of all counts: how many pairs were seen. It is not the size of the vocabulary."),
        Misconception("divides by the word only",
                      pmi_from(cells, row_sums, lambda counts: np.full(counts.shape[1], counts.sum()), whole_sum),
                      "That is ln P(c | w). Frequent contexts still win everywhere; divide by P(c) as well."),
        Misconception("sums rows where columns are meant",
                      pmi_from(cells, sums_swapped_back, sums_swapped, whole_sum),
                      "P(w) belongs to a row: sum along it, axis=1. P(c) belongs to a column: axis=0."),
        Misconception("puts 0 where a pair never met", pmi_from(cells, row_sums, column_sums, whole_sum, never=0.0),
                      "ln 0 is -inf, and 0 would mean \"as often as by chance\". Cutting at 0 is the next exercise."),
        Misconception("divides zero by zero", pmi_from(cells, row_sums, column_sums, whole_sum, unseen=np.nan),
                      "A word that was never seen has P(w) = 0, and 0 / 0 is NaN. Its row is defined as 0; so is the "
                      "column of a context never seen."),
    ],
    alternatives=[pmi_by_probabilities, pmi_by_loops],
    hints=["Turn the counts into probabilities first. What must they sum to?",
           "`joint.sum(axis=1)` is P(w), `joint.sum(axis=0)` is P(c), and np.outer multiplies every pair of them.",
           "np.log(joint / np.outer(word, context)) gives -inf by itself where joint is 0. Afterwards set rows and "
           "columns whose sum is 0 to 0, as they hold NaN."],
)
