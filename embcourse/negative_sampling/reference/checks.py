"""What the arguments must be."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_ids, require_number

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def require_counts(function: str, counts: ArrayLike, name: str = "counts") -> FloatArray:
    """
    >>> require_counts("huffman", [3, -1])
    Traceback (most recent call last):
    ValueError: huffman: counts must be finite and not negative, got -1.0 at position 1
    """
    return require_floats(function, name, counts, "(n,)", least=0)


def require_tables(
    function: str, inputs: ArrayLike, outputs: ArrayLike, rows: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Two finite float64 tables of one width; the second has `rows` rows fewer (1 for the nodes of
    a tree).

    >>> require_tables("pair_step", np.zeros((3, 2)), np.zeros((3, 4)))
    Traceback (most recent call last):
    ValueError: pair_step: inputs (V, d) and outputs (V, d) must match, got (3, 2) and (3, 4)
    """
    name, shape = ("nodes", "(V - 1, d)") if rows else ("outputs", "(V, d)")
    inputs = require_floats(function, "inputs", inputs, "(V, d)")
    outputs = require_floats(function, name, outputs, shape)
    if outputs.shape != (max(len(inputs) - rows, 0), inputs.shape[1]):
        raise ValueError(
            f"{function}: inputs (V, d) and {name} {shape} must match, got {inputs.shape} and"
            f" {outputs.shape}"
        )
    return inputs, outputs


def require_word_ids(
    function: str, size: int, ndim: int = 1, **arrays: ArrayLike
) -> list[IntArray]:
    """Each named argument as an array of ids from 0 to size - 1, in order; ndim is 0 for a single
    id.

    >>> require_word_ids("pair_step", 3, negatives=[0, 3])
    Traceback (most recent call last):
    ValueError: pair_step: negatives must lie between 0 and 2, got 3 at position 1
    """
    return [require_ids(function, name, ids, size, ndim=ndim) for name, ids in arrays.items()]


def require_pairs(
    function: str, centres: ArrayLike, contexts: ArrayLike, negatives: ArrayLike, size: int
) -> tuple[IntArray, IntArray, IntArray]:
    """
    >>> require_pairs("negative_sampling_loss", [0, 1], [1, 0], [[1]], 2)
    Traceback (most recent call last):
    ValueError: negative_sampling_loss: negatives must be (2, K), a row for each pair; got (1, 1)
    """
    centres, contexts = require_word_ids(function, size, centres=centres, contexts=contexts)
    require_same_length(function, centres, contexts)
    negatives = require_ids(function, "negatives", negatives, size, ndim=2)
    if len(negatives) != len(centres):
        raise ValueError(
            f"{function}: negatives must be ({len(centres)}, K), a row for each pair; got"
            f" {negatives.shape}"
        )
    return centres, contexts, negatives


def require_same_length(function: str, centres: IntArray, contexts: IntArray) -> None:
    """
    >>> require_same_length("hierarchical_loss", np.array([1]), np.array([1, 2]))
    Traceback (most recent call last):
    ValueError: hierarchical_loss: centres and contexts must have one length, ...; got 1 and 2
    """
    if len(centres) != len(contexts) or not len(centres):
        raise ValueError(
            f"{function}: centres and contexts must have one length, at least 1; got {len(centres)}"
            f" and {len(contexts)}"
        )


def require_tree(
    function: str,
    inputs: ArrayLike,
    nodes: ArrayLike,
    codes: list[IntArray],
    points: list[IntArray],
) -> tuple[FloatArray, FloatArray]:
    """
    >>> require_tree("hierarchical_loss", np.zeros((3, 1)), np.zeros((2, 1)), [[0]], [[0]])
    Traceback (most recent call last):
    ValueError: hierarchical_loss: codes and points must have 3 entries, ...; got 1 and 1
    """
    inputs, nodes = require_tables(function, inputs, nodes, rows=1)
    if len(codes) != len(inputs) or len(points) != len(inputs):
        raise ValueError(
            f"{function}: codes and points must have {len(inputs)} entries, one for each word; "
            f"got {len(codes)} and {len(points)}"
        )
    return inputs, nodes


def require_path(
    function: str, code: ArrayLike, path: ArrayLike, nodes: int
) -> tuple[IntArray, IntArray]:
    """
    >>> require_path("hierarchical_step", [0, 2], [1, 0], 2)
    Traceback (most recent call last):
    ValueError: hierarchical_step: code must lie between 0 and 1, got 2 at position 1
    """
    (code,) = require_word_ids(function, 2, code=code)
    (path,) = require_word_ids(function, nodes, path=path)
    if len(code) != len(path):
        raise ValueError(
            f"{function}: code and path must have one length, got {len(code)} and {len(path)}"
        )
    return code, path


def require_rate(function: str, rate: float) -> None:
    """
    >>> require_rate("pair_step", -0.1)
    Traceback (most recent call last):
    ValueError: pair_step: learning_rate must be finite and not negative, got -0.1
    """
    require_number(function, "learning_rate", rate, least=0)


def require_path_shapes(
    hidden: FloatArray, nodes: FloatArray, codes: list[IntArray], points: list[IntArray]
) -> None:
    """
    >>> require_path_shapes(np.zeros(2), np.zeros((1, 3)), [[0], [1]], [[0], [0]])
    Traceback (most recent call last):
    ValueError: hierarchical_probabilities: hidden (d,), ...: got (2,), (1, 3), 2 and 2
    """
    if (
        nodes.shape != (max(len(codes) - 1, 0), *hidden.shape)
        or hidden.ndim != 1
        or len(codes) != len(points)
    ):
        raise ValueError(
            "hierarchical_probabilities: hidden (d,), nodes (V - 1, d) and V codes and points: "
            f"got {hidden.shape}, {nodes.shape}, {len(codes)} and {len(points)}"
        )
