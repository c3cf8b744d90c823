"""The files of word2vec and fastText: a header, then one word with its vector after the other.

Text: "words dim" on the first line, then "word v1 v2 ... vd" on each line, separated by single
      spaces. fastText's
`.vec` is the same with a space before the end of the line; GloVe's files lack the header. Binary:
the same header, then for each word its bytes, a space, d little-endian float32, and a line feed
(gensim leaves it out). All hold float32 and UTF-8, none holds counts.
"""

from __future__ import annotations

import mmap
import warnings
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from embcourse.arguments import require_choice, require_whole
from embcourse.text.compression import DAMAGED, compressed, is_compressed
from embcourse.vectors.atomic import atomic_write

_LINES_PER_WRITE = 1024
# What the readers of these formats take for the end of a word or of a line.
_SEPARATORS = frozenset(" \t\n\v\f\r")


def save_text(
    path: Path, tokens: tuple[str, ...], matrix: np.ndarray, *, end: bytes = b"\n"
) -> None:
    """Write a text file; `end` closes each line of values. Nine digits give every float32 back
    exactly."""
    words, matrix = _encoded(path, tokens), _float32(path, tokens, matrix)
    line = b"%b" + b" %.9g" * matrix.shape[1] + end
    with atomic_write(path) as raw, _packed(path, raw) as file:
        file.write(b"%d %d\n" % matrix.shape)
        for start in range(0, len(words), _LINES_PER_WRITE):
            rows = matrix[start : start + _LINES_PER_WRITE].tolist()
            file.write(
                b"".join(
                    line % (word, *row) for word, row in zip(words[start:], rows, strict=False)
                )
            )


def save_binary(path: Path, tokens: tuple[str, ...], matrix: np.ndarray) -> None:
    """Write a binary file, with a line feed after each vector like the original program."""
    words, matrix = _encoded(path, tokens), _float32(path, tokens, matrix)
    with atomic_write(path) as raw, _packed(path, raw) as file:
        file.write(b"%d %d\n" % matrix.shape)
        for word, row in zip(words, matrix, strict=True):
            file.write(word + b" " + row.tobytes() + b"\n")


@contextmanager
def _packed(path: Path, raw: BinaryIO) -> Iterator[BinaryIO]:
    """The file, compressed if its name says so."""
    file = compressed(path, raw, "wb")
    yield file
    if file is not raw:
        file.close()


class Reading(NamedTuple):
    """How a file is read: the options of `Embeddings.load`."""

    limit: int | None = None
    dtype: DTypeLike = "float32"
    spaces: bool = False
    undecodable: str = "raise"

    def require_valid(self) -> None:
        """Refuses options that mean nothing.

        >>> Reading(limit=0).require_valid()
        Traceback (most recent call last):
        ValueError: Embeddings.load: limit must be at least 1, got 0
        """
        if self.limit is not None:
            require_whole("Embeddings.load", "limit", self.limit, least=1)
        try:
            known = np.dtype(self.dtype).name in ("float16", "float32")
        except TypeError:
            known = False
        if not known or self.dtype is None:  # to numpy None is float64
            raise ValueError(
                f"Embeddings.load: dtype must be 'float16' or 'float32', got {self.dtype!r}"
            )
        choices = ("raise", "skip", "keep")
        require_choice("Embeddings.load", "undecodable", self.undecodable, choices)


