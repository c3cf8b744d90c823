"""Files that are compressed or not, told by their names: .gz, .bz2 and .xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

# gzip writes the time into its header, unless told not to: the same content is to give the same
# bytes.
_OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": lambda file, mode: gzip.GzipFile(filename="", fileobj=file, mode=mode, mtime=0),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
# What reading a damaged file may raise.
DAMAGED = (OSError, EOFError, lzma.LZMAError)


def is_compressed(path: str | Path) -> bool:
    """Whether the name says so.

    >>> is_compressed("vectors.txt.gz"), is_compressed("vectors.txt")
    (True, False)
    """
    return Path(path).suffix.lower() in _OPENERS


def without_compression(path: str | Path) -> Path:
    """The name that the file has when it is not compressed.

    >>> without_compression("vectors.txt.gz").name, without_compression("vectors.txt").name
    ('vectors.txt', 'vectors.txt')
    """
    path = Path(path)
    return path.with_suffix("") if is_compressed(path) else path


def compressed(path: str | Path, file: BinaryIO, mode: str) -> BinaryIO:
    """A file around an open one, that compresses ("wb") or decompresses ("rb") as the name of
    `path` says.

    The same file where it is not compressed. Closing what comes back leaves `file` open.
    """
    return _OPENERS[Path(path).suffix.lower()](file, mode) if is_compressed(path) else file
