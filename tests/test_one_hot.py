"""One-hot rows, lookup, its gradient and the hashing trick, against scikit-learn, torch and finite
differences."""

import itertools
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import coo_array, csr_array
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import OneHotEncoder as SklearnOneHotEncoder

from embcourse.checking import find, judge
from embcourse.checking.report import Report
from embcourse.one_hot import (
    HashingEncoder,
    OneHotEncoder,
    expected_distinct,
    fast,
    fnv1a,
    hashed_ids,
    lookup,
    lookup_gradient,
    memory_bytes,
    one_hot,
)
from embcourse.text import Vocabulary
from tests.gradients import by_differences

EXACT = {"rtol": 1e-12, "atol": 1e-12}
WORDS = ["king", "queen", "man", "woman", "Ärger"]
words = st.lists(st.sampled_from(WORDS), max_size=12)
numbers = st.floats(-100, 100, allow_subnormal=False)


@st.composite
def lookups(draw):
    """Ids with repeats, a table, and an upstream gradient; any of the sizes may be 1, and there may
    be no token."""
    size, d = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    ids = draw(arrays(np.int64, st.integers(0, 9), elements=st.integers(0, size - 1)))
    table = draw(arrays(np.float64, (size, d), elements=numbers))
    upstream = draw(arrays(np.float64, (ids.size, d), elements=numbers))
    return ids, table, upstream


# ------------------------------------------------------------------------------------------ one-hot


@given(st.integers(1, 8), st.data())
def test_rows_agree_with_scikit_learn_and_torch(size, data):
    ids = np.array(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=10)))
    ours = one_hot(ids, size)
    theirs = (
        SklearnOneHotEncoder(categories=[np.arange(size)]).fit_transform(ids[:, None]).toarray()
    )
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(
        ours, torch.nn.functional.one_hot(torch.from_numpy(ids), size).numpy()
    )
    np.testing.assert_array_equal(fast.one_hot(ids, size).toarray(), ours)
    assert ours.dtype == np.float64


def test_every_pair_of_words_is_orthogonal_and_equally_far_apart():
    rows = one_hot(range(20), 20)
    np.testing.assert_array_equal(rows @ rows.T, np.eye(20))
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    np.testing.assert_allclose(distances, np.sqrt(2) * (1 - np.eye(20)), **EXACT)


@pytest.mark.parametrize("encode", [one_hot, lambda ids, size: fast.one_hot(ids, size).toarray()])
def test_no_token_and_no_word_give_empty_matrices(encode):
    assert encode([], 3).shape == (0, 3)
    assert encode([], 0).shape == (0, 0)
    assert encode([0], 1).tolist() == [[1.0]]


def test_sparse_rows_keep_the_dtype_that_was_asked_for():
    assert fast.one_hot([1, 0], 2, np.float32).dtype == np.float32
    assert fast.one_hot(np.array([1, 0], np.uint8), 2).toarray().tolist() == [[0, 1], [1, 0]]


# ------------------------------------------------------------------------------------------- lookup


@given(lookups())
def test_lookup_as_a_product_equals_indexing_and_torch(case):
    ids, table, _ = case
    expected = torch.nn.functional.embedding(torch.from_numpy(ids), torch.from_numpy(table)).numpy()
    np.testing.assert_array_equal(lookup(ids, table), expected)
    np.testing.assert_array_equal(fast.lookup(ids, table), expected)
    np.testing.assert_allclose(fast.one_hot(ids, len(table)) @ table, expected, **EXACT)


def test_fast_lookup_copies_and_keeps_the_dtype():
    table = np.arange(6, dtype=np.float16).reshape(3, 2)
    rows = fast.lookup([2, 2], table)
    assert rows.dtype == np.float16 and not np.shares_memory(rows, table)


