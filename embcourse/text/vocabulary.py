"""A vocabulary numbers the tokens; encoding turns a text into an array of those numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embcourse.arguments import (
    require_choice,
    require_ids,
    require_integers,
    require_series,
    require_tokens,
    require_whole,
)

Unknown = Literal["raise", "drop", "replace"]


class Encoded(NamedTuple):
    """Documents as one array of ids. Document i is `ids[offsets[i]:offsets[i + 1]]`.

    ids    : (tokens,) int32.
    offsets: (documents + 1,) int64, from 0 to the number of tokens.

    >>> Encoded(np.array([4, 0, 2], np.int32), np.array([0, 2, 3])).offsets
    array([0, 2, 3])
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]


class Vocabulary:
    """Tokens with ids from 0 on and, where known, how often each occurred.

    tokens       : distinct strings; the position is the id.
    counts       : one non-negative integer per token, or None where nobody counted.
    unknown      : what happens to a token that is not in the vocabulary. "raise": KeyError. "drop":
                   `encode` leaves it out. "replace": it becomes `unknown_token`, which must be one
                   of the tokens.
    unknown_token: used by "replace" only.
    raises       : TypeError for tokens that are not strings, ValueError for duplicates, wrong
                   counts, a wrong policy, or "replace" without the unknown token among the tokens.

    Attributes: `tokens` (tuple), `counts` ((tokens,) int64, read-only, or None), `unknown`,
                `unknown_token`.

    >>> vocabulary = Vocabulary(["the", "cat"], [5, 2])
    >>> len(vocabulary), vocabulary["cat"], "dog" in vocabulary
    (2, 1, False)
    >>> vocabulary.encode(["cat", "the", "cat"])
    array([1, 0, 1], dtype=int32)
    """

    def __init__(
        self,
        tokens: Sequence[str],
        counts: Sequence[int] | np.ndarray | None = None,
        *,
        unknown: Unknown = "raise",
        unknown_token: str = "<unk>",
    ) -> None:
        self.tokens: tuple[str, ...] = tuple(
            map(str, require_tokens("Vocabulary", "tokens", tokens))
        )
        self._index = {token: i for i, token in enumerate(self.tokens)}
        if len(self._index) < len(self.tokens):
            token, times = Counter(self.tokens).most_common(1)[0]
            raise ValueError(
                f"Vocabulary: tokens must be distinct, but {token!r} occurs {times} times"
            )
        self.counts = None if counts is None else _require_counts(counts, len(self.tokens))
        require_choice("Vocabulary", "unknown", unknown, Unknown)
        if unknown == "replace" and unknown_token not in self._index:
            raise ValueError(
                f"Vocabulary: unknown='replace' needs unknown_token {unknown_token!r} among the"
                " tokens; it is not there"
            )
        self.unknown: Unknown = unknown
        self.unknown_token = unknown_token

    @classmethod
    def build(
        cls,
        documents: Iterable[Iterable[str]],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        unknown: Unknown = "raise",
        unknown_token: str = "<unk>",
    ) -> "Vocabulary":
        """Count the tokens of all documents and number them, the most frequent first, ties by code
        point.

        min_count: tokens that occur fewer times are cut.
        max_size : at most so many ids, the unknown token's included; None for no limit.
        unknown  : as in `Vocabulary`. With "replace" the unknown token gets id 0, and its count is
                   the number of occurrences that were cut (plus its own, if the text already
                   contains it).
        raises   : TypeError if a document is a string or holds something else than strings;
                   ValueError if min_count or max_size is below 1.

        >>> documents = [["b", "a", "b"], ["c", "a", "d"]]
        >>> Vocabulary.build(documents).tokens
        ('a', 'b', 'c', 'd')
        >>> vocabulary = Vocabulary.build(documents, min_count=2, unknown="replace")
        >>> vocabulary.tokens, vocabulary.counts
        (('<unk>', 'a', 'b'), array([2, 2, 2]))
        """
        where = "Vocabulary.build"
        _require_limits(where, min_count, max_size, unknown)  # before all documents are read
        counter: Counter[str] = Counter()
        for i, document in enumerate(require_series(where, "documents", documents, "token lists")):
            if isinstance(document, str):
                require_tokens(where, f"document {i}", document)
            tokens = list(require_series(where, f"document {i}", document, "tokens", ordered=False))
            words = len(counter)
            try:
                counter.update(tokens)
            except TypeError:  # unhashable, so no string
                require_tokens(where, f"document {i}", tokens)
                raise
            if len(counter) > words:  # only new ones may be no strings
                require_tokens(where, f"document {i}", tokens)
        return cls.from_counts(
            counter,
            min_count=min_count,
            max_size=max_size,
            unknown=unknown,
            unknown_token=unknown_token,
        )

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        unknown: Unknown = "raise",
        unknown_token: str = "<unk>",
    ) -> "Vocabulary":
        """Number tokens that somebody has counted already, as `build` does.

        counts: how often each token occurs; it is left as it is.
        raises: TypeError for tokens that are not strings; ValueError if min_count or max_size is
                below 1.

        >>> Vocabulary.from_counts({"a": 2, "b": 3, "c": 1}, min_count=2).tokens
        ('b', 'a')
        """
        where = "Vocabulary.from_counts"
        _require_limits(where, min_count, max_size, unknown)
        if not isinstance(counts, Mapping):
            raise TypeError(f"{where}: counts must be a mapping, got {counts!r:.80}")
        require_tokens(where, "counts", list(counts))
        for token, count in counts.items():
            require_whole(where, f"the count of {token!r}", count, least=0)

        replaces = unknown == "replace"
        ranked = sorted(
            (-count, token)
            for token, count in counts.items()
            if count >= min_count and not (replaces and token == unknown_token)
        )
        room = len(ranked) if max_size is None else max_size - replaces
        tokens = [token for _, token in ranked[:room]]
        kept = [-count for count, _ in ranked[:room]]
        if replaces:
            tokens.insert(0, unknown_token)
            kept.insert(0, sum(counts.values()) - sum(kept))
        return cls(tokens, kept, unknown=unknown, unknown_token=unknown_token)

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int32]:
        """Ids of the tokens of one text; unknown ones are treated as the vocabulary's policy says.

        returns: (tokens,) int32; shorter than the input if the policy is "drop" and something was
                 unknown.
        raises : KeyError naming the first unknown token under "raise"; TypeError if tokens is one
                 string or holds something else than strings.

        >>> Vocabulary(["the", "cat"], unknown="drop").encode(["the", "dog", "cat"])
        array([0, 1], dtype=int32)
        """
        where = "Vocabulary.encode"
        ids = self._look_up(require_tokens(where, "tokens", tokens), where)
        return ids[ids >= 0] if self.unknown == "drop" else ids

    def encode_documents(self, documents: Iterable[Iterable[str]]) -> Encoded:
        """Ids of many documents in one array, and where each begins.

        returns: Encoded(ids (tokens,) int32, offsets (documents + 1,) int64). A document whose
                 tokens were all dropped stays, with length 0.
        raises : as `encode`.

        >>> Vocabulary(["a", "b"]).encode_documents([["a", "b"], [], ["b"]])
        Encoded(ids=array([0, 1, 1], dtype=int32), offsets=array([0, 2, 2, 3]))
        """
        where = "Vocabulary.encode_documents"
        held = [
            require_tokens(where, f"document {i}", document)
            for i, document in enumerate(
                require_series(where, "documents", documents, "token lists")
            )
        ]
        offsets = np.zeros(len(held) + 1, np.int64)
        np.cumsum([len(document) for document in held], out=offsets[1:])
        ids = self._look_up(list(chain.from_iterable(held)), where)
        if self.unknown == "drop":
            kept = ids >= 0
            offsets = np.concatenate([[0], np.cumsum(kept)])[offsets]
            ids = ids[kept]
        return Encoded(ids, offsets)

    def decode(self, ids: Iterable[int] | np.ndarray) -> list[str]:
        """Tokens of an array of ids.

        ids    : (tokens,) integers.
        raises : TypeError if ids are not integers, ValueError if one is negative or not below the
                 number of tokens.

        >>> Vocabulary(["the", "cat"]).decode([1, 0])
        ['cat', 'the']
        """
        if not isinstance(ids, np.ndarray):
            ids = list(require_series("Vocabulary.decode", "ids", ids, "integers"))
        ids = require_ids("Vocabulary.decode", "ids", ids, len(self))
        return [self.tokens[i] for i in ids.tolist()]

    @property
    def unknown_id(self) -> int | None:
        """Id that unknown tokens get; None unless the policy is "replace".

        >>> Vocabulary(["a", "<unk>"], unknown="replace").unknown_id
        1
        """
        return self._index[self.unknown_token] if self.unknown == "replace" else None

    def _look_up(self, tokens: Sequence[str], where: str) -> NDArray[np.int32]:
        """Ids of the tokens, -1 for those that the caller must drop."""
        ids = np.fromiter(map(self._index.get, tokens, repeat(-1)), np.int32, len(tokens))
        unknown = np.flatnonzero(ids < 0)
        if self.unknown == "raise" and unknown.size:
            i = int(unknown[0])
            raise KeyError(
                f"{where}: token {tokens[i]!r} at position {i} is not among the {len(self)} tokens"
            )
        if self.unknown == "replace":
            ids[unknown] = self._index[self.unknown_token]
        return ids

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What comes back from a pickle is as immutable as it was."""
        self.__dict__.update(state)
        if self.counts is not None:
            self.counts.flags.writeable = False

    def __getitem__(self, token: str) -> int:
        if not isinstance(token, str):
            raise TypeError(f"Vocabulary: a token is a str, got {token!r:.60}")
        if token in self._index:
            return self._index[token]
        if self.unknown == "replace":
            return self._index[self.unknown_token]
        raise KeyError(f"Vocabulary: token {token!r} is not among the {len(self)} tokens")

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and token in self._index

    def __len__(self) -> int:
        return len(self.tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        same_counts = (
            self.counts is other.counts
            if self.counts is None or other.counts is None
            else np.array_equal(self.counts, other.counts)
        )
        policy = self.unknown == other.unknown and self.unknown_id == other.unknown_id
        return self.tokens == other.tokens and same_counts and policy

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self.tokens[:3])) + (", ..." if len(self) > 3 else "")
        return f"Vocabulary({len(self)} tokens: {first}; unknown={self.unknown!r})"


def _require_limits(where: str, min_count: int, max_size: int | None, unknown: Unknown) -> None:
    require_choice("Vocabulary", "unknown", unknown, Unknown)
    require_whole(where, "min_count", min_count, least=1)
    if max_size is not None:
        require_whole(where, "max_size", max_size, least=1)


def _require_counts(counts: Sequence[int] | np.ndarray, size: int) -> NDArray[np.int64]:
    counts = require_integers("Vocabulary", "counts", counts, least=0).copy()
    if counts.shape != (size,):
        raise ValueError(
            f"Vocabulary: counts must have shape ({size},) like the tokens, got {counts.shape}"
        )
    counts.flags.writeable = False
    return counts
