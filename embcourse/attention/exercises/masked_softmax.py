"""The exercise `attention.masked_softmax`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import LARGE, ORDINARY
from embcourse.checking import Case, Exercise, Misconception


def some_mask(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Every row has a True and a False."""
    mask = rng.random(shape) < 0.5
    rows = mask.reshape(-1, shape[-1])
    for row in rows:
        two = rng.choice(shape[-1], 2, replace=False)
        row[two[0]], row[two[1]] = True, False
    return mask


def masked_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0, 2.0, 3.0]]), np.array([[True, True, False]])), label="one row", tolerance=ORDINARY)
    yield Case((rng.normal(size=(3, 5)), some_mask(rng, 3, 5)), label="three rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 3, 4)), some_mask(rng, 2, 1, 4)), label="a mask for each batch", tolerance=ORDINARY)
    yield Case((rng.normal(size=(3, 4)), some_mask(rng, 4)), label="one mask for all rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 3)), np.ones((2, 3), bool)), label="nothing masked", tolerance=ORDINARY)
    nothing = some_mask(rng, 3, 4)
    nothing[1] = False
    yield Case((rng.normal(size=(3, 4)), nothing), "edge", "a row where nothing counts", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 2)), np.zeros((2, 2), bool)), "edge", "nothing counts at all", tolerance=ORDINARY)
    one = np.zeros((2, 3), bool)
    one[:, 1] = True
    yield Case((rng.normal(size=(2, 3)), one), "edge", "one key counts", tolerance=ORDINARY)
    scores = np.array([[2e4, -2e4, -2e4 + 1.0]])
    yield Case((scores, np.array([[False, True, True]])), "stability", "a masked score far above the others",
               tolerance=LARGE)
    yield Case((-scores, np.array([[True, False, False]])), "stability", "the only score that counts is far below",
               tolerance=LARGE)


def masked_with(fill=-np.inf, *, inverted=False, empty="zero"):
    """Masked softmax by filling masked scores, with one part replaced."""
    def solve(scores, mask):
        filled = np.where(mask, fill, scores) if inverted else np.where(mask, scores, fill)
        with np.errstate(all="ignore"):
            powers = np.exp(filled - filled.max(axis=-1, keepdims=True))
            weights = powers / powers.sum(axis=-1, keepdims=True)
        return np.nan_to_num(weights, nan=0.0) if empty == "zero" else weights
    return solve


def masked_afterwards(scores, mask):
    return np.where(mask, reference.softmax(scores), 0.0)


def masked_by_product(scores, mask):
    return reference.softmax(scores * mask)


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


MASKED_SOFTMAX = Exercise(
    id="attention.masked_softmax", points=3,
    reference=lambda scores, mask: reference.softmax(scores, mask=mask),
    cases=masked_cases,
    misconceptions=[
        Misconception("masks after the softmax", masked_afterwards,
                      "Zeroing weights afterwards leaves rows that sum to less than one: the masked keys have taken "
                      "their share already. Mask the scores, then normalise."),
        Misconception("gives NaN where nothing counts", masked_with(empty="nan"),
                      "A row of -inf has the maximum -inf, and -inf - (-inf) is NaN. A query that may attend to "
                      "nothing gets weights 0."),
        Misconception("masks with a large negative number", masked_with(-1e4, empty="nan"),
                      "Scores may be lower than the number that you chose for minus infinity, and with any such number a "
                      "row where nothing counts becomes uniform. -np.inf is below all scores; that row gets weights 0."),
        Misconception("reads the mask the wrong way round", masked_with(inverted=True),
                      "True means: this key counts. (torch's key_padding_mask is the other way round, its "
                      "scaled_dot_product_attention is not.)"),
        Misconception("multiplies the scores by the mask", masked_by_product,
                      "A score of 0 is not a weight of 0: exp(0) = 1. Masked scores become -inf."),
    ],
    alternatives=[masked_with(), masked_by_selection, masked_by_zeroed_powers],
    hints=[
        "What score gives a weight of exactly 0? Put it where the mask is False, before the softmax.",
        "np.where(mask, scores, -np.inf). Then think of a row that is -inf throughout: its maximum is -inf as well.",
        "Replace a maximum of -inf by 0: then all powers are 0. Divide by the sum, or by 1 where the sum is 0.",
    ],
)
