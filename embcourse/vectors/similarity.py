"""Agreement between cosines and human judgements of similarity."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from embcourse.arguments import require_number, require_series, require_tokens
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
    where = "Embeddings.rank_correlation"
    for i, given in enumerate(require_series(where, "pairs", pairs, "pairs")):
        pair = tuple(require_series(where, f"pair {i}", given, "two words and a similarity"))
        if len(pair) != 3:
            raise ValueError(f"{where}: pair {i} must be (word, word, similarity), got {pair!r}")
        first, second, score = pair
        require_tokens(where, f"pair {i}", pair[:2])
        require_number(where, f"the similarity of pair {i}", score)
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
