"""TF-IDF, BM25 and their evaluation, against scikit-learn, SciPy and the formulas written out."""

import itertools
import math
import re

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

from embcourse.data import bible
from embcourse.text import Vocabulary
from embcourse.tfidf import (
    Bm25Index,
    TfidfIndex,
    bm25,
    bm25_idf,
    bm25_weights,
    bootstrap_interval,
    cosine_similarity,
    count_matrix,
    fast,
    idf,
    l2_normalise,
    mean_reciprocal_rank,
    rank,
    recall_at_k,
    reciprocal_rank,
    scikit_learn_tokens,
    smooth_idf,
    term_frequency,
    tfidf,
)

EXACT = {"rtol": 1e-12, "atol": 1e-12}
WORDS = ["the", "cat", "sat", "dog", "Ärger", "naïve", "a", "x_1", "42"]

shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7)
count_matrices = arrays(np.int64, shapes, elements=st.integers(0, 4))
token_lists = st.lists(st.lists(st.sampled_from(WORDS), max_size=8), min_size=1, max_size=8)
# Any characters: combining marks, other scripts, capitals that grow when lowered (İ), lone
# surrogates.
texts = st.lists(
    st.text(max_size=30) | st.lists(st.sampled_from(WORDS)).map(" ".join), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def verses():
    return bible("kjv").verses[:1500]


# ----------------------------------------------------------------------------------------- counting


@given(token_lists)
def test_counts_agree_with_scikit_learn(documents):
    vocabulary = sorted(set(WORDS))
    theirs = (
        CountVectorizer(analyzer=list, lowercase=False, vocabulary=vocabulary)
        .fit_transform(documents)
        .toarray()
    )
    np.testing.assert_array_equal(count_matrix(documents, vocabulary), theirs)
    np.testing.assert_array_equal(count_matrix(documents, Vocabulary(vocabulary)), theirs)
    ids = [[vocabulary.index(token) for token in document] for document in documents]
    np.testing.assert_array_equal(count_matrix(ids, len(vocabulary)), theirs)


def test_count_matrix_keeps_empty_documents_and_an_empty_collection():
    assert count_matrix([[], []], ["a"]).tolist() == [[0], [0]]
    assert count_matrix([], ["a", "b"]).shape == (0, 2)
    assert count_matrix([[]], 0).shape == (1, 0)


def test_count_matrix_follows_the_unknown_policy_of_the_vocabulary():
    assert count_matrix([["a", "z"]], Vocabulary(["a"], unknown="drop")).tolist() == [[1]]
    assert count_matrix([["a", "z"]], Vocabulary(["<unk>", "a"], unknown="replace")).tolist() == [
        [1, 1]
    ]
    with pytest.raises(KeyError, match="'z'"):
        count_matrix([["a", "z"]], ["a"])


@given(token_lists)
def test_sparse_counts_equal_the_reference(documents):
    terms, counts = fast.count_terms(iter(documents))
    assert terms == sorted({token for document in documents for token in document})
    np.testing.assert_array_equal(counts.toarray(), count_matrix(documents, terms))
    assert counts.has_canonical_format


@given(texts)
def test_compiled_word_pass_equals_the_token_pattern_of_scikit_learn(documents):
    terms, counts = fast.count_words(documents)
    expected_terms, expected = fast.count_terms(map(scikit_learn_tokens, documents))
    assert terms == expected_terms
    np.testing.assert_array_equal(counts.toarray(), expected.toarray())


@given(texts, st.integers(1, 4))
def test_compiled_word_pass_keeps_to_the_minimum_length(documents, minimum_length):
    runs = [
        [run for run in re.findall(r"\w+", text.lower()) if len(run) >= minimum_length]
        for text in documents
    ]
    expected_terms, expected = fast.count_terms(runs)
    terms, counts = fast.count_words(documents, minimum_length)
    assert terms == expected_terms
    np.testing.assert_array_equal(counts.toarray(), expected.toarray())


def test_compiled_word_pass_survives_its_hash_table_growing():
    words = [f"w{i}" for i in range(30_000)]  # the table starts with room for 1,024 words
    terms, counts = fast.count_words([" ".join(words), " ".join(words[::-1])])
    assert terms == sorted(words)
    assert (counts.toarray() == 1).all()


def test_words_do_not_join_across_documents():
    assert fast.count_words(["ab", "cd"]).terms == ["ab", "cd"]
    assert fast.count_words([]).counts.shape == (0, 0)


def test_verses_give_the_matrix_of_scikit_learn_term_by_term(verses):
    vectorizer = TfidfVectorizer()
    theirs = vectorizer.fit_transform(verses)
    index = TfidfIndex("scikit-learn", scikit_learn_tokens).fit(verses)
    assert list(index.vocabulary_.tokens) == vectorizer.get_feature_names_out().tolist()
    assert abs(index.matrix_ - theirs).max() <= 1e-12
    assert abs(index.transform(verses[:50]) - theirs[:50]).max() <= 1e-12
    np.testing.assert_allclose(index.idf_, vectorizer.idf_, **EXACT)


# ---------------------------------------------------------------------------------------- weighting


@given(count_matrices)
def test_scikit_learn_variant_agrees_with_scikit_learn(counts):
    theirs = TfidfTransformer().fit_transform(counts).toarray()
    np.testing.assert_allclose(tfidf(counts, "scikit-learn"), theirs, **EXACT)
    np.testing.assert_allclose(smooth_idf(counts), TfidfTransformer().fit(counts).idf_, **EXACT)


@given(count_matrices)
def test_log_term_frequency_is_sublinear_tf_of_scikit_learn(counts):
    theirs = (
        TfidfTransformer(norm=None, use_idf=False, sublinear_tf=True)
        .fit_transform(counts)
        .toarray()
    )
    np.testing.assert_allclose(term_frequency(counts, "log"), theirs, **EXACT)


@given(count_matrices)
def test_relative_term_frequency_is_l1_normalisation_of_scikit_learn(counts):
    theirs = TfidfTransformer(norm="l1", use_idf=False).fit_transform(counts).toarray()
    np.testing.assert_allclose(term_frequency(counts), theirs, **EXACT)


@given(count_matrices)
def test_every_term_frequency_follows_its_formula_and_leaves_absent_terms_at_zero(counts):
    for row, weights in zip(counts, term_frequency(counts, "augmented"), strict=True):
        for count, weight in zip(row, weights, strict=True):
            assert weight == (0.5 + 0.5 * count / row.max() if count else 0)
    assert (term_frequency(counts, "raw") == counts).all()
    for variant in ("relative", "raw", "log", "augmented"):
        assert ((term_frequency(counts, variant) > 0) == (counts > 0)).all()


@given(count_matrices)
def test_textbook_tfidf_follows_its_formula_term_by_term(counts):
    weights = tfidf(counts)
    for d, row in enumerate(counts):
        for t, count in enumerate(row):
            documents_with_t = sum(1 for other in counts if other[t])
            expected = (
                count / row.sum() * math.log(len(counts) / documents_with_t) if count else 0.0
            )
            assert weights[d, t] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_errata_example_the_and_cat():
    documents = ["the cat sat on the mat".split(), "the dog sat".split(), "the bird sang".split()]
    vocabulary = sorted({token for document in documents for token in document})
    weights = dict(zip(vocabulary, tfidf(count_matrix(documents, vocabulary))[0], strict=True))
    assert weights["the"] == 0
    assert weights["cat"] == pytest.approx(math.log(3) / 6)


def test_idf_of_a_term_in_every_document_is_zero_and_in_none_infinite():
    np.testing.assert_array_equal(idf([[3, 0], [1, 0]]), [0, np.inf])
    np.testing.assert_array_equal(idf([[2, 1]]), [0, 0])
    assert idf(np.zeros((2, 0))).shape == (0,)


@given(arrays(np.float64, shapes, elements=st.floats(-1e300, 1e300, allow_subnormal=False)))
def test_normalised_rows_have_length_one_at_any_scale(rows):
    length = np.sqrt((l2_normalise(rows) ** 2).sum(axis=1))
    np.testing.assert_allclose(length, (rows != 0).any(axis=1), **EXACT)


@given(count_matrices, st.integers(1, 5), st.randoms(use_true_random=False))
def test_cosine_similarity_agrees_with_scikit_learn(a, n, random):
    b = np.array([[random.randint(-3, 3) for _ in range(a.shape[1])] for _ in range(n)])
    np.testing.assert_allclose(cosine_similarity(a, b), sklearn_cosine(a, b), **EXACT)


@pytest.mark.parametrize(
    "function", [idf, smooth_idf, bm25_idf, tfidf, term_frequency, bm25_weights]
)
def test_inputs_stay_unchanged_and_results_share_no_memory_with_them(function):
    counts = np.array([[2.0, 1, 0], [1, 0, 0]])
    before = counts.copy()
    result = function(counts)
    np.testing.assert_array_equal(counts, before)
    assert not np.shares_memory(result, counts)
    assert not np.shares_memory(term_frequency(counts, "raw"), counts)
    np.testing.assert_array_equal(function(np.asfortranarray(counts)), result)


# --------------------------------------------------------------------------------------------- BM25


@given(count_matrices, st.floats(0, 3), st.floats(0, 1), st.randoms(use_true_random=False))
def test_bm25_follows_its_formula_term_by_term(counts, k1, b, random):
    query = np.array([random.randint(0, 2) for _ in range(counts.shape[1])])
    mean_length = counts.sum() / len(counts)
    scores = bm25(counts, query, k1, b)
    for d, row in enumerate(counts):
        expected = 0.0
        for t, count in enumerate(row):
            if count and query[t]:
                df = sum(1 for other in counts if other[t])
                odds = (len(counts) - df + 0.5) / (df + 0.5)
                penalty = k1 * (1 - b + b * row.sum() / mean_length)
                expected += query[t] * math.log(1 + odds) * count * (k1 + 1) / (count + penalty)
        assert scores[d] == pytest.approx(expected, rel=1e-12)


@given(count_matrices)
def test_bm25_of_several_queries_is_bm25_of_each(counts):
    scores = bm25(counts, counts)
    assert scores.shape == (len(counts), len(counts))
    for query, row in zip(counts, scores, strict=True):
        np.testing.assert_allclose(row, bm25(counts, query), **EXACT)


def test_bm25_without_length_or_repeats_adds_the_idf_of_shared_terms():
    counts = np.array([[5, 1, 0], [0, 2, 9], [1, 0, 0]])
    np.testing.assert_allclose(
        bm25(counts, [1, 1, 0], k1=0, b=0), (counts > 0)[:, :2] @ bm25_idf(counts)[:2], **EXACT
    )


def test_bm25_weight_saturates_below_k1_plus_1_times_idf():
    weights = bm25_weights([[1], [10], [1000]], k1=1.2, b=0)[:, 0] / bm25_idf([[1], [1], [1]])[0]
    assert weights[0] == pytest.approx(1.0)
    assert (np.diff(weights) > 0).all() and weights[-1] < 2.2


def test_bm25_of_empty_documents_is_zero():
    np.testing.assert_array_equal(bm25(np.zeros((2, 3)), [1, 1, 1]), [0, 0])


# --------------------------------------------------------------------------------------- evaluation


@given(
    arrays(
        np.float64,
        st.integers(0, 12),
        elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf]),
    )
)
def test_rank_sorts_by_score_then_by_index(scores):
    assert rank(scores).tolist() == sorted(
        range(len(scores)), key=lambda document: (-scores[document], document)
    )


