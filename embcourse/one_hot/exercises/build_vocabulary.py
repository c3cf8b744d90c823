"""The exercise `one_hot.build_vocabulary`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot.exercises.common import TEXT_WORDS, UNKNOWN, draw_words
from embcourse.text import Vocabulary


def build_vocabulary(tokens, min_count, max_size):
    """Words in id order, the unknown word first: what `Vocabulary.build(..., unknown="replace")`
    makes of one text."""
    built = Vocabulary.build(
        [tokens], min_count=min_count, max_size=max_size, unknown="replace", unknown_token=UNKNOWN
    )
    return list(built.tokens)


def draw_tokens(rng: np.random.Generator, counts: Mapping[str, int]) -> list[str]:
    """A text in which each word occurs so often; words of equal count come neither in the order of
    letters nor the
    reverse."""
    tokens = [word for word, count in counts.items() for _ in range(count)]
    ties = [[word for word in counts if counts[word] == count] for count in set(counts.values())]
    while True:
        text = [tokens[i] for i in rng.permutation(len(tokens))]
        first = {word: text.index(word) for word in counts}
        orders = [sorted(group, key=first.__getitem__) for group in ties if len(group) > 1]
        if all(
            order not in (sorted(order), sorted(order, reverse=True))
            or (len(order) == 2 and order != sorted(order))
            for order in orders
        ):
            return text


def vocabulary_cases(rng: np.random.Generator) -> Iterator[Case]:
    some = [word for word in TEXT_WORDS if word not in ("Ruth", "ark")]
    words = [str(word) for word in rng.permutation(some)]
    yield Case((draw_tokens(rng, dict(zip(words, (3, 2, 1)))), 1, None), label="three words")
    # Ruth comes before ark: capitals have smaller code points.
    yield Case(
        (draw_tokens(rng, dict.fromkeys(("Ruth", "ark", *words[:3]), 2)), 1, None), label="ties"
    )
    counts = (5, 4, 3, 3, 3, 2, 2, 1)
    words = [str(word) for word in rng.permutation(some)]
    yield Case(
        (draw_tokens(rng, dict(zip(words, counts))), int(rng.integers(2, 4)), None),
        label="a least count",
    )
    words = [str(word) for word in rng.permutation(some)]
    yield Case(
        (draw_tokens(rng, dict(zip(words, counts))), 2, int(rng.integers(4, 6))),
        label="a limit among ties",
    )
    # Equally frequent words in such numbers that a sort which is not stable mixes them up.
    many = draw_words(rng, 60)
    often = {word: 1 + (place < 25) for place, word in enumerate(many)}
    yield Case((draw_tokens(rng, often), 1, int(rng.integers(40, 55))), label="sixty words")
    yield Case(
        (draw_tokens(rng, dict(zip(words, (4, 2, 2, 2)))), 1, int(rng.integers(9, 99))),
        "edge",
        "more room than words",
    )
    yield Case(
        (draw_tokens(rng, dict(zip(words[1:], (3, 2, 2, 1, 1)))), 1, 5),
        "edge",
        "as many words as ids",
    )
    yield Case(
        (draw_tokens(rng, dict(zip(words[2:], (3, 2, 2, 1)))), 1, 5), "edge", "just enough room"
    )
    yield Case(
        (draw_tokens(rng, dict(zip(words[3:], (2, 1, 1, 1)))), 1, 1),
        "edge",
        "room for the unknown word only",
    )
    yield Case(
        (draw_tokens(rng, dict(zip(words[5:], (2, 2, 2, 1)))), int(rng.integers(3, 9)), None),
        "edge",
        "every word too rare",
    )
    yield Case(([], int(rng.integers(1, 9)), None), "edge", "no tokens")
    yield Case(([], int(rng.integers(1, 9)), int(rng.integers(1, 9))), "edge", "no tokens")
    letters = rng.permutation([*"abcxyz", *"ABCXYZ"])[:4]
    yield Case(
        (draw_tokens(rng, {str(word): 1 for word in ("é", "Z", "a", *letters)}), 1, None),
        "edge",
        "capitals and accents",
    )


def by_frequency(counts, tokens):
    return sorted(counts, key=lambda word: (-counts[word], word))


def rarest_first(counts, tokens):
    return sorted(counts, key=lambda word: (counts[word], word))


def vocabulary_with(
    fold: Callable = list,
    order: Callable = by_frequency,
    keep: Callable = lambda count, least: count >= least,
    cut: Callable = lambda words, size: words if size is None else words[: size - 1],
    put_together: Callable = lambda words, counts: [UNKNOWN, *words],
):
    """A vocabulary with one of its rules replaced."""

    def solve(tokens, min_count, max_size):
        counts = Counter(fold(tokens))
        words = [word for word in order(counts, tokens) if keep(counts[word], min_count)]
        return put_together(cut(words, max_size), counts)

    return solve


def cut_by_appearance(tokens, min_count, max_size):
    """Takes the first words of the text that are frequent enough, and sorts those."""
    counts = Counter(tokens)
    words = [word for word in counts if counts[word] >= min_count]
    words = words if max_size is None else words[: max_size - 1]
    return [UNKNOWN, *sorted(words, key=lambda word: (-counts[word], word))]


def cut_before_min_count(tokens, min_count, max_size):
    """Right, because the words that are too rare stand at the end."""
    words = by_frequency(Counter(tokens), tokens)
    words = words if max_size is None else words[: max_size - 1]
    counts = Counter(tokens)
    return [UNKNOWN, *(word for word in words if counts[word] >= min_count)]


def vocabulary_by_two_sorts(tokens, min_count, max_size):
    counts: dict[str, int] = {}
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
    words = sorted(word for word in counts if counts[word] >= min_count)
    # stable: equal counts stay in code-point order
    words.sort(key=counts.__getitem__, reverse=True)
    return ([UNKNOWN, *words])[:max_size]


def vocabulary_by_numpy(tokens, min_count, max_size):
    words, counts = np.unique(np.array(tokens, dtype=str), return_counts=True)
    words, counts = words[counts >= min_count], counts[counts >= min_count]
    words = words[np.argsort(-counts, kind="stable")]
    return [UNKNOWN, *words.tolist()][:max_size]


BUILD_VOCABULARY = Exercise(
    id="one_hot.build_vocabulary",
    points=2,
    reference=build_vocabulary,
    cases=vocabulary_cases,
    variant=vocabulary_with,
    misconceptions=[
        Misconception(
            "leaves ties in order of appearance",
            {"order": lambda counts, tokens: [word for word, _ in counts.most_common()]},
            "Words of equal count must not depend on which came first in the text: sort them by"
            " their letters.",
        ),
        Misconception(
            "reverses ties too",
            {"order": lambda counts, tokens: rarest_first(counts, tokens)[::-1]},
            "reverse=True turns the letters round as well. Sort by the negated count, then by the"
            " word.",
        ),
        Misconception(
            "sorts by letters only",
            {"order": lambda counts, tokens: sorted(counts)},
            "The most frequent word gets the smallest id. Letters decide only between equal"
            " counts.",
        ),
        Misconception(
            "leaves the words in order of appearance",
            {"order": lambda counts, tokens: list(counts)},
            "The most frequent word gets the smallest id, wherever it stands in the text.",
        ),
        Misconception(
            "puts the rarest first",
            {"order": rarest_first},
            "Frequent words come first; then cutting the list short cuts rare words.",
        ),
        Misconception(
            "ignores capitals in ties",
            {
                "order": lambda counts, tokens: sorted(
                    counts, key=lambda w: (-counts[w], w.lower(), w)
                )
            },
            "Python compares strings by code point: every capital comes before every small letter."
            " Leave that as it is; it is the same on every machine.",
        ),
        Misconception(
            "makes all letters small",
            {"fold": lambda tokens: [token.lower() for token in tokens]},
            "Words come as they are: Ruth and ruth are two. Lower-casing is the tokeniser's"
            " business.",
        ),
        Misconception(
            "asks for more than min_count",
            {"keep": lambda count, least: count > least},
            "A word that occurs exactly min_count times stays.",
        ),
        Misconception(
            "ignores min_count",
            {"keep": lambda count, least: True},
            "Words that occur fewer than min_count times are left out.",
        ),
        Misconception(
            "ignores max_size",
            {"cut": lambda words, size: words},
            "max_size is the number of ids: the rarest words go until they fit.",
        ),
        Misconception(
            "does not count the unknown word",
            {"cut": lambda words, size: words[:size]},
            "max_size is the number of ids, and the unknown word has one: max_size - 1 others fit.",
        ),
        Misconception(
            "fails without a limit",
            {"cut": lambda words, size: words[: size - 1]},
            "max_size may be None, from which nothing can be subtracted: then nothing is cut.",
        ),
        Misconception(
            "cuts before it sorts",
            cut_by_appearance,
            "Sort first: the words that are cut are the rarest, not those that come late in the"
            " text.",
        ),
        Misconception(
            "cuts only where more words than ids are left",
            {
                "cut": lambda words, size: (
                    words if size is None or len(words) <= size else words[: size - 1]
                )
            },
            "The unknown word needs an id as well: of exactly max_size words one has to go.",
        ),
        Misconception(
            "sorts by letters after the cut",
            {"put_together": lambda words, counts: [UNKNOWN, *sorted(words)]},
            "The most frequent word gets the smallest id. Letters decide only between equal"
            " counts.",
        ),
        Misconception(
            "puts the unknown word last",
            {"put_together": lambda words, counts: [*words, UNKNOWN]},
            "The unknown word gets id 0. At the end its id would change with the size of the"
            " vocabulary.",
        ),
        Misconception(
            "leaves out the unknown word",
            {"put_together": lambda words, counts: words},
            'The list begins with "<unk>"; it needs a row in the table like any other word.',
        ),
        Misconception(
            "leaves out the unknown word, and fills its place",
            {"put_together": lambda words, counts: words, "cut": lambda words, size: words[:size]},
            'The list begins with "<unk>"; it needs a row in the table like any other word.',
        ),
        Misconception(
            "returns words with their counts",
            {
                "put_together": lambda words, counts: [
                    UNKNOWN,
                    *([word, counts[word]] for word in words),
                ]
            },
            "The words alone are asked for: their order says the rest.",
        ),
        Misconception(
            "returns a dictionary",
            {
                "put_together": lambda words, counts: {
                    word: i for i, word in enumerate([UNKNOWN, *words])
                }
            },
            "A list is asked for: the position in it is the id.",
        ),
    ],
    alternatives=[
        vocabulary_by_two_sorts,
        vocabulary_by_numpy,
        cut_before_min_count,
        vocabulary_with(),
    ],
    hints=[
        "Count, throw out, sort, cut, and put the unknown word in front.",
        (
            "Sort by a key of two parts: the negated count, and the word itself. max_size includes"
            ' "<unk>".'
        ),
        (
            "words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w:"
            ' (-counts[w], w)). Put "<unk>" in front and slice to max_size; slicing to None keeps'
            " all."
        ),
    ],
)
