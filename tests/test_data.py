"""Corpora, benchmarks, weights: exact counts, alignment, and downloads from a real server."""

import ast
import hashlib
import http.server
import importlib
import importlib.util
import io
import json
import pkgutil
import re
import socket
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import embcourse.data as data
from embcourse.text import tokenize

TRANSLATIONS = ("kjv", "asv", "web", "bbe")
# The submodules share their names with the loaders, which hide them as attributes of the package.
bible_module = sys.modules["embcourse.data.bible"]
text8_module = sys.modules["embcourse.data.text8"]


def test_importing_the_room_loads_no_data_package():
    heavy = (
        "gensim torch transformers pythonbible simple_icd_10_cm wordllama safetensors scipy tqdm"
        " numba".split()
    )
    code = f"import sys, embcourse.data; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


# A loader that asks for something, and what it is given here.
ARGUMENTS = {bible_module._load: ("asv",)}


def loaders_from_packages():
    """Every loader of the modules that read installed packages, found by its cache."""
    for found in pkgutil.iter_modules(data.__path__, "embcourse.data."):
        module = importlib.import_module(found.name)
        if not {"packaged_file", "packaged_module"} & set(vars(module)):
            continue
        for name, load in vars(module).items():
            if hasattr(load, "cache_info") and (load in ARGUMENTS or not name.startswith("_")):
                yield load


def test_loaders_are_found_by_their_cache():
    assert {data.lee, data.minilm, bible_module._load} <= set(loaders_from_packages())


def test_a_loader_returns_the_same_object_again():
    for load in (data.lee, data.wordsim353, data.google_analogies, data.sample):
        assert load() is load()
    assert data.bible("asv") is data.bible("asv")
    assert data.bible() is data.bible("kjv")
    assert data.aligned_verses("kjv", "web") is data.aligned_verses("kjv", "web")


# --- Bible ---


@pytest.mark.parametrize("translation", TRANSLATIONS)
def test_every_translation_has_31102_rows_in_one_numbering(translation):
    bible = data.bible(translation)
    assert len(bible) == len(bible.verses) == len(bible.references) == 31_102
    assert (
        bible.ids.dtype == np.int32
        and (np.diff(bible.ids) > 0).all()
        and not bible.ids.flags.writeable
    )
    np.testing.assert_array_equal(bible.ids, data.bible("kjv").ids)
    assert (
        len(bible.books) == 66
        and sum(1 for _ in {(r.book, r.chapter) for r in bible.references}) == 1_189
    )
    for row in (0, 12_345, 31_101):
        book, rest = divmod(int(bible.ids[row]), 1_000_000)
        assert bible.references[row] == (bible.books[book - 1], *divmod(rest, 1_000))


def test_verses_left_out_are_the_ones_that_the_oldest_manuscripts_lack():
    absent = {
        t: {
            str(reference)
            for reference, verse in zip(data.bible(t).references, data.bible(t).verses)
            if not verse
        }
        for t in TRANSLATIONS
    }
    assert absent["kjv"] == set()
    assert absent["web"] == {"Luke 17:36", "Acts 8:37", "Acts 15:34", "Acts 24:7"}
    assert len(absent["asv"]) == 16 and absent["web"] < absent["asv"]
    assert absent["bbe"] == absent["asv"] | {"1 Samuel 13:1"}


