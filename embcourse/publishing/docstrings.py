"""The docstrings of the package as reStructuredText, so that Sphinx can render them.

What a docstring has, and what it becomes:

- rows `name  : meaning`: fields, with a list of the parameters;
- `returns:`, `raises :`, `yields :`, `source :`: fields of their own;
- a single backtick: code, and a link where the code names something public;
- `>>>`: an example, as it is;
- lines that are indented: a block of text, as it is.

Everything else is plain text. reStructuredText's own marks mean nothing in it.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Collection, Iterable

__all__ = ["WORDS", "row_names", "to_rst"]

Link = Callable[[str], str | None]

WORDS = ("returns", "yields", "raises", "source")
"""The rows that are no parameter, in the order in which a page shows them."""

ROW = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*) *: +(.+)")
ITEM = re.compile(r"(-|\d+\.) +(.+)")
BLOCK = re.compile(r"\W|\w{1,8}[.)]( |$)")  # what may begin something else than text
CODE = re.compile(r"`([^`]+)`")
ADDRESS = re.compile(r"(https?://\S+)")
CLASS = re.compile(r"(?<![\w`.])(?:\w+\.)*[A-Z]\w+")


def row_names(row: str) -> list[str]:
    """The names that a line gives a meaning to; none if it is no row.

    >>> row_names("q, k  : (..., n, d) and (..., m, d)."), row_names("Ties: the lower id.")
    (['q', 'k'], ['Ties'])
    >>> row_names("Terms that no document holds: 0.")
    []
    """
    match = ROW.fullmatch(row)
    return [name.lstrip("*") for name in match[1].split(", ")] if match else []


def to_rst(
    lines: Iterable[str], parameters: Collection[str], link: Link, heading: str = "Parameters"
) -> list[str]:
    """The lines of a docstring as lines of reStructuredText.

    lines     : without the indentation that all share.
    parameters: the names that a row may begin with, besides those of `WORDS`; one that is both is
                a parameter.
    link      : the full name of what a piece of code names, or None.
    heading   : what to call the rows of `parameters`.

    >>> text = [
    ...     "The mean.",
    ...     "",
    ...     "x      : (n,) array, `n` above 0.",
    ...     "returns: float, as `median`.",
    ... ]
    >>> print("\\n".join(to_rst(text, ["x"], {"median": "room.median"}.get)))
    The mean.
    <BLANKLINE>
    :Parameters:
        ``x``
            (n,) array, \\ ``n``\\  above 0.
    :Returns:
        float, as \\ :py:obj:`median <room.median>`\\ .
    <BLANKLINE>
    """
    rst: list[str] = []
    lines = list(lines)
    while lines:
        if not lines[0].strip():
            lines.pop(0)
        elif lines[0].startswith(">>>"):
            rst += [*_take(lines, lambda line: bool(line.strip())), ""]
        elif lines[0].startswith(" "):
            block = _take(lines, lambda line: not line.strip() or line.startswith(" "))
            rst += [".. code-block:: text", "", *(f"    {line}" for line in block), ""]
        elif ITEM.fullmatch(lines[0]):
            for item in _folded(_take(lines, lambda line: bool(line.strip()))):
                mark, text = _parts(ITEM, item)
                rst.append(f"{mark} {_inline(text, link)}")
            rst.append("")
        elif _is_row(lines[0], parameters):
            rows = _take(lines, lambda line: line.startswith(" ") or _is_row(line, parameters))
            rst += [*_fields(_folded(rows), parameters, link, heading), ""]
        else:
            first = lines.pop(0)
            rest = _take(lines, lambda line: bool(line.strip()) and not _is_row(line, parameters))
            text = _inline(" ".join([first, *(line.strip() for line in rest)]), link)
            rst += ["\\ " + text if BLOCK.match(text) else text, ""]
    return rst


def _take(lines: list[str], wanted: Callable[[str], bool]) -> list[str]:
    """Takes the lines at the beginning that are wanted."""
    end = next((number for number, line in enumerate(lines) if not wanted(line)), len(lines))
    taken = lines[:end]
    del lines[:end]
    return taken


def _folded(lines: Iterable[str]) -> list[str]:
    """Each line with the indented lines below it, as one."""
    whole: list[str] = []
    for line in lines:
        if line.startswith(" ") and whole:
            whole[-1] += f" {line.strip()}"
        else:
            whole.append(line)
    return whole


def _parts(pattern: re.Pattern[str], line: str) -> tuple[str, str]:
    match = pattern.fullmatch(line)
    return (match[1], match[2]) if match else ("", line)


def _is_row(line: str, parameters: Collection[str]) -> bool:
    names = row_names(line)
    return bool(names) and all(name in parameters or name in WORDS for name in names)


def _fields(
    rows: Iterable[str], parameters: Collection[str], link: Link, heading: str
) -> list[str]:
    meanings = [_parts(ROW, row) for row in rows]
    described = [row for row in meanings if row[0] not in WORDS or row[0] in parameters]
    rst = [f":{heading}:"] if described else []
    for names, meaning in described:
        term = ", ".join(f"``{name}``" for name in names.split(", "))
        rst += [f"    {term}", f"        {_inline(meaning, link)}"]
    for word, meaning in sorted(
        set(meanings) - set(described), key=lambda row: WORDS.index(row[0])
    ):
        if word == "raises":
            meaning = _with_errors_as_code(meaning, link)
        rst += [f":{word.capitalize()}:", f"    {_inline(meaning, link)}"]
    return rst


def _with_errors_as_code(text: str, link: Link) -> str:
    def marked(match: re.Match[str]) -> str:
        built_in = getattr(builtins, match[0], None)
        is_error = isinstance(built_in, type) and issubclass(built_in, BaseException)
        return f"`{match[0]}`" if is_error or link(match[0]) else match[0]

    pieces = CODE.split(text)
    pieces[::2] = [CLASS.sub(marked, piece) for piece in pieces[::2]]
    pieces[1::2] = [f"`{piece}`" for piece in pieces[1::2]]
    return "".join(pieces)


def _inline(text: str, link: Link) -> str:
    """A paragraph: code and links marked, and nothing else."""
    rst = ""
    for number, piece in enumerate(CODE.split(text)):
        if number % 2:
            target = link(piece)
            marked = f":py:obj:`{piece} <{target}>`" if target else f"``{piece}``"
            rst += f"\\ {marked}\\ "
        else:
            for place, part in enumerate(ADDRESS.split(piece)):
                rst += part if place % 2 else re.sub(r"([\\*_|`]|:$)", r"\\\1", part)
    return rst
