"""The exercise `tfidf.SearchEngine`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.tfidf import reference


class SearchEngine:
    """Textbook tf-idf and cosine ranking over tokenised documents: the reference for the last exercise."""

    weigh_query = staticmethod(lambda tf, idf: tf * idf)
    decimals = 9

    def __init__(self, documents):
        self.columns = {term: column for column, term in enumerate(sorted({t for doc in documents for t in doc}))}
        counts = np.array([self.count(document) for document in documents], float).reshape(len(documents), -1)
        self.idf = reference.idf(counts)
        self.rows = reference.tfidf(counts, "textbook")

    def count(self, tokens):
        counts = np.zeros(len(self.columns))
        for token in tokens:
            if token in self.columns:
                counts[self.columns[token]] += 1
        return counts

    def search(self, query, k):
        tf = reference.term_frequency(self.count(query)[None, :])
        scores = np.round(self.score(self.weigh_query(tf, self.idf)), self.decimals)
        best = reference.rank(scores)[:k]
        return [[int(document), float(scores[document])] for document in best if scores[document] > 0]

    def score(self, query):
        return reference.cosine_similarity(query, self.rows)[0]


class UnweightedQuery(SearchEngine):
    weigh_query = staticmethod(lambda tf, idf: tf)


class DotProduct(SearchEngine):
    def score(self, query):
        return (query @ self.rows.T)[0]


class KeepsZeros(SearchEngine):
    def search(self, query, k):
        tf = reference.term_frequency(self.count(query)[None, :])
        scores = np.round(self.score(tf * self.idf), self.decimals)
        return [[int(document), float(scores[document])] for document in reference.rank(scores)[:k]]


class UnknownWordFails(SearchEngine):
    def search(self, query, k):
        for token in query:
            self.columns[token]
        return super().search(query, k)


class WorstFirst(SearchEngine):
    def search(self, query, k):
        return super().search(query, 10 ** 6)[::-1][:k]


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
        scored = [(round(sum(value * row.get(term, 0.0) for term, value in query.items()), 9), document)
                  for document, row in enumerate(self.rows)]
        best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
        return [(document, score) for score, document in best[:k]]


class ScipyEngine(DictionaryEngine):
    def __init__(self, documents):
        from sklearn.feature_extraction import DictVectorizer
        super().__init__(documents)
        self.names = DictVectorizer()
        self.matrix = self.names.fit_transform(self.rows) if any(self.rows) else None

    def search(self, query, k):
        if self.matrix is None:
            return []
        scores = (self.matrix @ self.names.transform([self.weigh(query)]).T).toarray()[:, 0].round(9)
        order = np.lexsort((np.arange(len(scores)), -scores))[:k]
        return [(int(document), float(scores[document])) for document in order if scores[document] > 0]


WORDS = "and the lord said unto him king queen david house water bread wine ruth gold sea".split()


def search_cases(rng: np.random.Generator) -> Iterator[Case]:
    near = Tolerance(operations=64, scale=1e6)                    # scores are rounded to 9 decimals
    small = [["the", "king", "ate", "bread"], ["the", "queen", "drank", "wine"], ["the", "sea", "the", "sea"]]
    yield Case((small,), label="three documents", tolerance=near,
               steps=(("search", (["the", "queen"], 2)), ("search", (["bread", "bread", "sea"], 3))))
    chances = 1 / np.arange(1, len(WORDS) + 1)
    documents = [[str(word) for word in rng.choice(WORDS, size, p=chances / chances.sum())]
                 for size in rng.integers(3, 12, 12)]
    yield Case((documents,), label="twelve documents", tolerance=near,
               steps=(("search", (["king", "david", "house"], 5)), ("search", (["water", "said", "said"], 12))))
    yield Case((small,), "edge", "a word that no document has", tolerance=near,
               steps=(("search", (["unicorn", "wine"], 2)), ("search", (["unicorn"], 2))))
    yield Case((small,), "edge", "a word in every document", tolerance=near, steps=(("search", (["the"], 3)),))
    yield Case((small,), "edge", "an empty query", tolerance=near, steps=(("search", ([], 3)),))
    twins = [["gold"], ["wine", "sea"], ["gold"], ["sea"], ["gold"]]
    yield Case((twins,), "edge", "equal documents", tolerance=near, steps=(("search", (["gold"], 2)),))
    yield Case(([["wine"], [], ["sea", "wine"]],), "edge", "an empty document", tolerance=near,
               steps=(("search", (["sea"], 9)),))


SEARCH_ENGINE = Exercise(
    id="tfidf.SearchEngine", points=4, probe="construct_then_call",
    reference=SearchEngine,
    cases=search_cases,
    misconceptions=[
        Misconception("does not weight the query by idf", UnweightedQuery,
                      "Query and document go through the same weighting: tf times the idf of the collection."),
        Misconception("ranks by dot product", DotProduct,
                      "Without dividing by lengths, long rows win. Use the cosine."),
        Misconception("returns documents that share nothing with the query", KeepsZeros,
                      "A cosine of 0 means no shared word with any weight: leave such documents out."),
        Misconception("fails on a word that it has not seen", UnknownWordFails,
                      "People search for words that no document has. Ignore them."),
        Misconception("returns the worst first", WorstFirst, "The best document comes first."),
    ],
    alternatives=[DictionaryEngine, ScipyEngine],
    hints=["In the constructor: a column per term, the counts, idf, and one tf-idf row per document.",
           "A query is a small document. Count its known words, weight it with the collection's idf, and compare.",
           "Round the cosines to 9 decimals so that equal documents tie, order by (-score, index), drop zeros, and "
           "return at most k pairs [index, score]."],
)
