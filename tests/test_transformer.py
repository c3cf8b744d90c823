"""The Transformer: definitions against torch and finite differences, the torch path against
`torch.nn`, decoding with a cache against decoding without, and a training that goes on."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embcourse import transformer as method
from embcourse.transformer import fast
from embcourse.transformer.fast.layers import lengths_to_mask
from tests.gradients import by_differences

SEEDS = st.integers(0, 2**32 - 1)
CLOSE = {"atol": 1e-7, "rtol": 1e-6}
LAYERS = {"atol": 1e-12, "rtol": 0}


class TestNorms:
    @given(SEEDS, st.integers(1, 9), st.sampled_from([0.0, 1e-12, 1e-5, 0.1]), st.floats(1e-3, 1e3))
    def test_agree_with_torch(self, seed, d, eps, size) -> None:
        rng = np.random.default_rng(seed)
        x, gain, bias = size * rng.normal(size=(2, 3, d)), rng.normal(size=d), rng.normal(size=d)
        tensors = [torch.tensor(array) for array in (x, gain, bias)]
        theirs = torch.nn.functional.layer_norm(tensors[0], (d,), *tensors[1:], eps)
        if eps > 0 or d > 1:
            np.testing.assert_allclose(
                method.layer_norm(x, gain, bias, eps), theirs.numpy(), atol=1e-10
            )
        theirs = torch.nn.functional.rms_norm(tensors[0], (d,), tensors[1], eps)
        np.testing.assert_allclose(method.rms_norm(x, gain, eps), theirs.numpy(), atol=1e-10)

    @given(SEEDS, st.integers(1, 6))
    def test_gradients_are_finite_differences(self, seed, d) -> None:
        rng = np.random.default_rng(seed)
        x, grad = rng.normal(size=(2, 3, d)), rng.normal(size=(2, 3, d))
        gain, bias, eps = rng.normal(size=d), rng.normal(size=d), 0.1

        def layer(x, gain, bias) -> float:
            return float((method.layer_norm(x, gain, bias, eps) * grad).sum())

        ours = method.layer_norm_gradients(x, gain, grad, eps)
        for i, array in enumerate((x, gain, bias)):
            numbers = by_differences(
                lambda changed, i=i: layer(
                    *(changed if i == j else a for j, a in enumerate((x, gain, bias)))
                ),
                array,
            )
            np.testing.assert_allclose(ours[i], numbers, **CLOSE)

        def rms(x, gain) -> float:
            return float((method.rms_norm(x, gain, eps) * grad).sum())

        grad_x, grad_gain = method.rms_norm_gradients(x, gain, grad, eps)
        np.testing.assert_allclose(grad_x, by_differences(lambda x: rms(x, gain), x), **CLOSE)
        np.testing.assert_allclose(grad_gain, by_differences(lambda g: rms(x, g), gain), **CLOSE)

    @given(SEEDS, st.floats(-1e3, 1e3))
    def test_layer_norm_sees_no_shift_and_rms_norm_is_it_for_mean_zero(self, seed, shift) -> None:
        x, one = np.random.default_rng(seed).normal(size=(3, 8)), np.ones(8)
        normal = method.layer_norm(x, one, 0 * one, 0.0)
        np.testing.assert_allclose(
            method.layer_norm(x + shift, one, 0 * one, 0.0), normal, atol=1e-8
        )
        centred = x - x.mean(axis=-1, keepdims=True)
        np.testing.assert_allclose(method.rms_norm(centred, one, 0.0), normal, atol=1e-12)

    def test_a_row_of_equal_numbers(self) -> None:
        one = np.ones(4)
        assert not method.layer_norm(7 * one, one, 0 * one, 0.0).any()
        assert not method.rms_norm(0 * one, one, 0.0).any()


class TestFeedForward:
    @given(SEEDS)
    def test_bends_agree_with_torch(self, seed) -> None:
        x = 5 * np.random.default_rng(seed).normal(size=(3, 4))
        t = torch.tensor(x)
        np.testing.assert_allclose(method.gelu(x), torch.nn.functional.gelu(t), atol=1e-13)
        tanh = torch.nn.functional.gelu(t, approximate="tanh")
        np.testing.assert_allclose(method.gelu(x, tanh=True), tanh, atol=1e-13)
        np.testing.assert_allclose(method.silu(x), torch.nn.functional.silu(t), atol=1e-13)
        np.testing.assert_array_equal(method.relu(x), torch.relu(t))

    def test_no_bend_overflows(self) -> None:
        x = np.array([-1e4, -40.0, 0.0, 40.0, 1e4])
        with np.errstate(over="raise", invalid="raise"):
            for bent in (method.gelu(x), method.silu(x), method.relu(x)):
                np.testing.assert_allclose(bent, np.maximum(x, 0), atol=1e-12)

    def test_the_two_forms_of_gelu_differ_by_what_is_said(self) -> None:
        x = np.linspace(-6, 6, 24001)
        apart = np.abs(method.gelu(x) - method.gelu(x, tanh=True))
        assert round(float(apart.max()), 5) == 0.00047
        assert abs(x[apart.argmax()]) == pytest.approx(2.70, abs=0.01)

    @settings(deadline=None)
    @given(SEEDS, st.sampled_from(["relu", "gelu", "swiglu"]))
    def test_gradients_are_finite_differences(self, seed, activation) -> None:
        rng = np.random.default_rng(seed)
        weights = some_feed_forward(rng, 3, 5, activation)
        x, grad = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))

        def loss(x, weights) -> float:
            return float((method.feed_forward(x, weights, activation) * grad).sum())

        grad_x, grads = method.feed_forward_gradients(x, weights, grad, activation)
        np.testing.assert_allclose(grad_x, by_differences(lambda x: loss(x, weights), x), **CLOSE)
        for name, array in weights._asdict().items():
            if array is None:
                assert getattr(grads, name) is None
                continue
            numbers = by_differences(
                lambda changed, name=name: loss(x, weights._replace(**{name: changed})), array
            )
            np.testing.assert_allclose(getattr(grads, name), numbers, err_msg=name, **CLOSE)

    def test_a_gate_belongs_to_swiglu(self) -> None:
        weights = some_feed_forward(np.random.default_rng(0), 3, 5, "swiglu")
        with pytest.raises(ValueError, match="feed_forward: swiglu has a gate"):
            method.feed_forward(np.ones((2, 3)), weights, "relu")


class TestDropout:
    @pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.8])
    def test_keeps_the_mean_and_the_share(self, rate) -> None:
        x = np.full(200_000, 3.0)
        found = method.dropout(x, rate, np.random.default_rng(0))
        kept = found != 0
        error = 5 * (rate * (1 - rate) / len(x)) ** 0.5
        assert abs(kept.mean() - (1 - rate)) <= error
        np.testing.assert_allclose(found[kept], 3 / (1 - rate))

    def test_refuses_a_rate_of_one(self) -> None:
        with pytest.raises(ValueError, match="dropout: rate must be not negative and below 1"):
            method.dropout([1.0], 1.0, np.random.default_rng(0))


def some_feed_forward(rng, d_model, hidden, activation="relu") -> method.FeedForwardWeights:
    shapes: list[Any] = [(d_model, hidden), hidden, (hidden, d_model), d_model]
    if activation == "swiglu":
        shapes += [(d_model, hidden), hidden]
    return method.FeedForwardWeights(*(rng.normal(size=shape) for shape in shapes))


def some_layer(rng, d_model, hidden, decoder=False):
    """Weights of a layer, with biases and norms that are no longer at their beginning."""
    init = method.init_decoder_layer if decoder else method.init_encoder_layer
    weights = init(d_model, hidden, rng)
    shaken = [
        type(part)(*(a if a is None else a + 0.3 * rng.normal(size=a.shape) for a in part))
        for part in weights[:-1]
    ]
    norms = tuple(
        method.NormWeights(*(a + 0.3 * rng.normal(size=a.shape) for a in norm))
        for norm in weights.norms
    )
    return type(weights)(*shaken, norms)


def copy_attention(attention: torch.nn.MultiheadAttention, weights) -> None:
    with torch.no_grad():
        attention.in_proj_weight.copy_(torch.tensor(np.concatenate(weights[:3], axis=1).T))
        attention.in_proj_bias.copy_(torch.tensor(np.concatenate(weights[4:7])))
        attention.out_proj.weight.copy_(torch.tensor(weights.w_output.T))
        attention.out_proj.bias.copy_(torch.tensor(weights.b_output))


def torch_layer(weights, heads: int, norm_first: bool, activation: str) -> Any:
    """The layer of `torch.nn` with the same weights, in float64, without dropout."""
    decoder = isinstance(weights, method.DecoderLayerWeights)
    kind = torch.nn.TransformerDecoderLayer if decoder else torch.nn.TransformerEncoderLayer
    d_model, hidden = weights.feed_forward.w_inner.shape
    layer = kind(
        d_model,
        heads,
        hidden,
        dropout=0.0,
        activation=activation,
        batch_first=True,
        norm_first=norm_first,
        dtype=torch.float64,
    ).eval()
    copy_attention(layer.self_attn, weights.attention)
    if decoder:
        copy_attention(layer.multihead_attn, weights.cross)
    with torch.no_grad():
        for linear, matrix, bias in (
            (layer.linear1, weights.feed_forward.w_inner, weights.feed_forward.b_inner),
            (layer.linear2, weights.feed_forward.w_outer, weights.feed_forward.b_outer),
        ):
            linear.weight.copy_(torch.tensor(matrix.T))
            linear.bias.copy_(torch.tensor(bias))
        for i, norm in enumerate(weights.norms, start=1):
            getattr(layer, f"norm{i}").weight.copy_(torch.tensor(norm.gain))
            getattr(layer, f"norm{i}").bias.copy_(torch.tensor(norm.bias))
    return layer


def fast_layer(theirs: Any, norm_first: bool, activation: str) -> Any:
    """Our torch layer with the weights of torch's, in its precision."""
    decoder = isinstance(theirs, torch.nn.TransformerDecoderLayer)
    kind = fast.DecoderLayer if decoder else fast.EncoderLayer
    ours = kind(
        theirs.linear1.in_features,
        theirs.self_attn.num_heads,
        theirs.linear1.out_features,
        norm_first=norm_first,
        activation=activation,
    ).to(theirs.linear1.weight.dtype)
    pairs = [(ours.attention, theirs.self_attn)]
    if decoder:
        pairs.append((ours.cross, theirs.multihead_attn))
    for mine, given_ in pairs:
        mine.inputs.weight.data.copy_(given_.in_proj_weight)
        mine.inputs.bias.data.copy_(given_.in_proj_bias)
        mine.output.load_state_dict(given_.out_proj.state_dict())
    ours.feed_forward.inner.load_state_dict(theirs.linear1.state_dict())
    ours.feed_forward.outer.load_state_dict(theirs.linear2.state_dict())
    for i, norm in enumerate(ours.norms, start=1):
        norm.load_state_dict(getattr(theirs, f"norm{i}").state_dict())
    return ours.eval()


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])
class TestLayersAgainstTorch:
    @pytest.mark.parametrize("masked", [False, True])
    def test_encoder_layer(self, norm_first, activation, masked) -> None:
        rng = np.random.default_rng(3)
        weights = some_layer(rng, 8, 12)
        x = rng.normal(size=(3, 5, 8))
        lengths = torch.tensor([5, 2, 4])
        mask = lengths_to_mask(lengths, 5) if masked else None
        theirs = torch_layer(weights, 2, norm_first, activation)
        hidden = None if mask is None else ~mask[:, 0]
        expected = theirs(torch.tensor(x), src_key_padding_mask=hidden).detach().numpy()
        options = {"norm_first": norm_first, "activation": activation}
        ours = method.encoder_layer(
            x, weights, 2, None if mask is None else mask.numpy(), **options
        )
        quick = fast_layer(theirs, **options)(torch.tensor(x), mask).detach().numpy()
        seen = np.ones((3, 5), bool) if mask is None else mask[:, 0].numpy()
        # What fills up: torch's fast path gives zeros there.
        np.testing.assert_allclose(ours[seen], expected[seen], **LAYERS)
        np.testing.assert_allclose(quick[seen], expected[seen], **LAYERS)

    def test_decoder_layer(self, norm_first, activation) -> None:
        rng = np.random.default_rng(4)
        weights = some_layer(rng, 8, 12, decoder=True)
        x, memory = rng.normal(size=(3, 4, 8)), rng.normal(size=(3, 6, 8))
        mask = lengths_to_mask(torch.tensor([6, 1, 3]), 6)
        theirs = torch_layer(weights, 4, norm_first, activation)
        expected = theirs(
            torch.tensor(x),
            torch.tensor(memory),
            tgt_mask=~torch.ones(4, 4, dtype=torch.bool).tril(),
            memory_key_padding_mask=~mask[:, 0],
        )
        options = {"norm_first": norm_first, "activation": activation}
        ours = method.decoder_layer(x, memory, weights, 4, memory_mask=mask.numpy(), **options)
        quick = fast_layer(theirs, **options)(
            torch.tensor(x), torch.tensor(memory), memory_mask=mask
        )
        np.testing.assert_allclose(ours, expected.detach().numpy(), **LAYERS)
        np.testing.assert_allclose(quick.detach().numpy(), expected.detach().numpy(), **LAYERS)

    def test_the_whole_stack(self, norm_first, activation) -> None:
        """`nn.Transformer` has a norm after each stack, post-norm, too; the paper has none."""
        torch.manual_seed(0)
        theirs = torch.nn.Transformer(
            16, 4, 2, 2, 24, 0.0, activation, batch_first=True, norm_first=norm_first
        ).eval()
        if not norm_first:
            theirs.encoder.norm = theirs.decoder.norm = None
        shape = fast.Shape(
            tokens=5, d_model=16, heads=4, layers=2, hidden=24, dropout=0.0, norm_first=norm_first
        )
        encoder, decoder = fast.Encoder(shape).eval(), fast.Decoder(shape).eval()
        for mine, given_ in ((encoder, theirs.encoder), (decoder, theirs.decoder)):
            mine.layers = torch.nn.ModuleList(
                fast_layer(layer, norm_first, activation) for layer in given_.layers
            )
            if norm_first:
                torch.nn.init.normal_(given_.norm.weight)
                mine.norm.load_state_dict(given_.norm.state_dict())
        for module in (theirs, encoder, decoder):
            module.double()
        source, target = (torch.randn(3, n, 16, dtype=torch.float64) for n in (7, 5))
        mask = lengths_to_mask(torch.tensor([7, 2, 5]), 7)
        with torch.inference_mode():
            expected = theirs(
                source,
                target,
                tgt_mask=~torch.ones(5, 5, dtype=torch.bool).tril(),
                src_key_padding_mask=~mask[:, 0],
                memory_key_padding_mask=~mask[:, 0],
            )
            ours = decoder(target, encoder(source, mask), mask)
        torch.testing.assert_close(ours, expected, atol=1e-12, rtol=0)

    @pytest.mark.parametrize("decoder", [False, True], ids=["encoder", "decoder"])
    def test_gradients_are_torchs_and_finite_differences(
        self, norm_first, activation, decoder
    ) -> None:
        rng = np.random.default_rng(5)
        weights = some_layer(rng, 6, 5, decoder)
        x, memory = rng.normal(size=(2, 3, 6)), rng.normal(size=(2, 4, 6))
        grad = rng.normal(size=x.shape)
        options = {"norm_first": norm_first, "activation": activation}
        inputs = [torch.tensor(x, requires_grad=True), torch.tensor(memory, requires_grad=True)]
        layer = torch_layer(weights, 3, norm_first, activation)
        if decoder:
            hidden = ~torch.ones(3, 3, dtype=torch.bool).tril()
            (layer(*inputs, tgt_mask=hidden) * torch.tensor(grad)).sum().backward()
            back = method.decoder_layer_gradients(x, memory, weights, 3, grad, **options)
            np.testing.assert_allclose(back[1], inputs[1].grad.numpy(), atol=1e-10)
        else:
            layer.train()  # in eval, torch's fast path has no gradients
            (layer(inputs[0]) * torch.tensor(grad)).sum().backward()
            back = method.encoder_layer_gradients(x, weights, 3, grad, **options)
        np.testing.assert_allclose(back[0], inputs[0].grad.numpy(), atol=1e-10)
        grads = back[-1]
        found = {name: p.grad.numpy() for name, p in layer.named_parameters()}
        parts = [("self_attn", grads.attention)]
        if decoder:
            parts.append(("multihead_attn", grads.cross))
        for name, ours in parts:
            joined = np.concatenate(ours[:3], axis=1).T
            np.testing.assert_allclose(joined, found[f"{name}.in_proj_weight"], atol=1e-10)
            joined = np.concatenate(ours[4:7])
            np.testing.assert_allclose(joined, found[f"{name}.in_proj_bias"], atol=1e-10)
            output = found[f"{name}.out_proj.weight"].T
            np.testing.assert_allclose(ours.w_output, output, atol=1e-10)
            np.testing.assert_allclose(ours.b_output, found[f"{name}.out_proj.bias"], atol=1e-10)
        block = grads.feed_forward
        for name, ours in (("linear1", block[:2]), ("linear2", block[2:4])):
            np.testing.assert_allclose(ours[0], found[f"{name}.weight"].T, atol=1e-10)
            np.testing.assert_allclose(ours[1], found[f"{name}.bias"], atol=1e-10)
        for i, norm in enumerate(grads.norms, start=1):
            np.testing.assert_allclose(norm.gain, found[f"norm{i}.weight"], atol=1e-10)
            np.testing.assert_allclose(norm.bias, found[f"norm{i}.bias"], atol=1e-10)

        def loss(x) -> float:
            if decoder:
                return float((method.decoder_layer(x, memory, weights, 3, **options) * grad).sum())
            return float((method.encoder_layer(x, weights, 3, **options) * grad).sum())

        np.testing.assert_allclose(back[0], by_differences(loss, x), **CLOSE)


