"""The exercise `word2vec.log_softmax`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import LARGE, ORDINARY


def logit_cases(rng: np.random.Generator) -> Iterator[Case]:
    halves = np.array([-4, -3, -2, -1, 1, 2, 3, 4]) / 2  # no 0: no row is shifted already
    yield Case((rng.permutation(halves)[:6].reshape(2, 3),), label="two rows", tolerance=ORDINARY)
    rows = int(rng.integers(3, 6))
    yield Case(
        (rng.uniform(-4, 4, (rows, rows + int(rng.integers(1, 4)))),),
        label="more rows",
        tolerance=ORDINARY,
    )
    yield Case((rng.uniform(-4, 4, int(rng.integers(4, 8))),), label="one axis", tolerance=ORDINARY)
    yield Case(
        (rng.uniform(-4, 4, tuple(rng.permutation([2, 3, 4]))),),
        label="three axes",
        tolerance=ORDINARY,
    )
    yield Case(
        (rng.uniform(-4, 4, (3, 2 * int(rng.integers(4, 7))))[:, ::2],),
        label="a view with gaps",
        tolerance=ORDINARY,
    )
    yield Case(
        (rng.uniform(-4, 4, (int(rng.integers(2, 5)), 1)),), "edge", "one word", tolerance=ORDINARY
    )
    yield Case((np.zeros((0, int(rng.integers(2, 9)))),), "edge", "no rows")
    yield Case(
        (np.full((2, int(rng.integers(3, 8))), rng.uniform(1, 4) * rng.choice([-1, 1])),),
        "edge",
        "all equal",
        tolerance=ORDINARY,
    )
    size = float(rng.integers(8_000, 10_001))
    near = np.array([0.0, -rng.uniform(0.5, 2), -rng.uniform(3, 6)])
    yield Case(
        (np.array([[*rng.permutation(size + near), 0.0]]),),
        "stability",
        "logits near 10,000",
        tolerance=LARGE,
    )
    yield Case(
        (np.array([rng.permutation(near - size)]),),
        "stability",
        "logits near -10,000",
        tolerance=LARGE,
    )
    # Above the mean by less than 709, above the smallest by more: only one of the two overflows.
    below = np.array([size, size - rng.uniform(0.5, 2), size - rng.uniform(900, 1_100)])
    yield Case(
        (np.array([rng.permutation(below)]),), "stability", "one logit far below", tolerance=LARGE
    )
    far = np.array([[size, -size, size - 1.5], [-size, -size + 1, -size - 0.5], [0.5, -1, 2]])
    yield Case((far[rng.permutation(3)],), "stability", "rows far apart", tolerance=LARGE)


def row_maximum(logits):
    return logits.max(axis=-1, keepdims=True)


def log_of_sum(powers):
    return np.log(powers.sum(axis=-1, keepdims=True))


def difference_of(logits, shifted, total):
    return shifted - total


def log_of_share(logits, shifted, epsilon=0.0):
    powers = np.exp(shifted)
    return np.log(powers / powers.sum(axis=-1, keepdims=True) + epsilon)


def log_softmax_with(
    *,
    enter=lambda logits: logits,
    shift=row_maximum,
    total=log_of_sum,
    join=difference_of,
    finish=lambda result: result,
):
    """The log-softmax with one part replaced."""

    def solve(logits):
        with np.errstate(all="ignore"):
            logits = enter(logits)
            shifted = logits - shift(logits)
            return finish(join(logits, shifted, total(np.exp(shifted))))

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
    id="word2vec.log_softmax",
    points=2,
    reference=reference.log_softmax,
    cases=logit_cases,
    variant=log_softmax_with,
    misconceptions=[
        Misconception(
            "exponentiates large logits as they are",
            {"shift": lambda logits: 0.0},
            "exp(1000) overflows, and exp(-1000) is 0. Subtract the row's maximum first: no"
            " probability changes.",
        ),
        Misconception(
            "takes the logarithm of a probability that has rounded to 0",
            {"join": lambda logits, shifted, total: log_of_share(logits, shifted)},
            "exp(-1000) is 0 and ln 0 is infinite. Don't form the probability: subtract the"
            " logarithm of the sum from the shifted logits.",
        ),
        Misconception(
            "forms the probability of logits that were not shifted",
            lambda logits: log_softmax_with(
                shift=lambda logits: 0.0, join=lambda a, b, total: log_of_share(a, b)
            )(logits),
            "exp(1000) overflows, and ln 0 is infinite. Subtract the row's maximum first, and then"
            " the logarithm of the sum; the probability itself is never needed.",
        ),
        Misconception(
            "adds a small number to save the logarithm",
            {"join": lambda logits, shifted, total: log_of_share(logits, shifted, 1e-12)},
            "A small number inside the logarithm changes every small probability: ln 1e-12 is only"
            " -27.6. Subtract the logarithm of the sum from the shifted logits instead.",
        ),
        Misconception(
            "cuts large logits off",
            {"enter": lambda logits: np.clip(logits, -700, 700), "shift": lambda logits: 0.0},
            "A logit that is cut off gives another probability. Subtract the row's maximum instead:"
            " that changes none.",
        ),
        Misconception(
            "subtracts the mean, not the maximum",
            {"shift": lambda logits: logits.mean(axis=-1, keepdims=True)},
            "Far above the mean exp still overflows. Subtract the largest logit: then no exponent"
            " is above 0.",
        ),
        Misconception(
            "subtracts one maximum from all rows",
            {"shift": lambda logits: logits.max()},
            "A row far below the largest one then underflows. Each row needs its own maximum.",
        ),
        Misconception(
            "forgets the maximum outside the sum",
            {"join": lambda logits, shifted, total: logits - total},
            "What is taken off inside the sum has to be taken off outside as well: subtract the"
            " logarithm of the sum from the shifted logits.",
        ),
        Misconception(
            "sums over the first axis",
            {"total": lambda powers: np.log(powers.sum(axis=0, keepdims=True))},
            "Each row is a distribution over the vocabulary, which is the last axis.",
        ),
        Misconception(
            "sums over everything",
            {"total": lambda powers: np.log(powers.sum())},
            "Each row is a distribution of its own: sum over the last axis only, and keep it for "
            "broadcasting.",
        ),
        Misconception(
            "sums over axis 1",
            {"total": lambda powers: np.log(powers.sum(axis=1, keepdims=True))},
            "That is the last axis of a matrix only. Logits come with any number of axes: count"
            " from the end.",
        ),
        Misconception(
            "takes the maximum over the first axis",
            {"shift": lambda logits: logits.max(axis=0, keepdims=True)},
            "Each row needs its own maximum, over the last axis: another row's may be far above or"
            " below.",
        ),
        Misconception(
            "adds the logarithm of the sum",
            {"join": lambda logits, shifted, total: shifted + total},
            "ln(a / b) is ln a - ln b: subtract the logarithm of the sum.",
        ),
        Misconception(
            "only subtracts the maximum",
            {"join": lambda logits, shifted, total: shifted},
            "That keeps exp small, and is only the first step: subtract the logarithm of the sum of"
            " exponentials as well.",
        ),
        Misconception(
            "returns probabilities",
            {"finish": np.exp},
            "These are the probabilities. Asked are their natural logarithms.",
        ),
        Misconception(
            "returns minus the logarithm",
            {"finish": np.negative},
            "The logarithm of a probability is at most 0. The minus belongs to the loss, not to"
            " this.",
        ),
        Misconception(
            "takes another base",
            {"total": lambda powers: np.log2(powers.sum(axis=-1, keepdims=True))},
            "The logarithm is the natural one, np.log.",
        ),
        Misconception(
            "subtracts the sum, not its logarithm",
            {"total": lambda powers: powers.sum(axis=-1, keepdims=True)},
            "ln(a / b) is ln a - ln b: subtract the logarithm of the sum of exponentials.",
        ),
        Misconception(
            "subtracts the minimum",
            {"shift": lambda logits: logits.min(axis=-1, keepdims=True)},
            "Above the smallest logit exp still overflows. Subtract the largest: then no exponent"
            " is above 0.",
        ),
        Misconception(
            "subtracts the largest size",
            {"shift": lambda logits: np.abs(logits).max(axis=-1, keepdims=True)},
            "Of negative logits the largest size belongs to the smallest. Subtract the maximum "
            "itself: then the largest exponent is 0.",
        ),
        Misconception(
            "sums without keeping the axis",
            {"total": lambda powers: np.log(powers.sum(axis=-1))},
            "The sum has one axis less than the logits and does not fit their rows. Keep the axis: "
            "keepdims=True.",
        ),
        Misconception(
            "lets the last axis go",
            {
                "shift": lambda logits: logits.max(axis=-1),
                "total": lambda powers: np.log(powers.sum(axis=-1)),
            },
            "The maximum and the sum have one axis less than the logits and do not fit their rows. "
            "Keep it: keepdims=True.",
        ),
        Misconception(
            "works on axis 1",
            {
                "shift": lambda logits: logits.max(axis=1, keepdims=True),
                "total": lambda powers: np.log(powers.sum(axis=1, keepdims=True)),
            },
            "That is the last axis of a matrix only. Logits come with any number of axes: count"
            " from the end.",
        ),
        Misconception(
            "computes in single precision",
            {"enter": lambda logits: logits.astype(np.float32)},
            "Single precision holds a logit of 10,000 to about 0.001 only. Stay in float64.",
        ),
    ],
    alternatives=[log_softmax_by_logaddexp, log_softmax_by_rows, log_softmax_with()],
    hints=[
        "ln(exp(x_i) / S) is x_i - ln S. Write that, then ask what happens at x = 1000.",
        (
            "Subtract the row's maximum from the row before anything else; keepdims=True keeps the"
            " shapes fitting."
        ),
        (
            "`shifted = logits - logits.max(axis=-1, keepdims=True)`, then shifted minus the log of"
            " the sum of np.exp(shifted)."
        ),
    ],
)