def test_rank_of_several_queries_ranks_each_row():
    scores = np.array([[1, 3, 2], [0, 0, 1]])
    assert rank(scores).tolist() == [[1, 2, 0], [2, 0, 1]]


@given(
    arrays(
        np.int64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(-50, 50)
    ),
    st.data(),
)
def test_mrr_of_one_relevant_document_is_label_ranking_precision_of_scikit_learn(scores, data):
    # scikit-learn gives tied documents the worst of their ranks; distinct scores leave nothing to
    # convention.
    scores = scores + np.linspace(0, 0.5, scores.shape[1])
    targets = [data.draw(st.integers(0, scores.shape[1] - 1)) for _ in scores]
    truth = np.eye(scores.shape[1])[targets]
    ours = mean_reciprocal_rank(rank(scores), [{target} for target in targets])
    assert ours == pytest.approx(label_ranking_average_precision_score(truth, scores))


def test_reciprocal_rank_takes_the_first_relevant_document():
    assert reciprocal_rank([4, 2, 9], {9, 2}) == 1 / 2
    assert reciprocal_rank(np.array([4, 2, 9]), [4]) == 1
    assert reciprocal_rank([], {1}) == 0
    assert mean_reciprocal_rank([[1, 2], [1, 2], [1, 2]], [{1}, {2}, {3}]) == 0.5


