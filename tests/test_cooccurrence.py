"""Co-occurrence: counts, PMI, PPMI, truncated SVD; the clear path and the fast one."""

import itertools
import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import coo_array, csr_array, issparse
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics import mutual_info_score

from embcourse.cooccurrence import cooccurrence_dict, count, fast, reference, train
from embcourse.data import bible
from embcourse.text import Vocabulary, context_pairs, tokenize

SIZE = 6  # words in the made corpora
patient = settings(deadline=None)  # the first example compiles


def corpora():
    """(ids, offsets): up to five documents of up to twelve tokens; empty ones and corpora without a
    token too."""
    return st.lists(st.lists(st.integers(0, SIZE - 1), max_size=12), max_size=5).map(
        lambda documents: (
            np.array([word for document in documents for word in document], dtype=np.int32),
            np.cumsum([0, *map(len, documents)]),
        )
    )


windows = st.integers(1, 20)  # longer than any document, too
weightings = st.sampled_from(["flat", "harmonic"])


def count_matrices(least=0, rows=st.integers(1, 6), columns=st.integers(1, 6)):
    """Whole counts of any shape, with empty rows and columns."""
    return st.tuples(rows, columns).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.integers(least, 9))
    )


def reference_counts(*args, **kwargs):
    return reference.cooccurrence_counts(*args, **kwargs)


def fast_counts(*args, **kwargs):
    return fast.cooccurrence_counts(*args, **kwargs).toarray()


def reference_ppmi(counts, **kwargs):
    return reference.ppmi(counts, **kwargs)


def fast_ppmi(counts, **kwargs):
    return fast.ppmi(csr_array(counts), **kwargs).toarray()


def reference_svd(matrix, *args, **kwargs):
    return reference.truncated_svd(matrix, *args, **kwargs)


def fast_svd(matrix, *args, **kwargs):
    return fast.truncated_svd(csr_array(matrix), *args, **kwargs)


both_counts = pytest.mark.parametrize("cooccurrence_counts", [reference_counts, fast_counts])
both_ppmi = pytest.mark.parametrize("ppmi", [reference_ppmi, fast_ppmi])
both_svd = pytest.mark.parametrize("truncated_svd", [reference_svd, fast_svd])


# ----------------------------------------------------------------------------------------- counting


@both_counts
@patient
@given(corpora(), windows, weightings)
def test_counts_equal_the_formula_over_all_pairs_of_positions(
    cooccurrence_counts, corpus, window, weighting
):
    ids, offsets = corpus
    expected = np.zeros((SIZE, SIZE))
    for start, end in pairwise(offsets):
        for i in range(start, end):
            for j in range(start, end):
                if 0 < abs(i - j) <= window:
                    expected[ids[i], ids[j]] += 1 if weighting == "flat" else 1 / abs(i - j)
    counts = cooccurrence_counts(ids, SIZE, window, offsets=offsets, weighting=weighting)
    np.testing.assert_allclose(counts, expected, rtol=1e-13, atol=0)


@both_counts
@patient
@given(corpora(), windows)
def test_flat_counts_are_the_pairs_that_skip_gram_trains_on(cooccurrence_counts, corpus, window):
    ids, offsets = corpus
    centres, contexts = context_pairs(ids, window, offsets)
    expected = coo_array((np.ones(len(centres)), (centres, contexts)), shape=(SIZE, SIZE)).toarray()
    np.testing.assert_array_equal(cooccurrence_counts(ids, SIZE, window, offsets=offsets), expected)


@both_counts
@patient
@given(corpora(), windows, weightings)
def test_counts_are_symmetric_to_the_last_bit(cooccurrence_counts, corpus, window, weighting):
    ids, offsets = corpus
    counts = cooccurrence_counts(ids, SIZE, window, offsets=offsets, weighting=weighting)
    np.testing.assert_array_equal(counts, counts.T)


