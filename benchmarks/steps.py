"""Skip-gram with negative sampling from plain loops to the kernels of `fast`: what each step gains,
on one thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numba
import numpy as np

from benchmarks import measure
from embcourse.negative_sampling import fast
from embcourse.negative_sampling.fast import chunks, draws
from embcourse.text import Encoded, Vocabulary
from embcourse.training import padded_rows

DIM, WINDOW, NEGATIVE, RATE = 100, 5, 5, 0.025

jit = numba.njit(nogil=True, fastmath=True, error_model="numpy")
# the table of the released code
SIGMOID = (1 / (1 + np.exp(-np.linspace(-6, 6, 1000)))).astype(np.float32)


@jit
def _sigmoid(x):
    return SIGMOID[min(max(int((x + 6) * (999 / 12)), 0), 999)]


@jit
def _looked_up(inputs, outputs, contexts, targets, used, rate, error):
    """Row numbers looked up inside the innermost loop."""
    for c in range(len(contexts)):
        error[:] = 0
        for j in range(used):
            dot = np.float32(0)
            for k in range(inputs.shape[1]):
                dot += inputs[contexts[c], k] * outputs[targets[j], k]
            g = np.float32((j == 0) - _sigmoid(dot)) * rate
            for k in range(inputs.shape[1]):
                error[k] += g * outputs[targets[j], k]
                outputs[targets[j], k] += g * inputs[contexts[c], k]
        for k in range(inputs.shape[1]):
            inputs[contexts[c], k] += error[k]


@jit
def _hoisted(inputs, outputs, contexts, targets, used, rate, error):
    """Rows taken once, outside the innermost loop."""
    for c in range(len(contexts)):
        error[:] = 0
        x = inputs[contexts[c]]
        for j in range(used):
            y = outputs[targets[j]]
            dot = np.float32(0)
            for k in range(len(x)):
                dot += x[k] * y[k]
            g = np.float32((j == 0) - _sigmoid(dot)) * rate
            for k in range(len(x)):
                error[k] += g * y[k]
                y[k] += g * x[k]
        for k in range(len(x)):
            x[k] += error[k]


@jit
def _draw_targets(word, tables, negative, key, draw, targets):
    """The word and its negatives, without those that are the word. Returns how many."""
    targets[0], count = word, 1
    for j in range(negative):
        drawn = draws.draw_noise(tables.accept, tables.alias, key, draw + j)
        if drawn != word:
            targets[count] = drawn
            count += 1
    return count


def _kernel(step: Callable[..., None], shared: bool) -> Callable[..., None]:
    """A pass over the corpus with this step: negatives drawn for every pair, or once for a
    window."""

    @jit
    def train(inputs, outputs, windows, rates, tables, negative, key, draw):
        contexts, targets = np.empty(64, np.int32), np.empty(64, np.int32)
        error = np.empty(inputs.shape[1], np.float32)
        for centre in range(len(windows.words)):
            count = draws.find_contexts(windows, centre, contexts)
            if shared:
                used = _draw_targets(windows.words[centre], tables, negative, key, draw, targets)
                draw += negative
                step(inputs, outputs, contexts[:count], targets, used, rates[centre], error)
            else:
                for c in range(count):
                    used = _draw_targets(
                        windows.words[centre], tables, negative, key, draw, targets
                    )
                    draw += negative
                    step(inputs, outputs, contexts[c : c + 1], targets, used, rates[centre], error)

    return train


VARIANTS = {
    "per pair, rows looked up": _kernel(_looked_up, shared=False),
    "per pair, rows hoisted": _kernel(_hoisted, shared=False),
    "per window, textbook loop": _kernel(_hoisted, shared=True),
}
FINAL: dict[str, Literal["per_pair", "per_window"]] = {
    "per pair, fast": "per_pair",
    "per window, fast": "per_window",
}


def measure_steps(encoded: Encoded, vocabulary: Vocabulary, rounds: int) -> list[dict[str, Any]]:
    """Corpus words a second of every variant over one epoch, measured in turn."""
    assert vocabulary.counts is not None  # they were counted with the words
    tables = fast.make_tables(vocabulary.counts)
    names = [*VARIANTS, *FINAL]
    for name in names:  # compiled before the clock runs
        trained(name, encoded, len(vocabulary), tables)

    def speed(name: str) -> float:
        return len(encoded.ids) / measure.seconds(
            lambda: trained(name, encoded, len(vocabulary), tables)
        )

    measured = measure.in_turn(
        {name: partial(speed, name) for name in names},
        rounds,
    )
    return [
        {
            "variant": name,
            "words_per_second": [round(x) for x in values],
            "median": round(float(np.median(values))),
        }
        for name, values in measured.items()
    ]


def trained(
    name: str, encoded: Encoded, words: int, tables: fast.Tables
) -> tuple[np.ndarray, np.ndarray]:
    """Both tables, (words, DIM) float32, after one epoch of a variant that starts from new ones."""
    rng = np.random.default_rng(0)
    start = (rng.random((words, DIM)) - 0.5) / DIM
    if name in FINAL:
        inputs, outputs = padded_rows(words, DIM), padded_rows(words, DIM)
        inputs[:, :DIM] = start
        fast.train_chunk(
            "skipgram",
            "negative",
            FINAL[name],
            inputs,
            outputs,
            encoded.ids,
            encoded.offsets,
            tables,
            WINDOW,
            NEGATIVE,
            RATE,
            RATE,
            1,
        )
        return inputs[:, :DIM], outputs[:, :DIM]
    inputs, outputs = start.astype(np.float32), np.zeros((words, DIM), np.float32)
    windows, key = chunks.prepare(
        "steps",
        "skipgram",
        "negative",
        "per_window",
        encoded.ids,
        encoded.offsets,
        tables,
        WINDOW,
        NEGATIVE,
        1,
    )
    rates = np.full(len(windows.words), RATE, np.float32)
    VARIANTS[name](
        inputs, outputs, windows, rates, tables, NEGATIVE, key, np.int64(len(encoded.ids))
    )
    return inputs, outputs
