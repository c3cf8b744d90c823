"""The exercises of the attention chapter: from a softmax that survives large scores to all gradients of attention."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.checking import Case, Exercise, Misconception, Tolerance

# Scores are sums of at most 16 products of numbers up to 4, a softmax sums at most 9 powers, and a gradient sums as many
# products again: fewer than 128 roundings of numbers below 64.
ORDINARY = Tolerance(operations=128, scale=64.0)
# A weight is exp of a difference of scores. Scores of size S are right to S eps, and so are their differences; the
# weight, at most 1, then has a relative error of S eps.
LARGE = Tolerance(operations=32, scale=4e4)


def powers_over_sum(scores: np.ndarray, axis: int | None = -1) -> np.ndarray:
    """The softmax of a textbook, for scores that are not too large."""
    powers = np.exp(scores)
    return powers / powers.sum(axis=axis, keepdims=True)


def sequences(rng: np.random.Generator, *front: int, queries: int, keys: int, d: int, d_v: int = 3) -> tuple:
    """q (..., queries, d), k (..., keys, d), v (..., keys, d_v)."""
    return tuple(rng.normal(size=(*front, *shape)) for shape in ((queries, d), (keys, d), (keys, d_v)))


# ------------------------------------------------------------------------------------------------------------- softmax


def softmax_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 0.0], [0.0, np.log(3.0)]]),), label="two rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(3, 5)),), label="three rows of five", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 3, 4)),), label="two batches of three rows", tolerance=ORDINARY)
    yield Case((rng.normal(size=(4, 8))[:, ::2],), label="a view with gaps", tolerance=ORDINARY)
    yield Case((rng.normal(size=6),), label="one row without a batch", tolerance=ORDINARY)
    yield Case((rng.normal(size=(3, 1)),), "edge", "one score a row", tolerance=ORDINARY)
    yield Case((np.full((2, 3), 5.0),), "edge", "ties", tolerance=ORDINARY)
    yield Case((np.array([[0.0, -np.inf, 1.0]]),), "edge", "a score of -inf", tolerance=ORDINARY)
    yield Case((np.zeros((0, 3)),), "edge", "no row")
    large = 1e4 + rng.normal(size=(2, 4))
    yield Case((large,), "stability", "scores near 10,000", tolerance=LARGE)
    yield Case((-large,), "stability", "scores near -10,000", tolerance=LARGE)
    apart = rng.normal(size=(2, 3)) + np.array([[1e4], [-1e4]])
    yield Case((apart,), "stability", "one row near 10,000, the other near -10,000", tolerance=LARGE)


def softmax_without_maximum(scores):
    with np.errstate(all="ignore"):
        return powers_over_sum(scores)


def softmax_over(axis):
    def solve(scores):
        scores = scores - scores.max(axis=axis, keepdims=True) if scores.size else scores
        return powers_over_sum(scores, axis)
    return solve


def softmax_with_one_maximum(scores):
    with np.errstate(all="ignore"):
        return powers_over_sum(scores - scores.max()) if scores.size else scores.copy()


def shares_of_scores(scores):
    with np.errstate(all="ignore"):
        return scores / scores.sum(axis=-1, keepdims=True)


def softmax_by_logarithms(scores):
    """exp(score - log-sum-exp)."""
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


def softmax_row_by_row(scores):
    rows = []
    for row in scores.reshape(-1, scores.shape[-1]).tolist():
        powers = [math.exp(score - max(row)) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return np.array(rows).reshape(scores.shape)


SOFTMAX = Exercise(
    id="attention.softmax", points=2,
    reference=lambda scores: reference.softmax(scores),
    cases=softmax_cases,
    misconceptions=[
        Misconception("does not take off the maximum", softmax_without_maximum,
                      "exp overflows above 709, and inf / inf is NaN; far below zero all powers vanish and 0 / 0 is NaN. "
                      "Take the row's largest score off first: the weights stay the same."),
        Misconception("normalises over the queries", softmax_over(-2),
                      "Each row is one query, and its weights sum to one. That is the last axis."),
        Misconception("normalises over everything", softmax_over(None),
                      "Each row sums to one by itself, not all rows together."),
        Misconception("takes off the maximum of all rows", softmax_with_one_maximum,
                      "A row far below the largest score of another row loses all its powers. Each row has its own "
                      "maximum: keepdims=True keeps the axis, so that it broadcasts."),
        Misconception("divides the scores by their sum", shares_of_scores,
                      "Scores may be negative. exp makes them positive first."),
    ],
    alternatives=[softmax_by_logarithms, softmax_row_by_row, softmax_over(-1)],
    hints=[
        "Three steps along the last axis: take off the maximum, exponentiate, divide by the sum.",
        "scores.max(axis=-1, keepdims=True) has a shape that broadcasts against scores; so has the sum.",
        "powers = np.exp(scores - scores.max(axis=-1, keepdims=True)), then powers / powers.sum(axis=-1, keepdims=True).",
    ],
)


# ------------------------------------------------------------------------------------------------------ masked softmax


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


# -------------------------------------------------------------------------------------------------------------- scores


def score_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0, 0.0, 2.0, 0.0]]), np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 5.0, 0.0, 5.0]])),
               label="one query, two keys", tolerance=ORDINARY)
    for label, front, queries, keys, d in (("three queries, five keys", (), 3, 5, 2), ("a batch of two", (2,), 4, 3, 6),
                                           ("heads in a batch", (2, 3), 2, 5, 8)):
        q, k, _ = sequences(rng, *front, queries=queries, keys=keys, d=d)
        yield Case((q, k), label=label, tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=4, keys=6, d=10)
    yield Case((q[::2, ::2], k[::3, ::2]), label="views with gaps", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=3, keys=2, d=1)
    yield Case((q, k), "edge", "vectors of one number", tolerance=ORDINARY)
    q, k, _ = sequences(rng, queries=1, keys=1, d=7)
    yield Case((q, k), "edge", "one query and one key", tolerance=ORDINARY)
    yield Case((np.zeros((0, 3)), np.ones((2, 3))), "edge", "no query")
    q, k, _ = sequences(rng, queries=2, keys=3, d=4)
    yield Case((q, k[:, :3]), "errors", "keys that are too short", raises=ValueError)


def scores_divided_by(divisor):
    """Scores with another divisor; divisor(q, k)."""
    def solve(q, k):
        if q.shape[-1] != k.shape[-1]:
            raise ValueError("q and k must share d")
        return q @ np.swapaxes(k, -1, -2) / divisor(q, k)
    return solve


def scores_transposed(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")
    return k @ np.swapaxes(q, -1, -2) / np.sqrt(q.shape[-1])


def cosines(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")
    lengths = np.linalg.norm(q, axis=-1)[..., :, None] * np.linalg.norm(k, axis=-1)[..., None, :]
    return q @ np.swapaxes(k, -1, -2) / lengths


def scores_by_einsum(q, k):
    return np.einsum("...nd,...md->...nm", q, k) / math.sqrt(q.shape[-1])


def scores_one_by_one(q, k):
    if q.shape[-1] != k.shape[-1]:
        raise ValueError("q and k must share d")
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for front in np.ndindex(q.shape[:-2]):
        for i, query in enumerate(q[front]):
            for j, key in enumerate(k[front]):
                scores[front][i, j] = sum(query * key) * q.shape[-1] ** -0.5
    return scores


ATTENTION_SCORES = Exercise(
    id="attention.attention_scores", points=2,
    reference=lambda q, k: reference.attention_scores(q, k),
    cases=score_cases,
    misconceptions=[
        Misconception("does not scale", scores_divided_by(lambda q, k: 1.0),
                      "A sum of d products of independent numbers with variance 1 has variance d. Divide by its "
                      "standard deviation."),
        Misconception("divides by d", scores_divided_by(lambda q, k: q.shape[-1]),
                      "The variance of the sum is d; its size is the square root of that."),
        Misconception("divides by the root of the number of keys", scores_divided_by(lambda q, k: np.sqrt(k.shape[-2])),
                      "The dot product sums over the d entries of one key. How many keys there are does not change it."),
        Misconception("divides by the root of the number of queries",
                      scores_divided_by(lambda q, k: np.sqrt(max(q.shape[-2], 1))),
                      "q.shape[-2] is the number of queries. The length of a query is the last axis."),
        Misconception("puts the keys in the rows", scores_transposed,
                      "A row is a query, a column a key: Q Kᵀ, not K Qᵀ."),
        Misconception("takes cosines", cosines,
                      "A long query may ask loudly: the lengths stay in. Divide by sqrt(d) only."),
    ],
    alternatives=[scores_by_einsum, scores_one_by_one],
    hints=[
        "All dot products of rows of Q with rows of K are one matrix product.",
        "For arrays with axes in front, k.T turns all axes round; np.swapaxes(k, -1, -2) only the last two.",
        "q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])",
    ],
)


# --------------------------------------------------------------------------------------------------------- causal mask


def causal_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((3, 3), label="three positions")
    yield Case((int(rng.integers(4, 8)),) * 2, label="a few positions")
    keys = int(rng.integers(6, 9))
    yield Case((keys - 3, keys), label="three keys came before the first query")
    yield Case((1, int(rng.integers(3, 7))), label="one new query")
    yield Case((1, 1), "edge", "one position")
    yield Case((5, 3), "edge", "more queries than keys")
    yield Case((0, 4), "edge", "no query")
    yield Case((2, 0), "edge", "no key")


def causal_with(shift=0, *, aligned="end", turned=False, number=False):
    """Causal mask with one part replaced."""
    def solve(queries, keys):
        offset = keys - queries if aligned == "end" else 0
        mask = np.arange(keys)[None, :] <= np.arange(queries)[:, None] + offset + shift
        if turned:
            mask = ~mask
        return np.where(mask, 0.0, -np.inf) if number else mask
    return solve


def causal_anti(queries, keys):
    return np.arange(keys)[None, :] >= np.arange(queries)[:, None] + keys - queries


def causal_by_tri(queries, keys):
    return np.tri(queries, keys, keys - queries, dtype=bool)


def causal_by_loops(queries, keys):
    return np.array([[keys - 1 - j >= queries - 1 - i for j in range(keys)] for i in range(queries)],
                    dtype=bool).reshape(queries, keys)


CAUSAL_MASK = Exercise(
    id="attention.causal_mask", points=2,
    reference=reference.causal_mask,
    cases=causal_cases,
    misconceptions=[
        Misconception("hides a position from itself", causal_with(-1),
                      "A position may attend to itself: it has been read already. Only what comes later is hidden."),
        Misconception("lets a position see the next one", causal_with(1),
                      "The next token is what a language model predicts. If it can be seen, there is nothing to learn."),
        Misconception("aligns the first query with the first key", causal_with(aligned="start"),
                      "The queries are the last positions: the last query sees all keys. With fewer queries than keys, "
                      "shift the diagonal by keys - queries."),
        Misconception("marks what is hidden", causal_with(turned=True),
                      "True means: may attend."),
        Misconception("hides the past", causal_anti,
                      "Row i is a query and looks back, to columns j with j <= i."),
        Misconception("returns numbers to add", causal_with(number=True),
                      "0 and -inf may be added to scores, but asked for are booleans."),
    ],
    alternatives=[causal_by_tri, causal_by_loops],
    hints=[
        "Query i stands at position i + (keys - queries) of the keys' sequence.",
        "Compare a row of key positions with a column of query positions; broadcasting makes the matrix.",
        "np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries)",
    ],
)


# ----------------------------------------------------------------------------------------------------------- attention


def attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*sequences(rng, queries=2, keys=3, d=4), None), label="two queries, three keys", tolerance=ORDINARY)
    yield Case((*sequences(rng, queries=3, keys=3, d=2), np.tri(3, dtype=bool)), label="causal", tolerance=ORDINARY)
    yield Case((*sequences(rng, 2, queries=4, keys=5, d=6), some_mask(rng, 2, 1, 5)), label="a padded batch",
               tolerance=ORDINARY)
    yield Case((*sequences(rng, 2, 3, queries=2, keys=4, d=8, d_v=5), some_mask(rng, 2, 4)),
               label="heads, values of another width", tolerance=ORDINARY)
    wide = sequences(rng, queries=4, keys=6, d=8, d_v=6)
    yield Case((wide[0][::2, ::2], wide[1][::2, ::2], wide[2][::2, ::2], None), label="views with gaps",
               tolerance=ORDINARY)
    mask = some_mask(rng, 3, 4)
    mask[0] = False
    yield Case((*sequences(rng, queries=3, keys=4, d=2), mask), "edge", "a query that may attend to nothing",
               tolerance=ORDINARY)
    yield Case((*sequences(rng, queries=2, keys=1, d=3), None), "edge", "one key", tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=2, keys=3, d=16)
    yield Case((q * 80, k * 80, v, None), "stability", "large queries and keys", tolerance=LARGE)


def attention_with(*, scale=None, axis=-1, values="v", mask_after=False, with_mask=True):
    """Attention with one part replaced; gives (outputs, weights)."""
    def solve(q, k, v, mask):
        scores = q @ np.swapaxes(k, -1, -2)
        scores = scores * (q.shape[-1] ** -0.5 if scale is None else scale(q, k))
        if axis == -1:
            weights = reference.softmax(scores, mask=None if mask_after or not with_mask else mask)
        else:
            with np.errstate(all="ignore"):
                filled = scores if mask is None else np.where(mask, scores, -np.inf)
                powers = np.exp(filled - filled.max(axis=axis, keepdims=True))
                weights = np.nan_to_num(powers / powers.sum(axis=axis, keepdims=True))
        if mask_after and mask is not None:
            weights = np.where(mask, weights, 0.0)
        return weights @ {"v": v, "k": k}[values], weights
    return solve


def attention_query_by_query(q, k, v, mask):
    front = q.shape[:-2]
    weights = np.zeros((*q.shape[:-1], k.shape[-2]))
    outputs = np.zeros((*q.shape[:-1], v.shape[-1]))
    allowed = np.ones(weights.shape, bool) if mask is None else np.broadcast_to(mask, weights.shape)
    for place in np.ndindex(front):
        for i, query in enumerate(q[place]):
            seen = np.flatnonzero(allowed[place][i])
            if seen.size == 0:
                continue
            scores = k[place][seen] @ query / np.sqrt(len(query))
            powers = np.exp(scores - scores.max())
            weights[place][i, seen] = powers / powers.sum()
            outputs[place][i] = weights[place][i] @ v[place]
    return outputs, weights


ATTENTION = Exercise(
    id="attention.attention", points=3,
    reference=lambda q, k, v, mask: reference.attention(q, k, v, mask),
    cases=attention_cases,
    misconceptions=[
        Misconception("does not scale", attention_with(scale=lambda q, k: 1.0),
                      "Divide the scores by sqrt(d_k) before the softmax, or large vectors make it all or nothing."),
        Misconception("divides by d_k", attention_with(scale=lambda q, k: 1 / q.shape[-1]),
                      "The spread of a dot product grows with the square root of d_k."),
        Misconception("normalises over the queries", attention_with(axis=-2),
                      "Each query shares out one unit of attention among the keys: rows sum to one, not columns."),
        Misconception("masks after the softmax", attention_with(mask_after=True),
                      "Then the rows no longer sum to one. Mask the scores before the softmax."),
        Misconception("forgets the mask", attention_with(with_mask=False),
                      "Where the mask is False, the weight must be 0."),
    ],
    alternatives=[attention_with(), attention_query_by_query],
    hints=[
        "You have written all the parts: scores, masked softmax, and a weighted mean is a matrix product.",
        "mask may be None: then every key counts.",
        "weights = masked_softmax(attention_scores(q, k), mask); the outputs are weights @ v.",
    ],
)


# ---------------------------------------------------------------------------------------------------- softmax gradient


def gradient_of_softmax_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0.25, 0.75]), np.array([1.0, 0.0])), "gradient", "two weights", tolerance=ORDINARY)
    for label, shape in (("three rows", (3, 4)), ("a batch", (2, 3, 5))):
        yield Case((powers_over_sum(rng.normal(size=shape)), rng.normal(size=shape)), "gradient", label,
                   tolerance=ORDINARY)
    wide = powers_over_sum(rng.normal(size=(4, 3))), rng.normal(size=(4, 3))
    yield Case((wide[0][::2], wide[1][::2]), "gradient", "views with gaps", tolerance=ORDINARY)
    yield Case((powers_over_sum(rng.normal(size=(2, 3))), np.ones((2, 3))), "edge", "the same gradient for every weight",
               tolerance=ORDINARY)
    yield Case((np.array([[0.0, 1.0, 0.0]]), rng.normal(size=(1, 3))), "edge", "a saturated softmax",
               tolerance=ORDINARY)
    yield Case((np.zeros((1, 3)), rng.normal(size=(1, 3))), "edge", "a row where nothing counts", tolerance=ORDINARY)


def diagonal_only(weights, grad_weights):
    return weights * (1 - weights) * grad_weights


def without_the_sum(weights, grad_weights):
    return weights * grad_weights


def plain_mean_taken_off(weights, grad_weights):
    return weights * (grad_weights - grad_weights.mean(axis=-1, keepdims=True))


def summed_over_everything(weights, grad_weights):
    return weights * (grad_weights - (weights * grad_weights).sum())


def sum_added(weights, grad_weights):
    return weights * (grad_weights + (weights * grad_weights).sum(axis=-1, keepdims=True))


def gradient_by_jacobian(weights, grad_weights):
    """The whole matrix of derivatives for every row."""
    jacobian = weights[..., :, None] * (np.eye(weights.shape[-1]) - weights[..., None, :])
    return np.einsum("...ij,...i->...j", jacobian, grad_weights)


def gradient_by_einsum(weights, grad_weights):
    product = weights * grad_weights
    return product - weights * np.einsum("...j->...", product)[..., None]


SOFTMAX_GRADIENT = Exercise(
    id="attention.softmax_gradient", points=2,
    reference=reference.softmax_gradient,
    cases=gradient_of_softmax_cases,
    misconceptions=[
        Misconception("keeps the diagonal only", diagonal_only,
                      "p_i (1 - p_i) is how p_i moves with its own score. Each weight moves with every score of its row: "
                      "the derivative of p_i by s_j is -p_i p_j."),
        Misconception("leaves out the sum", without_the_sum,
                      "A score that rises takes weight from the others. From dP subtract the mean of dP under the "
                      "weights."),
        Misconception("subtracts the plain mean", plain_mean_taken_off,
                      "The mean must be weighted by the weights: sum of p_j dp_j."),
        Misconception("sums over all rows", summed_over_everything,
                      "Rows do not share weight: sum along the last axis only, with keepdims=True."),
        Misconception("adds the sum", sum_added,
                      "The derivative of p_i by s_j is p_i ([i = j] - p_j), with a minus."),
    ],
    alternatives=[gradient_by_jacobian, gradient_by_einsum],
    hints=[
        "The derivative of p_i by s_j is p_i ([i = j] - p_j). Multiply by dp_i, and sum over i.",
        "One term is p_j dp_j. The other is p_j times a number that all keys of the row share.",
        "weights * (grad_weights - (weights * grad_weights).sum(axis=-1, keepdims=True))",
    ],
)


# --------------------------------------------------------------------------------------------------- attention backward


def backward_cases(rng: np.random.Generator) -> Iterator[Case]:
    for label, front, queries, keys, d, d_v in (
        ("two queries, three keys", (), 2, 3, 4, 3), ("as many keys as queries", (), 3, 3, 2, 2),
        ("a batch of heads", (2, 2), 3, 4, 5, 3),
    ):
        yield Case((*sequences(rng, *front, queries=queries, keys=keys, d=d, d_v=d_v),
                    rng.normal(size=(*front, queries, d_v))), "gradient", label, tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=4, keys=6, d=8, d_v=6)
    yield Case((q[::2, ::2], k[::2, ::2], v[::2, ::2], rng.normal(size=(2, 3))), "gradient", "views with gaps",
               tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=1, keys=2, d=1, d_v=1)
    yield Case((q, k, v, rng.normal(size=(1, 1))), "edge", "one query, vectors of one number", tolerance=ORDINARY)
    q, k, v = sequences(rng, queries=2, keys=3, d=16)
    yield Case((q * 60, k * 60, v, rng.normal(size=(2, 3))), "stability", "large queries and keys",
               tolerance=Tolerance(operations=128, scale=4e6))


def backward_with(*, scale_q=True, scale_k=True, delta=True, softmax=True, turn=True, swapped=False, of_scores=False):
    """All gradients of attention with one part replaced."""
    def solve(q, k, v, grad_outputs):
        scale = q.shape[-1] ** -0.5
        weights = reference.softmax(scale * q @ np.swapaxes(k, -1, -2))
        grad_v = (np.swapaxes(weights, -1, -2) if turn else weights) @ grad_outputs
        grad_weights = grad_outputs @ np.swapaxes(v, -1, -2)
        if not softmax:
            grad_scores = grad_weights
        elif delta:
            grad_scores = reference.softmax_gradient(weights, grad_weights)
        else:
            grad_scores = weights * grad_weights
        grad_q = (scale if scale_q else 1.0) * grad_scores @ k
        grad_k = (scale if scale_k else 1.0) * np.swapaxes(grad_scores, -1, -2) @ q
        return (grad_k, grad_q, grad_v) if swapped else (grad_q, grad_k, grad_v)
    return solve


def backward_without_turning(q, k, v, grad_outputs):
    """dV = P dO has the right shape only with as many queries as keys; elsewhere it can't be computed."""
    if q.shape[-2] != k.shape[-2]:
        raise ValueError("matmul: the shapes do not fit")
    return backward_with(turn=False)(q, k, v, grad_outputs)


