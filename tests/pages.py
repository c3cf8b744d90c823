"""What several tests need to know about the book's pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import yaml

from tests.notebooks import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}
SPACE_FOR_LINKS = {"width": 1400, "height": 900}

ROOMS = sorted(path.parent.name for path in (ROOT / "embcourse").glob("*/__init__.py"))


def files_in(toc: object) -> Iterator[str]:
    """Every page of a table of contents, in reading order."""
    if isinstance(toc, dict):
        for key in ("root", "file"):
            if key in toc:
                yield toc[key]
        if "glob" in toc:  # the package's reference, which is written when the book is built
            assert toc["glob"] == "book/api/*"
            yield from (f"book/api/{room}" for room in ROOMS)
        for key in ("parts", "chapters", "sections"):
            yield from files_in(toc.get(key, []))
    elif isinstance(toc, list):
        for entry in toc:
            yield from files_in(entry)


TOC = list(files_in(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))
PAGES = [f"{document}.html" for document in TOC]


def wait_for_formulas(page: Page) -> None:
    """Returns when MathJax has set the page."""
    page.wait_for_function("window.MathJax?.startup?.promise !== undefined")
    page.evaluate("MathJax.startup.promise.then(() => null)")
