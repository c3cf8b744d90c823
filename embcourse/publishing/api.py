"""A Sphinx extension: the reference of the package, one page for each room of `embcourse`.

The pages stand in `book/api/`. They are written anew whenever the book is built, from the names
that a room makes public, so that nobody lists them; git ignores them. `sphinx.ext.autodoc` reads
the docstrings, `embcourse.publishing.docstrings` makes them reStructuredText. A signature has the
types that the source writes, and not what these are when they are evaluated.

`.. api-rooms::` is a table of all rooms. A listing in a chapter and the entry of its function lead
to each other.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.ext.autosummary import Autosummary
from sphinx.transforms import SphinxTransform

import embcourse
from embcourse.publishing.docstrings import to_rst
from embcourse.publishing.listing import Place, listing_label, places
from embcourse.publishing.site import API

__all__ = [
    "find_public",
    "public_names",
    "room_page",
    "rooms",
    "setup",
    "source_signature",
    "write_pages",
]


MEMBERS = ["   :members:", "   :inherited-members: tuple, object", "   :member-order: bysource"]


# ----------------------------------------------------------------------------------- what is public


def rooms() -> list[str]:
    """The folders of the package that are packages themselves.

    >>> {"tfidf", "training", "data"} <= set(rooms())
    True
    """
    return sorted(
        module.name for module in pkgutil.iter_modules(embcourse.__path__) if module.ispkg
    )


@cache
def public_names(room: str) -> dict[str, list[str]]:
    """What a room makes public: for each module that says so, its names in the order of the source.

    That is the room itself, where it has `__all__`, and else every module in it.

    >>> list(public_names("tfidf")), public_names("vectors")["embcourse.vectors"]
    (['embcourse.tfidf'], ['Accuracy', 'Embeddings', 'Neighbour', 'Correlation'])
    """
    package = importlib.import_module(f"embcourse.{room}")
    if hasattr(package, "__all__"):
        modules = [package]
    else:
        names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
        modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return {module.__name__: _names_of(module) for module in modules}


def _names_of(module: ModuleType) -> list[str]:
    names = getattr(module, "__all__", None)
    if names is None:
        made_here = inspect.isclass, inspect.isfunction
        names = [
            name
            for name, value in vars(module).items()
            if any(is_kind(value) for is_kind in made_here)
            and value.__module__ == module.__name__
            and not name.startswith("_")
        ]
    return sorted(names, key=lambda name: _home(module.__name__, name))


@cache
def _statements(module: str) -> list[ast.stmt]:
    return ast.parse(inspect.getsource(importlib.import_module(module))).body


class _Definition(NamedTuple):
    module: str
    line: int
    statement: ast.stmt
    below: ast.stmt | None


def _definition(module: str, name: str) -> _Definition | None:
    """Where the package defines a name that a module of it has; None for another package's."""
    statements = _statements(module)
    for statement, below in zip(statements, [*statements[1:], None], strict=True):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(
            "embcourse."
        ):
            if any((alias.asname or alias.name) == name for alias in statement.names):
                return _definition(str(statement.module), name)
        elif name in _defined(statement):
            return _Definition(module, statement.lineno, statement, below)
    return None


def _home(module: str, name: str) -> tuple[str, int]:
    """The module that defines a public name, and the line."""
    definition = _definition(module, name)
    if definition is None:
        raise LookupError(f"{module} does not define {name!r}")
    return definition[:2]


def _defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


@cache
def _everything() -> frozenset[str]:
    """The full names of all rooms, of what they make public, and of its methods."""
    full = {f"embcourse.{room}" for room in rooms()}
    for room in rooms():
        for module, names in public_names(room).items():
            for name in names:
                full.add(f"{module}.{name}")
                value = getattr(sys.modules[module], name)
                if inspect.isclass(value):
                    full |= {f"{module}.{name}.{member}" for member in _methods(value)}
    return frozenset(full)


