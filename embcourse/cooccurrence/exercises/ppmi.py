"""The exercise `cooccurrence.ppmi`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import billions, random_counts, with_unseen
from embcourse.cooccurrence.exercises.pmi import LOGARITHM, log_of, share


def ppmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(counts, smoothing, shift, aspect="values", label="", raises=None):
        return Case((counts, smoothing, shift), aspect, label, tolerance=LOGARITHM, raises=raises)

    def exponent():
        return round(float(rng.uniform(0.4, 0.85)), 2)

    def factor():
        return round(float(rng.uniform(1.1, 1.5)), 2)

    a, b, c = (int(count) for count in rng.choice(np.arange(2, 10), 3, replace=False))
    small = np.array([[a, 0], [b, c]])
    words = int(rng.integers(5, 8))
    yield case(small, 1.0, 1.0, label="neither smoothing nor shift")
    yield case(random_counts(rng, words, words), exponent(), 1.0, label="smoothing")
    yield case(
        np.array([[a + 5, 0, 1], [1, b + 4, 0], [0, 1, c + 6]]), 1.0, factor(), label="shift"
    )
    yield case(
        random_counts(rng, int(rng.integers(3, 6)), int(rng.integers(6, 9))),
        exponent(),
        factor(),
        label="both",
    )
    yield case(random_counts(rng, 6, 14)[:, ::2], exponent(), factor(), label="a view with gaps")
    yield case(rng.uniform(0.05, 0.9, (3, 4)), exponent(), factor(), label="counts with fractions")
    yield case(
        with_unseen(rng, np.array([[a, 1], [0, c]])),
        exponent(),
        factor(),
        "edge",
        "a word and a context never seen",
    )
    yield case(
        np.array([[1, b], [c, 1]]),
        exponent(),
        float(rng.integers(50, 90)),
        "edge",
        "a shift that leaves nothing",
    )
    yield case(billions(rng), exponent(), factor(), "edge", "counts in the billions")
    yield case(small, 0.0, factor(), "errors", "smoothing 0", ValueError)
    yield case(small, -exponent(), 1.0, "errors", "smoothing below 0", ValueError)
    yield case(small, 1 + exponent(), 1.0, "errors", "smoothing above 1", ValueError)
    yield case(
        small,
        exponent(),
        round(float(rng.uniform(0.2, 0.9)), 2),
        "errors",
        "a shift below 1",
        ValueError,
    )
    yield case(small, exponent(), 0.0, "errors", "a shift of 0", ValueError)


def ppmi_with(
    *,
    joint=lambda pairs, a: pairs,
    word=lambda row, a: row,
    context=lambda column, a, total: share(column**a),
    log=log_of,
    shift=lambda information, k: information - np.log(k),
    cut=lambda information: np.maximum(information, 0),
    cut_first=False,
    unseen=0.0,
    smoothing_ok=lambda a: 0 < a <= 1,
    shift_ok=lambda k: k >= 1,
):
    """PPMI with parts replaced."""

    def solve(counts, smoothing, shift_by):
        if not smoothing_ok(smoothing) or not shift_ok(shift_by):
            raise ValueError("smoothing must lie in (0, 1] and shift must be at least 1")
        counts = np.asarray(counts, dtype=float)
        pairs = share(counts)
        with np.errstate(all="ignore"):
            columns = context(pairs.sum(axis=0), smoothing, counts.sum())
            information = log(
                joint(pairs, smoothing) / np.outer(word(pairs.sum(axis=1), smoothing), columns)
            )
            information[np.outer(counts.sum(axis=1), counts.sum(axis=0)) == 0] = np.nan
            if cut_first:
                information = shift(cut(information), shift_by)
            else:
                information = cut(shift(information, shift_by))
        if unseen is not None:
            information[np.isnan(information)] = unseen
        return information

    return solve


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
    id="cooccurrence.ppmi",
    points=3,
    reference=lambda counts, smoothing, shift: reference.ppmi(
        counts, smoothing=smoothing, shift=shift
    ),
    cases=ppmi_cases,
    variant=ppmi_with,
    misconceptions=[
        Misconception(
            "smooths the pairs",
            {"joint": lambda pairs, a: share(pairs**a), "context": lambda column, a, total: column},
            "The exponent goes on the frequencies of the contexts, P(c), and on nothing else.",
        ),
        Misconception(
            "smooths the word instead of the context",
            {"word": lambda row, a: share(row**a), "context": lambda column, a, total: column},
            "The exponent goes on P(c), the columns. P(w) stays as it is: a constant factor per row"
            " would not change which contexts stand out.",
        ),
        Misconception(
            "smooths word and context",
            {"word": lambda row, a: share(row**a)},
            "Only P(c) is smoothed.",
        ),
        Misconception(
            "does not normalise after the exponent",
            {"context": lambda column, a, total: column**a},
            "Probabilities raised to a power no longer sum to 1. Divide by their new sum.",
        ),
        Misconception(
            "divides by the old total after the exponent",
            {"context": lambda column, a, total: (column * total) ** a / total},
            "The smoothed shares must sum to 1: divide the powers by the sum of the powers, not by"
            " the sum of the counts.",
        ),
        Misconception(
            "does not smooth",
            {"context": lambda column, a, total: column},
            "Raise the column sums to the power `smoothing` before you turn them into shares.",
        ),
        Misconception(
            "always smooths with 0.75",
            {"context": lambda column, a, total: share(column**0.75)},
            "The exponent is the parameter `smoothing`, not always 0.75.",
        ),
        Misconception(
            "multiplies by the exponent",
            {"context": lambda column, a, total: column * a},
            "Smoothing is a power: column sums to the power `smoothing`, then divided by their"
            " sum.",
        ),
        Misconception(
            "smooths with 1 / smoothing",
            {"context": lambda column, a, total: share(column ** (1 / a))},
            "A power below 1 brings rare and frequent contexts closer together; its inverse drives"
            " them apart.",
        ),
        Misconception(
            "takes the logarithm to base 2",
            {
                "log": lambda ratio: log_of(ratio) / np.log(2),
                "shift": lambda information, k: information - np.log2(k),
            },
            "ln is the natural logarithm, np.log: the unit is the nat.",
        ),
        Misconception(
            "subtracts k instead of ln k",
            {"shift": lambda information, k: information - (k if k > 1 else 0.0)},
            "PMI is a logarithm, and so is the shift: k times too rare means ln k less.",
        ),
        Misconception(
            "subtracts k instead of ln k, also for k = 1",
            {"shift": lambda information, k: information - k},
            "PMI is a logarithm, and so is the shift: subtract ln k, which is 0 for k = 1.",
        ),
        Misconception(
            "shifts by log2 k",
            {"shift": lambda information, k: information - np.log2(k)},
            "ln is the natural logarithm, np.log, for the shift as well.",
        ),
        Misconception(
            "adds ln k",
            {"shift": lambda information, k: information + np.log(k)},
            "The shift asks for more than chance: ln k is subtracted.",
        ),
        Misconception(
            "divides by k",
            {"shift": lambda information, k: information / k},
            "Inside the logarithm k divides; outside it is ln k, and it is subtracted.",
        ),
        Misconception(
            "does not shift",
            {"shift": lambda information, k: information},
            "Subtract ln(shift) from PMI before you cut at 0.",
        ),
        Misconception(
            "cuts at 0 before the shift",
            {"cut_first": True},
            "Then unrelated pairs come out at -ln k. Shift first, cut last: nothing may be"
            " below 0.",
        ),
        Misconception(
            "does not cut at 0",
            {"cut": lambda information: information},
            "Positive PMI: what is below 0 becomes 0, pairs that never met too.",
        ),
        Misconception(
            "takes the absolute value",
            {
                "cut": lambda information: np.where(
                    np.isfinite(information), np.abs(information), np.maximum(information, 0)
                )
            },
            "What is below 0 becomes 0. It does not change its sign.",
        ),
        Misconception(
            "divides zero by zero",
            {"unseen": None},
            "A word or a context that was never seen gives 0 / 0 = NaN, and NaN passes through a"
            " maximum. Its row or column is 0.",
        ),
        Misconception(
            "accepts smoothing 0",
            {"smoothing_ok": lambda a: 0 <= a <= 1},
            "Smoothing 0 makes all contexts alike: raise ValueError for it, too.",
        ),
        Misconception(
            "accepts shifts between 0 and 1",
            {"shift_ok": lambda k: k > 0},
            "The shift must be at least 1, not only above 0: raise ValueError otherwise.",
        ),
        Misconception(
            "accepts any smoothing",
            {"smoothing_ok": lambda a: True},
            "Smoothing must lie above 0 and at most at 1: raise ValueError otherwise.",
        ),
        Misconception(
            "accepts any shift",
            {"shift_ok": lambda k: True},
            "The shift must be at least 1: raise ValueError otherwise.",
        ),
        Misconception(
            "refuses smoothing 1",
            {"smoothing_ok": lambda a: 0 < a < 1},
            "Smoothing 1 is allowed: it leaves P(c) as it is.",
        ),
        Misconception(
            "refuses a shift of 1",
            {"shift_ok": lambda k: k > 1},
            "A shift of 1 is allowed: ln 1 is 0.",
        ),
    ],
    alternatives=[ppmi_by_loops, ppmi_of_ratio, ppmi_with()],
    hints=[
        (
            "Only P(c) differs from your last function; the shift and the cut come after the"
            " logarithm."
        ),
        (
            "Column sums to the power `smoothing`, divided by the sum of those powers, are the"
            " smoothed P(c)."
        ),
        (
            "information = np.log(joint / np.outer(word, context)) - np.log(shift); set NaN to 0;"
            " return np.maximum(information, 0). Check smoothing and shift at the top."
        ),
    ],
)