class TestShape:
    def test_the_papers_base_model_has_the_papers_parameters(self) -> None:
        """63.05 million without the biases of its attention, where Table 3 says 65."""
        shape = fast.Shape(
            tokens=37_000, d_model=512, heads=8, layers=6, hidden=2048, norm_first=False
        )
        with torch.device("meta"):
            model = fast.Transformer(shape)
        held = sum(parameter.numel() for parameter in model.parameters())
        biases = 6 * 3 * 4 * 512
        assert round((held - biases) / 1e6, 2) == 63.05

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            ("heads", 3, ValueError),
            ("layers", 0, ValueError),
            ("dropout", 1.0, ValueError),
            ("activation", "tanh", ValueError),
            ("norm_first", 1, TypeError),
            ("tokens", 2.5, TypeError),
        ],
    )
    def test_refuses(self, name, value, error) -> None:
        with pytest.raises(error, match=f"Shape: {name}"):
            fast.Shape(**{"tokens": 10} | {name: value})

    @pytest.mark.parametrize("positions", ["sinusoidal", "learned", "none"])
    def test_only_a_model_with_positions_tells_orders_apart(self, positions) -> None:
        torch.manual_seed(0)
        shape = fast.Shape(tokens=9, d_model=16, heads=2, layers=1, positions=positions)
        model = fast.Transformer(shape).eval()
        one, other = torch.tensor([[4, 5, 6, 7]]), torch.tensor([[7, 5, 4, 6]])
        same = torch.allclose(
            model.encode(one).mean(dim=1), model.encode(other).mean(dim=1), atol=1e-6
        )
        assert same == (positions == "none")


