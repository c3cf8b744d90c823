"""The exercise `one_hot.hashed_counts`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.build_vocabulary import draw_text


def hashed_counts(tokens, buckets):
    """Signed counts of a text in a fixed number of buckets, (buckets,) float64."""
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    return np.bincount(ids, weights=signs, minlength=buckets).astype(np.float64)   # integers, if there is no token


def hashing_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((["the", "king", "the"], 8), label="three tokens")
    yield Case((draw_text(rng, 30), 10), label="ten buckets")
    yield Case((draw_text(rng, 50), 7), label="seven buckets")
    yield Case(([], 5), "edge", "no tokens")
    yield Case((draw_text(rng, 20), 1), "edge", "one bucket")
    yield Case((["sea"] * 6, 4), "edge", "one word six times")
    yield Case((draw_text(rng, 9), 1009), "edge", "more buckets than words")


def hashing_by(bucket: Callable | None = None, sign: Callable | None = None, tokens_of: Callable = list):
    """Hashed counts with one part replaced. `bucket` gets (mixed hash, plain hash, buckets), `sign` (mixed, plain)."""
    def solve(tokens, buckets):
        counts = np.zeros(buckets)
        for token in tokens_of(tokens):
            plain = reference.fnv1a(token)
            mixed = reference._mix(plain)
            place = bucket(mixed, plain, buckets) if bucket else mixed % buckets
            counts[place] += sign(mixed, plain) if sign else (1 if mixed >> 63 else -1)
        return counts
    return solve


def hashing_presence(tokens, buckets):
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    counts = np.zeros(buckets)
    counts[ids] = signs
    return counts


def hashing_by_dictionary(tokens, buckets):
    totals = dict.fromkeys(range(buckets), 0)
    for token, count in Counter(tokens).items():
        value = reference._mix(reference.fnv1a(token))
        totals[value % buckets] += count if value >= 2**63 else -count
    return [totals[bucket] for bucket in range(buckets)]


HASHED_COUNTS = Exercise(
    id="one_hot.hashed_counts", points=2,
    reference=hashed_counts,
    cases=hashing_cases,
    misconceptions=[
        Misconception("leaves out the sign", hashing_by(sign=lambda mixed, plain: 1),
                      "Without signs collisions only ever add. With them, words that share a bucket cancel on "
                      "average."),
        Misconception("turns the sign round", hashing_by(sign=lambda mixed, plain: -1 if mixed >> 63 else 1),
                      "The highest bit set means +1."),
        Misconception("takes the sign from the lowest bit",
                      hashing_by(sign=lambda mixed, plain: 1 if mixed & 1 else -1),
                      "With an even number of buckets the lowest bit is the bucket's own: words that share a bucket "
                      "would share the sign, and never cancel. The highest bit is asked for."),
        Misconception("does not mix", hashing_by(bucket=lambda mixed, plain, buckets: plain % buckets,
                                                 sign=lambda mixed, plain: 1 if plain >> 63 else -1),
                      "Call mix on the hash first: the low bits of FNV-1a are the same for all anagrams."),
        Misconception("mixes for the sign only", hashing_by(bucket=lambda mixed, plain, buckets: plain % buckets),
                      "Bucket and sign both come from the mixed hash."),
        Misconception("counts every word once", hashing_by(tokens_of=lambda tokens: list(dict.fromkeys(tokens))),
                      "A word that occurs three times adds three times."),
        Misconception("overwrites the bucket", hashing_presence,
                      "Add to the bucket. Assigning forgets what was there, from this word and from others."),
    ],
    alternatives=[hashing_by(), hashing_by_dictionary],
    hints=["One pass over the tokens: each says where to add, and whether to add or to subtract.",
           "h = mix(fnv1a(token)). The remainder of h gives the bucket; whether h is at least 2**63 gives the sign.",
           "counts = np.zeros(buckets); for every token: counts[h % buckets] += 1 if h >> 63 else -1."],
)