@both_counts
@patient
@given(
    st.lists(st.integers(0, 30), max_size=4), windows, weightings, st.randoms(use_true_random=False)
)
def test_total_count_has_a_closed_form(cooccurrence_counts, lengths, window, weighting, random):
    ids = np.array([random.randrange(SIZE) for _ in range(sum(lengths))], dtype=np.int64)
    counts = cooccurrence_counts(
        ids, SIZE, window, offsets=np.cumsum([0, *lengths]), weighting=weighting
    )
    expected = 0.0
    for n in lengths:
        m = min(window, max(n - 1, 0))
        expected += (
            m * (2 * n - m - 1)
            if weighting == "flat"
            else 2 * (n * sum(1 / d for d in range(1, m + 1)) - m)
        )
    assert counts.sum() == pytest.approx(expected, rel=1e-12)


@patient
@given(corpora(), windows, weightings)
def test_the_dictionary_holds_the_nonzero_entries(corpus, window, weighting):
    ids, offsets = corpus
    found = cooccurrence_dict(ids, window, offsets=offsets, weighting=weighting)
    dense = reference.cooccurrence_counts(ids, SIZE, window, offsets=offsets, weighting=weighting)
    assert found == {(int(i), int(j)): dense[i, j] for i, j in np.argwhere(dense)}


@pytest.mark.parametrize("weighting", ["flat", "harmonic"])
def test_threads_and_blocks_do_not_change_one_bit(monkeypatch, weighting):
    rng = np.random.default_rng(3)
    ids = (rng.zipf(1.3, 20_000) % 500).astype(np.int32)  # uneven rows, as in text
    offsets = np.array([0, 7_000, 7_000, 7_001, 20_000])
    several = fast.cooccurrence_counts(ids, 500, 7, offsets=offsets, weighting=weighting)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        for blocks in (1, 13):
            monkeypatch.setattr(fast, "_BLOCKS_PER_THREAD", blocks)
            one = fast.cooccurrence_counts(ids, 500, 7, offsets=offsets, weighting=weighting)
            assert (one != several).nnz == 0
    finally:
        numba.set_num_threads(threads)


def test_the_sparse_matrix_is_canonical_and_never_dense():
    size = 2_000_000  # dense: 32 TB
    counts = fast.cooccurrence_counts([5, size - 1, 5, 0], size, window=2)
    assert counts.format == "csr" and counts.dtype == np.float64 and counts.shape == (size, size)
    assert counts.has_canonical_format and counts.nnz == 7 and (counts.data > 0).all()
    assert counts[5, size - 1] == 2 and counts[5, 5] == 2 and counts[0, 5] == 1


@both_counts
def test_views_and_read_only_ids_are_counted_and_left_alone(cooccurrence_counts):
    stored = np.array([0, 9, 1, 9, 2, 9], dtype=np.uint16)
    stored.flags.writeable = False
    np.testing.assert_array_equal(
        cooccurrence_counts(stored[::2], 3, 1), cooccurrence_counts([0, 1, 2], 3, 1)
    )
    assert stored.tolist() == [0, 9, 1, 9, 2, 9]


@both_counts
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(ids=[0, 3]), ValueError, r"ids must lie between 0 and 2, got 3 at position 1"),
        (
            dict(ids=[0, -1]),
            ValueError,
            r"ids must lie between 0 and 2, got -1 at position 1",
        ),
        (dict(ids=[0.0, 1.0]), TypeError, r"ids must be integers, got float64"),
        (dict(ids=[[0, 1]]), ValueError, r"ids must be 1-D"),
        (dict(size=-1), ValueError, r"size must be at least 0, got -1"),
        (dict(size=3.0), TypeError, r"size must be an integer, got 3.0"),
        (dict(window=0), ValueError, r"window must be at least 1, got 0"),
        (dict(window=2.5), TypeError, r"window must be an integer, got 2.5"),
        (dict(offsets=[0, 1]), ValueError, r"offsets must rise from 0 to the number of tokens, 2"),
        (dict(offsets=[0, 2, 1, 2]), ValueError, r"offsets must rise"),
        (
            dict(weighting="linear"),
            ValueError,
            r"weighting must be 'flat' or 'harmonic', got 'linear'",
        ),
    ],
)
def test_counting_refuses(cooccurrence_counts, arguments, error, message):
    with pytest.raises(error, match="^cooccurrence_counts: " + message):
        cooccurrence_counts(**(dict(ids=[0, 1], size=3, window=2) | arguments))


