"""The exercise `word2vec.sampled_pairs`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference


def pair_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([4, 1, 3, 0, 2]), np.array([0, 5]), np.array([1, 2, 1, 1, 2])), label="one sentence")
    ids = rng.permutation(20)
    yield Case((ids, np.array([0, 8, 13, 20]), rng.integers(1, 4, 20)), label="three sentences")
    yield Case((rng.permutation(22)[::2], np.array([0, 6, 11]), rng.integers(1, 5, 22)[::2]), label="views with gaps")
    yield Case((np.array([5, 6, 7, 8]), np.array([0, 2, 4]), np.array([3, 3, 1, 3])), label="radii beyond the border")
    yield Case((np.array([1, 1, 2, 1]), np.array([0, 4]), np.array([1, 2, 1, 3])), "edge", "a word beside itself")
    yield Case((np.array([3, 0]), np.array([0, 2]), np.array([9, 9])), "edge", "radii longer than the text")
    yield Case((np.array([3, 0, 4]), np.array([0, 1, 1, 3]), np.array([2, 2, 2])), "edge", "an empty sentence")
    yield Case((np.array([3]), np.array([0, 1]), np.array([2])), "edge", "one word")
    yield Case((np.zeros(0, int), np.array([0]), np.zeros(0, int)), "edge", "no text")


def paired_with(*, before=0, after=0, nearest=1, borders=True, left=True, radius_of="centre", same_word=True,
                swapped=False, wraps=False):
    """Pairs of sampled windows with one part replaced."""
    def solve(ids, offsets, radii):
        centres, contexts = [], []
        ends = offsets.tolist() if borders else [0, len(ids)]
        for start, end in zip(ends[:-1], ends[1:]):
            for t in range(start, end):
                for s in range(start, end):
                    radius = radii[t] if radius_of == "centre" else radii[s] if radius_of == "context" else max(radii)
                    reach = radius + before if s < t else radius + after
                    if wraps and s < t < start + radius:             # a slice from a negative start is empty here
                        continue
                    if not nearest <= abs(s - t) <= reach or (s < t and not left):
                        continue
                    if s != t and ids[s] == ids[t] and not same_word:
                        continue
                    centres.append(ids[t])
                    contexts.append(ids[s])
        both = np.array(centres, dtype=int), np.array(contexts, dtype=int)
        return both[::-1] if swapped else both
    return solve


def pairs_by_lists(ids, offsets, radii):
    centres, contexts = [], []
    for start, end in zip(offsets[:-1], offsets[1:]):
        sentence, reach = ids[start:end].tolist(), radii[start:end].tolist()
        for t, word in enumerate(sentence):
            near = sentence[max(0, t - reach[t]):t] + sentence[t + 1:t + 1 + reach[t]]
            centres += [word] * len(near)
            contexts += near
    return centres, contexts


def pairs_by_matrix(ids, offsets, radii):
    """One yes or no for every two positions."""
    place = np.arange(len(ids))
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    distance = np.abs(place[:, None] - place)
    t, s = np.nonzero((distance > 0) & (distance <= radii[:, None]) & (sentence[:, None] == sentence))
    return ids[t], ids[s]


SAMPLED_PAIRS = Exercise(
    id="word2vec.sampled_pairs", points=2,
    reference=lambda ids, offsets, radii: reference.sampled_pairs(ids, radii, offsets),
    cases=pair_cases,
    misconceptions=[
        Misconception("makes the window one too short", paired_with(before=-1, after=-1),
                      "A radius of 1 reaches the words next to the centre; one of 2 reaches one further."),
        Misconception("leaves out the last position on the right", paired_with(after=-1),
                      "Python's range and slices leave out their end. To include position t + r, end at t + r + 1."),
        Misconception("makes the window one too long", paired_with(before=1, after=1),
                      "Words at distance r are inside, words at distance r + 1 are not."),
        Misconception("loses the left side near the start", paired_with(wraps=True),
                      "t - r is negative there, and Python reads a negative index from the end. Start at the beginning "
                      "of the sentence instead."),
        Misconception("crosses the border of a sentence", paired_with(borders=False),
                      "The last word of one sentence and the first of the next stand side by side in `ids` by chance. "
                      "Stop at the borders that `offsets` gives."),
        Misconception("takes the radius of the context", paired_with(radius_of="context"),
                      "The window belongs to the centre: position t sees s if they are at most radii[t] apart, "
                      "whatever radii[s] is."),
        Misconception("uses the largest radius everywhere", paired_with(radius_of="largest"),
                      "Each centre has a radius of its own: radii[t]."),
        Misconception("pairs the centre with itself", paired_with(nearest=0),
                      "Position t is not its own context."),
        Misconception("looks to the right only", paired_with(left=False),
                      "The window reaches as far to the left as to the right."),
        Misconception("leaves out a word's other occurrences", paired_with(same_word=False),
                      "Leave out the centre's position, not its word: \"very very good\" has very beside very."),
        Misconception("swaps centre and context", paired_with(swapped=True),
                      "The centres come first. With radii that differ, that is not the same."),
    ],
    alternatives=[pairs_by_lists, pairs_by_matrix],
    hints=["Go through the sentences, in each through the positions t, and for each t through the positions s near it.",
           "s runs from the larger of start and t - radii[t] to the smaller of end - 1 and t + radii[t].",
           "`for s in range(max(start, t - radii[t]), min(end, t + radii[t] + 1)):` and, if s != t, append ids[t] and "
           "ids[s]."],
)
