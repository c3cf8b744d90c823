"""The exercises of the tfidf chapter: from one formula to a small search engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.tfidf import reference


def random_counts(rng: np.random.Generator, documents: int, terms: int) -> np.ndarray:
    """Counts like those of text: mostly zeros, every document and every term used at least once."""
    counts = rng.poisson(rng.uniform(0.05, 1.5, terms), (documents, terms))
    counts[np.arange(documents), rng.integers(0, terms, documents)] += 1
    counts[rng.integers(0, documents, terms), np.arange(terms)] += rng.integers(1, 3, terms)
    return counts


# ------------------------------------------------------------------------------------------------------- term frequency


def term_frequency_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1, 1], [0, 3, 1]]),), label="two documents")
    yield Case((random_counts(rng, 7, 11),), label="seven documents")
    yield Case((random_counts(rng, 6, 10)[::2, ::2],), label="a view with gaps")
    yield Case((np.array([[0, 0], [1, 3]]),), "edge", "an empty document")
    yield Case((np.array([[5]]),), "edge", "one document, one term")
    yield Case((np.zeros((0, 3), int),), "edge", "no documents")


def tf_corpus_total(counts):
    return counts / max(counts.sum(), 1)


def tf_column_total(counts):
    return counts / np.maximum(counts.sum(axis=0), 1)


def tf_largest(counts):
    return counts / np.maximum(counts.max(axis=1, keepdims=True, initial=0), 1)


def tf_distinct(counts):
    return counts / np.maximum((counts > 0).sum(axis=1, keepdims=True), 1)


def tf_undefined(counts):
    return counts / counts.sum(axis=1, keepdims=True)


def tf_by_rows(counts):
    rows = []
    for row in np.asarray(counts):
        total = int(row.sum())
        rows.append([count / total if total else 0.0 for count in row])
    return np.array(rows).reshape(np.shape(counts))


def tf_guarded(counts):
    lengths = counts.sum(axis=1, keepdims=True)
    return np.nan_to_num(counts / np.where(lengths == 0, 1, lengths))


TERM_FREQUENCY = Exercise(
    id="tfidf.term_frequency", points=1,
    reference=lambda counts: reference.term_frequency(counts, "relative"),
    cases=term_frequency_cases,
    misconceptions=[
        Misconception("divides by the size of the whole corpus", tf_corpus_total,
                      "Each document is measured against its own length: every non-empty row must sum to 1."),
        Misconception("divides by the column's total", tf_column_total,
                      "Rows are documents. Sum along a row to get the length of that document."),
        Misconception("divides by the largest count", tf_largest,
                      "That is close to the augmented variant. Relative term frequency divides by the number of "
                      "tokens."),
        Misconception("divides by the number of distinct terms", tf_distinct,
                      "The length of a document counts every token, repeats included."),
        Misconception("divides zero by zero for an empty document", tf_undefined,
                      "A document without tokens has length 0. Its term frequencies are defined as 0."),
    ],
    alternatives=[tf_by_rows, tf_guarded],
    hints=["What must every row sum to?",
           "Divide each row by its own sum; `keepdims=True` keeps the shape right for broadcasting.",
           "Let `lengths = counts.sum(axis=1, keepdims=True)`; where it is 0 divide by 1 instead, as 0 / 1 is 0."],
)


# ------------------------------------------------------------------------------------------- inverse document frequency


def idf_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1], [1, 0]]),), label="two documents")
    yield Case((random_counts(rng, 10, 13),), label="ten documents")
    yield Case((random_counts(rng, 12, 9)[::2, ::2],), label="a view with gaps")
    yield Case((np.array([[3, 0, 1]]),), "edge", "one document")
    yield Case((np.array([[1, 4], [2, 0], [9, 0]]),), "edge", "a term in every document")
    yield Case((np.array([[1, 0], [2, 0]]),), "edge", "a term in none")
    yield Case((np.zeros((4, 0), int),), "edge", "no terms")
    yield Case((np.zeros((0, 2), int),), "errors", "no documents", raises=ValueError)
    yield Case((np.array([[1, -1], [2, 0]]),), "errors", "a negative count", raises=ValueError)


def require_documents(counts):
    counts = np.asarray(counts)
    if len(counts) == 0 or (counts < 0).any():
        raise ValueError("counts must hold a document and no negative number")
    return counts


def idf_occurrences(counts):
    counts = require_documents(counts)
    return np.log(len(counts) / counts.sum(axis=0))


def idf_upside_down(counts):
    counts = require_documents(counts)
    return np.log((counts > 0).sum(axis=0) / len(counts))


def idf_decimal(counts):
    counts = require_documents(counts)
    return np.log10(len(counts) / (counts > 0).sum(axis=0))


def idf_binary(counts):
    counts = require_documents(counts)
    return np.log2(len(counts) / (counts > 0).sum(axis=0))


def idf_no_logarithm(counts):
    counts = require_documents(counts)
    return len(counts) / (counts > 0).sum(axis=0)


def idf_plus_one(counts):
    counts = require_documents(counts)
    return np.log(len(counts) / (1 + (counts > 0).sum(axis=0)))


def idf_documents_of_rows(counts):
    counts = require_documents(counts)
    return np.log(counts.shape[1] / (counts > 0).sum(axis=0))


def idf_unchecked(counts):
    return np.log(len(counts) / (np.asarray(counts) > 0).sum(axis=0))


def idf_difference_of_logs(counts):
    counts = require_documents(counts)
    return np.log(len(counts)) - np.log(np.count_nonzero(counts, axis=0))


def idf_column_by_column(counts):
    counts = require_documents(counts)
    values = []
    for column in counts.T:
        containing = sum(1 for count in column if count > 0)
        values.append(float(np.log(len(counts) / containing)) if containing else float("inf"))
    return np.array(values)


IDF = Exercise(
    id="tfidf.idf", points=2,
    reference=reference.idf,
    cases=idf_cases,
    misconceptions=[
        Misconception("counts occurrences, not documents", idf_occurrences,
                      "df counts documents: however often a word stands in one document, that document counts once."),
        Misconception("turns the fraction upside down", idf_upside_down,
                      "A rare word must weigh more, and no weight is negative: N goes above df."),
        Misconception("takes the logarithm to base 10", idf_decimal,
                      "ln is the natural logarithm, np.log. Base 10 scales every weight by 0.434."),
        Misconception("takes the logarithm to base 2", idf_binary,
                      "ln is the natural logarithm, np.log. Base 2 scales every weight by 1.443."),
        Misconception("leaves out the logarithm", idf_no_logarithm,
                      "N / df grows without measure for rare words. Its logarithm is asked for."),
        Misconception("adds one to df", idf_plus_one,
                      "This guards against df = 0 but makes the weight of a word in every document negative. Here a "
                      "word in no document has weight inf."),
        Misconception("takes the number of terms for N", idf_documents_of_rows,
                      "N is the number of documents: rows, not columns."),
        Misconception("accepts impossible input", idf_unchecked,
                      "Without documents there is no idf, and no word occurs -1 times: raise ValueError."),
    ],
    alternatives=[idf_difference_of_logs, idf_column_by_column],
    hints=["Which axis of `counts` runs over documents? Count along it.",
           "`counts > 0` is True where a document contains a term. Sum it over documents to get df.",
           "Check the input, then return np.log(N / df). numpy's division by zero gives the inf that is asked for; "
           "np.errstate(divide=\"ignore\") keeps it quiet."],
)


# --------------------------------------------------------------------------------------------------------------- tf-idf


def tfidf_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1, 1], [2, 0]]),), label="two documents")
    yield Case((random_counts(rng, 9, 14),), label="nine documents")
    yield Case((random_counts(rng, 8, 12)[::2, ::3],), label="a view with gaps")
    yield Case((np.array([[0, 0], [1, 3]]),), "edge", "an empty document")
    yield Case((np.array([[1, 0], [2, 0], [0, 0]]),), "edge", "a term in no document")
    yield Case((np.array([[4, 1]]),), "edge", "one document")


def tfidf_raw(counts):
    return np.nan_to_num(np.asarray(counts) * finite_idf(counts))


def finite_idf(counts):
    df = (np.asarray(counts) > 0).sum(axis=0)
    return np.log(len(counts) / np.maximum(df, 1))


def tfidf_nan(counts):
    return tf_guarded(np.asarray(counts)) * np.log(len(counts) / (np.asarray(counts) > 0).sum(axis=0))


def tfidf_sum(counts):
    tf = tf_guarded(np.asarray(counts))
    return np.where(tf > 0, tf + finite_idf(counts), 0.0)


def tfidf_idf_by_occurrence(counts):
    counts = np.asarray(counts)
    return tf_guarded(counts) * np.log(len(counts) / np.maximum(counts.sum(axis=0), 1))


def tfidf_normalised(counts):
    weights = tf_guarded(np.asarray(counts)) * finite_idf(counts)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths == 0, 1, lengths)


def tfidf_where_present(counts):
    counts = np.asarray(counts, dtype=float)
    weights = np.zeros_like(counts)
    for row, column in np.argwhere(counts > 0):
        df = np.count_nonzero(counts[:, column])
        weights[row, column] = counts[row, column] / counts[row].sum() * np.log(len(counts) / df)
    return weights


def tfidf_two_factors(counts):
    return tf_guarded(np.asarray(counts)) * finite_idf(counts)


TFIDF = Exercise(
    id="tfidf.tfidf", points=2,
    reference=lambda counts: reference.tfidf(counts, "textbook"),
    cases=tfidf_cases,
    misconceptions=[
        Misconception("takes raw counts for tf", tfidf_raw,
                      "Here tf is relative: count divided by the length of the document."),
        Misconception("multiplies zero by infinity", tfidf_nan,
                      "A term in no document has tf 0 and idf inf. 0 × inf is NaN; the weight of an absent term is 0."),
        Misconception("adds instead of multiplying", tfidf_sum,
                      "A word with idf 0 must get weight 0 however often it occurs: only a product does that."),
        Misconception("counts occurrences in the idf", tfidf_idf_by_occurrence,
                      "df counts documents. Use the idf that you wrote before."),
        Misconception("scales every row to length 1", tfidf_normalised,
                      "That is what scikit-learn does afterwards. The textbook weight is the bare product."),
    ],
    alternatives=[tfidf_where_present, tfidf_two_factors],
    hints=["Two functions that you have already written give the two factors.",
           "Broadcasting multiplies every row of tf by idf. Which entries become NaN, and what should they be?",
           "idf is inf only for a column that is all zeros. Set those products to 0, e.g. with np.where(tf > 0, ..., "
           "0)."],
)


# --------------------------------------------------------------------------------------------------- scikit-learn's way


def sklearn_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2, 1], [1, 0]]),), label="two documents")
    yield Case((random_counts(rng, 8, 12),), label="eight documents")
    yield Case((random_counts(rng, 10, 6)[:, ::2],), label="a view with gaps")
    yield Case((np.array([[0, 0], [1, 3]]),), "edge", "an empty document")
    yield Case((np.array([[1, 0], [2, 0]]),), "edge", "a term in no document")
    yield Case((np.array([[2, 2], [1, 1]]),), "edge", "every term in every document")


def unit_rows(weights):
    lengths = np.sqrt((weights ** 2).sum(axis=1, keepdims=True))
    return weights / np.where(lengths == 0, 1, lengths)


def sklearn_unnormalised(counts):
    df = np.count_nonzero(counts, axis=0)
    return counts * (np.log((1 + len(counts)) / (1 + df)) + 1)


def sklearn_no_outer_one(counts):
    df = np.count_nonzero(counts, axis=0)
    return unit_rows(counts * np.log((1 + len(counts)) / (1 + df)))


def sklearn_half_smoothed(counts):
    df = np.count_nonzero(counts, axis=0)
    return unit_rows(counts * (np.log(len(counts) / (1 + df)) + 1))


def sklearn_unsmoothed(counts):
    df = np.maximum(np.count_nonzero(counts, axis=0), 1)
    return unit_rows(counts * (np.log(len(counts) / df) + 1))


def sklearn_l1(counts):
    weights = sklearn_unnormalised(counts)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)


def sklearn_columns(counts):
    return unit_rows(sklearn_unnormalised(counts).T).T


def sklearn_by_library(counts):
    from sklearn.feature_extraction.text import TfidfTransformer
    return TfidfTransformer().fit_transform(counts)


def sklearn_relative_first(counts):
    """Dividing a row by its sum before it is scaled to length 1 changes nothing."""
    df = (counts > 0).sum(axis=0)
    return unit_rows(tf_guarded(counts) * (1 + np.log1p(len(counts)) - np.log1p(df)))


SKLEARN_TFIDF = Exercise(
    id="tfidf.sklearn_tfidf", points=2,
    reference=lambda counts: reference.tfidf(counts, "scikit-learn"),
    cases=sklearn_cases,
    misconceptions=[
        Misconception("leaves the rows at their own length", sklearn_unnormalised,
                      "scikit-learn divides every row by its Euclidean length as the last step."),
        Misconception("leaves out the 1 after the logarithm", sklearn_no_outer_one,
                      "ln(...) + 1: without the 1, a word in every document would weigh nothing."),
        Misconception("adds 1 to df only", sklearn_half_smoothed,
                      "The extra document is counted on both sides of the fraction: 1 + N above, 1 + df below."),
        Misconception("does not smooth", sklearn_unsmoothed,
                      "The default is smooth_idf=True: ln((1 + N) / (1 + df)) + 1."),
        Misconception("makes rows sum to 1", sklearn_l1,
                      "norm=\"l2\" divides by the square root of the sum of squares, not by the sum."),
        Misconception("normalises columns", sklearn_columns,
                      "Documents are rows, and documents are what gets length 1."),
    ],
    alternatives=[sklearn_by_library, sklearn_relative_first],
    hints=["Three steps: raw counts, times a smoothed idf, rows to length 1.",
           "The smoothed idf is ln((1 + N) / (1 + df)) + 1, finite for every term.",
           "Divide each row by np.linalg.norm(weights, axis=1, keepdims=True), and leave rows of zeros alone."],
)


# --------------------------------------------------------------------------------------------------------------- cosine


def cosine_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[3.0, 4.0]]), np.array([[4.0, 3.0], [-3.0, -4.0]])), label="small rows")
    a, b = rng.normal(size=(5, 9)), rng.normal(size=(7, 9))
    yield Case((a, b), label="random rows", tolerance=Tolerance(operations=32, scale=1.0))
    yield Case((a[:, ::2], b[:, ::2]), label="a view with gaps", tolerance=Tolerance(operations=32, scale=1.0))
    yield Case((np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 0.0]])), "edge", "a row of zeros")
    yield Case((np.zeros((0, 3)), np.ones((2, 3))), "edge", "no rows")
    yield Case((np.array([[2.0]]), np.array([[-5.0]])), "edge", "one dimension")
    yield Case((np.array([[3e200, 4e200]]), np.array([[4e-200, 3e-200]])), "stability", "entries of 1e200 and 1e-200")


def scaled(rows):
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    return rows / np.where(largest == 0, 1, largest)


def cosine_dot(a, b):
    return a @ b.T


def cosine_one_side(a, b):
    return unit_rows(scaled(a)) @ b.T


def cosine_squared_lengths(a, b):
    a, b = scaled(a), scaled(b)
    below = (a ** 2).sum(axis=1)[:, None] * (b ** 2).sum(axis=1)[None, :]
    return a @ b.T / np.where(below == 0, 1, below)


def cosine_undefined(a, b):
    a, b = scaled(a), scaled(b)
    return a @ b.T / (np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :])


def cosine_overflowing(a, b):
    return unit_rows(a) @ unit_rows(b).T


def cosine_by_pairs(a, b):
    result = np.zeros((len(a), len(b)))
    for i, row in enumerate(scaled(a)):
        for j, other in enumerate(scaled(b)):
            below = np.sqrt(row @ row) * np.sqrt(other @ other)
            result[i, j] = row @ other / below if below else 0.0
    return result


def cosine_by_einsum(a, b):
    return np.einsum("id,jd->ij", unit_rows(scaled(a)), unit_rows(scaled(b)))


COSINE_SIMILARITY = Exercise(
    id="tfidf.cosine_similarity", points=2,
    reference=reference.cosine_similarity,
    cases=cosine_cases,
    misconceptions=[
        Misconception("stops at the dot product", cosine_dot,
                      "The dot product grows with the length of both rows. Divide by both lengths."),
        Misconception("scales one side only", cosine_one_side,
                      "Both rows must have length 1. Scaling one leaves the ranking for one query right and the "
                      "numbers wrong."),
        Misconception("divides by squared lengths", cosine_squared_lengths,
                      "The sum of squares is the length squared: take its root."),
        Misconception("divides by the length of a zero row", cosine_undefined,
                      "A row of zeros has no direction; define its cosine as 0 instead of NaN."),
        Misconception("squares before scaling", cosine_overflowing,
                      "(1e200)² does not fit into a float64, and (1e-200)² is 0. Divide each row by its largest "
                      "absolute entry first: its direction stays the same."),
    ],
    alternatives=[cosine_by_pairs, cosine_by_einsum],
    hints=["Make every row of both matrices a unit vector; what is then left to do?",
           "Rows of zeros need a divisor other than 0. Very large entries must be made smaller before they are "
           "squared.",
           "For each matrix: divide rows by their largest absolute entry (or 1), then by their norm (or 1). Then "
           "return a @ b.T."],
)


# ----------------------------------------------------------------------------------------------------------- evaluation


def reciprocal_ranks(scores, targets):
    """1 / rank of every query's target document, equal scores in index order."""
    return np.array([reference.reciprocal_rank(ranking, {target})
                     for ranking, target in zip(reference.rank(scores), targets)]).reshape(len(targets))


