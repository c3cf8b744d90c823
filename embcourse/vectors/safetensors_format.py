"""Vectors, tokens and counts in one safetensors file, every dtype and every token kept exactly.

Tensors: `matrix` (words, dim); `token_bytes`, the UTF-8 of all tokens end to end; `token_offsets`
         (words + 1,) int64,
so that token i is token_bytes[token_offsets[i]:token_offsets[i + 1]]; `counts` (words,) int64 where
known. Tokens are a tensor, not metadata, because the header that holds the metadata is limited in
size. The metadata holds one entry,
`embeddings`: JSON with `format`, `unknown` and `unknown_token`. (safetensors writes several entries
              in random order.)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from embcourse.arguments import require_offsets
from embcourse.text import Vocabulary
from embcourse.vectors.atomic import atomic_write

_FORMAT = "embcourse embeddings 1"


def save_safetensors(path: Path, vocabulary: Vocabulary, matrix: np.ndarray) -> None:
    """Write the file whole or not at all."""
    from safetensors.numpy import save

    try:
        words = [token.encode("utf-8") for token in vocabulary.tokens]
    except UnicodeEncodeError as error:
        raise ValueError(f"{path}: tokens must be valid Unicode, got {error.object!r}") from error
    tensors = {
        "matrix": matrix,
        "token_bytes": np.frombuffer(b"".join(words), np.uint8),
        "token_offsets": np.cumsum([0, *map(len, words)], dtype=np.int64),
    }
    if vocabulary.counts is not None:
        tensors["counts"] = vocabulary.counts
    policy = {
        "format": _FORMAT,
        "unknown": vocabulary.unknown,
        "unknown_token": vocabulary.unknown_token,
    }
    with atomic_write(path) as file:
        file.write(save(tensors, {"embeddings": json.dumps(policy)}))


def _tensor(path: Path, file: Any, name: str) -> np.ndarray:
    """A tensor of the file. bfloat16, which numpy lacks, comes as float32: its numbers are those of
    shorter mantissa."""
    if file.get_slice(name).get_dtype() != "BF16":
        return file.get_tensor(name)
    from safetensors import deserialize

    stored = dict(deserialize(path.read_bytes()))[name]
    halves = np.frombuffer(stored["data"], "<u2").astype(np.uint32) << 16
    return halves.view(np.float32).reshape(stored["shape"])


def load_safetensors(path: Path) -> tuple[Vocabulary, np.ndarray]:
    """Vocabulary and matrix.

    raises: ValueError naming the file and what is wrong with it.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {}).get("embeddings", "{}"))
            tensors = {name: _tensor(path, file, name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path}: expected a safetensors file, got one that can't be read: {error}"
        ) from error
    if not isinstance(metadata, dict):
        raise ValueError(f"{path}: expected metadata with format and policy, got {metadata!r:.60}")
    missing = {"matrix", "token_bytes", "token_offsets"} - tensors.keys()
    if missing or metadata.get("format") != _FORMAT:
        raise ValueError(
            f"{path}: expected the format {_FORMAT!r} with the tensors matrix, token_bytes and"
            f" token_offsets, got format {metadata.get('format')!r} with {sorted(tensors)}"
        )
    offsets, text = tensors["token_offsets"], tensors["token_bytes"].tobytes()
    try:
        offsets = require_offsets(f"{path}", offsets, len(text), name="token_offsets", of="bytes")
    except TypeError as error:  # what is wrong with a file is a ValueError
        raise ValueError(str(error)) from None
    tokens = []
    for i, (start, end) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        try:
            tokens.append(text[start:end].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, token {i}: expected UTF-8, got {text[start:end]!r}"
            ) from error
    try:
        vocabulary = Vocabulary(
            tokens,
            tensors.get("counts"),
            unknown=metadata["unknown"],
            unknown_token=metadata["unknown_token"],
        )
    except KeyError as error:
        raise ValueError(
            f"{path}: expected metadata with unknown and unknown_token, got none of {error}"
        ) from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    return vocabulary, tensors["matrix"]
