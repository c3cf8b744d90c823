"""The exercises of the negative_sampling chapter: from the noise distribution to vectors of a real
text."""

from embcourse.negative_sampling.exercises.code_lengths import CODE_LENGTHS
from embcourse.negative_sampling.exercises.decayed_rate import LEARNING_RATE
from embcourse.negative_sampling.exercises.draw import DRAW
from embcourse.negative_sampling.exercises.gradients import GRADIENTS
from embcourse.negative_sampling.exercises.keep_probability import KEEP_PROBABILITY
from embcourse.negative_sampling.exercises.loss import PAIR_LOSS
from embcourse.negative_sampling.exercises.noise_distribution import NOISE_DISTRIBUTION
from embcourse.negative_sampling.exercises.pair_step import PAIR_STEP
from embcourse.negative_sampling.exercises.path_loss import PATH_LOSS
from embcourse.negative_sampling.exercises.path_probabilities import PATH_PROBABILITIES
from embcourse.negative_sampling.exercises.text_vectors import TEXT_VECTORS
from embcourse.negative_sampling.exercises.train_sgns import TRAIN
from embcourse.negative_sampling.exercises.window_step import WINDOW_STEP

EXERCISES = (
    NOISE_DISTRIBUTION,
    DRAW,
    KEEP_PROBABILITY,
    PAIR_LOSS,
    GRADIENTS,
    PAIR_STEP,
    WINDOW_STEP,
    LEARNING_RATE,
    CODE_LENGTHS,
    PATH_PROBABILITIES,
    PATH_LOSS,
    TRAIN,
    TEXT_VECTORS,
)
