"""The exact softmax loss in torch, for any vocabulary that fits in memory itself.

The loss of B examples needs B x V logits, and the usual code keeps them for the backward pass, some
of them twice. At V = 100,000 words and B = 16,384 they take 6.6 GB. Here they exist in blocks of at
most 2^20 numbers. The forward pass walks over the vocabulary and keeps, for every example, the
largest logit so far and the sum of exponentials relative to it. The backward pass walks again: with
the log-sum-exp known, a block of probabilities comes from one matrix product, gives its share of
both gradients, and is dropped. The price is that one product, four in place of three.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_BLOCK = 1 << 20  # logits at a time: 4 MB in float32, which stay in a core's cache


def softmax_loss(hidden: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean of -ln P(target | hidden) over a batch, with P(o | h) = softmax over all words o of u_o
    . h.

    Differentiable once, with respect to hidden and outputs. Two runs on one machine agree to the
    last bit.

    hidden : (B, d) float32 or float64, at least one row: what predicts. For skip-gram a row of the
             input table, for CBOW the mean of several.
    outputs: (V, d), same dtype and device: row o is u_o.
    targets: (B,) integers from 0 to V - 1.
    returns: scalar of the same dtype, in nats.
    raises : TypeError for anything but tensors of these dtypes; ValueError for shapes or devices
             that do not fit, for an empty batch, and for a target outside the vocabulary.

    >>> hidden = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> outputs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], requires_grad=True)
    >>> loss = softmax_loss(hidden, outputs, torch.tensor([2, 0]))
    >>> loss.backward()
    >>> round(loss.item(), 3), outputs.grad[:, 0].numpy().round(3)
    (0.825, array([-0.212,  0.106,  0.106], dtype=float32))

    The same numbers as `torch.nn.functional.cross_entropy(hidden @ outputs.T, targets)`. The
    running maximum and sum are those of Milakov & Gimelshein (2018).

    GPU twin: `gpu.softmax_loss`.
    """
    require_batch("softmax_loss", hidden, outputs, targets, (torch.float32, torch.float64))
    return _SoftmaxLoss.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        hidden, outputs, targets.long()
    )


def require_batch(
    function: str, hidden: Tensor, outputs: Tensor, targets: Tensor, dtypes: tuple[torch.dtype, ...]
) -> None:
    """Check the arguments that every path of `softmax_loss` takes, and name the wrong one.

    raises: TypeError, ValueError as `softmax_loss` says.

    >>> require_batch(
    ...     "softmax_loss", torch.ones(1, 2), torch.ones(3, 2), torch.tensor([3]), (torch.float32,)
    ... )
    Traceback (most recent call last):
    ValueError: softmax_loss: targets must lie in 0..2 for the 3 rows of outputs, got 3
    """
    for name, tensor in (("hidden", hidden), ("outputs", outputs), ("targets", targets)):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{function}: {name} must be a torch tensor, got {type(tensor).__name__}"
            )
    for name, tensor in (("hidden", hidden), ("outputs", outputs)):
        if tensor.dtype not in dtypes:
            allowed = " or ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
            raise TypeError(
                f"{function}: {name} must be {allowed}, got"
                f" {str(tensor.dtype).removeprefix('torch.')}"
            )
    if targets.dtype.is_floating_point or targets.dtype.is_complex or targets.dtype == torch.bool:
        raise TypeError(
            f"{function}: targets must be integers, got {str(targets.dtype).removeprefix('torch.')}"
        )
    if hidden.dtype != outputs.dtype:
        raise TypeError(
            f"{function}: hidden and outputs must share a dtype, got {hidden.dtype} and"
            f" {outputs.dtype}"
        )
    if hidden.ndim != 2 or outputs.ndim != 2 or hidden.shape[1:] != outputs.shape[1:]:
        raise ValueError(
            f"{function}: hidden must be (B, d) and outputs (V, d) with the same d, "
            f"got {tuple(hidden.shape)} and {tuple(outputs.shape)}"
        )
    if targets.shape != hidden.shape[:1]:
        raise ValueError(
            f"{function}: targets must have shape ({len(hidden)},) like the rows of hidden, got"
            f" {tuple(targets.shape)}"
        )
    if 0 in (*hidden.shape, *outputs.shape):
        raise ValueError(
            f"{function}: hidden and outputs must not be empty, got {tuple(hidden.shape)} and"
            f" {tuple(outputs.shape)}"
        )
    if not hidden.device == outputs.device == targets.device:
        raise ValueError(
            f"{function}: all arguments must lie on one device, got hidden on {hidden.device},"
            f" outputs on {outputs.device}, targets on {targets.device}"
        )
    lowest, highest = torch.stack(targets.aminmax()).tolist()  # one wait for the device, not two
    if lowest < 0 or highest >= len(outputs):
        wrong = lowest if lowest < 0 else highest
        raise ValueError(
            f"{function}: targets must lie in 0..{len(outputs) - 1} for the {len(outputs)} rows of"
            f" outputs, got {wrong}"
        )