@given(lookups(), st.booleans())
def test_gradient_agrees_with_torch_dense_and_sparse(case, sparse):
    ids, table, upstream = case
    embedding = torch.nn.Embedding.from_pretrained(
        torch.from_numpy(table.copy()), freeze=False, sparse=sparse
    )
    embedding(torch.from_numpy(ids)).backward(torch.from_numpy(upstream))
    gradient = embedding.weight.grad
    expected = (gradient.to_dense() if sparse else gradient).numpy()
    np.testing.assert_allclose(lookup_gradient(ids, upstream, len(table)), expected, **EXACT)
    np.testing.assert_allclose(fast.lookup_gradient(ids, upstream, len(table)), expected, **EXACT)
    touched, rows = fast.lookup_gradient_rows(ids, upstream)
    assert touched.tolist() == sorted(set(ids.tolist()))
    np.testing.assert_allclose(rows, expected[touched], **EXACT)
    if sparse:
        assert gradient.coalesce().indices()[0].tolist() == touched.tolist()


@given(lookups())
def test_gradient_agrees_with_finite_differences(case):
    ids, table, upstream = case

    def loss(table):
        rows = lookup(ids, table)
        return (upstream * rows + 0.5 * rows**2).sum()

    analytic = lookup_gradient(ids, upstream + lookup(ids, table), len(table))
    # The loss is quadratic: central differences err by rounding alone.
    np.testing.assert_allclose(
        by_differences(loss, table, step=1e-3), analytic, rtol=1e-6, atol=1e-4
    )


def test_repeated_ids_add_up_where_indexed_assignment_would_keep_one():
    ids, upstream = [1, 1, 1], np.array([[1.0], [2.0], [4.0]])
    assert lookup_gradient(ids, upstream, 3).tolist() == [[0], [7], [0]]
    lossy = np.zeros((3, 1))
    lossy[ids] += upstream
    assert lossy.tolist() == [[0], [4], [0]]