def reciprocal_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.1, 0.9, 0.5]]), np.array([2])), label="one query")
    yield Case((rng.permuted(np.tile(np.arange(9.0), (6, 1)), axis=1), rng.integers(0, 9, 6)), label="six queries")
    yield Case((rng.normal(size=(5, 12))[:, ::2], rng.integers(0, 6, 5)), label="a view with gaps")
    yield Case((np.array([[0.5, 0.5, 0.5], [0.0, 0.0, 1.0]]), np.array([1, 1])), "edge", "equal scores")
    yield Case((rng.integers(0, 3, (8, 10)).astype(float), rng.integers(0, 10, 8)), "edge", "many equal scores")
    yield Case((np.array([[-3.0]]), np.array([0])), "edge", "one document")
    yield Case((np.zeros((0, 4)), np.zeros(0, int)), "edge", "no queries")


def ranks_by(order):
    def solve(scores, targets):
        ranks = [int(np.flatnonzero(order(row) == target)[0]) + 1 for row, target in zip(scores, targets)]
        return 1 / np.array(ranks, dtype=float)
    return solve


def rr_zero_based(scores, targets):
    return 1 / (1 / reciprocal_ranks(scores, targets) - 1)


def rr_plain_rank(scores, targets):
    return np.round(1 / reciprocal_ranks(scores, targets))


