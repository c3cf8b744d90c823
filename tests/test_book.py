"""The book as a reader meets it: its files, then its pages in a browser."""

import re
import shutil
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from embcourse.checking import CheckFailed, check, find, judge
from embcourse.figures.landing import GROUPS, word_to_map
from embcourse.figures.style import groups, label_points, use_book_style
from embcourse.publishing import build
from embcourse.text import Vocabulary
from tests.notebooks import ROOT, committed_files
from tests.pages import PAGES, PHONE, TOC, wait_for_formulas

SWITCH = "worked_solutions: true"
CHAPTER = "book/counting/tfidf.html"


# ---------------------------------------------------------------------------------------- the files


def test_the_book_is_exactly_the_pages_of_the_table_of_contents(pages):
    made_by_sphinx = {"index.html", "genindex.html", "search.html"}
    assert set(pages) - made_by_sphinx == set(PAGES)


def test_the_folder_opens_on_the_first_page(pages):
    refresh = pages["index.html"].find(
        "meta", attrs={"http-equiv": re.compile("refresh", re.IGNORECASE)}
    )
    assert refresh["content"].split("url=")[1].strip("'") == PAGES[0]


def test_every_picture_has_alternative_text(pages):
    images = [(page, image) for page, soup in pages.items() for image in soup("img")]
    assert [f"{page}: {image}" for page, image in images if not image.get("alt", "").strip()] == []


def test_no_table_is_left_as_text(pages):
    for name, page in pages.items():
        for paragraph in page.find_all("p"):
            assert "|—|" not in paragraph.text and "|---|" not in paragraph.text, (
                f"{name}: {paragraph.text[:60]}"
            )


def test_no_directive_is_left_as_text(pages):
    """A title with a backtick, for one, must not stand behind three of them: the directive would be
    a piece of code."""
    left = re.compile(
        r"\{(dropdown|listing|glue:\w+|term|cite:\w|doc|admonition)\}|:class-container:"
    )
    for name, page in pages.items():
        for paragraph in page.find_all("p"):
            assert not left.search(paragraph.text), f"{name}: {paragraph.text[:60]}"


def test_every_internal_link_and_anchor_leads_somewhere(pages, book_html):
    anchors = {page: {tag["id"] for tag in soup(id=True)} for page, soup in pages.items()}
    broken = []
    checked = 0
    for page, soup in pages.items():
        for link in soup("a", href=True):
            url = urlsplit(urljoin(f"http://book/{page}", link["href"]))
            if (url.scheme, url.netloc) != ("http", "book"):
                continue
            target, anchor = unquote(url.path).lstrip("/"), unquote(url.fragment)
            checked += 1
            if not (book_html / target).is_file() or (
                anchor and target in anchors and anchor not in anchors[target]
            ):
                broken.append(f"{page}: {link['href']}")
    assert checked > 10 * len(TOC)
    assert broken == []


def test_pages_and_styles_load_nothing_from_another_host(pages, book_html):
    foreign = re.compile(r"^(https?:)?//")
    loaders = ["script", "img", "iframe", "source", "video", "audio", "embed", "object", "link"]
    loads = [
        f"{page}: {tag.name} {tag[attribute]}"
        for page, soup in pages.items()
        for attribute in ("src", "srcset", "data", "href")
        for tag in soup(loaders, attrs={attribute: foreign})
        # an address to cite, which nothing loads
        if tag.name != "link" or "canonical" not in tag["rel"]
    ]
    for style in book_html.rglob("*.css"):
        urls = re.findall(r"url\(\s*['\"]?((?:https?:)?//[^)]*)", style.read_text(encoding="utf-8"))
        loads += [f"{style.name}: {url}" for url in urls]
    assert loads == []


@pytest.mark.parametrize(
    "document", [document for document in TOC if (ROOT / f"{document}.ipynb").exists()]
)
def test_a_notebook_page_offers_the_notebook_itself(pages, book_html, document):
    links = {link["href"] for link in pages[f"{document}.html"]("a", href=True)}
    assert any(link.endswith(f"_sources/{document}.ipynb") for link in links)
    download = book_html / "_sources" / f"{document}.ipynb"
    assert download.read_bytes() == (ROOT / f"{document}.ipynb").read_bytes()


def test_one_switch_leaves_the_worked_solutions_out(tmp_path):
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    assert config.count(SWITCH) == 1
    (tmp_path / "_config.yml").write_text(
        config.replace(SWITCH, SWITCH.replace("true", "false")), encoding="utf-8"
    )
    shutil.copy(ROOT / "_toc.yml", tmp_path)
    for folder in ("book", "solutions"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "embcourse").symlink_to(ROOT / "embcourse")  # chapters show its source
    first_page = build(tmp_path)  # raises on a warning, so also on a page that refers to a solution
    assert (first_page.parent / CHAPTER).exists()
    assert not (first_page.parent / "solutions").exists()
    assert "Worked solutions" not in (first_page.parent / CHAPTER).read_text(encoding="utf-8")