def test_gradient_takes_views_and_leaves_its_inputs_alone():
    upstream = np.arange(24.0).reshape(4, 6)[:, ::2]
    ids = np.array([3, 0, 9, 0])[[0, 1, 3, 3]]
    before = upstream.copy(), ids.copy()
    expected = lookup_gradient(ids, upstream.copy(), 5)
    np.testing.assert_array_equal(fast.lookup_gradient(ids, upstream, 5), expected)
    np.testing.assert_array_equal(lookup_gradient(ids, upstream, 5), expected)
    np.testing.assert_array_equal(upstream, before[0])
    np.testing.assert_array_equal(ids, before[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fast_gradient_of_many_repeats_stays_within_rounding(dtype):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 7, size=5000)
    upstream = rng.normal(size=(5000, 3)).astype(dtype)
    gradient = fast.lookup_gradient(ids, upstream, 7)
    expected = lookup_gradient(ids, upstream, 7)
    magnitude = lookup_gradient(ids, np.abs(upstream), 7)
    repeats = np.bincount(ids)[:, None]
    assert gradient.dtype == dtype
    # n additions in order err by at most n * eps * sum |x|.
    assert (np.abs(gradient - expected) <= repeats * np.finfo(dtype).eps * magnitude).all()


def test_gradient_without_tokens_is_zero():
    assert not lookup_gradient([], np.zeros((0, 2)), 3).any()
    assert fast.lookup_gradient([], np.zeros((0, 2)), 3).shape == (3, 2)
    touched, rows = fast.lookup_gradient_rows([], np.zeros((0, 2)))
    assert touched.size == 0 and rows.shape == (0, 2)


def embedding_and_sparse_gradient():
    """A layer of 6 words with sparse gradients, and a function that takes one step for some ids and
    gives the table."""
    layer = torch.nn.Embedding.from_pretrained(torch.ones(6, 2), freeze=False, sparse=True)

    def step(optimiser, ids):
        optimiser.zero_grad()
        layer(torch.tensor(ids)).sum().backward()
        optimiser.step()
        return layer.weight.detach().clone()

    return layer, step


def test_adam_refuses_sparse_gradients_and_sparse_adam_moves_only_the_rows_it_is_handed():
    layer, step = embedding_and_sparse_gradient()
    with pytest.raises(RuntimeError, match="does not support sparse gradients"):
        step(torch.optim.Adam(layer.parameters()), [4, 1, 4])
    optimiser = torch.optim.SparseAdam(list(layer.parameters()))
    first, second = step(optimiser, [4, 1, 4]), step(optimiser, [1])
    assert (first != 1).any(axis=1).tolist() == [False, True, False, False, True, False]
    assert (second != first).any(axis=1).tolist() == [False, True, False, False, False, False]


def test_adam_with_dense_gradients_moves_rows_that_the_batch_did_not_look_up():
    layer = torch.nn.Embedding.from_pretrained(torch.ones(6, 2), freeze=False)
    optimiser = torch.optim.Adam(layer.parameters())
    after = []
    for ids in ([4], [1]):
        optimiser.zero_grad()
        layer(torch.tensor(ids)).sum().backward()
        optimiser.step()
        after.append(layer.weight.detach().clone())
    assert (after[1][4] != after[0][4]).all()


def test_the_loss_still_falls_when_repeats_are_lost():
    rng = np.random.default_rng(0)
    ids, target = rng.integers(0, 5, size=40), rng.normal(size=(40, 3))
    table = np.zeros((5, 3))
    losses = []
    for _ in range(5):
        upstream = table[ids] - target
        losses.append(0.5 * (upstream**2).sum())
        lost = np.zeros_like(table)
        lost[ids] += upstream
        table -= 0.05 * lost
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


def test_rows_of_ones_and_zeros_make_an_intercept_redundant():
    rows = one_hot([0, 1, 2, 0, 1], 3)
    assert np.linalg.matrix_rank(np.column_stack([np.ones(5), rows])) == 3


def test_torch_fills_in_the_zeros_in_64_bit_integers():
    rows = torch.nn.functional.one_hot(torch.tensor([1, 0]), 3)
    assert (
        rows.dtype == torch.int64 and not rows.is_sparse and rows.tolist() == [[0, 1, 0], [1, 0, 0]]
    )


# ------------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tokens", [0, 1, 50])
def test_memory_is_what_the_arrays_take(tokens, dtype):
    ids = np.arange(tokens, dtype=np.int32) % 7
    width = np.dtype(dtype).itemsize
    rows = fast.one_hot(ids, 7, dtype)
    assert memory_bytes(tokens, 7, "dense", value_bytes=width) == rows.toarray().nbytes
    stored = sum(part.nbytes for part in (rows.data, rows.indices, rows.indptr))
    assert memory_bytes(tokens, 7, "csr", value_bytes=width) == stored
    assert memory_bytes(tokens, 7, "indices") == ids.nbytes


# ------------------------------------------------------------------------------------------ hashing


@pytest.mark.parametrize(
    ("token", "expected"),
    # Test vectors of the algorithm's authors.
    [("", 0xCBF29CE484222325), ("a", 0xAF63DC4C8601EC8C), ("foobar", 0x85944171F73967E8)],
)
def test_fnv1a_gives_the_published_values(token, expected):
    assert fnv1a(token) == expected


def test_hashes_do_not_depend_on_the_process():
    code = (
        "from embcourse.one_hot import hashed_ids; print(hashed_ids(['king', 'Ärger'],"
        " 1000).tolist())"
    )
    ids = {
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code],
            env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for salt in ("1", "2")
    }
    assert ids == {str(hashed_ids(["king", "Ärger"], 1000).tolist())}


@given(
    st.lists(st.text(max_size=6), max_size=15), st.integers(1, 50), st.integers(0, 5), st.booleans()
)
def test_fast_hashing_equals_the_reference(tokens, buckets, seed, signed):
    ours = fast.hashed_ids(iter(tokens), buckets, seed, signed=signed)
    expected = hashed_ids(tokens, buckets, seed, signed=signed)
    np.testing.assert_array_equal(ours, expected)
    ids = ours[0] if signed else ours
    assert ids.shape == (len(tokens),)
    assert ((ids >= 0) & (ids < buckets)).all()


TOKENS = [f"token {i}" for i in range(20_000)]


@pytest.mark.parametrize("buckets", [64, 1000, 20_000, 2**20])
def test_occupied_buckets_match_the_expected_number(buckets):
    n = len(TOKENS)
    # Var = B(B-1)(1-2/B)^n + B(1-1/B)^n - B^2 (1-1/B)^2n is at most the mean number of empty
    # buckets.
    empty = buckets - expected_distinct(n, buckets)
    occupied = len(set(fast.hashed_ids(TOKENS, buckets).tolist()))
    assert abs(occupied - expected_distinct(n, buckets)) <= 5 * np.sqrt(min(empty, n)) + 1


