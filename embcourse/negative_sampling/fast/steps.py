"""One step: some input rows against some output rows, six at a time."""

import numpy as np

from embcourse.negative_sampling.fast.compiled import inlined
from embcourse.negative_sampling.fast.draws import draw_ahead, take_targets
from embcourse.negative_sampling.fast.lanes import (
    BLOCK,
    clamp,
    fill,
    fma,
    load,
    spread_0,
    spread_1,
    spread_2,
    spread_3,
    spread_4,
    spread_5,
    store,
    sums_of_rows,
    sums_of_six,
    times_power_of_two,
)
from embcourse.training import LANES


@inlined
def step_window(outputs, buffers, rows, used, targets, rate):
    """Trains the input rows in the buffer against the target rows. All dot products are taken
    before any change."""
    fill_up(buffers.targets, used, targets)
    for j in range(targets):
        copy_row(outputs, buffers.targets[j], buffers.outputs, j)
    _compute_logits(
        buffers.inputs, rows, buffers.outputs, targets, buffers.products, buffers.logits
    )
    _compute_gradients(buffers.logits, buffers.labels, rate, rows, targets, used, buffers.gradients)
    _apply_gradients(
        buffers.inputs, buffers.outputs, buffers.gradients, rows, targets, buffers.errors
    )
    for j in range(used):
        add_row(outputs, buffers.targets[j], buffers.outputs, j)


@inlined
def _compute_logits(inputs, rows, outputs, targets, products, logits):
    """logits[i x targets + j] = inputs[i] . outputs[j], six at a time.

    `targets` is a multiple of 6. Six dot products advance together, so that
    each vector of the input row is loaded once for six.
    """
    for j in range(0, targets, BLOCK):
        for i in range(rows):
            s0 = s1 = s2 = s3 = s4 = s5 = fill(np.float32(0.0))
            for k in range(0, inputs.shape[1], LANES):
                x = load(inputs, i, k)
                s0 = fma(x, load(outputs, j, k), s0)
                s1 = fma(x, load(outputs, j + 1, k), s1)
                s2 = fma(x, load(outputs, j + 2, k), s2)
                s3 = fma(x, load(outputs, j + 3, k), s3)
                s4 = fma(x, load(outputs, j + 4, k), s4)
                s5 = fma(x, load(outputs, j + 5, k), s5)
            pair = i * targets + j
            store(products, pair, 0, s0)
            store(products, pair + 1, 0, s1)
            store(products, pair + 2, 0, s2)
            store(products, pair + 3, 0, s3)
            store(products, pair + 4, 0, s4)
            store(products, pair + 5, 0, s5)
    for pair in range(0, rows * targets, LANES):
        store(logits, 0, pair, sums_of_rows(products, pair))


@inlined
def _compute_gradients(logits, labels, rate, rows, targets, used, gradients):
    """Learning rate x (label - sigmoid(logit)), and 0 for the rows that only fill up a block of
    6."""
    for pair in range(0, rows * targets, LANES):
        error = load(labels, 0, pair) - _sigmoid(load(logits, 0, pair))
        store(gradients, 0, pair, fill(rate) * error)
    if used < targets:
        for i in range(rows):
            for j in range(used, targets):
                gradients[0, i * targets + j] = np.float32(0.0)


@inlined
def _apply_gradients(inputs, outputs, gradients, rows, targets, errors):
    """Both halves of the update, from the rows as they were copied.

    errors[i] += sum over j of g[i, j] outputs[j], and outputs[j] becomes sum
    over i of g[i, j] inputs[i]. Six output rows and their changes stay in
    registers.
    """
    for j in range(0, targets, BLOCK):
        for k in range(0, inputs.shape[1], LANES):
            y0, y1 = load(outputs, j, k), load(outputs, j + 1, k)
            y2, y3 = load(outputs, j + 2, k), load(outputs, j + 3, k)
            y4, y5 = load(outputs, j + 4, k), load(outputs, j + 5, k)
            d0 = d1 = d2 = d3 = d4 = d5 = fill(np.float32(0.0))
            for i in range(rows):
                pair = i * targets + j
                x, error = load(inputs, i, k), load(errors, i, k)
                g = fill(gradients[0, pair])
                d0, error = fma(g, x, d0), fma(g, y0, error)
                g = fill(gradients[0, pair + 1])
                d1, error = fma(g, x, d1), fma(g, y1, error)
                g = fill(gradients[0, pair + 2])
                d2, error = fma(g, x, d2), fma(g, y2, error)
                g = fill(gradients[0, pair + 3])
                d3, error = fma(g, x, d3), fma(g, y3, error)
                g = fill(gradients[0, pair + 4])
                d4, error = fma(g, x, d4), fma(g, y4, error)
                g = fill(gradients[0, pair + 5])
                d5, error = fma(g, x, d5), fma(g, y5, error)
                store(errors, i, k, error)
            store(outputs, j, k, d0)
            store(outputs, j + 1, k, d1)
            store(outputs, j + 2, k, d2)
            store(outputs, j + 3, k, d3)
            store(outputs, j + 4, k, d4)
            store(outputs, j + 5, k, d5)


