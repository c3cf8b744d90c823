"""The exercise `cooccurrence.WordVectors`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.cooccurrence import reference
from embcourse.cooccurrence.exercises.common import unit_rows
from embcourse.tfidf.reference import cosine_similarity, rank


class WordVectors:
    """Counts, smoothed PPMI, truncated SVD, neighbours: the reference for the last exercise."""

    smoothing, power, decimals, borders, include_self = 0.75, 0.5, 6, True, False

    def __init__(self, documents, window, dim):
        self.words = sorted({word for document in documents for word in document})
        self.row = {word: i for i, word in enumerate(self.words)}
        offsets = np.cumsum([0, *map(len, documents)]) if self.borders else None
        ids = np.array([self.row[word] for document in documents for word in document], dtype=int)
        counts = reference.cooccurrence_counts(ids, len(self.words), window, offsets=offsets)
        self.vectors = reference.truncated_svd(self.weigh(counts), self.kept(dim), eigenvalue_power=self.power)

    def weigh(self, counts):
        return reference.ppmi(counts, smoothing=self.smoothing)

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


class RawCounts(WordVectors):
    def weigh(self, counts):
        return counts


class UnsmoothedPpmi(WordVectors):
    smoothing = 1.0


class FullSingularValues(WordVectors):
    power = 1.0


class NoSingularValues(WordVectors):
    power = 0.0


class OneLongText(WordVectors):
    borders = False


class NotCut(WordVectors):
    def kept(self, dim):
        return len(self.words)


class OwnNeighbour(WordVectors):
    include_self = True


class SilentAboutUnknown(WordVectors):
    def similarity(self, a, b):
        return super().similarity(a, b) if a in self.row and b in self.row else 0.0

    def neighbours(self, word, k):
        return super().neighbours(word, k) if word in self.row else []


class DictionaryVectors:
    """Dictionaries for the counts, eigenvectors of P P^T for the factors."""

    def __init__(self, documents, window, dim):
        pairs = Counter()
        for document in documents:
            for i, word in enumerate(document):
                for other in document[i + 1:i + 1 + window]:
                    pairs[word, other] += 1
                    pairs[other, word] += 1
        self.words = sorted(set().union(*documents))
        total = Counter()
        for (word, _), count in pairs.items():
            total[word] += count
        smoothed = sum(count ** 0.75 for count in total.values())
        weights = np.zeros((len(self.words), len(self.words)))
        for (word, other), count in pairs.items():
            ratio = count / total[word] / (total[other] ** 0.75 / smoothed)
            weights[self.words.index(word), self.words.index(other)] = max(0.0, float(np.log(ratio)))
        squares, directions = np.linalg.eigh(weights @ weights.T)
        largest = np.argsort(-squares)[:dim]
        vectors = directions[:, largest] * squares[largest] ** 0.25
        self.units = unit_rows(vectors)

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
        counts = fast.cooccurrence_counts(encoded.ids, len(vocabulary), window, offsets=encoded.offsets)
        weights = fast.ppmi(counts, smoothing=0.75)
        self.vectors = Embeddings(vocabulary, fast.truncated_svd(weights, dim, eigenvalue_power=0.5))

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


def draw_documents(rng: np.random.Generator, count: int) -> list[list[str]]:
    """Sentences of three kinds: "the king rules", "the cat sleeps and the cat eats" ..."""
    documents = []
    for kind in rng.choice(list(KINDS), count):
        nouns, verbs = KINDS[kind]
        noun, first, second = rng.choice(nouns), *rng.choice(verbs, 2)
        documents.append(["the", str(noun), str(first)]
                         + (["and", "the", str(rng.choice(nouns)), str(second)] if rng.random() < 0.5 else []))
    return documents


def well_posed(documents: list[list[str]], window: int, dim: int) -> bool:
    """Whether rounding can't decide the answer: a gap after the last singular value kept, and no vector near zero.

    Where two singular values are equal, either direction is right; a vector of length 1e-17 has any direction.
    """
    vectors = WordVectors(documents, window, len({word for document in documents for word in document})).vectors
    singular = (vectors ** 2).sum(axis=0)                         # columns of U S^(1/2) have squared norm S
    lengths = np.linalg.norm(vectors[:, :dim], axis=1)
    return bool(singular[dim - 1] > 1.02 * singular[dim] and singular[dim] > 1e-3 and lengths.min() > 0.05)


# Results are rounded to 6 decimals, so two right answers may differ by 1e-6 where a rounding border lies between them.
SIX_DECIMALS = Tolerance(operations=64, scale=1e7)


def word_vectors_cases(rng: np.random.Generator) -> Iterator[Case]:
    small = [["the", "cat", "eats"], ["the", "dog", "eats"], ["a", "cat", "sleeps"], ["the", "king", "rules"],
             ["a", "queen", "rules", "the", "land"], ["king", "of", "the", "land"]]
    yield Case((small, 2, 3), label="six sentences", tolerance=SIX_DECIMALS,
               steps=(("similarity", ("king", "queen")), ("neighbours", ("cat", 3))))
    documents = draw_documents(rng, 60)
    while not well_posed(documents, 3, 4):
        documents = draw_documents(rng, 60)
    asked = [documents[0][1], documents[1][2]]
    yield Case((documents, 3, 4), label="sixty sentences", tolerance=SIX_DECIMALS,
               steps=(("neighbours", (asked[0], 6)), ("similarity", tuple(asked)), ("neighbours", (asked[1], 4))))
    yield Case((small, 2, 3), "edge", "more neighbours than words", tolerance=SIX_DECIMALS,
               steps=(("neighbours", ("land", 50)),))
    yield Case((small, 2, 3), "edge", "a word with itself", tolerance=SIX_DECIMALS,
               steps=(("similarity", ("of", "of")),))
    yield Case((small, 2, 3), "errors", "a word never seen", raises=KeyError, steps=(("neighbours", ("unicorn", 2)),))
    yield Case((small, 2, 3), "errors", "a pair with a word never seen", raises=KeyError,
               steps=(("similarity", ("king", "unicorn")),))


WORD_VECTORS = Exercise(
    id="cooccurrence.WordVectors", points=4, probe="construct_then_call",
    reference=WordVectors,
    cases=word_vectors_cases,
    misconceptions=[
        Misconception("factors raw counts", RawCounts,
                      "Without PPMI the word \"the\" decides every vector. Weight the counts first."),
        Misconception("does not smooth the contexts", UnsmoothedPpmi,
                      "Use your ppmi with smoothing 0.75 and shift 1."),
        Misconception("scales by full singular values", FullSingularValues,
                      "The power p is 1/2 here: multiply the columns of U by the square roots of the singular values."),
        Misconception("leaves out the singular values", NoSingularValues,
                      "The power p is 1/2 here: multiply the columns of U by the square roots of the singular values."),
        Misconception("joins the documents into one text", OneLongText,
                      "A window must not reach from one document into the next. Pass the borders on."),
        Misconception("keeps every dimension", NotCut,
                      "Keep the `dim` largest singular values. What is cut away is where words differ by accident."),
        Misconception("returns the word itself", OwnNeighbour,
                      "Leave the word that was asked for out of its neighbours."),
        Misconception("answers for a word that it has not seen", SilentAboutUnknown,
                      "There is no vector for such a word, and 0 or an empty list would look like a finding: raise "
                      "KeyError."),
    ],
    alternatives=[DictionaryVectors, LibraryVectors],
    hints=["You have written every part. In the constructor: words to ids, counts, PPMI, vectors.",
           "Sort the distinct words, so that equal cosines come in alphabetical order. The borders of the documents "
           "are the running sum of their lengths, with a 0 in front.",
           "vectors = U[:, :dim] * S[:dim] ** 0.5 from np.linalg.svd of ppmi(counts, 0.75, 1). Store the vectors and "
           "a dictionary from word to row; a dictionary raises KeyError by itself. Round cosines to 6 decimals "
           "before sorting."],
)