def test_every_work_of_the_bibliography_is_cited():
    listed = set(
        re.findall(
            r"^@\w+\{([\w-]+),",
            (ROOT / "book/references.bib").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    texts = [path for path in committed_files() if path.suffix in (".ipynb", ".md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in texts)
    cited = {
        key.strip()
        for keys in re.findall(r"\{cite:?\w*\}`([^`]+)`", text)
        for key in keys.split(",")
    }
    assert listed - cited == set()


def test_the_report_that_students_are_shown_is_the_one_that_check_prints(capsys):
    page = (ROOT / "book/how_to/student.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(def idf\(counts\):\n    counts.*?)check\(", page, re.DOTALL)[1]
    shown = re.search(r"```text\n(tfidf\.idf .*?)```", page, re.DOTALL)[1]
    notebook = {"np": np}
    exec(code, notebook)
    with pytest.raises(CheckFailed):
        check("tfidf.idf", notebook["idf"])
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("dtype", "passes", "stable"),
    [
        (np.float64, True, True),
        (np.longdouble, True, True),
        (np.float32, True, False),
        (np.float16, False, False),
    ],
)
def test_the_precision_that_students_are_told_is_the_one_that_is_asked_for(dtype, passes, stable):
    for name, expected in (
        ("tfidf.term_frequency", passes),
        ("attention.softmax", passes and stable),
    ):
        exercise = find(name)
        verdict = judge(
            exercise, lambda *args, reference=exercise.reference: reference(*args).astype(dtype)
        )
        assert (verdict.points == exercise.points) == expected, f"{name}: {verdict.points}"
        assert (verdict.points > 0) == passes


# -------------------------------------------------------------------------------------- the figures


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
    assert (
        len({style["marker"] for style in styles}) == len({style["color"] for style in styles}) == 8
    )
    with pytest.raises(ValueError, match="groups: names must hold at most 8"):
        groups(list("abcdefghi"))


def test_labels_of_a_small_map_do_not_overlap():
    axes = Figure(figsize=(6, 4)).add_subplot()
    points = np.random.default_rng(0).uniform(size=(12, 2))
    label_points(axes, points, [f"word {number}" for number in range(12)])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[:index])


def test_labels_must_match_the_points():
    with pytest.raises(
        ValueError, match=r"label_points: points must have shape \(n, 2\) with n = 1"
    ):
        label_points(Figure().add_subplot(), [[0, 0], [1, 1]], ["one"])


@pytest.mark.parametrize(
    ("word", "lines", "rows", "message"),
    [
        (
            "bread",
            ["Give us this day our daily bread."],
            3,
            "counts must have 52 rows, got shape \\(3,\\)",
        ),
        ("bread", ["Give us this day."], 52, "lines must contain 'bread'"),
        ("loaf", ["A loaf."], 52, "word must be one of the words in GROUPS, got 'loaf'"),
    ],
)
def test_the_picture_of_the_first_page_names_what_does_not_fit(word, lines, rows, message):
    vocabulary = Vocabulary([token for tokens in GROUPS.values() for token in tokens])
    row = np.ones(rows)
    with pytest.raises(ValueError, match=f"word_to_map: {message}"):
        word_to_map(lines, word, vocabulary, row, row, np.eye(rows), window=4)


# -------------------------------------------------------------------------------------- the browser


def has_drawn_its_pictures(page) -> bool:
    widths = page.locator("article img").evaluate_all("all => all.map(image => image.naturalWidth)")
    return bool(widths) and min(widths) > 0


def has_set_its_formulas(page) -> bool:
    wait_for_formulas(page)
    widths = page.locator("article mjx-container:visible").evaluate_all(
        "all => all.map(box => box.clientWidth)"
    )
    return bool(widths) and min(widths) > 0 and page.locator("mjx-merror").count() == 0


def test_the_first_page_shows_its_picture_and_three_paths(open_page):
    page = open_page(PAGES[0])
    assert page.locator("article h1").inner_text().startswith("From Counts to Context")
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
    page.wait_for_function(
        "document.querySelector('#search-progress')?.textContent !== 'Searching'"
    )
    found = [
        link.get_attribute("href").split("?")[0].split("#")[0]
        for link in page.locator("ul.search li a").all()
    ]
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
    plots = page.locator("article .cell_output img[src$='.svg']")
    filters = plots.evaluate_all("all => all.map(image => getComputedStyle(image).filter)")
    assert filters and all("invert" in value for value in filters)
    page.reload()
    assert page.evaluate(mode) == "dark"


def test_no_page_scrolls_sideways_on_a_phone(open_page, book_url):
    page = open_page(PAGES[0], viewport=PHONE)
    wide = {}
    for path in PAGES:
        page.goto(book_url + path, wait_until="load")
        if page.locator("article .math").count():
            wait_for_formulas(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
    assert wide == {}


def test_next_walks_through_the_whole_book_and_previous_leads_back(open_page, book_url):
    page = open_page(PAGES[0])
    for before, path, after in zip([None, *PAGES], PAGES, [*PAGES[1:], None], strict=False):
        assert page.url == book_url + path
        back = page.locator("a.left-prev").evaluate_all("all => all.map(link => link.href)")
        assert back == ([book_url + before] if before else [])
        if after:
            page.locator("a.right-next").click()
            page.wait_for_url(book_url + after)
    assert page.locator("a.right-next").count() == 0


def test_the_keyboard_reaches_links_and_shows_where_it_is(open_page):
    page = open_page("book/index.html")
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => { const focused = document.activeElement,
                                style = getComputedStyle(focused);
                return {tag: focused.tagName, text: focused.textContent.trim().slice(0, 40),
                        outline: style.outlineStyle !== 'none' &&
                                    parseFloat(style.outlineWidth) >= 2}; }"""
            )
        )
    assert {"A", "BUTTON"} <= {focus["tag"] for focus in seen}
    assert [focus for focus in seen if not focus["outline"]] == []
