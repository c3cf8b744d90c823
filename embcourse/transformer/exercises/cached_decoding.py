"""The exercise `transformer.cached_decoding`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer.exercises.common import sizes, softmax

# A cached row is a sum of at most 16 products of numbers below 4.
CACHED = Tolerance(operations=32, scale=64.0)


def cached_decoding_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        tokens: int, d: int, d_v: int, used: int, longest: int, label: str, aspect: str, stop: bool
    ) -> Case:
        """What lies in the caches beyond `used` rows was left there by another text."""
        while True:
            embedding = rng.normal(size=(tokens, d))
            w_query, w_key = rng.normal(size=(d, d)), rng.normal(size=(d, d))
            w_value, w_output = rng.normal(size=(d, d_v)), rng.normal(size=(d_v, d))
            capacity = used + longest + int(rng.integers(2, 5))
            keys, values = rng.normal(size=(capacity, d)), rng.normal(size=(capacity, d_v))
            begin, end = (int(mark) for mark in rng.choice(tokens, 2, replace=False))
            args = (embedding, w_query, w_key, w_value, w_output)
            args = (*args, keys, values, used, begin, end, longest)
            margins: list[float] = []
            found = cached_decoding_with(margins=margins)(*args)[0]
            full = len(found) == longest
            if min(margins) > 1e-6 and (1 < len(found) < longest if stop else full):
                return Case(args, aspect, label, tolerance=CACHED)

    d, d_v, used, _ = sizes(rng, 4, 8, 4)
    yield case(12, d, d_v, used, 5, "as many tokens as allowed", "values", False)
    yield case(6, d, d_v, used, 12, "a text that ends", "values", True)
    yield case(14, d, d_v, used + 3, 4, "a longer text before", "values", False)
    yield case(6, d, d_v, used, 9, "another text that ends", "values", True)
    yield case(12, d, d_v, 0, 4, "an empty cache", "edge", False)
    yield case(12, d, d_v, used, 1, "one token", "edge", False)


def cached_decoding_with(
    *,
    place: Callable = lambda used, step: used + step,
    seen: Callable = lambda used, step, capacity: used + step + 1,
    scale: Callable = lambda d: np.sqrt(d),
    past: Callable = lambda x: x,
    choose: Callable = np.argmax,
    keep_end: bool = False,
    feed_last: bool = False,
    feed: Callable = lambda token, begin: token,
    margins: list[float] | None = None,
) -> Callable[..., Any]:
    """Greedy decoding with a cache, parts replaced."""

    def solve(
        embedding,
        w_query,
        w_key,
        w_value,
        w_output,
        keys,
        values,
        used,
        begin,
        end,
        longest,
    ):
        keys, values = keys.copy(), values.copy()
        tokens: list[int] = []
        token = begin

        def write(token: int, step: int) -> None:
            row = place(used, step)
            keys[row], values[row] = embedding[token] @ w_key, embedding[token] @ w_value

        step = 0
        for step in range(longest):
            x = embedding[feed(token, begin)]
            write(feed(token, begin), step)
            rows = seen(used, step, len(keys))
            weights = softmax(keys[:rows] @ (x @ w_query) / scale(len(x)))
            logits = embedding @ (past(x) + weights @ values[:rows] @ w_output)
            if margins is not None:
                margins.append(float(np.diff(np.sort(logits)[-2:])[0]))
            token = int(choose(logits))
            if token == end:
                if keep_end:
                    tokens.append(token)
                break
            tokens.append(token)
        if feed_last:
            write(token, step + 1)
        return tokens, keys, values, used + step + 1 + feed_last

    return solve


def all_again(
    embedding, w_query, w_key, w_value, w_output, keys, values, used, begin, end, longest
):
    """Every key and value of the text anew at every step; the caches are filled at the end."""
    read = [begin]
    while len(read) <= longest:
        x = embedding[np.array(read)]
        all_keys = np.vstack([keys[:used], x @ w_key])
        all_values = np.vstack([values[:used], x @ w_value])
        scores = np.einsum("d,kd->k", x[-1] @ w_query, all_keys) * embedding.shape[1] ** -0.5
        powers = np.exp(scores - np.max(scores))
        found = x[-1] + np.einsum("k,kv->v", powers / np.sum(powers), all_values) @ w_output
        token = int(np.argmax(np.einsum("td,d->t", embedding, found)))
        if token == end:
            break
        read.append(token)
    fed = read if len(read) <= longest else read[:-1]
    rows = slice(used, used + len(fed))
    new_keys, new_values = keys.copy(), values.copy()
    new_keys[rows] = embedding[np.array(fed)] @ w_key
    new_values[rows] = embedding[np.array(fed)] @ w_value
    return read[1:], new_keys, new_values, used + len(fed)


def decoded_with_a_cache(
    embedding, w_query, w_key, w_value, w_output, keys, values, used, begin, end, longest
):
    return cached_decoding_with()(
        embedding, w_query, w_key, w_value, w_output, keys, values, used, begin, end, longest
    )


CACHED_DECODING = Exercise(
    id="transformer.cached_decoding",
    points=4,
    reference=decoded_with_a_cache,
    cases=cached_decoding_cases,
    variant=cached_decoding_with,
    returns=("tokens", "keys", "values", "used"),
    misconceptions=[
        Misconception(
            "writes one row too far",
            {"place": lambda used, step: used + step + 1},
            "Rows 0 to used - 1 are taken: the next free one is row `used`.",
        ),
        Misconception(
            "writes over the last row that is taken",
            {"place": lambda used, step: used + step - 1},
            "Rows 0 to used - 1 are taken: the next free one is row `used`.",
        ),
        Misconception(
            "overwrites instead of appending",
            {"place": lambda used, step: used},
            "Each token read takes a new row: the count of used rows goes up by one every time.",
        ),
        Misconception(
            "begins again at row 0",
            {"place": lambda used, step: step},
            "What the cache holds was read before and stays. New rows follow it.",
        ),
        Misconception(
            "reads rows that are not in use",
            {"seen": lambda used, step, capacity: capacity},
            "Beyond the used rows there is what another text left. Attend to the used ones only.",
        ),
        Misconception(
            "hides a token from itself",
            {"seen": lambda used, step, capacity: max(used + step, 1)},
            "Write the token's key and value first, then attend: a token sees itself.",
        ),
        Misconception(
            "reads what was there before only",
            {"seen": lambda used, step, capacity: max(used, 1)},
            "The new tokens are part of what is read: one more row with every step.",
        ),
        Misconception(
            "does not scale",
            {"scale": lambda d: 1.0},
            "Divide the scores by sqrt(d).",
        ),
        Misconception(
            "has no residual connection",
            {"past": lambda x: 0.0},
            "What attention found is added to the token's own vector.",
        ),
        Misconception(
            "takes the least likely token",
            {"choose": np.argmin},
            "Greedy: the token with the largest logit.",
        ),
        Misconception(
            "gives back the mark that ends the text",
            {"keep_end": True},
            "The tokens are given without the marks.",
        ),
        Misconception(
            "reads the last token, too",
            {"feed_last": True},
            "A token goes into the cache when it is read. The last one, or the mark `end`, is"
            " written but not read any more.",
        ),
        Misconception(
            "reads the first token again and again",
            {"feed": lambda token, begin: begin},
            "Each token that was chosen is the next to be read.",
        ),
    ],
    alternatives=[all_again, cached_decoding_with()],
    hints=[
        "Copy the caches first. Then for each step: read a token, write its key and value to row"
        " `used`, raise `used`, attend to the used rows, choose.",
        "logits = embedding @ (x + weights @ values[:used] @ w_output)",
        "At most `longest` times: x = embedding[token]; keys[used], values[used] = x @ w_key, x @"
        " w_value; used += 1; attend with x @ w_query over keys[:used]; token = argmax; stop at"
        " `end`, else append it.",
    ],
)
