"""The exercise `one_hot.encode`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot.exercises.common import TEXT_WORDS, UNKNOWN
from embcourse.text import Vocabulary

POLICIES = ("raise", "drop", "replace")


def encode(tokens, vocabulary, unknown):
    """Ids of the tokens; id 0 stands for unknown ones under "replace"."""
    policy = {"unknown": unknown, "unknown_token": vocabulary[0]}
    return Vocabulary(vocabulary, **policy).encode(tokens).tolist()


def draw_vocabulary(rng: np.random.Generator, size: int) -> tuple[list[str], list[str]]:
    """A vocabulary in no order of letters, "the" among its words but not "The"; and words that it
    lacks."""
    words = [
        "the",
        *(str(word) for word in rng.permutation([word for word in TEXT_WORDS if word != "the"])),
    ]
    known = [words[i] for i in rng.permutation(size)]
    while known == sorted(known):
        known = [words[i] for i in rng.permutation(size)]
    return [UNKNOWN, *known], words[size:]


def with_strangers(
    rng: np.random.Generator, vocabulary: list[str], strangers: list[str], length: int
) -> list[str]:
    """A text of known words with two unknown ones, each twice, one of them in the middle, the last
    token known."""
    text = [str(word) for word in rng.choice(vocabulary[1:], length)]
    places = rng.permutation(np.arange(length - 1))[:4]
    for place, word in zip(places, [*strangers[:2]] * 2):
        text[place] = word
    return text


def encode_cases(rng: np.random.Generator) -> Iterator[Case]:
    small, strangers = draw_vocabulary(rng, 4)
    known = [small[i] for i in (*rng.permutation([1, 2, 3, 4]), rng.integers(1, 5))]
    yield Case((known, small, "raise"), label="known words")
    text = known[:3]
    text[rng.integers(0, 2)] = strangers[0]
    yield Case((text, small, "drop"), label="an unknown word (dropped)")
    yield Case((text, small, "replace"), label="an unknown word (replaced)")
    for policy in ("drop", "replace"):
        vocabulary, others = draw_vocabulary(rng, int(rng.integers(6, 9)))
        yield Case(
            (with_strangers(rng, vocabulary, others, 12), vocabulary, policy), label="a longer text"
        )
    for policy in POLICIES:
        yield Case(([], small, policy), "edge", "no tokens")
    yield Case(
        ([*strangers[:2], strangers[0]], small, "drop"), "edge", "only unknown words (dropped)"
    )
    yield Case(
        ([*strangers[:2], strangers[0]], small, "replace"), "edge", "only unknown words (replaced)"
    )
    yield Case(
        (["The", str(rng.choice(small[1:]))], small, "replace"),
        "edge",
        "a capital makes another word",
    )
    for place in rng.permutation([0, 1, 2])[:2]:
        text = [str(word) for word in rng.choice(small[1:], 3)]
        text[place] = strangers[1]
        yield Case((text, small, "raise"), "errors", "an unknown word under raise", raises=KeyError)
    other = [str(policy) for policy in rng.permutation(["ignore", "skip", "keep", "error", "zero"])]
    yield Case(
        (known[:2], small, other[0]),
        "errors",
        "a wrong policy beside known words",
        raises=ValueError,
    )
    yield Case(
        ([known[0], strangers[2]], small, other[1]),
        "errors",
        "a wrong policy beside an unknown word",
        raises=ValueError,
    )


def check_policy(unknown):
    if unknown not in POLICIES:
        raise ValueError(f"unknown must be raise, drop or replace; got {unknown!r}")


def unknown_token(token, index, unknown):
    """What becomes of an unknown token: an id, or None to leave it out."""
    if unknown == "raise":
        raise KeyError(token)
    return 0 if unknown == "replace" else None


def numbered(vocabulary):
    return {word: i for i, word in enumerate(vocabulary)}


def encode_with(
    missing: Callable = unknown_token,
    check: Callable = check_policy,
    fold: Callable = str,
    index: Callable = numbered,
):
    """Encoding with one part replaced."""

    def solve(tokens, vocabulary, unknown):
        check(unknown)
        places = index(vocabulary)
        ids = [
            places[fold(token)] if fold(token) in places else missing(token, places, unknown)
            for token in tokens
        ]
        return [word for word in ids if word is not None]

    return solve


def under(policy: str, what: Callable) -> Callable:
    """Another fate of unknown tokens under one policy."""

    def missing(token, index, unknown):
        return what(token, index) if unknown == policy else unknown_token(token, index, unknown)

    return missing


def swaps_policies(token, index, unknown):
    return unknown_token(token, index, {"drop": "replace", "replace": "drop"}.get(unknown, unknown))


def raises_always(token, index, unknown):
    raise KeyError(token)


def raise_value_error(token, index):
    raise ValueError(f"{token} is not in the vocabulary")


def raise_key_error(unknown):
    if unknown not in POLICIES:
        raise KeyError(unknown)


def returns_none(tokens, vocabulary, unknown):
    return encode(tokens, vocabulary, unknown) if unknown in POLICIES else None


def leaves_none(tokens, vocabulary, unknown):
    check_policy(unknown)
    index = {word: i for i, word in enumerate(vocabulary)}
    return [
        index[token] if token in index else unknown_token(token, index, unknown) for token in tokens
    ]


def stops_at_the_first(tokens, vocabulary, unknown):
    check_policy(unknown)
    ids = []
    for token in tokens:
        if token not in vocabulary and unknown == "drop":
            break
        ids.append(
            vocabulary.index(token) if token in vocabulary else unknown_token(token, {}, unknown)
        )
    return ids


def checks_the_policy_late(tokens, vocabulary, unknown):
    ids = []
    for token in tokens:
        if token in vocabulary:
            ids.append(vocabulary.index(token))
        else:
            check_policy(unknown)
            ids += (
                [0]
                if unknown == "replace"
                else []
                if unknown == "drop"
                else [unknown_token(token, {}, unknown)]
            )
    return ids


def encode_by_search(tokens, vocabulary, unknown):
    check_policy(unknown)
    ids = []
    for token in tokens:
        if vocabulary.count(token):
            ids.append(vocabulary.index(token))
        elif unknown == "raise":
            raise KeyError(token)
        elif unknown == "replace":
            ids.append(0)
    return ids


def encode_by_numpy(tokens, vocabulary, unknown):
    check_policy(unknown)
    order = np.argsort(vocabulary)
    ordered, wanted = np.array(vocabulary)[order], np.array(tokens, dtype=str)
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    known = ordered[place] == wanted
    if unknown == "raise" and not known.all():
        raise KeyError(str(wanted[~known][0]))
    ids = np.where(known, order[place], 0)
    return ids[known] if unknown == "drop" else ids


ENCODE = Exercise(
    id="one_hot.encode",
    points=2,
    reference=encode,
    cases=encode_cases,
    variant=encode_with,
    misconceptions=[
        Misconception(
            "marks a dropped word with -1",
            {"missing": under("drop", lambda token, index: -1)},
            "Dropping means that nothing is left. As an index, -1 would look up the last word of"
            " the table.",
        ),
        Misconception(
            "leaves None for a dropped word",
            leaves_none,
            "Dropping means that nothing is left: the list gets shorter.",
        ),
        Misconception(
            "stops at the first unknown word",
            stops_at_the_first,
            "Only the unknown word is left out. The tokens after it are still encoded.",
        ),
        Misconception(
            "replaces under every policy",
            {"missing": lambda token, index, unknown: 0},
            'Id 0 is for "replace" only. "drop" leaves the token out, "raise" raises'
            " KeyError(token).",
        ),
        Misconception(
            "drops under every policy",
            {"missing": lambda token, index, unknown: None},
            'Only "drop" leaves the token out. "replace" gives it id 0, "raise" raises KeyError.',
        ),
        Misconception(
            "raises under every policy",
            {"missing": raises_always},
            'Looking up a word that a dictionary lacks raises KeyError. Under "drop" and "replace"'
            " ask first whether the word is known.",
        ),
        Misconception(
            "swaps drop and replace",
            {"missing": swaps_policies},
            '"drop" makes the list shorter, "replace" keeps a place for every token.',
        ),
        Misconception(
            "replaces by the last id",
            {"missing": under("replace", lambda token, index: len(index) - 1)},
            "The unknown word stands first in the vocabulary: id 0.",
        ),
        Misconception(
            "replaces by an id that no word has",
            {"missing": under("replace", lambda token, index: len(index))},
            "len(vocabulary) is one past the last row of the table. The unknown word has a row:"
            " id 0.",
        ),
        Misconception(
            "replaces by -1",
            {"missing": under("replace", lambda token, index: -1)},
            "The unknown word has an id of its own, 0. As an index, -1 would look up the last"
            " word.",
        ),
        Misconception(
            "puts the word <unk> instead of its id",
            {"missing": under("replace", lambda token, index: UNKNOWN)},
            "The result holds ids: the unknown word's is 0.",
        ),
        Misconception(
            "gives new words new ids",
            {"missing": under("replace", lambda token, index: index.setdefault(token, len(index)))},
            "The vocabulary is fixed before this text is seen, and so is the table: no row waits"
            " for a new word.",
        ),
        Misconception(
            "drops instead of raising",
            {"missing": under("raise", lambda token, index: None)},
            'Under "raise" an unknown word is an error: raise KeyError(token), so that it is'
            " noticed.",
        ),
        Misconception(
            "replaces instead of raising",
            {"missing": under("raise", lambda token, index: 0)},
            'Under "raise" an unknown word is an error: raise KeyError(token), so that it is'
            " noticed.",
        ),
        Misconception(
            "raises ValueError for an unknown word",
            {"missing": under("raise", raise_value_error)},
            "The statement asks for KeyError where a word is unknown; ValueError is for a policy"
            " that does not exist.",
        ),
        Misconception(
            "counts ids from 1",
            {"index": lambda vocabulary: {word: i + 1 for i, word in enumerate(vocabulary)}},
            "The first word of the vocabulary has id 0.",
        ),
        Misconception(
            "leaves <unk> out of the count",
            {"index": lambda vocabulary: {word: i for i, word in enumerate(vocabulary[1:])}},
            '"<unk>" has id 0, so the word after it has id 1.',
        ),
        Misconception(
            "numbers the words by their letters",
            {"index": lambda vocabulary: {word: i for i, word in enumerate(sorted(vocabulary))}},
            "The vocabulary comes in the order of its ids. Sorting it gives every word another"
            " one.",
        ),
        Misconception(
            "ignores capitals",
            {"fold": str.lower},
            "Encoding takes tokens as they are. Lower-casing is the tokeniser's business.",
        ),
        Misconception(
            "takes any other policy for replace",
            {
                "check": lambda unknown: None,
                "missing": lambda token, index, unknown: unknown_token(
                    token, index, unknown if unknown in POLICIES else "replace"
                ),
            },
            "A misspelt policy must not pass for another one: raise ValueError.",
        ),
        Misconception(
            "takes any other policy for drop",
            {"check": lambda unknown: None},
            "A misspelt policy must not pass for another one: raise ValueError.",
        ),
        Misconception(
            "returns None for a policy that does not exist",
            returns_none,
            "Without a branch for it the function ends and returns None. Raise ValueError.",
        ),
        Misconception(
            "raises KeyError for a policy that does not exist",
            {"check": raise_key_error},
            "KeyError is for a word that is unknown. A policy that does not exist is a ValueError.",
        ),
        Misconception(
            "looks at the policy only when a word is unknown",
            checks_the_policy_late,
            "A misspelt policy is an error even if no word is unknown this time: check it first.",
        ),
    ],
    alternatives=[encode_by_search, encode_by_numpy, encode_with()],
    hints=[
        "A dictionary from word to id answers both questions: is it known, and which id?",
        (
            "Go through the tokens once. For an unknown one there are three things to do, by"
            " policy. Check the policy first."
        ),
        (
            "index = {word: i for i, word in enumerate(vocabulary)}. Known: append index[token]."
            " Else: raise KeyError(token), or append 0, or append nothing."
        ),
    ],
)