def rr_first_hit_only(scores, targets):
    return (reciprocal_ranks(scores, targets) == 1).astype(float)


def rr_optimistic(scores, targets):
    own = scores[np.arange(len(targets)), targets][:, None]
    return 1 / (1.0 + (scores > own).sum(axis=1))


def rr_mean(scores, targets):
    return float(np.mean(reciprocal_ranks(scores, targets)))


def rr_counting(scores, targets):
    own = scores[np.arange(len(targets)), targets][:, None]
    before = np.arange(scores.shape[1])[None, :] < np.asarray(targets)[:, None]
    return 1 / (1.0 + (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1))


def rr_sorting(scores, targets):
    results = []
    for row, target in zip(scores.tolist(), targets.tolist()):
        order = sorted(range(len(row)), key=lambda document: (-row[document], document))
        results.append(1 / (order.index(target) + 1))
    return np.array(results)


RECIPROCAL_RANKS = Exercise(
    id="tfidf.reciprocal_ranks", points=2,
    reference=reciprocal_ranks,
    cases=reciprocal_cases,
    misconceptions=[
        Misconception("counts ranks from 0", rr_zero_based,
                      "The best document has rank 1, so the best reciprocal rank is 1."),
        Misconception("returns the rank itself", rr_plain_rank,
                      "The reciprocal is asked for: rank 4 gives 0.25."),
        Misconception("sorts the worst first", ranks_by(np.argsort),
                      "np.argsort sorts ascending. The highest score must come first."),
        Misconception("reverses an ascending sort", ranks_by(lambda row: np.argsort(row, kind="stable")[::-1]),
                      "Reversing puts equal scores in reverse order too. Sort the negated scores with "
                      "kind=\"stable\"."),
        Misconception("lets the target win every tie", rr_optimistic,
                      "Of equal scores the lower index comes first. A method that gives every document the same "
                      "score would otherwise look perfect."),
        Misconception("counts only first places", rr_first_hit_only,
                      "That is Recall@1. A target at rank 2 still earns 1/2."),
        Misconception("returns the mean", rr_mean,
                      "One number per query is asked for. Their mean is MRR; keep the parts for the confidence "
                      "interval."),
    ],
    alternatives=[rr_counting, rr_sorting],
    hints=["How many documents come before the target? Its rank is one more.",
           "A document comes before the target if it scores higher, or scores the same and has a lower index.",
           "order = np.argsort(-scores, axis=1, kind=\"stable\"); then find the column where order equals the target."],
)


