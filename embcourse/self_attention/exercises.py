"""The exercises of the self-attention chapter: from cutting vectors into heads to what the heads of a real model do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.attention import attention, softmax
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.self_attention import reference
from embcourse.self_attention.reference import MultiHeadWeights, merge_heads, split_heads

# Three products one after the other, each a sum of at most 12 terms, and a softmax of at most 7 powers, of numbers that
# stay below 64. Gradients go through the same products once more.
ORDINARY = Tolerance(operations=256, scale=64.0)
# Scores of size S are right to S eps times the operations; the weights, at most 1, then have that relative error.
LARGE = Tolerance(operations=256, scale=4e4)


def sequence(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """(..., n, d_model) standard normal numbers."""
    return rng.normal(size=shape)


def matrices(rng: np.random.Generator, d_model: int, count: int = 4) -> tuple[np.ndarray, ...]:
    """Square matrices that keep the size of a vector."""
    return tuple(rng.normal(size=(d_model, d_model)) / np.sqrt(d_model) for _ in range(count))


def layer(*four: np.ndarray) -> MultiHeadWeights:
    """The reference's parameters without biases."""
    return MultiHeadWeights(*four, *(np.zeros(len(four[0])) for _ in range(4)))


def wrongly_split(x: np.ndarray, heads: int) -> np.ndarray:
    """Right shape, wrong numbers: positions and heads are mixed."""
    return x.reshape(*x.shape[:-2], heads, x.shape[-2], x.shape[-1] // heads)


# --------------------------------------------------------------------------------------------------- one head, masked


def single_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((sequence(rng, 3, 4), *matrices(rng, 4, 3), np.ones((3, 3), bool)), label="three positions",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 5, 4), *matrices(rng, 4, 3), np.tri(5, dtype=bool)), label="a causal mask",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 2, 4, 6), *matrices(rng, 6, 3), np.tri(4, dtype=bool)), label="a batch of two",
               tolerance=ORDINARY)
    wide = tuple(rng.normal(size=(6, 3)) / np.sqrt(6) for _ in range(3))
    yield Case((sequence(rng, 4, 6), *wide, np.ones((4, 4), bool)), label="a head narrower than the sequence",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 8, 8)[::2, ::2], *matrices(rng, 4, 3), np.tri(4, dtype=bool)), label="a view with gaps",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 1, 3), *matrices(rng, 3, 3), np.ones((1, 1), bool)), "edge", "one position",
               tolerance=ORDINARY)
    blind = np.tri(3, dtype=bool)
    blind[1] = False
    yield Case((sequence(rng, 3, 4), *matrices(rng, 4, 3), blind), "edge", "a position that sees nothing",
               tolerance=ORDINARY)
    yield Case((60 * sequence(rng, 3, 4), *matrices(rng, 4, 3), np.tri(3, dtype=bool)), "stability", "large scores",
               tolerance=Tolerance(operations=256, scale=4e6))


def single_with(*, divisor=None, key_from="key", swap_values=False, turn_mask=False, late=False, transpose=False):
    """Self-attention of one head with one part replaced."""
    def solve(x, w_query, w_key, w_value, mask):
        if transpose:
            w_query, w_key, w_value = w_query.T, w_key.T, w_value.T
        q, k, v = x @ w_query, x @ (w_key if key_from == "key" else w_query), x @ w_value
        v = x if swap_values else v
        mask = mask.T if turn_mask else mask
        scale = None if divisor is None else 1 / divisor(x, q)
        if late:
            weights = softmax(reference_scores(q, k)) * mask
            return weights @ v
        return attention(q, k, v, mask, scale)[0]
    return solve


def reference_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])


def single_raw_values(x, w_query, w_key, w_value, mask):
    """The values are not projected; where a head is narrower, its first columns."""
    q, k = x @ w_query, x @ w_key
    return attention(q, k, x[..., :w_value.shape[1]], mask)[0]


