"""The exercise `negative_sampling.path_loss`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import sigma, sigma_of_exp, tenths
from embcourse.negative_sampling.exercises.path_probabilities import sure_turns

# Sums of at most 8 logarithms of size up to 12.
PATH_LOSS_TOLERANCE = Tolerance(operations=128, scale=12.0)


def turns(rng: np.random.Generator, length: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """A code that is no palindrome, so that it holds both turns, and a path through some of the
    nodes, out of order."""
    while True:
        code, path = rng.integers(0, 2, length), rng.choice(nodes, length, replace=False)
        if (code != code[::-1]).any() and (path != np.arange(length)).all():
            return code, path


def path_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(*args, label: str, aspect: str = "values") -> Case:
        return Case(args, aspect, label, tolerance=PATH_LOSS_TOLERANCE)

    yield case(tenths(rng, 2), tenths(rng, 3, 2), *turns(rng, 2, 3), label="two turns")
    yield case(
        rng.standard_normal(4), rng.standard_normal((9, 4)), *turns(rng, 7, 9), label="a long path"
    )
    code, path = turns(rng, 3, 5)
    yield case(
        rng.standard_normal(8)[::2],
        rng.standard_normal((5, 8))[:, ::2],
        np.repeat(code, 2)[::2],
        np.repeat(path, 2)[::2],
        label="views with gaps",
    )
    yield case(
        np.zeros(2),
        tenths(rng, 4, 2),
        *turns(rng, int(rng.integers(2, 4)), 4),
        label="every turn a coin",
        aspect="edge",
    )
    yield case(
        tenths(rng, 2),
        tenths(rng, 3, 2),
        rng.integers(0, 2, 1),
        rng.integers(1, 3, 1),
        label="one turn",
        aspect="edge",
    )
    yield case(
        tenths(rng, 2),
        np.zeros((0, 2)),
        np.zeros(0, int),
        np.zeros(0, int),
        label="a tree of one word",
        aspect="edge",
    )
    for label, low, high in (
        ("logits of 18 to 30", 18, 30),
        ("a product that rounds to 0", 400, 600),
        ("turns that round to 0", 5000, 10_000),
    ):
        hidden, nodes = sure_turns(rng, 4, low, high)
        # Of the turns to the left and of those to the right, one is sure and right, one sure and
        # wrong.
        path = np.argsort(nodes @ hidden)
        order = rng.permutation(4)
        path, code = path[order], np.array([0, 1, 0, 1])[order]
        yield Case(
            (hidden, nodes, code, path),
            "stability",
            label,
            tolerance=PATH_LOSS_TOLERANCE if high < 100 else Tolerance(operations=128, scale=2e4),
        )


def signed(x, code):
    return -x if code else x


def softplus(x):
    return np.logaddexp(0, x)


def path_loss_with(
    *,
    sign=signed,
    logits_of=lambda hidden, nodes, path: nodes[path] @ hidden,
    loss=lambda x: softplus(-x),
    codes_of=lambda code: code,
    combine=np.sum,
    finish=lambda total: total,
):
    """The loss of a path, with one part replaced."""

    def solve(hidden, nodes, code, path):
        losses = [
            loss(sign(x, bit)) for x, bit in zip(logits_of(hidden, nodes, path), codes_of(code))
        ]
        return float(finish(combine(losses)))

    return solve


def path_loss_in_two_parts(hidden, nodes, code, path):
    x = nodes[path] @ hidden * np.where(code == 0, 1.0, -1.0)
    return float((np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))).sum())


def path_loss_by_plain_python(hidden, nodes, code, path):
    total = 0.0
    for bit, node in zip(code.tolist(), path.tolist()):
        x = math.fsum(float(a) * float(b) for a, b in zip(nodes[node], hidden))
        x = x if bit else -x
        total += x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))
    return total


PATH_LOSS = Exercise(
    id="negative_sampling.path_loss",
    points=1,
    reference=lambda hidden, nodes, code, path: (
        -float(reference.log_sigmoid(reference.signs(code) * (nodes[path] @ hidden)).sum()) + 0.0
    ),
    cases=path_cases,
    variant=path_loss_with,
    misconceptions=[
        Misconception(
            "takes the logarithm of a product",
            {"loss": sigma, "combine": np.prod, "finish": lambda product: -np.log(product)},
            "The product of many small probabilities is 0 in floating point, and so may a single"
            " one be. Add the logarithms instead: ln sigma(x) = -np.logaddexp(0, -x).",
        ),
        Misconception(
            "is infinite for a turn that is nearly impossible",
            {"loss": lambda x: -np.log(sigma(x))},
            "At a logit of -1000, e^1000 overflows and the sigmoid is 0: the logarithm of either is"
            " infinite. ln sigma(x) = -ln(1 + e^-x) can be computed without both: -np.logaddexp(0,"
            " -x).",
        ),
        Misconception(
            "takes the logarithm of 1 - sigma(x)",
            lambda hidden, nodes, code, path: float(
                sum(
                    -np.log(1 - sigma(x)) if bit else softplus(-x)
                    for x, bit in zip(nodes[path] @ hidden, code)
                )
            ),
            "1 - sigma(30) has lost nearly all its digits, and 1 - sigma(40) is 0. sigma(-x) is the"
            " same number without the loss, and -np.logaddexp(0, x) its logarithm.",
        ),
        Misconception(
            "computes exp(x) / (1 + exp(x))",
            {"loss": lambda x: -np.log(sigma_of_exp(x))},
            "exp(x) overflows for logits above 709, and infinite / infinite is NaN. -ln sigma(x) is"
            " np.logaddexp(0, -x), which never overflows.",
        ),
        Misconception(
            "adds a small number inside the logarithm",
            {"loss": lambda x: -np.log(sigma(x) + 1e-10)},
            "With 1e-10 added, no turn costs more than 23, however unlikely. -ln sigma(x) is "
            "np.logaddexp(0, -x).",
        ),
        Misconception(
            "swaps the codes",
            {"sign": lambda x, code: x if code else -x},
            "Turn 0 has probability sigma(+x), turn 1 has sigma(-x).",
        ),
        Misconception(
            "ignores the codes",
            {"sign": lambda x, code: x},
            "At turn 1 the right answer is sigma(-x).",
        ),
        Misconception(
            "multiplies the logit by the code",
            {"sign": lambda x, code: code * x},
            "A code is 0 or 1, a sign is +1 or -1: turn 0 has sigma(+x), turn 1 has sigma(-x).",
        ),
        Misconception(
            "takes 1 - code for the sign",
            {"sign": lambda x, code: (1 - code) * x},
            "1 - code is 1 or 0, a sign is +1 or -1: turn 0 has sigma(+x), turn 1 has sigma(-x).",
        ),
        Misconception(
            "reads the code from the end",
            {"codes_of": lambda code: code[::-1]},
            "Code and path both begin at the root: turn code[j] is taken at node path[j].",
        ),
        Misconception(
            "takes the first nodes instead of those on the path",
            {"logits_of": lambda hidden, nodes, path: nodes[: len(path)] @ hidden},
            "The nodes of the path are the rows `path` of `nodes`, in no particular order.",
        ),
        Misconception(
            "takes the mean over the turns",
            {"combine": np.mean},
            "The logarithm of a product is the sum of the logarithms: longer paths cost more.",
        ),
        Misconception(
            "goes through every node",
            lambda hidden, nodes, code, path: float(softplus(-(nodes @ hidden)).sum()),
            "Only the nodes on the word's own path count. That is why a step costs log V and"
            " not V.",
        ),
        Misconception(
            "leaves out the last turn",
            lambda hidden, nodes, code, path: path_loss_with()(hidden, nodes, code[:-1], path[:-1]),
            "Every turn on the path counts, the last one too: it leads to the word itself.",
        ),
        Misconception(
            "leaves out the root",
            lambda hidden, nodes, code, path: path_loss_with()(hidden, nodes, code[1:], path[1:]),
            "Every turn on the path counts, the first one too: it is taken at the root.",
        ),
        Misconception(
            "returns the log-probability",
            {"finish": lambda total: -total},
            "The loss is minus the logarithm of the probability: it is never negative.",
        ),
        Misconception(
            "returns the probability",
            {"finish": lambda total: np.exp(-total)},
            "The loss is minus the logarithm of that probability.",
        ),
        Misconception(
            "takes the logarithm to base 2",
            {"finish": lambda total: total / math.log(2)},
            "ln is the natural logarithm, np.log.",
        ),
        Misconception(
            "takes the sigmoid of the sum of the logits",
            {"loss": lambda x: x, "finish": lambda total: softplus(-total)},
            "Each turn has a probability of its own. The sigmoid of a sum is not the product of the"
            " sigmoids.",
        ),
    ],
    alternatives=[path_loss_by_plain_python, path_loss_in_two_parts, path_loss_with()],
    hints=[
        "The logarithm of a product is a sum.",
        "-ln sigma(x) is np.logaddexp(0, -x); for turn 1 put -x for x.",
        "np.logaddexp(0, -(1 - 2 * code) * (nodes[path] @ hidden)).sum().",
    ],
)