def test_recall_counts_the_share_of_relevant_documents_among_the_first_k():
    assert recall_at_k([4, 2, 9], {2, 9, 7, 8}, k=2) == 1 / 4
    assert recall_at_k([4, 2, 9], {2, 9, 7, 8}, k=10) == 2 / 4
    assert recall_at_k(np.array([4, 2]), {4, 2}, k=2) == 1


def test_bootstrap_interval_agrees_with_scipy():
    values = 1 / np.random.default_rng(1).integers(1, 9, size=200)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", random_state=2
    ).confidence_interval
    assert bootstrap_interval(values, resamples=4000) == pytest.approx(theirs, abs=0.004)
    narrow, wide = bootstrap_interval(values, level=0.5), bootstrap_interval(values, level=0.99)
    assert wide[0] < narrow[0] < values.mean() < narrow[1] < wide[1]


def test_bootstrap_interval_depends_on_the_seed_alone_and_collapses_for_a_constant():
    assert bootstrap_interval([0, 1, 1], seed=3) == bootstrap_interval([0, 1, 1], seed=3)
    assert bootstrap_interval([0.25] * 5) == (0.25, 0.25)


# ------------------------------------------------------------------------------------- sparse paths


@given(count_matrices)
def test_sparse_weights_equal_the_reference(counts):
    sparse = csr_array(counts.astype(float))
    np.testing.assert_allclose(fast.l2_normalise(sparse).toarray(), l2_normalise(counts), **EXACT)
    np.testing.assert_allclose(
        fast.relative_frequency(sparse).toarray(), term_frequency(counts), **EXACT
    )
    np.testing.assert_array_equal(fast.document_frequency(sparse), (counts > 0).sum(axis=0))
    textbook = fast.scale_columns(fast.relative_frequency(sparse), idf(counts))
    np.testing.assert_allclose(textbook.toarray(), tfidf(counts), **EXACT)
    assert (textbook.data != 0).all()  # idf 0 leaves no stored zeros to walk over
    if counts.any():
        ours = fast.bm25_weights(sparse, bm25_idf(counts), counts.sum() / len(counts), 0.9, 0.4)
        np.testing.assert_allclose(ours.toarray(), bm25_weights(counts, 0.9, 0.4), **EXACT)