@pytest.mark.parametrize(
    ("translation", "words"),
    [("kjv", 789_676), ("asv", 783_550), ("web", 763_307), ("bbe", 839_160)],
)
def test_verses_hold_no_markup(translation, words):
    verses = data.bible(translation).verses
    assert sum(len(verse.split()) for verse in verses) == words
    assert {sign for sign in Counter("".join(verses)) if not sign.isalpha()} <= set(
        " ,.;:?!'\"-()—"
    )
    unclean = re.compile(
        r"^\s|\s$|\s\s|\s[,.;:?!]|\( |[,;?!][A-Za-z]|\w- \w"  # spacing
        r"|Chief Musician|^(?:To|For) the chief music-maker|Maschil|Michtam|Song of"
        r" Ascents|\bBOOK\b"
        r"|Song of the going up"
        r"|inserted by|(?:Beloved|Lover|Friends|[A-Z]{3,})$"  # headings
    )
    assert [verse for verse in verses if unclean.search(verse)] == []


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            ("Genesis", 1, 1),
            {
                "kjv": "In the beginning God created the heaven and the earth.",
                "bbe": "At the first God made the heaven and the earth.",
            },
        ),
        # The Bible in Basic English after the package's displacement began, and where it counts
        # otherwise.
        (
            ("Genesis", 43, 1),
            {
                "kjv": "And the famine was sore in the land.",
                "bbe": "Now the land was in bitter need of food.",
            },
        ),
        (
            ("Psalms", 3, 8),
            {
                "kjv": "Salvation belongeth unto the LORD: thy blessing is upon thy people. Selah.",
                "asv": "Salvation belongeth unto Jehovah: Thy blessing be upon thy people. Selah",
                "web": "Salvation belongs to Yahweh. Your blessing be on your people. Selah.",
                "bbe": "Salvation comes from the Lord; your blessing is on your people. (Selah.)",
            },
        ),
        (
            ("Psalms", 51, 2),
            {
                "kjv": "Wash me throughly from mine iniquity, and cleanse me from my sin.",
                "bbe": "Let all my wrongdoing be washed away, and make me clean from evil.",
            },
        ),
        (
            ("Psalms", 119, 9),
            {"bbe": "How may a young man make his way clean? by guiding it after your word."},
        ),
        (("Psalms", 119, 8), {"web": "I will observe your statutes. Don't utterly forsake me."}),
        (
            ("Isaiah", 65, 17),
            {
                "web": (
                    "For, behold, I create new heavens and a new earth; and the former things shall"
                    " not be remembered, nor come into mind."
                )
            },
        ),
        (
            ("John", 1, 45),
            {
                "bbe": (
                    "Philip came across Nathanael and said to him, We have made a discovery! It is"
                    " he of whom Moses, in the law, and the prophets were writing, Jesus of"
                    " Nazareth, the son of Joseph."
                )
            },
        ),
        (("John", 11, 35), {"kjv": "Jesus wept.", "asv": "Jesus wept.", "web": "Jesus wept."}),
        (("Job", 42, 17), {"web": "So Job died, being old and full of days."}),
        (
            ("Romans", 16, 27),
            {
                "web": (
                    "to the only wise God, through Jesus Christ, to whom be the glory forever! "
                    "Amen."
                )
            },
        ),
        (
            ("Revelation", 22, 21),
            {
                "kjv": "The grace of our Lord Jesus Christ be with you all. Amen.",
                "bbe": "The grace of the Lord Jesus be with the saints. So be it.",
            },
        ),
    ],
)
def test_known_verses_stand_where_they_should(reference, expected):
    assert {translation: data.bible(translation)[reference] for translation in expected} == expected


@pytest.mark.parametrize("translation", ["asv", "web", "bbe"])
def test_each_chapter_matches_the_kjv_best_without_a_shift(translation):
    """A chapter that is off by one verse would share more words with its neighbours."""
    ours, kjv = ([set(tokenize(v)) for v in data.bible(t).verses] for t in (translation, "kjv"))
    chapters = data.bible().ids // 1_000
    starts = [0, *(np.flatnonzero(np.diff(chapters)) + 1).tolist(), len(chapters)]
    frequent = {
        word for word, n in Counter(word for verse in kjv for word in verse).items() if n > 2_000
    }

    def shared(start, stop, shift):
        pairs = zip(
            kjv[start + 1 : stop - 1], ours[start + 1 + shift : stop - 1 + shift], strict=True
        )
        return sum(len((a & b) - frequent) / (1 + len(a | b)) for a, b in pairs)

    shifted = [
        str(data.bible().references[start])
        for start, stop in pairwise(starts)
        if stop - start > 3
        and shared(start, stop, 0) <= max(shared(start, stop, -1), shared(start, stop, 1))
    ]
    assert shifted == []


def test_aligned_verses_drop_what_one_of_them_lacks():
    four = data.aligned_verses()
    assert four.translations == TRANSLATIONS and len(four) == 31_085 == len(four.ids)
    assert [len(texts) for texts in four.texts] == [31_085] * 4 and all(
        all(texts) for texts in four.texts
    )
    assert len(data.aligned_verses("kjv", "web")) == 31_098
    web, kjv = data.aligned_verses("web", "kjv").texts
    row = data.aligned_verses("web", "kjv").references.index(("Psalms", 23, 1))
    assert web[row] == "Yahweh is my shepherd: I shall lack nothing."
    assert kjv[row] == "The LORD is my shepherd; I shall not want."


