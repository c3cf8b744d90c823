"""Training on a CPU: the updates of `reference`, in numba, on many threads at once.

Three things make it fast.

*Rows on cache lines.* The rows of the tables are padded with zeros to whole cache lines. What a
window uses again and again is copied into buffers that stay in the first-level cache, and only its
changes are added to the tables. Negatives are drawn a step ahead, and their rows fetched while
another step computes.

*A small matrix product.* The contexts of one window against one centre and its negatives: all dot
products of some 6 rows with 6 others. Every row that is loaded is used six times.

*Vectors by hand.* All arithmetic on rows is on `Lanes`, 16 numbers at a time, whatever the
processor's width. The compiler may split a `Lanes` in two or four, but it can't change the order of
any sum. So one thread gives the same bits on every processor.

Threads share the two tables without locks (Hogwild): each trains its own chunk of the corpus, numba
releases the interpreter's lock, and an update that another thread overwrites is lost. Recht et al.
(2011).
"""

import operator
from threading import Lock
from typing import Literal, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.datamodel import models, register_default
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array
from numpy.typing import ArrayLike, NDArray

from embcourse.text import keep_probabilities
from embcourse.training import LANES, padded_rows

BLOCK = 6  # output rows in one pass: with their changes they fill 12 of the registers
_copying = Lock()  # see `train_chunk`
_LOSS_EVERY = 64  # the loss is estimated from one step in 64
_ALWAYS = 2**31  # probabilities are stored as multiples of 2^-31: a coin is 31 random bits


class Tables(NamedTuple):
    """What training needs to know about the words, 4 bytes a number; made by `make_tables`.

    keep  : (words,) uint32; the probability that an occurrence survives subsampling, times 2^31.
    accept: (words,) uint32; the alias table of the noise distribution: the chance to stay in a
            column, times 2^31.
    alias : (words,) int32; where a draw goes that does not stay.
    up    : (2 words - 1,) int32, or empty; the Huffman tree from leaf to root. Node w < words is
            word w, node words + i is inner node i. up[node] is 2 x (inner node above) + (code of
            this branch); the root is the last node.
    depth : the longest path from a word to the root, in branches.
    """

    keep: NDArray[np.uint32]
    accept: NDArray[np.uint32]
    alias: NDArray[np.int32]
    up: NDArray[np.int32]
    depth: int


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


class _Windows(NamedTuple):
    """A chunk as it is trained: centre i is words[i], its contexts are words[lefts[i]:rights[i]]
    without words[i]."""

    words: NDArray[np.int32]
    positions: NDArray[np.int64]
    radii: NDArray[np.int32]
    lefts: NDArray[np.int32]
    rights: NDArray[np.int32]


class _Buffers(NamedTuple):
    """One thread's workspace. Rows are as wide as those of the tables."""

    inputs: NDArray[np.float32]  # (contexts, width) copies of input rows
    outputs: NDArray[np.float32]  # (targets, width) copies of output rows
    before: NDArray[np.float32]  # (targets, width) output rows before this window
    errors: NDArray[np.float32]  # (contexts, width) change of each input row
    products: NDArray[np.float32]  # (pairs, LANES) partial sums of the dot products
    logits: NDArray[np.float32]  # (1, pairs) dot products, pair (i, j) at i x targets + j
    gradients: NDArray[np.float32]  # (1, pairs) learning rate x (label - sigmoid(logit))
    labels: NDArray[np.float32]  # (1, pairs)
    firsts: NDArray[np.float32]  # (BLOCK + 1, LANES) row n is 1 in its first n lanes
    contexts: NDArray[np.int32]  # (contexts,) input rows of this step
    targets: NDArray[np.int32]  # (targets,) output rows of this step
    drawn: NDArray[np.int32]  # (targets,) the centre and its negatives, as drawn
    ahead: NDArray[np.int32]  # (2, targets) negatives of this step and of the next one
    in_order: NDArray[np.int32]  # (targets,) 0, 1, 2, ...


