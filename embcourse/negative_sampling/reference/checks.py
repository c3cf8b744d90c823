"""What the arguments must be."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def require_counts(function: str, counts: ArrayLike, name: str = "counts") -> FloatArray:
    """
    >>> require_counts("huffman", [3, -1])
    Traceback (most recent call last):
    ValueError: huffman: counts must be finite and not negative, got -1.0 at position 1
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1:
        raise ValueError(f"{function}: {name} must be 1-D, got shape {counts.shape}")
    wrong = np.flatnonzero(~(np.isfinite(counts) & (counts >= 0)))
    if len(wrong):
        raise ValueError(
            f"{function}: {name} must be finite and not negative, got {counts[wrong[0]]} at"
            f" position {wrong[0]}"
        )
    return counts


def require_tables(
    function: str, inputs: ArrayLike, outputs: ArrayLike, rows: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Two finite float64 tables of one width; the second has `rows` rows fewer (1 for the nodes of
    a tree).

    >>> require_tables("pair_step", np.zeros((3, 2)), np.zeros((3, 4)))
    Traceback (most recent call last):
    ValueError: pair_step: inputs (V, d) and outputs (V, d) must match, got (3, 2) and (3, 4)
    """
    inputs, outputs = np.asarray(inputs, dtype=np.float64), np.asarray(outputs, dtype=np.float64)
    name, shape = ("nodes", "(V - 1, d)") if rows else ("outputs", "(V, d)")
    if (
        inputs.ndim != 2
        or outputs.ndim != 2
        or outputs.shape != (max(len(inputs) - rows, 0), inputs.shape[1])
    ):
        raise ValueError(
            f"{function}: inputs (V, d) and {name} {shape} must match, got {inputs.shape} and"
            f" {outputs.shape}"
        )
    for table, called in ((inputs, "inputs"), (outputs, name)):
        if not np.isfinite(table).all():
            raise ValueError(
                f"{function}: {called} must be finite; a training that diverged gives NaN"
            )
    return inputs, outputs


def require_ids(function: str, size: int, ndim: int = 1, **arrays: ArrayLike) -> list[IntArray]:
    """Each named argument as an array of ids from 0 to size - 1, in order; ndim is 0 for a single
    id.

    >>> require_ids("pair_step", 3, negatives=[0, 3])
    Traceback (most recent call last):
    ValueError: pair_step: negatives must lie from 0 to 2, got 3
    """
    checked = []
    for name, values in arrays.items():
        values = np.asarray(values)
        if values.ndim != ndim:
            raise ValueError(f"{function}: {name} must be {ndim}-D, got shape {values.shape}")
        if values.size and values.dtype.kind not in "iu":
            raise TypeError(f"{function}: {name} must be integers, got {values.dtype}")
        outside = values[(values < 0) | (values >= size)]
        if outside.size:
            raise ValueError(f"{function}: {name} must lie from 0 to {size - 1}, got {outside[0]}")
        checked.append(values.astype(np.int64))
    return checked


def require_pairs(
    function: str, centres: ArrayLike, contexts: ArrayLike, negatives: ArrayLike, size: int
) -> tuple[IntArray, IntArray, IntArray]:
    """
    >>> require_pairs("negative_sampling_loss", [0, 1], [1, 0], [[1]], 2)
    Traceback (most recent call last):
    ValueError: negative_sampling_loss: negatives must be (2, K), a row for each pair; got (1, 1)
    """
    centres, contexts = require_ids(function, size, centres=centres, contexts=contexts)
    require_same_length(function, centres, contexts)
    negatives = np.asarray(negatives)
    if negatives.ndim != 2 or len(negatives) != len(centres):
        raise ValueError(
            f"{function}: negatives must be ({len(centres)}, K), a row for each pair; got"
            f" {negatives.shape}"
        )
    (flat,) = require_ids(function, size, negatives=negatives.ravel())
    return centres, contexts, flat.reshape(negatives.shape)


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
    ValueError: hierarchical_step: code must lie from 0 to 1, got 2
    """
    (code,) = require_ids(function, 2, code=code)
    (path,) = require_ids(function, nodes, path=path)
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
    if not 0 <= rate < np.inf:
        raise ValueError(f"{function}: learning_rate must be finite and not negative, got {rate!r}")


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
