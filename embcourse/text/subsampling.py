"""How often to keep a frequent word."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embcourse.arguments import require_choice, require_floats, require_number


def keep_probabilities(
    counts: Sequence[float] | np.ndarray,
    sample: float = 1e-3,
    *,
    variant: Literal["paper", "code"] = "paper",
) -> NDArray[np.float64]:
    """Probability that word2vec keeps one occurrence of each word when it subsamples the frequent
    ones.

    With f = count / sum of counts and the threshold t = sample:
    "paper": min(1, sqrt(t / f)); "code": min(1, (sqrt(f / t) + 1) t / f) = min(1, sqrt(t / f) + t /
    f). The code keeps every word up to f = 2.62 t, the paper up to f = t.

    counts : (words,) non-negative numbers; a word that never occurs gets 1.
    sample : the threshold t, a fraction of all tokens, from 0 to 1. 0 switches subsampling off: all
             ones.
    returns: (words,) float64 in (0, 1].
    raises : ValueError if counts is not 1-D, holds a negative or non-finite number or only zeros,
             if sample is out of range, or if variant is unknown.

    >>> keep_probabilities([90, 9, 1], sample=0.1).round(3)
    array([0.333, 1.   , 1.   ])
    >>> keep_probabilities([90, 9, 1], sample=0.1, variant="code").round(3)
    array([0.444, 1.   , 1.   ])

    Mikolov et al. (2013b), eq. 5, for "paper"; the released C code and gensim for "code".
    """
    counts = require_floats("keep_probabilities", "counts", counts, "(words,)", least=0)
    sample = require_number("keep_probabilities", "sample", sample, least=0, most=1)
    require_choice("keep_probabilities", "variant", variant, ("paper", "code"))
    if counts.size and counts.sum() == 0:
        raise ValueError("keep_probabilities: counts must not be all zero")
    if sample == 0 or counts.size == 0:
        return np.ones(counts.shape)
    with np.errstate(divide="ignore"):
        ratio = sample * counts.sum() / counts  # t / f; inf for a word that never occurs
    return np.minimum(1.0, np.sqrt(ratio) if variant == "paper" else np.sqrt(ratio) + ratio)
