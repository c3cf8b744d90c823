"""The exercise `negative_sampling.decayed_rate`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference

# Rates of at most 0.1, from which nearly as much is taken away towards the end.
RATE = Tolerance(operations=8, scale=0.1)


def rate_cases(rng: np.random.Generator) -> Iterator[Case]:
    def schedule() -> tuple[int, float, float]:
        """The number of tokens; a start; and an end that is reached before the last fifth of the
        text."""
        start = int(rng.integers(20, 90)) / 1000
        return int(rng.integers(500, 5000)), start, float(f"{start * rng.uniform(0.23, 0.4):.2g}")

    tokens, start, end = schedule()
    read = 10 * int(rng.integers(1, 4))
    yield Case((read, 100, start, end), label="a hundred tokens", tolerance=RATE)
    for label in ("early", "another start"):
        tokens, start, end = schedule()
        yield Case(
            (int(rng.uniform(0.05, 0.5) * tokens), tokens, start, end), label=label, tolerance=RATE
        )
    tokens, start, _ = schedule()
    yield Case(
        (int(rng.uniform(0.9, 0.99) * tokens), tokens, start, start / 10_000),
        label="a low floor",
        tolerance=RATE,
    )
    tokens, start, end = schedule()
    yield Case((0, tokens, start, end), "edge", "at the start", tolerance=RATE)
    yield Case(
        (int(rng.uniform(0.85, 0.95) * tokens), tokens, start, end),
        "edge",
        "near the end",
        tolerance=RATE,
    )
    yield Case((tokens, tokens, start, end), "edge", "at the end", tolerance=RATE)
    yield Case(
        (int(rng.uniform(1.1, 1.5) * tokens), tokens, start, end),
        "edge",
        "past the end",
        tolerance=RATE,
    )
    tokens, start, _ = schedule()
    yield Case(
        (int(rng.uniform(1.1, 1.5) * tokens), tokens, start, 0.0),
        "edge",
        "past the end, down to 0",
        tolerance=RATE,
    )
    yield Case(
        (int(rng.uniform(0.2, 0.8) * tokens), tokens, start, start),
        "edge",
        "end equals start",
        tolerance=RATE,
    )


def rate_with(
    *,
    progress=lambda read, tokens: read / tokens,
    line=lambda p, start, end: start * (1 - p),
    floor=lambda rate, p, start, end: max(end, rate),
):
    """The rate, with one part replaced."""

    def solve(tokens_read, tokens, start, end):
        p = progress(tokens_read, tokens)
        return floor(line(p, start, end), p, start, end)

    return solve


def rate_by_steps(tokens_read, tokens, start, end):
    rate = start - start * tokens_read / tokens
    return end if rate < end else rate


LEARNING_RATE = Exercise(
    id="negative_sampling.decayed_rate",
    points=1,
    reference=lambda tokens_read, tokens, start, end: reference.learning_rate(
        min(tokens_read / tokens, 1.0), start, end
    ),
    cases=rate_cases,
    variant=rate_with,
    misconceptions=[
        Misconception(
            "does not decay",
            {"line": lambda p, start, end: start},
            "The rate falls while the text is read.",
        ),
        Misconception(
            "falls below the minimum",
            {"floor": lambda rate, p, start, end: rate},
            "The rate must not fall below `end`. Past the end of the text it would even turn"
            " negative, and training would go uphill.",
        ),
        Misconception(
            "stops at 0 instead of the minimum",
            {"floor": lambda rate, p, start, end: max(0.0, rate)},
            "The rate never falls below `end`, which may be above 0.",
        ),
        Misconception(
            "takes the minimum only when all is read",
            {"floor": lambda rate, p, start, end: end if p >= 1 else rate},
            "The line falls below `end` before the text is over: take the larger of the two at any"
            " time.",
        ),
        Misconception(
            "takes a ten-thousandth of the start as the minimum",
            {"floor": lambda rate, p, start, end: max(start / 10_000, rate)},
            "That is the released program's minimum. Here it is `end`.",
        ),
        Misconception(
            "takes the minimum as a share of the start",
            {"floor": lambda rate, p, start, end: max(end * start, rate)},
            "`end` is the learning rate below which it must not fall, not a share of `start`.",
        ),
        Misconception(
            "heads for the minimum instead of 0",
            {"line": lambda p, start, end: start - (start - end) * min(p, 1)},
            "That is gensim's line, which reaches `end` at the end. The released program's line"
            " heads for 0 and stops at `end` a little earlier.",
        ),
        Misconception(
            "lets the line begin at start - end",
            {"line": lambda p, start, end: (start - end) * (1 - p)},
            "At the start of the text the rate is `start`; `end` is only a floor.",
        ),
        Misconception(
            "adds the minimum to the line",
            {"line": lambda p, start, end: end + start * (1 - p)},
            "`end` is only a floor, nothing that is added: take the larger of the two.",
        ),
        Misconception(
            "falls exponentially",
            {"line": lambda p, start, end: start * (max(end, 1e-12) / start) ** min(p, 1)},
            "The decay is a straight line: start times the share of the text that is still to"
            " come.",
        ),
        Misconception(
            "falls as 1 / (1 + progress)",
            {"line": lambda p, start, end: start / (1 + p)},
            "The decay is a straight line: start times the share of the text that is still to"
            " come.",
        ),
        Misconception(
            "falls along a cosine",
            {
                "line": lambda p, start, end: (
                    end + (start - end) * (1 + math.cos(math.pi * min(p, 1))) / 2
                )
            },
            "The decay is a straight line: start times the share of the text that is still to"
            " come.",
        ),
        Misconception(
            "rises",
            {"line": lambda p, start, end: start * p},
            "At the start of the text the rate is `start`. It falls from there.",
        ),
        Misconception(
            "takes the minimum for the maximum",
            {"floor": lambda rate, p, start, end: min(end, rate)},
            "`end` is a floor: take the larger of the two.",
        ),
        Misconception(
            "divides whole numbers",
            {"progress": lambda read, tokens: read // tokens},
            "// drops the fraction, and the progress stays 0 until all is read. Divide with /.",
        ),
        Misconception(
            "divides by one token more",
            {"progress": lambda read, tokens: read / (tokens + 1)},
            "The released program adds 1 to the number of tokens, so that it never divides by 0."
            " Here the line would reach 0 when all `tokens` have been read.",
        ),
        Misconception(
            "counts one token more as read",
            {"progress": lambda read, tokens: (read + 1) / tokens},
            "`tokens_read` tokens have been read, no more: before the first one the rate is"
            " `start`.",
        ),
    ],
    alternatives=[
        rate_by_steps,
        lambda tokens_read, tokens, start, end: float(
            np.clip((tokens - tokens_read) * start / tokens, end, start)
        ),
        rate_with(),
    ],
    hints=[
        "What share of the text is still to come?",
        "start times that share is the line; it would reach 0 at the end of the text.",
        "max(end, start * (1 - tokens_read / tokens)).",
    ],
)
