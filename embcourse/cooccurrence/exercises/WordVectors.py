"""The exercise `cooccurrence.WordVectors`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import unit_rows
from embcourse.data import sample
from embcourse.tfidf.reference import cosine_similarity, rank


class WordVectors:
    """Counts, smoothed PPMI, truncated SVD, neighbours: the reference for the last exercise."""

    smoothing, shift, power, decimals, reach = 0.75, 1.0, 0.5, 6, 0
    weighting: reference.Weighting = "flat"
    borders, include_self, alphabetical, contexts = True, False, True, False

    def __init__(self, documents, window, dim):
        self.words = list(dict.fromkeys(word for document in documents for word in document))
        if self.alphabetical:
            self.words.sort()
        self.row = {word: i for i, word in enumerate(self.words)}
        offsets = np.cumsum([0, *map(len, documents)]) if self.borders else None
        ids = np.array([self.row[word] for document in documents for word in document], dtype=int)
        counts = reference.cooccurrence_counts(
            ids, len(self.words), window + self.reach, offsets=offsets, weighting=self.weighting
        )
        self.weights = weights = self.weigh(counts)
        left, singular, right = np.linalg.svd(weights)
        side = right.T if self.contexts else left
        self.vectors = side[:, : self.kept(dim)] * singular[: self.kept(dim)] ** self.power
        self.vectors[~weights.any(axis=1)] = 0.0  # else rounding, where there is nothing

    def weigh(self, counts):
        return reference.ppmi(counts, smoothing=self.smoothing, shift=self.shift)

    def kept(self, dim):
        return dim

    def similarity(self, a, b):
        one, other = self.vectors[[self.row[a]]], self.vectors[[self.row[b]]]
        return round(float(cosine_similarity(one, other)[0, 0]), self.decimals)

    def neighbours(self, word, k):
        row = self.row[word]
        scores = cosine_similarity(self.vectors[[row]], self.vectors).round(self.decimals)
        order = [i for i in rank(scores)[0] if self.include_self or i != row]
        return [[self.words[i], float(scores[0, i])] for i in order[:k]]


def word_vectors_with(**parts):
    """The reference with attributes or methods replaced."""
    return type("WordVectors", (WordVectors,), parts)


def silent_similarity(self, a, b):
    return WordVectors.similarity(self, a, b) if a in self.row and b in self.row else 0.0


def silent_neighbours(self, word, k):
    return WordVectors.neighbours(self, word, k) if word in self.row else []


def similarity_by_dot_product(self, a, b):
    return round(float(self.vectors[self.row[a]] @ self.vectors[self.row[b]]), self.decimals)


def neighbours_by_dot_product(self, word, k):
    scores = (self.vectors @ self.vectors[self.row[word]]).round(self.decimals)
    order = [i for i in rank(scores) if i != self.row[word]]
    return [[self.words[i], float(scores[i])] for i in order[:k]]


def itself_is_one(self, a, b):
    return WordVectors.similarity(self, a, b) if a != b else 1.0


def in_lower_case(self, documents, window, dim):
    WordVectors.__init__(
        self, [[word.lower() for word in document] for document in documents], window, dim
    )


def by_size(self, word, k):
    every = WordVectors.neighbours(self, word, len(self.words))
    return sorted(every, key=lambda pair: -abs(pair[1]))[:k]


def ascending(self, word, k):
    every = WordVectors.neighbours(self, word, len(self.words))
    return sorted(every, key=lambda pair: pair[1])[:k]


def uncut(self, counts):
    """PMI with smoothed contexts, 0 for pairs that never met, not cut."""
    columns = counts.sum(axis=0) ** self.smoothing
    with np.errstate(all="ignore"):
        information = np.log(counts / np.outer(counts.sum(axis=1), columns / columns.sum()))
    return np.where(counts > 0, information, 0.0)


def one_too_few(self, word, k):
    row = self.row[word]
    return (
        list(WordVectors.neighbours(self, word, len(self.words)))[: max(k - 1, 0)]
        if row >= 0
        else []
    )


class DictionaryVectors:
    """Dictionaries for the counts, eigenvectors of P P^T for the factors."""

    def __init__(self, documents, window, dim):
        pairs: Counter[tuple[str, str]] = Counter()
        for document in documents:
            for i, word in enumerate(document):
                for other in document[i + 1 : i + 1 + window]:
                    pairs[word, other] += 1
                    pairs[other, word] += 1
        self.words = sorted(set().union(*documents))
        total: Counter[str] = Counter()
        for (word, _), count in pairs.items():
            total[word] += count
        smoothed = sum(count**0.75 for count in total.values())
        weights = np.zeros((len(self.words), len(self.words)))
        for (word, other), count in pairs.items():
            ratio = count / total[word] / (total[other] ** 0.75 / smoothed)
            weights[self.words.index(word), self.words.index(other)] = max(
                0.0, float(np.log(ratio))
            )
        squares, directions = np.linalg.eigh(weights @ weights.T)
        largest = np.argsort(-squares)[:dim]
        vectors = directions[:, largest] * squares[largest] ** 0.25
        self.units = unit_rows(np.where(np.abs(vectors) < 1e-9, 0.0, vectors))

    def similarity(self, a, b):
        if a not in self.words or b not in self.words:
            raise KeyError(a, b)
        return round(float(self.units[self.words.index(a)] @ self.units[self.words.index(b)]), 6)

    def neighbours(self, word, k):
        if word not in self.words:
            raise KeyError(word)
        scored = [(other, self.similarity(word, other)) for other in self.words if other != word]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


class LibraryVectors:
    """The package's own fast path: sparse matrices and ARPACK."""

    def __init__(self, documents, window, dim):
        from embcourse.cooccurrence import fast
        from embcourse.text import Vocabulary
        from embcourse.vectors import Embeddings

        vocabulary = Vocabulary(sorted({word for document in documents for word in document}))
        encoded = vocabulary.encode_documents(documents)
        counts = fast.cooccurrence_counts(
            encoded.ids, len(vocabulary), window, offsets=encoded.offsets
        )
        weights = fast.ppmi(counts, smoothing=0.75)
        self.vectors = Embeddings(
            vocabulary, fast.truncated_svd(weights, dim, eigenvalue_power=0.5)
        )

    def similarity(self, a, b):
        return round(self.vectors.similarity(a, b), 6)

    def neighbours(self, word, k):
        everyone = self.vectors.neighbours(word, k=len(self.vectors))
        best = sorted((-round(score, 6), token) for token, score in everyone)
        return [[token, -score] for score, token in best[:k]]