def make_tables(
    counts: ArrayLike, *, sample: float = 1e-3, power: float = 0.75, hierarchical: bool = False
) -> Tables:
    """Precomputes from the words' counts what `train_chunk` draws with.

    counts      : (words,) integers, how often each word occurs. One that never occurs is never
                  drawn.
    sample      : threshold of subsampling, a fraction of all tokens; 0 switches it off.
                  `text.keep_probabilities`.
    power       : exponent of the noise distribution, P_n(w) proportional to counts[w] ** power.
    hierarchical: make the Huffman tree too. It is the released C code's: words by falling count,
                  the inner node first in a tie, code 1 for the larger of two.
    returns     : `Tables`, 12 bytes a word, 20 with the tree.
    raises      : ValueError if counts is empty, not 1-D, negative or all zero, or if sample or
                  power is out of range.

    >>> tables = make_tables([4, 2, 1], hierarchical=True)
    >>> (
    ...     tables.up.tolist(),
    ...     tables.depth,
    ... )  # inner node 0 joins words 2 and 1; the root is inner node 1
    ([3, 1, 0, 2, 0], 2)
    """
    counts = np.asarray(counts)
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(
            f"make_tables: counts must be 1-D with at least one word, got shape {counts.shape}"
        )
    if (
        counts.dtype.kind not in "iuf"
        or not (np.isfinite(counts) & (counts >= 0)).all()
        or not (counts > 0).any()
    ):
        raise ValueError("make_tables: counts must be finite, not negative, and not all zero")
    if not np.isfinite(power):
        raise ValueError(f"make_tables: power must be finite, got {power!r}")
    keep = np.round(keep_probabilities(counts, sample, variant="code") * _ALWAYS).astype(np.uint32)
    noise = np.where(counts > 0, np.maximum(counts, 1e-300).astype(np.float64) ** power, 0.0)
    accept, alias = _alias_table(noise / noise.sum())
    up, depth = np.empty(0, np.int32), 0
    if hierarchical:
        order = np.argsort(-counts.astype(np.float64), kind="stable").astype(np.int32)
        up, depth = _huffman_tree(counts[order].astype(np.float64), order)
    return Tables(keep, accept, alias, up, depth)


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
    windows, key = _prepare(
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
            _make_buffers(inputs.shape[1], contexts, most),
        )
        if model == "skipgram" and loss == "hierarchical":
            return _train_skipgram_tree(*shared)
        if model == "skipgram" and negatives == "per_pair":
            return _train_skipgram_pairs(*shared, negative, key, draw)
        if model == "skipgram":
            return _train_skipgram_windows(*shared, negative, key, draw)
        if loss == "hierarchical":
            return _train_cbow_tree(*shared, bool(cbow_mean))
        return _train_cbow_windows(*shared, negative, key, draw, bool(cbow_mean))

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

    returns: `Sample`. Negatives are as drawn: one that equals its centre is still there.
    raises : as `train_chunk`.

    >>> tables = make_tables([3, 2, 2], sample=0)
    >>> ids, offsets = np.array([0, 1, 0, 2], np.int32), np.array([0, 4])
    >>> draws = sample_chunk("skipgram", "negative", "per_pair", ids, offsets, tables, 1, 2, seed=1)
    >>> draws.positions.tolist(), draws.radii.tolist(), draws.negatives.shape
    ([0, 1, 2, 3], [1, 1, 1, 1], (6, 2))
    """
    windows, key = _prepare(
        "sample_chunk", model, loss, negatives, ids, offsets, tables, window, negative, seed
    )
    if loss == "hierarchical":
        sets, negative = 0, 0
    elif model == "skipgram" and negatives == "per_pair":
        sets = int((windows.rights - windows.lefts - 1).sum())
    else:
        sets = len(windows.words)
    drawn = _draw_all(tables.accept, tables.alias, key, np.int64(len(ids)), sets * negative)
    return Sample(windows.positions, windows.radii, drawn.reshape(sets, negative))


def _prepare(function, model, loss, negatives, ids, offsets, tables, window, negative, seed):
    """Checks what `train_chunk` and `sample_chunk` share, subsamples, and lays the windows."""
    for name, value, known in (
        ("model", model, ("skipgram", "cbow")),
        ("loss", loss, ("negative", "hierarchical")),
        ("negatives", negatives, ("per_pair", "per_window")),
    ):
        if value not in known:
            raise ValueError(f"{function}: {name} must be one of {known}, got {value!r}")
    ids, offsets = np.ascontiguousarray(ids), np.ascontiguousarray(offsets)
    if ids.dtype != np.int32 or ids.ndim != 1:
        raise TypeError(f"{function}: ids must be 1-D int32, got {ids.dtype} of shape {ids.shape}")
    if offsets.dtype != np.int64 or offsets.ndim != 1:
        raise TypeError(
            f"{function}: offsets must be 1-D int64, got {offsets.dtype} of shape {offsets.shape}"
        )
    if (
        len(offsets) == 0
        or offsets[0] != 0
        or offsets[-1] != len(ids)
        or (np.diff(offsets) < 0).any()
    ):
        raise ValueError(
            f"{function}: offsets must rise from 0 to the number of tokens, {len(ids)}"
        )
    if len(ids) and not (ids.min() >= 0 and ids.max() < len(tables.keep)):
        raise ValueError(
            f"{function}: ids must lie in 0 ... {len(tables.keep) - 1}, got {ids.min()} to"
            f" {ids.max()}"
        )
    if window < 1:
        raise ValueError(f"{function}: window must be at least 1, got {window}")
    if loss == "negative" and negative < 1:
        raise ValueError(f"{function}: negative must be at least 1, got {negative}")
    if loss == "hierarchical" and len(tables.up) == 0:
        raise ValueError(
            f"{function}: hierarchical softmax needs make_tables(counts, hierarchical=True)"
        )
    key = np.uint64(_random(np.uint64(seed), np.int64(0)))  # neighbouring seeds give unrelated keys
    return _lay_windows(ids, offsets, tables.keep, np.int64(window), key), key


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


def _make_buffers(width: int, contexts: int, targets: int) -> _Buffers:
    targets = -(-targets // BLOCK) * BLOCK
    pairs = -(-contexts * targets // LANES) * LANES + LANES  # a vector may start at the last pair
    return _Buffers(
        padded_rows(contexts, width),
        padded_rows(targets, width),
        padded_rows(targets, width),
        padded_rows(contexts, width),
        padded_rows(pairs, LANES),
        padded_rows(1, pairs),
        padded_rows(1, pairs),
        padded_rows(1, pairs),
        np.tri(BLOCK + 1, LANES, -1, dtype=np.float32),
        np.zeros(contexts, np.int32),
        np.zeros(targets, np.int32),
        np.zeros(targets, np.int32),
        np.zeros((2, targets), np.int32),
        np.arange(targets, dtype=np.int32),
    )


# Lanes: a vector of 16 float32 that numba does not know by itself.


class _LanesType(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


_lanes = _LanesType()
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_BITS = ir.VectorType(ir.IntType(32), LANES)


@register_default(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _VECTOR)


def _pointer(context, builder, kind, array, row, column):
    """Address of array[row, column], without bounds check or wraparound."""
    array = make_array(kind)(context, builder, array)
    stride = builder.extract_value(array.shape, 1)
    return builder.gep(array.data, [builder.add(builder.mul(row, stride), column)])


@intrinsic
def _load(typingctx, array, row, column):
    """array[row, column : column + LANES]"""

    def codegen(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args)
        vector = builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()))
        vector.align = 4
        return vector

    return _lanes(array, types.intp, types.intp), codegen


@intrinsic
def _store(typingctx, array, row, column, lanes):
    """array[row, column : column + LANES] = lanes"""

    def codegen(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args[:3])
        builder.store(args[3], builder.bitcast(pointer, _VECTOR.as_pointer()), align=4)

    return types.void(array, types.intp, types.intp, _lanes), codegen


@intrinsic
def _prefetch(typingctx, array, row, column):
    """Asks for the cache line of array[row, column], to write in it, without waiting for it."""

    def codegen(context, builder, signature, args):
        pointer = builder.bitcast(
            _pointer(context, builder, signature.args[0], *args), ir.IntType(8).as_pointer()
        )
        kind = ir.FunctionType(ir.VoidType(), [pointer.type] + [ir.IntType(32)] * 3)
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        write, keep, data = (ir.Constant(ir.IntType(32), number) for number in (1, 3, 1))
        builder.call(prefetch, [pointer, write, keep, data])

    return types.void(array, types.intp, types.intp), codegen


@intrinsic
def _choose(typingctx, condition, one, other):
    """`one if condition else other` without a branch: half of these would be foreseen wrongly."""

    def codegen(context, builder, signature, args):
        return builder.select(args[0], args[1], args[2])

    return types.int32(types.boolean, types.int32, types.int32), codegen


@intrinsic
def _fill(typingctx, number):
    """The same number in all lanes."""

    def codegen(context, builder, signature, args):
        return _splat(builder, args[0])

    return _lanes(types.float32), codegen


def _splat(builder, number):
    first = builder.insert_element(
        ir.Constant(_VECTOR, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
    )
    return builder.shuffle_vector(first, first, ir.Constant(_BITS, [0] * LANES))


@intrinsic
def _fma(typingctx, a, b, c):
    """a * b + c, rounded once."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32"), args
        )

    return _lanes(_lanes, _lanes, _lanes), codegen


