"""Drawing negatives: the noise distribution, and two tables to draw from it."""

import numpy as np
from numpy.typing import ArrayLike

from embcourse.arguments import require_number, require_whole
from embcourse.negative_sampling.reference.checks import FloatArray, IntArray, require_counts


def noise_distribution(counts: ArrayLike, power: float = 0.75) -> FloatArray:
    """P_n(w) = count(w)^power / sum of count(w')^power, for negatives.

    The power comes first, the division last. 1 gives the words' frequencies, 0
    the uniform distribution over the words that occur, a number below 0 favours
    rare words. A word that never occurs gets 0, whatever the power.

    counts : (V,) non-negative numbers.
    power  : the exponent, finite.
    returns: (V,) float64, sums to 1.
    raises : ValueError if counts is not 1-D, holds a negative or non-finite
             number or nothing above 0, or power is not finite.

    >>> noise_distribution([81, 16, 1, 0]).round(3)
    array([0.75 , 0.222, 0.028, 0.   ])

    Mikolov et al. (2013b), section 2.2. Other exponents: Caselles-Dupré et al.
    (2018).
    """
    counts = require_counts("noise_distribution", counts)
    power = require_number("noise_distribution", "power", power)
    if not counts.any():
        raise ValueError("noise_distribution: counts must hold a number above 0")
    seen = counts > 0
    weights = np.zeros(counts.shape)
    # Over the largest count, for numbers of ordinary size: it drops out below.
    weights[seen] = (counts[seen] / counts.max()) ** power
    return weights / weights.sum()


def unigram_table(counts: ArrayLike, size: int, power: float = 0.75) -> IntArray:
    """The released program's table of word ids: a uniform draw from it is a draw from the noise
    distribution, roughly.

    Word after word fills slots until the share of the table that is filled exceeds the words' total
    probability. The program's table has 100 million slots. Rounding favours words late in the list:
    the counter moves at most one word a slot, so a word whose probability is below 1 / size still
    gets a slot. If slots run out, the last words get none.

    counts : (V,) non-negative numbers.
    size   : slots, at least 1.
    power  : as in `noise_distribution`.
    returns: (size,) ids, never falling.
    raises : ValueError as `noise_distribution`, and for a size below 1.

    >>> unigram_table([81, 16, 1], 12)
    array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])

    InitUnigramTable in word2vec.c. When it draws id 0, the end of a sentence there, the program
    draws again, uniformly from the other words. gensim keeps cumulative sums and searches them by
    bisection.
    """
    size = require_whole("unigram_table", "size", size, least=1)
    shares = noise_distribution(counts, power)
    table = np.zeros(size, dtype=np.int64)
    word, filled = 0, shares[0]
    for slot in range(size):
        table[slot] = word
        if slot / size > filled and word < len(shares) - 1:
            word += 1
            filled += shares[word]
    return table


def alias_table(probabilities: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Walker's alias table: exact draws with one column and one coin.

    Column i holds at most two words, i and alias[i]: choose a column uniformly,
    then i with probability accept[i], else alias[i]. Built by filling up each
    column that has too little with the surplus of one that has too much.

    probabilities: (V,) non-negative numbers; divided by their sum.
    returns      : accept (V,) float64 from 0 to 1, alias (V,) ids. A word of
                   probability 0 has accept 0.
    raises       : ValueError if probabilities is not 1-D, holds a negative or
                   non-finite number, or nothing above 0.

    >>> accept, alias = alias_table([0.5, 0.25, 0.25])
    >>> accept, alias
    (array([1.  , 0.75, 0.75]), array([0, 0, 0]))

    Walker (1977); in O(V) steps: Vose (1991).
    """
    probabilities = require_counts("alias_table", probabilities, "probabilities")
    if not probabilities.any():
        raise ValueError("alias_table: probabilities must hold a number above 0")
    size = len(probabilities)
    # 1 is the height of a column.
    accept = probabilities / probabilities.sum() * size
    alias = np.arange(size)
    low = [i for i in range(size) if accept[i] < 1]
    high = [i for i in range(size) if accept[i] >= 1]
    while low and high:
        poor, rich = low.pop(), high[-1]
        alias[poor] = rich
        accept[rich] -= 1 - accept[poor]
        if accept[rich] < 1:
            low.append(high.pop())
    accept[low + high] = 1.0  # full columns, but for rounding
    return accept, alias


def alias_draw(
    accept: ArrayLike, alias: ArrayLike, columns: ArrayLike, coins: ArrayLike
) -> IntArray:
    """Draws from an alias table: `columns` where the coin falls below accept[columns],
    alias[columns] elsewhere.

    accept, alias: (V,) from `alias_table`.
    columns      : uniform ids from 0 to V - 1, of any shape.
    coins        : uniform numbers in [0, 1), of the same shape.
    returns      : ids of the same shape.
    raises       : ValueError if columns and coins differ in shape.

    >>> accept, alias = alias_table([0.5, 0.25, 0.25])
    >>> alias_draw(accept, alias, [0, 1, 1, 2], [0.9, 0.7, 0.8, 0.1])
    array([0, 1, 0, 2])
    """
    columns, coins = np.asarray(columns), np.asarray(coins)
    if columns.shape != coins.shape:
        raise ValueError(
            f"alias_draw: columns and coins must have one shape, got {columns.shape} and"
            f" {coins.shape}"
        )
    return np.where(coins < np.asarray(accept)[columns], columns, np.asarray(alias)[columns])