PAIRS = [
    ([int(i) for i in row[:n]], [int(i) for i in row[:n][::-1]])
    for row, n in zip(
        np.random.default_rng(1).integers(4, 12, (40, 6)),
        np.random.default_rng(2).integers(1, 7, 40),
        strict=True,
    )
]


@cache
def some_model(norm_first: bool) -> fast.Transformer:
    """A model that has learned a little, so that its texts end, and not all at once."""
    from embcourse.transformer.model import Training, TrainingSettings

    shape = fast.Shape(
        tokens=12, d_model=16, heads=4, layers=2, hidden=24, norm_first=norm_first, dropout=0.0
    )
    training = Training(shape, TrainingSettings(batch=60, warmup=40))
    for _ in range(100):
        training.run_epoch(PAIRS)
    return training.network.eval()


BEGIN, END, LONGEST = 1, 2, 12
SOURCES = torch.tensor([source + [0] * (7 - len(source)) for source, _ in PAIRS[:12]])
LENGTHS = torch.tensor([len(source) for source, _ in PAIRS[:12]])


def step_of(model: fast.Transformer, i: int):
    """What the definitions ask: the logits of the next token, all computed anew."""
    source = SOURCES[i : i + 1, : LENGTHS[i]]

    def step(ids) -> np.ndarray:
        with torch.inference_mode():
            return model(source, torch.tensor([ids]))[0, -1].double().numpy()

    return step


@pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])
class TestDecoding:
    def test_greedy_with_a_cache_is_greedy_without(self, norm_first) -> None:
        model, lengths = some_model(norm_first), set()
        mask = lengths_to_mask(LENGTHS, 7)
        found = fast.greedy(model, SOURCES, mask, begin=BEGIN, end=END, longest=LONGEST)
        for i, text in enumerate(found):
            ids, score = method.greedy_search(step_of(model, i), BEGIN, END, LONGEST)
            assert text.ids == ids
            assert text.score == pytest.approx(score, abs=1e-4)
            lengths.add(len(ids))
        assert len(lengths) > 2, "the texts all have one length: the test sees little"

    @pytest.mark.parametrize("beam", [1, 3, 4])
    @pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
    def test_beam_search_with_a_cache_is_beam_search_without(self, norm_first, beam, alpha) -> None:
        model, lengths = some_model(norm_first), set()
        mask = lengths_to_mask(LENGTHS, 7)
        options = {"begin": BEGIN, "end": END, "longest": LONGEST}
        found = fast.beam_search(model, SOURCES, mask, beam=beam, alpha=alpha, **options)
        for i, text in enumerate(found):
            ids, score = method.beam_search(step_of(model, i), BEGIN, END, LONGEST, beam, alpha)
            assert text.score == pytest.approx(score, abs=1e-4)
            assert text.ids == ids
            lengths.add(len(ids))
        assert len(lengths) > 2, "the texts all have one length: the test sees little"


