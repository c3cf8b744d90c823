"""The exercise `tfidf.bm25`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import random_counts


def bm25_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1, 0], [1, 0, 1], [0, 1, 1]]), np.array([1, 1, 0]), 1.2, 0.75), label="three documents")
    counts = random_counts(rng, 8, 10)
    yield Case((counts, rng.integers(0, 3, 10), 1.2, 0.75), label="a query with repeats")
    yield Case((counts, rng.integers(0, 2, 10), 0.9, 0.4), label="other parameters")
    yield Case((random_counts(rng, 6, 12)[:, ::2], rng.integers(0, 3, 6), 2.0, 0.5), label="a view with gaps")
    yield Case((counts, rng.integers(0, 2, 10), 1.5, 0.0), "edge", "b = 0")
    yield Case((counts, rng.integers(0, 2, 10), 1.5, 1.0), "edge", "b = 1")
    yield Case((counts, rng.integers(0, 2, 10), 0.0, 0.75), "edge", "k1 = 0")
    yield Case((np.array([[1, 0], [0, 0]]), np.array([1, 1]), 1.2, 0.75), "edge", "an empty document")
    yield Case((counts, np.zeros(10, int), 1.2, 0.75), "edge", "an empty query")


def bm25_with(idf=None, length=None, share=None, gain=None, query=None):
    """BM25 with one part replaced."""
    def solve(counts, query_counts, k1, b):
        counts = np.asarray(counts, dtype=float)
        df = (counts > 0).sum(axis=0)
        weights = (idf or right_idf)(len(counts), df)
        lengths = (length or (lambda c: c.sum(axis=1)))(counts)
        relative = lengths / (lengths.mean() or 1.0)
        norm = share(relative, b) if share else 1 - b + b * relative
        below = counts + k1 * norm[:, None]
        gained = counts * (k1 + 1 if gain is None else gain)
        saturated = np.where(counts > 0, gained / np.where(below == 0, 1, below), 0)
        return (saturated * weights) @ (query or (lambda q: q))(np.asarray(query_counts))
    return solve


def right_idf(documents, df):
    return np.log1p((documents - df + 0.5) / (df + 0.5))


def textbook_idf(documents, df):
    return np.log(documents / np.maximum(df, 1))


def unshifted_idf(documents, df):
    return np.log((documents - df + 0.5) / (df + 0.5))


def bm25_by_loops(counts, query_counts, k1, b):
    documents, terms = counts.shape
    mean_length = float(counts.sum()) / documents or 1.0
    scores = np.zeros(documents)
    for term in range(terms):
        if not query_counts[term]:
            continue
        df = int(np.count_nonzero(counts[:, term]))
        weight = float(np.log(1 + (documents - df + 0.5) / (df + 0.5)))
        for document in range(documents):
            tf = float(counts[document, term])
            if tf:
                length = float(counts[document].sum()) / mean_length
                scores[document] += query_counts[term] * weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length))
    return scores


BM25 = Exercise(
    id="tfidf.bm25", points=3,
    reference=reference.bm25,
    cases=bm25_cases,
    misconceptions=[
        Misconception("uses the textbook idf", bm25_with(idf=textbook_idf),
                      "BM25's idf is ln(1 + (N - df + 0.5) / (df + 0.5))."),
        Misconception("leaves out the 1 in the idf", bm25_with(idf=unshifted_idf),
                      "Without the 1 the weight turns negative for a term in more than half of the documents."),
        Misconception("does not normalise for length", bm25_with(share=lambda relative, b: np.ones_like(relative)),
                      "k1 is multiplied by 1 - b + b · length / mean length; b = 0 alone switches that off."),
        Misconception("swaps b and 1 - b", bm25_with(share=lambda relative, b: b + (1 - b) * relative),
                      "b is the share that length has: at b = 0 length plays no role."),
        Misconception("counts distinct terms as length", bm25_with(length=lambda c: (c > 0).sum(axis=1)),
                      "The length of a document counts every token, repeats included."),
        Misconception("leaves out the factor k1 + 1", bm25_with(gain=1.0),
                      "The ranking is the same without it, the numbers are not. Here a term that stands once in a "
                      "document of mean length scores its idf."),
        Misconception("counts every query term once", bm25_with(query=lambda q: (q > 0).astype(float)),
                      "A term that stands twice in the query counts twice."),
    ],
    alternatives=[bm25_with(), bm25_by_loops],
    hints=["Score one term in one document first. Then sum over the terms of the query.",
           "Three parts: an idf per term, a length factor 1 - b + b · length / mean length per document, and tf (k1 "
           "+ 1) / (tf + k1 · factor). With k1 = 0 an absent term would be 0 / 0: it scores 0.",
           "weights has shape (documents, terms): idf[None, :] times the saturated tf, with factor[:, None]. Return "
           "weights @ query_counts."],
)