@st.composite
def searches(draw):
    """Whole-number weights: sums are exact in any order, so ties are ties."""
    documents = draw(arrays(np.int64, shapes, elements=st.integers(-2, 2)))
    queries = draw(
        arrays(np.int64, (draw(st.integers(0, 5)), documents.shape[1]), elements=st.integers(-2, 2))
    )
    return documents, queries


@settings(max_examples=50)
@given(searches(), st.data())
def test_inverted_index_ranks_as_the_dense_product_does(search, data):
    documents, queries = search
    scores = queries @ documents.T
    order = rank(scores)
    index = fast.postings(csr_array(documents.astype(float)))
    sparse_queries = csr_array(queries.astype(float))
    k = data.draw(st.integers(1, len(documents)))
    best, best_scores = fast.top_k(sparse_queries, index, k)
    np.testing.assert_array_equal(best, order[:, :k])
    np.testing.assert_array_equal(best_scores, np.take_along_axis(scores, best, axis=1))
    targets = np.array([data.draw(st.integers(0, len(documents) - 1)) for _ in queries], dtype=int)
    ranks = fast.target_ranks(sparse_queries, index, targets)
    expected = [row.tolist().index(target) + 1 for row, target in zip(order, targets, strict=True)]
    assert ranks.tolist() == expected


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 130))
def test_top_k_agrees_with_a_dense_sort_over_many_documents(seed, k):
    rng = np.random.default_rng(seed)  # more documents than one skip, more queries than one task
    documents = rng.integers(0, 3, (400, 6)) * (rng.random((400, 6)) < 0.4)
    queries = rng.integers(0, 3, (150, 6))
    scores = queries @ documents.T
    best, best_scores = fast.top_k(
        csr_array(queries * 1.0), fast.postings(csr_array(documents * 1.0)), k
    )
    np.testing.assert_array_equal(best, rank(scores)[:, :k])
    np.testing.assert_array_equal(best_scores, -np.sort(-scores, axis=1)[:, :k])


