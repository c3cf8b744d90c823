"""The training kernels of negative sampling: updates against the reference, draws against their
distributions."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from embcourse.negative_sampling import reference
from embcourse.negative_sampling.fast import make_tables, sample_chunk, train_chunk
from embcourse.text import keep_probabilities
from embcourse.training import padded_rows

SIZE = 30  # words
COUNTS = np.arange(SIZE, 0, -1) ** 2
ROUNDING = float(np.finfo(np.float32).eps)
KINDS = [
    ("skipgram", "negative", "per_window"),
    ("skipgram", "negative", "per_pair"),
    ("skipgram", "hierarchical", "per_pair"),
    ("cbow", "negative", "per_window"),
    ("cbow", "hierarchical", "per_pair"),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids="-".join)


def corpus(tokens=300, size=SIZE, seed=0, sentence=23):
    """Words by their counts; sentences of `sentence` tokens, with an empty one and one of a single
    token."""
    rng = np.random.default_rng(seed)
    counts = np.arange(size, 0, -1) ** 2
    ids = rng.choice(size, tokens, p=counts / counts.sum()).astype(np.int32)
    offsets = np.unique(np.concatenate([np.arange(0, tokens, sentence), [1, tokens]]))
    return ids, np.insert(offsets, 2, offsets[2]).astype(np.int64)


def start_tables(dim, size=SIZE, seed=1, scale=1.0):
    rng = np.random.default_rng(seed)
    return tuple(
        (scale * rng.standard_normal((size, dim)) / np.sqrt(dim)).astype(np.float32)
        for _ in range(2)
    )


def replay(
    kind,
    inputs,
    outputs,
    ids,
    offsets,
    tables,
    counts,
    window,
    negative,
    start,
    end,
    seed,
    mean=True,
):
    """What train_chunk does, one step of `reference` after the other, in float64, from the draws of
    sample_chunk."""
    model, loss, negatives = kind
    draws = sample_chunk(*kind, ids, offsets, tables, window, negative, seed)
    inputs, outputs = inputs.astype(np.float64), outputs.astype(np.float64)
    if loss == "hierarchical":
        codes, points = reference.huffman(counts)
    sentences = np.searchsorted(offsets, draws.positions, side="right")
    draw = 0
    for i, (position, radius) in enumerate(zip(draws.positions, draws.radii, strict=True)):
        centre, rate = ids[position], start + (end - start) * position / len(ids)
        around = [
            ids[draws.positions[j]]
            for j in range(max(i - radius, 0), min(i + radius + 1, len(draws.positions)))
            if j != i and sentences[j] == sentences[i]
        ]
        if model == "skipgram" and loss == "hierarchical":
            for context in around:
                step = reference.hierarchical_step(
                    inputs, outputs, context, codes[centre], points[centre], rate
                )
                _, inputs, outputs = step
        elif model == "skipgram" and negatives == "per_pair":
            for context in around:
                step = reference.pair_step(
                    inputs, outputs, context, centre, draws.negatives[draw], rate
                )
                _, inputs, outputs = step
                draw += 1
        elif not around:
            continue
        elif model == "skipgram":
            _, inputs, outputs = reference.window_step(
                inputs, outputs, around, centre, draws.negatives[i], rate
            )
        elif loss == "negative":
            _, inputs, outputs = reference.cbow_step(
                inputs, outputs, around, centre, draws.negatives[i], rate, mean=mean
            )
        else:
            _, inputs, outputs = reference.cbow_hierarchical_step(
                inputs, outputs, around, codes[centre], points[centre], rate, mean=mean
            )
    return inputs, outputs


def assert_replayed(kind, dim, window, negative, mean=True, size=SIZE, **text):
    ids, offsets = corpus(size=size, **text)
    counts = np.arange(size, 0, -1) ** 2
    tables = make_tables(counts, sample=0.05, hierarchical=True)
    inputs, outputs = start_tables(dim, size)
    if kind[1] == "hierarchical":
        outputs = outputs[: size - 1].copy()
    settings = (window, negative, 0.05, 0.01, 7)
    wanted = replay(kind, inputs, outputs, ids, offsets, tables, counts, *settings, mean=mean)
    train_chunk(*kind, inputs, outputs, ids, offsets, tables, *settings, cbow_mean=mean)
    # A row is changed at most `tokens x 2 window` times. Each change rounds once at the row's size,
    # about 1, and carries a gradient wrong by about 2 roundings; they add up like a random walk,
    # and 8 of its spreads are safe.
    tolerance = 8 * ROUNDING * np.sqrt(max(len(ids), 1) * 2 * window)
    for got, want in zip((inputs, outputs), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@kinds
@pytest.mark.parametrize("dim", [1, 7, 16, 20, 100, 300])
def test_every_update_is_the_references(kind, dim):
    assert_replayed(kind, dim, window=5, negative=5)


@kinds
@pytest.mark.parametrize(("window", "negative"), [(1, 1), (2, 6), (4, 12), (40, 3)])
def test_other_windows_and_negatives(kind, window, negative):
    assert_replayed(kind, 20, window=window, negative=negative, tokens=150)


@kinds
def test_two_words(kind):
    # most negatives are the target, or repeat
    assert_replayed(kind, 20, window=3, negative=4, size=2, tokens=60)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[0] == "cbow"], ids="-".join)
def test_cbow_with_the_sum(kind):
    assert_replayed(kind, 20, window=4, negative=5, mean=False)


@kinds
@pytest.mark.parametrize("lengths", [[], [0], [1], [1, 1, 0, 1], [1] * SIZE])
def test_a_window_never_crosses_a_border(kind, lengths):
    """Sentences of one token have no pair, so nothing changes."""
    ids = np.arange(sum(lengths), dtype=np.int32)
    tables = make_tables(COUNTS, sample=0, hierarchical=True)
    inputs, outputs = start_tables(20)
    before = inputs.copy(), outputs.copy()
    loss_sum, terms, _ = train_chunk(
        *kind, inputs, outputs, ids, np.cumsum([0, *lengths]), tables, 5, 5, 0.05, 0.05, 1
    )
    assert (loss_sum, terms) == (0.0, 0)
    np.testing.assert_array_equal(inputs, before[0])
    np.testing.assert_array_equal(outputs, before[1])


@kinds
def test_the_same_seed_gives_the_same_bits(kind):
    ids, offsets = corpus()
    tables = make_tables(COUNTS, hierarchical=True)
    runs = []
    for seed in (3, 3, 4):
        inputs, outputs = start_tables(100)
        result = train_chunk(*kind, inputs, outputs, ids, offsets, tables, 5, 5, 0.05, 0.01, seed)
        runs.append((result, inputs, outputs))
    assert runs[0][0] == runs[1][0]
    assert (
        runs[0][1].tobytes() == runs[1][1].tobytes()
        and runs[0][2].tobytes() == runs[1][2].tobytes()
    )
    assert runs[0][1].tobytes() != runs[2][1].tobytes()


def test_radii_are_uniform():
    ids = np.zeros(50_000, np.int32)
    tables = make_tables([5], sample=0)
    draws = sample_chunk(
        "skipgram", "negative", "per_window", ids, np.array([0, len(ids)]), tables, 7, 1, 2
    )
    assert chisquare(np.bincount(draws.radii, minlength=8)[1:]).pvalue > 1e-3


def test_negatives_follow_the_noise_distribution():
    ids = np.zeros(40_000, np.int32)
    tables = make_tables(COUNTS, sample=0)
    draws = sample_chunk(
        "skipgram", "negative", "per_window", ids, np.array([0, len(ids)]), tables, 2, 5, 3
    )
    expected = reference.noise_distribution(COUNTS) * draws.negatives.size
    assert chisquare(np.bincount(draws.negatives.ravel(), minlength=SIZE), expected).pvalue > 1e-3


def test_subsampling_keeps_as_the_released_code_does():
    ids = np.repeat(np.arange(SIZE, dtype=np.int32), 5_000)
    tables = make_tables(COUNTS, sample=0.01)
    draws = sample_chunk(
        "skipgram", "negative", "per_window", ids, np.array([0, len(ids)]), tables, 2, 1, 4
    )
    kept = np.bincount(ids[draws.positions], minlength=SIZE)
    keep = keep_probabilities(COUNTS, 0.01, variant="code")
    assert (kept[keep == 1] == 5_000).all()
    tails = np.minimum(binom.cdf(kept, 5_000, keep), binom.sf(kept - 1, 5_000, keep))
    assert (tails[keep < 1] > 1e-5).all() and (keep < 1).sum() > 3


def test_the_tree_is_the_references():
    counts = np.array([5, 9, 1, 1, 7, 3, 3, 3, 20])  # unsorted, with ties
    tables = make_tables(counts, hierarchical=True)
    codes, points = reference.huffman(counts)
    for word in range(len(counts)):
        node, code, path = word, [], []
        while node != len(tables.up) - 1:
            code.append(tables.up[node] % 2)
            path.append(tables.up[node] // 2)
            node = len(counts) + path[-1]
        assert code[::-1] == list(codes[word]) and path[::-1] == list(points[word])
    assert tables.depth == max(map(len, codes))


@kinds
def test_training_lowers_the_loss(kind):
    ids, offsets = corpus(tokens=3_000)
    tables = make_tables(COUNTS, sample=0, hierarchical=True)
    inputs, outputs = start_tables(20, scale=0.1)
    outputs[:] = 0.0
    losses = []
    for epoch in range(20):
        loss_sum, terms, words = train_chunk(
            *kind, inputs, outputs, ids, offsets, tables, 3, 5, 0.05, 0.05, epoch
        )
        losses.append(loss_sum / terms)
        assert words == len(ids)
    assert np.mean(losses[-3:]) < losses[0] - 0.05


@kinds
def test_two_threads_learn_as_well_as_one(kind):
    ids, offsets = corpus(tokens=20_000)
    tables = make_tables(COUNTS, sample=0, hierarchical=True)
    losses = []
    for threads in (1, 2):
        inputs, outputs = start_tables(100, scale=0.1)

        def train(chunk, inputs=inputs, outputs=outputs):
            first, last = chunk % 2 * len(offsets) // 2, (chunk % 2 + 1) * (len(offsets) - 1) // 2
            part = offsets[first : last + 1]
            return train_chunk(
                *kind,
                inputs,
                outputs,
                ids[part[0] : part[-1]],
                part - part[0],
                tables,
                3,
                5,
                0.03,
                0.03,
                chunk,
            )

        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(train, range(16)))
        assert np.isfinite(inputs).all() and np.isfinite(outputs).all()
        losses.append(
            sum(loss for loss, _, _ in results[-4:]) / sum(terms for _, terms, _ in results[-4:])
        )
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


@kinds
def test_padded_tables_get_the_same_bits_and_keep_their_zeros(kind):
    ids, offsets = corpus()
    plain = start_tables(100)
    padded = tuple(padded_rows(*table.shape) for table in plain)
    for table, start in zip(padded, plain, strict=True):
        table[:, :100] = start
    for pair in (plain, padded):
        train_chunk(
            *kind, *pair, ids, offsets, make_tables(COUNTS, hierarchical=True), 5, 5, 0.05, 0.01, 7
        )
    for table, same in zip(padded, plain, strict=True):
        np.testing.assert_array_equal(table[:, :100], same)
        assert not table[:, 100:].any()


DIGEST = """
import hashlib
from tests.test_negative_sampling_kernels import *
digest = hashlib.sha256()
ids, offsets = corpus()
for kind in KINDS:
    inputs, outputs = start_tables(100)
    tables = make_tables(COUNTS, hierarchical=True)
    train_chunk(*kind, inputs, outputs, ids, offsets, tables, 5, 5, 0.05, 0.01, 7)
    digest.update(inputs.tobytes() + outputs.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="compiles for two x86 processors")
