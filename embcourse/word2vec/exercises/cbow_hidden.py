"""The exercise `word2vec.cbow_hidden`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import ORDINARY, gapped, gappy_tables, small_tables, tables


def hidden_cases(rng: np.random.Generator) -> Iterator[Case]:
    inputs = small_tables(rng, 5, 2)[0]
    yield Case((inputs, rng.permutation(5)[:3], True), label="mean of three", tolerance=ORDINARY)
    yield Case((inputs, rng.permutation(5)[:3], False), label="sum of three", tolerance=ORDINARY)
    for mean, label in ((True, "mean of many"), (False, "sum of many")):
        # No size equals another, so that a division by the wrong one shows.
        words, dim, length = (int(size) for size in rng.permutation([6, 7, 8, 9])[:3])
        yield Case(
            (tables(rng, words, dim)[0], rng.integers(0, words, length), mean),
            label=label,
            tolerance=ORDINARY,
        )
    yield Case(
        (gappy_tables(rng, 9, 4)[0], gapped(rng.permutation(9)[:3]), bool(rng.integers(2))),
        label="views with gaps",
        tolerance=ORDINARY,
    )
    a, b, c = rng.permutation(6)[:3]
    yield Case(
        (tables(rng)[0], rng.permutation([a, b, b, b, c]), True),
        label="a word three times",
        tolerance=ORDINARY,
    )
    yield Case(
        (tables(rng)[0], rng.permutation([a, a, c, b]), False),
        "edge",
        "the sum of a word twice",
        tolerance=ORDINARY,
    )
    for mean, label in ((True, "one word"), (False, "the sum of one word")):
        # Word 0: a context that holds it is not empty.
        yield Case((tables(rng)[0], np.zeros(1, int), mean), "edge", label, tolerance=ORDINARY)
    none = np.zeros(0, int)
    for mean, label in ((True, "no context"), (False, "the sum of no context")):
        yield Case(
            (tables(rng, int(rng.integers(2, 7)))[0], none, mean),
            "errors",
            label,
            raises=ValueError,
        )


def refuse(inputs, mean):
    raise ValueError("there must be a context")


def nan(inputs, mean):
    return np.full(inputs.shape[1], np.nan) if mean else np.zeros(inputs.shape[1])


def refuse_the_mean(inputs, mean):
    return refuse(inputs, mean) if mean else np.zeros(inputs.shape[1])


def hidden_with(
    *,
    asked=lambda mean: mean,
    words=lambda contexts: contexts,
    count=lambda contexts, inputs: len(contexts),
    empty=refuse,
):
    """The hidden vector of CBOW with one part replaced."""

    def solve(inputs, contexts, mean):
        if len(contexts) == 0:
            return empty(inputs, mean)
        total = inputs[words(contexts)].sum(axis=0)
        with np.errstate(all="ignore"):
            return total / count(contexts, inputs) if asked(mean) else total

    return solve


def hidden_distinct(inputs, contexts, mean):
    return hidden_with()(inputs, np.unique(contexts), mean)


def along(axis):
    """Mean and sum along another axis, or along all."""

    def solve(inputs, contexts, mean):
        if len(contexts) == 0:
            raise ValueError("there must be a context")
        rows = inputs[contexts]
        return rows.mean(axis=axis) if mean else rows.sum(axis=axis)

    return solve


def hidden_by_counts(inputs, contexts, mean):
    """How often each word occurs, times its row."""
    if contexts.size < 1:
        raise ValueError("there must be a context")
    weights = np.bincount(contexts, minlength=len(inputs)).astype(float)
    return (weights / weights.sum() if mean else weights) @ inputs


def hidden_by_loop(inputs, contexts, mean):
    if not len(contexts):
        raise ValueError("there must be a context")
    total = [0.0] * inputs.shape[1]
    for word in contexts:
        total = [a + b for a, b in zip(total, inputs[word])]
    return [a / len(contexts) for a in total] if mean else total


CBOW_HIDDEN = Exercise(
    id="word2vec.cbow_hidden",
    points=1,
    reference=reference.cbow_hidden,
    cases=hidden_cases,
    variant=hidden_with,
    misconceptions=[
        Misconception(
            "adds up where the mean is meant",
            {"asked": lambda mean: False},
            "With mean=True, divide by the number of context words. A sum grows with the window.",
        ),
        Misconception(
            "averages where the sum is meant",
            {"asked": lambda mean: True},
            "With mean=False, return the sum as it is.",
        ),
        Misconception(
            "takes mean and sum for each other",
            {"asked": lambda mean: not mean},
            "With mean=True divide by the number of words, with mean=False return the sum.",
        ),
        Misconception(
            "counts a repeated word once",
            hidden_distinct,
            "A word that stands in the context twice is added twice, and counts as two in the"
            " mean.",
        ),
        Misconception(
            "divides by the number of different words",
            {"count": lambda contexts, inputs: len(np.unique(contexts))},
            "A word that stands in the context twice counts as two in the mean: divide by the"
            " length of the context.",
        ),
        Misconception(
            "divides by the vocabulary",
            {"count": lambda contexts, inputs: len(inputs)},
            "The mean is over the context: divide by the number of words in it.",
        ),
        Misconception(
            "divides by the dimension",
            {"count": lambda contexts, inputs: inputs.shape[1]},
            "Average over the words, axis 0, not over the components of a vector.",
        ),
        Misconception(
            "divides by one word too few",
            {"count": lambda contexts, inputs: len(contexts) - 1},
            "The centre is not in `contexts`: divide by as many words as there are.",
        ),
        Misconception(
            "leaves out the last word",
            {"words": lambda contexts: contexts[:-1]},
            "All words of the context are added, the last one too.",
        ),
        Misconception(
            "accepts a context without a word",
            {"empty": nan},
            "Without a word there is nothing to predict from. Raise a ValueError.",
        ),
        Misconception(
            "divides by zero for a context without a word",
            {"empty": lambda inputs, mean: 0 / 0 if mean else 0},
            "Without a word there is nothing to predict from. Look first, and raise a ValueError.",
        ),
        Misconception(
            "returns zeros for a context without a word",
            {"empty": lambda inputs, mean: np.zeros(inputs.shape[1])},
            "Zeros look like a prediction. Without a word there is none: raise a ValueError.",
        ),
        Misconception(
            "refuses an empty context for the mean only",
            {"empty": refuse_the_mean},
            "Raise the ValueError for the sum as well: an empty sum is no context either.",
        ),
        Misconception(
            "joins the components of each word",
            along(1),
            "That gives one number for each word. Go along axis 0, over the words: the result has d"
            " components.",
        ),
        Misconception(
            "joins everything to one number",
            along(None),
            "Without an axis all numbers are joined. Go along axis 0, over the words: the result"
            " has d components.",
        ),
        Misconception(
            "adds a repeated word once and divides by all",
            {"words": np.unique},
            "A word that stands in the context twice is added twice.",
        ),
        Misconception(
            "takes a context of word 0 for an empty one",
            lambda inputs, contexts, mean: hidden_with()(
                inputs, contexts if contexts.any() else contexts[:0], mean
            ),
            "Zero is the id of a word. Ask for the length of the context.",
        ),
    ],
    alternatives=[hidden_by_counts, hidden_by_loop, hidden_with()],
    hints=[
        "Pick the context's rows of `inputs`. How do you go from m rows to one?",
        "Indexing with an array of ids repeats a row as often as its id occurs. Sum along axis 0.",
        (
            "`inputs[contexts].mean(axis=0)` or `.sum(axis=0)`, after a look whether `contexts` is"
            " empty."
        ),
    ],
)
