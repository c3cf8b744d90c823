"""The Transformer's speed: the encoder beside `nn.TransformerEncoder`, a cache beside none, beam
search beside transformers' `generate` with the same weights.

All in one run, by turns, medians. Where `translation` has trained a model its weights are used,
else random ones, whose texts do not end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import results
from benchmarks.intervals import ratio_interval
from benchmarks.translation import MODEL, PIECES, SHAPE, WORK
from embcourse.transformer.fast import (
    Shape,
    Transformer,
    beam_search,
    encode_in_buckets,
    greedy,
)
from embcourse.transformer.model import Pieces, Translator, verse_splits
from embcourse.transformer.model.training import filled
from embcourse.transformer.model.verses import BEGIN, END, PAD

BATCH, GENERATED, SEED = 32, 256, 0
PACKAGES = (*results.PACKAGES, "transformers")


def run(rounds: int = 5, folder: Path = results.FOLDER, work: Path = WORK) -> Path:
    """Measure all rows; returns the file's path."""
    translator = _translator(work)
    splits = verse_splits()
    rng = np.random.default_rng(SEED)
    drawn = rng.choice(len(splits.test.sources), BATCH, replace=False)
    texts = [translator.pieces.encode(splits.test.sources[i]) for i in drawn]
    with torch.inference_mode():
        rows = [
            *encoders(translator.network, texts, rounds),
            cache(translator.network, texts[0], rounds),
            beam(translator.network, texts, rounds),
        ]
    mean = round(float(np.mean([len(text) for text in texts])), 1)
    result: dict[str, Any] = {
        "kind": "attending",
        **results.describe_machine(PACKAGES),
        "settings": {"batch": BATCH, "generated": GENERATED, "rounds": rounds, "seed": SEED},
        "trained": (work / MODEL).exists(),
        "tokens": {
            "longest": max(map(len, texts)),
            "mean": mean,
        },
        "rows": rows,
    }
    return results.write("attending", result, folder)


def encoders(network: Transformer, texts: list[list[int]], rounds: int) -> list[dict[str, Any]]:
    """Our encoder beside torch's, eval mode, on one padded batch and in buckets."""
    theirs = torch_encoder(network)
    ids, mask = filled(texts)
    x = network.embed(ids)
    hidden = ~mask[:, 0]

    def torch_padded() -> list[Tensor]:
        states = theirs(x, src_key_padding_mask=hidden)
        return [row[: len(text)] for row, text in zip(states, texts, strict=True)]

    def padded() -> list[Tensor]:
        states = network.encoder(x, mask)
        return [row[: len(text)] for row, text in zip(states, texts, strict=True)]

    def buckets() -> list[Tensor]:
        return encode_in_buckets(network, texts)

    for found in (padded(), buckets()):
        for ours, other in zip(found, torch_padded(), strict=True):
            torch.testing.assert_close(ours, other, atol=1e-4, rtol=1e-4)
    times = _by_turns([torch_padded, padded, buckets], rounds)
    return [
        _row("encoder, padded", times[1], times[0], "nn.TransformerEncoder, padded", 1.0),
        _row("encoder, buckets", times[2], times[0], "nn.TransformerEncoder, padded", 1.5),
    ]


def torch_encoder(network: Transformer) -> nn.TransformerEncoder:
    """`nn.TransformerEncoder` with the weights of ours."""
    shape = network.shape
    layer = nn.TransformerEncoderLayer(
        shape.d_model,
        shape.heads,
        shape.hidden,
        activation=shape.activation,
        batch_first=True,
        norm_first=shape.norm_first,
    )
    norm = nn.LayerNorm(shape.d_model) if shape.norm_first else None
    theirs = nn.TransformerEncoder(
        layer, shape.layers, norm, enable_nested_tensor=not shape.norm_first
    )
    names = {
        "attention.inputs.weight": "self_attn.in_proj_weight",
        "attention.inputs.bias": "self_attn.in_proj_bias",
        "attention.output": "self_attn.out_proj",
        "feed_forward.inner": "linear1",
        "feed_forward.outer": "linear2",
        "norms.0": "norm1",
        "norms.1": "norm2",
    }
    state = {}
    for name, tensor in network.encoder.state_dict().items():
        for ours, other in names.items():
            name = name.replace(f".{ours}", f".{other}")
        state[name] = tensor
    theirs.load_state_dict(state)
    return theirs.eval()


def cache(network: Transformer, text: list[int], rounds: int) -> dict[str, Any]:
    """Writing so many tokens with a cache, and computing all anew at every step."""
    longest = min(GENERATED, network.shape.longest - 1)
    source = torch.tensor([text])

    def cached() -> list[int]:
        found = greedy(network, source, None, begin=BEGIN, end=-1, longest=longest)
        return found[0].ids

    def anew() -> list[int]:
        memory, ids = network.encode(source), [BEGIN]
        for _ in range(longest):
            states = network.decoder(network.embed(torch.tensor([ids])), memory)
            ids.append(int(network.logits(states[0, -1]).argmax()))
        return ids[1:]

    same = cached() == anew()
    times = _by_turns([anew, cached], rounds)
    row = _row(f"cache, {longest} tokens", times[1], times[0], "computed anew at every step", 5.0)
    return row | {"identical": same}


