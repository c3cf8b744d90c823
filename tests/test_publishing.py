"""Notebooks are committed in one form, compared strictly, and built into a book without a
warning."""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree
from pathlib import Path

import jupytext
import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from embcourse.checking import exercises, find
from embcourse.publishing import (
    Address,
    BuildFailed,
    NotebookFailed,
    build,
    execute,
    find_address,
    is_current,
    normalise,
    notebook_paths,
    problems,
    read_notebook,
    serving,
    write_notebook,
)
from embcourse.publishing.__main__ import main
from embcourse.publishing.address import parse_address
from embcourse.publishing.launch import INSTALL_ID
from embcourse.publishing.listing import read_listing
from embcourse.publishing.notebooks import serialise
from tests.notebooks import ROOT, committed_files

COMMITTED = [
    path.relative_to(ROOT).as_posix()
    for path in notebook_paths([ROOT / "book", ROOT / "solutions"])
]


@pytest.mark.parametrize("path", COMMITTED)
def test_committed_notebook_is_normalised_executed_and_fully_compared(path: str) -> None:
    notebook = read_notebook(ROOT / path)
    assert problems(notebook) == []
    normalised = serialise(normalise(notebook)) == (ROOT / path).read_text(encoding="utf-8")
    assert normalised, f"run: python -m embcourse.publishing normalise {path}"


# ----------------------------------------------------------------- the form of a committed notebook

texts = st.text(st.characters(codec="utf-8"), max_size=20)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "nbgrader": st.fixed_dictionaries({"grade_id": texts}),
        "mystnb": st.fixed_dictionaries({"image": st.fixed_dictionaries({"alt": texts})}),
        "scrolled": st.booleans(),
        "execution": st.fixed_dictionaries({"iopub.execute_input": texts}),
    },
)
streams = st.sampled_from(["stdout", "stderr"])
outputs = st.one_of(
    st.builds(lambda text, name: new_output("stream", text=text, name=name), texts, streams),
    st.builds(
        lambda text: new_output("execute_result", data={"text/plain": text}, execution_count=9),
        texts,
    ),
    st.builds(
        lambda text: new_output("error", ename="ValueError", evalue=text, traceback=[text, text]),
        texts,
    ),
)
cells = st.one_of(
    st.builds(
        lambda source, metadata: new_markdown_cell(source, metadata=metadata), texts, metadata
    ),
    st.builds(
        lambda source, metadata, outputs, count: new_code_cell(
            source, metadata=metadata, outputs=outputs, execution_count=count
        ),
        texts,
        metadata,
        st.lists(outputs, max_size=4),
        st.none() | st.integers(1, 99),
    ),
)


@st.composite
def notebooks(draw: st.DrawFn) -> NotebookNode:
    """Notebooks with editors' noise. Tags may repeat; ids may be missing, repeated or of a form
    that is not allowed."""
    notebook = new_notebook(
        cells=draw(st.lists(cells, max_size=5)), metadata={"widgets": {}, "title": draw(texts)}
    )
    for cell in notebook.cells:
        if draw(st.booleans()):
            cell.metadata["tags"] = draw(
                st.lists(st.sampled_from(["timing", "hide-input"]), max_size=3)
            )
        cell["id"] = draw(st.sampled_from(["same", "not allowed", cell.id]))
        if draw(st.booleans()):
            del cell["id"]
    return notebook


def printed(notebook: NotebookNode) -> list[tuple[str, str]]:
    """What each cell wrote to each stream."""
    return [
        (name, "".join(output.text for output in cell.outputs if output.get("name") == name))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for name in ("stdout", "stderr")
    ]


@settings(max_examples=50)
@given(notebooks())
def test_normalising_keeps_what_an_author_wrote_and_settles_at_once(notebook: NotebookNode) -> None:
    before = serialise(notebook)
    tidy = normalise(notebook)
    assert serialise(notebook) == before, "the argument was changed"
    assert serialise(normalise(tidy)) == serialise(tidy)

    assert [cell.source for cell in tidy.cells] == [cell.source for cell in notebook.cells]
    assert printed(tidy) == printed(notebook)
    assert tidy.metadata.title == notebook.metadata.title
    for old, new in zip(notebook.cells, tidy.cells, strict=True):
        for key in ("nbgrader", "mystnb"):
            assert new.metadata.get(key) == old.metadata.get(key)
        assert set(new.metadata.get("tags", [])) == set(old.metadata.get("tags", []))
        assert not {"scrolled", "execution"} & set(new.metadata)
    assert "widgets" not in tidy.metadata
    assert "version" not in tidy.metadata.language_info

    ids = [cell.id for cell in tidy.cells]
    assert len(set(ids)) == len(ids)
    counts = [
        cell.execution_count for cell in tidy.cells if cell.get("execution_count") is not None
    ]
    assert counts == list(range(1, len(counts) + 1))


