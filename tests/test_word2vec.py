"""Word2vec: the reference for pairs, losses, gradients and steps."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from embcourse.figures import word2vec as figures
from embcourse.text import context_pairs
from embcourse.word2vec import reference

# -------------------------------------------------------------------------------------------- pairs


def corpora():
    """(ids, offsets): up to four sentences of up to eight tokens, empty ones too."""
    return st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=4).map(
        lambda sentences: (
            np.array([word for sentence in sentences for word in sentence], dtype=np.int32),
            np.cumsum([0, *map(len, sentences)]),
        )
    )


@given(corpora(), st.integers(1, 10))
def test_equal_radii_give_the_pairs_of_a_fixed_window(corpus, window):
    ids, offsets = corpus
    ours = reference.sampled_pairs(ids, np.full(ids.size, window), offsets)
    for got, expected in zip(ours, context_pairs(ids, window, offsets), strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


@given(corpora(), st.integers(0, 2**32 - 1))
def test_every_centre_has_the_pairs_that_a_fixed_window_of_its_radius_gives_it(corpus, seed):
    _, offsets = corpus
    positions = np.arange(offsets[-1])  # ids that say where a token stands
    radii = reference.draw_radii(positions.size, 4, np.random.default_rng(seed))
    centres, contexts = reference.sampled_pairs(positions, radii, offsets)
    assert (np.diff(centres) >= 0).all()
    for position, radius in zip(positions, radii, strict=True):
        all_centres, all_contexts = context_pairs(positions, int(radius), offsets)
        np.testing.assert_array_equal(
            contexts[centres == position], all_contexts[all_centres == position]
        )


def test_radii_are_uniform():
    radii = reference.draw_radii(60_000, 5, np.random.default_rng(0))
    counts = np.bincount(radii, minlength=6)
    assert counts[0] == 0 and counts.size == 6
    # Each count is binomial with standard deviation 98; five of them is past any chance.
    assert np.abs(counts[1:] - 12_000).max() < 5 * math.sqrt(60_000 * 0.2 * 0.8)


@pytest.mark.parametrize(
    ("ids", "radii", "offsets", "error", "message"),
    [
        ([1, 2], [1], None, ValueError, "radii must have one number a token, 2; got 1"),
        ([1, 2], [1, 0], None, ValueError, "radii must be at least 1, got 0"),
        ([1, 2], [1.0, 2.0], None, TypeError, "radii must be integers"),
        ([1.5, 2], [1, 1], None, TypeError, "ids"),
        ([1, 2], [[1, 1]], None, ValueError, "radii must be 1-D"),
        ([1, 2], [1, 1], [0, 1], ValueError, "offsets must rise"),
    ],
)
def test_bad_windows_are_refused(ids, radii, offsets, error, message):
    with pytest.raises(error, match=message):
        reference.sampled_pairs(ids, radii, offsets)


def test_bad_draws_are_refused():
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        reference.draw_radii(3, 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="tokens must be at least 0, got -1"):
        reference.draw_radii(-1, 2, np.random.default_rng(0))


# ------------------------------------------------------------------------------------------ softmax


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.sampled_from([1e-3, 1.0, 1e4]))
def test_log_softmax_is_torchs(seed, words, scale):
    logits = np.random.default_rng(seed).uniform(-scale, scale, (2, 3, words))
    expected = torch.log_softmax(torch.from_numpy(logits), dim=-1).numpy()
    np.testing.assert_allclose(
        reference.log_softmax(logits), expected, rtol=1e-13, atol=1e-13 * max(scale, 1)
    )
    np.testing.assert_allclose(np.exp(reference.log_softmax(logits)).sum(-1), 1.0, rtol=1e-11)


@pytest.mark.parametrize("logits", [3.0, np.zeros((2, 0)), [np.nan, 1.0], [np.inf, 1.0]])
def test_log_softmax_refuses_what_has_none(logits):
    with pytest.raises(ValueError, match="log_softmax: logits must"):
        reference.log_softmax(logits)


# ----------------------------------------------------------------------------- losses and gradients


@st.composite
def skipgram_problems(draw, scale=1.0):
    """Tables and pairs of any small shape; words repeat."""
    words, dim, pairs = draw(st.integers(1, 7)), draw(st.integers(1, 5)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs, outputs = rng.uniform(-scale, scale, (2, words, dim))
    return inputs, outputs, rng.integers(0, words, pairs), rng.integers(0, words, pairs)


@st.composite
def cbow_problems(draw, scale=1.0):
    """Tables, targets and contexts; words repeat, and contexts may be empty, but not all."""
    words, dim = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    lengths = draw(st.lists(st.integers(0, 5), min_size=1, max_size=5).filter(any))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs, outputs = rng.uniform(-scale, scale, (2, words, dim))
    contexts = [rng.integers(0, words, length) for length in lengths]
    return inputs, outputs, rng.integers(0, words, len(lengths)), contexts, draw(st.booleans())


def torch_skipgram(inputs, outputs, centres, contexts):
    return cross_entropy(inputs[torch.from_numpy(centres)] @ outputs.T, torch.from_numpy(contexts))


def torch_cbow(inputs, outputs, targets, contexts, mean):
    used = [i for i, context in enumerate(contexts) if context.size]
    hidden = [inputs[torch.from_numpy(contexts[i])] for i in used]
    hidden = torch.stack([rows.mean(0) if mean else rows.sum(0) for rows in hidden])
    return cross_entropy(hidden @ outputs.T, torch.from_numpy(targets[used]))


def assert_gradients_are_autograds(gradients, loss, oracle, problem, atol):
    tables = [torch.tensor(table, requires_grad=True) for table in problem[:2]]
    theirs = oracle(*tables, *problem[2:])
    expected = torch.autograd.grad(theirs, tables)
    value, *ours = gradients(*problem)
    assert value == pytest.approx(theirs.item(), rel=1e-12, abs=atol)
    assert loss(*problem) == pytest.approx(value, rel=1e-15, abs=1e-15)
    for got, wanted in zip(ours, expected, strict=True):
        np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-11, atol=atol)


def assert_gradients_are_differences(gradients, loss, problem):
    """Central differences err by about h^2 from the third derivative and eps / h from rounding:
    1e-10 at h = 1e-5."""
    h = 1e-5
    for table, gradient in zip((0, 1), gradients(*problem)[1:], strict=True):
        for entry in np.ndindex(gradient.shape):
            sides = []
            for sign in (1, -1):
                moved = [problem[0].copy(), problem[1].copy()]
                moved[table][entry] += sign * h
                sides.append(loss(*moved, *problem[2:]))
            assert gradient[entry] == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-7)


@given(skipgram_problems())
def test_skipgram_gradients_are_torchs(problem):
    assert_gradients_are_autograds(
        reference.skipgram_gradients, reference.skipgram_loss, torch_skipgram, problem, atol=1e-13
    )


@given(skipgram_problems(scale=60.0))
def test_skipgram_gradients_are_torchs_at_logits_of_thousands(problem):
    # A logit of 1e4 errs by 1e-11, and so does a probability, which is then multiplied with entries
    # of up to 60.
    assert_gradients_are_autograds(
        reference.skipgram_gradients, reference.skipgram_loss, torch_skipgram, problem, atol=1e-8
    )


@given(skipgram_problems())
def test_skipgram_gradients_are_finite_differences(problem):
    assert_gradients_are_differences(reference.skipgram_gradients, reference.skipgram_loss, problem)


@given(cbow_problems())
def test_cbow_gradients_are_torchs(problem):
    assert_gradients_are_autograds(
        reference.cbow_gradients, reference.cbow_loss, torch_cbow, problem, atol=1e-13
    )


@given(cbow_problems(scale=60.0))
def test_cbow_gradients_are_torchs_at_logits_of_thousands(problem):
    assert_gradients_are_autograds(
        reference.cbow_gradients, reference.cbow_loss, torch_cbow, problem, atol=1e-7
    )


@given(cbow_problems())
def test_cbow_gradients_are_finite_differences(problem):
    assert_gradients_are_differences(reference.cbow_gradients, reference.cbow_loss, problem)


@given(skipgram_problems())
def test_output_gradients_cancel_over_the_vocabulary(problem):
    _, _, grad_outputs = reference.skipgram_gradients(*problem)
    np.testing.assert_allclose(grad_outputs.sum(axis=0), 0.0, atol=1e-14)


@given(skipgram_problems())
def test_a_word_that_is_no_centre_has_no_input_gradient(problem):
    _, grad_inputs, _ = reference.skipgram_gradients(*problem)
    others = np.setdiff1d(np.arange(len(problem[0])), problem[2])
    assert not grad_inputs[others].any()


@given(skipgram_problems())
def test_gradients_of_a_batch_are_the_mean_of_its_pairs(problem):
    inputs, outputs, centres, contexts = problem
    single = [
        reference.skipgram_gradients(inputs, outputs, [c], [o])
        for c, o in zip(centres, contexts, strict=True)
    ]
    batch = reference.skipgram_gradients(*problem)
    assert batch[0] == pytest.approx(np.mean([loss for loss, _, _ in single]), abs=1e-13)
    for table in (1, 2):
        np.testing.assert_allclose(
            batch[table], np.mean([pair[table] for pair in single], axis=0), atol=1e-13
        )


@given(skipgram_problems())
def test_a_context_of_one_word_makes_cbow_a_skipgram_turned_round(problem):
    inputs, outputs, centres, contexts = problem
    for mean in (True, False):
        ours = reference.cbow_gradients(inputs, outputs, contexts, [[c] for c in centres], mean)
        for got, expected in zip(ours, reference.skipgram_gradients(*problem), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("words", [1, 2, 50])
def test_equal_logits_cost_ln_v(words):
    zero = np.zeros((words, 3))
    assert reference.skipgram_loss(zero, zero, [0], [words - 1]) == pytest.approx(
        math.log(words), abs=1e-15
    )
    assert reference.cbow_loss(zero, zero, [0], [[words - 1, 0]]) == pytest.approx(
        math.log(words), abs=1e-15
    )


@given(cbow_problems())
def test_a_target_without_a_context_changes_nothing(problem):
    inputs, outputs, targets, contexts, mean = problem
    more = reference.cbow_gradients(
        inputs, outputs, [0, *targets], [np.zeros(0, int), *contexts], mean
    )
    for got, expected in zip(more, reference.cbow_gradients(*problem), strict=True):
        np.testing.assert_array_equal(got, expected)


ZERO = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((ZERO, ZERO, [], []), ValueError, "at least one pair"),
        (
            (ZERO, ZERO, [0], [3]),
            ValueError,
            "contexts must lie between 0 and 2, got 3 at position 0",
        ),
        (
            (ZERO, ZERO, [-1], [0]),
            ValueError,
            "centres must lie between 0 and 2, got -1 at position 0",
        ),
        ((ZERO, ZERO, [0.0], [1]), TypeError, "centres must be integers, got float64"),
        ((ZERO, ZERO, [0, 1], [1]), ValueError, "must pair up; got 2 and 1"),
        ((ZERO, np.zeros((4, 2)), [0], [1]), ValueError, r"must share \(V, d\)"),
        ((ZERO[0], ZERO[0], [0], [1]), ValueError, r"inputs must have shape \(V, d\)"),
        ((ZERO, ZERO + np.nan, [0], [1]), ValueError, "outputs must be finite"),
    ],
)
@pytest.mark.parametrize("function", [reference.skipgram_loss, reference.skipgram_gradients])
def test_bad_pairs_are_refused_by_name(function, arguments, error, message):
    with pytest.raises(error, match=f"{function.__name__}: .*{message}"):
        function(*arguments)


@pytest.mark.parametrize(
    ("targets", "contexts", "error", "message"),
    [
        ([], [], ValueError, "at least one target must have a context"),
        ([1], [[]], ValueError, "at least one target must have a context"),
        ([1], [[0], [2]], ValueError, "one array a target, 1; got 2"),
        ([1, 0], [[0], [3]], ValueError, r"contexts\[1\] must lie between 0 and 2"),
        ([5], [[0]], ValueError, "targets must lie between 0 and 2"),
        ([1], [[0.5]], TypeError, r"contexts\[0\] must be integers"),
    ],
)
@pytest.mark.parametrize("function", [reference.cbow_loss, reference.cbow_gradients])
def test_bad_contexts_are_refused_by_name(function, targets, contexts, error, message):
    with pytest.raises(error, match=f"{function.__name__}: .*{message}"):
        function(ZERO, ZERO, targets, contexts)


def test_cbow_needs_a_context():
    with pytest.raises(ValueError, match="cbow_hidden: contexts must hold at least one word"):
        reference.cbow_hidden(ZERO, [])


# ----------------------------------------------------------------------------------------- training


@given(skipgram_problems(), st.floats(0, 1))
def test_a_step_is_torchs_sgd(problem, rate):
    inputs, outputs, centres, contexts = problem
    before = inputs.copy(), outputs.copy()
    parameters = [torch.nn.Parameter(torch.tensor(table)) for table in (inputs, outputs)]
    loss = torch_skipgram(*parameters, centres[:1], contexts[:1])
    loss.backward()
    torch.optim.SGD(parameters, lr=rate).step()
    ours = reference.sgd_step(inputs, outputs, centres[0], contexts[0], rate)
    assert ours[0] == pytest.approx(loss.item(), abs=1e-13)
    for got, expected in zip(ours[1:], parameters, strict=True):
        np.testing.assert_allclose(got, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(inputs, before[0])
    np.testing.assert_array_equal(outputs, before[1])


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_a_step_refuses_a_bad_rate(rate):
    with pytest.raises(ValueError, match="learning_rate must be finite and not negative"):
        reference.sgd_step(ZERO, ZERO, 0, 1, rate)


def test_training_finds_the_frequencies_of_contexts():
    # Word 0 stands beside 1 three times as often as beside 2. With d = V the softmax can say so
    # exactly.
    centres, contexts = np.array([0, 0, 0, 0, 1, 2]), np.array([1, 1, 1, 2, 0, 0])
    inputs, outputs, losses = reference.train_skipgram(
        centres, contexts, 3, 3, epochs=600, learning_rate=0.2, seed=1
    )
    p = np.exp(reference.log_softmax(outputs @ inputs[0]))
    np.testing.assert_allclose(p, [0, 0.75, 0.25], atol=0.03)
    # No model does better than the entropy of the contexts.
    entropy = 4 / 6 * -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert reference.skipgram_loss(inputs, outputs, centres, contexts) >= entropy
    assert losses[-1] == pytest.approx(entropy, abs=0.05)
    assert losses[0] > losses[-1]


def test_training_starts_as_the_released_program_does():
    inputs, outputs, losses = reference.train_skipgram(
        [0], [1], 5, 4, epochs=1, learning_rate=0.1, seed=0
    )
    assert losses[0] == pytest.approx(math.log(5), abs=1e-15)
    assert np.abs(inputs).max() <= 0.5 / 4
    assert outputs[1].any()  # one step has moved them


def test_training_lowers_the_rate_on_a_line():
    """One pair, three steps: the same as three steps by hand with rates 1, 2/3 and 1/3 of the
    first."""
    inputs, outputs, losses = reference.train_skipgram(
        [0], [1], 4, 3, epochs=3, learning_rate=0.9, seed=7
    )
    x = np.random.default_rng(7).uniform(-0.5, 0.5, (4, 3)) / 3
    y = np.zeros((4, 3))
    for k, rate in enumerate((0.9, 0.6, 0.3)):
        loss, x, y = reference.sgd_step(x, y, 0, 1, rate)
        assert losses[k] == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(inputs, x, rtol=1e-12)
    np.testing.assert_allclose(outputs, y, rtol=1e-12)


def test_training_repeats_with_its_seed_only():
    def run(seed):
        return reference.train_skipgram(
            [0, 1, 2], [1, 2, 0], 3, 2, epochs=4, learning_rate=0.5, seed=seed
        )

    for first, second in zip(run(3), run(3), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(run(3)[0], run(4)[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"dim": 0}, "dim must be at least 1, got 0"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and above 0"),
        ({"learning_rate": math.nan}, "learning_rate must be finite and above 0"),
        ({"centres": [], "contexts": []}, "at least one pair"),
        ({"contexts": [9]}, "contexts must lie between 0 and 2"),
    ],
)
def test_training_refuses_bad_arguments(changes, message):
    arguments = {
        "centres": [0],
        "contexts": [1],
        "size": 3,
        "dim": 2,
        "epochs": 1,
        "learning_rate": 0.1,
        "seed": 0,
    }
    with pytest.raises(ValueError, match=f"train_skipgram: .*{message}"):
        reference.train_skipgram(**(arguments | changes))


# ------------------------------------------------------------------------------------------ figures


@pytest.mark.parametrize("draw", [figures.skipgram_schematic, figures.cbow_schematic])
def test_a_schematic_names_every_word_and_every_shape(draw):
    written = [
        text.get_text() for text in draw(["eat", "the", "bread"], centre=1, window=1).axes[0].texts
    ]
    assert {"eat", "the", "bread", "E", "U", "$(d,)$", "$(V,)$"} < set(written)
    assert written.count("$(V, d)$") == written.count("$(V,)$") == 2


def test_a_schematic_reads_and_predicts_what_its_model_does():
    """Lines are solid around the words that are read and dashed around those that are to be
    predicted."""
    from matplotlib.patches import FancyBboxPatch

    for draw, solid in ((figures.skipgram_schematic, [2]), (figures.cbow_schematic, [1, 3])):
        boxes = [
            patch
            for patch in draw(list("abcde"), centre=2, window=1).axes[0].patches
            if isinstance(patch, FancyBboxPatch)
        ][:5]
        assert [i for i, box in enumerate(boxes) if box.get_linestyle() in ("-", "solid")] == solid


@pytest.mark.parametrize(
    ("words", "centre"), [(["alone"], 0), (["two", "words"], 2), (["two", "words"], -3)]
)
def test_a_schematic_refuses_a_centre_without_a_window(words, centre):
    with pytest.raises(ValueError, match="skipgram_schematic: centre must be one of"):
        figures.skipgram_schematic(words, centre, window=1)