def beam(network: Transformer, texts: list[list[int]], rounds: int) -> dict[str, Any]:
    """Beam search beside `generate` of transformers, with the same weights."""
    theirs = pegasus(network)
    ids, mask = filled(texts)
    longest = min(ids.shape[1] + 50, network.shape.longest - 1)

    def ours() -> list[list[int]]:
        found = beam_search(
            network, ids, mask, begin=BEGIN, end=END, longest=longest, beam=4, alpha=0.0
        )
        return [text.ids for text in found]

    def generate() -> list[list[int]]:
        found = theirs.generate(
            ids,
            attention_mask=mask[:, 0].long(),
            num_beams=4,
            length_penalty=0.0,
            early_stopping=True,
            max_new_tokens=longest,
            do_sample=False,
        )
        return [
            [token for token in row if token not in (BEGIN, END, PAD)] for row in found.tolist()
        ]

    one, other = ours(), generate()
    same = sum(a == b for a, b in zip(one, other, strict=True))
    times = _by_turns([generate, ours], rounds)
    row = _row("beam search, beam 4", times[1], times[0], "transformers' generate", 1.5)
    return row | {"identical": same == len(texts), "same": same, "texts": len(texts)}


def pegasus(network: Transformer) -> Any:
    """Our architecture in transformers: pre-norm, sinusoids, ReLU, tied; with our weights."""
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    shape = network.shape
    config = PegasusConfig(
        vocab_size=shape.tokens,
        d_model=shape.d_model,
        encoder_layers=shape.layers,
        decoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.hidden,
        decoder_ffn_dim=shape.hidden,
        activation_function="relu",
        scale_embedding=True,
        max_position_embeddings=shape.longest,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=BEGIN,
        forced_eos_token_id=None,
    )
    model = PegasusForConditionalGeneration(config).eval()
    state = model.state_dict()
    ours = network.state_dict()
    for name in state:
        if name.endswith(("shared.weight", "embed_tokens.weight", "lm_head.weight")):
            state[name] = ours["embedding.weight"]
        elif name.endswith("embed_positions.weight"):
            state[name] = network.place
        elif name.endswith("final_logits_bias"):
            state[name] = torch.zeros_like(state[name])
    for stack in ("encoder", "decoder"):
        blocks = {"attention": "self_attn"} | (
            {"cross": "encoder_attn"} if stack == "decoder" else {}
        )
        norms = ["self_attn_layer_norm", "final_layer_norm"]
        if stack == "decoder":
            norms.insert(1, "encoder_attn_layer_norm")
        for i in range(shape.layers):
            here, there = f"{stack}.layers.{i}", f"model.{stack}.layers.{i}"
            for kind in ("weight", "bias"):
                for own, other in blocks.items():
                    three = ours[f"{here}.{own}.inputs.{kind}"].chunk(3)
                    for part, tensor in zip("qkv", three, strict=True):
                        state[f"{there}.{other}.{part}_proj.{kind}"] = tensor
                    state[f"{there}.{other}.out_proj.{kind}"] = ours[f"{here}.{own}.output.{kind}"]
                for own, other in (("inner", "fc1"), ("outer", "fc2")):
                    state[f"{there}.{other}.{kind}"] = ours[f"{here}.feed_forward.{own}.{kind}"]
                for number, name in enumerate(norms):
                    state[f"{there}.{name}.{kind}"] = ours[f"{here}.norms.{number}.{kind}"]
        for kind in ("weight", "bias"):
            state[f"model.{stack}.layer_norm.{kind}"] = ours[f"{stack}.norm.{kind}"]
    model.load_state_dict(state)
    return model


def _translator(work: Path) -> Translator:
    if (work / MODEL).exists():
        return Translator.load(work / MODEL)
    splits = verse_splits()
    pieces = Pieces.learn([*splits.train.sources, *splits.train.targets], PIECES)
    torch.manual_seed(SEED)
    return Translator(Transformer(Shape(tokens=len(pieces), **SHAPE)), pieces)


def _by_turns(functions: list[Callable[[], Any]], rounds: int) -> list[list[float]]:
    """Seconds of each function in each round, one after the other."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for held, function in zip(times, functions, strict=True):
            begin = time.perf_counter()
            function()
            held.append(time.perf_counter() - begin)
    return times


def _row(
    name: str, ours: list[float], theirs: list[float], peer: str, wanted: float
) -> dict[str, Any]:
    return {
        "name": name,
        "peer": peer,
        "milliseconds": round(1000 * float(np.median(ours)), 2),
        "peer_milliseconds": round(1000 * float(np.median(theirs)), 2),
        "ratio": ratio_interval(theirs, ours),
        "wanted": wanted,
    }