@settings(max_examples=50)
@given(notebooks())
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, notebook: NotebookNode
) -> None:
    path = tmp_path_factory.mktemp("notebook") / "a.ipynb"
    tidy = normalise(notebook)
    write_notebook(path, tidy)
    assert serialise(read_notebook(path)) == serialise(tidy)
    assert path.read_bytes().endswith(b"}\n")


def svg_of(salt: str | None, heights: list[float]) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": salt}):
        figure = Figure(figsize=(2, 1))
        axes = figure.add_subplot()
        axes.plot(heights, marker="o")
        axes.scatter(range(len(heights)), heights, hatch="//")
        axes.imshow([heights, heights])
        text = io.StringIO()
        figure.savefig(text, format="svg")
    return text.getvalue()


def normalised_svg(svg: str) -> str:
    output = new_output("display_data", data={"image/svg+xml": svg})
    notebook = normalise(new_notebook(cells=[new_code_cell("plot", outputs=[output])]))
    return notebook.cells[0].outputs[0].data["image/svg+xml"]


def test_svg_loses_date_and_random_ids_and_stays_whole() -> None:
    first, again, other = svg_of(None, [1, 2]), svg_of(None, [1, 2]), svg_of(None, [2, 1])
    assert first != again, "matplotlib's ids are random without a salt"
    assert normalised_svg(first) == normalised_svg(again)
    assert "<dc:date>" in first
    assert "<dc:date>" not in normalised_svg(first)

    ids: list[set[str]] = []
    for svg in map(normalised_svg, (first, other)):
        xml.etree.ElementTree.fromstring(svg)
        defined = re.findall(r'\bid="([^"]+)"', svg)
        used = re.findall(r'(?:url\(|href=")#([^")]+)', svg)
        assert used
        assert set(used) <= set(defined)
        assert len(set(defined)) == len(defined)
        ids.append({name for name in used if re.search(r"[0-9a-f]{10}$", name)})
    assert ids[0]
    assert not ids[0] & ids[1], "two pictures on one page must not share clip paths or markers"


@pytest.mark.parametrize("text_format", ["md:myst", "py:percent"])
def test_jupytext_keeps_the_metadata_of_cells(text_format: str) -> None:
    cell_metadata = {
        "tags": ["nbval-ignore-output", "hide-input"],
        "mystnb": {
            "image": {"alt": "Idf falls: from 3 to 0"},
            "figure": {"caption": "Idf", "name": "fig-idf"},
        },
        "nbgrader": {
            "grade": True,
            "grade_id": "idf",
            "points": 2,
            "locked": True,
            "schema_version": 3,
        },
    }
    notebook = new_notebook(cells=[new_code_cell("x = 1", metadata=cell_metadata)])
    back = jupytext.reads(jupytext.writes(notebook, text_format), text_format)
    assert back.cells[0].metadata == cell_metadata


# ---------------------------------------------------------- what a committed notebook must not hold

PICTURE = new_output("display_data", data={"image/svg+xml": "<svg/>", "text/plain": "<Figure>"})
GLUED_PICTURE = new_output(
    "display_data",
    data={"application/papermill.record/image/svg+xml": "<svg/>"},
    metadata={"scrapbook": {"name": "curve", "mime_prefix": "application/papermill.record/"}},
)
PRINTED = new_output("stream", text="1\n")
ALT = {"mystnb": {"image": {"alt": "a curve"}}}


def cell(
    *outputs: NotebookNode, source: str = "x", tags: str = "", **fields: object
) -> NotebookNode:
    metadata = {"tags": tags.split()} | fields
    return new_code_cell(
        source, id="c", execution_count=1, outputs=list(outputs), metadata=metadata
    )