@inlined
def step_drawn(
    inputs, row, outputs, word, tables, negative, key, draw, half, buffers, rate, sampled
):
    """Trains an input row against a word and its negatives, and draws those of the next step
    meanwhile.

    Its own change is left in errors[0]. Returns the loss before the step, if it is wanted.
    """
    used = take_targets(word, buffers.ahead, half, negative, buffers.drawn)
    clear_row(buffers.errors, 0)
    loss, done = 0.0, 0
    while done < used:
        # A word that was drawn twice is changed twice, one after the other: it starts another
        # round.
        run = _take_distinct(buffers.drawn, done, used, buffers.targets)
        fill_up(buffers.targets, run, whole_blocks(run))
        buffers.labels[0, 0] = np.float32(done == 0)
        for j in range(0, run, BLOCK):
            gradients = _find_gradients(
                inputs, row, outputs, buffers.targets, run, rate, buffers, j
            )
            if done + j == 0:  # here the processor would wait for the sigmoid
                draw_ahead(outputs, tables, negative, key, draw + negative, buffers.ahead, 1 - half)
            _update_rows(inputs, row, outputs, buffers.targets, gradients, buffers.errors, j)
        if sampled:
            loss += step_loss(buffers.logits, buffers.labels, 1, run, 0)
        done += run
    return loss


@inlined
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


@inlined
def step_row(inputs, row, outputs, ids, buffers, used, rate):
    """Trains an input row against distinct output rows; its own change is left in errors[0]."""
    clear_row(buffers.errors, 0)
    for j in range(0, used, BLOCK):  # while one block waits for its sigmoid, the next multiplies
        store(
            buffers.gradients,
            0,
            j,
            _find_gradients(inputs, row, outputs, ids, used, rate, buffers, j),
        )
    for j in range(0, used, BLOCK):
        _update_rows(inputs, row, outputs, ids, load(buffers.gradients, 0, j), buffers.errors, j)


@inlined
def _find_gradients(inputs, row, outputs, ids, used, rate, buffers, j):
    """Learning rate x (label - sigmoid(logit)) of one input row against the six output rows ids[j],
    ids[j + 1], ...

    In the first six lanes; 0 from row `used` on, where the block is only filled up. Nothing leaves
    the registers but the logits, for the loss.
    """
    r0, r1, r2, r3, r4, r5 = ids[j], ids[j + 1], ids[j + 2], ids[j + 3], ids[j + 4], ids[j + 5]
    s0 = s1 = s2 = s3 = s4 = s5 = fill(np.float32(0.0))
    for k in range(0, inputs.shape[1], LANES):
        x = load(inputs, row, k)
        s0 = fma(x, load(outputs, r0, k), s0)
        s1 = fma(x, load(outputs, r1, k), s1)
        s2 = fma(x, load(outputs, r2, k), s2)
        s3 = fma(x, load(outputs, r3, k), s3)
        s4 = fma(x, load(outputs, r4, k), s4)
        s5 = fma(x, load(outputs, r5, k), s5)
    logits = sums_of_six(s0, s1, s2, s3, s4, s5)
    store(buffers.logits, 0, j, logits)
    rates = fill(rate) * load(buffers.firsts, min(used - j, BLOCK), 0)
    return rates * (load(buffers.labels, 0, j) - _sigmoid(logits))


