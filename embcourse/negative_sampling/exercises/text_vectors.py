"""The exercise `negative_sampling.text_vectors`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from functools import cache

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.data import bible
from embcourse.negative_sampling import reference
from embcourse.negative_sampling.exercises.common import tables
from embcourse.negative_sampling.exercises.train_sgns import (
    trained_sentence_by_sentence,
    trained_with,
)
from embcourse.text import Vocabulary, keep_probabilities, tokenize

# At most 150 windows of up to 6 x 3 questions in turn, with rates of at most 0.1: each magnifies
# the rounding of those before by some thousandths.
WHOLE = Tolerance(operations=8192, scale=4.0)
GOSPELS = ("Matthew", "Mark", "Luke", "John")


@cache
def gospels() -> list[list[str]]:
    """The verses of the four Gospels in the World English Bible, as lists of words."""
    web = bible("web")
    return [
        tokenize(verse) for place, verse in zip(web.references, web.verses) if place.book in GOSPELS
    ]


def passage(rng: np.random.Generator, verses: int, min_count: int) -> list[list[str]]:
    """Verses that stand together, one of them left empty, and at least a word of each kind.

    Some words are cut; of those that stay, some are as frequent as others that come first in the
    text but later in the alphabet; the most frequent word is not the first of the alphabet.
    """
    text = gospels()
    while True:
        first = int(rng.integers(len(text) - verses))
        sentences = [list(words) for words in text[first : first + verses]]
        if max(map(len, sentences)) > 16 * min_count:
            continue
        sentences.insert(int(rng.integers(1, verses)), [])  # a row that newer editions leave out
        counts = Counter(word for sentence in sentences for word in sentence)
        stay = [word for word, count in counts.most_common() if count >= min_count]
        cut = len(counts) - len(stay)
        lengths = [sum(word in stay for word in sentence) for sentence in sentences if sentence]
        if (
            len(stay) >= 5
            and (cut or min_count == 1)
            and stay != ranked(counts, stay)
            and stay[0] != min(stay)
            and sum(counts[word] == min_count for word in stay) >= 2
            and min(lengths) >= 2
        ):
            return sentences


def ranked(counts: Counter, words: list[str]) -> list[str]:
    return sorted(words, key=lambda word: (-counts[word], word))


def telling_coins(
    rng: np.random.Generator, text: list[str], counts: Counter, every: int, sample: float
) -> np.ndarray:
    """A coin for each token. For the most frequent word, some lie between what people take for its
    keep probability.

    Those are the paper's formula, the program's, the program's with frequencies among all words,
    and 1.
    """
    coins = rng.random(len(text))
    word = ranked(counts, list(counts))[0]
    places = rng.permutation([place for place, other in enumerate(text) if other == word])
    paper, code, among_all = (
        np.sqrt(ratio) + ratio * extra
        for ratio, extra in (
            (sample * len(text) / counts[word], 0),
            (sample * len(text) / counts[word], 1),
            (sample * every / counts[word], 1),
        )
    )
    borders = [paper, code, *([among_all] if among_all > code else []), 1.0]
    coins[places[: len(borders) - 1]] = (np.array(borders[:-1]) + borders[1:])[: len(places)] / 2
    return coins


def vector_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(verses: int, min_count: int, epochs: int, aspect: str, label: str) -> Case:
        sentences = passage(rng, verses, min_count)
        everything = [word for sentence in sentences for word in sentence]
        counts = Counter(everything)
        text = [word for word in everything if counts[word] >= min_count]
        counts, tokens = Counter(text), epochs * len(text)
        # The most frequent word keeps about a third of its occurrences, rare words stay.
        sample = float(f"{0.08 * max(counts.values()) / len(text):.1g}")
        coins = np.concatenate(
            [telling_coins(rng, text, counts, len(everything), sample) for _ in range(epochs)]
        )
        return Case(
            (
                sentences,
                min_count,
                epochs,
                sample,
                coins,
                rng.integers(1, 4, tokens),
                rng.random((tokens, 2)),
                *tables(rng, len(counts), 2),
                0.1,
                float(rng.integers(2, 6) / 100),
            ),
            aspect,
            label,
            tolerance=WHOLE,
        )

    yield case(2, 1, 1, "values", "two verses, every word")
    yield case(4, 2, 1, "values", "four verses, words that occur twice")
    yield case(6, 2, int(rng.integers(2, 4)), "values", "six verses, several epochs")
    yield case(8, 3, 2, "values", "eight verses, words that occur three times")
    sentences = passage(rng, 3, 1)
    yield Case(
        (
            sentences,
            99,
            int(rng.integers(1, 3)),
            0.1,
            np.zeros(0),
            np.zeros(0, int),
            np.zeros((0, 2)),
            *tables(rng, 0, 2),
            0.1,
            0.02,
        ),
        "edge",
        "no word is frequent enough",
        tolerance=WHOLE,
    )
    sentences = [[word] for word in rng.permutation(sorted(set(sentences[0]))).tolist()]
    tokens = len(sentences)
    yield Case(
        (
            sentences,
            1,
            1,
            1.0,
            rng.random(tokens),
            rng.integers(1, 4, tokens),
            rng.random((tokens, 2)),
            *tables(rng, tokens, 2),
            0.1,
            0.02,
        ),
        "edge",
        "sentences of one word",
        tolerance=WHOLE,
    )


def at_least(count, min_count):
    return count >= min_count


def all_at_once(sentences, epochs):
    return sentences * epochs


def each_in_turn(sentences, epochs):
    return [sentence for sentence in sentences for _ in range(epochs)]


def noise_draw(counts, uniforms, power=0.75):
    shares = reference.noise_distribution(counts, power)
    return np.minimum(np.searchsorted(np.cumsum(shares), uniforms, side="right"), len(shares) - 1)


def in_epochs(*, restart: bool, same_draws: bool):
    """Trains epoch after epoch, each with a learning rate or draws of its own."""

    def train(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end, epochs):
        tokens, sentences = len(ids) // epochs, (len(offsets) - 1) // epochs
        for epoch in range(epochs):
            part = slice(0, tokens) if same_draws else slice(epoch * tokens, (epoch + 1) * tokens)
            shift = 0 if restart else epoch * tokens
            step = trained_with(
                rate=lambda i, first, last, done, n, start, end, shift=shift: max(
                    end, start * (1 - (i + shift) / (n if restart else n * epochs))
                )
            )
            inputs, outputs = step(
                ids[:tokens],
                offsets[: sentences + 1],
                keep,
                coins[part],
                radii[part],
                negatives[part],
                inputs,
                outputs,
                start,
                end,
            )
        return inputs, outputs

    return train


def in_one_go(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end, epochs):
    """Like a student's trainer, it does not mind draws or rows that are too many."""
    return trained_with()(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end)