def _methods(owner: type) -> set[str]:
    """The public methods and properties that a class has from the package."""
    bases = [base for base in owner.__mro__ if base.__module__.startswith("embcourse.")]
    names = {name for base in bases for name in vars(base) if name[0] != "_"}
    members = {name: inspect.getattr_static(owner, name) for name in names}
    made = property, staticmethod, classmethod
    return {
        name
        for name, member in members.items()
        if inspect.isroutine(member) or isinstance(member, made)
    }


def find_public(code: str, where: str) -> str | None:
    """The full name of what a piece of code names, read in the docstring of `where`; None where
    that is nothing public, or `where` itself.

    A name is looked for in `where`, then in what holds it, and so on outwards. A class is found
    from any room, if only one has a class of that name.

    >>> (
    ...     find_public("smooth_idf", "embcourse.tfidf.idf"),
    ...     find_public("search(query, k)", "embcourse.tfidf.Bm25Index"),
    ... )
    ('embcourse.tfidf.smooth_idf', 'embcourse.tfidf.Bm25Index.search')
    >>> (
    ...     find_public("Vocabulary", "embcourse.tfidf.idf"),
    ...     find_public("training.Diverged", "embcourse.word2vec.train"),
    ... )
    ('embcourse.text.Vocabulary', 'embcourse.training.Diverged')
    """
    match = re.fullmatch(r"([A-Za-z_][\w.]*)(\(.*\))?", code)
    if not match:
        return None
    name = match[1]
    holder = where
    while holder:
        found = f"{holder}.{name}"
        if found in _everything() and (holder != "embcourse" or "." in name):
            return found if found != where else None
        holder = holder.rpartition(".")[0]
    if name in _everything():
        return name
    same = [full for full in _everything() if full.count(".") == 2 and full.endswith(f".{name}")]
    return same[0] if name[0].isupper() and len(same) == 1 else None


# ---------------------------------------------------------------------------------------- the pages


def room_page(room: str, shown: list[Place]) -> str:
    """The page of a room, as reStructuredText.

    shown: where chapters show functions.
    """
    title = f"embcourse.{room}"
    lines = [title, "=" * len(title), "", f".. automodule:: {title}", ""]
    for module, names in public_names(room).items():
        if module != title:
            lines += [module, "-" * len(module), "", f".. automodule:: {module}", ""]
        lines += [
            ".. autosummary::",
            "   :nosignatures:",
            "",
            *(f"   {name}" for name in names),
            "",
        ]
        for name in names:
            lines += _entry(module, name, shown)
    return "\n".join(lines)


def _entry(module: str, name: str, shown: list[Place]) -> list[str]:
    value = getattr(sys.modules[module], name)
    if inspect.isclass(value):
        kind = "exception" if issubclass(value, BaseException) else "class"
        options = ["   :show-inheritance:"] if kind == "exception" else MEMBERS
        lines = [f".. auto{kind}:: {name}", *options, ""]
    elif inspect.isroutine(inspect.unwrap(value)):
        lines = [f".. autofunction:: {name}", ""]
    else:
        lines = [
            f".. py:data:: {name}",
            f"   :value: {_assigned(module, name)}",
            "",
            f"   {_said_of(module, name)}",
            "",
        ]
    home = _home(module, name)[0].removeprefix("embcourse.")
    derived = [place for place in shown if place.name == f"{home}.{name}"]
    links = [f":ref:`{place.title} <{listing_label(place.page, place.name)}>`" for place in derived]
    return [*lines, f"   :Shown in: {', '.join(links)}", ""] if links else lines


def _assigned(module: str, name: str) -> str:
    """What a name is set to, as the source writes it."""
    definition = _definition(module, name)
    statement = definition.statement if definition else None
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
        return ast.unparse(statement.value)
    return "..."


def _said_of(module: str, name: str) -> str:
    """The string below the assignment of a name, as reStructuredText."""
    definition = _definition(module, name)
    below = definition and definition.below
    if not (isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)):
        return ""
    lines = inspect.cleandoc(str(below.value.value)).splitlines()
    return "\n   ".join(to_rst(lines, (), lambda code: find_public(code, f"{module}.{name}")))


