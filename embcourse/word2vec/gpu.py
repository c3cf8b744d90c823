"""The exact softmax loss on a GPU, without the logits: Triton kernels in the manner of
FlashAttention.

A batch of B examples against V words makes B x V logits. Usual code writes them to memory, reads
them for the softmax, writes their gradient and reads that twice, and the reading and writing takes
longer than the arithmetic. Here a tile of logits lives and dies on one multiprocessor, in two
kernels.

1. `_scan_vocabulary`: a program holds a tile of hidden vectors and walks over the output table. It
   keeps for every example the largest logit, the sum of exponentials, and the sum of output rows
   weighted by them. That is attention with the hidden vectors as queries and the output table as
   both keys and values, and it yields the loss and the gradient for the hidden vectors together:
   sum_o P(o|h) u_o - u_target. `_finish` joins what several programs found out about one example in
   different parts of the vocabulary.
2. `_scan_batch`: a program holds a tile of output rows, walks over the batch, computes the
   probabilities again from the known log-sum-exp, and sums up sum_b (P(o|h_b) - [o is b's target])
   h_b.

Each walk takes two matrix products, so the whole takes four; eager code takes three. Nothing is
added with atomics: two runs agree to the last bit.
"""

import math
import os
from typing import Any, Literal, get_args

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from embcourse.arguments import require_choice
from embcourse.word2vec.fast import require_batch

Precision = Literal["ieee", "tf32x3", "tf32", "bf16"]

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"  # kernels run in Python, on CPU tensors
WIDEN = tl.constexpr(INTERPRETED)
LOG2_E = tl.constexpr(math.log2(math.e))
LN_2 = tl.constexpr(math.log(2.0))

_LARGEST_DIM = 512
_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def softmax_loss(
    hidden: Tensor, outputs: Tensor, targets: Tensor, *, precision: Precision | None = None
) -> Tensor:
    """Mean of -ln P(target | hidden) over a batch.

    CPU twin: `fast.softmax_loss`.

    Differentiable once, with respect to hidden and outputs. Beside the gradients it takes about (d
    + 2) x B float32 numbers times the number of parts that the vocabulary is cut into (two for B =
    16,384 on an H200, at most 32, and so many for a small batch only), and 2 (B + V) d bytes more
    for "bf16". The first call for a dimension and dtype compiles and tunes for some seconds. Memory
    is read fastest where d is a multiple of 16.

    hidden   : (B, d) float32, bfloat16 or float16 on a CUDA device, at least one row; d at most
               512.
    outputs  : (V, d), same dtype and device.
    targets  : (B,) integers from 0 to V - 1.
    precision: for float32, how the tensor cores multiply. "ieee": not at all, plain float32
               arithmetic. "tf32x3": three products of 11-bit pieces, nearly as exact. "tf32": 11
               bits. "bf16": hidden and outputs are rounded to bfloat16, 8 bits. Sums are float32 in
               all of them. None: "tf32x3" under torch's default
               `torch.get_float32_matmul_precision() == "highest"`, else "tf32". The 16-bit dtypes
               have one way only.
    returns  : float32 scalar, in nats.
    raises   : as `fast.softmax_loss`, and ValueError for tensors that are not on a CUDA device, a
               larger d, or an unknown precision or one given for 16-bit tensors.

    The loss is never wrong by much more than the rounding of a logit: 2^-24 of its terms' absolute
    sum for float32, 2^-11 for "tf32", 2^-8 for "bf16". The gradients' weights P are rounded to the
    tables' format before the second product.

    Milakov & Gimelshein (2018) for the running maximum and sum; Dao et al. (2022) for attention in
    tiles.
    """
    require_batch("softmax_loss", hidden, outputs, targets, _DTYPES)
    if hidden.device.type != "cuda" and not INTERPRETED:
        raise ValueError(
            f"softmax_loss: tensors must lie on a CUDA device, got {hidden.device};"
            " word2vec.fast.softmax_loss is for the CPU, and TRITON_INTERPRET=1 runs this one"
            " there, slowly"
        )
    if hidden.shape[1] > _LARGEST_DIM:
        raise ValueError(f"softmax_loss: d must be at most {_LARGEST_DIM}, got {hidden.shape[1]}")
    require_choice("softmax_loss", "precision", precision, (*get_args(Precision), None))
    if hidden.dtype != torch.float32 and precision is not None:
        raise ValueError(
            f"softmax_loss: precision is for float32 tensors, got {precision!r} for {hidden.dtype}"
        )
    if precision is None:
        precision = "tf32x3" if torch.get_float32_matmul_precision() == "highest" else "tf32"
    return _SoftmaxLoss.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        hidden, outputs, targets, precision
    )


