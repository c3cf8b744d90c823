"""Pages fit: code and outputs on a laptop and on a phone, on paper, and in the search."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from embcourse.checking import slugs
from embcourse.publishing import read_notebook
from tests.notebooks import ROOT
from tests.pages import LAPTOP, PAGES, PHONE, TOC

COLUMNS = 80
WORK = re.compile(r"book/(?!how_to)\w+/\w+|book/assignments/\w+/\w+|solutions/\w+/\w+")
NOTEBOOKS = [document for document in TOC if (ROOT / f"{document}.ipynb").exists()]
WORK_PAGES = [f"{document}.html" for document in NOTEBOOKS if WORK.fullmatch(document)]
CHAPTERS = [page for page in WORK_PAGES if not page.startswith(("book/assignments/", "solutions/"))]

# The lines of code and of output that go beyond the edge of their box, with everything unfolded.
OVERFLOWING = """() => {
  document.querySelectorAll("article details").forEach((fold) => { fold.open = true; });
  const found = {code: [], output: [], boxes: []};
  for (const pre of document.querySelectorAll("article pre")) {
    const left = pre.getBoundingClientRect().left + pre.clientLeft;
    const edge = left + pre.clientWidth - parseFloat(getComputedStyle(pre).paddingRight) + 0.5;
    const rights = [0], texts = [""];
    const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
      let at = 0;
      for (const [index, piece] of node.data.split("\\n").entries()) {
        if (index) { rights.push(0); texts.push(""); }
        // spaces before a wrapped word hang over the edge, unseen
        for (const word of piece.matchAll(/\\S+/g)) {
          const range = document.createRange();
          range.setStart(node, at + word.index);
          range.setEnd(node, at + word.index + word[0].length);
          for (const box of range.getClientRects())
            rights.push(Math.max(rights.pop(), box.right + pre.scrollLeft));
        }
        texts.push(texts.pop() + piece);
        at += piece.length + 1;
      }
    }
    const kind = pre.closest(".cell_output") ? "output" : "code";
    rights.forEach((right, line) => { if (right > edge) found[kind].push(texts[line].trimEnd()); });
  }
  for (const box of document.querySelectorAll("article .cell_output, article .cell_output .output"))
    if (box.scrollWidth > box.clientWidth + 1 && !box.querySelector("table"))
      found.boxes.push(box.textContent.slice(0, 80));
  return found;
}"""


# ---------------------------------------------------------------------------------------- the files


@pytest.mark.parametrize("document", NOTEBOOKS)
def test_code_that_is_shown_has_at_most_80_columns(document: str) -> None:
    cells = [
        cell
        for cell in read_notebook(ROOT / f"{document}.ipynb").cells
        if cell.cell_type == "code"
        and not {"remove-cell", "remove-input"} & set(cell.metadata.get("tags", []))
    ]
    wide = [line for cell in cells for line in cell.source.splitlines() if len(line) > COLUMNS]
    assert wide == [], f"{len(wide)} lines; the first has {len(wide[0])} columns"


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_asks_three_times_for_a_prediction(
    pages: dict[str, BeautifulSoup], page: str
) -> None:
    asked = pages[page].select("article details.predict")
    assert len(asked) >= 3
    for question in asked:
        assert question.summary.text.strip().startswith("Predict"), question.summary.text
        assert len(question.select_one(".sd-summary-content").text.split()) >= 5, (
            "an answer with its reason"
        )
        assert not question.has_attr("open")


@pytest.mark.parametrize("page", WORK_PAGES)
def test_no_fold_stands_alone_upon_another(pages: dict[str, BeautifulSoup], page: str) -> None:
    def is_only_a_fold(cell: Tag | None) -> bool:
        return (
            cell is not None
            and bool(cell.select("details.hide"))
            and not cell.select(".cell_output, figure")
        )

    article = pages[page].find("article")
    cells = article.select("div.cell")
    assert cells
    for cell in cells:
        following = cell.find_next_sibling()
        stacked = (
            following is not None
            and "cell" in following.get("class", [])
            and following.select("details.hide")
        )
        assert not (is_only_a_fold(cell) and stacked), f"two folds in a row: {cell.text[:120]}"
    assert not is_only_a_fold(cells[0]), "the page opens with an empty fold"


def test_every_toggle_of_the_sidebar_has_a_name_of_its_own(pages: dict[str, BeautifulSoup]) -> None:
    for page in PAGES:
        names = [
            toggle.get("aria-label", "")
            for toggle in pages[page].select(".bd-sidebar-primary details > summary")
        ]
        assert len(names) >= len(slugs())
        assert all(names), page
        assert len(set(names)) == len(names), page


@pytest.mark.parametrize("slug", slugs())
def test_titles_tell_chapter_assignment_and_solution_apart(
    pages: dict[str, BeautifulSoup], slug: str
) -> None:
    (chapter,) = [page for page in CHAPTERS if page.endswith(f"/{slug}.html")]
    three = [chapter, f"book/assignments/{slug}/{slug}.html", f"solutions/{slug}/{slug}.html"]
    headings = [pages[page].find("article").h1.text.removesuffix("#").strip() for page in three]
    headings[0] = name = re.sub(r"^[\d.]+\s*", "", headings[0])
    assert [heading.removeprefix(name) for heading in headings[1:]] == [
        ": exercises",
        ": worked solutions",
    ], headings
    for page, heading in zip(three, headings, strict=True):
        tab = pages[page].title.text.split("—")[0].strip()
        assert re.sub(r"^[\d.]+\s*", "", tab) == heading


def test_the_navigation_has_no_name_twice(pages: dict[str, BeautifulSoup]) -> None:
    links = {
        link["href"]: link.text.strip()
        for link in pages[PAGES[0]].select(".bd-sidebar-primary nav a[href]")
    }
    assert len(links) >= len(TOC)
    assert sorted(links.values()) == sorted(set(links.values()))


# -------------------------------------------------------------------------------------- the browser


@pytest.mark.parametrize("path", WORK_PAGES)
def test_no_line_is_cut_on_a_laptop_and_on_a_phone_what_scrolls_says_so(
    open_page: Callable, path: str
) -> None:
    page = open_page(path, viewport=LAPTOP)
    assert page.evaluate(OVERFLOWING) == {"code": [], "output": [], "boxes": []}
    page.set_viewport_size(PHONE)  # a page loads much slower than it is laid out again
    found = page.evaluate(OVERFLOWING)
    assert found["output"] == [] and found["boxes"] == []
    pictures = page.locator("article .cell_output img, article figure img")
    rights = pictures.evaluate_all("all => all.map(image => image.getBoundingClientRect().right)")
    assert max(rights, default=0) <= PHONE["width"]
    cues = page.locator("article pre").evaluate_all(
        """all => all.filter(code => code.scrollWidth > code.clientWidth).map(code => {
             const style = getComputedStyle(code);
             return style.overflowX === "auto" &&
                style.backgroundImage.split("linear-gradient").length === 5
                    && style.backgroundAttachment.startsWith("local, local, scroll, scroll"); })"""
    )
    assert len(cues) > 0 or not found["code"]
    assert all(cues)


def test_paper_shows_everything(open_page: Callable) -> None:
    page = open_page(CHAPTERS[0], viewport=LAPTOP)
    folds = page.locator("article details")
    closed = "all => all.filter(fold => !fold.open).length"
    before = folds.evaluate_all(closed)
    assert before > 5
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1047})  # A4 less 1 cm on each side
    assert folds.evaluate_all(closed) == 0
    assert page.evaluate(OVERFLOWING)["code"] == []
    for code in page.locator("article pre").all():
        assert code.evaluate(
            "code => code.scrollWidth <= code.clientWidth && code.clientHeight > 0"
        )
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    # OVERFLOWING opens every fold, too; print.js closes those that it opened itself.
    assert folds.evaluate_all(closed) == before


def test_printing_opens_what_is_folded(open_page: Callable) -> None:
    page = open_page(CHAPTERS[0], viewport=LAPTOP)
    page.evaluate("window.addEventListener('beforeprint', () => { window.printed = true; })")
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("window.printed") is True, "the event on which print.js relies"


def search(open_page: Callable, query: str) -> tuple[list[str], list[str]]:
    """The pages that a search finds, in order, and what it quotes of them."""
    page = open_page(f"search.html?q={query.replace(' ', '+')}")
    page.locator("#search-results ul.search li a").first.wait_for()
    page.wait_for_function(
        "!document.querySelector('#search-results h2').textContent.startsWith('Searching')"
    )
    page.wait_for_load_state("networkidle")
    links = page.locator("ul.search li a").evaluate_all(
        "all => all.map(link => link.getAttribute('href'))"
    )
    quoted = page.locator("ul.search li p.context").all_inner_texts()
    return [re.split("[?#]", link)[0] for link in links], quoted


@pytest.mark.parametrize("slug", slugs())
def test_search_finds_the_chapter_before_its_assignment_before_its_solution(
    open_page: Callable, pages: dict[str, BeautifulSoup], slug: str
) -> None:
    (chapter,) = [page for page in CHAPTERS if page.endswith(f"/{slug}.html")]
    for query in (
        pages[f"book/assignments/{slug}/{slug}.html"].find("article").h1.text.split(":")[0],
        "gradient values",
    ):
        found, _ = search(open_page, query)
        of_slug = [page for page in found if page.endswith(f"/{slug}.html")]
        order = list(dict.fromkeys(of_slug))
        wanted = [
            chapter,
            f"book/api/{slug}.html",
            f"book/assignments/{slug}/{slug}.html",
            f"solutions/{slug}/{slug}.html",
        ]
        assert order == [page for page in wanted if page in order]
        assert not order or chapter in order or query == "gradient values"


def test_search_quotes_text_not_latex(open_page: Callable) -> None:
    _found, quoted = search(open_page, "softmax")
    assert len(quoted) > 3
    assert [quote for quote in quoted if re.search(r"\\[(\[a-z]", quote)] == []


def test_icons_are_drawn_from_a_script_that_holds_no_others(
    open_page: Callable, book_html: Path
) -> None:
    assert (book_html / "_static/scripts/fontawesome.js").stat().st_size < 200_000
    page = open_page(CHAPTERS[0], viewport=LAPTOP)
    page.locator("svg.svg-inline--fa").first.wait_for(state="attached")
    assert page.locator("i[class*='fa-']").count() == 0, "an icon that the script does not know"
    drawn = page.locator("svg.svg-inline--fa")
    assert drawn.count() > 5
    assert all(drawn.evaluate_all("all => all.map(icon => icon.querySelector('path[d]') !== null)"))