def single_by_combined_matrix(x, w_query, w_key, w_value, mask):
    """The scores are a bilinear form: x (W_Q W_Kᵀ) xᵀ."""
    combined = w_query @ w_key.T / np.sqrt(w_query.shape[1])
    return softmax(x @ combined @ np.swapaxes(x, -1, -2), mask=mask) @ (x @ w_value)


def single_position_by_position(x, w_query, w_key, w_value, mask):
    outputs = np.zeros((*x.shape[:-1], w_value.shape[1]))
    for front in np.ndindex(x.shape[:-2]):
        for i, row in enumerate(x[front]):
            seen = x[front][mask[i]]
            if len(seen):
                scores = (row @ w_query) @ (seen @ w_key).T / np.sqrt(w_query.shape[1])
                outputs[front][i] = softmax(scores) @ seen @ w_value
    return outputs


SELF_ATTENTION = Exercise(
    id="self_attention.self_attention", points=2,
    reference=single_with(),
    cases=single_cases,
    misconceptions=[
        Misconception("takes the keys from the queries' matrix", single_with(key_from="query"),
                      "Queries and keys come from the same x through different matrices. With one matrix for both, the "
                      "scores are symmetrical: a word could not look for something other than itself."),
        Misconception("does not project the values", single_raw_values,
                      "What a position gives is x W_V, not x itself."),
        Misconception("does not scale", single_with(divisor=lambda x, q: 1.0),
                      "Divide the scores by the root of the length of a query."),
        Misconception("divides by the length of a query", single_with(divisor=lambda x, q: q.shape[-1]),
                      "The root of d_k, not d_k."),
        Misconception("turns the mask round", single_with(turn_mask=True),
                      "mask[i, j] says whether query i may attend to key j: rows are queries, as in the scores."),
        Misconception("masks after the softmax", single_with(late=True),
                      "The masked keys have taken their share already. Mask the scores."),
    ],
    alternatives=[single_by_combined_matrix, single_position_by_position],
    hints=[
        "Three products make queries, keys and values from x. The rest is attention as in the last chapter.",
        "q, k, v = x @ w_query, x @ w_key, x @ w_value. d_k is the number of columns of w_query.",
        "Mask the scores with -inf, take the softmax over the last axis (weights 0 where all is masked), times v.",
    ],
)


# ------------------------------------------------------------------------------------------------------ a change of order


def order_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.tri(3, dtype=bool), np.array([2, 0, 1])), label="three positions, causal")
    for n in (4, 6):
        order = rng.permutation(n)
        while np.array_equal(order, np.argsort(order)):
            order = rng.permutation(n)
        yield Case((np.tri(n, dtype=bool), order), label=f"{n} positions, causal")
        yield Case((rng.random((n, n)) < 0.5, order), label=f"{n} positions, any mask")
    yield Case((np.stack([np.tri(4, dtype=bool), rng.random((4, 4)) < 0.5]), np.array([1, 2, 3, 0])),
               label="a mask for each of two sequences")
    yield Case((np.array([[True]]), np.array([0])), "edge", "one position")
    yield Case((np.array([[True, True, False, False]] * 4), np.array([3, 0, 1, 2])), "edge", "padding at the end")
    yield Case((np.zeros((0, 0), bool), np.zeros(0, np.int64)), "edge", "nothing")


def inverse(order: np.ndarray) -> np.ndarray:
    return np.argsort(order)


def reordered_by_matrix(mask, order):
    """Π M Πᵀ, with a one in row i, column order[i]."""
    n = len(order)
    moved = np.zeros((n, n), np.int64)
    moved[np.arange(n), order] = 1
    return (moved @ mask.astype(np.int64) @ moved.T).astype(bool)


def reordered_one_by_one(mask, order):
    found = np.zeros(mask.shape, bool)
    for i, from_i in enumerate(order):
        for j, from_j in enumerate(order):
            found[..., i, j] = mask[..., from_i, from_j]
    return found


