"""The exercise `one_hot.encode`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception
from embcourse.one_hot.exercises.build_vocabulary import TEXT_WORDS, UNKNOWN, draw_text
from embcourse.text import Vocabulary


def encode(tokens, vocabulary, unknown):
    """Ids of the tokens; id 0 stands for unknown ones under "replace"."""
    policy = {"unknown": unknown, "unknown_token": vocabulary[0]}
    return Vocabulary(vocabulary, **policy).encode(tokens).tolist()


def encode_cases(rng: np.random.Generator) -> Iterator[Case]:
    small = [UNKNOWN, "the", "king", "sea"]
    yield Case((["king", "the", "king"], small, "raise"), label="known words")
    yield Case((["the", "queen", "sea"], small, "drop"), label="an unknown word (dropped)")
    yield Case((["the", "queen", "sea"], small, "replace"), label="an unknown word (replaced)")
    vocabulary = [UNKNOWN, *(str(word) for word in rng.permutation(TEXT_WORDS)[:8])]
    for policy in ("drop", "replace"):
        yield Case((draw_text(rng, 25), vocabulary, policy), label="a longer text")
    for policy in ("raise", "drop", "replace"):
        yield Case(([], small, policy), "edge", "no tokens")
    yield Case((["gold", "wine", "gold"], small, "drop"), "edge", "only unknown words (dropped)")
    yield Case((["gold", "wine", "gold"], small, "replace"), "edge", "only unknown words (replaced)")
    yield Case((["The", "sea"], small, "replace"), "edge", "a capital makes another word")
    yield Case((["the", "queen"], small, "raise"), "errors", "an unknown word under raise", raises=KeyError)
    yield Case((["the", "sea"], small, "ignore"), "errors", "a policy that does not exist", raises=ValueError)


def encode_by(missing: Callable, shift: int = 0, fold: Callable = str):
    """Encoding with its own idea of what an unknown word becomes: an id, or None to leave it out."""
    def solve(tokens, vocabulary, unknown):
        if unknown not in ("raise", "drop", "replace"):
            raise ValueError(f"unknown must be raise, drop or replace; got {unknown!r}")
        index = {word: position + shift for position, word in enumerate(vocabulary)}
        ids = [index[fold(token)] if fold(token) in index else missing(token, index, unknown) for token in tokens]
        return [word for word in ids if word is not None]
    return solve


def right_missing(token, index, unknown):
    if unknown == "raise":
        raise KeyError(token)
    return None if unknown == "drop" else 0


def marks_dropped(token, index, unknown):
    return -1 if unknown == "drop" else right_missing(token, index, unknown)


def swaps_policies(token, index, unknown):
    return right_missing(token, index, {"drop": "replace", "replace": "drop"}.get(unknown, unknown))


def replaces_by_last(token, index, unknown):
    return len(index) - 1 if unknown == "replace" else right_missing(token, index, unknown)


def replaces_by_size(token, index, unknown):
    return len(index) if unknown == "replace" else right_missing(token, index, unknown)


def learns_new_words(token, index, unknown):
    return index.setdefault(token, len(index)) if unknown == "replace" else right_missing(token, index, unknown)


def never_raises(token, index, unknown):
    return right_missing(token, index, "drop" if unknown == "raise" else unknown)


def encode_any_policy(tokens, vocabulary, unknown):
    return encode(tokens, vocabulary, unknown if unknown in ("raise", "drop") else "replace")


def encode_by_numpy(tokens, vocabulary, unknown):
    if unknown not in ("raise", "drop", "replace"):
        raise ValueError(unknown)
    order = np.argsort(vocabulary)
    ordered, wanted = np.array(vocabulary)[order], np.array(tokens, dtype=str)
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    known = ordered[place] == wanted
    if unknown == "raise" and not known.all():
        raise KeyError(str(wanted[~known][0]))
    ids = np.where(known, order[place], 0)
    return ids[known] if unknown == "drop" else ids


ENCODE = Exercise(
    id="one_hot.encode", points=2,
    reference=encode,
    cases=encode_cases,
    misconceptions=[
        Misconception("marks a dropped word with -1", encode_by(marks_dropped),
                      "Dropping means that nothing is left. As an index, -1 would look up the last word of the table."),
        Misconception("replaces under every policy", encode_by(lambda token, index, unknown: 0),
                      "Id 0 is for \"replace\" only. \"drop\" leaves the token out, \"raise\" raises KeyError(token)."),
        Misconception("swaps drop and replace", encode_by(swaps_policies),
                      "\"drop\" makes the list shorter, \"replace\" keeps a place for every token."),
        Misconception("replaces by the last id", encode_by(replaces_by_last),
                      "The unknown word stands first in the vocabulary: id 0."),
        Misconception("replaces by an id that no word has", encode_by(replaces_by_size),
                      "len(vocabulary) is one past the last row of the table. The unknown word has a row: id 0."),
        Misconception("gives new words new ids", encode_by(learns_new_words),
                      "The vocabulary is fixed before this text is seen, and so is the table: no row waits for a new "
                      "word."),
        Misconception("never raises", encode_by(never_raises),
                      "Under \"raise\" an unknown word is an error: raise KeyError(token), so that it is noticed."),
        Misconception("counts ids from 1", encode_by(right_missing, shift=1),
                      "The first word of the vocabulary has id 0."),
        Misconception("ignores capitals", encode_by(right_missing, fold=str.lower),
                      "Encoding takes tokens as they are. Lower-casing is the tokeniser's business."),
        Misconception("takes any policy", encode_any_policy,
                      "A misspelt policy must not pass for another one: raise ValueError."),
    ],
    alternatives=[encode_by(right_missing), encode_by_numpy],
    hints=["A dictionary from word to id answers both questions: is it known, and which id?",
           "Go through the tokens once. For an unknown one there are three things to do, by policy. Check the policy "
           "first.",
           "index = {word: i for i, word in enumerate(vocabulary)}. Known: append index[token]. Else: raise "
           "KeyError(token), or append 0, or append nothing."],
)