KINDS = {
    "animals": ("cat dog mouse horse".split(), "eats sleeps runs drinks".split()),
    "rulers": ("king queen prince duke".split(), "rules reigns commands speaks".split()),
    "places": ("city river field house".split(), "lies stands stretches looks".split()),
}
# The last two are each other's twins: they stand in the same sentences, so their vectors are equal.
TWINS = ("zebra", "donkey")


def draw_documents(rng: np.random.Generator, count: int) -> list[list[str]]:
    """Sentences of three kinds: "the king rules", "the cat sleeps and the cat eats" ..."""
    documents = []
    for kind in rng.choice(list(KINDS), count):
        nouns, verbs = KINDS[kind]
        noun, first, second = rng.choice(nouns), *rng.choice(verbs, 2)
        documents.append(
            ["the", str(noun), str(first)]
            + (["and", "the", str(rng.choice(nouns)), str(second)] if rng.random() < 0.5 else [])
        )
    return documents


def draw_sentences(rng: np.random.Generator) -> list[list[str]]:
    """A handful of short sentences, no two draws alike."""
    one, two, three, four = (
        str(word) for word in rng.permutation("cat dog king queen river house".split())[:4]
    )
    eats, rules = (str(word) for word in rng.permutation("eats rules sees finds".split())[:2])
    return [
        ["the", one, eats],
        ["the", two, eats, "the", three],
        ["a", one, rules],
        ["the", three, rules],
        ["a", four, rules, "the", "land"],
        [three, "of", "the", "land"],
    ]


