"""Agreement between cosines and human judgements of similarity."""

from collections.abc import Iterable
from numbers import Real
from typing import NamedTuple

import numpy as np

from embcourse.text import Vocabulary


class Correlation(NamedTuple):
    """Rank correlation over pairs of words.

    spearman: Spearman's rho; NaN if fewer than two pairs could be used, or if all judgements or all
              cosines are equal.
    used    : pairs whose two words are in the vocabulary.
    total   : pairs given.

    >>> Correlation(0.61, 300, 353).total
    353
    """

    spearman: float
    used: int
    total: int


def rank_correlation(
    units: np.ndarray, vocabulary: Vocabulary, pairs: Iterable[tuple[str, str, float]]
) -> Correlation:
    """Spearman's rho between cosines and judgements. See `Embeddings.rank_correlation`."""
    total = 0
    known: list[tuple[int, int]] = []
    judged: list[float] = []
    for i, pair in enumerate(pairs):
        if isinstance(pair, str) or len(pair) != 3:
            raise ValueError(
                f"rank_correlation: pair {i} must be (word, word, similarity), got {pair!r}"
            )
        first, second, score = pair
        if not isinstance(score, Real) or not np.isfinite(score):
            raise ValueError(
                f"rank_correlation: pair {i} must have a finite number as similarity, got {score!r}"
            )
        total += 1
        if first in vocabulary and second in vocabulary:
            known.append((vocabulary[first], vocabulary[second]))
            judged.append(float(score))
    if not known:
        return Correlation(float("nan"), 0, total)
    first, second = np.array(known).T
    cosines = np.einsum("ij,ij->i", units[first], units[second])
    if np.ptp(cosines) == 0 or np.ptp(judged) == 0:  # one pair, or no order to compare
        return Correlation(float("nan"), len(known), total)
    from scipy.stats import spearmanr

    return Correlation(float(spearmanr(judged, cosines).statistic), len(known), total)
