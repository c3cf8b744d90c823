"""What someone who uses the package writes, for `mypy --strict`: `test_types.py` runs it.

Every `assert_type` fails where a result has another type, or none."""

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from embcourse.checking import check
from embcourse.negative_sampling import Training, train
from embcourse.one_hot import hashed_ids
from embcourse.text import Encoded, Vocabulary, context_pairs, keep_probabilities, tokenize
from embcourse.tfidf import Bm25Index, TfidfIndex, count_matrix
from embcourse.vectors import Embeddings
from embcourse.vectors.neighbours import Neighbour
from embcourse.word2vec import train as train_exactly

sentences = [tokenize("in the beginning"), tokenize("and the earth")]
vocabulary = Vocabulary.build(sentences, min_count=1, unknown="drop")
assert_type(vocabulary, Vocabulary)
assert_type(vocabulary["the"], int)
assert_type(vocabulary.counts, NDArray[np.int64] | None)
assert_type(vocabulary.encode(["the"]), NDArray[np.int32])
assert_type(vocabulary.decode(np.array([0])), list[str])
assert_type(vocabulary.encode_documents(sentences), Encoded)
assert_type(context_pairs([0, 1], window=1), tuple[NDArray[np.int32], NDArray[np.int32]])
assert_type(keep_probabilities([3, 1]), NDArray[np.float64])
assert_type(count_matrix([[0, 1]], 2), NDArray[np.int64])
assert_type(hashed_ids(["a"], 8), NDArray[np.int64])
assert_type(hashed_ids(["a"], 8, signed=True), tuple[NDArray[np.int64], NDArray[np.float64]])

assert_type(train(sentences, dim=4, negative=2, min_count=1, epochs=1), Embeddings)
assert_type(train_exactly(sentences, dim=4, min_count=1), Embeddings)
assert_type(Training(sentences, dim=4, negative=2, min_count=1), Training)
embeddings = Embeddings(vocabulary, np.ones((len(vocabulary), 2)))
assert_type(embeddings.similarity("in", "the"), float)
assert_type(embeddings.neighbours("the"), list[Neighbour])
assert_type(embeddings.neighbours(["in", "the"]), list[list[Neighbour]])
assert_type(embeddings.analogy("in", "the", "and")[0].token, str)
assert_type(Embeddings.load("vectors.vec"), Embeddings)

texts = ["in the beginning", "and the earth"]
assert_type(TfidfIndex().fit(texts), TfidfIndex)
assert_type(Bm25Index(tokenizer=None).fit(sentences), Bm25Index)
assert_type(TfidfIndex().fit(texts).search(texts), tuple[NDArray[np.int64], NDArray[np.float64]])
assert_type(check("tfidf.idf"), float)

embeddings.neighbours(3)  # type: ignore[call-overload]
train(sentences, dimension=4)  # type: ignore[call-arg]
Vocabulary(["a"], unknown="ignore")  # type: ignore[arg-type]
