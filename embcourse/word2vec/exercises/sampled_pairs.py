"""The exercise `word2vec.sampled_pairs`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.common import gapped


def text(
    rng: np.random.Generator,
    lengths: Sequence[int] | np.ndarray,
    radii: tuple[int, int],
    *,
    gaps: bool = False,
) -> tuple:
    """(ids, offsets, radii) of sentences of these lengths; no word twice, radii from a range of
    that many."""
    tokens = int(sum(lengths))
    parts = (
        rng.permutation(tokens + 3)[:tokens],
        np.cumsum([0, *lengths]),
        rng.integers(*radii, tokens),
    )
    return tuple(map(gapped, parts)) if gaps else parts


def pair_cases(rng: np.random.Generator) -> Iterator[Case]:
    # Radii of 1 and 2 side by side; the middle one reaches both ends.
    radii = [*rng.permutation([1, 2]), 2, *rng.permutation([1, 2])]
    yield Case((rng.permutation(9)[:5], np.array([0, 5]), np.array(radii)), label="one sentence")
    yield Case(text(rng, rng.permutation([8, 5, 6, 7]), (1, 4)), label="four sentences")
    yield Case(text(rng, rng.permutation([6, 5, 4]), (1, 5), gaps=True), label="views with gaps")
    yield Case(text(rng, rng.permutation([2, 3, 4]), (3, 6)), label="radii beyond the border")
    length = int(rng.integers(5, 8))
    ids = rng.integers(0, 3, length)
    at = int(rng.integers(0, length - 1))
    ids[at + 1] = ids[at]
    yield Case(
        (ids, np.array([0, length]), rng.integers(1, 4, length)), "edge", "a word beside itself"
    )
    yield Case(text(rng, [int(rng.integers(2, 5))], (5, 10)), "edge", "radii longer than the text")
    yield Case(
        text(rng, [0, 2, 0, *rng.permutation([3, 4, 1]), 0], (1, 4)),
        "edge",
        "empty and one-word sentences",
    )
    yield Case(text(rng, [1], (1, 4)), "edge", "one word")
    yield Case(text(rng, [0] * int(rng.integers(1, 4)), (1, 4)), "edge", "empty sentences only")
    yield Case(text(rng, [], (1, 4)), "edge", "no text")


def paired_with(
    *,
    before=0,
    after=0,
    nearest=1,
    ends=lambda offsets, tokens: offsets,
    left=True,
    right=True,
    radius_of=lambda radii, t, s, start: radii[t],
    same_word=True,
    reads=None,
    right_first=False,
    nearest_first=False,
    finish=lambda ids, t, s: (ids[t], ids[s]),
):
    """Pairs of sampled windows with one part replaced; reads: how a window that begins before the
    sentence is read."""

    def solve(ids, offsets, radii):
        at, near = [], []
        borders = ends(list(offsets), len(ids))
        for start, end in itertools.pairwise(borders):
            sentence = list(range(start, end))
            for t in sentence:

                def inside(s):
                    farthest = radius_of(radii, t, s, start) + (before if s < t else after)
                    return (
                        nearest <= abs(s - t) <= farthest
                        and (s >= t or left)
                        and (s <= t or right)
                        and (s == t or same_word or ids[s] != ids[t])
                    )

                window = [s for s in sentence if inside(s)]
                first = t - start - int(radii[t])
                if reads == "slice" and first < 0:  # sentence[-2:1] begins at the last word but one
                    window = sentence[first : t - start] + [s for s in window if s > t]
                if reads == "index" and first < 0:  # sentence[-1] is the last word
                    window = [sentence[place] for place in range(first, 0)] + window
                if right_first:
                    window = [s for s in window if s > t] + [s for s in window if s <= t]
                if nearest_first:
                    window = sorted(window, key=lambda s: abs(s - t))
                at += [t] * len(window)
                near += window
        return finish(ids, np.array(at, dtype=int), np.array(near, dtype=int))

    return solve


def open_to(side):
    """Pairs of windows that are cut off on the other side only; positions before 0 count from the
    end of the text."""

    def solve(ids, offsets, radii):
        centres, contexts = [], []
        for start, end in itertools.pairwise(offsets):
            for t in range(start, end):
                first, last = t - int(radii[t]), t + int(radii[t])
                for s in range(
                    first if side == "left" else max(start, first),
                    (last if side == "right" else min(end - 1, last)) + 1,
                ):
                    if s != t:
                        centres.append(ids[t])
                        contexts.append(ids[s])
        return np.array(centres, dtype=int), np.array(contexts, dtype=int)

    return solve


def reaching_into(side):
    """Pairs of windows that end at the end of the text on one side, not of the sentence."""

    def solve(ids, offsets, radii):
        at, near = [], []
        for start, end in itertools.pairwise(offsets):
            for t in range(start, end):
                first = max(0 if side == "left" else start, t - radii[t])
                last = min((len(ids) if side == "right" else end) - 1, t + radii[t])
                window = [s for s in range(first, last + 1) if s != t]
                at += [t] * len(window)
                near += window
        return ids[np.array(at, dtype=int)], ids[np.array(near, dtype=int)]

    return solve


def each_once(ids, t, s):
    pairs = list(dict.fromkeys(zip(ids[t].tolist(), ids[s].tolist())))
    return [centre for centre, _ in pairs], [context for _, context in pairs]


def pairs_by_matrix(ids, offsets, radii):
    """One yes or no for every two positions."""
    place = np.arange(len(ids))
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    distance = np.abs(place[:, None] - place)
    t, s = np.nonzero(
        (distance > 0) & (distance <= radii[:, None]) & (sentence[:, None] == sentence)
    )
    return ids[t], ids[s]


def pairs_by_lists(ids, offsets, radii):
    centres, contexts = [], []
    for start, end in itertools.pairwise(offsets):
        sentence, far = ids[start:end].tolist(), radii[start:end].tolist()
        for t, word in enumerate(sentence):
            near = sentence[max(0, t - far[t]) : t] + sentence[t + 1 : t + 1 + far[t]]
            centres += [word] * len(near)
            contexts += near
    return centres, contexts


def sampled_pairs(ids, offsets, radii):
    return reference.sampled_pairs(ids, radii, offsets)


SAMPLED_PAIRS = Exercise(
    id="word2vec.sampled_pairs",
    points=2,
    reference=sampled_pairs,
    cases=pair_cases,
    variant=paired_with,
    returns=("centres", "contexts"),
    misconceptions=[
        Misconception(
            "makes the window one too short",
            {"before": -1, "after": -1},
            "A radius of 1 reaches the words next to the centre; one of 2 reaches one further.",
        ),
        Misconception(
            "leaves out the last position on the right",
            {"after": -1},
            "Python's range and slices leave out their end. To include position t + r, end at t + r"
            " + 1.",
        ),
        Misconception(
            "leaves out the first position on the left",
            {"before": -1},
            "The window begins r positions before the centre: position t - r is inside.",
        ),
        Misconception(
            "makes the window one too long",
            {"before": 1, "after": 1},
            "Words at distance r are inside, words at distance r + 1 are not.",
        ),
        Misconception(
            "loses the left side near the start",
            {"reads": "slice"},
            "t - r is negative there, and Python's slices count a negative start from the end."
            " Begin at the beginning of the sentence instead.",
        ),
        Misconception(
            "reads from the end of the sentence before its start",
            {"reads": "index"},
            "t - r is negative there, and Python reads a negative index from the end. Begin at the"
            " beginning of the sentence instead.",
        ),
        Misconception(
            "crosses the border of a sentence",
            {"ends": lambda offsets, tokens: [0, tokens]},
            "The last word of one sentence and the first of the next stand side by side in `ids` by"
            " chance. Stop at the borders that `offsets` gives.",
        ),
        Misconception(
            "forgets where the sentence begins",
            open_to("left"),
            "The window stops at the first word of its sentence. Before it stands another sentence,"
            " and before the text Python counts from the end.",
        ),
        Misconception(
            "forgets where the sentence ends",
            open_to("right"),
            "The window stops at the last word of its sentence: after it stands another sentence,"
            " or nothing.",
        ),
        Misconception(
            "loses the last sentence",
            {"ends": lambda offsets, tokens: offsets[:-1]},
            "`offsets` holds one number more than there are sentences: sentence i ends where"
            " sentence i + 1 begins, and the last one at the last offset.",
        ),
        Misconception(
            "takes the radius of the context",
            {"radius_of": lambda radii, t, s, start: radii[s]},
            "The window belongs to the centre: position t sees s if they are at most radii[t]"
            " apart, whatever radii[s] is.",
        ),
        Misconception(
            "counts the radii anew in each sentence",
            {"radius_of": lambda radii, t, s, start: radii[t - start]},
            "`radii` has one number for each position of the text, not of the sentence.",
        ),
        Misconception(
            "uses the largest radius everywhere",
            {"radius_of": lambda radii, t, s, start: max(radii)},
            "Each centre has a radius of its own: radii[t].",
        ),
        Misconception(
            "pairs the centre with itself", {"nearest": 0}, "Position t is not its own context."
        ),
        Misconception(
            "looks to the right only",
            {"left": False},
            "The window reaches as far to the left as to the right.",
        ),
        Misconception(
            "looks to the left only",
            {"right": False},
            "The window reaches as far to the right as to the left.",
        ),
        Misconception(
            "leaves out a word's other occurrences",
            {"same_word": False},
            'Leave out the centre\'s position, not its word: "very very good" has very beside'
            " very.",
        ),
        Misconception(
            "lists the right side before the left",
            {"right_first": True},
            "The pairs of a centre are ordered by the context's position: from left to right.",
        ),
        Misconception(
            "swaps centre and context",
            {"finish": lambda ids, t, s: (ids[s], ids[t])},
            "The centres come first. With radii that differ, that is not the same.",
        ),
        Misconception(
            "returns positions",
            {"finish": lambda ids, t, s: (t, s)},
            "Asked are the words, ids[t] and ids[s], not the positions t and s.",
        ),
        Misconception(
            "reaches into the sentence before",
            reaching_into("left"),
            "The window begins at the earliest at offsets[i], the start of its own sentence, not at"
            " the start of the text.",
        ),
        Misconception(
            "reaches into the sentence after",
            reaching_into("right"),
            "The window ends at the latest at the end of its own sentence, not at the end of the "
            "text.",
        ),
        Misconception(
            "takes the smaller of both radii",
            {"radius_of": lambda radii, t, s, start: min(radii[t], radii[s])},
            "The centre alone decides: position t sees s if they are at most radii[t] apart,"
            " whatever radii[s] is.",
        ),
        Misconception(
            "takes the larger of both radii",
            {"radius_of": lambda radii, t, s, start: max(radii[t], radii[s])},
            "The centre alone decides: position t sees s only if they are at most radii[t] apart, "
            "whatever radii[s] is.",
        ),
        Misconception(
            "lists a pair once",
            {"finish": each_once},
            "A pair of words that comes again at other positions is listed again: every occurrence "
            "trains.",
        ),
        Misconception(
            "lists the nearest contexts first",
            {"nearest_first": True},
            "The pairs of a centre are ordered by the position of the context: from left to right.",
        ),
    ],
    alternatives=[pairs_by_matrix, pairs_by_lists, paired_with()],
    hints=[
        (
            "Go through the sentences, in each through the positions t, and for each t through the"
            " positions s near it."
        ),
        (
            "s runs from the larger of start and t - radii[t] to the smaller of end - 1 and t +"
            " radii[t]."
        ),
        (
            "`for s in range(max(start, t - radii[t]), min(end, t + radii[t] + 1)):` and, if s !="
            " t, append ids[t] and ids[s]."
        ),
    ],
)
