"""Corpora and word-pair benchmarks that come with gensim as its test data."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from embcourse.data.packages import packaged_file, packaged_module


class Article(NamedTuple):
    """One encyclopaedia article: its title and its text, one paragraph, heading or list entry a
    line."""

    title: str
    text: str


class LeeCorpus(NamedTuple):
    """The Lee news corpora.

    background: 300 news items, for training.
    documents : 50 shorter ones, whose similarities people judged; row i of `lee_similarities` is
                document i.
    """

    background: tuple[str, ...]
    documents: tuple[str, ...]


class WordPair(NamedTuple):
    """Two words and the mean of how similar people found them, from 0 to 10."""

    first: str
    second: str
    score: float


class Analogy(NamedTuple):
    """A question: a is to b as c is to d."""

    a: str
    b: str
    c: str
    d: str


def _file(name: str) -> Path:
    return packaged_file("gensim", "gensim", "test", "test_data", name)


@cache
def wikipedia() -> tuple[Article, ...]:
    """106 articles of the English Wikipedia, from Anarchism to Algorithm: 3.0 million characters.

    Redirects and pages without text are left out. gensim removes links, templates, tables and
    references; here the marks for bold, headings and lists go too, captions of pictures lose file
    name and size, and parentheses lose the holes that a removed template leaves ("Achilles (; ,
    Akhilleus)"). Table cells stay, one a line. gensim's own tokeniser (letters only, 2 to 15 of
    them) finds 452,408 tokens.

    returns: 106 `Article(title, text)`, in the order of the dump.
    raises : ImportError naming the pip package if gensim is not installed.
    source : gensim's test data (gensim: LGPL-2.1), a shortened dump of en.wikipedia.org.
             Text: CC BY-SA, the authors of Wikipedia.

    >>> articles = wikipedia()
    >>> len(articles), articles[2].title
    (106, 'Albedo')
    >>> "diffuse reflectivity" in articles[2].text
    True
    """
    import bz2

    path = _file("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
    corpus = packaged_module("gensim.corpora.wikicorpus", "gensim")
    articles = []
    with bz2.open(path, "rt", encoding="utf-8") as dump:
        for title, markup, _ in corpus.extract_pages(dump, ("0",)):
            if not re.match(r"\s*#redirect", markup, re.IGNORECASE):
                text = _plain(corpus.filter_wiki(markup))
                if text:
                    articles.append(Article(title, text))
    return tuple(articles)


def _plain(text: str) -> str:
    def remove(pattern: str, by: str = "") -> None:
        nonlocal text
        text = re.sub(pattern, by, text, flags=re.MULTILINE | re.IGNORECASE)

    remove(r"'{2,}")  # '''bold''' and ''italic''
    remove(r"^[^|\n]*\.(?:jpe?g|png|svg|gif|og[gv])[ \t]*(?:\||$)")  # the caption stays
    remove(r"\|(?:thumb|alt=|(?=\d+(?:x\d+)?px))", "\n")  # what follows a caption
    remove(r"\b\d+(?:x\d+)?px")
    remove(r"^[ \t]*(={2,6})[ \t]*(.*?)[ \t]*\1[ \t]*$", r"\2")  # == heading ==
    remove(r"^[ \t]*[*#:;]+")  # * entry of a list
    remove(r"\([\s,;]+(?=\S)", "(")
    remove(r"\(\)")
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


@cache
def lee() -> LeeCorpus:
    """The Lee corpora: 300 news items to train on and 50 whose similarities people judged.

    59,890 and 3,983 words between spaces. News of the Australian Broadcasting Corporation, 2000 to
    2002. The file of the 50 is Latin-1; it holds a single pound sign.

    returns: `LeeCorpus(background, documents)`.
    raises : ImportError naming the pip package if gensim is not installed.
    source : gensim's test data. Lee, Pincombe and Welsh (2005), An empirical evaluation of models
             of text document similarity. Published for research, without an explicit licence.

    >>> news = lee()
    >>> len(news.background), len(news.documents)
    (300, 50)
    >>> news.background[0][:46]
    'Hundreds of people have been forced to vacate '
    """
    return LeeCorpus(
        tuple(_file("lee_background.cor").read_text(encoding="utf-8").split("\n")),
        tuple(_file("lee.cor").read_text(encoding="latin-1").split("\n")),
    )


@cache
def lee_similarities() -> np.ndarray:
    """How similar people found each pair of the 50 documents of `lee()`.

    Mean judgement, scaled to end at 1 (the same). The 1,225 pairs range from 0.2 to 1. The file
    holds the upper triangle; this is the full symmetric matrix with ones on the diagonal.

    returns: (50, 50) float64, read-only.
    raises : ImportError naming the pip package if gensim is not installed.
    source : as `lee`.

    >>> similarities = lee_similarities()
    >>> similarities.shape, float(similarities[0, 1]), float(similarities[1, 0])
    ((50, 50), 0.3, 0.3)
    """
    upper = np.triu(np.loadtxt(_file("similarities0-1.txt"), dtype=np.float64), 1)
    matrix = upper + upper.T + np.eye(len(upper))
    matrix.flags.writeable = False
    return matrix


@cache
def wordsim353() -> tuple[WordPair, ...]:
    """WordSimilarity-353: how related people found 353 pairs of words, from 0 to 10.

    437 different words. It rates relatedness: "coast, forest" can score high without the two being
    alike. Two pairs stand there twice: money-cash, and bank-money in either order; tiger-tiger
    scores 10.

    returns: 353 `WordPair(first, second, score)`, in the order of the file.
    raises : ImportError naming the pip package if gensim is not installed.
    source : gensim's test data. Finkelstein et al. (2002), Placing search in context. CC BY 4.0.

    >>> wordsim353()[1]
    WordPair(first='tiger', second='cat', score=7.35)
    """
    return _pairs("wordsim353.tsv")


@cache
def simlex999() -> tuple[WordPair, ...]:
    """SimLex-999: how similar people found 999 pairs of words, from 0 to 10.

    1,028 different words: 666 pairs of nouns, 222 of verbs, 111 of adjectives. It rates similarity,
    not relatedness: "old, new" scores 1.58.

    returns: 999 `WordPair(first, second, score)`, in the order of the file.
    raises : ImportError naming the pip package if gensim is not installed.
    source : gensim's test data. Hill, Reichart and Korhonen (2015), SimLex-999. Free for research.

    >>> simlex999()[0]
    WordPair(first='old', second='new', score=1.58)
    """
    return _pairs("simlex999.txt")


def _pairs(name: str) -> tuple[WordPair, ...]:
    lines = _file(name).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple(WordPair(first, second, float(score)) for first, second, score in rows)


@cache
def google_analogies() -> Mapping[str, tuple[Analogy, ...]]:
    """The Google analogy test set: 19,544 questions in 14 sections, 8,869 of meaning and 10,675 of
    grammar.

    Names keep their capitals (Athens); the names of grammar's sections begin with "gram".

    returns: read-only mapping from section name to its `Analogy(a, b, c, d)`, both in the order of
             the file.
    raises : ImportError naming the pip package if gensim is not installed.
    source : gensim's test data. Mikolov, Chen, Corrado and Dean (2013), Efficient estimation of
             word representations in vector space; released with word2vec, Apache-2.0.

    >>> analogies = google_analogies()
    >>> len(analogies), sum(map(len, analogies.values()))
    (14, 19544)
    >>> analogies["family"][0]
    Analogy(a='boy', b='girl', c='brother', d='sister')
    """
    sections: dict[str, list[Analogy]] = {}
    for line in _file("questions-words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(":"):
            questions = sections.setdefault(line[1:].strip(), [])
        else:
            questions.append(Analogy(*line.split()))
    return MappingProxyType({name: tuple(questions) for name, questions in sections.items()})