def write_pages(root: Path) -> None:
    """Writes the pages of all rooms below `root`, where they differ, and removes those of rooms
    that are no more."""
    folder = root / API
    folder.mkdir(parents=True, exist_ok=True)
    shown = places(root)
    pages = {folder / f"{room}.rst": room_page(room, shown) for room in rooms()}
    for path in set(folder.glob("*.rst")) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


# --------------------------------------------------------------------------------------- signatures


class _Source(str):
    """What a signature shows as it stands."""

    __slots__ = ()
    __repr__ = str.__str__


@cache
def source_signature(value: Any) -> inspect.Signature:
    """The signature of a function or class, with types and defaults as the source writes them.

    A name that stands for other types is replaced by these.

    >>> from embcourse.vectors import Embeddings
    >>> str(source_signature(Embeddings.similarity)), str(source_signature(public_names))
    ('(self, a: str, b: str) -> float', '(room: str) -> dict[str, list[str]]')
    """
    signature = inspect.signature(value)
    value = inspect.unwrap(value)
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    if isinstance(definition, ast.ClassDef):
        inits = [
            child
            for child in definition.body
            if isinstance(child, ast.FunctionDef) and child.name == "__init__"
        ]
        definition = inits[0] if inits else definition
    types, defaults = _arguments(definition)
    module = value.__module__
    parameters = [
        parameter.replace(
            annotation=_shown(types.get(parameter.name), module)
            or _evaluated(parameter.annotation),
            default=_shown(defaults.get(parameter.name), module) or parameter.default,
        )
        for parameter in signature.parameters.values()
        if parameter.name[0] != "_"
    ]
    returned = (
        _shown(definition.returns, module) if isinstance(definition, ast.FunctionDef) else None
    )
    nothing = inspect.Signature.empty
    return signature.replace(
        parameters=parameters, return_annotation=nothing if returned in (None, "None") else returned
    )


