"""The exercise `one_hot.build_vocabulary`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.text import Vocabulary

UNKNOWN = "<unk>"


def build_vocabulary(tokens, min_count, max_size):
    """Words in id order, the unknown word first: what `Vocabulary.build(..., unknown="replace")` makes of one text."""
    built = Vocabulary.build([tokens], min_count=min_count, max_size=max_size, unknown="replace", unknown_token=UNKNOWN)
    return list(built.tokens)


TEXT_WORDS = "the and of lord said king queen sea gold wine Ruth ruth zeal ark Ärger".split()


def draw_text(rng: np.random.Generator, length: int) -> list[str]:
    """Tokens with frequencies like those of a text: a few words often, most of them rarely, many ties."""
    chances = 1 / np.arange(1, len(TEXT_WORDS) + 1)
    return [str(word) for word in rng.choice(rng.permutation(TEXT_WORDS), length, p=chances / chances.sum())]


def vocabulary_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((["b", "a", "b", "c", "a", "b"], 1, None), label="three words")
    yield Case((["sea", "king", "sea", "Gold", "king", "wine", "ark"], 1, None), label="ties")
    yield Case((draw_text(rng, 60), 3, None), label="a least count of 3")
    yield Case((draw_text(rng, 80), 2, 5), label="at most five ids")
    yield Case((draw_text(rng, 40), 1, 1000), "edge", "more room than words")
    yield Case((["b", "a"], 1, 1), "edge", "room for the unknown word only")
    yield Case((["b", "a"], 2, None), "edge", "every word too rare")
    yield Case(([], 1, None), "edge", "no tokens")
    yield Case((["a", "B", "é", "b", "A", "z"], 1, None), "edge", "capitals and accents")


def vocabulary_by(order: Callable, keep: Callable = lambda count, least: count >= least,
                  room: Callable = lambda size: size - 1, unknown: str = "first"):
    """A vocabulary with one of its rules replaced."""
    def solve(tokens, min_count, max_size):
        counts = Counter(tokens)
        words = [word for word in order(counts) if keep(counts[word], min_count)]
        words = words if max_size is None else words[: room(max_size)]
        return {"first": [UNKNOWN, *words], "last": [*words, UNKNOWN], "none": words}[unknown]
    return solve


def by_frequency(counts):
    return sorted(counts, key=lambda word: (-counts[word], word))


def rarest_first(counts):
    return sorted(counts, key=lambda word: (counts[word], word))


def cut_before_count(tokens, min_count, max_size):
    words = by_frequency(Counter(tokens))
    words = words if max_size is None else words[: max_size - 1]
    counts = Counter(tokens)
    return [UNKNOWN, *(word for word in words if counts[word] >= min_count)]


def vocabulary_by_two_sorts(tokens, min_count, max_size):
    counts: dict[str, int] = {}
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
    words = sorted(word for word in counts if counts[word] >= min_count)
    words.sort(key=counts.__getitem__, reverse=True)                 # stable: equal counts stay in code-point order
    return ([UNKNOWN] + words)[:max_size]


def vocabulary_by_numpy(tokens, min_count, max_size):
    words, counts = np.unique(np.array(tokens, dtype=str), return_counts=True)
    words, counts = words[counts >= min_count], counts[counts >= min_count]
    words = words[np.argsort(-counts, kind="stable")]
    return [UNKNOWN, *words.tolist()][:max_size]


BUILD_VOCABULARY = Exercise(
    id="one_hot.build_vocabulary", points=2,
    reference=build_vocabulary,
    cases=vocabulary_cases,
    misconceptions=[
        Misconception("leaves ties in order of appearance",
                      vocabulary_by(lambda counts: [word for word, _ in counts.most_common()]),
                      "Words of equal count must not depend on which came first in the text: sort them by their "
                      "letters."),
        Misconception("reverses ties too", vocabulary_by(lambda counts: rarest_first(counts)[::-1]),
                      "reverse=True turns the letters round as well. Sort by (-count, word) instead."),
        Misconception("sorts by letters only", vocabulary_by(sorted),
                      "The most frequent word gets the smallest id. Letters decide only between equal counts."),
        Misconception("puts the rarest first", vocabulary_by(rarest_first),
                      "Frequent words come first; then cutting the list short cuts rare words."),
        Misconception("ignores capitals in ties",
                      vocabulary_by(lambda counts: sorted(counts, key=lambda w: (-counts[w], w.lower(), w))),
                      "Python compares strings by code point: every capital comes before every small letter. Leave "
                      "that as it is; it is the same on every machine."),
        Misconception("asks for more than min_count",
                      vocabulary_by(by_frequency, keep=lambda count, least: count > least),
                      "A word that occurs exactly min_count times stays."),
        Misconception("does not count the unknown word", vocabulary_by(by_frequency, room=lambda size: size),
                      "max_size is the number of ids, and the unknown word has one: max_size - 1 others fit."),
        Misconception("puts the unknown word last", vocabulary_by(by_frequency, unknown="last"),
                      "The unknown word gets id 0. At the end its id would change with the size of the vocabulary."),
        Misconception("leaves out the unknown word",
                      vocabulary_by(by_frequency, room=lambda size: size, unknown="none"),
                      "The list begins with \"<unk>\"; it needs a row in the table like any other word."),
    ],
    alternatives=[vocabulary_by_two_sorts, vocabulary_by_numpy, cut_before_count],
    hints=["Count, throw out, sort, cut, and put the unknown word in front.",
           "Sort by a key of two parts: the negated count, and the word itself. max_size includes \"<unk>\".",
           "words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w)). Put "
           "\"<unk>\" in front and slice to max_size; slicing to None keeps all."],
)
