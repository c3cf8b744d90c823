"""Build the HTML book when one of its inputs has changed, and serve it on this machine."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from embcourse.publishing.address import find_address

__all__ = ["API", "BuildFailed", "build", "is_current", "serving"]

API = "book/api"
"""Where the pages of the package's reference stand. `embcourse.publishing.api` writes them."""

HTML = Path("_build/html")
STAMP = Path("_build/html-inputs.json")
TOOLS = ("jupyter-book", "myst-nb", "Sphinx", "sphinx-book-theme")


class BuildFailed(RuntimeError):
    """Jupyter Book stopped, or warned: a broken link, a missing reference, an unknown key."""


def fingerprint(root: Path) -> dict[str, str]:
    """A digest for each input of the book: pages, solutions, configuration, the package that pages
    show, the tools, and the repository's address."""
    files = [path for folder in ("book", "solutions") for path in (root / folder).rglob("*")]
    files += (root / "embcourse").rglob("*.py")
    files += [path for pattern in ("*.md", "*.yml") for path in root.glob(pattern)]
    inputs = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
        and path.parent != root / API
    }
    address = find_address(root)
    return (
        inputs
        | {tool: version(tool) for tool in TOOLS}
        | {"address": address.url if address else ""}
    )


def is_current(root: str | Path = ".") -> bool:
    """Whether the book under `root` was built, without a warning, from its inputs as they are
    now."""
    root = Path(root)
    return (root / HTML / "index.html").exists() and _stamp(root) == fingerprint(root)


def build(root: str | Path = ".") -> Path:
    """Build the HTML book of the repository at `root`, unless it is current. Returns the path of
    its first page.

    Warnings are errors. Sphinx reads again only the pages that changed, and repeats no warning of
    the others; so the build starts from nothing after a failure, and whenever anything but the text
    of a page has changed.

    raises: BuildFailed; what was wrong stands in the output above.
    """
    root = Path(root).resolve()
    index = root / HTML / "index.html"
    if is_current(root):
        return index
    before, now = _stamp(root), fingerprint(root)
    changed = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    if before.keys() != now.keys() or not all(name.endswith((".ipynb", ".md")) for name in changed):
        shutil.rmtree(root / HTML, ignore_errors=True)
        shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
    (root / STAMP).unlink(missing_ok=True)
    # This interpreter's own Jupyter Book (it has no `python -m`), whatever else is on the PATH.
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    # "-W" turns warnings into errors, "-n" reports every dangling reference, "--keep-going" shows
    # all of them at once.
    options = ["build", "-W", "-n", "--keep-going", "."]
    if subprocess.run(program + options, cwd=root, check=False).returncode or not index.exists():
        raise BuildFailed("the book was not built: see the warnings and errors above")
    (root / STAMP).write_text(json.dumps(now, indent=0), encoding="utf-8")
    return index


def _stamp(root: Path) -> dict[str, str]:
    stamp = root / STAMP
    return json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}


@contextmanager
def serving(folder: str | Path, port: int = 0, *, log: bool = False) -> Iterator[str]:
    """Serve `folder` over HTTP, to this machine only, while the block runs. Gives the address of
    its first page.

    port  : 0 takes any free one.
    raises: OSError if the port is taken.
    """

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, template: str, *values: object) -> None:
            if log:
                super().log_message(template, *values)

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