REORDERED_MASK = Exercise(
    id="self_attention.reordered_mask", points=2,
    reference=lambda mask, order: mask[..., order, :][..., order],
    cases=order_cases,
    misconceptions=[
        Misconception("moves the queries only", lambda mask, order: mask[..., order, :],
                      "The positions are queries and keys at once: both axes of the mask move."),
        Misconception("moves the keys only", lambda mask, order: mask[..., order],
                      "The positions are queries and keys at once: both axes of the mask move."),
        Misconception("keeps the mask", lambda mask, order: mask.copy(),
                      "mask[i, j] speaks of positions i and j. When tokens move, what they may see moves with them."),
        Misconception("moves the other way", lambda mask, order: mask[..., inverse(order), :][..., inverse(order)],
                      "x[order] takes row order[i] to place i. The mask moves the same way, not back."),
    ],
    alternatives=[reordered_by_matrix, reordered_one_by_one],
    hints=[
        "Row i of the new sequence was row order[i] of the old one. Whom could that one see?",
        "New mask at (i, j) = old mask at (order[i], order[j]).",
        "mask[..., order, :] moves the rows; do the same to the last axis.",
    ],
)


# ---------------------------------------------------------------------------------------------------------- split, merge


def split_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.arange(8.0).reshape(2, 4), 2), label="two positions, two heads")
    yield Case((sequence(rng, 5, 6), 3), label="five positions, three heads")
    yield Case((sequence(rng, 2, 4, 6), 2), label="a batch of two")
    yield Case((sequence(rng, 2, 3, 4, 8), 4), label="two axes in front")
    yield Case((sequence(rng, 4, 12)[:, ::2], 2), label="a view with gaps")
    yield Case((sequence(rng, 4, 6), 1), "edge", "one head")
    yield Case((sequence(rng, 3, 4), 4), "edge", "heads of one number")
    yield Case((sequence(rng, 1, 6), 2), "edge", "one position")
    yield Case((np.zeros((0, 4)), 2), "edge", "no position")
    yield Case((sequence(rng, 3, 6), 4), "errors", "six numbers for four heads", raises=ValueError)


def checked_heads(x: np.ndarray, heads: int) -> None:
    if x.shape[-1] % heads:
        raise ValueError("heads must divide d_model")


def split_strided(x, heads):
    """Head i takes the numbers i, i + heads, i + 2 heads, ..."""
    checked_heads(x, heads)
    return np.stack([x[..., i::heads] for i in range(heads)], axis=-3)


def split_untransposed(x, heads):
    checked_heads(x, heads)
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)


def split_by_reshape(x, heads):
    checked_heads(x, heads)
    return wrongly_split(x, heads)


def split_backwards(x, heads):
    return split_heads(x, heads)[..., ::-1, :, :]


def split_by_slices(x, heads):
    checked_heads(x, heads)
    return np.stack(np.split(x, heads, axis=-1), axis=-3)


def split_by_moveaxis(x, heads):
    checked_heads(x, heads)
    return np.moveaxis(x.reshape(*x.shape[:-1], heads, -1) if x.size else split_untransposed(x, heads), -2, -3)


SPLIT_HEADS = Exercise(
    id="self_attention.split_heads", points=2,
    reference=reference.split_heads,
    cases=split_cases,
    misconceptions=[
        Misconception("reshapes without a transpose", split_by_reshape,
                      "The shape is right and the numbers are not: a head must hold its slice of every position, not "
                      "all of some positions. Cut the last axis first, then move the heads' axis."),
        Misconception("leaves the heads after the positions", split_untransposed,
                      "(..., n, heads, d_head) is half-way. Attention works on the last two axes, so the heads' axis "
                      "goes in front of the positions."),
        Misconception("deals the numbers out in turn", split_strided,
                      "Head 0 takes the first d_head numbers, head 1 the next: slices, not every h-th number."),
        Misconception("numbers the heads from the end", split_backwards,
                      "Head 0 takes the first d_head numbers."),
    ],
    alternatives=[split_by_slices, split_by_moveaxis],
    hints=[
        "Two steps: cut the last axis in two, then move one axis.",
        "x.reshape(*x.shape[:-1], heads, d_head) cuts; the heads are then at axis -2, and belong at -3.",
        "np.swapaxes(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -3, -2)",
    ],
)