def test_result_does_not_depend_on_the_number_of_threads(verses):
    import numba

    index = Bm25Index().fit(verses)
    before = numba.get_num_threads()
    many = index.search(verses[:200], k=5)
    try:
        numba.set_num_threads(1)
        one = index.search(verses[:200], k=5)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(many[0], one[0])
    np.testing.assert_array_equal(many[1], one[1])


# --------------------------------------------------------------------------------------- the models

INDEXES = {
    "textbook": lambda **kw: TfidfIndex(**kw),
    "scikit-learn": lambda **kw: TfidfIndex("scikit-learn", **kw),
    "bm25": lambda **kw: Bm25Index(k1=0.9, b=0.4, **kw),
}


def reference_scores(name, counts, queries):
    if name == "bm25":
        return bm25(counts, queries, k1=0.9, b=0.4)
    factors = (
        smooth_idf(counts)
        if name == "scikit-learn"
        else np.where((counts > 0).any(axis=0), idf(counts), 0)
    )
    return cosine_similarity(queries * factors, counts * factors)


@pytest.mark.parametrize("name", INDEXES)
def test_index_scores_and_ranks_as_the_reference(name, verses):
    documents = [text.lower().split() for text in verses[:300]]
    queries = [[*document[1::2], "unheard-of"] for document in documents[:60]]
    index = INDEXES[name](tokenizer=None).fit(documents)
    counts = count_matrix(documents, index.vocabulary_)
    scores = reference_scores(name, counts, count_matrix(queries, index.vocabulary_))
    best, best_scores = index.search(queries, k=7)
    np.testing.assert_allclose(best_scores, -np.sort(-scores, axis=1)[:, :7], **EXACT)
    np.testing.assert_allclose(np.take_along_axis(scores, best, axis=1), best_scores, **EXACT)
    targets = np.arange(len(queries))
    ranks = index.ranks(queries, targets)
    right = scores[targets, targets][:, None]
    # rounding may order near-ties either way
    assert (ranks > (scores > right + 1e-9).sum(axis=1)).all()
    assert (ranks <= (scores > right - 1e-9).sum(axis=1)).all()
    for query, target in zip(range(len(queries)), targets, strict=True):
        everything, _ = index.search(queries[query : query + 1], k=len(documents))
        assert everything[0, ranks[query] - 1] == target


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("cuts", [(1, 2), (40, 41, 300), (299,), (150, 150)])
def test_documents_added_give_the_index_of_all(name, cuts, verses):
    """To the last bit: matrix, vocabulary, answers."""
    whole = INDEXES[name]().fit(verses[:301])
    index = INDEXES[name]().fit(verses[: cuts[0]])
    for first, last in itertools.pairwise((*cuts, 301)):
        assert index.add(verses[first:last]) is index
    assert index.vocabulary_.tokens == whole.vocabulary_.tokens
    assert index.vocabulary_.counts.tolist() == whole.vocabulary_.counts.tolist()
    assert index.matrix_.has_sorted_indices
    for part in ("data", "indices", "indptr"):
        assert getattr(index.matrix_, part).tolist() == getattr(whole.matrix_, part).tolist()
    ours, theirs = index.search(verses[:40], k=9), whole.search(verses[:40], k=9)
    assert (ours[0] == theirs[0]).all() and (ours[1] == theirs[1]).all()


