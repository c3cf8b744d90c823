"""Whatever is given in the place of texts, tokens, paths, words and numbers: a result, or an error
that says who refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embcourse import cooccurrence, negative_sampling, one_hot, tfidf, word2vec
from embcourse.distributed import write_shards
from embcourse.text import Vocabulary, character_ngrams, tokenize
from embcourse.training import corpus_files, load_checkpoint, open_corpus, read_sentences
from embcourse.vectors import Embeddings

WORDS = Vocabulary(["a", "b", "c"], [3, 2, 1])
DOCUMENTS = [["a", "b", "c"], ["b", "a"], ["c", "a", "b"]] * 3
VECTORS = Embeddings(WORDS, np.eye(3))
BY_TOKENS = tfidf.Bm25Index(tokenizer=None).fit(DOCUMENTS)
BY_TEXT = tfidf.TfidfIndex().fit(["a b", "b c"])

# What people give by mistake. A function makes it: a generator can be read once.
BAD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "0": lambda: 0,
    "1.5": lambda: 1.5,
    "NaN": lambda: float("nan"),
    "True": lambda: True,
    "text": lambda: "text",
    "no text": lambda: "",
    "bytes": lambda: b"ab",
    "a path": lambda: Path("no/such/file"),
    "a NUL in a path": lambda: "no\0file",
    "a class": lambda: int,
    "an object": object,
    "a set": lambda: {"a", "b"},
    "a dict": lambda: {"a": 1},
    "an array without axes": lambda: np.array(3),
    "a string without axes": lambda: np.array("a"),
    "nothing": list,
    "a list of nothing": lambda: [[]],
    "None among tokens": lambda: ["a", None],
    "None in a document": lambda: [["a", None]],
    "a number in a document": lambda: [["a", 1]],
    "bytes in a document": lambda: [["a", b"b"]],
    "bytes in a list": lambda: [b"a"],
    "a list in a document": lambda: [["a", ["b"]]],
    "a list too deep": lambda: [[["a"]]],
    "strings in a list": lambda: ["ab", "ba"],
    "a set in a list": lambda: [{"a", "b"}],
    "a dict in a list": lambda: [{"a": 1}],
    "an array of strings": lambda: np.array(["a", "b"]),
    "numpy's strings": lambda: [np.str_("a"), np.str_("b")],
    "documents of numpy's strings": lambda: [[np.str_("a"), np.str_("b")]],
    "an array of objects": lambda: np.array([["a", None]], object),
    "rows of two lengths": lambda: [[1, 2], [3]],
    "three axes": lambda: np.zeros((2, 2, 2)),
    "complex numbers": lambda: np.array([1j]),
    "dates": lambda: np.array(["2020-01-01"], "datetime64[D]"),
    "a huge number": lambda: [2**70],
    "a negative number": lambda: [-1],
    "a lone surrogate": lambda: ["\ud800"],
    "a document with a lone surrogate": lambda: [["\ud800", "a"]],
    "a generator": lambda: (token for token in ("a", "b")),
    "generators in a generator": lambda: (iter(document) for document in [["a", "b"]]),
}

# The name that an error begins with, and the call.
CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "Vocabulary": ("Vocabulary", Vocabulary),
    "Vocabulary, counts": ("Vocabulary", lambda bad: Vocabulary(["a", "b"], bad)),
    "Vocabulary.build": ("Vocabulary.build", Vocabulary.build),
    "Vocabulary.from_counts": ("Vocabulary.from_counts", Vocabulary.from_counts),
    "Vocabulary.encode": ("Vocabulary.encode", WORDS.encode),
    "Vocabulary.encode_documents": ("Vocabulary.encode_documents", WORDS.encode_documents),
    "Vocabulary.decode": ("Vocabulary.decode", WORDS.decode),
    "vocabulary[]": ("Vocabulary", lambda bad: WORDS[bad]),
    "in vocabulary": ("Vocabulary", lambda bad: bad in WORDS),
    "tokenize": ("tokenize", tokenize),
    "character_ngrams": ("character_ngrams", character_ngrams),
    "Embeddings, vocabulary": ("Embeddings|Vocabulary", lambda bad: Embeddings(bad, np.eye(2))),
    "Embeddings, matrix": ("Embeddings", lambda bad: Embeddings(["a"], bad)),
    "embeddings[]": ("Embeddings|Vocabulary", lambda bad: VECTORS[bad]),
    "in embeddings": ("Embeddings", lambda bad: bad in VECTORS),
    "similarity": ("Embeddings.similarity", lambda bad: VECTORS.similarity("a", bad)),
    "neighbours": ("Embeddings.neighbours", VECTORS.neighbours),
    "neighbours, k": ("Embeddings.neighbours", lambda bad: VECTORS.neighbours("a", bad)),
    "neighbours, exclude": (
        "Embeddings.neighbours",
        lambda bad: VECTORS.neighbours("a", exclude=bad),
    ),
    "analogy": ("Embeddings.analogy", lambda bad: VECTORS.analogy("a", bad, "b")),
    "analogy_accuracy": ("Embeddings.analogy_accuracy", VECTORS.analogy_accuracy),
    "nearest_to_c_accuracy": ("Embeddings.nearest_to_c_accuracy", VECTORS.nearest_to_c_accuracy),
    "rank_correlation": ("Embeddings.rank_correlation", VECTORS.rank_correlation),
    "save": ("Embeddings.save", VECTORS.save),
    "load": ("Embeddings.load", Embeddings.load),
    "from_gensim": ("Embeddings.from_gensim", Embeddings.from_gensim),
    "OneHotEncoder": ("OneHotEncoder|Vocabulary", one_hot.OneHotEncoder),
    "OneHotEncoder.transform": (
        "OneHotEncoder.transform",
        one_hot.OneHotEncoder(WORDS).transform,
    ),
    "HashingEncoder": ("HashingEncoder", one_hot.HashingEncoder),
    "HashingEncoder.transform": (
        "HashingEncoder.transform",
        one_hot.HashingEncoder(4).transform,
    ),
    "fnv1a": ("fnv1a", one_hot.fnv1a),
    "hashed_ids": ("hashed_ids", lambda bad: one_hot.hashed_ids(bad, 4)),
    "hashed_ids, buckets": ("hashed_ids", lambda bad: one_hot.hashed_ids(["a"], bad)),
    "Bm25Index.fit, tokens": (
        "Bm25Index.fit",
        lambda bad: tfidf.Bm25Index(tokenizer=None).fit(bad),
    ),
    "Bm25Index.fit": ("Bm25Index.fit", lambda bad: tfidf.Bm25Index().fit(bad)),
    "TfidfIndex.fit": (
        "TfidfIndex.fit",
        lambda bad: tfidf.TfidfIndex(tokenizer=tfidf.scikit_learn_tokens).fit(bad),
    ),
    "Bm25Index.add": (
        "Bm25Index.add",
        lambda bad: tfidf.Bm25Index(tokenizer=None).fit(DOCUMENTS).add(bad),
    ),
    "TfidfIndex.add": ("TfidfIndex.add", lambda bad: tfidf.TfidfIndex().fit(["a b"]).add(bad)),
    "transform": ("Bm25Index.transform", BY_TOKENS.transform),
    "search, tokens": ("Bm25Index.search", BY_TOKENS.search),
    "search": ("TfidfIndex.search", BY_TEXT.search),
    "search, k": ("TfidfIndex.search", lambda bad: BY_TEXT.search(["a"], bad)),
    "ranks": ("Bm25Index.ranks", lambda bad: BY_TOKENS.ranks(bad, [0])),
    "ranks, targets": ("Bm25Index.ranks", lambda bad: BY_TOKENS.ranks([["a"]], bad)),
    "top_terms": ("Bm25Index.top_terms", BY_TOKENS.top_terms),
    "top_terms, k": ("Bm25Index.top_terms", lambda bad: BY_TOKENS.top_terms(0, bad)),
    "Bm25Index, k1": ("Bm25Index", lambda bad: tfidf.Bm25Index(k1=bad).fit(["a b"])),
    "Bm25Index, b": ("Bm25Index", lambda bad: tfidf.Bm25Index(b=bad).fit(["a b"])),
    "TfidfIndex, variant": ("TfidfIndex", lambda bad: tfidf.TfidfIndex(bad).fit(["a b"])),
    "count_matrix": ("count_matrix", lambda bad: tfidf.count_matrix(bad, WORDS)),
    "count_matrix, ids": ("count_matrix", lambda bad: tfidf.count_matrix(bad, 3)),
    "count_matrix, vocabulary": (
        "count_matrix|Vocabulary",
        lambda bad: tfidf.count_matrix([["a"]], bad),
    ),
    "scikit_learn_tokens": ("scikit_learn_tokens", tfidf.scikit_learn_tokens),
    "count": ("count", lambda bad: cooccurrence.count(bad, WORDS)),
    "count, vocabulary": ("count", lambda bad: cooccurrence.count(DOCUMENTS, bad)),
    "cooccurrence.train": ("train", lambda bad: cooccurrence.train(bad, dim=1, min_count=1)),
    "open_corpus": ("open_corpus", lambda bad: open_corpus(bad, min_count=1)),
    "open_corpus, vocabulary": (
        "open_corpus",
        lambda bad: open_corpus(DOCUMENTS, vocabulary=bad, min_count=1),
    ),
    "read_sentences": ("read_sentences", lambda bad: list(read_sentences(bad))),
    "corpus_files": ("open", lambda bad: corpus_files(bad, "open")),
    "load_checkpoint": ("load_checkpoint", lambda bad: load_checkpoint(bad, {})),
    # The folder is the test's own.
    "write_shards": ("write_shards", lambda bad: write_shards(bad, ".", 2)),
    "write_shards, folder": ("write_shards", lambda bad: write_shards(DOCUMENTS, bad, 2)),
    "write_shards, shards": ("write_shards", lambda bad: write_shards(DOCUMENTS, ".", bad)),
    "word2vec.train": (
        "train|open_corpus",
        lambda bad: word2vec.train(bad, dim=2, min_count=1, epochs=1),
    ),
    "negative_sampling.train": (
        "train|open_corpus",
        lambda bad: negative_sampling.train(bad, dim=2, min_count=1, epochs=1, threads=1),
    ),
}
# Words of NumPy and Python about things that the caller never named.
RAW = re.compile(
    r"unhashable|could not be broadcast|inhomogeneous|object is not|has no attribute"
    r"|not supported between|could not convert|cannot be interpreted|unsupported operand"
)


def complaint(name: str, function: Callable[[Any], Any], value: Any) -> str:
    """What is wrong with the error that a call gives; empty for a result, or an error with a
    name."""
    try:
        function(value)
    except FileNotFoundError as error:
        words = str(error)
        return "" if error.filename or re.match(rf"({name}): ", words) else words
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, KeyError):  # a word that a vocabulary lacks is its own error
            name += r"|Vocabulary\.encode(_documents)?"
        words = str(error.args[0])
        if isinstance(error, UnicodeError | IndexError) or RAW.search(words):
            return words
        return "" if re.match(rf"({name}): ", words) else words
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("call", CALLS)
def test_a_bad_value_gives_a_result_or_an_error_with_a_name(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = {bad: complaint(*CALLS[call], make()) for bad, make in BAD.items()}
    assert not any(said.values()), {bad: words for bad, words in said.items() if words}


def test_no_value_is_taken_for_another() -> None:
    """Each would be a result, and a wrong one."""
    for build in (WORDS.encode, one_hot.OneHotEncoder(WORDS).transform):
        for value in ({"a", "b"}, {"a": 1}, "ab"):  # no order, keys alone, letters
            with pytest.raises(TypeError):
                build(value)
    with pytest.raises(TypeError, match="document 0 must be a string"):
        tfidf.Bm25Index().fit([Path("book.txt")])
    assert Vocabulary.build([{"a", "b"}, {"a"}]).counts.tolist() == [2, 1]  # documents, not tokens


def test_a_file_of_one_array_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "table.npy"
    np.save(path, np.ones(3))
    for give in (
        lambda: load_checkpoint(path, {}),
        lambda: negative_sampling.train(DOCUMENTS, dim=2, min_count=1, negative=1, checkpoint=path),
    ):
        with pytest.raises(ValueError, match=r"table\.npy is no checkpoint"):
            give()


def test_the_k_that_nobody_gave_is_not_complained_of() -> None:
    documents, _ = tfidf.Bm25Index().fit(["a b", "b c"]).search(["a"])
    assert documents.tolist() == [[0, 1]]
