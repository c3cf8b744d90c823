"""The files of word2vec and fastText: a header, then one word with its vector after the other.

Text: "words dim" on the first line, then "word v1 v2 ... vd" on each line, separated by single spaces. fastText's
`.vec` is the same with a space before the end of the line. Binary: the same header, then for each word its bytes, a
space, d little-endian float32, and a line feed (gensim leaves it out). All hold float32 and UTF-8, none holds counts.
"""

import mmap
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from embcourse.vectors.atomic import atomic_write

_LINES_PER_WRITE = 1024
# What the readers of these formats take for the end of a word or of a line.
_SEPARATORS = frozenset(" \t\n\v\f\r")


def save_text(path: Path, tokens: tuple[str, ...], matrix: np.ndarray, *, end: bytes = b"\n") -> None:
    """Write a text file; `end` closes each line of values. Nine digits give every float32 back exactly."""
    words, matrix = _encoded(path, tokens), _float32(path, tokens, matrix)
    line = b"%b" + b" %.9g" * matrix.shape[1] + end
    with atomic_write(path) as file:
        file.write(b"%d %d\n" % matrix.shape)
        for start in range(0, len(words), _LINES_PER_WRITE):
            rows = matrix[start : start + _LINES_PER_WRITE].tolist()
            file.write(b"".join(line % (word, *row) for word, row in zip(words[start:], rows, strict=False)))


def save_binary(path: Path, tokens: tuple[str, ...], matrix: np.ndarray) -> None:
    """Write a binary file, with a line feed after each vector like the original program."""
    words, matrix = _encoded(path, tokens), _float32(path, tokens, matrix)
    with atomic_write(path) as file:
        file.write(b"%d %d\n" % matrix.shape)
        for word, row in zip(words, matrix, strict=True):
            file.write(word + b" " + row.tobytes() + b"\n")


def load_text(path: Path) -> tuple[list[str], np.ndarray]:
    """Tokens and (words, dim) float32 matrix of a text file.

    raises: ValueError naming the file, the line, what was expected and what was found.
    """
    tokens: dict[str, int] = {}
    floats = array("f")                                # grows with what is read, whatever the header promises
    with open(path, "rb") as file:
        words, dim = _header(path, file)
        for number, line in enumerate(file, start=2):
            where = f"{path}, line {number}"
            if number > words + 1:
                raise ValueError(f"{where}: expected the end after {words} words, got {_shown(line)}")
            if not line.endswith(b"\n"):
                raise ValueError(f"{where}: expected a line feed after {dim} values, got the end of a truncated file")
            word, *values = line.rstrip(b" \r\n").split(b" ")
            if len(values) != dim:
                raise ValueError(f"{where}: expected a word and {dim} values, got {len(values)} in {_shown(line)}")
            _add(tokens, word, number, where)
            try:
                floats.extend(map(float, values))
            except ValueError as error:
                raise ValueError(f"{where}: expected {dim} numbers, got {_shown(line)}") from error
    if len(tokens) < words:
        raise ValueError(f"{path}, line {len(tokens) + 2}: expected {words} words, got the end after {len(tokens)}")
    matrix = np.frombuffer(floats, np.float32).reshape(words, dim)
    _require_finite(matrix, path, "line", first=2)
    return list(tokens), matrix


def load_binary(path: Path) -> tuple[list[str], np.ndarray]:
    """Tokens and (words, dim) float32 matrix of a binary file, with or without line feeds after the vectors.

    raises: ValueError naming the file, the record (the first is 1), what was expected and what was found.
    """
    tokens: dict[str, int] = {}
    floats = bytearray()
    with open(path, "rb") as file:
        words, dim = _header(path, file)
        position = file.tell()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for record in range(1, words + 1):
                where = f"{path}, record {record}"
                space = data.find(b" ", position)
                end = space + 1 + 4 * dim
                if space < 0 or end > len(data):
                    raise ValueError(
                        f"{where}: expected {words} records of a word, a space and {4 * dim} bytes, "
                        f"got the end of the file {len(data) - position} bytes into this one"
                    )
                _add(tokens, data[position:space].lstrip(b"\n"), record, where)
                floats += data[space + 1 : end]
                position = end
            rest = data[position:].lstrip(b"\n")
    if rest:
        raise ValueError(f"{path}, record {words + 1}: expected the end after {words} records, got {len(rest)} bytes")
    matrix = np.frombuffer(floats, "<f4").reshape(words, dim)
    _require_finite(matrix, path, "record", first=1)
    return list(tokens), matrix.astype(np.float32, copy=False)


def _header(path: Path, file: BinaryIO) -> tuple[int, int]:
    line = file.readline(1024)
    if not line:
        raise ValueError(f"{path}, line 1: expected 'words dimensions', got an empty file")
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts) or not line.endswith(b"\n"):
        raise ValueError(
            f"{path}, line 1: expected 'words dimensions', two positive integers, got {_shown(line)} "
            "(GloVe's files have no header: write one)"
        )
    return int(parts[0]), int(parts[1])


def _add(tokens: dict[str, int], word: bytes, number: int, where: str) -> None:
    """Note where a new word stands."""
    try:
        token = word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: expected a word in UTF-8, got {_shown(word)}") from error
    if not token:
        raise ValueError(f"{where}: expected a word, got none")
    if token in tokens:
        raise ValueError(f"{where}: expected a new word, got {token!r}, which stands in {tokens[token]} already")
    tokens[token] = number


def _require_finite(matrix: np.ndarray, path: Path, unit: str, first: int) -> None:
    finite = np.isfinite(matrix)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"{path}, {unit} {row + first}: expected finite float32 values, got {matrix[row, column]} "
            f"as value {column + 1}"
        )


def _encoded(path: Path, tokens: Iterable[str]) -> list[bytes]:
    words = []
    for i, token in enumerate(tokens):
        if not token or not _SEPARATORS.isdisjoint(token):
            raise ValueError(
                f"{path}: token {i} must not be empty or hold white space in a word2vec or fastText file, "
                f"got {token!r}; the format 'safetensors' takes any token"
            )
        try:
            words.append(token.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise ValueError(f"{path}: token {i} must be valid Unicode, got {token!r}") from error
    return words


def _float32(path: Path, tokens: tuple[str, ...], matrix: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        single = matrix.astype("<f4")
    if not np.isfinite(single).all():
        row, column = np.argwhere(~np.isfinite(single))[0]
        raise ValueError(
            f"{path}: the format holds float32, but value {column + 1} of {tokens[row]!r} is {matrix[row, column]}"
        )
    return single


def _shown(line: bytes) -> str:
    return repr(line if len(line) <= 60 else line[:60] + b"...")[1:]