@pytest.mark.parametrize("buckets", [2, 16, 1000])
def test_signs_are_fair_in_every_bucket(buckets):
    ids, signs = fast.hashed_ids(TOKENS, buckets, signed=True)
    assert set(signs) == {-1.0, 1.0}
    excess = np.bincount(ids, weights=signs, minlength=buckets) / np.sqrt(
        np.bincount(ids, minlength=buckets)
    )
    assert np.abs(excess).max() < 5  # standard deviations


def test_signed_inner_products_are_right_on_average_and_unsigned_ones_are_not():
    left, right = TOKENS[:60], TOKENS[40:100]  # 20 in common
    products = {signed: [] for signed in (True, False)}
    for seed in range(300):
        for signed, found in products.items():
            encoder = HashingEncoder(50, seed, signed=signed)
            found.append(encoder.transform(left).sum(axis=0) @ encoder.transform(right).sum(axis=0))
    error = np.std(products[True]) / np.sqrt(300)
    assert abs(np.mean(products[True]) - 20) < 4 * error
    # every pair of strangers meets with probability 1/50: 3,580 / 50
    assert np.mean(products[False]) > 20 + 40


def test_anagrams_and_neighbours_do_not_share_their_parity():
    ids = hashed_ids([a + b for a in "abcdefgh" for b in "ijklmnop"], 2)
    reverse = hashed_ids([b + a for a in "abcdefgh" for b in "ijklmnop"], 2)
    assert 0.2 < (ids == reverse).mean() < 0.8


@pytest.mark.parametrize(
    ("n", "buckets", "expected"), [(0, 5, 0), (1, 5, 1), (7, 1, 1), (0, 1, 0), (2, 2, 1.5)]
)
def test_expected_distinct_on_cases_that_a_pencil_can_check(n, buckets, expected):
    assert expected_distinct(n, buckets) == pytest.approx(expected)


def test_the_lowest_bit_of_fnv1a_is_the_same_for_anagrams_and_the_next_is_not():
    words = ["".join(letters) for letters in itertools.permutations("steal")]
    assert len({fnv1a(word) & 1 for word in words}) == 1
    assert len({fnv1a(word) & 2 for word in words}) == 2


def test_the_highest_bit_of_fnv1a_hardly_sees_the_last_letter_until_it_is_mixed():
    stems = [token for token in TOKENS if len(token) == 10][:500]
    same, mixed = [], []
    for stem in stems:
        one, other = fnv1a(stem + "a"), fnv1a(stem + "b")
        same.append(one >> 63 == other >> 63)
        mixed.append(hashed_ids([stem + "a", stem + "b"], 7, signed=True)[1].prod() > 0)
    assert np.mean(same) > 0.95
    assert 0.4 < np.mean(mixed) < 0.6


@given(
    arrays(np.float64, (2, 12), elements=st.integers(0, 5)), st.integers(1, 6), st.integers(0, 99)
)
def test_without_signs_collisions_only_enlarge_the_inner_product_of_counts(texts, buckets, seed):
    ids = hashed_ids([f"word {i}" for i in range(12)], buckets, seed)
    x, y = (np.bincount(ids, counts, minlength=buckets) for counts in texts)
    assert x @ y >= texts[0] @ texts[1]


def test_collisions_move_the_cosine_either_way():
    def cosine(x, y):
        return np.dot(x, y) / np.linalg.norm(x) / np.linalg.norm(y)

    # the last two words share a bucket
    assert cosine([3, 2], [3, 0]) < cosine([3, 1, 1], [3, 0, 0])
    assert cosine([1], [1]) > cosine([1, 0], [0, 1])


def test_expected_distinct_keeps_its_digits_for_many_buckets():
    assert 1000 - expected_distinct(1000, 10**15) == pytest.approx(1000 * 999 / 2 / 10**15, rel=0.1)


# ----------------------------------------------------------------------------------------- encoders


@given(words)
def test_encoder_agrees_with_scikit_learn_and_inverts_itself(tokens):
    ours = OneHotEncoder(WORDS)
    rows = ours.transform(tokens)
    assert rows.shape == (len(tokens), len(WORDS))
    assert ours.inverse_transform(rows) == ours.inverse_transform(rows.toarray()) == tokens
    if tokens:
        theirs = SklearnOneHotEncoder(categories=[np.array(WORDS, object)])
        column = np.array(tokens, object)[:, None]
        np.testing.assert_array_equal(rows.toarray(), theirs.fit_transform(column).toarray())