def _arithmetic(operation):
    """An intrinsic for one of LLVM's operations on two vectors."""

    @intrinsic
    def lane_by_lane(typingctx, a, b):
        def codegen(context, builder, signature, args):
            return getattr(builder, operation)(*args)

        return _lanes(_lanes, _lanes), codegen

    return lane_by_lane


_add, _subtract, _multiply, _divide = map(_arithmetic, ["fadd", "fsub", "fmul", "fdiv"])


@overload(operator.add)
def _overload_add(a, b):
    if a is _lanes and b is _lanes:
        return lambda a, b: _add(a, b)


@overload(operator.sub)
def _overload_sub(a, b):
    if a is _lanes and b is _lanes:
        return lambda a, b: _subtract(a, b)


@overload(operator.mul)
def _overload_mul(a, b):
    if a is _lanes and b is _lanes:
        return lambda a, b: _multiply(a, b)


@overload(operator.truediv)
def _overload_truediv(a, b):
    if a is _lanes and b is _lanes:
        return lambda a, b: _divide(a, b)


@intrinsic
def _clamp(typingctx, lanes, bound):
    """Lanes limited to -bound ... bound; NaN stays."""

    def codegen(context, builder, signature, args):
        lanes, bound = args[0], _splat(builder, args[1])
        for limit, beyond in ((bound, ">"), (builder.fneg(bound), "<")):
            lanes = builder.select(builder.fcmp_ordered(beyond, lanes, limit), limit, lanes)
        return lanes

    return _lanes(_lanes, types.float32), codegen


@intrinsic
def _times_power_of_two(typingctx, lanes, exponents):
    """lanes * 2^n, where the whole number n sits in the low bits of `exponents`."""

    def codegen(context, builder, signature, args):
        bits, exponents = (builder.bitcast(lanes, _BITS) for lanes in args)
        twentythree = ir.Constant(_BITS, [23] * LANES)  # where float32 keeps its exponent
        return builder.bitcast(builder.add(bits, builder.shl(exponents, twentythree)), _VECTOR)

    return _lanes(_lanes, _lanes), codegen


