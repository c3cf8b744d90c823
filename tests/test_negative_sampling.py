"""Negative sampling and hierarchical softmax: the definitions, against torch, gensim and the lines
of word2vec.c."""

import heapq
import itertools
import math

import numpy as np
import pytest
import torch
from gensim.models import Word2Vec
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from embcourse.cooccurrence import cooccurrence_counts, pmi
from embcourse.negative_sampling import reference
from embcourse.text import context_windows
from tests.gradients import by_differences

SIZE, DIM = 7, 3  # of the made tables
EPS = np.finfo(np.float64).eps


def made_tables(seed, scale=1.0, size=SIZE, dim=DIM):
    rng = np.random.default_rng(seed)
    return scale * rng.standard_normal((size, dim)), scale * rng.standard_normal((size, dim))


def made_pairs(seed, pairs=20, negative=4):
    """Few words and many pairs: centres, contexts and negatives repeat, and negatives hit their
    context."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, SIZE, (pairs, 2 + negative))
    return ids[:, 0], ids[:, 1], ids[:, 2:]


def torch_gradients(loss, *tables):
    """The loss and its gradients by autograd, in float64."""
    tensors = [torch.tensor(table, dtype=torch.float64, requires_grad=True) for table in tables]
    value = loss(*tensors)
    value.backward()
    return value.item(), *(tensor.grad.numpy() for tensor in tensors)


seeds = pytest.mark.parametrize("seed", range(4))
ids_lists = st.lists(st.integers(0, SIZE - 1), max_size=6)
count_lists = st.lists(st.integers(1, 50), min_size=1, max_size=12)


# ------------------------------------------------------------------------------------------ sigmoid


def test_sigmoid_and_its_logarithm_agree_with_torch_far_out_too():
    x = np.concatenate(
        [[-1e4, -745.2, -700.0, -37.0, -0.0, 0.0, 37.0, 700.0, 1e4], np.linspace(-30, 30, 601)]
    )
    # e^x carries an error of |x| units in the last place where x is rounded, and there is nothing
    # to cancel.
    np.testing.assert_allclose(
        reference.sigmoid(x), torch.sigmoid(torch.tensor(x)).numpy(), rtol=4 * EPS, atol=1e-323
    )
    expected = torch.nn.functional.logsigmoid(torch.tensor(x)).numpy()
    np.testing.assert_allclose(reference.log_sigmoid(x), expected, rtol=8 * EPS, atol=1e-323)


def test_sigmoid_raises_no_floating_point_warning():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert reference.sigmoid([-1e4, 1e4]).tolist() == [0.0, 1.0]
        assert reference.log_sigmoid([-1e4]).tolist() == [-1e4]


# -------------------------------------------------------------------------------- drawing negatives


def test_noise_distribution_is_the_one_gensim_draws_from():
    sentences = [["a"] * 81 + ["b"] * 16 + ["c"] * 5 + ["d"]]
    model = Word2Vec(sentences, min_count=1, vector_size=2, negative=5, seed=1)
    shares = np.diff(model.cum_table.astype(np.float64), prepend=0.0) / model.cum_table[-1]
    counts = [model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key]
    np.testing.assert_allclose(
        reference.noise_distribution(counts), shares, atol=2 / model.cum_table[-1]
    )


@given(count_lists, st.floats(-2, 2))
def test_noise_distribution_keeps_the_ratio_of_powers(counts, power):
    noise = reference.noise_distribution(counts, power)
    assert noise.sum() == pytest.approx(1, rel=1e-14)
    expected = (np.array(counts) / counts[0]) ** power
    np.testing.assert_allclose(noise / noise[0], expected, rtol=1e-13)


def test_noise_distribution_of_known_powers():
    assert reference.noise_distribution([3, 0, 1], power=1).tolist() == [0.75, 0.0, 0.25]
    assert reference.noise_distribution([3, 0, 1], power=0).tolist() == [0.5, 0.0, 0.5]
    assert reference.noise_distribution([3, 0, 1], power=-1).tolist() == [0.25, 0.0, 0.75]
    huge = reference.noise_distribution([1e300, 1e300], power=3)  # 1e900 would overflow
    assert huge.tolist() == [0.5, 0.5]


def table_by_the_c_code(counts, table_size, power):
    """The lines of InitUnigramTable, one for one; past the end of the vocabulary it reads what is
    never used."""
    vocab_size = len(counts)
    train_words_pow = sum(count**power for count in counts)
    counts = [*counts, 0]
    table = [0] * table_size
    i = 0
    d1 = counts[i] ** power / train_words_pow
    for a in range(table_size):
        table[a] = i
        if a / table_size > d1:
            i += 1
            d1 += counts[i] ** power / train_words_pow
        if i >= vocab_size:
            i = vocab_size - 1
    return table


@given(st.lists(st.integers(1, 99), min_size=1, max_size=9), st.integers(1, 200))
def test_unigram_table_is_that_of_the_c_code(counts, size):
    ours = reference.unigram_table(counts, size, power=0.75)
    theirs = np.array(table_by_the_c_code(counts, size, 0.75))
    share = np.cumsum(reference.noise_distribution(counts, 0.75))
    # Where a border falls on a slot, rounding decides.
    assume(all(abs(slot / size - border) > 1e-12 for slot in range(size) for border in share))
    np.testing.assert_array_equal(ours, theirs)


def test_unigram_table_moves_on_only_past_a_border():
    assert (
        reference.unigram_table([1, 1], 4, power=1).tolist()
        == table_by_the_c_code([1, 1], 4, 1)
        == [0, 0, 0, 0]
    )
    assert reference.unigram_table([1, 1], 8, power=1).tolist() == [0, 0, 0, 0, 0, 0, 1, 1]


def test_unigram_table_approaches_the_noise_distribution():
    counts, size = [900, 300, 50, 20, 1], 100_000
    shares = np.bincount(reference.unigram_table(counts, size)) / size
    # Each border lies at most two slots late: one for >, one because the next slot is the first to
    # change.
    np.testing.assert_allclose(shares, reference.noise_distribution(counts), atol=2 / size)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40).filter(any))
def test_alias_table_reproduces_the_distribution(weights):
    wanted = np.array(weights) / sum(weights)
    accept, alias = reference.alias_table(weights)
    assert ((accept >= 0) & (accept <= 1)).all()
    size = len(weights)
    got = accept / size
    np.add.at(got, alias, (1 - accept) / size)
    # V heights, each the result of at most V subtractions of numbers up to V, over V.
    np.testing.assert_allclose(got, wanted, atol=4 * size * EPS)
    assert (got[np.array(weights) == 0] == 0).all()


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8).filter(any))
def test_alias_draws_over_a_fine_grid_come_in_proportion(counts):
    accept, alias = reference.alias_table(counts)
    size, total = len(counts), sum(counts)
    # Heights are whole multiples of 1 / total, so a grid of total coins, each in the middle of its
    # step, is exact.
    columns, coins = np.meshgrid(np.arange(size), (np.arange(total) + 0.5) / total, indexing="ij")
    drawn = np.bincount(reference.alias_draw(accept, alias, columns, coins).ravel(), minlength=size)
    np.testing.assert_array_equal(drawn, size * np.array(counts))


# ------------------------------------------------------------------------------ the loss over pairs


def torch_loss(centres, contexts, negatives):
    """By binary cross-entropy: label 1 for the context, 0 for the negatives, weight 0 for one that
    is the context."""
    words = torch.tensor(np.concatenate([contexts[:, None], negatives], axis=1))
    labels = torch.zeros(words.shape, dtype=torch.float64)
    labels[:, 0] = 1
    weights = torch.tensor(
        np.concatenate([np.ones((len(contexts), 1)), negatives != contexts[:, None]], axis=1)
    )

    def loss(inputs, outputs):
        logits = torch.einsum("nd,nkd->nk", inputs[torch.tensor(centres)], outputs[words])
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, labels, weights, reduction="none"
        )
        return losses.sum(dim=1).mean()

    return loss


@seeds
@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_loss_and_gradients_agree_with_torch(seed, scale):
    tables, pairs = made_tables(seed, scale), made_pairs(seed)
    expected = torch_gradients(torch_loss(*pairs), *tables)
    got = reference.negative_sampling_gradients(*tables, *pairs)
    # sums of at most 100 terms of size scale^2
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=200 * EPS * scale**2)
    assert reference.negative_sampling_loss(*tables, *pairs) == pytest.approx(
        expected[0], rel=1e-13
    )


@seeds
def test_gradients_agree_with_finite_differences(seed):
    (inputs, outputs), pairs = made_tables(seed), made_pairs(seed)
    _, grad_inputs, grad_outputs = reference.negative_sampling_gradients(inputs, outputs, *pairs)
    by_inputs = by_differences(
        lambda table: reference.negative_sampling_loss(table, outputs, *pairs), inputs
    )
    by_outputs = by_differences(
        lambda table: reference.negative_sampling_loss(inputs, table, *pairs), outputs
    )
    np.testing.assert_allclose(grad_inputs, by_inputs, atol=1e-8)
    np.testing.assert_allclose(grad_outputs, by_outputs, atol=1e-8)


def test_huge_logits_cost_what_they_are_and_pull_with_the_full_force():
    inputs, outputs = np.array([[100.0], [0.0]]), np.array([[100.0], [-100.0]])
    loss, grad_inputs, _ = reference.negative_sampling_gradients(inputs, outputs, [0], [1], [[0]])
    assert loss == 20_000.0  # both questions answered wrongly, by 1e4
    assert grad_inputs.tolist() == [[200.0], [0.0]]


def test_loss_without_negatives_and_with_negatives_that_are_all_the_context():
    inputs, outputs = made_tables(0)
    alone = reference.negative_sampling_loss(inputs, outputs, [0], [1], np.zeros((1, 0), int))
    assert alone == pytest.approx(math.log1p(math.exp(-inputs[0] @ outputs[1])))
    assert reference.negative_sampling_loss(inputs, outputs, [0], [1], [[1, 1]]) == alone


@seeds
def test_nce_with_uniform_noise_and_as_many_negatives_as_words_is_negative_sampling(seed):
    """Then K P_n = 1 and the correction ln(K P_n) vanishes. Dyer (2014)."""
    inputs, outputs = made_tables(seed)
    centres, contexts, negatives = made_pairs(seed, negative=SIZE)
    negatives = np.where(negatives == contexts[:, None], (negatives + 1) % SIZE, negatives)
    nce = reference.nce_loss(inputs, outputs, centres, contexts, negatives, np.full(SIZE, 1 / SIZE))
    assert nce == pytest.approx(
        reference.negative_sampling_loss(inputs, outputs, centres, contexts, negatives), 1e-12
    )


def test_nce_is_least_at_the_probabilities_themselves_and_negative_sampling_is_not():
    """One centre, scores instead of tables: every pair and every negative in exact proportion."""
    truth, noise, negative = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5]), 2
    contexts, drawn = np.array([0, 0, 1, 2]), np.array([0, 1, 2, 2])
    pairs = [(o, (a, b)) for o in contexts for a in drawn for b in drawn]
    centres, o = np.zeros(len(pairs), int), np.array([o for o, _ in pairs])
    k = np.array([k for _, k in pairs])

    def loss(scores):
        outputs = np.zeros((3, 3))
        outputs[:, 0] = scores
        return reference.nce_loss(np.eye(3), outputs, centres, o, k, noise)

    np.testing.assert_allclose(by_differences(loss, np.log(truth)), 0, atol=1e-9)
    _, gradient = reference.expected_loss(np.log(truth)[None], 4 * truth[None], noise, negative)
    assert abs(gradient).max() > 0.01
    _, gradient = reference.expected_loss(
        np.log(truth / (negative * noise))[None], 4 * truth[None], noise, negative
    )
    np.testing.assert_allclose(gradient, 0, atol=8 * EPS)


@seeds
def test_expected_loss_is_the_average_over_all_negatives(seed):
    """Negatives enumerated in proportion, none of them left out: the loss of nce without its
    correction."""
    rng = np.random.default_rng(seed)
    counts, frequencies = rng.integers(0, 4, (3, 3)) + np.eye(3, dtype=int), np.array([3, 2, 1])
    noise, scores, negative = frequencies / 6, rng.standard_normal((3, 3)), 4
    total = 0.0
    for c, o in itertools.product(range(3), range(3)):
        wrong = sum(frequencies[k] * math.log1p(math.exp(scores[c, k])) for k in range(3)) / 6
        total += counts[c, o] * (math.log1p(math.exp(-scores[c, o])) + negative * wrong)
    loss, gradient = reference.expected_loss(scores, counts, noise, negative)
    assert loss == pytest.approx(total / counts.sum(), rel=1e-13)
    numerical = by_differences(
        lambda s: reference.expected_loss(s, counts, noise, negative)[0], scores
    )
    np.testing.assert_allclose(gradient, numerical, atol=1e-8)


@seeds
def test_expected_loss_with_skipping_is_the_mean_of_the_loss_that_is_trained(seed):
    """Every pair in proportion, every draw of two negatives in proportion: the loss itself decides
    what it skips."""
    rng = np.random.default_rng(seed)
    counts, noise = rng.integers(0, 4, (3, 3)) + np.eye(3, dtype=int), np.array([0.5, 0.3, 0.2])
    inputs, outputs = rng.standard_normal((2, 3, 2))
    total = 0.0
    for c, o, one, other in itertools.product(range(3), repeat=4):
        loss = reference.negative_sampling_loss(inputs, outputs, [c], [o], [[one, other]])
        total += counts[c, o] * noise[one] * noise[other] * loss
    scores = inputs @ outputs.T
    loss, gradient = reference.expected_loss(scores, counts, noise, 2, skip=True)
    assert loss == pytest.approx(total / counts.sum(), rel=1e-12)
    numerical = by_differences(
        lambda s: reference.expected_loss(s, counts, noise, 2, skip=True)[0], scores
    )
    np.testing.assert_allclose(gradient, numerical, atol=1e-8)


@given(st.floats(0.01, 0.9), st.integers(1, 20))
def test_skipping_raises_the_optimum_by_minus_ln_of_1_minus_p(share, negative):
    counts, noise = np.array([[share, 1 - share]]), np.array([0.3, 0.7])
    optimum = np.log(counts / (1 - counts)) - np.log(negative * noise)
    np.testing.assert_allclose(
        optimum, np.log(counts / (negative * noise)) - np.log(1 - counts), rtol=1e-9, atol=1e-12
    )
    _, gradient = reference.expected_loss(optimum, counts, noise, negative, skip=True)
    assert abs(gradient).max() < 1e-13
    _, gradient = reference.expected_loss(optimum, counts, noise, negative, skip=False)
    assert abs(gradient).max() > 1e-6


@pytest.mark.parametrize("negative", [1, 5])
def test_with_enough_dimensions_the_optimum_is_pmi_shifted_by_ln_k(negative):
    text = np.random.default_rng(5).choice(4, 400, p=[0.4, 0.3, 0.2, 0.1])
    counts = cooccurrence_counts(text, 4, window=3)
    assert (counts > 0).all()  # ln 0 would be reached at infinity only
    noise = reference.noise_distribution(counts.sum(axis=0), power=1)

    def loss(flat):
        inputs, outputs = flat.reshape(2, 4, 4)
        value, gradient = reference.expected_loss(inputs @ outputs.T, counts, noise, negative)
        return value, np.concatenate([(gradient @ outputs).ravel(), (gradient.T @ inputs).ravel()])

    start = np.random.default_rng(6).standard_normal(32)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "ftol": 1e-16, "gtol": 1e-10},
    )
    inputs, outputs = found.x.reshape(2, 4, 4)
    np.testing.assert_allclose(inputs @ outputs.T, pmi(counts) - math.log(negative), atol=1e-4)


# ----------------------------------------------------------------------------- one step of training


def pair_by_the_c_code(syn0, syn1neg, last_word, word, drawn, alpha):
    """The lines of TrainModelThread, one number at a time, with an exact sigmoid in place of the
    table."""
    size = len(syn0[0])
    neu1e = [0.0] * size
    for d in range(len(drawn) + 1):
        if d == 0:
            target, label = word, 1
        else:
            target = drawn[d - 1]
            if target == word:
                continue
            label = 0
        f = 0.0
        for c in range(size):
            f += syn0[last_word][c] * syn1neg[target][c]
        g = (label - 1 / (1 + math.exp(-f))) * alpha
        for c in range(size):
            neu1e[c] += g * syn1neg[target][c]
        for c in range(size):
            syn1neg[target][c] += g * syn0[last_word][c]
    for c in range(size):
        syn0[last_word][c] += neu1e[c]


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), ids_lists, st.floats(0, 1))
def test_pair_step_does_what_the_c_code_does(input, target, negatives, rate):
    inputs, outputs = made_tables(7)
    syn0, syn1neg = inputs.tolist(), outputs.tolist()
    pair_by_the_c_code(syn0, syn1neg, input, target, negatives, rate)
    _, got_inputs, got_outputs = reference.pair_step(
        inputs, outputs, input, target, negatives, rate
    )
    np.testing.assert_allclose(got_inputs, syn0, atol=1e-13)
    np.testing.assert_allclose(got_outputs, syn1neg, atol=1e-13)


@given(
    st.integers(0, SIZE - 1),
    st.integers(0, SIZE - 1),
    st.lists(st.integers(0, SIZE - 1), unique=True),
)
def test_pair_step_with_distinct_negatives_is_gradient_descent(input, target, negatives):
    inputs, outputs = made_tables(8)
    loss, new_inputs, new_outputs = reference.pair_step(
        inputs, outputs, input, target, negatives, 0.5
    )
    pair = [input], [target], np.array([negatives], int)
    value, grad_inputs, grad_outputs = reference.negative_sampling_gradients(inputs, outputs, *pair)
    assert loss == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(new_inputs, inputs - 0.5 * grad_inputs, atol=1e-14)
    np.testing.assert_allclose(new_outputs, outputs - 0.5 * grad_outputs, atol=1e-14)


def test_a_negative_drawn_twice_is_asked_with_its_new_row():
    inputs, outputs = np.array([[1.0], [0.0], [0.0]]), np.array([[0.0], [0.0], [0.0]])
    _, _, outputs = reference.pair_step(inputs, outputs, 0, 1, [2, 2], 1.0)
    assert outputs[2, 0] == pytest.approx(-0.5 - 1 / (1 + math.exp(0.5)))


@given(ids_lists, st.integers(0, SIZE - 1), ids_lists)
def test_window_step_is_gradient_descent_on_the_block(contexts, target, negatives):
    inputs, outputs = made_tables(9)
    negatives_left = [word for word in negatives if word != target]

    def loss(inputs, outputs):
        logits = inputs[contexts] @ outputs[[target, *negatives_left]].T
        signs = torch.tensor([1.0] + [-1.0] * len(negatives_left), dtype=torch.float64)
        return -torch.nn.functional.logsigmoid(signs * logits).sum()

    value, grad_inputs, grad_outputs = torch_gradients(loss, inputs, outputs)
    got, new_inputs, new_outputs = reference.window_step(
        inputs, outputs, contexts, target, negatives, 0.3
    )
    assert got == pytest.approx(value, rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(new_inputs, inputs - 0.3 * grad_inputs, atol=1e-13)
    np.testing.assert_allclose(new_outputs, outputs - 0.3 * grad_outputs, atol=1e-13)


def test_a_window_of_one_word_is_a_pair():
    tables = made_tables(10)
    window = reference.window_step(*tables, [3], 1, [0, 1, 5], 0.2)
    pair = reference.pair_step(*tables, 3, 1, [0, 1, 5], 0.2)
    cbow = reference.cbow_step(*tables, [3], 1, [0, 1, 5], 0.2)
    for one, two, three in zip(window, pair, cbow, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-14)
        np.testing.assert_allclose(three, two, rtol=1e-14)


@pytest.mark.parametrize("mean", [True, False])
def test_cbow_step_gives_every_context_row_the_error_of_the_hidden_vector(mean):
    inputs, outputs = made_tables(11)
    contexts, target, negatives, rate = [0, 2, 2, 5], 1, [3, 1, 4], 0.4
    hidden = inputs[contexts].mean(axis=0) if mean else inputs[contexts].sum(axis=0)
    with_hidden = np.vstack([inputs, hidden])  # as if h were the row of one more word
    loss, trained, new_outputs = reference.pair_step(
        with_hidden, np.vstack([outputs, np.zeros(DIM)]), SIZE, target, negatives, rate
    )
    error = trained[SIZE] - hidden
    expected = inputs.copy()
    expected[[0, 5]] += error
    expected[2] += 2 * error  # it stands in the window twice
    got = reference.cbow_step(inputs, outputs, contexts, target, negatives, rate, mean=mean)
    assert got[0] == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(got[1], expected, atol=1e-14)
    np.testing.assert_allclose(got[2], new_outputs[:SIZE], atol=1e-14)


def test_an_empty_window_changes_nothing():
    tables = made_tables(12)
    codes, points = reference.huffman(range(1, SIZE + 1))
    for loss, inputs, outputs in (
        reference.window_step(*tables, [], 1, [2], 0.5),
        reference.cbow_step(*tables, [], 1, [2], 0.5),
        reference.cbow_hierarchical_step(tables[0], tables[1][1:], [], codes[0], points[0], 0.5),
    ):
        assert loss == 0
        np.testing.assert_array_equal(inputs, tables[0])
        np.testing.assert_array_equal(outputs, tables[1][-len(outputs) :])


def test_steps_leave_their_tables_alone():
    inputs, outputs = made_tables(13)
    codes, points = reference.huffman(range(1, SIZE + 1))
    before = inputs.copy(), outputs.copy()
    inputs.flags.writeable = outputs.flags.writeable = False
    for _, *tables in (
        reference.pair_step(inputs, outputs, 0, 1, [2], 0.5),
        reference.window_step(inputs, outputs, [0, 3], 1, [2], 0.5),
        reference.cbow_step(inputs, outputs, [0, 3], 1, [2], 0.5),
        reference.hierarchical_step(inputs, outputs[1:], 0, codes[1], points[1], 0.5),
        reference.cbow_hierarchical_step(inputs, outputs[1:], [0, 3], codes[1], points[1], 0.5),
        reference.cbow_step(inputs, outputs, [], 1, [2], 0.5),
        reference.train_with_draws(
            [], [0], np.ones(SIZE), [], [], np.zeros((0, 2), int), inputs, outputs, 0.1, 0.01
        ),
    ):
        assert not any(np.may_share_memory(new, old) for new in tables for old in (inputs, outputs))
    np.testing.assert_array_equal(inputs, before[0])
    np.testing.assert_array_equal(outputs, before[1])


# ----------------------------------------------------------------------------- hierarchical softmax


def tree_by_the_c_code(cn):
    """CreateBinaryTree, line by line, for counts that fall: (codes, points)."""
    vocab_size = len(cn)
    count = [*cn, *[10**15] * vocab_size]
    binary, parent_node = [0] * (vocab_size * 2 + 1), [0] * (vocab_size * 2 + 1)
    pos1, pos2 = vocab_size - 1, vocab_size
    for a in range(vocab_size - 1):
        smallest = []
        for _ in range(2):
            if pos1 >= 0 and count[pos1] < count[pos2]:
                smallest.append(pos1)
                pos1 -= 1
            else:
                smallest.append(pos2)
                pos2 += 1
        min1i, min2i = smallest
        count[vocab_size + a] = count[min1i] + count[min2i]
        parent_node[min1i] = parent_node[min2i] = vocab_size + a
        binary[min2i] = 1
    codes, points = [], []
    for a in range(vocab_size):
        b, code, point = a, [], []
        while True:
            code.append(binary[b])
            point.append(b)
            b = parent_node[b]
            if b == vocab_size * 2 - 2:
                break
        codes.append(code[::-1])
        points.append([vocab_size - 2, *(inner - vocab_size for inner in point[:0:-1])])
    return codes, points


@given(st.lists(st.integers(1, 30), min_size=2, max_size=30))
def test_huffman_tree_is_that_of_the_c_code(counts):
    counts = sorted(counts, reverse=True)
    codes, points = reference.huffman(counts)
    assert (
        [code.tolist() for code in codes],
        [path.tolist() for path in points],
    ) == tree_by_the_c_code(counts)


@given(count_lists)
def test_the_order_of_the_words_does_not_matter_but_for_ties(counts):
    lengths = [len(code) for code in reference.huffman(counts)[0]]
    falling = [len(code) for code in reference.huffman(sorted(counts, reverse=True))[0]]
    assert [lengths[word] for word in np.argsort(-np.array(counts), kind="stable")] == falling


@given(count_lists)
def test_codes_are_prefix_free_and_fill_the_tree(counts):
    codes, points = reference.huffman(counts)
    assert math.fsum(2.0 ** -len(code) for code in codes) == 1  # Kraft's inequality, with equality
    for one, other in itertools.permutations(map(tuple, codes), 2):
        assert other[: len(one)] != one
    assert {int(node) for path in points for node in path} == set(range(len(counts) - 1))
    node_at = {}  # the same turns lead to the same node
    for code, path in zip(codes, points, strict=True):
        assert len(code) == len(path)
        for depth, node in enumerate(path.tolist()):
            assert node_at.setdefault(tuple(code[:depth]), node) == node


@given(count_lists)
def test_no_tree_has_a_shorter_mean_path(counts):
    heap, cost = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    codes, _ = reference.huffman(counts)
    assert sum(count * len(code) for count, code in zip(counts, codes, strict=True)) == cost


@given(count_lists)
def test_frequent_words_have_paths_that_are_no_longer(counts):
    lengths = [len(code) for code in reference.huffman(counts)[0]]
    for (a, short), (b, long) in itertools.permutations(zip(counts, lengths, strict=True), 2):
        assert short <= long or a <= b


def test_trees_of_one_word_and_of_none():
    assert reference.huffman([]) == ([], [])
    (code,), (path,) = reference.huffman([9])
    assert code.size == path.size == 0
    assert reference.hierarchical_probabilities(
        [1.0, 2.0], np.zeros((0, 2)), [code], [path]
    ).tolist() == [1.0]


def test_words_that_never_occur_still_get_a_path():
    codes, _ = reference.huffman([0, 0, 5, 0])
    assert sorted(map(len, codes)) == [1, 2, 3, 3]


@given(count_lists, st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 30.0]))
def test_probabilities_sum_to_one_whatever_the_tables_hold(counts, seed, scale):
    rng = np.random.default_rng(seed)
    nodes, hidden = (
        scale * rng.standard_normal((len(counts) - 1, 2)),
        scale * rng.standard_normal(2),
    )
    probabilities = reference.hierarchical_probabilities(hidden, nodes, *reference.huffman(counts))
    # exp of a sum of up to 11 logs; the exponent's rounding grows with its size, e^-x shrinks
    # faster.
    assert probabilities.sum() == pytest.approx(1, abs=100 * len(counts) * EPS)


def made_tree(seed):
    counts = np.random.default_rng(seed).integers(1, 20, SIZE)
    return reference.huffman(counts)


@seeds
def test_hierarchical_loss_is_minus_the_log_of_the_probability(seed):
    (inputs, nodes), (codes, points) = made_tables(seed), made_tree(seed)
    centres, contexts, _ = made_pairs(seed)
    logs = [
        math.log(reference.hierarchical_probabilities(inputs[c], nodes[1:], codes, points)[o])
        for c, o in zip(centres, contexts, strict=True)
    ]
    loss = reference.hierarchical_loss(inputs, nodes[1:], centres, contexts, codes, points)
    assert loss == pytest.approx(-np.mean(logs), rel=1e-12)


@seeds
def test_hierarchical_gradients_agree_with_torch_and_finite_differences(seed):
    (inputs, nodes), (codes, points) = made_tables(seed), made_tree(seed)
    nodes = nodes[1:]
    centres, contexts, _ = made_pairs(seed)

    def loss(inputs, nodes):
        total = 0.0
        for c, o in zip(centres, contexts, strict=True):
            labels = torch.tensor(1.0 - codes[o], dtype=torch.float64)
            logits = nodes[torch.tensor(points[o])] @ inputs[c]
            total = total + torch.nn.functional.binary_cross_entropy_with_logits(
                logits, labels, reduction="sum"
            )
        return total / len(centres)

    got = reference.hierarchical_gradients(inputs, nodes, centres, contexts, codes, points)
    for ours, theirs in zip(got, torch_gradients(loss, inputs, nodes), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    numerical = by_differences(
        lambda table: reference.hierarchical_loss(table, nodes, centres, contexts, codes, points),
        inputs,
    )
    np.testing.assert_allclose(got[1], numerical, atol=1e-8)


@seeds
def test_hierarchical_step_is_gradient_descent(seed):
    (inputs, nodes), (codes, points) = made_tables(seed), made_tree(seed)
    nodes = nodes[1:]
    value, grad_inputs, grad_nodes = reference.hierarchical_gradients(
        inputs, nodes, [2], [4], codes, points
    )
    loss, new_inputs, new_nodes = reference.hierarchical_step(
        inputs, nodes, 2, codes[4], points[4], 0.3
    )
    assert loss == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(new_inputs, inputs - 0.3 * grad_inputs, atol=1e-14)
    np.testing.assert_allclose(new_nodes, nodes - 0.3 * grad_nodes, atol=1e-14)


SENTENCE = "a b a c b a d a".split()
RATE = 0.05
# gensim reads sigmoids from a table with a step of 12 / 1000; the slope is at most 1 / 4.
TABLE_ERROR = 12 / 1000 / 4


def gensim_after_one_sentence(**options):
    """A model with one worker and a window of 1, where nothing is left to chance but the start;
    (before, after)."""
    fixed = {
        "vector_size": 4,
        "window": 1,
        "min_count": 1,
        "sample": 0,
        "workers": 1,
        "hs": 1,
        "negative": 0,
    }
    model = Word2Vec(**fixed, **options, alpha=RATE, min_alpha=RATE)
    model.build_vocab([SENTENCE])
    model.wv.vectors *= 4  # start away from sigmoids of one half
    model.syn1[:] = np.random.default_rng(3).standard_normal(model.syn1.shape) / 2
    before = model.wv.vectors.astype(np.float64), model.syn1[:-1].astype(np.float64)
    ids = [model.wv.key_to_index[word] for word in SENTENCE]
    tree = [
        [model.wv.get_vecattr(word, name) for word in model.wv.index_to_key]
        for name in ("code", "point")
    ]
    model.train([SENTENCE], total_examples=1, epochs=1)
    return before, ids, tree, (model.wv.vectors, model.syn1[:-1])


def test_hierarchical_skip_gram_trains_as_gensim_does():
    (inputs, nodes), ids, (codes, points), expected = gensim_after_one_sentence(sg=1)
    steps = 0
    for target, contexts in context_windows(np.array(ids), window=1):
        for word in contexts:
            _, inputs, nodes = reference.hierarchical_step(
                inputs, nodes, word, codes[target], points[target], RATE
            )
            steps += len(codes[target])
    largest = max(abs(table).max() for table in (inputs, nodes))
    for ours, theirs in zip((inputs, nodes), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=steps * RATE * TABLE_ERROR * largest)


@pytest.mark.parametrize("mean", [True, False])
def test_hierarchical_cbow_trains_as_gensim_does_but_for_the_sum(mean):
    (inputs, nodes), ids, (codes, points), expected = gensim_after_one_sentence(
        sg=0, cbow_mean=int(mean)
    )
    steps = 0
    for target, contexts in context_windows(np.array(ids), window=1):
        before = inputs
        _, inputs, nodes = reference.cbow_hierarchical_step(
            inputs, nodes, contexts, codes[target], points[target], RATE, mean=mean
        )
        if not mean:  # gensim divides by the number of contexts
            inputs = before + (inputs - before) / len(contexts)
        steps += len(codes[target])
    largest = max(abs(table).max() for table in (inputs, nodes)) * (1 if mean else 2)
    for ours, theirs in zip((inputs, nodes), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=steps * RATE * TABLE_ERROR * largest)


def test_huffman_codes_cost_what_gensims_do():
    counts = [50, 30, 30, 30, 8, 7, 7, 2, 1, 1, 1]
    model = Word2Vec(vector_size=2, hs=1, negative=0, min_count=1)
    model.build_vocab_from_freq({str(i): count for i, count in enumerate(counts)})
    theirs = sum(
        count * len(model.wv.get_vecattr(str(i), "code")) for i, count in enumerate(counts)
    )
    assert (
        sum(c * len(code) for c, code in zip(counts, reference.huffman(counts)[0], strict=True))
        == theirs
    )


# --------------------------------------------------------------------------------- a whole training


@pytest.mark.parametrize("progress", np.linspace(0, 1, 21))
def test_learning_rate_is_that_of_the_c_code(progress):
    alpha = 0.025 * (1 - progress)
    if alpha < 0.025 * 0.0001:
        alpha = 0.025 * 0.0001
    assert reference.learning_rate(progress, 0.025, 0.025 * 0.0001) == alpha


def made_draws(seed, tokens=60):
    rng = np.random.default_rng(seed)
    return {
        "ids": rng.integers(0, SIZE, tokens),
        "offsets": np.array([0, 25, 25, 26, tokens]),
        "keep": rng.uniform(0.3, 1, SIZE),
        "coins": rng.random(tokens),
        "radii": rng.integers(1, 4, tokens),
        "negatives": rng.integers(0, SIZE, (tokens, 3)),
    }


def test_without_subsampling_every_window_of_the_text_is_one_step():
    inputs, outputs = made_tables(20)
    draws = made_draws(20) | {"keep": np.ones(SIZE), "radii": np.full(60, 3)}
    tables = {"inputs": inputs, "outputs": outputs}
    losses, new_inputs, new_outputs = reference.train_with_draws(
        **draws, **tables, start=0.1, end=0.03
    )
    steps = []
    for i, (target, contexts) in enumerate(context_windows(draws["ids"], 3, draws["offsets"])):
        rate = max(0.03, 0.1 * (1 - i / 60))
        loss, inputs, outputs = reference.window_step(
            inputs, outputs, contexts, target, draws["negatives"][i], rate
        )
        steps += [loss / len(contexts)] if len(contexts) else []
    assert len(losses) == 59  # one sentence has a single token
    np.testing.assert_allclose(losses, steps, rtol=1e-13)
    np.testing.assert_array_equal(new_inputs, inputs)
    np.testing.assert_array_equal(new_outputs, outputs)


def test_dropped_tokens_might_as_well_not_be_in_the_text():
    tables, draws = made_tables(21), made_draws(21)
    stays = draws["coins"] < draws["keep"][draws["ids"]]
    assert 0 < stays.sum() < 60
    shorter = {name: draws[name][stays] for name in ("ids", "coins", "radii", "negatives")}
    shorter["offsets"] = np.concatenate([[0], np.cumsum(stays)])[draws["offsets"]]
    rates = {"start": 0.1, "end": 0.1}  # a rate that stays: progress differs
    whole = reference.train_with_draws(**draws, inputs=tables[0], outputs=tables[1], **rates)
    short = reference.train_with_draws(
        **shorter, keep=np.ones(SIZE), inputs=tables[0], outputs=tables[1], **rates
    )
    for one, other in zip(whole, short, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sentences_could_be_trained_one_by_one():
    inputs, outputs = made_tables(22)
    draws = made_draws(22)
    rates = {"start": 0.1, "end": 0.1}
    _, *whole = reference.train_with_draws(**draws, inputs=inputs, outputs=outputs, **rates)
    for start, end in itertools.pairwise(draws["offsets"]):
        part = {name: draws[name][start:end] for name in ("ids", "coins", "radii", "negatives")}
        part |= {"offsets": [0, end - start], "keep": draws["keep"]}
        _, inputs, outputs = reference.train_with_draws(
            **part, inputs=inputs, outputs=outputs, **rates
        )
    np.testing.assert_array_equal(whole[0], inputs)
    np.testing.assert_array_equal(whole[1], outputs)


# -------------------------------------------------------------------------- what the inputs must be


TABLES = np.zeros((3, 2)), np.zeros((3, 2))
TREE = reference.huffman([3, 2, 1])
NODES = np.zeros((2, 2))
DRAWS = {
    "ids": [0, 1],
    "offsets": [0, 2],
    "keep": [1, 1, 1],
    "coins": [0, 0],
    "radii": [1, 1],
    "negatives": [[2], [2]],
    "inputs": TABLES[0],
    "outputs": TABLES[1],
    "start": 0.1,
    "end": 0.1,
}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: reference.noise_distribution([[1]]), ValueError, r"shape \(n,\)"),
        (lambda: reference.noise_distribution([1, np.nan]), ValueError, "position 1"),
        (lambda: reference.noise_distribution([0, 0]), ValueError, "above 0"),
        (lambda: reference.noise_distribution([]), ValueError, "above 0"),
        (lambda: reference.noise_distribution([1], np.inf), ValueError, "power"),
        (lambda: reference.unigram_table([1], 0), ValueError, "size must be at least 1"),
        (lambda: reference.alias_table([0.0]), ValueError, "above 0"),
        (lambda: reference.alias_table([-1, 2]), ValueError, "not negative"),
        (lambda: reference.alias_draw([1], [0], [0, 0], [0.5]), ValueError, r"\(2,\) and \(1,\)"),
        (
            lambda: reference.negative_sampling_loss(*TABLES, [], [], np.zeros((0, 1), int)),
            ValueError,
            "at least 1",
        ),
        (
            lambda: reference.negative_sampling_loss(*TABLES, [0], [3], [[1]]),
            ValueError,
            "contexts .* got 3",
        ),
        (
            lambda: reference.negative_sampling_loss(*TABLES, [0], [1], [1]),
            ValueError,
            "negatives must be",
        ),
        (
            lambda: reference.negative_sampling_loss(*TABLES, [0.0], [1], [[1]]),
            TypeError,
            "centres must be integers",
        ),
        (
            lambda: reference.negative_sampling_gradients(TABLES[0], NODES, [0], [1], [[1]]),
            ValueError,
            "match",
        ),
        (lambda: reference.nce_loss(*TABLES, [0], [1], [[2]], [1, 1, 0]), ValueError, "above 0"),
        (lambda: reference.nce_loss(*TABLES, [0], [1], [[2]], [0.5, 0.5]), ValueError, "got 2"),
        (
            lambda: reference.nce_loss(*TABLES, [0], [1], [[]], [1, 1, 1]),
            ValueError,
            "at least one column",
        ),
        (lambda: reference.expected_loss([[0.0]], [[0]], [1.0], 1), ValueError, "a number above 0"),
        (lambda: reference.expected_loss([[0.0]], [[1]], [1.0], 0), ValueError, "negative"),
        (lambda: reference.pair_step(*TABLES, 0, -1, [1], 0.1), ValueError, "target .* got -1"),
        (lambda: reference.pair_step(*TABLES, [0], 1, [1], 0.1), ValueError, "input must be 0-D"),
        (lambda: reference.pair_step(*TABLES, 0, 1, [1], np.nan), ValueError, "learning_rate"),
        (
            lambda: reference.pair_step(TABLES[0] + np.nan, TABLES[1], 0, 1, [1], 0.1),
            ValueError,
            "inputs .* finite",
        ),
        (
            lambda: reference.window_step(*TABLES, [[0]], 1, [1], 0.1),
            ValueError,
            "context_ids must be 1-D",
        ),
        (lambda: reference.cbow_step(*TABLES, [0], 1, [7], 0.1), ValueError, "negatives .* got 7"),
        (lambda: reference.huffman([[1, 2]]), ValueError, r"shape \(n,\)"),
        (lambda: reference.hierarchical_probabilities([0.0], NODES, *TREE), ValueError, "hidden"),
        (lambda: reference.hierarchical_loss(*TABLES, [0], [1], *TREE), ValueError, "nodes"),
        (
            lambda: reference.hierarchical_loss(TABLES[0], NODES, [0], [1], TREE[0][:2], TREE[1]),
            ValueError,
            "entries",
        ),
        (
            lambda: reference.hierarchical_step(TABLES[0], NODES, 0, [0, 2], [1, 0], 0.1),
            ValueError,
            "code .* got 2",
        ),
        (
            lambda: reference.hierarchical_step(TABLES[0], NODES, 0, [0], [1, 0], 0.1),
            ValueError,
            "one length",
        ),
        (lambda: reference.learning_rate(1.1), ValueError, "progress"),
        (lambda: reference.learning_rate(0.5, 0.0, 0.0), ValueError, "start"),
        (lambda: reference.learning_rate(0.5, 0.1, 0.2), ValueError, "end"),
        (lambda: reference.train_with_draws(**DRAWS | {"coins": [0.5]}), ValueError, "coins"),
        (lambda: reference.train_with_draws(**DRAWS | {"keep": [1, 1]}), ValueError, "keep"),
        (lambda: reference.train_with_draws(**DRAWS | {"offsets": [0, 1]}), ValueError, "offsets"),
        (lambda: reference.train_with_draws(**DRAWS | {"radii": [1, 0]}), ValueError, "radii"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