@pytest.mark.parametrize("translations", [("kjv",), ("kjv", "web", "kjv")])
def test_aligning_needs_two_different_translations(translations):
    with pytest.raises(
        ValueError, match="aligned_verses: translations must be two or more different ones"
    ):
        data.aligned_verses(*translations)


def test_unknown_translation_and_unknown_verse_are_named():
    with pytest.raises(
        ValueError, match=r"bible: translation must be 'kjv', 'asv', 'web' or 'bbe', got 'niv'"
    ):
        data.bible("niv")
    for reference in [
        ("Genesis", 1, 99),
        ("Gandalf", 1, 1),
        ("Revelation", 22, 22),
        ("Genesis", 0, 1001),
    ]:
        with pytest.raises(
            KeyError, match=rf"no verse {reference[0]} {reference[1]}:{reference[2]}"
        ):
            data.bible()[reference]


def test_offsets_of_a_corrected_package_would_be_taken_as_they_are():
    class Source:
        scripture_content = "\\1:2\\One. Two."
        verse_start_indices = {1: 0, 2: 9}
        verse_end_indices = {1: 9, 2: 14}

    assert bible_module._cut(Source) == {1: "\\1:2\\One.", 2: " Two."}


# --- gensim's test data ---


def test_wikipedia_has_106_articles_without_markup():
    from gensim.corpora.wikicorpus import tokenize as gensim_tokenize

    articles = data.wikipedia()
    assert len(articles) == 106 == len({article.title for article in articles})
    assert (articles[0].title, articles[-1].title) == ("Anarchism", "Algorithm")
    assert sum(len(gensim_tokenize(article.text, 2, 15, True)) for article in articles) == 452_408
    assert all(len(article.text) > 300 for article in articles)
    left = re.compile(
        r"\[\[|\]\]|\{\{|\}\}|'''|''|^==|==$|<ref|^[*#]|\(\)|\.jpe?g\||\|thumb|\dpx",
        re.MULTILINE | re.IGNORECASE,
    )
    assert [article.title for article in articles if left.search(article.text)] == []


def test_lee_has_300_and_50_documents_and_a_symmetric_matrix():
    news = data.lee()
    assert (len(news.background), len(news.documents)) == (300, 50)
    assert sum(len(text.split()) for text in news.background) == 59_890
    assert sum(len(text.split()) for text in news.documents) == 3_983
    assert [row for row, text in enumerate(news.documents) if "£3,000" in text] == [40]
    similarities = data.lee_similarities()
    assert (
        similarities.shape == (50, 50)
        and similarities.dtype == np.float64
        and not similarities.flags.writeable
    )
    np.testing.assert_array_equal(similarities, similarities.T)
    np.testing.assert_array_equal(np.diag(similarities), np.ones(50))
    pairs = similarities[np.triu_indices(50, 1)]
    assert len(pairs) == 1_225 and (pairs.min(), pairs.max()) == (0.2, 1.0)
    assert similarities[0, 49] == similarities[49, 0] == 0.5


def test_word_pairs_have_their_published_sizes():
    wordsim, simlex = data.wordsim353(), data.simlex999()
    assert (len(wordsim), len(simlex)) == (353, 999)
    assert len({word for pair in wordsim for word in pair[:2]}) == 437
    assert len({word for pair in simlex for word in pair[:2]}) == 1_028
    assert all(0 <= pair.score <= 10 for pair in wordsim + simlex)
    assert wordsim[-1] == ("architecture", "century", 3.78) and simlex[-1][:2] == (
        "attend",
        "arrive",
    )
    twice = Counter(frozenset(pair[:2]) for pair in wordsim)
    assert {pair for pair, n in twice.items() if n > 1} == {
        frozenset({"money", "cash"}),
        frozenset({"money", "bank"}),
    }


