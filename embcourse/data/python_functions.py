"""Python functions with docstrings, taken from the source files of installed code."""

import ast
import os
import sysconfig
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Tests, data in the form of code, vendored copies, and packages that are not part of what a folder
# itself holds.
_LEFT_OUT = {
    "__pycache__",
    "dist-packages",
    "encodings",
    "ensurepip",
    "idle_test",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "turtledemo",
}


class PythonFunction(NamedTuple):
    """A function or method that has a docstring.

    name          : as in `def`.
    qualified_name: module, class and name: "json.decoder.JSONDecoder.decode".
    source        : the definition, decorators and docstring included, without the indentation of
                    its class.
    docstring     : cleaned as `inspect.getdoc` cleans it; never empty.
    """

    name: str
    qualified_name: str
    source: str
    docstring: str


def python_functions(
    folders: Iterable[str | os.PathLike[str]] | None = None,
) -> tuple[PythonFunction, ...]:
    """Functions and methods with docstrings, by default those of Python's standard library: about
    6,000.

    The number depends on the Python version, and slightly on the platform. Functions inside
    functions are left out, of two definitions with one qualified name the first is kept, files that
    do not parse are skipped, and so are folders of tests, tables written as code (encodings,
    pydoc_data), idlelib, lib2to3, turtledemo, ensurepip and site-packages.

    folders: folders to search, such as a package's; a folder's name begins the qualified names
             unless it is a library folder (the standard library, a site-packages). None means the
             standard library alone.
    returns: `PythonFunction`s by folder, then file, then line: the same order on every machine.
             Cached.
    raises : NotADirectoryError naming a folder that is not there; TypeError for a single string.
    source : the standard library of the running interpreter, PSF licence; other folders have their
             own.

    >>> functions = {function.qualified_name: function for function in python_functions()}
    >>> len(functions) > 5000
    True
    >>> functions["textwrap.dedent"].docstring.splitlines()[0]
    'Remove any common leading whitespace from every line in `text`.'
    >>> functions["json.decoder.JSONDecoder.decode"].source.splitlines()[0]
    'def decode(self, s, _w=WHITESPACE.match):'
    """
    if folders is None:
        return _collect((Path(sysconfig.get_path("stdlib")),))
    if isinstance(folders, (str, os.PathLike)):
        raise TypeError(
            f"python_functions: folders must be several folders, got one: {folders!r}; put it in a"
            " list"
        )
    paths = tuple(Path(folder).absolute() for folder in folders)
    for path in paths:
        if not path.is_dir():
            raise NotADirectoryError(f"python_functions: no folder {path}")
    return _collect(paths)


@cache
def _collect(folders: tuple[Path, ...]) -> tuple[PythonFunction, ...]:
    found: dict[str, PythonFunction] = {}
    for folder in folders:
        package = () if _is_library(folder) else (folder.name,)
        for path in _source_files(folder):
            parts = (*package, *path.relative_to(folder).with_suffix("").parts)
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            for function in _functions_of(path, module):
                found.setdefault(function.qualified_name, function)
    return tuple(found.values())


def _is_library(folder: Path) -> bool:
    return folder.name in ("site-packages", "dist-packages") or folder == Path(
        sysconfig.get_path("stdlib")
    )


def _source_files(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        yield from (Path(where, name) for name in sorted(files) if name.endswith(".py"))


def _functions_of(path: Path, module: str) -> Iterator[PythonFunction]:
    try:
        with tokenize.open(path) as file:  # honours the file's own encoding
            text = file.read()
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a template, another Python's syntax, a wrong encoding
        return
    lines = text.split("\n")
    for prefix, node in _definitions(tree.body, module):
        docstring = ast.get_docstring(node)
        if docstring:
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            source = textwrap.dedent("\n".join(lines[start - 1 : node.end_lineno]))
            yield PythonFunction(node.name, f"{prefix}.{node.name}", source, docstring)


def _definitions(
    body: list[ast.stmt], prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions and methods, also those under `if` and `try`, each with the name of what holds
    it."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield prefix, node
        elif isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, f"{prefix}.{node.name}")
        elif isinstance(node, ast.If):
            yield from _definitions([*node.body, *node.orelse], prefix)
        elif isinstance(node, ast.Try):
            handlers = [statement for handler in node.handlers for statement in handler.body]
            yield from _definitions([*node.body, *handlers, *node.orelse, *node.finalbody], prefix)