class _SoftmaxLoss(torch.autograd.Function):
    """Launches the kernels."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, outputs: Tensor, targets: Tensor, precision: Precision
    ) -> Tensor:
        ctx.dtype = hidden.dtype
        if precision == "bf16":
            hidden, outputs = hidden.bfloat16(), outputs.bfloat16()
        hidden, outputs, targets = hidden.contiguous(), outputs.contiguous(), targets.contiguous()
        (batch, dim), words = hidden.shape, len(outputs)
        product = "ieee" if hidden.dtype != torch.float32 else precision
        parts = _parts(batch, words, hidden.device)
        with_gradient = ctx.needs_input_grad[0]

        def empty(*shape: int) -> Tensor:
            return torch.empty(shape, dtype=torch.float32, device=hidden.device)

        largest, total = empty(parts, batch), empty(parts, batch)
        # Where no gradient is wanted the kernels do not touch these, and any tensor will do.
        expected = empty(parts, batch, dim) if with_gradient else total
        losses, log_sum = empty(batch), empty(batch)
        gradient = empty(batch, dim) if with_gradient else total
        width = max(16, triton.next_power_of_2(dim))
        with _device(hidden):
            _scan_vocabulary[lambda meta: (triton.cdiv(batch, meta["BLOCK_B"]), parts)](
                hidden,
                outputs,
                largest,
                total,
                expected,
                batch,
                words,
                dim,
                parts,
                D=width,
                PRODUCT=product,
                WITH_GRADIENT=with_gradient,
            )
            _finish[(triton.cdiv(batch, 16),)](
                hidden,
                outputs,
                targets,
                largest,
                total,
                expected,
                losses,
                log_sum,
                gradient,
                batch,
                dim,
                parts,
                D=width,
                BLOCK_B=16,
                WITH_GRADIENT=with_gradient,
            )
        ctx.product = product
        ctx.save_for_backward(hidden, outputs, targets, log_sum, gradient)
        return losses.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        hidden, outputs, targets, log_sum, gradient = ctx.saved_tensors
        batch, dim = hidden.shape
        scale = (upstream / batch).float().reshape(1)
        grad_hidden = grad_outputs = None
        if ctx.needs_input_grad[0]:
            # Kept in float32 until here: in float16, P / B would be lost before a loss scale could
            # save it.
            grad_hidden = (gradient * scale).to(ctx.dtype)
        if ctx.needs_input_grad[1]:
            grad_outputs = torch.empty_like(outputs, dtype=ctx.dtype)
            unit = 1024.0 if hidden.dtype == torch.float16 else 1.0
            with _device(hidden):
                _scan_batch[lambda meta: (triton.cdiv(len(outputs), meta["BLOCK_V"]),)](
                    hidden,
                    outputs,
                    targets,
                    log_sum,
                    scale,
                    grad_outputs,
                    batch,
                    len(outputs),
                    dim,
                    D=max(16, triton.next_power_of_2(dim)),
                    PRODUCT=ctx.product,
                    LOG2_UNIT=math.log2(unit),
                    UNIT=unit,
                )
        return grad_hidden, grad_outputs, None, None


def _device(tensor: Tensor) -> Any:
    """Triton launches on the current device, which need not be the tensors'."""
    return torch.cuda.device_of(tensor)


def _parts(batch: int, words: int, device: torch.device) -> int:
    """Into how many parts the vocabulary is cut, such that tiles times parts leave no round of
    programs half empty.

    Two programs may run on a multiprocessor at a time. Of equally good numbers the smallest, which
    takes least memory.
    """
    processors = (
        torch.cuda.get_device_properties(device).multi_processor_count
        if device.type == "cuda"
        else 2
    )
    tiles, at_a_time = triton.cdiv(batch, 128), 2 * processors

    def cost(parts: int) -> float:
        return triton.cdiv(tiles * parts, at_a_time) * at_a_time / (tiles * parts)

    return min(
        range(1, min(triton.cdiv(words, 128), 32) + 1),
        key=lambda parts: (round(cost(parts), 1), parts),
    )


def _configurations(names: tuple[str, str]) -> list[triton.Config]:
    """Tile sizes to try: rows held by a program, rows of a step, warps, stages of loading ahead."""
    if INTERPRETED:
        tried = [(16, 32, 4, 1)]  # small, so that small tests have several tiles
    else:
        tried = [
            (128, 128, 8, 3),
            (128, 128, 8, 2),
            (128, 64, 8, 3),
            (128, 64, 4, 3),
            (64, 64, 4, 3),
            (64, 64, 8, 2),
            (64, 32, 4, 2),
            (32, 32, 4, 2),
        ]
    held, step = names
    return [
        triton.Config({held: rows, step: columns}, num_warps=warps, num_stages=stages)
        for rows, columns, warps, stages in tried
    ]