# ----------------------------------------------------------------------------------------------------------------- BM25


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


# -------------------------------------------------------------------------------------------------------- search engine


class SearchEngine:
    """Textbook tf-idf and cosine ranking over tokenised documents: the reference for the last exercise."""

    weigh_query = staticmethod(lambda tf, idf: tf * idf)
    decimals = 9

    def __init__(self, documents):
        self.columns = {term: column for column, term in enumerate(sorted({t for doc in documents for t in doc}))}
        counts = np.array([self.count(document) for document in documents], float).reshape(len(documents), -1)
        self.idf = reference.idf(counts)
        self.rows = reference.tfidf(counts, "textbook")

    def count(self, tokens):
        counts = np.zeros(len(self.columns))
        for token in tokens:
            if token in self.columns:
                counts[self.columns[token]] += 1
        return counts

    def search(self, query, k):
        tf = reference.term_frequency(self.count(query)[None, :])
        scores = np.round(self.score(self.weigh_query(tf, self.idf)), self.decimals)
        best = reference.rank(scores)[:k]
        return [[int(document), float(scores[document])] for document in best if scores[document] > 0]

    def score(self, query):
        return reference.cosine_similarity(query, self.rows)[0]


class UnweightedQuery(SearchEngine):
    weigh_query = staticmethod(lambda tf, idf: tf)


