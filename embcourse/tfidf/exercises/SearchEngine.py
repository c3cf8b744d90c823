"""The exercise `tfidf.SearchEngine`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.tfidf import reference
from embcourse.tfidf.exercises.common import documents_with, unit_rows

NINE = Tolerance(decimals=9)
WORDS = (
    "and the lord said unto him king queen david house water bread wine ruth gold sea field barley"
).split()


class SearchEngine:
    """Textbook tf-idf and cosine ranking over tokenised documents: the reference for the last
    exercise."""

    def __init__(self, documents):
        self.columns = {
            term: column
            for column, term in enumerate(sorted({t for doc in documents for t in doc}))
        }
        counts = np.array([self.count(document) for document in documents]).reshape(
            len(documents), -1
        )
        self.idf = reference.idf(counts)
        self.rows = reference.tfidf(counts, "textbook")

    def count(self, tokens):
        """Counts of the known tokens, one a column."""
        counts = np.zeros(len(self.columns))
        for token in tokens:
            if token in self.columns:
                counts[self.columns[token]] += 1
        return counts

    def search(self, query, k):
        """At most k pairs [document index, score], the best first."""
        weights = reference.term_frequency(self.count(query)[None, :]) * self.idf
        scores = np.round(reference.cosine_similarity(weights, self.rows)[0], 9)
        return [
            [int(document), float(scores[document])]
            for document in reference.rank(scores)[:k]
            if scores[document] > 0
        ]


def words_of(rng: np.random.Generator, size: int) -> list[str]:
    """Words as in a text: the first of the list often, the last seldom."""
    chances = 1 / np.arange(1, len(WORDS) + 1)
    return [str(word) for word in rng.choice(WORDS, size, p=chances / chances.sum())]


def some_words(rng: np.random.Generator, count: int) -> list[str]:
    """Different words, in a drawn order."""
    return [str(word) for word in rng.permutation(WORDS)[:count]]


def shuffled(rng: np.random.Generator, tokens: list[str]) -> list[str]:
    return [str(token) for token in rng.permutation(tokens)]


def searches(*pairs: tuple[list[str], int]) -> tuple:
    return tuple(("search", pair) for pair in pairs)


def search_cases(rng: np.random.Generator) -> Iterator[Case]:
    short = [word for word in WORDS if len(word) <= 4]  # a report shows all of it
    the, king, queen, bread, wine, sea, unheard = (str(word) for word in rng.permutation(short)[:7])
    small = [[the, king, king], [the, queen], [the, sea, queen]]
    small = [shuffled(rng, small[i]) for i in rng.permutation(3)]
    yield Case(
        (small,),
        label="three documents",
        tolerance=NINE,
        steps=searches(([queen, sea], 3), ([king, king, queen], 1), ([queen, sea], 2)),
    )
    yield talk(rng, 12)
    yield talk(rng, int(rng.integers(15, 20)))
    yield Case(
        (small,),
        "edge",
        "a word that no document has",
        tolerance=NINE,
        steps=searches(([unheard, sea], 2), ([unheard], 2)),
    )
    yield Case(
        (small,),
        "edge",
        "a word in every document",
        tolerance=NINE,
        steps=searches(([the], 3), ([the, king], 3)),
    )
    yield Case(
        (small,),
        "edge",
        "an empty query",
        tolerance=NINE,
        steps=searches(([], int(rng.integers(1, 4)))),
    )
    yield Case(
        (small,),
        "edge",
        "more asked for than there are",
        tolerance=NINE,
        steps=searches(([queen, king], int(rng.integers(4, 9)))),
    )
    twins = [[king], [queen, sea], [king], [sea, queen], [king], [wine]]
    twins = [twins[i] for i in rng.permutation(6)]
    yield Case(
        (twins,),
        "edge",
        "equal documents",
        tolerance=NINE,
        steps=searches(([king], 2), ([sea], 2), ([king], 5)),
    )
    many = [
        [king, wine] if equal else [king, bread]
        for equal in rng.permutation([True] * 40 + [False] * 40)
    ]
    yield Case(
        ([*many, [sea]],),
        "edge",
        "forty equal documents",
        tolerance=NINE,
        steps=searches(([wine], 30), ([king], 60)),
    )
    yield near_ties(rng)
    documents = [[wine], [], [sea, wine], [], [sea, king]]
    documents = [documents[i] for i in rng.permutation(5)]
    yield Case(
        (documents,),
        "edge",
        "empty documents",
        tolerance=NINE,
        steps=searches(([sea], 9), ([wine, king], 3)),
    )
    yield Case(
        ([some_words(rng, 3)],),
        "edge",
        "one document",
        tolerance=NINE,
        steps=searches((WORDS[:], 2)),
    )


def talk(rng: np.random.Generator, size: int) -> Case:
    """Documents of many words, and queries that hold repeats, words of other weight and an unknown
    one."""
    documents = [words_of(rng, int(length)) for length in rng.integers(3, 12, size)]
    held = [
        str(word)
        for word in rng.permutation(sorted({word for document in documents for word in document}))
    ]
    queries = (
        (shuffled(rng, held[:3]), 5),
        (shuffled(rng, [*held[3:6], held[3], held[3]]), size),
        (shuffled(rng, [*held[1:5], "unicorn", "unicorn"]), 2),
    )
    return Case(
        (documents,),
        label=f"{'twelve' if size == 12 else 'more'} documents",
        tolerance=NINE,
        steps=searches(*queries),
    )


def near_ties(rng: np.random.Generator) -> Case:
    """Documents with the same cosine, added up in another order: unrounded, some of them come out
    in another order."""
    in_order = list(range(8))
    for _ in range(200):
        *words, other = some_words(rng, 6)
        times = [rng.permutation([1, 2, 3, 5, 7]) for _ in in_order]
        documents = [
            shuffled(rng, [word for word, count in zip(words, row) for _ in range(count)])
            for row in times
        ]
        documents.append([other])
        unrounded = engine_with(rounded=lambda scores: scores)(documents).search(words, 8)
        engine = SearchEngine(documents)
        row = engine.idf * engine.count(words)
        order = reference.rank(reference.cosine_similarity([row], engine.rows)[0])
        if [document for document, _ in unrounded] != in_order and order[:8].tolist() != in_order:
            break
    return Case(
        (documents,),
        "edge",
        "scores that differ by rounding alone",
        tolerance=NINE,
        steps=searches((shuffled(rng, words), 6)),
    )


def nine_decimals(scores):
    return np.round(scores, 9)


def cosines(query, rows):
    return (unit_rows(query[None, :]) @ unit_rows(rows).T)[0]


def with_a_column(columns, tokens):
    return [token for token in tokens if token in columns]


def plain_idf(counts):
    return np.log(len(counts) / np.maximum(documents_with(counts), 1))


def shares(counts):
    return counts / max(counts.sum(), 1)


def best_first(scores):
    return np.argsort(-scores, kind="stable")


def engine_with(
    known: Callable = with_a_column,
    tf: Callable = shares,
    idf: Callable = plain_idf,
    weigh_query: Callable = lambda tf, idf: tf * idf,
    compare: Callable = cosines,
    rounded: Callable = nine_decimals,
    order: Callable = best_first,
    cut: Callable = lambda k: slice(k),
    keep: Callable = lambda score: score > 0,
    pair: Callable = lambda document, score: [document, score],
):
    """A search engine with one part replaced."""

    class Engine:
        def __init__(self, documents):
            self.columns = {
                term: i for i, term in enumerate(dict.fromkeys(t for doc in documents for t in doc))
            }
            counts = np.array([self.count(document) for document in documents])
            self.idf = idf(counts)
            self.rows = np.array([tf(row) * self.idf for row in counts])

        def count(self, tokens):
            counts = np.zeros(len(self.columns))
            for token in known(self.columns, tokens):
                counts[self.columns[token]] += 1
            return counts

        def search(self, query, k):
            scores = rounded(compare(weigh_query(tf(self.count(query)), self.idf), self.rows))
            found = [(int(document), float(scores[document])) for document in order(scores)]
            return [pair(*one) for one in found if keep(one[1])][cut(k)]

    return Engine


class DictionaryEngine:
    """Sparse rows as dictionaries; no matrix at all."""

    def __init__(self, documents):
        df = Counter(term for document in documents for term in set(document))
        self.idf = {term: float(np.log(len(documents) / count)) for term, count in df.items()}
        self.rows = [self.weigh(document) for document in documents]

    def weigh(self, tokens):
        counts = Counter(token for token in tokens if token in self.idf)
        row = {term: count / counts.total() * self.idf[term] for term, count in counts.items()}
        length = sum(value * value for value in row.values()) ** 0.5
        return {term: value / length for term, value in row.items()} if length else {}

    def search(self, query, k):
        query = self.weigh(query)
        scored = [
            (round(sum(value * row.get(term, 0.0) for term, value in query.items()), 9), document)
            for document, row in enumerate(self.rows)
        ]
        best = sorted(
            (pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1])
        )
        return [(document, score) for score, document in best[:k]]


class ScipyEngine(DictionaryEngine):
    """The rows in a sparse matrix."""

    def __init__(self, documents):
        from sklearn.feature_extraction import DictVectorizer

        super().__init__(documents)
        self.names = DictVectorizer()
        self.matrix = self.names.fit_transform(self.rows) if any(self.rows) else None

    def search(self, query, k):
        if self.matrix is None:
            return []
        scores = (
            (self.matrix @ self.names.transform([self.weigh(query)]).T).toarray()[:, 0].round(9)
        )
        order = np.lexsort((np.arange(len(scores)), -scores))[:k]
        return [
            (int(document), float(scores[document])) for document in order if scores[document] > 0
        ]


SEARCH_ENGINE = Exercise(
    id="tfidf.SearchEngine",
    points=4,
    probe="construct_then_call",
    reference=SearchEngine,
    cases=search_cases,
    variant=engine_with,
    misconceptions=[
        Misconception(
            "does not weight the query by idf",
            {"weigh_query": lambda tf, idf: tf},
            "Query and document go through the same weighting: tf times the idf of the collection.",
        ),
        Misconception(
            "counts the idf on the query",
            {"weigh_query": lambda tf, idf: tf * np.log(1 / np.ones(len(tf)))},
            "In a collection of one query every word is everywhere and weighs 0. The idf comes from"
            " the documents.",
        ),
        Misconception(
            "smooths the idf as scikit-learn does",
            {"idf": lambda counts: np.log((1 + len(counts)) / (1 + documents_with(counts))) + 1},
            "Textbook weights are asked for: ln(N / df). A word in every document then weighs"
            " nothing.",
        ),
        Misconception(
            "counts occurrences in the idf",
            {"idf": lambda counts: np.log(len(counts) / np.maximum(counts.sum(axis=0), 1))},
            "df counts documents: however often a word stands in one document, that document counts"
            " once.",
        ),
        Misconception(
            "leaves out the idf",
            {"idf": lambda counts: np.ones(counts.shape[1])},
            "Rare words must count more: tf times idf, on both sides.",
        ),
        Misconception(
            "counts only whether a word stands there",
            {"tf": lambda counts: shares((counts > 0) * 1.0)},
            "Repeats count: the weight is tf times idf.",
        ),
        Misconception(
            "counts each word of the query once",
            {"weigh_query": lambda tf, idf: (tf > 0) * idf},
            "A word that stands twice in the query counts twice, as it does in a document.",
        ),
        Misconception(
            "ranks by dot product",
            {"compare": lambda query, rows: rows @ query},
            "Without dividing by lengths, long rows win. Use the cosine.",
        ),
        Misconception(
            "divides by the length of the documents only",
            {"compare": lambda query, rows: unit_rows(rows) @ query},
            "The order is right, the scores are not: a cosine divides by both lengths.",
        ),
        Misconception(
            "returns documents that share nothing with the query",
            {"keep": lambda score: True},
            "A cosine of 0 means no shared word with any weight: leave such documents out.",
        ),
        Misconception(
            "fails on a word that it has not seen",
            {"known": lambda columns, tokens: tokens},
            "People search for words that no document has. Ignore them.",
        ),
        Misconception(
            "rounds to fewer decimals",
            {"rounded": lambda scores: np.round(scores, 6)},
            "9 decimals are asked for.",
        ),
        Misconception(
            "ranks before it rounds",
            {
                "rounded": lambda scores: scores,
                "pair": lambda document, score: [document, round(score, 9)],
            },
            "Round first. Scores that differ by rounding errors alone must tie, so that the lower"
            " index comes first.",
        ),
        Misconception(
            "returns the worst first",
            {"order": lambda scores: np.argsort(scores, kind="stable")},
            "The best document comes first.",
        ),
        Misconception(
            "puts the higher index first where scores are equal",
            {"order": lambda scores: np.argsort(scores, kind="stable")[::-1]},
            "Reversing an ascending sort reverses ties as well. Of equal scores the lower index"
            " comes first.",
        ),
        Misconception(
            "sorts in a way that shuffles equal scores",
            {"order": lambda scores: np.argsort(-scores)},
            'np.argsort may put equal scores in any order, unless kind="stable" is asked for.',
        ),
        Misconception(
            "reverses a sort that shuffles equal scores",
            {"order": lambda scores: np.argsort(scores)[::-1]},
            "np.argsort may put equal scores in any order, and reversing does not mend it. Sort the"
            ' negated scores with kind="stable".',
        ),
        Misconception(
            "leaves the documents in their own order",
            {"order": lambda scores: np.arange(len(scores))},
            "The best document comes first.",
        ),
        Misconception(
            "returns everything", {"cut": lambda k: slice(None)}, "At most k pairs are asked for."
        ),
        Misconception(
            "returns one too few",
            {"cut": lambda k: slice(max(k - 1, 0))},
            "Up to k pairs are asked for, k itself included.",
        ),
        Misconception(
            "puts the score before the index",
            {"pair": lambda document, score: [score, document]},
            "A pair is [document index, score].",
        ),
        Misconception(
            "returns only the indices",
            {"pair": lambda document, score: document},
            "Each result is a pair, [document index, score].",
        ),
        Misconception(
            "counts documents from 1",
            {"pair": lambda document, score: [document + 1, score]},
            "The first document has index 0.",
        ),
    ],
    alternatives=[DictionaryEngine, engine_with(), ScipyEngine],
    hints=[
        "In the constructor: a column per term, the counts, idf, and one tf-idf row per document.",
        (
            "A query is a small document. Count its known words, weight it with the collection's"
            " idf, and compare."
        ),
        (
            "Round the cosines to 9 decimals so that equal documents tie, order by (-score, index),"
            " drop zeros, and return at most k pairs [index, score]."
        ),
    ],
)