def test_a_narrower_processor_gives_the_same_bits():
    digests = set()
    for processor in (
        {},
        {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2"},
    ):
        run = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | processor,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(run.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "glove"}, "model must be '"),
        ({"loss": "softmax"}, "loss must be '"),
        ({"negatives": "shared"}, "negatives must be '"),
        ({"window": 0}, "window must be at least 1"),
        ({"negative": 0}, "negative must be at least 1"),
        ({"ids": np.array([SIZE], np.int32), "offsets": np.array([0, 1])}, "ids must lie between"),
        ({"ids": np.array([0])}, "ids must be 1-D int32"),
        ({"offsets": np.array([0, 3])}, "offsets must rise"),
        ({"inputs": np.zeros((SIZE, 4))}, "inputs must be float32"),
        ({"outputs": np.zeros((SIZE - 1, 4), np.float32)}, "outputs must be"),
        ({"outputs": np.zeros((SIZE, 5), np.float32)}, "outputs must be"),
        ({"loss": "hierarchical"}, "hierarchical=True"),
    ],
)
def test_bad_input_is_named(change, message):
    ids, offsets = corpus()
    arguments = {
        "model": "skipgram",
        "loss": "negative",
        "negatives": "per_pair",
        "inputs": np.zeros((SIZE, 4), np.float32),
        "outputs": np.zeros((SIZE, 4), np.float32),
        "ids": ids,
        "offsets": offsets,
        "tables": make_tables(COUNTS),
        "window": 5,
        "negative": 5,
        "learning_rate_start": 0.1,
        "learning_rate_end": 0.1,
        "seed": 1,
    }
    with pytest.raises((TypeError, ValueError), match=message):
        train_chunk(**arguments | change)
