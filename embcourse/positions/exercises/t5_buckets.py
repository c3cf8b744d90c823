"""The exercise `positions.t5_buckets`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.positions import reference


def near_a_boundary(distance: int, buckets: int, longest: int, causal: bool) -> bool:
    """Whether rounding decides the bucket of a distance: its logarithm is within 1e-5 of an
    integer, where buckets are not yet cut off. At the first one, log 1, every program gets 0."""
    side = buckets if causal else buckets // 2
    exact = side // 2
    if distance <= exact:
        return False
    steps = np.log(distance / exact) / np.log(longest / exact) * (side - exact)
    return bool(abs(steps - round(steps)) < 1e-5 and round(steps) < side - exact)


def t5_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        offsets: np.ndarray,
        buckets: int,
        longest: int,
        causal: bool,
        label: str,
        aspect: str = "values",
    ) -> Case:
        """Offsets that rounding decides move on by one, away from 0."""
        moved = offsets.copy()
        for place in np.ndindex(moved.shape):
            while near_a_boundary(int(abs(moved[place])), buckets, longest, causal):
                moved[place] += 1 if moved[place] > 0 else -1
        return Case((moved, buckets, longest, causal), aspect, label)

    def of_all_kinds(exact: int, longest: int) -> np.ndarray:
        """On both sides of 0: near, on the way, beyond the longest; and 0 itself."""
        near = rng.integers(1, exact + 1, 4)
        middle = rng.integers(exact + 1, longest, 12)
        far = longest + rng.integers(2, 5 * longest, 3)
        distances = np.concatenate([[1, exact - 1, exact, exact + 1], near, middle, far])
        return rng.permutation(np.concatenate([distances, -distances, [0]]))

    def matrix(n: int, m: int) -> np.ndarray:
        return np.arange(m) - (np.arange(n)[:, None] + m - n)

    yield case(of_all_kinds(8, 128), 32, 128, False, "the usual numbers")
    yield case(of_all_kinds(16, 128), 32, 128, True, "causal with the usual numbers")
    buckets = 4 * int(rng.integers(4, 9))
    longest = buckets + int(rng.integers(20, 90))
    yield case(of_all_kinds(buckets // 4, longest), buckets, longest, False, "other numbers")
    buckets = 4 * int(rng.integers(4, 9)) + 2
    longest = buckets + int(rng.integers(20, 90))
    yield case(
        of_all_kinds(buckets // 2, longest), buckets, longest, True, "causal with other numbers"
    )
    n = int(rng.integers(12, 20))
    yield case(
        matrix(n, n + int(rng.integers(3, 9))),
        12,
        int(rng.integers(9, 13)),
        bool(rng.integers(0, 2)),
        "a table of offsets",
    )
    buckets = 4 * int(rng.integers(3, 8)) + 2
    longest = buckets + int(rng.integers(9, 60))
    offsets = of_all_kinds(buckets // 4, longest)
    yield case(offsets, buckets, longest, False, "a side with an odd number of buckets", "edge")
    buckets = 2 * int(rng.integers(5, 13)) + 1
    longest = buckets + int(rng.integers(9, 60))
    offsets = of_all_kinds(buckets // 2, longest)
    yield case(offsets, buckets, longest, True, "an odd number of buckets", "edge")
    offsets = rng.integers(-9, 10, 9)
    yield case(offsets, 4, int(rng.integers(3, 8)), False, "as few buckets as can be", "edge")
    yield case(offsets, 2, int(rng.integers(3, 8)), True, "causal with two buckets", "edge")
    offsets = np.zeros((0, int(rng.integers(2, 90))), int)
    yield case(offsets, 32, 128, False, "no offset", "edge")


def by_logarithm(distances: np.ndarray, exact: int, side: int, longest: int) -> np.ndarray:
    far = np.maximum(distances, exact)
    return np.log(far / exact) / np.log(longest / exact) * (side - exact)


def by_one(distances: np.ndarray, exact: int, side: int, longest: int) -> np.ndarray:
    far = np.maximum(distances, 1)
    return np.log(far) / np.log(longest) * (side - exact)


def by_the_longest(distances: np.ndarray, exact: int, side: int, longest: int) -> np.ndarray:
    far = np.maximum(distances, exact)
    return np.log(far / exact) / np.log(longest) * (side - exact)


def evenly(distances: np.ndarray, exact: int, side: int, longest: int) -> np.ndarray:
    return (distances - exact) / (longest - exact) * (side - exact)


def t5_with(
    *,
    sign: int = 1,
    side_of: Callable = lambda buckets, causal: buckets if causal else buckets // 2,
    exact_of: Callable = lambda side: side // 2,
    past: Callable = lambda offsets: np.maximum(-offsets, 0),
    steps: Callable = by_logarithm,
    whole: Callable = np.floor,
    last: Callable = lambda found, side: np.minimum(found, side - 1),
    second_half: Callable = lambda offsets: offsets > 0,
    causal_of: Callable = lambda causal: causal,
    kind: type = int,
) -> Callable:
    """T5's buckets with parts replaced."""

    def solve(offsets, buckets, longest, causal):
        causal = causal_of(causal)
        offsets = sign * offsets
        side = side_of(buckets, causal)
        exact = exact_of(side)
        distances = past(offsets) if causal else np.abs(offsets)
        beyond = exact + whole(steps(distances, exact, side, longest))
        found = np.where(distances < exact, distances, last(beyond, side))
        if not causal:
            found = found + side * second_half(offsets)
        return found.astype(kind)

    return solve


