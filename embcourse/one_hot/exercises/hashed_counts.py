"""The exercise `one_hot.hashed_counts`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.common import TEXT_WORDS, draw_text, draw_words


def hashed_counts(tokens, buckets):
    """Signed counts of a text in a fixed number of buckets, (buckets,) float64."""
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    # integers, if there is no token
    return np.bincount(ids, weights=signs, minlength=buckets).astype(np.float64)


def mixed_hash(token: str) -> int:
    return reference._mix(reference.fnv1a(token))


def positive(token: str) -> bool:
    return mixed_hash(token) >> 63 == 1


def draw_signed(rng: np.random.Generator, buckets: int) -> list[str]:
    """Three tokens: a word twice, whose sign is minus, and a word whose sign is plus, in another
    bucket."""
    while True:
        one, other = draw_words(rng, 2)
        if (
            not positive(one)
            and positive(other)
            and mixed_hash(one) % buckets != mixed_hash(other) % buckets
        ):
            return [one, other, one]


def hashing_cases(rng: np.random.Generator) -> Iterator[Case]:
    buckets = int(rng.integers(3, 6))
    yield Case((draw_signed(rng, buckets), buckets), label="three tokens")
    yield Case((draw_text(rng, 40), 8), label="eight buckets")  # a power of 2, and collisions
    yield Case(
        ([*draw_text(rng, 30), *draw_words(rng, 10)], int(rng.integers(9, 14))),
        label="a longer text",
    )
    yield Case(([], int(rng.integers(2, 9))), "edge", "no tokens")
    yield Case(([*draw_text(rng, 20), "sea"], 1), "edge", "one bucket")
    yield Case(
        ([str(rng.choice(TEXT_WORDS))] * int(rng.integers(3, 9)), int(rng.integers(3, 9))),
        "edge",
        "one word again and again",
    )
    yield Case(
        (draw_words(rng, 9), int(rng.integers(900, 1100))), "edge", "more buckets than words"
    )


def hashing_with(
    tokens_of: Callable = list,
    bucket: Callable = lambda mixed, plain, buckets: mixed % buckets,
    sign: Callable = lambda mixed, plain: 1 if mixed >> 63 else -1,
    finish: Callable = lambda counts, tokens: counts,
):
    """Hashed counts with one part replaced."""

    def solve(tokens, buckets):
        counts = np.zeros(buckets)
        for token in tokens_of(tokens):
            plain = reference.fnv1a(token)
            mixed = reference._mix(plain)
            counts[bucket(mixed, plain, buckets)] += sign(mixed, plain)
        return finish(counts, tokens)

    return solve


def overwrites(tokens, buckets):
    counts = np.zeros(buckets)
    for token in tokens:
        counts[mixed_hash(token) % buckets] = 1 if positive(token) else -1
    return counts


def a_row_for_every_token(tokens, buckets):
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    return reference.one_hot(ids, buckets) * signs[:, None]


def stops_early(tokens, buckets):
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    return np.bincount(ids, weights=signs).astype(float)


def hashing_by_dictionary(tokens, buckets):
    totals = dict.fromkeys(range(buckets), 0)
    for token, count in Counter(tokens).items():
        value = mixed_hash(token)
        totals[value % buckets] += count if value >= 2**63 else -count
    return [totals[bucket] for bucket in range(buckets)]


def hashing_by_product(tokens, buckets):
    """A signed one-hot row for each token, added up."""
    values = np.array([mixed_hash(token) for token in tokens], dtype=np.uint64)
    rows = (values % np.uint64(buckets))[:, None] == np.arange(buckets, dtype=np.uint64)
    return np.where(values >> np.uint64(63) == 1, 1, -1) @ rows


HASHED_COUNTS = Exercise(
    id="one_hot.hashed_counts",
    points=2,
    reference=hashed_counts,
    cases=hashing_cases,
    variant=hashing_with,
    misconceptions=[
        Misconception(
            "leaves out the sign",
            {"sign": lambda mixed, plain: 1},
            "Without signs collisions only ever add. With them, words that share a bucket cancel on"
            " average.",
        ),
        Misconception(
            "turns the sign round",
            {"sign": lambda mixed, plain: -1 if mixed >> 63 else 1},
            "The highest bit set means +1.",
        ),
        Misconception(
            "adds 0 where it should subtract",
            {"sign": lambda mixed, plain: mixed >> 63},
            "A bit is 1 or 0; the sign is +1 or −1. Where the highest bit is not set, subtract 1.",
        ),
        Misconception(
            "adds −1 whatever the bit",
            {"sign": lambda mixed, plain: -1},
            "The highest bit set means +1. A Python integer has no sign bit of its own: h < 0 is"
            " never true; shift by 63, or compare with 2**63.",
        ),
        Misconception(
            "takes the sign from the lowest bit",
            {"sign": lambda mixed, plain: 1 if mixed & 1 else -1},
            "With an even number of buckets the lowest bit is the bucket's own: words that share a"
            " bucket would share the sign, and never cancel. The highest bit is asked for.",
        ),
        Misconception(
            "takes the sign from the second highest bit",
            {"sign": lambda mixed, plain: 1 if mixed >> 62 & 1 else -1},
            "Bits are counted from 0: the highest of 64 is number 63.",
        ),
        Misconception(
            "does not mix",
            {
                "bucket": lambda mixed, plain, buckets: plain % buckets,
                "sign": lambda mixed, plain: 1 if plain >> 63 else -1,
            },
            "Call mix on the hash first: the lowest bit of FNV-1a is the same for all anagrams, and"
            " the highest hardly sees the last letter.",
        ),
        Misconception(
            "mixes for the sign only",
            {"bucket": lambda mixed, plain, buckets: plain % buckets},
            "Bucket and sign both come from the mixed hash.",
        ),
        Misconception(
            "mixes for the bucket only",
            {"sign": lambda mixed, plain: 1 if plain >> 63 else -1},
            "Bucket and sign both come from the mixed hash.",
        ),
        Misconception(
            "mixes twice",
            {
                "bucket": lambda mixed, plain, buckets: reference._mix(mixed) % buckets,
                "sign": lambda mixed, plain: 1 if reference._mix(mixed) >> 63 else -1,
            },
            "mix is applied once, to the hash of the word.",
        ),
        Misconception(
            "leaves the last bucket empty",
            {"bucket": lambda mixed, plain, buckets: mixed % (buckets - 1)},
            "The remainder of a division by `buckets` runs from 0 to buckets - 1: it needs no - 1.",
        ),
        Misconception(
            "counts every word once",
            {"tokens_of": lambda tokens: list(dict.fromkeys(tokens))},
            "A word that occurs three times adds three times.",
        ),
        Misconception(
            "overwrites the bucket",
            overwrites,
            "Add to the bucket. Assigning forgets what was there, from this word and from others.",
        ),
        Misconception(
            "keeps a row for every token",
            a_row_for_every_token,
            "The text is one vector: add the rows of its tokens up.",
        ),
        Misconception(
            "stops at the last bucket in use",
            stops_early,
            "The result has a number for each bucket, also for those at the end that no word fell"
            " into.",
        ),
        Misconception(
            "drops the sign of the sums",
            {"finish": lambda counts, tokens: np.abs(counts)},
            "A sum may be negative, and must stay so: only then do collisions cancel in inner"
            " products.",
        ),
        Misconception(
            "divides by the number of tokens",
            {"finish": lambda counts, tokens: counts / max(len(tokens), 1)},
            "The sums themselves are asked for, not shares of the text.",
        ),
        Misconception(
            "returns the buckets in use only",
            {"finish": lambda counts, tokens: counts[counts != 0]},
            "The result has a number for each bucket, 0 for those that are empty: shape"
            " (buckets,).",
        ),
    ],
    alternatives=[hashing_by_dictionary, hashing_by_product, hashing_with()],
    hints=[
        "One pass over the tokens: each says where to add, and whether to add or to subtract.",
        (
            "f = mix(fnv1a(token)). The remainder of f gives the bucket; whether f is at least"
            " 2**63 gives the sign."
        ),
        "counts = np.zeros(buckets); for every token: counts[f % buckets] += 1 if f >> 63 else -1.",
    ],
)
