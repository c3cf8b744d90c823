"""Cut a text into words."""

import re
import sys
import unicodedata
from functools import cache

from embcourse.arguments import require_text

# Typographic, modifier and full-width apostrophes become "'". A soft hyphen only marks where a line
# may break. The underscore is the one sign that `\w` takes for a letter.
_CLEANED = str.maketrans({"\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u00ad": None, "_": " "})


def tokenize(text: str, *, lowercase: bool = True) -> list[str]:
    """Words and numbers of a text, in order; everything else separates.

    A word is a run of letters and digits of any script, with their accents. An apostrophe between
    two of them belongs to the word (don't, o'clock, king's); one at an edge does not ('tis gives
    tis). A point or comma between two digits belongs to the number (3.14, 1,000). Hyphens,
    underscores and all other signs separate. Typographic apostrophes become "'", soft hyphens
    vanish, and composed and decomposed accents become one form (Unicode NFC), so that one word has
    one spelling. Scripts written without spaces are not segmented: a run of them is one token.

    text     : any string.
    lowercase: apply `str.lower` first.
    returns  : list of non-empty strings.
    raises   : TypeError if text is not a string.

    >>> tokenize("Don’t stop at 3 o'clock; add 3.14 to well-known £1,000!")
    ["don't", 'stop', 'at', '3', "o'clock", 'add', '3.14', 'to', 'well', 'known', '1,000']
    >>> tokenize("Ångström's naïve 2nd self", lowercase=False)
    ["Ångström's", 'naïve', '2nd', 'self']

    scikit-learn's default pattern drops one-letter words and cuts at apostrophes: "don't a" gives
    ["don"].
    """
    require_text("tokenize", "text", text)
    if text.isascii():  # most English text: nothing to normalise
        return _ASCII.findall(text.lower() if lowercase else text)
    text = text.translate(_CLEANED)
    if lowercase:
        text = text.lower()
    return _unicode_pattern().findall(unicodedata.normalize("NFC", text))


def _pattern(run: str) -> re.Pattern[str]:
    """A word from the pattern of a run of letters, digits and accents."""
    return re.compile(rf"{run}(?:'{run}|(?<=\d)[.,](?=\d){run})*")


_ASCII = _pattern("[A-Za-z0-9]+")


@cache
def _unicode_pattern() -> re.Pattern[str]:
    # `\w` leaves out combining marks, without which Hindi or Thai words fall to pieces.
    marks = "".join(
        c for c in map(chr, range(0x300, sys.maxunicode)) if unicodedata.category(c)[0] == "M"
    )
    # The look-ahead spares the slow search through 2,400 marks after nearly every word.
    return _pattern(rf"\w+(?:(?![\x00-\u02ff])[{marks}]+\w*)*")
