"""The exercise `transformer.beam_search`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.transformer import reference
from embcourse.transformer.exercises.common import softmax

# A sum of at most 12 logarithms below 64, divided by a power.
SUMS = Tolerance(operations=32, scale=64.0)
GAP = 1e-6  # no draw has two texts whose scores are closer: rounding decides nothing


def beam_search_cases(rng: np.random.Generator) -> Iterator[Case]:
    def drawn(parts: dict, longest: int, tokens: int, beam: int, alpha: float) -> tuple:
        """A table on which an answer with these parts finds another text or score."""
        while True:
            logits = rng.normal(0.0, 1.2, (longest, tokens, tokens))
            begin, end = (int(mark) for mark in rng.choice(tokens, 2, replace=False))
            logits[:, :, end] += rng.uniform(0.0, 1.5)
            args = (np.log(softmax(logits)), begin, end, beam, alpha)
            gaps: list[float] = []
            ids, score = beam_search_with(gaps=gaps)(*args)
            other, wrong = beam_search_with(**parts)(*args)
            if min(gaps, default=1.0) < GAP:
                continue
            if not parts or ids != other or abs(score - wrong) > GAP:
                return args

    def some_alpha() -> float:
        return float(np.round(rng.uniform(0.5, 1.2), 2))

    for number, mistake in enumerate(MISTAKES):
        longest, tokens = int(rng.integers(4, 7)), int(rng.integers(4, 7))
        args = drawn(mistake, longest, tokens, int(rng.integers(2, 4)), some_alpha())
        yield Case(args, "values", f"table {number + 1}", tolerance=SUMS)
    yield Case(drawn({}, 5, 4, 1, some_alpha()), "edge", "a beam of one", tolerance=SUMS)
    yield Case(drawn({}, 5, 4, 3, 0.0), "edge", "an alpha of 0", tolerance=SUMS)
    yield Case(drawn({}, 1, 5, 3, some_alpha()), "edge", "one token at most", tolerance=SUMS)
    yield Case(drawn({}, 3, 4, 90, some_alpha()), "edge", "a beam above all", tolerance=SUMS)


def wu(length: int, alpha: float) -> float:
    return ((5 + length) / 6) ** alpha


def beam_search_with(
    *,
    penalty: Callable = wu,
    width: Callable = lambda beam: beam,
    counted: int = 0,
    keep_ended: bool = True,
    go_on: bool = False,
    take_places: bool = False,
    enough: Callable = lambda ended, beam: ended >= beam,
    keep_going: bool = True,
    row: Callable = lambda step: step,
    with_mark: bool = False,
    gaps: list[float] | None = None,
) -> Callable[..., Any]:
    """Beam search over a table with parts replaced."""

    def solve(logs, begin, end, beam, alpha):
        beam = width(beam)
        longest, tokens, _ = logs.shape
        going: list[tuple[float, list[int]]] = [(0.0, [])]
        ended: list[tuple[float, list[int]]] = []
        for length in range(1, longest + 1):
            continued = [
                (score + float(logs[row(length - 1), (ids or [begin])[-1], token]), [*ids, token])
                for score, ids in going
                for token in range(tokens)
            ]
            continued.sort(key=lambda text: -text[0])
            if gaps is not None:
                gaps.extend(-np.diff([score for score, _ in continued]))
            best = continued[:beam]
            if keep_ended and not go_on:
                ended += [
                    (score / penalty(length + counted, alpha), ids)
                    for score, ids in best
                    if ids[-1] == end
                ]
            if go_on:
                going = best
            elif take_places:
                going = [text for text in best if text[1][-1] != end]
            else:
                going = [text for text in continued if text[1][-1] != end][:beam]
            if enough(len(ended), beam) or not going:
                break
        else:
            if keep_going or not ended:
                factor = penalty(longest, alpha)
                ended += [(score / factor, ids) for score, ids in going]
        if gaps is not None:
            gaps.extend(-np.diff(sorted((score for score, _ in ended), reverse=True)))
        score, ids = max(ended, key=lambda text: text[0], default=(0.0, []))
        if end in ids:
            ids = ids[: ids.index(end) + with_mark]
        return ids, score

    return solve


NOT_NORMALISED = {"penalty": lambda length, alpha: 1.0}
BY_LENGTH = {"penalty": lambda length, alpha: length**alpha}
WITHOUT_MARK = {"counted": -1}
DROPPED = {"keep_ended": False}
CONTINUED = {"go_on": True}
TAKE_PLACES = {"take_places": True}
FIRST_ENDED = {"enough": lambda ended, beam: ended >= 1}
NEVER_STOPS = {"enough": lambda ended, beam: False}
GREEDY = {"width": lambda beam: 1}
UNFINISHED = {"keep_going": False}
WITH_MARK = {"with_mark": True}
FIRST_TABLE = {"row": lambda step: 0}
MISTAKES = (
    NOT_NORMALISED,
    BY_LENGTH,
    WITHOUT_MARK,
    DROPPED,
    CONTINUED,
    TAKE_PLACES,
    FIRST_ENDED,
    NEVER_STOPS,
    GREEDY,
    UNFINISHED,
    WITH_MARK,
    FIRST_TABLE,
)


def of_the_reference(logs, begin, end, beam, alpha):
    """The package's search, given a step that looks into the table."""
    return reference.beam_search(
        lambda ids: logs[len(ids) - 1, ids[-1]], begin, end, len(logs), beam, alpha
    )


