"""The exercise `one_hot.fnv1a`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference


PRIME, OFFSET, MASK = 0x100000001B3, 0xCBF29CE484222325, (1 << 64) - 1


def fnv_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(("a",), label="one letter")
    yield Case(("king",), label="a word")
    yield Case(("".join(chr(97 + letter) for letter in rng.integers(0, 26, 12)),), label="twelve letters")
    yield Case(("",), "edge", "an empty string")
    yield Case(("Ärger",), "edge", "a letter of two bytes")
    yield Case(("東京",), "edge", "letters of three bytes")


def fnv_by(update: Callable, start: int = OFFSET, data: Callable = str.encode):
    """A hash of the FNV family with one part replaced."""
    def solve(token):
        value = start
        for byte in data(token):
            value = update(value, byte)
        return value
    return solve


def fnv_step(value, byte):
    return ((value ^ byte) * PRIME) & MASK


def fnv_by_numpy(token):
    value, prime = np.array([OFFSET], dtype=np.uint64), np.uint64(PRIME)
    for byte in np.frombuffer(token.encode("utf-8"), np.uint8).astype(np.uint64):
        value = (value ^ byte) * prime                               # an array of uint64 wraps around silently
    return value[0]


FNV1A = Exercise(
    id="one_hot.fnv1a", points=1,
    reference=reference.fnv1a,
    cases=fnv_cases,
    misconceptions=[
        Misconception("multiplies before the exclusive or", fnv_by(lambda value, byte: ((value * PRIME) & MASK) ^ byte),
                      "That is FNV-1. FNV-1a takes the byte in first, so that the multiplication spreads it."),
        Misconception("keeps more than 64 bits", fnv_by(lambda value, byte: (value ^ byte) * PRIME),
                      "Python's integers grow without end. Keep the lowest 64 bits after each multiplication."),
        Misconception("hashes letters, not bytes", fnv_by(fnv_step, data=lambda token: map(ord, token)),
                      "Ä is one letter and two bytes. Encode the word as UTF-8 first."),
        Misconception("calls Python's hash", hash,
                      "hash(token) changes with every start of Python, unlike the formula. A model trained today "
                      "could not read its own table tomorrow."),
        Misconception("starts from 0", fnv_by(fnv_step, start=0),
                      "The start value matters: from 0 a leading zero byte would leave no trace."),
        Misconception("adds the byte", fnv_by(lambda value, byte: ((value + byte) * PRIME) & MASK),
                      "The byte is combined by exclusive or, ^ in Python."),
        Misconception("reads the word backwards", fnv_by(fnv_step, data=lambda token: token.encode()[::-1]),
                      "The first byte goes in first."),
    ],
    alternatives=[fnv_by(fnv_step), fnv_by_numpy],
    hints=["Iterating over bytes gives integers. Two operations happen for each of them, in a fixed order.",
           "token.encode(\"utf-8\") gives the bytes. ^ is exclusive or. % 2**64 keeps 64 bits.",
           "value = 0xcbf29ce484222325; for every byte: value = ((value ^ byte) * 0x100000001b3) % 2**64."],
)
