"""TF-IDF and BM25: which words tell documents apart, and which document answers a query."""

from embcourse.tfidf.model import Bm25Index, TfidfIndex
from embcourse.tfidf.reference import (
    bm25,
    bm25_idf,
    bm25_weights,
    bootstrap_interval,
    cosine_similarity,
    count_matrix,
    idf,
    l2_normalise,
    mean_reciprocal_rank,
    rank,
    recall_at_k,
    reciprocal_rank,
    scikit_learn_tokens,
    smooth_idf,
    term_frequency,
    tfidf,
)

__all__ = [
    "Bm25Index",
    "TfidfIndex",
    "bm25",
    "bm25_idf",
    "bm25_weights",
    "bootstrap_interval",
    "cosine_similarity",
    "count_matrix",
    "idf",
    "l2_normalise",
    "mean_reciprocal_rank",
    "rank",
    "recall_at_k",
    "reciprocal_rank",
    "scikit_learn_tokens",
    "smooth_idf",
    "term_frequency",
    "tfidf",
]