# ---------------------------------------------------------------------------------------- weighting


def test_pmi_by_hand():
    # N = 8; rows 4, 4; columns 6, 2. PMI(0, 0) = ln(4/8 / (4/8 * 6/8)), and so on.
    expected = [[math.log(4 / 3), -math.inf], [math.log(2 / 3), math.log(2)]]
    np.testing.assert_allclose(reference.pmi([[4, 0], [2, 2]]), expected, rtol=1e-15)


@both_ppmi
def test_ppmi_by_hand(ppmi):
    counts = [[4, 0], [2, 2]]
    np.testing.assert_allclose(ppmi(counts), [[math.log(4 / 3), 0], [0, math.log(2)]], rtol=1e-15)
    np.testing.assert_allclose(ppmi(counts, shift=1.5), [[0, 0], [0, math.log(4 / 3)]], rtol=1e-15)
    first, second = 6**0.75 / (6**0.75 + 2**0.75), 2**0.75 / (6**0.75 + 2**0.75)
    smoothed = [[math.log(1 / first), 0], [0, math.log(0.5 / second)]]
    np.testing.assert_allclose(ppmi(counts, smoothing=0.75), smoothed, rtol=1e-14)


@given(
    arrays(np.float64, 4, elements=st.integers(1, 50)),
    arrays(np.float64, 3, elements=st.integers(1, 50)),
)
def test_pmi_of_independent_counts_is_zero(word, context):
    np.testing.assert_allclose(reference.pmi(np.outer(word, context)), 0, atol=1e-14)


@given(count_matrices())
def test_expected_pmi_is_scikit_learns_mutual_information(counts):
    counts[0, 0] += 1
    joint = counts / counts.sum()
    ours = (joint[counts > 0] * reference.pmi(counts)[counts > 0]).sum()
    assert ours == pytest.approx(mutual_info_score(None, None, contingency=counts), abs=1e-12)


@given(count_matrices(), st.floats(0.1, 1))
def test_pmi_is_minus_infinity_for_pairs_that_never_met_and_zero_for_words_never_seen(
    counts, smoothing
):
    information = reference.pmi(counts, smoothing=smoothing)
    seen = np.outer(counts.any(axis=1), counts.any(axis=0))
    assert np.isneginf(information[seen & (counts == 0)]).all()
    assert np.isfinite(information[counts > 0]).all()
    assert (information[~seen] == 0).all()


@given(count_matrices(), st.floats(0.1, 1), st.floats(1, 20))
def test_fast_ppmi_equals_the_reference(counts, smoothing, shift):
    sparse = csr_array(counts)
    found = fast.ppmi(sparse, smoothing=smoothing, shift=shift)
    expected = reference.ppmi(counts, smoothing=smoothing, shift=shift)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-12, atol=1e-14)
    assert (found.data > 0).all()
    np.testing.assert_array_equal(sparse.toarray(), counts)  # the input is left alone


def test_fast_ppmi_takes_every_sparse_format_with_repeated_and_stored_zero_entries():
    repeated = coo_array(
        ([3.0, 1.0, 2.0, 2.0, 0.0], ([0, 0, 1, 1, 0], [0, 0, 0, 1, 1])), shape=(2, 2)
    )
    for matrix in (repeated, repeated.tocsc(), repeated.todok()):
        np.testing.assert_allclose(
            fast.ppmi(matrix).toarray(), reference.ppmi([[4, 0], [2, 2]]), rtol=1e-15
        )