def t5_without_logarithms(offsets, buckets, longest, causal):
    """Whole numbers only: the step of a distance is the last whose power it reaches."""
    side = buckets if causal else buckets // 2
    exact = side // 2
    wide = side - exact

    def bucket(distance: int) -> int:
        if distance < exact:
            return distance
        # (distance / exact)^wide >= (longest / exact)^step, without a fraction
        step = 0
        while step < wide and distance**wide * exact**step >= longest**step * exact**wide:
            step += 1
        return min(exact + step - 1, side - 1) if step else exact

    found = np.zeros(offsets.shape, int)
    for place in np.ndindex(offsets.shape):
        offset = int(offsets[place])
        if causal:
            found[place] = bucket(max(-offset, 0))
        else:
            found[place] = bucket(abs(offset)) + (side if offset > 0 else 0)
    return found


def t5_by_boundaries(offsets, buckets, longest, causal):
    """Where each bucket begins, and how many begin at or before a distance."""
    side = buckets if causal else buckets // 2
    exact = side // 2
    ratios = (longest / exact) ** (np.arange(side - exact) / (side - exact))
    begins = np.concatenate([np.arange(exact), exact * ratios])
    distances = np.maximum(-offsets, 0) if causal else np.abs(offsets)
    found = np.searchsorted(begins, distances, side="right") - 1
    return found if causal else np.where(offsets > 0, side + found, found)


T5_BUCKETS = Exercise(
    id="positions.t5_buckets",
    points=3,
    reference=lambda offsets, buckets, longest, causal: reference.t5_buckets(
        offsets, buckets, longest, causal=causal
    ),
    cases=t5_cases,
    variant=t5_with,
    misconceptions=[
        Misconception(
            "does not cut off the last bucket",
            {"last": lambda found, side: found},
            "The last bucket of a side takes all that is left: no bucket is above n - 1. Far keys"
            " would fall into the other half, or out of the table.",
        ),
        Misconception(
            "puts the future into the first half",
            {"second_half": lambda offsets: offsets < 0},
            "The first half is for keys before the query and for itself, the second for keys after"
            " it, whose offset is positive.",
        ),
        Misconception(
            "turns the sign of the offset",
            {"sign": -1},
            "An offset is the key's position minus the query's: positive means that the key comes"
            " after the query.",
        ),
        Misconception(
            "counts the query itself as future",
            {"second_half": lambda offsets: offsets >= 0},
            "Offset 0 is in the first half, bucket 0.",
        ),
        Misconception(
            "gives the future no half of its own",
            {"second_half": lambda offsets: np.zeros(offsets.shape, int)},
            "Not causal, keys after the query have the second half of the buckets.",
        ),
        Misconception(
            "gives either side all buckets",
            {"side_of": lambda buckets, causal: buckets},
            "Not causal, the two sides share the buckets: n is half of them.",
        ),
        Misconception(
            "halves the buckets of a causal table, too",
            {"side_of": lambda buckets, causal: buckets // 2},
            "Causal, there is only one side, and it has all buckets.",
        ),
        Misconception(
            "counts the future by its distance in a causal table",
            {"past": np.abs},
            "Causal, keys after the query count as distance 0.",
        ),
        Misconception(
            "never looks at causal",
            {"causal_of": lambda causal: False},
            "Causal, one side has all buckets, and what comes after the query counts as"
            " distance 0.",
        ),
        Misconception(
            "takes no logarithm",
            {"exact_of": lambda side: side},
            "Only distances below n / 2 have a bucket each; the others share the rest by their"
            " logarithm.",
        ),
        Misconception(
            "shares out the far ones evenly",
            {"steps": evenly},
            "Buckets become wider and wider: they are even in the logarithm of the distance.",
        ),
        Misconception(
            "measures the logarithm from 1",
            {"steps": by_one},
            "The logarithm begins where the exact buckets end: divide distance and longest by"
            " e = n // 2 first, so that distance e gets step 0.",
        ),
        Misconception(
            "divides by the logarithm of the longest distance alone",
            {"steps": by_the_longest},
            "Both logarithms begin at e = n // 2: it is ln(longest / e) that is divided by.",
        ),
        Misconception(
            "rounds instead of cutting",
            {"whole": np.round},
            "The logarithm is cut to the integer below, not rounded to the nearest.",
        ),
        Misconception(
            "returns floats",
            {"kind": float},
            "Buckets are rows of a table: they must be integers.",
        ),
    ],
    alternatives=[t5_without_logarithms, t5_by_boundaries, t5_with()],
    hints=[
        (
            "First the side's number of buckets n, then the distances, then the bucket within the"
            " side, and n more for keys after the query if not causal."
        ),
        (
            "np.where(distances < e, distances, far), where far is e plus the logarithm's step, cut"
            " to an integer, and at most n - 1. Below e the logarithm is not used:"
            " np.maximum(distances, e) keeps it from log 0."
        ),
        (
            "steps = np.log(np.maximum(distances, e) / e) / np.log(longest / e) * (n - e);"
            " far = np.minimum(e + steps.astype(int), n - 1)"
        ),
    ],
)
