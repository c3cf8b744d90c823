"""The exercises of the cooccurrence chapter: from counting in a window to word vectors with
neighbours."""

from embcourse.cooccurrence.exercises.analogy import ANALOGY
from embcourse.cooccurrence.exercises.harmonic_counts import HARMONIC_COUNTS
from embcourse.cooccurrence.exercises.neighbours import NEIGHBOURS
from embcourse.cooccurrence.exercises.pmi import PMI
from embcourse.cooccurrence.exercises.ppmi import PPMI
from embcourse.cooccurrence.exercises.svd_dot_products import SVD_DOT_PRODUCTS
from embcourse.cooccurrence.exercises.window_counts import WINDOW_COUNTS
from embcourse.cooccurrence.exercises.WordVectors import WORD_VECTORS

EXERCISES = (
    WINDOW_COUNTS,
    HARMONIC_COUNTS,
    PMI,
    PPMI,
    SVD_DOT_PRODUCTS,
    NEIGHBOURS,
    ANALOGY,
    WORD_VECTORS,
)