class DotProduct(SearchEngine):
    def score(self, query):
        return (query @ self.rows.T)[0]


class KeepsZeros(SearchEngine):
    def search(self, query, k):
        tf = reference.term_frequency(self.count(query)[None, :])
        scores = np.round(self.score(tf * self.idf), self.decimals)
        return [[int(document), float(scores[document])] for document in reference.rank(scores)[:k]]


class UnknownWordFails(SearchEngine):
    def search(self, query, k):
        for token in query:
            self.columns[token]
        return super().search(query, k)


class WorstFirst(SearchEngine):
    def search(self, query, k):
        return super().search(query, 10 ** 6)[::-1][:k]


class DictionaryEngine:
    """Sparse rows as dictionaries; no matrix at all."""

    def __init__(self, documents):
        df = Counter(term for document in documents for term in set(document))
        self.idf = {term: float(np.log(len(documents) / count)) for term, count in df.items()}
        self.rows = [self.weigh(document) for document in documents]

    def weigh(self, tokens):
        counts = Counter(token for token in tokens if token in self.idf)
        row = {term: count / counts.total() * self.idf[term] for term, count in counts.items()}
        length = sum(value * value for value in row.values()) ** 0.5
        return {term: value / length for term, value in row.items()} if length else {}

    def search(self, query, k):
        query = self.weigh(query)
        scored = [(round(sum(value * row.get(term, 0.0) for term, value in query.items()), 9), document)
                  for document, row in enumerate(self.rows)]
        best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
        return [(document, score) for score, document in best[:k]]


