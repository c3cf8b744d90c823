"""Lanes: a vector of 16 float32, which numba does not know by itself.

An operation on one is an intrinsic: it writes LLVM's instruction into the function that calls it.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

from embcourse.training import LANES

BLOCK = 6  # output rows in one pass: with their changes they fill 12 of the registers


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
def load(typingctx, array, row, column):
    """array[row, column : column + LANES]"""

    def codegen(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args)
        vector = builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()))
        vector.align = 4
        return vector

    return _lanes(array, types.intp, types.intp), codegen


@intrinsic
def store(typingctx, array, row, column, lanes):
    """array[row, column : column + LANES] = lanes"""

    def codegen(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args[:3])
        builder.store(args[3], builder.bitcast(pointer, _VECTOR.as_pointer()), align=4)

    return types.void(array, types.intp, types.intp, _lanes), codegen


@intrinsic
def prefetch(typingctx, array, row, column):
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
def choose(typingctx, condition, one, other):
    """`one if condition else other` without a branch: half of these would be foreseen wrongly."""

    def codegen(context, builder, signature, args):
        return builder.select(args[0], args[1], args[2])

    return types.int32(types.boolean, types.int32, types.int32), codegen


@intrinsic
def fill(typingctx, number):
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
def fma(typingctx, a, b, c):
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
def clamp(typingctx, lanes, bound):
    """Lanes limited to -bound ... bound; NaN stays."""

    def codegen(context, builder, signature, args):
        lanes, bound = args[0], _splat(builder, args[1])
        for limit, beyond in ((bound, ">"), (builder.fneg(bound), "<")):
            lanes = builder.select(builder.fcmp_ordered(beyond, lanes, limit), limit, lanes)
        return lanes

    return _lanes(_lanes, types.float32), codegen


@intrinsic
def times_power_of_two(typingctx, lanes, exponents):
    """lanes * 2^n, where the whole number n sits in the low bits of `exponents`."""

    def codegen(context, builder, signature, args):
        bits, exponents = (builder.bitcast(lanes, _BITS) for lanes in args)
        twentythree = ir.Constant(_BITS, [23] * LANES)  # where float32 keeps its exponent
        return builder.bitcast(builder.add(bits, builder.shl(exponents, twentythree)), _VECTOR)

    return _lanes(_lanes, _lanes), codegen


@intrinsic
def sums_of_rows(typingctx, array, row):
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
def sums_of_six(typingctx, v0, v1, v2, v3, v4, v5):
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


spread_0, spread_1, spread_2, spread_3, spread_4, spread_5 = map(_spread, range(BLOCK))