def backward_by_outputs(q, k, v, grad_outputs):
    """The row sums of P * dP are those of dO * O."""
    scale = 1 / math.sqrt(q.shape[-1])
    weights = reference.softmax(scale * np.einsum("...nd,...md->...nm", q, k))
    outputs = weights @ v
    grad_weights = np.einsum("...ne,...me->...nm", grad_outputs, v)
    grad_scores = weights * (grad_weights - (grad_outputs * outputs).sum(axis=-1, keepdims=True)) * scale
    return (
        np.einsum("...nm,...md->...nd", grad_scores, k), np.einsum("...nm,...nd->...md", grad_scores, q),
        np.einsum("...nm,...ne->...me", weights, grad_outputs),
    )


ATTENTION_GRADIENTS = Exercise(
    id="attention.attention_gradients", points=4,
    reference=lambda q, k, v, grad_outputs: reference.attention_gradients(q, k, v, grad_outputs),
    cases=backward_cases,
    misconceptions=[
        Misconception("leaves the scale out of dQ", backward_with(scale_q=False),
                      "S = Q Kᵀ / sqrt(d_k), so dQ = dS K / sqrt(d_k)."),
        Misconception("leaves the scale out of dK", backward_with(scale_k=False),
                      "S = Q Kᵀ / sqrt(d_k), so dK = dSᵀ Q / sqrt(d_k)."),
        Misconception("leaves the scale out of dQ and dK", backward_with(scale_q=False, scale_k=False),
                      "The scale stands between Q Kᵀ and the softmax, so the gradient passes it on its way back."),
        Misconception("leaves out the row sums", backward_with(delta=False),
                      "dS = P * (dP - row sums of P * dP): the softmax couples all weights of a row."),
        Misconception("passes the softmax unchanged", backward_with(softmax=False),
                      "dP is the gradient for the weights. Through the softmax it becomes dS."),
        Misconception("does not turn the weights round for dV", backward_without_turning,
                      "Value j gets something from every query that attends to it: dV = Pᵀ dO."),
    ],
    alternatives=[backward_with(), backward_by_outputs],
    hints=[
        "Go back along the chain O = P V, P = softmax(S), S = Q Kᵀ / sqrt(d_k), one product at a time.",
        "For C = A B, dA = dC Bᵀ and dB = Aᵀ dC. You have written the step through the softmax already.",
        "dV = Pᵀ dO; dP = dO Vᵀ; dS = softmax_gradient(P, dP); dQ = dS K / sqrt(d_k); dK = dSᵀ Q / sqrt(d_k).",
    ],
)