class ScipyEngine(DictionaryEngine):
    def __init__(self, documents):
        from sklearn.feature_extraction import DictVectorizer
        super().__init__(documents)
        self.names = DictVectorizer()
        self.matrix = self.names.fit_transform(self.rows) if any(self.rows) else None

    def search(self, query, k):
        if self.matrix is None:
            return []
        scores = (self.matrix @ self.names.transform([self.weigh(query)]).T).toarray()[:, 0].round(9)
        order = np.lexsort((np.arange(len(scores)), -scores))[:k]
        return [(int(document), float(scores[document])) for document in order if scores[document] > 0]


WORDS = "and the lord said unto him king queen david house water bread wine ruth gold sea".split()


def search_cases(rng: np.random.Generator) -> Iterator[Case]:
    near = Tolerance(operations=64, scale=1e6)                    # scores are rounded to 9 decimals
    small = [["the", "king", "ate", "bread"], ["the", "queen", "drank", "wine"], ["the", "sea", "the", "sea"]]
    yield Case((small,), label="three documents", tolerance=near,
               steps=(("search", (["the", "queen"], 2)), ("search", (["bread", "bread", "sea"], 3))))
    chances = 1 / np.arange(1, len(WORDS) + 1)
    documents = [[str(word) for word in rng.choice(WORDS, size, p=chances / chances.sum())]
                 for size in rng.integers(3, 12, 12)]
    yield Case((documents,), label="twelve documents", tolerance=near,
               steps=(("search", (["king", "david", "house"], 5)), ("search", (["water", "said", "said"], 12))))
    yield Case((small,), "edge", "a word that no document has", tolerance=near,
               steps=(("search", (["unicorn", "wine"], 2)), ("search", (["unicorn"], 2))))
    yield Case((small,), "edge", "a word in every document", tolerance=near, steps=(("search", (["the"], 3)),))
    yield Case((small,), "edge", "an empty query", tolerance=near, steps=(("search", ([], 3)),))
    twins = [["gold"], ["wine", "sea"], ["gold"], ["sea"], ["gold"]]
    yield Case((twins,), "edge", "equal documents", tolerance=near, steps=(("search", (["gold"], 2)),))
    yield Case(([["wine"], [], ["sea", "wine"]],), "edge", "an empty document", tolerance=near,
               steps=(("search", (["sea"], 9)),))


SEARCH_ENGINE = Exercise(
    id="tfidf.SearchEngine", points=4, probe="construct_then_call",
    reference=SearchEngine,
    cases=search_cases,
    misconceptions=[
        Misconception("does not weight the query by idf", UnweightedQuery,
                      "Query and document go through the same weighting: tf times the idf of the collection."),
        Misconception("ranks by dot product", DotProduct,
                      "Without dividing by lengths, long rows win. Use the cosine."),
        Misconception("returns documents that share nothing with the query", KeepsZeros,
                      "A cosine of 0 means no shared word with any weight: leave such documents out."),
        Misconception("fails on a word that it has not seen", UnknownWordFails,
                      "People search for words that no document has. Ignore them."),
        Misconception("returns the worst first", WorstFirst, "The best document comes first."),
    ],
    alternatives=[DictionaryEngine, ScipyEngine],
    hints=["In the constructor: a column per term, the counts, idf, and one tf-idf row per document.",
           "A query is a small document. Count its known words, weight it with the collection's idf, and compare.",
           "Round the cosines to 9 decimals so that equal documents tie, order by (-score, index), drop zeros, and "
           "return at most k pairs [index, score]."],
)
