"""Fixtures: the built book, the book over HTTP, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

from embcourse.publishing import build, serving
from tests.notebooks import ROOT
from tests.pages import SPACE_FOR_LINKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

collect_ignore = ["typed_user.py"]  # read by mypy, not run

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The first call of a compiled function takes seconds, which says nothing about the next one.
hypothesis.settings.register_profile("embcourse", deadline=None)
# with CI=true hypothesis chooses its own profile: no deadline, and the same examples
if not os.environ.get("CI"):
    hypothesis.settings.load_profile("embcourse")


@pytest.fixture(scope="session")
def book_html() -> Path:
    """The folder of the built book, `_build/html`; it is built first if one of its inputs has
    changed."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with FileLock(ROOT / "_build" / "html.lock"):  # several pytest workers may come here at once
        return build(ROOT).parent


@pytest.fixture(scope="module")
def pages(book_html: Path) -> dict[str, BeautifulSoup]:
    """Every built page, the index and search pages included, by its path from the folder of the
    book."""
    return {
        path.relative_to(book_html).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(book_html.rglob("*.html"))
        if "_static" not in path.relative_to(book_html).parts
    }


@pytest.fixture(scope="module")
def book_url(book_html: Path) -> Iterator[str]:
    """The address of the built book on a local server, with a slash at its end."""
    with serving(book_html) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, driven by playwright: EMBCOURSE_CHROMIUM, or one on the PATH, or `playwright
    install chromium`.

    Without one the browser tests are skipped, except where CI is set: there they fail. The browser
    lives for one module, because playwright keeps an event loop running that would disturb tests
    with a loop of their own.
    """
    from playwright.sync_api import sync_playwright

    # Nothing may leave this machine: no updates, no translation, no first-run page.
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-gpu",
        "--no-first-run",
    ]
    if os.geteuid() == 0:
        # Chromium refuses to run as root otherwise, as in a container
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        executable = os.environ.get("EMBCOURSE_CHROMIUM") or next(
            filter(None, map(shutil.which, CHROMIUMS)), None
        )
        if executable is None and Path(playwright.chromium.executable_path).exists():
            executable = playwright.chromium.executable_path
        if executable is None:
            message = (
                "no Chromium: install it, run `playwright install chromium`, or set"
                " EMBCOURSE_CHROMIUM"
            )
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        chromium = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, book_url) -> Iterator[Callable]:
    """Opens a page of the book. When the test ends, no page may have logged an error or left the
    local server."""
    contexts, troubles = [], []

    def open_page(path: str, **options):
        context = browser.new_context(**({"viewport": SPACE_FOR_LINKS} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: note(message.type == "error", message.text))
        page.on("pageerror", lambda error: note(True, str(error)))
        page.on(
            "request",
            lambda request: note(
                not request.url.startswith((book_url, "data:", "blob:")), request.url
            ),
        )
        page.on(
            "response", lambda answer: note(answer.status >= 400, f"{answer.status} {answer.url}")
        )
        page.goto(book_url + path, wait_until="load")
        return page

    def note(is_trouble: bool, what: str) -> None:
        if is_trouble:
            troubles.append(what)

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
