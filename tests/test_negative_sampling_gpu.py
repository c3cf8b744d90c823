"""word2vec's training kernel for GPUs against the definition. Without a GPU it runs in Triton's
interpreter."""

import os

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when triton is imported
pytest.importorskip("triton", reason="Triton is for Linux")

from embcourse.negative_sampling import fast, gpu, reference

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WORDS = 60


def tables(dim, words=WORDS, seed=0):
    """(inputs, outputs), numbers that float32 holds exactly."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, words, dim)).astype(np.float32)


def on_device(*arrays):
    return [torch.from_numpy(np.array(array)).to(DEVICE) for array in arrays]


def windows(rows, *, rate=0.5, by_word=False):
    """`gpu.Windows` of (contexts, centre, negatives): a window is a sentence of its own, the centre
    in its middle."""
    words, lefts, rights, codes = [], [], [], []
    centres = []
    targets = 1 + max(len(negatives) for _, _, negatives in rows)
    for contexts, centre, negatives in rows:
        first = len(words)
        half = len(contexts) // 2
        words += [*contexts[:half], centre, *contexts[half:]]
        centres.append(first + half)
        for place in range(first, len(words)):
            is_centre = place == first + half
            lefts.append(first if is_centre else place)  # the others are alone in their windows
            rights.append(len(words) if is_centre else place + 1)
            line = (
                [2 * centre, *(-1 if row == centre else 2 * row + 1 for row in negatives)]
                if is_centre
                else []
            )
            codes.append(line + [-1] * (targets - len(line)))
    made = [
        torch.tensor(values, dtype=torch.int32, device=DEVICE)
        for values in (words, lefts, rights, codes)
    ]
    rates = torch.full((len(words),), rate, dtype=torch.float32, device=DEVICE)
    return gpu.Windows(*made, rates, by_word), centres


def one_step(model, inputs, outputs, row, rate, mean=True):
    contexts, centre, negatives = row
    if model == "skipgram":
        return reference.window_step(inputs, outputs, contexts, centre, negatives, rate)
    return reference.cbow_step(inputs, outputs, contexts, centre, negatives, rate, mean)


def disjoint_windows(context_counts, negatives, seed=0):
    """Windows of which no two share a row, so that the order in which they are trained does not
    matter."""
    order = np.random.default_rng(seed).permutation(WORDS).tolist()
    return [
        (
            [order.pop() for _ in range(contexts)],
            order[-1],
            [order.pop() for _ in range(negatives + 1)][1:],
        )
        for contexts in context_counts
    ]


def assert_close(got, wanted, dim):
    """Sums of up to `dim` products of numbers around 1, in float32, and a step of that size."""
    np.testing.assert_allclose(got.cpu().numpy(), wanted, rtol=0, atol=(dim + 20) * 2.0**-24 * 16)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
@pytest.mark.parametrize("dim", [1, 5, 16, 33, 100])
def test_disjoint_windows_make_the_steps_of_the_definition(model, dim):
    inputs, outputs = tables(dim)
    rows = disjoint_windows([1, 4, 2, 5], negatives=3)
    batch, centres = windows(rows)
    ours = on_device(inputs, outputs)
    losses = gpu.train_windows(model, *ours, batch, precision="ieee").cpu().numpy()
    wanted = inputs.astype(float), outputs.astype(float)
    for row, centre in zip(rows, centres, strict=True):
        loss, *wanted = one_step(model, *wanted, row, 0.5)
        assert losses[centre] == pytest.approx(loss, rel=1e-5)
    for got, right in zip(ours, wanted, strict=True):
        assert_close(got, right, dim)
    assert np.delete(losses, centres).sum() == 0  # windows without a context do nothing


def test_cbow_can_predict_from_the_sum():
    inputs, outputs = tables(7)
    (row,) = disjoint_windows([4], negatives=3)
    ours = on_device(inputs, outputs)
    gpu.train_windows("cbow", *ours, windows([row])[0], cbow_mean=False)
    _, *wanted = one_step("cbow", inputs, outputs, row, 0.5, mean=False)
    for got, right in zip(ours, wanted, strict=True):
        assert_close(got, right, 7)


def test_rows_that_stand_twice_in_a_window_accumulate():
    inputs, outputs = tables(9)
    row = ([3, 3, 8, 3], 5, [7, 7, 5, 7])  # and a negative that is the centre is skipped
    ours = on_device(inputs, outputs)
    gpu.train_windows("skipgram", *ours, windows([row])[0], precision="ieee")
    _, *wanted = one_step("skipgram", inputs, outputs, row, 0.5)
    for got, right in zip(ours, wanted, strict=True):
        assert_close(got, right, 9)


def test_no_change_is_lost_when_many_windows_share_their_rows():
    """With a small rate all windows see nearly the same rows, and 200 equal steps are 200 times
    one."""
    inputs, outputs = tables(8)
    row, rate = ([3, 8], 5, [7, 9]), 1e-4
    ours = on_device(inputs, outputs)
    gpu.train_windows("skipgram", *ours, windows([row] * 200, rate=rate)[0])
    _, *once = one_step("skipgram", inputs.astype(float), outputs.astype(float), row, rate)
    for got, start, moved in zip(ours, (inputs, outputs), once, strict=True):
        change, expected = got.cpu().numpy() - start, 200 * (moved - start)
        touched = np.abs(expected).max(axis=1) > 0
        assert not change[~touched].any()
        assert np.linalg.norm(change - expected) < 0.15 * np.linalg.norm(expected)


def test_more_contexts_and_negatives_than_a_tile_has_rows():
    inputs, outputs = tables(6)
    rows = disjoint_windows([20], negatives=18)
    ours = on_device(inputs, outputs)
    gpu.train_windows("skipgram", *ours, windows(rows)[0], precision="ieee")
    _, *wanted = one_step("skipgram", inputs, outputs, rows[0], 0.5)
    for got, right in zip(ours, wanted, strict=True):
        assert_close(got, right, 20)


@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_huge_logits_do_no_harm(logit):
    inputs, outputs = np.zeros((2, 4, 3), np.float32)
    inputs[0, 0], outputs[1, 0], outputs[2, 0] = 100, logit / 100, -logit / 100
    ours = on_device(inputs, outputs)
    batch, (centre,) = windows([([0], 1, [2])])
    losses = gpu.train_windows("skipgram", *ours, batch)
    assert losses[centre].item() == pytest.approx(2e4 if logit < 0 else 0)
    assert all(torch.isfinite(table).all() for table in ours)


# ------------------------------------------------------------------------------------- whole chunks


def chunk(tokens=300, words=WORDS, seed=0):
    rng = np.random.default_rng(seed)
    ids = (words * rng.random(tokens) ** 2).astype(np.int32)
    return ids, np.array([0, 1, tokens // 3, tokens // 3, tokens])


def device_tables(counts=None, **options):
    counts = np.arange(WORDS, 0, -1) if counts is None else counts
    return gpu.to_device(fast.make_tables(counts, **options), DEVICE)


def test_the_tables_on_the_device_say_what_they_said():
    counts = np.arange(WORDS, 0, -1)
    packed = fast.make_tables(counts, sample=1e-2, hierarchical=True)
    unpacked = gpu.to_device(packed, DEVICE)
    np.testing.assert_allclose(unpacked.keep.cpu(), packed.keep / 2.0**31, atol=2.0**-24)
    codes, points = reference.huffman(counts)
    for word in range(WORDS):
        path = unpacked.paths[word].tolist()
        path = [step for step in path if step >= 0]
        steps = list(
            zip(np.asarray(points[word]).tolist(), np.asarray(codes[word]).tolist(), strict=True)
        )
        assert sorted((step >> 1, step & 1) for step in path) == sorted(steps)


def test_negatives_follow_the_noise_distribution():
    counts = np.array([400, 100, 50, 25, 5])
    ids = np.zeros(20_000, np.int32)
    made = gpu.sample_chunk(
        "negative", ids, [0, len(ids)], device_tables(counts, sample=0), 1, 5, 0.1, 0.1, seed=3
    )
    drawn = made.codes[:, 1:].cpu().numpy()
    share = np.bincount(np.where(drawn < 0, 0, drawn >> 1).ravel(), minlength=5) / drawn.size
    np.testing.assert_allclose(share, reference.noise_distribution(counts), atol=0.006)
    assert ((drawn < 0) | (drawn % 2 == 1)).all() and not made.codes[:, 0].any()


def test_windows_are_laid_over_what_survives_subsampling():
    ids, offsets = chunk(30_000)
    packed = fast.make_tables(np.bincount(ids, minlength=WORDS), sample=1e-2)
    made = gpu.sample_chunk(
        "negative", ids, offsets, gpu.to_device(packed, DEVICE), 4, 2, 0.1, 0.05, seed=1
    )
    words, lefts, rights = (values.cpu().numpy() for values in made[:3])
    here = np.arange(len(words))
    kept = np.bincount(words, minlength=WORDS) / np.bincount(ids, minlength=WORDS)
    np.testing.assert_allclose(kept, packed.keep / 2.0**31, atol=0.12)
    # The third sentence begins where the left edges stop reaching back, and is the only one cut
    # there.
    inside = (here - lefts <= 4) & (rights - 1 - here <= 4) & (lefts <= here) & (here < rights)
    assert inside.all()
    middle = (here > 5) & (here < len(words) - 5)
    reach = np.bincount((here - lefts)[middle], minlength=5)[1:] / middle.sum()
    np.testing.assert_allclose(reach, 0.25, atol=0.02)
    rates = made.rates.cpu().numpy()
    assert (np.diff(rates) <= 0).all() and rates[0] <= 0.1 and rates[-1] >= 0.05


def test_windows_never_reach_into_another_sentence():
    sentences = [3, 1, 0, 5, 2]
    offsets = np.cumsum([0, *sentences])
    # a word is the number of its sentence
    ids = np.repeat(np.arange(5), sentences).astype(np.int32)
    made = gpu.sample_chunk(
        "negative", ids, offsets, device_tables(sample=0), 9, 1, 0.1, 0.1, seed=0
    )
    for left, right, word in zip(
        made.lefts.tolist(), made.rights.tolist(), made.words.tolist(), strict=True
    ):
        assert set(made.words[left:right].tolist()) == {word}


@pytest.mark.skipif(DEVICE == "cuda", reason="a GPU trains windows side by side")
@pytest.mark.parametrize("loss", ["negative", "hierarchical"])
def test_a_chunk_is_the_steps_of_the_definition_one_after_the_other(loss):
    """The interpreter runs one program after the other, so even windows that share rows can be
    compared."""
    ids, offsets = chunk(120)
    inputs, outputs = tables(6)
    packed = device_tables(
        sample=0 if loss == "hierarchical" else 0.05, hierarchical=loss == "hierarchical"
    )
    settings = (3, 4, 0.2, 0.1, 11)
    # a tree has one inner node less than leaves
    outputs = outputs[: WORDS - (loss == "hierarchical")]
    ours = on_device(inputs, outputs)
    loss_sum, terms, trained = gpu.train_chunk(
        "skipgram", loss, *ours, ids, offsets, packed, *settings
    )
    made = gpu.sample_chunk(loss, ids, offsets, packed, *settings)
    inputs, outputs, total, pairs = inputs.astype(float), outputs.astype(float), 0.0, 0
    codes, points = reference.huffman(np.arange(WORDS, 0, -1))
    for here, word in enumerate(made.words.tolist()):
        contexts = [
            made.words[j].item() for j in range(made.lefts[here], made.rights[here]) if j != here
        ]
        rate = made.rates[here].item()
        pairs += len(contexts)
        if loss == "negative":
            negatives = [code >> 1 for code in made.codes[here, 1:].tolist() if code >= 0]
            step, inputs, outputs = reference.window_step(
                inputs, outputs, contexts, word, negatives, rate
            )
            total += step
        else:
            before = inputs.copy(), outputs.copy()  # all pairs of a window from the same values
            for context in contexts:
                step, new_inputs, new_outputs = reference.hierarchical_step(
                    *before, context, codes[word], points[word], rate
                )
                inputs, outputs = inputs + new_inputs - before[0], outputs + new_outputs - before[1]
                total += step
    assert (terms, trained) == (pairs, len(made.words)) and loss_sum == pytest.approx(
        total, rel=1e-5
    )
    assert_close(ours[0], inputs, 100)
    assert_close(ours[1], outputs, 100)


@pytest.mark.parametrize("loss", ["negative", "hierarchical"])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_training_lowers_the_loss(model, loss):
    rng = np.random.default_rng(0)
    # w then w + 6
    ids = np.stack([pair := rng.integers(0, 6, 30), pair + 6], axis=1).ravel().astype(np.int32)
    offsets = np.arange(0, 61, 2)
    packed = device_tables(
        np.bincount(ids, minlength=12) + 1, sample=0, hierarchical=loss == "hierarchical"
    )
    inputs, outputs = tables(8, words=12)
    ours = on_device(inputs / 16, 0 * outputs)
    means = []
    for epoch in range(9):
        loss_sum, terms, _ = gpu.train_chunk(
            model, loss, *ours, ids, offsets, packed, 1, 3, 0.5, 0.5, seed=epoch
        )
        means.append(loss_sum / terms)
    assert means[-1] < 0.2 * means[0]
    if loss == "negative":
        logits = (ours[0] @ ours[1].T).cpu().numpy()
        assert (logits[:6, 6:].argmax(axis=1) == np.arange(6)).all()


def test_draws_depend_on_the_seed_only():
    ids, offsets = chunk()
    first, second, other = (
        gpu.sample_chunk("negative", ids, offsets, device_tables(sample=1e-2), 3, 4, 0.1, 0.1, seed)
        for seed in (2**64 - 1, 2**64 - 1, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(first[:5], second[:5], strict=True))
    assert first.codes.shape != other.codes.shape or not torch.equal(first.codes, other.codes)


@pytest.mark.parametrize("tokens", [0, 1])
def test_a_chunk_without_a_pair_changes_nothing(tokens):
    inputs, outputs = tables(4)
    ours = on_device(inputs, outputs)
    done = gpu.train_chunk(
        "skipgram",
        "negative",
        *ours,
        [3][:tokens],
        [0, tokens],
        device_tables(sample=0),
        2,
        3,
        0.1,
        0.1,
        seed=0,
    )
    assert done == (0.0, 0, tokens)
    assert torch.equal(ours[0].cpu(), torch.from_numpy(inputs))


def test_wrong_arguments_are_named():
    ids, offsets = chunk()
    inputs, outputs = on_device(*tables(4))
    packed = device_tables(sample=0)

    def call(**changes):
        arguments = {
            "model": "skipgram",
            "loss": "negative",
            "inputs": inputs,
            "outputs": outputs,
            "ids": ids,
            "offsets": offsets,
            "tables": packed,
            "window": 2,
            "negative": 3,
            "learning_rate_start": 0.1,
            "learning_rate_end": 0.1,
            "seed": 0,
            **changes,
        }
        return gpu.train_chunk(**arguments)

    for changes, error, message in [
        ({"model": "glove"}, ValueError, "model must be 'skipgram' or 'cbow'"),
        ({"loss": "softmax"}, ValueError, "loss must be 'negative' or 'hierarchical'"),
        (
            {"inputs": inputs.double()},
            TypeError,
            "inputs must be a float32 tensor, got torch.float64",
        ),
        (
            {"outputs": outputs[:5]},
            ValueError,
            r"outputs must be \(words, dim\) with 60 words or more",
        ),
        ({"outputs": outputs[:, :3].contiguous()}, ValueError, "must share dim, got 4 and 3"),
        ({"inputs": inputs.T.contiguous().T}, ValueError, "inputs must be contiguous"),
        ({"loss": "hierarchical"}, ValueError, "needs make_tables"),
        ({"window": 0}, ValueError, "window must be at least 1, got 0"),
        ({"ids": ids + WORDS}, ValueError, "ids must lie in 0..59"),
        ({"offsets": [0, 5]}, ValueError, "offsets must rise from 0 to 300, got 0 ... 5"),
        ({"offsets": [0, 9, 5, 300]}, ValueError, "offsets must rise"),
    ]:
        with pytest.raises(error, match=message):
            call(**changes)


def test_tensors_on_the_cpu_are_refused_outside_the_interpreter(monkeypatch):
    monkeypatch.setattr(gpu, "INTERPRETED", False)
    inputs, outputs = (torch.from_numpy(table) for table in tables(4))
    packed = gpu.to_device(fast.make_tables(np.ones(WORDS, int)), "cpu")
    with pytest.raises(ValueError, match="inputs must lie on a CUDA device, got cpu"):
        gpu.train_chunk(
            "skipgram", "negative", inputs, outputs, [0, 1], [0, 2], packed, 1, 1, 0.1, 0.1, 0
        )