class _Table:
    """Words and values as they are read. Grows with what comes, whatever a header promises."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path, self.reading = path, reading
        self.places: dict[str, int] = {}  # where each word stands in the file
        self.values = bytearray()
        self.odd = 0  # words that are not UTF-8

    @property
    def full(self) -> bool:
        """Whether there are as many words as are wanted."""
        return len(self.places) == self.reading.limit

    def add(self, word: bytes, values: array[float] | bytes, number: int, unit: str) -> None:
        """Take a word and its float32 values, little-endian if they are bytes."""
        where = f"{self.path}, {unit} {number}"
        try:
            token = word.decode("utf-8")
        except UnicodeDecodeError as error:
            self.odd += 1
            if self.reading.undecodable == "raise":
                raise ValueError(
                    f"{where}: expected a word in UTF-8, got {_shown(word)}"
                ) from error
            if self.reading.undecodable == "skip":
                return
            token = word.decode("utf-8", errors="backslashreplace")
        if not token:
            raise ValueError(f"{where}: expected a word, got none")
        if token in self.places:
            raise ValueError(
                f"{where}: expected a new word, got {token!r}, which stands in {self.places[token]}"
                " already"
            )
        single = np.frombuffer(values, "<f4" if isinstance(values, bytes) else np.float32)
        finite = np.isfinite(single)
        if not finite.all():
            column = int(np.argmin(finite))
            raise ValueError(
                f"{where}: expected finite float32 values, got {single[column]} as value"
                f" {column + 1}"
            )
        with np.errstate(over="ignore"):
            kept = single.astype(self.reading.dtype)
        if not np.isfinite(kept).all():
            raise ValueError(
                f"{where}: expected values that {np.dtype(self.reading.dtype)} can hold, got"
                f" {np.abs(single).max()}"
            )
        self.places[token] = number
        self.values += kept.tobytes()

    def result(self, dim: int) -> tuple[list[str], np.ndarray]:
        """Tokens and matrix. Warns of words that were not UTF-8."""
        if self.odd:
            done = (
                "were left out"
                if self.reading.undecodable == "skip"
                else "have their odd bytes written as \\x.."
            )
            warnings.warn(
                f"{self.path}: {self.odd} words are not UTF-8 and {done}", UserWarning, stacklevel=4
            )
        if not self.places:
            raise ValueError(
                f"{self.path}: expected at least one word, got none that could be kept"
            )
        matrix = np.frombuffer(self.values, self.reading.dtype).reshape(len(self.places), dim)
        return list(self.places), matrix


def load_text(path: Path, reading: Reading = Reading()) -> tuple[list[str], np.ndarray]:
    """Tokens and (words, dim) matrix of a text file, with a header or without.

    raises: ValueError naming the file, the line, what was expected and what was found.
    """
    reading.require_valid()
    table = _Table(path, reading)
    with open(path, "rb") as raw:
        lines = enumerate(_lines(path, compressed(path, raw, "rb")), start=1)
        _, first = next(lines, (1, b""))
        if not first:
            raise ValueError(f"{path}, line 1: expected 'words dimensions', got an empty file")
        words, dim = _header(path, first) or (None, _values_on(path, first, reading.spaces))
        number = 1
        for number, line in chain([(1, first)] if words is None else [], lines):
            where = f"{path}, line {number}"
            if words is not None and number > words + 1:
                raise ValueError(
                    f"{where}: expected the end after {words} words, got {_shown(line)}"
                )
            if not line.endswith(b"\n"):
                raise ValueError(
                    f"{where}: expected a line feed after {dim} values, got the end of a truncated"
                    " file"
                )
            content = line.rstrip(b" \r\n")
            # a damaged header may promise any number
            fields = content.rsplit(b" ", min(dim, len(content)))
            if len(fields) != dim + 1 or (b" " in fields[0] and not reading.spaces):
                raise ValueError(
                    f"{where}: expected a word and {dim} values, got {content.count(b' ')} in "
                    f"{_shown(line)}"
                    + (" (spaces=True lets a word hold spaces)" if b" " in fields[0] else "")
                )
            try:
                values = array("f", map(float, fields[1:]))
            except (ValueError, OverflowError) as error:
                raise ValueError(f"{where}: expected {dim} numbers, got {_shown(line)}") from error
            table.add(fields[0], values, number, "line")
            if table.full:
                return table.result(dim)
    if words is not None and number - 1 < words:
        raise ValueError(
            f"{path}, line {number + 1}: expected {words} words, got the end after {number - 1}"
        )
    return table.result(dim)


def load_binary(path: Path, reading: Reading = Reading()) -> tuple[list[str], np.ndarray]:
    """Tokens and (words, dim) matrix of a binary file, with or without line feeds after the
    vectors.

    raises: ValueError naming the file, the record (the first is 1), what was expected and what was
            found.
    """
    reading.require_valid()
    table = _Table(path, reading)
    with open(path, "rb") as raw, _whole(path, raw) as data:
        end_of_header = data.find(b"\n", 0, 1024) + 1
        header = data[: end_of_header or 1024]
        if not header:
            raise ValueError(f"{path}, line 1: expected 'words dimensions', got an empty file")
        sizes = _header(path, header)
        if sizes is None:
            raise ValueError(
                f"{path}, line 1: expected 'words dimensions', two positive integers, got"
                f" {_shown(header)}"
            )
        words, dim = sizes
        position = end_of_header
        for record in range(1, words + 1):
            where = f"{path}, record {record}"
            space = data.find(b" ", position)
            end = space + 1 + 4 * dim
            if space < 0 or end > len(data):
                raise ValueError(
                    f"{where}: expected {words} records of a word, a space and {4 * dim} bytes, "
                    f"got the end of the file {len(data) - position} bytes into this one"
                )
            table.add(data[position:space].lstrip(b"\n"), data[space + 1 : end], record, "record")
            position = end
            if table.full:
                return table.result(dim)
        rest = data[position:].lstrip(b"\n")
    if rest:
        raise ValueError(
            f"{path}, record {words + 1}: expected the end after {words} records, got {len(rest)}"
            " bytes"
        )
    return table.result(dim)


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    try:
        yield from file
    except DAMAGED as error:
        raise ValueError(
            f"{path}: expected a file that {path.suffix} can decompress; {error}"
        ) from error


@contextmanager
def _whole(path: Path, raw: BinaryIO) -> Iterator[bytes | mmap.mmap]:
    """The content: mapped, or in memory where it has to be decompressed."""
    if is_compressed(path):
        try:
            content = compressed(path, raw, "rb").read()
        except DAMAGED as error:
            raise ValueError(
                f"{path}: expected a file that {path.suffix} can decompress; {error}"
            ) from error
        yield content
    elif path.stat().st_size == 0:  # which can't be mapped
        yield b""
    else:
        with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _header(path: Path, line: bytes) -> tuple[int, int] | None:
    """Words and dimensions, if the line is a header: two positive integers."""
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or not line.endswith(b"\n"):
        return None
    words, dim = map(int, parts)
    if words < 1 or dim < 1:
        raise ValueError(
            f"{path}, line 1: expected 'words dimensions', two positive integers, got"
            f" {_shown(line)}"
        )
    return words, dim


def _values_on(path: Path, line: bytes, spaces: bool) -> int:
    """How many values the first line of a file without a header holds: all after the first word, or
    all at its end.

    Two at least: a single one would be a damaged header.
    """
    fields = line.rstrip(b" \r\n").split(b" ")
    values = 0
    for field in reversed(fields[1:]):
        if not _is_number(field):
            break
        values += 1
    if values < 2 or (values < len(fields) - 1 and not spaces):
        raise ValueError(
            f"{path}, line 1: expected 'words dimensions', two positive integers, or a word and its"
            f" values, got {_shown(line)}"
        )
    return values


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _encoded(path: Path, tokens: Iterable[str]) -> list[bytes]:
    words = []
    for i, token in enumerate(tokens):
        if not token or not _SEPARATORS.isdisjoint(token):
            raise ValueError(
                f"{path}: token {i} must not be empty or hold white space in a word2vec or fastText"
                f" file, got {token!r}; the format 'safetensors' takes any token"
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
            f"{path}: the format holds float32, but value {column + 1} of {tokens[row]!r} is"
            f" {matrix[row, column]}"
        )
    return single


def _shown(line: bytes) -> str:
    return repr(line if len(line) <= 60 else line[:60] + b"...")[1:]
