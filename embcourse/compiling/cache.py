"""numba's cache on the disk, in a folder that is named after all sources that a function inlines.

With `cache=True` alone, numba looks at the file that a function stands in. When it inlines another
function from another file and that one is changed, the old code is served from the cache, and the
old number comes back. Here each version of the sources has a folder of its own, so old code is
never found. numba takes the folder from its public setting `NUMBA_CACHE_DIR`, at the moment when a
function is decorated.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from embcourse.compiling.sources import fingerprint

KEPT = 4  # versions of a module's sources whose code is kept: some branches of one checkout
_deciding = Lock()  # the setting is one for the whole process


def cached_njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` with a cache that notices a change in any source that the function inlines.

    The code is kept in the folder of `NUMBA_CACHE_DIR` if that is set, else beside the module, or
    where that can't be written, as for an installed package, in the user's cache folder. Where
    nothing can be written, or there are no sources to look at, it is compiled in every process.

    options: of `numba.njit`, without `cache`.
    returns: a decorator for a function at the top of a module.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        import numba

        config: Any = numba.config  # whose names are set when it is imported
        with _deciding:
            chosen = config.CACHE_DIR
            folder = cache_folder_of(function.__module__, chosen)
            if folder is None:
                return numba.njit(**options)(function)
            config.CACHE_DIR = str(folder)
            try:
                return numba.njit(cache=True, **options)(function)
            finally:
                config.CACHE_DIR = chosen

    return decorate


@cache
def cache_folder_of(module: str, chosen: str = "") -> Path | None:
    """The folder for the compiled functions of a module as its sources are now; made if it is not
    there, and then those of older sources are removed, but for the last few that were used.

    module : its dotted name.
    chosen : the folder that the user wants for all caches, or "".
    returns: a folder that can be written, or None.
    """
    try:
        version = f"{module}-{fingerprint(module)}"
    except OSError:
        return None
    for place in _places(module, chosen):
        folder = place / version
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            os.utime(folder)  # used now
        except OSError:
            continue
        _remove_old(place, module)
        return folder
    return None


def _places(module: str, chosen: str) -> Iterator[Path]:
    if chosen:
        yield Path(chosen)
        return
    yield Path(str(sys.modules[module].__file__)).parent / "__pycache__"
    from embcourse.data import cache_folder

    yield cache_folder() / "compiled"


def _remove_old(place: Path, module: str) -> None:
    """Another process may be using one: it then compiles anew, and makes the folder again."""
    used = sorted(place.glob(f"{module}-*"), key=_last_used, reverse=True)
    for folder in used[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another process removed it
        return 0.0