class TestManyTexts:
    def test_buckets_give_what_each_text_alone_gives(self) -> None:
        model = some_model(True)
        texts = [source for source, _ in PAIRS[:20]]
        found = fast.encode_in_buckets(model, texts, bucket=3)
        for states, text in zip(found, texts, strict=True):
            alone = model.encode(torch.tensor([text]))[0]
            torch.testing.assert_close(states, alone, atol=1e-5, rtol=1e-5)
        with pytest.raises(ValueError, match="encode_in_buckets: text 1 must have an id"):
            fast.encode_in_buckets(model, [[4], []])

    def test_the_benchmarks_peers_compute_the_same(self) -> None:
        """Else the benchmark would compare different work: torch's encoder and transformers'
        `generate`, with copied weights."""
        from benchmarks import attending

        model = some_model(True)
        texts = [source for source, _ in PAIRS[:12]]
        with torch.inference_mode():
            assert len(attending.encoders(model, texts, 1)) == 2
            assert attending.cache(model, texts[0], 1)["identical"]
            row = attending.beam(model, texts, 1)
        assert row["identical"], f"{row['same']} of {row['texts']} texts are equal"


class TestTranslator:
    def translator(self):
        from embcourse.transformer.model import Pieces, Translator

        pieces = Pieces.learn(["in the beginning", "in the end", "the heaven and the earth"], 30)
        torch.manual_seed(0)
        shape = fast.Shape(tokens=30, d_model=16, heads=2, layers=2, hidden=24, longest=64)
        return Translator(fast.Transformer(shape), pieces)

    def test_translates_the_same_after_it_was_saved(self, tmp_path) -> None:
        from embcourse.transformer.model import Translator

        translator, texts = self.translator(), ["the end", "in the beginning the heaven", "earth"]
        translator.save(tmp_path / "model.pt")
        again = Translator.load(tmp_path / "model.pt")
        for search in ("beam", "greedy"):
            found = translator.translate(texts, search=search)
            assert again.translate(texts, search=search) == found
            assert translator.translate(texts, search=search, batch=1) == found
        assert translator.translate(["The END"]) == translator.translate(["the end"])

    def test_alignment_is_the_attention_that_the_decoder_used(self) -> None:
        translator = self.translator()
        found = translator.align("the end", "the heaven")
        network = translator.network
        assert found.target[-1] == "</s>"
        assert found.weights.shape == (2, 2, len(found.target), len(found.source))
        np.testing.assert_allclose(found.weights.sum(axis=-1), 1, atol=1e-5)
        layer = network.decoder.layers[0]
        seen: list[torch.Tensor] = []
        hook = layer.cross.output.register_forward_pre_hook(
            lambda module, given: seen.append(given[0])
        )
        memory = network.encode(torch.tensor([translator.pieces.encode("the end")]))
        ids = [BEGIN, *translator.pieces.encode("the heaven")]
        layer(network.embed(torch.tensor([ids])), memory)
        hook.remove()
        _, values = layer.cross.keys_and_values(memory)
        mixed = torch.tensor(found.weights[0]) @ values[0]
        torch.testing.assert_close(mixed.transpose(0, 1).flatten(1), seen[0][0], atol=1e-5, rtol=0)

    def test_refuses_what_it_cannot_read(self) -> None:
        from embcourse.transformer.model import Translator

        translator = self.translator()
        with pytest.raises(ValueError, match=r"translate: a text must have 1 to 63 pieces, got 0"):
            translator.translate([""])
        with pytest.raises(ValueError, match=r"align: a text must have 1 to 63 pieces"):
            translator.align("in the end " * 40, "end")
        with pytest.raises(ValueError, match="Translator: the network has 9 tokens"):
            Translator(fast.Transformer(fast.Shape(tokens=9, d_model=8)), translator.pieces)