def test_unknown_token_follows_the_policy_of_the_vocabulary():
    with pytest.raises(KeyError, match="'dog'"):
        OneHotEncoder(Vocabulary(["cat"])).transform(["cat", "dog"])
    replace = OneHotEncoder(Vocabulary(["<unk>", "cat"], unknown="replace"))
    assert replace.inverse_transform(replace.transform(["cat", "dog"])) == ["cat", "<unk>"]
    drop = OneHotEncoder(Vocabulary(["cat"], unknown="drop"))
    rows = drop.transform(["dog", "cat", "dog"])
    assert drop.inverse_transform(rows) == [None, "cat", None]
    theirs = SklearnOneHotEncoder(categories=[["cat"]], handle_unknown="ignore")
    expected = theirs.fit(np.array([["cat"]], object)).transform(
        np.array([["dog"], ["cat"], ["dog"]], object)
    )
    np.testing.assert_array_equal(rows.toarray(), expected.toarray())


def test_inverse_takes_unsorted_and_duplicate_sparse_entries():
    encoder = OneHotEncoder(["a", "b"])
    rows = coo_array(([0.5, 1.0, 0.5, 0.0], ([0, 1, 0, 1], [1, 0, 1, 1])), shape=(3, 2))
    assert encoder.inverse_transform(rows) == ["b", "a", None]


def test_inverse_leaves_its_input_unchanged():
    rows = csr_array(([0.5, 0.5], [1, 1], [0, 2]), shape=(1, 2))
    OneHotEncoder(["a", "b"]).inverse_transform(rows)
    assert rows.nnz == 2


@given(words)
def test_summed_hashed_rows_count_as_the_hashing_vectorizer_does_up_to_its_hash(tokens):
    buckets = 2**20  # so many that the few words do not collide
    counts = HashingEncoder(buckets).transform(tokens).sum(axis=0)
    vectorizer = HashingVectorizer(
        analyzer=list, n_features=buckets, norm=None, alternate_sign=False
    )
    theirs = vectorizer.transform([tokens])
    assert sorted(counts[counts > 0]) == sorted(theirs.data)


@given(words)
def test_signed_rows_differ_from_unsigned_ones_in_sign_only(tokens):
    signed, unsigned = (
        HashingEncoder(16, 3, signed=flag).transform(tokens) for flag in (True, False)
    )
    np.testing.assert_array_equal(abs(signed).toarray(), unsigned.toarray())
    assert (unsigned.data == 1).all()


