"""The book as a reader meets it: its files, then its pages in a browser."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from matplotlib import rc_context
from matplotlib.figure import Figure

from embcourse.figures.style import groups, label_points, use_book_style
from embcourse.publishing import build

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "counts-to-context/embcourse"
SOLUTIONS_LINE = '  - {caption: "Worked solutions"'
CHAPTER = "book/counting/tfidf.html"
PHONE = {"width": 390, "height": 844}
SPACE_FOR_LINKS = {"width": 1400, "height": 900}


def files_in(toc: object) -> Iterator[str]:
    """Every page of a table of contents, in reading order."""
    if isinstance(toc, dict):
        for key in ("root", "file"):
            if key in toc:
                yield toc[key]
        for key in ("parts", "chapters", "sections"):
            yield from files_in(toc.get(key, []))
    elif isinstance(toc, list):
        for entry in toc:
            yield from files_in(entry)


TOC = list(files_in(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))
PAGES = [f"{document}.html" for document in TOC]


@pytest.fixture(scope="module")
def pages(book_html: Path) -> dict[str, BeautifulSoup]:
    """Every built page, the index and search pages included, by its path from the folder of the book."""
    return {
        path.relative_to(book_html).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(book_html.rglob("*.html"))
        if "_static" not in path.relative_to(book_html).parts
    }


# ---------------------------------------------------------------------------------------------------------- the files


def test_the_book_is_exactly_the_pages_of_the_table_of_contents(pages):
    made_by_sphinx = {"index.html", "genindex.html", "search.html"}
    assert set(pages) - made_by_sphinx == set(PAGES)


def test_every_picture_has_alternative_text(pages):
    without = [f"{page}: {image}" for page, soup in pages.items() for image in soup("img") if not image.get("alt", "").strip()]
    assert without == []


def test_every_internal_link_and_anchor_leads_somewhere(pages, book_html):
    anchors = {page: {tag["id"] for tag in soup(id=True)} | {tag["name"] for tag in soup("a", attrs={"name": True})} for page, soup in pages.items()}
    broken = []
    checked = 0
    for page, soup in pages.items():
        for link in soup("a", href=True):
            url = urlsplit(urljoin(f"book://host/{page}", link["href"]))
            if url.scheme != "book":
                continue
            target, anchor = unquote(url.path).lstrip("/"), unquote(url.fragment)
            checked += 1
            if not (book_html / target).is_file() or (anchor and target in anchors and anchor not in anchors[target]):
                broken.append(f"{page}: {link['href']}")
    assert checked > 10 * len(TOC)
    assert broken == []


def test_pages_and_styles_load_nothing_from_another_host(pages, book_html):
    foreign = re.compile(r"^(https?:)?//")
    loads = [
        f"{page}: {tag.name} {tag[attribute]}"
        for page, soup in pages.items()
        for attribute in ("src", "srcset", "data", "href")
        for tag in soup(["script", "img", "iframe", "source", "video", "audio", "embed", "object", "link"], attrs={attribute: foreign})
        if tag.name != "link" or not {"canonical", "next", "prev"}.intersection(tag.get("rel", []))
    ]
    for style in book_html.rglob("*.css"):
        loads += [f"{style.name}: {url}" for url in re.findall(r"url\(\s*['\"]?((?:https?:)?//[^)]*)", style.read_text(encoding="utf-8"))]
    assert loads == []


@pytest.mark.parametrize("document", [document for document in TOC if (ROOT / f"{document}.ipynb").exists()])
def test_a_notebook_page_offers_the_notebook_itself(pages, book_html, document):
    links = {link["href"] for link in pages[f"{document}.html"]("a", href=True)}
    assert f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/{document}.ipynb" in links
    assert f"https://mybinder.org/v2/gh/{REPOSITORY}/main?urlpath=lab/tree/{document}.ipynb" in links
    assert f"https://github.com/{REPOSITORY}/edit/main/{document}.ipynb" in links
    assert any(link.startswith(f"https://github.com/{REPOSITORY}/issues/new") for link in links)
    download = book_html / "_sources" / f"{document}.ipynb"
    assert download.read_bytes() == (ROOT / f"{document}.ipynb").read_bytes()


def test_without_the_line_of_the_worked_solutions_the_book_builds_without_them(tmp_path):
    lines = (ROOT / "_toc.yml").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(SOLUTIONS_LINE)]
    assert len(kept) == len(lines) - 1
    (tmp_path / "_toc.yml").write_text("".join(kept), encoding="utf-8")
    shutil.copy(ROOT / "_config.yml", tmp_path)
    shutil.copytree(ROOT / "book", tmp_path / "book", ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "embcourse").symlink_to(ROOT / "embcourse")  # chapters show its source
    first_page = build(tmp_path)  # raises on a warning, so also on a page that refers to a solution
    assert (first_page.parent / CHAPTER).exists()
    assert not (first_page.parent / "solutions").exists()


# -------------------------------------------------------------------------------------------------------- the figures


def test_a_figure_drawn_twice_gives_the_same_bytes(tmp_path):
    def draw(name: str) -> bytes:
        with rc_context():
            use_book_style()
            figure = Figure()
            axes = figure.add_subplot()
            axes.plot([0, 1], [1, 0], marker="o", label="a line")
            axes.fill_between([0, 1], [0, 1], hatch="//")
            axes.legend()
            figure.savefig(tmp_path / name, metadata={"Date": None})
        return (tmp_path / name).read_bytes()

    assert draw("first.svg") == draw("second.svg")


def test_groups_differ_in_marker_and_colour_and_there_are_only_eight():
    styles = groups(list("abcdefgh")).values()
    assert len({style["marker"] for style in styles}) == len({style["color"] for style in styles}) == 8
    with pytest.raises(ValueError, match="groups: names must hold at most 8"):
        groups(list("abcdefghi"))


def test_labels_of_a_small_map_do_not_overlap():
    axes = Figure(figsize=(6, 4)).add_subplot()
    points = np.random.default_rng(0).uniform(size=(12, 2))
    label_points(axes, points, [f"word {number}" for number in range(12)])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[:index])


def test_labels_must_match_the_points():
    with pytest.raises(ValueError, match=r"label_points: points must have shape \(n, 2\) with n = 1"):
        label_points(Figure().add_subplot(), [[0, 0], [1, 1]], ["one"])


# -------------------------------------------------------------------------------------------------------- the browser


@pytest.fixture
def open_page(browser, book_url) -> Iterator[Callable]:
    """Opens a page of the book. When the test ends, no page may have logged an error or left the local server."""
    contexts, troubles = [], []

    def open_page(path: str, **options):
        context = browser.new_context(**({"viewport": SPACE_FOR_LINKS} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if foreign(request.url) else None)
        page.on("response", lambda answer: troubles.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
        page.goto(book_url + path, wait_until="load")
        return page

    def foreign(url: str) -> bool:
        return not url.startswith((book_url, "data:", "blob:"))

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def has_drawn_its_pictures(page) -> bool:
    pictures = page.locator("article img").all()
    return bool(pictures) and all(picture.evaluate("image => image.complete && image.naturalWidth > 0") for picture in pictures)


def has_set_its_formulas(page) -> bool:
    page.wait_for_function("window.MathJax?.startup?.promise !== undefined")
    page.evaluate("MathJax.startup.promise.then(() => null)")
    formulas = page.locator("article mjx-container")
    boxes = [formula.bounding_box() for formula in formulas.all()]
    return bool(boxes) and page.locator("mjx-merror").count() == 0 and all(box is None or box["width"] > 0 for box in boxes)


def test_the_first_page_shows_its_picture_and_three_paths(open_page):
    page = open_page("index.html")  # which leads on to the first page
    page.wait_for_url("**/book/index.html")
    page.wait_for_load_state("load")
    assert page.locator("h1").inner_text().startswith("From Counts to Context")
    assert has_drawn_its_pictures(page)
    cards = page.locator("section#three-ways-through .sd-card-title").all_inner_texts()
    assert [card.strip() for card in cards] == ["Read", "Study", "Teach"]


def test_a_chapter_sets_its_formulas_and_draws_its_figures(open_page):
    page = open_page(CHAPTER)
    assert has_set_its_formulas(page)
    assert has_drawn_its_pictures(page)
    assert page.locator("article figure").count() >= 3


def test_search_finds_inverse_document_frequency(open_page):
    page = open_page("search.html?q=inverse+document+frequency")
    page.locator("#search-results ul.search li a").first.wait_for()
    page.wait_for_function("document.querySelector('#search-progress')?.textContent !== 'Searching'")
    found = [link.get_attribute("href").split("?")[0].split("#")[0] for link in page.locator("ul.search li a").all()]
    assert CHAPTER in found and "book/glossary.html" in found


def test_dark_mode_turns_page_and_figures_dark_and_is_remembered(open_page):
    page = open_page(CHAPTER, color_scheme="light")
    brightness = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
    mode = "document.documentElement.dataset.theme"
    assert page.evaluate(mode) == "light" and page.evaluate(brightness) > 200
    for _ in range(3):  # the button goes through light, dark and the system's choice
        if page.evaluate(mode) == "dark":
            break
        page.locator("button.theme-switch-button:visible").first.click()
    assert page.evaluate(mode) == "dark" and page.evaluate(brightness) < 60
    filters = page.locator("article .cell_output img[src$='.svg']").evaluate_all("all => all.map(image => getComputedStyle(image).filter)")
    assert filters and all("invert" in value for value in filters)
    page.reload()
    assert page.evaluate(mode) == "dark"


def test_no_page_scrolls_sideways_on_a_phone(open_page, book_url):
    page = open_page(PAGES[0], viewport=PHONE)
    wide = {}
    for path in PAGES:
        page.goto(book_url + path, wait_until="load")
        if page.locator("article .math").count():
            has_set_its_formulas(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
    assert wide == {}


def test_next_walks_through_the_whole_book_and_previous_back(open_page, book_url):
    page = open_page(PAGES[0])

    def follow(link: str) -> list[str]:
        visited = [page.url.removeprefix(book_url)]
        while page.locator(link).count():
            page.locator(link).click()
            page.wait_for_load_state("load")
            visited.append(page.url.removeprefix(book_url))
            assert len(visited) <= len(PAGES), f"the walk does not end: {visited}"
        return visited

    assert follow("a.right-next") == PAGES
    assert follow("a.left-prev") == PAGES[::-1]


def test_the_keyboard_reaches_links_and_shows_where_it_is(open_page):
    page = open_page("book/index.html")
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => { const focused = document.activeElement, style = getComputedStyle(focused);
                return {tag: focused.tagName, text: focused.textContent.trim().slice(0, 40),
                        outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2}; }"""
            )
        )
    assert {"A", "BUTTON"} <= {focus["tag"] for focus in seen}
    assert [focus for focus in seen if not focus["outline"]] == []
