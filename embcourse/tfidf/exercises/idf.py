"""The exercise `tfidf.idf`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import (
    TAKES_THE_NUMBER_OF_TERMS_FOR_N,
    documents_with,
    random_counts,
    with_gaps,
)


def idf_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((random_counts(rng, 3, 4),), label="three documents")
    yield Case(
        (random_counts(rng, rng.integers(9, 12), rng.integers(13, 17)),), label="more documents"
    )
    yield Case(
        (with_gaps(rng, random_counts(rng, rng.integers(5, 8), 4)),), label="a view with gaps"
    )
    yield Case((random_counts(rng, 1, rng.integers(3, 6)),), "edge", "one document")
    yield Case(
        (random_counts(rng, 3, rng.integers(4, 7), everywhere=2),),
        "edge",
        "a term in every document",
    )
    yield Case((random_counts(rng, 4, rng.integers(4, 7), absent=1),), "edge", "a term in none")
    yield Case((random_counts(rng, rng.integers(5, 8), 4, empty=2),), "edge", "empty documents")
    yield Case((np.zeros((rng.integers(2, 30), 0), int),), "edge", "no terms")
    yield Case(
        (np.zeros((0, rng.integers(2, 9)), int),), "errors", "no documents", raises=ValueError
    )
    for label, value in (
        ("a negative count", -1),
        ("a large negative count", -int(rng.integers(2, 9))),
    ):
        counts = random_counts(rng, 3, 4, everywhere=1)
        counts[rng.integers(3), rng.integers(4)] = value
        yield Case((counts,), "errors", label, raises=ValueError)


def check(counts):
    check_documents(counts)
    check_signs(counts)


def check_documents(counts):
    if len(counts) == 0:
        raise ValueError("no document")


def check_signs(counts):
    if (counts < 0).any():
        raise ValueError("a negative count")


def logarithm(ratio):
    return np.log(ratio)


def idf_with(
    check: Callable = check,
    documents: Callable = len,
    containing: Callable = documents_with,
    ratio: Callable = lambda documents, containing: documents / containing,
    weigh: Callable = logarithm,
    finish: Callable = lambda weights, containing: weights,
):
    """ln(N / df) with one part replaced."""

    def solve(counts):
        counts = np.asarray(counts)
        check(counts)
        df = containing(counts)
        return finish(weigh(ratio(documents(counts), df)), df)

    return solve


def column_by_column(counts):
    counts = np.asarray(counts)
    check(counts)
    values = []
    for column in counts.T.tolist():
        containing = sum(1 for count in column if count > 0)
        values.append(
            float(np.log(len(column)) - np.log(containing)) if containing else float("inf")
        )
    return np.array(values)


def raise_type_error(counts):
    try:
        check(counts)
    except ValueError as error:
        raise TypeError(*error.args) from None


IDF = Exercise(
    id="tfidf.idf",
    points=2,
    reference=reference.idf,
    cases=idf_cases,
    variant=idf_with,
    misconceptions=[
        Misconception(
            "counts occurrences, not documents",
            {"containing": lambda counts: counts.sum(axis=0)},
            "df counts documents: however often a word stands in one document, that document counts"
            " once.",
        ),
        Misconception(
            "counts along the wrong axis",
            {"containing": lambda counts: np.count_nonzero(counts, axis=1)},
            "That is how many different terms each document holds. df goes the other way: down a"
            " column.",
        ),
        Misconception(
            "turns the fraction upside down",
            {"ratio": lambda documents, df: df / documents},
            "A rare word must weigh more, and no weight is negative: N goes above df.",
        ),
        Misconception(
            "takes the logarithm to base 10",
            {"weigh": np.log10},
            "ln is the natural logarithm, np.log. Base 10 scales every weight by 0.434.",
        ),
        Misconception(
            "takes the logarithm to base 2",
            {"weigh": np.log2},
            "ln is the natural logarithm, np.log. Base 2 scales every weight by 1.443.",
        ),
        Misconception(
            "leaves out the logarithm",
            {"weigh": lambda ratio: ratio},
            "N / df grows without measure for rare words. Its logarithm is asked for.",
        ),
        Misconception(
            "takes the logarithm of 1 + N / df",
            {"weigh": np.log1p},
            "With the 1 added, a word in every document weighs ln 2. It must weigh 0.",
        ),
        Misconception(
            "adds one to df",
            {"ratio": lambda documents, df: documents / (1 + df)},
            "This guards against df = 0 but makes the weight of a word in every document negative."
            " Here a word in no document has weight inf.",
        ),
        Misconception(
            "adds one to N and to df",
            {"ratio": lambda documents, df: (1 + documents) / (1 + df)},
            "That is how scikit-learn smooths. Here the counts stay as they are, and a word in no"
            " document has weight inf.",
        ),
        Misconception(
            "adds 1 to every weight",
            {"finish": lambda weights, df: weights + 1},
            "scikit-learn adds 1 after the logarithm. Here a word in every document weighs 0.",
        ),
        Misconception(
            "divides whole numbers and drops the rest",
            {
                "ratio": lambda documents, df: np.where(
                    df == 0, np.inf, documents // np.maximum(df, 1)
                )
            },
            "`//` rounds N / df down, so that every word in more than half of the documents"
            " weighs 0.",
        ),
        TAKES_THE_NUMBER_OF_TERMS_FOR_N,
        Misconception(
            "leaves empty documents out of N",
            {"documents": lambda counts: (counts.sum(axis=1) > 0).sum()},
            "N is the number of all documents. An empty one counts as a document that lacks every"
            " term.",
        ),
        Misconception(
            "gives a term in no document the weight of a term in one",
            {"containing": lambda counts: np.maximum(documents_with(counts), 1)},
            "A document frequency of 0 stays 0: its weight is inf.",
        ),
        Misconception(
            "gives a term in no document weight 0",
            {"finish": lambda weights, df: np.where(df == 0, 0.0, weights)},
            "The rarer, the heavier: a term in no document weighs inf. tf-idf will take care"
            " of it.",
        ),
        Misconception(
            "accepts impossible input",
            {"check": lambda counts: None},
            "Without documents there is no idf, and no word occurs -1 times: raise ValueError.",
        ),
        Misconception(
            "accepts negative counts",
            {"check": check_documents},
            "No word occurs -1 times: raise ValueError for a negative count, wherever it stands.",
        ),
        Misconception(
            "raises TypeError",
            {"check": raise_type_error},
            "The values are wrong, not their type: raise ValueError.",
        ),
        Misconception(
            "accepts a collection without documents",
            {"check": check_signs},
            "Without documents there is no idf: raise ValueError.",
        ),
    ],
    alternatives=[column_by_column, idf_with()],
    hints=[
        "Which axis of `counts` runs over documents? Count along it.",
        "`counts > 0` is True where a document contains a term. Sum it over documents to get df.",
        (
            "Check the input, then return np.log(N / df). numpy's division by zero gives the inf"
            ' that is asked for; np.errstate(divide="ignore") keeps it quiet.'
        ),
    ],
)