@intrinsic
def _sums_of_rows(typingctx, array, row):
    """Lane i becomes the sum of array[row + i]: 16 sums at once, by adding neighbours in a tree.

    Two vectors go into one that holds the sums of their neighbouring lanes, or of their
    neighbouring groups of four. Groups stay in order, so four rounds take 16 vectors to the 16
    sums.
    """

    def codegen(context, builder, signature, args):
        array, row = args
        zero = ir.Constant(row.type, 0)
        vectors = []
        for i in range(LANES):
            at = _pointer(
                context,
                builder,
                signature.args[0],
                array,
                builder.add(row, ir.Constant(row.type, i)),
                zero,
            )
            vector = builder.load(builder.bitcast(at, _VECTOR.as_pointer()))
            vector.align = 4
            vectors.append(vector)
        both = np.arange(2 * LANES)  # the lanes of two vectors, side by side
        # (four, vector, pair, left or right)
        inside = both.reshape(2, 4, 2, 2).transpose(1, 0, 2, 3)
        # (vector, pair of fours, lane, left or right)
        across = both.reshape(2, 2, 2, 4).transpose(0, 1, 3, 2)
        for neighbours in (inside, inside, across, across):
            left, right = (
                ir.Constant(_BITS, neighbours[..., side].ravel().tolist()) for side in (0, 1)
            )
            vectors = [
                builder.fadd(
                    builder.shuffle_vector(a, b, left), builder.shuffle_vector(a, b, right)
                )
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return vectors[0]

    return _lanes(array, types.intp), codegen


@intrinsic
def _sums_of_six(typingctx, v0, v1, v2, v3, v4, v5):
    """Lane i becomes the sum of the i-th vector, for the first six lanes; the others hold one of
    those again."""

    def codegen(context, builder, signature, args):
        vectors = [*args, *args[:2]]
        for half in (8, 4, 2, 1):
            # Two vectors go into one. The groups of 2 x half lanes stay in order, each folded on
            # itself.
            group, lane = np.divmod(np.arange(LANES), half)
            first = 2 * half * group + lane
            left, right = (ir.Constant(_BITS, lanes.tolist()) for lanes in (first, first + half))
            vectors = [
                builder.fadd(
                    builder.shuffle_vector(a, b, left), builder.shuffle_vector(a, b, right)
                )
                for a, b in zip(vectors[::2], vectors[1::2] or vectors, strict=True)
            ]
        return vectors[0]

    return _lanes(*[_lanes] * 6), codegen


def _spread(lane):
    """An intrinsic: that lane's number in all lanes."""

    @intrinsic
    def spread(typingctx, lanes):
        def codegen(context, builder, signature, args):
            return builder.shuffle_vector(args[0], args[0], ir.Constant(_BITS, [lane] * LANES))

        return _lanes(_lanes), codegen

    return spread


_spread_0, _spread_1, _spread_2, _spread_3, _spread_4, _spread_5 = map(_spread, range(BLOCK))


# The kernels allocate nothing and keep nothing. Without numba's reference counts on the arrays that
# they hand on, which would cost more than the arithmetic, they run three times as fast.
_kernel = njit(nogil=True, cache=True, error_model="numpy", _nrt=False)
_inlined = njit(forceinline=True, error_model="numpy", _nrt=False)


# Random draws.


@njit(nogil=True, cache=True)
def _random(key, n):
    """Draw n of the stream `key`: 64 random bits; none needs the one before.

    SplitMix64: Steele, Lea & Flood (2014).
    """
    bits = key + np.uint64(n + 1) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@_inlined
def _below(size, bits):
    """A whole number in 0 ... size - 1 from the lower 32 bits."""
    return np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(size)) >> np.uint64(32))


@_inlined
def _coin(bits):
    """31 bits, the upper ones."""
    return np.uint32(bits >> np.uint64(33))


@njit(nogil=True, cache=True)
def _lay_windows(ids, offsets, keep, window, key):
    """Subsampling, then a radius for each survivor: token t uses draw t for both, its upper and its
    lower bits."""
    words, positions = np.empty(len(ids), np.int32), np.empty(len(ids), np.int64)
    radii, lefts, rights = (
        np.empty(len(ids), np.int32),
        np.empty(len(ids), np.int32),
        np.empty(len(ids), np.int32),
    )
    kept = 0
    for sentence in range(len(offsets) - 1):
        start = kept
        for t in range(offsets[sentence], offsets[sentence + 1]):
            bits = _random(key, t)
            if _coin(bits) < keep[ids[t]]:
                words[kept] = ids[t]
                positions[kept] = t
                radii[kept] = 1 + _below(window, bits)
                kept += 1
        for i in range(start, kept):
            lefts[i] = max(start, i - radii[i])
            rights[i] = min(kept, i + radii[i] + 1)
    return _Windows(words[:kept], positions[:kept], radii[:kept], lefts[:kept], rights[:kept])


@_inlined
def _draw_noise(accept, alias, key, draw):
    """One word of the noise: a column of the alias table, then its coin."""
    bits = _random(key, draw)
    column = _below(len(accept), bits)
    stays = _coin(bits) < accept[column]
    return _choose(stays, np.int32(column), alias[column])


@njit(nogil=True, cache=True)
def _draw_all(accept, alias, key, first, count):
    drawn = np.empty(count, np.int32)
    for i in range(count):
        drawn[i] = _draw_noise(accept, alias, key, first + i)
    return drawn


@_inlined
def _draw_ahead(table, tables, negative, key, draw, ahead, half):
    """Draws the negatives of the next step, and asks for their rows."""
    for j in range(negative):
        word = _draw_noise(tables.accept, tables.alias, key, draw + j)
        ahead[half, j] = word
        _prefetch_row(table, word)


@_inlined
def _prefetch_row(table, row):
    for k in range(0, table.shape[1], LANES):
        _prefetch(table, row, k)


@_inlined
def _take_targets(word, ahead, half, negative, targets):
    """Target rows: the centre and its negatives, without those that are the centre. Returns how
    many."""
    targets[0] = word
    count = 1
    for j in range(negative):
        drawn = ahead[half, j]
        if drawn != word:
            targets[count] = drawn
            count += 1
    return count


@_inlined
def _find_contexts(windows, centre, contexts):
    """Input rows of a window, from left to right. Returns how many."""
    count = 0
    for i in range(windows.lefts[centre], windows.rights[centre]):
        if i != centre:
            contexts[count] = windows.words[i]
            count += 1
    return count