GOOD = [
    cell(PRINTED),
    cell(PICTURE, tags="nbval-ignore-output", **ALT),
    cell(new_output("display_data", data={"text/html": "<p>1</p>"}), PRINTED),
    cell(PRINTED, tags="nbval-ignore-output timing"),
    cell(new_output("error", ename="ValueError", evalue="no"), tags="raises-exception"),
    cell(new_output("stream", name="stderr", text="careful"), tags="stderr-expected"),
    cell(new_output("display_data", data={"application/papermill.record/text/plain": "0.1234"})),
    cell(new_output("display_data", data={"application/papermill.record/text/plain": "3125475"})),
    new_code_cell("", id="c"),
]
BAD = {
    "was not executed": new_code_cell("x", id="c"),
    "tag nbval-skip": cell(tags="nbval-skip"),
    "comment NBVAL_IGNORE_OUTPUT": cell(PRINTED, source="x\n# NBVAL_IGNORE_OUTPUT"),
    "tag it nbval-ignore-output": cell(PICTURE, **ALT),
    "tag nbval-ignore-output is for pictures": cell(PRINTED, tags="nbval-ignore-output"),
    "a picture and something else": cell(PICTURE, PRINTED, tags="nbval-ignore-output", **ALT),
    "without alt text": cell(PICTURE, tags="nbval-ignore-output"),
    "glued": cell(GLUED_PICTURE, tags="nbval-ignore-output"),
    "raises ValueError": cell(new_output("error", ename="ValueError", evalue="no")),
    "writes to stderr": cell(new_output("stream", name="stderr", text="careful")),
    "memory address": cell(
        new_output("execute_result", data={"text/plain": "<object at 0x7f12ab34cd56>"})
    ),
    "round it": cell(
        new_output("display_data", data={"application/papermill.record/text/plain": "0.123456789"})
    ),
    "colour codes": cell(new_output("stream", text="\x1b[31mred\x1b[0m")),
}


@pytest.mark.parametrize("good", GOOD)
def test_a_good_cell_is_no_problem(good: NotebookNode) -> None:
    assert problems(new_notebook(cells=[good])) == []


@pytest.mark.parametrize("message", BAD)
def test_a_bad_cell_is_named(message: str) -> None:
    (problem,) = problems(new_notebook(cells=[BAD[message]]))
    assert problem.startswith("cell 0 (c): ")
    assert message in problem


def test_cells_out_of_order_are_a_problem() -> None:
    second, first = cell(PRINTED), cell(PRINTED)
    second.execution_count, second.id = 2, "d"
    assert "not executed in order" in problems(new_notebook(cells=[second, first]))[0]


@pytest.mark.parametrize(
    ("directive", "fine"),
    [
        ("```{glue:figure} curve\n:alt: It rises\n:name: fig\n\nCaption\n```", True),
        ("```{glue:figure} curve\n:name: fig\n:alt: It rises\n```", True),
        ("```{glue:figure} curve\n:alt:\n```", False),
        ("```{glue:figure} curve\n\nCaption with :alt: in it\n```", False),
        ("```{glue:figure} other\n:alt: It rises\n```", False),
        ("```{glue:figure} curve\n:alt: It rises\n```\n\n```{glue:figure} curve\n```", False),
    ],
)
def test_a_glued_picture_takes_its_alt_from_where_it_is_shown(directive: str, fine: bool) -> None:
    glued = cell(GLUED_PICTURE, tags="nbval-ignore-output")
    assert (problems(new_notebook(cells=[glued, new_markdown_cell(directive)])) == []) is fine


# ---------------------------------------------------------------- execution, and nbval's comparison

CHAPTER = [
    (
        "from myst_nb import glue\nimport matplotlib.pyplot as plt\n%config"
        ' InlineBackend.figure_formats = ["svg"]'
    ),
    'print("df =", 2)',
    'glue("idf", round(2 / 3, 3), display=False)',
    ("plt.plot([1, 2]);", {"tags": ["nbval-ignore-output"], **ALT}),
    ("import time\nprint(time.time())", {"tags": ["nbval-ignore-output", "timing"]}),
    ('raise ValueError("df must be positive")', {"tags": ["raises-exception"]}),
    'print("N =", 2)',
]