@inlined
def _update_rows(inputs, row, outputs, ids, gradients, errors, j):
    """The six output rows change where they lie, and errors[0] += sum over j of gradient j x output
    row j as it was."""
    r0, r1, r2, r3, r4, r5 = ids[j], ids[j + 1], ids[j + 2], ids[j + 3], ids[j + 4], ids[j + 5]
    g0, g1, g2 = spread_0(gradients), spread_1(gradients), spread_2(gradients)
    g3, g4, g5 = spread_3(gradients), spread_4(gradients), spread_5(gradients)
    for k in range(0, inputs.shape[1], LANES):
        x, error = load(inputs, row, k), load(errors, 0, k)
        error = _update_row(outputs, r0, k, g0, x, error)
        error = _update_row(outputs, r1, k, g1, x, error)
        error = _update_row(outputs, r2, k, g2, x, error)
        error = _update_row(outputs, r3, k, g3, x, error)
        error = _update_row(outputs, r4, k, g4, x, error)
        error = _update_row(outputs, r5, k, g5, x, error)
        store(errors, 0, k, error)


@inlined
def _update_row(outputs, row, k, gradient, x, error):
    y = load(outputs, row, k)
    store(outputs, row, k, fma(gradient, x, y))
    return fma(gradient, y, error)


@inlined
def step_loss(logits, labels, rows, used, targets):
    """Sum of -log sigmoid(logit) over true targets and -log sigmoid(-logit) over noise."""
    total = 0.0
    for i in range(rows):
        for j in range(used):
            logit = float(logits[0, i * targets + j])
            wrong = -logit if labels[0, i * targets + j] > 0 else logit
            total += max(wrong, 0.0) + np.log1p(np.exp(-abs(wrong)))
    return total


@inlined
def _sigmoid(x):
    """1 / (1 + exp(-x)), within 1.2e-7 of it.

    exp(-x) = 2^n exp(r), with n the whole number nearest to -x / ln 2 and |r| <= ln(2) / 2, where a
    polynomial will do.
    """
    one = fill(np.float32(1.0))
    x = clamp(x, np.float32(87.0))  # exp(87) is still a float32
    magic = fill(np.float32(12582912.0))  # 1.5 x 2^23: adding it rounds to whole numbers
    shifted = fma(x, fill(np.float32(-1.4426950408889634)), magic)
    n = shifted - magic
    # ln 2, in two parts: the first
    r = fma(n, fill(np.float32(-0.693359375)), fill(np.float32(0.0)) - x)
    r = fma(n, fill(np.float32(2.12194440e-4)), r)  # times n is exact
    p = fma(fill(np.float32(1.9875691500e-4)), r, fill(np.float32(1.3981999507e-3)))
    p = fma(p, r, fill(np.float32(8.3334519073e-3)))
    p = fma(p, r, fill(np.float32(4.1665795894e-2)))
    p = fma(p, r, fill(np.float32(1.6666665459e-1)))
    p = fma(p, r, fill(np.float32(5.0000001201e-1)))
    p = fma(p, r * r, r + one)
    return one / (one + times_power_of_two(p, shifted))


@inlined
def label_first(labels, targets):
    """The first target is true, the others are noise: 1, 0, 0, ... for every input row."""
    for pair in range(labels.shape[1]):
        labels[0, pair] = np.float32(pair % targets == 0)


@inlined
def whole_blocks(targets):
    """That many rows, filled up to whole blocks of 6."""
    return (targets + BLOCK - 1) // BLOCK * BLOCK


@inlined
def fill_up(ids, used, targets):
    """Fills a block of 6 up with its first row, whose gradient will be 0 there."""
    for j in range(used, targets):
        ids[j] = ids[0]


@inlined
def copy_row(table, row, copy, to):
    """A row of the table into row `to` of a buffer."""
    for k in range(0, table.shape[1], LANES):
        store(copy, to, k, load(table, row, k))


@inlined
def add_row(table, row, changes, i):
    """Adds row i of a buffer to a row of the table."""
    for k in range(0, table.shape[1], LANES):
        store(table, row, k, load(table, row, k) + load(changes, i, k))


@inlined
def clear_row(buffer, i):
    """Row i of a buffer becomes 0."""
    for k in range(0, buffer.shape[1], LANES):
        store(buffer, i, k, fill(np.float32(0.0)))