@given(count_matrices(least=1), st.floats(0.2, 0.9))
def test_smoothing_lowers_the_pmi_of_the_rarest_context_and_raises_the_commonest(counts, smoothing):
    change = reference.pmi(counts, smoothing=smoothing) - reference.pmi(counts)
    frequency = counts.sum(axis=0)
    # The change is the same in every row, and rises with the context's frequency.
    np.testing.assert_allclose(change, np.tile(change[0], (len(counts), 1)), atol=1e-12)
    assert (np.diff(change[0][np.argsort(frequency)]) >= -1e-12).all()
    if frequency.min() < frequency.max():
        assert change[0][frequency.argmin()] < 0 < change[0][frequency.argmax()]


@both_ppmi
@given(counts=count_matrices(), shift=st.floats(1, 20))
def test_shift_takes_its_logarithm_off_and_cuts_at_zero(ppmi, counts, shift):
    np.testing.assert_allclose(
        ppmi(counts, shift=shift),
        np.maximum(ppmi(counts) - math.log(shift), 0),
        rtol=1e-12,
        atol=1e-14,
    )


@both_ppmi
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            dict(counts=[[1, -2]]),
            "counts must be finite and not negative, got -2.0 in row 0, column 1",
        ),
        (
            dict(counts=[[1, 0], [0, np.nan]]),
            "counts must be finite and not negative, got nan in row 1, column 1",
        ),
        (
            dict(counts=[[np.inf, 1]]),
            "counts must be finite and not negative, got inf in row 0, column 0",
        ),
        (dict(smoothing=0), "smoothing must be above 0 and at most 1, got 0"),
        (dict(smoothing=1.5), "smoothing must be above 0 and at most 1, got 1.5"),
        (dict(smoothing=math.nan), "smoothing must be above 0 and at most 1, got nan"),
        (dict(shift=0.5), "shift must be finite and at least 1, got 0.5"),
        (dict(shift=math.inf), "shift must be finite and at least 1, got inf"),
    ],
)
def test_ppmi_refuses(ppmi, arguments, message):
    with pytest.raises(ValueError, match="^ppmi: " + message):
        ppmi(**(dict(counts=[[4, 0], [2, 2]]) | arguments))


def test_pmi_refuses_under_its_own_name():
    with pytest.raises(
        ValueError, match=r"^pmi: counts must have shape \(words, contexts\), got shape \(3,\)"
    ):
        reference.pmi([1, 2, 3])
    with pytest.raises(ValueError, match="^pmi: smoothing must be above 0 and at most 1, got 2"):
        reference.pmi([[1]], smoothing=2)


# ---------------------------------------------------------------------------------------- factoring


def random_matrix(rows, columns, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((rows, columns)) * (rng.random((rows, columns)) < 0.5)


@both_svd
@pytest.mark.parametrize("shape", [(30, 30), (40, 12), (12, 40)])
def test_the_best_matrix_of_rank_d_is_at_the_distance_of_eckart_and_young(truncated_svd, shape):
    matrix = random_matrix(*shape)
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    for dim in (1, 5, 12):
        vectors = truncated_svd(matrix, dim)
        assert vectors.shape == (shape[0], dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), singular[:dim], rtol=1e-10)
        # The vectors span the space on which projecting the rows loses least.
        basis = vectors / np.linalg.norm(vectors, axis=0)
        error = np.linalg.norm(matrix - basis @ (basis.T @ matrix)) ** 2
        assert error == pytest.approx((singular[dim:] ** 2).sum(), abs=1e-10)
        # Their dot products are those of the best approximation's rows.
        best = left[:, :dim] * singular[:dim] @ right[:dim]
        np.testing.assert_allclose(vectors @ vectors.T, best @ best.T, atol=1e-10)


@both_svd
def test_vectors_are_scikit_learns_up_to_sign(truncated_svd):
    matrix = random_matrix(50, 50, seed=1)
    theirs = TruncatedSVD(n_components=8, algorithm="arpack", random_state=0).fit_transform(
        csr_array(matrix)
    )
    ours = truncated_svd(matrix, 8)
    np.testing.assert_allclose(ours, theirs * np.sign((ours * theirs).sum(axis=0)), atol=1e-10)


