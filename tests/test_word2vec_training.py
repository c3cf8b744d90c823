"""The exact objective: its loss in torch, and training with it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from embcourse.text import Encoded, Vocabulary
from embcourse.training import Diverged
from embcourse.vectors import Embeddings
from embcourse.word2vec import fast, model, reference
from embcourse.word2vec.model import Training, train

# ----------------------------------------------------------------------------------------- the loss


def batch(examples, words, dim, *, dtype=torch.float64, size=1.0, seed=0):
    random = torch.Generator().manual_seed(seed)
    hidden = (
        (size * torch.randn(examples, dim, generator=random, dtype=torch.float64))
        .to(dtype)
        .requires_grad_()
    )
    outputs = (
        torch.randn(words, dim, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
    )
    return hidden, outputs, torch.randint(words, (examples,), generator=random)


@pytest.fixture(params=[1, 7, 64, 1 << 20], ids=lambda block: f"{block} logits at a time")
def block(request, monkeypatch):
    """From one word at a time, over blocks that do not divide the vocabulary, to all at once."""
    monkeypatch.setattr(fast, "_BLOCK", request.param)
    return request.param


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize(
    ("examples", "words", "dim"), [(1, 1, 1), (3, 1, 2), (1, 20, 3), (5, 37, 4), (30, 8, 6)]
)
def test_loss_and_gradients_are_those_of_cross_entropy(examples, words, dim):
    hidden, outputs, targets = batch(examples, words, dim)
    ours = fast.softmax_loss(hidden, outputs, targets)
    theirs = cross_entropy(hidden @ outputs.T, targets)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(2 * loss, (hidden, outputs)) for loss in (ours, theirs)]
    for got, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-14)


@pytest.mark.usefixtures("block")
def test_gradients_are_the_finite_differences():
    hidden, outputs, targets = batch(4, 9, 3)
    assert torch.autograd.gradcheck(
        lambda h, u: fast.softmax_loss(h, u, targets), (hidden, outputs)
    )


@given(st.integers(1, 12), st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**31))
def test_any_shape_agrees_with_cross_entropy(examples, words, dim, seed):
    hidden, outputs, targets = batch(examples, words, dim, size=5.0, seed=seed)
    ours = fast.softmax_loss(hidden, outputs, targets)
    torch.testing.assert_close(
        ours, cross_entropy(hidden @ outputs.T, targets), rtol=1e-11, atol=1e-13
    )


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logits_of_ten_thousand_do_not_overflow(dtype):
    hidden, outputs, targets = batch(6, 50, 20, dtype=dtype, size=2000.0)
    assert float((hidden @ outputs.T).detach().abs().max()) > 1e4
    loss = fast.softmax_loss(hidden, outputs, targets)
    wanted = cross_entropy(hidden.detach().double() @ outputs.detach().double().T, targets)
    largest = (hidden.detach().double().abs() @ outputs.detach().double().abs().T).max()
    assert abs(loss.item() - wanted) <= 24 * torch.finfo(dtype).eps * largest
    assert all(
        torch.isfinite(gradient).all() for gradient in torch.autograd.grad(loss, (hidden, outputs))
    )


def test_a_certain_prediction_costs_nothing_and_never_less():
    hidden, outputs = torch.full((3, 7), 33.3), torch.zeros(5, 7)
    outputs[2] = 33.3
    assert fast.softmax_loss(hidden, outputs, torch.tensor([2, 2, 2])).item() == 0.0


def test_no_more_logits_exist_at_once_than_promised(monkeypatch):
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        numbers = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                self.numbers = max(self.numbers, result.numel())
            return result

    hidden, outputs, targets = batch(50, 1000, 4)
    monkeypatch.setattr(fast, "_BLOCK", 2000)
    with Largest() as ours:
        fast.softmax_loss(hidden, outputs, targets).backward()
    assert ours.numbers <= outputs.numel()
    with Largest() as eager:
        cross_entropy(hidden @ outputs.T, targets).backward()
    assert eager.numbers >= 50 * 1000


def test_only_the_gradients_that_are_wanted_are_computed():
    hidden, outputs, targets = batch(5, 7, 3)
    both = torch.autograd.grad(fast.softmax_loss(hidden, outputs, targets), (hidden, outputs))
    (first,) = torch.autograd.grad(fast.softmax_loss(hidden, outputs.detach(), targets), hidden)
    (second,) = torch.autograd.grad(fast.softmax_loss(hidden.detach(), outputs, targets), outputs)
    assert torch.equal(first, both[0]) and torch.equal(second, both[1])
    assert not fast.softmax_loss(hidden.detach(), outputs.detach(), targets).requires_grad


def test_the_loss_names_what_is_wrong():
    hidden, outputs, targets = batch(4, 6, 3)
    with pytest.raises(TypeError, match="hidden must be a torch tensor, got ndarray"):
        fast.softmax_loss(np.ones((4, 3)), outputs, targets)
    with pytest.raises(TypeError, match="hidden must be float32 or float64, got float16"):
        fast.softmax_loss(hidden.half(), outputs, targets)
    with pytest.raises(TypeError, match="share a dtype"):
        fast.softmax_loss(hidden.float(), outputs, targets)
    with pytest.raises(TypeError, match="targets must be integers, got float32"):
        fast.softmax_loss(hidden, outputs, targets.float())
    with pytest.raises(ValueError, match=r"same d, got \(4, 2\) and \(6, 3\)"):
        fast.softmax_loss(hidden[:, :2], outputs, targets)
    with pytest.raises(ValueError, match=r"targets must have shape \(4,\)"):
        fast.softmax_loss(hidden, outputs, targets[:3])
    with pytest.raises(ValueError, match="must not be empty"):
        fast.softmax_loss(hidden[:0], outputs, targets[:0])
    with pytest.raises(ValueError, match=r"0..5 for the 6 rows of outputs, got 6"):
        fast.softmax_loss(hidden, outputs, torch.tensor([0, 1, 6, 2]))
    with pytest.raises(ValueError, match="got -1"):
        fast.softmax_loss(hidden, outputs, torch.tensor([0, 1, -1, 2]))


# ----------------------------------------------------------------------------------------- training

SENTENCES = [["red", "apple"], ["red", "cherry"], ["blue", "sky"], ["blue", "sea"]] * 50
SMALL = {"dim": 6, "window": 2, "sample": 0, "min_count": 1, "batch_size": 32}


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_training_lowers_the_loss_and_finds_what_belongs_together(kind):
    losses = []
    vectors = train(
        SENTENCES,
        model=kind,
        epochs=30,
        callback=lambda report: losses.append(report.loss),
        **SMALL,
    )
    # at first every word is as likely as any other
    assert losses[0] == pytest.approx(math.log(6), abs=0.2)
    # "red" and "blue" are followed by one of two words, the others by one: the entropy is half a ln
    # 2 for both models.
    assert losses[-1] == pytest.approx(0.5 * math.log(2), abs=0.05)
    assert vectors.neighbours("apple", k=1)[0].token == "cherry"
    assert vectors.neighbours("sea", k=1)[0].token == "sky"


def test_the_loss_that_is_reported_is_the_mean_over_all_pairs():
    """One batch of everything: the report must be the loss of the tables before the step."""
    reports = []
    settings = {**SMALL, "batch_size": 10_000, "epochs": 1, "window": 1}
    training = Training(SENTENCES, callback=reports.append, **settings)
    training._tables[1].copy_(torch.randn(6, 6, generator=torch.Generator().manual_seed(0)))
    inputs, outputs = training.inputs.astype(float), training.outputs.astype(float)
    training.run()
    ids = [training.vocabulary.encode(sentence) for sentence in SENTENCES]
    # two words a sentence: each predicts the other
    pairs = [pair for a, b in ids for pair in ((a, b), (b, a))]
    logits = inputs @ outputs.T
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    wanted = -np.mean([log_softmax[centre, context] for centre, context in pairs])
    assert len(reports) == 1 and reports[0].loss == pytest.approx(wanted, rel=1e-5)
    assert reports[0].tokens == reports[0].total_tokens == 400


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_the_objective_is_that_of_the_definition(kind):
    """Loss and both gradients of a batch, against NumPy in float64."""
    rng = np.random.default_rng(0)
    inputs, outputs = rng.normal(size=(2, 7, 4))
    targets = np.array([0, 3, 3, 6])
    tables = [torch.from_numpy(table).requires_grad_() for table in (inputs, outputs)]
    if kind == "skipgram":
        centres = np.array([5, 5, 1, 2])
        wanted = reference.skipgram_gradients(inputs, outputs, centres, targets)
        hidden = tables[0][torch.from_numpy(centres)]
    else:
        contexts = [np.array([1, 2, 2]), np.array([4]), np.array([0, 6]), np.array([5, 1, 0, 3])]
        wanted = reference.cbow_gradients(inputs, outputs, targets, contexts)
        hidden = torch.stack(
            [tables[0][torch.from_numpy(context)].mean(dim=0) for context in contexts]
        )
    loss = fast.softmax_loss(hidden, tables[1], torch.from_numpy(targets))
    for got, right in zip((loss.detach(), *torch.autograd.grad(loss, tables)), wanted, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("mean", [True, False])
def test_cbow_predicts_from_the_mean_or_the_sum_of_its_context(mean):
    reports = []
    settings = {**SMALL, "batch_size": 10_000, "epochs": 1, "window": 1}
    sentences = [["a", "b", "c"]] * 3
    training = Training(
        sentences, model="cbow", cbow_mean=mean, callback=reports.append, **settings
    )
    training._tables[1].copy_(torch.randn(3, 6, generator=torch.Generator().manual_seed(0)))
    inputs, outputs = training.inputs.astype(float), training.outputs.astype(float)
    training.run()
    a, b, c = training.vocabulary.encode(["a", "b", "c"])
    around = inputs[a] + inputs[c]
    examples = [(inputs[b], a), (around / 2 if mean else around, b), (inputs[b], c)]
    wanted = np.mean(
        [
            np.log(np.exp(outputs @ hidden).sum()) - outputs[target] @ hidden
            for hidden, target in examples
        ]
    )
    assert reports[0].loss == pytest.approx(wanted, rel=1e-5)


def test_the_step_is_the_one_of_torch_adam():
    training = Training(SENTENCES, epochs=1, **SMALL)
    training._tables[1].copy_(torch.randn(6, 6, generator=torch.Generator().manual_seed(0)))
    theirs = [table.clone().requires_grad_() for table in training._tables]
    optimiser = torch.optim.Adam(theirs, lr=0.02)
    for step in range(3):
        centres, targets = torch.tensor([0, 1, 1, step]), torch.tensor([2, 3, step, 5])
        optimiser.zero_grad()
        cross_entropy(theirs[0][centres] @ theirs[1].T, targets).backward()
        optimiser.step()
        training._step(centres, targets, 0.02)
    for ours, table in zip(training._tables, theirs, strict=True):
        torch.testing.assert_close(ours, table.detach(), rtol=1e-4, atol=1e-6)


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 7), st.integers(0, 99))
def test_pairs_are_those_of_the_definition(lengths, window, seed):
    offsets = np.cumsum([0, *lengths])
    radii = reference.draw_radii(offsets[-1], window, np.random.default_rng(seed))
    ours = model._pairs_of_positions(radii, window, offsets)
    theirs = reference.sampled_pairs(np.arange(offsets[-1]), radii, offsets)
    assert np.array_equal(ours[0], theirs[0]) and np.array_equal(ours[1], theirs[1])


def test_pairs_stay_inside_their_radius_and_their_sentence():
    words = [f"w{i}" for i in range(40)]
    vocabulary = Vocabulary(words)
    encoded = Encoded(np.arange(40, dtype=np.int32), np.array([0, 1, 13, 40]))
    training = Training(
        encoded, vocabulary=vocabulary, window=4, epochs=1, dim=2, sample=0, batch_size=7
    )
    sizes, distances = [], []
    for seed in range(40):
        for centres, contexts in training._batches(encoded, np.random.default_rng(seed)):
            sizes.append(len(centres))
            distances.extend((centres - contexts).abs().tolist())
            assert ((centres >= 1) & ((centres < 13) == (contexts < 13))).all()
    assert min(sizes) > 0 and max(sizes) <= 7
    # A word k away is in the window if the radius is at least k: with probability (5 - k) / 4.
    share = (
        np.bincount(distances, minlength=5)[1:] / [2 * (12 - k + 27 - k) for k in range(1, 5)] / 40
    )
    np.testing.assert_allclose(share, [1, 0.75, 0.5, 0.25], atol=0.08)


def test_subsampling_thins_out_frequent_words():
    sentences = [["the", "cat", "the", "dog", "the", "the"]] * 400
    kept = {}
    for sample in (0, 0.05):
        training = Training(sentences, sample=sample, window=1, epochs=1, dim=2)
        batches = training._batches(training._corpus.chunk(0, 400), np.random.default_rng(0))
        centres = torch.cat([centres for centres, _ in batches])
        kept[sample] = (centres == training.vocabulary["the"]).double().mean()
    assert kept[0.05] < 0.75 * kept[0]


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(kind):
    first, second, other = (
        train(SENTENCES, model=kind, epochs=2, seed=seed, **SMALL).matrix for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second) and not np.allclose(first, other)


def test_a_run_in_pieces_equals_an_unbroken_one():
    whole = Training(SENTENCES, epochs=4, **SMALL).run()
    pieces = Training(SENTENCES, epochs=4, **SMALL)
    assert (
        not pieces.run(until=1).finished
        and not pieces.run(until=3).finished
        and pieces.run().finished
    )
    assert np.array_equal(whole.inputs, pieces.inputs) and np.array_equal(
        whole.outputs, pieces.outputs
    )
    assert np.array_equal(pieces.run().inputs, whole.inputs)  # nothing is left to do


def test_callbacks_hear_about_every_token_once(monkeypatch):
    monkeypatch.setattr(model, "_REPORT_TOKENS", 50)
    monkeypatch.setattr(model, "_CHUNK_TOKENS", 150)
    reports = []
    train(SENTENCES, epochs=2, callback=reports.append, **SMALL)
    tokens = [report.tokens for report in reports]
    assert tokens == sorted(set(tokens)) and tokens[-1] == 800 and len(tokens) >= 12
    assert [report.epoch for report in reports] == sorted(report.epoch for report in reports)
    rates = [report.learning_rate for report in reports]
    assert rates == sorted(rates, reverse=True) and 0 < rates[-1] < 0.003


def test_an_error_in_the_callback_stops_the_training():
    def stop(report):
        raise KeyboardInterrupt

    training = Training(SENTENCES, callback=stop, **SMALL)
    with pytest.raises(KeyboardInterrupt):
        training.run()
    assert not training.finished and np.isfinite(training.inputs).all()


def test_training_can_start_from_given_vectors():
    known = Embeddings(["apple", "unheard"], np.arange(12, dtype=np.float32).reshape(2, 6))
    training = Training(SENTENCES, start=known, **SMALL)
    assert np.array_equal(training.inputs[training.vocabulary["apple"]], known["apple"])
    assert np.abs(training.inputs[training.vocabulary["red"]]).max() <= 0.5 / 6
    table = np.random.default_rng(0).normal(size=(6, 6))
    assert np.array_equal(
        Training(SENTENCES, start=table, **SMALL).inputs, table.astype(np.float32)
    )


def test_the_tables_that_are_read_are_copies():
    training = Training(SENTENCES, **SMALL)
    training.inputs[:] = np.nan
    assert np.isfinite(training.inputs).all() and training.outputs.dtype == np.float32
    assert training.output_embeddings().vocabulary == training.vocabulary


@pytest.mark.parametrize(
    ("corpus", "arguments", "error", "message"),
    [
        (
            SENTENCES,
            {"model": "glove"},
            ValueError,
            "model must be 'skipgram' or 'cbow', got 'glove'",
        ),
        (SENTENCES, {"window": 0}, ValueError, "window must be at least 1, got 0"),
        (SENTENCES, {"dim": 2.0}, TypeError, "dim must be an integer"),
        (SENTENCES, {"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        (SENTENCES, {"sample": 2}, ValueError, "sample must lie between 0 and 1, got 2"),
        (SENTENCES, {"learning_rate": math.nan}, ValueError, "learning_rate must be finite"),
        (SENTENCES, {"device": "tpu"}, ValueError, "device must be 'cpu' or 'cuda'"),
        ([], {}, ValueError, "corpus holds no token"),
        (SENTENCES, {"min_count": 1000}, ValueError, "no word is left"),
        ([["a"], ["b"], ["a"]], {"min_count": 1}, ValueError, "no sentence holds two words"),
        (SENTENCES, {"start": np.full((6, 100), np.nan)}, ValueError, "holds NaN"),
        (
            SENTENCES,
            {"start": np.zeros((5, 100))},
            ValueError,
            r"shape \(words, dim\) = \(6, 100\), got \(5, 100\)",
        ),
        (["a sentence"], {}, TypeError, "call tokenize first"),
    ],
)
def test_bad_arguments_are_named_before_training(corpus, arguments, error, message):
    with pytest.raises(error, match=message):
        Training(corpus, **arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said_at_once():
    with pytest.raises(ValueError, match="device='cuda' needs a GPU"):
        train(SENTENCES, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_a_gpu_trains_the_same_objective(kind):
    cpu, cuda = (
        Training(SENTENCES, model=kind, epochs=3, device=device, **SMALL).run()
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(cuda.inputs, cpu.inputs, atol=0.02)


@pytest.mark.parametrize("rate", [300.0, 1e6, 1e30])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_a_training_that_diverges_says_so(rate, model):
    """At a rate of a million everything stays finite, and means nothing."""
    seen = []
    with pytest.raises(Diverged, match="try a lower learning_rate"):
        train(SENTENCES, model=model, learning_rate=rate, epochs=30, callback=seen.append, **SMALL)
    assert all(report.loss < 1e3 for report in seen)