# ------------------------------------------------------------------------------------------------------ additive scores


def additive_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0]]), np.array([[0.0], [1.0]]), np.array([[1.0]]), np.array([[0.5]]), np.array([2.0])),
               label="one query, two keys", tolerance=ORDINARY)
    for label, front, queries, keys, d_q, d_k, hidden in (
        ("widths of 3 and 3", (), 2, 3, 3, 3, 4), ("widths of 2 and 5", (), 3, 4, 2, 5, 3), ("a batch", (2,), 3, 2, 4, 3, 2),
    ):
        yield Case((rng.normal(size=(*front, queries, d_q)), rng.normal(size=(*front, keys, d_k)),
                    rng.normal(size=(d_q, hidden)), rng.normal(size=(d_k, hidden)), rng.normal(size=hidden)),
                   label=label, tolerance=ORDINARY)
    yield Case((rng.normal(size=(1, 2)), rng.normal(size=(1, 2)), rng.normal(size=(2, 1)), rng.normal(size=(2, 1)),
                rng.normal(size=1)), "edge", "one query, one key, one hidden number", tolerance=ORDINARY)
    yield Case((rng.normal(size=(2, 2)), np.zeros((0, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3)),
                rng.normal(size=3)), "edge", "no key")


def additive_with(inside=np.tanh, *, apart=False, outside=False, key_in=True):
    """Additive scores with one part replaced."""
    def solve(q, k, w_query, w_key, v):
        a, b = (q @ w_query)[..., :, None, :], (k @ w_key)[..., None, :, :]
        b = b if key_in else 0 * b
        if apart:
            return (inside(a) + inside(b)) @ v
        return inside((a + b) @ v) if outside else inside(a + b) @ v
    return solve