class TestSearch:
    def test_a_wide_beam_finds_the_best_of_all_texts(self) -> None:
        """All texts of at most three tokens, scored one by one."""
        rng = np.random.default_rng(0)
        tables = {}

        def step(ids):
            return tables.setdefault(ids, rng.normal(size=4))

        def score(ids) -> float:
            total, before = 0.0, (0,)
            for token in ids:
                total += float(method.log_softmax(step(before))[token])
                before = (*before, token)
            return total / method.length_penalty(len(ids), 0.6)

        texts = [()]
        ended = []
        for _ in range(3):
            longer = [(*ids, token) for ids in texts for token in range(4)]
            ended += [ids for ids in longer if ids[-1] == 3]
            texts = [ids for ids in longer if ids[-1] != 3]
        best = max(ended + texts, key=score)
        found, value = method.beam_search(step, 0, 3, 3, beam=64)
        assert value == pytest.approx(score(best))
        assert found == [token for token in best if token != 3]

    @given(SEEDS, st.floats(0.2, 3), st.integers(1, 9), st.floats(0.05, 1))
    def test_sampling_probabilities_are_those_of_transformers(self, seed, heat, k, p) -> None:
        from transformers import LogitsProcessorList
        from transformers.generation import logits_process as theirs

        logits = 2 * np.random.default_rng(seed).normal(size=9)
        ours = method.sampling_probabilities(logits, heat, k, p)
        cut = LogitsProcessorList(
            [
                theirs.TemperatureLogitsWarper(heat),
                theirs.TopKLogitsWarper(k),
                theirs.TopPLogitsWarper(p),
            ]
        )(None, torch.tensor(logits)[None])
        np.testing.assert_allclose(ours, cut.softmax(-1)[0].numpy(), atol=1e-12)

    def test_a_token_likelier_than_p_stays(self) -> None:
        found = method.sampling_probabilities(np.log([0.9, 0.1]), top_p=0.5)
        np.testing.assert_allclose(found, [1, 0])

    def test_samples_have_the_probabilities(self) -> None:
        rng = np.random.default_rng(0)
        logits = np.log([0.5, 0.3, 0.2])
        drawn = [method.sample(lambda ids: logits, -1, 2, 1, rng) for _ in range(4000)]
        shares = [sum(text == wanted for text in drawn) / 4000 for wanted in ([0], [1], [])]
        np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.03)