def _fitting(
    configurations: list[triton.Config], named: dict[str, Any], **more: Any
) -> list[triton.Config]:
    """Those whose tiles fit into registers and shared memory; the last always does."""
    width, bytes_each = {**named, **more}["D"], named["hidden"].element_size()

    def fits(configuration: triton.Config) -> bool:
        sizes = configuration.kwargs
        held, step = next(iter(sizes.values())), next(reversed(sizes.values()))
        memory = (held + step * configuration.num_stages) * width * bytes_each
        return held * width <= 128 * 32 * configuration.num_warps and memory <= 220 * 1024

    return [
        configuration for configuration in configurations if fits(configuration)
    ] or configurations[-1:]


def _tuned(held: str, step: str, *extra: str) -> Any:
    return triton.autotune(
        _configurations((held, step)),
        key=["dim", "PRODUCT", *extra],
        prune_configs_by={"early_config_prune": _fitting},
    )


@triton.jit
def _factor(tile):
    """A factor of a product. The interpreter multiplies bfloat16 by its bits; in float32 the
    products are exact."""
    if WIDEN:
        tile = tile.to(tl.float32)
    return tile


@_tuned("BLOCK_B", "BLOCK_V", "WITH_GRADIENT")
@triton.jit
def _scan_vocabulary(
    hidden,
    outputs,
    largest,
    total,
    expected,
    batch,
    words,
    dim,
    parts,
    D: tl.constexpr,
    PRODUCT: tl.constexpr,
    WITH_GRADIENT: tl.constexpr,
    BLOCK_B: tl.constexpr,
    BLOCK_V: tl.constexpr,
):
    """For a tile of examples and a part of the vocabulary: largest logit (in base 2), sum of
    powers, weighted rows.

    hidden (batch, dim), outputs (words, dim); largest, total (parts, batch), expected (parts,
    batch, dim): results. D is dim rounded up to a power of two, as tiles must be. Logits are
    multiplied by log2 e, because the hardware's exponential has base 2.
    """
    rows = tl.program_id(0) * BLOCK_B + tl.arange(0, BLOCK_B)
    part = tl.program_id(1)
    columns = tl.arange(0, D)
    in_batch, in_row = rows < batch, columns < dim
    # 64-bit: a table may hold more than 2^31 numbers.
    place = rows.to(tl.int64)[:, None] * dim + columns[None, :]
    h = tl.load(hidden + place, mask=in_batch[:, None] & in_row[None, :], other=0.0)

    tiles = tl.cdiv(tl.cdiv(words, BLOCK_V), parts)
    first = part * tiles * BLOCK_V
    last = tl.minimum(first + tiles * BLOCK_V, words)
    m = tl.full((BLOCK_B,), float("-inf"), tl.float32)
    s = tl.zeros((BLOCK_B,), tl.float32)
    weighted = tl.zeros((BLOCK_B, D), tl.float32)
    for start in range(first, last, BLOCK_V):
        ids = start + tl.arange(0, BLOCK_V)
        u = tl.load(
            outputs + ids.to(tl.int64)[:, None] * dim + columns[None, :],
            mask=(ids < last)[:, None] & in_row[None, :],
            other=0.0,
        )
        logits = tl.dot(_factor(h), tl.trans(_factor(u)), input_precision=PRODUCT) * LOG2_E
        logits = tl.where((ids < last)[None, :], logits, float("-inf"))
        above = tl.maximum(m, tl.max(logits, axis=1))
        powers = tl.exp2(logits - above[:, None])
        shrink = tl.exp2(m - above)  # 0 in the first step, where m is -inf
        s = s * shrink + tl.sum(powers, axis=1)
        if WITH_GRADIENT:
            weighted = weighted * shrink[:, None]
            weighted = tl.dot(
                _factor(powers.to(u.dtype)), _factor(u), weighted, input_precision=PRODUCT
            )
        m = above

    here = rows.to(tl.int64) + part * batch
    tl.store(largest + here, m, mask=in_batch)
    tl.store(total + here, s, mask=in_batch)
    if WITH_GRADIENT:
        tl.store(
            expected + here[:, None] * dim + columns[None, :],
            weighted,
            mask=in_batch[:, None] & in_row[None, :],
        )