def test_analogies_have_19544_questions_in_14_sections():
    sections = data.google_analogies()
    assert len(sections) == 14
    grammar = sum(len(questions) for name, questions in sections.items() if name.startswith("gram"))
    assert (grammar, sum(map(len, sections.values()))) == (10_675, 19_544)
    assert next(iter(sections)) == "capital-common-countries" and len(sections["family"]) == 506
    assert sections["capital-common-countries"][0] == ("Athens", "Greece", "Baghdad", "Iraq")
    with pytest.raises(TypeError):
        sections["family"] = ()


# --- ICD-10-CM ---


def test_icd10cm_is_a_tree_of_98505_codes():
    tree = data.icd10cm()
    assert (
        len(tree)
        == len(tree.codes)
        == len(tree.descriptions)
        == len(tree.parents)
        == len(tree.chapters)
        == 98_505
    )
    roots = np.flatnonzero(tree.parents < 0)
    assert [tree.codes[row] for row in roots] == [str(number) for number in range(1, 23)]
    others = np.flatnonzero(tree.parents >= 0)
    assert (tree.parents[others] < others).all()
    np.testing.assert_array_equal(tree.chapters[others], tree.chapters[tree.parents[others]])
    np.testing.assert_array_equal(tree.chapters[roots], roots)
    assert (
        all(tree.descriptions) and sum(len(text.split()) for text in tree.descriptions) == 953_420
    )


def test_icd10cm_agrees_with_the_package_on_every_code_that_stands_once():
    import simple_icd_10_cm

    tree = data.icd10cm()
    once = [code for code, n in Counter(tree.codes).items() if n == 1]
    assert len(once) == 98_505 - 2 * 39
    for code in once[::50]:
        row = tree.row(code)
        names = [tree.codes[ancestor] for ancestor in tree.ancestors(row)]
        assert names == simple_icd_10_cm.get_ancestors(code)
        assert tree.descriptions[row] == simple_icd_10_cm.get_description(code)


def test_icd10cm_tells_a_block_from_the_category_of_the_same_name():
    tree = data.icd10cm()
    category = tree.row("B20")
    assert tree.descriptions[category] == "Human immunodeficiency virus [HIV] disease"
    block = int(tree.parents[category])
    assert tree.codes[block] == "B20" and tree.descriptions[block].endswith("(B20)")
    assert tree.ancestors(category) == (block, tree.row("1"))
    assert int(tree.parents[tree.row("B10.0")]) == tree.row("B10")


def test_icd10cm_names_an_unknown_code_and_an_impossible_row():
    with pytest.raises(KeyError, match="no ICD-10-CM code 'ZZZ'"):
        data.icd10cm().row("ZZZ")
    for row in (-1, 98_505):
        with pytest.raises(IndexError, match=f"row must be in 0..98504, got {row}"):
            data.icd10cm().ancestors(row)


# --- Python functions ---


def test_functions_of_the_standard_library_agree_with_the_running_interpreter():
    import inspect
    import textwrap as module

    functions = {function.qualified_name: function for function in data.python_functions()}
    assert len(functions) == len(data.python_functions()) > 5_000
    assert not [
        name
        for name in functions
        if name.startswith(("test.", "site-packages", "idlelib.", "lib2to3."))
    ]
    for function in (module.dedent, module.TextWrapper.wrap, module.TextWrapper._wrap_chunks):
        ours = functions[f"textwrap.{function.__qualname__}"]
        assert ours.docstring == inspect.getdoc(function)
        assert ours.source.strip() == module.dedent(inspect.getsource(function)).strip()
    for function in list(functions.values())[::40]:
        assert function.docstring and re.search(rf"\bdef {function.name}\s*[\[(]", function.source)
    assert ast.parse(functions["functools.wraps"].source).body[0].name == "wraps"