def vectors_with(
    *,
    stays=at_least,
    order=ranked,
    counted=lambda stay, every: stay,
    repeat=all_at_once,
    borders=True,
    keep=lambda counts, total, sample: np.minimum(
        1, np.sqrt(sample * total / counts) + sample * total / counts
    ),
    draw=noise_draw,
    train=in_one_go,
    vectors=lambda inputs, outputs: inputs,
    keys=lambda words: words,
):
    """Vectors of a text, with one part replaced."""

    def solve(
        sentences, min_count, epochs, sample, coins, radii, uniforms, inputs, outputs, start, end
    ):
        every = Counter(word for sentence in sentences for word in sentence)
        words = order(every, [word for word in every if stays(every[word], min_count)])
        if not words:
            return {}
        row = {word: i for i, word in enumerate(words)}
        text = repeat(
            [[row[word] for word in sentence if word in row] for sentence in sentences], epochs
        )
        ids = np.array([word for sentence in text for word in sentence])
        offsets = np.cumsum([0, *map(len, text)]) if borders else np.array([0, len(ids)])
        counts = np.array([every[word] for word in words], dtype=float)
        total = sum(counted(counts.tolist(), list(every.values())))
        result = train(
            ids,
            offsets,
            keep(counts, total, sample),
            coins,
            radii,
            draw(counts, uniforms),
            inputs,
            outputs,
            start,
            end,
            epochs,
        )
        return dict(zip(keys(words), vectors(*result)))

    return solve


