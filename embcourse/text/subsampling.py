"""How often to keep a frequent word."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray


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
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1:
        raise ValueError(f"keep_probabilities: counts must be 1-D, got shape {counts.shape}")
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError("keep_probabilities: counts must be finite and not negative")
    if not 0 <= sample <= 1:
        raise ValueError(f"keep_probabilities: sample must lie between 0 and 1, got {sample!r}")
    if variant not in ("paper", "code"):
        raise ValueError(f"keep_probabilities: variant must be 'paper' or 'code', got {variant!r}")
    if counts.size and counts.sum() == 0:
        raise ValueError("keep_probabilities: counts must not be all zero")
    if sample == 0 or counts.size == 0:
        return np.ones(counts.shape)
    with np.errstate(divide="ignore"):
        ratio = sample * counts.sum() / counts  # t / f; inf for a word that never occurs
    return np.minimum(1.0, np.sqrt(ratio) if variant == "paper" else np.sqrt(ratio) + ratio)
