"""The exercise `cooccurrence.pmi`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import billions, random_counts, with_unseen

# ln(a / b) may also be written ln a - ln b, and these logarithms are below 32 in size. Sums run
# over at most 100 cells.
LOGARITHM = Tolerance(operations=128, scale=32.0)


def pmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(counts, aspect="values", label=""):
        return Case((counts,), aspect, label, tolerance=LOGARITHM)

    a, b, c = (int(count) for count in rng.choice(np.arange(1, 10), 3, replace=False))
    yield case(np.array([[a, 0], [b, c]])[:, :: rng.choice([1, -1])], label="two words")
    words = int(rng.integers(5, 8))
    yield case(random_counts(rng, words, words), label="as many contexts as words")
    yield case(
        random_counts(rng, int(rng.integers(3, 5)), int(rng.integers(6, 9))),
        label="more contexts than words",
    )
    yield case(
        random_counts(rng, int(rng.integers(6, 9)), int(rng.integers(3, 5))),
        label="more words than contexts",
    )
    yield case(random_counts(rng, 5, 12)[:, ::2], label="a view with gaps")
    yield case(rng.uniform(0.05, 3.0, (3, 3)), label="counts with fractions")
    yield case(
        with_unseen(rng, np.array([[a, b], [0, c]])), "edge", "a word and a context never seen"
    )
    yield case(np.array([[int(rng.integers(2, 99))]]), "edge", "one word with one context")
    yield case(
        np.outer(rng.integers(1, 9, 3), rng.integers(1, 9, 2)),
        "edge",
        "everything as chance would have it",
    )
    yield case(billions(rng), "edge", "counts in the billions")


def log_of(ratio):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(ratio)


def share(counts):
    return counts / counts.sum()


def pmi_with(
    *,
    prepare=lambda counts: counts,
    joint=share,
    word=lambda counts: counts.sum(axis=1) / counts.sum(),
    context=lambda counts: counts.sum(axis=0) / counts.sum(),
    log=log_of,
    never=-np.inf,
    unseen=0.0,
    finish=lambda information, counts: information,
):
    """PMI with parts replaced. joint, word and context are functions of the counts."""

    def solve(counts):
        original = np.asarray(counts, dtype=float)
        counts = prepare(original)
        with np.errstate(divide="ignore", invalid="ignore"):
            information = log(joint(counts) / np.outer(word(counts), context(counts)))
        blank = np.outer(counts.sum(axis=1), counts.sum(axis=0)) == 0
        if never is not None:
            information[(counts == 0) & ~blank] = never
        if unseen is not None:
            information[blank] = unseen
        return finish(information, original)

    return solve


def pmi_of_integer_products(counts):
    """counts * total / (row * column), all in integers: beyond 2**63 they wrap round."""
    with np.errstate(all="ignore"):
        information = np.log(
            counts * counts.sum() / np.outer(counts.sum(axis=1), counts.sum(axis=0))
        )
    information[counts.sum(axis=1) == 0, :] = 0.0
    information[:, counts.sum(axis=0) == 0] = 0.0
    return information


def pmi_of_raw_integers(counts):
    with np.errstate(all="ignore"):
        return np.log(counts / np.outer(counts.sum(axis=1), counts.sum(axis=0)))


def pmi_by_probabilities(counts):
    joint = counts / counts.sum()
    expected = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    result = np.zeros(joint.shape)
    possible = expected > 0
    result[possible] = log_of(joint[possible] / expected[possible])
    return result


def pmi_by_loops(counts):
    words, contexts = counts.shape
    total = float(counts.sum())
    result = np.zeros((words, contexts))
    for w in range(words):
        for c in range(contexts):
            row, column = float(counts[w].sum()), float(counts[:, c].sum())
            if row and column:
                met = float(counts[w, c])
                result[w, c] = (
                    np.log(met) + np.log(total) - np.log(row) - np.log(column) if met else -np.inf
                )
    return result


PMI = Exercise(
    id="cooccurrence.pmi",
    points=2,
    reference=lambda counts: reference.pmi(counts),
    cases=pmi_cases,
    variant=pmi_with,
    misconceptions=[
        Misconception(
            "takes the logarithm to base 2",
            {"log": lambda ratio: log_of(ratio) / np.log(2)},
            "ln is the natural logarithm, np.log: the unit is the nat. Base 2 gives bits, 1.443"
            " times as many.",
        ),
        Misconception(
            "takes the logarithm to base 10",
            {"log": lambda ratio: log_of(ratio) / np.log(10)},
            "ln is the natural logarithm, np.log: the unit is the nat.",
        ),
        Misconception(
            "leaves out the logarithm",
            {"log": lambda ratio: ratio, "never": None},
            "The ratio says how many times more often than by chance. PMI is its logarithm: 0 for"
            " chance.",
        ),
        Misconception(
            "adds 1 inside the logarithm",
            {"log": lambda ratio: np.log1p(ratio), "never": None},
            "ln(1 + ratio) is never negative and is ln 2 for chance. PMI is ln(ratio), and a pair"
            " that never met has -inf: that is meant.",
        ),
        *(
            Misconception(
                f"adds {constant:.0e} inside the logarithm",
                {"log": lambda ratio, constant=constant: np.log(ratio + constant), "never": None},
                "A pair that never met has -inf here, not the logarithm of a small number; and"
                " every other value moves a little.",
            )
            for constant in (1e-12, 1e-10, 1e-9, 1e-8, 1e-6)
        ),
        Misconception(
            "adds 1 to every count",
            {"prepare": lambda counts: counts + 1},
            "These are the counts as they were seen: a pair that never met stays at 0, and its PMI"
            " is -inf.",
        ),
        Misconception(
            "turns the ratio upside down",
            {"log": lambda ratio: -log_of(ratio), "never": np.inf},
            "What was seen stands above the line, what chance predicts below: more than chance is"
            " positive.",
        ),
        Misconception(
            "divides by the product of raw counts",
            {
                "joint": lambda counts: counts,
                "word": lambda counts: counts.sum(axis=1),
                "context": lambda counts: counts.sum(axis=0),
            },
            "P(w, c), P(w) and P(c) are three shares of the same total N. Two of them stand below"
            " the line, so one N is left over above it.",
        ),
        Misconception(
            "divides by the product of raw counts, without care for zeros or large numbers",
            pmi_of_raw_integers,
            "P(w, c), P(w) and P(c) are shares of the same total N: divide each by N first. Rows"
            " and columns of zeros are 0, not NaN.",
        ),
        Misconception(
            "leaves the joint counts unnormalised",
            {"joint": lambda counts: counts},
            "P(w, c) is a probability too: divide the count of the pair by the sum of all counts.",
        ),
        Misconception(
            "takes the number of rows for the total",
            {
                "joint": lambda counts: counts / len(counts),
                "word": lambda counts: counts.sum(axis=1) / len(counts),
                "context": lambda counts: counts.sum(axis=0) / len(counts),
            },
            "N is the sum of all counts: how many pairs were seen. It is not the size of the"
            " vocabulary.",
        ),
        Misconception(
            "gives every word the same P(w)",
            {"word": lambda counts: np.full(len(counts), 1 / len(counts))},
            "P(w) is the share of the pairs in row w. Frequent words have larger rows.",
        ),
        Misconception(
            "divides by the word only",
            {"context": lambda counts: np.ones(counts.shape[1])},
            "That is ln P(c | w). Frequent contexts still win everywhere; divide by P(c) as well.",
        ),
        Misconception(
            "divides by the context only",
            {"word": lambda counts: np.ones(len(counts))},
            "That is ln P(w | c). Divide by P(w) as well.",
        ),
        Misconception(
            "sums rows where columns are meant",
            {
                "word": lambda counts: counts.sum(axis=0) / counts.sum(),
                "context": lambda counts: counts.sum(axis=1) / counts.sum(),
            },
            "P(w) belongs to a row: sum along it, axis=1. P(c) belongs to a column: axis=0.",
        ),
        Misconception(
            "sums along rows for both",
            {"context": lambda counts: counts.sum(axis=1) / counts.sum()},
            "P(c) belongs to a column: sum down it, axis=0. Only a symmetric matrix hides the"
            " difference.",
        ),
        Misconception(
            "divides by -ln P(w, c)",
            {"finish": lambda information, counts: information / -log_of(share(counts))},
            "That is normalised PMI, which lies between -1 and 1. Asked for is PMI itself.",
        ),
        Misconception(
            "turns -inf into the most negative number",
            {"never": np.finfo(float).min},
            "np.nan_to_num replaces infinities too. A pair that never met has PMI -inf: that is"
            " meant.",
        ),
        Misconception(
            "puts 0 where a pair never met",
            {"never": 0.0},
            'ln 0 is -inf, and 0 would mean "as often as by chance". Cutting at 0 is the next'
            " exercise.",
        ),
        Misconception(
            "cuts at 0",
            {"finish": lambda information, counts: np.maximum(information, 0)},
            "That is positive PMI, the next exercise. Here a pair that meets less than by chance"
            " has a negative value.",
        ),
        Misconception(
            "weighs by the probability of the pair",
            {
                "finish": lambda information, counts: np.where(
                    counts > 0, share(counts) * np.where(counts > 0, information, 0), 0.0
                )
            },
            "P(w, c) times PMI is what a pair adds to the mutual information, an average. PMI is"
            " the logarithm alone.",
        ),
        Misconception(
            "divides zero by zero",
            {"unseen": np.nan},
            "A word that was never seen has P(w) = 0, and 0 / 0 is NaN. Its row is defined as 0; so"
            " is the column of a context never seen.",
        ),
        Misconception(
            "gives a word that was never seen -inf",
            {"unseen": -np.inf},
            '-inf says "could have met and never did". About a word or a context that was never'
            " seen nothing is known: its PMI is 0 everywhere.",
        ),
        Misconception(
            "multiplies large counts as integers",
            pmi_of_integer_products,
            "numpy's integers have 64 bits, and a product of counts in the billions has more: it"
            " wraps round without a word. Divide by the total first, then everything is a float.",
        ),
    ],
    alternatives=[pmi_by_loops, pmi_by_probabilities, pmi_with()],
    hints=[
        "Turn the counts into probabilities first. What must they sum to?",
        (
            "`joint.sum(axis=1)` is P(w), `joint.sum(axis=0)` is P(c), and np.outer multiplies"
            " every pair of them."
        ),
        (
            "np.log(joint / np.outer(word, context)) gives -inf by itself where joint is 0."
            " Afterwards set rows and columns whose sum is 0 to 0, as they hold NaN."
        ),
    ],
)
