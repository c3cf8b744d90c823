"""The exercise `transformer.encoder_stack`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.attention.reference import attention
from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer import reference
from embcourse.transformer.exercises.common import sizes, softmax

EPS = 1e-5
# Up to four layers, each two chains of about 64 roundings of numbers below 64.
STACKED = Tolerance(operations=512, scale=64.0)

Layer = dict[str, np.ndarray]


def some_layer(rng: np.random.Generator, d: int, hidden: int) -> Layer:
    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) / np.sqrt(shape[0])

    squares = {f"w_{name}": drawn(d, d) for name in ("query", "key", "value", "output")}
    gains = {f"gain_{i}": rng.uniform(0.5, 2.0, d) for i in (1, 2)}
    biases = {f"bias_{i}": rng.uniform(-1.0, 1.0, d) for i in (1, 2)}
    block = {
        "w_inner": drawn(d, hidden),
        "b_inner": rng.uniform(-1.0, 1.0, hidden),
        "w_outer": drawn(hidden, d),
        "b_outer": rng.uniform(-1.0, 1.0, d),
    }
    return {**squares, **gains, **biases, **block}


def encoder_stack_cases(rng: np.random.Generator) -> Iterator[Case]:
    n, d, batch, other = sizes(rng, 3, 8, 4)

    def case(x: np.ndarray, layers: int, first: bool, label: str, aspect: str = "values") -> Case:
        d = x.shape[-1]
        stack = [some_layer(rng, d, d + 2 + int(rng.integers(5))) for _ in range(layers)]
        gain, bias = rng.uniform(0.5, 2.0, d), rng.uniform(-1.0, 1.0, d)
        return Case((x, stack, gain, bias, first), aspect, label, tolerance=STACKED)

    for first, name in ((False, "post-norm"), (True, "pre-norm")):
        yield case(rng.normal(1.0, 1.5, (n, d)), 1, first, f"{name}, one layer")
        yield case(rng.normal(1.0, 1.5, (n, other)), 3, first, f"{name}, three layers")
        yield case(rng.normal(1.0, 1.5, (batch, n, d)), 2, first, f"{name}, a batch")
        yield case(rng.normal(1.0, 1.5, (1, d)), 2, first, f"{name}, one position", "edge")
        yield case(rng.normal(1.0, 1.5, (n, d)), 0, first, f"{name}, no layer", "edge")


def normal(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    mean = x.mean(axis=-1, keepdims=True)
    return gain * (x - mean) / np.sqrt(x.var(axis=-1, keepdims=True) + EPS) + bias


def attend(x: np.ndarray, layer: Layer) -> np.ndarray:
    q, k, v = (x @ layer[f"w_{name}"] for name in ("query", "key", "value"))
    weights = softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(x.shape[-1]))
    return weights @ v @ layer["w_output"]


def bend(x: np.ndarray, layer: Layer) -> np.ndarray:
    inner = np.maximum(x @ layer["w_inner"] + layer["b_inner"], 0)
    return inner @ layer["w_outer"] + layer["b_outer"]


def straight(x: np.ndarray, layer: Layer) -> np.ndarray:
    return (x @ layer["w_inner"] + layer["b_inner"]) @ layer["w_outer"] + layer["b_outer"]


def before(x: np.ndarray, block: Callable, norm: Callable) -> np.ndarray:
    return x + block(norm(x))


def after(x: np.ndarray, block: Callable, norm: Callable) -> np.ndarray:
    return norm(x + block(x))


def encoder_stack_with(
    *,
    pre: Callable = before,
    post: Callable = after,
    attended: Callable = attend,
    bent: Callable = bend,
    last: Callable = lambda norm_first: norm_first,
    second: int = 2,
    order: tuple[int, int] = (0, 1),
) -> Callable[..., Any]:
    """A stack of encoder layers with parts replaced."""

    def solve(x, layers, gain, bias, norm_first):
        joined = pre if norm_first else post
        for layer in layers:
            blocks = [
                (lambda given: attended(given, layer), 1),
                (lambda given: bent(given, layer), second),
            ]
            for which in order:
                block, i = blocks[which]
                own = layer[f"gain_{i}"], layer[f"bias_{i}"]
                x = joined(x, block, lambda given: normal(given, *own))
        return normal(x, gain, bias) if last(norm_first) else x.copy()

    return solve


def of_the_reference(x, layers, gain, bias, norm_first):
    """The package's layer with one head."""
    for layer in layers:
        weights = reference.init_encoder_layer(
            x.shape[-1], layer["w_inner"].shape[1], np.random.default_rng(0)
        )
        four = (layer[f"w_{name}"] for name in ("query", "key", "value", "output"))
        block = (layer[name] for name in ("w_inner", "b_inner", "w_outer", "b_outer"))
        names = (("gain_1", "bias_1"), ("gain_2", "bias_2"))
        weights = reference.EncoderLayerWeights(
            type(weights.attention)(*four, *[np.zeros(x.shape[-1])] * 4),
            reference.FeedForwardWeights(*block),
            tuple(reference.NormWeights(layer[one], layer[two]) for one, two in names),
        )
        x = reference.encoder_layer(x, weights, 1, norm_first=norm_first)
    return reference.layer_norm(x, gain, bias, EPS) if norm_first else x