def signs_matter(documents: list[list[str]], window: int) -> list[str]:
    """Words with a neighbour so far below 0 that it must not be taken for a close one."""
    model = WordVectors(documents, window, 3)
    return [word for word in model.words if by_size(model, word, 99) != model.neighbours(word, 99)]


def with_capitals(documents: list[list[str]]) -> list[list[str]]:
    """Every second document with a capital at its beginning."""
    return [
        [first.capitalize() if i % 2 else first, *rest]
        for i, (first, *rest) in enumerate(documents)
    ]


def draw_verses(rng: np.random.Generator) -> list[list[str]]:
    """Verses of the Bible, five of twelve, as lists of tokens."""
    text = sample()
    every = [*text.kjv_tokens, *text.web_tokens]
    return [list(every[i]) for i in rng.permutation(len(every))[:5]]


def with_twins(rng: np.random.Generator, documents: list[list[str]]) -> list[list[str]]:
    """The documents, and sentences in which one twin stands where the other does; the later in the
    alphabet first."""
    return documents + [
        ["the", twin, str(verb)] for verb in rng.permutation(["eats", "runs"]) for twin in TWINS
    ]


def well_posed(documents: list[list[str]], window: int, dim: int) -> bool:
    """Whether rounding can't decide the answer: a gap after each singular value kept, and no vector
    near zero.

    Where two singular values are equal, either direction is right; a vector of length 1e-17 has any
    direction.
    """
    words = {word for document in documents for word in document}
    if dim >= len(words):
        return False
    vectors = WordVectors(documents, window, len(words)).vectors
    singular = (vectors**2).sum(axis=0)  # columns of U S^(1/2) have squared norm S
    lengths = np.linalg.norm(vectors[:, :dim], axis=1)
    lengths = lengths[vectors.any(axis=1)]
    return bool(
        (singular[:dim] > 1.02 * singular[1 : dim + 1]).all()
        and singular[dim] > 1e-3
        and lengths.min() > 0.05
    )


def draw_well_posed(
    draw, window: int, dim: int, also=lambda documents, window: True
) -> list[list[str]]:
    documents = draw()
    while not (well_posed(documents, window, dim) and also(documents, window)):
        documents = draw()
    return documents


def draw_rare(rng: np.random.Generator) -> list[list[str]]:
    """Sentences of a few common words, and one in which an owl stands among them."""
    words = [str(word) for word in rng.permutation("see look go come run hear".split())[:5]]
    documents = [rng.choice(words, int(rng.integers(3, 6))).tolist() for _ in range(20)]
    return [*documents, [*rng.permutation(words).tolist()[:4], "owl"]]


def lacks_only_as_context(documents: list[list[str]], window: int) -> bool:
    """Whether the owl's column of PPMI is empty, though its row is not: smoothing lowers rare
    contexts."""
    vectors = WordVectors(documents, window, 1)
    owl = vectors.row["owl"]
    return bool(vectors.weights[owl].any() and not vectors.weights[:, owl].any())


SIX = Tolerance(decimals=6)