class _SoftmaxLoss(torch.autograd.Function):
    """-ln softmax(hidden outputs^T)[target], its mean, and both gradients, block by block over the
    vocabulary."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
        largest = hidden.new_full((len(hidden),), -torch.inf)
        total = torch.zeros_like(largest)
        at_target = torch.empty_like(largest)
        for words in _blocks(hidden, outputs):
            logits = hidden @ outputs[words].T
            rows, columns = _inside(targets, words)
            # The target's logit is taken from the product that the sum uses: computed apart, it
            # would be rounded apart, and the loss of a certain prediction could fall below zero.
            at_target[rows] = logits[rows, columns]
            before, largest = largest, torch.maximum(largest, logits.amax(dim=1))
            total *= torch.exp(before - largest)
            total += logits.sub_(largest[:, None]).exp_().sum(dim=1)
        # Each factor of e is taken off a number of its own size: max and log(total) apart, never
        # their sum first.
        loss = ((largest - at_target) + total.log()).mean()
        ctx.save_for_backward(hidden, outputs, targets, largest, total)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        hidden, outputs, targets, largest, total = ctx.saved_tensors
        for_hidden, for_outputs, _ = ctx.needs_input_grad
        grad_hidden = torch.zeros_like(hidden) if for_hidden else None
        grad_outputs = torch.empty_like(outputs) if for_outputs else None
        scale = (upstream / len(hidden) / total)[:, None]
        for words in _blocks(hidden, outputs):
            # d loss / d logits = (probability - [this is the target]) / B
            errors = (hidden @ outputs[words].T).sub_(largest[:, None]).exp_().mul_(scale)
            rows, columns = _inside(targets, words)
            errors[rows, columns] -= upstream / len(hidden)
            if grad_hidden is not None:
                grad_hidden.addmm_(errors, outputs[words])
            if grad_outputs is not None:
                torch.mm(errors.T, hidden, out=grad_outputs[words])
        return grad_hidden, grad_outputs, None


def _blocks(hidden: Tensor, outputs: Tensor) -> list[slice]:
    """Equal slices of the vocabulary, each with at most _BLOCK logits, or one word if the batch is
    larger still."""
    words = max(_BLOCK // len(hidden), 1)
    blocks = -(-len(outputs) // words)
    words = -(-len(outputs) // blocks)  # no last block of a few words
    return [
        slice(start, min(start + words, len(outputs))) for start in range(0, len(outputs), words)
    ]


def _inside(targets: Tensor, words: slice) -> tuple[Tensor, Tensor]:
    """The examples whose target is in this block, and the target's column in it."""
    rows = torch.nonzero((targets >= words.start) & (targets < words.stop))[:, 0]
    return rows, targets[rows] - words.start
