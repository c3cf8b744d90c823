"""The exercises of the tfidf chapter: from one formula to a small search engine."""

from embcourse.tfidf.exercises.bm25 import BM25
from embcourse.tfidf.exercises.cosine_similarity import COSINE_SIMILARITY
from embcourse.tfidf.exercises.idf import IDF
from embcourse.tfidf.exercises.reciprocal_ranks import RECIPROCAL_RANKS
from embcourse.tfidf.exercises.SearchEngine import SEARCH_ENGINE
from embcourse.tfidf.exercises.sklearn_tfidf import SKLEARN_TFIDF
from embcourse.tfidf.exercises.term_frequency import TERM_FREQUENCY
from embcourse.tfidf.exercises.tfidf import TFIDF

EXERCISES = (
    TERM_FREQUENCY,
    IDF,
    TFIDF,
    SKLEARN_TFIDF,
    COSINE_SIMILARITY,
    RECIPROCAL_RANKS,
    BM25,
    SEARCH_ENGINE,
)
