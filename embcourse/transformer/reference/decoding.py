"""From probabilities to a text: greedy, beam search, sampling.

Everything here asks a function `step(ids) -> logits`: given the tokens so far, a tuple that begins
with the mark `begin`, the logits (tokens,) of the next one. It knows nothing of the network behind
it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embcourse.arguments import require_floats, require_number, require_whole
from embcourse.attention import softmax

Array = NDArray[np.float64]
Step = Callable[[tuple[int, ...]], ArrayLike]


def greedy_search(step: Step, begin: int, end: int, longest: int) -> tuple[list[int], float]:
    """The likeliest token at every step, until the mark `end` or `longest` tokens.

    returns: (ids without the marks, log-probability, that of `end` included).

    >>> def step(ids):  # counts: the next token is one more, the mark 4 ends
    ...     return np.eye(5)[min(ids[-1] + 1, 4)] * 20
    >>> greedy_search(step, begin=0, end=4, longest=9)[0]
    [1, 2, 3]
    """
    ids: list[int] = []
    score = 0.0
    for _ in range(require_whole("greedy_search", "longest", longest, least=1)):
        logs = log_softmax(step((begin, *ids)))
        token = int(logs.argmax())
        score += float(logs[token])
        if token == end:
            break
        ids.append(token)
    return ids, score


def beam_search(
    step: Step, begin: int, end: int, longest: int, beam: int = 4, alpha: float = 0.6
) -> tuple[list[int], float]:
    """The best text that a beam of several begins finds.

    At every step each of the `beam` texts is continued by each token. Of the
    `beam` best continuations those that end are kept, with their
    log-probability divided by the length penalty; the `beam` best that do not
    end go on. The search is over when `beam` texts have ended; at `longest`
    those that go on are kept as they are.

    alpha  : of `length_penalty`; the length counts the mark that ends a text.
    returns: (ids without the marks, log-probability / length penalty).
    raises : TypeError or ValueError for a beam, an alpha or a longest that is
             no good.

    >>> logits = {(): [0.6, 0.4, 0.0], (0,): [0.4, 0.3, 0.3], (1,): [0.0, 0.0, 1.0]}
    >>> def step(ids):  # greedy takes 0 first, and misses the better text 1
    ...     with np.errstate(divide="ignore"):
    ...         return np.log(logits.get(ids[1:], [0.0, 0.0, 1.0]))
    >>> greedy_search(step, -1, 2, longest=3)[0], beam_search(step, -1, 2, 3, beam=2)[0]
    ([0, 0], [1])

    Wu et al. (2016), section 7, for the length penalty.
    """
    longest = require_whole("beam_search", "longest", longest, least=1)
    beam = require_whole("beam_search", "beam", beam, least=1)
    going: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[tuple[float, list[int]]] = []
    for length in range(1, longest + 1):
        continued = [
            (score + log, [*ids, token])
            for score, ids in going
            for token, log in enumerate(log_softmax(step((begin, *ids))))
            if log > -np.inf
        ]
        continued.sort(key=lambda text: -text[0])
        for score, ids in continued[:beam]:
            if ids[-1] == end:
                ended.append((float(score) / length_penalty(length, alpha), ids[:-1]))
        going = [text for text in continued if text[1][-1] != end][:beam]
        if len(ended) >= beam or not going:
            break
    else:
        penalty = length_penalty(longest, alpha)
        ended += [(float(score) / penalty, ids) for score, ids in going]
    score, ids = max(ended, key=lambda text: text[0])
    return ids, score


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


def sampling_probabilities(
    logits: ArrayLike,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Array:
    """What a sampler draws from: softmax(logits / temperature), cut and made whole again.

    top_k: keep the k likeliest tokens; of equal ones the first.
    top_p: then keep the fewest of the likeliest tokens whose probabilities,
           made whole again after top_k, reach p; the one that reaches it
           belongs to them.

    logits     : (tokens,), at least one of them above -inf.
    temperature: above 0; below 1 sharpens, above 1 flattens.
    returns    : (tokens,) float64 that sum to one.
    raises     : ValueError for a temperature, a k or a p out of range.

    >>> logits = np.log([0.5, 0.3, 0.2])
    >>> sampling_probabilities(logits, top_k=2).round(3)
    array([0.625, 0.375, 0.   ])
    >>> sampling_probabilities(logits, top_p=0.6).round(3)
    array([0.625, 0.375, 0.   ])

    Fan et al. (2018) for top-k; Holtzman et al. (2020) for top-p.
    """
    logits = require_floats("sampling_probabilities", "logits", logits, "(tokens,)", finite=False)
    temperature = require_number("sampling_probabilities", "temperature", temperature, above=0)
    probabilities = softmax((logits - logits.max()) / temperature)
    order = np.argsort(-probabilities, kind="stable")
    kept = len(order)
    if top_k is not None:
        kept = min(kept, require_whole("sampling_probabilities", "top_k", top_k, least=1))
    if top_p is not None:
        top_p = require_number("sampling_probabilities", "top_p", top_p, above=0, most=1)
        mass = probabilities[order[:kept]]
        before = np.cumsum(mass / mass.sum()) - mass / mass.sum()
        kept = max(1, int((before < top_p).sum()))
    cut = np.zeros_like(probabilities)
    cut[order[:kept]] = probabilities[order[:kept]]
    return cut / cut.sum()


def sample(
    step: Step,
    begin: int,
    end: int,
    longest: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[int]:
    """A text drawn token by token from `sampling_probabilities`.

    returns: ids without the marks.

    >>> sample(lambda ids: [0.0, 0.0, -50.0], -1, 2, 5, np.random.default_rng(0))
    [1, 0, 0, 0, 1]
    """
    ids: list[int] = []
    for _ in range(require_whole("sample", "longest", longest, least=1)):
        logits = step((begin, *ids))
        probabilities = sampling_probabilities(logits, temperature, top_k, top_p)
        token = int(rng.choice(len(probabilities), p=probabilities))
        if token == end:
            break
        ids.append(token)
    return ids


def log_softmax(logits: ArrayLike) -> Array:
    """Logarithms of the softmax's weights, without ever taking the logarithm of 0.

    >>> log_softmax([0.0, 0.0]).round(3)
    array([-0.693, -0.693])
    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    logits = require_floats("log_softmax", "logits", logits, "(..., tokens)", finite=False)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
