"""The exercise `one_hot.memory_bytes`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference


def memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes):
    """`reference.memory_bytes` with every argument given by position."""
    return reference.memory_bytes(tokens, vocabulary, layout, value_bytes=value_bytes, index_bytes=index_bytes)


def memory_cases(rng: np.random.Generator) -> Iterator[Case]:
    for layout in reference.LAYOUTS:
        yield Case((3, 5, layout, 8, 4), label=layout)
    for value_bytes, index_bytes in ((8, 8), (4, 4), (2, 8)):
        tokens, vocabulary = int(rng.integers(1_000, 9_999)), int(rng.integers(100, 999))
        for layout in reference.LAYOUTS:
            yield Case((tokens, vocabulary, layout, value_bytes, index_bytes), label="other sizes of numbers")
    for layout in reference.LAYOUTS:
        yield Case((0, 7, layout, 8, 4), "edge", "no tokens")
        yield Case((4, 0, layout, 4, 8) if layout == "dense" else (1, 1, layout, 4, 8), "edge", "almost nothing")
    yield Case((3_187_146, 15_960, "dense", 8, 4), "edge", "four Bibles")
    yield Case((3, 5, "sparse", 8, 4), "errors", "a layout that is none of the three", raises=ValueError)


def memory_with(csr: Callable | None = None, dense: Callable | None = None, indices: Callable | None = None):
    """Bytes by layout, with one of the three formulas replaced."""
    def solve(tokens, vocabulary, layout, value_bytes, index_bytes):
        chosen = {"dense": dense, "csr": csr, "indices": indices}.get(layout)
        if chosen is None:
            return memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes)
        return chosen(tokens, vocabulary, value_bytes, index_bytes)
    return solve


def memory_unchecked(tokens, vocabulary, layout, value_bytes, index_bytes):
    layout = layout if layout in reference.LAYOUTS else "indices"
    return memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes)


def memory_by_parts(tokens, vocabulary, layout, value_bytes, index_bytes):
    values = {"dense": tokens * vocabulary, "csr": tokens, "indices": 0}
    indices = {"dense": 0, "csr": tokens + tokens + 1, "indices": tokens}
    if layout not in values:
        raise ValueError(layout)
    return values[layout] * value_bytes + indices[layout] * index_bytes


def memory_by_dtype(tokens, vocabulary, layout, value_bytes, index_bytes):
    value, index = np.dtype(f"V{value_bytes}"), np.dtype(f"V{index_bytes}")
    if layout == "dense":
        return int(np.prod([tokens, vocabulary, value.itemsize], dtype=np.int64))
    if layout == "csr":
        row = value.itemsize + 2 * index.itemsize
        return np.int64(tokens * row + index.itemsize)
    if layout == "indices":
        return np.int64(tokens * index.itemsize)
    raise ValueError("no such layout")


MEMORY_BYTES = Exercise(
    id="one_hot.memory_bytes", points=1,
    reference=memory_bytes,
    cases=memory_cases,
    misconceptions=[
        Misconception("forgets the row pointers", memory_with(csr=lambda n, v, value, index: n * (value + index)),
                      "CSR holds three arrays: values, column indices, and where each row begins."),
        Misconception("leaves out the last row pointer",
                      memory_with(csr=lambda n, v, value, index: n * (value + 2 * index)),
                      "The pointers also say where the last row ends: one more than there are rows."),
        Misconception("gives every column a pointer",
                      memory_with(csr=lambda n, v, value, index: n * (value + index) + (v + 1) * index),
                      "That is CSC. CSR points at rows, and a row is a token: tokens + 1 pointers."),
        Misconception("stores no values in CSR", memory_with(csr=lambda n, v, value, index: (2 * n + 1) * index),
                      "They are all 1, but CSR stores them: one value per token."),
        Misconception("counts a square matrix", memory_with(dense=lambda n, v, value, index: v * v * value),
                      "The text has a row for each token, not for each word of the vocabulary."),
        Misconception("stores ids as values", memory_with(indices=lambda n, v, value, index: n * value),
                      "Ids are integers: `index_bytes` each."),
        Misconception("takes any layout", memory_unchecked,
                      "A misspelt layout must not give a number. Raise ValueError for a name that you don't know."),
    ],
    alternatives=[memory_by_parts, memory_by_dtype],
    hints=["For each layout write down which arrays there are and how many entries each has.",
           "CSR has one value and one column index per token, and tokens + 1 row pointers. Pointers are indices.",
           "dense: tokens · vocabulary · value_bytes. csr: tokens · (value_bytes + index_bytes) + (tokens + 1) · "
           "index_bytes. indices: tokens · index_bytes. Anything else: ValueError."],
)