def _arguments(
    definition: ast.stmt,
) -> tuple[dict[str, ast.expr | None], dict[str, ast.expr | None]]:
    """The types and the defaults of a function's arguments, or of a class's fields."""
    if isinstance(definition, ast.FunctionDef):
        arguments = definition.args
        plain = [*arguments.posonlyargs, *arguments.args]
        every = [*plain, *arguments.kwonlyargs, *filter(None, [arguments.vararg, arguments.kwarg])]
        given = zip(reversed(plain), reversed(arguments.defaults), strict=False)
        named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return (
            {argument.arg: argument.annotation for argument in every},
            {argument.arg: default for argument, default in [*given, *named]},
        )
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    fields = {
        field.target.id: field
        for field in body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
    return (
        {name: field.annotation for name, field in fields.items()},
        {name: _default(field.value) for name, field in fields.items()},
    )


def _default(value: ast.expr | None) -> ast.expr | None:
    """What a field is by default; three dots for `field(...)`."""
    is_made = (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "field"
    )
    return ast.Constant(...) if is_made else value


def _shown(expression: ast.expr | None, module: str) -> _Source | None:
    if expression is None:
        return None
    return _Source(ast.unparse(_Aliases(module).visit(expression)))


def _evaluated(annotation: Any) -> Any:
    """A type that no source beside the function writes: one of its settings'."""
    if annotation is inspect.Parameter.empty:
        return annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _Source(re.sub(r"(?:\w+\.)+(?=[A-Z])", "", text))


class _Aliases(ast.NodeTransformer):
    """Replaces a name that the package gives to a type by the type."""

    def __init__(self, module: str) -> None:
        self.module = module

    def visit_Name(self, node: ast.Name) -> ast.expr:
        definition = _definition(self.module, node.id)
        statement = definition.statement if definition else None
        if isinstance(statement, ast.Assign) and isinstance(
            statement.value, ast.Subscript | ast.BinOp
        ):
            return statement.value
        return node


# ---------------------------------------------------------------------------------- Sphinx's events


class RoomsDirective(Autosummary):
    """A table of all rooms."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """The table."""
        source = self.get_source_info()[0]
        names = [f"embcourse.{room}" for room in rooms()]
        self.content = StringList(names, items=[(source, self.lineno)] * len(names))
        return super().run()


class PlainQuotes(SphinxTransform):
    """In the reference, a quotation mark may be Python's: none is made typographic."""

    default_priority = 100

    def apply(self) -> None:
        """Called by docutils."""
        if self.env.docname.startswith(f"{API}/"):
            self.document.settings.smart_quotes = False


def _write_pages(app: Sphinx, config: Config) -> None:
    write_pages(Path(app.srcdir))


@cache
def _entries() -> dict[str, str]:
    """What is public, by the name that a listing gives it."""
    found = {}
    for room in rooms():
        for module, names in public_names(room).items():
            for name in names:
                home, _ = _home(module, name)
                found[f"{home.removeprefix('embcourse.')}.{name}"] = f"{module}.{name}"
    return found


def _lead_to_the_reference(app: Sphinx, document: nodes.document) -> None:
    """Says below the source of what a page lists where its entry stands."""
    containers = list(document.findall(nodes.container))
    for listing in containers:
        full = _entries().get(listing.get("listing", ""))
        if full is None or f"{API}/{full.split('.')[1]}" not in app.env.found_docs:
            continue
        link = addnodes.pending_xref(
            "", nodes.literal("", full), refdomain="py", reftype="obj", reftarget=full
        )
        link.source, link.line = document["source"], listing.line
        sources = [
            node
            for node in listing.findall(nodes.container)
            if "listing-source" in node.get("container_classes", [])
        ]
        place = sources[0] if sources else listing
        place += nodes.paragraph("", "In the reference: ", link, classes=["listing-entry"])


def _offer_no_source(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """There is no file to download or to edit behind a page that the build writes."""
    if page.startswith(f"{API}/"):
        context["page_source_suffix"] = ""


def _show_signature(
    app: Sphinx,
    what: str,
    name: str,
    value: Any,
    options: Any,
    arguments: str | None,
    returned: str | None,
) -> tuple[str, str | None] | None:
    if (
        not name.startswith("embcourse.")
        or what not in ("function", "method", "class")
        or arguments is None
    ):
        return None
    signature = source_signature(value)
    parameters = list(signature.parameters.values())
    if what == "method" and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    whole = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    returns = signature.return_annotation
    return str(whole), None if returns is inspect.Signature.empty else str(returns)


def _show_docstring(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    if not name.startswith("embcourse"):
        return
    if what == "data":  # autodoc would give the docstring of its type
        module, _, constant = name.rpartition(".")
        lines[:] = _said_of(module, constant).splitlines()
        return
    is_record = what == "class" and (is_dataclass(value) or issubclass(value, tuple))
    parameters: set[str] = set()
    if what in ("function", "method", "class"):
        parameters |= set(inspect.signature(value).parameters)
    if is_record:  # a field may be no argument
        parameters |= set(value.__annotations__)

    def link(code: str) -> str | None:
        return None if code in parameters else find_public(code, name)

    lines[:] = to_rst(lines, parameters, link, "Fields" if is_record else "Parameters")


def _skip_fields(
    app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any
) -> bool | None:
    """The fields of a NamedTuple stand in the docstring of its class."""
    return True if inspect.isdatadescriptor(value) and not isinstance(value, property) else None


def _resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """A type in a signature leads to the class of the package; another's is text."""
    if node.get("refdomain") != "py" or not env.docname.startswith(f"{API}/"):
        return None
    target = node["reftarget"]
    full = find_public(target, f"{node.get('py:module', '')}._")
    if full is None:
        return None if target.startswith("embcourse.") else content
    return env.domains["py"].resolve_xref(
        env, node["refdoc"], app.builder, "obj", full, node, content
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.autosummary")
    app.add_directive("api-rooms", RoomsDirective)
    app.add_transform(PlainQuotes)
    app.connect("config-inited", _write_pages)  # before the table of contents looks for them
    app.connect("autodoc-process-signature", _show_signature)
    app.connect("autodoc-process-docstring", _show_docstring)
    app.connect("autodoc-skip-member", _skip_fields)
    app.connect("missing-reference", _resolve)
    app.connect("doctree-read", _lead_to_the_reference)
    app.connect("html-page-context", _offer_no_source, priority=400)  # before the theme's buttons
    return {
        "version": embcourse.__version__,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
