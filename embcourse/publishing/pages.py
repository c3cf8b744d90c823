"""A Sphinx extension: small things about every page.

- `worked_solutions = False` leaves the solutions out of the book.
- A worked solution is the source of its assignment, so both begin with the same title. Its page
  says what it is.
- The buttons that unfold a part of the sidebar get a name.
- The theme's script of icons holds two thousand; the book keeps those that its pages name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

import embcourse

__all__ = ["keep_icons", "name_toggles", "retitle_solution", "setup"]

ASSIGNMENT, SOLUTION = ": exercises", ": worked solutions"
# name:[width, height, [other names and codes], "code", "path" or ["path", "path"]],
ICON = re.compile(r'("?)([\w$-]+)\1:\[\d+,\d+,(\[[^\]]*\]),"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')
LOGGER = logging.getLogger(__name__)


def retitle_solution(source: str) -> str:
    """The text of a solutions notebook, with a title that says so.

    raises: ValueError if the title does not end as an assignment's.

    >>> retitle_solution('{"cells": [{"source": ["# TF-IDF: exercises\\\\n", "Eight."]}]}')
    '{"cells": [{"source": ["# TF-IDF: worked solutions\\\\n", "Eight."]}]}'
    """
    notebook = json.loads(source)
    lines = "".join(notebook["cells"][0]["source"]).splitlines(keepends=True)
    if not (lines and lines[0].startswith("# ") and lines[0].rstrip().endswith(ASSIGNMENT)):
        raise ValueError(f"the title must end in {ASSIGNMENT!r}, got {''.join(lines[:1])!r}")
    notebook["cells"][0]["source"] = [lines[0].replace(ASSIGNMENT, SOLUTION), *lines[1:]]
    return json.dumps(notebook, ensure_ascii=False)


def _read_source(app: Sphinx, page: str, content: list[str]) -> None:
    if page.startswith("solutions/"):
        try:
            content[0] = retitle_solution(content[0])
        except ValueError as error:
            LOGGER.warning("%s", error, location=page, type="pages")


def _leave_solutions_out(app: Sphinx, config: Config) -> None:
    if config.worked_solutions:
        return
    site_map = config.external_site_map
    solutions = [page for page in site_map if page.startswith("solutions/")]
    for page in solutions:
        del site_map[page]
    for tree in site_map.root.subtrees:
        tree.items = [item for item in tree.items if item not in solutions]
    site_map.root.subtrees = [tree for tree in site_map.root.subtrees if tree.items]
    config.exclude_patterns = [*config.exclude_patterns, "solutions"]


def name_toggles(sidebar: str) -> str:
    """The sidebar's HTML, with a name for each toggle.

    >>> name_toggles("<li><a>TF-IDF</a><details><summary><i></i></summary><ul></ul></details></li>")
    '<li><a>TF-IDF</a><details><summary aria-label="Pages below TF-IDF">...</ul></details></li>'
    """
    soup = BeautifulSoup(sidebar, "html.parser")
    for summary in soup.select("details > summary"):
        assert summary.parent is not None  # its details
        link = summary.parent.find_previous_sibling("a")
        if link is not None and not summary.text.strip():
            summary["aria-label"] = f"Pages below {link.text.strip()}"
    return str(soup)


def _name_toggles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    generate = context.get("generate_toctree_html")
    if generate is None:  # another theme
        return

    def named(kind: str, *arguments: Any, **options: Any) -> Any:
        made = generate(kind, *arguments, **options)
        return name_toggles(str(made)) if kind == "sidebar" else made

    context["generate_toctree_html"] = named


def keep_icons(script: str, names: Collection[str]) -> str:
    """Font Awesome's script with those icons only that are called one of `names`.

    >>> script = (
    ...     '{star:[9,9,[],"f1","M1"],"turn-up":[9,9,[1,"up"],"f2","M2"],o:[9,9,[],"f3",["M3",""]]}'
    ... )
    >>> keep_icons(script, {"up"})
    '{"turn-up":[9,9,[1,"up"],"f2","M2"],}'
    """

    def kept(icon: re.Match[str]) -> str:
        called = {icon[2], *re.findall(r'"([\w-]+)"', icon[3])}
        return icon[0] if called & set(names) else ""

    return ICON.sub(kept, script)


def _keep_named_icons(app: Sphinx, error: Exception | None) -> None:
    static = Path(app.outdir) / "_static"
    script = static / "scripts" / "fontawesome.js"
    if error or app.builder.format != "html" or not script.is_file():
        return
    files = [*Path(app.outdir).rglob("*.html"), *static.glob("*.js")]
    files += [other for other in script.parent.glob("*.js") if other != script]
    named = {
        name
        for file in files
        for name in re.findall(r"\bfa-([a-z0-9-]+)", file.read_text(encoding="utf-8"))
    }
    script.write_text(keep_icons(script.read_text(encoding="utf-8"), named), encoding="utf-8")
    script.with_suffix(".js.map").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_config_value("worked_solutions", True, "env")
    app.connect(
        "config-inited", _leave_solutions_out, priority=950
    )  # the table of contents is read
    app.connect("source-read", _read_source)
    app.connect("html-page-context", _name_toggles, priority=900)  # after the theme
    app.connect("build-finished", _keep_named_icons)
    return {
        "version": embcourse.__version__,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