# ---------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            ValueError,
            "one_hot: ids must lie between 0 and 2, got 3 at position 1",
            lambda: one_hot([0, 3], 3),
        ),
        (
            ValueError,
            "one_hot: ids must lie between 0 and 2, got -1 at position 0",
            lambda: fast.one_hot([-1], 3),
        ),
        (
            ValueError,
            r"one_hot: ids must be 1-D, got shape \(1, 2\)",
            lambda: one_hot([[0, 1]], 3),
        ),
        (TypeError, "one_hot: ids must be integers, got float64", lambda: one_hot([0.0], 3)),
        (TypeError, "one_hot: ids must be integers, got bool", lambda: one_hot([True], 3)),
        (ValueError, "one_hot: size must be at least 0, got -1", lambda: one_hot([], -1)),
        (ValueError, "one_hot: size must be at least 0, got -1", lambda: fast.one_hot([], -1)),
        (ValueError, "lookup: ids must lie between 0 and 1, got 2", lambda: lookup([2], np.eye(2))),
        (
            ValueError,
            "lookup: ids must lie between 0 and 1, got -1",
            lambda: fast.lookup([-1], np.eye(2)),
        ),
        (ValueError, r"lookup: table must have shape \(size, d\)", lambda: lookup([0], [1.0])),
        (ValueError, r"lookup: table must have shape \(size, d\)", lambda: fast.lookup([0], [1.0])),
        (ValueError, "lookup: table must be finite", lambda: lookup([0], [[1.0], [np.inf]])),
        (
            ValueError,
            "lookup_gradient: upstream .*tokens = 1, got shape",
            lambda: lookup_gradient([0], np.eye(2), 2),
        ),
        (
            ValueError,
            "lookup_gradient: upstream .*tokens = 1",
            lambda: fast.lookup_gradient([0], np.eye(2), 2),
        ),
        (
            ValueError,
            "lookup_gradient: ids must lie",
            lambda: lookup_gradient([2], np.ones((1, 1)), 2),
        ),
        (
            ValueError,
            "lookup_gradient_rows: ids must be at least 0",
            lambda: fast.lookup_gradient_rows([-2], np.ones((1, 1))),
        ),
        (
            TypeError,
            "lookup_gradient: .*floating",
            lambda: fast.lookup_gradient([0], np.ones((1, 1), int), 2),
        ),
        (ValueError, "memory_bytes: layout .*got 'coo'", lambda: memory_bytes(1, 1, "coo")),
        (ValueError, "memory_bytes: tokens must be at least 0", lambda: memory_bytes(-1, 1)),
        (ValueError, "memory_bytes: vocabulary must be at least 0", lambda: memory_bytes(1, -1)),
        (ValueError, "hashed_ids: buckets must be at least 1, got 0", lambda: hashed_ids(["a"], 0)),
        (TypeError, "hashed_ids: tokens .*the str 'abc'", lambda: hashed_ids("abc", 5)),
        (TypeError, "hashed_ids: tokens .*the str 'abc'", lambda: fast.hashed_ids("abc", 5)),
        (ValueError, "expected_distinct: n must", lambda: expected_distinct(-1, 5)),
        (ValueError, "expected_distinct: buckets must", lambda: expected_distinct(1, 0)),
        (
            ValueError,
            "HashingEncoder: buckets must be at least 1, got 0",
            lambda: HashingEncoder(0),
        ),
        (
            TypeError,
            "OneHotEncoder.transform: .*the str 'abc'",
            lambda: OneHotEncoder(["a"]).transform("abc"),
        ),
        (
            ValueError,
            r"inverse_transform: rows must have shape \(tokens, 2\), got \(1, 3\)",
            lambda: OneHotEncoder(["a", "b"]).inverse_transform([[1, 0, 0]]),
        ),
        (
            ValueError,
            "inverse_transform: row 1 must hold a single 1",
            lambda: OneHotEncoder(["a", "b"]).inverse_transform([[1, 0], [1, 1]]),
        ),
        (
            ValueError,
            "inverse_transform: row 2 must hold a single 1",
            lambda: OneHotEncoder(["a", "b"]).inverse_transform([[1, 0], [0, 0], [0, 2]]),
        ),
    ],
)
def test_bad_input_is_named(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---------------------------------------------------------------------------------------- exercises


def test_a_hash_that_outgrows_64_bits_is_reported_and_named():
    """numpy has no integer for it, so the comparison must never see it."""

    def unbounded(token):
        value = 0xCBF29CE484222325
        for byte in token.encode():
            value = (value ^ byte) * 0x100000001B3
        return value

    verdict = judge(find("one_hot.fnv1a"), unbounded)
    assert verdict.points == 0
    assert verdict.misconceptions[0].name == "keeps more than 64 bits"
    assert re.search(r"an integer of \d\d+ bits", str(Report(verdict)))


def test_a_gradient_by_torch_earns_full_marks():
    def lookup_gradient(ids, upstream, rows):
        if len(ids) != len(upstream) or (ids < 0).any() or (ids >= rows).any():
            raise ValueError("no such lookup")
        table = torch.zeros(rows, upstream.shape[1], dtype=torch.float64, requires_grad=True)
        looked_up = torch.nn.functional.embedding(torch.tensor(ids, dtype=torch.long), table)
        (looked_up * torch.tensor(upstream.copy())).sum().backward()
        return table.grad

    assert judge(find("one_hot.lookup_gradient"), lookup_gradient).points == 3


def test_a_classifier_that_trains_the_callers_table_loses_points():
    exercise = find("one_hot.BagClassifier")

    class InPlace(exercise.reference):
        def __init__(self, words, table, weights):
            super().__init__(words, table, weights)
            self.table = table

    verdict = judge(exercise, InPlace)
    assert 0 < verdict.points < exercise.points
    assert "your function changes table; work on a copy" in str(Report(verdict))
