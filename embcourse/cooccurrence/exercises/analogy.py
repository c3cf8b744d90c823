"""The exercise `cooccurrence.analogy`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.cooccurrence.exercises.common import (
    DOES_NOT_ROUND_THE_COSINES,
    REVERSES_AN_ASCENDING_SORT,
    ROUNDS_TO_6_DECIMALS,
    SORTS_WITHOUT_KEEPING_TIES_IN_ORDER,
    nearly_tied_vectors,
    nine,
    random_vectors,
    stable_order,
    tied_vectors,
    undefined_units,
    unit_rows,
    worst_first,
)
from embcourse.tfidf.reference import cosine_similarity, rank


def three_of(rng: np.random.Generator, words: int) -> tuple[int, int, int]:
    a, b, c = rng.permutation(words)[:3].tolist()
    return a, b, c


def telling_inputs(rng: np.random.Generator) -> tuple:
    """Random vectors for which neither the lengths nor the direction of the step may be ignored."""
    while True:
        words = int(rng.integers(15, 20))
        inputs = (random_vectors(rng, words, 6), *three_of(rng, words), int(rng.integers(4, 8)))
        wrong = [
            analogy_with(prepare=np.asarray),
            analogy_with(compare=np.asarray),
            analogy_by_product,
            analogy_with(combine=by_step_of_length_one),
            *(
                analogy_with(
                    combine=lambda *abc, signs=signs: sum(x * y for x, y in zip(signs, abc))
                )
                for signs in ((1, -1, 1), (1, 1, -1), (1, 1, 1), (-1, 1, 0), (0, 0, 1), (0, 1, 1))
            ),
        ]
        if analogy(*inputs) not in [solve(*inputs) for solve in wrong]:
            return inputs


def close_inputs(rng: np.random.Generator) -> tuple:
    """Ties after rounding that are no ties where the length of the target is not divided out."""
    while True:
        three = unit_rows(rng.normal(size=(3, 4)))
        close = nearly_tied_vectors(rng, three[1] - three[0] + three[2])
        inputs = (np.vstack([three, close]), 0, 1, 2, len(close))
        if analogy(*inputs) not in [
            analogy_with(scale=scale)(*inputs) for scale in (undivided, multiplied)
        ]:
            return inputs


def analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    kings = np.array(
        [[1.0, 0.2, 0.1], [1.0, 1.1, 0.1], [1.0, 0.2, 2.0], [1.0, 1.5, 2.0], [0.3, -1.0, 1.0]]
    )
    order = rng.permutation(5)
    places = np.argsort(order)
    yield Case(
        (kings[order] * rng.integers(1, 6, (5, 1)), *(int(place) for place in places[:3]), 2),
        label="five words",
    )
    yield Case(telling_inputs(rng), label="more words")
    yield Case(
        (random_vectors(rng, 10, 10)[:, ::2], *three_of(rng, 10), 4), label="a view with gaps"
    )

    words = int(rng.integers(40, 60))
    tied = tied_vectors(rng, words)
    a, b, c = (
        int(
            rng.choice(
                np.flatnonzero(
                    (tied / np.linalg.norm(tied, axis=1, keepdims=True)) @ direction > 0.999
                )
            )
        )
        for direction in ([1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8])
    )
    yield Case((tied, a, b, c, words - 5), "edge", "many equal cosines")
    yield Case(close_inputs(rng), "edge", "cosines that are equal to 9 decimals")
    zeros = random_vectors(rng, 8, 3)
    target = unit_rows(zeros[3:6])
    target = target[1] - target[0] + target[2]
    zeros[0], zeros[7] = target * 2, -target  # one on either side of the zeros in the ranking
    target = target / np.linalg.norm(target)
    across = unit_rows(np.cross(target, rng.normal(size=3))[None, :])[0]
    # and one that by distance lies behind the zeros
    zeros[2] = across + rng.uniform(0.05, 0.15) * target
    zeros[[1, 6]] = 0.0
    yield Case((zeros, 3, 4, 5, 5), "edge", "vectors of zeros")
    some = random_vectors(rng, 7, 3)
    a, b, c = three_of(rng, 7)
    some[a] = 0.0
    yield Case((some, a, b, c, 3), "edge", "a is a vector of zeros")
    few = random_vectors(rng, 5, 2)
    yield Case(
        (few, *three_of(rng, 5), int(rng.integers(5, 9))), "edge", "fewer words than asked for"
    )


def analogy(vectors, a, b, c, k):
    """The reference: 3CosAdd on unit vectors, the three inputs left out, ties by id."""
    units = unit_rows(vectors)
    order = rank(cosine_similarity((units[b] - units[a] + units[c])[None, :], units).round(9))[0]
    return [int(word) for word in order if word not in (a, b, c)][:k]


def step_from_c(a, b, c):
    return b - a + c


def by_step_of_length_one(a, b, c):
    return (b - a) / np.linalg.norm(b - a) + c


def undivided(target):
    return target


def multiplied(target):
    return target * np.linalg.norm(target)


def leave_out(order, inputs, k):
    return order[~np.isin(order, inputs)][:k]


def analogy_with(
    *,
    prepare=unit_rows,
    combine=step_from_c,
    scale=lambda target: target / np.linalg.norm(target),
    compare=unit_rows,
    round_to=nine,
    sort=stable_order,
    choose=leave_out,
):
    """3CosAdd with parts replaced. choose takes the order, the three inputs and k."""

    def solve(vectors, a, b, c, k):
        rows = prepare(vectors)
        target = combine(rows[a], rows[b], rows[c])
        scores = round_to(compare(vectors) @ scale(target))
        return choose(sort(scores), [a, b, c], k).tolist()

    return solve


def analogy_by_sum_of_cosines(vectors, a, b, c, k):
    """cos(d, b) - cos(d, a) + cos(d, c), over the length of the sum: no target vector is formed."""
    units = unit_rows(vectors)
    between = units @ units.T
    squared = (
        sum(between[one, one] for one in (a, b, c))
        - 2 * between[a, b]
        - 2 * between[a, c]
        + 2 * between[b, c]
    )
    scores = ((between[b] - between[a] + between[c]) / np.sqrt(squared)).round(9)
    scores[[a, b, c]] = -np.inf
    return np.argsort(-scores, kind="stable")[: min(k, len(vectors) - 3)].tolist()


def analogy_by_gensim_order(vectors, a, b, c, k):
    """A mean of signed unit vectors, as gensim's most_similar; its length plays no role."""
    units = unit_rows(np.asarray(vectors))
    target = np.mean([units[b], units[c], -units[a]], axis=0)
    cosine = np.round(units @ (target / np.sqrt(target @ target)), 9)
    return [
        word
        for word in sorted(range(len(units)), key=lambda w: (-cosine[w], w))
        if word not in {a, b, c}
    ][:k]


