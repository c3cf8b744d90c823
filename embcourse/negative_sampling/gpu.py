"""Negative sampling and hierarchical softmax on a GPU: a Triton kernel with one program per window.

The draws of a chunk come first, for all its windows at once: which tokens survive subsampling, how
far each window reaches, the negatives. Then every window is one program. It copies the rows that it
needs, those of its contexts and those of its targets, into two tiles, multiplies the tiles for all
logits of the window, and adds the changes to both tables with atomics. Thousands of windows are
under way at a time, each with rows as they were when it began: Hogwild, on a larger scale than a
processor's threads. No addition is lost, however many windows share a word.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
import torch
import triton
import triton.language as tl
from numpy.typing import ArrayLike
from torch import Tensor

from embcourse.arguments import require_whole

if TYPE_CHECKING:
    from embcourse.negative_sampling.fast import Tables

Model = Literal["skipgram", "cbow"]
Loss = Literal["negative", "hierarchical"]

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"  # the kernel runs in Python, on CPU tensors

_ONE = 2.0**31  # `Tables` holds probabilities in units of 2^-31


class DeviceTables(NamedTuple):
    """`fast.Tables` as the GPU needs them; made by `to_device`.

    keep  : (words,) float32, probability that an occurrence survives subsampling.
    accept: (words,) float32, alias table of the noise distribution: chance to stay in a column.
    alias : (words,) int32, where a draw goes that does not stay.
    paths : (words, depth) int32, the Huffman tree's branches from each word up: 2 x inner node +
            code, then -1; (words, 0) without a tree.
    """

    keep: Tensor
    accept: Tensor
    alias: Tensor
    paths: Tensor


class Windows(NamedTuple):
    """The windows of a chunk. Centre i is words[i], its contexts are words[lefts[i]:rights[i]]
    without position i.

    words : (n,) int32, the tokens that survived subsampling.
    lefts, rights: (n,) int32.
    codes : int32, what each centre is told from: 2 x output row + (0 for label 1, 1 for label 0),
            or -1 for nothing. (n, targets), or (vocabulary, targets) if by_word.
    rates : (n,) float32, learning rates.
    by_word: whether a centre's codes are at its word, as in hierarchical softmax, or at its own
             number.
    """

    words: Tensor
    lefts: Tensor
    rights: Tensor
    codes: Tensor
    rates: Tensor
    by_word: bool


def to_device(tables: Tables, device: torch.device | str) -> DeviceTables:
    """The tables of `fast.make_tables`, unpacked on a device.

    CPU twin: `fast.make_tables`.

    >>> from embcourse.negative_sampling.fast import make_tables
    >>> to_device(
    ...     make_tables([4, 2, 1], sample=0, hierarchical=True), "cpu"
    ... ).paths.tolist()  # inner nodes 0 and 1
    [[3, -1], [1, 2], [0, 2]]
    """
    words = len(tables.keep)
    keep, accept = (
        torch.from_numpy((table / _ONE).astype(np.float32)).to(device)
        for table in (tables.keep, tables.accept)
    )
    paths = torch.full((words, tables.depth), -1, dtype=torch.int32, device=device)
    if tables.depth:
        up = torch.from_numpy(tables.up).to(device)
        node = torch.arange(words, device=device)
        for step in range(tables.depth):
            below_root = node < len(up) - 1
            paths[:, step] = torch.where(below_root, up[node], -1)
            node = torch.where(below_root, words + (up[node].long() >> 1), node)
    return DeviceTables(keep, accept, torch.from_numpy(tables.alias).to(device), paths)


def train_chunk(
    model: Model,
    loss: Loss,
    inputs: Tensor,
    outputs: Tensor,
    ids: ArrayLike | Tensor,
    offsets: ArrayLike | Tensor,
    tables: DeviceTables,
    window: int,
    negative: int,
    learning_rate_start: float,
    learning_rate_end: float,
    seed: int,
    cbow_mean: bool = True,
) -> tuple[float, int, int]:
    """Trains on one chunk of the corpus, once, with negatives per window.

    CPU twin: `fast.train_chunk`.

    The draws depend on the seed only (and on the kind of device), but windows are trained side by
    side, and rounding depends on the order in which their changes arrive: two runs differ in the
    last bits, and then more. A chunk of a million tokens or more keeps a large GPU busy; it takes
    about 40 + 16 x negative bytes a token for the draws.

    inputs       : (words, dim) float32, contiguous, on the device; updated in place. dim at most
                   512.
    outputs      : the same; for hierarchical softmax words - 1 rows or more.
    ids, offsets : the chunk's tokens and sentences, arrays or tensors, copied to the device if they
                   are not there.
    tables       : of `to_device`, on the same device.
    returns      : (loss_sum, loss_terms, words_trained) as `fast.train_chunk`, but over all
                   predictions.
    raises       : as `fast.train_chunk`; ValueError for tensors that are not on a CUDA device.
    """
    _require_tables(model, loss, inputs, outputs, tables)
    windows = sample_chunk(
        loss, ids, offsets, tables, window, negative, learning_rate_start, learning_rate_end, seed
    )
    losses = train_windows(model, inputs, outputs, windows, cbow_mean=cbow_mean)
    contexts = windows.rights - windows.lefts - 1
    terms = contexts.sum() if model == "skipgram" else (contexts > 0).sum()
    loss_sum, loss_terms = torch.stack([losses.sum(dtype=torch.float64), terms.double()]).tolist()
    return loss_sum, int(loss_terms), len(windows.words)


def sample_chunk(
    loss: Loss,
    ids: ArrayLike | Tensor,
    offsets: ArrayLike | Tensor,
    tables: DeviceTables,
    window: int,
    negative: int,
    learning_rate_start: float,
    learning_rate_end: float,
    seed: int,
) -> Windows:
    """The draws of `train_chunk`, by the same code. Other ones than on a CPU, from the same
    distributions.

    CPU twin: `fast.sample_chunk`.

    >>> from embcourse.negative_sampling.fast import make_tables
    >>> tables = to_device(make_tables([2, 1, 1], sample=0), "cpu")
    >>> windows = sample_chunk("negative", [0, 1, 2, 0], [0, 3, 4], tables, 1, 2, 0.2, 0.1, seed=0)
    >>> windows.lefts.tolist(), windows.rights.tolist(), windows.codes[:, 0].tolist(), windows.rates
    ([0, 0, 1, 3], [2, 3, 3, 4], [0, 2, 4, 0], tensor([0.2000, 0.1750, 0.1500, 0.1250]))
    """
    device, vocabulary = tables.keep.device, len(tables.keep)
    for name, number in (("window", window), ("negative", negative)):
        require_whole("train_chunk", name, number, least=1)
    ids, offsets = _on(device, ids), _on(device, offsets).long()
    _require_sentences(ids, offsets, vocabulary)
    random = torch.Generator(device).manual_seed(int(seed))

    positions = torch.nonzero(
        torch.rand(len(ids), generator=random, device=device) < tables.keep[ids]
    )[:, 0]
    words = ids[positions].int()
    # Windows are laid over what is left, and end with their sentence.
    borders = torch.searchsorted(positions, offsets)
    lengths = borders.diff()
    here = torch.arange(len(words), device=device)
    radii = torch.randint(1, window + 1, words.shape, generator=random, device=device)
    lefts = torch.maximum(
        here - radii, borders[:-1].repeat_interleave(lengths, output_size=len(words))
    )
    rights = torch.minimum(
        here + radii + 1, borders[1:].repeat_interleave(lengths, output_size=len(words))
    )
    rates = learning_rate_start + (learning_rate_end - learning_rate_start) * positions / max(
        len(ids), 1
    )
    if loss == "hierarchical":
        codes = tables.paths
    else:
        shape = (len(words), negative)
        columns = torch.randint(
            vocabulary, shape, generator=random, device=device, dtype=torch.int32
        )
        coins = torch.rand(shape, generator=random, device=device)
        drawn = torch.where(coins < tables.accept[columns], columns, tables.alias[columns])
        centres = words[:, None]
        codes = torch.cat([2 * centres, torch.where(drawn == centres, -1, 2 * drawn + 1)], dim=1)
    return Windows(words, lefts.int(), rights.int(), codes, rates.float(), loss == "hierarchical")


def train_windows(
    model: Model,
    inputs: Tensor,
    outputs: Tensor,
    windows: Windows,
    *,
    cbow_mean: bool = True,
    precision: str = "tf32",
) -> Tensor:
    """Trains on windows, all at once. Both tables are updated in place.

    CPU twins: `fast.trainers.train_skipgram_windows`, `fast.trainers.train_skipgram_tree`,
    `fast.trainers.train_cbow_windows`, `fast.trainers.train_cbow_tree`.

    model    : "skipgram": each context's input row is told the centre from the other targets; all
               pairs of a window are computed from the same values, then both tables change. "cbow":
               the mean (or sum) of the contexts' rows, and its error goes, undivided, to every one
               of them.
    precision: of the products, "tf32" on tensor cores or "ieee"; sums are float32.
    returns  : (n,) float32, the loss of each window before its step, summed over its pairs, in
               nats.

    Not in the released code: a negative drawn twice for one window is used twice with the same
    values.
    """
    losses = torch.zeros(windows.words.shape, dtype=torch.float32, device=inputs.device)
    if not len(windows.words):
        return losses
    dim, targets = inputs.shape[1], windows.codes.shape[1]
    # A tile has at least 16 rows: the smallest that tensor cores take.
    contexts = int((windows.rights - windows.lefts).max()) - 1
    rows_in, rows_out = (max(16, triton.next_power_of_2(rows)) for rows in (contexts, targets))
    width = max(16, triton.next_power_of_2(dim))
    with torch.cuda.device_of(inputs):
        _train_window[(len(windows.words),)](
            inputs,
            outputs,
            windows.words,
            windows.lefts,
            windows.rights,
            windows.codes,
            windows.rates,
            losses,
            dim,
            targets,
            SKIPGRAM=model == "skipgram",
            MEAN=bool(cbow_mean),
            BY_WORD=windows.by_word,
            PRODUCT=precision,
            M=rows_in,
            N=rows_out,
            D=width,
            num_warps=min(max((rows_in + rows_out) * width // 1024, 1), 8),
        )
    return losses


@triton.jit
def _train_window(
    inputs,
    outputs,
    words,
    lefts,
    rights,
    codes,
    rates,
    losses,
    dim,
    targets,
    SKIPGRAM: tl.constexpr,
    MEAN: tl.constexpr,
    BY_WORD: tl.constexpr,
    PRODUCT: tl.constexpr,
    M: tl.constexpr,
    N: tl.constexpr,
    D: tl.constexpr,
):
    """One window. M, N and D are the numbers of contexts, targets and columns, rounded up to what a
    tile may have."""
    centre = tl.program_id(0)
    left, right = tl.load(lefts + centre), tl.load(rights + centre)
    columns = tl.arange(0, D)
    in_row = columns < dim

    position = left + tl.arange(0, M)
    position += (position >= centre).to(tl.int32)  # the centre is no context of its own
    is_context = position < right
    context = tl.load(words + position, mask=is_context, other=0).to(tl.int64)
    x_place = inputs + context[:, None] * dim + columns[None, :]
    x_inside = is_context[:, None] & in_row[None, :]
    x = tl.load(x_place, mask=x_inside, other=0.0)

    line = tl.load(words + centre).to(tl.int64) if BY_WORD else centre.to(tl.int64)
    number = tl.arange(0, N)
    code = tl.load(codes + line * targets + number, mask=number < targets, other=-1)
    is_target = code >= 0
    label = 1.0 - (code & 1).to(tl.float32)
    row = tl.where(is_target, code >> 1, 0).to(tl.int64)
    y_place = outputs + row[:, None] * dim + columns[None, :]
    y_inside = is_target[:, None] & in_row[None, :]
    y = tl.load(y_place, mask=y_inside, other=0.0)

    rate = tl.load(rates + centre)
    if SKIPGRAM:
        # (M, N): every context with every target
        logits = tl.dot(x, tl.trans(y), input_precision=PRODUCT)
        is_pair = is_context[:, None] & is_target[None, :]
        small = tl.exp(-tl.abs(logits))  # never overflows; serves the sigmoid and the loss
        step = tl.where(
            is_pair,
            rate * (label[None, :] - tl.where(logits >= 0.0, 1.0, small) / (1.0 + small)),
            0.0,
        )
        x_change = tl.dot(step, y, input_precision=PRODUCT)
        y_change = tl.dot(tl.trans(step), x, input_precision=PRODUCT)
        # -ln sigmoid(z) = ln(1 + exp(-z))
        against = tl.where(label[None, :] > 0.5, -logits, logits)
        loss = tl.where(is_pair, tl.maximum(against, 0.0) + tl.log(1.0 + small), 0.0)
        total = tl.sum(tl.sum(loss, axis=1), axis=0)
    else:
        contexts = right - left - 1
        hidden = tl.sum(x, axis=0)
        if MEAN:
            hidden = hidden / tl.maximum(contexts, 1).to(tl.float32)
        logits = tl.sum(y * hidden[None, :], axis=1)  # (N,)
        is_pair = is_target & (contexts > 0)
        small = tl.exp(-tl.abs(logits))
        step = tl.where(
            is_pair, rate * (label - tl.where(logits >= 0.0, 1.0, small) / (1.0 + small)), 0.0
        )
        error = tl.sum(step[:, None] * y, axis=0)
        x_change = tl.zeros((M, D), tl.float32) + error[None, :]
        y_change = step[:, None] * hidden[None, :]
        against = tl.where(label > 0.5, -logits, logits)
        loss = tl.where(is_pair, tl.maximum(against, 0.0) + tl.log(1.0 + small), 0.0)
        total = tl.sum(loss, axis=0)

    # Relaxed: nothing is ordered by these additions, they only must not get lost.
    tl.atomic_add(x_place, x_change, mask=x_inside, sem="relaxed")
    tl.atomic_add(y_place, y_change, mask=y_inside, sem="relaxed")
    tl.store(losses + centre, total)


def _on(device: torch.device, numbers: ArrayLike | Tensor) -> Tensor:
    if isinstance(numbers, Tensor):
        return numbers.to(device)
    numbers = np.array(numbers)  # a copy: torch warns about arrays that it may not write to
    return torch.from_numpy(numbers if numbers.size else numbers.astype(np.int32)).to(device)


def _require_tables(
    model: str, loss: str, inputs: Tensor, outputs: Tensor, tables: DeviceTables
) -> None:
    for name, value, allowed in (("model", model, get_args(Model)), ("loss", loss, get_args(Loss))):
        if value not in allowed:
            raise ValueError(
                f"train_chunk: {name} must be {' or '.join(map(repr, allowed))}, got {value!r}"
            )
    words = len(tables.keep)
    for name, table, least in (
        ("inputs", inputs, words),
        ("outputs", outputs, words - (loss == "hierarchical")),
    ):
        if not isinstance(table, Tensor) or table.dtype != torch.float32:
            raise TypeError(
                f"train_chunk: {name} must be a float32 tensor, got"
                f" {getattr(table, 'dtype', type(table))}"
            )
        if table.ndim != 2 or len(table) < least or not 1 <= table.shape[1] <= 512:
            raise ValueError(
                f"train_chunk: {name} must be (words, dim) with {least} words or more and dim from"
                f" 1 to 512, got {tuple(table.shape)}"
            )
        if table.shape[1] != inputs.shape[1]:
            raise ValueError(
                f"train_chunk: inputs and outputs must share dim, got {inputs.shape[1]} and"
                f" {table.shape[1]}"
            )
        if not table.is_contiguous():
            raise ValueError(f"train_chunk: {name} must be contiguous")
        if table.device != tables.keep.device:
            raise ValueError(
                f"train_chunk: {name} lies on {table.device}, the tables on {tables.keep.device}"
            )
        if table.device.type != "cuda" and not INTERPRETED:
            raise ValueError(f"train_chunk: {name} must lie on a CUDA device, got {table.device}")
    if loss == "hierarchical" and not tables.paths.shape[1]:
        raise ValueError(
            "train_chunk: loss='hierarchical' needs make_tables(..., hierarchical=True)"
        )


def _require_sentences(ids: Tensor, offsets: Tensor, words: int) -> None:
    if ids.ndim != 1 or (len(ids) and (ids.is_floating_point() or ids.dtype == torch.bool)):
        raise ValueError(
            f"train_chunk: ids must be 1-D integers, got {ids.dtype} {tuple(ids.shape)}"
        )
    if offsets.ndim != 1 or not len(offsets):
        raise ValueError(
            f"train_chunk: offsets must be (sentences + 1,), got shape {tuple(offsets.shape)}"
        )
    if len(ids):
        lowest, highest = torch.stack(ids.aminmax()).tolist()
        if lowest < 0 or highest >= words:
            raise ValueError(
                f"train_chunk: ids must lie in 0..{words - 1}, got {lowest} to {highest}"
            )
    first, last, falls = torch.stack(
        [offsets[0], offsets[-1], (offsets.diff() < 0).any().long()]
    ).tolist()
    if first != 0 or last != len(ids) or falls:
        raise ValueError(
            f"train_chunk: offsets must rise from 0 to {len(ids)}, got {first} ... {last}"
        )