def word_vectors_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(documents, window, dim, steps, aspect="values", label="", raises=None):
        return Case(
            (documents, window, dim), aspect, label, raises=raises, tolerance=SIX, steps=steps
        )

    small = draw_well_posed(lambda: draw_sentences(rng), 2, 3, also=signs_matter)
    seen = sorted({word for document in small for word in document})
    c = str(rng.choice(signs_matter(small, 2)))
    a, b = (str(word) for word in rng.permutation([word for word in seen if word != c])[:2])
    yield case(small, 2, 3, (("similarity", (a, b)), ("neighbours", (c, 3))), label="six sentences")
    dim = int(rng.integers(4, 6))
    documents = draw_well_posed(lambda: draw_documents(rng, 60), 3, dim)
    a, b = documents[0][1], documents[1][2]
    yield case(
        documents,
        3,
        dim,
        (("neighbours", (a, 6)), ("similarity", (a, b)), ("neighbours", (b, 4))),
        label="sixty sentences",
    )
    window = int(rng.integers(2, 5))
    verses = draw_well_posed(lambda: draw_verses(rng), window, 3)
    found = sorted({word for verse in verses for word in verse})
    a, b = (str(word) for word in rng.permutation(found)[:2])
    yield case(
        verses, window, 3, (("similarity", (a, b)), ("neighbours", (b, 5))), label="five verses"
    )
    yield case(
        small,
        2,
        3,
        (("neighbours", (c, int(rng.integers(40, 60)))),),
        "edge",
        "more neighbours than words",
    )
    yield case(small, 2, 3, (("similarity", (c, c)),), "edge", "a word with itself")
    twins = draw_well_posed(lambda: with_twins(rng, draw_documents(rng, 30)), 2, 3)
    yield case(
        twins,
        2,
        3,
        (("neighbours", (str(rng.choice(["eats", "runs"])), 40)),),
        "edge",
        "words with equal vectors",
    )
    rare = draw_well_posed(lambda: draw_rare(rng), 4, 3, also=lacks_only_as_context)
    yield case(rare, 4, 3, (("neighbours", ("owl", 3)),), "edge", "a rare word among common ones")
    alone = list(small)
    alone.insert(int(rng.integers(len(small) + 1)), ["aardvark"])
    yield case(
        alone,
        2,
        3,
        (
            ("similarity", ("aardvark", c)),
            ("neighbours", ("aardvark", 4)),
            ("similarity", ("aardvark", "aardvark")),
        ),
        "edge",
        "a word without contexts",
    )
    capitals = draw_well_posed(lambda: with_capitals(draw_sentences(rng)), 2, 3)
    yield case(
        capitals,
        2,
        3,
        (("similarity", ("the", "land")), ("similarity", ("The", "the"))),
        "edge",
        "words with capitals",
    )
    unknown = str(rng.choice(["griffin", "basilisk", "sphinx", "phoenix"]))
    yield case(
        small, 2, 3, (("neighbours", (unknown, 2)),), "errors", "a word never seen", KeyError
    )
    pair = [c, unknown] if rng.random() < 0.5 else [unknown, c]
    yield case(
        small,
        2,
        3,
        (("similarity", tuple(pair)),),
        "errors",
        "a pair with a word never seen",
        KeyError,
    )


