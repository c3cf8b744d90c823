"""The exercise `transformer.decoder_batch`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.transformer.exercises.common import sizes


def decoder_batch_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(sources: list[int], lengths: list[int], label: str, aspect: str = "values") -> Case:
        """The marks are three different ids from 0 to 9, words are from 10 on."""
        begin, end, pad = (int(mark) for mark in rng.choice(10, 3, replace=False))
        texts = [[int(word) for word in rng.integers(10, 99, length)] for length in lengths]
        return Case((sources, texts, begin, end, pad), aspect, label)

    def some_lengths(longest: int, count: int) -> list[int]:
        """One as long as `longest`, and one that is shorter, so that something is padded."""
        lengths = [longest, longest - 1, *rng.integers(1, longest, count - 2)]
        return [int(length) for length in rng.permutation(lengths)]

    batch, n, m, other = sizes(rng, 3, 8, 4)
    yield case([2, 4], [3, 1], "two pairs")
    yield case(some_lengths(m, batch), some_lengths(n, batch), "several pairs")
    yield case(some_lengths(n, other), some_lengths(m, other), "others")
    yield case([m], [n], "one pair, nothing padded", "edge")
    empty = [0, *some_lengths(n, batch - 1)]
    yield case(some_lengths(m, batch), empty, "a text without a word", "edge")
    yield case(
        some_lengths(n, batch), some_lengths(n - 1, batch), "source as long as the input", "edge"
    )


def up_to_itself(n: int) -> np.ndarray:
    return np.tri(n, dtype=bool)


def padded(rows: list[list[int]], width: int, pad: int) -> np.ndarray:
    return np.array([(row + [pad] * width)[:width] for row in rows], dtype=int)


def padded_in_front(rows: list[list[int]], width: int, pad: int) -> np.ndarray:
    return np.array([[pad] * (width - len(row)) + row for row in rows], dtype=int)


def on_keys(there: np.ndarray, queries: int) -> np.ndarray:
    return np.repeat(there[:, None, :], queries, axis=1)


def on_queries(there: np.ndarray, keys: int) -> np.ndarray:
    return np.repeat(there[:, :, None], keys, axis=2)


def decoder_batch_with(
    *,
    inputs: Callable = lambda text, begin, end: [begin, *text],
    outputs: Callable = lambda text, begin, end: [*text, end],
    causal: Callable = up_to_itself,
    target_padding: Callable = on_keys,
    source_padding: Callable = on_keys,
    real: Callable = lambda length: length + 1,
    cross: Callable = lambda source, target, m, n: on_keys(source, n),
    turn: Callable = lambda mask: mask,
    fill: Callable = padded,
) -> Callable[..., Any]:
    """What a decoder is given and asked, and the three masks, with parts replaced."""

    def solve(source_lengths, texts, begin, end, pad):
        n, m = 1 + max(len(text) for text in texts), max(source_lengths)
        source = np.arange(m) < np.array(source_lengths)[:, None]
        target = np.arange(n) < np.array([real(len(text)) for text in texts])[:, None]
        masks = (
            source_padding(source, m),
            causal(n) & target_padding(target, n),
            cross(source, target, m, n),
        )
        return (
            fill([inputs(text, begin, end) for text in texts], n, pad),
            fill([outputs(text, begin, end) for text in texts], n, pad),
            *(turn(mask) for mask in masks),
        )

    return solve


def place_by_place(source_lengths, texts, begin, end, pad):
    """Every number and every pair of positions on its own."""
    batch, n, m = len(texts), max(map(len, texts)) + 1, max(source_lengths)
    inputs, outputs = np.zeros((batch, n), int), np.zeros((batch, n), int)
    source_mask = np.zeros((batch, m, m), bool)
    target_mask = np.zeros((batch, n, n), bool)
    cross_mask = np.zeros((batch, n, m), bool)
    for b, text in enumerate(texts):
        for i in range(n):
            before, now = i - 1, i
            inputs[b, i] = begin if i == 0 else text[before] if before < len(text) else pad
            outputs[b, i] = text[now] if now < len(text) else end if now == len(text) else pad
            for j in range(n):
                target_mask[b, i, j] = not (j > i or j > len(text))
            for j in range(source_lengths[b]):
                cross_mask[b, i, j] = True
        for i in range(m):
            for j in range(source_lengths[b]):
                source_mask[b, i, j] = True
    return inputs, outputs, source_mask, target_mask, cross_mask


def by_the_definition(source_lengths, texts, begin, end, pad):
    return decoder_batch_with()(source_lengths, texts, begin, end, pad)


DECODER_BATCH = Exercise(
    id="transformer.decoder_batch",
    points=3,
    reference=by_the_definition,
    cases=decoder_batch_cases,
    variant=decoder_batch_with,
    returns=("inputs", "targets", "source_mask", "target_mask", "cross_mask"),
    misconceptions=[
        Misconception(
            "does not shift the decoder's input",
            {"inputs": lambda text, begin, end: [*text, end]},
            "The decoder would be shown the token that it has to guess. Its input is the text"
            " behind the mark `begin`, one place later than the targets.",
        ),
        Misconception(
            "forgets the mark that ends a text",
            {"outputs": lambda text, begin, end: text},
            "The last thing to guess is `end`. Without it the decoder never learns to stop.",
        ),
        Misconception(
            "shifts the wrong way",
            {
                "inputs": lambda text, begin, end: [*text, end],
                "outputs": lambda text, begin, end: [begin, *text],
            },
            "The input begins with `begin`, the targets end with `end`.",
        ),
        Misconception(
            "hides a position from itself",
            {"causal": lambda n: np.tri(n, k=-1, dtype=bool)},
            "The input is shifted already: position i holds the token before the one to guess, and"
            " may be seen. The diagonal belongs to the mask.",
        ),
        Misconception(
            "lets a position see the next one",
            {"causal": lambda n: np.tri(n, k=1, dtype=bool)},
            "The next input is the token to guess. Position i sees 0 to i.",
        ),
        Misconception(
            "is not causal",
            {"causal": lambda n: np.ones((n, n), bool)},
            "Position i of the target sees 0 to i only.",
        ),
        Misconception(
            "does not hide the target's padding",
            {"target_padding": lambda there, n: np.ones((len(there), n, n), bool)},
            "A key that is padding is hidden from every query, in the target, too.",
        ),
        Misconception(
            "lays the target's padding on the queries",
            {"target_padding": on_queries},
            "Padding hides keys: the last axis. A query that sees nothing has no weights.",
        ),
        Misconception(
            "lays the source's padding on the queries",
            {"source_padding": on_queries},
            "Padding hides keys: the last axis. A query that sees nothing has no weights.",
        ),
        Misconception(
            "forgets that the mark makes a text longer",
            {"real": lambda length: length},
            "With `begin` in front the input has one token more than the text.",
        ),
        Misconception(
            "hides the target's padding in the cross mask",
            {"cross": lambda source, target, m, n: on_queries(target, m)},
            "In cross-attention the keys come from the source: its padding is hidden.",
        ),
        Misconception(
            "hides nothing in the cross mask",
            {"cross": lambda source, target, m, n: np.ones((len(source), n, m), bool)},
            "In cross-attention the keys come from the source: its padding is hidden.",
        ),
        Misconception(
            "makes the cross mask causal",
            {"cross": lambda source, target, m, n: on_keys(source, n) & np.tri(n, m, dtype=bool)},
            "The whole source is known before the first token is written.",
        ),
        Misconception(
            "turns the masks round",
            {"turn": np.logical_not},
            "True where a query may attend to a key.",
        ),
        Misconception(
            "pads in front",
            {"fill": padded_in_front},
            "Padding follows the text, on the right.",
        ),
    ],
    alternatives=[place_by_place, decoder_batch_with()],
    hints=[
        "n is one more than the longest text, since a mark is added to each.",
        "A mask over keys is (np.arange(n) < lengths[:, None])[:, None, :]: it holds for all"
        " queries. np.broadcast_to or np.repeat gives it its full shape.",
        "Inputs [begin, *text], targets [*text, end], both padded; target_mask[b] = np.tri(n) and"
        " keys below len(text) + 1; source_mask and cross_mask: keys below the source's length.",
    ],
)