@triton.jit
def _finish(
    hidden,
    outputs,
    targets,
    largest,
    total,
    expected,
    losses,
    log_sum,
    gradient,
    batch,
    dim,
    parts,
    D: tl.constexpr,
    BLOCK_B: tl.constexpr,
    WITH_GRADIENT: tl.constexpr,
):
    """Joins the parts of the vocabulary: loss, log-sum-exp (in base 2) and gradient of every
    example.

    A part may hold no word; its largest logit is -inf and its sum 0. losses, log_sum (batch,),
    gradient (batch, dim).
    """
    rows = tl.program_id(0) * BLOCK_B + tl.arange(0, BLOCK_B)
    columns = tl.arange(0, D)
    in_batch = rows < batch
    inside = in_batch[:, None] & (columns < dim)[None, :]
    m = tl.full((BLOCK_B,), float("-inf"), tl.float32)
    s = tl.zeros((BLOCK_B,), tl.float32)
    weighted = tl.zeros((BLOCK_B, D), tl.float32)
    for part in range(parts):
        here = rows.to(tl.int64) + part * batch
        part_m = tl.load(largest + here, mask=in_batch, other=0.0)
        part_s = tl.load(total + here, mask=in_batch, other=1.0)
        above = tl.maximum(m, part_m)
        shrink, part_shrink = tl.exp2(m - above), tl.exp2(part_m - above)
        s = s * shrink + part_s * part_shrink
        if WITH_GRADIENT:
            part_weighted = tl.load(
                expected + here[:, None] * dim + columns[None, :], mask=inside, other=0.0
            )
            weighted = weighted * shrink[:, None] + part_weighted * part_shrink[:, None]
        m = above

    target = tl.load(targets + rows, mask=in_batch, other=0).to(tl.int64)
    u = tl.load(outputs + target[:, None] * dim + columns[None, :], mask=inside, other=0.0).to(
        tl.float32
    )
    h = tl.load(
        hidden + rows.to(tl.int64)[:, None] * dim + columns[None, :], mask=inside, other=0.0
    ).to(tl.float32)
    loss = (m - tl.sum(h * u, axis=1) * LOG2_E) * LN_2 + tl.log(s)
    # The target's logit is computed here, and rounded otherwise than in the sum: a certain
    # prediction could get a loss just below 0, which no probability has. Written so that NaN stays
    # NaN.
    loss = tl.where(loss < 0.0, 0.0, loss)
    tl.store(losses + rows, loss, mask=in_batch)
    tl.store(log_sum + rows, m + tl.log2(s), mask=in_batch)
    if WITH_GRADIENT:
        tl.store(
            gradient + rows.to(tl.int64)[:, None] * dim + columns[None, :],
            weighted / s[:, None] - u,
            mask=inside,
        )


@_tuned("BLOCK_V", "BLOCK_B")
@triton.jit
def _scan_batch(
    hidden,
    outputs,
    targets,
    log_sum,
    scale,
    gradient,
    batch,
    words,
    dim,
    D: tl.constexpr,
    PRODUCT: tl.constexpr,
    LOG2_UNIT: tl.constexpr,
    UNIT: tl.constexpr,
    BLOCK_V: tl.constexpr,
    BLOCK_B: tl.constexpr,
):
    """For a tile of words: scale x sum over the batch of (P(word | hidden) - [word is the target])
    x hidden.

    log_sum (batch,) of `_finish`; scale (1,); gradient (words, dim): result. P is multiplied by
    UNIT before it is rounded for the product: in float16, probabilities around 1 / V would lose
    their bits.
    """
    ids = tl.program_id(0) * BLOCK_V + tl.arange(0, BLOCK_V)
    columns = tl.arange(0, D)
    in_row = columns < dim
    place = ids.to(tl.int64)[:, None] * dim + columns[None, :]
    inside = (ids < words)[:, None] & in_row[None, :]
    u = tl.load(outputs + place, mask=inside, other=0.0)
    summed = tl.zeros((BLOCK_V, D), tl.float32)
    for start in range(0, batch, BLOCK_B):
        rows = start + tl.arange(0, BLOCK_B)
        in_batch = rows < batch
        h = tl.load(
            hidden + rows.to(tl.int64)[:, None] * dim + columns[None, :],
            mask=in_batch[:, None] & in_row[None, :],
            other=0.0,
        )
        # Beyond the batch, inf makes every probability 0, and no word is the target.
        normaliser = tl.load(log_sum + rows, mask=in_batch, other=float("inf"))
        target = tl.load(targets + rows, mask=in_batch, other=-1)
        logits = tl.dot(_factor(u), tl.trans(_factor(h)), input_precision=PRODUCT) * LOG2_E
        errors = tl.exp2(logits - (normaliser - LOG2_UNIT)[None, :])
        errors = tl.where(ids[:, None] == target[None, :], errors - UNIT, errors)
        summed = tl.dot(_factor(errors.to(h.dtype)), _factor(h), summed, input_precision=PRODUCT)
    summed *= tl.load(scale) / UNIT
    tl.store(gradient + place, summed.to(gradient.dtype.element_ty), mask=inside)