class TestTrainingParts:
    @given(SEEDS, st.sampled_from([0.0, 0.1, 0.5]))
    def test_smoothed_loss_and_gradient_are_torchs(self, seed, smoothing) -> None:
        rng = np.random.default_rng(seed)
        logits, ids = 4 * rng.normal(size=(5, 7)), rng.integers(0, 7, 5)
        held = torch.tensor(logits, requires_grad=True)
        theirs = torch.nn.functional.cross_entropy(
            held, torch.tensor(ids), label_smoothing=smoothing
        )
        theirs.backward()
        loss, gradient = method.smoothed_loss(logits, ids, smoothing)
        assert loss == pytest.approx(theirs.item(), abs=1e-12)
        np.testing.assert_allclose(gradient, held.grad.numpy(), atol=1e-12)

    def test_the_schedule_peaks_at_the_end_of_the_warm_up(self) -> None:
        rates = [method.warmup_rate(step, 512, 50) for step in range(1, 400)]
        assert int(np.argmax(rates)) == 49
        assert method.warmup_rate(4000, 512) == pytest.approx(6.99e-4, rel=1e-3)
        np.testing.assert_allclose(np.diff(rates[:50]), rates[0])


class TestTraining:
    def settings(self, **changed: Any):
        from embcourse.transformer.model import TrainingSettings

        return TrainingSettings(**{"batch": 30, "warmup": 20, "seed": 3} | changed)

    def shape(self) -> fast.Shape:
        return fast.Shape(tokens=12, d_model=16, heads=2, layers=1, hidden=32)

    def test_goes_on_to_the_same_bits_in_the_middle_of_an_epoch(self, tmp_path) -> None:
        from embcourse.transformer.model import Training

        torch.set_num_threads(1)
        whole = Training(self.shape(), self.settings())
        for _ in range(2):
            whole.run_epoch(PAIRS)
        broken = Training(self.shape(), self.settings())

        def stop(loss: float) -> None:
            if broken.batches_done == 3:
                broken.save(tmp_path / "state.pt")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            broken.run_epoch(PAIRS, watch=stop)
        torch.manual_seed(99)
        again = Training.load(tmp_path / "state.pt")
        assert (again.steps, again.epoch, again.batches_done) == (3, 0, 3)
        again.run_epoch(PAIRS)
        again.run_epoch(PAIRS)
        assert again.steps == whole.steps
        for name, tensor in whole.network.state_dict().items():
            torch.testing.assert_close(
                again.network.state_dict()[name], tensor, rtol=0, atol=0, msg=name
            )

    def test_batches_hold_every_pair_once_and_not_too_many_tokens(self) -> None:
        from embcourse.transformer.model import Training

        training = Training(self.shape(), self.settings())
        made = training.batches(PAIRS)
        assert sorted(map(str, (pair for batch in made for pair in batch))) == sorted(
            map(str, PAIRS)
        )
        for batch in made:
            assert max(len(target) + 1 for _, target in batch) * len(batch) <= 30
        training.epoch = 1
        assert training.batches(PAIRS) != made

    def test_learns_to_reverse(self) -> None:
        from embcourse.transformer.model import Training

        training = Training(self.shape(), self.settings(smoothing=0.0))
        before = training.evaluate(PAIRS)
        for _ in range(30):
            training.run_epoch(PAIRS)
        assert training.evaluate(PAIRS) < 0.6 * before

    def test_stops_when_the_loss_is_not_finite(self) -> None:
        from embcourse.transformer.model import Training

        training = Training(self.shape(), self.settings())
        with torch.no_grad():
            training.network.embedding.weight[5] = float("nan")
        with pytest.raises(FloatingPointError, match=r"Training\.step: the loss is nan at step 1"):
            training.step(PAIRS)

    def test_the_loss_of_a_filled_up_batch_is_the_mean_over_its_tokens(self) -> None:
        from embcourse.transformer.model import Training

        training = Training(self.shape(), self.settings())
        training.network.eval()
        with torch.inference_mode():
            together = training.loss(PAIRS[:5]).item()
            alone = [training.loss([pair]).item() * (len(pair[1]) + 1) for pair in PAIRS[:5]]
        tokens = sum(len(target) + 1 for _, target in PAIRS[:5])
        assert together == pytest.approx(sum(alone) / tokens, rel=1e-5)


