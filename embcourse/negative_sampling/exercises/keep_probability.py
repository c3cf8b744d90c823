"""The exercise `negative_sampling.keep_probability`: its cases, the mistakes that people make,
right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.text import keep_probabilities

# A division, a root and a sum of positive numbers.
KEEP = Tolerance(operations=16)


def counts_around(
    rng: np.random.Generator, words: int, unit: int, unseen: int = 0
) -> tuple[np.ndarray, float]:
    """Counts and a threshold: a word far above it, one between t and 2.62 t, one below it, the
    others anywhere."""
    times = np.concatenate(
        [rng.uniform([6, 1.4, 0.3], [12, 2.1, 0.7]), rng.uniform(0.1, 15, words - 3)]
    )
    counts = np.concatenate([np.ceil(times * unit).astype(int), np.zeros(unseen, int)])
    return rng.permutation(counts), float(f"{unit / counts.sum():.2g}")


def keep_cases(rng: np.random.Generator) -> Iterator[Case]:
    for variant in ("paper", "code"):
        counts, sample = counts_around(rng, 3, int(rng.integers(10, 20)))
        yield Case((counts, sample, variant), label=f"three words, {variant}", tolerance=KEEP)
        counts, sample = counts_around(rng, 8, int(rng.integers(50, 500)))
        yield Case((counts, sample, variant), label=f"eight words, {variant}", tolerance=KEEP)
        counts, sample = counts_around(rng, 5, int(rng.integers(50, 500)))
        yield Case(
            (np.repeat(counts, 2)[::2], sample, variant), label="views with gaps", tolerance=KEEP
        )
        counts, sample = counts_around(rng, 3, int(rng.integers(10, 20)), unseen=2)
        yield Case(
            (counts, sample, variant), "edge", f"words that never occur, {variant}", tolerance=KEEP
        )
        once = rng.permutation([1, 1, *rng.integers(1, 5, 2)])
        yield Case(
            (once, int(rng.integers(2, 7)) / 100, variant),
            "edge",
            "words that occur once",
            tolerance=KEEP,
        )
        yield Case(
            (rng.integers(2, 50, 1), int(rng.integers(2, 80)) / 100, variant),
            "edge",
            "one word",
            tolerance=KEEP,
        )


def paper_kept(ratio):
    return np.sqrt(ratio)


def code_kept(ratio):
    return np.sqrt(ratio) + ratio


def kept_with(
    *,
    share=lambda counts: counts / counts.sum(),
    threshold=lambda sample: sample,
    ratio=lambda f, t: t / f,
    paper=paper_kept,
    code=code_kept,
    cap=lambda kept: np.minimum(kept, 1.0),
    finish=lambda kept, counts: kept,
):
    """Keep probabilities from t / f, with one part replaced."""

    def solve(counts, sample, variant):
        with np.errstate(divide="ignore", invalid="ignore"):
            found = ratio(share(np.asarray(counts, dtype=float)), threshold(sample))
            return finish(cap((paper if variant == "paper" else code)(found)), counts)

    return solve


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


def kept_as_in_the_program(counts, sample, variant):
    """(sqrt(f / t) + 1) t / f, cut at 1, is the released program's line; the paper's is 1 less the
    discarded part."""
    result = np.ones(len(counts))
    seen = counts > 0
    frequency = counts[seen] / counts.sum()
    if variant == "code":
        result[seen] = np.clip((np.sqrt(frequency / sample) + 1) * sample / frequency, 0, 1)
    else:
        result[seen] = np.where(frequency > sample, (frequency / sample) ** -0.5, 1)
    return result


KEEP_PROBABILITY = Exercise(
    id="negative_sampling.keep_probability",
    points=2,
    reference=lambda counts, sample, variant: keep_probabilities(counts, sample, variant=variant),
    cases=keep_cases,
    variant=kept_with,
    misconceptions=[
        Misconception(
            "returns the probability to discard",
            {"finish": lambda kept, counts: 1 - kept},
            "The paper's formula, 1 - sqrt(t / f), is the probability to discard. Here the"
            " probability to keep is asked for: a rare word has 1.",
        ),
        Misconception(
            "turns the ratio upside down",
            {"ratio": lambda f, t: f / t},
            "The more frequent a word, the less often it is kept: t stands above f, not below.",
        ),
        Misconception(
            "takes counts for frequencies",
            {"share": lambda counts: counts},
            "f is a share of all tokens: divide the counts by their sum.",
        ),
        Misconception(
            "divides by the largest count",
            {"share": lambda counts: counts / counts.max()},
            "f is a share of all tokens: divide the counts by their sum, not by the largest.",
        ),
        Misconception(
            "forgets the square root",
            {"paper": lambda x: x, "code": lambda x: x + x},
            "Both formulas hold the square root of t / f, which falls more gently than t / f.",
        ),
        Misconception(
            "uses the paper's formula for both",
            {"code": paper_kept},
            "The released program keeps more: sqrt(t / f) + t / f. It keeps every word up to f ="
            " 2.62 t.",
        ),
        Misconception(
            "uses the program's formula for both",
            {"paper": code_kept},
            "That is the released program's formula. The paper has sqrt(t / f) alone.",
        ),
        Misconception(
            "swaps paper and program",
            {"paper": code_kept, "code": paper_kept},
            '"paper" is sqrt(t / f) alone; "code" adds t / f to it.',
        ),
        Misconception(
            "multiplies the two terms of the program's formula",
            {"code": lambda x: np.sqrt(x) * x},
            "The program keeps with probability sqrt(t / f) plus t / f: a sum, which is more than"
            " the paper keeps.",
        ),
        Misconception(
            "multiplies by f / t in the program's formula",
            {"code": lambda x: np.where(np.isinf(x), 0.0, (1 / np.sqrt(x) + 1) / x)},
            "The program has (sqrt(f / t) + 1) times t / f. With f / t a frequent word is kept the"
            " more.",
        ),
        Misconception(
            "lets probabilities rise above 1",
            {"cap": lambda kept: kept},
            "A word below the threshold is always kept: cut at 1.",
        ),
        Misconception(
            "takes the larger of 1 and the formula",
            {"cap": lambda kept: np.maximum(kept, 1.0)},
            "min(1, ...) is the smaller of the two: no probability is above 1.",
        ),
        Misconception(
            "gives words that never occur 0",
            {"finish": lambda kept, counts: np.where(np.asarray(counts) == 0, 0.0, kept)},
            "t / f is without limit for a word that never occurs, and cut at 1 it is 1.",
        ),
        Misconception(
            "ignores `sample`",
            {"threshold": lambda sample: 1e-3},
            "1e-3 is only the default of word2vec. The threshold is `sample`.",
        ),
        Misconception(
            "returns how many occurrences are kept",
            {"finish": lambda kept, counts: kept * counts},
            "A probability for each word is asked for, not the number of its occurrences that"
            " stay.",
        ),
    ],
    alternatives=[kept_by_loop, kept_as_in_the_program, kept_with()],
    hints=[
        "First the frequencies f, then t / f for every word.",
        (
            "The paper keeps with probability sqrt(t / f), the program with sqrt(t / f) + t / f."
            " Both are cut at 1."
        ),
        (
            "t / f is infinite for a word that never occurs, and min(1, infinite) is 1. Silence the"
            ' division with np.errstate(divide="ignore"), or set those words to 1 yourself.'
        ),
    ],
)