# One step: some input rows against some output rows.


@_inlined
def _copy_row(table, row, copy, to):
    for k in range(0, table.shape[1], LANES):
        _store(copy, to, k, _load(table, row, k))


@_inlined
def _add_row(table, row, changes, i):
    """Adds row i of a buffer to a row of the table."""
    for k in range(0, table.shape[1], LANES):
        _store(table, row, k, _load(table, row, k) + _load(changes, i, k))


@_inlined
def _clear_row(buffer, i):
    for k in range(0, buffer.shape[1], LANES):
        _store(buffer, i, k, _fill(np.float32(0.0)))


@_inlined
def _sigmoid(x):
    """1 / (1 + exp(-x)), within 1.2e-7 of it.

    exp(-x) = 2^n exp(r), with n the whole number nearest to -x / ln 2 and |r| <= ln(2) / 2, where a
    polynomial will do.
    """
    one = _fill(np.float32(1.0))
    x = _clamp(x, np.float32(87.0))  # exp(87) is still a float32
    magic = _fill(np.float32(12582912.0))  # 1.5 x 2^23: adding it rounds to whole numbers
    shifted = _fma(x, _fill(np.float32(-1.4426950408889634)), magic)
    n = shifted - magic
    # ln 2, in two parts: the first
    r = _fma(n, _fill(np.float32(-0.693359375)), _fill(np.float32(0.0)) - x)
    r = _fma(n, _fill(np.float32(2.12194440e-4)), r)  # times n is exact
    p = _fma(_fill(np.float32(1.9875691500e-4)), r, _fill(np.float32(1.3981999507e-3)))
    p = _fma(p, r, _fill(np.float32(8.3334519073e-3)))
    p = _fma(p, r, _fill(np.float32(4.1665795894e-2)))
    p = _fma(p, r, _fill(np.float32(1.6666665459e-1)))
    p = _fma(p, r, _fill(np.float32(5.0000001201e-1)))
    p = _fma(p, r * r, r + one)
    return one / (one + _times_power_of_two(p, shifted))


@_inlined
def _compute_logits(inputs, rows, outputs, targets, products, logits):
    """logits[i x targets + j] = inputs[i] . outputs[j], six at a time.

    `targets` is a multiple of 6. Six dot products advance together, so that
    each vector of the input row is loaded once for six.
    """
    for j in range(0, targets, BLOCK):
        for i in range(rows):
            s0 = s1 = s2 = s3 = s4 = s5 = _fill(np.float32(0.0))
            for k in range(0, inputs.shape[1], LANES):
                x = _load(inputs, i, k)
                s0 = _fma(x, _load(outputs, j, k), s0)
                s1 = _fma(x, _load(outputs, j + 1, k), s1)
                s2 = _fma(x, _load(outputs, j + 2, k), s2)
                s3 = _fma(x, _load(outputs, j + 3, k), s3)
                s4 = _fma(x, _load(outputs, j + 4, k), s4)
                s5 = _fma(x, _load(outputs, j + 5, k), s5)
            pair = i * targets + j
            _store(products, pair, 0, s0)
            _store(products, pair + 1, 0, s1)
            _store(products, pair + 2, 0, s2)
            _store(products, pair + 3, 0, s3)
            _store(products, pair + 4, 0, s4)
            _store(products, pair + 5, 0, s5)
    for pair in range(0, rows * targets, LANES):
        _store(logits, 0, pair, _sums_of_rows(products, pair))


@_inlined
def _compute_gradients(logits, labels, rate, rows, targets, used, gradients):
    """Learning rate x (label - sigmoid(logit)), and 0 for the rows that only fill up a block of
    6."""
    for pair in range(0, rows * targets, LANES):
        error = _load(labels, 0, pair) - _sigmoid(_load(logits, 0, pair))
        _store(gradients, 0, pair, _fill(rate) * error)
    if used < targets:
        for i in range(rows):
            for j in range(used, targets):
                gradients[0, i * targets + j] = np.float32(0.0)


@_inlined
def _apply_gradients(inputs, outputs, gradients, rows, targets, errors):
    """Both halves of the update, from the rows as they were copied.

    errors[i] += sum over j of g[i, j] outputs[j], and outputs[j] becomes sum
    over i of g[i, j] inputs[i]. Six output rows and their changes stay in
    registers.
    """
    for j in range(0, targets, BLOCK):
        for k in range(0, inputs.shape[1], LANES):
            y0, y1 = _load(outputs, j, k), _load(outputs, j + 1, k)
            y2, y3 = _load(outputs, j + 2, k), _load(outputs, j + 3, k)
            y4, y5 = _load(outputs, j + 4, k), _load(outputs, j + 5, k)
            d0 = d1 = d2 = d3 = d4 = d5 = _fill(np.float32(0.0))
            for i in range(rows):
                pair = i * targets + j
                x, error = _load(inputs, i, k), _load(errors, i, k)
                g = _fill(gradients[0, pair])
                d0, error = _fma(g, x, d0), _fma(g, y0, error)
                g = _fill(gradients[0, pair + 1])
                d1, error = _fma(g, x, d1), _fma(g, y1, error)
                g = _fill(gradients[0, pair + 2])
                d2, error = _fma(g, x, d2), _fma(g, y2, error)
                g = _fill(gradients[0, pair + 3])
                d3, error = _fma(g, x, d3), _fma(g, y3, error)
                g = _fill(gradients[0, pair + 4])
                d4, error = _fma(g, x, d4), _fma(g, y4, error)
                g = _fill(gradients[0, pair + 5])
                d5, error = _fma(g, x, d5), _fma(g, y5, error)
                _store(errors, i, k, error)
            _store(outputs, j, k, d0)
            _store(outputs, j + 1, k, d1)
            _store(outputs, j + 2, k, d2)
            _store(outputs, j + 3, k, d3)
            _store(outputs, j + 4, k, d4)
            _store(outputs, j + 5, k, d5)