def test_functions_are_read_in_a_fixed_order_and_only_from_what_parses(tmp_path):
    package = tmp_path / "pack"
    (package / "tests").mkdir(parents=True)
    (package / "tests" / "c.py").write_text('def hidden():\n    "Doc."\n')
    (package / "b.py").write_text("this is not Python\n")
    (package / "latin.py").write_bytes(
        '# coding: latin-1\ndef pound():\n    "Costs £1."\n'.encode("latin-1")
    )
    (package / "a.py").write_text(
        'try:\n    import x\nexcept ImportError:\n    def fallback():\n        "Doc of'
        ' fallback."\nclass C:\n    @property\n    def value(self):\n        """Doc of value.\n\n  '
        '      More."""\n\n    @value.setter\n    def value(self, new):\n        "Doc of the'
        ' setter."\ndef bare():\n    pass\n\nasync def later():\n    "Doc of later."\n    def'
        ' inner():\n        "Doc of inner."\n'
    )
    (package / "__init__.py").write_text('def top():\n    "Doc of top."\n')
    found = data.python_functions([package])
    assert [function.qualified_name for function in found] == [
        "pack.top",
        "pack.a.fallback",
        "pack.a.C.value",
        "pack.a.later",
        "pack.latin.pound",
    ]
    assert found[2] == (
        "value",
        "pack.a.C.value",
        '@property\ndef value(self):\n    """Doc of value.\n\n    More."""',
        "Doc of value.\n\nMore.",
    )
    assert found[4].docstring == "Costs £1."


def test_functions_want_a_list_of_existing_folders(tmp_path):
    with pytest.raises(NotADirectoryError, match="python_functions: no folder .*nowhere"):
        data.python_functions([tmp_path / "nowhere"])
    with pytest.raises(TypeError, match="put it in a list"):
        data.python_functions(str(tmp_path))


# --- pre-trained weights ---


def test_wordllama_vectors_are_those_that_the_library_uses():
    import wordllama
    from tokenizers import Tokenizer

    vectors = data.wordllama_vectors()
    assert vectors.matrix.shape == (32_000, 256) and vectors.matrix.dtype == np.float32
    assert len(set(vectors.tokens)) == 32_000 and not vectors.matrix.flags.writeable
    text = "The king of Wales"
    encoded = Tokenizer.from_file(str(vectors.tokenizer_file)).encode(
        text, add_special_tokens=False
    )
    assert (
        [vectors.tokens[i] for i in encoded.ids]
        == encoded.tokens
        == ["▁The", "▁king", "▁of", "▁Wales"]
    )
    library = wordllama.WordLlama.load(
        cache_dir=Path(wordllama.__file__).parent, disable_download=True
    )
    np.testing.assert_allclose(
        vectors.matrix[encoded.ids].mean(0), library.embed([text])[0], rtol=1e-5, atol=1e-6
    )


def test_minilm_has_the_weights_of_its_config():
    model = data.minilm()
    hidden, inner, layers = (
        model.config[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    assert (hidden, inner, layers, len(model.vocabulary)) == (384, 1_536, 6, 30_522)
    per_layer = 4 * (hidden * hidden + hidden) + 2 * hidden * inner + inner + hidden + 4 * hidden
    embeddings = (30_522 + 512 + 2) * hidden + 2 * hidden
    pooler = hidden * hidden + hidden
    assert (
        sum(array.size for array in model.weights.values())
        == embeddings + layers * per_layer + pooler
        == 22_713_216
    )
    assert {array.dtype for array in model.weights.values()} == {np.dtype(np.float32)} and len(
        model.weights
    ) == 103
    assert not any(array.flags.writeable for array in model.weights.values())
    tokenizer = json.loads((model.folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert {piece: i for i, piece in enumerate(model.vocabulary)} == tokenizer["model"]["vocab"]


# --- sample ---


def test_sample_equals_the_bible_and_the_tokeniser():
    sample = data.sample()
    columns = (("kjv", sample.kjv, sample.kjv_tokens), ("web", sample.web, sample.web_tokens))
    for translation, verses, tokens in columns:
        assert verses == tuple(
            data.bible(translation)[reference] for reference in sample.references
        )
        assert tokens == tuple(tuple(tokenize(verse)) for verse in verses)
    assert (sum(map(len, sample.kjv_tokens)), sum(map(len, sample.web_tokens))) == (79, 78)


# --- a package that is missing ---


@pytest.mark.parametrize("load", list(loaders_from_packages()), ids=lambda load: load.__qualname__)
def test_a_missing_package_is_named_as_pip_knows_it(load, monkeypatch):
    wanted = tomllib.loads(
        (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    )
    lines = wanted["project"]["dependencies"] + wanted["project"]["optional-dependencies"]["data"]
    named = {re.match(r"[\w-]+", line)[0] for line in lines}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"is not installed.*pip install [\w-]+$") as caught:
        load.__wrapped__(*ARGUMENTS.get(load, ()))
    package = str(caught.value).rpartition(" ")[2]
    assert package in named, "a loader's package belongs to `dependencies` or the extra `data`"


def test_every_public_loader_is_tested_here():
    here = Path(__file__).read_text(encoding="utf-8")
    loaders = [name for name in data.__all__ if hasattr(getattr(data, name), "cache_clear")]
    assert len(loaders) > 5
    assert [name for name in loaders if f"data.{name}" not in here] == []


# --- download, against a real server ---

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at every path; `ranges`, `cut_after`, `status` and `content` say how well."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.cut_after, self.status, self.announce = (
            CONTENT,
            True,
            None,
            200,
            True,
        )
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/corpus.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # the name that http.server calls
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        if server.status != 200:
            return self.send_error(server.status)
        start = (
            int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
        )
        if start >= len(server.content):
            return self.send_error(416)
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}"
            )
        if server.announce:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.cut_after])

    def log_message(self, *args):
        """Keep the test's output quiet."""


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_download_fetches_once_and_shows_progress(server, tmp_path, capsys):
    path = data.download(server.url, tmp_path / "new" / "corpus.zip", SHA256.upper(), len(CONTENT))
    assert path.read_bytes() == CONTENT and [p.name for p in path.parent.glob("[!.]*")] == [
        "corpus.zip"
    ]
    assert "corpus.zip: 100%" in capsys.readouterr().err
    assert data.download(server.url, path, SHA256, len(CONTENT)) == path
    assert server.asked == [None]


