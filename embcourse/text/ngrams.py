"""The pieces of a word."""

from embcourse.arguments import require_text, require_whole


def character_ngrams(
    word: str,
    minimum: int = 3,
    maximum: int = 6,
    *,
    marks: tuple[str, str] = ("<", ">"),
    whole_word: bool = False,
) -> list[str]:
    """Character n-grams of a word between boundary marks, the short ones first, as fastText cuts
    them.

    The marks tell a prefix or suffix from the inside: "her" of "where" is not the word "<her>". An
    n-gram that stands twice is listed twice.

    word      : any string; n-grams count code points.
    minimum   : shortest n-gram, at least 1; maximum: longest, at least minimum. Both count the
                marks.
    marks     : what to put before and after the word; ("", "") for none.
    whole_word: also list the marked word itself if it is longer than maximum or shorter than
                minimum, as in the paper's definition (the fastText program keeps whole words in a
                table of their own instead).
    returns   : list of strings. A lone mark is not an n-gram, so minimum=1 lists the letters only.
    raises    : TypeError if word is not a string; ValueError for sizes out of order.

    >>> character_ngrams("where", 3, 3, whole_word=True)
    ['<wh', 'whe', 'her', 'ere', 're>', '<where>']

    Bojanowski et al. (2017), section 3.2.
    """
    require_text("character_ngrams", "word", word)
    minimum = require_whole("character_ngrams", "minimum", minimum)
    maximum = require_whole("character_ngrams", "maximum", maximum)
    if not 1 <= minimum <= maximum:
        raise ValueError(
            f"character_ngrams: needs 1 <= minimum <= maximum, got minimum={minimum},"
            f" maximum={maximum}"
        )
    begin, end = marks
    marked = begin + word + end
    ngrams = [
        marked[start : start + size]
        for size in range(minimum, min(maximum, len(marked)) + 1)
        for start in range(len(marked) - size + 1)
        if not _is_mark(start, size, len(marked), begin, end)
    ]
    if whole_word and not minimum <= len(marked) <= maximum:
        ngrams.append(marked)
    return ngrams


def _is_mark(start: int, size: int, length: int, begin: str, end: str) -> bool:
    """Whether the n-gram lies inside one of the marks."""
    return start + size <= len(begin) or start >= length - len(end)
