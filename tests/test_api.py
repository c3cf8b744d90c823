"""The package's reference: what it shows, from docstrings and signatures, and where it leads."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from docutils.core import publish_doctree
from docutils.utils import Reporter
from hypothesis import given
from hypothesis import strategies as st

from embcourse.publishing.api import (
    find_public,
    public_names,
    room_page,
    rooms,
    source_signature,
    write_pages,
)
from embcourse.publishing.docstrings import WORDS, row_names, to_rst
from embcourse.publishing.listing import Place, places
from tests.notebooks import ROOT
from tests.pages import ROOMS

DIRECTIVE = re.compile(r"\{listing\} ([\w.]+)")


def public() -> list[tuple[str, str, str]]:
    """Every public name, with its room and its module: those of `__all__`, else those that a module
    defines."""

    def names_of(module: ModuleType) -> list[str]:
        defined = [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__
            and name[0] != "_"
            and callable(value)
        ]
        return getattr(module, "__all__", defined)

    found = []
    for room in ROOMS:
        package = importlib.import_module(f"embcourse.{room}")
        files = [
            path.stem for path in (ROOT / "embcourse" / room).glob("*.py") if path.stem[0] != "_"
        ]
        modules = [f"embcourse.{room}.{file}" for file in sorted(files)]
        for module in [package.__name__] if hasattr(package, "__all__") else modules:
            found += [(room, module, name) for name in names_of(importlib.import_module(module))]
    return found


def arguments_of(value: Any) -> set[str]:
    """What a row may name: the arguments, and in a record the fields."""
    fields = value.__annotations__ if inspect.isclass(value) else {}
    return {*inspect.signature(value).parameters, *fields}


PUBLIC = public()
DOCUMENTED = [
    (f"{module}.{name}", getattr(sys.modules[module], name))
    for _, module, name in PUBLIC
    if callable(getattr(sys.modules[module], name))
]


# -------------------------------------------------------------------------------------- the sources


def test_a_folder_of_the_package_is_a_room() -> None:
    assert rooms() == ROOMS


def test_what_is_public_is_what_all_says() -> None:
    found = [
        (room, module, name)
        for room in ROOMS
        for module, names in public_names(room).items()
        for name in names
    ]
    assert sorted(found) == sorted(PUBLIC)


@pytest.mark.parametrize(("full", "value"), DOCUMENTED, ids=[full for full, _ in DOCUMENTED])
def test_a_row_of_a_docstring_names_an_argument(full: str, value: Any) -> None:
    """A block that is rows throughout and names none would be read as text."""
    if inspect.isclass(value) and issubclass(value, BaseException):
        return
    known = {*arguments_of(value), *WORDS}
    for block in (inspect.getdoc(value) or "").split("\n\n"):
        heads = [line for line in block.splitlines() if not line.startswith((" ", ">>>", "..."))]
        named = [row_names(line) for line in heads]
        if len(named) > 1 and all(named):
            unknown = [name for names in named for name in names if name not in known]
            assert unknown == [], f"{full}: {unknown}"


def test_a_public_constant_says_what_it_is() -> None:
    constants = [
        (room, name)
        for room, module, name in PUBLIC
        if not callable(getattr(sys.modules[module], name))
    ]
    assert len(constants) >= 3
    for room, name in constants:
        entry = room_page(room, []).split(f".. py:data:: {name}\n")[1].split("\n.. ")[0]
        said = [line for line in entry.splitlines() if line.strip() and ":value:" not in line]
        assert said, f"embcourse.{room}: {name} needs a docstring, a string below it"


def test_pages_are_written_once_and_those_of_rooms_that_are_no_more_removed(tmp_path: Path) -> None:
    (tmp_path / "book/api").mkdir(parents=True)
    (tmp_path / "book/api/gone.rst").write_text("gone")
    write_pages(tmp_path)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "book/api").iterdir()}
    assert sorted(path.stem for path in written) == ROOMS
    write_pages(tmp_path)
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "book/api").iterdir()}


# --------------------------------------------------------------------------------------- docstrings


def rendered(lines: list[str], parameters: tuple[str, ...] = ()) -> Any:
    rst = "\n".join(to_rst(lines, parameters, lambda code: None))
    settings = {"report_level": Reporter.INFO_LEVEL, "halt_level": Reporter.INFO_LEVEL}
    return publish_doctree(rst, settings_overrides=settings)


PLAIN = st.text(st.sampled_from("ab1 *_|\\:.-+()[]{}<>#=~^\"'&%$@!?,;é"), min_size=1, max_size=40)


@given(PLAIN.map(str.strip).filter(lambda text: re.match(r"[^\s>]", text)))
def test_plain_text_is_shown_as_it_stands(text: str) -> None:
    if re.fullmatch(r"(-|\d+\.) +\S.*", text):  # the item of a list
        text = f"x {text}"
    document = rendered([text])
    assert re.sub(r"\s+", " ", document.astext()) == re.sub(r"\s+", " ", text)


def test_a_docstring_becomes_fields_examples_lists_and_blocks() -> None:
    document = rendered(
        [
            "The mean of x_1, ..., x_n: *not* the `median`s, nor |x|.",
            "",
            "    1 2",
            "    3 4",
            "",
            "1. One,",
            "   and more.",
            "2. Two.",
            "",
            "values, weights : (n,) arrays, `n` above 0; the weights sum",
            "                  to 1.",
            "wrong: no argument.",
            "",
            "Text before the row.",
            "returns: float.",
            "raises : ValueError if a Word is empty, or `ValueError` is.",
            "Text after it.",
            "",
            ">>> mean([1, 3])",
            "2.0",
            "",
            "A. Nonymous (2001).",
        ],
        ("values", "weights"),
    )
    shape = [child.tagname for child in document.children]
    assert shape == [
        "paragraph",
        "literal_block",
        "enumerated_list",
        "field_list",
        "paragraph",
        "paragraph",
        "field_list",
        "paragraph",
        "doctest_block",
        "paragraph",
    ]
    assert document[0].astext() == "The mean of x_1, ..., x_n: *not* the medians, nor |x|."
    assert [
        node.astext() for node in document[0].findall(lambda node: node.tagname == "literal")
    ] == ["median"]
    assert document[1].astext() == "1 2\n3 4"
    assert [item.astext() for item in document[2]] == ["One, and more.", "Two."]
    (parameters,) = document[3]
    assert parameters[0].astext() == "Parameters"
    assert [
        node.astext() for node in parameters.findall(lambda node: node.tagname == "literal")
    ] == [
        "values",
        "weights",
        "n",
    ]
    assert "the weights sum to 1." in parameters.astext()
    assert document[4].astext() == "wrong: no argument."
    assert [field[0].astext() for field in document[6]] == ["Returns", "Raises"]
    raised = document[6][1]
    assert [node.astext() for node in raised.findall(lambda node: node.tagname == "literal")] == [
        "ValueError",
        "ValueError",
    ]
    assert document[9].astext() == "A. Nonymous (2001)."


@pytest.mark.parametrize(
    ("code", "where", "found"),
    [
        ("smooth_idf", "embcourse.tfidf.idf", "embcourse.tfidf.smooth_idf"),
        ("idf", "embcourse.tfidf.idf", None),
        ("search(query, k)", "embcourse.tfidf.Bm25Index", "embcourse.tfidf.Bm25Index.search"),
        ("fit", "embcourse.tfidf.Bm25Index.search", "embcourse.tfidf.Bm25Index.fit"),
        ("embcourse.text.tokenize", "embcourse.tfidf.idf", "embcourse.text.tokenize"),
        ("training.Diverged", "embcourse.word2vec.train", "embcourse.training.Diverged"),
        ("Vocabulary", "embcourse.tfidf.idf", "embcourse.text.Vocabulary"),
        ("Training", "embcourse.word2vec.train", "embcourse.word2vec.Training"),
        ("Training", "embcourse.distributed.train", None),
        ("tokenize", "embcourse.tfidf.idf", None),
        ("text", "embcourse.tfidf.idf", None),
        ("gradient[ids] += upstream", "embcourse.one_hot.lookup_gradient", None),
        ("numpy.ndarray", "embcourse.tfidf.idf", None),
    ],
)
def test_a_name_is_found_from_where_it_stands(code: str, where: str, found: str | None) -> None:
    """Two rooms have a `Training`; a plain word is no name of another room."""
    assert find_public(code, where) == found


def test_every_signature_is_that_of_the_source() -> None:
    for full, value in DOCUMENTED:
        if inspect.isclass(value) and issubclass(value, BaseException):
            continue
        shown, real = source_signature(value), inspect.signature(value)
        assert [name for name in real.parameters if name[0] != "_"] == list(shown.parameters), full
        for name, parameter in shown.parameters.items():
            assert parameter.kind == real.parameters[name].kind
            assert (parameter.default is parameter.empty) == (
                real.parameters[name].default is parameter.empty
            )
            if parameter.annotation is not parameter.empty:
                compile(str(parameter.annotation), full, "eval")


def test_a_signature_shows_what_a_name_of_the_package_stands_for() -> None:
    from embcourse.checking import Case
    from embcourse.cooccurrence import count
    from embcourse.data import IcdCodes

    shown = source_signature(count).parameters["weighting"]
    assert (str(shown.annotation), str(shown.default)) == ("Literal['flat', 'harmonic']", "'flat'")
    assert str(source_signature(Case).parameters["kwargs"]) == "kwargs: Mapping[str, Any] = ..."
    assert not [name for name in source_signature(IcdCodes).parameters if name[0] == "_"]


# ---------------------------------------------------------------------------------------- the pages


def entries(page: BeautifulSoup) -> dict[str, Tag]:
    """The entries of a page by their full name: a signature, and below it what it is."""
    return {signature["id"]: signature for signature in page.select("article dl.py > dt.sig[id]")}


def test_every_public_name_stands_on_the_page_of_its_room_exactly_once(
    pages: dict[str, BeautifulSoup],
) -> None:
    ids = [
        (page.removeprefix("book/api/").removesuffix(".html"), tag["id"])
        for page, soup in pages.items()
        for tag in soup.select("dt.sig[id]")
    ]
    assert [full for full, times in Counter(full for _, full in ids).items() if times > 1] == []
    assert {(room, f"{module}.{name}") for room, module, name in PUBLIC} <= set(ids)
    of_members = [
        full for room, full in ids if full.rpartition(".")[0] in {full for _, full in ids}
    ]
    assert len(ids) == len(PUBLIC) + len(of_members), "something that is not public"


def test_the_first_page_of_the_reference_leads_to_every_room(
    pages: dict[str, BeautifulSoup],
) -> None:
    links = [
        link["href"].split("#")[0] for link in pages["book/api.html"].select("table.autosummary a")
    ]
    assert {f"api/{room}.html" for room in ROOMS} <= set(links)


def test_every_row_of_a_docstring_is_shown_with_its_name(pages: dict[str, BeautifulSoup]) -> None:
    shown = {}
    for room in ROOMS:
        shown |= entries(pages[f"book/api/{room}.html"])
    checked = 0
    for full, value in DOCUMENTED:
        if inspect.isclass(value) and issubclass(value, BaseException):
            continue
        known = arguments_of(value)
        lines = (inspect.getdoc(value) or "").splitlines()
        rows = [row_names(line) for line in lines if not line.startswith((">>>", "..."))]
        wanted = [name for names in rows if names and set(names) <= known for name in names]
        described = shown[full].find_next_sibling("dd").select("dl.field-list dl > dt code")
        terms = [
            term.text
            for term in described
            if term.find_parent("dl", class_="py") is shown[full].parent
        ]
        assert terms == wanted, full
        checked += len(wanted)
    assert checked > 300


def test_no_mark_of_a_docstring_is_left_as_text(pages: dict[str, BeautifulSoup]) -> None:
    for room in ROOMS:
        for tag in pages[f"book/api/{room}.html"].select("dl.py p, dl.py dt, table.autosummary td"):
            assert not re.search(r"`[A-Za-z]|:py:|\\\\|^(returns|raises) *:", tag.text), tag.text


def test_types_of_the_package_are_links_and_others_are_text(
    pages: dict[str, BeautifulSoup],
) -> None:
    train = entries(pages["book/api/negative_sampling.html"])["embcourse.negative_sampling.train"]
    links = {link.text: link["href"] for link in train.select("a.reference")}
    assert links["Embeddings"] == "vectors.html#embcourse.vectors.Embeddings"
    assert "ndarray" in train.text and not [text for text in links if "ndarray" in text]


def test_a_listing_and_its_entry_lead_to_each_other(pages: dict[str, BeautifulSoup]) -> None:
    listed = [place for place in places(ROOT) if f"{place.page}.html" in pages]
    assert len(listed) > 30
    there_and_back = 0
    for place in listed:
        name = place.name.split(".")[-1]
        room = place.name.split(".")[0]
        full = f"embcourse.{room}.{name}"
        if (room, f"embcourse.{room}", name) not in PUBLIC:
            continue
        links = pages[f"{place.page}.html"].select("div.listing p.listing-entry a")
        assert [link for link in links if link["href"].endswith(f"api/{room}.html#{full}")], place
        entry = entries(pages[f"book/api/{room}.html"])[full].find_next_sibling("dd")
        back = [
            link["href"] for link in entry.select("dl.field-list a") if "#listing-" in link["href"]
        ]
        assert any(place.page.removeprefix("book/") in link for link in back), place
        there_and_back += 1
    assert there_and_back > 20


def test_where_something_is_listed_is_read_from_the_pages(tmp_path: Path) -> None:
    page = tmp_path / "book/part/page.md"
    page.parent.mkdir(parents=True)
    page.write_text("# The title\n\n```{listing} tfidf.reference.idf\n```\n")
    assert places(tmp_path) == [Place("book/part/page", "The title", "tfidf.reference.idf")]
    entry = (
        room_page("tfidf", places(tmp_path)).split(".. autofunction:: idf\n")[1].split("\n..")[0]
    )
    assert ":ref:`The title <listing-book/part/page-tfidf.reference.idf>`" in entry
    assert "Shown in" not in room_page("tfidf", [])


def test_a_page_that_the_build_writes_is_not_offered_for_editing(
    pages: dict[str, BeautifulSoup],
) -> None:
    links = {
        link["href"] for room in ROOMS for link in pages[f"book/api/{room}.html"]("a", href=True)
    }
    assert [link for link in links if "_sources" in link.split("#")[0]] == []
