"""Text files as a corpus: one sentence a line, of any length, compressed or not, one file or
many."""

from __future__ import annotations

import codecs
import glob
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embcourse.arguments import require_path, require_series
from embcourse.text.compression import DAMAGED, compressed

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_BLOCK = 1 << 18  # bytes read at once


def corpus_files(corpus: str | Path | Sequence[Path], where: str) -> list[Path]:
    """The files that a corpus names: one file, all of a folder in the order of their names, a
    pattern, or several.

    corpus : a path; of a folder it means the files in it, without those whose names begin with a
             dot. A path with *, ? or [ that is no file is a pattern. Or a sequence of such paths.
    where  : the public name to put in front of an error.
    raises : FileNotFoundError where a path names nothing, ValueError for a folder or sequence
             without files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.txt", "a.txt", ".hidden", "c.md"):
    ...         Path(folder, name).touch()
    ...     [
    ...         [path.name for path in corpus_files(Path(folder, end), where="train")]
    ...         for end in ("", "*.txt", "c.md")
    ...     ]
    [['a.txt', 'b.txt', 'c.md'], ['a.txt', 'b.txt'], ['c.md']]
    """
    if not isinstance(corpus, str | Path):
        paths = list(require_series(where, "corpus", corpus, "paths"))
        for path in paths:
            require_path(where, "corpus", path)
        files = [file for path in paths for file in corpus_files(path, where)]
        if not files:
            raise ValueError(
                f"{where}: corpus must name at least one file, got an empty sequence of paths"
            )
        return files
    require_path(where, "corpus", corpus)
    if os.path.isfile(corpus):
        return [Path(corpus)]
    if os.path.isdir(corpus):
        files = sorted(
            path
            for path in Path(corpus).iterdir()
            if path.is_file() and not path.name.startswith(".")
        )
        if not files:
            raise ValueError(f"{where}: corpus is a folder without files: {os.fspath(corpus)!r}")
        return files
    files = [
        Path(path)
        for path in sorted(glob.glob(os.fspath(corpus), recursive=True))
        if os.path.isfile(path)
    ]
    if not files:
        raise FileNotFoundError(
            f"{where}: corpus is the path of no file: {os.fspath(corpus)[:200]!r}"
        )
    return files


def read_sentences(
    path: str | Path, *, encoding: str = "utf-8", max_tokens: int = 10_000
) -> Iterator[list[str]]:
    """The lines of a text file as token lists, split at white space, one at a time.

    Memory holds a block of the file and one sentence: a line of any length will do. A mark of byte
    order at the beginning of a UTF-8 file is no part of its first word.

    path      : read through gzip, bz2 or xz if its name ends in .gz, .bz2 or .xz.
    encoding  : of the text.
    max_tokens: longer lines come in pieces of so many tokens.
    raises    : ValueError naming path, line and column of the first byte that is not in that
                encoding, a compressed file that is damaged, or an unknown encoding.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...     _ = file.write("in the beginning\\n\\nand God said\\n")
    ...     file.flush()
    ...     list(read_sentences(file.name)), next(read_sentences(file.name, max_tokens=2))
    ([['in', 'the', 'beginning'], [], ['and', 'God', 'said']], ['in', 'the'])
    """
    tokens: list[str] = []  # of a line that is longer than a block, so far
    rest, cut = "", False  # text not split yet; whether part of its line is out
    for text in _texts(require_path("read_sentences", "path", path), encoding):
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            tokens += line.split()
            if tokens or not cut:
                yield from _pieces(tokens, max_tokens)
            tokens, cut = [], False
        if len(rest) > _BLOCK:  # all but its last word, which may go on
            head = (
                rest[: -len(rest.split()[-1])] if rest.strip() and not rest[-1].isspace() else rest
            )
            rest = rest[len(head) :]
            tokens += head.split()
            whole = len(tokens) // max_tokens * max_tokens
            if whole:
                yield from _pieces(tokens[:whole], max_tokens)
                tokens, cut = tokens[whole:], True
    tokens += rest.split()
    if tokens or rest:
        yield from _pieces(tokens, max_tokens)


def _pieces(tokens: list[str], size: int) -> Iterator[list[str]]:
    """The tokens in lists of at most so many; of none, one empty list."""
    for start in range(0, max(len(tokens), 1), size):
        yield tokens[start : start + size]


def _texts(path: Path, encoding: str) -> Iterator[str]:
    """The decoded text in blocks, with line feeds at the ends of lines."""
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        raise ValueError(f"{path}: unknown encoding {encoding!r}") from None
    name = "utf-8-sig" if codec.name == "utf-8" else codec.name
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(name)(), translate=True)
    line, column = 1, 1
    with open(path, "rb") as raw:
        file = compressed(path, raw, "rb")
        while True:
            try:
                block = file.read(_BLOCK)
            except DAMAGED as error:
                raise ValueError(
                    f"{path}: expected a file that {path.suffix} can decompress; {error}"
                ) from error
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(codec.name, errors="replace")
                lines, found = before.count("\n"), error.object[error.start : error.start + 1]
                column = len(before) - before.rfind("\n") if lines else column + len(before)
                advice = (
                    "; name the encoding it is in, e.g. encoding='latin-1'"
                    if codec.name == "utf-8"
                    else ""
                )
                raise ValueError(
                    f"{path}, line {line + lines}, column {column}: expected {encoding}, got the"
                    f" byte 0x{found.hex()}{advice}"
                ) from None
            if not block and not text:
                return
            line += text.count("\n")
            column = len(text) - text.rfind("\n") if "\n" in text else column + len(text)
            yield text


def is_paths(corpus: object) -> TypeIs[str | Path | Sequence[Path]]:
    """Whether a corpus is a path or a sequence of `Path`s, not of sentences.

    >>> is_paths("a.txt"), is_paths([Path("a.txt"), Path("b.txt")]), is_paths([["a"]]), is_paths([])
    (True, True, False, False)
    """
    if isinstance(corpus, str | Path):
        return True
    return (
        isinstance(corpus, list | tuple)
        and len(corpus) > 0
        and all(isinstance(path, Path) for path in corpus)
    )


def read_all(paths: Iterable[Path], *, encoding: str, max_tokens: int) -> Iterator[list[str]]:
    """The sentences of several files, one file after the other."""
    for path in paths:
        yield from read_sentences(path, encoding=encoding, max_tokens=max_tokens)
