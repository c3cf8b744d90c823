"""A training, put down and picked up again: arrays, position and settings in one file."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from embcourse.arguments import require_path
from embcourse.vectors.atomic import atomic_write


def save_checkpoint(
    path: str | Path, arrays: Mapping[str, np.ndarray], position: int, settings: Mapping[str, Any]
) -> None:
    """Write a checkpoint whole or not at all; an older one of that name stays until the new one is
    complete.

    arrays  : what was learned so far.
    position: how far the training has come, in its own unit.
    settings: everything that the result depends on, as JSON has it: numbers, strings, None.
    """
    notes = json.dumps({"position": position, "settings": dict(settings)})
    with atomic_write(Path(path)) as file:
        np.savez(file, notes=np.array(notes), allow_pickle=False, **arrays)


def require_writable(where: str, path: str | Path) -> None:
    """Refuses a checkpoint that could not be written, before hours of training are lost with it.

    raises: FileNotFoundError for a folder that is not there, IsADirectoryError for a path that is
            one, OSError where nothing may be written.

    >>> require_writable("train", "no/such/folder/run")
    Traceback (most recent call last):
    FileNotFoundError: train: checkpoint lies in a folder that is not there: 'no/such/folder'
    """
    path = require_path("train", "checkpoint", path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{where}: checkpoint lies in a folder that is not there: {os.fspath(path.parent)!r}"
        )
    try:
        if path.is_dir():
            raise IsADirectoryError(
                f"{where}: checkpoint must be a file, got the folder {os.fspath(path)!r}"
            )
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        # a name too long, or one that no file can have
        os.lstat(path.with_name(f".{path.name}.{'0' * 32}.tmp"))
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        raise
    except (OSError, ValueError) as error:
        raise OSError(
            f"{where}: checkpoint {os.fspath(path)!r} can't be written: {error}"
        ) from error


def load_checkpoint(
    path: str | Path, settings: Mapping[str, Any], *, where: str = "load_checkpoint"
) -> tuple[dict[str, np.ndarray], int]:
    """Read a checkpoint back, if it belongs to this training.

    settings: what `save_checkpoint` must have been given.
    where   : the public name to put in front of an error.
    returns : (arrays, position).
    raises  : ValueError for a file that is no checkpoint, one of other settings, naming those that
              differ, or one of another trainer or version, which has other settings.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/run", {"table": np.ones(2)}, 7, {"dim": 2, "seed": 0})
    ...     load_checkpoint(f"{folder}/run", {"dim": 2, "seed": 0})
    ...     load_checkpoint(f"{folder}/run", {"dim": 2, "seed": 1})
    Traceback (most recent call last):
    ValueError: ... belongs to another training: seed was 0, is 1 now
    """
    path = require_path("load_checkpoint", "path", path)
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("one array, no archive")
        with file:
            arrays = {name: file[name] for name in file.files if name != "notes"}
            notes = json.loads(str(file["notes"]))
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError) as error:
        raise ValueError(f"{where}: {path} is no checkpoint of a training ({error})") from None
    saved, wanted = notes["settings"], json.loads(json.dumps(dict(settings)))
    lacking = ", ".join(name for name in wanted if name not in saved)
    if lacking:
        raise ValueError(
            f"{where}: {path} belongs to another training: it was saved by another trainer or"
            f" version, which does not tell {lacking}"
        )
    differing = [name for name in {**saved, **wanted} if saved[name] != wanted.get(name)]
    if differing:
        changes = ", ".join(
            f"{name} was {saved[name]!r}, is {wanted.get(name)!r} now" for name in differing
        )
        raise ValueError(f"{where}: {path} belongs to another training: {changes}")
    return arrays, notes["position"]
