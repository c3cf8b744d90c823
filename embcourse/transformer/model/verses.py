"""King James verses and the same in Basic English: what a small Transformer learns to translate."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from embcourse.data import aligned_verses
from embcourse.data.bible import Reference

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

VALIDATION_BOOKS = ("Lamentations", "Habakkuk", "Malachi", "1 Timothy")
"""What training is watched with."""
TEST_BOOKS = ("Ruth", "Esther", "Ecclesiastes", "Daniel", "Philippians", "Hebrews", "James")
"""What translations are judged by: several kinds of text, in books that share few runs of six words
with any other. Kings and Chronicles, or the first three Gospels, share many."""
PAD, BEGIN, END, UNKNOWN = 0, 1, 2, 3
"""The ids of what fills a batch up, of the marks around a text, and of a character never seen."""


class Verses(NamedTuple):
    """Verses in two translations, lower-cased.

    sources   : King James Version.
    targets   : Bible in Basic English.
    references: where they stand.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    references: tuple[Reference, ...]


class Splits(NamedTuple):
    """Verses to train on, to watch the training with, and to judge by; no book is in two."""

    train: Verses
    validation: Verses
    test: Verses


@cache
def verse_splits() -> Splits:
    """All verses that both translations have, split by book.

    Whole books are held out, not single verses: neighbouring verses share names and phrases, which
    a model would have seen.

    >>> [len(verses.sources) for verses in verse_splits()]
    [29361, 378, 1346]
    >>> verse_splits().test.sources[0][:40]
    'now it came to pass in the days when the'
    """
    aligned = aligned_verses("kjv", "bbe")
    parts: list[list[tuple[str, str, Reference]]] = [[], [], []]
    for source, target, reference in zip(*aligned.texts, aligned.references, strict=True):
        held_out = (reference.book in VALIDATION_BOOKS) + 2 * (reference.book in TEST_BOOKS)
        parts[held_out].append((source.lower(), target.lower(), reference))
    return Splits(
        *(Verses(*(tuple(column) for column in zip(*part, strict=True))) for part in parts)
    )


class Pieces:
    """Word pieces that source and target share: byte-pair merges learned by sentencepiece.

    A frequent word is one piece, a rare one several, down to single characters, so nothing is
    unknown but a character that the texts never held.

    >>> pieces = Pieces.learn(["in the beginning", "in the end"], size=23)
    >>> pieces.encode("the inn"), pieces.decode(pieces.encode("the inn"))
    ([8, 7, 14], 'the inn')

    Sennrich et al. (2016); Kudo and Richardson (2018).
    """

    def __init__(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self.model = model
        self._processor: SentencePieceProcessor = SentencePieceProcessor(model_proto=model)

    @classmethod
    def learn(cls, texts: Iterable[str], size: int = 4000) -> Pieces:
        """Learn `size` pieces, the four marks included.

        raises: ValueError if the texts do not have so many.
        """
        from sentencepiece import SentencePieceTrainer

        model = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=iter(texts),
                model_writer=model,
                vocab_size=size,
                model_type="bpe",
                character_coverage=1.0,
                pad_id=PAD,
                bos_id=BEGIN,
                eos_id=END,
                unk_id=UNKNOWN,
                minloglevel=2,
                num_threads=1,
            )
        except RuntimeError as error:
            raise ValueError(f"Pieces.learn: {error}") from error
        return cls(model.getvalue())

    def __len__(self) -> int:
        return self._processor.vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text's pieces, without marks."""
        return self._processor.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of pieces; the marks are no part of it."""
        return self._processor.decode([int(i) for i in ids if i >= UNKNOWN])

    def strings(self, ids: Sequence[int]) -> list[str]:
        """Each piece as it is written, with ▁ for the space before a word."""
        return [self._processor.id_to_piece(int(i)) for i in ids]