WORD_VECTORS = Exercise(
    id="cooccurrence.WordVectors",
    points=4,
    probe="construct_then_call",
    reference=WordVectors,
    cases=word_vectors_cases,
    variant=word_vectors_with,
    misconceptions=[
        Misconception(
            "factors raw counts",
            {"weigh": lambda self, counts: counts},
            'Without PPMI the word "the" decides every vector. Weight the counts first.',
        ),
        Misconception(
            "factors logarithms of counts",
            {"weigh": lambda self, counts: np.log1p(counts)},
            "Weight the counts with your ppmi, smoothing 0.75 and shift 1.",
        ),
        Misconception(
            "does not cut PMI at 0",
            {"weigh": uncut},
            "PPMI is never below 0: use your ppmi, with smoothing 0.75 and shift 1.",
        ),
        Misconception(
            "subtracts the mean first",
            {
                "weigh": lambda self, counts: (lambda weights: weights - weights.mean(axis=0))(
                    WordVectors.weigh(self, counts)
                )
            },
            "That is principal component analysis. Here the matrix is factored as it is.",
        ),
        Misconception(
            "shifts by ln 5", {"shift": 5.0}, "The shift is 1 here: nothing is subtracted from PMI."
        ),
        Misconception(
            "does not smooth the contexts",
            {"smoothing": 1.0},
            "Use your ppmi with smoothing 0.75 and shift 1.",
        ),
        Misconception(
            "shifts", {"shift": 2.0}, "The shift is 1 here: nothing is subtracted from PMI."
        ),
        Misconception(
            "scales by full singular values",
            {"power": 1.0},
            "The power p is 1/2 here: multiply the columns of U by the square roots of the singular"
            " values.",
        ),
        Misconception(
            "leaves out the singular values",
            {"power": 0.0},
            "The power p is 1/2 here: multiply the columns of U by the square roots of the singular"
            " values.",
        ),
        Misconception(
            "takes the vectors of the contexts",
            {"contexts": True},
            "Smoothing makes PPMI unsymmetric, so words and contexts have different vectors. The"
            " rows of U are the words'.",
        ),
        Misconception(
            "weighs by distance",
            {"weighting": "harmonic"},
            "The windows are flat here: every pair counts 1, as in exercise 1.",
        ),
        Misconception(
            "makes the window one too long",
            {"reach": 1},
            "Words at distance window are inside, words at distance window + 1 are not.",
        ),
        Misconception(
            "joins the documents into one text",
            {"borders": False},
            "A window must not reach from one document into the next. Pass the borders on.",
        ),
        Misconception(
            "keeps every dimension",
            {"kept": lambda self, dim: len(self.words)},
            "Keep the `dim` largest singular values. What is cut away is where words differ by"
            " accident.",
        ),
        Misconception(
            "keeps one dimension too many",
            {"kept": lambda self, dim: dim + 1},
            "Keep `dim` columns of U, those up to position dim - 1.",
        ),
        Misconception(
            "ranks by dot product",
            {"similarity": similarity_by_dot_product, "neighbours": neighbours_by_dot_product},
            "Similarity is the cosine here: divide by the lengths of both vectors.",
        ),
        Misconception(
            "returns the word itself",
            {"include_self": True},
            "Leave the word that was asked for out of its neighbours.",
        ),
        Misconception(
            "gives every word cosine 1 with itself",
            {"similarity": itself_is_one},
            "A word without contexts has a vector of zeros: its cosine is 0, with itself too.",
        ),
        Misconception(
            "writes all words in lower case",
            {"__init__": in_lower_case},
            "The words are taken as they stand: with a capital it is another word.",
        ),
        Misconception(
            "ranks by the size of the cosine",
            {"neighbours": by_size},
            "A cosine of -1 is the opposite direction, farther than any other. Don't take absolute"
            " values.",
        ),
        Misconception(
            "puts the farthest first", {"neighbours": ascending}, "The highest cosine comes first."
        ),
        Misconception(
            "returns one neighbour too many",
            {"neighbours": lambda self, word, k: WordVectors.neighbours(self, word, k + 1)},
            "At most k neighbours are asked for, not counting the word itself.",
        ),
        Misconception(
            "returns every word",
            {
                "neighbours": lambda self, word, k: WordVectors.neighbours(
                    self, word, len(self.words)
                )
            },
            "At most k neighbours are asked for.",
        ),
        Misconception(
            "returns one neighbour too few",
            {"neighbours": one_too_few},
            "k neighbours are asked for, not counting the word itself.",
        ),
        Misconception(
            "orders equal cosines by first appearance",
            {"alphabetical": False},
            "Of equal cosines the word that comes first in the alphabet comes first: number the"
            " words in alphabetical order, or sort by it.",
        ),
        Misconception(
            "does not round",
            {"decimals": 15},
            "Both methods round to 6 decimals, and neighbours before it sorts: else rounding errors"
            " decide which of two equal words comes first.",
        ),
        Misconception(
            "answers for a word that it has not seen",
            {"similarity": silent_similarity, "neighbours": silent_neighbours},
            "There is no vector for such a word, and 0 or an empty list would look like a finding:"
            " raise KeyError.",
        ),
    ],
    alternatives=[DictionaryVectors, LibraryVectors, word_vectors_with()],
    hints=[
        "You have written every part. In the constructor: words to ids, counts, PPMI, vectors.",
        (
            "Sort the distinct words, so that equal cosines come in alphabetical order. The borders"
            " of the documents are the running sum of their lengths, with a 0 in front."
        ),
        (
            "vectors = U[:, :dim] * S[:dim] ** 0.5 from np.linalg.svd of ppmi(counts, 0.75, 1);"
            " rows of zeros in the PPMI become vectors of zeros. Store the vectors and a dictionary"
            " from word to row; a dictionary raises KeyError by itself. Round cosines to 6 decimals"
            " before sorting."
        ),
    ],
)