@both_svd
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_power_scales_each_column_by_its_singular_value(truncated_svd, power):
    matrix = random_matrix(25, 20, seed=2)
    singular = np.linalg.svd(matrix, compute_uv=False)[:6]
    expected = truncated_svd(matrix, 6) * singular ** (power - 1)
    np.testing.assert_allclose(
        truncated_svd(matrix, 6, eigenvalue_power=power), expected, rtol=1e-9, atol=1e-12
    )


@both_svd
def test_in_every_column_the_entry_of_largest_magnitude_is_positive(truncated_svd):
    for seed in range(5):
        vectors = truncated_svd(random_matrix(20, 20, seed) - 0.3, 7)
        assert (vectors[np.abs(vectors).argmax(axis=0), np.arange(7)] > 0).all()


@given(
    arrays(np.float64, (5, 3), elements=st.floats(-1, 1)),
    arrays(np.float64, 3, elements=st.sampled_from([-1.0, 1.0])),
)
def test_signs_do_not_depend_on_the_signs_that_the_solver_chose(vectors, flips):
    np.testing.assert_array_equal(
        reference.fix_signs(vectors * flips), reference.fix_signs(vectors)
    )


def test_rounding_does_not_choose_between_a_vector_and_its_negative():
    tied = np.array([[0.5], [-0.5]])
    for noise in (1e-12, -1e-12):
        assert reference.fix_signs(tied + np.array([[0], [noise]]))[0, 0] > 0
        assert reference.fix_signs(-tied + np.array([[0], [noise]]))[0, 0] > 0


@patient
@given(
    st.integers(0, 1000), st.integers(2, 15), st.integers(2, 15), st.sampled_from([0.0, 0.5, 1.0])
)
def test_fast_svd_equals_the_reference(seed, rows, columns, power):
    matrix = np.random.default_rng(seed).normal(size=(rows, columns)) + np.eye(
        rows, columns
    ) * np.arange(columns)
    for dim in {1, min(rows, columns) - 1, min(rows, columns)}:
        np.testing.assert_allclose(
            fast_svd(matrix, dim, eigenvalue_power=power),
            reference_svd(matrix, dim, eigenvalue_power=power),
            atol=1e-6,  # two singular values may lie close together
        )


@both_svd
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_columns_beyond_the_rank_are_zero(truncated_svd, power):
    matrix = np.zeros((9, 9))
    matrix[:2, :3] = [[3, 0, 1], [0, 2, 0]]
    vectors = truncated_svd(matrix, 5, eigenvalue_power=power)
    assert vectors[:, :2].any(axis=0).all()
    np.testing.assert_array_equal(vectors[:, 2:], 0)
    np.testing.assert_array_equal(
        truncated_svd(np.zeros((9, 9)), 3, eigenvalue_power=power), np.zeros((9, 3))
    )


@both_svd
@given(seed=st.integers(0, 10_000), power=st.sampled_from([0.0, 0.5, 1.0]))
def test_a_word_without_contexts_gets_zeros_not_rounding(truncated_svd, seed, power):
    matrix = random_matrix(12, 12, seed=seed)
    matrix[3] = matrix[:, 3] = matrix[9] = 0.0
    vectors = truncated_svd(matrix, 4, eigenvalue_power=power)
    np.testing.assert_array_equal(vectors[[3, 9]], 0.0)
    assert vectors[matrix.any(axis=1)].any(axis=1).all()


def test_the_seed_moves_the_sparse_svd_by_rounding_only():
    matrix = csr_array(random_matrix(60, 60, seed=4))
    first = fast.truncated_svd(matrix, 10, seed=0)
    np.testing.assert_array_equal(first, fast.truncated_svd(matrix, 10, seed=0))
    np.testing.assert_allclose(first, fast.truncated_svd(matrix, 10, seed=1), atol=1e-10)


