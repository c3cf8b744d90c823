"""The exercise `negative_sampling.decayed_rate`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference

RATE = Tolerance(operations=8)


def rate_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((0, 1000, 0.025, 0.0001), label="at the start", tolerance=RATE)
    yield Case((500, 1000, 0.025, 0.0001), label="half-way", tolerance=RATE)
    yield Case((int(rng.integers(1, 900)), 1000, 0.05, 0.001), label="another start", tolerance=RATE)
    yield Case((int(rng.integers(20_000, 70_000)), 90_000, 0.1, 0.01), label="later", tolerance=RATE)
    yield Case((999, 1000, 0.025, 0.0001), "edge", "near the end", tolerance=RATE)
    yield Case((1000, 1000, 0.025, 0.0001), "edge", "at the end", tolerance=RATE)
    yield Case((1200, 1000, 0.025, 0.0001), "edge", "past the end", tolerance=RATE)


def rate_by_steps(tokens_read, tokens, start, end):
    rate = start - start * tokens_read / tokens
    return end if rate < end else rate


LEARNING_RATE = Exercise(
    id="negative_sampling.decayed_rate", points=1,
    reference=lambda tokens_read, tokens, start, end: reference.learning_rate(
        min(tokens_read / tokens, 1.0), start, end),
    cases=rate_cases,
    misconceptions=[
        Misconception("does not decay", lambda tokens_read, tokens, start, end: start,
                      "The rate falls while the text is read."),
        Misconception("falls below the minimum",
                      lambda tokens_read, tokens, start, end: start * (1 - tokens_read / tokens),
                      "The rate must not fall below `end`. Past the end of the text it would even turn negative, and "
                      "training would go uphill."),
        Misconception("heads for the minimum instead of 0",
                      lambda tokens_read, tokens, start, end: start - (start - end) * min(tokens_read / tokens, 1),
                      "That is gensim's line, which reaches `end` at the end. The released program's line heads for 0 "
                      "and stops at `end` a little earlier."),
        Misconception("falls exponentially",
                      lambda tokens_read, tokens, start, end: start * (end / start) ** min(tokens_read / tokens, 1),
                      "The decay is a straight line: start times the share of the text that is still to come."),
        Misconception("rises", lambda tokens_read, tokens, start, end: max(end, start * tokens_read / tokens),
                      "At the start of the text the rate is `start`. It falls from there."),
        Misconception("takes the minimum for the maximum",
                      lambda tokens_read, tokens, start, end: min(end, start * (1 - tokens_read / tokens)),
                      "`end` is a floor: take the larger of the two."),
    ],
    alternatives=[rate_by_steps,
                  lambda tokens_read, tokens, start, end: float(np.clip((tokens - tokens_read) * start / tokens, end,
                                                                        start))],
    hints=["What share of the text is still to come?",
           "start times that share is the line; it would reach 0 at the end of the text.",
           "max(end, start * (1 - tokens_read / tokens))."],
)