def merge_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.arange(8.0).reshape(2, 2, 2),), label="two heads, two positions")
    yield Case((sequence(rng, 3, 5, 2),), label="three heads, five positions")
    yield Case((sequence(rng, 2, 2, 4, 3),), label="a batch of two")
    yield Case((sequence(rng, 2, 3, 4, 2, 2),), label="two axes in front")
    yield Case((sequence(rng, 2, 3, 8)[..., ::2],), label="a view with gaps")
    yield Case((sequence(rng, 1, 4, 3),), "edge", "one head")
    yield Case((sequence(rng, 3, 1, 2),), "edge", "one position")
    yield Case((sequence(rng, 4, 3, 1),), "edge", "heads of one number")
    yield Case((np.zeros((2, 0, 3)),), "edge", "no position")


def merged_shape(x: np.ndarray) -> tuple[int, ...]:
    return (*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


def merge_interleaved(x):
    return np.moveaxis(x, -3, -1).reshape(merged_shape(x))


MERGE_HEADS = Exercise(
    id="self_attention.merge_heads", points=2,
    reference=reference.merge_heads,
    cases=merge_cases,
    misconceptions=[
        Misconception("reshapes without a transpose", lambda x: x.reshape(merged_shape(x)),
                      "In memory the positions of one head follow each other. Bring the heads' axis next to d_head "
                      "before you join the two."),
        Misconception("interleaves the heads", merge_interleaved,
                      "All numbers of head 0 come first, then all of head 1: the rows of W^O expect that order."),
        Misconception("puts the last head first", lambda x: merge_heads(x[..., ::-1, :, :]),
                      "Head 0 comes first."),
        Misconception("adds the heads up", lambda x: x.sum(axis=-3),
                      "The heads stand side by side; W^O decides how they are added."),
    ],
    alternatives=[
        lambda x: np.concatenate([x[..., head, :, :] for head in range(x.shape[-3])], axis=-1),
        lambda x: np.moveaxis(x, -3, -2).reshape(merged_shape(x)),
    ],
    hints=[
        "Undo the two steps of split_heads, in the opposite order.",
        "Swap axes -3 and -2: (..., n, heads, d_head). Now the last two can be joined.",
        "x = np.swapaxes(x, -3, -2), then x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])",
    ],
)


# ------------------------------------------------------------------------------------------------------------ all heads


def multi_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((sequence(rng, 3, 4), *matrices(rng, 4), 2, np.ones((3, 3), bool)), label="three positions, two heads",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 5, 6), *matrices(rng, 6), 3, np.tri(5, dtype=bool)), label="a causal mask",
               tolerance=ORDINARY)
    both = np.array([[[True, True, True, False]], [[True, True, False, False]]])
    yield Case((sequence(rng, 2, 4, 6), *matrices(rng, 6), 2, both), label="two sequences of different lengths",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 3, 4, 12), *matrices(rng, 12), 4, np.tri(4, dtype=bool)[None]),
               label="a batch of three, four heads", tolerance=ORDINARY)
    yield Case((sequence(rng, 4, 6), *matrices(rng, 6), 1, np.tri(4, dtype=bool)), "edge", "one head",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 1, 6), *matrices(rng, 6), 3, np.ones((1, 1), bool)), "edge", "one position",
               tolerance=ORDINARY)
    blind = np.tri(3, dtype=bool)
    blind[1] = False
    yield Case((sequence(rng, 3, 6), *matrices(rng, 6), 2, blind), "edge", "a position that sees nothing",
               tolerance=ORDINARY)
    yield Case((60 * sequence(rng, 3, 6), *matrices(rng, 6), 2, np.tri(3, dtype=bool)), "stability", "large scores",
               tolerance=Tolerance(operations=256, scale=4e6))


