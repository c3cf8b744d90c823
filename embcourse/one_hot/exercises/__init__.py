"""The exercises of the one_hot chapter: from a row with a single 1 to a classifier that learns its
own word vectors."""

from embcourse.one_hot.exercises.BagClassifier import BAG_CLASSIFIER
from embcourse.one_hot.exercises.build_vocabulary import BUILD_VOCABULARY
from embcourse.one_hot.exercises.encode import ENCODE
from embcourse.one_hot.exercises.fnv1a import FNV1A
from embcourse.one_hot.exercises.hashed_counts import HASHED_COUNTS
from embcourse.one_hot.exercises.lookup import LOOKUP
from embcourse.one_hot.exercises.lookup_gradient import LOOKUP_GRADIENT
from embcourse.one_hot.exercises.memory_bytes import MEMORY_BYTES
from embcourse.one_hot.exercises.one_hot import ONE_HOT
from embcourse.one_hot.exercises.pairwise_distances import PAIRWISE_DISTANCES

EXERCISES = (
    ONE_HOT,
    PAIRWISE_DISTANCES,
    MEMORY_BYTES,
    BUILD_VOCABULARY,
    ENCODE,
    LOOKUP,
    LOOKUP_GRADIENT,
    FNV1A,
    HASHED_COUNTS,
    BAG_CLASSIFIER,
)