@_inlined
def _find_gradients(inputs, row, outputs, ids, used, rate, buffers, j):
    """Learning rate x (label - sigmoid(logit)) of one input row against the six output rows ids[j],
    ids[j + 1], ...

    In the first six lanes; 0 from row `used` on, where the block is only filled up. Nothing leaves
    the registers but the logits, for the loss.
    """
    r0, r1, r2, r3, r4, r5 = ids[j], ids[j + 1], ids[j + 2], ids[j + 3], ids[j + 4], ids[j + 5]
    s0 = s1 = s2 = s3 = s4 = s5 = _fill(np.float32(0.0))
    for k in range(0, inputs.shape[1], LANES):
        x = _load(inputs, row, k)
        s0 = _fma(x, _load(outputs, r0, k), s0)
        s1 = _fma(x, _load(outputs, r1, k), s1)
        s2 = _fma(x, _load(outputs, r2, k), s2)
        s3 = _fma(x, _load(outputs, r3, k), s3)
        s4 = _fma(x, _load(outputs, r4, k), s4)
        s5 = _fma(x, _load(outputs, r5, k), s5)
    logits = _sums_of_six(s0, s1, s2, s3, s4, s5)
    _store(buffers.logits, 0, j, logits)
    rates = _fill(rate) * _load(buffers.firsts, min(used - j, BLOCK), 0)
    return rates * (_load(buffers.labels, 0, j) - _sigmoid(logits))


@_inlined
def _update_rows(inputs, row, outputs, ids, gradients, errors, j):
    """The six output rows change where they lie, and errors[0] += sum over j of gradient j x output
    row j as it was."""
    r0, r1, r2, r3, r4, r5 = ids[j], ids[j + 1], ids[j + 2], ids[j + 3], ids[j + 4], ids[j + 5]
    g0, g1, g2 = _spread_0(gradients), _spread_1(gradients), _spread_2(gradients)
    g3, g4, g5 = _spread_3(gradients), _spread_4(gradients), _spread_5(gradients)
    for k in range(0, inputs.shape[1], LANES):
        x, error = _load(inputs, row, k), _load(errors, 0, k)
        error = _update_row(outputs, r0, k, g0, x, error)
        error = _update_row(outputs, r1, k, g1, x, error)
        error = _update_row(outputs, r2, k, g2, x, error)
        error = _update_row(outputs, r3, k, g3, x, error)
        error = _update_row(outputs, r4, k, g4, x, error)
        error = _update_row(outputs, r5, k, g5, x, error)
        _store(errors, 0, k, error)


@_inlined
def _update_row(outputs, row, k, gradient, x, error):
    y = _load(outputs, row, k)
    _store(outputs, row, k, _fma(gradient, x, y))
    return _fma(gradient, y, error)


@_inlined
def _fill_up(ids, used, targets):
    """Fills a block of 6 up with its first row, whose gradient will be 0 there."""
    for j in range(used, targets):
        ids[j] = ids[0]


@_inlined
def _step_window(outputs, buffers, rows, used, targets, rate):
    """Trains the input rows in the buffer against the target rows. All dot products are taken
    before any change."""
    _fill_up(buffers.targets, used, targets)
    for j in range(targets):
        _copy_row(outputs, buffers.targets[j], buffers.outputs, j)
    _compute_logits(
        buffers.inputs, rows, buffers.outputs, targets, buffers.products, buffers.logits
    )
    _compute_gradients(buffers.logits, buffers.labels, rate, rows, targets, used, buffers.gradients)
    _apply_gradients(
        buffers.inputs, buffers.outputs, buffers.gradients, rows, targets, buffers.errors
    )
    for j in range(used):
        _add_row(outputs, buffers.targets[j], buffers.outputs, j)


@_inlined
def _step_row(inputs, row, outputs, ids, buffers, used, rate):
    """Trains an input row against distinct output rows; its own change is left in errors[0]."""
    _clear_row(buffers.errors, 0)
    for j in range(0, used, BLOCK):  # while one block waits for its sigmoid, the next multiplies
        _store(
            buffers.gradients,
            0,
            j,
            _find_gradients(inputs, row, outputs, ids, used, rate, buffers, j),
        )
    for j in range(0, used, BLOCK):
        _update_rows(inputs, row, outputs, ids, _load(buffers.gradients, 0, j), buffers.errors, j)


@_inlined
def _step_drawn(
    inputs, row, outputs, word, tables, negative, key, draw, half, buffers, rate, sampled
):
    """Trains an input row against a word and its negatives, and draws those of the next step
    meanwhile.

    Its own change is left in errors[0]. Returns the loss before the step, if it is wanted.
    """
    used = _take_targets(word, buffers.ahead, half, negative, buffers.drawn)
    _clear_row(buffers.errors, 0)
    loss, done = 0.0, 0
    while done < used:
        # A word that was drawn twice is changed twice, one after the other: it starts another
        # round.
        run = _take_distinct(buffers.drawn, done, used, buffers.targets)
        _fill_up(buffers.targets, run, _whole_blocks(run))
        buffers.labels[0, 0] = np.float32(done == 0)
        for j in range(0, run, BLOCK):
            gradients = _find_gradients(
                inputs, row, outputs, buffers.targets, run, rate, buffers, j
            )
            if done + j == 0:  # here the processor would wait for the sigmoid
                _draw_ahead(
                    outputs, tables, negative, key, draw + negative, buffers.ahead, 1 - half
                )
            _update_rows(inputs, row, outputs, buffers.targets, gradients, buffers.errors, j)
        if sampled:
            loss += _loss(buffers.logits, buffers.labels, 1, run, 0)
        done += run
    return loss


