"""Six verses in two translations, typed in: a corpus for examples that need no other package."""

from typing import NamedTuple

from embcourse.data.bible import Reference


class Sample(NamedTuple):
    """Row i of every field is the same verse.

    references : `Reference(book, chapter, verse)`.
    kjv, web   : the King James Version and the World English Bible.
    kjv_tokens : their words in lower case, as `embcourse.text.tokenize` gives them.
    web_tokens : likewise.
    """

    references: tuple[Reference, ...]
    kjv: tuple[str, ...]
    web: tuple[str, ...]
    kjv_tokens: tuple[tuple[str, ...], ...]
    web_tokens: tuple[tuple[str, ...], ...]


def sample() -> Sample:
    """Six verses in two translations, with their tokens: 79 and 78 of them.

    It never changes, so examples may show results computed from it.

    returns: `Sample`.
    source : King James Version and World English Bible, both in the public domain.

    >>> sample().kjv[1]
    'And God said, Let there be light: and there was light.'
    >>> sample().web_tokens[2]
    ('yahweh', 'is', 'my', 'shepherd', 'i', 'shall', 'lack', 'nothing')
    """
    return _SAMPLE


def _words(*verses: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(verse.split()) for verse in verses)


_SAMPLE = Sample(
    references=(
        Reference("Genesis", 1, 1),
        Reference("Genesis", 1, 3),
        Reference("Psalms", 23, 1),
        Reference("Proverbs", 15, 1),
        Reference("Matthew", 7, 7),
        Reference("John", 1, 1),
    ),
    kjv=(
        "In the beginning God created the heaven and the earth.",
        "And God said, Let there be light: and there was light.",
        "The LORD is my shepherd; I shall not want.",
        "A soft answer turneth away wrath: but grievous words stir up anger.",
        (
            "Ask, and it shall be given you; seek, and ye shall find; knock, and it shall be opened"
            " unto you:"
        ),
        "In the beginning was the Word, and the Word was with God, and the Word was God.",
    ),
    web=(
        "In the beginning God created the heavens and the earth.",
        'God said, "Let there be light," and there was light.',
        "Yahweh is my shepherd: I shall lack nothing.",
        "A gentle answer turns away wrath, But a harsh word stirs up anger.",
        (
            '"Ask, and it will be given you. Seek, and you will find. Knock, and it will be opened'
            " to you."
        ),
        "In the beginning was the Word, and the Word was with God, and the Word was God.",
    ),
    kjv_tokens=_words(
        "in the beginning god created the heaven and the earth",
        "and god said let there be light and there was light",
        "the lord is my shepherd i shall not want",
        "a soft answer turneth away wrath but grievous words stir up anger",
        "ask and it shall be given you seek and ye shall find knock and it shall be opened unto"
        " you",
        "in the beginning was the word and the word was with god and the word was god",
    ),
    web_tokens=_words(
        "in the beginning god created the heavens and the earth",
        "god said let there be light and there was light",
        "yahweh is my shepherd i shall lack nothing",
        "a gentle answer turns away wrath but a harsh word stirs up anger",
        "ask and it will be given you seek and you will find knock and it will be opened to you",
        "in the beginning was the word and the word was with god and the word was god",
    ),
)