def multi_with(*, split=split_heads, merge=merge_heads, width=None, axis=-1, output=True, heads_axis=True, turn=False):
    """Multi-head self-attention with one part replaced."""
    def solve(x, w_query, w_key, w_value, w_output, heads, mask):
        q, k, v = (split(x @ matrix, heads) for matrix in (w_query, w_key, w_value))
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(x.shape[-1] if width == "model" else q.shape[-1])
        mask = np.swapaxes(mask, -1, -2) if turn else mask
        mask = mask[..., None, :, :] if heads_axis else mask
        found = merge(softmax(scores, axis=axis, mask=np.broadcast_to(mask, scores.shape)) @ v)
        return found @ w_output if output else found
    return solve


def multi_head_by_head(x, w_query, w_key, w_value, w_output, heads, mask):
    """Each head with its own columns of W_Q, W_K, W_V and its own rows of W_O; the parts add up."""
    d_head = x.shape[-1] // heads
    outputs = np.zeros(x.shape)
    for head in range(heads):
        own = slice(head * d_head, (head + 1) * d_head)
        q, k, v = x @ w_query[:, own], x @ w_key[:, own], x @ w_value[:, own]
        outputs += attention(q, k, v, mask)[0] @ w_output[own]
    return outputs


MULTI_HEAD_ATTENTION = Exercise(
    id="self_attention.multi_head_attention", points=4,
    reference=lambda x, w_query, w_key, w_value, w_output, heads, mask: reference.multi_head_attention(
        x, layer(w_query, w_key, w_value, w_output), heads, mask=mask)[0],
    cases=multi_cases,
    misconceptions=[
        Misconception("splits by a reshape without a transpose", multi_with(split=wrongly_split),
                      "The shapes fit, but positions and heads are mixed: a causal model would see the future. Cut the "
                      "last axis, then swap heads and positions."),
        Misconception("merges by a reshape without a transpose",
                      multi_with(merge=lambda x: x.reshape(merged_shape(x))),
                      "Bring the heads back behind the positions before you join them."),
        Misconception("joins the heads in the wrong order", multi_with(merge=lambda x: merge_heads(x[..., ::-1, :, :])),
                      "Head 0 comes first: row 0 of W^O belongs to its first number."),
        Misconception("leaves out W^O", multi_with(output=False),
                      "Without the last product no head's finding can reach another head's columns."),
        Misconception("divides by the root of d_model", multi_with(width="model"),
                      "A score is a sum of d_head products, so its size is the root of d_head = d_model / heads."),
        Misconception("normalises over the queries", multi_with(axis=-2),
                      "The weights of each query sum to one: the last axis."),
        Misconception("lays the mask's batch on the heads", multi_with(heads_axis=False),
                      "The mask is (batch, queries, keys), the scores are (batch, heads, queries, keys): give the mask "
                      "an axis for the heads. With as many sequences as heads the mistake raises no error."),
        Misconception("turns the mask round", multi_with(turn=True),
                      "mask[..., i, j] says whether query i may attend to key j."),
    ],
    alternatives=[multi_with(), multi_head_by_head],
    hints=[
        "Project, split, attend, merge, project. You have written four of the five.",
        "After split_heads the scores are (..., heads, n, n): the mask needs an axis there, mask[..., None, :, :].",
        "Scores over sqrt(d_head), -inf where masked, softmax, times v, merge_heads, and at last @ w_output.",
    ],
)


# ---------------------------------------------------------------------------------------------------------------- cost


def cost_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((10, 384, 12), label="a short sentence in MiniLM")
    yield Case((512, 768, 12), label="the longest text of BERT base")
    n, heads, d_head = (int(number) for number in rng.integers(2, 60, size=3))
    yield Case((n, heads * d_head, heads), label="another layer")
    yield Case((n, heads * d_head, 1), label="the same width in one head")
    yield Case((1, 8, 2), "edge", "one position")
    yield Case((100_000, 4096, 32), "edge", "a long text: more than 32 bits")
    yield Case((10, 10, 3), "errors", "a width that three heads can't share", raises=ValueError)


def cost_with(*, biases=4, squares=4, per_product=2, products=2, width=lambda d_model, heads: d_model):
    """(parameters, FLOPs of projections, FLOPs of attention) with one number replaced."""
    def solve(n, d_model, heads):
        if d_model % heads:
            raise ValueError("heads must divide d_model")
        return (squares * d_model**2 + biases * d_model, per_product * squares * n * d_model**2,
                per_product * products * n * n * width(d_model, heads))
    return solve