@_inlined
def _whole_blocks(targets):
    return (targets + BLOCK - 1) // BLOCK * BLOCK


@_inlined
def _label_first(labels, targets):
    """The first target is true, the others are noise: 1, 0, 0, ... for every input row."""
    for pair in range(labels.shape[1]):
        labels[0, pair] = np.float32(pair % targets == 0)


@_inlined
def _loss(logits, labels, rows, used, targets):
    """Sum of -log sigmoid(logit) over true targets and -log sigmoid(-logit) over noise."""
    total = 0.0
    for i in range(rows):
        for j in range(used):
            logit = float(logits[0, i * targets + j])
            wrong = -logit if labels[0, i * targets + j] > 0 else logit
            total += max(wrong, 0.0) + np.log1p(np.exp(-abs(wrong)))
    return total


@_inlined
def _copy_inputs(table, ids, count, buffers):
    for i in range(count):
        _copy_row(table, ids[i], buffers.inputs, i)
        _clear_row(buffers.errors, i)


@_kernel
def _train_skipgram_windows(inputs, outputs, windows, rates, tables, buffers, negative, key, draw):
    """Skip-gram, negatives shared by a window: one step for its contexts."""
    targets = _whole_blocks(1 + negative)
    _label_first(buffers.labels, targets)
    loss, terms, half = 0.0, 0, 0
    _draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
    for centre in range(len(windows.words)):
        count = _find_contexts(windows, centre, buffers.contexts)
        word = windows.words[centre]
        used = _take_targets(word, buffers.ahead, half, negative, buffers.targets)
        draw, half = draw + negative, 1 - half
        _draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
        if count == 0:
            continue
        _copy_inputs(inputs, buffers.contexts, count, buffers)
        _step_window(outputs, buffers, count, used, targets, rates[centre])
        for i in range(count):  # a word that stands there twice gets both
            _add_row(inputs, buffers.contexts[i], buffers.errors, i)
        if centre % _LOSS_EVERY == 0:
            loss += _loss(buffers.logits, buffers.labels, count, used, targets)
            terms += count
    return loss, terms


@_kernel
def _train_skipgram_pairs(inputs, outputs, windows, rates, tables, buffers, negative, key, draw):
    """Skip-gram as released: fresh negatives for every pair, and the next pair sees this one's
    changes."""
    targets = _whole_blocks(1 + negative)
    _label_first(buffers.labels, targets)
    loss, terms, half = 0.0, 0, 0
    _draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
    for centre in range(len(windows.words)):
        for i in range(windows.lefts[centre], windows.rights[centre]):
            if i == centre:
                continue
            loss += _step_drawn(
                inputs,
                windows.words[i],
                outputs,
                windows.words[centre],
                tables,
                negative,
                key,
                draw,
                half,
                buffers,
                rates[centre],
                centre % _LOSS_EVERY == 0,
            )
            draw, half = draw + negative, 1 - half
            _add_row(inputs, windows.words[i], buffers.errors, 0)
            if centre % _LOSS_EVERY == 0:
                terms += 1
    return loss, terms


@_inlined
def _take_distinct(drawn, start, stop, targets):
    """Copies drawn[start:stop] up to the first word that came before. Returns how many."""
    repeats = 0
    for i in range(start, stop):
        targets[i - start] = drawn[i]
        for earlier in range(start, i):
            repeats += drawn[earlier] == drawn[i]
    if repeats == 0:  # nearly always, and found without a branch
        return stop - start
    for i in range(start, stop):
        for earlier in range(start, i):
            if drawn[earlier] == drawn[i]:
                return i - start
    return stop - start


@_inlined
def _find_path(word, up, targets, labels):
    """The inner nodes from a word to the root, and 1 for each branch with code 0. Returns how
    many."""
    words = (len(up) + 1) // 2
    node, count = np.int64(word), 0
    while node < len(up) - 1:
        branch = np.int64(up[node])
        targets[count] = branch >> 1
        labels[0, count] = 1 - (branch & 1)
        node = words + (branch >> 1)
        count += 1
    return count


@_kernel
def _train_skipgram_tree(inputs, outputs, windows, rates, tables, buffers):
    """Skip-gram with hierarchical softmax: each context predicts the branches on the centre's path.

    The path is the same for all contexts of a window. Its rows are trained in a copy, and the table
    gets their changes at the end: the nodes near the root are on nearly every path, and threads
    would fight for them.
    """
    loss, terms = 0.0, 0
    for centre in range(len(windows.words)):
        used = _find_path(windows.words[centre], tables.up, buffers.targets, buffers.labels)
        for j in range(used):
            _copy_row(outputs, buffers.targets[j], buffers.outputs, j)
            _copy_row(outputs, buffers.targets[j], buffers.before, j)
        for i in range(windows.lefts[centre], windows.rights[centre]):
            if i == centre or used == 0:
                continue
            _step_row(
                inputs,
                windows.words[i],
                buffers.outputs,
                buffers.in_order,
                buffers,
                used,
                rates[centre],
            )
            _add_row(inputs, windows.words[i], buffers.errors, 0)
            if centre % _LOSS_EVERY == 0:
                loss += _loss(buffers.logits, buffers.labels, 1, used, 0)
                terms += 1
        for j in range(used):
            for k in range(0, outputs.shape[1], LANES):
                _store(
                    buffers.outputs,
                    j,
                    k,
                    _load(buffers.outputs, j, k) - _load(buffers.before, j, k),
                )
            _add_row(outputs, buffers.targets[j], buffers.outputs, j)
    return loss, terms


