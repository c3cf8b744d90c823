"""The exercise `negative_sampling.draw`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception


def shares(rng: np.random.Generator, words: int, units: int = 64) -> np.ndarray:
    """Parts of `units`, a power of 2: every partial sum is exact, so that no rounding decides where
    a border lies."""
    while True:
        parts = 1 + rng.multinomial(units - words, rng.dirichlet(np.ones(words)))
        steps = np.diff(parts)
        # in no order of size
        if parts.max() > units / words and (steps > 0).any() and (steps < 0).any():
            return parts / units


def anywhere(rng: np.random.Generator) -> np.ndarray:
    """A number in each of 64 equal stretches, in any order."""
    return (rng.permutation(64) + rng.uniform(0.05, 0.95, 64)) / 64


def with_zeros(rng: np.random.Generator, words: int) -> np.ndarray:
    """Words of probability 0 at the start, side by side in the middle, and at the end."""
    parts = shares(rng, words)
    middle = int(rng.integers(1, words))
    return np.concatenate(
        [
            [0.0],
            parts[:middle],
            np.zeros(rng.integers(1, 3)),
            parts[middle:],
            np.zeros(rng.integers(1, 3)),
        ]
    )


def short_of_one(rng: np.random.Generator) -> np.ndarray:
    """Probabilities of three decimals that sum to a little less than 1, and words of probability 0
    after them."""
    while True:
        parts = rng.uniform(0.5, 1.5, rng.integers(4, 7))
        parts = np.round(parts / parts.sum(), 3)
        if 0.9975 < np.cumsum(parts)[-1] < 0.9995:
            return np.concatenate([parts, np.zeros(rng.integers(1, 3))])


def draw_cases(rng: np.random.Generator) -> Iterator[Case]:
    probabilities = shares(rng, 3, units=8)
    hundredths = np.setdiff1d(np.arange(1, 100), [25, 50, 75]) / 100  # none on a border
    ends = np.cumsum(probabilities)
    inside = [
        rng.choice(hundredths[(hundredths > end - share) & (hundredths < end)])
        for end, share in zip(ends, probabilities)
    ]
    yield Case(
        (probabilities, rng.permutation([*inside, *rng.choice(hundredths, 2)])), label="three words"
    )
    yield Case((shares(rng, 5), anywhere(rng)), label="five words")
    yield Case((np.repeat(shares(rng, 5), 2)[::2], anywhere(rng)[::2]), label="views with gaps")
    yield Case(
        (shares(rng, 12), np.repeat(anywhere(rng)[:24], 2)[rng.permutation(48)]),
        label="twelve words",
    )
    probabilities = shares(rng, 3, units=8)
    borders = np.concatenate([[0.0], np.cumsum(probabilities)[:-1]])
    yield Case((probabilities, rng.permutation(borders)), "edge", "exactly on a border")
    probabilities = shares(rng, 6)
    yield Case(
        (probabilities, rng.permutation(np.nextafter(np.cumsum(probabilities), 0))),
        "edge",
        "just below a border",
    )
    probabilities = with_zeros(rng, 4)
    borders = np.unique(np.concatenate([[0.0], np.cumsum(probabilities)]))[:-1]
    yield Case(
        (probabilities, rng.permutation(np.concatenate([borders, anywhere(rng)[:8]]))),
        "edge",
        "words of probability 0",
    )
    probabilities = short_of_one(rng)
    beyond = float(np.round(probabilities.sum() + 0.0005, 4))
    yield Case(
        (probabilities, rng.permutation([beyond, int(rng.integers(1, 50)) / 1000])),
        "edge",
        "sums that round to less than 1",
    )
    yield Case((np.ones(1), rng.random(3)), "edge", "one word")
    yield Case((shares(rng, 4), np.zeros(0)), "edge", "no draw")


def last_that_can_be_drawn(probabilities):
    return np.flatnonzero(probabilities)[-1]


def draw_with(
    *,
    ends=np.cumsum,
    uniforms_first=lambda uniforms: uniforms,
    side="right",
    last=last_that_can_be_drawn,
    extra=0,
    finish=lambda ids, probabilities: ids,
):
    """The draw with one part replaced."""

    def solve(probabilities, uniforms):
        ids = np.searchsorted(ends(probabilities), uniforms_first(uniforms), side=side)
        ids = ids if last is None else np.minimum(ids, last(probabilities))
        return finish(ids + extra, probabilities)

    return solve


def reference_draw(probabilities, uniforms):
    ids = np.searchsorted(np.cumsum(probabilities), uniforms, side="right")
    return np.minimum(ids, last_that_can_be_drawn(probabilities))


def draw_by_loop(probabilities, uniforms):
    drawn = []
    for u in uniforms:
        reached, found = 0.0, -1
        for word, probability in enumerate(probabilities):
            if probability > 0 and (found < 0 or u >= reached):
                found = word
            reached += probability
        drawn.append(found)
    return np.array(drawn, dtype=int)


def draw_among_the_possible(probabilities, uniforms):
    possible = np.flatnonzero(probabilities > 0)
    starts = np.concatenate([[0.0], np.cumsum(probabilities[possible])[:-1]])
    return possible[(starts <= uniforms[:, None]).sum(axis=1) - 1]


def drawn_by_falling_probability(probabilities, uniforms):
    order = np.argsort(-probabilities, kind="stable")
    return order[draw_with()(probabilities[order], uniforms)]


DRAW = Exercise(
    id="negative_sampling.draw",
    points=1,
    reference=reference_draw,
    cases=draw_cases,
    variant=draw_with,
    misconceptions=[
        Misconception(
            "counts the borders below instead of those reached",
            {"side": "left"},
            "Where a uniform number lies exactly on a border, the next word begins: [0, 0.25) is"
            " the first word, 0.25 is the second. Otherwise 0.0 draws a first word of"
            " probability 0.",
        ),
        Misconception(
            "runs past the last word",
            {"last": None},
            "The sums are rounded, and the last one may be a little less than 1. A uniform number"
            " above it would draw word V, which does not exist: it falls on the last word that can"
            " be drawn.",
        ),
        Misconception(
            "ends on a last word of probability 0",
            {"last": lambda probabilities: len(probabilities) - 1},
            "A number above the last sum falls on the last word whose probability is above 0, which"
            " need not be word V - 1.",
        ),
        Misconception(
            "is one word too far",
            {"extra": 1},
            "Ids begin at 0: a number below the first border draws word 0.",
        ),
        Misconception(
            "is one word too low",
            {"extra": -1},
            "A number below the first border draws word 0, and there is no word -1: the number of"
            " borders that are reached is the id itself.",
        ),
        Misconception(
            "sorts the uniform numbers",
            {"uniforms_first": np.sort},
            "The first draw belongs to the first uniform number: the result stands in the order of "
            "`uniforms`.",
        ),
        Misconception(
            "searches among the probabilities, not among their sums",
            {"ends": lambda parts: parts},
            "Lay the words side by side: the second begins where the first ends. A border is the"
            " sum of all probabilities up to there, and only the sums rise.",
        ),
        Misconception(
            "takes the first word whose probability exceeds the number",
            lambda probabilities, uniforms: np.array(
                [int(np.argmax(probabilities > u)) for u in uniforms], dtype=int
            ),
            "Lay the words side by side: the second begins where the first ends. Its border is the"
            " sum of both probabilities.",
        ),
        Misconception(
            "draws all words alike",
            lambda probabilities, uniforms: (uniforms * len(probabilities)).astype(int),
            "This gives each word the same chance. The stretch of a word must be as long as its "
            "probability.",
        ),
        Misconception(
            "always draws the most probable word",
            lambda probabilities, uniforms: np.full(len(uniforms), int(np.argmax(probabilities))),
            "A draw depends on the uniform number, not only on the probabilities.",
        ),
        Misconception(
            "lays the words down by falling probability",
            drawn_by_falling_probability,
            "The words stand in the order of their ids: word 0 begins at 0, whatever its"
            " probability.",
        ),
        Misconception(
            "returns places among the sorted probabilities",
            lambda probabilities, uniforms: draw_with()(np.sort(probabilities)[::-1], uniforms),
            "The probabilities stand in the order of the ids, and must stay so: the third stretch"
            " is word 2.",
        ),
        Misconception(
            "returns probabilities instead of words",
            {
                "finish": lambda ids, probabilities: probabilities[
                    np.clip(ids, 0, len(probabilities) - 1)
                ]
            },
            "The ids of the words are asked for, not their probabilities.",
        ),
        Misconception(
            "counts how often each word is drawn",
            {
                "finish": lambda ids, probabilities: np.bincount(
                    np.maximum(ids, 0), minlength=len(probabilities)
                )
            },
            "There is one result for each uniform number: the word that it falls on.",
        ),
    ],
    alternatives=[draw_by_loop, draw_among_the_possible, draw_with()],
    hints=[
        (
            "Lay the words side by side on [0, 1), each as long as its probability. On which word"
            " does u fall?"
        ),
        (
            "np.cumsum gives where each word ends. Word i covers from the end of word i - 1 up to,"
            " not including, its own. What falls beyond the last end belongs to the last word of a"
            " probability above 0."
        ),
        (
            'np.searchsorted(np.cumsum(probabilities), uniforms, side="right"), and np.minimum of'
            " that and the last id in np.flatnonzero(probabilities)."
        ),
    ],
)