def analogy_by_product(vectors, a, b, c, k):
    """3CosMul: s(d, b) s(d, c) / s(d, a), with s = (cos + 1) / 2."""
    units = unit_rows(vectors)
    like_a, like_b, like_c = ((units @ units[one] + 1) / 2 for one in (a, b, c))
    scores = (like_b * like_c / (like_a + 1e-3)).round(9)
    return leave_out(stable_order(scores), [a, b, c], k).tolist()


def analogy_by_distance(prepare):
    """The nearest to b - a + c, not the one in its direction."""

    def solve(vectors, a, b, c, k):
        rows = prepare(vectors)
        distances = np.linalg.norm(rows - (rows[b] - rows[a] + rows[c]), axis=1)
        return leave_out(stable_order(-distances.round(9)), [a, b, c], k).tolist()

    return solve


def unit_columns(vectors):
    return unit_rows(vectors.T).T


def without(*positions):
    """Leaves out some of the three inputs only."""
    return lambda order, inputs, k: order[
        ~np.isin(order, [inputs[position] for position in positions])
    ][:k]


ANALOGY = Exercise(
    id="cooccurrence.analogy",
    points=2,
    reference=analogy,
    cases=analogy_cases,
    variant=analogy_with,
    misconceptions=[
        Misconception(
            "lets the inputs answer",
            {"choose": without()},
            "b - a + c is nearly always closest to b or c themselves. The three inputs are left out"
            " by definition; the chapter shows what happens if they are not.",
        ),
        Misconception(
            "leaves out c only",
            {"choose": without(2)},
            "All three inputs are left out: a, b and c.",
        ),
        Misconception(
            "leaves out b and c only",
            {"choose": without(1, 2)},
            "All three inputs are left out: a, b and c.",
        ),
        Misconception(
            "leaves out a and b only",
            {"choose": without(0, 1)},
            "All three inputs are left out: a, b and c.",
        ),
        Misconception(
            "drops the first three results",
            {"choose": lambda order, inputs, k: order[3 : 3 + k]},
            "The three inputs need not be the best three. Leave them out by their ids.",
        ),
        Misconception(
            "makes room for one input",
            {
                "choose": lambda order, inputs, k: order[: k + 1][~np.isin(order[: k + 1], inputs)][
                    :k
                ]
            },
            "Three words are left out, not one. Leave them out first, then take k.",
        ),
        Misconception(
            "cuts to k before it leaves the inputs out",
            {"choose": lambda order, inputs, k: order[:k][~np.isin(order[:k], inputs)]},
            "Then answers are missing. Leave the three inputs out first, then take k.",
        ),
        Misconception(
            "adds vectors of different lengths",
            {"prepare": lambda vectors: vectors},
            "A frequent word has a long vector and would decide the sum. Scale all vectors to"
            " length 1 first.",
        ),
        Misconception(
            "subtracts the wrong word",
            {"combine": lambda a, b, c: a - b + c},
            '"a is to b as c is to ?" means: go from a to b, then take the same step from c: c + (b'
            " - a).",
        ),
        Misconception(
            "subtracts c",
            {"combine": lambda a, b, c: a + b - c},
            '"a is to b as c is to ?" means: go from a to b, then take the same step from c: c + (b'
            " - a).",
        ),
        Misconception(
            "adds all three",
            {"combine": lambda a, b, c: a + b + c},
            "The word a is taken away: b - a + c.",
        ),
        Misconception(
            "adds b and c only",
            {"combine": lambda a, b, c: b + c},
            "The word a is taken away: b - a + c.",
        ),
        Misconception(
            "scales the step to length 1",
            {"combine": by_step_of_length_one},
            "Only words are scaled to length 1. The step b - a keeps its length.",
        ),
        Misconception(
            "looks for the step alone",
            {"combine": lambda a, b, c: b - a},
            "b - a is the step. It is taken from c: add c.",
        ),
        Misconception(
            "asks for the neighbours of c",
            {"combine": lambda a, b, c: c},
            "That is the baseline that uses no arithmetic. The step from a to b is added to c.",
        ),
        Misconception(
            "ranks by dot product",
            {"compare": lambda vectors: vectors},
            "The candidates are compared by cosine: they need length 1 too.",
        ),
        Misconception(
            "does not divide by the length of the target",
            {"scale": undivided},
            "The cosine divides by both lengths, and is rounded after that. Without the target's"
            " length the order is the same but for ties.",
        ),
        Misconception(
            "multiplies similarities",
            analogy_by_product,
            "That is 3CosMul, another objective. Here the vectors are added, and the cosine with"
            " the target counts.",
        ),
        Misconception(
            "ranks by distance",
            analogy_by_distance(lambda vectors: vectors),
            "The cosine with the target counts, of unit vectors: directions, not places.",
        ),
        Misconception(
            "ranks by the distance of unit vectors",
            analogy_by_distance(unit_rows),
            "That is the order of the cosines, except for vectors of zeros: their cosine is 0.",
        ),
        Misconception(
            "ignores the sign",
            {"round_to": lambda scores: np.abs(scores).round(9)},
            "A cosine of -1 is the opposite direction, farther than any other. Don't take absolute"
            " values.",
        ),
        Misconception(
            "scales columns instead of rows",
            {"prepare": unit_columns, "compare": unit_columns},
            "A word's vector is a row: the length is taken along axis 1, one for every row.",
        ),
        Misconception(
            "puts the worst first", {"sort": worst_first}, "The highest cosine comes first."
        ),
        REVERSES_AN_ASCENDING_SORT,
        SORTS_WITHOUT_KEEPING_TIES_IN_ORDER,
        ROUNDS_TO_6_DECIMALS,
        DOES_NOT_ROUND_THE_COSINES,
        Misconception(
            "divides by the length of a zero vector",
            {"prepare": undefined_units, "compare": undefined_units},
            "A vector of zeros has no direction and stays zero; its cosine is 0, not NaN.",
        ),
    ],
    alternatives=[analogy_by_gensim_order, analogy_by_sum_of_cosines, analogy_with()],
    hints=[
        "Which step leads from a to b? Take it from c.",
        (
            "Unit vectors first, then target = b - a + c, then cosines as in the last exercise."
            " Which words are left out?"
        ),
        (
            'order = np.argsort(-cosines, kind="stable"), cosines rounded to 9 decimals; keep the'
            " ids that are not in (a, b, c), and the first k of those."
        ),
    ],
)