def test_several_processes_that_want_the_same_file_download_it_once(server, tmp_path):
    path = tmp_path / "corpus.zip"
    program = f"""
from embcourse import data
data.download({server.url!r}, {str(path)!r}, {SHA256!r}, {len(CONTENT)})
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(4)
    ]
    assert [
        (process.communicate(timeout=120)[1][-300:], process.returncode)[1] for process in processes
    ] == [0] * 4
    assert path.read_bytes() == CONTENT and server.asked == [None]


@pytest.mark.parametrize(
    "announce", [True, False], ids=["length announced", "length not announced"]
)
def test_download_goes_on_after_a_cut_connection(server, tmp_path, announce):
    path = tmp_path / "corpus.zip"
    server.cut_after, server.announce = 100_000, announce
    with pytest.raises(
        data.DownloadError, match=r"broke after 100,000 of 300,000 bytes.*run the same again"
    ):
        data.download(server.url, path, SHA256, len(CONTENT))
    assert not path.exists() and (tmp_path / "corpus.zip.part").read_bytes() == CONTENT[:100_000]
    server.cut_after = None
    assert data.download(server.url, path, SHA256, len(CONTENT)).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"] and not (tmp_path / "corpus.zip.part").exists()


def test_download_starts_again_if_the_server_cannot_resume(server, tmp_path):
    (tmp_path / "corpus.zip.part").write_bytes(b"x" * 100_000)
    server.ranges = False
    assert (
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT)).read_bytes()
        == CONTENT
    )


def test_download_does_not_ask_for_a_part_that_is_whole(server, tmp_path):
    (tmp_path / "corpus.zip.part").write_bytes(CONTENT)
    assert (
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT)).read_bytes()
        == CONTENT
    )
    assert server.asked == []


def test_download_replaces_a_part_that_is_too_long(server, tmp_path):
    (tmp_path / "corpus.zip.part").write_bytes(CONTENT + b"more")
    assert (
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT)).read_bytes()
        == CONTENT
    )
    assert server.asked == [None]


def test_download_replaces_a_damaged_file(server, tmp_path):
    (tmp_path / "corpus.zip").write_bytes(b"x" + CONTENT[1:])
    assert (
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT)).read_bytes()
        == CONTENT
    )


@pytest.mark.parametrize(
    "content", [b"x" + CONTENT[1:], CONTENT + b"x" * 900_000], ids=["other bytes", "too long"]
)
def test_download_deletes_a_file_with_a_wrong_checksum(server, tmp_path, content):
    server.content = content
    got = "" if len(content) > len(CONTENT) else hashlib.sha256(content).hexdigest()
    with pytest.raises(
        data.DownloadError, match=rf"(?s)expected 300,000 bytes with SHA-256 {SHA256}, got .*{got}"
    ):
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT))
    assert list(tmp_path.glob("[!.]*")) == []


def test_download_refuses_a_resumed_part_that_was_wrong(server, tmp_path):
    (tmp_path / "corpus.zip.part").write_bytes(b"x" * 100_000)
    with pytest.raises(data.DownloadError, match="not the expected file, and was deleted"):
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT))
    assert (
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT)).read_bytes()
        == CONTENT
    )


def test_download_offline_says_so_and_keeps_the_part(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    part = tmp_path / "corpus.zip.part"
    part.write_bytes(CONTENT[:10])
    with pytest.raises(data.DownloadError, match=r"no connection \(.*refused.*works offline"):
        data.download(
            f"http://127.0.0.1:{port}/corpus.zip", tmp_path / "corpus.zip", SHA256, len(CONTENT)
        )
    assert part.read_bytes() == CONTENT[:10]


def test_download_says_so_if_the_server_hangs_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hang_up = threading.Thread(target=lambda: listener.accept()[0].close())
        hang_up.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/corpus.zip"
        with pytest.raises(data.DownloadError, match="no connection"):
            data.download(url, tmp_path / "corpus.zip", SHA256, len(CONTENT))
        hang_up.join()


def test_download_drops_a_part_longer_than_the_servers_file(server, tmp_path):
    (tmp_path / "corpus.zip.part").write_bytes(CONTENT[:100_000])
    server.content = CONTENT[:50_000]
    with pytest.raises(data.DownloadError, match="the server answered 416"):
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT))
    assert list(tmp_path.glob("[!.]*")) == []


@pytest.mark.parametrize("status", [404, 503])
def test_download_passes_on_what_the_server_answers(server, tmp_path, status):
    server.status = status
    with pytest.raises(data.DownloadError, match=f"the server answered {status}"):
        data.download(server.url, tmp_path / "corpus.zip", SHA256, len(CONTENT))
    assert list(tmp_path.glob("[!.]*")) == []


def test_download_looks_for_space_first(server, tmp_path):
    with pytest.raises(data.DownloadError, match="bytes free, .* are needed; set EMBCOURSE_DATA"):
        data.download(server.url, tmp_path / "corpus.zip", SHA256, 1 << 60)
    assert server.asked == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("file:///etc/hosts", "x", SHA256, 1), "url must begin with http"),
        (("http://127.0.0.1/x", "x", "abc", 1), "sha256 must be 64 hexadecimal digits"),
        (("http://127.0.0.1/x", "x", "g" * 64, 1), "sha256 must be 64 hexadecimal digits"),
        (("http://127.0.0.1/x", "x", SHA256, 0), "size must be at least 1"),
    ],
)
def test_download_names_a_wrong_argument(arguments, message):
    with pytest.raises(ValueError, match=f"download: {message}"):
        data.download(*arguments)


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBCOURSE_DATA", str(tmp_path))
    assert data.cache_folder() == tmp_path
    monkeypatch.delenv("EMBCOURSE_DATA")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data.cache_folder() == tmp_path / "xdg" / "embcourse"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert data.cache_folder() == Path.home() / ".cache" / "embcourse"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert data.cache_folder() == Path.home() / "Library" / "Caches" / "embcourse"


def test_text8_unpacks_what_it_downloads(server, tmp_path, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("text8", " anarchism originated as a term of abuse")
    server.content = packed.getvalue()
    whole = text8_module.Archive(
        server.url,
        hashlib.sha256(server.content).hexdigest(),
        len(server.content),
        "text8",
        characters=40,
    )
    monkeypatch.setenv("EMBCOURSE_DATA", str(tmp_path))
    monkeypatch.setattr(text8_module, "TEXT8", whole)
    assert data.text8.__wrapped__() == " anarchism originated as a term of abuse"
    assert (tmp_path / "corpus.zip").is_file()
    monkeypatch.setattr(text8_module, "TEXT8", whole._replace(characters=41))
    with pytest.raises(data.DownloadError, match="holds 40 characters, expected 41"):
        data.text8.__wrapped__()
