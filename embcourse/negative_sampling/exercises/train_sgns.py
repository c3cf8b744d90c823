"""The exercise `negative_sampling.train_sgns`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import (
    RETURNS_THE_TABLES_IN_THE_WRONG_ORDER,
    small_tables,
    tables,
)
from embcourse.negative_sampling.exercises.pair_step import TABLES
from embcourse.negative_sampling.exercises.window_step import (
    keep_last,
    window_as_cbow,
    window_by_loops,
    window_pair_after_pair,
    window_with,
)

# At most 25 windows of up to 6 x 4 questions in turn. Rows stay below 4 in size, and with rates up
# to 0.4 a step magnifies the rounding of the one before by less than half, and mostly by a few per
# cent.
TRAINING = Tolerance(operations=4096, scale=4.0)


def text_case(
    rng: np.random.Generator,
    lengths: tuple[int, ...],
    *,
    thinned: bool = False,
    size: int = 6,
    dim: int = 3,
    negative: int = 3,
    least: int = 1,
    most: int = 3,
    step: int = 1,
    nothing: bool = False,
    made=tables,
    **options,
) -> Case:
    """A text with all the draws of its training. Where it is thinned, some word inside the longest
    sentence goes.

    One of the words that go has a coin that equals its keep probability. The rate starts at 0.3 or
    0.4, and reaches its floor before the last third of the text.
    """
    tokens = sum(lengths)
    ids = rng.permutation(np.arange(tokens) % size)
    keep = rng.integers(30, 91, size) / 100
    offsets = np.cumsum([0, *lengths])
    goes = np.full(tokens, nothing)
    if thinned:
        longest = int(np.argmax(lengths))
        inner = np.arange(offsets[longest] + 1, offsets[longest + 1] - 1)
        goes[
            rng.choice(np.setdiff1d(np.arange(tokens), inner), len(lengths) - 1, replace=False)
        ] = True
        goes[rng.choice(inner, len(inner) // 3, replace=False)] = True
    coins = np.where(
        goes, keep[ids] + (1 - keep[ids]) * rng.random(tokens), keep[ids] * rng.random(tokens)
    )
    if thinned:
        border = rng.choice(np.flatnonzero(goes))
        coins[border] = keep[ids[border]]
    if not (thinned or nothing):
        keep = np.ones(size)
    radii = rng.integers(least, most + 1, tokens)
    if tokens:
        radii[offsets[int(np.argmax(lengths))] + 1] = 2  # reaches beyond the start of the sentence
    # Among the negatives of a position stands its own word now and then, and its neighbours.
    negatives = rng.integers(0, size, (tokens, negative))
    own = rng.random(tokens) < 0.3
    negatives[own, 0] = ids[own]
    start = float(rng.choice([0.3, 0.4]))
    end = float(np.round(start * rng.uniform(0.45, 0.65), 2))
    spread = [np.repeat(array, step)[::step] for array in (ids, coins, radii)]
    return Case(
        (spread[0], offsets, keep, *spread[1:], negatives, *made(rng, size, dim), start, end),
        tolerance=TRAINING,
        **options,
    )


def training_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield text_case(
        rng,
        (4,),
        size=4,
        dim=2,
        negative=1,
        most=2,
        made=small_tables,
        label="one sentence, every word kept",
    )
    yield text_case(rng, (12,), thinned=True, label="one sentence, subsampled")
    yield text_case(
        rng, tuple(rng.permutation([8, 10])), thinned=True, label="two sentences, subsampled"
    )
    yield text_case(
        rng,
        tuple(rng.permutation([4, 5, 6])),
        least=2,
        most=5,
        label="three sentences, every word kept",
    )
    yield text_case(
        rng, tuple(rng.permutation([6, 8])), thinned=True, step=2, label="views with gaps"
    )
    lengths = rng.permutation([0, 1, 3, int(rng.integers(4, 6))])
    yield text_case(rng, tuple(lengths), aspect="edge", label="an empty sentence and a single word")
    yield text_case(
        rng, (int(rng.integers(3, 6)), 2), nothing=True, aspect="edge", label="nothing stays"
    )
    yield text_case(rng, (), aspect="edge", label="no text")


def falling(i, first, last, done, tokens, start, end):
    return max(end, start * (1 - i / tokens))


def both_sides(stayed, place, radius):
    return stayed[max(0, place - radius) : place] + stayed[place + 1 : place + 1 + radius]


def window_step(*arguments):
    return reference.window_step(*arguments)[1:]


def counts_own_word(**parts):
    return window_with(asked=lambda target, negatives, context_ids: [target, *negatives], **parts)


def overwriting(*arguments):
    return window_with(enter_inputs=keep_last, enter_outputs=keep_last)(*arguments)


def trained_with(
    *,
    kept=lambda coin, keep: coin < keep,
    keep_of=lambda keep, i, word: keep[word],
    sentences=lambda ends: ends,
    near_of=both_sides,
    closes_gaps=True,
    as_targets=None,
    as_contexts=None,
    draw_of=lambda i, place, done: i,
    radius_of=lambda radii, draw: int(radii[draw]),
    rate=falling,
    step=window_step,
    swapped=False,
    at_once=False,
    finish=lambda inputs, outputs: (inputs, outputs),
):
    """The trainer with one part replaced."""

    def solve(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end):
        inputs, outputs = inputs.copy(), outputs.copy()
        first_inputs, first_outputs = inputs, outputs
        ends = sentences([int(end_of) for end_of in offsets])
        done = 0
        for first, last in itertools.pairwise(ends):
            everything = list(range(first, last))
            stayed = [i for i in everything if kept(coins[i], keep_of(keep, i, ids[i]))]
            for i in everything if as_targets == "all" else stayed:
                line = stayed if closes_gaps and as_contexts != "all" else everything
                place = sum(j < i for j in line)
                draw = draw_of(i, stayed.index(i) if i in stayed else place, done)
                at = line if i in line else sorted([*line, i])
                near = near_of(at, place, radius_of(radii, draw))
                near = [j for j in near if as_contexts == "all" or j in stayed]
                now = rate(i, first, last, done, len(ids), start, end)
                done += 1
                if not near:
                    continue
                if swapped:
                    for j in near:
                        inputs, outputs = step(
                            inputs, outputs, ids[[i]], ids[j], negatives[draw], now
                        )
                elif at_once:
                    one, other = step(
                        first_inputs, first_outputs, ids[near], ids[i], negatives[draw], now
                    )
                    inputs, outputs = inputs + one - first_inputs, outputs + other - first_outputs
                else:
                    inputs, outputs = step(inputs, outputs, ids[near], ids[i], negatives[draw], now)
        return finish(inputs, outputs)

    return solve


def trained_sentence_by_sentence(
    ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end
):
    """The text is thinned first; the steps come after, in loops over single numbers."""
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    stays = np.flatnonzero(coins < keep[ids])
    for place, i in enumerate(stays):
        near = [
            stays[p]
            for p in range(place - radii[i], place + radii[i] + 1)
            if 0 <= p < len(stays) and p != place and sentence[stays[p]] == sentence[i]
        ]
        inputs, outputs = window_by_loops(
            inputs,
            outputs,
            [ids[j] for j in near],
            ids[i],
            negatives[i],
            max(end, start - start * i / len(ids)),
        )
    return inputs.copy(), outputs.copy()


TRAIN = Exercise(
    id="negative_sampling.train_sgns",
    points=4,
    reference=lambda ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end: (
        reference.train_with_draws(
            ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end
        )[1:]
    ),
    cases=training_cases,
    variant=trained_with,
    returns=TABLES,
    misconceptions=[
        Misconception(
            "crosses sentence borders",
            {"sentences": lambda ends: [0, ends[-1]]},
            "A window ends where its sentence ends. Thin out and train one sentence at a time.",
        ),
        Misconception(
            "leaves out the last sentence",
            {"sentences": lambda ends: ends[:-1]},
            "There are len(offsets) - 1 sentences: the last one ends at the last offset.",
        ),
        Misconception(
            "does not subsample",
            {"kept": lambda coin, keep: True},
            "Position i stays only if coins[i] < keep[ids[i]].",
        ),
        Misconception(
            "takes the keep probability for the discard probability",
            {"kept": lambda coin, keep: coin >= keep},
            "A word stays where its coin falls below its keep probability. You drop rare words and"
            " keep frequent ones.",
        ),
        Misconception(
            "keeps a word whose coin equals its keep probability",
            {"kept": lambda coin, keep: coin <= keep},
            "A position stays if its coin is below the keep probability: less, not less or equal."
            " With `<=` a word of probability 0 could stay.",
        ),
        Misconception(
            "takes keep probabilities by position",
            {"keep_of": lambda keep, i, word: keep[i]},
            "`keep` has one number for each word of the vocabulary: the one of position i is"
            " keep[ids[i]].",
        ),
        Misconception(
            "leaves gaps where words were dropped",
            {"closes_gaps": False},
            "The words that stay move together, so that windows reach over the gaps: count places"
            " among the words that stayed.",
        ),
        Misconception(
            "drops words as targets only",
            {"as_contexts": "all"},
            "A word that is dropped is gone, also from the windows of its neighbours.",
        ),
        Misconception(
            "drops words as contexts only",
            {"as_targets": "all"},
            "A word that is dropped is gone: it is no target either.",
        ),
        Misconception(
            "reaches one word too far to the right",
            {
                "near_of": lambda stayed, place, radius: (
                    both_sides(stayed, place, radius)
                    + stayed[place + 1 + radius : place + 2 + radius]
                )
            },
            "The radius counts words on each side: stayed[place + 1 : place + 1 + radius].",
        ),
        Misconception(
            "reaches one word too short to the right",
            {
                "near_of": lambda stayed, place, radius: (
                    stayed[max(0, place - radius) : place] + stayed[place + 1 : place + radius]
                )
            },
            "A slice leaves out its end: stayed[place + 1 : place + 1 + radius] holds radius"
            " words.",
        ),
        Misconception(
            "reaches one word too short to the left",
            {
                "near_of": lambda stayed, place, radius: (
                    stayed[max(0, place - radius + 1) : place]
                    + stayed[place + 1 : place + 1 + radius]
                )
            },
            "The radius counts words on each side: the slice on the left begins at place - radius,"
            " and leaves out `place`.",
        ),
        Misconception(
            "looks to the right only",
            {"near_of": lambda stayed, place, radius: stayed[place + 1 : place + 1 + radius]},
            "The contexts stand on both sides of the target.",
        ),
        Misconception(
            "looks to the left only",
            {"near_of": lambda stayed, place, radius: stayed[max(0, place - radius) : place]},
            "The contexts stand on both sides of the target.",
        ),
        Misconception(
            "starts the left slice at a negative number",
            {
                "near_of": lambda stayed, place, radius: (
                    stayed[place - radius : place] + stayed[place + 1 : place + 1 + radius]
                )
            },
            "Near the start of a sentence place - radius is negative, and Python counts a negative"
            " start from the end: the words on the left are lost. The slice must not start"
            " below 0.",
        ),
        Misconception(
            "takes the target into its own window",
            {
                "near_of": lambda stayed, place, radius: stayed[
                    max(0, place - radius) : place + 1 + radius
                ]
            },
            "A position is no context of itself: leave it out of its window.",
        ),
        Misconception(
            "gives every window the largest radius",
            {"radius_of": lambda radii, draw: int(max(radii))},
            "Each position has a radius of its own, radii[i].",
        ),
        Misconception(
            "does not decay the learning rate",
            {"rate": lambda i, first, last, done, tokens, start, end: start},
            "The rate at position i is max(end, start * (1 - i / tokens)).",
        ),
        Misconception(
            "lets the learning rate fall below its minimum",
            {"rate": lambda i, first, last, done, tokens, start, end: start * (1 - i / tokens)},
            "The rate never falls below `end`.",
        ),
        Misconception(
            "counts only the words that stayed as progress",
            {
                "rate": lambda i, first, last, done, tokens, start, end: falling(
                    done, first, last, done, tokens, start, end
                )
            },
            "Progress is the position in the whole text, with the words that were dropped.",
        ),
        Misconception(
            "counts the present word as read",
            {
                "rate": lambda i, first, last, done, tokens, start, end: falling(
                    i + 1, first, last, done, tokens, start, end
                )
            },
            "At position i, i tokens have been read: at the first one the rate is `start`.",
        ),
        Misconception(
            "starts the learning rate again in each sentence",
            {
                "rate": lambda i, first, last, done, tokens, start, end: falling(
                    i - first, first, last, done, tokens, start, end
                )
            },
            "Progress is the position in the whole text: it goes on from sentence to sentence.",
        ),
        Misconception(
            "lets the learning rate fall within each sentence",
            {
                "rate": lambda i, first, last, done, tokens, start, end: falling(
                    i - first, first, last, done, last - first, start, end
                )
            },
            "Progress is the position in the whole text, over the number of tokens of the whole"
            " text.",
        ),
        Misconception(
            "uses up the draws in turn",
            {"draw_of": lambda i, place, done: done},
            "Radius and negatives of position i are radii[i] and negatives[i], whether or not words"
            " before it were dropped.",
        ),
        Misconception(
            "takes the draws by the place in the sentence",
            {"draw_of": lambda i, place, done: place},
            "Radius and negatives of position i are radii[i] and negatives[i]: i is the position in"
            " the whole text.",
        ),
        Misconception(
            "takes every step from the first tables",
            {"at_once": True},
            "Each window starts from the tables that the window before it left.",
        ),
        Misconception(
            "trains pair after pair",
            {"step": window_pair_after_pair},
            "Use window_step: all logits of a window come from the same old rows.",
        ),
        Misconception(
            "counts negatives that equal the target",
            {"step": counts_own_word()},
            "Use window_step: negatives that equal the target are left out.",
        ),
        Misconception(
            "overwrites rows where a word comes up again",
            {"step": overwriting},
            "Use window_step: a word that stands twice in the window, or is drawn twice, gains both"
            " updates.",
        ),
        Misconception(
            "swaps input and target",
            {"swapped": True},
            "Here the contexts are the inputs and the word in the middle is the target, as in the"
            " released program.",
        ),
        Misconception(
            "trains the mean of the context rows",
            {"step": window_as_cbow},
            "That is CBOW. In skip-gram each context row answers the questions by itself.",
        ),
        RETURNS_THE_TABLES_IN_THE_WRONG_ORDER,
    ],
    alternatives=[trained_sentence_by_sentence, trained_with()],
    hints=[
        (
            "For each sentence: which positions stay? Then walk over them: target, contexts, rate,"
            " window_step."
        ),
        (
            "With `stayed` the positions of a sentence that stay and i = stayed[place], the"
            " contexts are the `radii[i]` entries of `stayed` before `place` and as many after it."
        ),
        (
            "max(0, place - radii[i]) keeps the slice from starting at a negative number. The step"
            " is window_step(inputs, outputs, ids[near], ids[i], negatives[i], decayed_rate(i,"
            " len(ids), start, end))."
        ),
    ],
)
