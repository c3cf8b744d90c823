"""The exercise `one_hot.fnv1a`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference

PRIME, OFFSET, MASK = 0x100000001B3, 0xCBF29CE484222325, (1 << 64) - 1
# First and last letters of the blocks that are drawn from: two, three and four bytes in UTF-8.
BLOCKS = ((0xC0, 0x17F), (0x4E00, 0x9FA5), (0x1D400, 0x1D454))


def draw_letters(rng: np.random.Generator, count: int, first: int = 97, last: int = 122) -> str:
    """Letters between two code points."""
    return "".join(chr(code) for code in rng.integers(first, last + 1, count))


def fnv_cases(rng: np.random.Generator) -> Iterator[Case]:
    for high, label in ((True, "three letters"), (False, "three letters")):
        word = draw_letters(rng, 3)
        # both halves of the 64-bit integers
        while (reference.fnv1a(word) >> 63 == 1) != high or word == word[::-1]:
            word = draw_letters(rng, 3)
        yield Case((word,), label=label)
    yield Case(
        (draw_letters(rng, 1, 65, 90) + draw_letters(rng, 5),), label="a word with a capital"
    )
    yield Case((draw_letters(rng, int(rng.integers(20, 40))),), label="many letters")
    yield Case(("",), "edge", "an empty string")
    for bytes_of, (first, last) in zip(("two", "three", "four"), BLOCKS):
        yield Case(
            (draw_letters(rng, 1) + draw_letters(rng, 2, first, last),),
            "edge",
            f"letters of {bytes_of} bytes",
        )


def fnv_with(
    data: Callable = lambda token: token.encode("utf-8"),
    start: int = OFFSET,
    prime: int = PRIME,
    combine: Callable = lambda value, byte, prime: (value ^ byte) * prime,
    cut: Callable = lambda value: value & MASK,
    finish: Callable = lambda value: value,
):
    """A hash of the FNV family with one part replaced."""

    def solve(token):
        value = start
        for byte in data(token):
            value = cut(combine(value, byte, prime))
        return finish(value)

    return solve


def returns_in_the_loop(token):
    for byte in token.encode("utf-8"):
        return (OFFSET ^ byte) * PRIME & MASK


def fnv_by_numpy(token):
    value, prime = np.array([OFFSET], dtype=np.uint64), np.uint64(PRIME)
    for byte in np.frombuffer(token.encode("utf-8"), np.uint8).astype(np.uint64):
        value = (value ^ byte) * prime  # an array of uint64 wraps around silently
    return value[0]


def fnv_by_halves(token):
    """As on a machine of 32 bits: the number in two halves, the prime as 2 ** 40 + 435."""
    high, low = OFFSET >> 32, OFFSET & 0xFFFFFFFF
    for byte in bytearray(token, "utf-8"):
        low ^= byte
        product = low * 435
        high = (high * 435 + (product >> 32) + (low << 8)) % 2**32
        low = product % 2**32
    return high * 2**32 + low


FNV1A = Exercise(
    id="one_hot.fnv1a",
    points=1,
    reference=reference.fnv1a,
    cases=fnv_cases,
    variant=fnv_with,
    misconceptions=[
        Misconception(
            "multiplies before the exclusive or",
            {"combine": lambda value, byte, prime: ((value * prime) & MASK) ^ byte},
            "That is FNV-1. FNV-1a takes the byte in first, so that the multiplication spreads it.",
        ),
        Misconception(
            "keeps more than 64 bits",
            {"cut": lambda value: value},
            "Python's integers grow without end. Keep the lowest 64 bits after each"
            " multiplication.",
        ),
        Misconception(
            "keeps 32 bits",
            {"cut": lambda value: value % 2**32},
            "The remainder is that of a division by 2⁶⁴.",
        ),
        Misconception(
            "divides by 2⁶⁴ − 1",
            {"cut": lambda value: value % MASK},
            "The remainder is that of a division by 2⁶⁴; with & instead of % the mask is 2⁶⁴ − 1.",
        ),
        Misconception(
            "returns a signed number",
            {"finish": lambda value: value - 2**64 if value >> 63 else value},
            "The hash runs from 0 to 2⁶⁴ − 1. A signed integer of 64 bits shows the upper half as"
            " negative.",
        ),
        Misconception(
            "returns text",
            {"finish": hex},
            "The number itself is asked for; hex only writes it down.",
        ),
        Misconception(
            "hashes letters, not bytes",
            {"data": lambda token: map(ord, token)},
            "Ä is one letter and two bytes. Encode the word as UTF-8 first.",
        ),
        Misconception(
            "cuts each letter to a byte",
            {"data": lambda token: (ord(letter) & 255 for letter in token)},
            "Ä is one letter and two bytes. Encode the word as UTF-8 first.",
        ),
        Misconception(
            "leaves out letters beyond ASCII",
            {"data": lambda token: token.encode("ascii", "ignore")},
            "Every letter counts: encode the word as UTF-8, in which Ä is two bytes.",
        ),
        Misconception(
            "encodes as UTF-16",
            {"data": lambda token: token.encode("utf-16-le")},
            "In UTF-16 every letter has at least two bytes. The statement asks for UTF-8.",
        ),
        Misconception(
            "encodes as Latin-1",
            {"data": lambda token: token.encode("latin-1")},
            "Latin-1 has 256 letters and fails on all others. The statement asks for UTF-8.",
        ),
        Misconception(
            "makes all letters small",
            {"data": lambda token: token.lower().encode()},
            "The word is hashed as it is: a capital is another letter.",
        ),
        Misconception(
            "calls Python's hash",
            hash,
            "hash(token) changes with every start of Python, unlike the formula. A model trained"
            " today could not read its own table tomorrow.",
        ),
        Misconception(
            "starts from 0",
            {"start": 0},
            "The start value matters: from 0 a leading zero byte would leave no trace.",
        ),
        Misconception(
            "swaps the two constants",
            {"start": PRIME, "prime": OFFSET},
            "The long constant is the start value, the other one multiplies.",
        ),
        Misconception(
            "takes the constants of 32 bits",
            {"start": 0x811C9DC5, "prime": 0x01000193},
            "Those are the constants of the 32-bit hash. The formula has those for 64 bits.",
        ),
        Misconception(
            "adds the byte",
            {"combine": lambda value, byte, prime: (value + byte) * prime},
            "The byte is combined by exclusive or, ^ in Python.",
        ),
        Misconception(
            "multiplies the byte only",
            {"combine": lambda value, byte, prime: value ^ byte * prime},
            "* binds closer than ^: without brackets only the byte is multiplied. The exclusive or"
            " comes first.",
        ),
        Misconception(
            "returns after the first byte",
            returns_in_the_loop,
            "The return stands inside the loop, which ends there. Return when all bytes are done.",
        ),
        Misconception(
            "takes the byte by or",
            {"combine": lambda value, byte, prime: (value | byte) * prime},
            "| keeps every bit that is set in either. Exclusive or is ^ in Python.",
        ),
        Misconception(
            "does not multiply",
            {"combine": lambda value, byte, prime: value ^ byte},
            "After each exclusive or the number is multiplied, which spreads the byte over all"
            " bits.",
        ),
        Misconception(
            "reads the word backwards",
            {"data": lambda token: token.encode()[::-1]},
            "The first byte goes in first.",
        ),
    ],
    alternatives=[
        fnv_by_halves,
        fnv_by_numpy,
        fnv_with(cut=lambda value: value, finish=lambda value: value % 2**64),
        fnv_with(),
    ],
    hints=[
        (
            "Iterating over bytes gives integers. Two operations happen for each of them, in a"
            " fixed order."
        ),
        'token.encode("utf-8") gives the bytes. ^ is exclusive or. % 2**64 keeps 64 bits.',
        (
            "value = 0xcbf29ce484222325; for every byte: value = ((value ^ byte) * 0x100000001b3) %"
            " 2**64."
        ),
    ],
)
