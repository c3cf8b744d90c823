"""The exercise `word2vec.similar_words`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.data import bible
from embcourse.text import tokenize
from embcourse.word2vec import reference
from embcourse.word2vec.exercises.sgd_step import a_rate, stepped_with
from embcourse.word2vec.exercises.train_skipgram import line, trained_with

# At most some 300 steps in turn, each of about 30 roundings; with rates below 1 and rows that stay
# below 8 in size a step magnifies the rounding of the one before by little.
TRAINING = Tolerance(operations=8192, scale=8.0)
SMALL = ("bread", "wine", "milk", "king", "sea", "ship", "gold", "lamb")


def verses(rng: np.random.Generator, count: int) -> list[list[str]]:
    """Neighbouring verses from the first books, each of at most 24 tokens."""
    text = bible("kjv").verses
    while True:
        start = int(rng.integers(0, 5_000))
        found = [tokenize(verse) for verse in text[start : start + count]]
        if max(map(len, found)) <= 24:
            return found


def learning(
    rng: np.random.Generator,
    sentences: Sequence[Sequence[str]],
    words: Sequence[str],
    epochs: int,
    *,
    dim: int = 3,
    most: int = 3,
    k: int = 2,
    word: str | None = None,
    **options,
) -> Case:
    """A training whose cosines are far enough apart at its end for rounding, and rank other words
    than products do.

    The words come in an order by chance.
    """
    words = [str(one) for one in rng.permutation(list(words))]
    if words == sorted(words):
        words.reverse()
    stay = sum(token in words for sentence in sentences for token in sentence)
    while True:
        radii = rng.integers(1, most + 1, stay)
        tables = rng.uniform(-1, 1, (2, len(words), dim))
        asked = word or words[int(rng.integers(len(words)))]
        args = (
            [list(one) for one in sentences],
            words,
            radii,
            *tables,
            epochs,
            a_rate(rng) / 2,
            asked,
            k,
        )
        if options.get("raises"):
            return Case(args, **options)
        new = learned(*args)
        place = words.index(asked)
        cosines = unit_rows(new[0]) @ unit_rows(new[0])[place]
        others = np.delete(np.arange(len(words)), place)
        best = [
            list(others[np.argsort(-scores[others])][:k])
            for scores in (cosines, new[0] @ new[0][place])
        ]
        if np.diff(np.sort(cosines)).min() > 1e-6 and best[0] != best[1]:
            return Case(args, tolerance=TRAINING, **options)


def learning_cases(rng: np.random.Generator) -> Iterator[Case]:
    pool = [str(word) for word in rng.permutation(SMALL)]
    a, b, c, d, *rest = pool
    yield learning(
        rng, [[a, b, c], [d, b, a]], [a, b, c, d], 2, dim=2, most=2, label="two short sentences"
    )
    for count, epochs in ((2, 2), (3, 3)):
        text = verses(rng, count)
        common = [
            token for token, _ in Counter(token for verse in text for token in verse).most_common(9)
        ]
        yield learning(rng, text, common, epochs, k=4, label=f"{count} verses")
    text = [[], [a, rest[0], b, c], [rest[0], rest[1]], [c, rest[1], d, rest[0], a]]
    yield learning(
        rng,
        [text[i] for i in rng.permutation(4)],
        [a, b, c, d],
        int(rng.integers(2, 4)),
        aspect="edge",
        label="sentences without a known word",
    )
    yield learning(
        rng,
        [[a, b, c], [c, a, d]],
        [a, b, c, d, rest[2], rest[3]],
        2,
        k=5,
        word=rest[2],
        aspect="edge",
        label="a word that the text does not hold",
    )
    yield learning(
        rng,
        [[a, b, c, d]],
        [a, b, c, d],
        1,
        k=int(rng.integers(10, 30)),
        aspect="edge",
        label="more asked than there are",
    )
    lonely = [[a], [rest[0], b, rest[1]], []]
    yield learning(
        rng,
        [lonely[i] for i in rng.permutation(3)],
        [a, b, c],
        2,
        aspect="errors",
        label="no pair",
        raises=ValueError,
    )


def unit_rows(table: np.ndarray) -> np.ndarray:
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def dropped_first(sentences, row):
    """Ids of the words that stay, where each stands in its sentence, and which sentence that is."""
    kept = [[row[token] for token in sentence if token in row] for sentence in sentences]
    return (
        [word for sentence in kept for word in sentence],
        [at for sentence in kept for at in range(len(sentence))],
        [number for number, sentence in enumerate(kept) for _ in sentence],
    )


def with_gaps(sentences, row):
    """As if the windows were laid before the unknown words go."""
    found = [
        (row[token], at, number)
        for number, sentence in enumerate(sentences)
        for at, token in enumerate(sentence)
        if token in row
    ]
    return tuple(map(list, zip(*found))) if found else ([], [], [])


def one_long_sentence(sentences, row):
    words, *_ = dropped_first(sentences, row)
    return words, list(range(len(words))), [0] * len(words)


def by_place(words):
    return {word: place for place, word in enumerate(words)}


def by_alphabet(words):
    return by_place(sorted(words))


def refuse(epochs):
    raise ValueError("the text gives no pair")


def learned(
    sentences,
    words,
    radii,
    inputs,
    outputs,
    epochs,
    learning_rate,
    word,
    k,
    *,
    laid=dropped_first,
    ids_of=by_place,
    radius_of=lambda radii, i: radii[i],
    swapped=False,
    rounds=lambda epochs: epochs,
    order_of=lambda pairs, rounds: np.tile(np.arange(pairs), rounds),
    train=trained_with(),
    empty=refuse,
):
    """The tables after the training and the losses of all steps, (epochs, pairs)."""
    ids, places, numbers = laid(sentences, ids_of(words))
    pairs = [
        (i, j)
        for i in range(len(ids))
        for j in range(len(ids))
        if i != j and numbers[i] == numbers[j] and abs(places[i] - places[j]) <= radius_of(radii, i)
    ]
    if not pairs:
        return (inputs, outputs, empty(epochs))
    centres, contexts = (
        np.array([ids[pair[side]] for pair in pairs]) for side in ((1, 0) if swapped else (0, 1))
    )
    rounds = rounds(epochs)
    order = order_of(len(pairs), rounds)
    inputs, outputs, losses = train(inputs, outputs, centres, contexts, order, learning_rate)
    return inputs, outputs, losses.reshape(rounds, -1)


def cosines_of(rows, place):
    units = unit_rows(rows)
    return units @ units[place]


def similar_with(
    *,
    rows=lambda old, new: new[0],
    scores_of=cosines_of,
    itself=False,
    sign=-1.0,
    join=lambda losses: losses.mean(axis=1),
    named=True,
    vocabulary=list,
    listed=lambda found, held: found,
    **parts,
):
    """The exercise with one part replaced; parts: of the training."""

    def solve(sentences, words, radii, inputs, outputs, epochs, learning_rate, word, k):
        words = vocabulary(words)
        *new, losses = learned(
            sentences, words, radii, inputs, outputs, epochs, learning_rate, word, k, **parts
        )
        place = parts.get("ids_of", by_place)(words)[word]
        scores = scores_of(rows((inputs, outputs), new), place)
        order = [int(i) for i in np.argsort(sign * scores, kind="stable") if itself or i != place]
        order = listed(
            order, [words.index(token) for one in sentences for token in one if token in words]
        )[:k]
        losses = join(losses) if losses.ndim == 2 else losses
        return losses, [words[i] for i in order] if named else np.array(order, dtype=int)

    return solve


def similar_by_hand(sentences, words, radii, inputs, outputs, epochs, learning_rate, word, k):
    """Without any function of the chapter: windows as slices, steps row by row."""
    v, u = inputs.astype(float), outputs.astype(float)
    pairs, number = [], 0
    for sentence in sentences:
        kept = [words.index(token) for token in sentence if token in words]
        for place, centre in enumerate(kept):
            far = int(radii[number])
            pairs += [
                (centre, o)
                for o in kept[max(0, place - far) : place] + kept[place + 1 : place + 1 + far]
            ]
            number += 1
    if not pairs:
        raise ValueError("no pair")
    losses, step = np.zeros(epochs), 0
    for epoch in range(epochs):
        for c, o in pairs:
            logits = u @ v[c]
            total = np.logaddexp.reduce(logits)
            losses[epoch] += (total - logits[o]) / len(pairs)
            error = np.exp(logits - total)
            error[o] -= 1
            rate = learning_rate * (1 - step / (epochs * len(pairs)))
            pull = error @ u
            u -= rate * np.outer(error, v[c])
            v[c] -= rate * pull
            step += 1
    asked = words.index(word)
    cosines = [
        v[i] @ v[asked] / np.sqrt((v[i] @ v[i]) * (v[asked] @ v[asked])) for i in range(len(words))
    ]
    others = sorted((i for i in range(len(words)) if i != asked), key=lambda i: -cosines[i])
    return losses, [words[i] for i in others[:k]]


def similar_words(sentences, words, radii, inputs, outputs, epochs, learning_rate, word, k):
    row = {token: place for place, token in enumerate(words)}
    kept = [[row[token] for token in sentence if token in row] for sentence in sentences]
    ids = np.array([i for sentence in kept for i in sentence], dtype=int)
    centres, contexts = reference.sampled_pairs(ids, radii, np.cumsum([0, *map(len, kept)]))
    if not len(centres):
        raise ValueError("the text gives no pair")
    losses, step, steps = np.zeros(epochs), 0, epochs * len(centres)
    for epoch in range(epochs):
        for c, o in zip(centres, contexts):
            rate = learning_rate * (1 - step / steps)
            loss, inputs, outputs = reference.sgd_step(inputs, outputs, int(c), int(o), rate)
            losses[epoch] += loss / len(centres)
            step += 1
    cosines = cosines_of(inputs, row[word])
    return losses, [words[i] for i in np.argsort(-cosines, kind="stable") if i != row[word]][:k]


def trained_without_decay(**parts):
    return trained_with(decay=lambda k, steps, pairs: 1.0, **parts)


SIMILAR_WORDS = Exercise(
    id="word2vec.similar_words",
    points=3,
    reference=similar_words,
    cases=learning_cases,
    variant=similar_with,
    returns=("losses", "similar"),
    misconceptions=[
        Misconception(
            "lays the windows before the unknown words go",
            {"laid": with_gaps},
            "Words outside the vocabulary are left out first. What stood on both sides of one is"
            " then side by side.",
        ),
        Misconception(
            "crosses the border of a sentence",
            {"laid": one_long_sentence},
            "The last word of one sentence and the first of the next are no neighbours. Count the"
            " offsets from the words that stay.",
        ),
        Misconception(
            "numbers the words by the alphabet",
            {"ids_of": by_alphabet},
            "The id of a word is its place in `words`, in the order in which they are given.",
        ),
        Misconception(
            "uses the largest radius everywhere",
            {"radius_of": lambda radii, i: max(radii)},
            "Each word that stays has a radius of its own.",
        ),
        Misconception(
            "predicts the centre from the context",
            {"swapped": True},
            "The input row is the centre's; what is predicted is the context.",
        ),
        Misconception(
            "goes through the pairs once",
            {"rounds": lambda epochs: 1},
            "Each epoch goes through all pairs again, and has a loss of its own.",
        ),
        Misconception(
            "trains a pair in all its epochs before the next pair",
            {"order_of": lambda pairs, rounds: np.repeat(np.arange(pairs), rounds)},
            "An epoch is a round through all pairs: 0, 1, 2, ..., and then again 0, 1, 2, ...",
        ),
        Misconception(
            "goes back through the pairs in every second epoch",
            {
                "order_of": lambda pairs, rounds: np.concatenate(
                    [np.arange(pairs)[:: -1 if one % 2 else 1] for one in range(rounds)]
                )
            },
            "Every epoch goes through the pairs in the order in which sampled_pairs lists them.",
        ),
        Misconception(
            "keeps the learning rate",
            {"train": trained_without_decay()},
            "The rate falls on a straight line over all steps of all epochs, as in the trainer.",
        ),
        Misconception(
            "starts the rate anew in each epoch",
            {"train": trained_with(decay=lambda k, steps, pairs: line(k % pairs, pairs, pairs))},
            "There is one straight line over all steps of all epochs: train with one long order.",
        ),
        Misconception(
            "adds up the losses of an epoch",
            {"join": lambda losses: losses.sum(axis=1)},
            "The loss of an epoch is the mean over its pairs.",
        ),
        Misconception(
            "averages the losses over the epochs",
            {"join": lambda losses: losses.mean(axis=0)},
            "Each epoch has a loss: the mean over its pairs, not over the epochs.",
        ),
        Misconception(
            "returns the loss of every step",
            {"join": np.ravel},
            "Asked is one number an epoch: the mean of its losses.",
        ),
        Misconception(
            "takes the output table for the word vectors",
            {"rows": lambda old, new: new[1]},
            "The word vectors are the rows of the input table.",
        ),
        Misconception(
            "compares the vectors from before the training",
            {"rows": lambda old, new: old[0]},
            "Similarity is asked after the training: use the table that the trainer returns.",
        ),
        Misconception(
            "adds the two tables up",
            {"rows": lambda old, new: new[0] + new[1]},
            "The word vectors are the rows of the input table alone.",
        ),
        Misconception(
            "ranks by dot products",
            {"scores_of": lambda rows, place: rows @ rows[place]},
            "Similarity is the cosine: divide by both lengths, or long rows win.",
        ),
        Misconception(
            "finds the word itself",
            {"itself": True},
            "A word is most similar to itself. Leave it out.",
        ),
        Misconception(
            "ranks the farthest first",
            {"sign": 1.0},
            "The most similar word has the largest cosine. Sort downwards.",
        ),
        Misconception(
            "returns ids", {"named": False}, "Asked are the words themselves: words[i], not i."
        ),
        Misconception(
            "returns nan where there is no pair",
            {"empty": lambda epochs: np.full(epochs, np.nan)},
            "Without a pair nothing can be learned. Raise a ValueError.",
        ),
        Misconception(
            "sorts the vocabulary",
            {"vocabulary": sorted},
            "The id of a word is its place in `words`, in the order in which they are given: the "
            "tables are in that order.",
        ),
        Misconception(
            "compares with words of the text only",
            {"listed": lambda found, held: [i for i in found if i in held]},
            "All words of the vocabulary are compared, also those that the text does not hold.",
        ),
        Misconception(
            "deals the losses out in turn",
            {"join": lambda losses: losses.reshape(-1, len(losses)).mean(axis=0)},
            "The losses of an epoch stand one after the other: cut the list into one piece for each"
            " epoch.",
        ),
        Misconception(
            "moves the outputs by the new input row",
            {"train": trained_with(step=stepped_with(first="inputs"))},
            "Both gradients of a step belong to the tables from before the step.",
        ),
    ],
    alternatives=[similar_by_hand, similar_with()],
    hints=[
        (
            "Sentences of ids first: leave out what is not in `words`. Then your functions do the"
            " rest, one after the other."
        ),
        (
            "ids and offsets go to sampled_pairs, its pairs to train_skipgram with an order that"
            " lists all pairs, once an epoch; losses in rows of one epoch have a mean."
        ),
        (
            "`np.tile(np.arange(len(centres)), epochs)` is the order, `losses.reshape(epochs,"
            " -1).mean(axis=1)` the losses. `analogy(vectors, i, i, i, k)` finds the neighbours of"
            " word i, since b - a + c is then c."
        ),
    ],
)
