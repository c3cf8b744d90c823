"""The one form in which a notebook is committed, and what a committed notebook must not hold."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

__all__ = ["normalise", "notebook_paths", "problems", "read_notebook", "write_notebook"]

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}

# What editors and runners leave behind. Everything else is an author's, and stays.
NOTEBOOK_NOISE = (
    "accelerator celltoolbar colab execution interpreter jupytext orig_nbformat papermill toc"
    " toc-autonumbering toc-showcode toc-showmarkdowntxt toc-showtags varInspector vscode widgets"
).split()
CELL_NOISE = (
    "ExecuteTime collapsed colab execution executionInfo id jupyter outputId papermill pycharm"
    " scrolled trusted vscode"
).split()
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
GLUED = "application/papermill.record/"
# nine digits or more, some after the point
UNROUNDED = re.compile(r"-?(?=(?:\D*\d){9})\d+\.\d+(?:e[-+]?\d+)?")

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
NBVAL_COMMENT = re.compile(r"^\s*#\s*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)", re.MULTILINE)
SVG_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
# The ids that matplotlib makes up: clip paths, markers, hatches, images and collections. Glyph ids
# are stable.
SVG_ID = re.compile(r'(?<=["#])(image|C[0-9a-f]+_[0-9a-f]+_|[a-z])([0-9a-f]{10})(?=["\)])')


def notebook_paths(paths: Iterable[str | Path]) -> list[Path]:
    """The notebooks named by `paths`; a folder stands for every notebook below it, in sorted order.

    Below a folder, students' notebooks (`assignments`), builds and hidden folders are left out.

    raises: FileNotFoundError for a path that is not there; ValueError for a file that is no
            `.ipynb`.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(
                notebook
                for notebook in path.rglob("*.ipynb")
                if not any(
                    part.startswith((".", "_build")) or part == "assignments"
                    for part in notebook.relative_to(path).parts
                )
            )
        elif not path.exists():
            raise FileNotFoundError(f"notebook_paths: no such file or folder: {path}")
        elif path.suffix != ".ipynb":
            raise ValueError(
                f"notebook_paths: expected a notebook (.ipynb) or a folder, got {path}"
            )
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_notebook(path: str | Path) -> NotebookNode:
    """Read a notebook as it is on disk. (`nbformat.read` would give cells without an id a new
    random one.)

    raises: ValueError if the file is not a notebook of format 4.
    """
    try:
        notebook = nbformat.reader.reads(Path(path).read_text(encoding="utf-8"))
    except (nbformat.reader.NotJSONError, UnicodeDecodeError) as error:
        raise ValueError(f"read_notebook: {path} is not a notebook: {str(error)[:200]}") from error
    if notebook.get("nbformat") != 4:
        raise ValueError(
            f"read_notebook: {path}: expected notebook format 4, got {notebook.get('nbformat')}"
        )
    return notebook


def write_notebook(path: str | Path, notebook: NotebookNode) -> None:
    """Write `notebook` with sorted keys and a final newline; an interruption leaves the old file
    whole."""
    # Imported late: it brings numpy, which must not load before a caller has set
    # KERNEL_ENVIRONMENT.
    from embcourse.vectors.atomic import atomic_write

    with atomic_write(Path(path)) as file:
        file.write(serialise(notebook).encode("utf-8"))


def serialise(notebook: NotebookNode) -> str:
    """The text of a notebook file: sorted keys, one space of indentation, a final newline."""
    # `nbformat.writes` would change the notebook: it gives a repeated id a random new one.
    return nbformat.v4.writes(notebook).rstrip("\n") + "\n"


