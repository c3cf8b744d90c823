"""The exercise `negative_sampling.train_sgns`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import tables
from embcourse.negative_sampling.exercises.window_step import (
    window_by_loops,
    window_pair_after_pair,
)

# At most 25 windows of up to 6 x 4 questions in turn. Rows stay below 4 in size, and with rates up to 0.3 a step
# magnifies the rounding of the one before by less than half, and mostly by a few per cent.
TRAINING = Tolerance(operations=4096, scale=4.0)


def text_case(rng: np.random.Generator, lengths: tuple[int, ...], *, keep: np.ndarray | None = None, most: int = 3,
              start: float = 0.2, end: float = 0.02, negative: int = 3, step: int = 1, **options) -> Case:
    """A text with all the draws of its training."""
    tokens, size = sum(lengths), 6
    chances = 1 / np.arange(1, size + 1)
    ids = rng.choice(size, (tokens, step), p=chances / chances.sum())
    keep = np.array([0.4, 0.6, 0.8, 0.9, 1.0, 1.0]) if keep is None else keep
    coins, radii = rng.random((tokens, step)), rng.integers(1, most + 1, (tokens, step))
    negatives = rng.integers(0, size, (tokens, negative))
    arrays = [ids.ravel()[::step], np.cumsum([0, *lengths]), keep, coins.ravel()[::step], radii.ravel()[::step]]
    return Case((*arrays, negatives, *tables(rng), start, end), tolerance=TRAINING, **options)


def training_cases(rng: np.random.Generator) -> Iterator[Case]:
    everything = np.ones(6)
    yield text_case(rng, (6,), keep=everything, start=0.2, end=0.05, label="one sentence, every word kept")
    yield text_case(rng, (18,), label="one sentence, subsampled")
    yield text_case(rng, (9, 12), label="two sentences, subsampled")
    yield text_case(rng, (4, 5, 6), keep=everything, most=4, label="three sentences, every word kept")
    yield text_case(rng, (7, 8), step=2, start=0.3, label="views with gaps")
    yield text_case(rng, (4, 0, 1, 5), keep=everything, aspect="edge", label="an empty sentence and a single word")
    yield text_case(rng, (5,), keep=np.zeros(6), aspect="edge", label="nothing stays")
    yield text_case(rng, (), aspect="edge", label="no text")


def trained_with(
    *, kept=lambda coin, keep: coin < keep, borders=True, close_gaps=True, reach=lambda radius, radii: radius, extra=0,
    rate=lambda i, done, tokens, start, end: max(end, start * (1 - i / tokens)), step=reference.window_step,
    draws_in_turn=False, left=True, swapped=False,
):
    """The trainer with one part replaced."""
    def solve(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end):
        inputs, outputs = inputs.copy(), outputs.copy()
        ends = [int(end_of) for end_of in offsets] if borders else [0, len(ids)]
        done = 0
        for first, last in zip(ends[:-1], ends[1:]):
            stayed = [i for i in range(first, last) if kept(coins[i], keep[ids[i]])]
            for place, i in enumerate(stayed):
                draw = done if draws_in_turn else i
                radius = reach(int(radii[draw]), radii)
                if close_gaps:
                    near = stayed[max(0, place - radius):place] if left else []
                    near = near + stayed[place + 1:place + 1 + radius + extra]
                else:
                    near = [j for j in stayed if j != i and abs(j - i) <= radius]
                now = rate(i, done, len(ids), start, end)
                done += 1
                if swapped:
                    for j in near:
                        _, inputs, outputs = step(inputs, outputs, ids[[i]], ids[j], negatives[draw], now)
                elif near:
                    _, inputs, outputs = step(inputs, outputs, ids[near], ids[i], negatives[draw], now)
        return inputs, outputs
    return solve


def pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate):
    return (0.0, *window_pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate))


def trained_sentence_by_sentence(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end):
    """The text is thinned first; the steps come after, in loops over single numbers."""
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    stays = np.flatnonzero(coins < keep[ids])
    for place, i in enumerate(stays):
        near = [stays[p] for p in range(place - radii[i], place + radii[i] + 1)
                if 0 <= p < len(stays) and p != place and sentence[stays[p]] == sentence[i]]
        inputs, outputs = window_by_loops(
            inputs, outputs, [ids[j] for j in near], ids[i], negatives[i], max(end, start - start * i / len(ids)))
    return inputs.copy(), outputs.copy()


TRAIN = Exercise(
    id="negative_sampling.train_sgns", points=4,
    reference=lambda ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end:
        reference.train_with_draws(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end)[1:],
    cases=training_cases,
    misconceptions=[
        Misconception("crosses sentence borders", trained_with(borders=False),
                      "A window ends where its sentence ends. Thin out and train one sentence at a time."),
        Misconception("does not subsample", trained_with(kept=lambda coin, keep: True),
                      "Position i stays only if coins[i] < keep[ids[i]]."),
        Misconception("takes the keep probability for the discard probability",
                      trained_with(kept=lambda coin, keep: coin >= keep),
                      "A word stays where its coin falls below its keep probability. You drop rare words and keep "
                      "frequent ones."),
        Misconception("leaves gaps where words were dropped", trained_with(close_gaps=False),
                      "The words that stay move together, so that windows reach over the gaps: count places among the "
                      "words that stayed."),
        Misconception("reaches one word too far to the right", trained_with(extra=1),
                      "The radius counts words on each side: stayed[place + 1 : place + 1 + radius]."),
        Misconception("reaches one word too short to the right", trained_with(extra=-1),
                      "A slice leaves out its end: stayed[place + 1 : place + 1 + radius] holds radius words."),
        Misconception("looks to the right only", trained_with(left=False),
                      "The contexts stand on both sides of the target."),
        Misconception("gives every window the largest radius",
                      trained_with(reach=lambda radius, radii: int(max(radii))),
                      "Each position has a radius of its own, radii[i]."),
        Misconception("does not decay the learning rate", trained_with(rate=lambda i, done, n, start, end: start),
                      "The rate at position i is max(end, start * (1 - i / tokens))."),
        Misconception("lets the learning rate fall below its minimum",
                      trained_with(rate=lambda i, done, n, start, end: start * (1 - i / n)),
                      "The rate never falls below `end`."),
        Misconception("counts only the words that stayed as progress",
                      trained_with(rate=lambda i, done, n, start, end: max(end, start * (1 - done / n))),
                      "Progress is the position in the whole text, with the words that were dropped."),
        Misconception("uses up the draws in turn", trained_with(draws_in_turn=True),
                      "Radius and negatives of position i are radii[i] and negatives[i], whether or not words before "
                      "it were dropped."),
        Misconception("trains pair after pair", trained_with(step=pair_after_pair),
                      "Use window_step: all logits of a window come from the same old rows."),
        Misconception("swaps input and target", trained_with(swapped=True),
                      "Here the contexts are the inputs and the word in the middle is the target, as in the released "
                      "program."),
    ],
    alternatives=[trained_with(), trained_sentence_by_sentence],
    hints=["For each sentence: which positions stay? Then walk over them: target, contexts, rate, window_step.",
           "With `stayed` the positions of a sentence that stay and i = stayed[place], the contexts are the `radii[i]` "
           "entries of `stayed` before `place` and as many after it.",
           "max(0, place - radii[i]) keeps the slice from starting at a negative number. The step is "
           "window_step(inputs, outputs, ids[near], ids[i], negatives[i], decayed_rate(i, len(ids), start, end))."],
)
