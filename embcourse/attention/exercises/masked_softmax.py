"""The exercise `attention.masked_softmax`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import LARGE, ORDINARY, halves, sizes, some_mask
from embcourse.checking import Case, Exercise, Misconception


def masked_cases(rng: np.random.Generator) -> Iterator[Case]:
    a, b, c = sizes(rng, 3, 6, 3)
    yield Case((halves(rng, 2, 3), some_mask(rng, 2, 3)), label="two rows", tolerance=ORDINARY)
    yield Case(
        (rng.normal(size=(a, b)), some_mask(rng, a, b)),
        label="a mask for each row",
        tolerance=ORDINARY,
    )
    yield Case(
        (rng.normal(size=(a, a)), some_mask(rng, a, a)),
        label="as many rows as columns",
        tolerance=ORDINARY,
    )
    yield Case(
        (rng.normal(size=(a, b, c)), some_mask(rng, a, 1, c)),
        label="a mask for each batch",
        tolerance=ORDINARY,
    )
    yield Case(
        (rng.normal(size=(b, c)), some_mask(rng, c)),
        label="one mask for all rows",
        tolerance=ORDINARY,
    )
    yield Case(
        (rng.normal(size=(2, c)), np.ones((2, c), bool)), label="nothing masked", tolerance=ORDINARY
    )
    nothing = some_mask(rng, a, b)
    nothing[rng.integers(0, a)] = False
    yield Case(
        (rng.normal(size=(a, b)), nothing), "edge", "a row where nothing counts", tolerance=ORDINARY
    )
    yield Case(
        (rng.normal(size=(2, c)), np.zeros((2, c), bool)),
        "edge",
        "nothing counts at all",
        tolerance=ORDINARY,
    )
    one = np.zeros((2, 4), bool)
    one[np.arange(2), rng.choice(4, 2, replace=False)] = True
    yield Case((rng.normal(size=(2, 4)), one), "edge", "one score counts", tolerance=ORDINARY)
    large = rng.uniform(1.5e4, 2e4)
    mask = some_mask(rng, 3, 5)
    above = np.where(mask, -large, large) + rng.normal(size=(3, 5))
    yield Case(
        (above, mask),
        "stability",
        "masked scores near 20,000, the others near -20,000",
        tolerance=LARGE,
    )
    mask = some_mask(rng, 2, 4)
    yield Case(
        (large + rng.normal(size=(2, 4)), mask), "stability", "scores near 20,000", tolerance=LARGE
    )
    order, mask, signs = rng.permutation(3), some_mask(rng, 3, 4), np.ones((3, 1))
    signs[order[1:]] = -1.0  # both sizes among the rows where something counts
    mask[order[2]] = False
    yield Case(
        (large * signs + rng.normal(size=(3, 4)), mask),
        "stability",
        "rows near 20,000 and near -20,000, and one where nothing counts",
        tolerance=LARGE,
    )


def masked_with(
    *,
    fill: float = -np.inf,
    added: bool = False,
    inverted: bool = False,
    product: bool = False,
    maximum: str | None = "counting",
    axis: int = -1,
    empty: float | None = 0.0,
) -> Callable:
    """Masked softmax by filling masked scores, with parts replaced.

    fill, added: what a masked score becomes, or what is added to it.
    maximum    : of the scores that count, of all ("row"), of all rows ("all"), or none taken off.
    empty      : the weights where nothing counts; None: what comes out.
    """

    def solve(scores, mask):
        mask = np.broadcast_to(mask, scores.shape)
        counts = ~mask if inverted else mask
        if product:
            filled = scores * counts
        elif added:
            filled = scores + np.where(counts, 0.0, fill)
        else:
            filled = np.where(counts, scores, fill)
        with np.errstate(all="ignore"):
            largest = {
                "counting": lambda: filled.max(axis=axis, keepdims=True),
                "row": lambda: scores.max(axis=axis, keepdims=True),
                "all": lambda: filled.max(),
                None: lambda: 0.0,
            }[maximum]()
            powers = np.exp(filled - largest)
            weights = powers / powers.sum(axis=axis, keepdims=True)
        if empty is not None:
            weights = np.where(counts.any(axis=axis, keepdims=True), weights, empty)
        return weights

    return solve


def masked_afterwards(scores, mask):
    return np.where(mask, reference.softmax(scores), 0.0)


def shared_out_again(guarded: bool) -> Callable:
    def solve(scores, mask):
        weights = masked_afterwards(scores, mask)
        total = weights.sum(axis=-1, keepdims=True)
        with np.errstate(all="ignore"):
            return weights / (np.where(total == 0, 1.0, total) if guarded else total)

    return solve


def equal_where_nothing_counts(scores, mask):
    counts = np.broadcast_to(mask, scores.shape).any(axis=-1, keepdims=True)
    return np.where(counts, reference.softmax(scores, mask=mask), 1 / scores.shape[-1])


def mask_as_an_index(scores, mask):
    """The mask picks entries, which it can only if it has the shape of the scores."""
    filled = scores.copy()
    filled[~mask] = -np.inf
    return reference.softmax(filled)


def masked_by_selection(scores, mask):
    """Only the scores that count go into the softmax at all."""
    mask = np.broadcast_to(mask, scores.shape)
    weights = np.zeros(scores.shape)
    for place in np.ndindex(scores.shape[:-1]):
        counts = mask[place]
        if counts.any():
            chosen = scores[place][counts]
            powers = np.exp(chosen - chosen.max())
            weights[place][counts] = powers / powers.sum()
    return weights


def masked_by_zeroed_powers(scores, mask):
    largest = np.max(np.where(mask, scores, -np.inf), axis=-1, keepdims=True)
    powers = np.exp(np.minimum(scores - np.where(np.isinf(largest), 0.0, largest), 0.0)) * mask
    total = powers.sum(axis=-1, keepdims=True)
    return np.divide(powers, total, out=np.zeros(scores.shape), where=total > 0)


def masked_by_a_very_large_number(scores, mask):
    """A finite number does, if it is below all scores and the weights are zeroed once more."""
    return reference.softmax(np.where(mask, scores, -1e300)) * mask


MASKED_SOFTMAX = Exercise(
    id="attention.masked_softmax",
    points=3,
    reference=lambda scores, mask: reference.softmax(scores, mask=mask),
    cases=masked_cases,
    variant=masked_with,
    misconceptions=[
        Misconception(
            "masks after the softmax",
            masked_afterwards,
            "Zeroing weights afterwards leaves rows that sum to less than one: the masked keys have"
            " taken their share already. Mask the scores, then normalise.",
        ),
        Misconception(
            "masks after the softmax and divides again",
            shared_out_again(True),
            "If a masked score is far above the others, their weights have vanished before they can"
            " be divided again. Mask the scores, then normalise once.",
        ),
        Misconception(
            "masks after the softmax and divides again, by 0 too",
            shared_out_again(False),
            "Where nothing is left the sum is 0, and 0 / 0 is NaN. And if a masked score is far"
            " above the others, their weights have vanished. Mask the scores, then normalise once.",
        ),
        Misconception(
            "gives NaN where nothing counts",
            {"empty": None},
            "A row of -inf has the maximum -inf, and -inf - (-inf) is NaN. A query that may attend"
            " to nothing gets weights 0.",
        ),
        Misconception(
            "gives equal weights where nothing counts",
            equal_where_nothing_counts,
            "A large negative number instead of -inf makes all scores of such a row equal. A query"
            " that may attend to nothing gets weights 0.",
        ),
        Misconception(
            "masks with -10,000",
            {"fill": -1e4},
            "Scores may be as low as -20,000: then the masked one is the largest. Choose something"
            " that is below all scores.",
        ),
        Misconception(
            "adds -10,000 to masked scores",
            {"fill": -1e4, "added": True},
            "A masked score may be 40,000 above the others, and taking 10,000 off leaves it above."
            " Put something below all scores in its place.",
        ),
        Misconception(
            "reads the mask the wrong way round",
            {"inverted": True},
            "True means: this key counts. (torch's key_padding_mask is the other way round, its "
            "scaled_dot_product_attention is not.)",
        ),
        Misconception(
            "multiplies the scores by the mask",
            {"product": True},
            "A score of 0 is not a weight of 0: exp(0) = 1. Masked scores become -inf.",
        ),
        Misconception(
            "does not take off the maximum",
            {"maximum": None},
            "exp overflows above 709, and far below zero all powers vanish. Take off the largest"
            " score that counts.",
        ),
        Misconception(
            "takes off the maximum of all rows",
            {"maximum": "all"},
            "A row far below the largest score of another row loses all its powers. Each row has"
            " its own maximum.",
        ),
        Misconception(
            "takes off the maximum of masked scores too",
            {"maximum": "row"},
            "If a masked score is far above the others, taking it off makes all their powers 0."
            " Mask first, then look for the largest.",
        ),
        Misconception(
            "normalises over the queries",
            {"axis": -2},
            "Each row is one query, and its weights sum to one. That is the last axis.",
        ),
        Misconception(
            "does not broadcast the mask",
            mask_as_an_index,
            "The mask may have fewer rows than the scores, or none: it broadcasts. As an index it"
            " must have the same shape.",
        ),
    ],
    alternatives=[
        masked_by_selection,
        masked_by_zeroed_powers,
        masked_by_a_very_large_number,
        masked_with(),
    ],
    hints=[
        (
            "What score gives a weight of exactly 0? Put it where the mask is False, before the"
            " softmax."
        ),
        (
            "np.where(mask, scores, -np.inf). Then think of a row that is -inf throughout: its"
            " maximum is -inf as well."
        ),
        (
            "Replace a maximum of -inf by 0: then all powers are 0. Divide by the sum, or by 1"
            " where the sum is 0."
        ),
    ],
)
