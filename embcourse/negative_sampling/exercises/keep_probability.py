"""The exercise `negative_sampling.keep_probability`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.text import keep_probabilities

# A division, a root and a sum of positive numbers.
KEEP = Tolerance(operations=16)


def keep_cases(rng: np.random.Generator) -> Iterator[Case]:
    counts = np.array([90, 9, 1])
    yield Case((counts, 0.1, "paper"), label="the paper's formula", tolerance=KEEP)
    yield Case((counts, 0.1, "code"), label="the program's formula", tolerance=KEEP)
    words = np.sort(rng.integers(1, 3000, 8))[::-1].copy()
    words[0] = 6000 + rng.integers(0, 500)
    yield Case((words, 0.02, "paper"), label="eight words, paper", tolerance=KEEP)
    yield Case((words, 0.02, "code"), label="eight words, program", tolerance=KEEP)
    yield Case((rng.integers(1, 3000, 12)[::2], 0.05, "code"), label="a view with gaps", tolerance=KEEP)
    yield Case((np.array([60, 30, 5, 5]), 0.25, "code"), "edge", "between t and 2.62 t", tolerance=KEEP)
    yield Case((np.array([50, 0, 50]), 0.1, "paper"), "edge", "a word that never occurs", tolerance=KEEP)
    yield Case((np.array([50, 0, 50]), 0.1, "code"), "edge", "a word that never occurs, program", tolerance=KEEP)


def kept_with(paper, code, share=lambda counts: counts / counts.sum(), cap=True):
    """Keep probabilities from the two formulas of x = f / t."""
    def solve(counts, sample, variant):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = share(np.asarray(counts, dtype=float)) / sample
            kept = (paper if variant == "paper" else code)(ratio)
        kept = np.where(np.asarray(counts) == 0, 1.0, kept)
        return np.clip(kept, 0.0, 1.0) if cap else kept
    return solve


def paper_kept(ratio):
    return np.sqrt(1 / ratio)


def code_kept(ratio):
    return (np.sqrt(ratio) + 1) / ratio


def kept_by_loop(counts, sample, variant):
    total, result = float(sum(counts)), []
    for count in counts:
        if count == 0:
            result.append(1.0)
            continue
        threshold = sample * total
        ratio = math.sqrt(threshold / count)
        result.append(min(1.0, ratio if variant == "paper" else ratio + threshold / count))
    return result


KEEP_PROBABILITY = Exercise(
    id="negative_sampling.keep_probability", points=2,
    reference=lambda counts, sample, variant: keep_probabilities(counts, sample, variant=variant),
    cases=keep_cases,
    misconceptions=[
        Misconception("returns the probability to discard",
                      lambda counts, sample, variant: 1 - kept_with(paper_kept, code_kept)(counts, sample, variant),
                      "The paper's formula, 1 - sqrt(t / f), is the probability to discard. Here the probability to "
                      "keep is asked for: a rare word has 1."),
        Misconception("turns the ratio upside down", kept_with(lambda x: np.sqrt(x), lambda x: np.sqrt(x) + x),
                      "The more frequent a word, the less often it is kept: t stands above f, not below."),
        Misconception("takes counts for frequencies", kept_with(paper_kept, code_kept, share=lambda counts: counts),
                      "f is a share of all tokens: divide the counts by their sum."),
        Misconception("forgets the square root", kept_with(lambda x: 1 / x, lambda x: 1 / x + 1 / x),
                      "The paper takes the square root of t / f, which is gentler than t / f."),
        Misconception("uses the paper's formula for both", kept_with(paper_kept, paper_kept),
                      "The released program keeps more: sqrt(t / f) + t / f. It keeps every word up to f = 2.62 t."),
        Misconception("uses the program's formula for both", kept_with(code_kept, code_kept),
                      "That is the released program's formula. The paper has sqrt(t / f) alone."),
        Misconception("lets probabilities rise above 1", kept_with(paper_kept, code_kept, cap=False),
                      "A word below the threshold is always kept: cut at 1."),
    ],
    alternatives=[kept_by_loop,
                  kept_with(lambda x: x ** -0.5, lambda x: x ** -0.5 + x ** -1.0)],
    hints=["First the frequencies f, then t / f for every word.",
           "The paper keeps with probability sqrt(t / f), the program with sqrt(t / f) + t / f. Both are cut at 1.",
           "t / f is infinite for a word that never occurs, and min(1, infinite) is 1. Silence the division with "
           "np.errstate(divide=\"ignore\"), or set those words to 1 yourself."],
)
