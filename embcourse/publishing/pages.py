"""A Sphinx extension: small things about every page.

- A worked solution is the source of its assignment, so both begin with the same title. Its page says what it is.
- The buttons that unfold a part of the sidebar get a name.
"""

from __future__ import annotations

import json
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

import embcourse

__all__ = ["name_toggles", "retitle_solution", "setup"]

ASSIGNMENT, SOLUTION = ": exercises", ": worked solutions"
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


def name_toggles(sidebar: str) -> str:
    """The sidebar's HTML, with a name for each toggle.

    >>> name_toggles('<li><a>TF-IDF</a><details><summary><i></i></summary><ul></ul></details></li>')
    '<li><a>TF-IDF</a><details><summary aria-label="Pages below TF-IDF"><i></i></summary><ul></ul></details></li>'
    """
    soup = BeautifulSoup(sidebar, "html.parser")
    for summary in soup.select("details > summary"):
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


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", _read_source)
    app.connect("html-page-context", _name_toggles, priority=900)  # after the theme
    return {"version": embcourse.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
