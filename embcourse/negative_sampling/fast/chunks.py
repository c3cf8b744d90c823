"""A chunk of the corpus, from its arguments to its trained tables: what `fast` is called for."""

from threading import Lock
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embcourse.arguments import require_choice, require_ids, require_offsets, require_whole
from embcourse.negative_sampling.fast.buffers import make_buffers
from embcourse.negative_sampling.fast.draws import draw_all, lay_windows, random_bits
from embcourse.negative_sampling.fast.tables import Tables
from embcourse.negative_sampling.fast.trainers import (
    train_cbow_tree,
    train_cbow_windows,
    train_skipgram_pairs,
    train_skipgram_tree,
    train_skipgram_windows,
)
from embcourse.training import LANES, padded_rows

_copying = Lock()  # see `train_chunk`


class Sample(NamedTuple):
    """The draws of a chunk.

    positions: (kept,) int64; which tokens of the chunk survived subsampling. Each is once the
               centre.
    radii    : (kept,) int32; the window's reach at each of them, counted in tokens that survived.
    negatives: (draws, negative) int32; one row a centre, or one row a (context, centre) pair for
               skip-gram with "per_pair": centres in the order of the text, contexts from left to
               right. None for hierarchical softmax.
    """

    positions: NDArray[np.int64]
    radii: NDArray[np.int32]
    negatives: NDArray[np.int32]


def train_chunk(
    model: Literal["skipgram", "cbow"],
    loss: Literal["negative", "hierarchical"],
    negatives: Literal["per_pair", "per_window"],
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    tables: Tables,
    window: int,
    negative: int,
    learning_rate_start: float,
    learning_rate_end: float,
    seed: int,
    cbow_mean: bool = True,
) -> tuple[float, int, int]:
    """Trains on one chunk of the corpus, once. Both tables are updated in place.

    Every token is subsampled, then every survivor is a centre with contexts up to a radius drawn
    from 1..window. The learning rate falls linearly from the first token to the end of the chunk.

    model    : "skipgram": each context's input row predicts the centre. "cbow": the mean (or sum)
               of the contexts' input rows predicts it, and its error goes, undivided, to every one
               of them.
    loss     : "negative": the centre against `negative` draws from the noise; draws of the centre
               itself are skipped. "hierarchical": the branches on the centre's path in the Huffman
               tree; `negatives`, `negative` unused.
    negatives: for skip-gram, fresh draws for each (context, centre) pair, updated one pair after
               the other as in the released C code; or one set of draws for the contexts of a
               window, updated together from the values that both tables had before. CBOW makes one
               prediction a window, so both are the same there.
    inputs   : (words, dim) float32, C-contiguous and writeable; E. Where dim is no multiple of 16,
               a padded copy is trained and copied back, one thread at a time: for speed pass
               `training.padded_rows(words, dim)`, whose extra columns stay zero.
    outputs  : the same, U; for hierarchical softmax the rows are inner nodes, words - 1 of them or
               more.
    ids      : (tokens,) int32 in 0 ... words - 1.
    offsets  : (sentences + 1,) int64, rising from 0 to tokens. Windows do not reach into another
               sentence.
    tables   : of `make_tables`.
    seed     : 0 ... 2^64 - 1; the draws depend on nothing else. `sample_chunk` replays them.
    returns  : (loss_sum, loss_terms, words_trained): the loss in nats, summed over the predictions
               of one centre in 64, before each update; the number of those predictions (pairs for
               skip-gram, centres for CBOW); the tokens that survived subsampling.
    raises   : ValueError or TypeError for an unknown option, a table of the wrong dtype, shape or
               layout, offsets that do not cover ids, or an id out of range.

    Called from several threads at once on the same tables, it runs in parallel, with Hogwild's
    races. Alone it is reproducible to the bit, whatever the processor.

    GPU twin: `gpu.train_chunk`.

    >>> from embcourse.negative_sampling.fast import make_tables
    >>> tables = make_tables([3, 2, 2], sample=0)
    >>> inputs, outputs = np.full((3, 2), 0.1, np.float32), np.zeros((3, 2), np.float32)
    >>> ids, offsets = np.array([0, 1, 0, 2], np.int32), np.array([0, 4])
    >>> loss, terms, words = train_chunk(
    ...     "skipgram",
    ...     "negative",
    ...     "per_pair",
    ...     inputs,
    ...     outputs,
    ...     ids,
    ...     offsets,
    ...     tables,
    ...     1,
    ...     2,
    ...     0.025,
    ...     0.02,
    ...     seed=1,
    ... )
    >>> bool(outputs.any())
    True

    Mikolov et al. (2013b) and their released code; Ji et al. (2016) for sharing the negatives of a
    window.
    """
    windows, key = prepare(
        "train_chunk", model, loss, negatives, ids, offsets, tables, window, negative, seed
    )
    _require_table("inputs", inputs, len(tables.keep), inputs.shape[-1])
    _require_table(
        "outputs", outputs, len(tables.keep) - (loss == "hierarchical"), inputs.shape[-1]
    )
    falling = learning_rate_start + (
        learning_rate_end - learning_rate_start
    ) * windows.positions / max(len(ids), 1)
    rates = falling.astype(np.float32)
    most = tables.depth if loss == "hierarchical" else 1 + negative
    contexts = min(2 * window, max(len(ids), 1))
    draw = np.int64(len(ids))  # the tokens used the draws before

    def train(inputs, outputs):
        shared = (
            inputs,
            outputs,
            windows,
            rates,
            tables,
            make_buffers(inputs.shape[1], contexts, most),
        )
        if model == "skipgram" and loss == "hierarchical":
            return train_skipgram_tree(*shared)
        if model == "skipgram" and negatives == "per_pair":
            return train_skipgram_pairs(*shared, negative, key, draw)
        if model == "skipgram":
            return train_skipgram_windows(*shared, negative, key, draw)
        if loss == "hierarchical":
            return train_cbow_tree(*shared, bool(cbow_mean))
        return train_cbow_windows(*shared, negative, key, draw, bool(cbow_mean))

    if inputs.shape[1] % LANES == 0:
        loss_sum, terms = train(inputs, outputs)
    else:
        with _copying:  # a padded copy, one thread at a time
            padded = [padded_rows(*table.shape) for table in (inputs, outputs)]
            for table, copy in zip((inputs, outputs), padded, strict=True):
                copy[:, : table.shape[1]] = table
            loss_sum, terms = train(*padded)
            for table, copy in zip((inputs, outputs), padded, strict=True):
                table[:] = copy[:, : table.shape[1]]
    return loss_sum, terms, len(windows.words)