class TestVerses:
    def test_no_book_is_in_two_parts(self) -> None:
        from embcourse.transformer.model import verse_splits

        books = [{place.book for place in verses.references} for verses in verse_splits()]
        assert not (books[0] & books[1] or books[0] & books[2] or books[1] & books[2])
        assert [len(part) for part in books] == [55, 4, 7]

    def test_pieces_give_every_verse_back(self) -> None:
        from embcourse.transformer.model import Pieces, verse_splits

        splits = verse_splits()
        texts = [*splits.train.sources[::7], *splits.train.targets[::7]]
        pieces = Pieces.learn(texts, 1000)
        assert len(pieces) == 1000
        for text in [*splits.test.sources[::50], *splits.test.targets[::50]]:
            assert pieces.decode(pieces.encode(text)) == " ".join(text.split())
        again = Pieces(pieces.model)
        assert again.encode(texts[0]) == pieces.encode(texts[0])
        assert (
            "".join(pieces.strings(pieces.encode(texts[0]))).replace("▁", " ").strip() == texts[0]
        )

    def test_too_few_texts_for_so_many_pieces(self) -> None:
        from embcourse.transformer.model import Pieces

        with pytest.raises(ValueError, match=r"Pieces\.learn"):
            Pieces.learn(["a b"], 4000)