def in_arrays(logs, begin, end, beam, alpha):
    """All continuations as one array; texts are rows of ids."""
    longest, tokens, _ = logs.shape
    texts, scores = np.full((1, 1), begin), np.zeros(1)
    best_ids: list[int] = []
    best, finished = -np.inf, 0
    for step in range(longest):
        totals = (scores[:, None] + logs[step][texts[:, -1]]).ravel()
        order = np.argsort(-totals, kind="stable")
        parents, chosen = np.divmod(order, tokens)
        over = chosen == end
        factor = ((6 + step) / 6) ** alpha
        for place in np.flatnonzero(over[:beam]):
            finished += 1
            if totals[order[place]] / factor > best:
                best = totals[order[place]] / factor
                best_ids = texts[parents[place], 1:].tolist()
        rest = np.flatnonzero(~over)[:beam]
        texts = np.column_stack([texts[parents[rest]], chosen[rest]])
        scores = totals[order[rest]]
        if finished >= beam:
            return best_ids, float(best)
    if scores[0] / factor > best:
        best, best_ids = scores[0] / factor, texts[0, 1:].tolist()
    return best_ids, float(best)


BEAM_SEARCH = Exercise(
    id="transformer.beam_search",
    points=4,
    reference=of_the_reference,
    cases=beam_search_cases,
    variant=beam_search_with,
    returns=("ids", "score"),
    misconceptions=[
        Misconception(
            "does not normalise by the length",
            NOT_NORMALISED,
            "A log-probability falls with every token. Divide that of a text that ends by"
            " ((5 + length) / 6)^alpha.",
        ),
        Misconception(
            "divides by the length itself",
            BY_LENGTH,
            "The penalty is ((5 + length) / 6)^alpha: 1 for a length of 1, then it grows slowly.",
        ),
        Misconception(
            "does not count the mark that ends a text",
            WITHOUT_MARK,
            "The mark `end` is a token with a log-probability like others: it counts.",
        ),
        Misconception(
            "drops texts that have ended",
            DROPPED,
            "A text that ends leaves the beam, but is kept, with its score, until the end.",
        ),
        Misconception(
            "continues texts that have ended",
            CONTINUED,
            "After `end` nothing follows: keep the text aside, and go on with the others.",
        ),
        Misconception(
            "leaves their place to texts that have ended",
            TAKE_PLACES,
            "The beam is filled up: the `beam` best that do not end go on.",
        ),
        Misconception(
            "stops at the first text that ends",
            FIRST_ENDED,
            "A longer text may be better. The search is over when `beam` texts have ended.",
        ),
        Misconception(
            "does not stop when enough texts have ended",
            NEVER_STOPS,
            "The search is over when `beam` texts have ended.",
        ),
        Misconception(
            "keeps only the best text",
            GREEDY,
            "The `beam` best texts go on at every step, not one.",
        ),
        Misconception(
            "drops texts that have not ended at last",
            UNFINISHED,
            "When the table is at its end, the texts that still go on are kept as they are.",
        ),
        Misconception(
            "gives back the mark that ends the text",
            WITH_MARK,
            "The ids are given without the marks.",
        ),
        Misconception(
            "looks at the first table at every step",
            FIRST_TABLE,
            "logs[t, last, next]: t counts the tokens written so far.",
        ),
    ],
    alternatives=[in_arrays, beam_search_with()],
    hints=[
        "Two lists: texts that go on and texts that have ended, each with its score.",
        "At each step sort all continuations of all texts that go on. Of the `beam` best those"
        " that end are kept with score / penalty(length); the `beam` best that do not end go on.",
        "Stop when `beam` texts have ended. If the table's end comes first, add those that go on,"
        " with score / penalty(longest). Return the text with the largest score.",
    ],
)