def vectors_by_the_package(
    sentences, min_count, epochs, sample, coins, radii, uniforms, inputs, outputs, start, end
):
    vocabulary = Vocabulary.build(sentences, min_count=min_count, unknown="drop")
    if not len(vocabulary):
        return {}
    assert vocabulary.counts is not None  # built above
    ids, offsets = vocabulary.encode_documents(list(sentences) * epochs)
    _, inputs, _ = reference.train_with_draws(
        ids,
        offsets,
        keep_probabilities(vocabulary.counts, sample, variant="code"),
        coins,
        radii,
        noise_draw(vocabulary.counts, uniforms),
        inputs,
        outputs,
        start,
        end,
    )
    return dict(zip(vocabulary.tokens, inputs))


def vectors_by_loops(
    sentences, min_count, epochs, sample, coins, radii, uniforms, inputs, outputs, start, end
):
    """Everything in plain Python, and each step in loops over single numbers."""
    counts: dict[str, int] = {}
    for sentence in sentences:
        for word in sentence:
            counts[word] = counts.get(word, 0) + 1
    words = [word for word in sorted(counts) if counts[word] >= min_count]
    words.sort(key=lambda word: -counts[word])  # stable: the alphabet breaks ties
    kept = [[words.index(word) for word in sentence if word in words] for sentence in sentences]
    total = sum(map(len, kept))
    keep = [
        min(1.0, math.sqrt(sample / (counts[word] / total)) + sample / (counts[word] / total))
        for word in words
    ]
    powers = [counts[word] ** 0.75 for word in words]

    def drawn(u: float) -> int:
        reached = 0.0
        for word, power in enumerate(powers):
            reached += power / math.fsum(powers)
            if u < reached:
                return word
        return len(words) - 1

    text = [sentence for _ in range(epochs) for sentence in kept]
    ids = np.array([word for sentence in text for word in sentence], dtype=int)
    negatives = np.array([[drawn(u) for u in row] for row in uniforms], dtype=int).reshape(
        uniforms.shape
    )
    inputs, _ = trained_sentence_by_sentence(
        ids,
        np.cumsum([0, *map(len, text)]),
        np.array(keep),
        coins,
        radii,
        negatives,
        inputs,
        outputs,
        start,
        end,
    )
    return {word: inputs[i] for i, word in enumerate(words)}


def normalised(inputs, outputs):
    return inputs / np.linalg.norm(inputs, axis=1, keepdims=True)