def test_documents_are_added_to_a_fitted_index_only(verses):
    with pytest.raises(ValueError, match="Bm25Index.add: this Bm25Index has not seen any"):
        Bm25Index().add(verses[:2])
    index = Bm25Index().fit(verses[:2])
    with pytest.raises(TypeError, match="Bm25Index.add: expected a list of documents"):
        index.add(verses[0])
    assert index.add(["", " "]).matrix_.shape[0] == 4
    assert index.add(iter([])).matrix_.shape[0] == 4


@pytest.mark.parametrize("name", INDEXES)
def test_transform_of_the_fitted_documents_is_the_fitted_matrix(name, verses):
    index = INDEXES[name]()
    matrix = index.fit_transform(verses[:100])
    assert abs(index.transform(verses[:100]) - matrix).max() == 0
    assert matrix.shape == (100, len(index.vocabulary_))
    assert index.transform(["xyzzy"]).nnz == 0
    assert index.transform([]).shape == (0, len(index.vocabulary_))


def test_textbook_matrix_is_the_reference(verses):
    documents = [text.split() for text in verses[:80]]
    index = TfidfIndex(tokenizer=None).fit(documents)
    np.testing.assert_allclose(
        index.matrix_.toarray(), tfidf(count_matrix(documents, index.vocabulary_)), **EXACT
    )


def test_a_query_without_a_known_word_ties_everywhere():
    index = TfidfIndex().fit(["one two", "two three", "three four"])
    documents, scores = index.search(["xyzzy", ""], k=3)
    assert documents.tolist() == [[0, 1, 2]] * 2
    assert not scores.any()
    assert index.ranks(["xyzzy"], [2]).tolist() == [3]


def test_documents_that_are_equal_tie_and_the_first_wins(verses):
    index = Bm25Index().fit([*verses[:50], *verses[:50]])
    best, scores = index.search(verses[:50], k=2)
    assert best[:, 0].tolist() == list(range(50))
    assert best[:, 1].tolist() == list(range(50, 100))
    np.testing.assert_array_equal(scores[:, 0], scores[:, 1])


def test_verses_find_themselves_in_another_translation_and_bm25_does_so_best():
    queries, documents = bible("bbe").verses[:3000], bible("kjv").verses[:3000]
    targets = np.arange(3000)
    indexes = TfidfIndex(), TfidfIndex("scikit-learn"), Bm25Index()
    textbook, smoothed, okapi = (
        (1 / index.fit(documents).ranks(queries, targets)).mean() for index in indexes
    )
    assert 0.7 < textbook < smoothed < okapi < 1


