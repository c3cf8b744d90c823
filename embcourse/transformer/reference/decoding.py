"""From probabilities to a text: greedy, beam search, sampling.

Everything here asks a function `step(ids) -> logits`: given the tokens so far, a list that begins
with the mark `begin`, the logits (tokens,) of the next one. It knows nothing of the network behind
it.
"""

from __future__ import annotations

from embcourse.arguments import require_number, require_whole


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha, by which a text's log-probability is divided.

    A log-probability falls with every token, so without it the shortest
    texts win. alpha = 0 gives 1, no penalty.

    >>> [round(length_penalty(n, 0.6), 3) for n in (1, 10, 20)]
    [1.0, 1.733, 2.354]

    Wu et al. (2016), equation 14.
    """
    length = require_whole("length_penalty", "length", length, least=0)
    alpha = require_number("length_penalty", "alpha", alpha, least=0)
    return ((5 + length) / 6) ** alpha
