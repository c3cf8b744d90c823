"""The exercise `tfidf.bm25`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import (
    TAKES_THE_NUMBER_OF_TERMS_FOR_N,
    documents_with,
    random_counts,
    relative,
    with_gaps,
)


def a_query(rng: np.random.Generator, counts: np.ndarray, terms: int) -> np.ndarray:
    """A query of some terms that documents hold, one of them asked for more than once."""
    query = np.zeros(counts.shape[1], int)
    held = rng.permutation(np.flatnonzero(counts.any(axis=0)))[:terms]
    query[held] = 1
    query[held[0]] = rng.integers(2, 5)
    return query


def a_parameter(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 2)


def bm25_cases(rng: np.random.Generator) -> Iterator[Case]:
    def parameters() -> tuple[float, float]:
        return a_parameter(rng, 1.1, 2.0), a_parameter(rng, 0.6, 0.9)

    counts = random_counts(rng, 3, 4)
    yield Case((counts, a_query(rng, counts, 2), *parameters()), label="three documents")
    counts = random_counts(rng, rng.integers(7, 10), rng.integers(11, 15), everywhere=1)
    yield Case((counts, a_query(rng, counts, 6), *parameters()), label="a longer query")
    yield Case(
        (counts, a_query(rng, counts, 4), a_parameter(rng, 0.3, 0.9), a_parameter(rng, 0.1, 0.4)),
        label="other parameters",
    )
    counts = random_counts(rng, 5, rng.integers(6, 9))
    yield Case(
        (with_gaps(rng, counts), a_query(rng, counts, 4), *parameters()), label="a view with gaps"
    )
    counts = random_counts(rng, 4, rng.integers(5, 8), everywhere=1)
    k1, b = parameters()
    query = a_query(rng, counts, 4)
    yield Case((counts, query, k1, 0.0), "edge", "b = 0")
    yield Case((counts, query, k1, 1.0), "edge", "b = 1")
    yield Case((counts, query, 0.0, b), "edge", "k1 = 0")
    counts = random_counts(rng, 4, 3, empty=1)
    yield Case((counts, a_query(rng, counts, 3), *parameters()), "edge", "an empty document")
    counts = random_counts(rng, 3, rng.integers(5, 8), absent=2)
    query = a_query(rng, counts, 2)
    query[~counts.any(axis=0)] = rng.integers(1, 4, 2)
    yield Case((counts, query, *parameters()), "edge", "query terms that no document has")
    counts = random_counts(rng, 3, rng.integers(4, 7))
    yield Case((counts, np.zeros(counts.shape[1], int), *parameters()), "edge", "an empty query")


def right_idf(documents, df):
    return np.log1p((documents - df + 0.5) / (df + 0.5))


def row_sums(counts):
    return counts.sum(axis=1)


def above_zero(below):
    return np.where(below == 0, 1, below)


def bm25_with(
    documents: Callable = len,
    df: Callable = documents_with,
    idf: Callable = right_idf,
    length: Callable = row_sums,
    mean: Callable = np.mean,
    penalty: Callable = lambda k1, b, relative: k1 * (1 - b + b * relative),
    tf: Callable = lambda counts: counts,
    gain: Callable = lambda k1: k1 + 1,
    guard: Callable = above_zero,
    query: Callable = lambda query: query,
    sums: Callable = lambda weights, query: weights @ query,
):
    """BM25 with one part replaced."""

    def solve(counts, query_counts, k1, b):
        counts = np.asarray(counts, dtype=float)
        weights = idf(documents(counts), df(counts))
        lengths = length(counts)
        frequency = tf(counts)
        below = frequency + penalty(k1, b, lengths / mean(lengths))[:, None]
        saturated = frequency * gain(k1) / guard(below)
        return sums(saturated * weights, query(np.asarray(query_counts)))

    return solve


def by_loops(counts, query_counts, k1, b):
    documents, terms = counts.shape
    mean_length = float(counts.sum()) / documents
    scores = np.zeros(documents)
    for term in range(terms):
        if not query_counts[term]:
            continue
        df = int(np.count_nonzero(counts[:, term]))
        weight = float(np.log((documents + 1) / (df + 0.5)))  # 1 + (N - df + 0.5) / (df + 0.5)
        for document in range(documents):
            tf = float(counts[document, term])
            if tf:
                length = float(counts[document].sum()) / mean_length
                scores[document] += (
                    query_counts[term] * weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length))
                )
    return scores


def filled(lengths):
    return lengths[lengths > 0].mean()


def cut_idf(documents, df):
    return np.maximum(np.log((documents - df + 0.5) / (df + 0.5)), 0.0)


BM25 = Exercise(
    id="tfidf.bm25",
    points=3,
    reference=reference.bm25,
    cases=bm25_cases,
    variant=bm25_with,
    misconceptions=[
        Misconception(
            "uses the textbook idf",
            {"idf": lambda documents, df: np.log(documents / np.maximum(df, 1))},
            "BM25's idf is ln(1 + (N - df + 0.5) / (df + 0.5)). Without the halves it is ln(N /"
            " df).",
        ),
        Misconception(
            "uses scikit-learn's idf",
            {"idf": lambda documents, df: np.log((1 + documents) / (1 + df)) + 1},
            "BM25's idf is ln(1 + (N - df + 0.5) / (df + 0.5)).",
        ),
        Misconception(
            "leaves out the 1 in the idf",
            {"idf": lambda documents, df: np.log((documents - df + 0.5) / (df + 0.5))},
            "Without the 1 the weight turns negative for a term in more than half of the"
            " documents.",
        ),
        Misconception(
            "leaves out the logarithm in the idf",
            {"idf": lambda documents, df: 1 + (documents - df + 0.5) / (df + 0.5)},
            "The weight of a rare term is the logarithm of that.",
        ),
        Misconception(
            "leaves out the idf",
            {"idf": lambda documents, df: np.ones(df.shape)},
            "Each term is multiplied by its idf: rare terms count more.",
        ),
        Misconception(
            "counts occurrences in the idf",
            {"df": lambda counts: counts.sum(axis=0)},
            "df counts documents: however often a word stands in one document, that document counts"
            " once.",
        ),
        TAKES_THE_NUMBER_OF_TERMS_FOR_N,
        Misconception(
            "does not normalise for length",
            {"penalty": lambda k1, b, relative: np.full(relative.shape, k1)},
            "k1 is multiplied by 1 - b + b · length / mean length; b = 0 alone switches that off.",
        ),
        Misconception(
            "swaps b and 1 - b",
            {"penalty": lambda k1, b, relative: k1 * (b + (1 - b) * relative)},
            "b is the share that length has: at b = 0 length plays no role.",
        ),
        Misconception(
            "divides the mean length by the length",
            {"penalty": lambda k1, b, relative: k1 * (1 - b + b / above_zero(relative))},
            "A document longer than the mean must pay more: length / mean length.",
        ),
        Misconception(
            "does not divide the length by the mean",
            {"mean": lambda lengths: 1.0},
            "b is multiplied by length / mean length, which is about 1.",
        ),
        Misconception(
            "multiplies only a part by k1",
            {"penalty": lambda k1, b, relative: k1 * (1 - b) + b * relative},
            "k1 multiplies the whole bracket, 1 - b + b · length / mean length.",
        ),
        Misconception(
            "leaves k1 out below the line",
            {"penalty": lambda k1, b, relative: 1 - b + b * relative},
            "The bracket 1 - b + b · length / mean length is multiplied by k1.",
        ),
        Misconception(
            "leaves empty documents out of the mean length",
            {"mean": filled},
            "The mean is over all documents. An empty one has length 0.",
        ),
        Misconception(
            "counts distinct terms as length",
            {"length": lambda counts: (counts > 0).sum(axis=1)},
            "The length of a document counts every token, repeats included.",
        ),
        Misconception(
            "leaves out the factor k1 + 1",
            {"gain": lambda k1: 1.0},
            "The ranking is the same without it, the numbers are not. Here a term that stands once"
            " in a document of mean length scores its idf.",
        ),
        Misconception(
            "takes k1 for k1 + 1", {"gain": lambda k1: k1}, "The factor above the line is k1 + 1."
        ),
        Misconception(
            "takes shares of the document for counts",
            {"tf": relative},
            "The count itself goes in. The length of the document is in the bracket already.",
        ),
        Misconception(
            "divides zero by zero",
            {"guard": lambda below: below},
            "With k1 = 0 a term that the document lacks is 0 / 0. It adds 0.",
        ),
        Misconception(
            "counts every query term once",
            {"query": lambda query: (query > 0).astype(float)},
            "A term that stands twice in the query counts twice.",
        ),
        Misconception(
            "ignores the query",
            {"query": lambda query: np.ones(query.shape)},
            "Only terms of the query add to the score, each as often as it stands there.",
        ),
        Misconception(
            "leaves the terms apart",
            {"sums": lambda weights, query: weights * query},
            "The score of a document is the sum over all terms: one number a document.",
        ),
        Misconception(
            "cuts a negative idf off at 0",
            {"idf": cut_idf},
            "That is another way to keep weights from turning negative. Here 1 is added before the"
            " logarithm.",
        ),
        Misconception(
            "exchanges k1 and b",
            lambda counts, query_counts, k1, b: bm25_with()(counts, query_counts, b, k1),
            "k1 says how soon repeats stop helping, b how much length matters. They come in that"
            " order.",
        ),
        Misconception(
            "takes 1.2 and 0.75 whatever comes",
            lambda counts, query_counts, k1, b: bm25_with()(counts, query_counts, 1.2, 0.75),
            "Those are the usual values of k1 and b. The function gets them as arguments.",
        ),
        Misconception(
            "divides the length by the largest",
            {"mean": np.max},
            "A document of mean length has the factor 1: divide by the mean of all lengths.",
        ),
        Misconception(
            "divides the length by the median",
            {"mean": np.median},
            "The mean is the sum of all lengths over the number of documents.",
        ),
        Misconception(
            "divides by the length of the query",
            {"query": lambda query: query / max(query.sum(), 1)},
            "The query's counts go in as they are.",
        ),
    ],
    alternatives=[by_loops, bm25_with()],
    hints=[
        "Score one term in one document first. Then sum over the terms of the query.",
        (
            "Three parts: an idf per term, a length factor 1 - b + b · length / mean length per"
            " document, and tf (k1 + 1) / (tf + k1 · factor). With k1 = 0 an absent term would be 0"
            " / 0: it scores 0."
        ),
        (
            "weights has shape (documents, terms): idf[None, :] times the saturated tf, with"
            " factor[:, None]. Return weights @ query_counts."
        ),
    ],
)
