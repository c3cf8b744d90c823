"""Multi-head attention: the definition against torch, finite differences and the real weights of MiniLM."""

from __future__ import annotations

import numpy as np
import pytest
from embcourse import self_attention as method
from embcourse.self_attention.model import minilm_attention, minilm_weights
from hypothesis import given, settings
from hypothesis import strategies as st

EPS = float(np.finfo(np.float64).eps)
SENTENCE = "The cat sat on the mat because the mat was warm."


def drawn_weights(rng: np.random.Generator, d_model: int) -> method.MultiHeadWeights:
    weights = method.init_weights(d_model, rng)
    return weights._replace(**{name: rng.normal(size=d_model) for name in weights._fields if name.startswith("b_")})


shapes = st.tuples(
    st.integers(0, 2**32 - 1), st.sampled_from([(), (2,), (2, 3)]), st.integers(1, 5), st.integers(1, 4),
    st.integers(1, 3),
)


class TestHeads:
    @given(shapes)
    def test_merge_undoes_split(self, shape) -> None:
        seed, front, n, heads, d_head = shape
        x = np.random.default_rng(seed).normal(size=(*front, n, heads * d_head))
        np.testing.assert_array_equal(method.merge_heads(method.split_heads(x, heads)), x)

    def test_a_head_is_a_slice_of_every_position(self) -> None:
        x = np.random.default_rng(0).normal(size=(2, 5, 12))
        for head in range(3):
            np.testing.assert_array_equal(method.split_heads(x, 3)[:, head], x[..., 4 * head:4 * head + 4])

    @pytest.mark.parametrize(("call", "message"), [
        (lambda: method.split_heads(np.zeros((2, 6)), 4), "heads must divide d_model=6, got 4"),
        (lambda: method.split_heads(np.zeros(6), 2), r"x must be \(..., n, d_model\)"),
        (lambda: method.split_heads(np.zeros((2, 6)), 0), "heads must divide"),
        (lambda: method.merge_heads(np.zeros((2, 6))), "merge_heads: x must be"),
    ])
    def test_bad_input_is_named(self, call, message) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestMultiHeadAttention:
    @settings(max_examples=30)
    @given(shapes, st.booleans(), st.booleans())
    def test_agrees_with_torch(self, shape, crossed, masked) -> None:
        import torch

        seed, front, n, heads, d_head = shape
        rng, d_model = np.random.default_rng(seed), heads * d_head
        weights = drawn_weights(rng, d_model)
        batch = int(np.prod(front, dtype=int))
        x, memory = rng.normal(size=(batch, n, d_model)), rng.normal(size=(batch, n + 2, d_model))
        source = memory if crossed else x
        mask = rng.random((n, source.shape[1])) < 0.6
        mask[:, 0] = True
        theirs = torch.nn.MultiheadAttention(d_model, heads, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            theirs.in_proj_weight.copy_(torch.tensor(np.concatenate([w.T for w in weights[:3]])))
            theirs.in_proj_bias.copy_(torch.tensor(np.concatenate(weights[4:7])))
            theirs.out_proj.weight.copy_(torch.tensor(weights.w_output.T))
            theirs.out_proj.bias.copy_(torch.tensor(weights.b_output))
            expected, expected_weights = theirs(
                torch.tensor(x), torch.tensor(source), torch.tensor(source), average_attn_weights=False,
                attn_mask=torch.tensor(~mask) if masked else None)
        found, attended = method.multi_head_attention(
            x.reshape(*front, n, d_model), weights, heads,
            memory=memory.reshape(*front, n + 2, d_model) if crossed else None, mask=mask if masked else None)
        np.testing.assert_allclose(found.reshape(expected.shape), expected.numpy(), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(attended.reshape(expected_weights.shape), expected_weights.numpy(), rtol=1e-9)

    @given(st.integers(0, 2**32 - 1), st.integers(1, 7))
    def test_positions_in_another_order_give_the_outputs_in_that_order(self, seed, n) -> None:
        rng = np.random.default_rng(seed)
        weights, x, order = drawn_weights(rng, 6), rng.normal(size=(n, 6)), rng.permutation(n)
        mask = rng.random((n, n)) < 0.7
        found, _ = method.multi_head_attention(x, weights, 3, mask=mask)
        moved, _ = method.multi_head_attention(x[order], weights, 3, mask=mask[order][:, order])
        np.testing.assert_allclose(moved, found[order], rtol=0, atol=1e-13)

    def test_a_mask_for_each_sequence_counts_for_all_its_heads(self) -> None:
        rng = np.random.default_rng(0)
        weights, x = drawn_weights(rng, 4), rng.normal(size=(2, 3, 4))
        mask = np.array([[[True, True, False]], [[True, False, False]]])
        _, attended = method.multi_head_attention(x, weights, 2, mask=mask)
        assert not attended[0, :, :, 2].any() and not attended[1, :, :, 1:].any()
        np.testing.assert_allclose(attended.sum(axis=-1), 1, rtol=16 * EPS)

    def test_a_position_that_sees_nothing_gives_the_bias(self) -> None:
        rng = np.random.default_rng(0)
        weights = drawn_weights(rng, 4)
        found, _ = method.multi_head_attention(rng.normal(size=(2, 4)), weights, 2, mask=[[True, True], [False, False]])
        np.testing.assert_array_equal(found[1], weights.b_output)

    @pytest.mark.parametrize(("x", "memory", "message"), [
        (np.zeros((2, 5)), None, r"x must be \(..., positions, d_model=4\), got \(2, 5\)"),
        (np.zeros((2, 4)), np.zeros((3, 5)), "memory must be"),
        (np.zeros(4), None, "x must be"),
    ])
    def test_bad_input_is_named(self, x, memory, message) -> None:
        with pytest.raises(ValueError, match=message):
            method.multi_head_attention(x, method.init_weights(4, np.random.default_rng(0)), 2, memory=memory)


class TestGradients:
    @pytest.mark.parametrize("crossed", [False, True])
    @pytest.mark.parametrize("front", [(), (2,)])
    def test_finite_differences(self, crossed, front) -> None:
        rng = np.random.default_rng(3)
        weights, x = drawn_weights(rng, 4), rng.normal(size=(*front, 3, 4))
        memory = rng.normal(size=(*front, 2, 4)) if crossed else None
        mask = rng.random((3, 2 if crossed else 3)) < 0.7
        grad_outputs = rng.normal(size=x.shape)
        grad_x, grad_memory, grad_weights = method.multi_head_gradients(x, weights, 2, grad_outputs, memory, mask)

        def loss() -> float:
            return float((method.multi_head_attention(x, weights, 2, memory, mask)[0] * grad_outputs).sum())

        pairs = [(x, grad_x), *zip(weights, grad_weights, strict=True)]
        pairs += [(memory, grad_memory)] if crossed else []
        step = 1e-6
        for array, gradient in pairs:
            assert gradient.shape == array.shape
            for place in np.ndindex(array.shape):
                before = array[place]
                array[place] = before + step
                up = loss()
                array[place] = before - step
                down = loss()
                array[place] = before
                assert abs((up - down) / (2 * step) - gradient[place]) < 1e-7

    def test_no_memory_no_gradient_for_it(self) -> None:
        weights = method.init_weights(4, np.random.default_rng(0))
        assert method.multi_head_gradients(np.ones((3, 4)), weights, 2, np.ones((3, 4)))[1] is None

    def test_gradient_of_another_shape_is_refused(self) -> None:
        with pytest.raises(ValueError, match="grad_outputs must have the outputs' shape"):
            method.multi_head_gradients(np.ones((3, 4)), method.init_weights(4, np.random.default_rng(0)), 2, np.ones((2, 4)))


class TestFast:
    @pytest.mark.parametrize("masked", [None, "mask", "causal"])
    @pytest.mark.parametrize("crossed", [False, True])
    def test_agrees_with_the_reference(self, masked, crossed) -> None:
        import torch
        from embcourse.attention import causal_mask
        from embcourse.self_attention.fast import MultiHeadAttention

        rng = np.random.default_rng(1)
        weights, x, memory = drawn_weights(rng, 6), rng.normal(size=(2, 4, 6)), rng.normal(size=(2, 4, 6))
        layer = MultiHeadAttention(6, heads=3).double()
        with torch.no_grad():
            for part, matrix, bias in zip((layer.query, layer.key, layer.value, layer.output), weights[:4], weights[4:],
                                          strict=True):
                part.weight.copy_(torch.tensor(matrix.T))
                part.bias.copy_(torch.tensor(bias))
        source = memory if crossed else None
        mask = {None: None, "causal": causal_mask(4, 4), "mask": rng.random((2, 1, 4)) < 0.7}[masked]
        if masked == "mask":
            mask[..., 0] = True
        found = layer(torch.tensor(x), None if source is None else torch.tensor(source),
                      mask=torch.tensor(mask) if masked == "mask" else None, is_causal=masked == "causal")
        expected, _ = method.multi_head_attention(x, weights, 3, source, mask)
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-10, atol=1e-12)

    def test_heads_that_do_not_divide(self) -> None:
        from embcourse.self_attention.fast import MultiHeadAttention

        with pytest.raises(ValueError, match="heads must divide d_model=6, got 4"):
            MultiHeadAttention(6, heads=4)


class TestCounts:
    @pytest.mark.parametrize("bias", [True, False])
    def test_parameters_are_those_of_the_layer(self, bias) -> None:
        from embcourse.self_attention.fast import MultiHeadAttention

        layer = MultiHeadAttention(12, heads=3, bias=bias)
        assert method.parameter_count(12, 3, bias) == sum(part.numel() for part in layer.parameters())

    def test_flops_are_those_that_torch_counts(self) -> None:
        import torch
        from embcourse.self_attention.fast import MultiHeadAttention
        from torch.nn.attention import SDPBackend, sdpa_kernel
        from torch.utils.flop_counter import FlopCounterMode

        layer, x = MultiHeadAttention(12, heads=3), torch.zeros(1, 5, 12)
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.inference_mode():
            layer(x)
        assert counter.get_total_flops() == sum(method.flops(5, 5, 12, heads=3).values())

    def test_heads_that_do_not_divide(self) -> None:
        for count in (lambda: method.parameter_count(6, 4), lambda: method.flops(1, 1, 6, 4)):
            with pytest.raises(ValueError, match="heads must divide d_model=6, got 4"):
                count()


class TestHeadRoles:
    def test_by_hand(self) -> None:
        weights = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.1, 0.3], [0.0, 0.6, 0.2, 0.2], [0.25, 0.25, 0.25, 0.25]]
        previous, separator, same = method.head_roles(weights, ["a", "b", "a", "[SEP]"])
        np.testing.assert_allclose([previous, separator, same],
                                   [(0.5 + 0.6 + 0.25) / 3, (0.4 + 0.3 + 0.2) / 3, (0.3 + 0.0) / 2])

    def test_shapes_must_fit(self) -> None:
        with pytest.raises(ValueError, match=r"weights must be \(..., 2, 2\) for 2 tokens, got \(3, 3\)"):
            method.head_roles(np.eye(3), ["a", "b"])


class TestMiniLM:
    def test_every_layer_is_reproduced(self) -> None:
        record = minilm_attention(SENTENCE)
        assert record.tokens[0] == "[CLS]" and record.tokens[-1] == "[SEP]"
        for layer in range(6):
            outputs, weights = method.multi_head_attention(record.hidden[layer], minilm_weights(layer), 12)
            np.testing.assert_allclose(weights, record.weights[layer], atol=1e-5)
            np.testing.assert_allclose(outputs, record.outputs[layer], atol=1e-5)

    def test_a_text_that_is_too_long_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at most 512 word pieces"):
            minilm_attention("cat " * 511)

    def test_it_is_quiet(self, capfd) -> None:
        minilm_attention("cat")
        assert capfd.readouterr() == ("", "")
