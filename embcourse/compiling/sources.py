"""What a compiled function may have inlined: its own file, and what that file imports from its
package, directly or through other files."""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """One imported name: the module that is asked for it, its name there ("" for the module itself)
    and its name here."""

    module: str
    name: str
    bound: str


def fingerprint(module: str) -> str:
    """Sixteen hexadecimal digits that change with any byte of `inlined_sources`.

    module : the dotted name of an imported module of a package.
    raises : OSError where a source can't be read, as in a package that came without sources.

    >>> len(fingerprint("embcourse.training.rows"))
    16
    """
    digest = hashlib.sha256()
    for name, path in sorted(inlined_sources(module).items()):
        content = path.read_bytes()
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def inlined_sources(module: str) -> dict[str, Path]:
    """The files that a function of a module may take code or constants from when it is compiled.

    A name that a package only hands on is looked up where it is defined, and the package's other
    names don't matter: `from embcourse.training import LANES` leads to `embcourse.training.rows`.

    module : the dotted name of an imported module of a package.
    returns: dotted names and files, of the module's own top-level package only.
    raises : OSError where a source can't be read, as in a package that came without sources.

    >>> sorted(inlined_sources("embcourse.training.rows"))
    ['embcourse.training.rows']
    """
    package = module.split(".")[0]
    root = Path(str(sys.modules[package].__file__)).parent.parent
    found: dict[str, Path] = {}
    waiting = {module}
    while waiting:
        name = waiting.pop()
        found[name] = _file(root, name)
        inside = [one for one in _imports(root, name) if one.module.split(".")[0] == package]
        waiting |= {_home(root, one.module, one.name) for one in inside} - set(found)
    return found


def _home(root: Path, module: str, name: str) -> str:
    """The module that defines a name which another one asks this module for."""
    if name and _file(root, module).stem == "__init__":
        for handed_on in _imports(root, module):
            if handed_on.bound == name:
                return _home(root, handed_on.module, handed_on.name)
        submodule = f"{module}.{name}"
        if any(path.is_file() for path in _places(root, submodule)):
            return submodule
    return module


def _places(root: Path, module: str) -> tuple[Path, Path]:
    place = root.joinpath(*module.split("."))
    return place / "__init__.py", place.with_name(f"{place.name}.py")


def _file(root: Path, module: str) -> Path:
    folder, file = _places(root, module)
    return folder if folder.is_file() else file


@cache
def _imports(root: Path, module: str) -> list[Import]:
    """Every import of a file but those inside functions, of which nothing can be inlined; relative
    ones resolved."""
    path = _file(root, module)
    above = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    found = []
    waiting: list[ast.AST] = [ast.parse(path.read_bytes(), filename=str(path))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = above[: len(above) - node.level + 1] if node.level else []
            source = ".".join([*start, *filter(None, [node.module])])
            found += [Import(source, one.name, one.asname or one.name) for one in node.names]
        elif isinstance(node, ast.Module | ast.If | ast.Try | ast.ExceptHandler | ast.With):
            waiting += ast.iter_child_nodes(node)
    return found