def cost_times_heads(n, d_model, heads):
    parameters, projections, attended = cost_with()(n, d_model, heads)
    return parameters * heads, projections * heads, attended * heads


def cost_head_by_head(n, d_model, heads):
    if d_model % heads:
        raise ValueError("heads must divide d_model")
    d_head = d_model // heads
    into, back = d_model * d_head + d_head, d_head * d_model
    parameters = sum(3 * into + back for _ in range(heads)) + d_model
    projections = heads * (3 * 2 * n * d_model * d_head + 2 * n * d_head * d_model)
    return parameters, projections, heads * (2 * n * d_head * n + 2 * n * n * d_head)


def cost_from_reference(n, d_model, heads):
    found = reference.flops(n, n, d_model, heads)
    return reference.parameter_count(d_model, heads), found["projections"], found["attention"]


LAYER_COST = Exercise(
    id="self_attention.layer_cost", points=2,
    reference=cost_from_reference,
    cases=cost_cases,
    misconceptions=[
        Misconception("multiplies by the number of heads", cost_times_heads,
                      "Each head is d_model / h wide. h of them cost as much as one of full width."),
        Misconception("counts attention for one head", cost_with(width=lambda d_model, heads: d_model // heads),
                      "d_head is the width of one head, and there are h of them."),
        Misconception("forgets W^O", cost_with(squares=3, biases=3),
                      "Four matrices: queries, keys, values and the output."),
        Misconception("forgets the biases", cost_with(biases=0),
                      "Each of the four layers has d_model biases."),
        Misconception("counts multiplications only", cost_with(per_product=1),
                      "A multiplication and an addition are two operations."),
        Misconception("counts the scores but not the weighted sum", cost_with(products=1),
                      "Two products are n by n: Q Kᵀ and P V."),
    ],
    alternatives=[cost_with(), cost_head_by_head],
    hints=[
        "An (a, b) times (b, c) product has a c results, each b multiplications and b additions.",
        "Four matrices d_model by d_model with a bias each; n rows pass through each. Attention: Q Kᵀ and P V.",
        "4 d² + 4 d parameters; 8 n d² for projections; 4 n² d for attention, whatever the heads.",
    ],
)


# ------------------------------------------------------------------------------------------------------------ gradients


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    for label, front, n, d_model, heads in (
        ("three positions, two heads", (), 3, 4, 2), ("a batch of two, three heads", (2,), 4, 6, 3),
        ("two axes in front", (2, 2), 3, 8, 2),
    ):
        x = sequence(rng, *front, n, d_model)
        yield Case((x, *matrices(rng, d_model), heads, sequence(rng, *x.shape)), "gradient", label, tolerance=ORDINARY)
    yield Case((sequence(rng, 8, 8)[::2, ::2], *matrices(rng, 4), 2, sequence(rng, 4, 4)), "gradient",
               "a view with gaps", tolerance=ORDINARY)
    yield Case((sequence(rng, 1, 4), *matrices(rng, 4), 2, sequence(rng, 1, 4)), "edge", "one position",
               tolerance=ORDINARY)
    yield Case((sequence(rng, 3, 4), *matrices(rng, 4), 1, sequence(rng, 3, 4)), "edge", "one head", tolerance=ORDINARY)


def gradients_with(*, paths=(1, 1, 1), scale=True, output=True, split=split_heads, found_of="heads"):
    """Gradients of multi-head self-attention for x and the four matrices, with one part replaced."""
    def solve(x, w_query, w_key, w_value, w_output, heads, grad_outputs):
        q, k, v = (split_heads(x @ matrix, heads) for matrix in (w_query, w_key, w_value))
        root = np.sqrt(q.shape[-1])
        weights = softmax(q @ np.swapaxes(k, -1, -2) / root)
        found = merge_heads(weights @ v)
        grad_found = split(grad_outputs @ w_output.T if output else grad_outputs, heads)
        grad_weights = grad_found @ np.swapaxes(v, -1, -2)
        grad_scores = weights * (grad_weights - (weights * grad_weights).sum(axis=-1, keepdims=True))
        grad_scores = grad_scores / root if scale else grad_scores
        grads = (grad_scores @ k, np.swapaxes(grad_scores, -1, -2) @ q, np.swapaxes(weights, -1, -2) @ grad_found)
        grads = [merge_heads(grad) for grad in grads]
        grad_x = sum(path * grad @ matrix.T for path, grad, matrix in zip(paths, grads, (w_query, w_key, w_value)))
        pairs = [(x, grad) for grad in grads] + [(found if found_of == "heads" else x, grad_outputs)]
        return grad_x, *(np.tensordot(given, grad, axes=[range(x.ndim - 1)] * 2) for given, grad in pairs)
    return solve


def gradients_head_by_head(x, w_query, w_key, w_value, w_output, heads, grad_outputs):
    """One head at a time, its own columns and rows of the matrices."""
    d_head = x.shape[-1] // heads
    grad_x, grads = np.zeros(x.shape), [np.zeros(w_query.shape) for _ in range(4)]
    for head in range(heads):
        own = slice(head * d_head, (head + 1) * d_head)
        one = gradients_with()(x, w_query[:, own], w_key[:, own], w_value[:, own], w_output[own], 1, grad_outputs)
        grad_x += one[0]
        for place, grad in zip(grads[:3], one[1:4]):
            place[:, own] = grad
        grads[3][own] = one[4]
    return grad_x, *grads


def reference_gradients(x, w_query, w_key, w_value, w_output, heads, grad_outputs):
    grad_x, _, grads = reference.multi_head_gradients(x, layer(w_query, w_key, w_value, w_output), heads, grad_outputs)
    return grad_x, *grads[:4]


MULTI_HEAD_GRADIENTS = Exercise(
    id="self_attention.multi_head_gradients", points=4,
    reference=reference_gradients,
    cases=gradient_cases,
    misconceptions=[
        Misconception("sends dx through the queries only", gradients_with(paths=(1, 0, 0)),
                      "x makes queries, keys and values: its gradient is the sum of three."),
        Misconception("sends dx through the values only", gradients_with(paths=(0, 0, 1)),
                      "x makes queries, keys and values: its gradient is the sum of three."),
        Misconception("leaves out the keys' part of dx", gradients_with(paths=(1, 0, 1)),
                      "Each position also answers as a key: add dK W_Kᵀ."),
        Misconception("leaves out the scale", gradients_with(scale=False),
                      "The scores are divided by sqrt(d_head); so are dQ and dK."),
        Misconception("does not go back through W^O", gradients_with(output=False),
                      "What the heads found was multiplied by W^O: its gradient is dY W^Oᵀ."),
        Misconception("splits the gradient without a transpose", gradients_with(split=wrongly_split),
                      "The gradient is cut into heads as the queries were: cut the last axis, then swap."),
        Misconception("takes dW^O from x", gradients_with(found_of="x"),
                      "W^O multiplies what the heads found, so dW^O = foundᵀ dY."),
    ],
    alternatives=[gradients_with(), gradients_head_by_head],
    hints=[
        "Go back: through W^O, split, through attention in each head, merge, through the three projections.",
        "For Y = X W: dX = dY Wᵀ, and dW = Xᵀ dY summed over all positions of all sequences.",
        "dfound = split(dY W^Oᵀ); dQ, dK, dV per head as in the last chapter; dx = dQ W_Qᵀ + dK W_Kᵀ + dV W_Vᵀ.",
    ],
)


# ---------------------------------------------------------------------------------------------------- what the heads do


WORDS = ("the", "cat", "sat", "on", "mat", "and")


def role_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(tokens: list[str], heads: int, aspect: str = "values", label: str = "") -> Case:
        return Case((softmax(2 * rng.normal(size=(heads, len(tokens), len(tokens)))), tokens), aspect, label,
                    tolerance=ORDINARY)

    yield case(["[CLS]", "the", "cat", "the", "mat", "[SEP]"], 2, label="a word that comes twice")
    yield case(["[CLS]", *rng.choice(WORDS, 8).tolist(), "the", "the", "[SEP]"], 3, label="a longer text")
    yield case(["[CLS]", "the", "cat", "[SEP]", "the", "mat", "[SEP]"], 2, label="two sentences")
    yield case(["[CLS]", "a", "a", "a", "b", "b", "[SEP]"], 4, label="words that come often")
    yield case(["[CLS]", "cat", "[SEP]"], 2, "edge", "no word comes twice")
    yield case(["a", "b", "a"], 2, "edge", "no [SEP]")
    yield case(["[SEP]"], 1, "edge", "one token")
    yield Case((np.zeros((2, 4, 4)), ["[CLS]", "a", "a", "[SEP]"]), "edge", "a head that looks nowhere",
               tolerance=ORDINARY)


def roles_with(*, before=1, turn=False, own=False, whole=False, first=False, all_queries=False):
    """Head roles with one part replaced."""
    def solve(weights, tokens):
        weights = np.swapaxes(weights, -1, -2) if turn else weights
        n = len(tokens)
        separators = [i for i in range(n) if tokens[i] == "[SEP]"]
        separators = separators[:1] if first else separators
        rows = []
        for head in weights:
            previous = [head[i, i - before] for i in range(n) if 0 <= i - before < n]
            asked = [i for i in range(n) if all_queries or tokens[i] != "[SEP]"]
            seen = [head[i, separators].sum() for i in asked] if separators else []
            same = []
            for i in range(n):
                others = [j for j in range(n) if tokens[j] == tokens[i] and (own or j != i)]
                if any(j != i for j in others):
                    same.append(head[i, others].sum())
            rows.append([sum(part) / (n if whole else len(part)) if part else 0.0 for part in (previous, seen, same)])
        return np.array(rows)
    return solve


def roles_by_masks(weights, tokens):
    token, n = np.array(tokens), len(tokens)
    found = np.zeros((len(weights), 3))
    separator = token == "[SEP]"
    equal = (token[:, None] == token) & ~np.eye(n, dtype=bool)
    if n > 1:
        found[:, 0] = np.diagonal(weights, -1, axis1=-2, axis2=-1).mean(axis=-1)
    if separator.any() and not separator.all():
        found[:, 1] = weights[:, ~separator][:, :, separator].sum(axis=-1).mean(axis=-1)
    if equal.any():
        found[:, 2] = (weights * equal).sum(axis=-1)[:, equal.any(axis=-1)].mean(axis=-1)
    return found


HEAD_ROLES = Exercise(
    id="self_attention.head_roles", points=3,
    reference=reference.head_roles,
    cases=role_cases,
    misconceptions=[
        Misconception("looks at the next token", roles_with(before=-1),
                      "Query i looks back at key i - 1: the diagonal just below the main one."),
        Misconception("reads queries as keys", roles_with(turn=True),
                      "weights[h, i, j] is what query i gives to key j: rows are queries."),
        Misconception("counts the word itself", roles_with(own=True),
                      "Other occurrences of the word: the query's own place does not count."),
        Misconception("divides by all tokens", roles_with(whole=True),
                      "The mean runs over the queries for which the question makes sense, not over all n."),
        Misconception("lets [SEP] ask about [SEP]", roles_with(all_queries=True),
                      "A [SEP] that looks at itself says nothing about what words look at: leave it out as a query."),
        Misconception("sees only the first [SEP]", roles_with(first=True),
                      "Two sentences have two of them: add the weights on all."),
    ],
    alternatives=[roles_with(), roles_by_masks],
    hints=[
        "Three times the same: which (query, key) pairs count, and which queries have such a pair?",
        "Sum the weights on these pairs, divide by the number of queries with a pair; 0 if there is none.",
        "np.diagonal(head, -1) for previous; columns where token == '[SEP]'; equal tokens without the diagonal.",
    ],
)
