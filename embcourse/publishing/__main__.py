"""The command line: `python -m embcourse.publishing --help`."""

from __future__ import annotations

import argparse
import sys
import threading
import time
import webbrowser
from pathlib import Path

import embcourse.publishing as publishing
from embcourse.publishing.launch import prepare_launch
from embcourse.publishing.notebooks import serialise
from embcourse.publishing.site import HTML


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. `arguments` defaults to those of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m embcourse.publishing",
        description=publishing.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "execute", help="run notebooks in fresh kernels, then normalise them"
    )
    command.add_argument(
        "paths", nargs="+", metavar="PATH", help="a notebook, or a folder of notebooks"
    )
    command.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="allowed for one cell"
    )
    command.set_defaults(run=lambda options: _execute(options.paths, options.timeout))

    command = commands.add_parser(
        "normalise", help="bring notebooks into the form in which they are committed"
    )
    command.add_argument(
        "paths", nargs="+", metavar="PATH", help="a notebook, or a folder of notebooks"
    )
    command.add_argument(
        "--check", action="store_true", help="write nothing; fail if a notebook is not ready"
    )
    command.set_defaults(run=lambda options: _normalise(options.paths, check=options.check))

    command = commands.add_parser("html", help="build the book, if an input has changed")
    command.set_defaults(run=lambda options: _html())

    command = commands.add_parser("serve", help="build the book and show it on localhost")
    command.add_argument("--port", type=int, default=8000)
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.set_defaults(run=lambda options: _serve(options.port, browser=not options.no_browser))

    command = commands.add_parser(
        "launch", help="make a checkout's notebooks install the course in Colab, in place"
    )
    command.add_argument("root", metavar="CHECKOUT", help="the folder of the checkout")
    command.set_defaults(run=lambda options: _launch(Path(options.root)))

    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (
        publishing.NotebookFailed,
        publishing.BuildFailed,
        FileNotFoundError,
        ValueError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _execute(paths: list[str], timeout: float) -> int:
    for path in publishing.notebook_paths(paths):
        print(f"{path} ... ", end="", flush=True)
        started = time.perf_counter()
        publishing.execute(path, timeout=timeout)
        print(f"{time.perf_counter() - started:.1f} s", flush=True)
    return 0


def _normalise(paths: list[str], *, check: bool) -> int:
    status = 0
    for path in publishing.notebook_paths(paths):
        notebook = publishing.normalise(publishing.read_notebook(path))
        if check:
            found = publishing.problems(notebook)
            if path.read_text(encoding="utf-8") != serialise(notebook):
                found.insert(
                    0, f"is not normalised: run `python -m embcourse.publishing normalise {path}`"
                )
            for problem in found:
                print(f"{path}: {problem}", file=sys.stderr)
                status = 1
        else:
            publishing.write_notebook(path, notebook)
    return status


def _html() -> int:
    if publishing.is_current():
        print("The book is up to date.")
    index = publishing.build()
    print(f"The book: {index}")
    return 0


def _launch(root: Path) -> int:
    address = publishing.find_address(root)
    if address is None:
        raise ValueError(
            f"launch: the address of the repository at {root} is not known: it has no remote on a"
            " forge"
        )
    for path in prepare_launch(root, address):
        print(path)
    return 0


def _serve(port: int, *, browser: bool) -> int:
    publishing.build()
    try:
        with publishing.serving(Path.cwd() / HTML, port, log=True) as address:
            print(f"The book: {address}   (Ctrl-C stops)", flush=True)
            if browser:
                webbrowser.open(address)
            threading.Event().wait()
    except KeyboardInterrupt:
        print()
    except OSError as error:
        print(
            f"error: cannot serve on port {port}: {error}. Try another: make serve PORT=8001",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