@pytest.fixture(scope="module")
def chapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small chapter, executed for real."""
    path = tmp_path_factory.mktemp("chapter") / "chapter.ipynb"
    pairs = [entry if isinstance(entry, tuple) else (entry, {}) for entry in CHAPTER]
    write_notebook(
        path,
        new_notebook(
            cells=[new_code_cell(source, metadata=metadata) for source, metadata in pairs]
        ),
    )
    execute(path)
    return path


def text_of(path: Path, *, without_timing: bool) -> str:
    notebook = read_notebook(path)
    for entry in notebook.cells:
        if without_timing and "timing" in entry.metadata.get("tags", []):
            entry.outputs = []
    return serialise(notebook)


def test_executing_again_changes_nothing_but_timings(chapter: Path, tmp_path: Path) -> None:
    copy = shutil.copy(chapter, tmp_path)
    executed = execute(copy)
    assert text_of(copy, without_timing=True) == text_of(chapter, without_timing=True)
    assert text_of(copy, without_timing=False) != text_of(chapter, without_timing=False)
    assert executed.cells[5].outputs[0].traceback == ["ValueError: df must be positive"]


def change(notebook: NotebookNode, old: str, new: str) -> None:
    """Replace `old` in the one output that has it."""
    outputs = [output for entry in notebook.cells for output in entry.get("outputs", [])]
    places = [*outputs, *(output.data for output in outputs if "data" in output)]
    content = [
        (place, key)
        for place in places
        for key, text in place.items()
        if isinstance(text, str) and old in text
    ]
    ((place, key),) = content
    place[key] = place[key].replace(old, new)


def nbval(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run every notebook of the folder with the project's own options, as `pytest --nbval` does."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval",
            "--numprocesses=0",
            f"--config-file={ROOT / 'pyproject.toml'}",
            "--rootdir=.",
            "-p",
            "no:cacheprovider",
            "--color=no",
            ".",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # A run inside a run: the inner one must not take itself for a worker of the outer one.
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
    )


def test_nbval_notices_one_edited_number_in_a_real_chapter(tmp_path: Path) -> None:
    notebook = read_notebook(ROOT / "book" / "counting" / "tfidf.ipynb")
    cells = [entry for entry in notebook.cells if entry.cell_type == "code"]
    by_hand = next(entry for entry in cells if "cosines of document 0" in entry.source)
    # the imports and one cell: the whole chapter runs elsewhere
    notebook.cells = [cells[0], by_hand]
    write_notebook(tmp_path / "chapter.ipynb", notebook)
    change(notebook, "0.231", "0.232")
    write_notebook(tmp_path / "edited.ipynb", notebook)
    report = nbval(tmp_path).stdout
    assert "1 failed, 3 passed" in report
    assert re.findall(r"^FAILED (\S+)::Cell (\d)", report, re.MULTILINE) == [("edited.ipynb", "1")]
    assert "0.232" in report


def test_nbval_notices_every_edited_output_but_the_tagged_ones(
    chapter: Path, tmp_path: Path
) -> None:
    notebook = read_notebook(chapter)
    change(notebook, "df = 2", "df = 3")
    change(notebook, "0.667", "0.668")
    notebook.cells[3].outputs[0].data["image/svg+xml"] = "<svg/>"
    notebook.cells[4].outputs[0].text = "0.0\n"
    change(notebook, "df must be positive", "df is wrong")
    write_notebook(tmp_path / "edited.ipynb", notebook)

    run = nbval(tmp_path)
    report = run.stdout + run.stderr
    assert re.findall(r"^FAILED edited\.ipynb::Cell (\d)", run.stdout, re.MULTILINE) == [
        "1",
        "2",
        "5",
    ], report
    assert "3 failed, 4 passed" in run.stdout, report
    for edited in ("df = 3", "0.668", "df is wrong"):
        assert edited in run.stdout, report


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import time\ntime.sleep(60)", "timed out"),
        ("import os\nos._exit(1)", "died"),
        ("import warnings\nwarnings.warn('old')", "writes to stderr"),
    ],
)
def test_a_failing_notebook_is_left_as_it_was(tmp_path: Path, source: str, message: str) -> None:
    path = tmp_path / "failing.ipynb"
    write_notebook(path, normalise(new_notebook(cells=[new_code_cell(source)])))
    before = path.read_bytes()
    with pytest.raises(NotebookFailed, match=message) as error:
        execute(path, timeout=2)
    assert str(path) in str(error.value)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["failing.ipynb"]


# --------------------------------------------------------------------------------- the command line


def test_check_names_what_is_not_ready_and_normalise_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(
        nbformat.writes(new_notebook(cells=[cell(PRINTED, scrolled=True)])), encoding="utf-8"
    )
    before = path.read_bytes()
    assert main(["normalise", "--check", str(tmp_path)]) == 1
    assert f"{path}: is not normalised" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert main(["normalise", str(tmp_path)]) == 0
    assert main(["normalise", "--check", str(tmp_path)]) == 0


def test_a_folder_stands_for_its_notebooks_but_not_for_assignments_builds_and_checkpoints(
    tmp_path: Path,
) -> None:
    left_out = ("assignments/t/t.ipynb", "_build/a.ipynb", ".ipynb_checkpoints/a.ipynb", "n.md")
    for name in ("b/x.ipynb", "a.ipynb", *left_out):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert notebook_paths([tmp_path]) == [tmp_path / "a.ipynb", tmp_path / "b/x.ipynb"]
    assert notebook_paths([tmp_path / "assignments/t/t.ipynb"]) == [
        tmp_path / "assignments/t/t.ipynb"
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.ipynb", None, "no such file or folder"),
        ("text.md", "# A", r"expected a notebook \(.ipynb\)"),
        ("cut.ipynb", '{"cells": [', "is not a notebook"),
        (
            "old.ipynb",
            '{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}',
            "format 4, got 3",
        ),
    ],
)
def test_a_wrong_path_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert main(["normalise", str(tmp_path / name)]) == 1
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert name in error
    assert error.count("\n") == 1


# ---------------------------------------------------------------------------------------- the book


def test_the_book_is_built_once_and_a_warning_fails_every_time(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "_config.yml").write_text(
        'title: t\nexecute: {execute_notebooks: "off"}\nonly_build_toc_files: true\n'
    )
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: book/page\n"
    )
    (tmp_path / "book").mkdir()
    (tmp_path / "book/index.md").write_text("# Welcome\n\n[A page](page.md)\n")
    (tmp_path / "book/page.md").write_text("# A page\n\nFirst\n")
    index = build(tmp_path)
    assert "Welcome" in (tmp_path / "_build/html/book/index.html").read_text()
    assert is_current(tmp_path)

    capfd.readouterr()
    assert build(tmp_path) == index
    assert capfd.readouterr().out == "", "nothing changed, so nothing may be built"

    (tmp_path / "book/page.md").write_text("# A page\n\n[Nowhere](nowhere.md)\n")
    assert not is_current(tmp_path)
    # the second time Sphinx has already read the page, and would not repeat its warning
    for attempt in range(2):
        with pytest.raises(BuildFailed):
            build(tmp_path)
        assert not is_current(tmp_path), f"attempt {attempt}"


def test_serving_gives_files_on_this_machine_only_and_says_when_a_port_is_taken(
    tmp_path: Path,
) -> None:
    (tmp_path / "index.html").write_text("Welcome")
    with serving(tmp_path) as address:
        assert address.startswith("http://127.0.0.1:")
        assert urllib.request.urlopen(address, timeout=10).read() == b"Welcome"
        port = int(address.rsplit(":")[-1].strip("/"))
        with pytest.raises(OSError, match="in use"), serving(tmp_path, port):
            pass
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=10)


# --------------------------------------------------------------------- the package's code on a page

REFERENCE = '''"""Definitions."""

import numpy as np


@inlined
def idf(counts, base=None):
    """ln(N / df).

    counts: (documents, terms).

    >>> idf([[1]])
    array([0.])
    """
    counts = require_counts("idf", counts)
    _check_base(base)
    wrong = np.argwhere(counts < 0)
    # a comment on the check
    if len(wrong):
        raise ValueError("idf: negative")
    for axis in counts.shape:
        if axis == 0:
            raise ValueError("idf: empty")
    counts = _floats("idf", counts)
    rows = prepare(counts)

    # documents, not occurrences
    containing = (rows > 0).sum(axis=0)
    if base is None:
        return np.log(len(rows) / containing)
    raise ValueError("idf: no such base")


def plain(x):
    return x


class Index:
    """An index.

    More.
    """

    size = 3

    def __init__(self, size):
        """Sizes.

        More.
        """
        if size < 0:
            raise ValueError("size")
        self.size = size

    def search(self, query):
        """The best.

        More.
        """
        self._check_fitted()
        return query
'''

METHOD = '''@inlined
def idf(counts, base=None):
    """ln(N / df)."""
    rows = prepare(counts)

    # documents, not occurrences
    containing = (rows > 0).sum(axis=0)
    if base is None:
        return np.log(len(rows) / containing)'''


def test_a_listing_shows_the_method_without_the_checks_of_its_arguments() -> None:
    listing = read_listing(REFERENCE, "idf")
    assert listing.method == METHOD
    assert listing.source in REFERENCE and listing.source.startswith("@inlined\ndef idf")
    assert REFERENCE.splitlines()[listing.line - 1] == "@inlined"
    for left_out in ("_check_base", "_floats", ">>> idf", "no such base", "empty"):
        assert left_out in listing.source and left_out not in listing.method


def test_a_listing_is_formatted_for_the_width_of_a_page(tmp_path: Path, package: Path) -> None:
    wide = f"\n\ndef wide(x):\n    return {' + '.join(['number'] * 9)}\n"
    (package / "tfidf" / "reference.py").write_text(REFERENCE + wide)
    html, warnings, _ = listing_book(tmp_path, "```{listing} tfidf.reference.wide\n```")
    assert warnings == ""
    (code,) = BeautifulSoup(html, "html.parser").select("div.listing pre")
    assert max(len(line) for line in code.text.splitlines()) <= 80
    assert ast.dump(ast.parse(code.text)) == ast.dump(ast.parse(wide))


def test_a_listing_whose_first_paragraph_has_two_lines_shows_both() -> None:
    text = 'def idf(x):\n    """ln(N / df),\n    in nats.\n\n    More.\n    """\n    return x\n'
    assert '    """ln(N / df),\n    in nats."""\n' in read_listing(text, "idf").method


def test_a_listing_of_nothing_but_the_method_is_the_source() -> None:
    listing = read_listing(REFERENCE, "plain")
    assert listing.method == listing.source == "def plain(x):\n    return x"


def test_a_listing_of_a_class_and_of_a_method_of_it() -> None:
    index = read_listing(REFERENCE, "Index").method
    assert index.splitlines()[:2] == ["class Index:", '    """An index."""']
    assert "size = 3" in index and "self.size = size" in index and "return query" in index
    assert "More." not in index and "raise" not in index
    search = 'def search(self, query):\n    """The best."""\n    return query'
    assert read_listing(REFERENCE, "Index.search").method == search


def test_every_public_function_of_a_reference_can_be_listed() -> None:
    shown = 0
    folders = (ROOT / "embcourse").glob("*/reference/*.py")
    for path in sorted([*(ROOT / "embcourse").glob("*/reference.py"), *folders]):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                listing = read_listing(text, node.name)
                ast.parse(listing.method)
                assert len(listing.method.splitlines()) <= len(listing.source.splitlines())
                shown += 1
    assert shown > 50


@pytest.mark.parametrize("name", ["other", "Index.other", "idf.inner", "Index.search.inner"])
def test_a_listing_of_nothing_is_an_error(name: str) -> None:
    with pytest.raises(LookupError, match=re.escape(repr(name))):
        read_listing(REFERENCE, name)


def listing_book(folder: Path, page: str) -> tuple[str, str, list[str]]:
    """Builds a page that lists from `folder / "package"`: its HTML, the warnings, and the pages
    that were read."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    source = folder / "source"
    assignment = source / "book/assignments/tfidf/tfidf.md"
    assignment.parent.mkdir(parents=True, exist_ok=True)
    assignment.exists() or assignment.write_text("# Assignment\n")
    index = source / "index.md"
    text = f"# Page\n\n{page}\n\n```{{toctree}}\nbook/assignments/tfidf/tfidf\n```\n"
    if not index.exists() or index.read_text() != text:
        index.write_text(text)
    settings = {
        "extensions": ["myst_parser", "embcourse.publishing.listing"],
        "listing_package": str(folder / "package"),
        "nitpicky": True,
    }
    warnings = io.StringIO()
    read: list[str] = []
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            source, None, folder / "html", folder / "trees", "html", settings, None, warnings
        )
        app.connect("source-read", lambda app, page, content: read.append(page))
        app.build()
    return (folder / "html" / "index.html").read_text(encoding="utf-8"), warnings.getvalue(), read


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one room, whose reference is REFERENCE."""
    room = tmp_path / "package" / "tfidf"
    room.mkdir(parents=True)
    (room / "reference.py").write_text(REFERENCE)
    return room.parent


def test_a_page_lists_and_follows_the_source(tmp_path: Path, package: Path) -> None:
    page = "```{listing} tfidf.reference.idf\n```"
    html, warnings, _ = listing_book(tmp_path, page)
    assert warnings == ""
    soup = BeautifulSoup(html, "html.parser")
    (listing,) = soup.select("div.listing")
    shown, folded = listing.select("pre")
    assert shown.text.strip() == METHOD
    assert folded.text.strip() == read_listing(REFERENCE, "idf").source
    (details,) = listing.select("details")
    assert folded in details.select("pre") and shown not in details.select("pre")
    assert details.summary.text.strip() == "Checks, examples and source"
    assert not details.has_attr("open")
    assert listing_book(tmp_path, page)[2] == [], "nothing changed, nothing is read again"
    (package / "tfidf" / "reference.py").write_text(REFERENCE.replace("len(rows)", "rows.shape[0]"))
    html, _, read = listing_book(tmp_path, page)
    assert read == ["index"]
    assert "shape" in html


def test_what_an_assignment_asks_for_is_folded_and_the_line_above_leads_there(
    tmp_path: Path, package: Path
) -> None:
    html, warnings, _ = listing_book(
        tmp_path, "```{listing} tfidf.reference.idf\n:try: tfidf.idf\n```"
    )
    assert warnings == ""
    (listing,) = BeautifulSoup(html, "html.parser").select("div.listing.try-first")
    exercise = find("tfidf.idf")
    number = 1 + exercises("tfidf").index(exercise)
    line = listing.find("p").text
    assert (
        line
        == f"Try first: exercise {number} of the assignment, tfidf.idf ({exercise.points} points),"
        " asks for it."
    )
    assert listing.find("p").a["href"] == "book/assignments/tfidf/tfidf.html"
    assert listing.select("pre") and all(
        code.find_parent("details") for code in listing.select("pre")
    )
    assert [summary.text.strip() for summary in listing.select("summary")] == [
        "Show the answer",
        "Checks, examples and source",
    ]


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("```{listing} tfidf.reference.other\n```", "nothing is called 'other'"),
        ("```{listing} tfidf.other.idf\n```", "names no module"),
        ("```{listing} tfidf.reference\n```", "names no module"),
        ("```{listing} tfidf.reference.idf\n:try: tfidf.idff\n```", "did you mean 'tfidf.idf'"),
        ("```{listing} tfidf.reference.long\n```", "wider than 80 columns and can't be broken"),
    ],
)
def test_a_listing_that_cannot_be_is_a_warning(
    tmp_path: Path, package: Path, directive: str, message: str
) -> None:
    long = f'\n\ndef long(x):\n    """{"x" * 73}\n\n    More.\n    """\n    return x\n'
    (package / "tfidf" / "reference.py").write_text(REFERENCE + long)
    _, warnings, _ = listing_book(tmp_path, directive)
    assert message in warnings
    assert "index.md:3" in warnings


# ------------------------------------------------------------------------- the repository's address

SOMEONES = Address("github.com", "someone", "embcourse")


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/someone/embcourse", SOMEONES),
        ("https://github.com/someone/embcourse.git\n", SOMEONES),
        ("https://token:secret@github.com/someone/embcourse/", SOMEONES),
        ("git@github.com:someone/embcourse.git", SOMEONES),
        ("ssh://git@github.com:22/someone/embcourse.git", SOMEONES),
        ("git@gitlab.example.org:a/b/c.git", Address("gitlab.example.org", "a/b", "c")),
        ("/srv/git/embcourse.git", None),
        ("../embcourse", None),
        ("file:///srv/github.com/someone/embcourse", None),
        ("https://localhost:8080/someone/embcourse", None),
        ("git@internal:someone/embcourse.git", None),
        ("https://github.com/embcourse", None),
        ("", None),
    ],
)
def test_an_address_is_read_from_a_remote_on_a_forge(remote: str, address: Address | None) -> None:
    assert parse_address(remote) == address


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_the_address_is_that_of_this_checkout_and_continuous_integration_comes_first(
    tmp_path: Path,
) -> None:
    assert find_address(tmp_path, {}) is None
    git(tmp_path, "init", "-q")
    assert find_address(tmp_path, {}) is None
    git(tmp_path, "remote", "add", "origin", "git@github.com:someone/embcourse.git")
    assert find_address(tmp_path, {}) == SOMEONES
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    assert find_address(unpacked, {}) is None, "the remote is that of the folder around"
    machine = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "other/fork"}
    assert find_address(tmp_path, machine) == Address("github.com", "other", "fork")


SITES = re.compile(
    r"(?:github|gitlab|bitbucket)\.(?:com|org)[/:][\w.-]+/embcourse|[\w-]+\.(?:github|gitlab)\.io/embcourse"
    r"|git\+https?://(?!\{)|git clone (?:--\S+ )*(?:https?://|git@)",
    re.IGNORECASE,
)


def test_no_file_names_an_address_of_the_repository() -> None:
    address = find_address(ROOT)
    named = (
        re.compile(f"{SITES.pattern}|{re.escape(f'{address.owner}/{address.name}')}")
        if address
        else SITES
    )
    assert SITES.search("pip install git+https://github.com/a/b") and not SITES.search(
        "https://github.com/a/word2vec"
    )
    tests_of_addresses = {
        "tests/test_publishing.py",
        "embcourse/publishing/address.py",
        "embcourse/publishing/launch.py",
    }
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in committed_files()
        if b"\0" not in path.read_bytes()[:8192]
        and path.relative_to(ROOT).as_posix() not in tests_of_addresses
        for match in named.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    for path in tests_of_addresses:  # what they name is made up
        text = (ROOT / path).read_text(encoding="utf-8")
        owners = set(re.findall(r"github\.com/([\w-]+)/embcourse", text))
        assert owners <= {"someone"}, f"{path}: {owners}"


@pytest.mark.parametrize("path", COMMITTED)
def test_no_committed_notebook_installs_itself(path: str) -> None:
    assert "google.colab" not in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("known", [True, False])
def test_what_leads_to_the_repository_appears_when_its_address_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    for name, value in (
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "someone/embcourse"),
    ):
        monkeypatch.setenv(name, value) if known else monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "embcourse").symlink_to(ROOT / "embcourse")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: book/page\n"
    )
    shutil.copytree(ROOT / "book" / "_static", tmp_path / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    text = (
        "# Page\n\n::::{online}\n```sh\ngit clone {url}\ncd {name}\n```\n::::\n\n::::{offline}\nIn"
        " a clone.\n::::\n"
    )
    (tmp_path / "book" / "index.md").write_text(text)
    page = normalise(new_notebook(cells=[new_markdown_cell("# Notebook"), new_code_cell("1")]))
    write_notebook(tmp_path / "book" / "page.ipynb", page)
    build(tmp_path)
    html = tmp_path / "_build" / "html" / "book"
    index = BeautifulSoup((html / "index.html").read_text(encoding="utf-8"), "html.parser")
    notebook = BeautifulSoup((html / "page.html").read_text(encoding="utf-8"), "html.parser")
    links = {link["href"] for link in notebook("a", href=True)}
    canonical = [link["href"] for link in notebook("link", rel="canonical")]
    if known:
        repository = "https://github.com/someone/embcourse"
        assert {repository, f"{repository}/edit/main/book/page.ipynb"} <= links
        assert any(link.startswith(f"{repository}/issues/new") for link in links)
        assert (
            "https://colab.research.google.com/github/someone/embcourse/blob/launch/book/page.ipynb"
            in links
        )
        assert (
            "https://mybinder.org/v2/gh/someone/embcourse/launch?urlpath=lab/tree/book/page.ipynb"
            in links
        )
        assert canonical == ["https://someone.github.io/embcourse/book/page.html"]
        assert index.find("pre").text == f"git clone {repository}\ncd embcourse\n"
        assert "In a clone." not in index.text
    else:
        assert not [link for link in links if re.search("github|gitlab|binder|colab", link)]
        assert canonical == []
        assert "In a clone." in index.text
        assert "git clone" not in index.text and not index.find("article").find("pre")


def test_a_launched_notebook_installs_the_course_in_colab_and_only_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    names = (
        "book/counting/tfidf.ipynb",
        "book/assignments/tfidf/tfidf.ipynb",
        "solutions/tfidf/tfidf.ipynb",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert main(["launch", str(tmp_path)]) == 1
    assert "the address of the repository" in capsys.readouterr().err
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", SOMEONES.url)
    for _ in range(2):  # twice is once
        assert main(["launch", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(names)
    for name in names:
        cells = read_notebook(tmp_path / name).cells
        (install,) = [cell for cell in cells if cell.id == INSTALL_ID]
        assert install is next(cell for cell in cells if cell.cell_type == "code")
        assert "google.colab" in install.source
        assert f"git clone --quiet --depth 1 {SOMEONES.url} /content/course" in install.source
        assert [cell for cell in cells if cell is not install] == read_notebook(ROOT / name).cells
    alone = tmp_path / "alone.ipynb"
    write_notebook(alone, normalise(new_notebook(cells=[install])))
    assert execute(alone).cells[0].outputs == [], "here, which is not Colab, it does nothing"


# -------------------------------------------------------------------------------------------- make


def make(folder: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("requirements.txt", "pyproject.toml"):
        (folder / name).touch()
    environment = {"PATH": path, "HOME": str(folder)}
    command = [shutil.which("make") or "make", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )


def test_make_says_in_one_line_that_no_python_fits(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "cat"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    found_none = make(tmp_path, "html", path=str(tools))
    assert found_none.returncode != 0
    assert "error: no Python 3.11, 3.12 or 3.13 found" in found_none.stderr
    too_old = make(tmp_path, "html", "PYTHON=false", path=os.environ["PATH"])
    assert too_old.returncode != 0
    assert "error: PYTHON=false is not a Python 3.11, 3.12 or 3.13" in too_old.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_explains_itself(tmp_path: Path) -> None:
    run = make(tmp_path, path=os.environ["PATH"])
    assert run.returncode == 0
    targets = re.findall(r"^make ([\w-]+)", run.stdout, re.MULTILINE)
    assert targets[:2] == ["book", "test"]
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    declared = re.search(r"^\.PHONY: help (.*) FORCE$", makefile, re.MULTILINE)
    assert declared is not None
    assert sorted(targets) == sorted(declared[1].split())