def additive_transposed(q, k, w_query, w_key, v):
    return np.swapaxes(additive_with()(q, k, w_query, w_key, v), -1, -2)


def additive_one_by_one(q, k, w_query, w_key, v):
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for front in np.ndindex(q.shape[:-2]):
        for i in range(q.shape[-2]):
            for j in range(k.shape[-2]):
                scores[front][i, j] = v @ np.tanh(w_query.T @ q[front][i] + w_key.T @ k[front][j])
    return scores


def additive_by_joining(q, k, w_query, w_key, v):
    """[q; k] times the two matrices on top of each other is the same sum."""
    n, m = q.shape[-2], k.shape[-2]
    both = np.concatenate([np.repeat(q, m, axis=-2), np.concatenate([k] * n, axis=-2)], axis=-1)
    scores = np.tanh(both @ np.concatenate([w_query, w_key])) @ v
    return scores.reshape(*q.shape[:-1], m)


ADDITIVE_SCORES = Exercise(
    id="attention.additive_scores", points=2,
    reference=reference.additive_scores,
    cases=additive_cases,
    misconceptions=[
        Misconception("leaves out the tanh", additive_with(lambda x: x),
                      "Without it the score is a sum of a term for the query and one for the key, and the softmax "
                      "cancels the query's: all queries would get the same weights."),
        Misconception("squashes query and key apart", additive_with(apart=True),
                      "tanh goes around the sum. Squashed apart, the query's term is the same for all keys, and the "
                      "softmax cancels it."),
        Misconception("squashes the score", additive_with(outside=True),
                      "tanh works on the hidden vector, before v weighs its entries."),
        Misconception("uses a sigmoid", additive_with(lambda x: 1 / (1 + np.exp(-x))),
                      "The hidden layer's function is tanh."),
        Misconception("leaves out the key", additive_with(key_in=False),
                      "A query's scores must differ from key to key."),
        Misconception("puts the keys in the rows", additive_transposed,
                      "A row is a query, a column a key."),
    ],
    alternatives=[additive_with(), additive_one_by_one, additive_by_joining],
    hints=[
        "Every query meets every key: two axes, one for each, broadcast against each other.",
        "(q @ w_query)[..., :, None, :] is (..., n, 1, hidden); give k @ w_key an axis of 1 before the keys.",
        "np.tanh((q @ w_query)[..., :, None, :] + (k @ w_key)[..., None, :, :]) @ v",
    ],
)
