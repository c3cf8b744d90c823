"""Attention: the definition against torch and finite differences, and the reverser that needs
it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embcourse import attention as method
from tests.gradients import by_differences

EPS = float(np.finfo(np.float64).eps)
FRONTS = [(), (3,), (2, 3)]


def drawn(
    seed: int, front: tuple[int, ...], n: int, m: int, d: int, d_v: int
) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    q, k, v = (rng.normal(size=(*front, *shape)) for shape in ((n, d), (m, d), (m, d_v)))
    return q, k, v, rng.random((*front, n, m)) < 0.6, rng.normal(size=(*front, n, d_v))


shapes = st.tuples(
    st.integers(0, 2**32 - 1),
    st.sampled_from(FRONTS),
    st.integers(1, 6),
    st.integers(1, 7),
    st.integers(1, 9),
    st.integers(1, 5),
)


class TestSoftmax:
    @given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1e4]), st.integers(1, 9))
    def test_agrees_with_torch_at_any_size(self, seed, size, keys) -> None:
        import torch

        scores = size * np.random.default_rng(seed).normal(size=(3, keys))
        theirs = torch.tensor(scores).softmax(-1).numpy()
        np.testing.assert_allclose(method.softmax(scores), theirs, rtol=64 * EPS, atol=1e-300)

    @given(st.integers(0, 2**32 - 1), st.floats(-1e4, 1e4))
    def test_a_number_added_to_all_scores_changes_nothing(self, seed, shift) -> None:
        scores = np.random.default_rng(seed).normal(size=(2, 5))
        moved = method.softmax(scores + shift)
        np.testing.assert_allclose(moved, method.softmax(scores), rtol=16 * EPS * (1 + abs(shift)))

    def test_any_axis(self) -> None:
        scores = np.random.default_rng(0).normal(size=(2, 3, 4))
        np.testing.assert_array_equal(
            method.softmax(scores, axis=1),
            np.swapaxes(method.softmax(np.swapaxes(scores, 1, 2)), 1, 2),
        )

    def test_minus_infinity_gets_nothing_and_a_row_of_it_gives_zeros(self) -> None:
        np.testing.assert_array_equal(
            method.softmax([[0.0, -np.inf], [-np.inf, -np.inf]]), [[1, 0], [0, 0]]
        )

    def test_masked_rows_sum_to_one_or_zero(self) -> None:
        rng = np.random.default_rng(1)
        mask = rng.random((50, 4)) < 0.3
        weights = method.softmax(1e4 * rng.normal(size=(50, 4)), mask=mask)
        assert not weights[~mask].any()
        np.testing.assert_allclose(weights.sum(axis=1), mask.any(axis=1), rtol=16 * EPS)

    def test_nothing_at_all(self) -> None:
        assert method.softmax(np.zeros((0, 3))).shape == (0, 3)
        assert method.softmax(np.zeros((3, 0))).shape == (3, 0)

    @pytest.mark.parametrize(
        ("scores", "mask", "message"),
        [
            ([np.nan], None, "NaN"),
            ([np.inf], None, r"\+inf"),
            ([1.0, 2.0], [1, 0], "boolean"),
            ([1.0, 2.0], [True] * 3, "broadcast"),
            (["a"], None, "real numbers"),
        ],
    )
    def test_refuses(self, scores, mask, message) -> None:
        with pytest.raises(ValueError, match=message):
            method.softmax(scores, mask=mask)


class TestMasks:
    @given(st.integers(0, 6), st.integers(0, 6))
    def test_causal_mask_sees_the_past_of_a_text_that_goes_on(self, queries, keys) -> None:
        mask = method.causal_mask(queries, keys)
        whole = method.causal_mask(max(queries, keys), max(queries, keys))
        np.testing.assert_array_equal(
            mask, whole[whole.shape[0] - queries :, whole.shape[1] - keys :]
        )

    def test_padding_mask_hides_what_follows(self) -> None:
        rng = np.random.default_rng(2)
        q, k, v, _, _ = drawn(3, (2,), 3, 5, 4, 2)
        lengths = [2, 5]
        outputs, _ = method.attention(q, k, v, method.padding_mask(lengths, 5))
        for row, length in enumerate(lengths):
            short, _ = method.attention(q[row], k[row, :length], v[row, :length])
            np.testing.assert_allclose(outputs[row], short, rtol=64 * EPS, atol=64 * EPS)
        k[0, 2:] = rng.normal(size=(3, 4))
        np.testing.assert_array_equal(
            outputs[0], method.attention(q, k, v, method.padding_mask(lengths, 5))[0][0]
        )

    @pytest.mark.parametrize(
        ("lengths", "error"),
        [([-1], ValueError), ([4], ValueError), ([1.5], TypeError), ([[1]], ValueError)],
    )
    def test_padding_mask_refuses(self, lengths, error) -> None:
        with pytest.raises(error, match="padding_mask: lengths"):
            method.padding_mask(lengths, 3)


class TestWhatIsMasked:
    """0 * NaN is NaN: what nobody attends to must not get into a sum."""

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("where", ["q", "k", "v"])
    @given(shapes)
    def test_reaches_no_result(self, where, bad, shape) -> None:
        q, k, v, mask, grad_outputs = drawn(*shape)
        hidden = {"q": ~mask.any(axis=-1), "k": ~mask.any(axis=-2), "v": ~mask.any(axis=-2)}[where]
        clean = {"q": q, "k": k, "v": v}
        filled = np.where(hidden[..., None], bad, clean[where])  # may have more axes in front
        dirty = clean | {where: filled}
        clean |= {where: np.where(hidden[..., None], 0.0, clean[where])}
        for got, want in zip(
            (
                *method.attention(**dirty, mask=mask),
                *method.attention_gradients(**dirty, grad_outputs=grad_outputs, mask=mask),
            ),
            (
                *method.attention(**clean, mask=mask),
                *method.attention_gradients(**clean, grad_outputs=grad_outputs, mask=mask),
            ),
            strict=True,
        ):
            np.testing.assert_array_equal(got, want)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    @pytest.mark.parametrize("where", ["q", "k", "v"])
    @pytest.mark.parametrize("mask", [None, [[True, False], [True, True]]])
    def test_is_refused_where_somebody_attends(self, mask, where, bad) -> None:
        arrays = {name: np.ones((2, 3)) for name in "qkv"}
        arrays[where][1, 0] = bad  # the last query attends to the last key
        with pytest.raises(ValueError, match=f"attention: {where} must be finite"):
            method.attention(**arrays, mask=mask)
        with pytest.raises(ValueError, match=f"attention_gradients: {where} must be finite"):
            method.attention_gradients(**arrays, grad_outputs=np.ones((2, 3)), mask=mask)

    def test_score_counts_for_nothing_in_a_softmax(self) -> None:
        weights = method.softmax(
            [[0.0, np.nan], [np.inf, 1.0]], mask=[[True, False], [False, True]]
        )
        np.testing.assert_array_equal(weights, np.eye(2))

    def test_spoils_the_answer_of_torch(self) -> None:
        """As the chapter says."""
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        q, k, v = (torch.ones(2, 3) for _ in range(3))
        v[1] = torch.nan
        mask = torch.tensor([[True, False], [True, False]])
        assert scaled_dot_product_attention(q, k, v, attn_mask=mask).isnan().all()


class TestAttention:
    @given(shapes, st.sampled_from([None, 0.3]))
    def test_agrees_with_torch_forwards_and_backwards(self, shape, scale) -> None:
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        q, k, v, mask, grad_outputs = drawn(*shape)
        tensors = [torch.tensor(array, requires_grad=True) for array in (q, k, v)]
        theirs = scaled_dot_product_attention(*tensors, attn_mask=torch.tensor(mask), scale=scale)
        theirs.backward(torch.tensor(grad_outputs))
        ours, weights = method.attention(q, k, v, mask, scale)
        gradients = method.attention_gradients(q, k, v, grad_outputs, mask, scale)
        # Sums of at most 9 products, an exponential, a division: below 1000 roundings of numbers of
        # about 10.
        for got, want in zip(
            (ours, *gradients), (theirs.detach(), *(t.grad for t in tensors)), strict=True
        ):
            np.testing.assert_allclose(got, want.numpy(), rtol=1e4 * EPS, atol=1e4 * EPS)
        assert not weights[~mask].any()

    @pytest.mark.parametrize("masked", [False, True])
    def test_gradients_are_the_finite_differences(self, masked) -> None:
        q, k, v, mask, grad_outputs = drawn(4, (2,), 3, 4, 5, 2)
        mask = mask if masked else None
        gradients = method.attention_gradients(q, k, v, grad_outputs, mask)
        arrays = [q, k, v]
        for i, gradient in enumerate(gradients):

            def loss(changed, i=i) -> float:
                given = [changed if i == j else array for j, array in enumerate(arrays)]
                return float((method.attention(*given, mask)[0] * grad_outputs).sum())

            # The error of central differences: step² times a third derivative, and rounding over
            # the step.
            numbers = by_differences(loss, arrays[i])
            np.testing.assert_allclose(gradient, numbers, rtol=1e-6, atol=1e-8)

    def test_shared_keys_get_the_sum_of_all_gradients(self) -> None:
        q, k, v, _, grad_outputs = drawn(5, (3,), 2, 4, 3, 2)
        grad_q, grad_k, grad_v = method.attention_gradients(q, k[:1], v[0], grad_outputs)
        apart = method.attention_gradients(
            q, np.repeat(k[:1], 3, 0), np.repeat(v[:1], 3, 0), grad_outputs
        )
        np.testing.assert_allclose(grad_q, apart[0], rtol=64 * EPS, atol=64 * EPS)
        np.testing.assert_allclose(
            grad_k, apart[1].sum(axis=0, keepdims=True), rtol=1e3 * EPS, atol=1e3 * EPS
        )
        np.testing.assert_allclose(grad_v, apart[2].sum(axis=0), rtol=1e3 * EPS, atol=1e3 * EPS)

    def test_order_of_keys_does_not_matter(self) -> None:
        q, k, v, _, _ = drawn(6, (), 3, 6, 4, 2)
        order = np.random.default_rng(0).permutation(6)
        np.testing.assert_allclose(
            method.attention(q, k[order], v[order])[0],
            method.attention(q, k, v)[0],
            rtol=64 * EPS,
            atol=64 * EPS,
        )

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            (((2, 3), (4, 5), (4, 1)), "keys have d=5 but queries have d=3"),
            (((2, 3), (4, 3), (5, 1)), "as many keys"),
            (((3,), (4, 3), (4, 1)), "queries, d"),
            (((2, 0), (4, 0), (4, 1)), "d is 0"),
        ],
    )
    def test_refuses(self, shapes, message) -> None:
        with pytest.raises(ValueError, match=message):
            method.attention(*map(np.zeros, shapes))


class TestOtherScores:
    def test_general_with_the_identity_is_the_dot_product(self) -> None:
        q, k, _, _, _ = drawn(7, (2,), 3, 4, 5, 1)
        np.testing.assert_allclose(
            method.general_scores(q, k, np.eye(5)),
            method.attention_scores(q, k, scale=1),
            rtol=64 * EPS,
            atol=64 * EPS,
        )

    def test_additive_is_a_small_network(self) -> None:
        rng = np.random.default_rng(8)
        q, k = rng.normal(size=(3, 4)), rng.normal(size=(5, 2))
        w_query, w_key, v = rng.normal(size=(4, 6)), rng.normal(size=(2, 6)), rng.normal(size=6)
        scores = method.additive_scores(q, k, w_query, w_key, v)
        for i, j in np.ndindex(3, 5):
            assert scores[i, j] == pytest.approx(
                v @ np.tanh(q[i] @ w_query + k[j] @ w_key), rel=64 * EPS
            )

    def test_kernel_regression_goes_from_the_nearest_value_to_the_mean(self) -> None:
        keys, values = np.array([[0.0], [1.0], [5.0]]), np.array([[1.0], [2.0], [6.0]])
        for bandwidth, wanted in ((1e-3, 2.0), (1e6, 3.0)):
            got, _ = method.kernel_regression([[1.2]], keys, values, bandwidth)
            assert got[0, 0] == pytest.approx(wanted, rel=1e-6)

    def test_kernel_regression_is_attention_when_all_keys_have_one_length(self) -> None:
        rng = np.random.default_rng(9)
        queries, keys = rng.normal(size=(2, 4, 3))
        keys /= np.linalg.norm(keys, axis=1, keepdims=True)
        values = rng.normal(size=(4, 2))
        _, weights = method.kernel_regression(queries, keys, values, 0.5)
        np.testing.assert_allclose(
            weights, method.attention(queries, keys, values, scale=4.0)[1], rtol=1e3 * EPS
        )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((np.zeros((1, 1)), np.zeros((0, 1)), np.zeros((0, 1)), 1.0), "one key or more"),
            ((np.zeros((1, 1)), np.zeros((2, 1)), np.zeros((2, 1)), 0.0), "bandwidth"),
            ((np.zeros((1, 2)), np.zeros((2, 1)), np.zeros((2, 1)), 1.0), "queries"),
        ],
    )
    def test_kernel_regression_refuses(self, arguments, message) -> None:
        with pytest.raises(ValueError, match=message):
            method.kernel_regression(*arguments)


class TestReverser:
    @pytest.mark.parametrize("attention", ["additive", "dot"])
    def test_attends_as_the_reference_does(self, attention) -> None:
        import torch

        from embcourse.attention.model import Seq2Seq

        torch.manual_seed(0)
        model = Seq2Seq(9, 8, attention).double()
        source = torch.randint(1, 9, (2, 5))
        keys, state = model.read(source)
        states, _ = model.writer(model.embedding(source.flip(1)), state)
        _, _, weights = model.write(source.flip(1), keys, state)
        q, k = states.detach().numpy(), keys.detach().numpy()
        if attention == "dot":
            scores = method.attention_scores(q, k, scale=1)
        else:
            parts = [
                layer.weight.detach().numpy().T
                for layer in (model.for_query, model.for_key, model.weigh)
            ]
            scores = method.additive_scores(q, k, *parts[:2], parts[2][:, 0])
        np.testing.assert_allclose(weights.detach().numpy(), method.softmax(scores), rtol=1e4 * EPS)

    def test_generates_what_it_thinks_likeliest_step_by_step(self) -> None:
        import torch

        from embcourse.attention.model import Seq2Seq

        torch.manual_seed(1)
        model = Seq2Seq(9, 8, "dot")
        source = torch.randint(1, 9, (3, 4))
        written, weights = model.generate(source, 6)
        assert torch.equal(model(source, written).argmax(-1), written)
        assert weights.shape == (3, 6, 4)

    def test_attention_carries_what_one_state_cannot(self) -> None:
        import torch

        from embcourse.attention.model import Seq2Seq, accuracy_by_length, train_to_reverse

        right = {}
        for attention in (None, "dot"):
            torch.manual_seed(0)
            model = Seq2Seq(9, 32, attention)
            losses = train_to_reverse(model, 9, longest=10, steps=250, batch=32, learning_rate=1e-2)
            assert np.mean(losses[-25:]) < np.mean(losses[:25])
            right[attention] = accuracy_by_length(model, 9, [10])[0]
        assert right["dot"] > right[None] + 0.2

    @pytest.mark.parametrize(
        ("arguments", "message"), [((9, 7), "even"), ((9, 8, "cosine"), "attention")]
    )
    def test_refuses(self, arguments, message) -> None:
        from embcourse.attention.model import Seq2Seq

        with pytest.raises(ValueError, match=message):
            Seq2Seq(*arguments)


@pytest.fixture(scope="module")
def right():
    from embcourse.attention.model import LENGTHS
    from embcourse.data import benchmark_results

    runs = benchmark_results("reverser")["runs"]

    def shares(attention: str | None, steps: int, length: int) -> np.ndarray:
        """The share of tokens right of every seed."""
        return np.array(
            [
                run["right"][LENGTHS.index(length)]
                for run in runs
                if (run["attention"], run["steps"]) == (attention, steps)
            ]
        )

    shares.steps = sorted({run["steps"] for run in runs})
    return shares


class TestWhatTheChapterSays:
    """Sentences of the chapter that no cell of it decides, held against the measurements that it
    reads."""

    def test_every_number_of_steps_has_several_seeds_and_all_models(self, right) -> None:
        for steps in right.steps:
            seeds = {len(right(attention, steps, 5)) for attention in (None, "additive", "dot")}
            assert len(seeds) == 1 and seeds.pop() >= 3

    def test_two_symbols_are_no_problem_after_2400_steps(self, right) -> None:
        assert all(
            right(attention, 2400, 2).min() > 0.98 for attention in (None, "additive", "dot")
        )

    def test_without_attention_five_come_back_almost_whole_and_ten_no_longer(self, right) -> None:
        assert right(None, 2400, 5).mean() > 0.9
        assert right(None, 2400, 10).mean() < 0.8

    def test_with_attention_nearly_all_of_twenty_come_out_right(self, right) -> None:
        assert min(right(attention, 2400, 20).mean() for attention in ("additive", "dot")) > 0.95

    @pytest.mark.parametrize("length", [5, 10, 20])
    def test_longer_training_finds_a_better_code(self, right, length) -> None:
        means = [right(None, steps, length).mean() for steps in right.steps]
        assert np.all(np.diff(means) > 0)

    def test_after_600_steps_dot_products_are_ahead_of_the_longest_training_without_attention(
        self, right
    ) -> None:
        assert right("dot", 600, 20).min() > right(None, right.steps[-1], 20).max()
        assert right("dot", 600, 10).min() > right(None, 2400, 10).max()

    @pytest.mark.parametrize("attention", ["additive", "dot"])
    def test_longer_than_any_seen_in_training_is_a_little_worse(self, right, attention) -> None:
        assert right(attention, 2400, 30).mean() < right(attention, 2400, 15).mean()

    def test_the_interview_questions_that_calculate(self) -> None:
        outputs, weights = method.attention([[1.0]], [[0.0], [np.log(3.0)]], [[4.0], [8.0]])
        assert outputs == pytest.approx(7.0)
        assert method.softmax_gradient(weights, [[4.0, 8.0]])[0] == pytest.approx([-0.75, 0.75])
        assert (
            round(2 * 8 * 12 * 4096**2 / 1e9, 1) == 3.2
            and round(2 * 8 * 12 * 8192**2 / 1e9, 1) == 12.9
        )
        drawn = np.random.default_rng(0).normal(0, 2, (2, 20_000, 64))
        assert (drawn[0] * drawn[1]).sum(axis=1).std() / 8 == pytest.approx(4, rel=0.02)
        scores = np.log([[1.0, 3.0], [1.0, 1.0]])
        # the one that is to be debugged
        rows = (np.exp(scores) / np.exp(scores).sum(axis=-1)).sum(axis=1)
        assert not np.allclose(rows, 1)

    def test_a_finite_mask_in_place_of_scores_gives_equal_weights_and_added_gives_the_unmasked_ones(
        self,
    ) -> None:
        scores = np.array([1.0, 2.0, 0.5])
        assert method.softmax(np.full(3, -1e4)) == pytest.approx(1 / 3)
        np.testing.assert_allclose(method.softmax(scores - 1e4), method.softmax(scores), rtol=1e-10)
