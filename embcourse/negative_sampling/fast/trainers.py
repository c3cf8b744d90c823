"""The five trainers: plain loops over the centres of a chunk and their contexts.

They say what is trained, and in which order. How a step computes is in `steps`.
"""

import numpy as np

from embcourse.negative_sampling.fast.compiled import inlined, kernel
from embcourse.negative_sampling.fast.draws import draw_ahead, find_contexts, take_targets
from embcourse.negative_sampling.fast.lanes import fill, load, store
from embcourse.negative_sampling.fast.steps import (
    add_row,
    clear_row,
    copy_row,
    fill_up,
    label_first,
    step_drawn,
    step_loss,
    step_row,
    step_window,
    whole_blocks,
)
from embcourse.training import LANES

_LOSS_EVERY = 64  # the loss is estimated from one step in 64


@kernel
def train_skipgram_pairs(inputs, outputs, windows, rates, tables, buffers, negative, key, draw):
    """Skip-gram as released: fresh negatives for every pair, and the next pair sees this one's
    changes."""
    targets = whole_blocks(1 + negative)
    label_first(buffers.labels, targets)
    loss, terms, half = 0.0, 0, 0
    draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
    for centre in range(len(windows.words)):
        for i in range(windows.lefts[centre], windows.rights[centre]):
            if i == centre:
                continue
            loss += step_drawn(
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
            add_row(inputs, windows.words[i], buffers.errors, 0)
            if centre % _LOSS_EVERY == 0:
                terms += 1
    return loss, terms


@kernel
def train_skipgram_windows(inputs, outputs, windows, rates, tables, buffers, negative, key, draw):
    """Skip-gram, negatives shared by a window: one step for its contexts.

    GPU twin: `gpu.train_windows`.
    """
    targets = whole_blocks(1 + negative)
    label_first(buffers.labels, targets)
    loss, terms, half = 0.0, 0, 0
    draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
    for centre in range(len(windows.words)):
        count = find_contexts(windows, centre, buffers.contexts)
        word = windows.words[centre]
        used = take_targets(word, buffers.ahead, half, negative, buffers.targets)
        draw, half = draw + negative, 1 - half
        draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
        if count == 0:
            continue
        _copy_inputs(inputs, buffers.contexts, count, buffers)
        step_window(outputs, buffers, count, used, targets, rates[centre])
        for i in range(count):  # a word that stands there twice gets both
            add_row(inputs, buffers.contexts[i], buffers.errors, i)
        if centre % _LOSS_EVERY == 0:
            loss += step_loss(buffers.logits, buffers.labels, count, used, targets)
            terms += count
    return loss, terms


@kernel
def train_skipgram_tree(inputs, outputs, windows, rates, tables, buffers):
    """Skip-gram with hierarchical softmax: each context predicts the branches on the centre's path.

    The path is the same for all contexts of a window. Its rows are trained in a copy, and the table
    gets their changes at the end: the nodes near the root are on nearly every path, and threads
    would fight for them.

    GPU twin: `gpu.train_windows`.
    """
    loss, terms = 0.0, 0
    for centre in range(len(windows.words)):
        used = _find_path(windows.words[centre], tables.up, buffers.targets, buffers.labels)
        for j in range(used):
            copy_row(outputs, buffers.targets[j], buffers.outputs, j)
            copy_row(outputs, buffers.targets[j], buffers.before, j)
        for i in range(windows.lefts[centre], windows.rights[centre]):
            if i == centre or used == 0:
                continue
            step_row(
                inputs,
                windows.words[i],
                buffers.outputs,
                buffers.in_order,
                buffers,
                used,
                rates[centre],
            )
            add_row(inputs, windows.words[i], buffers.errors, 0)
            if centre % _LOSS_EVERY == 0:
                loss += step_loss(buffers.logits, buffers.labels, 1, used, 0)
                terms += 1
        for j in range(used):
            for k in range(0, outputs.shape[1], LANES):
                store(
                    buffers.outputs,
                    j,
                    k,
                    load(buffers.outputs, j, k) - load(buffers.before, j, k),
                )
            add_row(outputs, buffers.targets[j], buffers.outputs, j)
    return loss, terms


@kernel
def train_cbow_windows(inputs, outputs, windows, rates, tables, buffers, negative, key, draw, mean):
    """CBOW with negative sampling: the mean of the contexts predicts the centre.

    GPU twin: `gpu.train_windows`.
    """
    targets = whole_blocks(1 + negative)
    label_first(buffers.labels, targets)
    loss, terms, half = 0.0, 0, 0
    draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
    for centre in range(len(windows.words)):
        count = find_contexts(windows, centre, buffers.contexts)
        if count == 0:
            draw += negative
            draw_ahead(outputs, tables, negative, key, draw, buffers.ahead, half)
            continue
        _compute_hidden(inputs, buffers.contexts, count, mean, buffers.inputs)
        loss += step_drawn(
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


@kernel
def train_cbow_tree(inputs, outputs, windows, rates, tables, buffers, mean):
    """CBOW with hierarchical softmax.

    GPU twin: `gpu.train_windows`.
    """
    loss, terms = 0.0, 0
    for centre in range(len(windows.words)):
        count = find_contexts(windows, centre, buffers.contexts)
        used = _find_path(windows.words[centre], tables.up, buffers.targets, buffers.labels)
        if count == 0 or used == 0:
            continue
        _compute_hidden(inputs, buffers.contexts, count, mean, buffers.inputs)
        fill_up(buffers.targets, used, whole_blocks(used))
        step_row(buffers.inputs, 0, outputs, buffers.targets, buffers, used, rates[centre])
        _add_error_to_all(inputs, buffers.contexts, count, buffers.errors)
        if centre % _LOSS_EVERY == 0:
            loss += step_loss(buffers.logits, buffers.labels, 1, used, 0)
            terms += 1
    return loss, terms


@inlined
def _copy_inputs(table, ids, count, buffers):
    for i in range(count):
        copy_row(table, ids[i], buffers.inputs, i)
        clear_row(buffers.errors, i)


@inlined
def _compute_hidden(table, ids, count, mean, hidden):
    """CBOW's hidden vector: the mean, or sum, of the contexts' input rows, in row 0 of the
    buffer."""
    share = fill(np.float32(1.0) / np.float32(count) if mean else np.float32(1.0))
    for k in range(0, table.shape[1], LANES):
        total = load(table, ids[0], k)
        for i in range(1, count):
            total = total + load(table, ids[i], k)
        store(hidden, 0, k, total * share)


@inlined
def _add_error_to_all(table, ids, count, errors):
    """CBOW's error to every context, undivided, as the released C code and gensim do: for the mean
    that is `count`
    times its gradient."""
    for i in range(count):
        add_row(table, ids[i], errors, 0)


@inlined
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
