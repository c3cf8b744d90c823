"""Texts, tokens, documents and paths: what looks like one of them and is another.

A string is a sequence of strings, bytes one of integers, a dict one of its keys, and a set has no
order: each would be taken for tokens, and mean something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from embcourse.arguments.values import require_instance, shown


def require_text(where: str, name: str, value: object) -> str:
    """A string.

    raises: TypeError.

    >>> require_text("tokenize", "text", b"cat")
    Traceback (most recent call last):
    TypeError: tokenize: text must be a str, got b'cat'
    """
    return require_instance(where, name, value, str, "a str")


def require_series(
    where: str, name: str, values: object, kind: str, *, ordered: bool = True
) -> Iterable[Any]:
    """Something to go through once: a list, a tuple, an array, a generator.

    kind   : what it holds, in words.
    ordered: refuse a set.
    raises : TypeError for a string, bytes, a dict, a set, or what nobody can go through.

    >>> require_series("train", "documents", "the cat", "token lists")
    Traceback (most recent call last):
    TypeError: train: documents must be a sequence of token lists, got the str 'the cat'
    """
    unfit = (str, bytes, bytearray, Mapping, *((set, frozenset) if ordered else ()))
    if isinstance(values, unfit) or not _is_iterable(values):
        raise TypeError(
            f"{where}: {name} must be a sequence of {kind},"
            f" got the {type(values).__name__} {shown(values)}"
        )
    return values  # type: ignore[return-value]  # _is_iterable has seen to it


def require_tokens(where: str, name: str, tokens: object) -> Sequence[str]:
    """The tokens of one text, in order: the caller's list or tuple, else a list.

    raises: TypeError as `require_series`, and for a token that is no string, with its place.

    >>> require_tokens("fit", "document 0", ("a", "b"))
    ('a', 'b')
    >>> require_tokens("fit", "document 0", ["a", None])
    Traceback (most recent call last):
    TypeError: fit: document 0 must hold strings, got None (NoneType) at position 1
    """
    if isinstance(tokens, str):
        raise TypeError(
            f"{where}: {name} must be a sequence of tokens, got the str {tokens[:40]!r};"
            " call tokenize first"
        )
    series = require_series(where, name, tokens, "tokens")
    held = series if isinstance(series, list | tuple) else list(series)
    for position, token in enumerate(held):
        if not isinstance(token, str):
            raise TypeError(
                f"{where}: {name} must hold strings, got {shown(token)}"
                f" ({type(token).__name__}) at position {position}"
            )
    return held


def require_path(where: str, name: str, path: object) -> Path:
    """A path, which need not exist.

    raises: TypeError for what is none, ValueError for one that no file can have.

    >>> require_path("Embeddings.load", "path", None)
    Traceback (most recent call last):
    TypeError: Embeddings.load: path must be a path, got None
    """
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"{where}: {name} must be a path, got {shown(path)}")
    text = os.fspath(path)
    if not text or "\0" in text:
        raise ValueError(f"{where}: {name} must be a path, got {text[:80]!r}")
    return Path(text)


def _is_iterable(values: object) -> bool:
    """
    >>> import numpy as np
    >>> _is_iterable(np.zeros(2)), _is_iterable(np.zeros(())), _is_iterable(int)
    (True, False, False)
    """
    if getattr(values, "ndim", 1) == 0:  # an array without axes has __iter__, which fails
        return False
    return isinstance(values, Iterable) and not isinstance(values, type)
