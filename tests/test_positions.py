"""Positions: definitions against what they promise, against torch and transformers, and a language
model that exchanges them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embcourse import positions as method
from tests.gradients import by_differences

EVEN = st.integers(1, 16).map(lambda half: 2 * half)
SEEDS = st.integers(0, 2**32 - 1)


class TestSinusoids:
    @given(st.integers(0, 40), EVEN)
    def test_each_column_is_the_formula(self, n, d) -> None:
        table = method.sinusoidal(n, d)
        for position in range(n):
            for i in range(d // 2):
                angle = position / 10000 ** (2 * i / d)
                expected = [np.sin(angle), np.cos(angle)]
                np.testing.assert_allclose(table[position, 2 * i : 2 * i + 2], expected, atol=1e-12)

    @given(EVEN, st.integers(0, 500), st.integers(-50, 50))
    def test_the_shift_is_linear_and_the_same_everywhere(self, d, position, offset) -> None:
        position += 50
        table = method.sinusoidal(601, d)
        moved = method.shift_matrix(offset, d) @ table[position]
        np.testing.assert_allclose(moved, table[position + offset], atol=1e-10)

    @given(EVEN)
    def test_dot_products_depend_on_the_distance_only(self, d) -> None:
        table = method.sinusoidal(60, d)
        products = table @ table.T
        for offset in range(1, 60):
            along = np.diagonal(products, offset)
            np.testing.assert_allclose(along, along[0], atol=1e-10)
        np.testing.assert_allclose(np.diagonal(products), d / 2)

    def test_wavelengths_of_the_paper(self) -> None:
        lengths = 2 * np.pi / method.frequencies(512)
        assert lengths[0] == pytest.approx(2 * np.pi)
        assert round(lengths[-1]) == 60611  # not 62832, which the paper's text rounds it to


class TestRelative:
    @given(st.integers(0, 6), st.integers(0, 6))
    def test_offsets_agree_with_the_causal_mask(self, queries, keys) -> None:
        from embcourse.attention import causal_mask

        offsets = method.relative_offsets(queries, keys)
        np.testing.assert_array_equal(offsets <= 0, causal_mask(queries, keys))

    @given(SEEDS, st.integers(1, 6), st.integers(1, 7), st.integers(1, 5), st.integers(0, 4))
    def test_shaw_is_the_sum_over_pairs(self, seed, n, m, d, most) -> None:
        rng = np.random.default_rng(seed)
        q, k = rng.normal(size=(2, n, d)), rng.normal(size=(2, m, d))
        table = rng.normal(size=(2 * most + 1, d))
        scores = method.shaw_scores(q, k, table)
        for b, i, j in np.ndindex(scores.shape):
            offset = min(max(j - (i + m - n), -most), most)
            expected = q[b, i] @ (k[b, j] + table[most + offset]) / d**0.5
            assert scores[b, i, j] == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("causal", [False, True])
    @pytest.mark.parametrize(("buckets", "longest"), [(32, 128), (16, 64), (32, 256), (10, 100)])
    def test_buckets_are_those_of_transformers(self, causal, buckets, longest) -> None:
        import torch
        from transformers.models.t5.modeling_t5 import T5Attention

        offsets = np.arange(-600, 601)
        theirs = T5Attention._relative_position_bucket(
            torch.tensor(offsets),
            bidirectional=not causal,
            num_buckets=buckets,
            max_distance=longest,
        )
        ours = method.t5_buckets(offsets, buckets, longest, causal=causal)
        np.testing.assert_array_equal(ours, theirs.numpy())

    def test_slopes_of_the_paper(self) -> None:
        np.testing.assert_allclose(method.alibi_slopes(8), 2.0 ** -np.arange(1, 9))
        np.testing.assert_allclose(method.alibi_slopes(16)[[0, -1]], [2**-0.5, 1 / 256])
        np.testing.assert_allclose(
            method.alibi_slopes(12)[8:], [0.7071, 0.3536, 0.1768, 0.0884], atol=5e-5
        )

    @pytest.mark.parametrize("heads", [1, 2, 3, 4, 6, 8, 12, 20])
    def test_slopes_are_those_of_transformers(self, heads) -> None:
        import torch
        from transformers.models.bloom.modeling_bloom import build_alibi_tensor

        theirs = build_alibi_tensor(torch.ones(1, 2), heads, torch.float64)[:, 0, 1]
        np.testing.assert_allclose(method.alibi_slopes(heads), theirs.numpy(), rtol=1e-6)

    def test_alibi_may_add_the_slope_times_the_key_under_a_causal_mask(self) -> None:
        from embcourse.attention import causal_mask, softmax

        scores, mask = np.random.default_rng(0).normal(size=(2, 5, 5)), causal_mask(5, 5)
        whole = softmax(scores + method.alibi_bias(5, 5, 2), mask=mask)
        short = softmax(scores + method.alibi_slopes(2)[:, None, None] * np.arange(5), mask=mask)
        np.testing.assert_allclose(short, whole, atol=1e-12)


class TestRotary:
    @given(SEEDS, EVEN, st.booleans(), st.integers(0, 1000), st.integers(0, 1000))
    def test_scores_depend_on_the_offset_only(self, seed, d, interleaved, moved, first) -> None:
        rng = np.random.default_rng(seed)
        q, k = rng.normal(size=(3, d)), rng.normal(size=(4, d))

        def scores(start: int) -> np.ndarray:
            turned = [
                method.rotate(x, start + np.arange(len(x)), interleaved=interleaved) for x in (q, k)
            ]
            return turned[0] @ turned[1].T

        np.testing.assert_allclose(scores(first), scores(first + moved), atol=1e-9)

    @given(SEEDS, EVEN, st.booleans())
    def test_lengths_stay(self, seed, d, interleaved) -> None:
        x = np.random.default_rng(seed).normal(size=(2, 5, d))
        turned = method.rotate(x, np.arange(5), interleaved=interleaved)
        np.testing.assert_allclose(
            np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-12
        )
        np.testing.assert_array_equal(turned[:, 0], x[:, 0])  # position 0 is not turned

    @given(SEEDS, EVEN)
    def test_neighbours_are_points_of_the_complex_plane(self, seed, d) -> None:
        x = np.random.default_rng(seed).normal(size=(5, d))
        angles = np.arange(5)[:, None] * method.frequencies(d)
        turned = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles)
        ours = method.rotate(x, np.arange(5))
        np.testing.assert_allclose(ours[:, 0::2] + 1j * ours[:, 1::2], turned, atol=1e-12)

    @pytest.mark.parametrize("d", [2, 8, 64])
    def test_halves_are_those_of_transformers(self, d) -> None:
        import torch
        from transformers import LlamaConfig
        from transformers.models.llama.modeling_llama import (
            LlamaRotaryEmbedding,
            apply_rotary_pos_emb,
        )

        config = LlamaConfig(hidden_size=2 * d, num_attention_heads=2, head_dim=d)
        x = np.random.default_rng(d).normal(size=(1, 2, 7, d))
        tables = LlamaRotaryEmbedding(config)(torch.tensor(x), torch.arange(7)[None])
        theirs, _ = apply_rotary_pos_emb(torch.tensor(x), torch.tensor(x), *tables)
        ours = method.rotate(x, np.arange(7), interleaved=False)
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)  # their angles are float32

    @given(SEEDS, st.sampled_from([(4, 1), (8, 2), (12, 3)]))
    def test_permuted_weights_give_the_other_layouts_scores(self, seed, widths) -> None:
        from embcourse.self_attention import split_heads

        d_model, heads = widths
        rng = np.random.default_rng(seed)
        x, places = rng.normal(size=(5, d_model)), np.arange(5)
        matrices = [rng.normal(size=(d_model, d_model)) for _ in range(2)]

        def scores(matrices: list[np.ndarray], interleaved: bool) -> np.ndarray:
            q, k = (
                method.rotate(split_heads(x @ w, heads), places, interleaved=interleaved)
                for w in matrices
            )
            return q @ np.swapaxes(k, -1, -2)

        neighbours = scores(matrices, True)
        halves = scores([method.to_halves(w, heads) for w in matrices], False)
        np.testing.assert_allclose(halves, neighbours, atol=1e-10)
        wrong = scores(matrices, False)
        on_itself = np.diagonal(neighbours, axis1=1, axis2=2)
        np.testing.assert_allclose(np.diagonal(wrong, axis1=1, axis2=2), on_itself, atol=1e-10)
        if d_model // heads > 2:  # a test with one token would not have seen it
            assert np.abs(wrong - neighbours).max() > 1e-3

    @given(SEEDS, EVEN, st.booleans())
    def test_gradient_is_the_finite_difference(self, seed, d, interleaved) -> None:
        rng = np.random.default_rng(seed)
        x, grad, places = rng.normal(size=(2, d)), rng.normal(size=(2, d)), rng.normal(size=2) * 9
        numbers = by_differences(
            lambda x: float((method.rotate(x, places, interleaved=interleaved) * grad).sum()), x
        )
        ours = method.rotate_gradient(grad, places, interleaved=interleaved)
        np.testing.assert_allclose(ours, numbers, atol=1e-8)

    @settings(deadline=None)
    @given(SEEDS, EVEN, st.booleans())
    def test_the_torch_path_is_the_definition(self, seed, d, interleaved) -> None:
        import torch

        from embcourse.positions.fast import rotary_tables, rotate

        x = np.random.default_rng(seed).normal(size=(2, 3, 5, d))
        places = np.array([0, 1, 7, 100_000, 2.5])
        tables = rotary_tables(torch.tensor(places), d)
        ours = rotate(torch.tensor(x), *tables, interleaved=interleaved).numpy()
        expected = method.rotate(x, places, interleaved=interleaved)
        np.testing.assert_allclose(ours, expected, atol=1e-6)

    def test_stretching_keeps_the_fastest_pair_and_slows_the_slowest(self) -> None:
        before, after = (
            method.frequencies(64, base) for base in (10000.0, method.stretched_base(64, 4))
        )
        assert before[0] == after[0]
        assert before[-1] / after[-1] == pytest.approx(4)


class TestErrors:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: method.sinusoidal(3, 5), "sinusoidal: d must be even, got 5"),
            (lambda: method.rotate(np.ones((2, 3)), [0, 1]), "rotate: x's last axis must be even"),
            (lambda: method.rotate(np.ones((2, 4)), [0, 1, 2]), "rotate: positions must broadcast"),
            (lambda: method.shaw_scores([[1.0]], [[1.0]], [[1.0]] * 2), "2 K \\+ 1 rows"),
            (lambda: method.shaw_scores([[1.0]], [[1.0, 2.0]], [[1.0]]), "must share a width"),
            (lambda: method.t5_buckets([1], 32, 8), "longest must be at least 9"),
            (lambda: method.to_halves(np.ones((4, 6)), 2), "d_head must be even, got 3"),
            (lambda: method.to_halves(np.ones((4, 6)), 4), "heads must divide 6, got 4"),
            (lambda: method.interpolated([0], 4, 2), "wanted must be at least 4"),
            (lambda: method.alibi_slopes(0), "heads must be at least 1"),
        ],
    )
    def test_name_the_function_and_what_came(self, call, message) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestLanguageModel:
    @pytest.mark.parametrize(
        "kind", ["none", "sinusoidal", "learned", "shaw", "t5", "rope", "alibi"]
    )
    def test_sees_no_future(self, kind) -> None:
        import torch

        from embcourse.positions.model import LanguageModel

        torch.manual_seed(0)
        model = LanguageModel(11, kind, d_model=16, heads=4).eval()
        ids = torch.randint(0, 11, (2, 9))
        with torch.inference_mode():
            whole, short = model(ids), model(ids[:, :5])
        torch.testing.assert_close(whole[:, :5], short, atol=1e-5, rtol=1e-5)

    def test_scores_of_each_relative_kind_are_the_definitions(self) -> None:
        """One layer, one head, and the weights of its attention made by the definitions."""
        import torch

        from embcourse.attention import causal_mask, softmax
        from embcourse.positions.model import CLIP, LanguageModel

        torch.manual_seed(0)
        for kind in ("shaw", "t5", "rope", "alibi"):
            model = LanguageModel(11, kind, d_model=8, heads=1, layers=1).double().eval()
            if kind == "t5":
                torch.nn.init.normal_(model.bias)
            x = torch.randn(1, 40, 8, dtype=torch.float64)
            attention = model.attentions[0]
            offsets = torch.from_numpy(method.relative_offsets(40, 40))
            tables = None
            if kind == "rope":
                from embcourse.positions.fast import rotary_tables

                tables = rotary_tables(torch.arange(40), 8)
                tables = tuple(table.double() for table in tables)
            with torch.inference_mode():
                found = model._attend(attention, x, offsets, model._bias(offsets).double(), tables)
                q, k, v = (part[0, 0].numpy() for part in attention.project(x))
            scores = q @ k.T / 8**0.5
            if kind == "shaw":
                scores = method.shaw_scores(q, k, model.table.detach().numpy())
                assert len(model.table) == 2 * CLIP + 1
            elif kind == "t5":
                buckets = method.t5_buckets(method.relative_offsets(40, 40), causal=True)
                scores = scores + model.bias.detach().numpy()[0][buckets]
            elif kind == "rope":
                places = np.arange(40)
                scores = method.rotate(q, places) @ method.rotate(k, places).T / 8**0.5
            elif kind == "alibi":
                scores = scores + method.alibi_bias(40, 40, 1)[0]
            expected = softmax(scores, mask=causal_mask(40, 40)) @ v
            ours = attention.output(torch.from_numpy(expected)).detach().numpy()
            np.testing.assert_allclose(found[0].numpy(), ours, atol=2e-6, err_msg=kind)

    def test_squeezed_positions_of_rope_are_those_positions(self) -> None:
        import torch

        from embcourse.positions.model import LanguageModel

        torch.manual_seed(0)
        model, ids = LanguageModel(11, "rope", d_model=8, heads=2), torch.ones(1, 4).long()
        ids[0, 2] = 3
        assert not torch.allclose(model(ids), model(ids, squeeze=0.5))
        assert torch.allclose(model(ids, squeeze=1.0), model(ids))

    def test_learned_positions_end(self) -> None:
        import torch

        from embcourse.positions.model import LanguageModel

        model = LanguageModel(5, "learned", d_model=8, heads=2, longest=4)
        with pytest.raises(ValueError, match="5 tokens, the table of learned positions 4 rows"):
            model(torch.ones(1, 5, dtype=torch.long))
