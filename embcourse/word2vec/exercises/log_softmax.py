"""The exercise `word2vec.log_softmax`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import LARGE, ORDINARY


def logit_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 1.0, 3.0], [2.0, -1.0, 0.5]]),), label="two rows", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (4, 7)),), label="four rows", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, 5),), label="one axis", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (2, 3, 4)),), label="three axes", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (3, 8))[:, ::2],), label="a view with gaps", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (3, 1)),), "edge", "one word", tolerance=ORDINARY)
    yield Case((np.zeros((0, 4)),), "edge", "no rows")
    yield Case((np.full((2, 5), 2.0),), "edge", "all equal", tolerance=ORDINARY)
    yield Case((np.array([[1e4, 1e4 - 1, 0.0]]),), "stability", "logits of 10,000", tolerance=LARGE)
    yield Case((np.array([[-1e4, -1e4 - 1, -1e4 + 2]]),), "stability", "logits of -10,000", tolerance=LARGE)
    yield Case((np.array([[1e4, -1e4], [-1e4, -1e4]]),), "stability", "rows far apart", tolerance=LARGE)


def log_softmax_with(*, shift="row", axis=-1, after=False, log=np.log, powers=True, epsilon=0.0, plain=False):
    """The log-softmax with one part replaced."""
    def solve(logits):
        with np.errstate(all="ignore"):
            if shift == "row":
                logits = logits - logits.max(axis=axis, keepdims=True, initial=-np.inf)
            elif shift == "all":
                logits = logits - logits.max(initial=-np.inf)
            total = np.exp(logits).sum(axis=axis, keepdims=True)
            if plain:
                return np.exp(logits) / total
            if after:
                return log(np.exp(logits) / total + epsilon)
            return logits - (log(total) if powers else total)
    return solve


def log_softmax_by_logaddexp(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def log_softmax_by_rows(logits):
    rows = []
    for row in logits.reshape(-1, logits.shape[-1]).tolist():
        top = max(row)
        total = top + math.log(math.fsum(math.exp(x - top) for x in row))
        rows.append([x - total for x in row])
    return np.array(rows).reshape(logits.shape)


LOG_SOFTMAX = Exercise(
    id="word2vec.log_softmax", points=2,
    reference=reference.log_softmax,
    cases=logit_cases,
    misconceptions=[
        Misconception("exponentiates large logits as they are", log_softmax_with(shift=None),
                      "exp(1000) overflows, and exp(-1000) is 0. Subtract the row's maximum first: no probability "
                      "changes."),
        Misconception("takes the logarithm of a probability that has rounded to 0", log_softmax_with(after=True),
                      "exp(-1000) is 0 and ln 0 is infinite. Don't form the probability: subtract the logarithm of the "
                      "sum from the shifted logits."),
        Misconception("adds a small number to save the logarithm",
                      log_softmax_with(after=True, epsilon=1e-12),
                      "A small number inside the logarithm changes every small probability: ln 1e-12 is only -27.6. "
                      "Subtract the logarithm of the sum from the shifted logits instead."),
        Misconception("sums over the wrong axis", log_softmax_with(axis=0),
                      "Each row is a distribution over the vocabulary, which is the last axis."),
        Misconception("subtracts one maximum from all rows", log_softmax_with(shift="all"),
                      "A row far below the largest one then underflows. Each row needs its own maximum."),
        Misconception("returns probabilities", log_softmax_with(plain=True),
                      "These are the probabilities. Asked are their natural logarithms."),
        Misconception("takes another base", log_softmax_with(log=np.log2),
                      "The logarithm is the natural one, np.log."),
        Misconception("subtracts the sum, not its logarithm", log_softmax_with(powers=False),
                      "ln(a / b) is ln a - ln b: subtract the logarithm of the sum of exponentials."),
    ],
    alternatives=[log_softmax_by_logaddexp, log_softmax_by_rows],
    hints=["ln(exp(x_i) / S) is x_i - ln S. Write that, then ask what happens at x = 1000.",
           "Subtract the row's maximum from the row before anything else; keepdims=True keeps the shapes fitting.",
           "`shifted = logits - logits.max(axis=-1, keepdims=True)`, then shifted minus the log of the sum of "
           "np.exp(shifted)."],
)
