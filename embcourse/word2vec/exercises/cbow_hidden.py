"""The exercise `word2vec.cbow_hidden`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import ORDINARY, tables


def hidden_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((tables(rng)[0], np.array([0, 2, 5]), True), label="mean of three", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([4, 1, 3]), False), label="sum of three", tolerance=ORDINARY)
    yield Case((tables(rng, 9, 8)[0][:, ::2], rng.permutation(9)[:6][::2], True), label="views with gaps",
               tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([1, 3, 3, 3]), True), label="a word three times", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([2, 2, 0]), False), "edge", "a word twice, summed", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([4]), True), "edge", "one word", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.zeros(0, int), True), "errors", "no context", raises=ValueError)
    yield Case((tables(rng)[0], np.zeros(0, int), False), "errors", "no context, summed", raises=ValueError)


def hidden_with(*, always=None, distinct=False, divisor="words", checked=True):
    """The hidden vector of CBOW with one part replaced."""
    def solve(inputs, contexts, mean):
        if checked and len(contexts) == 0:
            raise ValueError("no context")
        contexts = np.unique(contexts) if distinct else contexts
        total = inputs[contexts].sum(axis=0)
        count = len(contexts) if divisor == "words" else len(inputs) if divisor == "vocabulary" else inputs.shape[1]
        with np.errstate(all="ignore"):
            return total / count if (mean if always is None else always) else total
    return solve


def hidden_by_loop(inputs, contexts, mean):
    if not len(contexts):
        raise ValueError("there must be a context")
    total = [0.0] * inputs.shape[1]
    for word in contexts:
        total = [a + b for a, b in zip(total, inputs[word])]
    return [a / len(contexts) for a in total] if mean else total


def hidden_by_counts(inputs, contexts, mean):
    """How often each word occurs, times its row."""
    if contexts.size < 1:
        raise ValueError("there must be a context")
    weights = np.bincount(contexts, minlength=len(inputs)).astype(float)
    return (weights / weights.sum() if mean else weights) @ inputs


CBOW_HIDDEN = Exercise(
    id="word2vec.cbow_hidden", points=1,
    reference=reference.cbow_hidden,
    cases=hidden_cases,
    misconceptions=[
        Misconception("adds up where the mean is meant", hidden_with(always=False),
                      "With mean=True, divide by the number of context words. A sum grows with the window."),
        Misconception("averages where the sum is meant", hidden_with(always=True),
                      "With mean=False, return the sum as it is."),
        Misconception("counts a repeated word once", hidden_with(distinct=True),
                      "A word that stands in the context twice is added twice, and counts as two in the mean."),
        Misconception("divides by the vocabulary", hidden_with(divisor="vocabulary"),
                      "The mean is over the context: divide by the number of words in it."),
        Misconception("divides by the dimension", hidden_with(divisor="dimension"),
                      "Average over the words, axis 0, not over the components of a vector."),
        Misconception("accepts a context without a word", hidden_with(checked=False),
                      "Without a word there is nothing to predict from. Raise a ValueError."),
    ],
    alternatives=[hidden_by_loop, hidden_by_counts],
    hints=["Pick the context's rows of `inputs`. How do you go from m rows to one?",
           "Indexing with an array of ids repeats a row as often as its id occurs. Sum along axis 0.",
           "`inputs[contexts].mean(axis=0)` or `.sum(axis=0)`, after a look whether `contexts` is empty."],
)
