"""The exercises of the word2vec chapter: from pairs to word vectors of real text."""

from embcourse.word2vec.exercises.analogy import ANALOGY
from embcourse.word2vec.exercises.cbow_gradients import CBOW_GRADIENTS
from embcourse.word2vec.exercises.cbow_hidden import CBOW_HIDDEN
from embcourse.word2vec.exercises.cbow_loss import CBOW_LOSS
from embcourse.word2vec.exercises.log_softmax import LOG_SOFTMAX
from embcourse.word2vec.exercises.sampled_pairs import SAMPLED_PAIRS
from embcourse.word2vec.exercises.sgd_step import SGD_STEP
from embcourse.word2vec.exercises.similar_words import SIMILAR_WORDS
from embcourse.word2vec.exercises.skipgram_gradients import SKIPGRAM_GRADIENTS
from embcourse.word2vec.exercises.skipgram_loss import SKIPGRAM_LOSS
from embcourse.word2vec.exercises.train_skipgram import TRAIN_SKIPGRAM

EXERCISES = (
    SAMPLED_PAIRS,
    LOG_SOFTMAX,
    SKIPGRAM_LOSS,
    SKIPGRAM_GRADIENTS,
    SGD_STEP,
    CBOW_HIDDEN,
    CBOW_LOSS,
    CBOW_GRADIENTS,
    ANALOGY,
    TRAIN_SKIPGRAM,
    SIMILAR_WORDS,
)