@_inlined
def _compute_hidden(table, ids, count, mean, hidden):
    """CBOW's hidden vector: the mean, or sum, of the contexts' input rows, in row 0 of the
    buffer."""
    share = _fill(np.float32(1.0) / np.float32(count) if mean else np.float32(1.0))
    for k in range(0, table.shape[1], LANES):
        total = _load(table, ids[0], k)
        for i in range(1, count):
            total = total + _load(table, ids[i], k)
        _store(hidden, 0, k, total * share)


@_inlined
def _add_error_to_all(table, ids, count, errors):
    """CBOW's error to every context, undivided, as the released C code and gensim do: for the mean
    that is `count`
    times its gradient."""
    for i in range(count):
        _add_row(table, ids[i], errors, 0)


@_kernel
def _train_cbow_windows(
    inputs, outputs, windows, rates, tables, buffers, negative, key, draw, mean
):
    """CBOW with negative sampling: the mean of the contexts predicts the centre."""
    targets = _whole_blocks(1 + negative)
    _label_first(buffers.labels, targets)
    loss, terms, half = 0.0, 0, 0
    _draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
    for centre in range(len(windows.words)):
        count = _find_contexts(windows, centre, buffers.contexts)
        if count == 0:
            draw += negative
            _draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
            continue
        _compute_hidden(inputs, buffers.contexts, count, mean, buffers.inputs)
        loss += _step_drawn(
            buffers.inputs,
            0,
            outputs,
            windows.words[centre],
            tables,
            negative,
            key,
            draw,
            half,
            buffers,
            rates[centre],
            centre % _LOSS_EVERY == 0,
        )
        draw, half = draw + negative, 1 - half
        _add_error_to_all(inputs, buffers.contexts, count, buffers.errors)
        if centre % _LOSS_EVERY == 0:
            terms += 1
    return loss, terms


@_kernel
def _train_cbow_tree(inputs, outputs, windows, rates, tables, buffers, mean):
    """CBOW with hierarchical softmax."""
    loss, terms = 0.0, 0
    for centre in range(len(windows.words)):
        count = _find_contexts(windows, centre, buffers.contexts)
        used = _find_path(windows.words[centre], tables.up, buffers.targets, buffers.labels)
        if count == 0 or used == 0:
            continue
        _compute_hidden(inputs, buffers.contexts, count, mean, buffers.inputs)
        _fill_up(buffers.targets, used, _whole_blocks(used))
        _step_row(buffers.inputs, 0, outputs, buffers.targets, buffers, used, rates[centre])
        _add_error_to_all(inputs, buffers.contexts, count, buffers.errors)
        if centre % _LOSS_EVERY == 0:
            loss += _loss(buffers.logits, buffers.labels, 1, used, 0)
            terms += 1
    return loss, terms


# Tables.


@njit(nogil=True, cache=True)
def _alias_table(probabilities):
    """Vose's alias table, in multiples of 2^-31: O(words) to build, one column and one coin a draw.
    Vose (1991)."""
    words = len(probabilities)
    accept, alias = np.full(words, np.uint32(_ALWAYS), np.uint32), np.arange(words).astype(np.int32)
    share = probabilities * words  # 1 is a column's worth
    small, large = np.empty(words, np.int32), np.empty(words, np.int32)
    smalls = larges = 0
    for word in range(words):
        if share[word] < 1.0:
            small[smalls] = word
            smalls += 1
        else:
            large[larges] = word
            larges += 1
    while smalls and larges:
        smalls -= 1
        low, high = small[smalls], large[larges - 1]
        accept[low] = np.uint32(round(share[low] * _ALWAYS))
        alias[low] = high
        share[high] -= 1.0 - share[low]
        if share[high] < 1.0:
            larges -= 1
            small[smalls] = high
            smalls += 1
    return accept, alias


@njit(nogil=True, cache=True)
def _huffman_tree(counts, order):
    """Huffman's tree of words with falling counts; order[i] is the id of word i. Returns
    `Tables.up` and `.depth`."""
    words = len(counts)
    totals = np.empty(2 * words - 1)
    totals[:words] = counts
    up = np.zeros(2 * words - 1, np.int32)
    leaf, inner = words - 1, words  # the smallest word, the oldest inner node
    for new in range(words, 2 * words - 1):
        total = 0.0
        for code in range(2):
            if leaf >= 0 and (inner == new or totals[leaf] < totals[inner]):
                node = np.int64(order[leaf])
                total += totals[leaf]
                leaf -= 1
            else:
                node = inner
                total += totals[inner]
                inner += 1
            up[node] = 2 * (new - words) + code
        totals[new] = total
    depths = np.zeros(2 * words - 1, np.int32)
    for node in range(2 * words - 3, -1, -1):  # an inner node comes after what hangs below it
        depths[node] = depths[words + (up[node] >> 1)] + 1
    return up, depths.max()
