"""The exercise `one_hot.memory_bytes`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot import reference


def memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes):
    """`reference.memory_bytes` with every argument given by position."""
    return reference.memory_bytes(
        tokens, vocabulary, layout, value_bytes=value_bytes, index_bytes=index_bytes
    )


def draw_sizes(rng: np.random.Generator) -> tuple[int, int]:
    """Bytes of a value and of an index, which differ."""
    value, index = rng.permutation([2, 4, 8])[:2]
    return int(value), int(index)


def memory_cases(rng: np.random.Generator) -> Iterator[Case]:
    tokens, vocabulary = int(rng.integers(3, 10)), int(rng.integers(11, 30))
    sizes = draw_sizes(rng)
    for layout in reference.LAYOUTS:
        yield Case((tokens, vocabulary, layout, *sizes), label=layout)
    for sizes in (draw_sizes(rng), draw_sizes(rng), (int(rng.choice([4, 8])),) * 2):
        tokens, vocabulary = int(rng.integers(1_000, 9_999)), int(rng.integers(100, 999))
        for layout in reference.LAYOUTS:
            yield Case((tokens, vocabulary, layout, *sizes), label="a longer text")
    vocabulary, sizes = int(rng.integers(5, 99)), draw_sizes(rng)
    for layout in reference.LAYOUTS:
        yield Case((0, vocabulary, layout, *sizes), "edge", "no tokens")
        yield Case((1, 1, layout, *sizes), "edge", "one token of one word")
    tokens, vocabulary = int(rng.integers(2_000_000, 4_000_000)), int(rng.integers(10_000, 20_000))
    for layout in reference.LAYOUTS:
        yield Case(
            (tokens, vocabulary, layout, *draw_sizes(rng)), "edge", "as large as four Bibles"
        )
    tokens, vocabulary, sizes = int(rng.integers(3, 10)), int(rng.integers(11, 30)), draw_sizes(rng)
    for names in (
        ("sparse", "matrix", "lil", "bits"),
        ("c", "cs", "csc"),
        ("index", "indi", "ids"),
        ("d", "den", "dens"),
    ):
        yield Case(
            (tokens, vocabulary, str(rng.choice(names)), *sizes),
            "errors",
            "a layout that is none of the three",
            raises=ValueError,
        )


def no_such_layout(tokens, vocabulary, layout, value, index):
    raise ValueError(f"layout must be dense, csr or indices; got {layout!r}")


def like_a_part(tokens, vocabulary, layout, value, index):
    """The formula of the layout whose name holds this one."""
    for name in reference.LAYOUTS:
        if layout in name:
            return memory_bytes(tokens, vocabulary, name, value, index)
    raise ValueError(layout)


def no_such_key(tokens, vocabulary, layout, value, index):
    raise KeyError(layout)


def memory_with(
    dense: Callable = lambda n, v, value, index: n * v * value,
    csr: Callable = lambda n, v, value, index: n * (value + index) + (n + 1) * index,
    indices: Callable = lambda n, v, value, index: n * index,
    otherwise: Callable = no_such_layout,
    unit: Callable = lambda size: size,
):
    """Bytes by layout, with one of the formulas replaced."""

    def solve(tokens, vocabulary, layout, value_bytes, index_bytes):
        if layout not in reference.LAYOUTS:
            return otherwise(tokens, vocabulary, layout, value_bytes, index_bytes)
        formula = {"dense": dense, "csr": csr, "indices": indices}[layout]
        return unit(formula(tokens, vocabulary, value_bytes, index_bytes))

    return solve


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
    id="one_hot.memory_bytes",
    points=1,
    reference=memory_bytes,
    cases=memory_cases,
    variant=memory_with,
    misconceptions=[
        Misconception(
            "forgets the row pointers",
            {"csr": lambda n, v, value, index: n * (value + index)},
            "CSR holds three arrays: values, column indices, and where each row begins.",
        ),
        Misconception(
            "leaves out the last row pointer",
            {"csr": lambda n, v, value, index: n * (value + 2 * index)},
            "The pointers also say where the last row ends: one more than there are rows. (A row"
            " number for every value would be another layout, COO.)",
        ),
        Misconception(
            "gives every column a pointer",
            {"csr": lambda n, v, value, index: n * (value + index) + (v + 1) * index},
            "That is CSC. CSR points at rows, and a row is a token: tokens + 1 pointers.",
        ),
        Misconception(
            "stores no values in CSR",
            {"csr": lambda n, v, value, index: (2 * n + 1) * index},
            "They are all 1, but CSR stores them: one value per token.",
        ),
        Misconception(
            "stores no column indices in CSR",
            {"csr": lambda n, v, value, index: n * value + (n + 1) * index},
            "The row pointers say which entries belong to a row. In which columns they stand is a"
            " third array, one index per token.",
        ),
        Misconception(
            "counts two row pointers too few",
            {"csr": lambda n, v, value, index: n * (value + index) + (n - 1) * index},
            "Each row has a pointer to where it begins, and one more says where the last row ends: "
            "tokens + 1.",
        ),
        Misconception(
            "counts the pointers as values",
            {"csr": lambda n, v, value, index: n * (value + index) + (n + 1) * value},
            "Row pointers are positions in an array, so they are indices: `index_bytes` each.",
        ),
        Misconception(
            "counts the column indices as values",
            {"csr": lambda n, v, value, index: 2 * n * value + (n + 1) * index},
            "A column index is an index: `index_bytes` each.",
        ),
        Misconception(
            "stores the zeros in CSR",
            {"csr": lambda n, v, value, index: n * v * (value + index) + (n + 1) * index},
            "CSR stores only the entries that are not 0, and each row has one of them.",
        ),
        Misconception(
            "counts entries, not bytes",
            {"dense": lambda n, v, value, index: n * v},
            "Each of the tokens · vocabulary entries takes `value_bytes`.",
        ),
        Misconception(
            "counts a square matrix",
            {"dense": lambda n, v, value, index: v * v * value},
            "The text has a row for each token, not for each word of the vocabulary.",
        ),
        Misconception(
            "stores the dense matrix as indices",
            {"dense": lambda n, v, value, index: n * v * index},
            "The entries of the matrix are values: `value_bytes` each.",
        ),
        Misconception(
            "stores ids as values",
            {"indices": lambda n, v, value, index: n * value},
            "Ids are integers: `index_bytes` each.",
        ),
        Misconception(
            "keeps an id for each word of the vocabulary",
            {"indices": lambda n, v, value, index: v * index},
            "The text is its ids: one for each token, however large the vocabulary is.",
        ),
        Misconception(
            "answers in bits",
            {"unit": lambda size: 8 * size},
            "The sizes come in bytes, and bytes are asked for.",
        ),
        Misconception(
            "takes any other layout for indices",
            {"otherwise": lambda n, v, layout, value, index: n * index},
            "A misspelt layout must not give a number. Raise ValueError for a name that you don't"
            " know.",
        ),
        Misconception(
            "takes any other layout for csr",
            {"otherwise": lambda n, v, layout, value, index: n * (value + index) + (n + 1) * index},
            "A misspelt layout must not give a number. Raise ValueError for a name that you don't"
            " know.",
        ),
        Misconception(
            "takes any other layout for dense",
            {"otherwise": lambda n, v, layout, value, index: n * v * value},
            "A misspelt layout must not give a number. Raise ValueError for a name that you don't"
            " know.",
        ),
        Misconception(
            "takes a part of a name for the name",
            {"otherwise": like_a_part},
            '"cs" in "csr" is true, because `in` looks for a part of the string. Compare with ==.',
        ),
        Misconception(
            "returns None for an unknown layout",
            {"otherwise": lambda *sizes: None},
            "Without a branch for it the function ends and returns None. Raise ValueError for a"
            " name that you don't know.",
        ),
        Misconception(
            "raises KeyError",
            {"otherwise": no_such_key},
            "A dictionary raises KeyError for a name that it lacks. The statement asks for"
            " ValueError.",
        ),
    ],
    alternatives=[memory_by_parts, memory_by_dtype, memory_with()],
    hints=[
        "For each layout write down which arrays there are and how many entries each has.",
        (
            "CSR has one value and one column index per token, and tokens + 1 row pointers."
            " Pointers are indices."
        ),
        (
            "dense: tokens · vocabulary · value_bytes. csr: tokens · (value_bytes + index_bytes) +"
            " (tokens + 1) · index_bytes. indices: tokens · index_bytes. Anything else: ValueError."
        ),
    ],
)
