"""The exercise `cooccurrence.ppmi`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import random_counts
from embcourse.cooccurrence.exercises.pmi import LOGARITHM


def ppmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[4, 0], [2, 2]]), 1.0, 1.0), label="no smoothing, no shift", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 6, 6), 0.75, 1.0), label="smoothing", tolerance=LOGARITHM)
    yield Case((np.array([[6, 0, 1], [1, 4, 0], [0, 1, 9]]), 1.0, 1.5), label="shift", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 5, 8), 0.5, 1.3), label="both", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 6, 14)[:, ::2], 0.6, 1.2), label="a view with gaps", tolerance=LOGARITHM)
    yield Case((np.array([[3, 1, 0], [0, 0, 0], [1, 2, 0]]), 0.75, 1.1), "edge", "a word and a context never seen",
               tolerance=LOGARITHM)
    yield Case((np.array([[1, 2], [2, 1]]), 1.0, 50.0), "edge", "a shift that leaves nothing", tolerance=LOGARITHM)
    yield Case((np.array([[1, 2], [2, 1]]), 0.0, 1.0), "errors", "smoothing 0", raises=ValueError)
    yield Case((np.array([[1, 2], [2, 1]]), 0.75, 0.5), "errors", "a shift below 1", raises=ValueError)


def shares(weights):
    return weights / weights.sum()


def ppmi_with(joint=lambda j, a: j, word=lambda w, a: w, context=lambda c, a: shares(c ** a), shift=np.log, *,
              clip_first=False, clip=True, checked=True):
    """PPMI with one part replaced."""
    def solve(counts, smoothing, shift_by):
        if checked and not (0 < smoothing <= 1 and shift_by >= 1):
            raise ValueError("smoothing must lie in (0, 1] and shift must be at least 1")
        pairs = shares(np.asarray(counts, dtype=float))
        below = np.outer(word(pairs.sum(axis=1), smoothing), context(pairs.sum(axis=0), smoothing))
        with np.errstate(divide="ignore", invalid="ignore"):
            information = np.nan_to_num(np.log(joint(pairs, smoothing) / below), nan=0.0, neginf=-np.inf)
        if clip_first:
            return np.maximum(information, 0) - shift(shift_by)
        information = information - shift(shift_by)
        return np.maximum(information, 0) if clip else information
    return solve


def ppmi_old_total(counts, smoothing, shift):
    total = counts.sum()
    return ppmi_with(context=lambda c, a: (c * total) ** a / total)(counts, smoothing, shift)


def ppmi_by_loops(counts, smoothing, shift):
    if smoothing <= 0 or smoothing > 1:
        raise ValueError(f"smoothing {smoothing}")
    if shift < 1:
        raise ValueError(f"shift {shift}")
    total = float(counts.sum())
    columns = [float(column.sum()) ** smoothing for column in counts.T]
    result = np.zeros(counts.shape)
    for w, row in enumerate(counts.tolist()):
        for c, met in enumerate(row):
            if met:
                chance = sum(row) / total * columns[c] / sum(columns)
                result[w, c] = max(0.0, float(np.log(met / total / chance)) - float(np.log(shift)))
    return result


def ppmi_of_ratio(counts, smoothing, shift):
    """max(0, ln x) is ln max(1, x), so nothing infinite arises."""
    if not 0 < smoothing <= 1 or not shift >= 1:
        raise ValueError("smoothing or shift out of range")
    heavy = counts.sum(axis=0) ** smoothing
    chance = np.outer(counts.sum(axis=1), heavy) / heavy.sum()
    ratio = np.divide(counts, chance * shift, out=np.ones(counts.shape), where=chance > 0)
    return np.log(np.maximum(ratio, 1))


PPMI = Exercise(
    id="cooccurrence.ppmi", points=3,
    reference=lambda counts, smoothing, shift: reference.ppmi(counts, smoothing=smoothing, shift=shift),
    cases=ppmi_cases,
    misconceptions=[
        Misconception("smooths the pairs", ppmi_with(joint=lambda j, a: shares(j ** a), context=lambda c, a: c),
                      "The exponent goes on the frequencies of the contexts, P(c), and on nothing else."),
        Misconception("smooths the word instead of the context",
                      ppmi_with(word=lambda w, a: shares(w ** a), context=lambda c, a: c),
                      "The exponent goes on P(c), the columns. P(w) stays as it is: a constant factor per row would "
                      "not change which contexts stand out."),
        Misconception("smooths word and context", ppmi_with(word=lambda w, a: shares(w ** a)),
                      "Only P(c) is smoothed."),
        Misconception("does not normalise after the exponent", ppmi_with(context=lambda c, a: c ** a),
                      "Probabilities raised to a power no longer sum to 1. Divide by their new sum."),
        Misconception("divides by the old total after the exponent", ppmi_old_total,
                      "The smoothed shares must sum to 1: divide the powers by the sum of the powers, not by the sum "
                      "of the counts."),
        Misconception("does not smooth", ppmi_with(context=lambda c, a: c),
                      "Raise the column sums to the power `smoothing` before you turn them into shares."),
        Misconception("subtracts k instead of ln k", ppmi_with(shift=lambda k: k if k > 1 else 0.0),
                      "PMI is a logarithm, and so is the shift: k times too rare means ln k less."),
        Misconception("does not shift", ppmi_with(shift=lambda k: 0.0),
                      "Subtract ln(shift) from PMI before you cut at 0."),
        Misconception("cuts at 0 before the shift", ppmi_with(clip_first=True),
                      "Then unrelated pairs come out at -ln k. Shift first, cut last: nothing may be below 0."),
        Misconception("does not cut at 0", ppmi_with(clip=False),
                      "Positive PMI: what is below 0 becomes 0, pairs that never met too."),
        Misconception("accepts impossible parameters", ppmi_with(checked=False),
                      "Smoothing must lie above 0 and at most at 1, the shift at least at 1: raise ValueError "
                      "otherwise."),
    ],
    alternatives=[ppmi_by_loops, ppmi_of_ratio],
    hints=["Only P(c) differs from your last function; the shift and the cut come after the logarithm.",
           "Column sums to the power `smoothing`, divided by the sum of those powers, are the smoothed P(c).",
           "information = np.log(joint / np.outer(word, context)) - np.log(shift); set NaN to 0; return "
           "np.maximum(information, 0). Check smoothing and shift at the top."],
)
