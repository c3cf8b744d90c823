"""The `listing` directive: a page shows a function of the package as it stands there, at the width
of a page.

    ```{listing} tfidf.reference.idf
    :try: tfidf.idf
    ```

names `embcourse/tfidf/reference.py` and a function, class or `Class.method` in it. The page shows
the method: its signature, the first paragraph of its docstring and its body without the checks of
its arguments. The whole source is folded below. With `:try:` all of it is folded behind a line that
says which exercise asks for it.

The source is read, not imported. An unknown name, an unknown exercise and a docstring or a comment
of more than 80 columns are warnings, which are errors when the book is built.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import textwrap
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from ruff import find_ruff_bin
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_design.shared import create_component

import embcourse

__all__ = [
    "COLUMNS",
    "Listing",
    "ListingDirective",
    "Place",
    "find_module",
    "listing_label",
    "places",
    "read_listing",
    "setup",
]

COLUMNS = 80
FOLDED = "Checks, examples and source"
DIRECTIVE = re.compile(r"\{listing\} ([\w.]+)")
CHECKER = re.compile(r"_?(require|check)_\w+")
LOGGER = logging.getLogger(__name__)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Listing(NamedTuple):
    """What a page shows of a function: the method, the whole source, and the line of the file that
    it begins at."""

    method: str
    source: str
    line: int


# --------------------------------------------------------------------------------------- the source


def find_module(name: str, package: Path) -> tuple[Path, str]:
    """The file that a dotted name stands in, and the rest of the name.

    raises: LookupError if no file of the package fits.

    >>> path, rest = find_module("tfidf.reference.idf", Path(embcourse.__path__[0]))
    >>> path.name, rest
    ('reference.py', 'idf')
    """
    folder, parts = package, name.split(".")
    while parts and (folder / parts[0]).is_dir():
        folder /= parts.pop(0)
    if len(parts) < 2 or not (folder / f"{parts[0]}.py").is_file():
        raise LookupError(
            f"{name!r} names no module of {package.name}: expected <slug>.<module>.<function>"
        )
    return folder / f"{parts[0]}.py", ".".join(parts[1:])


def read_listing(text: str, name: str) -> Listing:
    '''The function, class or `Class.method` of that name in the source `text`.

    Left out of the method are, at the top level of the body: calls of `require_...` and
    `check_...`, and of anything that is given the name of a function for its message; what such a
    call gives back under the name of an argument; `if ...: raise ...`; a last `raise`; and names
    that only these used.

    raises: LookupError if there is none.

    >>> listing = read_listing(
    ...     """
    ... def idf(counts):
    ...     \'\'\'ln(N / df).
    ...
    ...     counts: an array.
    ...     \'\'\'
    ...     counts = require_counts("idf", counts)
    ...     if len(counts) == 0:
    ...         raise ValueError("idf: no document")
    ...     return np.log(len(counts) / (counts > 0).sum(axis=0))
    ... """,
    ...     "idf",
    ... )
    >>> print(listing.method)
    def idf(counts):
        \'\'\'ln(N / df).\'\'\'
        return np.log(len(counts) / (counts > 0).sum(axis=0))
    '''
    module = ast.parse(text)
    lines = text.splitlines()
    node: ast.ClassDef | Function | None = None
    body = module.body
    for part in name.split("."):
        found = [
            child
            for child in body
            if isinstance(child, Function | ast.ClassDef) and child.name == part
        ]
        if not found or isinstance(node, Function):
            raise LookupError(f"nothing is called {name!r}")
        node = found[-1]
        body = node.body
    assert node is not None  # a name has at least one part
    names = {child.name for child in ast.walk(module) if isinstance(child, Function | ast.ClassDef)}
    first = _first_line(node)
    source = textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))
    return Listing(textwrap.dedent("\n".join(_method(node, lines, names))), source, first)


def _method(node: ast.ClassDef | Function, lines: list[str], names: Collection[str]) -> list[str]:
    """The lines of a definition that say what it does."""
    body = list(node.body)
    if body[0].lineno == node.lineno:
        return lines[_first_line(node) - 1 : node.end_lineno]
    shown = lines[_first_line(node) - 1 : _first_line(body[0]) - 1]
    if ast.get_docstring(node) is not None:
        shown += _first_paragraph_of_docstring(body.pop(0), lines)
    kept = body if isinstance(node, ast.ClassDef) else list(_without_checks(node, body, names))
    if not kept:
        kept = body
    rest: list[str] = []
    end = body[0].lineno - 1 if body else 0  # the last line of the statement before
    for statement in body:
        start = end  # comments and blank lines above go with their statement
        end = statement.end_lineno or statement.lineno
        if statement not in kept:
            continue
        if isinstance(statement, Function | ast.ClassDef):
            above = lines[start : _first_line(statement) - 1]
            rest += above + _method(statement, lines, names)
        else:
            rest += lines[start:end]
    while rest and not rest[0].strip():
        rest.pop(0)
    for line in rest:
        if line.strip() or shown[-1].strip():  # never two blank lines
            shown.append(line)
    return shown


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _first_paragraph_of_docstring(node: ast.stmt, lines: list[str]) -> list[str]:
    whole = lines[node.lineno - 1 : node.end_lineno]
    paragraph = whole[: next((i for i, line in enumerate(whole) if not line.strip()), len(whole))]
    if len(paragraph) == len(whole):
        return whole
    quotes = re.match(r"\s*[rRuU]?('''|\"\"\"|'|\")", whole[0])
    assert quotes is not None
    return [*paragraph[:-1], paragraph[-1].rstrip() + quotes[1]]


@cache
def at_page_width(code: str) -> str:
    """Code formatted anew for the width of a page, as `ruff format` does it.

    >>> print(at_page_width(f"a = {'x' * 38}, {'y' * 38}"))
    a = (
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,
        yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy,
    )
    """
    command = [find_ruff_bin(), "format", "--isolated", f"--line-length={COLUMNS}"]
    command += ["--config=format.docstring-code-format=true", "--stdin-filename=listing.py", "-"]
    done = subprocess.run(command, input=code, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.strip("\n")


def _without_checks(
    node: Function, body: list[ast.stmt], names: Collection[str]
) -> Iterator[ast.stmt]:
    arguments = node.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    parameters = {argument.arg for argument in every if argument}
    removed = [statement for statement in body if _is_check(statement, parameters, names)]
    if len(body) > 1 and isinstance(body[-1], ast.Raise):  # "no such variant"
        removed.append(body[-1])
    kept = [statement for statement in body if statement not in removed]
    for statement in kept:
        targets = _targets(statement)
        others = [other for other in kept if other is not statement]
        if not (targets and targets <= _used(removed) - parameters - _used(others)):
            yield statement


def _is_check(statement: ast.stmt, parameters: Collection[str], names: Collection[str]) -> bool:
    if isinstance(statement, ast.If):
        return not statement.orelse and isinstance(statement.body[-1], ast.Raise)
    if isinstance(statement, ast.For | ast.While):
        return all(_is_check(inner, parameters, names) for inner in statement.body)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call) and _is_checker(statement.value, names)
    targets = _targets(statement)
    if not targets or not targets <= set(parameters):
        return False
    return any(
        isinstance(node, ast.Call) and _is_checker(node, names) for node in ast.walk(statement)
    )


def _is_checker(call: ast.Call, names: Collection[str]) -> bool:
    called = (
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    )
    for_message = (
        call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value in names
    )
    return bool(CHECKER.fullmatch(called) or for_message)


def _targets(statement: ast.stmt) -> set[str]:
    """The names that an assignment gives values to; none if it also writes elsewhere, or is no
    assignment."""
    if not isinstance(statement, ast.Assign):
        return set()
    written = [
        node
        for target in statement.targets
        for node in ast.walk(target)
        if isinstance(node, ast.expr)
    ]
    if any(isinstance(node, ast.Attribute | ast.Subscript) for node in written):
        return set()
    return {node.id for node in written if isinstance(node, ast.Name)}


def _used(statements: list[ast.stmt]) -> set[str]:
    walked = [node for statement in statements for node in ast.walk(statement)]
    return {
        node.id for node in walked if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


# --------------------------------------------------------------------------- where things are shown


class Place(NamedTuple):
    """A page that lists something: without its suffix, with its title, and the name that it
    lists."""

    page: str
    title: str
    name: str


def places(root: Path) -> list[Place]:
    """What the book's pages below `root` list, and where."""
    found = []
    for path in sorted((root / "book").rglob("*.*")):
        page = path.relative_to(root).with_suffix("").as_posix()
        if path.suffix not in (".ipynb", ".md") or page.startswith("book/assignments/"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        names = dict.fromkeys(DIRECTIVE.findall(text))
        found += [Place(page, title[1] if title else page, name) for name in names]
    return found


def listing_label(page: str, name: str) -> str:
    """What the listing of a name on a page is called, for a link from elsewhere."""
    return f"listing-{page}-{name}".lower()


# ------------------------------------------------------------------------------------ the directive


class ListingDirective(SphinxDirective):
    """See the module."""

    required_arguments = 1
    option_spec = {"try": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """The nodes that the page shows; a warning, and none, if the name leads nowhere."""
        name = self.arguments[0]
        package = Path(self.config.listing_package or embcourse.__path__[0])
        try:
            path, rest = find_module(name, package)
            self.env.note_dependency(str(path))
            listing = read_listing(path.read_text(encoding="utf-8"), rest)
        except LookupError as error:
            return self._warn(f"listing {name}: {error}")
        method, source = at_page_width(listing.method), at_page_width(listing.source)
        for line in [*source.splitlines(), *method.splitlines()]:
            if len(line) > COLUMNS:
                file = f"{package.name}/{path.relative_to(package).as_posix()}"
                self._warn(
                    f"listing {name}: a line of {file} is wider than {COLUMNS} columns and can't be"
                    f" broken: {line.strip()}"
                )
                break
        shown: list[nodes.Node] = [self._code(method)]
        if method != source:
            shown.append(_dropdown(FOLDED, [self._code(source)], "source"))
        classes = ["listing"]
        if "try" in self.options:
            asked = self._asked(name, self.options["try"])
            shown = [*asked, _dropdown("Show the answer", shown, "answer")]
            classes.append("try-first")
        container = nodes.container("", *shown, classes=classes, listing=name)
        label = listing_label(self.env.docname, name)
        if label not in self.state.document.nameids:  # a second one on the page
            container["names"].append(label)
            self.state.document.note_explicit_target(container, container)
        return [container]

    def _code(self, text: str) -> nodes.literal_block:
        code = nodes.literal_block(text, text, language="python")
        self.set_source_info(code)
        return code

    def _asked(self, name: str, exercise_id: str) -> list[nodes.Node]:
        """The line that says which exercise asks for it, with a link to the assignment."""
        from embcourse.checking import exercises, find

        try:
            exercise = find(exercise_id)
        except KeyError as error:
            return self._warn(f"listing {name}: {error.args[0]}")
        slug = exercise.id.split(".")[0]
        for source in (Path(embcourse.__path__[0]) / slug).rglob("*.py"):
            if "exercises" in source.relative_to(embcourse.__path__[0]).with_suffix("").parts:
                self.env.note_dependency(str(source))
        number = 1 + exercises(slug).index(exercise)
        points = f"{exercise.points:g} point" + "s" * (exercise.points != 1)
        link = addnodes.pending_xref(
            "",
            nodes.inline("", f"exercise {number} of the assignment"),
            refdomain="std",
            reftype="doc",
            reftarget=f"/book/assignments/{slug}/{slug}",
            refexplicit=True,
            refwarn=True,
        )
        self.set_source_info(link)
        line = nodes.paragraph("", "", nodes.strong("", "Try first"), nodes.Text(": "), link)
        line += [
            nodes.Text(", "),
            nodes.literal("", exercise.id),
            nodes.Text(f" ({points}), asks for it."),
        ]
        return [line]

    def _warn(self, message: str) -> list[nodes.Node]:
        LOGGER.warning(message, location=self.get_location(), type="listing")
        return []


def _dropdown(title: str, content: list[nodes.Node], kind: str) -> nodes.Element:
    """What sphinx-design's `dropdown` makes of a title and a body."""
    return create_component(
        "dropdown",
        opened=False,
        type="dropdown",
        has_title=True,
        icon=None,
        chevron=None,
        container_classes=["sd-mb-3", f"listing-{kind}"],
        title_classes=[],
        body_classes=[],
        children=[nodes.rubric(title, title), *content],
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.setup_extension("sphinx_design")
    app.add_config_value("listing_package", None, "env")
    app.add_directive("listing", ListingDirective)
    return {
        "version": embcourse.__version__,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