def test_top_terms_name_a_book():
    text = bible("kjv")
    books = [[] for _ in text.books]
    for verse, verse_id in zip(text.verses, text.ids, strict=True):
        books[verse_id // 1_000_000 - 1].append(verse)
    index = TfidfIndex().fit([" ".join(book) for book in books])
    jonah, ruth = text.books.index("Jonah"), text.books.index("Ruth")
    assert [term for term, _ in index.top_terms(jonah, 3)] == ["jonah", "gourd", "nineveh"]
    together = dict(index.top_terms([jonah, ruth], 4))
    assert {"jonah", "naomi"} <= together.keys()
    assert together["jonah"] == pytest.approx(dict(index.top_terms(jonah, 1))["jonah"] / 2)


def test_top_terms_leave_out_weight_zero():
    index = TfidfIndex().fit(["same", "same other"])
    assert index.top_terms(0, k=5) == []
    assert [term for term, _ in index.top_terms(1, k=5)] == ["other"]


def test_using_an_index_before_fit_says_so():
    for call in (
        lambda index: index.search(["a"]),
        lambda index: index.transform(["a"]),
        lambda index: index.ranks(["a"], [0]),
        lambda index: index.top_terms(0),
    ):
        for index in (TfidfIndex(), Bm25Index()):
            with pytest.raises(
                NotFittedError, match=type(index).__name__ + r".*call fit\(documents\) first"
            ):
                call(index)


# ---------------------------------------------------------------------------------------- bad input

FITTED = TfidfIndex().fit(["one two", "two three"])
EYE = csr_array(np.eye(2))
POSTINGS = fast.postings(EYE)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            ValueError,
            r"idf: counts must have shape \(documents, terms\), got shape \(3,\)",
            lambda: idf([1, 2, 3]),
        ),
        (
            ValueError,
            r"idf: .*at least 1 document, got shape \(0, 3\)",
            lambda: idf(np.zeros((0, 3))),
        ),
        (ValueError, "smooth_idf: .*at least 1 document", lambda: smooth_idf(np.zeros((0, 3)))),
        (
            ValueError,
            "tfidf: .*not negative, got -1.0 in row 1, column 0",
            lambda: tfidf([[1, 1], [-1, 0]]),
        ),
        (
            ValueError,
            "bm25_weights: .*finite and not negative, got nan",
            lambda: bm25([[np.nan]], [1]),
        ),
        (
            ValueError,
            "term_frequency: variant .*augmented', got 'double'",
            lambda: term_frequency([[1]], "double"),
        ),
        (ValueError, "tfidf: variant must be .textbook. or", lambda: tfidf([[1]], "sklearn")),
        (ValueError, "bm25_weights: k1 .*got -1", lambda: bm25([[1]], [1], k1=-1)),
        (ValueError, "bm25_weights: b .*got 1.5", lambda: bm25([[1]], [1], b=1.5)),
        (
            ValueError,
            r"bm25: query_counts .*terms = 2.*got shape \(3,\)",
            lambda: bm25([[1, 1]], [1, 0, 1]),
        ),
        (ValueError, "bm25: query_counts must be finite and", lambda: bm25([[1, 1]], [1, -1])),
        (
            ValueError,
            "cosine_similarity: rows of a have 1 .* b have 2",
            lambda: cosine_similarity([[1]], [[1, 2]]),
        ),
        (
            ValueError,
            "cosine_similarity: b must be finite",
            lambda: cosine_similarity([[1]], [[np.inf]]),
        ),
        (ValueError, "l2_normalise: rows must have shape", lambda: l2_normalise([1, 2])),
        (
            TypeError,
            "count_matrix: document 0 .*the str 'the cat'",
            lambda: count_matrix(["the cat"], ["the"]),
        ),
        (TypeError, "count_matrix: document 0 must be integers", lambda: count_matrix([[0.5]], 2)),
        (
            ValueError,
            "count_matrix: document 1 must lie between 0 and 1, got -1",
            lambda: count_matrix([[], [-1]], 2),
        ),
        (ValueError, "rank: scores must not hold NaN", lambda: rank([1, np.nan])),
        (ValueError, "rank: .*got a scalar", lambda: rank(1.0)),
        (ValueError, "reciprocal_rank: relevant must name", lambda: reciprocal_rank([1], [])),
        (ValueError, "mean_reciprocal_rank: .*got none", lambda: mean_reciprocal_rank([], [])),
        (
            ValueError,
            "mean_reciprocal_rank: .*got 1 and 2",
            lambda: mean_reciprocal_rank([[1]], [{1}, {2}]),
        ),
        (ValueError, "recall_at_k: k must be at least 1, got 0", lambda: recall_at_k([1], {1}, 0)),
        (ValueError, "recall_at_k: relevant must name", lambda: recall_at_k([1], set(), 1)),
        (ValueError, "bootstrap_interval: values must not be", lambda: bootstrap_interval([])),
        (
            ValueError,
            "bootstrap_interval: values must be finite",
            lambda: bootstrap_interval([1, np.nan]),
        ),
        (
            ValueError,
            "bootstrap_interval: level .*got 95",
            lambda: bootstrap_interval([1, 2], level=95),
        ),
        (
            ValueError,
            "bootstrap_interval: resamples .*got 0",
            lambda: bootstrap_interval([1, 2], resamples=0),
        ),
        (TypeError, "count_terms: document 0 .*the string 'ab'", lambda: fast.count_terms(["ab"])),
        (TypeError, "count_words: texts must be a sequence", lambda: fast.count_words("ab")),
        (
            TypeError,
            "count_words: document 1 must be a str, got bytes",
            lambda: fast.count_words(["a", b"b"]),
        ),
        (ValueError, "count_words: minimum_length .*got 0", lambda: fast.count_words(["a"], 0)),
        (
            ValueError,
            "counts_from_ids: ids must lie between 0 and 1, got",
            lambda: fast.counts_from_ids([0, 2], [0, 2], 2),
        ),
        (
            ValueError,
            "counts_from_ids: offsets must rise",
            lambda: fast.counts_from_ids([0, 1], [0, 1], 2),
        ),
        (
            ValueError,
            "counts_from_ids: offsets must rise",
            lambda: fast.counts_from_ids([0, 1], [0, 2, 1, 2], 2),
        ),
        (
            ValueError,
            "top_k: k must lie between 1 and 2, got",
            lambda: fast.top_k(EYE, POSTINGS, 3),
        ),
        (
            ValueError,
            "top_k: queries have 3 .* index has 2",
            lambda: fast.top_k(csr_array((1, 3)), POSTINGS, 1),
        ),
        (
            ValueError,
            r"target_ranks: targets must have shape \(2,\)",
            lambda: fast.target_ranks(EYE, POSTINGS, [0]),
        ),
        (
            ValueError,
            "target_ranks: targets .*between 0 and 1",
            lambda: fast.target_ranks(EYE, POSTINGS, [0, 2]),
        ),
        (
            TypeError,
            "target_ranks: targets .*integers",
            lambda: fast.target_ranks(EYE, POSTINGS, [0.0, 1.0]),
        ),
        (ValueError, "TfidfIndex: variant must be", lambda: TfidfIndex("cosine").fit(["a"])),
        (ValueError, "Bm25Index: k1 .*got -0.1", lambda: Bm25Index(k1=-0.1).fit(["a"])),
        (
            ValueError,
            r"Bm25Index: b must lie between 0 and 1, got 2",
            lambda: Bm25Index(b=2).fit(["a"]),
        ),
        (ValueError, "TfidfIndex.fit: .*at least one document", lambda: TfidfIndex().fit([])),
        (
            ValueError,
            "Bm25Index.fit: no token in any of the 2",
            lambda: Bm25Index().fit(["", "..."]),
        ),
        (TypeError, "TfidfIndex.fit: .*got one string", lambda: TfidfIndex().fit("one two")),
        (
            TypeError,
            "TfidfIndex.fit: document 0 must be a string, got a list",
            lambda: TfidfIndex().fit([["a"]]),
        ),
        (
            TypeError,
            "fit: document 0 must be a sequence of tokens",
            lambda: TfidfIndex(tokenizer=None).fit(["a"]),
        ),
        (TypeError, "TfidfIndex.search: .*got one string", lambda: FITTED.search("one")),
        (
            ValueError,
            "TfidfIndex.search: k must be at least 1, got 0",
            lambda: FITTED.search(["one"], k=0),
        ),
        (TypeError, "integer", lambda: FITTED.search(["one"], k=2.0)),
        (
            ValueError,
            r"TfidfIndex.top_terms: rows must lie between 0 and 1, got 2",
            lambda: FITTED.top_terms(2),
        ),
        (
            ValueError,
            r"TfidfIndex.top_terms: rows must lie between 0 and 1, got -1",
            lambda: FITTED.top_terms(-1),
        ),
        (
            ValueError,
            "TfidfIndex.top_terms: rows must name at least one",
            lambda: FITTED.top_terms([]),
        ),
        (
            ValueError,
            "TfidfIndex.top_terms: k must be at least 1",
            lambda: FITTED.top_terms(0, k=0),
        ),
    ],
)
def test_bad_input_is_named(error, message, call):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("kind", [TfidfIndex, Bm25Index])
def test_fewer_documents_than_asked_for_are_all_of_them(kind) -> None:
    found, scores = kind().fit(["a b", "b c"]).search(["a"])
    assert found.tolist() == [[0, 1]] and scores.shape == (1, 2)