def normalise(notebook: NotebookNode) -> NotebookNode:
    """A copy of `notebook` in the form in which it is committed: two runs of the same code give the
    same bytes.

    - Notebook metadata: one fixed kernelspec and language_info (no version); what editors leave
      behind goes.
    - Cell metadata: timestamps and view state go; tags, `mystnb`, `nbgrader` and anything an author
      wrote stay.
    - Cell ids: valid ones stay; a missing, invalid or repeated one is derived from the cell's
      content and position.
    - Execution counts: executed cells are numbered 1 to n. A cell that was not executed stays
      unnumbered.
    - Outputs: neighbouring pieces of one stream are joined; widget views go (their state is not
      stored); a traceback, which is full of paths and colours of one machine, becomes its last
      line; SVG loses date, version and random ids.

    Text that a cell prints is never touched, since `pytest --nbval` compares it with what the cell
    prints again. Applying it twice changes nothing more.

    >>> from nbformat import v4
    >>> cell = v4.new_code_cell(
    ...     "1 + 1", id="sum", execution_count=7, metadata={"scrolled": True, "tags": ["answer"]}
    ... )
    >>> cell.outputs = [v4.new_output("stream", text="a"), v4.new_output("stream", text="b")]
    >>> tidy = normalise(v4.new_notebook(cells=[cell])).cells[0]
    >>> tidy.execution_count, tidy.metadata, tidy.outputs
    (1, {'tags': ['answer']}, [{'output_type': 'stream', 'name': 'stdout', 'text': 'ab'}])

    raises: nbformat.ValidationError if the result does not fit notebook format 4.5.
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for key in NOTEBOOK_NOISE:
        notebook.metadata.pop(key, None)
    notebook.metadata.kernelspec = nbformat.from_dict(KERNELSPEC)
    notebook.metadata.language_info = nbformat.from_dict(LANGUAGE_INFO)

    used_ids: set[str] = set()
    executed = 0
    for position, cell in enumerate(notebook.cells):
        for key in CELL_NOISE:
            cell.metadata.pop(key, None)
        if "tags" in cell.metadata:
            cell.metadata.tags = list(dict.fromkeys(cell.metadata.tags))
            if not cell.metadata.tags:
                del cell.metadata["tags"]
        cell["id"] = _cell_id(cell, position, used_ids)
        used_ids.add(cell.id)
        if cell.cell_type == "code":
            if cell.get("execution_count") is not None:
                executed += 1
                cell.execution_count = executed
            else:
                cell["execution_count"] = None
            cell.outputs = list(_normalise_outputs(cell))
    nbformat.validate(notebook)
    return notebook


def _cell_id(cell: NotebookNode, position: int, used: set[str]) -> str:
    identifier = cell.get("id")
    if isinstance(identifier, str) and CELL_ID.fullmatch(identifier) and identifier not in used:
        return identifier
    while True:
        identifier = hashlib.sha256(
            f"{cell.cell_type} {position} {cell.source}".encode()
        ).hexdigest()[:8]
        if identifier not in used:
            return identifier
        position += 1


def _normalise_outputs(cell: NotebookNode) -> Iterator[NotebookNode]:
    stream = None  # the last output, as long as it is a stream that the next one may continue
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if stream is not None and stream.name == output.name:
                stream.text += output.text
                continue
            stream = output
        else:
            stream = None
        if output.output_type == "error":
            output.traceback = [ANSI.sub("", f"{output.ename}: {output.evalue}")]
        elif output.output_type in ("display_data", "execute_result"):
            output.data.pop(WIDGET_MIME, None)
            for mime in output.data:
                if mime.endswith("image/svg+xml"):
                    output.data[mime] = _normalise_svg(output.data[mime])
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
        yield output


def _normalise_svg(svg: str) -> str:
    """Drop the metadata block (date, matplotlib's version) and derive random ids from the picture.

    Ids come from the whole picture, not from their order alone: an editor shows many pictures on
    one page, and two clip paths of the same name would cut each other's drawing.
    """
    svg = SVG_METADATA.sub("", svg)
    order: dict[str, int] = {}
    for match in SVG_ID.finditer(svg):
        order.setdefault(match.group(), len(order))
    picture = hashlib.sha256(
        SVG_ID.sub(lambda match: f"{match[1]}-{order[match[0]]}", svg).encode()
    ).hexdigest()

    def rename(match: re.Match[str]) -> str:
        return match[1] + hashlib.sha256(f"{picture} {order[match[0]]}".encode()).hexdigest()[:10]

    return SVG_ID.sub(rename, svg)


def problems(notebook: NotebookNode) -> list[str]:
    """What keeps a notebook out of the book, one sentence each; empty if nothing does.

    `pytest --nbval` compares every output of a chapter except those of cells tagged
    `nbval-ignore-output`. So that nothing escapes it, that tag is only for a cell that shows one
    picture and nothing else, or that measures time (tag `timing` too). Warnings and progress bars
    go to stderr and differ from run to run: a cell that writes to stderr fails unless tagged
    `stderr-expected`. A picture needs words for whoever cannot see it: in the cell's metadata
    `{"mystnb": {"image": {"alt": "..."}}}`, or the `:alt:` of the `glue:figure` that shows it.

    >>> from nbformat import v4
    >>> problems(v4.new_notebook(cells=[v4.new_code_cell("1 + 1", id="sum")]))
    ['cell 0 (sum): was not executed']
    """
    found: list[str] = []
    counts: list[int] = []
    markdown = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        where = f"cell {position} ({cell.get('id', 'no id')})"
        if cell.execution_count is not None:
            counts.append(cell.execution_count)
        elif cell.source.strip():
            found.append(f"{where}: was not executed")
        found += [f"{where}: {problem}" for problem in _cell_problems(cell, markdown)]
    if counts != list(range(1, len(counts) + 1)):
        found.append(f"cells were not executed in order, in one fresh kernel: {counts}")
    return found


def _cell_problems(cell: NotebookNode, markdown: str) -> Iterator[str]:
    tags = cell.metadata.get("tags", [])
    if "nbval-skip" in tags:
        yield "tag nbval-skip: a cell that is not run is not tested"
    if match := NBVAL_COMMENT.search(cell.source):
        yield f"comment {match[1]}: use a tag instead, which readers do not see"

    pictures = [output for output in cell.outputs if _image_mimes(output)]
    if pictures and len(cell.outputs) > 1:
        yield (
            "shows a picture and something else; nbval would not compare the rest, so give it a"
            " cell of its own"
        )
    if pictures and "nbval-ignore-output" not in tags:
        yield "shows a picture, which differs a little between machines: tag it nbval-ignore-output"
    if not pictures and "nbval-ignore-output" in tags and "timing" not in tags:
        yield (
            "tag nbval-ignore-output is for pictures, or for time measurements (with the tag"
            " timing)"
        )
    for output in pictures:
        name = output.metadata.get("scrapbook", {}).get("name")
        if any(not mime.startswith(GLUED) for mime in _image_mimes(output)):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            if not (isinstance(alt, str) and alt.strip()):
                yield (
                    'picture without alt text: set the cell\'s metadata {"mystnb": {"image":'
                    ' {"alt": "..."}}}'
                )
        elif not _glued_figures_have_alt(name, markdown):
            yield (
                f"picture {name!r} is glued, but no glue:figure shows it, or one does without :alt:"
            )

    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in tags:
            yield f"raises {output.ename} without the tag raises-exception"
        if (
            output.output_type == "stream"
            and output.name == "stderr"
            and "stderr-expected" not in tags
        ):
            yield (
                "writes to stderr without the tag stderr-expected:"
                f" {output.text.strip().splitlines()[:1]}"
            )
        for text in _texts(output):
            if match := ADDRESS.search(text):
                yield f"prints a memory address, which changes from run to run: {match[0]}"
            if ANSI.search(text):
                yield "prints colour codes, which the page would show as garbage"
        glued = output.get("data", {}).get(GLUED + "text/plain", "")
        if UNROUNDED.fullmatch(glued):
            yield f"glues {glued}, whose last digits differ between machines: round it"


def _image_mimes(output: NotebookNode) -> list[str]:
    return [
        mime for mime in output.get("data", {}) if mime.removeprefix(GLUED).startswith("image/")
    ]


def _glued_figures_have_alt(name: str, markdown: str) -> bool:
    """Whether at least one `glue:figure` in the page's text shows the picture, and each one that
    does has an alt."""
    directive = re.compile(
        rf"\{{glue:figure\}}[ \t]+{re.escape(name)}[ \t]*\n((?:[ \t]*:[\w-]+:.*\n?)*)"
    )
    options = [match[1] for match in directive.finditer(markdown)]
    return bool(options) and all(
        re.search(r"^[ \t]*:alt:[ \t]*\S", text, re.MULTILINE) for text in options
    )


def _texts(output: NotebookNode) -> Iterator[str]:
    if output.output_type == "stream":
        yield output.text
    for mime, content in output.get("data", {}).items():
        if mime.removeprefix(GLUED).startswith("text/") and isinstance(content, str):
            yield content