TEXT_VECTORS = Exercise(
    id="negative_sampling.text_vectors",
    points=3,
    reference=vectors_by_the_package,
    cases=vector_cases,
    variant=vectors_with,
    misconceptions=[
        Misconception(
            "breaks ties by the first occurrence",
            {
                "order": lambda counts, words: [
                    word for word, _ in counts.most_common() if word in words
                ]
            },
            "Counter.most_common leaves words of equal count in the order in which they came. Here"
            " the alphabet decides among them, and so which row of the tables a word gets.",
        ),
        Misconception(
            "numbers the words by the alphabet alone",
            {"order": lambda counts, words: sorted(words)},
            "The most frequent word has id 0. The alphabet decides only among words of equal"
            " count.",
        ),
        Misconception(
            "numbers the words as they come",
            {"order": lambda counts, words: words},
            "The most frequent word has id 0; the alphabet decides among words of equal count.",
        ),
        Misconception(
            "puts the rarest words first",
            {"order": lambda counts, words: sorted(words, key=lambda word: (counts[word], word))},
            "The most frequent word has id 0.",
        ),
        Misconception(
            "breaks ties by the alphabet backwards",
            {
                "order": lambda counts, words: sorted(
                    words, key=lambda word: (counts[word], word), reverse=True
                )
            },
            "Sorted in reverse, the alphabet runs backwards too. Of words of equal count the first"
            " in the alphabet comes first.",
        ),
        Misconception(
            "cuts words that occur min_count times",
            {"stays": lambda count, min_count: count > min_count},
            "A word that occurs `min_count` times stays: at least, not more than.",
        ),
        Misconception(
            "cuts nothing",
            {"stays": lambda count, min_count: True},
            "Words that occur fewer than `min_count` times get no vector, and leave the text before"
            " anything else happens.",
        ),
        Misconception(
            "forgets where sentences end",
            {"borders": False},
            "The offsets say where each sentence begins: no window reaches into another one.",
        ),
        Misconception(
            "repeats each sentence instead of the text",
            {"repeat": each_in_turn},
            "An epoch is a pass over the whole text: all sentences, then all of them again.",
        ),
        Misconception(
            "passes over the text once",
            {"repeat": lambda sentences, epochs: sentences},
            "The text is trained on `epochs` times, as one long text.",
        ),
        Misconception(
            "starts the learning rate again in each epoch",
            {"train": in_epochs(restart=True, same_draws=False)},
            "The rate falls over all epochs together: `tokens` counts every epoch.",
        ),
        Misconception(
            "uses the draws of the first epoch again",
            {"train": in_epochs(restart=False, same_draws=True)},
            "There is a coin, a radius and a row of uniform numbers for each position of every"
            " epoch.",
        ),
        Misconception(
            "trains each epoch like the first",
            {"train": in_epochs(restart=True, same_draws=True)},
            "The epochs are one long text: the rate goes on falling, and each position has draws of"
            " its own.",
        ),
        Misconception(
            "takes frequencies among all words, those cut included",
            {"counted": lambda stay, every: every},
            "The rare words are gone: a word's frequency is its share of the tokens that are left.",
        ),
        Misconception(
            "subsamples by the paper's formula",
            {"keep": lambda counts, total, sample: np.minimum(1, np.sqrt(sample * total / counts))},
            'The statement asks for the program\'s formula, variant "code".',
        ),
        Misconception(
            "does not subsample",
            {"keep": lambda counts, total, sample: np.ones(len(counts))},
            "Frequent words are dropped with the program's formula and the threshold `sample`.",
        ),
        Misconception(
            "draws negatives as often as words occur",
            {"draw": lambda counts, uniforms: noise_draw(counts, uniforms, 1.0)},
            "Negatives come from the counts to the power 0.75.",
        ),
        Misconception(
            "draws all negatives alike",
            {"draw": lambda counts, uniforms: noise_draw(counts, uniforms, 0.0)},
            "Negatives come from the counts to the power 0.75.",
        ),
        Misconception(
            "returns the output vectors",
            {"vectors": lambda inputs, outputs: outputs},
            "A word's vector is its row of `inputs`.",
        ),
        Misconception(
            "returns the sum of both vectors",
            {"vectors": lambda inputs, outputs: inputs + outputs},
            "A word's vector is its row of `inputs` alone.",
        ),
        Misconception(
            "returns vectors of length 1",
            {"vectors": normalised},
            "The rows of `inputs` are asked for as they are after training.",
        ),
        Misconception(
            "returns ids instead of words",
            {"keys": lambda words: range(len(words))},
            "The keys of the dict are the words themselves.",
        ),
    ],
    alternatives=[vectors_by_loops, vectors_with()],
    hints=[
        (
            "Write down first what train_sgns needs, and which of your functions makes each part"
            " of it."
        ),
        (
            "Count, cut, sort by (-count, word): that gives words, counts and rows. Then the text"
            " as lists of rows, and `* epochs` for the passes. np.cumsum of the lengths, with a 0"
            " in front, gives the offsets."
        ),
        (
            "draw takes a 1-D array: draw(..., uniforms.ravel()).reshape(uniforms.shape) keeps a"
            " row of negatives for each position. If no word is frequent enough, return {} before"
            " anything is divided."
        ),
    ],
)
