"""Multi-head attention: the definition against torch and finite differences, the torch path against
the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embcourse import self_attention as method
from tests.gradients import by_differences

SIZES = st.tuples(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(), (2,), (2, 3)]),
    st.integers(1, 6),
    st.integers(1, 7),
    st.sampled_from([(4, 1, 1), (6, 2, 2), (8, 4, 4), (8, 4, 2), (12, 6, 2), (8, 4, 1)]),
)


def drawn(seed, front, n, m, widths):
    """x, memory, weights with biases, a mask, and a gradient for the outputs."""
    d_model, heads, kv_heads = widths
    rng = np.random.default_rng(seed)
    weights = method.init_weights(d_model, rng, heads, kv_heads)
    weights = method.MultiHeadWeights(
        *weights[:4], *(rng.normal(size=bias.shape) for bias in weights[4:])
    )
    x, memory = rng.normal(size=(*front, n, d_model)), rng.normal(size=(*front, m, d_model))
    mask = rng.random((*front, n, m)) < 0.6
    return x, memory, weights, mask, rng.normal(size=x.shape)


def torch_layer(weights: method.MultiHeadWeights, heads: int):
    """`torch.nn.MultiheadAttention` in float64 with the same weights."""
    import torch

    d_model = weights.w_query.shape[0]
    layer = torch.nn.MultiheadAttention(d_model, heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.tensor(np.concatenate(weights[:3], axis=1).T))
        layer.in_proj_bias.copy_(torch.tensor(np.concatenate(weights[4:7])))
        layer.out_proj.weight.copy_(torch.tensor(weights.w_output.T))
        layer.out_proj.bias.copy_(torch.tensor(weights.b_output))
    return layer.eval()


class TestAgainstTorch:
    @settings(max_examples=60, deadline=None)
    @given(
        st.integers(0, 2**32 - 1),
        st.integers(1, 6),
        st.integers(1, 7),
        st.sampled_from([(4, 1), (6, 3), (8, 4), (12, 2)]),
        st.sampled_from(["self", "cross"]),
        st.sampled_from(["none", "for each query", "causal", "padding"]),
    )
    def test_outputs_and_weights_to_1e_12(self, seed, n, m, widths, kind, masked) -> None:
        import torch

        d_model, heads = widths
        x, memory, weights, mask, _ = drawn(seed, (3,), n, m, (d_model, heads, heads))
        given_memory = None if kind == "self" else memory
        keys = n if kind == "self" else m
        mask = np.random.default_rng(seed).random((3, n, keys)) < 0.6
        mask[..., 0] = True  # torch's layer gives NaN where a query sees nothing
        if masked == "causal":
            mask = np.broadcast_to(np.tri(n, keys, dtype=bool), mask.shape)
        elif masked == "padding":
            mask = np.broadcast_to(mask[:, :1], mask.shape)
        ours, attended = method.multi_head_attention(
            x, weights, heads, given_memory, None if masked == "none" else mask
        )
        source = torch.tensor(x if kind == "self" else memory)
        hidden = None if masked == "none" else torch.tensor(~mask).repeat_interleave(heads, dim=0)
        theirs, their_weights = torch_layer(weights, heads)(
            torch.tensor(x), source, source, attn_mask=hidden, average_attn_weights=False
        )
        np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-12, rtol=0)
        np.testing.assert_allclose(attended, their_weights.detach().numpy(), atol=1e-12, rtol=0)

    @settings(max_examples=40, deadline=None)
    @given(SIZES, st.booleans(), st.booleans())
    def test_the_fast_path_is_the_definition(self, sizes, cross, masked) -> None:
        import torch

        from embcourse.self_attention.fast import MultiHeadAttention

        x, memory, weights, mask, _ = drawn(*sizes)
        d_model, heads, kv_heads = sizes[-1]
        layer = MultiHeadAttention(d_model, heads, kv_heads=kv_heads).double().eval()
        with torch.no_grad():
            layer.inputs.weight.copy_(torch.tensor(np.concatenate(weights[:3], axis=1).T))
            layer.inputs.bias.copy_(torch.tensor(np.concatenate(weights[4:7])))
            layer.output.weight.copy_(torch.tensor(weights.w_output.T))
            layer.output.bias.copy_(torch.tensor(weights.b_output))
        if not cross:
            memory, mask = None, np.random.default_rng(1).random((x.shape[-2],) * 2) < 0.6
        mask = mask if masked else None
        ours, _ = method.multi_head_attention(x, weights, heads, memory, mask)
        as_tensor = [None if a is None else torch.tensor(a) for a in (x, memory, mask)]
        fast = layer(*as_tensor).detach().numpy()
        np.testing.assert_allclose(fast, ours, atol=1e-12, rtol=0)

    def test_causal_flag_is_the_causal_mask(self) -> None:
        import torch

        from embcourse.self_attention.fast import MultiHeadAttention

        torch.manual_seed(0)
        layer, x = MultiHeadAttention(8, 2), torch.randn(3, 5, 8)
        mask = torch.ones(5, 5, dtype=torch.bool).tril()
        torch.testing.assert_close(layer(x, is_causal=True), layer(x, mask=mask))

    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("widths", [(8, 2, 2), (8, 4, 2), (12, 6, 1)])
    def test_parameters_are_counted_as_torch_holds_them(self, widths, bias) -> None:
        from embcourse.self_attention.fast import MultiHeadAttention

        d_model, heads, kv_heads = widths
        layer = MultiHeadAttention(d_model, heads, kv_heads=kv_heads, bias=bias)
        held = sum(parameter.numel() for parameter in layer.parameters())
        assert method.parameter_count(d_model, heads, kv_heads=kv_heads, bias=bias) == held

    @pytest.mark.parametrize("widths", [(8, 2, 2), (8, 4, 2), (12, 6, 1)])
    def test_flops_are_what_torch_counts(self, widths) -> None:
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        d_model, heads, kv_heads = widths
        rng = np.random.default_rng(0)
        weights = [torch.tensor(w) for w in method.init_weights(d_model, rng, heads, kv_heads)[:4]]
        x, memory = torch.randn(5, d_model).double(), torch.randn(7, d_model).double()
        with FlopCounterMode(display=False) as counter:
            q, k, v = x @ weights[0], memory @ weights[1], memory @ weights[2]
            torch.mm(x, weights[3])
        counted = method.flops(5, 7, d_model, heads, kv_heads=kv_heads)
        assert counter.get_total_flops() == counted["projections"]
        with FlopCounterMode(display=False) as counter:
            q = q.view(5, heads, -1).transpose(0, 1)
            k, v = (
                a.view(7, kv_heads, -1).transpose(0, 1).repeat_interleave(heads // kv_heads, dim=0)
                for a in (k, v)
            )
            torch.bmm(torch.bmm(q, k.transpose(1, 2)), v)
        assert counter.get_total_flops() == counted["attention"]


class TestGradients:
    @settings(max_examples=12, deadline=None)
    @given(SIZES, st.booleans(), st.booleans())
    def test_all_are_what_differences_give(self, sizes, cross, masked) -> None:
        x, memory, weights, mask, grad_outputs = drawn(*sizes)
        heads = sizes[-1][1]
        if not cross:
            memory, mask = None, np.tri(x.shape[-2], dtype=bool)
        mask = mask if masked else None

        def loss(x, memory, weights) -> float:
            outputs, _ = method.multi_head_attention(x, weights, heads, memory, mask)
            return float((outputs * grad_outputs).sum())

        grad_x, grad_memory, grads = method.multi_head_gradients(
            x, weights, heads, grad_outputs, memory, mask
        )
        close = {"atol": 1e-7, "rtol": 1e-6}
        by_x = by_differences(lambda changed: loss(changed, memory, weights), x)
        np.testing.assert_allclose(grad_x, by_x, **close)
        if cross:
            by_memory = by_differences(lambda changed: loss(x, changed, weights), memory)
            np.testing.assert_allclose(grad_memory, by_memory, **close)
        else:
            assert grad_memory is None
        for name in weights._fields:
            numbers = by_differences(
                lambda changed, name=name: loss(x, memory, weights._replace(**{name: changed})),
                getattr(weights, name),
            )
            np.testing.assert_allclose(getattr(grads, name), numbers, err_msg=name, **close)


class TestOrder:
    @given(st.integers(0, 2**32 - 1), st.integers(1, 7))
    def test_another_order_of_positions_gives_the_outputs_in_that_order(self, seed, n) -> None:
        x, _, weights, _, _ = drawn(seed, (), n, n, (8, 2, 2))
        order = np.random.default_rng(seed).permutation(n)
        outputs, attended = method.multi_head_attention(x, weights, 2)
        moved, moved_weights = method.multi_head_attention(x[order], weights, 2)
        np.testing.assert_allclose(moved, outputs[order], atol=1e-12)
        np.testing.assert_allclose(moved_weights, attended[:, order][:, :, order], atol=1e-12)

    def test_with_one_matrix_for_queries_and_keys_scores_are_symmetrical(self) -> None:
        rng = np.random.default_rng(0)
        x, w = rng.normal(size=(5, 4)), rng.normal(size=(4, 4))
        one = (x @ w) @ (x @ w).T
        two = (x @ w) @ (x @ rng.normal(size=(4, 4))).T
        np.testing.assert_allclose(one, one.T)
        assert np.abs(two - two.T).max() > 1

    def test_split_and_merge_undo_each_other(self) -> None:
        x = np.random.default_rng(0).normal(size=(2, 3, 12))
        for heads in (1, 2, 3, 4, 6, 12):
            split = method.split_heads(x, heads)
            assert split.shape == (2, heads, 3, 12 // heads)
            np.testing.assert_array_equal(method.merge_heads(split), x)
            np.testing.assert_array_equal(split[1, -1, 2], x[1, 2, -12 // heads :])


class TestErrors:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: method.split_heads(np.ones((2, 4)), 3), "split_heads: heads must divide 4"),
            (lambda: method.split_heads(np.ones(4), 2), "split_heads: x must be"),
            (lambda: method.merge_heads(np.ones((2, 4))), "merge_heads: x must be"),
            (lambda: method.parameter_count(8, 3), "parameter_count: heads must divide 8"),
            (lambda: method.parameter_count(8, 4, kv_heads=3), "kv_heads must divide 4"),
            (lambda: method.flops(-1, 2, 8, 2), "flops: n must be at least 0"),
        ],
    )
    def test_name_the_function_and_what_came(self, call, message) -> None:
        with pytest.raises(ValueError, match=message):
            call()

    def test_shapes_that_do_not_fit(self) -> None:
        weights = method.init_weights(4, np.random.default_rng(0))
        with pytest.raises(ValueError, match=r"multi_head_attention: x must have d_model=4"):
            method.multi_head_attention(np.ones((3, 5)), weights, 2)
        with pytest.raises(ValueError, match="multi_head_attention: heads must divide 4"):
            method.multi_head_attention(np.ones((3, 4)), weights, 3)
        with pytest.raises(ValueError, match="grad_outputs must have the outputs' shape"):
            method.multi_head_gradients(np.ones((3, 4)), weights, 2, np.ones((2, 4)))


class TestMiniLM:
    def test_our_layer_gives_what_the_models_layer_gave(self) -> None:
        from embcourse.self_attention import model as bert

        record = bert.minilm_attention("And God made two great lights.")
        for layer in (0, 5):
            outputs, attended = method.multi_head_attention(
                record.hidden[layer], bert.minilm_weights(layer), bert.HEADS
            )
            np.testing.assert_allclose(outputs, record.outputs[layer], atol=2e-5)
            np.testing.assert_allclose(attended, record.weights[layer], atol=1e-5)

    def test_embeddings_are_those_of_sentence_transformers(self) -> None:
        from sentence_transformers import SentenceTransformer

        from embcourse.data import minilm
        from embcourse.self_attention import model as bert

        texts = ["And God made two great lights.", "Jesus wept.", "The cat sat on the mat."]
        theirs = SentenceTransformer(str(minilm().folder), device="cpu").encode(texts)
        np.testing.assert_allclose(bert.minilm_embeddings(texts), theirs, atol=1e-5)

    def test_a_head_that_is_cut_out_is_one_whose_rows_of_w_output_are_zero(self) -> None:
        import torch

        from embcourse.self_attention import model as bert

        texts = ["And God made two great lights.", "Jesus wept."]
        cut = bert.minilm_embeddings(texts, [(3, 1), (0, 2)])
        whole = bert.minilm_embeddings(texts)
        assert np.abs(cut - whole).max() > 1e-3
        _, network = bert._bert()
        changed = [
            (network.encoder.layer[3].attention.output.dense.weight, slice(32, 64)),
            (network.encoder.layer[0].attention.output.dense.weight, slice(64, 96)),
        ]
        kept = [weight.detach().clone() for weight, _ in changed]
        try:
            with torch.no_grad():
                for weight, columns in changed:
                    weight[:, columns] = 0
            np.testing.assert_allclose(bert.minilm_embeddings(texts), cut, atol=1e-6)
        finally:
            with torch.no_grad():
                for (weight, _), before in zip(changed, kept, strict=True):
                    weight.copy_(before)
        np.testing.assert_array_equal(bert.minilm_embeddings(texts), whole)

    @pytest.mark.parametrize(
        ("verse", "words"),
        [
            ("And God made the two great lights;", [("made", "lights")]),
            ("He smote the city with the sword.", [("smote", "city")]),
            ("And they built the city's wall.", []),
            ("They brought him unto the king.", []),
            ("And he made the", []),
            ("He took a stone, and set his seal upon it.", [("took", "stone"), ("set", "seal")]),
        ],
    )
    def test_verbs_and_objects_that_the_pattern_finds(self, verse, words) -> None:
        import re

        from embcourse.self_attention.model import verb_objects

        found = verb_objects([verse])
        spelled = re.findall(r"[a-z]+|[^\sa-z]", verse.lower())
        assert [(spelled[pair.verb], spelled[pair.noun]) for pair in found] == words

    def test_words_count_as_the_pattern_counts_them(self) -> None:
        """The places of `verb_objects` are those of `words_of_pieces`."""
        from embcourse.data import bible
        from embcourse.self_attention import model as bert

        for pair in bert.verb_objects(bible("kjv").verses[:3000]):
            record = bert.minilm_attention(pair.text)
            words = [
                "".join(record.tokens[place].removeprefix("##") for place in word)
                for word in bert.words_of_pieces(record.tokens)
            ]
            assert words[pair.verb] in bert.VERBS, pair

    def test_refuses(self) -> None:
        from embcourse.self_attention import model as bert

        with pytest.raises(ValueError, match="minilm_attention: text must be at most 512"):
            bert.minilm_attention("word " * 600)
        with pytest.raises(ValueError, match="minilm_weights: layer must"):
            bert.minilm_weights(6)
        with pytest.raises(ValueError, match="minilm_embeddings: head must"):
            bert.minilm_embeddings(["a"], [(0, 12)])


class TestRoles:
    def test_a_head_that_does_one_thing(self) -> None:
        tokens = ["[CLS]", "a", "b", "a", "[SEP]"]
        for column, columns in enumerate([[0, 0, 1, 2, 3], [1, 2, 3, 4, 4], [4] * 5]):
            weights = np.eye(5)[columns]
            roles = method.head_roles(weights, tokens)
            assert roles[column] == 1
        same = method.head_roles(np.eye(5)[[0, 3, 2, 1, 4]], tokens)
        np.testing.assert_array_equal(same, [0, 0, 0, 1])

    def test_refuses_weights_for_other_tokens(self) -> None:
        with pytest.raises(ValueError, match=r"head_roles: weights must be \(..., 3, 3\)"):
            method.head_roles(np.eye(2), ["a", "b", "c"])