def row_after_row(x, layers, gain, bias, norm_first):
    """Each position on its own, but for attention."""

    def norm(rows: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
        result = np.zeros(rows.shape)
        for place in np.ndindex(rows.shape[:-1]):
            centred = rows[place] - np.sum(rows[place]) / rows.shape[-1]
            size = (np.dot(centred, centred) / rows.shape[-1] + EPS) ** 0.5
            result[place] = centred / size * gain + bias
        return result

    x = np.array(x)
    for layer in layers:
        first, second = ((layer[f"gain_{i}"], layer[f"bias_{i}"]) for i in (1, 2))
        given = norm(x, *first) if norm_first else x
        q, k, v = given @ layer["w_query"], given @ layer["w_key"], given @ layer["w_value"]
        x = x + attention(q, k, v)[0] @ layer["w_output"]
        if not norm_first:
            x = norm(x, *first)
        given = norm(x, *second) if norm_first else x
        inner = given @ layer["w_inner"] + layer["b_inner"]
        inner = inner * (inner > 0)
        x = x + inner @ layer["w_outer"] + layer["b_outer"]
        if not norm_first:
            x = norm(x, *second)
    return norm(x, gain, bias) if norm_first else x


ENCODER_STACK = Exercise(
    id="transformer.encoder_stack",
    points=4,
    reference=of_the_reference,
    cases=encoder_stack_cases,
    variant=encoder_stack_with,
    misconceptions=[
        Misconception(
            "normalises after the sum where pre-norm is asked",
            {"pre": after},
            "Pre-norm: x + block(norm(x)). What runs past the block is never normalised.",
        ),
        Misconception(
            "normalises before the block where post-norm is asked",
            {"post": before},
            "Post-norm: norm(x + block(x)), as the paper has it.",
        ),
        Misconception(
            "normalises what runs past the block, too",
            {"pre": lambda x, block, norm: norm(x) + block(norm(x))},
            "Pre-norm: only the block gets norm(x). x itself is added as it was.",
        ),
        Misconception(
            "adds x after the norm",
            {"post": lambda x, block, norm: x + norm(block(x))},
            "Post-norm: first the sum, then the norm: norm(x + block(x)).",
        ),
        Misconception(
            "leaves out the last norm of a pre-norm stack",
            {"last": lambda norm_first: False},
            "In a pre-norm stack the sums grow from layer to layer: one more norm stands at its"
            " end.",
        ),
        Misconception(
            "adds a last norm to a post-norm stack",
            {"last": lambda norm_first: True},
            "A post-norm stack ends with a norm already.",
        ),
        Misconception(
            "has no residual connection in pre-norm",
            {"pre": lambda x, block, norm: block(norm(x))},
            "The block's result is added to x.",
        ),
        Misconception(
            "has no residual connection in post-norm",
            {"post": lambda x, block, norm: norm(block(x))},
            "The block's result is added to x, then comes the norm.",
        ),
        Misconception(
            "takes the first norm twice",
            {"second": 1},
            "Either block has a norm of its own.",
        ),
        Misconception(
            "bends before it attends",
            {"order": (1, 0)},
            "Attention first, then the feed-forward block.",
        ),
        Misconception(
            "leaves out the ReLU",
            {"bent": straight},
            "Between the two linear layers negative numbers become 0. Without it they are one.",
        ),
    ],
    alternatives=[row_after_row, encoder_stack_with()],
    hints=[
        "Write the norm, attention and the feed-forward block as functions; then a layer is two"
        " lines.",
        "Post-norm: x = norm(x + block(x)). Pre-norm: x = x + block(norm(x)).",
        "For each layer do so with attention and norm 1, then with the feed-forward block and norm"
        " 2. At the end return norm(x, gain, bias) if norm_first, else x.",
    ],
)
