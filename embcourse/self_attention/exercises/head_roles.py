"""The exercise `self_attention.head_roles`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import softmax
from embcourse.checking import Case, Exercise, Misconception
from embcourse.self_attention import reference
from embcourse.self_attention.exercises.common import ORDINARY

WORDS = ("the", "cat", "sat", "on", "mat", "and", "dog", "ran")


def head_roles_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(heads: int, tokens: list[str], aspect: str, label: str) -> Case:
        weights = softmax(2 * rng.normal(size=(heads, len(tokens), len(tokens))))
        return Case((weights, tokens), aspect, label, tolerance=ORDINARY)

    def words(count: int) -> list[str]:
        return [str(word) for word in rng.choice(WORDS, count, replace=False)]

    one, two, three = words(3)
    yield case(2, ["[CLS]", one, two, one, three, "[SEP]"], "values", "a word that stands twice")
    several = [*words(4), two, two, one]
    rng.shuffle(several)
    yield case(3, ["[CLS]", *several, one, "[SEP]"], "values", "words that stand often")
    yield case(2, ["[CLS]", one, two, "[SEP]", one, three, "[SEP]"], "values", "two sentences")
    yield case(4, ["[CLS]", *words(5), "[SEP]"], "edge", "no word stands twice")
    yield case(2, [one, two, one], "edge", "no [SEP]")
    yield case(1, ["[SEP]"], "edge", "one token")
    tokens = ["[CLS]", one, one, "[SEP]"]
    yield Case(
        (np.zeros((2, 4, 4)), tokens), "edge", "a head that looks nowhere", tolerance=ORDINARY
    )


def head_roles_with(
    *,
    before: int = 1,
    after: int = 1,
    rows: Callable = lambda weights: weights,
    itself: bool = False,
    over_all: bool = False,
    mark_asks: bool = False,
    marks: Callable = lambda places: places,
) -> Callable:
    """Head roles with parts replaced."""

    def solve(weights, tokens):
        weights, n = rows(weights), len(tokens)
        places = marks([i for i in range(n) if tokens[i] == "[SEP]"])
        found = []
        for head in weights:
            previous = [head[i, i - before] for i in range(n) if 0 <= i - before < n]
            following = [head[i, i + after] for i in range(n) if 0 <= i + after < n]
            asking = [i for i in range(n) if mark_asks or tokens[i] != "[SEP]"]
            ended = [head[i, places].sum() for i in asking] if places else []
            same = []
            for i in range(n):
                equal = [j for j in range(n) if tokens[j] == tokens[i]]
                if len(equal) > 1:
                    same.append(head[i, [j for j in equal if itself or j != i]].sum())
            found.append(
                [
                    sum(part) / (n if over_all else len(part)) if part else np.nan
                    for part in (previous, following, ended, same)
                ]
            )
        return np.array(found)

    return solve


def head_roles_by_masks(weights, tokens):
    token, n = np.array(tokens), len(tokens)
    found = np.full((len(weights), 4), np.nan)
    mark = token == "[SEP]"
    equal = (token[:, None] == token) & ~np.eye(n, dtype=bool)
    if n > 1:
        found[:, 0] = np.diagonal(weights, -1, axis1=-2, axis2=-1).mean(axis=-1)
        found[:, 1] = np.diagonal(weights, 1, axis1=-2, axis2=-1).mean(axis=-1)
    if mark.any() and not mark.all():
        found[:, 2] = weights[:, ~mark][:, :, mark].sum(axis=-1).mean(axis=-1)
    if equal.any():
        found[:, 3] = (weights * equal).sum(axis=-1)[:, equal.any(axis=-1)].mean(axis=-1)
    return found


HEAD_ROLES = Exercise(
    id="self_attention.head_roles",
    points=3,
    reference=reference.head_roles,
    cases=head_roles_cases,
    variant=head_roles_with,
    misconceptions=[
        Misconception(
            "takes before for after",
            {"before": -1, "after": -1},
            "Query i looks back at key i - 1: the diagonal just below the main one.",
        ),
        Misconception(
            "reads queries as keys",
            {"rows": lambda weights: np.swapaxes(weights, -1, -2)},
            "weights[h, i, j] is what query i gives to key j: rows are queries.",
        ),
        Misconception(
            "counts the word itself",
            {"itself": True},
            "Other occurrences of the word: the query's own place does not count.",
        ),
        Misconception(
            "divides by all tokens",
            {"over_all": True},
            "The mean runs over the queries for which the question makes sense, not over all n.",
        ),
        Misconception(
            "lets [SEP] ask about [SEP]",
            {"mark_asks": True},
            "A [SEP] that looks at itself says nothing about what words look at: leave it out as a"
            " query.",
        ),
        Misconception(
            "sees only the last [SEP]",
            {"marks": lambda places: places[-1:]},
            "Two sentences have two of them: add the weights on all.",
        ),
    ],
    alternatives=[head_roles_by_masks, head_roles_with()],
    hints=[
        "Four times the same: which (query, key) pairs count, and which queries have such a pair?",
        "Sum the weights on these pairs, divide by the number of queries with a pair; NaN if there"
        " is none.",
        "np.diagonal(head, -1) for before, 1 for after; columns where token == '[SEP]'; equal"
        " tokens without the diagonal.",
    ],
)
