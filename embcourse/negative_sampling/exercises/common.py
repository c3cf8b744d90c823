"""What several exercises of the negative_sampling chapter share."""

from __future__ import annotations

import numpy as np

from embcourse.checking import Misconception

# No rate is 1 / n for a small n: with such a rate, a step with the rate twice is a step divided by
# n.
RATES = (0.3, 0.4, 0.6, 0.7)


def tables(
    rng: np.random.Generator, size: int = 6, dim: int = 3, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, all entries different."""
    return scale * rng.standard_normal((size, dim)), scale * rng.standard_normal((size, dim))


def tenths(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers for a pencil: one decimal, from -1.5 to 1.5, never 0."""
    return rng.integers(1, 16, shape) * rng.choice([-1, 1], shape) / 10


def small_tables(
    rng: np.random.Generator, size: int = 4, dim: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors for a pencil."""
    return tenths(rng, size, dim), tenths(rng, size, dim)


def sure_tables(
    rng: np.random.Generator, input: int, logits: dict[int, float], size: int = 6, dim: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Tables where the output rows of some words have the given logits with the row `input`."""
    inputs, outputs = tables(rng, size, dim)
    inputs[input] *= 1.5 / np.linalg.norm(inputs[input])
    v = inputs[input]
    for word, logit in logits.items():
        outputs[word] = logit * v / (v @ v)
    return inputs, outputs


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))


def sigma_of_exp(x):
    """exp(x) / (1 + exp(x)): NaN where exp(x) overflows."""
    large = np.exp(np.asarray(x, dtype=float))
    return large / (1 + large)


def sigma_to_six(x):
    """The released program's sigmoid: 0 below a logit of -6, 1 above 6."""
    x = np.asarray(x, dtype=float)
    return np.where(x > 6, 1.0, np.where(x < -6, 0.0, sigma(x)))


# ------------------------------------------------------------------------- mistakes of several

LEAVES_OUT_NEGATIVES_THAT_ARE_THE_CENTRE = Misconception(
    "leaves out negatives that are the centre",
    {"counts": lambda word, context, centre, contexts: word not in (context, centre)},
    "Only a negative that equals the context of its pair is left out. The centre may be a"
    " negative: its output row is another row than its input row.",
)

LEAVES_OUT_NEGATIVES_THAT_ARE_ANY_PAIRS_CONTEXT = Misconception(
    "leaves out negatives that are any pair's context",
    {"counts": lambda word, context, centre, contexts: word not in contexts},
    "A negative is left out where it equals the context of its own pair. The contexts of"
    " other pairs do not matter.",
)

USES_INPUTS_FOR_BOTH_ROLES = Misconception(
    "uses `inputs` for both roles",
    {"rows": lambda inputs, outputs: (inputs, inputs)},
    "The centre's vector comes from `inputs`, the context's and the negatives' from `outputs`.",
)

SWAPS_THE_TWO_TABLES = Misconception(
    "swaps the two tables",
    {"rows": lambda inputs, outputs: (outputs, inputs)},
    "The centre's vector comes from `inputs`, the context's and the negatives' from `outputs`.",
)

RETURNS_THE_TABLES_IN_THE_WRONG_ORDER = Misconception(
    "returns the tables in the wrong order",
    {"finish": lambda inputs, outputs: (outputs, inputs)},
    "First the new inputs, then the new outputs.",
)

CUTS_THE_SIGMOID_AT_6 = Misconception(
    "takes the sigmoid as 0 or 1 beyond a logit of 6",
    {"sigmoid": sigma_to_six},
    "The released program does so, to save time. Here the sigmoid is exact: sigma(8) is"
    " 0.99966, and a sure answer still moves the rows a little.",
)

DIVIDES_EXP_BY_ONE_PLUS_EXP = Misconception(
    "computes exp(x) / (1 + exp(x))",
    {"sigmoid": sigma_of_exp},
    "exp(x) overflows for logits above 709, and infinite / infinite is NaN. `sigmoid`, in"
    " the first cell, takes exp(-|x|) instead.",
)
