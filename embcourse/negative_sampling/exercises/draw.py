"""The exercise `negative_sampling.draw`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception


def draw_cases(rng: np.random.Generator) -> Iterator[Case]:
    # Multiples of 1/64: every partial sum is exact, so that no rounding decides where a border lies.
    def shares(*parts: int) -> np.ndarray:
        return np.array(parts) / 64

    middles = (np.arange(64) + 0.5) / 64
    yield Case((shares(32, 16, 16), np.array([0.1, 0.6, 0.9, 0.3])), label="three words")
    yield Case((shares(8, 4, 30, 2, 20), rng.permutation(middles)), label="five words")
    yield Case((shares(8, 4, 30, 2, 20), rng.permutation(middles)[::3]), label="a view with gaps")
    yield Case((shares(1, 2, 4, 8, 16, 33), rng.permutation(middles)[:20]), label="rare words first")
    yield Case((shares(16, 16, 32), np.array([0.0, 0.25, 0.5])), "edge", "exactly on a border")
    yield Case((shares(0, 32, 0, 32, 0), np.array([0.0, 0.25, 0.5, 0.75])), "edge", "words of probability 0")
    yield Case((shares(64), np.array([0.0, 0.5])), "edge", "one word")
    yield Case((shares(32, 32), np.zeros(0)), "edge", "no draw")


def draw_by_loop(probabilities, uniforms):
    drawn = []
    for u in uniforms:
        word, reached = 0, probabilities[0]
        while u >= reached:
            word += 1
            reached += probabilities[word]
        drawn.append(word)
    return np.array(drawn, dtype=int)


DRAW = Exercise(
    id="negative_sampling.draw", points=1,
    reference=lambda probabilities, uniforms: np.searchsorted(np.cumsum(probabilities), uniforms, side="right"),
    cases=draw_cases,
    misconceptions=[
        Misconception("counts the borders below instead of those reached",
                      lambda probabilities, uniforms: np.searchsorted(np.cumsum(probabilities), uniforms, side="left"),
                      "Where a uniform number lies exactly on a border, the next word begins: [0, 0.25) is the first "
                      "word, 0.25 is the second. With side=\"left\", 0.0 draws a first word of probability 0."),
        Misconception("is off by one word",
                      lambda probabilities, uniforms: np.searchsorted(np.cumsum(probabilities), uniforms, "right") + 1,
                      "Ids begin at 0: a number below the first border draws word 0."),
        Misconception("draws all words alike",
                      lambda probabilities, uniforms: (uniforms * len(probabilities)).astype(int),
                      "This gives each word the same chance. The stretch of a word must be as long as its "
                      "probability."),
        Misconception("compares with the probabilities, not with their sums",
                      lambda probabilities, uniforms: np.array(
                          [int(np.argmax(probabilities > u)) for u in uniforms], dtype=int),
                      "Lay the words side by side: the second begins where the first ends. Its border is the sum of "
                      "both probabilities."),
        Misconception("always draws the most probable word",
                      lambda probabilities, uniforms: np.full(len(uniforms), int(np.argmax(probabilities))),
                      "A draw depends on the uniform number, not only on the probabilities."),
    ],
    alternatives=[draw_by_loop,
                  lambda probabilities, uniforms: (np.cumsum(probabilities) <= uniforms[:, None]).sum(axis=1)],
    hints=["Lay the words side by side on [0, 1), each as long as its probability. On which word does u fall?",
           "np.cumsum gives where each word ends. Word i covers from the end of word i - 1 up to, not including, its "
           "own.",
           "np.searchsorted(np.cumsum(probabilities), uniforms, side=\"right\")."],
)