@both_svd
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(matrix=[[1.0, -np.inf]]), ValueError, "matrix must be finite; PMI holds -inf"),
        (
            dict(dim=0),
            ValueError,
            r"dim must lie from 1 to the smaller side of the matrix \(2, 3\), got 0",
        ),
        (
            dict(dim=3),
            ValueError,
            r"dim must lie from 1 to the smaller side of the matrix \(2, 3\), got 3",
        ),
        (dict(dim=1.0), TypeError, "dim must be an integer, got 1.0"),
        (
            dict(eigenvalue_power=-0.5),
            ValueError,
            "eigenvalue_power must be finite and not negative, got -0.5",
        ),
    ],
)
def test_svd_refuses(truncated_svd, arguments, error, message):
    with pytest.raises(error, match="^truncated_svd: " + message):
        truncated_svd(**(dict(matrix=[[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], dim=1) | arguments))


@pytest.mark.parametrize("function", [fast.ppmi, lambda matrix: fast.truncated_svd(matrix, 1)])
def test_the_sparse_path_sends_a_dense_matrix_to_the_reference(function):
    with pytest.raises(
        TypeError, match=r"must be a SciPy sparse matrix, got ndarray; reference\.\w+ takes"
    ):
        function(np.eye(3))


# --------------------------------------------------------------------------------------------- page


def test_the_numbers_that_the_page_works_out_by_hand():
    """They stand in formulas, where nothing can be glued."""
    path = Path(__file__).parents[1] / "book" / "counting" / "cooccurrence.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    page = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    words = "cat dog drinks milk water".split()
    counts = np.zeros((5, 5))
    for sentence in ("cat drinks milk", "dog drinks water", "cat drinks water"):
        ids = [words.index(word) for word in sentence.split()]
        for i, j in itertools.permutations(ids, 2):  # window 2: every two words of the three
            counts[i, j] += 1
    for word, row in zip(words, counts.astype(int), strict=True):
        assert f"| {word} | {' | '.join(map(str, row))} | {row.sum()} |" in page
    cat, drinks, milk, water = (words.index(word) for word in ("cat", "drinks", "milk", "water"))
    plain, smoothed = reference.pmi(counts), reference.pmi(counts, smoothing=0.75)
    assert f"= \\ln 1.5 = {plain[cat, drinks]:.3f} " in page
    assert f"= \\ln 2.25 = {plain[cat, milk]:.3f}" in page
    assert f"\\ln \\frac{{18}}{{16}} = {plain[cat, water]:.3f}$" in page
    assert plain[cat, milk] == pytest.approx(2 * plain[cat, drinks])  # "milk says twice as much"
    powers = counts.sum(axis=0) ** 0.75
    assert (
        f"become ${', '.join(f'{power:.3f}' for power in powers)}$, together ${powers.sum():.3f}$"
        in page
    )
    assert f"= 1.682 / 12.854 = {powers[milk] / powers.sum():.4f}$" in page
    assert f"2.828/12.854 = {powers[cat] / powers.sum():.4f}." in page
    assert f"{{0.1308}} = {smoothed[cat, milk]:.3f} ." in page
    assert smoothed[milk, cat] > plain[milk, cat] > smoothed[cat, milk]
    vector = reference.truncated_svd([[2, 1], [1, 2]], 1, eigenvalue_power=0.5)
    assert f"\\sqrt 3 / \\sqrt 2 = {vector[0, 0]:.3f}$" in page


def test_pmi_is_bounded_by_the_rarer_word_and_reaches_the_bound_where_it_has_one_context():
    rng = np.random.default_rng(5)
    for _ in range(50):
        counts = rng.integers(1, 9, (4, 4)) * (rng.random((4, 4)) < 0.7)
        counts[0] = [0, 0, 0, 1 + rng.integers(9)]  # word 0 has no context but 3
        counts[1:, 3] += 9  # context 3 has others
        word, context = counts.sum(axis=1) / counts.sum(), counts.sum(axis=0) / counts.sum()
        bound = -np.log(np.maximum.outer(word, context))
        information = reference.pmi(counts)
        seen = counts > 0
        assert (information[seen] <= bound[seen] + 1e-12).all()
        assert information[0, 3] == pytest.approx(bound[0, 3])


def test_pmi_is_symmetric_and_smoothed_pmi_is_not():
    counts = fast.cooccurrence_counts([0, 1, 2, 1, 3, 1], 4, window=1).toarray()
    np.testing.assert_allclose(reference.ppmi(counts), reference.ppmi(counts).T, atol=1e-15)
    smoothed = reference.ppmi(counts, smoothing=0.75)
    assert np.abs(smoothed - smoothed.T).max() > 0.1


@pytest.mark.parametrize("window", [1, 3, 5])
def test_words_that_only_stand_side_by_side_stay_ln_2w_below_the_bound(window):
    """In running text, where every word has 2W contexts."""
    filler = window + 1
    ids = []
    for i in range(40):
        pair = [0, 1] if i % 2 else [1, 0]
        ids += [2 + (i * filler + j) % (5 * filler) for j in range(filler)] + pair
    ids += [2 + j for j in range(filler)]
    counts = reference.cooccurrence_counts(ids, 2 + 5 * filler, window)
    assert counts[0, 1] == 40 and counts[0].sum() == counts[1].sum() == 2 * window * 40
    bound = math.log(counts.sum() / counts[0].sum())
    assert reference.pmi(counts)[0, 1] == pytest.approx(bound - math.log(2 * window))


# -------------------------------------------------------------------------------------------- model


@pytest.fixture(scope="module")
def genesis():
    """Token lists of the 1,533 verses of Genesis."""
    text = bible("kjv")
    return [
        tokenize(verse)
        for verse, reference in zip(text.verses, text.references)
        if reference.book == "Genesis"
    ]


def test_count_takes_documents_and_encoded_documents(genesis):
    vocabulary = Vocabulary.build(genesis, min_count=5, unknown="drop")
    counts = count(iter(genesis), vocabulary, window=3, weighting="harmonic")
    encoded = vocabulary.encode_documents(genesis)
    assert (
        issparse(counts)
        and (counts != count(encoded, vocabulary, window=3, weighting="harmonic")).nnz == 0
    )
    ids, offsets = encoded
    expected = reference.cooccurrence_counts(
        ids, len(vocabulary), 3, offsets=offsets, weighting="harmonic"
    )
    np.testing.assert_allclose(counts.toarray(), expected, rtol=1e-12)


def test_training_is_counting_then_ppmi_then_svd(genesis):
    embeddings = train(
        genesis,
        dim=20,
        window=2,
        min_count=20,
        weighting="harmonic",
        smoothing=0.5,
        shift=1.5,
        eigenvalue_power=0.25,
    )
    vocabulary = Vocabulary.build(genesis, min_count=20, unknown="drop")
    assert embeddings.vocabulary.tokens == vocabulary.tokens
    ids, offsets = vocabulary.encode_documents(genesis)
    counts = reference.cooccurrence_counts(
        ids, len(vocabulary), 2, offsets=offsets, weighting="harmonic"
    )
    expected = reference.truncated_svd(
        reference.ppmi(counts, smoothing=0.5, shift=1.5), 20, eigenvalue_power=0.25
    )
    np.testing.assert_allclose(embeddings.matrix, expected, atol=1e-8)


def test_training_twice_and_from_an_iterator_gives_the_same_vectors(genesis, capsys):
    first = train(genesis, dim=10, max_size=200)
    second = train((iter(document) for document in genesis), dim=10, max_size=200, progress=True)
    assert len(first) == 200
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert "SVD" in capsys.readouterr().err


def test_training_hands_on_the_seed(genesis):
    counts = count(genesis, Vocabulary.build(genesis, max_size=200, unknown="drop"))
    expected = fast.truncated_svd(
        fast.ppmi(counts, smoothing=0.75), 10, eigenvalue_power=0.5, seed=7
    )
    np.testing.assert_array_equal(train(genesis, dim=10, max_size=200, seed=7).matrix, expected)


def test_words_of_one_topic_are_neighbours():
    rng = np.random.default_rng(0)
    topics = [
        ["bread", "flour", "oven", "dough"],
        ["sail", "mast", "wind", "harbour"],
        ["law", "judge", "court"],
    ]
    documents = [
        [*rng.choice(topics[i % 3], 6), *rng.choice(["the", "of", "and"], 6)] for i in range(600)
    ]
    embeddings = train([rng.permutation(document).tolist() for document in documents], dim=5)
    for topic in topics:
        for word in topic:
            nearest = embeddings.neighbours(word, k=len(topic) - 1)
            assert {neighbour.token for neighbour in nearest} == set(topic) - {word}


@pytest.mark.parametrize(
    ("documents", "arguments", "error", "message"),
    [
        ([], {}, ValueError, "documents hold no token"),
        ([[], []], {}, ValueError, "documents hold no token"),
        ([["a", "b"]], {}, ValueError, "no word occurs min_count=5 times or more"),
        (
            [["a", "b"]] * 5,
            {},
            ValueError,
            r"dim must be smaller than the vocabulary, got dim=100 for 2 words",
        ),
        (
            [["a", "b"]] * 5,
            dict(dim=2),
            ValueError,
            "dim must be smaller than the vocabulary, got dim=2 for 2 words",
        ),
        (
            [["a"], ["b"]] * 5,
            dict(dim=1),
            ValueError,
            "no document holds two words of the vocabulary",
        ),
        (
            [["a", "b"]] * 5,
            dict(dim=1, shift=50.0),
            ValueError,
            r"no pair of words has a PMI above ln\(shift\)",
        ),
        ([["a", "b"]] * 5, dict(dim=0), ValueError, "dim must be at least 1, got 0"),
        ([["a", "b"]] * 5, dict(dim=1.5), TypeError, "dim must be an integer, got 1.5"),
        ([["a", "b"]] * 5, dict(window=0), ValueError, "window must be at least 1, got 0"),
        (
            [["a", "b"]] * 5,
            dict(weighting="linear"),
            ValueError,
            "weighting must be 'flat' or 'harmonic'",
        ),
        ([["a", "b"]] * 5, dict(smoothing=0), ValueError, "smoothing must be above 0"),
        ([["a", "b"]] * 5, dict(shift=0.5), ValueError, "shift must be finite and at least 1"),
        (
            [["a", "b"]] * 5,
            dict(eigenvalue_power=-1),
            ValueError,
            "eigenvalue_power must be finite and not negative",
        ),
        (
            "a text",
            {},
            TypeError,
            "documents must be a sequence of token lists, got the str 'a text'",
        ),
    ],
)
def test_training_refuses(documents, arguments, error, message):
    with pytest.raises(error, match="^train: " + message):
        train(documents, **arguments)


def test_a_document_that_is_a_string_is_named():
    with pytest.raises(
        TypeError, match="document 1 must be a sequence of tokens, got the str 'a text'"
    ):
        train([["a"], "a text"])


def test_count_refuses_something_else_than_a_vocabulary_and_ids_from_a_larger_one():
    with pytest.raises(TypeError, match="^count: vocabulary must be a Vocabulary, got list"):
        count([["a"]], ["a"])
    encoded = Vocabulary(["a", "b", "c"]).encode_documents([["a", "c"]])
    with pytest.raises(ValueError, match="ids must lie between 0 and 1, got 2 at position 1"):
        count(encoded, Vocabulary(["a", "b"]))


def test_importing_the_method_loads_no_heavy_library():
    code = (
        "import sys, embcourse.cooccurrence; print({'numba', 'scipy', 'sklearn', 'torch'} &"
        " set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_files_are_documents_too(tmp_path) -> None:
    texts = ["red apple", "red cherry", "blue sky", "blue sea"] * 5
    for number in (1, 2):
        half = texts[(number - 1) * 10 : number * 10]
        (tmp_path / f"{number}.txt").write_text("\n".join(half) + "\n")
    expected = train([text.split() for text in texts], dim=2, window=1)
    for corpus in (tmp_path, tmp_path / "*.txt", [tmp_path / "1.txt", tmp_path / "2.txt"]):
        assert np.array_equal(train(corpus, dim=2, window=1).matrix, expected.matrix)
