"""A corpus in pieces: text files with one sentence a line, which every worker can read under the
same path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from embcourse.arguments import require_path, require_series, require_tokens, require_whole
from embcourse.training import corpus_files


def write_shards(sentences: Iterable[Sequence[str]], folder: str | Path, shards: int) -> list[Path]:
    """Deal sentences out to files in turn, as cards are dealt, so that the shards are alike.

    Shards that hold different books or years would pull the models that are averaged later apart.

    sentences: token lists, in any number: they are written as they come. Tokens must not hold white
               space.
    folder   : where the files go; it is made if it is not there.
    shards   : how many, at least 1. A few more than workers let a fast worker take more of them.
    returns  : the files, `shard-000.txt` and so on, UTF-8, tokens separated by a blank.
    raises   : ValueError for fewer than one shard or a token that is empty or holds white space;
               TypeError for a sentence that is a string.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_shards([["a", "b"], ["c"], ["d"]], folder, 2)
    ...     [file.read_text(encoding="utf-8") for file in files]
    ['a b\\nd\\n', 'c\\n']
    """
    shards = require_whole("write_shards", "shards", shards, least=1)
    folder = require_path("write_shards", "folder", folder)
    series = require_series("write_shards", "sentences", sentences, "token lists")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"shard-{number:03}.txt" for number in range(shards)]
    with ExitStack() as stack:
        files = [
            stack.enter_context(open(path, "w", encoding="utf-8", newline="\n")) for path in paths
        ]
        for number, given in enumerate(series):
            sentence = require_tokens("write_shards", f"sentence {number}", given)
            line = " ".join(sentence)
            if line.split() != list(sentence):
                raise ValueError(
                    f"write_shards: sentence {number} holds a token that is empty or has white"
                    " space in it"
                )
            try:
                files[number % shards].write(line + "\n")
            except UnicodeEncodeError:
                raise ValueError(
                    f"write_shards: sentence {number} is no valid Unicode: {line[:80]!r}"
                ) from None
    return paths


def shard_files(shards: str | Path | Sequence[str | Path], where: str) -> list[str]:
    """The paths of the shards as absolute strings.

    shards: files, or a folder or a pattern of them, as `training.corpus_files` reads them.
    where : the function to name in the message.
    raises: TypeError for something else than paths, ValueError for none, FileNotFoundError for one
            that is not there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_shards([["a"], ["b"]], folder, 2)
    ...     shard_files(folder, "train") == shard_files(files, "train") == [str(f) for f in files]
    True
    """
    paths = [shards] if isinstance(shards, str | Path) else list(shards)
    if not all(isinstance(path, str | Path) for path in paths):
        raise TypeError(f"{where}: shards must be paths, got {paths[:2]!r:.60}")
    if not paths:
        raise ValueError(f"{where}: shards must hold at least one file, got none")
    return [os.path.abspath(path) for path in corpus_files([Path(path) for path in paths], where)]
