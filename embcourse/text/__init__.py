"""From text to numbers: tokens, vocabularies, context windows, subsampling, character n-grams."""

from embcourse.text.ngrams import character_ngrams
from embcourse.text.subsampling import keep_probabilities
from embcourse.text.tokens import tokenize
from embcourse.text.vocabulary import Encoded, Vocabulary
from embcourse.text.windows import context_pairs, context_windows

__all__ = [
    "Encoded",
    "Vocabulary",
    "character_ngrams",
    "context_pairs",
    "context_windows",
    "keep_probabilities",
    "tokenize",
]