def sample_chunk(
    model: Literal["skipgram", "cbow"],
    loss: Literal["negative", "hierarchical"],
    negatives: Literal["per_pair", "per_window"],
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    tables: Tables,
    window: int,
    negative: int,
    seed: int,
) -> Sample:
    """The draws that `train_chunk` makes with the same arguments, by the same code, without
    training.

    GPU twin: `gpu.sample_chunk`.

    returns: `Sample`. Negatives are as drawn: one that equals its centre is still there.
    raises : as `train_chunk`.

    >>> from embcourse.negative_sampling.fast import make_tables
    >>> tables = make_tables([3, 2, 2], sample=0)
    >>> ids, offsets = np.array([0, 1, 0, 2], np.int32), np.array([0, 4])
    >>> draws = sample_chunk("skipgram", "negative", "per_pair", ids, offsets, tables, 1, 2, seed=1)
    >>> draws.positions.tolist(), draws.radii.tolist(), draws.negatives.shape
    ([0, 1, 2, 3], [1, 1, 1, 1], (6, 2))
    """
    windows, key = prepare(
        "sample_chunk", model, loss, negatives, ids, offsets, tables, window, negative, seed
    )
    if loss == "hierarchical":
        sets, negative = 0, 0
    elif model == "skipgram" and negatives == "per_pair":
        sets = int((windows.rights - windows.lefts - 1).sum())
    else:
        sets = len(windows.words)
    drawn = draw_all(tables.accept, tables.alias, key, np.int64(len(ids)), sets * negative)
    return Sample(windows.positions, windows.radii, drawn.reshape(sets, negative))


def prepare(function, model, loss, negatives, ids, offsets, tables, window, negative, seed):
    """Checks what `train_chunk` and `sample_chunk` share, subsamples, and lays the windows."""
    for name, value, known in (
        ("model", model, ("skipgram", "cbow")),
        ("loss", loss, ("negative", "hierarchical")),
        ("negatives", negatives, ("per_pair", "per_window")),
    ):
        require_choice(function, name, value, known)
    ids, offsets = np.ascontiguousarray(ids), np.ascontiguousarray(offsets)
    if ids.dtype != np.int32 or ids.ndim != 1:
        raise TypeError(f"{function}: ids must be 1-D int32, got {ids.dtype} of shape {ids.shape}")
    if offsets.dtype != np.int64 or offsets.ndim != 1:
        raise TypeError(
            f"{function}: offsets must be 1-D int64, got {offsets.dtype} of shape {offsets.shape}"
        )
    require_offsets(function, offsets, len(ids))
    require_ids(function, "ids", ids, len(tables.keep), dtype=np.int32)
    window = require_whole(function, "window", window, least=1)
    if loss == "negative":
        require_whole(function, "negative", negative, least=1)
    if loss == "hierarchical" and len(tables.up) == 0:
        raise ValueError(
            f"{function}: hierarchical softmax needs make_tables(counts, hierarchical=True)"
        )
    key = np.uint64(
        random_bits(np.uint64(seed), np.int64(0))
    )  # neighbouring seeds give unrelated keys
    return lay_windows(ids, offsets, tables.keep, np.int64(window), key), key


def _require_table(name, table, rows, dim):
    if table.dtype != np.float32 or not table.flags.c_contiguous or not table.flags.writeable:
        raise TypeError(
            f"train_chunk: {name} must be float32, C-contiguous and writeable, got {table.dtype}"
        )
    if table.ndim != 2 or len(table) < rows or table.shape[1] != dim or dim == 0:
        raise ValueError(
            f"train_chunk: {name} must be (words, dim), {rows} rows or more, dim as in inputs; got"
            f" shape {table.shape}"
        )
